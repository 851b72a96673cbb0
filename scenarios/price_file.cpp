#include "scenarios/price_file.hpp"

#include "ledger/amount.hpp"
#include "scenarios/price_time.hpp"
#include "scenarios/text_fields.hpp"
#include "scenarios/text_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <span>
#include <system_error>
#include <utility>

namespace runnel::scenarios
{
namespace
{
using DateOrder = PriceFileLayout::DateOrder;
using DecimalMark = PriceFileLayout::DecimalMark;

constexpr std::size_t file_bytes_max = std::size_t{256} << 20U;
constexpr std::int64_t time_max = 253'402'300'799;  // The end of the year 9999.

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

// ---- Files ----

PriceResult<std::string> read_file(const std::filesystem::path& file)
{
    auto contents = read_text_file(file, file_bytes_max);
    if (!contents)
        return fail(fmt::format("{}: {}", file.string(), contents.error()));
    return std::move(*contents);
}

// ---- Columns ----

enum class Role : std::uint8_t
{
    time,
    open,
    high,
    low,
    close,
    price,
    time_of_day,  // Beside a date.
};
constexpr std::size_t role_count = 7;
constexpr std::array price_roles{Role::open, Role::high, Role::low, Role::close, Role::price};

constexpr std::size_t number_of(Role role) noexcept
{
    return static_cast<std::size_t>(role);
}

std::string_view name_of(Role role) noexcept
{
    constexpr std::array<std::string_view, role_count> names{
        "time", "open", "high", "low", "close", "price", "time"};
    return names.at(number_of(role));
}

/// What headers call a column, letters and digits only, the surest first.
std::span<const std::string_view> known_names(Role role) noexcept
{
    static constexpr std::array<std::string_view, 25> times{"unix", "unixtime", "unixtimestamp",
        "unixms", "unixtimestampms", "opentime", "timeopen", "opentimeutc", "starttime",
        "periodstart", "timestamp", "timestamputc", "timestampms", "datetime", "datetimeutc",
        "time", "timeutc", "gmttime", "date", "dateutc", "snappedat", "day", "utc", "ts", "t"};
    static constexpr std::array<std::string_view, 6> opens{
        "open", "openprice", "priceopen", "openusd", "openusdt", "o"};
    static constexpr std::array<std::string_view, 6> highs{
        "high", "highprice", "pricehigh", "highusd", "highusdt", "h"};
    static constexpr std::array<std::string_view, 6> lows{
        "low", "lowprice", "pricelow", "lowusd", "lowusdt", "l"};
    static constexpr std::array<std::string_view, 9> closes{"close", "closeprice", "priceclose",
        "closingprice", "closelast", "last", "closeusd", "closeusdt", "c"};
    static constexpr std::array<std::string_view, 7> prices{
        "price", "priceusd", "priceusdt", "referencerateusd", "valueusd", "value", "rate"};
    switch (role)
    {
        case Role::time:
        case Role::time_of_day: return times;
        case Role::open: return opens;
        case Role::high: return highs;
        case Role::low: return lows;
        case Role::close: return closes;
        case Role::price: break;
    }
    return prices;
}

/// The key of [prices.NAME] that names the column.
std::string key_of(Role role)
{
    return fmt::format("{}_column", name_of(role));
}

/// Lower case, letters and digits only: "Date(UTC)", "<OPEN>" and "Close/Last" lose their
/// ornaments.
std::string plain(std::string_view name)
{
    std::string result;
    for (const char c : name)
    {
        if (c >= 'A' && c <= 'Z')
            result += static_cast<char>(c - 'A' + 'a');
        else if ((c >= 'a' && c <= 'z') || is_digit(c))
            result += c;
    }
    return result;
}

/// A row's line, kept until all have been seen; its fields are split again when they are needed.
struct Line
{
    std::size_t number = 0;
    std::string_view text;
};

/// The fields of a row that count.
struct Row
{
    std::size_t line = 0;
    std::array<Field, role_count> fields;  // By Role; of a missing column empty.
};

/// Where a row has what.
struct Columns
{
    std::array<std::optional<std::size_t>, role_count> at{};
    bool guessed = false;  // From the order alone: there is no header.
    bool is_unix = false;  // Times by their name.

