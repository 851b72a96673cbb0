#include "actors/simulation.hpp"
#include "contracts/kit/creation.hpp"
#include "scenarios/run.hpp"
#include "state/kept_checkpoint.hpp"
#include "tests/support/catch.hpp"

#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

using namespace runnel;
using namespace runnel::scenarios;

namespace
{
/// A pool of 1,200 A and 400 B, as in the pair's own tests, and two people.
constexpr std::string_view pool_of_a_and_b = R"(
[scenario]
blocks = 4
[tokens.A]
[tokens.B]
[tokens.C]
decimals = 6
[contracts.factory]
kind = "uniswap_v2_factory"
[contracts.router]
kind = "uniswap_v2_router"
factory = "factory"
[contracts.ab]
kind = "uniswap_v2_pair"
factory = "factory"
token0 = "A"
token1 = "B"
amount0 = "1_200 A"
amount1 = "400 B"
[accounts.alice]
funds = { ETH = 1, A = 10 }
[accounts.bob]
funds = { ETH = "1 ether", C = 0.1 }
)";

constexpr std::string_view swap_of_three = R"(
[[script]]
at_block = 1
from = "alice"
calls = [
  { contract = "A", call = "approve", spender = "router", value = "3 A" },
  { contract = "router", call = "swapExactTokensForTokens", amount_in = "3 A", amount_out_min = 0, path = ["A", "B"], to = "alice", deadline = "1h" },
]
)";

tl::expected<Scenario, ScenarioError> parse(
    const std::string& script, const std::vector<Override>& overrides = {})
{
    return parse_scenario(std::string{pool_of_a_and_b} + script, "story.toml", ".", overrides);
}

std::string error_of(const std::string& script)
{
    auto scenario = parse(script);
    if (!scenario)
        return scenario.error().message;
    auto setup = make_simulation(*scenario);
    return setup ? std::string{"none"} : setup.error().message;
}

struct Outcome
{
    SimulationResult result;
    ScriptReport report;
};

struct Checkpoints : BlockSink
{
    void append(std::shared_ptr<const FinishedBlock>) override {}
    void checkpoint(std::uint64_t block_number, CheckpointSource& parts) override
    {
        if (block_number == wanted)
            kept = keep(parts);
    }
    void finish() override {}
    std::uint64_t wanted = 0;
    KeptParts kept;
};

Outcome run(const Scenario& scenario, unsigned workers = 1, BlockSink* sink = nullptr,
    std::shared_ptr<CheckpointSource> from = nullptr)
{
    auto setup = make_simulation(scenario);
    if (!setup)
        FAIL(setup.error().message);
    const auto comparison = std::make_shared<ScriptComparison>(scenario.script, scenario.created);
    setup->script_observer = comparison;
    setup->resume_from = std::move(from);
    SimulationOptions options;
    options.workers = workers;
    options.cohort_size = 3;
    options.sink = sink;
    auto result = run_simulation(std::move(*setup), options);
    REQUIRE(result.error.empty());
    return {std::move(result), comparison->report()};
}

/// What of a script does not hold.
std::vector<std::string> failures_of(const std::string& script)
{
    const auto scenario = parse(script);
    if (!scenario)
        FAIL(scenario.error().message);
    return run(*scenario).report.failures;
}
}  // namespace

TEST_CASE("A scripted swap gives what the formula says")
{
    const auto scenario =
        parse(std::string{swap_of_three} +
              R"(expect.balances.alice = { B = "0.994521156018623580 B", A = 7_000000000000000000 }
expect.state = [{ contract = "ab", row = "DexPool", token = "A", reserve = "1203 A" }]
expect.returns = ["3 A", "994521156018623580"]
expect.events = [
  { contract = "A", event = "Transfer", from_address = "alice", to_address = "ab", value = "3 A" },
  { contract = "ab", event = "Swap", amount0_in = "3 A", amount1_out = { at_least = "0.99 B", at_most = "1 B" }, to_address = "alice" },
]
)");
    if (!scenario)
        FAIL(scenario.error().message);
    const auto outcome = run(*scenario);
    CHECK(outcome.report.failures == std::vector<std::string>{});
    CHECK(outcome.report.executed == 1);
    CHECK(outcome.report.expectations == 8);
    CHECK(outcome.result.transactions == 1);
}

