#include "scenarios/reader.hpp"

#include "ledger/check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace runnel::scenarios
{

// ---- Names ----

void Names::add_token(std::string name, const ContractType* type, unsigned decimals)
{
    token_units_.push_back({name, decimals});
    add_contract(std::move(name), type);
}

void Names::add_contract(std::string name, const ContractType* type)
{
    ids_.emplace(name, ContractId{static_cast<std::uint32_t>(all_.size())});
    all_.push_back({std::move(name), type});
}

std::optional<ContractId> Names::find_contract(std::string_view name) const
{
    const auto found = ids_.find(name);
    return found == ids_.end() ? std::nullopt : std::optional{found->second};
}

std::optional<ContractId> Names::find_token(std::string_view name) const
{
    const auto id = find_contract(name);
    return id && is_token(*id) ? id : std::nullopt;
}

namespace
{

bool is_one_of(std::string_view word, std::string_view alternatives)
{
    while (!alternatives.empty())
    {
        const auto bar = std::min(alternatives.find('|'), alternatives.size());
        if (alternatives.substr(0, bar) == word)
            return true;
        alternatives.remove_prefix(std::min(bar + 1, alternatives.size()));
    }
    return false;
}

std::vector<std::string_view> split(std::string_view alternatives)
{
    std::vector<std::string_view> words;
    while (!alternatives.empty())
    {
        const auto bar = std::min(alternatives.find('|'), alternatives.size());
        words.push_back(alternatives.substr(0, bar));
        alternatives.remove_prefix(std::min(bar + 1, alternatives.size()));
    }
    return words;
}

}  // namespace

std::vector<std::string_view> Names::of_kinds(bool tokens, std::string_view kinds) const
{
    std::vector<std::string_view> names;
    for (std::size_t i = 0; i < all_.size(); ++i)
    {
        if (tokens == (i < token_units_.size()) &&
            (kinds.empty() || is_one_of(all_[i].type->kind, kinds)))
            names.push_back(all_[i].name);
    }
    return names;
}

// ---- What is expected ----

namespace
{

/// Draws stay within these bounds whatever the shape, so that none is infinite.
constexpr double draw_max = 1e30;

/// Bounds in a message: 10000000 rather than 1e+07.
std::string shown_bound(double bound)
{
    return shortest_decimal(bound);
}

std::string range(std::string_view what, const ParameterSpec& spec)
{
    const bool low = std::isfinite(spec.min);
    const bool high = std::isfinite(spec.max);
    if (low && high)
        return fmt::format("{} from {} to {}", what, shown_bound(spec.min), shown_bound(spec.max));
    if (low)
        return fmt::format("{} of at least {}", what, shown_bound(spec.min));
    if (high)
        return fmt::format("{} of at most {}", what, shown_bound(spec.max));
    return std::string{what};
}

std::string listed(const std::vector<std::string_view>& words)
{
    constexpr std::size_t shown_max = 12;
    std::string text;
    for (std::size_t i = 0; i < std::min(words.size(), shown_max); ++i)
        text += fmt::format("{}{}", i == 0 ? "" : ", ", words[i]);
    return words.size() > shown_max ? text + ", ..." : text;
}

}  // namespace

std::string expectation(const Key& key)
{
    switch (key.form)
    {
    case KeyForm::parameter: break;
    case KeyForm::price: return "a price above 0 in USD, like 3000.5";
    case KeyForm::time: return range("unix seconds", key.spec) + " or a date like 2024-01-01T00:00:00Z";
    case KeyForm::closes: return "a list of [unix seconds, price]";
    case KeyForm::bars: return "a list of [unix seconds, open, high, low, close]";
    case KeyForm::funds: return "a number or distribution per token, like { ETH = 10 }";
    }
    const auto& spec = key.spec;
    switch (spec.kind)
    {
    case ParameterKind::boolean: return "true or false";
    case ParameterKind::integer: return range("an integer", spec);
    case ParameterKind::number: return range("a number", spec);
    case ParameterKind::text: return "text";
    case ParameterKind::choice: return "one of " + listed(split(spec.choices));
    case ParameterKind::amount: return "an amount with its unit, or an integer of smallest units";
    case ParameterKind::duration: return "a duration like \"12s\", \"5m\", \"36h\" or \"2d\"";
    case ParameterKind::token: return "the name of a token";
    case ParameterKind::tokens: return "a list of tokens";
    case ParameterKind::contract:
        return spec.contract_kind.empty() ?
            "the name of a contract" :
            fmt::format("the name of a contract of kind {}", listed(split(spec.contract_kind)));
    case ParameterKind::contracts:
        return spec.contract_kind.empty() ?
            "a list of contracts" :
            fmt::format("a list of contracts of kind {}", listed(split(spec.contract_kind)));
    case ParameterKind::distribution:
        return range("a number", spec) + ", or a distribution like { normal = [mean, sd], min = 0 }";
    case ParameterKind::per_token: return "a table of tables, one per token";
    }
    return {};
}

// ---- Tables ----

/// A key with the value that stands for it.
struct TableReader::Item
{
    const Key* key = nullptr;
    std::string path;
    Node node;
    bool is_default = false;
};

struct TableReader::Read
{
    std::optional<Parameters::Value> value;  // Empty: none, where the default is none.
    Node canonical;
};

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
        const auto meant = closest(member.key, known);
        document_.fail(member.place, fmt::format("{}.{}", path, member.key),
            fmt::format("expected a key of {}{}, got an unknown one", path,
                meant.empty() ? fmt::format(" ({})", listed(known)) :
                                fmt::format(" (did you mean {}?)", meant)));
    }
}

