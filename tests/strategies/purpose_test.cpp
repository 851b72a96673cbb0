#include "ledger/motive.hpp"
#include "strategies/registry.hpp"
#include "tests/support/catch.hpp"

using namespace runnel;

TEST_CASE("strategies: every one that acts says why", "[strategies]")
{
    for (const auto* type : strategies::strategy_types())
    {
        CAPTURE(type->name);
        CHECK((type->purpose == Purpose::unstated) == type->is_passive);
    }
}
