// Underwriters, buyers of cover and assessors of claims.

#include "contracts/insurance/claims_assessment/assessment.hpp"
#include "contracts/insurance/cover_pool/cover_pool.hpp"
#include "contracts/insurance/cover_products/products.hpp"
#include "strategies/insurance/losses.hpp"
#include "strategies/market/common.hpp"
#include "tests/strategies/lending_fixture.hpp"
#include "tests/support/catch.hpp"

#include <string>
#include <utility>
#include <vector>

using namespace runnel;
using namespace runnel::contracts;
using namespace runnel::strategies;
using runnel::strategies::tests::LendingFixture;
using runnel::tests::always;
using runnel::tests::FakeWallet;

namespace
{

using Values = std::vector<std::pair<std::string_view, Parameters::Value>>;

Values with(Values values, const Values& changes)
{
    for (const auto& [key, value] : changes)
    {
        std::erase_if(values, [&key = key](const auto& known) { return known.first == key; });
        values.emplace_back(key, value);
    }
    return values;
}

/// A pool of v3.0.2 that assessors watch, a pool of capital that covers it and WETH's price, and
/// USDC for everybody.
struct Insurance : LendingFixture
{
    Insurance()
      : assessment{sandbox.add<ClaimsAssessmentContract>(
            "assessment", claims_assessment::Rules{usdc.id(), dollars(100), dollars(200),
                              dollars(1'000), 2'000, 2, 86'400, 43'200, 86'400})},
        price_cover{sandbox.add<DepegCover>("price_cover",
            cover_products::DepegTerms{oracle.id(), weth.id(), usd(200), usd(150), 0, 21'600})},
        judged{sandbox.add<AssessedCover>(
            "judged", pool.id(), usdc.id(), assessment.id(), std::uint32_t{10'000})},
        cover{sandbox.add<CoverPoolContract>("cover", terms())},
        bank{*sandbox.world().find_account("bank")}
    {
        sandbox.connect();
        run(bank, CallWriter{}.add(usdc.id(), Erc20Approve{cover.account(), Amount::max()}));
    }

    [[nodiscard]] cover_pool::Terms terms() const
    {
        const auto percent = Amount::power_of_ten(16);
        cover_pool::Terms result;
        result.asset = usdc.id();
        result.products = {price_cover.id(), judged.id()};
        result.cover_limit_bps = 10'000;
        result.product_limit_bps = 10'000;
        result.curve = {percent, wrapping_mul(percent, 4), wrapping_mul(percent, 40), 8'000};
        result.symbol = "cUSDC";
        return result;
    }
    void underwrite(std::uint64_t whole)
    {
        run(bank, CallWriter{}.add(cover.id(), cover_pool::Deposit{dollars(whole)}));
    }
    AccountId person(std::string_view name, std::uint64_t money)
    {
        const auto account = wallet(name);
        usdc.allocate(account, dollars(money));
        return account;
    }
    /// Somebody owes a third of what the market's suppliers have and has nothing left.
    void lose(FakeWallet& me, std::uint64_t debt)
    {
        const auto borrower = sandbox.account("borrower");
        weth.allocate(borrower, ether(debt / 100));
        run(borrower, CallWriter{}
                          .add(weth.id(), Erc20Approve{pool.account(), Amount::max()})
                          .add(pool.id(), aave_v3::Supply{weth.id(), ether(debt / 100), borrower})
                          .add(pool.id(), aave_v3::Borrow{usdc.id(), dollars(debt), 2}));
        me.advance(1);
        set_oracle(weth.id(), 60);
    }

    [[nodiscard]] Values underwriter_values() const
    {
        return {{"pool", cover.id()}, {"enter_within", std::int64_t{0}},
            {"interval", always(3'600)}, {"supply_share", always(0.5)}, {"target", always(0.01)},
            {"expected_loss", always(0.01)}, {"use_expected", always(0.8)},
            {"use_max", always(0.9)}, {"patience", std::int64_t{86'400'000}},
            {"watch", std::vector<ContractId>{weth.id()}}, {"risk_fall", always(0.3)},
            {"fee_tolerance", 0.01}, {"coin", weth.id()}};
    }
    [[nodiscard]] Values buyer_values(std::int64_t product) const
    {
        return {{"pool", cover.id()}, {"product", product}, {"enter_within", std::int64_t{0}},
            {"deposit_share", always(0.5)}, {"cover_share", always(1)}, {"rate_max", always(0.05)},
            {"period", always(864'000)}, {"interval", always(3'600)},
            {"watch_every", std::int64_t{600'000}}, {"reaction", always(0)}, {"loss_min", 0.01},
            {"exaggeration", always(1)}};
    }
    [[nodiscard]] Values assessor_values() const
    {
        return {{"assessment", assessment.id()}, {"enter_within", std::int64_t{0}},
            {"interval", always(600)}, {"stake_share", always(1)}, {"lazy_share", 0.0},
            {"bribed_share", 0.0}, {"bribed_to_accept", false}, {"error", always(0)},
            {"tolerance", always(0.1)}};
    }

    ClaimsAssessmentContract& assessment;
    DepegCover& price_cover;
    AssessedCover& judged;
    CoverPoolContract& cover;
    AccountId bank;
};

/// Decides, and runs what was submitted; the method's number of each call of the only transaction.
bool act(FakeWallet& wallet, Strategy& strategy)
{
    wallet.decide(strategy);
    if (wallet.submissions.empty())
        return false;
    const auto ran = wallet.run(strategy);
    INFO(ran.outcome.receipt.refusal.to_string());
    CHECK(ran.outcome.ok());
    return true;
}
}  // namespace

TEST_CASE("underwriter: supplies where premiums after losses earn what it wants",
    "[strategies][insurance]")
{
    Insurance f;
    const auto me = f.person("me", 10'000);
    auto wallet = f.watcher(me);
    // With 80 % sold at 1 to 5 %, on average 3 %, and a loss of 1 %: 0.8 * 2 % = 1.6 %.
    const auto choosy =
        f.strategy("underwriter", me, with(f.underwriter_values(), {{"target", always(0.0161)}}));
    CHECK_FALSE(act(wallet, *choosy));
    const auto content =
        f.strategy("underwriter", me, with(f.underwriter_values(), {{"target", always(0.0159)}}));
    CHECK(act(wallet, *content));
    CHECK(f.cover.balance(me) == f.dollars(5'000));
    const auto afraid =
        f.strategy("underwriter", me, with(f.underwriter_values(), {{"use_max", always(0.79)}}));
    CHECK_FALSE(act(wallet, *afraid));
}

TEST_CASE("underwriter: gives notice when too little is earned, and leaves when it may",
    "[strategies][insurance]")
{
    Insurance f;
    const auto me = f.person("me", 10'000);
    auto wallet = f.watcher(me);
    const auto strategy = f.strategy("underwriter", me, f.underwriter_values());
    CHECK(act(wallet, *strategy));
    wallet.advance(100);
    CHECK_FALSE(act(wallet, *strategy));
    // After a day nothing has been sold.
    wallet.advance(7'200);
    CHECK(act(wallet, *strategy));
    const auto request = f.cover.withdrawal_request(me);
    CHECK(request.shares == f.dollars(5'000));
    // It comes back when the notice is over.
    const auto next = wallet.decide(*strategy);
    CHECK(wallet.submissions.empty());
    CHECK(next == wallet.view().block_number + (request.ready_at - wallet.view().timestamp) / 12);
    wallet.advance(next - wallet.view().block_number);
    CHECK(act(wallet, *strategy));
    CHECK(f.usdc.balance(me) == f.dollars(10'000));
    // Who has forgotten its request makes it anew.
    CHECK(act(wallet, *strategy));
    wallet.advance(7'200);
    CHECK(act(wallet, *strategy));
    wallet.advance(11 * 7'200);
    CHECK(act(wallet, *strategy));
    CHECK(f.cover.withdrawal_request(me).ready_at > wallet.view().timestamp);
}

TEST_CASE("underwriter: takes out what covers do not need", "[strategies][insurance]")
{
    Insurance f;
    const auto me = f.person("me", 10'000);
    auto wallet = f.watcher(me);
    const auto strategy = f.strategy("underwriter", me, f.underwriter_values());
    CHECK(act(wallet, *strategy));
    f.run(f.bank, CallWriter{}.add(f.cover.id(),
                      cover_pool::BuyCover{0, f.dollars(4'000), 8'640'000, Amount::max()}));
    wallet.advance(1);
    // Ether has fallen by 30 % since it came: what is covered is riskier.
    wallet.set_price(f.weth.id(), 141);
    CHECK_FALSE(act(wallet, *strategy));
    wallet.set_price(f.weth.id(), 139);
    CHECK(act(wallet, *strategy));
    wallet.advance(7 * 7'200);
    CHECK(act(wallet, *strategy));
    CHECK(f.usdc.balance(me) > f.dollars(6'000));
    CHECK(f.usdc.balance(me) < f.dollars(6'010));
    CHECK(f.cover.capital(wallet.view().timestamp) >= f.dollars(4'000));
    CHECK_FALSE(act(wallet, *strategy));
}

TEST_CASE("underwriter: leaves a pool that has sold too much", "[strategies][insurance]")
{
    Insurance f;
    const auto me = f.person("me", 10'000);
    auto wallet = f.watcher(me);
    const auto strategy = f.strategy("underwriter", me, f.underwriter_values());
    CHECK(act(wallet, *strategy));
    const auto sell = [&](std::uint64_t whole)
    {
        f.run(f.bank, CallWriter{}.add(f.cover.id(),
                          cover_pool::BuyCover{0, f.dollars(whole), 8'640'000, Amount::max()}));
        wallet.advance(1);
    };
    sell(4'499);
    CHECK_FALSE(act(wallet, *strategy));
    sell(10);
    CHECK(act(wallet, *strategy));
    CHECK(f.cover.withdrawal_request(me).shares == f.dollars(5'000));
}

TEST_CASE(
    "cover buyer: supplies, covers what it has, and not above its price", "[strategies][insurance]")
{
    Insurance f;
    f.underwrite(10'000);
    const auto me = f.person("me", 2'000);
    auto wallet = f.watcher(me);
    const auto dear =
        f.strategy("cover_buyer", me, with(f.buyer_values(1), {{"rate_max", always(0.0124)}}));
    CHECK(act(wallet, *dear));  // The supply.
    CHECK(exposure_of(wallet.view(), f.judged, me) == 1'000);
    CHECK_FALSE(act(wallet, *dear));
    // 1,000 of 10,000 cost 1 to 1.5 % a year.
    wallet.advance(1'000);
    const auto cheap = f.strategy("cover_buyer", me,
        with(f.buyer_values(1), {{"rate_max", always(0.0126)}, {"deposit_share", always(0)}}));
    CHECK(act(wallet, *cheap));
    const auto covers = f.cover.covers_of(me, 1, 9);
    REQUIRE(covers.size() == 1);
    CHECK(f.cover.cover(covers[0]).amount >= f.dollars(1'000));
    CHECK(f.cover.cover(covers[0]).end == wallet.view().timestamp + 864'000);
    wallet.advance(1'000);
    CHECK_FALSE(act(wallet, *cheap));
    // It buys again when that has ended, and the bucket in which it counted.
    wallet.advance(80'000);
    CHECK(act(wallet, *cheap));
    CHECK(f.cover.covers_of(me, 1, 9).size() == 2);
}

TEST_CASE("cover buyer: takes what is left, but no crumbs", "[strategies][insurance]")
{
    Insurance f;
    f.underwrite(600);
    const auto me = f.person("me", 3'000);
    f.weth.allocate(me, f.ether(5));
    auto wallet = f.watcher(me);
    const Values values{{"deposit_share", always(0)}, {"rate_max", always(1)}};
    const auto strategy = f.strategy("cover_buyer", me, with(f.buyer_values(0), values));
    CHECK(act(wallet, *strategy));
    const auto bought = f.cover.cover(0).amount;
    CHECK(bought == f.dollars(600));
    // Of the 1,000 that it wants fewer than a tenth can be covered.
    f.underwrite(30);
    wallet.advance(1'000);
    CHECK_FALSE(act(wallet, *strategy));
    f.underwrite(90);
    wallet.advance(1'000);
    CHECK(act(wallet, *strategy));
}

TEST_CASE(
    "cover buyer: claims what the chain proves, settles and is paid", "[strategies][insurance]")
{
    Insurance f;
    f.underwrite(10'000);
    const auto me = f.person("me", 3'000);
    f.weth.allocate(me, f.ether(5));
    auto wallet = f.watcher(me);
    const auto strategy = f.strategy("cover_buyer", me,
        with(f.buyer_values(0), {{"deposit_share", always(0)}, {"reaction", always(1'200)}}));
    CHECK(act(wallet, *strategy));
    CHECK(f.cover.cover(0).amount == f.dollars(1'000));
    wallet.advance(10);
    CHECK_FALSE(act(wallet, *strategy));
    f.set_oracle(f.weth.id(), 100);
    // It writes down that the price is below, thinks, and says so.
    CHECK(act(wallet, *strategy));
    wallet.advance(1);
    CHECK_FALSE(act(wallet, *strategy));
    wallet.advance(99);
    CHECK_FALSE(act(wallet, *strategy));
    wallet.advance(1);
    CHECK(act(wallet, *strategy));
    CHECK(f.cover.cover(0).owed == f.dollars(500));
    wallet.advance(1);
    CHECK_FALSE(act(wallet, *strategy));
    wallet.advance(3 * 7'200);
    CHECK(act(wallet, *strategy));
    CHECK(f.cover.incident(0).phase == IncidentPhase::settled);
    const auto before = f.usdc.balance(me);
    CHECK(act(wallet, *strategy));
    CHECK(f.usdc.balance(me) == wrapping_add(before, f.dollars(500)));
    // Its ether is still there, and its price below the level: nothing more to buy or to claim.
    wallet.advance(1);
    wallet.decide(*strategy);
    CHECK(wallet.submissions.empty());
}

TEST_CASE("cover buyer: brings what nobody measures before assessors, and appeals once",
    "[strategies][insurance]")
{
    Insurance f;
    f.underwrite(10'000);
    const auto me = f.person("me", 3'000);
    const auto liar = f.person("liar", 5'000);
    auto wallet = f.watcher(me);
    const auto strategy =
        f.strategy("cover_buyer", me, with(f.buyer_values(1), {{"rate_max", always(1)}}));
    CHECK(act(wallet, *strategy));
    CHECK(act(wallet, *strategy));
    wallet.advance(1);
    f.lose(wallet, 1'500'000);
    // 600,000 of what 1,500,000 borrowed are not covered by 15,000 ether at 60, of 5,001,500.
    const auto loss = visible_loss(wallet.view(), f.judged);
    REQUIRE(loss.has_value());
    CHECK(*loss == Approx(600'000 / 5'001'500.0).epsilon(1e-3));
    wallet.advance(1);
    CHECK(act(wallet, *strategy));
    CHECK(f.cover.incident(0).phase == IncidentPhase::assessing);
    // A bribed assessor denies it.
    f.run(liar, CallWriter{}
                    .add(f.usdc.id(), Erc20Approve{f.assessment.account(), Amount::max()})
                    .add(f.assessment.id(), claims_assessment::Stake{f.dollars(1'500)})
                    .add(f.assessment.id(), claims_assessment::CastVote{0, false}));
    wallet.advance(1);
    CHECK_FALSE(act(wallet, *strategy));
    wallet.advance(7'200);
    CHECK(act(wallet, *strategy));
    CHECK(f.assessment.poll(0, wallet.view().timestamp).round == 1);
    wallet.advance(7'200);
    CHECK_FALSE(act(wallet, *strategy));
    wallet.advance(3'600);
    CHECK(act(wallet, *strategy));
    CHECK(f.cover.incident(0).phase == IncidentPhase::denied);
}

TEST_CASE("claims assessor: honest ones vote by what they see", "[strategies][insurance]")
{
    Insurance f;
    f.underwrite(10'000);
    const auto me = f.person("me", 3'000);
    const auto claimant = f.person("claimant", 3'000);
    auto wallet = f.watcher(me);
    const auto honest = f.strategy("claims_assessor", me, f.assessor_values());
    CHECK(act(wallet, *honest));
    CHECK(f.assessment.stake_of(me) == f.dollars(3'000));
    CHECK_FALSE(act(wallet, *honest));
    f.run(claimant,
        CallWriter{}
            .add(f.usdc.id(), Erc20Approve{f.cover.account(), Amount::max()})
            .add(f.usdc.id(), Erc20Approve{f.assessment.account(), Amount::max()})
            .add(f.cover.id(), cover_pool::BuyCover{1, f.dollars(100), 864'000, Amount::max()})
            .add(f.cover.id(), cover_pool::BuyCover{1, f.dollars(100), 864'000, Amount::max()}));
    wallet.advance(1);
    f.lose(wallet, 1'500'000);
    const auto loss = *visible_loss(wallet.view(), f.judged);
    wallet.advance(1);
    const auto claim = [&](std::uint64_t cover, double share)
    {
        f.run(claimant, CallWriter{}.add(f.cover.id(),
                            cover_pool::SubmitIncident{cover, Amount::from_double(share * 1e18),
                                wallet.view().timestamp - 12}));
    };
    // Half as much again as it sees is more than its tolerance of a tenth.
    claim(0, loss * 1.5);
    CHECK(act(wallet, *honest));
    CHECK(f.assessment.poll(0, wallet.view().timestamp).denied == f.dollars(3'000));
    CHECK_FALSE(act(wallet, *honest));
    wallet.advance(10'800);
    f.run(claimant, CallWriter{}
                        .add(f.assessment.id(), claims_assessment::ClosePoll{0})
                        .add(f.cover.id(), cover_pool::ResolveIncident{0}));
    // The claimant's deposit is its.
    CHECK(act(wallet, *honest));
    CHECK(f.usdc.balance(me) == f.dollars(100));
    CHECK(f.assessment.stake_of(me) == f.dollars(3'000));
    wallet.advance(1);
    claim(1, loss * 1.05);
    CHECK(act(wallet, *honest));
    CHECK(f.assessment.poll(1, wallet.view().timestamp).accepted == f.dollars(3'000));
}

TEST_CASE("claims assessor: lazy ones follow, bribed ones obey", "[strategies][insurance]")
{
    Insurance f;
    f.underwrite(10'000);
    const auto lazy = f.person("lazy", 3'000);
    const auto bribed = f.person("bribed", 2'000);
    const auto claimant = f.person("claimant", 3'000);
    auto wallet = f.watcher(lazy);
    auto other = f.watcher(bribed);
    const auto follows =
        f.strategy("claims_assessor", lazy, with(f.assessor_values(), {{"lazy_share", 1.0}}));
    const auto obeys = f.strategy("claims_assessor", bribed,
        with(f.assessor_values(), {{"bribed_share", 1.0}, {"bribed_to_accept", true}}));
    CHECK(act(wallet, *follows));
    CHECK(act(other, *obeys));
    f.run(claimant,
        CallWriter{}
            .add(f.usdc.id(), Erc20Approve{f.cover.account(), Amount::max()})
            .add(f.usdc.id(), Erc20Approve{f.assessment.account(), Amount::max()})
            .add(f.cover.id(), cover_pool::BuyCover{1, f.dollars(100), 864'000, Amount::max()}));
    wallet.advance(2);
    other.advance(2);
    f.run(claimant,
        CallWriter{}.add(f.cover.id(),
            cover_pool::SubmitIncident{0, Amount::power_of_ten(18), wallet.view().timestamp - 12}));
    CHECK_FALSE(act(wallet, *follows));
    CHECK(act(other, *obeys));
    CHECK(act(wallet, *follows));
    CHECK(f.assessment.poll(0, wallet.view().timestamp).accepted == f.dollars(5'000));
}

TEST_CASE("insurance strategies: nothing is repeated without bound", "[strategies][insurance]")
{
    Insurance f;
    f.underwrite(10'000);
    const auto me = f.person("me", 3'000);
    f.weth.allocate(me, f.ether(5));
    for (const auto& [name, values] : {std::pair{"underwriter", f.underwriter_values()},
             std::pair{"cover_buyer",
                 with(f.buyer_values(0), {{"deposit_share", always(0)}, {"interval", always(60)}})},
             std::pair{"claims_assessor", f.assessor_values()}})
    {
        CAPTURE(name);
        auto wallet = f.watcher(me);
        const auto strategy = f.strategy(name, me, with(values, {{"interval", always(60)}}));
        CHECK(runnel::tests::sent_when_all_is_refused(wallet, *strategy, 3'000) == Refusals::most);
    }
}
