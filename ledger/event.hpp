#pragma once

#include "ledger/fields.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace runnel
{

/// What a column of an event table holds.
enum class ColumnKind : std::uint8_t
{
    amount,         // Exact, decimal text.
    signed_amount,  // The same with a sign.
    integer,        // 64 bits.
    account,        // An account's id.
    contract,       // A contract's id; its account and address are found in `contracts`.
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
    virtual void column(std::string_view name, ColumnKind kind, const Unit& unit) = 0;

protected:
    ~ColumnSink() = default;
};

/// Receives an event's values, in the order of its columns.
class ValueSink
{
public:
    virtual void amount(const Amount& value) = 0;
    virtual void signed_amount(const Int256& value) = 0;
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
/// An event is a described struct (ledger/fields.hpp) with
///
///     static constexpr std::string_view table = "uniswap_v2_syncs";  // t_ is put in front
///
/// A log also has its signature, with `indexed` before what is a topic and with or without names;
/// its fields are the signature's arguments, in their order:
///
///     static constexpr std::string_view signature = "Transfer(address indexed from, ...)";
///
/// A struct without a signature has a name instead, and is a row of a sector unless it says
///
///     static constexpr std::string_view name = "DexPool";
///     static constexpr EventUse use = EventUse::snapshot;
///
/// What its fields mean, in their order, is for who reads its table:
///
///     static constexpr std::array<std::string_view, 2> meanings{"Who pays.", "How much."};
struct EventType
{
    std::string_view name;
    std::string_view table;
    std::string_view signature;  // Canonical: types only; empty unless it is a log.
    std::uint32_t indexed = 0;   // Bit k: field k is a topic.
    EventUse use = EventUse::log;
    std::span<const std::string_view> meanings;  // Of the fields; empty: nobody said.
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
    else if constexpr (std::same_as<T, Int256>)
        return ColumnKind::signed_amount;
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
    void operator()(std::string_view name, const T&, Unit unit = {}) const
    {
        sink.column(name, column_kind<T>(), unit);
    }
};

struct ValueVisitor
{
    ValueSink& sink;
    template <typename T>
    void operator()(std::string_view, const T& value, Unit = {}) const
    {
        if constexpr (std::same_as<T, Amount>)
            sink.amount(value);
        else if constexpr (std::same_as<T, Int256>)
            sink.signed_amount(value);
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

/// A signature taken apart at compile time.
struct ParsedSignature
{
    std::array<char, 256> text{};  // Canonical: without names and spaces.
    std::size_t size = 0;
    std::uint32_t indexed = 0;    // Bit k: argument k is marked.
    std::uint32_t arguments = 0;  // How many there are.

    [[nodiscard]] constexpr std::string_view canonical() const noexcept
    {
        return {text.data(), size};
    }
    /// Of the event: what stands before the parenthesis.
    [[nodiscard]] constexpr std::string_view name() const noexcept
    {
        return canonical().substr(0, canonical().find('('));
    }
};

/// Takes an event's signature as Solidity declares it, `Swap(address indexed sender, uint256 in)`.
/// Does not compile if a parenthesis or a type is missing.
[[nodiscard]] consteval ParsedSignature parse_signature(std::string_view signature)
{
    ParsedSignature parsed;
    const auto append = [&parsed](std::string_view part)
    {
        for (const auto character : part)
            parsed.text.at(parsed.size++) = character;
    };
    const auto open = signature.find('(');
    if (open == 0 || open == std::string_view::npos || signature.back() != ')')
        throw "expected NAME(ARGUMENTS)";
    append(signature.substr(0, open + 1));
    auto rest = signature.substr(open + 1, signature.size() - open - 2);
    while (!rest.empty())
    {
        const auto argument = rest.substr(0, rest.find(','));
        rest.remove_prefix(std::min(rest.size(), argument.size() + 1));
        const auto first = argument.find_first_not_of(' ');
        if (first == std::string_view::npos)
            throw "expected a type";
        const auto type_end = std::min(argument.find(' ', first), argument.size());
        append(parsed.arguments == 0 ? "" : ",");
        append(argument.substr(first, type_end - first));
        const auto tail = argument.substr(type_end);
        if (tail == " indexed" || tail.starts_with(" indexed "))
            parsed.indexed |= 1U << parsed.arguments;
        ++parsed.arguments;
    }
    append(")");
    return parsed;
}

template <typename Event>
concept HasSignature = requires
{
    Event::signature;
};
template <typename Event>
concept HasUse = requires
{
    Event::use;
};

template <typename Event>
concept HasMeanings = requires
{
    Event::meanings;
};

template <HasSignature Event>
inline constexpr ParsedSignature parsed_signature = parse_signature(Event::signature);

template <typename Event>
[[nodiscard]] consteval std::uint32_t field_count()
{
    std::uint32_t count = 0;
    const Event event{};
    Event::describe(event, [&](std::string_view, const auto&, Unit = {}) { ++count; });
    return count;
}

template <typename Event>
[[nodiscard]] consteval EventType make_event_type()
{
    static_assert(units_name_columns<Event>(), "a unit names a column that holds no token");
    EventType type;
    type.table = Event::table;
    if constexpr (HasSignature<Event>)
    {
        constexpr const auto& parsed = parsed_signature<Event>;
        static_assert(parsed.arguments == field_count<Event>(), "a log's fields are its arguments");
        type.name = parsed.name();
        type.signature = parsed.canonical();
        type.indexed = parsed.indexed;
        type.use = EventUse::log;
    }
    else
    {
        type.name = Event::name;
        type.use = EventUse::sector;
    }
    if constexpr (HasUse<Event>)
        type.use = Event::use;
    if constexpr (HasMeanings<Event>)
    {
        static_assert(Event::meanings.size() == field_count<Event>(), "each field has a meaning");
        type.meanings = Event::meanings;
    }
    type.tag = event_tag(type.signature);
    type.columns = [](ColumnSink& sink)
    {
        const Event event{};
        Event::describe(event, ColumnVisitor{sink});
    };
    type.values = [](ByteView encoded, ValueSink& sink)
    {
        Event event{};
        if (!decode(encoded, event))
            return false;
        const auto& read_only = event;
        Event::describe(read_only, ValueVisitor{sink});
        return true;
    };
    type.dump = [](ByteView encoded)
    {
        Event event{};
        return decode(encoded, event) ? runnel::dump(event) : std::string{"(malformed)"};
    };
    return type;
}
}  // namespace detail

/// The EventType of an event struct; its address is its identity within a process.
template <typename Event>
inline constexpr EventType event_type = detail::make_event_type<Event>();

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
