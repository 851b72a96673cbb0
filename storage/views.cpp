#include "ledger/check.hpp"
#include "state/abi.hpp"
#include "storage/schema.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

/// The views that ethereum-etl's and Spellbook's users expect. They use SQLite's own functions
/// only, so any client can read them. Joins are LEFT JOINs on keys: SQLite leaves out those
/// that a query does not use, and turns them round when a query looks for an address.
namespace runnel::storage
{
namespace
{
std::string hex(std::string_view expression)
{
    return fmt::format("'0x' || lower(hex({}))", expression);
}

constexpr std::string_view limbs = "abcdefgh";  // Of 32 bits, the highest first.

/// A query for one row, @p limbs_shown, of decimal text below 2^256 that is read eight digits at a
/// time into eight limbs, each step carrying by one limb, and eight more steps carry to the end.
std::string from_limbs_of(std::string_view amount, std::string_view limbs_shown)
{
    constexpr std::string_view scale = "iif(n > 7, 100000000, 1)";
    std::string step;
    for (std::size_t i = 0; i < limbs.size(); ++i)
    {
        step += fmt::format(", ({} * {} & 4294967295) + ", limbs[i], scale);
        step += i + 1 < limbs.size() ? fmt::format("({} * {} >> 32)", limbs[i + 1], scale)
                                     : "CAST(substr(digits, 1, 8) AS INTEGER)";
    }
    return fmt::format(
        "(WITH RECURSIVE w(n, digits, a, b, c, d, e, f, g, h) AS ("
        "SELECT (length({0}) + 7) / 8 + 7, substr('0000000' || {0}, -((length({0}) + 7) / 8 * 8)), "
        "0, 0, 0, 0, 0, 0, 0, 0 UNION ALL "
        "SELECT n - 1, substr(digits, 9){1} FROM w WHERE n > 0) "
        "SELECT printf('%08x%08x%08x%08x%08x%08x%08x%08x', {2}) FROM w WHERE n = 0)",
        amount, step, limbs_shown);
}

/// 64 hex digits of an exact amount, decimal text below 2^256, in any client's SQL: 18 digits fit
/// SQLite's integers.
std::string amount_word(std::string_view amount)
{
    return fmt::format(
        "CASE WHEN length({0}) < 19 THEN printf('%064x', CAST({0} AS INTEGER)) ELSE {1} END",
        amount, from_limbs_of(amount, "a, b, c, d, e, f, g, h"));
}

/// The same of a number with a sign, in two's complement: every limb inverted, and one more where
/// all below it are zero.
std::string signed_amount_word(const std::string& amount)
{
    std::string inverted;
    std::string all_zero_below = "1";
    for (std::size_t i = limbs.size(); i-- > 0;)
    {
        inverted.insert(0, fmt::format("{}((~{} & 4294967295) + ({}) & 4294967295)",
                               i > 0 ? ", " : "", limbs[i], all_zero_below));
        all_zero_below += fmt::format(" AND {} = 0", limbs[i]);
    }
    return fmt::format("CASE WHEN {0} LIKE '-%' THEN {1} ELSE {2} END", amount,
        from_limbs_of("substr(" + amount + ", 2)", inverted), amount_word(amount));
}

/// 64 hex digits of a 64-bit integer; @p is_signed as the ABI's type says.
std::string integer_word(std::string_view value, bool is_signed)
{
    const auto word = fmt::format("printf('%064x', {})", value);
    if (!is_signed)
        return word;
    return fmt::format(
        "CASE WHEN {0} < 0 THEN '{1:f>48}' || printf('%016x', {0}) ELSE {2} END", value, "", word);
}

std::string bracketed(const std::string& expression)
{
    return "(" + expression + ")";
}

struct EventField
{
    std::string name;
    ColumnKind kind = ColumnKind::integer;
    Unit unit;
};

class FieldSink final : public ColumnSink
{
public:
    void column(std::string_view name, ColumnKind kind, const Unit& unit) override
    {
        fields.push_back({std::string{name}, kind, unit});
    }
    std::vector<EventField> fields;
};

/// What a view says of a token.
struct TokenColumns
{
    std::string id;
    std::string address;
    std::string symbol;
    std::string scale;  // 10^decimals.
};

/// A view over rows `r` of one table, with what it joins.
class ViewBuilder
{
public:
    ViewBuilder(std::string name, std::string meaning, const TableInfo& table)
      : ViewBuilder{std::move(name), std::move(meaning), table, quoted_name(table.name)}
    {}
    /// Over rows of a query instead, with the columns of @p table.
    ViewBuilder(
        std::string name, std::string meaning, const TableInfo& table, const std::string& rows)
      : table_{table}
    {
        view_.name = std::move(name);
        view_.meaning = std::move(meaning);
        view_.source = rows + " r";
    }

    [[nodiscard]] const TableInfo& table() const noexcept { return table_; }
    [[nodiscard]] std::string row(std::string_view column) const
    {
        return "r." + quoted_name(column);
    }

    ViewBuilder& column(std::string name, std::string type, std::string unit, std::string meaning,
        std::string expression)
    {
        const bool nullable = expression == "NULL";
        view_.columns.push_back({std::move(name), std::move(type), std::move(unit),
            std::move(meaning), nullable, std::move(expression)});
        return *this;
    }
    ViewBuilder& address(std::string name, std::string meaning, std::string expression)
    {
        return column(std::move(name), "TEXT", "0x and 40 hex digits", std::move(meaning),
            std::move(expression));
    }
    /// Columns that other chains have and this one has not.
    ViewBuilder& absent(std::initializer_list<const char*> names)
    {
        for (const auto* name : names)
            column(name, "TEXT", "", "Always NULL: this chain has none.", "NULL");
        return *this;
    }
    /// The row's own column under another name, or its own.
    ViewBuilder& same(std::string_view column_name, std::string as = {})
    {
        const auto found = std::find_if(table_.columns.begin(), table_.columns.end(),
            [&](const ColumnInfo& candidate) { return candidate.name == column_name; });
        RUNNEL_CHECK(found != table_.columns.end());
        auto copy = *found;
        copy.expression = row(column_name);
        if (!as.empty())
            copy.name = std::move(as);
        view_.columns.push_back(std::move(copy));
        return *this;
    }

