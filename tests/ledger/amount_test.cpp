#include "ledger/amount.hpp"

#include "ledger/philox.hpp"
#include "tests/support/catch.hpp"

#include <boost/multiprecision/cpp_int.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <iterator>
#include <limits>
#include <vector>

using namespace runnel;

namespace
{
// The oracle: signed integers without a bound, from bytes and to bytes; shares no code with Amount.
using Integer = boost::multiprecision::cpp_int;

Integer wide(const Amount& amount)
{
    Integer result = 0;
    for (unsigned i = 4; i-- > 0;)
        result = (result << 64U) + amount.limbs()[i];
    return result;
}
const Integer modulus = Integer{1} << 256U;

Integer modulo(const Integer& value)
{
    Integer result = value % modulus;
    return result < 0 ? Integer{result + modulus} : result;
}
bool in_range(const Integer& value)
{
    return value >= 0 && value < modulus;
}

/// Random amounts of every width, and the values next to powers of two where carries go wrong.
class Amounts
{
public:
    explicit Amounts(std::uint64_t stream) : random_{20'260'101, stream, 0, 0} {}

    Amount next() { return next_up_to(256); }
    Amount next_up_to(unsigned bits)
    {
        const auto width = static_cast<unsigned>(random_.uniform_below(bits + 1));
        if (width == 0)
            return 0;
        const auto top = Amount::power_of_two(width - 1);
        switch (random_.uniform_below(8))
        {
            case 0: return top;
            case 1: return top | wrapping_sub(top, 1);
            case 2: return top | 1;
            default: break;
        }
        const Amount bits_of_all{random_.next_uint64(), random_.next_uint64(),
            random_.next_uint64(), random_.next_uint64()};
        return top | (bits_of_all & wrapping_sub(top, 1));
    }
    RandomStream& random() { return random_; }

private:
    RandomStream random_;
};

constexpr int rounds = 6'000;

void require_checked(const Checked& actual, const Integer& expected)
{
    if (in_range(expected))
    {
        REQUIRE(actual.fault == Fault::none);
        REQUIRE(wide(actual.value) == expected);
    }
    else
        REQUIRE(actual.fault == Fault::overflow);
}
}  // namespace

TEST_CASE("amount: limbs and comparisons agree with the oracle", "[ledger][amount][property]")
{
    Amounts amounts{1};
    for (int i = 0; i < rounds; ++i)
    {
        const auto a = amounts.next();
        const auto b = amounts.random().bernoulli(0.1) ? a : amounts.next();
        CAPTURE(i, a.to_string(), b.to_string());
        const auto x = wide(a);
        const auto y = wide(b);
        REQUIRE((a == b) == (x == y));
        REQUIRE((a < b) == (x < y));
        REQUIRE((a >= b) == (x >= y));
        REQUIRE(wide(a & b) == Integer{x & y});
        REQUIRE(wide(a | b) == Integer{x | y});
        REQUIRE(a.is_zero() == (x == 0));
        REQUIRE(a.bit_width() == (x == 0 ? 0 : msb(x) + 1));
        REQUIRE(a.lowest_bit() == (x == 0 ? 256 : lsb(x)));
        REQUIRE(a.fits_uint64() == (x < (Integer{1} << 64U)));
        REQUIRE(a.fits_uint128() == (x < (Integer{1} << 128U)));
        REQUIRE(a.low64() == static_cast<std::uint64_t>(Integer{x % (Integer{1} << 64U)}));
        REQUIRE(wide(Amount::from_uint128(a.low128())) == Integer{x % (Integer{1} << 128U)});
    }
}

TEST_CASE(
    "amount: checked operations refuse exactly what leaves 256 bits", "[ledger][amount][property]")
{
    Amounts amounts{2};
    for (int i = 0; i < rounds; ++i)
    {
        const auto a = amounts.next();
        const auto b = amounts.next();
        CAPTURE(i, a.to_string(), b.to_string());
        const auto x = wide(a);
        const auto y = wide(b);
        require_checked(Checked{a} + b, x + y);
        require_checked(Checked{a} - b, x - y);
        require_checked(Checked{a} * b, x * y);
        if (y != 0)
        {
            require_checked(Checked{a} / b, x / y);
            require_checked(Checked{a} % b, x % y);
        }
        // Near the limit of a product: the largest factor that fits, and the next one.
        if (x != 0)
        {
            const auto limit = div_down(Amount::max(), a);
            REQUIRE((Checked{a} * limit).ok());
            if (x != 1)
                REQUIRE((Checked{a} * wrapping_add(limit, 1)).fault == Fault::overflow);
        }
    }
}

