#pragma once

#include "ledger/amount.hpp"
#include "ledger/hash.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace runnel::storage
{

/// In the header of every ledger file: "Rnnl". Tells a ledger from other SQLite databases.
inline constexpr std::uint32_t application_id = 0x526E6E6C;
/// SQLite's user_version: raised by every change of the schema that an older reader cannot read.
inline constexpr std::uint32_t schema_version = 11;

enum class StorageErrorKind : std::uint8_t
{
    not_a_ledger,   // Not SQLite, or not ours.
    wrong_version,  // A ledger of another schema version.
    corrupt,        // Damaged, or not what a ledger may hold.
    io,             // Missing, unreadable, unwritable.
    full,           // No space left.
    busy,           // Another process is using it.
    exists,         // The file exists already.
    mismatch,       // A ledger of another run.
    query,          // SQL that does not compile, or that failed.
};

/// The world failed, or a file is not what it should be. The text says what failed, in which file,
/// and what to do.
class StorageError : public std::runtime_error
{
public:
    StorageError(StorageErrorKind kind, const std::string& message)
      : std::runtime_error{message}, kind_{kind}
    {}
    [[nodiscard]] StorageErrorKind kind() const noexcept { return kind_; }

private:
    StorageErrorKind kind_;
};

enum class ValueType : std::uint8_t
{
    null,
    integer,
    real,
    text,
    blob,
};

/// A value to bind. Text and blobs are borrowed: they must live until the statement has run.
struct Value
{
    ValueType type = ValueType::null;
    std::uint32_t size = 0;  // Of text and blobs.
    union {
        std::int64_t integer = 0;
        double real;
        const void* data;
    };

    constexpr Value() noexcept {}
    // NOLINTBEGIN(google-explicit-constructor): what one binds is a value.
    constexpr Value(std::int64_t number) noexcept : type{ValueType::integer}, integer{number} {}
    constexpr Value(double number) noexcept : type{ValueType::real}, real{number} {}
    constexpr Value(std::string_view text) noexcept
      : type{ValueType::text}, size{static_cast<std::uint32_t>(text.size())}, data{text.data()}
    {}
    constexpr Value(ByteView bytes) noexcept
      : type{ValueType::blob}, size{static_cast<std::uint32_t>(bytes.size())}, data{bytes.data()}
    {}
    // NOLINTEND(google-explicit-constructor)
};

namespace detail
{
struct Connection;
struct Finalizer
{
    void operator()(sqlite3_stmt* statement) const noexcept;
};
}  // namespace detail

/// A compiled SQL statement and the row it stands on.
///
///     auto rows = database.prepare("SELECT number, hash FROM t_blocks WHERE number >= ?");
///     rows.bind(1, Value{first});
///     while (rows.step())
///         use(rows.integer(0), rows.hash(1));
///
/// The getters are strict: a value of another type, or out of range, is a StorageError (corrupt).
/// Text and blobs they return are valid until the next step() or reset().
class Statement
{
public:
    /// Parameters count from 1, as in SQL.
    Statement& bind(int parameter, const Value& value);
    /// Binds parameters 1, 2, ...
    Statement& bind_all(std::span<const Value> values);
    /// Moves to the next row; false after the last.
    bool step();
    /// Runs to the end and resets.
    void run();
    void reset();

    [[nodiscard]] int parameter_count() const noexcept;
    /// `:block`; empty if it has none.
    [[nodiscard]] std::string_view parameter_name(int parameter) const noexcept;
    [[nodiscard]] int column_count() const noexcept;
    [[nodiscard]] std::string_view column_name(int column) const noexcept;
    [[nodiscard]] ValueType type(int column) const noexcept;
    [[nodiscard]] bool is_null(int column) const noexcept
    {
        return type(column) == ValueType::null;
    }
    [[nodiscard]] std::int64_t integer(int column) const;
    /// An integer from 0 to @p max.
    [[nodiscard]] std::uint64_t integer_up_to(int column, std::uint64_t max) const;
    /// A real or an integer.
    [[nodiscard]] double real(int column) const;
    [[nodiscard]] std::string_view text(int column) const;
    [[nodiscard]] ByteView blob(int column) const;
    /// Decimal text below 2^256.
    [[nodiscard]] Amount amount(int column) const;
    /// A blob of 32 bytes.
    [[nodiscard]] Hash hash(int column) const;
    /// Text of 0x and 40 hex digits.
    [[nodiscard]] Address address(int column) const;
    [[nodiscard]] AccountId account(int column) const;
    [[nodiscard]] ContractId contract(int column) const;
    /// Whatever the value is: the borrowed bytes, or the number.
    [[nodiscard]] Value value(int column) const;

    /// A StorageError that says which value of which row source is wrong, and why.
    [[noreturn]] void fail(int column, std::string_view expected) const;

private:
    friend class Database;
    Statement(std::shared_ptr<detail::Connection> connection, sqlite3_stmt* statement) noexcept;

    std::shared_ptr<detail::Connection> connection_;
    std::unique_ptr<sqlite3_stmt, detail::Finalizer> statement_;
};

/// A ledger file that is open, or a database in memory.
///
/// A file is opened by one writer, or by any number of readers: a second process gets a
/// StorageError (busy). The exact-amount SQL functions are registered on every connection.
class Database
{
public:
    enum class Access : std::uint8_t
    {
        read_only,
        read_write,
        /// Read only, and of what an observer of a chain can see: a statement that reads the
        /// senders' own word (t_truth_...), what only a mixer is shown (t_witnesses) or what agents
        /// remember (t_checkpoints), by whatever view, does not compile (StorageError, query).
        analysis,
    };

    /// Makes a new file with what @p fill puts into it, and locks it: there is all of that under
    /// this name, or what was there before. What exists and is not empty is refused (exists), or
    /// replaced with @p force if it is a ledger and nobody uses it; so is what is no regular file,
    /// and a journal beside it that is not SQLite's.
    [[nodiscard]] static Database create(
        const std::string& path, bool force, const std::function<void(Database&)>& fill = {});
    /// Whether a new run has nothing to lose there: no file, an empty one, or the first bytes of
    /// one.
    [[nodiscard]] static bool is_empty_or_incomplete(const std::string& path);
    /// Opens a ledger after checking what it is; read_write locks it.
    [[nodiscard]] static Database open(const std::string& path, Access access);
    [[nodiscard]] static Database in_memory();

    /// The file's name, or ":memory:".
    [[nodiscard]] const std::string& path() const noexcept;
    /// Runs one or more statements without parameters, ignoring rows.
    void execute(std::string_view sql);
    [[nodiscard]] Statement prepare(std::string_view sql);
    /// One SELECT that somebody else wrote. Whatever else there is (a second statement, ATTACH,
    /// PRAGMA, CREATE, INSERT) is a StorageError (query), and nothing of it is run.
    [[nodiscard]] Statement prepare_select(std::string_view sql);
    [[nodiscard]] bool in_transaction() const noexcept;
    /// Rolls an open transaction back; never throws.
    void roll_back() noexcept;
    /// What SQLite's own integrity check finds first: pages, order of keys, indexes against their
    /// tables. Empty when all is well.
    [[nodiscard]] std::string check_integrity();
    /// The first integer of the first row.
    [[nodiscard]] std::int64_t query_integer(std::string_view sql);

private:
    explicit Database(std::shared_ptr<detail::Connection> connection) noexcept;

    std::shared_ptr<detail::Connection> connection_;
};

/// Begins a transaction; rolls it back unless it was committed.
class SqlTransaction
{
public:
    explicit SqlTransaction(Database& database);
    SqlTransaction(const SqlTransaction&) = delete;
    SqlTransaction& operator=(const SqlTransaction&) = delete;
    ~SqlTransaction();
    void commit();

private:
    Database& database_;
    bool open_ = true;
};

/// `"name"`, safe to put into SQL.
[[nodiscard]] std::string quoted_name(std::string_view name);

}  // namespace runnel::storage
