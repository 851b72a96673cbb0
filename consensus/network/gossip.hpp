#pragma once

#include "consensus/network/model.hpp"
#include "ledger/amount.hpp"
#include "ledger/hash.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

namespace runnel
{

/// When a transaction reaches the mempool of a node: everybody sends through a node of his own,
/// from which it goes to all others, peer by peer.
///
/// It takes the way of the least mean latency, as the first of many copies does; what is chance
/// about each message is in one draw for each transaction and node. Nothing passes between parts of
/// a network that are cut off from each other, nor through a node that is down: when that ends,
/// those who have it tell the others. Whose own node is down sends through another one. That
/// something ends or begins while a transaction travels is not looked at.
///
/// A function of the network, the seed and the transaction: who asks, and in which order, does not
/// matter.
class TransactionGossip
{
public:
    struct Options
    {
        /// Messages from peer to peer: 1 where it is sent unasked, 3 where it is announced, asked
        /// for and sent.
        std::uint32_t messages = 1;
        /// What a node waits for beyond that, on average; exponentially distributed.
        VirtualTime mean_delay = 0;
        /// Delays that are remembered, of all nodes together: 32 MiB of them.
        std::size_t remembered = std::size_t{1} << 22U;
    };
    static constexpr VirtualTime never = std::int64_t{1} << 62;

    TransactionGossip(NetworkModel model, std::uint64_t seed, std::uint32_t nodes, Options options);

    /// When @p node hears of a transaction that was sent at @p sent_at; never, or any time behind
    /// it: not until @p until.
    [[nodiscard]] VirtualTime heard_at(const Address& sender, const Hash& hash, VirtualTime sent_at,
        NodeId node, VirtualTime until = never);

private:
    /// Which of the times at which something begins or ends comes last before this one.
    [[nodiscard]] std::size_t period_at(VirtualTime at) const;
    /// By node, within a period.
    [[nodiscard]] const std::vector<bool>& down_in(std::size_t period);
    /// The node through which an account sends: each with equal probability, of those that are up.
    [[nodiscard]] NodeId home_of(const Address& account, std::size_t period);
    [[nodiscard]] bool passes(NodeId from, NodeId to, std::size_t period);
    /// Adds to @p reached whoever hears within a period of what these know.
    void spread(std::vector<bool>& reached, std::size_t period);
    /// When it gets to a node that cannot hear of it in the period in which it is sent.
    [[nodiscard]] VirtualTime reaches_at(
        NodeId home, std::size_t sent_in, NodeId node, VirtualTime until);
    [[nodiscard]] const std::vector<VirtualTime>& delays_to(NodeId node, std::size_t period);
    [[nodiscard]] std::vector<VirtualTime> find_delays(NodeId node, std::size_t period);

    NetworkModel model_;
    std::uint64_t seed_;
    Options options_;
    NetworkTopology topology_;
    std::vector<VirtualTime> turns_;  // When something begins or ends, 0 first, ascending.
    // Caches.
    std::size_t down_period_ = 0;
    std::vector<bool> down_;  // In that period; empty: of none yet.
    /// By period and node: what a transaction takes from each node.
    std::map<std::pair<std::size_t, NodeId>, std::vector<VirtualTime>> delays_;
};

}  // namespace runnel
