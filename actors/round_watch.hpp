#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace runnel::actors
{

/// Who owes the director an answer, and since when nothing moved: what a watchdog on another thread
/// needs to say why a run stands still.
///
/// The director writes, any thread reads; nothing here reaches the chain. All of it is hints in
/// relaxed atomics: while a run moves, what a reader sees may be out of date.
class RoundWatch
{
public:
    enum class Member : std::uint8_t
    {
        cohort,
        consensus,
        proposer,
        protocol,
        replica,
        validator,
        writer,
    };

    /// Members are numbered from 0 by their kind; called for all before the first await().
    void add(Member kind, std::string name);
    /// Nothing is added any more: others may read names from now on.
    void ready() noexcept { ready_.store(true, std::memory_order_release); }

    void await(Member kind, std::size_t member) noexcept { set(kind, member, true); }
    void answered(Member kind, std::size_t member) noexcept { set(kind, member, false); }
    void begin_block(std::uint64_t number) noexcept
    {
        block_.store(number, std::memory_order_relaxed);
        move();
    }
    void begin_execution() noexcept
    {
        executing_.store(true, std::memory_order_relaxed);
        move();
    }
    void end_execution() noexcept
    {
        executing_.store(false, std::memory_order_relaxed);
        move();
    }

    /// Grows with whatever happens.
    [[nodiscard]] std::uint64_t moves() const noexcept
    {
        return moves_.load(std::memory_order_relaxed);
    }
    [[nodiscard]] std::uint64_t block() const noexcept
    {
        return block_.load(std::memory_order_relaxed);
    }
    [[nodiscard]] bool executing() const noexcept
    {
        return executing_.load(std::memory_order_relaxed);
    }
    /// `cohort 3 (noise_trader)`, or `validator 0 and 2 others`; "" if nobody owes an answer.
    [[nodiscard]] std::string awaited() const;

private:
    static constexpr std::size_t kinds = 7;
    struct Entry
    {
        std::string name;
        std::atomic<bool> owes{false};
    };

    void move() noexcept { moves_.fetch_add(1, std::memory_order_relaxed); }
    void set(Member kind, std::size_t member, bool owes) noexcept;

    std::array<std::vector<std::unique_ptr<Entry>>, kinds> members_;
    std::atomic<bool> ready_{false};
    std::atomic<bool> executing_{false};
    std::atomic<std::uint64_t> moves_{0};
    std::atomic<std::uint64_t> block_{0};
};

}  // namespace runnel::actors
