#include "ledger/philox.hpp"

#include "tests/support/catch.hpp"

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <set>
#include <vector>

using namespace runnel;

namespace
{
using Counter = std::array<std::uint64_t, 4>;
using Key = std::array<std::uint64_t, 2>;

struct Moments
{
    double mean = 0;
    double sd = 0;
    double skew = 0;
    double kurtosis = 0;  // 3 for a normal variable.
};

template <typename Draw>
Moments sample(int count, Draw draw)
{
    std::vector<double> values(static_cast<std::size_t>(count));
    Moments moments;
    for (auto& value : values)
    {
        value = draw();
        moments.mean += value / count;
    }
    double second = 0;
    double third = 0;
    double fourth = 0;
    for (const auto value : values)
    {
        const double d = value - moments.mean;
        second += d * d / count;
        third += d * d * d / count;
        fourth += d * d * d * d / count;
    }
    moments.sd = std::sqrt(second);
    moments.skew = third / (second * moments.sd);
    moments.kurtosis = fourth / (second * second);
    return moments;
}

std::uint64_t bits_of(double x)
{
    return std::bit_cast<std::uint64_t>(x);
}
}  // namespace

TEST_CASE("philox: matches the published vectors", "[ledger][philox]")
{
    // Source: Random123, tests/kat_vectors, philox4x64 with 10 rounds.
    constexpr auto ones = ~std::uint64_t{0};
    CHECK(philox_4x64_10({}, {}) ==
          Counter{0x16554d9eca36314c, 0xdb20fe9d672d0fdc, 0xd7e772cee186176b, 0x7e68b68aec7ba23b});
    CHECK(philox_4x64_10({ones, ones, ones, ones}, {ones, ones}) ==
          Counter{0x87b092c3013fe90b, 0x438c3c67be8d0224, 0x9cc7d7c69cd777b6, 0xa09caebf594f0ba0});
    CHECK(philox_4x64_10(
              {0x243f6a8885a308d3, 0x13198a2e03707344, 0xa4093822299f31d0, 0x082efa98ec4e6c89},
              {0x452821e638d01377, 0xbe5466cf34e90c6c}) ==
          Counter{0xa528f45403e61d95, 0x38c72dbd566e9788, 0xa5a1610e72fd18b5, 0x57bd43b5e52b7fe6});
}

TEST_CASE("philox: a stream reads the blocks of its counter in order", "[ledger][philox]")
{
    RandomStream random{11, 22, 33, 44};
    for (std::uint64_t draw = 0; draw < 3; ++draw)
    {
        for (const auto word : philox_4x64_10({33, 44, draw, 0}, Key{11, 22}))
            CHECK(random.next_uint64() == word);
    }
}

TEST_CASE("philox: each of the four keys makes another stream", "[ledger][philox]")
{
    std::set<std::uint64_t> first_words;
    for (std::uint64_t i = 0; i < 16; ++i)
    {
        RandomStream random{i & 1U, i >> 1U & 1U, i >> 2U & 1U, i >> 3U & 1U};
        first_words.insert(random.next_uint64());
    }
    CHECK(first_words.size() == 16);
}

