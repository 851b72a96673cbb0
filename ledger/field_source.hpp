#pragma once

#include "ledger/call.hpp"
#include "ledger/fields.hpp"

#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace runnel
{

/// Gives the values of a described struct by the names of its fields: what a person wrote, read for
/// a type that only its contract knows. An implementation throws where a value is not to be had.
class FieldSource
{
public:
    virtual ~FieldSource() = default;

    /// A value, or where it comes from when the call runs; offset is left to the caller.
    virtual std::optional<BoundArgument> amount(
        std::string_view name, const Unit& unit, Amount& value) = 0;
    virtual Int256 signed_amount(std::string_view name, const Unit& unit) = 0;
    /// Between @p min and @p max; negative ones in two's complement.
    virtual std::uint64_t integer(
        std::string_view name, const Unit& unit, std::int64_t min, std::uint64_t max) = 0;
    virtual bool boolean(std::string_view name) = 0;
    virtual AccountId account(std::string_view name) = 0;
    virtual ContractId contract(std::string_view name) = 0;
    /// A hash or an address: exactly as many bytes.
    virtual void bytes(std::string_view name, std::span<std::uint8_t> value) = 0;
    /// A nested list, encoded.
    virtual Bytes calls(std::string_view name) = 0;
    /// Enters a list of at most @p size_max elements, whose names are then "0", "1", ...; returns
    /// how many there are.
    virtual std::size_t enter_list(std::string_view name, std::size_t size_max) = 0;
    virtual void enter_struct(std::string_view name) = 0;
    virtual void leave() = 0;
    /// Told of every field before any is read.
    virtual void expect(std::string_view name) = 0;
};

/// Reads a described struct from a FieldSource and encodes it.
class FieldReader
{
public:
    /// @p bindings: as append_binding() writes them.
    FieldReader(FieldSource& source, Bytes& arguments, Bytes& bindings) noexcept
      : source_{source}, arguments_{arguments}, bindings_{bindings}, start_{arguments.size()}
    {}

    template <Described T>
    void read()
    {
        T value{};
        T::describe(
            value, [this](std::string_view name, const auto&, Unit = {}) { source_.expect(name); });
        T::describe(value, *this);
    }

    /// Visits a field: reads and encodes it.
    template <typename T>
    void operator()(std::string_view name, T& field, Unit unit = {})
    {
        if constexpr (std::same_as<T, Amount>)
        {
            auto bound = source_.amount(name, unit, field);
            if (bound)
            {
                bound->offset = static_cast<std::uint16_t>(arguments_.size() - start_);
                append_binding(*bound, bindings_);
            }
        }
        else if constexpr (std::same_as<T, Int256>)
            field = source_.signed_amount(name, unit);
        else if constexpr (std::same_as<T, bool>)
            field = source_.boolean(name);
        else if constexpr (std::same_as<T, AccountId>)
            field = source_.account(name);
        else if constexpr (std::same_as<T, ContractId>)
            field = source_.contract(name);
        else if constexpr (std::same_as<T, Hash> || std::same_as<T, Address>)
            source_.bytes(name, field.bytes);
        else if constexpr (std::same_as<T, CallList>)
        {
            const auto list = source_.calls(name);
            encode(CallList{list}, arguments_);
            return;
        }
        else if constexpr (std::is_enum_v<T>)
            field = static_cast<T>(integer<std::underlying_type_t<T>>(name, unit));
        else if constexpr (std::integral<T>)
            field = integer<T>(name, unit);
        else if constexpr (is_short_list<T>::value)
        {
            field.count = static_cast<std::uint8_t>(source_.enter_list(name, field.items.size()));
            encode(field.count, arguments_);
            elements(field.items, field.count);
            return;
        }
        else if constexpr (is_array<T>::value)
        {
            elements(field, source_.enter_list(name, field.size()));
            return;
        }
        else
        {
            source_.enter_struct(name);
            read<T>();
            source_.leave();
            return;
        }
        encode(field, arguments_);
    }

private:
    template <std::integral T>
    T integer(std::string_view name, const Unit& unit)
    {
        return static_cast<T>(
            source_.integer(name, unit, static_cast<std::int64_t>(std::numeric_limits<T>::min()),
                static_cast<std::uint64_t>(std::numeric_limits<T>::max())));
    }
    template <typename Items>
    void elements(Items& items, std::size_t count)
    {
        for (std::size_t i = 0; i < count; ++i)
            (*this)(std::to_string(i), items[i]);
        source_.leave();
    }

    FieldSource& source_;
    Bytes& arguments_;
    Bytes& bindings_;
    std::size_t start_;
};

}  // namespace runnel
