#pragma once

#include "ledger/hash_batch.hpp"
#include "ledger/ids.hpp"
#include "state/table.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace runnel
{

class World;

/// A binary Merkle tree over numbered leaves that keeps its inner nodes: a change costs one hash
/// per level. An empty leaf, and a node with nothing below it, is the zero hash and takes no room.
///
/// 4 to 8 bytes per possible record when its leaves are buckets of 16; see docs/state.md.
class HashTree
{
public:
    void set(std::uint64_t leaf, const Hash& hash);
    /// Hashes again what lies above the leaves that were set.
    void update();
    void clear();

    [[nodiscard]] Hash leaf(std::uint64_t leaf) const noexcept { return node(0, leaf); }
    /// The least number of levels above the leaves that covers all that are not empty: a function
    /// of the leaves alone, whatever was there before.
    [[nodiscard]] unsigned height() const noexcept;
    /// The node height() levels above the leaves.
    [[nodiscard]] Hash top() const noexcept { return node(height(), 0); }
    /// The siblings of @p leaf and of the nodes above it, lowest first: height() of them. Empty for
    /// a leaf that lies beyond the top.
    [[nodiscard]] std::vector<Hash> path(std::uint64_t leaf) const;

private:
    static constexpr std::size_t page_hashes = 16;
    using Page = std::unique_ptr<std::array<Hash, page_hashes>>;

    [[nodiscard]] Hash node(unsigned level, std::uint64_t at) const noexcept;
    void put(unsigned level, std::uint64_t at, const Hash& hash);
    /// Puts the hashes of children_ where parents_ says.
    void hash_parents(unsigned level);

    std::vector<std::vector<Page>> levels_;  // Leaves first; the last one has one node.
    std::vector<std::uint64_t> changed_;     // Leaves, since the last update().
    std::vector<Hash> children_;             // Pairs of them, to be hashed.
    std::vector<std::uint64_t> parents_;     // Where their hashes go.
};

/// A branch of the state tree: a table, or one of the two directories that say who accounts and
/// contracts are.
struct StateBranch
{
    static constexpr std::uint32_t accounts = 0;
    static constexpr std::uint32_t contracts = 1;
    static constexpr std::uint32_t first_table = 2;  // Of table 0.

    std::uint32_t number = 0;
    KeyKind key_kind = KeyKind::dense;
    std::uint8_t bucket_bits = 0;  // Of a sparse table: leading bits that name a bucket.
    std::uint8_t height = 0;       // Levels from its buckets to its top.
    Hash top;
    ContractId owner{};                   // Of a table.
    std::int8_t conservation_weight = 0;  // +1: records begin with a balance.
    std::string name;                     // Of a table.

    /// What its leaf is the hash of.
    void encode(Bytes& out) const;
    /// The number of the bucket that has @p key.
    [[nodiscard]] std::uint64_t bucket(std::uint64_t key) const noexcept;
};

/// Shows that a record is in the state, or that none is, against a checkpoint_root.
struct RecordProof
{
    StateBranch branch;
    std::uint64_t key = 0;
    Bytes bucket;                   // Its records as encoded; empty: the bucket has none.
    std::vector<Hash> path;         // From the bucket to the branch's top.
    std::vector<Hash> branch_path;  // From the branch's leaf to the root.

    /// The record's encoding, empty if the state has none; nullopt if the proof does not lead to
    /// @p root or its bucket is not well formed.
    [[nodiscard]] std::optional<Bytes> check(const Hash& root) const;
};

/// Who an account is, as the state tree has it.
struct AccountListing
{
    Address address;
    std::string name;
    std::string role;

    void encode(Bytes& out) const;
    [[nodiscard]] static std::optional<AccountListing> decode(ByteView bytes);
};

/// What a contract is, as the state tree has it.
struct ContractListing
{
    AccountId account{};
    std::string kind;
    std::string name;
    bool is_token = false;
    std::string symbol;  // Of a token.
    std::uint8_t decimals = 0;
    std::string arguments;  // Of the constructor, encoded; none of block 0.

    void encode(Bytes& out) const;
    [[nodiscard]] static std::optional<ContractListing> decode(ByteView bytes);
};

[[nodiscard]] AccountListing account_listing(const World& world, AccountId id);
[[nodiscard]] ContractListing contract_listing(const World& world, ContractId id);

/// The commitment to a whole world: one root over every present record and over who accounts and
/// contracts are. A function of these alone, not of how the world came to hold them.
///
/// Records lie in buckets: 16 consecutive keys of a dense table, or the keys of a sparse one whose
/// mixes have the same leading bits. A bucket is hashed at once. Tables remember which buckets
/// changed, so a root costs what changed since the last one.
class StateTree
{
public:
    /// Brings the tree up to date with @p world and returns its root. Nobody may write meanwhile.
    Hash root(const World& world);
    /// Accounts and contracts from these numbers on are no more, or others.
    void forget_from(std::uint64_t account, std::uint64_t contract) noexcept
    {
        is_stale_ = is_stale_ || account < accounts_done_ || contract < contracts_done_;
    }
    /// Of the record of @p key in branch @p branch (see StateBranch), after root().
    [[nodiscard]] RecordProof prove(
        const World& world, std::uint32_t branch, std::uint64_t key) const;

private:
    struct Branch
    {
        HashTree tree;
        // Sparse tables: present records, in all and by bucket; they say how many buckets there
        // are.
        std::uint64_t present = 0;
        std::vector<std::uint32_t> counts;
    };

    void update_directories(const World& world);
    bool update_table(RecordTable& table, Branch& branch);
    void add_bucket(const RecordTable& table, Branch& branch, std::uint64_t bucket);
    /// What was appended to the batch belongs to @p leaf of @p tree, which has its hash after
    /// hash_leaves() at the latest.
    void end_leaf(HashTree& tree, std::uint64_t leaf);
    void hash_leaves(HashTree& tree);
    [[nodiscard]] StateBranch describe(const World& world, std::uint32_t number) const;
    void append_bucket(
        const World& world, std::uint32_t branch, std::uint64_t bucket, Bytes& out) const;

    std::vector<Branch> branches_;
    HashTree top_;
    std::uint64_t accounts_done_ = 0;
    std::uint64_t contracts_done_ = 0;
    bool is_stale_ = false;  // The world has shrunk since the last root.
    std::vector<std::uint32_t> buckets_;
    std::vector<std::uint32_t> changed_branches_;  // By the root under way.
    HashBatch batch_;
    std::vector<std::uint64_t> batch_leaves_;  // Where its hashes go.
};

}  // namespace runnel
