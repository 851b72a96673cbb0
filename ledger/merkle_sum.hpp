#pragma once

#include "ledger/amount.hpp"
#include "ledger/hash.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

/// A Merkle tree whose nodes also say what the leaves below them add up to: who knows the root
/// knows the sum, and who sees a way from his leaf to it knows that he is counted.
///
///     leaf = keccak(0x02 owner balance), balance
///     node = keccak(0x03 left.hash left.sum right.hash right.sum), left.sum + right.sum
///
/// Both children's sums are hashed. Maxwell's first tree hashed only their total, so that the
/// children might be shown to different people with different sums (Chalkias, Chatzigiannis, Ji,
/// "Broken Proofs of Solvency in Blockchain Custodial Wallets and Exchanges", 2022). Sums are
/// unsigned and never overflow: nothing that is hidden below a node makes it smaller. An odd node
/// moves up unchanged, as in merkle_root(); leaves and nodes are in domains of their own.
namespace runnel
{

struct MerkleSum
{
    Hash hash;
    Amount sum;

    friend bool operator==(const MerkleSum&, const MerkleSum&) = default;
};

/// @p owner  Stands for whose the balance is.
[[nodiscard]] MerkleSum merkle_sum_leaf(const Hash& owner, const Amount& balance);
/// nullopt if the sum would pass 2^256-1.
[[nodiscard]] std::optional<MerkleSum> merkle_sum_node(
    const MerkleSum& left, const MerkleSum& right);
/// The hash of an empty string and 0 without leaves; nullopt if the sum would pass 2^256-1.
[[nodiscard]] std::optional<MerkleSum> merkle_sum_root(std::vector<MerkleSum> leaves);
/// What shows that @p leaves has its leaf number @p index: the siblings on the way up, lowest
/// first. The sum of all must not pass 2^256-1.
[[nodiscard]] std::vector<MerkleSum> merkle_sum_path(
    std::vector<MerkleSum> leaves, std::size_t index);
/// The root to which @p path leads from leaf number @p index of @p count; nullopt if a tree of that
/// size has no such leaf or another number of siblings, or a sum would pass 2^256-1.
[[nodiscard]] std::optional<MerkleSum> merkle_sum_root_of_path(
    const MerkleSum& leaf, std::size_t index, std::size_t count, std::span<const MerkleSum> path);

}  // namespace runnel
