#pragma once

#include "contracts/kit/contract_base.hpp"
#include "contracts/kit/sectors/sector.hpp"

#include <array>
#include <cstdint>
#include <string_view>

/// What strategies and reports may know of who issues a stablecoin, whatever its protocol: it gives
/// coins for a reserve token at par and takes them back, when it is open.
namespace runnel::contracts
{

enum class IssuerAction : std::uint8_t
{
    issue,   // The reserve token is paid, coins are minted.
    redeem,  // Coins are paid and burnt, the reserve token comes back.
};
[[nodiscard]] constexpr std::string_view to_string(IssuerAction action) noexcept
{
    return action == IssuerAction::issue ? "issue" : "redeem";
}

/// An issuer's customers order and pay at any time; orders are served in their order, once it is
/// open. Times in unix seconds, amounts in smallest units: of the reserve token where it is paid,
/// of the coin where that is.
class Issuer
{
public:
    static constexpr std::string_view sector = "issuer";

    virtual ~Issuer() = default;

    [[nodiscard]] virtual const Contract& contract() const noexcept = 0;
    [[nodiscard]] virtual ContractId coin() const noexcept = 0;
    [[nodiscard]] virtual ContractId reserve_token() const noexcept = 0;

    [[nodiscard]] virtual bool is_open(std::uint64_t at) const = 0;
    /// @p at itself while it is open; 2^64-1: never.
    [[nodiscard]] virtual std::uint64_t opens_at(std::uint64_t at) const = 0;
    /// Orders are served in the transaction that makes them, or refused.
    [[nodiscard]] virtual bool is_immediate() const noexcept = 0;

    /// What it holds for the coins that are out, without what was paid for those still to come.
    [[nodiscard]] virtual const Amount& reserves() const = 0;
    /// What an order of @p paid gives, fees off, rounded down.
    [[nodiscard]] virtual Amount preview(IssuerAction action, const Amount& paid) const = 0;
    /// The least that it takes.
    [[nodiscard]] virtual Amount minimum(IssuerAction action) const = 0;
    /// The most that it takes now: 2^256-1 without a limit.
    [[nodiscard]] virtual Amount room(IssuerAction action, std::uint64_t at) const = 0;
    /// What was paid and waits.
    [[nodiscard]] virtual const Amount& waiting(IssuerAction action) const = 0;
    [[nodiscard]] virtual std::uint64_t orders_waiting() const = 0;

    // Each adds one call. Who orders must let contract().account() spend what it pays; only who
    // operates it may serve.

    [[nodiscard]] virtual CallGas order_gas() const noexcept = 0;
    virtual void add_order(CallWriter& calls, IssuerAction action, const Amount& paid) const = 0;
    [[nodiscard]] virtual CallGas serve_gas(std::uint32_t orders) const noexcept = 0;
    virtual void add_serve(CallWriter& calls, std::uint32_t orders) const = 0;
};

/// nullptr if the contract is none.
[[nodiscard]] const Issuer* find_issuer(const World& world, ContractId id);

/// An issuer after a block that touched it, and every hour.
struct IssuerRow
{
    static constexpr std::string_view name = "Issuer";
    static constexpr std::string_view table = "issuers";
    static constexpr EventUse use = EventUse::snapshot;
    static constexpr std::array<std::string_view, 8> meanings{"What it issues.",
        "What it holds for it.", "How many coins there are.",
        "What it holds for them, without what was paid for coins still to come.",
        "What was paid for coins still to come.", "The coins that wait to be redeemed.",
        "How many orders wait.", "Whether it was open when the block was made."};

    ContractId coin{};
    ContractId reserve_token{};
    Amount supply;
    Amount reserves;
    Amount waiting_issue;
    Amount waiting_redeem;
    std::uint64_t waiting_orders = 0;
    bool is_open = false;
    RUNNEL_FIELDS(coin, reserve_token, (supply, smallest_unit_of("coin")),
        (reserves, smallest_unit_of("reserve_token")),
        (waiting_issue, smallest_unit_of("reserve_token")),
        (waiting_redeem, smallest_unit_of("coin")), (waiting_orders, other("orders")), is_open);
};

/// An order that was served: what an issuer emits beside its own events.
struct IssuerFlow
{
    static constexpr std::string_view name = "IssuerFlow";
    static constexpr std::string_view table = "issuer_flows";
    static constexpr EventUse use = EventUse::sector;
    static constexpr std::array<std::string_view, 8> meanings{"issue or redeem.",
        "Whose order it was.", "What is issued.", "The coins that were minted or burnt.",
        "What is held for them.", "How much of it came in, or went out after the fee.",
        "What the issuer keeps of it.", "When it was ordered."};

    IssuerAction transaction_type{};
    AccountId customer{};
    ContractId coin{};
    Amount coin_amount_raw;
    ContractId reserve_token{};
    Amount reserve_amount_raw;
    Amount fee_raw;
    std::uint64_t ordered_at = 0;
    RUNNEL_FIELDS(transaction_type, customer, coin, (coin_amount_raw, smallest_unit_of("coin")),
        reserve_token, (reserve_amount_raw, smallest_unit_of("reserve_token")),
        (fee_raw, smallest_unit_of("reserve_token")), (ordered_at, unix_seconds));
};

}  // namespace runnel::contracts
