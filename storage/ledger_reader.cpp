#include "storage/ledger_reader.hpp"

#include "storage/consensus_rows.hpp"
#include "storage/ledger_writer.hpp"
#include "storage/row_visitors.hpp"
#include "storage/rows.hpp"
#include "storage/schema.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace runnel::storage
{
namespace
{
constexpr std::uint64_t uint32_max = 0xFFFF'FFFF;
constexpr auto block_max = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());

/// For a value that is of the right type but makes no sense.
[[noreturn]] void fail_column(
    const Statement& row, std::string_view column, std::string_view expected)
{
    int at = 0;
    while (row.column_name(at) != column)
        ++at;
    row.fail(at, expected);
}

/// What @p body reads, of a block: an error that does not name the block is made to.
template <typename Body>
auto in_block(const Database& database, std::uint64_t number, Body&& body)
{
    try
    {
        return body();
    }
    catch (const StorageError& error)
    {
        const auto path = database.path() + ": ";
        std::string_view what = error.what();
        if (error.kind() != StorageErrorKind::corrupt || !what.starts_with(path))
            throw;
        what.remove_prefix(path.size());
        if (what.starts_with("block "))
            throw;
        throw StorageError{error.kind(), fmt::format("{}block {}: {}", path, number, what)};
    }
}

std::int64_t as_parameter(std::uint64_t block_number) noexcept
{
    return static_cast<std::int64_t>(std::min(block_number, block_max));
}
}  // namespace

LedgerReader LedgerReader::open(const std::string& path)
{
    return LedgerReader{Database::open(path, Database::Access::read_only)};
}

LedgerReader::LedgerReader(Database database) : database_{std::move(database)}
{
    check_tables();
    account_count_ =
        static_cast<std::uint64_t>(database_.query_integer("SELECT count(*) FROM t_addresses"));
    select_header_.emplace(database_.prepare(select_rows<BlockRow>() + " WHERE number = ?"));
    transactions_.emplace(Cursor{{database_, TransactionRow::table, "block_number"},
        database_.prepare(select_rows<TransactionRow>() + " WHERE rowid >= ? ORDER BY rowid"), {}});
    witnesses_.emplace(Cursor{{database_, WitnessRow::table, "block_number"},
        database_.prepare(select_rows<WitnessRow>() + " WHERE rowid >= ? ORDER BY rowid"), {}});
    rewards_.emplace(Cursor{{database_, RewardRow::table, "block_number"},
        database_.prepare(select_rows<RewardRow>() + " WHERE rowid >= ? ORDER BY rowid"), {}});
    stake_changes_.emplace(Cursor{{database_, StakeChangeRow::table, "block_number"},
        database_.prepare(select_rows<StakeChangeRow>() + " WHERE rowid >= ? ORDER BY rowid"), {}});
}

void LedgerReader::Cursor::seek(std::uint64_t block_number)
{
    const bool goes_on = next == block_number;
    next.reset();  // Whatever is thrown meanwhile, the next one is looked for.
    if (goes_on)
        return;
    rows.reset();
    rows.bind(1, Value{places.first(block_number)});
    has_row = rows.step();
}

bool LedgerReader::Cursor::is_in(std::uint64_t block_number) const
{
    constexpr int block_column = 0;
    return has_row && rows.integer(block_column) == as_parameter(block_number);
}

void LedgerReader::Cursor::leave(std::uint64_t block_number)
{
    next = block_number + 1;
    if (!has_row)
        rows.reset();
}

void LedgerReader::check_tables()
{
    // A table may be a hostile view of the same name; only our own text is read.
    auto select =
        database_.prepare("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?");
    const Schema schema{{}};
    for (const auto& table : schema.tables())
    {
        select.bind(1, Value{std::string_view{table.name}});
        if (!select.step() || select.is_null(0) || select.text(0) != table.create_sql())
            corrupt(fmt::format("table {} is missing or not as this version makes it", table.name));
        select.reset();
    }
}

void LedgerReader::corrupt(const std::string& what) const
{
    throw StorageError{StorageErrorKind::corrupt,
        fmt::format("{}: {}; the file is damaged: restore it from a copy, "
                    "or run the scenario again",
            database_.path(), what)};
}

Manifest LedgerReader::manifest()
{
    Manifest manifest;
    auto rows = query(select_rows<ManifestRow>() + " ORDER BY position");
    while (rows.step())
    {
        const auto row = read_row<ManifestRow>(rows);
        if (manifest.find(row.key))
            corrupt(fmt::format("the manifest has {} twice", row.key));
        manifest.entries.emplace_back(row.key, row.value);
    }
    return manifest;
}

