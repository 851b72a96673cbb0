#include "contracts/lending/comet/comet.hpp"

#include "contracts/kit/sectors/rows.hpp"
#include "contracts/lending/comet/events.hpp"
#include "contracts/lending/comet/implementation.hpp"
#include "contracts/oracles/price_oracle/price_oracle.hpp"
#include "contracts/tokens/erc20/erc20.hpp"
#include "tests/contracts/contract_fixture.hpp"

#include <random>
#include <utility>
#include <vector>

namespace runnel::contracts
{
namespace
{
using namespace comet;

constexpr std::uint64_t start = 1'700'000'000;
constexpr std::uint64_t day = 86'400;

Amount usdc(std::uint64_t whole)
{
    return Amount{whole * 1'000'000};
}
Amount eth(std::uint64_t milli)
{
    return wrapping_mul(milli, Amount::power_of_ten(15));
}
Amount wad_of(std::uint64_t bps)
{
    return wrapping_mul(bps, Amount::power_of_ten(14));
}
Amount usd(std::uint64_t whole)
{
    return Amount{whole * 100'000'000};
}

/// USDC against WETH at 2'000 USD and LINK at 10 USD; everybody has much of all.
struct CometFixture : ContractFixture
{
    explicit CometFixture(TokenQuirks quirks = {})
      : keeper{sandbox.account("keeper")},
        governor{sandbox.account("governor")},
        guardian{sandbox.account("guardian")},
        base{sandbox.add<Erc20>("USDC", TokenInfo{"USDC", 6}, TokenFlavour::openzeppelin5,
            zero_account, std::move(quirks))},
        weth{sandbox.add<Erc20>("WETH", TokenInfo{"WETH", 18}, TokenFlavour::openzeppelin5)},
        link{sandbox.add<Erc20>("LINK", TokenInfo{"LINK", 18}, TokenFlavour::openzeppelin5)},
        prices{sandbox.add<PriceOracle>("prices", "keeper",
            std::vector<TokenPrice>{
                {base.id(), usd(1)}, {weth.id(), usd(2'000)}, {link.id(), usd(10)}})},
        next{sandbox.add<CometImplementation>("next", next_terms())},
        strange{sandbox.add<CometImplementation>("strange", strange_terms())},
        proxy_admin{sandbox.account("proxy_admin")},
        market{sandbox.add<Comet>("comet", spec(), start)}
    {
        sandbox.connect();
        sandbox.set_time(now);
        for (const auto* name : {"alice", "bob", "carol", "dave"})
        {
            users.push_back(sandbox.account(name));
            base.allocate(users.back(), usdc(100'000'000));
            weth.allocate(users.back(), eth(100'000'000));
            link.allocate(users.back(), eth(100'000'000));
            for (const auto* token : {&base, &weth, &link})
                expect_ok(users.back(), token->id(), Erc20Approve{market.account(), Amount::max()});
        }
    }

    [[nodiscard]] CometSpec spec() const
    {
        CometSpec made;
        made.base_token = base.id();
        made.price_source = prices.id();
        made.governor = "governor";
        made.pause_guardian = "guardian";
        made.proxy_admin = "proxy_admin";
        made.supply = RateCurve::per_year(wad_of(8'000), wad_of(325), wad_of(4'000), {});
        made.borrow = RateCurve::per_year(wad_of(8'000), wad_of(350), wad_of(2'500), wad_of(150));
        made.store_front_price_factor = wad_of(5'000);
        made.base_tracking_supply_speed = 1'000'000'000;
        made.base_tracking_borrow_speed = 2'000'000'000;
        made.base_min_for_rewards = usdc(1'000);
        made.base_borrow_min = usdc(100);
        made.target_reserves = usdc(1'000'000);
        made.assets = {{weth.id(), wad_of(8'000), wad_of(8'500), wad_of(9'500), Amount{50'000}},
            {link.id(), wad_of(7'000), wad_of(7'500), wad_of(9'000), Amount{1'000'000}}};
        return made;
    }
    /// Dearer and stricter in everything.
    [[nodiscard]] Terms next_terms() const
    {
        Terms made = spec();
        made.supply = RateCurve::per_year(wad_of(9'000), {}, {}, wad_of(200));
        made.borrow = RateCurve::per_year(wad_of(9'000), {}, {}, wad_of(1'000));
        made.store_front_price_factor = {};
        made.base_tracking_supply_speed = 0;
        made.base_tracking_borrow_speed = 0;
        made.base_borrow_min = usdc(1'000);
        made.target_reserves = usdc(1);
        made.assets[0] = {weth.id(), wad_of(5'000), wad_of(6'000), wad_of(9'000), Amount{5}};
        return made;
    }
    [[nodiscard]] Terms strange_terms() const
    {
        auto made = next_terms();
        std::swap(made.assets[0], made.assets[1]);
        return made;
    }
    void wait(std::uint64_t seconds)
    {
        now += seconds;
        sandbox.set_time(now);
    }
    void set_price(const Erc20& token, const Amount& price)
    {
        expect_ok(keeper, prices.id(), SetPrice{token.id(), price});
    }
    template <typename Call>
    Sandbox::Outcome call(AccountId sender, const Call& what)
    {
        auto outcome = sandbox.run(sender, market.id(), what);
        CHECK(outcome.undeclared_touches == 0);
        return outcome;
    }
    template <typename Call>
    void expect(AccountId sender, const Call& what)
    {
        expect_ok(sender, market.id(), what);
    }
    template <typename Call>
    void refused(AccountId sender, const Call& what, std::string_view reason)
    {
        expect_refusal(sender, market.id(), what, reason);
    }
    /// Alice has supplied 100'000 USDC; bob owes 16'000 against 10 WETH.
    void lend()
    {
        expect(users[0], Supply{base.id(), usdc(100'000)});
        expect(users[1], Supply{weth.id(), eth(10'000)});
        expect(users[1], Withdraw{base.id(), usdc(16'000)});
    }

    std::uint64_t now = start;
    AccountId keeper;
    AccountId governor;
    AccountId guardian;
    Erc20& base;
    Erc20& weth;
    Erc20& link;
    PriceOracle& prices;
    CometImplementation& next;
    CometImplementation& strange;
    AccountId proxy_admin;
    Comet& market;
    std::vector<AccountId> users;
};
}  // namespace

TEST_CASE_METHOD(
    CometFixture, "Comet: the base is borrowed by withdrawing it", "[contracts][comet]")
{
    expect(users[0], Supply{base.id(), usdc(100'000)});
    refused(users[1], Withdraw{base.id(), Amount::power_of_two(255)}, "InvalidInt256()");
    refused(users[1], Withdraw{base.id(), usdc(99)}, "BorrowTooSmall()");
    refused(users[1], Withdraw{base.id(), usdc(100)}, "NotCollateralized()");
    expect(users[1], Supply{weth.id(), eth(10'000)});
    refused(users[1], Withdraw{base.id(), Amount{16'000'000'001}}, "NotCollateralized()");
    expect(users[1], Withdraw{base.id(), usdc(16'000)});
    CHECK(market.borrow_balance_of(users[1], now).value() == usdc(16'000));
    CHECK(market.utilization().value() == wad_of(1'600));
    refused(users[1], Withdraw{weth.id(), Amount{1}}, "NotCollateralized()");
    refused(users[1], Supply{weth.id(), eth(49'991'000)}, "SupplyCapExceeded()");
    // What is supplied beyond the debt is a balance.
    expect(users[1], Supply{base.id(), usdc(16'001)});
    CHECK(market.balance_of(users[1], now).value() == usdc(1));
    CHECK(market.borrow_balance_of(users[1], now).value().is_zero());
    expect(users[1], Withdraw{weth.id(), eth(10'000)});
    CHECK(market.user(users[1]).assets_in == 0);
}

TEST_CASE("Comet: a base that answers false is refused", "[contracts][comet]")
{
    CometFixture f{TokenQuirks{0, {}, TransferAnswer::false_on_failure}};
    f.refused(f.users[0], Supply{f.base.id(), usdc(100'000'001)}, "TransferInFailed()");
    f.lend();
    f.refused(f.users[0], Withdraw{f.base.id(), usdc(84'001)}, "TransferOutFailed()");
    f.expect(f.users[0], Withdraw{f.base.id(), usdc(84'000)});
}

TEST_CASE_METHOD(CometFixture, "Comet: interest and rewards grow with time", "[contracts][comet]")
{
    lend();
    wait(365 * day);
    expect(users[3], AccrueAccount{users[1]});
    // Usage 16 %: suppliers earn 0.52 %, borrowers pay 1.5 % + 0.56 %; rates are per second.
    CHECK(market.balance_of(users[0], now).value().to_double() ==
          Approx(100'000e6 * 1.0052).epsilon(1e-7));
    CHECK(market.borrow_balance_of(users[1], now).value().to_double() ==
          Approx(16'000e6 * 1.0206).epsilon(1e-7));
    // 2e9 * 1e-15 rewards a second, all for the only borrower; six decimals.
    CHECK(market.user(users[1]).base_tracking_accrued ==
          Approx(2e-6 * 365 * 86'400 * 1e6).epsilon(1e-6));
    CHECK(market.user(users[0]).base_tracking_accrued == 0);
    expect(users[3], AccrueAccount{users[0]});
    CHECK(market.user(users[0]).base_tracking_accrued ==
          Approx(1e-6 * 365 * 86'400 * 1e6).epsilon(1e-6));
    // At this usage suppliers earn more than borrowers pay: what is missing, the reserves lack.
    CHECK(market.reserves(now).value().is_negative());
    refused(users[0], WithdrawReserves{users[0], Amount{1}}, "Unauthorized()");
    refused(governor, WithdrawReserves{users[0], Amount{1}}, "InsufficientReserves()");
    expect_ok(users[0], base.id(), Erc20Transfer{market.account(), usdc(1'000)});
    const auto reserves = market.reserves(now).value();
    REQUIRE_FALSE(reserves.is_negative());
    expect(governor, WithdrawReserves{users[0], Amount{1}});
    refused(governor, WithdrawReserves{users[0], reserves.bits}, "InsufficientReserves()");
}

TEST_CASE_METHOD(CometFixture, "Comet: who owes too much is absorbed, and collateral is sold",
    "[contracts][comet]")
{
    lend();
    refused(users[2], Absorb{users[2], {users[1]}}, "NotLiquidatable()");
    refused(users[2], BuyCollateral{weth.id(), 0, usdc(1), users[2]}, "InsufficientReserves()");
    set_price(weth, usd(1'800));
    expect(users[2], Absorb{users[2], {users[1]}});
    // 95 % of 18'000 USD less the debt is left to him.
    CHECK(market.balance_of(users[1], now).value() == usdc(1'100));
    CHECK(market.reserves(now).value() == Int256{-17'100'000'000});
    // Sold at half of the penalty of 5 % below the price: 1'755.
    expect(users[2], BuyCollateral{weth.id(), 0, usdc(1'755), users[2]});
    CHECK(weth.balance(users[2]) == eth(100'001'000));
    refused(
        users[2], BuyCollateral{weth.id(), eth(1'001), usdc(1'755), users[2]}, "TooMuchSlippage()");
    refused(
        users[2], BuyCollateral{weth.id(), 0, usdc(17'000), users[2]}, "InsufficientReserves()");
    refused(users[2], BuyCollateral{base.id(), 0, usdc(1), users[2]}, "BadAsset()");
    expect(users[2], BuyCollateral{weth.id(), 0, usdc(15'795), users[3]});
    CHECK(weth.balance(market.account()).is_zero());
}

TEST_CASE_METHOD(
    CometFixture, "Comet: the reserves pay for a debt beyond the collateral", "[contracts][comet]")
{
    lend();
    set_price(weth, usd(1'000));
    expect(users[2], Absorb{users[2], {users[1]}});
    CHECK(market.user(users[1]).principal.is_zero());
    CHECK(market.reserves(now).value() == Int256{-16'000'000'000});
    // Suppliers lose nothing yet: what is missing is missing for who comes last.
    CHECK(market.balance_of(users[0], now).value() == usdc(100'000));
}

TEST_CASE_METHOD(
    CometFixture, "Comet: a preview is what absorbing and buying does", "[contracts][comet]")
{
    lend();
    expect(users[1], Supply{link.id(), eth(100'000)});
    const auto view = [&] { return market.view_at(now); };
    const auto offset = GENERATE(std::size_t{1}, std::size_t{2});
    const auto part = GENERATE(Amount{1}, Amount{777'777'777}, Amount::max());
    const auto price = GENERATE(std::uint64_t{1'700}, std::uint64_t{900});
    CAPTURE(offset, part.to_string(), price);
    const LiquidationOrder order{users[1], offset, Comet::base_reserve, part};
    CHECK_FALSE(view()->preview_liquidation(order).has_value());
    CHECK(view()->max_liquidatable_debt(users[1], Comet::base_reserve).is_zero());
    set_price(weth, usd(price));
    wait(day);
    const auto preview = view()->preview_liquidation(order);
    REQUIRE(preview.has_value());
    // Whichever collateral costs more in whole: also what the debt leaves over is for sale.
    Amount most;
    for (const std::size_t other : {1U, 2U})
    {
        const LiquidationOrder all{users[1], other, Comet::base_reserve, Amount::max()};
        most = std::max(most, view()->preview_liquidation(all)->debt);
    }
    CHECK(view()->max_liquidatable_debt(users[1], Comet::base_reserve) == most);
    CallWriter calls;
    market.add_liquidation(calls, order);
    const auto done = expect_ok(users[3], calls);
    CHECK(done.returns.values[0] == preview->debt);
    CHECK(done.returns.values[1] == preview->collateral);
    CHECK(preview->debt <= part);
    const auto whole = offset == 1 ? eth(10'000) : eth(100'000);
    CHECK(wrapping_add(preview->collateral, preview->fee) == whole);
    if (part == Amount::max())
    {
        // All of it, but for what a unit of the base does not buy.
        CHECK(preview->fee.to_double() < 1e18 / 9 * 1.2e-6);
    }
}

// Source of the amounts: Comet.sol in exact integers.
TEST_CASE_METHOD(CometFixture, "Comet: what strategies and reports are told", "[contracts][comet]")
{
    lend();
    expect(users[1], Supply{link.id(), eth(50'000)});
    set_price(base, Amount{99'970'003});
    set_price(weth, Amount{180'012'345'678});
    const auto health = market.view_at(now)->health(users[1]);
    CHECK(health.collateral == Amount{1'850'123'456'780});
    CHECK(health.debt == Amount{1'599'520'048'000});
    CHECK(health.health_factor == Amount{980'047'071'134'303'156});
    // 573,610,129,618,749,540,999,999 before it is divided by the base's unit.
    CHECK(market.quote_collateral(0, Amount{1'007'056'910}).value() ==
          Amount{573'610'129'618'749'540});
    // Absorbed, he is left with 1,556,439,244: reserves that are then the target sell nothing.
    expect_ok(users[0], base.id(), Erc20Transfer{market.account(), Amount{1'017'556'439'243}});
    const LiquidationOrder order{users[1], 1, Comet::base_reserve, usdc(1'000)};
    CHECK(market.view_at(now)->preview_liquidation(order).has_value());
    expect_ok(users[0], base.id(), Erc20Transfer{market.account(), Amount{1}});
    CHECK_FALSE(market.view_at(now)->preview_liquidation(order).has_value());
    const auto outcome = call(users[2], Absorb{users[2], {users[1]}});
    REQUIRE(outcome.ok());
    CHECK(market.balance_of(users[1], now).value() == Amount{1'556'439'244});
    CHECK(market.reserves(now).value() == Int256::from_bits(market.spec().target_reserves));
    refused(users[2], BuyCollateral{weth.id(), 0, usdc(1'000), users[2]}, "NotForSale()");
    // The last collateral's row has what the others leave.
    const auto rows = events_of<LendingLiquidation>(outcome.block);
    REQUIRE(rows.size() == 2);
    CHECK(rows[0].debt_amount_raw == Amount{17'106'304'217});
    CHECK(rows[0].collateral_value == Amount{1'800'123'456'780});
    CHECK(rows[0].debt_value == Amount{1'710'117'283'892});
    CHECK(rows[1].debt_amount_raw == Amount{450'135'027});
    CHECK(rows[1].debt_value == Amount{44'999'999'999});
}

TEST_CASE_METHOD(CometFixture, "Comet: other tokens are no collateral", "[contracts][comet]")
{
    auto& other = sandbox.add<Erc20>("DAI", TokenInfo{"DAI", 18}, TokenFlavour::openzeppelin5);
    sandbox.connect();
    other.allocate(users[0], eth(1));
    expect_ok(users[0], other.id(), Erc20Approve{market.account(), Amount::max()});
    refused(users[0], Supply{other.id(), eth(1)}, "BadAsset()");
    refused(users[0], AbsorbAndBuy{users[1], other.id(), usdc(1)}, "BadAsset()");
}

TEST_CASE("Comet: sums fit their words", "[contracts][comet]")
{
    const auto most = wrapping_sub(Amount::power_of_two(104), 1);
    CHECK(add_within(wrapping_sub(most, 7), 7, 104).value() == most);
    CHECK(add_within(most, 1, 104).error().to_string() == "Panic(0x11)");
}

TEST_CASE_METHOD(CometFixture, "Comet: the guardian stops what he names", "[contracts][comet]")
{
    lend();
    const Pause all{true, true, true, true, true};
    refused(users[0], all, "Unauthorized()");
    expect(guardian, all);
    refused(users[0], Supply{base.id(), usdc(1)}, "Paused()");
    refused(users[0], Withdraw{base.id(), usdc(1)}, "Paused()");
    refused(users[0], Erc20Transfer{users[1], usdc(1)}, "Paused()");
    refused(users[0], Absorb{users[0], {users[1]}}, "Paused()");
    refused(users[0], BuyCollateral{weth.id(), 0, usdc(1), users[0]}, "Paused()");
    CHECK(market.view_at(now)->reserve(0).borrow_room.is_zero());
    CHECK(market.view_at(now)->reserve(1).supply_room.is_zero());
    expect(governor, Pause{});
    expect(users[0], Withdraw{base.id(), usdc(1)});
}

TEST_CASE_METHOD(CometFixture, "Comet: governance upgrades it to other terms", "[contracts][comet]")
{
    lend();
    expect(users[2], Supply{link.id(), eth(1'000'000)});
    for (const auto nobody : {users[0], governor, guardian})
        refused(nobody, Upgrade{next.id()}, "Ownable: caller is not the owner");
    refused(proxy_admin, Upgrade{base.id()}, "ERC1967: new implementation is not a contract");
    refused(
        proxy_admin, Upgrade{ContractId{9'999}}, "ERC1967: new implementation is not a contract");
    refused(proxy_admin, Upgrade{strange.id()}, "its storage is of other tokens");

    // A year by 1.5 % + 3.5 % * 16 %; by the new code, which nobody has asked before, 10 %.
    wait(365 * day);
    CHECK(market.borrow_balance_of(users[1], now).value().to_double() ==
          Approx(16'000e6 * 1.0206).epsilon(1e-7));
    CHECK_FALSE(market.is_liquidatable(users[1]).value());
    const auto outcome = call(proxy_admin, Upgrade{next.id()});
    REQUIRE(outcome.ok());
    const auto upgrades = events_of<UpgradedLog>(outcome.block);
    REQUIRE(upgrades.size() == 1);
    CHECK(upgrades[0].implementation == next.id());
    CHECK(&market.terms() == &next.terms());
    CHECK(market.borrow_balance_of(users[1], now).value().to_double() ==
          Approx(16'000e6 * 1.1).epsilon(1e-7));
    CHECK(market.balance_of(users[0], now).value().to_double() ==
          Approx(100'000e6 * 1.02).epsilon(1e-7));
    const auto view = market.view_at(now);
    CHECK(view->reserves()[0].borrow_rate.to_double() == Approx(0.1e27).epsilon(1e-6));
    CHECK(view->reserves()[1].ltv == Approx(0.5));
    CHECK(view->reserves()[1].threshold == Approx(0.6));
    CHECK(view->reserves()[1].bonus == Approx(0));
    CHECK(view->reserves()[1].supply_room.is_zero());
    CHECK(view->reserves()[2].ltv == Approx(0.7));

    refused(users[3], Supply{weth.id(), eth(1)}, "SupplyCapExceeded()");
    refused(users[2], Withdraw{base.id(), usdc(999)}, "BorrowTooSmall()");
    expect(users[2], Withdraw{base.id(), usdc(1'000)});
    refused(users[1], Withdraw{base.id(), usdc(1'000)}, "NotCollateralized()");
    CHECK(market.totals().tracking_borrow_index == 0);

    // 10 WETH secure 12,000 now, and who is absorbed is paid 90 % of their worth.
    CHECK(market.is_liquidatable(users[1]).value());
    expect(users[3], Absorb{users[3], {users[1]}});
    CHECK(market.balance_of(users[1], now).value().to_double() ==
          Approx(18'000e6 - 16'000e6 * 1.1).epsilon(1e-6));
    // Its reserves are above what it wants now.
    expect_ok(users[0], base.id(), Erc20Transfer{market.account(), usdc(50'000)});
    CHECK(market.for_sale(weth.id(), now).is_zero());
    const BuyCollateral buy{weth.id(), {}, usdc(1'950), users[3]};
    refused(users[3], buy, "NotForSale()");

    // Back to its own: half of the penalty of 5 % is the buyer's again.
    expect(proxy_admin, Upgrade{market.id()});
    CHECK(&market.terms() == static_cast<const Terms*>(&market.spec()));
    CHECK(market.for_sale(weth.id(), now) == eth(10'000));
    const auto had = weth.balance(users[3]);
    expect(users[3], buy);
    CHECK(wrapping_sub(weth.balance(users[3]), had) == eth(1'000));
    expect(users[3], Supply{weth.id(), eth(1)});
}

TEST_CASE("Comet: without a proxy admin nobody upgrades it", "[contracts][comet]")
{
    const CometFixture f;
    auto spec = f.spec();
    spec.proxy_admin.clear();
    ContractFixture plain;
    const auto admin = plain.sandbox.account("proxy_admin");
    // The same tokens, by the same ids.
    plain.sandbox.add<Erc20>("USDC", TokenInfo{"USDC", 6}, TokenFlavour::openzeppelin5);
    plain.sandbox.add<Erc20>("WETH", TokenInfo{"WETH", 18}, TokenFlavour::openzeppelin5);
    plain.sandbox.add<Erc20>("LINK", TokenInfo{"LINK", 18}, TokenFlavour::openzeppelin5);
    plain.sandbox.add<PriceOracle>(
        "prices", "keeper", std::vector<TokenPrice>{{f.base.id(), usd(1)}});
    auto& next = plain.sandbox.add<CometImplementation>("next", f.next_terms());
    auto& market = plain.sandbox.add<Comet>("comet", spec, start);
    plain.sandbox.connect();
    plain.expect_refusal(
        admin, market.id(), Upgrade{next.id()}, "Ownable: caller is not the owner");
    CHECK(&market.terms() == static_cast<const Terms*>(&market.spec()));
}

TEST_CASE_METHOD(CometFixture, "Comet: balances move, and managers move them", "[contracts][comet]")
{
    lend();
    refused(users[0], Erc20Transfer{users[0], usdc(1)}, "NoSelfTransfer()");
    refused(users[2], Erc20TransferFrom{users[0], users[2], usdc(1)}, "Unauthorized()");
    refused(users[0], Erc20Approve{users[2], usdc(1)}, "BadAmount()");
    expect(users[0], Erc20Approve{users[2], Amount::max()});
    expect(users[2], Erc20TransferFrom{users[0], users[2], usdc(40)});
    CHECK(market.balance_of(users[2], now).value() == usdc(40));
    // A transfer of what one does not have borrows it.
    expect(users[2], Supply{link.id(), eth(1'000'000)});
    expect(users[2], Erc20Transfer{users[3], usdc(240)});
    CHECK(market.borrow_balance_of(users[2], now).value() == usdc(200));
    CHECK(market.balance_of(users[3], now).value() == usdc(240));
    expect(users[2], TransferAsset{users[3], link.id(), eth(400'000)});
    CHECK(market.collateral(users[3], 1) == eth(400'000));
    refused(users[2], TransferAsset{users[3], link.id(), eth(600'000)}, "NotCollateralized()");
    expect(users[0], Erc20Approve{users[2], Amount{}});
    refused(users[2], Erc20TransferFrom{users[0], users[2], usdc(1)}, "Unauthorized()");
}

// Method: random operations of four accounts, with times from seconds to months and prices that
// fall and rise. After each the invariants; at a fixed time nothing but an absorption or a sale
// takes reserves beyond roundings; who may borrow more is not liquidatable; everything that was
// touched was declared.
TEST_CASE_METHOD(
    CometFixture, "Comet: random operations keep what must hold", "[contracts][comet][property]")
{
    std::mt19937_64 random{20'260'714};
    const auto draw = [&](std::uint64_t below) { return random() % below; };
    std::size_t absorbed = 0;
    std::size_t bought = 0;
    std::size_t refusals = 0;
    expect(users[0], Supply{base.id(), usdc(1'000'000)});
    for (int i = 0; i < 3'000; ++i)
    {
        CAPTURE(i);
        if (draw(4) == 0)
            wait(draw(10) == 0 ? draw(60 * day) : draw(3'600));
        if (draw(12) == 0)
        {
            set_price(weth, usd(500 + draw(3'500)));
        }
        const auto user = users[draw(users.size())];
        const auto other = users[draw(users.size())];
        expect(users[3], AccrueAccount{users[3]});
        const auto reserves_before = market.reserves(now).value();
        const auto token = draw(2) == 0 ? weth.id() : link.id();
        const auto amount = Amount{1 + draw(draw(3) == 0 ? 50 : 30'000'000'000)};
        const auto much = eth(1 + draw(15'000));
        bool is_sale = false;
        const auto note = [&](const Sandbox::Outcome& outcome)
        {
            refusals += outcome.ok() ? 0 : 1;
            return outcome.ok();
        };
        switch (draw(10))
        {
            case 0:
            case 1:
                note(call(user, SupplyTo{other, base.id(), draw(5) == 0 ? Amount::max() : amount}));
                break;
            case 2:
            case 3:
                note(call(
                    user, WithdrawTo{other, base.id(), draw(8) == 0 ? Amount::max() : amount}));
                break;
            case 4: note(call(user, Supply{token, much})); break;
            case 5: note(call(user, Withdraw{token, much})); break;
            case 6: note(call(user, Erc20Transfer{other, amount})); break;
            case 7: note(call(user, TransferAsset{other, token, much})); break;
            case 8: {
                auto target = other;
                for (const auto account : users)
                {
                    const bool is_liquidatable = market.is_liquidatable(account).value();
                    CHECK(is_liquidatable ==
                          (market.view_at(now)->health(account).health_factor < factor_scale));
                    target = is_liquidatable ? account : target;
                }
                const bool is_liquidatable = market.is_liquidatable(target).value();
                const auto outcome = call(user, Absorb{user, {target}});
                CHECK(outcome.ok() == is_liquidatable);
                absorbed += outcome.ok() ? 1 : 0;
                is_sale = outcome.ok();
                break;
            }
            default:
                is_sale = note(call(user, BuyCollateral{token, 0, amount, user}));
                bought += is_sale ? 1 : 0;
        }
        const auto findings = sandbox.world().check_invariants();
        CAPTURE(findings.empty() ? "" : findings.front());
        REQUIRE(findings.empty());
        for (const auto account : users)
            REQUIRE((!market.is_borrow_collateralized(account).value() ||
                     !market.is_liquidatable(account).value()));
        if (is_sale)
            continue;
        // A balance that was rounded down is rounded anew, a total once more: each account that an
        // operation changes may cost the protocol a unit, no more.
        const auto least = Int256::from_bits(wrapping_sub(reserves_before.bits, 2));
        REQUIRE(market.reserves(now).value() >= least);
    }
    CHECK(absorbed > 10);
    CHECK(bought > 10);
    CHECK(refusals < 1'800);
}

}  // namespace runnel::contracts
