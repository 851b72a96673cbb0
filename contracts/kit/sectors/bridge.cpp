#include "contracts/kit/sectors/bridge.hpp"

#include "state/world.hpp"

namespace runnel::contracts
{

const Bridge* find_bridge(const World& world, ContractId id)
{
    return dynamic_cast<const Bridge*>(world.find_contract(id));
}

void snapshot_bridge(const Bridge& bridge, SnapshotContext& context)
{
    std::uint64_t in_flight = 0;
    for (auto number = bridge.first_in_flight(); number < bridge.sent(); ++number)
        in_flight += bridge.transfer(number).status == BridgeStatus::in_flight ? 1 : 0;
    context.emit(bridge.contract().id(),
        BridgeRow{bridge.home_token(), bridge.bridged_token(), bridge.locked(), bridge.minted(),
            bridge.in_flight(false), bridge.in_flight(true), bridge.forged(), in_flight,
            bridge.is_paused()});
}

}  // namespace runnel::contracts
