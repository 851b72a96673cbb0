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

/// The normalised divisor of a long division: its highest limbs, and their reciprocal.
///
/// Source: Moeller, Granlund, "Improved division by invariant integers" (2011): the quotient of a
/// division by two limbs costs two products instead of a division by hardware.
struct Divisor
{
    /// @p high has its highest bit set.
    Divisor(std::uint64_t high, std::uint64_t low) noexcept
      : top{static_cast<uint128>(high) << 64U | low}, reciprocal{reciprocal_of(high)}
    {
        std::uint64_t p = high * reciprocal + low;
        if (p < low)
        {
            --reciprocal;
            if (p >= high)
            {
                --reciprocal;
                p -= high;
            }
            p -= high;
        }
        const uint128 t = static_cast<uint128>(reciprocal) * low;
        const auto t_high = static_cast<std::uint64_t>(t >> 64U);
        p += t_high;
        if (p < t_high)
        {
            --reciprocal;
            if ((static_cast<uint128>(p) << 64U | static_cast<std::uint64_t>(t)) >= top)
                --reciprocal;
        }
    }

    /// floor((2^128 - 1) / high) - 2^64.
    static std::uint64_t reciprocal_of(std::uint64_t high) noexcept
    {
        return static_cast<std::uint64_t>((static_cast<uint128>(~high) << 64U | ~0ULL) / high);
    }

    uint128 top;
    std::uint64_t reciprocal;
};

/// The quotient of @p high : @p low, where @p high is below the divisor's top; @p rest becomes the
/// remainder.
std::uint64_t divide_by_two_limbs(
    uint128 high, std::uint64_t low, const Divisor& divisor, uint128& rest) noexcept
{
    const auto top_high = static_cast<std::uint64_t>(divisor.top >> 64U);
    const auto top_low = static_cast<std::uint64_t>(divisor.top);
    const uint128 q =
        static_cast<uint128>(divisor.reciprocal) * static_cast<std::uint64_t>(high >> 64U) + high;
    auto quotient = static_cast<std::uint64_t>(q >> 64U);
    const auto r = static_cast<std::uint64_t>(high) - quotient * top_high;
    rest = (static_cast<uint128>(r) << 64U | low) - static_cast<uint128>(top_low) * quotient -
           divisor.top;
    ++quotient;
    if (static_cast<std::uint64_t>(rest >> 64U) >= static_cast<std::uint64_t>(q))
    {
        --quotient;
        rest += divisor.top;
    }
    if (rest >= divisor.top) [[unlikely]]
    {
        ++quotient;
        rest -= divisor.top;
    }
    return quotient;
}

/// The steps of a long division by a normalised divisor of @p size limbs: @p steps limbs of the
/// quotient; what is left of the dividend is the remainder.
template <std::size_t size>
void divide_normalised(std::uint64_t* dividend, std::size_t steps, const std::uint64_t* divisor,
    std::uint64_t* quotient) noexcept
{
    const Divisor top{divisor[size - 1], divisor[size - 2]};
    for (auto j = steps; j-- > 0;)
    {
        auto* const u = dividend + j;
        const uint128 high = static_cast<uint128>(u[size]) << 64U | u[size - 1];
        std::uint64_t q = ~0ULL;
        std::uint64_t borrow = 0;
        if (high < top.top) [[likely]]
        {
            uint128 rest = 0;
            q = divide_by_two_limbs(high, u[size - 2], top, rest);
            // The highest two limbs are known: only those below are still to be subtracted.
            std::uint64_t carry = 0;
            for (std::size_t i = 0; i + 2 < size; ++i)
            {
                const uint128 product = static_cast<uint128>(q) * divisor[i] + carry;
                const auto low = static_cast<std::uint64_t>(product);
                carry = static_cast<std::uint64_t>(product >> 64U) + (u[i] < low ? 1 : 0);
                u[i] -= low;
            }
            borrow = rest < carry ? 1 : 0;
            rest -= carry;
            u[size - 2] = static_cast<std::uint64_t>(rest);
            u[size - 1] = static_cast<std::uint64_t>(rest >> 64U);
        }
        else
        {
            std::uint64_t carry = 0;
            for (std::size_t i = 0; i < size; ++i)
            {
                const uint128 product = static_cast<uint128>(q) * divisor[i] + carry;
                const auto low = static_cast<std::uint64_t>(product);
                carry = static_cast<std::uint64_t>(product >> 64U) + (u[i] < low ? 1 : 0);
                u[i] -= low;
            }
            borrow = u[size] < carry ? 1 : 0;
        }
        if (borrow != 0) [[unlikely]]  // One too many.
        {
            --q;
            uint128 sum = 0;
            for (std::size_t i = 0; i < size; ++i)
            {
                sum += static_cast<uint128>(u[i]) + divisor[i];
                u[i] = static_cast<std::uint64_t>(sum);
                sum >>= 64U;
            }
        }
        u[size] = 0;
        quotient[j] = q;
    }
}

