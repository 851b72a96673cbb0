#pragma once

#include "contracts/kit/sectors/mixer.hpp"
#include "contracts/kit/token.hpp"

#include <cstdint>
#include <vector>

namespace runnel::contracts
{

class NativeCoin;

namespace tornado
{

/// Pays for the note whose hash is @p commitment.
struct Deposit
{
    /// tornado-core's README says 1,088,354 for native coins, MiMC hashes of 20 levels included.
    RUNNEL_CALL("deposit", 0, 1'097'000);

    Hash commitment;
    Amount value;  // Native coins that come with the call: the denomination, or none for a token.
    RUNNEL_FIELDS(commitment, (value, wei));
};

/// Takes a note out. Who it is stays in the transaction's witness, where Tornado Cash has a proof
/// without knowledge: the input says no more than Tornado's.
struct Withdraw
{
    /// tornado-core's README says 301,233, most of it for verifying the proof.
    RUNNEL_CALL("withdraw", 1, 310'000);

    std::uint8_t proof = 0;  // The witness with this number: a NoteProof.
    Hash root;               // Of a tree that the note is in: one of the last 30.
    Hash nullifier_hash;
    AccountId recipient{};
    AccountId relayer{};
    Amount fee;     // To the relayer, off what the note pays.
    Amount refund;  // Native coins to the recipient, of a token's instance.
    Amount value;   // Native coins that come with the call: the refund.
    RUNNEL_FIELDS(proof, root, nullifier_hash, recipient, relayer,
        (fee, smallest_unit_of_its("token")), (refund, wei), (value, wei));
};

/// What a withdrawal is proven by.
struct NoteProof
{
    MixerNote note;
    std::uint32_t leaf_index = 0;
    std::vector<Hash> path;  // The siblings on the way up to the root, lowest first.
    RUNNEL_FIELDS(note, leaf_index, path);
};

struct State
{
    std::uint32_t next_index = 0;  // Of the next leaf: so many deposits there were.
    std::uint32_t root_index = 0;  // Where the newest root is.
    std::uint32_t spent = 0;       // Notes that were taken out.
    bool locked = false;           // A deposit or withdrawal is under way.
    RUNNEL_FIELDS(next_index, root_index, (spent, other("notes")), locked);
};

struct Node
{
    Hash hash;
    RUNNEL_FIELDS(hash);
};
struct Leaf
{
    std::uint32_t number = 0;  // From 1.
    RUNNEL_FIELDS(number);
};
struct Spent
{
    bool is_spent = false;
    RUNNEL_FIELDS(is_spent);
};

inline constexpr std::uint32_t root_history_size = 30;
inline constexpr std::uint32_t levels_max = 31;

/// keccak(left right), where Tornado Cash has MiMC: nobody proves anything about it in a circuit.
[[nodiscard]] Hash hash_left_right(const Hash& left, const Hash& right);
/// keccak(nullifier secret), and keccak(nullifier).
[[nodiscard]] Hash commitment_of(const MixerNote& note);
[[nodiscard]] Hash nullifier_hash_of(const MixerNote& note);
/// Roots of trees without leaves, by their levels: keccak("tornado"), and so on up to @p levels.
[[nodiscard]] std::vector<Hash> empty_roots(std::uint32_t levels);

}  // namespace tornado

/// Tornado Cash, an instance for one amount of one token: whoever pays the denomination adds the
/// hash of a note to a Merkle tree, and whoever knows a note that is in the tree takes the
/// denomination out, once.
///
///     commitment      keccak(nullifier secret)     shown when it is paid for: a leaf
///     nullifier hash  keccak(nullifier)            shown when it is taken out: once
///
/// The tree has room for 2^levels leaves, absent ones are keccak("tornado"); a withdrawal may refer
/// to one of the last 30 roots. It pays denomination - fee to the recipient and the fee to the
/// relayer, which may be anybody.
///
/// Solvency: it holds the denomination for each note that was not taken out. Errors, in this order:
/// ReentrancyGuard: reentrant call; of a deposit: The commitment has been submitted; Merkle tree is
/// full. No more leaves can be added; Please send `mixDenomination` ETH along with transaction, or
/// ETH value is supposed to be 0 for ERC20 instance; of a withdrawal: Fee exceeds transfer value;
/// The note has been already spent; Cannot find your merkle root; Invalid withdraw proof; Message
/// value is supposed to be zero for ETH instance; Refund value is supposed to be zero for ETH
/// instance; Incorrect refund amount received by the contract; those of the token.
/// Source: tornado-core `Tornado.sol`, `MerkleTreeWithHistory.sol`, `ETHTornado.sol`,
/// `ERC20Tornado.sol`; docs/mixer.md says what differs.
class Tornado : public ContractBase<Tornado, tornado::Deposit, tornado::Withdraw>, public Mixer
{
public:
    Tornado(ContractIdentity identity, ContractId token, Amount denomination, std::uint32_t levels);

    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }
    void connect(World& world) override;
    void snapshot(SnapshotContext& context) const override { snapshot_mixer(*this, context); }
    void check_invariants(const World& world, Findings& findings) const override;

