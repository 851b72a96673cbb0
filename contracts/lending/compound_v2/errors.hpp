#pragma once

#include "ledger/result.hpp"

#include <cstdint>
#include <string_view>

/// What Compound v2 says no with. The Comptroller answers codes; what a cToken makes of one that is
/// not 0 is a custom error with the code as its argument.
/// Source: compound-finance/compound-protocol, contracts/ErrorReporter.sol.
namespace runnel::contracts::compound_v2
{

/// ComptrollerErrorReporter.Error.
enum class Code : std::uint64_t
{
    none = 0,
    unauthorized = 1,
    insufficient_shortfall = 3,
    insufficient_liquidity = 4,
    invalid_collateral_factor = 6,
    market_not_listed = 9,
    nonzero_borrow_balance = 12,
    price_error = 13,
    rejection = 14,
    too_much_repay = 17,
};
[[nodiscard]] constexpr Amount amount_of(Code code) noexcept
{
    return Amount{static_cast<std::uint64_t>(code)};
}

/// ComptrollerErrorReporter.FailureInfo, of the failures that are events here.
enum class FailureInfo : std::uint64_t
{
    exit_market_balance_owed = 2,
    exit_market_rejection = 3,
    set_collateral_factor_owner_check = 6,
    set_collateral_factor_no_exists = 7,
    set_collateral_factor_validation = 8,
    set_collateral_factor_without_price = 9,
    set_liquidation_incentive_owner_check = 11,
};

/// What the Comptroller allows, or `Name(code)`.
[[nodiscard]] inline Result<void> accepted(Code code, std::string_view name)
{
    RUNNEL_REQUIRE(code == Code::none, Refusal::custom(name).with(amount_of(code)));
    return {};
}

}  // namespace runnel::contracts::compound_v2
