#include "tools/runnel/core_distance.hpp"

#include "tools/runnel/bench.hpp"

#include <sched.h>

#include <atomic>
#include <chrono>
#include <thread>

namespace runnel::tools
{
namespace
{
constexpr int round_trips = 2'000;
constexpr std::chrono::microseconds settling_time{300};
constexpr unsigned settling_tries = 100;

/// A ball that two threads throw to and fro: odd, it is with the other one.
struct alignas(128) Ball
{
    std::atomic<int> throws{0};
};
}  // namespace

double core_round_trip_ns()
{
    Ball ball;
    std::atomic<int> other_core{-1};
    constexpr int end = -1;
    std::thread other{[&]
        {
            for (;;)
            {
                other_core.store(sched_getcpu(), std::memory_order_relaxed);
                const auto seen = ball.throws.load(std::memory_order_acquire);
                if (seen == end)
                    return;
                if (seen % 2 != 0)
                    ball.throws.store(seen + 1, std::memory_order_release);
                __builtin_ia32_pause();
            }
        }};
    // Threads on one core would take turns by the clock.
    for (unsigned tries = 0; tries < settling_tries; ++tries)
    {
        std::this_thread::sleep_for(settling_time);
        const auto core = other_core.load(std::memory_order_relaxed);
        if (core != -1 && core != sched_getcpu())
            break;
    }
    const auto start = BenchClock::now();
    for (int i = 0; i < round_trips; ++i)
    {
        ball.throws.store(2 * i + 1, std::memory_order_release);
        while (ball.throws.load(std::memory_order_acquire) != 2 * i + 2)
            __builtin_ia32_pause();
    }
    const auto seconds = seconds_since(start);
    ball.throws.store(end, std::memory_order_release);
    other.join();
    return seconds * 1e9 / round_trips;
}

}  // namespace runnel::tools