    [[nodiscard]] const std::optional<std::size_t>& operator[](Role role) const
    {
        return at.at(number_of(role));
    }
    std::optional<std::size_t>& operator[](Role role) { return at.at(number_of(role)); }
    [[nodiscard]] bool are_enough() const
    {
        return (*this)[Role::time] && ((*this)[Role::close] || (*this)[Role::price]);
    }
};

// ---- Numbers ----

bool is_nothing(std::string_view text)
{
    const auto word = plain(text);
    return word.empty() ? text.empty() || text == "-"
                        : word == "null" || word == "nan" || word == "na" || word == "none";
}

/// A price without its currency sign.
std::string_view without_sign(std::string_view text) noexcept
{
    return text.starts_with('$') ? trim_blanks(text.substr(1)) : text;
}

/// What a number's commas and points say about the decimal mark, if anything.
enum class MarkVote : std::uint8_t
{
    none,  // Whole, or a point: what machines write.
    point,
    comma,
    doubt,  // 3,010: thousands or thousandths.
};

MarkVote vote_of(std::string_view number) noexcept
{
    const auto commas = std::count(number.begin(), number.end(), ',');
    const auto points = std::count(number.begin(), number.end(), '.');
    if (commas == 0)
        return points > 1 ? MarkVote::comma : MarkVote::none;
    if (points > 0)
        return number.rfind(',') > number.rfind('.') ? MarkVote::comma : MarkVote::point;
    if (commas > 1)
        return MarkVote::point;
    const auto at = number.find(',');
    const auto behind = number.substr(at + 1);
    const bool thousands = at >= 1 && at <= 3 && number.front() != '0' && behind.size() == 3 &&
                           std::all_of(behind.begin(), behind.end(), is_digit);
    return thousands ? MarkVote::doubt : MarkVote::comma;
}

/// With a point as decimal mark and without marks between thousands; nothing where those are not
/// between groups of three.
std::optional<std::string> with_point(std::string_view number, DecimalMark mark)
{
    const char decimal = mark == DecimalMark::comma ? ',' : '.';
    const char group = mark == DecimalMark::comma ? '.' : ',';
    const auto whole = number.substr(0, std::min(number.find(decimal), number.size()));
    std::string result;
    std::size_t since_mark = 0;
    bool grouped = false;
    for (const char c : whole)
    {
        if (c == group || c == ' ' || c == '\'')
        {
            if (since_mark == 0 || since_mark > 3 || (grouped && since_mark != 3))
                return std::nullopt;
            grouped = true;
            since_mark = 0;
            continue;
        }
        result += c;
        ++since_mark;
    }
    if (grouped && since_mark != 3)
        return std::nullopt;
    const auto behind = number.substr(whole.size());
    if (behind.find(group) != std::string_view::npos ||
        (mark == DecimalMark::comma && std::count(behind.begin(), behind.end(), ',') > 1))
        return std::nullopt;
    result += behind;
    std::replace(result.begin(), result.end(), decimal, '.');
    return result;
}

/// Reads one file; every error starts with the file's name and the place in it.
class BarReader
{
public:
    BarReader(std::string file, const PriceFileLayout& layout)
      : file_{std::move(file)}, layout_{layout}, separator_{layout.separator}
    {}

    PriceResult<std::vector<PriceBar>> read(std::string_view text)
    {
        if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff"))
            return fail(fmt::format("{}: expected UTF-8 text, got UTF-16", file_));
        if (text.starts_with("\xef\xbb\xbf"))  // A byte order mark.
            text.remove_prefix(3);
        auto error = collect(text);
        for (const auto step :
            {&BarReader::settle_dates, &BarReader::settle_marks, &BarReader::make_bars})
        {
            if (!error)
                error = (this->*step)();
        }
        if (error)
            return fail(std::move(*error));
        return std::move(bars_);
    }

private:
    using Fault = std::optional<std::string>;

    [[nodiscard]] std::string at(std::size_t line, std::size_t column) const
    {
        return fmt::format("{}:{}:{}", file_, line, column);
    }
    [[nodiscard]] std::string error_at(const Row& row, Role role, std::string_view expected) const
    {
        const auto& field = row.fields.at(number_of(role));
        return fmt::format("{}: {}: expected {}, got {}{}", at(row.line, field.column),
            name_of(role), expected, shown(field.text),
            columns_.guessed ? " (without a header, columns are taken to be time, open, high, low "
                               "and close: time_column and the like say otherwise)"
                             : "");
    }

