#pragma once

#include "scenarios/price_file.hpp"

#include <tl/expected.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace runnel::scenarios
{

/// One reference price per block, from the scenario's start on.
///
/// Units: 1e-8 USD per whole token, from 1 to price_max. Index i is the price at the scenario's
/// start + i slots.
using PricePath = std::vector<std::uint64_t>;

/// The time a path covers, and which random numbers it uses.
struct PriceGrid
{
    std::uint64_t seed = 0;
    std::string token;       // Its name alone picks the random stream.
    std::int64_t start = 0;  // Unix seconds of index 0.
    std::uint32_t slot_seconds = 12;
    std::size_t blocks = 0;  // Prices to compute; at most 100 million.
};

/// The same price forever.
struct ConstantPrice
{
    std::uint64_t price = 0;  // 1e-8 USD.
};

/// How much a token's steps follow the normal draws of a token's stream: its own, and those of
/// tokens whose paths it is correlated with. Squares of all loadings sum to 1.
struct PriceFactor
{
    std::string token;
    double loading = 1;
};

/// Geometric Brownian motion. A year has 365 days.
struct GbmPrice
{
    std::uint64_t start_price = 0;  // 1e-8 USD, the price at index 0.
    double drift = 0;               // Of the expected price per year: 0.05 is e^0.05 in a year.
    double volatility = 0;          // Standard deviation of a year's log return.
    std::vector<PriceFactor> factors = {};  // Empty: its own draws alone.
};

/// Geometric Brownian motion with jumps that come at random, each a normal log return.
///
/// The drift is compensated: it is the drift of the expected price, jumps included.
/// Source: Merton, "Option Pricing when Underlying Stock Returns are Discontinuous" (1976).
struct JumpPrice
{
    GbmPrice diffusion;
    double jumps_per_year = 0;
    double jump_mean = 0;  // Of a jump's log return.
    double jump_sd = 0;
    /// Of the source of its jumps: tokens with one source jump at the same times, each by its own
    /// mean and deviation of the same normal draws. Empty: jumps of its own.
    std::string shocks = {};
};

/// The last price of the bar that opens at @p unix; the bar opens at the previous close.
struct PriceClose
{
    std::int64_t unix = 0;
    std::uint64_t close = 0;
};

/// How bars become a path.
///
/// A bar lasts bar_seconds, but no longer than until the next one opens; what is left between two
/// bars holds the last close. If that is a bar's length or more, bars are missing: with hold_gaps
/// the price stands still there, without it a scenario that meets them is refused. The prices of a
/// bar's blocks start at open, end at close and visit low and high in between, low first in a
/// rising bar, with a seeded Brownian bridge from each to the next that stays within [low, high].
/// Each bar draws from a stream of its own, so that its prices depend on no other bar.
///
/// A bar with few blocks shows what fits: one block the close, two open and close, three also the
/// more distant extreme.
struct BarOptions
{
    std::uint32_t bar_seconds = 0;  // 0: the median distance of the bars given.
    bool hold_last_close = false;   // After the last bar; else a longer scenario is refused.
    bool hold_gaps = false;         // Where bars are missing; else they are refused.
};

/// Bars from a text file, plain or compressed by gzip: see read_price_bars().
struct CsvPrice
{
    std::filesystem::path file;
    BarOptions options;
    PriceFileLayout layout = {};
};

/// Bars given in the scenario itself, ascending in time.
struct BarsPrice
{
    std::vector<PriceBar> bars;
    BarOptions options;
};

/// Closes given in the scenario itself, ascending in time. The first bar is flat.
struct ClosesPrice
{
    std::vector<PriceClose> closes;
    BarOptions options;
};

/// A path made of stretches of a historical one, drawn at random: what volatility, fat tails and
/// its clusters were, without a model of them.
///
/// Bars are taken in blocks of block_seconds, each from a bar drawn uniformly, and put one after
/// the other from start_price on: a bar's prices are what they were in proportion to the close
/// before it. Within a bar the path is as BarOptions says. Tokens with one source draw the same
/// blocks; if their series have the same times, what they did together they do together again.
/// Source: Kuensch, "The Jackknife and the Bootstrap for General Stationary Observations" (1989).
struct BootstrapPrice
{
    std::uint64_t start_price = 0;  // 1e-8 USD.
    CsvPrice history;
    std::uint64_t block_seconds = 86'400;  // At least a bar; whole bars, rounded down.
    std::string shocks = {};               // The source of its draws; empty: the token itself.
};

using PriceModel = std::variant<ConstantPrice, GbmPrice, JumpPrice, CsvPrice, BarsPrice,
    ClosesPrice, BootstrapPrice>;

[[nodiscard]] inline bool reads_file(const PriceModel& model) noexcept
{
    return std::holds_alternative<CsvPrice>(model) || std::holds_alternative<BootstrapPrice>(model);
}

/// A pair of tokens whose steps are correlated.
struct PriceCorrelation
{
    std::size_t a = 0;  // Positions among the tokens.
    std::size_t b = 0;
    double value = 0;
};

/// The factors of each of @p tokens, so that their steps have these correlations: the rows of the
/// matrix's Cholesky root. A token without correlations to any before it keeps its own draws alone.
/// Errors: the numbers cannot hold together (the matrix has a negative eigenvalue).
[[nodiscard]] PriceResult<std::vector<std::vector<PriceFactor>>> price_factors(
    const std::vector<std::string>& tokens, const std::vector<PriceCorrelation>& correlations);

/// The number of the random stream of this token's price: the first 8 bytes, most significant
/// first, of keccak("price:" token).
[[nodiscard]] std::uint64_t price_stream(std::string_view token);

/// What keeps @p model from having a path on @p grid, as far as that is known without computing it;
/// nothing if it can have one.
[[nodiscard]] std::optional<std::string> check_price_model(
    const PriceModel& model, const PriceGrid& grid);

/// The path of @p model on @p grid: a function of its arguments (and the file's contents) alone.
///
/// A longer grid extends a path without changing its beginning. Throws only for lack of memory.
[[nodiscard]] PriceResult<PricePath> make_price_path(
    const PriceModel& model, const PriceGrid& grid);

}  // namespace runnel::scenarios
