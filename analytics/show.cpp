#include "analytics/show.hpp"

#include "ledger/event.hpp"
#include "state/contract.hpp"
#include "storage/schema.hpp"
#include "storage/sql_functions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <limits>
#include <map>
#include <set>

namespace runnel::analytics
{
namespace
{
using storage::Statement;

constexpr std::uint64_t integer_max = std::numeric_limits<std::int64_t>::max();

storage::Value bound(std::uint64_t number)
{
    return storage::Value{static_cast<std::int64_t>(std::min(number, integer_max))};
}
template <typename Id>
storage::Value bound_id(Id id)
{
    return storage::Value{std::int64_t{index(id)}};
}

std::string scalar(
    storage::Database& database, std::string_view sql, std::initializer_list<storage::Value> values)
{
    auto row = database.prepare(sql);
    row.bind_all({values.begin(), values.size()});
    if (!row.step() || row.is_null(0))
        return {};
    return row.type(0) == storage::ValueType::integer ? std::to_string(row.integer(0))
                                                      : std::string{row.text(0)};
}

Figure figure(std::string key, std::string label, Value value, Unit unit = Unit::none)
{
    return {std::move(key), std::move(label), std::move(value), unit};
}
/// A count that SQL makes.
Value count_rows(
    storage::Database& database, std::string_view sql, std::initializer_list<storage::Value> values)
{
    auto row = database.prepare(sql);
    row.bind_all({values.begin(), values.size()});
    return row.step() ? count_of(row.integer_up_to(0, integer_max)) : Value{};
}
Value gwei(std::uint64_t wei)
{
    return static_cast<double>(wei) / 1e9;
}

/// A table that is shown whole: it is a page of a longer one.
Table table(std::string key, std::string title, std::vector<Column> columns)
{
    Table made{std::move(key), std::move(title), std::move(columns), {}};
    made.rows_shown = std::numeric_limits<std::size_t>::max();
    return made;
}

/// Leaves a column out for people where none of its cells says anything.
void hide_if_empty(Table& table, std::string_view key)
{
    for (std::size_t i = 0; i < table.columns.size(); ++i)
    {
        if (table.columns[i].key == key &&
            std::all_of(table.rows.begin(), table.rows.end(),
                [&](const auto& row) { return row[i] == Value{std::string{}}; }))
            table.columns[i].label.clear();
    }
}

/// An exact amount: for people with all its digits, for programs twice more.
void amount_columns(std::vector<Column>& columns, const std::string& key, const std::string& label)
{
    columns.push_back({key + "_text", label, Unit::none});
    columns.push_back({key, "", Unit::none});
}

/// Where a ledger has what was moved: the token, and what orders rows within a transaction.
struct TransferTable
{
    const char* name;
    const char* token;
    const char* order;
};
constexpr std::array transfer_tables{TransferTable{"t_token_transfers", "contract_id", "log_index"},
    TransferTable{"t_native_transfers", "0", "event_index"}};
constexpr std::array transfer_sides{"from_id", "to_id"};

/// The row of the last transaction up to block ?2: rows lie in the order of the chain, so that what
/// is counted or listed up to it is found in the index of senders alone.
constexpr std::string_view last_transaction =
    "ifnull((SELECT rowid FROM t_transactions WHERE block_number <= ?2 ORDER BY block_number DESC, "
    "transaction_index DESC LIMIT 1), -1)";

struct FieldColumns final : ColumnSink
{
    struct Field
    {
        std::string name;
        ColumnKind kind;
        runnel::Unit unit;
    };
    void column(std::string_view name, ColumnKind kind, const runnel::Unit& unit) override
    {
        fields.push_back({std::string{name}, kind, unit});
    }
    std::vector<Field> fields;
};

void collect_kinds(const std::vector<CallNode>& calls, std::set<std::string>& kinds)
{
    for (const auto& call : calls)
    {
        kinds.insert(call.kind);
        for (const auto& argument : call.arguments)
            collect_kinds(argument.calls, kinds);
    }
}
}  // namespace

Viewer::Viewer(storage::Database& database, FindType find_type)
  : database_{database}, find_type_{std::move(find_type)}, names_{database}
{}

bool Viewer::has(std::string_view table)
{
    return storage::has_table(database_, table);
}

std::uint64_t Viewer::checked_block(std::optional<std::uint64_t> at)
{
    auto row = database_.prepare("SELECT max(number) FROM t_blocks");
    if (!row.step() || row.is_null(0))
        throw NotThere{"the ledger has no blocks yet"};
    const auto last = row.integer_up_to(0, integer_max);
    if (at && *at > last)
        throw NotThere{fmt::format("there is no block {}: the last is {}", *at, last)};
    return at.value_or(last);
}

std::string Viewer::time_of(std::uint64_t block)
{
    return scalar(database_,
        "SELECT datetime(timestamp, 'unixepoch') FROM t_blocks WHERE number = ?", {bound(block)});
}

bool Viewer::is_busy(AccountId account)
{
    std::uint64_t rows = 0;
    for (const auto& transfers : transfer_tables)
    {
        if (!has(transfers.name))
            continue;
        for (const auto* side : transfer_sides)
        {
            auto found = database_.prepare(
                fmt::format("SELECT count(*) FROM (SELECT 1 FROM {} WHERE {} = ? LIMIT ?)",
                    transfers.name, side));
            found.bind(1, bound_id(account)).bind(2, bound(movements_max + 1));
            rows += found.step() ? found.integer_up_to(0, integer_max) : 0;
        }
    }
    return rows > movements_max;
}

std::string Viewer::balance_before(
    AccountId account, ContractId token, std::uint64_t block, std::uint64_t transaction)
{
    return scalar(database_, "SELECT balance_at(?, ?, ?, ?)",
        {bound_id(account), bound_id(token), bound(block), bound(transaction)});
}

Value Viewer::money(std::string_view digits, ContractId token)
{
    if (digits.empty())
        return {};
    const auto* contract = names_.contract(token);
    return Money{std::string{digits}, contract != nullptr ? contract->decimals.value_or(0) : 0,
        names_.token(token)};
}

Value Viewer::exact(std::string_view digits, ContractId token)
{
    if (digits.empty())
        return {};
    return names_.quantity(digits, unit::smallest_unit, token);
}

std::string Viewer::reason(std::string_view text, const std::vector<CallNode>& calls)
{
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i)
    {
        const auto digits = text.substr(i + 1, text.find_first_not_of("0123456789", i + 1) - i - 1);
        constexpr std::size_t digits_max = 9;
        if (text[i] == '#' && !digits.empty() && digits.size() <= digits_max)
        {
            result +=
                names_.name(AccountId{static_cast<std::uint32_t>(std::stoul(std::string{digits}))});
            i += digits.size();
        }
        else
            result += text[i];
    }
    std::set<std::string> kinds;
    collect_kinds(calls, kinds);
    std::set<std::string> meanings;
    auto rows =
        database_.prepare("SELECT contract_kind, name FROM t_revert_reasons WHERE reason = ?");
    rows.bind(1, storage::Value{text});
    while (rows.step())
    {
        if (kinds.contains(std::string{rows.text(0)}))
            meanings.emplace(rows.text(1));
    }
    if (!meanings.empty())
        result += fmt::format(" ({})", fmt::join(meanings, " or "));
    return result;
}

