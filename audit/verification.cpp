#include "audit/verification.hpp"

#include "audit/ledger_walk.hpp"
#include "audit/reexecution.hpp"
#include "scenarios/run.hpp"
#include "storage/chain_comparison.hpp"
#include "storage/channel.hpp"
#include "storage/checkpoints.hpp"
#include "storage/comparison.hpp"
#include "storage/dropped_rows.hpp"
#include "storage/ledger_reader.hpp"
#include "storage/ledger_writer.hpp"
#include "storage/refused_rows.hpp"
#include "storage/reverted_rows.hpp"
#include "storage/truth_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <thread>

namespace runnel::audit
{
namespace
{

/// Transactions that wait between two threads, at most.
constexpr std::size_t waiting_max = 4'096;
constexpr std::uint64_t progress_blocks = 256;

std::optional<std::string> describe(const std::optional<storage::LedgerDifference>& difference)
{
    if (!difference)
        return std::nullopt;
    return difference->to_string("the file", "execution");
}

/// What is wrong with a stored checkpoint of the block that @p head and @p world belong to: empty
/// if nothing is. The states of wallets cannot be executed again without agents, so its hashes must
/// do.
std::string check_checkpoint(storage::Database& database,
    const storage::StoredCheckpoint& checkpoint, const Hash& head, const World& world)
{
    if (auto damage = storage::find_damage(database, checkpoint.block_number); !damage.empty())
        return damage;
    if (checkpoint.version != scenarios::checkpoint_version())
        return {};  // Of another layout: nobody here can read it.
    return compare_state(*storage::read_checkpoint(database, checkpoint.block_number), head, world);
}

/// A thread that does one thing. What it throws comes out of wait().
class Task
{
public:
    explicit Task(std::function<void()> body)
      : thread_{[this, body = std::move(body)]
            {
                try
                {
                    body();
                }
                catch (...)
                {
                    error_ = std::current_exception();
                }
            }}
    {}
    void wait()
    {
        if (thread_.joinable())
            thread_.join();
        if (error_)
            std::rethrow_exception(std::exchange(error_, nullptr));
    }
    ~Task()
    {
        if (thread_.joinable())
            thread_.join();
    }
    Task(const Task&) = delete;
    Task& operator=(const Task&) = delete;

private:
    std::exception_ptr error_;
    std::thread thread_;
};

storage::Database open_to_read(const std::string& path)
{
    return storage::Database::open(path, storage::Database::Access::read_only);
}

/// Reads blocks from 1 on and hashes their transactions, in a thread of its own.
class BlockSource
{
public:
    BlockSource(storage::LedgerReader reader, std::uint64_t last)
      : reader_{std::move(reader)}, last_{last}, task_{[this] { run(); }}
    {}
    ~BlockSource() { blocks_.cancel(); }

    /// Empty after the last one. Throws what reading threw.
    [[nodiscard]] std::optional<storage::StoredBlock> next()
    {
        auto block = blocks_.pop();
        if (!block)
            task_.wait();
        return block;
    }

private:
    void run()
    {
        try
        {
            for (std::uint64_t number = 1; number <= last_; ++number)
            {
                auto block = reader_.block(number);
                // The stored hashes are compared with the rows, not believed.
                seal_all(block.transactions);
                const auto weight = block.transactions.size();
                if (!blocks_.push(std::move(block), weight))
                    return;
            }
            blocks_.close();
        }
        catch (...)
        {
            blocks_.close();
            throw;
        }
    }

    storage::LedgerReader reader_;
    std::uint64_t last_;
    storage::Channel<storage::StoredBlock> blocks_{waiting_max};
    Task task_;
};

/// Compares blocks with the file's rows, in a thread of its own.
class RowCheck
{
public:
    RowCheck(const std::string& path, const storage::LedgerDescription& description)
      : comparison_{open_to_read(path), description}, task_{[this] { run(); }}
    {}
    ~RowCheck() { blocks_.close(); }

    /// False if a difference was found already.
    bool add(std::shared_ptr<const FinishedBlock> block)
    {
        const auto weight = block->transactions.size();
        return blocks_.push(std::move(block), weight);
    }
    /// After the last block: what differs, nullopt if nothing does. @p is_whole: no row of a later
    /// block may be there.
    [[nodiscard]] std::optional<storage::LedgerDifference> finish(bool is_whole)
    {
        blocks_.close();
        task_.wait();
        if (!difference_ && is_whole)
            difference_ = comparison_.finish();
        return difference_;
    }

private:
    void run()
    {
        try
        {
            while (const auto block = blocks_.pop())
            {
                difference_ = comparison_.next(**block);
                if (difference_)
                    break;
            }
            blocks_.cancel();
        }
        catch (...)
        {
            blocks_.cancel();
            throw;
        }
    }

