#pragma once

#include "consensus/network/network.hpp"
#include "consensus/pow/block.hpp"
#include "consensus/pow/delays.hpp"
#include "consensus/pow/options.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <unordered_set>
#include <vector>

namespace runnel
{

/// What a network with proof of work is made of; nothing of it changes.
struct PowWorld
{
    struct Profile
    {
        std::uint32_t group = 0;  // groups.size(): of none, a node that only relays.
        double hash_rate = 0;     // Hashes a second.
        bool knows_compact = false;
        bool comes_and_goes = false;
        std::vector<NodeId> further_peers;  // Of well-connected miners.
    };

    PowWorld(const PowOptions& options, const NetworkModel& model, std::uint64_t seed,
        std::uint32_t nodes);
    PowWorld(const PowWorld&) = delete;
    PowWorld& operator=(const PowWorld&) = delete;

    [[nodiscard]] const MinerGroup* group_of(NodeId node) const
    {
        const auto group = profiles[node].group;
        return group == options.groups.size() ? nullptr : &options.groups[group];
    }
    [[nodiscard]] MinerStrategy strategy_of(NodeId node) const
    {
        const auto* group = group_of(node);
        return group == nullptr ? MinerStrategy::honest : group->strategy;
    }

    PowOptions options;
    std::uint64_t seed;
    DifficultyRule rule;
    PowBlock genesis;
    std::vector<Profile> profiles;  // By node.
    std::vector<NodeOutage> outages;
    NodeId reference = 0;      // Whose chain the ledger executes.
    std::uint32_t miners = 0;  // Nodes below it are of a group.
    bool tracks_tips = false;  // Whether nodes put on record what they mine on.

private:
    void draw_hash_rates();
    void draw_relay();
    void draw_further_peers(const NetworkTopology& topology);
    void choose_reference();
};

/// A node: relays blocks, keeps the heaviest chain, and mines if it has a hash rate.
class PowNode
{
public:
    struct Message
    {
        enum class Kind : std::uint8_t
        {
            hello,  // After an outage: the sender's head.
            inventory,
            get,  // `have`: the last block before it that the sender has, or asked others for.
            block,
            compact,
            get_rest,  // What a compact block was short of: so many bytes.
        };
        Kind kind{};
        std::uint32_t bytes = 0;
        const PowBlock* block = nullptr;
        const PowBlock* have = nullptr;
    };
    struct Timer
    {
        enum class Kind : std::uint8_t
        {
            found,    // A nonce.
            retried,  // Nothing among the nonces of one header.
            hours,    // Mining begins or ends.
            request,  // No answer.
        };
        Kind kind{};
        std::uint64_t round = 0;
        const PowBlock* block = nullptr;
    };
    struct Record
    {
        enum class Kind : std::uint8_t
        {
            made,
            head,     // Of the reference node; `block` is the new one.
            side,     // It got a block that it does not adopt.
            mines,    // On this block, from now on.
            race,     // A selfish miner published it against another one of its height.
            attempt,  // A double spend began,
            won,      // succeeded,
            gave_up,  // or did not.
        };
        Kind kind{};
        const PowBlock* block = nullptr;
    };
    using Context = Network<PowNode>::Context;

    /// @p world must outlive it.
    explicit PowNode(const PowWorld& world) : world_{&world}, head_{&world.genesis} {}

    void start(Context& context);
    void receive(Context& context, NodeId from, const Message& message);
    void wake(Context& context, const Timer& timer);
    void restart(Context& context, bool keeps_memory);

    [[nodiscard]] const PowBlock* head() const noexcept { return head_; }
    [[nodiscard]] const DelayHistogram& delays() const noexcept { return delays_; }
    /// Tried until a moment that is not before its last event.
    [[nodiscard]] double hashes_until(VirtualTime now) const noexcept
    {
        return hashes_ +
               (is_mining_ ? hash_rate_ * static_cast<double>(now - mining_since_) / one_second
                           : 0);
    }

private:
    struct Request
    {
        const PowBlock* block = nullptr;
        NodeId asked = 0;
        std::vector<NodeId> others;  // Who announced it too.
    };
    struct Orphan
    {
        const PowBlock* block = nullptr;
        NodeId from = 0;
    };

    // ---- Relay ----
    [[nodiscard]] bool knows(const PowBlock* block) const;
    void remember(const PowBlock* block);
    [[nodiscard]] Request* request_for(const PowBlock* block);
    void on_inventory(Context& context, NodeId from, const PowBlock* block);
    void request(Context& context, NodeId from, const PowBlock* block);
    void ask(Context& context, const Request& request);
    void on_no_answer(Context& context, const PowBlock* block);
    void send_blocks(Context& context, NodeId to, const PowBlock* block, const PowBlock* have);
    void on_compact(Context& context, NodeId from, const PowBlock* block);
    void on_block(Context& context, NodeId from, const PowBlock* block);
    void take(Context& context, NodeId from, const PowBlock* block);
    void tell(Context& context, const PowBlock* block, std::optional<NodeId> except);
    void tell_peer(Context& context, NodeId peer, const PowBlock* block);
    [[nodiscard]] bool may_adopt(const PowBlock& block) const;
    void set_head(Context& context, const PowBlock* block);

    // ---- Mining ----
    [[nodiscard]] const PowBlock* mining_tip() const noexcept;
    /// Begins anew where the tip is another one.
    void mine(Context& context);
    void mine_on(Context& context, const PowBlock* tip);
    void set_timer_for_draw(Context& context);
    void try_nonces(Context& context);
    void keep_hours(Context& context);
    void count_hashes(VirtualTime until) noexcept;
    void on_found(Context& context);

    // ---- What miners do with their blocks ----
    [[nodiscard]] bool keeps_secret() const noexcept;
    /// Tells a branch that only this node knows, from after what it told already.
    void publish(Context& context, const PowBlock* until);
    /// Others' best block is a better one.
    void on_public(Context& context, const PowBlock* block);
    void respond_selfishly(Context& context);
    void begin_attempt(Context& context, const PowBlock* fork);
    void look_at_attempt(Context& context);

    const PowWorld* world_;
    const MinerGroup* group_ = nullptr;
    const PowBlock* head_;
    std::unordered_set<NetworkBlockId> known_;  // Recent ones; never walked.
    std::deque<const PowBlock*> recent_;
    std::uint64_t forgotten_below_ = 0;  // Heights of which known_ does not have all.
    std::vector<Request> requests_;
    std::vector<Orphan> orphans_;
    DelayHistogram delays_;

    std::unique_ptr<std::deque<PowBlock>> made_ = std::make_unique<std::deque<PowBlock>>();
    double hash_rate_ = 0;
    double hashes_ = 0;
    VirtualTime mining_since_ = 0;
    bool is_mining_ = false;
    std::uint64_t restarts_ = 0;
    std::uint64_t round_ = 0;  // Timers of an earlier one are void.
    const PowBlock* tip_ = nullptr;
    PowBlock candidate_;  // Of real puzzles.

    // ---- Of miners with secrets ----
    const PowBlock* public_ = nullptr;     // The best block that all know.
    const PowBlock* secret_ = nullptr;     // The end of its own branch.
    const PowBlock* root_ = nullptr;       // The block that the branch grew from.
    const PowBlock* published_ = nullptr;  // The last block of it that others know.
    const PowBlock* fork_ = nullptr;       // Of a double spend: the block before the payment.
    bool is_attempting_ = false;
};

}  // namespace runnel
