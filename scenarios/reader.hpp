#pragma once

#include "scenarios/document.hpp"
#include "scenarios/schema.hpp"
#include "scenarios/values.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace runnel::scenarios
{

/// Which names a scenario's values may refer to.
class Names
{
public:
    struct Contract
    {
        std::string name;
        const ContractType* type = nullptr;
    };

    /// Tokens come first, by id; then contracts.
    void add_token(std::string name, const ContractType* type, unsigned decimals);
    void add_contract(std::string name, const ContractType* type);

    [[nodiscard]] std::optional<ContractId> find_token(std::string_view name) const;
    [[nodiscard]] std::optional<ContractId> find_contract(std::string_view name) const;
    [[nodiscard]] bool is_token(ContractId id) const noexcept
    {
        return index(id) < token_units_.size();
    }
    [[nodiscard]] const Contract& operator[](ContractId id) const { return all_.at(index(id)); }
    /// The unit of each token, by id.
    [[nodiscard]] const std::vector<Unit>& token_units() const noexcept { return token_units_; }
    /// Those that are tokens, or that are not, of one of these kinds ("a|b"; empty: any).
    [[nodiscard]] std::vector<std::string_view> of_kinds(bool tokens, std::string_view kinds) const;

private:
    std::vector<Contract> all_;
    std::vector<Unit> token_units_;
    std::map<std::string, ContractId, std::less<>> ids_;
};

/// What a table's keys hold.
struct TableValues
{
    Parameters parameters;  // Prices as amounts of 1e-8 USD, times as integers.
    std::vector<PriceClose> closes;
    std::vector<PriceBar> bars;
    std::vector<std::pair<ContractId, Distribution>> funds;
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
    struct Item;
    struct Read;
    struct Units;

    [[noreturn]] void refuse(const Item& item, std::string_view expected) const;
    void check_keys(
        const Node& table, const std::string& path, const std::vector<Key>& keys) const;
    [[nodiscard]] std::vector<Item> collect(const Node& table, Place place,
        const std::string& path, const std::vector<Key>& keys) const;
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
    [[nodiscard]] Read read_price(const Item& item) const;
    [[nodiscard]] Read read_time(const Item& item) const;
    [[nodiscard]] Node read_closes(const Item& item, std::vector<PriceClose>& closes) const;
    [[nodiscard]] Node read_bars(const Item& item, std::vector<PriceBar>& bars) const;
    [[nodiscard]] Node read_funds(const Item& item, TableValues& values) const;

    [[nodiscard]] Units units_of(
        const ParameterSpec& spec, const Parameters& siblings, const Unit* row) const;
    [[nodiscard]] ContractId resolve(const Item& item) const;
    [[nodiscard]] std::vector<std::pair<ContractId, const Node::Member*>> rows_by_token(
        const Item& item) const;
    [[nodiscard]] Item element(const Item& list, std::size_t number, const Node& node) const;

    const Document& document_;
    const Names& names_;
};

/// "an integer from 1 to 10": what a key expects, for messages and the reference.
[[nodiscard]] std::string expectation(const Key& key);

}  // namespace runnel::scenarios
