#include "analytics/render.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <ctime>
#include <limits>
#include <vector>

namespace runnel::analytics
{
namespace
{
// How long a cell may be, until a table fits its line.
constexpr std::size_t line_width_min = 40;
constexpr std::size_t bar_width = 20;
constexpr std::array<std::size_t, 4> cell_limits{60, 44, 36, 28};

/// Four significant digits, no more than needed.
int decimals_for(double magnitude)
{
    if (magnitude == 0 || magnitude >= 1000)
        return 0;
    if (magnitude >= 10)
        return 2;
    const auto digits = 3 - static_cast<int>(std::floor(std::log10(magnitude)));
    return std::clamp(digits, 0, 12);
}

std::string plain(double value)
{
    auto text = grouped(value, decimals_for(std::abs(value)));
    if (text.find('.') != std::string::npos)
    {
        text.erase(text.find_last_not_of('0') + 1);
        if (text.back() == '.')
            text.pop_back();
    }
    return text;
}

/// 12,345,678 as 12.35M: what is that large is read for its size.
std::string compact(double value)
{
    const auto magnitude = std::abs(value);
    constexpr double billion = 1e9;
    constexpr double million = 1e6;
    if (magnitude >= 1e15)
        return fmt::format("{:.3g}", value);
    if (magnitude >= billion)
        return grouped(value / billion, 2) + "B";
    if (magnitude >= 10 * million)
        return grouped(value / million, 2) + "M";
    return plain(value);
}

std::string dollars(double value)
{
    const auto magnitude = std::abs(value);
    auto text = magnitude >= 1 && magnitude < 1000 ? grouped(magnitude, 2) : compact(magnitude);
    return (value < 0 ? "-$" : "$") + text;
}

std::string percent(double share)
{
    const auto value = share * 100;
    const auto magnitude = std::abs(value);
    if (value == 0)
        return "0%";
    return grouped(value, magnitude >= 0.95 ? 1 : magnitude >= 0.095 ? 2 : 4) + "%";
}

std::string duration(double seconds)
{
    if (seconds < 120)
        return plain(seconds) + " s";
    const auto minutes = static_cast<std::int64_t>(seconds / 60);
    if (minutes < 120)
        return fmt::format("{} min", minutes);
    const auto hours = minutes / 60;
    return hours < 48 ? fmt::format("{} h {} min", hours, minutes % 60)
                      : fmt::format("{} d {} h", hours / 24, hours % 24);
}

std::string date(double seconds)
{
    // Years 0 to 9999: what a calendar has room for.
    if (!(seconds >= 0 && seconds < 253'402'300'800.0))
        return plain(seconds);
    return fmt::format("{:%Y-%m-%d %H:%M:%S}", fmt::gmtime(static_cast<std::time_t>(seconds)));
}

std::string shown_number(double value, Unit unit)
{
    if (!std::isfinite(value))
        return "-";
    switch (unit)
    {
        case Unit::none: return plain(value);
        case Unit::count: return grouped(value, value == std::floor(value) ? 0 : 1);
        case Unit::share: return percent(value);
        case Unit::bar: return bar(value, bar_width);
        case Unit::usd: return dollars(value);
        case Unit::usd_price:
            return value > 0 && value < 1e-9 ? fmt::format("${:.3g}", value) : dollars(value);
        case Unit::gwei: return plain(value) + " gwei";
        case Unit::gas: return compact(value);
        case Unit::seconds: return duration(value);
        case Unit::ratio: return fmt::format("x{}", plain(value));
        case Unit::per_second: return plain(value) + "/s";
        case Unit::unix_time: return date(value);
    }
    return plain(value);
}

std::string shown_money(const Money& money)
{
    const auto value = money.to_double();
    if (money.symbol == "USD")
        return dollars(value);
    return compact(value) + " " + money.symbol;
}

class TextWriter
{
public:
    TextWriter(bool colour, std::size_t width)
      : colour_{colour}, line_width_{std::max(width, line_width_min)}
    {}

    void section(const Section& section, bool first)
    {
        if (!first)
            out_ += "\n";
        out_ += heading(section.title, colour_, line_width_);
        empty_ = true;
        charts(section.charts);
        figures(section.figures);
        for (const auto& entry : section.tables)
            table(entry);
    }
    [[nodiscard]] std::string take() && { return std::move(out_); }

private:
    [[nodiscard]] std::string styled(const std::string& text, std::string_view style) const
    {
        return analytics::styled(text, style, colour_);
    }

    void charts(const std::vector<Chart>& all)
    {
        constexpr std::size_t label_width = 14;
        for (const auto& chart : all)
        {
            double low = std::numeric_limits<double>::infinity();
            double high = -low;
            for (const auto value : chart.values)
            {
                if (std::isfinite(value))
                {
                    low = std::min(low, value);
                    high = std::max(high, value);
                }
            }
            if (low > high)
                continue;
            const auto floor = chart.from_zero ? std::min(0.0, low) : low;
            // Two blanks before each part, and one column at least.
            const auto range = fitted(fmt::format("{} to {}", shown_number(low, chart.unit),
                                          shown_number(high, chart.unit)),
                line_width_ - label_width - 7);
            const auto taken = label_width + width_of(range) + 6;
            const auto pieces = line_width_ - std::min(line_width_ - 1, taken);
            out_ += fmt::format("  {}  {}  {}\n",
                padded(fitted(chart.label, label_width), label_width, false),
                styled(sparkline(merged(chart.values, pieces), floor, high), style_cyan), range);
            empty_ = false;
        }
    }

    static std::string sparkline(const std::vector<double>& values, double low, double high)
    {
        static constexpr std::array blocks{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
        std::string line;
        for (const auto value : values)
        {
            if (!std::isfinite(value))
            {
                line += " ";
                continue;
            }
            const auto share = high > low ? (value - low) / (high - low) : 0;
            const auto level = static_cast<std::size_t>(share * (blocks.size() - 1) + 0.5);
            line += blocks[std::min(level, blocks.size() - 1)];
        }
        return line;
    }

    /// Two to a line, unless one is too long or the line too short.
    void figures(const std::vector<Figure>& all)
    {
        constexpr std::size_t cell_width_max = 47;
        constexpr std::size_t cell_width_min = 38;
        constexpr std::size_t label_width = 28;
        const auto half = (line_width_ - 6) / 2;
        const bool in_pairs = half >= cell_width_min;
        const auto cell_width = std::min(in_pairs ? half : line_width_ - 2, cell_width_max);
        bool open = false;  // The left half of a line is written.
        const auto end_line = [&]
        {
            if (open)
                out_ += "\n";
            open = false;
        };
        for (const auto& figure : all)
        {
            if (std::holds_alternative<std::monostate>(figure.value))
                continue;
            empty_ = false;
            const auto label = fitted(figure.label,
                std::max(label_width, std::min(width_of(figure.label), line_width_ / 2)));
            const auto value = fitted(shown(figure.value, figure.unit),
                line_width_ - 4 - std::max<std::size_t>(16, width_of(label)));
            const auto needed = width_of(label) + 2 + width_of(value);
            if (needed > cell_width)
            {
                end_line();
                out_ +=
                    fmt::format("  {}  {}\n", styled(padded(label, 16, false), style_dim), value);
                continue;
            }
            out_ += (open ? "    " : "  ") + styled(label, style_dim) +
                    padded(value, cell_width - width_of(label), true);
            if (open || !in_pairs)
                out_ += "\n";
            open = !open && in_pairs;
        }
        end_line();
    }

    /// A table's cells as text, cut to a width at which it fits.
    struct Grid
    {
        std::vector<std::size_t> columns;  // Those with a label.
        std::vector<std::vector<std::string>> cells;
        std::vector<std::size_t> widths;
        std::vector<bool> right;
        std::size_t width = 0;
    };

    static Grid grid_of(const Table& table, std::size_t cell_max)
    {
        Grid grid;
        grid.cells.resize(std::min(table.rows.size(), table.rows_shown));
        for (std::size_t column = 0; column < table.columns.size(); ++column)
        {
            const auto& [key, label, unit] = table.columns[column];
            if (label.empty())
                continue;
            auto width = width_of(label);
            bool is_number = unit != Unit::none;
            for (std::size_t row = 0; row < grid.cells.size(); ++row)
            {
                const auto& value = table.rows[row].at(column);
                is_number = is_number || number(value);
                grid.cells[row].push_back(fitted(shown(value, unit), cell_max));
                width = std::max(width, width_of(grid.cells[row].back()));
            }
            grid.columns.push_back(column);
            grid.widths.push_back(width);
            grid.right.push_back(is_number && unit != Unit::bar);
            grid.width += width + 2;
        }
        return grid;
    }

    void table(const Table& table)
    {
        if (table.rows.empty() || table.rows_shown == 0)
            return;
        auto grid = grid_of(table, cell_limits.front());
        for (std::size_t i = 1; i < cell_limits.size() && grid.width > line_width_; ++i)
            grid = grid_of(table, cell_limits[i]);
        if (!empty_)
            out_ += "\n";
        if (!table.title.empty())
            out_ += fmt::format("  {}\n", styled(fitted(table.title, line_width_ - 2), style_bold));
        empty_ = false;
        // Columns that do not fit even so come below, beside the first one again.
        for (std::size_t first = 1; first == 1 || first < grid.columns.size();)
        {
            std::vector<std::size_t> part{0};
            auto width = grid.widths[0] + 2;
            const auto begin = first;
            for (; first < grid.columns.size() &&
                   (first == begin || width + grid.widths[first] + 2 <= line_width_);
                 ++first)
            {
                width += grid.widths[first] + 2;
                part.push_back(first);
            }
            add_part(table, grid, part);
            if (first < grid.columns.size())
                out_ += "\n";
            else
                break;
        }
        if (const auto left = table.rows.size() - grid.cells.size(); left > 0)
            out_ += styled(fmt::format("  and {} more", left), style_dim) + "\n";
    }

    /// Some columns of a table, by their positions in the grid.
    void add_part(const Table& table, const Grid& grid, const std::vector<std::size_t>& part)
    {
        const auto cut = [this](const std::string& line) { return fitted(line, line_width_); };
        std::string head;
        for (const auto i : part)
        {
            head += "  ";
            head += padded(table.columns[grid.columns[i]].label, grid.widths[i], grid.right[i]);
        }
        head.erase(head.find_last_not_of(' ') + 1);
        out_ += styled(cut(head), style_dim) + "\n";
        for (std::size_t row = 0; row < grid.cells.size(); ++row)
        {
            std::string plain;
            std::string line;
            for (const auto i : part)
            {
                const auto* yes = std::get_if<bool>(&table.rows[row][grid.columns[i]]);
                const auto text = padded(grid.cells[row][i], grid.widths[i], grid.right[i]);
                plain += "  " + text;
                line += "  ";
                line += yes != nullptr ? styled(text, *yes ? style_green : style_red) : text;
            }
            plain.erase(plain.find_last_not_of(' ') + 1);
            line.erase(line.find_last_not_of(' ') + 1);
            out_ += (width_of(plain) <= line_width_ ? line : cut(plain)) + "\n";
        }
    }

    bool colour_;
    std::size_t line_width_;
    bool empty_ = true;  // The section has no line yet.
    std::string out_;
};
}  // namespace

std::size_t width_of(std::string_view text)
{
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(),
        [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::string styled(const std::string& text, std::string_view style, bool colour)
{
    return colour ? fmt::format("\033[{}m{}\033[0m", style, text) : text;
}

std::string rule(std::size_t width)
{
    std::string line;
    for (std::size_t i = 0; i < width; ++i)
        line += "─";
    return line;
}

std::string heading(const std::string& title, bool colour, std::size_t width)
{
    const auto taken = std::min(width, width_of(title) + 4);
    return styled(rule(2) + " ", style_dim, colour) +
           styled(fitted(title, width - std::min<std::size_t>(width, 4)), style_bold, colour) +
           " " + styled(rule(width - taken), style_dim, colour) + "\n";
}

std::string fitted(std::string text, std::size_t width)
{
    for (auto& c : text)
        c = static_cast<unsigned char>(c) < 0x20U || c == 0x7F ? ' ' : c;
    if (width_of(text) <= width)
        return text;
    std::size_t characters = 0;
    std::size_t end = 0;
    while (end < text.size())
    {
        const bool starts = (static_cast<unsigned char>(text[end]) & 0xC0U) != 0x80U;
        if (starts && ++characters == width)
            break;
        ++end;
    }
    return text.substr(0, end) + "…";
}

std::string padded(const std::string& text, std::size_t width, bool right)
{
    const auto blanks = std::string(width - std::min(width, width_of(text)), ' ');
    return right ? blanks + text : text + blanks;
}

std::vector<double> merged(const std::vector<double>& values, std::size_t count)
{
    const auto size = (values.size() + count - 1) / count;
    if (size <= 1)
        return values;
    std::vector<double> means;
    for (std::size_t begin = 0; begin < values.size(); begin += size)
    {
        double sum = 0;
        std::size_t known = 0;
        for (auto i = begin; i < std::min(begin + size, values.size()); ++i)
        {
            sum += std::isfinite(values[i]) ? values[i] : 0;
            known += std::isfinite(values[i]) ? 1 : 0;
        }
        means.push_back(known > 0 ? sum / static_cast<double>(known)
                                  : std::numeric_limits<double>::quiet_NaN());
    }
    return means;
}

std::string bar(double share, std::size_t width)
{
    static constexpr std::array<std::string_view, 8> parts{"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    const auto eighths = static_cast<std::size_t>(
        std::clamp(share, 0.0, 1.0) * static_cast<double>(width * 8) + 0.5);
    std::string text;
    for (std::size_t i = 0; i < eighths / 8; ++i)
        text += "█";
    return text.append(parts.at(eighths % 8));
}

std::string grouped(double number, int decimals)
{
    const auto digits = fmt::format("{:.{}f}", std::abs(number), decimals);
    const auto point = std::min(digits.find('.'), digits.size());
    const bool negative = number < 0 && digits.find_first_of("123456789") != std::string::npos;
    std::string text = negative ? "-" : "";
    for (std::size_t i = 0; i < digits.size(); ++i)
    {
        if (i > 0 && i < point && (point - i) % 3 == 0)
            text += ',';
        text += digits[i];
    }
    return text;
}

std::string shown(const Value& value, Unit unit)
{
    if (const auto* yes = std::get_if<bool>(&value))
        return *yes ? "yes" : "no";
    if (const auto* text = std::get_if<std::string>(&value))
        return *text;
    if (const auto* money = std::get_if<Money>(&value))
        return shown_money(*money);
    if (const auto* integer = std::get_if<std::int64_t>(&value))
    {
        // A plain number (a seed) is a name, not a quantity.
        return unit == Unit::none ? std::to_string(*integer)
                                  : shown_number(static_cast<double>(*integer), unit);
    }
    const auto* real = std::get_if<double>(&value);
    return real == nullptr ? std::string{"-"} : shown_number(*real, unit);
}

std::string render_text(const Report& report, bool colour, std::size_t width)
{
    TextWriter writer{colour, width};
    bool first = true;
    for (const auto& section : report.sections)
    {
        writer.section(section, first);
        first = false;
    }
    return std::move(writer).take();
}

}  // namespace runnel::analytics
