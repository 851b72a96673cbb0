#include "contracts/lending/aave_v3/pool.hpp"

#include <algorithm>

/// The pool as strategies know it: a lending market like any other.
namespace runnel::contracts
{

using namespace aave_v3;

namespace
{
double share_of_bps(std::uint16_t bps)
{
    return bps / 1e4;
}

Amount saturating_sub(const Amount& a, const Amount& b)
{
    return a > b ? wrapping_sub(a, b) : Amount{};
}

Amount saturating(const Checked& amount)
{
    return amount.ok() ? amount.value : Amount::max();
}

/// Whether the state could be brought to a time, which it was.
bool brought_to(
    Version version, ReserveState& state, const ReserveConfig& config, std::uint64_t timestamp)
{
    const auto factor = config.reserve_factor_bps;
    return (version == Version::v3_7 ? update_state_v37(state, factor, timestamp)
                                     : update_state(state, factor, timestamp))
        .has_value();
}

/// What may still be supplied: nothing while paused or frozen, else up to the cap.
Amount supply_room(Version version, const ReserveConfig& config, ReserveState state,
    const Amount& unit, std::uint64_t timestamp)
{
    if (config.paused || config.frozen)
        return {};
    if (config.supply_cap == 0)
        return Amount::max();
    if (!brought_to(version, state, config, timestamp))
        return {};
    const auto owned = supplied_of(
        version, Checked{state.scaled_supply} + state.accrued_to_treasury, state.liquidity_index);
    return saturating_sub(saturating(Checked{config.supply_cap} * unit), saturating(owned));
}

/// What may still be borrowed: nothing unless it is lent, else the cash up to the cap.
Amount borrow_room(
    const ReserveConfig& config, const Amount& cash, const Amount& debt, const Amount& unit)
{
    if (config.paused || config.frozen || !config.borrowing_enabled)
        return {};
    if (config.borrow_cap == 0)
        return cash;
    return std::min(cash, saturating_sub(saturating(Checked{config.borrow_cap} * unit), debt));
}

/// What the treasury could claim if the reserve were touched now; 0 where its interest no longer
/// fits.
Amount treasury_claim(
    Version version, ReserveState state, const ReserveConfig& config, std::uint64_t timestamp)
{
    if (!brought_to(version, state, config, timestamp))
        return {};
    const auto claim = supplied_of(version, state.accrued_to_treasury, state.liquidity_index);
    return claim.ok() ? claim.value : Amount{};
}

LendingReserveInfo describe_reserve(
    const AaveV3Pool& pool, std::size_t reserve, const MarketView& market)
{
    const auto& state = pool.reserve_state(reserve);
    const auto& config = pool.reserve_config(reserve);
    LendingReserveInfo info;
    info.token = pool.reserve_token(reserve);
    info.unit = pool.reserve_unit(reserve);
    info.price = market.reserves[reserve].price;
    info.cash = pool.cash(reserve);
    // Of v3.7: what was donated stays.
    if (pool.version() == Version::v3_7)
        info.cash = std::min(info.cash, pool.reserve_extra(reserve).virtual_balance);
    info.total_supplied = pool.total_supplied(reserve, market);
    info.total_debt = pool.total_debt(reserve, market);
    info.treasury_claim = treasury_claim(pool.version(), state, config, market.timestamp);
    info.borrow_room = borrow_room(config, info.cash, info.total_debt, info.unit);
    info.supply_room = supply_room(pool.version(), config, state, info.unit, market.timestamp);
    info.supply_index = market.reserves[reserve].income.value;
    info.borrow_index = market.reserves[reserve].debt.value;
    info.supply_rate = state.liquidity_rate;
    info.borrow_rate = state.variable_borrow_rate;
    info.ltv = share_of_bps(config.ltv_bps);
    info.threshold = share_of_bps(config.liquidation_threshold_bps);
    if (config.liquidation_threshold_bps != 0)
        info.bonus = share_of_bps(config.liquidation_bonus_bps) - 1;
    return info;
}

class PoolView final : public LendingView
{
public:
    PoolView(const AaveV3Pool& pool, MarketView market, std::vector<LendingReserveInfo> reserves)
      : LendingView{std::move(reserves)}, pool_{pool}, market_{std::move(market)}
    {}

