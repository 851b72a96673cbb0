#pragma once

#include "ledger/fields.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace runnel
{

/// What a column of an event table holds.
enum class ColumnKind : std::uint8_t
{
    amount,    // Exact, decimal text.
    integer,   // 64 bits.
    account,   // An account's id.
    contract,  // A contract's id; its account and address are found in `contracts`.
    boolean,
    text,  // An enum's name, by its to_string().
};

/// What becomes of an event's row.
enum class EventUse : std::uint8_t
{
    log,       // A log of the transaction: hashed in the receipt, a row of `logs` and of its table.
    sector,    // A row of a table that several protocols share (dex_trades); derived, not hashed.
    snapshot,  // State of a contract at the end of a block; derived, not hashed.
};

/// Receives an event table's columns.
class ColumnSink
{
public:
    virtual void column(std::string_view name, ColumnKind kind, std::string_view unit) = 0;

protected:
    ~ColumnSink() = default;
};

/// Receives an event's values, in the order of its columns.
class ValueSink
{
public:
    virtual void amount(const Amount& value) = 0;
    virtual void integer(std::int64_t value) = 0;
    virtual void account(AccountId value) = 0;
    virtual void contract(ContractId value) = 0;
    virtual void boolean(bool value) = 0;
    virtual void text(std::string_view value) = 0;

protected:
    ~ValueSink() = default;
};

/// What ledger and storage know of an event without knowing its struct.
///
/// An event is a described struct with
///     static constexpr std::string_view name = "Swap";
///     static constexpr std::string_view table = "uniswap_v2_swaps";     // t_ is put in front
///     static constexpr std::string_view signature = "Swap(address,uint256,...)";  // "" unless a
///     log static constexpr std::uint32_t indexed = 0b100001;                // bit k: field k is a
///     topic static constexpr EventUse use = EventUse::log;
/// The fields of a log are those of the signature, in its order.
struct EventType
{
    std::string_view name;
    std::string_view table;
    std::string_view signature;
    std::uint32_t indexed = 0;
    EventUse use = EventUse::log;
    /// Stands for the signature in receipts: short, and another one for every signature.
    std::uint64_t tag = 0;
    void (*columns)(ColumnSink& sink) = nullptr;
    /// False if @p encoded is not this event.
    bool (*values)(ByteView encoded, ValueSink& sink) = nullptr;
    std::string (*dump)(ByteView encoded) = nullptr;
};

namespace detail
{
template <typename T>
constexpr ColumnKind column_kind() noexcept
{
    if constexpr (std::same_as<T, Amount>)
        return ColumnKind::amount;
    else if constexpr (std::same_as<T, AccountId>)
        return ColumnKind::account;
    else if constexpr (std::same_as<T, ContractId>)
        return ColumnKind::contract;
    else if constexpr (std::same_as<T, bool>)
        return ColumnKind::boolean;
    else if constexpr (std::is_enum_v<T>)
        return ColumnKind::text;
    else
    {
        static_assert(std::integral<T>, "an event's fields are scalars");
        return ColumnKind::integer;
    }
}

struct ColumnVisitor
{
    ColumnSink& sink;
    template <typename T>
    void operator()(std::string_view name, const T&, std::string_view unit = {}) const
    {
        sink.column(name, column_kind<T>(), unit);
    }
};

struct ValueVisitor
{
    ValueSink& sink;
    template <typename T>
    void operator()(std::string_view, const T& value, std::string_view = {}) const
    {
        if constexpr (std::same_as<T, Amount>)
            sink.amount(value);
        else if constexpr (std::same_as<T, AccountId>)
            sink.account(value);
        else if constexpr (std::same_as<T, ContractId>)
            sink.contract(value);
        else if constexpr (std::same_as<T, bool>)
            sink.boolean(value);
        else if constexpr (std::is_enum_v<T>)
            sink.text(to_string(value));
        else
            sink.integer(static_cast<std::int64_t>(value));
    }
};

/// FNV-1a, 64 bits. Signatures are ours: nobody can choose them to collide.
[[nodiscard]] constexpr std::uint64_t event_tag(std::string_view signature) noexcept
{
    std::uint64_t tag = 0xCBF29CE484222325ULL;
    for (const auto character : signature)
        tag = (tag ^ static_cast<std::uint8_t>(character)) * 0x100000001B3ULL;
    return tag;
}
}  // namespace detail

/// The EventType of an event struct; its address is its identity within a process.
template <typename Event>
inline constexpr EventType event_type{Event::name, Event::table, Event::signature, Event::indexed,
    Event::use, detail::event_tag(Event::signature),
    [](ColumnSink& sink)
    {
        const Event event{};
        Event::describe(event, detail::ColumnVisitor{sink});
    },
    [](ByteView encoded, ValueSink& sink)
    {
        Event event{};
        if (!decode(encoded, event))
            return false;
        const auto& read_only = event;
        Event::describe(read_only, detail::ValueVisitor{sink});
        return true;
    },
    [](ByteView encoded)
    {
        Event event{};
        return decode(encoded, event) ? runnel::dump(event) : std::string{"(malformed)"};
    }};

/// One event as it was emitted; its encoding lies in an arena beside it.
struct EventRecord
{
    const EventType* type = nullptr;
    ContractId contract{};
    std::uint32_t transaction = 0;  // Index in the block; the last + 1 for a snapshot.
    std::uint32_t offset = 0;       // Of the encoding in the arena.
    std::uint32_t size = 0;
};

/// Events as they are emitted, their encodings one after another.
struct EventArena
{
    std::vector<EventRecord> events;
    Bytes event_bytes;

    void clear() noexcept
    {
        events.clear();
        event_bytes.clear();
    }
};

template <typename Event>
void append_event(
    EventArena& arena, ContractId contract, std::uint32_t transaction, const Event& event)
{
    const auto offset = arena.event_bytes.size();
    encode(event, arena.event_bytes);
    arena.events.push_back(
        {&event_type<Event>, contract, transaction, static_cast<std::uint32_t>(offset),
            static_cast<std::uint32_t>(arena.event_bytes.size() - offset)});
}

}  // namespace runnel
