#include "audit/verification.hpp"

#include "actors/checkpoint.hpp"
#include "audit/reexecution.hpp"
#include "scenarios/run.hpp"
#include "storage/checkpoints.hpp"
#include "storage/comparison.hpp"
#include "storage/ledger_reader.hpp"
#include "storage/ledger_writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace runnel::audit
{
namespace
{

constexpr std::uint64_t piece_blocks = 512;
constexpr std::uint64_t piece_transactions = 50'000;

std::optional<std::string> describe(const std::optional<storage::LedgerDifference>& difference)
{
    if (!difference)
        return std::nullopt;
    return difference->to_string("the file", "execution");
}

/// What is wrong with a stored checkpoint of the block that @p head and @p world belong to: empty
/// if nothing is. State is compared record by record; the states of wallets cannot be executed
/// again without agents, so its hashes must do.
std::string check_checkpoint(storage::Database& database,
    const storage::StoredCheckpoint& checkpoint, const Hash& head, const World& world)
{
    if (auto damage = storage::find_damage(database, checkpoint.block_number); !damage.empty())
        return damage;
    if (checkpoint.version != scenarios::checkpoint_version())
        return {};  // Of another layout: nobody here can read it.
    const auto stored = storage::read_checkpoint(database, checkpoint.block_number);
    const auto stored_head = actors::read_head(*stored);
    if (!stored_head || stored_head->hash != head)
        return "its head is not the block's";
    StateParts expected{world};
    auto part = stored->next();
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
        part = stored->next();
    }
}

}  // namespace

Verification verify_ledger(const std::string& path,
    const std::function<void(std::uint64_t done, std::uint64_t total)>& progress)
{
    Verification result;
    auto reader = storage::LedgerReader::open(path);
    const auto manifest = reader.manifest();
    auto replay = ChainReexecutor::of(manifest);
    if (!replay)
    {
        result.failure = replay.error().message;
        return result;
    }
    result.blocks_planned = replay->scenario().blocks;
    auto shadow =
        storage::LedgerWriter::in_memory(manifest, storage::LedgerDescription::of(replay->world()));
    if (reader.has_indexes())
        shadow.build_indexes();
    for (const auto& difference :
        {describe(storage::compare_definitions(reader.database(), shadow.database())),
            describe(storage::compare_fixed_tables(reader.database(), shadow.database()))})
    {
        if (difference)
        {
            result.failure = *difference;
            return result;
        }
    }

    // Nobody searches the shadow: it only grows and is compared.
    shadow.drop_indexes();
    if (const auto damage = reader.database().check_integrity(); !damage.empty())
    {
        result.failure = damage;
        return result;
    }

    const auto last = reader.last_block();
    if (!last)
        return result;
    auto first = replay->first(storage::manifest_hash(manifest));
    if (!first)
    {
        result.failure = fmt::format("block 0: {}", first.error().message);
        return result;
    }
    shadow.append(std::make_shared<const FinishedBlock>(std::move(*first)));
    auto checkpoints = storage::list_checkpoints(reader.database());  // The oldest is last.
    std::optional<std::uint64_t> piece_first;
    std::uint64_t in_piece = 0;
    for (std::uint64_t number = 0; number <= *last; ++number)
    {
        if (number > 0)
        {
            auto stored = reader.block(number);
            in_piece += stored.transactions.size();
            result.transactions += stored.transactions.size();
            const auto wrong = replay->check(stored);
            if (!wrong.empty())
            {
                // An earlier row of this piece may be what is really wrong: name the first.
                shadow.flush();
                result.failure = describe(storage::compare_blocks(reader.database(),
                                              shadow.database(), {piece_first, number}))
                                     .value_or(fmt::format("block {}: {}", number, wrong));
                return result;
            }
            shadow.append(std::make_shared<const FinishedBlock>(replay->next(std::move(stored))));
            result.blocks = number;
        }
        if (!checkpoints.empty() && checkpoints.back().block_number == number)
        {
            const auto wrong = check_checkpoint(
                reader.database(), checkpoints.back(), replay->head_hash(), replay->world());
            if (!wrong.empty())
            {
                result.failure = fmt::format("t_checkpoints, block {}: {}", number, wrong);
                return result;
            }
            checkpoints.pop_back();
        }
        const bool is_last = number == *last;
        if (!is_last && (number + 1) % piece_blocks != 0 && in_piece < piece_transactions)
            continue;
        shadow.flush();
        const auto end = is_last ? std::nullopt : std::optional{number + 1};
        if (const auto difference = describe(
                storage::compare_blocks(reader.database(), shadow.database(), {piece_first, end})))
        {
            result.failure = *difference;
            return result;
        }
        shadow.discard_blocks();
        piece_first = number + 1;
        in_piece = 0;
        if (progress)
            progress(number, *last);
    }
    if (!checkpoints.empty())
    {
        result.failure = fmt::format("t_checkpoints, block {}: the chain has no such block",
            checkpoints.back().block_number);
    }
    const auto findings = replay->world().check_invariants();
    if (!findings.empty())
        result.failure = fmt::format("block {}: {}", *last, findings.front());
    result.head_hash = replay->head_hash().to_string();
    return result;
}

}  // namespace runnel::audit