    [[nodiscard]] std::uint32_t levels() const noexcept
    {
        return static_cast<std::uint32_t>(zeros_.size()) - 1;
    }
    [[nodiscard]] const tornado::State& state() const { return state_.get(0); }
    /// The newest root.
    [[nodiscard]] Hash root() const;
    [[nodiscard]] bool is_known_root(const Hash& root) const;
    /// Tornado's isSpent.
    [[nodiscard]] bool is_spent(const Hash& nullifier_hash) const
    {
        return nullifiers_.get(nullifier_hash).is_spent;
    }
    /// What proves, under the newest root, that a note was paid for with leaf @p leaf_index.
    [[nodiscard]] tornado::NoteProof prove(const MixerNote& note, std::uint32_t leaf_index) const;

    [[nodiscard]] const Contract& contract() const noexcept override { return *this; }
    [[nodiscard]] ContractId token() const noexcept override { return token_id_; }
    [[nodiscard]] const Amount& denomination() const noexcept override { return denomination_; }
    [[nodiscard]] std::uint32_t deposits() const override { return state().next_index; }
    [[nodiscard]] std::uint32_t unspent() const override
    {
        return state().next_index - state().spent;
    }
    [[nodiscard]] std::optional<std::uint32_t> deposit_of(const MixerNote& note) const override;
    [[nodiscard]] bool is_spent(const MixerNote& note) const override
    {
        return is_spent(tornado::nullifier_hash_of(note));
    }
    [[nodiscard]] CallGas deposit_gas() const noexcept override;
    void add_deposit(CallWriter& calls, const MixerNote& note) const override;
    [[nodiscard]] CallGas withdraw_gas() const noexcept override;
    void add_withdraw(
        CallWriter& calls, const MixerNote& note, const MixerPayout& payout) const override;

    using ContractBase::declare;
    using ContractBase::execute;
    void declare(const tornado::Deposit& call, AccountId sender, AccessCollector& access) const;
    void declare(const tornado::Withdraw& call, AccountId sender, AccessCollector& access) const;
    Result<Returns> execute(const tornado::Deposit& call, CallContext& context);
    Result<Returns> execute(const tornado::Withdraw& call, CallContext& context);

private:
    /// Takes the coins that come with a call; the state to write, locked.
    Result<tornado::State*> enter(CallContext& context, const Amount& value);
    /// The node with this number on its level, leaves being on level 0.
    [[nodiscard]] static std::uint64_t node_key(std::uint32_t level, std::uint32_t number) noexcept
    {
        return std::uint64_t{level} << 32U | number;
    }
    [[nodiscard]] Hash node(std::uint32_t level, std::uint32_t number) const;
    Result<std::uint32_t> insert(
        CallContext& context, tornado::State& state, const Hash& commitment);
    /// @p root_at(i): the root with this number.
    template <typename RootAt>
    [[nodiscard]] bool is_known(
        const Hash& root, const tornado::State& state, RootAt&& root_at) const
    {
        if (root == Hash{})
            return false;
        for (std::uint32_t i = 0; i < tornado::root_history_size; ++i)
        {
            if (root_at(i) == root)
                return true;
        }
        // The constructor's root, until another one takes its place.
        return root == zeros_.back() && state.next_index < tornado::root_history_size;
    }
    [[nodiscard]] bool is_proven(CallContext& context, const tornado::Withdraw& call) const;
    Result<void> pay(CallContext& context, const tornado::Withdraw& call);

    ContractId token_id_;
    Token* token_ = nullptr;  // None for native coins.
    NativeCoin* native_ = nullptr;
    Amount denomination_;
    std::vector<Hash> zeros_;
    Table<tornado::State> state_;
    Table<tornado::Node> roots_;
    /// Tornado keeps the rightmost nodes alone, users build the tree from the logs.
    Table<tornado::Node> nodes_;
    KeyedTable<Hash, tornado::Leaf> commitments_;
    KeyedTable<Hash, tornado::Spent> nullifiers_;
};

}  // namespace runnel::contracts
