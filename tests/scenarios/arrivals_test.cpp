#include "actors/simulation.hpp"
#include "contracts/kit/token.hpp"
#include "scenarios/lint.hpp"
#include "scenarios/run.hpp"
#include "state/kept_checkpoint.hpp"
#include "tests/support/catch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

using namespace runnel;
using namespace runnel::scenarios;

namespace
{
/// People who pay each other, a desk that pays newcomers, and newcomers who do as the others.
constexpr std::string_view town = R"(
[scenario]
blocks = 60
[chain]
checkpoint_interval = 5
[tokens.A]
[accounts.desk]
funds = { ETH = 100, A = 10_000 }
[agents.old]
strategy = "payer"
count = 4
funds = { ETH = 1, A = 100 }
token = "A"
payees = "young"
amount = 1
interval = 12
[agents.young]
strategy = "payer"
count = 30
funds = { ETH = { uniform = [0.5, 1] }, A = { uniform = [10, 20] } }
token = "A"
amount = 1
interval = 24
funded_by = "desk"
)";
const std::string at_random = "arrive = \"2m\"\narrivals_per_day = 5_000\n";

tl::expected<Scenario, ScenarioError> parse(
    const std::string& rest, const std::vector<Override>& overrides = {})
{
    return parse_scenario(std::string{town} + rest, "town.toml", ".", overrides);
}

Scenario scenario_of(const std::string& rest, const std::vector<Override>& overrides = {})
{
    auto scenario = parse(rest, overrides);
    if (!scenario)
        FAIL(scenario.error().message);
    return std::move(*scenario);
}

SimulationSetup setup_of(const Scenario& scenario)
{
    auto setup = make_simulation(scenario);
    if (!setup)
        FAIL(setup.error().message);
    return std::move(*setup);
}

struct Recorder : BlockSink
{
    void append(std::shared_ptr<const FinishedBlock> block) override
    {
        for (const auto& account : block->accounts)
            accounts.push_back(account);
        for (const auto& transaction : block->transactions)
            senders[block->header.number].push_back(transaction.sender);
    }
    void checkpoint(std::uint64_t block_number, CheckpointSource& parts) override
    {
        checkpoints.emplace(block_number, keep(parts));
    }
    void finish() override {}

    std::vector<NewAccount> accounts;
    std::map<std::uint64_t, std::vector<AccountId>> senders;
    std::map<std::uint64_t, KeptParts> checkpoints;
};

struct Outcome
{
    SimulationResult result;
    ScriptReport report;
};

Outcome run(const Scenario& scenario, SimulationOptions options = {},
    std::shared_ptr<CheckpointSource> from = nullptr)
{
    auto setup = setup_of(scenario);
    const auto comparison = std::make_shared<ScriptComparison>(scenario.script);
    setup.script_observer = comparison;
    setup.resume_from = std::move(from);
    auto result = run_simulation(std::move(setup), options);
    REQUIRE(result.error == "");
    return {std::move(result), comparison->report()};
}

/// The blocks in which the wallets of the one group that arrives do.
std::vector<std::uint64_t> arrivals_of(const Scenario& scenario, std::string_view group = "young")
{
    std::vector<std::uint64_t> blocks;
    const auto setup = setup_of(scenario);
    for (const auto& candidate : setup.groups)
    {
        if (candidate.name == group)
        {
            for (const auto& arrival : candidate.arrivals)
                blocks.push_back(arrival.block);
        }
    }
    return blocks;
}

std::vector<std::string> warnings_of(const Scenario& scenario)
{
    std::vector<std::string> codes;
    for (const auto& warning : find_warnings(scenario, setup_of(scenario)))
        codes.push_back(warning.code + ":" + warning.subject);
    return codes;
}
}  // namespace