TEST_CASE("amount: wrapping operations are modulo 2^256", "[ledger][amount][property]")
{
    Amounts amounts{3};
    for (int i = 0; i < rounds; ++i)
    {
        const auto a = amounts.next();
        const auto b = amounts.next();
        CAPTURE(i, a.to_string(), b.to_string());
        const auto x = wide(a);
        const auto y = wide(b);
        REQUIRE(wide(wrapping_add(a, b)) == modulo(x + y));
        REQUIRE(wide(wrapping_sub(a, b)) == modulo(x - y));
        REQUIRE(wide(wrapping_mul(a, b)) == modulo(x * y));
    }
}

TEST_CASE("amount: shifts and bits move what they say", "[ledger][amount][property]")
{
    Amounts amounts{4};
    for (int i = 0; i < rounds; ++i)
    {
        auto a = amounts.next();
        const auto bits = static_cast<unsigned>(i) % 256;
        CAPTURE(i, bits, a.to_string());
        const auto x = wide(a);
        REQUIRE(wide(a << bits) == modulo(x << bits));
        REQUIRE(wide(a >> bits) == Integer{x >> bits});
        REQUIRE(a.bit(bits) == bit_test(x, bits));
        REQUIRE(wide(Amount::power_of_two(bits)) == Integer{1} << bits);
        auto set = x;
        auto cleared = x;
        bit_set(set, bits);
        bit_unset(cleared, bits);
        a.set_bit(bits, true);
        REQUIRE(wide(a) == set);
        a.set_bit(bits, false);
        REQUIRE(wide(a) == cleared);
    }
}

TEST_CASE("amount: the root is the largest integer whose square is not above",
    "[ledger][amount][property]")
{
    Amounts amounts{5};
    for (int i = 0; i < rounds; ++i)
    {
        const auto a = amounts.next();
        CAPTURE(i, a.to_string());
        const auto root = wide(sqrt_down(a));
        REQUIRE(root * root <= wide(a));
        REQUIRE((root + 1) * (root + 1) > wide(a));
        // Squares and their neighbours below.
        const auto exact = amounts.next_up_to(128);
        const auto square = wrapping_mul(exact, exact);
        REQUIRE(sqrt_down(square) == exact);
        if (!exact.is_zero())
            REQUIRE(sqrt_down(wrapping_sub(square, 1)) == wrapping_sub(exact, 1));
    }
    CHECK(sqrt_down(0) == 0);
    CHECK(sqrt_down(Amount::max()) == wrapping_sub(Amount::power_of_two(128), 1));
}

// Limbs of ones and zeros are where a guess at a limb of the quotient is one too large.
TEST_CASE(
    "amount: long division of whole multiples and their neighbours", "[ledger][amount][property]")
{
    RandomStream random{20'260'101, 61, 0, 0};
    const auto limb = [&random]() -> std::uint64_t
    {
        switch (random.uniform_below(5))
        {
            case 0: return 0;
            case 1: return ~0ULL;
            case 2: return 1ULL << 63U;
            case 3: return (1ULL << 63U) - 1;
            default: return random.next_uint64();
        }
    };
    for (int i = 0; i < 10 * rounds; ++i)
    {
        const auto d = Amount{limb(), limb(), limb(), limb()} >>
                       static_cast<unsigned>(64 * random.uniform_below(4));
        const auto q = Amount{limb(), limb(), limb(), limb()} >>
                       static_cast<unsigned>(64 * random.uniform_below(4));
        if (d.is_zero())
            continue;
        CAPTURE(i, d.to_string(), q.to_string());
        REQUIRE(mul_div_down(q, d, d).value == q);
        REQUIRE(mul_div_up(q, d, d).value == q);
        Amount dividend;
        if (Amount::multiply(q, d, dividend))
            continue;
        REQUIRE(div_down(dividend, d) == q);
        REQUIRE(remainder(dividend, d).is_zero());
        const auto rest = wrapping_sub(d, 1);
        if (Amount::add_carry(dividend, rest, dividend))
            continue;
        REQUIRE(div_down(dividend, d) == q);
        REQUIRE(remainder(dividend, d) == rest);
    }
}