    void join(std::string_view table, std::string_view alias, std::string_view condition)
    {
        view_.source += fmt::format(" LEFT JOIN {} {} ON {}", table, alias, condition);
    }
    void join_block() { join("t_blocks", "b", "b.number = r.block_number"); }
    void join_transaction()
    {
        join("t_transactions", "x",
            "x.block_number = r.block_number AND x.transaction_index = r.transaction_index");
    }
    void join_contract() { join("t_contracts", "c", "c.id = r.contract_id"); }
    /// The address of the account whose id @p id is an expression for.
    std::string join_account(std::string_view id)
    {
        const auto alias = fmt::format("a{}", ++joins_);
        join("t_addresses", alias, fmt::format("{}.id = {}", alias, id));
        return alias + ".address";
    }
    TokenColumns join_token(std::string_view id_column_name)
    {
        const auto id = row(id_column_name);
        const auto contract = fmt::format("k{}", ++joins_);
        const auto token = fmt::format("s{}", joins_);
        join("t_contracts", contract, fmt::format("{}.id = {}", contract, id));
        join("t_tokens", token, fmt::format("{}.contract_id = {}", token, id));
        return {id, contract + ".address", token + ".symbol",
            fmt::format("CAST('1e' || {}.decimals AS REAL)", token)};
    }

    /// Spellbook's first columns: who, and when.
    void project_columns()
    {
        join_block();
        join_contract();
        column("blockchain", "TEXT", "", "Always `runnel`.", "'runnel'");
        column("project", "TEXT", "", "The protocol: `uniswap`.", "c.project");
        column("version", "TEXT", "", "Its version: `2`.", "c.version");
    }
    void time_columns(bool with_date)
    {
        column("block_month", "TEXT", "YYYY-MM-DD", "First day of the month, UTC.",
            "date(b.timestamp, 'unixepoch', 'start of month')");
        if (with_date)
            column("block_date", "TEXT", "YYYY-MM-DD", "UTC.", "date(b.timestamp, 'unixepoch')");
        column("block_time", "TEXT", "YYYY-MM-DD HH:MM:SS", "UTC.",
            "datetime(b.timestamp, 'unixepoch')");
        same("block_number");
    }
    void trace_columns()
    {
        address("project_contract_address", "The contract that emitted the row.", "c.address");
        join_transaction();
        column("tx_hash", "TEXT", "0x and 64 hex digits", "The transaction.", hex("x.hash"));
    }

    [[nodiscard]] ViewInfo take() && { return std::move(view_); }

private:
    const TableInfo& table_;
    ViewInfo view_;
    unsigned joins_ = 0;
};

std::string scaled(std::string_view amount, const TokenColumns& token)
{
    return fmt::format("CAST({} AS REAL) / {}", amount, token.scale);
}

/// All views of one ledger: knows which tables there are.
class Views
{
public:
    Views(const std::vector<TableInfo>& tables, std::span<const EventType* const> events)
      : tables_{tables}, events_{events}
    {}

    std::vector<ViewInfo> make()
    {
        blocks();
        transactions();
        logs();
        contracts();
        tokens();
        labels();
        rewards();
        reference_prices();
        starting_balances();
        balances();
        dropped_transactions();
        const auto standard_views = views_.size();
        for (const auto* type : events_)
        {
            const auto same_name = std::find_if(views_.begin(), views_.end(),
                [&](const ViewInfo& view) { return view.name == type->table; });
            const auto position = static_cast<std::size_t>(same_name - views_.begin());
            RUNNEL_CHECK(position >= standard_views && "an event's table has a name of its own");
            if (same_name == views_.end())  // Otherwise two types share the table.
                event_view(*type);
        }
        starting_positions();
        if (has_statements())
        {
            lending_positions();
            health_factors();
        }
        return std::move(views_);
    }

private:
    [[nodiscard]] const TableInfo* find(std::string_view name) const noexcept
    {
        const auto found = std::find_if(tables_.begin(), tables_.end(),
            [&](const TableInfo& table) { return table.name == name; });
        return found == tables_.end() ? nullptr : &*found;
    }
    void add(ViewBuilder&& view) { views_.push_back(std::move(view).take()); }

    void blocks()
    {
        ViewBuilder view{"blocks", "Blocks, as ethereum-etl names them.", *find("t_blocks")};
        const auto hash_column = [&](const char* name, const char* meaning)
        { view.column(name, "TEXT", "0x and 64 hex digits", meaning, hex(view.row(name))); };
        view.same("number");
        hash_column("hash", "keccak-256 of the encoded header.");
        hash_column("parent_hash", "Hash of the block before.");
        view.absent({"nonce", "sha3_uncles", "logs_bloom"});
        hash_column("transactions_root", "Merkle root over the transactions' hashes.");
        hash_column("state_root", "Commitment to all writes up to here.");
        hash_column("receipts_root", "Merkle root over receipts with their logs.");
        view.address("miner", "The proposer.", view.join_account("r.proposer_id"));
        view.absent({"difficulty", "total_difficulty", "size", "extra_data"});
        view.same("gas_limit").same("gas_used").same("timestamp").same("transaction_count");
        view.same("base_fee", "base_fee_per_gas");
        hash_column("arrivals_root", "Merkle root over the transactions' times of arrival.");
        hash_column("rewards_root", "Merkle root over the rewards.");
        hash_column("checkpoint_root", "Root of the whole state, every so many blocks; else zero.");
        view.same("finalized_block");
        add(std::move(view));
    }

