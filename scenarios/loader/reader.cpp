#include "scenarios/loader/reader.hpp"

#include "scenarios/loader/messages.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace runnel::scenarios
{
namespace
{

/// Whether a number is not given whose default is `""`: it has no value then, and the resolved
/// scenario does not have it.
bool is_no_number(const ParameterSpec& spec, const Node& node)
{
    const auto* text = node.as<std::string>();
    return spec.default_value == "\"\"" && text != nullptr && text->empty() &&
           (spec.kind == ParameterKind::integer || spec.kind == ParameterKind::amount ||
               spec.kind == ParameterKind::number);
}

}  // namespace

void TableReader::refuse(const Item& item, std::string_view expected) const
{
    document_.fail(item.node.place, item.path,
        fmt::format("expected {}, got {}{}", expected, item.is_default ? "the default " : "",
            shown(item.node)));
}

void TableReader::check_keys(
    const Node& table, const std::string& path, const std::vector<Key>& keys) const
{
    std::vector<std::string_view> known;
    for (const auto& key : keys)
        known.push_back(key.spec.name);
    for (const auto& member : *table.as<Node::Table>())
    {
        if (std::find(known.begin(), known.end(), member.key) != known.end())
            continue;
        const auto meant = hint(member.key, known);
        document_.fail(member.place, fmt::format("{}.{}", path, member.key),
            fmt::format("expected a key of {}{}, got an unknown one", path,
                meant.empty() ? fmt::format(" ({})", listed(known)) : meant));
    }
}

std::vector<TableReader::Item> TableReader::collect(
    const Node& table, Place place, const std::string& path, const std::vector<Key>& keys) const
{
    if (table.as<Node::Table>() == nullptr)
        document_.fail(place, path, fmt::format("expected a table, got {}", shown(table)));
    check_keys(table, path, keys);
    std::vector<Item> items;
    items.reserve(keys.size());
    for (const auto& key : keys)
    {
        const auto* member = table.find(key.spec.name);
        auto name = fmt::format("{}.{}", path, key.spec.name);
        if (member == nullptr && key.spec.default_value.empty())
            document_.fail(place, name, fmt::format("expected {}, got nothing", expectation(key)));
        items.push_back({&key, std::move(name),
            member != nullptr ? member->node : parse_value(key.spec.default_value, place),
            member == nullptr});
    }
    return items;
}

TableValues TableReader::read(
    const Node& table, Place place, const std::string& path, const std::vector<Key>& keys) const
{
    const auto items = collect(table, place, path, keys);
    TableValues values;
    // Tokens first: they tell what unit an amount beside them has.
    for (const bool tokens : {true, false})
    {
        for (const auto& item : items)
        {
            if ((item.key->spec.kind == ParameterKind::token) == tokens)
                read_item(item, values, nullptr);
        }
    }
    Node::Table in_order;
    for (const auto& key : keys)
    {
        const auto found = std::find_if(values.canonical.begin(), values.canonical.end(),
            [&](const Node::Member& member) { return member.key == key.spec.name; });
        if (found != values.canonical.end())
            in_order.push_back(std::move(*found));
    }
    values.canonical = std::move(in_order);
    return values;
}

Parameters::Value TableReader::read_one(
    const Node& table, Place place, const std::string& path, const Key& key) const
{
    const auto* member = table.find(key.spec.name);
    const auto name = fmt::format("{}.{}", path, key.spec.name);
    if (member == nullptr && key.spec.default_value.empty())
        document_.fail(place, name, fmt::format("expected {}, got nothing", expectation(key)));
    const Item item{&key, name,
        member != nullptr ? member->node : parse_value(key.spec.default_value, place),
        member == nullptr};
    return *read_parameter(item, {}, nullptr).value;
}

void TableReader::read_item(const Item& item, TableValues& values, const Unit* row) const
{
    if (is_no_number(item.key->spec, item.node))
        return;
    Read read;
    switch (item.key->form)
    {
        case KeyForm::parameter: read = read_parameter(item, values.parameters, row); break;
        case KeyForm::price: read = read_price(item); break;
        case KeyForm::seed: read = read_seed(item); break;
        case KeyForm::time: read = read_time(item); break;
        case KeyForm::closes: read.canonical = read_closes(item, values.closes); break;
        case KeyForm::block_times:
            read.canonical = read_block_times(item, values.block_times);
            break;
        case KeyForm::bars: read.canonical = read_bars(item, values.bars); break;
        // Read by those who know what contracts describe.
        case KeyForm::calls:
        case KeyForm::expect:
        case KeyForm::exact_funds: return;
        case KeyForm::positions:
        case KeyForm::liquidity:
        case KeyForm::allowances: read.canonical = read_positions(item, values.positions); break;
        case KeyForm::parameters:
            // What they are the group's strategy says.
            if (const auto* members = item.node.as<Node::Table>();
                members == nullptr || members->empty())
                refuse(item, expectation(*item.key));
            read.canonical = item.node;
            break;
        case KeyForm::funds: read.canonical = read_funds(item, values); break;
        case KeyForm::numbers:
        case KeyForm::names:
        case KeyForm::latencies: read.canonical = read_list(item); break;
    }
    if (read.value)
        values.parameters.set(item.key->spec.name, std::move(*read.value));
    values.canonical.push_back({std::string{item.key->spec.name}, {}, std::move(read.canonical)});
}

TableReader::Read TableReader::read_parameter(
    const Item& item, const Parameters& siblings, const Unit* row) const
{
    switch (item.key->spec.kind)
    {
        case ParameterKind::boolean:
            if (const auto* value = item.node.as<bool>())
                return {*value, item.node};
            break;
        case ParameterKind::text:
            if (const auto* value = item.node.as<std::string>())
                return {*value, item.node};
            break;
        case ParameterKind::integer: return read_integer(item);
        case ParameterKind::number: return read_number(item);
        case ParameterKind::choice: return read_choice(item);
        case ParameterKind::amount: return read_amount(item, siblings, row);
        case ParameterKind::duration: return read_duration(item);
        case ParameterKind::token:
        case ParameterKind::contract: return read_reference(item);
        case ParameterKind::tokens:
        case ParameterKind::contracts: return read_references(item);
        case ParameterKind::distribution: return read_distribution(item);
        case ParameterKind::per_token: return read_per_token(item);
        case ParameterKind::account: return read_account(item);
        case ParameterKind::group: return read_group(item);
    }
    refuse(item, expectation(*item.key));
}

}  // namespace runnel::scenarios
