#include "contracts/exchanges/uniswap_v3/tick_math.hpp"

#include <array>
#include <bit>
#include <limits>

namespace runnel::contracts::uniswap_v3
{
namespace
{
/// 2^128 / sqrt(1.0001)^(2^i), rounded to the nearest integer.
constexpr std::array<std::array<std::uint64_t, 2>, 20> ratios{{
    {0xfffcb933bd6fad37, 0xaa2d162d1a594001},
    {0xfff97272373d4132, 0x59a46990580e213a},
    {0xfff2e50f5f656932, 0xef12357cf3c7fdcc},
    {0xffe5caca7e10e4e6, 0x1c3624eaa0941cd0},
    {0xffcb9843d60f6159, 0xc9db58835c926644},
    {0xff973b41fa98c081, 0x472e6896dfb254c0},
    {0xff2ea16466c96a38, 0x43ec78b326b52861},
    {0xfe5dee046a99a2a8, 0x11c461f1969c3053},
    {0xfcbe86c7900a88ae, 0xdcffc83b479aa3a4},
    {0xf987a7253ac41317, 0x6f2b074cf7815e54},
    {0xf3392b0822b70005, 0x940c7a398e4b70f3},
    {0xe7159475a2c29b74, 0x43b29c7fa6e889d9},
    {0xd097f3bdfd2022b8, 0x845ad8f792aa5825},
    {0xa9f746462d870fdf, 0x8a65dc1f90e061e5},
    {0x70d869a156d2a1b8, 0x90bb3df62baf32f7},
    {0x31be135f97d08fd9, 0x81231505542fcfa6},
    {0x09aa508b5b7a84e1, 0xc677de54f3e99bc9},
    {0x005d6af8dedb8119, 0x6699c329225ee604},
    {0x00002216e584f5fa, 0x1ea926041bedfe98},
    {0x00000000048a1703, 0x91f7dc42444e8fa2},
}};

constexpr uint128 joined(std::uint64_t high, std::uint64_t low) noexcept
{
    return static_cast<uint128>(high) << 64U | low;
}

struct Product
{
    uint128 high;
    uint128 low;
};
constexpr Product multiply(uint128 a, uint128 b) noexcept
{
    const auto a1 = static_cast<std::uint64_t>(a >> 64U);
    const auto a0 = static_cast<std::uint64_t>(a);
    const auto b1 = static_cast<std::uint64_t>(b >> 64U);
    const auto b0 = static_cast<std::uint64_t>(b);
    const auto low = static_cast<uint128>(a0) * b0;
    const auto middle = static_cast<uint128>(a1) * b0 + (low >> 64U);
    const auto other = static_cast<uint128>(a0) * b1 + static_cast<std::uint64_t>(middle);
    return {static_cast<uint128>(a1) * b1 + (middle >> 64U) + (other >> 64U),
        other << 64U | static_cast<std::uint64_t>(low)};
}

/// Of a tick in range.
Amount ratio_at(std::int32_t tick)
{
    auto rest = static_cast<std::uint32_t>(tick < 0 ? -tick : tick);
    if (rest == 0)
        return Amount::power_of_two(fixed_point_96);
    // 1 / sqrt(1.0001)^|tick| with 128 bits behind the point: a product of one factor for each bit.
    const auto first = static_cast<std::size_t>(std::countr_zero(rest));
    auto ratio = joined(ratios[first][0], ratios[first][1]);
    for (rest &= rest - 1; rest != 0; rest &= rest - 1)
    {
        const auto& factor = ratios[static_cast<std::size_t>(std::countr_zero(rest))];
        ratio = multiply(ratio, joined(factor[0], factor[1])).high;
    }
    const auto wide = tick > 0 ? div_down(Amount::max(), Amount::from_uint128(ratio))
                               : Amount::from_uint128(ratio);
    const bool is_rounded = static_cast<std::uint32_t>(wide.low64()) != 0;
    return wrapping_add(wide >> 32U, is_rounded ? 1 : 0);
}
}  // namespace

Result<Amount> sqrt_ratio_at_tick(std::int32_t tick)
{
    RUNNEL_REQUIRE(tick >= min_tick && tick <= max_tick, Refusal::error("T"));
    return ratio_at(tick);
}

Result<std::int32_t> tick_at_sqrt_ratio(const Amount& sqrt_price)
{
    RUNNEL_REQUIRE(
        sqrt_price >= min_sqrt_ratio && sqrt_price < max_sqrt_ratio, Refusal::error("R"));
    // The logarithm to base 2 in units of 2^-14, rounded down: a bit for each squaring.
    constexpr int log_bits = 14;
    const auto width = static_cast<int>(sqrt_price.bit_width());
    uint128 mantissa = width > 128 ? (sqrt_price >> static_cast<unsigned>(width - 128)).low128()
                                   : sqrt_price.low128() << static_cast<unsigned>(128 - width);
    __extension__ using int128 = __int128;
    int128 log = width - 1 - static_cast<int>(fixed_point_96);
    for (int i = 0; i < log_bits; ++i)
    {
        const auto square = multiply(mantissa, mantissa);
        const auto bit = static_cast<int>(square.high >> 127U);
        mantissa = bit != 0 ? square.high : square.high << 1U | square.low >> 127U;
        log = log * 2 + bit;
    }
    // Two ticks that the price is between, from the bounds of that rounding; the source's
    // constants, less the 50 bits in which its logarithm is zero.
    // 255738958999603826347141 / 2^64 is 1 / log2(sqrt(1.0001)).
    constexpr auto per_log = static_cast<int128>(joined(13'863, 11'745'905'768'312'294'533ULL));
    constexpr auto error_below = static_cast<int128>(joined(163, 15'645'622'614'734'837'437ULL));
    constexpr auto error_above = static_cast<int128>(joined(14'027, 8'946'295'542'168'703'319ULL));
    const auto scaled = log * per_log;
    const auto low = static_cast<std::int32_t>((scaled - error_below) >> 78);
    const auto high = static_cast<std::int32_t>((scaled + error_above) >> 78);
    if (low == high)
        return low;
    return high <= max_tick && ratio_at(high) <= sqrt_price ? high : low;
}

Result<Amount> max_liquidity_per_tick(std::int32_t tick_spacing)
{
    RUNNEL_REQUIRE(tick_spacing != 0, Refusal::invalid_opcode());
    const auto lowest = min_tick / tick_spacing * tick_spacing;
    const auto highest = max_tick / tick_spacing * tick_spacing;
    // Kept to the 24 bits that the source counts in.
    const auto count = static_cast<std::uint32_t>((highest - lowest) / tick_spacing) & 0xFFFFFFU;
    return div_down(uint128_max, (count + 1) & 0xFFFFFFU);
}

}  // namespace runnel::contracts::uniswap_v3
