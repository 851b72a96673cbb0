#pragma once

#include "scenarios/loader/document.hpp"
#include "scenarios/loader/name_table.hpp"
#include "scenarios/loader/schema.hpp"
#include "scenarios/loader/units.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace runnel::scenarios
{

/// What a table's keys hold.
struct TableValues
{
    Parameters parameters;  // Prices as amounts of 1e-8 USD, times as integers.
    std::vector<PriceClose> closes;
    std::vector<PriceBar> bars;
    std::vector<BlockTimes::Known> block_times;
    std::vector<std::pair<ContractId, Distribution>> funds;
    std::vector<PositionRow> positions;
    /// All keys in the order of their specs, defaults filled in, written in one way.
    Node::Table canonical;
};

/// Reads tables by their specs. Everything that is wrong throws BadScenario.
class TableReader
{
public:
    TableReader(const Document& document, const Names& names) noexcept
      : document_{document}, names_{names}
    {}

    /// @p place is that of the table's key, @p path its name in errors.
    [[nodiscard]] TableValues read(const Node& table, Place place, const std::string& path,
        const std::vector<Key>& keys) const;
    /// One key alone.
    [[nodiscard]] Parameters::Value read_one(
        const Node& table, Place place, const std::string& path, const Key& key) const;

private:
    /// A key with the value that stands for it.
    struct Item
    {
        const Key* key = nullptr;
        std::string path;
        Node node;
        bool is_default = false;
    };
    struct Read
    {
        std::optional<Parameters::Value> value;  // Empty: none, where the default is none.
        Node canonical;
    };
    /// Which units an amount may be written in.
    struct Units
    {
        std::vector<Unit> all;
        enum class Meaning
        {
            any,    // Of any token: an integer is an amount of whatever the contract says.
            fixed,  // Of the first unit's token.
            wei,
        } meaning = Meaning::any;
    };

    [[noreturn]] void refuse(const Item& item, std::string_view expected) const;
    void check_keys(const Node& table, const std::string& path, const std::vector<Key>& keys) const;
    [[nodiscard]] std::vector<Item> collect(const Node& table, Place place, const std::string& path,
        const std::vector<Key>& keys) const;
    void read_item(const Item& item, TableValues& values, const Unit* row) const;

    [[nodiscard]] Read read_parameter(
        const Item& item, const Parameters& siblings, const Unit* row) const;
    [[nodiscard]] Read read_integer(const Item& item) const;
    [[nodiscard]] Read read_number(const Item& item) const;
    [[nodiscard]] Read read_choice(const Item& item) const;
    [[nodiscard]] Read read_amount(
        const Item& item, const Parameters& siblings, const Unit* row) const;
    [[nodiscard]] Read read_duration(const Item& item) const;
    [[nodiscard]] Read read_reference(const Item& item) const;
    [[nodiscard]] Read read_references(const Item& item) const;
    [[nodiscard]] Read read_distribution(const Item& item) const;
    [[nodiscard]] Read read_per_token(const Item& item) const;
    [[nodiscard]] Read read_account(const Item& item) const;
    [[nodiscard]] Read read_group(const Item& item) const;
    [[nodiscard]] Read read_price(const Item& item) const;
    [[nodiscard]] Node read_positions(const Item& item, std::vector<PositionRow>& rows) const;
    [[nodiscard]] PositionRow read_position(const Item& row) const;
    [[nodiscard]] Read read_seed(const Item& item) const;
    [[nodiscard]] Read read_time(const Item& item) const;
    [[nodiscard]] Node read_closes(const Item& item, std::vector<PriceClose>& closes) const;
    [[nodiscard]] Node read_block_times(
        const Item& item, std::vector<BlockTimes::Known>& times) const;
    [[nodiscard]] Node read_bars(const Item& item, std::vector<PriceBar>& bars) const;
    [[nodiscard]] Node read_funds(const Item& item, TableValues& values) const;
    /// Numbers or names, whose meaning the section knows: they are in the canonical value.
    [[nodiscard]] Node read_list(const Item& item) const;

    [[nodiscard]] Units units_of(
        const ParameterSpec& spec, const Parameters& siblings, const Unit* row) const;
    [[nodiscard]] ContractId resolve(const Item& item) const;
    [[nodiscard]] std::vector<std::pair<ContractId, const Node::Member*>> rows_by_token(
        const Item& item) const;
    [[nodiscard]] Item element(const Item& list, std::size_t number, const Node& node) const;

    const Document& document_;
    const Names& names_;
};

/// A number that is finite, written with or without a point.
[[nodiscard]] std::optional<double> finite_number(const Node& node) noexcept;
/// False for NaN.
[[nodiscard]] bool in_range(double value, const ParameterSpec& spec) noexcept;

}  // namespace runnel::scenarios
