#pragma once

#include "contracts/kit/contract_base.hpp"
#include "contracts/kit/sectors/lending.hpp"
#include "contracts/kit/sectors/lending_positions.hpp"
#include "contracts/kit/sectors/price_feed.hpp"
#include "contracts/kit/token.hpp"
#include "contracts/lending/compound_v2/c_token.hpp"
#include "contracts/lending/compound_v2/calls.hpp"
#include "contracts/lending/compound_v2/errors.hpp"
#include "contracts/lending/compound_v2/simple_price_oracle.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace runnel::contracts
{

namespace compound_v2
{

/// What holds for all markets.
struct ComptrollerSettings
{
    Amount close_factor;
    Amount liquidation_incentive;
    bool transfer_paused = false;
    bool seize_paused = false;
    RUNNEL_FIELDS((close_factor, wad), (liquidation_incentive, wad), transfer_paused, seize_paused);
};

/// What the admin sets of one market.
struct MarketConfig
{
    Amount collateral_factor;
    Amount borrow_cap;  // 0: none.
    Amount comp_supply_speed;
    Amount comp_borrow_speed;
    bool mint_paused = false;
    bool borrow_paused = false;
    RUNNEL_FIELDS((collateral_factor, wad), (borrow_cap, smallest_unit_of_its("underlying")),
        (comp_supply_speed, smallest_unit_of_its("comp")),
        (comp_borrow_speed, smallest_unit_of_its("comp")), mint_paused, borrow_paused);
};

/// How much COMP a unit of supply, or of debt over its index, has earned so far.
struct CompState
{
    Amount supply_index;  // 1e36 at the start.
    Amount borrow_index;
    std::uint64_t supply_block = 0;
    std::uint64_t borrow_block = 0;
    RUNNEL_FIELDS((supply_index, other("1e-36")), (borrow_index, other("1e-36")),
        (supply_block, block_number), (borrow_block, block_number));
};

/// The markets an account has entered, in the order that the deployed contract keeps.
struct Membership
{
    ShortList<std::uint8_t, markets_max> markets;
    RUNNEL_FIELDS(markets);

    [[nodiscard]] bool has(std::size_t market) const noexcept;
    void enter(std::size_t market);
    /// Moves the last one into its place.
    void leave(std::size_t market) noexcept;
};

/// A market as the Comptroller lists it.
struct MarketSpec
{
    ContractId c_token{};
    MarketConfig config;
    ContractId underlying = no_contract;  // What it is to lend; no_contract: whatever it does.
};

/// getHypotheticalAccountLiquidity(), in 1e-18 USD: debt is what is owed and what a redemption or a
/// loan would add to it.
struct AccountLiquidity
{
    Code error = Code::none;
    Amount weighted_collateral;
    Amount debt;

    [[nodiscard]] Amount liquidity() const noexcept
    {
        return weighted_collateral > debt ? wrapping_sub(weighted_collateral, debt) : Amount{};
    }
    [[nodiscard]] Amount shortfall() const noexcept
    {
        return debt > weighted_collateral ? wrapping_sub(debt, weighted_collateral) : Amount{};
    }
};

/// What an account is to do, as if it had been done.
struct Hypothetical
{
    std::size_t market = markets_max;  // None.
    Amount redeem_tokens;
    Amount borrow_amount;
};

/// What the evaluation of an account needs of one market.
struct MarketFigures
{
    Amount exchange_rate;
    Amount borrow_index;
    Amount price;  // 1e-18 USD per 10^18 smallest units.
    Amount collateral_factor;
};

}  // namespace compound_v2

/// The Comptroller of Compound v2: which markets there are, who has entered which of them, what
/// they may do there, and COMP for those who use them. To others it is the lending market, whose
/// reserves are the underlying tokens of its cTokens.
///
/// Units: values in 1e-18 USD, prices in 1e-18 USD per 10^18 smallest units of the underlying,
/// factors in 1e-18. Rounding: every quotient down. Errors: reasons, or codes as the deployed code
/// returns them (errors.hpp).
/// Only what a call accrues is brought up to date: other markets of the same account count with the
/// interest of their last accrual.
/// Source: compound-finance/compound-protocol at a3214f67, contracts/Comptroller.sol. Not modelled:
/// guardians beside the admin, COMP for contributors and grants, markets listed later.
class CompoundV2Comptroller
  : public ContractBase<CompoundV2Comptroller, compound_v2::EnterMarkets, compound_v2::ExitMarket,
        compound_v2::ClaimComp, compound_v2::SetCollateralFactor, compound_v2::SetMintPaused,
        compound_v2::SetBorrowPaused, compound_v2::SetTransferPaused, compound_v2::SetSeizePaused,
        compound_v2::SetMarketBorrowCaps, compound_v2::SetCompSpeeds, compound_v2::SetCloseFactor,
        compound_v2::SetLiquidationIncentive>,
    public LendingMarket,
    public LendingPositions
{
public:
    struct Setup
    {
        ContractId oracle{};  // A price source, or a CompoundV2SimplePriceOracle.
        ContractId comp = no_contract;
        std::string admin;  // Name of the account, found by connect() or made by genesis().
        compound_v2::ComptrollerSettings settings;
        std::uint64_t first_block = 0;
        std::uint64_t block_offset = 0;    // See contracts/kit/block_offset.hpp.
        std::uint64_t block_seconds = 12;  // What views count on between blocks.
    };
    CompoundV2Comptroller(ContractIdentity identity, Setup setup,
        const std::vector<compound_v2::MarketSpec>& markets);

    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }
    void connect(World& world) override;
    void genesis(const Parameters& parameters, GenesisBuilder& builder) override;
    void snapshot(SnapshotContext& context) const override;
    /// Whoever owes in a market has entered it; a market lends what it is to lend.
    void check_invariants(const World& world, Findings& findings) const override;

    // --- Committed state -------------------------------------------------------------------------

    [[nodiscard]] std::size_t market_count() const noexcept { return markets_.size(); }
    [[nodiscard]] const CompoundV2CToken& market(std::size_t market) const
    {
        return *markets_.at(market).c_token;
    }
    [[nodiscard]] std::optional<std::size_t> find_market(ContractId c_token) const noexcept;
    [[nodiscard]] const compound_v2::ComptrollerSettings& settings() const noexcept
    {
        return settings_.get(0);
    }
    [[nodiscard]] const compound_v2::MarketConfig& config(std::size_t market) const noexcept
    {
        return configs_.get(market);
    }
    [[nodiscard]] const compound_v2::CompState& comp_state(std::size_t market) const noexcept
    {
        return comp_states_.get(market);
    }
    [[nodiscard]] const compound_v2::Membership& membership(AccountId user) const noexcept
    {
        return memberships_.get(user);
    }
    [[nodiscard]] const Amount& comp_accrued(AccountId user) const noexcept
    {
        return comp_accrued_.get(user);
    }
    [[nodiscard]] AccountId admin() const noexcept { return admin_; }
    /// getUnderlyingPrice().
    [[nodiscard]] Amount price(std::size_t market) const;
    /// getAccountLiquidity(), with what markets have stored.
    [[nodiscard]] Result<compound_v2::AccountLiquidity> account_liquidity(AccountId user) const;

    // --- What cTokens ask (hooks) ----------------------------------------------------------------
    // They credit COMP where the deployed ones do.

    using Code = compound_v2::Code;
    Result<Code> mint_allowed(CallContext& context, std::size_t market, AccountId minter);
    Result<Code> redeem_allowed(
        CallContext& context, std::size_t market, AccountId redeemer, const Amount& tokens);
    Result<Code> borrow_allowed(
        CallContext& context, std::size_t market, AccountId borrower, const Amount& amount);
    Result<Code> repay_allowed(CallContext& context, std::size_t market, AccountId borrower);
    Result<Code> liquidate_allowed(
        CallContext& context, std::size_t market, AccountId borrower, const Amount& repay_amount);
    Result<Code> seize_allowed(
        CallContext& context, std::size_t market, AccountId liquidator, AccountId borrower);
    Result<Code> transfer_allowed(CallContext& context, std::size_t market, AccountId from,
        AccountId to, const Amount& tokens);
    /// liquidateCalculateSeizeTokens():
    ///
    ///     ratio = (incentive * price of debt / 1e18) * 1e18 / (price of collateral * rate / 1e18)
    ///     tokens = ratio * repaid / 1e18
    ///
    /// A price of 0 is refused as the deployed cToken words it.
    [[nodiscard]] Result<Amount> seize_tokens(
        CallContext& context, std::size_t debt, std::size_t collateral, const Amount& repaid) const;
    [[nodiscard]] CompoundV2CToken* find_c_token(ContractId id) noexcept;

    // Accesses of cTokens' calls (declare.cpp).
    void declare_market(AccessCollector& access, std::size_t market) const;
    /// What is looked at to evaluate the account, in the markets that it had entered after the last
    /// block and in @p market.
    void declare_account(AccessCollector& access, std::size_t market, AccountId user) const;
    void declare_entry(AccessCollector& access, AccountId user) const;
    void declare_comp(AccessCollector& access, AccountId user) const;
    void declare_price(AccessCollector& access, std::size_t market) const;
    void declare_settings(AccessCollector& access) const;

    // Rows of the lending sector, for what a cToken has just done.
    void record_supply(CallContext& context, std::size_t market, AccountId user,
        const Amount& amount, bool is_withdrawal) const;
    void record_borrow(
        CallContext& context, std::size_t market, AccountId user, const Amount& amount) const;
    void record_repay(CallContext& context, std::size_t market, AccountId payer, AccountId borrower,
        const Amount& amount) const;
    struct LiquidationRecord
    {
        AccountId liquidator{};
        AccountId borrower{};
        std::size_t debt = 0;
        std::size_t collateral = 0;
        Amount repaid;
        Amount tokens;  // To the liquidator.
        Amount fee;     // Underlying, to the reserves.
    };
    void record_liquidation(CallContext& context, const LiquidationRecord& record) const;
    /// What the account has and owes, in the market and over all.
    void record_account(CallContext& context, std::size_t market, AccountId user) const;

    // --- What any lending market offers (comptroller_market.cpp) ---------------------------------

    [[nodiscard]] std::unique_ptr<const LendingView> view_at(
        std::uint64_t timestamp) const override;
    [[nodiscard]] Result<Amount> supplied(
        CallContext& context, AccountId user, std::size_t reserve) const override;
    [[nodiscard]] std::optional<std::size_t> find_reserve(ContractId token) const noexcept override;
    [[nodiscard]] UnitOfAccount unit_of_account() const noexcept override
    {
        return {no_contract, 18};
    }
    [[nodiscard]] ContractId price_source() const noexcept override
    {
        return feed_ != nullptr ? setup_.oracle : no_contract;
    }
    /// The reserve's cToken.
    [[nodiscard]] AccountId spender_of(std::size_t reserve) const noexcept override
    {
        return markets_[reserve].c_token->account();
    }
    [[nodiscard]] CallGas gas_of(LendingAction action) const noexcept override;
    /// Mints for the sender, who must be @p on_behalf_of, and enters the market if what is in it
    /// can secure debt.
    void add_supply(CallWriter& calls, std::size_t reserve, const Amount& amount,
        AccountId on_behalf_of) const override;
    /// Redeems for the sender, who must be @p to.
    void add_withdraw(
        CallWriter& calls, std::size_t reserve, const Amount& amount, AccountId to) const override;
    void add_borrow(CallWriter& calls, std::size_t reserve, const Amount& amount) const override;
    void add_repay(CallWriter& calls, std::size_t reserve, const Amount& amount,
        AccountId debtor) const override;
    /// Liquidates, and redeems the cTokens that come of it. No more is repaid than the collateral
    /// is enough for: beyond that the deployed contract refuses.
    void add_liquidation(CallWriter& calls, const LiquidationOrder& order) const override;

    // --- Calls -----------------------------------------------------------------------------------

    using ContractBase::declare;
    using ContractBase::execute;
    void declare(const compound_v2::EnterMarkets&, AccountId, AccessCollector&) const;
    Result<Returns> execute(const compound_v2::EnterMarkets& call, CallContext& context);
    Result<Returns> execute(const compound_v2::ExitMarket& call, CallContext& context);
    Result<Returns> execute(const compound_v2::ClaimComp& call, CallContext& context);
    Result<Returns> execute(const compound_v2::SetCollateralFactor& call, CallContext& context);
    Result<Returns> execute(const compound_v2::SetMintPaused& call, CallContext& context);
    Result<Returns> execute(const compound_v2::SetBorrowPaused& call, CallContext& context);
    Result<Returns> execute(const compound_v2::SetTransferPaused& call, CallContext& context);
    Result<Returns> execute(const compound_v2::SetSeizePaused& call, CallContext& context);
    Result<Returns> execute(const compound_v2::SetMarketBorrowCaps& call, CallContext& context);
    Result<Returns> execute(const compound_v2::SetCompSpeeds& call, CallContext& context);
    Result<Returns> execute(const compound_v2::SetCloseFactor& call, CallContext& context);
    Result<Returns> execute(const compound_v2::SetLiquidationIncentive& call, CallContext& context);

    // --- Evaluation, once for execution and for views --------------------------------------------

    /// @p figures_of: Result<MarketFigures> of a market by its number.
    template <typename Reader, typename FiguresOf>
    [[nodiscard]] Result<compound_v2::AccountLiquidity> evaluate(Reader& reader, AccountId user,
        const FiguresOf& figures_of, const compound_v2::Hypothetical& next) const;
    template <typename Reader>
    [[nodiscard]] Amount price(Reader& reader, std::size_t market) const;

private:
    struct Market
    {
        ContractId id{};
        ContractId underlying = no_contract;  // See MarketSpec.
        CompoundV2CToken* c_token = nullptr;
    };

    [[nodiscard]] Result<compound_v2::AccountLiquidity> liquidity(
        CallContext& context, AccountId user, const compound_v2::Hypothetical& next) const;
    /// redeemAllowedInternal().
    [[nodiscard]] Result<Code> may_redeem(
        CallContext& context, std::size_t market, AccountId user, const Amount& tokens) const;
    [[nodiscard]] bool is_deprecated(CallContext& context, std::size_t market) const;
    void enter(CallContext& context, std::size_t market, AccountId user);
    [[nodiscard]] Result<void> require_admin(CallContext& context, std::string_view reason) const;
    [[nodiscard]] Result<std::size_t> require_listed(
        ContractId c_token, std::string_view reason) const;
    Returns failure(CallContext& context, Code code, compound_v2::FailureInfo info,
        const Amount& detail = {}) const;

    // comp.cpp: COMP.
    Result<void> update_supply_index(CallContext& context, std::size_t market);
    Result<void> update_borrow_index(CallContext& context, std::size_t market);
    Result<void> credit_supplier(CallContext& context, std::size_t market, AccountId supplier);
    Result<void> credit_borrower(CallContext& context, std::size_t market, AccountId borrower);

    /// The most of @p debt that the borrower's cTokens of @p collateral are enough for, at the
    /// exchange rate of its last accrual.
    [[nodiscard]] Amount coverable(const LiquidationOrder& order) const;
    friend class ComptrollerView;

    Setup setup_;
    std::vector<Market> markets_;
    const PriceSource* feed_ = nullptr;
    const CompoundV2SimplePriceOracle* simple_ = nullptr;
    Token* comp_ = nullptr;
    AccountId admin_{};
    Table<compound_v2::ComptrollerSettings> settings_;  // Record 0.
    Table<compound_v2::MarketConfig> configs_;          // By market.
    Table<compound_v2::CompState> comp_states_;         // By market.
    Table<compound_v2::Membership> memberships_;        // By account.
    Table<Amount> comp_accrued_;                        // By account.
};