    void transactions()
    {
        ViewBuilder view{"transactions",
            "Transactions with their receipts folded in, as ethereum-etl's relational form.",
            *find("t_transactions")};
        view.join_block();
        view.column(
            "hash", "TEXT", "0x and 64 hex digits", "Of the encoded transaction.", hex("r.hash"));
        view.same("nonce");
        view.column(
            "block_hash", "TEXT", "0x and 64 hex digits", "Hash of the block.", hex("b.hash"));
        view.same("block_number").same("transaction_index");
        view.address("from_address", "The sender.", view.join_account("r.from_id"));
        view.address("to_address", "Whom the first call goes to.", view.join_account("r.to_id"));
        view.same("value").same("gas");
        view.same("receipt_effective_gas_price", "gas_price");
        view.column("input", "TEXT", "0x and hex digits", "The encoded calls.", hex("r.input"));
        view.column("block_timestamp", "INTEGER", "unix seconds", "Of the block.", "b.timestamp");
        view.same("max_fee_per_gas").same("max_priority_fee_per_gas");
        view.column("transaction_type", "INTEGER", "", "Always 2: EIP-1559 fees.", "2");
        view.same("receipt_cumulative_gas_used").same("receipt_gas_used");
        view.absent({"receipt_contract_address", "receipt_root"});
        view.same("receipt_status").same("receipt_effective_gas_price").same("revert_reason");
        view.column("revert_name", "TEXT", "",
            "What the protocol's sources call a reason that is a mere code; NULL for others.",
            "(SELECT group_concat(DISTINCT n.name) FROM t_revert_reasons n "
            "WHERE n.reason = r.revert_reason)");
        view.same("arrival_ms");
        // Exact also where the product does not fit 64 bits.
        view.column("fee_wei", "TEXT", "wei", "What the sender paid: gas used * gas price; exact.",
            "ltrim(printf('%d%09d', r.receipt_gas_used * (r.receipt_effective_gas_price / "
            "1000000000) + r.receipt_gas_used * (r.receipt_effective_gas_price % 1000000000) / "
            "1000000000, r.receipt_gas_used * (r.receipt_effective_gas_price % 1000000000) % "
            "1000000000), '0') || iif(r.receipt_gas_used * r.receipt_effective_gas_price = 0, '0', "
            "'')");
        view.column("fee", "REAL", "native coins", "The same, rounded.",
            "CAST(r.receipt_gas_used AS REAL) * r.receipt_effective_gas_price / 1e18");
        view.column("from_group", "TEXT", "", "The sender's group in [agents]; empty for others.",
            group_of("fg"));
        view.join("t_addresses", "fg", "fg.id = r.from_id");
        add(std::move(view));
    }

    /// The ABI's words are computed from the columns of an event's table: stored, they would be
    /// almost half of the file.
    void logs()
    {
        std::string source;
        for (const auto* type : events_)
        {
            if (type->use == EventUse::log)
                source += (source.empty() ? "" : " UNION ALL ") + log_rows(*type);
        }
        if (source.empty())  // No contract has logs.
        {
            source =
                "SELECT 0 AS block_number, 0 AS log_index, 0 AS transaction_index, "
                "0 AS contract_id, 0 AS event_id, NULL AS topic1, NULL AS topic2, "
                "NULL AS topic3, '0x' AS data WHERE 0";
        }
        TableInfo rows;
        rows.columns = {{"block_number", "INTEGER", "", "The block.", false, {}},
            {"log_index", "INTEGER", "", "From 0 in the block.", false, {}},
            {"transaction_index", "INTEGER", "", "The transaction.", false, {}}};
        ViewBuilder view{
            "logs", "Logs as an Ethereum node would report them.", rows, "(" + source + ")"};
        view.join_block();
        view.join_transaction();
        view.join_contract();
        view.join("t_event_types", "e", "e.id = r.event_id");
        view.same("log_index");
        view.column(
            "transaction_hash", "TEXT", "0x and 64 hex digits", "The transaction.", hex("x.hash"));
        view.same("transaction_index");
        view.column("block_hash", "TEXT", "0x and 64 hex digits", "The block.", hex("b.hash"));
        view.same("block_number");
        view.column("block_timestamp", "INTEGER", "unix seconds", "Of the block.", "b.timestamp");
        view.address("address", "The contract that emitted it.", "c.address");
        view.column(
            "data", "TEXT", "0x and hex digits", "The other arguments, ABI-encoded.", "r.data");
        view.column("topic0", "TEXT", "0x and 64 hex digits", "keccak-256 of the signature.",
            hex("e.topic0"));
        for (int i = 1; i <= 3; ++i)
        {
            const auto topic = fmt::format("topic{}", i);
            view.column(topic, "TEXT", "0x and 64 hex digits", "An indexed argument, or NULL.",
                view.row(topic));
        }
        add(std::move(view));
    }

    /// The rows of one type of event, encoded as AbiEvent does.
    [[nodiscard]] std::string log_rows(const EventType& type) const
    {
        const AbiEvent abi{type};
        FieldSink sink;
        type.columns(sink);
        std::string joins;
        std::vector<std::string> topics;
        std::vector<std::string> heads;
        std::string tail;         // Of texts: their length, then their bytes.
        std::string tail_length;  // In bytes, as an expression.
        const auto data_words = static_cast<unsigned>(sink.fields.size()) - abi.indexed_count();
        for (std::size_t i = 0; i < sink.fields.size(); ++i)
        {
            const auto& field = sink.fields[i];
            const bool is_topic = (type.indexed >> i & 1U) != 0;
            const bool is_id =
                field.kind == ColumnKind::account || field.kind == ColumnKind::contract;
            const auto value = "r." + quoted_name(is_id ? id_column(field.name) : field.name);
            std::string word;
            switch (field.kind)
            {
                case ColumnKind::amount: word = amount_word(value); break;
                case ColumnKind::signed_amount: word = signed_amount_word(value); break;
                case ColumnKind::integer:
                    word = integer_word(value, abi.argument_types()[i].starts_with("int"));
                    break;
                case ColumnKind::boolean: word = integer_word(value, false); break;
                case ColumnKind::account:
                case ColumnKind::contract:
                    joins += fmt::format(" LEFT JOIN {} j{} ON j{}.id = {}",
                        field.kind == ColumnKind::account ? "t_addresses" : "t_contracts", i, i,
                        value);
                    word = fmt::format("'{:0>24}' || substr(j{}.address, 3)", "", i);
                    // Native coins have the zero address, where a log may name them.
                    if (field.kind == ColumnKind::contract)
                    {
                        word = fmt::format("CASE {} WHEN {} THEN '{:0>64}' ELSE {} END", value,
                            index(native_coin), "", word);
                    }
                    break;
                case ColumnKind::text: {
                    RUNNEL_CHECK(!is_topic && "SQL has no keccak for an indexed text");
                    word = fmt::format("printf('%064x', {}{})", data_words * 32, tail_length);
                    const auto length = fmt::format("length(CAST({} AS BLOB))", value);
                    tail += fmt::format(
                        " || printf('%064x', {0}) || lower(hex({1})) || "
                        "substr('{2:0>64}', 1, (32 - {0} % 32) % 32 * 2)",
                        length, value, "");
                    tail_length += fmt::format(" + 32 + ({} + 31) / 32 * 32", length);
                    break;
                }
            }
            (is_topic ? topics : heads).push_back(std::move(word));
        }
        std::string sql =
            "SELECT r.block_number AS block_number, r.log_index AS log_index, "
            "r.transaction_index AS transaction_index, r.contract_id AS contract_id";
        const auto id = std::find(events_.begin(), events_.end(), &type) - events_.begin();
        sql += fmt::format(", {} AS event_id", id);
        for (std::size_t i = 0; i < 3; ++i)
        {
            sql += fmt::format(", {} AS topic{}",
                i < topics.size() ? "'0x' || " + bracketed(topics[i]) : "NULL", i + 1);
        }
        sql += ", '0x'";
        for (const auto& head : heads)
            sql += " || " + bracketed(head);
        return sql + tail + " AS data FROM " + quoted_name(event_table_name(type)) + " r" + joins;
    }

