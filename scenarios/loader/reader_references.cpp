#include "scenarios/loader/messages.hpp"
#include "scenarios/loader/reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace runnel::scenarios
{

ContractId TableReader::resolve(const Item& item) const
{
    const auto& spec = item.key->spec;
    const auto* name = item.node.as<std::string>();
    const bool token =
        spec.kind != ParameterKind::contract && spec.kind != ParameterKind::contracts;
    // A vault is a token and what others deal with: who asks for its kind or sector gets it.
    const bool either = !token && !spec.contract_kind.empty();
    const auto found = name == nullptr ? std::nullopt : names_.find_contract(*name);
    if (found && (either || names_.is_token(*found) == token) &&
        is_of_kind(*names_[*found].type, spec.contract_kind))
        return *found;

    auto candidates = names_.of_kinds(token, spec.contract_kind);
    if (either)
    {
        const auto tokens = names_.of_kinds(true, spec.contract_kind);
        candidates.insert(candidates.end(), tokens.begin(), tokens.end());
    }
    const auto of_kind = spec.contract_kind.empty()
                             ? std::string{}
                             : " of kind " + listed(split(spec.contract_kind));
    const auto expected =
        fmt::format("a {}{} ({})", token ? "token" : "contract", of_kind, listed(candidates));
    if (found)
    {
        document_.fail(item.node.place, item.path,
            fmt::format("expected {}, got {} of kind {}", expected, shown(item.node),
                names_[*found].type->kind));
    }
    refuse(item, expected + (name == nullptr ? std::string{} : hint(*name, candidates)));
}

TableReader::Read TableReader::read_reference(const Item& item) const
{
    const auto* name = item.node.as<std::string>();
    if (item.key->spec.default_value == "\"\"" && name != nullptr && name->empty())
        return {std::nullopt, item.node};
    return {resolve(item), item.node};
}

TableReader::Read TableReader::read_account(const Item& item) const
{
    const auto* name = item.node.as<std::string>();
    if (name == nullptr)
        refuse(item, expectation(*item.key));
    if (name->empty() && item.key->spec.default_value == "\"\"")
        return {*name, item.node};
    if (name->find('/') == std::string::npos)
    {
        if (!is_plain_name(*name))
            refuse(item, expectation(*item.key));
        return {*name, item.node};
    }
    if (const auto expected = names_.wrong_in_group(*name); !expected.empty())
        refuse(item, expected);
    if (names_.arrives(*name))
        refuse(item, "an account that block 0 has; the wallets of this group arrive later");
    return {*name, item.node};
}

TableReader::Read TableReader::read_group(const Item& item) const
{
    const std::vector<std::string_view> known{names_.agents().begin(), names_.agents().end()};
    const auto* name = item.node.as<std::string>();
    const bool none = name != nullptr && name->empty() && item.key->spec.default_value == "\"\"";
    if (name == nullptr || (!none && std::find(known.begin(), known.end(), *name) == known.end()))
    {
        refuse(item, fmt::format("a group of agents ({}){}", listed(known),
                         name == nullptr ? std::string{} : hint(*name, known)));
    }
    return {*name, item.node};
}

TableReader::Item TableReader::element(const Item& list, std::size_t number, const Node& node) const
{
    return {list.key, fmt::format("{}[{}]", list.path, number), node, list.is_default};
}

TableReader::Read TableReader::read_references(const Item& item) const
{
    const auto* list = item.node.as<Node::Array>();
    if (list == nullptr)
        refuse(item, expectation(*item.key));
    std::vector<ContractId> ids;
    for (std::size_t i = 0; i < list->size(); ++i)
    {
        const auto entry = element(item, i, (*list)[i]);
        const auto id = resolve(entry);
        if (std::find(ids.begin(), ids.end(), id) != ids.end())
            refuse(entry, "each name once");
        ids.push_back(id);
    }
    return {std::move(ids), item.node};
}

std::vector<std::pair<ContractId, const Node::Member*>> TableReader::rows_by_token(
    const Item& item) const
{
    const auto* table = item.node.as<Node::Table>();
    if (table == nullptr)
        refuse(item, expectation(*item.key));
    std::vector<std::pair<ContractId, const Node::Member*>> rows;
    for (const auto& row : *table)
    {
        const Item named{item.key, fmt::format("{}.{}", item.path, row.key),
            Node{row.key, row.place}, item.is_default};
        rows.emplace_back(resolve(named), &row);
    }
    std::sort(rows.begin(), rows.end());
    return rows;
}

TableReader::Read TableReader::read_per_token(const Item& item) const
{
    std::vector<Key> columns;
    for (const auto& column : item.key->spec.columns)
        columns.push_back({column});
    Parameters::PerToken per_token;
    Node::Table canonical;
    for (const auto& [token, row] : rows_by_token(item))
    {
        const auto path = fmt::format("{}.{}", item.path, row->key);
        TableValues values;
        const auto& unit = names_.token_units().at(index(token));
        for (const auto& cell : collect(row->node, row->place, path, columns))
            read_item(cell, values, &unit);
        per_token.emplace_back(token, std::move(values.parameters));
        canonical.push_back({row->key, {}, Node{std::move(values.canonical)}});
    }
    return {std::move(per_token), Node{std::move(canonical)}};
}

Node TableReader::read_funds(const Item& item, TableValues& values) const
{
    Node::Table canonical;
    for (const auto& [token, row] : rows_by_token(item))
    {
        const Item amount{
            item.key, fmt::format("{}.{}", item.path, row->key), row->node, item.is_default};
        auto read = read_distribution(amount);
        values.funds.emplace_back(token, std::get<Distribution>(*read.value));
        canonical.push_back({row->key, {}, std::move(read.canonical)});
    }
    return Node{std::move(canonical)};
}

}  // namespace runnel::scenarios
