#include "ledger/fields.hpp"

#include "ledger/call.hpp"
#include "ledger/philox.hpp"
#include "tests/support/catch.hpp"

#include <array>
#include <cstring>
#include <limits>
#include <map>
#include <memory>

using namespace runnel;

namespace
{
enum class Side : std::uint8_t
{
    buy = 1,
    sell = 2,
};

struct Inner
{
    Amount amount;
    std::array<std::uint16_t, 3> weights{};
    Side side{};
    RUNNEL_FIELDS((amount, wei), weights, side);
    friend bool operator==(const Inner&, const Inner&) = default;
};

struct Outer
{
    bool on = false;
    std::int32_t tick = 0;
    std::uint64_t count = 0;
    AccountId account{};
    Hash hash;
    Address address;
    ShortList<ContractId, 4> path;
    std::array<Inner, 2> inner;
    CallList calls;
    RUNNEL_FIELDS(on, tick, count, account, hash, address, path, inner, calls);
};
static_assert(Described<Outer> && Described<const Outer>);
constexpr std::size_t fixed_size = 1 + 4 + 8 + 4 + 32 + 20 + 1 + 2 * (32 + 3 * 2 + 1) + 2;

Amount random_amount(RandomStream& random)
{
    return {random.next_uint64(), random.next_uint64(), random.next_uint64(), random.next_uint64()};
}

Outer random_outer(RandomStream& random, const Bytes& calls)
{
    Outer outer;
    outer.on = random.bernoulli(0.5);
    outer.tick = static_cast<std::int32_t>(random.next_uint64());
    outer.count = random.next_uint64();
    outer.account = AccountId{static_cast<std::uint32_t>(random.next_uint64())};
    for (auto& byte : outer.hash.bytes)
        byte = static_cast<std::uint8_t>(random.next_uint64());
    for (auto& byte : outer.address.bytes)
        byte = static_cast<std::uint8_t>(random.next_uint64());
    for (auto left = random.uniform_below(5); left > 0; --left)
        outer.path.push_back(ContractId{static_cast<std::uint32_t>(random.next_uint64())});
    for (auto& inner : outer.inner)
    {
        inner.amount = random_amount(random);
        for (auto& weight : inner.weights)
            weight = static_cast<std::uint16_t>(random.next_uint64());
        inner.side = random.bernoulli(0.5) ? Side::buy : Side::sell;
    }
    outer.calls = {calls};
    return outer;
}

/// The bytes on the heap, in a block of exactly their size: a sanitizer sees any read beyond it.
struct Exact
{
    explicit Exact(ByteView bytes)
      : size{bytes.size()}, data{std::make_unique<std::uint8_t[]>(bytes.size())}
    {
        std::copy(bytes.begin(), bytes.end(), data.get());
    }
    [[nodiscard]] ByteView view() const { return {data.get(), size}; }

    std::size_t size;
    std::unique_ptr<std::uint8_t[]> data;
};
}  // namespace

TEST_CASE("fields: nested structs come back as they were written", "[ledger][fields][property]")
{
    RandomStream random{1, 0, 0, 0};
    for (int i = 0; i < 500; ++i)
    {
        Bytes calls(random.uniform_below(300));
        for (auto& byte : calls)
            byte = static_cast<std::uint8_t>(random.next_uint64());
        const auto before = random_outer(random, calls);
        Bytes bytes;
        encode(before, bytes);
        REQUIRE(bytes.size() == fixed_size + 4 * before.path.size() + calls.size());

        Outer after;
        REQUIRE(decode(bytes, after));
        REQUIRE(after.on == before.on);
        REQUIRE(after.tick == before.tick);
        REQUIRE(after.count == before.count);
        REQUIRE(after.account == before.account);
        REQUIRE(after.hash == before.hash);
        REQUIRE(after.address == before.address);
        REQUIRE(std::equal(
            after.path.begin(), after.path.end(), before.path.begin(), before.path.end()));
        REQUIRE(after.inner == before.inner);
        REQUIRE(std::equal(
            after.calls.bytes.begin(), after.calls.bytes.end(), calls.begin(), calls.end()));
        // Canonical: what was read is written as the same bytes.
        Bytes again;
        encode(after, again);
        REQUIRE(again == bytes);
    }
}

