#include "scenarios/loader/loader.hpp"
#include "scenarios/loader/messages.hpp"
#include "scenarios/text_fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace runnel::scenarios
{

/// Reads `account, collateral, collateral_amount, debt, debt_amount` into the rows of a table.
Node Loader::positions_of(
    const NamedTable& table, const std::string& name, std::string_view text) const
{
    constexpr std::array<std::string_view, 5> names{
        "account", "collateral", "collateral_amount", "debt", "debt_amount"};
    if (text.starts_with("\xef\xbb\xbf"))
        text.remove_prefix(3);
    Lines lines{text};
    std::string_view line;
    char separator = ',';
    std::vector<Field> fields;
    std::array<std::size_t, names.size()> at{};
    std::size_t width = 0;
    Node::Array rows;
    const auto fail_line = [&](std::string_view message)
    { fail_key(table, "file", fmt::format("{}:{}: {}", name, lines.number(), message)); };
    while (lines.next(line))
    {
        if (trim_blanks(line).empty() || line.front() == '#')
            continue;
        if (width == 0)
        {
            for (const char candidate : {';', '\t'})
            {
                if (line.find(candidate) != std::string_view::npos)
                    separator = candidate;
            }
            split_fields(line, separator, fields);
            for (std::size_t i = 0; i < names.size(); ++i)
            {
                const auto found = std::find_if(fields.begin(), fields.end(),
                    [&](const Field& field) { return field.text == names.at(i); });
                if (found == fields.end())
                    fail_line(fmt::format("expected a column named {}, got none", names.at(i)));
                at.at(i) = static_cast<std::size_t>(found - fields.begin());
            }
            width = fields.size();
            continue;
        }
        split_fields(line, separator, fields);
        if (fields.size() != width)
            fail_line(fmt::format("expected {} columns, got {}", width, fields.size()));
        const auto amount = [&](std::size_t token)
        {
            const auto& symbol = fields[at.at(token)].text;
            return symbol.empty() ? std::string{}
                                  : fmt::format("{} {}", fields[at.at(token + 1)].text, symbol);
        };
        rows.emplace_back(
            Node::Array{Node{std::string{fields[at[0]].text}}, Node{amount(1)}, Node{amount(3)}});
    }
    if (rows.empty())
        fail_line("expected a header and a row below it, got none");
    return Node{std::move(rows)};
}

void Loader::check_position_account(const NamedTable& table, const std::string& account) const
{
    const auto slash = account.find('/');
    if (slash == std::string::npos)
    {
        if (!is_plain_name(account) || names_.find_contract(account) || names_.find_token(account))
        {
            fail_key(
                table, "rows", fmt::format("expected an account's name, got {}", shown(account)));
        }
        return;
    }
    const auto size = names_.group_size(std::string_view{account}.substr(0, slash));
    std::uint64_t number = 0;
    const auto* end = account.data() + account.size();
    const auto read = std::from_chars(account.data() + slash + 1, end, number);
    if (!size || read.ec != std::errc{} || read.ptr != end || number >= *size ||
        names_.arrives(account))
        fail_key(
            table, "rows", fmt::format("expected a wallet of a group, got {}", shown(account)));
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
        // What a file says becomes part of the scenario: a ledger is verified without the file.
        Node with_rows;
        if (variant->name == "file")
        {
            std::optional<Hash> hash;
            if (values.positions.empty())
            {
                const auto file = values.parameters.text("file");
                const auto text = read_input(table, file);
                hash = keccak256(std::string_view{text});
                Node::Table members = *table.node->as<Node::Table>();
                members.erase(std::remove_if(members.begin(), members.end(),
                                  [](const Node::Member& member) { return member.key == "rows"; }),
                    members.end());
                members.push_back({"rows", table.place, positions_of(table, file, text)});
                with_rows = Node{std::move(members), table.node->place};
                table.node = &with_rows;
                values = read(table, keys);
            }
            note_input(table, values, hash);
        }
        const auto& parameters = values.parameters;
        PositionsSpec spec;
        spec.name = table.name;
        spec.place = place(table);
        const bool is_liquidity = variant->name == "liquidity";
        const bool is_allowance = variant->name == "allowance";
        spec.market =
            parameters.contract(is_liquidity ? "pool" : (is_allowance ? "spender" : "market"));
        spec.beyond_ltv = !is_liquidity && !is_allowance && parameters.boolean("beyond_ltv");
        if (variant->name == "table" || variant->name == "file")
        {
            spec.rows = std::move(values.positions);
            for (const auto& row : spec.rows)
                check_position_account(table, row.account);
        }
        else
        {
            const bool by_ltv = variant->name == "loan_to_value";
            const bool by_health = variant->name == "health_factor";
            spec.by = by_ltv      ? PositionsSpec::By::loan_to_value
                      : by_health ? PositionsSpec::By::health_factor
                                  : PositionsSpec::By::debt;
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
                spec.by =
                    is_liquidity ? PositionsSpec::By::liquidity : PositionsSpec::By::allowance;
                spec.collateral = parameters.token("token");
                spec.size = parameters.distribution("amount");
            }
            else
            {
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
