#include "actors/checkpoint.hpp"
#include "scenarios/run.hpp"
#include "state/kept_checkpoint.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <map>
#include <random>
#include <set>

using namespace runnel;
using namespace runnel::scenarios;

namespace
{
constexpr std::uint64_t interval = 40;

/// A shipped scenario, short, with a crash of prices in the middle where there are prices.
Scenario shipped(const std::string& name, std::uint64_t blocks)
{
    std::vector<Override> overrides{{"scenario.blocks", std::to_string(blocks)},
        {"chain.checkpoint_interval", std::to_string(interval)}};
    if (name == "black_thursday")
    {
        overrides.push_back({"events.early_crash.at_block", std::to_string(blocks / 2)});
        overrides.push_back({"events.early_crash.action", "price_shock"});
        overrides.push_back({"events.early_crash.token", "WETH"});
        overrides.push_back({"events.early_crash.factor", "0.6"});
    }
    auto scenario = load_scenario(RUNNEL_SOURCE_DIR "/scenarios/" + name + ".toml", overrides);
    if (!scenario)
        FAIL(scenario.error().message);
    return std::move(*scenario);
}

struct Recorder : BlockSink
{
    void append(std::shared_ptr<const FinishedBlock> block) override
    {
        for (const auto& event : block->events)
            events.insert(event.type->name);
    }
    void checkpoint(std::uint64_t block_number, CheckpointSource& parts) override
    {
        checkpoints.emplace(block_number, keep(parts));
    }
    void finish() override {}

    std::set<std::string_view> events;
    std::map<std::uint64_t, KeptParts> checkpoints;
};

SimulationResult run(const Scenario& scenario, unsigned workers, std::uint32_t cohort_size,
    Recorder& recorder, std::shared_ptr<CheckpointSource> from = nullptr)
{
    auto setup = make_simulation(scenario);
    if (!setup)
        FAIL(setup.error().message);
    setup->resume_from = std::move(from);
    SimulationOptions options;
    options.workers = workers;
    options.cohort_size = cohort_size;
    options.sink = &recorder;
    return run_simulation(std::move(*setup), options);
}

/// Loads the parts into a scenario's cohorts and saves them again; nothing if they are refused.
std::optional<KeptParts> load_and_save(
    const Scenario& scenario, const KeptParts& parts, std::uint32_t cohort_size)
{
    auto setup = make_simulation(scenario);
    auto groups = actors::make_cohorts(*setup, cohort_size);
    auto mempool = std::make_shared<Mempool>(setup->mempool);
    KeptSource source{parts};
    auto head = actors::load_checkpoint(source, *setup->world, *mempool, groups);
    if (!head)
        return std::nullopt;
    actors::CheckpointWriter writer{
        *head, std::shared_ptr<const World>{std::move(setup->world)}, mempool, std::move(groups)};
    return keep(writer);
}
}  // namespace

