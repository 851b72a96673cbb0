#pragma once

#include "consensus/gasper/check.hpp"
#include "consensus/gasper/node.hpp"

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <unordered_map>
#include <vector>

namespace runnel
{

/// A network of Ethereum's proof of stake.
///
/// The reference node is the honest node with the lowest number that is never down, in the largest
/// group of the first partition; it re-executes every block.
class GasperEngine final : public ConsensusEngine
{
public:
    /// @p runner must outlive it. The result does not depend on @p shards.
    GasperEngine(GasperOptions options, NetworkModel model, std::uint64_t seed, ShardRunner& runner,
        std::uint32_t shards = 1);

    [[nodiscard]] std::optional<ConsensusStep> next(VirtualTime limit) override;
    [[nodiscard]] ConsensusFigures figures() const override;
    [[nodiscard]] std::uint32_t makers() const noexcept override
    {
        return world_->options.makers();
    }
    [[nodiscard]] std::vector<NamedFigure> details() const override;

    [[nodiscard]] NodeId reference_node() const noexcept { return world_->reference; }
    [[nodiscard]] const GasperNode& node(NodeId id) const { return network_->node(id); }
    [[nodiscard]] const GasperOptions& options() const noexcept { return world_->options; }
    [[nodiscard]] GasperStrategy strategy_of(NodeId node, VirtualTime now) const
    {
        return world_->strategy_of(node, now);
    }
    /// What the reference node holds for justified and final, as of the last step.
    [[nodiscard]] const Checkpoint& justified() const noexcept { return justified_; }
    [[nodiscard]] const Checkpoint& finalized() const noexcept { return finalized_; }
    /// Its state, as of the last step that next() has prepared.
    [[nodiscard]] const StatePtr& state() const noexcept { return state_; }
    /// The reference node's chain, by height from block 0 on, as of the same step.
    [[nodiscard]] std::span<const BlockPtr> chain() const noexcept { return chain_; }
    /// By epoch, who could vote for its target on the reference node's chain, and with how much.
    [[nodiscard]] const std::map<Epoch, EpochStake>& stakes() const noexcept { return stakes_; }

private:
    void take(const Network<GasperNode>::Record& record);
    void follow(VirtualTime at, const GasperRecord& record);
    void add_block(ConsensusStep& step, const BlockPtr& block);
    [[nodiscard]] std::uint64_t height_of(NetworkBlockId id) const;
    void report_stale(ConsensusStep& step);

    std::unique_ptr<const GasperWorld> world_;
    std::unique_ptr<Network<GasperNode>> network_;
    ShardRunner& runner_;
    std::deque<ConsensusStep> steps_;
    std::vector<BlockPtr> chain_;  // Of the reference node, by height.
    std::vector<BlockPtr> heard_;  // Neither on its chain yet nor reported.
    std::vector<RefusedBlock> refused_;
    std::vector<NetworkEvidence> evidence_;
    std::unordered_map<NetworkBlockId, std::uint64_t> heights_;  // Looked up, never walked.
    std::unordered_map<NetworkBlockId, EpochStake> stake_of_;    // Of the first blocks of epochs.
    std::map<Epoch, EpochStake> stakes_;
    std::set<std::pair<NodeId, EvidenceKind>> proven_;
    Checkpoint justified_;
    Checkpoint finalized_;
    StatePtr state_;
    std::uint64_t finalized_height_ = 0;
    std::uint64_t blocks_made_ = 0;
    VirtualTime now_ = 0;
};

/// Attestations as they are put on record. @p height: of the block that they name.
[[nodiscard]] NetworkVotes record_of(
    const Aggregate& votes, std::uint64_t height, std::uint32_t validators);

/// @p runner must outlive it.
[[nodiscard]] std::unique_ptr<ConsensusEngine> make_gasper_engine(GasperOptions options,
    NetworkModel model, std::uint64_t seed, ShardRunner& runner, std::uint32_t shards = 1);

}  // namespace runnel
