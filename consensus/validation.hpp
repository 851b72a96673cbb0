#pragma once

#include "consensus/block_builder.hpp"
#include "execution/executor.hpp"
#include "ledger/block.hpp"
#include "ledger/signature.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace runnel
{

class World;

/// A rule that a block may break, in the order in which a validator looks.
enum class BlockRule : std::uint8_t
{
    hash,          // Its hash is its header's.
    parent,        // It stands on the parent.
    timestamp,     // When it was due.
    proposer,      // Whose turn it was.
    gas_limit,     // The chain's.
    base_fee,      // Follows from the parent's (EIP-1559).
    finality,      // What it says is final is.
    rewards,       // It pays those that are due.
    signatures,    // Senders signed their transactions.
    transactions,  // Nonces, balances, fees, gas, order: BlockBuilder::check().
    // What the header says came of it, by executing it again:
    gas_used,
    transactions_root,
    arrivals_root,
    receipts_root,
    rewards_root,
    state_root,
    checkpoint_root,
};
[[nodiscard]] std::string_view to_string(BlockRule rule) noexcept;

struct BrokenRule
{
    BlockRule rule{};
    std::string what;  // One line.
};

/// What a chain's blocks keep to.
struct ValidationRules
{
    FeeSchedule fees;
    MempoolOptions mempool;
    SignatureScheme signatures = SignatureScheme::none;
    std::uint64_t checkpoint_interval = 0;
    std::uint64_t blocks = 0;  // The chain ends with this number.
    std::uint32_t slot_seconds = 12;
};

/// The block before.
struct ParentBlock
{
    BlockHeader header;
    Hash hash;
};

/// What consensus and the scenario say of a block before it is there.
struct DueBlock
{
    AccountId proposer{};
    std::uint64_t timestamp = 0;  // Unix seconds.
    std::uint64_t finalized_block = 0;
    std::vector<Reward> rewards;
    const MakerConduct* conduct = nullptr;  // See BlockSlot.
    std::optional<AccountId> fee_pool;      // Whom headers name instead of proposers.
    std::vector<Transaction> head;          // The scenario's script, see Script::head_of().
};

/// Decides whether a block is valid, as whoever votes for it must know: its header, its
/// transactions one by one, their signatures, and what its header says came of them, by executing
/// it again.
class BlockValidator
{
public:
    /// @p workers: threads that look at signatures. The chain's ordering must be one of those that
    /// look at fees and times alone: a network has no other, and with another one it takes more
    /// than a block and its parent's state to say what is right (see BuilderMarket and
    /// CommitmentBook).
    explicit BlockValidator(ValidationRules rules, unsigned workers = 1);

    [[nodiscard]] const ValidationRules& rules() const noexcept { return rules_; }

    /// The first rule that a block breaks; empty: it is valid. Only its header, hash, transactions
    /// (hashed, see seal_all()) and rewards count. @p world is as the parent left it and holds
    /// every contract; afterwards it is so again.
    [[nodiscard]] std::optional<BrokenRule> validate(
        World& world, const ParentBlock& parent, const DueBlock& due, const FinishedBlock& block);

    /// The block with these transactions, whatever they are; the world is as before.
    [[nodiscard]] FinishedBlock make(World& world, const ParentBlock& parent, const DueBlock& due,
        std::vector<Transaction> transactions);

private:
    [[nodiscard]] std::optional<BrokenRule> check_header(
        const ParentBlock& parent, const DueBlock& due, const FinishedBlock& block) const;
    [[nodiscard]] std::optional<BrokenRule> check_transactions(
        const World& world, const DueBlock& due, const FinishedBlock& block);

    ValidationRules rules_;
    unsigned workers_;
    BlockBuilder builder_;
    BlockExecution execution_;
};

}  // namespace runnel