    // ---- From text to rows ----

    /// Finds where the rows begin, and keeps the fields of each that count.
    Fault collect(std::string_view text)
    {
        Lines lines{text};
        std::string_view line;
        bool begun = false;
        std::size_t tried = 0;
        while (lines.next(line))
        {
            const auto number = lines.number();
            if (number <= layout_.skip_lines || trim_blanks(line).empty() || line.front() == '#')
                continue;
            if (!begun)
            {
                constexpr std::size_t preamble_max = 100;
                if (++tried > preamble_max)
                    break;
                if (auto error = try_begin(line, number, begun))
                    return error;
            }
            else if (line != header_)
            {
                split_fields(line, separator_, fields_);
                if (auto error = keep_row(line, number))
                    return error;
            }
        }
        if (!begun && doubtful_)
            return unknown_header(doubtful_->first, doubtful_->second);
        if (!begun)
        {
            return fmt::format("{}: expected a header line, got {}", file_,
                tried == 0 ? "an empty file" : "no line that could be one");
        }
        if (rows_.empty())
            return fmt::format("{}: expected a row below the header, got none", file_);
        return std::nullopt;
    }

    /// Looks at a line before the first row: the header, a row of a file without one, or what sites
    /// write above.
    Fault try_begin(std::string_view line, std::size_t number, bool& begun)
    {
        // Excel's own way to say it.
        if (line.starts_with("sep=") && trim_blanks(line.substr(4)).size() == 1)
        {
            separator_ = trim_blanks(line.substr(4)).front();
            return std::nullopt;
        }
        const auto given = separator_;
        for (const char separator : {'\t', ';', '|', ','})
        {
            if (given != 0 && separator != ',')
                continue;  // One round is enough.
            separator_ = given != 0 ? given : separator;
            split_fields(line, separator_, fields_);
            if (fields_.size() < 2)
                continue;
            if (is_row())
            {
                if (doubtful_ && doubtful_->first + 1 == number &&
                    doubtful_->second.size() == fields_.size())
                    return unknown_header(doubtful_->first, doubtful_->second);
                if (auto error = guess_columns(number))
                    return error;
                begun = true;
                return keep_row(line, number);
            }
            if (auto error = read_header(number))
                return error;
            if (columns_.are_enough())
            {
                begun = true;
                header_ = line;
                width_ = fields_.size();
                return std::nullopt;
            }
            doubtful_.emplace(number, fields_);
        }
        separator_ = given;
        return std::nullopt;
    }

    /// Whether the fields are a row: a moment first (or where a key says), and a number.
    [[nodiscard]] bool is_row() const
    {
        std::size_t time = 0;
        if (const auto number = column_number(layout_.time_column))
            time = *number;
        if (time >= fields_.size() || !is_time(fields_[time].text))
            return false;
        return std::any_of(fields_.begin(), fields_.end(),
            [&](const Field& field)
            {
                const auto text = without_sign(field.text);
                return &field != &fields_[time] && !text.empty() && is_digit(text.front());
            });
    }

    [[nodiscard]] bool is_time(std::string_view text) const
    {
        const auto time = parse_written_time(text, layout_.time_unit);
        return time.has_value();
    }

    /// The position that a key gives as a number, from 1.
    [[nodiscard]] static std::optional<std::size_t> column_number(std::string_view key) noexcept
    {
        std::size_t number = 0;
        const auto* end = key.data() + key.size();
        const auto result = std::from_chars(key.data(), end, number);
        return result.ec == std::errc{} && result.ptr == end && number >= 1
                   ? std::optional{number - 1}
                   : std::nullopt;
    }

    [[nodiscard]] const std::string& key_value(Role role) const
    {
        static const std::string none;
        switch (role)
        {
            case Role::time: return layout_.time_column;
            case Role::open: return layout_.open_column;
            case Role::high: return layout_.high_column;
            case Role::low: return layout_.low_column;
            case Role::close: return layout_.close_column;
            case Role::price: return layout_.price_column;
            case Role::time_of_day: break;
        }
        return none;
    }

