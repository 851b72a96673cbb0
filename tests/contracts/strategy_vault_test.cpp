#include "contracts/vaults/strategy_vault/strategy_vault.hpp"

#include "contracts/farms/staking_rewards/staking_rewards.hpp"
#include "contracts/vaults/erc4626/erc4626.hpp"
#include "tests/contracts/aave_v3_fixture.hpp"
#include "tests/contracts/uniswap_v2_fixture.hpp"

#include <random>

namespace runnel::contracts
{
namespace
{
using namespace strategy_vault;

constexpr std::uint64_t start = 1'700'000'000;
constexpr std::uint64_t day = 86'400;

/// The strategy vault holds another vault's shares; that one gains by gifts and loses by burns.
struct NestedFixture : ContractFixture
{
    explicit NestedFixture(std::uint16_t performance_fee = 1'000, std::uint16_t management_fee = 0)
      : minter{sandbox.account("minter")},
        boss{sandbox.account("boss")},
        keeper{sandbox.account("keeper")},
        fees{sandbox.account("fees")},
        alice{sandbox.account("alice")},
        bob{sandbox.account("bob")},
        asset{sandbox.add<Erc20>("DAI", TokenInfo{"DAI", 18}, TokenFlavour::openzeppelin5, minter)},
        inner{sandbox.add<Erc4626Vault>("inner", asset.id())},
        vault{sandbox.add<StrategyVault>("vault",
            Settings{asset.id(), inner.id(), 0, no_contract, {}, 10 * day, "yvDAI"},
            Roles{boss, keeper, fees, performance_fee, management_fee})}
    {
        sandbox.connect();
        set_time(start);
        for (const auto user : {alice, bob})
        {
            asset.allocate(user, Amount::power_of_ten(24));
            expect_ok(user, asset.id(), Erc20Approve{vault.account(), Amount::max()});
        }
    }

    void set_time(std::uint64_t time)
    {
        now = time;
        sandbox.set_time(time);
    }
    template <typename Call>
    Amount call(AccountId sender, const Call& call)
    {
        return expect_ok(sender, vault.id(), call).returns.values[0];
    }
    void gain(const Amount& assets)
    {
        expect_ok(minter, asset.id(), Erc20Mint{inner.account(), assets});
    }
    void lose(const Amount& assets)
    {
        expect_ok(minter, asset.id(), Erc20Burn{inner.account(), assets});
    }
    Returns report() { return expect_ok(keeper, vault.id(), Report{}).returns; }
    [[nodiscard]] Amount worth(AccountId user) const
    {
        return vault.convert_to_assets(vault.balance(user), now).value();
    }

    AccountId minter, boss, keeper, fees, alice, bob;
    Erc20& asset;
    Erc4626Vault& inner;
    StrategyVault& vault;
    std::uint64_t now = 0;
};
}  // namespace

TEST_CASE("strategy vault: a gain pays fees and unlocks by and by", "[contracts][vaults]")
{
    NestedFixture f;
    CHECK(f.call(f.alice, Deposit{1'000'000, f.alice}) == 1'000'000);
    CHECK(f.asset.balance(f.inner.account()) == 1'000'000);
    CHECK(f.report().values[0] == 0);
    f.gain(100'001);                       // Of which a unit is the inner vault's virtual share's.
    CHECK(f.worth(f.alice) == 1'000'000);  // Nobody has counted yet.
    f.set_time(start + day);
    const auto outcome = f.expect_ok(f.keeper, f.vault.id(), Report{});
    CHECK(outcome.returns.values[0] == 100'000);
    CHECK(outcome.returns.values[1] == 0);
    const auto rows = ContractFixture::events_of<VaultReport>(outcome.block);
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].asset == f.asset.id());
    CHECK(rows[0].gain_raw == 100'000);
    CHECK(rows[0].loss_raw.is_zero());
    CHECK(rows[0].fees_raw == 10'000);
    CHECK(f.vault.balance(f.fees) == 10'000);
    CHECK(f.vault.locked_shares(f.now) == 90'000);
    CHECK(f.vault.total_assets(f.now) == 1'100'000);
    CHECK(f.worth(f.alice) == 1'000'000);  // The price has not moved.
    f.set_time(start + 6 * day);
    CHECK(f.vault.locked_shares(f.now) == 45'001);  // What unlocks is rounded down.
    CHECK(f.worth(f.alice) == 1'042'653);           // 1,000,000 * 1,100,000 / 1,055,001
    f.set_time(start + 11 * day);
    CHECK(f.vault.locked_shares(f.now).is_zero());
    CHECK(f.worth(f.alice) == 1'089'108);  // 1,000,000 * 1,100,000 / 1,010,000
    // Who comes now pays that price.
    CHECK(f.call(f.bob, Deposit{1'100'000, f.bob}) == 1'010'000);
    CHECK(f.call(f.bob, Redeem{1'010'000, f.bob, f.bob}) == 1'100'000);
    CHECK(f.call(f.alice, Redeem{1'000'000, f.alice, f.alice}) == 1'089'108);
    CHECK(f.call(f.fees, Redeem{10'000, f.fees, f.fees}) == 10'892);
    CHECK(f.vault.total_assets(f.now).is_zero());
}

TEST_CASE("strategy vault: old and new locks share a mean time", "[contracts][vaults]")
{
    NestedFixture f{0};
    f.call(f.alice, Deposit{1'000'000, f.alice});
    f.report();
    f.gain(100'001);
    f.report();
    CHECK(f.vault.state().full_profit_unlock_date == start + 10 * day);
    f.set_time(start + 5 * day);
    f.gain(50'000);
    f.report();
    // 50,001 of 100,000 are left, for 5 days; 50,000 * 1,050,001 / 1,100,000 come for 10.
    CHECK(f.vault.balance(f.vault.account()) == 50'001 + 47'727);
    // (50,001 * 5 days + 47,727 * 10 days) / 97,728, down.
    CHECK(f.vault.state().full_profit_unlock_date == f.now + 642'973);
}

TEST_CASE(
    "strategy vault: a loss takes what is locked first, then the price", "[contracts][vaults]")
{
    NestedFixture f{0};
    f.call(f.alice, Deposit{1'000'000, f.alice});
    f.report();
    f.gain(100'001);
    f.report();
    f.lose(40'000);
    CHECK(f.vault.preview_report(f.now, 1).value().assets == 1'060'000);
    CHECK(f.report().values[1] == 40'000);
    CHECK(f.vault.locked_shares(f.now) == 60'000);
    CHECK(f.worth(f.alice) == 1'000'000);
    f.lose(500'001);
    f.report();
    CHECK(f.vault.locked_shares(f.now).is_zero());
    CHECK(f.worth(f.alice) == 560'000);
    // Life goes on: others come at the new price, a gain is shared by all.
    CHECK(f.call(f.bob, Deposit{56'000, f.bob}) == 100'000);
    f.set_time(start + day);
    f.gain(61'600);
    f.report();
    f.set_time(start + 20 * day);
    CHECK(f.worth(f.alice) == 616'000);
    CHECK(f.worth(f.bob) == 61'600);
    // All is lost: shares are worth nothing, and no deposit would get any.
    f.lose(f.asset.balance(f.inner.account()));
    f.report();
    CHECK(f.worth(f.alice).is_zero());
    f.expect_refusal(f.bob, f.vault.id(), Deposit{5, f.bob}, "ZERO_SHARES");
}

TEST_CASE(
    "strategy vault: who leaves before a loss is reported bears his own", "[contracts][vaults]")
{
    NestedFixture f;
    f.call(f.alice, Deposit{600'000, f.alice});
    f.call(f.bob, Deposit{400'000, f.bob});
    f.lose(700'000);
    const auto id = f.vault.id();
    // A redemption of 400,000 gets the 300,000 that are there; a withdrawal wants all.
    f.expect_refusal(f.bob, id, Withdraw{400'000, f.bob, f.bob}, "too much loss");
    f.expect_refusal(f.bob, id, Redeem{400'000, f.bob, f.bob, 2'499}, "too much loss");
    f.expect_refusal(f.bob, id, Redeem{400'000, f.bob, f.bob, 10'001}, "exceeds MAX_BPS");
    CHECK(f.call(f.bob, Redeem{400'000, f.bob, f.bob, 2'501}) == 300'000);
    CHECK(f.vault.total_assets(f.now) == 600'000);
    CHECK(f.report().values[1] == 600'000);
    CHECK(f.worth(f.alice).is_zero());
}

TEST_CASE("strategy vault: the management fee is of assets and time, and never more than the gain",
    "[contracts][vaults]")
{
    NestedFixture f{1'000, 200};
    f.call(f.alice, Deposit{Amount::power_of_ten(18), f.alice});
    f.report();
    f.set_time(start + seconds_per_year / 4);
    f.gain(Amount::power_of_ten(16));
    const auto outcome = f.expect_ok(f.keeper, f.vault.id(), Report{});
    ReportedLog log;
    for (const auto& event : outcome.block.events)
    {
        if (event.type == &event_type<ReportedLog>)
            REQUIRE(decode(outcome.block.encoding(event), log));
    }
    CHECK(log.management_fees == 5'000'000'000'000'000);  // 1e18 * 2 % / 4
    CHECK(log.performance_fees == 999'999'999'999'999);   // A tenth of 1e16 less a rounding.
    f.set_time(start + seconds_per_year / 2);
    f.gain(1'000'000);
    const auto before = f.vault.balance(f.fees);
    f.report();
    // All of it is fees.
    CHECK(f.vault.balance(f.fees) > before);
    CHECK(f.vault.state().profit_unlocking_rate.is_zero());
}

TEST_CASE("strategy vault: fractions stay with those who stay", "[contracts][vaults]")
{
    NestedFixture f;
    f.call(f.alice, Deposit{1'000'000, f.alice});
    f.report();
    f.gain(100'001);
    f.set_time(start + day);
    f.report();
    f.set_time(start + 12 * day);
    f.gain(100'000);
    f.report();
    // 100,000 * 1,010,000 / 1,100,000 = 91,818.2 shares, of which 10,000 / 100,000 are fees.
    CHECK(f.vault.balance(f.fees) == 10'000 + 9'181);
    CHECK(f.vault.locked_shares(f.now) == 91'818 - 9'181);
    f.lose(50'000);
    CHECK(f.report().values[1] == 50'000);
    // 50,000 * 1,101,818 / 1,200,000 = 45,909.1
    CHECK(f.vault.locked_shares(f.now) == 91'818 - 9'181 - 45'909);

    NestedFixture g{0};
    g.call(g.alice, Deposit{1'000, g.alice});
    g.report();
    g.gain(101);
    g.report();
    g.set_time(start + 10 * day);
    CHECK(g.call(g.bob, Deposit{3, g.bob}) == 2);
    CHECK(g.vault.max_withdraw(g.bob, g.now) == 2);  // 2 * 1,103 / 1,002
    g.expect_refusal(
        g.bob, g.vault.id(), Withdraw{3, g.bob, g.bob}, "ERC4626: withdraw more than max");

    NestedFixture h;
    h.call(h.bob, Deposit{10, h.bob});
    h.lose(4);
    // 1 of 7 is missing: 14.3 %.
    h.expect_refusal(h.bob, h.vault.id(), Redeem{7, h.bob, h.bob, 1'400}, "too much loss");
    CHECK(h.call(h.bob, Redeem{7, h.bob, h.bob, 1'429}) == 6);
}

TEST_CASE("strategy vault: who may do what", "[contracts][vaults]")
{
    NestedFixture f;
    const auto id = f.vault.id();
    f.expect_refusal(f.alice, id, Report{}, "!keeper");
    f.expect_refusal(f.alice, id, Tend{}, "!keeper");
    f.expect_refusal(f.keeper, id, ShutdownStrategy{}, "!management");
    f.expect_refusal(f.keeper, id, SetFees{0, 0}, "!management");
    f.expect_refusal(f.boss, id, SetFees{5'001, 0}, "MAX FEE");
    f.expect_refusal(f.boss, id, EmergencyWithdraw{1}, "not shutdown");
    f.expect_refusal(f.alice, id, Deposit{1, f.vault.account()}, "ERC4626: deposit more than max");
    f.expect_refusal(
        f.alice, id, strategy_vault::Mint{1, f.vault.account()}, "ERC4626: mint more than max");
    f.expect_refusal(f.alice, id, Deposit{0, f.alice}, "ZERO_SHARES");
    f.expect_refusal(f.alice, id, Mint{0, f.alice}, "ZERO_ASSETS");
    CHECK(f.call(f.alice, strategy_vault::Mint{1'000, f.alice}) == 1'000);
    f.expect_refusal(
        f.alice, id, Withdraw{1'001, f.alice, f.alice}, "ERC4626: withdraw more than max");
    f.expect_refusal(f.alice, id, Redeem{1'001, f.alice, f.alice}, "ERC4626: redeem more than max");
    f.expect_refusal(f.alice, id, Redeem{1, zero_account, f.alice}, "ZERO ADDRESS");
    f.expect_refusal(f.bob, id, Redeem{1, f.bob, f.alice},
        "ERC20InsufficientAllowance(#" + std::to_string(index(f.bob)) + ", 0, 1)");
    f.expect_refusal(
        f.alice, id, Erc20Transfer{f.vault.account(), 1}, "ERC20 transfer to strategy");
    f.expect_ok(f.boss, id, SetFees{0, 0});
    // A gift does not move the price before it is counted, and nobody's deposit goes astray.
    f.expect_ok(f.bob, f.asset.id(), Erc20Transfer{f.vault.account(), 500});
    CHECK(f.worth(f.alice) == 1'000);
    f.expect_ok(f.keeper, id, Tend{});
    CHECK(f.asset.balance(f.vault.account()).is_zero());
    CHECK(f.report().values[0] == 500);
    // Shut down: no deposits, assets come back, withdrawals go on.
    f.expect_ok(f.boss, id, ShutdownStrategy{});
    f.expect_refusal(f.bob, id, Deposit{10, f.bob}, "ERC4626: deposit more than max");
    f.expect_refusal(f.bob, id, strategy_vault::Mint{10, f.bob}, "ERC4626: mint more than max");
    CHECK(f.vault.max_deposit(f.bob, f.now).is_zero());
    f.expect_ok(f.boss, id, EmergencyWithdraw{Amount::max()});
    CHECK(f.asset.balance(f.vault.account()) == 1'500);
    f.report();
    CHECK(f.asset.balance(f.vault.account()) == 1'500);
    CHECK(f.call(f.alice, Withdraw{1'000, f.alice, f.alice}) == 1'000);
}

TEST_CASE("strategy vault: it lends on Aave", "[contracts][vaults]")
{
    AaveV3Fixture f;
    const auto boss = f.sandbox.account("boss");
    const auto fees = f.sandbox.account("fees");
    auto& vault = f.sandbox.add<StrategyVault>("vault",
        Settings{
            f.token[AaveV3Fixture::usdc]->id(), f.pool.id(), 0, no_contract, {}, day, "yvUSDC"},
        Roles{boss, boss, fees, 1'000, 0});
    f.sandbox.connect();
    const auto usdc = f.token[AaveV3Fixture::usdc]->id();
    f.expect_ok(f.alice, usdc, Erc20Approve{vault.account(), Amount::max()});
    f.expect_ok(f.alice, vault.id(), Deposit{tokens(100'000, 6), f.alice});
    CHECK(f.pool.cash(AaveV3Fixture::usdc) == tokens(100'000, 6));
    f.expect_ok(
        f.bob, f.token[AaveV3Fixture::weth]->id(), Erc20Approve{f.pool.account(), Amount::max()});
    f.expect_ok(f.bob, f.pool.id(),
        aave_v3::Supply{f.token[AaveV3Fixture::weth]->id(), tokens(100), f.bob});
    f.expect_ok(f.bob, f.pool.id(), aave_v3::Borrow{usdc, tokens(80'000, 6), 2});
    f.expect_ok(boss, vault.id(), Report{});
    f.pass(365 * day);
    const auto preview = vault.preview_report(f.now, 1).value();
    CHECK(preview.swapped.is_zero());
    const auto gain = f.expect_ok(boss, vault.id(), Report{}).returns.values[0];
    CHECK(preview.assets == wrapping_add(tokens(100'000, 6), gain));
    // 4 % on 80 % less the reserve factor of 10 %, compounded to the borrower.
    CHECK(gain.to_double() / 1e6 == Approx(100'000 * 0.04 * 0.8 * 0.9).epsilon(0.03));
    const auto view = f.pool.view_at(f.now);
    CHECK(
        view->holding(vault.account(), AaveV3Fixture::usdc).supplied == vault.total_assets(f.now));
    f.pass(day);
    // What is lent cannot be withdrawn: the market's refusal is the vault's.
    CHECK(vault.max_withdraw(f.alice, f.now) == tokens(20'000, 6));
    CHECK_FALSE(
        f.sandbox.run(f.alice, vault.id(), Redeem{vault.balance(f.alice), f.alice, f.alice}).ok());
    f.expect_ok(f.alice, vault.id(), Withdraw{tokens(20'000, 6), f.alice, f.alice});
    f.expect_ok(f.bob, f.pool.id(), aave_v3::Repay{usdc, Amount::max(), 2, f.bob});
    f.expect_ok(f.alice, vault.id(), Redeem{vault.balance(f.alice), f.alice, f.alice});
    const auto earned =
        wrapping_sub(f.token[AaveV3Fixture::usdc]->balance(f.alice), tokens(1'000'000, 6));
    // The fee's shares, a tenth of the gain at the price before, rise with hers.
    const auto deposit = 1e11;
    const auto profit = gain.to_double();
    CHECK(earned.to_double() ==
          Approx(deposit * (deposit + profit) / (deposit + profit / 10) - deposit).epsilon(1e-4));
}

TEST_CASE("strategy vault: it farms, swaps what it earns and compounds", "[contracts][vaults]")
{
    UniswapV2Fixture f;
    const auto boss = f.sandbox.account("boss");
    const auto distributor = f.sandbox.account("distributor");
    auto& farm =
        f.sandbox.add<StakingRewards>("farm", f.a.id(), f.b.id(), Amount{day}, boss, distributor);
    auto& vault = f.sandbox.add<StrategyVault>("vault",
        Settings{f.a.id(), farm.id(), 0, f.b.id(), {f.pair.id()}, day, "yvA"},
        Roles{boss, boss, boss, 0, 0});
    f.b.allocate(distributor, ether(1'000));
    f.sandbox.connect();
    f.add_liquidity(ether(1'000'000), ether(1'000'000));
    f.expect_ok(f.alice, f.a.id(), Erc20Approve{vault.account(), Amount::max()});
    f.expect_ok(f.alice, vault.id(), Deposit{ether(100), f.alice});
    CHECK(farm.staker(vault.account()).balance == ether(100));
    CHECK(vault.state().staked == ether(100));
    f.expect_ok(distributor, CallWriter{}
                                 .add(f.b.id(), Erc20Transfer{farm.account(), ether(10)})
                                 .add(farm.id(), staking_rewards::NotifyRewardAmount{ether(10)}));
    const auto noted = farm.state().last_update_time.low64();
    f.sandbox.set_time(noted + day);
    const auto reward = farm.earned(vault.account(), noted + day).value();
    const auto out = f.pair.quote_exact_input(f.b.id(), f.a.id(), reward).value();
    // Who looks after vaults is told beforehand what the report will find.
    const auto preview = vault.preview_report(noted + day, 1).value();
    CHECK(preview.swapped == out);
    CHECK(preview.assets == wrapping_add(ether(100), out));
    f.expect_refusal(boss, vault.id(), Report{wrapping_add(out, 1)},
        "UniswapV2Router: INSUFFICIENT_OUTPUT_AMOUNT");
    const auto outcome = f.expect_ok(boss, vault.id(), Report{out});
    CHECK(outcome.returns.values[0] == out);
    // What was bought is staked too.
    CHECK(farm.staker(vault.account()).balance == wrapping_add(ether(100), out));
    CHECK(f.b.balance(vault.account()).is_zero());
    const auto harvests = f.events_of<HarvestedLog>(outcome.block);
    REQUIRE(harvests.size() == 1);
    CHECK(harvests[0].sold == reward);
    CHECK(harvests[0].bought == out);
    f.sandbox.set_time(noted + 3 * day);
    f.expect_refusal(boss, vault.id(), Report{1}, "StrategyVault: the rewards bring too little");
    f.expect_ok(f.alice, vault.id(), Redeem{ether(100), f.alice, f.alice});
    CHECK(farm.staker(vault.account()).balance.is_zero());
    CHECK(vault.total_assets(noted + 3 * day).is_zero());
}

TEST_CASE("strategy vault: a source of another token takes nothing", "[contracts][vaults]")
{
    UniswapV2Fixture f;
    auto& inner = f.sandbox.add<Erc4626Vault>("inner", f.b.id());
    auto& vault = f.sandbox.add<StrategyVault>(
        "vault", Settings{f.a.id(), inner.id(), 0, no_contract, {}, day, "yvA"}, Roles{});
    f.sandbox.connect();
    f.expect_ok(f.alice, f.a.id(), Erc20Approve{vault.account(), Amount::max()});
    f.expect_refusal(f.alice, vault.id(), Deposit{5, f.alice},
        "StrategyVault: the source does not take the asset");
}

TEST_CASE("strategy vault: nobody gains by coming and going", "[contracts][vaults]")
{
    std::mt19937_64 random{20'260'304};
    for (int round = 0; round < 25; ++round)
    {
        NestedFixture f{static_cast<std::uint16_t>(random() % 2'000),
            static_cast<std::uint16_t>(random() % 500)};
        f.call(f.alice, Deposit{1'000'000 + random() % 1'000'000'000, f.alice});
        for (int i = 0; i < 50; ++i)
        {
            f.set_time(f.now + random() % (2 * day));
            const auto user = random() % 2 == 0 ? f.alice : f.bob;
            const Amount amount{1 + random() % 1'000'000};
            CAPTURE(round, i, amount.to_string(), dump(f.vault.state()));
            const auto alice_before = f.worth(f.alice);
            switch (random() % 7)
            {
                case 0:
                    if (const auto shares = f.vault.preview_deposit(amount, f.now);
                        shares.has_value() && !shares->is_zero())
                        REQUIRE(f.call(user, Deposit{amount, user}) == *shares);
                    break;
                case 1:
                    if (const auto assets = f.vault.preview_mint(amount, f.now);
                        assets.has_value() && !assets->is_zero() &&
                        *assets <= f.asset.balance(user))
                        REQUIRE(f.call(user, strategy_vault::Mint{amount, user}) == *assets);
                    break;
                case 2: {
                    const auto take = std::min(amount, f.vault.max_withdraw(user, f.now));
                    const auto shares = f.vault.preview_withdraw(take, f.now).value();
                    if (!shares.is_zero())
                    {
                        const auto spent =
                            f.sandbox.run(user, f.vault.id(), Withdraw{take, user, user});
                        if (spent.ok())
                            REQUIRE(spent.returns.values[0] == shares);
                        else  // A loss that nobody has reported.
                            REQUIRE(spent.receipt.refusal.text == "too much loss");
                    }
                    break;
                }
                case 3: {
                    const auto burn = std::min(amount, f.vault.balance(user));
                    const auto worth = f.vault.preview_redeem(burn, f.now).value();
                    if (!worth.is_zero())
                        REQUIRE(f.call(user, Redeem{burn, user, user}) <= worth);
                    break;
                }
                case 4: f.gain(amount); break;
                case 5: {
                    const auto before = f.vault.total_assets(f.now);
                    const auto price = std::pair{before, f.vault.share_supply(f.now)};
                    const auto counted = f.report();
                    REQUIRE(
                        f.vault.total_assets(f.now) ==
                        wrapping_sub(wrapping_add(before, counted.values[0]), counted.values[1]));
                    if (counted.values[1].is_zero() && !price.second.is_zero())
                    {
                        // A gain moves no price at once, dust in favour of shares apart.
                        const auto after =
                            std::pair{f.vault.total_assets(f.now), f.vault.share_supply(f.now)};
                        REQUIRE(wrapping_mul(after.first, price.second) >=
                                wrapping_mul(price.first, after.second));
                    }
                    break;
                }
                default:
                    f.lose(std::min(Amount{random() % 5'000}, f.asset.balance(f.inner.account())));
            }
            // Only a report can take something from a holder who does nothing.
            if (user == f.bob && f.vault.state().last_report != f.now)
                REQUIRE(f.worth(f.alice) >= alice_before);
        }
        // All can leave, and nobody leaves with more than there is.
        f.report();
        f.set_time(f.now + 30 * day);
        for (const auto user : {f.alice, f.bob, f.fees})
        {
            const auto shares = f.vault.balance(user);
            if (!f.vault.preview_redeem(shares, f.now).value().is_zero())
                f.call(user, Redeem{shares, user, user});
        }
        REQUIRE(f.vault.total_assets(f.now) <= 3);
    }
}

}  // namespace runnel::contracts