/// Long division in limbs of 64 bits. @p dividend becomes the remainder; returns the quotient.
///
/// Source: Knuth, "The Art of Computer Programming" 2, 4.3.1, algorithm D.
template <std::size_t count>
std::array<std::uint64_t, count> divide(std::array<std::uint64_t, count>& dividend,
    const std::array<std::uint64_t, 4>& divisor) noexcept
{
    std::array<std::uint64_t, count> quotient{};
    std::size_t size = 4;
    while (divisor[size - 1] == 0)
        --size;
    std::size_t length = count;
    while (length > 0 && dividend[length - 1] == 0)
        --length;
    if (length < size)
        return quotient;
    if (length <= 2)
    {
        const uint128 a = static_cast<uint128>(dividend[1]) << 64U | dividend[0];
        const uint128 b = static_cast<uint128>(divisor[1]) << 64U | divisor[0];
        const uint128 q = a / b;
        const uint128 rest = a - q * b;
        quotient[0] = static_cast<std::uint64_t>(q);
        quotient[1] = static_cast<std::uint64_t>(q >> 64U);
        dividend[0] = static_cast<std::uint64_t>(rest);
        dividend[1] = static_cast<std::uint64_t>(rest >> 64U);
        return quotient;
    }

    // Both shifted until the divisor's highest bit is set. A divisor of one limb gets a zero below
    // it, and so does the dividend.
    const auto shift = static_cast<unsigned>(std::countl_zero(divisor[size - 1]));
    const std::size_t pad = size == 1 ? 1 : 0;
    std::array<std::uint64_t, 4> d{};
    std::array<std::uint64_t, count + 2> u{};
    // A limb shifted, with what comes from the one below; a shift by 64 is none.
    const auto shifted = [shift](std::uint64_t limb, std::uint64_t below)
    { return limb << shift | (below >> 1U) >> (63U - shift); };
    d[pad] = shifted(divisor[0], 0);
    for (std::size_t i = 1; i < size; ++i)
        d[i + pad] = shifted(divisor[i], divisor[i - 1]);
    u[pad] = shifted(dividend[0], 0);
    for (std::size_t i = 1; i < length; ++i)
        u[i + pad] = shifted(dividend[i], dividend[i - 1]);
    u[length + pad] = shifted(0, dividend[length - 1]);
    const auto steps = length - size + 1;
    if (size <= 2)
        divide_normalised<2>(u.data(), steps, d.data(), quotient.data());
    else if (size == 3)
        divide_normalised<3>(u.data(), steps, d.data(), quotient.data());
    else
        divide_normalised<4>(u.data(), steps, d.data(), quotient.data());
    for (std::size_t i = 0; i < count; ++i)
    {
        dividend[i] = i < size ? u[i + pad] >> shift | (u[i + pad + 1] << 1U) << (63U - shift) : 0;
    }
    return quotient;
}

Checked mul_shift(const Amount& a, const Amount& b, unsigned bits, bool round_up)
{
    const auto product = full_product(a, b);
    const auto high = Amount{product[7], product[6], product[5], product[4]};
    const auto low = Amount{product[3], product[2], product[1], product[0]};
    if (high.bit_width() > bits)
        return Checked::failed(Fault::overflow);
    const auto quotient = high << (256 - bits) | low >> bits;
    const bool is_exact = (low << (256 - bits)).is_zero();
    return round_up && !is_exact ? Checked{quotient} + 1 : Checked{quotient};
}

template <std::size_t count>
bool is_zero(const std::array<std::uint64_t, count>& limbs) noexcept
{
    return std::all_of(limbs.begin(), limbs.end(), [](std::uint64_t limb) { return limb == 0; });
}

Checked mul_div(const Amount& a, const Amount& b, const Amount& denominator, bool round_up)
{
    if (denominator.is_zero())
        return Checked::failed(Fault::division_by_zero);
    auto rest = full_product(a, b);
    const auto wide = divide(rest, denominator.limbs());
    if (!fits_four_limbs(wide))
        return Checked::failed(Fault::overflow);
    const Amount quotient{wide[3], wide[2], wide[1], wide[0]};
    return round_up && !is_zero(rest) ? Checked{quotient} + 1 : Checked{quotient};
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
    // As many digits at a time as 64 bits hold for sure.
    constexpr std::size_t part_max = 19;
    static constexpr auto scales = []
    {
        std::array<std::uint64_t, part_max + 1> powers{1};
        for (std::size_t i = 1; i < powers.size(); ++i)
            powers[i] = powers[i - 1] * 10;
        return powers;
    }();
    const auto read = [](std::string_view digits) -> std::optional<std::uint64_t>
    {
        std::uint64_t number = 0;
        for (const char digit : digits)
        {
            const auto value = static_cast<unsigned char>(digit - '0');
            if (value > 9)
                return std::nullopt;
            number = number * 10 + value;
        }
        return number;
    };
    if (text.empty())
        return std::nullopt;
    // Nearly all amounts are one part.
    const auto first = read(text.substr(0, part_max));
    if (!first)
        return std::nullopt;
    Amount result{*first};
    for (auto at = part_max; at < text.size(); at += part_max)
    {
        const auto digits = text.substr(at, part_max);
        const auto part = read(digits);
        Amount scaled;
        if (!part || multiply(result, scales[digits.size()], scaled) ||
            add_carry(scaled, *part, result))
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
    auto rest = dividend.limbs();
    const auto quotient = divide(rest, divisor.limbs());
    return {quotient[3], quotient[2], quotient[1], quotient[0]};
}

Amount remainder(const Amount& dividend, const Amount& divisor) noexcept
{
    RUNNEL_CHECK(!divisor.is_zero());
    auto rest = dividend.limbs();
    divide(rest, divisor.limbs());
    return {rest[3], rest[2], rest[1], rest[0]};
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

Checked mul_shift_down(const Amount& a, const Amount& b, unsigned bits)
{
    return mul_shift(a, b, bits, false);
}

Checked mul_shift_up(const Amount& a, const Amount& b, unsigned bits)
{
    return mul_shift(a, b, bits, true);
}

}  // namespace runnel