TEST_CASE("A line says why it is sent, for the record beside the chain")
{
    const auto told = parse(std::string{swap_of_three} +
                            R"(purpose = "attack"
incident = 3
stolen_token = "B"
stolen = "0.5 B"
controller = "bob"
)");
    const auto plain = parse(swap_of_three.data());
    REQUIRE((told && plain));
    auto setup = make_simulation(*told);
    REQUIRE(setup);
    const auto head = setup->script.head_of(1, 0, 12, *setup->world);
    REQUIRE(head.transactions.size() == 1);
    const auto& motive = head.transactions[0].motive;
    CHECK(motive.purpose == Purpose::attack);
    CHECK(motive.incident == 3);
    CHECK(setup->world->contract(motive.token).name() == "B");
    CHECK(motive.stolen == Amount{500'000'000'000'000'000});
    CHECK(motive.controller == setup->world->find_account("bob"));
    // A scenario that does not say it is what it was before.
    CHECK(plain->resolved_text.find("purpose") == std::string::npos);
    const auto again = parse_scenario(told->resolved_text, "resolved.toml", ".", {});
    REQUIRE(again);
    CHECK(again->script[0].motive.stolen == motive.stolen);
    CHECK(error_of(std::string{swap_of_three} + "controller = \"nobody\"\n") ==
          "story.toml:25: script[0]: controller: expected an account, got \"nobody\"");
    CHECK(error_of(std::string{swap_of_three} + "stolen = 5\n") ==
          "story.toml:32: script[0].stolen: expected stolen_token beside it, got nothing");
    CHECK_THAT(error_of(std::string{swap_of_three} + "incident = 17_000_000\n"),
        Catch::Contains("script[0].incident"));
    CHECK_THAT(error_of(std::string{swap_of_three} + "purpose = \"greed\"\n"),
        Catch::Contains("expected one of unstated, payment, trade"));
}

TEST_CASE("What does not hold is told with line, key, what was expected and what came")
{
    CHECK(failures_of(std::string{swap_of_three} + "expect.balances.alice.B = \"1 B\"\n") ==
          std::vector<std::string>{
              "story.toml:32: script[0].expect.balances.alice.B: expected 1 B, got "
              "0.99452115601862358 B (block 1)"});
    CHECK(failures_of(std::string{swap_of_three} + "expect.reverts = \"UniswapV2: K\"\n") ==
          std::vector<std::string>{"story.toml:32: script[0].expect.reverts: expected a revert: "
                                   "UniswapV2: K, got success (block 1)"});
    CHECK(failures_of(std::string{swap_of_three} +
                      "expect.events = [{ contract = \"ab\", event = \"Mint\" }]\n"
                      "expect.returns = [1]\n"
                      "expect.state = [{ contract = \"ab\", row = \"DexPool\", token = \"B\", "
                      "reserve = \"400 B\" }]\n") ==
          std::vector<std::string>{"story.toml:33: script[0].expect.returns[0]: expected 1, got "
                                   "3000000000000000000 (block 1)",
              "story.toml:32: script[0].expect.events[0]: expected Mint of ab, got none (block 1)",
              "story.toml:34: script[0].expect.state[0].reserve: expected 400 B, got "
              "399.00547884398137642 B (block 1)"});
    // A line without `reverts` must succeed.
    const auto failures = failures_of(R"(
[[script]]
at_block = 2
from = "alice"
calls = [{ contract = "A", call = "transfer", to = "bob", value = "11 A" }]
)");
    REQUIRE(failures.size() == 1);
    CHECK(failures.front() ==
          "story.toml:25: script[0].expect.reverts: expected success, got a revert: "
          "ERC20InsufficientBalance(alice, 10000000000000000000, 11000000000000000000) (block 2)");
}

TEST_CASE("An integer of smallest units is shown in the only unit that it can have")
{
    CHECK(failures_of(std::string{swap_of_three} + "expect.balances.alice = { A = 7 }\n") ==
          std::vector<std::string>{"story.toml:32: script[0].expect.balances.alice.A: expected "
                                   "0.000000000000000007 A, got 7 A (block 1)"});
    CHECK(failures_of(std::string{swap_of_three} + "expect.events = [{ contract = \"A\", event = "
                                                   "\"Transfer\", value = 0 }]\n") ==
          std::vector<std::string>{"story.toml:32: script[0].expect.events[0].value: expected 0 A, "
                                   "got 3 A (block 1)"});
}

TEST_CASE("Of an event that did not come, all that is wrong with the nearest one is told")
{
    const auto failures = failures_of(std::string{swap_of_three} + R"(
expect.events = [
  { contract = "A", event = "Transfer", from_address = "alice", to_address = "bob", value = "4 A" },
]
)");
    CHECK(failures ==
          std::vector<std::string>{
              "story.toml:34: script[0].expect.events[0].to_address: expected bob, got ab; value: "
              "expected 4 A, got 3 A (block 1)"});
    // The right names with a wrong number are nearer than the right number with wrong names.
    const std::string twice = R"(
[[script]]
at_block = 1
from = "alice"
calls = [
  { contract = "A", call = "transfer", to = "bob", value = "1 A" },
  { contract = "A", call = "transfer", to = "ab", value = "2 A" },
]
expect.events = [{ contract = "A", event = "Transfer", to_address = "ab", value = "1 A" }]
)";
    CHECK(failures_of(twice) ==
          std::vector<std::string>{"story.toml:32: script[0].expect.events[0].value: expected 1 A, "
                                   "got 2 A (block 1)"});
}

TEST_CASE("Of a line that reverts against expectation nothing else is told")
{
    CHECK(failures_of(R"(
[[script]]
at_block = 1
from = "alice"
calls = [{ contract = "A", call = "transfer", to = "bob", value = "11 A" }]
expect.balances.bob.A = "11 A"
expect.returns = [1]
expect.events = [{ contract = "A", event = "Transfer" }]
)") == std::vector<std::string>{
           "story.toml:25: script[0].expect.reverts: expected success, got a revert: "
           "ERC20InsufficientBalance(alice, 10000000000000000000, 11000000000000000000) (block "
           "1)"});
}