    void contracts()
    {
        ViewBuilder view{"contracts", "Contracts.", *find("t_contracts")};
        view.join("t_tokens", "s", "s.contract_id = r.id");
        view.same("address").absent({"bytecode", "function_sighashes"});
        view.column("is_erc20", "INTEGER", "0 or 1", "It is a token and not the native coin.",
            "s.contract_id IS NOT NULL AND r.id <> 0");
        view.column("is_erc721", "INTEGER", "0 or 1", "Always 0.", "0");
        view.same("block_number").same("transaction_index");
        view.address("creator_address", "The contract that deployed it; NULL of the scenario's.",
            view.join_account("r.creator_id"));
        view.same("kind").same("name");
        add(std::move(view));
    }

    void tokens()
    {
        ViewBuilder view{"tokens", "Tokens, the native coin included.", *find("t_tokens")};
        view.join_contract();
        view.address("address", "The token's contract.", "c.address");
        view.same("symbol");
        view.column(
            "name", "TEXT", "", "Its key in the scenario; its address if it came later.", "c.name");
        view.same("decimals").absent({"total_supply"});
        view.same("block_number").same("transaction_index");
        add(std::move(view));
    }

    void labels()
    {
        ViewBuilder view{"labels", "What is known about an address.", *find("t_addresses")};
        view.same("address").same("name").same("role").same("strategy");
        view.column("scenario_group", "TEXT", "",
            "The group of [agents] that the wallet is of; empty for others.", group_of("r"));
        view.same("block_number").same("transaction_index");
        add(std::move(view));
    }

    void rewards()
    {
        ViewBuilder view{"rewards", "New coins for validators.", *find("t_rewards")};
        view.join_block();
        view.same("block_number").same("reward_index");
        view.column("block_timestamp", "INTEGER", "unix seconds", "Of the block.", "b.timestamp");
        view.address("address", "Who got it.", view.join_account("r.account_id"));
        view.same("amount");
        add(std::move(view));
    }

    void reference_prices()
    {
        ViewBuilder view{"reference_prices",
            "Prices as the world outside the chain quotes them: a row where one changes.",
            *find("t_reference_prices")};
        const auto token = view.join_token("token_id");
        view.join("t_blocks", "b", "b.number = r.from_block");
        view.address("token_address", "The token.", token.address);
        view.column("symbol", "TEXT", "", "The token's.", token.symbol);
        view.same("from_block");
        view.column("block_time", "TEXT", "YYYY-MM-DD HH:MM:SS",
            "UTC, of that block; NULL where the run has not come so far.",
            "datetime(b.timestamp, 'unixepoch')");
        view.column("price_usd", "REAL", "USD", "Of a whole token.", "r.price / 1e8");
        add(std::move(view));
    }

    void starting_balances()
    {
        ViewBuilder view{"starting_balances", "What accounts own when block 0 is done.",
            *find("t_starting_balances")};
        const auto token = view.join_token("token_id");
        view.address("address", "The owner.", view.join_account("r.account_id"));
        view.address("token_address", "The token.", token.address);
        view.column("symbol", "TEXT", "", "The token's.", token.symbol);
        view.same("balance");
        view.column("balance_scaled", "REAL", "whole tokens", "Rounded.",
            scaled(view.row("balance"), token));
        add(std::move(view));
    }

    /// Doubles: who needs the last unit asks `runnel prove --balance`, or sums exactly himself.
    void balances()
    {
        std::string rows =
            "SELECT account_id, token_id, CAST(balance AS REAL) AS change FROM t_starting_balances"
            " UNION ALL SELECT from_id, 0, -CAST(receipt_gas_used AS REAL) * "
            "receipt_effective_gas_price FROM t_transactions WHERE block_number > 0"
            " UNION ALL SELECT k.proposer_id, 0, CAST(x.receipt_gas_used AS REAL) * "
            "(x.receipt_effective_gas_price - k.base_fee) FROM t_transactions x JOIN t_blocks k ON "
            "k.number = x.block_number WHERE x.block_number > 0"
            " UNION ALL SELECT account_id, 0, CAST(amount AS REAL) FROM t_rewards"
            " UNION ALL SELECT account_id, 0, CAST(amount AS REAL) FROM t_stake_changes WHERE "
            "kind IN ('freed', 'fees') UNION ALL SELECT (SELECT id FROM t_addresses WHERE name = "
            "CASE kind WHEN 'fees' THEN 'fee_pool' ELSE 'deposits' END), 0, CASE kind WHEN "
            "'staked' THEN 1 ELSE -1 END * CAST(amount AS REAL) FROM t_stake_changes";
        for (const auto& [table, token] :
            {std::pair{"t_token_transfers", "contract_id"}, std::pair{"t_native_transfers", "0"}})
        {
            const auto* found = find(table);
            if (found == nullptr || !found->has_column("from_id") || !found->has_column("to_id") ||
                !found->has_column("value"))
                continue;
            rows += fmt::format(
                " UNION ALL SELECT to_id, {0}, CAST(value AS REAL) FROM {1} WHERE block_number > 0 "
                "UNION ALL SELECT from_id, {0}, -CAST(value AS REAL) FROM {1} WHERE block_number > "
                "0",
                token, table);
        }
        TableInfo columns;
        columns.columns = {{"account_id", "INTEGER", "", "", false, {}},
            {"token_id", "INTEGER", "", "", false, {}}, {"change", "REAL", "", "", false, {}}};
        ViewBuilder view{"balances",
            "What every account owns after the last block: starting balances, transfers, fees and "
            "rewards added up, as doubles.",
            columns,
            "(SELECT account_id, token_id, sum(change) AS change FROM (" + rows +
                ") WHERE account_id <> 0 GROUP BY account_id, token_id)"};
        const auto token = view.join_token("token_id");
        view.address("address", "The owner.", view.join_account("r.account_id"));
        view.address("token_address", "The token.", token.address);
        view.column("symbol", "TEXT", "", "The token's.", token.symbol);
        view.column("balance", "REAL", "whole tokens", "About 15 digits are right.",
            scaled("r.change", token));
        add(std::move(view));
    }

