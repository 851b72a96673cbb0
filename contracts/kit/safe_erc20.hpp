#pragma once

#include "contracts/kit/token.hpp"
#include "ledger/result.hpp"

#include <utility>

/// What a contract that moves tokens by OpenZeppelin's SafeERC20 makes of a token's refusal:
///
///     RUNNEL_TRY(safe_2(token.transfer(context.as(account()), to, amount)));
///
/// The number is OpenZeppelin Contracts' own. What the ledger refuses stays as it is.
namespace runnel::contracts::openzeppelin
{

/// A reason of its own, whatever the token's. Source: OpenZeppelin Contracts 2.3 `SafeERC20.sol`.
[[nodiscard]] inline Result<void> safe_2(Result<void> moved)
{
    if (moved.has_value() || moved.error().kind == RefusalKind::ledger)
        return moved;
    if (is_token_said_false(moved.error()))
        return fail("SafeERC20: ERC20 operation did not succeed");
    return fail("SafeERC20: low-level call failed");
}

/// The token's reason, if it has one. Source: OpenZeppelin Contracts 3.x
/// and 4.x `SafeERC20.sol`.
[[nodiscard]] inline Result<void> safe_3(Result<void> moved)
{
    if (moved.has_value())
        return moved;
    if (is_token_said_false(moved.error()))
        return fail("SafeERC20: ERC20 operation did not succeed");
    const auto kind = moved.error().kind;
    if (kind == RefusalKind::empty || kind == RefusalKind::invalid_opcode)
        return fail("SafeERC20: low-level call failed");
    return moved;
}

/// What the token says. @p token is the account of its contract. Source: OpenZeppelin Contracts 5.x
/// `SafeERC20.sol`.
[[nodiscard]] inline Result<void> safe_5(Result<void> moved, AccountId token)
{
    if (moved.has_value())
        return moved;
    if (is_token_said_false(moved.error()))
        return fail(Refusal::custom("SafeERC20FailedOperation").with(token));
    if (moved.error().kind == RefusalKind::invalid_opcode)
        return fail(Refusal::empty());
    return moved;
}

}  // namespace runnel::contracts::openzeppelin