TEST_CASE("resume: every strategy thinks on where it stopped", "[scenarios][resume]")
{
    const std::string name = GENERATE("payments", "market_day", "black_thursday");
    CAPTURE(name);
    const auto scenario = shipped(name, 5 * interval - 7);
    Recorder whole;
    const auto expected = run(scenario, 2, 2'048, whole);
    REQUIRE(expected.error.empty());
    REQUIRE(whole.checkpoints.size() == 4);
    if (name == "black_thursday")
        CHECK(whole.events.count("LiquidationCall") == 1);  // The crash woke everybody up.
    std::uint32_t cohort_size = 5;
    for (const auto& [number, parts] : whole.checkpoints)
    {
        CAPTURE(number, cohort_size);
        const auto again = load_and_save(scenario, parts, cohort_size);
        REQUIRE(again.has_value());
        CHECK((*again == parts));
        Recorder rest;
        const auto actual =
            run(scenario, 1, cohort_size, rest, std::make_shared<KeptSource>(parts));
        REQUIRE(actual.error.empty());
        REQUIRE(actual.head_hash == expected.head_hash);
        for (const auto& [later, other] : rest.checkpoints)
            CHECK((other == whole.checkpoints.at(later)));
        cohort_size *= 13;
    }
}

TEST_CASE("resume: every ordering goes on wherever a run was cut", "[scenarios][resume][ordering]")
{
    // With searchers who watch, bundles that wait, censored ones, and commitments half revealed.
    const std::string ordering =
        GENERATE("priority_fee", "fifo", "random", "bundles", "builders", "commit_reveal");
    CAPTURE(ordering);
    const auto scenario = load_scenario(RUNNEL_SOURCE_DIR "/scenarios/ordering_policies.toml",
        {{"scenario.blocks", "61"}, {"chain.checkpoint_interval", "3"},
            {"chain.ordering", ordering}, {"chain.inclusion_list_gas", "1_000_000"},
            {"agents.noise_trader.count", "600"}, {"chain.block_gas_limit", "2_000_000"}});
    if (!scenario)
        FAIL(scenario.error().message);
    Recorder whole;
    const auto expected = run(*scenario, 2, 2'048, whole);
    REQUIRE(expected.error.empty());
    REQUIRE(whole.checkpoints.size() == 20);
    CHECK(whole.events.contains("BidTrace") == (ordering == "builders"));
    std::uint32_t cohort_size = 1;
    for (const auto& [number, parts] : whole.checkpoints)
    {
        CAPTURE(number, cohort_size);
        Recorder rest;
        const auto actual = run(
            *scenario, cohort_size % 8 + 1, cohort_size, rest, std::make_shared<KeptSource>(parts));
        REQUIRE(actual.error.empty());
        REQUIRE(actual.head_hash == expected.head_hash);
        for (const auto& [later, other] : rest.checkpoints)
            CHECK((other == whole.checkpoints.at(later)));
        cohort_size = cohort_size * 13 % 1'009;
    }
}

TEST_CASE("resume: a group's parameters change once, wherever a run was cut", "[scenarios][resume]")
{
    // Changes right behind a checkpoint, right before one, and two of one group.
    auto overrides = std::vector<Override>{{"scenario.blocks", "193"},
        {"chain.checkpoint_interval", std::to_string(interval)}, {"events.calm.at_block", "41"},
        {"events.calm.action", "group_set"}, {"events.calm.group", "noise_trader"},
        {"events.calm.parameters",
            "{ interval = 36_000, retries = 0, slippage_bps = 50, max_fee = 40 }"},
        {"events.again.at_block", "121"}, {"events.again.action", "group_set"},
        {"events.again.group", "noise_trader"}, {"events.again.parameters", "{ interval = 600 }"},
        {"events.bold.at_block", "80"}, {"events.bold.action", "group_set"},
        {"events.bold.group", "arbitrageur"}, {"events.bold.parameters", "{ profit_min = 0.5 }"}};
    const auto scenario = load_scenario(RUNNEL_SOURCE_DIR "/scenarios/market_day.toml", overrides);
    if (!scenario)
        FAIL(scenario.error().message);
    Recorder whole;
    const auto expected = run(*scenario, 2, 2'048, whole);
    REQUIRE(expected.error.empty());
    std::uint32_t cohort_size = 3;
    for (const auto& [number, parts] : whole.checkpoints)
    {
        CAPTURE(number, cohort_size);
        Recorder rest;
        const auto actual =
            run(*scenario, 1, cohort_size, rest, std::make_shared<KeptSource>(parts));
        REQUIRE(actual.error.empty());
        CHECK(actual.head_hash == expected.head_hash);
        for (const auto& [later, other] : rest.checkpoints)
            CHECK((other == whole.checkpoints.at(later)));
        cohort_size *= 13;
    }

    // Each change changes the chain, from its block on.
    for (const auto* name : {"calm", "again", "bold"})
    {
        auto without = overrides;
        std::erase_if(without, [&](const Override& change)
            { return change.path.starts_with(std::string{"events."} + name + "."); });
        const auto other = load_scenario(RUNNEL_SOURCE_DIR "/scenarios/market_day.toml", without);
        Recorder recorder;
        const auto result = run(*other, 2, 2'048, recorder);
        CAPTURE(name);
        REQUIRE(result.error.empty());
        CHECK(result.transactions != expected.transactions);
    }
}

// Method: bytes of what cohorts load are altered, cut off and lengthened at random places, with a
// fixed seed. Nothing may be read or written out of bounds; the sanitizers watch.
TEST_CASE("resume: hostile wallet states are refused or harmless", "[scenarios][resume][property]")
{
    const auto scenario = shipped("black_thursday", 2 * interval);
    Recorder recorder;
    REQUIRE(run(scenario, 2, 2'048, recorder).error.empty());
    const auto parts = recorder.checkpoints.at(interval);
    auto setup = make_simulation(scenario);
    std::mt19937_64 random{20'260'301};
    unsigned refused = 0;
    unsigned tried = 0;
    for (const auto& [name, content] : parts)
    {
        if (name != "wallets" && name != "shared")
            continue;
        for (int i = 0; i < 5; ++i)
        {
            auto spoilt = content;
            const auto at = random() % spoilt.size();
            switch (random() % 4)
            {
                case 0: spoilt.resize(at); break;
                case 1: spoilt.push_back(static_cast<std::uint8_t>(random())); break;
                case 2: spoilt[at] = 0xFF; break;
                default: spoilt[at] ^= static_cast<std::uint8_t>(1U << random() % 8); break;
            }
            const auto groups = actors::make_cohorts(*setup, 64);
            Mempool mempool{setup->mempool};
            KeptSource source{{parts.front(), {name, spoilt}}};
            // It is never whole, so it is always refused, but some of it is loaded first.
            CHECK_FALSE(
                actors::load_checkpoint(source, *setup->world, mempool, groups).has_value());
            ++tried;
            auto all = parts;
            std::find_if(
                all.begin(), all.end(), [&](const auto& part) { return part.second == content; })
                ->second = spoilt;
            if (i == 0)
                refused += load_and_save(scenario, all, 64) ? 0 : 1;
        }
    }
    CHECK(tried >= 40);
    CHECK(refused > 0);
}

// A part of the state behind what somebody else wrote is another checkpoint than the one that was
// made, even if everything in it would be found.
TEST_CASE("resume: parts in another order are refused", "[scenarios][resume]")
{
    const auto scenario = shipped("payments", 2 * interval);
    Recorder recorder;
    REQUIRE(run(scenario, 2, 2'048, recorder).error.empty());
    auto parts = recorder.checkpoints.at(interval);
    REQUIRE(load_and_save(scenario, parts, 64).has_value());
    const auto last_state = std::find_if(parts.rbegin(), parts.rend(),
        [](const auto& part) { return part.first == state_part_name; });
    REQUIRE(last_state != parts.rend());
    REQUIRE(last_state != parts.rbegin());
    std::swap(*last_state, *(last_state - 1));
    CHECK_FALSE(load_and_save(scenario, parts, 64).has_value());
}

TEST_CASE("resume: a story goes on in the middle of it", "[scenarios][resume]")
{
    const std::string name =
        GENERATE("liquidation_by_hand", "sandwich_by_hand", "bzx_february_2020");
    CAPTURE(name);
    const auto scenario = load_scenario(
        RUNNEL_SOURCE_DIR "/scenarios/" + name + ".toml", {{"chain.checkpoint_interval", "1"}});
    if (!scenario)
        FAIL(scenario.error().message);
    Recorder whole;
    const auto expected = run(*scenario, 2, 2'048, whole);
    REQUIRE(expected.error.empty());
    REQUIRE(whole.checkpoints.size() == scenario->blocks);
    for (const auto& [number, parts] : whole.checkpoints)
    {
        CAPTURE(number);
        Recorder rest;
        const auto actual = run(*scenario, 1, 2'048, rest, std::make_shared<KeptSource>(parts));
        REQUIRE(actual.error.empty());
        CHECK(actual.head_hash == expected.head_hash);
    }
}
