#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

/// Measures of risk, return and concentration, as their fields define them. docs/risk.md has each
/// one's source.
namespace runnel::analytics
{

/// How unequal ascending values from 0 on are: 0, all the same, to (n - 1) / n. Empty if they sum
/// to 0.
[[nodiscard]] std::optional<double> gini(std::span<const double> ascending);
/// The sum of squared shares (Herfindahl-Hirschman), 1 / n to 1. Empty if values sum to 0.
[[nodiscard]] std::optional<double> concentration(std::span<const double> values);

/// What is lost at a level of confidence, by ascending losses (a gain is below 0), at least one.
struct TailRisk
{
    /// Value at risk: the smallest loss that a share `confidence` of all does not exceed, which is
    /// the one of rank ceil(confidence * n).
    double value = 0;
    /// Expected shortfall (Rockafellar and Uryasev): what the worst (1 - confidence) * n lose on
    /// average, a part of a loss where that is no whole number.
    double shortfall = 0;
    /// The losses between which value at risk is, whatever their distribution, at 95%: by ranks.
    /// Empty: so few losses bound it on this side no more.
    std::optional<double> low;
    std::optional<double> high;
};
[[nodiscard]] TailRisk tail_risk(std::span<const double> ascending_losses, double confidence);

/// The largest fall from a maximum so far, as a share of it. Values above 0.
[[nodiscard]] double max_drawdown(std::span<const double> values);
/// ln(x[i + 1] / x[i]) of values above 0.
[[nodiscard]] std::vector<double> log_returns(std::span<const double> values);
/// Mean / standard deviation (n - 1) of returns, of one period; a return of nothing is free of
/// risk. Empty for less than two returns, or if they do not differ.
[[nodiscard]] std::optional<double> sharpe_ratio(std::span<const double> returns);
/// Mean / the root of the mean square of what is below 0. Empty if nothing is.
[[nodiscard]] std::optional<double> sortino_ratio(std::span<const double> returns);
/// The standard deviation (n - 1) of returns, of one period; 0 for less than two.
[[nodiscard]] double standard_deviation(std::span<const double> values);

struct Observation
{
    std::uint64_t at = 0;  // Unix seconds.
    double value = 0;
};
/// The mean of values that each hold until the next one, the last until @p end; they ascend in
/// time, at least one, and end after the first. Weighted by time.
[[nodiscard]] double time_weighted_mean(
    std::span<const Observation> observations, std::uint64_t end);
/// Likewise the geometric mean of values above 0: what Uniswap v3's oracle gives.
[[nodiscard]] double time_weighted_geometric_mean(
    std::span<const Observation> observations, std::uint64_t end);

/// A rate per year that is paid in so many parts of it, with interest on interest: (1 + r/n)^n - 1.
[[nodiscard]] double apy_of_apr(double apr, double periods);

inline constexpr double seconds_per_year = 365.0 * 86'400;

}  // namespace runnel::analytics
