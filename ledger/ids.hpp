#pragma once

#include <cstdint>

namespace runnel
{

/// A dense number of an account: wallets, validators and contracts alike. Genesis order.
enum class AccountId : std::uint32_t
{
};

/// A dense number of a contract instance. A token is named by its contract; 0 is the native coin.
enum class ContractId : std::uint32_t
{
};

/// The account that stands for address 0: it owns nothing, mints come from it, burns go to it.
inline constexpr AccountId zero_account{0};
inline constexpr ContractId native_coin{0};
/// Stands for the lack of a contract where one may be named.
inline constexpr ContractId no_contract{0xFFFF'FFFF};

/// In encoded calls an id from here on stands for an entry of the transaction's list of addresses:
/// its position is added. See state/references.hpp.
inline constexpr std::uint32_t first_reference = 0x8000'0000;
inline constexpr std::uint32_t references_max = 255;

[[nodiscard]] constexpr std::uint32_t index(AccountId id) noexcept
{
    return static_cast<std::uint32_t>(id);
}
[[nodiscard]] constexpr std::uint32_t index(ContractId id) noexcept
{
    return static_cast<std::uint32_t>(id);
}
template <typename Id>
[[nodiscard]] constexpr bool is_reference(Id id) noexcept
{
    return index(id) >= first_reference && index(id) - first_reference < references_max;
}

}  // namespace runnel
