#include "contracts/kit/ecrecover.hpp"
#include "contracts/kit/sectors/rows.hpp"
#include "contracts/lending/morpho_blue/adaptive_curve_irm.hpp"
#include "contracts/lending/morpho_blue/events.hpp"
#include "contracts/lending/morpho_blue/fixed_rate_irm.hpp"
#include "contracts/lending/morpho_blue/market.hpp"
#include "contracts/lending/morpho_blue/math.hpp"
#include "contracts/lending/morpho_blue/morpho.hpp"
#include "contracts/oracles/price_oracle/price_oracle.hpp"
#include "contracts/tokens/erc20/erc20.hpp"
#include "state/abi.hpp"
#include "tests/contracts/contract_fixture.hpp"
#include "tests/contracts/lending_teller.hpp"

#include <random>
#include <string_view>
#include <vector>

namespace runnel::contracts
{
namespace
{
using namespace morpho_blue;

constexpr std::uint64_t start = 1'700'000'000;
constexpr std::uint64_t day = 86'400;
const Amount ether_unit = Amount::power_of_ten(18);

Amount usdc(std::uint64_t whole)
{
    return Amount{whole * 1'000'000};
}
Amount decimal(std::string_view text)
{
    return Amount::from_decimal(text).value();
}
Amount eth(std::uint64_t milli)
{
    return wrapping_mul(milli, Amount::power_of_ten(15));
}

/// USDC is lent against WETH, which costs 2'000 USD at first. Everybody has much of both and has
/// approved Morpho.
struct MorphoFixture : ContractFixture
{
    MorphoFixture()
      : owner{sandbox.account("owner")},
        keeper{sandbox.account("keeper")},
        collector{sandbox.account("collector")},
        loan{sandbox.add<Erc20>("USDC", TokenInfo{"USDC", 6}, TokenFlavour::openzeppelin5)},
        collateral{sandbox.add<Erc20>("WETH", TokenInfo{"WETH", 18}, TokenFlavour::openzeppelin5)},
        prices{sandbox.add<PriceOracle>("prices", "keeper",
            std::vector<TokenPrice>{{loan.id(), usd(1)}, {collateral.id(), usd(2'000)}})},
        oracle{
            sandbox.add<MorphoChainlinkOracle>("oracle", prices.id(), collateral.id(), loan.id())},
        irm{sandbox.add<MorphoAdaptiveCurveIrm>("irm")},
        morpho{sandbox.add<MorphoBlue>("morpho")},
        params{loan.id(), collateral.id(), oracle.id(), irm.id(), eth(800)}
    {
        morpho.set_owner(owner);
        sandbox.connect();
        sandbox.set_time(now);
        for (const auto* name : {"alice", "bob", "carol", "dave"})
        {
            users.push_back(sandbox.account(name));
            loan.allocate(users.back(), usdc(100'000'000));
            collateral.allocate(users.back(), eth(100'000'000));
            expect_ok(users.back(), loan.id(), Erc20Approve{morpho.account(), Amount::max()});
            expect_ok(users.back(), collateral.id(), Erc20Approve{morpho.account(), Amount::max()});
        }
    }

    static Amount usd(std::uint64_t whole) { return Amount{whole * 100'000'000}; }
    void wait(std::uint64_t seconds)
    {
        now += seconds;
        sandbox.set_time(now);
    }
    void set_price(const Amount& price)
    {
        expect_ok(keeper, prices.id(), SetPrice{collateral.id(), price});
    }
    /// The market, made by somebody who is not the owner.
    MorphoBlueMarket& make_market()
    {
        expect_ok(owner, morpho.id(), EnableIrm{irm.id()});
        expect_ok(owner, morpho.id(), EnableLltv{params.lltv});
        const auto made = expect_ok(users[3], morpho.id(), CreateMarket{params});
        CHECK(made.deploys);
        auto* market = morpho.find_market(params);
        REQUIRE(market != nullptr);
        return *market;
    }
    /// A call that declares all that it touches.
    template <typename Call>
    Sandbox::Outcome declared(AccountId sender, ContractId contract, const Call& call)
    {
        auto outcome = sandbox.run(sender, contract, call);
        CHECK(outcome.undeclared_touches == 0);
        return outcome;
    }

    std::uint64_t now = start;
    AccountId owner;
    AccountId keeper;
    AccountId collector;
    Erc20& loan;
    Erc20& collateral;
    PriceOracle& prices;
    MorphoChainlinkOracle& oracle;
    MorphoAdaptiveCurveIrm& irm;
    MorphoBlue& morpho;
    MarketParams params;
    std::vector<AccountId> users;
};
}  // namespace

TEST_CASE_METHOD(MorphoFixture, "Morpho: anybody makes a market by a call", "[contracts][morpho]")
{
    const auto create = CreateMarket{params};
    expect_refusal(users[0], morpho.id(), create, "IRM not enabled");
    expect_refusal(users[0], morpho.id(), EnableIrm{irm.id()}, "not owner");
    expect_ok(owner, morpho.id(), EnableIrm{irm.id()});
    expect_refusal(users[0], morpho.id(), create, "LLTV not enabled");
    expect_refusal(owner, morpho.id(), EnableLltv{ether_unit}, "max LLTV exceeded");
    expect_ok(owner, morpho.id(), EnableLltv{params.lltv});
    expect_refusal(users[0], morpho.id(), Supply{params, 1, 0, users[0], {}}, "market not created");
    const auto contracts = sandbox.world().contract_count();
    const auto made = expect_ok(users[0], morpho.id(), create);
    REQUIRE(sandbox.world().contract_count() == contracts + 1);
    const auto* market = morpho.find_market(params);
    REQUIRE(market != nullptr);
    CHECK(made.returns.values[0] == market->market_id());
    CHECK(market->state().last_update == now);
    CHECK(irm.rate_at_target(market->id()) == Amount{40'000'000'000'000'000ULL / 31'536'000});
    // It is there under the end of its id, and a lending market like any other.
    std::array<std::uint8_t, 32> id{};
    market->market_id().store_big_endian(id);
    const auto& address = sandbox.world().account(market->account()).address;
    CHECK(std::equal(address.bytes.begin(), address.bytes.end(), id.begin() + 12));
    CHECK(market->find_reserve(loan.id()) == MorphoBlueMarket::loan_reserve);
    CHECK(market->find_reserve(collateral.id()) == MorphoBlueMarket::collateral_reserve);
    expect_refusal(users[1], morpho.id(), create, "market already created");
    // The same pair with another limit is another market.
    auto other = params;
    other.lltv = eth(900);
    expect_refusal(users[1], morpho.id(), CreateMarket{other}, "LLTV not enabled");
    expect_ok(owner, morpho.id(), EnableLltv{other.lltv});
    expect_ok(users[1], morpho.id(), CreateMarket{other});
    CHECK(morpho.markets().size() == 2);
    CHECK(morpho.find_market(other)->market_id() != market->market_id());
}

TEST_CASE_METHOD(
    MorphoFixture, "Morpho: a deployment that is undone leaves no market", "[contracts][morpho]")
{
    expect_ok(owner, morpho.id(), EnableIrm{irm.id()});
    expect_ok(owner, morpho.id(), EnableLltv{params.lltv});
    CallWriter calls;
    calls.add(morpho.id(), CreateMarket{params});
    calls.add(morpho.id(), Withdraw{params, 1, 0, users[0], users[0]});
    expect_refusal(users[0], calls, "Panic(0x11)");
    CHECK(morpho.find_market(params) == nullptr);
    // And where all is well, the market is of use in the transaction that makes it.
    CallWriter supplied;
    supplied.add(morpho.id(), CreateMarket{params});
    supplied.add(morpho.id(), Supply{params, usdc(5), 0, users[0], {}});
    expect_ok(users[0], supplied);
    CHECK(morpho.find_market(params)->state().total_supply_assets == usdc(5));
}

TEST_CASE_METHOD(MorphoFixture, "Morpho: an oracle of two feeds", "[contracts][morpho]")
{
    // A unit of 1e-18 WETH in units of 1e-6 USDC, times 1e36: 2'000 * 1e6 / 1e18 * 1e36.
    CHECK(oracle.price().value() == wrapping_mul(2'000, Amount::power_of_ten(24)));
    expect_ok(keeper, prices.id(), SetPrice{loan.id(), Amount{}});
    CHECK(oracle.price().error().to_string() == "Panic(0x12)");
    expect_ok(keeper, prices.id(), SetPrice{loan.id(), 1});
    set_price(Amount::max());
    CHECK(oracle.price().error().to_string() == "Math: mulDiv overflow");
}

TEST_CASE_METHOD(
    MorphoFixture, "Morpho: a token that answers false is refused", "[contracts][morpho]")
{
    auto& odd = sandbox.add<Erc20>("ODD", TokenInfo{"ODD", 18}, TokenFlavour::openzeppelin5,
        zero_account, TokenQuirks{0, {}, TransferAnswer::false_on_failure});
    sandbox.connect();
    expect_refusal(users[0], morpho.id(), FlashLoan{odd.id(), 1, {}}, "transfer returned false");
    odd.allocate(morpho.account(), 1);
    expect_refusal(
        users[0], morpho.id(), FlashLoan{odd.id(), 1, {}}, "transferFrom returned false");
    expect_ok(users[0], odd.id(), Erc20Approve{morpho.account(), 1});
    expect_ok(users[0], morpho.id(), FlashLoan{odd.id(), 1, {}});
}

TEST_CASE_METHOD(MorphoFixture, "Morpho: a market's own calls refuse accounts that are not there",
    "[contracts][morpho]")
{
    const auto& market = make_market();
    const AccountId nobody{static_cast<std::uint32_t>(sandbox.world().account_count())};
    expect_refusal(users[0], market.id(), MarketRepay{1, nobody}, "no such account");
    expect_refusal(users[0], market.id(), MarketLiquidate{nobody, 1}, "no such account");
    expect_refusal(users[0], morpho.id(), Repay{params, 1, 0, zero_account, {}}, "zero address");
}

// Of several reasons the first one counts, as in the deployed code.
TEST_CASE_METHOD(MorphoFixture, "Morpho: which reason comes first", "[contracts][morpho]")
{
    (void)make_market();
    expect_refusal(
        users[0], morpho.id(), SupplyCollateral{params, 0, zero_account, {}}, "zero assets");
    expect_refusal(users[0], morpho.id(), WithdrawCollateral{params, 0, users[0], zero_account},
        "zero assets");
}

TEST_CASE_METHOD(MorphoFixture, "Morpho: a rate model that is none, and a token that is none",
    "[contracts][morpho]")
{
    expect_ok(owner, morpho.id(), EnableLltv{params.lltv});
    expect_ok(owner, morpho.id(), EnableIrm{prices.id()});
    expect_ok(owner, morpho.id(), EnableIrm{no_contract});
    auto odd = params;
    odd.irm = prices.id();
    expect_refusal(users[0], morpho.id(), CreateMarket{odd}, "(no reason)");
    CHECK(morpho.find_market(odd) == nullptr);
    odd.irm = no_contract;
    odd.loan_token = prices.id();
    expect_ok(users[0], morpho.id(), CreateMarket{odd});
    expect_refusal(users[0], morpho.id(), Supply{odd, 1, 0, users[0], {}}, "transferFrom reverted");
    expect_refusal(users[0], morpho.id(), FlashLoan{prices.id(), 1, {}}, "transfer reverted");
}

TEST_CASE_METHOD(
    MorphoFixture, "Morpho: a fixed rate is set once and for ever", "[contracts][morpho]")
{
    const auto& fixed = sandbox.add<MorphoFixedRateIrm>("fixed");
    sandbox.connect();
    // 800 % a year.
    constexpr std::uint64_t most = 253'678'335'870;
    expect_refusal(users[0], fixed.id(), SetBorrowRate{7, 0}, "rate zero");
    expect_refusal(users[0], fixed.id(), SetBorrowRate{7, most + 1}, "rate too high");
    expect_ok(users[0], fixed.id(), SetBorrowRate{7, most});
    expect_refusal(users[0], fixed.id(), SetBorrowRate{7, most}, "rate set");
    expect_refusal(users[0], fixed.id(), SetBorrowRate{7, 0}, "rate set");
}

// Source: AdaptiveCurveIrm.sol in exact integers. Where one digit of the error or of half the
// exponent is another one, the rates are: 1 / 2 of the rate that is the cap, and averages of rates
// at the start, half way and at the end.
TEST_CASE("Morpho: the curve's last digits", "[contracts][morpho]")
{
    struct Case
    {
        std::uint64_t start;
        std::uint64_t lent;  // Of 1e18.
        std::uint64_t elapsed;
        std::uint64_t average;
        std::uint64_t at_target;
    };
    const auto each =
        GENERATE(Case{63'419'583'967, 300'000'000'009'460'799, 0, 31'709'791'983, 63'419'583'967},
            Case{31'709'791'983, 945'250'085'205'001'073, 86'569, 77'131'440'940, 33'740'371'183},
            Case{31'709'791'983, 944'167'940'440'709'525, 88'690, 76'069'290'859, 33'740'371'189});
    MarketState market;
    market.total_supply_assets = ether_unit;
    market.total_borrow_assets = Amount{each.lent};
    const auto rate = curve_rate(each.start, market, each.elapsed).value();
    CHECK(rate.average == Amount{each.average});
    CHECK(rate.rate_at_target == Amount{each.at_target});
}

// Five weeks of a market at a fixed rate with a fee. Source of the amounts: MathLib, SharesMathLib
// and Morpho.sol in exact integers.
TEST_CASE_METHOD(
    MorphoFixture, "Morpho: what strategies, contracts and reports are told", "[contracts][morpho]")
{
    const auto& fixed = sandbox.add<MorphoFixedRateIrm>("fixed");
    const auto& teller = sandbox.add<LendingTeller>("teller");
    sandbox.connect();
    params.irm = fixed.id();
    expect_ok(owner, morpho.id(), EnableIrm{fixed.id()});
    expect_ok(owner, morpho.id(), EnableLltv{params.lltv});
    const auto id = MorphoBlueMarket::id_of(sandbox.world(), params);
    expect_ok(users[3], fixed.id(), SetBorrowRate{id, 1'585'489'599});
    expect_ok(users[3], morpho.id(), CreateMarket{params});
    auto& market = *morpho.find_market(params);
    expect_ok(owner, morpho.id(), SetFeeRecipient{collector});
    expect_ok(owner, morpho.id(), SetFee{params, Amount{123'456'789'012'345'678}});
    expect_ok(keeper, prices.id(), SetPrice{loan.id(), Amount{99'970'003}});
    set_price(Amount{199'912'345'678});
    const auto price = decimal("1999723313782435317122077109");
    CHECK(oracle.price().value() == price);

    const auto lender = users[0];
    const auto small = users[1];
    const auto large = users[2];
    const auto backing = decimal("7123456789012345678");
    expect_ok(lender, morpho.id(), Supply{params, 10'000'000'007, 0, lender, {}});
    expect_ok(large, morpho.id(), SupplyCollateral{params, backing, large, {}});
    expect_ok(
        small, morpho.id(), SupplyCollateral{params, decimal("1500000000000000000001"), small, {}});
    expect_ok(large, market.id(), MarketBorrow{7'000'000'001});
    expect_ok(small, market.id(), MarketBorrow{1'234'567'891});
    wait(3'000'003);

    const auto view = market.view_at(now);
    const auto& told = view->reserve(MorphoBlueMarket::loan_reserve);
    CHECK(told.total_supplied == Amount{10'039'260'808});
    CHECK(told.total_debt == Amount{8'273'828'693});
    CHECK(told.supply_index == decimal("1003441378897246957429295115"));
    CHECK(told.borrow_index == decimal("1004767803424557908372084145"));
    CHECK(told.borrow_rate == decimal("49999999994064000000000000"));
    CHECK(told.supply_rate == decimal("36120031681435155844570757"));
    CHECK(view->reserve(MorphoBlueMarket::collateral_reserve).price ==
          decimal("1999723313782435317122"));
    CHECK(view->holding(lender, 0).supplied == Amount{10'034'413'795});
    CHECK(view->holding(large, 0).debt == Amount{7'033'374'625});
    CHECK(view->holding(small, 0).debt == Amount{1'240'454'069});
    const auto health = view->health(large);
    CHECK(health.collateral == decimal("14244942615000000000000"));
    CHECK(health.debt == decimal("7033374625000000000000"));
    CHECK(health.health_factor == Amount{1'620'268'320'628'520'480});
    CHECK(view->max_liquidatable_debt(large, 0).is_zero());
    const auto asked = expect_ok(lender, teller.id(), AskSupplied{market.id(), lender, 0});
    CHECK(asked.returns.values[0] == Amount{10'034'413'795});
    CHECK(expect_ok(lender, teller.id(), AskSupplied{market.id(), large, 1}).returns.values[0] ==
          backing);

    // Rows after a withdrawal, after more debt, and after all but a unit of a debt was repaid.
    const auto withdrawn = expect_ok(lender, market.id(), MarketWithdraw{100'000'003, lender});
    CHECK(withdrawn.returns.values[1] == Amount{99'657'045'347'181});
    auto balance = events_of<LendingBalance>(withdrawn.block).at(0);
    CHECK(balance.supplied_scaled == Amount{9'900'342'961});
    CHECK(balance.supplied_raw == Amount{9'934'413'792});
    const auto borrowed = expect_ok(large, market.id(), MarketBorrow{11});
    CHECK(borrowed.returns.values[1] == Amount{10'947'804});
    balance = events_of<LendingBalance>(borrowed.block).at(0);
    CHECK(balance.debt_scaled == Amount{7'000'000'011});
    CHECK(balance.debt_raw == Amount{7'033'374'636});
    auto position = events_of<LendingPosition>(borrowed.block).at(0);
    CHECK(position.collateral == decimal("14244942615000000000000"));
    CHECK(position.debt == decimal("7033374636000000000000"));
    CHECK(position.liquidation_threshold == Amount{8'000});
    CHECK(position.health_factor == Amount{1'620'268'318'094'466'424});
    const auto repaid = expect_ok(small, market.id(), MarketRepay{1'240'454'068, small});
    CHECK(repaid.returns.values[0] == Amount{1'240'454'068});
    CHECK(repaid.returns.values[1] == Amount{1'234'567'890'981'529});
    CHECK(market.position(small).borrow_shares == Amount{18'471});
    CHECK(events_of<LendingBalance>(repaid.block).at(0).debt_raw == Amount{1});

    // A liquidation for a unit less than all that is owed.
    set_price(Amount{120'012'345'678});
    const LiquidationOrder order{
        large, MorphoBlueMarket::collateral_reserve, MorphoBlueMarket::loan_reserve, 7'033'374'635};
    const auto falling = market.view_at(now);
    CHECK(falling->health(large).health_factor == Amount{972'687'308'590'567'163});
    CHECK(falling->max_liquidatable_debt(large, 0) == Amount{7'033'374'636});
    const auto preview = falling->preview_liquidation(order);
    REQUIRE(preview.has_value());
    CHECK(preview->debt == Amount{7'033'374'635});
    CHECK(preview->collateral == Amount{6'232'749'579'369'823'205});
    CallWriter calls;
    market.add_liquidation(calls, order);
    const auto liquidated = expect_ok(users[3], calls);
    CHECK(liquidated.returns.values[0] == preview->collateral);
    CHECK(liquidated.returns.values[1] == preview->debt);
    CHECK(market.position(large).borrow_shares == Amount{972'039});
    CHECK(market.position(large).collateral == Amount{890'707'209'642'522'473});
    const auto row = events_of<LendingLiquidation>(liquidated.block).at(0);
    CHECK(row.collateral_value == decimal("7482313439000000000000"));
    CHECK(row.debt_value == decimal("7033374635000000000000"));
}

// Method: random operations of four accounts in a market with a fee, with times from seconds to
// months and prices that fall and rise. After each, the invariants of the market and of Morpho; at
// a fixed time no operation makes a share of supply worth less or a share of debt worth more, but
// for bad debt; everything that was touched was declared; what a liquidation would do is what it
// does.
TEST_CASE_METHOD(
    MorphoFixture, "Morpho: random operations keep what must hold", "[contracts][morpho][property]")
{
    auto& market = make_market();
    expect_ok(owner, morpho.id(), SetFeeRecipient{collector});
    expect_ok(owner, morpho.id(), SetFee{params, eth(100)});
    std::mt19937_64 random{20'260'713};
    const auto draw = [&](std::uint64_t below) { return random() % below; };
    std::size_t liquidated = 0;
    std::size_t with_bad_debt = 0;
    std::size_t refused = 0;

    for (int i = 0; i < 3'000; ++i)
    {
        CAPTURE(i);
        if (draw(4) == 0)
            wait(draw(10) == 0 ? draw(90 * day) : draw(3'600));
        if (draw(12) == 0)
        {
            set_price(usd(300 + draw(3'700)));
        }
        const auto user = users[draw(users.size())];
        const auto other = users[draw(users.size())];
        (void)sandbox.run(users[0], morpho.id(), AccrueInterest{params});
        const auto before = market.state();
        bool has_bad_debt = false;
        const auto note = [&](const Sandbox::Outcome& outcome)
        {
            refused += outcome.ok() ? 0 : 1;
            for (const auto& event : outcome.block.events)
            {
                LiquidateLog log;
                if (event.type != &event_type<LiquidateLog> ||
                    !decode(outcome.block.encoding(event), log))
                    continue;
                ++liquidated;
                has_bad_debt = !log.bad_debt_shares.is_zero();
                with_bad_debt += has_bad_debt ? 1 : 0;
            }
        };
        const auto assets = Amount{1 + draw(draw(3) == 0 ? 50 : 50'000'000'000)};
        const auto shares = wrapping_mul(assets, 1 + draw(1'500'000));
        const bool by_shares = draw(3) == 0;
        const auto in_assets = by_shares ? Amount{} : assets;
        const auto in_shares = by_shares ? shares : Amount{};
        switch (draw(9))
        {
            case 0:
            case 1:
                note(declared(user, morpho.id(), Supply{params, in_assets, in_shares, other, {}}));
                break;
            case 2:
                note(declared(
                    user, morpho.id(), Withdraw{params, in_assets, in_shares, user, other}));
                break;
            case 3:
                note(declared(user, market.id(),
                    MarketWithdraw{draw(2) == 0 ? Amount::max() : assets, user}));
                break;
            case 4:
                note(declared(
                    user, morpho.id(), SupplyCollateral{params, eth(1 + draw(30'000)), user, {}}));
                break;
            case 5: {
                // Half the time about as much as he may.
                const auto health = market.view_at(now)->health(user);
                const auto room =
                    (health.collateral.to_double() * 0.8 - health.debt.to_double()) / 1e12;
                const bool is_most = draw(2) == 0 && room > 2;
                note(declared(user, morpho.id(),
                    Borrow{params, is_most ? Amount::from_double(room - 1) : in_assets,
                        is_most ? Amount{} : in_shares, user, other}));
                break;
            }
            case 6:
                note(declared(
                    user, market.id(), MarketRepay{draw(2) == 0 ? Amount::max() : assets, other}));
                break;
            case 7:
                note(declared(user, market.id(),
                    MarketWithdrawCollateral{
                        draw(3) == 0 ? Amount::max() : eth(1 + draw(3'000)), user}));
                break;
            default: {
                const auto view = market.view_at(now);
                const LiquidationOrder order{other, MorphoBlueMarket::collateral_reserve,
                    MorphoBlueMarket::loan_reserve, draw(2) == 0 ? Amount::max() : assets};
                const auto preview = view->preview_liquidation(order);
                CallWriter calls;
                market.add_liquidation(calls, order);
                const auto outcome = sandbox.run(user, calls);
                CHECK(outcome.undeclared_touches == 0);
                REQUIRE(outcome.ok() == preview.has_value());
                if (preview)
                {
                    CHECK(outcome.returns.values[0] == preview->collateral);
                    CHECK(outcome.returns.values[1] == preview->debt);
                    CHECK(preview->debt <= order.debt_to_cover);
                }
                else
                    CHECK(outcome.receipt.refusal.kind != RefusalKind::ledger);
                note(outcome);
            }
        }
        const auto findings = sandbox.world().check_invariants();
        CAPTURE(findings.empty() ? "" : findings.front());
        REQUIRE(findings.empty());
        const auto& after = market.state();
        const auto product = [](const Amount& assets_of, const Amount& shares_of)
        { return wrapping_mul(wrapping_add(assets_of, 1), wrapping_add(shares_of, 1'000'000)); };
        if (!has_bad_debt)
        {
            REQUIRE(product(after.total_supply_assets, before.total_supply_shares) >=
                    product(before.total_supply_assets, after.total_supply_shares));
        }
        // What is repaid of the last debt may be a unit more than there is: the total stays at 0.
        if (!after.total_borrow_assets.is_zero() && !has_bad_debt)
        {
            REQUIRE(product(after.total_borrow_assets, before.total_borrow_shares) <=
                    product(before.total_borrow_assets, after.total_borrow_shares));
        }
    }
    CHECK(liquidated > 20);
    CHECK(with_bad_debt > 3);
    CHECK(refused < 1'800);
    CHECK(!market.position(collector).supply_shares.is_zero());
}

TEST_CASE_METHOD(
    MorphoFixture, "Morpho: suppliers share a debt without collateral", "[contracts][morpho]")
{
    auto& market = make_market();
    expect_ok(users[0], morpho.id(), Supply{params, usdc(3'000), 0, users[0], {}});
    expect_ok(users[1], morpho.id(), Supply{params, usdc(1'000), 0, users[1], {}});
    expect_ok(users[2], morpho.id(), SupplyCollateral{params, eth(1'000), users[2], {}});
    expect_refusal(users[2], morpho.id(), Borrow{params, usdc(1'601), 0, users[2], users[2]},
        "insufficient collateral");
    expect_ok(users[2], morpho.id(), Borrow{params, usdc(1'600), 0, users[2], users[2]});
    expect_refusal(
        users[3], market.id(), MarketLiquidate{users[2], Amount::max()}, "position is healthy");
    set_price(usd(1'000));
    const auto view = market.view_at(now);
    // 1 / (1 - 0.3 * 0.2) per value repaid: the collateral costs 940 USDC, rounded up.
    CHECK(view->reserve(1).bonus == Approx(1 / 0.94 - 1));
    const auto done = expect_ok(users[3], market.id(), MarketLiquidate{users[2], Amount::max()});
    CHECK(done.returns.values[0] == eth(1'000));
    CHECK(done.returns.values[1] == Amount{940'000'001});
    CHECK(market.position(users[2]).borrow_shares.is_zero());
    CHECK(market.state().total_borrow_assets.is_zero());
    CHECK(market.state().total_supply_assets == Amount{3'340'000'001});
    // Each loses 16.5 %.
    CHECK(market.view_at(now)->holding(users[0], 0).supplied == Amount{2'505'000'000});
    CHECK(market.view_at(now)->holding(users[1], 0).supplied == Amount{835'000'000});
}

TEST_CASE_METHOD(
    MorphoFixture, "Morpho: callbacks run as the caller, who may come back", "[contracts][morpho]")
{
    auto& market = make_market();
    expect_ok(users[0], morpho.id(), Supply{params, usdc(10'000), 0, users[0], {}});
    // Collateral that is borrowed against before it is paid for.
    CallWriter borrow;
    borrow.add(morpho.id(), Borrow{params, usdc(1'000), 0, users[1], users[1]});
    expect_ok(users[1], morpho.id(), SupplyCollateral{params, eth(1'000), users[1], borrow.list()});
    CHECK(market.position(users[1]).collateral == eth(1'000));
    // A flash loan of all there is: the market's own supply among it.
    CallWriter use;
    use.add(morpho.id(), Repay{params, usdc(1'000), 0, users[1], {}});
    expect_ok(users[2], morpho.id(), FlashLoan{loan.id(), usdc(9'000), use.list()});
    CHECK(market.position(users[1]).borrow_shares.is_zero());
    CallWriter spend;
    spend.add(loan.id(), Erc20Transfer{users[0], wrapping_add(loan.balance(users[2]), usdc(1))});
    expect_refusal(users[2], morpho.id(), FlashLoan{loan.id(), usdc(1), spend.list()},
        "transferFrom reverted");
    expect_refusal(
        users[2], morpho.id(), FlashLoan{loan.id(), usdc(10'001), {}}, "transfer reverted");
    expect_refusal(users[2], morpho.id(), FlashLoan{no_contract, 1, {}}, "no code");
}

TEST_CASE_METHOD(
    MorphoFixture, "Morpho: managers act for others, others do not", "[contracts][morpho]")
{
    auto& market = make_market();
    expect_ok(users[0], morpho.id(), Supply{params, usdc(10), 0, users[0], {}});
    const Withdraw take{params, usdc(1), 0, users[0], users[1]};
    expect_refusal(users[1], morpho.id(), take, "unauthorized");
    expect_ok(users[0], morpho.id(), SetAuthorization{users[1], true});
    expect_refusal(users[0], morpho.id(), SetAuthorization{users[1], true}, "already set");
    CHECK(declared(users[1], morpho.id(), take).ok());
    CHECK(market.state().total_supply_assets == usdc(9));
}

TEST_CASE("Morpho: the log of a new market has the topic of its tuple", "[contracts][morpho]")
{
    const AbiEvent event{event_type<CreateMarketLog>};
    CHECK(event.topic0().to_string() ==
          "0xac4b2400f169220b0c0afdde7a0b32e775ba727ea1cb30b35f935cdaab8683ac");
    CHECK(event.argument_types() == std::vector<std::string>{"bytes32", "address", "address",
                                        "address", "address", "uint256"});
    CHECK(event.indexed_count() == 1);
}

// Source: the test of the precompile in go-ethereum, core/vm/testdata/precompiles/ecRecover.json,
// "ValidKey".
TEST_CASE("ecrecover: known signatures and what is none", "[contracts][ecrecover]")
{
    const auto word = [](std::string_view text) { return Hash::from_string(text).value(); };
    const auto number = [&](std::string_view text)
    { return Amount::load_big_endian(word(text).bytes); };
    const auto digest = word("0x18c547e4f7b0f325ad1e56f57e26c745b09a3e503d86e00e5255ff7f715d3d1c");
    const auto r = number("0x73b1693892219d736caba55bdb67216e485557ea6b6af75f37096c9aa6a5a75f");
    const auto s = number("0xeeb940b1d03b21e36b0e47e79769f095fe2ab855bd91e3a38756b7d75a9c4549");
    const auto signer = ecrecover(digest, 28, r, s);
    REQUIRE(signer.has_value());
    CHECK(signer->to_string() == "0xa94f5374fce5edbc8e2a8697c15331677e6ebf0b");
    CHECK(ecrecover(digest, 27, r, s).has_value());
    CHECK_FALSE(ecrecover(digest, 27, r, s) == signer);
    CHECK_FALSE(ecrecover(digest, 29, r, s).has_value());
    CHECK_FALSE(ecrecover(digest, 28, 0, s).has_value());
    CHECK_FALSE(ecrecover(digest, 28, r, 0).has_value());
    const auto order = number("0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141");
    CHECK_FALSE(ecrecover(digest, 28, order, s).has_value());
    CHECK_FALSE(ecrecover(digest, 28, r, order).has_value());
    // 5^3 + 7 is no square.
    CHECK_FALSE(ecrecover(digest, 27, 5, s).has_value());
    CHECK(ecrecover(digest, 27, 1, s).has_value());
}

}  // namespace runnel::contracts
