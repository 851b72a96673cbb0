#include "contracts/exchanges/uniswap_v2/factory.hpp"
#include "contracts/exchanges/uniswap_v2/pair.hpp"
#include "contracts/exchanges/uniswap_v2/router.hpp"
#include "contracts/farms/staking_rewards/staking_rewards.hpp"
#include "contracts/lending/aave_v3/pool.hpp"
#include "contracts/oracles/price_oracle/price_oracle.hpp"
#include "contracts/vaults/erc4626/erc4626.hpp"
#include "contracts/vaults/strategy_vault/strategy_vault.hpp"
#include "strategies/market/common.hpp"
#include "strategies/registry.hpp"
#include "strategies/yield/places.hpp"
#include "tests/strategies/lending_fixture.hpp"
#include "tests/support/catch.hpp"

#include <limits>
#include <string>
#include <vector>

using namespace runnel;
using namespace runnel::strategies;
using namespace runnel::strategies::tests;
using runnel::tests::always;
using runnel::tests::FakeWallet;

namespace
{

constexpr std::uint64_t day = 86'400;
using Values = std::vector<std::pair<std::string_view, Parameters::Value>>;
namespace farms = runnel::contracts::staking_rewards;
namespace vaults = runnel::contracts::strategy_vault;
using runnel::contracts::StakingRewards;
using runnel::contracts::StrategyVault;

Values with(Values values, const Values& changes)
{
    for (const auto& change : changes)
    {
        const auto found = std::find_if(values.begin(), values.end(),
            [&](const auto& entry) { return entry.first == change.first; });
        REQUIRE(found != values.end());
        found->second = change.second;
    }
    return values;
}

/// Beside what lends and trades: a token that farms pay, a farm of dollars, a farm of the pair's
/// shares, a fund, and a vault over the fund.
class YieldFixture : public LendingFixture
{
public:
    YieldFixture()
      : minter{sandbox.account("minter")},
        distributor{sandbox.account("distributor")},
        keeper{wallet("vault_keeper")},
        cash{sandbox.add<contracts::Erc20>(
            "CASH", TokenInfo{"CASH", 6}, contracts::TokenFlavour::openzeppelin5, minter)},
        rice{sandbox.add<contracts::Erc20>(
            "RICE", TokenInfo{"RICE", 18}, contracts::TokenFlavour::openzeppelin5, minter)},
        rice_pair{
            sandbox.add<contracts::UniswapV2Pair>("rice_usdc", rice.id(), usdc.id(), factory.id())},
        farm{sandbox.add<StakingRewards>(
            "farm", usdc.id(), rice.id(), Amount{100 * day}, zero_account, distributor)},
        share_farm{sandbox.add<StakingRewards>(
            "share_farm", pair.id(), rice.id(), Amount{100 * day}, zero_account, distributor)},
        fund{sandbox.add<contracts::Erc4626Vault>("fund", cash.id())},
        vault{sandbox.add<StrategyVault>("vault",
            vaults::Settings{cash.id(), fund.id(), 0, no_contract, {}, 10 * day, "yvCASH"},
            vaults::Roles{minter, keeper, minter, 1'000, 0})}
    {
        sandbox.connect();
        const auto rich = sandbox.account("rich");
        rice.allocate(rich, ether(10'000'000));
        usdc.allocate(rich, dollars(20'000'000));
        weth.allocate(rich, ether(10'000));
        run(rich,
            CallWriter{}
                .add(rice.id(), contracts::Erc20Transfer{rice_pair.account(), ether(2'000'000)})
                .add(usdc.id(), contracts::Erc20Transfer{rice_pair.account(), dollars(2'000'000)})
                .add(rice_pair.id(), contracts::uniswap_v2::Mint{rich}));
    }

    /// Pays so much RICE, worth a dollar each, over 100 days.
    void pay(StakingRewards& to, std::uint64_t rewards)
    {
        run(minter,
            CallWriter{}.add(rice.id(), contracts::Erc20Mint{to.account(), ether(rewards)}));
        run(distributor, CallWriter{}.add(to.id(), farms::NotifyRewardAmount{ether(rewards)}));
    }
    /// Somebody stakes dollars.
    void stake(std::uint64_t amount)
    {
        const auto other = sandbox.account("other");
        usdc.allocate(other, dollars(amount));
        run(other, CallWriter{}
                       .add(usdc.id(), contracts::Erc20Approve{farm.account(), Amount::max()})
                       .add(farm.id(), farms::Stake{dollars(amount)}));
    }
    void give(contracts::Erc20& token, AccountId account, const Amount& amount)
    {
        token.allocate(account, amount);
    }

    [[nodiscard]] Values chaser_values() const
    {
        return {{"asset", usdc.id()},
            {"places", std::vector<ContractId>{pool.id(), farm.id(), share_farm.id()}},
            {"pairs", std::vector<ContractId>{pair.id(), rice_pair.id()}}, {"router", router.id()},
            {"coin", weth.id()}, {"enter", always(0)}, {"interval", always(3'600)},
            {"stay", always(30 * day)}, {"pause", always(10 * day)}, {"inertia", always(0.1)},
            {"rate_wanted", always(0.01)}, {"premium", always(0)}, {"leave_below", 0.5},
            {"reward_fall", 0.5}, {"sell_probability", 1.0}, {"slippage_bps", std::int64_t{100}},
            {"fee_tolerance", 0.02}};
    }
    [[nodiscard]] Values depositor_values() const
    {
        return {{"vaults", std::vector<ContractId>{vault.id()}}, {"enter_within", std::int64_t{0}},
            {"interval", always(3'600)}, {"deposit_share", always(0.5)},
            {"withdraw_probability", 0.0}, {"withdraw_share", always(0.5)},
            {"return_probability", 1.0}, {"loss_max", always(0.05)}, {"grudge", always(10 * day)},
            {"fee_tolerance", 0.02}, {"coin", weth.id()}};
    }
    [[nodiscard]] Values keeper_values() const
    {
        return {{"vaults", std::vector<ContractId>{vault.id()}},
            {"check_every", std::int64_t{3'600'000}}, {"every_min", std::int64_t{43'200'000}},
            {"every_max", std::int64_t{604'800'000}}, {"gain_per_gas", 10.0}, {"loss_min", 0.001},
            {"slippage_bps", std::int64_t{100}}, {"coin", weth.id()}};
    }

    /// Lets the wallet act, block by block, until it has nothing more to do; how many it sent.
    static std::size_t settle(FakeWallet& wallet, Strategy& strategy)
    {
        for (std::size_t sent = 0;; ++sent)
        {
            REQUIRE(sent < 10);
            wallet.decide(strategy);
            if (wallet.submissions.empty())
                return sent;
            const auto ran = wallet.run(strategy);
            INFO(ran.outcome.receipt.refusal.to_string());
            REQUIRE(ran.outcome.ok());
            wallet.advance(1);
        }
    }

    AccountId minter, distributor, keeper;
    contracts::Erc20& cash;
    contracts::Erc20& rice;
    contracts::UniswapV2Pair& rice_pair;
    StakingRewards& farm;
    StakingRewards& share_farm;
    contracts::Erc4626Vault& fund;
    StrategyVault& vault;
};

std::uint64_t blocks_of(std::uint64_t seconds)
{
    return seconds / 12;
}
}  // namespace

TEST_CASE("places: what they pay is shared with all who are there", "[scenarios][yield]")
{
    YieldFixture f;
    auto wallet = f.watcher(f.wallet("alice"));
    const DexMap map{f.sandbox.world(), {f.pair.id(), f.rice_pair.id()}};
    Places places{f.sandbox.world(),
        {f.pool.id(), f.farm.id(), f.share_farm.id(), f.fund.id(), f.vault.id()}, f.usdc.id(), map};
    REQUIRE(places.size() == 3);  // The fund and the vault take another token.
    CHECK(places.at(2).pool == &f.pair);
    CHECK(places.at(2).other == f.weth.id());

    // 100,000 RICE over 100 days at a dollar: 365,000 a year.
    f.pay(f.farm, 100'000);
    f.stake(300'000);
    auto mutable_map = DexMap{map};
    mutable_map.observe(wallet.view());
    Places priced{f.sandbox.world(), {f.farm.id()}, f.usdc.id(), mutable_map};
    CHECK(priced.rate(wallet.view(), 0, 0) == Approx(365'000.0 / 300'000).epsilon(1e-6));
    CHECK(priced.rate(wallet.view(), 0, 100'000) == Approx(365'000.0 / 400'000).epsilon(1e-6));
    CHECK(priced.reward_usd(wallet.view(), 0) == Approx(1));
    // Five million are supplied; a newcomer with as much halves what each gets.
    f.borrower("debtor", 2'500'000, 2);
    wallet.advance(1);
    const auto& reserve = places.reserve(wallet.view(), places.at(0));
    const auto supply_rate = reserve.supply_rate.to_double() * 1e-27;
    REQUIRE(supply_rate > 0.001);
    CHECK(places.rate(wallet.view(), 0, 0) == Approx(supply_rate));
    CHECK(places.rate(wallet.view(), 0, 5'000'000) == Approx(supply_rate / 2).epsilon(1e-4));
    wallet.advance(blocks_of(101 * day));  // The period is over.
    CHECK(priced.rate(wallet.view(), 0, 0) == 0);
}

TEST_CASE("places: a vault pays what it has earned and not given out yet", "[scenarios][yield]")
{
    YieldFixture f;
    const auto alice = f.wallet("alice");
    f.give(f.cash, alice, f.dollars(1'000'000));
    f.run(alice, CallWriter{}
                     .add(f.cash.id(), contracts::Erc20Approve{f.vault.account(), Amount::max()})
                     .add(f.vault.id(), vaults::Deposit{f.dollars(1'000'000), alice}));
    auto wallet = f.watcher(alice);
    const DexMap map{f.sandbox.world(), {}};
    Places places{f.sandbox.world(), {f.vault.id()}, f.cash.id(), map};
    REQUIRE(places.size() == 1);
    CHECK(places.rate(wallet.view(), 0, 0) == 0);
    f.run(f.minter,
        CallWriter{}.add(f.cash.id(), contracts::Erc20Mint{f.fund.account(), f.dollars(10'000)}));
    f.run(f.keeper, CallWriter{}.add(f.vault.id(), vaults::Report{}));
    // 9,000 for the holders over ten days: 0.09% of a million a day.
    CHECK(places.rate(wallet.view(), 0, 0) == Approx(365 * 0.0009).epsilon(0.01));
    CHECK(places.rate(wallet.view(), 0, 1'000'000) == Approx(365 * 0.0009 / 2).epsilon(0.02));
    CHECK(places.worth(wallet.view(), 0, alice) == Approx(1'000'000));
}

TEST_CASE("yield chaser: goes where it earns most after gas", "[scenarios][yield]")
{
    YieldFixture f;
    const auto account = f.wallet("alice");
    f.give(f.usdc, account, f.dollars(10'000));
    f.stake(100'000);
    const auto chaser = f.strategy("yield_chaser", account, f.chaser_values());
    auto wallet = f.watcher(account);
    CHECK(chaser->first_block(0) == 1);

    // Nothing pays anything.
    CHECK(f.settle(wallet, *chaser) == 0);

    f.pay(f.farm, 30'000);
    SECTION("a farm of the asset")
    {
        CHECK(f.settle(wallet, *chaser) == 1);
        CHECK(f.farm.staked(account, 0) == f.dollars(10'000));
    }
    SECTION("not if gas costs more than it earns")
    {
        wallet.set_base_fee(20'000'000'000'000);
        CHECK(f.settle(wallet, *chaser) == 0);
    }
    SECTION("not for a rate that it does not want")
    {
        const auto proud = f.strategy(
            "yield_chaser", account, with(f.chaser_values(), {{"rate_wanted", always(1.1)}}));
        CHECK(f.settle(wallet, *proud) == 0);
    }
    SECTION("a farm of shares, if that pays more by more than the risk")
    {
        f.pay(f.share_farm, 8'000);
        const auto careful =
            f.strategy("yield_chaser", account, with(f.chaser_values(), {{"premium", always(1)}}));
        auto other = f.watcher(account);
        // Both pairs are worth 8,000,000; nobody has staked there, so 10,000 would get all.
        CHECK(f.settle(other, *careful) == 2);
        CHECK(!f.share_farm.staked(account, 0).is_zero());
        CHECK(f.farm.staked(account, 0).is_zero());
        // Half of its dollars have bought WETH, and nearly all of both are in the pool.
        CHECK(f.usdc.balance(account).to_double() < 0.01 * 1e10);
        CHECK(f.weth.balance(account).to_double() < 0.01 * 25e18);
    }
}

TEST_CASE("yield chaser: stays for a little more, and moves for much more", "[scenarios][yield]")
{
    YieldFixture f;
    const auto account = f.wallet("alice");
    f.give(f.usdc, account, f.dollars(10'000));
    f.stake(100'000);
    f.pay(f.farm, 30'000);  // 109,500 a year on 110,000.
    const auto chaser = f.strategy("yield_chaser", account, f.chaser_values());
    auto wallet = f.watcher(account);
    REQUIRE(f.settle(wallet, *chaser) == 1);
    wallet.advance(blocks_of(day));
    // It gets all of what the other farm pays, on 10,000: as much, and 5 points more.
    f.pay(f.share_farm, 2'865);
    wallet.decide(*chaser);
    REQUIRE(wallet.submissions.size() == 1);  // It takes what it has earned, and sells it.
    CHECK(f.settle(wallet, *chaser) == 2);
    CHECK(!f.farm.staked(account, 0).is_zero());

    f.pay(f.share_farm, 3'000);
    CHECK(f.settle(wallet, *chaser) >= 3);
    CHECK(f.farm.staked(account, 0).is_zero());
    CHECK(!f.share_farm.staked(account, 0).is_zero());
}

TEST_CASE("yield chaser: takes all out at the end of its stay, and sells what it was paid",
    "[scenarios][yield]")
{
    YieldFixture f;
    const auto account = f.wallet("alice");
    f.give(f.usdc, account, f.dollars(10'000));
    f.pay(f.share_farm, 30'000);
    const auto chaser = f.strategy("yield_chaser", account,
        with(f.chaser_values(), {{"stay", always(10 * day)}, {"interval", always(1e9)}}));
    auto wallet = f.watcher(account);
    REQUIRE(f.settle(wallet, *chaser) == 2);
    REQUIRE(!f.share_farm.staked(account, 0).is_zero());
    wallet.advance(blocks_of(11 * day));
    f.settle(wallet, *chaser);
    CHECK(f.share_farm.staked(account, 0).is_zero());
    CHECK(f.pair.balance(account).is_zero());
    CHECK(f.rice.balance(account).is_zero());
    CHECK(f.weth.balance(account).to_double() < 1e17);  // 20 dollars, not worth a swap.
    // 11 of 100 days of 30,000 RICE, less the fees of two swaps and of the pool's price.
    CHECK(f.usdc.balance(account) > f.dollars(13'100));
    CHECK(f.usdc.balance(account) < f.dollars(13'300));

    // It stays away for as long as it planned, then comes back.
    wallet.advance(blocks_of(5 * day));
    CHECK(f.settle(wallet, *chaser) == 0);
    wallet.advance(blocks_of(6 * day));
    CHECK(f.settle(wallet, *chaser) == 2);
}

TEST_CASE(
    "yield chaser: flees when the rate or what it is paid in has fallen", "[scenarios][yield]")
{
    YieldFixture f;
    const auto account = f.wallet("alice");
    f.give(f.usdc, account, f.dollars(10'000));
    f.stake(100'000);
    f.pay(f.farm, 30'000);
    const auto chaser =
        f.strategy("yield_chaser", account, with(f.chaser_values(), {{"sell_probability", 0.0}}));
    auto wallet = f.watcher(account);
    REQUIRE(f.settle(wallet, *chaser) == 1);
    const auto other = f.sandbox.account("somebody");
    SECTION("others have come")
    {
        f.stake(150'000);
    }
    SECTION("somebody has sold")
    {
        f.give(f.rice, other, f.ether(1'000'000));
        f.run(
            other, CallWriter{}
                       .add(f.rice.id(), contracts::Erc20Approve{f.router.account(), Amount::max()})
                       .add(f.router.id(), contracts::uniswap_v2::SwapExactTokensForTokens{
                                               f.ether(1'000'000), 0, {f.rice.id(), f.usdc.id()},
                                               other, std::numeric_limits<std::uint64_t>::max()}));
    }
    wallet.advance(1);
    f.settle(wallet, *chaser);
    CHECK(f.farm.staked(account, 0).is_zero());
}

TEST_CASE("vault depositor: deposits its share, and leaves after a loss", "[scenarios][yield]")
{
    YieldFixture f;
    const auto account = f.wallet("alice");
    f.give(f.cash, account, f.dollars(10'000));
    const auto depositor = f.strategy("vault_depositor", account, f.depositor_values());
    auto wallet = f.watcher(account);
    wallet.decide(*depositor);
    REQUIRE(wallet.run(*depositor).outcome.ok());
    CHECK(f.vault.share_balance(account) == f.dollars(5'000));

    const auto lose = [&](std::uint64_t amount)
    {
        f.run(f.minter, CallWriter{}.add(f.cash.id(),
                            contracts::Erc20Burn{f.fund.account(), f.dollars(amount)}));
        f.run(f.keeper, CallWriter{}.add(f.vault.id(), vaults::Report{}));
    };
    const auto patient = f.strategy(
        "vault_depositor", account, with(f.depositor_values(), {{"return_probability", 0.0}}));
    wallet.advance(blocks_of(day));
    wallet.decide(*patient);
    REQUIRE(wallet.submissions.size() == 1);  // Its first deposit: it knows of no other.
    wallet.submissions.clear();
    lose(200);  // 4%
    wallet.decide(*patient);
    wallet.submissions.clear();
    lose(100);  // 6% of the highest that it has seen in all.
    wallet.decide(*patient);
    REQUIRE(wallet.submissions.size() == 1);
    CHECK(wallet.run(*patient).outcome.ok());
    CHECK(f.vault.share_balance(account).is_zero());
    CHECK(f.cash.balance(account) == f.dollars(9'700));
}

TEST_CASE("vault depositor: stays away for as long as it is cross", "[scenarios][yield]")
{
    YieldFixture f;
    const auto account = f.wallet("alice");
    f.give(f.cash, account, f.dollars(10'000));
    const auto depositor = f.strategy("vault_depositor", account, f.depositor_values());
    auto wallet = f.watcher(account);
    wallet.decide(*depositor);
    REQUIRE(wallet.run(*depositor).outcome.ok());
    f.run(f.minter,
        CallWriter{}.add(f.cash.id(), contracts::Erc20Burn{f.fund.account(), f.dollars(1'000)}));
    f.run(f.keeper, CallWriter{}.add(f.vault.id(), vaults::Report{}));
    wallet.advance(blocks_of(day));
    wallet.decide(*depositor);
    REQUIRE(wallet.run(*depositor).outcome.ok());
    CHECK(f.vault.share_balance(account).is_zero());
    wallet.advance(blocks_of(9 * day));
    wallet.decide(*depositor);
    CHECK(wallet.submissions.empty());
    wallet.advance(blocks_of(2 * day));
    wallet.decide(*depositor);
    CHECK(wallet.submissions.size() == 1);
}

TEST_CASE("vault keeper: reports what is worth the gas, losses at once, and its own vaults alone",
    "[scenarios][yield]")
{
    YieldFixture f;
    const auto alice = f.wallet("alice");
    f.give(f.cash, alice, f.dollars(1'000'000));
    f.run(alice, CallWriter{}
                     .add(f.cash.id(), contracts::Erc20Approve{f.vault.account(), Amount::max()})
                     .add(f.vault.id(), vaults::Deposit{f.dollars(1'000'000), alice}));
    f.run(f.keeper, CallWriter{}.add(f.vault.id(), vaults::Report{}));
    const auto keeper = f.strategy("vault_keeper", f.keeper, f.keeper_values());
    auto wallet = f.watcher(f.keeper);
    wallet.set_price(f.cash.id(), 1);
    wallet.set_base_fee(99'000'000'000);  // And a tip of 1 gwei.
    const auto gain = [&](std::uint64_t amount)
    {
        f.run(f.minter, CallWriter{}.add(f.cash.id(),
                            contracts::Erc20Mint{f.fund.account(), f.dollars(amount)}));
    };
    const auto due = [&](Strategy& strategy)
    {
        wallet.submissions.clear();
        wallet.decide(strategy);
        return !wallet.submissions.empty();
    };
    const auto gas = f.vault.report_gas().total() + 21'000;
    const auto ten_times_gas =
        static_cast<std::uint64_t>(10 * 200 * 100e-9 * static_cast<double>(gas));
    REQUIRE(ten_times_gas > 10);

    wallet.advance(blocks_of(day));
    gain(ten_times_gas - 2);
    CHECK_FALSE(due(*keeper));
    gain(4);
    CHECK(due(*keeper));
    REQUIRE(wallet.run(*keeper).outcome.ok());
    CHECK(f.vault.last_report() == wallet.view().timestamp);

    // Not so soon after the last; a loss at once; whatever there is after a week.
    gain(1'000);
    CHECK_FALSE(due(*keeper));
    f.run(f.minter,
        CallWriter{}.add(f.cash.id(), contracts::Erc20Burn{f.fund.account(), f.dollars(3'000)}));
    CHECK(due(*keeper));
    REQUIRE(wallet.run(*keeper).outcome.ok());
    wallet.advance(blocks_of(7 * day));
    CHECK_FALSE(due(*keeper));
    gain(1);
    CHECK(due(*keeper));

    const auto stranger = f.strategy("vault_keeper", alice, f.keeper_values());
    auto other = f.watcher(alice);
    other.decide(*stranger);
    CHECK(other.submissions.empty());
}

TEST_CASE("yield strategies: who is always refused falls silent", "[scenarios][yield]")
{
    YieldFixture f;
    const auto account = f.wallet("alice");
    f.give(f.usdc, account, f.dollars(10'000));
    f.give(f.cash, account, f.dollars(10'000));
    f.stake(100'000);
    f.pay(f.farm, 30'000);
    const auto sent = [&](std::string_view name, AccountId sender, Values values)
    {
        auto wallet = f.watcher(sender);
        const auto strategy = f.strategy(name, sender, values);
        return runnel::tests::sent_when_all_is_refused(wallet, *strategy, 20'000);
    };
    const Values often{{"interval", always(12)}};
    CHECK(sent("yield_chaser", account, with(f.chaser_values(), often)) == Refusals::most);
    CHECK(sent("vault_depositor", account, with(f.depositor_values(), often)) == Refusals::most);
    f.run(account, CallWriter{}
                       .add(f.cash.id(), contracts::Erc20Approve{f.vault.account(), Amount::max()})
                       .add(f.vault.id(), vaults::Deposit{f.dollars(10'000), account}));
    f.run(f.minter,
        CallWriter{}.add(f.cash.id(), contracts::Erc20Burn{f.fund.account(), f.dollars(5'000)}));
    CHECK(sent("vault_keeper", f.keeper,
              with(f.keeper_values(), {{"check_every", std::int64_t{12'000}}})) == Refusals::most);
}
