#pragma once

#include <concepts>
#include <cstdint>
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

/// What calls cost: what they usually use of their figures, and the most they may charge beyond.
struct CallGas
{
    std::uint64_t method = 0;
    std::uint64_t extra = 0;  // For Bid::extra_gas.

    [[nodiscard]] std::uint64_t total() const noexcept { return method + extra; }
    CallGas& operator+=(const CallGas& other) noexcept
    {
        method += other.method;
        extra += other.extra;
        return *this;
    }
};

}  // namespace runnel::contracts
