#include "contracts/kit/sectors/rows.hpp"
#include "contracts/lending/aave_v3/errors.hpp"
#include "contracts/lending/aave_v3/events.hpp"
#include "contracts/lending/aave_v3/pool.hpp"
#include "contracts/lending/aave_v3/pool_account.hpp"
#include "state/world.hpp"

#include <algorithm>

namespace runnel::contracts
{

using namespace aave_v3;

namespace
{
constexpr Amount close_factor_threshold{950'000'000'000'000'000ULL};  // Wad.
constexpr std::uint64_t close_factor_default_bps = 5'000;
constexpr std::uint64_t close_factor_max_bps = 10'000;
}  // namespace

Checked AaveV3Pool::max_liquidatable_debt(const Checked& debt, const Amount& health_factor) const
{
    const auto by_health =
        health_factor > close_factor_threshold ? close_factor_default_bps : close_factor_max_bps;
    return percent_mul_half_up(debt, close_factor_bps_ != 0 ? close_factor_bps_ : by_health);
}

/// What @p debt_to_cover buys of a collateral balance.
///
///     base = debt price * debt to cover * collateral unit / (collateral price * debt unit)
///     collateral = percent_mul_half_up(base, bonus)
///
/// and where that is more than the balance, all of it for
///
///     debt = percent_div_half_up(collateral price * balance * debt unit / (debt price * collateral
///     unit),
///                bonus)
///
/// The fee is percent_mul_half_up() of what is above percent_div_half_up(collateral, bonus).
Result<LiquidationAmounts> AaveV3Pool::liquidation_amounts(std::size_t collateral, std::size_t debt,
    const ReserveConfig& config, const Amount& collateral_price, const Amount& debt_price,
    const Amount& debt_to_cover, const Amount& balance) const
{
    const auto& collateral_unit = reserves_[collateral].unit;
    const auto& debt_unit = reserves_[debt].unit;
    const std::uint64_t bonus = config.liquidation_bonus_bps;
    LiquidationAmounts amounts;
    const auto base = Checked{debt_price} * debt_to_cover * collateral_unit /
                      (Checked{collateral_price} * debt_unit);
    amounts.collateral = RUNNEL_TRY(percent_mul_half_up(base, bonus));
    amounts.debt = debt_to_cover;
    if (amounts.collateral > balance)
    {
        amounts.collateral = balance;
        amounts.debt =
            RUNNEL_TRY(percent_div_half_up(Checked{collateral_price} * balance * debt_unit /
                                               (Checked{debt_price} * collateral_unit),
                bonus));
    }
    if (config.liquidation_protocol_fee_bps != 0)
    {
        const auto above =
            Checked{amounts.collateral} - percent_div_half_up(amounts.collateral, bonus);
        amounts.fee = RUNNEL_TRY(percent_mul_half_up(above, config.liquidation_protocol_fee_bps));
        amounts.collateral = RUNNEL_TRY(Checked{amounts.collateral} - amounts.fee);
    }
    return amounts;
}

Result<Returns> AaveV3Pool::execute(const LiquidationCall& call, CallContext& context)
{
    const auto d = RUNNEL_TRY(require_reserve(call.debt_asset, Refusal::empty()));
    const auto c =
        RUNNEL_TRY(require_reserve(call.collateral_asset, refusal(errors::reserve_inactive)));
    RUNNEL_REQUIRE(
        index(call.user) < context.world().account_count(), Refusal::ledger("no such account"));
    if (is_v37())
        return liquidate_v37(call, context);
    const auto liquidator = context.sender();
    auto& debt_reserve = reserves_[d];
    const auto& collateral_reserve = reserves_[c];
    const auto& collateral_config = context.read(configs_, c);
    auto& debt_state = *RUNNEL_TRY(accrue(context, d));

    context.use_gas(gas::liquidation_reserves);
    use_evaluation_gas(context, call.user);
    const auto data = RUNNEL_TRY(evaluate(context, call.user));
    auto& debt_position = context.write(*debt_reserve.positions, call.user);
    const auto user_debt =
        RUNNEL_TRY(ray_mul_half_up(debt_position.debt_scaled, debt_state.variable_borrow_index));
    const auto covered = std::min(
        call.debt_to_cover, RUNNEL_TRY(max_liquidatable_debt(user_debt, data.health_factor)));

    RUNNEL_REQUIRE(!collateral_config.paused && !context.read(configs_, d).paused,
        Refusal::error(errors::reserve_paused));
    RUNNEL_REQUIRE(
        data.health_factor < wad, Refusal::error(errors::health_factor_not_below_threshold));
    const auto& user_config = context.read(user_configs_, call.user);
    RUNNEL_REQUIRE(collateral_config.liquidation_threshold_bps != 0 && user_config.is_collateral(c),
        Refusal::error(errors::collateral_cannot_be_liquidated));
    RUNNEL_REQUIRE(!user_debt.is_zero(), Refusal::error(errors::currency_not_borrowed_by_user));

    const auto& prices = oracle_->prices();
    const auto collateral_price = context.read(prices, index(collateral_reserve.token_id)).price;
    const auto debt_price = context.read(prices, index(debt_reserve.token_id)).price;
    const auto balance = RUNNEL_TRY(
        ray_mul_half_up(context.read(*collateral_reserve.positions, call.user).supplied_scaled,
            normalized_income(context.read(states_, c), context.block().timestamp)));
    const auto amounts = RUNNEL_TRY(liquidation_amounts(
        c, d, collateral_config, collateral_price, debt_price, covered, balance));

    context.use_gas(gas::liquidation_amounts);
    if (c == d || call.receive_a_token)
        context.save_gas(gas::liquidation_inside_saves);
    if (user_debt == amounts.debt)
        context.write(user_configs_, call.user).set_borrowing(d, false);
    if (RUNNEL_TRY(Checked{amounts.collateral} + amounts.fee) == balance)
        set_collateral(context, call.user, c, false);
    RUNNEL_TRY(burn_scaled(debt_position.debt_scaled, debt_state.scaled_debt, amounts.debt,
        debt_state.variable_borrow_index));
    RUNNEL_TRY(refresh_rates(context, d, amounts.debt, 0));
    RUNNEL_TRY(pay_out_collateral(context, c, call.user, amounts.collateral, call.receive_a_token));
    if (!amounts.fee.is_zero())
        RUNNEL_TRY(pay_protocol_fee(context, c, call.user, amounts.fee));
    context.use_gas(gas::liquidation_payout);
    RUNNEL_TRY(pull(context, d, liquidator, amounts.debt));
    if (c == d && !call.receive_a_token)
        debt_state.rates_stale = true;  // They were computed before the repaid tokens arrived.

    record_liquidation(context, call, amounts, collateral_price, debt_price);
    record_balance(context, call.user, c);
    if (c != d)
        record_balance(context, call.user, d);
    record_position(context, call.user);
    if (call.receive_a_token && liquidator != call.user)
    {
        record_balance(context, liquidator, c);
        record_position(context, liquidator);
    }
    if (!amounts.fee.is_zero())
        record_balance(context, treasury_, c);
    return Returns{amounts.debt, amounts.collateral};
}

void AaveV3Pool::record_liquidation(CallContext& context, const LiquidationCall& call,
    const LiquidationAmounts& amounts, const Amount& collateral_price,
    const Amount& debt_price) const
{
    const auto liquidator = context.sender();
    const auto collateral = call.collateral_asset;
    const auto debt = call.debt_asset;
    const auto& collateral_unit = reserves_[*find_reserve(collateral)].unit;
    const auto& debt_unit = reserves_[*find_reserve(debt)].unit;
    context.emit(id(), LiquidationCallLog{collateral, debt, call.user, amounts.debt,
                           amounts.collateral, liquidator, call.receive_a_token});
    LendingBorrow borrow_row;
    borrow_row.transaction_type = LendingBorrowType::borrow_liquidation;
    borrow_row.token = debt;
    borrow_row.borrower = call.user;
    borrow_row.on_behalf_of = call.user;
    borrow_row.repayer = liquidator;
    borrow_row.liquidator = liquidator;
    borrow_row.amount_raw = amounts.debt;
    context.emit(id(), borrow_row);
    LendingSupply supply_row;
    supply_row.transaction_type = LendingSupplyType::supply_liquidation;
    supply_row.token = collateral;
    supply_row.depositor = call.user;
    supply_row.on_behalf_of = call.user;
    supply_row.withdrawn_to = liquidator;
    supply_row.liquidator = liquidator;
    supply_row.amount_raw = amounts.collateral;
    context.emit(id(), supply_row);
    LendingLiquidation row;
    row.borrower = call.user;
    row.liquidator = liquidator;
    row.collateral_token = collateral;
    row.debt_token = debt;
    row.collateral_amount_raw = amounts.collateral;
    row.protocol_fee_raw = amounts.fee;
    row.debt_amount_raw = amounts.debt;
    row.collateral_value = (Checked{amounts.collateral} * collateral_price / collateral_unit).value;
    row.debt_value = (Checked{amounts.debt} * debt_price / debt_unit).value;
    context.emit(id(), row);
}

Result<void> AaveV3Pool::pay_out_collateral(CallContext& context, std::size_t collateral,
    AccountId user, const Amount& amount, bool receive_a_token)
{
    const auto liquidator = context.sender();
    auto& reserve = reserves_[collateral];
    auto& position = context.write(*reserve.positions, user);
    if (!receive_a_token)
    {
        auto& state = *RUNNEL_TRY(accrue(context, collateral));
        RUNNEL_TRY(refresh_rates(context, collateral, 0, amount));
        RUNNEL_TRY(burn_scaled(
            position.supplied_scaled, state.scaled_supply, amount, state.liquidity_index));
        return liquidator == account() ? Result<void>{}
                                       : send(context, collateral, liquidator, amount);
    }
    const auto income =
        RUNNEL_TRY(normalized_income(context.read(states_, collateral), context.block().timestamp));
    auto& taker = context.write(*reserve.positions, liquidator);
    const auto taker_before = RUNNEL_TRY(ray_mul_half_up(taker.supplied_scaled, income));
    RUNNEL_TRY(move_scaled(position.supplied_scaled, taker.supplied_scaled, amount, income));
    if (taker_before.is_zero() && context.read(configs_, collateral).ltv_bps != 0)
        set_collateral(context, liquidator, collateral, true);
    return {};
}

Result<void> AaveV3Pool::pay_protocol_fee(
    CallContext& context, std::size_t collateral, AccountId user, const Amount& fee)
{
    const auto income =
        RUNNEL_TRY(normalized_income(context.read(states_, collateral), context.block().timestamp));
    auto& position = context.write(*reserves_[collateral].positions, user);
    auto& treasury = context.write(*reserves_[collateral].positions, treasury_);
    auto moved = fee;
    // What is left of the balance may be short by a rounding.
    if (RUNNEL_TRY(ray_div_half_up(fee, income)) > position.supplied_scaled)
        moved = RUNNEL_TRY(ray_mul_half_up(position.supplied_scaled, income));
    return move_scaled(position.supplied_scaled, treasury.supplied_scaled, moved, income);
}

Amount AaveV3Pool::liquidatable_debt(
    AccountId user, std::size_t reserve, const MarketView& market) const
{
    if (!user_config(user).is_borrowing(reserve))
        return {};
    if (is_v37())
        return liquidatable_debt_v37(user, reserve, market);
    const auto factor = health_factor(user, market);
    if (factor >= wad)
        return {};
    return max_liquidatable_debt(balance(user, reserve, market).debt, factor).value;
}

std::optional<LiquidationQuote> AaveV3Pool::quote_liquidation(std::size_t collateral,
    std::size_t debt, AccountId user, const Amount& debt_to_cover, bool receive_a_token,
    const MarketView& market) const
{
    const auto& config = reserve_config(collateral);
    if (config.paused || reserve_config(debt).paused || config.liquidation_threshold_bps == 0 ||
        !user_config(user).is_collateral(collateral))
        return std::nullopt;
    if (is_v37())
        return quote_liquidation_v37(
            collateral, debt, user, debt_to_cover, receive_a_token, market);
    const auto covered = std::min(debt_to_cover, liquidatable_debt(user, debt, market));
    if (covered.is_zero())
        return std::nullopt;
    const auto& in = market.reserves.at(collateral);
    const auto& out = market.reserves.at(debt);
    const auto amounts = liquidation_amounts(collateral, debt, config, in.price, out.price, covered,
        balance(user, collateral, market).supplied);
    if (!amounts.has_value())
        return std::nullopt;
    const bool burns =
        !ray_div_half_up(amounts->debt, out.debt).value.is_zero() &&
        (receive_a_token || (!ray_div_half_up(amounts->collateral, in.income).value.is_zero() &&
                                amounts->collateral <= cash(collateral)));
    if (!burns)
        return std::nullopt;
    LiquidationQuote quote{*amounts, {}, {}};
    quote.debt_value = (Checked{amounts->debt} * out.price / reserves_[debt].unit).value;
    quote.collateral_value =
        (Checked{amounts->collateral} * in.price / reserves_[collateral].unit).value;
    return quote;
}

}  // namespace runnel::contracts
