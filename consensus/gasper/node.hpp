#pragma once

#include "consensus/gasper/store.hpp"
#include "consensus/network/network.hpp"

#include <array>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <vector>

namespace runnel
{

/// What all nodes know from the start and nobody changes.
struct GasperWorld
{
    GasperOptions options;
    std::uint64_t seed = 0;
    std::vector<const GasperGroup*> group_of;  // By node; nullptr: honest. Points into options.
    std::vector<NetworkPartition> partitions;
    NodeId reference = 0;  // Whose chain the ledger executes.
    BlockPtr genesis;
    StatePtr genesis_state;

    [[nodiscard]] GasperStrategy strategy_of(NodeId node, VirtualTime now) const;
    [[nodiscard]] NodeId node_of(ValidatorId validator) const noexcept
    {
        return runnel::node_of(validator, options);
    }
    /// Which half of the network an equivocator deceives there: a partition's group, else odd and
    /// even.
    [[nodiscard]] std::uint8_t side_of(NodeId node, VirtualTime now) const;
    [[nodiscard]] bool is_partitioned(VirtualTime now) const;
};

enum class GasperMessageKind : std::uint8_t
{
    blocks,        // New ones, passed on.
    votes,         // Aggregates, passed on.
    attestation,   // To an aggregator.
    request,       // For a block and those before it,
    range,         // and the answer.
    fraud_proof,   // That a block is invalid.
    secret_block,  // To accomplices only.
    secret_votes,
};

struct SharedBlock
{
    BlockPtr block;
    StatePtr state;  // After it; nullptr: to be found by execution.
};

/// What a message holds; shared by all copies of it.
struct GasperPacket
{
    std::vector<SharedBlock> blocks;
    std::vector<AggregatePtr> votes;
    NetworkBlockId about = 0;          // The block asked for, or proven invalid.
    std::vector<NetworkBlockId> have;  // Ascending: what the asker has of its chain.
};

struct GasperMessage
{
    GasperMessageKind kind{};
    std::uint8_t side = 0;  // Of an equivocator: which of its two faces speaks.
    std::shared_ptr<const GasperPacket> packet;
};

struct GasperTimer
{
    enum class Kind : std::uint8_t
    {
        slot,
        attest,
        aggregate,
        gossip,
        release,
    };
    Kind kind{};
    std::uint8_t side = 0;
    Slot slot = 0;
};

/// What a node puts on record: all nodes what they make; the reference node what becomes of its
/// chain.
struct GasperRecord
{
    enum class Kind : std::uint8_t
    {
        made,
        heard,    // A block that was accepted.
        invalid,  // And one that was not.
        head,     // Where its chain ends now, or what is final.
    };
    Kind kind{};
    BlockPtr block;
    StatePtr state;  // After the block.
    Checkpoint justified;
    Checkpoint finalized;
};

struct GasperPort;

/// A validator's client with its view of the network: what it knows and does by it. An equivocator
/// has two, one for each half of the network (twins: Bano et al., "Twins: BFT Systems Made
/// Robust", 2021).
class GasperView
{
public:
    using Port = GasperPort;

    GasperView(const GasperWorld& world, NodeId self, std::uint8_t side);

    /// @p has_just_come: it has no duties in this slot, its first after an outage.
    void on_slot(Port port, Slot slot, bool has_just_come);
    void attest(Port port, Slot slot);
    void aggregate(Port port, Slot slot);
    void flush_gossip(Port port);
    void release_secret(Port port);
    void receive(Port port, NodeId from, const GasperMessage& message);

    [[nodiscard]] const GasperStore& store() const noexcept { return store_; }
    [[nodiscard]] const std::vector<SlashingProof>& proofs() const noexcept { return proofs_; }

private:
    struct PoolEntry
    {
        AggregatePtr votes;
        std::uint64_t known_by = 0;  // Bit i: its peer i has all of it.
        bool is_news = false;        // To be passed on.
    };
    struct PoolSlot
    {
        Slot slot = 0;
        std::vector<PoolEntry> entries;
    };
    /// Who voted for a target of this epoch from a source of that one.
    struct Voters
    {
        Epoch source = 0;
        VoterBits bits;  // By validator.
    };
    struct VotersOfEpoch
    {
        Epoch target = 0;
        std::vector<Voters> by_source;
    };

    // Duties.
    [[nodiscard]] std::shared_ptr<const Duties> duties_at(
        const GasperStore::Entry& head, Epoch epoch);
    void propose(Port port, Slot slot);
    [[nodiscard]] SharedBlock make_block(Port port, Slot slot, const GasperStore::Entry& head);
    [[nodiscard]] std::vector<AggregatePtr> votes_for_block(Slot slot) const;
    [[nodiscard]] AttestationData vote_on(Slot slot, const GasperStore::Entry& head);
    [[nodiscard]] AttestationData bend(Port port, AttestationData data);
    [[nodiscard]] const GasperStore::Entry& head_to_vote(Port port, Slot slot);
    void prepare_duties(Port port, Slot slot);

