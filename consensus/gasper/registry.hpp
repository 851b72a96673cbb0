#pragma once

#include "consensus/gasper/duties.hpp"
#include "consensus/gasper/options.hpp"

#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

namespace runnel
{

inline constexpr Epoch far_future_epoch = std::numeric_limits<Epoch>::max();
inline constexpr Gwei gwei_per_increment = 1'000'000'000;  // Effective balances are whole ethers.

/// What a timely vote got right.
enum TimelyFlag : std::uint8_t
{
    timely_source = 1,
    timely_target = 2,
    timely_head = 4,
    /// And whoever cast it was not slashed when a block took it: it justifies, whatever becomes of
    /// him.
    justifying_target = 8,
};

/// Of 64 parts of a base reward. The sync committee's 2 are not modelled: nobody earns them.
inline constexpr std::uint64_t weight_source = 14;
inline constexpr std::uint64_t weight_target = 26;
inline constexpr std::uint64_t weight_head = 14;
inline constexpr std::uint64_t weight_proposer = 8;
inline constexpr std::uint64_t weight_denominator = 64;

struct Validator
{
    Gwei balance = 0;
    Gwei effective_balance = 0;
    Epoch eligible_epoch = far_future_epoch;  // Waits for activation from here on.
    Epoch activation_epoch = far_future_epoch;
    Epoch exit_epoch = far_future_epoch;
    Epoch withdrawable_epoch = far_future_epoch;
    std::uint64_t inactivity_score = 0;
    Epoch slashed_epoch = far_future_epoch;

    [[nodiscard]] bool is_active(Epoch epoch) const noexcept
    {
        return activation_epoch <= epoch && epoch < exit_epoch;
    }
    [[nodiscard]] bool is_slashed() const noexcept { return slashed_epoch != far_future_epoch; }
    bool operator==(const Validator&) const = default;
};

/// A change of a validator's balance.
struct GweiChange
{
    ValidatorId validator = 0;
    StakeChangeKind kind{};
    Gwei gwei = 0;
    bool operator==(const GweiChange&) const = default;
};

/// Who runs a validator.
[[nodiscard]] inline NodeId node_of(ValidatorId validator, const GasperOptions& options) noexcept
{
    return validator / options.validators_per_node;
}

/// Changes as an engine tells of them: by node, in wei.
[[nodiscard]] std::vector<StakeChange> stake_changes(
    std::span<const GweiChange> changes, const GasperOptions& options);

/// All validators, as a chain has them.
struct Registry
{
    std::vector<Validator> validators;
    /// Effective balances slashed, by epoch, of the window.
    std::vector<std::pair<Epoch, Gwei>> slashings;
    ValidatorId next_withdrawal = 0;  // Where the sweep goes on.

    [[nodiscard]] std::vector<ValidatorId> active(Epoch epoch) const;
    [[nodiscard]] std::vector<Gwei> effective_balances() const;
    /// At least one increment.
    [[nodiscard]] Gwei total_active(Epoch epoch) const;
};

// ---- Arithmetic ----

/// The greatest integer whose square is not above @p n.
[[nodiscard]] std::uint64_t integer_square_root(std::uint64_t n) noexcept;
/// Gwei an epoch, per ether of effective balance; rounded down.
/// Source: altair/beacon-chain.md, get_base_reward_per_increment.
[[nodiscard]] Gwei base_reward_per_increment(Gwei total_active, std::uint64_t factor) noexcept;
/// effective * score / (bias * quotient), rounded down.
/// Source: altair, get_inactivity_penalty_deltas; quotient of Bellatrix.
[[nodiscard]] Gwei inactivity_penalty(
    Gwei effective, std::uint64_t score, const GasperOptions& options) noexcept;
/// After an epoch: up by the bias for a missed target, else down by one; without a leak down by the
/// recovery rate besides. Source: altair, process_inactivity_updates.
[[nodiscard]] std::uint64_t next_inactivity_score(
    std::uint64_t score, bool has_target, bool is_leaking, const GasperOptions& options) noexcept;
/// Follows the balance in whole ethers, when it is a quarter below or one and a quarter above.
/// Source: phase0, process_effective_balance_updates.
[[nodiscard]] Gwei next_effective_balance(
    Gwei effective, Gwei balance, const GasperOptions& options) noexcept;
/// How many validators enter, and how many leave, in an epoch: phase0, get_validator_churn_limit.
[[nodiscard]] std::uint64_t churn_limit(
    std::uint64_t active_validators, const GasperOptions& options) noexcept;
/// At once, for what evidence proves.
[[nodiscard]] Gwei slashing_penalty(Gwei effective, SlashingRule rule) noexcept;
/// Half the window later: effective * min(multiplier * slashed, total) / total, in whole ethers
/// (Bellatrix) or by ether (Electra). Source: process_slashings of both.
[[nodiscard]] Gwei correlation_penalty(
    Gwei effective, Gwei slashed, Gwei total, const GasperOptions& options) noexcept;

// ---- What happens to a registry ----

/// Changes a registry at the end of an epoch, and by what blocks say.
class RegistryUpdate
{
public:
    /// All must outlive it. @p epoch is the one that is, or ends.
    RegistryUpdate(Registry& registry, Epoch epoch, const GasperOptions& options,
        std::vector<GweiChange>& changes)
      : registry_{registry}, epoch_{epoch}, options_{options}, changes_{changes}
    {}

    /// A deposit of one's own: a new validator's, or on top of what there is.
    void deposit(ValidatorId validator, Gwei gwei);
    /// Into the queue; nothing if it is in there.
    void exit(ValidatorId validator);
    /// False, and nothing changed, if the rules do not let it go yet.
    bool exit_voluntarily(ValidatorId validator);
    /// False, and nothing changed, if it can no longer be. @p proposer gets the whistleblower's
    /// reward: 1/512 of the effective balance (Bellatrix), 1/4096 (Electra).
    bool slash(ValidatorId validator, ValidatorId proposer);

    /// For votes of the epoch before: scores, rewards, penalties, leak.
    /// @param flags  TimelyFlags by validator, of that epoch.
    void reward_votes(std::span<const std::uint8_t> flags, bool is_leaking);
    void reward_proposer(ValidatorId proposer, Gwei gwei);
    /// Ejections, and who is activated next. @p finalized: an epoch.
    void update_queues(Epoch finalized);
    void correlation_penalties();
    void update_effective_balances();
    /// Pays out whom the sweep reaches: all of who has left, and what others have above the
    /// largest effective balance. @p payouts: at most so many.
    void withdraw(std::uint32_t payouts);

private:
    [[nodiscard]] Epoch activation_exit_epoch() const noexcept
    {
        return epoch_ + 1 + options_.seed_lookahead_max_epochs;
    }
    void increase(ValidatorId validator, Gwei gwei, StakeChangeKind kind);
    /// To no less than nothing.
    void decrease(ValidatorId validator, Gwei gwei, StakeChangeKind kind);

    Registry& registry_;
    Epoch epoch_;
    const GasperOptions& options_;
    std::vector<GweiChange>& changes_;
};

}  // namespace runnel
