#pragma once

#include "ledger/result.hpp"

#include <cstdint>

/// Fixed-point arithmetic and shares of Morpho Blue: MathLib, SharesMathLib, UtilsLib.
///
/// Everything is plain 256-bit arithmetic, without a 512-bit product: what does not fit is
/// Panic(0x11). Names say how a quotient is rounded. Source: morpho-org/morpho-blue 1.0.0,
/// src/libraries.
namespace runnel::contracts::morpho_blue
{

inline constexpr Amount wad{1'000'000'000'000'000'000ULL};
inline const Amount oracle_price_scale = Amount::power_of_ten(36);
/// An empty market counts as if it had so many shares of one unit of the token: the first shares
/// cannot be made so dear that the next supplier's round to none.
inline constexpr std::uint64_t virtual_shares = 1'000'000;
inline constexpr std::uint64_t virtual_assets = 1;
inline constexpr Amount fee_max{250'000'000'000'000'000ULL};
inline constexpr Amount liquidation_cursor{300'000'000'000'000'000ULL};
inline constexpr Amount liquidation_incentive_max{1'150'000'000'000'000'000ULL};

/// x * y / d
[[nodiscard]] inline Checked ratio_down(const Checked& x, const Checked& y, const Checked& d)
{
    return x * y / d;
}
/// (x * y + d - 1) / d
[[nodiscard]] inline Checked ratio_up(const Checked& x, const Checked& y, const Checked& d)
{
    return (x * y + (d - 1)) / d;
}
[[nodiscard]] inline Checked wad_mul_down(const Checked& x, const Checked& y)
{
    return ratio_down(x, y, wad);
}
[[nodiscard]] inline Checked wad_div_down(const Checked& x, const Checked& y)
{
    return ratio_down(x, wad, y);
}
[[nodiscard]] inline Checked wad_div_up(const Checked& x, const Checked& y)
{
    return ratio_up(x, wad, y);
}

/// The first three terms of exp(rate * seconds) - 1; all quotients rounded down.
[[nodiscard]] inline Checked taylor_compounded_down(const Checked& rate, const Checked& seconds)
{
    const auto first = rate * seconds;
    const auto second = ratio_down(first, first, Checked{wad} * 2);
    const auto third = ratio_down(second, first, Checked{wad} * 3);
    return first + second + third;
}

/// What there is of a market's assets or debts, and how many shares it is divided into.
struct Pot
{
    const Amount& assets;
    const Amount& shares;
};
[[nodiscard]] inline Checked to_shares_down(const Checked& assets, const Pot& pot)
{
    return ratio_down(
        assets, Checked{pot.shares} + virtual_shares, Checked{pot.assets} + virtual_assets);
}
[[nodiscard]] inline Checked to_shares_up(const Checked& assets, const Pot& pot)
{
    return ratio_up(
        assets, Checked{pot.shares} + virtual_shares, Checked{pot.assets} + virtual_assets);
}
[[nodiscard]] inline Checked to_assets_down(const Checked& shares, const Pot& pot)
{
    return ratio_down(
        shares, Checked{pot.assets} + virtual_assets, Checked{pot.shares} + virtual_shares);
}
[[nodiscard]] inline Checked to_assets_up(const Checked& shares, const Pot& pot)
{
    return ratio_up(
        shares, Checked{pot.assets} + virtual_assets, Checked{pot.shares} + virtual_shares);
}

/// What a liquidator gets per value repaid; wad.
///
///     min(1.15, 1 / (1 - 0.3 * (1 - lltv)))
[[nodiscard]] inline Checked liquidation_incentive(const Amount& lltv)
{
    const auto factor =
        wad_div_down(wad, Checked{wad} - wad_mul_down(liquidation_cursor, Checked{wad} - lltv));
    return factor.ok() && factor.value > liquidation_incentive_max
               ? Checked{liquidation_incentive_max}
               : factor;
}

/// What does not fit 128 bits is refused.
[[nodiscard]] inline Result<Amount> to_uint128(const Checked& value)
{
    const auto amount = RUNNEL_TRY(value);
    RUNNEL_REQUIRE(amount.fits_uint128(), Refusal::error("max uint128 exceeded"));
    return amount;
}
/// a + b of numbers of 128 bits. Errors: b does not fit them; Panic(0x11) where the sum does not.
[[nodiscard]] inline Result<Amount> add_uint128(const Amount& a, const Checked& b)
{
    const auto sum = Checked{a} + RUNNEL_TRY(to_uint128(b));
    RUNNEL_REQUIRE(sum.ok() && sum.value.fits_uint128(), Refusal::of(Fault::overflow));
    return sum.value;
}
/// a - b of numbers of 128 bits. Errors: b does not fit them; Panic(0x11) below 0.
[[nodiscard]] inline Result<Amount> sub_uint128(const Amount& a, const Checked& b)
{
    const auto difference = Checked{a} - RUNNEL_TRY(to_uint128(b));
    return RUNNEL_TRY(difference);
}
/// a - b, 0 where b is more.
[[nodiscard]] inline Amount floor_sub(const Amount& a, const Amount& b)
{
    return a > b ? wrapping_sub(a, b) : Amount{};
}

}  // namespace runnel::contracts::morpho_blue
