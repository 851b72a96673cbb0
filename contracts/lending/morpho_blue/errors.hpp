#pragma once

#include <string_view>

/// The reasons of Morpho Blue's refusals.
/// Source: morpho-org/morpho-blue 1.0.0, src/libraries/ErrorsLib.sol.
namespace runnel::contracts::morpho_blue::errors
{

inline constexpr std::string_view not_owner = "not owner";
inline constexpr std::string_view max_lltv_exceeded = "max LLTV exceeded";
inline constexpr std::string_view max_fee_exceeded = "max fee exceeded";
inline constexpr std::string_view already_set = "already set";
inline constexpr std::string_view irm_not_enabled = "IRM not enabled";
inline constexpr std::string_view lltv_not_enabled = "LLTV not enabled";
inline constexpr std::string_view market_already_created = "market already created";
inline constexpr std::string_view no_code = "no code";
inline constexpr std::string_view market_not_created = "market not created";
inline constexpr std::string_view inconsistent_input = "inconsistent input";
inline constexpr std::string_view zero_assets = "zero assets";
inline constexpr std::string_view zero_address = "zero address";
inline constexpr std::string_view unauthorized = "unauthorized";
inline constexpr std::string_view insufficient_collateral = "insufficient collateral";
inline constexpr std::string_view insufficient_liquidity = "insufficient liquidity";
inline constexpr std::string_view healthy_position = "position is healthy";
inline constexpr std::string_view invalid_signature = "invalid signature";
inline constexpr std::string_view signature_expired = "signature expired";
inline constexpr std::string_view invalid_nonce = "invalid nonce";
inline constexpr std::string_view transfer_reverted = "transfer reverted";
inline constexpr std::string_view transfer_returned_false = "transfer returned false";
inline constexpr std::string_view transfer_from_reverted = "transferFrom reverted";
inline constexpr std::string_view transfer_from_returned_false = "transferFrom returned false";

}  // namespace runnel::contracts::morpho_blue::errors
