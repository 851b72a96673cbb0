#pragma once

#include "contracts/exchanges/uniswap_v3/pool.hpp"
#include "contracts/kit/token.hpp"

/// How the periphery pays pools. Source: Uniswap v3-periphery `PeripheryPayments.sol`,
/// `TransferHelper.sol`; paying with native coins is not modelled: wrap them first.
namespace runnel::contracts::uniswap_v3
{

/// Pays @p value of @p token from @p payer to @p recipient as @p self, the contract that holds the
/// payer's allowance, or is the payer.
/// Errors: ST, and STF where an allowance is used, whatever the token's reason was.
[[nodiscard]] inline Result<void> pay_pool(CallContext& context, AccountId self, Token& token,
    AccountId payer, AccountId recipient, const Amount& value)
{
    const bool is_own = payer == self;
    const auto paid = is_own ? token.transfer(context.as(self), recipient, value)
                             : token.transfer_from(context.as(self), payer, recipient, value);
    if (paid.has_value()) [[likely]]
        return {};
    return fail(paid.error().kind == RefusalKind::ledger ? paid.error()
                                                         : Refusal::error(is_own ? "ST" : "STF"));
}

[[nodiscard]] inline Result<void> check_deadline(const CallContext& context, std::uint64_t deadline)
{
    RUNNEL_REQUIRE(context.block().timestamp <= deadline, Refusal::error("Transaction too old"));
    return {};
}

}  // namespace runnel::contracts::uniswap_v3
