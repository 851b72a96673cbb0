#pragma once

#include "contracts/assets/share_registry/calls.hpp"
#include "contracts/assets/share_registry/events.hpp"
#include "contracts/kit/sectors/share_asset.hpp"
#include "contracts/kit/token_base.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace runnel::contracts::share_registry
{

struct Terms
{
    TokenInfo info;
    ContractId currency{};
    std::string agent;
    std::string issuer;
    std::uint64_t shares = 0;  // Whole ones.
    std::uint32_t squeeze_bps = 9'500;
    std::uint64_t tender_seconds_min = 0;
    std::vector<ContractId> nominees;
};

/// What has happened to all shares together.
struct RegisterState
{
    Amount total_supply;    // First: weighs -1 in the conservation law.
    Amount nominee_shares;  // Of them, with contracts that hold them for others: they earn nothing.
    Amount accumulated;     // Earned by a smallest unit of a share since the start, 2^-64.
    Amount carry;           // What did not divide, 2^-64; the next distribution takes it up.
    Amount distributed;
    Amount withdrawn;
    AccountId bidder{};  // The zero account: there is no tender.
    Amount tender_price;
    std::uint64_t tender_ends = 0;
    Amount locked;
    bool is_squeeze = false;
    std::uint32_t applications = 0;
    std::uint32_t applications_done = 0;
    RUNNEL_FIELDS((total_supply, smallest_unit), (nominee_shares, smallest_unit),
        (accumulated, other("2^-64 of the currency per share")),
        (carry, other("2^-64 of the currency")), (distributed, smallest_unit_of_its("currency")),
        (withdrawn, smallest_unit_of_its("currency")), bidder,
        (tender_price, smallest_unit_of_its("currency")), (tender_ends, unix_seconds),
        (locked, smallest_unit_of_its("currency")), is_squeeze, applications, applications_done);
};

struct Holder
{
    bool is_verified = false;
    bool is_nominee = false;
    bool has_applied = false;
    Amount owed;
    Amount fraction;     // Of what is owed, below its smallest unit, 2^-64.
    Amount accumulated;  // Up to which owed and fraction count.
    RUNNEL_FIELDS(is_verified, is_nominee, has_applied, (owed, smallest_unit_of_its("currency")),
        (fraction, other("2^-64 of the currency")),
        (accumulated, other("2^-64 of the currency per share")));
};

struct Application
{
    AccountId investor{};
    RUNNEL_FIELDS(investor);
};

}  // namespace runnel::contracts::share_registry

namespace runnel::contracts
{

/// An asset in shares: a token that only known investors get, what the asset earns, and how all of
/// it is bought.
///
/// What is distributed is divided by the shares that earn (2^-64 of a smallest unit, rounded down;
/// the next distribution takes up what is left) and multiplied by each holder's when his change or
/// he withdraws; fractions stay with him. So nothing is lost, whoever trades in between:
///
///     distributed = withdrawn + owed + fractions + carry, exactly
///
/// A tender locks price * shares / whole share, rounded up, for all shares that the bidder does not
/// have; sellers get it rounded down, and the bidder what is left in the end. If he then has at
/// least squeeze_bps of all shares, all others are bought out at that price: their shares go to
/// nobody but him.
///
/// Contracts named as nominees hold shares for others, whom the register does not know; theirs earn
/// nothing, and what is distributed goes to the rest.
///
/// Conservation: balances are the supply; the contract holds what is owed and what tenders lock.
/// Errors: those of T-REX and of TokenBook's openzeppelin4; AgentRole: caller does not have the
/// Agent role; FundsDistributionToken._distributeFunds: SUPPLY_IS_ZERO; ShareRegistry: already
/// known; ShareRegistry: not known; ShareRegistry: too large; ShareRegistry: a tender is open;
/// ShareRegistry: no open tender; ShareRegistry: too short; ShareRegistry: no price;
/// ShareRegistry: still open; ShareRegistry: nobody is bought out; ShareRegistry: nothing to sell;
/// those of the currency.
/// Source: ERC-3643 (T-REX `Token.sol`, `IdentityRegistry.sol`), ERC-2222; tenders are ours.
class ShareRegistry
  : public TokenBase<ShareRegistry, share_registry::RegisterIdentity,
        share_registry::DeleteIdentity, share_registry::ApplyForRegistration,
        share_registry::DistributeFunds, share_registry::WithdrawFunds, share_registry::OpenTender,
        share_registry::AcceptTender, share_registry::CloseTender, share_registry::Redeem>,
    public ShareAsset
{
public:
    ShareRegistry(ContractIdentity identity, share_registry::Terms terms);

    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }
    [[nodiscard]] std::optional<TokenInfo> token_info() const override { return terms_.info; }
    void connect(World& world) override;
    void genesis(const Parameters& parameters, GenesisBuilder& builder) override;
    /// What block 0 begins with: the issuer has all shares; he and nominees are known.
    void issue(World& world);
    void snapshot(SnapshotContext& context) const override;
    void check_invariants(const World& world, Findings& findings) const override;

