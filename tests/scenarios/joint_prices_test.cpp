#include "ledger/philox.hpp"
#include "scenarios/prices.hpp"
#include "scenarios/scenario.hpp"
#include "tests/scenarios/fakes.hpp"
#include "tests/scenarios/temporary_directory.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <vector>

using namespace runnel;
using namespace runnel::scenarios;
using runnel::scenarios::tests::TemporaryDirectory;
using runnel::scenarios::tests::test_options;

namespace
{
constexpr std::uint64_t usd = 100'000'000;

PriceGrid hours(std::size_t count, std::string token, std::uint64_t seed = 7)
{
    return {seed, std::move(token), 0, 3'600, count};
}

std::vector<double> log_returns(const PricePath& path)
{
    std::vector<double> returns;
    for (std::size_t i = 1; i < path.size(); ++i)
        returns.push_back(
            std::log(static_cast<double>(path[i]) / static_cast<double>(path[i - 1])));
    return returns;
}

double mean(const std::vector<double>& values)
{
    double sum = 0;
    for (const double value : values)
        sum += value;
    return sum / static_cast<double>(values.size());
}

double covariance(const std::vector<double>& a, const std::vector<double>& b)
{
    const auto mean_a = mean(a);
    const auto mean_b = mean(b);
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i)
        sum += (a[i] - mean_a) * (b[i] - mean_b);
    return sum / static_cast<double>(a.size());
}

double correlation(const std::vector<double>& a, const std::vector<double>& b)
{
    return covariance(a, b) / std::sqrt(covariance(a, a) * covariance(b, b));
}

/// The paths of three tokens with these correlations.
std::vector<std::vector<double>> joint_returns(
    double ab, double ac, double bc, std::size_t steps, std::uint64_t seed = 7)
{
    const std::vector<std::string> tokens{"A", "B", "C"};
    const auto factors = price_factors(tokens, {{0, 1, ab}, {0, 2, ac}, {1, 2, bc}}).value();
    std::vector<std::vector<double>> returns;
    for (std::size_t i = 0; i < 3; ++i)
    {
        GbmPrice model{1'000 * usd, 0, 0.5 + 0.2 * static_cast<double>(i), factors[i]};
        returns.push_back(
            log_returns(make_price_path(model, hours(steps + 1, tokens[i], seed)).value()));
    }
    return returns;
}

/// A file of hourly bars whose returns are all different.
std::string history(std::size_t bars, double amplitude, std::int64_t first = 0)
{
    std::string text = "unix,open,high,low,close\n";
    double close = 100;
    for (std::size_t i = 0; i < bars; ++i)
    {
        const double open = close;
        close = open * (1 + amplitude * std::sin(static_cast<double>(i * i)));
        char line[160];
        std::snprintf(line, sizeof line, "%lld,%.8f,%.8f,%.8f,%.8f\n",
            static_cast<long long>(first + static_cast<std::int64_t>(i) * 3'600), open,
            std::max(open, close) * 1.001, std::min(open, close) * 0.999, close);
        text += line;
    }
    return text;
}
}  // namespace

// Method: one long path of three tokens; each sample correlation within 4 standard errors of what
// was asked for, (1 - r^2) / sqrt(n), and each volatility as without correlations.
TEST_CASE("prices: tokens move together as their matrix says", "[scenarios][prices]")
{
    constexpr std::size_t steps = 100'000;
    struct Case
    {
        double ab, ac, bc;
    };
    const auto c = GENERATE(Case{0.8, 0.3, 0.1}, Case{-0.5, 0, 0.6}, Case{1, 0.2, 0.2});
    const auto returns = joint_returns(c.ab, c.ac, c.bc, steps);
    const auto within = [](double found, double wanted)
    {
        CAPTURE(found, wanted);
        return std::abs(found - wanted) <=
               4 * (1 - wanted * wanted) / std::sqrt(static_cast<double>(steps)) + 1e-4;
    };
    CHECK(within(correlation(returns[0], returns[1]), c.ab));
    CHECK(within(correlation(returns[0], returns[2]), c.ac));
    CHECK(within(correlation(returns[1], returns[2]), c.bc));
    for (std::size_t i = 0; i < 3; ++i)
    {
        const double yearly = std::sqrt(covariance(returns[i], returns[i]) * 8'760);
        const double wanted = 0.5 + 0.2 * static_cast<double>(i);
        CHECK(std::abs(yearly / wanted - 1) < 4 / std::sqrt(2.0 * steps));
    }
}

TEST_CASE("prices: a correlation changes no path but its own", "[scenarios][prices]")
{
    const std::vector<std::string> tokens{"A", "B", "C"};
    const auto factors = price_factors(tokens, {{1, 2, 0.7}}).value();
    CHECK(factors[0].empty());
    CHECK(factors[1].empty());        // The first of a pair keeps its draws,
    REQUIRE(factors[2].size() == 2);  // the second follows.
    CHECK(factors[2][0].token == "B");
    CHECK(factors[2][0].loading == 0.7);
    const GbmPrice alone{100 * usd, 0.1, 0.9, {}};
    const GbmPrice own{100 * usd, 0.1, 0.9, {{"A", 1}}};
    CHECK(make_price_path(alone, hours(1'000, "A")) == make_price_path(own, hours(1'000, "A")));

    CHECK(price_factors(tokens, {{0, 1, 0.9}, {1, 2, 0.9}, {0, 2, -0.9}}).error() ==
          "expected correlations that can hold together, got some of C that cannot");
    CHECK_FALSE(price_factors(tokens, {{0, 1, 1}, {1, 2, 1}, {0, 2, 0.5}}).has_value());
    CHECK(price_factors(tokens, {{0, 1, 1}, {1, 2, 1}, {0, 2, 1}}).has_value());
    CHECK(price_factors(tokens, {{0, 1, -0.5}, {1, 2, -0.5}, {0, 2, -0.5}}).has_value());
}

// Method: without diffusion every step is 0 or a jump.
TEST_CASE("prices: tokens with one source of shocks jump together", "[scenarios][prices]")
{
    const auto jumps = [](std::string token, double mean, double sd, std::string shocks)
    {
        JumpPrice model{{1'000 * usd, 0, 0, {}}, 200, mean, sd, std::move(shocks)};
        // Less the compensation, which is the same in every step.
        auto returns = log_returns(make_price_path(model, hours(8'761, std::move(token))).value());
        auto sorted = returns;
        std::nth_element(sorted.begin(), sorted.begin() + 4'380, sorted.end());
        for (auto& value : returns)
            value -= sorted[4'380];
        return returns;
    };
    const auto a = jumps("A", -0.05, 0.002, "market");
    const auto b = jumps("B", 0.10, 0.004, "market");
    const auto other = jumps("B", 0.10, 0.004, "");
    int together = 0;
    int apart = 0;
    for (std::size_t i = 0; i < a.size(); ++i)
    {
        const auto count = std::round(a[i] / -0.05);
        REQUIRE(std::round(b[i] / 0.10) == count);
        if (count == 0)
            continue;
        together += static_cast<int>(count);
        apart += std::abs(other[i]) < 0.05 ? 1 : 0;
        // The same normal draws decide both sizes.
        CHECK(std::abs((a[i] + 0.05 * count) / 0.002 - (b[i] - 0.10 * count) / 0.004) < 0.01);
    }
    CHECK(std::abs(together - 200) < 4 * std::sqrt(200.0));  // Jumps of a year, Poisson.
    CHECK(apart > together / 2);
}

// Method: every step of a bootstrapped path from bar to bar is a step of the history, in runs as
// long as a block; over many blocks their mean and variance are the history's.
TEST_CASE("prices: a bootstrap repeats stretches of history", "[scenarios][prices]")
{
    const TemporaryDirectory directory;
    const auto file = directory.write("h.csv", history(2'000, 0.01));
    const auto bars = read_price_bars(file).value();
    PricePath closes;
    for (const auto& bar : bars)
        closes.push_back(bar.close);
    const auto past = log_returns(closes);
    const std::set<std::int64_t> known = [&]
    {
        std::set<std::int64_t> steps;
        for (const double step : past)
            steps.insert(std::llround(step * 1e8));
        return steps;
    }();

    BootstrapPrice model{100'000 * usd, {file, {3'600, false, false}, {}}, 24 * 3'600, {}};
    PriceGrid grid{3, "A", 0, 3'600, 24'000};
    const auto path = make_price_path(model, grid).value();
    const auto steps = log_returns(path);  // A bar of one block shows its close.
    std::size_t found = 0;
    std::size_t follows = 0;
    std::int64_t before = -1;
    for (const double step : steps)
    {
        const auto key = std::llround(step * 1e8);
        const bool is_known =
            known.contains(key) || known.contains(key - 1) || known.contains(key + 1);
        found += is_known ? 1 : 0;
        const auto at = std::find_if(past.begin(), past.end(),
            [key](double value) { return std::abs(std::llround(value * 1e8) - key) <= 1; });
        const auto position = at - past.begin();
        follows += position == before + 1 ? 1 : 0;
        before = position;
    }
    CHECK(found == steps.size());
    // 23 of 24 steps follow the one before, but for the few that look like another.
    CHECK(static_cast<double>(follows) / static_cast<double>(steps.size()) > 0.9);
    const double error = std::sqrt(covariance(past, past) / static_cast<double>(steps.size()) * 24);
    CHECK(std::abs(mean(steps) - mean(past)) < 4 * error);
    CHECK(std::abs(covariance(steps, steps) / covariance(past, past) - 1) < 0.1);

    // One source, one set of dates: what moved together moves together again.
    const auto other = directory.write("o.csv", history(2'000, 0.02));
    model.shocks = "crypto";
    BootstrapPrice second{50 * usd, {other, {3'600, false, false}, {}}, 24 * 3'600, "crypto"};
    const auto a = log_returns(make_price_path(model, grid).value());
    grid.token = "B";
    const auto b = log_returns(make_price_path(second, grid).value());
    CHECK(correlation(a, b) > 0.999);
    second.shocks.clear();
    CHECK(std::abs(correlation(a, log_returns(make_price_path(second, grid).value()))) < 0.2);

    CHECK(make_price_path(model, grid) == make_price_path(model, grid));
    auto short_block = model;
    short_block.block_seconds = 60;
    CHECK(make_price_path(short_block, grid).error().find("block: expected at least a bar") == 0);
    short_block.block_seconds = 2'000 * 3'600;
    CHECK(
        make_price_path(short_block, grid).error().find("block: expected at most 1998 bars") == 0);
}

TEST_CASE("loader: correlations and common shocks are checked", "[scenarios][loader]")
{
    const TemporaryDirectory directory;
    directory.write("a.csv", history(100, 0.01));
    directory.write("b.csv", history(100, 0.02));
    directory.write("late.csv", history(100, 0.02, 3'600));
    const std::string base = R"(
[scenario]
blocks = 10
[tokens.A]
[tokens.B]
[tokens.C]
[prices.A]
model = "gbm"
start_price = 100
volatility = 0.5
[prices.B]
model = "jump"
start_price = 10
volatility = 0.9
jumps_per_year = 20
jump_sd = 0.1
)";
    const auto load = [&](const std::string& text, const std::vector<Override>& overrides = {})
    { return parse_scenario(text, "a.toml", directory.path(), overrides, test_options()); };
    const auto error_of = [&](const std::string& text, const std::vector<Override>& overrides = {})
    {
        const auto scenario = load(text, overrides);
        REQUIRE_FALSE(scenario);
        return scenario.error().message;
    };
    const auto scenario = load(base, {{"prices.B.correlations.A", "0.6"}});
    REQUIRE(scenario);
    const auto& factors = std::get<JumpPrice>(scenario->prices[1].model).diffusion.factors;
    REQUIRE(factors.size() == 2);
    CHECK(factors[0].loading == 0.6);
    CHECK(factors[1].loading == 0.8);
    // Said on either side, or on both.
    const auto mirrored =
        load(base, {{"prices.A.correlations.B", "0.6"}, {"prices.B.correlations.A", "0.6"}});
    REQUIRE(mirrored);
    CHECK(std::get<JumpPrice>(mirrored->prices[1].model).diffusion.factors.size() == 2);

    CHECK(error_of(base, {{"prices.A.correlations.B", "0.6"}, {"prices.B.correlations.A", "0.5"}})
              .find("prices.B.correlations.A: expected what prices.A.correlations says, 0.6, got "
                    "0.5") != std::string::npos);
    CHECK(error_of(base, {{"prices.A.correlations.B", "1.5"}}).find("from -1 to 1") !=
          std::string::npos);
    CHECK(error_of(base, {{"prices.A.correlations.A", "1"}}).find("another token") !=
          std::string::npos);
    CHECK(error_of(base, {{"prices.A.correlations.C", "0.1"}}).find("of model gbm or jump") !=
          std::string::npos);
    const auto shocks = base +
                        "shocks = \"market\"\n[prices.C]\nmodel = \"jump\"\nstart_price = 1\n"
                        "volatility = 1\njumps_per_year = 30\njump_sd = 1\nshocks = \"market\"\n";
    CHECK(error_of(shocks).find("prices.C.shocks: expected the same jumps_per_year as prices.B") !=
          std::string::npos);
    CHECK(load(shocks, {{"prices.C.jumps_per_year", "20"}}));

    const std::string files = R"(
[scenario]
blocks = 10
[tokens.A]
[tokens.B]
[prices.A]
model = "bootstrap"
file = "a.csv"
start_price = 100
shocks = "crypto"
[prices.B]
model = "bootstrap"
file = "b.csv"
start_price = 5
shocks = "crypto"
)";
    const auto drawn = load(files);
    INFO((drawn ? "" : drawn.error().message));
    REQUIRE(drawn);
    CHECK(drawn->inputs.size() == 2);
    CHECK(load(drawn->resolved_text));
    CHECK(error_of(files, {{"prices.B.file", "late.csv"}}).find("the same times in its file") !=
          std::string::npos);
    CHECK(error_of(files, {{"prices.B.block", "2d"}}).find("the same block") != std::string::npos);
}