    storage::ChainComparison comparison_;
    storage::Channel<std::shared_ptr<const FinishedBlock>> blocks_{waiting_max};
    std::optional<storage::LedgerDifference> difference_;
    Task task_;
};

/// SQLite's own check of the file, in a thread of its own.
class IntegrityCheck
{
public:
    explicit IntegrityCheck(const std::string& path)
      : database_{open_to_read(path)}, task_{[this] { damage_ = database_.check_integrity(); }}
    {}
    /// What is damaged; empty if nothing is.
    [[nodiscard]] const std::string& wait()
    {
        task_.wait();
        return damage_;
    }

private:
    storage::Database database_;
    std::string damage_;
    Task task_;
};

/// What is wrong with the rows that the chain does not hold; empty if nothing is.
std::string check_told(storage::Database& database, std::optional<std::uint64_t> last,
    const std::optional<storage::CompletionRow>& completion)
{
    using MaybeHash = std::optional<Hash>;
    auto wrong = storage::check_dropped_rows(
        database, last, completion ? MaybeHash{completion->dropped_digest} : MaybeHash{});
    if (wrong.empty())
    {
        wrong = storage::check_truth_rows(
            database, completion ? MaybeHash{completion->truth_digest} : MaybeHash{});
    }
    if (wrong.empty())
    {
        wrong = storage::check_reverted_rows(
            database, last, completion ? MaybeHash{completion->reverted_digest} : MaybeHash{});
    }
    if (wrong.empty())
        wrong = storage::check_refused_rows(database);
    return wrong;
}

/// Whether the file ends where it says that it does, by what its tables say; empty if it may.
/// Whoever takes blocks away from the end of a complete ledger leaves some trace, or else what a
/// killed run would have left.
std::string check_end(storage::LedgerReader& reader, const scenarios::Scenario& scenario,
    std::optional<std::uint64_t> last, const std::optional<Hash>& head, Verification& result)
{
    const auto completion = reader.completion();
    result.complete = completion.has_value();
    if (!last)
    {
        // A run that was killed before it had committed block 0 leaves this, but only this.
        const auto checkpoints = storage::list_checkpoints(reader.database());
        if (completion || reader.has_indexes() || !checkpoints.empty())
            return "there are no blocks: they were removed";
        if (auto wrong = check_told(reader.database(), last, completion); !wrong.empty())
            return wrong;
        return head ? "there are no blocks, so none with that hash" : "";
    }
    if (completion)
    {
        const auto& [number, hash, dropped, truth, reverted] = *completion;
        if (number != scenario.blocks)
        {
            return fmt::format("t_completion: the run ended with block {}, the scenario with {}",
                number, scenario.blocks);
        }
        if (*last != number)
        {
            return fmt::format(
                "the run was complete with block {}, but block {} is the last: blocks were {}",
                number, *last, *last < number ? "removed" : "added");
        }
        if (reader.header(*last).hash != hash)
            return fmt::format("t_completion: the last block, {}, has another hash", number);
    }
    else if (*last >= scenario.blocks && reader.has_indexes())
        return "t_completion: its row is missing, though the run was complete";
    else if (*last < scenario.blocks && std::any_of(scenario.agents.begin(), scenario.agents.end(),
                                            [](const auto& group) { return group.count > 0; }))
    {
        auto checkpoints = storage::list_checkpoints(reader.database());
        const bool all_cut = std::all_of(checkpoints.begin(), checkpoints.end(),
            [&](const auto& checkpoint)
            { return storage::holds_state_alone(reader.database(), checkpoint.block_number); });
        if (!checkpoints.empty() && all_cut)
        {
            return fmt::format(
                "t_checkpoints: what is kept is what a complete run keeps, but block {} is the "
                "last of {}: blocks were removed",
                *last, scenario.blocks);
        }
    }
    if (auto wrong = check_told(reader.database(), last, completion); !wrong.empty())
        return wrong;
    if (head && reader.header(*last).hash != *head)
    {
        return fmt::format("the head is block {} with the hash {}, not {}: this is another chain",
            *last, reader.header(*last).hash.to_string(), head->to_string());
    }
    return {};
}

/// Executes the whole chain; fills in what came of it. Returns what is wrong, empty if nothing is
/// so far.
std::string execute_chain(ChainReexecutor& replay, BlockSource& source, RowCheck& rows,
    storage::Database& database, std::uint64_t last, Verification& result,
    const std::function<void(std::uint64_t done, std::uint64_t total)>& progress)
{
    auto checkpoints = storage::list_checkpoints(database);  // The oldest is last.
    for (std::uint64_t number = 0;; ++number)
    {
        if (!checkpoints.empty() && checkpoints.back().block_number == number)
        {
            const auto wrong =
                check_checkpoint(database, checkpoints.back(), replay.head_hash(), replay.world());
            if (!wrong.empty())
                return fmt::format("t_checkpoints, block {}: {}", number, wrong);
            checkpoints.pop_back();
        }
        if (progress && (number % progress_blocks == 0 || number == last))
            progress(number, last);
        auto stored = source.next();
        if (!stored)
            break;
        result.transactions += stored->transactions.size();
        const auto wrong = replay.check(*stored);
        if (!wrong.empty())
            return fmt::format("block {}: {}", number + 1, wrong);
        const auto block = std::make_shared<const FinishedBlock>(replay.next(std::move(*stored)));
        if (auto failed = check_executed_bundles(block->transactions, block->receipts);
            !failed.empty())
            return fmt::format("block {}: {}", number + 1, failed);
        if (!rows.add(block))
            return {};
        result.blocks = number + 1;
    }
    if (!checkpoints.empty())
    {
        return fmt::format("t_checkpoints, block {}: the chain has no such block",
            checkpoints.back().block_number);
    }
    const auto findings = replay.world().check_invariants();
    return findings.empty() ? "" : fmt::format("block {}: {}", last, findings.front());
}

}  // namespace

namespace
{
Verification verify_file(const std::string& path, unsigned workers, const std::optional<Hash>& head,
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
    auto description = storage::LedgerDescription::of(replay->world());
    description.prices = reader.reference_prices();
    // A price file need not be here: what the manifest says of its prices stands for it.
    const auto price_hash = storage::hash_of_prices(description.prices);
    const auto& scenario = replay->scenario();
    if (manifest.find("reference_prices") != price_hash.to_string() ||
        (scenario.inputs.empty() && scenario.price_hash != price_hash))
    {
        result.failure = "t_reference_prices: the rows are not those of the manifest";
        return result;
    }
    {
        auto shadow = storage::LedgerWriter::in_memory(manifest, description);
        if (reader.has_indexes())
            shadow.build_indexes();
        for (const auto& difference :
            {describe(storage::compare_definitions(reader.database(), shadow.database())),
                describe(storage::compare_fixed_tables(
                    reader.database(), shadow.database(), storage::StartingBalanceRow::table))})
        {
            if (difference)
            {
                result.failure = *difference;
                return result;
            }
        }
    }

    // Whatever else is found: damage of the file is what it comes from.
    IntegrityCheck integrity{path};
    std::optional<storage::LedgerDifference> difference;
    std::exception_ptr error;
    try
    {
        const auto last = reader.last_block();
        result.failure = check_end(reader, replay->scenario(), last, head, result);
        if (result.failure.empty() && !last)
            difference = RowCheck{path, description}.finish(true);
        else if (result.failure.empty())
        {
            auto first = replay->first(storage::manifest_hash(manifest));
            if (!first)
                result.failure = fmt::format("block 0: {}", first.error().message);
            else if (const auto wrong = describe(
                         storage::compare_starting_balances(reader.database(), replay->world())))
                result.failure = *wrong;
            else
            {
                replay->use_workers(workers);
                auto database = open_to_read(path);
                RowCheck rows{path, description};
                rows.add(std::make_shared<const FinishedBlock>(std::move(*first)));
                try
                {
                    BlockSource source{std::move(reader), *last};
                    result.failure =
                        execute_chain(*replay, source, rows, database, *last, result, progress);
                }
                catch (const storage::StorageError&)
                {
                    error = std::current_exception();
                }
                // Rows of earlier blocks may be what is really wrong: the first is named.
                difference = rows.finish(result.failure.empty() && !error);
                result.head_hash = replay->head_hash().to_string();
            }
        }
    }
    catch (const storage::StorageError&)
    {
        error = std::current_exception();
    }
    if (const auto& damage = integrity.wait(); !damage.empty())
        result.failure = damage;
    else if (difference)
        result.failure = *describe(difference);
    else if (error)
        std::rethrow_exception(error);
    return result;
}

}  // namespace

Verification verify_ledger(const std::string& path, unsigned workers,
    const std::optional<Hash>& head,
    const std::function<void(std::uint64_t done, std::uint64_t total)>& progress)
{
    try
    {
        return verify_file(path, workers, head, progress);
    }
    catch (const storage::StorageError& error)
    {
        // Our own statements are right: what SQLite cannot run on this file is the file's fault.
        if (error.kind() != storage::StorageErrorKind::query)
            throw;
        throw storage::StorageError{storage::StorageErrorKind::corrupt, error.what()};
    }
}

}  // namespace runnel::audit
