#pragma once

#include "ledger/signature.hpp"
#include "ledger/transaction.hpp"

#include <optional>
#include <span>
#include <string>

/// Signed transactions. What is signed is the hash that the transaction has without its signature;
/// the signature then is its last witness, so its hash, and with it the block's transactions_root,
/// covers the signature too.
namespace runnel
{

class World;

/// Hashes the transactions, signs each with its sender's key, and hashes them again. Their senders
/// have the addresses of keys, and no signature yet.
void sign_all(std::span<Transaction> transactions, const World& world);

/// Signs one with a key, whosever that is. It has no signature yet.
void sign(Transaction& transaction, const PrivateKey& key);

/// Takes the signature off, and hashes what is left. False, and nothing has changed, if there is
/// none.
bool take_signature(Transaction& transaction);

/// Whose key signed; empty: nobody's.
[[nodiscard]] std::optional<Address> signer_of(const Transaction& transaction);

/// Empty if the owner of @p sender signed, else what is wrong, in one line.
[[nodiscard]] std::string check_signature(const Transaction& transaction, const Address& sender);

/// The same of a block's, by at most @p workers threads: what is wrong with the first that is.
[[nodiscard]] std::string check_signatures(
    std::span<const Transaction> transactions, const World& world, unsigned workers = 1);

}  // namespace runnel
