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
#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace runnel;
using namespace runnel::strategies;
using runnel::tests::always;
using runnel::tests::FakeWallet;
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
        oracle{sandbox.add<contracts::PriceOracle>(
            "oracle", "feeder", std::vector<contracts::TokenPrice>{{weth.id(), usd(200)}})},
        factory{sandbox.add<contracts::UniswapV2Factory>("factory")},
        pair{sandbox.add<contracts::UniswapV2Pair>("weth_dai", weth.id(), dai.id(), factory.id())},
        router{sandbox.add<contracts::UniswapV2Router>("router", factory.id())},
        maker{sandbox.add<contracts::MakerDss>("maker", setup(), std::vector{ilk()})}
    {
        sandbox.account("feeder");
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
        result.feed = oracle.id();
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
