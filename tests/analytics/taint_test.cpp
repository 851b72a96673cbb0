#include "analytics/tracing/taint_engine.hpp"
#include "tests/support/catch.hpp"

#include <boost/multiprecision/cpp_int.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <random>

namespace runnel::analytics::tracing
{
namespace
{
using Rational = boost::multiprecision::cpp_rational;
using Integer = boost::multiprecision::cpp_int;
using Role = TracedWorld::Role;
using Type = ClaimChange::Type;

constexpr ContractId eth{0};
constexpr ContractId usd{1};
constexpr ContractId shares{2};  // Their contract is no exchange: another one has them made.
constexpr ContractId pair_shares{3};

constexpr AccountId ann{4};
constexpr AccountId bob{5};
constexpr AccountId cat{6};
constexpr AccountId dan{7};
constexpr AccountId thief{8};
constexpr AccountId proposer{9};
constexpr AccountId pair{10};  // Makes pair_shares.
constexpr AccountId router{11};
constexpr AccountId market{12};
constexpr AccountId mixer{13};
constexpr AccountId pool{14};  // Has `shares` made.
constexpr AccountId other_pair{15};

TracedWorld world()
{
    TracedWorld result;
    result.roles.assign(16, Role::person);
    for (const auto contract : {1U, 2U, 3U, 10U, 11U, 12U, 14U, 15U})
        result.roles[contract] = Role::contract;
    result.roles[index(mixer)] = Role::pool;
    result.tokens = {{eth, AccountId{1}, 18, 0}, {usd, AccountId{2}, 6, 0},
        {shares, AccountId{3}, 18, 0}, {pair_shares, pair, 18, 0}};
    return result;
}

/// An engine with a thief who has so much of a token, and everybody else as much of each.
struct Case
{
    explicit Case(PolicyKind policy, const Amount& loot = 1'000, const Amount& others = 0)
      : engine{make_taint_engine(policy, world())}
    {
        for (const auto account : {ann, bob, cat, dan, pair, other_pair, market, pool})
        {
            for (const auto token : {eth, usd})
                engine->start_balance({account, token}, others);
        }
        engine->start_balance({thief, eth}, loot);
        engine->add_source(thief);
    }

    void pay(AccountId from, AccountId to, const Amount& amount, ContractId token = eth)
    {
        run({{from, to, token, amount}});
    }
    void run(std::vector<Transfer> transfers, std::vector<ClaimChange> claims = {})
    {
        TransactionMoves moves;
        moves.transfers = std::move(transfers);
        moves.claims = std::move(claims);
        engine->process(moves);
    }
    /// Loot of all kinds that is there, whoever's it is.
    [[nodiscard]] Amount loot_at(AccountId account, ContractId token) const
    {
        Amount sum;
        for (const auto& stake : engine->stakes())
        {
            if (stake.place == Place{account, token})
                sum = wrapping_add(sum, total_units(stake.units));
        }
        return sum;
    }
    [[nodiscard]] bool is_marked(AccountId account, ContractId token) const
    {
        for (const auto& stake : engine->stakes())
        {
            if (stake.place == Place{account, token})
                return true;
        }
        return false;
    }
    [[nodiscard]] bool sums_to_loot() const
    {
        Units taken;
        for (std::uint32_t kind = 0; kind < engine->kinds().size(); ++kind)
            add_units(taken, {{kind, engine->kinds()[kind].taken}});
        return sum_of_stakes(engine->stakes()) == taken;
    }

    std::unique_ptr<TaintEngine> engine;
};

Amount scaled(std::uint64_t number)
{
    return wrapping_mul(number, Amount::power_of_ten(18));
}

/// The eight payments that references use to tell the policies apart.
Case eight_payments(PolicyKind policy)
{
    constexpr AccountId clean = dan;
    Case it{policy, scaled(50)};
    it.engine->start_balance({clean, eth}, scaled(1'000));
    it.pay(clean, ann, scaled(60));
    it.pay(thief, ann, scaled(40));
    it.pay(clean, ann, scaled(20));
    it.pay(ann, bob, scaled(50));
    it.pay(ann, cat, scaled(30));
    it.pay(thief, bob, scaled(10));
    TransactionMoves moves;
    moves.transfers = {{bob, cat, eth, scaled(45)}};
    moves.fee_payer = bob;
    moves.burnt = scaled(1);
    it.engine->process(moves);
    it.pay(ann, bob, scaled(25));
    return it;
}

Rational exact(const Amount& amount)
{
    return Rational{Integer{amount.to_string()}};
}
}  // namespace

TEST_CASE("eight payments under each policy come out as published", "[tracing]")
{
    SECTION("haircut")
    {
        const auto it = eight_payments(PolicyKind::haircut);
        const Rational one = exact(scaled(1));
        const std::array<std::pair<AccountId, Rational>, 4> expected{{{ann, 5 * one},
            {bob, Rational{131, 9} * one}, {cat, 30 * one}, {zero_account, Rational{4, 9} * one}}};
        for (const auto& [account, units] : expected)
        {
            const Rational error = exact(it.loot_at(account, eth)) - units;
            CHECK(abs(error) < 9);
        }
        CHECK(it.sums_to_loot());
    }
    SECTION("fifo")
    {
        const auto it = eight_payments(PolicyKind::fifo);
        CHECK(it.loot_at(ann, eth) == 0);
        CHECK(it.loot_at(bob, eth) == scaled(30));
        CHECK(it.loot_at(cat, eth) == scaled(20));
        CHECK(it.loot_at(zero_account, eth) == 0);
        CHECK(it.sums_to_loot());
    }
    SECTION("poison marks the balances 15, 39 and 75")
    {
        const auto it = eight_payments(PolicyKind::poison);
        for (const auto& [account, balance] :
            {std::pair{ann, 15}, std::pair{bob, 39}, std::pair{cat, 75}})
        {
            CHECK(it.is_marked(account, eth));
            CHECK(
                it.engine->balance({account, eth}) == scaled(static_cast<std::uint64_t>(balance)));
        }
        CHECK_FALSE(it.is_marked(dan, eth));
    }
}

TEST_CASE("haircut in integers stays within its bound of fractions", "[tracing]")
{
    // Small balances: the more is rounded.
    std::mt19937_64 random{GENERATE(1U, 2U, 3U, 4U, 5U)};
    const std::array accounts{ann, bob, cat, dan, thief};
    Case it{PolicyKind::haircut, 1'000, 100};
    std::map<AccountId, Rational> loot;
    std::map<AccountId, std::uint64_t> balances;
    for (const auto account : accounts)
    {
        balances[account] = account == thief ? 1'000 : 100;
        loot[account] = account == thief ? 1'000 : 0;
    }
    for (int step = 0; step < 400; ++step)
    {
        const auto from = accounts[random() % accounts.size()];
        const auto to = accounts[random() % (accounts.size() - 1)];  // Nothing goes to the thief.
        if (from == to || balances[from] == 0)
            continue;
        const auto amount = 1 + random() % balances[from];
        const Rational moved = loot[from] * Rational{amount, balances[from]};
        loot[from] -= moved;
        loot[to] += moved;
        balances[from] -= amount;
        balances[to] += amount;
        it.pay(from, to, amount);
        REQUIRE(it.sums_to_loot());
    }
    REQUIRE(it.engine->roundings() > 100);
    for (const auto account : accounts)
    {
        const Rational error = exact(it.loot_at(account, eth)) - loot[account];
        CHECK(abs(error) < Rational{it.engine->roundings()});
    }
}

TEST_CASE("loot is neither made nor lost by anything", "[tracing]")
{
    const auto policy = GENERATE(PolicyKind::haircut, PolicyKind::fifo, PolicyKind::provenance);
    std::mt19937_64 random{GENERATE(11U, 12U, 13U, 14U)};
    Case it{policy, 100'000, 10'000};
    const std::array<AccountId, 15> accounts{ann, bob, cat, dan, thief, proposer, pair, router,
        market, mixer, pool, other_pair, zero_account, AccountId{2}, AccountId{3}};
    const std::array tokens{eth, usd, shares, pair_shares};
    it.engine->set_price(eth, 3'000);
    it.engine->set_price(usd, 1);
    for (int step = 0; step < 3'000; ++step)
    {
        if (step == 500)
            it.engine->add_source(cat);
        if (step == 2'500)
            it.engine->stop_at(dan);
        TransactionMoves moves;
        const auto any = [&] { return accounts[random() % accounts.size()]; };
        for (auto i = random() % 6; i > 0; --i)
        {
            moves.transfers.push_back(
                {any(), any(), tokens[random() % tokens.size()], random() % 3'000});
        }
        if (random() % 4 == 0)
        {
            constexpr std::array types{Type::borrow, Type::repay, Type::reward, Type::release,
                Type::assign, Type::convert};
            moves.claims.push_back({types[random() % types.size()], market, any(), any(), eth,
                random() % 2'000, usd, random() % 2'000});
        }
        moves.fee_payer = any();
        moves.burnt = random() % 5;
        moves.tip = random() % 5;
        moves.proposer = proposer;
        it.engine->process(moves);
        REQUIRE(it.sums_to_loot());
    }
    CHECK(it.engine->roundings() > 1'000);
}

TEST_CASE("a swap exchanges loot, the pool keeps none", "[tracing]")
{
    const auto policy = GENERATE(PolicyKind::haircut, PolicyKind::fifo);
    // 50 ETH, 15 of them loot, for 100,000 USD: the loot is 30,000 of them, 15 ETH still.
    Case it{policy, scaled(15)};
    it.engine->start_balance({ann, eth}, scaled(35));
    it.engine->start_balance({pair, usd}, 200'000);
    it.pay(thief, ann, scaled(15));
    const bool pays_first = GENERATE(true, false);
    const Transfer sold{ann, pair, eth, scaled(50)};
    const Transfer bought{pair, ann, usd, 100'000};
    it.run(pays_first ? std::vector{sold, bought} : std::vector{bought, sold});
    CHECK(it.loot_at(ann, usd) == scaled(15));
    CHECK(it.loot_at(pair, eth) == 0);
    CHECK(it.sums_to_loot());
    // Of 85,000: what was clean before the swap is 70,000 and stands first.
    it.pay(ann, bob, 85'000, usd);
    const auto half = div_down(scaled(15), 2);
    CHECK(it.loot_at(bob, usd) ==
          (policy == PolicyKind::fifo ? half : div_down(wrapping_mul(scaled(15), 85), 100)));
    CHECK(it.sums_to_loot());
}

TEST_CASE("loot goes through routers and from pool to pool", "[tracing]")
{
    const auto policy = GENERATE(PolicyKind::haircut, PolicyKind::fifo);
    Case it{policy, 1'000, 100'000};
    // ETH by a router to one pool, shares of another one back, and what is left over.
    it.run({{thief, router, eth, 900}, {router, thief, eth, 100}, {router, pair, eth, 800},
        {pair, other_pair, usd, 1'600}, {other_pair, thief, shares, 50}});
    CHECK(it.loot_at(thief, shares) == 800);
    CHECK(it.loot_at(thief, eth) == 200);
    const auto hops = it.engine->take_hops();
    REQUIRE(hops.size() == 1);
    CHECK(hops[0].from == Place{thief, eth});
    CHECK(hops[0].to == Place{thief, shares});
    CHECK(total_units(hops[0].units) == 800);
    CHECK(it.sums_to_loot());
}

TEST_CASE("who is paid by a swap has its loot", "[tracing]")
{
    Case it{PolicyKind::haircut, 1'000, 100'000};
    it.run({{thief, pair, eth, 1'000}, {pair, bob, usd, 1'500}, {pair, cat, usd, 500}});
    CHECK(it.loot_at(bob, usd) == 750);
    CHECK(it.loot_at(cat, usd) == 250);
    CHECK(it.sums_to_loot());
}

TEST_CASE("shares carry loot until they are given back", "[tracing]")
{
    const auto policy = GENERATE(PolicyKind::haircut, PolicyKind::fifo);
    Case it{policy, 1'000};
    SECTION("the pool's own, of two tokens")
    {
        it.engine->start_balance({pair, eth}, 5'000);
        it.engine->start_balance({pair, usd}, 5'000);
        it.engine->start_balance({thief, usd}, 0);
        it.run({{thief, pair, eth, 1'000}, {zero_account, thief, pair_shares, 70}});
        CHECK(it.loot_at(thief, pair_shares) == 1'000);
        it.pay(thief, bob, 35, pair_shares);
        it.run(
            {{bob, zero_account, pair_shares, 35}, {pair, bob, eth, 250}, {pair, bob, usd, 250}});
        CHECK(it.loot_at(bob, eth) == 250);
        CHECK(it.loot_at(bob, usd) == 250);
        CHECK(it.loot_at(thief, pair_shares) == 500);
        CHECK(it.loot_at(pair, eth) == 0);
    }
    SECTION("made by another contract than the pool")
    {
        it.run({{thief, pool, eth, 1'000}, {zero_account, thief, shares, 70}});
        CHECK(it.loot_at(thief, shares) == 1'000);
        it.run({{thief, zero_account, shares, 70}, {pool, cat, usd, 900}});
        CHECK(it.loot_at(cat, usd) == 1'000);
    }
    CHECK(it.sums_to_loot());
}

TEST_CASE("a contract without receipts knows whose its money is", "[tracing]")
{
    const auto policy = GENERATE(PolicyKind::haircut, PolicyKind::fifo);
    Case it{policy, 1'000, 5'000};
    it.pay(bob, market, 500);
    it.pay(thief, market, 1'000);
    CHECK(it.loot_at(market, eth) == 1'000);
    SECTION("others get none of it")
    {
        it.pay(market, bob, 500);
        CHECK(it.loot_at(bob, eth) == 0);
        it.pay(market, cat, 300);  // Borrowed, or anything else.
        CHECK(it.loot_at(cat, eth) == 0);
        it.pay(market, thief, 400);
        CHECK(it.loot_at(thief, eth) == 400);
        it.pay(market, thief, 650);  // With interest.
        CHECK(it.loot_at(thief, eth) == 1'000);
        CHECK(it.loot_at(market, eth) == 0);
    }
    SECTION("a loan is no proceeds, and it is said that loot secures it")
    {
        it.run({{market, thief, usd, 700}}, {{Type::borrow, market, thief, {}, usd, 700, {}, {}}});
        CHECK(it.loot_at(market, eth) == 1'000);
        CHECK(it.loot_at(thief, usd) == 0);
        REQUIRE(it.engine->secured_loans().size() == 1);
        CHECK(it.engine->secured_loans()[0].amount == 700);
        CHECK(it.engine->secured_loans()[0].collateral_units == 1'000);
    }
    SECTION("a reward is given for nothing")
    {
        it.run(
            {{bob, market, eth, 100}, {zero_account, market, shares, 9}, {market, bob, shares, 9}},
            {{Type::reward, market, bob, {}, shares, 9, {}, {}}});
        it.pay(market, bob, 600);
        CHECK(it.loot_at(bob, shares) == 0);
        it.run({{thief, market, usd, 40}, {market, thief, shares, 2}},
            {{Type::reward, market, thief, {}, shares, 2, {}, {}}});
        CHECK(it.loot_at(market, eth) == 1'000);
        CHECK(it.loot_at(thief, shares) == 0);
    }
    SECTION("a liquidator gets the loot with the collateral")
    {
        it.run({{dan, market, usd, 300}, {market, dan, eth, 250}},
            {{Type::release, market, thief, dan, eth, 250, {}, {}}});
        CHECK(it.loot_at(market, eth) == 750);
        CHECK(it.loot_at(dan, eth) == 250);
    }
    SECTION("it can change hands inside")
    {
        it.run({}, {{Type::assign, market, thief, cat, eth, 400, {}, {}}});
        it.pay(market, cat, 400);
        CHECK(it.loot_at(cat, eth) == 400);
        it.run({}, {{Type::convert, market, thief, {}, eth, 600, usd, 1'200}});
        it.pay(market, thief, 300, usd);
        CHECK(it.loot_at(thief, usd) == 150);
    }
    CHECK(it.sums_to_loot());
}

TEST_CASE("a mixer mixes", "[tracing]")
{
    for (const auto policy : {PolicyKind::haircut, PolicyKind::fifo, PolicyKind::poison})
    {
        Case it{policy, 100, 1'000};
        it.pay(ann, mixer, 100);
        it.pay(thief, mixer, 100);
        it.pay(bob, mixer, 100);
        it.pay(dan, mixer, 100);
        it.pay(mixer, proposer, 100);
        CHECK(it.loot_at(proposer, eth) == (policy == PolicyKind::haircut ? 25 : 0));
        it.pay(mixer, cat, 100);
        const Amount expected = policy == PolicyKind::haircut ? 25 : 100;
        if (policy == PolicyKind::poison)
            CHECK((it.is_marked(cat, eth) && it.is_marked(proposer, eth)));
        else
            CHECK(it.loot_at(cat, eth) == expected);
    }
}

// What a reader of bridges' rows makes of them: locked coins are paid to the bridge, what it mints
// comes from it, and a claim says whose coins those were.
TEST_CASE("a bridge's two sides are joined by the message", "[tracing]")
{
    constexpr AccountId bridge = market;
    constexpr ContractId bridged = shares;
    const auto released = [&](AccountId sender, ContractId from, ContractId to, unsigned amount) {
        return ClaimChange{Type::bridge, bridge, sender, zero_account, from, amount, to, {}};
    };
    const auto policy =
        GENERATE(PolicyKind::haircut, PolicyKind::fifo, PolicyKind::provenance, PolicyKind::poison);
    Case it{policy, 1'000, 1'000};
    const bool is_poison = policy == PolicyKind::poison;
    // 600 of loot and 400 of ann's are in flight at once, to bob and to cat.
    it.pay(thief, bridge, 600);
    it.pay(ann, bridge, 400);
    CHECK(it.loot_at(bridge, eth) == (is_poison ? Amount{} : Amount{600}));
    it.run({{bridge, cat, bridged, 390}, {bridge, dan, bridged, 10}},
        {released(ann, eth, bridged, 400)});
    CHECK_FALSE(it.is_marked(cat, bridged));
    CHECK_FALSE(it.is_marked(dan, bridged));
    it.run({{bridge, bob, bridged, 594}, {bridge, dan, bridged, 6}},
        {released(thief, eth, bridged, 600)});
    CHECK(it.is_marked(bob, bridged));
    CHECK(it.is_marked(dan, bridged));
    CHECK_FALSE(it.is_marked(bridge, eth));
    if (!is_poison)
    {
        CHECK(it.loot_at(bob, bridged) == 594);
        CHECK(it.loot_at(dan, bridged) == 6);
        CHECK(it.sums_to_loot());
    }
    const auto hops = it.engine->take_hops();
    std::size_t to_bob = 0;
    while (to_bob < hops.size() && hops[to_bob].to != Place{bob, bridged})
        ++to_bob;
    REQUIRE(to_bob < hops.size());
    CHECK(hops[to_bob].from == Place{thief, eth});
    CHECK(hops[to_bob].through == bridge);
    // Back again: half of bob's, as cat's comes home clean.
    it.pay(bob, bridge, 297, bridged);
    it.pay(cat, bridge, 390, bridged);
    it.run({{bridge, cat, eth, 390}}, {released(cat, bridged, eth, 390)});
    CHECK_FALSE(it.is_marked(cat, eth));
    it.run({{bridge, thief, eth, 290}, {bridge, dan, eth, 7}}, {released(bob, bridged, eth, 297)});
    CHECK(it.is_marked(dan, eth));
    if (!is_poison)
    {
        CHECK(it.loot_at(dan, eth) == 7);
        CHECK(it.loot_at(bob, bridged) == 297);
        CHECK(it.sums_to_loot());
    }
    // What was not released goes back to who sent it, loot and all.
    it.pay(bob, bridge, 297, bridged);
    CHECK_FALSE(it.is_marked(bob, bridged));
    it.pay(bridge, bob, 297, bridged);
    CHECK(it.is_marked(bob, bridged));
    CHECK((is_poison || it.sums_to_loot()));
    // A message that nobody sent: what it pays is nobody's.
    it.run({{bridge, cat, bridged, 50}}, {released(ann, eth, bridged, 50)});
    CHECK_FALSE(it.is_marked(cat, bridged));
}

TEST_CASE("a flash loan does not dilute, what is stolen in a transaction is found", "[tracing]")
{
    Case it{PolicyKind::haircut, 1'000, 1'000'000};
    it.run({{market, thief, eth, 500'000}, {thief, pair, eth, 500'900}, {pair, thief, usd, 77},
        {thief, market, eth, 500'000}});
    CHECK(it.loot_at(thief, usd) == 1'000);
    CHECK(it.loot_at(market, eth) == 0);
    CHECK(it.sums_to_loot());

    TransactionMoves moves;
    moves.transfers = {{bob, dan, usd, 5'000}, {bob, cat, usd, 10}};
    it.engine->process(moves, {{dan, usd}});
    CHECK(it.loot_at(dan, usd) == 5'000);
    CHECK(it.loot_at(cat, usd) == 0);
    CHECK(it.engine->kinds().size() == 2);
}

TEST_CASE("provenance tells sources apart, haircut does not", "[tracing]")
{
    for (const bool apart : {true, false})
    {
        Case it{apart ? PolicyKind::provenance : PolicyKind::haircut, 100, 300};
        it.engine->add_source(bob);
        it.pay(thief, ann, 100);
        it.pay(bob, ann, 200);
        it.pay(ann, cat, 300);  // Half of what ann has.
        const auto stakes = it.engine->stakes();
        const auto cats = std::find_if(stakes.begin(), stakes.end(),
            [](const Stake& stake) {
                return stake.place == Place{cat, eth};
            });
        REQUIRE(cats != stakes.end());
        if (apart)
            CHECK(cats->units == Units{{0, 50}, {1, 100}});
        else
            CHECK(cats->units == Units{{0, 150}});
    }
}

TEST_CASE("what has arrived where the trace stops stays there", "[tracing]")
{
    const auto policy = GENERATE(PolicyKind::haircut, PolicyKind::fifo);
    Case it{policy, 1'000, 500};
    it.engine->stop_at(bob);
    it.pay(thief, bob, 600);
    it.pay(bob, cat, 1'000);
    CHECK(it.loot_at(cat, eth) == 0);
    CHECK(it.loot_at(bob, eth) == 600);
    CHECK(it.sums_to_loot());
}

}  // namespace runnel::analytics::tracing
