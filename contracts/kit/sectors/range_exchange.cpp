#include "contracts/kit/sectors/range_exchange.hpp"

#include "state/world.hpp"

namespace runnel::contracts
{

const RangeExchange* find_range_exchange(const World& world, ContractId id)
{
    return dynamic_cast<const RangeExchange*>(world.find_contract(id));
}

void snapshot_ranges(const RangeExchange& exchange, std::size_t count,
    const std::function<RangePosition(std::size_t)>& position_at, SnapshotContext& context)
{
    if (context.snapshots() == Snapshots::changed ||
        (context.snapshots() != Snapshots::all_in_full && count > hourly_ranges_max))
        return;
    const auto tokens = exchange.exchange().tokens();
    for (std::size_t i = 0; i < count; ++i)
    {
        const auto [owner, range, liquidity, owed] = position_at(i);
        const auto value = exchange.range_value(range, liquidity);
        context.emit(exchange.exchange().contract().id(),
            DexRange{owner, range.lower, range.upper, liquidity, tokens[0], tokens[1], value[0],
                value[1], owed[0], owed[1]});
    }
}

}  // namespace runnel::contracts
