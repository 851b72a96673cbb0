#pragma once

#include "scenarios/loader/document.hpp"
#include "scenarios/loader/name_table.hpp"
#include "scenarios/loader/schema.hpp"
#include "scenarios/loader/units.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace runnel::scenarios
{

/// What is expected instead of this name of an account that has positions; empty if it may.
[[nodiscard]] std::string wrong_holder(const Names& names, const std::string& account);

/// Liquidity as a pool counts it: an integer above 0 and below 2^128.
[[nodiscard]] ReadResult<Amount> parse_liquidity(std::string_view text);
/// A tick, of 24 bits.
[[nodiscard]] ReadResult<std::int32_t> parse_tick(std::string_view text);

/// The rows of a file of positions, as a scenario's own table would write them.
struct PositionFileRows
{
    Node rows;
    std::vector<std::uint32_t> lines;  // Where each is, from 1.
};
/// Reads a file by the names of its columns, which stand between commas, semicolons or tabs; others
/// are passed over. @p form says what positions they are.
///
/// Errors, as `LINE:COLUMN: expected ..., got ...`: a column that is not there or is there twice, a
/// name that is no account or token, an amount that the token does not have; more than a million
/// rows, a line above 64 KiB.
[[nodiscard]] ReadResult<PositionFileRows> read_position_file(
    std::string_view text, KeyForm form, const Names& names);

}  // namespace runnel::scenarios
