#include "contracts/farms/staking_rewards/staking_rewards.hpp"

#include "contracts/farms/staking_rewards/math.hpp"
#include "contracts/tokens/erc20/erc20.hpp"
#include "tests/contracts/contract_fixture.hpp"

#include <array>
#include <random>
#include <string>

namespace runnel::contracts
{
namespace
{
using namespace staking_rewards;

constexpr std::uint64_t start = 1'600'000'000;
constexpr std::uint64_t duration = 1'000;

struct FarmFixture : ContractFixture
{
    explicit FarmFixture(bool same_token = false)
      : minter{sandbox.account("minter")},
        owner{sandbox.account("owner")},
        distributor{sandbox.account("distributor")},
        users{sandbox.account("alice"), sandbox.account("bob"), sandbox.account("carol")},
        staking{sandbox.add<Erc20>("LP", TokenInfo{"LP", 18}, TokenFlavour::openzeppelin4, minter)},
        rewards{same_token ? staking
                           : sandbox.add<Erc20>(
                                 "SNX", TokenInfo{"SNX", 18}, TokenFlavour::openzeppelin4, minter)},
        farm{sandbox.add<StakingRewards>(
            "farm", staking.id(), rewards.id(), Amount{duration}, owner, distributor)}
    {
        sandbox.connect();
        sandbox.set_time(start);
        for (const auto user : users)
        {
            staking.allocate(user, Amount::power_of_ten(30));
            expect_ok(user, staking.id(), Erc20Approve{farm.account(), Amount::max()});
        }
    }

    template <typename Call>
    Sandbox::Outcome call(AccountId sender, const Call& call)
    {
        auto outcome = expect_ok(sender, farm.id(), call);
        REQUIRE(outcome.undeclared_touches == 0);
        return outcome;
    }
    void fund(const Amount& reward)
    {
        expect_ok(minter, rewards.id(), Erc20Mint{farm.account(), reward});
    }
    /// Starts a period.
    void reward(const Amount& reward)
    {
        fund(reward);
        call(distributor, NotifyRewardAmount{reward});
    }
    [[nodiscard]] Amount earned(std::size_t user, std::uint64_t at) const
    {
        return farm.earned(users[user], at).value();
    }

