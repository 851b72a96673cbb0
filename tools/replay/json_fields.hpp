#pragma once

#include "contracts/kit/sandbox.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <stdexcept>
#include <string>

/// How recorded lines are read: amounts are decimal strings, small numbers may be JSON numbers.
namespace runnel::replay
{

/// A field that must be a string.
[[nodiscard]] inline const std::string& text_of(const nlohmann::json& object, const char* name)
{
    return object.at(name).get_ref<const std::string&>();
}

/// Throws std::invalid_argument unless @p text is a decimal number of at most 256 bits.
[[nodiscard]] inline Amount parse_amount(const std::string& text)
{
    const auto amount = Amount::from_decimal(text);
    if (!amount.has_value())
        throw std::invalid_argument{fmt::format("\"{}\" is not an amount", text)};
    return *amount;
}

[[nodiscard]] inline Amount amount_of(const nlohmann::json& object, const char* name)
{
    return parse_amount(text_of(object, name));
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
