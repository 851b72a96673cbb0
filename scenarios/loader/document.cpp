#include "scenarios/loader/document.hpp"

#include "scenarios/loader/name_table.hpp"
#include "scenarios/loader/toml_text.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace runnel::scenarios
{

Node::Node() = default;
Node::Node(Value new_value, Place where) : value{std::move(new_value)}, place{where} {}

const Node::Member* Node::find(std::string_view key) const noexcept
{
    const auto* table = as<Table>();
    if (table == nullptr)
        return nullptr;
    const auto found = std::find_if(
        table->begin(), table->end(), [key](const Member& member) { return member.key == key; });
    return found == table->end() ? nullptr : &*found;
}

namespace
{

bool is_utf8(std::string_view text) noexcept
{
    const auto byte = [text](std::size_t at) -> unsigned
    { return at < text.size() ? static_cast<unsigned char>(text[at]) : 0; };
    for (std::size_t i = 0; i < text.size();)
    {
        const auto first = byte(i);
        const std::size_t size = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
        auto code = size == 1 ? first : first & (0x7fU >> size);
        for (std::size_t k = 1; k < size; ++k)
        {
            if ((byte(i + k) & 0xc0U) != 0x80)
                return false;
            code = code << 6U | (byte(i + k) & 0x3fU);
        }
        // Overlong, a surrogate, or beyond Unicode.
        constexpr std::array<unsigned, 5> least{0, 0, 0x80, 0x800, 0x10000};
        if (code < least.at(size) || (code >= 0xd800 && code < 0xe000) || code > 0x10ffff ||
            (first >= 0x80 && first < 0xc2) || first > 0xf4)
            return false;
        i += size;
    }
    return true;
}

/// Escapes what a terminal or a line cannot take.
std::string escaped(std::string_view text)
{
    const bool ascii_only = !is_utf8(text);
    std::string result;
    for (const char c : text)
    {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || c == 0x7f || (ascii_only && byte >= 0x80))
            result += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        else
            result += c;
    }
    return result;
}

// ---- From the TOML library's tree ----

std::int64_t days_from_civil(std::int64_t year, std::int64_t month, std::int64_t day) noexcept
{
    // Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
    year -= month <= 2 ? 1 : 0;
    const auto era = (year >= 0 ? year : year - 399) / 400;
    const auto year_of_era = year - era * 400;
    const auto day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * 146'097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
           719'468;
}

DateTime date_time(const toml::date_time& from)
{
    if (!from.offset || from.time.nanosecond != 0)
        return {};
    const auto days = days_from_civil(from.date.year, from.date.month, from.date.day);
    const auto seconds = from.time.hour * 3600 + from.time.minute * 60 + from.time.second -
                         from.offset->minutes * 60;
    return {days * 86'400 + seconds};
}

Place place_of(const toml::source_region& source, Place fallback) noexcept
{
    if (fallback.override_number != 0 || source.begin.line == 0)
        return fallback;
    return {source.begin.line, 0};
}

/// What the TOML library's numbers do not say.
struct Numbers
{
    std::vector<LargeInteger> large;
    std::vector<NumberPlace> rounded;
};

/// The large integer that was taken out at this place; nullptr if there was none.
const LargeInteger* find(
    const std::vector<LargeInteger>& large_integers, const toml::source_position& place) noexcept
{
    const std::pair<std::uint32_t, std::uint32_t> wanted{place.line, place.column};
    const auto found = std::partition_point(large_integers.begin(), large_integers.end(),
        [&](const LargeInteger& large) {
            return std::pair{large.line, large.column} < wanted;
        });
    return found != large_integers.end() && std::pair{found->line, found->column} == wanted
               ? &*found
               : nullptr;
}

Node convert(const toml::node& from, Place fallback, const Numbers& numbers)
{
    Node node;
    node.place = place_of(from.source(), fallback);
    switch (from.type())
    {
        case toml::node_type::boolean: node.value = from.as_boolean()->get(); break;
        case toml::node_type::integer:
            node.value = from.as_integer()->get();
            if (const auto* large = find(numbers.large, from.source().begin))
                node.value = large->value;
            break;
        case toml::node_type::floating_point:
            node.value = from.as_floating_point()->get();
            node.is_rounded = std::binary_search(numbers.rounded.begin(), numbers.rounded.end(),
                NumberPlace{from.source().begin.line, from.source().begin.column});
            break;
        case toml::node_type::string: node.value = from.as_string()->get(); break;
        case toml::node_type::date_time: node.value = date_time(from.as_date_time()->get()); break;
        case toml::node_type::date:
        case toml::node_type::time:
        case toml::node_type::none: node.value = DateTime{}; break;
        case toml::node_type::array: {
            Node::Array elements;
            elements.reserve(from.as_array()->size());
            for (const auto& element : *from.as_array())
                elements.push_back(convert(element, node.place, numbers));
            node.value = std::move(elements);
            break;
        }
        case toml::node_type::table: {
            Node::Table members;
            members.reserve(from.as_table()->size());
            for (const auto& [key, member] : *from.as_table())
            {
                const auto place = place_of(key.source(), node.place);
                members.push_back({std::string{key.str()}, place, convert(member, place, numbers)});
            }
            node.value = std::move(members);
            break;
        }
    }
    return node;
}

}  // namespace

Document::Document(std::string_view text, std::string name, const std::vector<Override>& overrides)
  : name_{std::move(name)}
{
    constexpr std::size_t bytes_max = std::size_t{64} << 20U;
    const auto fail_at = [&](std::uint32_t line, std::string_view message)
    { throw BadScenario{fmt::format("{}:{}: {}", escaped(name_), line, escaped(message))}; };
    if (text.size() > bytes_max)
        fail_at(1, fmt::format("expected at most {} bytes, got {}", bytes_max, text.size()));
    if (const auto line = line_of_deep_key(text); line != 0)
        fail_at(line, "expected a key of at most 32 parts, got more");
    try
    {
        std::string small{text};
        const Numbers numbers{take_large_integers(small), rounded_fractions(small)};
        root_ = convert(toml::parse(small, name_), {1, 0}, numbers);
    }
    catch (const toml::parse_error& error)
    {
        fail_at(std::max<std::uint32_t>(1, error.source().begin.line),
            fmt::format("expected TOML: {}", error.description()));
    }
    for (const auto& change : overrides)
    {
        override_paths_.push_back(change.path);
        apply(change, {0, static_cast<std::uint32_t>(override_paths_.size())});
    }
}

void Document::apply(const Override& change, Place place)
{
    auto* node = &root_;
    std::string_view rest = change.path;
    while (true)
    {
        const auto dot = std::min(rest.find('.'), rest.size());
        const auto key = rest.substr(0, dot);
        auto* table = std::get_if<Node::Table>(&node->value);
        auto* array = std::get_if<Node::Array>(&node->value);
        if (key.empty())
            fail(place, change.path, "expected a path like chain.validators");
        if (!is_utf8(change.path) || !is_utf8(change.value))
            fail(place, change.path, "expected UTF-8");
        if (array != nullptr)
        {
            std::size_t position = 0;
            const auto read = std::from_chars(key.data(), key.data() + key.size(), position);
            if (read.ec != std::errc{} || read.ptr != key.data() + key.size() ||
                position >= array->size())
            {
                fail(place, change.path,
                    array->empty()
                        ? fmt::format("expected a list with elements before {}", shown(key))
                        : fmt::format("expected the number of an element, 0 to {}, got {}",
                              array->size() - 1, shown(key)));
            }
            node = &(*array)[position];
            if (dot == rest.size())
            {
                *node = parse_value(change.value, place);
                return;
            }
            rest.remove_prefix(dot + 1);
            continue;
        }
        if (table == nullptr)
        {
            fail(place, change.path,
                fmt::format("expected a table before {}, got {}", shown(key), shown(*node)));
        }
        auto found = std::lower_bound(table->begin(), table->end(), key,
            [](const Node::Member& member, std::string_view wanted)
            { return member.key < wanted; });
        if (found == table->end() || found->key != key)
            found = table->insert(found, {std::string{key}, place, Node{Node::Table{}, place}});
        node = &found->node;
        if (dot == rest.size())
        {
            *node = parse_value(change.value, place);
            found->place = place;
            return;
        }
        rest.remove_prefix(dot + 1);
    }
}

std::string Document::describe(Place place) const
{
    if (place.override_number != 0)
        return fmt::format("--set {}", escaped(override_paths_.at(place.override_number - 1)));
    return fmt::format("{}:{}", escaped(name_), place.line);
}

void Document::fail(Place place, std::string_view key, std::string_view message) const
{
    const bool told =
        place.override_number != 0 && override_paths_.at(place.override_number - 1) == key;
    throw BadScenario{told || key.empty() ? fmt::format("{}: {}", describe(place), escaped(message))
                                          : fmt::format("{}: {}: {}", describe(place), escaped(key),
                                                escaped(message))};
}

Node parse_value(std::string_view text, Place place)
{
    auto line = fmt::format("value = {}", text);
    if (line_of_deep_key(line) == 0)
    {
        try
        {
            const Numbers numbers{take_large_integers(line), rounded_fractions(line)};
            const auto table = toml::parse(line);
            if (table.size() == 1)
                return convert(*table.get("value"), place, numbers);
        }
        catch (const toml::parse_error&)
        {
            // A bare word.
        }
    }
    return Node{std::string{text}, place};
}

// ---- To text ----

std::string shown(std::string_view text)
{
    constexpr std::size_t length_max = 60;
    auto cut = text.substr(0, length_max);
    // Not within a character of several bytes.
    while (cut.size() < text.size() && !cut.empty() &&
           (static_cast<unsigned char>(text[cut.size()]) & 0xc0U) == 0x80)
        cut.remove_suffix(1);
    return fmt::format("\"{}{}\"", escaped(cut), cut.size() < text.size() ? "..." : "");
}

std::string shown(const Node& node)
{
    if (const auto* text = node.as<std::string>())
        return shown(std::string_view{*text});
    if (const auto* array = node.as<Node::Array>())
    {
        constexpr std::size_t elements_max = 6;
        constexpr std::size_t length_max = 60;
        const bool is_short = !array->empty() && array->size() <= elements_max &&
                              std::all_of(array->begin(), array->end(),
                                  [](const Node& element) {
                                      return element.as<Node::Array>() == nullptr &&
                                             element.as<Node::Table>() == nullptr;
                                  });
        const auto text = is_short ? to_toml(node) : std::string{};
        return text.empty() || text.size() > length_max ? fmt::format("a list of {}", array->size())
                                                        : text;
    }
    if (node.as<Node::Table>() != nullptr)
        return "a table";
    if (const auto* time = node.as<DateTime>())
        return time->unix ? "a date and time" : "a date or time without its offset from UTC";
    auto text = to_toml(node);
    if (node.as<double>() != nullptr && text.find_first_not_of("-0123456789") == std::string::npos)
        text += ".0";
    return text;
}

std::string shortest_decimal(double value)
{
    if (value == 0)
        return "0";
    std::array<char, 32> buffer{};
    const auto magnitude = std::abs(value);
    const auto format = magnitude >= 1e-5 && magnitude < 1e15 ? std::chars_format::fixed
                                                              : std::chars_format::scientific;
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, format).ptr;
    return {buffer.data(), end};
}

