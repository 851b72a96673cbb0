#include "strategies/market/dex.hpp"

#include "ledger/check.hpp"
#include "ledger/portable_math.hpp"
#include "strategies/market/common.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace runnel::strategies
{

DexMap::DexMap(const World& world, const std::vector<ContractId>& exchanges, bool follows)
  : follows_{follows}, next_contract_{static_cast<std::uint32_t>(world.known_contracts())}
{
    RUNNEL_CHECK(exchanges.size() <= pools_max);
    for (const auto id : exchanges)
    {
        const auto* exchange = contracts::find_exchange(world, id);
        RUNNEL_CHECK(exchange != nullptr);
        add_pool(world, *exchange);
    }
    routes_.resize(tokens_.size() * tokens_.size());
}

void DexMap::add_pool(const World& world, const Exchange& exchange)
{
    Pool pool{&exchange, {}, 0};
    for (const auto token : exchange.tokens())
        pool.tokens.push_back(position_of(world, token));
    pools_.push_back(std::move(pool));
    exchanges_.push_back(&exchange);
}

bool DexMap::take_up_next(const World& world)
{
    while (follows_ && next_contract_ < world.contract_count() && pools_.size() < pools_max)
    {
        const auto* exchange = contracts::find_exchange(world, ContractId{next_contract_++});
        if (exchange == nullptr || exchange->venue() == nullptr)
            continue;
        const auto tokens = exchange->tokens();
        const auto is_known = [this](ContractId token)
        { return position_of(token) < tokens_.size(); };
        if (!std::all_of(tokens.begin(), tokens.end(), is_known))
            continue;
        add_pool(world, *exchange);
        std::fill(routes_.begin(), routes_.end(), std::nullopt);
        return true;
    }
    return false;
}

DexMap::Position DexMap::position_of(const World& world, ContractId token)
{
    const auto found = std::find_if(tokens_.begin(), tokens_.end(),
        [token](const Token& known) { return known.token == token; });
    if (found == tokens_.end())
    {
        RUNNEL_CHECK(tokens_.size() < tokens_max);
        tokens_.push_back({token, decimals_of(world, token), 0});
        return static_cast<Position>(tokens_.size() - 1);
    }
    return static_cast<Position>(found - tokens_.begin());
}

DexMap::Position DexMap::position_of(ContractId token) const
{
    const auto found = std::find_if(tokens_.begin(), tokens_.end(),
        [token](const Token& known) { return known.token == token; });
    return static_cast<Position>(found - tokens_.begin());
}

void DexMap::observe(const WorldView& view)
{
    if (observed_block_ == view.block_number)
        return;
    observed_block_ = view.block_number;
    while (take_up_next(*view.world))
    {}
    for (auto& token : tokens_)
        token.usd = reference_usd(view, token.token);
    price_unquoted();
    for (auto& pool : pools_)
    {
        pool.depth_usd = 0;
        for (const auto position : pool.tokens)
        {
            const auto& token = tokens_[position];
            pool.depth_usd +=
                to_whole(pool.exchange->depth(token.token), token.decimals) * token.usd;
        }
    }
}

/// Prices spread from priced tokens to their neighbours, one pool further per round. Of several
/// offers for a token the one with most of the priced token counts, of equal ones the first.
void DexMap::price_unquoted()
{
    struct Offer
    {
        double depth_usd = 0;
        double usd = 0;
    };
    for (bool progress = true; progress;)
    {
        progress = false;
        std::vector<Offer> best(tokens_.size());
        for (const auto& pool : pools_)
        {
            for (const auto from : pool.tokens)
            {
                const auto& known = tokens_[from];
                if (!(known.usd > 0))
                    continue;
                const auto depth_usd =
                    known.usd * to_whole(pool.exchange->depth(known.token), known.decimals);
                for (const auto to : pool.tokens)
                {
                    const auto& unknown = tokens_[to];
                    if (unknown.usd > 0 || !(depth_usd > best[to].depth_usd))
                        continue;
                    // Units of the known token for one of the other, in whole tokens.
                    const auto units = pool.exchange->spot_price(unknown.token, known.token);
                    const auto whole =
                        units * (to_whole(1, known.decimals) / to_whole(1, unknown.decimals));
                    if (whole > 0)
                        best[to] = {depth_usd, known.usd * whole};
                }
            }
        }
        for (std::size_t i = 0; i < tokens_.size(); ++i)
        {
            if (best[i].usd > 0)
            {
                tokens_[i].usd = best[i].usd;
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
        const auto trades = [&](Position token)
        { return std::find(tokens.begin(), tokens.end(), token) != tokens.end(); };
        if (a != b && trades(a) && trades(b))
            return static_cast<Position>(i);
    }
    return std::nullopt;
}

const std::vector<DexMap::Step>& DexMap::shortest_route(Position from, Position to) const
{
    auto& known = routes_.at(from * tokens_.size() + to);
    if (known)
        return *known;
    known.emplace();
    for (const auto& hop : find_route(exchanges_, tokens_[from].token, tokens_[to].token))
    {
        const auto pool = std::find(exchanges_.begin(), exchanges_.end(), hop.exchange);
        known->push_back({static_cast<Position>(pool - exchanges_.begin()),
            position_of(hop.token_in), position_of(hop.token_out)});
    }
    return *known;
}

std::vector<Hop> DexMap::hops(const std::vector<Step>& steps) const
{
    std::vector<Hop> hops;
    for (const auto& step : steps)
    {
        hops.push_back({pools_[step.pool].exchange, tokens_[step.token_in].token,
            tokens_[step.token_out].token});
    }
    return hops;
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
    if (count >= 1 && count <= DexMap::pools_max)
        return "";
    return fmt::format("pairs: expected 1 to {} contracts, got {}", DexMap::pools_max, count);
}

std::string check_map(const Parameters& parameters, const World& world, bool needs_venue)
{
    const SwapDesk desk{world, optional_contract(parameters, "router")};
    std::vector<ContractId> tokens;
    for (const auto id : parameters.contracts("pairs"))
    {
        const auto& exchange = *contracts::find_exchange(world, id);
        tokens.insert(tokens.end(), exchange.tokens().begin(), exchange.tokens().end());
        if (desk.venue_for(exchange) == nullptr && (needs_venue || !exchange.prepaid_swap_gas()))
        {
            return fmt::format("pairs: expected exchanges with a router in the scenario, got {}",
                world.contract(id).name());
        }
    }
    std::sort(tokens.begin(), tokens.end());
    tokens.erase(std::unique(tokens.begin(), tokens.end()), tokens.end());
    if (tokens.size() <= DexMap::tokens_max)
        return "";
    return fmt::format("pairs: expected at most {} different tokens in all, got {}",
        DexMap::tokens_max, tokens.size());
}

}  // namespace runnel::strategies
