#include "ledger/int256.hpp"

#include "ledger/fields.hpp"
#include "tests/support/catch.hpp"

#include <limits>

using namespace runnel;

TEST_CASE("int256: two's complement, order and text", "[ledger][int256]")
{
    constexpr Int256 minus_one{-1};
    STATIC_REQUIRE(minus_one.bits == Amount::max());
    STATIC_REQUIRE(minus_one < Int256{0});
    STATIC_REQUIRE(Int256{-2} < minus_one);
    STATIC_REQUIRE(Int256{1} > minus_one);
    CHECK(minus_one.to_string() == "-1");
    CHECK(Int256{0}.to_string() == "0");
    CHECK(Int256{std::numeric_limits<std::int64_t>::min()}.to_string() == "-9223372036854775808");
    CHECK(-Int256{5} == Int256{-5});
    CHECK(Int256::from_magnitude(7, true).magnitude() == 7);
    CHECK(Int256{-3}.to_double() == -3.0);

    const auto least = Int256::from_bits(Amount::power_of_two(255));
    CHECK(least.is_negative());
    CHECK(least.magnitude() == Amount::power_of_two(255));
    CHECK(-least == least);
    CHECK(least.to_string() ==
          "-57896044618658097711785492504343953926634992332820282019728792003956564819968");
}

TEST_CASE("int256: is encoded as a word and shown with its sign", "[ledger][int256][fields]")
{
    Bytes bytes;
    encode(Int256{-2}, bytes);
    REQUIRE(bytes.size() == 32);
    CHECK(to_hex(bytes) == std::string(63, 'f') + "e");
    Int256 read;
    REQUIRE(decode(bytes, read));
    CHECK(read == Int256{-2});
    CHECK(dump(read) == "-2");
}