TEST_CASE("amount: mul_div rounds down and up through 512 bits", "[ledger][amount][property]")
{
    Amounts amounts{6};
    int overflows = 0;
    int inexact = 0;
    for (int i = 0; i < rounds; ++i)
    {
        const auto a = amounts.next();
        const auto b = amounts.next();
        const auto d = amounts.next();
        CAPTURE(i, a.to_string(), b.to_string(), d.to_string());
        if (d.is_zero())
            continue;
        const auto product = Integer{wide(a) * wide(b)};
        const auto divisor = wide(d);
        const auto floor = Integer{product / divisor};
        const auto ceil = Integer{(product + divisor - 1) / divisor};
        const auto bits = 1 + static_cast<unsigned>(amounts.random().uniform_below(255));
        require_checked(mul_shift_down(a, b, bits), Integer{product >> bits});
        require_checked(
            mul_shift_up(a, b, bits), Integer{(product + (Integer{1} << bits) - 1) >> bits});
        const auto down = mul_div_down(a, b, d);
        const auto up = mul_div_up(a, b, d);
        require_checked(down, floor);
        require_checked(up, ceil);
        overflows += down.ok() ? 0 : 1;
        if (down.ok() && up.ok())
        {
            REQUIRE(wide(up.value) - wide(down.value) <= 1);
            inexact += up.value != down.value ? 1 : 0;
        }
    }
    CHECK(overflows > 500);
    CHECK(inexact > 500);

    const auto max = Amount::max();
    CHECK(mul_div_down(max, max, max).value == max);
    CHECK(mul_div_up(max, max, max).value == max);
    CHECK(mul_div_down(max, max, wrapping_sub(max, 1)).fault == Fault::overflow);
    CHECK(mul_div_up(max, max, wrapping_sub(max, 1)).fault == Fault::overflow);
    CHECK(mul_div_down(1, 1, 0).fault == Fault::division_by_zero);
    CHECK(mul_div_up(0, 0, 0).fault == Fault::division_by_zero);
}

TEST_CASE(
    "amount: rounding up past 2^256-1 overflows though rounding down fits", "[ledger][amount]")
{
    // a * (d + 1) / d = a + a / d; with a = 2^256 - 2 and d = 2^255 + 1 the last term lies strictly
    // between 1 and 2.
    const auto a = wrapping_sub(Amount::max(), 1);
    const auto d = wrapping_add(Amount::power_of_two(255), 1);
    const auto b = wrapping_add(d, 1);
    const auto product = Integer{wide(a) * wide(b)};
    REQUIRE(product / wide(d) == modulus - 1);
    REQUIRE(product % wide(d) != 0);
    CHECK(mul_div_down(a, b, d).value == Amount::max());
    CHECK(mul_div_up(a, b, d).fault == Fault::overflow);
}

TEST_CASE("amount: the first fault in order of evaluation sticks", "[ledger][amount]")
{
    const Checked overflow = Checked{Amount::max()} + 1;
    const Checked zero_division = Checked{1} / 0;
    const Checked guarded = Checked::failed(Fault::guard);
    REQUIRE(overflow.fault == Fault::overflow);
    REQUIRE(zero_division.fault == Fault::division_by_zero);
    REQUIRE((Checked{0} - 1).fault == Fault::overflow);
    REQUIRE((Checked{1} % 0).fault == Fault::division_by_zero);

    const std::array<Checked, 3> failures{overflow, zero_division, guarded};
    for (const auto& first : failures)
    {
        for (const auto& second : failures)
        {
            CHECK((first + second).fault == first.fault);
            CHECK((first - second).fault == first.fault);
            CHECK((first * second).fault == first.fault);
            CHECK((first / second).fault == first.fault);
            CHECK((first % second).fault == first.fault);
        }
        CHECK((first + 1).fault == first.fault);
        CHECK((Checked{1} - first).fault == first.fault);
        CHECK((Checked{Amount::max()} * first).fault == first.fault);
        // A failed operand is not looked at: neither overflows nor divides by zero once more.
        CHECK((first / 0).fault == first.fault);
        CHECK((first % 0).fault == first.fault);
        CHECK((first - Amount::max()).fault == first.fault);
        CHECK((first * Amount::max() * Amount::max()).fault == first.fault);
    }
}

