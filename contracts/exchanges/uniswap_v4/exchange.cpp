// What pools and the router are to those who know no Uniswap: contracts/kit/sectors/exchange.hpp.

#include "contracts/exchanges/uniswap_v4/pool.hpp"
#include "contracts/exchanges/uniswap_v4/router.hpp"
#include "ledger/check.hpp"
#include "state/world.hpp"

#include <algorithm>
#include <cmath>

namespace runnel::contracts
{

using namespace uniswap_v4;

// ---- The pool ----

unsigned UniswapV4Pool::side(ContractId token) const
{
    RUNNEL_CHECK(trades(token));
    return token == key_.currency0 ? 0 : 1;
}

Amount UniswapV4Pool::reserve(ContractId token) const
{
    const auto number = manager_->find_pool(key_);
    return number == 0 ? Amount{} : manager_->principal(number, side(token));
}

Amount UniswapV4Pool::depth(ContractId token) const
{
    const auto& pool = state();
    if (pool.sqrt_price_x96.is_zero())
        return {};
    const auto unit = Amount::power_of_two(uniswap_v3::fixed_point_96);
    return side(token) == 0 ? mul_div_down(pool.liquidity, unit, pool.sqrt_price_x96).value
                            : mul_div_down(pool.liquidity, pool.sqrt_price_x96, unit).value;
}

double UniswapV4Pool::spot_price(ContractId token_in, ContractId) const
{
    const auto& price = state().sqrt_price_x96;
    if (price.is_zero())
        return 0;
    const auto root = std::ldexp(price.to_double(), -96);
    return side(token_in) == 0 ? root * root : 1 / (root * root);
}

double UniswapV4Pool::fee(ContractId token_in, ContractId) const
{
    return static_cast<double>(manager_->swap_fee(key_, side(token_in) == 0)) / pips;
}

/// Errors, beside the swap's: without data, if the pool runs out of liquidity on the way.
Result<SwapQuote> UniswapV4Pool::quote_whole(
    ContractId token_in, const Amount& amount, bool exact_in) const
{
    const bool down = side(token_in) == 0;
    const auto asked = RUNNEL_TRY(to_int128(amount));
    const auto quote = RUNNEL_TRY(
        manager_->quote_swap(key_, {down, exact_in ? -asked : asked, uniswap_v3::price_end(down)}));
    const auto paid = -quote.amounts[down ? 0 : 1];
    const auto& got = quote.amounts[down ? 1 : 0];
    RUNNEL_REQUIRE(
        !paid.is_negative() && !got.is_negative() && (exact_in ? paid : got).bits == amount,
        Refusal::empty());
    return quote;
}

Result<Amount> UniswapV4Pool::quote_exact(
    ContractId token_in, const Amount& amount, bool exact_in) const
{
    const auto quote = RUNNEL_TRY(quote_whole(token_in, amount, exact_in));
    return quote.amounts[exact_in ? 1 - side(token_in) : side(token_in)].magnitude();
}

Result<Amount> UniswapV4Pool::quote_exact_input(
    ContractId token_in, ContractId, const Amount& amount_in) const
{
    return quote_exact(token_in, amount_in, true);
}

Result<Amount> UniswapV4Pool::quote_exact_output(
    ContractId token_in, ContractId, const Amount& amount_out) const
{
    return quote_exact(token_in, amount_out, false);
}

Amount UniswapV4Pool::share_balance(AccountId account) const
{
    return range_liquidity(account, widest());
}

std::vector<Amount> UniswapV4Pool::share_value(const Amount& shares) const
{
    return range_value(widest(), shares & uniswap_v3::uint128_max);
}

std::optional<DepositQuote> UniswapV4Pool::quote_deposit(std::span<const Amount> offered) const
{
    return quote_range_deposit(widest(), offered);
}

const Venue* UniswapV4Pool::venue() const
{
    return router_;
}

// ---- The router ----

std::vector<const Exchange*> UniswapV4Router::exchanges() const
{
    const auto& pools = manager_->exchanges();
    return {pools.begin(), pools.end()};
}

bool UniswapV4Router::serves(const Exchange& exchange) const
{
    const auto* pool = dynamic_cast<const UniswapV4Pool*>(&exchange);
    return pool != nullptr && pool->manager_id() == manager_id_;
}

std::uint64_t UniswapV4Router::swap_gas(std::size_t hops) const noexcept
{
    return SwapExactInput::gas + extra_gas(hops);
}

std::uint64_t UniswapV4Router::extra_gas(std::size_t hops) const noexcept
{
    // Each pool may call a hook twice, and cross a few ticks and words before the swap is there.
    return gas::further_hop * (hops - 1) +
           2 * hops * (gas::callback + gas::crossed_tick + gas::bitmap_word);
}

void UniswapV4Router::add_swap(CallWriter& calls, const SwapOrder& order) const
{
    RUNNEL_CHECK(!order.route.empty() && order.route.size() <= hops_max());
    SwapExactInput call;
    call.path.currencies.push_back(order.route.front().token_in);
    for (const auto& hop : order.route)
    {
        const auto& key = dynamic_cast<const UniswapV4Pool&>(*hop.exchange).key();
        call.path.currencies.push_back(hop.token_out);
        call.path.fees.push_back(key.fee);
        call.path.tick_spacings.push_back(key.tick_spacing);
        call.path.hooks.push_back(key.hooks);
    }
    call.recipient = order.recipient;
    call.deadline = order.deadline;
    call.amount_in = order.amount_in;
    call.amount_out_minimum = order.amount_out_min;
    calls.add(id(), call);
}

/// Into a position over all prices.
void UniswapV4Router::add_deposit(CallWriter& calls, const DepositOrder& order) const
{
    const auto& pool = dynamic_cast<const UniswapV4Pool&>(*order.exchange);
    const auto quote = pool.quote_deposit(order.amounts);
    const auto [lower, upper] = pool.widest();
    calls.add(id(), AddLiquidity{pool.key(), lower, upper, quote ? quote->shares : Amount{},
                        order.amounts.at(0), order.amounts.at(1), order.recipient, order.deadline});
}

void UniswapV4Router::add_withdrawal(CallWriter& calls, const WithdrawalOrder& order) const
{
    const auto& pool = dynamic_cast<const UniswapV4Pool&>(*order.exchange);
    const auto [lower, upper] = pool.widest();
    calls.add(id(), RemoveLiquidity{pool.key(), lower, upper, order.shares, order.amounts_min.at(0),
                        order.amounts_min.at(1), order.recipient, order.deadline});
}

OrderFailure UniswapV4Router::failure_of(const Refusal& refusal) const
{
    const auto& text = refusal.text;
    if (text == "V4TooLittleReceived" || text == "V4TooMuchRequested" ||
        text == "MaximumAmountExceeded" || text == "MinimumAmountInsufficient")
        return OrderFailure::limit;
    return text == "TransactionDeadlinePassed" || text == "DeadlinePassed" ? OrderFailure::deadline
                                                                           : OrderFailure::other;
}

}  // namespace runnel::contracts
