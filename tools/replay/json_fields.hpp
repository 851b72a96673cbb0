#pragma once

#include "contracts/kit/sandbox.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <stdexcept>
#include <string>
#include <string_view>

/// How recorded lines are read: amounts are decimal strings, small numbers may be JSON numbers.
namespace runnel::replay
{

/// What is wrong with a field, by its name.
[[noreturn]] inline void refuse_field(
    std::string_view name, std::string_view expected, const nlohmann::json& found)
{
    throw std::invalid_argument{fmt::format("\"{}\": expected {}, got a value of type {}", name,
        expected, std::string_view{found.type_name()})};
}

/// A field that must be there.
[[nodiscard]] inline const nlohmann::json& member(
    const nlohmann::json& object, const std::string& name)
{
    if (!object.is_object())
    {
        throw std::invalid_argument{
            fmt::format("\"{}\": expected in an object, not in a value of type {}", name,
                std::string_view{object.type_name()})};
    }
    const auto found = object.find(name);
    if (found == object.end())
        throw std::invalid_argument{fmt::format("\"{}\" is missing", name)};
    return *found;
}

[[nodiscard]] inline const nlohmann::json& object_of(
    const nlohmann::json& object, const std::string& name)
{
    const auto& value = member(object, name);
    if (!value.is_object())
        refuse_field(name, "an object", value);
    return value;
}

/// A value that must be a string; @p name is where it is.
[[nodiscard]] inline const std::string& as_text(const nlohmann::json& value, std::string_view name)
{
    if (!value.is_string())
        refuse_field(name, "a string", value);
    return value.get_ref<const std::string&>();
}

[[nodiscard]] inline const std::string& text_of(const nlohmann::json& object, const char* name)
{
    return as_text(member(object, name), name);
}

[[nodiscard]] inline bool flag_of(const nlohmann::json& object, const char* name)
{
    const auto& value = member(object, name);
    if (!value.is_boolean())
        refuse_field(name, "true or false", value);
    return value.get<bool>();
}

/// A JSON number without sign and fraction.
[[nodiscard]] inline std::uint64_t count_of(const nlohmann::json& object, const char* name)
{
    const auto& value = member(object, name);
    if (!value.is_number_unsigned())
        refuse_field(name, "a whole number that is not negative", value);
    return value.get<std::uint64_t>();
}

/// Throws std::invalid_argument unless @p text is a decimal number of at most 256 bits.
[[nodiscard]] inline Amount parse_amount(const std::string& text)
{
    const auto amount = Amount::from_decimal(text);
    if (!amount.has_value())
        throw std::invalid_argument{fmt::format("\"{}\" is not an amount", text)};
    return *amount;
}

/// The same of 255 bits at most, with a minus sign if it is negative.
[[nodiscard]] inline Int256 parse_signed(const std::string& text)
{
    const bool is_negative = text.starts_with('-');
    const auto magnitude = parse_amount(is_negative ? text.substr(1) : text);
    if (magnitude.bit(255) && !(is_negative && magnitude == Amount::power_of_two(255)))
        throw std::invalid_argument{fmt::format("\"{}\" does not fit 256 bits", text)};
    return Int256::from_magnitude(magnitude, is_negative);
}

[[nodiscard]] inline Int256 signed_of(const nlohmann::json& object, const char* name)
{
    return parse_signed(text_of(object, name));
}

/// A signed number that fits 32 bits, written as a string.
[[nodiscard]] inline std::int32_t tick_of(const nlohmann::json& object, const char* name)
{
    const auto value = signed_of(object, name);
    if (value.magnitude() > Amount{0x7FFFFFFF})
        throw std::invalid_argument{fmt::format("\"{}\" does not fit 32 bits", name)};
    const auto magnitude = static_cast<std::int32_t>(value.magnitude().low64());
    return value.is_negative() ? -magnitude : magnitude;
}

[[nodiscard]] inline Amount amount_of(const nlohmann::json& object, const char* name)
{
    const auto& text = text_of(object, name);
    const auto amount = Amount::from_decimal(text);
    if (!amount.has_value())
        throw std::invalid_argument{fmt::format("\"{}\": \"{}\" is not an amount", name, text)};
    return *amount;
}

/// A number that fits 64 bits, written as a string.
[[nodiscard]] inline std::uint64_t integer_of(const nlohmann::json& object, const char* name)
{
    const auto amount = amount_of(object, name);
    if (!amount.fits_uint64())
        throw std::invalid_argument{fmt::format("\"{}\" does not fit 64 bits", name)};
    return amount.low64();
}

}  // namespace runnel::replay
