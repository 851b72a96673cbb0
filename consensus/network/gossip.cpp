#include "consensus/network/gossip.hpp"

#include "ledger/check.hpp"
#include "ledger/philox.hpp"

#include <algorithm>
#include <functional>
#include <queue>
#include <set>

namespace runnel
{
namespace
{
constexpr std::uint64_t stream_homes = 0x6e65742e686f6d65;  // "net.home"; the entity is an account.
constexpr std::uint64_t stream_gossip = 0x6e65742e676f7373;  // "net.goss"; the entity is a hash.

/// Delays that are kept, of all nodes together: 32 MiB of them.
constexpr std::size_t kept_max = std::size_t{1} << 22U;

std::uint64_t first_word(std::span<const std::uint8_t> bytes) noexcept
{
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < sizeof(word); ++i)
        word = word << 8U | bytes[i];
    return word;
}
}  // namespace

TransactionGossip::TransactionGossip(
    NetworkModel model, std::uint64_t seed, std::uint32_t nodes, Options options)
  : model_{std::move(model)}, seed_{seed}, options_{options}, topology_{model_, seed, nodes}
{
    RUNNEL_CHECK(options_.messages > 0 && options_.mean_delay >= 0);
    std::set<VirtualTime> turns{0};
    for (const auto& partition : model_.partitions)
        turns.insert({partition.from, partition.until});
    for (const auto& outage : model_.outages)
        turns.insert({outage.from, outage.until});
    turns.erase(turns.lower_bound(never), turns.end());
    for (const auto turn : turns)
    {
        auto& period = periods_.emplace_back();
        period.from = turn;
        period.is_down.resize(nodes);
        for (const auto& outage : model_.outages)
        {
            if (outage.from <= turn && turn < outage.until)
                period.is_down[outage.node] = true;
        }
    }
}

std::size_t TransactionGossip::period_at(VirtualTime at) const
{
    const auto next = std::upper_bound(periods_.begin(), periods_.end(), at,
        [](VirtualTime moment, const Period& period) { return moment < period.from; });
    return next == periods_.begin() ? 0 : static_cast<std::size_t>(next - periods_.begin()) - 1;
}

NodeId TransactionGossip::home_of(const Address& account, const Period& period) const
{
    // Where nearly all are down it may be one that is, too.
    constexpr int tries = 64;
    RandomStream random{seed_, stream_homes, first_word(account.bytes), 0};
    NodeId home = 0;
    for (int i = 0; i < tries; ++i)
    {
        home = static_cast<NodeId>(random.uniform_below(topology_.size()));
        if (!period.is_down[home])
            break;
    }
    return home;
}

VirtualTime TransactionGossip::heard_at(
    const Address& sender, const Hash& hash, VirtualTime sent_at, NodeId node)
{
    for (auto i = period_at(sent_at); i < periods_.size(); ++i)
    {
        const auto home = home_of(sender, periods_[i]);
        const auto delay = delays_to(node, i)[home];
        if (delay == never)
            continue;
        auto at = std::max(sent_at, periods_[i].from) + delay;
        if (home != node && options_.mean_delay > 0)
        {
            RandomStream random{seed_, stream_gossip, first_word(hash.bytes), node};
            at += static_cast<VirtualTime>(
                random.exponential(static_cast<double>(options_.mean_delay)));
        }
        return at;
    }
    return never;
}

bool TransactionGossip::passes(NodeId from, NodeId to, const Period& period) const
{
    if (period.is_down[from] || period.is_down[to])
        return false;
    return std::none_of(model_.partitions.begin(), model_.partitions.end(),
        [&](const NetworkPartition& partition) { return partition.cuts(from, to, period.from); });
}

const std::vector<VirtualTime>& TransactionGossip::delays_to(NodeId node, std::size_t period)
{
    const auto found = delays_.find({period, node});
    if (found != delays_.end())
        return found->second;
    if ((delays_.size() + 1) * topology_.size() > kept_max)
        delays_.clear();
    return delays_.emplace(std::pair{period, node}, find_delays(node, period)).first->second;
}

std::vector<VirtualTime> TransactionGossip::find_delays(NodeId node, std::size_t period) const
{
    // Dijkstra's, from the end: how long it takes to get to `node`.
    const auto& standing = periods_[period];
    const auto ms = [this](NodeId from, NodeId to)
    { return model_.mean_latency_ms(topology_.region_of(from), topology_.region_of(to)); };
    const auto hop = [&](NodeId from, NodeId to)
    {
        // An announcement and the transaction itself go one way, what asks for it the other.
        VirtualTime total = 0;
        for (std::uint32_t i = 0; i < options_.messages; ++i)
        {
            const bool is_answer = i % 2 == 1;
            total += (is_answer ? ms(to, from) : ms(from, to)) * one_millisecond;
            total += model_.processing;
        }
        return total;
    };
    std::vector<VirtualTime> delays(topology_.size(), never);
    using Entry = std::pair<VirtualTime, NodeId>;
    std::priority_queue<Entry, std::vector<Entry>, std::greater<>> open;
    if (!standing.is_down[node])
    {
        delays[node] = 0;
        open.emplace(0, node);
    }
    while (!open.empty())
    {
        const auto [delay, to] = open.top();
        open.pop();
        if (delay > delays[to])
            continue;
        for (const auto from : topology_.peers_of(to))
        {
            if (!passes(from, to, standing))
                continue;
            const auto through = delay + hop(from, to);
            if (through < delays[from])
            {
                delays[from] = through;
                open.emplace(through, from);
            }
        }
    }
    return delays;
}

}  // namespace runnel
