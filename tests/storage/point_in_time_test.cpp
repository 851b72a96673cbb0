#include "storage/database.hpp"
#include "storage/sql_functions.hpp"
#include "tests/support/catch.hpp"

#include <limits>
#include <map>
#include <optional>
#include <string>

using namespace runnel;
using namespace runnel::storage;

namespace
{
/// As much of a ledger as the functions read: alice (1), bob (2), a validator (3), a market (4);
/// ETH (0), USDC (1), two tokens with one symbol (2, 3), the market (4).
Database small_ledger()
{
    auto database = Database::in_memory();
    database.execute(R"(
CREATE TABLE t_addresses (id INTEGER PRIMARY KEY, address TEXT, name TEXT, role TEXT);
INSERT INTO t_addresses VALUES (0, '0x0000000000000000000000000000000000000000', 'zero', 'ledger'),
  (1, '0x00000000000000000000000000000000000000aa', 'alice', 'wallet'), (2, '0x00000000000000000000000000000000000000bb', 'bob', 'wallet'),
  (3, '0x00000000000000000000000000000000000000cc', 'validator/0', 'validator'), (4, '0x00000000000000000000000000000000000000dd', 'market', 'lending');
CREATE TABLE t_contracts (id INTEGER PRIMARY KEY, address TEXT, name TEXT);
INSERT INTO t_contracts VALUES (0, '0x01', 'ETH'), (1, '0x0000000000000000000000000000000000000011', 'USDC'), (2, '0x02', 'one'),
  (3, '0x03', 'two'), (4, '0x00000000000000000000000000000000000000dd', 'market');
CREATE TABLE t_tokens (contract_id INTEGER PRIMARY KEY, symbol TEXT, decimals INTEGER);
INSERT INTO t_tokens VALUES (0, 'ETH', 18), (1, 'USDC', 6), (2, 'TWIN', 18), (3, 'TWIN', 18);
CREATE TABLE t_blocks (number INTEGER, proposer_id INTEGER, base_fee INTEGER);
INSERT INTO t_blocks VALUES (0, 3, 10), (1, 3, 10), (2, 3, 10);
CREATE TABLE t_starting_balances (account_id INTEGER, token_id INTEGER, balance TEXT);
INSERT INTO t_starting_balances VALUES (1, 0, '100000000000000000000000000000'), (1, 1, '500'), (3, 0, '1000');
CREATE TABLE t_transactions (block_number INTEGER, transaction_index INTEGER, from_id INTEGER, receipt_gas_used INTEGER,
  receipt_effective_gas_price INTEGER);
INSERT INTO t_transactions VALUES (0, 0, 1, 9, 9), (1, 0, 1, 100, 12), (1, 1, 1, 100, 10), (2, 0, 2, 1, 10);
CREATE TABLE t_rewards (block_number INTEGER, reward_index INTEGER, account_id INTEGER, amount TEXT);
INSERT INTO t_rewards VALUES (1, 0, 3, '7');
CREATE TABLE t_token_transfers (block_number INTEGER, log_index INTEGER, transaction_index INTEGER, contract_id INTEGER, from_id INTEGER,
  to_id INTEGER, value TEXT);
INSERT INTO t_token_transfers VALUES (0, 0, 0, 1, 0, 1, '500'), (1, 0, 0, 1, 1, 2, '200'), (1, 1, 1, 1, 2, 1, '50'), (2, 0, 0, 1, 1, 1, '5');
CREATE TABLE t_native_transfers (block_number INTEGER, event_index INTEGER, transaction_index INTEGER, from_id INTEGER, to_id INTEGER,
  value TEXT);
INSERT INTO t_native_transfers VALUES (1, 0, 1, 1, 2, '99999999999999999999999999999');
CREATE TABLE t_reference_prices (token_id INTEGER, from_block INTEGER, price INTEGER);
INSERT INTO t_reference_prices VALUES (1, 1, 99500000);
CREATE TABLE t_oracle_prices (block_number INTEGER, log_index INTEGER, transaction_index INTEGER, contract_id INTEGER, token_id INTEGER, price TEXT);
INSERT INTO t_oracle_prices VALUES (0, 0, 0, 9, 0, '200000000000'), (1, 0, 0, 9, 0, '150000000000'), (0, 1, 0, 9, 1, '100000000');
CREATE TABLE t_lending_balances (block_number INTEGER, event_index INTEGER, transaction_index INTEGER, contract_id INTEGER, account_id INTEGER,
  token_id INTEGER, supplied_scaled TEXT, debt_scaled TEXT, used_as_collateral INTEGER);
INSERT INTO t_lending_balances VALUES (0, 0, 0, 4, 1, 0, '2000000000000000000', '0', 1), (0, 1, 0, 4, 1, 1, '0', '1000000000', 0);
CREATE TABLE t_lending_reserves (block_number INTEGER, event_index INTEGER, contract_id INTEGER, token_id INTEGER, liquidity_index TEXT,
  borrow_index TEXT, price TEXT, liquidation_threshold TEXT, value_token_id INTEGER, value_decimals INTEGER);
INSERT INTO t_lending_reserves VALUES (0, 2, 4, 0, '1000000000000000000000000000', '1000000000000000000000000000', '200000000000', '8000', 4294967295, 8),
  (0, 3, 4, 1, '1000000000000000000000000000', '1000000000000000000000000000', '100000000', '0', 4294967295, 8);
CREATE TABLE t_lending_health (block_number INTEGER, contract_id INTEGER, account_id INTEGER, health_factor TEXT);
INSERT INTO t_lending_health VALUES (0, 4, 1, '3200000000000000001');
)");
    return database;
}

/// A value as text; nothing of NULL.
std::optional<std::string> value(Database& database, const std::string& expression)
{
    auto row = database.prepare("SELECT " + expression);
    REQUIRE(row.step());
    if (row.is_null(0))
        return std::nullopt;
    return row.type(0) == ValueType::integer ? std::to_string(row.integer(0))
                                             : std::string{row.text(0)};
}

std::string failure(Database& database, const std::string& expression)
{
    try
    {
        auto row = database.prepare("SELECT " + expression);
        (void)row.step();
    }
    catch (const StorageError& error)
    {
        REQUIRE(error.kind() == StorageErrorKind::query);
        return error.what();
    }
    return {};
}
}  // namespace

