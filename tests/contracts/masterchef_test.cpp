#include "contracts/farms/masterchef/masterchef.hpp"

#include "contracts/tokens/erc20/erc20.hpp"
#include "tests/contracts/contract_fixture.hpp"

#include <array>
#include <random>

namespace runnel::contracts
{
namespace
{
using namespace masterchef;

struct ChefFixture : ContractFixture
{
    /// 100 SUSHI units a block from block 10 on, ten times as much up to block 20.
    explicit ChefFixture(Schedule schedule = {100, 10, 20, 10})
      : owner{sandbox.account("owner")},
        dev{sandbox.account("dev")},
        users{sandbox.account("alice"), sandbox.account("bob"), sandbox.account("carol")},
        sushi{sandbox.add<Erc20>(
            "SUSHI", TokenInfo{"SUSHI", 18}, TokenFlavour::openzeppelin4, sandbox.account("chef"))},
        lp{&sandbox.add<Erc20>("LP0", TokenInfo{"LP0", 18}, TokenFlavour::openzeppelin4),
            &sandbox.add<Erc20>("LP1", TokenInfo{"LP1", 18}, TokenFlavour::openzeppelin4)},
        chef{sandbox.add<MasterChef>("chef", sushi.id(), schedule,
            std::vector<FirstPool>{{lp[0]->id(), 300}, {lp[1]->id(), 100}}, owner, dev)}
    {
        sandbox.connect();
        for (auto* token : lp)
        {
            for (const auto user : users)
            {
                token->allocate(user, Amount::power_of_ten(30));
                expect_ok(user, token->id(), Erc20Approve{chef.account(), Amount::max()});
            }
        }
    }

    template <typename Call>
    Sandbox::Outcome call(std::uint64_t block, AccountId sender, const Call& call)
    {
        sandbox.set_block(block);
        auto outcome = expect_ok(sender, chef.id(), call);
        REQUIRE(outcome.undeclared_touches == 0);
        return outcome;
    }
    template <typename Call>
    void refused(std::uint64_t block, AccountId sender, const Call& call, std::string_view reason)
    {
        sandbox.set_block(block);
        expect_refusal(sender, chef.id(), call, reason);
    }

