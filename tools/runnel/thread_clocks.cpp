#include "tools/runnel/thread_clocks.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

namespace runnel::tools
{
namespace
{
std::optional<double> cpu_seconds(int thread)
{
    // Linux numbers a thread's CPU clock so (clock_getcpuclockid is for processes,
    // pthread_getcpuclockid for threads whose handles one has).
    constexpr unsigned scheduler_clock_of_thread = 6;
    const auto clock =
        static_cast<clockid_t>(~static_cast<unsigned>(thread) << 3U | scheduler_clock_of_thread);
    timespec time{};
    if (clock_gettime(clock, &time) != 0)
        return std::nullopt;
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}
}  // namespace

void ThreadClocks::find_threads()
{
    std::error_code error;
    for (std::filesystem::directory_iterator entry{"/proc/self/task", error}, end;
         !error && entry != end; entry.increment(error))
    {
        const auto name = entry->path().filename().string();
        int id = 0;
        if (std::from_chars(name.data(), name.data() + name.size(), id).ec != std::errc{})
            continue;
        const auto place = std::lower_bound(threads_.begin(), threads_.end(), id,
            [](const Thread& thread, int wanted) { return thread.id < wanted; });
        if (place != threads_.end() && place->id == id)
            continue;
        if (const auto seconds = cpu_seconds(id))
            threads_.insert(place, {id, *seconds});
    }
}

double ThreadClocks::take()
{
    double taken = 0;
    std::erase_if(threads_,
        [&](Thread& thread)
        {
            const auto seconds = cpu_seconds(thread.id);
            if (seconds)
                taken += *seconds - std::exchange(thread.seconds, *seconds);
            return !seconds;
        });
    return taken;
}

}  // namespace runnel::tools