    /// A header without the columns that are needed.
    [[nodiscard]] std::string unknown_header(
        std::size_t line, const std::vector<Field>& fields) const
    {
        std::string names;
        for (std::size_t i = 0; i < std::min<std::size_t>(fields.size(), 8); ++i)
            names += (i == 0 ? "" : ", ") + shown(fields[i].text);
        if (fields.size() > 8)
            names += ", ...";
        return fmt::format(
            "{}: expected a header with a column of times (unix, timestamp, date, "
            "open_time, ...) and one of prices (close or price), got {} "
            "(time_column and close_column or price_column name them)",
            at(line, 1), names);
    }

    /// Takes the columns by the keys' names, or else by names in use; none if it is no header.
    Fault read_header(std::size_t line)
    {
        columns_ = {};
        for (const auto role : {Role::time, Role::open, Role::high, Role::low, Role::close})
        {
            if (auto error = find_column(role, line))
                return error;
        }
        const bool only_price = !layout_.price_column.empty();
        if (only_price || !columns_[Role::close])
        {
            if (auto error = find_column(Role::price, line))
                return error;
            if (only_price)
                columns_[Role::close].reset();
        }
        // A file of bars may call its close the price.
        const bool has_bars = columns_[Role::open] || columns_[Role::high] || columns_[Role::low];
        if (has_bars && !columns_[Role::close] && columns_[Role::price] && !only_price)
            std::swap(columns_[Role::close], columns_[Role::price]);
        if (!columns_.are_enough())
            return std::nullopt;
        for (const auto role :
            {Role::time, Role::open, Role::high, Role::low, Role::close, Role::price})
        {
            if (!key_value(role).empty() && !columns_[role])
            {
                return fmt::format("{}: expected a column {} ({}) in the header, got none",
                    at(line, 1), shown(key_value(role)), key_of(role));
            }
        }
        columns_.is_unix = plain(fields_[*columns_[Role::time]].text).starts_with("unix");
        if (columns_[Role::price])
            columns_[Role::open] = columns_[Role::high] = columns_[Role::low] = std::nullopt;
        if (columns_[Role::high].has_value() != columns_[Role::low].has_value())
        {
            return fmt::format("{}: expected a column named {} in the header, got none",
                at(line, 1), columns_[Role::high] ? "low" : "high");
        }
        find_time_of_day();
        return std::nullopt;
    }

    Fault find_column(Role role, std::size_t line)
    {
        const auto& key = key_value(role);
        if (const auto number = column_number(key))
        {
            if (*number < fields_.size())
                columns_[role] = *number;
            return std::nullopt;
        }
        std::vector<std::string> wanted;
        if (!key.empty())
            wanted.push_back(key);
        else
        {
            for (const auto name : known_names(role))
                wanted.emplace_back(name);
        }
        for (const auto& name : wanted)
        {
            for (std::size_t i = 0; i < fields_.size(); ++i)
            {
                const auto text = fields_[i].text;
                if (key.empty() ? plain(text) != name : text != name)
                    continue;
                if (columns_[role])
                {
                    return fmt::format(
                        "{}: expected one column named {} in the header, got "
                        "another ({} says which)",
                        at(line, fields_[i].column), name, key_of(role));
                }
                columns_[role] = i;
            }
            if (columns_[role])
                return std::nullopt;
        }
        // An index that was written without a name.
        if (role == Role::time && key.empty() && fields_.front().text.empty())
            columns_[role] = 0;
        return std::nullopt;
    }

    /// A day and a time of day in two columns, date and time.
    void find_time_of_day()
    {
        if (!layout_.time_column.empty())
            return;
        std::optional<std::size_t> date;
        std::optional<std::size_t> time;
        for (std::size_t i = 0; i < fields_.size(); ++i)
        {
            const auto name = plain(fields_[i].text);
            if (name == "date")
                date = i;
            if (name == "time")
                time = i;
        }
        if (date && time && (columns_[Role::time] == time || columns_[Role::time] == date))
        {
            columns_[Role::time] = date;
            columns_[Role::time_of_day] = time;
        }
    }

