#include "tools/runnel/ledger_sink.hpp"

#include "scenarios/run.hpp"

#include <fmt/format.h>

namespace runnel::tools
{
namespace
{

storage::Durability durability_of(const std::string& name)
{
    if (name == "full")
        return storage::Durability::full;
    return name == "off" ? storage::Durability::off : storage::Durability::normal;
}

storage::LedgerWriter open_writer(const std::string& path, const scenarios::Scenario& scenario,
    const World& world, const std::string& durability, LedgerSink::Mode mode)
{
    storage::WriterOptions options;
    options.durability = durability_of(durability);
    options.force = mode == LedgerSink::Mode::replace;
    const auto manifest = scenarios::make_manifest(scenario);
    auto description = storage::LedgerDescription::of(world);
    description.prices = storage::price_rows(*scenario.price_paths);
    description.start = &world;
    return mode == LedgerSink::Mode::resume
               ? storage::LedgerWriter::resume(path, manifest, description, options)
               : storage::LedgerWriter::create(path, manifest, description, options);
}

}  // namespace

LedgerSink::LedgerSink(const std::string& path, const scenarios::Scenario& scenario,
    const World& world, const std::string& durability, Mode mode)
  : writer_{open_writer(path, scenario, world, durability, mode)}
{
    if (writer_.next_block() > 0)
    {
        reader_.emplace(writer_.database());
        stored_ = writer_.next_block() - 1;
    }
}

void LedgerSink::append(std::shared_ptr<const FinishedBlock> block)
{
    const auto number = block->header.number;
    if (!stored_ || number > *stored_)
        return writer_.append(std::move(block));
    const auto stored = reader_->header(number).hash;
    if (stored != block->hash)
    {
        found_difference_ = true;
        throw storage::StorageError{storage::StorageErrorKind::corrupt,
            fmt::format("{}: block {} has the hash {}, but comes out as {}; `runnel verify` says "
                        "what is wrong",
                writer_.database().path(), number, stored.to_string(), block->hash.to_string())};
    }
}

void LedgerSink::checkpoint(std::uint64_t block_number, CheckpointSource& parts)
{
    // Until all the file holds was found to be right, nothing in it changes.
    if (block_number + 1 == writer_.next_block())
        writer_.write_checkpoint(scenarios::checkpoint_version(), parts);
}

void LedgerSink::write_metrics(
    const SimulationResult& result, unsigned workers, const ResourceUse& use)
{
    constexpr std::int64_t whole_run = -1;
    const auto& phases = result.phases;
    writer_.add_metric("workers", whole_run, workers);
    writer_.add_metric("elapsed_s", whole_run, result.elapsed_s);
    writer_.add_metric("decide_s", whole_run, phases.decide);
    writer_.add_metric("order_s", whole_run, phases.order);
    writer_.add_metric("plan_s", whole_run, phases.plan);
    writer_.add_metric("execute_s", whole_run, phases.execute);
    writer_.add_metric("commit_s", whole_run, phases.commit);
    writer_.add_metric("persist_wait_s", whole_run, phases.persist);
    writer_.add_metric("cpu_s", whole_run, use.cpu_s);
    writer_.add_metric(
        use.energy_source == "rapl" ? "energy_rapl_j" : "energy_model_j", whole_run, use.energy_j);
    writer_.add_metric("peak_memory_mib", whole_run, use.peak_memory_mib);
    writer_.add_metric("parallel_share", whole_run, result.parallel_share);
    writer_.add_metric("repairs", whole_run, static_cast<double>(result.repairs));
    writer_.add_metric("redone_blocks", whole_run, static_cast<double>(result.redone_blocks));
    writer_.add_metric("interrupted", whole_run, result.interrupted ? 1 : 0);
    writer_.add_metric(
        "executed_blocks", whole_run, static_cast<double>(result.blocks - result.resumed_at));
    writer_.add_metric("executed_transactions", whole_run,
        static_cast<double>(result.transactions - result.resumed_transactions));
    write_parallelism(result);
    if (result.consensus->blocks_made > 0)
    {
        const auto& network = *result.consensus;
        writer_.add_metric(
            "reverted_blocks", whole_run, static_cast<double>(result.reverted_blocks));
        writer_.add_metric(
            "network_messages", whole_run, static_cast<double>(network.traffic.messages));
        writer_.add_metric("network_bytes", whole_run, static_cast<double>(network.traffic.bytes));
        writer_.add_metric("network_blocks", whole_run, static_cast<double>(network.blocks_made));
        writer_.add_metric("network_j", whole_run, network.joules);
        writer_.add_metric("network_cpu_s", whole_run, network.cpu_s);
        writer_.add_metric("unheard_transactions", whole_run, static_cast<double>(result.unheard));
    }
    close(!result.interrupted && result.halted.empty());
}

void LedgerSink::write_parallelism(const SimulationResult& result)
{
    constexpr std::int64_t whole_run = -1;
    const auto& totals = result.parallelism;
    if (totals.transactions() == 0 || result.world == nullptr)
        return;
    writer_.add_metric("parallelism_blocks", whole_run, static_cast<double>(totals.blocks()));
    writer_.add_metric(
        "parallelism_transactions", whole_run, static_cast<double>(totals.transactions()));
    writer_.add_metric("parallelism_available", whole_run, totals.parallelism());
    for (std::size_t i = 0; i < ParallelismTotals::worker_counts.size(); ++i)
    {
        writer_.add_metric(
            fmt::format("parallelism_speedup_{}", ParallelismTotals::worker_counts[i]), whole_run,
            totals.speed_up(i));
    }
    for (const auto& [contract, share] : totals.serialised())
    {
        writer_.add_metric(
            "parallelism_serialised_" + result.world->contract(contract).name(), whole_run, share);
    }
}

void LedgerSink::close(bool complete)
{
    if (complete)
        writer_.complete();
    writer_.finish();
}

}  // namespace runnel::tools
