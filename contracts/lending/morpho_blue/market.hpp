#pragma once

#include "contracts/kit/contract_base.hpp"
#include "contracts/kit/sectors/lending.hpp"
#include "contracts/kit/sectors/lending_positions.hpp"
#include "contracts/kit/token.hpp"
#include "contracts/lending/morpho_blue/gas.hpp"
#include "contracts/lending/morpho_blue/irm.hpp"
#include "contracts/lending/morpho_blue/oracle.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace runnel::contracts
{
class MorphoBlue;
}

/// A market's own calls: what wallets and bots do around Morpho, in the same transaction, because
/// amounts and shares can be told only then. Each is made as the caller.
namespace runnel::contracts::morpho_blue
{

/// Withdraws from one's supply; 2^256-1 redeems all shares. Returns assets and shares.
struct MarketWithdraw
{
    RUNNEL_CALL("withdraw", 0, {74'000, gas::market_entry});

    Amount assets;
    AccountId receiver{};
    RUNNEL_FIELDS((assets, smallest_unit_of_its("loan_token")), receiver);
};

/// Withdraws collateral of one's own; 2^256-1: all of it. Returns the amount.
struct MarketWithdrawCollateral
{
    RUNNEL_CALL("withdrawCollateral", 1, {72'000, gas::market_entry});

    Amount assets;
    AccountId receiver{};
    RUNNEL_FIELDS((assets, smallest_unit_of_its("collateral_token")), receiver);
};

/// Borrows against one's own collateral. Returns assets and shares.
struct MarketBorrow
{
    RUNNEL_CALL("borrow", 2, {82'000, gas::market_entry});

    Amount assets;
    RUNNEL_FIELDS((assets, smallest_unit_of_its("loan_token")));
};

/// Repays debt of @p debtor; what is more than all of it repays all of it, by its shares. Returns
/// assets and shares.
struct MarketRepay
{
    RUNNEL_CALL("repay", 3, {76'000, gas::market_entry});

    Amount assets;
    AccountId debtor{};
    RUNNEL_FIELDS((assets, smallest_unit_of_its("loan_token")), debtor);
};

/// Liquidates for @p assets_max at most: by shares while there is collateral for them, else by all
/// the collateral. Returns the collateral and what it cost. Errors: `inconsistent input` where the
/// sum buys nothing.
struct MarketLiquidate
{
    RUNNEL_CALL("liquidate", 4, {105'000, gas::market_entry});

    AccountId borrower{};
    Amount assets_max;
    RUNNEL_FIELDS(borrower, (assets_max, smallest_unit_of_its("loan_token")));
};

/// What a market is told when it is created.
struct MarketConstructor
{
    ContractId morpho{};
    MarketParams params;
    RUNNEL_FIELDS(morpho, params);
};

/// What a liquidation takes and gives.
struct LiquidationAmounts
{
    Amount repaid_assets;
    Amount repaid_shares;
    Amount seized_assets;
    bool is_by_collateral = false;  // It is asked for by seized_assets, not by repaid_shares.
};
/// By as much collateral. @p market: interest accrued.
[[nodiscard]] Result<LiquidationAmounts> liquidation_by_collateral(
    const MarketState& market, const Amount& lltv, const Amount& price, const Amount& seized);
/// By as many shares of debt.
[[nodiscard]] Result<LiquidationAmounts> liquidation_by_shares(
    const MarketState& market, const Amount& lltv, const Amount& price, const Amount& shares);
/// The largest liquidation of a position for @p assets_max at most; empty if that is none.
[[nodiscard]] std::optional<LiquidationAmounts> largest_liquidation(const MarketState& market,
    const Position& position, const Amount& lltv, const Amount& price, const Amount& assets_max);

/// Adds interest at @p rate to a market that was updated @p elapsed seconds ago. Returns interest
/// and the fee's shares, which are in the total and belong to the recipient.
struct Accrual
{
    Amount interest;
    Amount fee_shares;
};
[[nodiscard]] Result<Accrual> accrue(
    MarketState& market, const Amount& rate, std::uint64_t elapsed);

}  // namespace runnel::contracts::morpho_blue

namespace runnel::contracts
{

/// One market of Morpho Blue: a token that is lent, against another one. It keeps the market's part
/// of Morpho's storage and shows it as a lending market; Morpho itself holds the tokens and takes
/// the calls of docs/morpho_blue.md.
///
/// It acts as the account whose address is the last 20 bytes of the market's id, or the scenario's.
/// Reserve 0 is the loan token, reserve 1 the collateral; values are in the loan token, with 18
/// decimals or its own if those are more.
class MorphoBlueMarket : public ContractBase<MorphoBlueMarket, morpho_blue::MarketWithdraw,
                             morpho_blue::MarketWithdrawCollateral, morpho_blue::MarketBorrow,
                             morpho_blue::MarketRepay, morpho_blue::MarketLiquidate>,
                         public LendingMarket,
                         public LendingPositions
{
public:
    static constexpr std::size_t loan_reserve = 0;
    static constexpr std::size_t collateral_reserve = 1;

    MorphoBlueMarket(ContractIdentity identity, const morpho_blue::MarketConstructor& arguments);

    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }
    void connect(World& world) override;
    void genesis(const Parameters& parameters, GenesisBuilder& builder) override;
    void snapshot(SnapshotContext& context) const override;
    /// Shares and collateral sum to their totals, and no more is lent than was supplied.
    void check_invariants(const World& world, Findings& findings) const override;

    [[nodiscard]] ContractId morpho() const noexcept { return arguments_.morpho; }
    [[nodiscard]] const morpho_blue::MarketParams& params() const noexcept
    {
        return arguments_.params;
    }
    /// keccak-256 of the ABI encoding of its parameters.
    [[nodiscard]] const Amount& market_id() const noexcept { return market_id_; }
    [[nodiscard]] static Amount id_of(const World& world, const morpho_blue::MarketParams& params);

    // Committed state.

    [[nodiscard]] const morpho_blue::MarketState& state() const noexcept { return state_.get(0); }
    [[nodiscard]] const morpho_blue::Position& position(AccountId account) const noexcept
    {
        return positions_.get(account);
    }
    [[nodiscard]] const Amount& total_collateral() const noexcept
    {
        return collateral_total_.get(0);
    }
    [[nodiscard]] const morpho_blue::InterestRateModel* irm() const noexcept { return irm_; }
    /// With interest up to @p now; empty where accruing it would be refused.
    [[nodiscard]] std::optional<morpho_blue::MarketState> accrued(std::uint64_t now) const;
    /// The price after the last block; empty without one.
    [[nodiscard]] std::optional<Amount> price() const;
    /// What Morpho holds of a reserve's token, for all its markets: what a flash loan can be of.
    [[nodiscard]] Amount flash_liquidity(std::size_t reserve) const;
    /// Whoever has supplied or owes anything, ascending.
    [[nodiscard]] std::vector<AccountId> accounts() const;
    [[nodiscard]] std::vector<AccountId> borrowers() const;
    [[nodiscard]] LendingHealth health(AccountId user, const morpho_blue::MarketState& accrued,
        const std::optional<Amount>& price) const;

    // LendingMarket and LendingPositions (market_lending.cpp).

    [[nodiscard]] std::unique_ptr<const LendingView> view_at(
        std::uint64_t timestamp) const override;
    [[nodiscard]] std::optional<std::size_t> find_reserve(ContractId token) const noexcept override;
    [[nodiscard]] UnitOfAccount unit_of_account() const noexcept override
    {
        return {params().loan_token, value_decimals_};
    }
    [[nodiscard]] ContractId price_source() const noexcept override
    {
        return oracle_ == nullptr ? no_contract : oracle_->price_source();
    }
    [[nodiscard]] AccountId spender() const noexcept override { return morpho_account_; }
    [[nodiscard]] CallGas gas_of(LendingAction action) const noexcept override;
    void add_supply(CallWriter& calls, std::size_t reserve, const Amount& amount,
        AccountId on_behalf_of) const override;
    void add_withdraw(
        CallWriter& calls, std::size_t reserve, const Amount& amount, AccountId to) const override;
    void add_borrow(CallWriter& calls, std::size_t reserve, const Amount& amount) const override;
    void add_repay(CallWriter& calls, std::size_t reserve, const Amount& amount,
        AccountId debtor) const override;
    void add_liquidation(CallWriter& calls, const LiquidationOrder& order) const override;
    void add_flash_borrow(CallWriter& calls, std::size_t reserve, const Amount& amount,
        CallList nested) const override;
    [[nodiscard]] Result<Amount> supplied(
        CallContext& context, AccountId user, std::size_t reserve) const override;

    using ContractBase::declare;
    using ContractBase::execute;
    void declare(
        const morpho_blue::MarketWithdraw& call, AccountId sender, AccessCollector& access) const;
    void declare(const morpho_blue::MarketWithdrawCollateral& call, AccountId sender,
        AccessCollector& access) const;
    void declare(
        const morpho_blue::MarketBorrow& call, AccountId sender, AccessCollector& access) const;
    void declare(
        const morpho_blue::MarketRepay& call, AccountId sender, AccessCollector& access) const;
    void declare(
        const morpho_blue::MarketLiquidate& call, AccountId sender, AccessCollector& access) const;
    Result<Returns> execute(const morpho_blue::MarketWithdraw& call, CallContext& context);
    Result<Returns> execute(
        const morpho_blue::MarketWithdrawCollateral& call, CallContext& context);
    Result<Returns> execute(const morpho_blue::MarketBorrow& call, CallContext& context);
    Result<Returns> execute(const morpho_blue::MarketRepay& call, CallContext& context);
    Result<Returns> execute(const morpho_blue::MarketLiquidate& call, CallContext& context);

private:
    friend class MorphoBlue;

    /// What Morpho asks its oracle. Errors: without data, if it has none.
    [[nodiscard]] Result<Amount> price(CallContext& context) const;
    /// Interest up to the running block, without writing it down.
    [[nodiscard]] Result<morpho_blue::MarketState> accrued(CallContext& context) const;
    /// Rows that tell what an account has now.
    void record_loan(CallContext& context, AccountId account) const;
    void record_collateral(CallContext& context, AccountId account) const;
    void record_position(CallContext& context, AccountId account) const;
    void record_liquidation(CallContext& context, AccountId borrower,
        const morpho_blue::LiquidationAmounts& amounts, const Amount& price) const;
    /// What @p amount of the collateral is worth; empty where that does not fit.
    [[nodiscard]] std::optional<Amount> collateral_value(
        const Amount& amount, const Amount& price) const;
    /// What any call of the market touches but positions and tokens.
    void declare_market(AccessCollector& access) const;
    void declare_price(AccessCollector& access) const;
    void declare_pull(AccessCollector& access, std::size_t reserve, AccountId from) const;
    void declare_send(AccessCollector& access, std::size_t reserve, AccountId to) const;
    void declare_supply(AccessCollector& access, AccountId from, AccountId to) const;
    void declare_withdraw(
        AccessCollector& access, AccountId caller, AccountId owner, AccountId to) const;
    void declare_borrow(
        AccessCollector& access, AccountId caller, AccountId debtor, AccountId to) const;
    void declare_repay(AccessCollector& access, AccountId from, AccountId debtor) const;
    void declare_supply_collateral(AccessCollector& access, AccountId from, AccountId to) const;
    void declare_withdraw_collateral(
        AccessCollector& access, AccountId caller, AccountId owner, AccountId to) const;
    void declare_liquidation(AccessCollector& access, AccountId caller, AccountId borrower) const;

    morpho_blue::MarketConstructor arguments_;
    Amount market_id_;
    MorphoBlue* morpho_ = nullptr;
    AccountId morpho_account_{};
    Token* loan_ = nullptr;        // nullptr: what is named is no token.
    Token* collateral_ = nullptr;  // Likewise.
    morpho_blue::Oracle* oracle_ = nullptr;
    morpho_blue::InterestRateModel* irm_ = nullptr;
    std::uint8_t value_decimals_ = 18;
    Amount value_unit_;                       // Values per smallest unit of the loan token.
    Amount loan_unit_;                        // 10^decimals.
    Amount collateral_unit_;                  // Likewise.
    Table<morpho_blue::MarketState> state_;   // Record 0.
    Table<morpho_blue::Position> positions_;  // By account.
    Table<Amount> collateral_total_;          // Record 0; ours, for reports.
};

}  // namespace runnel::contracts