TEST_CASE("arrivals: wallets come with a payment of their funds, and act", "[scenarios][arrivals]")
{
    const auto scenario = scenario_of("arrive = \"2m\"\n");
    CHECK(warnings_of(scenario).empty());
    const auto setup = setup_of(scenario);
    const auto known = setup.world->account_count();
    CHECK_FALSE(setup.world->find_account("young/0"));
    Recorder recorder;
    SimulationOptions options;
    options.sink = &recorder;
    const auto [result, report] = run(scenario, options);
    CHECK(report.not_arrived == std::vector<std::string>{});
    CHECK(report.arrived == 30);

    // Ids follow the order of their numbers; who they are is what the scenario calls them.
    REQUIRE(recorder.accounts.size() == 30);
    const auto& world = *result.world;
    for (std::uint32_t number = 0; number < 30; ++number)
    {
        const auto& account = recorder.accounts[number];
        const auto name = fmt::format("young/{}", number);
        CHECK(account.id == AccountId{static_cast<std::uint32_t>(known + number)});
        CHECK(account.name == name);
        CHECK(account.address == address_of_name(name));
        CHECK(account.role == "wallet");
        CHECK(account.strategy == "payer");
        CHECK(account.origin.block == 10);
        CHECK(account.origin.transaction == number);
        CHECK(world.account_states.get(account.id).nonce > 0);
    }
    // Nobody acts before the block after.
    for (const auto& [block, senders] : recorder.senders)
    {
        const auto acts = std::any_of(senders.begin(), senders.end(),
            [&](AccountId sender) { return index(sender) >= known; });
        CHECK((block > 10 || !acts));
    }
    // What they got the desk has paid, to the last unit: supplies are what they were.
    CHECK(world.check_invariants().empty());
    Amount sent;
    for (const auto& arrival : setup.groups[1].arrivals)
    {
        REQUIRE(arrival.funds.size() == 2);
        CHECK(arrival.funds[1].second >= Amount::power_of_ten(19));
        CHECK(arrival.funds[1].second <= wrapping_mul(Amount::power_of_ten(19), 2));
        sent = wrapping_add(sent, arrival.funds[1].second);
    }
    const auto desk = *world.find_account("desk");
    CHECK(contracts::token_at(world, ContractId{1}).holding(desk) ==
          wrapping_sub(wrapping_mul(Amount::power_of_ten(18), 10'000), sent));
    // The others, who pay newcomers, had nobody to pay until then.
    CHECK(recorder.senders.count(9) == 0);
    CHECK(world.account_states.get(*world.find_account("old/0")).nonce > 20);
}

TEST_CASE(
    "arrivals: one chain for any workers and cohorts, interrupted or not", "[scenarios][arrivals]")
{
    const auto scenario = scenario_of(at_random);
    const auto arrivals = arrivals_of(scenario);
    // At some checkpoints nobody has come, at some a few, at some most.
    CHECK(arrivals.front() > 10);
    CHECK(arrivals[10] < 40);
    Recorder whole;
    SimulationOptions options;
    options.sink = &whole;
    const auto expected = run(scenario, options);
    CHECK(expected.report.not_arrived == std::vector<std::string>{});
    for (const auto workers : {1U, 2U, 8U})
    {
        for (const auto cohort_size : {1U, 7U, 2'048U})
        {
            SimulationOptions other;
            other.workers = workers;
            other.cohort_size = cohort_size;
            other.replicas = cohort_size == 7 ? 2 : 1;
            other.forget_accesses = cohort_size == 1 ? 0.3 : 0;
            CHECK(run(scenario, other).result.head_hash == expected.result.head_hash);
        }
    }
    REQUIRE(whole.checkpoints.size() == 12);
    std::uint32_t cohort_size = 1;
    for (const auto& [number, parts] : whole.checkpoints)
    {
        CAPTURE(number);
        if (number == scenario.blocks)
            break;  // The state alone.
        Recorder rest;
        SimulationOptions other;
        other.workers = 1 + static_cast<unsigned>(number % 3);
        other.cohort_size = cohort_size++;
        other.sink = &rest;
        const auto resumed = run(scenario, other, std::make_shared<KeptSource>(parts));
        CHECK(resumed.result.head_hash == expected.result.head_hash);
        for (const auto& [later, kept] : rest.checkpoints)
            CHECK((kept == whole.checkpoints.at(later)));
    }
}

TEST_CASE("arrivals: they are a Poisson process of its own draws", "[scenarios][arrivals]")
{
    const std::vector<Override> many{{"agents.young.count", "20_000"}, {"scenario.blocks", "7_200"},
        {"accounts.desk.funds.ETH", "20_000"}, {"accounts.desk.funds.A", "400_000"}};
    const auto scenario = scenario_of(at_random, many);
    const auto blocks = arrivals_of(scenario);
    CHECK(std::is_sorted(blocks.begin(), blocks.end()));
    const auto came = std::count_if(
        blocks.begin(), blocks.end(), [](std::uint64_t block) { return block != Arrival::never; });
    // A day but two minutes: 5,000, with a standard deviation of 71.
    CHECK(came > 4'750);
    CHECK(came < 5'250);
    CHECK(warnings_of(scenario).empty());
    CHECK(warnings_of(scenario_of("arrive = \"1h\"\n")) ==
          std::vector<std::string>{"never:agents.young"});
    CHECK(warnings_of(scenario_of("arrive = \"1h\"\narrivals_per_day = 10\n")) ==
          std::vector<std::string>{"never:agents.young"});
    // Squares of the numbers per 100 blocks have their mean and variance alike.
    double sum = 0;
    double squares = 0;
    for (std::uint64_t first = 100; first < 7'100; first += 100)
    {
        const auto in = static_cast<double>(std::count_if(blocks.begin(), blocks.end(),
            [&](std::uint64_t block) { return block >= first && block < first + 100; }));
        sum += in / 70;
        squares += in * in / 70;
    }
    CHECK((squares - sum * sum) / sum > 0.6);
    CHECK((squares - sum * sum) / sum < 1.5);
    // Fewer wallets, an end, or another group change nobody's time.
    auto some = blocks;
    some.resize(30);
    CHECK(arrivals_of(scenario_of(at_random)).size() == 30);
    CHECK(arrivals_of(scenario_of(at_random, {{"scenario.blocks", "7_200"}})) == some);
    auto ended = some;
    std::replace_if(
        ended.begin(), ended.end(), [](std::uint64_t block) { return block > 25; }, Arrival::never);
    CHECK(arrivals_of(scenario_of(
              at_random + "arrive_until = \"5m\"\n", {{"scenario.blocks", "7_200"}})) == ended);
    CHECK(arrivals_of(scenario_of(at_random, {{"scenario.seed", "2"}})) != some);
}

TEST_CASE("arrivals: who does not fit into half a block comes in the next", "[scenarios][arrivals]")
{
    const auto scenario = scenario_of(
        "arrive = \"2m\"\n", {{"agents.young.count", "500"}, {"accounts.desk.funds.ETH", "1_000"}});
    const auto blocks = arrivals_of(scenario);
    CHECK(blocks.front() == 10);
    CHECK(blocks.back() > 11);
    CHECK(blocks.back() < 16);
    const auto outcome = run(scenario);
    CHECK(outcome.report.not_arrived == std::vector<std::string>{});
    CHECK(outcome.report.arrived == 500);
    CHECK(outcome.result.world->find_account("young/499").has_value());
}

TEST_CASE("arrivals: a desk without money is told, before and after", "[scenarios][arrivals]")
{
    const auto scenario = scenario_of("arrive = \"2m\"\n", {{"accounts.desk.funds.A", "100"}});
    CHECK(warnings_of(scenario) == std::vector<std::string>{"underfunded:accounts.desk"});
    const auto outcome = run(scenario);
    CHECK(outcome.report.arrived < 11);
    REQUIRE(outcome.report.not_arrived.size() == 30 - outcome.report.arrived);
    CHECK(outcome.report.not_arrived.front().find("agents.young: the payment that brings young/") !=
          std::string::npos);
    CHECK(outcome.report.not_arrived.front().find("expected success, got a revert") !=
          std::string::npos);
    // Not even its gas: such a payment is not includable.
    const auto poor = scenario_of("arrive = \"2m\"\n", {{"accounts.desk.funds.ETH", "0"}});
    CHECK(run(poor).report.arrived == 0);
    CHECK(warnings_of(poor) == std::vector<std::string>{"underfunded:accounts.desk"});
}

TEST_CASE("arrivals: a script may name who is still to come", "[scenarios][arrivals]")
{
    const auto scenario = scenario_of(
        "arrive = \"2m\"\n"
        R"(
[[script]]
at_block = 3
from = "desk"
calls = [{ contract = "A", call = "transfer", to = "young/7", value = "1 A" }]
expect.balances = { "young/7" = { A = "1 A" }, "young/8" = { A = 0 } }
[[script]]
at_block = 11
from = "desk"
calls = [{ contract = "A", call = "transfer", to = "young/8", value = "1 A" }]
expect.balances = { "young/8" = { A = { at_least = "11 A", at_most = "21 A" } } }
)");
    const auto outcome = run(scenario);
    CHECK(outcome.report.failures == std::vector<std::string>{});
    CHECK(outcome.report.executed == 2);
    CHECK(outcome.report.arrived == 30);
    // He was there first; it changes nothing for him.
    const auto& world = *outcome.result.world;
    CHECK(world.find_account("young/7") < world.find_account("young/0"));
    CHECK(world.account_states.get(*world.find_account("young/7")).nonce > 10);
    Recorder recorder;
    SimulationOptions options;
    options.sink = &recorder;
    options.cohort_size = 4;
    REQUIRE(run(scenario, options).result.head_hash == outcome.result.head_hash);
    for (const auto number : {5U, 10U, 30U})
    {
        const auto resumed =
            run(scenario, {}, std::make_shared<KeptSource>(recorder.checkpoints.at(number)));
        CHECK(resumed.result.head_hash == outcome.result.head_hash);
    }
}

TEST_CASE("arrivals: what a scenario says of them is checked", "[scenarios][arrivals][errors]")
{
    const auto refusal_of = [](const std::string& rest, const std::vector<Override>& overrides = {})
    {
        const auto scenario = parse(rest, overrides);
        if (!scenario)
            return scenario.error().message;
        auto setup = make_simulation(*scenario);
        return setup ? std::string{"none"} : setup.error().message;
    };
    const auto tells = [&](const std::string& rest, const std::vector<Override>& overrides,
                           std::string_view expected)
    {
        const auto told = refusal_of(rest, overrides);
        INFO(told);
        CHECK(told.find(expected) != std::string::npos);
    };
    CHECK(refusal_of(at_random) == "none");
    CHECK(refusal_of("") ==
          "town.toml:24: agents.young.funded_by: expected arrive or arrivals_per_day beside it");
    CHECK(refusal_of("arrive = \"2m\"\narrive_until = \"4m\"\n") ==
          "town.toml:26: agents.young.arrive_until: expected arrivals_per_day beside it");
    CHECK(refusal_of(at_random + "arrive_until = \"2m\"\n") ==
          "town.toml:27: agents.young.arrive_until: expected a time after arrive, 2m, got 2m");
    tells(at_random, {{"agents.young.funded_by", "desc"}},
        "expected the account of [accounts] (desk) that pays the funds of wallets that arrive (did "
        "you mean desk?), got desc");
    tells(at_random, {{"agents.young.count", "100_001"}},
        "expected at most 100000 wallets that arrive in all groups together");
    tells(at_random + R"([contracts.oracle]
kind = "price_oracle"
keeper = "young/0"
prices = { A = { price = 1 } }
)",
        {}, "the wallets of this group arrive later");
    tells(at_random + R"([[script]]
at_block = 20
from = "young/0"
calls = [{ contract = "A", call = "transfer", to = "desk", value = "1 A" }]
)",
        {}, "script[0].from: expected an account that block 0 has");

    // What is written out gives the same run; where nobody arrives no key is left.
    const auto scenario = scenario_of(at_random + "arrive_until = \"6m\"\n");
    const auto again = parse_scenario(scenario.resolved_text, "town", ".", {});
    REQUIRE(again.has_value());
    CHECK(again->resolved_text == scenario.resolved_text);
    CHECK(arrivals_of(*again) == arrivals_of(scenario));
    const auto old = scenario.resolved_text.find("[agents.old]");
    const auto young = scenario.resolved_text.find("[agents.young]");
    CHECK(scenario.resolved_text.substr(old, young - old).find("arriv") == std::string::npos);
}
