#pragma once

#include "analytics/signed_amount.hpp"
#include "storage/database.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace runnel::analytics
{

/// What a number counts, hence how people see it.
enum class Unit : std::uint8_t
{
    none,
    count,
    share,  // 0 to 1; shown in percent.
    bar,    // 0 to 1; shown as a bar.
    usd,
    usd_price,  // Of one token, however little.
    gwei,       // Per gas.
    gas,
    seconds,
    ratio,  // Shown with an x.
    per_second,
    unix_time,
};

/// An exact amount of something that has a decimal point: tokens, or 1e-8 USD.
struct Money
{
    std::string raw;  // Decimal, in the smallest unit.
    unsigned decimals = 0;
    std::string symbol;

    /// In whole tokens, rounded.
    [[nodiscard]] double to_double() const;
    friend bool operator==(const Money&, const Money&) = default;
};

/// Nothing stands for "not known".
using Value = std::variant<std::monostate, bool, std::int64_t, double, std::string, Money>;

/// What may not be known.
template <typename T>
[[nodiscard]] Value value_of(const std::optional<T>& known)
{
    return known ? Value{*known} : Value{};
}
/// How many; beyond what an integer holds, that.
[[nodiscard]] inline Value count_of(std::uint64_t number)
{
    constexpr std::uint64_t most = std::numeric_limits<std::int64_t>::max();
    return static_cast<std::int64_t>(std::min(number, most));
}

/// The number in a value, if it has one.
[[nodiscard]] std::optional<double> number(const Value& value);

/// A single figure. The key is what JSON calls it: snake_case, never changed.
struct Figure
{
    std::string key;
    std::string label;
    Value value;
    Unit unit = Unit::none;
};

struct Column
{
    std::string key;
    std::string label;  // Empty: not shown on a terminal.
    Unit unit = Unit::none;
};

struct Table
{
    std::string key;
    std::string title;
    std::vector<Column> columns;
    std::vector<std::vector<Value>> rows;
    std::size_t rows_shown = 12;  // On a terminal.
};

/// A curve over the run, cut into pieces of equal length; drawn as one line of blocks.
struct Chart
{
    std::string key;
    std::string label;
    std::vector<double> values;  // NaN where there is none.
    Unit unit = Unit::none;
    bool from_zero = true;  // False: drawn from the lowest value up.
};

struct Section
{
    std::string key;
    std::string title;
    std::vector<Chart> charts;
    std::vector<Figure> figures;
    std::vector<Table> tables;

    [[nodiscard]] const Figure* figure(std::string_view figure_key) const noexcept;
    [[nodiscard]] const Table* table(std::string_view table_key) const noexcept;
};

/// What rows are of, by the names that they say: what readers of a page may pick from.
struct Names
{
    struct Contract
    {
        std::string name;
        std::string kind;
    };
    std::vector<std::string> groups;  // Of wallets, and roles of other accounts.
    std::vector<std::string> tokens;
    std::vector<Contract> contracts;  // That are no tokens.
    std::vector<std::string> runs;    // Where several ledgers are side by side.
};

/// What a ledger says about its run: sections that have data, in reading order. The
/// definition of every figure is in docs/report.md.
struct Report
{
    std::vector<Section> sections;
    Names names = {};

    [[nodiscard]] const Section* section(std::string_view key) const noexcept;
    /// The figure at `section.figure`; nothing if it is not there or not known.
    [[nodiscard]] Value value(std::string_view path) const;
    [[nodiscard]] std::optional<double> number(std::string_view path) const;
};

/// The keys of all sections.
[[nodiscard]] std::span<const std::string_view> section_keys() noexcept;

/// Computes the sections named, or all. Reads each table once or twice in the order it lies in the
/// file, so memory does not grow with the chain; needs no index.
///
/// Errors: StorageError.
[[nodiscard]] Report make_report(
    storage::Database& database, std::span<const std::string> sections = {});

}  // namespace runnel::analytics