Shown Viewer::block(std::uint64_t number, const Page& page)
{
    number = checked_block(number);
    auto row = database_.prepare(
        "SELECT hash, parent_hash, timestamp, proposer_id, gas_limit, gas_used, base_fee, "
        "transaction_count, state_root, finalized_block FROM t_blocks WHERE number = ?");
    row.bind(1, bound(number));
    if (!row.step())
        throw NotThere{fmt::format("there is no block {}", number)};
    Section facts{"block", fmt::format("Block {}", number), {}, {}, {}};
    const auto gas_limit = row.integer_up_to(4, integer_max);
    const auto gas_used = row.integer_up_to(5, integer_max);
    const auto count = row.integer_up_to(7, integer_max);
    facts.figures = {
        figure("number", "Number", count_of(number)),
        figure("time", "Time (UTC)", time_of(number)),
        figure("hash", "Hash", row.hash(0).to_string()),
        figure("parent_hash", "Parent's hash", row.hash(1).to_string()),
        figure("state_root", "State root", row.hash(8).to_string()),
        figure("proposer", "Proposer", names_.name(row.account(3))),
        figure("transactions", "Transactions", count_of(count), Unit::count),
        figure("gas_used", "Gas used", count_of(gas_used), Unit::count),
        figure("gas_used_share", "of the limit",
            gas_limit == 0 ? Value{}
                           : Value{static_cast<double>(gas_used) / static_cast<double>(gas_limit)},
            Unit::share),
        figure("base_fee_gwei", "Base fee", gwei(row.integer_up_to(6, integer_max)), Unit::gwei),
        figure("finalized_block", "Finalized then", count_of(row.integer_up_to(9, integer_max))),
    };
    const auto rewards = scalar(database_,
        "SELECT amount_sum(amount) FROM t_rewards WHERE block_number = ?", {bound(number)});
    facts.figures.push_back(
        figure("rewards", "Rewards to validators", money(rewards, native_coin)));
    facts.figures.push_back(figure("dropped_transactions", "Transactions dropped",
        count_rows(database_, "SELECT count(*) FROM t_dropped_transactions WHERE block_number = ?",
            {bound(number)}),
        Unit::count));

    std::vector<Column> columns{{"transaction", "Transaction"}, {"hash", ""}, {"from", "From"},
        {"calls", "Calls"}, {"succeeded", "Done"}, {"reason", "Refused with"},
        {"gas_used", "Gas", Unit::count}};
    auto list = table("list", page.offset == 0 ? "" : fmt::format("From number {} on", page.offset),
        std::move(columns));
    auto rows = database_.prepare(
        "SELECT transaction_index, hash, from_id, input, receipt_status, revert_reason, "
        "receipt_gas_used FROM t_transactions WHERE block_number = ? AND transaction_index >= ? "
        "ORDER BY transaction_index LIMIT ?");
    rows.bind(1, bound(number)).bind(2, bound(page.offset)).bind(3, bound(page.limit));
    while (rows.step())
    {
        const auto calls = decode_calls(names_, find_type_, rows.blob(3));
        list.rows.push_back({fmt::format("{}:{}", number, rows.integer(0)),
            rows.hash(1).to_string(), names_.name(rows.account(2)), call_names(calls),
            rows.integer(4) == 1, rows.is_null(5) ? std::string{} : reason(rows.text(5), calls),
            count_of(rows.integer_up_to(6, integer_max))});
    }
    hide_if_empty(list, "reason");
    Section transactions{"transactions", "Transactions", {}, {}, {std::move(list)}};
    Shown shown;
    shown.report.sections.push_back(std::move(facts));
    if (count > 0)
        shown.report.sections.push_back(std::move(transactions));
    return shown;
}

