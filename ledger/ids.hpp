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

[[nodiscard]] constexpr std::uint32_t index(AccountId id) noexcept
{
    return static_cast<std::uint32_t>(id);
}
[[nodiscard]] constexpr std::uint32_t index(ContractId id) noexcept
{
    return static_cast<std::uint32_t>(id);
}

}  // namespace runnel