TEST_CASE("Gas can be expected")
{
    const auto line = [](std::string_view gas)
    {
        return fmt::format(R"(
[[script]]
at_block = 1
from = "bob"
calls = [{{ contract = "ETH", call = "transfer", to = "alice", value = 5 }}]
expect.gas_used = {}
)",
            gas);
    };
    CHECK(failures_of(line("21_000")) == std::vector<std::string>{});
    CHECK(
        failures_of(line("{ at_least = 20_999, at_most = 21_000 }")) == std::vector<std::string>{});
    CHECK(failures_of(line("21_001")) ==
          std::vector<std::string>{"story.toml:29: script[0].expect.gas_used: expected 21001, got "
                                   "21000 (block 1)"});
}

TEST_CASE("An expected revert may be named in full, by its error, or not at all")
{
    const std::string reverts = GENERATE("\"ERC20InsufficientBalance\"", "true",
        "\"ERC20InsufficientBalance(alice, 10000000000000000000, 11000000000000000000)\"");
    CHECK(failures_of(fmt::format(R"(
[[script]]
at_block = 1
from = "alice"
calls = [{{ contract = "A", call = "transfer", to = "bob", value = "11 A" }}]
expect.reverts = {}
)",
              reverts)) == std::vector<std::string>{});
}

TEST_CASE("What a transaction adds to a balance or takes from it can be expected")
{
    // The first line of a block, one behind it, one whose fee cannot be paid, one of a later block.
    const std::string gives = R"(
[[script]]
at_block = 1
name = "the first gift"
from = "alice"
calls = [{ contract = "A", call = "transfer", to = "bob", value = "1 A" }]
expect.gains = { bob = { A = "1 A", B = 0 } }
expect.losses = { alice = { A = "1 A", ETH = { at_least = "1 wei", at_most = "0.1 ETH" } } }
[[script]]
at_block = 1
from = "alice"
max_fee = 1
priority_fee = 1
calls = [{ contract = "A", call = "transfer", to = "bob", value = "5 A" }]
[[script]]
at_block = 1
from = "alice"
calls = [{ contract = "A", call = "transfer", to = "bob", value = "2 A" }]
expect.gains = { bob = { A = "2 A" }, "0x00000000000000000000000000000000000000aa" = { A = 0 } }
[[script]]
at_block = 2
from = "alice"
calls = [{ contract = "A", call = "transfer", to = "0x00000000000000000000000000000000000000aa", value = "3 A" }]
expect.gains = { "0x00000000000000000000000000000000000000aa" = { A = "3 A" }, bob = { A = 0 } }
)";
    const auto only_the_fee = failures_of(gives);
    REQUIRE(only_the_fee.size() == 1);
    CHECK(only_the_fee.front().find("script[1].max_fee: expected at least the base fee") !=
          std::string::npos);

    const std::string wrong = R"(
