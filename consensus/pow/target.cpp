#include "consensus/pow/target.hpp"

#include "ledger/check.hpp"

namespace runnel
{
namespace
{
constexpr std::uint32_t sign_bit = 0x800000;
constexpr std::uint32_t mantissa_mask = 0x7fffff;

Amount complement(const Amount& value) noexcept
{
    return wrapping_sub(Amount::max(), value);
}
}  // namespace

std::uint32_t compact_of_target(const Amount& target) noexcept
{
    auto bytes = (target.bit_width() + 7) / 8;
    auto mantissa = static_cast<std::uint32_t>(
        bytes <= 3 ? target.low64() << 8 * (3 - bytes) : (target >> 8 * (bytes - 3)).low64());
    if ((mantissa & sign_bit) != 0)
    {
        mantissa >>= 8U;
        ++bytes;
    }
    return bytes << 24U | mantissa;
}

std::optional<Amount> target_of_compact(std::uint32_t bits) noexcept
{
    const auto bytes = bits >> 24U;
    const auto mantissa = bits & mantissa_mask;
    if (mantissa == 0 || (bits & sign_bit) != 0)
        return std::nullopt;
    if (bytes > 34 || (mantissa > 0xff && bytes > 33) || (mantissa > 0xffff && bytes > 32))
        return std::nullopt;
    const auto target =
        bytes <= 3 ? Amount{mantissa >> 8 * (3 - bytes)} : Amount{mantissa} << 8 * (bytes - 3);
    return target.is_zero() ? std::nullopt : std::optional{target};
}

Amount work_of_target(const Amount& target) noexcept
{
    if (target == Amount::max())
        return 1;
    // 2^256 does not fit: it is (2^256 - target - 1) / (target + 1) + 1.
    return wrapping_add(div_down(complement(target), wrapping_add(target, 1)), 1);
}

Amount work_of_compact(std::uint32_t bits) noexcept
{
    const auto target = target_of_compact(bits);
    return target ? work_of_target(*target) : Amount{};
}

Amount target_of_difficulty(const Amount& hashes) noexcept
{
    RUNNEL_CHECK(!hashes.is_zero());
    // 2^256 / hashes - 1, but for powers of two, of which rounding takes one more.
    const auto next = div_down(Amount::max(), hashes);
    return next > 2 ? wrapping_sub(next, 1) : Amount{1};
}

}  // namespace runnel
