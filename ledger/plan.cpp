#include "ledger/plan.hpp"

#include "ledger/world.hpp"

#include <algorithm>
#include <bit>

namespace runnel
{

void BlockPlan::build(const World& world, std::span<const Transaction> transactions, bool free_gas)
{
    accesses_.clear();
    first_access_.clear();
    first_access_.reserve(transactions.size() + 1);
    for (const auto& transaction : transactions)
    {
        first_access_.push_back(static_cast<std::uint32_t>(accesses_.size()));
        AccessCollector collector{world, accesses_};
        if (!free_gas)
            collector.write(world.account_states, transaction.sender);
        collector.calls(transaction.call_list(), transaction.sender);
    }
    first_access_.push_back(static_cast<std::uint32_t>(accesses_.size()));
    connect();
}

std::uint32_t BlockPlan::find_object(const Access& access)
{
    const auto mask = buckets_.size() - 1;
    auto hash = (access.key ^ static_cast<std::uint64_t>(access.table->number()) << 40U) *
                0x9E3779B97F4A7C15ULL;
    hash ^= hash >> 29U;
    for (auto i = hash & mask;; i = (i + 1) & mask)
    {
        if (buckets_[i] == 0)
        {
            objects_.push_back({access.table, access.key, 0, 0});
            buckets_[i] = ++object_count_;
            return object_count_ - 1;
        }
        const auto& object = objects_[buckets_[i] - 1];
        if (object.key == access.key && object.table == access.table)
            return buckets_[i] - 1;
    }
}

void BlockPlan::connect()
{
    const auto count = static_cast<std::uint32_t>(first_access_.size() - 1);
    objects_.clear();
    object_count_ = 0;
    readers_.clear();
    edges_.clear();
    buckets_.assign(std::bit_ceil(accesses_.size() * 2 + 16), 0);
    predecessor_counts_.assign(count, 0);
    depths_.assign(count, 1);
    first_successor_.assign(count + 1, 0);
    critical_path_ = count == 0 ? 0 : 1;

    for (std::uint32_t i = 0; i < count; ++i)
    {
        const auto first_edge = edges_.size();
        const auto depend_on = [&](std::uint32_t predecessor)
        {
            if (predecessor == i)
                return;
            const auto edge = static_cast<std::uint64_t>(predecessor) << 32U | i;
            if (std::find(edges_.begin() + static_cast<std::ptrdiff_t>(first_edge), edges_.end(),
                    edge) == edges_.end())
                edges_.push_back(edge);
        };
        for (auto& access : accesses(i))
        {
            access.object = find_object(access);
            auto& object = objects_[access.object];
            if (access.mode == AccessMode::read)
            {
                if (object.last_writer != 0)
                    depend_on(object.last_writer - 1);
                readers_.push_back({i, object.first_reader});
                object.first_reader = static_cast<std::uint32_t>(readers_.size());
                continue;
            }
            if (object.first_reader == 0 && object.last_writer != 0)
                depend_on(object.last_writer - 1);
            for (auto reader = object.first_reader; reader != 0; reader = readers_[reader - 1].next)
                depend_on(readers_[reader - 1].transaction);
            object.first_reader = 0;
            object.last_writer = i + 1;
        }
        for (auto edge = first_edge; edge < edges_.size(); ++edge)
        {
            const auto predecessor = static_cast<std::uint32_t>(edges_[edge] >> 32U);
            depths_[i] = std::max(depths_[i], depths_[predecessor] + 1);
            ++first_successor_[predecessor + 1];
        }
        predecessor_counts_[i] = static_cast<std::uint32_t>(edges_.size() - first_edge);
        critical_path_ = std::max(critical_path_, depths_[i]);
    }

    // Counting sort of the edges by predecessor; successors stay in block order.
    for (std::uint32_t i = 0; i < count; ++i)
        first_successor_[i + 1] += first_successor_[i];
    successors_.resize(edges_.size());
    auto& next = depths_;  // No longer needed.
    std::copy(first_successor_.begin(), first_successor_.end() - 1, next.begin());
    for (const auto edge : edges_)
        successors_[next[edge >> 32U]++] = static_cast<std::uint32_t>(edge);
}

}  // namespace runnel