    /// Without a header: what the keys say, else a moment and a price, or open, high, low, close.
    Fault guess_columns(std::size_t line)
    {
        columns_ = {};
        width_ = fields_.size();
        bool any = false;
        for (const auto role :
            {Role::time, Role::open, Role::high, Role::low, Role::close, Role::price})
        {
            const auto& key = key_value(role);
            if (key.empty())
                continue;
            const auto number = column_number(key);
            if (!number || *number >= width_)
            {
                return fmt::format(
                    "{}: expected {} to be a number from 1 to {}, as there is no "
                    "header, got {}",
                    at(line, 1), key_of(role), width_, shown(key));
            }
            columns_[role] = number;
            any = any || role != Role::time;
        }
        if (!columns_[Role::time])
            columns_[Role::time] = 0;
        std::size_t first = *columns_[Role::time] + 1;
        // A day, then a time of day.
        if (first < width_ && layout_.time_column.empty() && fields_[first].text.size() >= 4 &&
            fields_[first].text.find(':') != std::string_view::npos)
        {
            columns_[Role::time_of_day] = first;
            ++first;
        }
        const auto others = width_ - std::min(first, width_);
        if (!any && others == 1)
            columns_[Role::price] = first;
        else if (!any && others >= 4)
        {
            for (const auto role : {Role::open, Role::high, Role::low, Role::close})
                columns_[role] = first++;
            columns_.guessed = true;
        }
        if (!columns_.are_enough())
        {
            return fmt::format(
                "{}: expected a header, or two columns, or five and more, got {} "
                "columns without one (close_column or price_column says which)",
                at(line, 1), width_);
        }
        return std::nullopt;
    }

    /// Keeps a row, unless it has no price at all.
    Fault keep_row(std::string_view text, std::size_t line)
    {
        if (fields_.size() != width_)
        {
            return fmt::format("{}: expected {} columns as in {}, got {}",
                at(line, fields_.back().column), width_,
                header_.empty() ? "the first row" : "the header", fields_.size());
        }
        const auto row = row_of_fields(line);
        if (std::any_of(price_roles.begin(), price_roles.end(),
                [&](Role role) { return !is_nothing(row.fields.at(number_of(role)).text); }))
            rows_.push_back({line, text});
        return std::nullopt;
    }

    [[nodiscard]] Row row_of_fields(std::size_t line) const
    {
        Row row{line, {}};
        for (std::size_t role = 0; role < role_count; ++role)
        {
            if (const auto& column = columns_.at.at(role))
                row.fields.at(role) = fields_[*column];
        }
        return row;
    }

    /// Calls @p look with each row until it finds a fault.
    template <typename Look>
    Fault for_each_row(Look&& look)
    {
        for (const auto& [number, text] : rows_)
        {
            split_fields(text, separator_, fields_);
            if (auto error = look(row_of_fields(number)))
                return error;
        }
        return std::nullopt;
    }

    // ---- What one row alone does not tell ----

    [[nodiscard]] std::optional<WrittenTime> written_time(const Row& row) const
    {
        const auto& date = row.fields[number_of(Role::time)].text;
        if (columns_[Role::time_of_day])
        {
            const auto& time = row.fields[number_of(Role::time_of_day)].text;
            if (auto both = parse_written_time(fmt::format("{} {}", date, time), layout_.time_unit))
                return both;
            // Else one of them is the whole.
            if (auto whole = parse_written_time(time, layout_.time_unit); whole && whole->is_date)
                return whole;
        }
        return parse_written_time(date, layout_.time_unit);
    }

    /// Which way round dates are: a part above 12 is no month.
    Fault settle_dates()
    {
        order_ = layout_.date_order;
        std::optional<Line> in_doubt;
        bool all_dotted = true;
        auto error = for_each_row(
            [&](const Row& row) -> Fault
            {
                const auto time = written_time(row);
                if (!time)
                    return error_at(row, Role::time, time_expectation);
                if (time->in_doubt && !columns_.is_unix)
                {
                    return error_at(row, Role::time,
                        "a time after 1973, as a smaller number may count anything (time_unit says "
                        "what)");
                }
                if (!time->is_date || time->is_ordered ||
                    layout_.date_order != DateOrder::automatic)
                    return std::nullopt;
                if (time->has_short_year)
                {
                    return error_at(row, Role::time,
                        "a year of four digits (date_order says what the parts are)");
                }
                all_dotted = all_dotted && time->has_dots;
                if (!in_doubt)
                    in_doubt = Line{row.line, row.fields[number_of(Role::time)].text};
                const auto vote = time->parts[0] > 12   ? DateOrder::day_month_year
                                  : time->parts[1] > 12 ? DateOrder::month_day_year
                                                        : DateOrder::automatic;
                if (vote == DateOrder::automatic)
                    return std::nullopt;
                if (order_ != DateOrder::automatic && order_ != vote)
                {
                    return error_at(
                        row, Role::time, "the order of day and month of the rows above");
                }
                order_ = vote;
                return std::nullopt;
            });
        if (error)
            return error;
        if (in_doubt && order_ == DateOrder::automatic)
        {
            if (!all_dotted)
            {
                return fmt::format(
                    "{}:{}: time: expected dates that tell day from month, got {} "
                    "(date_order = \"day_month_year\" or \"month_day_year\" does)",
                    file_, in_doubt->number, shown(in_doubt->text));
            }
            order_ = DateOrder::day_month_year;  // What is written with dots.
        }
        return std::nullopt;
    }

