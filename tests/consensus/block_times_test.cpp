#include "consensus/block_times.hpp"

#include "tests/support/catch.hpp"

#include <cstdint>
#include <random>
#include <vector>

namespace runnel
{

TEST_CASE("block times: a slot after the parent where nothing is known", "[consensus][times]")
{
    const BlockTimes times;
    CHECK(times.of(1, 100, 12) == 112);
    CHECK(times.of(7, 1'000, 5) == 1'005);
}

TEST_CASE(
    "block times: known ones, evenly between them, slots behind the last", "[consensus][times]")
{
    const BlockTimes times{1'000, {{2, 1'030}, {6, 1'037}, {7, 1'037}}};
    std::vector<std::uint64_t> found{1'000};
    for (std::uint64_t block = 1; block <= 9; ++block)
        found.push_back(times.of(block, found.back(), 12));
    CHECK(found == std::vector<std::uint64_t>{
                       1'000, 1'015, 1'030, 1'031, 1'033, 1'035, 1'037, 1'037, 1'049, 1'061});
}

// Method: random known blocks, up to times and numbers whose product does not fit 64 bits.
TEST_CASE("block times: never go back, and are exact where they are known",
    "[consensus][times][property]")
{
    std::mt19937_64 random{20'261'130};
    for (int round = 0; round < 200; ++round)
    {
        const std::uint64_t start = random() % 2'000'000'000;
        std::vector<BlockTimes::Known> known;
        BlockTimes::Known last{0, start};
        for (int i = 0; i < 5; ++i)
        {
            last.block += 1 + random() % (round % 2 == 0 ? 9 : 100'000'000);
            last.time += random() % (round % 3 == 0 ? 3 : 50'000'000'000);
            known.push_back(last);
        }
        const BlockTimes times{start, known};
        BlockTimes::Known before{0, start};
        for (const auto& next : known)
        {
            CAPTURE(round, before.block, next.block, before.time, next.time);
            CHECK(times.of(next.block, 0, 12) == next.time);
            const auto middle = before.block + 1 + random() % (next.block - before.block);
            const auto time = times.of(middle, 0, 12);
            CHECK(time >= before.time);
            CHECK(time <= next.time);
            before = next;
        }
        CHECK(times.of(last.block + 1, last.time, 12) == last.time + 12);
    }
}

}  // namespace runnel
