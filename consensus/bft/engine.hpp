#pragma once

#include "consensus/bft/node.hpp"
#include "consensus/bft/options.hpp"
#include "consensus/engine.hpp"
#include "consensus/network/network.hpp"

#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <vector>

namespace runnel
{

/// Two nodes that hold different blocks for decided at one height: safety is broken.
struct BftConflict
{
    VirtualTime at = 0;  // When the second one decided.
    std::uint64_t height = 0;
    NodeId nodes[2]{};
    BftCertificate commits[2];
};

/// Tendermint in a network, seen by its reference node: the first honest node that is never down
/// and is on the side with most nodes of every partition; the first honest one if there is none.
///
/// Each step adds one block, which is final. Its votes are the precommits that decided it, then
/// those of its parent that it carries, which rewards go by, then those of rounds without a
/// decision, if the options ask for them. Its evidence is what the block carries. The stake of the
/// beginning comes with the first step as deposits. Blocks that others hold for decided where the
/// reference node holds another one come with the step after, among those refused, with the
/// precommits that they were decided by; if nothing is decided any more, in a step without a block,
/// with the evidence that no block carries.
class BftEngine final : public ConsensusEngine
{
public:
    BftEngine(const BftOptions& options, NetworkModel model, std::uint64_t seed,
        ShardRunner& runner, std::uint32_t shards);

    [[nodiscard]] std::optional<ConsensusStep> next(VirtualTime limit) override;
    [[nodiscard]] ConsensusFigures figures() const override;
    [[nodiscard]] std::uint32_t makers() const noexcept override { return options().validators; }
    [[nodiscard]] std::vector<NamedFigure> details() const override;

    [[nodiscard]] const BftOptions& options() const noexcept { return genesis_->options; }
    [[nodiscard]] const BftGenesis& genesis() const noexcept { return *genesis_; }
    [[nodiscard]] NodeId reference() const noexcept { return genesis_->reference; }
    [[nodiscard]] const std::vector<BftConflict>& conflicts() const noexcept { return conflicts_; }
    /// That any node found, whether or not a block carries it.
    [[nodiscard]] const std::vector<NetworkEvidence>& evidence_found() const noexcept
    {
        return evidence_found_;
    }
    /// Of the newest block that a node holds for decided.
    [[nodiscard]] std::uint64_t decided_height(NodeId node) const
    {
        return network_.node(node).decided_height();
    }
    [[nodiscard]] const NetworkTopology& topology() const noexcept { return network_.topology(); }

private:
    void take(const Network<BftNode>::Record& record);
    void take_decided(VirtualTime at, NodeId node, const BftNode::Decided& decided);
    [[nodiscard]] std::optional<ConsensusStep> leftover();
    void expect_end(VirtualTime now);

    std::shared_ptr<const BftGenesis> genesis_;
    ShardRunner& runner_;
    Network<BftNode> network_;
    VirtualTime now_ = 0;
    std::uint64_t decided_ = 0;  // Height of the reference node's chain, as steps tell it.
    std::uint64_t blocks_made_ = 0;
    std::uint64_t rounds_lost_ = 0;       // Before those that decided, over all heights.
    std::uint64_t rounds_lost_most_ = 0;  // At one height.
    std::uint64_t voters_ = 0;            // At the newest height.

    struct Decision
    {
        NodeId node = 0;  // The first one.
        NetworkBlock block;
        std::shared_ptr<const BftCertificate> commit;
    };
    struct Height
    {
        std::vector<Decision> decisions;  // Different ones: one, if all is well.
        std::optional<NetworkBlockId> reference;
    };
    void report_fork(const Height& height, const Decision& decision);

    std::vector<Height> heights_;  // From 1 on.
    std::vector<BftConflict> conflicts_;
    std::vector<NetworkEvidence> evidence_found_;
    std::vector<RefusedBlock> refused_;  // For the next step.
    std::vector<NetworkVotes> votes_;
    std::vector<NetworkEvidence> unreported_;  // That the reference node found; no block has it.
    std::deque<ConsensusStep> steps_;
    /// Heights at which others decided what the reference node refuses.
    std::set<std::uint64_t> refused_decisions_;
    VirtualTime end_ = std::numeric_limits<VirtualTime>::max();  // Nothing comes after it.
};

[[nodiscard]] std::unique_ptr<BftEngine> make_bft_engine(const BftOptions& options,
    NetworkModel model, std::uint64_t seed, ShardRunner& runner, std::uint32_t shards = 1);

}  // namespace runnel
