#include "analytics/detectors/detector.hpp"
#include "analytics/detectors/score.hpp"
#include "contracts/kit/sectors/custodian.hpp"
#include "contracts/kit/sectors/debt_positions.hpp"
#include "contracts/kit/sectors/mixer.hpp"
#include "tests/analytics/ledger_builder.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temporary_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

using namespace runnel;
using namespace runnel::analytics;
using namespace runnel::analytics::fixture;

namespace
{
// Beside the fixture's contracts.
constexpr ContractId mixer{6};
constexpr ContractId custodian{7};
constexpr ContractId other_pair{8};
constexpr AccountId mixer_account{14};
constexpr AccountId custodian_account{15};
constexpr AccountId other_pair_account{16};
constexpr std::uint32_t people = 40;
AccountId person(std::uint32_t number)
{
    return AccountId{17 + number};
}

storage::LedgerDescription description_with_people()
{
    auto result = description(Parts::all);
    for (const auto* name : {"mixer", "custodian", "other_pair"})
        result.accounts.push_back({name, "contract", "", address_of_name(name)});
    for (std::uint32_t i = 0; i < people; ++i)
    {
        const auto name = fmt::format("person/{}", i);
        result.accounts.push_back({name, "wallet", "any", address_of_name(name)});
    }
    // The last one shows the same four digits at either end as the first.
    auto& copy = result.accounts.back().address;
    copy = result.accounts[index(person(0))].address;
    copy.bytes[9] ^= 0xFFU;
    result.contracts.push_back({mixer_account, "tornado", "mixer", std::nullopt});
    result.contracts.push_back(
        {custodian_account, "custodial_exchange", "custodian", std::nullopt});
    result.contracts.push_back({other_pair_account, "uniswap_v2_pair", "other_pair", std::nullopt});
    for (const auto* type : {&event_type<contracts::MixerMove>,
             &event_type<contracts::CustodianMove>, &event_type<contracts::CollateralAuctionRow>})
        result.events.push_back(type);
    return result;
}

struct Found
{
    explicit Found(const ChainBuilder& chain)
      : writer{storage::LedgerWriter::in_memory(manifest("test", 5), description_with_people())}
    {
        chain.write_to(writer);
    }
    std::vector<Finding> by(std::string_view name, const Thresholds& thresholds = {})
    {
        const auto* detector = find_detector(name);
        REQUIRE(detector != nullptr);
        LedgerQueries source{writer.database()};
        return run_detector(*detector, source, thresholds);
    }

