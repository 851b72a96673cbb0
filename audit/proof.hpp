#pragma once

#include "ledger/block.hpp"
#include "state/state_tree.hpp"

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace runnel::audit
{

/// A proof or a request for one that cannot be read or answered: one line that says why.
class ProofError : public std::runtime_error
{
public:
    using std::runtime_error::runtime_error;
};

/// That a leaf is in one of a block's Merkle trees.
struct LeafProof
{
    Bytes content;  // What the leaf is the hash of.
    std::vector<Hash> path;
};

/// A transaction and what became of it.
struct TransactionProof
{
    std::uint32_t index = 0;  // In the block.
    LeafProof transaction;
    LeafProof receipt;
};

/// A record, and who the account and the contract are that it names.
struct BalanceProof
{
    RecordProof balance;
    RecordProof account;
    RecordProof token;
};

/// A statement about a block that follows from the block's hash alone.
struct Proof
{
    BlockHeader header;
    Hash block_hash;
    std::variant<TransactionProof, BalanceProof, RecordProof> body;
    std::string statement;  // In words; check() refuses another than what is proven.
};

/// What a proof shows, if the hash of its block is trusted.
struct Proven
{
    std::string statement;
    std::string failure;  // Not empty: why it does not hold.
};

/// Recomputes leaves, paths, roots and the block's hash. The proof is hostile input.
[[nodiscard]] Proven check_proof(const Proof& proof);

[[nodiscard]] std::string to_json(const Proof& proof);
/// ProofError, one line, if the text is not a proof as to_json() writes it.
[[nodiscard]] Proof parse_proof(std::string_view json);

/// Where a transaction is.
struct TransactionPlace
{
    std::uint64_t block = 0;
    std::uint32_t index = 0;
};

/// Makes proofs from a ledger file: the block's state is loaded from the newest checkpoint in the
/// file, or block 0, and the blocks behind it are executed again.
///
/// All throw ProofError for what is not in the ledger, naming what is, storage::StorageError if the
/// file cannot be read, or (corrupt) if what it holds does not follow from its transactions.
[[nodiscard]] Proof prove_transaction(const std::string& path, const Hash& hash);
[[nodiscard]] Proof prove_transaction(const std::string& path, const TransactionPlace& place);
/// @p token and @p account by name, symbol or address; @p block: the newest one with a root of the
/// state if empty.
[[nodiscard]] Proof prove_balance(const std::string& path, std::string_view token,
    std::string_view account, std::optional<std::uint64_t> block);
/// @p table by number or name.
[[nodiscard]] Proof prove_record(const std::string& path, std::string_view table, std::uint64_t key,
    std::optional<std::uint64_t> block);

}  // namespace runnel::audit