namespace
{
constexpr std::string_view transaction_columns =
    "SELECT block_number, transaction_index, hash, nonce, from_id, to_id, gas, max_fee_per_gas, "
    "max_priority_fee_per_gas, arrival_ms, input, receipt_status, receipt_gas_used, "
    "receipt_effective_gas_price, revert_reason, amount_mul(receipt_gas_used, "
    "receipt_effective_gas_price) FROM t_transactions";
}  // namespace

Shown Viewer::transaction(const Hash& hash)
{
    auto row = database_.prepare(std::string{transaction_columns} + " WHERE hash = ?");
    row.bind(1, storage::Value{ByteView{hash.bytes}});
    if (!row.step())
    {
        auto dropped = database_.prepare(
            "SELECT block_number, reason FROM t_dropped_transactions WHERE hash = ?");
        dropped.bind(1, storage::Value{ByteView{hash.bytes}});
        if (dropped.step())
        {
            throw NotThere{fmt::format("{} came into no block: dropped at block {}, {}",
                hash.to_string(), dropped.integer(0), dropped.text(1))};
        }
        throw NotThere{fmt::format("there is no transaction {}", hash.to_string())};
    }
    return show_transaction(row);
}

Shown Viewer::transaction(std::uint64_t block, std::uint64_t transaction_index)
{
    block = checked_block(block);
    auto row = database_.prepare(
        std::string{transaction_columns} + " WHERE block_number = ? AND transaction_index = ?");
    row.bind(1, bound(block)).bind(2, bound(transaction_index));
    if (!row.step())
    {
        throw NotThere{fmt::format("block {} has {} transactions", block,
            scalar(database_, "SELECT transaction_count FROM t_blocks WHERE number = ?",
                {bound(block)}))};
    }
    return show_transaction(row);
}

Shown Viewer::show_transaction(Statement& row)
{
    const auto block = row.integer_up_to(0, integer_max);
    const auto place = row.integer_up_to(1, integer_max);
    const auto sender = row.account(4);
    const bool succeeded = row.integer(11) == 1;
    const auto gas = row.integer_up_to(6, integer_max);
    const auto gas_used = row.integer_up_to(12, integer_max);
    const std::string fee{block == 0 ? "0" : row.text(15)};
    Shown shown;
    shown.calls = decode_calls(names_, find_type_, row.blob(10));

    Section facts{"transaction", fmt::format("Transaction {}:{}", block, place), {}, {}, {}};
    facts.figures = {
        figure("transaction", "Place", fmt::format("{}:{}", block, place)),
        figure("time", "Time (UTC)", time_of(block)),
        figure("hash", "Hash", row.hash(2).to_string()),
        figure("from", "From", names_.name(sender)),
        figure("to", "To", row.is_null(5) ? Value{} : Value{names_.name(row.account(5))}),
        figure("nonce", "Nonce", count_of(row.integer_up_to(3, integer_max))),
        figure("arrived_ms", "Arrived, since the start",
            row.integer(9) < 0 ? Value{} : Value{row.integer(9)}),
        figure("succeeded", "Done", succeeded),
        figure("revert_reason", "Reverted with",
            row.is_null(14) ? Value{} : Value{reason(row.text(14), shown.calls)}),
        figure("gas_used", "Gas used", count_of(gas_used), Unit::count),
        figure("gas_limit", "Gas limit", count_of(gas), Unit::count),
        figure("gas_price_gwei", "Gas price", gwei(row.integer_up_to(13, integer_max)), Unit::gwei),
        figure("max_fee_gwei", "Gas price, at most", gwei(row.integer_up_to(7, integer_max)),
            Unit::gwei),
        figure("max_priority_fee_gwei", "Tip, at most", gwei(row.integer_up_to(8, integer_max)),
            Unit::gwei),
        figure("fee", "Fee", money(fee, native_coin)),
    };
    shown.report.sections.push_back(std::move(facts));

    Section effects{"effects", "What it moved", {}, {}, {}};
    shown.events = events_of(block, place);
    add_movements(effects, block, place, sender, fee);
    if (!effects.tables.empty())
        shown.report.sections.push_back(std::move(effects));
    return shown;
}

