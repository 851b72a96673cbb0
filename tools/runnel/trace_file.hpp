#pragma once

#include "actors/simulation.hpp"

#include <chrono>
#include <fstream>
#include <mutex>
#include <optional>
#include <string>

namespace runnel::tools
{

/// Where a run's time went, block by block, as Chrome's trace-event format: open the file in
/// chrome://tracing or ui.perfetto.dev. One row for the director's phases, one for the writer, and
/// a curve of the cores in use.
/// Streamed: its size grows with the run, the memory it takes does not.
class TraceFile : public PhaseTrace
{
public:
    /// Throws CommandError if it cannot be made.
    explicit TraceFile(std::string path);
    /// Completes the file; CommandError if anything could not be written.
    void close();

    void phase(std::string_view name, std::uint64_t block, Clock::time_point start,
        Clock::time_point end, double cpu_seconds) override;
    void persisted(std::uint64_t block, Clock::time_point start, Clock::time_point end);

private:
    void write(std::string_view name, unsigned row, std::uint64_t block, Clock::time_point start,
        Clock::time_point end, std::optional<double> cores = std::nullopt);

    std::string path_;
    std::mutex mutex_;  // Of the file: director and writer are two threads.
    std::ofstream file_;
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
