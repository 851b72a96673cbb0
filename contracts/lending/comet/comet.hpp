#pragma once

#include "contracts/kit/contract_base.hpp"
#include "contracts/kit/sectors/collateral_sale.hpp"
#include "contracts/kit/sectors/lending.hpp"
#include "contracts/kit/sectors/lending_positions.hpp"
#include "contracts/kit/sectors/price_feed.hpp"
#include "contracts/kit/token.hpp"
#include "contracts/lending/comet/calls.hpp"
#include "contracts/lending/comet/math.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace runnel::contracts::comet
{

/// Rates per second, wad: base + low * min(u, kink) + high * max(u - kink, 0).
struct RateCurve
{
    Amount kink;
    Amount slope_low;
    Amount slope_high;
    Amount base;

    /// From rates per year, which are rounded down.
    [[nodiscard]] static RateCurve per_year(
        const Amount& kink, const Amount& slope_low, const Amount& slope_high, const Amount& base);
    /// Errors: Panic(0x11); InvalidUInt64.
    [[nodiscard]] Result<Amount> at(const Amount& utilization) const;
};

/// A collateral. Factors in wad.
struct AssetSpec
{
    ContractId token{};
    Amount borrow_collateral_factor;     // Of its value may be borrowed.
    Amount liquidate_collateral_factor;  // Debt above this share of its value is absorbed.
    Amount liquidation_factor;           // Of its value is paid to an account that is absorbed.
    Amount supply_cap;                   // Whole tokens.
};

/// What the code of an implementation has as constants.
struct Terms
{
    ContractId base_token{};
    RateCurve supply;
    RateCurve borrow;
    Amount store_front_price_factor;  // Wad: of the liquidation penalty, the buyers' discount.
    std::uint64_t tracking_index_scale = 1'000'000'000'000'000;
    std::uint64_t base_tracking_supply_speed = 0;
    std::uint64_t base_tracking_borrow_speed = 0;
    Amount base_min_for_rewards;
    Amount base_borrow_min;
    Amount target_reserves;
    std::vector<AssetSpec> assets;  // In the order of their offsets.
};

/// A Comet as it is deployed.
struct CometSpec : Terms
{
    ContractId price_source{};
    std::string governor;
    std::string pause_guardian;
    std::string proxy_admin;  // Empty: nobody may upgrade it.
};

/// Indexes of 64 bits, principals of 104.
struct Totals
{
    std::uint64_t base_supply_index = 0;
    std::uint64_t base_borrow_index = 0;
    std::uint64_t tracking_supply_index = 0;
    std::uint64_t tracking_borrow_index = 0;
    Amount total_supply_base;  // Principal.
    Amount total_borrow_base;
    std::uint64_t last_accrual_time = 0;
    std::uint8_t pause_flags = 0;
    RUNNEL_FIELDS((base_supply_index, other("1e-15")), (base_borrow_index, other("1e-15")),
        tracking_supply_index, tracking_borrow_index, (total_supply_base, other("principal")),
        (total_borrow_base, other("principal")), (last_accrual_time, unix_seconds), pause_flags);
};

struct UserBasic
{
    Int256 principal;  // int104: supplied, or owed if it is negative.
    std::uint64_t base_tracking_index = 0;
    std::uint64_t base_tracking_accrued = 0;
    std::uint16_t assets_in = 0;  // Bit k: there is collateral of offset k.
    RUNNEL_FIELDS((principal, other("principal")), base_tracking_index,
        (base_tracking_accrued, other("1e-6 of a reward")), assets_in);
};

/// One account may manage another's.
struct Permission
{
    bool is_allowed = false;
    RUNNEL_FIELDS(is_allowed);
};

/// How far the totals of principals are above the sums of the accounts': what rounding an account's
/// principal anew has changed without Comet's noting it. Ours, for the check of the sums.
struct Drift
{
    Int256 supply;
    Int256 borrow;
    RUNNEL_FIELDS((supply, other("principal")), (borrow, other("principal")));
};

/// Base supply and borrow indexes at some time.
struct Indexes
{
    Amount supply;
    Amount borrow;
};

/// What absorbing an account and buying one collateral of it would do.
struct Liquidation
{
    Amount base_paid;
    Amount bought;
    Amount kept;  // Of the same collateral, by the protocol.
};

}  // namespace runnel::contracts::comet

