#pragma once

#include "contracts/farms/staking_rewards/calls.hpp"
#include "contracts/farms/staking_rewards/events.hpp"
#include "contracts/kit/contract_base.hpp"
#include "contracts/kit/sectors/farm.hpp"
#include "contracts/kit/token.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace runnel::contracts::staking_rewards
{

/// All of a farm's state but what each staker has: one record.
struct FarmState
{
    Amount total_staked;  // First: weighs -1 in the conservation law.
    Amount reward_rate;
    Amount period_finish;
    Amount last_update_time;
    Amount reward_per_token_stored;
    Amount rewards_duration;
    AccountId owner{};
    AccountId rewards_distribution{};
    bool paused = false;
    RUNNEL_FIELDS((total_staked, smallest_unit_of_its("staking_token")),
        (reward_rate, other("rewards_token per second, smallest units")),
        (period_finish, unix_seconds), (last_update_time, unix_seconds),
        (reward_per_token_stored, other("1e-18 rewards_token per staking_token, smallest units")),
        (rewards_duration, seconds), owner, rewards_distribution, paused);
};

struct Staker
{
    Amount balance;  // First: weighs +1.
    Amount reward_per_token_paid;
    Amount rewards;
    RUNNEL_FIELDS((balance, smallest_unit_of_its("staking_token")),
        (reward_per_token_paid, other("1e-18 rewards_token per staking_token, smallest units")),
        (rewards, smallest_unit_of_its("rewards_token")));
};

}  // namespace runnel::contracts::staking_rewards

namespace runnel::contracts
{

/// A farm that divides a stream of rewards among those who stake, by what each has staked and how
/// long.
///
/// Every call that changes a stake first brings the farm up to date (math.hpp): what one token has
/// earned so far, then what the caller has. All divisions round down, so what is paid is never more
/// than what was streamed; what is streamed while nobody stakes is lost.
///
/// Units: smallest units of the two tokens, which may be the same; seconds. Failure: a refusal may
/// leave records half written; the ledger rolls the transaction back.
/// Errors of every call: SafeMath's reasons on overflow. Tokens that cannot be moved: SafeERC20:
/// low-level call failed. Of the owner's calls, to others: Only the contract owner may perform this
/// action.
/// Source: Synthetixio/synthetix `StakingRewards.sol`, `Pausable.sol`, `Owned.sol`,
/// `RewardsDistributionRecipient.sol` (solc 0.5.16); OpenZeppelin Contracts 2.3.
class StakingRewards
  : public ContractBase<StakingRewards, staking_rewards::Stake, staking_rewards::Withdraw,
        staking_rewards::GetReward, staking_rewards::Exit, staking_rewards::NotifyRewardAmount,
        staking_rewards::SetRewardsDuration, staking_rewards::SetPaused,
        staking_rewards::SetRewardsDistribution, staking_rewards::RecoverErc20>,
    public Farm
{
public:
    StakingRewards(ContractIdentity identity, ContractId staking_token, ContractId rewards_token,
        const Amount& rewards_duration, AccountId owner = zero_account,
        AccountId rewards_distribution = zero_account);

    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }
    void connect(World& world) override;
    void genesis(const Parameters& parameters, GenesisBuilder& builder) override;
    void snapshot(SnapshotContext& context) const override { snapshot_farm(*this, context); }
    void check_invariants(const World& world, Findings& findings) const override;

    // Views of committed state.

    [[nodiscard]] ContractId staking_token() const noexcept { return staking_id_; }
    [[nodiscard]] ContractId rewards_token() const noexcept { return rewards_id_; }
    [[nodiscard]] const staking_rewards::FarmState& state() const noexcept { return state_.get(0); }
    [[nodiscard]] const staking_rewards::Staker& staker(AccountId account) const noexcept
    {
        return stakers_.get(account);
    }
    [[nodiscard]] Amount last_time_reward_applicable(std::uint64_t now) const noexcept;
    [[nodiscard]] Result<Amount> reward_per_token(std::uint64_t now) const;
    [[nodiscard]] Result<Amount> earned(AccountId account, std::uint64_t now) const;

    // Farm: of one pool.