TEST_CASE("fields: integers are big-endian of their own width", "[ledger][fields]")
{
    Bytes bytes;
    Encoder encoder{bytes};
    encoder.put(std::int16_t{-2});
    encoder.put(std::uint32_t{0x01020304});
    encoder.put(Side::sell);
    encoder.put(Amount{5});
    encoder.put(true);
    encoder.put(ShortList<std::uint16_t, 3>{7, 8});
    CHECK(to_hex(bytes) ==
          "fffe"
          "01020304"
          "02"
          "0000000000000000000000000000000000000000000000000000000000000005"
          "01"
          "0200070008");
}

TEST_CASE("fields: a shortened or lengthened encoding is refused", "[ledger][fields]")
{
    RandomStream random{2, 0, 0, 0};
    const Bytes calls{1, 2, 3, 4, 5};
    Bytes bytes;
    encode(random_outer(random, calls), bytes);
    for (std::size_t size = 0; size < bytes.size(); ++size)
    {
        CAPTURE(size);
        const Exact shorter{ByteView{bytes}.first(size)};
        Outer outer;
        Decoder decoder{shorter.view()};
        decoder.get(outer);
        REQUIRE_FALSE(decoder.ok());
        // Once failed, always failed; reading on is harmless.
        std::uint8_t byte = 7;
        decoder.get(byte);
        REQUIRE(byte == 0);
        REQUIRE_FALSE(decoder.ok());
        REQUIRE_FALSE(decoder.at_end());
        REQUIRE(decoder.take(0).empty());
        REQUIRE_FALSE(decode(shorter.view(), outer));
    }
    bytes.push_back(0);
    Outer outer;
    CHECK_FALSE(decode(bytes, outer));
    Decoder decoder{bytes};
    decoder.get(outer);
    CHECK(decoder.ok());
    CHECK_FALSE(decoder.at_end());
}

TEST_CASE("fields: values out of range are refused", "[ledger][fields]")
{
    bool flag = true;
    CHECK(decode(Bytes{1}, flag));
    CHECK(decode(Bytes{0}, flag));
    for (const auto byte : {2, 3, 128, 255})
        CHECK_FALSE(decode(Bytes{static_cast<std::uint8_t>(byte)}, flag));
    CHECK_FALSE(flag);

    // A list that claims more than it may hold, with and without the bytes for it.
    for (const unsigned count : {4U, 5U, 255U})
    {
        CAPTURE(count);
        Bytes bytes(1 + 2 * count, 1);
        bytes[0] = static_cast<std::uint8_t>(count);
        ShortList<std::uint16_t, 4> list;
        CHECK(decode(bytes, list) == (count == 4));
        CHECK(list.size() == (count == 4 ? 4 : 0));
        bytes.resize(3);
        const Exact truncated{bytes};
        CHECK_FALSE(decode(truncated.view(), list));
        CHECK(list.size() <= 4);
    }

    // A nested list of calls that claims more bytes than there are.
    const Exact calls{Bytes{0, 4, 1, 2, 3}};
    CallList list{calls.view()};
    CHECK_FALSE(decode(calls.view(), list));
    CHECK(list.bytes.empty());
}

