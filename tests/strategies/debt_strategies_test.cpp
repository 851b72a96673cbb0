#include "contracts/exchanges/uniswap_v2/factory.hpp"
#include "contracts/exchanges/uniswap_v2/pair.hpp"
#include "contracts/exchanges/uniswap_v2/router.hpp"
#include "contracts/oracles/price_oracle/price_oracle.hpp"
#include "contracts/stablecoins/makerdao_dss/dss.hpp"
#include "contracts/tokens/erc20/erc20.hpp"
#include "strategies/registry.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_wallet.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace runnel;
using namespace runnel::strategies;
using runnel::tests::always;
using runnel::tests::FakeWallet;
using runnel::tests::sent_when_all_is_refused;
namespace dss = runnel::contracts::makerdao_dss;
using runnel::contracts::DebtChange;

namespace
{
using Values = std::vector<std::pair<std::string_view, Parameters::Value>>;

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

Amount whole(std::uint64_t units)
{
    return wrapping_mul(units, Amount::power_of_ten(18));
}

/// dss with WETH at 200 USD and 150 %, without a delay, and 2,000 WETH against 400,000 Dai.
class DssMarket
{
public:
    DssMarket()
      : weth{sandbox.add<contracts::Erc20>(
            "WETH", TokenInfo{"WETH", 18}, contracts::TokenFlavour::openzeppelin5)},
        dai{sandbox.add<contracts::Dai>("DAI", "DAI")},
        mkr{sandbox.add<contracts::Erc20>("MKR", TokenInfo{"MKR", 18},
            contracts::TokenFlavour::openzeppelin4, sandbox.account("maker"))},
        oracle{sandbox.add<contracts::PriceOracle>(
            "oracle", "feeder", std::vector<contracts::TokenPrice>{{weth.id(), usd(200)}})},
        factory{sandbox.add<contracts::UniswapV2Factory>("factory")},
        pair{sandbox.add<contracts::UniswapV2Pair>("weth_dai", weth.id(), dai.id(), factory.id())},
        router{sandbox.add<contracts::UniswapV2Router>("router", factory.id())},
        maker{sandbox.add<contracts::MakerDss>("maker", setup(), std::vector{ilk()})}
    {
        sandbox.account("feeder");
        sandbox.account("admin");
        for (const auto& name : maker.account_names())
            sandbox.account(name);
        sandbox.set_time(1'699'999'000);
        sandbox.connect();
        const auto bank = wallet("bank");
        weth.allocate(bank, whole(100'000));
        run(bank, CallWriter{}.add(maker.id(), dss::SpotterPoke{0}));
        open(bank, 50'000, 1'000'000);
        run(bank, CallWriter{}
                      .add(weth.id(), contracts::Erc20Transfer{pair.account(), whole(2'000)})
                      .add(dai.id(), contracts::Erc20Transfer{pair.account(), whole(400'000)})
                      .add(pair.id(), contracts::uniswap_v2::Mint{bank}));
    }

    static Amount usd(std::uint64_t units) { return wrapping_mul(units, Amount::power_of_ten(8)); }

    dss::Setup setup() const
    {
        dss::Setup result;
        result.dai = dai.id();
        result.mkr = mkr.id();
        result.feed = oracle.id();
        result.admin = "admin";
        result.vow.wait = 100;
        result.vow.dump = whole(50);
        result.vow.sump = Amount::power_of_ten(45 + 4);
        result.vow.bump = Amount::power_of_ten(45 + 4);
        result.flap.beg = wrapping_mul(105, Amount::power_of_ten(16));
        result.flap.lid = Amount::power_of_ten(45 + 4);
        result.flap.ttl = 10'800;
        result.flap.tau = 172'800;
        result.flop = result.flap;
        result.flop.pad = wrapping_mul(150, Amount::power_of_ten(16));
        result.line = Amount::power_of_ten(45 + 8);
        result.hole = result.line;
        result.pot.chi = dss::ray;
        result.pot.dsr = dss::ray;
        return result;
    }
    dss::IlkSpec ilk() const
    {
        dss::IlkSpec spec;
        spec.gem = weth.id();
        spec.label = "0";
        spec.vat.rate = dss::ray;
        spec.vat.line = Amount::power_of_ten(45 + 8);
        spec.vat.dust = Amount::power_of_ten(45 + 2);
        spec.jug.duty = dss::ray;
        spec.mat = wrapping_mul(15, Amount::power_of_ten(26));
        spec.dog.chop = wrapping_mul(113, Amount::power_of_ten(16));
        spec.dog.hole = Amount::power_of_ten(45 + 8);
        spec.clip.buf = wrapping_mul(13, Amount::power_of_ten(26));
        spec.clip.tail = 8'400;
        spec.clip.cusp = wrapping_mul(4, Amount::power_of_ten(26));
        spec.clip.chip = Amount::power_of_ten(15);
        spec.clip.chost = wrapping_mul(113, Amount::power_of_ten(45));
        spec.abacus.kind = dss::Abacus::Kind::stairstep;
        spec.abacus.cut = wrapping_mul(99, Amount::power_of_ten(25));
        spec.abacus.step = 90;
        return spec;
    }

    AccountId wallet(std::string_view name)
    {
        const auto account = sandbox.account(name);
        sandbox.world().account_states.at(account).balance = whole(1'000);
        sandbox.world().native_supply.at(0) =
            wrapping_add(sandbox.world().native_supply.at(0), whole(1'000));
        return account;
    }
    void run(AccountId sender, const CallWriter& calls)
    {
        const auto outcome = sandbox.run(sender, calls);
        INFO(outcome.receipt.refusal.to_string());
        REQUIRE(outcome.ok());
    }
    void open(AccountId owner, std::uint64_t locked, std::uint64_t drawn)
    {
        CallWriter calls;
        calls.add(weth.id(), contracts::Erc20Approve{maker.account(), Amount::max()});
        DebtChange change;
        change.lock = whole(locked);
        change.draw = whole(drawn);
        maker.add_change(calls, 0, change, owner);
        run(owner, calls);
    }
    /// In the world and in the system.
    void set_price(FakeWallet& seen_by, std::uint64_t price)
    {
        run(sandbox.account("feeder"),
            CallWriter{}
                .add(oracle.id(), contracts::SetPrice{weth.id(), usd(price)})
                .add(maker.id(), dss::SpotterPoke{0}));
        seen_by.set_price(weth.id(), static_cast<double>(price));
    }
    FakeWallet watcher(AccountId account)
    {
        FakeWallet wallet{sandbox, account};
        wallet.set_price(weth.id(), 200);
        wallet.set_price(dai.id(), 1);
        wallet.set_price(mkr.id(), 400);
        return wallet;
    }
    std::unique_ptr<Strategy> strategy(
        std::string_view name, AccountId account, const Values& values)
    {
        Parameters parameters;
        for (const auto& [key, value] : values)
            parameters.set(key, value);
        return find_strategy_type(name)->create(
            parameters, runnel::tests::group_of_one(sandbox.world(), account));
    }

    Values owner_values() const
    {
        return {{"system", maker.id()}, {"router", router.id()}, {"collateral", weth.id()},
            {"open_within", std::int64_t{0}}, {"lock_share", always(0.8)}, {"ratio_floor", 1.6},
            {"ratio_margin", always(0.4)}, {"spend_at", std::string{}}, {"spend_share", always(0)},
            {"acts_share", 1.0}, {"top_up_share", 1.0}, {"monitor_every", always(60)},
            {"act_below", always(1.8)}, {"restore_to", always(2.2)}, {"reaction", always(36)},
            {"slippage", 0.05}, {"urgency", 3.0}, {"fee_tolerance", 0.02}, {"coin", weth.id()}};
    }
    Values keeper_values() const
    {
        return {{"system", maker.id()}, {"router", router.id()}, {"scan_every", always(12)},
            {"reaction", always(0)}, {"discount", always(0.05)}, {"starts", always(1)},
            {"start_gain", 0.01}, {"sells_first", always(0)}, {"bid_share", always(0.1)},
            {"bid_stake", 25.0}, {"bid_memory", std::int64_t{3'600'000}}, {"gas_money", 1.0},
            {"calls_per_block", std::int64_t{4}}, {"profit_min", 1.0}, {"slippage", 0.02},
            {"coin", weth.id()}};
    }
    Values bidder_values(double discount, double opening, bool starts) const
    {
        return {{"system", maker.id()}, {"scan_every", always(12)}, {"discount", always(discount)},
            {"opening", always(opening)}, {"starts", always(starts ? 1 : 0)}, {"profit_min", 10.0},
            {"gas_money", 1.0}, {"coin", weth.id()}};
    }
    double ratio(AccountId owner) const
    {
        const auto position = maker.position(0, owner);
        const auto terms = maker.terms(0);
        return worth_of(terms, position.collateral, terms.price).to_double() /
               position.debt.to_double();
    }

    contracts::Sandbox sandbox;
    contracts::Erc20& weth;
    contracts::Dai& dai;
    contracts::Erc20& mkr;
    contracts::PriceOracle& oracle;
    contracts::UniswapV2Factory& factory;
    contracts::UniswapV2Pair& pair;
    contracts::UniswapV2Router& router;
    contracts::MakerDss& maker;
};

/// Lets the wallet act once a block until it sends something; fails after an hour.
void act(FakeWallet& wallet, Strategy& strategy)
{
    for (unsigned i = 0; i < 300; ++i)
    {
        wallet.decide(strategy);
        if (!wallet.submissions.empty())
        {
            const auto ran = wallet.run(strategy);
            INFO(ran.outcome.receipt.refusal.to_string());
            REQUIRE(ran.outcome.ok());
            wallet.advance(1);
            return;
        }
        wallet.advance(1);
    }
    FAIL("it sent nothing");
}
/// Whether it sends anything within this many blocks.
bool stays_away(FakeWallet& wallet, Strategy& strategy, unsigned blocks)
{
    for (unsigned i = 0; i < blocks; ++i)
    {
        wallet.decide(strategy);
        if (!wallet.submissions.empty())
            return false;
        wallet.advance(1);
    }
    return true;
}
}  // namespace

TEST_CASE("cdp owner: opens at its ratio, and tops up, repays or does nothing", "[cdp_owner]")
{
    DssMarket market;
    const auto top_up_share = GENERATE(1.0, 0.0);
    const auto acts_share = GENERATE(1.0, 0.0);
    CAPTURE(top_up_share, acts_share);
    const auto owner = market.wallet("owner");
    market.weth.allocate(owner, whole(100));
    auto wallet = market.watcher(owner);
    const auto strategy = market.strategy("cdp_owner", owner,
        with(market.owner_values(), {{"top_up_share", top_up_share}, {"acts_share", acts_share}}));
    act(wallet, *strategy);
    CHECK(market.maker.position(0, owner).collateral == whole(80));
    CHECK(market.ratio(owner) > 1.9999);
    CHECK(market.ratio(owner) < 2.0001);
    CHECK(market.dai.balance(owner) == whole(8'000));
    wallet.advance(5);
    CHECK(stays_away(wallet, *strategy, 20));

    // It has spent most of its Dai meanwhile, and needs 1,670 to come back to 220 %.
    market.run(owner, CallWriter{}.add(market.dai.id(),
                          contracts::Erc20Transfer{market.sandbox.account("bank"), whole(7'500)}));
    market.set_price(wallet, 174);  // 174 % is below 180 %.
    if (acts_share == 0)
    {
        CHECK(stays_away(wallet, *strategy, 50));
        return;
    }
    act(wallet, *strategy);
    CHECK(market.ratio(owner) > 2.1);
    CHECK(market.ratio(owner) < 2.25);
    const auto position = market.maker.position(0, owner);
    if (top_up_share > 0)
    {
        CHECK(position.collateral == whole(100));  // All that it had kept; 220 % need 101.
        CHECK(position.debt == whole(8'000));
    }
    else
    {
        // It had to buy some.
        CHECK(position.collateral == whole(80));
        CHECK(position.debt < whole(6'500));
        CHECK(market.weth.balance(owner) < whole(20));
    }
}

TEST_CASE("auction keeper: starts auctions and buys when that pays", "[auction_keeper]")
{
    DssMarket market;
    const auto owner = market.wallet("owner");
    market.weth.allocate(owner, whole(100));
    market.open(owner, 100, 13'000);
    const auto self = market.wallet("keeper");
    market.run(market.sandbox.account("bank"),
        CallWriter{}.add(market.dai.id(), contracts::Erc20Transfer{self, whole(15'000)}));
    auto wallet = market.watcher(self);
    const auto strategy = market.strategy("auction_keeper", self, market.keeper_values());
    CHECK(stays_away(wallet, *strategy, 10));

    market.set_price(wallet, 190);
    act(wallet, *strategy);
    REQUIRE(market.maker.auctions(0, wallet.view().timestamp).size() == 1);
    CHECK(market.maker.claims(0, self).debt_token > whole(14));
    // 247 Dai each at first, it pays at most 180.5: 1 % every 90 seconds, 32 times.
    CHECK(stays_away(wallet, *strategy, 200));
    act(wallet, *strategy);
    CHECK(market.maker.auctions(0, wallet.view().timestamp).empty());
    CHECK(market.weth.balance(self) > whole(81));
    const auto paid = wrapping_sub(whole(15'000), market.dai.balance(self));
    CHECK(paid.to_double() / market.weth.balance(self).to_double() < 180.5);
    CHECK(paid.to_double() / market.weth.balance(self).to_double() > 170);
    // The world has fallen too: it sells what it has bought, a part at a time, for Dai.
    const auto before = market.dai.balance(self);
    wallet.set_price(market.weth.id(), 185);
    act(wallet, *strategy);
    CHECK(market.dai.balance(self) > before);
}

TEST_CASE(
    "auction keeper: fees and lack of Dai keep it out, selling first does not", "[auction_keeper]")
{
    DssMarket market;
    const auto owner = market.wallet("owner");
    market.weth.allocate(owner, whole(100));
    market.open(owner, 100, 13'000);
    const auto self = market.wallet("keeper");
    auto wallet = market.watcher(self);
    market.set_price(wallet, 190);
    {
        CallWriter calls;
        market.maker.add_start(calls, 0, owner, market.sandbox.account("bank"));
        market.run(market.sandbox.account("bank"), calls);
    }
    wallet.advance(450);  // 90 minutes: 60 steps, 135 Dai.

    const auto penniless = market.strategy("auction_keeper", self, market.keeper_values());
    CHECK(stays_away(wallet, *penniless, 3));

    const auto seller = market.strategy(
        "auction_keeper", self, with(market.keeper_values(), {{"sells_first", always(1)}}));
    // A million gas at this fee is 190,000 USD: more than there is to earn.
    wallet.set_base_fee(1'000'000'000'000'000);
    CHECK(stays_away(wallet, *seller, 3));
    wallet.set_base_fee(10'000'000'000);
    act(wallet, *seller);
    CHECK(market.maker.auctions(0, wallet.view().timestamp).empty());
    CHECK(market.dai.balance(self) > whole(2'000));
    CHECK(market.weth.balance(self).is_zero());
}

namespace
{
/// Two bidders at the same time: one that starts auctions, wants a discount of 5 % and opens at
/// half of its limit, and one that wants 10 % and opens at nine tenths.
struct Bidders
{
    explicit Bidders(DssMarket& its_market)
      : market{its_market},
        accounts{market.wallet("starter"), market.wallet("other")},
        wallets{market.watcher(accounts[0]), market.watcher(accounts[1])},
        strategies{
            market.strategy("backstop_bidder", accounts[0], market.bidder_values(0.05, 0.5, true)),
            market.strategy("backstop_bidder", accounts[1], market.bidder_values(0.1, 0.9, false))}
    {
        for (const auto account : accounts)
            market.mkr.allocate(account, whole(100));
    }
    /// One of them acts, and the other one's time passes as well.
    void turn(std::size_t who)
    {
        act(wallets[who], *strategies[who]);
        catch_up(who);
    }
    bool waits(std::size_t who, unsigned blocks)
    {
        const bool away = stays_away(wallets[who], *strategies[who], blocks);
        catch_up(who);
        return away;
    }
    void wait(unsigned blocks)
    {
        for (auto& wallet : wallets)
            wallet.advance(blocks);
    }
    /// Both have 10,000 Dai, and 13,000 and a penalty are the system's to pay, in the queue.
    void owe_debt()
    {
        const auto owner = market.wallet("owner");
        market.weth.allocate(owner, whole(100));
        market.open(owner, 100, 13'000);
        const auto bank = market.sandbox.account("bank");
        for (const auto account : accounts)
        {
            market.run(bank, CallWriter{}.add(market.dai.id(),
                                 contracts::Erc20Transfer{account, whole(10'000)}));
        }
        market.set_price(wallets[0], 190);
        CallWriter calls;
        market.maker.add_start(calls, 0, owner, bank);
        market.run(bank, calls);
    }
    std::vector<contracts::BackstopAuction> running(contracts::BackstopKind kind) const
    {
        return market.maker.backstop_auctions(kind, wallets[0].view().timestamp);
    }
    double mkr(std::size_t who) const { return in_whole(market.mkr.balance(accounts[who])); }
    double dai(std::size_t who) const { return in_whole(market.dai.balance(accounts[who])); }
    static double in_whole(const Amount& amount) { return amount.to_double() * 1e-18; }

    DssMarket& market;
    std::array<AccountId, 2> accounts;
    std::array<FakeWallet, 2> wallets;
    std::array<std::unique_ptr<Strategy>, 2> strategies;

private:
    void catch_up(std::size_t who)
    {
        auto& other = wallets[1 - who];
        other.advance(wallets[who].view().block_number - other.view().block_number);
    }
};
}  // namespace

TEST_CASE(
    "backstop bidder: bids governance tokens for a surplus up to its limit", "[backstop_bidder]")
{
    DssMarket market;
    Bidders bidders{market};
    using Kind = contracts::BackstopKind;
    CHECK(bidders.waits(0, 5));
    // 1 % of a million Dai of debt: just what an auction sells.
    const auto profit = Int256::from_magnitude(Amount::power_of_ten(25), false);
    market.run(market.sandbox.account("admin"),
        CallWriter{}.add(market.maker.id(), dss::Fold{0, market.maker.vow_account(), profit}));
    CHECK(bidders.waits(1, 5));  // It starts none.
    bidders.turn(0);
    REQUIRE(bidders.running(Kind::surplus).size() == 1);
    CHECK(bidders.running(Kind::surplus)[0].won == whole(10'000));
    CHECK(bidders.running(Kind::surplus)[0].bidder == zero_account);

    // 10,000 Dai at 400 USD, less 5 %: 23.75 MKR. It begins at half of that; the other one at nine
    // tenths of 22.5. Then each betters by 5 %, and the other one's limit comes first.
    bidders.turn(0);
    CHECK(bidders.mkr(0) == Approx(100 - 11.875));
    CHECK(bidders.waits(0, 5));  // It does not outbid itself.
    bidders.turn(1);
    CHECK(bidders.mkr(1) == Approx(100 - 20.25));
    CHECK(bidders.mkr(0) == Approx(100));
    bidders.turn(0);
    CHECK(bidders.mkr(0) == Approx(100 - 20.25 * 1.05));
    bidders.turn(1);
    CHECK(bidders.mkr(1) == Approx(100 - 20.25 * 1.05 * 1.05));
    bidders.turn(0);
    const auto price = 20.25 * 1.05 * 1.05 * 1.05;
    CHECK(bidders.mkr(0) == Approx(100 - price));
    CHECK(bidders.waits(1, 50));
    CHECK(bidders.mkr(1) == Approx(100));

    // A bid that has stood for three hours wins; then the Dai are the winner's, in the system, and
    // with its next call his.
    CHECK(bidders.waits(0, 100));
    bidders.wait(800);
    const auto supply = Bidders::in_whole(market.mkr.total_supply());
    bidders.turn(0);
    CHECK(bidders.running(Kind::surplus).empty());
    CHECK(Bidders::in_whole(market.mkr.total_supply()) == Approx(supply - price));
    bidders.turn(0);
    CHECK(bidders.dai(0) == Approx(10'000));
    CHECK(bidders.waits(0, 50));
    CHECK(bidders.waits(1, 50));
    CHECK(market.sandbox.world().check_invariants().empty());
}

TEST_CASE("backstop bidder: pays bad debt for the fewest new governance tokens that it takes",
    "[backstop_bidder]")
{
    DssMarket market;
    Bidders bidders{market};
    using Kind = contracts::BackstopKind;
    bidders.owe_debt();
    CHECK(bidders.waits(0, 7));  // The debt is in the queue, for 100 seconds.
    bidders.turn(0);
    REQUIRE(bidders.running(Kind::deficit).size() == 1);
    CHECK(bidders.running(Kind::deficit)[0].given == whole(10'000));
    CHECK(bidders.running(Kind::deficit)[0].won == whole(50));

    // 10,000 Dai for at least 26.3 MKR, which are worth 5 % more, begun with as few as it must; the
    // other one wants 27.8 and begins at 30.9.
    bidders.turn(0);
    CHECK(Bidders::in_whole(bidders.running(Kind::deficit)[0].won) == Approx(50 / 1.05));
    CHECK(bidders.dai(0) == Approx(0));
    bidders.turn(1);
    CHECK(Bidders::in_whole(bidders.running(Kind::deficit)[0].won) ==
          Approx(10'000 / 0.9 / 400 / 0.9));
    // What it had paid is its own again, in the system.
    CHECK(market.maker.backstop_claim(bidders.accounts[0]) == whole(10'000));
    bidders.turn(0);
    CHECK(bidders.dai(0) == Approx(10'000));
    const auto asked = 10'000 / 0.9 / 400 / 0.9;
    bidders.turn(0);
    CHECK(Bidders::in_whole(bidders.running(Kind::deficit)[0].won) == Approx(asked / 1.05));
    bidders.turn(1);  // Claims.
    bidders.turn(1);
    bidders.turn(0);
    bidders.turn(0);
    const auto won = asked / 1.05 / 1.05 / 1.05;
    CHECK(Bidders::in_whole(bidders.running(Kind::deficit)[0].won) == Approx(won));
    bidders.turn(1);
    CHECK(bidders.dai(1) == Approx(10'000));
    CHECK(bidders.waits(1, 50));
    bidders.wait(900);
    bidders.turn(0);
    CHECK(bidders.running(Kind::deficit).empty());
    CHECK(bidders.mkr(0) == Approx(100 + won));
    CHECK(bidders.waits(0, 50));
    CHECK(market.sandbox.world().check_invariants().empty());
}

TEST_CASE("backstop bidder: starts again what nobody has bid in, when it would bid then",
    "[backstop_bidder]")
{
    DssMarket market;
    Bidders bidders{market};
    using Kind = contracts::BackstopKind;
    bidders.owe_debt();
    bidders.wait(20);
    // Who bids first gets no more than 47.6 MKR, worth 7,143 USD, for 10,000 Dai.
    for (auto& wallet : bidders.wallets)
        wallet.set_price(market.mkr.id(), 150);
    CHECK(bidders.waits(0, 10));
    CallWriter calls;
    market.maker.add_backstop(calls, Kind::deficit, bidders.wallets[0].view().timestamp);
    market.run(market.sandbox.account("bank"), calls);
    REQUIRE(bidders.running(Kind::deficit).size() == 1);
    CHECK(bidders.waits(0, 10));
    CHECK(!bidders.running(Kind::deficit)[0].restarts);

    // Two days later half as many again are offered: 71.4, worth 10,714 USD.
    bidders.wait(14'500);
    CHECK(bidders.running(Kind::deficit)[0].restarts);
    CHECK(bidders.waits(1, 10));  // It starts none.
    for (auto& wallet : bidders.wallets)
        wallet.set_price(market.mkr.id(), 140);  // Worth 10,000: less than it wants.
    CHECK(bidders.waits(0, 10));
    for (auto& wallet : bidders.wallets)
        wallet.set_price(market.mkr.id(), 150);
    bidders.turn(0);
    CHECK(!bidders.running(Kind::deficit)[0].restarts);
    CHECK(bidders.running(Kind::deficit)[0].won == whole(75));
    bidders.turn(0);
    CHECK(Bidders::in_whole(bidders.running(Kind::deficit)[0].won) == Approx(75 / 1.05));
    CHECK(bidders.running(Kind::deficit)[0].bidder == bidders.accounts[0]);
    CHECK(market.sandbox.world().check_invariants().empty());
}

TEST_CASE("backstop bidder: without money, a price or an end of refusals it does nothing",
    "[backstop_bidder]")
{
    DssMarket market;
    Bidders bidders{market};
    const auto profit = Int256::from_magnitude(Amount::power_of_ten(25), false);
    market.run(market.sandbox.account("admin"),
        CallWriter{}.add(market.maker.id(), dss::Fold{0, market.maker.vow_account(), profit}));
    const auto poor = market.wallet("poor");
    auto wallet = market.watcher(poor);
    const auto of_poor =
        market.strategy("backstop_bidder", poor, market.bidder_values(0.05, 0.5, true));
    CHECK(stays_away(wallet, *of_poor, 10));
    market.mkr.allocate(poor, whole(100));
    wallet.set_price(market.mkr.id(), 0);
    CHECK(stays_away(wallet, *of_poor, 10));
    wallet.set_price(market.mkr.id(), 400);
    // Gas for an auction would cost more than it brings.
    wallet.set_base_fee(100'000'000'000'000);
    CHECK(stays_away(wallet, *of_poor, 10));
    wallet.set_base_fee(10'000'000'000);
    CHECK(sent_when_all_is_refused(wallet, *of_poor, 500) == 16);
    CHECK(stays_away(wallet, *of_poor, 10));
    // What is its own it takes still.
    CallWriter calls;
    calls.add(
        market.dai.id(), contracts::Erc20Approve{market.maker.dai_join_account(), whole(1'000)});
    calls.add(market.maker.id(), dss::DaiJoinJoin{poor, whole(1'000)});
    market.run(market.sandbox.account("bank"), calls);
    act(wallet, *of_poor);
    CHECK(market.dai.balance(poor) == whole(1'000));
}

TEST_CASE("price relayer: brings in what the system has not seen", "[price_relayer]")
{
    DssMarket market;
    const auto self = market.wallet("relayer");
    auto wallet = market.watcher(self);
    const auto strategy = market.strategy(
        "price_relayer", self, {{"system", market.maker.id()}, {"delay", always(60)}});
    CHECK(stays_away(wallet, *strategy, 10));
    market.run(market.sandbox.account("feeder"),
        CallWriter{}.add(
            market.oracle.id(), contracts::SetPrice{market.weth.id(), DssMarket::usd(150)}));
    CHECK(market.maker.terms(0).price == whole(200));
    CHECK(stays_away(wallet, *strategy, 5));
    act(wallet, *strategy);
    CHECK(market.maker.terms(0).price == whole(150));
    CHECK(stays_away(wallet, *strategy, 10));
}
