#include "scenarios/loader/position_file.hpp"

#include "scenarios/loader/messages.hpp"
#include "scenarios/text_fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <stdexcept>

namespace runnel::scenarios
{
namespace
{
constexpr std::size_t rows_max = 1'000'000;
constexpr std::size_t line_length_max = std::size_t{1} << 16U;

/// Thrown within this file only.
class BadFile : public std::runtime_error
{
public:
    using std::runtime_error::runtime_error;
};

struct ColumnNames
{
    std::vector<std::string_view> needed;
    std::vector<std::string_view> optional;
};

ColumnNames columns_of(KeyForm form)
{
    if (form == KeyForm::liquidity)
        return {{"account"}, {"token", "amount", "liquidity", "tick_lower", "tick_upper"}};
    if (form == KeyForm::allowances)
        return {{"account", "token", "amount"}, {}};
    return {{"account", "collateral", "collateral_amount", "debt", "debt_amount"}, {}};
}

class FileReader
{
public:
    FileReader(std::string_view text, KeyForm form, const Names& names)
      : lines_{text}, form_{form}, names_{names}, units_{names.token_units()}
    {}

    PositionFileRows read()
    {
        Node::Array rows;
        PositionFileRows result;
        for (std::string_view line; lines_.next(line);)
        {
            if (trim_blanks(line).empty() || line.front() == '#')
                continue;
            if (line.size() > line_length_max)
                fail(1, fmt::format("a line of at most {} characters", line_length_max),
                    fmt::format("{}", line.size()));
            if (columns_.empty())
            {
                read_header(line);
                continue;
            }
            split_fields(line, separator_, fields_);
            if (fields_.size() != width_)
            {
                fail(fields_.size() < width_ ? line.size() + 1 : fields_[width_].column,
                    fmt::format("{} columns", width_), fmt::format("{}", fields_.size()));
            }
            if (rows.size() == rows_max)
                fail(1, fmt::format("at most {} rows", rows_max), "more");
            rows.emplace_back(read_row());
            result.lines.push_back(static_cast<std::uint32_t>(lines_.number()));
        }
        if (rows.empty())
            fail(1, "a header and a row below it", "none");
        result.rows = Node{std::move(rows)};
        return result;
    }

private:
    struct Column
    {
        std::string_view name;
        std::size_t place = 0;
    };

    [[noreturn]] void fail(
        std::size_t column, std::string_view expected, std::string_view got) const
    {
        throw BadFile{
            fmt::format("{}:{}: expected {}, got {}", lines_.number(), column, expected, got)};
    }
    [[noreturn]] void fail(const Field& field, std::string_view expected) const
    {
        fail(field.column, expected, field.text.empty() ? "nothing" : shown(field.text));
    }

    void read_header(std::string_view line)
    {
        for (const char candidate : {';', '\t'})
        {
            if (line.find(candidate) != std::string_view::npos)
                separator_ = candidate;
        }
        split_fields(line, separator_, fields_);
        width_ = fields_.size();
        const auto names = columns_of(form_);
        const auto add = [&](std::string_view name, bool is_needed)
        {
            const auto is_it = [&](const Field& field) { return field.text == name; };
            const auto found = std::find_if(fields_.begin(), fields_.end(), is_it);
            if (found == fields_.end())
            {
                if (is_needed)
                    fail(1, fmt::format("a column named {}", name), "none");
                return;
            }
            if (const auto twice = std::find_if(found + 1, fields_.end(), is_it);
                twice != fields_.end())
                fail(twice->column, fmt::format("one column named {}", name), "two");
            columns_.push_back({name, static_cast<std::size_t>(found - fields_.begin())});
        };
        for (const auto name : names.needed)
            add(name, true);
        for (const auto name : names.optional)
            add(name, false);
        if (form_ == KeyForm::liquidity && !has("liquidity") && !(has("token") && has("amount")))
            fail(1, "columns named token and amount, or one named liquidity", "neither");
        if (has("tick_lower") != has("tick_upper"))
            fail(1, "both tick_lower and tick_upper, or neither", "one");
    }

    [[nodiscard]] bool has(std::string_view name) const
    {
        return std::any_of(columns_.begin(), columns_.end(),
            [&](const Column& column) { return column.name == name; });
    }
    /// Without text if there is no such column.
    [[nodiscard]] Field cell(std::string_view name) const
    {
        const auto found = std::find_if(columns_.begin(), columns_.end(),
            [&](const Column& column) { return column.name == name; });
        return found == columns_.end() ? Field{} : fields_[found->place];
    }

