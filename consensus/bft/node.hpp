#pragma once

#include "consensus/bft/block.hpp"
#include "consensus/bft/options.hpp"
#include "consensus/bft/tendermint.hpp"
#include "consensus/network/network.hpp"

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

namespace runnel
{

/// What all nodes know from the beginning.
struct BftGenesis
{
    BftOptions options;
    std::uint64_t seed = 0;
    std::vector<std::uint32_t> group_of;  // By validator; groups.size(): none.
    BftStatePointer state;
    BftBlockPointer block;
    NodeId reference = 0;  // Whose record has details.

    [[nodiscard]] BftStrategy strategy_of(NodeId node) const noexcept
    {
        return node < group_of.size() && group_of[node] < options.groups.size()
                   ? options.groups[group_of[node]].strategy
                   : BftStrategy::honest;
    }
};

[[nodiscard]] std::shared_ptr<const BftGenesis> make_bft_genesis(
    const BftOptions& options, std::uint64_t seed, NodeId reference);

/// A node that runs Tendermint, validator or observer, honest or not.
class BftNode final : private TendermintHost
{
public:
    struct Message
    {
        std::shared_ptr<const BftPayload> payload;
    };
    enum class TimerKind : std::uint8_t
    {
        timeout,      // Of a step.
        next_height,  // After a decision.
        flush,
        status,
        validated,
    };
    struct Timer
    {
        TimerKind kind{};
        BftStep step{};
        std::uint64_t height = 0;
        std::uint64_t round = 0;
        NetworkBlockId block = 0;
    };

    /// It decided, or adopted a decision.
    struct Decided
    {
        BftBlockPointer block;
        std::shared_ptr<const BftCertificate> commit;
        BftStatePointer state;              // Of the reference node only, as all below.
        std::vector<NetworkVotes> votes;    // Of rounds without a decision, if asked for.
        std::vector<RefusedBlock> refused;  // Proposed at the height.
    };
    struct MadeBlock
    {
        NetworkBlockId block = 0;
    };
    struct FoundEvidence
    {
        NetworkEvidence evidence;
    };
    using Record = std::variant<MadeBlock, Decided, FoundEvidence>;
    using Context = Network<BftNode>::Context;

    BftNode(std::shared_ptr<const BftGenesis> genesis, NodeId self);
    /// Before it starts.
    BftNode(BftNode&&) = default;
    BftNode& operator=(BftNode&&) = delete;
    ~BftNode() override = default;

    void start(Context& context);
    void receive(Context& context, NodeId from, const Message& message);
    void wake(Context& context, const Timer& timer);
    void restart(Context& context, bool keeps_memory);

    /// Of the newest block that it holds for decided.
    [[nodiscard]] std::uint64_t decided_height() const noexcept
    {
        return disk_.head->header.height;
    }
    [[nodiscard]] const BftBlockPointer& head() const noexcept { return disk_.head; }

private:
    /// A value that was proposed at the current height.
    struct Value
    {
        BftProposedBlock proposed;
        BlockValidity validity = BlockValidity::unknown;
    };
    /// What the last vote or proposal was that it signed: never sign at a lower place again.
    struct Signed
    {
        std::uint64_t height = 0;
        std::uint64_t round = 0;
        BftStep step = BftStep::new_height;
    };
    struct OwnVote
    {
        VoteKind kind{};
        std::uint64_t round = 0;
        NetworkBlockId block = 0;
    };
    struct Polka
    {
        BftProposedBlock value;
        std::uint64_t round = 0;
        BftVoters voters;
    };
    /// What it writes down before it says anything.
    struct Disk
    {
        BftBlockPointer head;
        BftStatePointer state;
        std::shared_ptr<const BftCertificate> commit;  // Of the head.
        Signed last;
        /// That it signed at the height of `last`. Of all its rounds: who is still in an earlier
        /// one may lack just its vote to leave it, and nobody else may have heard it.
        std::vector<OwnVote> votes;
        BftLock lock;
        /// What the lock names, with the prevotes that it rests on: without these nobody could be
        /// brought to vote for it after everybody has been down.
        std::vector<Polka> polkas;
    };

