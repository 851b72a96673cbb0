#pragma once

#include "ledger/amount.hpp"
#include "ledger/hash.hpp"
#include "ledger/ids.hpp"
#include "ledger/int256.hpp"
#include "ledger/unit.hpp"

#include <array>
#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

/// One description of a struct's fields serves its hash, checkpoint, wire format, rows and dump.
///
/// A struct names its fields in a line after them, in their order, each alone or with its unit:
///
///     Amount reserve0;
///     bool locked = false;
///     RUNNEL_FIELDS((reserve0, smallest_unit_of("token0")), locked);
///
/// A unit is an expression of namespace unit (ledger/unit.hpp); a misspelt field or unit does not
/// compile. The line stands for a function
///
///     static void describe(auto& self, auto&& visit);
///
/// that calls visit(name, field, unit) for each field, without a unit for those that have none;
/// write it by hand where a field's name is to be another one. The encoding is canonical: fields in
/// order, integers big-endian of their own fixed width, lists prefixed by their length.
///
/// On-chain state is integers. The states of wallets, which checkpoints keep, may also hold
/// floating point (its IEEE bits, as an integer) and lists and maps of any length.

#define RUNNEL_FIELDS(...)                                                                        \
    template <typename Self, typename Visitor>                                                    \
    static constexpr void describe([[maybe_unused]] Self& self, [[maybe_unused]] Visitor&& visit) \
    {                                                                                             \
        __VA_OPT__(RUNNEL_DETAIL_EXPAND(RUNNEL_DETAIL_VISIT_EACH(__VA_ARGS__)))                   \
    }                                                                                             \
    static_assert(true)  // Takes the semicolon.

// Calls itself by way of a second scan: a macro is not expanded inside its own expansion.
#define RUNNEL_DETAIL_VISIT_EACH(field, ...) \
    RUNNEL_DETAIL_VISIT(field)               \
    __VA_OPT__(RUNNEL_DETAIL_VISIT_AGAIN RUNNEL_DETAIL_PARENTHESES(__VA_ARGS__))
#define RUNNEL_DETAIL_PARENTHESES ()
#define RUNNEL_DETAIL_VISIT_AGAIN() RUNNEL_DETAIL_VISIT_EACH
// 27 scans and more: so many fields a struct may have.
#define RUNNEL_DETAIL_EXPAND(...) \
    RUNNEL_DETAIL_EXPAND_9(RUNNEL_DETAIL_EXPAND_9(RUNNEL_DETAIL_EXPAND_9(__VA_ARGS__)))
#define RUNNEL_DETAIL_EXPAND_9(...) \
    RUNNEL_DETAIL_EXPAND_3(RUNNEL_DETAIL_EXPAND_3(RUNNEL_DETAIL_EXPAND_3(__VA_ARGS__)))
#define RUNNEL_DETAIL_EXPAND_3(...) \
    RUNNEL_DETAIL_EXPAND_1(RUNNEL_DETAIL_EXPAND_1(RUNNEL_DETAIL_EXPAND_1(__VA_ARGS__)))
#define RUNNEL_DETAIL_EXPAND_1(...) __VA_ARGS__
// `name` or `(name, unit)`: the probe expands only before parentheses.
#define RUNNEL_DETAIL_VISIT(field)                                                             \
    RUNNEL_DETAIL_CHOOSE(                                                                      \
        RUNNEL_DETAIL_PAIR_PROBE field, RUNNEL_DETAIL_VISIT_PAIR, RUNNEL_DETAIL_VISIT_NAME, ~) \
    (field)
#define RUNNEL_DETAIL_PAIR_PROBE(...) ~, ~
#define RUNNEL_DETAIL_CHOOSE(...) RUNNEL_DETAIL_THIRD(__VA_ARGS__)
#define RUNNEL_DETAIL_THIRD(first, second, third, ...) third
#define RUNNEL_DETAIL_VISIT_NAME(name) visit(#name, self.name);
#define RUNNEL_DETAIL_VISIT_PAIR(pair) RUNNEL_DETAIL_VISIT_WITH_UNIT pair
#define RUNNEL_DETAIL_VISIT_WITH_UNIT(name, unit_) visit(#name, self.name, ::runnel::unit::unit_);

