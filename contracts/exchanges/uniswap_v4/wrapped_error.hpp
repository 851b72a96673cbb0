#pragma once

#include "ledger/result.hpp"

#include <string_view>

namespace runnel::contracts::uniswap_v4
{

/// What the manager makes of the refusal of a contract that it called:
///
///     WrappedError(target, function, reason, details)
///
/// written out as its text, with braces for its arguments: the target, then those of the reason as
/// far as they fit. What the ledger refuses stays as it is.
/// Source: ERC-7751; Uniswap v4-core `CustomRevert.sol`.
[[nodiscard]] Refusal wrapped_error(
    const Refusal& reason, AccountId target, std::string_view function, std::string_view details);

}  // namespace runnel::contracts::uniswap_v4
