#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace runnel
{

/// What code may know of a unit. The views over a ledger scale columns by it, the scenario loader
/// reads amounts by it.
enum class UnitKind : std::uint8_t
{
    none,
    other,  // For people only.
    wei,
    wei_per_gas,
    usd_e8,
    usd_e8_per_token,
    ray,
    wad,
    account_value,            // Of a lending market: in its row's value_token and value_decimals.
    smallest_unit,            // Of the token that the text describes.
    smallest_unit_of_column,  // Of the token that the field or parameter named by the text holds.
};

/// The unit of a field, a column or a parameter. The constants are in namespace unit.
struct Unit
{
    UnitKind kind = UnitKind::none;
    std::string_view text;  // In full, or what follows "smallest unit of ".
};

/// As documentation prints it: `smallest unit of token0`; empty without a unit.
[[nodiscard]] inline std::string to_string(const Unit& unit)
{
    const bool smallest =
        unit.kind == UnitKind::smallest_unit || unit.kind == UnitKind::smallest_unit_of_column;
    return (smallest ? "smallest unit of " : "") + std::string{unit.text};
}

namespace unit
{
inline constexpr Unit wei{UnitKind::wei, "wei"};
inline constexpr Unit wei_per_gas{UnitKind::wei_per_gas, "wei per gas"};
inline constexpr Unit usd_e8{UnitKind::usd_e8, "1e-8 USD"};
inline constexpr Unit usd_e8_per_token{UnitKind::usd_e8_per_token, "1e-8 USD per token"};
inline constexpr Unit ray{UnitKind::ray, "ray"};
inline constexpr Unit wad{UnitKind::wad, "wad"};
inline constexpr Unit wad_or_max{UnitKind::wad, "wad; 2^256-1 without debt"};
/// A lending market's values: see contracts/kit/sectors/rows.hpp.
inline constexpr Unit account_value{UnitKind::account_value, "10^-value_decimals of value_token"};
inline constexpr Unit account_value_per_token{
    UnitKind::account_value, "10^-value_decimals of value_token per token"};
/// Of a token's own amounts.
inline constexpr Unit smallest_unit{UnitKind::smallest_unit, "the token"};

/// Of the token that the field or parameter @p column of the same struct or list holds. That there
/// is one is checked when the struct becomes an event or a call.
[[nodiscard]] consteval Unit smallest_unit_of(std::string_view column)
{
    return {UnitKind::smallest_unit_of_column, column};
}
/// Of a token that the contract itself, not the struct, knows by this name.
[[nodiscard]] consteval Unit smallest_unit_of_its(std::string_view token)
{
    return {UnitKind::smallest_unit, token};
}
/// A unit that needs no name of its own, for people. One that code knows does not compile here.
[[nodiscard]] consteval Unit other(std::string_view text)
{
    for (const auto& known : {wei, wei_per_gas, usd_e8, usd_e8_per_token, ray, wad})
    {
        if (text == known.text || text.starts_with("smallest unit"))
            throw "this unit has a constant of its own";
    }
    return {UnitKind::other, text};
}

inline constexpr Unit block_number = other("block");
inline constexpr Unit blocks = other("blocks");
inline constexpr Unit bps = other("bps");
inline constexpr Unit bps_per_year = other("bps per year");
inline constexpr Unit milliseconds = other("milliseconds");
inline constexpr Unit per_liquidity_index = other("amount / liquidity index");
inline constexpr Unit per_10_000 = other("1/10000");
inline constexpr Unit per_variable_borrow_index = other("amount / variable borrow index");
inline constexpr Unit per_year = other("per year");
inline constexpr Unit ray_per_year = other("ray per year");
inline constexpr Unit seconds = other("seconds");
inline constexpr Unit shares = other("liquidity shares");
inline constexpr Unit unix_seconds = other("unix seconds");
inline constexpr Unit usd = other("USD");
inline constexpr Unit tokens = other("tokens");
inline constexpr Unit usd_per_token = other("USD per token");
inline constexpr Unit whole_tokens = other("whole tokens");
}  // namespace unit

}  // namespace runnel
