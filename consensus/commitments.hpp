#pragma once

#include "consensus/terms.hpp"

#include <cstdint>
#include <functional>
#include <set>
#include <span>
#include <string>
#include <tuple>
#include <vector>

namespace runnel
{

/// Commit and reveal: a wallet commits to what it sends in one block by hashes alone; the next one
/// has it, in the order of the commitments. Who watches the mempool sees senders and fees.
///
///     block h    ... [commitments, highest tip first]
///     block h+1  [what block h committed to, in that order] [commitments ...]
///
/// Order is by the maximal tip, then arrival, nonce and hash, which a commitment shares with what
/// it is to: nothing that comes later changes it. A block takes commitments only as far as the gas
/// that they announce fits in the next one, so there is room for all of it. What cannot be in that
/// block (the base fee has risen above its maximum, its sender can no longer pay) is in none: the
/// commitment's fee is forfeited, there is no other deposit.

/// Makes each sender's transactions reveals of one commitment, in whose place an empty transaction
/// of his stands ahead of them. @p seed: of the salts. @p seal hashes a transaction, and signs it
/// where transactions are signed.
void commit_to(std::vector<Transaction>& transactions, std::uint64_t seed, std::uint64_t block,
    const std::function<void(std::span<Transaction>)>& seal);

/// Whether a transaction is the place of a commitment that commit_to() has not made yet.
[[nodiscard]] bool is_commitment_place(const Transaction& transaction);

/// The commitments of a block, for those who check the next one.
class CommitmentBook
{
public:
    /// Another block is the parent.
    void note(std::span<const Transaction> block);
    /// What is wrong with what a block reveals; empty: nothing. @p first: the number of its first
    /// transaction.
    [[nodiscard]] std::string check(
        std::span<const Transaction> transactions, std::size_t first) const;

private:
    std::set<std::tuple<AccountId, std::uint64_t, Hash>> revealed_;  // Sender, nonce, hash.
};

}  // namespace runnel
