#include "scenarios/loader/messages.hpp"
#include "scenarios/loader/reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace runnel::scenarios
{

bool in_range(double value, const ParameterSpec& spec) noexcept
{
    return value >= spec.min && value <= spec.max;
}

std::optional<double> finite_number(const Node& node) noexcept
{
    if (const auto* integer = node.as<std::int64_t>())
        return static_cast<double>(*integer);
    const auto* number = node.as<double>();
    return number != nullptr && std::isfinite(*number) ? std::optional{*number + 0.0}
                                                       : std::nullopt;  // Never -0.
}

TableReader::Read TableReader::read_integer(const Item& item) const
{
    const auto* value = item.node.as<std::int64_t>();
    if (value == nullptr || !in_range(static_cast<double>(*value), item.key->spec))
        refuse(item, expectation(*item.key));
    return {*value, item.node};
}

TableReader::Read TableReader::read_seed(const Item& item) const
{
    std::optional<std::uint64_t> seed;
    if (const auto* integer = item.node.as<std::int64_t>(); integer != nullptr && *integer >= 0)
        seed = static_cast<std::uint64_t>(*integer);
    else if (const auto* large = item.node.as<std::uint64_t>())
        seed = *large;
    else if (const auto* text = item.node.as<std::string>())
    {
        const auto number = Amount::from_decimal(*text);
        if (number && number->fits_uint64())
            seed = number->low64();
    }
    if (!seed)
        refuse(item, expectation(*item.key));
    // As text where TOML's own integers end, so that any reader of TOML can read it.
    const bool is_large = *seed > std::uint64_t{std::numeric_limits<std::int64_t>::max()};
    return {Amount{*seed},
        is_large ? Node{std::to_string(*seed)} : Node{static_cast<std::int64_t>(*seed)}};
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
    const auto& spec = item.key->spec;
    if (!value || !in_range(*value, spec))
        refuse(item, expectation(*item.key));
    // What a contract holds in 1e-8 USD is not rounded without a word.
    if (spec.unit.text == unit::usd_per_token.text && *value > 0 &&
        !parse_price(shortest_decimal(*value)))
        refuse(item, expectation(*item.key) + " and at most 8 decimals");
    return {*value, Node{*value}};
}

TableReader::Read TableReader::read_choice(const Item& item) const
{
    const auto& choices = item.key->spec.choices;
    const auto* value = item.node.as<std::string>();
    if (value == nullptr || !is_one_of(*value, choices))
    {
        refuse(item, expectation(*item.key) +
                         (value == nullptr ? std::string{} : hint(*value, split(choices))));
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

TableReader::Units TableReader::units_of(
    const ParameterSpec& spec, const Parameters& siblings, const Unit* row) const
{
    const std::vector<Unit> wei{{"ether", 18}, {"gwei", 9}, {"wei", 0}};
    const auto& native = names_.token_units().front();
    Units units;
    const auto kind = spec.unit.kind;
    if (kind == UnitKind::wei || kind == UnitKind::wei_per_gas)
    {
        units.meaning = Units::Meaning::wei;
        units.all = wei;
        units.all.push_back(native);
        return units;
    }
    units.meaning = Units::Meaning::fixed;
    if (kind == UnitKind::usd_e8 || kind == UnitKind::usd_e8_per_token)
        units.all = {{"USD", 8}};
    else if (kind == UnitKind::ray)
        units.all = {{"ray", 27}};
    else if (kind == UnitKind::wad)
        units.all = {{"wad", 18}};
    else if (row != nullptr && (kind == UnitKind::smallest_unit || kind == UnitKind::none))
        units.all = {*row};
    else if (kind == UnitKind::smallest_unit_of_column && siblings.has(spec.unit.text))
        units.all = {names_.token_units().at(index(siblings.token(spec.unit.text)))};
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
    else if (const auto* large = item.node.as<std::uint64_t>())
    {
        amount = Amount{*large};
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
        canonical = written_in(amount, units.all[amount >= Amount::power_of_ten(15)  ? 0
                                                 : amount >= Amount::power_of_ten(6) ? 1
                                                                                     : 2]);
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
    {
        refuse(item, fmt::format("a price above 0 and up to {} USD, of at most 8 decimals",
                         price_max / 100'000'000));
    }

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

}  // namespace runnel::scenarios
