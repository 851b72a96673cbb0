// What a pool is to those who provide liquidity between prices of their choice and know no Uniswap:
// contracts/kit/sectors/range_exchange.hpp.

#include "contracts/exchanges/uniswap_v3/factory.hpp"
#include "contracts/exchanges/uniswap_v3/gas.hpp"
#include "contracts/exchanges/uniswap_v3/pool.hpp"
#include "contracts/exchanges/uniswap_v3/range_amounts.hpp"
#include "contracts/tokens/erc20/erc20.hpp"

#include <cstdlib>

namespace runnel::contracts
{

using namespace uniswap_v3;

PriceRange UniswapV3Pool::widest() const noexcept
{
    return widest_range(tick_spacing());
}

std::optional<DepositQuote> UniswapV3Pool::quote_range_deposit(
    const PriceRange& range, std::span<const Amount> offered) const
{
    return quote_range({state().sqrt_price_x96, tick()}, range, offered,
        {{tick_info(range.lower).liquidity_gross, tick_info(range.upper).liquidity_gross},
            max_liquidity_per_tick_});
}

Amount UniswapV3Pool::range_liquidity(AccountId owner, const PriceRange& range) const
{
    return position({owner, range.lower, range.upper}).liquidity;
}

std::vector<Amount> UniswapV3Pool::range_value(
    const PriceRange& range, const Amount& liquidity) const
{
    return value_of_range({state().sqrt_price_x96, tick()}, range, liquidity);
}

std::vector<Amount> UniswapV3Pool::range_owed(AccountId owner, const PriceRange& range) const
{
    const PositionKey key{owner, range.lower, range.upper};
    const auto& found = position(key);
    std::vector<Amount> owed{found.tokens_owed0, found.tokens_owed1};
    if (found.liquidity.is_zero())
        return owed;
    const auto growth =
        growth_inside(state(), range, tick_info(range.lower), tick_info(range.upper));
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
