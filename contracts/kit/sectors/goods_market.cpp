#include "contracts/kit/sectors/goods_market.hpp"

#include "state/world.hpp"

namespace runnel::contracts
{

GoodsShipping GoodsMarket::shipping(const GoodsOrder& order) const
{
    if (!order.is_in_escrow)
        return {order.shipped_at, order.reference};
    const auto& deal = escrow().deal(order.deal);
    return {deal.shipped_at, deal.reference};
}

void GoodsMarket::add_shipment(
    CallWriter& calls, std::uint64_t number, const Amount& reference) const
{
    const auto& shipped = order(number);
    if (shipped.is_in_escrow)
        escrow().add_shipment(calls, shipped.deal, reference);
    else
        add_direct_shipment(calls, number, reference);
}

const GoodsMarket* find_goods_market(const World& world, ContractId id)
{
    return dynamic_cast<const GoodsMarket*>(world.find_contract(id));
}

}  // namespace runnel::contracts
