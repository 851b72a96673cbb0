#pragma once

#include <concepts>
#include <string_view>
#include <vector>

namespace runnel::contracts
{

/// For ContractType::sectors: the names of the interfaces that a contract offers to those who know
/// nothing else of its protocol. It does not compile if @p C does not implement them.
template <typename C, typename... Interfaces>
requires(std::derived_from<C, Interfaces>&&...)
    [[nodiscard]] std::vector<std::string_view> implements()
{
    return {Interfaces::sector...};
}

}  // namespace runnel::contracts
