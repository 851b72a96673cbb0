#include "consensus/network/thread_runner.hpp"

namespace runnel
{

ThreadShardRunner::ThreadShardRunner(unsigned workers)
{
    for (unsigned i = 1; i < workers; ++i)
        helpers_.emplace_back([this] { help(); });
}

ThreadShardRunner::~ThreadShardRunner()
{
    {
        const std::lock_guard lock{mutex_};
        ends_ = true;
    }
    work_came_.notify_all();
    for (auto& helper : helpers_)
        helper.join();
}

void ThreadShardRunner::run(std::span<NetworkShard* const> shards, VirtualTime until)
{
    std::unique_lock lock{mutex_};
    until_ = until;
    for (auto* shard : shards)
    {
        if (shard->next() < until)
            waiting_.push_back(shard);
    }
    // Most windows concern one shard: not worth waking anybody.
    if (waiting_.size() > 1)
        work_came_.notify_all();
    run_some(lock);
    work_done_.wait(lock, [this] { return waiting_.empty() && running_ == 0; });
}

void ThreadShardRunner::run_some(std::unique_lock<std::mutex>& lock)
{
    while (!waiting_.empty())
    {
        auto* shard = waiting_.back();
        waiting_.pop_back();
        ++running_;
        const auto until = until_;
        lock.unlock();
        shard->run(until);
        lock.lock();
        --running_;
    }
}

void ThreadShardRunner::help()
{
    std::unique_lock lock{mutex_};
    for (;;)
    {
        work_came_.wait(lock, [this] { return ends_ || !waiting_.empty(); });
        if (ends_)
            return;
        run_some(lock);
        if (running_ == 0)
            work_done_.notify_one();
    }
}

}  // namespace runnel