    void dropped_transactions()
    {
        ViewBuilder view{"dropped_transactions",
            "Transactions that came into no block, by block, sender and reason.",
            *find("t_dropped_transactions")};
        view.join_block();
        view.same("block_number").same("drop_index");
        view.column("block_time", "TEXT", "YYYY-MM-DD HH:MM:SS", "UTC.",
            "datetime(b.timestamp, 'unixepoch')");
        view.same("reason");
        who(view, "from", "from_address", "The sender.", "r.from_id");
        view.same("nonce");
        view.column(
            "hash", "TEXT", "0x and 64 hex digits", "Of the encoded transaction.", hex("r.hash"));
        view.same("max_fee_per_gas").same("arrival_ms");
        add(std::move(view));
    }

    /// An account with what is known about it.
    static void who(ViewBuilder& view, const std::string& prefix, const std::string& address,
        std::string meaning, std::string_view id)
    {
        const auto column = view.join_account(id);
        const auto account = column.substr(0, column.find('.'));
        view.address(address, std::move(meaning), column);
        view.column(prefix + "_name", "TEXT", "", "Its name in the scenario.", account + ".name");
        view.column(prefix + "_group", "TEXT", "", "Its group in [agents]; empty for others.",
            group_of(account));
        view.column(prefix + "_strategy", "TEXT", "",
            "Of a wallet that an agent moves; empty for others.", account + ".strategy");
    }

    /// What everybody has and owes before the first block with transactions of agents: rows of
    /// several tables, one kind each.
    void starting_positions()
    {
        std::string kind = "'balance'";
        if (has("t_dex_shares", {"share_token_id"}))
        {
            kind =
                "iif(s.token_id IN (SELECT share_token_id FROM t_dex_shares WHERE block_number = "
                "0), 'pool_shares', 'balance')";
        }
        auto rows = "SELECT " + kind +
                    " AS kind, s.account_id, s.token_id AS contract_id, s.token_id, s.balance AS "
                    "amount FROM t_starting_balances s";
        if (has_statements())
        {
            for (const auto& [name, column] :
                {std::pair{"supplied", "supplied_raw"}, std::pair{"debt", "debt_raw"}})
            {
                rows += fmt::format(
                    " UNION ALL SELECT '{}', account_id, contract_id, token_id, {} FROM "
                    "t_lending_holdings WHERE block_number = 0 AND {} <> '0'",
                    name, column, column);
            }
        }
        TableInfo columns;
        columns.columns = {{"kind", "TEXT", "",
                               "balance: tokens; pool_shares: shares of a pool, tokens too; "
                               "supplied to and debt in a lending market, interest included.",
                               false, {}},
            {"account_id", "INTEGER", "", "", false, {}},
            {"contract_id", "INTEGER", "", "", false, {}},
            {"token_id", "INTEGER", "", "", false, {}},
            {"amount", "TEXT", "smallest unit of token", "Exact, decimal.", false, {}}};
        ViewBuilder view{"starting_positions",
            "What accounts have and owe when block 0 is done: balances, shares of pools, supply "
            "and debt in lending markets.",
            columns, "(" + rows + ")"};
        view.join_contract();
        const auto token = view.join_token("token_id");
        view.same("kind");
        who(view, "account", "account", "Who has or owes.", "r.account_id");
        view.address("contract_address", "Where: the token, the pool or the market.", "c.address");
        view.column("contract_name", "TEXT", "", "Its key in the scenario.", "c.name");
        view.address("token_address", "The token.", token.address);
        view.column("symbol", "TEXT", "", "The token's.", token.symbol);
        view.column("amount", "REAL", "whole tokens", "Rounded; exact in amount_raw.",
            scaled("r.amount", token));
        view.same("amount", "amount_raw");
        add(std::move(view));
    }

    [[nodiscard]] bool has(std::string_view table, std::initializer_list<const char*> columns) const
    {
        const auto* found = find(table);
        return found != nullptr &&
               std::all_of(columns.begin(), columns.end(),
                   [&](const char* column) { return found->has_column(column); });
    }
    /// Whether there are markets that state what accounts have and owe.
    [[nodiscard]] bool has_statements() const
    {
        return has("t_lending_statements", {"itemized"}) &&
               has("t_lending_holdings",
                   {"account_id", "token_id", "supplied_raw", "debt_raw", "used_as_collateral",
                       "price", "value_token_id", "value_decimals"}) &&
               has("t_lending_health", {"account_id", "collateral", "debt", "liquidation_threshold",
                                           "health_factor", "value_token_id", "value_decimals"});
    }

