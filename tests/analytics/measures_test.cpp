#include "analytics/measures.hpp"

#include "tests/support/catch.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

namespace runnel::analytics
{
namespace
{

Approx about(double value)
{
    return Approx(value).epsilon(1e-7);
}

// Twenty results of a strategy; losses are positive.
constexpr std::array losses{-2.0, -1.5, 0.0, .3, .5, .7, 1.0, 1.2, 1.5, 2.0, 2.2, 2.5, 3.0, 3.5,
    4.0, 5.0, 7.0, 9.0, 12.0, 20.0};

TEST_CASE("Gini's coefficient and concentration are those of five and six people", "[measures]")
{
    // 2 * (1 + 4 + 9 + 16 + 50) / (5 * 20) - 6 / 5.
    CHECK(gini(std::array{1.0, 2.0, 3.0, 4.0, 10.0}).value() == about(.4));
    CHECK(gini(std::array{0.0, 0.0, 0.0, 1.0}).value() == about(.75));
    CHECK(gini(std::array{1.0, 1.0, 2.0, 4.0, 8.0, 16.0}).value() == about(49. / 96));
    CHECK(gini(std::array{3.0, 3.0, 3.0}).value() == Approx(0).margin(1e-15));
    CHECK_FALSE(gini(std::array{0.0, 0.0}));
    CHECK_FALSE(gini({}));
    CHECK(concentration(std::array{1.0, 2.0, 3.0, 4.0, 10.0}).value() == about(13. / 40));
    CHECK(concentration(std::array{7.0}).value() == about(1));
    CHECK_FALSE(concentration(std::array{0.0}));
}

TEST_CASE("Value at risk is a loss that happened, and shortfall the mean beyond", "[measures]")
{
    const auto at = [](double confidence) { return tail_risk(losses, confidence); };
    CHECK(at(.9).value == 9);
    CHECK(at(.9).shortfall == about(16));
    CHECK(at(.95).value == 12);
    CHECK(at(.95).shortfall == about(20));
    // 1.4 of 20 are beyond: the worst one, and 0.4 of the next.
    CHECK(at(.93).value == 12);
    CHECK(at(.93).shortfall == about((20 + .4 * 12) / 1.4));
    const auto one = tail_risk(std::array{5.0}, .95);
    CHECK(one.value == 5);
    CHECK(one.shortfall == about(5));
    CHECK_FALSE(one.low);
    CHECK_FALSE(one.high);
}

TEST_CASE("The interval of value at risk is of ranks, and open where losses are few", "[measures]")
{
    const auto ranks = [](std::size_t n, double confidence)
    {
        std::vector<double> numbers(n);
        std::iota(numbers.begin(), numbers.end(), 1.0);
        const auto risk = tail_risk(numbers, confidence);
        return std::array{risk.low.value_or(0), risk.high.value_or(0)};
    };
    CHECK(ranks(20, .5) == std::array{6.0, 15.0});
    CHECK(ranks(100, .95) == std::array{90.0, 100.0});
    CHECK(ranks(200, .95) == std::array{184.0, 197.0});
    CHECK(ranks(1000, .95) == std::array{936.0, 964.0});
    CHECK(ranks(1000, .99) == std::array{983.0, 997.0});
    // 0.95^20 is 0.36: that the quantile is above all twenty is quite possible.
    CHECK(ranks(20, .95) == std::array{17.0, 0.0});
}

TEST_CASE("A drawdown is from the highest value before", "[measures]")
{
    CHECK(max_drawdown(std::array{100.0, 120.0, 90.0, 95.0, 130.0, 104.0, 110.0, 98.0, 140.0}) ==
          about(.25));
    CHECK(max_drawdown(std::array{1.0, 2.0, 3.0}) == 0);
    const std::array values{100.0, 120.0, 90.0, 95.0, 130.0, 104.0, 110.0, 98.0, 140.0};
    CHECK(standard_deviation(log_returns(values)) == about(.23804384));
}

TEST_CASE("Sharpe's and Sortino's ratios are of one period", "[measures]")
{
    constexpr std::array returns{.02, -.01, .03, 0.0, -.02, .04};
    CHECK(standard_deviation(returns) == about(.0236643191));
    CHECK(sharpe_ratio(returns).value() == about(.4225771));
    CHECK(sharpe_ratio(returns).value() * std::sqrt(365) == about(8.073325));
    CHECK(sortino_ratio(returns).value() == about(1.0954451));
    CHECK_FALSE(sharpe_ratio(std::array{.01, .01}));
    CHECK_FALSE(sharpe_ratio(std::array{.01}));
    CHECK_FALSE(sortino_ratio(std::array{.01, .02}));
}

TEST_CASE("Means over time weigh a value by how long it held", "[measures]")
{
    constexpr std::array<Observation, 4> prices{{{0, 100}, {12, 110}, {36, 90}, {48, 120}}};
    CHECK(time_weighted_mean(prices, 60) == about(106));
    CHECK(time_weighted_geometric_mean(prices, 60) == about(105.4974166764));
    // The geometric mean of the inverse is the inverse; the arithmetic one is not.
    auto inverse = prices;
    for (auto& price : inverse)
        price.value = 1 / price.value;
    CHECK(1 / time_weighted_geometric_mean(inverse, 60) == about(105.4974166764));
    CHECK(1 / time_weighted_mean(inverse, 60) == about(104.9840933));
}

TEST_CASE("Interest on interest", "[measures]")
{
    CHECK(apy_of_apr(.05, 365) == about(.05126750));
    CHECK(apy_of_apr(.05, 12) == about(.05116190));
    CHECK(apy_of_apr(.1, 365) == about(.10515578));
    CHECK(apy_of_apr(1, 12) == about(1.61303529));
}

}  // namespace
}  // namespace runnel::analytics
