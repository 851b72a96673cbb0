#include "consensus/network/gossip.hpp"

#include "ledger/check.hpp"
#include "ledger/philox.hpp"

#include <algorithm>
#include <functional>
#include <queue>

namespace runnel
{
namespace
{
constexpr std::uint64_t stream_homes = 0x6e65742e686f6d65;  // "net.home"; the entity is an account.
constexpr std::uint64_t stream_gossip = 0x6e65742e676f7373;  // "net.goss"; the entity is a hash.

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
    turns_.push_back(0);
    for (const auto& partition : model_.partitions)
        turns_.insert(turns_.end(), {partition.from, partition.until});
    for (const auto& outage : model_.outages)
        turns_.insert(turns_.end(), {outage.from, outage.until});
    std::sort(turns_.begin(), turns_.end());
    turns_.erase(std::unique(turns_.begin(), turns_.end()), turns_.end());
    turns_.erase(std::lower_bound(turns_.begin(), turns_.end(), never), turns_.end());
}

std::size_t TransactionGossip::period_at(VirtualTime at) const
{
    const auto next = std::upper_bound(turns_.begin() + 1, turns_.end(), at);
    return static_cast<std::size_t>(next - turns_.begin()) - 1;
}

const std::vector<bool>& TransactionGossip::down_in(std::size_t period)
{
    if (down_.empty() || down_period_ != period)
    {
        down_period_ = period;
        down_.assign(topology_.size(), false);
        const auto now = turns_[period];
        for (const auto& outage : model_.outages)
        {
            if (outage.from <= now && now < outage.until)
                down_[outage.node] = true;
        }
    }
    return down_;
}

NodeId TransactionGossip::home_of(const Address& account, std::size_t period)
{
    // Where nearly all are down it may be one that is, too.
    constexpr int tries = 64;
    const auto& is_down = down_in(period);
    RandomStream random{seed_, stream_homes, first_word(account.bytes), 0};
    NodeId home = 0;
    for (int i = 0; i < tries; ++i)
    {
        home = static_cast<NodeId>(random.uniform_below(topology_.size()));
        if (!is_down[home])
            break;
    }
    return home;
}

VirtualTime TransactionGossip::heard_at(
    const Address& sender, const Hash& hash, VirtualTime sent_at, NodeId node, VirtualTime until)
{
    const auto period = period_at(sent_at);
    const auto home = home_of(sender, period);
    const auto delay = delays_to(node, period)[home];
    const auto at = delay == never ? reaches_at(home, period, node, until) : sent_at + delay;
    if (at == never || home == node || options_.mean_delay == 0)
        return at;
    RandomStream random{seed_, stream_gossip, first_word(hash.bytes), node};
    return at +
           static_cast<VirtualTime>(random.exponential(static_cast<double>(options_.mean_delay)));
}

VirtualTime TransactionGossip::reaches_at(
    NodeId home, std::size_t sent_in, NodeId node, VirtualTime until)
{
    std::vector<bool> reached;
    for (auto period = sent_in; period + 1 < turns_.size() && turns_[period + 1] <= until; ++period)
    {
        if (reached.empty())
        {
            reached.resize(topology_.size());
            reached[home] = true;
        }
        spread(reached, period);
        // Whoever has it tells the others.
        const auto& delays = delays_to(node, period + 1);
        auto least = never;
        for (NodeId from = 0; from < topology_.size(); ++from)
        {
            if (reached[from])
                least = std::min(least, delays[from]);
        }
        if (least != never)
            return turns_[period + 1] + least;
    }
    return never;
}

void TransactionGossip::spread(std::vector<bool>& reached, std::size_t period)
{
    std::vector<NodeId> open;
    for (NodeId node = 0; node < topology_.size(); ++node)
    {
        if (reached[node])
            open.push_back(node);
    }
    while (!open.empty())
    {
        const auto from = open.back();
        open.pop_back();
        for (const auto to : topology_.peers_of(from))
        {
            if (reached[to] || !passes(from, to, period))
                continue;
            reached[to] = true;
            open.push_back(to);
        }
    }
}

bool TransactionGossip::passes(NodeId from, NodeId to, std::size_t period)
{
    const auto& is_down = down_in(period);
    if (is_down[from] || is_down[to])
        return false;
    const auto now = turns_[period];
    return std::none_of(model_.partitions.begin(), model_.partitions.end(),
        [&](const NetworkPartition& partition) { return partition.cuts(from, to, now); });
}

const std::vector<VirtualTime>& TransactionGossip::delays_to(NodeId node, std::size_t period)
{
    const auto found = delays_.find({period, node});
    if (found != delays_.end())
        return found->second;
    if ((delays_.size() + 1) * topology_.size() > options_.remembered)
        delays_.clear();
    return delays_.emplace(std::pair{period, node}, find_delays(node, period)).first->second;
}

std::vector<VirtualTime> TransactionGossip::find_delays(NodeId node, std::size_t period)
{
    // Dijkstra's, from the end: how long it takes to get to `node`.
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
    if (!down_in(period)[node])
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
            if (!passes(from, to, period))
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
