#pragma once

#include "state/contract.hpp"

#include <array>
#include <string_view>

/// Aave's numeric revert reasons, one for each cause.
/// Source: @aave/core-v3 1.19.3, contracts/protocol/libraries/helpers/Errors.sol.
namespace runnel::contracts::aave_v3::errors
{

inline constexpr std::string_view caller_not_pool_admin = "1";
inline constexpr std::string_view caller_not_pool_or_emergency_admin = "3";
inline constexpr std::string_view caller_not_risk_or_pool_admin = "4";
inline constexpr std::string_view invalid_flash_loan_executor_return = "13";
inline constexpr std::string_view reserve_liquidity_not_zero = "18";
inline constexpr std::string_view flash_loan_premium_invalid = "19";
inline constexpr std::string_view invalid_reserve_parameters = "20";
inline constexpr std::string_view invalid_mint_amount = "24";
inline constexpr std::string_view invalid_burn_amount = "25";
inline constexpr std::string_view invalid_amount = "26";
inline constexpr std::string_view reserve_inactive = "27";
inline constexpr std::string_view reserve_frozen = "28";
inline constexpr std::string_view reserve_paused = "29";
inline constexpr std::string_view borrowing_not_enabled = "30";
inline constexpr std::string_view stable_borrowing_not_enabled = "31";
inline constexpr std::string_view not_enough_available_user_balance = "32";
inline constexpr std::string_view invalid_interest_rate_mode = "33";
inline constexpr std::string_view collateral_balance_is_zero = "34";
inline constexpr std::string_view health_factor_below_liquidation_threshold = "35";
inline constexpr std::string_view collateral_cannot_cover_new_borrow = "36";
inline constexpr std::string_view no_debt_of_selected_type = "39";
inline constexpr std::string_view no_explicit_amount_to_repay_on_behalf = "40";
inline constexpr std::string_view underlying_balance_zero = "43";
inline constexpr std::string_view health_factor_not_below_threshold = "45";
inline constexpr std::string_view collateral_cannot_be_liquidated = "46";
inline constexpr std::string_view currency_not_borrowed_by_user = "47";
inline constexpr std::string_view borrow_cap_exceeded = "50";
inline constexpr std::string_view supply_cap_exceeded = "51";
inline constexpr std::string_view ltv_validation_failed = "57";
inline constexpr std::string_view user_in_isolation_mode = "62";  // Also: a reserve with ltv 0.
inline constexpr std::string_view invalid_liquidation_bonus = "65";
inline constexpr std::string_view invalid_reserve_factor = "67";
inline constexpr std::string_view invalid_borrow_cap = "68";
inline constexpr std::string_view invalid_supply_cap = "69";
inline constexpr std::string_view invalid_liquidation_protocol_fee = "70";
inline constexpr std::string_view asset_not_listed = "82";
inline constexpr std::string_view invalid_optimal_usage_ratio = "83";
inline constexpr std::string_view flash_loan_disabled = "91";

/// What Aave's library calls them.
inline constexpr std::array names{
    ReasonName{caller_not_pool_admin, "CALLER_NOT_POOL_ADMIN"},
    ReasonName{caller_not_pool_or_emergency_admin, "CALLER_NOT_POOL_OR_EMERGENCY_ADMIN"},
    ReasonName{caller_not_risk_or_pool_admin, "CALLER_NOT_RISK_OR_POOL_ADMIN"},
    ReasonName{invalid_flash_loan_executor_return, "INVALID_FLASHLOAN_EXECUTOR_RETURN"},
    ReasonName{reserve_liquidity_not_zero, "RESERVE_LIQUIDITY_NOT_ZERO"},
    ReasonName{flash_loan_premium_invalid, "FLASHLOAN_PREMIUM_INVALID"},
    ReasonName{invalid_reserve_parameters, "INVALID_RESERVE_PARAMS"},
    ReasonName{invalid_mint_amount, "INVALID_MINT_AMOUNT"},
    ReasonName{invalid_burn_amount, "INVALID_BURN_AMOUNT"},
    ReasonName{invalid_amount, "INVALID_AMOUNT"},
    ReasonName{reserve_inactive, "RESERVE_INACTIVE"},
    ReasonName{reserve_frozen, "RESERVE_FROZEN"},
    ReasonName{reserve_paused, "RESERVE_PAUSED"},
    ReasonName{borrowing_not_enabled, "BORROWING_NOT_ENABLED"},
    ReasonName{stable_borrowing_not_enabled, "STABLE_BORROWING_NOT_ENABLED"},
    ReasonName{not_enough_available_user_balance, "NOT_ENOUGH_AVAILABLE_USER_BALANCE"},
    ReasonName{invalid_interest_rate_mode, "INVALID_INTEREST_RATE_MODE_SELECTED"},
    ReasonName{collateral_balance_is_zero, "COLLATERAL_BALANCE_IS_ZERO"},
    ReasonName{health_factor_below_liquidation_threshold,
        "HEALTH_FACTOR_LOWER_THAN_LIQUIDATION_THRESHOLD"},
    ReasonName{collateral_cannot_cover_new_borrow, "COLLATERAL_CANNOT_COVER_NEW_BORROW"},
    ReasonName{no_debt_of_selected_type, "NO_DEBT_OF_SELECTED_TYPE"},
    ReasonName{no_explicit_amount_to_repay_on_behalf, "NO_EXPLICIT_AMOUNT_TO_REPAY_ON_BEHALF"},
    ReasonName{underlying_balance_zero, "UNDERLYING_BALANCE_ZERO"},
    ReasonName{health_factor_not_below_threshold, "HEALTH_FACTOR_NOT_BELOW_THRESHOLD"},
    ReasonName{collateral_cannot_be_liquidated, "COLLATERAL_CANNOT_BE_LIQUIDATED"},
    ReasonName{currency_not_borrowed_by_user, "SPECIFIED_CURRENCY_NOT_BORROWED_BY_USER"},
    ReasonName{borrow_cap_exceeded, "BORROW_CAP_EXCEEDED"},
    ReasonName{supply_cap_exceeded, "SUPPLY_CAP_EXCEEDED"},
    ReasonName{ltv_validation_failed, "LTV_VALIDATION_FAILED"},
    ReasonName{user_in_isolation_mode, "USER_IN_ISOLATION_MODE"},
    ReasonName{invalid_liquidation_bonus, "INVALID_LIQ_BONUS"},
    ReasonName{invalid_reserve_factor, "INVALID_RESERVE_FACTOR"},
    ReasonName{invalid_borrow_cap, "INVALID_BORROW_CAP"},
    ReasonName{invalid_supply_cap, "INVALID_SUPPLY_CAP"},
    ReasonName{invalid_liquidation_protocol_fee, "INVALID_LIQUIDATION_PROTOCOL_FEE"},
    ReasonName{asset_not_listed, "ASSET_NOT_LISTED"},
    ReasonName{invalid_optimal_usage_ratio, "INVALID_OPTIMAL_USAGE_RATIO"},
    ReasonName{flash_loan_disabled, "FLASHLOAN_DISABLED"},
};

/// The custom errors of v3.7, by the number that v3.0.2 has for the same cause.
inline constexpr std::array names_v37{
    ReasonName{caller_not_pool_admin, "CallerNotPoolAdmin"},
    ReasonName{caller_not_pool_or_emergency_admin, "CallerNotPoolOrEmergencyAdmin"},
    ReasonName{caller_not_risk_or_pool_admin, "CallerNotRiskOrPoolAdmin"},
    ReasonName{invalid_flash_loan_executor_return, "InvalidFlashloanExecutorReturn"},
    ReasonName{reserve_liquidity_not_zero, "ReserveLiquidityNotZero"},
    ReasonName{flash_loan_premium_invalid, "FlashloanPremiumInvalid"},
    ReasonName{invalid_reserve_parameters, "InvalidReserveParams"},
    ReasonName{invalid_amount, "InvalidAmount"},
    ReasonName{reserve_inactive, "ReserveInactive"},
    ReasonName{reserve_frozen, "ReserveFrozen"},
    ReasonName{reserve_paused, "ReservePaused"},
    ReasonName{borrowing_not_enabled, "BorrowingNotEnabled"},
    ReasonName{not_enough_available_user_balance, "NotEnoughAvailableUserBalance"},
    ReasonName{invalid_interest_rate_mode, "InvalidInterestRateModeSelected"},
    ReasonName{
        health_factor_below_liquidation_threshold, "HealthFactorLowerThanLiquidationThreshold"},
    ReasonName{collateral_cannot_cover_new_borrow, "CollateralCannotCoverNewBorrow"},
    ReasonName{no_debt_of_selected_type, "NoDebtOfSelectedType"},
    ReasonName{no_explicit_amount_to_repay_on_behalf, "NoExplicitAmountToRepayOnBehalf"},
    ReasonName{underlying_balance_zero, "UnderlyingBalanceZero"},
    ReasonName{health_factor_not_below_threshold, "HealthFactorNotBelowThreshold"},
    ReasonName{collateral_cannot_be_liquidated, "CollateralCannotBeLiquidated"},
    ReasonName{currency_not_borrowed_by_user, "SpecifiedCurrencyNotBorrowedByUser"},
    ReasonName{borrow_cap_exceeded, "BorrowCapExceeded"},
    ReasonName{supply_cap_exceeded, "SupplyCapExceeded"},
    ReasonName{ltv_validation_failed, "LtvValidationFailed"},
    ReasonName{user_in_isolation_mode, "UserHasAssetWithZeroLtv"},
    ReasonName{invalid_liquidation_bonus, "InvalidLiqBonus"},
    ReasonName{invalid_reserve_factor, "InvalidReserveFactor"},
    ReasonName{invalid_borrow_cap, "InvalidBorrowCap"},
    ReasonName{invalid_supply_cap, "InvalidSupplyCap"},
    ReasonName{invalid_liquidation_protocol_fee, "InvalidLiquidationProtocolFee"},
    ReasonName{asset_not_listed, "AssetNotListed"},
    ReasonName{invalid_optimal_usage_ratio, "InvalidOptimalUsageRatio"},
    ReasonName{flash_loan_disabled, "FlashloanDisabled"},
};

}  // namespace runnel::contracts::aave_v3::errors