    AccountId minter, owner, distributor;
    std::array<AccountId, 3> users;
    Erc20& staking;
    Erc20& rewards;
    StakingRewards& farm;
};
}  // namespace

TEST_CASE("staking rewards: a stream is divided by stake and time", "[contracts][farms]")
{
    FarmFixture f;
    f.call(f.users[0], Stake{1});
    f.reward(100'000);
    CHECK(f.farm.state().reward_rate == 100);
    CHECK(f.farm.state().period_finish == start + duration);
    f.sandbox.set_time(start + 500);
    f.call(f.users[1], Stake{3});
    // 500 s alone, then a quarter and three quarters of 500 s.
    CHECK(f.earned(0, start + 500) == 50'000);
    CHECK(f.earned(0, start + 900) == 60'000);
    CHECK(f.earned(0, start + 5'000) == 62'500);
    CHECK(f.earned(1, start + 5'000) == 37'500);
    f.sandbox.set_time(start + 5'000);
    const auto paid = f.call(f.users[1], Exit{});
    CHECK(paid.returns.values[0] == 37'500);
    CHECK(f.rewards.balance(f.users[1]) == 37'500);
    CHECK(f.staking.balance(f.users[1]) == Amount::power_of_ten(30));
    CHECK(f.farm.state().total_staked == 1);
    std::string names;
    for (const auto& event : paid.block.events)
        names += std::string{event.type->name} + ' ';
    CHECK(names == "Transfer Withdrawn FarmMove Transfer RewardPaid FarmMove FarmPool ");
    CHECK(f.call(f.users[1], GetReward{}).returns.values[0] == 0);
    CHECK(f.call(f.users[0], GetReward{}).returns.values[0] == 62'500);
}

TEST_CASE("staking rewards: what streams while nobody stakes is lost", "[contracts][farms]")
{
    FarmFixture f;
    f.reward(100'000);
    f.sandbox.set_time(start + 400);
    f.call(f.users[0], Stake{7});
    CHECK(f.farm.state().last_update_time == start + 400);
    CHECK(f.earned(0, start + duration) == 59'999);  // 60,000, down per token.
    // A second period takes along what is left of the first: (10,000 + 600 * 100) / 1,000.
    f.reward(10'000);
    CHECK(f.farm.state().reward_rate == 70);
    CHECK(f.farm.state().period_finish == start + 400 + duration);
}

TEST_CASE("staking rewards: refusals in the deployed order", "[contracts][farms]")
{
    FarmFixture f;
    const auto id = f.farm.id();
    const auto alice = f.users[0];
    f.expect_refusal(alice, id, Stake{0}, "Cannot stake 0");
    f.expect_refusal(
        alice, id, Stake{Amount::power_of_ten(31)}, "SafeERC20: low-level call failed");
    f.expect_refusal(alice, id, Withdraw{0}, "Cannot withdraw 0");
    f.expect_refusal(alice, id, Withdraw{1}, "SafeMath: subtraction overflow");
    f.expect_refusal(alice, id, Exit{}, "Cannot withdraw 0");
    f.expect_refusal(
        alice, id, NotifyRewardAmount{1}, "Caller is not RewardsDistribution contract");
    f.expect_refusal(f.distributor, id, NotifyRewardAmount{duration}, "Provided reward too high");
    const std::string_view not_owner = "Only the contract owner may perform this action";
    f.expect_refusal(alice, id, SetPaused{true}, not_owner);
    f.expect_refusal(alice, id, SetRewardsDuration{1}, not_owner);
    f.expect_refusal(alice, id, SetRewardsDistribution{alice}, not_owner);
    f.expect_refusal(alice, id, RecoverErc20{alice, 1}, not_owner);

    f.call(alice, Stake{5});
    f.call(f.owner, SetPaused{true});
    f.expect_refusal(
        alice, id, Stake{0}, "This action cannot be performed while the contract is paused");
    f.call(alice, Withdraw{5});
    CHECK(f.call(f.owner, SetPaused{true}).block.events.size() == 1);  // The snapshot alone.

    f.reward(duration);
    f.sandbox.set_time(start + duration);
    f.expect_refusal(f.owner, id, SetRewardsDuration{0},
        "Previous rewards period must be complete before changing the duration for the new period");
    f.sandbox.set_time(start + duration + 1);
    f.call(f.owner, SetRewardsDuration{0});
    f.expect_refusal(f.distributor, id, NotifyRewardAmount{1}, "SafeMath: division by zero");
    f.call(f.owner, SetRewardsDistribution{alice});
    f.expect_refusal(
        f.distributor, id, NotifyRewardAmount{1}, "Caller is not RewardsDistribution contract");

    f.expect_refusal(f.owner, id, RecoverErc20{f.rewards.account(), 1},
        "Cannot withdraw the staking or rewards tokens");
    f.expect_refusal(f.owner, id, RecoverErc20{alice, 1}, "(no reason)");
}

TEST_CASE("staking rewards: whoever comes and goes, no more is paid than was streamed",
    "[contracts][farms]")
{
    std::mt19937_64 random{20'260'301};
    for (int round = 0; round < 25; ++round)
    {
        FarmFixture f{round % 5 == 4};
        auto now = start;
        Amount promised;  // rate * duration of all periods that ran out.
        Amount streamed;  // To somebody, up to now.
        const auto pass = [&](std::uint64_t seconds)
        {
            const auto& state = f.farm.state();
            const auto from = std::min(Amount{now}, state.period_finish);
            now += seconds;
            const auto to = std::min(Amount{now}, state.period_finish);
            if (!state.total_staked.is_zero())
            {
                streamed =
                    wrapping_add(streamed, wrapping_mul(wrapping_sub(to, from), state.reward_rate));
            }
            f.sandbox.set_time(now);
        };
        Amount paid;
        for (int i = 0; i < 60; ++i)
        {
            pass(random() % 150);
            const auto user = random() % f.users.size();
            const auto sender = f.users[user];
            CAPTURE(round, i, user, now, dump(f.farm.state()));
            const auto& staker = f.farm.staker(sender);
            const auto owed = f.earned(user, now);
            switch (random() % 5)
            {
                case 0:
                case 1: f.call(sender, Stake{1 + random() % 1'000'000'000'000'000'000}); break;
                case 2:
                    if (!staker.balance.is_zero())
                        f.call(sender, Withdraw{1 + random() % staker.balance.low64()});
                    break;
                case 3: {
                    const auto reward = f.call(sender, GetReward{}).returns.values[0];
                    REQUIRE(reward == owed);
                    paid = wrapping_add(paid, reward);
                    break;
                }
                default: {
                    const Amount reward{1 + random() % 1'000'000'000'000};
                    const auto left = f.farm.state().period_finish > Amount{now}
                                          ? wrapping_sub(f.farm.state().period_finish, now)
                                          : Amount{};
                    const auto before = wrapping_mul(left, f.farm.state().reward_rate);
                    f.reward(reward);
                    REQUIRE(wrapping_mul(f.farm.state().reward_rate, duration) <=
                            wrapping_add(reward, before));
                }
            }
            Amount owed_to_all;
            for (std::size_t k = 0; k < f.users.size(); ++k)
                owed_to_all = wrapping_add(owed_to_all, f.earned(k, now));
            REQUIRE(wrapping_add(owed_to_all, paid) <= streamed);
        }
        pass(duration);
        for (const auto user : f.users)
        {
            if (!f.farm.staker(user).balance.is_zero())
                paid = wrapping_add(paid, f.call(user, Exit{}).returns.values[0]);
            paid = wrapping_add(paid, f.call(user, GetReward{}).returns.values[0]);
        }
        CAPTURE(round, paid.to_string(), streamed.to_string());
        REQUIRE(f.farm.state().total_staked.is_zero());
        REQUIRE(paid <= streamed);
        // A unit for each staker and update, and 10^-18 of the stake (at most 60 * 10^18).
        REQUIRE(wrapping_sub(streamed, paid) <= 60 * (60 + 3));
    }
}

TEST_CASE("staking rewards: the farm as strategies know it", "[contracts][farms]")
{
    FarmFixture f;
    const Farm* farm = find_farm(f.sandbox.world(), f.farm.id());
    REQUIRE(farm != nullptr);
    CHECK(find_farm(f.sandbox.world(), f.staking.id()) == nullptr);
    CHECK(farm->pool_count() == 1);
    f.expect_ok(f.users[0],
        [&]
        {
            CallWriter calls;
            farm->add_stake(calls, 0, 40);
            return calls;
        }());
    f.reward(100'000);
    const auto pool = farm->pool(0, {start + 10, 3});
    CHECK(pool.staked_token == f.staking.id());
    CHECK(pool.total_staked == 40);
    CHECK(pool.takes_stakes);
    REQUIRE(pool.rewards.size() == 1);
    CHECK(pool.rewards[0].token == f.rewards.id());
    CHECK(pool.rewards[0].rate == 100);
    CHECK(pool.rewards[0].until == start + duration);
    CHECK(farm->pool(0, {start + duration, 3}).rewards[0].rate.is_zero());
    CHECK(farm->staked(f.users[0], 0) == 40);
    CHECK(farm->earned(f.users[0], 0, {start + 10, 3})[0].amount == 1'000);
    f.sandbox.set_time(start + 10);
    CallWriter calls;
    farm->add_claim(calls, 0);
    farm->add_withdraw(calls, 0, 40);
    f.expect_ok(f.users[0], calls);
    CHECK(f.rewards.balance(f.users[0]) == 1'000);
    CHECK(farm->staked(f.users[0], 0).is_zero());
}

}  // namespace runnel::contracts
