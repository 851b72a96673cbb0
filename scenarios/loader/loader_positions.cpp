#include "scenarios/loader/loader.hpp"
#include "scenarios/loader/messages.hpp"
#include "scenarios/loader/position_file.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace runnel::scenarios
{

void Loader::check_position_account(const NamedTable& table, const std::string& account) const
{
    if (const auto expected = wrong_holder(names_, account); !expected.empty())
        fail_key(table, "rows", fmt::format("expected {}, got {}", expected, shown(account)));
}

/// What a file says becomes part of the scenario, as rows of a table: a ledger is verified without
/// the file. @p with_rows keeps the table that @p table is then. Returns where the rows are.
std::vector<std::uint32_t> Loader::read_position_rows(
    NamedTable& table, const std::vector<Key>& keys, TableValues& values, Node& with_rows)
{
    const auto& file = values.parameters.text("file");
    if (file.empty())
    {
        if (values.positions.empty())
            fail_key(table, "file", "expected a file, or rows, got neither");
        return {};
    }
    std::optional<Hash> hash;
    std::vector<std::uint32_t> lines;
    if (values.positions.empty())
    {
        const auto text = read_input(table, file);
        hash = keccak256(std::string_view{text});
        auto read_rows = read_position_file(text, keys.back().form, names_);
        if (!read_rows)
            fail_key(table, "file", fmt::format("{}:{}", file, read_rows.error()));
        Node::Table members = *table.node->as<Node::Table>();
        std::erase_if(members, [](const Node::Member& member) { return member.key == "rows"; });
        members.push_back({"rows", table.place, std::move(read_rows->rows)});
        lines = std::move(read_rows->lines);
        with_rows = Node{std::move(members), table.node->place};
        table.node = &with_rows;
        values = read(table, keys);
    }
    note_input(table, values, hash);
    return lines;
}

void Loader::read_positions()
{
    const auto& positions = section("positions");
    for (auto table : named_tables("positions", groups_max))
    {
        const auto* variant = &select_variant(table, positions);
        auto keys = positions.keys;
        keys.insert(keys.end(), variant->keys.begin(), variant->keys.end());
        auto values = read(table, keys);
        Node with_rows;
        std::vector<std::uint32_t> lines;
        const bool is_file = variant->name.ends_with("file");
        if (is_file)
            lines = read_position_rows(table, keys, values, with_rows);
        const auto& parameters = values.parameters;
        PositionsSpec spec;
        spec.name = table.name;
        spec.place = place(table);
        const bool is_liquidity = variant->name.starts_with("liquidity");
        const bool is_allowance = variant->name.starts_with("allowance");
        spec.market =
            parameters.contract(is_liquidity ? "pool" : (is_allowance ? "spender" : "market"));
        spec.beyond_ltv = !is_liquidity && !is_allowance && parameters.boolean("beyond_ltv");
        if (is_liquidity || is_allowance)
            spec.by = is_liquidity ? PositionsSpec::By::liquidity : PositionsSpec::By::allowance;
        if (variant->name == "table" || is_file)
        {
            spec.rows = std::move(values.positions);
            for (std::size_t i = 0; i < lines.size(); ++i)
                spec.rows[i].line = lines[i];
            // Those of a file were checked as they were read.
            for (std::size_t i = lines.size(); i < spec.rows.size(); ++i)
                check_position_account(table, spec.rows[i].account);
        }
        else
        {
            const bool by_ltv = variant->name == "loan_to_value";
            const bool by_health = variant->name == "health_factor";
            spec.group = parameters.text("group");
            spec.count = static_cast<std::uint32_t>(parameters.integer("count"));
            if (spec.group.empty() == (spec.count == 0))
                fail_key(table, "count", "expected either a group or a count of accounts");
            if (names_.arrives(spec.group))
            {
                fail_key(table, "group",
                    fmt::format("expected a group whose wallets block 0 has, got {}", spec.group));
            }
            if (spec.group.empty() && names_.group_size(table.name))
                document_.fail(table.place, table.path, "expected a name that no group has");
            if (is_liquidity || is_allowance)
            {
                spec.collateral = parameters.token("token");
                spec.size = parameters.distribution("amount");
            }
            else
            {
                spec.by = by_ltv      ? PositionsSpec::By::loan_to_value
                          : by_health ? PositionsSpec::By::health_factor
                                      : PositionsSpec::By::debt;
                spec.collateral = parameters.token("collateral");
                spec.debt = parameters.token("debt");
                spec.collateral_amount = parameters.distribution("collateral_amount");
                spec.size = parameters.distribution(by_ltv      ? "loan_to_value"
                                                    : by_health ? "health_factor"
                                                                : "debt_amount");
            }
        }
        // A scenario that does not ask for it stays the run that it was.
        if (!spec.beyond_ltv)
        {
            values.canonical.erase(
                std::remove_if(values.canonical.begin(), values.canonical.end(),
                    [](const Node::Member& member) { return member.key == "beyond_ltv"; }),
                values.canonical.end());
        }
        scenario_.positions.push_back(std::move(spec));
        resolve(table, values.canonical);
    }
}

}  // namespace runnel::scenarios
