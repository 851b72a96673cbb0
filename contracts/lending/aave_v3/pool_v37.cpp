#include "contracts/kit/sectors/rows.hpp"
#include "contracts/lending/aave_v3/errors.hpp"
#include "contracts/lending/aave_v3/events.hpp"
#include "contracts/lending/aave_v3/pool.hpp"
#include "contracts/lending/aave_v3/pool_account.hpp"
#include "state/world.hpp"

#include <algorithm>
#include <utility>

/// The calls of v3.7 where they differ from those of v3.0.2: every amount is rounded in favour of
/// the pool, checks come in another order, and bad debt that nothing secures is written off.
/// Source: aave-dao/aave-v3-origin at fd1fbd91, src/contracts/protocol/libraries/logic.
namespace runnel::contracts
{

using namespace aave_v3;

namespace
{
constexpr Amount close_factor_threshold{950'000'000'000'000'000ULL};  // Wad.
constexpr std::uint64_t close_factor_bps = 5'000;
/// Positions below this are liquidated as a whole; 1e-8 USD.
constexpr std::uint64_t small_position = 200'000'000'000;
/// And what a liquidation leaves of either side is worth at least this.
constexpr std::uint64_t left_at_least = 100'000'000'000;
constexpr unsigned balance_bits = 120;
}  // namespace

Result<Returns> AaveV3Pool::supply_v37(const Supply& call, CallContext& context)
{
    const auto i = *find_reserve(call.asset);
    auto& reserve = reserves_[i];
    const auto& config = context.read(configs_, i);
    auto& state = *RUNNEL_TRY(accrue(context, i));
    const auto scaled = RUNNEL_TRY(ray_div_down(call.amount, state.liquidity_index));
    RUNNEL_REQUIRE(!scaled.is_zero(), refusal(errors::invalid_amount));
    RUNNEL_REQUIRE(!config.paused, refusal(errors::reserve_paused));
    RUNNEL_REQUIRE(!config.frozen, refusal(errors::reserve_frozen));
    if (config.supply_cap != 0)
    {
        context.use_gas(gas::supply_cap);
        const auto supplied = RUNNEL_TRY(
            ray_mul_down(Checked{state.scaled_supply} + scaled + state.accrued_to_treasury,
                state.liquidity_index));
        RUNNEL_REQUIRE(supplied <= RUNNEL_TRY(Checked{config.supply_cap} * reserve.unit),
            refusal(errors::supply_cap_exceeded));
    }
    RUNNEL_TRY(refresh_rates(context, i, call.amount, 0));
    context.use_gas(gas::supply_rates);
    RUNNEL_TRY(pull(context, i, context.sender(), call.amount));
    auto& position = context.write(*reserve.positions, call.on_behalf_of);
    const bool is_first = position.supplied_scaled.is_zero();
    RUNNEL_TRY(mint_v37(position.supplied_scaled, state.scaled_supply, scaled));
    if (is_first && config.ltv_bps != 0)
        set_collateral(context, call.on_behalf_of, i, true);
    if (!is_first)
        context.save_gas(gas::supply_again_saves);
    record_supply(context, i, call.on_behalf_of, call.amount);
    return Returns{};
}

Result<Returns> AaveV3Pool::withdraw_v37(const Withdraw& call, CallContext& context)
{
    const auto i = *find_reserve(call.asset);
    const auto user = context.sender();
    auto& state = *RUNNEL_TRY(accrue(context, i));
    auto& position = context.write(*reserves_[i].positions, user);
    context.use_gas(gas::withdraw_balance);
    const bool is_all = call.amount == Amount::max();
    const Amount scaled = is_all ? position.supplied_scaled
                                 : RUNNEL_TRY(ray_div_up(call.amount, state.liquidity_index));
    const Amount amount =
        is_all ? RUNNEL_TRY(ray_mul_down(scaled, state.liquidity_index)) : call.amount;
    RUNNEL_REQUIRE(!scaled.is_zero(), refusal(errors::invalid_amount));
    RUNNEL_REQUIRE(
        scaled <= position.supplied_scaled, refusal(errors::not_enough_available_user_balance));
    RUNNEL_REQUIRE(!context.read(configs_, i).paused, refusal(errors::reserve_paused));
    context.use_gas(gas::withdraw_rates);
    RUNNEL_TRY(refresh_rates(context, i, 0, amount));
    RUNNEL_TRY(burn_v37(position.supplied_scaled, state.scaled_supply, scaled));
    if (call.to != account())
        RUNNEL_TRY(send(context, i, call.to, amount));
    context.use_gas(gas::withdraw_burn);
    const auto& user_config = context.read(user_configs_, user);
    bool is_checked = false;
    if (user_config.is_collateral(i))
    {
        if (position.supplied_scaled.is_zero())
            set_collateral(context, user, i, false);
        is_checked = context.read(user_configs_, user).is_borrowing_any();
        if (is_checked)
            RUNNEL_TRY(require_healthy(context, user, i));
    }
    if (!is_checked)
        context.save_gas(gas::withdraw_unchecked_saves);
    record_withdrawal(context, i, call.to, amount);
    return Returns{amount};
}

Result<Returns> AaveV3Pool::borrow_v37(const Borrow& call, CallContext& context)
{
    const auto i = *find_reserve(call.asset);
    const auto user = context.sender();
    auto& reserve = reserves_[i];
    const auto& config = context.read(configs_, i);
    auto& state = *RUNNEL_TRY(accrue(context, i));
    context.use_gas(gas::borrow_checks);
    const auto& debt_index = state.variable_borrow_index;
    const auto scaled = RUNNEL_TRY(ray_div_up(call.amount, debt_index));
    RUNNEL_REQUIRE(!scaled.is_zero(), refusal(errors::invalid_amount));
    RUNNEL_REQUIRE(!config.paused, refusal(errors::reserve_paused));
    RUNNEL_REQUIRE(!config.frozen, refusal(errors::reserve_frozen));
    RUNNEL_REQUIRE(config.borrowing_enabled, refusal(errors::borrowing_not_enabled));
    const auto supplied = RUNNEL_TRY(ray_mul_down(state.scaled_supply, state.liquidity_index));
    RUNNEL_REQUIRE(
        supplied >= RUNNEL_TRY(ray_mul_up(scaled, debt_index)), refusal(errors::invalid_amount));
    RUNNEL_REQUIRE(
        call.interest_rate_mode == rate_mode_variable, refusal(errors::invalid_interest_rate_mode));
    if (config.borrow_cap != 0)
    {
        const auto borrowed =
            RUNNEL_TRY(ray_mul_up(Checked{state.scaled_debt} + scaled, debt_index));
        RUNNEL_REQUIRE(borrowed <= RUNNEL_TRY(Checked{config.borrow_cap} * reserve.unit),
            refusal(errors::borrow_cap_exceeded));
    }
    context.use_gas(gas::borrow_mint);
    auto& position = context.write(*reserve.positions, user);
    RUNNEL_TRY(mint_v37(position.debt_scaled, state.scaled_debt, scaled));
    context.write(user_configs_, user).set_borrowing(i, true);
    RUNNEL_TRY(refresh_rates(context, i, 0, call.amount));
    RUNNEL_TRY(send(context, i, user, call.amount));

    // The new debt is looked at once it is there.
    use_evaluation_gas(context, user);
    const auto data = RUNNEL_TRY(evaluate(context, user));
    RUNNEL_REQUIRE(!data.ltv.is_zero(), refusal(errors::ltv_validation_failed));
    RUNNEL_REQUIRE(
        data.health_factor >= wad, refusal(errors::health_factor_below_liquidation_threshold));
    RUNNEL_REQUIRE(data.collateral >= RUNNEL_TRY(percent_div_up(data.debt, data.ltv)),
        refusal(errors::collateral_cannot_cover_new_borrow));
    record_borrow(context, i, call.amount);
    return Returns{};
}

Result<Amount> AaveV3Pool::repay_v37(CallContext& context, std::size_t i, const Amount& amount,
    std::uint8_t rate_mode, AccountId debtor, bool use_a_tokens)
{
    const auto payer = context.sender();
    auto& state = *RUNNEL_TRY(accrue(context, i));
    auto& position = context.write(*reserves_[i].positions, debtor);
    context.use_gas(gas::repay_balance);
    const auto debt = RUNNEL_TRY(ray_mul_up(position.debt_scaled, state.variable_borrow_index));
    RUNNEL_REQUIRE(!amount.is_zero(), refusal(errors::invalid_amount));
    RUNNEL_REQUIRE(rate_mode == rate_mode_variable, refusal(errors::invalid_interest_rate_mode));
    RUNNEL_REQUIRE(amount != Amount::max() || payer == debtor,
        refusal(errors::no_explicit_amount_to_repay_on_behalf));
    RUNNEL_REQUIRE(!context.read(configs_, i).paused, refusal(errors::reserve_paused));
    RUNNEL_REQUIRE(!position.debt_scaled.is_zero(), refusal(errors::no_debt_of_selected_type));

    auto paid = amount;
    if (use_a_tokens && amount == Amount::max())
        paid = RUNNEL_TRY(ray_mul_down(position.supplied_scaled, state.liquidity_index));
    paid = std::min(paid, debt);
    const auto burnt = RUNNEL_TRY(ray_div_down(paid, state.variable_borrow_index));
    RUNNEL_TRY(burn_v37(position.debt_scaled, state.scaled_debt, burnt));
    RUNNEL_TRY(refresh_rates(context, i, use_a_tokens ? Amount{} : paid, 0));
    context.use_gas(gas::repay_burn);
    if (position.debt_scaled.is_zero())
        context.write(user_configs_, debtor).set_borrowing(i, false);
    else
        context.save_gas(gas::repay_part_saves);
    if (!use_a_tokens)
        RUNNEL_TRY(pull(context, i, payer, paid));
    else
    {
        context.use_gas(gas::repay_a_tokens);
        const auto supplied = RUNNEL_TRY(ray_div_up(paid, state.liquidity_index));
        RUNNEL_TRY(burn_v37(position.supplied_scaled, state.scaled_supply, supplied));
        if (context.read(user_configs_, debtor).is_collateral(i))
        {
            if (position.supplied_scaled.is_zero())
                set_collateral(context, debtor, i, false);
            if (context.read(user_configs_, debtor).is_borrowing_any())
            {
                const auto data = RUNNEL_TRY(evaluate(context, debtor));
                RUNNEL_REQUIRE(data.health_factor >= wad,
                    refusal(errors::health_factor_below_liquidation_threshold));
            }
        }
    }
    record_repayment(context, i, debtor, paid, use_a_tokens);
    return paid;
}

Result<Returns> AaveV3Pool::set_collateral_v37(
    const SetUserUseReserveAsCollateral& call, CallContext& context)
{
    const auto i = *find_reserve(call.asset);
    const auto user = context.sender();
    const auto& config = context.read(configs_, i);
    context.use_gas(gas::collateral_balance);
    RUNNEL_REQUIRE(!config.paused, refusal(errors::reserve_paused));
    const bool is_unchanged =
        call.use_as_collateral == context.read(user_configs_, user).is_collateral(i);
    if (call.use_as_collateral || is_unchanged)
        context.save_gas(gas::collateral_unchecked_saves);
    if (is_unchanged)
        return Returns{};
    if (call.use_as_collateral)
    {
        RUNNEL_REQUIRE(!context.read(*reserves_[i].positions, user).supplied_scaled.is_zero(),
            refusal(errors::underlying_balance_zero));
        RUNNEL_REQUIRE(config.ltv_bps != 0, refusal(errors::user_in_isolation_mode));
    }
    set_collateral(context, user, i, call.use_as_collateral);
    if (!call.use_as_collateral)
    {
        context.use_gas(gas::collateral_off);
        RUNNEL_TRY(require_healthy(context, user, i));
    }
    record_balance(context, user, i);
    record_position(context, user);
    return Returns{};
}

// --- Liquidations -----------------------------------------------------------------------------

Checked AaveV3Pool::max_liquidatable_v37(
    std::size_t collateral, std::size_t debt, const LiquidationInputs& inputs) const
{
    const auto& debt_unit = reserves_[debt].unit;
    const auto debt_value = product_div_up(inputs.debt, inputs.debt_price, debt_unit);
    const auto collateral_value = quotient_down(
        Checked{inputs.balance} * inputs.collateral_price, reserves_[collateral].unit);
    if (!debt_value.ok() || !collateral_value.ok())
        return debt_value.ok() ? collateral_value : debt_value;
    if (collateral_value.value < Amount{small_position} ||
        debt_value.value < Amount{small_position} ||
        inputs.account.health_factor <= close_factor_threshold)
        return inputs.debt;
    // Half of all that the account owes, of this debt.
    const auto half = percent_mul_half_up(inputs.account.debt, close_factor_bps);
    if (!half.ok() || debt_value.value <= half.value)
        return half.ok() ? Checked{inputs.debt} : half;
    return quotient_down(half * debt_unit, inputs.debt_price);
}

Result<LiquidationAmounts> AaveV3Pool::liquidation_amounts_v37(
    std::size_t collateral, std::size_t debt, const LiquidationInputs& inputs) const
{
    const auto& collateral_unit = reserves_[collateral].unit;
    const auto& debt_unit = reserves_[debt].unit;
    const Checked debt_price = inputs.debt_price;
    const Checked collateral_price = inputs.collateral_price;
    const std::uint64_t bonus = inputs.config.liquidation_bonus_bps;
    const auto most = RUNNEL_TRY(max_liquidatable_v37(collateral, debt, inputs));
    LiquidationAmounts amounts;
    amounts.debt = std::min(inputs.debt_to_cover, most);
    const auto base =
        quotient_down(debt_price * amounts.debt * collateral_unit, collateral_price * debt_unit);
    amounts.collateral = RUNNEL_TRY(percent_mul_down(base, bonus));
    if (amounts.collateral > inputs.balance)
    {
        amounts.collateral = inputs.balance;
        amounts.debt =
            RUNNEL_TRY(percent_div_up(quotient_down(collateral_price * inputs.balance * debt_unit,
                                          debt_price * collateral_unit),
                bonus));
    }
    if (inputs.config.liquidation_protocol_fee_bps != 0)
    {
        const auto above =
            Checked{amounts.collateral} - percent_div_down(amounts.collateral, bonus);
        amounts.fee = RUNNEL_TRY(percent_mul_up(above, inputs.config.liquidation_protocol_fee_bps));
        amounts.collateral = RUNNEL_TRY(Checked{amounts.collateral} - amounts.fee);
    }
    // Either side is used up, or what is left of both is worth something.
    const auto taken = RUNNEL_TRY(Checked{amounts.collateral} + amounts.fee);
    if (amounts.debt < inputs.debt && taken < inputs.balance)
    {
        const auto debt_left =
            RUNNEL_TRY(product_div_up(Checked{inputs.debt} - amounts.debt, debt_price, debt_unit));
        const auto collateral_left = RUNNEL_TRY(
            quotient_down((Checked{inputs.balance} - taken) * collateral_price, collateral_unit));
        RUNNEL_REQUIRE(
            debt_left >= Amount{left_at_least} && collateral_left >= Amount{left_at_least},
            Refusal::custom("MustNotLeaveDust"));
    }
    return amounts;
}

Result<void> AaveV3Pool::burn_debt_v37(CallContext& context, std::size_t i, AccountId user,
    const Amount& debt, const Amount& paid, bool write_off)
{
    auto& state = context.write(states_, i);
    auto& position = context.write(*reserves_[i].positions, user);
    if (!debt.is_zero())
    {
        const auto scaled =
            RUNNEL_TRY(ray_div_down(write_off ? debt : paid, state.variable_borrow_index));
        RUNNEL_TRY(burn_v37(position.debt_scaled, state.scaled_debt, scaled));
    }
    const auto left = RUNNEL_TRY(Checked{debt} - paid);
    if (write_off && !left.is_zero())
    {
        auto& extra = context.write(*extras_, i);
        extra.deficit = RUNNEL_TRY(add_uint128(extra.deficit, left));
        context.emit(id(), DeficitCreatedLog{user, reserves_[i].token_id, left});
    }
    if (position.debt_scaled.is_zero())
        context.write(user_configs_, user).set_borrowing(i, false);
    return refresh_rates(context, i, paid, 0);
}

Result<Returns> AaveV3Pool::liquidate_v37(const LiquidationCall& call, CallContext& context)
{
    const auto d = *find_reserve(call.debt_asset);
    const auto c = *find_reserve(call.collateral_asset);
    const auto user = call.user;
    const auto liquidator = context.sender();
    auto& debt_state = *RUNNEL_TRY(accrue(context, d));
    auto& state = *RUNNEL_TRY(accrue(context, c));
    context.use_gas(gas::liquidation_reserves);
    use_evaluation_gas(context, user);

    LiquidationInputs inputs;
    inputs.config = context.read(configs_, c);
    inputs.account = RUNNEL_TRY(evaluate(context, user));
    auto& position = context.write(*reserves_[c].positions, user);
    inputs.balance = RUNNEL_TRY(ray_mul_down(position.supplied_scaled, state.liquidity_index));
    inputs.debt = RUNNEL_TRY(ray_mul_up(
        context.read(*reserves_[d].positions, user).debt_scaled, debt_state.variable_borrow_index));
    RUNNEL_REQUIRE(user != liquidator, Refusal::custom("SelfLiquidation"));
    RUNNEL_REQUIRE(!inputs.config.paused && !context.read(configs_, d).paused,
        refusal(errors::reserve_paused));
    RUNNEL_REQUIRE(
        inputs.account.health_factor < wad, refusal(errors::health_factor_not_below_threshold));
    RUNNEL_REQUIRE(inputs.config.liquidation_threshold_bps != 0 &&
                       context.read(user_configs_, user).is_collateral(c),
        refusal(errors::collateral_cannot_be_liquidated));
    RUNNEL_REQUIRE(!inputs.debt.is_zero(), refusal(errors::currency_not_borrowed_by_user));

    const auto& prices = oracle_->prices();
    inputs.collateral_price = context.read(prices, index(call.collateral_asset)).price;
    inputs.debt_price = context.read(prices, index(call.debt_asset)).price;
    inputs.debt_to_cover = call.debt_to_cover;
    const auto amounts = RUNNEL_TRY(liquidation_amounts_v37(c, d, inputs));
    context.use_gas(gas::liquidation_amounts);
    if (c == d || call.receive_a_token)
        context.save_gas(gas::liquidation_inside_saves);

    const auto scaled = RUNNEL_TRY(ray_div_up(amounts.collateral, state.liquidity_index));
    const auto scaled_fee = RUNNEL_TRY(ray_div_up(amounts.fee, state.liquidity_index));
    const auto wanted = RUNNEL_TRY(Checked{scaled} + scaled_fee);
    const auto used = std::min(wanted, position.supplied_scaled);
    const auto used_value = RUNNEL_TRY(quotient_down(
        ray_mul_down(used, state.liquidity_index) * inputs.collateral_price, reserves_[c].unit));
    const bool leaves_nothing = used_value == inputs.account.collateral;
    if (used == position.supplied_scaled || leaves_nothing)
        set_collateral(context, user, c, false);
    RUNNEL_TRY(burn_debt_v37(context, d, user, inputs.debt, amounts.debt, leaves_nothing));

    if (call.receive_a_token)
    {
        auto& taker = context.write(*reserves_[c].positions, liquidator);
        position.supplied_scaled = RUNNEL_TRY(Checked{position.supplied_scaled} - scaled);
        taker.supplied_scaled = RUNNEL_TRY(Checked{taker.supplied_scaled} + scaled);
    }
    else
    {
        RUNNEL_TRY(refresh_rates(context, c, 0, amounts.collateral));
        RUNNEL_TRY(burn_v37(position.supplied_scaled, state.scaled_supply, scaled));
        if (liquidator != account())
            RUNNEL_TRY(send(context, c, liquidator, amounts.collateral));
    }
    if (!amounts.fee.is_zero())
    {
        const auto moved = std::min(scaled_fee, position.supplied_scaled);
        auto& treasury = context.write(*reserves_[c].positions, treasury_);
        position.supplied_scaled = wrapping_sub(position.supplied_scaled, moved);
        treasury.supplied_scaled = RUNNEL_TRY(Checked{treasury.supplied_scaled} + moved);
    }
    if (leaves_nothing)
    {
        for (std::size_t i = 0; i < reserves_.size(); ++i)
        {
            if (!context.read(user_configs_, user).is_borrowing(i))
                continue;
            const auto& other = *RUNNEL_TRY(accrue(context, i));
            const auto owed =
                RUNNEL_TRY(ray_mul_up(context.read(*reserves_[i].positions, user).debt_scaled,
                    other.variable_borrow_index));
            RUNNEL_TRY(burn_debt_v37(context, i, user, owed, {}, true));
            record_balance(context, user, i);
        }
    }
    context.use_gas(gas::liquidation_payout);
    RUNNEL_TRY(pull(context, d, liquidator, amounts.debt));

    record_liquidation(context, call, amounts, inputs.collateral_price, inputs.debt_price);
    record_balance(context, user, c);
    if (c != d)
        record_balance(context, user, d);
    record_position(context, user);
    if (call.receive_a_token)
    {
        record_balance(context, liquidator, c);
        record_position(context, liquidator);
    }
    if (!amounts.fee.is_zero())
        record_balance(context, treasury_, c);
    return Returns{amounts.debt, amounts.collateral};
}

AaveV3Pool::LiquidationInputs AaveV3Pool::liquidation_inputs(
    std::size_t collateral, std::size_t debt, AccountId user, const MarketView& market) const
{
    LiquidationInputs inputs;
    inputs.config = reserve_config(collateral);
    inputs.collateral_price = market.reserves.at(collateral).price;
    inputs.debt_price = market.reserves.at(debt).price;
    inputs.balance = balance(user, collateral, market).supplied;
    inputs.debt = balance(user, debt, market).debt;
    inputs.account = account_data(user, market);
    return inputs;
}

Amount AaveV3Pool::liquidatable_debt_v37(
    AccountId user, std::size_t reserve, const MarketView& market) const
{
    // The most over all that the account has as collateral.
    Amount most;
    for (std::size_t collateral = 0; collateral < reserves_.size(); ++collateral)
    {
        if (!user_config(user).is_collateral(collateral))
            continue;
        const auto inputs = liquidation_inputs(collateral, reserve, user, market);
        if (inputs.account.health_factor >= wad)
            return {};
        const auto one = max_liquidatable_v37(collateral, reserve, inputs);
        if (one.ok())
            most = std::max(most, one.value);
    }
    return most;
}

std::optional<LiquidationQuote> AaveV3Pool::quote_liquidation_v37(std::size_t collateral,
    std::size_t debt, AccountId user, const Amount& debt_to_cover, bool receive_a_token,
    const MarketView& market) const
{
    auto inputs = liquidation_inputs(collateral, debt, user, market);
    if (inputs.account.health_factor >= wad || inputs.debt.is_zero())
        return std::nullopt;
    inputs.debt_to_cover = debt_to_cover;
    const auto amounts = liquidation_amounts_v37(collateral, debt, inputs);
    if (!amounts.has_value())
        return std::nullopt;
    const auto& in = market.reserves.at(collateral);
    const auto& out = market.reserves.at(debt);
    const auto& extra = extras_->get(collateral);
    const auto paid_back = collateral == debt ? amounts->debt : Amount{};
    const auto virtual_cash = Checked{extra.virtual_balance} + paid_back;
    const bool pays_out =
        receive_a_token || (!ray_div_up(amounts->collateral, in.income).value.is_zero() &&
                               amounts->collateral <= cash(collateral) && virtual_cash.ok() &&
                               amounts->collateral <= virtual_cash.value);
    if (!pays_out || ray_div_down(amounts->debt, out.debt).value.is_zero())
        return std::nullopt;
    LiquidationQuote quote{*amounts, {}, {}};
    quote.debt_value = (Checked{amounts->debt} * out.price / reserves_[debt].unit).value;
    quote.collateral_value =
        (Checked{amounts->collateral} * in.price / reserves_[collateral].unit).value;
    return quote;
}

// --- Flash loans, the treasury, aTokens -------------------------------------------------------

Result<Returns> AaveV3Pool::flash_loan_v37(const FlashLoanSimple& call, CallContext& context)
{
    const auto i = *find_reserve(call.asset);
    const auto receiver = receiver_of(call, context.sender());
    const auto& config = context.read(configs_, i);
    RUNNEL_REQUIRE(!config.paused, refusal(errors::reserve_paused));
    RUNNEL_REQUIRE(config.flash_loan_enabled, refusal(errors::flash_loan_disabled));
    const auto& before = context.read(states_, i);
    const auto supplied = RUNNEL_TRY(
        ray_mul_down(before.scaled_supply, normalized_income(before, context.block().timestamp)));
    RUNNEL_REQUIRE(supplied >= call.amount, refusal(errors::invalid_amount));
    const auto premium = RUNNEL_TRY(
        percent_mul_up(call.amount, context.read(settings_, 0).flash_loan_premium_total_bps));
    context.use_gas(gas::flash_checks);
    auto& extra = context.write(*extras_, i);
    extra.virtual_balance = RUNNEL_TRY(Checked{extra.virtual_balance} - call.amount);
    RUNNEL_TRY(send(context, i, receiver, call.amount));
    if (receiver == context.sender())
        RUNNEL_TRY(context.run(call.callback, receiver));
    else
        RUNNEL_REQUIRE(RUNNEL_TRY(context.hand_over(receiver)), Refusal::empty());
    context.use_gas(gas::flash_call);
    RUNNEL_REQUIRE(call.receiver_succeeds, refusal(errors::invalid_flash_loan_executor_return));

    // All of the premium is the treasury's: suppliers' index does not jump.
    const auto repaid = RUNNEL_TRY(Checked{call.amount} + premium);
    auto& state = *RUNNEL_TRY(accrue(context, i));
    const auto scaled = RUNNEL_TRY(ray_div_down(premium, state.liquidity_index));
    state.accrued_to_treasury = RUNNEL_TRY(add_uint128(state.accrued_to_treasury, scaled));
    ++state.roundings;
    RUNNEL_TRY(refresh_rates(context, i, repaid, 0));
    context.use_gas(gas::flash_rates);
    RUNNEL_TRY(pull(context, i, receiver, repaid));
    const auto token = reserves_[i].token_id;
    context.emit(id(),
        FlashLoanLog{receiver, context.sender(), token, call.amount, rate_mode_none, premium, 0});
    context.emit(id(), LendingFlashloan{token, receiver, call.amount, premium});
    return Returns{premium};
}

Result<Returns> AaveV3Pool::transfer_v37(const TransferAToken& call, CallContext& context)
{
    const auto i = *find_reserve(call.asset);
    const auto from = context.sender();
    const auto amount = RUNNEL_TRY(to_uint_v37(call.amount, balance_bits));
    const auto income = normalized_income(context.read(states_, i), context.block().timestamp);
    context.use_gas(gas::transfer_balances);
    const auto scaled = RUNNEL_TRY(ray_div_up(amount, income));
    auto& giver = context.write(*reserves_[i].positions, from);
    auto& taker = context.write(*reserves_[i].positions, call.to);
    const auto before = giver.supplied_scaled;
    giver.supplied_scaled = RUNNEL_TRY(Checked{before} - scaled);
    taker.supplied_scaled = RUNNEL_TRY(Checked{taker.supplied_scaled} + scaled);
    context.use_gas(gas::transfer_move);
    RUNNEL_REQUIRE(!context.read(configs_, i).paused, refusal(errors::reserve_paused));
    bool is_checked = false;
    if (from != call.to && !scaled.is_zero() && context.read(user_configs_, from).is_collateral(i))
    {
        if (before == scaled)
            set_collateral(context, from, i, false);
        is_checked = context.read(user_configs_, from).is_borrowing_any();
        if (is_checked)
            RUNNEL_TRY(require_healthy(context, from, i));
    }
    if (!is_checked)
        context.save_gas(gas::transfer_unchecked_saves);
    record_balance(context, from, i);
    record_position(context, from);
    if (from != call.to)
    {
        record_balance(context, call.to, i);
        record_position(context, call.to);
    }
    return Returns{1};
}

}  // namespace runnel::contracts
