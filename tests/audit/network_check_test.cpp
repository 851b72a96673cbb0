#include "audit/network_check.hpp"

#include "scenarios/scenario.hpp"
#include "tests/support/catch.hpp"

#include <string>

using namespace runnel;
using namespace runnel::audit;

namespace
{
ConsensusSetup network(const std::string& engine, const std::string& rest)
{
    const auto text =
        "[scenario]\ntitle = \"A network\"\nseed = 1\nblocks = 10\nslot_seconds = 4\n"
        "[network]\nlatency_ms = 50\nfan_out = 31\n[consensus]\nengine = \"" +
        engine + "\"\n" + rest;
    auto scenario = scenarios::parse_scenario(text, "network.toml", ".", {});
    if (!scenario)
        FAIL(scenario.error().message);
    return scenario->consensus;
}

std::string groups(int honest, int liars, const std::string& strategy)
{
    return "[consensus.groups.honest]\ncount = " + std::to_string(honest) +
           "\n[consensus.groups.liars]\ncount = " + std::to_string(liars) + "\nstrategy = \"" +
           strategy + "\"\n";
}
}  // namespace

TEST_CASE("a network without liars keeps its promises", "[audit][network]")
{
    for (const std::string engine : {"bft", "gasper", "pow"})
    {
        CAPTURE(engine);
        const auto check = check_network(network(engine,
                                             "[consensus.groups.honest]\ncount = 12\n"
                                             "[faults.cut]\nkind = \"partition\"\nfrom = \"10s\"\n"
                                             "until = \"40s\"\nshares = [0.5, 0.5]\n"),
            1);
        CHECK(check.failure.empty());
        CHECK(check.must_be_safe);
        CHECK(check.must_go_on);
        CHECK(check.blocks > 10);
        CHECK(check.conflicts == 0);
    }
}

TEST_CASE("with too many liars blocks conflict, and that is theirs", "[audit][network]")
{
    auto setup =
        network("bft", "[consensus.bft]\ngossip_peers = 31\n" + groups(20, 11, "equivocating"));
    const auto above = check_network(setup, 1);
    CHECK(above.failure.empty());
    CHECK(!above.must_be_safe);
    CHECK(above.conflicts > 0);
    const auto below = check_network(network("bft", groups(21, 10, "equivocating")), 1);
    CHECK(below.failure.empty());
    CHECK(below.must_be_safe);
    CHECK(below.conflicts == 0);
    CHECK(below.evidence > 0);
}

TEST_CASE("a chain that stands still fails, unless too many are away", "[audit][network]")
{
    const auto third = check_network(network("bft", groups(8, 4, "offline")), 1);
    CHECK(third.failure.empty());
    CHECK(!third.must_go_on);
    CHECK(third.blocks == 0);
    // Everybody goes home.
    const auto gone = check_network(
        network("pow",
            "[consensus.groups.miners]\ncount = 6\nmines_until = \"2h\"\n[faults.late]\nkind = "
            "\"outage\"\nnode = 0\nfrom = \"2h\"\nuntil = \"3h\"\n"),
        1);
    CHECK(gone.failure.substr(0, 9) == "liveness:");
    CHECK(gone.blocks > 2);
}

TEST_CASE("quorums of one half are found", "[audit][network]")
{
    std::string found;
    for (std::uint64_t seed = 1; seed <= 20 && found.empty(); ++seed)
    {
        auto setup = network("bft", groups(7, 3, "equivocating"));
        setup.bft.broken.quorum = {1, 2};
        found = check_network(setup, seed).failure;
    }
    CHECK(found.substr(0, 7) == "safety:");
}
