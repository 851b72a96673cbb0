#pragma once

#include "contracts/kit/contract_base.hpp"
#include "contracts/kit/sectors/sector.hpp"

#include <array>
#include <cstdint>
#include <string_view>

/// What strategies and reports may know of a list of accounts that institutions are warned of, and
/// of what they make of it.
namespace runnel::contracts
{

class ScreeningBook
{
public:
    static constexpr std::string_view sector = "screening_book";

    virtual ~ScreeningBook() = default;

    [[nodiscard]] virtual const Contract& contract() const noexcept = 0;
    [[nodiscard]] virtual bool is_listed(AccountId account) const = 0;
    [[nodiscard]] virtual std::uint32_t listed() const = 0;

    /// Adds a call of who keeps it.
    virtual void add_list(CallWriter& calls, AccountId account) const = 0;
};

/// nullptr if the contract is none.
[[nodiscard]] const ScreeningBook* find_screening_book(const World& world, ContractId id);

/// Whoever can stop an account from moving a token: its issuer, by a blacklist.
class AccountFreezer
{
public:
    static constexpr std::string_view sector = "account_freezer";

    virtual ~AccountFreezer() = default;

    /// Who may do it.
    [[nodiscard]] virtual AccountId frozen_by() const = 0;
    [[nodiscard]] virtual bool is_frozen(AccountId account) const = 0;
    virtual void add_freeze(CallWriter& calls, AccountId account) const = 0;
};

/// nullptr if the contract is none.
[[nodiscard]] const AccountFreezer* find_account_freezer(const World& world, ContractId id);

/// Why a movement was written down.
enum class ScreeningReason : std::uint8_t
{
    list,       // Its customer or counterparty is listed.
    threshold,  // It is as large as the travel rule asks about.
};
[[nodiscard]] constexpr std::string_view to_string(ScreeningReason reason) noexcept
{
    return reason == ScreeningReason::list ? "list" : "threshold";
}
enum class ScreeningOutcome : std::uint8_t
{
    passed,  // It was only written down.
    held,
    refused,
};
[[nodiscard]] constexpr std::string_view to_string(ScreeningOutcome outcome) noexcept
{
    switch (outcome)
    {
        case ScreeningOutcome::passed: return "passed";
        case ScreeningOutcome::held: return "held";
        case ScreeningOutcome::refused: return "refused";
    }
    return "unknown";
}

/// A movement at an institution that its rules did not simply let pass.
struct ScreeningReport
{
    static constexpr std::string_view name = "ScreeningReport";
    static constexpr std::string_view table = "screening_reports";
    static constexpr EventUse use = EventUse::sector;
    static constexpr std::array<std::string_view, 8> meanings{"The institution.", "Its customer.",
        "Who sent a deposit, or is to get a withdrawal; account 0: unknown.", "Of what.",
        "How much.", "Whether it came in.", "list or threshold.", "passed, held or refused."};

    AccountId institution{};
    AccountId customer{};
    AccountId counterparty{};
    ContractId token{};
    Amount amount;
    bool is_deposit = false;
    ScreeningReason reason{};
    ScreeningOutcome outcome{};
    RUNNEL_FIELDS(institution, customer, counterparty, token, (amount, smallest_unit_of("token")),
        is_deposit, reason, outcome);
};

}  // namespace runnel::contracts
