#include "contracts/oracles/price_oracle/price_oracle.hpp"

#include "contracts/kit/sandbox.hpp"
#include "contracts/registry.hpp"
#include "state/world.hpp"
#include "tests/support/catch.hpp"

using namespace runnel;
using namespace runnel::contracts;

namespace
{
struct OracleFixture
{
    OracleFixture()
      : keeper{sandbox.account("keeper")},
        thief{sandbox.account("thief")},
        oracle{sandbox.add<PriceOracle>(
            "oracle", "keeper", std::vector<TokenPrice>{{native_coin, 200}})}
    {
        sandbox.connect();
        sandbox.set_time(1'700'000'000);
    }

    Sandbox sandbox;
    AccountId keeper, thief;
    PriceOracle& oracle;
};
}  // namespace

TEST_CASE("price oracle: the keeper's prices are kept with their time", "[contracts][oracle]")
{
    OracleFixture f;
    CHECK(f.oracle.price(native_coin).price == 200);
    CHECK(f.oracle.price(native_coin).timestamp == 0);

    const auto outcome = f.sandbox.run(f.keeper, f.oracle.id(), SetPrice{native_coin, 300});
    REQUIRE(outcome.ok());
    CHECK(f.oracle.price(native_coin).price == 300);
    CHECK(f.oracle.price(native_coin).timestamp == 1'700'000'000);
    REQUIRE(outcome.block.events.size() == 1);
    AssetPriceUpdatedLog event;
    REQUIRE(outcome.block.events[0].type == &event_type<AssetPriceUpdatedLog>);
    REQUIRE(decode(outcome.block.encoding(outcome.block.events[0]), event));
    CHECK(event.token == native_coin);
    CHECK(event.price == 300);
    CHECK(event.timestamp == 1'700'000'000);
}

TEST_CASE("price oracle: a batch costs gas for each price", "[contracts][oracle]")
{
    OracleFixture f;
    SetPrices call;
    const auto empty = f.sandbox.run(f.keeper, f.oracle.id(), call);
    REQUIRE(empty.ok());
    call.prices.push_back({native_coin, 1});
    call.prices.push_back({f.oracle.id(), 2});
    call.prices.push_back({native_coin, 3});
    const auto outcome = f.sandbox.run(f.keeper, f.oracle.id(), call);
    REQUIRE(outcome.ok());
    CHECK(f.oracle.price(native_coin).price == 3);
    CHECK(f.oracle.price(f.oracle.id()).price == 2);
    CHECK(outcome.block.events.size() == 3);
    CHECK(outcome.receipt.gas_used == empty.receipt.gas_used + 3 * PriceOracle::gas_per_price);
}

TEST_CASE("price oracle: refusals change nothing", "[contracts][oracle]")
{
    OracleFixture f;
    const auto before = f.sandbox.world().checkpoint_root();
    const auto refused = [&](AccountId sender, const auto& call, const std::string& reason)
    {
        const auto outcome = f.sandbox.run(sender, f.oracle.id(), call);
        REQUIRE_FALSE(outcome.ok());
        CHECK(outcome.receipt.refusal.to_string() == reason);
        CHECK(f.sandbox.world().checkpoint_root() == before);
    };
    SetPrices batch;
    batch.prices.push_back({native_coin, 5});
    refused(f.thief, SetPrice{native_coin, 5}, "PriceOracle: caller is not the keeper");
    refused(f.thief, batch, "PriceOracle: caller is not the keeper");
    batch.prices.push_back({ContractId{99}, 5});
    refused(f.keeper, batch, "PriceOracle: unknown token");
    refused(f.keeper, SetPrice{ContractId{0xFFFFFFFF}, 5}, "PriceOracle: unknown token");
}

TEST_CASE("price oracle: without an account of the keeper's name nobody may", "[contracts][oracle]")
{
    Sandbox sandbox;
    auto& oracle = sandbox.add<PriceOracle>("oracle", "nobody", std::vector<TokenPrice>{});
    sandbox.connect();
    CHECK_FALSE(sandbox.run(zero_account, oracle.id(), SetPrice{native_coin, 1}).ok());
}

TEST_CASE("price oracle: a scenario's prices are rounded to 1e-8 USD", "[contracts][oracle]")
{
    Parameters row;
    row.set("price", 1'999.123456789);
    Parameters parameters;
    parameters.set("keeper", std::string{"keeper/0"});
    parameters.set("prices", Parameters::PerToken{{native_coin, row}});
    const auto* type = find_contract_type("price_oracle");
    REQUIRE(type == &PriceOracle::contract_type());
    const auto contract = type->create(parameters, {ContractId{1}, AccountId{1}, "oracle"});
    CHECK(dynamic_cast<const PriceOracle&>(*contract).price(native_coin).price == 199'912'345'679);
}

TEST_CASE("contracts: every field of an event has a meaning", "[contracts]")
{
    for (const auto* type : contract_types())
    {
        for (const auto* event : type->events)
        {
            CAPTURE(type->kind, event->name);
            struct : ColumnSink
            {
                void column(std::string_view, ColumnKind, const Unit&) override { ++count; }
                std::size_t count = 0;
            } columns;
            event->columns(columns);
            REQUIRE(event->meanings.size() == columns.count);
            for (const auto meaning : event->meanings)
                CHECK(meaning.ends_with('.'));
        }
    }
}
