#include "contracts/lending/aave_v3/errors.hpp"
#include "contracts/lending/aave_v3/pool.hpp"

namespace runnel::contracts
{

using namespace aave_v3;

namespace
{
// The widths of the fields in ReserveConfiguration.sol.
constexpr std::uint64_t cap_max = 68'719'476'735;  // 2^36 - 1.
constexpr std::uint64_t bps_field_max = 65'535;    // 2^16 - 1.

std::uint16_t to_bps(const Amount& value) noexcept
{
    return static_cast<std::uint16_t>(value.low64());
}
}  // namespace

void AaveV3Pool::declare_config(AccessCollector& access, ContractId asset) const
{
    if (const auto i = find_reserve(asset))
        access.write(configs_, *i);
}

Result<void> AaveV3Pool::require_admin(const CallContext& context, std::string_view reason) const
{
    RUNNEL_REQUIRE(context.sender() == admin_ && admin_ != zero_account, Refusal::error(reason));
    return {};
}

Result<ReserveConfig*> AaveV3Pool::listed_config(CallContext& context, ContractId asset)
{
    const auto i = RUNNEL_TRY(require_reserve(asset, Refusal::error(errors::asset_not_listed)));
    return &context.write(configs_, i);
}

void AaveV3Pool::declare(const SetReserveFreeze& call, AccountId, AccessCollector& access) const
{
    declare_config(access, call.asset);
}

Result<Returns> AaveV3Pool::execute(const SetReserveFreeze& call, CallContext& context)
{
    RUNNEL_TRY(require_admin(context, errors::caller_not_risk_or_pool_admin));
    RUNNEL_TRY(listed_config(context, call.asset))->frozen = call.freeze;
    return Returns{};
}

void AaveV3Pool::declare(const SetReservePause& call, AccountId, AccessCollector& access) const
{
    declare_config(access, call.asset);
}

Result<Returns> AaveV3Pool::execute(const SetReservePause& call, CallContext& context)
{
    RUNNEL_TRY(require_admin(context, errors::caller_not_pool_or_emergency_admin));
    RUNNEL_TRY(listed_config(context, call.asset))->paused = call.paused;
    return Returns{};
}

void AaveV3Pool::declare(const SetReserveFactor& call, AccountId, AccessCollector& access) const
{
    declare_config(access, call.asset);
    if (const auto i = find_reserve(call.asset))
        access.write(states_, *i);
}

Result<Returns> AaveV3Pool::execute(const SetReserveFactor& call, CallContext& context)
{
    RUNNEL_TRY(require_admin(context, errors::caller_not_risk_or_pool_admin));
    RUNNEL_REQUIRE(
        call.reserve_factor <= bps_denominator, Refusal::error(errors::invalid_reserve_factor));
    RUNNEL_TRY(listed_config(context, call.asset))->reserve_factor_bps =
        to_bps(call.reserve_factor);
    // Until the next operation suppliers earn by the old factor and the treasury by the new one.
    context.write(states_, *find_reserve(call.asset)).rates_stale = true;
    return Returns{};
}

void AaveV3Pool::declare(const SetSupplyCap& call, AccountId, AccessCollector& access) const
{
    declare_config(access, call.asset);
}

Result<Returns> AaveV3Pool::execute(const SetSupplyCap& call, CallContext& context)
{
    RUNNEL_TRY(require_admin(context, errors::caller_not_risk_or_pool_admin));
    RUNNEL_REQUIRE(call.supply_cap <= cap_max, Refusal::error(errors::invalid_supply_cap));
    RUNNEL_TRY(listed_config(context, call.asset))->supply_cap = call.supply_cap.low64();
    return Returns{};
}

void AaveV3Pool::declare(const SetBorrowCap& call, AccountId, AccessCollector& access) const
{
    declare_config(access, call.asset);
}

Result<Returns> AaveV3Pool::execute(const SetBorrowCap& call, CallContext& context)
{
    RUNNEL_TRY(require_admin(context, errors::caller_not_risk_or_pool_admin));
    RUNNEL_REQUIRE(call.borrow_cap <= cap_max, Refusal::error(errors::invalid_borrow_cap));
    RUNNEL_TRY(listed_config(context, call.asset))->borrow_cap = call.borrow_cap.low64();
    return Returns{};
}

void AaveV3Pool::declare(
    const SetLiquidationProtocolFee& call, AccountId, AccessCollector& access) const
{
    declare_config(access, call.asset);
}

Result<Returns> AaveV3Pool::execute(const SetLiquidationProtocolFee& call, CallContext& context)
{
    RUNNEL_TRY(require_admin(context, errors::caller_not_risk_or_pool_admin));
    RUNNEL_REQUIRE(
        call.fee <= bps_denominator, Refusal::error(errors::invalid_liquidation_protocol_fee));
    RUNNEL_TRY(listed_config(context, call.asset))->liquidation_protocol_fee_bps = to_bps(call.fee);
    return Returns{};
}

void AaveV3Pool::declare(
    const ConfigureReserveAsCollateral& call, AccountId, AccessCollector& access) const
{
    declare_config(access, call.asset);
    if (const auto i = find_reserve(call.asset))
        access.read(states_, *i);
}

/// ltv <= threshold; a bonus above 100 % that a loan at the threshold can still pay; a reserve that
/// is no collateral (threshold 0) has no bonus and nothing supplied.
Result<Returns> AaveV3Pool::execute(const ConfigureReserveAsCollateral& call, CallContext& context)
{
    RUNNEL_TRY(require_admin(context, errors::caller_not_risk_or_pool_admin));
    const auto i =
        RUNNEL_TRY(require_reserve(call.asset, Refusal::error(errors::asset_not_listed)));
    const auto invalid = Refusal::error(errors::invalid_reserve_parameters);
    const auto& state = context.read(states_, i);
    RUNNEL_REQUIRE(call.ltv <= call.liquidation_threshold, invalid);
    if (!call.liquidation_threshold.is_zero())
    {
        RUNNEL_REQUIRE(call.liquidation_bonus > bps_denominator, invalid);
        RUNNEL_REQUIRE(RUNNEL_TRY(percent_mul(
                           call.liquidation_threshold, call.liquidation_bonus)) <= bps_denominator,
            invalid);
    }
    else
    {
        RUNNEL_REQUIRE(call.liquidation_bonus.is_zero(), invalid);
        RUNNEL_REQUIRE(state.scaled_supply.is_zero() && state.accrued_to_treasury.is_zero(),
            Refusal::error(errors::reserve_liquidity_not_zero));
    }
    RUNNEL_REQUIRE(
        call.liquidation_bonus <= bps_field_max, Refusal::error(errors::invalid_liquidation_bonus));
    auto& config = context.write(configs_, i);
    config.ltv_bps = to_bps(call.ltv);
    config.liquidation_threshold_bps = to_bps(call.liquidation_threshold);
    config.liquidation_bonus_bps = to_bps(call.liquidation_bonus);
    return Returns{};
}

void AaveV3Pool::declare(
    const SetReserveFlashLoaning& call, AccountId, AccessCollector& access) const
{
    declare_config(access, call.asset);
}

Result<Returns> AaveV3Pool::execute(const SetReserveFlashLoaning& call, CallContext& context)
{
    RUNNEL_TRY(require_admin(context, errors::caller_not_risk_or_pool_admin));
    RUNNEL_TRY(listed_config(context, call.asset))->flash_loan_enabled = call.enabled;
    return Returns{};
}

void AaveV3Pool::declare(const SetReserveBorrowing& call, AccountId, AccessCollector& access) const
{
    declare_config(access, call.asset);
}

Result<Returns> AaveV3Pool::execute(const SetReserveBorrowing& call, CallContext& context)
{
    RUNNEL_TRY(require_admin(context, errors::caller_not_risk_or_pool_admin));
    RUNNEL_TRY(listed_config(context, call.asset))->borrowing_enabled = call.enabled;
    return Returns{};
}

void AaveV3Pool::declare(
    const UpdateFlashloanPremiumTotal&, AccountId, AccessCollector& access) const
{
    access.write(settings_, 0);
}

Result<Returns> AaveV3Pool::execute(const UpdateFlashloanPremiumTotal& call, CallContext& context)
{
    RUNNEL_TRY(require_admin(context, errors::caller_not_pool_admin));
    RUNNEL_REQUIRE(
        call.premium_total <= bps_denominator, Refusal::error(errors::flash_loan_premium_invalid));
    context.write(settings_, 0).flash_loan_premium_total_bps = to_bps(call.premium_total);
    return Returns{};
}

void AaveV3Pool::declare(
    const UpdateFlashloanPremiumToProtocol&, AccountId, AccessCollector& access) const
{
    access.write(settings_, 0);
}

Result<Returns> AaveV3Pool::execute(
    const UpdateFlashloanPremiumToProtocol& call, CallContext& context)
{
    RUNNEL_TRY(require_admin(context, errors::caller_not_pool_admin));
    RUNNEL_REQUIRE(call.premium_to_protocol <= bps_denominator,
        Refusal::error(errors::flash_loan_premium_invalid));
    context.write(settings_, 0).flash_loan_premium_to_protocol_bps =
        to_bps(call.premium_to_protocol);
    return Returns{};
}

}  // namespace runnel::contracts
