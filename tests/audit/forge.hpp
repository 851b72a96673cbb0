#pragma once

#include "actors/simulation.hpp"
#include "execution/executor.hpp"
#include "scenarios/loader/loader.hpp"
#include "scenarios/run.hpp"
#include "state/kept_checkpoint.hpp"
#include "state/references.hpp"
#include "storage/checkpoints.hpp"
#include "storage/ledger_reader.hpp"
#include "storage/ledger_writer.hpp"
#include "storage/row_batch.hpp"
#include "storage/rows.hpp"

#include <functional>
#include <stdexcept>
#include <string>
#include <utility>

/// Ledgers as runs write them, and as somebody would who has the whole program and wants another
/// chain in the file: every hash, root and row of what he alters is computed again.
namespace runnel::audit::forgery
{

/// @p world is as block 0 leaves it.
inline storage::LedgerDescription describe(const scenarios::Scenario& scenario, const World& world)
{
    auto description = storage::LedgerDescription::of(world);
    description.prices = storage::price_rows(*scenario.price_paths);
    description.start = &world;
    return description;
}

/// Writes what a run hands out.
class FileSink : public BlockSink
{
public:
    FileSink(const std::string& path, const scenarios::Scenario& scenario, const World& world)
      : writer_{storage::LedgerWriter::create(
            path, scenarios::make_manifest(scenario), describe(scenario, world), {.force = true})}
    {}
    void append(std::shared_ptr<const FinishedBlock> block) override
    {
        writer_.append(std::move(block));
    }
    void checkpoint(std::uint64_t, CheckpointSource& parts) override
    {
        writer_.write_checkpoint(scenarios::checkpoint_version(), parts);
    }
    void finish() override {}
    [[nodiscard]] storage::LedgerWriter& writer() noexcept { return writer_; }

private:
    storage::LedgerWriter writer_;
};

/// Interrupts the run behind a block, or the next one.
class StoppingSink final : public FileSink
{
public:
    StoppingSink(const std::string& path, const scenarios::Scenario& scenario, const World& world,
        std::uint64_t last)
      : FileSink{path, scenario, world}, last_{last}
    {}
    void append(std::shared_ptr<const FinishedBlock> block) override
    {
        if (block->header.number >= last_)
            progress.stop.store(true);
        FileSink::append(std::move(block));
    }
    SimulationProgress progress;

private:
    std::uint64_t last_;
};

/// An interrupted run in a file; returns the last block.
inline std::uint64_t run_and_interrupt(
    const scenarios::Scenario& scenario, const std::string& path, std::uint64_t last)
{
    auto setup = scenarios::make_simulation(scenario);
    if (!setup)
        throw std::runtime_error{setup.error().message};
    StoppingSink sink{path, scenario, *setup->world, last};
    SimulationOptions options;
    options.sink = &sink;
    options.progress = &sink.progress;
    options.writer_credits = 1;  // So that the director is no further than it.
    const auto result = run_simulation(std::move(*setup), options);
    sink.writer().finish();
    if (!result.error.empty())
        throw std::runtime_error{result.error};
    return result.head.number;
}

/// Puts other parts in the place of a checkpoint's, with their hashes, and keeps so many of all.
inline void rewrite_checkpoint(storage::Database& database,
    const storage::StoredCheckpoint& checkpoint, KeptParts parts, std::size_t keep)
{
    const storage::Schema schema{{}};
    KeptSource source{std::move(parts)};
    storage::SqlTransaction transaction{database};
    storage::RowBatch batch{database, schema.table(storage::CheckpointRow::table)};
    storage::write_checkpoint(
        database, batch, checkpoint.block_number, checkpoint.version, source, keep);
    batch.flush();
    transaction.commit();
}

inline scenarios::Scenario parse(const std::string& text)
{
    scenarios::LoadOptions options;
    options.open_input_files = false;
    auto scenario = scenarios::parse_scenario(text, "test.toml", ".", {}, options);
    if (!scenario)
        throw std::runtime_error{scenario.error().message};
    return std::move(*scenario);
}

/// Runs a scenario to its end, into a file.
inline SimulationResult run_to_file(const std::string& text, const std::string& path)
{
    const auto scenario = parse(text);
    auto setup = scenarios::make_simulation(scenario);
    if (!setup)
        throw std::runtime_error{setup.error().message};
    FileSink sink{path, scenario, *setup->world};
    SimulationOptions options;
    options.sink = &sink;
    auto result = run_simulation(std::move(*setup), options);
    sink.writer().complete();
    sink.writer().finish();
    return result;
}

struct Forger
{
    /// Alters the manifest before anything commits to it.
    std::function<void(storage::Manifest&)> manifest;
    /// Alters a block as the file has it, before it is executed; its base fee follows from what
    /// came of earlier ones already.
    std::function<void(storage::StoredBlock&)> block;
    std::uint64_t blocks_less = 0;  // Fewer than the file has.
    std::uint64_t blocks_more = 0;  // Empty ones behind the last.
    bool complete = true;           // Writes down that the run was complete.

    /// Returns the hash of the last block.
    Hash forge(const std::string& source, const std::string& target) const
    {
        auto reader = storage::LedgerReader::open(source);
        auto lies = reader.manifest();
        if (manifest)
            manifest(lies);
        const auto scenario =
            parse(std::string{reader.manifest().find("resolved_scenario").value()});
        auto genesis = scenarios::build_genesis(scenario).value();
        auto& world = *genesis.world;
        auto parent =
            scenarios::execute_genesis(genesis, scenario, storage::manifest_hash(lies)).value();
        auto writer =
            storage::LedgerWriter::create(target, lies, describe(scenario, world), {.force = true});
        BlockHeader head = parent.header;
        Hash head_hash = parent.hash;
        writer.append(std::make_shared<const FinishedBlock>(std::move(parent)));
        BlockExecution execution;
        const auto last = reader.last_block().value();
        for (std::uint64_t number = 1; number <= last - blocks_less + blocks_more; ++number)
        {
            storage::StoredBlock stored;
            if (number <= last)
                stored = reader.block(number);
            else
            {
                stored.header = head;
                stored.header.number = number;
                stored.header.timestamp += scenario.slot_seconds;
            }
            stored.header.base_fee =
                next_base_fee(scenario.chain.fees, head.base_fee, head.gas_used);
            if (block)
                block(stored);
            for (auto& transaction : stored.transactions)
                name_sender(transaction, world);
            seal_all(stored.transactions);
            BlockContext context;
            context.number = number;
            context.timestamp = stored.header.timestamp;
            context.base_fee = stored.header.base_fee;
            context.gas_limit = stored.header.gas_limit;
            context.proposer = stored.header.proposer;
            ExecutionOptions options;
            options.checkpoint_interval = scenario.chain.checkpoint_interval;
            options.snapshots = snapshots_after(number, scenario.blocks, scenario.slot_seconds);
            auto made = execute_block(execution, world, context, head, head_hash,
                stored.header.finalized_block, std::move(stored.transactions),
                std::move(stored.rewards), options);
            head = made.header;
            head_hash = made.hash;
            writer.append(std::make_shared<const FinishedBlock>(std::move(made)));
        }
        if (complete)
            writer.complete();
        writer.finish();
        return head_hash;
    }
};

}  // namespace runnel::audit::forgery
