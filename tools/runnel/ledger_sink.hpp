#pragma once

#include "actors/simulation.hpp"
#include "scenarios/scenario.hpp"
#include "storage/ledger_writer.hpp"

#include <string>

namespace runnel::tools
{

/// Writes a run's blocks to a ledger file.
class LedgerSink : public BlockSink
{
public:
    /// Makes the file, with the manifest and who there is. Throws storage::StorageError.
    LedgerSink(const std::string& path, const scenarios::Scenario& scenario, const World& world,
        const std::string& durability, bool force);

    void append(std::shared_ptr<const FinishedBlock> block) override;
    /// Commits what is left; the file is finished by write_metrics(), once all figures are known.
    void finish() override { writer_.flush(); }
    /// Adds what the clock measured, builds the indexes and closes the file.
    void write_metrics(const SimulationResult& result, unsigned workers);

private:
    storage::LedgerWriter writer_;
};

}  // namespace runnel::tools
