#include "ledger/event.hpp"

#include "tests/support/catch.hpp"

using namespace runnel;

namespace
{
struct Named
{
    static constexpr std::string_view table = "named";
    static constexpr std::string_view signature =
        "Swap(address indexed sender, uint256 amountIn, address indexed to)";

    AccountId sender{};
    Amount amount_in;
    AccountId to{};
    RUNNEL_FIELDS(sender, (amount_in, smallest_unit_of_its("token0")), to);
};

struct Row
{
    static constexpr std::string_view name = "Row";
    static constexpr std::string_view table = "rows";

    ContractId token{};
    Amount amount;
    RUNNEL_FIELDS(token, (amount, smallest_unit_of("token")));
};

struct Snapshot
{
    static constexpr std::string_view name = "Snapshot";
    static constexpr std::string_view table = "snapshots";
    static constexpr EventUse use = EventUse::snapshot;

    Amount price;
    RUNNEL_FIELDS((price, usd_e8));
};

/// Its unit names a column that is not there.
struct Misspelt
{
    ContractId token{};
    Amount amount;
    RUNNEL_FIELDS(token, (amount, smallest_unit_of("tokne")));
};
/// Its unit names a column that holds no token.
struct Mistaken
{
    AccountId owner{};
    Amount amount;
    RUNNEL_FIELDS(owner, (amount, smallest_unit_of("owner")));
};
}  // namespace

TEST_CASE("event type: a signature says name, topics and canonical form", "[ledger][event]")
{
    const auto& type = event_type<Named>;
    CHECK(type.name == "Swap");
    CHECK(type.signature == "Swap(address,uint256,address)");
    CHECK(type.indexed == 0b101);
    CHECK(type.use == EventUse::log);

    using detail::parse_signature;
    STATIC_REQUIRE(parse_signature("Sync(uint112,uint112)").canonical() == "Sync(uint112,uint112)");
    STATIC_REQUIRE(parse_signature("Sync(uint112,uint112)").indexed == 0);
    STATIC_REQUIRE(parse_signature("Paused()").arguments == 0);
    STATIC_REQUIRE(parse_signature("Paused()").canonical() == "Paused()");
    // An argument's name is no mark.
    STATIC_REQUIRE(parse_signature("A(uint8 indexedBy,uint8 indexed)").indexed == 0b10);
}

TEST_CASE("event type: a struct without a signature is a sector's row", "[ledger][event]")
{
    CHECK(event_type<Row>.name == "Row");
    CHECK(event_type<Row>.signature.empty());
    CHECK(event_type<Row>.use == EventUse::sector);
    CHECK(event_type<Snapshot>.use == EventUse::snapshot);
}

TEST_CASE("fields: a unit must name a column that holds a token", "[ledger][event]")
{
    STATIC_REQUIRE(units_name_columns<Row>());
    STATIC_REQUIRE(units_name_columns<Named>());
    STATIC_REQUIRE_FALSE(units_name_columns<Misspelt>());
    STATIC_REQUIRE_FALSE(units_name_columns<Mistaken>());
}
