// Attackers and their victims: each attack pays where it is open, and is left where it is not.
#include "contracts/exchanges/curve_stableswap/pool.hpp"
#include "contracts/governance/stake_governor/governor.hpp"
#include "contracts/lending/naive_lender/lender.hpp"
#include "contracts/oracles/pool_oracle/pool_oracle.hpp"
#include "contracts/stablecoins/fiat_token/fiat_token.hpp"
#include "contracts/tokens/weth9/weth9.hpp"
#include "contracts/vaults/curve_vault/curve_vault.hpp"
#include "contracts/vaults/erc4626/erc4626.hpp"
#include "strategies/attacks/habits.hpp"
#include "tests/strategies/lending_fixture.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

using namespace runnel;
using namespace runnel::strategies;
using runnel::strategies::tests::LendingFixture;
using runnel::tests::always;
using runnel::tests::FakeWallet;

namespace
{
using Values = std::vector<std::pair<std::string_view, Parameters::Value>>;
using contracts::Erc20Approve;
using contracts::Erc20Transfer;

struct AttackFixture : LendingFixture
{
    AttackFixture()
      : me{wallet("attacker")},
        victim{wallet("victim")},
        coin{sandbox.add<contracts::Weth9>("WCOIN", "WCOIN")}
    {
        sandbox.connect();
        usdc.allocate(victim, dollars(100'000));
        usdc.allocate(me, dollars(50'000));
        coin.allocate(sandbox.world(), victim, ether(60));
        coin.allocate(sandbox.world(), me, ether(100));
    }
    void approve(AccountId owner, ContractId token, AccountId spender)
    {
        run(owner, CallWriter{}.add(token, Erc20Approve{spender, Amount::max()}));
    }
    [[nodiscard]] std::unique_ptr<Strategy> in_groups(std::string_view name, AccountId account,
        const Values& values, const GroupAccounts& groups) const
    {
        Parameters parameters;
        for (const auto& [key, value] : values)
            parameters.set(key, value);
        auto group = runnel::tests::group_of_one(sandbox_world(), account);
        group.groups = std::make_shared<const GroupAccounts>(groups);
        return find_strategy_type(name)->create(parameters, group);
    }
    [[nodiscard]] const World& sandbox_world() const
    {
        return const_cast<AttackFixture*>(this)->sandbox.world();
    }
    [[nodiscard]] Amount coins(AccountId account)
    {
        return sandbox.world().account_states.get(account).balance;
    }

    AccountId me;
    AccountId victim;
    contracts::Weth9& coin;
};

/// Lets a strategy act for so many blocks, running what it sends.
void act(FakeWallet& wallet, Strategy& strategy, std::uint64_t blocks)
{
    auto next = wallet.view().block_number;
    const auto end = next + blocks;
    for (; wallet.view().block_number < end; wallet.advance(1))
    {
        if (wallet.view().block_number >= next)
            next = wallet.decide(strategy);
        for (const auto& ran : wallet.run_all(strategy))
        {
            if (ran.acts_again)
                next = wallet.view().block_number + 1;
        }
    }
}
}  // namespace

TEST_CASE("vault inflator: gains all of a smaller deposit, or finds out that it would not",
    "[strategies][attacks]")
{
    const bool is_virtual = GENERATE(false, true);
    AttackFixture f;
    auto& vault = f.sandbox.add<contracts::Erc4626Vault>("vault", f.usdc.id(), 0, "v", is_virtual);
    f.sandbox.connect();
    const Values values{{"vault", vault.id()}, {"at", std::int64_t{0}}, {"gift", always(20'000)},
        {"patience", std::int64_t{3'600'000}}, {"urgency", 30.0}, {"gain_wanted", 1.0}};
    const auto strategy = f.strategy("vault_inflator", f.me, values);
    auto wallet = f.watcher(f.me);
    const auto before = f.usdc.balance(f.me);
    CHECK(strategy->first_block(0) == 1);
    act(wallet, *strategy, 5);
    if (is_virtual)
    {
        // Half of the gift of 1,000 units stays in the vault.
        CHECK(f.usdc.balance(f.me) == wrapping_sub(before, 500));
        CHECK(vault.total_supply().is_zero());
        act(wallet, *strategy, 400);
        CHECK(f.usdc.balance(f.me) == wrapping_sub(before, 500));
        return;
    }
    CHECK(f.usdc.balance(f.me) == wrapping_sub(before, wrapping_add(f.dollars(20'000), 1'001)));
    f.approve(f.victim, f.usdc.id(), vault.account());
    f.run(f.victim,
        CallWriter{}.add(vault.id(), contracts::erc4626::Deposit{f.dollars(15'000), f.victim}));
    CHECK(vault.balance(f.victim).is_zero());
    act(wallet, *strategy, 10);  // It wants as much as it gave, and waits.
    CHECK(vault.balance(f.me) == 1);
    f.run(f.victim,
        CallWriter{}.add(vault.id(), contracts::erc4626::Deposit{f.dollars(6'000), f.victim}));
    act(wallet, *strategy, 3);
    CHECK(f.usdc.balance(f.me) == wrapping_add(before, f.dollars(21'000)));
    act(wallet, *strategy, 400);
    CHECK(vault.total_supply().is_zero());
}

TEST_CASE("vault inflator: leaves a vault that others use, and leaves when nobody comes",
    "[strategies][attacks]")
{
    AttackFixture f;
    auto& vault = f.sandbox.add<contracts::Erc4626Vault>("vault", f.usdc.id(), 0, "v", false);
    f.sandbox.connect();
    const Values values{{"vault", vault.id()}, {"at", std::int64_t{0}}, {"gift", always(20'000)},
        {"patience", std::int64_t{3'600'000}}, {"urgency", 30.0}, {"gain_wanted", 1.0}};
    auto wallet = f.watcher(f.me);
    const auto before = f.usdc.balance(f.me);
    SECTION("nobody comes")
    {
        const auto strategy = f.strategy("vault_inflator", f.me, values);
        act(wallet, *strategy, 320);
        CHECK(f.usdc.balance(f.me) == before);
        CHECK(vault.total_supply().is_zero());
    }
    SECTION("somebody is there")
    {
        f.approve(f.victim, f.usdc.id(), vault.account());
        f.run(f.victim, CallWriter{}.add(vault.id(), contracts::erc4626::Deposit{5, f.victim}));
        const auto strategy = f.strategy("vault_inflator", f.me, values);
        CHECK(wallet.decide(*strategy) > 1'000'000);
        CHECK(wallet.submissions.empty());
    }
    SECTION("refused")
    {
        const auto strategy = f.strategy("vault_inflator", f.me, values);
        CHECK(runnel::tests::sent_when_all_is_refused(wallet, *strategy, 1'000) <= 16);
    }
}

namespace
{
contracts::NaiveLender& coin_lender(AttackFixture& f, bool is_careful)
{
    auto& lender = f.sandbox.add<contracts::NaiveLender>(
        "lender", contracts::naive_lender::Setup{
                      f.coin.id(), f.usdc.id(), f.oracle.id(), {7'000, 7'500, 800, 0}, is_careful});
    f.sandbox.connect();
    f.approve(f.victim, f.coin.id(), lender.account());
    f.run(f.victim, CallWriter{}.add(lender.id(),
                        contracts::naive_lender::Supply{f.coin.id(), f.ether(60), f.victim}));
    return lender;
}
Values drainer_of(const AttackFixture& f, const contracts::NaiveLender& lender)
{
    return {{"market", lender.id()}, {"at", std::int64_t{0}}, {"every", std::int64_t{600'000}},
        {"times", std::int64_t{6}}, {"strikes", std::int64_t{3}}, {"fee_tolerance", 0.5},
        {"coin", f.coin.id()}};
}
}  // namespace

TEST_CASE("coin drainer: is paid seven times by who is careless, and goes by who is not",
    "[strategies][attacks]")
{
    const bool is_careful = GENERATE(false, true);
    AttackFixture f;
    auto& lender = coin_lender(f, is_careful);
    const auto strategy = f.strategy("coin_drainer", f.me, drainer_of(f, lender));
    auto wallet = f.watcher(f.me);
    wallet.set_price(f.coin.id(), 2'000);
    const auto before = f.coins(f.me);
    act(wallet, *strategy, 400);
    CHECK(lender.entry(f.me).supplied_scaled.is_zero());
    if (is_careful)
    {
        CHECK(f.coin.balance(f.me) == f.ether(100));
        CHECK(f.coins(f.me) == before);
        CHECK(f.coin.balance(lender.account()) == f.ether(60));
        return;
    }
    // 10 of its own, six times 10 of the victim's 60.
    CHECK(f.coins(f.me) == wrapping_add(before, f.ether(70)));
    CHECK(f.coin.balance(f.me) == f.ether(90));
    CHECK(f.coin.balance(lender.account()).is_zero());
}

TEST_CASE(
    "coin drainer: is not for too little, nor repeated without bound", "[strategies][attacks]")
{
    AttackFixture f;
    auto& lender = coin_lender(f, false);
    const auto strategy = f.strategy("coin_drainer", f.me, drainer_of(f, lender));
    auto wallet = f.watcher(f.me);
    SECTION("too little")
    {
        wallet.set_price(f.coin.id(), 2'000);
        wallet.set_base_fee(10'000'000'000'000'000);  // 10^16 wei of gas are worth more.
        act(wallet, *strategy, 100);
        CHECK(lender.entry(f.me).supplied_scaled.is_zero());
    }
    SECTION("refused")
    {
        wallet.set_price(f.coin.id(), 2'000);
        CHECK(runnel::tests::sent_when_all_is_refused(wallet, *strategy, 1'000) <= 16);
    }
}

TEST_CASE("price manipulator: borrows against a price that it makes, and leaves one that it cannot",
    "[strategies][attacks]")
{
    const std::uint64_t window = GENERATE(0, 1'800);
    AttackFixture f;
    auto& source = f.sandbox.add<contracts::PoolOracle>(
        "source", contracts::PoolOracleTerms{f.pair.id(), true, f.usd(1), window, f.usd(200)});
    f.sandbox.connect();
    // Its genesis sets the other token's price.
    GenesisBuilder builder{f.sandbox.world()};
    source.genesis(Parameters{}, builder);
    f.run(f.me, CallWriter{}.add(source.id(), contracts::UpdatePoolPrice{}));
    auto& lender = f.sandbox.add<contracts::NaiveLender>(
        "lender", contracts::naive_lender::Setup{
                      f.usdc.id(), f.weth.id(), source.id(), {7'000, 7'500, 800, 0}, true});
    f.sandbox.connect();
    f.usdc.allocate(f.victim, f.dollars(3'000'000));
    f.approve(f.victim, f.usdc.id(), lender.account());
    f.run(f.victim, CallWriter{}.add(lender.id(), contracts::naive_lender::Supply{f.usdc.id(),
                                                      f.dollars(3'000'000), f.victim}));
    const Values values{{"market", lender.id()}, {"lenders", std::vector<ContractId>{f.pool.id()}},
        {"exchanges", std::vector<ContractId>{}}, {"at", std::int64_t{0}},
        {"every", std::int64_t{300'000}}, {"push", 4'000'000.0}, {"buy", 0.0},
        {"gain_min", 1'000.0}, {"strikes", std::int64_t{1}}, {"fee_tolerance", 0.5},
        {"coin", f.weth.id()}};
    const auto strategy = f.strategy("price_manipulator", f.me, values);
    auto wallet = f.watcher(f.me);
    wallet.advance(200);
    const auto before = f.usdc.balance(f.me);
    if (window != 0)
    {
        act(wallet, *strategy, 300);
        CHECK(f.usdc.balance(f.me) == before);
        CHECK(lender.view_at(wallet.view().timestamp)->borrowers().empty());
        return;
    }
    wallet.decide(*strategy);
    REQUIRE(wallet.submissions.size() == 1);
    const auto ran = wallet.run(*strategy);
    INFO(ran.outcome.receipt.refusal.to_string());
    REQUIRE(ran.outcome.ok());
    CHECK(f.usdc.balance(f.me) > before);
    // What it owes is worth more than what it has pledged, at the price of before.
    const auto entry = lender.entry(f.me);
    CHECK(entry.debt_scaled.to_double() / 1e6 > entry.collateral.to_double() / 1e18 * 200);
    const auto after = f.usdc.balance(f.me);
    act(wallet, *strategy, 100);
    CHECK(f.usdc.balance(f.me) == after);  // One strike.
    CHECK(lender.entry(f.me).collateral == entry.collateral);

    const auto other = f.strategy("price_manipulator", f.me, values);
    CHECK(runnel::tests::sent_when_all_is_refused(wallet, *other, 1'000) <= 16);
}

// A treasury of 100 WETH, 20,000 USD, and votes of USDC: a victim has 90,000 locked.
TEST_CASE("governor attacker: takes a treasury with borrowed votes, and leaves what they cannot",
    "[strategies][attacks]")
{
    using namespace contracts::stake_governor;
    const bool counts_past = GENERATE(false, true);
    constexpr std::uint64_t day = 86'400;
    AttackFixture f;
    auto& governor = f.sandbox.add<contracts::StakeGovernor>(
        "governor", Rules{f.usdc.id(), counts_past, 10, 2'000, 0, 7 * day, day});
    f.sandbox.connect();
    f.weth.allocate(governor.account(), f.ether(100));
    f.approve(f.victim, f.usdc.id(), governor.account());
    f.run(f.victim, CallWriter{}.add(governor.id(), Lock{f.dollars(90'000)}));
    const Values values{{"governance", governor.id()},
        {"lenders", std::vector<ContractId>{f.pool.id()}}, {"token", f.weth.id()},
        {"at", std::int64_t{0}}, {"every", std::int64_t{600'000}}, {"gain_min", 1'000.0},
        {"fee_tolerance", 0.5}, {"coin", f.weth.id()}};
    const auto strategy = f.strategy("governor_attacker", f.me, values);
    auto wallet = f.watcher(f.me);
    const auto before = f.usdc.balance(f.me);
    act(wallet, *strategy, 5);
    if (counts_past)
    {
        CHECK(governor.proposals() == 0);
        CHECK(f.usdc.balance(f.me) == before);
        CHECK(wallet.decide(*strategy) > 1'000'000);
        return;
    }
    REQUIRE(governor.proposals() == 1);
    CHECK(governor.locked(f.me) == 10);
    SECTION("of all that was there")
    {
        act(wallet, *strategy, day / 12);
        CHECK(f.weth.balance(f.me) == f.ether(100));
        // Twice the victim's votes, less what it has of its own: 3 * 10 = 2 * 10 + 10.
        const auto borrowed = wrapping_sub(f.dollars(180'000), 10);
        CHECK(governor.proposal(0).for_votes == wrapping_add(borrowed, 10));
        const auto fee = div_down(wrapping_add(wrapping_mul(borrowed, 5), 5'000), 10'000);
        CHECK(f.usdc.balance(f.me) == wrapping_sub(before, fee));
        CHECK(governor.locked(f.me).is_zero());
        const auto after = f.usdc.balance(f.me);
        act(wallet, *strategy, 100);
        CHECK(f.usdc.balance(f.me) == after);
    }
    SECTION("of what a grant has left")
    {
        CallWriter grant;
        grant.add(f.weth.id(), Erc20Transfer{f.victim, f.ether(60)});
        f.run(f.victim, CallWriter{}
                            .add(governor.id(), Propose{grant.list(), {}})
                            .add(governor.id(), CastVote{1, 1}));
        wallet.advance(day / 12);
        f.run(f.victim, CallWriter{}.add(governor.id(), EmergencyCommit{1}));
        act(wallet, *strategy, 3);
        CHECK(governor.proposals() == 3);  // Once more, for 40.
        act(wallet, *strategy, day / 12);
        CHECK(f.weth.balance(f.me) == f.ether(40));
        CHECK(governor.locked(f.me).is_zero());
    }
    SECTION("that nobody lends votes for any more")
    {
        f.usdc.allocate(f.victim, f.dollars(10'000'000));
        f.run(f.victim, CallWriter{}.add(governor.id(), Lock{f.dollars(10'000'000)}));
        act(wallet, *strategy, 7 * day / 12 + 5);
        CHECK(f.weth.balance(f.me).is_zero());
        CHECK(f.usdc.balance(f.me) == before);  // It has unlocked its own.
    }
    SECTION("refused")
    {
        const auto other = f.strategy("governor_attacker", f.me, values);
        CHECK(runnel::tests::sent_when_all_is_refused(wallet, *other, 1'000) <= 16);
    }
}

TEST_CASE("token voter: locks, votes on what is new, and trusts who has much at stake",
    "[strategies][governance]")
{
    using namespace contracts::stake_governor;
    constexpr std::uint64_t day = 86'400;
    AttackFixture f;
    auto& governor = f.sandbox.add<contracts::StakeGovernor>(
        "governor", Rules{f.usdc.id(), false, 10, 2'000, 0, 7 * day, day});
    f.sandbox.connect();
    const Values values{{"governance", governor.id()}, {"join_within", std::int64_t{12'000}},
        {"interval", always(12)}, {"lock_share", always(0.5)}, {"turnout", 1.0},
        {"standing", 0.01}};
    const auto strategy = f.strategy("token_voter", f.me, values);
    auto wallet = f.watcher(f.me);
    CHECK(strategy->first_block(0) == 1);
    act(wallet, *strategy, 3);
    CHECK(governor.locked(f.me) == f.dollars(25'000));
    f.approve(f.victim, f.usdc.id(), governor.account());
    CallWriter calls;
    calls.add(f.weth.id(), Erc20Transfer{f.victim, 1});
    const auto propose = CallWriter{}.add(governor.id(), Propose{calls.list(), {}});
    f.run(f.victim, CallWriter{}.add(governor.id(), Lock{10}));
    f.run(f.victim, propose);
    act(wallet, *strategy, 3);
    CHECK(governor.proposal(0).against_votes > f.dollars(24'999));
    CHECK(governor.proposal(0).for_votes.is_zero());
    f.run(f.victim, CallWriter{}.add(governor.id(), Lock{f.dollars(300)}));
    f.run(f.victim, propose);
    act(wallet, *strategy, 3);
    CHECK(governor.proposal(1).for_votes > f.dollars(24'999));
    CHECK(governor.proposal(1).against_votes.is_zero());
    act(wallet, *strategy, 10);
    CHECK(wallet.submissions.empty());
    // Of one who never goes there, none.
    const Values never_votes{{"governance", governor.id()}, {"join_within", std::int64_t{12'000}},
        {"interval", always(12)}, {"lock_share", always(0.5)}, {"turnout", 0.0},
        {"standing", 0.01}};
    const auto idle = f.strategy("token_voter", f.me, never_votes);
    f.run(f.victim, propose);
    act(wallet, *idle, 5);
    CHECK(governor.proposal(2).for_votes.is_zero());
    const auto refused = f.strategy("token_voter", f.me, values);
    CHECK(runnel::tests::sent_when_all_is_refused(wallet, *refused, 1'000) <= 16);
}

// The pool, the vault and the sizes of docs/attacks.md.
TEST_CASE(
    "vault manipulator: buys shares of a vault that asks a pool, and none of one that does not",
    "[strategies][attacks]")
{
    using contracts::aave_v3::ReserveSpec;
    using contracts::curve_stableswap::AmountList;
    const bool is_fair = GENERATE(false, true);
    AttackFixture f;
    auto& usdt = f.sandbox.add<contracts::Erc20>(
        "USDT", TokenInfo{"USDT", 6}, contracts::TokenFlavour::openzeppelin5);
    auto& pool = f.sandbox.add<contracts::CurveStableSwapPool>("y_pool",
        contracts::curve_stableswap::PoolSpec{contracts::curve_stableswap::Code::base_template,
            {f.usdc.id(), usdt.id()}, 200, 4'000'000, 5'000'000'000, zero_account, "crv"});
    auto& vault = f.sandbox.add<contracts::CurveVault>(
        "vault", contracts::curve_vault::Setup{pool.id(), 0, is_fair, "keeper", "fUSDC"});
    std::vector<ReserveSpec> reserves(2);
    reserves[0].token = f.usdc.id();
    reserves[1].token = usdt.id();
    for (auto& reserve : reserves)
    {
        reserve.config.flash_loan_enabled = true;
        reserve.strategy.optimal_usage_ratio = Amount::power_of_ten(26);
        reserve.strategy.optimal_stable_to_total_debt_ratio = Amount::power_of_ten(27);
    }
    auto& bank = f.sandbox.add<contracts::AaveV3Pool>("lender", f.oracle.id(), reserves,
        contracts::aave_v3::PoolSettings{0, 0}, "treasury", "admin");
    f.sandbox.connect();
    const auto bring = [&](contracts::Erc20& token, std::uint64_t whole)
    {
        token.allocate(f.victim, f.dollars(whole));
        for (const auto spender : {pool.account(), vault.account(), bank.account()})
            f.approve(f.victim, token.id(), spender);
    };
    bring(f.usdc, 200'000'000);
    bring(usdt, 200'000'000);
    AmountList amounts;
    amounts.push_back(f.dollars(20'000'000));
    amounts.push_back(f.dollars(120'000'000));
    f.run(f.victim,
        CallWriter{}
            .add(pool.id(), contracts::curve_stableswap::AddLiquidity{amounts, 0, f.victim})
            .add(vault.id(), contracts::erc4626::Deposit{f.dollars(100'000'000), f.victim})
            .add(
                bank.id(), contracts::aave_v3::Supply{f.usdc.id(), f.dollars(60'000'000), f.victim})
            .add(
                bank.id(), contracts::aave_v3::Supply{usdt.id(), f.dollars(60'000'000), f.victim}));
    f.run(*f.sandbox.world().find_account("keeper"),
        CallWriter{}.add(vault.id(), contracts::curve_vault::DoHardWork{}));

    const Values values{{"vault", vault.id()}, {"exchange", pool.id()}, {"token", usdt.id()},
        {"lenders", std::vector<ContractId>{bank.id()}}, {"at", std::int64_t{0}},
        {"every", std::int64_t{60'000}}, {"push", 17'200'000.0}, {"deposit", 49'980'000.0},
        {"gain_min", 1'000.0}, {"strikes", std::int64_t{1}}, {"fee_tolerance", 0.5},
        {"coin", f.weth.id()}};
    const auto strategy = f.strategy("vault_manipulator", f.me, values);
    auto wallet = f.watcher(f.me);
    wallet.set_price(usdt.id(), 1);
    const auto before = f.usdc.balance(f.me);
    wallet.decide(*strategy);
    if (is_fair)
    {
        CHECK(wallet.submissions.empty());
        return;
    }
    REQUIRE(wallet.submissions.size() == 1);
    const auto meant = wallet.submissions.front().motive;
    CHECK(meant.purpose == Purpose::attack);
    const auto ran = wallet.run(*strategy);
    INFO(ran.outcome.receipt.refusal.to_string());
    REQUIRE(ran.outcome.ok());
    CHECK(vault.balance(f.me).is_zero());
    CHECK(f.usdc.balance(f.me) == wrapping_add(before, meant.stolen));
    // By hand 641,627.354259 USDC less 13,754.985289 USDT; here the fee of what it turns back too
    // much is on top.
    const auto gain = wrapping_add(meant.stolen, usdt.balance(f.me)).to_double() / 1e6;
    CHECK(gain > 627'000);
    CHECK(gain < 628'500);
    act(wallet, *strategy, 50);
    CHECK(vault.balance(f.me).is_zero());  // One strike.
    CHECK(f.usdc.balance(f.me) == wrapping_add(before, meant.stolen));
    const auto refused = f.strategy("vault_manipulator", f.me, values);
    CHECK(runnel::tests::sent_when_all_is_refused(wallet, *refused, 1'000) <= 16);
}

TEST_CASE("rug puller: takes the pool when buyers have come, and cannot take what it has not",
    "[strategies][attacks]")
{
    AttackFixture f;
    const bool is_open = GENERATE(true, false);
    auto& moon = f.sandbox.add<contracts::Erc20>("MOON", TokenInfo{"MOON", 18},
        contracts::TokenFlavour::openzeppelin5, is_open ? f.me : zero_account);
    auto& moon_pair = f.sandbox.add<contracts::UniswapV2Pair>(
        "moon_usdc", moon.id(), f.usdc.id(), f.factory.id());
    f.sandbox.connect();
    const auto bank = f.sandbox.account("bank");
    moon.allocate(bank, f.ether(1'000'000));
    f.run(bank, CallWriter{}
                    .add(moon.id(), Erc20Transfer{moon_pair.account(), f.ether(100'000)})
                    .add(f.usdc.id(), Erc20Transfer{moon_pair.account(), f.dollars(10'000)})
                    .add(moon_pair.id(), contracts::uniswap_v2::Mint{is_open ? f.me : bank}));
    const Values values{{"exchange", moon_pair.id()}, {"token", moon.id()}, {"growth", 3.0},
        {"patience", always(1e9)}, {"mints", 100.0}, {"every", std::int64_t{120'000}},
        {"victims", std::string{}}};
    const auto strategy = f.strategy("rug_puller", f.me, values);
    auto wallet = f.watcher(f.me);
    const auto before = f.usdc.balance(f.me);
    act(wallet, *strategy, 50);
    CHECK(f.usdc.balance(f.me) == before);

    f.approve(f.victim, f.usdc.id(), f.router.account());
    f.run(f.victim, CallWriter{}.add(f.router.id(),
                        contracts::uniswap_v2::SwapExactTokensForTokens{f.dollars(25'000), 0,
                            {f.usdc.id(), moon.id()}, f.victim, 2'000'000'000}));
    act(wallet, *strategy, 50);
    if (is_open)
    {
        // The buyer's 25,000 and its own 10,000, but for what the first shares keep for nobody.
        CHECK(f.usdc.balance(f.me) > wrapping_add(before, f.dollars(34'999)));
        CHECK(moon_pair.reserve(f.usdc.id()) < f.dollars(1));
        const auto other = f.strategy("rug_puller", f.me, values);
        CHECK(runnel::tests::sent_when_all_is_refused(wallet, *other, 1'000) <= 16);
    }
    else
    {
        CHECK(f.usdc.balance(f.me) == before);
        CHECK(moon_pair.reserve(f.usdc.id()) == f.dollars(35'000));
    }
}

// Its shares of the pool are locked, and nobody can make more: what it has left are tokens to sell.
TEST_CASE(
    "rug puller: freezes who has bought, and sells where they cannot", "[strategies][attacks]")
{
    const bool may_freeze = GENERATE(true, false);
    AttackFixture f;
    auto& moon = f.sandbox.add<contracts::FiatToken>("MOON",
        contracts::fiat_token::Spec{{"MOON", 18}, "MOON", contracts::fiat_token::Version::v2_2, 1});
    auto& moon_pair = f.sandbox.add<contracts::UniswapV2Pair>(
        "moon_usdc", moon.id(), f.usdc.id(), f.factory.id());
    const auto bank = f.sandbox.account("bank");
    f.sandbox.connect();
    const auto office = may_freeze ? f.me : bank;
    moon.appoint({bank, bank, bank, office, false, false});
    moon.allocate(f.sandbox.world(), bank, f.ether(100'000));
    moon.allocate(f.sandbox.world(), f.me, f.ether(50'000));
    f.run(bank, CallWriter{}
                    .add(moon.id(), Erc20Transfer{moon_pair.account(), f.ether(100'000)})
                    .add(f.usdc.id(), Erc20Transfer{moon_pair.account(), f.dollars(10'000)})
                    .add(moon_pair.id(), contracts::uniswap_v2::Mint{bank}));
    const Values values{{"exchange", moon_pair.id()}, {"token", moon.id()}, {"growth", 3.0},
        {"patience", always(1e9)}, {"mints", 100.0}, {"every", std::int64_t{12'000}},
        {"victims", std::string{"buyers"}}};
    const GroupAccounts groups{{"buyers", {f.victim}}};
    const auto strategy = f.in_groups("rug_puller", f.me, values, groups);
    auto wallet = f.watcher(f.me);
    act(wallet, *strategy, 5);
    CHECK_FALSE(moon.is_frozen(f.victim));  // It has bought nothing yet.

    const auto swap = [&](ContractId in, ContractId out, const Amount& amount)
    {
        return CallWriter{}.add(f.router.id(), contracts::uniswap_v2::SwapExactTokensForTokens{
                                                   amount, 0, {in, out}, f.victim, 2'000'000'000});
    };
    f.approve(f.victim, f.usdc.id(), f.router.account());
    f.approve(f.victim, moon.id(), f.router.account());
    f.run(f.victim, swap(f.usdc.id(), moon.id(), f.dollars(15'000)));
    const auto before = f.usdc.balance(f.me);
    act(wallet, *strategy, 5);
    CHECK(moon.is_frozen(f.victim) == may_freeze);
    const auto sale = swap(moon.id(), f.usdc.id(), f.ether(1'000));
    CHECK(f.sandbox.run(f.victim, sale).ok() == !may_freeze);
    CHECK(f.usdc.balance(f.me) == before);

    f.usdc.allocate(moon_pair.account(), f.dollars(10'000));  // Others buy too.
    f.run(bank, CallWriter{}.add(moon_pair.id(), contracts::uniswap_v2::Sync{}));
    act(wallet, *strategy, 5);
    CHECK(moon.balance(f.me).is_zero());
    CHECK(f.usdc.balance(f.me) > before);
    const auto other = f.in_groups("rug_puller", f.me, values, groups);
    CHECK(runnel::tests::sent_when_all_is_refused(wallet, *other, 1'000) <= 16);
}

TEST_CASE("hype buyer: follows a price that rises, once", "[strategies][attacks]")
{
    AttackFixture f;
    const Values values{{"exchange", f.pair.id()}, {"token", f.weth.id()}, {"interval", always(12)},
        {"buys", 0.0}, {"follows", 1e6}, {"spend_share", always(0.5)},
        {"exit_multiple", always(1.5)}, {"slippage_bps", std::int64_t{500}}, {"fee_tolerance", 0.5},
        {"coin", f.weth.id()}};
    const auto strategy = f.strategy("hype_buyer", f.me, values);
    auto wallet = f.watcher(f.me);
    act(wallet, *strategy, 50);
    CHECK(f.weth.balance(f.me).is_zero());  // The price stands still.
    const auto bank = f.sandbox.account("bank");
    f.approve(bank, f.usdc.id(), f.router.account());
    const auto push = [&](std::uint64_t dollars)
    {
        f.run(bank, CallWriter{}.add(f.router.id(),
                        contracts::uniswap_v2::SwapExactTokensForTokens{f.dollars(dollars), 0,
                            {f.usdc.id(), f.weth.id()}, bank, 2'000'000'000}));
    };
    push(100'000);
    act(wallet, *strategy, 3);
    CHECK(f.usdc.balance(f.me) == f.dollars(25'000));
    CHECK_FALSE(f.weth.balance(f.me).is_zero());
    push(100'000);
    act(wallet, *strategy, 3);
    CHECK(f.usdc.balance(f.me) == f.dollars(25'000));  // It has bought.
    push(1'500'000);
    act(wallet, *strategy, 3);
    CHECK(f.weth.balance(f.me).is_zero());
    CHECK(f.usdc.balance(f.me) > f.dollars(55'000));
    push(500'000);
    act(wallet, *strategy, 30);
    CHECK(f.weth.balance(f.me).is_zero());  // Once.

    auto eager = values;
    eager[3].second = 1.0;
    const auto other = f.strategy("hype_buyer", f.me, eager);
    CHECK(runnel::tests::sent_when_all_is_refused(wallet, *other, 1'000) <= 16);
}

TEST_CASE("wash trader: what it buys its partner sells", "[strategies][attacks]")
{
    AttackFixture f;
    const auto partner = f.wallet("partner");
    const Values values{{"exchange", f.pair.id()}, {"money", f.usdc.id()}, {"interval", always(12)},
        {"size", always(300)}, {"usual_size", 500.0}, {"repeats", 1.0}, {"trades", std::int64_t{3}},
        {"slippage_bps", std::int64_t{100}}};
    const GroupAccounts groups{{"group", {f.me, partner}}};
    const auto strategy = f.in_groups("wash_trader", f.me, values, groups);
    auto wallet = f.watcher(f.me);
    wallet.decide(*strategy);
    REQUIRE(wallet.run(*strategy).outcome.ok());
    CHECK(f.usdc.balance(f.me) == f.dollars(49'500));
    CHECK(f.weth.balance(f.me).is_zero());
    const auto goods = f.weth.balance(partner);
    REQUIRE_FALSE(goods.is_zero());

    // As the partner sees it, the first of two.
    const auto seller =
        f.in_groups("wash_trader", partner, values, GroupAccounts{{"group", {partner, f.me}}});
    auto sellers_view = f.watcher(partner);
    sellers_view.decide(*seller);
    REQUIRE(sellers_view.run(*seller).outcome.ok());
    CHECK(f.weth.balance(partner).is_zero());
    const auto left = f.usdc.balance(f.me);
    // Two fees of 0.3 %, and the price that it moved and moved back.
    CHECK(left < f.dollars(49'998));
    CHECK(left > f.dollars(49'996));

    act(wallet, *strategy, 50);
    CHECK(f.usdc.balance(f.me) == wrapping_sub(left, f.dollars(1'000)));  // Three trades in all.
    const auto alone = f.in_groups("wash_trader", f.me, values, GroupAccounts{{"group", {f.me}}});
    CHECK(wallet.decide(*alone) > 1'000'000);
    const auto refused = f.in_groups("wash_trader", f.me, values, groups);
    CHECK(runnel::tests::sent_when_all_is_refused(wallet, *refused, 1'000) <= 16);
}

TEST_CASE("phishing: who signs is emptied, who is warned is not", "[strategies][attacks]")
{
    AttackFixture f;
    const bool is_warned = GENERATE(false, true);
    const double part = GENERATE(1.0, 0.1);
    const GroupAccounts groups{{"holders", {f.victim}}, {"phishers", {f.me}}};
    const Values holder{{"token", f.usdc.id()}, {"phishers", std::string{"phishers"}},
        {"interval", always(12)}, {"signs", 1.0}, {"warned", is_warned}, {"allowance", part}};
    const Values phisher{{"token", f.usdc.id()}, {"victims", std::string{"holders"}},
        {"every", std::int64_t{60'000}}, {"batch", std::int64_t{20}}, {"fee_tolerance", 0.5},
        {"coin", f.weth.id()}};
    const auto signs = f.in_groups("phishing_victim", f.victim, holder, groups);
    const auto takes = f.in_groups("phisher", f.me, phisher, groups);
    auto victims_view = f.watcher(f.victim);
    auto wallet = f.watcher(f.me);
    const auto before = f.usdc.balance(f.me);
    act(wallet, *takes, 5);
    CHECK(f.usdc.balance(f.me) == before);
    act(victims_view, *signs, 5);
    act(wallet, *takes, 20);
    const auto loot = is_warned ? Amount{} : part < 1 ? f.dollars(10'000) : f.dollars(100'000);
    CHECK(f.usdc.balance(f.me) == wrapping_add(before, loot));
    if (is_warned)
        return;
    const auto others = f.in_groups("phishing_victim", f.me, holder, groups);
    CHECK(runnel::tests::sent_when_all_is_refused(wallet, *others, 1'000) <= 16);
    f.approve(f.victim, f.usdc.id(), f.me);
    const auto other = f.in_groups("phisher", f.me, phisher, groups);
    if (part < 1)
        CHECK(runnel::tests::sent_when_all_is_refused(wallet, *other, 1'000) == 16);
}

TEST_CASE("address poisoner: a payer copies what looks right, once", "[strategies][attacks]")
{
    AttackFixture f;
    const bool compares = GENERATE(false, true);
    const auto shop = f.wallet("shop");
    const GroupAccounts groups{{"payers", {f.victim}}, {"shops", {shop}}};
    const Values poison{{"token", f.usdc.id()}, {"victims", std::string{"payers"}},
        {"payees", std::string{"shops"}}, {"every", std::int64_t{12'000}},
        {"batch", std::int64_t{20}}};
    const Values pay{{"token", f.usdc.id()}, {"payees", std::string{"shops"}},
        {"amount", always(100)}, {"interval", always(12)}, {"copies", 1.0}, {"compares", compares}};
    const auto poisoner = f.in_groups("address_poisoner", f.me, poison, groups);
    const auto payer = f.in_groups("habitual_payer", f.victim, pay, groups);
    auto victims_view = f.watcher(f.victim);
    auto wallet = f.watcher(f.me);
    const auto false_shop = look_alike(
        f.sandbox.world().account(shop).address, f.sandbox.world().account(f.victim).address);
    CHECK(regular_payee(f.victim, {shop}) == shop);

    // It shows the same digits at either end, and is another address.
    const auto real = f.sandbox.world().account(shop).address.to_string();
    const auto made = false_shop.to_string();
    CHECK(made != real);
    CHECK(made.substr(0, 6) == real.substr(0, 6));
    CHECK(made.substr(38) == real.substr(38));

    wallet.decide(*poisoner);
    CHECK(wallet.submissions.empty());  // The victim has paid nobody yet.
    act(victims_view, *payer, 1);
    CHECK(f.usdc.balance(shop) == f.dollars(100));
    f.sandbox.world().account_states.at(f.victim).nonce = 1;  // The sandbox counts none.
    act(wallet, *poisoner, 3);
    const auto found = f.sandbox.world().find_account(false_shop);
    REQUIRE(found.has_value());
    CHECK(f.usdc.balance(*found).is_zero());
    wallet.decide(*poisoner);
    CHECK(wallet.submissions.empty());  // Once for each pair.

    act(victims_view, *payer, 4);
    CHECK(f.usdc.balance(*found) == (compares ? Amount{} : f.dollars(100)));
    CHECK(f.usdc.balance(shop) == f.dollars(compares ? 500 : 400));
    const auto refused = f.in_groups("habitual_payer", f.victim, pay, groups);
    CHECK(runnel::tests::sent_when_all_is_refused(victims_view, *refused, 1'000) <= 16);
}
