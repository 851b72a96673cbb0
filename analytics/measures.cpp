#include "analytics/measures.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>

namespace runnel::analytics
{
namespace
{
/// What the 95% of an interval leave out on each side.
constexpr double left_out = 0.025;

double sum(std::span<const double> values)
{
    return std::accumulate(values.begin(), values.end(), 0.0);
}
double mean(std::span<const double> values)
{
    return sum(values) / static_cast<double>(values.size());
}

/// P(X = k) of a binomial distribution.
double binomial(std::size_t n, std::size_t k, double p)
{
    const auto real = [](std::size_t number) { return static_cast<double>(number); };
    return std::exp(std::lgamma(real(n) + 1) - std::lgamma(real(k) + 1) -
                    std::lgamma(real(n - k) + 1) + real(k) * std::log(p) +
                    real(n - k) * std::log1p(-p));
}

template <typename Of>
double weighted_mean(std::span<const Observation> observations, std::uint64_t end, Of&& of)
{
    double total = 0;
    for (std::size_t i = 0; i < observations.size(); ++i)
    {
        const auto until = i + 1 < observations.size() ? observations[i + 1].at : end;
        total += of(observations[i].value) * static_cast<double>(until - observations[i].at);
    }
    return total / static_cast<double>(end - observations.front().at);
}
}  // namespace

std::optional<double> gini(std::span<const double> ascending)
{
    const auto total = sum(ascending);
    if (!(total > 0))
        return std::nullopt;
    double weighted = 0;
    for (std::size_t i = 0; i < ascending.size(); ++i)
        weighted += static_cast<double>(i + 1) * ascending[i];
    const auto n = static_cast<double>(ascending.size());
    return 2 * weighted / (n * total) - (n + 1) / n;
}

std::optional<double> concentration(std::span<const double> values)
{
    const auto total = sum(values);
    if (!(total > 0))
        return std::nullopt;
    double squares = 0;
    for (const auto value : values)
        squares += value / total * (value / total);
    return squares;
}

TailRisk tail_risk(std::span<const double> losses, double confidence)
{
    const auto n = losses.size();
    const auto wanted = confidence * static_cast<double>(n);
    // A product such as 0.95 * 20 may come out a trifle above the whole number that it is.
    constexpr double trifle = 1e-9;
    const auto rank =
        std::clamp(static_cast<std::size_t>(std::ceil(wanted - trifle)), std::size_t{1}, n);
    TailRisk risk;
    risk.value = losses[rank - 1];
    double beyond = 0;
    for (auto i = rank; i < n; ++i)
        beyond += losses[i] - risk.value;
    risk.shortfall = risk.value + beyond / ((1 - confidence) * static_cast<double>(n));
    // The k-th loss is above the quantile if fewer than k of n are below it.
    double below = 0;
    for (std::size_t k = 0; k < n; ++k)
    {
        below += binomial(n, k, confidence);  // At most k.
        if (below > left_out)
            break;
        risk.low = losses[k];
    }
    double above = 0;
    for (std::size_t k = n; k >= 1; --k)
    {
        above += binomial(n, k, confidence);  // At least k.
        if (above > left_out)
            break;
        risk.high = losses[k - 1];
    }
    return risk;
}

double max_drawdown(std::span<const double> values)
{
    double highest = 0;
    double worst = 0;
    for (const auto value : values)
    {
        highest = std::max(highest, value);
        if (highest > 0)
            worst = std::max(worst, 1 - value / highest);
    }
    return worst;
}

std::vector<double> log_returns(std::span<const double> values)
{
    std::vector<double> returns;
    for (std::size_t i = 1; i < values.size(); ++i)
        returns.push_back(std::log(values[i] / values[i - 1]));
    return returns;
}

double standard_deviation(std::span<const double> values)
{
    if (values.size() < 2)
        return 0;
    const auto middle = mean(values);
    double squares = 0;
    for (const auto value : values)
        squares += (value - middle) * (value - middle);
    return std::sqrt(squares / static_cast<double>(values.size() - 1));
}

std::optional<double> sharpe_ratio(std::span<const double> returns)
{
    const auto deviation = standard_deviation(returns);
    return deviation > 0 ? std::optional{mean(returns) / deviation} : std::nullopt;
}

std::optional<double> sortino_ratio(std::span<const double> returns)
{
    double squares = 0;
    for (const auto value : returns)
        squares += std::min(value, 0.0) * std::min(value, 0.0);
    if (!(squares > 0))
        return std::nullopt;
    return mean(returns) / std::sqrt(squares / static_cast<double>(returns.size()));
}

double time_weighted_mean(std::span<const Observation> observations, std::uint64_t end)
{
    return weighted_mean(observations, end, [](double value) { return value; });
}

double time_weighted_geometric_mean(std::span<const Observation> observations, std::uint64_t end)
{
    return std::exp(weighted_mean(observations, end, [](double value) { return std::log(value); }));
}

double apy_of_apr(double apr, double periods)
{
    return std::expm1(periods * std::log1p(apr / periods));
}

}  // namespace runnel::analytics