    /// Whether 3,010 is three thousand or three.
    Fault settle_marks()
    {
        mark_ = layout_.decimal_mark;
        if (mark_ != DecimalMark::automatic)
            return std::nullopt;
        std::optional<Line> in_doubt;
        auto error = for_each_row(
            [&](const Row& row) -> Fault
            {
                for (const auto role : price_roles)
                {
                    const auto text = without_sign(row.fields.at(number_of(role)).text);
                    const auto vote = vote_of(text);
                    if (vote == MarkVote::doubt && !in_doubt)
                        in_doubt = Line{row.line, text};
                    if (vote == MarkVote::doubt || vote == MarkVote::none)
                        continue;
                    const auto mark =
                        vote == MarkVote::comma ? DecimalMark::comma : DecimalMark::point;
                    if (mark_ != DecimalMark::automatic && mark_ != mark)
                    {
                        return error_at(row, role,
                            "the decimal mark of the prices above (decimal_mark says which)");
                    }
                    mark_ = mark;
                }
                return std::nullopt;
            });
        if (error)
            return error;
        if (mark_ == DecimalMark::automatic && in_doubt)
        {
            return fmt::format(
                "{}:{}: expected prices that tell thousands from decimals, got {} "
                "(decimal_mark = \"point\" or \"comma\" does)",
                file_, in_doubt->number, shown(in_doubt->text));
        }
        if (mark_ == DecimalMark::automatic)
            mark_ = DecimalMark::point;
        return std::nullopt;
    }

    // ---- From rows to bars ----

    Fault make_bars()
    {
        bars_.reserve(rows_.size());
        if (auto error = for_each_row([this](const Row& row) { return make_bar(row); }))
            return error;
        if (bars_.front().unix > bars_.back().unix)
            std::reverse(bars_.begin(), bars_.end());
        const auto usual = median_distance(bars_);
        for (std::size_t i = 0; i + 1 < bars_.size(); ++i)
        {
            auto& bar = bars_[i];
            auto& next = bars_[i + 1];
            if (!columns_[Role::open] && !columns_[Role::price])
                next.open = bar.close;
            // From one moment's price to the next, unless some between them are missing.
            if (columns_[Role::price] && next.unix - bar.unix < 2 * usual)
                bar.close = next.open;
        }
        for (auto& bar : bars_)
        {
            bar.high = std::max({bar.high, bar.open, bar.close});
            bar.low = std::min({bar.low, bar.open, bar.close});
        }
        return std::nullopt;
    }

    Fault make_bar(const Row& row)
    {
        const auto time = unix_of(*written_time(row), order_);
        if (!time)
            return error_at(row, Role::time, time_expectation);
        std::array<std::uint64_t, role_count> prices{};
        for (const auto role : price_roles)
        {
            if (!columns_[role])
                continue;
            const auto& field = row.fields.at(number_of(role));
            const auto text = without_sign(field.text);
            const auto number = with_point(text, mark_);
            const auto price =
                parse_price(number ? *number : text, PriceRounding::below_a_thousandth);
            if (!price)
                return fmt::format(
                    "{}: {}: {}", at(row.line, field.column), name_of(role), price.error());
            prices.at(number_of(role)) = *price;
        }
        const auto last = prices.at(number_of(columns_[Role::price] ? Role::price : Role::close));
        const auto given = [&](Role role, std::uint64_t otherwise)
        { return columns_[role] ? prices.at(number_of(role)) : otherwise; };
        const auto open = given(Role::open, last);
        const PriceBar bar{*time, open, given(Role::high, std::max(open, last)),
            given(Role::low, std::min(open, last)), last};
        if (const auto fault = check_bar(bar))
            return error_at(row, fault->column == "low" ? Role::low : Role::high, fault->expected);
        if (auto error = check_order(row, bar))
            return error;
        bars_.push_back(bar);
        return std::nullopt;
    }