    /// The rows that belong to each market's newest itemized statement.
    [[nodiscard]] static std::string newest_statement(std::string_view table)
    {
        return fmt::format(
            "(SELECT h.* FROM (SELECT contract_id, max(block_number) AS block_number FROM "
            "t_lending_statements WHERE itemized GROUP BY contract_id) m CROSS JOIN {} h ON "
            "h.block_number = m.block_number AND h.contract_id = m.contract_id)",
            table);
    }
    static void statement_columns(ViewBuilder& view)
    {
        view.join_block();
        view.join_contract();
        view.column("block_number", "INTEGER", "",
            "The block after which it holds: the market's newest statement, after the last block "
            "of a run that is complete.",
            "r.block_number");
        view.column("block_time", "TEXT", "YYYY-MM-DD HH:MM:SS", "UTC.",
            "datetime(b.timestamp, 'unixepoch')");
        view.address("market_address", "The lending market.", "c.address");
        view.column("market", "TEXT", "", "Its key in the scenario.", "c.name");
        who(view, "account", "account", "Who has or owes.", "r.account_id");
    }

    void lending_positions()
    {
        const auto& table = *find("t_lending_holdings");
        ViewBuilder view{"lending_positions",
            "What each account has and owes of each token in each lending market, interest "
            "included, when the market stated it last. All statements are in lending_holdings.",
            table, newest_statement(table.name)};
        statement_columns(view);
        const auto token = view.join_token("token_id");
        view.address("token_address", "The token.", token.address);
        view.column("symbol", "TEXT", "", "The token's.", token.symbol);
        view.column("supplied", "REAL", "whole tokens", "Rounded; exact in supplied_raw.",
            scaled("r.supplied_raw", token));
        view.column("debt", "REAL", "whole tokens", "Rounded; exact in debt_raw.",
            scaled("r.debt_raw", token));
        view.same("supplied_raw").same("debt_raw").same("used_as_collateral");
        const auto price = bracketed(value_usd(view, "price", view.join_token("value_token_id")));
        const auto worth = [&](const char* name, std::string_view column)
        {
            view.column(name, "REAL", "USD", "At the market's price; NULL without.",
                scaled(column, token) + " * " + price);
        };
        worth("supplied_usd", "r.supplied_raw");
        worth("debt_usd", "r.debt_raw");
        add(std::move(view));
    }

    void health_factors()
    {
        const auto& table = *find("t_lending_health");
        ViewBuilder view{"health_factors",
            "How safe each account's debt is in each lending market, interest included, when the "
            "market stated it last. All statements are in lending_health, totals and bad debt over "
            "time in lending_statements.",
            table, newest_statement(table.name)};
        statement_columns(view);
        view.column("health_factor", "REAL", "",
            "As the protocol computes it; rounded, exact in health_factor_raw. Below 1 the account "
            "may be liquidated.",
            "CAST(r.health_factor AS REAL) / 1e18");
        view.same("health_factor", "health_factor_raw");
        view.column("is_liquidatable", "INTEGER", "0 or 1", "Whether it is below 1, exactly.",
            "length(r.health_factor) < 19");
        view.same("liquidation_threshold").same("collateral").same("debt");
        const auto unit = view.join_token("value_token_id");
        const auto collateral = value_usd(view, "collateral", unit);
        const auto debt = value_usd(view, "debt", unit);
        view.column("collateral_usd", "REAL", "USD", "Rounded.", collateral);
        view.column("debt_usd", "REAL", "USD", "Rounded.", debt);
        view.column("bad_debt_usd", "REAL", "USD",
            "Debt beyond the collateral's value; 0 where the account is solvent.",
            fmt::format("max({} - {}, 0.0)", bracketed(debt), bracketed(collateral)));
        view.same("value_token_id").same("value_decimals");
        add(std::move(view));
    }

    void event_view(const EventType& type)
    {
        const auto& table = *find(event_table_name(type));
        const auto name = std::string{type.table};
        const auto has = [&](std::initializer_list<const char*> columns)
        {
            return std::all_of(columns.begin(), columns.end(),
                [&](const char* column) { return table.has_column(column); });
        };
        if (name == "token_transfers" && has({"log_index", "from_id", "to_id", "value"}))
            return token_transfers(table);
        if (name == "dex_trades" &&
            has({"token_bought_id", "token_sold_id", "taker_id", "token_bought_amount_raw",
                "token_sold_amount_raw", "fee_token_id", "fee_raw"}))
            return dex_trades(table);
        if (name == "lending_borrow" &&
            has({"transaction_type", "token_id", "borrower_id", "on_behalf_of_id", "repayer_id",
                "liquidator_id", "amount_raw"}))
            return lending_moves(table, {"borrower", "on_behalf_of", "repayer", "liquidator"},
                "Debt taken or repaid");
        if (name == "lending_supply" &&
            has({"transaction_type", "token_id", "depositor_id", "on_behalf_of_id",
                "withdrawn_to_id", "liquidator_id", "amount_raw"}))
            return lending_moves(table, {"depositor", "on_behalf_of", "withdrawn_to", "liquidator"},
                "Collateral and liquidity supplied or withdrawn");
        // The name is that of what accounts have: see lending_positions().
        if (name == "lending_positions" && has_statements())
            return plain(type, table, "lending_position_changes");
        if (name == "lending_flashloans" &&
            has({"token_id", "recipient_id", "amount_raw", "fee_raw"}))
            return lending_flashloans(table);
        plain(type, table, name);
    }

    void token_transfers(const TableInfo& table)
    {
        ViewBuilder view{"token_transfers", "ERC-20 transfers, as ethereum-etl names them.", table};
        view.join_block();
        view.join_transaction();
        view.join_contract();
        view.address("token_address", "The token.", "c.address");
        view.address("from_address", "Address zero for a mint.", view.join_account("r.from_id"));
        view.address("to_address", "Address zero for a burn.", view.join_account("r.to_id"));
        view.same("value");
        view.column(
            "transaction_hash", "TEXT", "0x and 64 hex digits", "The transaction.", hex("x.hash"));
        view.same("log_index").same("block_number");
        view.column("block_hash", "TEXT", "0x and 64 hex digits", "The block.", hex("b.hash"));
        view.column("block_timestamp", "INTEGER", "unix seconds", "Of the block.", "b.timestamp");
        add(std::move(view));
        valued_transfers(table);
    }

