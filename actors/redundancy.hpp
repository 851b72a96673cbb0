#pragma once

#include "actors/simulation.hpp"
#include "execution/executor.hpp"
#include "state/world.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace runnel::actors
{

/// All that a block follows from, beside the state before it.
struct BlockOrder
{
    BlockContext context;
    BlockHeader parent;
    Hash parent_hash;
    std::uint64_t finalized_block = 0;
    std::uint64_t checkpoint_interval = 0;
    Snapshots snapshots = Snapshots::changed;
    std::vector<Transaction> transactions;
    std::vector<Reward> rewards;
};

/// A world of its own that executes the chain's blocks serially. One owner at a time.
class Replica
{
public:
    explicit Replica(std::unique_ptr<World> world) noexcept : world_{std::move(world)} {}
    [[nodiscard]] FinishedBlock execute(BlockOrder order);
    [[nodiscard]] World& world() noexcept { return *world_; }

private:
    std::unique_ptr<World> world_;
    BlockExecution execution_;
};

/// Two replicas of the state, the director's own (number 0) and another (number 1): every block is
/// executed by both and believed when they agree. When they do not, a third one, made from the last
/// checkpoint in memory and the blocks since, decides, and the wrong one is rebuilt from it.
///
/// Blocks that agree are no proof that the states do: a record that nobody reads shows in none. So
/// every interval of blocks the whole states' roots are compared too.
///
/// Costs, beside the second execution: a second state, one more as encoded records, and the blocks
/// of an interval; at each checkpoint two passes over the state.
class Redundancy
{
public:
    /// @p make_world gives the state of block 0.
    Redundancy(std::function<std::unique_ptr<World>()> make_world, std::uint64_t interval,
        std::vector<BitFlip> flips);
    /// Before the first block; @p head is what @p primary is the state of.
    void start(const World& primary, const BlockHeader& head);

    /// The block that comes next, as far as it is known when it is planned.
    void plan(const BlockContext& context, const std::vector<Transaction>& transactions,
        Snapshots snapshots);
    /// Completes it, and hands the replica out to execute it.
    [[nodiscard]] std::pair<std::shared_ptr<Replica>, std::shared_ptr<BlockOrder>> dispatch(
        const BlockHeader& parent, const Hash& parent_hash, std::uint64_t finalized_block,
        std::vector<Reward> rewards);
    /// Flips what was asked to be flipped in the director's state; between dispatch() and sending.
    void spoil_primary(World& primary) { spoil(0, primary); }

    /// The replica is back and both have executed. The block that holds; nullptr if nobody can say
    /// which (see error()). Afterwards both states are as it leaves them: nobody may be looking at
    /// @p primary.
    [[nodiscard]] std::shared_ptr<const FinishedBlock> settle(
        FinishedBlock mine, std::shared_ptr<Replica> replica, FinishedBlock theirs, World& primary);
    [[nodiscard]] const std::string& error() const noexcept { return error_; }
    /// What settle() repaired, for people; empty if nothing.
    [[nodiscard]] std::string take_warning() { return std::exchange(warning_, {}); }

private:
    using Parts = std::vector<std::pair<std::string, Bytes>>;

    [[nodiscard]] static Parts parts_of(const World& world);
    static void load(const Parts& parts, World& world);
    void spoil(std::uint32_t number, World& world);
    void keep_checkpoint(const World& world, std::uint64_t block_number);
    [[nodiscard]] BlockOrder order_of(const FinishedBlock& block) const;

    std::function<std::unique_ptr<World>()> make_world_;
    std::uint64_t interval_;
    std::vector<BitFlip> flips_;
    std::shared_ptr<Replica> replica_;  // nullptr while it executes.
    std::shared_ptr<BlockOrder> order_;
    Parts checkpoint_;
    std::uint64_t checkpoint_block_ = 0;
    std::vector<std::shared_ptr<const FinishedBlock>> since_;  // Blocks after the checkpoint.
    BlockHeader checkpoint_header_;
    Hash checkpoint_hash_;
    std::string error_;
    std::string warning_;
};

}  // namespace runnel::actors
