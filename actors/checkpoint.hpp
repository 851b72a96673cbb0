#pragma once

#include "actors/cohort.hpp"
#include "consensus/mempool.hpp"
#include "state/checkpoint.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// A simulation's checkpoint: all that the chain behind a block depends on and that neither the
/// scenario nor the block itself says. The format is documented in docs/checkpoints.md.
///
/// Nothing in it depends on cohorts or workers: wallets are named by their group and their number
/// in it.
namespace runnel::actors
{

/// Raised by every change of what the parts hold, and of what strategies save in them.
inline constexpr unsigned checkpoint_layout = 8;

/// The first part: where the chain is.
struct CheckpointHead
{
    BlockHeader header;
    Hash hash;
    std::uint64_t transactions = 0;
    std::uint64_t reverted = 0;
    RUNNEL_FIELDS(
        header, hash, (transactions, other("since block 1")), (reverted, other("since block 1")));
};

/// Writes a checkpoint while everybody waits: its parts are read from the world, the mempool and
/// the cohorts as they are asked for.
class CheckpointWriter final : public CheckpointSource
{
public:
    CheckpointWriter(CheckpointHead head, std::shared_ptr<const World> world,
        std::shared_ptr<const Mempool> mempool, std::vector<GroupCohorts> groups);
    [[nodiscard]] std::optional<CheckpointPart> next() override;

private:
    [[nodiscard]] bool next_transactions();
    [[nodiscard]] bool next_shared();
    [[nodiscard]] bool next_wallets();

    enum class Stage : std::uint8_t
    {
        head,
        state,
        mempool,
        shared,
        wallets,
        done,
    };
    Stage stage_ = Stage::head;
    CheckpointHead head_;
    std::shared_ptr<const World> world_;
    std::shared_ptr<const Mempool> mempool_;
    std::vector<GroupCohorts> groups_;
    StateParts state_;
    std::vector<const Transaction*> waiting_;
    std::size_t transaction_ = 0;
    std::size_t group_ = 0;
    std::size_t record_ = 0;
    std::size_t cohort_ = 0;
    std::size_t position_ = 0;
    std::uint32_t number_ = 0;
    Bytes content_;
};

/// Reads the head of a checkpoint from its first part; empty if it is none.
[[nodiscard]] std::optional<CheckpointHead> read_head(CheckpointSource& parts);

/// Loads a checkpoint into a world at genesis, a new mempool and new cohorts. Returns the head, or
/// nothing if the parts are not a checkpoint of this scenario: world and cohorts are unusable then.
/// Input is hostile.
[[nodiscard]] std::optional<CheckpointHead> load_checkpoint(CheckpointSource& parts, World& world,
    Mempool& mempool, const std::vector<GroupCohorts>& groups);

}  // namespace runnel::actors
