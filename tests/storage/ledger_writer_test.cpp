#include "storage/ledger_writer.hpp"

#include "state/abi.hpp"
#include "storage/comparison.hpp"
#include "storage/ledger_reader.hpp"
#include "tests/storage/ledger_fixture.hpp"
#include "tests/support/catch.hpp"

#include <fmt/format.h>
#include <sys/wait.h>

#include <csignal>
#include <fstream>

using namespace runnel;
using namespace runnel::storage;
using namespace runnel::storage::fixture;

namespace
{
StorageErrorKind kind_of(const std::function<void()>& action)
{
    try
    {
        action();
    }
    catch (const StorageError& error)
    {
        UNSCOPED_INFO(error.what());
        return error.kind();
    }
    FAIL("no StorageError");
    return {};
}

void check_same(const Transaction& a, const Transaction& b)
{
    CHECK(a.hash == b.hash);
    CHECK(a.sender == b.sender);
    CHECK(a.nonce == b.nonce);
    CHECK(a.gas_limit == b.gas_limit);
    CHECK(a.max_fee == b.max_fee);
    CHECK(a.max_priority_fee == b.max_priority_fee);
    CHECK(a.input == b.input);
    CHECK(a.witnesses == b.witnesses);
    auto sealed = a;
    sealed.seal();
    CHECK(sealed.hash == a.hash);
}

void check_holds(LedgerReader& reader, const FinishedBlock& expected)
{
    const auto block = reader.block(expected.header.number);
    CHECK(block.hash == expected.hash);
    CHECK(block.header.hash() == expected.hash);
    REQUIRE(block.transactions.size() == expected.transactions.size());
    for (std::size_t i = 0; i < block.transactions.size(); ++i)
        check_same(block.transactions[i], expected.transactions[i]);
    REQUIRE(block.rewards.size() == expected.rewards.size());
    for (std::size_t i = 0; i < block.rewards.size(); ++i)
    {
        CHECK(block.rewards[i].account == expected.rewards[i].account);
        CHECK(block.rewards[i].amount == expected.rewards[i].amount);
    }
}
}  // namespace

TEST_CASE("ledger writer: what was written is read back", "[storage][property]")
{
    const TemporaryFile file;
    BlockMaker maker{20'260'101};
    std::vector<std::shared_ptr<const FinishedBlock>> blocks;
    {
        auto writer = LedgerWriter::create(file.path(), manifest(), description());
        for (const auto transactions : {0U, 1U, 47U, 48U, 49U, 200U, 7U})
        {
            blocks.push_back(maker.make(transactions));
            writer.append(blocks.back());
        }
        writer.finish();
    }
    CHECK_FALSE(std::filesystem::exists(file.path() + "-wal"));

    auto reader = LedgerReader::open(file.path());
    CHECK(reader.manifest() == manifest());
    CHECK(reader.block_count() == blocks.size());
    CHECK(reader.last_block() == blocks.size() - 1);
    CHECK(reader.is_finished());
    CHECK(reader.database().check_integrity().empty());
    reader.check_description(description());
    for (const auto& block : blocks)
        check_holds(reader, *block);
    const auto& sought = blocks[5]->transactions[120];
    CHECK(reader.find_transaction(sought.hash) == std::pair{std::uint64_t{5}, 120U});
    CHECK_FALSE(reader.find_transaction(Hash{}).has_value());
    CHECK(reader.accounts().at(1).strategy == "trader");
}

