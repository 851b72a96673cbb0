#include "tools/runnel/resource_use.hpp"

#include <sys/resource.h>

#include <filesystem>
#include <fstream>
#include <optional>

namespace runnel::tools
{
namespace
{
double process_cpu_s()
{
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& time)
    { return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6; };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

std::optional<std::uint64_t> read_number(const std::string& path)
{
    std::ifstream file{path};
    std::uint64_t number = 0;
    if (file >> number)
        return number;
    return std::nullopt;
}
}  // namespace

ResourceMeter::ResourceMeter() : cpu_start_s_{process_cpu_s()}
{
    std::error_code error;
    for (std::filesystem::directory_iterator entry{"/sys/class/powercap", error}, end;
         !error && entry != end; entry.increment(error))
    {
        // Packages are called intel-rapl:0, on AMD too; their parts intel-rapl:0:0.
        const auto name = entry->path().filename().string();
        if (!name.starts_with("intel-rapl:") || name.find(':') != name.rfind(':'))
            continue;
        const auto folder = entry->path().string();
        const auto start = read_number(folder + "/energy_uj");
        const auto range = read_number(folder + "/max_energy_range_uj");
        if (start && range)
            counters_.push_back({folder, *start, *range});
    }
}

ResourceUse ResourceMeter::use() const
{
    ResourceUse use;
    use.cpu_s = process_cpu_s() - cpu_start_s_;
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    use.peak_memory_mib = static_cast<double>(usage.ru_maxrss) / 1024;
    for (const auto& counter : counters_)
    {
        const auto now = read_number(counter.folder + "/energy_uj").value_or(counter.start_uj);
        const auto used = now >= counter.start_uj ? now - counter.start_uj
                                                  : now + counter.range_uj - counter.start_uj;
        use.energy_j += static_cast<double>(used) * 1e-6;
    }
    use.energy_source = counters_.empty() ? "model" : "rapl";
    if (counters_.empty())
        use.energy_j = use.cpu_s * watts_per_core;
    return use;
}

}  // namespace runnel::tools
