#include "contracts/lending/aave_v3/errors.hpp"
#include "contracts/lending/aave_v3/pool.hpp"
#include "ledger/check.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace runnel::contracts
{

using namespace aave_v3;

namespace
{
// The widths of the fields in ReserveConfiguration.sol.
constexpr std::uint64_t cap_max = 68'719'476'735;  // 2^36 - 1.
constexpr std::uint64_t bps_field_max = 65'535;    // 2^16 - 1.
constexpr std::uint64_t rate_max_v37 = 100'000;    // 1,000 %; base rate and slopes together.
constexpr std::uint64_t rate_max = 4'294'967'295;  // 2^32 - 1.

std::uint16_t to_bps(const Amount& value) noexcept
{
    return static_cast<std::uint16_t>(value.low64());
}

/// Who may make a call that sets one field, the greatest value it takes, and the field.
struct ConfigSetter
{
    std::uint8_t method = 0;
    std::string_view not_allowed;  // The error of a caller who may not.
    std::uint64_t max = 1;
    std::string_view out_of_range;
    void (*set)(ReserveConfig& config, const Amount& value) = nullptr;
};

// Source: PoolConfigurator.sol, ReserveConfiguration.sol.
constexpr std::array config_setters{
    ConfigSetter{SetReserveFreeze::method, errors::caller_not_risk_or_pool_admin, 1, "",
        [](ReserveConfig& config, const Amount& value) { config.frozen = !value.is_zero(); }},
    ConfigSetter{SetReservePause::method, errors::caller_not_pool_or_emergency_admin, 1, "",
        [](ReserveConfig& config, const Amount& value) { config.paused = !value.is_zero(); }},
    ConfigSetter{SetReserveFactor::method, errors::caller_not_risk_or_pool_admin, bps_denominator,
        errors::invalid_reserve_factor,
        [](ReserveConfig& config, const Amount& value)
        { config.reserve_factor_bps = to_bps(value); }},
    ConfigSetter{SetSupplyCap::method, errors::caller_not_risk_or_pool_admin, cap_max,
        errors::invalid_supply_cap,
        [](ReserveConfig& config, const Amount& value) { config.supply_cap = value.low64(); }},
    ConfigSetter{SetBorrowCap::method, errors::caller_not_risk_or_pool_admin, cap_max,
        errors::invalid_borrow_cap,
        [](ReserveConfig& config, const Amount& value) { config.borrow_cap = value.low64(); }},
    ConfigSetter{SetLiquidationProtocolFee::method, errors::caller_not_risk_or_pool_admin,
        bps_denominator, errors::invalid_liquidation_protocol_fee,
        [](ReserveConfig& config, const Amount& value)
        { config.liquidation_protocol_fee_bps = to_bps(value); }},
    ConfigSetter{SetReserveFlashLoaning::method, errors::caller_not_risk_or_pool_admin, 1, "",
        [](ReserveConfig& config, const Amount& value)
        { config.flash_loan_enabled = !value.is_zero(); }},
    ConfigSetter{SetReserveBorrowing::method, errors::caller_not_risk_or_pool_admin, 1, "",
        [](ReserveConfig& config, const Amount& value)
        { config.borrowing_enabled = !value.is_zero(); }},
};
}  // namespace

Result<void> AaveV3Pool::require_admin(const CallContext& context, std::string_view reason) const
{
    RUNNEL_REQUIRE(context.sender() == admin_ && admin_ != zero_account, refusal(reason));
    return {};
}

Result<Returns> AaveV3Pool::set_config(
    ContractId asset, std::uint8_t method, const Amount& value, CallContext& context)
{
    const auto setter = std::find_if(config_setters.begin(), config_setters.end(),
        [method](const ConfigSetter& row) { return row.method == method; });
    RUNNEL_CHECK(setter != config_setters.end());
    RUNNEL_TRY(require_admin(context, setter->not_allowed));
    RUNNEL_REQUIRE(value <= setter->max, refusal(setter->out_of_range));
    const auto i = RUNNEL_TRY(require_reserve(asset, refusal(errors::asset_not_listed)));
    if (is_v37() && method == SetReserveFactor::method)
    {
        // What suppliers earned until now they earned by the old one.
        RUNNEL_TRY(accrue(context, i));
        setter->set(context.write(configs_, i), value);
        RUNNEL_TRY(refresh_rates(context, i, 0, 0));
        return Returns{};
    }
    if (is_v37() && method == SetReserveFreeze::method)
    {
        auto& config = context.write(configs_, i);
        RUNNEL_REQUIRE(config.frozen == value.is_zero(), Refusal::custom("InvalidFreezeState"));
        // Nothing new is lent against it; thawing does not give the ltv back.
        if (!value.is_zero() && config.ltv_bps != 0)
            context.write(*extras_, i).pending_ltv_bps = std::exchange(config.ltv_bps, 0);
    }
    setter->set(context.write(configs_, i), value);
    // Until the next operation suppliers earn by the old factor and the treasury by the new one.
    if (method == SetReserveFactor::method)
        context.write(states_, i).rates_stale = true;
    return Returns{};
}

/// ltv <= threshold; a bonus above 100 % that a loan at the threshold can still pay; a reserve that
/// is no collateral (threshold 0) has no bonus and nothing supplied.
Result<Returns> AaveV3Pool::execute(const ConfigureReserveAsCollateral& call, CallContext& context)
{
    RUNNEL_TRY(require_admin(context, errors::caller_not_risk_or_pool_admin));
    const auto i = RUNNEL_TRY(require_reserve(call.asset, refusal(errors::asset_not_listed)));
    const auto invalid = refusal(errors::invalid_reserve_parameters);
    const auto& state = context.read(states_, i);
    RUNNEL_REQUIRE(call.ltv <= call.liquidation_threshold, invalid);
    if (!call.liquidation_threshold.is_zero())
    {
        RUNNEL_REQUIRE(call.liquidation_bonus > bps_denominator, invalid);
        RUNNEL_REQUIRE(RUNNEL_TRY(percent_mul_half_up(
                           call.liquidation_threshold, call.liquidation_bonus)) <= bps_denominator,
            invalid);
    }
    else
    {
        RUNNEL_REQUIRE(call.liquidation_bonus.is_zero(), invalid);
        RUNNEL_REQUIRE(state.scaled_supply.is_zero() && state.accrued_to_treasury.is_zero(),
            refusal(errors::reserve_liquidity_not_zero));
    }
    RUNNEL_REQUIRE(
        call.liquidation_bonus <= bps_field_max, refusal(errors::invalid_liquidation_bonus));
    auto& config = context.write(configs_, i);
    if (is_v37())
        context.write(*extras_, i).pending_ltv_bps = config.frozen ? to_bps(call.ltv) : 0;
    if (!is_v37() || !config.frozen)
        config.ltv_bps = to_bps(call.ltv);
    config.liquidation_threshold_bps = to_bps(call.liquidation_threshold);
    config.liquidation_bonus_bps = to_bps(call.liquidation_bonus);
    return Returns{};
}

/// Of v3.7 interest is brought up to date first, and rates follow at once. Of v3.0.2 only the ratio
/// is checked, and rates follow at the next operation. Source:
/// DefaultReserveInterestRateStrategyV2.sol (setInterestRateParams),
/// DefaultReserveInterestRateStrategy.sol of v3.0.2 (constructor).
Result<Returns> AaveV3Pool::execute(const SetReserveInterestRateData& call, CallContext& context)
{
    RUNNEL_TRY(require_admin(context, errors::caller_not_risk_or_pool_admin));
    const auto i = RUNNEL_TRY(require_reserve(call.asset, refusal(errors::asset_not_listed)));
    const Amount ratio_min{is_v37() ? 100U : 1U};
    const Amount ratio_max{is_v37() ? 9'900U : bps_denominator};
    RUNNEL_REQUIRE(call.optimal_usage_ratio >= ratio_min && call.optimal_usage_ratio <= ratio_max,
        refusal(errors::invalid_optimal_usage_ratio));
    RUNNEL_REQUIRE(!is_v37() || call.variable_rate_slope1 <= call.variable_rate_slope2,
        Refusal::custom("Slope2MustBeGteSlope1"));
    // The width of the field on v3.7; a curve of v3.0.2 beyond it is nobody's.
    const auto most = Checked{call.base_variable_borrow_rate} + call.variable_rate_slope1 +
                      call.variable_rate_slope2;
    RUNNEL_REQUIRE(most.ok() && most.value <= (is_v37() ? rate_max_v37 : rate_max),
        is_v37() ? Refusal::custom("InvalidMaxRate") : Refusal::panic(0x11));
    if (is_v37())
        RUNNEL_TRY(accrue(context, i));
    const auto bps_of = [](const Amount& value)
    { return static_cast<std::uint32_t>(value.low64()); };
    context.write(curves_, i) = {true, to_bps(call.optimal_usage_ratio),
        bps_of(call.base_variable_borrow_rate), bps_of(call.variable_rate_slope1),
        bps_of(call.variable_rate_slope2)};
    if (is_v37())
        RUNNEL_TRY(refresh_rates(context, i, 0, 0));
    else
        context.write(states_, i).rates_stale = true;
    return Returns{};
}

Result<Returns> AaveV3Pool::execute(const UpdateFlashloanPremiumTotal& call, CallContext& context)
{
    RUNNEL_TRY(require_admin(context, errors::caller_not_pool_admin));
    RUNNEL_REQUIRE(
        call.premium_total <= bps_denominator, refusal(errors::flash_loan_premium_invalid));
    context.write(settings_, 0).flash_loan_premium_total_bps = to_bps(call.premium_total);
    return Returns{};
}

Result<Returns> AaveV3Pool::execute(
    const UpdateFlashloanPremiumToProtocol& call, CallContext& context)
{
    // v3.7 has one premium, all of it the treasury's.
    RUNNEL_REQUIRE(!is_v37(), Refusal::empty());
    RUNNEL_TRY(require_admin(context, errors::caller_not_pool_admin));
    RUNNEL_REQUIRE(
        call.premium_to_protocol <= bps_denominator, refusal(errors::flash_loan_premium_invalid));
    context.write(settings_, 0).flash_loan_premium_to_protocol_bps =
        to_bps(call.premium_to_protocol);
    return Returns{};
}

}  // namespace runnel::contracts
