#include "storage/schema.hpp"

#include "storage/ledger_reader.hpp"
#include "storage/row_batch.hpp"
#include "tests/storage/ledger_fixture.hpp"
#include "tests/support/catch.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

using namespace runnel;
using namespace runnel::storage;
using namespace runnel::storage::fixture;

namespace
{
/// A file opened by a plain SQLite client: none of our functions, settings or checks.
class PlainClient
{
public:
    explicit PlainClient(const std::string& path)
    {
        REQUIRE(
            sqlite3_open_v2(path.c_str(), &database_, SQLITE_OPEN_READONLY, nullptr) == SQLITE_OK);
    }
    PlainClient(const PlainClient&) = delete;
    PlainClient& operator=(const PlainClient&) = delete;
    ~PlainClient() { sqlite3_close(database_); }

    /// The first row, by column; "NULL" for NULL.
    std::map<std::string, std::string> row(const std::string& sql)
    {
        std::map<std::string, std::string> values;
        sqlite3_stmt* statement = nullptr;
        CAPTURE(sql);
        const auto code = sqlite3_prepare_v2(database_, sql.c_str(), -1, &statement, nullptr);
        INFO(sqlite3_errmsg(database_));
        REQUIRE(code == SQLITE_OK);
        if (sqlite3_step(statement) == SQLITE_ROW)
        {
            for (int i = 0; i < sqlite3_column_count(statement); ++i)
            {
                const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, i));
                values[sqlite3_column_name(statement, i)] = text == nullptr ? "NULL" : text;
            }
        }
        sqlite3_finalize(statement);
        return values;
    }
    std::vector<std::string> columns(const std::string& view)
    {
        std::vector<std::string> names;
        sqlite3_stmt* statement = nullptr;
        REQUIRE(sqlite3_prepare_v2(database_, ("SELECT * FROM " + view).c_str(), -1, &statement,
                    nullptr) == SQLITE_OK);
        for (int i = 0; i < sqlite3_column_count(statement); ++i)
            names.emplace_back(sqlite3_column_name(statement, i));
        sqlite3_finalize(statement);
        return names;
    }

private:
    sqlite3* database_ = nullptr;
};

