#pragma once

#include "ledger/amount.hpp"
#include "ledger/hash.hpp"

#include <cstdint>
#include <string_view>

namespace runnel
{
class CallContext;
}

namespace runnel::contracts
{

/// The sector of contracts that deploy, when they are called, a contract of the one kind that they
/// deploy at the caller's creation_address(): what a script gives a name.
inline constexpr std::string_view deployer_sector = "deployer";

/// Where a contract comes to be that @p creator creates with this nonce: the last 20 bytes of
/// keccak(rlp([creator, nonce])), as Ethereum's CREATE has it.
[[nodiscard]] Address creation_address(const Address& creator, std::uint64_t nonce);
/// The same for who calls in @p context. A transaction has one nonce, so it can create one contract
/// so; a second one is refused.
[[nodiscard]] Address creation_address(CallContext& context);
/// The same for one that is created with a salt: the last 20 bytes of
/// keccak(0xff creator salt code_hash), as Ethereum's CREATE2 has it.
[[nodiscard]] Address create2_address(
    const Address& creator, const Hash& salt, const Hash& code_hash);
/// An address as the ABI returns it.
[[nodiscard]] Amount as_word(const Address& address);

}  // namespace runnel::contracts
