#pragma once

#include "contracts/kit/sectors/custodian.hpp"
#include "contracts/kit/sectors/screening.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace runnel::contracts
{

namespace screening_list
{

/// Puts an account on the list; only its keeper may.
struct AddToList
{
    RUNNEL_CALL("addToList", 0, 27'000);

    AccountId account{};
    RUNNEL_FIELDS(account);
};

/// Takes an account off it; only its keeper may.
struct RemoveFromList
{
    RUNNEL_CALL("removeFromList", 1, 8'000);

    AccountId account{};
    RUNNEL_FIELDS(account);
};

struct ListedLog
{
    static constexpr std::string_view table = "screening_list_changes";
    static constexpr std::string_view signature =
        "ListChanged(address indexed account, bool listed)";
    static constexpr std::array<std::string_view, 2> meanings{
        "Who was put on the list, or taken off it.", "Whether he is on it now."};

    AccountId account{};
    bool listed = false;
    RUNNEL_FIELDS(account, listed);
};

struct Entry
{
    bool is_listed = false;
    RUNNEL_FIELDS(is_listed);
};
struct ListState
{
    std::uint32_t listed = 0;
    RUNNEL_FIELDS((listed, other("accounts")));
};

/// What institutions that apply the list do.
enum class Mode : std::uint8_t
{
    flag,   // Listed accounts are written down.
    block,  // What they send is held, what is to go to them is refused.
};

struct Terms
{
    std::string kept_by;
    Mode mode = Mode::block;
    /// By token: from so much on a movement is written down, by the travel rule.
    std::vector<std::pair<ContractId, Amount>> thresholds;
    bool holds_from_threshold = false;
};

}  // namespace screening_list

/// A list of accounts, and rules for institutions that ask it: a custodian names it as its
/// screening, and does as it says.
///
///     listed customer or counterparty   flag:  written down, passes
///                                       block: a deposit is held, a withdrawal refused
///     amount >= threshold of the token  written down; held, if the rule says so
///
/// The list decides before the threshold does. Its like on Ethereum are oracles of sanctioned
/// addresses; amounts are in the token, as the travel rule's are not.
///
/// Errors: Ownable: caller is not the owner; no such account.
class ScreeningList
  : public ContractBase<ScreeningList, screening_list::AddToList, screening_list::RemoveFromList>,
    public ScreeningPolicy,
    public ScreeningBook
{
public:
    ScreeningList(ContractIdentity identity, screening_list::Terms terms);

    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }
    void connect(World& world) override;
    void genesis(const Parameters& parameters, GenesisBuilder& builder) override;
    void check_invariants(const World& world, Findings& findings) const override;

    ScreeningVerdict screen(CallContext& context, const ScreenedMovement& movement) override;

    [[nodiscard]] const Contract& contract() const noexcept override { return *this; }
    [[nodiscard]] bool is_listed(AccountId account) const override
    {
        return entries_.get(account).is_listed;
    }
    [[nodiscard]] std::uint32_t listed() const override { return state_.get(0).listed; }
    void add_list(CallWriter& calls, AccountId account) const override;

    using ContractBase::execute;
    Result<Returns> execute(const screening_list::AddToList& call, CallContext& context);
    Result<Returns> execute(const screening_list::RemoveFromList& call, CallContext& context);

private:
    Result<Returns> set(CallContext& context, AccountId account, bool is_listed);

    screening_list::Terms terms_;
    AccountId keeper_{};
    Table<screening_list::ListState> state_;
    Table<screening_list::Entry> entries_;
};

}  // namespace runnel::contracts