    // Blocks.
    void take_block(Port port, NodeId from, const SharedBlock& shared, bool is_new);
    void accept(Port port, const SharedBlock& shared, std::optional<NodeId> gossip_except);
    [[nodiscard]] bool is_refused(Port port, const BeaconBlock& block);
    void refuse(Port port, const BlockPtr& block);
    void hear_fraud_proof(Port port, NodeId from, NetworkBlockId id);
    /// @p newest: one that it has beside its chain.
    void request(Port port, NodeId from, NetworkBlockId id, std::optional<NetworkBlockId> newest);
    /// What conflicts with the final block, and all that waits for it.
    void shut_out(NetworkBlockId id);
    void answer(Port port, NodeId from, const GasperPacket& asked);
    void find_double_proposal(Port port, const BeaconBlock& block);
    void look_at_head(Port port);

    // Votes.
    enum class Heard : std::uint8_t
    {
        privately,  // Goes no further before it is aggregated.
        by_gossip,
        in_block,
    };
    void take_votes(Port port, const AggregatePtr& votes, Heard how, std::optional<NodeId> from);
    void find_double_votes(Port port, const Aggregate& votes, std::span<const std::uint64_t> fresh);
    void find_double_votes_in_blocks(Port port, const Aggregate& votes);
    [[nodiscard]] VotersOfEpoch& voters_of(Epoch target);
    void accuse(Port port, EvidenceKind kind, ValidatorId validator, Slot slot,
        NetworkBlockId first, NetworkBlockId second);
    void apply_votes();
    [[nodiscard]] PoolSlot& pool_slot(Slot slot);

    void gossip(Port port, GasperMessageKind kind, std::shared_ptr<const GasperPacket> packet,
        std::uint32_t bytes, std::optional<NodeId> except);
    void send(Port port, NodeId to, GasperMessageKind kind,
        std::shared_ptr<const GasperPacket> packet, std::uint32_t bytes);
    [[nodiscard]] VirtualTime slot_start(Slot slot) const;
    [[nodiscard]] VirtualTime part_of_slot(std::uint32_t thirds) const;
    [[nodiscard]] bool is_mine(ValidatorId validator) const;

    const GasperWorld* world_;
    NodeId self_;
    std::uint8_t side_;
    GasperStore store_;
    std::vector<PoolSlot> pool_;           // Of two epochs, a ring.
    std::vector<AggregatePtr> unapplied_;  // Of this slot, or for blocks not yet known.
    std::vector<VotersOfEpoch> voters_;    // A ring.
    std::map<Epoch, std::vector<AggregatePtr>> votes_in_blocks_;  // By target, since the final one.
    std::vector<SlashingProof> proofs_;
    std::vector<bool> accused_;
    std::map<NetworkBlockId, std::vector<std::pair<NodeId, SharedBlock>>> orphans_;  // By parent.
    std::map<NetworkBlockId, Slot> asked_;                                           // When last.
    std::vector<std::pair<NodeId, SharedBlock>> early_;
    std::set<NetworkBlockId> invalid_;
    std::set<NetworkBlockId> foreign_;      // Conflict with what is final.
    std::shared_ptr<const Duties> duties_;  // Of this epoch.
    StatePtr advanced_;                     // The last state that duties needed beyond a block's.
    NetworkBlockId advanced_from_ = 0;
    bool is_flush_set_ = false;
    // Of who withholds a block.
    SharedBlock secret_;
    // Of the reference node: what it put on record last.
    NetworkBlockId recorded_head_ = 0;
    Checkpoint recorded_finalized_;
    // Of surround voting: the last vote that kept to the rules.
    std::optional<AttestationData> last_vote_;
};

/// A participant: none, one or several validators.
class GasperNode
{
public:
    using Message = GasperMessage;
    using Timer = GasperTimer;
    using Record = GasperRecord;
    using Context = Network<GasperNode>::Context;

    /// @p world must outlive it.
    GasperNode(const GasperWorld& world, NodeId self);

    void start(Context& context);
    void receive(Context& context, NodeId from, const Message& message);
    void wake(Context& context, const Timer& timer);
    void restart(Context& context, bool keeps_memory);

    [[nodiscard]] const GasperView& view(std::size_t side = 0) const { return views_[side]; }

    // For its views.
    [[nodiscard]] NetworkBlockId next_block_id();
    /// Whether a validator of its own may sign what no vote of his before forbids; if so it is
    /// written down. What was signed is in a file of its own, which no outage takes.
    ///
    /// Source: EIP-3076, Slashing Protection Interchange Format, conditions 3 and 4.
    [[nodiscard]] bool may_sign(ValidatorId validator, const AttestationData& data);
    /// What the faces of an equivocator said last.
    std::array<std::optional<AttestationData>, 2> last_votes;

private:
    /// Epochs of the newest source and target that a validator has voted for.
    struct Signed
    {
        Epoch source = 0;
        Epoch target = 0;
    };
    std::map<ValidatorId, Signed> signed_;

    [[nodiscard]] bool has_two_faces(VirtualTime now) const;
    /// Which that is.
    Slot wait_for_next_slot(Context& context);

    const GasperWorld* world_;
    NodeId self_;
    std::uint32_t blocks_made_ = 0;
    Slot first_slot_ = std::numeric_limits<Slot>::max();  // After an outage.
    std::vector<GasperView> views_;
};

/// What a view needs of the node it is in, during one call.
struct GasperPort
{
    GasperNode::Context& context;
    GasperNode& node;
};

}  // namespace runnel
