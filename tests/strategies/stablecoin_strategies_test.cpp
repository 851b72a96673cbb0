// Holders of coins by trust, customers of an issuer, and who serves them.

#include "contracts/exchanges/curve_stableswap/pool.hpp"
#include "contracts/stablecoins/fiat_token/fiat_token.hpp"
#include "contracts/stablecoins/issuer_desk/desk.hpp"
#include "contracts/tokens/erc20/erc20.hpp"
#include "strategies/market/common.hpp"
#include "strategies/market/routes.hpp"
#include "strategies/registry.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_wallet.hpp"

#include <string>
#include <vector>

using namespace runnel;
using namespace runnel::contracts;
using namespace runnel::strategies;
using runnel::tests::always;
using runnel::tests::FakeWallet;

namespace
{

constexpr std::uint64_t hour = 3'600;
// FakeWallet begins on a Tuesday at 22:13 UTC: the bank has closed.
constexpr std::uint64_t opening = 1'700'006'400 + 13 * hour;

Amount dollars(std::uint64_t whole)
{
    return Amount{whole * 1'000'000};
}

/// A StableSwap pool of a fiat-backed coin and another dollar, and the coin's issuer.
struct Coins
{
    Coins()
    {
        sandbox.connect();
        usdc.appoint({master, master, master, master, false, false});
        sandbox.set_time(1'700'000'000);
        for (const auto account : {me, rival})
        {
            usdc.allocate(sandbox.world(), account, dollars(100'000'000));
            usdt.allocate(account, dollars(100'000'000));
        }
        for (const auto account : {me, rival, clerk, master})
            sandbox.world().account_states.at(account).balance = Amount::power_of_ten(20);
        run(master, CallWriter{}.add(usdc.id(),
                        fiat_token::ConfigureMinter{desk.account(), Amount::power_of_ten(30)}));
        CallWriter fill;
        curve_stableswap::AddLiquidity deposit;
        for (const auto token : pool.tokens())
        {
            fill.add(token, Erc20Approve{pool.account(), Amount::max()});
            deposit.amounts.push_back(dollars(10'000'000));
        }
        deposit.recipient = rival;
        fill.add(pool.id(), deposit);
        run(rival, fill);
    }

    void run(AccountId sender, const CallWriter& calls)
    {
        const auto outcome = sandbox.run(sender, calls);
        INFO(outcome.receipt.refusal.to_string());
        REQUIRE(outcome.ok());
    }
    CurveStableSwapPool& make_pool()
    {
        curve_stableswap::PoolSpec spec;
        spec.coins = {usdc.id(), usdt.id()};
        spec.a = 200;
        spec.fee = 1'000'000;
        spec.symbol = "pool";
        return sandbox.add<CurveStableSwapPool>("pool", spec);
    }
    IssuerDesk& make_desk()
    {
        issuer_desk::Terms terms;
        terms.coin = usdc.id();
        terms.reserve_token = usd.id();
        terms.operated_by = "clerk";
        terms.hours = {false, 13 * hour, 22 * hour};
        terms.minimum = 1'000;
        return sandbox.add<IssuerDesk>("desk", terms);
    }
    /// The rival sells USDC in the pool.
    void sell(std::uint64_t whole)
    {
        FakeWallet wallet{sandbox, rival};
        const Hop hop{&pool, usdc.id(), usdt.id()};
        CallWriter calls;
        SwapDesk{nullptr}.add_swap(
            calls, wallet.view(), {&hop, 1}, dollars(whole), Amount{}, rival, ~std::uint64_t{0});
        run(rival, calls);
    }
    /// USDT for a USDC in the pool.
    [[nodiscard]] double price() const
    {
        const Hop hop{&pool, usdc.id(), usdt.id()};
        return marginal_rate({&hop, 1});
    }

    FakeWallet watcher(AccountId account)
    {
        FakeWallet wallet{sandbox, account};
        wallet.set_price(weth.id(), 1'000);
        for (const auto token : {usdc.id(), usdt.id()})
            wallet.set_price(token, 1);
        return wallet;
    }
    Parameters holder_parameters() const
    {
        Parameters parameters;
        parameters.set("pairs", std::vector{pool.id()});
        parameters.set("desks", std::vector{desk.id()});
        parameters.set("coin", weth.id());
        parameters.set("customer", always(0));
        parameters.set("returns", always(1));
        parameters.set("interval", always(12));
        parameters.set("margin", always(0.01));
        parameters.set("size_min", 100.0);
        parameters.set("size_max", always(1e9));
        parameters.set("news_of", usdc.id());
        parameters.set("news_at", std::int64_t{600'000});
        parameters.set("hears_after", always(60));
        parameters.set("loss", always(0));
        parameters.set("sober_loss", always(0));
        parameters.set("doubt", always(0));
        parameters.set("calm", std::int64_t{3'600'000});
        parameters.set("exposure", 0.5);
        parameters.set("relief_at", std::int64_t{0});
        parameters.set("relief_after", always(0));
        parameters.set("slippage_bps", std::int64_t{50});
        parameters.set("fee_tolerance", 0.02);
        return parameters;
    }
    std::unique_ptr<Strategy> holder(const Parameters& parameters)
    {
        return find_strategy_type("coin_holder")
            ->create(parameters, runnel::tests::group_of_one(sandbox.world(), me));
    }
    /// Lets it act for so many blocks; how many transactions it sent, all of which succeeded.
    std::size_t watch(FakeWallet& wallet, Strategy& strategy, std::uint64_t blocks)
    {
        std::size_t sent = 0;
        auto next = wallet.view().block_number;
        for (std::uint64_t i = 0; i < blocks; ++i, wallet.advance(1))
        {
            if (wallet.view().block_number < next)
                continue;
            next = wallet.decide(strategy);
            for (const auto& ran : wallet.run_all(strategy))
            {
                INFO(ran.outcome.receipt.refusal.to_string());
                CHECK(ran.outcome.ok());
                ++sent;
            }
        }
        return sent;
    }

    Sandbox sandbox;
    Erc20& weth = sandbox.add<Erc20>("WETH", TokenInfo{"WETH", 18}, TokenFlavour::openzeppelin5);
    Erc20& usd = sandbox.add<Erc20>("USD", TokenInfo{"USD", 6}, TokenFlavour::openzeppelin5);
    Erc20& usdt = sandbox.add<Erc20>("USDT", TokenInfo{"USDT", 6}, TokenFlavour::openzeppelin5);
    FiatToken& usdc = sandbox.add<FiatToken>(
        "USDC", fiat_token::Spec{{"USDC", 6}, "USD Coin", fiat_token::Version::v2_1, 1});
    CurveStableSwapPool& pool = make_pool();
    AccountId clerk = sandbox.account("clerk");
    IssuerDesk& desk = make_desk();
    AccountId master = sandbox.account("master");
    AccountId me = sandbox.account("me");
    AccountId rival = sandbox.account("rival");
};
}  // namespace

TEST_CASE("coin holder: buys what is cheaper than it believes, up to its margin",
    "[strategies][coin_holder]")
{
    Coins coins;
    auto wallet = coins.watcher(coins.me);
    const auto holder = coins.holder(coins.holder_parameters());
    CHECK(coins.watch(wallet, *holder, 10) == 0);  // All at par.
    coins.sell(9'000'000);
    REQUIRE(coins.price() < 0.97);
    CHECK(coins.watch(wallet, *holder, 40) > 0);
    CHECK(coins.price() > 0.985);
    CHECK(coins.price() < 1);
    CHECK(coins.usdc.balance(coins.me) > dollars(100'000'000));
}

TEST_CASE("coin holder: sells what it fears for once it has heard, and no more when all is well",
    "[strategies][coin_holder]")
{
    Coins coins;
    auto wallet = coins.watcher(coins.me);
    auto parameters = coins.holder_parameters();
    parameters.set("loss", always(0.2));
    parameters.set("relief_at", std::int64_t{1'200'000});
    const auto holder = coins.holder(parameters);
    CHECK(coins.watch(wallet, *holder, 53) == 0);  // 648 seconds.
    CHECK(coins.watch(wallet, *holder, 20) > 0);
    // It sold down to what it believes USDC to be worth, and not below that.
    const auto low = coins.price();
    CHECK(low < 0.9);
    CHECK(low > 0.75);
    // At 1'200 seconds it buys back.
    CHECK(coins.watch(wallet, *holder, 60) > 0);
    CHECK(coins.price() > 0.98);
}

TEST_CASE("coin holder: a doubt stays until the issuer has opened", "[strategies][coin_holder]")
{
    Coins coins;
    auto wallet = coins.watcher(coins.me);
    auto parameters = coins.holder_parameters();
    parameters.set("loss", always(0.2));
    parameters.set("doubt", always(0.05));
    parameters.set("relief_at", std::int64_t{1'200'000});
    const auto holder = coins.holder(parameters);
    coins.watch(wallet, *holder, 160);
    CHECK(coins.price() > 0.93);
    CHECK(coins.price() < 0.965);
    wallet.advance((opening - wallet.view().timestamp) / 12 + 1);
    coins.watch(wallet, *holder, 60);
    CHECK(coins.price() > 0.98);
}

TEST_CASE("coin holder: excitement wears off", "[strategies][coin_holder]")
{
    Coins coins;
    auto wallet = coins.watcher(coins.me);
    auto parameters = coins.holder_parameters();
    parameters.set("loss", always(0.2));
    parameters.set("sober_loss", always(0.05));
    parameters.set("calm", std::int64_t{600'000});
    const auto holder = coins.holder(parameters);
    coins.watch(wallet, *holder, 60);
    CHECK(coins.price() < 0.88);
    coins.watch(wallet, *holder, 600);  // Ten half-lives and more.
    CHECK(coins.price() > 0.93);
    CHECK(coins.price() < 0.965);
}

TEST_CASE("coin holder: a customer sends what it distrusts to the issuer, open or not",
    "[strategies][coin_holder]")
{
    Coins coins;
    auto wallet = coins.watcher(coins.me);
    auto parameters = coins.holder_parameters();
    parameters.set("customer", always(1));
    parameters.set("loss", always(0.02));
    parameters.set("relief_at", std::int64_t{3'600'000});
    SECTION("and orders again with the money when it trusts again") {}
    SECTION("and does not, if it is not to return")
    {
        parameters.set("returns", always(0));
    }
    const bool returns = parameters.distribution("returns").a > 0.5;
    const auto holder = coins.holder(parameters);
    CHECK(coins.watch(wallet, *holder, 60) == 1);
    CHECK(coins.desk.waiting_of(coins.me, IssuerAction::redeem) == dollars(100'000'000));
    CHECK(coins.usdc.balance(coins.me).is_zero());

    const auto clerk_parameters = [&]
    {
        Parameters clerk;
        clerk.set("desk", coins.desk.id());
        clerk.set("every", std::int64_t{600'000});
        clerk.set("batch", std::int64_t{64});
        return clerk;
    }();
    const auto clerk = find_strategy_type("issuer_operator")
                           ->create(clerk_parameters,
                               runnel::tests::group_of_one(coins.sandbox.world(), coins.clerk));
    auto clerks_view = coins.watcher(coins.clerk);
    const auto next = clerks_view.decide(*clerk);
    CHECK(clerks_view.submissions.empty());
    CHECK(next > clerks_view.view().block_number);
    clerks_view.advance(next - clerks_view.view().block_number);
    CHECK(clerks_view.view().timestamp >= opening);
    CHECK(clerks_view.view().timestamp < opening + 12);
    clerks_view.decide(*clerk);
    CHECK(clerks_view.run(*clerk).outcome.ok());
    CHECK(coins.usd.balance(coins.me) == dollars(100'000'000));
    CHECK(coins.usdc.total_supply() == dollars(100'000'000));

    wallet.advance(5'000);
    coins.watch(wallet, *holder, 10);
    CHECK(coins.desk.waiting_of(coins.me, IssuerAction::issue) ==
          (returns ? dollars(100'000'000) : Amount{}));
}

TEST_CASE("coin holder: a customer's capital for bargains comes back when the bank opens",
    "[strategies][coin_holder]")
{
    Coins coins;
    auto wallet = coins.watcher(coins.me);
    auto parameters = coins.holder_parameters();
    parameters.set("customer", always(1));
    const auto holder = coins.holder(parameters);
    coins.sell(9'000'000);
    CHECK(coins.watch(wallet, *holder, 60) > 0);
    // What it bought waits at the issuer; it keeps what it had.
    const auto waiting = coins.desk.waiting(IssuerAction::redeem);
    CHECK(waiting > dollars(1'000'000));
    CHECK(coins.usdc.balance(coins.me) >= dollars(100'000'000));
    CHECK(coins.usdc.balance(coins.me) < dollars(100'001'000));
    coins.sandbox.set_time(opening);
    CallWriter serve;
    coins.desk.add_serve(serve, 64);
    coins.run(coins.clerk, serve);
    // It paid fewer USDT than it gets dollars.
    const auto paid = wrapping_sub(dollars(100'000'000), coins.usdt.balance(coins.me));
    CHECK(coins.usd.balance(coins.me) == waiting);
    CHECK(waiting > paid);
}

TEST_CASE("stablecoin strategies: who is always refused falls silent", "[strategies][coin_holder]")
{
    Coins coins;
    auto wallet = coins.watcher(coins.me);
    const auto holder = coins.holder(coins.holder_parameters());
    coins.sell(9'000'000);
    CHECK(runnel::tests::sent_when_all_is_refused(wallet, *holder, 1'000) <= Refusals::most);
}