    void valued_transfers(const TableInfo& table)
    {
        ViewBuilder view{"tokens_transfers",
            "ERC-20 transfers with their value at the time, as Spellbook's tokens.transfers; those "
            "of native coins are in native_transfers.",
            table};
        view.join_block();
        view.join_transaction();
        const auto token = view.join_token("contract_id");
        view.column("blockchain", "TEXT", "", "Always `runnel`.", "'runnel'");
        view.time_columns(true);
        view.column("tx_hash", "TEXT", "0x and 64 hex digits", "The transaction.", hex("x.hash"));
        view.same("log_index", "evt_index");
        view.column("token_standard", "TEXT", "", "Always `erc20`.", "'erc20'");
        view.address("tx_from", "The transaction's sender.", view.join_account("x.from_id"));
        view.address("tx_to", "Whom its first call went to.", view.join_account("x.to_id"));
        view.same("transaction_index", "tx_index");
        view.address("from", "Address zero for a mint.", view.join_account("r.from_id"));
        view.address("to", "Address zero for a burn.", view.join_account("r.to_id"));
        view.address("contract_address", "The token.", token.address);
        view.column("symbol", "TEXT", "", "The token's.", token.symbol);
        view.same("value", "amount_raw");
        view.column("amount", "REAL", "whole tokens", "Rounded; exact in amount_raw.",
            scaled("r.value", token));
        view.column("price_usd", "REAL", "USD per token",
            "The reference price, else the oracle's newest; NULL without.",
            price_usd(token).value_or("NULL"));
        view.column("amount_usd", "REAL", "USD", "At that price; NULL without.",
            amount_usd("r.value", token));
        add(std::move(view));
    }

    /// The group's name, of a row of t_addresses.
    [[nodiscard]] static std::string group_of(std::string_view row)
    {
        return fmt::format(
            "iif({0}.strategy = '', '', substr({0}.name, 1, instr({0}.name, '/') - 1))", row);
    }

    /// US dollars for one whole token: the reference price of the row's block, else the oracle's
    /// newest price at or before the row's transaction.
    [[nodiscard]] std::optional<std::string> price_usd(const TokenColumns& token) const
    {
        const auto reference = fmt::format(
            "(SELECT p.price / 1e8 FROM t_reference_prices p WHERE p.token_id = {} AND "
            "p.from_block <= r.block_number ORDER BY p.from_block DESC LIMIT 1)",
            token.id);
        const auto oracle = oracle_usd(token);
        return oracle ? fmt::format("coalesce({}, {})", reference, *oracle) : reference;
    }
    [[nodiscard]] std::optional<std::string> oracle_usd(const TokenColumns& token) const
    {
        const auto* prices = find("t_oracle_prices");
        if (prices == nullptr || !prices->has_column("token_id") || !prices->has_column("price"))
            return std::nullopt;
        return fmt::format(
            "(SELECT CAST(p.price AS REAL) / 1e8 FROM t_oracle_prices p "
            "WHERE p.token_id = {} AND p.block_number <= r.block_number "
            "AND (p.block_number < r.block_number "
            "OR p.transaction_index <= r.transaction_index OR r.transaction_index IS NULL) "
            "ORDER BY p.block_number DESC, p.rowid DESC LIMIT 1)",
            token.id);
    }
    [[nodiscard]] std::string amount_usd(std::string_view raw, const TokenColumns& token) const
    {
        const auto price = price_usd(token);
        return price ? scaled(raw, token) + " * " + *price : std::string{"NULL"};
    }

    /// US dollars for a value that a lending market wrote down in its unit of account.
    [[nodiscard]] std::string value_usd(
        const ViewBuilder& view, std::string_view field, const TokenColumns& unit) const
    {
        return fmt::format("CAST({} AS REAL) / CAST('1e' || {} AS REAL) * iif({} = {}, 1, {})",
            view.row(field), view.row("value_decimals"), unit.id, index(no_contract),
            price_usd(unit).value_or("NULL"));
    }

    void dex_trades(const TableInfo& table)
    {
        ViewBuilder view{"dex_trades",
            "Swaps of all exchanges, as Spellbook's dex.trades, and their fees.", table};
        view.project_columns();
        view.time_columns(true);
        const auto bought = view.join_token("token_bought_id");
        const auto sold = view.join_token("token_sold_id");
        const auto bought_raw = view.row("token_bought_amount_raw");
        const auto sold_raw = view.row("token_sold_amount_raw");
        view.column("token_bought_symbol", "TEXT", "", "What the taker got.", bought.symbol);
        view.column("token_sold_symbol", "TEXT", "", "What the taker gave.", sold.symbol);
        view.column("token_pair", "TEXT", "", "Both symbols in alphabetical order: `USDC-WETH`.",
            fmt::format("CASE WHEN lower({0}) <= lower({1}) THEN {0} || '-' || {1} "
                        "ELSE {1} || '-' || {0} END",
                bought.symbol, sold.symbol));
        view.column("token_bought_amount", "REAL", "whole tokens", "Rounded; exact in _raw.",
            scaled(bought_raw, bought));
        view.column("token_sold_amount", "REAL", "whole tokens", "Rounded; exact in _raw.",
            scaled(sold_raw, sold));
        view.same("token_bought_amount_raw").same("token_sold_amount_raw");
        const auto bought_usd = amount_usd(bought_raw, bought);
        view.column("amount_usd", "REAL", "USD",
            "By the reference price, else the oracle's newest, of the token bought, else of the "
            "one sold; NULL without.",
            bought_usd == "NULL"
                ? bought_usd
                : fmt::format("coalesce({}, {})", bought_usd, amount_usd(sold_raw, sold)));
        view.address("token_bought_address", "What the taker got.", bought.address);
        view.address("token_sold_address", "What the taker gave.", sold.address);
        view.address("taker", "Who swapped.", view.join_account(view.row("taker_id")));
        view.absent({"maker"});
        view.trace_columns();
        view.address("tx_from", "The transaction's sender.", view.join_account("x.from_id"));
        view.address("tx_to", "Whom its first call went to.", view.join_account("x.to_id"));
        view.same(table.key.back(), "evt_index");
        const auto fee = view.join_token("fee_token_id");
        view.address("fee_token_address", "In what liquidity providers earned.", fee.address);
        view.column("fee_amount", "REAL", "whole tokens",
            "What they earned; rounded, exact in _raw.", scaled(view.row("fee_raw"), fee));
        view.same("fee_raw");
        add(std::move(view));
    }

