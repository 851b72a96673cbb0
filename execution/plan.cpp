#include "execution/plan.hpp"

#include "ledger/check.hpp"
#include "ledger/philox.hpp"
#include "state/references.hpp"
#include "state/world.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace runnel
{
namespace
{
/// Transactions a worker declares at a time.
constexpr std::uint32_t declare_chunk = 32;
/// How far ahead the table's lines are fetched, in accesses.
constexpr std::uint32_t prefetch_distance = 16;
/// So many chunks at the beginning of a block say whether it is worth going on with.
constexpr std::uint32_t early_chunks = 3;
/// With so many times the parallelism asked for in the beginning, no figure of the whole block is
/// needed: the busiest object's share of the work is about the same in both.
constexpr double clear_margin = 2;

/// Which accesses a fault forgets follows from this, the block and their place in it.
constexpr std::uint64_t forget_key = 0xF0A6E7;

std::uint32_t object_hash(std::uint32_t table, std::uint64_t key) noexcept
{
    const auto mixed = (key ^ key >> 29U ^ std::uint64_t{table} << 40U) * 0x9E3779B97F4A7C15ULL;
    return static_cast<std::uint32_t>(mixed >> 32U);
}
}  // namespace

void BlockPlan::begin(const World& world, std::span<const Transaction> transactions,
    const PlanOptions& options, const CostModel& costs, unsigned workers)
{
    world_ = &world;
    transactions_ = transactions;
    options_ = options;
    costs_ = &costs;
    nodes_.resize(transactions.size());
    chunks_.resize((transactions.size() + declare_chunk - 1) / declare_chunk);
    shard_count_ = std::clamp(workers, 1U, shards_max);
    while (shares_.size() < workers)
        shares_.push_back(std::make_unique<Share>());
    for (auto& share : shares_)
    {
        share->accesses.clear();
        for (auto& items : share->items)
            items.clear();
        share->missing.clear();
        share->deploys = false;
        share->touched.assign(world.contract_count(), 0);
    }
    total_cost_ = 0;
    critical_cost_ = 0;
    cursor_.store(0, std::memory_order_relaxed);
    declared_.store(0, std::memory_order_release);
}

void BlockPlan::declare(unsigned worker)
{
    const auto count = static_cast<std::uint32_t>(nodes_.size());
    while (cursor_.load(std::memory_order_relaxed) < count)
    {
        const auto begin = cursor_.fetch_add(declare_chunk, std::memory_order_relaxed);
        if (begin >= count)
            break;
        const auto end = std::min(begin + declare_chunk, count);
        auto& chunk = chunks_[begin / declare_chunk];
        const auto& items = shares_[worker]->items;
        chunk.worker = worker;
        for (unsigned s = 0; s < shard_count_; ++s)
            chunk.begin[s] = static_cast<std::uint32_t>(items[s].size());
        for (auto i = begin; i < end; ++i)
            declare_one(i, worker);
        for (unsigned s = 0; s < shard_count_; ++s)
            chunk.end[s] = static_cast<std::uint32_t>(items[s].size());
        declared_.fetch_add(end - begin, std::memory_order_acq_rel);
    }
}

void BlockPlan::declare_one(std::uint32_t i, std::uint32_t worker)
{
    auto& share = *shares_[worker];
    auto& node = nodes_[i];
    const auto& transaction = transactions_[i];
    node.worker = worker;
    node.first = static_cast<std::uint32_t>(share.accesses.size());
    node.is_malformed = transaction.is_malformed ||
                        (transaction.sender_reference != 0) !=
                            (index(transaction.sender) >= world_->known_accounts()) ||
                        (transaction.address_count() == 0 && world_->has_grown() &&
                            names_later_ids(*world_, transaction.call_list()));
    AccessCollector collector{*world_, share.accesses, i};
    if (!options_.free_gas)
        collector.write(world_->account_states, transaction.sender);
    if (!node.is_malformed)
        collector.calls(transaction.executable(), transaction.sender);
    if (!collector.is_complete())
        run_dry(i, share.dry_arena, collector);
    share.deploys = share.deploys || collector.is_deploying();
    if (options_.forget_share > 0)
        forget_some(share.accesses, node.first, i);
    node.count = static_cast<std::uint32_t>(share.accesses.size() - node.first);
    node.cost = static_cast<std::uint32_t>(costs_->predict(transaction.executable(), node.count));
    RUNNEL_CHECK(share.accesses.size() < 1U << slot_bits);
    const auto& tables = world_->tables();
    for (auto k = node.first; k < node.first + node.count; ++k)
    {
        auto& access = share.accesses[k];
        access.record = tables[access.table]->find(access.key);
        if (access.record == nullptr)
            share.missing.push_back(k);
        const auto hash = object_hash(access.table, access.key);
        share.items[std::uint64_t{hash} * shard_count_ >> 32U].push_back({hash, k});
        share.touched[index(world_->table_owner(access.table))] = 1;
    }
}

void BlockPlan::run_dry(
    std::uint32_t i, WorkerArena& arena, AccessCollector& collector) const noexcept
{
    const auto& transaction = transactions_[i];
    arena.clear();
    TransactionScope scope{*world_, options_.block, {}, arena, i, AccessPolicy::dry};
    scope.set_running(transaction);
    scope.set_gas_limit(transaction.gas_limit);
    CallContext context{scope, transaction.sender};
    // Whether it is refused does not matter: the block's earlier transactions may change that.
    (void)context.charge_gas(intrinsic_gas);
    (void)context.run({transaction.executable()}, transaction.sender);
    const auto& tables = world_->tables();
    scope.for_each_found([&](const Access& access)
        { collector.add(*tables[access.table], access.key, access.mode); });
}

void BlockPlan::forget_some(std::vector<Access>& accesses, std::size_t first, std::uint32_t i) const
{
    constexpr double two_to_64 = 18446744073709551616.0;
    std::uint64_t position = 0;
    const auto is_forgotten = [&](const Access&)
    {
        const auto draw =
            philox_4x64_10({options_.block.number, i, position++, 0}, {forget_key, 0}).front();
        return static_cast<double>(draw) < options_.forget_share * two_to_64;
    };
    accesses.erase(std::remove_if(accesses.begin() + static_cast<std::ptrdiff_t>(first),
                       accesses.end(), is_forgotten),
        accesses.end());
}

void BlockPlan::gather()
{
    access_count_ = 0;
    bases_.clear();
    for (const auto& share : shares_)
        bases_.push_back(share->accesses.data());
    touched_.assign(world_->contract_count(), 0);
    for (const auto& share : shares_)
    {
        access_count_ += share->accesses.size();
        for (std::size_t i = 0; i < touched_.size(); ++i)
            touched_[i] |= share->touched[i];
    }
    deploys_ = std::any_of(
        shares_.begin(), shares_.end(), [](const auto& share) { return share->deploys; });
    if (deploys_)
        touched_.assign(touched_.size(), 1);
    total_cost_ = 0;
    for (const auto& node : nodes_)
        total_cost_ += node.cost;
}

bool BlockPlan::begin_connecting(double parallelism_min)
{
    parallelism_min_ = parallelism_min;
    is_clear_ = parallelism_min == 0;
    critical_cost_ = 0;
    for (unsigned s = 0; s < shard_count_; ++s)
        shards_[s].chunk = 0;
    connected_.store(0, std::memory_order_relaxed);
    shard_cursor_.store(0, std::memory_order_relaxed);
    const auto chunks = static_cast<std::uint32_t>(chunks_.size());
    if (is_clear_ || chunks < 2 * early_chunks)
        return true;
    for (unsigned s = 0; s < shard_count_; ++s)
    {
        begin_shard(s);
        connect_shard(s, early_chunks);
    }
    constexpr auto count = early_chunks * declare_chunk;
    find_critical_path(count);
    is_clear_ = reaches(clear_margin * parallelism_min, count);
    return reaches(parallelism_min, count);
}

void BlockPlan::connect()
{
    const auto chunks = static_cast<std::uint32_t>(chunks_.size());
    while (shard_cursor_.load(std::memory_order_relaxed) < shard_count_)
    {
        const auto s = shard_cursor_.fetch_add(1, std::memory_order_relaxed);
        if (s >= shard_count_)
            break;
        if (shards_[s].chunk == 0)
            begin_shard(s);
        connect_shard(s, chunks);
        connected_.fetch_add(1, std::memory_order_acq_rel);
    }
}

bool BlockPlan::finish_connecting()
{
    if (is_clear_)
        return true;
    const auto count = static_cast<std::uint32_t>(nodes_.size());
    find_critical_path(count);
    return reaches(parallelism_min_, count);
}

void BlockPlan::begin_shard(unsigned number)
{
    auto& shard = shards_[number];
    std::size_t items = 0;
    for (const auto& share : shares_)
        items += share->items[number].size();
    // Half full at most. Clearing costs half a nanosecond per access.
    const auto size = std::bit_ceil(items * 2 + 16);
    shard.entries.assign(size, Entry{});
    shard.mask = static_cast<std::uint32_t>(size - 1);
    shard.predecessors.assign(nodes_.size(), 0);
}

void BlockPlan::connect_shard(unsigned number, std::uint32_t chunk_end)
{
    auto& shard = shards_[number];
    auto* const entries = shard.entries.data();
    const auto mask = shard.mask;
    for (; shard.chunk < chunk_end; ++shard.chunk)
    {
        const auto& chunk = chunks_[shard.chunk];
        const auto& items = shares_[chunk.worker]->items[number];
        auto* const accesses = bases_[chunk.worker];
        for (auto k = chunk.begin[number]; k < chunk.end[number]; ++k)
        {
            if (const auto ahead = k + prefetch_distance; ahead < items.size())
                __builtin_prefetch(&entries[items[ahead].hash & mask], 1);
            const auto [hash, position] = items[k];
            auto& access = accesses[position];
            auto* entry = &entries[hash & mask];
            for (auto at_entry = hash & mask; entry->slot_plus_1 != 0;)
            {
                if (entry->hash == hash)
                {
                    const auto& other = at(entry->slot_plus_1 - 1);
                    if (other.key == access.key && other.table == access.table)
                        break;
                }
                at_entry = (at_entry + 1) & mask;
                entry = &entries[at_entry];
            }
            const auto slot = chunk.worker << slot_bits | position;
            if (entry->slot_plus_1 == 0)
            {
                const bool writes = access.mode == AccessMode::write;
                *entry = {hash, slot + 1, writes ? access.transaction + 1 : 0};
            }
            else
                connect_one(shard, access, slot, *entry);
        }
    }
}

void BlockPlan::connect_one(Shard& shard, Access& access, std::uint32_t slot, Entry& entry)
{
    const auto add_edge = [&shard](Access& from, std::uint32_t to)
    {
        from.next = to;
        ++shard.predecessors[to];
    };
    auto* last = &at(entry.slot_plus_1 - 1);
    if (last->mode == AccessMode::add && !last->ordered)
    {
        if (access.mode == AccessMode::add)
        {
            // Members hang behind the first one, newest first.
            access.sibling = last->sibling;
            last->sibling = slot;
            return;
        }
        // Somebody wants to know the sum: the additions run one after another.
        const auto newest = last->sibling == no_slot ? entry.slot_plus_1 - 1 : last->sibling;
        auto* first = last;
        last = &at(newest);
        entry.slot_plus_1 = newest + 1;
        entry.writer_plus_1 = last->transaction + 1;
        for (auto* member = last; member != first;)
        {
            auto* older = member->sibling == no_slot ? first : &at(member->sibling);
            add_edge(*older, member->transaction);
            member->sibling = no_slot;
            member->ordered = true;
            member = older;
        }
        first->sibling = no_slot;
        first->ordered = true;
    }
    const bool last_reads = last->mode == AccessMode::read;
    const auto i = access.transaction;
    if (access.mode == AccessMode::read)
    {
        // Members of a group hang behind the first one, newest first; it behind the write before.
        if (last_reads)
            access.sibling = last->sibling;
        else
            entry.slot_plus_1 = slot + 1;
        last->sibling = slot;
        if (entry.writer_plus_1 != 0)
            ++shard.predecessors[i];
        return;
    }
    access.ordered = access.mode == AccessMode::add;
    entry.slot_plus_1 = slot + 1;
    entry.writer_plus_1 = i + 1;
    add_edge(*last, i);
    if (!last_reads)
        return;
    for (auto reader = last->sibling; reader != no_slot; reader = at(reader).sibling)
        add_edge(at(reader), i);
}

void BlockPlan::find_critical_path(std::uint32_t count)
{
    // finish_ holds starts until a transaction's turn comes.
    finish_.assign(count, 0);
    critical_cost_ = 0;
    for (std::uint32_t i = 0; i < count; ++i)
    {
        const auto end = finish_[i] += nodes_[i].cost;
        critical_cost_ = std::max(critical_cost_, end);
        for_each_successor(i, [&](std::uint32_t successor)
            { finish_[successor] = std::max(finish_[successor], end); });
    }
}

void BlockPlan::build(const World& world, std::span<const Transaction> transactions, bool free_gas)
{
    CostModel costs;
    costs.bind(world);
    PlanOptions options;
    options.free_gas = free_gas;
    begin(world, transactions, options, costs, 1);
    declare(0);
    gather();
    (void)begin_connecting(0);
    connect();
    find_critical_path(static_cast<std::uint32_t>(nodes_.size()));
}

bool BlockPlan::reaches(double parallelism, std::uint32_t count) const noexcept
{
    std::uint64_t cost = 0;
    for (std::uint32_t i = 0; i < count; ++i)
        cost += nodes_[i].cost;
    return static_cast<double>(cost) >= parallelism * static_cast<double>(critical_cost_);
}

void BlockPlan::make_slots(World& world)
{
    for (auto& share : shares_)
    {
        for (const auto position : share->missing)
        {
            auto& access = share->accesses[position];
            access.record = world.tables()[access.table]->reserve(access.key);
        }
    }
}

}  // namespace runnel
