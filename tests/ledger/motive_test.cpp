#include "ledger/motive.hpp"

#include "tests/support/catch.hpp"

#include <set>

using namespace runnel;

TEST_CASE("motive: every purpose has a name of its own, and only those are names", "[ledger]")
{
    std::set<std::string_view> names;
    for (std::uint8_t i = 0; i < purpose_count; ++i)
    {
        const auto purpose = static_cast<Purpose>(i);
        names.insert(to_string(purpose));
        CHECK(purpose_of(to_string(purpose)) == purpose);
    }
    CHECK(names.size() == purpose_count);
    CHECK(to_string(Purpose::unstated) == "unstated");
    CHECK(to_string(Purpose::front_running) == "front_running");
    CHECK_FALSE(purpose_of("greed").has_value());
    CHECK_FALSE(purpose_of("").has_value());
}

TEST_CASE("motive: incidents of two accounts, or two of one, never share a number", "[ledger]")
{
    CHECK(incident_of(zero_account, 0) == 1);  // 0 is none.
    CHECK(incident_of(AccountId{5}, 0) != incident_of(AccountId{5}, 1));
    CHECK(incident_of(AccountId{5}, 0xFF'FFFF) < incident_of(AccountId{6}, 0) + 1);
    std::set<std::uint64_t> numbers;
    for (std::uint32_t account = 0; account < 50; ++account)
    {
        for (std::uint32_t sequence : {0U, 1U, 0xFF'FFFEU, 0xFF'FFFFU})
            CHECK(numbers.insert(incident_of(AccountId{account}, sequence)).second);
    }
    // Stored as a 63-bit integer.
    CHECK(incident_of(AccountId{0xFFFF'FFFF}, 0xFF'FFFF) < (std::uint64_t{1} << 63U));
}
