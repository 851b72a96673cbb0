#include "storage/checkpoints.hpp"

#include "state/kept_checkpoint.hpp"
#include "storage/ledger_reader.hpp"
#include "tests/storage/ledger_fixture.hpp"
#include "tests/support/catch.hpp"

#include <fmt/format.h>

#include <fstream>

using namespace runnel;
using namespace runnel::storage;
using namespace runnel::storage::fixture;

namespace
{
const KeptParts parts{{"head", {1, 2, 3}}, {"state", Bytes(1'000'000, 7)}, {"state", {}},
    {"wallets", Bytes(300'000, 9)}};

/// Five blocks in memory, and a checkpoint behind the last one.
struct Ledger
{
    LedgerWriter writer = LedgerWriter::in_memory(manifest(), description());
    BlockMaker chain{3};

    Ledger() { grow(5); }
    void grow(int blocks)
    {
        for (int i = 0; i < blocks; ++i)
            writer.append(chain.make(20));
    }
    void save()
    {
        KeptSource source{parts};
        writer.write_checkpoint("1.2, layout 3", source);
    }
    std::vector<std::uint64_t> numbers()
    {
        std::vector<std::uint64_t> result;
        for (const auto& checkpoint : list_checkpoints(writer.database()))
            result.push_back(checkpoint.block_number);
        return result;
    }
};
using Numbers = std::vector<std::uint64_t>;
}  // namespace

TEST_CASE("checkpoints: parts come back as they were written", "[storage][checkpoints]")
{
    Ledger ledger;
    CHECK(ledger.numbers().empty());
    ledger.save();
    CHECK_FALSE(ledger.writer.database().in_transaction());  // Its block is committed with it.
    CHECK(ledger.writer.database().query_integer("SELECT max(number) FROM t_blocks") == 4);
    CHECK(ledger.numbers() == Numbers{4});
    CHECK(list_checkpoints(ledger.writer.database())[0].version == "1.2, layout 3");
    CHECK(find_damage(ledger.writer.database(), 4).empty());
    CHECK((keep(*read_checkpoint(ledger.writer.database(), 4)) == parts));
    CHECK(find_damage(ledger.writer.database(), 3) == "its last part is missing");
}

TEST_CASE("checkpoints: the newest two are kept", "[storage][checkpoints]")
{
    Ledger ledger;
    ledger.save();
    ledger.save();  // Again, in place of the first.
    CHECK(ledger.numbers() == Numbers{4});
    ledger.grow(1);
    ledger.save();
    CHECK(ledger.numbers() == Numbers{5, 4});
    ledger.grow(2);
    ledger.save();
    CHECK(ledger.numbers() == Numbers{7, 5});
    for (const auto number : ledger.numbers())
        CHECK(find_damage(ledger.writer.database(), number).empty());
}

TEST_CASE("checkpoints: the newest with a root of the state is kept, too", "[storage][checkpoints]")
{
    Ledger ledger;
    ledger.save();
    auto& database = ledger.writer.database();
    for (int i = 0; i < 3; ++i)
    {
        // As where a run was interrupted: between two roots.
        ledger.grow(1);
        ledger.writer.flush();
        database.execute("UPDATE t_blocks SET checkpoint_root = zeroblob(32) WHERE number > 4");
        ledger.save();
    }
    CHECK(ledger.numbers() == Numbers{7, 6, 4});
}

TEST_CASE("checkpoints: a complete run keeps a state for proofs", "[storage][checkpoints]")
{
    Ledger ledger;
    auto& database = ledger.writer.database();
    ledger.writer.complete();
    CHECK(ledger.numbers().empty());
    ledger.save();
    ledger.grow(1);
    ledger.save();
    const KeptParts state{parts.begin(), parts.begin() + 3};
    SECTION("the newest one") {}
    SECTION("the newest one that is not damaged")
    {
        ledger.grow(1);
        ledger.save();
        database.execute(
            "UPDATE t_checkpoints SET hash = zeroblob(32) "
            "WHERE block_number = 6 AND part = 1");
    }
    SECTION("the newest one whose block has a root of the state")
    {
        ledger.grow(1);
        ledger.save();
        database.execute("UPDATE t_blocks SET checkpoint_root = zeroblob(32) WHERE number = 6");
    }
    for (int i = 0; i < 2; ++i)  // Once more changes nothing.
    {
        ledger.writer.complete();
        CHECK(ledger.numbers() == Numbers{5});
        CHECK(find_damage(database, 5).empty());
        CHECK((keep(*read_checkpoint(database, 5)) == state));
    }
    database.execute("DELETE FROM t_checkpoints WHERE part = 1");
    ledger.writer.complete();
    CHECK(ledger.numbers().empty());
}

TEST_CASE("checkpoints: any altered, missing or added row is found", "[storage][checkpoints]")
{
    Ledger ledger;
    ledger.save();
    ledger.grow(1);
    ledger.save();
    auto& database = ledger.writer.database();
    const auto damage_after = [&](const std::string& sql)
    {
        database.execute("SAVEPOINT test; " + sql);
        std::string damage;
        try
        {
            damage = find_damage(database, 5);
        }
        catch (const StorageError& error)
        {
            CHECK(error.kind() == StorageErrorKind::corrupt);
            damage = error.what();
        }
        CHECK(find_damage(database, 4).empty());  // The other one is as whole as before.
        database.execute("ROLLBACK TO test; RELEASE test");
        return damage;
    };
    for (std::size_t part = 0; part <= parts.size(); ++part)
    {
        CAPTURE(part);
        const auto here = fmt::format(" WHERE block_number = 5 AND part = {}", part);
        const auto alter = [&](std::string_view change)
        { return damage_after(fmt::format("UPDATE t_checkpoints SET {}{}", change, here)); };
        const auto not_its_hash = fmt::format("part {} does not have its hash", part);
        CHECK(alter("version = version || ' '") == not_its_hash);
        CHECK(alter("name = name || 's'") == not_its_hash);
        CHECK(alter("hash = zeroblob(32)") == not_its_hash);
        CHECK(alter("content = CAST(content || x'00' AS BLOB)") == not_its_hash);
        CHECK(alter("part = part + 100") != "");
        CHECK(alter("block_number = 77") != "");
        CHECK(alter("hash = 'text'") != "");
        CHECK(alter("content = 3") != "");
        CHECK(damage_after("DELETE FROM t_checkpoints" + here) != "");
    }
    CHECK(damage_after("INSERT INTO t_checkpoints SELECT block_number, part + 1, version, name, "
                       "hash, content FROM t_checkpoints WHERE block_number = 5 AND part = 4") ==
          "part 5 is missing");
    CHECK(damage_after("SELECT 1").empty());
}

TEST_CASE("checkpoints: a resumed writer changes nothing before its first block",
    "[storage][checkpoints]")
{
    const TemporaryFile file;
    BlockMaker chain{3};
    {
        auto writer = LedgerWriter::create(file.path(), manifest(), description());
        for (int i = 0; i < 3; ++i)
            writer.append(chain.make(20));
        KeptSource source{parts};
        writer.write_checkpoint("1", source);
        writer.finish();
    }
    {
        auto writer = LedgerWriter::resume(file.path(), manifest(), description());
        CHECK(LedgerReader{writer.database()}.has_indexes());
        CHECK_FALSE(LedgerReader{writer.database()}.is_finished());
        writer.append(chain.make(20));
        writer.flush();
        CHECK_FALSE(LedgerReader{writer.database()}.has_indexes());
        CHECK(list_checkpoints(writer.database()).size() == 1);
        writer.finish();
    }
    auto reader = LedgerReader::open(file.path());
    CHECK(reader.is_finished());
    CHECK(reader.last_block() == 3U);
}

TEST_CASE("checkpoints: a file that holds nothing yet is begun", "[storage][checkpoints]")
{
    const TemporaryFile file;
    SECTION("missing") {}
    SECTION("empty")
    {
        std::ofstream{file.path()}.close();
    }
    SECTION("killed before its tables were made")
    {
        (void)Database::create(file.path(), false);
    }
    auto writer = LedgerWriter::resume(file.path(), manifest(), description());
    CHECK(writer.next_block() == 0);
    writer.append(BlockMaker{3}.make(20));
    writer.finish();
    CHECK(LedgerReader::open(file.path()).last_block() == 0U);
}
