#pragma once

#include "execution/executor.hpp"

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace runnel
{

/// Executes blocks with threads of its own as helpers: for those who have no actors.
class ExecutionThreads
{
public:
    /// @p workers: how many take part in a block at most, the caller included.
    explicit ExecutionThreads(unsigned workers = 1);
    ~ExecutionThreads();
    ExecutionThreads(const ExecutionThreads&) = delete;
    ExecutionThreads& operator=(const ExecutionThreads&) = delete;

    /// All steps from begin() to seal(); everything is held by @p world.
    [[nodiscard]] FinishedBlock execute(World& world, const BlockContext& context,
        const BlockHeader& parent, const Hash& parent_hash, std::uint64_t finalized_block,
        std::vector<Transaction> transactions, std::vector<Reward> rewards,
        ExecutionOptions options = {});

private:
    void help(unsigned worker);

    static constexpr std::uint64_t no_more = ~std::uint64_t{0};

    ExecutionGate gate_;
    std::uint64_t blocks_ = 0;
    std::atomic<std::uint64_t> epoch_{0};  // Of the last block that helpers were called to.
    std::vector<std::thread> helpers_;
};

}  // namespace runnel
