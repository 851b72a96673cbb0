#pragma once

#include "ledger/hash.hpp"
#include "ledger/ids.hpp"

#include <cstdint>
#include <vector>

/// What everybody can read off the chain of how somebody pays.
namespace runnel::strategies
{

/// Whom an account pays again and again: one of @p payees, by a hash of the account's number. It
/// stands for the account's history of transfers, which is public, and which strategies do not see.
/// zero_account without payees.
[[nodiscard]] AccountId regular_payee(AccountId payer, const std::vector<AccountId>& payees);

/// An address that wallets, which show the first and the last four hex digits, show as they show
/// @p original: what a poisoner makes to be copied by @p victim. The rest is a hash of the two, so
/// that there is one for each pair.
///
/// Searching for one whose key is known costs 2^32 tries on mainnet, minutes of a graphics card;
/// here the poisoner is just given it.
[[nodiscard]] Address look_alike(const Address& original, const Address& victim);

}  // namespace runnel::strategies
