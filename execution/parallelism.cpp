#include "execution/parallelism.hpp"

#include "execution/plan.hpp"
#include "ledger/check.hpp"
#include "state/world.hpp"

#include <algorithm>
#include <limits>
#include <queue>
#include <unordered_map>

namespace runnel
{
namespace
{
double ratio(std::uint64_t a, std::uint64_t b) noexcept
{
    return b == 0 ? 1 : static_cast<double>(a) / static_cast<double>(b);
}
}  // namespace

BlockWork::BlockWork(
    const World& world, const BlockPlan& plan, std::span<const std::uint32_t> costs)
{
    RUNNEL_CHECK(costs.size() == plan.size());
    // Numbers of the records that the block touches, by table.
    std::vector<std::unordered_map<std::uint64_t, std::uint32_t>> numbers(world.tables().size());
    std::uint32_t objects = 0;
    std::vector<Touch> touches;
    for (std::uint32_t i = 0; i < plan.size(); ++i)
    {
        touches.clear();
        for (const auto& access : plan.accesses(i))
        {
            const std::uint32_t table = access.table;
            const auto [object, is_new] = numbers[table].emplace(access.key, objects);
            objects += is_new ? 1 : 0;
            touches.push_back({object->second, world.table_owner(table), access.mode});
        }
        add(costs[i], touches);
    }
}

void BlockWork::add(std::uint64_t cost, std::span<const Touch> touches)
{
    const auto number = static_cast<std::uint32_t>(costs_.size());
    costs_.push_back(cost);
    successors_.emplace_back();
    predecessors_.push_back(0);
    total_ += cost;

    std::uint64_t start = 0;
    std::vector<std::pair<ContractId, std::uint64_t>> starts;  // By contract, of its own chains.
    for (const auto& touch : touches)
    {
        if (touch.object >= objects_.size())
            objects_.resize(touch.object + 1);
        auto& object = objects_[touch.object];
        if (object.group.empty())
            object.mode = touch.mode;
        else if (touch.mode == AccessMode::write || touch.mode != object.mode)
        {
            object.before.swap(object.group);
            object.group.clear();
            object.chain_before = object.chain;
            object.mode = touch.mode;
        }
        RUNNEL_CHECK(object.group.empty() || object.group.back() != number);
        object.group.push_back(number);
        for (const auto predecessor : object.before)
        {
            // Two that share several objects wait for each other once.
            auto& successors = successors_[predecessor];
            if (!successors.empty() && successors.back() == number)
                continue;
            successors.push_back(number);
            ++predecessors_[number];
            start = std::max(start, finish_[predecessor]);
        }
        const auto known = std::find_if(starts.begin(), starts.end(),
            [&](const auto& entry) { return entry.first == touch.contract; });
        if (known == starts.end())
            starts.emplace_back(touch.contract, object.chain_before);
        else
            known->second = std::max(known->second, object.chain_before);
    }
    finish_.push_back(start + cost);
    critical_path_ = std::max(critical_path_, start + cost);
    for (const auto& [contract, chain_start] : starts)
    {
        auto& chain = chains_[contract];
        chain.contract = contract;
        chain.longest = std::max(chain.longest, chain_start + cost);
        chain.work += cost;
        for (const auto& touch : touches)
        {
            if (touch.contract == contract)
            {
                auto& object = objects_[touch.object];
                object.chain = std::max(object.chain, chain_start + cost);
            }
        }
    }
}

double BlockWork::parallelism() const noexcept
{
    return ratio(total_, critical_path_);
}

std::uint64_t BlockWork::schedule(unsigned workers, ScheduleOrder order,
    const PlanningCost& planning, std::span<const std::uint64_t> guesses) const
{
    const auto count = costs_.size();
    // Lower ranks go first.
    std::vector<std::uint64_t> behind;
    if (order == ScheduleOrder::critical_path)
    {
        behind.assign(count, 0);
        for (auto i = count; i-- > 0;)
        {
            for (const auto successor : successors_[i])
                behind[i] = std::max(behind[i], behind[successor]);
            behind[i] += guesses.empty() ? costs_[i] : guesses[i];
        }
    }
    using Entry = std::pair<std::uint64_t, std::uint32_t>;
    using Least = std::priority_queue<Entry, std::vector<Entry>, std::greater<>>;
    Least ready;    // (rank, transaction)
    Least running;  // (end, transaction)
    std::uint64_t arrivals = 0;
    const auto rank = [&](std::uint32_t i)
    {
        if (order == ScheduleOrder::fifo)
            return arrivals++;
        return order == ScheduleOrder::block
                   ? std::uint64_t{i}
                   : std::numeric_limits<std::uint64_t>::max() - behind[i];
    };
    auto waiting = predecessors_;
    constexpr auto planner = std::numeric_limits<std::uint32_t>::max();
    // When transaction i has been planned.
    const auto planned_at = [&](std::size_t i)
    {
        return planning.streamed
                   ? static_cast<std::uint64_t>(static_cast<uint128>(planning.ns) * (i + 1) / count)
                   : planning.ns;
    };
    std::size_t planned = 0;
    auto free = workers;
    if (planning.ns > 0)
    {
        running.push({planning.ns, planner});
        --free;
    }
    std::uint64_t now = 0;
    std::uint64_t end = planning.ns;
    while (true)
    {
        for (; planned < count && planned_at(planned) <= now; ++planned)
        {
            const auto i = static_cast<std::uint32_t>(planned);
            if (waiting[i] == 0)
                ready.push({rank(i), i});
        }
        while (free > 0 && !ready.empty())
        {
            const auto i = ready.top().second;
            ready.pop();
            running.push({now + costs_[i], i});
            --free;
        }
        auto next = std::numeric_limits<std::uint64_t>::max();
        if (!running.empty())
            next = running.top().first;
        if (planned < count && free > 0)
            next = std::min(next, planned_at(planned));
        if (next == std::numeric_limits<std::uint64_t>::max())
            break;
        now = next;
        while (!running.empty() && running.top().first <= now)
        {
            const auto i = running.top().second;
            running.pop();
            ++free;
            if (i == planner)
                continue;
            end = std::max(end, now);
            for (const auto successor : successors_[i])
            {
                if (--waiting[successor] == 0 && successor < planned)
                    ready.push({rank(successor), successor});
            }
        }
    }
    return end;
}

std::uint64_t BlockWork::makespan(unsigned workers, ScheduleOrder order,
    const PlanningCost& planning, std::span<const std::uint64_t> guesses) const
{
    RUNNEL_CHECK(workers > 0);
    RUNNEL_CHECK(guesses.empty() || guesses.size() == costs_.size());
    const auto serial = planning.ns + total_;
    if (workers == 1 || costs_.empty())
        return serial;
    // Never less than this, so that the search below can end early.
    const auto bound = std::max(critical_path_, (serial + workers - 1) / workers);
    auto best = serial;
    for (auto count = workers; count > 1 && best > bound; count /= 2)
        best = std::min(best, schedule(count, order, planning, guesses));
    return best;
}

std::vector<BlockWork::Chain> BlockWork::chains() const
{
    std::vector<Chain> result;
    for (const auto& [contract, chain] : chains_)
        result.push_back(chain);
    return result;
}

void ParallelismTotals::add(const BlockWork& work, const PlanningCost& planning)
{
    ++blocks_;
    transactions_ += work.size();
    total_ += work.total();
    critical_path_ += work.critical_path();
    // One worker needs no plan, and a block may always be left to one.
    auto best = work.total();
    for (std::size_t i = 0; i < worker_counts.size(); ++i)
    {
        if (worker_counts[i] > 1 && best > work.critical_path())
            best = std::min(best, work.makespan(worker_counts[i], ScheduleOrder::block, planning));
        makespans_[i] += best;
    }
    for (const auto& chain : work.chains())
        chains_[chain.contract] += chain.longest;
}

double ParallelismTotals::parallelism() const noexcept
{
    return ratio(total_, critical_path_);
}

double ParallelismTotals::speed_up(std::size_t i) const noexcept
{
    return ratio(total_, makespans_.at(i));
}

std::map<ContractId, double> ParallelismTotals::serialised() const
{
    std::map<ContractId, double> shares;
    for (const auto& [contract, chain] : chains_)
        shares[contract] =
            total_ == 0 ? 0 : static_cast<double>(chain) / static_cast<double>(total_);
    return shares;
}

}  // namespace runnel