    Node::Array read_row()
    {
        const auto account = cell("account");
        const std::string name{account.text};
        if (const auto expected = wrong_holder(names_, name); !expected.empty())
            fail(account, expected);
        Node::Array row{Node{name}};
        if (form_ == KeyForm::positions)
        {
            row.emplace_back(amount("collateral", "collateral_amount"));
            row.emplace_back(amount("debt", "debt_amount"));
        }
        else if (form_ == KeyForm::allowances)
            row.emplace_back(needed_amount());
        else
            add_liquidity(row);
        return row;
    }

    void add_liquidity(Node::Array& row)
    {
        const auto liquidity = cell("liquidity");
        if (liquidity.text.empty())
            row.emplace_back(needed_amount());
        else
        {
            if (const auto amount = cell("amount"); !amount.text.empty())
                fail(amount, "nothing beside liquidity");
            if (const auto read = parse_liquidity(liquidity.text); !read)
                fail(liquidity, read.error());
            row.emplace_back(std::string{liquidity.text});
        }
        const auto lower = cell("tick_lower");
        const auto upper = cell("tick_upper");
        if (lower.text.empty() && upper.text.empty())
            return;
        const auto tick = [this](const Field& field)
        {
            const auto read = parse_tick(field.text);
            if (!read)
                fail(field, read.error());
            return *read;
        };
        if (tick(lower) >= tick(upper))
            fail(upper, fmt::format("a tick above {}", lower.text));
        row.emplace_back(std::string{lower.text});
        row.emplace_back(std::string{upper.text});
    }

    std::string needed_amount()
    {
        auto text = amount("token", "amount");
        if (text.empty())
            fail(cell("token"), "a token");
        return text;
    }

    /// "5 WETH"; empty where both cells are.
    std::string amount(std::string_view token_column, std::string_view amount_column)
    {
        const auto token = cell(token_column);
        const auto amount = cell(amount_column);
        if (token.text.empty() && amount.text.empty())
            return {};
        const auto id = names_.find_token(token.text);
        if (!id)
        {
            const auto known = names_.of_kinds(true, {});
            fail(token, fmt::format("a token ({}){}", listed(known), hint(token.text, known)));
        }
        const auto& unit = units_[index(*id)];
        auto text = fmt::format("{} {}", amount.text, unit.name);
        if (form_ == KeyForm::allowances && amount.text == "max")
            return text;
        if (amount.text.empty())
            fail(amount, fmt::format("an amount of {}", unit.name));
        if (const auto read = parse_amount(text, {&unit, 1}); !read)
            fail(amount, read.error());
        return text;
    }

    Lines lines_;
    KeyForm form_;
    const Names& names_;
    const std::vector<Unit>& units_;
    char separator_ = ',';
    std::size_t width_ = 0;
    std::vector<Column> columns_;
    std::vector<Field> fields_;
};

}  // namespace

std::string wrong_holder(const Names& names, const std::string& account)
{
    const auto slash = account.find('/');
    if (slash == std::string::npos)
    {
        const bool is_free = is_plain_name(account) && !names.find_contract(account);
        return is_free ? "" : "an account's name";
    }
    const bool is_there = names.wrong_in_group(account).empty() && !names.arrives(account);
    return is_there ? "" : "a wallet of a group";
}

ReadResult<Amount> parse_liquidity(std::string_view text)
{
    const auto amount = Amount::from_decimal(text);
    if (!amount || amount->is_zero() || !amount->fits_uint128())
        return tl::unexpected<std::string>{"an integer of liquidity, from 1 to 2^128 - 1"};
    return *amount;
}

ReadResult<std::int32_t> parse_tick(std::string_view text)
{
    constexpr std::int32_t tick_max = (1 << 23) - 1;
    std::int32_t tick = 0;
    const auto* end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, tick);
    if (read.ec != std::errc{} || read.ptr != end || tick < -tick_max - 1 || tick > tick_max)
    {
        return tl::unexpected<std::string>{
            fmt::format("a tick, an integer from {} to {}", -tick_max - 1, tick_max)};
    }
    return tick;
}

ReadResult<PositionFileRows> read_position_file(
    std::string_view text, KeyForm form, const Names& names)
{
    if (text.starts_with("\xef\xbb\xbf"))
        text.remove_prefix(3);
    try
    {
        return FileReader{text, form, names}.read();
    }
    catch (const BadFile& bad)
    {
        return tl::unexpected<std::string>{bad.what()};
    }
}

}  // namespace runnel::scenarios
