#include "execution/execution_threads.hpp"

#include <utility>

namespace runnel
{

ExecutionThreads::ExecutionThreads(unsigned workers)
{
    for (unsigned worker = 1; worker < workers; ++worker)
        helpers_.emplace_back([this, worker] { help(worker); });
}

ExecutionThreads::~ExecutionThreads()
{
    epoch_.store(no_more, std::memory_order_release);
    epoch_.notify_all();
    for (auto& helper : helpers_)
        helper.join();
}

void ExecutionThreads::help(unsigned worker)
{
    for (std::uint64_t seen = 0;;)
    {
        epoch_.wait(seen, std::memory_order_acquire);
        seen = epoch_.load(std::memory_order_acquire);
        if (seen == no_more)
            return;
        gate_.assist(seen, worker);
    }
}

FinishedBlock ExecutionThreads::execute(World& world, const BlockContext& context,
    const BlockHeader& parent, const Hash& parent_hash, std::uint64_t finalized_block,
    std::vector<Transaction> transactions, std::vector<Reward> rewards, ExecutionOptions options)
{
    auto& execution = gate_.execution;
    execution.begin(world, context, std::move(transactions), options,
        static_cast<unsigned>(helpers_.size()) + 1);
    if (execution.wants_help())
    {
        gate_.open(++blocks_);
        epoch_.store(blocks_, std::memory_order_release);
        epoch_.notify_all();
    }
    execution.plan();
    if (!execution.run())
        execution.redo();
    execution.apply(finalized_block, std::move(rewards));
    auto block = execution.seal(parent, parent_hash);
    gate_.close();
    return block;
}

}  // namespace runnel
