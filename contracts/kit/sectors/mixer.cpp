#include "contracts/kit/sectors/mixer.hpp"

#include "state/world.hpp"

namespace runnel::contracts
{

const Mixer* find_mixer(const World& world, ContractId id)
{
    return dynamic_cast<const Mixer*>(world.find_contract(id));
}

void snapshot_mixer(const Mixer& mixer, SnapshotContext& context)
{
    context.emit(mixer.contract().id(),
        MixerRow{mixer.token(), mixer.denomination(), mixer.deposits(), mixer.unspent()});
}

}  // namespace runnel::contracts
