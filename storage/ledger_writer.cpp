#include "storage/ledger_writer.hpp"

#include "ledger/call.hpp"
#include "ledger/check.hpp"
#include "state/abi.hpp"
#include "storage/checkpoints.hpp"
#include "storage/ledger_reader.hpp"
#include "storage/row_batch.hpp"
#include "storage/rows.hpp"
#include "storage/write_settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <unordered_map>

namespace runnel::storage
{
namespace
{
constexpr std::size_t checkpoints_kept = 2;

/// `uniswap_v2_pair` -> uniswap, 2. A kind without a version is its own project.
std::pair<std::string, std::string> project_and_version(const std::string& kind)
{
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    for (auto at = kind.find("_v"); at != std::string::npos; at = kind.find("_v", at + 1))
    {
        const auto first = kind.begin() + static_cast<std::ptrdiff_t>(at) + 2;
        const auto last = std::find_if_not(first, kind.end(), is_digit);
        if (last != first && (last == kind.end() || *last == '_'))
            return {kind.substr(0, at), std::string{first, last}};
    }
    return {kind, ""};
}

/// Whom a transaction's first call goes to, as a block explorer says it.
struct Target
{
    std::optional<AccountId> account;
    Amount value;
};

Target target_of(const Transaction& transaction, const AddressBook& addresses)
{
    CallReader reader{transaction.executable()};
    const auto call = reader.next();
    if (!call || index(call->contract) >= addresses.contract_accounts.size())
        return {};
    // A call of the native coin is a plain payment: (to, value), its only method.
    // What a bound argument holds is a guess, so such a payment counts as a call.
    if (call->contract == native_coin && call->method == 0 && call->bindings.empty())
    {
        Decoder decoder{call->arguments};
        AccountId to{};
        Amount value;
        decoder.get(to);
        decoder.get(value);
        if (decoder.at_end() && index(to) < addresses.accounts.size())
            return {to, value};
    }
    return {addresses.contract_accounts[index(call->contract)], {}};
}

AddressBook address_book(const LedgerDescription& description)
{
    AddressBook book;
    for (const auto& account : description.accounts)
        book.accounts.push_back(account.address);
    for (const auto& contract : description.contracts)
        book.contract_accounts.push_back(contract.account);
    return book;
}

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
    }
    return description;
}

class LedgerWriter::Impl
{
public:
    Impl(Database database, const LedgerDescription& description, const WriterOptions& options)
      : database_{std::move(database)},
        options_{options},
        schema_{description.events},
        addresses_{address_book(description)}
    {
        apply_write_settings(database_, options.durability);
    }