/// Two blocks whose figures are easy to check by hand.
void write_known_ledger(const std::string& path)
{
    const auto ann = AccountId{1};
    const auto bob = AccountId{2};
    const auto pair = ContractId{3};
    const auto usdc = ContractId{1};
    const auto weth = ContractId{2};
    auto writer = LedgerWriter::create(path, manifest(), description());
    Hash parent;
    for (std::uint64_t number = 0; number < 2; ++number)
    {
        FinishedBlock block;
        EventArena arena;
        for (std::uint32_t i = 0; number == 1 && i < 3; ++i)
        {
            Transaction transaction;
            transaction.sender = ann;
            transaction.nonce = i;
            transaction.gas_limit = 100'000;
            CallWriter calls;
            if (i == 0)
                calls.add(native_coin, Payment{bob, Amount{123}});
            else
                calls.add(pair, AnyCall{});
            transaction.set_calls(calls.bytes());
            transaction.seal();
            block.transactions.push_back(transaction);
            Receipt receipt;
            receipt.gas_used = 21'000 + i;
            receipt.status = i == 2 ? ReceiptStatus::reverted : ReceiptStatus::succeeded;
            receipt.refusal = Refusal::error("UniswapV2: K");
            block.receipts.push_back(receipt);
        }
        if (number == 1)
        {
            // WETH at 2,000 dollars; 1,000 USDC bought for 0.5 WETH.
            append_event(arena, pair, 0, OraclePrice{weth, Amount{2'000'00000000}});
            append_event(arena, usdc, 1, Transfer{ann, bob, Amount{1'000'000'000}});
            append_event(arena, pair, 1,
                DexTrade{usdc, weth, Amount{1'000'000'000}, Amount{500'000'000'000'000'000}, ann,
                    weth, Amount{1'500'000'000'000'000}});
            append_event(arena, pair, 1,
                LendingBorrow{LendingBorrowType::borrow, weth, ann, bob, zero_account, zero_account,
                    Amount{3'000'000'000'000'000'000}});
            append_event(arena, pair, 3, DexPool{usdc, Amount{5'000'000}, Amount{7}});
        }
        block.events = arena.events;
        block.event_bytes = arena.event_bytes;
        block.header.number = number;
        block.header.parent_hash = parent;
        block.header.timestamp = 1'700'000'000 + 12 * number;
        block.header.proposer = AccountId{3};
        block.header.transaction_count = static_cast<std::uint32_t>(block.transactions.size());
        parent = block.hash = block.header.hash();
        writer.append(std::make_shared<const FinishedBlock>(std::move(block)));
    }
    writer.finish();
}

std::string address(const char* name)
{
    return address_of_name(name).to_string();
}
}  // namespace

TEST_CASE("schema: the views have the names of ethereum-etl and Spellbook", "[storage][schema]")
{
    const TemporaryFile file;
    write_ledger(file.path(), 1, 3);
    PlainClient client{file.path()};
    using Names = std::vector<std::string>;
    CHECK(client.columns("blocks") ==
          Names{"number", "hash", "parent_hash", "nonce", "sha3_uncles", "logs_bloom",
              "transactions_root", "state_root", "receipts_root", "miner", "difficulty",
              "total_difficulty", "size", "extra_data", "gas_limit", "gas_used", "timestamp",
              "transaction_count", "base_fee_per_gas", "arrivals_root", "rewards_root",
              "checkpoint_root", "finalized_block"});
    CHECK(client.columns("transactions") ==
          Names{"hash", "nonce", "block_hash", "block_number", "transaction_index", "from_address",
              "to_address", "value", "gas", "gas_price", "input", "block_timestamp",
              "max_fee_per_gas", "max_priority_fee_per_gas", "transaction_type",
              "receipt_cumulative_gas_used", "receipt_gas_used", "receipt_contract_address",
              "receipt_root", "receipt_status", "receipt_effective_gas_price", "revert_reason",
              "revert_name", "arrival_ms", "fee_wei", "fee", "from_group"});
    CHECK(client.columns("token_transfers") ==
          Names{"token_address", "from_address", "to_address", "value", "transaction_hash",
              "log_index", "block_number", "block_hash", "block_timestamp"});
    CHECK(client.columns("dex_trades") ==
          Names{"blockchain", "project", "version", "block_month", "block_date", "block_time",
              "block_number", "token_bought_symbol", "token_sold_symbol", "token_pair",
              "token_bought_amount", "token_sold_amount", "token_bought_amount_raw",
              "token_sold_amount_raw", "amount_usd", "token_bought_address", "token_sold_address",
              "taker", "maker", "project_contract_address", "tx_hash", "tx_from", "tx_to",
              "evt_index", "fee_token_address", "fee_amount", "fee_raw"});
    CHECK(client.columns("lending_borrow") ==
          Names{"blockchain", "project", "version", "transaction_type", "loan_type", "symbol",
              "token_address", "borrower", "on_behalf_of", "repayer", "liquidator", "amount",
              "amount_raw", "amount_usd", "block_month", "block_time", "block_number",
              "project_contract_address", "tx_hash", "evt_index"});
    CHECK(client.columns("lending_flashloans") ==
          Names{"blockchain", "project", "version", "token_address", "symbol", "recipient",
              "amount", "amount_raw", "amount_usd", "fee", "block_month", "block_time",
              "block_number", "project_contract_address", "tx_hash", "evt_index"});
    CHECK(client.columns("labels") == Names{"address", "name", "role", "strategy", "scenario_group",
                                          "block_number", "transaction_index"});
}

TEST_CASE("schema: views show what happened", "[storage][schema]")
{
    const TemporaryFile file;
    write_known_ledger(file.path());
    PlainClient client{file.path()};

    auto row = client.row("SELECT * FROM transactions WHERE transaction_index = 0");
    CHECK(row["from_address"] == address("ann"));
    CHECK(row["to_address"] == address("bob"));
    CHECK(row["value"] == "123");
    CHECK(row["revert_reason"] == "NULL");
    CHECK(row["block_timestamp"] == "1700000012");
    row = client.row("SELECT * FROM transactions WHERE transaction_index = 2");
    CHECK(row["to_address"] == address("weth_usdc"));
    CHECK(row["value"] == "0");
    CHECK(row["receipt_status"] == "0");
    CHECK(row["revert_reason"] == "UniswapV2: K");
    CHECK(row["receipt_cumulative_gas_used"] == "63003");
    CHECK(row["hash"].size() == 66);

    row = client.row("SELECT * FROM token_transfers");
    CHECK(row["token_address"] == address("usdc"));
    CHECK(row["from_address"] == address("ann"));
    CHECK(row["to_address"] == address("bob"));
    CHECK(row["value"] == "1000000000");
    CHECK(row["log_index"] == "0");

    row = client.row("SELECT * FROM logs");
    CHECK(row["topic0"] == "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef");
    CHECK(row["topic1"] == "0x000000000000000000000000" + address("ann").substr(2));
    CHECK(row["topic2"] == "0x000000000000000000000000" + address("bob").substr(2));
    CHECK(row["topic3"] == "NULL");
    CHECK(row["data"] == "0x" + std::string(56, '0') + "3b9aca00");

    row = client.row("SELECT * FROM dex_trades");
    CHECK(row["project"] == "uniswap");
    CHECK(row["version"] == "2");
    CHECK(row["block_month"] == "2023-11-01");
    CHECK(row["block_time"] == "2023-11-14 22:13:32");
    CHECK(row["token_pair"] == "USDC-WETH");
    CHECK(row["token_bought_amount"] == "1000.0");
    CHECK(row["token_sold_amount"] == "0.5");
    CHECK(row["amount_usd"] == "1000.0");  // USDC has no price: by the WETH.
    CHECK(row["taker"] == address("ann"));
    CHECK(row["tx_from"] == address("ann"));
    CHECK(row["tx_to"] == address("weth_usdc"));
    CHECK(row["project_contract_address"] == address("weth_usdc"));
    CHECK(row["evt_index"] == "2");
    CHECK(row["fee_token_address"] == address("weth"));
    CHECK(row["fee_amount"] == "0.0015");

    row = client.row("SELECT * FROM lending_borrow");
    CHECK(row["symbol"] == "WETH");
    CHECK(row["amount"] == "3.0");
    CHECK(row["amount_usd"] == "6000.0");
    CHECK(row["borrower"] == address("ann"));
    CHECK(row["on_behalf_of"] == address("bob"));
    CHECK(row["repayer"] == "NULL");

    row = client.row("SELECT * FROM dex_pools");
    CHECK(row["token"] == address("usdc"));
    CHECK(row["token_symbol"] == "USDC");
    CHECK(row["reserve_scaled"] == "5.0");
    row = client.row("SELECT * FROM contracts WHERE name = 'usdc'");
    CHECK(row["is_erc20"] == "1");
    CHECK(client.row("SELECT is_erc20 FROM contracts WHERE name = 'eth'")["is_erc20"] == "0");
    CHECK(client.row("SELECT * FROM tokens WHERE symbol = 'USDC'")["decimals"] == "6");
    CHECK(client.row("SELECT * FROM blocks WHERE number = 1")["miner"] == address("val"));
}

TEST_CASE("schema: lookups by address and block use indexes", "[storage][schema]")
{
    const TemporaryFile file;
    write_ledger(file.path(), 1, 3);
    auto reader = LedgerReader::open(file.path());
    for (const auto* sql : {"SELECT value FROM token_transfers WHERE from_address = '0x12'",
             "SELECT value FROM token_transfers WHERE block_number = 2",
             "SELECT hash FROM transactions WHERE from_address = '0x12'",
             "SELECT * FROM t_transactions WHERE hash = x'12'",
             "SELECT data FROM logs WHERE block_number BETWEEN 1 AND 2",
             "SELECT amount_usd FROM dex_trades WHERE taker = '0x12'"})
    {
        CAPTURE(sql);
        auto plan = reader.query(std::string{"EXPLAIN QUERY PLAN "} + sql);
        while (plan.step())
        {
            CAPTURE(std::string{plan.text(3)});
            // An amount's hex digits come from a table `w` of its own limbs.
            const auto step = plan.text(3);
            CHECK_FALSE(
                (step.starts_with("SCAN") && step != "SCAN w" && step != "SCAN CONSTANT ROW"));
        }
    }
}

TEST_CASE("schema: the reference explains every column", "[storage][schema]")
{
    const auto described = description();
    const Schema schema{described.events};
    const auto page = database_reference(described.events);
    for (const auto& table : schema.tables())
    {
        CHECK_THAT(page, Catch::Contains("### `" + table.name + "`"));
        for (const auto& column : table.columns)
            CHECK_THAT(page, Catch::Contains("| `" + column.name + "` | " + column.type));
    }
    std::set<std::string> views;
    for (const auto& view : schema.views())
    {
        CAPTURE(view.name);
        CHECK(views.insert(view.name).second);
        CHECK_THAT(page, Catch::Contains("### `" + view.name + "`"));
    }
    for (const auto* name : {"blocks", "transactions", "logs", "token_transfers", "contracts",
             "tokens", "dropped_transactions", "starting_positions", "dex_trades", "lending_borrow",
             "lending_supply", "lending_flashloans", "lending_positions", "lending_liquidations",
             "labels", "rewards"})
        CHECK(views.contains(name));
}

TEST_CASE("schema: the truth's purposes are all explained", "[storage][schema]")
{
    const auto described = description();
    const Schema schema{described.events};
    const auto& columns = schema.table("t_truth_transactions").columns;
    const auto found = std::find_if(columns.begin(), columns.end(),
        [](const ColumnInfo& column) { return column.name == "purpose"; });
    REQUIRE(found != columns.end());
    for (std::uint8_t i = 0; i < purpose_count; ++i)
        CHECK_THAT(
            found->meaning, Catch::Contains(std::string{to_string(static_cast<Purpose>(i))}));
}

// Method: the file is asked what it holds, by a client that knows nothing of us; each table, view
// and column must be explained, and nothing else.
TEST_CASE("schema: a ledger explains itself", "[storage][schema]")
{
    const TemporaryFile file;
    write_ledger(file.path(), 1, 3);
    auto reader = LedgerReader::open(file.path());
    auto& database = reader.database();
    auto objects = database.prepare(
        "SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view') "
        "AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'");
    std::int64_t explained = 0;
    while (objects.step())
    {
        const std::string name{objects.text(0)};
        CAPTURE(name);
        auto columns = database.prepare(
            "SELECT '', 0 UNION ALL SELECT name, cid + 1 FROM pragma_table_info(?)");
        columns.bind(1, Value{std::string_view{name}});
        while (columns.step())
        {
            CAPTURE(columns.text(0));
            auto found = database.prepare(
                "SELECT kind, column_name, type, meaning FROM t_documentation "
                "WHERE object = ? AND position = ?");
            found.bind(1, Value{std::string_view{name}});
            found.bind(2, Value{columns.integer(1)});
            REQUIRE(found.step());
            CHECK(found.text(0) == objects.text(1));
            CHECK(found.text(1) == columns.text(0));
            CHECK(found.text(2).empty() == columns.text(0).empty());
            CHECK_FALSE(found.text(3).empty());
            ++explained;
        }
    }
    CHECK(explained > 300);
    CHECK(database.query_integer("SELECT count(*) FROM t_documentation") == explained);
}

TEST_CASE("schema: views are made for tables that are there", "[storage][schema]")
{
    const Schema schema{{}};
    for (const auto& view : schema.views())
        CHECK_FALSE(view.name == "dex_trades");
    auto database = Database::in_memory();
    schema.create(database);
    schema.create_indexes(database);
    schema.drop_indexes(database);
    CHECK(database.query_integer("SELECT count(*) FROM sqlite_master WHERE name LIKE 'i\\_%' "
                                 "ESCAPE '\\'") == 0);
}

TEST_CASE("schema: fields that are accounts or contracts are ids", "[storage][schema]")
{
    CHECK(id_column("taker") == "taker_id");
    CHECK(id_column("from_address") == "from_id");
}

namespace
{
struct SampleRow
{
    static constexpr std::string_view table = "t_sample";

    std::uint64_t number = 0;
    AccountId who{};
    std::optional<Amount> paid;
    std::string_view note;
    std::uint16_t small = 0;

    static constexpr void describe(auto& self, auto&& column)
    {
        column("number", self.number, {"The key."});
        column("who_id", self.who, {"An account."});
        column("paid", self.paid, {"Derived.", unit::wei, true});
        column("note", self.note, {"Text."});
        column("small", self.small, {"Below 2^16."});
    }
};
}  // namespace

TEST_CASE("rows: one description makes the table, writes and reads", "[storage]")
{
    TableInfo table{"t_sample", "", TableKind::metrics, {}, {}, {}};
    const SampleRow empty;
    SampleRow::describe(empty, ColumnsOfRow{table.columns});
    CHECK(table.create_sql() ==
          "CREATE TABLE \"t_sample\" (\"number\" INTEGER NOT NULL, \"who_id\" INTEGER NOT NULL, "
          "\"paid\" TEXT, \"note\" TEXT NOT NULL, \"small\" INTEGER NOT NULL)");
    CHECK(table.columns[1].refers_to == RefersTo::addresses);
    CHECK(select_rows<SampleRow>() ==
          "SELECT \"number\", \"who_id\", \"note\", \"small\" FROM \"t_sample\"");

    auto database = Database::in_memory();
    database.execute(table.create_sql());
    RowBatch batch{database, table};
    Rows<SampleRow> rows{batch};
    {
        const std::string note = "gone before the row is inserted";
        rows.add({~0ULL, AccountId{7}, Amount{12}, note, 65'535});
    }
    rows.add({1, AccountId{8}, std::nullopt, "", 0});
    batch.flush();

    auto found = database.prepare(select_rows<SampleRow>());
    REQUIRE(found.step());
    const auto first = read_row<SampleRow>(found);
    CHECK(first.number == ~0ULL);
    CHECK(first.who == AccountId{7});
    CHECK_FALSE(first.paid.has_value());
    CHECK(first.note == "gone before the row is inserted");
    CHECK(first.small == 65'535);
    CHECK(database.query_integer("SELECT count(*) FROM t_sample WHERE paid = '12'") == 1);
    CHECK(database.query_integer("SELECT count(*) FROM t_sample WHERE paid IS NULL") == 1);

    database.execute("UPDATE t_sample SET small = 65536");
    auto damaged = database.prepare(select_rows<SampleRow>());
    REQUIRE(damaged.step());
    CHECK_THROWS_AS(read_row<SampleRow>(damaged), StorageError);
}
