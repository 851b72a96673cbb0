#pragma once

#include "consensus/network/network.hpp"

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

namespace runnel
{

/// Shards on threads of its own: for those who have no actors.
class ThreadShardRunner final : public ShardRunner
{
public:
    /// @p workers: how many take part, the caller included.
    explicit ThreadShardRunner(unsigned workers);
    ~ThreadShardRunner() override;
    ThreadShardRunner(const ThreadShardRunner&) = delete;
    ThreadShardRunner& operator=(const ThreadShardRunner&) = delete;

    void run(std::span<NetworkShard* const> shards, VirtualTime until) override;

private:
    void help();
    /// Runs what nobody else has taken, until there is nothing.
    void run_some(std::unique_lock<std::mutex>& lock);

    std::mutex mutex_;
    std::condition_variable work_came_;
    std::condition_variable work_done_;
    std::vector<NetworkShard*> waiting_;  // With something to do in this window.
    VirtualTime until_ = 0;
    std::size_t running_ = 0;
    bool ends_ = false;
    std::vector<std::thread> helpers_;
};

}  // namespace runnel