std::vector<ReferencePriceRow> LedgerReader::reference_prices()
{
    std::vector<ReferencePriceRow> prices;
    auto rows = query(select_rows<ReferencePriceRow>() + " ORDER BY token_id, from_block");
    while (rows.step())
        prices.push_back(read_row<ReferencePriceRow>(rows));
    return prices;
}

std::optional<std::uint64_t> LedgerReader::last_block()
{
    auto row = query("SELECT max(number) FROM t_blocks");
    if (!row.step() || row.is_null(0))
        return std::nullopt;
    return row.integer_up_to(0, block_max - 1);
}

std::uint64_t LedgerReader::block_count()
{
    return static_cast<std::uint64_t>(database_.query_integer("SELECT count(*) FROM t_blocks"));
}

StoredHeader LedgerReader::header(std::uint64_t number)
{
    auto& row = *select_header_;
    row.reset();
    row.bind(1, Value{as_parameter(number)});
    return in_block(database_, number,
        [&]
        {
            if (!row.step())
                corrupt(fmt::format("block {} is missing", number));
            const auto [header, hash] = read_row<BlockRow>(row);
            row.reset();
            return StoredHeader{header, hash};
        });
}

std::vector<Transaction> LedgerReader::transactions(std::uint64_t block_number)
{
    return in_block(database_, block_number, [&] { return read_transactions(block_number); });
}

std::vector<Transaction> LedgerReader::read_transactions(std::uint64_t block_number)
{
    auto& rows = transactions_->rows;
    transactions_->seek(block_number);
    std::vector<Transaction> transactions;
    for (; transactions_->is_in(block_number); transactions_->has_row = rows.step())
    {
        const auto row = read_row<TransactionRow>(rows);
        if (row.transaction_index != transactions.size())
            corrupt(fmt::format(
                "block {}: transaction {} is missing", block_number, transactions.size()));
        auto& transaction = transactions.emplace_back();
        if (index(row.from) >= account_count_)
            fail_column(rows, "from_id", "an account's id");
        transaction.hash = row.hash;
        transaction.nonce = row.nonce;
        transaction.sender = row.from;
        transaction.gas_limit = row.gas;
        transaction.max_fee = row.max_fee;
        transaction.max_priority_fee = row.max_priority_fee;
        transaction.arrival_ms = row.arrival_ms;
        if (!transaction.set_input(row.input))
            fail_column(rows, "input", "a transaction's input");
    }
    transactions_->leave(block_number);
    read_witnesses(block_number, transactions);
    return transactions;
}

void LedgerReader::read_witnesses(
    std::uint64_t block_number, std::vector<Transaction>& transactions)
{
    auto& rows = witnesses_->rows;
    witnesses_->seek(block_number);
    std::size_t next = 0;  // The first transaction whose witnesses may come.
    for (; witnesses_->is_in(block_number); witnesses_->has_row = rows.step())
    {
        const auto row = read_row<WitnessRow>(rows);
        if (row.transaction_index < next || row.transaction_index >= transactions.size())
            fail_column(rows, "transaction_index", "a later transaction of the block");
        if (row.content.empty() || !transactions[row.transaction_index].set_witnesses(row.content))
            fail_column(rows, "content", "a transaction's witnesses");
        next = row.transaction_index + std::size_t{1};
    }
    witnesses_->leave(block_number);
}

std::vector<Reward> LedgerReader::rewards(std::uint64_t block_number)
{
    return in_block(database_, block_number, [&] { return read_rewards(block_number); });
}

std::vector<Reward> LedgerReader::read_rewards(std::uint64_t block_number)
{
    auto& rows = rewards_->rows;
    rewards_->seek(block_number);
    stake_changes_->seek(block_number);
    std::vector<Reward> rewards;
    // The two tables share their numbers.
    const auto take_stake_changes = [&]
    {
        auto& changes = stake_changes_->rows;
        for (; stake_changes_->is_in(block_number); stake_changes_->has_row = changes.step())
        {
            const auto row = read_row<StakeChangeRow>(changes);
            if (row.reward_index != rewards.size())
                return;
            if (index(row.account) >= account_count_)
                fail_column(changes, "account_id", "an account's id");
            auto kind = RewardKind::staked;
            while (kind != RewardKind::fees && to_string(kind) != row.kind)
                kind = static_cast<RewardKind>(static_cast<int>(kind) + 1);
            if (to_string(kind) != row.kind)
                fail_column(changes, "kind", "staked, freed, burnt or fees");
            rewards.push_back({row.account, row.amount, kind});
        }
    };
    take_stake_changes();
    for (; rewards_->is_in(block_number); rewards_->has_row = rows.step())
    {
        const auto row = read_row<RewardRow>(rows);
        if (row.reward_index != rewards.size())
            corrupt(fmt::format("block {}: reward {} is missing", block_number, rewards.size()));
        if (index(row.account) >= account_count_)
            fail_column(rows, "account_id", "an account's id");
        rewards.push_back({row.account, row.amount});
        take_stake_changes();
    }
    if (stake_changes_->is_in(block_number))
        corrupt(fmt::format("block {}: reward {} is missing", block_number, rewards.size()));
    rewards_->leave(block_number);
    stake_changes_->leave(block_number);
    return rewards;
}