std::vector<TableReader::Item> TableReader::collect(const Node& table, Place place,
    const std::string& path, const std::vector<Key>& keys) const
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

TableValues TableReader::read(const Node& table, Place place, const std::string& path,
    const std::vector<Key>& keys) const
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
    Read read;
    switch (item.key->form)
    {
    case KeyForm::parameter: read = read_parameter(item, values.parameters, row); break;
    case KeyForm::price: read = read_price(item); break;
    case KeyForm::time: read = read_time(item); break;
    case KeyForm::closes: read.canonical = read_closes(item, values.closes); break;
    case KeyForm::bars: read.canonical = read_bars(item, values.bars); break;
    case KeyForm::funds: read.canonical = read_funds(item, values); break;
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
    }
    refuse(item, expectation(*item.key));
}

// ---- Scalars ----

namespace
{

bool in_range(double value, const ParameterSpec& spec) noexcept
{
    return value >= spec.min && value <= spec.max;  // False for NaN.
}

/// A number, written with or without a point.
std::optional<double> finite_number(const Node& node) noexcept
{
    if (const auto* integer = node.as<std::int64_t>())
        return static_cast<double>(*integer);
    const auto* number = node.as<double>();
    return number != nullptr && std::isfinite(*number) ? std::optional{*number} : std::nullopt;
}

}  // namespace

TableReader::Read TableReader::read_integer(const Item& item) const
{
    const auto* value = item.node.as<std::int64_t>();
    if (value == nullptr || !in_range(static_cast<double>(*value), item.key->spec))
        refuse(item, expectation(*item.key));
    return {*value, item.node};
}

TableReader::Read TableReader::read_time(const Item& item) const
{
    Item unix{item};
    if (const auto* time = item.node.as<DateTime>(); time != nullptr && time->unix)
        unix.node.value = *time->unix;
    return read_integer(unix);
}

TableReader::Read TableReader::read_number(const Item& item) const
{
    const auto value = finite_number(item.node);
    if (!value || !in_range(*value, item.key->spec))
        refuse(item, expectation(*item.key));
    return {*value, Node{*value}};
}

TableReader::Read TableReader::read_choice(const Item& item) const
{
    const auto& choices = item.key->spec.choices;
    const auto* value = item.node.as<std::string>();
    if (value == nullptr || !is_one_of(*value, choices))
    {
        const auto meant =
            value == nullptr ? std::string_view{} : closest(*value, split(choices));
        refuse(item, expectation(*item.key) +
                         (meant.empty() ? "" : fmt::format(" (did you mean {}?)", meant)));
    }
    return {*value, item.node};
}

TableReader::Read TableReader::read_duration(const Item& item) const
{
    const auto* text = item.node.as<std::string>();
    if (text == nullptr)
        refuse(item, expectation(*item.key));
    const auto duration = parse_duration_ms(*text);
    if (!duration)
        refuse(item, duration.error());
    const auto& spec = item.key->spec;
    if (static_cast<double>(*duration) < spec.min)
    {
        refuse(item, fmt::format("a duration of at least {}",
                         format_duration_ms(static_cast<std::int64_t>(spec.min))));
    }
    if (static_cast<double>(*duration) > spec.max)
    {
        refuse(item, fmt::format("a duration of at most {}",
                         format_duration_ms(static_cast<std::int64_t>(spec.max))));
    }
    return {*duration, Node{format_duration_ms(*duration)}};
}

// ---- Amounts and prices ----

