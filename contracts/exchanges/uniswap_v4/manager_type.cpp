// How scenarios make a manager, and what holds of it after every block.

#include "contracts/exchanges/uniswap_v4/events.hpp"
#include "contracts/exchanges/uniswap_v4/manager.hpp"
#include "contracts/exchanges/uniswap_v4/pool.hpp"
#include "contracts/kit/registration.hpp"
#include "contracts/kit/sectors/rows.hpp"
#include "state/world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <vector>

namespace runnel::contracts
{

using namespace uniswap_v4;
using uniswap_v3::amount0_delta;
using uniswap_v3::amount1_delta;
using uniswap_v3::max_tick;
using uniswap_v3::sqrt_ratio_at_tick;

const ContractType& UniswapV4Manager::contract_type()
{
    static const ContractType type{.kind = "uniswap_v4_manager",
        .help = "All pools of a Uniswap v4, with their hooks, in one contract.",
        .role = ContractRole::dex,
        .methods = methods(),
        .events = event_types<InitializeLog, ModifyLiquidityLog, SwapLog, DonateLog,
            ProtocolFeeControllerUpdatedLog, ProtocolFeeUpdatedLog, OwnershipTransferredLog,
            ClaimsTransferLog, ClaimsApprovalLog, OperatorSetLog, DexTrade, DexRangeChange>(),
        .parameters = {{"owner", ParameterKind::account, "\"\"", {},
            "The account that may name the controller of protocol fees; empty: nobody."}},
        .create =
            creator<UniswapV4Manager>([](const Parameters&) { return std::tuple{zero_account}; })};
    return type;
}

void UniswapV4Manager::genesis(const Parameters& parameters, GenesisBuilder& builder)
{
    if (const auto& owner = parameters.text("owner"); !owner.empty())
        state_.at(0).owner = builder.account(owner, "wallet");
}

void UniswapV4Manager::snapshot(SnapshotContext& context) const
{
    for (const auto* exchange : exchanges_)
        snapshot_exchange(*exchange, context);
    if (context.snapshots() == Snapshots::changed)
        return;
    std::map<std::uint32_t, std::vector<PositionKey>> found;  // By pool.
    for (const auto place : positions_.keys())
    {
        const auto& [key, is_taken, position] = positions_.record(place);
        if (!position.liquidity.is_zero())
            found[key.pool].push_back(key);
    }
    for (const auto* exchange : exchanges_)
    {
        const auto& keys = found[find_pool(exchange->key())];
        snapshot_ranges(
            *exchange, keys.size(),
            [&](std::size_t i)
            {
                const auto& key = keys[i];
                return RangePosition{provider_of(key.owner, key.salt),
                    {key.tick_lower, key.tick_upper}, position(key).liquidity, fees_of(key)};
            },
            context);
    }
}

Amount UniswapV4Manager::principal(std::uint32_t number, unsigned side) const
{
    const auto& state = pool(number);
    Amount sum;
    Int256 liquidity;
    std::int32_t from = 0;
    for (const auto to : initialized_ticks(number))
    {
        if (!liquidity.is_zero())
        {
            const auto lower = sqrt_ratio_at_tick(from);
            const auto upper = sqrt_ratio_at_tick(to);
            const auto price = std::clamp(state.sqrt_price_x96, *lower, *upper);
            const auto part = side == 0 ? amount0_delta(price, *upper, liquidity.bits, false)
                                        : amount1_delta(*lower, price, liquidity.bits, false);
            sum = wrapping_add(sum, *part);
        }
        liquidity = sum_of(liquidity, tick_info(number, to).liquidity_net);
        from = to;
    }
    return sum;
}

Amount UniswapV4Manager::liabilities(ContractId currency) const
{
    auto sum = wrapping_add(claim_totals_.get(index(currency)), protocol_fees(currency));
    for (std::uint32_t number = 1; number <= pool_count(); ++number)
    {
        const auto& key = identity(number).key;
        if (key.currency0 == currency)
            sum = wrapping_add(sum, principal(number, 0));
        if (key.currency1 == currency)
            sum = wrapping_add(sum, principal(number, 1));
    }
    return sum;
}

void UniswapV4Manager::check_invariants(const World&, Findings& findings) const
{
    const auto& transient = transient_.get(0);
    if (transient.is_unlocked || transient.nonzero_deltas != 0)
    {
        findings.push_back(
            fmt::format("{}: is unlocked between transactions, or {} deltas are left", name(),
                transient.nonzero_deltas));
    }
    std::vector<ContractId> currencies;
    for (std::uint32_t number = 1; number <= pool_count(); ++number)
    {
        const auto& key = identity(number).key;
        const auto& state = pool(number);
        for (const auto currency : {key.currency0, key.currency1})
        {
            if (std::find(currencies.begin(), currencies.end(), currency) == currencies.end())
                currencies.push_back(currency);
        }
        // Liquidity in range is what the ticks at and below add up to; all of them cancel out.
        Int256 all;
        Int256 below;
        for (const auto tick : initialized_ticks(number))
        {
            const auto& info = tick_info(number, tick);
            all = sum_of(all, info.liquidity_net);
            if (tick <= state.tick)
                below = all;
            if (info.liquidity_gross.is_zero())
            {
                findings.push_back(fmt::format(
                    "{}: tick {} of pool {} has its bit and no liquidity", name(), tick, number));
            }
        }
        if (!all.is_zero() || below.bits != state.liquidity)
        {
            findings.push_back(fmt::format(
                "{}: liquidity of pool {} is {}, the ticks below add up to {}, all of them to {}",
                name(), number, state.liquidity.to_string(), below.to_string(), all.to_string()));
        }
        const auto at = sqrt_ratio_at_tick(state.tick);
        const auto above = sqrt_ratio_at_tick(std::min(state.tick + 1, max_tick));
        if (!at.has_value() || !above.has_value() || state.sqrt_price_x96 < *at ||
            state.sqrt_price_x96 > *above)
        {
            findings.push_back(fmt::format("{}: the price {} of pool {} is not of its tick {}",
                name(), state.sqrt_price_x96.to_string(), number, state.tick));
        }
    }
    for (const auto currency : currencies)
    {
        const auto owed = liabilities(currency);
        const auto has = holding(currency);
        const bool rebases = currency != native_coin && token_at(*world_, currency).rebases();
        if (has < owed && !rebases)
        {
            findings.push_back(fmt::format("{}: owes {} of currency {}, holds {}", name(),
                owed.to_string(), index(currency), has.to_string()));
        }
    }
}

}  // namespace runnel::contracts