TEST_CASE("ledger writer: events are rows of their tables and logs", "[storage]")
{
    const TemporaryFile file;
    BlockMaker maker{3};
    const auto block = maker.make(60);
    {
        auto writer = LedgerWriter::create(file.path(), manifest(), description());
        writer.append(block);
        writer.finish();
    }
    auto reader = LedgerReader::open(file.path());
    auto rows = reader.query(
        "SELECT transaction_index, contract_id, from_id, to_id, value "
        "FROM t_token_transfers ORDER BY block_number, log_index");
    auto odd_rows = reader.query(
        "SELECT \"select\", \"group\", \"order\", table_id, \"index\", change "
        "FROM t_oddities ORDER BY block_number, log_index");
    std::size_t transfers = 0;
    for (const auto& event : block->events)
    {
        if (event.type == &event_type<Transfer>)
        {
            Transfer transfer;
            REQUIRE(decode(block->encoding(event), transfer));
            REQUIRE(rows.step());
            CHECK(rows.integer(0) == event.transaction);
            CHECK(rows.contract(1) == event.contract);
            CHECK(rows.account(2) == transfer.from_address);
            CHECK(rows.account(3) == transfer.to_address);
            CHECK(rows.amount(4) == transfer.value);
            ++transfers;
        }
        if (event.type == &event_type<Oddity>)
        {
            Oddity oddity;
            REQUIRE(decode(block->encoding(event), oddity));
            REQUIRE(odd_rows.step());
            CHECK(odd_rows.text(0) == to_string(oddity.select));
            CHECK(odd_rows.integer(1) == oddity.group);
            CHECK(odd_rows.integer(2) == (oddity.order ? 1 : 0));
            CHECK(odd_rows.contract(3) == oddity.table_of);
            CHECK(static_cast<std::uint64_t>(odd_rows.integer(4)) == oddity.index_of);
            CHECK(odd_rows.text(5) == oddity.change.to_string());
        }
    }
    CHECK_FALSE(rows.step());
    CHECK_FALSE(odd_rows.step());
    CHECK(transfers > 20);
}

TEST_CASE("ledger writer: logs are computed as the ABI encodes them", "[storage][property]")
{
    const TemporaryFile file;
    BlockMaker maker{11};
    const auto block = maker.make(300);
    {
        auto writer = LedgerWriter::create(file.path(), manifest(), description());
        writer.append(block);
        writer.finish();
    }
    const auto described = description();
    AddressBook addresses;
    for (const auto& account : described.accounts)
        addresses.accounts.push_back(account.address);
    for (const auto& contract : described.contracts)
        addresses.contract_accounts.push_back(contract.account);
    const auto hex = [](ByteView bytes)
    {
        std::string text = "0x";
        for (const auto byte : bytes)
            text += fmt::format("{:02x}", byte);
        return text;
    };
    auto reader = LedgerReader::open(file.path());
    auto rows = reader.query(
        "SELECT transaction_index, address, data, topic0, coalesce(topic1, ''), "
        "coalesce(topic2, ''), coalesce(topic3, '') FROM logs ORDER BY block_number, log_index");
    for (const auto& event : block->events)
    {
        if (event.type->use != EventUse::log)
            continue;
        const auto log = AbiEvent{*event.type}.log(block->encoding(event), addresses);
        REQUIRE(rows.step());
        CHECK(rows.integer(0) == event.transaction);
        CHECK(rows.text(1) == addresses.address(event.contract).to_string());
        CHECK(rows.text(2) == hex(log.data));
        for (std::size_t i = 0; i < 4; ++i)
        {
            const auto topic = i < log.topics.size() ? hex(log.topics[i].bytes) : "";
            CHECK(rows.text(static_cast<int>(3 + i)) == topic);
        }
    }
    CHECK_FALSE(rows.step());
}

TEST_CASE("ledger writer: grouping does not change the file's rows", "[storage]")
{
    const TemporaryFile grouped;
    const TemporaryFile single;
    WriterOptions one_by_one;
    one_by_one.group_blocks = 1;
    one_by_one.durability = Durability::off;
    write_ledger(grouped.path(), 5, 20);
    write_ledger(single.path(), 5, 20, one_by_one);
    auto a = LedgerReader::open(grouped.path());
    auto b = LedgerReader::open(single.path());
    CHECK_FALSE(compare_ledgers(a.database(), b.database()).has_value());
}

