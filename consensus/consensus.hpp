#pragma once

#include "execution/context.hpp"
#include "ledger/block.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace runnel
{

/// Proof of stake as far as it decides what is in a chain: who proposes, who is paid, what is
/// final.
struct ValidatorStake
{
    AccountId account{};
    std::uint64_t stake = 0;  // Gwei.
};

[[nodiscard]] std::uint64_t total_stake(std::span<const ValidatorStake> validators) noexcept;

/// The validator that builds a block: a draw weighted by stake, keyed by (seed, block).
[[nodiscard]] std::uint32_t pick_proposer(
    std::uint64_t seed, std::span<const ValidatorStake> validators, std::uint64_t block);

/// Whether a validator that finds nothing wrong with a block attests it: a draw keyed by (seed,
/// validator, block), true with the probability @p participation.
[[nodiscard]] bool attests(
    std::uint64_t seed, double participation, std::uint32_t validator, std::uint64_t block);

/// What a block mints: an eighth of @p block_reward to its proposer, the rest to those who attested
/// its parent, by their share of all stake; rounded down, so absent stake mints nothing.
[[nodiscard]] std::vector<Reward> block_rewards(const Amount& block_reward,
    std::span<const ValidatorStake> validators, std::uint32_t proposer,
    const std::vector<bool>& attested);

/// Whether those who attested hold two thirds of all stake.
[[nodiscard]] bool is_final(
    std::span<const ValidatorStake> validators, const std::vector<bool>& attested) noexcept;

/// What contracts show after @p block: about every hour and after the last block all of them show
/// all they have, so that interest shows where nobody touches anything; after block 0 too, which
/// touches all that is set up.
[[nodiscard]] constexpr Snapshots snapshots_after(
    std::uint64_t block, std::uint64_t last_block, std::uint32_t slot_seconds) noexcept
{
    constexpr std::uint32_t hour = 3'600;
    const auto interval = slot_seconds < hour ? hour / slot_seconds : 1;
    if (block == 0 || block == last_block)
        return Snapshots::all_in_full;
    return block % interval == 0 ? Snapshots::all : Snapshots::changed;
}

}  // namespace runnel
