#include "tools/replay/staking_rewards_replay.hpp"

#include "contracts/farms/staking_rewards/staking_rewards.hpp"
#include "contracts/tokens/erc20/erc20.hpp"
#include "tools/replay/recorded_fields.hpp"

#include <memory>

namespace runnel::replay
{
namespace
{
using namespace contracts::staking_rewards;
using contracts::Erc20;
using contracts::Sandbox;
using contracts::StakingRewards;
using nlohmann::json;

/// Users are numbers. Reward tokens come from a minter, before the distributor speaks of them.
class StakingRewardsReplayer final : public Replayer
{
public:
    void start(const json&) override {}
    void operation(const json& line, Comparison& comparison) override;

private:
    void deploy(const json& args);
    [[nodiscard]] Sandbox::Outcome run(const json& line);
    void compare_state(const json& line, Comparison& comparison) const;

    std::unique_ptr<Sandbox> sandbox_;
    Erc20* staking_ = nullptr;
    Erc20* rewards_ = nullptr;
    StakingRewards* farm_ = nullptr;
    AccountId minter_{};
    AccountId owner_{};
    AccountId distributor_{};
    std::vector<AccountId> users_;
};

void StakingRewardsReplayer::deploy(const json& args)
{
    const auto count = user_count_of(args);
    const auto funds = funds_of(args, "user_staking_balance", count);
    sandbox_ = std::make_unique<Sandbox>();
    minter_ = sandbox_->account("minter");
    owner_ = sandbox_->account("owner");
    distributor_ = sandbox_->account("distributor");
    const auto add_token = [&](const char* name)
    {
        return &sandbox_->add<Erc20>(
            name, TokenInfo{name, 18}, contracts::TokenFlavour::openzeppelin4, minter_);
    };
    staking_ = add_token("staking");
    rewards_ = flag_of(args, "same_token") ? staking_ : add_token("rewards");
    farm_ = &sandbox_->add<StakingRewards>("farm", staking_->id(), rewards_->id(),
        amount_of(args, "rewards_duration"), owner_, distributor_);
    users_.clear();
    for (std::uint64_t i = 0; i < count; ++i)
    {
        users_.push_back(sandbox_->account(fmt::format("user/{}", i)));
        staking_->allocate(users_.back(), funds);
    }
    sandbox_->connect();
    for (const auto user : users_)
    {
        (void)sandbox_->run(
            user, staking_->id(), contracts::Erc20Approve{farm_->account(), Amount::max()});
    }
}

Sandbox::Outcome StakingRewardsReplayer::run(const json& line)
{
    const auto& name = text_of(line, "op");
    const auto& args = object_of(line, "a");
    const auto user = user_of(users_, line, "u");
    const auto id = farm_->id();
    if (name == "stake")
        return sandbox_->run(user, id, Stake{amount_of(args, "amount")});
    if (name == "withdraw")
        return sandbox_->run(user, id, Withdraw{amount_of(args, "amount")});
    if (name == "getReward")
        return sandbox_->run(user, id, GetReward{});
    if (name == "exit")
        return sandbox_->run(user, id, Exit{});
    if (name == "notifyRewardAmount")
    {
        const auto funded = sandbox_->run(minter_, rewards_->id(),
            contracts::Erc20Mint{farm_->account(), amount_of(args, "funded")});
        if (!funded.ok())
            throw std::invalid_argument{"\"funded\" does not fit the supply"};
        return sandbox_->run(flag_of(args, "by_distributor") ? distributor_ : user, id,
            NotifyRewardAmount{amount_of(args, "reward")});
    }
    if (name == "setRewardsDuration")
        return sandbox_->run(owner_, id, SetRewardsDuration{amount_of(args, "duration")});
    if (name == "setPaused")
        return sandbox_->run(owner_, id, SetPaused{flag_of(args, "paused")});
    throw std::invalid_argument{fmt::format("unknown operation \"{}\"", name)};
}

void StakingRewardsReplayer::operation(const json& line, Comparison& comparison)
{
    if (text_of(line, "op") == "deploy")
    {
        deploy(object_of(line, "a"));
        return;
    }
    if (sandbox_ == nullptr)
        throw std::invalid_argument{"an operation comes before \"deploy\""};
    sandbox_->set_time(count_of(line, "t"));
    const auto outcome = run(line);
    compare_outcome(line, outcome.ok() ? nullptr : &outcome.receipt.refusal, comparison);
    if (line.contains("r"))
    {
        compare_fields("r", member(line, "r"),
            outcome.ok() && outcome.returns.count > 0
                ? Replayed{{"reward", outcome.returns.values[0].to_string()}}
                : Replayed{},
            comparison);
    }
    compare_state(line, comparison);
}

void StakingRewardsReplayer::compare_state(const json& line, Comparison& comparison) const
{
    const auto now = count_of(line, "t");
    const auto& state = farm_->state();
    compare_fields("s", object_of(line, "s"),
        {{"total", state.total_staked.to_string()}, {"rate", state.reward_rate.to_string()},
            {"finish", state.period_finish.to_string()},
            {"last", state.last_update_time.to_string()},
            {"rpt_stored", state.reward_per_token_stored.to_string()},
            {"rpt_now", text_of_view(farm_->reward_per_token(now))},
            {"applicable", farm_->last_time_reward_applicable(now).to_string()},
            {"duration", state.rewards_duration.to_string()},
            {"pool_reward_balance", rewards_->balance(farm_->account()).to_string()}},
        comparison);
    const auto user = user_of(users_, line, "u");
    const auto& staker = farm_->staker(user);
    compare_fields("us", object_of(line, "us"),
        {{"bal", staker.balance.to_string()}, {"paid", staker.reward_per_token_paid.to_string()},
            {"rewards", staker.rewards.to_string()},
            {"earned", text_of_view(farm_->earned(user, now))}},
        comparison);
    if (line.contains("all_earned"))
    {
        const auto& all = member(line, "all_earned");
        if (all.size() != users_.size())
            comparison.mismatch("\"all_earned\" is not one for each user");
        else
        {
            compare_users(
                "all_earned", all, [&](std::size_t i) { return farm_->earned(users_[i], now); },
                comparison);
        }
    }
}
}  // namespace

Protocol staking_rewards_protocol()
{
    return {"synthetix-staking-rewards",
        [](const json& header)
        { return header.value("protocol", json{}) == "synthetix-staking-rewards"; },
        []() -> std::unique_ptr<Replayer> { return std::make_unique<StakingRewardsReplayer>(); }};
}

}  // namespace runnel::replay
