#include "consensus/make_engine.hpp"

#include "consensus/bft/engine.hpp"
#include "consensus/gasper/engine.hpp"
#include "consensus/pow/engine.hpp"

namespace runnel
{

std::unique_ptr<ConsensusEngine> make_engine(
    const ConsensusSetup& setup, std::uint64_t seed, std::uint32_t shards, ShardRunner& runner)
{
    switch (setup.engine)
    {
        case ConsensusKind::pow:
            return make_pow_engine(
                setup.pow, network_with_faults(setup, seed), setup.nodes, seed, shards, runner);
        case ConsensusKind::bft:
            return make_bft_engine(
                setup.bft, network_with_faults(setup, seed), seed, runner, shards);
        case ConsensusKind::gasper:
            return make_gasper_engine(
                setup.gasper, network_with_faults(setup, seed), seed, runner, shards);
        case ConsensusKind::proposer: break;
    }
    return nullptr;
}

std::optional<TransactionGossip> make_gossip(const ConsensusSetup& setup, std::uint64_t seed)
{
    if (setup.engine == ConsensusKind::proposer || !setup.own_mempools)
        return std::nullopt;
    TransactionGossip::Options options;
    options.mean_delay = setup.transaction_delay;
    // Blocks are relayed in the same way.
    if (setup.engine == ConsensusKind::pow && setup.pow.relay != BlockRelay::push)
        options.messages = 3;
    return TransactionGossip{network_with_faults(setup, seed), seed, setup.nodes, options};
}

}  // namespace runnel