namespace runnel::contracts
{

/// A market of Compound III: one base token that is lent, and earns, against collateral that does
/// not. Whoever owes too much is absorbed by the protocol, which sells the collateral.
///
/// Units: amounts in the token's smallest unit; indexes 1e-15; factors and rates wad, rates per
/// second; prices 1e-8 USD. Rounding: what is supplied and owed down, a debt's principal up.
/// Errors: Comet's own (`Paused()`, `Unauthorized()`, ...), in the order of its checks; the
/// token's; Panic(0x11). Failure: a refusal may leave records half written; the ledger rolls the
/// transaction back. Source: compound-finance/comet @ d5a30b0a, Comet.sol and CometExt.sol. Not
/// modelled: the configurator, which puts implementations together; points of absorbers, signatures
/// (allowBySig), the re-entrancy guard.
class Comet
  : public ContractBase<Comet, Erc20Transfer, Erc20Approve, Erc20TransferFrom, comet::Supply,
        comet::SupplyTo, comet::SupplyFrom, comet::Withdraw, comet::WithdrawTo, comet::WithdrawFrom,
        comet::TransferAsset, comet::TransferAssetFrom, comet::Allow, comet::AccrueAccount,
        comet::Absorb, comet::BuyCollateral, comet::WithdrawReserves, comet::Pause,
        comet::AbsorbAndBuy, comet::Upgrade>,
    public LendingMarket,
    public LendingPositions,
    public CollateralSale
{
public:
    static constexpr std::size_t assets_max = 12;
    static constexpr std::size_t base_reserve = 0;  // Collateral of offset k is reserve k + 1.

    /// @p start: when it is deployed, unix seconds; 0: at the first call.
    Comet(ContractIdentity identity, comet::CometSpec spec, std::uint64_t start = 0);

    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }
    void connect(World& world) override;
    void genesis(const Parameters& parameters, GenesisBuilder& builder) override;
    void snapshot(SnapshotContext& context) const override;
    /// Principals, but for what rounding is known to have changed, and collateral sum to their
    /// totals; it holds all the collateral.
    void check_invariants(const World& world, Findings& findings) const override;

    // --- Views of committed state ---------------------------------------------------------------

    [[nodiscard]] const comet::CometSpec& spec() const noexcept { return spec_; }
    /// Those that count: its own, or those of the implementation that it was upgraded to.
    [[nodiscard]] const comet::Terms& terms() const;
    [[nodiscard]] const comet::Totals& totals() const noexcept { return totals_.get(0); }
    [[nodiscard]] const Amount& total_collateral(std::size_t offset) const
    {
        return collateral_totals_.get(offset);
    }
    [[nodiscard]] const comet::UserBasic& user(AccountId account) const
    {
        return users_.get(account);
    }
    [[nodiscard]] const Amount& collateral(AccountId account, std::size_t offset) const
    {
        return assets_.at(offset).balances->get(account);
    }
    [[nodiscard]] bool is_allowed(AccountId owner, AccountId manager) const
    {
        return permissions_.get(pair_key(owner, manager)).is_allowed;
    }
    [[nodiscard]] AccountId governor() const noexcept { return governor_; }
    [[nodiscard]] const comet::Drift& drift() const noexcept { return drift_.get(0); }
    /// From the stored indexes; wad.
    [[nodiscard]] Result<Amount> utilization() const;
    [[nodiscard]] Result<comet::Indexes> indexes(std::uint64_t now) const;
    /// What it has beyond what it owes; negative if it owes more.
    [[nodiscard]] Result<Int256> reserves(std::uint64_t now) const;
    [[nodiscard]] Result<Amount> balance_of(AccountId account, std::uint64_t now) const;
    [[nodiscard]] Result<Amount> borrow_balance_of(AccountId account, std::uint64_t now) const;
    /// By the stored indexes. Errors: BadPrice().
    [[nodiscard]] Result<bool> is_borrow_collateralized(AccountId account) const;
    [[nodiscard]] Result<bool> is_liquidatable(AccountId account) const;
    /// What so much of the base buys now. Errors: BadPrice(), Panic(0x11).
    [[nodiscard]] Result<Amount> quote_collateral(
        std::size_t offset, const Amount& base_amount) const;
    [[nodiscard]] std::vector<AccountId> accounts() const;
    [[nodiscard]] std::vector<AccountId> borrowers() const;
    /// At these indexes.
    [[nodiscard]] LendingHealth health(AccountId account, const comet::Indexes& indexes) const;
    /// Empty if one of the two steps would be refused, or nothing would be bought.
    [[nodiscard]] std::optional<comet::Liquidation> quote_liquidation(AccountId account,
        std::size_t offset, const Amount& base_max, const comet::Indexes& indexes) const;

