#pragma once

#include "actors/crew.hpp"
#include "consensus/network/network.hpp"
#include "consensus/schedule.hpp"

#include <caf/blocking_actor.hpp>

#include <memory>
#include <vector>

namespace runnel::actors
{

/// Director -> consensus: how does the chain go on? Behind the block of a checkpoint, if there is
/// one.
struct AskSchedule
{
    std::uint64_t behind = 0;
};

/// Consensus -> director.
struct Scheduled
{
    std::shared_ptr<std::vector<ScheduledBlock>> blocks;
    bool is_end = false;        // Nothing follows them.
    std::string error;          // Why, if the chain is too short.
    bool stands_still = false;  // Then what there is is a chain.
};

/// Consensus -> shard of the network: let happen what does before this moment. The shard is lent
/// for the time.
struct RunShard
{
    NetworkShard* shard = nullptr;
    VirtualTime until = 0;
};
struct ShardRan
{
    double cpu_s = 0;
};

/// Nodes of the network that share a mailbox: what they tell each other goes from shard to shard
/// between two windows.
class ShardActor : public CrewActor
{
public:
    using CrewActor::CrewActor;
    caf::behavior make_behavior() override;
};

/// Runs the validators' or miners' network ahead of the ledger, a bounded way: it answers with so
/// many blocks, and goes on when it is asked again.
class ConsensusActor : public caf::blocking_actor
{
public:
    ConsensusActor(caf::actor_config& config, std::shared_ptr<SimulationSetup> setup,
        unsigned workers, std::shared_ptr<ConsensusFigures> figures);
    void act() override;

private:
    [[nodiscard]] Scheduled answer(const AskSchedule& question);

    std::shared_ptr<SimulationSetup> setup_;
    unsigned workers_;
    std::shared_ptr<ConsensusFigures> figures_;
    double cpu_s_ = 0;  // Of this actor and of those of shards.
    std::unique_ptr<ShardRunner> runner_;
    std::unique_ptr<ChainSchedule> schedule_;
};

}  // namespace runnel::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runnel::actors::AskSchedule)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runnel::actors::Scheduled)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runnel::actors::RunShard)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runnel::actors::ShardRan)
