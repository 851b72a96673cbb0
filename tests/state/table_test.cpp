#include "state/table.hpp"

#include "ledger/philox.hpp"
#include "tests/support/catch.hpp"

#include <map>
#include <set>

using namespace runnel;

namespace
{
/// 7 bytes of padding between its fields.
struct Padded
{
    std::uint8_t small = 0;
    std::uint64_t large = 0;
    RUNNEL_FIELDS(small, large);
};
static_assert(sizeof(Padded) == 16);
}  // namespace

TEST_CASE("table: behaves as a map of records", "[ledger][table][property]")
{
    const auto kind = GENERATE(KeyOf::number, KeyOf::something_else);
    Table<Padded> table{"t", kind};
    std::map<std::uint64_t, std::uint64_t> model;
    RandomStream random{1, static_cast<std::uint64_t>(kind), 0, 0};
    for (int i = 0; i < 20'000; ++i)
    {
        const auto key = kind == KeyOf::number   ? random.uniform_below(5'000)
                         : random.bernoulli(0.5) ? random.uniform_below(3'000) << 32U
                                                 : random.uniform_below(3'000) * 0x1'0000'0001U;
        if (random.bernoulli(0.3))
        {
            // Zero: absent again.
            table.at(key) = {};
            model.erase(key);
            continue;
        }
        const auto value = 1 + random.uniform_below(1'000);
        table.at(key).large = value;
        model[key] = value;
    }
    std::vector<std::uint64_t> keys;
    for (const auto& [key, value] : model)
    {
        keys.push_back(key);
        REQUIRE(table.get(key).large == value);
    }
    CHECK(table.keys() == keys);

    table.clear();
    CHECK(table.keys().empty());
    CHECK(table.get(keys.front()).large == 0);
    table.at(keys.front()).large = 3;
    CHECK(table.keys() == std::vector{keys.front()});
}

TEST_CASE("table: addresses of records are stable while it grows", "[ledger][table]")
{
    const auto kind = GENERATE(KeyOf::number, KeyOf::something_else);
    Table<Padded> table{"t", kind};
    std::vector<std::pair<std::uint64_t, Padded*>> made;
    for (std::uint64_t i = 0; i < 3'000; ++i)
    {
        const auto key = kind == KeyOf::number ? i * 97 % 300'007 : i * 0x9E3779B97F4A7C15U;
        auto& record = table.at(key);
        REQUIRE(record.large == 0);
        record.large = i + 1;
        made.emplace_back(key, &record);
    }
    std::set<Padded*> distinct;
    for (std::size_t i = 0; i < made.size(); ++i)
    {
        REQUIRE(table.find(made[i].first) == made[i].second);
        REQUIRE(made[i].second->large == i + 1);
        REQUIRE(reinterpret_cast<std::uintptr_t>(made[i].second) % alignof(Padded) == 0);
        distinct.insert(made[i].second);
    }
    CHECK(distinct.size() == made.size());
}

TEST_CASE("table: what was never made is absent and reads as zeros", "[ledger][table]")
{
    const auto kind = GENERATE(KeyOf::number, KeyOf::something_else);
    Table<Padded> table{"t", kind};
    CHECK(table.find(0) == nullptr);
    CHECK(table.find(~0ULL) == nullptr);
    CHECK(table.get(5).large == 0);
    CHECK(table.keys().empty());

    // A slot by itself is not a record, nor are its neighbours.
    table.make_slot(5);
    CHECK(table.find(5) != nullptr);
    CHECK(table.keys().empty());
    CHECK(table.find(100'000) == nullptr);
    CHECK(table.make_slot(5) == table.find(5));
    CHECK(table.is_absent(table.find(5)));
}

TEST_CASE("table: padding does not make a record present", "[ledger][table]")
{
    Table<Padded> table{"t"};
    auto& record = table.at(std::uint64_t{7});
    std::memset(static_cast<void*>(&record), 0xFF, sizeof(record));
    CHECK_FALSE(table.is_absent(&record));
    CHECK(table.keys() == std::vector<std::uint64_t>{7});
    record.small = 0;
    record.large = 0;
    CHECK(table.is_absent(&record));
    CHECK(table.keys().empty());
    record.small = 1;
    CHECK(table.keys() == std::vector<std::uint64_t>{7});
}

TEST_CASE("table: a dense table refuses keys that would make it huge", "[ledger][table]")
{
    const Table<Padded> dense{"d", KeyOf::number};
    CHECK(dense.accepts(0));
    CHECK(dense.accepts((1U << 26U) - 1));
    CHECK_FALSE(dense.accepts(1U << 26U));
    CHECK_FALSE(dense.accepts(~0ULL));
    const Table<Padded> sparse{"s", KeyOf::something_else};
    CHECK(sparse.accepts(~0ULL));
    CHECK(pair_key(AccountId{1}, AccountId{2}) == 0x0000'0001'0000'0002U);
}

TEST_CASE("table: a record's format encodes, decodes and dumps it", "[ledger][table]")
{
    Table<Padded> table{"t"};
    table.at(std::uint64_t{3}) = {2, 513};
    const auto& format = table.format();
    CHECK(format.size == sizeof(Padded));
    Bytes bytes;
    format.encode(table.find(3), bytes);
    CHECK(to_hex(bytes) == "020000000000000201");
    CHECK(format.dump(table.find(3)) == "{small=2 large=513}");

    CHECK(format.decode(bytes, table.make_slot(4)));
    CHECK(table.get(4).large == 513);
    bytes.pop_back();
    CHECK_FALSE(format.decode(bytes, table.make_slot(4)));
    CHECK(table.get(4).large == 513);
}