[[script]]
at_block = 1
name = "a gift"
from = "alice"
calls = [{ contract = "A", call = "transfer", to = "bob", value = "1 A" }]
expect.gains = { bob = { A = "2 A" }, alice = { A = "1 A" } }
expect.losses = { alice = { A = { at_most = "0.5 A" } }, bob = { A = 0 } }
)";
    CHECK(
        failures_of(wrong) ==
        std::vector<std::string>{
            "story.toml:30: script[0] (a gift).expect.gains.alice.A: expected 1 A, got a loss of 1 "
            "A (block 1)",
            "story.toml:30: script[0] (a gift).expect.gains.bob.A: expected 2 A, got 1 A (block 1)",
            "story.toml:31: script[0] (a gift).expect.losses.alice.A: expected 0 A to 0.5 A, got 1 "
            "A (block 1)",
            "story.toml:31: script[0] (a gift).expect.losses.bob.A: expected 0 A, got a gain of 1 "
            "A "
            "(block 1)"});
    CHECK(error_of(std::string{swap_of_three} + "expect.gains.alice.router = 1\n")
              .find("script[0]: gains.alice.router: expected a token, got router") !=
          std::string::npos);
}

TEST_CASE("A deadline that is not given is an hour after the block")
{
    std::string without{swap_of_three};
    const auto at = without.find(", deadline = ");
    REQUIRE(at != std::string::npos);
    without.erase(at, without.find_first_of("},", at + 2) - at);
    const auto scenario = parse(without);
    if (!scenario)
        FAIL(scenario.error().message);
    const auto with = parse(std::string{swap_of_three});
    REQUIRE(with);
    CHECK(scenario->script.front().calls == with->script.front().calls);
}

TEST_CASE("Lines of a block run in the order of the file, others by their block")
{
    // Bob can pass on only what he has got before.
    CHECK(failures_of(R"(
[[script]]
at_block = 2
from = "bob"
calls = [{ contract = "A", call = "transfer", to = "alice", value = "1 A" }]
expect.balances = { bob = { A = 0 }, alice = { A = "10 A" } }
[[script]]
at_block = 1
from = "alice"
calls = [{ contract = "A", call = "transfer", to = "bob", value = "3 A" }]
expect.balances.bob.A = "3 A"
[[script]]
at_block = 1
from = "bob"
calls = [{ contract = "A", call = "transfer", to = "alice", value = "2 A" }]
expect.balances.bob.A = "1 A"
[[script]]
at_block = 9
from = "alice"
calls = [{ contract = "A", call = "transfer", to = "bob", value = "1_000 A" }]
)") == std::vector<std::string>{});
}

TEST_CASE("Arguments may be results of earlier calls, balances, everything, and a time")
{
    const auto script = std::string{swap_of_three} + R"(
[[script]]
at_block = 2
from = "alice"
calls = [
  { contract = "A", call = "approve", spender = "router", value = "max" },
  { contract = "router", call = "swapExactTokensForTokens", amount_in = "2 A", amount_out_min = 0, path = ["A", "B"], to = "alice", deadline = 4102444800 },
  { contract = "B", call = "transfer", to = "0x00000000000000000000000000000000000000aa", value = { result = [1, 1] } },
  { contract = "A", call = "transfer", to = "bob", value = { balance_of = "A" } },
]
expect.balances.alice = { A = 0, B = "994521156018623580" }
expect.balances.bob = { A = "5 A" }
expect.balances.0x00000000000000000000000000000000000000aa = { B = "0.660266295778152309 B" }
[[script]]
at_block = 3
from = "alice"
calls = [{ contract = "router", call = "swapExactTokensForTokens", amount_in = 1, amount_out_min = 0, path = ["A", "B"], to = "alice", deadline = "0s" }]
expect.reverts = true
)";
    CHECK(failures_of(script) == std::vector<std::string>{});
}

