#include "storage/ledger_writer.hpp"

#include "ledger/check.hpp"
#include "state/abi.hpp"
#include "storage/block_row_maker.hpp"
#include "storage/checkpoints.hpp"
#include "storage/dropped_rows.hpp"
#include "storage/ledger_reader.hpp"
#include "storage/refused_rows.hpp"
#include "storage/reverted_rows.hpp"
#include "storage/row_batch.hpp"
#include "storage/rows.hpp"
#include "storage/truth_rows.hpp"
#include "storage/write_settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace runnel::storage
{
namespace
{
constexpr std::size_t checkpoints_kept = 2;

void check_same_run(
    LedgerReader& reader, const Manifest& manifest, const LedgerDescription& description)
{
    const auto difference = manifest_difference(reader.manifest(), manifest);
    if (!difference.empty())
    {
        throw StorageError{StorageErrorKind::mismatch,
            fmt::format("{}: another run's ledger ({}); choose another file, or replace it with "
                        "--force",
                reader.database().path(), difference)};
    }
    reader.check_description(description);
}
}  // namespace

LedgerDescription LedgerDescription::of(const World& world)
{
    LedgerDescription description;
    for (std::uint32_t i = 0; i < world.known_accounts(); ++i)
        description.accounts.push_back(world.account(AccountId{i}));
    for (std::uint32_t i = 0; i < world.known_contracts(); ++i)
    {
        const auto& contract = world.contract(ContractId{i});
        description.contracts.push_back({contract.account(), std::string{contract.type().kind},
            contract.name(), contract.token_info()});
    }
    auto& events = description.events;
    for (const auto* type : world.contract_types())
    {
        for (const auto* event : type->events)
        {
            if (std::find(events.begin(), events.end(), event) == events.end())
                events.push_back(event);
        }
        for (const auto& reason : type->reasons)
            description.reasons.emplace_back(type->kind, reason);
    }
    return description;
}

void for_each_balance(
    const World& world, const std::function<void(const StartingBalanceRow&)>& visit)
{
    // A table for each token; together they are walked account by account.
    struct Holders
    {
        ContractId token{};
        const RecordTable* table = nullptr;
        std::vector<std::uint64_t> keys;
        std::size_t next = 0;
    };
    std::vector<Holders> tokens;
    for (const auto* table : world.tables())
    {
        if (table->conservation_weight() <= 0)
            continue;
        auto& holders = tokens.emplace_back();
        holders.token = world.table_owner(table->number());
        holders.table = table;
        holders.keys = table->keys();
    }
    std::sort(tokens.begin(), tokens.end(),
        [](const Holders& a, const Holders& b) { return a.token < b.token; });
    for (std::uint64_t account = 0; account < world.account_count(); ++account)
    {
        for (auto& holders : tokens)
        {
            if (holders.next == holders.keys.size() || holders.keys[holders.next] != account)
                continue;
            ++holders.next;
            Amount balance;
            std::memcpy(&balance, holders.table->find(account), sizeof(balance));
            if (!balance.is_zero())
                visit({AccountId{static_cast<std::uint32_t>(account)}, holders.token, balance});
        }
    }
}

std::vector<ReferencePriceRow> price_rows(std::span<const std::vector<std::uint64_t>> paths)
{
    std::vector<ReferencePriceRow> rows;
    for (std::size_t token = 0; token < paths.size(); ++token)
    {
        std::optional<std::uint64_t> last;
        for (std::size_t block = 0; block < paths[token].size(); ++block)
        {
            const auto price = paths[token][block];
            if (price == last)
                continue;
            last = price;
            rows.push_back({ContractId{static_cast<std::uint32_t>(token)}, block, price});
        }
    }
    return rows;
}

Hash hash_of_prices(std::span<const ReferencePriceRow> rows)
{
    Bytes bytes;
    Encoder encoder{bytes};
    for (const auto& row : rows)
    {
        encoder.put(row.token);
        encoder.put(row.from_block);
        encoder.put(row.price);
    }
    return keccak256(bytes);
}

class LedgerWriter::Impl
{
public:
    Impl(Database database, const LedgerDescription& description, const WriterOptions& options)
      : database_{std::move(database)}, options_{options}, schema_{description.events}
    {
        apply_write_settings(database_, options.durability);
    }

    /// Makes the tables and fills the fixed ones.
    static void fill(
        Database& database, const Manifest& manifest, const LedgerDescription& description)
    {
        const Schema schema{description.events};
        schema.create(database);
        write_manifest(database, schema, manifest);
        write_description(database, schema, description);
    }

    /// In a database that holds nothing yet.
    void begin_ledger(const Manifest& manifest, const LedgerDescription& description)
    {
        // Whatever a power cut takes later, what is left is a ledger: with its manifest.
        if (options_.durability == Durability::normal)
            set_synchronous(database_, Durability::full);
        SqlTransaction transaction{database_};
        fill(database_, manifest, description);
        transaction.commit();
        set_synchronous(database_, options_.durability);
        begin_blocks(description);
    }
    /// In one that was just filled.
    void begin_blocks(const LedgerDescription& description)
    {
        prepare_batches(address_book(description));
    }

    void continue_ledger(const Manifest& manifest, const LedgerDescription& description)
    {
        {
            LedgerReader reader{database_};
            check_same_run(reader, manifest, description);
            const auto last = reader.last_block();
            next_block_ = last ? *last + 1 : 0;
            has_indexes_ = reader.has_indexes();
        }
        auto addresses = address_book(description);
        read_directories(addresses);
        prepare_batches(std::move(addresses));
    }

    void append(std::shared_ptr<const FinishedBlock> block)
    {
        check_usable();
        RUNNEL_CHECK(block->header.number == next_block_ && "blocks are appended in order");
        guarded(
            [&]
            {
                if (has_indexes_)
                    change_indexes(false);
                begin_group();
                rows_in_group_ += rows_->add(*block);
                ++blocks_in_group_;
                ++next_block_;
                if (rows_in_group_ >= options_.group_rows ||
                    blocks_in_group_ >= options_.group_blocks)
                    commit_group();
            });
    }

    void add_metric(std::string_view name, std::int64_t block_number, double value)
    {
        check_usable();
        guarded(
            [&]
            {
                begin_group();
                MetricRow row{name, {}, value};
                if (block_number >= 0)
                    row.block_number = static_cast<std::uint64_t>(block_number);
                Rows<MetricRow>{*metrics_}.add(row);
            });
    }

    void write_checkpoint(std::string_view version, CheckpointSource& parts)
    {
        check_usable();
        RUNNEL_CHECK(next_block_ > 0);
        guarded(
            [&]
            {
                begin_group();
                flush_batches();
                storage::write_checkpoint(
                    database_, *checkpoints_, next_block_ - 1, version, parts, checkpoints_kept);
                commit_group();
            });
    }

    void complete()
    {
        flush();
        guarded(
            [&]
            {
                SqlTransaction transaction{database_};
                keep_last_state(database_, *checkpoints_);
                database_.execute(
                    "DELETE FROM t_completion; INSERT INTO t_completion SELECT number, hash, "
                    "coalesce((SELECT digest FROM t_dropped_transactions ORDER BY rowid DESC LIMIT "
                    "1), zeroblob(32)), coalesce((SELECT digest FROM t_truth_blocks ORDER BY rowid "
                    "DESC LIMIT 1), zeroblob(32)), coalesce((SELECT digest FROM t_reverted_blocks "
                    "ORDER BY rowid DESC LIMIT 1), zeroblob(32)) FROM t_blocks ORDER BY number "
                    "DESC LIMIT 1");
                transaction.commit();
            });
    }

    void flush()
    {
        check_usable();
        guarded([&] { commit_group(); });
    }

    void build_indexes()
    {
        flush();
        guarded([&] { change_indexes(true); });
    }
    void drop_indexes()
    {
        flush();
        guarded([&] { change_indexes(false); });
    }

    void finish()
    {
        flush();
        if (options_.indexes)
            build_indexes();
        guarded(
            [&]
            {
                rows_.reset();  // Their statements would hold the file.
                metrics_.reset();
                checkpoints_.reset();
                database_.execute(
                    "PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE; "
                    "PRAGMA locking_mode = NORMAL");
                (void)database_.query_integer(
                    "SELECT count(*) FROM t_blocks");  // Unlocks the file.
            });
        usable_ = false;
    }

    Database database_;
    WriterOptions options_;
    Schema schema_;
    std::uint64_t next_block_ = 0;
    std::uint64_t rows_written_ = 0;

private:
    void check_usable() const
    {
        if (!usable_)
        {
            throw StorageError{StorageErrorKind::io,
                fmt::format("{}: nothing more can be written after a failure or the end",
                    database_.path())};
        }
    }
    template <typename Body>
    void guarded(Body body)
    {
        try
        {
            body();
        }
        catch (...)
        {
            usable_ = false;
            database_.roll_back();
            throw;
        }
    }

    void change_indexes(bool wanted)
    {
        set_sort_cache(database_);
        SqlTransaction transaction{database_};
        if (wanted)
            schema_.create_indexes(database_);
        else
            schema_.drop_indexes(database_);
        transaction.commit();
        has_indexes_ = wanted;
        set_insert_cache(database_);
    }

    static void write_manifest(Database& database, const Schema& schema, const Manifest& manifest)
    {
        RowBatch batch{database, schema.table(ManifestRow::table)};
        Rows<ManifestRow> rows{batch};
        std::uint64_t position = 0;
        for (const auto& [key, value] : manifest.entries)
            rows.add({position++, key, value});
        batch.flush();
    }

    static void write_description(
        Database& database, const Schema& schema, const LedgerDescription& description)
    {
        RowBatch documented{database, schema.table(DocumentationRow::table)};
        Rows<DocumentationRow> documented_rows{documented};
        for (const auto& entry : documentation(schema))
        {
            documented_rows.add({entry.object, entry.position, entry.kind, entry.column, entry.type,
                entry.unit, entry.meaning});
        }
        documented.flush();

        RowBatch addresses{database, schema.table(AddressRow::table)};
        Rows<AddressRow> address_rows{addresses};
        std::uint64_t id = 0;
        for (const auto& account : description.accounts)
        {
            address_rows.add({id++, account.address, account.name, account.role, account.strategy,
                0, std::nullopt});
        }
        addresses.flush();

        RowBatch contracts{database, schema.table(ContractRow::table)};
        RowBatch tokens{database, schema.table(TokenRow::table)};
        Rows<ContractRow> contract_rows{contracts};
        Rows<TokenRow> token_rows{tokens};
        std::uint32_t number = 0;
        for (const auto& contract : description.contracts)
        {
            add_contract(contract_rows, token_rows, ContractId{number++}, contract,
                description.accounts[index(contract.account)].address, {}, {});
        }
        contracts.flush();
        tokens.flush();

        RowBatch prices{database, schema.table(ReferencePriceRow::table)};
        Rows<ReferencePriceRow> price_rows{prices};
        for (const auto& row : description.prices)
            price_rows.add(row);
        prices.flush();
        if (description.start != nullptr)
        {
            RowBatch balances{database, schema.table(StartingBalanceRow::table)};
            Rows<StartingBalanceRow> balance_rows{balances};
            for_each_balance(
                *description.start, [&](const StartingBalanceRow& row) { balance_rows.add(row); });
            balances.flush();
        }

        RowBatch reasons{database, schema.table(ReasonRow::table)};
        Rows<ReasonRow> reason_rows{reasons};
        for (const auto& [kind, reason] : description.reasons)
            reason_rows.add({reason.reason, kind, reason.name});
        reasons.flush();

        RowBatch types{database, schema.table(EventTypeRow::table)};
        Rows<EventTypeRow> type_rows{types};
        std::uint64_t type_id = 0;
        for (const auto* type : schema.events())
        {
            const auto table_name = event_table_name(*type);
            EventTypeRow row{type_id++, type->name, type->signature, {}, 0, table_name};
            Hash topic0;
            if (type->use == EventUse::log)
            {
                const AbiEvent abi{*type};
                topic0 = abi.topic0();
                row.topic0 = ByteView{topic0.bytes};
                row.indexed_count = abi.indexed_count();
            }
            type_rows.add(row);
        }
        types.flush();
    }

    /// Those who came with the blocks that the file has already.
    void read_directories(AddressBook& addresses)
    {
        auto accounts =
            database_.prepare("SELECT address FROM t_addresses WHERE id >= ? ORDER BY id");
        accounts.bind(1, Value{static_cast<std::int64_t>(addresses.accounts.size())});
        while (accounts.step())
            addresses.accounts.push_back(accounts.address(0));
        auto contracts =
            database_.prepare("SELECT account_id FROM t_contracts WHERE id >= ? ORDER BY id");
        contracts.bind(1, Value{static_cast<std::int64_t>(addresses.contract_accounts.size())});
        while (contracts.step())
            addresses.contract_accounts.push_back(contracts.account(0));
    }

    void prepare_batches(AddressBook addresses)
    {
        rows_.emplace(schema_, std::move(addresses),
            [this](const TableInfo& table)
            { return std::make_unique<RowInserter>(database_, table); });
        rows_->continue_told(last_dropped_digest(database_), last_truth_digest(database_),
            last_reverted_digest(database_), last_refused_digest(database_));
        metrics_.emplace(database_, schema_.table(MetricRow::table));
        checkpoints_.emplace(database_, schema_.table(CheckpointRow::table));
    }

    void begin_group()
    {
        if (!database_.in_transaction())
            database_.execute("BEGIN");
    }

    void flush_batches()
    {
        rows_->flush();
        metrics_->flush();
    }

    void commit_group()
    {
        if (!database_.in_transaction())
            return;
        flush_batches();
        database_.execute("COMMIT");
        rows_written_ += rows_in_group_;
        rows_in_group_ = 0;
        blocks_in_group_ = 0;
    }

    std::optional<BlockRowMaker> rows_;
    std::optional<RowBatch> metrics_;
    std::optional<RowBatch> checkpoints_;
    std::size_t blocks_in_group_ = 0;
    std::size_t rows_in_group_ = 0;
    bool has_indexes_ = false;
    bool usable_ = true;
};

LedgerWriter::LedgerWriter(std::unique_ptr<Impl> impl) noexcept : impl_{std::move(impl)} {}
LedgerWriter::LedgerWriter(LedgerWriter&&) noexcept = default;
LedgerWriter& LedgerWriter::operator=(LedgerWriter&&) noexcept = default;
LedgerWriter::~LedgerWriter()
{
    if (impl_ != nullptr)
        impl_->database_.roll_back();
}

LedgerWriter LedgerWriter::create(const std::string& path, const Manifest& manifest,
    const LedgerDescription& description, const WriterOptions& options)
{
    auto database = Database::create(path, options.force,
        [&](Database& made)
        {
            set_synchronous(
                made, options.durability == Durability::off ? Durability::off : Durability::full);
            set_insert_cache(made);
            SqlTransaction transaction{made};
            Impl::fill(made, manifest, description);
            transaction.commit();
        });
    auto impl = std::make_unique<Impl>(std::move(database), description, options);
    impl->begin_blocks(description);
    return LedgerWriter{std::move(impl)};
}

LedgerWriter LedgerWriter::resume(const std::string& path, const Manifest& manifest,
    const LedgerDescription& description, const WriterOptions& options)
{
    if (Database::is_empty_or_incomplete(path))
    {
        auto replacing = options;
        replacing.force = true;
        return create(path, manifest, description, replacing);
    }
    // Earlier versions gave the file its name before they filled it.
    const auto holds_nothing = [](Database& database)
    { return database.query_integer("SELECT count(*) FROM sqlite_master") == 0; };
    {
        // Opening a file for writing changes it already, so look first.
        auto database = Database::open(path, Database::Access::read_only);
        if (!holds_nothing(database))
        {
            LedgerReader reader{database};
            check_same_run(reader, manifest, description);
        }
    }
    auto impl = std::make_unique<Impl>(
        Database::open(path, Database::Access::read_write), description, options);
    if (holds_nothing(impl->database_))
        impl->begin_ledger(manifest, description);
    else
        impl->continue_ledger(manifest, description);
    return LedgerWriter{std::move(impl)};
}

LedgerWriter LedgerWriter::in_memory(
    const Manifest& manifest, const LedgerDescription& description, const WriterOptions& options)
{
    auto impl = std::make_unique<Impl>(Database::in_memory(), description, options);
    impl->begin_ledger(manifest, description);
    return LedgerWriter{std::move(impl)};
}

std::uint64_t LedgerWriter::next_block() const noexcept
{
    return impl_->next_block_;
}

void LedgerWriter::append(std::shared_ptr<const FinishedBlock> block)
{
    impl_->append(std::move(block));
}

void LedgerWriter::add_metric(std::string_view name, std::int64_t block_number, double value)
{
    impl_->add_metric(name, block_number, value);
}

void LedgerWriter::write_checkpoint(std::string_view version, CheckpointSource& parts)
{
    impl_->write_checkpoint(version, parts);
}

void LedgerWriter::complete()
{
    impl_->complete();
}

void LedgerWriter::flush()
{
    impl_->flush();
}

void LedgerWriter::build_indexes()
{
    impl_->build_indexes();
}

void LedgerWriter::drop_indexes()
{
    impl_->drop_indexes();
}

void LedgerWriter::finish()
{
    impl_->finish();
}

Database& LedgerWriter::database() noexcept
{
    return impl_->database_;
}

const Schema& LedgerWriter::schema() const noexcept
{
    return impl_->schema_;
}

std::uint64_t LedgerWriter::rows_written() const noexcept
{
    return impl_->rows_written_;
}

}  // namespace runnel::storage
