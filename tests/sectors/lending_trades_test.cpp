#include "strategies/market/routes.hpp"
#include "tests/sectors/constant_sum.hpp"
#include "tests/strategies/lending_fixture.hpp"
#include "tests/support/catch.hpp"

// How the strategies around a lending market trade: over any exchange, at its own fee, with the gas
// that it charges on its way, and along a route where no exchange trades the two tokens.

using namespace runnel;
using namespace runnel::strategies;
using namespace runnel::strategies::tests;
using runnel::tests::always;
using runnel::toy::ConstantSum;
namespace aave = runnel::contracts::aave_v3;

namespace
{

/// Where WETH and USDC are exchanged, a dollar each. Less slippage than any of the fees is
/// accepted.
struct TradingFixture : LendingFixture
{
    static constexpr double slippage = 0.001;

    explicit TradingFixture(bool over_route)
    {
        auto& dai = sandbox.add<contracts::Erc20>(
            "DAI", TokenInfo{"DAI", 18}, contracts::TokenFlavour::openzeppelin5);
        auto& sum = sandbox.add<ConstantSum>(
            "sum", std::vector<ContractId>{usdc.id(), dai.id(), weth.id()}, 400);
        auto& other_factory = sandbox.add<contracts::UniswapV2Factory>("other_factory");
        auto& weth_dai = sandbox.add<contracts::UniswapV2Pair>(
            "weth_dai", weth.id(), dai.id(), other_factory.id());
        auto& dai_usdc = sandbox.add<contracts::UniswapV2Pair>(
            "dai_usdc", dai.id(), usdc.id(), other_factory.id());
        auto& other_router =
            sandbox.add<contracts::UniswapV2Router>("other_router", other_factory.id());
        sandbox.connect();

        const auto bank = sandbox.account("bank");
        const auto much = ether(10'000'000);
        weth.allocate(bank, wrapping_mul(2, much));
        dai.allocate(bank, wrapping_mul(3, much));
        CallWriter calls;
        for (const auto& [owner, token, amount] : {std::tuple{weth_dai.account(), &weth, much},
                 std::tuple{weth_dai.account(), &dai, much},
                 std::tuple{dai_usdc.account(), &dai, much},
                 std::tuple{dai_usdc.account(), &usdc, dollars(10'000'000)}})
            calls.add(token->id(), contracts::Erc20Transfer{owner, amount});
        calls.add(weth_dai.id(), contracts::uniswap_v2::Mint{bank});
        calls.add(dai_usdc.id(), contracts::uniswap_v2::Mint{bank});
        for (const auto* token : {&weth, &usdc, &dai})
            calls.add(token->id(), contracts::Erc20Approve{sum.account(), Amount::max()});
        toy::SumDeposit deposit;
        for (const auto& amount : {dollars(10'000'000), much, much})
            deposit.amounts.push_back(amount);
        calls.add(sum.id(), deposit);
        run(bank, calls);

        set_oracle(weth.id(), 1);
        router_id = over_route ? other_router.id() : sum.id();
        // What the exchanges charge beyond their methods' gas.
        extra_gas = over_route ? contracts::UniswapV2Router::hop_gas : toy::SumSwap::extra_gas;
    }

    [[nodiscard]] runnel::tests::FakeWallet watcher(AccountId account)
    {
        auto wallet = LendingFixture::watcher(account);
        wallet.set_price(weth.id(), 1);
        return wallet;
    }

