#pragma once

#include "consensus/network/model.hpp"
#include "ledger/amount.hpp"
#include "ledger/hash.hpp"

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
/// a network that are cut off from each other, nor through a node that is down: it waits until that
/// ends. Whose own node is down sends through another one. That something ends or begins within the
/// seconds that one transaction takes is not looked at.
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
    };
    static constexpr VirtualTime never = std::int64_t{1} << 62;

    TransactionGossip(NetworkModel model, std::uint64_t seed, std::uint32_t nodes, Options options);

    /// When @p node hears of a transaction that was sent at @p sent_at; never: not for all it
    /// knows.
    [[nodiscard]] VirtualTime heard_at(
        const Address& sender, const Hash& hash, VirtualTime sent_at, NodeId node);

private:
    /// Nothing breaks or heals within one.
    struct Period
    {
        VirtualTime from = 0;
        std::vector<bool> is_down;  // By node.
    };
    [[nodiscard]] std::size_t period_at(VirtualTime at) const;
    /// The node through which an account sends: each with equal probability, of those that are up.
    [[nodiscard]] NodeId home_of(const Address& account, const Period& period) const;
    [[nodiscard]] bool passes(NodeId from, NodeId to, const Period& period) const;
    [[nodiscard]] const std::vector<VirtualTime>& delays_to(NodeId node, std::size_t period);
    [[nodiscard]] std::vector<VirtualTime> find_delays(NodeId node, std::size_t period) const;

    NetworkModel model_;
    std::uint64_t seed_;
    Options options_;
    NetworkTopology topology_;
    std::vector<Period> periods_;
    /// By period and node: what a transaction takes from each node. A cache.
    std::map<std::pair<std::size_t, NodeId>, std::vector<VirtualTime>> delays_;
};

}  // namespace runnel
