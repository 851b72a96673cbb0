#include "contracts/kit/sectors/convertible.hpp"

#include "state/world.hpp"

namespace runnel::contracts
{

const ConvertibleStablecoin* find_convertible(const World& world, ContractId id)
{
    return dynamic_cast<const ConvertibleStablecoin*>(world.find_contract(id));
}

void snapshot_convertible(const ConvertibleStablecoin& coin, SnapshotContext& context)
{
    const auto state = coin.state_in(context.block().number);
    context.emit(coin.contract().id(),
        StablecoinStateRow{coin.stable_token(), coin.volatile_token(), state.stable_supply,
            state.volatile_supply, state.volatile_price, state.redeem_spread, state.mint_spread});
}

}  // namespace runnel::contracts
