// The router's calls that pay and are paid native coins.

#include "contracts/exchanges/uniswap_v2/factory.hpp"
#include "contracts/exchanges/uniswap_v2/gas.hpp"
#include "contracts/exchanges/uniswap_v2/math.hpp"
#include "contracts/exchanges/uniswap_v2/pair.hpp"
#include "contracts/exchanges/uniswap_v2/router.hpp"
#include "contracts/exchanges/uniswap_v2/router_steps.hpp"
#include "contracts/kit/token_book.hpp"
#include "contracts/tokens/native/native_coin.hpp"
#include "contracts/tokens/weth9/weth9.hpp"
#include "state/world.hpp"

namespace runnel::contracts
{

using namespace uniswap_v2;

Result<void> UniswapV2Router::receive(CallContext&, AccountId from, const Amount&)
{
    RUNNEL_REQUIRE(weth_ != nullptr && from == weth_->account(), Refusal::invalid_opcode());
    return {};
}

/// Where no code is, every call of it reverts without data.
Result<Weth9*> UniswapV2Router::wrapper() const
{
    RUNNEL_REQUIRE(weth_ != nullptr, Refusal::empty());
    return weth_;
}

Result<void> UniswapV2Router::require_wrapper_at(const Path& path, bool at_end) const
{
    const auto& weth = *RUNNEL_TRY(wrapper());
    RUNNEL_REQUIRE(path.size() >= 1, Refusal::invalid_opcode());  // Beyond the end of an array.
    RUNNEL_REQUIRE(path[at_end ? path.size() - 1 : 0] == weth.id(),
        Refusal::error("UniswapV2Router: INVALID_PATH"));
    return {};
}

Result<void> UniswapV2Router::accept_value(CallContext& context, const Amount& value)
{
    return native_->move(context, account(), value);
}

Result<void> UniswapV2Router::wrap(CallContext& context, const Amount& amount, AccountId to)
{
    RUNNEL_TRY(weth_->deposit(context.as(account()), amount));
    return weth_->transfer(context.as(account()), to, amount);
}

Result<void> UniswapV2Router::unwrap(CallContext& context, const Amount& amount, AccountId to)
{
    RUNNEL_TRY(weth_->withdraw(context.as(account()), amount));
    return send_native(context, to, amount);
}

/// TransferHelper.safeTransferETH.
Result<void> UniswapV2Router::send_native(CallContext& context, AccountId to, const Amount& amount)
{
    auto own = context.as(account());
    auto paid = [&]() -> Result<void>
    {
        RUNNEL_TRY(native_->execute(NativeTransfer{to, amount}, own));
        RUNNEL_TRY(own.hand_over(to));
        return {};
    }();
    if (!paid.has_value() && paid.error().kind != RefusalKind::ledger) [[unlikely]]
        return fail("TransferHelper: ETH_TRANSFER_FAILED");
    return paid;
}

/// TransferHelper.safeTransfer.
Result<void> UniswapV2Router::send(
    CallContext& context, ContractId token, AccountId to, const Amount& amount)
{
    auto paid = token_at(context.world(), token).transfer(context.as(account()), to, amount);
    if (!paid.has_value() && paid.error().kind != RefusalKind::ledger) [[unlikely]]
        return fail("TransferHelper: TRANSFER_FAILED");
    return paid;
}

Result<Returns> UniswapV2Router::execute(const SwapExactETHForTokens& call, CallContext& context)
{
    RUNNEL_TRY(accept_value(context, call.value));
    RUNNEL_TRY(require_in_time(context, call.deadline));
    RUNNEL_TRY(require_wrapper_at(call.path, false));
    const auto amounts = RUNNEL_TRY(amounts_out(call.path, call.value, running_reserves(context)));
    const auto& amount_out = amounts[call.path.size() - 1];
    RUNNEL_REQUIRE(amount_out >= call.amount_out_min,
        Refusal::error("UniswapV2Router: INSUFFICIENT_OUTPUT_AMOUNT"));
    RUNNEL_TRY(context.charge_gas(hop_gas * (call.path.size() - 2)));
    const auto* pair = RUNNEL_TRY(first_pair(call.path));
    RUNNEL_TRY(wrap(context, amounts[0], pair->account()));
    RUNNEL_TRY(swap_along(context, call.path, amounts, call.to));
    return Returns{amounts[0], amount_out};
}

Result<Returns> UniswapV2Router::execute(const SwapTokensForExactETH& call, CallContext& context)
{
    RUNNEL_TRY(require_in_time(context, call.deadline));
    RUNNEL_TRY(require_wrapper_at(call.path, true));
    const auto amounts =
        RUNNEL_TRY(amounts_in(call.path, call.amount_out, running_reserves(context)));
    RUNNEL_REQUIRE(amounts[0] <= call.amount_in_max,
        Refusal::error("UniswapV2Router: EXCESSIVE_INPUT_AMOUNT"));
    RUNNEL_TRY(context.charge_gas(hop_gas * (call.path.size() - 2)));
    const auto* pair = RUNNEL_TRY(first_pair(call.path));
    RUNNEL_TRY(pull(context, call.path[0], pair->account(), amounts[0]));
    RUNNEL_TRY(swap_along(context, call.path, amounts, account()));
    RUNNEL_TRY(unwrap(context, call.amount_out, call.to));
    return Returns{amounts[0], call.amount_out};
}

Result<Returns> UniswapV2Router::execute(const SwapExactTokensForETH& call, CallContext& context)
{
    RUNNEL_TRY(require_in_time(context, call.deadline));
    RUNNEL_TRY(require_wrapper_at(call.path, true));
    const auto amounts =
        RUNNEL_TRY(amounts_out(call.path, call.amount_in, running_reserves(context)));
    const auto& amount_out = amounts[call.path.size() - 1];
    RUNNEL_REQUIRE(amount_out >= call.amount_out_min,
        Refusal::error("UniswapV2Router: INSUFFICIENT_OUTPUT_AMOUNT"));
    RUNNEL_TRY(context.charge_gas(hop_gas * (call.path.size() - 2)));
    const auto* pair = RUNNEL_TRY(first_pair(call.path));
    RUNNEL_TRY(pull(context, call.path[0], pair->account(), amounts[0]));
    RUNNEL_TRY(swap_along(context, call.path, amounts, account()));
    RUNNEL_TRY(unwrap(context, amount_out, call.to));
    return Returns{amounts[0], amount_out};
}

Result<Returns> UniswapV2Router::execute(const SwapETHForExactTokens& call, CallContext& context)
{
    RUNNEL_TRY(accept_value(context, call.value));
    RUNNEL_TRY(require_in_time(context, call.deadline));
    RUNNEL_TRY(require_wrapper_at(call.path, false));
    const auto amounts =
        RUNNEL_TRY(amounts_in(call.path, call.amount_out, running_reserves(context)));
    RUNNEL_REQUIRE(
        amounts[0] <= call.value, Refusal::error("UniswapV2Router: EXCESSIVE_INPUT_AMOUNT"));
    RUNNEL_TRY(context.charge_gas(hop_gas * (call.path.size() - 2)));
    const auto* pair = RUNNEL_TRY(first_pair(call.path));
    RUNNEL_TRY(wrap(context, amounts[0], pair->account()));
    RUNNEL_TRY(swap_along(context, call.path, amounts, call.to));
    if (call.value > amounts[0])
        RUNNEL_TRY(send_native(context, context.sender(), wrapping_sub(call.value, amounts[0])));
    return Returns{amounts[0], call.amount_out};
}

Result<Returns> UniswapV2Router::execute(
    const SwapExactETHForTokensSupportingFeeOnTransferTokens& call, CallContext& context)
{
    RUNNEL_TRY(accept_value(context, call.value));
    RUNNEL_TRY(require_in_time(context, call.deadline));
    RUNNEL_TRY(require_wrapper_at(call.path, false));
    auto* pair = RUNNEL_TRY(first_pair(call.path));
    RUNNEL_TRY(require_account(context.world(), call.to));
    RUNNEL_TRY(context.charge_gas(hop_gas * (call.path.size() - 2)));
    RUNNEL_TRY(wrap(context, call.value, pair->account()));
    const auto token_out = call.path[call.path.size() - 1];
    RUNNEL_REQUIRE(find_token(context.world(), token_out) != nullptr, Refusal::empty());
    const auto before = balance_of(context, token_out, call.to);
    RUNNEL_TRY(swap_what_came(context, call.path, call.to));
    const auto received =
        RUNNEL_TRY((SafeMath{balance_of(context, token_out, call.to)} - before).result());
    RUNNEL_REQUIRE(received >= call.amount_out_min,
        Refusal::error("UniswapV2Router: INSUFFICIENT_OUTPUT_AMOUNT"));
    return Returns{};
}

Result<Returns> UniswapV2Router::execute(
    const SwapExactTokensForETHSupportingFeeOnTransferTokens& call, CallContext& context)
{
    RUNNEL_TRY(require_in_time(context, call.deadline));
    RUNNEL_TRY(require_wrapper_at(call.path, true));
    auto* pair = RUNNEL_TRY(first_pair(call.path));
    RUNNEL_TRY(context.charge_gas(hop_gas * (call.path.size() - 2)));
    RUNNEL_TRY(pull(context, call.path[0], pair->account(), call.amount_in));
    RUNNEL_TRY(swap_what_came(context, call.path, account()));
    // All it holds: what somebody may have left there goes with it.
    const auto amount_out = balance_of(context, weth_->id(), account());
    RUNNEL_REQUIRE(amount_out >= call.amount_out_min,
        Refusal::error("UniswapV2Router: INSUFFICIENT_OUTPUT_AMOUNT"));
    RUNNEL_TRY(unwrap(context, amount_out, call.to));
    return Returns{};
}

Result<Returns> UniswapV2Router::execute(const AddLiquidityETH& call, CallContext& context)
{
    RUNNEL_TRY(accept_value(context, call.value));
    RUNNEL_TRY(require_in_time(context, call.deadline));
    const auto weth = RUNNEL_TRY(wrapper())->id();
    auto* pair = factory_->find_pair(call.token, weth);
    if (pair == nullptr)
        pair = RUNNEL_TRY(factory_->create_pair(context, call.token, weth));
    const auto [amount_token, amount_eth] = RUNNEL_TRY(amounts_to_add(context, *pair, call.token,
        {call.amount_token_desired, call.value}, {call.amount_token_min, call.amount_eth_min}));
    RUNNEL_TRY(pull(context, call.token, pair->account(), amount_token));
    RUNNEL_TRY(wrap(context, amount_eth, pair->account()));
    context.use_gas(gas::call_mint);
    const auto shares = RUNNEL_TRY(pair->mint(context.as(account()), call.to));
    if (call.value > amount_eth)
        RUNNEL_TRY(send_native(context, context.sender(), wrapping_sub(call.value, amount_eth)));
    return Returns{amount_token, amount_eth, shares};
}

Result<Returns> UniswapV2Router::execute(const RemoveLiquidityETH& call, CallContext& context)
{
    const auto weth = RUNNEL_TRY(wrapper())->id();
    const RemoveLiquidity both{call.token, weth, call.liquidity, call.amount_token_min,
        call.amount_eth_min, account(), call.deadline};
    const auto [amount_token, amount_eth] = RUNNEL_TRY(remove(context, both, account()));
    RUNNEL_TRY(send(context, call.token, call.to, amount_token));
    RUNNEL_TRY(unwrap(context, amount_eth, call.to));
    return Returns{amount_token, amount_eth};
}

Result<Returns> UniswapV2Router::execute(
    const RemoveLiquidityETHSupportingFeeOnTransferTokens& call, CallContext& context)
{
    const auto weth = RUNNEL_TRY(wrapper())->id();
    const RemoveLiquidity both{call.token, weth, call.liquidity, call.amount_token_min,
        call.amount_eth_min, account(), call.deadline};
    const auto [amount_token, amount_eth] = RUNNEL_TRY(remove(context, both, account()));
    RUNNEL_TRY(send(context, call.token, call.to, balance_of(context, call.token, account())));
    RUNNEL_TRY(unwrap(context, amount_eth, call.to));
    return Returns{amount_eth};
}

}  // namespace runnel::contracts