/// Which units an amount may be written in.
struct TableReader::Units
{
    std::vector<Unit> all;
    enum class Meaning
    {
        any,    // Of any token: an integer is an amount of whatever the contract says.
        fixed,  // Of the first unit's token.
        wei,
    } meaning = Meaning::any;
};

TableReader::Units TableReader::units_of(
    const ParameterSpec& spec, const Parameters& siblings, const Unit* row) const
{
    const std::vector<Unit> wei{{"ether", 18}, {"gwei", 9}, {"wei", 0}};
    const auto& native = names_.token_units().front();
    Units units;
    if (spec.unit.starts_with("wei"))
    {
        units.meaning = Units::Meaning::wei;
        units.all = wei;
        units.all.push_back(native);
        return units;
    }
    units.meaning = Units::Meaning::fixed;
    // "smallest unit of token0": of the token that the parameter token0 names.
    const auto sibling = spec.unit.substr(spec.unit.rfind(' ') + 1);
    if (spec.unit.starts_with("1e-8 USD"))
        units.all = {{"USD", 8}};
    else if (spec.unit == "ray")
        units.all = {{"ray", 27}};
    else if (spec.unit == "wad")
        units.all = {{"wad", 18}};
    else if (row != nullptr && sibling == "token")
        units.all = {*row};
    else if (siblings.has(sibling))
        units.all = {names_.token_units().at(index(siblings.token(sibling)))};
    else
    {
        units.meaning = Units::Meaning::any;
        units.all = names_.token_units();
    }
    if (units.all.front().name == native.name)
        units.all.insert(units.all.end(), wei.begin(), wei.end());
    return units;
}

TableReader::Read TableReader::read_amount(
    const Item& item, const Parameters& siblings, const Unit* row) const
{
    const auto& spec = item.key->spec;
    const auto units = units_of(spec, siblings, row);
    const auto written_in = [](const Amount& amount, const Unit& unit)
    { return Node{fmt::format("{} {}", format_decimal(amount, unit.decimals), unit.name)}; };
    Amount amount;
    Node canonical;
    if (const auto* integer = item.node.as<std::int64_t>())
    {
        if (*integer < 0)
            refuse(item, "an amount that is not negative");
        amount = Amount{static_cast<std::uint64_t>(*integer)};
        canonical = item.node;
    }
    else if (const auto* text = item.node.as<std::string>())
    {
        const auto written = parse_amount(*text, units.all);
        if (!written)
            refuse(item, written.error());
        amount = written->amount;
        canonical = written_in(amount, *written->unit);
    }
    else
    {
        refuse(item, fmt::format("an amount like \"1_000.5 {}\" or an integer of smallest units",
                         units.all.front().name));
    }
    if (!in_range(amount.to_double(), spec))
        refuse(item, range("an amount", spec) + " smallest units");

    // One way to write it, where the key tells the unit.
    if (units.meaning == Units::Meaning::fixed)
        canonical = written_in(amount, units.all.front());
    if (units.meaning == Units::Meaning::wei)
    {
        canonical = written_in(amount, units.all[amount >= Amount::power_of_ten(15) ? 0 :
                                                 amount >= Amount::power_of_ten(6)  ? 1 :
                                                                                      2]);
    }
    return {amount, std::move(canonical)};
}

TableReader::Read TableReader::read_price(const Item& item) const
{
    const auto price = [&]() -> ReadResult<std::uint64_t>
    {
        if (const auto* integer = item.node.as<std::int64_t>())
            return parse_price(std::to_string(*integer));
        if (const auto number = finite_number(item.node))
            return parse_price(shortest_decimal(*number));
        if (const auto* text = item.node.as<std::string>())
        {
            std::string digits = *text;
            if (digits.ends_with(" USD"))
                digits.resize(digits.size() - 4);
            return parse_price(digits);
        }
        return tl::unexpected<std::string>{""};
    }();
    if (!price)
        refuse(item, fmt::format("a price above 0 and up to {} USD", price_max / 100'000'000));

    // A number where a double holds all digits.
    const auto digits = format_decimal(Amount{*price}, 8);
    constexpr std::size_t exact_digits = 15;
    Node canonical{digits};
    if (digits.size() <= exact_digits)
    {
        double number = 0;
        std::from_chars(digits.data(), digits.data() + digits.size(), number);
        canonical = Node{number};
    }
    return {Amount{*price}, std::move(canonical)};
}

// ---- References ----