TEST_CASE(
    "fields: no bytes whatever make a decoder or a reader misbehave", "[ledger][fields][property]")
{
    RandomStream random{3, 0, 0, 0};
    int accepted = 0;
    for (int i = 0; i < 20'000; ++i)
    {
        Bytes noise(random.uniform_below(fixed_size + 40));
        for (auto& byte : noise)
        {
            // Mostly small values: counts and lengths that are plausible get further.
            byte = static_cast<std::uint8_t>(
                random.bernoulli(0.7) ? random.uniform_below(4) : random.next_uint64());
        }
        const Exact exact{noise};
        Outer outer;
        if (decode(exact.view(), outer))
        {
            ++accepted;
            Bytes again;
            encode(outer, again);
            REQUIRE(again == noise);
        }
        CallReader reader{exact.view()};
        std::size_t used = 0;
        while (const auto call = reader.next())
        {
            used += 7 + call->arguments.size();
            used += call->bindings.empty() ? 0 : 1 + call->bindings.size();
        }
        REQUIRE(used <= noise.size());
        REQUIRE(reader.ok() == (used == noise.size()));
    }
    CHECK(accepted > 0);
}

TEST_CASE("fields: the values of wallet states come back bit by bit", "[ledger][fields]")
{
    constexpr auto infinity = std::numeric_limits<double>::infinity();
    for (const double number : {0.0, -0.0, 1.0 / 3, 5e-324, -infinity, infinity})
    {
        Bytes bytes;
        encode(number, bytes);
        CHECK(bytes.size() == 8);
        double back = 7;
        REQUIRE(decode(bytes, back));
        CHECK(std::memcmp(&back, &number, sizeof(back)) == 0);
    }
    const std::vector<float> floats{1.5F, -2.25F};
    Bytes bytes;
    encode(floats, bytes);
    CHECK(to_hex(bytes) == "000000023fc00000c0100000");
    std::vector<float> floats_back{9};
    REQUIRE(decode(bytes, floats_back));
    CHECK(floats_back == floats);

    const std::map<std::uint16_t, std::vector<bool>> map{{1, {true, false}}, {300, {}}};
    bytes.clear();
    encode(map, bytes);
    CHECK(to_hex(bytes) == "000000020001000000020100012c00000000");
    std::map<std::uint16_t, std::vector<bool>> map_back{{7, {}}};
    REQUIRE(decode(bytes, map_back));
    CHECK(map_back == map);
    const std::string text{"ab\0c", 4};
    bytes.clear();
    encode(text, bytes);
    std::string text_back;
    REQUIRE(decode(bytes, text_back));
    CHECK(text_back == text);
}

TEST_CASE("fields: hostile lists, maps and numbers are refused", "[ledger][fields]")
{
    const auto refused = [](std::string_view hex, auto value)
    { return !decode(from_hex(hex).value(), value); };
    CHECK(refused("7ff8000000000001", double{}));  // Not a number.
    CHECK(refused("ffc00000", float{}));
    CHECK(refused("ffffffff", std::vector<std::uint64_t>{}));  // No memory for 4 G items.
    CHECK(refused("ffffffff00000000", std::vector<std::uint64_t>{}));
    CHECK(refused("00000002000000000000000100", std::vector<std::uint64_t>{}));
    CHECK(refused("000000020102", std::vector<bool>{}));
    using Map = std::map<std::uint8_t, std::uint8_t>;
    CHECK_FALSE(refused("0000000201000200", Map{}));
    CHECK(refused("0000000202000100", Map{}));  // Not ascending.
    CHECK(refused("0000000201000100", Map{}));  // Twice.
    CHECK(refused("00000002010002", Map{}));
}

TEST_CASE("fields: a dump names every field", "[ledger][fields]")
{
    Outer outer;
    outer.tick = -5;
    outer.path = {ContractId{1}, ContractId{22}};
    outer.inner[1] = {Amount{9}, {1, 2, 3}, Side::sell};
    const auto zeros = [](std::size_t count) { return std::string(count, '0'); };
    CHECK(dump(outer) == "{on=false tick=-5 count=0 account=#0 hash=0x" + zeros(64) +
                             " address=0x" + zeros(40) +
                             " path=[#1,#22] inner=[{amount=0 weights=[0,0,0] side=0},{amount=9 "
                             "weights=[1,2,3] side=2}] calls=0x}");
}
