#include "scenarios/prices.hpp"

#include "ledger/amount.hpp"
#include "ledger/hash.hpp"
#include "ledger/philox.hpp"
#include "ledger/portable_math.hpp"

#include <fmt/format.h>
#include <zlib.h>

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
constexpr std::uint32_t bar_seconds_max = 31 * 86'400;
constexpr std::uint32_t slot_seconds_max = 366 * 86'400;
constexpr double year_seconds = 365.0 * 86'400;
constexpr std::size_t file_bytes_max = std::size_t{256} << 20U;

tl::unexpected<std::string> fail(std::string message)
{
    return tl::unexpected<std::string>{std::move(message)};
}

/// Text of a hostile file, fit to be shown on one line.
std::string shown(std::string_view text)
{
    constexpr std::size_t length_max = 40;
    std::string result = "\"";
    for (const char c : text.substr(0, length_max))
    {
        if (c >= ' ' && c <= '~')
            result += c;
        else
            result += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
    result += text.size() > length_max ? "...\"" : "\"";
    return result;
}

bool is_digit(char c) noexcept
{
    return c >= '0' && c <= '9';
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

PriceResult<PricePath> make_path(const ConstantPrice& model, const PriceGrid& grid)
{
    if (auto error = check_price("price", model.price))
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

    PricePath path;
    path.reserve(grid.blocks);
    double log_return = 0;
    for (std::size_t i = 0; i < grid.blocks; ++i)
    {
        if (i > 0)
        {
            // The normal draw comes first, so that jumps are added to the path without them.
            RandomStream random{grid.seed, stream, 0, i};
            log_return += step_mean + step_sd * random.normal();
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
        path.push_back(std::max<std::uint64_t>(1, static_cast<std::uint64_t>(price + 0.5)));
    }
    return path;
}

PriceResult<PricePath> make_path(const GbmPrice& model, const PriceGrid& grid)
{
    return make_path(JumpPrice{model, 0, 0, 0}, grid);
}

// ---- Bars ----

/// What is wrong with a bar by itself.
struct BarFault
{
    std::string_view column;
    std::string expected;
    std::string got;
};

std::optional<BarFault> check_bar(const PriceBar& bar)
{
    if (bar.unix < 0 || bar.unix > time_max)
    {
        return BarFault{
            "unix", fmt::format("unix seconds up to {}", time_max), std::to_string(bar.unix)};
    }
    for (const auto& [column, price] : {std::pair{"open", bar.open}, std::pair{"close", bar.close},
             std::pair{"high", bar.high}, std::pair{"low", bar.low}})
    {
        if (price < 1 || price > price_max)
        {
            return BarFault{column, fmt::format("1 to {} in units of 1e-8 USD", price_max),
                std::to_string(price)};
        }
    }
    if (bar.high < std::max(bar.open, bar.close))
        return BarFault{"high", "a price not below open and close", std::to_string(bar.high)};
    if (bar.low > std::min(bar.open, bar.close))
        return BarFault{"low", "a price not above open and close", std::to_string(bar.low)};
    return std::nullopt;
}

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
    std::vector<std::int64_t> distances;
    distances.reserve(bars.size() - 1);
    for (std::size_t i = 1; i < bars.size(); ++i)
        distances.push_back(bars[i].unix - bars[i - 1].unix);
    const auto middle = distances.begin() + static_cast<std::ptrdiff_t>((distances.size() - 1) / 2);
    std::nth_element(distances.begin(), middle, distances.end());
    if (*middle > bar_seconds_max)
    {
        return fail(fmt::format("unix: expected bars at most {} s (31 days) apart, got {} s",
            bar_seconds_max, *middle));
    }
    return *middle;
}

/// The number of the first block at or after @p time; negative before the grid's start.
std::int64_t first_block_from(const PriceGrid& grid, std::int64_t time) noexcept
{
    const std::int64_t slot = grid.slot_seconds;
    const auto offset = time - grid.start;
    return offset >= 0 ? (offset + slot - 1) / slot : -(-offset / slot);
}

PriceResult<PricePath> path_of_bars(
    const std::vector<PriceBar>& bars, const BarOptions& options, const PriceGrid& grid)
{
    if (bars.empty())
        return fail("expected at least one bar, got none");
    const auto length = bar_length(bars, options);
    if (!length)
        return fail(length.error());
    if (grid.blocks == 0)
        return PricePath{};

    const auto end = bars.back().unix + *length;
    const auto last_time =
        grid.start + static_cast<std::int64_t>(grid.blocks - 1) * grid.slot_seconds;
    if (grid.start < bars.front().unix)
    {
        return fail(
            fmt::format("expected a bar at or before the scenario's start {}, got the "
                        "first at {}",
                grid.start, bars.front().unix));
    }
    if (last_time > end && !options.hold_last_close)
    {
        return fail(fmt::format(
            "expected bars up to the scenario's last block at {}, got the last until {} "
            "(hold_last_close = true holds its close)",
            last_time, end));
    }

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

PriceResult<PricePath> make_path(const BarsPrice& model, const PriceGrid& grid)
{
    if (auto error = check_bars("bars", model.bars))
        return fail(std::move(*error));
    return path_of_bars(model.bars, model.options, grid);
}

PriceResult<PricePath> make_path(const ClosesPrice& model, const PriceGrid& grid)
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
    return path_of_bars(bars, model.options, grid);
}

PriceResult<PricePath> make_path(const CsvPrice& model, const PriceGrid& grid)
{
    const auto bars = read_price_bars(model.file);
    if (!bars)
        return fail(bars.error());
    auto path = path_of_bars(*bars, model.options, grid);
    if (!path)
        return fail(fmt::format("{}: {}", model.file.string(), path.error()));
    return path;
}

// ---- Files ----

/// The contents of a file, unpacked when it is gzip's.
PriceResult<std::string> read_file(const std::filesystem::path& file)
{
    const auto name = file.string();
    std::error_code error;
    if (!std::filesystem::is_regular_file(file, error))
        return fail(fmt::format("{}: expected a CSV file that can be read", name));
    gzFile handle = gzopen(file.c_str(), "rb");
    if (handle == nullptr)
        return fail(fmt::format("{}: expected a CSV file that can be read", name));

    std::string contents;
    std::vector<char> buffer(std::size_t{1} << 16U);
    int count = 0;
    while (contents.size() <= file_bytes_max &&
           (count = gzread(handle, buffer.data(), static_cast<unsigned>(buffer.size()))) > 0)
        contents.append(buffer.data(), static_cast<std::size_t>(count));
    const bool plain = gzdirect(handle) != 0;
    const int closed = gzclose(handle);  // Z_BUF_ERROR when the file ends inside of a member.

    if (contents.size() > file_bytes_max)
        return fail(fmt::format("{}: expected at most {} bytes of CSV", name, file_bytes_max));
    if (count < 0 || closed != Z_OK || (plain && !contents.empty() && file.extension() == ".gz"))
        return fail(fmt::format("{}: expected a complete gzip file, got a damaged one", name));
    return contents;
}

struct Field
{
    std::string_view text;
    std::size_t column;  // Of its first character; the line's first is 1.
};

std::string_view trim(std::string_view text) noexcept
{
    const auto first = text.find_first_not_of(" \t\r");
    if (first == std::string_view::npos)
        return {};
    return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

void split_fields(std::string_view line, std::vector<Field>& fields)
{
    fields.clear();
    std::size_t begin = 0;
    while (true)
    {
        const auto comma = std::min(line.find(',', begin), line.size());
        fields.push_back({trim(line.substr(begin, comma - begin)), begin + 1});
        if (comma == line.size())
            return;
        begin = comma + 1;
    }
}

bool equal_ignoring_case(std::string_view text, std::string_view lower_case) noexcept
{
    constexpr auto equal = [](char any, char lower)
    { return any == lower || (any >= 'A' && any <= 'Z' && any - 'A' + 'a' == lower); };
    return std::equal(text.begin(), text.end(), lower_case.begin(), lower_case.end(), equal);
}

constexpr std::array<std::string_view, 5> column_names{"unix", "open", "high", "low", "close"};

std::optional<std::int64_t> parse_time(std::string_view text) noexcept
{
    std::int64_t time = 0;
    for (const char c : text)
    {
        if (!is_digit(c) || time > time_max)
            return std::nullopt;
        time = time * 10 + (c - '0');
    }
    return text.empty() || time > time_max ? std::nullopt : std::optional{time};
}

/// Reads one file's lines; every error starts with the file's name and the place in it.
class BarReader
{
public:
    explicit BarReader(std::string file) : file_{std::move(file)} {}

    PriceResult<std::vector<PriceBar>> read(std::string_view text)
    {
        if (text.starts_with("\xef\xbb\xbf"))  // A byte order mark.
            text.remove_prefix(3);
        while (!text.empty())
        {
            const auto end = std::min(text.find('\n'), text.size());
            const auto line = text.substr(0, end);
            text.remove_prefix(std::min(end + 1, text.size()));
            ++line_;
            if (trim(line).empty())
                continue;
            split_fields(line, fields_);
            auto error = width_ == 0 ? read_header() : read_row();
            if (error)
                return fail(std::move(*error));
        }
        if (width_ == 0)
            return fail(fmt::format("{}: expected a header line, got an empty file", file_));
        if (bars_.empty())
            return fail(fmt::format("{}: expected a row below the header, got none", file_));
        if (bars_.front().unix > bars_.back().unix)
            std::reverse(bars_.begin(), bars_.end());
        return std::move(bars_);
    }

private:
    std::string at(std::size_t column) const
    {
        return fmt::format("{}:{}:{}", file_, line_, column);
    }
    const Field& field(std::size_t name) const { return fields_[columns_.at(name)]; }
    std::string error_at(std::size_t name, std::string_view expected) const
    {
        return fmt::format("{}: {}: expected {}, got {}", at(field(name).column),
            column_names.at(name), expected, shown(field(name).text));
    }

    std::optional<std::string> read_header()
    {
        for (std::size_t name = 0; name < column_names.size(); ++name)
        {
            const auto matches = [&](const Field& candidate)
            { return equal_ignoring_case(candidate.text, column_names.at(name)); };
            const auto found = std::find_if(fields_.begin(), fields_.end(), matches);
            if (found == fields_.end())
            {
                return fmt::format("{}: expected a column named {} in the header, got none", at(1),
                    column_names.at(name));
            }
            const auto second = std::find_if(found + 1, fields_.end(), matches);
            if (second != fields_.end())
            {
                return fmt::format("{}: expected one column named {} in the header, got another",
                    at(second->column), column_names.at(name));
            }
            columns_.at(name) = static_cast<std::size_t>(found - fields_.begin());
        }
        width_ = fields_.size();
        return std::nullopt;
    }

    std::optional<std::string> read_row()
    {
        if (fields_.size() != width_)
        {
            return fmt::format("{}: expected {} columns as in the header, got {}",
                at(fields_.back().column), width_, fields_.size());
        }
        const auto time = parse_time(field(0).text);
        if (!time)
            return error_at(0, fmt::format("unix seconds up to {}", time_max));
        std::array<std::uint64_t, 5> prices{};
        for (std::size_t name = 1; name < column_names.size(); ++name)
        {
            const auto price = parse_price(field(name).text);
            if (!price)
                return fmt::format(
                    "{}: {}: {}", at(field(name).column), column_names.at(name), price.error());
            prices.at(name) = *price;
        }
        const PriceBar bar{*time, prices[1], prices[2], prices[3], prices[4]};
        if (const auto fault = check_bar(bar))
        {
            const auto name = static_cast<std::size_t>(
                std::find(column_names.begin(), column_names.end(), fault->column) -
                column_names.begin());
            return error_at(name, fault->expected);
        }
        if (auto error = check_order(bar))
            return error;
        bars_.push_back(bar);
        return std::nullopt;
    }

    /// The first two rows decide which way time runs.
    std::optional<std::string> check_order(const PriceBar& bar) const
    {
        if (bars_.empty())
            return std::nullopt;
        const auto previous = bars_.back().unix;
        const bool descending =
            bars_.size() > 1 ? bars_[1].unix < bars_[0].unix : bar.unix < previous;
        if (descending ? bar.unix < previous : bar.unix > previous)
            return std::nullopt;
        return error_at(0, fmt::format("a time {} that of the row above, {}",
                               descending ? "before" : "after", previous));
    }

    std::string file_;
    std::size_t line_ = 0;
    std::vector<Field> fields_;                               // Of the current line.
    std::size_t width_ = 0;                                   // 0 until the header was read.
    std::array<std::size_t, column_names.size()> columns_{};  // Where each name stands.
    std::vector<PriceBar> bars_;                              // In the file's order.
};
}  // namespace

std::uint64_t price_stream(std::string_view token)
{
    return stream_of_name("price:" + std::string{token});
}

PriceResult<std::uint64_t> parse_price(std::string_view text)
{
    const auto refused = [text](std::string_view why)
    { return fail(fmt::format("expected a price above 0 in USD{}, got {}", why, shown(text))); };

    // Digits beyond these are below half a unit of any price that is not too large.
    constexpr int digits_max = 36;
    uint128 mantissa = 0;
    int digits = 0;
    std::int64_t exponent = 8;  // Of ten, for the mantissa in 1e-8 USD.
    bool any_digit = false;
    bool point = false;
    std::size_t i = 0;
    for (; i < text.size() && (is_digit(text[i]) || (text[i] == '.' && !point)); ++i)
    {
        if (text[i] == '.')
        {
            point = true;
            continue;
        }
        any_digit = true;
        const bool kept = digits < digits_max;
        if (kept)
        {
            mantissa = mantissa * 10 + static_cast<unsigned>(text[i] - '0');
            digits += mantissa != 0 ? 1 : 0;
        }
        if (point && kept)
            --exponent;
        else if (!point && !kept)
            ++exponent;
    }
    if (!any_digit)
        return refused("");
    if (i < text.size() && (text[i] == 'e' || text[i] == 'E'))
    {
        ++i;
        bool negative = false;
        if (i < text.size() && (text[i] == '-' || text[i] == '+'))
            negative = text[i++] == '-';
        constexpr std::int64_t exponent_max = 1'000'000'000;
        std::int64_t given = 0;
        const auto begin = i;
        for (; i < text.size() && is_digit(text[i]); ++i)
            given = std::min(given * 10 + (text[i] - '0'), exponent_max);
        if (i == begin)
            return refused("");
        exponent += negative ? -given : given;
    }
    if (i != text.size() || mantissa == 0)
        return refused("");

    const auto too_high = fmt::format(" up to {}", price_max / 100'000'000);
    for (; exponent > 0; --exponent)
    {
        if (mantissa > price_max)
            return refused(too_high);
        mantissa *= 10;
    }
    if (exponent < -digits_max)
        return 1;
    uint128 divisor = 1;
    for (; exponent < 0; ++exponent)
        divisor *= 10;
    const uint128 price =
        mantissa / divisor + (mantissa % divisor >= divisor - divisor / 2 ? 1 : 0);
    if (price > price_max)
        return refused(too_high);
    return std::max<std::uint64_t>(1, static_cast<std::uint64_t>(price));
}

PriceResult<std::vector<PriceBar>> read_price_bars(const std::filesystem::path& file)
{
    const auto contents = read_file(file);
    if (!contents)
        return fail(contents.error());
    return BarReader{file.string()}.read(*contents);
}

PriceResult<PricePath> make_price_path(const PriceModel& model, const PriceGrid& grid)
{
    if (auto error = check_grid(grid))
        return fail(std::move(*error));
    return std::visit([&](const auto& chosen) { return make_path(chosen, grid); }, model);
}

}  // namespace runnel::scenarios