    storage::LedgerWriter writer;
};

std::vector<Finding> find(
    const ChainBuilder& chain, std::string_view name, const Thresholds& thresholds = {})
{
    return Found{chain}.by(name, thresholds);
}

/// A ledger that begins with prices, WETH at 200, and two pools of it.
ChainBuilder begun(std::uint64_t slot_seconds = 600)
{
    ChainBuilder chain{slot_seconds};
    chain.transaction(validator0);
    chain.emit(oracle, PriceUpdated{weth, price(200), ChainBuilder::start});
    chain.emit(oracle, PriceUpdated{usdc, price(1), ChainBuilder::start});
    chain.pool(ether(100), dollars(20'000));
    chain.end_block(validator0, 0);
    return chain;
}

void empty_blocks(ChainBuilder& chain, int count)
{
    for (int i = 0; i < count; ++i)
        chain.end_block(validator0, 0);
}

/// A swap in the first pool, with its transfers; the proceeds go to @p to.
void buys_weth(ChainBuilder& chain, AccountId who, const Amount& got, const Amount& paid,
    AccountId to, Motive motive = {})
{
    chain.transaction(who, {21'000, 1, {}, false, motive});
    chain.emit(usdc, Transfer{who, pair_account, paid});
    chain.emit(weth, Transfer{pair_account, to, got});
    chain.emit(pair, DexTrade{weth, usdc, got, paid, who, usdc, 0});
}
void sells_weth(ChainBuilder& chain, AccountId who, const Amount& got, const Amount& paid,
    AccountId to, Motive motive = {})
{
    chain.transaction(who, {21'000, 1, {}, false, motive});
    chain.emit(weth, Transfer{who, pair_account, paid});
    chain.emit(usdc, Transfer{pair_account, to, got});
    chain.emit(pair, DexTrade{usdc, weth, got, paid, who, weth, 0});
}
void pays(ChainBuilder& chain, AccountId from, AccountId to, const Amount& value)
{
    chain.transaction(from);
    chain.emit(eth, NativePayment{from, to, value});
}
/// Hundredths of a coin.
Amount cents(std::uint64_t number)
{
    return wrapping_mul(number, Amount::power_of_ten(16));
}
}  // namespace

TEST_CASE("detectors: each has a name, a line and a rule to be scored by", "[analytics][detectors]")
{
    std::vector<std::string_view> names;
    for (const auto* detector : detectors())
    {
        names.push_back(detector->name());
        CHECK(find_detector(detector->name()) == detector);
        CHECK_FALSE(detector->description().empty());
        CHECK(score_rule(*detector).detector == detector->name());
    }
    CHECK(names.size() == 11);
    CHECK(find_detector("none") == nullptr);
    auto empty =
        storage::LedgerWriter::in_memory(manifest("test", 5), description(Parts::payments));
    LedgerQueries source{empty.database()};
    for (const auto* detector : detectors())
        CHECK(run_detector(*detector, source).empty());
}

TEST_CASE("detectors: a sandwich is two halves around a victim", "[analytics][detectors]")
{
    auto chain = begun();
    // A sandwich, and a second block in which the second half sells another amount, where the one
    // in between sells, and where nobody is in between.
    buys_weth(chain, person(1), ether(2), dollars(410), person(1));
    buys_weth(chain, person(2), ether(1), dollars(215), person(2));
    sells_weth(chain, person(1), dollars(425), ether(2), person(1));
    chain.end_block(validator0, 0);
    buys_weth(chain, person(1), ether(2), dollars(410), person(1));
    buys_weth(chain, person(2), ether(1), dollars(215), person(2));
    sells_weth(chain, person(1), dollars(400), ether(1), person(1));
    buys_weth(chain, person(3), ether(2), dollars(410), person(3));
    sells_weth(chain, person(4), dollars(200), ether(1), person(4));
    sells_weth(chain, person(3), dollars(405), ether(2), person(3));
    chain.end_block(validator0, 0);
    const auto found = find(chain, "sandwich");
    REQUIRE(found.size() == 1);
    CHECK(found[0].transactions == std::vector<Place>{{1, 0}, {1, 2}});
    CHECK(found[0].accounts == std::vector{person(1)});
    CHECK(found[0].token == usdc);
    CHECK(found[0].amount == dollars(15));
}

TEST_CASE("detectors: arbitrage is a circle, or a good price every time", "[analytics][detectors]")
{
    auto chain = begun();
    const auto circle = [&](AccountId who, const Amount& back)
    {
        chain.transaction(who);
        chain.emit(pair, DexTrade{weth, usdc, ether(1), dollars(200), who, usdc, 0});
        chain.emit(other_pair, DexTrade{usdc, weth, back, ether(1), who, usdc, 0});
    };
    circle(person(1), dollars(203));
    circle(person(1), dollars(199));  // A route that loses.
    chain.end_block(validator0, 0);
    // At a price of 200 outside: five good ones, four, and five of six.
    for (int i = 0; i < 5; ++i)
    {
        buys_weth(chain, person(2), ether(1), dollars(195), person(2));
        if (i < 4)
            sells_weth(chain, person(3), dollars(205), ether(1), person(3));
        buys_weth(chain, person(4), ether(1), dollars(195), person(4));
    }
    buys_weth(chain, person(4), ether(1), dollars(205), person(4));
    chain.end_block(validator0, 0);
    const auto found = find(chain, "arbitrage");
    REQUIRE(found.size() == 6);
    CHECK(found[0].transactions == std::vector<Place>{{1, 0}});
    CHECK(found[0].token == usdc);
    CHECK(found[0].amount == dollars(3));
    for (std::size_t i = 1; i < found.size(); ++i)
        CHECK(found[i].accounts == std::vector{person(2)});
}

TEST_CASE("detectors: a liquidation is somebody else's debt", "[analytics][detectors]")
{
    const auto calls = find(six_blocks(), "liquidation");
    REQUIRE(calls.size() == 2);
    CHECK(calls[0].transactions == std::vector<Place>{{3, 1}});
    CHECK(calls[0].accounts == std::vector{dan});
    CHECK(calls[0].amount == dollars(500));
    CHECK(calls[1].accounts == std::vector{eve});

    auto chain = begun();
    chain.transaction(person(1));
    chain.emit(market, LendingLiquidation{person(1), person(1), weth, usdc, ether(1), 0,
                           dollars(100), price(200), price(100)});
    chain.transaction(person(2));
    contracts::CollateralAuctionRow row;
    row.transaction_type = contracts::CollateralAuctionStep::take;
    row.owner = person(1);
    row.account = person(2);
    row.collateral_token = weth;
    row.debt_token = usdc;
    row.paid_raw = dollars(90);
    chain.emit(market, row);
    chain.end_block(validator0, 0);
    const auto auctions = find(chain, "liquidation");
    REQUIRE(auctions.size() == 1);
    CHECK(auctions[0].accounts == std::vector{person(2)});
    CHECK(auctions[0].amount == dollars(90));
}

TEST_CASE("detectors: wash traders deliver in a circle and keep nothing", "[analytics][detectors]")
{
    // Three accounts; each buys for the next, who sells for the one after.
    const auto washing = [](const Amount& kept, bool in_circle)
    {
        auto chain = begun();
        for (std::uint32_t i = 0; i < 9; ++i)
        {
            const auto who = person(i % 3);
            const auto next = person((i + 1) % 3);
            buys_weth(chain, who, ether(10), dollars(2'000), in_circle ? next : who);
            sells_weth(chain, next, dollars(1'990), wrapping_sub(ether(10), kept),
                in_circle ? person((i + 2) % 3) : next);
            // Somebody who buys for another, and one who does so by himself.
            buys_weth(chain, person(10), ether(1), dollars(200), person(11));
            buys_weth(chain, person(12), ether(1), dollars(200), person(12));
            sells_weth(chain, person(12), dollars(200), ether(1), person(12));
            chain.end_block(validator0, 0);
        }
        return find(chain, "wash_trading");
    };
    const auto found = washing(0, true);
    REQUIRE(found.size() == 1);
    CHECK(found[0].accounts == std::vector{person(0), person(1), person(2)});
    CHECK(found[0].transactions.size() == 18);
    CHECK(found[0].token == weth);
    CHECK(found[0].amount == ether(180));
    CHECK(washing(ether(9), true).size() == 1);  // They keep goods, and the money comes back.
    CHECK(washing(0, false).empty());
}

TEST_CASE(
    "detectors: a group that keeps what it buys is none of wash traders", "[analytics][detectors]")
{
    auto chain = begun();
    for (std::uint32_t i = 0; i < 6; ++i)
        buys_weth(chain, person(i % 2), ether(1), dollars(200), person((i + 1) % 2));
    chain.end_block(validator0, 0);
    CHECK(find(chain, "wash_trading").empty());
}

TEST_CASE("detectors: a flash loan that pushes a price and pays", "[analytics][detectors]")
{
    enum class Kind : std::uint8_t
    {
        attack,
        fair_price,
        liquidates,
        without_gain,
        writes_price,
        both_ways,
    };
    const auto loan = [](Kind kind)
    {
        auto chain = begun();
        chain.end_block(validator0, 0);
        const auto who = person(1);
        chain.transaction(who);
        chain.emit(usdc, Transfer{market_account, who, dollars(10'000)});
        // The pool's price is 200: 15 WETH for 4,500 USDC is half as much again.
        const auto paid = dollars(
            kind == Kind::attack || kind == Kind::liquidates || kind == Kind::without_gain ? 4'500
                                                                                           : 3'050);
        chain.emit(usdc, Transfer{who, pair_account, paid});
        chain.emit(weth, Transfer{pair_account, who, ether(15)});
        chain.emit(pair, DexTrade{weth, usdc, ether(15), paid, who, usdc, 0});
        if (kind == Kind::both_ways)
            chain.emit(pair, DexTrade{usdc, weth, dollars(2), cents(1), who, usdc, 0});
        if (kind == Kind::writes_price)
            chain.emit(oracle, PriceUpdated{weth, price(300), ChainBuilder::start});
        if (kind == Kind::liquidates)
        {
            chain.emit(market, LendingLiquidation{bob, who, weth, usdc, ether(1), 0, dollars(100),
                                   price(200), price(100)});
        }
        if (kind != Kind::without_gain)
            chain.emit(usdc, Transfer{market_account, who, dollars(4'600)});
        chain.emit(usdc, Transfer{who, market_account, dollars(10'000)});
        chain.emit(market, LendingFlashloan{usdc, who, dollars(10'000), 0});
        chain.end_block(validator0, 0);
        return find(chain, "flash_loan_attack");
    };
    const auto found = loan(Kind::attack);
    REQUIRE(found.size() == 1);
    CHECK(found[0].transactions == std::vector<Place>{{2, 0}});
    CHECK(found[0].accounts == std::vector{person(1)});
    CHECK(found[0].token == weth);
    CHECK(found[0].amount == ether(15));
    CHECK(loan(Kind::writes_price).size() == 1);
    CHECK(loan(Kind::both_ways).size() == 1);
    CHECK(loan(Kind::fair_price).empty());
    CHECK(loan(Kind::liquidates).empty());
    CHECK(loan(Kind::without_gain).empty());
}

TEST_CASE("detectors: a rug pull empties a pool for good", "[analytics][detectors]")
{
    struct Shape
    {
        std::uint32_t buyers = 3;
        std::uint64_t taken = 99;  // WETH, of 100; USDC the same part.
        bool comes_back = false;
        bool sells = false;  // Makes tokens and sells them, instead.
        bool made = true;
    };
    const auto pull = [](const Shape& shape)
    {
        auto chain = begun();
        for (std::uint32_t i = 0; i < shape.buyers; ++i)
            buys_weth(chain, person(i), cents(1), dollars(2), person(i));
        chain.pool(ether(100), dollars(20'000));
        chain.end_block(validator0, 0);
        const auto who = person(9);
        chain.transaction(who);
        if (shape.sells)
        {
            if (shape.made)
                chain.emit(weth, Transfer{zero_account, who, ether(10'000)});
            chain.emit(weth, Transfer{who, pair_account, ether(10'000)});
            chain.emit(usdc, Transfer{pair_account, who, dollars(19'800)});
            chain.emit(pair, DexTrade{usdc, weth, dollars(19'800), ether(10'000), who, weth, 0});
            chain.pool(ether(10'100), dollars(200));
        }
        else
        {
            chain.emit(weth, Transfer{pair_account, who, ether(shape.taken)});
            chain.emit(usdc, Transfer{pair_account, who, dollars(200 * shape.taken)});
            chain.pool(ether(100 - shape.taken), dollars(200 * (100 - shape.taken)));
        }
        chain.end_block(validator0, 0);
        if (!shape.sells)
            sells_weth(chain, who, dollars(150), ether(50), who);
        sells_weth(chain, person(1), dollars(1), ether(1), person(1));
        chain.pool(ether(shape.comes_back ? 60 : 52), dollars(shape.comes_back ? 2'500 : 40));
        chain.end_block(validator0, 0);
        return find(chain, "rug_pull");
    };
    const auto pulled = pull({});
    REQUIRE(pulled.size() == 1);
    CHECK(pulled[0].transactions == std::vector<Place>{{2, 0}, {3, 0}});
    CHECK(pulled[0].accounts == std::vector{person(9)});
    CHECK(pulled[0].token == usdc);
    CHECK(pulled[0].amount == dollars(19'950));
    CHECK(pull({.taken = 80}).empty());
    CHECK(pull({.comes_back = true}).empty());
    CHECK(pull({.buyers = 2}).empty());
    const auto sold = pull({.sells = true});
    REQUIRE(sold.size() == 1);
    CHECK(sold[0].transactions == std::vector<Place>{{2, 0}});
    CHECK(sold[0].amount == dollars(19'800));
    CHECK(pull({.sells = true, .made = false}).empty());
}

TEST_CASE("detectors: a poisoned history, and who believes it", "[analytics][detectors]")
{
    const auto real = person(0);
    const auto copy = person(people - 1);
    auto chain = begun();
    const auto transfers = [&](AccountId sender, AccountId from, AccountId to, std::uint64_t usd)
    {
        chain.transaction(sender);
        chain.emit(usdc, Transfer{from, to, dollars(usd)});
    };
    // Before its victim has paid anybody it is no bait.
    transfers(person(9), person(1), copy, 0);
    transfers(person(1), person(1), real, 50);
    chain.end_block(validator0, 0);
    transfers(person(9), person(1), copy, 0);
    transfers(person(1), person(1), copy, 0);       // His own.
    transfers(person(9), person(1), person(5), 0);  // Looks like nobody.
    transfers(person(1), person(1), real, 60);
    transfers(person(2), person(2), copy, 20);  // Whose history it is not in.
    transfers(person(1), person(1), copy, 70);
    chain.end_block(validator0, 0);
    const auto found = find(chain, "address_poisoning");
    REQUIRE(found.size() == 2);
    CHECK(found[0].transactions == std::vector<Place>{{2, 0}});
    CHECK(found[0].accounts == std::vector{person(9), copy});
    CHECK(found[1].transactions == std::vector<Place>{{2, 5}});
    CHECK(found[1].accounts == std::vector{copy});
    CHECK(found[1].amount == dollars(70));
}

TEST_CASE("detectors: structuring stays below what is reported", "[analytics][detectors]")
{
    // At 200 USD: 47 WETH are 9,400. An hour between blocks.
    const auto series = [](const std::vector<std::uint64_t>& amounts, int hours, AccountId to)
    {
        auto chain = begun(3'600);
        for (const auto amount : amounts)
        {
            chain.transaction(person(1));
            chain.emit(weth, Transfer{person(1), to, ether(amount)});
            chain.end_block(validator0, 0);
            empty_blocks(chain, hours - 1);
        }
        return find(chain, "structuring");
    };
    const auto found = series({47, 49, 41}, 10, person(2));
    REQUIRE(found.size() == 1);
    CHECK(found[0].transactions == std::vector<Place>{{1, 0}, {11, 0}, {21, 0}});
    CHECK(found[0].accounts == std::vector{person(1)});
    CHECK(found[0].amount == ether(137));
    CHECK(series({47, 49}, 10, person(2)).empty());
    CHECK(series({47, 49, 50}, 10, person(2)).empty());  // 10,000 is reported.
    CHECK(series({47, 49, 39}, 10, person(2)).empty());  // 7,800 is not just below.
    CHECK(series({47, 49, 41}, 25, person(2)).empty());  // Days apart.
    CHECK(series({47, 49, 41}, 10, pair_account).empty());
}

namespace
{
/// Money from bob through @p hops accounts that peel a part off to two others in turn.
ChainBuilder peeling(std::uint32_t hops, std::uint64_t peel_percent, int wait_blocks)
{
    auto chain = begun();
    Amount amount = ether(100);
    pays(chain, bob, person(0), amount);
    chain.end_block(validator0, 0);
    for (std::uint32_t i = 0; i < hops; ++i)
    {
        empty_blocks(chain, wait_blocks);
        const auto peel = div_down(wrapping_mul(amount, peel_percent), 100);
        pays(chain, person(i), person(20 + i % 2), peel);
        chain.end_block(validator0, 0);
        amount = wrapping_sub(amount, peel);
        pays(chain, person(i), person(i + 1), amount);
        chain.end_block(validator0, 0);
    }
    return chain;
}
}  // namespace

TEST_CASE("detectors: a peel chain loses a little at each hop", "[analytics][detectors]")
{
    const auto found = find(peeling(5, 5, 1), "peel_chain");
    REQUIRE(found.size() == 1);
    CHECK(found[0].accounts == std::vector{person(0), person(1), person(2), person(3), person(4)});
    CHECK(found[0].transactions.size() == 11);
    CHECK(found[0].token == eth);
    CHECK(found[0].amount == ether(100));
    CHECK(find(peeling(4, 5, 1), "peel_chain").size() == 1);
    CHECK(find(peeling(3, 5, 1), "peel_chain").empty());
    CHECK(find(peeling(5, 40, 1), "peel_chain").empty());
    CHECK(find(peeling(5, 5, 20), "peel_chain").empty());  // Hours apart.
    // Two chunks, the second on the heels of the first: one chain.
    auto chain = peeling(5, 5, 0);
    pays(chain, bob, person(0), ether(50));
    pays(chain, person(0), person(20), ether(1));
    pays(chain, person(0), person(1), ether(49));
    chain.end_block(validator0, 0);
    const auto both = find(chain, "peel_chain");
    REQUIRE(both.size() == 1);
    CHECK(both[0].transactions.size() == 14);
    CHECK(both[0].amount == ether(150));
}

TEST_CASE("detectors: clusters of hops, deposit addresses and deliveries", "[analytics][detectors]")
{
    // Five hops, and both who got of several of them.
    const auto hops = find(peeling(5, 5, 1), "clusters");
    REQUIRE(hops.size() == 1);
    CHECK(hops[0].accounts == std::vector{person(0), person(1), person(2), person(3), person(4),
                                  person(20), person(21)});

    const auto deposits = [](bool pays_others)
    {
        auto chain = begun();
        const auto address = person(30);
        for (const auto customer : {person(1), person(2)})
        {
            pays(chain, customer, address, ether(3));
            pays(chain, address, custodian_account, ether(3));
            chain.transaction(custodian_account);
            chain.emit(custodian, contracts::CustodianMove{contracts::CustodianMoveType::sweep,
                                      person(1), zero_account, eth, ether(3), 0, 0});
        }
        // An address of one customer's.
        pays(chain, person(3), person(31), ether(1));
        pays(chain, person(31), custodian_account, ether(1));
        if (pays_others)
            pays(chain, address, person(5), ether(1));
        chain.end_block(validator0, 0);
        return find(chain, "clusters");
    };
    const auto shared = deposits(false);
    REQUIRE(shared.size() == 1);
    CHECK(shared[0].accounts == std::vector{person(1), person(2)});
    CHECK(shared[0].transactions.size() == 2);
    CHECK(deposits(true).empty());
}

namespace
{
void mixes(ChainBuilder& chain, AccountId who, std::uint64_t tip = 1)
{
    chain.transaction(who, {21'000, tip, {}, false, {}});
    chain.emit(eth, NativePayment{who, mixer_account, ether(10)});
    chain.emit(mixer, contracts::MixerMove{
                          contracts::MixerMoveType::deposit, who, eth, ether(10), zero_account, 0});
}
void takes_out(
    ChainBuilder& chain, AccountId sender, AccountId to, AccountId relayer, std::uint64_t tip = 1)
{
    chain.transaction(sender, {21'000, tip, {}, false, {}});
    chain.emit(mixer, contracts::MixerMove{contracts::MixerMoveType::withdrawal, to, eth, ether(10),
                          relayer, relayer == zero_account ? Amount{} : cents(1)});
}
}  // namespace

TEST_CASE("detectors: withdrawals that say who paid in", "[analytics][detectors]")
{
    const auto relayer = person(30);
    auto chain = begun();
    mixes(chain, person(1), 11);
    takes_out(chain, relayer, person(20), relayer);  // 0: there is nobody else.
    mixes(chain, person(2), 12);
    mixes(chain, person(3), 13);
    mixes(chain, person(4), 13);
    for (int i = 0; i < 3; ++i)
        pays(chain, person(i == 1 ? 25 : 3), person(i == 1 ? 3 : 25), ether(1));
    pays(chain, person(4), person(26), ether(1));
    chain.end_block(validator0, 0);
    takes_out(chain, relayer, person(2), relayer);               // 1:0 recipient.
    takes_out(chain, person(1), person(21), zero_account);       // 1: sender.
    takes_out(chain, person(22), person(23), zero_account, 12);  // 2: tip.
    takes_out(chain, relayer, person(25), relayer);              // 3: payments.
    takes_out(chain, relayer, person(26), relayer);              // One payment says nothing,
    takes_out(chain, person(22), person(24), zero_account, 13);  // nor a tip that two give,
    takes_out(chain, relayer, person(27), relayer, 12);          // nor a relayer's.
    chain.end_block(validator0, 0);
    const auto found = find(chain, "mixer_links");
    REQUIRE(found.size() == 5);
    const auto says = [&](std::size_t i, const Place& place, AccountId from, AccountId to)
    {
        CAPTURE(i);
        CHECK(found[i].transactions == std::vector{place});
        CHECK(found[i].accounts == std::vector{from, to});
        CHECK(found[i].amount == ether(10));
    };
    says(0, {1, 1}, person(1), person(20));
    says(1, {2, 0}, person(2), person(2));
    says(2, {2, 1}, person(1), person(21));
    says(3, {2, 2}, person(2), person(23));
    says(4, {2, 3}, person(3), person(25));
}

TEST_CASE("detectors: as many notes out as somebody paid for", "[analytics][detectors]")
{
    const auto notes = [](int first, int second, int out, int blocks_between)
    {
        const auto relayer = person(30);
        auto chain = begun();
        for (int i = 0; i < first; ++i)
            mixes(chain, person(1));
        for (int i = 0; i < second; ++i)
            mixes(chain, person(2));
        chain.end_block(validator0, 0);
        empty_blocks(chain, blocks_between);
        for (int i = 0; i < out; ++i)
            takes_out(chain, relayer, person(20), relayer);
        chain.end_block(validator0, 0);
        return find(chain, "mixer_links");
    };
    const auto found = notes(6, 5, 6, 10);
    REQUIRE(found.size() == 1);
    CHECK(found[0].accounts == std::vector{person(1), person(20)});
    CHECK(found[0].transactions.size() == 12);
    CHECK(found[0].amount == ether(60));
    CHECK(notes(6, 6, 6, 10).empty());     // Of two who did.
    CHECK(notes(7, 5, 6, 10).empty());     // Of none.
    CHECK(notes(4, 5, 4, 10).empty());     // Too few.
    CHECK(notes(6, 5, 6, 1'100).empty());  // More than a week of ten minutes.
}

TEST_CASE("detectors: scores count what the truth says", "[analytics][detectors]")
{
    const auto because = [](Purpose purpose, std::uint64_t incident = 0, AccountId controller = {})
    {
        return Motive{purpose, incident, no_contract, {}, controller};
    };
    auto chain = begun();
    // One sandwich that is meant, one by chance, and a first half that nobody followed.
    buys_weth(
        chain, person(1), ether(2), dollars(410), person(1), because(Purpose::front_running, 1));
    buys_weth(chain, person(2), ether(1), dollars(215), person(2), because(Purpose::trade));
    sells_weth(
        chain, person(1), dollars(425), ether(2), person(1), because(Purpose::front_running, 1));
    chain.end_block(validator0, 0);
    buys_weth(chain, person(3), ether(2), dollars(410), person(3), because(Purpose::trade));
    buys_weth(chain, person(2), ether(1), dollars(215), person(2), because(Purpose::trade));
    sells_weth(chain, person(3), dollars(425), ether(2), person(3), because(Purpose::trade));
    buys_weth(
        chain, person(1), ether(2), dollars(410), person(1), because(Purpose::front_running, 2));
    // What failed counts for nobody.
    chain.transaction(person(1), {21'000, 1, {}, true, because(Purpose::front_running, 2)});
    chain.end_block(validator0, 0);
    Found ledger{chain};
    const auto& sandwich = *find_detector("sandwich");
    const auto findings = ledger.by("sandwich");
    auto score = analytics::score(ledger.writer.database(), sandwich, findings);
    CHECK(score.found == 2);
    CHECK(score.wrong == 2);
    CHECK(score.missed == 1);
    CHECK(score.rest == 2U);
    CHECK(score.precision() == 0.5);
    CHECK(score.recall().value() == Approx(2.0 / 3));
    CHECK(score.f1().value() == Approx(4.0 / 7));
    CHECK(score.incidents == 2);
    CHECK(score.incidents_found == 1);
    CHECK(score.flagged_purposes ==
          std::map<std::string, std::uint64_t>{{"front_running", 2}, {"trade", 2}});
    CHECK(score.missed_purposes == std::map<std::string, std::uint64_t>{{"front_running", 1}});
    score.add(score);
    CHECK(score.found == 4);
    CHECK(score.rest == 4U);
    CHECK_FALSE(Score{}.precision());

    // A finding that names what is not there is wrong.
    const std::vector<Finding> invented{{{{1, 0}, {7, 7}}, {}, no_contract, {}, {}}};
    const auto wrong = analytics::score(ledger.writer.database(), sandwich, invented);
    CHECK(wrong.found == 1);
    CHECK(wrong.wrong == 1);
}

TEST_CASE("detectors: clusters are scored by pairs", "[analytics][detectors]")
{
    auto chain = begun();
    for (std::uint32_t i = 0; i < 6; ++i)
    {
        // 0, 1, 2 and 3 are one's; 4 and 5 their own.
        const auto controller = i < 4 ? person(0) : person(i);
        chain.transaction(person(i),
            {21'000, 1, {}, false, {Purpose::wash_trade, 1, no_contract, {}, controller}});
    }
    chain.end_block(validator0, 0);
    Found ledger{chain};
    const std::vector<Finding> findings{
        {{}, {person(0), person(1), person(2), person(4)}, no_contract, {}, {}},
        {{}, {person(3), person(9)}, no_contract, {}, {}}};
    const auto score =
        analytics::score(ledger.writer.database(), *find_detector("clusters"), findings);
    CHECK(score.found == 3);   // Of 0, 1 and 2.
    CHECK(score.wrong == 4);   // With 4, and of 3 with 9.
    CHECK(score.missed == 3);  // Of 3 with 0, 1 and 2.
    CHECK_FALSE(score.rest);
}

TEST_CASE("detectors: they run where the truth is denied", "[analytics][detectors]")
{
    const TemporaryFile file;
    {
        auto chain = begun();
        buys_weth(chain, person(1), ether(2), dollars(410), person(1));
        buys_weth(chain, person(2), ether(1), dollars(215), person(2));
        sells_weth(chain, person(1), dollars(425), ether(2), person(1));
        mixes(chain, person(3));
        chain.end_block(validator0, 0);
        auto writer = storage::LedgerWriter::create(
            file.path(), manifest("test", 5), description_with_people(), {});
        chain.write_to(writer);
    }
    auto database = storage::Database::open(file.path(), storage::Database::Access::analysis);
    LedgerQueries source{database};
    for (const auto* detector : detectors())
        CHECK_NOTHROW(run_detector(*detector, source));
    CHECK(run_detector(*find_detector("sandwich"), source).size() == 1);
    CHECK_THROWS_AS(
        source.query("SELECT purpose FROM t_truth_transactions"), storage::StorageError);
    CHECK_THROWS_AS(
        analytics::score(database, *find_detector("sandwich"), {}), storage::StorageError);
}

TEST_CASE("detectors: thresholds have names of detectors and defaults in their ranges",
    "[analytics][detectors]")
{
    std::set<std::string_view> names;
    for (const auto& rule : threshold_rules)
    {
        CAPTURE(rule.name);
        CHECK(names.insert(rule.name).second);
        CHECK(find_detector(rule.name.substr(0, rule.name.find('.'))) != nullptr);
        CHECK(Thresholds{}.*rule.member >= rule.min);
        CHECK(Thresholds{}.*rule.member <= rule.max);
        // Each has a member of its own.
        for (const auto& other : threshold_rules)
            CHECK((other.member == rule.member) == (other.name == rule.name));
    }
    CHECK(names.size() * sizeof(std::uint64_t) == sizeof(Thresholds));
    CHECK(Share{200}.part == 1);
    CHECK(Share{200}.whole == 5);
    CHECK(Share{50}.value() == 0.05);
    CHECK(Share{0}.value() == 0);
}

TEST_CASE("detectors: thresholds move the line of what is paid", "[analytics][detectors]")
{
    CHECK(find(peeling(3, 5, 1), "peel_chain", {.peel_chain_hops_min = 3}).size() == 1);
    CHECK(find(peeling(5, 5, 1), "peel_chain", {.peel_chain_hops_min = 6}).empty());
    CHECK(find(peeling(5, 40, 1), "peel_chain", {.peel_chain_peel_max = 400}).size() == 1);
    CHECK(find(peeling(5, 40, 1), "peel_chain", {.peel_chain_peel_max = 399}).empty());
    CHECK(
        find(peeling(5, 5, 20), "peel_chain", {.peel_chain_gap_seconds_max = 14'400}).size() == 1);
    CHECK(find(peeling(3, 5, 1), "clusters", {.peel_chain_hops_min = 3}).size() == 1);
    // Paid by three hops and by two.
    const auto three = find(peeling(5, 5, 1), "clusters", {.clusters_hops_min = 3});
    REQUIRE(three.size() == 1);
    CHECK(three[0].accounts.back() == person(20));
    // Hops that keep two fifths of the rest.
    auto keeping = begun();
    auto amount = ether(100);
    pays(keeping, bob, person(0), amount);
    for (std::uint32_t i = 0; i < 5; ++i)
    {
        const auto peel = div_down(amount, 10);
        pays(keeping, person(i), person(20), peel);
        amount = div_down(wrapping_mul(wrapping_sub(amount, peel), 6), 10);
        pays(keeping, person(i), person(i + 1), amount);
    }
    keeping.end_block(validator0, 0);
    CHECK(find(keeping, "peel_chain").empty());
    CHECK(find(keeping, "peel_chain", {.peel_chain_rest_min = 590}).size() == 1);

    // 9,400, 9,800 and 7,800 USD, ten hours apart.
    auto series = begun(3'600);
    for (const auto weth_paid : {47, 49, 39})
    {
        series.transaction(person(1));
        series.emit(
            weth, Transfer{person(1), person(2), ether(static_cast<std::uint64_t>(weth_paid))});
        series.end_block(validator0, 0);
        empty_blocks(series, 9);
    }
    const auto structured = [&](const Thresholds& thresholds)
    { return find(series, "structuring", thresholds); };
    CHECK(structured({}).empty());
    CHECK(structured({.structuring_share_min = 780}).size() == 1);
    CHECK(structured({.structuring_share_min = 781}).empty());
    const auto two = structured({.structuring_payments_min = 2});
    REQUIRE(two.size() == 1);
    CHECK(two[0].why == "2 payments, each of 8,000 to 10,000 USD.");
    CHECK(
        structured({.structuring_payments_min = 2, .structuring_gap_seconds_max = 35'999}).empty());
    const auto lower = structured({.structuring_limit_usd = 9'800, .structuring_payments_min = 1});
    REQUIRE(lower.size() == 1);  // 9,800 is reported; 7,800 is below 7,840.
    CHECK(lower[0].transactions == std::vector<Place>{{1, 0}});
    CHECK(lower[0].why == "1 payments, each of 7,840 to 9,800 USD.");
}

TEST_CASE("detectors: thresholds move the line of what is traded", "[analytics][detectors]")
{
    // Four good prices of five.
    auto lucky = begun();
    for (int i = 0; i < 5; ++i)
        buys_weth(lucky, person(2), ether(1), dollars(i == 0 ? 205 : 195), person(2));
    lucky.end_block(validator0, 0);
    CHECK(find(lucky, "arbitrage").empty());
    CHECK(find(lucky, "arbitrage", {.arbitrage_gains_min = 800}).size() == 4);
    CHECK(find(lucky, "arbitrage", {.arbitrage_gains_min = 801}).empty());
    CHECK(
        find(lucky, "arbitrage", {.arbitrage_trades_min = 6, .arbitrage_gains_min = 800}).empty());

    auto keepers = begun();
    for (std::uint32_t i = 0; i < 6; ++i)
        buys_weth(keepers, person(i % 2), ether(1), dollars(200), person((i + 1) % 2));
    keepers.end_block(validator0, 0);
    CHECK(find(keepers, "wash_trading", {.wash_trading_net_max = 1'000}).size() == 1);
    CHECK(find(keepers, "clusters", {.wash_trading_net_max = 1'000}).size() == 1);
    CHECK(
        find(keepers, "wash_trading", {.wash_trading_trades_min = 7, .wash_trading_net_max = 1'000})
            .empty());

    // 15 WETH for 3,050 USDC at a price of 200: a sixtieth more.
    auto loan = begun();
    loan.end_block(validator0, 0);
    loan.transaction(person(1));
    loan.emit(usdc, Transfer{market_account, person(1), dollars(10'000)});
    loan.emit(usdc, Transfer{person(1), pair_account, dollars(3'050)});
    loan.emit(weth, Transfer{pair_account, person(1), ether(15)});
    loan.emit(pair, DexTrade{weth, usdc, ether(15), dollars(3'050), person(1), usdc, 0});
    loan.emit(usdc, Transfer{person(1), market_account, dollars(6'000)});
    loan.emit(market, LendingFlashloan{usdc, person(1), dollars(10'000), 0});
    loan.end_block(validator0, 0);
    CHECK(find(loan, "flash_loan_attack").empty());
    CHECK(find(loan, "flash_loan_attack", {.flash_loan_attack_push_min = 16}).size() == 1);
    CHECK(find(loan, "flash_loan_attack", {.flash_loan_attack_push_min = 17}).empty());

    // Four fifths, of a pool from which two have bought; more is sold an hour later.
    auto pool = begun(3'600);
    for (std::uint32_t i = 0; i < 2; ++i)
        buys_weth(pool, person(i), cents(1), dollars(2), person(i));
    pool.pool(ether(100), dollars(20'000));
    pool.end_block(validator0, 0);
    pool.transaction(person(9));
    pool.emit(weth, Transfer{pair_account, person(9), ether(80)});
    pool.emit(usdc, Transfer{pair_account, person(9), dollars(16'000)});
    pool.pool(ether(20), dollars(4'000));
    pool.end_block(validator0, 0);
    sells_weth(pool, person(9), dollars(2'000), ether(20), person(9));
    pool.pool(ether(40), dollars(2'000));
    pool.end_block(validator0, 0);
    const auto pulled = [&](const Thresholds& thresholds)
    { return find(pool, "rug_pull", thresholds); };
    const Thresholds lenient{
        .rug_pull_buyers_min = 2, .rug_pull_taken_min = 800, .rug_pull_left_max = 200};
    REQUIRE(pulled(lenient).size() == 1);
    CHECK(pulled(lenient)[0].transactions.size() == 2);
    auto other = lenient;
    other.rug_pull_sale_seconds_max = 3'599;
    REQUIRE(pulled(other).size() == 1);
    CHECK(pulled(other)[0].transactions.size() == 1);
    other = lenient;
    other.rug_pull_buyers_min = 3;
    CHECK(pulled(other).empty());
    other = lenient;
    other.rug_pull_taken_min = 801;
    CHECK(pulled(other).empty());
    other = lenient;
    other.rug_pull_left_max = 199;
    CHECK(pulled(other).empty());
}

TEST_CASE("detectors: thresholds move the line of likeness and links", "[analytics][detectors]")
{
    // Two addresses with the same first and last digit, of which the second differs at either end.
    const auto accounts = description_with_people().accounts;
    const auto ends = [&](std::uint32_t i)
    {
        const auto& bytes = accounts[index(person(i))].address.bytes;
        return std::pair{bytes.front() >> 4U, bytes.back() & 15U};
    };
    std::uint32_t known = 0;
    std::uint32_t like = 0;
    for (std::uint32_t i = 2; i < people - 1 && like == 0; ++i)
    {
        for (std::uint32_t j = i + 1; j < people - 1 && like == 0; ++j)
        {
            if (ends(i) == ends(j))
                std::tie(known, like) = std::pair{i, j};
        }
    }
    REQUIRE(like != 0);
    auto baits = begun();
    const auto transfers = [&](AccountId sender, AccountId to, std::uint64_t usd)
    {
        baits.transaction(sender);
        baits.emit(usdc, Transfer{person(1), to, dollars(usd)});
    };
    transfers(person(1), person(known), 50);
    transfers(person(1), bob, 50);
    transfers(dan, person(like), 0);
    baits.end_block(validator0, 0);
    CHECK(find(baits, "address_poisoning").empty());
    CHECK(find(baits, "address_poisoning", {.address_poisoning_digits = 1}).size() == 1);
    CHECK(find(baits, "address_poisoning",
        {.address_poisoning_digits = 1, .address_poisoning_payees_max = 1})
              .empty());

    const auto relayer = person(30);
    auto notes = begun();
    mixes(notes, person(2));
    for (int i = 0; i < 4; ++i)
        mixes(notes, person(1));
    pays(notes, person(2), person(21), ether(1));
    notes.end_block(validator0, 0);
    empty_blocks(notes, 9);
    for (int i = 0; i < 4; ++i)
    {
        takes_out(notes, relayer, person(20), relayer);
        notes.end_block(validator0, 0);
    }
    takes_out(notes, relayer, person(21), relayer);
    notes.end_block(validator0, 0);
    const auto linked = [&](const Thresholds& thresholds)
    { return find(notes, "mixer_links", thresholds).size(); };
    CHECK(linked({}) == 0);
    CHECK(linked({.mixer_links_episode_min = 4}) == 1);
    CHECK(linked({.mixer_links_gap_seconds = 600, .mixer_links_episode_min = 4}) == 0);
    CHECK(linked({.mixer_links_window_seconds_max = 6'000, .mixer_links_episode_min = 4}) == 1);
    CHECK(linked({.mixer_links_window_seconds_max = 5'999, .mixer_links_episode_min = 4}) == 0);
    CHECK(linked({.mixer_links_payments_min = 1}) == 1);
}
