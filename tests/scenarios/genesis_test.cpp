#include "scenarios/genesis.hpp"

#include "scenarios/loader/units.hpp"
#include "tests/scenarios/fakes.hpp"
#include "tests/support/catch.hpp"

#include <fmt/format.h>

#include <cmath>
#include <string>
#include <string_view>
#include <vector>

using namespace runnel;
using namespace runnel::scenarios;
using namespace runnel::scenarios::tests;

namespace
{

constexpr std::string_view base = R"([scenario]
blocks = 10
start = 1_700_000_000

[chain]
validators = 3
stake = { uniform = [32, 64] }

[tokens.USDC]
decimals = 6

[contracts.pool]
kind = "fake_pool"
asset = "USDC"
reserve = "1_000 USDC"
payment = "400.5 USDC"

[prices.USDC]
model = "constant"
price = 1

[agents.borrowers]
strategy = "payer"
count = 2
funds.ETH = 0.1

[agents.payers]
strategy = "payer"
count = 50
funds.ETH = { normal = [10, 2], min = 0 }
funds.USDC = { log_normal = [5, 1] }
)";

Scenario load(std::string_view text, const std::vector<Override>& overrides = {})
{
    auto scenario = parse_scenario(text, "a.toml", "", overrides, test_options());
    INFO((scenario ? "" : scenario.error().message));
    REQUIRE(scenario);
    return std::move(*scenario);
}

struct Built
{
    Scenario scenario;
    Genesis genesis;
    FinishedBlock block;
};

std::unique_ptr<Built> build(std::string_view text, const std::vector<Override>& overrides = {})
{
    auto built = std::make_unique<Built>(Built{load(text, overrides), {}, {}});
    auto genesis = build_genesis(built->scenario);
    INFO((genesis ? "" : genesis.error().message));
    REQUIRE(genesis);
    built->genesis = std::move(*genesis);
    auto block =
        execute_genesis(built->genesis, built->scenario, keccak256(built->scenario.resolved_text));
    INFO((block ? "" : block.error().message));
    REQUIRE(block);
    built->block = std::move(*block);
    return built;
}

/// What each wallet of a group owns: wei, then the token.
std::vector<Amount> holdings(const Built& built, std::string_view group, std::string_view token)
{
    std::vector<Amount> amounts;
    const auto& world = *built.genesis.world;
    const auto& erc20 =
        dynamic_cast<const contracts::Erc20&>(world.contract(*world.find_contract(token)));
    for (const auto& candidate : built.genesis.groups)
    {
        if (candidate.spec->name != group)
            continue;
        for (const auto account : candidate.accounts)
        {
            amounts.push_back(world.account_states.get(account).balance);
            amounts.push_back(erc20.balance(account));
        }
    }
    return amounts;
}

}  // namespace

TEST_CASE("genesis: accounts stand in order, with their names and roles", "[scenarios][genesis]")
{
    const auto built = build(base);
    const auto& world = *built->genesis.world;
    struct Expected
    {
        std::string_view name, role, strategy;
    };
    const std::vector<Expected> expected{{"zero", "ledger", ""}, {"ETH", "token", ""},
        {"USDC", "token", ""}, {"pool", "dex", ""}, {"validator/0", "validator", ""},
        {"validator/1", "validator", ""}, {"validator/2", "validator", ""},
        {"borrowers/0", "wallet", "payer"}, {"borrowers/1", "wallet", "payer"},
        {"payers/0", "wallet", "payer"}};
    for (std::uint32_t i = 0; i < expected.size(); ++i)
    {
        const auto& account = world.account(AccountId{i});
        CHECK(account.name == expected[i].name);
        CHECK(account.role == expected[i].role);
        CHECK(account.strategy == expected[i].strategy);
    }
    CHECK(world.account_count() == 9 + 50 + 1);
    CHECK(world.account(AccountId{59}).name == "pool/seed");
    CHECK(world.contract(ContractId{2}).account() == AccountId{3});
    CHECK(built->genesis.groups.at(1).accounts.front() == AccountId{9});
}

