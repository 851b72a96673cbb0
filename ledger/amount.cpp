#include "ledger/amount.hpp"

#include "ledger/check.hpp"

#include <boost/multiprecision/cpp_int.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>

namespace runnel
{
namespace
{
namespace mp = boost::multiprecision;
using Wide = mp::number<mp::cpp_int_backend<256, 256, mp::unsigned_magnitude, mp::unchecked, void>,
    mp::et_off>;
using Wide512 =
    mp::number<mp::cpp_int_backend<512, 512, mp::unsigned_magnitude, mp::unchecked, void>,
        mp::et_off>;

static_assert(sizeof(mp::limb_type) == 8, "limbs are copied as they are");

/// Boost's number of the same value, limb by limb.
template <typename Number, std::size_t count>
Number to_boost(const std::array<std::uint64_t, count>& limbs)
{
    Number result;
    auto& backend = result.backend();
    backend.resize(static_cast<unsigned>(count), static_cast<unsigned>(count));
    std::copy(limbs.begin(), limbs.end(), backend.limbs());
    backend.normalize();
    return result;
}

Wide to_boost(const Amount& amount)
{
    return to_boost<Wide>(amount.limbs());
}

template <typename Number>
Amount from_boost(const Number& number)
{
    std::array<std::uint64_t, 4> limbs{};
    const auto& backend = number.backend();
    const auto used = std::min<std::size_t>(backend.size(), 4);
    std::copy_n(backend.limbs(), used, limbs.begin());
    return {limbs[3], limbs[2], limbs[1], limbs[0]};
}

std::array<std::uint64_t, 8> full_product(const Amount& a, const Amount& b) noexcept
{
    std::array<std::uint64_t, 8> product{};
    for (unsigned i = 0; i < 4; ++i)
    {
        const auto factor = a.limbs()[i];
        if (factor == 0)
            continue;
        std::uint64_t carry = 0;
        for (unsigned j = 0; j < 4; ++j)
        {
            const uint128 sum =
                static_cast<uint128>(factor) * b.limbs()[j] + product[i + j] + carry;
            product[i + j] = static_cast<std::uint64_t>(sum);
            carry = static_cast<std::uint64_t>(sum >> 64U);
        }
        product[i + 4] = carry;
    }
    return product;
}

bool fits_four_limbs(const std::array<std::uint64_t, 8>& wide) noexcept
{
    return (wide[4] | wide[5] | wide[6] | wide[7]) == 0;
}

Checked mul_div(const Amount& a, const Amount& b, const Amount& denominator, bool round_up)
{
    if (denominator.is_zero())
        return Checked::failed(Fault::division_by_zero);
    const auto product = full_product(a, b);
    if (fits_four_limbs(product))
    {
        const Amount dividend{product[3], product[2], product[1], product[0]};
        const Amount quotient = div_down(dividend, denominator);
        if (!round_up || wrapping_mul(quotient, denominator) == dividend)
            return quotient;
        return Checked{quotient} + 1;
    }
    const auto dividend = to_boost<Wide512>(product);
    const auto divisor = to_boost<Wide512>(denominator.limbs());
    Wide512 quotient;
    Wide512 rest;
    mp::divide_qr(dividend, divisor, quotient, rest);
    if (round_up && !rest.is_zero())
        ++quotient;
    if (quotient.backend().size() > 4)
        return Checked::failed(Fault::overflow);
    return from_boost(quotient);
}

}  // namespace

Amount Amount::power_of_ten(unsigned exponent) noexcept
{
    static const auto powers = []
    {
        std::array<Amount, 78> made{Amount{1}};
        for (std::size_t i = 1; i < made.size(); ++i)
            made[i] = wrapping_mul(made[i - 1], 10);
        return made;
    }();
    RUNNEL_CHECK(exponent < powers.size());
    return powers[exponent];
}

std::optional<Amount> Amount::from_decimal(std::string_view text) noexcept
{
    if (text.empty())
        return std::nullopt;
    // As many digits at a time as 64 bits hold for sure.
    constexpr std::size_t part_max = 19;
    Amount result;
    while (!text.empty())
    {
        std::uint64_t part = 0;
        std::uint64_t scale = 1;
        for (const char digit : text.substr(0, part_max))
        {
            if (digit < '0' || digit > '9')
                return std::nullopt;
            part = part * 10 + static_cast<std::uint64_t>(digit - '0');
            scale *= 10;
        }
        text.remove_prefix(std::min(part_max, text.size()));
        Amount scaled;
        if (multiply(result, scale, scaled) || add_carry(scaled, part, result))
            return std::nullopt;
    }
    return result;
}

Amount Amount::from_double(double value) noexcept
{
    RUNNEL_CHECK(value >= 0 && std::isfinite(value));
    int exponent = 0;
    const double fraction = std::frexp(value, &exponent);
    if (exponent <= 64)
        return static_cast<std::uint64_t>(std::min(value, 18446744073709549568.0));
    RUNNEL_CHECK(exponent <= 256);
    const auto mantissa = static_cast<std::uint64_t>(std::ldexp(fraction, 53));
    return Amount{mantissa} << static_cast<unsigned>(exponent - 53);
}

double Amount::to_double() const noexcept
{
    const auto width = bit_width();
    if (width <= 64)
        return static_cast<double>(limbs_[0]);
    // The first 64 bits, the last of them set if any bit below is: rounded once, and rightly.
    const auto shift = width - 64;
    const auto lost = !(*this << (256 - shift)).is_zero();
    const auto top = (*this >> shift).low64() | (lost ? 1U : 0U);
    return std::ldexp(static_cast<double>(top), static_cast<int>(shift));
}

std::size_t Amount::write_decimal(char* out) const noexcept
{
    if (fits_uint64())
        return static_cast<std::size_t>(std::to_chars(out, out + 20, limbs_[0]).ptr - out);
    constexpr std::uint64_t chunk = 10'000'000'000'000'000'000ULL;  // 10^19
    std::array<std::uint64_t, 5> chunks{};
    unsigned used = 0;
    auto rest = limbs_;
    unsigned top = 4;
    do
    {
        while (top > 0 && rest[top - 1] == 0)
            --top;
        std::uint64_t remainder_so_far = 0;
        for (unsigned i = top; i-- > 0;)
        {
            const uint128 part = static_cast<uint128>(remainder_so_far) << 64U | rest[i];
            rest[i] = static_cast<std::uint64_t>(part / chunk);
            remainder_so_far = static_cast<std::uint64_t>(part % chunk);
        }
        chunks[used++] = remainder_so_far;
    } while ((rest[0] | rest[1] | rest[2] | rest[3]) != 0);

    constexpr std::size_t chunk_digits = 19;
    auto* end = std::to_chars(out, out + chunk_digits + 1, chunks[--used]).ptr;
    while (used > 0)
    {
        std::array<char, chunk_digits> digits{};
        auto* const last =
            std::to_chars(digits.data(), digits.data() + chunk_digits, chunks[--used]).ptr;
        const auto count = static_cast<std::size_t>(last - digits.data());
        end = std::fill_n(end, chunk_digits - count, '0');
        end = std::copy_n(digits.data(), count, end);
    }
    return static_cast<std::size_t>(end - out);
}

std::string Amount::to_string() const
{
    std::array<char, 80> buffer{};
    return {buffer.data(), write_decimal(buffer.data())};
}

void Amount::store_big_endian(std::span<std::uint8_t, 32> out) const noexcept
{
    for (unsigned i = 0; i < 4; ++i)
    {
        const auto swapped = __builtin_bswap64(limbs_[3 - i]);
        std::memcpy(out.data() + i * 8, &swapped, 8);
    }
}

Amount Amount::load_big_endian(std::span<const std::uint8_t, 32> bytes) noexcept
{
    Amount result;
    for (unsigned i = 0; i < 4; ++i)
    {
        std::uint64_t limb = 0;
        std::memcpy(&limb, bytes.data() + i * 8, 8);
        result.limbs_[3 - i] = __builtin_bswap64(limb);
    }
    return result;
}

bool Amount::multiply(const Amount& a, const Amount& b, Amount& result) noexcept
{
    if (a.fits_uint64() && b.fits_uint64())
    {
        result = from_uint128(static_cast<uint128>(a.limbs_[0]) * b.limbs_[0]);
        return false;
    }
    const auto product = full_product(a, b);
    result = {product[3], product[2], product[1], product[0]};
    return !fits_four_limbs(product);
}

Amount div_down(const Amount& dividend, const Amount& divisor) noexcept
{
    RUNNEL_CHECK(!divisor.is_zero());
    if (dividend.fits_uint128() && divisor.fits_uint128())
        return Amount::from_uint128(dividend.low128() / divisor.low128());
    return from_boost(Wide{to_boost(dividend) / to_boost(divisor)});
}

Amount remainder(const Amount& dividend, const Amount& divisor) noexcept
{
    RUNNEL_CHECK(!divisor.is_zero());
    if (dividend.fits_uint128() && divisor.fits_uint128())
        return Amount::from_uint128(dividend.low128() % divisor.low128());
    return from_boost(Wide{to_boost(dividend) % to_boost(divisor)});
}

Amount sqrt_down(const Amount& value) noexcept
{
    return from_boost(Wide{mp::sqrt(to_boost(value))});
}

Checked mul_div_down(const Amount& a, const Amount& b, const Amount& denominator)
{
    return mul_div(a, b, denominator, false);
}

Checked mul_div_up(const Amount& a, const Amount& b, const Amount& denominator)
{
    return mul_div(a, b, denominator, true);
}

}  // namespace runnel
