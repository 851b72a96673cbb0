#pragma once

#include "ledger/field_source.hpp"
#include "scenarios/loader/document.hpp"
#include "scenarios/loader/name_table.hpp"
#include "scenarios/script.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace runnel::scenarios
{

/// Reads what [[script]] tables hold beside plain keys: calls by the names that contracts describe,
/// and what is expected of them. Everything that is wrong throws BadScenario.
class ScriptReader
{
public:
    /// @p block_time is that of the line's block, Unix seconds.
    ScriptReader(const Document& document, Names& names, std::int64_t block_time)
      : document_{document}, names_{names}, block_time_{block_time}
    {}

    /// A list of calls, encoded; accounts are positions in accounts().
    [[nodiscard]] Bytes read_calls(const Node& node, const std::string& path);
    [[nodiscard]] Expectations read_expect(const Node& node, const std::string& path);
    [[nodiscard]] std::vector<std::string>& accounts() noexcept { return accounts_; }
    /// The name that a call has given what it deploys, and where it does; empty if none has.
    [[nodiscard]] const std::string& created() const noexcept { return created_; }

    /// Whole tokens, or an amount with the token's unit; exact.
    [[nodiscard]] Amount read_funds(
        const Node& node, const std::string& path, ContractId token) const;

private:
    class Fields;

    void read_call(const Node& node, const std::string& path, Bytes& list);
    /// `as`: the name of what a call of @p deployer deploys.
    void read_name(const Node& call, const std::string& path, const ContractType& deployer);
    [[nodiscard]] const Node::Member& member(const Node& table, const std::string& path,
        std::string_view key, std::string_view expected) const;
    [[nodiscard]] ContractId read_contract(const Node& node, const std::string& path) const;
    [[nodiscard]] AccountId read_account(const Node& node, const std::string& path);
    /// The name of an account that exists, or may come to exist; an address.
    [[nodiscard]] std::string account_name(const Node& node, const std::string& path) const;
    [[nodiscard]] std::int64_t read_time(const Node& node, const std::string& path) const;

    /// Which units a number may be written in.
    using Units = std::vector<Unit>;
    [[nodiscard]] Units units_of_token(ContractId token) const;
    /// @p contract: whose field it is; @p siblings: the table that holds it.
    [[nodiscard]] Units units_of(
        const runnel::Unit& unit, ContractId contract, const Node& siblings) const;
    struct Number
    {
        Amount amount;
        const Unit* unit = nullptr;  // nullptr: an integer of smallest units.
    };
    [[nodiscard]] Number read_number(
        const Node& node, const std::string& path, const Units& units) const;
    [[nodiscard]] Int256 read_signed(
        const Node& node, const std::string& path, const Units& units) const;
    /// @p shown_in: the unit in which messages show an integer of smallest units; nullptr: none.
    [[nodiscard]] ExpectedNumber read_expected(
        const Node& node, const std::string& path, const Units& units, const Unit* shown_in) const;
    /// A fraction as it was written; refused where the file says more than was read.
    [[nodiscard]] std::string exact_decimal(
        const Node& node, const std::string& path, double value) const;

    [[nodiscard]] ExpectedRow read_row(
        const Node& node, const std::string& path, std::string_view key, EventUse use) const;
    [[nodiscard]] ExpectedField read_field(const Node::Member& member, const std::string& path,
        ColumnKind kind, const Units& units) const;
    void read_balances(const Node::Member& member, const std::string& path,
        std::vector<ExpectedBalance>& balances) const;
    void read_health(const Node& node, const std::string& path, Expectations& expect) const;
    [[nodiscard]] const Node::Table& table(const Node& node, const std::string& path) const;
    [[nodiscard]] const Node::Array& array(const Node& node, const std::string& path) const;
    [[noreturn]] void refuse(
        const Node& node, const std::string& path, std::string_view expected) const;

    const Document& document_;
    Names& names_;
    std::int64_t block_time_;
    std::vector<std::string> accounts_;
    std::string created_;
    unsigned nesting_ = 0;
};

}  // namespace runnel::scenarios
