#include "contracts/lending/aave_v3/math.hpp"
#include "tests/support/catch.hpp"
#include "tools/replay/line_reader.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>

using namespace runnel;
using namespace runnel::contracts::aave_v3;

namespace
{
/// A reserve at the end of a minute; rates and indexes in ray.
struct Minute
{
    std::int64_t number = 0;  // Of the file, from 0.
    Amount liquidity_rate;
    Amount variable_rate;
    Amount liquidity_index;
    Amount variable_index;
};

/// A decimal of at most 27 digits behind the point.
Amount ray_of(const std::string& text)
{
    const auto point = text.find('.');
    auto digits = text.substr(0, point);
    auto fraction = point == std::string::npos ? std::string{} : text.substr(point + 1);
    REQUIRE(fraction.size() <= 27);
    fraction.resize(27, '0');
    const auto value = Amount::from_decimal(digits + fraction);
    REQUIRE(value);
    return *value;
}

Minute minute_of(const std::string& line, std::int64_t number)
{
    std::array<std::string, 6> cells;
    std::size_t cell = 0;
    for (const char c : line)
    {
        if (c == ',')
            ++cell;
        else
            cells.at(cell) += c;
    }
    REQUIRE(cell == 5);
    return {number, ray_of(cells[1]), ray_of(cells[3]), ray_of(cells[4]), ray_of(cells[5])};
}

Amount grown_linearly(const Minute& from, std::uint64_t seconds)
{
    return ray_mul_half_up(linear_interest(from.liquidity_rate, 0, seconds), from.liquidity_index)
        .value;
}

Amount compounded(const Minute& from, std::uint64_t seconds)
{
    return ray_mul_half_up(compounded_interest(from.variable_rate, 0, seconds), from.variable_index)
        .value;
}

struct Count
{
    unsigned changes = 0;
    unsigned exact = 0;  // Both indexes, by one whole number of seconds.
};

Count follow(const std::string& file)
{
    replay::LineReader reader{file};
    REQUIRE(reader.next());  // The heading.
    std::optional<Minute> last;
    Count count;
    for (std::int64_t number = 0; const auto line = reader.next(); ++number)
    {
        const auto now = minute_of(std::string{*line}, number);
        if (last && now.liquidity_index == last->liquidity_index &&
            now.variable_index == last->variable_index)
            continue;
        if (last)
        {
            ++count.changes;
            const auto least = static_cast<std::uint64_t>(
                std::max<std::int64_t>(0, (now.number - last->number - 1) * 60));
            // Updates come at any second of their minutes: the time between two is the distance of
            // the minutes, give or take one.
            CAPTURE(file, number);
            CHECK(compounded(*last, least) <= now.variable_index);
            CHECK(now.variable_index <= compounded(*last, least + 121));
            for (auto seconds = least; seconds <= least + 120; ++seconds)
            {
                if (compounded(*last, seconds) == now.variable_index)
                {
                    count.exact += grown_linearly(*last, seconds) == now.liquidity_index ? 1 : 0;
                    break;
                }
            }
        }
        last = now;
    }
    CHECK(reader.error().empty());
    return count;
}
}  // namespace

// Source: Aave v3 on Polygon, 14 to 17 August 2023, by the minute (SOURCES.md beside the files).
// They tell minutes, not seconds: where there was one update in a minute, both indexes follow from
// the rates before it to the last digit, by one number of seconds that the file does not tell.
// Where there were more, the rates between them are not recorded, and the bound is a minute's
// interest.
TEST_CASE(
    "aave v3: recorded minutes have the indexes that follow from their rates", "[replay][aave_v3]")
{
    const char* data = std::getenv("RUNNEL_DATA");
    if (data == nullptr)
    {
        std::cout << "SKIPPED: RUNNEL_DATA is unset, no market data\n";
        return;
    }
    const auto folder = std::string{data} + "/lending/aave_v3_polygon_";
    const auto usdc = follow(folder + "usdc_minute_2023-08-14_17.csv.gz");
    CHECK(usdc.changes == 3'285);
    CHECK(usdc.exact == 1'633);
    const auto weth = follow(folder + "weth_minute_2023-08-14_17.csv.gz");
    CHECK(weth.changes == 1'861);
    CHECK(weth.exact == 1'149);
}