template <typename Reader>
Amount CompoundV2Comptroller::price(Reader& reader, std::size_t market) const
{
    const auto& c_token = *markets_[market].c_token;
    if (simple_ != nullptr)
        return reader.read(simple_->prices(), index(c_token.underlying()));
    // 1e-8 USD per whole token, of which there are 10^(18 - decimals) in 10^18 smallest units.
    const auto& usd = reader.read(feed_->prices(), index(c_token.underlying())).price;
    const auto scaled = Checked{usd} * Amount::power_of_ten(28 - c_token.underlying_decimals());
    return scaled.ok() ? scaled.value : Amount{};
}

template <typename Reader, typename FiguresOf>
Result<compound_v2::AccountLiquidity> CompoundV2Comptroller::evaluate(Reader& reader,
    AccountId user, const FiguresOf& figures_of, const compound_v2::Hypothetical& next) const
{
    using compound_v2::multiply_down;
    compound_v2::AccountLiquidity result;
    Checked collateral{0};
    Checked debt{0};
    for (const auto market : reader.read(memberships_, user).markets)
    {
        const auto& c_token = *markets_[market].c_token;
        const compound_v2::MarketFigures figures = RUNNEL_TRY(figures_of(market));
        const auto& tokens = reader.read(c_token.balances(), user);
        const auto owed = RUNNEL_TRY(compound_v2::borrow_balance_down(
            reader.read(c_token.debts(), user), figures.borrow_index));
        if (figures.price.is_zero())
        {
            result.error = Code::price_error;
            return result;
        }
        const auto value_per_token = RUNNEL_TRY(multiply_down(
            multiply_down(figures.collateral_factor, figures.exchange_rate), figures.price));
        collateral = multiply_down(value_per_token, tokens) + collateral;
        debt = multiply_down(figures.price, owed) + debt;
        if (market == next.market)
        {
            debt = multiply_down(value_per_token, next.redeem_tokens) + debt;
            debt = multiply_down(figures.price, next.borrow_amount) + debt;
        }
        collateral = RUNNEL_TRY(collateral);
        debt = RUNNEL_TRY(debt);
    }
    result.weighted_collateral = collateral.value;
    result.debt = debt.value;
    return result;
}

}  // namespace runnel::contracts
