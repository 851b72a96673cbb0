#include "tools/replay/aave_v3_replay.hpp"

#include "tests/support/catch.hpp"

#include <nlohmann/json.hpp>

#include <string>

using namespace runnel::replay;
using nlohmann::json;

namespace
{
FileReport replay(const std::string& name)
{
    return replay_file(std::string{RUNNEL_TEST_VECTORS} + "/" + name);
}

void expect_equal(const FileReport& report, std::uint64_t operations, std::uint64_t comparisons)
{
    for (const auto& mismatch : report.kept)
        UNSCOPED_INFO(mismatch);
    CHECK(report.error.empty());
    CHECK(report.operations == operations);
    CHECK(report.comparisons >= comparisons);
    CHECK(report.mismatches == 0);
}
}  // namespace

TEST_CASE("aave v3 replay: the recorded mathematics", "[tools][replay][aave_v3]")
{
    expect_equal(replay("aave_v3_math_seed101.ndjson.gz"), 2'500, 6'000);
}

TEST_CASE("aave v3 replay: recorded users", "[tools][replay][aave_v3]")
{
    expect_equal(replay("aave_v3_pool_plainA_seed1.ndjson.gz"), 2'000, 138'000);
}

TEST_CASE("aave v3 replay: recorded users and an active admin", "[tools][replay][aave_v3]")
{
    expect_equal(replay("aave_v3_pool_adminA_seed2.ndjson.gz"), 2'000, 138'000);
}

TEST_CASE("aave v3 replay: other versions of Aave are not accepted", "[tools][replay][aave_v3]")
{
    const auto accepts = [](const Protocol& protocol, const char* name) {
        return protocol.accepts(json{{"protocol", name}});
    };
    CHECK(accepts(aave_v3_pool_protocol(), "aave-v3 pool"));
    CHECK(accepts(aave_v3_math_protocol(), "aave-v3 math libraries"));
    for (const auto& protocol : {aave_v3_pool_protocol(), aave_v3_math_protocol()})
    {
        CHECK_FALSE(accepts(protocol, "aave-v3.7 pool"));
        CHECK_FALSE(accepts(protocol, "aave-v3.7 math libraries"));
        CHECK_FALSE(accepts(protocol, "aave-v3"));
        CHECK_FALSE(protocol.accepts(json::object()));
        CHECK_FALSE(protocol.accepts(json{{"protocol", 3}}));
    }
}

TEST_CASE("aave v3 replay: a wrong recording is noticed", "[tools][replay][aave_v3]")
{
    auto replayer = aave_v3_math_protocol().create();
    replayer->start(json::parse(R"({"setup":{"strategies":[]}})"));
    Comparison comparison;
    const auto run = [&](const char* line) { replayer->operation(json::parse(line), comparison); };
    run(R"({"fn":"rayMul","in":["2","500000000000000000000000000"],"ok":true,"out":["1"]})");
    CHECK(comparison.mismatches() == 0);
    run(R"({"fn":"rayMul","in":["2","500000000000000000000000000"],"ok":true,"out":["2"]})");
    CHECK(comparison.mismatches() == 1);
    run(R"({"fn":"rayDiv","in":["2","0"],"ok":false,"revert":{"kind":"Panic","code":"0x12"}})");
    CHECK(comparison.mismatches() == 2);
    CHECK_THROWS_AS(
        run(R"({"fn":"cube","in":["2"],"ok":true,"out":["8"]})"), std::invalid_argument);
    CHECK_THROWS_AS(
        run(R"({"fn":"rayMul","in":["x","1"],"ok":true,"out":["2"]})"), std::invalid_argument);
    CHECK_THROWS_AS(run(R"({"fn":"rayMul"})"), std::invalid_argument);
}
