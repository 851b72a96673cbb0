#pragma once

#include <ctime>

namespace runnel
{

/// Seconds of CPU that the calling thread has used, since some moment: others may use the core
/// meanwhile. For measuring alone: nothing of a chain may depend on it.
[[nodiscard]] inline double thread_cpu_seconds() noexcept
{
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

}  // namespace runnel
