#pragma once

#include <cstdint>
#include <string>

namespace runnel
{

/// Decides how many workers take part in executing blocks, and keeps memory below a ceiling. The
/// chain depends on neither, so both may look at the clock and at the process.
///
/// Workers: a run that waits for its writer has one core too few for it. Then one worker fewer is
/// tried, and kept if the run is no slower; when the writer keeps up, one more is tried likewise.
/// Block by block, a worker stands aside while the writer is behind and has no core of its own:
/// workers of one block wait for each other, so one that lost its core to the writer holds up all.
///
/// Memory: near the ceiling no further block is begun until the writer has written all it was
/// given. What is too much even then is state: the run has to stop.
class LoadGovernor
{
public:
    struct Options
    {
        unsigned workers = 1;              // At most.
        unsigned cores = 0;                // Of the machine; 0: as many as anybody wants.
        bool adapts = false;               // Otherwise it is always so many.
        std::uint64_t memory_ceiling = 0;  // Bytes; 0: none.
    };
    explicit LoadGovernor(const Options& options) noexcept;

    [[nodiscard]] unsigned workers() const noexcept { return workers_; }
    /// How many take part in the block that begins while @p unpersisted ones are with the writer.
    [[nodiscard]] unsigned workers_for_block(unsigned unpersisted) const noexcept;
    /// A block is done: @p transactions of it, @p seconds since the last one was, of which
    /// @p writer_seconds were spent waiting for the writer.
    void note_block(std::size_t transactions, double seconds, double writer_seconds) noexcept;

    /// Whether a block may be begun while @p unpersisted blocks are with the writer.
    [[nodiscard]] bool admits_block(unsigned unpersisted, std::uint64_t resident_bytes) noexcept;
    /// Why the run must stop; empty: it need not.
    [[nodiscard]] std::string exhausted() const;

private:
    void end_window() noexcept;

    Options options_;
    unsigned workers_;

    // The window under way, and what the last one showed.
    unsigned blocks_ = 0;
    double transactions_ = 0;
    double seconds_ = 0;
    double writer_seconds_ = 0;
    double settled_rate_ = 0;  // Of the number of workers before the trial.
    unsigned tried_from_ = 0;  // 0: no trial is on.
    unsigned patience_ = 1;    // Windows between trials; doubles with every one that failed.
    unsigned windows_left_ = 1;

    std::uint64_t excess_bytes_ = 0;  // In use when there was nothing left to write.
};

/// Bytes of this process in memory, now. 0 where the system does not say.
[[nodiscard]] std::uint64_t resident_memory() noexcept;
/// Gives the allocator's free pages back to the system.
void release_free_memory() noexcept;

}  // namespace runnel