const EventType* Viewer::type_of(std::string_view table, ContractId emitter)
{
    const auto* contract = names_.contract(emitter);
    const auto* kind = contract == nullptr ? nullptr : find_type_(contract->kind);
    if (kind == nullptr)
        return nullptr;
    const auto found = std::find_if(kind->events.begin(), kind->events.end(),
        [&](const EventType* type) { return storage::event_table_name(*type) == table; });
    return found == kind->events.end() ? nullptr : *found;
}

EventNode Viewer::event(
    const Statement& row, const EventType& type, int first_field, std::optional<ContractId> emitter)
{
    EventNode node;
    node.name = type.name;
    node.is_log = type.use == EventUse::log;
    if (emitter)
        node.contract = names_.name(*emitter);
    FieldColumns sink;
    type.columns(sink);
    if (row.column_count() < first_field + static_cast<int>(sink.fields.size()))
        row.fail(0, "a column for each field of the event");
    std::map<std::string, ContractId> contracts;
    for (std::size_t i = 0; i < sink.fields.size(); ++i)
    {
        if (sink.fields[i].kind == ColumnKind::contract)
            contracts[sink.fields[i].name] = row.contract(first_field + static_cast<int>(i));
    }
    for (std::size_t i = 0; i < sink.fields.size(); ++i)
    {
        const auto& [name, kind, field_unit] = sink.fields[i];
        const auto column = first_field + static_cast<int>(i);
        auto& argument = node.arguments.emplace_back();
        argument.name = name;
        switch (kind)
        {
            case ColumnKind::amount:
            case ColumnKind::signed_amount: {
                argument.raw = row.text(column);
                std::optional<ContractId> token;
                if (field_unit.kind == UnitKind::smallest_unit_of_column)
                {
                    if (const auto found = contracts.find(std::string{field_unit.text});
                        found != contracts.end())
                        token = found->second;
                }
                else if (field_unit.kind == UnitKind::smallest_unit &&
                         field_unit.text == unit::smallest_unit.text)
                    token = emitter;
                argument.value = names_.quantity(argument.raw, field_unit, token);
                break;
            }
            case ColumnKind::integer:
                argument.raw = std::to_string(row.integer(column));
                argument.value = argument.raw;
                break;
            case ColumnKind::account: {
                const auto id = row.account(column);
                const auto* account = names_.account(id);
                argument.value = names_.name(id);
                argument.raw = account == nullptr ? "" : account->address;
                break;
            }
            case ColumnKind::contract: {
                const auto id = contracts[name];
                const auto* contract = names_.contract(id);
                argument.value = id == no_contract ? "none" : names_.name(id);
                argument.raw = contract == nullptr ? "" : contract->address;
                break;
            }
            case ColumnKind::boolean:
                argument.value = row.integer(column) == 1 ? "true" : "false";
                break;
            case ColumnKind::text: argument.value = row.text(column); break;
        }
    }
    return node;
}