StoredBlock LedgerReader::block(std::uint64_t number)
{
    const auto stored = header(number);
    StoredBlock block{stored.header, stored.hash, transactions(number), rewards(number)};
    if (block.header.number != number ||
        block.header.transaction_count != block.transactions.size())
    {
        corrupt(fmt::format("block {}: {} transactions, its header says {}", number,
            block.transactions.size(), block.header.transaction_count));
    }
    if (block.header.proposer >= AccountId{static_cast<std::uint32_t>(account_count_)})
        corrupt(fmt::format("block {}: its proposer is no account", number));
    return block;
}

std::optional<std::pair<std::uint64_t, std::uint32_t>> LedgerReader::find_transaction(
    const Hash& hash)
{
    auto rows = query(select_rows<TransactionRow>() + " WHERE hash = ? LIMIT 1");
    rows.bind(1, Value{ByteView{hash.bytes}});
    if (!rows.step())
        return std::nullopt;
    const auto row = read_row<TransactionRow>(rows);
    if (row.block_number > block_max)
        fail_column(rows, "block_number", "a block's number");
    return std::pair{row.block_number, row.transaction_index};
}

std::vector<AccountInfo> LedgerReader::accounts()
{
    std::vector<AccountInfo> accounts;
    auto rows = query(select_rows<AddressRow>() + " ORDER BY id");
    while (rows.step())
    {
        const auto row = read_row<AddressRow>(rows);
        if (row.id != accounts.size())
            corrupt(fmt::format("account {} is missing", accounts.size()));
        accounts.push_back(
            {std::string{row.name}, std::string{row.role}, std::string{row.strategy}, row.address,
                {row.block_number, row.transaction_index.value_or(Origin::no_transaction)}});
    }
    return accounts;
}

void LedgerReader::check_description(const LedgerDescription& description)
{
    const auto differs = [&](const std::string& what)
    {
        throw StorageError{StorageErrorKind::mismatch,
            fmt::format("{}: its {}; it was written by another version of Runnel, or for another "
                        "scenario",
                database_.path(), what)};
    };
    // Who came later, the chain says.
    auto stored = accounts();
    std::erase_if(stored, [](const AccountInfo& account) { return account.origin.block != 0; });
    const auto same = [](const AccountInfo& a, const AccountInfo& b)
    { return a.name == b.name && a.address == b.address && a.role == b.role; };
    if (!std::equal(stored.begin(), stored.end(), description.accounts.begin(),
            description.accounts.end(), same))
        differs("accounts differ");

    std::size_t contracts = 0;
    auto rows = query(select_rows<ContractRow>() + " WHERE block_number = 0 ORDER BY id");
    for (; rows.step(); ++contracts)
    {
        const auto row = read_row<ContractRow>(rows);
        const auto* expected =
            contracts < description.contracts.size() ? &description.contracts[contracts] : nullptr;
        if (expected == nullptr || row.id != contracts || row.account != expected->account ||
            row.kind != expected->kind || row.name != expected->name)
            differs("contracts differ");
    }
    if (contracts != description.contracts.size())
        differs("contracts differ");

    const Schema schema{description.events};
    auto select = query("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?");
    for (const auto& table : schema.tables())
    {
        select.bind(1, Value{std::string_view{table.name}});
        if (!select.step() || select.text(0) != table.create_sql())
            differs(fmt::format("table {} is missing or differs", table.name));
        select.reset();
    }
}

std::optional<CompletionRow> LedgerReader::completion()
{
    auto rows = query(select_rows<CompletionRow>());
    if (!rows.step())
        return std::nullopt;
    const auto row = read_row<CompletionRow>(rows);
    if (rows.step())
        corrupt("t_completion has more than one row");
    return row;
}

bool LedgerReader::has_indexes()
{
    return database_.query_integer(
               "SELECT count(*) FROM sqlite_master WHERE type = 'index' "
               "AND name NOT LIKE 'sqlite_%'") > 0;
}

bool LedgerReader::is_finished()
{
    auto mode = database_.prepare("PRAGMA journal_mode");
    return has_indexes() && mode.step() && mode.text(0) != "wal";
}

}  // namespace runnel::storage
