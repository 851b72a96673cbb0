#include "contracts/kit/sectors/order_exchange.hpp"

#include "state/world.hpp"

namespace runnel::contracts
{

const OrderExchange* find_order_exchange(const World& world, ContractId id)
{
    return dynamic_cast<const OrderExchange*>(world.find_contract(id));
}

BookLevel depth_of(const OrderExchange& exchange, OrderSide side)
{
    BookLevel sum;
    double best = 0;
    for (const auto& level : exchange.levels(side, DexBook::levels_max))
    {
        const auto price = exchange.quote_per_base(level.tick);
        if (sum.orders == 0)
        {
            best = price;
            sum.tick = level.tick;
        }
        const bool near = side == OrderSide::buy ? price >= best * (1 - DexBook::depth_range)
                                                 : price <= best * (1 + DexBook::depth_range);
        if (!near)
            break;
        sum.amount = wrapping_add(sum.amount, level.amount);
        sum.orders += level.orders;
    }
    return sum;
}

void snapshot_book(const OrderExchange& exchange, SnapshotContext& context)
{
    const auto price = [&](const BookLevel& depth)
    {
        return depth.orders == 0 ? Amount{}
                                 : Amount::from_double(
                                       exchange.quote_per_base(depth.tick) * DexBook::price_scale);
    };
    const auto bids = depth_of(exchange, OrderSide::buy);
    const auto asks = depth_of(exchange, OrderSide::sell);
    context.emit(exchange.exchange().contract().id(),
        DexBook{exchange.base_token(), exchange.quote_token(), price(bids), price(asks),
            bids.amount, asks.amount, bids.orders, asks.orders});
}

}  // namespace runnel::contracts