std::vector<EventNode> Viewer::events_of(std::uint64_t block, std::uint64_t transaction)
{
    std::vector<EventNode> events;
    std::vector<std::string> tables;
    auto types = database_.prepare("SELECT DISTINCT table_name FROM t_event_types");
    while (types.step())
        tables.emplace_back(types.text(0));
    // Logs are numbered among logs, the others among all events of the block: logs have the places
    // that these leave.
    std::set<std::uint64_t> taken;
    for (const auto& name : tables)
    {
        const auto table = storage::quoted_name(name);
        auto rows = database_.prepare(fmt::format(
            "SELECT * FROM {} WHERE block_number = ? AND transaction_index = ?", table));
        const bool is_log = rows.column_name(1) == "log_index";
        rows.bind(1, bound(block)).bind(2, bound(transaction));
        while (rows.step())
        {
            const auto emitter = rows.contract(3);
            const auto* type = type_of(name, emitter);
            if (type == nullptr)
                continue;
            auto& node = events.emplace_back(event(rows, *type, 4, emitter));
            node.is_log = is_log;
            node.index = rows.integer_up_to(1, integer_max);
        }
        if (is_log)
            continue;
        auto places = database_.prepare(
            fmt::format("SELECT event_index FROM {} WHERE block_number = ?", table));
        places.bind(1, bound(block));
        while (places.step())
            taken.insert(places.integer_up_to(0, integer_max));
    }
    for (auto& node : events)
    {
        if (!node.is_log)
            continue;
        for (const auto place : taken)
        {
            if (place > node.index)
                break;
            ++node.index;
        }
    }
    std::sort(events.begin(), events.end(),
        [](const EventNode& a, const EventNode& b) { return a.index < b.index; });
    return events;
}

void Viewer::add_movements(Section& section, std::uint64_t block, std::uint64_t transaction,
    AccountId sender, const std::string& fee)
{
    std::vector<Column> columns{{"from", "From"}, {"to", "To"}};
    amount_columns(columns, "amount", "Amount");
    auto movements = table("movements", "Movements of tokens", std::move(columns));
    std::map<std::pair<AccountId, ContractId>, SignedAmount> changes;
    for (const auto& [name, token_column, order] : transfer_tables)
    {
        if (!has(name))
            continue;
        auto rows = database_.prepare(
            fmt::format("SELECT from_id, to_id, value, {} FROM {} WHERE block_number = ? AND "
                        "transaction_index = ? ORDER BY {}",
                token_column, name, order));
        rows.bind(1, bound(block)).bind(2, bound(transaction));
        while (rows.step())
        {
            const auto from = rows.account(0);
            const auto to = rows.account(1);
            const auto value = rows.amount(2);
            const auto token = rows.contract(3);
            movements.rows.push_back({names_.name(from), names_.name(to),
                exact(value.to_string(), token), money(value.to_string(), token)});
            changes[{from, token}].subtract(value);
            changes[{to, token}].add(value);
        }
    }
    if (!movements.rows.empty())
        section.tables.push_back(std::move(movements));
    if (block == 0)
        return;  // What accounts have before block 0 is done is not in the ledger.
    changes.try_emplace({sender, native_coin});
    std::vector<Column> balance_columns{{"account", "Account"}};
    for (const auto& [key, label] :
        {std::pair{"before", "Before"}, std::pair{"after", "After"}, std::pair{"change", "Change"}})
        amount_columns(balance_columns, key, label);
    auto balances =
        table("balances", "Balances before and after, fee included", std::move(balance_columns));
    std::map<AccountId, bool> busy;
    for (const auto& [who, moved] : changes)
    {
        const auto [account, token] = who;
        if (account == zero_account)
            continue;
        auto change = moved.to_string();
        if (account == sender && token == native_coin)
            change = scalar(database_, "SELECT amount_sub(?, ?)",
                {storage::Value{std::string_view{change}}, storage::Value{std::string_view{fee}}});
        const auto [entry, is_new] = busy.try_emplace(account);
        if (is_new)
            entry->second = is_busy(account);
        const auto before =
            entry->second ? std::string{} : balance_before(account, token, block, transaction);
        const auto after = before.empty() ? std::string{}
                                          : scalar(database_, "SELECT amount_add(?, ?)",
                                                {storage::Value{std::string_view{before}},
                                                    storage::Value{std::string_view{change}}});
        balances.rows.push_back({names_.name(account), exact(before, token), money(before, token),
            exact(after, token), money(after, token), exact(change, token), money(change, token)});
    }
    section.tables.push_back(std::move(balances));
}

void Viewer::add_balances(Section& section, AccountId account, std::uint64_t block)
{
    if (is_busy(account))
    {
        section.figures.push_back(figure("balances_left_out", "Balances",
            fmt::format("not added up: more than {} movements; ask for one by "
                        "runnel sql DB \"SELECT balance_at(...)\"",
                movements_max)));
        return;
    }
    auto rows = database_.prepare(
        "SELECT token_id, price_at(token_id, ?3), balance FROM (" +
        storage::balances_sql([this](const char* name) { return has(name); }) + ")");
    rows.bind(1, bound_id(account)).bind(3, bound(block));
    rows.bind(4, bound(integer_max)).bind(5, bound(block));
    std::vector<Column> columns;
    amount_columns(columns, "balance", "Balance");
    columns.push_back({"price_usd", "Price", Unit::usd_price});
    columns.push_back({"value_usd", "Value", Unit::usd});
    auto balances =
        table("balances", fmt::format("Balances after block {}", block), std::move(columns));
    while (account != zero_account && rows.step())  // What nobody has was made, or is burnt.
    {
        const auto token = rows.contract(0);
        const std::string digits{rows.text(2)};
        if (digits == "0")
            continue;
        const auto amount = money(digits, token);
        Value price;
        Value worth;
        if (!rows.is_null(1))
        {
            const auto usd = std::stod(std::string{rows.text(1)});
            price = usd;
            worth = std::get<Money>(amount).to_double() * usd;
        }
        balances.rows.push_back({exact(digits, token), amount, price, worth});
    }
    section.tables.push_back(std::move(balances));
}

