#include "contracts/insurance/cover_pool/cover_pool.hpp"

#include "contracts/insurance/claims_assessment/assessment.hpp"
#include "contracts/insurance/cover_products/products.hpp"
#include "contracts/oracles/price_oracle/price_oracle.hpp"
#include "contracts/tokens/erc20/erc20.hpp"
#include "contracts/vaults/erc4626/erc4626.hpp"
#include "tests/contracts/aave_v3_fixture.hpp"
#include "tests/support/shrinking.hpp"

#include <fmt/format.h>

#include <array>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace runnel::contracts
{
namespace
{
using namespace cover_pool;
using claims_assessment::Appeal;
using claims_assessment::CastVote;
using claims_assessment::ClosePoll;
using claims_assessment::Rules;
using claims_assessment::Stake;
using claims_assessment::Unstake;
using claims_assessment::WithdrawRewards;
using cover_products::DepegTerms;
using cover_products::Observe;

constexpr std::uint64_t day = 86'400;
constexpr std::uint64_t start = 19'700 * day;

Amount usd(std::uint64_t whole)
{
    return tokens(whole, 6);
}

/// 1 % a year when nothing is sold, 5 % at the kink of 80 %, 45 % when all is.
PremiumCurve usual_curve()
{
    const auto percent = Amount::power_of_ten(16);
    return {percent, wrapping_mul(percent, 4), wrapping_mul(percent, 40), 8'000};
}

Terms usual_terms()
{
    Terms terms;
    terms.curve = usual_curve();
    terms.symbol = "cUSD";
    return terms;
}

/// Three products: the prices of A and B, which count at once below 0.99, and something that
/// assessors vote on. Everybody has 10 million USD, and may spend them.
struct CoverFixture : ContractFixture
{
    explicit CoverFixture(Terms terms = usual_terms(), std::uint64_t duration = 0)
      : keeper{sandbox.account("keeper")},
        users{sandbox.account("ann"), sandbox.account("bob"), sandbox.account("carl"),
            sandbox.account("dora")},
        token{sandbox.add<Erc20>("USD", TokenInfo{"USD", 6}, TokenFlavour::openzeppelin5)},
        coin_a{sandbox.add<Erc20>("A", TokenInfo{"A", 18}, TokenFlavour::openzeppelin5)},
        coin_b{sandbox.add<Erc20>("B", TokenInfo{"B", 18}, TokenFlavour::openzeppelin5)},
        oracle{sandbox.add<PriceOracle>("oracle", "keeper",
            std::vector<TokenPrice>{{coin_a.id(), 100'000'000}, {coin_b.id(), 100'000'000}})},
        assessment{sandbox.add<ClaimsAssessmentContract>(
            "assessment", Rules{token.id(), usd(1'000), usd(500), usd(10'000), 2'000, 2, 3 * day,
                              day, 14 * day})},
        depeg_a{sandbox.add<DepegCover>("depeg_a", depeg(coin_a.id(), duration))},
        depeg_b{sandbox.add<DepegCover>("depeg_b", depeg(coin_b.id(), duration))},
        judged{sandbox.add<AssessedCover>(
            "judged", oracle.id(), coin_b.id(), assessment.id(), std::uint32_t{20'000})},
        pool{sandbox.add<CoverPoolContract>("pool", complete(std::move(terms)))}
    {
        sandbox.connect();
        set_time(start);
        for (const auto user : users)
        {
            token.allocate(user, usd(10'000'000));
            for (const auto spender : {pool.account(), assessment.account()})
                expect_ok(user, token.id(), Erc20Approve{spender, Amount::max()});
        }
    }

    [[nodiscard]] DepegTerms depeg(ContractId coin, std::uint64_t duration) const
    {
        return {oracle.id(), coin, 100'000'000, 99'000'000, duration, day / 4, 10'000};
    }
    [[nodiscard]] Terms complete(Terms terms) const
    {
        terms.asset = token.id();
        terms.products = {depeg_a.id(), depeg_b.id(), judged.id()};
        return terms;
    }
    void set_time(std::uint64_t time)
    {
        now = time;
        sandbox.set_time(time);
    }
    void pass(std::uint64_t seconds) { set_time(now + seconds); }
    void set_price(const Erc20& coin, std::uint64_t price)
    {
        expect_ok(keeper, oracle.id(), SetPrice{coin.id(), price});
    }
    template <typename Call>
    Amount call(AccountId sender, const Call& call)
    {
        return expect_ok(sender, pool.id(), call).returns.values[0];
    }
    template <typename Call>
    void refuse(AccountId sender, const Call& call, std::string_view reason)
    {
        expect_refusal(sender, pool.id(), call, reason);
    }
    template <typename Call>
    Amount assess(AccountId sender, const Call& call)
    {
        return expect_ok(sender, assessment.id(), call).returns.values[0];
    }
    /// Returns what it cost.
    Amount buy(AccountId buyer, std::uint32_t product, const Amount& amount, std::uint64_t days)
    {
        return expect_ok(buyer, pool.id(), BuyCover{product, amount, days * day, Amount::max()})
            .returns.values[1];
    }

    std::uint64_t now = 0;
    AccountId keeper;
    std::array<AccountId, 4> users;
    AccountId ann = users[0];
    AccountId bob = users[1];
    AccountId carl = users[2];
    AccountId dora = users[3];
    Erc20& token;
    Erc20& coin_a;
    Erc20& coin_b;
    PriceOracle& oracle;
    ClaimsAssessmentContract& assessment;
    DepegCover& depeg_a;
    DepegCover& depeg_b;
    AssessedCover& judged;
    CoverPoolContract& pool;
};
}  // namespace

TEST_CASE("cover pool: the premium is the area under the curve", "[contracts][insurance]")
{
    const auto curve = usual_curve();
    const auto percent = Amount::power_of_ten(16);
    const auto most = usd(1'000'000);
    CHECK(premium_rate_up(curve, 0, most) == percent);
    CHECK(premium_rate_up(curve, usd(400'000), most) == wrapping_mul(percent, 3));
    CHECK(premium_rate_up(curve, usd(800'000), most) == wrapping_mul(percent, 5));
    CHECK(premium_rate_up(curve, usd(900'000), most) == wrapping_mul(percent, 25));
    CHECK(premium_rate_up(curve, most, most) == wrapping_mul(percent, 45));
    // 400,000 at 1 to 3 %: 8,000; the next 400,000 at 3 to 5 %; the last 200,000 at 5 to 45 %.
    CHECK(yearly_premium_up(curve, 0, usd(400'000), most) == usd(8'000));
    CHECK(yearly_premium_up(curve, usd(400'000), usd(800'000), most) == usd(16'000));
    CHECK(yearly_premium_up(curve, usd(800'000), most, most) == usd(50'000));
    CHECK(yearly_premium_up(curve, 0, most, most) == usd(74'000));
    CHECK(yearly_premium_up(curve, usd(500'000), usd(900'000), most) == usd(27'750));
    // Each division rounds up.
    CHECK(premium_rate_up({0, 1, 0, 8'000}, 1, 1'000) == 1);
    CHECK(premium_rate_up({0, 0, 1, 8'000}, 801, 1'000) == 1);
    CHECK(yearly_premium_up(curve, 0, 1, most) == 1);
    CHECK(yearly_premium_up(curve, most, most, most) == 0);
    CHECK(premium_up(usd(8'000), 10'000, 73 * day) == usd(1'600));
    CHECK(premium_up(usd(8'000), 20'000, 73 * day) == usd(3'200));
    CHECK(premium_up(1, 1, 1) == 1);
    CHECK(premium_up(3, 5'000, year_seconds) == 2);
    CHECK(premium_up(31'536'001, 10'000, 1) == 2);
    // A pool so small that its kink is at 0.
    CHECK(premium_rate_up({7, 5, 3, 1}, 0, 1) == 7);
    CHECK(premium_rate_up({7, 5, 3, 1}, 1, 1) == 15);
}

TEST_CASE("cover pool: what limits, shares and losses round to", "[contracts][insurance]")
{
    CHECK(cover_max_down(1'001, 9'999) == 1'000);
    CHECK(capital_min_up(1'001, 10'000) == 1'001);
    CHECK(capital_min_up(1'001, 20'000) == 501);
    CHECK(shares_down(10, 0, 0).value == 10);
    CHECK(shares_down(10, 3, 7).value == 4);
    CHECK(assets_down(2, 3, 10) == 6);
    CHECK(assets_down(2, 0, 10) == 0);
    CHECK(fall_share_down(3, 2) == *Amount::from_decimal("333333333333333333"));
    CHECK(fall_share_down(3, 3) == 0);
    CHECK(fall_share_down(3, 0) == wad());
    CHECK(share_of_down(2, 3) == *Amount::from_decimal("666666666666666666"));
    CHECK(share_of_down(3, 3) == wad());
    CHECK(share_of_down(4, 3) == wad());
    CHECK(share_of_down(0, 0) == 0);
}

// By hand. Ann puts up 1,000,000; Bob and Carl buy 400,000 each of A's and B's price for 73 days, a
// fifth of a year: (1 + 3) / 2 % of 400,000 are 8,000 a year, 1,600 for it; Carl's are at 3 to 5 %,
// 3,200. After 36.5 days half of 4,800 is earned. A loses a quarter: Bob is owed 100,000, and the
// other half of his 1,600 is earned. So capital is 1,000,000 + 1,600 + 1,600 - 100,000 = 903,200.
TEST_CASE("cover pool: a claim by hand", "[contracts][insurance]")
{
    CoverFixture f;
    CHECK(f.call(f.ann, Deposit{usd(1'000'000)}) == usd(1'000'000));
    CHECK(f.buy(f.bob, 0, usd(400'000), 73) == usd(1'600));
    CHECK(f.pool.premium(1, usd(400'000), 73 * day, f.now).value() == usd(3'200));
    CHECK(f.buy(f.carl, 1, usd(400'000), 73) == usd(3'200));
    CHECK(f.pool.capital(f.now) == usd(1'000'000));
    CHECK(f.pool.unearned(f.now) == usd(4'800));
    CHECK(f.pool.cover_room(0, f.now) == usd(100'000));
    CHECK(f.pool.cover_room(2, f.now) == usd(200'000));

    f.pass(73 * day / 2);
    CHECK(f.pool.capital(f.now) == usd(1'002'400));
    f.refuse(f.bob, SubmitIncident{0, 0, 0}, "DepegCover: not below the level for long enough");
    f.set_price(f.coin_a, 75'000'000);
    f.refuse(f.carl, SubmitIncident{0, 0, 0}, "CoverPool: not the cover's owner");
    f.refuse(f.carl, SubmitIncident{1, 0, 0}, "DepegCover: not below the level for long enough");
    f.refuse(f.carl, SubmitIncident{2, 0, 0}, "CoverPool: no such cover");
    CHECK(f.call(f.bob, SubmitIncident{0, 0, 0}) == 0);
    CHECK(f.pool.incident(0).phase == IncidentPhase::claiming);
    CHECK(f.pool.cover(0).owed == usd(100'000));
    CHECK(f.pool.unearned(f.now) == usd(1'600));
    CHECK(f.pool.active_cover(f.now) == usd(400'000));
    f.refuse(f.bob, SubmitClaim{0}, "CoverPool: already claimed");
    f.refuse(f.bob, SubmitIncident{0, 0, 0}, "CoverPool: already claimed");
    // Nothing moves until it is settled, whatever the product.
    f.refuse(f.dora, Deposit{1}, "CoverPool: an incident is open");
    f.refuse(f.ann, RequestWithdrawal{1}, "CoverPool: an incident is open");
    f.refuse(f.ann, Withdraw{1}, "CoverPool: an incident is open");
    f.refuse(f.dora, BuyCover{1, 1, day, Amount::max()}, "CoverPool: an incident is open");
    f.refuse(f.bob, RedeemPayout{0}, "CoverPool: not settled");
    f.refuse(f.carl, RedeemPayout{1}, "CoverPool: not claimed");

    // The price's recovery changes nothing any more.
    f.set_price(f.coin_a, 100'000'000);
    f.pass(3 * day);
    f.refuse(f.dora, SettleIncident{0}, "CoverPool: too early to settle");
    f.pass(1);
    const auto settled = f.expect_ok(f.dora, f.pool.id(), SettleIncident{0});
    CHECK(settled.returns.values[0] == usd(100'000));
    CHECK(settled.returns.values[1] == usd(100'000));
    f.refuse(f.dora, SettleIncident{0}, "CoverPool: not being claimed for");
    f.refuse(f.dora, SettleIncident{1}, "CoverPool: no such incident");
    f.refuse(f.dora, RedeemPayout{2}, "CoverPool: no such cover");
    const auto before = f.token.balance(f.bob);
    // Anybody may ask; Bob is paid.
    CHECK(f.call(f.dora, RedeemPayout{0}) == usd(100'000));
    CHECK(f.token.balance(f.bob) == wrapping_add(before, usd(100'000)));
    f.refuse(f.bob, RedeemPayout{0}, "CoverPool: already paid");
    f.set_time(start + 73 * day);
    CHECK(f.pool.capital(f.now) == wrapping_sub(usd(1'004'800), usd(100'000)));
    CHECK(f.pool.active_cover(f.now) == 0);
    CHECK(f.pool.active_cover(1, f.now) == 0);
    f.refuse(f.bob, SubmitClaim{1}, "CoverPool: not the cover's owner");
    f.refuse(f.carl, SubmitClaim{1}, "CoverPool: no incident to claim for");
}

// By hand. Covers for ten times the capital of 100,000; A loses a half: Bob is owed 200,000 of
// 400,000, Carl 100,000 of 200,000. 100,000 are there: a third for both, and what is rounded off is
// capital again.
TEST_CASE("cover pool: when capital falls short all claims of an incident get the same share",
    "[contracts][insurance]")
{
    auto terms = usual_terms();
    terms.curve = {0, 0, 0, 8'000};
    terms.cover_limit_bps = 100'000;
    terms.product_limit_bps = 100'000;
    CoverFixture f{terms};
    f.call(f.ann, Deposit{usd(100'000)});
    CHECK(f.buy(f.bob, 0, usd(400'000), 30).is_zero());
    f.buy(f.carl, 0, usd(200'000), 30);
    f.buy(f.dora, 0, usd(100'000), 30);
    f.pass(day);
    f.set_price(f.coin_a, 50'000'000);
    f.call(f.carl, SubmitIncident{1, 0, 0});
    CHECK(f.call(f.bob, SubmitClaim{0}) == usd(200'000));
    f.pass(3 * day + 1);
    // Dora has slept.
    f.refuse(f.dora, SubmitClaim{2}, "CoverPool: too late to claim");
    f.call(f.dora, SettleIncident{0});
    CHECK(f.pool.incident(0).owed == usd(300'000));
    CHECK(f.pool.incident(0).payable == usd(100'000));
    CHECK(f.pool.payout_of(0) == 66'666'666'666);
    CHECK(f.pool.capital(f.now).is_zero());
    f.refuse(f.dora, Deposit{1}, "CoverPool: the capital is used up");
    CHECK(f.call(f.bob, RedeemPayout{0}) == 66'666'666'666);
    CHECK(f.pool.capital(f.now).is_zero());
    CHECK(f.call(f.carl, RedeemPayout{1}) == 33'333'333'333);
    CHECK(f.pool.capital(f.now) == 1);
    CHECK(f.pool.state().claims_owed.is_zero());
    // Capital is needed where there is cover: none is left to leave.
    f.call(f.ann, RequestWithdrawal{usd(100'000)});
    f.pass(7 * day);
    f.refuse(f.ann, Withdraw{usd(100'000)}, "CoverPool: the capital is needed");
}

TEST_CASE("cover pool: two incidents share what there is", "[contracts][insurance]")
{
    auto terms = usual_terms();
    terms.curve = {0, 0, 0, 8'000};
    terms.cover_limit_bps = 100'000;
    terms.product_limit_bps = 100'000;
    CoverFixture f{terms};
    f.call(f.ann, Deposit{usd(90'000)});
    f.buy(f.bob, 0, usd(200'000), 30);
    f.buy(f.carl, 1, usd(100'000), 30);
    f.pass(day);
    f.set_price(f.coin_a, 50'000'000);
    f.set_price(f.coin_b, 50'000'000);
    f.call(f.bob, SubmitIncident{0, 0, 0});
    f.call(f.carl, SubmitIncident{1, 0, 0});
    f.pass(3 * day + 1);
    f.call(f.dora, SettleIncident{0});
    CHECK(f.pool.incident(0).payable == usd(60'000));
    f.call(f.dora, SettleIncident{1});
    CHECK(f.pool.incident(1).payable == usd(30'000));
    CHECK(f.call(f.carl, RedeemPayout{1}) == usd(30'000));
    CHECK(f.call(f.bob, RedeemPayout{0}) == usd(60'000));
}

TEST_CASE("cover pool: what may be sold", "[contracts][insurance]")
{
    CoverFixture f;
    f.refuse(f.bob, BuyCover{0, 1, day, Amount::max()}, "CoverPool: above the capital limit");
    f.call(f.ann, Deposit{usd(1'000)});
    f.refuse(f.bob, BuyCover{3, 1, day, Amount::max()}, "CoverPool: no such product");
    f.refuse(f.bob, BuyCover{0, 0, day, Amount::max()}, "CoverPool: zero amount");
    const std::string_view period = "CoverPool: the period is too short or too long";
    f.refuse(f.bob, BuyCover{0, 1, day - 1, Amount::max()}, period);
    f.refuse(f.bob, BuyCover{0, 1, 365 * day + 1, Amount::max()}, period);
    f.refuse(f.bob, BuyCover{0, usd(1'000), 365 * day, Amount::max()},
        "CoverPool: above the product limit");
    f.refuse(f.bob, BuyCover{0, wrapping_add(usd(500), 1), day, Amount::max()},
        "CoverPool: above the product limit");
    f.refuse(f.bob, BuyCover{0, Amount::max(), day, Amount::max()},
        "CoverPool: above the capital limit");
    const auto premium = f.pool.premium(0, usd(500), day, f.now).value();
    f.refuse(f.bob, BuyCover{0, usd(500), day, wrapping_sub(premium, 1)},
        "CoverPool: the premium is too high");
    f.call(f.bob, BuyCover{0, usd(500), day, premium});
    f.refuse(f.bob, BuyCover{0, 1, day, Amount::max()}, "CoverPool: above the product limit");
    f.buy(f.bob, 1, usd(500), 1);
    f.refuse(f.bob, BuyCover{2, 1, day, Amount::max()}, "CoverPool: above the capital limit");
    CHECK(f.pool.cover_room(2, f.now).is_zero());
    // What has ended is free again: with the bucket it ends in.
    f.pass(day - 1);
    CHECK(f.pool.active_cover(f.now) == usd(1'000));
    f.pass(1);
    CHECK(f.pool.active_cover(f.now).is_zero());
    f.buy(f.bob, 0, usd(500), 1);
    // Nobody insures what he sees.
    f.pass(3 * day);
    f.set_price(f.coin_a, 98'999'999);
    f.refuse(f.bob, BuyCover{0, usd(1), day, Amount::max()}, "DepegCover: below the level already");
    f.set_price(f.coin_a, 99'000'000);
    f.buy(f.bob, 0, usd(100), 1);
    CHECK(f.pool.cover(3).base == 99'000'000);
    f.set_price(f.coin_a, 49'500'000);
    f.refuse(f.bob, SubmitIncident{3, 0, 0}, "CoverPool: not covered then");
    f.pass(1);
    f.refuse(f.bob, SubmitIncident{2, 0, 0}, "CoverPool: not covered then");
    f.call(f.bob, SubmitIncident{3, 0, 0});
    // Half of what the price was at the sale.
    CHECK(f.pool.cover(3).owed == usd(50));
    CHECK(f.pool.covers_of(f.bob, 0, 2) == std::vector<std::uint64_t>{3, 2});
}

TEST_CASE("cover pool: buying in pieces costs the same, roundings aside", "[contracts][insurance]")
{
    CoverFixture whole;
    whole.call(whole.ann, Deposit{usd(1'000'000)});
    const auto at_once = whole.buy(whole.bob, 0, usd(500'000), 100);
    CoverFixture f;
    f.call(f.ann, Deposit{usd(1'000'000)});
    Amount sum;
    for (int i = 0; i < 10; ++i)
        sum = wrapping_add(sum, f.buy(f.bob, 0, usd(50'000), 100));
    CHECK(sum >= at_once);
    CHECK(wrapping_sub(sum, at_once) <= 40);
}

TEST_CASE("cover pool: capital leaves after a notice, and not while it is needed",
    "[contracts][insurance]")
{
    CoverFixture f;
    f.call(f.ann, Deposit{usd(1'000)});
    f.call(f.dora, Deposit{usd(1'000)});
    f.refuse(f.ann, Deposit{0}, "CoverPool: zero amount");
    f.refuse(f.ann, RequestWithdrawal{0}, "CoverPool: zero amount");
    f.refuse(f.ann, Withdraw{1}, "CoverPool: more than was requested");
    f.refuse(f.ann, Withdraw{0}, "CoverPool: zero amount");
    CHECK(f.call(f.ann, RequestWithdrawal{usd(900)}) == f.now + 7 * day);
    CHECK(f.pool.balance(f.ann) == usd(100));
    CHECK(f.pool.balance(f.pool.account()) == usd(900));
    f.buy(f.bob, 0, usd(800), 30);
    f.pass(7 * day - 1);
    f.refuse(f.ann, Withdraw{usd(900)}, "CoverPool: under notice");
    f.pass(1);
    f.refuse(f.ann, Withdraw{wrapping_add(usd(900), 1)}, "CoverPool: more than was requested");
    // 800 of one product need 1,600; a little has been earned.
    const auto spare = wrapping_sub(f.pool.capital(f.now), usd(1'600));
    CHECK(f.pool.required_capital(f.now) == usd(1'600));
    f.refuse(f.ann, Withdraw{usd(401)}, "CoverPool: the capital is needed");
    CHECK(f.call(f.ann, Withdraw{usd(300)}) >= usd(300));
    CHECK(f.pool.capital(f.now) >= usd(1'600));
    CHECK(spare > usd(400));
    // The window closes, and the notice begins anew.
    f.pass(3 * day);
    f.refuse(f.ann, Withdraw{usd(1)}, "CoverPool: the request has lapsed");
    CHECK(f.call(f.ann, RequestWithdrawal{0}) == f.now + 7 * day);
    CHECK(f.pool.withdrawal_request(f.ann).shares == usd(600));
    f.set_time(start + 30 * day);
    f.call(f.ann, RequestWithdrawal{usd(100)});
    f.pass(7 * day);
    // Nothing is covered any more. What is rounded stays for Dora.
    const auto out = f.call(f.ann, Withdraw{usd(700)});
    f.call(f.dora, RequestWithdrawal{usd(1'000)});
    f.pass(7 * day);
    CHECK(f.call(f.dora, Withdraw{usd(1'000)}) >= out);
    CHECK(f.pool.share_supply().is_zero());
    CHECK(f.pool.capital(f.now).is_zero());
}

// A withdrawal pays for the days of every product, also of one that nobody has touched for long.
TEST_CASE("cover pool: strategies know what gas a call may need", "[contracts][insurance]")
{
    CoverFixture f;
    f.call(f.ann, Deposit{usd(1'000'000)});
    f.buy(f.bob, 1, usd(1'000), 90);
    for (int i = 0; i < 80; ++i)
    {
        if (i == 72)
            f.call(f.ann, RequestWithdrawal{usd(1)});
        f.pass(day);
        f.buy(f.bob, 0, usd(1), 1);
    }
    const auto extra = f.pool.extra_gas(f.now);
    const auto used = f.expect_ok(f.ann, f.pool.id(), Withdraw{usd(1)}).receipt.gas_used;
    CHECK(used > 80 * cover_pool::gas::per_bucket);
    CHECK(used <= 21'000 + 98'000 + 8'000 + extra);
}

TEST_CASE("cover pool: shares bear what is lost and earn what is paid", "[contracts][insurance]")
{
    CoverFixture f;
    f.call(f.ann, Deposit{usd(1'000'000)});
    f.buy(f.bob, 0, usd(400'000), 73);
    f.pass(73 * day);
    // 1,001,600 for 1,000,000 shares.
    CHECK(f.call(f.dora, Deposit{usd(1'001'600)}) == usd(1'000'000));
    CHECK(f.call(f.dora, Deposit{1'001'599}) == 999'999);
    f.refuse(f.dora, Deposit{1}, "CoverPool: zero amount");
}

TEST_CASE("cover pool: a price must stay below its level for a time, and be seen there",
    "[contracts][insurance]")
{
    CoverFixture f{usual_terms(), day};
    const std::string_view too_short = "DepegCover: not below the level for long enough";
    const auto observe = [&] { return f.expect_ok(f.dora, f.depeg_a.id(), Observe{}); };
    f.call(f.ann, Deposit{usd(1'000)});
    f.buy(f.bob, 0, usd(100), 30);
    f.pass(100);
    CHECK_FALSE(f.depeg_a.wants_observation(f.now));
    f.set_price(f.coin_a, 90'000'000);
    CHECK(f.depeg_a.wants_observation(f.now));
    CHECK(observe().returns.values[0] == f.now);
    CHECK_FALSE(f.depeg_a.wants_observation(f.now));
    const auto since = f.now;
    for (int i = 0; i < 3; ++i)
    {
        f.pass(day / 4);
        CHECK(f.depeg_a.wants_observation(f.now));
        CHECK(observe().returns.values[0] == since);
        f.refuse(f.bob, SubmitIncident{0, 0, 0}, too_short);
    }
    f.pass(day / 4 - 1);
    CHECK_FALSE(f.depeg_a.measure_at(f.now));
    f.refuse(f.bob, SubmitIncident{0, 0, 0}, too_short);
    f.pass(1);
    CHECK(f.depeg_a.measure_at(f.now)->level == 90'000'000);
    // One more second and nobody has looked for too long.
    f.pass(1);
    f.refuse(f.bob, SubmitIncident{0, 0, 0}, too_short);
    CHECK(observe().returns.values[0] == f.now);
    // Who disagrees says so.
    f.set_price(f.coin_a, 99'000'000);
    CHECK(f.depeg_a.wants_observation(f.now));
    CHECK(observe().returns.values[0].is_zero());
    f.set_price(f.coin_a, 90'000'000);
    f.refuse(f.bob, SubmitIncident{0, 0, 0}, too_short);
    for (int i = 0; i < 5; ++i)
    {
        observe();
        f.pass(day / 4);
    }
    f.call(f.bob, SubmitIncident{0, 0, 0});
    CHECK(f.pool.cover(0).owed == usd(10));
}

TEST_CASE("cover pool: the fall of a vault's share price", "[contracts][insurance]")
{
    ContractFixture f;
    const auto minter = f.sandbox.account("minter");
    const auto ann = f.sandbox.account("ann");
    const auto bob = f.sandbox.account("bob");
    auto& token =
        f.sandbox.add<Erc20>("USD", TokenInfo{"USD", 6}, TokenFlavour::openzeppelin5, minter);
    auto& vault = f.sandbox.add<Erc4626Vault>("vault", token.id());
    auto& product =
        f.sandbox.add<SharePriceCover>("product", vault.id(), std::uint32_t{100}, 10'000U);
    auto terms = usual_terms();
    terms.asset = token.id();
    terms.products = {product.id()};
    terms.product_limit_bps = 10'000;
    auto& pool = f.sandbox.add<CoverPoolContract>("pool", std::move(terms));
    f.sandbox.connect();
    f.sandbox.set_time(start);
    for (const auto user : {ann, bob})
    {
        token.allocate(user, usd(10'000));
        for (const auto spender : {pool.account(), vault.account()})
            f.expect_ok(user, token.id(), Erc20Approve{spender, Amount::max()});
    }
    f.expect_ok(ann, pool.id(), Deposit{usd(1'000)});
    f.expect_ok(bob, vault.id(), erc4626::Deposit{usd(1'000), bob});
    f.expect_ok(minter, token.id(), Erc20Mint{vault.account(), usd(250)});
    f.expect_ok(bob, pool.id(), BuyCover{0, usd(800), day, Amount::max()});
    f.expect_ok(bob, pool.id(), BuyCover{0, usd(100), day, Amount::max()});
    // The price at the sale: 1.25, rounded down by the vault's virtual share.
    CHECK(pool.cover(0).base == 1'249'999);
    f.sandbox.set_time(start + 60);
    f.expect_refusal(bob, pool.id(), SubmitIncident{0, 0, 0}, "CoverPool: no loss");
    // Below the franchise of a percent.
    f.expect_ok(minter, token.id(), Erc20Burn{vault.account(), usd(12)});
    f.expect_refusal(bob, pool.id(), SubmitIncident{0, 0, 0}, "CoverPool: no loss");
    f.expect_ok(minter, token.id(), Erc20Burn{vault.account(), usd(238)});
    // A fifth: 249,999 / 1,249,999 of 800, down.
    CHECK(product.measure_at(start + 60)->level == 1'000'000);
    f.expect_ok(bob, pool.id(), SubmitIncident{0, 0, 0});
    CHECK(pool.cover(0).owed == 159'999'487);
}

TEST_CASE("cover pool: bad debt that a market writes off", "[contracts][insurance]")
{
    AaveV3Fixture f{aave_v3::Version::v3_7};
    auto& product = f.sandbox.add<DeficitCover>(
        "product", f.pool.id(), f.id(f.usdc), std::uint32_t{100}, 10'000U);
    auto& other = f.sandbox.add<DeficitCover>(
        "other", f.pool.id(), f.oracle.id(), std::uint32_t{100}, 10'000U);
    Terms terms = usual_terms();
    terms.asset = f.id(f.usdc);
    terms.products = {product.id(), other.id()};
    terms.curve = {0, 0, 0, 8'000};
    auto& pool = f.sandbox.add<CoverPoolContract>("cover", std::move(terms));
    f.sandbox.connect();
    for (const auto user : {f.alice, f.bob, f.carol})
    {
        f.ContractFixture::expect_ok(
            user, f.id(f.usdc), Erc20Approve{pool.account(), Amount::max()});
    }
    f.ContractFixture::expect_ok(f.carol, pool.id(), Deposit{tokens(500'000, 6)});
    f.supply(f.bob, f.usdc, tokens(200'000, 6));
    f.ContractFixture::expect_ok(
        f.bob, pool.id(), BuyCover{0, tokens(200'000, 6), 30 * day, Amount::max()});
    f.ContractFixture::expect_refusal(f.bob, pool.id(), BuyCover{1, 1, day, Amount::max()},
        "DeficitCover: the market has no such reserve");
    f.supply(f.alice, f.weth, tokens(20));
    f.borrow(f.alice, f.usdc, tokens(28'000, 6));
    f.pass(100);
    f.ContractFixture::expect_refusal(
        f.bob, pool.id(), SubmitIncident{0, 0, 0}, "CoverPool: no loss");
    f.set_price(f.weth, f.dollars(500));
    const auto debt = f.balance(f.alice, f.usdc).debt;
    f.expect_ok(
        f.carol, aave_v3::LiquidationCall{f.id(f.weth), f.id(f.usdc), f.alice, debt, false});
    // All of 10,000 USD with a bonus of 5 % repays 9,523.809524 of the debt.
    const auto deficit = wrapping_sub(debt, 9'523'809'524);
    CHECK(f.pool.deficit(f.usdc) == deficit);
    const auto supplied = f.pool.total_supplied(f.usdc, f.pool.market(f.now));
    CHECK(product.measure_at(f.now)->level == deficit);
    CHECK(product.measure_at(f.now)->scale == supplied);
    // Who buys now has no claim on what is lost already.
    f.ContractFixture::expect_ok(
        f.alice, pool.id(), BuyCover{0, tokens(100, 6), 30 * day, Amount::max()});
    CHECK(pool.cover(1).base == deficit);
    f.pass(12);
    f.ContractFixture::expect_refusal(
        f.alice, pool.id(), SubmitIncident{1, 0, 0}, "CoverPool: no loss");
    f.ContractFixture::expect_ok(f.bob, pool.id(), SubmitIncident{0, 0, 0});
    const auto now_supplied = f.pool.total_supplied(f.usdc, f.pool.market(f.now));
    const auto share = mul_div_down(deficit, wad(), now_supplied).value;
    CHECK(pool.cover(0).owed == mul_div_down(tokens(200'000, 6), share, wad()).value);
    // 9.24 % of what is supplied.
    CHECK(pool.cover(0).owed > tokens(18'470, 6));
    CHECK(pool.cover(0).owed < tokens(18'480, 6));
}

// By hand. Three assessors stake 10,000, 6,000 and 3,000; the quorum is 10,000. The first votes
// against, alone: denied. An appeal doubles the quorum to 20,000, which is more than the stakes
// that are left (19,000 less the bond of 2,000): nothing changes, and the appeal's 500 are lost.
TEST_CASE(
    "claims assessment: votes, quorum, appeal and who pays for them", "[contracts][insurance]")
{
    CoverFixture f;
    f.call(f.ann, Deposit{usd(100'000)});
    f.buy(f.bob, 2, usd(50'000), 30);
    f.assess(f.ann, Stake{usd(10'000)});
    f.assess(f.carl, Stake{usd(6'000)});
    f.assess(f.dora, Stake{usd(3'000)});
    f.pass(10 * day);
    const auto id = f.assessment.id();
    const auto tenth = Amount::power_of_ten(17);
    f.refuse(f.bob, SubmitIncident{0, tenth, f.now - 7 * day - 1},
        "CoverPool: not within the grace period");
    f.refuse(f.bob, SubmitIncident{0, tenth, f.now + 1}, "CoverPool: not within the grace period");
    f.refuse(f.bob, SubmitIncident{0, 0, f.now - day}, "CoverPool: no loss");
    const auto bob_had = f.token.balance(f.bob);
    f.call(f.bob, SubmitIncident{0, tenth, f.now - day});
    CHECK(f.token.balance(f.bob) == wrapping_sub(bob_had, usd(1'000)));
    f.refuse(f.bob, SubmitIncident{0, tenth, f.now - day},
        "CoverPool: an incident of the product is open");
    f.refuse(f.bob, SubmitClaim{0}, "CoverPool: no incident to claim for");
    f.expect_refusal(f.bob, id, CastVote{0, true}, "ClaimsAssessment: no stake");
    f.expect_refusal(f.ann, id, CastVote{1, true}, "ClaimsAssessment: no such poll");
    CHECK(f.assess(f.ann, CastVote{0, false}) == usd(10'000));
    CHECK(f.assessment.stake_of(f.ann) == usd(8'000));
    f.expect_refusal(f.ann, id, CastVote{0, true}, "ClaimsAssessment: already voted");
    f.expect_refusal(f.ann, id, Unstake{usd(8'000), f.ann}, "ClaimsAssessment: locked up");
    f.expect_refusal(f.bob, id, Appeal{0}, "ClaimsAssessment: not to be appealed now");
    f.refuse(f.bob, ResolveIncident{0}, "ClaimsAssessment: not closed");
    f.pass(3 * day);
    f.expect_refusal(f.carl, id, CastVote{0, true}, "ClaimsAssessment: voting is over");
    f.expect_refusal(f.bob, id, ClosePoll{0}, "ClaimsAssessment: too early to close");
    CHECK(f.assess(f.bob, Appeal{0}) == 1);
    CHECK(f.assessment.poll(0, f.now).quorum == usd(20'000));
    f.assess(f.carl, CastVote{0, true});
    f.assess(f.dora, CastVote{0, true});
    f.assess(f.ann, CastVote{0, true});
    f.pass(3 * day);
    CHECK_FALSE(f.assessment.poll(0, f.now).accepts);
    f.pass(day);
    f.expect_refusal(f.bob, id, Appeal{0}, "ClaimsAssessment: not to be appealed now");
    CHECK(f.assess(f.dora, ClosePoll{0}).is_zero());
    f.expect_refusal(f.dora, id, ClosePoll{0}, "ClaimsAssessment: already closed");
    CHECK(f.call(f.dora, ResolveIncident{0}).is_zero());
    f.refuse(f.dora, ResolveIncident{0}, "CoverPool: not being assessed");
    CHECK(f.pool.incident(0).phase == IncidentPhase::denied);
    CHECK(f.pool.open_incidents() == 0);
    // Ann was right with 2,000 and wrong with a fifth of 8,000; Carl and Dora lost 1,200 and 600.
    // With the claim's 1,000 and the appeal's 500 she gets 4,900 beside her bond.
    const auto had = f.token.balance(f.ann);
    const auto share = f.expect_ok(f.ann, id, WithdrawRewards{0}).returns;
    CHECK(share.values[0] == usd(2'000));
    CHECK(share.values[1] == usd(1'600 + 1'200 + 600 + 1'000 + 500));
    CHECK(f.token.balance(f.ann) == wrapping_add(had, usd(4'900)));
    CHECK(f.assessment.stake_of(f.ann) == usd(8'400));
    f.expect_refusal(f.ann, id, WithdrawRewards{0}, "ClaimsAssessment: nothing to withdraw");
    f.expect_refusal(f.carl, id, WithdrawRewards{0}, "ClaimsAssessment: nothing to withdraw");
    f.pass(14 * day);
    f.expect_refusal(f.carl, id, Unstake{wrapping_add(usd(4'800), 1), f.carl},
        "ClaimsAssessment: above the stake");
    CHECK(f.assess(f.carl, Unstake{usd(4'800), f.bob}).is_zero());
}

// By hand. Bought votes of 10,000 deny; the appeal's round has 30,000 for it, above its quorum of
// 20,000: accepted. Who paid for the appeal has it back, who claimed too, and the bribed have lost
// 2,000 to those who bonded 6,000.
TEST_CASE("claims assessment: an appeal that changes the decision", "[contracts][insurance]")
{
    CoverFixture f;
    f.call(f.ann, Deposit{usd(100'000)});
    f.buy(f.bob, 2, usd(50'000), 30);
    f.assess(f.carl, Stake{usd(10'000)});
    f.assess(f.dora, Stake{usd(20'000)});
    f.assess(f.ann, Stake{usd(10'000)});
    f.pass(day);
    f.call(f.bob, SubmitIncident{0, Amount::power_of_ten(17), f.now});
    f.assess(f.carl, CastVote{0, false});
    f.pass(3 * day);
    const auto bob_had = f.token.balance(f.bob);
    f.assess(f.bob, Appeal{0});
    f.assess(f.ann, CastVote{0, true});
    f.assess(f.dora, CastVote{0, true});
    f.pass(3 * day);
    CHECK(f.assessment.poll(0, f.now).accepts);
    // The other side may appeal once more, and does not find the quorum.
    f.assess(f.carl, Appeal{0});
    CHECK(f.token.balance(f.bob) == bob_had);
    f.assess(f.carl, CastVote{0, false});
    f.pass(3 * day);
    const auto id = f.assessment.id();
    f.expect_refusal(f.carl, id, Appeal{0}, "ClaimsAssessment: no more appeals");
    CHECK(f.assess(f.carl, ClosePoll{0}) == 1);
    CHECK(f.token.balance(f.bob) == wrapping_add(bob_had, usd(1'000)));
    // 2,000 and 1,600 of Carl's bonds, and his 500: a third of it to Ann.
    CHECK(f.expect_ok(f.ann, id, WithdrawRewards{0}).returns.values[1] == 1'366'666'666);
    CHECK(f.expect_ok(f.dora, id, WithdrawRewards{0}).returns.values[1] == 2'733'333'333);

    CHECK(f.call(f.ann, ResolveIncident{0}) == 1);
    CHECK(f.call(f.bob, SubmitClaim{0}) == usd(5'000));
    f.pass(3 * day + 1);
    f.call(f.ann, SettleIncident{0});
    CHECK(f.call(f.bob, RedeemPayout{0}) == usd(5'000));
}

TEST_CASE("claims assessment: what nobody decides is denied, and its deposit waits",
    "[contracts][insurance]")
{
    CoverFixture f;
    f.call(f.ann, Deposit{usd(100'000)});
    f.buy(f.bob, 2, usd(50'000), 60);
    f.assess(f.carl, Stake{usd(9'999)});
    f.pass(day);
    const auto tenth = Amount::power_of_ten(17);
    f.call(f.bob, SubmitIncident{0, tenth, f.now});
    f.assess(f.carl, CastVote{0, true});
    f.pass(4 * day);
    CHECK(f.assess(f.carl, ClosePoll{0}).is_zero());
    f.call(f.carl, ResolveIncident{0});
    CHECK(f.assessment.state().carried == usd(1'000));
    // The bond comes back.
    const auto back = f.expect_ok(f.carl, f.assessment.id(), WithdrawRewards{0}).returns;
    CHECK(back.values[0] == Amount{1'999'800'000});
    CHECK(back.values[1].is_zero());
    CHECK(f.assessment.stake_of(f.carl) == usd(9'999));
    f.assess(f.carl, Stake{usd(1)});
    f.call(f.bob, SubmitIncident{0, tenth, f.now});
    f.assess(f.carl, CastVote{1, true});
    f.pass(4 * day);
    CHECK(f.assess(f.carl, ClosePoll{1}) == 1);
    CHECK(
        f.expect_ok(f.carl, f.assessment.id(), WithdrawRewards{1}).returns.values[1] == usd(1'000));
    // A tie is no majority.
    f.call(f.bob, ResolveIncident{1});
    f.call(f.bob, SubmitClaim{0});
    f.pass(3 * day + 1);
    f.call(f.bob, SettleIncident{1});
    f.buy(f.bob, 2, usd(1'000), 60);
    f.assess(f.dora, Stake{usd(10'000)});
    f.pass(day);
    // Its cover begins where the last loss ended.
    f.call(f.bob, SubmitIncident{1, wrapping_mul(tenth, 2), f.now});
    f.assess(f.carl, CastVote{2, true});
    f.assess(f.dora, CastVote{2, false});
    f.pass(4 * day);
    CHECK(f.assess(f.carl, ClosePoll{2}).is_zero());
}

// ---- Whatever happens ----

namespace
{
/// What it means follows from the state it meets.
struct Operation
{
    std::uint64_t kind = 0;
    std::uint64_t who = 0;
    std::uint64_t a = 0;
    std::uint64_t b = 0;
};

std::string dump(const std::vector<Operation>& operations)
{
    std::string text;
    for (const auto& operation : operations)
    {
        text += fmt::format(
            "{{{}, {}, {}, {}}}, ", operation.kind, operation.who, operation.a, operation.b);
    }
    return text;
}

struct Counts
{
    std::size_t sales = 0;
    std::size_t withdrawals = 0;
    std::size_t payouts = 0;
    std::size_t short_payouts = 0;
    std::size_t verdicts = 0;
};

/// Plays operations, and says after which of them something no longer held.
class Player
{
public:
    explicit Player(const Terms& terms) : f{terms} {}

    std::optional<std::string> play(const Operation& operation, Counts& counts)
    {
        const auto user = f.users[operation.who % f.users.size()];
        const auto capital = f.pool.capital(f.now);
        const auto supply = f.pool.share_supply();
        const auto number = one_of(operation.a, f.pool.state().covers, 12);
        const auto incident = f.pool.open_incident(static_cast<std::uint32_t>(operation.b % 4))
                                  .value_or(one_of(operation.a, f.pool.state().incidents, 3));
        const auto poll = one_of(operation.a, f.assessment.poll_count(), 1);
        bool is_settled = false;
        switch (operation.kind % 18)
        {
            case 0: f.set_time(f.now + operation.a % (2 * day)); break;
            case 1: f.set_time(f.now + operation.a % (operation.b % 2 == 0 ? 100 : day)); break;
            case 2: run(user, Deposit{operation.a % 5'000'000}); break;
            case 3: run(user, RequestWithdrawal{operation.a % 3'000'000}); break;
            case 4: {
                const auto& request = f.pool.withdrawal_request(user);
                const auto shares = operation.b % 2 == 0 ? request.shares : operation.a % 1'000'000;
                if (run(user, Withdraw{shares}).ok())
                {
                    ++counts.withdrawals;
                    if (f.pool.required_capital(f.now) > f.pool.capital(f.now))
                        return "capital left that covers need";
                }
                break;
            }
            case 5:
            case 6: {
                const auto product = static_cast<std::uint32_t>(operation.b % 4);
                const auto room = f.pool.cover_room(product, f.now);
                const auto amount = operation.a % 3 == 0 ? room : Amount{operation.a % 4'000'000};
                const auto period = day + operation.b % (40 * day);
                const auto quote = f.pool.premium(product, amount, period, f.now);
                const auto outcome = run(user, BuyCover{product, amount, period, Amount::max()});
                if (outcome.ok())
                {
                    ++counts.sales;
                    if (!quote.has_value() || *quote != outcome.returns.values[1])
                        return "a sale cost something else than was said";
                    const auto& terms = f.pool.terms();
                    if (f.pool.active_cover(f.now) >
                            cover_max_down(f.pool.capital(f.now), terms.cover_limit_bps) ||
                        f.pool.active_cover(product, f.now) >
                            cover_max_down(f.pool.capital(f.now), terms.product_limit_bps))
                    {
                        return "cover was sold beyond the capital rules";
                    }
                }
                break;
            }
            case 7:
            case 8: {
                const auto& coin = operation.b % 2 == 0 ? f.coin_a : f.coin_b;
                // Mostly at par: while it is below the level nothing is sold.
                const auto price = operation.a % 3 != 0 ? 100'000'000 : operation.a % 100'000'000;
                (void)f.sandbox.run(f.keeper, f.oracle.id(), SetPrice{coin.id(), price + 1});
                break;
            }
            case 9: {
                // Rarely of what is assessed: a poll takes days, and nothing is sold meanwhile.
                const auto hit = one_before(number, [&](const CoverInfo& cover)
                    { return !cover.is_claimed && (cover.product != 2 || operation.b % 4 == 0); });
                run(owner_of(hit, user),
                    SubmitIncident{hit, operation.b % 2'000'000'000'000'000'000ULL,
                        f.now - operation.b % 1'000});
                break;
            }
            case 10: run(user, ResolveIncident{incident}); break;
            case 11: {
                const auto hit = one_before(number, [&](const CoverInfo& cover)
                    { return !cover.is_claimed && f.pool.open_incident(cover.product); });
                run(owner_of(hit, user), SubmitClaim{hit});
                break;
            }
            case 12: is_settled = run(user, SettleIncident{incident}).ok(); break;
            case 13: {
                const auto owed = one_before(number,
                    [](const CoverInfo& cover) { return cover.is_claimed && !cover.is_paid; });
                const auto cover = f.pool.cover(owed);
                const auto of = f.pool.incident(cover.incident);
                const auto outcome = run(user, RedeemPayout{owed});
                if (!outcome.ok())
                    break;
                ++counts.payouts;
                counts.short_payouts += of.payable < of.owed ? 1 : 0;
                // The same share for everybody, rounded down.
                const auto paid = outcome.returns.values[0];
                const auto fair = wrapping_mul(cover.owed, of.payable);
                if (wrapping_mul(paid, of.owed) > fair ||
                    wrapping_mul(wrapping_add(paid, 1), of.owed) <= fair)
                {
                    return "a claim got another share than the others";
                }
                break;
            }
            case 14:
                (void)f.sandbox.run(
                    user, f.assessment.id(), Stake{operation.a % 20'000'000'000ULL});
                break;
            case 15:
                (void)f.sandbox.run(user, f.assessment.id(), CastVote{poll, operation.b % 3 != 0});
                break;
            case 16:
                if (operation.b % 4 == 0)
                    (void)f.sandbox.run(user, f.assessment.id(), Appeal{poll});
                else if (f.sandbox.run(user, f.assessment.id(), ClosePoll{poll}).ok())
                    ++counts.verdicts;
                break;
            case 17:
                if (operation.b % 2 == 0)
                    (void)f.sandbox.run(user, f.assessment.id(), WithdrawRewards{poll});
                else
                    (void)f.sandbox.run(
                        user, f.assessment.id(), Unstake{operation.a % 20'000'000'000ULL, user});
                break;
            default: break;
        }
        const auto findings = f.sandbox.world().check_invariants();
        if (!findings.empty())
            return findings.front();
        // A share is worth less only when claims are settled.
        const auto after = f.pool.capital(f.now);
        if (!is_settled && !supply.is_zero() && !f.pool.share_supply().is_zero() &&
            wrapping_mul(after, supply) < wrapping_mul(capital, f.pool.share_supply()))
        {
            return "a share lost without a claim";
        }
        return std::nullopt;
    }

private:
    /// Mostly one of the newest: what was long ago is over. Sometimes any, or one that there is
    /// not.
    static std::uint64_t one_of(std::uint64_t random, std::uint64_t count, std::uint64_t newest)
    {
        return random % 8 == 0 || count < newest ? random / 8 % (count + 2)
                                                 : count - 1 - random / 8 % newest;
    }
    /// The newest cover up to @p number that is so; @p number if none is.
    template <typename Is>
    [[nodiscard]] std::uint64_t one_before(std::uint64_t number, Is&& is) const
    {
        for (auto next = number + 1; next > 0; --next)
        {
            if (is(f.pool.cover(next - 1)))
                return next - 1;
        }
        return number;
    }
    template <typename Call>
    Sandbox::Outcome run(AccountId sender, const Call& call)
    {
        return f.sandbox.run(sender, f.pool.id(), call);
    }
    [[nodiscard]] AccountId owner_of(std::uint64_t number, AccountId otherwise) const
    {
        const auto owner = f.pool.cover(number).owner;
        return owner == zero_account ? otherwise : owner;
    }

    CoverFixture f;
};
}  // namespace

// Method: 100 pools, half of which may cover eight times their capital, each under 1,000 random
// operations of four users who underwrite, buy, claim and assess, at random prices and times, with
// hostile numbers. After each, the books of pool and assessment agree with what they hold
// (check_invariants), sales keep to the capital rules, withdrawals leave what is needed, claims of
// an incident get the same share, and a share loses by claims alone. A list that breaks something
// is shrunk.
TEST_CASE("cover pool: whatever happens, the books hold", "[contracts][insurance][property]")
{
    std::mt19937_64 random{20'261'130};
    Counts counts;
    for (int round = 0; round < 100; ++round)
    {
        auto terms = usual_terms();
        terms.notice = 2 * day;
        terms.claim_window = 2 * day;
        if (round % 2 == 0)
        {
            terms.cover_limit_bps = 80'000;
            terms.product_limit_bps = 60'000;
        }
        std::vector<Operation> operations(1'000);
        for (auto& operation : operations)
            operation = {random(), random(), random(), random()};
        const auto found = tests::find_counterexample(operations,
            [&](std::span<const Operation> list) -> std::optional<tests::Broken>
            {
                Player player{terms};
                for (std::size_t i = 0; i < list.size(); ++i)
                {
                    if (auto wrong = player.play(list[i], counts))
                        return tests::Broken{i, *wrong};
                }
                return std::nullopt;
            });
        if (found)
        {
            CAPTURE(round, found->what, dump(found->operations));
            REQUIRE_FALSE(found.has_value());
        }
    }
    CHECK(counts.sales > 2'000);
    CHECK(counts.withdrawals > 200);
    CHECK(counts.payouts > 450);
    CHECK(counts.short_payouts > 75);
    CHECK(counts.verdicts > 150);
}

}  // namespace runnel::contracts
