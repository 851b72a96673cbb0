#include "actors/consensus.hpp"

#include "ledger/thread_cpu.hpp"

#include <caf/exit_reason.hpp>

#include <algorithm>
#include <utility>

namespace runnel::actors
{
namespace
{
/// Blocks per answer: few, so that the first ones need not wait for many.
constexpr std::size_t blocks_per_answer = 16;

/// Has shards run by actors, and waits for all of them.
class ActorShardRunner final : public ShardRunner
{
public:
    /// Adds to @p cpu_s what the actors use.
    ActorShardRunner(caf::blocking_actor& self, unsigned actors, double& cpu_s)
      : self_{self}, cpu_s_{cpu_s}
    {
        for (unsigned i = 0; i < actors; ++i)
            shards_.push_back(self_.spawn<ShardActor, caf::linked>());
    }

    void run(std::span<NetworkShard* const> shards, VirtualTime until) override
    {
        // One of them is run here; those in which nothing happens need nobody.
        std::size_t asked = 0;
        NetworkShard* mine = nullptr;
        for (auto* shard : shards)
        {
            if (shard->next() >= until)
                continue;
            if (mine == nullptr)
                mine = shard;
            else
                self_.send(shards_[asked++ % shards_.size()], RunShard{shard, until});
        }
        if (mine != nullptr)
            mine->run(until);
        for (; asked > 0; --asked)
            self_.receive([this](const ShardRan& ran) { cpu_s_ += ran.cpu_s; });
    }

private:
    caf::blocking_actor& self_;
    double& cpu_s_;
    std::vector<caf::actor> shards_;
};
}  // namespace

caf::behavior ShardActor::make_behavior()
{
    return {[](const RunShard& message) -> ShardRan
        {
            const auto begin = thread_cpu_seconds();
            message.shard->run(message.until);
            return {thread_cpu_seconds() - begin};
        }};
}

ConsensusActor::ConsensusActor(caf::actor_config& config, std::shared_ptr<SimulationSetup> setup,
    unsigned workers, std::shared_ptr<ConsensusFigures> figures)
  : caf::blocking_actor{config},
    setup_{std::move(setup)},
    workers_{workers},
    figures_{std::move(figures)}
{}

void ConsensusActor::act()
{
    // Below that a window is too little to wake anybody for.
    constexpr std::size_t nodes_per_shard = 128;
    workers_ = static_cast<unsigned>(
        std::clamp<std::size_t>(setup_->validators.size() / nodes_per_shard, 1, workers_));
    if (workers_ > 1)
        runner_ = std::make_unique<ActorShardRunner>(*this, workers_ - 1, cpu_s_);
    else
        runner_ = std::make_unique<SerialShardRunner>();
    schedule_ =
        std::make_unique<ChainSchedule>(setup_->make_engine(*runner_, workers_), setup_->schedule);
    bool runs = true;
    receive_while(runs)([this](const AskSchedule& question) { return answer(question); },
        [&](const caf::exit_msg&) { runs = false; });
}

Scheduled ConsensusActor::answer(const AskSchedule& question)
{
    const auto begin = thread_cpu_seconds();
    Scheduled result;
    result.blocks = std::make_shared<std::vector<ScheduledBlock>>();
    if (schedule_->skip_to(question.behind))
    {
        while (result.blocks->size() < blocks_per_answer)
        {
            auto block = schedule_->next();
            if (!block)
            {
                result.is_end = true;
                break;
            }
            result.blocks->push_back(std::move(*block));
        }
    }
    else
        result.is_end = true;
    result.error = schedule_->error();
    result.stands_still = schedule_->stands_still();
    cpu_s_ += thread_cpu_seconds() - begin;
    *figures_ = schedule_->figures();
    figures_->cpu_s = cpu_s_;
    return result;
}

}  // namespace runnel::actors
