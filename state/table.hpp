#pragma once

#include "ledger/field_sink.hpp"
#include "ledger/field_source.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace runnel
{

/// How a table finds a record by its 64-bit key.
enum class KeyKind : std::uint8_t
{
    dense,   // Small numbers (account ids, reserve numbers): pages by key, no hashing.
    sparse,  // Anything (two account ids in one key): open addressing.
};

/// What a table's keys are numbers of: how people name its records, and how they are found where
/// the same account has another number.
enum class KeyOf : std::uint8_t
{
    // Small numbers.
    number,            // 0, 1, ...: what the contract counts.
    account,           // AccountId.
    contract,          // ContractId.
    reserve,           // Of a lending market, see LendingMarket::find_reserve().
                       // Anything.
    account_pair,      // See pair_key().
    account_contract,  // See account_contract_key().
    sparse_number,     // A number of the contract's: a tick, a token's id.
    numbered_account,  // See numbered_key().
    encoding,          // Of a KeyedTable: records hold their keys.
    something_else,    // Only the contract knows.
};
[[nodiscard]] constexpr KeyKind kind_of(KeyOf key_of) noexcept
{
    return key_of < KeyOf::account_pair ? KeyKind::dense : KeyKind::sparse;
}

/// What the ledger knows of a table without knowing its record type.
struct RecordFormat
{
    std::size_t size = 0;
    /// Of the key that the encoding of a KeyedTable's record begins with; the byte behind it says
    /// that the place is taken.
    std::size_t key_size = 0;
    void (*encode)(const void* record, Bytes& out) = nullptr;
    bool (*decode)(ByteView bytes, void* record) = nullptr;
    std::string (*dump)(const void* record) = nullptr;
    /// Field by field, for people; a record that is an Amount alone has the field `amount`.
    void (*list)(const void* record, FieldSink& sink) = nullptr;
    /// The encoding of the record whose fields @p source gives. Throws what it throws.
    void (*read)(FieldSource& source, Bytes& out) = nullptr;
};

/// The bits of a key mixed for a sparse table: neighbours spread, and the leading bits say where a
/// key is looked for and in which bucket of the state tree it is.
[[nodiscard]] constexpr std::uint64_t mix_key(std::uint64_t key) noexcept
{
    // Fibonacci hashing of the key with its halves mixed.
    return (key ^ key >> 32U) * 0x9E3779B97F4A7C15ULL;
}

/// The bucket of the state tree that has the record of @p key: 16 consecutive keys of a dense table
/// share one, in a sparse one the keys whose mixes begin with the same @p bits bits.
[[nodiscard]] constexpr std::uint64_t bucket_of_key(
    KeyKind kind, unsigned bits, std::uint64_t key) noexcept
{
    if (kind == KeyKind::dense)
        return key >> 4U;
    return bits == 0 ? 0 : mix_key(key) >> (64U - bits);
}

/// The largest record: its encoding must fit the two bytes of its length in checkpoints and in the
/// state tree.
inline constexpr std::size_t record_size_max = 48 * 1024;

/// A part of on-chain state: records of one trivially copyable type, found by a 64-bit key.
///
/// A record's address is stable from the moment its slot is made, so that workers may write to
/// different records of one table at once. Slots are made while nobody executes (genesis, plan
/// phase); a record of zeros is the same as none, in hashes, checkpoints and dumps.
class RecordTable
{
public:
    RecordTable(std::string name, KeyOf key_of, const RecordFormat& format);
    RecordTable(const RecordTable&) = delete;
    RecordTable& operator=(const RecordTable&) = delete;
    ~RecordTable();

    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    [[nodiscard]] const RecordFormat& format() const noexcept { return format_; }
    [[nodiscard]] KeyOf key_of() const noexcept { return key_of_; }
    /// The table's number in its world; part of every object's identity and of the hashes.
    [[nodiscard]] std::uint32_t number() const noexcept { return number_; }
    void set_number(std::uint32_t number) noexcept { number_ = number; }

    /// For a table whose records begin with an Amount that takes part in its contract's
    /// conservation law: +1 for balances, -1 for the supply. The ledger checks after every block
    /// that the weighted sum of all changes is 0.
    void set_conservation_weight(int weight) noexcept { conservation_weight_ = weight; }
    [[nodiscard]] int conservation_weight() const noexcept { return conservation_weight_; }

    /// Lets record 0 of @p guard stand for all records of this table when accesses are declared: a
    /// state machine of many records (ticks by their pool) then declares one. Both belong to one
    /// contract.
    void set_guard(const RecordTable& guard) noexcept { guard_ = &guard; }
    [[nodiscard]] const RecordTable* guard() const noexcept { return guard_; }

    /// Whether @p key may have a record: keys in calls are hostile, and a dense table does not
    /// grow to whatever they say.
    [[nodiscard]] bool accepts(std::uint64_t key) const noexcept;
    /// The record, or nullptr if no slot was ever made for @p key.
    [[nodiscard]] void* find(std::uint64_t key) const noexcept;
    /// The record, made of zeros if there was none. Whoever gets it may write to it until the next
    /// root of the state tree is computed.
    void* make_slot(std::uint64_t key)
    {
        mark(key);
        return reserve(key);
    }
    /// The same for one who will mark() what he really writes.
    void* reserve(std::uint64_t key);
    /// Notes that the record of @p key may have changed since the last root of the state tree.
    void mark(std::uint64_t key)
    {
        if (all_changed_)
            return;
        const auto bucket = bucket_of_key(key_kind(), bucket_bits_, key);
        if (bucket / 64 >= changed_.size())
            changed_.resize(bucket / 64 + 1);
        auto& word = changed_[bucket / 64];
        const auto bit = std::uint64_t{1} << bucket % 64;
        if ((word & bit) == 0)
        {
            word |= bit;
            changed_buckets_.push_back(static_cast<std::uint32_t>(bucket));
        }
    }
    /// The same of every record.
    void mark_all() noexcept
    {
        all_changed_ = true;
        changed_.clear();
        changed_buckets_.clear();
    }
    /// Whether @p record is all zeros, i.e. counts as absent.
    [[nodiscard]] bool is_absent(const void* record) const noexcept;
    /// The keys of all present records, ascending.
    [[nodiscard]] std::vector<std::uint64_t> keys() const;
    /// Of a KeyedTable: the place of a key, or where it would be put.
    [[nodiscard]] std::uint64_t place_of(ByteView key) const;
    /// Makes every record absent.
    void clear();

    // What the state tree asks.
    static constexpr std::size_t bucket_records = 16;  // On average at most, in a sparse table.
    [[nodiscard]] KeyKind key_kind() const noexcept { return kind_of(key_of_); }
    [[nodiscard]] unsigned bucket_bits() const noexcept { return bucket_bits_; }
    /// Of a sparse table: makes 2^bits buckets. Buckets marked before are forgotten.
    void set_bucket_bits(unsigned bits);
    /// No bucket from here on has a record.
    [[nodiscard]] std::uint64_t bucket_end() const noexcept;
    /// Moves the marked buckets to @p buckets, each once; false if any bucket may have changed.
    [[nodiscard]] bool take_changed_buckets(std::vector<std::uint32_t>& buckets);
    /// Appends the bucket's present records by key: key (8 bytes), size (2), encoding. Returns
    /// their number.
    std::size_t append_bucket(std::uint64_t bucket, Bytes& out) const;

private:
    static constexpr std::size_t page_records = 256;
    struct FreeBytes
    {
        void operator()(std::uint8_t* bytes) const noexcept;
    };
    using Page = std::unique_ptr<std::uint8_t[], FreeBytes>;

    [[nodiscard]] Page make_page() const;
    [[nodiscard]] std::size_t index_start(std::uint64_t key) const noexcept;
    void grow_index();
    [[nodiscard]] bool append_record(std::uint64_t key, const void* record, Bytes& out) const;

    std::string name_;
    RecordFormat format_;
    std::uint32_t number_ = 0;
    int conservation_weight_ = 0;
    const RecordTable* guard_ = nullptr;
    KeyOf key_of_;
    std::vector<Page> pages_;
    // Sparse tables only: open addressing from key to slot + 1 (0 is empty).
    std::vector<std::uint64_t> index_keys_;
    std::vector<std::uint32_t> index_slots_;
    std::size_t sparse_count_ = 0;
    // For the state tree: which buckets changed since its last root.
    bool all_changed_ = true;
    unsigned bucket_bits_ = 0;
    std::vector<std::uint64_t> changed_;  // A bit for each bucket.
    std::vector<std::uint32_t> changed_buckets_;
};

/// A table of records of type R: described by its fields, trivially copyable, zero when absent.
template <typename R>
class Table : public RecordTable
{
    static_assert(std::is_trivially_copyable_v<R>);
    static_assert(sizeof(R) <= record_size_max);

public:
    explicit Table(std::string name, KeyOf key_of = KeyOf::number)
      : RecordTable{std::move(name), key_of, record_format()}
    {}

    /// The committed record; one of zeros if absent. For views and genesis; a transaction reads
    /// through its CallContext.
    [[nodiscard]] const R& get(std::uint64_t key) const noexcept
    {
        static const R zero{};
        const auto* record = static_cast<const R*>(find(key));
        return record == nullptr ? zero : *record;
    }
    [[nodiscard]] const R& get(AccountId account) const noexcept { return get(index(account)); }

    /// The record to write at genesis, outside any transaction.
    R& at(std::uint64_t key) { return *static_cast<R*>(make_slot(key)); }
    R& at(AccountId account) { return at(index(account)); }

private:
    static RecordFormat record_format() noexcept
    {
        std::size_t key_size = 0;
        if constexpr (requires(const R& record) {
                          record.is_taken;
                          record.key;
                      })
        {
            Bytes key;
            runnel::encode(R{}.key, key);
            key_size = key.size();
        }
        return {sizeof(R), key_size,
            [](const void* record, Bytes& out)
            { runnel::encode(*static_cast<const R*>(record), out); },
            [](ByteView bytes, void* record)
            {
                R value{};
                if (!runnel::decode(bytes, value))
                    return false;
                std::memcpy(record, &value, sizeof(R));
                return true;
            },
            [](const void* record) { return runnel::dump(*static_cast<const R*>(record)); },
            [](const void* record, FieldSink& sink)
            {
                FieldLister fields{sink};
                if constexpr (Described<R>)
                    R::describe(*static_cast<const R*>(record), fields);
                else
                    fields("amount", *static_cast<const R*>(record));
            },
            [](FieldSource& source, Bytes& out)
            {
                Bytes bindings;
                FieldReader fields{source, out, bindings};
                if constexpr (Described<R>)
                    fields.template read<R>();
                else
                {
                    source.expect("amount");
                    R value{};
                    fields("amount", value);
                }
            }};
    }
};

/// The first place where a key with this encoding is looked for.
[[nodiscard]] std::uint64_t place_of_encoding(ByteView key) noexcept;

/// A record under a key that is not a number.
template <typename Key, typename Value>
struct KeyedRecord
{
    Key key{};
    bool is_taken = false;  // Once a key is here it stays: others are looked for behind it.
    Value value{};
    RUNNEL_FIELDS(key, is_taken, value);
};

/// A table whose keys are not numbers: described, trivially copyable structs (an id of 32 bytes;
/// owner, lower and upper tick).
///
/// A key's place follows from its encoding; where another key is in that place, the next one is
/// looked at. What comes out depends on the order of the chain and never on a collision. A value of
/// zeros is the same as none.
template <typename Key, typename Value>
class KeyedTable : public Table<KeyedRecord<Key, Value>>
{
public:
    using Record = KeyedRecord<Key, Value>;

    explicit KeyedTable(std::string name) : Table<Record>{std::move(name), KeyOf::encoding} {}

    /// The committed value.
    [[nodiscard]] const Value& get(const Key& key) const
    {
        const auto read = [this](std::uint64_t at) -> const Record& { return record(at); };
        return record(place(key, read)).value;
    }
    /// The committed record of a place.
    [[nodiscard]] const Record& record(std::uint64_t place) const
    {
        return Table<Record>::get(place);
    }
    /// Where @p key is, or would be put: read(place) is what a transaction, or who has committed
    /// state, sees of the record there.
    template <typename Read>
    [[nodiscard]] static std::uint64_t place(const Key& key, Read&& read)
    {
        Bytes wanted;
        runnel::encode(key, wanted);
        Bytes found;
        for (auto at = place_of_encoding(wanted);; ++at)
        {
            const Record& record = read(at);
            if (!record.is_taken)
                return at;
            found.clear();
            runnel::encode(record.key, found);
            if (found == wanted)
                return at;
        }
    }
};

/// The key of a sparse table that is found by two accounts (owner, spender).
[[nodiscard]] constexpr std::uint64_t pair_key(AccountId first, AccountId second) noexcept
{
    return static_cast<std::uint64_t>(index(first)) << 32U | index(second);
}

/// The key of a sparse table that is found by an account and a contract (what it holds of a token).
[[nodiscard]] constexpr std::uint64_t account_contract_key(
    AccountId account, ContractId contract) noexcept
{
    return std::uint64_t{index(account)} << 32U | index(contract);
}

/// The key of a sparse table that is found by a number of the contract's and an account.
[[nodiscard]] constexpr std::uint64_t numbered_key(std::uint32_t number, AccountId account) noexcept
{
    return std::uint64_t{number} << 32U | index(account);
}

}  // namespace runnel