TEST_CASE("genesis: block 0 starts from the allocations and the manifest", "[scenarios][genesis]")
{
    const auto scenario = load(base);
    auto genesis = build_genesis(scenario);
    REQUIRE(genesis);
    REQUIRE(genesis->transactions.size() == 1);
    CHECK(genesis->transaction_contracts == std::vector{ContractId{2}});
    const auto allocated = genesis->world->checkpoint_root();
    const auto manifest = keccak256("manifest");
    const auto block = execute_genesis(*genesis, scenario, manifest);
    REQUIRE(block);
    CHECK(block->header.number == 0);
    CHECK(block->header.timestamp == 1'700'000'000);
    CHECK(block->header.parent_hash == manifest);
    CHECK(block->header.base_fee == 1'000'000'000);
    CHECK(block->header.transaction_count == 1);
    CHECK(block->header.state_root != allocated);
    CHECK(block->receipts.front().status == ReceiptStatus::succeeded);

    const auto& world = *genesis->world;
    const auto& usdc = dynamic_cast<const contracts::Erc20&>(world.contract(ContractId{1}));
    CHECK(usdc.balance(AccountId{3}) == Amount{400'500'000});
    CHECK(usdc.balance(*world.find_account("pool/seed")) == Amount{599'500'000});
    CHECK(world.check_invariants().empty());

    // Native coins: what wallets own, and nothing else.
    Amount sum;
    for (std::uint32_t i = 0; i < world.account_count(); ++i)
        sum = wrapping_add(sum, world.account_states.get(AccountId{i}).balance);
    CHECK(world.native_supply.get(0) == sum);
}

TEST_CASE("genesis: stakes and funds are drawn within their distributions", "[scenarios][genesis]")
{
    const auto built = build(base);
    for (const auto& validator : built->genesis.validators)
    {
        CHECK(validator.stake >= *Amount::from_decimal("32000000000000000000"));
        CHECK(validator.stake < *Amount::from_decimal("64000000000000000000"));
        // A weight of votes, not a balance.
        CHECK(built->genesis.world->account_states.get(validator.account).balance.is_zero());
    }
    // A tenth is a tenth, though no double is.
    CHECK(holdings(*built, "borrowers", "USDC") == std::vector{Amount{100'000'000'000'000'000},
                                                       Amount{}, Amount{100'000'000'000'000'000},
                                                       Amount{}});
    const auto payers = holdings(*built, "payers", "USDC");
    REQUIRE(payers.size() == 100);
    CHECK(payers[0] != payers[2]);
    CHECK(payers[1] != payers[3]);
}

TEST_CASE("genesis: the same seed builds the same world, another seed another",
    "[scenarios][genesis][property]")
{
    const auto first = build(base);
    const auto second = build(base);
    CHECK(first->block.hash == second->block.hash);
    CHECK(first->genesis.world->checkpoint_root() == second->genesis.world->checkpoint_root());
    const auto resolved = build(first->scenario.resolved_text);
    CHECK(resolved->block.hash == first->block.hash);
    const auto other = build(base, {{"scenario.seed", "2"}});
    CHECK(other->block.header.state_root != first->block.header.state_root);
    CHECK(holdings(*other, "payers", "USDC") != holdings(*first, "payers", "USDC"));
}

TEST_CASE("genesis: what is added changes no other draw", "[scenarios][genesis][property]")
{
    const auto before = build(base);
    const auto payers = holdings(*before, "payers", "USDC");
    const auto check_same = [&](const std::vector<Override>& overrides, std::size_t wallets)
    {
        CAPTURE(overrides.front().path);
        const auto after = build(base, overrides);
        auto now = holdings(*after, "payers", "USDC");
        CHECK(now.size() == 2 * wallets);
        now.resize(payers.size());
        CHECK(now == payers);
        for (std::size_t i = 0; i < before->genesis.validators.size(); ++i)
        {
            CHECK(after->genesis.validators.at(i).stake == before->genesis.validators[i].stake);
        }
    };
    check_same(
        {{"agents.aaa", "{ strategy = \"payer\", count = 7, funds.ETH.uniform = [1, 2] }"}}, 50);
    check_same({{"agents.payers.count", "60"}}, 60);
    check_same({{"agents.payers.amount", "{ uniform = [1, 2] }"}}, 50);
    check_same({{"agents.payers.priority_fee", "{ uniform = [1, 2] }"}}, 50);
    check_same(
        {{"tokens.AAA.decimals", "8"}, {"agents.payers.funds.AAA", "{ uniform = [1, 2] }"}}, 50);
    check_same({{"chain.validators", "30"}}, 50);
    check_same({{"contracts.a_pool", "{ kind = \"fake_pool\", asset = \"USDC\" }"}}, 50);

    // Half of the range is the draw with the same random number.
    const auto more =
        build(base, {{"agents.payers.funds.USDC", "{ log_normal = [5, 1], max = 10 }"}});
    const auto capped = holdings(*more, "payers", "USDC");
    for (std::size_t i = 0; i < payers.size(); i += 2)
    {
        CHECK(capped[i] == payers[i]);
        CHECK(capped[i + 1] == std::min(payers[i + 1], Amount{10'000'000}));
    }
}

TEST_CASE("genesis: a transaction that reverts names its contract and reason",
    "[scenarios][genesis][errors]")
{
    const auto scenario = load(base, {{"contracts.pool.payment", "1000.000001 USDC"}});
    auto genesis = build_genesis(scenario);
    REQUIRE(genesis);
    const auto block = execute_genesis(*genesis, scenario, {});
    REQUIRE_FALSE(block);
    CHECK(block.error().message ==
          "a.toml:12: contracts.pool: expected parameters that block 0 can start from, got the "
          "refusal: ERC20InsufficientBalance(#59, 1000000000, 1000000001)");
}

TEST_CASE("genesis: funds beyond 128 bits get one line", "[scenarios][genesis][errors]")
{
    const auto scenario = load(base, {{"agents.payers.funds.ETH", "1e21"}});
    const auto genesis = build_genesis(scenario);
    REQUIRE_FALSE(genesis);
    CHECK(genesis.error().message ==
          "a.toml:27: agents.payers.funds.ETH: expected at most 2^128 - 1 smallest units per "
          "wallet, got 1e+21 tokens");
}

TEST_CASE("genesis: shocks multiply a price from their block on", "[scenarios][genesis]")
{
    const auto shock = [](std::string_view name, int block, double factor)
    {
        return Override{fmt::format("events.{}", name),
            fmt::format("{{ action = \"price_shock\", token = \"USDC\", at_block = {}, factor = "
                        "{} }}",
                block, factor)};
    };
    const auto usd = [](double price) { return static_cast<std::uint64_t>(price * 1e8 + 0.5); };
    const auto paths = build_price_paths(
        load(base, {shock("b", 3, 0.5), shock("a", 6, 3), shock("c", 3, 0.1), shock("d", 99, 2)}));
    REQUIRE(paths);
    REQUIRE(paths->size() == 2);
    CHECK(paths->at(0).empty());
    const auto& path = paths->at(1);
    REQUIRE(path.size() == 11);
    for (std::size_t i = 0; i < path.size(); ++i)
        CHECK(path[i] == usd(i < 3 ? 1 : i < 6 ? 0.05 : 0.15));

    // What a price cannot be is refused, not rounded to what it can.
    const auto refused = [&](double factor)
    {
        const auto scenario =
            parse_scenario(base, "a.toml", "", {shock("e", 4, factor)}, test_options());
        const auto lost =
            scenario ? build_price_paths(*scenario) : tl::unexpected{scenario.error()};
        return !lost &&
               lost.error().message.find("events.e: expected prices that 1e-8 USD can hold") !=
                   std::string::npos &&
               lost.error().message.find("in block 4") != std::string::npos;
    };
    CHECK(refused(1e-9));
    CHECK(refused(1.5e-8));
    CHECK_FALSE(refused(1e-8));  // One unit, exactly.
    CHECK_FALSE(refused(1.2345e-4));
}

TEST_CASE("genesis: a price is set, at once or in equal steps, and moves on from there",
    "[scenarios][genesis]")
{
    const auto event = [](std::string_view name, std::string_view keys)
    {
        return Override{
            fmt::format("events.{}", name), fmt::format("{{ token = \"USDC\", {} }}", keys)};
    };
    const auto path = [](const std::vector<Override>& events)
    {
        auto paths = build_price_paths(load(base, events));
        REQUIRE(paths);
        return paths->at(1);
    };
    constexpr std::uint64_t usd = 100'000'000;
    CHECK(path({event("a", "action = \"price_set\", at_block = 3, price = 0.9")}) ==
          PricePath{usd, usd, usd, 90'000'000, 90'000'000, 90'000'000, 90'000'000, 90'000'000,
              90'000'000, 90'000'000, 90'000'000});
    // Four slots of the scenario's down, and a shock on top of it later.
    const auto slots = load(base, {}).slot_seconds * 4;
    CHECK(path({event("a", fmt::format("action = \"price_set\", at_block = 3, price = \"0.6 "
                                       "USD\", over = \"{}s\"",
                               slots)),
              event("b", "action = \"price_shock\", at_block = 9, factor = 2")}) ==
          PricePath{usd, usd, usd, 90'000'000, 80'000'000, 70'000'000, 60'000'000, 60'000'000,
              60'000'000, 120'000'000, 120'000'000});
    // Cut off by the end of the run; after it; in block 0.
    CHECK(path({event("a", fmt::format("action = \"price_set\", at_block = 10, price = 0.6, over = "
                                       "\"{}s\"",
                               slots))})
              .back() == 90'000'000);
    CHECK(path({event("a", "action = \"price_set\", at_block = 11, price = 0.6")}).back() == usd);
    CHECK(path({event("a", "action = \"price_set\", at_block = 0, price = 0.6")}).front() ==
          60'000'000);
}

TEST_CASE("genesis: whole tokens become smallest units by their decimal, rounded down",
    "[scenarios][genesis][units]")
{
    struct Case
    {
        double tokens;
        unsigned decimals;
        std::string_view units;
    };
    const std::vector<Case> cases{{0, 18, "0"}, {1, 0, "1"}, {0.1, 18, "100000000000000000"},
        {0.3, 1, "3"}, {0.29, 1, "2"}, {1.999999999, 6, "1999999"}, {1e-7, 6, "0"},
        {123456.789, 18, "123456789000000000000000"},
        {1e20, 18, "100000000000000000000000000000000000000"}, {5e-324, 36, "0"},
        {1.0 / 3, 18, "333333333333333300"}};
    for (const auto& [tokens, decimals, units] : cases)
    {
        CAPTURE(tokens, decimals);
        const auto amount = smallest_units(tokens, decimals);
        REQUIRE(amount);
        CHECK(amount->to_string() == units);
    }
    CHECK_FALSE(smallest_units(1e21, 18));
    CHECK_FALSE(smallest_units(1e30, 36));
}