    // --- LendingMarket and LendingPositions (comet_lending.cpp) ---------------------------------

    [[nodiscard]] std::unique_ptr<const LendingView> view_at(
        std::uint64_t timestamp) const override;
    [[nodiscard]] std::optional<std::size_t> find_reserve(ContractId token) const noexcept override;
    [[nodiscard]] UnitOfAccount unit_of_account() const noexcept override { return {}; }
    [[nodiscard]] ContractId price_source() const noexcept override { return spec_.price_source; }
    [[nodiscard]] AccountId spender() const noexcept override { return account(); }
    [[nodiscard]] CallGas gas_of(LendingAction action) const noexcept override;
    void add_supply(CallWriter& calls, std::size_t reserve, const Amount& amount,
        AccountId on_behalf_of) const override;
    void add_withdraw(
        CallWriter& calls, std::size_t reserve, const Amount& amount, AccountId to) const override;
    void add_borrow(CallWriter& calls, std::size_t reserve, const Amount& amount) const override;
    void add_repay(CallWriter& calls, std::size_t reserve, const Amount& amount,
        AccountId debtor) const override;
    void add_liquidation(CallWriter& calls, const LiquidationOrder& order) const override;
    [[nodiscard]] Result<Amount> supplied(
        CallContext& context, AccountId user, std::size_t reserve) const override;

    // --- CollateralSale -------------------------------------------------------------------------

    [[nodiscard]] ContractId payment_token() const noexcept override { return spec_.base_token; }
    [[nodiscard]] AccountId payee() const noexcept override { return account(); }
    [[nodiscard]] std::vector<ContractId> sale_tokens() const override;
    [[nodiscard]] Amount for_sale(ContractId token, std::uint64_t at) const override;
    [[nodiscard]] Amount sale_price(ContractId token, const Amount& amount) const override;
    [[nodiscard]] std::optional<Amount> quote_purchase(
        ContractId token, const Amount& payment, std::uint64_t at) const override;
    [[nodiscard]] CallGas purchase_gas() const noexcept override;
    void add_purchase(CallWriter& calls, ContractId token, const Amount& payment,
        const Amount& amount_min, AccountId buyer) const override;

    // --- Calls ----------------------------------------------------------------------------------

