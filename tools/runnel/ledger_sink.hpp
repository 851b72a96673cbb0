#pragma once

#include "actors/simulation.hpp"
#include "scenarios/scenario.hpp"
#include "storage/ledger_reader.hpp"
#include "storage/ledger_writer.hpp"
#include "tools/runnel/resource_use.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace runnel::tools
{

/// Writes a run's blocks to a ledger file, and checkpoints of it.
///
/// Blocks that the file already holds are compared with the new ones, and never written again.
class LedgerSink : public BlockSink
{
public:
    /// What to do with a file that is there.
    enum class Mode : std::uint8_t
    {
        create,   // Refuse it unless it is empty.
        replace,  // Replace it.
        resume,   // Continue after its last block.
    };
    /// Opens or makes the file, with the manifest and description. Throws storage::StorageError.
    LedgerSink(const std::string& path, const scenarios::Scenario& scenario, const World& world,
        const std::string& durability, Mode mode);

    /// The number of the last block in the file when it was opened; nothing if there was none.
    [[nodiscard]] std::optional<std::uint64_t> stored() const noexcept { return stored_; }
    [[nodiscard]] storage::Database& database() noexcept { return writer_.database(); }

    void append(std::shared_ptr<const FinishedBlock> block) override;
    void checkpoint(std::uint64_t block_number, CheckpointSource& parts) override;
    void flush() override { writer_.flush(); }
    /// Commits what is left; the file is finished by write_metrics(), once all figures are known.
    void finish() override { writer_.flush(); }
    /// A block that the file holds came out differently; the run has ended with an error that says
    /// so.
    [[nodiscard]] bool found_difference() const noexcept { return found_difference_; }

    /// Adds what the clock measured and closes the file.
    void write_metrics(const SimulationResult& result, unsigned workers, const ResourceUse& use);
    /// Builds the indexes and closes the file; of checkpoints a complete run's needs a state alone.
    void close(bool complete);
    [[nodiscard]] const storage::Schema& schema() const noexcept { return writer_.schema(); }

private:
    void write_parallelism(const SimulationResult& result);

    storage::LedgerWriter writer_;
    std::optional<storage::LedgerReader> reader_;  // Of the same file, to compare.
    std::optional<std::uint64_t> stored_;
    bool found_difference_ = false;
};

}  // namespace runnel::tools
