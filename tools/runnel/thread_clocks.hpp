#pragma once

#include <ctime>
#include <vector>

namespace runnel::tools
{

/// CPU time of all threads of this process, exact to the microsecond at any moment: the process's
/// own clock counts what runs on other cores only when the system next looks, up to 4 ms later.
/// Costs about a microsecond per thread.
class ThreadClocks
{
public:
    ThreadClocks() { find_threads(); }
    /// Looks for new threads; they count from now on.
    void find_threads();
    /// CPU seconds of all known threads since the last call. Threads that ended
    /// meanwhile are left out.
    [[nodiscard]] double take();

private:
    struct Thread
    {
        int id = 0;
        double seconds = 0;
    };
    std::vector<Thread> threads_;  // By id.
};

}  // namespace runnel::tools
