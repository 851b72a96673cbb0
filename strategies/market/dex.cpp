#include "strategies/market/dex.hpp"

#include "ledger/check.hpp"
#include "ledger/portable_math.hpp"
#include "strategies/market/common.hpp"

#include <algorithm>
#include <cmath>

namespace runnel::strategies
{

DexMap::DexMap(const World& world, const std::vector<ContractId>& pairs)
{
    RUNNEL_CHECK(pairs.size() <= pairs_max);
    for (const auto id : pairs)
    {
        const auto& pair = dynamic_cast<const contracts::UniswapV2Pair&>(world.contract(id));
        const auto token0 = position_of(world, pair.token0());
        const auto token1 = position_of(world, pair.token1());
        pools_.push_back({id, {token0, token1}, 0});
    }
    ways_.resize(tokens_.size() * tokens_.size());
}

DexMap::Position DexMap::position_of(const World& world, ContractId token)
{
    const auto found = std::find_if(
        tokens_.begin(), tokens_.end(), [token](const Coin& coin) { return coin.token == token; });
    if (found == tokens_.end())
    {
        RUNNEL_CHECK(tokens_.size() < positions_max);
        tokens_.push_back({token, decimals_of(world, token), 0});
        return static_cast<Position>(tokens_.size() - 1);
    }
    return static_cast<Position>(found - tokens_.begin());
}

void DexMap::observe(const WorldView& view)
{
    if (observed_block_ == view.block_number)
        return;
    observed_block_ = view.block_number;
    for (auto& coin : tokens_)
        coin.usd = reference_usd(view, coin.token);
    price_unquoted(view);
    for (auto& pool : pools_)
    {
        const auto& state = pair(view, pool).state();
        const auto& coin0 = tokens_[pool.tokens[0]];
        const auto& coin1 = tokens_[pool.tokens[1]];
        pool.depth_usd = to_whole(state.reserve0, coin0.decimals) * coin0.usd +
                         to_whole(state.reserve1, coin1.decimals) * coin1.usd;
    }
}

/// Prices spread from priced tokens to their neighbours, one pool further per round.
void DexMap::price_unquoted(const WorldView& view)
{
    for (bool progress = true; progress;)
    {
        progress = false;
        struct Offer
        {
            Position token = 0;
            double depth_usd = 0;
            double usd = 0;
        };
        std::vector<Offer> offers;
        for (const auto& pool : pools_)
        {
            for (unsigned side = 0; side < 2; ++side)
            {
                const auto& known = tokens_[pool.tokens[side]];
                const auto unknown = pool.tokens[1 - side];
                if (!(known.usd > 0) || tokens_[unknown].usd > 0)
                    continue;
                const auto& state = pair(view, pool).state();
                const auto value = known.usd * to_whole(side == 0 ? state.reserve0 : state.reserve1,
                                                   known.decimals);
                const auto amount = to_whole(
                    side == 0 ? state.reserve1 : state.reserve0, tokens_[unknown].decimals);
                if (value > 0 && amount > 0)
                    offers.push_back({unknown, value, value / amount});
            }
        }
        for (const auto& coin : tokens_)
        {
            const Offer* best = nullptr;
            for (const auto& offer : offers)
            {
                if (&tokens_[offer.token] == &coin &&
                    (best == nullptr || offer.depth_usd > best->depth_usd))
                    best = &offer;
            }
            if (best != nullptr)
            {
                tokens_[best->token].usd = best->usd;
                progress = true;
            }
        }
    }
}

std::optional<DexMap::Position> DexMap::pool_of(Position a, Position b) const noexcept
{
    for (std::size_t i = 0; i < pools_.size(); ++i)
    {
        const auto& tokens = pools_[i].tokens;
        if ((tokens[0] == a && tokens[1] == b) || (tokens[0] == b && tokens[1] == a))
            return static_cast<Position>(i);
    }
    return std::nullopt;
}

const std::vector<DexMap::Position>& DexMap::way(Position from, Position to) const
{
    auto& known = ways_.at(from * tokens_.size() + to);
    if (!known)
        known = find_way(from, to);
    return *known;
}

std::vector<DexMap::Position> DexMap::find_way(Position from, Position to) const
{
    constexpr std::size_t hops_max = 7;
    // Breadth first from the end, so that the pools come out in order of trade.
    constexpr std::uint8_t unreached = 255;
    std::vector<std::uint8_t> hops(tokens_.size(), unreached);
    hops[to] = 0;
    for (std::uint8_t distance = 0; distance < hops_max && hops[from] == unreached; ++distance)
    {
        for (const auto& pool : pools_)
        {
            for (unsigned side = 0; side < 2; ++side)
            {
                auto& neighbour = hops[pool.tokens[1 - side]];
                if (hops[pool.tokens[side]] == distance && neighbour == unreached)
                    neighbour = static_cast<std::uint8_t>(distance + 1);
            }
        }
    }
    std::vector<Position> result;
    if (hops[from] == unreached)
        return result;
    for (auto token = from; token != to;)
    {
        const auto next = std::find_if(pools_.begin(), pools_.end(),
            [&](const Pool& pool)
            {
                return (pool.tokens[0] == token || pool.tokens[1] == token) &&
                       hops[other(pool, token)] + 1 == hops[token];
            });
        result.push_back(static_cast<Position>(next - pools_.begin()));
        token = other(*next, token);
    }
    return result;
}

contracts::UniswapV2Path DexMap::path(Position from, Position to) const
{
    contracts::UniswapV2Path result;
    const auto& pools = way(from, to);
    if (pools.empty())
        return result;
    result.push_back(tokens_[from].token);
    auto token = from;
    for (const auto pool : pools)
    {
        token = other(pools_[pool], token);
        result.push_back(tokens_[token].token);
    }
    return result;
}

double realized_volatility(const WorldView& view, ContractId token, std::int64_t window_ms)
{
    constexpr std::uint64_t returns_max = 32;
    constexpr double year_seconds = 365.0 * 86'400;
    const auto window = std::min(view.blocks_of_ms(window_ms), view.block_number);
    const auto step = std::max<std::uint64_t>(1, window / returns_max);
    double sum = 0;
    std::uint64_t count = 0;
    auto later = reference_usd(view, token);
    for (auto age = step; age <= window; age += step)
    {
        const auto price = view.prices->price(token, view.block_number - age);
        if (!price || !(later > 0))
            return 0;
        const auto earlier = static_cast<double>(*price) * 1e-8;
        const auto change = portable_log(later / earlier);
        sum += change * change;
        later = earlier;
        ++count;
    }
    if (count == 0)
        return 0;
    const auto seconds = static_cast<double>(count * step * view.slot_seconds);
    return std::sqrt(sum * year_seconds / seconds);
}

double gas_usd(const WorldView& view, ContractId coin, std::uint64_t gas, std::uint64_t price)
{
    return static_cast<double>(gas) * static_cast<double>(price) * 1e-18 *
           reference_usd(view, coin);
}

std::string check_pairs(const Parameters& parameters)
{
    const auto count = parameters.contracts("pairs").size();
    if (count >= 1 && count <= DexMap::pairs_max)
        return "";
    return "pairs: expected 1 to " + std::to_string(DexMap::pairs_max) + " contracts, got " +
           std::to_string(count);
}

Amount min_amount_out(const Amount& quote, std::uint32_t slippage_bps)
{
    constexpr std::uint64_t whole_bps = 10'000;
    return mul_div_down(
        quote, whole_bps - std::min<std::uint64_t>(slippage_bps, whole_bps), whole_bps)
        .value;
}

}  // namespace runnel::strategies