namespace runnel
{

namespace detail
{
struct AnyVisitor
{
    template <typename T>
    void operator()(std::string_view, T&, Unit = {}) const
    {}
};
}  // namespace detail

template <typename T>
concept Described = requires(T& value)
{
    T::describe(value, detail::AnyVisitor{});
};

/// Whether each field whose unit is that of a column's token names a field that holds a contract.
template <Described T>
[[nodiscard]] consteval bool units_name_columns()
{
    bool all_found = true;
    const T value{};
    T::describe(value,
        [&](std::string_view, const auto&, Unit unit = {})
        {
            if (unit.kind != UnitKind::smallest_unit_of_column)
                return;
            bool found = false;
            T::describe(value, [&]<typename Field>(std::string_view name, const Field&, Unit = {})
                { found = found || (std::same_as<Field, ContractId> && name == unit.text); });
            all_found = all_found && found;
        });
    return all_found;
}

/// A nested list of encoded calls inside a call's arguments: what runs in a callback.
struct CallList
{
    ByteView bytes;  // As encoded by CallWriter; borrowed from the transaction.
};

template <typename T>
struct is_array : std::false_type
{};
template <typename T, std::size_t count>
struct is_array<std::array<T, count>> : std::true_type
{};

/// A short list inside a call's arguments (a swap's path); at most @p capacity elements.
template <typename T, std::uint8_t capacity>
struct ShortList
{
    std::array<T, capacity> items{};
    std::uint8_t count = 0;

    ShortList() = default;
    ShortList(std::initializer_list<T> values)
    {
        for (const auto& value : values)
            push_back(value);
    }
    void push_back(const T& value) { items.at(count++) = value; }
    [[nodiscard]] std::size_t size() const noexcept { return count; }
    [[nodiscard]] const T& operator[](std::size_t i) const { return items.at(i); }
    [[nodiscard]] const T* begin() const noexcept { return items.data(); }
    [[nodiscard]] const T* end() const noexcept { return items.data() + count; }
};
template <typename T>
struct is_short_list : std::false_type
{};
template <typename T, std::uint8_t capacity>
struct is_short_list<ShortList<T, capacity>> : std::true_type
{};

/// A list of any length: std::vector, small_vector, std::string.
template <typename T>
concept GrowingList = requires(T& list, typename T::value_type item)
{
    list.push_back(item);
    list.size();
};
template <typename T>
struct is_map : std::false_type
{};
template <typename Key, typename Item>
struct is_map<std::map<Key, Item>> : std::true_type
{};

/// The unsigned integer with the bits of a floating-point number.
template <std::floating_point T>
using FloatBits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;

/// Appends the canonical encoding of what it visits to a byte string.
class Encoder
{
public:
    explicit Encoder(Bytes& out) noexcept : out_{out} {}

    template <typename T>
    void operator()(std::string_view, const T& value, Unit = {})
    {
        put(value);
    }