TEST_CASE("ledger writer: a dropped group leaves nothing, a flushed one all", "[storage]")
{
    const TemporaryFile file;
    BlockMaker maker{9};
    std::vector<std::shared_ptr<const FinishedBlock>> blocks;
    for (int i = 0; i < 4; ++i)
        blocks.push_back(maker.make(60));
    {
        auto writer = LedgerWriter::create(file.path(), manifest(), description());
        writer.append(blocks[0]);
        writer.append(blocks[1]);
        writer.flush();
        writer.append(blocks[2]);
    }
    {
        auto reader = LedgerReader::open(file.path());
        CHECK(reader.last_block() == 1U);
        CHECK_FALSE(reader.has_indexes());
        check_holds(reader, *blocks[1]);
        CHECK(reader.database().query_integer("SELECT max(block_number) FROM t_token_transfers") ==
              1);
    }
    {
        auto writer = LedgerWriter::resume(file.path(), manifest(), description());
        CHECK(writer.next_block() == 2);
        writer.append(blocks[2]);
        writer.append(blocks[3]);
        writer.finish();
    }
    const TemporaryFile straight;
    {
        auto writer = LedgerWriter::create(straight.path(), manifest(), description());
        for (const auto& block : blocks)
            writer.append(block);
        writer.finish();
    }
    auto a = LedgerReader::open(file.path());
    auto b = LedgerReader::open(straight.path());
    CHECK_FALSE(compare_ledgers(a.database(), b.database()).has_value());
}

TEST_CASE("ledger writer: a row that is there twice is damage", "[storage]")
{
    BlockMaker maker{9};
    auto writer = LedgerWriter::in_memory(manifest(), description());
    writer.append(maker.make(30));
    writer.flush();
    writer.database().execute("INSERT INTO t_transactions SELECT * FROM t_transactions LIMIT 1");
    try
    {
        writer.build_indexes();
        FAIL("the index over the key was made");
    }
    catch (const StorageError& error)
    {
        CHECK(error.kind() == StorageErrorKind::corrupt);
        CHECK_THAT(error.what(), Catch::Contains("t_transactions.block_number"));
    }
}

TEST_CASE("ledger writer: a killed process leaves the committed groups", "[storage]")
{
    const auto durability = GENERATE(Durability::full, Durability::normal, Durability::off);
    const TemporaryFile file;
    const auto child = fork();
    REQUIRE(child >= 0);
    if (child == 0)
    {
        WriterOptions options;
        options.durability = durability;
        BlockMaker maker{11};
        auto writer = LedgerWriter::create(file.path(), manifest(), description(), options);
        for (int i = 0; i < 8; ++i)
            writer.append(maker.make(100));
        writer.flush();
        for (int i = 0; i < 3; ++i)
            writer.append(maker.make(100));
        kill(getpid(), SIGKILL);
    }
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    REQUIRE(WIFSIGNALED(status));

    BlockMaker maker{11};
    std::vector<std::shared_ptr<const FinishedBlock>> blocks;
    for (int i = 0; i < 11; ++i)
        blocks.push_back(maker.make(100));
    {
        auto reader = LedgerReader::open(file.path());
        REQUIRE(reader.last_block() == 7U);
        CHECK(reader.database().check_integrity().empty());
        for (int i = 0; i < 8; ++i)
            check_holds(reader, *blocks[static_cast<std::size_t>(i)]);
    }
    auto writer = LedgerWriter::resume(file.path(), manifest(), description());
    REQUIRE(writer.next_block() == 8);
    for (std::size_t i = 8; i < blocks.size(); ++i)
        writer.append(blocks[i]);
    writer.finish();
    auto reader = LedgerReader::open(file.path());
    check_holds(reader, *blocks.back());
}

TEST_CASE("ledger writer: an existing file is refused, or replaced with force", "[storage]")
{
    const TemporaryFile file;
    write_ledger(file.path(), 1, 2);
    CHECK(kind_of([&] { (void)LedgerWriter::create(file.path(), manifest(), description()); }) ==
          StorageErrorKind::exists);
    WriterOptions options;
    options.force = true;
    write_ledger(file.path(), 1, 3, options);
    CHECK(LedgerReader::open(file.path()).block_count() == 3);

    std::ofstream{file.path()} << "[scenario]\nname = \"precious\"\n";
    CHECK(kind_of([&] { write_ledger(file.path(), 1, 1, options); }) ==
          StorageErrorKind::not_a_ledger);
    std::string kept;
    std::getline(std::ifstream{file.path()}, kept);
    CHECK(kept == "[scenario]");
}