TEST_CASE("amount: decimal text round-trips and nothing else is read", "[ledger][amount][property]")
{
    Amounts amounts{7};
    for (int i = 0; i < rounds; ++i)
    {
        const auto a = amounts.next();
        const auto text = wide(a).str();
        REQUIRE(a.to_string() == text);
        REQUIRE(Amount::from_decimal(text) == a);
        std::array<char, 78> buffer{};
        REQUIRE(a.write_decimal(buffer.data()) == text.size());
    }
    // Around every power of ten, where chunks of 19 digits begin and end.
    Integer power = 1;
    for (unsigned exponent = 0; exponent < 78; ++exponent, power *= 10)
    {
        CAPTURE(exponent);
        const auto amount = Amount::power_of_ten(exponent);
        REQUIRE(wide(amount) == power);
        REQUIRE(amount.to_string() == power.str());
        REQUIRE(wrapping_sub(amount, 1).to_string() == Integer{power - 1}.str());
    }
    CHECK(Amount::from_decimal("000000000000000000000000000000000000000000000000000000000000000000"
                               "000000000000000000000000000000000000017") == Amount{17});
    CHECK(Amount::from_decimal(Integer{modulus - 1}.str()) == Amount::max());
    CHECK_FALSE(Amount::from_decimal(modulus.str()).has_value());
    CHECK_FALSE(Amount::from_decimal(Integer{modulus * 10}.str()).has_value());
    for (const auto* text : {"", "-1", "+1", " 1", "1 ", "1_000", "0x10", "1.0", "1e3", "\0"})
        CHECK_FALSE(Amount::from_decimal(text).has_value());
}

TEST_CASE("amount: big-endian bytes round-trip", "[ledger][amount][property]")
{
    Amounts amounts{8};
    for (int i = 0; i < rounds; ++i)
    {
        const auto a = amounts.next();
        std::array<std::uint8_t, 32> bytes{};
        a.store_big_endian(bytes);
        std::vector<std::uint8_t> expected;
        export_bits(wide(a), std::back_inserter(expected), 8);
        expected.insert(expected.begin(), 32 - expected.size(), 0);
        REQUIRE(std::equal(bytes.begin(), bytes.end(), expected.begin(), expected.end()));
        REQUIRE(Amount::load_big_endian(bytes) == a);
    }
}

TEST_CASE("amount: from_double takes the integer part, to_double the nearest double",
    "[ledger][amount][property]")
{
    Amounts amounts{9};
    auto& random = amounts.random();
    for (int i = 0; i < rounds; ++i)
    {
        const auto exponent = static_cast<int>(random.uniform_below(320)) - 64;
        const auto value = std::ldexp(0.5 + random.uniform_double() / 2, exponent);
        CAPTURE(i, value);
        REQUIRE(wide(Amount::from_double(value)) == Integer{value});

        const auto a = amounts.next();
        CAPTURE(a.to_string());
        const auto actual = a.to_double();
        // No double is nearer: the neighbours are not, and of two as near the even one is taken.
        const auto distance = [&](double x) { return Integer{abs(Integer{x} - wide(a))}; };
        const auto mine = distance(actual);
        for (const auto towards : {0.0, std::numeric_limits<double>::infinity()})
        {
            const auto neighbour = std::nextafter(actual, towards);
            if (actual < 0x1p53)
                REQUIRE(mine == 0);
            else
            {
                REQUIRE(mine <= distance(neighbour));
                if (mine == distance(neighbour))
                    REQUIRE((std::bit_cast<std::uint64_t>(actual) & 1U) == 0);
            }
        }
    }
    CHECK(Amount::from_double(0) == 0);
    CHECK(Amount::from_double(0.999'999) == 0);
    CHECK(Amount::from_double(1.5) == 1);
    CHECK(Amount::from_double(0x1p64) == Amount::power_of_two(64));
    CHECK(Amount::from_double(std::nextafter(0x1p64, 0)) == 0xFFFF'FFFF'FFFF'F800);
    CHECK(Amount::from_double(0x1p255) == Amount::power_of_two(255));
    CHECK(Amount::max().to_double() == 0x1p256);
    CHECK(Amount{0}.to_double() == 0);
}