    template <typename T>
    void put(const T& value)
    {
        if constexpr (std::same_as<T, Amount>)
        {
            const auto at = grow(32);
            value.store_big_endian(std::span<std::uint8_t, 32>{out_.data() + at, 32});
        }
        else if constexpr (std::same_as<T, bool>)
            out_.push_back(value ? 1 : 0);
        else if constexpr (std::is_enum_v<T>)
            put(static_cast<std::underlying_type_t<T>>(value));
        else if constexpr (std::integral<T>)
            put_integer(static_cast<std::make_unsigned_t<T>>(value));
        else if constexpr (std::floating_point<T>)
            put_integer(std::bit_cast<FloatBits<T>>(value));
        else if constexpr (std::same_as<T, Hash> || std::same_as<T, Address>)
            put_raw(value.bytes);
        else if constexpr (std::same_as<T, CallList>)
        {
            put_integer(static_cast<std::uint16_t>(value.bytes.size()));
            put_raw(value.bytes);
        }
        else if constexpr (is_array<T>::value)
        {
            for (const auto& item : value)
                put(item);
        }
        else if constexpr (is_short_list<T>::value)
        {
            out_.push_back(value.count);
            for (const auto& item : value)
                put(item);
        }
        else if constexpr (is_map<T>::value)
        {
            put_integer(static_cast<std::uint32_t>(value.size()));
            for (const auto& [key, item] : value)
            {
                put(key);
                put(item);
            }
        }
        else if constexpr (GrowingList<T>)
        {
            put_integer(static_cast<std::uint32_t>(value.size()));
            for (const auto& item : value)
                put(item);
        }
        else
        {
            static_assert(Described<const T>, "a field's type needs a describe()");
            T::describe(value, *this);
        }
    }

    void put_raw(ByteView bytes) { out_.insert(out_.end(), bytes.begin(), bytes.end()); }

private:
    template <std::unsigned_integral T>
    void put_integer(T value)
    {
        const auto at = grow(sizeof(T));
        for (std::size_t i = 0; i < sizeof(T); ++i)
            out_[at + i] = static_cast<std::uint8_t>(value >> (8 * (sizeof(T) - 1 - i)));
    }
    std::size_t grow(std::size_t size)
    {
        const auto at = out_.size();
        out_.resize(at + size);
        return at;
    }

    Bytes& out_;
};

/// Reads back what Encoder wrote. Input is hostile: check ok() before using what was read.
class Decoder
{
public:
    explicit Decoder(ByteView bytes) noexcept : rest_{bytes} {}

    /// No read went past the end and no value was out of its range.
    [[nodiscard]] bool ok() const noexcept { return ok_; }
    [[nodiscard]] bool at_end() const noexcept { return ok_ && rest_.empty(); }

    template <typename T>
    void operator()(std::string_view, T& value, Unit = {})
    {
        get(value);
    }

    template <typename T>
    void get(T& value)
    {
        if constexpr (std::same_as<T, Amount>)
        {
            if (const auto bytes = take(32); ok_)
                value = Amount::load_big_endian(bytes.first<32>());
        }
        else if constexpr (std::same_as<T, bool>)
        {
            const auto byte = get_integer<std::uint8_t>();
            ok_ = ok_ && byte <= 1;
            value = byte == 1;
        }
        else if constexpr (std::is_enum_v<T>)
            value = static_cast<T>(get_integer<std::underlying_type_t<T>>());
        else if constexpr (std::integral<T>)
            value = static_cast<T>(get_integer<std::make_unsigned_t<T>>());
        else if constexpr (std::floating_point<T>)
        {
            const auto number = std::bit_cast<T>(get_integer<FloatBits<T>>());
            ok_ = ok_ && number == number;  // Nobody computes with what is not a number.
            value = ok_ ? number : T{};
        }
        else if constexpr (std::same_as<T, Hash> || std::same_as<T, Address>)
        {
            if (const auto bytes = take(value.bytes.size()); ok_)
                std::memcpy(value.bytes.data(), bytes.data(), bytes.size());
        }
        else if constexpr (std::same_as<T, CallList>)
            value.bytes = take(get_integer<std::uint16_t>());
        else if constexpr (is_array<T>::value)
        {
            for (auto& item : value)
                get(item);
        }
        else if constexpr (is_short_list<T>::value)
        {
            value.count = get_integer<std::uint8_t>();
            ok_ = ok_ && value.count <= value.items.size();
            if (!ok_)
                value.count = 0;
            for (std::size_t i = 0; i < value.count; ++i)
                get(value.items[i]);
        }
        else if constexpr (is_map<T>::value)
        {
            value.clear();
            for (auto count = get_count(); ok_ && count > 0; --count)
            {
                typename T::key_type key{};
                typename T::mapped_type item{};
                get(key);
                get(item);
                ok_ = ok_ && (value.empty() || value.rbegin()->first < key);
                if (ok_)
                    value.emplace_hint(value.end(), std::move(key), std::move(item));
            }
        }
        else if constexpr (GrowingList<T>)
        {
            value.clear();
            for (auto count = get_count(); ok_ && count > 0; --count)
            {
                typename T::value_type item{};
                get(item);
                value.push_back(std::move(item));
            }
        }
        else
            T::describe(value, *this);
    }