TEST_CASE("ledger writer: another run's ledger is not continued", "[storage]")
{
    const TemporaryFile file;
    write_ledger(file.path(), 1, 2);
    auto other = manifest();
    other.entries[1].second = "8";
    try
    {
        (void)LedgerWriter::resume(file.path(), other, description());
        FAIL("no error");
    }
    catch (const StorageError& error)
    {
        CHECK(error.kind() == StorageErrorKind::mismatch);
        CHECK_THAT(error.what(), Catch::Contains("seed: \"7\", not \"8\""));
    }
    auto fewer = description();
    fewer.contracts.pop_back();
    CHECK(kind_of([&] { (void)LedgerWriter::resume(file.path(), manifest(), fewer); }) ==
          StorageErrorKind::mismatch);
    auto poorer = description();
    poorer.events.pop_back();
    (void)LedgerWriter::resume(file.path(), manifest(), poorer);  // Fewer events harm nothing.
}

TEST_CASE("ledger writer: a second process gets a clear error", "[storage]")
{
    const TemporaryFile file;
    auto writer = LedgerWriter::create(file.path(), manifest(), description());
    BlockMaker maker{1};
    writer.append(maker.make(5));
    writer.flush();
    const auto child = fork();
    REQUIRE(child >= 0);
    if (child == 0)
    {
        int wrong = 0;
        for (int attempt = 0; attempt < 3; ++attempt)
        {
            try
            {
                WriterOptions options;
                options.force = true;
                if (attempt == 0)
                    (void)LedgerReader::open(file.path());
                else if (attempt == 1)
                    (void)LedgerWriter::resume(file.path(), manifest(), description());
                else
                    (void)LedgerWriter::create(file.path(), manifest(), description(), options);
                ++wrong;
            }
            catch (const StorageError& error)
            {
                wrong += error.kind() == StorageErrorKind::busy ? 0 : 1;
            }
        }
        _exit(wrong);
    }
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(WEXITSTATUS(status) == 0);
    writer.append(maker.make(5));  // And the writer did not notice.
    writer.finish();
    CHECK(LedgerReader::open(file.path()).block_count() == 2);
}

TEST_CASE("ledger writer: a full disk is reported and loses no committed block", "[storage]")
{
    const TemporaryFile file;
    BlockMaker maker{2};
    std::uint64_t committed = 0;
    {
        auto writer = LedgerWriter::create(file.path(), manifest(), description());
        writer.append(maker.make(50));
        writer.flush();
        const auto pages = writer.database().query_integer("PRAGMA page_count");
        writer.database().execute("PRAGMA max_page_count = " + std::to_string(pages + 60));
        const auto fill = [&]
        {
            while (true)
            {
                writer.append(maker.make(50));
                writer.flush();
                committed = writer.next_block() - 1;
            }
        };
        CHECK(kind_of(fill) == StorageErrorKind::full);
        CHECK(kind_of([&] { writer.flush(); }) == StorageErrorKind::io);
    }
    auto reader = LedgerReader::open(file.path());
    CHECK(committed >= 1);
    CHECK(reader.last_block() == committed);
    CHECK(reader.database().check_integrity().empty());
}

TEST_CASE("ledger writer: figures of the clock have a table of their own", "[storage]")
{
    const TemporaryFile file;
    {
        auto writer = LedgerWriter::create(file.path(), manifest(), description());
        writer.add_metric("workers", -1, 2);
        writer.add_metric("execute_us", 0, 12.5);
        writer.finish();
    }
    auto reader = LedgerReader::open(file.path());
    CHECK_FALSE(reader.last_block().has_value());
    auto rows =
        reader.query("SELECT name, block_number, value FROM t_run_metrics ORDER BY name DESC");
    REQUIRE(rows.step());
    CHECK(rows.text(0) == "workers");
    CHECK(rows.is_null(1));
    CHECK(rows.real(2) == 2);
    REQUIRE(rows.step());
    CHECK(rows.integer(1) == 0);
    CHECK(rows.real(2) == 12.5);
}
