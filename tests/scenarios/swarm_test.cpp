#include "scenarios/swarm.hpp"

#include "scenarios/scenario.hpp"
#include "tests/support/catch.hpp"

#include <map>
#include <string>

using namespace runnel;
using namespace runnel::scenarios;

namespace
{
tl::expected<Scenario, ScenarioError> parse(const SwarmPlan& plan)
{
    return parse_scenario(to_toml(plan), "drawn.toml", ".", {});
}

std::size_t size_of(const SwarmPlan& plan)
{
    const auto troubles = (plan.loss > 0) + (plan.duplication > 0) + (plan.reordering > 0) +
                          (plan.clock_drift_ppm > 0) + (plan.jitter_share > 0);
    return plan.nodes() + plan.blocks + plan.groups.size() + plan.faults.size() + plan.payers +
           plan.coin_payers + plan.regions.size() + plan.protocol.size() +
           (plan.is_signed ? 1 : 0) + (plan.own_mempools ? 1 : 0) +
           (plan.transaction_delay_ms > 0 ? 1 : 0) + static_cast<std::size_t>(troubles);
}
}  // namespace

TEST_CASE("swarm: what is drawn is a scenario, and says all that was drawn", "[scenarios][swarm]")
{
    std::map<std::string, int> engines;
    int partitions = 0;
    int forgetful = 0;
    int delayed = 0;
    for (std::uint64_t seed = 0; seed < 200; ++seed)
    {
        CAPTURE(seed);
        const auto plan = draw_swarm_plan(seed);
        const auto scenario = parse(plan);
        if (!scenario)
            FAIL(scenario.error().message);
        ++engines[plan.engine];
        const auto& setup = scenario->consensus;
        REQUIRE(to_string(setup.engine) == plan.engine);
        REQUIRE(scenario->seed == seed);
        REQUIRE(scenario->blocks == plan.blocks);
        REQUIRE(setup.nodes == plan.nodes());
        REQUIRE(setup.groups.size() == plan.groups.size() + 1);
        REQUIRE(setup.network.loss == plan.loss);
        REQUIRE(setup.own_mempools == plan.own_mempools);
        REQUIRE(setup.transaction_delay == plan.transaction_delay_ms * one_millisecond);
        delayed += plan.transaction_delay_ms > 0 ? 1 : 0;
        REQUIRE((scenario->chain.signatures != SignatureScheme::none) == plan.is_signed);
        REQUIRE(setup.faults.size() == plan.faults.size());
        for (std::size_t i = 0; i < plan.faults.size(); ++i)
        {
            const auto& fault = plan.faults[i];
            REQUIRE(setup.faults[i].from == fault.from * one_millisecond);
            REQUIRE(setup.faults[i].until == fault.until * one_millisecond);
            REQUIRE(setup.faults[i].keeps_memory == fault.keeps_memory);
            partitions += fault.share > 0 ? 1 : 0;
            forgetful += fault.keeps_memory ? 0 : 1;
        }
        REQUIRE(to_toml(draw_swarm_plan(seed)) == to_toml(plan));
    }
    CHECK(engines.size() == 3);
    CHECK(engines["gasper"] > 20);
    CHECK(partitions > 50);
    CHECK(forgetful > 20);
    CHECK(delayed > 40);
    CHECK(to_toml(draw_swarm_plan(1)) != to_toml(draw_swarm_plan(2)));
}

TEST_CASE("swarm: whatever is left out leaves a scenario, a smaller one", "[scenarios][swarm]")
{
    for (std::uint64_t seed = 0; seed < 30; ++seed)
    {
        const auto plan = draw_swarm_plan(seed);
        const auto smaller = smaller_plans(plan);
        REQUIRE(!smaller.empty());
        for (std::size_t i = 0; i < smaller.size(); ++i)
        {
            CAPTURE(seed, i, to_toml(smaller[i]));
            const auto scenario = parse(smaller[i]);
            if (!scenario)
                FAIL(scenario.error().message);
            const bool pays_less = smaller[i].pay_every > plan.pay_every;
            REQUIRE((pays_less || size_of(smaller[i]) < size_of(plan)));
        }
    }
}