    AccountId owner, dev;
    std::array<AccountId, 3> users;
    Erc20& sushi;
    std::array<Erc20*, 2> lp;
    MasterChef& chef;
};
}  // namespace

TEST_CASE("masterchef: blocks pay by points and stake, ten times while the bonus lasts",
    "[contracts][farms]")
{
    ChefFixture f;
    f.call(8, f.users[0], Deposit{0, 1});
    CHECK(f.chef.pool_info(0).last_reward_block == 10);
    // Blocks 11 to 15 with the bonus, of which three quarters are pool 0's.
    CHECK(f.chef.pending(0, f.users[0], 15).value() == 3'750);
    f.call(15, f.users[1], Deposit{0, 3});
    CHECK(f.sushi.balance(f.dev) == 375);
    CHECK(f.sushi.balance(f.chef.account()) == 3'750);
    // 16 to 20 with it, 21 to 25 without: 3,750 and 375, of which alice has a quarter.
    CHECK(f.chef.pending(0, f.users[0], 25).value() == 3'750 + 1'031);
    CHECK(f.chef.pending(0, f.users[1], 25).value() == 3'093);
    const auto paid = f.call(25, f.users[1], Withdraw{0, 3});
    CHECK(paid.returns.values[0] == 3'093);
    CHECK(f.sushi.balance(f.users[1]) == 3'093);
    CHECK(f.call(25, f.users[0], Deposit{0, 0}).returns.values[0] == 3'750 + 1'031);
    // Pool 1 had no stakes: its blocks earned for nobody.
    f.call(30, f.users[2], Deposit{1, 5});
    CHECK(f.chef.pending(1, f.users[2], 31).value() == 25);
}

TEST_CASE("masterchef: owner's calls, and what they re-price", "[contracts][farms]")
{
    ChefFixture f;
    f.refused(
        12, f.users[0], Add{1, f.lp[0]->account(), false}, "Ownable: caller is not the owner");
    f.refused(12, f.users[0], Set{0, 1, false}, "Ownable: caller is not the owner");
    f.refused(12, f.owner, Set{2, 1, false}, "(invalid opcode)");
    f.refused(12, f.owner, Add{1, f.users[0], false}, "no such token");
    f.refused(12, f.users[0], Dev{f.users[0]}, "dev: wut?");
    f.call(30, f.users[0], Deposit{0, 1});
    // Without an update the new share counts for the ten blocks before, too.
    f.call(40, f.owner, Set{0, 100, false});
    CHECK(f.chef.pending(0, f.users[0], 40).value() == 500);
    f.call(40, f.owner, Set{0, 300, true});
    CHECK(f.chef.pending(0, f.users[0], 40).value() == 500);
    CHECK(f.chef.pending(0, f.users[0], 50).value() == 1'250);
    // A second pool of the same token dilutes the first, as both look at one balance.
    f.call(50, f.owner, Add{400, f.lp[0]->account(), true});
    CHECK(f.chef.state().total_alloc_point == 800);
    f.call(50, f.users[1], Deposit{2, 2});
    CHECK(f.chef.pending(0, f.users[0], 58).value() == 1'250 + 100);
    f.call(60, f.dev, Dev{f.users[2]});
    f.call(60, f.users[0], UpdatePool{0});
    CHECK(f.sushi.balance(f.users[2]) == 37);
    // All points gone: pools with stakes cannot be updated, nor left but in an emergency.
    f.call(60, f.owner, Set{0, 0, true});
    f.call(60, f.owner, Set{1, 0, false});
    f.call(60, f.owner, Set{2, 0, false});
    f.call(60, f.users[0], Withdraw{0, 0});  // Up to date in its block.
    f.refused(61, f.users[0], Withdraw{0, 1}, "SafeMath: division by zero");
    f.call(61, f.users[0], EmergencyWithdraw{0});
    CHECK(f.lp[0]->balance(f.users[0]) == Amount::power_of_ten(30));
    CHECK(f.chef.user_info(0, f.users[0]).reward_debt.is_zero());
}

TEST_CASE("masterchef: refusals", "[contracts][farms]")
{
    ChefFixture f;
    f.refused(12, f.users[0], Withdraw{0, 1}, "withdraw: not good");
    f.refused(12, f.users[0], Withdraw{2, 0}, "(invalid opcode)");
    f.refused(12, f.users[0], Deposit{Amount::power_of_two(64), 0}, "(invalid opcode)");
    f.refused(12, f.users[0], EmergencyWithdraw{2}, "(invalid opcode)");
    f.refused(12, f.users[0], UpdatePool{2}, "(invalid opcode)");
    f.refused(12, f.users[0], Deposit{0, Amount::power_of_ten(31)},
        "ERC20: transfer amount exceeds balance");
}

TEST_CASE(
    "masterchef: whoever comes and goes, no more is paid than was minted", "[contracts][farms]")
{
    std::mt19937_64 random{20'260'302};
    for (int round = 0; round < 20; ++round)
    {
        ChefFixture f{{1 + random() % 1'000'000'000, 10, random() % 400, 10}};
        std::uint64_t block = 5;
        std::array<Amount, 2> staked;
        for (int i = 0; i < 80; ++i)
        {
            block += random() % 12;
            const auto pid = random() % 2;
            const auto user = f.users[random() % f.users.size()];
            CAPTURE(round, i, block, pid, dump(f.chef.pool_info(pid)));
            const auto has = f.chef.user_info(pid, user).amount;
            const auto owed = f.chef.pending(pid, user, block);
            const auto before = f.sushi.balance(user);
            const auto supply = f.chef.lp_supply(pid);
            switch (random() % 6)
            {
                case 0:
                case 1:
                case 2: {
                    const Amount amount{random() % 1'000'000'000'000'000};
                    f.call(block, user, Deposit{pid, amount});
                    staked[pid] = wrapping_add(staked[pid], amount);
                    break;
                }
                case 3:
                case 4: {
                    const Amount amount{has.is_zero() ? 0 : random() % (has.low64() + 1)};
                    f.call(block, user, Withdraw{pid, amount});
                    staked[pid] = wrapping_sub(staked[pid], amount);
                    break;
                }
                default: f.call(block, user, MassUpdatePools{});
            }
            REQUIRE(owed.has_value());
            const auto paid = wrapping_sub(f.sushi.balance(user), before);
            // A rounding can leave the chef a unit short for each of those who were paid before.
            REQUIRE(paid <= *owed);
            REQUIRE(f.chef.lp_supply(pid) == staked[pid]);
            // What a pool has promised since it began is at most what was minted for it.
            const auto& pool = f.chef.pool_info(pid);
            if (pool.last_reward_block == block && !supply.is_zero())
                REQUIRE(
                    f.chef.pending(pid, user, block).value() <= f.sushi.balance(f.chef.account()));
            // A tenth more than what the stakers' part is goes to dev, rounded down each time.
            const auto of_stakers = wrapping_sub(f.sushi.total_supply(), f.sushi.balance(f.dev));
            REQUIRE(wrapping_mul(f.sushi.balance(f.dev), 10) <= of_stakers);
        }
        Amount owed_to_all;
        for (std::size_t pid = 0; pid < 2; ++pid)
        {
            f.call(block, f.users[0], UpdatePool{pid});
            for (const auto user : f.users)
                owed_to_all = wrapping_add(owed_to_all, f.chef.pending(pid, user, block).value());
        }
        // Debts are rounded down: each change of a stake may owe its owner a unit more.
        REQUIRE(owed_to_all <= wrapping_add(f.sushi.balance(f.chef.account()), 80));
    }
}

TEST_CASE("masterchef: rewards per share and shares of pools round down", "[contracts][farms]")
{
    CHECK(acc_per_share_down(5, 1, 3).value() == 5 + 333'333'333'333);
    CHECK(accumulated_down(2, 999'999'999'999).value() == 1);
    CHECK(pending_down(2, 999'999'999'999, 1).value() == 0);
    CHECK(pending_down(2, 999'999'999'999, 2).error().text == "SafeMath: subtraction overflow");
    CHECK(pool_reward_down(7, 10, 2, 3).value() == 46);
    CHECK(pool_reward_down(7, 10, 2, 0).error().text == "SafeMath: division by zero");
    const Schedule schedule{1, 0, 100, 10};
    CHECK(multiplier(schedule, 90, 100).value() == 100);
    CHECK(multiplier(schedule, 90, 101).value() == 101);
    CHECK(multiplier(schedule, 100, 101).value() == 1);
    CHECK(multiplier(schedule, 90, 89).error().text == "SafeMath: subtraction overflow");
}

TEST_CASE("masterchef: the farm as strategies know it", "[contracts][farms]")
{
    ChefFixture f;
    const Farm& farm = f.chef;
    CHECK(farm.pool_count() == 2);
    CHECK(farm.claims_with_stake());
    const auto rate = [&](std::uint64_t block) { return farm.pool(0, {0, block}).rewards[0]; };
    CHECK(rate(9).rate.is_zero());
    CHECK(rate(9).until == 10);
    CHECK(rate(10).rate == 750);
    CHECK(rate(19).rate == 750);
    CHECK(rate(19).until == 20);
    CHECK(rate(20).rate == 75);
    CHECK(rate(20).until == ~0ULL);
    f.sandbox.set_block(12);
    CallWriter calls;
    farm.add_stake(calls, 0, 40);
    f.expect_ok(f.users[0], calls);
    CHECK(farm.staked(f.users[0], 0) == 40);
    CHECK(farm.pool(0, {0, 12}).total_staked == 40);
    CHECK(farm.earned(f.users[0], 0, {0, 14})[0].amount == 1'500);
    f.sandbox.set_block(14);
    CallWriter leave;
    farm.add_claim(leave, 0);
    farm.add_withdraw(leave, 0, 40);
    f.expect_ok(f.users[0], leave);
    CHECK(f.sushi.balance(f.users[0]) == 1'500);
}

}  // namespace runnel::contracts