    /// Makes the tables and fills the fixed ones, in one transaction.
    void begin_ledger(const Manifest& manifest, const LedgerDescription& description)
    {
        // Whatever a power cut takes later, what is left is a ledger: with its manifest.
        if (options_.durability == Durability::normal)
            set_synchronous(database_, Durability::full);
        SqlTransaction transaction{database_};
        schema_.create(database_);
        write_manifest(manifest);
        write_description(description);
        transaction.commit();
        set_synchronous(database_, options_.durability);
        prepare_batches();
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
        read_directories();
        prepare_batches();
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
                write_block(*block);
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
                metrics_->add(row);
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
                storage::write_checkpoint(database_, batch_of<CheckpointRow>(), next_block_ - 1,
                    version, parts, checkpoints_kept);
                commit_group();
            });
    }

    void delete_checkpoints()
    {
        flush();
        guarded([&] { storage::delete_checkpoints(database_); });
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
                batches_.clear();  // Their statements would hold the file.
                tables_.clear();
                database_.execute(
                    "PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE; "
                    "PRAGMA locking_mode = NORMAL");
                (void)database_.query_integer(
                    "SELECT count(*) FROM t_blocks");  // Unlocks the file.
            });
        usable_ = false;
    }

    void discard_blocks()
    {
        flush();
        guarded(
            [&]
            {
                SqlTransaction transaction{database_};
                for (const auto& table : schema_.tables())
                {
                    if (table.kind == TableKind::block)
                        database_.execute("DELETE FROM " + quoted_name(table.name));
                }
                transaction.commit();
            });
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

    void write_manifest(const Manifest& manifest)
    {
        RowBatch batch{database_, schema_.table(ManifestRow::table)};
        Rows<ManifestRow> rows{batch};
        std::uint64_t position = 0;
        for (const auto& [key, value] : manifest.entries)
            rows.add({position++, key, value});
        batch.flush();
    }

    void write_description(const LedgerDescription& description)
    {
        RowBatch addresses{database_, schema_.table(AddressRow::table)};
        Rows<AddressRow> address_rows{addresses};
        std::uint64_t id = 0;
        for (const auto& account : description.accounts)
        {
            address_rows.add({id++, account.address, account.name, account.role, account.strategy,
                0, std::nullopt});
        }
        addresses.flush();

        RowBatch contracts{database_, schema_.table(ContractRow::table)};
        RowBatch tokens{database_, schema_.table(TokenRow::table)};
        Rows<ContractRow> contract_rows{contracts};
        Rows<TokenRow> token_rows{tokens};
        std::uint32_t number = 0;
        for (const auto& contract : description.contracts)
            write_contract(contract_rows, token_rows, ContractId{number++}, contract, {}, {});
        contracts.flush();
        tokens.flush();

        RowBatch types{database_, schema_.table(EventTypeRow::table)};
        Rows<EventTypeRow> type_rows{types};
        std::uint64_t type_id = 0;
        for (const auto* type : schema_.events())
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

    static std::optional<std::uint32_t> transaction_of(const Origin& origin)
    {
        return origin.transaction == Origin::no_transaction ? std::nullopt
                                                            : std::optional{origin.transaction};
    }

    void write_contract(Rows<ContractRow>& contracts, Rows<TokenRow>& tokens, ContractId id,
        const ContractEntry& contract, std::optional<AccountId> creator, const Origin& origin)
    {
        const auto [project, version] = project_and_version(contract.kind);
        contracts.add(
            {index(id), contract.account, addresses_.address(contract.account), contract.kind,
                contract.name, project, version, origin.block, transaction_of(origin), creator});
        if (contract.token)
        {
            tokens.add({id, contract.token->symbol, contract.token->decimals, origin.block,
                transaction_of(origin)});
        }
    }

    /// Who came with the block.
    void write_directories(const FinishedBlock& block)
    {
        for (const auto& account : block.accounts)
        {
            RUNNEL_CHECK(index(account.id) == addresses_.accounts.size());
            addresses_.accounts.push_back(account.address);
            address_rows_->add({index(account.id), account.address, account.name, account.role, "",
                account.origin.block, transaction_of(account.origin)});
        }
        for (const auto& contract : block.contracts)
        {
            RUNNEL_CHECK(index(contract.id) == addresses_.contract_accounts.size());
            addresses_.contract_accounts.push_back(contract.account);
            ContractEntry entry{contract.account, contract.kind, contract.name, std::nullopt};
            if (contract.is_token)
                entry.token = TokenInfo{contract.symbol, contract.decimals};
            write_contract(*contract_rows_, *token_rows_, contract.id, entry, contract.creator,
                contract.origin);
        }
        rows_in_group_ += block.accounts.size() + 2 * block.contracts.size();
    }

    /// Those who came with the blocks that the file has already.
    void read_directories()
    {
        auto accounts =
            database_.prepare("SELECT address FROM t_addresses WHERE id >= ? ORDER BY id");
        accounts.bind(1, Value{static_cast<std::int64_t>(addresses_.accounts.size())});
        while (accounts.step())
            addresses_.accounts.push_back(accounts.address(0));
        auto contracts =
            database_.prepare("SELECT account_id FROM t_contracts WHERE id >= ? ORDER BY id");
        contracts.bind(1, Value{static_cast<std::int64_t>(addresses_.contract_accounts.size())});
        while (contracts.step())
            addresses_.contract_accounts.push_back(contracts.account(0));
    }

    void prepare_batches()
    {
        for (const auto& table : schema_.tables())
        {
            if (table.kind != TableKind::fixed)
                tables_.emplace(table.name, &batches_.emplace_back(database_, table));
        }
        blocks_.emplace(batch_of<BlockRow>());
        transactions_.emplace(batch_of<TransactionRow>());
        rewards_.emplace(batch_of<RewardRow>());
        metrics_.emplace(batch_of<MetricRow>());
        address_rows_.emplace(batch_of<AddressRow>());
        contract_rows_.emplace(batch_of<ContractRow>());
        token_rows_.emplace(batch_of<TokenRow>());
        for (const auto* type : schema_.events())
            events_.emplace(type, tables_.at(event_table_name(*type)));
    }

    template <typename Row>
    RowBatch& batch_of()
    {
        return *tables_.at(std::string{Row::table});
    }

    void begin_group()
    {
        if (!database_.in_transaction())
            database_.execute("BEGIN");
    }

    void flush_batches()
    {
        for (auto& batch : batches_)
            batch.flush();
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

    void write_block(const FinishedBlock& block)
    {
        blocks_->add({block.header, block.hash});
        write_directories(block);
        write_transactions(block);
        write_events(block);
        std::uint32_t reward_index = 0;
        for (const auto& [account, amount] : block.rewards)
            rewards_->add({block.header.number, reward_index++, account, amount});
        rows_in_group_ += 1 + block.transactions.size() + block.rewards.size();
    }

    void write_transactions(const FinishedBlock& block)
    {
        RUNNEL_CHECK(block.receipts.size() == block.transactions.size());
        TransactionRow row;
        row.block_number = block.header.number;
        std::string reason;
        for (std::size_t i = 0; i < block.transactions.size(); ++i)
        {
            const auto& transaction = block.transactions[i];
            const auto& receipt = block.receipts[i];
            const auto target = target_of(transaction, addresses_);
            row.transaction_index = static_cast<std::uint32_t>(i);
            row.hash = transaction.hash;
            row.nonce = transaction.nonce;
            row.from = transaction.sender;
            row.to = target.account;
            row.value = target.value;
            row.gas = transaction.gas_limit;
            row.max_fee = transaction.max_fee;
            row.max_priority_fee = transaction.max_priority_fee;
            row.input = transaction.input_bytes();
            row.succeeded = receipt.status == ReceiptStatus::succeeded;
            row.gas_used = receipt.gas_used;
            row.cumulative_gas_used += receipt.gas_used;
            row.effective_gas_price = receipt.effective_gas_price;
            row.revert_reason.reset();
            if (!row.succeeded)
                row.revert_reason = reason = receipt.refusal.to_string();
            transactions_->add(row);
        }
    }

    void write_events(const FinishedBlock& block)
    {
        std::uint64_t log_index = 0;
        std::uint64_t event_index = 0;
        for (const auto& event : block.events)
        {
            auto& row = rows_of(*event.type);
            const auto use = event.type->use;
            row.put_row(EventPlace{use, block.header.number,
                use == EventUse::log ? log_index++ : event_index, event.transaction,
                event.contract});
            const bool decoded = event.type->values(block.encoding(event), row);
            RUNNEL_CHECK(decoded && "an event's bytes are its own encoding");
            row.end_row();
            ++event_index;
        }
        rows_in_group_ += event_index;
    }

    RowBatch& rows_of(const EventType& type)
    {
        if (last_type_ != &type)
        {
            const auto found = events_.find(&type);
            RUNNEL_CHECK(found != events_.end() && "a contract's type lists its events");
            last_type_ = &type;
            last_rows_ = found->second;
        }
        return *last_rows_;
    }

    AddressBook addresses_;
    std::deque<RowBatch> batches_;
    std::unordered_map<std::string, RowBatch*> tables_;
    std::optional<Rows<BlockRow>> blocks_;
    std::optional<Rows<TransactionRow>> transactions_;
    std::optional<Rows<RewardRow>> rewards_;
    std::optional<Rows<MetricRow>> metrics_;
    std::optional<Rows<AddressRow>> address_rows_;
    std::optional<Rows<ContractRow>> contract_rows_;
    std::optional<Rows<TokenRow>> token_rows_;
    std::unordered_map<const EventType*, RowBatch*> events_;  // Where an event's rows go.
    const EventType* last_type_ = nullptr;
    RowBatch* last_rows_ = nullptr;
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
    auto impl = std::make_unique<Impl>(Database::create(path, options.force), description, options);
    impl->begin_ledger(manifest, description);
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
    // A run that was killed while it made the file left the header, if that.
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

void LedgerWriter::delete_checkpoints()
{
    impl_->delete_checkpoints();
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

void LedgerWriter::discard_blocks()
{
    impl_->discard_blocks();
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
