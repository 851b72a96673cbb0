#include "ledger/philox.hpp"

#include "ledger/check.hpp"
#include "ledger/portable_math.hpp"

#include <limits>

namespace runnel
{

std::uint64_t RandomStream::uniform_below(std::uint64_t n) noexcept
{
    RUNNEL_CHECK(n != 0);
    uint128 product = static_cast<uint128>(next_uint64()) * n;
    if (static_cast<std::uint64_t>(product) < n)
    {
        // 2^64 mod n of the low words are one too many for an equal share.
        const std::uint64_t rejected = (0 - n) % n;
        while (static_cast<std::uint64_t>(product) < rejected)
            product = static_cast<uint128>(next_uint64()) * n;
    }
    return static_cast<std::uint64_t>(product >> 64U);
}

std::int64_t RandomStream::uniform_int(std::int64_t low, std::int64_t high) noexcept
{
    RUNNEL_CHECK(low <= high);
    // Modulo 2^64: the count of all 64-bit integers wraps to 0.
    const auto base = static_cast<std::uint64_t>(low);
    const std::uint64_t count = static_cast<std::uint64_t>(high) - base + 1;
    return static_cast<std::int64_t>(base + (count == 0 ? next_uint64() : uniform_below(count)));
}

double RandomStream::uniform_double() noexcept
{
    return static_cast<double>(next_uint64() >> 11U) * 0x1p-53;
}

double RandomStream::open_uniform() noexcept
{
    return static_cast<double>(next_uint64() >> 12U) * 0x1p-52 + 0x1p-53;
}

bool RandomStream::bernoulli(double probability) noexcept
{
    RUNNEL_CHECK(probability == probability);
    return uniform_double() < probability;
}

double RandomStream::normal() noexcept
{
    return inverse_normal_cdf(open_uniform());
}

double RandomStream::exponential(double mean) noexcept
{
    RUNNEL_CHECK(mean >= 0 && mean <= std::numeric_limits<double>::max());
    return -mean * portable_log(open_uniform());
}

double RandomStream::log_normal(double mu, double sigma) noexcept
{
    return portable_exp(mu + sigma * normal());
}

std::uint64_t RandomStream::geometric_gap(double mean) noexcept
{
    RUNNEL_CHECK(mean >= 1 && mean <= 1e15);
    const double u = open_uniform();
    if (mean == 1)
        return 1;
    // ln(1 - p), with the rounding of 1 - p divided out again (Kahan's log1p).
    const double p = 1 / mean;
    const double rest = 1 - p;
    const double log_rest = portable_log(rest) * (p / (1 - rest));
    return 1 + static_cast<std::uint64_t>(portable_log(u) / log_rest);
}

}  // namespace runnel
