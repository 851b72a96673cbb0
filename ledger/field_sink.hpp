#pragma once

#include "ledger/fields.hpp"

#include <concepts>
#include <string>
#include <string_view>

namespace runnel
{

/// Takes the values of a described struct by the names of its fields, as text that a FieldSource
/// can give again. What is within another field is named by both: "position.lower", "path.0".
class FieldSink
{
public:
    virtual ~FieldSink() = default;

    /// Numbers in decimal digits, true and false, bytes as 0x and hex digits.
    virtual void text(std::string_view name, std::string value) = 0;
    virtual void account(std::string_view name, AccountId value) = 0;
    virtual void contract(std::string_view name, ContractId value) = 0;
};

/// Visits the fields of a described struct and tells a sink of each.
class FieldLister
{
public:
    explicit FieldLister(FieldSink& sink, std::string within = {})
      : sink_{sink}, within_{std::move(within)}
    {}

    template <typename T>
    void operator()(std::string_view field, const T& value, Unit = {})
    {
        const auto name = within_ + std::string{field};
        if constexpr (std::same_as<T, AccountId>)
            sink_.account(name, value);
        else if constexpr (std::same_as<T, ContractId>)
            sink_.contract(name, value);
        else if constexpr (std::same_as<T, Amount> || std::same_as<T, Int256> ||
                           std::same_as<T, Hash> || std::same_as<T, Address>)
            sink_.text(name, value.to_string());
        else if constexpr (std::same_as<T, bool>)
            sink_.text(name, value ? "true" : "false");
        else if constexpr (std::is_enum_v<T>)
            sink_.text(name, std::to_string(static_cast<std::underlying_type_t<T>>(value)));
        else if constexpr (std::integral<T>)
            sink_.text(name, std::to_string(value));
        else if constexpr (is_array<T>::value || is_short_list<T>::value)
        {
            FieldLister items{sink_, name + '.'};
            std::size_t number = 0;
            for (const auto& item : value)
                items(std::to_string(number++), item);
        }
        else
        {
            FieldLister members{sink_, name + '.'};
            T::describe(value, members);
        }
    }

private:
    FieldSink& sink_;
    std::string within_;
};

}  // namespace runnel