TEST_CASE("A line can do what an account may, and pays for it")
{
    const auto scenario = parse(R"(
[[script]]
at_block = 1
from = "bob"
priority_fee = "3 gwei"
calls = [{ contract = "C", call = "transfer", to = "alice", value = "0.1 C" }]
expect.balances.bob = { C = 0, ETH = { at_most = "0.9999 ETH", at_least = "0.9995 ETH" } }
[[script]]
at_block = 2
from = "alice"
max_fee = "1 wei"
priority_fee = "1 wei"
calls = [{ contract = "C", call = "transfer", to = "bob", value = 1 }]
[[script]]
at_block = 3
from = "alice"
gas_limit = 21_500
calls = [{ contract = "C", call = "transfer", to = "bob", value = 1 }]
expect.reverts = "out of gas"
)");
    if (!scenario)
        FAIL(scenario.error().message);
    const auto outcome = run(*scenario);
    // Below the base fee it cannot be in its block.
    REQUIRE(outcome.report.failures.size() == 1);
    CHECK(outcome.report.failures.front().starts_with(
        "story.toml:31: script[1].max_fee: expected at least the base fee, "));
    CHECK(outcome.report.executed == 2);
    CHECK(outcome.result.transactions == 2);
}

TEST_CASE("Mistakes in a script name file, line and key, and what was expected")
{
    const auto line = [](std::string_view rest)
    { return fmt::format("[[script]]\nat_block = 1\nfrom = \"alice\"\n{}\n", rest); };
    const auto call = [&](std::string_view rest)
    { return error_of(line(fmt::format("calls = [{{ {} }}]", rest))); };
    CHECK(call("contract = \"A\", call = \"aprove\", spender = \"router\", value = 1") ==
          "story.toml:27: script[0].calls[0].call: expected a method of erc20 (transfer, approve, "
          "transferFrom, mint, burn) (did you mean approve?), got \"aprove\"");
    CHECK(call("contract = \"A\", call = \"approve\", spendr = \"router\", value = 1") ==
          "story.toml:27: script[0].calls[0].spendr: expected an argument of this call (spender, "
          "value) (did you mean spender?), got an unknown one");
    CHECK(
        call("contract = \"A\", call = \"approve\", spender = \"router\"") ==
        "story.toml:27: script[0].calls[0].value: expected an amount like \"1.5 A\", got nothing");
    CHECK(call("contract = \"A\", call = \"approve\", spender = \"router\", value = \"1 B\"") ==
          "story.toml:27: script[0].calls[0].value: expected an amount in A (did you mean A?), got "
          "\"1 B\"");
    CHECK(call("contract = \"C\", call = \"approve\", spender = \"router\", value = "
               "\"0.0000001 C\"") ==
          "story.toml:27: script[0].calls[0].value: expected at most 6 decimals of C, got "
          "\"0.0000001 C\"");
    CHECK(call("contract = \"A\", call = \"approve\", spender = \"routr\", value = 1") ==
          "story.toml:24: script[0]: expected an account of [accounts], a group, a token, a "
          "contract or an address, got \"routr\"");
    CHECK(call("contract = \"pool\", call = \"approve\"")
              .starts_with("story.toml:27: script[0].calls[0].contract: expected a token or a "
                           "contract (ETH, A, B, C, ab, factory, router)"));
    CHECK(error_of(line("calls = []\nexpect.balance = {}"))
              .starts_with("story.toml:28: script[0].expect.balance: expected a key of expect"));
    CHECK(error_of(line("calls = []\nexpect.balances.alice.D = 1"))
              .starts_with("story.toml:28: script[0].expect.balances.alice.D: expected a token"));
    CHECK(error_of(line("calls = []\nexpect.events = [{ contract = \"A\", event = \"Transfr\" }]"))
              .find("(did you mean Transfer?)") != std::string::npos);
    CHECK(error_of(line("cals = []"))
              .starts_with("story.toml:27: script[0].cals: expected a key of script[0] (did you "
                           "mean calls?)"));
    CHECK(error_of("[[script]]\nat_block = 1\nfrom = \"alcie\"\ncalls = []\n") ==
          "story.toml:26: script[0].from: expected an account of [accounts] (alice, bob) or "
          "GROUP/NUMBER (did you mean alice?), got \"alcie\"");
    CHECK(error_of(line("calls = []\ngas_limit = 30_000_001")).find("gas limits fit together") !=
          std::string::npos);
    CHECK(error_of("script = 5\n").find("script: expected") != std::string::npos);
    CHECK(error_of("[accounts.A]\n").find("expected a name that no token") != std::string::npos);
    CHECK(error_of("[accounts.carl]\nfunds = { A = -1 }\n")
              .find("accounts.carl.funds.A: expected an amount that is not negative") !=
          std::string::npos);
    // TOML's fractions are doubles.
    CHECK(
        error_of("[accounts.carl]\nfunds = { A = 5.578947368421052632, B = 0.1 }\n") ==
        "story.toml:25: accounts.carl.funds.A: expected text, in quotes, for more than 15 digits, "
        "got 5.578947368421052");
    CHECK(error_of("[accounts.carl]\nfunds = { A = \"5.578947368421052632\", B = 1_234.5 }\n") ==
          "none");
    CHECK(error_of(line("calls = []\nexpect.reverts = 1.5")).find("expected a reason") !=
          std::string::npos);
    CHECK(error_of("[accounts.carl]\nfund = { A = 1 }\n").find("(did you mean funds?)") !=
          std::string::npos);
}

