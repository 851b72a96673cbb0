#include "contracts/oracles/price_oracle/price_oracle.hpp"
#include "contracts/stablecoins/makerdao_dss/dss.hpp"
#include "contracts/tokens/erc20/erc20.hpp"
#include "state/world.hpp"
#include "tests/contracts/contract_fixture.hpp"

#include <array>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace runnel::contracts
{
namespace
{
using namespace makerdao_dss;

Amount whole(std::uint64_t units, unsigned decimals)
{
    return wrapping_mul(units, Amount::power_of_ten(decimals));
}
Amount decimal(std::string_view text)
{
    return Amount::from_decimal(text).value();
}
Amount wads(std::uint64_t units)
{
    return whole(units, 18);
}
Amount rads(std::uint64_t units)
{
    return whole(units, 45);
}
Int256 signed_wads(std::int64_t units)
{
    const bool is_negative = units < 0;
    return Int256::from_magnitude(
        wads(static_cast<std::uint64_t>(is_negative ? -units : units)), is_negative);
}

/// Ilk 0: WETH at 2,000 USD behind an OSM of an hour, 150 %; ilk 1: USDC of 6 decimals, straight
/// from the feed, 110 %.
struct DssFixture : ContractFixture
{
    static constexpr std::uint64_t start = 1'700'000'000;
    static constexpr std::uint8_t weth = 0;
    static constexpr std::uint8_t usdc = 1;

    explicit DssFixture(TokenQuirks quirks = {})
      : keeper{sandbox.account("keeper")},
        admin{sandbox.account("admin")},
        users{sandbox.account("alice"), sandbox.account("bob"), sandbox.account("carol")},
        token{&sandbox.add<Erc20>("WETH", TokenInfo{"WETH", 18}, TokenFlavour::openzeppelin4),
            &sandbox.add<Erc20>("USDC", TokenInfo{"USDC", 6}, TokenFlavour::openzeppelin4,
                zero_account, std::move(quirks))},
        mkr{sandbox.add<Erc20>(
            "MKR", TokenInfo{"MKR", 18}, TokenFlavour::openzeppelin4, sandbox.account("maker"))},
        dai{sandbox.add<Dai>("DAI", "DAI")},
        oracle{sandbox.add<PriceOracle>("oracle", "keeper",
            std::vector<TokenPrice>{
                {token[weth]->id(), whole(2'000, 8)}, {token[usdc]->id(), whole(1, 8)}})},
        dss{sandbox.add<MakerDss>("maker", setup(), std::vector{ilk(weth), ilk(usdc)})}
    {
        for (const auto& name : dss.account_names())
            (void)sandbox.account(name);
        sandbox.connect();
        sandbox.set_time(now);
        for (const auto user : users)
        {
            token[weth]->allocate(user, wads(1'000));
            token[usdc]->allocate(user, whole(1'000'000, 6));
            mkr.allocate(user, wads(1'000));
            CallWriter calls;
            for (const auto i : {weth, usdc})
            {
                calls.add(token[i]->id(), Erc20Approve{dss.account(), Amount::max()});
                calls.add(dss.id(), Hope{dss.clip_account(i)});
            }
            calls.add(dai.id(), Erc20Approve{dss.dai_join_account(), Amount::max()});
            calls.add(mkr.id(), Erc20Approve{dss.flap_account(), Amount::max()});
            for (const auto module :
                {dss.dai_join_account(), dss.pot_account(), dss.flop_account()})
                calls.add(dss.id(), Hope{module});
            expect_ok(user, calls);
        }
        CallWriter first;
        for (const auto i : {weth, usdc})
            first.add(dss.id(), JugDrip{i}).add(dss.id(), SpotterPoke{i});
        first.add(dss.id(), PotDrip{});
        expect_ok(keeper, first);
    }

    Setup setup() const
    {
        Setup result;
        result.dai = dai.id();
        result.mkr = mkr.id();
        result.feed = oracle.id();
        result.admin = "admin";
        result.line = rads(10'000'000);
        result.hole = rads(1'000'000);
        result.pot.chi = ray;
        result.pot.dsr = ray;
        result.vow.wait = 100;
        result.vow.dump = wads(50);
        result.vow.sump = rads(1'000);
        result.vow.bump = rads(100);
        result.vow.hump = rads(20);
        result.flap.beg = whole(105, 16);
        result.flap.lid = rads(150);
        result.flap.ttl = 600;
        result.flap.tau = 3'600;
        result.flop = result.flap;
        result.flop.pad = whole(150, 16);
        return result;
    }
    IlkSpec ilk(std::uint8_t number) const
    {
        IlkSpec spec;
        spec.gem = token[number]->id();
        spec.label = number == weth ? "WETH-A" : "USDC-A";
        spec.vat.rate = ray;
        spec.vat.line = rads(1'000'000);
        spec.vat.dust = rads(100);
        spec.jug.duty =
            number == weth ? *Amount::from_decimal("1000000001547125957863212448") : ray;
        spec.mat = whole(number == weth ? 150 : 110, 25);
        spec.hop = number == weth ? 3'600 : 0;
        if (number == weth)
            spec.pip = {wads(2'000), wads(2'000), true, true, 0};
        spec.dog.chop = whole(113, 16);
        spec.dog.hole = rads(500'000);
        spec.clip.buf = whole(120, 25);
        spec.clip.tail = 7'200;
        spec.clip.cusp = whole(40, 25);
        spec.clip.chip = whole(1, 15);
        spec.clip.tip = rads(10);
        spec.clip.chost = rads(113);
        spec.abacus.kind = number == weth ? Abacus::Kind::stairstep : Abacus::Kind::linear;
        spec.abacus.cut = whole(99, 25);
        spec.abacus.step = 90;
        spec.abacus.tau = 10'000;
        return spec;
    }

    void wait(std::uint64_t seconds)
    {
        now += seconds;
        sandbox.set_time(now);
    }
    template <typename Call>
    Sandbox::Outcome call(AccountId user, const Call& what)
    {
        return expect_ok(user, dss.id(), what);
    }
    template <typename Call>
    void refused(AccountId user, const Call& what, std::string_view reason)
    {
        expect_refusal(user, dss.id(), what, reason);
    }
    /// Collateral in, Dai out: @p ink and @p dart in whole units.
    void open(AccountId user, std::uint8_t i, std::uint64_t ink, std::uint64_t dart)
    {
        const auto amount = i == weth ? wads(ink) : whole(ink, 6);
        CallWriter calls;
        calls.add(dss.id(), GemJoinJoin{i, user, amount});
        calls.add(dss.id(),
            Frob{i, user, user, user, Int256::from_bits(wads(ink)), Int256::from_bits(wads(dart))});
        expect_ok(user, calls);
    }
    void set_price(std::uint64_t usd)
    {
        expect_ok(keeper, oracle.id(), SetPrice{token[weth]->id(), whole(usd, 8)});
    }

    std::uint64_t now = start;
    AccountId keeper, admin;
    std::array<AccountId, 3> users;
    std::array<Erc20*, 2> token;
    Erc20& mkr;
    Dai& dai;
    PriceOracle& oracle;
    MakerDss& dss;
};
}  // namespace

TEST_CASE("dss: powers are rounded half up at every step", "[contracts][stablecoins]")
{
    const auto fee = *Amount::from_decimal("1000000001547125957863212448");
    // The first second, and a year of them: 5 %.
    CHECK(ray_pow_half_up(fee, 1).value() == fee);
    CHECK(ray_pow_half_up(fee, 0).value() == ray);
    CHECK(ray_pow_half_up({}, 0).value() == ray);
    CHECK(ray_pow_half_up({}, 3).value().is_zero());
    // (1 + 1.5e-27)^2 is nearest to 1 + 3e-27 + 0: the square of a last digit is below a half.
    CHECK(ray_pow_half_up(wrapping_add(ray, 1), 2).value() == wrapping_add(ray, 2));
    // 1.5^2 of the last digits: (7.07e13)^2 = 4.9985e27 / 1e27 = 4.9985, a half up to 5.
    CHECK(ray_pow_half_up(Amount{70'700'000'000'000ULL}, 2).value() == 5);
    CHECK(ray_pow_half_up(Amount{67'000'000'000'000ULL}, 2).value() == 4);
    const auto year = ray_pow_half_up(fee, 31'536'000).value();
    CHECK(year > whole(104'999'999, 19));
    CHECK(year < whole(105'000'001, 19));
    CHECK_FALSE(ray_pow_half_up(Amount::max(), 2).has_value());

    Abacus linear;
    linear.tau = 3;
    // A third is rounded down, and so is the price.
    CHECK(linear.price_down(10, 2).value() == 3);
    CHECK(linear.price_down(10, 3).value().is_zero());
    Abacus stairs;
    stairs.kind = Abacus::Kind::stairstep;
    stairs.cut = whole(99, 25);
    stairs.step = 90;
    CHECK(stairs.price_down(101, 89).value() == 101);
    CHECK(stairs.price_down(101, 90).value() == 99);
    stairs.step = 0;
    CHECK(stairs.price_down(101, 90).error().kind == RefusalKind::invalid_opcode);
}

TEST_CASE("dss: signed guards take the least number and no more", "[contracts][stablecoins]")
{
    const auto least = Int256::from_magnitude(Amount::power_of_two(255), true);
    CHECK(mul_signed(1, least).value() == least);
    CHECK_FALSE(mul_signed(2, least).has_value());
    CHECK_FALSE(mul_signed(Amount::power_of_two(255), 0).has_value());
    CHECK(mul_signed(3, -5).value() == Int256{-15});
    CHECK(add_signed(5, -5).value().is_zero());
    CHECK(add_signed(5, -6).error().kind == RefusalKind::empty);
    CHECK(sub_signed(5, -6).value() == 11);
    CHECK_FALSE(sub_signed(Amount::max(), -1).has_value());
    CHECK(difference(5, 7).value() == Int256{-2});
    const auto quarter = Amount::power_of_two(254);
    CHECK(mul_signed(quarter, -2).value() == least);
    CHECK_FALSE(mul_signed(quarter, 2).has_value());
    CHECK_FALSE(mul_signed(quarter, -3).has_value());
    CHECK_FALSE(difference(Amount::power_of_two(255), 0).has_value());
    CHECK_FALSE(difference(0, Amount::power_of_two(255)).has_value());
}

TEST_CASE("dss: an urn's way from collateral to Dai and back", "[contracts][stablecoins]")
{
    DssFixture f;
    const auto [alice, bob, carol] = f.users;
    f.open(alice, f.weth, 10, 13'333);
    f.refused(alice, Frob{f.weth, alice, alice, alice, 0, signed_wads(1)}, "Vat/not-safe");
    f.refused(bob, Frob{f.weth, alice, bob, bob, 0, signed_wads(-1)}, "(no reason)");
    f.refused(bob, Frob{f.weth, alice, bob, alice, signed_wads(-1), 0}, "Vat/not-safe");
    f.refused(alice, Frob{f.weth, alice, alice, alice, 0, signed_wads(-13'300)}, "Vat/dust");
    f.call(alice, DaiJoinExit{alice, wads(13'333)});
    CHECK(f.dai.balance(alice) == wads(13'333));
    CHECK(f.dss.dai(alice).is_zero());
    f.refused(bob, DaiJoinJoin{bob, 1}, "Dai/insufficient-balance");

    // A collateral of six decimals counts as one of eighteen inside.
    f.open(bob, f.usdc, 2'201, 2'000);
    CHECK(f.dss.urn(f.usdc, bob).ink == wads(2'201));
    CHECK(f.token[f.usdc]->balance(f.dss.account()) == whole(2'201, 6));

    // After a year alice owes 5 % more, which is the vow's.
    f.wait(31'536'000);
    f.call(carol, JugDrip{f.weth});
    const auto fees = f.dss.dai(f.dss.vow_account());
    CHECK(fees > rads(666));
    CHECK(fees < rads(667));
    f.expect_ok(alice, f.dai.id(), Erc20Transfer{bob, wads(3'000)});
    f.call(bob, DaiJoinJoin{alice, wads(3'000)});
    // Bob may not spend her dai until she says so.
    f.refused(bob, Frob{f.weth, alice, alice, alice, 0, signed_wads(-1'000)}, "Vat/not-allowed-w");
    f.call(alice, Hope{bob});
    f.call(bob, Frob{f.weth, alice, alice, alice, 0, signed_wads(-1'000)});
    CHECK(f.dss.urn(f.weth, alice).art == wads(12'333));
    f.call(alice, Nope{bob});
    f.refused(bob, Move{alice, bob, 1}, "Vat/not-allowed");

    // And savers get their part of it from the vow's debt.
    f.refused(bob, PotJoin{wads(100)}, "Pot/rho-not-updated");
    CallWriter save;
    save.add(f.dss.id(), PotDrip{}).add(f.dss.id(), PotJoin{wads(100)});
    f.expect_ok(bob, save);
    f.refused(f.admin, FileIlk{f.weth, IlkParameter::dog_chop, wrapping_sub(wad, 1)},
        "Dog/file-chop-lt-WAD");
    f.refused(bob, File{Parameter::vat_line, {}}, "Vat/not-authorized");
    f.call(
        f.admin, File{Parameter::pot_dsr, *Amount::from_decimal("1000000000627937192491029810")});
    f.wait(31'536'000);
    f.call(bob, PotDrip{});
    f.call(bob, PotExit{wads(100)});
    CHECK(f.dss.dai(bob) > wrapping_add(rads(2'000), rads(1)));
    CHECK(f.dss.sin(f.dss.vow_account()) > rads(1));
}

TEST_CASE("dss: the OSM is an hour late", "[contracts][stablecoins]")
{
    DssFixture f;
    const auto [alice, bob, carol] = f.users;
    f.open(alice, f.weth, 10, 12'000);
    f.wait(4'000);
    f.call(bob, OsmPoke{f.weth});
    f.set_price(1'000);
    f.refused(bob, OsmPoke{f.weth}, "OSM/not-passed");
    f.wait(3'600);
    f.call(bob, OsmPoke{f.weth});
    f.call(bob, SpotterPoke{f.weth});
    CHECK(f.dss.pip(f.weth).value == wads(2'000));
    f.refused(bob, Bark{f.weth, alice, bob}, "Dog/not-unsafe");
    f.wait(3'600);
    f.call(bob, OsmPoke{f.weth});
    CHECK(f.dss.pip(f.weth).value == wads(1'000));
    // The vat has not been told yet.
    f.refused(bob, Bark{f.weth, alice, bob}, "Dog/not-unsafe");
    f.call(bob, SpotterPoke{f.weth});
    CHECK(f.call(bob, Bark{f.weth, alice, bob}).returns.values[0] == 1);
    f.refused(bob, OsmPoke{f.usdc}, "OSM/hop-is-zero");
}

TEST_CASE(
    "dss: a Dutch auction, bought in parts and through a callback", "[contracts][stablecoins]")
{
    DssFixture f;
    const auto [alice, bob, carol] = f.users;
    f.open(bob, f.usdc, 221'000, 200'000);
    f.call(f.admin, FileIlk{f.weth, IlkParameter::spotter_mat, whole(175, 25)});
    f.open(alice, f.weth, 10, 10'000);
    f.call(f.admin, FileIlk{f.weth, IlkParameter::spotter_mat, whole(250, 25)});
    f.call(carol, SpotterPoke{f.weth});
    CHECK(f.call(carol, Bark{f.weth, alice, carol}).returns.values[0] == 1);
    // 11,300 are to be raised; the keeper has 10 and a thousandth of that.
    CHECK(f.dss.sale(f.weth, 1).tab == rads(11'300));
    CHECK(f.dss.dai(carol) == wrapping_add(rads(10), whole(113, 44)));
    CHECK(f.dss.sale(f.weth, 1).top == whole(2'400, 27));
    CHECK(f.dss.vow().sin == rads(10'000));
    const auto any = Amount::max();
    f.refused(bob, Take{f.weth, 2, any, any, bob, {}}, "Clipper/not-running-auction");
    f.refused(bob, Take{f.weth, 1, any, whole(2'399, 27), bob, {}}, "Clipper/too-expensive");
    f.refused(bob, Redo{f.weth, 1, bob}, "Clipper/cannot-reset");
    f.wait(95);
    CHECK(f.dss.sale_status(f.weth, 1, f.now)->price == whole(2'376, 27));
    f.call(bob, Take{f.weth, 1, wads(1), any, bob, {}});
    CHECK(f.dss.gem(f.weth, bob) == wads(1));
    CHECK(f.dss.sale(f.weth, 1).tab == rads(8'924));
    // Less than chost must not be left: 8,924 - 3.75 * 2,376 are 14.
    CallWriter nested;
    nested.add(f.dss.id(), Take{f.weth, 1, 1, any, carol, {}});
    f.refused(
        carol, Take{f.weth, 1, whole(1, 16), any, carol, nested.list()}, "Clipper/system-locked");
    const auto before = f.dss.dai(bob);
    f.call(bob, Take{f.weth, 1, whole(375, 16), any, bob, {}});
    CHECK(f.dss.sale(f.weth, 1).tab == rads(113));
    CHECK(f.dss.dai(bob) == wrapping_sub(before, rads(8'811)));
    f.refused(bob, Take{f.weth, 1, whole(1, 15), any, bob, {}}, "Clipper/no-partial-purchase");

    // Carol has too little dai and gets it inside the call: she sells what she has bought to bob.
    f.call(f.admin, FileIlk{f.weth, IlkParameter::clip_stopped, 3});
    f.refused(carol, Take{f.weth, 1, any, any, carol, {}}, "Clipper/stopped-incorrect");
    f.call(f.admin, FileIlk{f.weth, IlkParameter::clip_stopped, 0});
    f.refused(carol, Take{f.weth, 1, any, any, carol, {}}, "(no reason)");
    f.call(bob, Hope{carol});
    const Flux sold{f.weth, carol, bob, {}};
    CallWriter sale;
    sale.add(f.dss.id(), sold, Binding{sold.wad, ResultOf{ResultOf::callback, 1}});
    sale.add(f.dss.id(), Move{bob, carol, rads(120)});
    f.call(carol, Take{f.weth, 1, any, any, carol, sale.list()});
    CHECK(f.dss.active_sales(f.weth).empty());
    CHECK(f.dss.gem(f.weth, carol).is_zero());
    // Alice has back what was not needed.
    CHECK(f.dss.gem(f.weth, alice) > wads(5));
    CHECK(f.dss.dog().dirt.is_zero());

    // Debt leaves the queue after its time and is healed by what was raised.
    f.refused(bob, Heal{rads(10'000)}, "Vow/insufficient-debt");
    f.refused(bob, Flog{f.now - 95}, "Vow/wait-not-finished");
    f.wait(100);
    f.call(bob, Flog{f.now - 195});
    f.call(bob, Heal{rads(10'000)});
    CHECK(f.dss.dai(f.dss.vow_account()) >= rads(1'300));
}

TEST_CASE("dss: agents use it through its sector, and their calls need no dry run",
    "[contracts][stablecoins][sectors]")
{
    DssFixture f;
    const DebtPositions& system = f.dss;
    const auto [alice, bob, carol] = f.users;
    const auto dave = f.sandbox.account("dave");
    f.token[f.weth]->allocate(dave, wads(20));
    const auto run = [&](AccountId sender, const CallWriter& calls, bool is_declared = true)
    {
        const auto outcome = f.expect_ok(sender, calls);
        CHECK((outcome.undeclared_touches == 0 || !is_declared));
        return outcome;
    };
    const auto change = [&](AccountId owner, const DebtChange& what)
    {
        CallWriter calls;
        calls.add(f.token[f.weth]->id(), Erc20Approve{system.collateral_spender(0), Amount::max()});
        calls.add(f.dai.id(), Erc20Approve{system.debt_spender(), Amount::max()});
        system.add_change(calls, 0, what, owner);
        return run(owner, calls);
    };
    const auto update = [&]
    {
        CallWriter calls;
        system.add_update(calls, 0, f.now);
        run(carol, calls);
    };

    REQUIRE(system.collateral_count() == 2);
    CHECK(system.debt_token() == f.dai.id());
    auto terms = system.terms(0);
    CHECK(terms.price == wads(2'000));
    CHECK(terms.unit == wads(1));
    CHECK(terms.ratio_min == whole(15, 17));
    CHECK(terms.debt_min == wads(100));
    CHECK(terms.starts);
    CHECK(system.terms(1).unit == whole(1, 6));
    CHECK(worth_of(system.terms(1), whole(3, 6), system.terms(1).feed_price) == wads(3));

    // Dave, whom the vat does not know, opens, tops up, repays some and frees some.
    change(dave, {.lock = wads(9), .draw = wads(9'000)});
    CHECK(f.dai.balance(dave) == wads(9'000));
    change(dave, {.lock = wads(2)});
    change(dave, {.free = wads(1), .repay = wads(500)});
    change(dave, {.draw = wads(1'500)});
    auto position = system.position(0, dave);
    CHECK(position.collateral == wads(10));
    CHECK(position.debt == wads(10'000));
    CHECK_FALSE(position.is_unsafe);
    CHECK(f.dai.balance(dave) == wads(10'000));
    CHECK(f.token[f.weth]->balance(dave) == wads(10));
    CHECK(system.books().debt == wads(10'000));
    CHECK(system.accounts(0) == std::vector<AccountId>{dave});

    // The price falls, and the system learns it an hour late.
    f.open(alice, f.usdc, 30'000, 20'000);
    f.call(alice, DaiJoinExit{carol, wads(20'000)});
    f.set_price(1'400);
    CHECK(system.terms(0).feed_price == wads(1'400));
    CHECK(system.is_update_due(0, f.now));
    update();
    CHECK(system.terms(0).price == wads(2'000));
    CHECK_FALSE(system.is_update_due(0, f.now + 60));
    f.wait(3'600);
    CHECK(system.is_update_due(0, f.now));
    CHECK_FALSE(system.position(0, dave).is_unsafe);
    update();
    CHECK(system.terms(0).price == wads(1'400));
    position = system.position(0, dave);
    CHECK(position.is_unsafe);
    CHECK(position.debt > wads(10'000));  // An hour's fee.

    const auto reward = system.start_reward(0, dave);
    CHECK(reward > wads(21));  // 10 and a thousandth of 11,300.
    CHECK(system.auctions(0, f.now).empty());
    {
        CallWriter calls;
        system.add_start(calls, 0, dave, bob);
        run(bob, calls, false);
    }
    CHECK(system.claims(0, bob).debt_token == reward);
    CHECK(system.position(0, dave).debt.is_zero());
    CHECK(system.books().deficit > wads(10'000));
    auto auctions = system.auctions(0, f.now);
    REQUIRE(auctions.size() == 1);
    CHECK(auctions[0].owner == dave);
    CHECK(auctions[0].collateral == wads(10));
    CHECK(auctions[0].price == wads(1'680));
    CHECK(auctions[0].wanted > wads(11'300));
    CHECK_FALSE(auctions[0].restarts);
    CHECK(system.auctions(0, f.now + 7'201)[0].restarts);

    // Carol has a part for her own Dai; the price has fallen once more when her call runs.
    const auto part = system.preview_take(0, auctions[0].id, wads(2), f.now).value();
    CHECK(part.collateral == wads(2));
    CHECK(part.cost == wads(3'360));
    {
        CallWriter calls;
        system.add_take(calls, 0, auctions[0].id, part, carol);
        f.wait(90);
        run(carol, calls);
    }
    CHECK(f.token[f.weth]->balance(carol) == wads(1'002));
    CHECK(f.dai.balance(carol) == wads(20'000 - 3'360));
    CHECK(system.claims(0, carol).debt_token >= whole(335, 17));  // One in a hundred of it.

    // Bob has no Dai: he sells what he has bought to carol while he buys the rest.
    const auto rest =
        system.preview_take(0, auctions[0].id, system.auctions(0, f.now)[0].collateral, f.now)
            .value();
    CHECK(rest.collateral < wads(8));
    f.expect_ok(carol, f.dai.id(), Erc20Approve{bob, Amount::max()});
    {
        CallWriter calls;
        calls.add(f.dai.id(), Erc20Approve{system.debt_spender(), Amount::max()});
        system.add_take_and_sell(
            calls, 0, auctions[0].id, rest,
            [&](CallWriter& sale)
            {
                sale.add(f.token[f.weth]->id(), Erc20Transfer{carol, rest.collateral});
                sale.add(f.dai.id(), Erc20TransferFrom{carol, bob, wads(9'000)});
            },
            bob);
        run(bob, calls);
    }
    CHECK(system.auctions(0, f.now).empty());
    CHECK(f.dai.balance(bob) == wrapping_sub(wads(9'000), rest.cost));
    CHECK(system.books().deficit.is_zero());
    CHECK(system.books().surplus > wads(1'200));

    // What the auction left is dave's, what he did not need is bob's reward.
    for (const auto user : {dave, bob})
    {
        const auto kept = system.claims(0, user);
        const auto before = f.token[f.weth]->balance(user);
        CHECK((!kept.collateral.is_zero() || !kept.debt_token.is_zero()));
        CallWriter calls;
        system.add_claim(calls, 0, kept, user);
        run(user, calls);
        CHECK(f.token[f.weth]->balance(user) == wrapping_add(before, kept.collateral));
        CHECK(system.claims(0, user).collateral.is_zero());
        CHECK(system.claims(0, user).debt_token.is_zero());
    }
}

// Source of the amounts: vat, jug, spot, dog and clip of makerdao/dss in exact integers; what they
// come to in tokens is rounded down where it is somebody's, and up where it is asked of him.
TEST_CASE("dss: what strategies and reports are told of debt, to the unit",
    "[contracts][stablecoins][sectors]")
{
    DssFixture f;
    const DebtPositions& system = f.dss;
    const auto [alice, bob, carol] = f.users;
    const auto usdc = f.usdc;
    const auto set = [&](IlkParameter what, std::string_view value) {
        f.call(f.admin, FileIlk{usdc, what, decimal(value)});
    };
    const auto price = [&](std::uint64_t usd)
    {
        f.expect_ok(f.keeper, f.oracle.id(), SetPrice{f.token[usdc]->id(), Amount{usd}});
        f.call(f.keeper, SpotterPoke{usdc});
    };
    const auto change = [&](const DebtChange& what)
    {
        CallWriter calls;
        system.add_change(calls, usdc, what, alice);
        return f.events_of<DebtChangeRow>(f.expect_ok(alice, calls).block).at(0);
    };
    f.call(f.admin, File{Parameter::spotter_par, decimal("1000000100000000000000000003")});
    set(IlkParameter::jug_duty, "1000000001547125957863212448");
    set(IlkParameter::vat_dust, "100000000000000000000000000000000000000000000001");
    set(IlkParameter::dog_chop, "1130000000000000001");
    set(IlkParameter::clip_chip, "1000000000000001");
    price(99'970'003);
    f.wait(1'000'000);
    f.call(bob, JugDrip{usdc});
    CHECK(f.dss.ilk(usdc).rate == decimal("1001548323373467890323434631"));

    const auto opened =
        change({.lock = Amount{30'000'000'007}, .draw = decimal("20000000000000000000001")});
    CHECK(opened.locked_raw == Amount{30'000'000'007});
    CHECK(opened.drawn_raw == decimal("20000000000000000000001"));
    CHECK(f.dss.urn(usdc, alice).art == decimal("19969081404514706871673"));
    CHECK(system.position(usdc, alice).collateral == Amount{30'000'000'007});
    CHECK(system.position(usdc, alice).debt == decimal("20000000000000000000002"));
    CHECK(system.claims(usdc, alice).debt_token.is_zero());  // A fraction of a unit is.
    auto terms = system.terms(usdc);
    CHECK(terms.price == decimal("999699930030006997"));
    CHECK(terms.feed_price == decimal("999699930030006996"));
    CHECK(terms.ratio_min == whole(11, 17));
    CHECK(terms.debt_min == decimal("100000000000000000001"));
    CHECK(terms.debt == decimal("20000000000000000000002"));
    CHECK(terms.debt_room == decimal("979999999999999999999998"));
    f.wait(500'000);
    f.call(bob, JugDrip{usdc});
    CHECK(system.books().debt == decimal("20015477245106776522291"));
    CHECK(system.books().surplus == decimal("15477245106776522289"));
    CHECK(change({.repay = decimal("1000000000000000000003")}).repaid_raw ==
          decimal("1000000000000000000002"));
    CHECK(f.dss.urn(usdc, alice).art == decimal("18971399402732981288980"));

    price(68'000'001);
    terms = system.terms(usdc);
    CHECK(terms.price == decimal("679999942000005800"));
    CHECK(terms.feed_price == decimal("679999942000005799"));
    CHECK(system.position(usdc, alice).is_unsafe);
    CHECK(system.start_reward(usdc, alice) == decimal("31487489286970678976"));
    CallWriter start;
    system.add_start(start, usdc, alice, bob);
    const auto started = f.expect_ok(bob, start);
    const auto row = f.events_of<CollateralAuctionRow>(started.block).at(0);
    CHECK(row.collateral_raw == Amount{30'000'000'007});
    CHECK(row.debt_raw == decimal("19015477245106776522289"));
    CHECK(row.wanted_raw == decimal("21487489286970657489202"));
    CHECK(row.price == decimal("815999930400006960"));
    CHECK(system.claims(usdc, bob).debt_token == decimal("31487489286970678976"));
    CHECK(system.books().deficit == decimal("19031487489286970678976"));
    f.wait(333);
    const auto auction = system.auctions(usdc, f.now).at(0);
    CHECK(auction.collateral == Amount{30'000'000'007});
    CHECK(auction.wanted == decimal("21487489286970657489202"));
    CHECK(auction.price == decimal("788827132717686729"));
    // 0.9667 of the first price but for two units of 1e-27: a share of one unit more is too much.
    set(IlkParameter::clip_cusp, "966699999999999999999999998");
    CHECK_FALSE(system.auctions(usdc, f.now).at(0).restarts);
    set(IlkParameter::clip_cusp, "966699999999999999999999999");
    CHECK(system.auctions(usdc, f.now).at(0).restarts);
    set(IlkParameter::clip_cusp, "400000000000000000000000000");
    const Amount most{1'234'567'891};
    const auto part = system.preview_take(usdc, auction.id, most, f.now).value();
    CHECK(part.collateral == most);
    CHECK(part.cost == decimal("973860650391678735189"));
    f.expect_ok(alice, f.dai.id(), Erc20Transfer{bob, wads(1'000)});
    CallWriter take;
    system.add_take(take, usdc, auction.id, part, bob);
    const auto taken = f.events_of<CollateralAuctionRow>(f.expect_ok(bob, take).block).at(0);
    CHECK(taken.collateral_raw == most);
    CHECK(taken.paid_raw == part.cost);
    CHECK(taken.price == auction.price);
    CHECK(taken.left_raw == Amount{28'765'432'115});
    CHECK(taken.wanted_raw == decimal("20513628636578978754013"));
    // What a preview refuses, the first reason first.
    const auto reason = [&](std::uint64_t number, std::uint64_t at)
    { return system.preview_take(usdc, number, most, at).error().to_string(); };
    CHECK(reason(auction.id + 1, f.now) == "Clipper/not-running-auction");
    CHECK(reason(auction.id, f.now + 7'200) == "Clipper/needs-reset");
    set(IlkParameter::clip_stopped, "3");
    CHECK(reason(auction.id, f.now) == "Clipper/stopped-incorrect");
    CHECK(reason(auction.id + 1, f.now) == "Clipper/stopped-incorrect");
}

// By hand: a room of 1e-36 Dai less than 300 with their penalty has one for a unit less of debt.
TEST_CASE("dss: how much of a debt a limit leaves room for", "[contracts][stablecoins]")
{
    DssFixture f;
    const auto [alice, bob, carol] = f.users;
    f.open(alice, f.usdc, 1'000, 800);
    const auto penalized = wrapping_mul(wads(300), whole(113, 16));
    f.call(f.admin, FileIlk{f.usdc, IlkParameter::dog_hole,
                        wrapping_mul(wrapping_sub(penalized, 1), whole(1, 9))});
    f.expect_ok(f.keeper, f.oracle.id(), SetPrice{f.token[f.usdc]->id(), whole(80, 6)});
    f.call(f.keeper, SpotterPoke{f.usdc});
    f.call(bob, Bark{f.usdc, alice, bob});
    CHECK(f.dss.urn(f.usdc, alice).art == wrapping_add(wads(500), 1));
}

TEST_CASE("dss: what strategies and reports are told of its own auctions, to the unit",
    "[contracts][stablecoins][sectors]")
{
    DssFixture f;
    const BackstopAuctions& system = f.dss;
    const auto [alice, bob, carol] = f.users;
    const auto surplus = BackstopKind::surplus;
    const auto deficit = BackstopKind::deficit;
    const auto lot = wrapping_add(rads(100), 5);
    const auto wanted = wrapping_add(rads(1'000), 5);
    f.call(f.admin, File{Parameter::vow_bump, lot});
    f.call(f.admin, File{Parameter::vow_sump, wanted});
    f.open(alice, f.weth, 100, 100'000);
    f.wait(86'400 * 10);
    f.call(bob, JugDrip{f.weth});
    CHECK(system.first_bid(surplus, f.now)->won == wads(100));
    auto row = f.events_of<BackstopAuctionRow>(f.call(bob, Flap{}).block).at(0);
    CHECK(row.won_raw == wads(100));
    CHECK(row.given_raw.is_zero());
    f.call(bob, Tend{1, lot, wrapping_add(wads(1), 7)});
    auto running = system.backstop_auctions(surplus, f.now).at(0);
    CHECK(running.won == wads(100));
    CHECK(running.given == wrapping_add(wads(1), 7));
    // 1.05 of it are 1,050,000,000,000,000,007.35.
    const auto better = system.better_bid(surplus, running).value();
    CHECK(better.won == wads(100));
    CHECK(better.given == Amount{1'050'000'000'000'000'008});
    f.refused(carol, Tend{1, lot, wrapping_sub(better.given, 1)}, "Flapper/insufficient-increase");
    f.call(carol, Tend{1, lot, better.given});
    f.wait(601);
    f.call(bob, FlapDeal{1});
    CHECK(f.dss.dai(carol) == lot);
    CHECK(system.backstop_claim(carol) == wads(100));

    f.call(f.admin, FileIlk{f.weth, IlkParameter::spotter_mat, whole(300, 25)});
    f.call(carol, SpotterPoke{f.weth});
    f.call(carol, Bark{f.weth, alice, carol});
    f.wait(100);
    f.call(bob, Flog{f.now - 100});
    f.call(bob, Heal{f.dss.dai(f.dss.vow_account())});
    // 50 / 1.05, and 5e-45 more than 1,000.
    const auto asked = wrapping_add(wads(1'000), 1);
    const auto first = system.first_bid(deficit, f.now).value();
    CHECK(first.won == decimal("47619047619047619047"));
    CHECK(first.given == asked);
    row = f.events_of<BackstopAuctionRow>(f.call(bob, Flop{}).block).at(0);
    CHECK(row.won_raw == wads(50));
    CHECK(row.given_raw == asked);
    f.wait(3'601);
    running = system.backstop_auctions(deficit, f.now).at(0);
    CHECK(running.given == asked);
    CHECK(running.restarts);
    // Started again it offers half as much more.
    CHECK(system.better_bid(deficit, running)->won == decimal("71428571428571428571"));
    f.call(bob, FlopTick{1});
    f.open(carol, f.usdc, 220'000, 150'000);
    f.refused(
        carol, Dent{1, decimal("71428571428571428572"), wanted}, "Flopper/insufficient-decrease");
    f.call(carol, Dent{1, decimal("71428571428571428571"), wanted});
    running = system.backstop_auctions(deficit, f.now).at(0);
    CHECK(running.won == decimal("71428571428571428571"));
    CHECK(system.better_bid(deficit, running)->won == decimal("68027210884353741496"));
    CHECK(system.better_bid(deficit, running)->given == asked);
}

TEST_CASE("dss: auctions that fall too far start again", "[contracts][stablecoins]")
{
    DssFixture f;
    const auto [alice, bob, carol] = f.users;
    for (const auto user : {alice, bob, carol})
        f.open(user, f.weth, 10, 10'000);
    f.call(f.admin, FileIlk{f.weth, IlkParameter::spotter_mat, whole(300, 25)});
    f.call(carol, SpotterPoke{f.weth});
    for (const auto user : {alice, bob, carol})
        f.call(carol, Bark{f.weth, user, carol});
    CHECK(f.dss.active_sales(f.weth) == std::vector<std::uint64_t>{1, 2, 3});
    f.wait(7'201);
    f.refused(bob, Take{f.weth, 1, 1, Amount::max(), bob, {}}, "Clipper/needs-reset");
    const auto paid = f.dss.dai(bob);
    f.call(alice, Redo{f.weth, 1, bob});
    CHECK(f.dss.dai(bob) > paid);
    CHECK(f.dss.sale(f.weth, 1).tic == f.now);
    f.refused(bob, Yank{f.weth, 1}, "Clipper/not-authorized");
    f.call(f.admin, Yank{f.weth, 1});
    // The last one moves into the hole.
    CHECK(f.dss.active_sales(f.weth) == std::vector<std::uint64_t>{3, 2});
    CHECK(f.dss.sale(f.weth, 3).pos == 0);
    CHECK(f.dss.gem(f.weth, f.admin) == wads(10));

    // Holes: no more is auctioned at a time than they say, and no dust is left or taken.
    f.call(f.admin, FileIlk{f.weth, IlkParameter::dog_hole,
                        wrapping_add(f.dss.dog(std::size_t{f.weth}).dirt, rads(1'130))});
    f.call(f.admin, FileIlk{f.weth, IlkParameter::spotter_mat, whole(150, 25)});
    f.call(carol, SpotterPoke{f.weth});
    f.open(alice, f.weth, 10, 10'000);
    f.call(f.admin, FileIlk{f.weth, IlkParameter::spotter_mat, whole(300, 25)});
    f.call(carol, SpotterPoke{f.weth});
    f.call(carol, Bark{f.weth, alice, carol});
    CHECK(f.dss.urn(f.weth, alice).art >= wads(9'000));
    CHECK(f.dss.urn(f.weth, alice).art < wads(9'001));
    f.refused(carol, Bark{f.weth, alice, carol},
        f.dss.dog(std::size_t{f.weth}).hole > f.dss.dog(std::size_t{f.weth}).dirt
            ? "Dog/dusty-auction-from-partial-liquidation"
            : "Dog/liquidation-limit-hit");
    f.call(f.admin, FileIlk{f.weth, IlkParameter::clip_stopped, 1});
    f.call(f.admin, FileIlk{f.weth, IlkParameter::dog_hole, rads(500'000)});
    f.refused(carol, Bark{f.weth, alice, carol}, "Clipper/stopped-incorrect");
}

TEST_CASE("dss: surplus buys MKR, debt sells it", "[contracts][stablecoins]")
{
    DssFixture f;
    const auto [alice, bob, carol] = f.users;
    f.open(alice, f.weth, 100, 100'000);
    f.refused(bob, Flap{}, "Vow/insufficient-surplus");
    f.wait(86'400 * 10);
    f.call(bob, JugDrip{f.weth});
    CHECK(f.dss.dai(f.dss.vow_account()) > rads(130));
    CHECK(f.call(bob, Flap{}).returns.values[0] == 1);
    f.refused(bob, Flap{}, "Vow/insufficient-surplus");
    f.refused(bob, FlapDeal{1}, "Flapper/not-finished");
    f.refused(bob, FlapTick{1}, "Flapper/not-finished");
    f.refused(bob, Tend{2, rads(100), 1}, "Flapper/guy-not-set");
    f.refused(bob, Tend{1, rads(99), 1}, "Flapper/lot-not-matching");
    f.call(bob, Tend{1, rads(100), wads(1)});
    f.refused(carol, Tend{1, rads(100), wads(1)}, "Flapper/bid-not-higher");
    f.refused(carol, Tend{1, rads(100), wrapping_sub(whole(105, 16), 1)},
        "Flapper/insufficient-increase");
    f.call(carol, Tend{1, rads(100), whole(105, 16)});
    CHECK(f.mkr.balance(bob) == wads(1'000));
    f.wait(600);
    f.refused(bob, FlapDeal{1}, "Flapper/not-finished");
    f.wait(1);
    f.refused(bob, Tend{1, rads(100), wads(2)}, "Flapper/already-finished-tic");
    const auto supply = f.mkr.total_supply();
    f.call(bob, FlapDeal{1});
    CHECK(f.dss.dai(carol) == rads(100));
    CHECK(f.mkr.total_supply() == wrapping_sub(supply, whole(105, 16)));
    CHECK(f.dss.flap().fill.is_zero());

    // Debt: an auction brings nothing, and what was queued is old enough.
    f.call(f.admin, FileIlk{f.weth, IlkParameter::spotter_mat, whole(300, 25)});
    f.call(carol, SpotterPoke{f.weth});
    f.call(carol, Bark{f.weth, alice, carol});
    f.wait(100);
    f.call(bob, Flog{f.now - 100});
    f.refused(bob, Flop{}, "Vow/surplus-not-zero");
    f.call(bob, Heal{f.dss.dai(f.dss.vow_account())});
    CHECK(f.call(bob, Flop{}).returns.values[0] == 1);
    CHECK(f.dss.vow().ash == rads(1'000));
    f.wait(3'601);
    f.call(bob, FlopTick{1});
    CHECK(f.dss.flop(1).lot == wads(75));
    f.open(carol, f.usdc, 220'000, 150'000);
    f.open(bob, f.usdc, 220'000, 150'000);
    f.refused(carol, Dent{1, wads(75), rads(1'000)}, "Flopper/lot-not-lower");
    f.refused(carol, Dent{1, wads(74), rads(1'000)}, "Flopper/insufficient-decrease");
    f.refused(carol, Dent{1, wads(70), rads(999)}, "Flopper/not-matching-bid");
    f.call(carol, Dent{1, wads(70), rads(1'000)});
    // The first bid cancels the debt it was asked for; the next one pays out the first bidder.
    CHECK(f.dss.vow().ash.is_zero());
    const auto before = f.dss.dai(carol);
    f.call(bob, Dent{1, wads(60), rads(1'000)});
    CHECK(f.dss.dai(carol) == wrapping_add(before, rads(1'000)));
    f.wait(601);
    f.call(carol, FlopDeal{1});
    CHECK(f.mkr.balance(bob) == wads(1'060));
    f.refused(carol, FlopDeal{1}, "Flopper/not-finished");
    f.refused(carol, Kiss{1}, "Vow/not-enough-ash");
}

TEST_CASE("dss: what a vat refuses, the first reason first", "[contracts][stablecoins]")
{
    DssFixture f;
    const auto [alice, bob, carol] = f.users;
    f.open(alice, f.weth, 10, 1'000);
    f.open(bob, f.weth, 10, 1'000);
    const auto fork = [&](AccountId to, std::int64_t ink, std::int64_t art) {
        return Fork{f.weth, alice, to, signed_wads(ink), signed_wads(art)};
    };
    f.refused(alice, fork(bob, 10, 0), "Vat/not-allowed");
    for (const auto user : {bob, carol})
        f.call(user, Hope{alice});
    f.refused(alice, fork(bob, 10, 0), "Vat/not-safe-src");
    f.refused(alice, fork(carol, 0, 950), "Vat/not-safe-dst");  // And dust is left.
    f.refused(alice, fork(bob, 0, 901), "Vat/dust-src");
    f.refused(alice, fork(carol, 1, 99), "Vat/dust-dst");
    f.call(alice, fork(carol, 1, 900));  // A hundred are no dust.
    f.refused(alice, fork(bob, 0, 50), "Vat/dust-src");
    CHECK(f.dss.urn(f.weth, alice).art == wads(100));
    f.call(alice, fork(carol, 9, 100));  // Nothing is none either.
    f.call(alice, Fork{f.weth, carol, alice, signed_wads(2), signed_wads(110)});
    f.refused(alice, fork(bob, 2, 55), "Vat/not-safe-src");
    f.call(f.keeper, Hope{alice});
    f.refused(alice, fork(f.keeper, 1, 55), "Vat/dust-src");

    const auto one = signed_wads(1);
    const auto minus = signed_wads(-1);
    f.refused(bob, Frob{f.weth, carol, carol, carol, one, one}, "Vat/not-allowed-u");
    f.refused(bob, Frob{f.weth, carol, carol, carol, one, minus}, "Vat/not-allowed-v");
    f.refused(bob, Frob{f.weth, carol, carol, carol, 0, signed_wads(-850)}, "Vat/not-allowed-w");
    f.refused(bob, Frob{f.weth, bob, bob, bob, 0, signed_wads(1'000'000)}, "Vat/ceiling-exceeded");
    f.refused(bob, Frob{2, bob, bob, bob, 0, 0}, "Vat/ilk-not-init");

    const auto half = Amount::power_of_two(255);
    f.refused(bob, GemJoinJoin{f.weth, bob, half}, "GemJoin/overflow");
    f.refused(bob, GemJoinExit{f.weth, bob, wrapping_add(half, 1)}, "GemJoin/overflow");
    f.refused(bob, GemJoinExit{f.weth, bob, half}, "(no reason)");

    f.call(bob, DaiJoinExit{bob, wads(5)});
    const Erc20TransferFrom moved{bob, carol, wads(2)};
    f.expect_refusal(alice, f.dai.id(), moved, "Dai/insufficient-allowance");
    f.expect_refusal(
        alice, f.dai.id(), Erc20TransferFrom{bob, carol, wads(6)}, "Dai/insufficient-balance");
    f.expect_ok(bob, f.dai.id(), Erc20Approve{alice, wads(2)});
    f.expect_ok(alice, f.dai.id(), moved);
    f.expect_refusal(
        alice, f.dai.id(), Erc20TransferFrom{bob, carol, 1}, "Dai/insufficient-allowance");

    f.refused(f.admin, PipSet{f.weth, wads(1), true}, "Pip/has-a-feed");
    f.refused(bob, PipSet{f.weth, wads(1), true}, "Pip/not-authorized");
    f.sandbox.set_time(f.now - 1);
    f.refused(bob, JugDrip{f.weth}, "Jug/invalid-now");
    f.refused(bob, PotDrip{}, "Pot/invalid-now");
    f.sandbox.set_time(f.now);

    f.call(f.admin, FileIlk{f.weth, IlkParameter::spotter_mat, whole(10'000, 25)});
    f.call(bob, SpotterPoke{f.weth});
    f.refused(alice, fork(carol, 0, 0), "Vat/not-safe-src");  // Nor is the other one.

    // An ilk without a rate is none.
    f.call(f.admin, Fold{f.usdc, f.admin, Int256::from_magnitude(ray, true)});
    f.call(bob, GemJoinJoin{f.usdc, bob, 1'000});
    f.refused(bob, Frob{f.usdc, bob, bob, bob, 1, 0}, "Vat/ilk-not-init");
}

TEST_CASE("dss: what liquidations refuse, the first reason first", "[contracts][stablecoins]")
{
    DssFixture f;
    const auto [alice, bob, carol] = f.users;
    const auto any = Amount::max();
    const auto set = [&](std::uint8_t i, IlkParameter what, const Amount& data) {
        f.call(f.admin, FileIlk{i, what, data});
    };
    const auto price = [&](const Amount& usd_e8) {
        f.expect_ok(f.keeper, f.oracle.id(), SetPrice{f.token[f.usdc]->id(), usd_e8});
    };

    // Three units of collateral, 3,000 of debt: a third of it is one unit, and less is none.
    set(f.weth, IlkParameter::vat_dust, {});
    f.call(alice, GemJoinJoin{f.weth, alice, 3});
    f.call(alice, Frob{f.weth, alice, alice, alice, 3, 3'000});
    set(f.weth, IlkParameter::dog_hole, {});
    f.refused(bob, Bark{f.weth, alice, bob}, "Dog/not-unsafe");
    set(f.weth, IlkParameter::spotter_mat, whole(300, 25));
    f.call(bob, SpotterPoke{f.weth});
    f.refused(bob, Bark{f.weth, alice, bob}, "Dog/liquidation-limit-hit");
    set(f.weth, IlkParameter::dog_hole, whole(1'129, 27));  // 999 and the penalty.
    f.refused(bob, Bark{f.weth, alice, bob}, "Dog/null-auction");
    set(f.weth, IlkParameter::dog_hole, whole(1'130, 27));
    set(f.weth, IlkParameter::clip_buf, {});
    f.refused(bob, Bark{f.weth, alice, bob}, "Clipper/zero-top-price");
    set(f.weth, IlkParameter::clip_buf, whole(120, 25));
    f.call(bob, Bark{f.weth, alice, bob});
    CHECK(f.dss.sale(f.weth, 1).lot == 1);

    // A price that is gone, in ilk 1, which asks its feed.
    f.open(carol, f.usdc, 2'201, 2'000);
    f.open(bob, f.usdc, 220'100, 200'000);
    set(f.usdc, IlkParameter::spotter_mat, whole(120, 25));
    f.call(bob, SpotterPoke{f.usdc});
    price({});
    f.refused(bob, Bark{f.usdc, carol, bob}, "Clipper/invalid-price");
    price(whole(1, 8));
    f.call(alice, Bark{f.usdc, carol, alice});
    f.refused(alice, Redo{f.usdc, 2, alice}, "Clipper/not-running-auction");
    f.refused(f.admin, Yank{f.usdc, 2}, "Clipper/not-running-auction");
    f.wait(7'201);
    f.refused(bob, Take{f.usdc, 1, any, {}, bob, {}}, "Clipper/needs-reset");  // Too dear as well.
    price({});
    f.refused(alice, Redo{f.usdc, 1, alice}, "Clipper/invalid-price");
    price(whole(1, 8));
    set(f.usdc, IlkParameter::clip_buf, {});
    f.refused(alice, Redo{f.usdc, 1, alice}, "Clipper/zero-top-price");
    set(f.usdc, IlkParameter::clip_buf, whole(120, 25));
    f.call(alice, Redo{f.usdc, 1, alice});

    // While somebody pays, nothing but the vat is open.
    const auto inside = [&](AccountId who, const auto& what)
    {
        CallWriter nested;
        nested.add(f.dss.id(), what);
        f.refused(
            who, Take{f.usdc, 1, wads(100), any, who, nested.list()}, "Clipper/system-locked");
    };
    inside(f.admin, FileIlk{f.usdc, IlkParameter::clip_buf, {}});
    inside(f.admin, Yank{f.usdc, 1});
    set(f.usdc, IlkParameter::clip_stopped, 2);  // Stops redo(), not take().
    inside(bob, Redo{f.usdc, 1, bob});
    f.refused(bob, Redo{f.usdc, 1, bob}, "Clipper/stopped-incorrect");
    CallWriter nothing;
    nothing.add(f.dss.id(), PotDrip{});
    f.refused(bob, Take{f.usdc, 1, wads(100), any, carol, nothing.list()}, "(no reason)");
    f.call(bob, Take{f.usdc, 1, wads(100), any, bob, nothing.list()});
}

TEST_CASE("dss: what its own auctions refuse, the first reason first", "[contracts][stablecoins]")
{
    DssFixture f;
    const auto [alice, bob, carol] = f.users;
    const auto dai_of_vow = [&] { return f.dss.dai(f.dss.vow_account()); };
    f.open(alice, f.weth, 100, 100'000);
    CallWriter save;
    save.add(f.dss.id(), PotDrip{}).add(f.dss.id(), PotJoin{wads(50'000)});
    f.expect_ok(alice, save);
    f.call(
        f.admin, File{Parameter::pot_dsr, *Amount::from_decimal("1000000000627937192491029810")});
    f.wait(86'400 * 30);
    f.call(bob, JugDrip{f.weth});
    f.refused(bob, Flop{}, "Vow/insufficient-debt");
    f.call(bob, PotDrip{});
    const auto interest = f.dss.sin(f.dss.vow_account());
    REQUIRE(interest > rads(10));
    REQUIRE(dai_of_vow() > wrapping_add(rads(120), interest));
    f.refused(bob, Flap{}, "Vow/debt-not-zero");
    f.refused(bob, Heal{Amount::max()}, "Vow/insufficient-surplus");
    f.call(bob, Heal{interest});

    REQUIRE(dai_of_vow() > rads(220));
    f.call(bob, Flap{});
    f.refused(bob, Flap{}, "Flapper/over-lid");  // A hundred are out, a hundred and fifty may be.
    f.refused(bob, Tend{1, rads(99), {}}, "Flapper/lot-not-matching");
    f.refused(bob, Tend{1, rads(100), {}}, "Flapper/bid-not-higher");
    f.wait(3'600);
    f.refused(bob, Tend{1, rads(100), wads(1)}, "Flapper/already-finished-end");
    f.refused(bob, FlapTick{1}, "Flapper/not-finished");
    f.wait(1);
    f.call(bob, FlapTick{1});
    f.call(bob, Tend{1, rads(100), wads(1)});
    f.refused(bob, FlapTick{1}, "Flapper/not-finished");
    f.wait(600);
    f.refused(carol, Tend{1, rads(100), wads(2)}, "Flapper/already-finished-tic");
    f.wait(3'001);
    f.refused(carol, Tend{1, rads(100), wads(2)}, "Flapper/already-finished-tic");  // The end too.
    f.refused(bob, FlapTick{1}, "Flapper/bid-already-placed");
    f.call(bob, FlapDeal{1});

    f.open(bob, f.usdc, 220'000, 150'000);
    f.open(carol, f.usdc, 220'000, 150'000);
    f.call(f.admin, FileIlk{f.weth, IlkParameter::spotter_mat, whole(300, 25)});
    f.call(carol, SpotterPoke{f.weth});
    f.call(carol, Bark{f.weth, alice, carol});
    f.wait(100);
    f.call(bob, Flog{f.now - 100});
    f.call(bob, Heal{dai_of_vow()});
    f.call(bob, Flop{});
    f.refused(bob, Kiss{Amount::max()}, "Vow/not-enough-ash");
    f.refused(bob, Kiss{1}, "Vow/insufficient-surplus");
    f.refused(bob, Dent{2, wads(40), rads(1'000)}, "Flopper/guy-not-set");
    f.refused(bob, Dent{1, wads(50), rads(999)}, "Flopper/not-matching-bid");
    f.refused(bob, Dent{1, wads(50), rads(1'000)}, "Flopper/lot-not-lower");
    f.refused(bob, FlopTick{1}, "Flopper/not-finished");
    f.wait(3'600);
    f.refused(bob, Dent{1, wads(40), rads(1'000)}, "Flopper/already-finished-end");
    f.wait(1);
    f.call(bob, FlopTick{1});
    f.call(bob, Dent{1, wads(40), rads(1'000)});
    f.refused(bob, FlopTick{1}, "Flopper/not-finished");
    f.wait(600);
    f.refused(carol, Dent{1, wads(30), rads(1'000)}, "Flopper/already-finished-tic");
    f.wait(3'001);
    f.refused(carol, FlopTick{1}, "Flopper/bid-already-placed");
    f.call(carol, FlopDeal{1});
}

TEST_CASE("dss: who bids for surplus or debt is told what its auctions take, to the unit",
    "[contracts][stablecoins]")
{
    DssFixture f;
    const auto [alice, bob, carol] = f.users;
    const auto surplus = BackstopKind::surplus;
    const auto deficit = BackstopKind::deficit;
    const auto running = [&](BackstopKind kind)
    {
        const auto all = f.dss.backstop_auctions(kind, f.now);
        REQUIRE(all.size() == 1);
        return all[0];
    };
    const auto start = [&](BackstopKind kind)
    {
        CallWriter calls;
        f.dss.add_backstop(calls, kind, f.now);
        f.expect_ok(alice, calls);
    };
    const auto bid = [&](AccountId who, BackstopKind kind, const BackstopBid& what)
    {
        CallWriter calls;
        f.dss.add_backstop_bid(calls, kind, running(kind).id, what, who);
        f.expect_ok(who, calls);
    };
    const auto settle = [&](BackstopKind kind)
    {
        CallWriter calls;
        f.dss.add_backstop_settlement(calls, kind, running(kind).id);
        f.expect_ok(alice, calls);
    };
    CHECK(f.dss.backstop_money() == f.dai.id());
    CHECK(f.dss.governance_token() == f.mkr.id());

    f.open(alice, f.weth, 100, 100'000);
    CHECK_FALSE(f.dss.first_bid(surplus, f.now));
    f.wait(86'400 * 10);
    f.call(bob, JugDrip{f.weth});
    // Just what is sold and stays; just as much as may be out.
    const auto spare = wrapping_sub(f.dss.dai(f.dss.vow_account()), rads(100));
    f.call(f.admin, File{Parameter::vow_hump, wrapping_add(spare, 1)});
    CHECK_FALSE(f.dss.first_bid(surplus, f.now));
    f.call(f.admin, File{Parameter::vow_hump, spare});
    f.call(f.admin, File{Parameter::flap_lid, wrapping_sub(rads(100), 1)});
    CHECK_FALSE(f.dss.first_bid(surplus, f.now));
    f.call(f.admin, File{Parameter::flap_lid, rads(100)});
    REQUIRE(f.dss.first_bid(surplus, f.now));
    CHECK(f.dss.first_bid(surplus, f.now)->won == wads(100));
    CHECK(f.dss.first_bid(surplus, f.now)->given == 1);
    CHECK_FALSE(f.dss.first_bid(deficit, f.now));
    start(surplus);
    CHECK_FALSE(f.dss.first_bid(surplus, f.now));
    CHECK(running(surplus).won == wads(100));
    CHECK(running(surplus).given.is_zero());
    CHECK(running(surplus).bidder == zero_account);
    CHECK(running(surplus).takes_bids);
    CHECK(f.dss.better_bid(surplus, running(surplus))->given == 1);
    bid(bob, surplus, {wads(100), wrapping_add(wads(1), 7)});
    const auto more = f.dss.better_bid(surplus, running(surplus)).value();
    CHECK(more.given == wrapping_add(whole(105, 16), 8));  // 7.35
    f.refused(
        carol, Tend{1, rads(100), wrapping_sub(more.given, 1)}, "Flapper/insufficient-increase");
    bid(carol, surplus, more);
    CHECK(running(surplus).bidder == carol);
    CHECK(running(surplus).given == more.given);
    f.wait(599);
    CHECK(running(surplus).takes_bids);
    f.wait(1);
    CHECK_FALSE(running(surplus).takes_bids);
    CHECK_FALSE(running(surplus).is_over);
    f.wait(1);
    CHECK(running(surplus).is_over);
    settle(surplus);
    CHECK(f.dss.backstop_auctions(surplus, f.now).empty());
    CHECK(f.dss.backstop_claim(carol) == wads(100));
    {
        CallWriter calls;
        f.dss.add_backstop_claim(calls, wads(100), carol);
        f.expect_ok(carol, calls);
    }
    CHECK(f.dai.balance(carol) == wads(100));

    // Debt leaves the queue when it may, and surplus cancels some of it first.
    f.call(f.admin, FileIlk{f.weth, IlkParameter::spotter_mat, whole(300, 25)});
    f.call(carol, SpotterPoke{f.weth});
    f.call(carol, Bark{f.weth, alice, carol});
    f.wait(99);
    CHECK_FALSE(f.dss.first_bid(deficit, f.now));
    f.wait(1);
    const auto debt = wrapping_sub(f.dss.sin(f.dss.vow_account()), f.dss.dai(f.dss.vow_account()));
    f.call(f.admin, File{Parameter::vow_sump, wrapping_add(debt, 1)});
    CHECK_FALSE(f.dss.first_bid(deficit, f.now));
    f.call(f.admin, File{Parameter::vow_sump, debt});
    CHECK(f.dss.first_bid(deficit, f.now));
    const auto sump = wrapping_add(rads(1'000), 1);
    f.call(f.admin, File{Parameter::vow_sump, sump});
    const auto first = f.dss.first_bid(deficit, f.now).value();
    CHECK(first.won == *Amount::from_decimal("47619047619047619047"));  // Of 50, 0.6 less.
    CHECK(first.given == wrapping_add(wads(1'000), 1));
    CHECK_FALSE(f.dss.first_bid(surplus, f.now));
    start(deficit);
    CHECK(running(deficit).won == wads(50));
    CHECK(running(deficit).given == first.given);
    CHECK(f.dss.better_bid(deficit, running(deficit))->won == first.won);
    for (const auto user : {bob, carol})
    {
        f.open(user, f.usdc, 220'000, 150'000);
        f.call(user, DaiJoinExit{user, wads(149'000)});
        f.call(user, Move{user, alice, f.dss.dai(user)});
    }
    f.refused(bob, Dent{1, wrapping_add(first.won, 1), sump}, "Flopper/insufficient-decrease");
    bid(bob, deficit, first);
    CHECK(f.dss.backstop_claim(bob).is_zero());  // What the join was more than the bid.
    CHECK(!f.dss.dai(bob).is_zero());
    const auto less = f.dss.better_bid(deficit, running(deficit)).value();
    CHECK(less.won == *Amount::from_decimal("45351473922902494330"));
    f.refused(carol, Dent{1, wrapping_add(less.won, 1), sump}, "Flopper/insufficient-decrease");
    bid(carol, deficit, less);
    CHECK(f.dss.backstop_claim(bob) == first.given);
    f.wait(601);
    settle(deficit);
    CHECK(f.mkr.balance(carol) == wrapping_add(wrapping_sub(wads(1'000), more.given), less.won));

    // Nobody bids in the next one.
    start(deficit);
    f.wait(3'600);
    CHECK_FALSE(running(deficit).takes_bids);
    CHECK_FALSE(running(deficit).restarts);
    f.wait(1);
    CHECK(running(deficit).restarts);
    const auto padded = f.dss.better_bid(deficit, running(deficit)).value();
    CHECK(padded.won == *Amount::from_decimal("71428571428571428571"));  // Of 75.
    CallWriter again;
    f.dss.add_backstop_restart(again, deficit, running(deficit).id);
    f.expect_ok(alice, again);
    CHECK(running(deficit).won == wads(75));
    CHECK(running(deficit).takes_bids);
    CHECK(f.dss.better_bid(deficit, running(deficit))->won == padded.won);
    CHECK(f.sandbox.world().check_invariants().empty());
}

TEST_CASE("dss: nobody but the admin sets what governs, and each module says so",
    "[contracts][stablecoins]")
{
    DssFixture f;
    const auto alice = f.users[0];
    for (unsigned i = 0; i <= static_cast<unsigned>(Parameter::flop_tau); ++i)
    {
        const auto what = static_cast<Parameter>(i);
        const auto module = what >= Parameter::flop_beg      ? "Flopper"
                            : what >= Parameter::flap_beg    ? "Flapper"
                            : what >= Parameter::vow_wait    ? "Vow"
                            : what == Parameter::dog_hole    ? "Dog"
                            : what == Parameter::pot_dsr     ? "Pot"
                            : what == Parameter::spotter_par ? "Spotter"
                            : what == Parameter::jug_base    ? "Jug"
                                                             : "Vat";
        f.refused(alice, File{what, 1}, std::string{module} + "/not-authorized");
    }
    for (unsigned i = 0; i <= static_cast<unsigned>(IlkParameter::clip_stopped); ++i)
    {
        const auto what = static_cast<IlkParameter>(i);
        const auto module = what >= IlkParameter::clip_buf      ? "Clipper"
                            : what >= IlkParameter::dog_chop    ? "Dog"
                            : what == IlkParameter::spotter_mat ? "Spotter"
                            : what == IlkParameter::jug_duty    ? "Jug"
                                                                : "Vat";
        f.refused(alice, FileIlk{f.weth, what, 1}, std::string{module} + "/not-authorized");
    }
}

TEST_CASE("dss: collateral that answers false is refused", "[contracts][stablecoins]")
{
    DssFixture f{TokenQuirks{0, {}, TransferAnswer::false_on_failure}};
    const auto alice = f.users[0];
    f.refused(alice, GemJoinJoin{f.usdc, alice, whole(1'000'001, 6)}, "GemJoin/failed-transfer");
    f.call(alice, GemJoinJoin{f.usdc, alice, whole(1'000'000, 6)});
}

TEST_CASE("dss: without MKR there are no flaps and flops", "[contracts][stablecoins]")
{
    DssFixture f;
    auto& dai = f.sandbox.add<Dai>("DAI2", "DAI2");
    auto setup = f.setup();
    setup.dai = dai.id();
    setup.mkr = no_contract;
    auto& dss = f.sandbox.add<MakerDss>("plain", setup, std::vector{f.ilk(f.usdc)});
    for (const auto& name : dss.account_names())
        (void)f.sandbox.account(name);
    f.sandbox.connect();
    f.expect_refusal(f.keeper, dss.id(), Flap{}, "Flapper/no-gem");
    f.expect_refusal(f.keeper, dss.id(), Flop{}, "Flopper/no-gem");
    CHECK_FALSE(dss.governance_token());
    CHECK_FALSE(dss.first_bid(BackstopKind::surplus, f.now));
    CHECK_FALSE(dss.first_bid(BackstopKind::deficit, f.now));
}

TEST_CASE("dss: Dai of block 0 is backed like any other", "[contracts][stablecoins]")
{
    DssFixture f;
    const auto alice = f.users[0];
    REQUIRE(f.dai.can_be_allocated());
    REQUIRE(f.dai.allocate(f.sandbox.world(), alice, wads(5'000)));
    CHECK(f.sandbox.world().check_invariants().empty());
    CHECK(f.dai.balance(alice) == wads(5'000));
    const auto vault = *f.sandbox.world().find_account("maker/seed_vault");
    CHECK(f.dss.urn(f.weth, vault).art == wads(5'000));
    CHECK(f.dss.urn(f.weth, vault).ink == wrapping_add(wads(25), 1));
    // It can be joined and spent.
    f.call(alice, DaiJoinJoin{alice, wads(5'000)});
    f.call(alice, Frob{f.weth, vault, alice, alice, 0, signed_wads(-5'000)});
    CHECK(f.dai.total_supply().is_zero());
}

TEST_CASE("dss: random operations keep its identities", "[contracts][stablecoins]")
{
    std::mt19937_64 random{20'200'312};
    std::size_t succeeded = 0;
    std::size_t barks = 0;
    std::size_t takes = 0;
    for (unsigned round = 0; round < 4; ++round)
    {
        DssFixture f;
        const auto draw = [&](std::uint64_t below) { return random() % below; };
        for (unsigned step = 0; step < 400; ++step)
        {
            f.wait(draw(4) == 0 ? draw(5'000) : draw(60));
            const auto user = f.users[draw(3)];
            const auto other = f.users[draw(3)];
            const auto i = static_cast<std::uint8_t>(draw(2));
            const auto id = f.dss.id();
            CallWriter calls;
            bool is_bark = false;
            bool is_take = false;
            switch (draw(20))
            {
                case 0:
                    calls.add(id, GemJoinJoin{i, other,
                                      i == f.weth ? wads(draw(50)) : whole(draw(50'000), 6)});
                    break;
                case 1:
                    calls.add(id, GemJoinExit{i, other, div_down(f.dss.gem(i, user), 3)});
                    break;
                case 2:
                case 3: {
                    const auto ink = div_down(f.dss.gem(i, user), 2);
                    // From half of what it secures on.
                    const auto art = div_down(wrapping_mul(ink, f.dss.ilk(i).spot),
                        wrapping_mul(div_down(ray, 100), 100 + draw(100)));
                    calls.add(id,
                        Frob{i, user, user, user, Int256::from_bits(ink), Int256::from_bits(art)});
                    break;
                }
                case 4:
                    calls.add(id, Frob{i, user, user, user, 0,
                                      -Int256::from_bits(div_down(f.dss.urn(i, user).art, 2))});
                    break;
                case 5: calls.add(id, JugDrip{i}).add(id, PotDrip{}); break;
                case 6: calls.add(id, PotDrip{}).add(id, PotJoin{wads(draw(1'000))}); break;
                case 7: calls.add(id, PotExit{div_down(f.dss.pie(user), 2)}); break;
                case 8:
                    // A new price, through the OSM and to the vat.
                    f.set_price(500 + draw(3'000));
                    for (unsigned hop = 0; hop < 2; ++hop)
                    {
                        f.wait(3'600);
                        f.call(user, OsmPoke{f.weth});
                    }
                    f.call(user, SpotterPoke{f.weth});
                    continue;
                case 9: calls.add(id, OsmPoke{f.weth}); break;
                case 10: calls.add(id, SpotterPoke{i}); break;
                case 11: {
                    // Whoever is unsafe, if anybody is.
                    auto victim = other;
                    for (const auto one : f.users)
                    {
                        const auto& urn = f.dss.urn(i, one);
                        const auto& ilk = f.dss.ilk(i);
                        if (wrapping_mul(urn.ink, ilk.spot) < wrapping_mul(urn.art, ilk.rate))
                            victim = one;
                    }
                    calls.add(id, Bark{i, victim, user});
                    is_bark = true;
                    break;
                }
                case 12: {
                    const auto active = f.dss.active_sales(i);
                    if (active.empty())
                        continue;
                    const auto sale = active[draw(active.size())];
                    calls.add(id, Take{i, sale, draw(2) == 0 ? Amount::max() : wads(1 + draw(3)),
                                      Amount::max(), user, {}});
                    is_take = true;
                    break;
                }
                case 13: {
                    const auto active = f.dss.active_sales(i);
                    if (active.empty())
                        continue;
                    calls.add(id, Redo{i, active[draw(active.size())], user});
                    break;
                }
                default:
                    calls.add(
                        id, DaiJoinExit{other, div_down(f.dss.dai(user), wrapping_mul(ray, 2))});
                    break;
            }
            const auto outcome = f.sandbox.run(user, calls);
            const auto findings = f.sandbox.world().check_invariants();
            INFO((findings.empty() ? std::string{} : findings.front()));
            REQUIRE(findings.empty());
            succeeded += outcome.ok() ? 1 : 0;
            barks += is_bark && outcome.ok() ? 1 : 0;
            takes += is_take && outcome.ok() ? 1 : 0;
        }
    }
    CHECK(succeeded > 300);
    CHECK(barks > 0);
    CHECK(takes > 0);
}

}  // namespace runnel::contracts
