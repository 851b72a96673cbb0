#include "contracts/lending/comet/calls.hpp"
#include "tests/strategies/five_markets_fixture.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <string>

using namespace runnel;
using namespace runnel::strategies;
using namespace runnel::strategies::tests;
using runnel::tests::always;

namespace
{

using Values = std::vector<std::pair<std::string_view, Parameters::Value>>;

/// What strategies do on every lending market, whatever its protocol.
struct Fixture : FiveMarketsFixture
{
    [[nodiscard]] Values liquidator_values(ContractId market, double flash_loans) const
    {
        return {{"pool", market}, {"router", router.id()}, {"coin", weth.id()},
            {"scan_every", always(12)}, {"reaction", always(0)}, {"bid_share", always(0.1)},
            {"bid_stake", 25.0}, {"bid_memory", std::int64_t{3'600'000}}, {"gas_money", 1.0},
            {"full_take", 1.0}, {"flash_loans", always(flash_loans)},
            {"calls_per_block", std::int64_t{4}}, {"profit_min", 1.0}, {"sell_cost", 0.01},
            {"slippage", 0.02}, {"restock_below", 0.7}, {"rescan", std::int64_t{12'000}}};
    }
    [[nodiscard]] Values buyer_values(double flash) const
    {
        return {{"market", comet.id()}, {"router", router.id()}, {"coin", weth.id()},
            {"scan_every", always(12)}, {"reaction", always(0)}, {"bid_share", always(0.1)},
            {"bid_stake", 25.0}, {"bid_memory", std::int64_t{3'600'000}}, {"gas_money", 1.0},
            {"flash", always(flash)}, {"profit_min", 1.0}};
    }
    /// On chain and outside; the exchange stays where it is.
    void set_weth(runnel::tests::FakeWallet& wallet, double usd)
    {
        set_oracle(weth.id(), usd);
        wallet.set_price(weth.id(), usd);
    }
    [[nodiscard]] double dollars_of(AccountId account) const
    {
        return usdc.balance(account).to_double() * 1e-6;
    }
};

}  // namespace

TEST_CASE("liquidator: works on every market with money of its own", "[scenarios][liquidator]")
{
    const auto number = GENERATE(range(std::size_t{0}, std::size_t{5}));
    Fixture f;
    const auto [name, id, market] = f.markets()[number];
    INFO(name);
    // Nobody liquidates above 83 %: 78 % at 200 USD are 84.3 % at 185.
    const auto debtor = f.borrower_at("debtor", *market, 100'000, 0.78);
    const auto account = f.wallet("liquidator");
    f.usdc.allocate(account, f.dollars(200'000));
    const auto liquidator = f.strategy("liquidator", account, f.liquidator_values(id, 0));
    auto wallet = f.watcher(account);
    wallet.decide(*liquidator);
    CHECK(wallet.submissions.empty());
    f.set_weth(wallet, 185);
    wallet.advance(1);
    const auto before = f.holding(*market, debtor, f.usdc, wallet.view().timestamp).debt;
    wallet.decide(*liquidator);
    REQUIRE(wallet.submissions.size() == 1);
    f.align(wallet.view().timestamp);
    const auto ran = wallet.run(*liquidator);
    INFO(ran.outcome.receipt.refusal.to_string());
    REQUIRE(ran.outcome.ok());
    const auto after = f.holding(*market, debtor, f.usdc, wallet.view().timestamp).debt;
    CHECK(after.to_double() < before.to_double() * 0.51);
    // It sold what it got at 200 USD: bonus and the exchange's lag are its gain.
    CHECK(f.dollars_of(account) > 200'000 + 1'000);
    REQUIRE(f.sandbox.world().check_invariants().empty());
}

TEST_CASE("liquidator: borrows what it lacks from the market or from the exchange",
    "[scenarios][liquidator]")
{
    const auto number = GENERATE(range(std::size_t{0}, std::size_t{5}));
    const auto flash_loans = GENERATE(1.0, 2.0);
    Fixture f;
    const auto [name, id, market] = f.markets()[number];
    INFO(name << ' ' << flash_loans);
    const auto debtor = f.borrower_at("debtor", *market, 100'000, 0.78);
    const auto account = f.wallet("liquidator");
    const auto liquidator = f.strategy("liquidator", account, f.liquidator_values(id, flash_loans));
    auto wallet = f.watcher(account);
    f.set_weth(wallet, 185);
    wallet.advance(1);
    const auto at = wallet.view().timestamp;
    const auto before = f.holding(*market, debtor, f.usdc, at).debt;
    const bool lends = market->view_at(at)
                           ->flash_fee(*market->find_reserve(f.usdc.id()), f.dollars(50'000))
                           .has_value();
    CHECK(lends == (number < 2 || number == 4));
    wallet.decide(*liquidator);
    if (!lends && flash_loans < 1.5)
    {
        // Neither of the Compounds lends for a transaction.
        CHECK(wallet.submissions.empty());
        return;
    }
    REQUIRE(wallet.submissions.size() == 1);
    f.align(wallet.view().timestamp);
    const auto ran = wallet.run(*liquidator);
    INFO(ran.outcome.receipt.refusal.to_string());
    REQUIRE(ran.outcome.ok());
    CHECK(f.holding(*market, debtor, f.usdc, at).debt.to_double() < before.to_double() * 0.51);
    CHECK(f.dollars_of(account) > 1'000);
    CHECK(f.weth.balance(account).is_zero());
    REQUIRE(f.sandbox.world().check_invariants().empty());
}

TEST_CASE("collateral buyer: buys what somebody else has had absorbed, and sells it",
    "[scenarios][collateral_buyer]")
{
    const auto [capital, flash] = GENERATE(table<std::uint64_t, double>({
        {200'000, 0.0},
        {200'000, 1.0},
        {0, 1.0},
        {0, 0.0},
        {10'000, 0.0},
    }));
    Fixture f;
    const auto debtor = f.borrower_at("debtor", f.comet, 100'000, 0.78);
    const auto account = f.wallet("buyer");
    f.usdc.allocate(account, f.dollars(capital));
    const auto buyer = f.strategy("collateral_buyer", account, f.buyer_values(flash));
    auto wallet = f.watcher(account);
    wallet.decide(*buyer);
    CHECK(wallet.submissions.empty());  // Nothing is for sale.
    f.set_weth(wallet, 185);
    f.run(f.owner, CallWriter{}.add(f.comet.id(), contracts::comet::Absorb{f.owner, {debtor}}));
    const auto at = wallet.view().timestamp;
    const auto for_sale = f.comet.for_sale(f.weth.id(), at);
    CHECK(for_sale.to_double() == Approx(100'000 / 0.78 / 200 * 1e18).epsilon(1e-9));
    wallet.advance(1);
    wallet.decide(*buyer);
    if (capital == 0 && flash < 0.5)
    {
        CHECK(wallet.submissions.empty());
        return;
    }
    REQUIRE(wallet.submissions.size() == 1);
    const auto ran = wallet.run(*buyer);
    INFO(ran.outcome.receipt.refusal.to_string());
    REQUIRE(ran.outcome.ok());
    // 3 % below 185, sold at about 200 less 0.3 % and what the pool moves.
    const auto gain = f.dollars_of(account) - static_cast<double>(capital);
    const auto left = f.comet.for_sale(f.weth.id(), at);
    CHECK(f.weth.balance(account).is_zero());
    if (capital == 10'000)
    {
        CHECK(gain == Approx(10'000 * (200 / (185 * 0.97) * 0.997 - 1)).epsilon(0.05));
        CHECK(left.to_double() ==
              Approx(for_sale.to_double() - 10'000 / (185 * 0.97) * 1e18).epsilon(1e-6));
    }
    else
    {
        CHECK(gain > 8'000);
        CHECK(left.to_double() < 1e12);  // But for dust that no whole unit of USDC buys.
        wallet.advance(1);
        wallet.decide(*buyer);
        CHECK(wallet.submissions.empty());
    }
    REQUIRE(f.sandbox.world().check_invariants().empty());
}

TEST_CASE(
    "collateral buyer: leaves alone what exchanges pay less for", "[scenarios][collateral_buyer]")
{
    Fixture f;
    const auto debtor = f.borrower_at("debtor", f.comet, 100'000, 0.78);
    const auto account = f.wallet("buyer");
    f.usdc.allocate(account, f.dollars(200'000));
    const auto buyer = f.strategy("collateral_buyer", account, f.buyer_values(1));
    auto wallet = f.watcher(account);
    f.set_weth(wallet, 185);
    f.run(f.owner, CallWriter{}.add(f.comet.id(), contracts::comet::Absorb{f.owner, {debtor}}));
    // The oracle recovers above what the exchange pays: 3 % off 210 is more than 200.
    f.set_weth(wallet, 210);
    wallet.advance(1);
    wallet.decide(*buyer);
    CHECK(wallet.submissions.empty());
    f.set_weth(wallet, 200);
    wallet.advance(1);
    SECTION("gas costs more than the discount brings")
    {
        wallet.set_base_fee(100'000'000'000'000);
        wallet.decide(*buyer);
        CHECK(wallet.submissions.empty());
    }
    SECTION("it does not sell while reserves are at their target")
    {
        f.usdc.allocate(f.comet.account(), f.dollars(6'000'000));
        CHECK(f.comet.for_sale(f.weth.id(), wallet.view().timestamp).is_zero());
        wallet.decide(*buyer);
        CHECK(wallet.submissions.empty());
    }
    SECTION("it sells while they are below")
    {
        wallet.decide(*buyer);
        REQUIRE(wallet.submissions.size() == 1);
        CHECK(wallet.run(*buyer).outcome.ok());
    }
}