    using ContractBase::declare;
    using ContractBase::execute;
    void declare(const Erc20Transfer&, AccountId, AccessCollector&) const;
    void declare(const Erc20TransferFrom&, AccountId, AccessCollector&) const;
    void declare(const comet::Supply&, AccountId, AccessCollector&) const;
    void declare(const comet::SupplyTo&, AccountId, AccessCollector&) const;
    void declare(const comet::SupplyFrom&, AccountId, AccessCollector&) const;
    void declare(const comet::Withdraw&, AccountId, AccessCollector&) const;
    void declare(const comet::WithdrawTo&, AccountId, AccessCollector&) const;
    void declare(const comet::WithdrawFrom&, AccountId, AccessCollector&) const;
    void declare(const comet::BuyCollateral&, AccountId, AccessCollector&) const;
    Result<Returns> execute(const Erc20Transfer& call, CallContext& context);
    Result<Returns> execute(const Erc20Approve& call, CallContext& context);
    Result<Returns> execute(const Erc20TransferFrom& call, CallContext& context);
    Result<Returns> execute(const comet::Supply& call, CallContext& context);
    Result<Returns> execute(const comet::SupplyTo& call, CallContext& context);
    Result<Returns> execute(const comet::SupplyFrom& call, CallContext& context);
    Result<Returns> execute(const comet::Withdraw& call, CallContext& context);
    Result<Returns> execute(const comet::WithdrawTo& call, CallContext& context);
    Result<Returns> execute(const comet::WithdrawFrom& call, CallContext& context);
    Result<Returns> execute(const comet::TransferAsset& call, CallContext& context);
    Result<Returns> execute(const comet::TransferAssetFrom& call, CallContext& context);
    Result<Returns> execute(const comet::Allow& call, CallContext& context);
    Result<Returns> execute(const comet::AccrueAccount& call, CallContext& context);
    Result<Returns> execute(const comet::Absorb& call, CallContext& context);
    /// Returns what was bought.
    Result<Returns> execute(const comet::BuyCollateral& call, CallContext& context);
    Result<Returns> execute(const comet::WithdrawReserves& call, CallContext& context);
    Result<Returns> execute(const comet::Pause& call, CallContext& context);
    Result<Returns> execute(const comet::AbsorbAndBuy& call, CallContext& context);
    Result<Returns> execute(const comet::Upgrade& call, CallContext& context);

private:
    struct Asset
    {
        ContractId token_id{};
        Token* token = nullptr;
        Amount scale;                             // 10^decimals.
        std::unique_ptr<Table<Amount>> balances;  // By account.
    };
    enum class PauseFlag : std::uint8_t
    {
        supply,
        transfer,
        withdraw,
        absorb,
        buy,
    };

    [[nodiscard]] std::optional<std::size_t> find_asset(ContractId token) const noexcept;
    [[nodiscard]] ContractId reserve_token(std::size_t reserve) const
    {
        return reserve == base_reserve ? spec_.base_token : assets_.at(reserve - 1).token_id;
    }
    [[nodiscard]] Result<void> require_going(CallContext& context, PauseFlag flag) const;
    [[nodiscard]] Result<void> require_permission(CallContext& context, AccountId owner) const;

    // The same for execution and for views: Reader reads.
    template <typename Reader>
    [[nodiscard]] const comet::Terms& terms(Reader& reader) const;
    template <typename Reader>
    [[nodiscard]] Result<Amount> price(Reader& reader, ContractId token) const;
    [[nodiscard]] Result<Amount> utilization(const comet::Totals& totals) const;
    [[nodiscard]] Result<comet::Indexes> indexes(
        const comet::Terms& terms, const comet::Totals& totals, std::uint64_t now) const;
    [[nodiscard]] Result<comet::Indexes> indexes_now(CallContext& context) const;
    [[nodiscard]] static Result<Int256> present_balance(
        const Int256& principal, const comet::Indexes& indexes);
    [[nodiscard]] static Result<Int256> principal_of(
        const Int256& balance, const comet::Indexes& indexes);
    /// Whether collateral at this factor covers a debt; empty without debt.
    template <typename Reader>
    [[nodiscard]] Result<std::optional<bool>> covers(Reader& reader, AccountId account,
        const comet::Indexes& indexes, Amount comet::AssetSpec::*factor) const;
    template <typename Reader>
    [[nodiscard]] Result<Amount> quote(
        Reader& reader, std::size_t offset, const Amount& base_amount) const;
    [[nodiscard]] static comet::Indexes stored(const comet::Totals& totals) noexcept
    {
        return {totals.base_supply_index, totals.base_borrow_index};
    }
    [[nodiscard]] Result<Int256> reserves_of(
        const comet::Totals& totals, const comet::Indexes& indexes, const Amount& held) const;
    /// The most base that buys no more than @p available; 0 if prices do not tell.
    template <typename Reader>
    [[nodiscard]] Amount cost_of(Reader& reader, std::size_t offset, const Amount& available) const;

