#include "contracts/farms/staking_rewards/staking_rewards.hpp"

#include "contracts/farms/staking_rewards/math.hpp"
#include "contracts/kit/gas.hpp"
#include "contracts/kit/registration.hpp"
#include "contracts/kit/safe_erc20.hpp"
#include "contracts/kit/token_book.hpp"
#include "ledger/check.hpp"
#include "state/world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace runnel::contracts
{

using namespace staking_rewards;
using openzeppelin::safe_2;

namespace
{
/// What is read and written to bring the farm up to date, the staker's own slots aside.
constexpr std::uint64_t update_gas = 18'400;
constexpr std::uint64_t update_staker_gas = 8'000;
constexpr std::uint64_t pay_nothing_saves = 17'600;

Amount applicable_at(const FarmState& state, std::uint64_t now) noexcept
{
    return std::min(Amount{now}, state.period_finish);
}

Result<Amount> per_token_at(const FarmState& state, std::uint64_t now)
{
    return reward_per_token_down(state.reward_per_token_stored, applicable_at(state, now),
        state.last_update_time, state.reward_rate, state.total_staked);
}

void save_write(CallContext& context, const Amount& before, const Amount& after)
{
    context.save_gas(gas_saved_by_write(before.is_zero(), after.is_zero(), before == after));
}
}  // namespace

StakingRewards::StakingRewards(ContractIdentity identity, ContractId staking_token,
    ContractId rewards_token, const Amount& rewards_duration, AccountId owner,
    AccountId rewards_distribution)
  : ContractBase{std::move(identity)},
    staking_id_{staking_token},
    rewards_id_{rewards_token},
    state_{name() + ".state"},
    stakers_{name() + ".stakers", KeyOf::account}
{
    state_.set_conservation_weight(-1);
    stakers_.set_conservation_weight(1);
    auto& state = state_.at(0);
    state.rewards_duration = rewards_duration;
    state.owner = owner;
    state.rewards_distribution = rewards_distribution;
    add_table(state_);
    add_table(stakers_);
}

const ContractType& StakingRewards::contract_type()
{
    static const ContractType type{.kind = "staking_rewards",
        .help = "Divides a stream of rewards among those who stake (Synthetix' StakingRewards).",
        .role = ContractRole::lending,
        .sectors = implements<StakingRewards, Farm>(),
        .methods = methods(),
        .events = event_types<RewardAddedLog, StakedLog, WithdrawnLog, RewardPaidLog,
            RewardsDurationUpdatedLog, RecoveredLog, PauseChangedLog, FarmMove, FarmPoolRow>(),
        .parameters =
            {
                {"staking_token", ParameterKind::token, "\"\"", {},
                    "The token that is staked; empty: staking_shares are."},
                {"staking_shares", ParameterKind::contract, "\"\"", {},
                    "The pool or vault whose shares are staked.", 0, 0, {},
                    "uniswap_v2_pair|vault"},
                {"rewards_token", ParameterKind::token, "", {}, "The token that is earned."},
                {"rewards_duration", ParameterKind::duration, "\"7d\"", {},
                    "How long a period of rewards is.", 1'000},
                {"owner", ParameterKind::account, "\"\"", {},
                    "The account that may pause the farm and set the duration; empty: nobody."},
                {"rewards_distribution", ParameterKind::account, "\"\"", {},
                    "The account that starts periods of rewards; empty: NAME/distributor."},
                allocation(
                    {"rewards", ParameterKind::amount, "0", unit::smallest_unit_of("rewards_token"),
                        "Of the first period, which begins at genesis; 0: none does. Given to the "
                        "distributor, who pays them in.",
                        0, 1e60}),
            },
        .create = creator<StakingRewards>(
            [](const Parameters& parameters)
            {
                const auto seconds = parameters.duration_ms("rewards_duration") / 1'000;
                return std::tuple{parameters.has("staking_token")
                                      ? parameters.token("staking_token")
                                      : parameters.contract("staking_shares"),
                    parameters.token("rewards_token"), Amount{static_cast<std::uint64_t>(seconds)}};
            }),
        .validate = [](const Parameters& parameters) -> std::string
        {
            if (parameters.has("staking_token") == parameters.has("staking_shares"))
                return "staking_token: expected it or staking_shares, and not both";
            if (parameters.duration_ms("rewards_duration") % 1'000 != 0)
            {
                return fmt::format("rewards_duration: expected whole seconds, got {} ms",
                    parameters.duration_ms("rewards_duration"));
            }
            return {};
        }};
    return type;
}

void StakingRewards::connect(World& world)
{
    staking_ = &token_at(world, staking_id_);
    rewards_ = &token_at(world, rewards_id_);
}

void StakingRewards::genesis(const Parameters& parameters, GenesisBuilder& builder)
{
    auto& state = state_.at(0);
    if (const auto& owner = parameters.text("owner"); !owner.empty())
        state.owner = builder.account(owner, "wallet");
    const auto& distributor = parameters.text("rewards_distribution");
    state.rewards_distribution =
        builder.account(distributor.empty() ? name() + "/distributor" : distributor, "wallet");
    const auto& rewards = parameters.amount("rewards");
    if (rewards.is_zero())
        return;
    const bool given = rewards_->allocate(builder.world(), state.rewards_distribution, rewards);
    RUNNEL_CHECK(given);
    CallWriter calls;
    calls.add(rewards_id_, Erc20Transfer{account(), rewards});
    calls.add(id(), NotifyRewardAmount{rewards});
    builder.transaction(state.rewards_distribution, std::move(calls).take());
}

void StakingRewards::check_invariants(const World&, Findings& findings) const
{
    const auto& farm = state();
    if (staking_id_ != rewards_id_)
    {
        // With one token, rewards that were promised twice are paid from the stake.
        const auto held = staking_->holding(account());
        if (held < farm.total_staked && !staking_->rebases())
        {
            findings.push_back(
                fmt::format("{}: holds {} of the staked token, less than the {} staked", name(),
                    held.to_string(), farm.total_staked.to_string()));
        }
    }
    if (farm.last_update_time > farm.period_finish)
    {
        findings.push_back(fmt::format("{}: was brought up to {}, later than its period ends, {}",
            name(), farm.last_update_time.to_string(), farm.period_finish.to_string()));
    }
    for (const auto key : stakers_.keys())
    {
        if (stakers_.get(key).reward_per_token_paid > farm.reward_per_token_stored)
        {
            findings.push_back(fmt::format(
                "{}: account {} was paid for more than a token has earned", name(), key));
        }
    }
}

// ---- Views ----

Amount StakingRewards::last_time_reward_applicable(std::uint64_t now) const noexcept
{
    return applicable_at(state(), now);
}

Result<Amount> StakingRewards::reward_per_token(std::uint64_t now) const
{
    return per_token_at(state(), now);
}

Result<Amount> StakingRewards::earned(AccountId account, std::uint64_t now) const
{
    const auto per_token = RUNNEL_TRY(reward_per_token(now));
    const auto& of = staker(account);
    return earned_down(of.balance, per_token, of.reward_per_token_paid, of.rewards);
}

FarmPool StakingRewards::pool(std::size_t, FarmTime at) const
{
    const auto& farm = state();
    FarmReward reward{rewards_id_, FarmClock::seconds, {}};
    if (farm.period_finish > Amount{at.timestamp})
    {
        reward.rate = farm.reward_rate;
        reward.until = farm.period_finish.fits_uint64() ? farm.period_finish.low64() : ~0ULL;
    }
    return {staking_id_, farm.total_staked, {reward}, !farm.paused};
}

Amount StakingRewards::staked(AccountId account, std::size_t) const
{
    return staker(account).balance;
}

std::vector<FarmEarned> StakingRewards::earned(AccountId account, std::size_t, FarmTime at) const
{
    return {{rewards_id_, earned(account, at.timestamp).value_or(Amount{})}};
}

CallGas StakingRewards::gas_of(FarmAction action) const noexcept
{
    switch (action)
    {
        case FarmAction::stake: return {Stake::gas, 0};
        case FarmAction::withdraw: return {Withdraw::gas, 0};
        case FarmAction::claim: return {GetReward::gas, 0};
    }
    return {};
}

void StakingRewards::add_stake(CallWriter& calls, std::size_t, const Amount& amount) const
{
    calls.add(id(), Stake{amount});
}

void StakingRewards::add_withdraw(CallWriter& calls, std::size_t, const Amount& amount) const
{
    calls.add(id(), Withdraw{amount});
}

void StakingRewards::add_claim(CallWriter& calls, std::size_t) const
{
    calls.add(id(), GetReward{});
}

// ---- What stakers call ----

void StakingRewards::declare(const Stake&, AccountId sender, AccessCollector& access) const
{
    access.write(state_, 0);
    access.write(stakers_, sender);
    staking_->declare_transfer_from(access, account(), sender, account());
}

void StakingRewards::declare(const Withdraw&, AccountId sender, AccessCollector& access) const
{
    access.write(state_, 0);
    access.write(stakers_, sender);
    staking_->declare_transfer(access, account(), sender);
}

void StakingRewards::declare(const GetReward&, AccountId sender, AccessCollector& access) const
{
    access.write(state_, 0);
    access.write(stakers_, sender);
    rewards_->declare_transfer(access, account(), sender);
}

void StakingRewards::declare(const Exit&, AccountId sender, AccessCollector& access) const
{
    declare(Withdraw{}, sender, access);
    rewards_->declare_transfer(access, account(), sender);
}

Result<void> StakingRewards::update_reward(
    CallContext& context, FarmState& state, Staker* staker) const
{
    const auto now = context.block().timestamp;
    state.reward_per_token_stored = RUNNEL_TRY(per_token_at(state, now));
    state.last_update_time = applicable_at(state, now);
    context.use_gas(update_gas);
    if (staker == nullptr)
        return {};
    const auto rewards = RUNNEL_TRY(earned_down(staker->balance, state.reward_per_token_stored,
        staker->reward_per_token_paid, staker->rewards));
    save_write(context, staker->rewards, rewards);
    save_write(context, staker->reward_per_token_paid, state.reward_per_token_stored);
    staker->rewards = rewards;
    staker->reward_per_token_paid = state.reward_per_token_stored;
    context.use_gas(update_staker_gas);
    return {};
}

Result<Returns> StakingRewards::execute(const Stake& call, CallContext& context)
{
    auto& state = context.write(state_, 0);
    RUNNEL_REQUIRE(!state.paused,
        Refusal::error("This action cannot be performed while the contract is paused"));
    auto& staker = context.write(stakers_, context.sender());
    RUNNEL_TRY(update_reward(context, state, &staker));
    RUNNEL_REQUIRE(!call.amount.is_zero(), Refusal::error("Cannot stake 0"));
    state.total_staked = RUNNEL_TRY((SafeMath{state.total_staked} + call.amount).result());
    const auto balance = RUNNEL_TRY((SafeMath{staker.balance} + call.amount).result());
    save_write(context, staker.balance, balance);
    staker.balance = balance;
    RUNNEL_TRY(safe_2(
        staking_->transfer_from(context.as(account()), context.sender(), account(), call.amount)));
    context.emit(id(), StakedLog{context.sender(), call.amount});
    context.emit(
        id(), FarmMove{FarmMoveType::stake, 0, context.sender(), staking_id_, call.amount});
    return Returns{};
}

Result<void> StakingRewards::withdraw(CallContext& context, const Amount& amount)
{
    auto& state = context.write(state_, 0);
    auto& staker = context.write(stakers_, context.sender());
    RUNNEL_TRY(update_reward(context, state, &staker));
    RUNNEL_REQUIRE(!amount.is_zero(), Refusal::error("Cannot withdraw 0"));
    state.total_staked = RUNNEL_TRY((SafeMath{state.total_staked} - amount).result());
    staker.balance = RUNNEL_TRY((SafeMath{staker.balance} - amount).result());
    if (staker.balance.is_zero())
        context.save_gas(4'800);  // The refund of a slot that is emptied.
    RUNNEL_TRY(safe_2(staking_->transfer(context.as(account()), context.sender(), amount)));
    context.emit(id(), WithdrawnLog{context.sender(), amount});
    context.emit(id(), FarmMove{FarmMoveType::withdraw, 0, context.sender(), staking_id_, amount});
    return {};
}

Result<Amount> StakingRewards::pay_reward(CallContext& context)
{
    auto& staker = context.write(stakers_, context.sender());
    RUNNEL_TRY(update_reward(context, context.write(state_, 0), &staker));
    const auto reward = std::exchange(staker.rewards, Amount{});
    if (reward.is_zero())
    {
        context.save_gas(pay_nothing_saves);
        return reward;
    }
    RUNNEL_TRY(safe_2(rewards_->transfer(context.as(account()), context.sender(), reward)));
    context.emit(id(), RewardPaidLog{context.sender(), reward});
    context.emit(id(), FarmMove{FarmMoveType::reward, 0, context.sender(), rewards_id_, reward});
    return reward;
}

Result<Returns> StakingRewards::execute(const Withdraw& call, CallContext& context)
{
    RUNNEL_TRY(withdraw(context, call.amount));
    return Returns{};
}

Result<Returns> StakingRewards::execute(const GetReward&, CallContext& context)
{
    return Returns{RUNNEL_TRY(pay_reward(context))};
}

Result<Returns> StakingRewards::execute(const Exit&, CallContext& context)
{
    // A copy: the record changes on the way.
    const auto all = context.read(stakers_, context.sender()).balance;
    RUNNEL_TRY(withdraw(context, all));
    return Returns{RUNNEL_TRY(pay_reward(context))};
}

// ---- What the distributor and the owner call ----

void StakingRewards::declare(const NotifyRewardAmount&, AccountId, AccessCollector& access) const
{
    access.write(state_, 0);
    rewards_->declare_holding(access, account());
}

void StakingRewards::declare(const SetRewardsDuration&, AccountId, AccessCollector& access) const
{
    access.write(state_, 0);
}

void StakingRewards::declare(const SetPaused&, AccountId, AccessCollector& access) const
{
    access.write(state_, 0);
}

void StakingRewards::declare(
    const SetRewardsDistribution&, AccountId, AccessCollector& access) const
{
    access.write(state_, 0);
}

Result<Returns> StakingRewards::execute(const NotifyRewardAmount& call, CallContext& context)
{
    auto& state = context.write(state_, 0);
    RUNNEL_REQUIRE(context.sender() == state.rewards_distribution,
        Refusal::error("Caller is not RewardsDistribution contract"));
    RUNNEL_TRY(update_reward(context, state, nullptr));
    const Amount now{context.block().timestamp};
    state.reward_rate = RUNNEL_TRY(reward_rate_down(
        call.reward, now, state.period_finish, state.reward_rate, state.rewards_duration));
    const auto balance = context.world().find_contract(rewards_id_)->balance_of(context, account());
    const auto affordable =
        RUNNEL_TRY((SafeMath{balance.value_or(Amount{})} / state.rewards_duration).result());
    RUNNEL_REQUIRE(state.reward_rate <= affordable, Refusal::error("Provided reward too high"));
    state.last_update_time = now;
    state.period_finish = RUNNEL_TRY((SafeMath{now} + state.rewards_duration).result());
    context.emit(id(), RewardAddedLog{call.reward});
    return Returns{};
}

Result<FarmState*> StakingRewards::owned_state(CallContext& context)
{
    auto& state = context.write(state_, 0);
    RUNNEL_REQUIRE(context.sender() == state.owner,
        Refusal::error("Only the contract owner may perform this action"));
    return &state;
}

Result<Returns> StakingRewards::execute(const SetRewardsDuration& call, CallContext& context)
{
    auto& state = *RUNNEL_TRY(owned_state(context));
    RUNNEL_REQUIRE(Amount{context.block().timestamp} > state.period_finish,
        Refusal::error("Previous rewards period must be complete before changing the duration for "
                       "the new period"));
    state.rewards_duration = call.rewards_duration;
    context.emit(id(), RewardsDurationUpdatedLog{call.rewards_duration});
    return Returns{};
}

Result<Returns> StakingRewards::execute(const SetPaused& call, CallContext& context)
{
    auto& state = *RUNNEL_TRY(owned_state(context));
    if (state.paused == call.paused)
        return Returns{};
    state.paused = call.paused;
    context.emit(id(), PauseChangedLog{call.paused});
    return Returns{};
}

Result<Returns> StakingRewards::execute(const SetRewardsDistribution& call, CallContext& context)
{
    RUNNEL_TRY(require_account(context.world(), call.rewards_distribution));
    auto& state = *RUNNEL_TRY(owned_state(context));
    state.rewards_distribution = call.rewards_distribution;
    return Returns{};
}

Result<Returns> StakingRewards::execute(const RecoverErc20& call, CallContext& context)
{
    RUNNEL_TRY(require_account(context.world(), call.token_address));
    const auto& state = *RUNNEL_TRY(owned_state(context));
    const auto* contract = context.world().contract_of(call.token_address);
    auto* token = contract == nullptr ? nullptr : find_token(context.world(), contract->id());
    // Asking what has no code for its symbol reverts without a reason.
    RUNNEL_REQUIRE(token != nullptr, Refusal::empty());
    const auto info = contract->token_info();
    const bool is_snx = info && info->symbol == "SNX";
    RUNNEL_REQUIRE(contract->id() != staking_id_ && contract->id() != rewards_id_ && !is_snx,
        Refusal::error("Cannot withdraw the staking or rewards tokens"));
    RUNNEL_TRY(safe_2(token->transfer(context.as(account()), state.owner, call.token_amount)));
    context.emit(id(), RecoveredLog{call.token_address, call.token_amount});
    return Returns{};
}

}  // namespace runnel::contracts