    [[nodiscard]] const Contract& contract() const noexcept override { return *this; }
    [[nodiscard]] std::size_t pool_count() const noexcept override { return 1; }
    [[nodiscard]] FarmPool pool(std::size_t pool, FarmTime at) const override;
    [[nodiscard]] Amount staked(AccountId account, std::size_t pool) const override;
    [[nodiscard]] std::vector<FarmEarned> earned(
        AccountId account, std::size_t pool, FarmTime at) const override;
    [[nodiscard]] bool claims_with_stake() const noexcept override { return false; }
    [[nodiscard]] AccountId spender() const noexcept override { return account(); }
    [[nodiscard]] CallGas gas_of(FarmAction action) const noexcept override;
    void add_stake(CallWriter& calls, std::size_t pool, const Amount& amount) const override;
    void add_withdraw(CallWriter& calls, std::size_t pool, const Amount& amount) const override;
    void add_claim(CallWriter& calls, std::size_t pool) const override;

    using ContractBase::declare;
    using ContractBase::execute;
    void declare(
        const staking_rewards::Stake& call, AccountId sender, AccessCollector& access) const;
    void declare(
        const staking_rewards::Withdraw& call, AccountId sender, AccessCollector& access) const;
    void declare(
        const staking_rewards::GetReward& call, AccountId sender, AccessCollector& access) const;
    void declare(
        const staking_rewards::Exit& call, AccountId sender, AccessCollector& access) const;
    void declare(const staking_rewards::NotifyRewardAmount& call, AccountId sender,
        AccessCollector& access) const;
    void declare(const staking_rewards::SetRewardsDuration& call, AccountId sender,
        AccessCollector& access) const;
    void declare(
        const staking_rewards::SetPaused& call, AccountId sender, AccessCollector& access) const;
    void declare(const staking_rewards::SetRewardsDistribution& call, AccountId sender,
        AccessCollector& access) const;

    /// Errors, in this order: This action cannot be performed while the contract is paused; Cannot
    /// stake 0; those of the token.
    Result<Returns> execute(const staking_rewards::Stake& call, CallContext& context);
    /// Errors, in this order: Cannot withdraw 0; SafeMath: subtraction overflow, if it is more than
    /// was staked; those of the token.
    Result<Returns> execute(const staking_rewards::Withdraw& call, CallContext& context);
    /// Returns what was paid, 0 included.
    Result<Returns> execute(const staking_rewards::GetReward& call, CallContext& context);
    /// Errors: those of withdraw, of 0 too, then of getReward. Returns what was paid as a reward.
    Result<Returns> execute(const staking_rewards::Exit& call, CallContext& context);
    /// Errors, in this order: Caller is not RewardsDistribution contract; SafeMath: division by
    /// zero, of a duration of 0; Provided reward too high, if the rate is above what the farm's
    /// balance would last for: rewards that are owed, and the stake if it is the same token, count.
    Result<Returns> execute(const staking_rewards::NotifyRewardAmount& call, CallContext& context);
    /// Errors: Previous rewards period must be complete before changing the duration for the new
    /// period.
    Result<Returns> execute(const staking_rewards::SetRewardsDuration& call, CallContext& context);
    Result<Returns> execute(const staking_rewards::SetPaused& call, CallContext& context);
    Result<Returns> execute(
        const staking_rewards::SetRewardsDistribution& call, CallContext& context);
    /// Errors: Cannot withdraw the staking or rewards tokens.
    Result<Returns> execute(const staking_rewards::RecoverErc20& call, CallContext& context);

private:
    /// Solidity's updateReward: of @p staker too, unless nullptr.
    Result<void> update_reward(CallContext& context, staking_rewards::FarmState& state,
        staking_rewards::Staker* staker) const;
    Result<void> withdraw(CallContext& context, const Amount& amount);
    Result<Amount> pay_reward(CallContext& context);
    Result<staking_rewards::FarmState*> owned_state(CallContext& context);

    ContractId staking_id_;
    ContractId rewards_id_;
    Token* staking_ = nullptr;
    Token* rewards_ = nullptr;
    Table<staking_rewards::FarmState> state_;  // Record 0.
    Table<staking_rewards::Staker> stakers_;
};

}  // namespace runnel::contracts