    std::vector<AccountId> accounts() const override { return pool_.accounts(); }
    std::vector<AccountId> borrowers() const override { return pool_.borrowers(); }
    LendingHolding holding(AccountId user, std::size_t reserve) const override
    {
        const auto balance = pool_.balance(user, reserve, market_);
        return {balance.supplied, balance.debt, balance.used_as_collateral};
    }
    LendingHealth health(AccountId user) const override
    {
        const auto data = pool_.account_data(user, market_);
        return {data.collateral, data.debt, data.ltv.to_double() / 1e4,
            data.liquidation_threshold.to_double() / 1e4, data.health_factor};
    }
    Amount max_liquidatable_debt(AccountId user, std::size_t reserve) const override
    {
        return pool_.liquidatable_debt(user, reserve, market_);
    }
    std::optional<LiquidationPreview> preview_liquidation(
        const LiquidationOrder& order) const override
    {
        const auto quote = pool_.quote_liquidation(
            order.collateral, order.debt, order.borrower, order.debt_to_cover, false, market_);
        if (!quote)
            return std::nullopt;
        return LiquidationPreview{quote->debt, quote->collateral, quote->fee};
    }
    std::optional<Amount> flash_fee(std::size_t reserve, const Amount& amount) const override
    {
        const auto& config = pool_.reserve_config(reserve);
        const auto bps = pool_.settings().flash_loan_premium_total_bps;
        const auto fee = pool_.version() == Version::v3_7 ? percent_mul_up(amount, bps)
                                                          : percent_mul_half_up(amount, bps);
        if (config.paused || !config.flash_loan_enabled || amount > this->reserve(reserve).cash ||
            !fee.ok())
            return std::nullopt;
        return fee.value;
    }

private:
    const AaveV3Pool& pool_;
    MarketView market_;
};
}  // namespace

std::unique_ptr<const LendingView> AaveV3Pool::view_at(std::uint64_t timestamp) const
{
    auto now = market(timestamp);
    std::vector<LendingReserveInfo> reserves;
    reserves.reserve(reserves_.size());
    for (std::size_t i = 0; i < reserves_.size(); ++i)
        reserves.push_back(describe_reserve(*this, i, now));
    return std::make_unique<PoolView>(*this, std::move(now), std::move(reserves));
}

Result<Amount> AaveV3Pool::supplied(CallContext& context, AccountId user, std::size_t reserve) const
{
    const auto index = normalized_income(context.read(states_, reserve), context.block().timestamp);
    const auto& scaled = context.read(*reserves_.at(reserve).positions, user).supplied_scaled;
    return RUNNEL_TRY(supplied_of(version_, scaled, index));
}

Amount AaveV3Pool::deficit(CallContext& context, std::size_t reserve) const
{
    return is_v37() ? context.read(*extras_, reserve).deficit : Amount{};
}

Result<Amount> AaveV3Pool::total_supplied(CallContext& context, std::size_t reserve) const
{
    const auto& state = context.read(states_, reserve);
    const auto index = normalized_income(state, context.block().timestamp);
    return RUNNEL_TRY(supplied_of(version_, state.scaled_supply, index));
}

CallGas AaveV3Pool::gas_of(LendingAction action) const noexcept
{
    // Most accounts have one collateral and one debt.
    constexpr auto saved = (gas::counted - 1) * (gas::no_collateral_saves + gas::no_debt_saves);
    switch (action)
    {
        case LendingAction::supply: return {Supply::gas, 0};
        case LendingAction::withdraw: return {Withdraw::gas - saved, 0};
        case LendingAction::borrow: return {Borrow::gas - saved, 0};
        case LendingAction::repay: return {Repay::gas, 0};
        case LendingAction::liquidate: return {LiquidationCall::gas - saved, 0};
        case LendingAction::flash_borrow: return {FlashLoanSimple::gas, 0};
    }
    return {};
}

void AaveV3Pool::add_supply(
    CallWriter& calls, std::size_t reserve, const Amount& amount, AccountId on_behalf_of) const
{
    calls.add(id(), Supply{reserve_token(reserve), amount, on_behalf_of});
}

void AaveV3Pool::add_withdraw(
    CallWriter& calls, std::size_t reserve, const Amount& amount, AccountId to) const
{
    calls.add(id(), Withdraw{reserve_token(reserve), amount, to});
}

void AaveV3Pool::add_borrow(CallWriter& calls, std::size_t reserve, const Amount& amount) const
{
    calls.add(id(), Borrow{reserve_token(reserve), amount, rate_mode_variable});
}

void AaveV3Pool::add_repay(
    CallWriter& calls, std::size_t reserve, const Amount& amount, AccountId debtor) const
{
    calls.add(id(), Repay{reserve_token(reserve), amount, rate_mode_variable, debtor});
}

void AaveV3Pool::add_liquidation(CallWriter& calls, const LiquidationOrder& order) const
{
    calls.add(id(), LiquidationCall{reserve_token(order.collateral), reserve_token(order.debt),
                        order.borrower, order.debt_to_cover, false});
}

void AaveV3Pool::add_flash_borrow(
    CallWriter& calls, std::size_t reserve, const Amount& amount, CallList nested) const
{
    calls.add(id(), FlashLoanSimple{reserve_token(reserve), amount, nested, true});
}

}  // namespace runnel::contracts
