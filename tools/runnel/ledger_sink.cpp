#include "tools/runnel/ledger_sink.hpp"

#include "scenarios/run.hpp"

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

storage::WriterOptions writer_options(const std::string& durability, bool force)
{
    storage::WriterOptions options;
    options.durability = durability_of(durability);
    options.force = force;
    return options;
}

}  // namespace

LedgerSink::LedgerSink(const std::string& path, const scenarios::Scenario& scenario,
    const World& world, const std::string& durability, bool force)
  : writer_{storage::LedgerWriter::create(path, scenarios::make_manifest(scenario),
        storage::LedgerDescription::of(world), writer_options(durability, force))}
{}

void LedgerSink::append(std::shared_ptr<const FinishedBlock> block)
{
    writer_.append(std::move(block));
}

void LedgerSink::write_metrics(const SimulationResult& result, unsigned workers)
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
    writer_.add_metric("parallel_share", whole_run, result.parallel_share);
    writer_.add_metric("interrupted", whole_run, result.interrupted ? 1 : 0);
    writer_.finish();
}

}  // namespace runnel::tools