namespace
{

std::string quoted_text(std::string_view text)
{
    std::string result = "\"";
    for (const char c : text)
    {
        if (c == '"' || c == '\\')
            result += {'\\', c};
        else if (c == '\n')
            result += "\\n";
        else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
            result += fmt::format("\\u{:04X}", static_cast<unsigned char>(c));
        else
            result += c;
    }
    return result + '"';
}

/// Names like group/0 and addresses need quotes.
std::string key_text(const std::string& key)
{
    return is_plain_name(key) ? key : quoted_text(key);
}

struct TomlPrinter
{
    std::string operator()(bool value) const { return value ? "true" : "false"; }
    std::string operator()(std::int64_t value) const { return std::to_string(value); }
    std::string operator()(std::uint64_t value) const { return std::to_string(value); }
    std::string operator()(double value) const
    {
        return std::isnan(value)   ? "nan"
               : std::isinf(value) ? (value < 0 ? "-inf" : "inf")
                                   : shortest_decimal(value);
    }
    std::string operator()(const std::string& value) const { return quoted_text(value); }
    std::string operator()(const DateTime& value) const
    {
        return value.unix ? std::to_string(*value.unix) : "0";
    }
    std::string operator()(const Node::Array& value) const
    {
        std::string result = "[";
        for (const auto& element : value)
        {
            result += result.size() > 1 ? ", " : "";
            result += to_toml(element);
        }
        return result + "]";
    }
    std::string operator()(const Node::Table& value) const
    {
        std::string result = "{";
        for (const auto& member : value)
        {
            result += result.size() > 1 ? ", " : " ";
            result += key_text(member.key) + " = " + to_toml(member.node);
        }
        return result + (value.empty() ? "}" : " }");
    }
};

}  // namespace

std::string to_toml(const Node& node)
{
    return std::visit(TomlPrinter{}, node.value);
}

}  // namespace runnel::scenarios