TEST_CASE("Overrides reach into lists by number")
{
    const auto scenario = parse(std::string{swap_of_three},
        {{"script.0.calls.1.amount_in", "1 A"}, {"script.0.at_block", "2"},
            {"script.0.expect", "{ balances = { alice = { A = \"9 A\" } } }"}});
    if (!scenario)
        FAIL(scenario.error().message);
    CHECK(scenario->script.front().at_block == 2);
    CHECK(run(*scenario).report.failures == std::vector<std::string>{});
    const auto wrong = parse(std::string{swap_of_three},
        {{"script.0.expect.balances.alice.A", "9 A"}, {"script.0.expect.reverts", "36"}});
    if (!wrong)
        FAIL(wrong.error().message);
    CHECK(run(*wrong).report.failures ==
          std::vector<std::string>{"--set script.0.expect.reverts: script[0].expect.reverts: "
                                   "expected a revert: 36, got success (block 1)"});
    const auto beyond = parse(std::string{swap_of_three}, {{"script.1.at_block", "2"}});
    REQUIRE_FALSE(beyond);
    CHECK(beyond.error().message ==
          "--set script.1.at_block: expected the number of an element, 0 to 0, got \"1\"");
}

TEST_CASE("A resolved script is the same script")
{
    const auto scenario = parse(std::string{swap_of_three} + R"(
expect.balances."ab" = { A = "1203 A" }
expect.balances.0x00000000000000000000000000000000000000aa = { A = 0 }
)");
    if (!scenario)
        FAIL(scenario.error().message);
    const auto again = parse_scenario(scenario->resolved_text, "manifest", ".", {});
    if (!again)
        FAIL(again.error().message);
    CHECK(again->resolved_text == scenario->resolved_text);
    CHECK(run(*again).result.head.state_root == run(*scenario).result.head.state_root);
    CHECK(run(*again).report.failures.empty());
}

TEST_CASE("Script and agents share a chain, and a wallet's own transactions go on")
{
    const std::string script = R"(
[agents.payer]
strategy = "payer"
count = 6
funds = { ETH = 1, A = 100 }
token = "A"
amount = 1
interval = 12
[[script]]
at_block = 20
from = "payer/0"
calls = [{ contract = "A", call = "transfer", to = "alice", value = "1 A" }]
[[script]]
at_block = 20
from = "alice"
calls = [{ contract = "A", call = "transfer", to = "payer/1", value = "1 A" }]
[[script]]
at_block = 21
from = "payer/0"
calls = [{ contract = "A", call = "transfer", to = "alice", value = "1 A" }]
)";
    const auto scenario =
        parse(script, {{"scenario.blocks", "60"}, {"chain.checkpoint_interval", "15"}});
    if (!scenario)
        FAIL(scenario.error().message);
    Checkpoints sink;
    sink.wanted = 15;
    const auto one = run(*scenario, 1, &sink);
    CHECK(one.report.failures == std::vector<std::string>{});
    CHECK(one.report.executed == 3);
    CHECK(one.result.transactions > 100);
    CHECK(run(*scenario, 3).result.head_hash == one.result.head_hash);
    const auto resumed = run(*scenario, 2, nullptr, std::make_shared<KeptSource>(sink.kept));
    CHECK(resumed.result.head_hash == one.result.head_hash);
    CHECK(resumed.report.executed == 3);
    // The payer whom the script used is not stuck behind a nonce.
    const auto& world = *one.result.world;
    const auto nonce_of = [&](std::string_view name)
    { return world.account_states.get(*world.find_account(name)).nonce; };
    CHECK(nonce_of("payer/0") > 20);
}

