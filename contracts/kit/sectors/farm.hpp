#pragma once

#include "contracts/kit/contract_base.hpp"
#include "contracts/kit/sectors/sector.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

/// What strategies, routing and reports may know of a farm, whatever its protocol: tokens are
/// staked, others are earned. A contract may have several pools, numbered from 0.
namespace runnel::contracts
{

/// When a question is asked: the block that a call would be in.
struct FarmTime
{
    std::uint64_t timestamp = 0;  // Unix seconds.
    std::uint64_t block = 0;
};

/// What a farm counts rewards by.
enum class FarmClock : std::uint8_t
{
    seconds,
    blocks,
};

/// One token that a pool pays.
struct FarmReward
{
    ContractId token{};
    FarmClock clock = FarmClock::seconds;
    /// Smallest units that all stakers of the pool together earn now, per second or per block,
    /// rounded down. 0 while there is nothing to earn.
    Amount rate;
    /// The second or the block from which on the rate is another one, as far as it is known by now;
    /// 2^64-1: none.
    std::uint64_t until = ~0ULL;
};

/// One pool of a farm.
struct FarmPool
{
    ContractId staked_token{};
    Amount total_staked;  // Over which rewards are divided.
    std::vector<FarmReward> rewards;
    bool takes_stakes = true;  // False while it is paused.
};

/// What an account has earned of one token and not claimed.
struct FarmEarned
{
    ContractId token{};
    Amount amount;
};

enum class FarmAction : std::uint8_t
{
    stake,
    withdraw,
    claim,
};

/// A farm: what it says of itself, and the calls that use it. All views are of the state after the
/// last block.
///
/// Pools that an argument names are below pool_count(): anything else is a bug.
class Farm
{
public:
    static constexpr std::string_view sector = "farm";

    virtual ~Farm() = default;

    [[nodiscard]] virtual const Contract& contract() const noexcept = 0;
    [[nodiscard]] virtual std::size_t pool_count() const noexcept = 0;
    [[nodiscard]] virtual FarmPool pool(std::size_t pool, FarmTime at) const = 0;
    [[nodiscard]] virtual Amount staked(AccountId account, std::size_t pool) const = 0;
    /// What a claim at that time would pay, as the protocol's own view says, in the order of
    /// FarmPool::rewards; nothing where that view reverts.
    [[nodiscard]] virtual std::vector<FarmEarned> earned(
        AccountId account, std::size_t pool, FarmTime at) const = 0;
    /// Whether staking and withdrawing pay what is earned by then too.
    [[nodiscard]] virtual bool claims_with_stake() const noexcept = 0;

    // Each adds one call of the sender's, for itself.

    /// Whom the sender must let spend what it stakes.
    [[nodiscard]] virtual AccountId spender() const noexcept = 0;
    [[nodiscard]] virtual CallGas gas_of(FarmAction action) const noexcept = 0;
    virtual void add_stake(CallWriter& calls, std::size_t pool, const Amount& amount) const = 0;
    virtual void add_withdraw(CallWriter& calls, std::size_t pool, const Amount& amount) const = 0;
    virtual void add_claim(CallWriter& calls, std::size_t pool) const = 0;
};

/// nullptr if the contract is none.
[[nodiscard]] const Farm* find_farm(const World& world, ContractId id);

/// One pool of a farm, after a block that touched the farm, and every hour.
struct FarmPoolRow
{
    static constexpr std::string_view name = "FarmPool";
    static constexpr std::string_view table = "farm_pools";
    static constexpr EventUse use = EventUse::snapshot;
    static constexpr std::array<std::string_view, 6> meanings{
        "The number of the pool within the farm.", "What is staked.", "What is earned.",
        "How much is staked in all.", "What is paid to all stakers together.",
        "Whether the rate is per second or per block."};

    std::uint32_t pool = 0;
    ContractId staked_token{};
    ContractId reward_token{};
    Amount total_staked;
    Amount reward_rate;
    FarmClock clock{};
    RUNNEL_FIELDS(pool, staked_token, reward_token,
        (total_staked, smallest_unit_of("staked_token")),
        (reward_rate, other("reward_token per second or block, smallest units")), clock);
};
[[nodiscard]] constexpr std::string_view to_string(FarmClock clock) noexcept
{
    return clock == FarmClock::seconds ? "seconds" : "blocks";
}

/// Emits a row of farm_pools for each pool and reward: what a farm's snapshot() does.
void snapshot_farm(const Farm& farm, SnapshotContext& context);

/// Tokens staked, withdrawn or paid as a reward: what a farm emits beside its own events.
enum class FarmMoveType : std::uint8_t
{
    stake,
    withdraw,
    reward,
};
[[nodiscard]] constexpr std::string_view to_string(FarmMoveType type) noexcept
{
    switch (type)
    {
        case FarmMoveType::stake: return "stake";
        case FarmMoveType::withdraw: return "withdraw";
        case FarmMoveType::reward: return "reward";
    }
    return "unknown";
}
struct FarmMove
{
    static constexpr std::string_view name = "FarmMove";
    static constexpr std::string_view table = "farm_moves";
    static constexpr EventUse use = EventUse::sector;
    static constexpr std::array<std::string_view, 5> meanings{"What happened.",
        "The number of the pool within the farm.", "Who staked, took back or was paid.",
        "What moved.", "How much."};

    FarmMoveType transaction_type{};
    std::uint32_t pool = 0;
    AccountId account{};
    ContractId token{};
    Amount amount_raw;
    RUNNEL_FIELDS(transaction_type, pool, account, token, (amount_raw, smallest_unit_of("token")));
};

}  // namespace runnel::contracts
