#pragma once

#include "consensus/network/virtual_time.hpp"

#include <cstdint>
#include <vector>

namespace runnel
{

/// How long things took, to within 1/32; sums are exact.
class DelayHistogram
{
public:
    void add(VirtualTime delay);
    void add(const DelayHistogram& other);

    [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
    /// Seconds; 0 without any.
    [[nodiscard]] double mean() const noexcept;
    /// Seconds that a share of them is not above; 0 without any.
    [[nodiscard]] double quantile(double share) const;

private:
    std::vector<std::uint64_t> buckets_;
    std::uint64_t count_ = 0;
    VirtualTime sum_ = 0;
};

}  // namespace runnel