TEST_CASE("A line deploys a token, names it, and later lines use it")
{
    const std::string script = R"(
[contracts.tokens]
kind = "erc20_deployer"
[contracts.oracle]
kind = "price_oracle"
keeper = "bob"
prices = { A = { price = 2 }, B = { price = 6 } }
[contracts.markets]
kind = "aave_v3_deployer"
[[script]]
at_block = 2
from = "alice"
calls = [
  { contract = "tokens", call = "deployToken", as = "LEAF", symbol = "LEAF", decimals = 6, minter = "alice", to = "alice", supply = 5_000_000 },
  { contract = "LEAF", call = "transfer", to = "bob", value = "1.5 LEAF" },
]
expect.balances = { alice = { LEAF = "3.5 LEAF" }, bob = { LEAF = "1.5 LEAF" } }
expect.events = [{ contract = "LEAF", event = "Transfer", from_address = "alice", to_address = "bob", value = "1.5 LEAF" }]
[[script]]
at_block = 1
from = "alice"
calls = [{ contract = "A", call = "transfer", to = "bob", value = "1 A" }]
expect.balances = { bob = { LEAF = 0 } }
[[script]]
at_block = 3
from = "alice"
gas_limit = 4_000_000
calls = [
  { contract = "LEAF", call = "approve", spender = "router", value = "max" },
  { contract = "A", call = "approve", spender = "router", value = "max" },
  { contract = "router", call = "addLiquidity", token_a = "LEAF", token_b = "A", amount_a_desired = "2 LEAF", amount_b_desired = "1 A", amount_a_min = 0, amount_b_min = 0, to = "alice", deadline = "1h" },
]
expect.balances = { alice = { LEAF = "1.5 LEAF" } }
[[script]]
at_block = 3
from = "bob"
calls = [
  { contract = "oracle", call = "setAssetPrice", token = "LEAF", price = "3 USD" },
  { contract = "LEAF", call = "approve", spender = "router", value = "1 LEAF" },
  { contract = "router", call = "swapExactTokensForTokens", amount_in = "1 LEAF", amount_out_min = 0, path = ["LEAF", "A"], to = "bob", deadline = "1h" },
]
expect.returns = ["1 LEAF", "332665999332665999"]
[[script]]
at_block = 4
from = "bob"
calls = [
  { contract = "markets", call = "deployPool", as = "bank", oracle = "oracle", treasury = "alice", reserves = [
    { asset = "LEAF", optimal_usage_ratio = "0.8 ray", base_variable_borrow_rate = 0, variable_rate_slope1 = "0.04 ray", variable_rate_slope2 = "0.75 ray" },
    { asset = "A", optimal_usage_ratio = "0.8 ray", base_variable_borrow_rate = 0, variable_rate_slope1 = "0.04 ray", variable_rate_slope2 = "0.75 ray" },
  ] },
  { contract = "bank", call = "configureReserveAsCollateral", asset = "LEAF", ltv = 7500, liquidation_threshold = 8000, liquidation_bonus = 10500 },
  { contract = "bank", call = "setReserveBorrowing", asset = "A", enabled = true },
]
[[script]]
at_block = 5
from = "alice"
calls = [
  { contract = "A", call = "approve", spender = "bank", value = "max" },
  { contract = "bank", call = "supply", asset = "A", amount = "2 A", on_behalf_of = "alice" },
]
expect.balances.bank = { A = "2 A" }
expect.state = [{ contract = "bank", row = "LendingReserve", token = "A", cash = "2 A" }]
[[script]]
at_block = 5
from = "bob"
calls = [
  { contract = "LEAF", call = "approve", spender = "bank", value = "max" },
  { contract = "bank", call = "supply", asset = "LEAF", amount = "0.4 LEAF", on_behalf_of = "bob" },
  { contract = "bank", call = "borrow", asset = "A", amount = "0.3 A", interest_rate_mode = 2 },
]
expect.health_factors = { bob = { bank = 1.6 } }
[[script]]
at_block = 6
from = "bob"
calls = [{ contract = "LEAF", call = "mint", to = "bob", value = 1 }]
expect.reverts = "OwnableUnauthorizedAccount"
)";
    const std::vector<Override> overrides{
        {"scenario.blocks", "8"}, {"chain.checkpoint_interval", "1"}};
    const auto scenario = parse(script, overrides);
    if (!scenario)
        FAIL(scenario.error().message);
    const auto again = parse_scenario(scenario->resolved_text, "manifest", ".", {});
    if (!again)
        FAIL(again.error().message);
    CHECK(again->resolved_text == scenario->resolved_text);
    Checkpoints sink;
    sink.wanted = 4;
    const auto one = run(*scenario, 1, &sink);
    CHECK(one.report.failures == std::vector<std::string>{});
    CHECK(one.report.executed == 8);
    const auto& world = *one.result.world;
    CHECK(world.contract_count() == world.known_contracts() + 3);
    // The line of block 1 is the sender's first, though the file has it second.
    CHECK(
        world
            .account(world.contract(ContractId{static_cast<std::uint32_t>(world.known_contracts())})
                         .account())
            .address == contracts::creation_address(address_of_name("alice"), 1));
    CHECK(run(*scenario, 3).result.head_hash == one.result.head_hash);
    const auto resumed = run(*scenario, 2, nullptr, std::make_shared<KeptSource>(sink.kept));
    CHECK(resumed.result.head_hash == one.result.head_hash);
    CHECK(resumed.report.failures == std::vector<std::string>{});
    CHECK(resumed.report.executed == 3);
}

