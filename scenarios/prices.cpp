#include "scenarios/prices.hpp"

#include "ledger/amount.hpp"
#include "ledger/hash.hpp"
#include "ledger/philox.hpp"
#include "ledger/portable_math.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <system_error>
#include <utility>

namespace runnel::scenarios
{
namespace
{
constexpr std::size_t blocks_max = 100'000'000;
constexpr std::int64_t time_max = 253'402'300'799;  // The end of the year 9999.
// What a model computes has any number of decimals: from here on 1e-8 USD holds them within a
// thousandth, as it does those of a file.
constexpr double price_held_min = 500;
constexpr std::uint32_t bar_seconds_max = 31 * 86'400;
constexpr std::uint32_t slot_seconds_max = 366 * 86'400;
constexpr double year_seconds = 365.0 * 86'400;

tl::unexpected<std::string> fail(std::string message)
{
    return tl::unexpected<std::string>{std::move(message)};
}

// ---- Models ----

std::optional<std::string> check_number(
    const char* name, double value, double least, double greatest)
{
    if (value >= least && value <= greatest)
        return std::nullopt;
    return fmt::format("{}: expected a number from {} to {}, got {}", name, least, greatest, value);
}

std::optional<std::string> check_price(const char* name, std::uint64_t price)
{
    if (price >= 1 && price <= price_max)
        return std::nullopt;
    return fmt::format(
        "{}: expected a price from 1 to {} in units of 1e-8 USD, got {}", name, price_max, price);
}

std::optional<std::string> check_grid(const PriceGrid& grid)
{
    if (grid.slot_seconds < 1 || grid.slot_seconds > slot_seconds_max)
    {
        return fmt::format(
            "slot_seconds: expected 1 to {}, got {}", slot_seconds_max, grid.slot_seconds);
    }
    if (grid.blocks > blocks_max)
        return fmt::format("blocks: expected at most {}, got {}", blocks_max, grid.blocks);
    if (grid.start < 0 || grid.start > time_max)
        return fmt::format("start: expected unix seconds up to {}, got {}", time_max, grid.start);
    return std::nullopt;
}

std::optional<std::string> check_model(const JumpPrice& model, const PriceGrid& grid)
{
    // Jumps per slot: beyond this the loop over them is the run's main work.
    constexpr double slot_jumps_max = 1'000;
    const double slots_per_year = year_seconds / grid.slot_seconds;
    if (auto error = check_price("start_price", model.diffusion.start_price))
        return error;
    if (static_cast<double>(model.diffusion.start_price) < price_held_min)
        return "start_price: expected at least 0.000005 USD, as 1e-8 USD cannot hold a lower one's "
               "moves within a thousandth";
    if (auto error = check_number("drift", model.diffusion.drift, -1'000, 1'000))
        return error;
    if (auto error = check_number("volatility", model.diffusion.volatility, 0, 100))
        return error;
    if (auto error = check_number(
            "jumps_per_year", model.jumps_per_year, 0, slot_jumps_max * slots_per_year))
        return error;
    if (auto error = check_number("jump_mean", model.jump_mean, -10, 10))
        return error;
    return check_number("jump_sd", model.jump_sd, 0, 10);
}

std::optional<std::string> check_model(const GbmPrice& model, const PriceGrid& grid)
{
    return check_model(JumpPrice{model, 0, 0, 0}, grid);
}

std::optional<std::string> check_model(const ConstantPrice& model, const PriceGrid&)
{
    return check_price("price", model.price);
}

PriceResult<PricePath> make_path(const ConstantPrice& model, const PriceGrid& grid)
{
    if (auto error = check_model(model, grid))
        return fail(std::move(*error));
    return PricePath(grid.blocks, model.price);
}

PriceResult<PricePath> make_path(const JumpPrice& model, const PriceGrid& grid)
{
    if (auto error = check_model(model, grid))
        return fail(std::move(*error));

    const double years = grid.slot_seconds / year_seconds;
    const double volatility = model.diffusion.volatility;
    const double growth_per_jump =
        portable_exp(model.jump_mean + model.jump_sd * model.jump_sd / 2) - 1;
    const double step_mean = (model.diffusion.drift - volatility * volatility / 2 -
                                 model.jumps_per_year * growth_per_jump) *
                             years;
    const double step_sd = volatility * std::sqrt(years);
    const double step_jumps = model.jumps_per_year * years;
    const auto stream = price_stream(grid.token);
    std::vector<std::pair<std::uint64_t, double>> factors;
    for (const auto& factor : model.diffusion.factors)
        factors.emplace_back(price_stream(factor.token), factor.loading);

    PricePath path;
    path.reserve(grid.blocks);
    double log_return = 0;
    for (std::size_t i = 0; i < grid.blocks; ++i)
    {
        if (i > 0)
        {
            // The normal draw comes first, so that jumps are added to the path without them, and
            // that correlated tokens can draw it too.
            RandomStream own{grid.seed, stream, 0, i};
            double step = own.normal();
            if (!factors.empty())
            {
                step = 0;
                for (const auto& [factor, loading] : factors)
                    step += loading * RandomStream{grid.seed, factor, 0, i}.normal();
            }
            log_return += step_mean + step_sd * step;
            RandomStream common{grid.seed, stream_of_name("shocks:" + model.shocks), 0, i};
            auto& random = model.shocks.empty() ? own : common;
            for (double at = random.exponential(1); at <= step_jumps; at += random.exponential(1))
                log_return += model.jump_mean + model.jump_sd * random.normal();
        }
        const double price =
            static_cast<double>(model.diffusion.start_price) * portable_exp(log_return);
        if (!(price <= static_cast<double>(price_max)))
        {
            return fail(fmt::format(
                "the price at block {} is above {} USD: expected a lower drift, volatility or "
                "jump_mean",
                i, price_max / 100'000'000));
        }
        if (price < price_held_min)
        {
            return fail(
                fmt::format("the price at block {} is below 0.000005 USD, where 1e-8 USD is "
                            "not fine enough to hold it: expected a higher start_price or "
                            "drift, a lower volatility or a higher jump_mean",
                    i));
        }
        path.push_back(static_cast<std::uint64_t>(price + 0.5));
    }
    return path;
}

PriceResult<PricePath> make_path(const GbmPrice& model, const PriceGrid& grid)
{
    return make_path(JumpPrice{model, 0, 0, 0}, grid);
}

// ---- Bars ----

std::optional<std::string> check_bars(const char* key, const std::vector<PriceBar>& bars)
{
    for (std::size_t i = 0; i < bars.size(); ++i)
    {
        if (const auto fault = check_bar(bars[i]))
        {
            return fmt::format("{}[{}].{}: expected {}, got {}", key, i, fault->column,
                fault->expected, fault->got);
        }
        if (i > 0 && bars[i].unix <= bars[i - 1].unix)
        {
            return fmt::format("{}[{}].unix: expected a time after {}, got {}", key, i,
                bars[i - 1].unix, bars[i].unix);
        }
    }
    return std::nullopt;
}

/// A price that the path takes at a position among the bar's blocks.
struct Point
{
    std::int64_t position;
    std::uint64_t price;
};

double distance(std::uint64_t a, std::uint64_t b) noexcept
{
    return static_cast<double>(std::max(a, b) - std::min(a, b));
}

/// Where the @p count blocks of a bar take its open, low, high and close.
///
/// The time between two of them is proportional to the distance between their prices, times a
/// random factor: were they placed without regard to it, a low next to a high would make a jump
/// that the market did not see.
std::vector<Point> choose_points(const PriceBar& bar, std::int64_t count, RandomStream& random)
{
    if (count == 1)
        return {{0, bar.close}};

    const auto bottom = std::min(bar.open, bar.close);
    const auto top = std::max(bar.open, bar.close);
    bool visit_low = bar.low < bottom && count >= 3;
    bool visit_high = bar.high > top && count >= 3;
    if (count == 3 && visit_low && visit_high)
    {
        visit_low = bottom - bar.low >= bar.high - top;
        visit_high = !visit_low;
    }
    const bool low_first = bar.close != bar.open ? bar.close > bar.open : random.bernoulli(0.5);

    std::vector<Point> points{{0, bar.open}};
    if (visit_low && low_first)
        points.push_back({0, bar.low});
    if (visit_high)
        points.push_back({0, bar.high});
    if (visit_low && !low_first)
        points.push_back({0, bar.low});
    points.push_back({count - 1, bar.close});

    double sum = 0;
    std::array<double, 4> ends{};  // Of the leg that leads to each point.
    for (std::size_t i = 1; i < points.size(); ++i)
    {
        sum += distance(points[i - 1].price, points[i].price) * (0.5 + random.uniform_double());
        ends.at(i) = sum;
    }
    for (std::size_t i = 1; i + 1 < points.size(); ++i)
    {
        const auto points_after = static_cast<std::int64_t>(points.size() - 1 - i);
        const auto position =
            static_cast<std::int64_t>(ends.at(i) / sum * static_cast<double>(count - 1));
        points[i].position =
            std::clamp(position, points[i - 1].position + 1, count - 1 - points_after);
    }
    return points;
}

/// Writes the @p count prices of a bar to @p path, from block @p first on, which may lie before
/// the path's beginning; likewise the last may come after its end.
void fill_bar(const PriceBar& bar, std::int64_t first, std::int64_t count, RandomStream random,
    PricePath& path)
{
    const auto put = [&](std::int64_t position, std::uint64_t price)
    {
        const auto block = first + position;
        if (block >= 0 && block < static_cast<std::int64_t>(path.size()))
            path[static_cast<std::size_t>(block)] = price;
    };
    const auto points = choose_points(bar, count, random);
    const auto low = static_cast<double>(bar.low);
    const auto high = static_cast<double>(bar.high);
    // A Brownian path's standard deviation is its expected range over sqrt(4 ln 2).
    // Source: Parkinson, "The Extreme Value Method for Estimating the Variance" (1980).
    const double sd = 0.6005612043932249 * (high - low) / std::sqrt(static_cast<double>(count));

    put(points.front().position, points.front().price);
    for (std::size_t i = 1; i < points.size(); ++i)
    {
        const auto& from = points[i - 1];
        const auto& to = points[i];
        const auto target = static_cast<double>(to.price);
        auto price = static_cast<double>(from.price);
        for (auto position = from.position + 1; position < to.position; ++position)
        {
            const auto steps = static_cast<double>(to.position - position);  // Still to go.
            price += (target - price) / (steps + 1) +
                     sd * std::sqrt(steps / (steps + 1)) * random.normal();
            if (price < low)
                price = low + (low - price);
            else if (price > high)
                price = high - (price - high);
            price = std::clamp(price, low, high);
            put(position, std::clamp(static_cast<std::uint64_t>(price + 0.5), bar.low, bar.high));
        }
        put(to.position, to.price);
    }
}

PriceResult<std::int64_t> bar_length(const std::vector<PriceBar>& bars, const BarOptions& options)
{
    if (options.bar_seconds > bar_seconds_max)
    {
        return fail(fmt::format("bar_seconds: expected at most {} (31 days), got {}",
            bar_seconds_max, options.bar_seconds));
    }
    if (options.bar_seconds > 0)
        return options.bar_seconds;
    if (bars.size() < 2)
        return fail("bar_seconds: expected the length of the one bar there is");
    const auto usual = median_distance(bars);
    if (usual > bar_seconds_max)
    {
        return fail(fmt::format(
            "unix: expected bars at most {} s (31 days) apart, got {} s", bar_seconds_max, usual));
    }
    return usual;
}

/// The number of the first block at or after @p time; negative before the grid's start.
std::int64_t first_block_from(const PriceGrid& grid, std::int64_t time) noexcept
{
    const std::int64_t slot = grid.slot_seconds;
    const auto offset = time - grid.start;
    return offset >= 0 ? (offset + slot - 1) / slot : -(-offset / slot);
}

/// Where bars are missing between the scenario's first block and its last: each hole by the first
/// and the last bar it lacks.
std::optional<std::string> check_holes(const std::vector<PriceBar>& bars, std::int64_t length,
    std::int64_t first_time, std::int64_t last_time)
{
    constexpr std::size_t shown_max = 3;
    std::size_t holes = 0;
    std::string where;
    for (std::size_t i = 1; i < bars.size(); ++i)
    {
        const auto from = bars[i - 1].unix + length;
        const auto to = bars[i].unix;
        if (to - from < length || to <= first_time || from > last_time)
            continue;
        if (++holes > shown_max)
            continue;
        const auto last = from + (to - from - 1) / length * length;
        where += (holes == 1 ? "" : ", ") + format_time(from) +
                 (last > from ? " to " + format_time(last) : "");
    }
    if (holes == 0)
        return std::nullopt;
    if (holes > shown_max)
        where += fmt::format(" and {} more times", holes - shown_max);
    return fmt::format(
        "expected a bar every {} s, got none for {} (hold_gaps = true holds the last "
        "close there, bar_seconds says how long a bar lasts)",
        length, where);
}

std::optional<std::string> check_bars_on_grid(
    const std::vector<PriceBar>& bars, const BarOptions& options, const PriceGrid& grid)
{
    if (bars.empty())
        return "expected at least one bar, got none";
    const auto length = bar_length(bars, options);
    if (!length)
        return length.error();
    if (grid.blocks == 0)
        return std::nullopt;
    const auto end = bars.back().unix + *length;
    const auto last_time =
        grid.start + static_cast<std::int64_t>(grid.blocks - 1) * grid.slot_seconds;
    if (grid.start < bars.front().unix)
    {
        return fmt::format(
            "expected a bar at or before the scenario's start {} ({}), got the first "
            "at {} ({})",
            grid.start, format_time(grid.start), bars.front().unix, format_time(bars.front().unix));
    }
    if (last_time > end && !options.hold_last_close)
    {
        return fmt::format(
            "expected bars up to the scenario's last block at {} ({}), got the last until {} ({}) "
            "(hold_last_close = true holds its close)",
            last_time, format_time(last_time), end, format_time(end));
    }
    return options.hold_gaps ? std::nullopt : check_holes(bars, *length, grid.start, last_time);
}

PriceResult<PricePath> path_of_bars(
    const std::vector<PriceBar>& bars, const BarOptions& options, const PriceGrid& grid)
{
    if (auto error = check_bars_on_grid(bars, options, grid))
        return fail(std::move(*error));
    const auto length = bar_length(bars, options);
    const auto end = bars.back().unix + *length;

    PricePath path(grid.blocks);
    const auto stream = price_stream(grid.token);
    for (std::size_t i = 0; i < bars.size(); ++i)
    {
        const auto& bar = bars[i];
        const bool last = i + 1 == bars.size();
        // The blocks of the bar, then those that hold its close until the next one opens.
        const auto bar_end = last ? end : std::min(bar.unix + *length, bars[i + 1].unix);
        const auto first = first_block_from(grid, bar.unix);
        const auto behind = first_block_from(grid, bar_end);
        const auto blocks = static_cast<std::int64_t>(grid.blocks);
        const auto next = last ? blocks : first_block_from(grid, bars[i + 1].unix);
        if (next <= 0)
            continue;
        if (first >= blocks)
            break;
        if (first < behind && behind > 0)
        {
            const auto key = static_cast<std::uint64_t>(bar.unix);
            fill_bar(bar, first, behind - first, RandomStream{grid.seed, stream, 0, key}, path);
        }
        const auto held_from = std::clamp<std::int64_t>(behind, 0, blocks);
        const auto held_to = std::clamp<std::int64_t>(next, held_from, blocks);
        std::fill(path.begin() + held_from, path.begin() + held_to, bar.close);
    }
    return path;
}

PriceResult<std::vector<PriceBar>> bars_of(const BarsPrice& model)
{
    if (auto error = check_bars("bars", model.bars))
        return fail(std::move(*error));
    return model.bars;
}

PriceResult<std::vector<PriceBar>> bars_of(const ClosesPrice& model)
{
    std::vector<PriceBar> bars;
    bars.reserve(model.closes.size());
    for (const auto& [unix_time, close] : model.closes)
    {
        const auto open = bars.empty() ? close : bars.back().close;
        bars.push_back({unix_time, open, std::max(open, close), std::min(open, close), close});
    }
    if (auto error = check_bars("closes", bars))
        return fail(std::move(*error));
    return bars;
}

/// A price of the history in proportion to the close before it, from @p close on.
std::uint64_t rescaled(double price, double close_before, double close) noexcept
{
    const double value = close * (price / close_before);
    return static_cast<std::uint64_t>(std::min(value + 0.5, 2.0 * price_max));
}

struct Blocks
{
    std::size_t bars = 0;    // In each.
    std::size_t starts = 0;  // From how many bars one may begin.
};

PriceResult<Blocks> blocks_of(
    const BootstrapPrice& model, const std::vector<PriceBar>& history, std::int64_t length)
{
    const auto bars =
        static_cast<std::size_t>(model.block_seconds / static_cast<std::uint64_t>(length));
    if (bars < 1)
    {
        return fail(fmt::format("block: expected at least a bar of the file, {} s, got {} s",
            length, model.block_seconds));
    }
    // The first bar has no close before it.
    if (history.size() < bars + 2)
    {
        return fail(
            fmt::format("block: expected at most {} bars, so that there are two blocks to "
                        "draw from, got {}",
                history.size() < 3 ? 0 : history.size() - 2, bars));
    }
    return Blocks{bars, history.size() - bars};
}

std::optional<std::string> check_model(const BootstrapPrice& model, const PriceGrid&)
{
    if (auto error = check_price("start_price", model.start_price))
        return error;
    const auto history = read_price_bars(model.history.file, model.history.layout);
    if (!history)
        return history.error();
    const auto of_file = [&](const std::string& error)
    { return fmt::format("{}: {}", model.history.file.string(), error); };
    const auto length = bar_length(*history, model.history.options);
    if (!length)
        return of_file(length.error());
    if (const auto blocks = blocks_of(model, *history, *length); !blocks)
        return blocks.error();
    if (model.history.options.hold_gaps)
        return std::nullopt;
    const auto holes = check_holes(*history, *length, history->front().unix, history->back().unix);
    return holes ? std::optional{of_file(*holes)} : std::nullopt;
}

PriceResult<PricePath> make_path(const BootstrapPrice& model, const PriceGrid& grid)
{
    if (auto error = check_model(model, grid))
        return fail(std::move(*error));
    const auto history = *read_price_bars(model.history.file, model.history.layout);
    const auto length = *bar_length(history, model.history.options);
    const auto blocks = *blocks_of(model, history, length);
    const auto stream = stream_of_name(
        "bootstrap:" + (model.shocks.empty() ? "price:" + grid.token : model.shocks));

    const auto seconds = static_cast<std::int64_t>(grid.blocks) * grid.slot_seconds;
    const auto count = static_cast<std::size_t>((seconds + length - 1) / length);
    std::vector<PriceBar> bars;
    bars.reserve(count);
    double close = static_cast<double>(model.start_price);
    std::size_t source = 0;
    for (std::size_t i = 0; i < count; ++i)
    {
        if (i % blocks.bars == 0)
        {
            RandomStream random{grid.seed, stream, 0, i / blocks.bars};
            source = 1 + static_cast<std::size_t>(random.uniform_below(blocks.starts));
        }
        const auto& from = history[source];
        const auto before = static_cast<double>(history[source - 1].close);
        const auto of = [&](std::uint64_t price)
        { return rescaled(static_cast<double>(price), before, close); };
        const PriceBar bar{grid.start + static_cast<std::int64_t>(i) * length, of(from.open),
            of(from.high), of(from.low), of(from.close)};
        if (bar.low < static_cast<std::uint64_t>(price_held_min) || bar.high > price_max)
        {
            return fail(
                fmt::format("the price of the bar at {} is {} than can be held: expected "
                            "another start_price or history",
                    format_time(bar.unix), bar.high > price_max ? "higher" : "lower"));
        }
        bars.push_back(bar);
        close *= static_cast<double>(from.close) / before;
        ++source;
    }
    if (bars.empty())
        return PricePath{};
    return path_of_bars(bars, {static_cast<std::uint32_t>(length), true, true}, grid);
}

PriceResult<std::vector<PriceBar>> bars_of(const CsvPrice& model)
{
    return read_price_bars(model.file, model.layout);
}

/// Errors of a whole series say which file it is of.
std::string of_series(const CsvPrice& model, const std::string& error)
{
    return fmt::format("{}: {}", model.file.string(), error);
}
template <typename Model>
std::string of_series(const Model&, std::string error)
{
    return error;
}

template <typename Model>
concept BarModel = requires(const Model& model)
{
    bars_of(model);
};

template <BarModel Model>
std::optional<std::string> check_model(const Model& model, const PriceGrid& grid)
{
    const auto bars = bars_of(model);
    if (!bars)
        return bars.error();
    if (const auto error = check_bars_on_grid(*bars, model.options, grid))
        return of_series(model, *error);
    return std::nullopt;
}

template <BarModel Model>
PriceResult<PricePath> make_path(const Model& model, const PriceGrid& grid)
{
    const auto bars = bars_of(model);
    if (!bars)
        return fail(bars.error());
    auto path = path_of_bars(*bars, model.options, grid);
    if (!path)
        return fail(of_series(model, path.error()));
    return path;
}

}  // namespace

std::uint64_t price_stream(std::string_view token)
{
    return stream_of_name("price:" + std::string{token});
}

PriceResult<std::vector<std::vector<PriceFactor>>> price_factors(
    const std::vector<std::string>& tokens, const std::vector<PriceCorrelation>& correlations)
{
    constexpr double tolerance = 1e-12;
    const auto count = tokens.size();
    std::vector<std::vector<double>> matrix(count, std::vector<double>(count));
    for (const auto& [a, b, value] : correlations)
        matrix.at(a).at(b) = matrix.at(b).at(a) = value;
    std::vector<std::vector<double>> root(count, std::vector<double>(count));
    std::vector<std::vector<PriceFactor>> factors(count);
    for (std::size_t i = 0; i < count; ++i)
    {
        double rest = 1;
        for (std::size_t j = 0; j < i; ++j)
        {
            double sum = matrix[i][j];
            for (std::size_t k = 0; k < j; ++k)
                sum -= root[i][k] * root[j][k];
            // A token that is wholly made of others adds no draws of its own.
            const bool is_made_of_others = root[j][j] == 0;
            root[i][j] = is_made_of_others ? 0 : sum / root[j][j];
            rest -= root[i][j] * root[i][j];
            if ((is_made_of_others && std::abs(sum) > 1e-9) || rest < -1e-9)
            {
                return fail(
                    fmt::format("expected correlations that can hold together, got some of "
                                "{} that cannot",
                        tokens[i]));
            }
        }
        root[i][i] = rest > tolerance ? std::sqrt(rest) : 0;
        for (std::size_t j = 0; j <= i; ++j)
        {
            if (root[i][j] != 0)
                factors[i].push_back({tokens[j], root[i][j]});
        }
        if (factors[i].size() == 1 && factors[i].front().token == tokens[i])
            factors[i].clear();
    }
    return factors;
}

std::optional<std::string> check_price_model(const PriceModel& model, const PriceGrid& grid)
{
    if (auto error = check_grid(grid))
        return error;
    return std::visit([&](const auto& chosen) { return check_model(chosen, grid); }, model);
}

PriceResult<PricePath> make_price_path(const PriceModel& model, const PriceGrid& grid)
{
    if (auto error = check_grid(grid))
        return fail(std::move(*error));
    return std::visit([&](const auto& chosen) { return make_path(chosen, grid); }, model);
}

}  // namespace runnel::scenarios
