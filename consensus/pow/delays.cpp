#include "consensus/pow/delays.hpp"

#include <algorithm>
#include <bit>

namespace runnel
{
namespace
{
constexpr unsigned bits = 5;  // 32 buckets from a power of two to the next.

std::size_t bucket_of(std::uint64_t value) noexcept
{
    const auto width = static_cast<unsigned>(std::bit_width(value));
    if (width <= bits)
        return static_cast<std::size_t>(value);
    const auto shift = width - bits - 1;
    return (std::size_t{shift} << bits) + static_cast<std::size_t>(value >> shift);
}

/// The least value of a bucket.
double least_of(std::size_t bucket) noexcept
{
    if (bucket < (std::size_t{2} << bits))
        return static_cast<double>(bucket);
    const auto shift = (bucket >> bits) - 1;
    const auto mantissa = (bucket & ((std::size_t{1} << bits) - 1)) + (std::size_t{1} << bits);
    return static_cast<double>(std::uint64_t{mantissa} << shift);
}
}  // namespace

void DelayHistogram::add(VirtualTime delay)
{
    delay = std::max<VirtualTime>(delay, 0);
    const auto bucket = bucket_of(static_cast<std::uint64_t>(delay));
    if (bucket >= buckets_.size())
        buckets_.resize(bucket + 1);
    ++buckets_[bucket];
    ++count_;
    sum_ += delay;
}

void DelayHistogram::add(const DelayHistogram& other)
{
    buckets_.resize(std::max(buckets_.size(), other.buckets_.size()));
    for (std::size_t i = 0; i < other.buckets_.size(); ++i)
        buckets_[i] += other.buckets_[i];
    count_ += other.count_;
    sum_ += other.sum_;
}

double DelayHistogram::mean() const noexcept
{
    return count_ == 0 ? 0 : static_cast<double>(sum_) / static_cast<double>(count_) / one_second;
}

double DelayHistogram::quantile(double share) const
{
    const auto wanted = share * static_cast<double>(count_);
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < buckets_.size(); ++i)
    {
        seen += buckets_[i];
        if (buckets_[i] != 0 && static_cast<double>(seen) >= wanted)
            return (least_of(i) + least_of(i + 1)) / 2 / one_second;
    }
    return 0;
}

}  // namespace runnel
