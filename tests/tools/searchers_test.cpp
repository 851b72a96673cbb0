#include "analytics/sections.hpp"
#include "strategies/registry.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>

using namespace runnel;

// A ledger names its wallets' strategies, and reports know no more of them than the name.
TEST_CASE("searchers: reports know all strategies that bid to be first", "[tools][analytics]")
{
    unsigned searchers = 0;
    for (const auto* type : strategies::strategy_types())
    {
        const auto& parameters = type->parameters;
        const bool bids = std::any_of(parameters.begin(), parameters.end(),
            [](const ParameterSpec& parameter) { return parameter.name == "bid_stake"; });
        CAPTURE(type->name);
        CHECK(analytics::is_searcher(type->name) == bids);
        searchers += bids ? 1 : 0;
    }
    CHECK(searchers >= 5);
}