void Viewer::add_loans(Section& section, AccountId account, std::uint64_t block)
{
    if (!has("t_lending_balances") || !has("t_lending_reserves"))
        return;
    std::vector<Column> columns{{"market", "Market"}};
    amount_columns(columns, "supplied", "Supplied");
    amount_columns(columns, "debt", "Owed");
    columns.push_back({"used_as_collateral", "Collateral"});
    columns.push_back({"block", "Said at block"});
    columns.push_back({"health_factor", "Health factor"});
    auto loans = table("lending", fmt::format("Supply and debt, health after block {}", block),
        std::move(columns));
    auto rows = database_.prepare(
        "SELECT b.contract_id, b.token_id, b.supplied_raw, b.debt_raw, b.used_as_collateral, "
        "b.block_number, health_factor_at(b.contract_id, b.account_id, ?2), max(b.rowid) FROM "
        "t_lending_balances b WHERE b.account_id = ?1 AND b.block_number <= ?2 GROUP BY "
        "b.contract_id, b.token_id");
    rows.bind(1, bound_id(account)).bind(2, bound(block));
    while (rows.step())
    {
        const auto token = rows.contract(1);
        const std::string supplied{rows.text(2)};
        const std::string debt{rows.text(3)};
        if (supplied == "0" && debt == "0")
            continue;
        loans.rows.push_back({names_.name(rows.contract(0)), exact(supplied, token),
            money(supplied, token), exact(debt, token), money(debt, token), rows.integer(4) == 1,
            count_of(rows.integer_up_to(5, integer_max)),
            rows.is_null(6) ? Value{} : Value{std::stod(std::string{rows.text(6)})}});
    }
    if (!loans.rows.empty())
        section.tables.push_back(std::move(loans));
}

void Viewer::add_sent(Section& section, const std::string& condition, std::uint64_t id,
    std::uint64_t block, const Page& page, std::string title)
{
    const bool is_of_sender = condition.starts_with("x.from_id");
    auto sent = table("transactions", std::move(title),
        {{"transaction", "Transaction"}, {"time", "Time (UTC)"},
            {"from", is_of_sender ? "" : "From"}, {"calls", "Calls"}, {"succeeded", "Done"},
            {"reason", "Refused with"}});
    auto rows = database_.prepare(fmt::format(
        "SELECT x.block_number, x.transaction_index, x.from_id, x.input, x.receipt_status, "
        "x.revert_reason, datetime(b.timestamp, 'unixepoch') FROM t_transactions x JOIN t_blocks b "
        "ON b.number = x.block_number WHERE {} AND x.rowid <= {} ORDER BY x.rowid DESC LIMIT ?3 "
        "OFFSET ?4",
        condition, last_transaction));
    rows.bind(1, bound(id)).bind(2, bound(block)).bind(3, bound(page.limit));
    rows.bind(4, bound(page.offset));
    while (rows.step())
    {
        const auto calls = decode_calls(names_, find_type_, rows.blob(3));
        sent.rows.push_back({fmt::format("{}:{}", rows.integer(0), rows.integer(1)),
            std::string{rows.text(6)}, names_.name(rows.account(2)), call_names(calls),
            rows.integer(4) == 1, rows.is_null(5) ? std::string{} : reason(rows.text(5), calls)});
    }
    hide_if_empty(sent, "reason");
    if (!sent.rows.empty())
        section.tables.push_back(std::move(sent));
}

