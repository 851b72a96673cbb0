#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace runnel::scenarios
{

/// Nodes of a swarm's scenario that do not keep to the rules.
struct SwarmGroup
{
    std::string strategy;  // As a scenario names it.
    std::uint32_t count = 0;
    /// Of the hash rate or the stake; 0: what their number makes of it.
    double share = 0;
    std::vector<std::pair<std::string, std::string>> keys;  // The strategy's own, as TOML.
};

/// A part of the network that is cut off, or a node that is down. Times are milliseconds.
struct SwarmFault
{
    std::int64_t from = 0;
    std::int64_t until = 0;
    /// Of a partition: what share of the nodes is in its first part; 0: an outage.
    double share = 0;
    std::uint32_t node = 0;
    bool keeps_memory = true;
};

/// A small scenario as a swarm draws it: all that a scenario file says of it.
struct SwarmPlan
{
    std::uint64_t seed = 0;
    std::string engine;
    std::uint64_t blocks = 0;
    std::uint32_t slot_seconds = 1;
    std::uint64_t checkpoint_interval = 0;
    std::uint32_t honest = 0;     // Nodes that make blocks,
    std::uint32_t observers = 0;  // and those that do not.
    std::vector<SwarmGroup> groups;
    std::vector<SwarmFault> faults;
    std::vector<std::pair<std::string, std::string>> protocol;  // The engine's keys, as TOML.
    // The network.
    std::vector<std::string> regions;  // Alike; empty: one.
    std::uint32_t latency_ms = 0;      // Within a region; between two of them twice that.
    double jitter_share = 0;
    std::uint32_t fan_out = 8;
    double loss = 0;
    double duplication = 0;
    double reordering = 0;
    std::int64_t reordering_delay_ms = 0;
    double clock_drift_ppm = 0;
    bool own_mempools = false;  // Each maker of blocks knows what has reached it.
    std::int64_t transaction_delay_ms = 0;
    // The ledger.
    std::uint32_t payers = 0;       // In a token,
    std::uint32_t coin_payers = 0;  // and in native coins.
    std::uint32_t pay_every = 0;    // Blocks, on average.
    bool is_signed = false;         // Transactions, by secp256k1.

    [[nodiscard]] std::uint32_t nodes() const noexcept;
};

/// What a seed stands for. It is the same for ever within a version.
[[nodiscard]] SwarmPlan draw_swarm_plan(std::uint64_t seed);

/// How the ledger of a swarm's scenario is run a second time, and a third: it must not matter.
/// Drawn from the scenario's seed.
struct SwarmRuns
{
    unsigned workers = 1;
    std::uint32_t cohort_size = 1;
    double stops_at = 0;      // Part of the blocks after which a run is cut short.
    bool keeps_file = false;  // A ledger file is written and verified.
};
[[nodiscard]] SwarmRuns draw_swarm_runs(std::uint64_t seed);

/// The plan as a scenario file, to be run with any command.
[[nodiscard]] std::string to_toml(const SwarmPlan& plan);

/// All that was drawn, by name, as people read it.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> describe(const SwarmPlan& plan);

/// Plans with less in them, those with much less first: what to try when this one fails.
[[nodiscard]] std::vector<SwarmPlan> smaller_plans(const SwarmPlan& plan);

}  // namespace runnel::scenarios
