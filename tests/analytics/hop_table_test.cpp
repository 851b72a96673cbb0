#include "analytics/tracing/hop_table.hpp"

#include "tests/support/catch.hpp"

#include <map>
#include <random>
#include <tuple>

using namespace runnel;
using namespace runnel::analytics::tracing;

namespace
{
constexpr std::size_t hops_max = 5'000;

/// Hops as a map keeps them, with nothing made small.
class PlainHops
{
public:
    bool add(Place from, Place to, AccountId through, const Units& units, const Amount& amount,
        std::uint64_t block)
    {
        const std::tuple key{from, to, through};
        if (hops_.size() >= hops_max && !hops_.contains(key))
            return false;
        auto& hop = hops_[key];
        hop.from = from;
        hop.to = to;
        hop.through = through;
        add_units(hop.units, units);
        const auto sum = Checked{hop.amount} + amount;
        hop.amount = sum.ok() ? sum.value : Amount::max();
        if (hop.count++ == 0)
            hop.first_block = block;
        hop.last_block = block;
        return true;
    }
    [[nodiscard]] const auto& hops() const noexcept { return hops_; }

private:
    std::map<std::tuple<Place, Place, AccountId>, Hop> hops_;
};

bool equal(const Hop& a, const Hop& b)
{
    return std::tie(a.from, a.to, a.through, a.units, a.amount, a.count, a.first_block,
               a.last_block) == std::tie(b.from, b.to, b.through, b.units, b.amount, b.count,
                                    b.first_block, b.last_block);
}
}  // namespace

TEST_CASE("a hop table has the hops that a map has", "[tracing]")
{
    std::mt19937_64 random{GENERATE(1U, 2U, 3U)};
    // More pairs than are told apart, and every amount, kind and block that records are too small
    // for.
    const auto accounts = GENERATE(20U, 90U);
    PlaceTable places;
    HopTable table;
    PlainHops plain;
    std::uint64_t lost = 0;
    for (std::uint64_t i = 0; i < 60'000; ++i)
    {
        const auto any = [&](std::uint64_t below) { return random() % below; };
        const Place from{AccountId{static_cast<std::uint32_t>(any(accounts))}, ContractId{0}};
        const Place to{AccountId{static_cast<std::uint32_t>(any(accounts))},
            ContractId{static_cast<std::uint32_t>(any(2))}};
        const AccountId through{any(10) == 0 ? 7U : 0U};
        Amount amount = any(1'000'000);
        if (any(500) == 0)
            amount = amount << static_cast<unsigned>(90 + any(160));
        Units units;
        if (any(20) != 0)
            add_units(units, {{static_cast<std::uint32_t>(any(30) == 0 ? 1 : 0), amount}});
        if (any(200) == 0)
            add_units(units, {{2, 1 + any(9)}});
        const auto block = any(700) == 0 ? i << 30U : i;
        const bool is_told_apart = table.add(
            places.number_of(from), places.number_of(to), through, units, amount, block, hops_max);
        REQUIRE(is_told_apart == plain.add(from, to, through, units, amount, block));
        lost += is_told_apart ? 0 : 1;
    }
    CHECK((lost > 0) == (accounts == 90));
    table.close(std::move(places));
    REQUIRE(table.size() == plain.hops().size());
    auto expected = plain.hops().begin();
    std::size_t position = 0;
    std::size_t wide = 0;
    for (const auto& hop : table)
    {
        CHECK(equal(hop, expected->second));
        CHECK(table.from(position) == hop.from);
        CHECK(table.to(position) == hop.to);
        wide += hop.units.size() > 1 || !hop.amount.fits_uint128() ? 1 : 0;
        ++position;
        ++expected;
    }
    CHECK(wide > 100);
    CHECK(wide < table.size());
}

TEST_CASE("an empty hop table", "[tracing]")
{
    HopTable table;
    table.close({});
    CHECK(table.empty());
    CHECK(table.begin() == table.end());
}