    /// The first two rows decide which way time runs.
    [[nodiscard]] Fault check_order(const Row& row, const PriceBar& bar) const
    {
        if (bars_.empty())
            return std::nullopt;
        const auto previous = bars_.back().unix;
        const bool descending =
            bars_.size() > 1 ? bars_[1].unix < bars_[0].unix : bar.unix < previous;
        if (descending ? bar.unix < previous : bar.unix > previous)
            return std::nullopt;
        return error_at(row, Role::time,
            fmt::format("a time {} that of the row above, {}", descending ? "before" : "after",
                format_time(previous)));
    }

    static constexpr std::string_view time_expectation =
        "a time from 1970 to 9999, like 1714521600 or 2024-05-01T00:00:00Z";

    std::string file_;
    const PriceFileLayout& layout_;
    char separator_;
    std::vector<Field> fields_;                                           // Of the current line.
    std::string_view header_;                                             // Empty: there is none.
    std::optional<std::pair<std::size_t, std::vector<Field>>> doubtful_;  // The last line above.
    std::size_t width_ = 0;
    Columns columns_;
    std::vector<Line> rows_;
    DateOrder order_ = DateOrder::automatic;
    DecimalMark mark_ = DecimalMark::automatic;
    std::vector<PriceBar> bars_;  // In the file's order, until all are there.
};
}  // namespace

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

PriceResult<std::uint64_t> parse_price(std::string_view text, PriceRounding rounding)
{
    const auto refused = [text](std::string_view why)
    { return fail(fmt::format("expected a price above 0 in USD{}, got {}", why, shown(text))); };

    // Digits beyond these are below half a unit of any price that is not too large.
    constexpr int digits_max = 36;
    bool more = false;  // Whether one of those is not 0.
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
        more = more || (!kept && text[i] != '0');
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
    // Not above 36 digits: a divisor beyond the mantissa leaves nothing whole.
    uint128 divisor = 1;
    for (; exponent < 0 && divisor <= mantissa; ++exponent)
        divisor *= 10;
    const auto whole = mantissa / divisor;
    const auto part = mantissa % divisor;
    if (whole > price_max)
        return refused(too_high);
    const bool up = exponent == 0 && part >= divisor - divisor / 2;
    const auto price = static_cast<std::uint64_t>(whole) + (up ? 1 : 0);
    const bool exact = part == 0 && !more && whole != 0;
    // The error, price * divisor - mantissa, against a thousandth of the mantissa.
    constexpr unsigned tolerance = 1'000;
    const auto error = up ? divisor - part : part;
    const bool close = price != 0 && error <= mantissa / tolerance;
    if (rounding == PriceRounding::refused && !exact)
        return refused(" of at most 8 decimals");
    if (!exact && !close)
        return refused(" that 1e-8 USD can hold within a thousandth");
    if (price > price_max)
        return refused(too_high);
    return price;
}

PriceResult<std::vector<PriceBar>> read_price_bars(
    const std::filesystem::path& file, const PriceFileLayout& layout)
{
    const auto contents = read_file(file);
    if (!contents)
        return fail(contents.error());
    return BarReader{file.string(), layout}.read(*contents);
}

std::int64_t median_distance(const std::vector<PriceBar>& bars)
{
    if (bars.size() < 2)
        return 0;
    std::vector<std::int64_t> distances;
    distances.reserve(bars.size() - 1);
    for (std::size_t i = 1; i < bars.size(); ++i)
        distances.push_back(bars[i].unix - bars[i - 1].unix);
    const auto middle = distances.begin() + static_cast<std::ptrdiff_t>((distances.size() - 1) / 2);
    std::nth_element(distances.begin(), middle, distances.end());
    return *middle;
}

std::string format_time(std::int64_t unix)
{
    const std::chrono::sys_seconds time{std::chrono::seconds{unix}};
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss clock{time - day};
    auto text = fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
        static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
    if (time != day)
    {
        text += fmt::format("T{:02}:{:02}:{:02}Z", clock.hours().count(), clock.minutes().count(),
            clock.seconds().count());
    }
    return text;
}

}  // namespace runnel::scenarios
