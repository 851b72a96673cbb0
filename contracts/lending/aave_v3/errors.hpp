#pragma once

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

}  // namespace runnel::contracts::aave_v3::errors
