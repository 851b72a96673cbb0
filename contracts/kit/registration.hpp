#pragma once

#include "ledger/event.hpp"
#include "ledger/parameters.hpp"
#include "state/contract.hpp"

#include <memory>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

/// What the registrations of contracts and strategies have in common.
namespace runnel::contracts
{

/// For ContractType::events.
template <typename... Events>
[[nodiscard]] std::vector<const EventType*> event_types()
{
    return {&event_type<Events>...};
}

/// For ContractType::create: @p arguments, a lambda without captures, takes the parameters and
/// returns a tuple of what C's constructor wants after the identity.
template <typename C, typename Arguments>
[[nodiscard]] auto creator(Arguments)
    -> std::unique_ptr<Contract> (*)(const Parameters&, ContractIdentity)
{
    return [](const Parameters& parameters, ContractIdentity identity) -> std::unique_ptr<Contract>
    {
        const auto make = [&identity](auto&&... rest)
        { return std::make_unique<C>(std::move(identity), std::forward<decltype(rest)>(rest)...); };
        return std::apply(make, Arguments{}(parameters));
    };
}

/// A parameter that is_allocation.
[[nodiscard]] constexpr ParameterSpec allocation(ParameterSpec spec)
{
    spec.is_allocation = true;
    return spec;
}
/// A parameter that must name a contract of one of the @p kinds or sectors, "a|b".
[[nodiscard]] constexpr ParameterSpec contract_parameter(
    std::string_view name, std::string_view kinds, std::string_view help)
{
    ParameterSpec spec{name, ParameterKind::contract, "", {}, help};
    spec.contract_kind = kinds;
    return spec;
}
/// The same of a token.
[[nodiscard]] constexpr ParameterSpec token_parameter(
    std::string_view name, std::string_view kinds, std::string_view help)
{
    auto spec = contract_parameter(name, kinds, help);
    spec.kind = ParameterKind::token;
    return spec;
}

}  // namespace runnel::contracts