void Viewer::add_history(Section& section, AccountId account, std::uint64_t block, const Page& page)
{
    add_sent(
        section, "x.from_id = ?1", index(account), block, page, "Transactions sent, newest first");
    std::string parts;
    for (const auto& [name, token, order] : transfer_tables)
    {
        if (!has(name))
            continue;
        for (const auto* side : transfer_sides)
        {
            parts += fmt::format(
                "{}SELECT * FROM (SELECT block_number, transaction_index, {} AS token, from_id, "
                "to_id, value FROM {} WHERE {} = ?1 {} AND rowid <= ifnull((SELECT rowid FROM {} "
                "WHERE block_number <= ?2 ORDER BY block_number DESC, {} DESC LIMIT 1), -1) ORDER "
                "BY rowid DESC LIMIT ?3 + ?4)",
                parts.empty() ? "" : " UNION ALL ", token, name, side,
                // Once, if somebody pays himself.
                side == std::string_view{"to_id"} ? "AND from_id <> ?1" : "", name, order);
        }
    }
    if (parts.empty())
        return;
    auto rows = database_.prepare(
        parts + " ORDER BY block_number DESC, transaction_index DESC LIMIT ?3 OFFSET ?4");
    rows.bind(1, bound_id(account)).bind(2, bound(block)).bind(3, bound(page.limit));
    rows.bind(4, bound(page.offset));
    std::vector<Column> columns{{"transaction", "Transaction"}, {"other", "With"}};
    amount_columns(columns, "amount", "Came in, or went out (-)");
    auto movements = table("movements", "Movements, newest first", std::move(columns));
    while (rows.step())
    {
        const auto token = rows.contract(2);
        const auto from = rows.account(3);
        const auto to = rows.account(4);
        const bool is_out = from == account;
        const auto digits = (is_out ? "-" : "") + std::string{rows.text(5)};
        movements.rows.push_back({fmt::format("{}:{}", rows.integer(0), rows.integer(1)),
            names_.name(is_out ? to : from), exact(digits, token), money(digits, token)});
    }
    if (!movements.rows.empty())
        section.tables.push_back(std::move(movements));
}

Shown Viewer::account(std::string_view name, std::optional<std::uint64_t> at, const Page& page)
{
    const auto block = checked_block(at);
    const auto id = names_.find_account(name);
    if (!id)
        throw NotThere{fmt::format("there is no account {}: expected a name or an address", name)};
    const auto& account = *names_.account(*id);
    Section facts{"account", "Account " + names_.name(*id), {}, {}, {}};
    facts.figures = {
        figure("name", "Name", account.name),
        figure("address", "Address", account.address),
        figure("role", "Role", account.role),
        figure(
            "strategy", "Strategy", account.strategy.empty() ? Value{} : Value{account.strategy}),
        figure("first_block", "Named first at block", count_of(account.block)),
        figure("block", "After block", count_of(block)),
        figure("time", "Time (UTC)", time_of(block)),
        figure("transactions_sent", "Transactions sent",
            count_rows(database_,
                fmt::format(
                    "SELECT count(*) FROM t_transactions WHERE from_id = ?1 AND rowid <= {}",
                    last_transaction),
                {bound_id(*id), bound(block)}),
            Unit::count),
    };
    Section has_now{"holdings", "What it has", {}, {}, {}};
    add_balances(has_now, *id, block);
    add_loans(has_now, *id, block);
    add_positions(has_now, *id, block);
    Section history{"history",
        page.offset == 0 ? "What it did"
                         : fmt::format("What it did, from the {}th on", page.offset + 1),
        {}, {}, {}};
    add_history(history, *id, block, page);
    Shown shown;
    shown.report.sections.push_back(std::move(facts));
    shown.report.sections.push_back(std::move(has_now));
    if (!history.tables.empty())
        shown.report.sections.push_back(std::move(history));
    return shown;
}

/// The rows of @p type that @p contract stated last; of one account, or such as are of none.
void Viewer::add_stated(Section& section, const EventType& type, const NamedContract& contract,
    std::uint64_t block, std::optional<AccountId> account)
{
    const auto name = storage::event_table_name(type);
    if (type.use != EventUse::snapshot)
        return;
    FieldColumns sink;
    type.columns(sink);
    const auto owner = std::find_if(sink.fields.begin(), sink.fields.end(),
        [](const auto& field) { return field.kind == ColumnKind::account; });
    if ((owner != sink.fields.end()) != account.has_value() || !has(name))
        return;
    const auto newest = scalar(database_,
        fmt::format("SELECT block_number FROM {} WHERE contract_id = ? AND block_number <= ? ORDER "
                    "BY block_number DESC LIMIT 1",
            storage::quoted_name(name)),
        {bound_id(contract.id), bound(block)});
    if (newest.empty())
        return;
    auto stated = table(std::string{type.table},
        account ? fmt::format("{}, as stated last", type.name)
                : fmt::format("{} after block {}", type.name, newest),
        {});
    if (account)
    {
        stated.columns.push_back({"contract", "Contract"});
        stated.columns.push_back({"block", "After block"});
    }
    for (const auto& field : sink.fields)
    {
        stated.columns.push_back({field.name, field.name});
        if (field.kind == ColumnKind::amount || field.kind == ColumnKind::signed_amount)
            stated.columns.push_back({field.name + "_raw", ""});
    }
    auto rows = database_.prepare(fmt::format(
        "SELECT * FROM {} WHERE block_number = ? AND contract_id = ?{}", storage::quoted_name(name),
        account ? " AND " + storage::quoted_name(storage::id_column(owner->name)) + " = ?" : ""));
    rows.bind(1, bound(std::stoull(newest))).bind(2, bound_id(contract.id));
    if (account)
        rows.bind(3, bound_id(*account));
    while (rows.step())
    {
        const auto node = event(rows, type, 4, contract.id);
        auto& cells = stated.rows.emplace_back();
        if (account)
        {
            cells.emplace_back(contract.name);
            cells.emplace_back(newest);
        }
        for (std::size_t i = 0; i < node.arguments.size(); ++i)
        {
            cells.emplace_back(node.arguments[i].value);
            if (sink.fields[i].kind == ColumnKind::amount ||
                sink.fields[i].kind == ColumnKind::signed_amount)
                cells.emplace_back(node.arguments[i].raw);
        }
    }
    if (stated.rows.empty())
        return;
    const auto same = std::find_if(section.tables.begin(), section.tables.end(),
        [&](const Table& other) { return other.key == stated.key; });
    if (same == section.tables.end())
        section.tables.push_back(std::move(stated));
    else  // Of another contract: one list for programs.
        std::move(stated.rows.begin(), stated.rows.end(), std::back_inserter(same->rows));
}

