#include "scenarios/prices.hpp"

#include "ledger/philox.hpp"
#include "ledger/portable_math.hpp"
#include "tests/scenarios/temporary_directory.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

using namespace runnel;
using namespace runnel::scenarios;
using runnel::scenarios::tests::TemporaryDirectory;

namespace
{
constexpr std::uint64_t usd = 100'000'000;
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

std::string contents_of(const std::filesystem::path& file)
{
    std::ifstream stream{file, std::ios::binary};
    return {std::istreambuf_iterator<char>{stream}, {}};
}

PriceGrid grid_of(std::size_t blocks, std::uint64_t seed = 7, std::string token = "WETH")
{
    return {seed, std::move(token), 3'600, 12, blocks};
}

std::uint64_t sum_of(const PricePath& path)
{
    std::uint64_t sum = 0;
    for (const auto price : path)
        sum = sum * 31 + price;
    return sum;
}

/// The error of reading these contents, without the name of the file's directory.
std::string csv_error(std::string_view contents)
{
    const TemporaryDirectory directory;
    const auto bars = read_price_bars(directory.write("p.csv", contents));
    REQUIRE_FALSE(bars.has_value());
    const auto prefix = directory.path().string() + "/";
    REQUIRE(bars.error().starts_with(prefix));
    return bars.error().substr(prefix.size());
}

constexpr std::string_view three_hours =
    "date,Close,unix,low,high,open,volume\n"
    "a,105,3600,95.5,110,100,1\n"
    "b,101.25,7200,101,108,105,2\n"
    "c,103,10800,100,104,101.25,3\n";
}  // namespace

TEST_CASE("prices: decimal text becomes 1e-8 USD", "[scenarios][prices]")
{
    CHECK(parse_price("1") == usd);
    CHECK(parse_price("193.31") == 19'331'000'000);
    CHECK(parse_price("4594.90000000") == 459'490'000'000);
    CHECK(parse_price("0.00000112") == 112);
    CHECK(parse_price("1.12e-06") == 112);
    CHECK(parse_price("1E2") == 100 * usd);
    CHECK(parse_price(".5") == usd / 2);
    CHECK(parse_price("5.") == 5 * usd);
    CHECK(parse_price("0000000000000000000000000000000000000000000000001") == usd);
    CHECK(parse_price("1.00000000000000000000000000000000000000000000000000") == usd);
    CHECK(parse_price("1000000000000000000000000000000000000000000e-42") == usd);
    CHECK(parse_price("10000000000") == price_max);

    for (const auto* text : {"", "nan", "inf", "-1", "+1", "0", "0.00", "1.2.3", "1e", "1e+", "abc",
             "1 2", "0x10", "1,5", "10000000000.1", "1e300", "1e999999999999", "."})
    {
        CAPTURE(text);
        CHECK_FALSE(parse_price(text).has_value());
    }
    CHECK(parse_price("nan").error() == "expected a price above 0 in USD, got \"nan\"");
}

TEST_CASE("prices: what 1e-8 USD cannot hold is refused", "[scenarios][prices]")
{
    // What people write themselves is held to the last digit.
    for (const auto* text : {"4e-10", "0.000000009", "1.5e-8", "0.000000015", "1e-99999999999999",
             "3000.123456789", "1.00000000000000000000000000000000000000000000000001"})
    {
        CAPTURE(text);
        CHECK(parse_price(text).error().find("of at most 8 decimals") != std::string::npos);
    }
    CHECK(parse_price("1e-8") == 1);

    // Data sites write all digits of a binary number.
    constexpr auto rounded = PriceRounding::below_a_thousandth;
    CHECK(parse_price("3010.1000000000004", rounded) == 301'010'000'000);
    CHECK(parse_price("0.123456785", rounded) == 12'345'679);  // Half up.
    CHECK(
        parse_price("0.1234567849999999999999999999999999999999999999999", rounded) == 12'345'678);
    CHECK(parse_price("0.000012345678", rounded) == 1'235);
    CHECK(parse_price("0.00000112", rounded) == 112);
    CHECK(parse_price("0.0000050049", rounded) == 500);
    for (const auto* text : {"4e-10", "0.000000009", "1.5e-8", "0.000000014999", "0.0000001234",
             "0.000004995", "1e-99999999999999"})
    {
        CAPTURE(text);
        CHECK(parse_price(text, rounded).error().find("hold within a thousandth") !=
              std::string::npos);
    }
}

TEST_CASE("prices: a model's price that is too low to be held ends the path", "[scenarios][prices]")
{
    CHECK(make_price_path(GbmPrice{499, 0, 0}, grid_of(3)).error().find("start_price") == 0);
    CHECK(make_price_path(GbmPrice{500, 0, 0}, grid_of(3)) == PricePath{500, 500, 500});
    auto grid = grid_of(200);
    grid.slot_seconds = 86'400;
    // e^-1 a year: below 500 units after 253 days.
    CHECK(make_price_path(GbmPrice{1'000, -1, 0}, grid).has_value());
    grid.blocks = 300;
    CHECK(make_price_path(GbmPrice{1'000, -1, 0}, grid)
              .error()
              .find("the price at block 253 is below 0.000005 USD") == 0);
}

TEST_CASE("prices: a constant price is constant", "[scenarios][prices]")
{
    CHECK(make_price_path(ConstantPrice{usd}, grid_of(3)) == PricePath{usd, usd, usd});
    CHECK(make_price_path(ConstantPrice{usd}, grid_of(0)) == PricePath{});
    CHECK_FALSE(make_price_path(ConstantPrice{0}, grid_of(3)).has_value());
}

// Method: one long path; the log returns' mean and standard deviation against the model's, within
// 4 standard errors.
TEST_CASE("prices: gbm has the drift and volatility asked for", "[scenarios][prices]")
{
    auto grid = grid_of(200'001);
    grid.slot_seconds = 3'600;
    const auto path = make_price_path(GbmPrice{200 * usd, 0.5, 0.8}, grid).value();
    REQUIRE(path.size() == 200'001);
    CHECK(path.front() == 200 * usd);

    const auto steps = static_cast<double>(path.size() - 1);
    const double years = 1 / 8'760.0;
    double mean = 0;
    double square = 0;
    for (std::size_t i = 1; i < path.size(); ++i)
    {
        const double step =
            std::log(static_cast<double>(path[i]) / static_cast<double>(path[i - 1]));
        mean += step / steps;
        square += step * step / steps;
    }
    const double sd = 0.8 * std::sqrt(years);
    CHECK(std::abs(mean - (0.5 - 0.32) * years) < 4 * sd / std::sqrt(steps));
    CHECK(std::abs(std::sqrt(square) / sd - 1) < 4 / std::sqrt(2 * steps));
}

TEST_CASE("prices: gbm without volatility grows by its drift", "[scenarios][prices]")
{
    auto grid = grid_of(366);
    grid.slot_seconds = 86'400;
    const auto path = make_price_path(GbmPrice{usd, 0.05, 0}, grid).value();
    CHECK(path.back() == 105'127'110);                                             // e^0.05 USD.
    CHECK(make_price_path(GbmPrice{usd, -5, 0}, grid).value().back() == 673'795);  // e^-5 USD.
}

// Method: 2,000 seeds; the mean of the last price is the drift's whatever the jumps, and the log
// returns have the jumps' variance added.
TEST_CASE("prices: jumps add variance but leave the expected price", "[scenarios][prices]")
{
    JumpPrice model{{100 * usd, 0.1, 0.2}, 20, -0.05, 0.1};
    auto grid = grid_of(53);
    grid.slot_seconds = 604'800;  // 52 weeks.
    const double years = 52 * 7 / 365.0;
    constexpr int seeds = 2'000;
    double mean = 0;
    double log_mean = 0;
    double log_square = 0;
    for (int seed = 0; seed < seeds; ++seed)
    {
        grid.seed = static_cast<std::uint64_t>(seed);
        const auto path = make_price_path(model, grid).value();
        const double growth = static_cast<double>(path.back()) / static_cast<double>(path.front());
        mean += growth / seeds;
        log_mean += std::log(growth) / seeds;
        log_square += std::log(growth) * std::log(growth) / seeds;
    }
    const double variance = (0.2 * 0.2 + 20 * (0.05 * 0.05 + 0.1 * 0.1)) * years;
    const double error = std::sqrt((std::exp(variance) - 1) / seeds) * std::exp(0.1 * years);
    CHECK(std::abs(mean - std::exp(0.1 * years)) < 4 * error);
    CHECK(std::abs((log_square - log_mean * log_mean) / variance - 1) < 0.15);

    model.jumps_per_year = 0;
    CHECK(make_price_path(model, grid) == make_price_path(model.diffusion, grid));
}

TEST_CASE("prices: a path depends on seed and token, not on its length", "[scenarios][prices]")
{
    const GbmPrice model{100 * usd, 0, 1};
    const auto path = make_price_path(model, grid_of(1'000)).value();
    const auto longer = make_price_path(model, grid_of(2'000)).value();
    CHECK(std::equal(path.begin(), path.end(), longer.begin()));
    CHECK(make_price_path(model, grid_of(1'000)) == path);
    CHECK(make_price_path(model, grid_of(1'000, 8)) != path);
    CHECK(make_price_path(model, grid_of(1'000, 7, "WBTC")) != path);
}

TEST_CASE("prices: model parameters out of range are named", "[scenarios][prices]")
{
    const auto error_of = [](const PriceModel& model, const PriceGrid& grid = grid_of(10))
    {
        const auto path = make_price_path(model, grid);
        REQUIRE_FALSE(path.has_value());
        return path.error();
    };
    CHECK(error_of(GbmPrice{0, 0, 0}).starts_with("start_price: expected"));
    CHECK(error_of(GbmPrice{price_max + 1, 0, 0}).starts_with("start_price: expected"));
    CHECK(error_of(GbmPrice{usd, not_a_number, 0}).starts_with("drift: expected"));
    CHECK(error_of(GbmPrice{usd, -infinity, 0}).starts_with("drift: expected"));
    CHECK(error_of(GbmPrice{usd, 0, -0.1}) ==
          "volatility: expected a number from 0 to 100, got -0.1");
    CHECK(error_of(GbmPrice{usd, 0, infinity}).starts_with("volatility: expected"));
    CHECK(error_of(JumpPrice{{usd, 0, 0}, infinity, 0, 0}).starts_with("jumps_per_year: "));
    CHECK(error_of(JumpPrice{{usd, 0, 0}, 1, 11, 0}).starts_with("jump_mean: expected"));
    CHECK(error_of(JumpPrice{{usd, 0, 0}, 1, 0, not_a_number}).starts_with("jump_sd: expected"));

    auto grid = grid_of(100);
    grid.slot_seconds = 86'400;
    CHECK(error_of(GbmPrice{usd, 1'000, 0}, grid).starts_with("the price at block 9 is above"));
    grid.slot_seconds = 0;
    CHECK(error_of(ConstantPrice{usd}, grid).starts_with("slot_seconds: expected"));
    grid = grid_of(100'000'001);
    CHECK(error_of(ConstantPrice{usd}, grid).starts_with("blocks: expected"));
    grid = grid_of(1);
    grid.start = -1;
    CHECK(error_of(ConstantPrice{usd}, grid).starts_with("start: expected"));
}

TEST_CASE("prices: columns are found by name, rows in either order", "[scenarios][prices]")
{
    const TemporaryDirectory directory;
    const auto bars = read_price_bars(directory.write("up.csv", three_hours)).value();
    REQUIRE(bars.size() == 3);
    CHECK(bars[0].unix == 3'600);
    CHECK(bars[0].open == 100 * usd);
    CHECK(bars[0].high == 110 * usd);
    CHECK(bars[0].low == 9'550'000'000);
    CHECK(bars[0].close == 105 * usd);
    CHECK(bars[2].unix == 10'800);

    const auto path = make_price_path(CsvPrice{directory.path() / "up.csv", {}}, grid_of(900));
    // Windows line ends, a byte order mark, blanks, no last line end; then gzip.
    const std::string down =
        "\xef\xbb\xbfunix, open,high,low,close\r\n10800,101.25,104,100,103\r\n\r\n"
        "7200,105,108,101, 101.25\r\n3600,100,110,95.5,105";
    CHECK(make_price_path(CsvPrice{directory.write("down.csv", down), {}}, grid_of(900)) == path);
    CHECK(make_price_path(CsvPrice{directory.write_gzip("z.csv.gz", down), {}}, grid_of(900)) ==
          path);
    CHECK(make_price_path(BarsPrice{bars, {}}, grid_of(900)) == path);
}

TEST_CASE("prices: an error in a file says where and what was expected", "[scenarios][prices]")
{
    CHECK(csv_error("") == "p.csv: expected a header line, got an empty file");
    CHECK(csv_error("\n\n") == "p.csv: expected a header line, got an empty file");
    CHECK(csv_error("unix,open,high,low,close\n") ==
          "p.csv: expected a row below the header, got none");
    CHECK(csv_error("unix,open,high,close\n1,1,1,1\n") ==
          "p.csv:1:1: expected a column named low in the header, got none");
    CHECK(csv_error("unix,open,high,low,close,Low\n") ==
          "p.csv:1:26: expected one column named low in the header, got another (low_column says "
          "which)");
    const std::string header = "unix,open,high,low,close\n";
    CHECK(csv_error(header + "60,1,1,1\n") ==
          "p.csv:2:8: expected 5 columns as in the header, got 4");
    CHECK(csv_error(header + "60,1,1,1,1\n120,1,nan,1,1\n") ==
          "p.csv:3:7: high: expected a price above 0 in USD, got \"nan\"");
    CHECK(csv_error(header + "60,inf,1,1,1\n").starts_with("p.csv:2:4: open: expected a price"));
    CHECK(csv_error(header + "60,1,1,-1,1\n").starts_with("p.csv:2:8: low: expected a price"));
    CHECK(csv_error(header + "60,1,1,1,0\n").starts_with("p.csv:2:10: close: expected a price"));
    CHECK(
        csv_error(header + "60,1,1,1,1e300\n").starts_with("p.csv:2:10: close: expected a price"));
    CHECK(csv_error(header + "60,1,1,1,\x01\x7f\n") ==
          "p.csv:2:10: close: expected a price above 0 in USD, got \"\\x01\\x7f\"");
    CHECK(csv_error(header + "-60,1,1,1,1\n") ==
          "p.csv:2:1: time: expected a time from 1970 to 9999, like 1714521600 or "
          "2024-05-01T00:00:00Z, got \"-60\"");
    CHECK(csv_error(header + "99999999999999999999999,1,1,1,1\n").starts_with("p.csv:2:1: time: "));
    CHECK(csv_error(header + "60,1,0.9,0.5,1\n") ==
          "p.csv:2:6: high: expected a price not below open and close, got \"0.9\"");
    CHECK(csv_error(header + "60,1,2,1.5,1\n") ==
          "p.csv:2:8: low: expected a price not above open and close, got \"1.5\"");
    CHECK(csv_error(header + "60,1,1,1,1\n60,1,1,1,1\n") ==
          "p.csv:3:1: time: expected a time after that of the row above, 1970-01-01T00:01:00Z, got "
          "\"60\"");
    CHECK(csv_error(header + "60,1,1,1,1\n120,1,1,1,1\n90,1,1,1,1\n") ==
          "p.csv:4:1: time: expected a time after that of the row above, 1970-01-01T00:02:00Z, got "
          "\"90\"");
    CHECK(
        csv_error(header + "60,1,1,1,1\n30,1,1,1,1\n40,1,1,1,1\n") ==
        "p.csv:4:1: time: expected a time before that of the row above, 1970-01-01T00:00:30Z, got "
        "\"40\"");

    const TemporaryDirectory directory;
    CHECK_FALSE(read_price_bars(directory.path() / "missing.csv").has_value());
    CHECK_FALSE(read_price_bars(directory.path()).has_value());
    CHECK_FALSE(read_price_bars("/dev/zero").has_value());
}

// Method: every prefix of a gzip file, and every file with one byte of its data changed.
TEST_CASE("prices: a damaged gzip file is refused", "[scenarios][prices]")
{
    const TemporaryDirectory directory;
    const auto whole = contents_of(directory.write_gzip("whole.csv.gz", three_hours));
    for (std::size_t length = 0; length < whole.size(); ++length)
    {
        CAPTURE(length);
        const auto file = directory.write("cut.csv.gz", whole.substr(0, length));
        REQUIRE_FALSE(read_price_bars(file).has_value());
    }
    for (std::size_t i = 10; i < whole.size(); ++i)
    {
        CAPTURE(i);
        auto changed = whole;
        changed[i] = static_cast<char>(changed[i] ^ 0x10);
        REQUIRE_FALSE(read_price_bars(directory.write("changed.csv.gz", changed)).has_value());
    }
    CHECK_FALSE(read_price_bars(directory.write("plain.csv.gz", three_hours)).has_value());
}

// Method: random bytes and random changes of a good file give bars or an error, never a crash.
TEST_CASE("prices: hostile files are read or refused", "[scenarios][prices][property]")
{
    RandomStream random{13, 0, 0, 0};
    const TemporaryDirectory directory;
    for (int i = 0; i < 2'000; ++i)
    {
        std::string text{three_hours};
        for (auto changes = random.uniform_int(1, 8); changes > 0; --changes)
        {
            const auto at = random.uniform_below(text.size());
            text[at] = static_cast<char>(random.uniform_below(256));
        }
        const CsvPrice model{directory.write("hostile.csv", text), {}};
        const auto path = make_price_path(model, grid_of(300));
        if (path)
        {
            REQUIRE(path->size() == 300);
            REQUIRE(*std::min_element(path->begin(), path->end()) >= 1);
        }
        else
        {
            REQUIRE(path.error().find("expected") != std::string::npos);
            REQUIRE(path.error().find('\n') == std::string::npos);
        }
    }
}

// Method: random bars and block counts; the path starts at open, ends at close, reaches low and
// high when there are blocks for both, and never leaves them.
TEST_CASE("prices: a bar's path keeps to the bar", "[scenarios][prices][property]")
{
    RandomStream random{14, 0, 0, 0};
    for (int i = 0; i < 5'000; ++i)
    {
        std::array<std::uint64_t, 4> sorted{};
        const auto range = std::uint64_t{1} << random.uniform_int(1, 59);
        for (auto& price : sorted)
            price = 1 + random.uniform_below(range);
        std::sort(sorted.begin(), sorted.end());
        PriceBar bar{3'600, sorted[1], sorted[3], sorted[0], sorted[2]};
        if (random.bernoulli(0.5))
            std::swap(bar.open, bar.close);
        if (random.bernoulli(0.2))
            bar.low = std::min(bar.open, bar.close);
        if (random.bernoulli(0.2))
            bar.high = std::max(bar.open, bar.close);
        const auto blocks = static_cast<std::size_t>(random.uniform_int(1, i % 2 == 0 ? 6 : 300));
        auto grid = grid_of(blocks, random.next_uint64());
        grid.slot_seconds = 1;
        CAPTURE(i, bar.open, bar.high, bar.low, bar.close, blocks);

        const BarsPrice model{{bar}, {static_cast<std::uint32_t>(blocks), false}};
        const auto path = make_price_path(model, grid).value();
        REQUIRE(path.back() == bar.close);
        if (blocks >= 2)
            REQUIRE(path.front() == bar.open);
        const auto [lowest, highest] = std::minmax_element(path.begin(), path.end());
        REQUIRE(*lowest >= bar.low);
        REQUIRE(*highest <= bar.high);
        if (blocks >= 4)
        {
            REQUIRE(*lowest == bar.low);
            REQUIRE(*highest == bar.high);
        }
        if (blocks == 3)
            REQUIRE((*lowest == bar.low || *highest == bar.high));
    }
}

TEST_CASE("prices: a rising bar sees its low first", "[scenarios][prices]")
{
    const auto visits_low_first = [](std::uint64_t open, std::uint64_t close, std::uint64_t seed)
    {
        const BarsPrice model{{{3'600, open, 110 * usd, 90 * usd, close}}, {3'600, false}};
        const auto path = make_price_path(model, grid_of(300, seed)).value();
        const auto [lowest, highest] = std::minmax_element(path.begin(), path.end());
        return lowest < highest;
    };
    int first = 0;
    for (std::uint64_t seed = 0; seed < 100; ++seed)
    {
        CHECK(visits_low_first(95 * usd, 105 * usd, seed));
        CHECK_FALSE(visits_low_first(105 * usd, 95 * usd, seed));
        first += visits_low_first(100 * usd, 100 * usd, seed) ? 1 : 0;
    }
    CHECK(first > 25);
    CHECK(first < 75);
}

TEST_CASE("prices: a bar of few blocks shows what fits", "[scenarios][prices]")
{
    BarsPrice model{{{3'600, 100 * usd, 120 * usd, 90 * usd, 105 * usd}}, {12, false}};
    CHECK(make_price_path(model, grid_of(1)) == PricePath{105 * usd});
    model.options.bar_seconds = 24;
    CHECK(make_price_path(model, grid_of(2)) == PricePath{100 * usd, 105 * usd});
    model.options.bar_seconds = 36;
    CHECK(make_price_path(model, grid_of(3)) == PricePath{100 * usd, 120 * usd, 105 * usd});
    model.bars[0].low = 80 * usd;
    CHECK(make_price_path(model, grid_of(3)) == PricePath{100 * usd, 80 * usd, 105 * usd});
    model.options.bar_seconds = 48;
    CHECK(
        make_price_path(model, grid_of(4)) == PricePath{100 * usd, 80 * usd, 120 * usd, 105 * usd});
}

TEST_CASE("prices: a bar's prices depend on no other bar", "[scenarios][prices]")
{
    const PriceBar first{3'600, 100 * usd, 120 * usd, 90 * usd, 110 * usd};
    const PriceBar second{7'200, 110 * usd, 115 * usd, 100 * usd, 105 * usd};
    const PriceBar other{7'200, 50 * usd, 60 * usd, 40 * usd, 45 * usd};
    const auto path = make_price_path(BarsPrice{{first, second}, {}}, grid_of(600)).value();
    const auto changed = make_price_path(BarsPrice{{first, other}, {}}, grid_of(600)).value();
    CHECK(std::equal(path.begin(), path.begin() + 300, changed.begin()));

    // A scenario that starts in the middle of a bar sees the same market.
    auto late = grid_of(500);
    late.start += 100 * 12;
    const auto tail = make_price_path(BarsPrice{{first, second}, {}}, late).value();
    CHECK(std::equal(tail.begin(), tail.end(), path.begin() + 100, path.end()));
    // And if no block falls on the bar's first second, the first one shows its open.
    late.start = first.unix + 5;
    CHECK(make_price_path(BarsPrice{{first, second}, {}}, late).value().front() == first.open);
}

TEST_CASE("prices: a gap holds the last close", "[scenarios][prices]")
{
    // Bars of an hour; the one at 7200 is missing. 60 s a block.
    const ClosesPrice model{
        {{0, 10 * usd}, {3'600, 20 * usd}, {10'800, 30 * usd}, {14'400, 25 * usd}},
        {.hold_gaps = true}};
    PriceGrid grid{1, "WETH", 0, 60, 300};
    const auto path = make_price_path(model, grid).value();
    for (std::size_t i = 0; i < 60; ++i)
        CHECK(path[i] == 10 * usd);
    CHECK(path[60] == 10 * usd);
    CHECK(path[119] == 20 * usd);
    for (std::size_t i = 120; i < 180; ++i)
        CHECK(path[i] == 20 * usd);
    CHECK(path[180] == 20 * usd);
    CHECK(path[239] == 30 * usd);
    CHECK(path[240] == 30 * usd);
    CHECK(path[299] == 25 * usd);

    // Up to the very end of the last bar its close is known; behind it one has to ask.
    grid.blocks = 301;
    CHECK(make_price_path(model, grid).value().back() == 25 * usd);
    grid.blocks = 302;
    CHECK(make_price_path(model, grid).error() ==
          "expected bars up to the scenario's last block at 18060 (1970-01-01T05:01:00Z), got the "
          "last until 18000 (1970-01-01T05:00:00Z) (hold_last_close = true holds its close)");
    auto held = model;
    held.options.hold_last_close = true;
    CHECK(make_price_path(held, grid).value().back() == 25 * usd);

    grid.slot_seconds = 7'200;  // Fewer blocks than bars.
    grid.blocks = 3;
    CHECK(make_price_path(model, grid) == PricePath{10 * usd, 20 * usd, 25 * usd});
}

TEST_CASE("prices: missing bars are named and refused", "[scenarios][prices]")
{
    constexpr std::int64_t day = 86'400;
    constexpr std::int64_t may = 1'714'521'600;
    const auto model = [](std::vector<std::int64_t> days)
    {
        ClosesPrice result;
        for (const auto number : days)
            result.closes.push_back({may + number * day, 3'000 * usd});
        return result;
    };
    const auto error_of = [](const PriceModel& given, std::size_t days, std::int64_t first = 0)
    {
        const PriceGrid grid{1, "WETH", may + first * day, 3'600, days * 24};
        const auto path = make_price_path(given, grid);
        // What a check finds and what a run finds is the same.
        CHECK(
            check_price_model(given, grid) == (path ? std::nullopt : std::optional{path.error()}));
        return path ? std::string{} : path.error();
    };
    CHECK(error_of(model({0, 3, 4}), 4) ==
          "expected a bar every 86400 s, got none for 2024-05-02 to 2024-05-03 (hold_gaps = true "
          "holds the last close there, bar_seconds says how long a bar lasts)");
    CHECK(
        error_of(model({0, 1, 3, 4, 5}), 5).find("got none for 2024-05-03 (") != std::string::npos);
    CHECK(error_of(model({0, 1, 3, 4, 5, 7, 8, 9, 12, 13, 16, 17, 18}), 18)
              .find("none for 2024-05-03, 2024-05-07, 2024-05-11 to 2024-05-12 and 1 more times") !=
          std::string::npos);
    // Holes before the first block and after the last are nobody's.
    CHECK(error_of(model({0, 2, 3, 4, 5, 6, 8, 9}), 4, 3).empty());
    CHECK(error_of(model({0, 2, 3, 4, 5, 6, 8, 9}), 5, 3).find("2024-05-08") != std::string::npos);
    auto held = model({0, 3, 4});
    held.options.hold_gaps = true;
    CHECK(error_of(held, 4).empty());
    // An hour too late is no missing day.
    auto late = model({0, 1, 2, 3});
    late.closes[2].unix += 3'600;
    CHECK(error_of(late, 4).empty());
}

TEST_CASE("prices: bars of the scenario are checked", "[scenarios][prices]")
{
    const auto error_of = [](const PriceModel& model)
    {
        const auto path = make_price_path(model, grid_of(10));
        REQUIRE_FALSE(path.has_value());
        return path.error();
    };
    CHECK(error_of(BarsPrice{}) == "expected at least one bar, got none");
    CHECK(error_of(ClosesPrice{}) == "expected at least one bar, got none");
    CHECK(error_of(ClosesPrice{{{3'600, usd}}, {}}) ==
          "bar_seconds: expected the length of the one bar there is");
    CHECK(error_of(ClosesPrice{{{3'600, usd}}, {3'000'000, false}}).starts_with("bar_seconds: "));
    CHECK(error_of(ClosesPrice{{{0, usd}, {4'000'000, usd}}, {}}).starts_with("unix: expected"));
    CHECK(error_of(ClosesPrice{{{0, usd}, {60, 0}}, {}}).starts_with("closes[1].close: expected"));
    CHECK(error_of(ClosesPrice{{{60, usd}, {60, usd}}, {}}) ==
          "closes[1].unix: expected a time after 60, got 60");
    CHECK(
        error_of(ClosesPrice{{{-1, usd}, {60, usd}}, {}}).starts_with("closes[0].unix: expected"));
    CHECK(error_of(BarsPrice{{{0, usd, usd, 2 * usd, usd}}, {60, false}}) ==
          "bars[0].low: expected a price not above open and close, got 200000000");
    CHECK(error_of(ClosesPrice{{{7'200, usd}, {10'800, usd}}, {}}) ==
          "expected a bar at or before the scenario's start 3600 (1970-01-01T01:00:00Z), got the "
          "first at 7200 (1970-01-01T02:00:00Z)");
}

TEST_CASE("prices: paths have the same bits everywhere", "[scenarios][prices]")
{
    CHECK(price_stream("WETH") == 0xf7ee1f8e12620ed8);
    const GbmPrice gbm{200 * usd, 0.1, 0.9};
    CHECK(sum_of(make_price_path(gbm, grid_of(100'000)).value()) == 0x2a6c92f3618ba80d);
    CHECK(sum_of(make_price_path(JumpPrice{gbm, 5'000, -0.01, 0.05}, grid_of(100'000)).value()) ==
          0x340c7db40f35ad71);
    const TemporaryDirectory directory;
    const CsvPrice csv{directory.write("p.csv", three_hours), {}};
    CHECK(sum_of(make_price_path(csv, grid_of(900)).value()) == 0xd55933b58780c646);
}

TEST_CASE("prices: Black Thursday comes out as it was traded", "[scenarios][prices][data]")
{
    const char* data = std::getenv("RUNNEL_DATA");
    if (data == nullptr)
    {
        std::cout << "SKIPPED: RUNNEL_DATA is unset, no market data\n";
        return;
    }
    // Source: Binance ETHUSDT, hourly closes of 12 and 13 March 2020.
    constexpr std::array closes{193.31, 185.03, 184.10, 183.08, 181.71, 181.75, 173.80, 171.61,
        169.54, 167.97, 132.91, 136.59, 136.99, 135.03, 139.66, 141.10, 139.35, 141.96, 137.23,
        138.37, 128.84, 130.99, 127.26, 107.82, 106.89, 96.62, 111.12, 124.24, 109.70, 116.63,
        126.13, 127.28, 125.33, 129.46, 131.13, 127.60, 129.26, 131.93, 126.89, 123.70, 123.46,
        123.56, 118.88, 128.32, 126.88, 128.83, 133.04, 134.06};
    const CsvPrice model{
        std::filesystem::path{data} / "prices/binance_ethusdt_1h_2017_2021.csv.gz", {}};
    const auto path =
        make_price_path(model, PriceGrid{20'200'312, "WETH", 1'583'971'200, 12, 14'400}).value();

    REQUIRE(path.size() == 14'400);
    CHECK(path.front() == 19'461'000'000);
    for (std::size_t hour = 0; hour < closes.size(); ++hour)
    {
        CAPTURE(hour);
        CHECK(path[hour * 300 + 299] ==
              static_cast<std::uint64_t>(std::llround(closes.at(hour) * 100)) * 1'000'000);
    }
    const auto lowest = std::min_element(path.begin(), path.end());
    CHECK(*lowest == 86 * usd);
    CHECK((lowest - path.begin()) / 300 == 26);

    // The market has hours of -21 %, but no step between two blocks that alone would break a loan.
    double worst = 0;
    for (std::size_t i = 1; i < path.size(); ++i)
    {
        const auto change = static_cast<double>(path[i]) / static_cast<double>(path[i - 1]) - 1;
        worst = std::max(worst, std::abs(change));
    }
    CHECK(worst < 0.06);
}
