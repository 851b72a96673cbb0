#include "contracts/lending/aave_v3/pool.hpp"

#include "contracts/kit/sectors/rows.hpp"
#include "contracts/lending/aave_v3/errors.hpp"
#include "contracts/lending/aave_v3/events.hpp"
#include "contracts/lending/aave_v3/pool_account.hpp"
#include "ledger/check.hpp"
#include "state/world.hpp"

#include <algorithm>
#include <utility>

namespace runnel::contracts
{

using namespace aave_v3;

namespace
{
Refusal error(std::string_view code)
{
    return Refusal::error(code);
}

/// Solidity's conversion to an enum of three members.
Result<void> require_rate_mode(std::uint8_t mode)
{
    RUNNEL_REQUIRE(mode <= rate_mode_variable, Refusal::panic(0x21));
    return {};
}

Result<void> require_account(const World& world, AccountId account)
{
    RUNNEL_REQUIRE(index(account) < world.account_count(), Refusal::ledger("no such account"));
    return {};
}
}  // namespace

AaveV3Pool::AaveV3Pool(ContractIdentity identity, ContractId oracle,
    std::vector<ReserveSpec> reserves, const PoolSettings& settings, std::string treasury,
    std::string admin, Version version, std::uint64_t start, std::uint16_t close_factor_bps)
  : AaveV3Pool{
        std::move(identity), oracle, reserves, std::move(treasury), std::move(admin), version}
{
    close_factor_bps_ = close_factor_bps;
    settings_.at(0) = settings;
    for (std::size_t number = 0; number < reserves.size(); ++number)
    {
        auto& state = states_.at(number);
        state.liquidity_index = ray;
        state.variable_borrow_index = ray;
        configs_.at(number) = reserves[number].config;
        if (is_v37() && start != 0)
        {
            state.variable_borrow_rate = reserves[number].strategy.base_variable_borrow_rate;
            state.last_update = start;
        }
    }
}

AaveV3Pool::AaveV3Pool(ContractIdentity identity, ContractId oracle,
    const std::vector<ReserveSpec>& reserves, std::string treasury, std::string admin,
    Version version)
  : ContractBase{std::move(identity)},
    version_{version},
    treasury_name_{std::move(treasury)},
    admin_name_{std::move(admin)},
    oracle_id_{oracle},
    states_{name() + ".reserves", KeyOf::reserve},
    configs_{name() + ".reserve_configs", KeyOf::reserve},
    curves_{name() + ".rate_curves", KeyOf::reserve},
    user_configs_{name() + ".user_configs", KeyOf::account},
    settings_{name() + ".settings"}
{
    RUNNEL_CHECK(reserves.size() <= reserves_max);
    add_table(states_);
    add_table(configs_);
    add_table(user_configs_);
    add_table(settings_);
    add_table(curves_);
    if (is_v37())
    {
        extras_ = std::make_unique<Table<ReserveExtra>>(name() + ".reserve_extras", KeyOf::reserve);
        add_table(*extras_);
    }
    for (const auto& spec : reserves)
    {
        const auto number = reserves_.size();
        auto& reserve = reserves_.emplace_back();
        reserve.token_id = spec.token;
        reserve.strategy = spec.strategy;
        reserve.positions = std::make_unique<Table<Position>>(
            name() + ".positions_" + std::to_string(number), KeyOf::account);
        add_table(*reserve.positions);
    }
}

void AaveV3Pool::initialize(CallContext& context)
{
    for (std::size_t number = 0; number < reserves_.size(); ++number)
    {
        auto& state = context.write(states_, number);
        state.liquidity_index = ray;
        state.variable_borrow_index = ray;
    }
}

void AaveV3Pool::connect(World& world)
{
    oracle_ = dynamic_cast<const PriceSource*>(world.find_contract(oracle_id_));
    RUNNEL_CHECK(oracle_ != nullptr && "a pool's oracle is a price source");
    for (auto& reserve : reserves_)
    {
        reserve.token = &token_at(world, reserve.token_id);
        const auto info = world.contract(reserve.token_id).token_info();
        reserve.unit = Amount::power_of_ten(info.has_value() ? info->decimals : 18);
    }
    treasury_ = world.find_account(treasury_name_).value_or(zero_account);
    admin_ = world.find_account(admin_name_).value_or(zero_account);
}

std::optional<std::size_t> AaveV3Pool::find_reserve(ContractId token) const noexcept
{
    for (std::size_t i = 0; i < reserves_.size(); ++i)
    {
        if (reserves_[i].token_id == token)
            return i;
    }
    return std::nullopt;
}

Result<std::size_t> AaveV3Pool::require_reserve(ContractId asset, Refusal otherwise) const
{
    const auto found = find_reserve(asset);
    RUNNEL_REQUIRE(found.has_value(), std::move(otherwise));
    return *found;
}

Result<ReserveState*> AaveV3Pool::accrue(CallContext& context, std::size_t reserve)
{
    auto& state = context.write(states_, reserve);
    if (state.last_update != context.block().timestamp)
        context.use_gas(gas::accrue);
    else
    {
        context.use_gas(gas::accrue_same_time);
        context.save_gas(gas::same_time_saves);
    }
    const auto factor = context.read(configs_, reserve).reserve_factor_bps;
    RUNNEL_TRY(is_v37() ? update_state_v37(state, factor, context.block().timestamp)
                        : update_state(state, factor, context.block().timestamp));
    return &state;
}

Result<void> AaveV3Pool::refresh_rates(
    CallContext& context, std::size_t reserve, const Amount& added, const Amount& taken)
{
    const auto& info = reserves_[reserve];
    auto& state = context.write(states_, reserve);
    const auto factor = context.read(configs_, reserve).reserve_factor_bps;
    const auto& curve = context.read(curves_, reserve);
    const auto& strategy = curve.is_set ? curve.strategy() : info.strategy;
    if (is_v37())
    {
        RUNNEL_TRY(update_rates_v37(
            state, context.write(*extras_, reserve), strategy, factor, added, taken));
    }
    else
    {
        const auto cash = info.token->holding(context, account());
        RUNNEL_TRY(update_rates(state, strategy, factor, cash, added, taken));
    }
    context.emit(
        id(), ReserveDataUpdatedLog{info.token_id, state.liquidity_rate, state.stable_borrow_rate,
                  state.variable_borrow_rate, state.liquidity_index, state.variable_borrow_index});
    return {};
}

Refusal AaveV3Pool::refusal(std::string_view code) const
{
    if (is_v37())
    {
        for (const auto& [reason, custom] : errors::names_v37)
        {
            if (reason == code)
                return Refusal::custom(custom);
        }
    }
    return Refusal::error(code);
}

namespace
{
/// GPv2SafeERC20: a token's own refusal passes through, its false does not.
Result<void> accepted(Result<void> moved, std::string_view reason)
{
    if (!moved.has_value() && is_token_said_false(moved.error())) [[unlikely]]
        return fail(Refusal::error(reason));
    return moved;
}
}  // namespace

Result<void> AaveV3Pool::pull(
    CallContext& context, std::size_t reserve, AccountId from, const Amount& amount)
{
    return accepted(
        reserves_[reserve].token->transfer_from(context.as(account()), from, account(), amount),
        "GPv2: failed transferFrom");
}

Result<void> AaveV3Pool::send(
    CallContext& context, std::size_t reserve, AccountId to, const Amount& amount)
{
    return accepted(reserves_[reserve].token->transfer(context.as(account()), to, amount),
        "GPv2: failed transfer");
}

void AaveV3Pool::set_collateral(CallContext& context, AccountId user, std::size_t reserve, bool on)
{
    context.write(user_configs_, user).set_collateral(reserve, on);
    const auto token = reserves_[reserve].token_id;
    if (on)
        context.emit(id(), CollateralEnabledLog{token, user});
    else
        context.emit(id(), CollateralDisabledLog{token, user});
}

Result<Returns> AaveV3Pool::execute(const Supply& call, CallContext& context)
{
    const auto i = RUNNEL_TRY(require_reserve(call.asset, Refusal::empty()));
    RUNNEL_TRY(require_account(context.world(), call.on_behalf_of));
    if (is_v37())
        return supply_v37(call, context);
    auto& reserve = reserves_[i];
    const auto& config = context.read(configs_, i);
    auto& state = *RUNNEL_TRY(accrue(context, i));

    RUNNEL_REQUIRE(!call.amount.is_zero(), error(errors::invalid_amount));
    RUNNEL_REQUIRE(!config.paused, error(errors::reserve_paused));
    RUNNEL_REQUIRE(!config.frozen, error(errors::reserve_frozen));
    if (config.supply_cap != 0)
    {
        context.use_gas(gas::supply_cap);
        const auto supplied =
            RUNNEL_TRY(ray_mul_half_up(Checked{state.scaled_supply} + state.accrued_to_treasury,
                           state.liquidity_index) +
                       call.amount);
        RUNNEL_REQUIRE(supplied <= RUNNEL_TRY(Checked{config.supply_cap} * reserve.unit),
            error(errors::supply_cap_exceeded));
    }

    RUNNEL_TRY(refresh_rates(context, i, call.amount, 0));
    context.use_gas(gas::supply_rates);
    RUNNEL_TRY(pull(context, i, context.sender(), call.amount));
    auto& position = context.write(*reserve.positions, call.on_behalf_of);
    const bool is_first = RUNNEL_TRY(mint_scaled(
        position.supplied_scaled, state.scaled_supply, call.amount, state.liquidity_index));
    if (is_first && config.ltv_bps != 0)
        set_collateral(context, call.on_behalf_of, i, true);
    if (!is_first)
        context.save_gas(gas::supply_again_saves);

    record_supply(context, i, call.on_behalf_of, call.amount);
    return Returns{};
}

void AaveV3Pool::record_supply(
    CallContext& context, std::size_t i, AccountId on_behalf_of, const Amount& amount) const
{
    const auto token = reserves_[i].token_id;
    context.emit(id(), SupplyLog{token, context.sender(), on_behalf_of, amount, 0});
    LendingSupply row;
    row.transaction_type = LendingSupplyType::supply;
    row.token = token;
    row.depositor = context.sender();
    row.on_behalf_of = on_behalf_of;
    row.amount_raw = amount;
    context.emit(id(), row);
    record_balance(context, on_behalf_of, i);
    record_position(context, on_behalf_of);
}

Result<Returns> AaveV3Pool::execute(const Withdraw& call, CallContext& context)
{
    const auto i = RUNNEL_TRY(require_reserve(call.asset, Refusal::empty()));
    RUNNEL_TRY(require_account(context.world(), call.to));
    if (is_v37())
        return withdraw_v37(call, context);
    const auto user = context.sender();
    auto& reserve = reserves_[i];
    auto& state = *RUNNEL_TRY(accrue(context, i));

    auto& position = context.write(*reserve.positions, user);
    context.use_gas(gas::withdraw_balance);
    const auto balance =
        RUNNEL_TRY(ray_mul_half_up(position.supplied_scaled, state.liquidity_index));
    const auto amount = call.amount == Amount::max() ? balance : call.amount;
    RUNNEL_REQUIRE(!amount.is_zero(), error(errors::invalid_amount));
    RUNNEL_REQUIRE(amount <= balance, error(errors::not_enough_available_user_balance));
    RUNNEL_REQUIRE(!context.read(configs_, i).paused, error(errors::reserve_paused));

    context.use_gas(gas::withdraw_rates);
    RUNNEL_TRY(refresh_rates(context, i, 0, amount));
    const auto& user_config = context.read(user_configs_, user);
    const bool was_collateral = user_config.is_collateral(i);
    if (was_collateral && amount == balance)
        set_collateral(context, user, i, false);
    RUNNEL_TRY(
        burn_scaled(position.supplied_scaled, state.scaled_supply, amount, state.liquidity_index));
    if (call.to != account())
        RUNNEL_TRY(send(context, i, call.to, amount));
    context.use_gas(gas::withdraw_burn);
    if (was_collateral && user_config.is_borrowing_any())
        RUNNEL_TRY(require_healthy(context, user, i));
    else
        context.save_gas(gas::withdraw_unchecked_saves);

    record_withdrawal(context, i, call.to, amount);
    return Returns{amount};
}

void AaveV3Pool::record_withdrawal(
    CallContext& context, std::size_t i, AccountId to, const Amount& amount) const
{
    const auto user = context.sender();
    const auto token = reserves_[i].token_id;
    context.emit(id(), WithdrawLog{token, user, to, amount});
    LendingSupply row;
    row.transaction_type = LendingSupplyType::withdraw;
    row.token = token;
    row.depositor = user;
    row.on_behalf_of = user;
    row.withdrawn_to = to;
    row.amount_raw = amount;
    context.emit(id(), row);
    record_balance(context, user, i);
    record_position(context, user);
}

Result<Returns> AaveV3Pool::execute(const Borrow& call, CallContext& context)
{
    RUNNEL_TRY(require_rate_mode(call.interest_rate_mode));
    const auto i = RUNNEL_TRY(require_reserve(call.asset, Refusal::empty()));
    if (is_v37())
        return borrow_v37(call, context);
    const auto user = context.sender();
    auto& reserve = reserves_[i];
    const auto& config = context.read(configs_, i);
    auto& state = *RUNNEL_TRY(accrue(context, i));
    context.use_gas(gas::borrow_checks);

    RUNNEL_REQUIRE(!call.amount.is_zero(), error(errors::invalid_amount));
    RUNNEL_REQUIRE(!config.paused, error(errors::reserve_paused));
    RUNNEL_REQUIRE(!config.frozen, error(errors::reserve_frozen));
    RUNNEL_REQUIRE(config.borrowing_enabled, error(errors::borrowing_not_enabled));
    RUNNEL_REQUIRE(
        call.interest_rate_mode != rate_mode_none, error(errors::invalid_interest_rate_mode));
    if (config.borrow_cap != 0)
    {
        const auto borrowed = RUNNEL_TRY(
            ray_mul_half_up(state.scaled_debt, state.variable_borrow_index) + call.amount);
        RUNNEL_REQUIRE(borrowed <= RUNNEL_TRY(Checked{config.borrow_cap} * reserve.unit),
            error(errors::borrow_cap_exceeded));
    }
    use_evaluation_gas(context, user);
    const auto data = RUNNEL_TRY(evaluate(context, user));
    RUNNEL_REQUIRE(!data.collateral.is_zero(), error(errors::collateral_balance_is_zero));
    RUNNEL_REQUIRE(!data.ltv.is_zero(), error(errors::ltv_validation_failed));
    RUNNEL_REQUIRE(
        data.health_factor > wad, error(errors::health_factor_below_liquidation_threshold));
    const auto& price = context.read(oracle_->prices(), index(reserve.token_id)).price;
    const auto needed = RUNNEL_TRY(percent_div_half_up(
        Checked{data.debt} + Checked{price} * call.amount / reserve.unit, data.ltv));
    RUNNEL_REQUIRE(needed <= data.collateral, error(errors::collateral_cannot_cover_new_borrow));
    RUNNEL_REQUIRE(
        call.interest_rate_mode != rate_mode_stable, error(errors::stable_borrowing_not_enabled));

    context.use_gas(gas::borrow_mint);
    auto& position = context.write(*reserve.positions, user);
    const bool is_first = RUNNEL_TRY(mint_scaled(
        position.debt_scaled, state.scaled_debt, call.amount, state.variable_borrow_index));
    if (is_first)
        context.write(user_configs_, user).set_borrowing(i, true);
    RUNNEL_TRY(refresh_rates(context, i, 0, call.amount));
    RUNNEL_TRY(send(context, i, user, call.amount));

    record_borrow(context, i, call.amount);
    return Returns{};
}

void AaveV3Pool::record_borrow(CallContext& context, std::size_t i, const Amount& amount) const
{
    const auto user = context.sender();
    const auto token = reserves_[i].token_id;
    context.emit(id(), BorrowLog{token, user, user, amount, rate_mode_variable,
                           context.read(states_, i).variable_borrow_rate, 0});
    LendingBorrow row;
    row.transaction_type = LendingBorrowType::borrow;
    row.token = token;
    row.borrower = user;
    row.on_behalf_of = user;
    row.amount_raw = amount;
    context.emit(id(), row);
    record_balance(context, user, i);
    record_position(context, user);
}

Result<Amount> AaveV3Pool::repay_debt(CallContext& context, std::size_t i, const Amount& amount,
    std::uint8_t rate_mode, AccountId debtor, bool use_a_tokens)
{
    if (is_v37())
        return repay_v37(context, i, amount, rate_mode, debtor, use_a_tokens);
    const auto payer = context.sender();
    auto& reserve = reserves_[i];
    auto& state = *RUNNEL_TRY(accrue(context, i));
    auto& position = context.write(*reserve.positions, debtor);
    context.use_gas(gas::repay_balance);
    const auto debt =
        RUNNEL_TRY(ray_mul_half_up(position.debt_scaled, state.variable_borrow_index));

    RUNNEL_REQUIRE(!amount.is_zero(), error(errors::invalid_amount));
    RUNNEL_REQUIRE(amount != Amount::max() || payer == debtor,
        error(errors::no_explicit_amount_to_repay_on_behalf));
    RUNNEL_REQUIRE(!context.read(configs_, i).paused, error(errors::reserve_paused));
    RUNNEL_REQUIRE(!debt.is_zero() && rate_mode == rate_mode_variable,
        error(errors::no_debt_of_selected_type));

    auto paid = amount;
    if (use_a_tokens && amount == Amount::max())
        paid = RUNNEL_TRY(ray_mul_half_up(position.supplied_scaled, state.liquidity_index));
    if (paid > debt)
        paid = debt;
    RUNNEL_TRY(
        burn_scaled(position.debt_scaled, state.scaled_debt, paid, state.variable_borrow_index));
    RUNNEL_TRY(refresh_rates(context, i, use_a_tokens ? Amount{} : paid, 0));
    context.use_gas(gas::repay_burn);
    if (paid == debt)
        context.write(user_configs_, debtor).set_borrowing(i, false);
    else
        context.save_gas(gas::repay_part_saves);
    if (use_a_tokens)
    {
        context.use_gas(gas::repay_a_tokens);
        // The aTokens may reach 0 here and still count as collateral, as deployed.
        RUNNEL_TRY(burn_scaled(
            position.supplied_scaled, state.scaled_supply, paid, state.liquidity_index));
    }
    else
        RUNNEL_TRY(pull(context, i, payer, paid));

    record_repayment(context, i, debtor, paid, use_a_tokens);
    return paid;
}

void AaveV3Pool::record_repayment(CallContext& context, std::size_t i, AccountId debtor,
    const Amount& amount, bool use_a_tokens) const
{
    const auto payer = context.sender();
    const auto token = reserves_[i].token_id;
    context.emit(id(), RepayLog{token, debtor, payer, amount, use_a_tokens});
    LendingBorrow row;
    row.transaction_type = LendingBorrowType::repay;
    row.token = token;
    row.borrower = debtor;
    row.on_behalf_of = debtor;
    row.repayer = payer;
    row.amount_raw = amount;
    context.emit(id(), row);
    record_balance(context, debtor, i);
    record_position(context, debtor);
}

Result<Returns> AaveV3Pool::execute(const Repay& call, CallContext& context)
{
    RUNNEL_TRY(require_rate_mode(call.interest_rate_mode));
    const auto i = RUNNEL_TRY(require_reserve(call.asset, Refusal::empty()));
    RUNNEL_TRY(require_account(context.world(), call.on_behalf_of));
    return Returns{RUNNEL_TRY(
        repay_debt(context, i, call.amount, call.interest_rate_mode, call.on_behalf_of, false))};
}

Result<Returns> AaveV3Pool::execute(const RepayWithATokens& call, CallContext& context)
{
    RUNNEL_TRY(require_rate_mode(call.interest_rate_mode));
    const auto i = RUNNEL_TRY(require_reserve(call.asset, Refusal::empty()));
    return Returns{RUNNEL_TRY(
        repay_debt(context, i, call.amount, call.interest_rate_mode, context.sender(), true))};
}

Result<Returns> AaveV3Pool::execute(const SetUserUseReserveAsCollateral& call, CallContext& context)
{
    const auto i = RUNNEL_TRY(require_reserve(call.asset, Refusal::empty()));
    if (is_v37())
        return set_collateral_v37(call, context);
    const auto user = context.sender();
    const auto& config = context.read(configs_, i);
    context.use_gas(gas::collateral_balance);
    const auto balance =
        RUNNEL_TRY(ray_mul_half_up(context.read(*reserves_[i].positions, user).supplied_scaled,
            normalized_income(context.read(states_, i), context.block().timestamp)));
    RUNNEL_REQUIRE(!balance.is_zero(), error(errors::underlying_balance_zero));
    RUNNEL_REQUIRE(!config.paused, error(errors::reserve_paused));
    const bool is_unchanged =
        call.use_as_collateral == context.read(user_configs_, user).is_collateral(i);
    if (call.use_as_collateral || is_unchanged)
        context.save_gas(gas::collateral_unchecked_saves);
    if (is_unchanged)
        return Returns{};

    if (call.use_as_collateral)
        RUNNEL_REQUIRE(config.ltv_bps != 0, error(errors::user_in_isolation_mode));
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

Result<Returns> AaveV3Pool::execute(const FlashLoanSimple& call, CallContext& context)
{
    const auto i = RUNNEL_TRY(require_reserve(call.asset, refusal(errors::reserve_inactive)));
    RUNNEL_TRY(require_account(context.world(), call.receiver));
    if (is_v37())
        return flash_loan_v37(call, context);
    const auto receiver = receiver_of(call, context.sender());
    RUNNEL_REQUIRE(!context.read(configs_, i).paused, error(errors::reserve_paused));
    RUNNEL_REQUIRE(
        context.read(configs_, i).flash_loan_enabled, error(errors::flash_loan_disabled));
    const auto settings = context.read(settings_, 0);
    const auto premium =
        RUNNEL_TRY(percent_mul_half_up(call.amount, settings.flash_loan_premium_total_bps));
    context.use_gas(gas::flash_checks);
    RUNNEL_TRY(send(context, i, receiver, call.amount));
    if (receiver == context.sender())
        RUNNEL_TRY(context.run(call.callback, receiver));
    else
        RUNNEL_REQUIRE(RUNNEL_TRY(context.hand_over(receiver)), Refusal::empty());
    context.use_gas(gas::flash_call);
    RUNNEL_REQUIRE(call.receiver_succeeds, error(errors::invalid_flash_loan_executor_return));

    // The reserve is looked at only now: the callback may have used the pool.
    const auto to_protocol =
        RUNNEL_TRY(percent_mul_half_up(premium, settings.flash_loan_premium_to_protocol_bps));
    const auto to_suppliers = RUNNEL_TRY(Checked{premium} - to_protocol);
    const auto repaid = RUNNEL_TRY(Checked{call.amount} + premium);
    auto& state = *RUNNEL_TRY(accrue(context, i));
    const auto owned =
        RUNNEL_TRY(ray_mul_half_up(state.scaled_supply, state.liquidity_index) +
                   ray_mul_half_up(state.accrued_to_treasury, state.liquidity_index));
    state.liquidity_index = RUNNEL_TRY(to_uint128(
        ray_mul_half_up(ray_div_half_up(wad_to_ray(to_suppliers), wad_to_ray(owned)) + ray,
            state.liquidity_index)));
    const auto scaled = RUNNEL_TRY(to_uint128(ray_div_half_up(to_protocol, state.liquidity_index)));
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

Result<Returns> AaveV3Pool::execute(const MintToTreasury& call, CallContext& context)
{
    std::uint64_t minted = 0;
    for (const auto asset : call.assets)
    {
        const auto found = find_reserve(asset);
        if (!found.has_value())
            continue;
        const auto i = *found;
        auto& state = context.write(states_, i);
        if (state.accrued_to_treasury.is_zero())
            continue;
        // The figure counts three.
        if (++minted <= 3)
            context.use_gas(gas::mint_to_treasury);
        else
            RUNNEL_TRY(context.charge_gas(gas::mint_to_treasury));
        const auto accrued = std::exchange(state.accrued_to_treasury, Amount{});
        const auto income = RUNNEL_TRY(normalized_income(state, context.block().timestamp));
        const auto amount =
            RUNNEL_TRY(is_v37() ? ray_mul_down(accrued, income) : ray_mul_half_up(accrued, income));
        state.roundings += is_v37() ? 0 : 1;
        // v3.7 mints what was accrued, even if it is worth nothing yet.
        if (is_v37() || !amount.is_zero())
        {
            auto& supplied = context.write(*reserves_[i].positions, treasury_).supplied_scaled;
            if (is_v37())
                RUNNEL_TRY(mint_v37(supplied, state.scaled_supply, accrued));
            else
                RUNNEL_TRY(mint_scaled(supplied, state.scaled_supply, amount, income));
        }
        context.emit(id(), MintedToTreasuryLog{asset, amount});
        record_balance(context, treasury_, i);
    }
    context.save_gas((3 - std::min<std::uint64_t>(minted, 3)) * gas::mint_to_treasury);
    return Returns{};
}

Result<Returns> AaveV3Pool::execute(const TransferAToken& call, CallContext& context)
{
    const auto i = RUNNEL_TRY(require_reserve(call.asset, Refusal::empty()));
    RUNNEL_TRY(require_account(context.world(), call.to));
    if (is_v37())
        return transfer_v37(call, context);
    const auto from = context.sender();
    const auto amount = RUNNEL_TRY(to_uint128(call.amount));
    const auto& config = context.read(configs_, i);
    const auto income =
        RUNNEL_TRY(normalized_income(context.read(states_, i), context.block().timestamp));
    context.use_gas(gas::transfer_balances);
    auto& giver = context.write(*reserves_[i].positions, from);
    auto& taker = context.write(*reserves_[i].positions, call.to);
    const auto giver_before = RUNNEL_TRY(ray_mul_half_up(giver.supplied_scaled, income));
    const auto taker_before = RUNNEL_TRY(ray_mul_half_up(taker.supplied_scaled, income));
    RUNNEL_TRY(move_scaled(giver.supplied_scaled, taker.supplied_scaled, amount, income));

    context.use_gas(gas::transfer_move);
    RUNNEL_REQUIRE(!config.paused, error(errors::reserve_paused));
    bool is_checked = false;
    if (from != call.to && !amount.is_zero())
    {
        const auto& user_config = context.read(user_configs_, from);
        if (user_config.is_collateral(i))
        {
            is_checked = user_config.is_borrowing_any();
            if (is_checked)
                RUNNEL_TRY(require_healthy(context, from, i));
            if (giver_before == amount)
                set_collateral(context, from, i, false);
        }
        if (taker_before.is_zero() && config.ltv_bps != 0)
            set_collateral(context, call.to, i, true);
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
