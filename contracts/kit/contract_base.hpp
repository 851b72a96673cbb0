#pragma once

#include "execution/context.hpp"
#include "ledger/field_source.hpp"
#include "state/contract.hpp"
#include "state/references.hpp"

#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

namespace runnel
{

/// Decodes calls to their argument structs and hands them to the derived contract.
///
/// For each Call in @p Calls, in the order of their method numbers, Derived has
///     Result<Returns> execute(const Call&, CallContext&);
/// and, where deriving the accesses of a call by a dry run is too slow,
///     void declare(const Call&, AccountId sender, AccessCollector&) const;
/// It names both with `using` lines where it hides these.
template <typename Derived, typename... Calls>
class ContractBase : public Contract
{
public:
    using Contract::Contract;

    bool declare(const CallView& call, AccountId sender, AccessCollector& access) const final
    {
        bool is_declared = true;
        dispatch(call,
            [&](const auto& arguments)
            {
                const auto& self = static_cast<const Derived&>(*this);
                if constexpr (requires { self.declare(arguments, sender, access); })
                    self.declare(arguments, sender, access);
                else
                    is_declared = false;
            });
        return is_declared;
    }

    Result<Returns> execute(const CallView& call, CallContext& context) final
    {
        Result<Returns> result = fail(Refusal::ledger("malformed call"));
        dispatch(call, [&](const auto& arguments)
            { result = static_cast<Derived&>(*this).execute(arguments, context); });
        return result;
    }

    /// For the ContractType.
    [[nodiscard]] static std::vector<MethodInfo> methods()
    {
        return {MethodInfo{Calls::name, Calls::gas, Calls::entry_gas,
            [](ByteView arguments)
            {
                Calls call{};
                return std::string{Calls::name} +
                       (decode(arguments, call) ? runnel::dump(call) : std::string{"(malformed)"});
            },
            nested_calls<Calls>(), &map_ids<Calls>, &read_arguments<Calls>}...};
    }

private:
    template <typename Call>
    static bool map_ids(ByteView arguments, IdMapper& mapper, Bytes& out)
    {
        Call call{};
        if (!decode(arguments, call))
            return false;
        Call::describe(call, mapper);
        encode(call, out);
        return true;
    }

    template <typename Call>
    static void read_arguments(FieldSource& source, Bytes& arguments, Bytes& bindings)
    {
        FieldReader{source, arguments, bindings}.template read<Call>();
    }

    /// Finds the CallList among a call's fields, if there is one.
    struct NestedFinder
    {
        bool found = false;
        CallList list;

        template <typename T>
        void operator()(std::string_view, T& field, Unit = {})
        {
            if constexpr (std::same_as<std::remove_const_t<T>, CallList>)
            {
                found = true;
                list = field;
            }
        }
    };
    template <typename Call>
    [[nodiscard]] static auto nested_calls() -> CallList (*)(ByteView)
    {
        NestedFinder probe;
        const Call none{};
        Call::describe(none, probe);
        if (!probe.found)
            return nullptr;
        return [](ByteView arguments)
        {
            Call call{};
            NestedFinder finder;
            if (decode(arguments, call))
                Call::describe(call, finder);
            return finder.list;
        };
    }
    template <typename Handler>
    static void dispatch(const CallView& call, Handler&& handler)
    {
        (void)(dispatch_one<Calls>(call, handler) || ...);
    }
    template <typename Call, typename Handler>
    static bool dispatch_one(const CallView& call, Handler& handler)
    {
        if (call.method != Call::method)
            return false;
        Call arguments{};
        if (decode(call.arguments, arguments))
            handler(arguments);
        return true;
    }
    [[nodiscard]] static constexpr bool numbered_in_order() noexcept
    {
        std::uint8_t expected = 0;
        return ((Calls::method == expected++) && ...);
    }
    static_assert((units_name_columns<Calls>() && ...), "a unit names a field that holds no token");
    static_assert(numbered_in_order(), "method numbers count from 0 in the order of the list");
};

}  // namespace runnel