void Viewer::add_positions(Section& section, AccountId account, std::uint64_t block)
{
    std::vector<ContractId> contracts;
    auto rows = database_.prepare("SELECT id FROM t_contracts WHERE block_number <= ? ORDER BY id");
    rows.bind(1, bound(block));
    while (rows.step())
        contracts.push_back(rows.contract(0));
    for (const auto id : contracts)
    {
        const auto* contract = names_.contract(id);
        const auto* kind = contract == nullptr ? nullptr : find_type_(contract->kind);
        if (kind == nullptr)
            continue;
        for (const auto* type : kind->events)
        {
            // What add_loans() says of any block.
            if (type->table != "lending_holdings" && type->table != "lending_health")
                add_stated(section, *type, *contract, block, account);
        }
    }
}

void Viewer::add_state(Section& section, const NamedContract& contract, std::uint64_t block)
{
    if (const auto* kind = find_type_(contract.kind))
    {
        for (const auto* type : kind->events)
            add_stated(section, *type, contract, block, std::nullopt);
    }
}

Shown Viewer::contract(std::string_view name, std::optional<std::uint64_t> at, const Page& page)
{
    const auto block = checked_block(at);
    const auto id = names_.find_contract(name);
    if (!id)
    {
        throw NotThere{fmt::format("there is no contract {}: expected a name or an address", name)};
    }
    const auto contract = *names_.contract(*id);
    Section facts{"contract", "Contract " + contract.name, {}, {}, {}};
    facts.figures = {
        figure("name", "Name", contract.name),
        figure("address", "Address", contract.address),
        figure("kind", "Kind", contract.kind),
        figure("symbol", "Symbol", contract.symbol.empty() ? Value{} : Value{contract.symbol}),
        figure("decimals", "Decimals",
            contract.decimals ? Value{std::int64_t{*contract.decimals}} : Value{}),
        figure("deployed_at", "Deployed at block", count_of(contract.block)),
        figure("creator", "By", contract.creator.empty() ? Value{} : Value{contract.creator}),
        figure("block", "After block", count_of(block)),
        figure("time", "Time (UTC)", time_of(block)),
    };
    if (const auto* kind = find_type_(contract.kind))
        facts.figures.push_back(figure("what", "What it is", std::string{kind->help}));
    Section state{"state", "State", {}, {}, {}};
    add_state(state, contract, block);
    Section holdings{"holdings", "What it has", {}, {}, {}};
    if (*id != native_coin)
        add_balances(holdings, contract.account, block);
    Section history{"history", "Who called it", {}, {}, {}};
    add_sent(history,
        fmt::format("x.to_id = ?1 AND x.rowid > ifnull((SELECT rowid FROM t_transactions WHERE "
                    "block_number <= ?2 ORDER BY block_number DESC, transaction_index DESC LIMIT "
                    "1), 0) - {}",
            transactions_max),
        index(contract.account), block, page,
        fmt::format("Transactions whose first call goes to it, newest first, of the last {}",
            transactions_max));
    Shown shown;
    shown.report.sections.push_back(std::move(facts));
    for (auto* section : {&state, &holdings, &history})
    {
        if (!section->tables.empty() || !section->figures.empty())
            shown.report.sections.push_back(std::move(*section));
    }
    return shown;
}

}  // namespace runnel::analytics
