#pragma once

#include "ledger/amount.hpp"

#include <array>
#include <cstdint>

namespace runnel
{

/// The counter-based generator Philox 4x64 with 10 rounds: four words of @p counter, encrypted.
///
/// Source: Salmon, Moraes, Dror, Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3" (SC 2011).
[[nodiscard]] constexpr std::array<std::uint64_t, 4> philox_4x64_10(
    std::array<std::uint64_t, 4> counter, std::array<std::uint64_t, 2> key) noexcept
{
    for (int round = 0; round < 10; ++round)
    {
        const uint128 product0 = static_cast<uint128>(0xd2e7470ee14c6c93U) * counter[0];
        const uint128 product1 = static_cast<uint128>(0xca5a826395121157U) * counter[2];
        counter = {static_cast<std::uint64_t>(product1 >> 64U) ^ counter[1] ^ key[0],
            static_cast<std::uint64_t>(product1),
            static_cast<std::uint64_t>(product0 >> 64U) ^ counter[3] ^ key[1],
            static_cast<std::uint64_t>(product0)};
        key[0] += 0x9e3779b97f4a7c15U;  // The golden ratio.
        key[1] += 0xbb67ae8584caa73bU;  // sqrt(3) - 1.
    }
    return counter;
}

/// Random draws that are a function of (seed, stream, entity, block) and of their order alone.
///
/// A value, made where it is needed and thrown away: no draw depends on what another entity drew,
/// on another block, or on who ran first. Two streams with any of the four different are
/// independent. The generator's key is (seed, stream), its counter (entity, block, draw, 0), where
/// one draw serves four words.
///
/// Every distribution here gives the same bits everywhere: they use portable_math.hpp. A parameter
/// outside of its stated range is a bug: scenario files are checked before they get here.
class RandomStream
{
public:
    constexpr RandomStream(std::uint64_t seed, std::uint64_t stream, std::uint64_t entity,
        std::uint64_t block) noexcept
      : key_{seed, stream}, entity_{entity}, block_{block}
    {}

    /// 64 random bits.
    constexpr std::uint64_t next_uint64() noexcept
    {
        if (used_ == words_.size())
        {
            words_ = philox_4x64_10({entity_, block_, draw_++, 0}, key_);
            used_ = 0;
        }
        return words_[used_++];
    }

    /// An integer in [0, n), each equally likely; @p n is not 0.
    ///
    /// Multiplies and rejects; the expected number of words is below 2.
    /// Source: Lemire, "Fast Random Integer Generation in an Interval" (2019), algorithm 5.
    std::uint64_t uniform_below(std::uint64_t n) noexcept;
    /// An integer in [low, high], both ends included; @p low is not above @p high.
    std::int64_t uniform_int(std::int64_t low, std::int64_t high) noexcept;
    /// A multiple of 2^-53 in [0, 1). One word.
    double uniform_double() noexcept;
    /// True with this @p probability: never at 0 or below, always at 1 or above. One word.
    bool bernoulli(double probability) noexcept;
    /// Standard normal, within +-8.3. One word.
    ///
    /// By the inverse of the distribution function: unlike rejection or Box and Muller's pairs it
    /// takes one word always, so later draws of a stream keep their place, and it is monotone, so
    /// antithetic or correlated draws can be made from the word.
    double normal() noexcept;
    /// Exponential with this @p mean, which is finite and not negative. One word.
    double exponential(double mean) noexcept;
    /// e^(mu + sigma * normal()); @p mu and @p sigma are of the logarithm. One word.
    double log_normal(double mu, double sigma) noexcept;
    /// Trials up to and including the first success, each of probability 1 / @p mean. One word.
    ///
    /// The number of blocks to the next event when events come @p mean blocks apart on average.
    /// @p mean lies in [1, 1e15].
    std::uint64_t geometric_gap(double mean) noexcept;

private:
    /// An odd multiple of 2^-53 in (0, 1), symmetric about 1/2.
    double open_uniform() noexcept;

    std::array<std::uint64_t, 2> key_;
    std::uint64_t entity_;
    std::uint64_t block_;
    std::uint64_t draw_ = 0;
    std::array<std::uint64_t, 4> words_{};
    std::uint64_t used_ = 4;  // Words of words_ already handed out.
};

}  // namespace runnel