TEST_CASE("A line names what it deploys by the address that it expects")
{
    const auto story = [](std::string_view pool)
    {
        return fmt::format(R"(
[contracts.factory3]
kind = "uniswap_v3_factory"
[[script]]
at_block = 1
from = "alice"
gas_limit = 10_000_000
calls = [
  {{ contract = "factory3", call = "createPool", token_a = "A", token_b = "B", fee = 3000, as = "{0}" }},
  {{ contract = "{0}", call = "initialize", sqrt_price_x96 = "79228162514264337593543950336" }},
]
expect.events = [{{ contract = "{0}", event = "Initialize", tick = 0 }}]
)",
            pool);
    };
    // Whoever is not there cannot be called; the failure tells nothing of where it is.
    const std::string nobody{"0x1d42064Fc4Beb5F8aAF85F4617AE8b3b5B8Bd801"};
    const auto failures = failures_of(story(nobody));
    REQUIRE(failures.size() == 1);
    CAPTURE(failures.front());
    CHECK(failures.front().find("expected success, got a revert: no such contract") !=
          std::string::npos);
    CHECK(error_of(story("pool3")).find("expected the address, with EIP-55's capitals") !=
          std::string::npos);
    CHECK(error_of(story("0x1d42064fc4beb5f8aaf85f4617ae8b3b5b8bd801"))
              .find("expected the address, with EIP-55's capitals") != std::string::npos);
}

TEST_CASE("What a line says of what it deploys is checked")
{
    const auto line = [](const std::string& rest)
    {
        return error_of(
            "[contracts.tokens]\nkind = \"erc20_deployer\"\n[agents.holder]\nstrategy "
            "= \"holder\"\ncount = 1\n[[script]]\nat_block = 1\n" +
            rest);
    };
    const std::string token =
        "symbol = \"X\", decimals = 6, minter = \"zero\", to = \"alice\", supply = 1 }";
    CHECK(line("from = \"alice\"\ncalls = [{ contract = \"tokens\", call = \"deployToken\", as = "
               "\"X\", " +
               token + "]\n") == "none");
    CHECK(line("from = \"alice\"\ncalls = [{ contract = \"tokens\", call = \"deployToken\", as = "
               "\"A\", " +
               token + "]\n")
              .find("calls[0].as: expected a name that no token, contract or group has") !=
          std::string::npos);
    CHECK(
        line("from = \"holder/0\"\ncalls = [{ contract = \"tokens\", call = \"deployToken\", as = "
             "\"X\", " +
             token + "]\n")
            .find("expected an account of [accounts] that pays for no arrivals") !=
        std::string::npos);
    CHECK(
        line("from = \"alice\"\ncalls = [{ contract = \"A\", call = \"transfer\", as = \"X\", to = "
             "\"bob\", value = 1 }]\n")
            .find("expected it beside a call that deploys a contract") != std::string::npos);
    CHECK(line("from = \"alice\"\ncalls = [{ contract = \"tokens\", call = \"deployToken\", as = "
               "\"X\", " +
               token + ", { contract = \"tokens\", call = \"deployToken\", as = \"Y\", " + token +
               "]\n")
              .find("expected one contract that a transaction deploys by itself") !=
          std::string::npos);
    CHECK(line("from = \"alice\"\ncalls = [{ contract = \"tokens\", call = \"deployToken\", " +
               token + "]\nexpect.balances = { alice = { X = 1 } }\n")
              .find("expected a token") != std::string::npos);
}
