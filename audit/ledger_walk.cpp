#include "audit/ledger_walk.hpp"

#include "actors/checkpoint.hpp"
#include "scenarios/run.hpp"
#include "storage/checkpoints.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace runnel::audit
{

LedgerWalk::LedgerWalk(storage::LedgerReader reader)
  : reader_{std::move(reader)}, path_{reader_.database().path()}, replay_{make_replay()}
{}

void LedgerWalk::go_to(std::uint64_t number, bool execute, FinishedBlock* executed)
{
    if (!load_checkpoint(execute && number > 0 ? number - 1 : number, execute && number == 0))
    {
        auto block = replay_.first(storage::manifest_hash(reader_.manifest()));
        if (!block)
            fail(0, block.error().message);
        compare(block->header.number, block->hash);
        if (executed != nullptr)
            *executed = std::move(*block);
    }
    while (replay_.head().number < number)
    {
        const auto next = replay_.head().number + 1;
        auto stored = reader_.block(next);
        seal_all(stored.transactions);  // Stored hashes are not believed.
        if (const auto wrong = replay_.check(stored); !wrong.empty())
            fail(next, wrong);
        auto block = replay_.next(std::move(stored));
        compare(next, block.hash);
        if (executed != nullptr)
            *executed = std::move(block);
    }
}

ChainReexecutor LedgerWalk::make_replay()
{
    auto replay = ChainReexecutor::of(reader_.manifest());
    if (!replay)
        throw storage::StorageError{storage::StorageErrorKind::corrupt,
            fmt::format("{}: {}", path_, replay.error().message)};
    return std::move(*replay);
}

void LedgerWalk::fail(std::uint64_t block, const std::string& what) const
{
    throw storage::StorageError{
        storage::StorageErrorKind::corrupt, fmt::format("{}: block {}: {}", path_, block, what)};
}

void LedgerWalk::compare(std::uint64_t block, const Hash& hash)
{
    if (reader_.header(block).hash != hash)
        fail(block, "its hash does not follow from its transactions; see `runnel verify`");
}

/// Loads the newest checkpoint of the file up to block @p number, if there is one that this version
/// reads.
bool LedgerWalk::load_checkpoint(std::uint64_t number, bool never)
{
    if (never)
        return false;
    for (const auto& checkpoint : storage::list_checkpoints(reader_.database()))
    {
        if (checkpoint.block_number > number ||
            checkpoint.version != scenarios::checkpoint_version())
            continue;
        const auto head = reader_.header(checkpoint.block_number);
        if (head.header.checkpoint_root == Hash{})
            continue;  // Made where a run was interrupted: nothing to check it against.
        if (!storage::find_damage(reader_.database(), checkpoint.block_number).empty())
            continue;
        const auto parts = storage::read_checkpoint(reader_.database(), checkpoint.block_number);
        if (!replay_.load(*parts, head))
            fail(checkpoint.block_number,
                "its checkpoint is not the state that its header commits to");
        auto head_block = reader_.block(checkpoint.block_number);
        seal_all(head_block.transactions);
        replay_.note_head(head_block.transactions);
        return true;
    }
    return false;
}

std::string compare_state(CheckpointSource& checkpoint, const Hash& head, const World& world)
{
    const auto stored_head = actors::read_head(checkpoint);
    if (!stored_head || stored_head->hash != head)
        return "its head is not the block's";
    StateParts expected{world};
    auto part = checkpoint.next();
    for (std::size_t number = 1;; ++number)
    {
        const bool is_state = part && part->name == state_part_name;
        const auto right = expected.next();
        if (!is_state && !right)
            return {};
        if (!is_state || !right ||
            !std::equal(part->content.begin(), part->content.end(), right->content.begin(),
                right->content.end()))
            return fmt::format("part {} is not the state that the transactions give", number);
        part = checkpoint.next();
    }
}

std::string check_interruption(storage::Database& database, std::uint64_t block_number)
{
    LedgerWalk walk{storage::LedgerReader{database}};
    walk.go_to(block_number, false);
    return compare_state(
        *storage::read_checkpoint(database, block_number), walk.replay().head_hash(), walk.world());
}

}  // namespace runnel::audit