ContractId TableReader::resolve(const Item& item) const
{
    const auto& spec = item.key->spec;
    const auto* name = item.node.as<std::string>();
    const bool token =
        spec.kind != ParameterKind::contract && spec.kind != ParameterKind::contracts;
    const auto found = name == nullptr ? std::nullopt : names_.find_contract(*name);
    if (found && names_.is_token(*found) == token &&
        (spec.contract_kind.empty() || is_one_of(names_[*found].type->kind, spec.contract_kind)))
        return *found;

    const auto candidates = names_.of_kinds(token, spec.contract_kind);
    const auto of_kind = spec.contract_kind.empty() ?
        std::string{} :
        " of kind " + listed(split(spec.contract_kind));
    const auto expected = fmt::format("a {}{} ({})", token ? "token" : "contract", of_kind,
        candidates.empty() ? "there is none" : listed(candidates));
    if (found)
    {
        document_.fail(item.node.place, item.path,
            fmt::format("expected {}, got {} of kind {}", expected, shown(item.node),
                names_[*found].type->kind));
    }
    const auto meant = name == nullptr ? std::string_view{} : closest(*name, candidates);
    refuse(item, expected + (meant.empty() ? "" : fmt::format(" (did you mean {}?)", meant)));
}

TableReader::Read TableReader::read_reference(const Item& item) const
{
    const auto* name = item.node.as<std::string>();
    if (item.key->spec.default_value == "\"\"" && name != nullptr && name->empty())
        return {std::nullopt, item.node};
    return {resolve(item), item.node};
}

TableReader::Item TableReader::element(
    const Item& list, std::size_t number, const Node& node) const
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

// ---- Distributions ----

