// What pools and routers are to those who know no Uniswap: contracts/kit/sectors/exchange.hpp.
//
// Shares of a pool are the liquidity of an account's own position over all prices; others'
// positions are their owners' affair.

#include "contracts/exchanges/uniswap_v3/factory.hpp"
#include "contracts/exchanges/uniswap_v3/liquidity_amounts.hpp"
#include "contracts/exchanges/uniswap_v3/pool.hpp"
#include "contracts/exchanges/uniswap_v3/router.hpp"
#include "ledger/check.hpp"
#include "state/world.hpp"

#include <algorithm>
#include <cmath>

namespace runnel::contracts
{

using namespace uniswap_v3;

// ---- The pool ----

unsigned UniswapV3Pool::side(ContractId token) const
{
    RUNNEL_CHECK(trades(token));
    return token == token0() ? 0 : 1;
}

Amount UniswapV3Pool::reserve(ContractId token) const
{
    const auto at = side(token);
    const auto balance = token_[at]->holding(account());
    const auto& owed = at == 0 ? state().protocol_fees0 : state().protocol_fees1;
    return balance > owed ? wrapping_sub(balance, owed) : Amount{};
}

Amount UniswapV3Pool::depth(ContractId token) const
{
    const auto& pool = state();
    if (pool.sqrt_price_x96.is_zero())
        return {};
    const auto unit = Amount::power_of_two(fixed_point_96);
    return side(token) == 0 ? mul_div_down(pool.liquidity, unit, pool.sqrt_price_x96).value
                            : mul_div_down(pool.liquidity, pool.sqrt_price_x96, unit).value;
}

double UniswapV3Pool::spot_price(ContractId token_in, ContractId) const
{
    if (state().sqrt_price_x96.is_zero())
        return 0;
    const auto root = std::ldexp(state().sqrt_price_x96.to_double(), -96);
    return side(token_in) == 0 ? root * root : 1 / (root * root);
}

double UniswapV3Pool::fee(ContractId, ContractId) const
{
    return static_cast<double>(swap_fee()) / fee_denominator;
}

namespace
{
/// Words of the bitmap in which most swaps end.
constexpr std::int32_t near_words = 16;

/// A price so many ticks down or up, or the last one.
Amount price_within(std::int32_t tick, std::int32_t ticks, bool down)
{
    const auto until = std::int64_t{tick} + (down ? -std::int64_t{ticks} : std::int64_t{ticks});
    if (until <= min_tick || until >= max_tick)
        return price_end(down);
    return *sqrt_ratio_at_tick(static_cast<std::int32_t>(until));
}
}  // namespace

/// The price at which the last liquidity ends; the price itself if there is none.
Amount UniswapV3Pool::last_price(bool down) const
{
    const auto words = bitmap_.keys();
    if (words.empty())
        return state().sqrt_price_x96;
    const auto key = down ? words.front() : words.back();
    const auto& bits = bitmap_.get(key);
    unsigned bit = down ? 0 : 255;
    while (!bits.bit(bit))
        bit += down ? 1U : -1U;
    const auto tick =
        (static_cast<std::int32_t>(key) - 32'768) * 256 + static_cast<std::int32_t>(bit);
    const auto end = *sqrt_ratio_at_tick(tick * tick_spacing());
    // Where liquidity is over all prices a swap still stops before the last one.
    return down ? std::max(end, price_end(true)) : std::min(end, price_end(false));
}

/// Errors, beside the swap's: without data, if the pool runs out of liquidity on the way. Beyond
/// the last liquidity thousands of empty words would be passed to find that out, so it ends there.
Result<SwapQuote> UniswapV3Pool::quote_whole(
    ContractId token_in, const Amount& amount, bool exact_in) const
{
    const bool down = side(token_in) == 0;
    const auto is_whole = [&](const SwapQuote& quote)
    {
        return (exact_in ? quote.amounts[down ? 0 : 1].bits
                         : quote.amounts[down ? 1 : 0].magnitude()) == amount;
    };
    const auto near = price_within(tick(), near_words * 256 * tick_spacing(), down);
    auto quote = RUNNEL_TRY(quote_swap({down, exact_in, amount, near}));
    if (is_whole(quote))
        return quote;
    const auto last = last_price(down);
    const auto& price = state().sqrt_price_x96;
    RUNNEL_REQUIRE(down ? last < price : last > price, Refusal::empty());
    quote = RUNNEL_TRY(quote_swap({down, exact_in, amount, last}));
    RUNNEL_REQUIRE(is_whole(quote), Refusal::empty());
    return quote;
}

Result<Amount> UniswapV3Pool::quote_exact(
    ContractId token_in, const Amount& amount, bool exact_in) const
{
    const auto quote = RUNNEL_TRY(quote_whole(token_in, amount, exact_in));
    const auto in = side(token_in);
    return exact_in ? quote.amounts[1 - in].magnitude() : quote.amounts[in].bits;
}

Result<Amount> UniswapV3Pool::quote_exact_input(
    ContractId token_in, ContractId, const Amount& amount_in) const
{
    return quote_exact(token_in, amount_in, true);
}

Result<Amount> UniswapV3Pool::quote_exact_output(
    ContractId token_in, ContractId, const Amount& amount_out) const
{
    return quote_exact(token_in, amount_out, false);
}

Amount UniswapV3Pool::share_balance(AccountId account) const
{
    return range_liquidity(account, widest());
}

std::vector<Amount> UniswapV3Pool::share_value(const Amount& shares) const
{
    return range_value(widest(), shares & uint128_max);
}

std::optional<DepositQuote> UniswapV3Pool::quote_deposit(std::span<const Amount> offered) const
{
    return quote_range_deposit(widest(), offered);
}

const Venue* UniswapV3Pool::venue() const
{
    return factory_->router();
}

std::optional<CallGas> UniswapV3Pool::postpaid_swap_gas() const
{
    // It may cross a few ticks and words before the swap is there.
    return CallGas{Swap::gas, 2 * (gas::crossed_tick + gas::bitmap_word)};
}

/// For exactly what goes out: a price that has moved asks for more than the callback pays, and the
/// pool refuses.
void UniswapV3Pool::add_postpaid_swap(
    CallWriter& calls, const PostpaidSwap& swap, CallList nested) const
{
    const bool down = side(swap.token_in) == 0;
    calls.add(id(), Swap{swap.trader, down, Int256::from_magnitude(swap.amount_out, true),
                        price_end(down), nested});
}

// ---- The router ----

std::vector<const Exchange*> UniswapV3Router::exchanges() const
{
    const auto& pools = factory_->pools();
    return {pools.begin(), pools.end()};
}

bool UniswapV3Router::serves(const Exchange& exchange) const
{
    const auto* pool = dynamic_cast<const UniswapV3Pool*>(&exchange);
    return pool != nullptr &&
           factory_->find_pool(pool->token0(), pool->token1(), pool->swap_fee()) == pool;
}

std::uint64_t UniswapV3Router::swap_gas(std::size_t hops) const noexcept
{
    return ExactInput::gas + extra_gas(hops);
}

std::uint64_t UniswapV3Router::extra_gas(std::size_t hops) const noexcept
{
    // Each pool may cross a few ticks and words before the swap is there.
    return gas::further_hop * (hops - 1) + 2 * hops * (gas::crossed_tick + gas::bitmap_word);
}

void UniswapV3Router::add_swap(CallWriter& calls, const SwapOrder& order) const
{
    RUNNEL_CHECK(!order.route.empty() && order.route.size() <= hops_max());
    ExactInput call;
    call.path.push_back(order.route.front().token_in);
    for (const auto& hop : order.route)
    {
        const auto& pool = dynamic_cast<const UniswapV3Pool&>(*hop.exchange);
        call.path.push_back(hop.token_out);
        call.fees.push_back(pool.swap_fee());
    }
    call.recipient = order.recipient;
    call.deadline = order.deadline;
    call.amount_in = order.amount_in;
    call.amount_out_minimum = order.amount_out_min;
    calls.add(id(), call);
}

/// Into a position of the sender's own over all prices.
void UniswapV3Router::add_deposit(CallWriter& calls, const DepositOrder& order) const
{
    const auto& pool = dynamic_cast<const UniswapV3Pool&>(*order.exchange);
    const auto quote = pool.quote_deposit(order.amounts);
    pool.add_range_deposit(calls, pool.widest(), quote ? quote->shares : Amount{}, order.recipient);
}

void UniswapV3Router::add_withdrawal(CallWriter& calls, const WithdrawalOrder& order) const
{
    const auto& pool = dynamic_cast<const UniswapV3Pool&>(*order.exchange);
    pool.add_range_withdrawal(calls, pool.widest(), order.shares, order.recipient);
}

OrderFailure UniswapV3Router::failure_of(const Refusal& refusal) const
{
    if (refusal.text == "Too little received" || refusal.text == "Too much requested")
        return OrderFailure::limit;
    return refusal.text == "Transaction too old" ? OrderFailure::deadline : OrderFailure::other;
}

}  // namespace runnel::contracts