    [[nodiscard]] std::unique_ptr<Strategy> leveraged_borrower(AccountId account, double loops)
    {
        return strategy("leveraged_borrower", account,
            {{"pool", pool.id()}, {"router", router_id}, {"coin", weth.id()},
                {"collateral", weth.id()}, {"debt", usdc.id()}, {"open_within", std::int64_t{0}},
                {"supply_share", always(1)}, {"health_floor", 1.05},
                {"health_margin", always(0.45)}, {"loan_to_value", always(0)},
                {"rate_max", always(1'000)}, {"loops", always(loops)}, {"spend_at", std::string{}},
                {"spend_share", always(0)}, {"deleverage_share", 1.0},
                {"monitor_every", always(60)}, {"act_below", always(1.2)},
                {"restore_to", always(1.5)}, {"reaction", always(0)}, {"slippage", slippage},
                {"urgency", 1.0}, {"fee_tolerance", 0.02}});
    }
    [[nodiscard]] std::unique_ptr<Strategy> liquidator(AccountId account, double flash_loans)
    {
        return strategy("liquidator", account,
            {{"pool", pool.id()}, {"router", router_id}, {"coin", weth.id()},
                {"scan_every", always(12)}, {"reaction", always(0)}, {"bid_share", always(0.1)},
                {"bid_stake", 25.0}, {"bid_memory", std::int64_t{3'600'000}}, {"gas_money", 1.0},
                {"full_take", 1.0}, {"flash_loans", always(flash_loans)},
                {"calls_per_block", std::int64_t{4}}, {"profit_min", 1.0}, {"sell_cost", 0.01},
                {"slippage", slippage}, {"restock_below", 0.7}, {"rescan", std::int64_t{12'000}}});
    }
    /// Who owes 5,000 USDC against as many WETH as a health factor of 1.03 asks for, WETH being at
    /// a dollar; at 0.9 it may be liquidated.
    void unhealthy_borrower()
    {
        const auto account = wallet("unhealthy");
        weth.allocate(account, ether(6'300));
        run(account, CallWriter{}
                         .add(weth.id(), contracts::Erc20Approve{pool.account(), Amount::max()})
                         .add(pool.id(), aave::Supply{weth.id(), ether(6'300), account})
                         .add(pool.id(), aave::Borrow{usdc.id(), dollars(5'000)}));
        set_oracle(weth.id(), 0.9);
    }

    ContractId router_id{};
    std::uint64_t extra_gas = 0;
};

}  // namespace

TEST_CASE("lending trades: a borrower loops and deleverages over any venue", "[sectors][lending]")
{
    const bool over_route = GENERATE(false, true);
    CAPTURE(over_route);
    TradingFixture fixture{over_route};
    const auto account = fixture.wallet("borrower");
    fixture.weth.allocate(account, LendingFixture::ether(1'000));
    const auto borrower = fixture.leveraged_borrower(account, 1);
    auto wallet = fixture.watcher(account);
    wallet.set_base_fee(0);
    wallet.decide(*borrower);
    REQUIRE(wallet.run(*borrower).outcome.ok());
    wallet.advance(1);

    wallet.decide(*borrower);
    REQUIRE(wallet.submissions.size() == 1);
    CHECK(wallet.submissions[0].bid.extra_gas == fixture.extra_gas);
    REQUIRE(wallet.run(*borrower).outcome.ok());
    CHECK(fixture.health(account, wallet.view().timestamp) == Approx(1.5).epsilon(5e-3));

    // It has spent its loan: all it can do is sell.
    fixture.run(account,
        CallWriter{}.add(fixture.usdc.id(),
            contracts::Erc20Transfer{fixture.wallet("shop"), fixture.usdc.balance(account)}));
    fixture.set_oracle(fixture.weth.id(), 0.78);
    wallet.advance(10);
    wallet.decide(*borrower);  // Alarmed, it acts a block later.
    wallet.advance(1);
    wallet.decide(*borrower);
    REQUIRE(wallet.submissions.size() == 1);
    CHECK(wallet.submissions[0].bid.extra_gas == fixture.extra_gas);
    const auto before = fixture.health(account, wallet.view().timestamp);
    REQUIRE(wallet.run(*borrower).outcome.ok());
    CHECK(fixture.health(account, wallet.view().timestamp) > before + 0.05);
}

TEST_CASE("lending trades: a liquidator sells what it seizes over any venue", "[sectors][lending]")
{
    const bool over_route = GENERATE(false, true);
    CAPTURE(over_route);
    TradingFixture fixture{over_route};
    const auto account = fixture.wallet("liquidator");
    fixture.usdc.allocate(account, LendingFixture::dollars(2'000));
    const auto liquidator = fixture.liquidator(account, 0);
    auto wallet = fixture.watcher(account);
    wallet.set_base_fee(0);
    wallet.decide(*liquidator);
    fixture.unhealthy_borrower();
    wallet.advance(1);
    wallet.decide(*liquidator);
    REQUIRE(wallet.submissions.size() == 1);
    CHECK(wallet.submissions[0].bid.extra_gas == fixture.extra_gas);
    REQUIRE(wallet.run(*liquidator).outcome.ok());
    const auto left = fixture.usdc.balance(account);
    CHECK(left > LendingFixture::dollars(2'000));
    wallet.advance(1);

    // It goes on with the proceeds, and sells the hundredth that it kept.
    wallet.decide(*liquidator);
    REQUIRE(!wallet.submissions.empty());
    CHECK(wallet.submissions.back().bid.extra_gas == fixture.extra_gas);
    for (const auto& ran : wallet.run_all(*liquidator))
        CHECK(ran.outcome.ok());
    // WETH is at a dollar.
    CHECK(fixture.usdc.balance(account).to_double() * 1e-6 +
              fixture.weth.balance(account).to_double() * 1e-18 >
          left.to_double() * 1e-6);
}

TEST_CASE("lending trades: a flash loan's collateral is sold over any venue", "[sectors][lending]")
{
    const bool over_route = GENERATE(false, true);
    CAPTURE(over_route);
    TradingFixture fixture{over_route};
    const auto account = fixture.wallet("liquidator");
    const auto liquidator = fixture.liquidator(account, 1);
    auto wallet = fixture.watcher(account);
    wallet.set_base_fee(0);
    fixture.unhealthy_borrower();
    wallet.advance(1);

    wallet.decide(*liquidator);
    REQUIRE(wallet.submissions.size() == 1);
    CHECK(wallet.submissions[0].bid.extra_gas == fixture.extra_gas);
    REQUIRE(wallet.run(*liquidator).outcome.ok());
    CHECK(fixture.usdc.balance(account) > Amount{});
    CHECK(fixture.weth.balance(account).is_zero());
}
