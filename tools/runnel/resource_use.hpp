#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace runnel::tools
{

/// What a stretch of a run cost the machine.
struct ResourceUse
{
    double cpu_s = 0;            // Of this process, all threads, user and system.
    double energy_j = 0;         // An estimate; see energy_source.
    std::string energy_source;   // "rapl": of the whole processor; "model": cpu_s x watts.
    double peak_memory_mib = 0;  // Resident, since the process began.
};

/// Measures from its construction on.
///
/// Energy is the processor's own count (RAPL, /sys/class/powercap) where it can be read: of the
/// whole package, whatever used it. Elsewhere, as in most virtual machines, it is modelled:
/// CPU seconds x watts_per_core.
class ResourceMeter
{
public:
    /// A server core under load: 225 W for 32 cores, an AMD EPYC 7543's thermal design power.
    static constexpr double watts_per_core = 7;

    ResourceMeter();
    [[nodiscard]] ResourceUse use() const;

private:
    struct Counter
    {
        std::string folder;
        std::uint64_t start_uj = 0;
        std::uint64_t range_uj = 0;  // It wraps round here.
    };
    double cpu_start_s_;
    std::vector<Counter> counters_;
};

}  // namespace runnel::tools
