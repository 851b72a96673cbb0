#include "storage/sql_functions.hpp"

// The extension calls SQLite through the table that sql_functions.cpp was handed.
#ifdef RUNNEL_SQLITE_EXTENSION
#include <sqlite3ext.h>
SQLITE_EXTENSION_INIT3  // NOLINT
#else
#include <sqlite3.h>
#endif

#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

    namespace runnel::storage
{
    namespace
    {
    /// What an SQL function answers with instead of a value.
    struct SqlError
    {
        std::string message;
    };

    struct Finalizer
    {
        void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
    };
    using Query = std::unique_ptr<sqlite3_stmt, Finalizer>;
    using Parameter = std::variant<std::int64_t, std::string>;
    using Text = std::optional<std::string>;

    /// The ledger that the calling statement reads.
    class Ledger
    {
    public:
        explicit Ledger(sqlite3* database) noexcept : database_{database} {}

        [[nodiscard]] Query prepare(const std::string& sql) const
        {
            sqlite3_stmt* statement = nullptr;
            if (sqlite3_prepare_v2(database_, sql.data(), static_cast<int>(sql.size()), &statement,
                    nullptr) != SQLITE_OK)
                throw SqlError{sqlite3_errmsg(database_)};
            return Query{statement};
        }
        /// The first column of the first row; nothing of no row and of NULL.
        Text run(sqlite3_stmt* query, const std::vector<Parameter>& parameters) const
        {
            int number = 0;
            for (const auto& parameter : parameters)
            {
                ++number;
                if (const auto* integer = std::get_if<std::int64_t>(&parameter))
                    sqlite3_bind_int64(query, number, *integer);
                else
                {
                    const auto& text = std::get<std::string>(parameter);
                    sqlite3_bind_text(query, number, text.data(), static_cast<int>(text.size()),
                        SQLITE_TRANSIENT);
                }
            }
            const auto code = sqlite3_step(query);
            Text value;
            if (code == SQLITE_ROW && sqlite3_column_type(query, 0) != SQLITE_NULL)
            {
                const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(query, 0));
                if (text == nullptr)
                    throw std::bad_alloc{};
                value.emplace(text, static_cast<std::size_t>(sqlite3_column_bytes(query, 0)));
            }
            const bool failed = code != SQLITE_ROW && code != SQLITE_DONE;
            const std::string message = failed ? sqlite3_errmsg(database_) : "";
            sqlite3_reset(query);
            if (failed)
                throw SqlError{message};
            return value;
        }
        Text ask(const std::string& sql, const std::vector<Parameter>& parameters) const
        {
            return run(prepare(sql).get(), parameters);
        }
        [[nodiscard]] bool has(const char* table) const
        {
            return ask("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1",
                {std::string{table}})
                .has_value();
        }
        /// The last block of the chain, -1 without any.
        [[nodiscard]] std::int64_t last_block() const
        {
            return std::stoll(ask("SELECT max(number) FROM t_blocks", {}).value_or("-1"));
        }

    private:
        sqlite3* database_;
    };