TEST_CASE("SQL functions of one moment", "[storage][sql]")
{
    auto ledger = small_ledger();
    const std::pair<const char*, const char*> cases[] = {
        // What block 0 did is in the starting balances.
        {"balance_at('alice', 'USDC', 0)", "500"},
        {"balance_at('alice', 'USDC', 1)", "350"},
        {"balance_at('alice', 'USDC', 1, 0)", "500"},
        {"balance_at('alice', 'USDC', 1, 1)", "300"},
        {"balance_at('alice', 'USDC', 1, 2)", "350"},
        {"balance_at('alice', 'USDC', 2)", "350"},
        {"balance_at('bob', 'USDC', 2)", "150"},
        // 10^29 - (10^29 - 1) - 1200 - 1000
        {"balance_at('alice', 'ETH', 1)", "-2199"},
        {"balance_at('bob', 'ETH', 1)", "99999999999999999999999999999"},
        // 100 gas at 2 above the base fee, and a reward; both when the block is done.
        {"balance_at('validator/0', 'ETH', 1)", "1207"},
        {"balance_at('validator/0', 'ETH', 1, 2)", "1000"},
        {"balance_at('validator/0', 'ETH', 2, 0)", "1207"},
        {"balance_at(1, 1, 1)", "350"},
        {"balance_at('0x00000000000000000000000000000000000000AA', "
         "'0x0000000000000000000000000000000000000011', 1)",
            "350"},
        {"balance_at('0x00000000000000000000000000000000000000ff', 'USDC', 1)", "0"},
        {"balance_at('zero', 'USDC', 1)", "0"},
        {"balance_at('alice', 'two', 1)", "0"},
        {"account_id('bob')", "2"},
        {"account_id('0x00000000000000000000000000000000000000BB')", "2"},
        {"token_id('USDC')", "1"},
        {"token_id('two')", "3"},
        {"price_at('USDC', 0)", "1"},
        {"price_at('USDC', 1)", "0.995"},
        {"price_at('ETH', 0)", "2000"},
        {"price_at('ETH', 2)", "1500"},
        // As stated; then 2 * 1500 * 0.8 / 1000.
        {"health_factor_at('market', 'alice', 0)", "3.200000000000000001"},
        {"health_factor_at('market', 'alice', 1)", "2.400000000"},
        {"health_factor_at(4, 1, 2)", "2.400000000"},
    };
    for (const auto& [expression, expected] : cases)
    {
        CAPTURE(expression);
        CHECK(value(ledger, expression) == expected);
    }
    for (const auto* nothing : {"balance_at('alice', 'USDC', -1)", "balance_at('alice', 'USDC', 3)",
             "balance_at('alice', 'USDC', 0, 0)", "balance_at(NULL, 'USDC', 1)",
             "balance_at('alice', 'USDC', NULL)",
             "account_id('0x00000000000000000000000000000000000000ff')", "token_id(NULL)",
             "price_at('one', 1)", "price_at('ETH', 3)", "health_factor_at('market', 'bob', 1)",
             "health_factor_at('market', 'alice', 3)"})
    {
        CAPTURE(nothing);
        CHECK(!value(ledger, nothing));
    }
    for (const auto& [expression, words] :
        {std::pair{"balance_at('carol', 'USDC', 1)", "no account `carol`"},
            std::pair{"balance_at(77, 'USDC', 1)", "no account `77`"},
            std::pair{"balance_at('alice', 'DAI', 1)", "no token `DAI`"},
            std::pair{"balance_at('alice', 'market', 1)", "no token `market`"},
            std::pair{"balance_at('alice', 'TWIN', 1)", "2 tokens have the symbol `TWIN`"},
            std::pair{"token_id('TWIN')", "2 tokens have the symbol `TWIN`"},
            std::pair{"balance_at('alice', 'USDC', 1.5)", "a block is a whole number"},
            std::pair{"balance_at('alice', 'USDC', 1, 'x')", "a transaction is a whole number"},
            std::pair{"health_factor_at('USDC', 'alice', 1)", "no lending market `USDC`"}})
    {
        CAPTURE(expression);
        CHECK(failure(ledger, expression).find(words) != std::string::npos);
    }
}