    /// What was not read yet.
    [[nodiscard]] ByteView rest() const noexcept { return rest_; }

    /// The next @p size bytes, borrowed; empty and not ok() when there are fewer.
    ByteView take(std::size_t size) noexcept
    {
        if (size > rest_.size())
        {
            ok_ = false;
            rest_ = {};
            return {};
        }
        const auto taken = rest_.first(size);
        rest_ = rest_.subspan(size);
        return taken;
    }

private:
    /// The length of a list: every item takes at least one byte, so no more than there are bytes.
    std::uint32_t get_count() noexcept
    {
        const auto count = get_integer<std::uint32_t>();
        ok_ = ok_ && count <= rest_.size();
        return ok_ ? count : 0;
    }
    template <std::unsigned_integral T>
    T get_integer() noexcept
    {
        const auto bytes = take(sizeof(T));
        T value = 0;
        for (const auto byte : bytes)
            value = static_cast<T>(static_cast<T>(value << 7U << 1U) | byte);
        return value;
    }

    ByteView rest_;
    bool ok_ = true;
};

/// Writes `name=value` pairs for people: dumps of state, calls and events.
class Dumper
{
public:
    explicit Dumper(std::string& out) noexcept : out_{out} {}

    template <typename T>
    void operator()(std::string_view name, const T& value, Unit = {})
    {
        if (!out_.empty() && out_.back() != '(' && out_.back() != '{' && out_.back() != '[')
            out_ += ' ';
        out_ += name;
        out_ += '=';
        put(value);
    }

    template <typename T>
    void put(const T& value)
    {
        if constexpr (std::same_as<T, Amount> || std::same_as<T, Int256>)
            out_ += value.to_string();
        else if constexpr (std::same_as<T, bool>)
            out_ += value ? "true" : "false";
        else if constexpr (std::same_as<T, AccountId> || std::same_as<T, ContractId>)
            out_ += '#' + std::to_string(index(value));
        else if constexpr (std::is_enum_v<T>)
            out_ += std::to_string(static_cast<std::underlying_type_t<T>>(value));
        else if constexpr (std::integral<T>)
            out_ += std::to_string(value);
        else if constexpr (std::same_as<T, Hash> || std::same_as<T, Address>)
            out_ += value.to_string();
        else if constexpr (std::same_as<T, CallList>)
            out_ += "0x" + to_hex(value.bytes);
        else if constexpr (is_array<T>::value || is_short_list<T>::value)
        {
            out_ += '[';
            for (const auto& item : value)
            {
                if (out_.back() != '[')
                    out_ += ',';
                put(item);
            }
            out_ += ']';
        }
        else
        {
            out_ += '{';
            T::describe(value, *this);
            out_ += '}';
        }
    }

private:
    std::string& out_;
};

template <typename T>
void encode(const T& value, Bytes& out)
{
    Encoder{out}.put(value);
}
/// Reads a whole @p value; false if @p bytes are not exactly its encoding.
template <typename T>
[[nodiscard]] bool decode(ByteView bytes, T& value)
{
    Decoder decoder{bytes};
    decoder.get(value);
    return decoder.at_end();
}
template <typename T>
[[nodiscard]] std::string dump(const T& value)
{
    std::string text;
    Dumper{text}.put(value);
    return text;
}

}  // namespace runnel