    std::string text_of(sqlite3_value* value)
    {
        const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(value));
        if (text == nullptr)
            throw std::bad_alloc{};
        return {text, static_cast<std::size_t>(sqlite3_value_bytes(value))};
    }

    bool is_address(const std::string& text)
    {
        constexpr std::size_t size = 42;
        return text.size() == size && text.starts_with("0x") &&
               text.find_first_not_of("0123456789abcdefABCDEF", 2) == std::string::npos;
    }

    std::optional<std::int64_t> number(const Text& text)
    {
        return text ? std::optional{std::stoll(*text)} : std::nullopt;
    }

    /// Of an account by name, address or id; nothing for an address that nobody has.
    std::optional<std::int64_t> find_account(const Ledger& ledger, sqlite3_value* value)
    {
        const bool is_id = sqlite3_value_type(value) == SQLITE_INTEGER;
        const auto text = text_of(value);
        Text found;
        if (is_id)
        {
            found = ledger.ask("SELECT id FROM t_addresses WHERE id = ?1",
                {std::int64_t{sqlite3_value_int64(value)}});
        }
        else if (is_address(text))
            return number(
                ledger.ask("SELECT id FROM t_addresses WHERE address = lower(?1)", {text}));
        else
            found = ledger.ask("SELECT id FROM t_addresses WHERE name = ?1", {text});
        if (!found)
            throw SqlError{"there is no account `" + text + "`"};
        return number(found);
    }

    /// Of a contract by name, address or id.
    std::optional<std::int64_t> find_contract(const Ledger& ledger, sqlite3_value* value)
    {
        if (sqlite3_value_type(value) == SQLITE_INTEGER)
        {
            return number(ledger.ask("SELECT id FROM t_contracts WHERE id = ?1",
                {std::int64_t{sqlite3_value_int64(value)}}));
        }
        const auto text = text_of(value);
        return number(
            ledger.ask(is_address(text) ? "SELECT id FROM t_contracts WHERE address = lower(?1)"
                                        : "SELECT id FROM t_contracts WHERE name = ?1",
                {text}));
    }

    std::int64_t find_token(const Ledger& ledger, sqlite3_value* value)
    {
        if (const auto contract = find_contract(ledger, value))
        {
            if (ledger.ask("SELECT 1 FROM t_tokens WHERE contract_id = ?1", {*contract}))
                return *contract;
        }
        const auto text = text_of(value);
        const auto count =
            ledger.ask("SELECT count(*) FROM t_tokens WHERE symbol = ?1", {text}).value_or("0");
        if (count == "1")
            return *number(
                ledger.ask("SELECT contract_id FROM t_tokens WHERE symbol = ?1", {text}));
        throw SqlError{count == "0" ? "there is no token `" + text + "`"
                                    : count + " tokens have the symbol `" + text +
                                          "`: give the contract's name or address"};
    }

    /// Rows of @p table up to a block (?3), and of that block before a transaction (?4): `rowid`
    /// lies in the order of the chain, so that an index of accounts is read up to there only.
    std::string up_to(const std::string& table, const std::string& order)
    {
        return " AND rowid <= ifnull((SELECT rowid FROM " + table +
               " WHERE block_number <= ?3 ORDER BY block_number DESC, " + order +
               " DESC LIMIT 1), -1) AND block_number > 0 AND (block_number < ?3 OR "
               "transaction_index < ?4)";
    }

    /// Whose balances are asked for.
    enum class Tokens
    {
        native_coin,
        other,  // One of them.
        all
    };

    /// Rows of a token and what changed an account's balance of it. Parameters: account, token (not
    /// of all), block, the first transaction of it that does not count, the last block whose
    /// rewards count.
    std::string changes_sql(const HasTable& has, Tokens tokens)
    {
        std::string rows =
            "SELECT token_id AS token, balance AS change FROM t_starting_balances WHERE account_id "
            "= ?1";
        if (tokens != Tokens::all)
            rows += " AND token_id = ?2";
        const auto add_transfers =
            [&](const char* table, const char* order, const char* token, const char* condition)
        {
            if (!has(table))
                return;
            for (const bool comes_in : {true, false})
            {
                rows += std::string{" UNION ALL SELECT "} + token +
                        (comes_in ? ", " : ", '-' || ") + "value FROM " + table + " WHERE " +
                        (comes_in ? "to_id" : "from_id") + " = ?1" + condition +
                        up_to(table, order);
            }
        };
        add_transfers("t_token_transfers", "log_index", "contract_id",
            tokens == Tokens::all ? "" : " AND contract_id = ?2");
        if (tokens != Tokens::other)
        {
            add_transfers("t_native_transfers", "event_index", "0", "");
            rows +=
                " UNION ALL SELECT 0, '-' || amount_mul(receipt_gas_used, "
                "receipt_effective_gas_price) FROM t_transactions WHERE from_id = ?1" +
                up_to("t_transactions", "transaction_index");
            // Only validators and builders get tips, and only validators and who delegates to them
            // are rewarded: nobody else's rows are looked for.
            const std::string of_validator =
                " FROM (SELECT id FROM t_addresses WHERE id = ?1 AND role IN ('validator', "
                "'delegator', 'builder')) v CROSS "
                "JOIN ";
            rows += " UNION ALL SELECT 0, r.amount" + of_validator +
                    "t_rewards r WHERE r.account_id = v.id AND r.block_number <= ?5 UNION ALL "
                    "SELECT 0, amount_mul(x.receipt_gas_used, x.receipt_effective_gas_price - "
                    "b.base_fee)" +
                    of_validator +
                    "t_blocks b CROSS JOIN t_transactions x ON x.block_number = b.number WHERE "
                    "b.proposer_id = v.id AND b.number BETWEEN 1 AND ?5";
            if (has("t_stake_changes"))
            {
                rows +=
                    " UNION ALL SELECT 0, r.amount" + of_validator +
                    "t_stake_changes r WHERE r.kind IN ('freed', 'fees') AND r.account_id = v.id "
                    "AND "
                    "r.block_number <= ?5 UNION ALL SELECT 0, CASE r.kind WHEN 'staked' THEN '' "
                    "ELSE '-' END || r.amount FROM t_addresses v CROSS JOIN t_stake_changes r "
                    "WHERE v.id = ?1 AND v.name = CASE r.kind WHEN 'fees' THEN 'fee_pool' ELSE "
                    "'deposits' END AND r.block_number <= ?5";
            }
        }
        return rows;
    }

    std::string balance_sql(const Ledger& ledger, bool native)
    {
        const auto has = [&](const char* table) { return ledger.has(table); };
        return "SELECT ifnull(amount_sum(change), '0') FROM (" +
               changes_sql(has, native ? Tokens::native_coin : Tokens::other) + ")";
    }

    std::string price_sql(const Ledger& ledger)
    {
        const std::string reference =
            "(SELECT amount_scaled(price, 8) FROM t_reference_prices WHERE token_id = ?1 AND "
            "from_block <= ?2 ORDER BY from_block DESC LIMIT 1)";
        if (!ledger.has("t_oracle_prices"))
            return "SELECT " + reference;
        return "SELECT coalesce(" + reference +
               ", (SELECT amount_scaled(price, 8) FROM t_oracle_prices WHERE token_id = ?1 AND "
               "block_number <= ?2 ORDER BY block_number DESC, rowid DESC LIMIT 1))";
    }

    /// Parameters: market, account, block. As the market stated it after that block.
    constexpr const char* stated_health_sql =
        "SELECT amount_scaled(health_factor, 18) FROM t_lending_health WHERE block_number = ?3 AND "
        "contract_id = ?1 AND account_id = ?2";

    /// From the account's newest balances, the reserves' newest indexes, and the newest price of
    /// the only oracle of a token, else of the reserve.
    std::string computed_health_sql(const Ledger& ledger)
    {
        constexpr const char* of_reserve =
            "CAST(r.price AS REAL) / CAST('1e' || r.value_decimals AS REAL)";
        std::string price = of_reserve;
        if (ledger.has("t_oracle_prices"))
        {
            price =
                std::string{
                    "iif(r.value_token_id = 4294967295 AND (SELECT count(DISTINCT "
                    "o.contract_id) FROM t_oracle_prices o WHERE o.token_id = "
                    "h.token_id) = 1, (SELECT CAST(o.price AS REAL) / 1e8 FROM "
                    "t_oracle_prices o WHERE o.token_id = h.token_id AND "
                    "o.block_number <= ?3 ORDER BY o.block_number DESC, o.rowid DESC "
                    "LIMIT 1), "} +
                of_reserve + ")";
        }
        return "WITH h AS (SELECT token_id, CAST(supplied_scaled AS REAL) AS supplied, "
               "CAST(debt_scaled AS REAL) AS debt, used_as_collateral, max(rowid) FROM "
               "t_lending_balances WHERE account_id = ?2 AND contract_id = ?1 AND block_number <= "
               "?3 GROUP BY token_id), "
               "v AS (SELECT h.used_as_collateral * h.supplied * CAST(r.liquidity_index AS REAL) * "
               "CAST(r.liquidation_threshold AS REAL) / 1e4 AS power, h.debt * "
               "CAST(r.borrow_index AS REAL) AS debt, ifnull(" +
               price + ", " + of_reserve +
               ") / CAST('1e' || k.decimals AS REAL) AS price FROM h JOIN t_lending_reserves r ON "
               "r.rowid = (SELECT n.rowid FROM t_lending_reserves n WHERE n.contract_id = ?1 AND "
               "n.token_id = h.token_id AND n.block_number <= ?3 ORDER BY n.block_number DESC, "
               "n.event_index DESC LIMIT 1) JOIN t_tokens k ON k.contract_id = h.token_id) "
               "SELECT iif(sum(debt * price) > 0, printf('%.9f', sum(power * price) / sum(debt * "
               "price)), NULL) FROM v";
    }

    /// A compiled query goes on with the statement that calls the function, as long as argument
    /// @p constant is the same in all of its calls.
    template <typename MakeSql>
    Text run_again(sqlite3_context* context, const Ledger& ledger, int constant, MakeSql make_sql,
        const std::vector<Parameter>& parameters)
    {
        if (auto* kept = static_cast<sqlite3_stmt*>(sqlite3_get_auxdata(context, constant)))
            return ledger.run(kept, parameters);
        auto query = ledger.prepare(make_sql());
        auto value = ledger.run(query.get(), parameters);
        sqlite3_set_auxdata(context, constant, query.release(),
            [](void* statement) { sqlite3_finalize(static_cast<sqlite3_stmt*>(statement)); });
        return value;
    }

    /// A block of the chain; nothing of what is none.
    std::optional<std::int64_t> block_of(const Ledger& ledger, sqlite3_value* value)
    {
        if (sqlite3_value_numeric_type(value) != SQLITE_INTEGER)
            throw SqlError{"a block is a whole number, not `" + text_of(value) + "`"};
        const std::int64_t block = sqlite3_value_int64(value);
        return block < 0 || block > ledger.last_block() ? std::nullopt : std::optional{block};
    }

    Text balance_at(
        sqlite3_context* context, const Ledger& ledger, int count, sqlite3_value** arguments)
    {
        const auto account = find_account(ledger, arguments[0]);
        const auto token = find_token(ledger, arguments[1]);
        const auto block = block_of(ledger, arguments[2]);
        const bool within = count == 4;
        if (!block || (within && *block == 0))
            return std::nullopt;
        if (!account || *account == 0)
            return "0";
        auto transaction = std::numeric_limits<std::int64_t>::max();
        if (within)
        {
            if (sqlite3_value_numeric_type(arguments[3]) != SQLITE_INTEGER)
                throw SqlError{"a transaction is a whole number: its place in the block"};
            transaction = sqlite3_value_int64(arguments[3]);
        }
        // Both kinds of tokens have one query each, and a constant token is always of one kind.
        return run_again(context, ledger, 1, [&] { return balance_sql(ledger, token == 0); },
            {*account, token, *block, transaction, within ? *block - 1 : *block});
    }

    Text price_at(sqlite3_context* context, const Ledger& ledger, int, sqlite3_value** arguments)
    {
        const auto token = find_token(ledger, arguments[0]);
        const auto block = block_of(ledger, arguments[1]);
        if (!block)
            return std::nullopt;
        return run_again(context, ledger, 0, [&] { return price_sql(ledger); }, {token, *block});
    }

    Text health_factor_at(
        sqlite3_context* context, const Ledger& ledger, int, sqlite3_value** arguments)
    {
        const auto market = find_contract(ledger, arguments[0]);
        const auto account = find_account(ledger, arguments[1]);
        const auto block = block_of(ledger, arguments[2]);
        if (!market || !ledger.has("t_lending_balances") ||
            !ledger.ask(
                "SELECT 1 FROM t_lending_reserves WHERE contract_id = ?1 LIMIT 1", {*market}))
            throw SqlError{"there is no lending market `" + text_of(arguments[0]) + "`"};
        if (!block || !account)
            return std::nullopt;
        const std::vector<Parameter> parameters{*market, *account, *block};
        if (ledger.has("t_lending_health"))
        {
            if (auto stated = ledger.ask(stated_health_sql, parameters))
                return stated;
        }
        return run_again(
            context, ledger, 0, [&] { return computed_health_sql(ledger); }, parameters);
    }

    /// For queries that look for rows by id.
    template <bool of_account>
    Text id_of(sqlite3_context* context, const Ledger& ledger, int, sqlite3_value** arguments)
    {
        const auto id = of_account ? find_account(ledger, arguments[0])
                                   : std::optional{find_token(ledger, arguments[0])};
        if (id)
            sqlite3_result_int64(context, *id);
        return std::nullopt;  // The result is set, and no text.
    }

    using Function = Text (*)(sqlite3_context*, const Ledger&, int, sqlite3_value**);

    template <Function function>
    void call(sqlite3_context* context, int count, sqlite3_value** arguments) noexcept
    {
        for (int i = 0; i < count; ++i)
        {
            if (sqlite3_value_type(arguments[i]) == SQLITE_NULL)
                return;  // NULL is the result unless another is set.
        }
        try
        {
            const Ledger ledger{sqlite3_context_db_handle(context)};
            if (const auto value = function(context, ledger, count, arguments))
                sqlite3_result_text(
                    context, value->data(), static_cast<int>(value->size()), SQLITE_TRANSIENT);
        }
        catch (const SqlError& error)
        {
            sqlite3_result_error(context, error.message.c_str(), -1);
        }
        catch (const std::bad_alloc&)
        {
            sqlite3_result_error_nomem(context);
        }
        catch (...)
        {
            sqlite3_result_error(context, "a damaged ledger: a number was expected", -1);
        }
    }
    }  // namespace

    std::string balances_sql(const HasTable& has)
    {
        return "SELECT token AS token_id, amount_sum(change) AS balance FROM (" +
               changes_sql(has, Tokens::all) + ") GROUP BY token";
    }

    int register_point_in_time_functions(sqlite3 * database) noexcept
    {
        // Within a statement a ledger does not change. What reads tables is not for the schema of a
        // file that somebody else made.
        constexpr int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY;
        struct Entry
        {
            const char* name;
            int arguments;
            void (*function)(sqlite3_context*, int, sqlite3_value**);
        };
        constexpr std::array entries{
            Entry{"balance_at", 3, call<balance_at>},
            Entry{"balance_at", 4, call<balance_at>},
            Entry{"price_at", 2, call<price_at>},
            Entry{"health_factor_at", 3, call<health_factor_at>},
            Entry{"account_id", 1, call<id_of<true>>},
            Entry{"token_id", 1, call<id_of<false>>},
        };
        int code = SQLITE_OK;
        for (const auto& [name, arguments, function] : entries)
        {
            if (code == SQLITE_OK)
                code = sqlite3_create_function_v2(
                    database, name, arguments, flags, nullptr, function, nullptr, nullptr, nullptr);
        }
        return code;
    }

}  // namespace runnel::storage