    [[nodiscard]] Result<Int256> reserves(CallContext& context) const;
    Result<comet::Totals*> accrue(CallContext& context);
    [[nodiscard]] Result<void> update_principal(
        CallContext& context, AccountId account, const Int256& principal);
    /// @p noted: what Comet adds up; @p real: what has happened to the accounts.
    [[nodiscard]] Result<void> update_totals(
        CallContext& context, const comet::PrincipalMove& noted, const comet::PrincipalMove& real);
    void update_assets_in(CallContext& context, AccountId account, std::size_t offset,
        const Amount& before, const Amount& after);
    [[nodiscard]] Result<void> require_borrowable(
        CallContext& context, AccountId account, const Int256& balance) const;
    [[nodiscard]] Result<void> require_collateralized(
        CallContext& context, AccountId account) const;
    /// Returns what arrived.
    Result<Amount> pull(
        CallContext& context, ContractId asset, AccountId from, const Amount& amount);
    Result<void> send(CallContext& context, ContractId asset, AccountId to, const Amount& amount);

    Result<void> supply(CallContext& context, AccountId from, AccountId dst, ContractId asset,
        const Amount& amount);
    Result<void> supply_base(
        CallContext& context, AccountId from, AccountId dst, const Amount& amount);
    Result<void> supply_collateral(CallContext& context, AccountId from, AccountId dst,
        ContractId asset, const Amount& amount);
    Result<void> withdraw(
        CallContext& context, AccountId src, AccountId to, ContractId asset, const Amount& amount);
    Result<void> withdraw_base(
        CallContext& context, AccountId src, AccountId to, const Amount& amount);
    Result<void> withdraw_collateral(
        CallContext& context, AccountId src, AccountId to, ContractId asset, const Amount& amount);
    Result<void> transfer(
        CallContext& context, AccountId src, AccountId dst, ContractId asset, const Amount& amount);
    Result<void> transfer_base(
        CallContext& context, AccountId src, AccountId dst, const Amount& amount);
    Result<void> transfer_collateral(
        CallContext& context, AccountId src, AccountId dst, ContractId asset, const Amount& amount);
    Result<void> absorb(CallContext& context, AccountId absorber, AccountId borrower);
    Result<Amount> buy(CallContext& context, ContractId asset, const Amount& min_amount,
        const Amount& base_amount, AccountId recipient);

    // Rows.
    void record_base(CallContext& context, AccountId account) const;
    void record_collateral(CallContext& context, AccountId account, std::size_t offset) const;
    void record_position(CallContext& context, AccountId account) const;
    template <typename Reader>
    [[nodiscard]] LendingHealth evaluate(
        Reader& reader, AccountId account, const comet::Indexes& indexes) const;

    /// nullptr if it is none of its assets.
    [[nodiscard]] const Token* token_of(ContractId asset) const noexcept;
    void declare_terms(AccessCollector& access) const;
    void declare_totals(AccessCollector& access) const;
    void declare_user(AccessCollector& access, AccountId account) const;
    void declare_supply(
        AccessCollector& access, AccountId from, AccountId dst, ContractId asset) const;
    void declare_withdraw(
        AccessCollector& access, AccountId src, AccountId to, ContractId asset) const;

    comet::CometSpec spec_;
    const PriceSource* prices_ = nullptr;
    Token* base_ = nullptr;
    Amount base_scale_;     // 10^decimals.
    Amount accrual_scale_;  // base_scale_ / 1e6.
    AccountId governor_{};
    AccountId pause_guardian_{};
    std::vector<Asset> assets_;
    Table<comet::Totals> totals_;           // Record 0.
    Table<Amount> collateral_totals_;       // By offset.
    Table<comet::UserBasic> users_;         // By account.
    Table<comet::Permission> permissions_;  // By pair_key(owner, manager).
    Table<comet::Drift> drift_;             // Record 0.
    // Record 0: whose terms count, itself at first; of a Comet that somebody may upgrade.
    std::unique_ptr<Table<ContractId>> implementation_;
    const World* world_ = nullptr;
    AccountId proxy_admin_{};
};

}  // namespace runnel::contracts