TEST_CASE("philox: bounded draws are uniform and stay in bounds", "[ledger][philox]")
{
    RandomStream random{5, 0, 0, 0};
    std::array<int, 7> counts{};
    for (int i = 0; i < 70'000; ++i)
        ++counts.at(random.uniform_below(counts.size()));
    double chi_squared = 0;
    for (const auto count : counts)
        chi_squared += (count - 10'000.0) * (count - 10'000.0) / 10'000.0;
    CHECK(chi_squared < 22.5);  // 6 degrees of freedom: exceeded once in 1,000 seeds.

    CHECK(random.uniform_below(1) == 0);

    // With n = 3 * 2^62 a draw without rejection hits one third of the integers twice as often.
    constexpr std::uint64_t n = std::uint64_t{3} << 62U;
    std::array<int, 3> thirds{};
    for (int i = 0; i < 30'000; ++i)
        ++thirds.at(random.uniform_below(n) % 3);
    for (const auto count : thirds)
        CHECK(std::abs(count - 10'000) < 330);  // 4 standard deviations.
}

TEST_CASE("philox: integer ranges include both ends", "[ledger][philox]")
{
    using Limits = std::numeric_limits<std::int64_t>;
    RandomStream random{6, 0, 0, 0};
    std::set<std::int64_t> seen;
    for (int i = 0; i < 1'000; ++i)
        seen.insert(random.uniform_int(-2, 2));
    CHECK(seen == std::set<std::int64_t>{-2, -1, 0, 1, 2});
    CHECK(random.uniform_int(Limits::max(), Limits::max()) == Limits::max());
    CHECK(random.uniform_int(Limits::min(), Limits::min()) == Limits::min());

    int negative = 0;
    for (int i = 0; i < 10'000; ++i)
        negative += random.uniform_int(Limits::min(), Limits::max()) < 0 ? 1 : 0;
    CHECK(std::abs(negative - 5'000) < 200);
}

// Method: fixed seeds, 200,000 draws; bounds are 4 standard errors or wider.
TEST_CASE("philox: distributions have their moments", "[ledger][philox]")
{
    constexpr int count = 200'000;
    RandomStream random{7, 1, 2, 3};

    SECTION("uniform")
    {
        const auto m = sample(count, [&] { return random.uniform_double(); });
        CHECK(std::abs(m.mean - 0.5) < 0.0026);
        CHECK(std::abs(m.sd - std::sqrt(1 / 12.0)) < 0.0012);
        CHECK(std::abs(m.kurtosis - 1.8) < 0.02);
    }
    SECTION("normal")
    {
        const auto m = sample(count, [&] { return random.normal(); });
        CHECK(std::abs(m.mean) < 0.009);
        CHECK(std::abs(m.sd - 1) < 0.0065);
        CHECK(std::abs(m.skew) < 0.022);
        CHECK(std::abs(m.kurtosis - 3) < 0.044);
    }
    SECTION("exponential")
    {
        const auto m = sample(count, [&] { return random.exponential(2.5); });
        CHECK(std::abs(m.mean - 2.5) < 0.023);
        CHECK(std::abs(m.sd - 2.5) < 0.033);
        CHECK(std::abs(m.skew - 2) < 0.1);
    }
    SECTION("log-normal")
    {
        const auto m = sample(count, [&] { return random.log_normal(1, 0.5); });
        const double mean = std::exp(1 + 0.125);
        CHECK(std::abs(m.mean - mean) < 0.015);
        CHECK(std::abs(m.sd - mean * std::sqrt(std::exp(0.25) - 1)) < 0.03);
    }
    SECTION("bernoulli")
    {
        const auto m = sample(count, [&] { return random.bernoulli(0.3) ? 1.0 : 0.0; });
        CHECK(std::abs(m.mean - 0.3) < 0.0042);
    }
    SECTION("geometric gap")
    {
        const auto m = sample(count, [&] { return static_cast<double>(random.geometric_gap(5)); });
        CHECK(std::abs(m.mean - 5) < 0.041);
        CHECK(std::abs(m.sd - std::sqrt(20.0)) < 0.06);

        const auto rare =
            sample(count, [&] { return static_cast<double>(random.geometric_gap(1e9)); });
        CHECK(std::abs(rare.mean / 1e9 - 1) < 0.0095);
    }
}

TEST_CASE("philox: distributions keep to their ranges", "[ledger][philox]")
{
    RandomStream random{8, 0, 0, 0};
    for (int i = 0; i < 10'000; ++i)
    {
        const double u = random.uniform_double();
        REQUIRE(u >= 0);
        REQUIRE(u < 1);
        REQUIRE(random.exponential(1) > 0);
        REQUIRE(std::abs(random.normal()) < 8.3);
        REQUIRE(random.geometric_gap(1.5) >= 1);
        REQUIRE(random.geometric_gap(1) == 1);
        REQUIRE_FALSE(random.bernoulli(0));
        REQUIRE(random.bernoulli(1));
    }
}

TEST_CASE("philox: every draw but the bounded one takes one word", "[ledger][philox]")
{
    RandomStream random{9, 0, 0, 0};
    RandomStream reference{9, 0, 0, 0};
    random.uniform_double();
    random.bernoulli(0);
    random.bernoulli(2);
    random.normal();
    random.exponential(1);
    random.exponential(0);
    random.log_normal(0, 1);
    random.geometric_gap(1);
    random.geometric_gap(10);
    for (int i = 0; i < 9; ++i)
        reference.next_uint64();
    CHECK(random.next_uint64() == reference.next_uint64());
}

TEST_CASE("philox: draws have the same bits everywhere", "[ledger][philox]")
{
    RandomStream random{1, 2, 3, 4};
    CHECK(random.uniform_below(1'000'000'007) == 611'030'235);
    CHECK(bits_of(random.uniform_double()) == 0x3fe17a00c768d68c);
    CHECK(bits_of(random.normal()) == 0x3fd8475ea668e9d2);
    CHECK(bits_of(random.exponential(3)) == 0x40014de75d7ccbbc);
    CHECK(bits_of(random.log_normal(2, 1.5)) == 0x402d07d0e6802326);
    CHECK(random.geometric_gap(1e6) == 226'974);

    std::uint64_t sum = 0;
    for (int i = 0; i < 100'000; ++i)
    {
        sum = sum * 31 + bits_of(random.normal());
        sum = sum * 31 + bits_of(random.log_normal(0, 2));
        sum = sum * 31 + random.geometric_gap(100);
    }
    CHECK(sum == 0x1dd52bf037ddcf15);
}
