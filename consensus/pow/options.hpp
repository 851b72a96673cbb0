#pragma once

#include "consensus/network/virtual_time.hpp"
#include "ledger/amount.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace runnel
{

/// How the difficulty follows the time that blocks take. See consensus/pow/retarget.hpp.
enum class RetargetRule : std::uint8_t
{
    fixed,
    bitcoin,    // Every so many blocks, by at most a factor of four.
    homestead,  // Every block by 1/2048 (EIP-2).
    eip100,     // The same as of Byzantium, without uncles.
};

/// How a miner finds out when it has solved a puzzle.
enum class PuzzleKind : std::uint8_t
{
    drawn,  // Exponentially distributed with mean difficulty / hash rate, from a seeded stream.
    real,   // By trying nonces: each attempt is made, and takes 1 / hash rate.
};

/// How a block gets from a node to its peers.
enum class BlockRelay : std::uint8_t
{
    push,       // Unasked.
    inventory,  // Announced, asked for, sent.
    compact,    // The same with compact blocks between those who know them.
};

enum class MinerStrategy : std::uint8_t
{
    honest,
    selfish,       // Eyal and Sirer, "Majority Is Not Enough" (2014), algorithm 1.
    double_spend,  // Nakamoto (2008), section 11; Rosenfeld (2014).
    pool_hopping,  // Rosenfeld, "Analysis of Bitcoin Pooled Mining Reward Systems" (2011).
};

/// How a mining pool divides the reward of a block that a member found.
enum class PoolPayout : std::uint8_t
{
    proportional,   // By what members have hashed since the pool's last block.
    pay_per_share,  // What hashes are worth on average: the pool bears the risk.
    score,          // Hashes count less the older they are (Rosenfeld's geometric method).
};

/// Miners with one strategy.
struct MinerGroup
{
    std::string name;
    std::uint32_t count = 1;  // Nodes.
    double share = 1;         // Of the hash rate, relative to the other groups; of all its nodes.
    /// Of its nodes' hash rates: their standard deviation, over the mean (normal, cut at 1%).
    double spread = 0;
    MinerStrategy strategy = MinerStrategy::honest;
    double joules_per_terahash = 0;  // 0: PowOptions'.
    VirtualTime mines_from = 0;
    VirtualTime mines_until = 0;  // 0: for ever.
    std::string pool;             // Of PowOptions::pools; empty: each miner on its own.

    // ---- selfish, double_spend ----
    /// The probability that a node is a peer of the miner, beside those that chance gave it.
    double connectivity = 0;

    // ---- double_spend ----
    std::uint32_t confirmations = 6;  // That the victim waits for.
    /// Pays its victim only when it has a block in secret (both papers' formulas assume it).
    bool premines = true;
    /// Blocks that its branch lies behind when it gives up.
    std::uint32_t gives_up_behind = 30;

    // ---- pool_hopping ----
    /// Leaves its (proportional) pool when that has hashed so many times the difficulty since its
    /// last block, and mines for itself until the next one: 0.4348 is where an hour in the pool is
    /// worth as much as one elsewhere.
    double hops_after = 0.4348;
};

struct MiningPool
{
    std::string name;
    PoolPayout payout = PoolPayout::proportional;
    double fee = 0;  // Of what it pays out.
    /// Of `score`: how fast hashes lose weight, in 1 / difficulty.
    double decay = 3;
};

/// A network that agrees by proof of work.
struct PowOptions
{
    double hash_rate = 6e20;                        // Hashes a second, of all groups.
    VirtualTime block_interval = 600 * one_second;  // That the difficulty begins with.
    PuzzleKind puzzle = PuzzleKind::drawn;
    RetargetRule retarget = RetargetRule::bitcoin;
    std::uint32_t retarget_blocks = 2016;  // Of `bitcoin`.
    bool has_bomb = false;                 // Of `homestead` and `eip100`: the difficulty bomb.
    /// Expected hashes of the first block; 0: hash rate * interval.
    double initial_difficulty = 0;
    Amount subsidy;                            // Wei, of the first blocks.
    std::uint64_t halving_interval = 210'000;  // Blocks; 0: never.
    std::uint32_t confirmations = 6;           // After which people take a block for settled.
    /// Nodes do not give up a chain of more blocks than this for a heavier one; 0: they do.
    std::uint64_t final_after = 0;

    BlockRelay relay = BlockRelay::inventory;
    std::uint32_t block_bytes = 535'000;
    std::uint32_t compact_bytes = 18'000;
    double compact_share = 0.964;   // Of nodes that know compact blocks,
    double compact_failure = 0.13;  // how often one lacks transactions at its receiver,
    double churn_share = 0.976;     // nodes that come and go,
    double churn_failure = 0.27;    // and how often it does there.
    VirtualTime request_timeout = 60 * one_second;  // Then a node asks another one.

    double joules_per_terahash = 20;
    double power_usage_effectiveness = 1.1;  // Energy of the site over that of the machines.
    double transactions_per_block = 2'000;   // For energy per transaction, without a ledger.

    std::vector<MinerGroup> groups;  // Node numbers follow their order; the rest only relays.
    std::vector<MiningPool> pools;
};

}  // namespace runnel