    void lending_moves(
        const TableInfo& table, const std::vector<std::string>& accounts, const std::string& what)
    {
        const auto name = table.name.substr(2);
        auto sector = name;
        std::replace(sector.begin(), sector.end(), '_', '.');
        ViewBuilder view{name, fmt::format("{}, as Spellbook's {}.", what, sector), table};
        view.project_columns();
        view.same("transaction_type");
        if (name == "lending_borrow")
            view.column("loan_type", "TEXT", "", "Always `variable`.", "'variable'");
        const auto token = view.join_token("token_id");
        const auto raw = view.row("amount_raw");
        view.column("symbol", "TEXT", "", "The token's.", token.symbol);
        view.address("token_address", "The token.", token.address);
        for (const auto& account : accounts)
        {
            const auto id = fmt::format("nullif({}, 0)", view.row(id_column(account)));
            view.address(account, "NULL where there is none.", view.join_account(id));
        }
        view.column(
            "amount", "REAL", "whole tokens", "Rounded; exact in amount_raw.", scaled(raw, token));
        view.same("amount_raw");
        view.column("amount_usd", "REAL", "USD",
            "By the reference price, else the oracle's newest; NULL without.",
            amount_usd(raw, token));
        view.time_columns(false);
        view.trace_columns();
        view.same(table.key.back(), "evt_index");
        add(std::move(view));
    }

    void lending_flashloans(const TableInfo& table)
    {
        ViewBuilder view{"lending_flashloans",
            "Flash loans that were repaid, as Spellbook's lending.flashloans.", table};
        view.project_columns();
        const auto token = view.join_token("token_id");
        const auto raw = view.row("amount_raw");
        view.address("token_address", "The token.", token.address);
        view.column("symbol", "TEXT", "", "The token's.", token.symbol);
        view.address("recipient", "Who borrowed.", view.join_account(view.row("recipient_id")));
        view.column(
            "amount", "REAL", "whole tokens", "Rounded; exact in amount_raw.", scaled(raw, token));
        view.same("amount_raw");
        view.column("amount_usd", "REAL", "USD",
            "By the reference price, else the oracle's newest; NULL without.",
            amount_usd(raw, token));
        view.column("fee", "REAL", "whole tokens", "Rounded.", scaled(view.row("fee_raw"), token));
        view.time_columns(false);
        view.trace_columns();
        view.same(table.key.back(), "evt_index");
        add(std::move(view));
    }

    /// Any other event: its own fields, ids resolved, amounts also in whole tokens or dollars where
    /// their unit says of what.
    void plain(const EventType& type, const TableInfo& table, const std::string& name)
    {
        ViewBuilder view{name, table.meaning, table};
        view.join_block();
        view.join_contract();
        view.same("block_number");
        view.column("block_time", "TEXT", "YYYY-MM-DD HH:MM:SS", "UTC.",
            "datetime(b.timestamp, 'unixepoch')");
        if (type.use != EventUse::snapshot)
        {
            view.join_transaction();
            view.column(
                "tx_hash", "TEXT", "0x and 64 hex digits", "The transaction.", hex("x.hash"));
            view.same("transaction_index");
        }
        view.same(table.key.back());
        view.address("contract_address", "Who emitted it.", "c.address");
        view.column("contract_name", "TEXT", "", "Its key in the scenario.", "c.name");

        FieldSink sink;
        type.columns(sink);
        std::vector<std::pair<std::string, TokenColumns>> tokens;
        for (const auto& field : sink.fields)
        {
            if (field.kind == ColumnKind::contract)
                tokens.emplace_back(field.name, view.join_token(id_column(field.name)));
        }
        const auto meaning = [&](std::string_view field)
        {
            const auto id = id_column(field);
            return std::find_if(table.columns.begin(), table.columns.end(),
                [&](const ColumnInfo& column) { return column.name == id; })
                ->meaning;
        };
        const auto token_of = [&](std::string_view field)
        {
            return std::find_if(tokens.begin(), tokens.end(),
                [&](const auto& token) { return token.first == field; });
        };
        for (const auto& field : sink.fields)
        {
            if (field.kind == ColumnKind::account)
            {
                view.address(field.name, meaning(field.name),
                    view.join_account(view.row(id_column(field.name))));
                continue;
            }
            if (field.kind == ColumnKind::contract)
            {
                const auto& token = token_of(field.name)->second;
                view.address(field.name, meaning(field.name), token.address);
                view.column(field.name + "_symbol", "TEXT", "", "If it is a token.", token.symbol);
                continue;
            }
            view.same(field.name);
            if (field.kind != ColumnKind::amount && field.kind != ColumnKind::signed_amount)
                continue;
            if (field.unit.kind == UnitKind::account_value)
            {
                RUNNEL_CHECK(
                    token_of("value_token") != tokens.end() && table.has_column("value_decimals"));
                view.column(field.name + "_usd", "REAL", "USD",
                    "Rounded; by the oracle's newest price of value_token; NULL without.",
                    value_usd(view, field.name, token_of("value_token")->second));
            }
            if (field.unit.kind == UnitKind::usd_e8)
            {
                view.column(field.name + "_usd", "REAL", "USD", "Rounded.",
                    fmt::format("CAST({} AS REAL) / 1e8", view.row(field.name)));
            }
            if (field.unit.kind == UnitKind::smallest_unit_of_column)
            {
                const auto token = token_of(field.unit.text);
                RUNNEL_CHECK(token != tokens.end());  // event_type would not have compiled.
                const bool raw = field.name.ends_with("_raw");
                view.column(
                    raw ? field.name.substr(0, field.name.size() - 4) : field.name + "_scaled",
                    "REAL", "whole tokens", "Rounded.",
                    scaled(view.row(field.name), token->second));
            }
        }
        add(std::move(view));
    }

    const std::vector<TableInfo>& tables_;
    std::span<const EventType* const> events_;
    std::vector<ViewInfo> views_;
};
}  // namespace

std::vector<ViewInfo> make_views(
    const std::vector<TableInfo>& tables, std::span<const EventType* const> events)
{
    return Views{tables, events}.make();
}

}  // namespace runnel::storage
