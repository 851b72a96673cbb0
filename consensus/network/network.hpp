#pragma once

#include "consensus/network/event_queue.hpp"
#include "consensus/network/model.hpp"
#include "ledger/check.hpp"
#include "ledger/philox.hpp"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace runnel
{

/// Some nodes of a network, and what is on its way to them. One owner at a time: it may go to
/// another thread for each window.
class NetworkShard
{
public:
    virtual ~NetworkShard() = default;
    /// When the next thing happens here.
    [[nodiscard]] virtual VirtualTime next() const noexcept = 0;
    /// Lets all happen that does before @p until.
    virtual void run(VirtualTime until) = 0;
};

/// Runs shards until a moment, each on a thread of its own or one after another; returns when all
/// have.
class ShardRunner
{
public:
    virtual ~ShardRunner() = default;
    virtual void run(std::span<NetworkShard* const> shards, VirtualTime until) = 0;
};

/// One after another on the caller's thread.
class SerialShardRunner final : public ShardRunner
{
public:
    void run(std::span<NetworkShard* const> shards, VirtualTime until) override
    {
        for (auto* shard : shards)
            shard->run(until);
    }
};

/// What a node put on record, for whoever looks at the network from outside.
template <typename Record>
struct TimedRecord
{
    VirtualTime at = 0;
    NodeId node = 0;
    Record record;
};

/// A network of nodes that talk by messages alone, in virtual time.
///
/// `Node` is a state machine:
///
///     struct Message;                                    what nodes tell each other: copied
///     struct Timer;                                      what a node reminds itself of: copied
///     struct Record;                                     what it puts on record
///     void start(Context&);                              at time 0
///     void receive(Context&, NodeId from, const Message&);
///     void wake(Context&, const Timer&);
///     void restart(Context&, bool keeps_memory);         after an outage
///
/// What a node sees is merged by (virtual time, sender, sequence of the sender), so that what
/// becomes of a network is a function of (model, seed, nodes): not of the number of shards, nor of
/// who runs them. Shards run windows side by side that are no longer than the least latency: what
/// one sends in a window reaches no other within it (conservative synchronisation: Chandy and
/// Misra 1979; Bryant 1977).
template <typename Node>
class Network
{
public:
    using Message = typename Node::Message;
    using Timer = typename Node::Timer;
    using Record = TimedRecord<typename Node::Record>;
    class Context;

    /// @p make returns the node with a number. Nodes must not share anything that changes.
    template <typename Make>
    Network(NetworkModel model, std::uint64_t seed, std::uint32_t nodes, std::uint32_t shards,
        const Make& make);

    /// The records of the next time in which there are any, sorted by (time, node, order within
    /// the node); nothing comes later that belongs before them. Empty: nothing will ever happen
    /// again, or nothing was put on record before @p limit.
    [[nodiscard]] std::vector<Record> advance(ShardRunner& runner, VirtualTime limit);
    /// Lets all happen that does before @p until, and returns what was put on record.
    [[nodiscard]] std::vector<Record> run_until(ShardRunner& runner, VirtualTime until);

    [[nodiscard]] NetworkTraffic traffic() const;
    [[nodiscard]] std::uint64_t events() const;  // That nodes have handled.
    [[nodiscard]] const NetworkTopology& topology() const noexcept { return topology_; }
    [[nodiscard]] const NetworkModel& model() const noexcept { return model_; }
    [[nodiscard]] VirtualTime least_latency() const noexcept { return links_.least_latency(); }
    /// Between two calls.
    [[nodiscard]] const Node& node(NodeId id) const
    {
        return shards_[id % shards_.size()]->place(id).node;
    }

private:
    struct Receiver
    {
        NodeId to = 0;
        std::uint64_t origin = 0;  // Sender and its sequence.
    };
    /// A message to some who all hear it in the same moment.
    struct Letter
    {
        Message message;
        std::vector<Receiver> others;  // Beside the first one.
    };
    struct Parcel
    {
        VirtualTime at = 0;
        Receiver first;
        Letter letter;
    };
    struct Place
    {
        Node node;
        std::uint64_t sequence = 0;  // Of messages, timers and streams of draws.
        VirtualTime upload_free = 0;
        std::uint32_t life = 0;  // Counts restarts: timers of an earlier one are void.
        bool is_down = false;
    };
    class Shard;

    static constexpr unsigned sequence_bits = 40;
    [[nodiscard]] static std::uint64_t origin_of(NodeId node, std::uint64_t sequence) noexcept
    {
        return std::uint64_t{node} << sequence_bits | sequence;
    }
    /// One window. False if nothing happens before @p limit.
    bool run_window(ShardRunner& runner, VirtualTime limit);
    [[nodiscard]] std::vector<Record> take_records();

    NetworkModel model_;
    std::uint64_t seed_;
    NetworkTopology topology_;
    NetworkLinks links_;
    std::vector<std::unique_ptr<Shard>> shards_;
    std::vector<NetworkShard*> runnable_;
};

/// What a node may do while it handles something.
template <typename Node>
class Network<Node>::Context
{
public:
    Context(Shard& shard, Place& place, NodeId self, VirtualTime now) noexcept
      : shard_{shard}, place_{place}, self_{self}, now_{now}
    {}

    [[nodiscard]] NodeId self() const noexcept { return self_; }
    /// True time: a node knows local_time() alone; for records, and for what is of the world
    /// (a puzzle's solution) rather than of its clock.
    [[nodiscard]] VirtualTime now() const noexcept { return now_; }
    [[nodiscard]] VirtualTime local_time() const noexcept
    {
        return now_ + now_ / one_second * shard_.network().topology_.drift_ppm(self_);
    }
    [[nodiscard]] std::uint32_t network_size() const noexcept
    {
        return shard_.network().topology_.size();
    }
    [[nodiscard]] std::span<const NodeId> peers() const
    {
        return shard_.network().topology_.peers_of(self_);
    }
    /// Fresh draws, of this node in this moment.
    [[nodiscard]] RandomStream random() noexcept
    {
        constexpr std::uint64_t stream_nodes = 0x6e65742e6e6f6465;  // "net.node"
        return {shard_.network().seed_, stream_nodes, self_, place_.sequence++};
    }
    /// @p bytes: as long as the message would be on a wire.
    void send(NodeId to, const Message& message, std::uint32_t bytes)
    {
        send({&to, 1}, message, bytes);
    }
    /// To each of many, one after another.
    void send(std::span<const NodeId> to, const Message& message, std::uint32_t bytes,
        std::optional<NodeId> except = std::nullopt)
    {
        shard_.send(place_, self_, to, except, now_, message, bytes);
    }
    /// To all peers but one.
    void gossip(
        const Message& message, std::uint32_t bytes, std::optional<NodeId> except = std::nullopt)
    {
        send(peers(), message, bytes, except);
    }
    /// Reminds the node after a span of true time.
    void wake_after(VirtualTime span, const Timer& timer)
    {
        shard_.wake(place_, self_, now_ + std::max<VirtualTime>(span, 0), timer);
    }
    /// Reminds it when its clock shows a time, at once if it has.
    void wake_at_local(VirtualTime local, const Timer& timer)
    {
        const auto drift = shard_.network().topology_.drift_ppm(self_);
        // local = now * (1 + drift / 10^6).
        const auto at = local - local / (one_second + drift) * drift;
        shard_.wake(place_, self_, std::max(at, now_), timer);
    }
    void record(typename Node::Record what) { shard_.record({now_, self_, std::move(what)}); }

private:
    Shard& shard_;
    Place& place_;
    NodeId self_;
    VirtualTime now_;
};

template <typename Node>
class Network<Node>::Shard final : public NetworkShard
{
public:
    Shard(Network& network, std::uint32_t number, std::uint32_t count)
      : network_{network}, number_{number}, count_{count}, outboxes_(count)
    {}

    template <typename Make>
    void populate(const Make& make)
    {
        for (auto id = number_; id < network_.topology_.size(); id += count_)
            places_.push_back({make(NodeId{id})});
        for (auto id = number_; id < network_.topology_.size(); id += count_)
            push(0, origin_of(id, place(id).sequence++), id, Kind::start, 0);
        for (const auto& outage : network_.model_.outages)
        {
            if (outage.node % count_ != number_ || outage.node >= network_.topology_.size())
                continue;
            auto& sequence = place(outage.node).sequence;
            push(outage.from, origin_of(outage.node, sequence++), outage.node, Kind::stop, 0);
            push(outage.until, origin_of(outage.node, sequence++), outage.node, Kind::restart,
                outage.keeps_memory ? 1 : 0);
        }
    }

    [[nodiscard]] Network& network() noexcept { return network_; }
    [[nodiscard]] Place& place(NodeId id) { return places_[row_of(id)]; }
    [[nodiscard]] const Place& place(NodeId id) const { return places_[row_of(id)]; }

    [[nodiscard]] VirtualTime next() const noexcept override { return queue_.next(); }

    void run(VirtualTime until) override
    {
        while (queue_.next() < until)
            handle(queue_.pop());
    }

    void send(Place& from, NodeId self, std::span<const NodeId> to, std::optional<NodeId> except,
        VirtualTime now, const Message& message, std::uint32_t bytes)
    {
        open_.clear();
        for (const auto receiver : to)
        {
            if (receiver == except)
                continue;
            const auto sequence = from.sequence++;
            if (receiver == self)
            {
                post(now, {receiver, origin_of(self, sequence)}, message);
                continue;
            }
            const auto fate = network_.links_.send(
                self, receiver, now, bytes, sequence, from.upload_free, traffic_);
            for (std::uint32_t i = 0; i < fate.copies; ++i)
                post(fate.arrivals[i], {receiver, origin_of(self, sequence)}, message);
        }
    }
    void wake(Place& place, NodeId self, VirtualTime at, const Timer& timer)
    {
        const auto slot = timers_.put({timer, place.life});
        push(at, origin_of(self, place.sequence++), self, Kind::timer, slot);
    }
    void record(Record record) { records_.push_back(std::move(record)); }

    void take(Parcel parcel)
    {
        const auto slot = letters_.put(std::move(parcel.letter));
        push(parcel.at, parcel.first.origin, parcel.first.to, Kind::message, slot);
    }
    [[nodiscard]] std::vector<Parcel>& outbox(std::uint32_t shard) { return outboxes_[shard]; }
    [[nodiscard]] std::vector<Record>& records() noexcept { return records_; }
    [[nodiscard]] const NetworkTraffic& traffic() const noexcept { return traffic_; }
    [[nodiscard]] std::uint64_t events() const noexcept { return events_; }

private:
    enum class Kind : std::uint8_t
    {
        start,
        stop,
        restart,
        timer,
        message,
    };
    static constexpr unsigned kind_bits = 3;  // Of what an event is; the others are its slot.
    /// Values that stay where they are; places are used again.
    template <typename Value>
    class Slots
    {
    public:
        std::uint32_t put(Value value)
        {
            const auto slot = reserve();
            values_[slot] = std::move(value);
            return slot;
        }
        /// A place with whatever was there before.
        std::uint32_t reserve()
        {
            if (free_.empty())
            {
                values_.emplace_back();
                return static_cast<std::uint32_t>(values_.size() - 1);
            }
            const auto slot = free_.back();
            free_.pop_back();
            return slot;
        }
        Value& operator[](std::uint32_t slot) { return values_[slot]; }
        void free(std::uint32_t slot) { free_.push_back(slot); }

    private:
        std::deque<Value> values_;
        std::vector<std::uint32_t> free_;
    };
    /// A letter that the message being sent has begun.
    struct OpenLetter
    {
        VirtualTime at = 0;
        std::uint32_t shard = 0;
        std::uint32_t place = 0;  // Among letters here, or in the outbox of another shard.
    };
    struct SetTimer
    {
        Timer timer;
        std::uint32_t life = 0;
    };

    // Every message asks both, and divisions are slow: most networks have one shard.
    [[nodiscard]] std::size_t row_of(NodeId id) const noexcept
    {
        return count_ == 1 ? id : id / count_;
    }
    [[nodiscard]] std::uint32_t shard_of(NodeId id) const noexcept
    {
        return count_ == 1 ? 0 : id % count_;
    }

    void push(VirtualTime at, std::uint64_t origin, NodeId to, Kind kind, std::uint32_t slot)
    {
        RUNNEL_CHECK(slot >> (32U - kind_bits) == 0);
        queue_.push({at, origin, to, slot << kind_bits | static_cast<std::uint32_t>(kind)});
    }

    void post(VirtualTime at, const Receiver& receiver, const Message& message)
    {
        const auto shard = shard_of(receiver.to);
        for (const auto& open : open_)
        {
            if (open.at != at || open.shard != shard)
                continue;
            auto& letter =
                shard == number_ ? letters_[open.place] : outboxes_[shard][open.place].letter;
            letter.others.push_back(receiver);
            return;
        }
        if (shard == number_)
        {
            const auto slot = letters_.reserve();
            letters_[slot].message = message;
            push(at, receiver.origin, receiver.to, Kind::message, slot);
            open_.push_back({at, shard, slot});
            return;
        }
        auto& outbox = outboxes_[shard];
        open_.push_back({at, shard, static_cast<std::uint32_t>(outbox.size())});
        outbox.push_back({at, receiver, {message, {}}});
    }

    /// Who else hears a letter hears it now, not in its turn: no node sees what happens at another
    /// in the same moment, and none has two of one letter's but copies.
    void deliver(const NetworkEvent& event, std::uint32_t slot)
    {
        auto& letter = letters_[slot];
        hear(event.at, {event.to, event.origin}, letter.message);
        for (const auto& receiver : letter.others)
        {
            ++events_;
            hear(event.at, receiver, letter.message);
        }
        letter.message = Message{};
        letter.others.clear();
        letters_.free(slot);
    }

    void hear(VirtualTime at, const Receiver& receiver, const Message& message)
    {
        auto& place = this->place(receiver.to);
        if (place.is_down)
        {
            ++traffic_.unheard;
            return;
        }
        Context context{*this, place, receiver.to, at};
        const auto from = static_cast<NodeId>(receiver.origin >> sequence_bits);
        place.node.receive(context, from, message);
    }

    void handle(const NetworkEvent& event)
    {
        auto& place = this->place(event.to);
        Context context{*this, place, event.to, event.at};
        ++events_;
        const auto slot = event.what >> kind_bits;
        switch (static_cast<Kind>(event.what & ((1U << kind_bits) - 1)))
        {
            case Kind::start: place.node.start(context); return;
            case Kind::stop: place.is_down = true; return;
            case Kind::restart:
                place.is_down = false;
                ++place.life;
                place.upload_free = event.at;
                place.node.restart(context, slot != 0);
                return;
            case Kind::timer: {
                const auto set = timers_[slot];
                timers_.free(slot);
                if (!place.is_down && set.life == place.life)
                    place.node.wake(context, set.timer);
                return;
            }
            case Kind::message: deliver(event, slot); return;
        }
    }

    Network& network_;
    std::uint32_t number_;
    std::uint32_t count_;
    std::vector<Place> places_;
    EventQueue queue_;
    Slots<Letter> letters_;
    std::vector<OpenLetter> open_;
    Slots<SetTimer> timers_;
    std::vector<std::vector<Parcel>> outboxes_;  // By shard.
    std::vector<Record> records_;
    NetworkTraffic traffic_;
    std::uint64_t events_ = 0;
};

template <typename Node>
template <typename Make>
Network<Node>::Network(NetworkModel model, std::uint64_t seed, std::uint32_t nodes,
    std::uint32_t shards, const Make& make)
  : model_{std::move(model)},
    seed_{seed},
    topology_{model_, seed, nodes},
    links_{model_, topology_, seed}
{
    shards = std::clamp<std::uint32_t>(shards, 1, nodes);
    for (std::uint32_t i = 0; i < shards; ++i)
        shards_.push_back(std::make_unique<Shard>(*this, i, shards));
    for (auto& shard : shards_)
    {
        shard->populate(make);
        runnable_.push_back(shard.get());
    }
}

template <typename Node>
bool Network<Node>::run_window(ShardRunner& runner, VirtualTime limit)
{
    auto begin = never_in_virtual_time;
    for (const auto& shard : shards_)
        begin = std::min(begin, shard->next());
    if (begin >= limit)
        return false;
    // Alone a shard could go further; windows are the same for any number of shards, so that what
    // advance() hands out at a time is too.
    runner.run(runnable_, std::min(begin + links_.least_latency(), limit));
    for (auto& from : shards_)
    {
        for (std::uint32_t to = 0; to < shards_.size(); ++to)
        {
            for (auto& parcel : from->outbox(to))
                shards_[to]->take(std::move(parcel));
            from->outbox(to).clear();
        }
    }
    return true;
}

template <typename Node>
std::vector<typename Network<Node>::Record> Network<Node>::take_records()
{
    std::vector<Record> records;
    for (auto& shard : shards_)
    {
        std::move(shard->records().begin(), shard->records().end(), std::back_inserter(records));
        shard->records().clear();
    }
    // Stable: a node's own are in order.
    std::stable_sort(records.begin(), records.end(),
        [](const Record& a, const Record& b)
        { return a.at != b.at ? a.at < b.at : a.node < b.node; });
    return records;
}

template <typename Node>
std::vector<typename Network<Node>::Record> Network<Node>::advance(
    ShardRunner& runner, VirtualTime limit)
{
    while (run_window(runner, limit))
    {
        if (auto records = take_records(); !records.empty())
            return records;
    }
    return {};
}

template <typename Node>
std::vector<typename Network<Node>::Record> Network<Node>::run_until(
    ShardRunner& runner, VirtualTime until)
{
    while (run_window(runner, until))
    {}
    return take_records();
}

template <typename Node>
NetworkTraffic Network<Node>::traffic() const
{
    NetworkTraffic sum;
    for (const auto& shard : shards_)
        sum += shard->traffic();
    return sum;
}

template <typename Node>
std::uint64_t Network<Node>::events() const
{
    std::uint64_t sum = 0;
    for (const auto& shard : shards_)
        sum += shard->events();
    return sum;
}

}  // namespace runnel