    // ShareAsset.

    [[nodiscard]] const Contract& contract() const noexcept override { return *this; }
    [[nodiscard]] ContractId currency() const noexcept override { return terms_.currency; }
    [[nodiscard]] AccountId agent() const noexcept override { return agent_; }
    [[nodiscard]] const Amount& shares() const noexcept override { return state().total_supply; }
    [[nodiscard]] bool is_verified(AccountId account) const override;
    [[nodiscard]] std::vector<AccountId> applicants(std::size_t most) const override;
    [[nodiscard]] bool has_applied(AccountId account) const override;
    [[nodiscard]] Amount dividends_of(AccountId account) const override;
    [[nodiscard]] std::optional<ShareTender> tender() const override;
    [[nodiscard]] Amount tender_value(const Amount& shares) const override;
    [[nodiscard]] Amount tender_cost(const Amount& price, const Amount& own) const override;
    [[nodiscard]] std::uint64_t tender_seconds_min() const noexcept override
    {
        return terms_.tender_seconds_min;
    }
    void add_application(CallWriter& calls) const override;
    void add_registration(CallWriter& calls, AccountId investor) const override;
    void add_distribution(CallWriter& calls, const Amount& amount) const override;
    void add_withdrawal_of_dividends(CallWriter& calls) const override;
    void add_tender(CallWriter& calls, const Amount& price, std::uint64_t seconds) const override;
    void add_acceptance(CallWriter& calls, const Amount& shares) const override;
    void add_close(CallWriter& calls) const override;
    void add_redemption(CallWriter& calls, AccountId holder) const override;

    [[nodiscard]] const share_registry::RegisterState& state() const noexcept
    {
        return state_.get(0);
    }

    Result<void> transfer(CallContext context, AccountId to, const Amount& amount) override;
    Result<void> transfer_from(
        CallContext context, AccountId from, AccountId to, const Amount& amount) override;
    void declare_transfer(AccessCollector& access, AccountId from, AccountId to) const override;
    void declare_transfer_from(
        AccessCollector& access, AccountId spender, AccountId from, AccountId to) const override;

    using TokenBase::declare;
    using TokenBase::execute;
    void declare(const Erc20Transfer& call, AccountId sender, AccessCollector& access) const;
    void declare(const Erc20TransferFrom& call, AccountId sender, AccessCollector& access) const;
    Result<Returns> execute(const Erc20Transfer& call, CallContext& context);
    Result<Returns> execute(const share_registry::RegisterIdentity& call, CallContext& context);
    Result<Returns> execute(const share_registry::DeleteIdentity& call, CallContext& context);
    Result<Returns> execute(const share_registry::ApplyForRegistration& call, CallContext& context);
    Result<Returns> execute(const share_registry::DistributeFunds& call, CallContext& context);
    /// Returns what was paid.
    Result<Returns> execute(const share_registry::WithdrawFunds& call, CallContext& context);
    /// Returns what is locked.
    Result<Returns> execute(const share_registry::OpenTender& call, CallContext& context);
    /// Returns what was paid.
    Result<Returns> execute(const share_registry::AcceptTender& call, CallContext& context);
    /// Returns whether the others are bought out.
    Result<Returns> execute(const share_registry::CloseTender& call, CallContext& context);
    /// Returns what was paid.
    Result<Returns> execute(const share_registry::Redeem& call, CallContext& context);

private:
    [[nodiscard]] Amount whole_share() const;
    /// Whether shares may go this way, and the settlements before they do.
    Result<void> prepare_move(
        CallContext& context, AccountId from, AccountId to, const Amount& value);
    void settle(CallContext& context, AccountId account);
    /// Shares against the tender's money.
    Result<Amount> sell_to_bidder(CallContext& context, AccountId seller, const Amount& shares);
    /// The tender is over; what it did not need goes back.
    Result<void> end_tender(CallContext& context);
    void emit_flow(CallContext& context, AssetFlowType type, AccountId account,
        const Amount& amount, const Amount& shares = {}, AccountId buyer = zero_account);
    void declare_holders(AccessCollector& access, AccountId from, AccountId to) const;

    share_registry::Terms terms_;
    AccountId agent_ = zero_account;
    Token* currency_ = nullptr;
    Table<share_registry::RegisterState> state_;  // Record 0.
    Table<share_registry::Holder> holders_;
    Table<share_registry::Application> applications_;
};

}  // namespace runnel::contracts
