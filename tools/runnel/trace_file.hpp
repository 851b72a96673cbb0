#pragma once

#include "actors/simulation.hpp"
#include "storage/output_file.hpp"
#include "tools/runnel/thread_clocks.hpp"

#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace runnel::tools
{

/// By phase, in the order of a block.
using CoresInUse = std::vector<std::pair<std::string, double>>;

/// Where a run's time went, block by block, as Chrome's trace-event format: open the file in
/// chrome://tracing or ui.perfetto.dev. One row for the director's phases, one for the writer, and
/// a curve of the cores in use.
/// Streamed: its size grows with the run, the memory it takes does not.
class TraceFile : public PhaseTrace
{
public:
    /// Throws storage::StorageError if it cannot be made, or would replace what is no trace.
    explicit TraceFile(const std::string& path);
    /// Completes the file, which then has its name; CommandError or storage::StorageError if
    /// anything could not be written.
    void close();

    void phase(std::string_view name, std::uint64_t block, Clock::time_point start,
        Clock::time_point end) override;
    /// On average in each phase: all threads' CPU time by its duration.
    [[nodiscard]] CoresInUse cores_in_use() const;
    void persisted(std::uint64_t block, Clock::time_point start, Clock::time_point end);

private:
    struct Usage
    {
        std::string name;
        double seconds = 0;
        double cpu_seconds = 0;
    };
    void write(std::string_view name, unsigned row, std::uint64_t block, Clock::time_point start,
        Clock::time_point end, std::optional<double> cores = std::nullopt);

    ThreadClocks clocks_;
    std::optional<std::uint64_t> block_;  // Of the last phase.
    std::vector<Usage> usage_;
    std::mutex mutex_;  // Of the file: director and writer are two threads.
    storage::OutputFile file_;
    std::string failure_;  // What went wrong with it first.
    Clock::time_point origin_ = Clock::now();
};

/// A sink that notes how long another one takes.
class TracedSink : public BlockSink
{
public:
    TracedSink(BlockSink& sink, TraceFile& trace) : sink_{sink}, trace_{trace} {}
    void append(std::shared_ptr<const FinishedBlock> block) override;
    void checkpoint(std::uint64_t block_number, CheckpointSource& parts) override
    {
        sink_.checkpoint(block_number, parts);
    }
    void finish() override { sink_.finish(); }

private:
    BlockSink& sink_;
    TraceFile& trace_;
};

}  // namespace runnel::tools