TEST_CASE("SQL functions of one moment: many rows of one statement", "[storage][sql]")
{
    auto ledger = small_ledger();
    // Whichever argument changes from row to row: native coins and tokens have different queries.
    auto rows = ledger.prepare(
        "SELECT group_concat(x, ' ') FROM (SELECT balance_at(a.id, s.contract_id, b.number) AS x "
        "FROM t_blocks b, t_addresses a, t_tokens s WHERE a.id IN (1, 3) AND s.contract_id < 2 AND "
        "b.number > 0 ORDER BY b.number, a.id, s.contract_id)");
    REQUIRE(rows.step());
    CHECK(rows.text(0) == "-2199 350 1207 0 -2199 350 1207 0");
    auto fixed =
        ledger.prepare("SELECT group_concat(balance_at(a.id, 'USDC', 1), ' ') FROM t_addresses a");
    for (int again = 0; again < 2; ++again)
    {
        REQUIRE(fixed.step());
        CHECK(fixed.text(0) == "0 350 150 0 0");
        fixed.reset();
    }
}

// Method: of everybody, after every block and before every transaction, each token's balance by the
// one query is what balance_at() says, and of no other token there is anything.
TEST_CASE("SQL of one moment: all balances at once are those of each token", "[storage][sql]")
{
    auto ledger = small_ledger();
    const auto sql = balances_sql(
        [&](const char* name)
        {
            return ledger.query_integer("SELECT count(*) FROM sqlite_schema WHERE name = '" +
                                        std::string{name} + "'") == 1;
        });
    int compared = 0;
    for (std::int64_t account = 1; account <= 4; ++account)
    {
        for (const auto& [block, transaction] : {std::pair{0, -1}, std::pair{1, 0}, std::pair{1, 1},
                 std::pair{1, 2}, std::pair{1, -1}, std::pair{2, 0}, std::pair{2, -1}})
        {
            const bool is_after = transaction < 0;
            auto rows = ledger.prepare(sql);
            rows.bind(1, Value{account}).bind(3, Value{std::int64_t{block}});
            rows.bind(4, Value{is_after ? std::numeric_limits<std::int64_t>::max()
                                        : std::int64_t{transaction}});
            rows.bind(5, Value{std::int64_t{is_after ? block : block - 1}});
            std::map<std::int64_t, std::string> balances;
            std::int64_t previous = -1;
            while (rows.step())
            {
                CHECK(rows.integer(0) > previous);
                previous = rows.integer(0);
                balances[previous] = std::string{rows.text(1)};
            }
            for (std::int64_t token = 0; token <= 3; ++token)
            {
                const auto place = is_after ? std::string{} : ", " + std::to_string(transaction);
                const auto expression = "balance_at(" + std::to_string(account) + ", " +
                                        std::to_string(token) + ", " + std::to_string(block) +
                                        place + ")";
                CAPTURE(expression);
                const auto expected = value(ledger, expression);
                REQUIRE(expected);
                CHECK((balances.contains(token) ? balances.at(token) : "0") == expected);
                compared += *expected == "0" ? 0 : 1;
            }
        }
    }
    CHECK(compared > 20);
}
