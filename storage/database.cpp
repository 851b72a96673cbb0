#include "storage/database.hpp"

#include "storage/output_file.hpp"
#include "storage/sql_functions.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <span>

namespace runnel::storage
{

struct detail::Connection
{
    explicit Connection(std::string file) : path{std::move(file)} {}
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection() { sqlite3_close_v2(handle); }

    sqlite3* handle = nullptr;
    std::string path;
    bool is_analysis = false;  // See Database::Access.
};

namespace
{
using detail::Connection;
namespace filesystem = std::filesystem;

constexpr int busy_timeout_ms = 250;
constexpr std::string_view memory_path = ":memory:";

StorageErrorKind kind_of(int code) noexcept
{
    switch (code & 0xFF)
    {
        case SQLITE_FULL: return StorageErrorKind::full;
        case SQLITE_BUSY:
        case SQLITE_LOCKED: return StorageErrorKind::busy;
        case SQLITE_CORRUPT:
        case SQLITE_TOOBIG:      // A value that no ledger holds.
        case SQLITE_CONSTRAINT:  // A row twice, or without a value: nothing writes such rows.
        case SQLITE_NOTADB: return StorageErrorKind::corrupt;
        case SQLITE_NOMEM:
        case SQLITE_IOERR:
        case SQLITE_CANTOPEN:
        case SQLITE_PERM:
        case SQLITE_READONLY: return StorageErrorKind::io;
        default: return StorageErrorKind::query;
    }
}

std::string_view advice(StorageErrorKind kind) noexcept
{
    switch (kind)
    {
        case StorageErrorKind::full:
            return "; committed blocks are safe: free some space, then continue with --resume";
        case StorageErrorKind::busy:
            return "; another process uses this file: wait for it, or choose another file";
        case StorageErrorKind::corrupt:
            return "; the file is damaged: restore it from a copy, or run the scenario again";
        case StorageErrorKind::io:
            return "; check that the path, its folder and the permissions are right";
        case StorageErrorKind::not_a_ledger:
        case StorageErrorKind::wrong_version:
        case StorageErrorKind::exists:
        case StorageErrorKind::mismatch:
        case StorageErrorKind::query: break;
    }
    return "";
}

[[noreturn]] void raise(const Connection& connection, int code, std::string_view action)
{
    const auto kind = kind_of(code);
    if ((code & 0xFF) == SQLITE_NOMEM || code == SQLITE_IOERR_NOMEM)
    {
        throw StorageError{
            kind, fmt::format("{}: {} failed: out of memory", connection.path, action)};
    }
    const char* reason =
        connection.handle == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(connection.handle);
    throw StorageError{
        kind, fmt::format("{}: {} failed: {}{}", connection.path, action, reason, advice(kind))};
}

void check(const Connection& connection, int code, std::string_view action)
{
    if (code != SQLITE_OK)
        raise(connection, code, action);
}

std::uint32_t big_endian(std::span<const std::uint8_t> bytes, std::size_t offset) noexcept
{
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i)
        value = value << 8U | bytes[offset + i];
    return value;
}

/// What the first 100 bytes of a file say. Source: SQLite's "Database File Format", section 1.3.
struct FileHeader
{
    std::uint64_t file_size = 0;
    bool is_sqlite = false;
    std::uint64_t page_size = 0;
    std::uint32_t page_count = 0;  // 0 if the header does not know.
    std::uint32_t version = 0;
    std::uint32_t application = 0;
};

FileHeader read_header(const std::string& path)
{
    std::error_code error;
    FileHeader header;
    if (!filesystem::exists(path, error))
        throw StorageError{StorageErrorKind::io, fmt::format("{}: there is no such file", path)};
    if (!filesystem::is_regular_file(path, error))
        throw StorageError{StorageErrorKind::not_a_ledger, fmt::format("{}: not a file", path)};
    header.file_size = filesystem::file_size(path, error);
    std::ifstream file{path, std::ios::binary};
    std::array<std::uint8_t, 100> bytes{};
    if (error || !file)
        throw StorageError{StorageErrorKind::io,
            fmt::format("{}: it cannot be read; check its permissions", path)};
    file.read(reinterpret_cast<char*>(bytes.data()), bytes.size());
    constexpr std::string_view magic{"SQLite format 3\0", 16};
    header.is_sqlite = static_cast<std::size_t>(file.gcount()) == bytes.size() &&
                       std::memcmp(bytes.data(), magic.data(), magic.size()) == 0;
    if (!header.is_sqlite)
        return header;
    header.page_size = static_cast<std::uint64_t>(bytes[16]) << 8U | bytes[17];
    if (header.page_size == 1)
        header.page_size = 65'536;
    const bool count_is_valid = big_endian(bytes, 24) == big_endian(bytes, 92);
    header.page_count = count_is_valid ? big_endian(bytes, 28) : 0;
    header.version = big_endian(bytes, 60);
    header.application = big_endian(bytes, 68);
    return header;
}

void check_is_ledger(const std::string& path, const FileHeader& header)
{
    if (!header.is_sqlite)
    {
        throw StorageError{StorageErrorKind::not_a_ledger,
            fmt::format(
                "{}: not a SQLite database; give the file that `runnel run --db` made", path)};
    }
    if (header.application != application_id)
    {
        throw StorageError{StorageErrorKind::not_a_ledger,
            fmt::format("{}: a SQLite database, but not a Runnel ledger; give the file that "
                        "`runnel run --db` made",
                path)};
    }
}

/// Whether a file beside a ledger is one that SQLite makes there, from its first bytes. A power cut
/// or a full disk may have left only some of them, and zeros for the others.
bool is_of_sqlite(std::string_view suffix, std::span<const std::uint8_t> bytes)
{
    constexpr std::array<std::uint8_t, 8> journal{0xD9, 0xD5, 0x05, 0xF9, 0x20, 0xA1, 0x63, 0xD7};
    constexpr std::array<std::uint8_t, 4> log{0x37, 0x7F, 0x06, 0x82};
    constexpr std::array<std::uint8_t, 4> log_of_big_endian{0x37, 0x7F, 0x06, 0x83};
    // The version of the shared index's format, 3007000, in the machine's order of bytes.
    constexpr std::array<std::uint8_t, 4> index{0x18, 0xE2, 0x2D, 0x00};
    constexpr std::array<std::uint8_t, 4> index_of_big_endian{0x00, 0x2D, 0xE2, 0x18};
    const auto begins_with = [&](std::span<const std::uint8_t> mark)
    {
        const auto marked = bytes.first(std::min(bytes.size(), mark.size()));
        const auto rest = std::mismatch(marked.begin(), marked.end(), mark.begin()).first;
        return std::all_of(rest, marked.end(), [](auto byte) { return byte == 0; });
    };
    if (suffix == "-journal")
        return begins_with(journal);
    if (suffix == "-wal")
        return begins_with(log) || begins_with(log_of_big_endian);
    return begins_with(index) || begins_with(index_of_big_endian);
}

/// SQLite empties, replaces and removes what lies beside a database under the names of its
/// journals. A StorageError (exists) unless it is SQLite's own; @p belongs is false where no ledger
/// is, whose it could be.
void check_journals(const std::string& path, bool belongs)
{
    for (const auto* suffix : {"-wal", "-shm", "-journal"})
    {
        const auto beside = path + suffix;
        std::error_code error;
        const auto status = filesystem::symlink_status(beside, error);
        if (status.type() == filesystem::file_type::not_found)
            continue;
        bool is_sqlites = belongs && filesystem::is_regular_file(status);
        if (is_sqlites)
        {
            std::ifstream file{beside, std::ios::binary};
            std::array<std::uint8_t, 8> bytes{};
            file.read(reinterpret_cast<char*>(bytes.data()), bytes.size());
            is_sqlites = is_of_sqlite(
                suffix, std::span{bytes}.first(static_cast<std::size_t>(file.gcount())));
        }
        if (!is_sqlites)
        {
            throw StorageError{StorageErrorKind::exists,
                fmt::format(
                    "{}: SQLite would replace it, as its own file beside {}, but it is not; "
                    "move it away, or choose another file",
                    beside, filesystem::path{path}.filename().string())};
        }
    }
}

bool has_rollback_journal(const std::string& path)
{
    std::error_code error;
    return filesystem::exists(path + "-journal", error);
}

bool has_journal(const std::string& path)
{
    std::error_code error;
    return filesystem::exists(path + "-wal", error) || has_rollback_journal(path);
}

void check_header(const std::string& path)
{
    const auto header = read_header(path);
    check_is_ledger(path, header);
    if (header.version != schema_version)
    {
        throw StorageError{StorageErrorKind::wrong_version,
            fmt::format("{}: schema version {}, this program reads version {}; use the version of "
                        "Runnel that wrote it, or run the scenario again",
                path, header.version, schema_version)};
    }
    check_journals(path, true);
    // With a journal beside it, the file may be older than its header; SQLite sorts that out.
    if (!has_journal(path) && header.file_size < header.page_size * header.page_count)
    {
        throw StorageError{StorageErrorKind::corrupt,
            fmt::format("{}: truncated: {} bytes, its header says {}{}", path, header.file_size,
                header.page_size * header.page_count, advice(StorageErrorKind::corrupt))};
    }
}

/// @p shown is the file's name in messages, when it is to have another one.
std::shared_ptr<Connection> connect(
    const std::string& path, int flags, const std::string& shown = {})
{
    auto connection = std::make_shared<Connection>(shown.empty() ? path : shown);
    const auto code =
        sqlite3_open_v2(path.c_str(), &connection->handle, flags | SQLITE_OPEN_NOMUTEX, nullptr);
    check(*connection, code, "opening");
    sqlite3_extended_result_codes(connection->handle, 1);
    sqlite3_busy_timeout(connection->handle, busy_timeout_ms);
    // The schema of a file is as hostile as its rows.
    sqlite3_db_config(connection->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(connection->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    sqlite3_db_config(connection->handle, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
    check(*connection, register_sql_functions(connection->handle), "registering SQL functions");
    return connection;
}

/// Whether an analysis may not read a table: see Access::analysis.
bool is_hidden(std::string_view table) noexcept
{
    constexpr std::string_view truth = "t_truth_";
    // SQLite's names know no case.
    std::string name{table};
    std::transform(name.begin(), name.end(), name.begin(),
        [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return name.compare(0, truth.size(), truth) == 0 || name == "t_witnesses" ||
           name == "t_checkpoints";
}

/// Asked by SQLite for each thing that a statement is going to do, while it compiles.
int authorize_analysis(void*, int action, const char* first, const char*, const char*, const char*)
{
    switch (action)
    {
        case SQLITE_READ: return first != nullptr && is_hidden(first) ? SQLITE_DENY : SQLITE_OK;
        case SQLITE_ATTACH: return SQLITE_DENY;
        default: return SQLITE_OK;
    }
}

/// What an analysis may read, whatever SQL it is.
void set_usual_authorizer(Connection& connection) noexcept
{
    sqlite3_set_authorizer(
        connection.handle, connection.is_analysis ? authorize_analysis : nullptr, nullptr);
}

/// A run that died while it made or ended its file left a journal of what was there before. Only
/// who may write can put that back, so readers cannot go on by themselves.
void roll_back_journal(const std::string& path)
{
    const auto connection = connect(path, SQLITE_OPEN_READWRITE);
    const auto run = [&](const char* sql)
    {
        const auto code = sqlite3_exec(connection->handle, sql, nullptr, nullptr, nullptr);
        check(*connection, code, "taking back what an interrupted run left half-written");
    };
    run("BEGIN EXCLUSIVE; SELECT count(*) FROM sqlite_master");
    // With the file to ourselves, a journal that is still there has nothing to put back: its run
    // died before it had changed anything.
    std::error_code ignored;
    filesystem::remove(path + "-journal", ignored);
    run("COMMIT");
}

/// Locks a ledger that is to be replaced, with all of its log in it; a damaged one as far as it
/// can.
void take_alone(Database& old)
{
    try
    {
        old.execute("PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE");
    }
    catch (const StorageError& error)
    {
        if (error.kind() != StorageErrorKind::corrupt)
            throw;
    }
}

ValueType value_type(int type) noexcept
{
    switch (type)
    {
        case SQLITE_INTEGER: return ValueType::integer;
        case SQLITE_FLOAT: return ValueType::real;
        case SQLITE_TEXT: return ValueType::text;
        case SQLITE_BLOB: return ValueType::blob;
        default: return ValueType::null;
    }
}

/// Enough of a statement to recognise it in a message.
std::string beginning_of_sql(sqlite3_stmt* statement)
{
    constexpr std::size_t size_max = 100;
    const auto* sql = sqlite3_sql(statement);
    const std::string text{sql == nullptr ? "" : sql};
    return text.size() <= size_max ? text : text.substr(0, size_max) + "...";
}

int bind_value(sqlite3_stmt* statement, int parameter, const Value& value) noexcept
{
    switch (value.type)
    {
        case ValueType::null: break;
        case ValueType::integer: return sqlite3_bind_int64(statement, parameter, value.integer);
        case ValueType::real: return sqlite3_bind_double(statement, parameter, value.real);
        case ValueType::text:
            return sqlite3_bind_text(statement, parameter, static_cast<const char*>(value.data),
                static_cast<int>(value.size), SQLITE_STATIC);
        case ValueType::blob:
            // A null pointer would bind NULL; an empty blob is not that.
            if (value.size == 0)
                return sqlite3_bind_zeroblob(statement, parameter, 0);
            return sqlite3_bind_blob(
                statement, parameter, value.data, static_cast<int>(value.size), SQLITE_STATIC);
    }
    return sqlite3_bind_null(statement, parameter);
}
}  // namespace

void detail::Finalizer::operator()(sqlite3_stmt* statement) const noexcept
{
    sqlite3_finalize(statement);
}

Statement::Statement(
    std::shared_ptr<detail::Connection> connection, sqlite3_stmt* statement) noexcept
  : connection_{std::move(connection)}, statement_{statement}
{}

Statement& Statement::bind(int parameter, const Value& value)
{
    check(*connection_, bind_value(statement_.get(), parameter, value), "binding a value");
    return *this;
}

Statement& Statement::bind_all(std::span<const Value> values)
{
    int code = SQLITE_OK;
    int parameter = 0;
    for (const auto& value : values)
        code |= bind_value(statement_.get(), ++parameter, value);
    if (code != SQLITE_OK)
        raise(*connection_, sqlite3_errcode(connection_->handle), "binding values");
    return *this;
}

bool Statement::step()
{
    const int code = sqlite3_step(statement_.get());
    if (code == SQLITE_ROW)
        return true;
    if (code == SQLITE_DONE)
        return false;
    raise(*connection_, code, fmt::format("`{}`", beginning_of_sql(statement_.get())));
}

void Statement::run()
{
    while (step())
    {}
    reset();
}

void Statement::reset()
{
    sqlite3_reset(statement_.get());  // Repeats the error that step() has reported.
}

int Statement::parameter_count() const noexcept
{
    return sqlite3_bind_parameter_count(statement_.get());
}

std::string_view Statement::parameter_name(int parameter) const noexcept
{
    const auto* name = sqlite3_bind_parameter_name(statement_.get(), parameter);
    return name == nullptr ? "" : name;
}

int Statement::column_count() const noexcept
{
    return sqlite3_column_count(statement_.get());
}

std::string_view Statement::column_name(int column) const noexcept
{
    const auto* name = sqlite3_column_name(statement_.get(), column);
    return name == nullptr ? "" : name;
}

ValueType Statement::type(int column) const noexcept
{
    return value_type(sqlite3_column_type(statement_.get(), column));
}

std::int64_t Statement::integer(int column) const
{
    if (type(column) != ValueType::integer)
        fail(column, "an integer");
    return sqlite3_column_int64(statement_.get(), column);
}

std::uint64_t Statement::integer_up_to(int column, std::uint64_t max) const
{
    const auto value = integer(column);
    if (value < 0 || static_cast<std::uint64_t>(value) > max)
        fail(column, fmt::format("an integer from 0 to {}", max));
    return static_cast<std::uint64_t>(value);
}

double Statement::real(int column) const
{
    const auto found = type(column);
    if (found != ValueType::real && found != ValueType::integer)
        fail(column, "a number");
    return sqlite3_column_double(statement_.get(), column);
}

std::string_view Statement::text(int column) const
{
    if (type(column) != ValueType::text)
        fail(column, "text");
    const auto* bytes = sqlite3_column_text(statement_.get(), column);
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
    if (bytes == nullptr)
        fail(column, "text");
    return {reinterpret_cast<const char*>(bytes), size};
}

ByteView Statement::blob(int column) const
{
    if (type(column) != ValueType::blob)
        fail(column, "a blob");
    const auto* bytes = sqlite3_column_blob(statement_.get(), column);
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
    return {static_cast<const std::uint8_t*>(bytes), bytes == nullptr ? 0 : size};
}

Amount Statement::amount(int column) const
{
    const auto value = Amount::from_decimal(text(column));
    if (!value)
        fail(column, "a decimal number below 2^256");
    return *value;
}

Hash Statement::hash(int column) const
{
    const auto bytes = blob(column);
    Hash hash;
    if (bytes.size() != hash.bytes.size())
        fail(column, "a hash of 32 bytes");
    std::memcpy(hash.bytes.data(), bytes.data(), bytes.size());
    return hash;
}

Address Statement::address(int column) const
{
    Address address;
    const auto bytes = from_hex(text(column));
    if (!bytes || bytes->size() != address.bytes.size())
        fail(column, "an address");
    std::copy(bytes->begin(), bytes->end(), address.bytes.begin());
    return address;
}

AccountId Statement::account(int column) const
{
    return AccountId{static_cast<std::uint32_t>(integer_up_to(column, 0xFFFF'FFFF))};
}

ContractId Statement::contract(int column) const
{
    return ContractId{static_cast<std::uint32_t>(integer_up_to(column, 0xFFFF'FFFF))};
}

Value Statement::value(int column) const
{
    switch (type(column))
    {
        case ValueType::integer: return integer(column);
        case ValueType::real: return real(column);
        case ValueType::text: return text(column);
        case ValueType::blob: return blob(column);
        case ValueType::null: break;
    }
    return {};
}

void Statement::fail(int column, std::string_view expected) const
{
    constexpr std::array<std::string_view, 5> names{
        "NULL", "an integer", "a real", "text", "a blob"};
    const auto found = type(column);
    std::string shown;
    if (found == ValueType::integer || found == ValueType::real || found == ValueType::text)
    {
        const auto* bytes = sqlite3_column_text(statement_.get(), column);
        shown = bytes == nullptr ? "" : " " + std::string{reinterpret_cast<const char*>(bytes)};
        if (shown.size() > 100)
            shown = shown.substr(0, 100) + "...";
    }
    throw StorageError{StorageErrorKind::corrupt,
        fmt::format("{}: column {} of `{}` should hold {}, but holds {}{}{}", connection_->path,
            column_name(column), beginning_of_sql(statement_.get()), expected,
            names.at(static_cast<std::size_t>(found)), shown, advice(StorageErrorKind::corrupt))};
}

Database::Database(std::shared_ptr<detail::Connection> connection) noexcept
  : connection_{std::move(connection)}
{}

Database Database::create(
    const std::string& path, bool force, const std::function<void(Database&)>& fill)
{
    // What it is, if it is something, is looked at below.
    Replacement file{path, [](std::string_view) { return true; }, "a ledger"};
    std::error_code error;
    const auto size = filesystem::file_size(path, error);
    const bool is_something = !error && size > 0;
    std::optional<Database> old;
    if (is_something)
    {
        if (!force)
        {
            throw StorageError{StorageErrorKind::exists,
                fmt::format("{}: it exists already; continue it with --resume, replace it with "
                            "--force, or choose another file",
                    path)};
        }
        check_is_ledger(path, read_header(path));
    }
    check_journals(path, is_something);
    if (is_something)
    {
        // Nobody else uses it, until the new file has its name.
        old = Database{connect(path, SQLITE_OPEN_READWRITE)};
        old->execute("PRAGMA locking_mode = EXCLUSIVE");
        take_alone(*old);
        // What it has in journals is over; SQLite would take them for those of the new file.
        for (const auto* suffix : {"-wal", "-shm", "-journal"})
            filesystem::remove(path + suffix, error);
    }
    {
        Database database{connect(file.begin().string(), SQLITE_OPEN_READWRITE, path)};
        // No journal on disk: if this fails there is nothing to go back to.
        // Pages of 16 KiB: rows are appended, and a quarter of the pages is a quarter of the calls.
        database.execute(
            fmt::format("PRAGMA page_size = 16384; PRAGMA locking_mode = EXCLUSIVE; "
                        "PRAGMA journal_mode = MEMORY; BEGIN; "
                        "PRAGMA application_id = {}; PRAGMA user_version = {}; COMMIT",
                application_id, schema_version));
        if (fill)
            fill(database);
    }
    file.commit();
    old.reset();
    Database database{connect(path, SQLITE_OPEN_READWRITE)};
    database.execute("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL");
    return database;
}

bool Database::is_empty_or_incomplete(const std::string& path)
{
    std::error_code error;
    const auto size = filesystem::file_size(path, error);
    if (error || size == 0)
        return error == std::errc::no_such_file_or_directory || !error;
    const auto header = read_header(path);
    return header.is_sqlite && header.application == application_id &&
           header.file_size < header.page_size;
}

Database Database::open(const std::string& path, Access access)
{
    check_header(path);
    const bool writes = access == Access::read_write;
    std::error_code ignored;
    if (writes && filesystem::is_symlink(path, ignored))
    {
        throw StorageError{StorageErrorKind::exists,
            fmt::format(
                "{}: it is a symbolic link, which is never written to; give the file itself",
                path)};
    }
    if (!writes && has_rollback_journal(path))
        roll_back_journal(path);
    Database database{connect(path, writes ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY)};
    database.execute("PRAGMA cell_size_check = ON");
    if (writes)
    {
        database.execute(
            "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; "
            "BEGIN EXCLUSIVE; COMMIT");
        // Who has the file alone needs no shared memory; a reader of a killed run's file left it.
        filesystem::remove(path + "-shm", ignored);
    }
    else
        sqlite3_limit(database.connection_->handle, SQLITE_LIMIT_LENGTH, 64 << 20U);
    // Touches the file, so that a lock or damage shows here.
    (void)database.query_integer("SELECT count(*) FROM sqlite_master");
    database.connection_->is_analysis = access == Access::analysis;
    set_usual_authorizer(*database.connection_);
    return database;
}

Database Database::in_memory()
{
    const auto flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MEMORY;
    return Database{connect(std::string{memory_path}, flags)};
}

const std::string& Database::path() const noexcept
{
    return connection_->path;
}

void Database::execute(std::string_view sql)
{
    const std::string text{sql};
    const auto code = sqlite3_exec(connection_->handle, text.c_str(), nullptr, nullptr, nullptr);
    check(*connection_, code, fmt::format("`{}`", sql.substr(0, 100)));
}

Statement Database::prepare(std::string_view sql)
{
    sqlite3_stmt* statement = nullptr;
    const auto code = sqlite3_prepare_v3(connection_->handle, sql.data(),
        static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    check(*connection_, code, fmt::format("`{}`", sql.substr(0, 100)));
    return Statement{connection_, statement};
}

Statement Database::prepare_select(std::string_view sql)
{
    struct Rules
    {
        bool is_analysis;
        bool is_refused = false;
    } rules{connection_->is_analysis};
    const auto authorize = [](void* data, int action, const char* first, const char* second,
                               const char* schema, const char* trigger) noexcept
    {
        auto& asked = *static_cast<Rules*>(data);
        switch (action)
        {
            case SQLITE_SELECT:
            case SQLITE_READ:
            case SQLITE_FUNCTION:
            case SQLITE_RECURSIVE:
                return asked.is_analysis
                           ? authorize_analysis(nullptr, action, first, second, schema, trigger)
                           : SQLITE_OK;
            default: asked.is_refused = true; return SQLITE_DENY;
        }
    };
    const auto refuse = [&]
    {
        throw StorageError{StorageErrorKind::query,
            fmt::format("{}: expected one SELECT, which changes nothing, got `{}`",
                connection_->path, sql.substr(0, 100))};
    };
    const auto compile = [&](std::string_view text, const char** rest)
    {
        sqlite3_stmt* compiled = nullptr;
        const auto code = sqlite3_prepare_v3(
            connection_->handle, text.data(), static_cast<int>(text.size()), 0, &compiled, rest);
        Statement statement{connection_, compiled};
        if (rules.is_refused)
            refuse();
        check(*connection_, code, fmt::format("`{}`", text.substr(0, 100)));
        return statement;
    };
    // What the functions of this connection read, they read when the statement runs.
    struct Guard
    {
        Connection& connection;
        ~Guard() { set_usual_authorizer(connection); }
    } guard{*connection_};
    sqlite3_set_authorizer(connection_->handle, authorize, &rules);
    const char* rest = sql.data();
    auto statement = compile(sql, &rest);
    if (statement.statement_ == nullptr || sqlite3_stmt_readonly(statement.statement_.get()) == 0)
        refuse();
    // Comments and blanks compile to nothing.
    const auto after = sql.substr(static_cast<std::size_t>(rest - sql.data()));
    if (!after.empty() && compile(after, &rest).statement_ != nullptr)
        refuse();
    return statement;
}

bool Database::in_transaction() const noexcept
{
    return sqlite3_get_autocommit(connection_->handle) == 0;
}

void Database::roll_back() noexcept
{
    if (in_transaction())
        sqlite3_exec(connection_->handle, "ROLLBACK", nullptr, nullptr, nullptr);
}

std::string Database::check_integrity()
{
    // Rows are looked up in indexes in whatever order: with the usual 2 MB most pages are read
    // again and again.
    execute("PRAGMA cache_size = -65536");
    const auto check = [this]
    {
        auto row = prepare("PRAGMA integrity_check(1)");
        if (!row.step() || row.text(0) == "ok")
            return std::string{};
        constexpr std::string_view heading = "*** in database main ***\n";
        auto text = row.text(0);
        if (text.substr(0, heading.size()) == heading)
            text.remove_prefix(heading.size());
        std::string line{text};
        std::replace(line.begin(), line.end(), '\n', ' ');
        return line;
    };
    auto found = check();
    // SQLite reports a page that cannot be read like one that is damaged. Damage stays what it is.
    constexpr std::string_view code_label = "error code=";
    const auto at = found.find(code_label);
    const bool unreadable =
        at != std::string::npos &&
        kind_of(std::atoi(found.c_str() + at + code_label.size())) == StorageErrorKind::io;
    if (unreadable || (!found.empty() && check() != found))
    {
        throw StorageError{StorageErrorKind::io,
            fmt::format("{}: it cannot be read reliably ({}); check the disk, then try again",
                path(), found)};
    }
    return found;
}

std::int64_t Database::query_integer(std::string_view sql)
{
    auto row = prepare(sql);
    if (!row.step())
    {
        throw StorageError{
            StorageErrorKind::query, fmt::format("{}: `{}` found nothing", path(), sql)};
    }
    return row.integer(0);
}

SqlTransaction::SqlTransaction(Database& database) : database_{database}
{
    database_.execute("BEGIN IMMEDIATE");
}

SqlTransaction::~SqlTransaction()
{
    if (open_)
        database_.roll_back();
}

void SqlTransaction::commit()
{
    database_.execute("COMMIT");
    open_ = false;
}

std::string quoted_name(std::string_view name)
{
    std::string text{'"'};
    for (const char character : name)
    {
        if (character == '"')
            text += '"';
        text += character;
    }
    return text += '"';
}

}  // namespace runnel::storage
