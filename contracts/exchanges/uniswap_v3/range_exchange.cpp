// What a pool is to those who provide liquidity between prices of their choice and know no Uniswap:
// contracts/kit/sectors/range_exchange.hpp.

#include "contracts/exchanges/uniswap_v3/factory.hpp"
#include "contracts/exchanges/uniswap_v3/gas.hpp"
#include "contracts/exchanges/uniswap_v3/liquidity_amounts.hpp"
#include "contracts/exchanges/uniswap_v3/pool.hpp"
#include "contracts/tokens/erc20/erc20.hpp"
#include "ledger/check.hpp"

#include <cstdlib>

namespace runnel::contracts
{

using namespace uniswap_v3;

namespace
{
struct Ends
{
    Amount lower;
    Amount upper;
};

Ends ends_of(const PriceRange& range)
{
    const auto lower = sqrt_ratio_at_tick(range.lower);
    const auto upper = sqrt_ratio_at_tick(range.upper);
    RUNNEL_CHECK(lower.has_value() && upper.has_value() && range.lower < range.upper);
    return {*lower, *upper};
}
}  // namespace

PriceRange UniswapV3Pool::widest() const noexcept
{
    const auto lower = min_tick / tick_spacing() * tick_spacing();
    return {lower, -lower};
}

std::optional<DepositQuote> UniswapV3Pool::quote_range_deposit(
    const PriceRange& range, std::span<const Amount> offered) const
{
    RUNNEL_CHECK(offered.size() == 2);
    const auto& price = state().sqrt_price_x96;
    if (price.is_zero())
        return std::nullopt;
    const auto [lower, upper] = ends_of(range);
    const auto liquidity = liquidity_for_amounts(price, lower, upper, offered[0], offered[1]);
    if (!liquidity.has_value() || liquidity->is_zero())
        return std::nullopt;
    for (const auto end : {range.lower, range.upper})
    {
        const auto there = Checked{tick_info(end).liquidity_gross} + *liquidity;
        if (!there.ok() || there.value > max_liquidity_per_tick_)
            return std::nullopt;
    }
    DepositQuote quote{std::vector<Amount>(2), *liquidity};
    // As the pool itself: by its tick, which at the very end of a range says more than the price.
    if (tick() < range.upper)
    {
        const auto amount =
            amount0_delta(tick() < range.lower ? lower : price, upper, *liquidity, true);
        if (!amount.has_value())
            return std::nullopt;
        quote.amounts[0] = *amount;
    }
    if (tick() >= range.lower)
    {
        const auto amount =
            amount1_delta(lower, tick() < range.upper ? price : upper, *liquidity, true);
        if (!amount.has_value())
            return std::nullopt;
        quote.amounts[1] = *amount;
    }
    return quote;
}

Amount UniswapV3Pool::range_liquidity(AccountId owner, const PriceRange& range) const
{
    return position({owner, range.lower, range.upper}).liquidity;
}

std::vector<Amount> UniswapV3Pool::range_value(
    const PriceRange& range, const Amount& liquidity) const
{
    const auto& price = state().sqrt_price_x96;
    if (price.is_zero() || liquidity.is_zero())
        return std::vector<Amount>(2);
    const auto [lower, upper] = ends_of(range);
    const auto from = tick() < range.lower ? lower : tick() < range.upper ? price : upper;
    const auto amount0 = amount0_delta(from, upper, liquidity, false);
    const auto amount1 = amount1_delta(lower, from, liquidity, false);
    return {amount0.has_value() ? *amount0 : Amount{}, amount1.has_value() ? *amount1 : Amount{}};
}

std::vector<Amount> UniswapV3Pool::range_owed(AccountId owner, const PriceRange& range) const
{
    const PositionKey key{owner, range.lower, range.upper};
    const auto& found = position(key);
    std::vector<Amount> owed{found.tokens_owed0, found.tokens_owed1};
    if (found.liquidity.is_zero())
        return owed;
    const auto growth =
        fee_growth_inside(state(), key, tick_info(range.lower), tick_info(range.upper));
    const std::array last{found.fee_growth_inside0_last_x128, found.fee_growth_inside1_last_x128};
    for (unsigned side = 0; side < 2; ++side)
    {
        const auto earned = mul_shift_rounding_down(
            wrapping_sub(growth[side], last[side]), found.liquidity, fixed_point_128);
        if (earned.has_value())
            owed[side] = wrapping_add(owed[side], *earned & uint128_max) & uint128_max;
    }
    return owed;
}

/// Into a position of the sender's own, paid in the pool's callback.
void UniswapV3Pool::add_range_deposit(
    CallWriter& calls, const PriceRange& range, const Amount& liquidity, AccountId sender) const
{
    CallWriter payments;
    for (unsigned side = 0; side < 2; ++side)
    {
        const Erc20Transfer transfer{account(), {}};
        payments.add(tokens_[side], transfer,
            Binding{transfer.value, ResultOf{ResultOf::callback, static_cast<std::uint8_t>(side)}});
    }
    calls.add(id(), Mint{sender, range.lower, range.upper, liquidity, payments.list()});
}

void UniswapV3Pool::add_range_withdrawal(
    CallWriter& calls, const PriceRange& range, const Amount& liquidity, AccountId recipient) const
{
    calls.add(id(), Burn{range.lower, range.upper, liquidity});
    calls.add(id(), Collect{recipient, range.lower, range.upper, uint128_max, uint128_max});
}

std::uint64_t UniswapV3Pool::crossing_gas(ContractId token_in, const Amount& amount_in) const
{
    const auto quote = quote_whole(token_in, amount_in, true);
    if (!quote.has_value())
        return 0;
    const auto word = [this](std::int32_t at) { return compressed_tick(at, tick_spacing()) >> 8; };
    const auto words = static_cast<std::uint64_t>(std::abs(word(quote->tick_after) - word(tick())));
    return gas::crossed_tick * quote->ticks_crossed + gas::bitmap_word * (words + 1);
}

CallGas UniswapV3Pool::range_deposit_gas() const noexcept
{
    // An observation may need a new slot.
    return {Mint::gas + 2 * Erc20Transfer::gas, gas::slot_set};
}

CallGas UniswapV3Pool::range_withdrawal_gas() const noexcept
{
    // The last liquidity of its ticks empties them and their bits, and an observation may need a
    // new slot.
    return {
        Burn::gas + Collect::gas, gas::both_ticks_emptied + 2 * gas::slot_changed + gas::slot_set};
}

}  // namespace runnel::contracts
