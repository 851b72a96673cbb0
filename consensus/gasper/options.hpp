#pragma once

#include "consensus/engine.hpp"
#include "consensus/network/virtual_time.hpp"

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace runnel
{

/// How much the validators of a group keep to the rules.
enum class GasperStrategy : std::uint8_t
{
    honest,
    offline,        // Says nothing, and passes nothing on.
    equivocating,   // Two blocks for a slot and two votes for an epoch, one for each half of the
                    // network; where a partition cuts it in two, one for each side.
    surround,       // Votes, an epoch later, from an older source: around its own last vote.
    censoring,      // Keeps to the rules: what it leaves out of its blocks is the ledger's affair.
    mev,            // The same: what it puts into them.
    invalid_block,  // Makes blocks with a flaw.
    ex_ante_reorg,  // Withholds a block and its group's votes for it, to displace the next one.
};

/// Validators with a strategy of their own; all others are honest.
struct GasperGroup
{
    std::string name;
    GasperStrategy strategy = GasperStrategy::honest;
    std::uint32_t count = 0;  // Nodes.
    /// Outside of this time they are honest.
    VirtualTime from = 0;
    VirtualTime until = std::numeric_limits<VirtualTime>::max();
    /// Of equivocating: votes for two blocks where there is one, too.
    bool equivocates_always = false;
    BlockFlaw flaw = BlockFlaw::wrong_state_root;  // Of invalid_block,
    double flaw_share = 1;                         // and how likely a block has it.
};

/// What an Ethereum fork says about slashing.
enum class SlashingRule : std::uint8_t
{
    bellatrix,  // 1/32 of the effective balance at once.
    electra,    // 1/4096.
};

/// A deposit or a voluntary exit, in the first block that is not before its time.
struct GasperStakeOrder
{
    VirtualTime at = 0;
    std::uint32_t validator = 0;
    std::uint64_t gwei = 0;  // Of a deposit.
};

/// Proof of stake as Ethereum has it: LMD-GHOST and Casper FFG.
///
/// Names and defaults are those of the specification (ethereum/consensus-specs, presets/mainnet and
/// configs/mainnet) unless said otherwise. Amounts are in gwei.
struct GasperOptions
{
    // ---- Who ----
    std::uint32_t validators = 64;
    std::uint32_t validators_per_node = 1;
    std::uint32_t observers = 0;  // Nodes without a validator.
    /// Validators with a deposit at the start; the others wait for one of `deposits`. 0: all.
    std::uint32_t genesis_validators = 0;
    std::vector<GasperGroup> groups;  // Of nodes from number 0 on, in this order.

    // ---- Time ----
    std::uint32_t slot_seconds = 12;
    std::uint32_t slots_per_epoch = 32;

    // ---- Votes ----
    std::uint32_t aggregators = 4;       // A slot; the specification draws 16 a committee.
    std::uint32_t gossip_batch_ms = 50;  // Votes wait so long for others, to be passed on together.
    std::uint32_t proposer_boost_percent = 40;
    std::uint32_t shuffle_rounds = 90;
    std::uint32_t block_votes_max = 128;  // Aggregates in a block.

    // ---- Stake ----
    std::uint64_t deposit_gwei = 32'000'000'000;
    std::uint64_t effective_balance_max_gwei = 32'000'000'000;
    std::uint64_t ejection_balance_gwei = 16'000'000'000;
    std::uint64_t base_reward_factor = 64;
    std::uint64_t inactivity_score_bias = 4;
    std::uint64_t inactivity_score_recovery_rate = 16;
    std::uint64_t inactivity_penalty_quotient = 1U << 24U;
    std::uint64_t epochs_to_inactivity_penalty = 4;
    std::uint64_t churn_per_epoch_min = 4;
    std::uint64_t churn_quotient = 65'536;
    std::uint64_t seed_lookahead_max_epochs = 4;
    std::uint64_t withdrawability_delay_epochs = 256;
    std::uint64_t shard_committee_period_epochs = 256;  // Served before an exit.
    SlashingRule slashing = SlashingRule::electra;
    std::uint64_t slashings_window_epochs = 8192;
    std::uint64_t proportional_slashing_multiplier = 3;
    std::vector<GasperStakeOrder> deposits;  // By time.
    std::vector<GasperStakeOrder> exits;     // By time.

    // ---- Blocks ----
    std::uint32_t block_bytes = 100'000;
    /// How likely an honest validator re-executes a block before it takes it; 1: always. The
    /// reference node always does.
    double validation_probability = 1;
    bool fraud_proofs = true;  // Who finds a flaw tells the others, who then look at that block.
    /// Whoever makes a block with a flaw is slashed, as for a double vote. The specification has no
    /// such rule: there he only loses the slot's rewards.
    bool slashes_invalid_blocks = false;

    // ---- Energy ----
    double watts_per_node = 100;  // A machine of a home or a rack, idle or not: an assumption.

    [[nodiscard]] std::uint32_t makers() const noexcept
    {
        return (validators + validators_per_node - 1) / validators_per_node;
    }
    [[nodiscard]] std::uint32_t nodes() const noexcept { return makers() + observers; }
};

}  // namespace runnel