namespace
{

struct ShapeInfo
{
    std::string_view name;
    Distribution::Shape shape;
    std::size_t count;
    std::string_view expected;
    bool (*accepts)(double a, double b);
};

bool moderate(double value) noexcept
{
    return value >= -draw_max && value <= draw_max;
}

const std::array<ShapeInfo, 6> shapes{
    ShapeInfo{"constant", Distribution::Shape::constant, 1, "[value]",
        [](double a, double) { return moderate(a); }},
    ShapeInfo{"uniform", Distribution::Shape::uniform, 2, "[low, high] with low <= high",
        [](double a, double b) { return moderate(a) && moderate(b) && a <= b; }},
    ShapeInfo{"normal", Distribution::Shape::normal, 2, "[mean, sd] with sd >= 0",
        [](double a, double b) { return moderate(a) && moderate(b) && b >= 0; }},
    ShapeInfo{"log_normal", Distribution::Shape::log_normal, 2,
        "[mean, sd] of the logarithm, with mean from -69 to 69 and sd from 0 to 20",
        [](double a, double b) { return a >= -69 && a <= 69 && b >= 0 && b <= 20; }},
    ShapeInfo{"exponential", Distribution::Shape::exponential, 1, "[mean] with mean >= 0",
        [](double a, double) { return moderate(a) && a >= 0; }},
    ShapeInfo{"pareto", Distribution::Shape::pareto, 2,
        "[scale, shape] with scale > 0 and shape from 0.1 to 1000",
        [](double a, double b) { return moderate(a) && a > 0 && b >= 0.1 && b <= 1'000; }},
};

/// The distribution's numbers: [mean, sd], or mean alone without brackets.
std::optional<std::array<double, 2>> shape_numbers(const ShapeInfo& info, const Node& node)
{
    std::array<double, 2> numbers{};
    const auto* list = node.as<Node::Array>();
    const std::size_t count = list != nullptr ? list->size() : 1;
    if (count != info.count)
        return std::nullopt;
    for (std::size_t i = 0; i < count; ++i)
    {
        const auto number = finite_number(list != nullptr ? (*list)[i] : node);
        if (!number)
            return std::nullopt;
        numbers.at(i) = *number;
    }
    return info.accepts(numbers[0], numbers[1]) ? std::optional{numbers} : std::nullopt;
}

}  // namespace

TableReader::Read TableReader::read_distribution(const Item& item) const
{
    const auto& spec = item.key->spec;
    auto bounds = spec;
    bounds.min = std::max(spec.min, -draw_max);
    bounds.max = std::min(spec.max, draw_max);
    const auto constant = [&](double value) -> Read
    { return {Distribution{Distribution::Shape::constant, value, 0, value, value}, Node{value}}; };

    if (const auto number = finite_number(item.node))
    {
        if (!in_range(*number, bounds))
            refuse(item, range("a number", spec));
        return constant(*number);
    }
    const auto* table = item.node.as<Node::Table>();
    if (table == nullptr)
    {
        refuse(item, range("a number", spec) +
                         ", or a distribution like { normal = [mean, sd], min = 0 }");
    }

    Distribution distribution{Distribution::Shape::constant, 0, 0, bounds.min, bounds.max};
    const ShapeInfo* shape = nullptr;
    Node::Table canonical;
    std::vector<std::string_view> known{"min", "max"};
    for (const auto& info : shapes)
        known.push_back(info.name);
    for (const auto& member : *table)
    {
        const Item part{
            item.key, fmt::format("{}.{}", item.path, member.key), member.node, item.is_default};
        if (member.key == "min" || member.key == "max")
        {
            const auto number = finite_number(member.node);
            if (!number || !in_range(*number, bounds))
                refuse(part, range("a number", spec));
            (member.key == "min" ? distribution.min : distribution.max) = *number;
            continue;
        }
        const auto info = std::find_if(shapes.begin(), shapes.end(),
            [&](const ShapeInfo& candidate) { return candidate.name == member.key; });
        if (info == shapes.end())
        {
            const auto meant = closest(member.key, known);
            document_.fail(member.place, part.path,
                fmt::format("expected one of {}{}, got an unknown key", listed(known),
                    meant.empty() ? "" : fmt::format(" (did you mean {}?)", meant)));
        }
        if (shape != nullptr)
        {
            document_.fail(member.place, part.path,
                fmt::format("expected one shape, got {} too", shape->name));
        }
        shape = &*info;
        const auto numbers = shape_numbers(*info, member.node);
        if (!numbers)
            refuse(part, info->expected);
        distribution.shape = info->shape;
        distribution.a = (*numbers)[0];
        distribution.b = (*numbers)[1];
        if (info->shape == Distribution::Shape::uniform &&
            (!in_range(distribution.a, bounds) || !in_range(distribution.b, bounds)))
            refuse(part, range("bounds", spec));
        Node::Array list;
        for (std::size_t i = 0; i < info->count; ++i)
            list.emplace_back(Node{numbers->at(i)});
        canonical.push_back({std::string{info->name}, {}, Node{std::move(list)}});
    }
    if (shape == nullptr)
        refuse(item, "a shape: constant, uniform, normal, log_normal, exponential or pareto");
    if (distribution.min > distribution.max)
        refuse(item, "min not above max");
    if (distribution.shape == Distribution::Shape::constant)
    {
        if (!in_range(distribution.a, bounds))
            refuse(item, range("a number", spec));
        return constant(std::clamp(distribution.a, distribution.min, distribution.max));
    }
    if (distribution.min != bounds.min)
        canonical.push_back({"min", {}, Node{distribution.min}});
    if (distribution.max != bounds.max)
        canonical.push_back({"max", {}, Node{distribution.max}});
    return {distribution, Node{std::move(canonical)}};
}

// ---- Price series ----

Node TableReader::read_closes(const Item& item, std::vector<PriceClose>& closes) const
{
    std::vector<PriceBar> bars;
    auto canonical = read_bars(item, bars);
    for (const auto& bar : bars)
        closes.push_back({bar.unix, bar.open});
    return canonical;
}

Node TableReader::read_bars(const Item& item, std::vector<PriceBar>& bars) const
{
    const std::size_t width = item.key->form == KeyForm::bars ? 5 : 2;
    const auto* list = item.node.as<Node::Array>();
    if (list == nullptr || list->empty())
        refuse(item, expectation(*item.key));
    Node::Array canonical;
    canonical.reserve(list->size());
    for (std::size_t i = 0; i < list->size(); ++i)
    {
        const auto entry = element(item, i, (*list)[i]);
        const auto* row = entry.node.as<Node::Array>();
        if (row == nullptr || row->size() != width)
        {
            refuse(entry, width == 5 ? "[unix seconds, open, high, low, close]" :
                                       "[unix seconds, price]");
        }
        Item unix = element(entry, 0, row->front());
        if (const auto* time = unix.node.as<DateTime>(); time != nullptr && time->unix)
            unix.node.value = *time->unix;
        if (unix.node.as<std::int64_t>() == nullptr)
            refuse(unix, "unix seconds");
        PriceBar bar{*unix.node.as<std::int64_t>()};
        Node::Array cells{unix.node};
        const std::array prices{&bar.open, &bar.high, &bar.low, &bar.close};
        for (std::size_t column = 1; column < width; ++column)
        {
            auto price = read_price(element(entry, column, (*row)[column]));
            *prices.at(column - 1) = std::get<Amount>(*price.value).low64();
            cells.push_back(std::move(price.canonical));
        }
        bars.push_back(bar);
        canonical.emplace_back(Node{std::move(cells)});
    }
    return Node{std::move(canonical)};
}

}  // namespace runnel::scenarios
