#include "contracts/kit/ecrecover.hpp"

#include <boost/multiprecision/cpp_int.hpp>

#include <algorithm>
#include <iterator>

namespace runnel::contracts
{
namespace
{
using Number = boost::multiprecision::uint256_t;
using Product = boost::multiprecision::uint512_t;

/// The curve y^2 = x^3 + 7 over the integers modulo field_prime, with a generator of prime order.
/// Source: SEC 2, version 2.0, section 2.4.1.
const Number field_prime{"0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFFC2F"};
const Number order{"0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141"};
const Number generator_x{"0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798"};
const Number generator_y{"0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8"};

// Boost has functions called add() and multiply() that would be found by their arguments.
Number product_mod(const Number& a, const Number& b, const Number& modulus)
{
    return static_cast<Number>(Product{a} * b % modulus);
}
Number sum_mod(const Number& a, const Number& b, const Number& modulus)
{
    return static_cast<Number>((Product{a} + b) % modulus);
}
Number difference_mod(const Number& a, const Number& b, const Number& modulus)
{
    return a >= b ? Number{a - b} : Number{modulus - (b - a)};
}
Number power_mod(Number base, Number exponent, const Number& modulus)
{
    Number result{1};
    for (; exponent != 0; exponent >>= 1)
    {
        if ((exponent & 1) != 0)
            result = product_mod(result, base, modulus);
        base = product_mod(base, base, modulus);
    }
    return result;
}
/// Of a prime modulus.
Number inverse_mod(const Number& a, const Number& modulus)
{
    return power_mod(a, Number{modulus - 2}, modulus);
}

/// A point (x / z^2, y / z^3); z of 0 is the point at infinity.
struct Point
{
    Number x{1};
    Number y{1};
    Number z{0};
};

Number times(const Number& a, const Number& b)
{
    return product_mod(a, b, field_prime);
}
Number minus(const Number& a, const Number& b)
{
    return difference_mod(a, b, field_prime);
}
Number twice(const Number& a)
{
    return sum_mod(a, a, field_prime);
}

Point doubled(const Point& p)
{
    if (p.z == 0 || p.y == 0)
        return {};
    const auto y_square = times(p.y, p.y);
    const auto s = twice(twice(times(p.x, y_square)));
    const auto x_square = times(p.x, p.x);
    const auto m = sum_mod(twice(x_square), x_square, field_prime);
    Point result;
    result.x = minus(times(m, m), twice(s));
    result.y = minus(times(m, minus(s, result.x)), twice(twice(twice(times(y_square, y_square)))));
    result.z = twice(times(p.y, p.z));
    return result;
}

Point sum(const Point& p, const Point& q)
{
    if (p.z == 0)
        return q;
    if (q.z == 0)
        return p;
    const auto p_z2 = times(p.z, p.z);
    const auto q_z2 = times(q.z, q.z);
    const auto u1 = times(p.x, q_z2);
    const auto u2 = times(q.x, p_z2);
    const auto s1 = times(p.y, times(q_z2, q.z));
    const auto s2 = times(q.y, times(p_z2, p.z));
    if (u1 == u2)
        return s1 == s2 ? doubled(p) : Point{};
    const auto h = minus(u2, u1);
    const auto r = minus(s2, s1);
    const auto h2 = times(h, h);
    const auto h3 = times(h2, h);
    const auto u1_h2 = times(u1, h2);
    Point result;
    result.x = minus(minus(times(r, r), h3), twice(u1_h2));
    result.y = minus(times(r, minus(u1_h2, result.x)), times(s1, h3));
    result.z = times(h, times(p.z, q.z));
    return result;
}

/// a * p + b * q
Point linear(const Number& a, const Point& p, const Number& b, const Point& q)
{
    const auto both = sum(p, q);
    Point result;
    for (unsigned bit = 256; bit-- > 0;)
    {
        result = doubled(result);
        const bool in_a = bit_test(a, bit);
        const bool in_b = bit_test(b, bit);
        if (in_a || in_b)
            result = sum(result, in_a && in_b ? both : in_a ? p : q);
    }
    return result;
}

Number number_of(const Amount& amount)
{
    Number number{0};
    for (unsigned limb = 4; limb-- > 0;)
        number = (number << 64) | amount.limbs()[limb];
    return number;
}
Amount amount_of(const Number& number)
{
    constexpr std::uint64_t mask = ~0ULL;
    const auto limb = [&](unsigned i)
    { return static_cast<std::uint64_t>((number >> (64 * i)) & mask); };
    return {limb(3), limb(2), limb(1), limb(0)};
}
}  // namespace

std::optional<Address> ecrecover(
    const Hash& digest, std::uint8_t v, const Amount& r_word, const Amount& s_word)
{
    const auto r = number_of(r_word);
    const auto s = number_of(s_word);
    if ((v != 27 && v != 28) || r == 0 || r >= order || s == 0 || s >= order)
        return std::nullopt;
    const auto right = sum_mod(times(times(r, r), r), 7, field_prime);
    auto y = power_mod(right, Number{(field_prime + 1) / 4}, field_prime);
    if (times(y, y) != right)
        return std::nullopt;
    if (bit_test(y, 0) != (v == 28))
        y = Number{field_prime - y};
    const auto z = static_cast<Number>(number_of(Amount::load_big_endian(digest.bytes)) % order);
    const auto inverse_r = inverse_mod(r, order);
    const auto key = linear(product_mod(s, inverse_r, order), Point{r, y, 1},
        difference_mod(0, product_mod(z, inverse_r, order), order),
        Point{generator_x, generator_y, 1});
    if (key.z == 0)
        return std::nullopt;
    const auto inverse_z = inverse_mod(key.z, field_prime);
    const auto inverse_z2 = times(inverse_z, inverse_z);
    std::array<std::uint8_t, 64> words{};
    amount_of(times(key.x, inverse_z2))
        .store_big_endian(std::span<std::uint8_t, 32>{words.data(), 32});
    amount_of(times(key.y, times(inverse_z2, inverse_z)))
        .store_big_endian(std::span<std::uint8_t, 32>{words.data() + 32, 32});
    const auto hash = keccak256(ByteView{words});
    Address address;
    std::copy(hash.bytes.end() - static_cast<std::ptrdiff_t>(address.bytes.size()),
        hash.bytes.end(), address.bytes.begin());
    return address;
}

}  // namespace runnel::contracts