    // TendermintHost
    void propose(std::uint64_t round, const BftLock& lock) override;
    BlockValidity validity_of(NetworkBlockId block) override;
    void vote(VoteKind kind, std::uint64_t round, NetworkBlockId block) override;
    void start_timeout(BftStep step, std::uint64_t round) override;
    void double_vote(NodeId voter, VoteKind kind, std::uint64_t round, NetworkBlockId first,
        NetworkBlockId second) override;
    void double_proposal(
        NodeId proposer, std::uint64_t round, NetworkBlockId first, NetworkBlockId second) override;
    void entered(std::uint64_t round) override;

    using PayloadPointer = std::shared_ptr<const BftPayload>;
    void hear(NodeId from, const BftProposal& proposal, const PayloadPointer& payload);
    void hear(NodeId from, const BftVotes& votes, const PayloadPointer& payload);
    void hear(NodeId from, const BftEvidenceNote& note, const PayloadPointer& payload);
    void hear(NodeId from, const BftBlockRequest& request, const PayloadPointer& payload);
    void hear(NodeId from, const BftDecidedBlocks& decided, const PayloadPointer& payload);

    void begin_height();
    void look();  // At the rules, and does what follows from them.
    void decide();
    void adopt(BftDecidedBlocks::Decided decided, Decided details);
    [[nodiscard]] Decided details_of_height(const Tendermint::Decision& decision);

    [[nodiscard]] bool is_voter() const noexcept;
    [[nodiscard]] bool may_sign(std::uint64_t round, BftStep step) const noexcept;
    void note_signed(std::uint64_t round, BftStep step);
    [[nodiscard]] BftProposedBlock make_block(std::uint64_t round);
    [[nodiscard]] BlockFlaw draw_flaw(std::uint64_t round) const;
    void send_proposal(
        std::uint64_t round, std::int64_t valid_round, const BftProposedBlock& value);
    [[nodiscard]] Value* value_of(NetworkBlockId block) noexcept;
    void learn_value(const BftProposedBlock& proposed);
    [[nodiscard]] bool executes(const NetworkBlock& block) const;
    void finish_validation(Value& value);

    // Of who equivocates.
    [[nodiscard]] bool attacks(std::uint64_t round);
    void propose_twice(std::uint64_t round);
    void vote_twice(std::uint64_t round);
    void tell_halves(std::uint64_t round, NetworkBlockId first, NetworkBlockId second,
        std::initializer_list<VoteKind> kinds);

    void add_own_vote(VoteKind kind, std::uint64_t round, NetworkBlockId block);
    void schedule_flush(VirtualTime wait);
    void flush();
    void send_status();
    void answer_status(NodeId peer, const BftVotes& status);
    void send_blocks(NodeId peer, std::uint64_t from);
    void ask_for_blocks(NodeId peer);
    void file_evidence(const NetworkEvidence& evidence, std::optional<NodeId> from);
    void drop_old_evidence();

    [[nodiscard]] const BftOptions& options() const noexcept { return genesis_->options; }
    [[nodiscard]] std::uint64_t height() const noexcept { return disk_.head->header.height + 1; }
    [[nodiscard]] NetworkEvidence new_evidence(EvidenceKind kind, NodeId offender,
        std::uint64_t round, NetworkBlockId first, NetworkBlockId second) const;
    void hear_of_previous(const BftProposal& proposal);
    void hear_of_previous(const BftVotes& votes);

    std::shared_ptr<const BftGenesis> genesis_;
    NodeId self_;
    BftStrategy strategy_;
    Context* context_ = nullptr;  // While it handles something.

    Disk disk_;
    std::optional<Tendermint> machine_;   // Of the current height.
    std::optional<Tendermint> previous_;  // Of the one before: who voted twice there.
    bool hears_of_previous_ = false;
    std::vector<Value> values_;                   // Proposed at the current height.
    BftVoters last_commit_;                       // Of the head, with votes that came late.
    std::vector<NetworkEvidence> evidence_;       // Not in a block yet.
    std::vector<PayloadPointer> early_;           // Proposals of the next height.
    std::vector<std::uint64_t> attacked_rounds_;  // Of the height.
    std::uint32_t blocks_made_ = 0;  // Of the world, not of its memory: names are not used twice.

    bool abstains_ = false;  // Lost its memory, and knows not yet what it may sign.
    VirtualTime came_back_ = 0;
    bool must_flush_ = false;  // Has votes of its own to send.
    VirtualTime flushed_at_ = 0;
    VirtualTime flush_due_ = never_in_virtual_time;
    VirtualTime asked_until_ = 0;
    std::size_t peer_cursor_ = 0;
};

}  // namespace runnel
