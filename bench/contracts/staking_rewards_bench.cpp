#include "bench/contracts/contract_bench.hpp"
#include "contracts/farms/staking_rewards/staking_rewards.hpp"

namespace runnel::bench
{
namespace
{
using namespace contracts;
using namespace contracts::staking_rewards;

/// A farm with a period under way that outlasts the measurement, in which everybody has staked.
struct StakingWorld
{
    explicit StakingWorld(BenchWorld& bench)
      : distributor{bench.accounts().front()},
        staking{bench.add_token("LP")},
        rewards{bench.add_token("SNX")},
        farm{bench.add<StakingRewards>(
            "farm", staking.id(), rewards.id(), Amount::power_of_ten(9), distributor, distributor)}
    {
        bench.connect();
        bench.approve_all(staking.id(), farm.account());
        for (const auto account : bench.accounts())
            bench.prepare(account, farm.id(), Stake{Amount::power_of_ten(24)});
        bench.prepare(distributor,
            CallWriter{}
                .add(rewards.id(), Erc20Transfer{farm.account(), Amount::power_of_ten(28)})
                .add(farm.id(), NotifyRewardAmount{Amount::power_of_ten(27)}));
    }

    AccountId distributor;
    Erc20& staking;
    Erc20& rewards;
    StakingRewards& farm;
};
}  // namespace

std::vector<ContractBench> staking_rewards_benches()
{
    std::vector<ContractBench> benches;
    const auto add = [&](std::string name, auto make_call)
    {
        benches.push_back(bench_in<StakingWorld>("staking_rewards." + std::move(name),
            [make_call](StakingWorld& world, BenchTransaction& transaction)
            { transaction.calls.add(world.farm.id(), make_call(world, transaction)); }));
    };
    add("stake", [](StakingWorld&, BenchTransaction& transaction)
        { return Stake{transaction.amount(1'000)}; });
    add("withdraw", [](StakingWorld&, BenchTransaction& transaction)
        { return Withdraw{transaction.amount(1'000)}; });
    add("getReward", [](StakingWorld&, BenchTransaction&) { return GetReward{}; });
    add("notifyRewardAmount",
        [](StakingWorld& world, BenchTransaction& transaction)
        {
            transaction.sender = world.distributor;
            return NotifyRewardAmount{transaction.amount(1'000)};
        });
    return benches;
}

}  // namespace runnel::bench
