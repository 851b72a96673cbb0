#pragma once

#include <CLI/App.hpp>

#include <cstdint>

/// Checks of options that are numbers. CLI11 itself takes -1 for 2^64 - 1 and 0x10 for 16, where
/// the next reader of the same text takes it for 0, and NaN is between any two bounds.
namespace runnel::tools
{

/// Decimal digits and nothing else.
[[nodiscard]] CLI::Validator whole_number(std::uint64_t min, std::uint64_t max);
/// The same, or the word `auto`.
[[nodiscard]] CLI::Validator auto_or_whole_number(std::uint64_t min, std::uint64_t max);
/// A decimal number, with a fraction or an exponent if need be.
[[nodiscard]] CLI::Validator real_number(double min, double max);
/// A size like `2GiB` or `500M`, in powers of 1024; becomes bytes.
[[nodiscard]] CLI::Validator size_in_bytes();

}  // namespace runnel::tools
