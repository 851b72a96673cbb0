#include "consensus/mempool.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/toy_chain.hpp"

#include <algorithm>
#include <set>

using namespace runnel;
using namespace runnel::toy;

namespace
{
constexpr std::uint64_t block_gas = 30'000'000;
constexpr std::uint64_t base_fee = 100;

struct Order
{
    std::size_t wallet = 0;
    std::uint64_t nonce = 0;
    std::uint64_t tip = 0;
    std::int64_t arrival_ms = 0;
    std::uint64_t gas_limit = 21'000;
    std::uint64_t max_fee = 10'000;
};

struct Fixture
{
    ToyWorld toy{40, Amount::power_of_ten(18)};

    Transaction make(const Order& order) const
    {
        Transaction transaction;
        transaction.sender = toy.wallets[order.wallet];
        transaction.nonce = order.nonce;
        transaction.gas_limit = order.gas_limit;
        transaction.max_fee = order.max_fee;
        transaction.max_priority_fee = order.tip;
        transaction.arrival_ms = order.arrival_ms;
        transaction.set_calls(calls(Pay{toy.wallets[0], order.wallet}).bytes());
        transaction.seal();
        return transaction;
    }
    std::vector<Transaction> make(const std::vector<Order>& orders) const
    {
        std::vector<Transaction> result;
        for (const auto& order : orders)
            result.push_back(make(order));
        return result;
    }
    std::vector<Transaction> build(Mempool& pool, std::uint64_t block = 1,
        std::uint64_t gas_limit = block_gas, std::int64_t now_ms = 10'000) const
    {
        return pool.build_block(*toy.world, {block, base_fee, gas_limit, now_ms});
    }
    /// (wallet, nonce) of each.
    using Places = std::vector<std::pair<std::size_t, std::uint64_t>>;
    Places places(const std::vector<Transaction>& block) const
    {
        Places result;
        for (const auto& transaction : block)
            result.emplace_back(
                index(transaction.sender) - index(toy.wallets[0]), transaction.nonce);
        return result;
    }
    Places build_from(const std::vector<Order>& orders, MempoolOptions options = {}) const
    {
        Mempool pool{options};
        pool.add(make(orders));
        return places(build(pool));
    }
};

constexpr std::uint32_t nodes = 6;

/// Everybody knows everybody, at 100 ms.
TransactionGossip gossip()
{
    NetworkModel model;
    model.latency_ms = {100};
    model.fan_out = nodes;
    return TransactionGossip{model, 1, nodes, {}};
}

std::vector<Hash> hashes(const std::vector<Transaction>& block)
{
    std::vector<Hash> result;
    for (const auto& transaction : block)
        result.push_back(transaction.hash);
    return result;
}

using Reasons = std::vector<DropReason>;
Reasons reasons(Mempool& pool)
{
    Reasons result;
    for (const auto& dropped : pool.take_dropped())
        result.push_back(dropped.reason);
    return result;
}

template <typename T>
void shuffle(std::vector<T>& items, RandomStream& random)
{
    for (std::size_t i = items.size(); i > 1; --i)
        std::swap(items[i - 1], items[random.uniform_below(i)]);
}
}  // namespace

TEST_CASE_METHOD(Fixture, "mempool: blocks depend on the set of transactions only",
    "[ledger][mempool][property]")
{
    const auto ordering = GENERATE(Ordering::priority_fee, Ordering::fifo, Ordering::random);
    RandomStream random{1, static_cast<std::uint64_t>(ordering), 0, 0};
    for (int round = 0; round < 12; ++round)
    {
        std::vector<Order> orders;
        const auto size = 1 + random.uniform_below(400);
        for (std::uint64_t i = 0; i < size; ++i)
        {
            // Few distinct tips, arrivals and nonces: many ties, gaps and replacements.
            orders.push_back({random.uniform_below(40), random.uniform_below(8),
                random.uniform_below(4), static_cast<std::int64_t>(random.uniform_below(3)) * 4'000,
                21'000 + random.uniform_below(3) * 100'000,
                random.bernoulli(0.1) ? 50 : 200 + random.uniform_below(100)});
        }
        // One wallet can pay for a few only.
        toy.world->account_states.at(toy.wallets[7]).balance = 30'000'000;

        MempoolOptions options;
        options.ordering = ordering;
        options.seed = 5;
        options.capacity = 100;
        options.lifetime_ms = 6'000;
        std::vector<Hash> expected;
        std::vector<DroppedTransaction> expected_drops;
        for (int attempt = 0; attempt < 4; ++attempt)
        {
            CAPTURE(round, attempt, size);
            auto transactions = make(orders);
            shuffle(transactions, random);
            Mempool pool{options};
            std::vector<Transaction> batch;
            for (auto& transaction : transactions)
            {
                batch.push_back(std::move(transaction));
                if (random.bernoulli(0.1))
                    pool.add(std::exchange(batch, {}));
            }
            pool.add(std::move(batch));
            // Several blocks: what stays in the pool must not depend on the order either.
            std::vector<Hash> built;
            std::vector<DroppedTransaction> drops;
            for (std::uint64_t block = 1; block <= 4; ++block)
            {
                const auto now_ms = static_cast<std::int64_t>(block) * 3'000;
                for (const auto& hash : hashes(build(pool, block, 2'500'000, now_ms)))
                    built.push_back(hash);
                built.emplace_back();
                const auto dropped = pool.take_dropped();
                drops.insert(drops.end(), dropped.begin(), dropped.end());
            }
            if (attempt == 0)
            {
                expected = built;
                expected_drops = drops;
            }
            REQUIRE(built == expected);
            REQUIRE(drops.size() == expected_drops.size());
            for (std::size_t i = 0; i < drops.size(); ++i)
            {
                REQUIRE(drops[i].sender == expected_drops[i].sender);
                REQUIRE(drops[i].nonce == expected_drops[i].nonce);
                REQUIRE(drops[i].hash == expected_drops[i].hash);
                REQUIRE(drops[i].reason == expected_drops[i].reason);
            }
        }
    }
}

// Method: blocks are built from random pools in which much does not fit; each must pass, and none
// of its permutations may.
TEST_CASE_METHOD(Fixture, "mempool: a block's order follows from its own transactions",
    "[ledger][mempool][property]")
{
    const auto ordering = GENERATE(Ordering::priority_fee, Ordering::fifo, Ordering::random);
    RandomStream random{3, static_cast<std::uint64_t>(ordering), 0, 0};
    MempoolOptions options;
    options.ordering = ordering;
    options.seed = 5;
    options.lifetime_ms = 9'000;
    toy.world->account_states.at(toy.wallets[7]).balance = 30'000'000;
    std::size_t permuted = 0;
    for (std::uint64_t round = 1; round <= 60; ++round)
    {
        CAPTURE(round);
        std::vector<Order> orders;
        const auto size = 1 + random.uniform_below(300);
        for (std::uint64_t i = 0; i < size; ++i)
        {
            orders.push_back({random.uniform_below(40), random.uniform_below(8),
                random.uniform_below(4), static_cast<std::int64_t>(random.uniform_below(4)) * 4'000,
                21'000 + random.uniform_below(3) * 100'000,
                random.bernoulli(0.1) ? 50 : 200 + random.uniform_below(100)});
        }
        const BlockSlot slot{round, base_fee, 2'500'000, 12'001};
        Mempool pool{options};
        pool.add(make(orders));
        auto block = pool.build_block(*toy.world, slot);
        BlockBuilder builder{options};
        REQUIRE(builder.check({}, block, *toy.world, slot) == "");
        for (int attempt = 0; attempt < 20 && block.size() > 1; ++attempt)
        {
            auto other = block;
            std::swap(other[random.uniform_below(block.size())],
                other[random.uniform_below(block.size())]);
            if (hashes(other) == hashes(block))
                continue;
            REQUIRE(builder.check({}, other, *toy.world, slot) != "");
            ++permuted;
        }
    }
    CHECK(permuted > 500);
}

TEST_CASE_METHOD(Fixture, "mempool: every block can be executed", "[ledger][mempool][property]")
{
    RandomStream random{2, 0, 0, 0};
    for (int round = 0; round < 30; ++round)
    {
        std::vector<Order> orders;
        for (int i = 0; i < 300; ++i)
        {
            orders.push_back(
                {random.uniform_below(40), random.uniform_below(6), random.uniform_below(50), 0,
                    21'000 + random.uniform_below(300'000), random.uniform_below(300)});
        }
        MempoolOptions options;
        options.ordering = static_cast<Ordering>(round % 3);
        Mempool pool{options};
        pool.add(make(orders));
        const auto gas_limit = 1'000'000 + random.uniform_below(9'000'000);
        std::uint64_t gas = 0;
        std::vector<std::uint64_t> nonces(40);
        for (const auto& transaction : build(pool, 1, gas_limit))
        {
            gas += transaction.gas_limit;
            REQUIRE(transaction.max_fee >= base_fee);
            REQUIRE(transaction.nonce ==
                    nonces.at(index(transaction.sender) - index(toy.wallets[0]))++);
        }
        REQUIRE(gas <= gas_limit);
        // Full but for what no longer fits.
        REQUIRE(gas + 321'000 * 40 > gas_limit);
    }
}

TEST_CASE_METHOD(
    Fixture, "mempool: priority fee orders by effective tip, then arrival", "[ledger][mempool]")
{
    CHECK(build_from({{0, 0, 5, 9}, {1, 0, 7, 9}, {2, 0, 6, 9}}) == Places{{1, 0}, {2, 0}, {0, 0}});
    // The tip that counts is what the maximal fee leaves above the base fee.
    CHECK(
        build_from({{0, 0, 50, 9, 21'000, base_fee + 2}, {1, 0, 3, 9}}) == Places{{1, 0}, {0, 0}});
    CHECK(build_from({{0, 0, 5, 9}, {1, 0, 5, 7}, {2, 0, 5, 8}}) == Places{{1, 0}, {2, 0}, {0, 0}});
    // Ties by content: the hash.
    const auto tied = make(std::vector<Order>{{0, 0, 5}, {1, 0, 5}, {2, 0, 5}, {3, 0, 5}});
    Mempool pool{{}};
    pool.add(tied);
    const auto block = hashes(build(pool));
    CHECK(block.size() == 4);
    CHECK(std::is_sorted(block.begin(), block.end()));
}

TEST_CASE_METHOD(Fixture, "mempool: fifo orders by arrival, sender, nonce", "[ledger][mempool]")
{
    MempoolOptions options;
    options.ordering = Ordering::fifo;
    CHECK(build_from({{3, 0, 1, 5}, {1, 1, 9, 5}, {2, 0, 9, 4}, {1, 0, 0, 5}, {0, 0, 0, 6}},
              options) == Places{{2, 0}, {1, 0}, {1, 1}, {3, 0}, {0, 0}});
}

TEST_CASE_METHOD(
    Fixture, "mempool: random order follows seed, block and content", "[ledger][mempool]")
{
    std::vector<Order> orders;
    for (std::size_t i = 0; i < 20; ++i)
        orders.push_back({i, 0, i});
    const auto order = [&](std::uint64_t seed, std::uint64_t block)
    {
        MempoolOptions options;
        options.ordering = Ordering::random;
        options.seed = seed;
        Mempool pool{options};
        pool.add(make(orders));
        return places(build(pool, block));
    };
    CHECK(order(1, 1) == order(1, 1));
    const std::set<Places> orders_seen{order(1, 1), order(1, 2), order(2, 1), order(2, 2)};
    CHECK(orders_seen.size() == 4);
    // The first place is nobody's in particular.
    std::set<std::size_t> first;
    for (std::uint64_t block = 0; block < 100; ++block)
        first.insert(order(3, block).front().first);
    CHECK(first.size() > 15);
}

TEST_CASE_METHOD(
    Fixture, "mempool: a sender's nonces stay in order whatever they bid", "[ledger][mempool]")
{
    // The later ones wait for the cheapest first one and then follow it at once.
    CHECK(build_from({{0, 2, 30}, {0, 1, 20}, {0, 0, 1}, {1, 0, 5}, {2, 0, 0}}) ==
          Places{{1, 0}, {0, 0}, {0, 1}, {0, 2}, {2, 0}});
    // Behind a gap nothing moves, and nothing is dropped.
    Mempool pool{{}};
    pool.add(make(std::vector<Order>{{0, 0, 1}, {0, 2, 1}, {0, 3, 1}}));
    CHECK(places(build(pool)) == Places{{0, 0}});
    CHECK(pool.size() == 2);
    CHECK(pool.take_dropped().empty());
    toy.world->account_states.at(toy.wallets[0]).nonce = 1;
    pool.add(make(std::vector<Order>{{0, 1, 1}}));
    CHECK(places(build(pool)) == Places{{0, 1}, {0, 2}, {0, 3}});
}

TEST_CASE_METHOD(Fixture, "mempool: of one nonce the better bid wins", "[ledger][mempool]")
{
    const auto tips = [](const std::vector<Transaction>& block)
    {
        std::vector<std::uint64_t> result;
        for (const auto& transaction : block)
            result.push_back(transaction.max_priority_fee);
        return result;
    };
    Mempool pool{{}};
    SECTION("at once")
    {
        pool.add(make(std::vector<Order>{{0, 0, 4}, {0, 0, 6}, {0, 0, 5}}));
        CHECK(tips(build(pool)) == std::vector<std::uint64_t>{6});
        CHECK(reasons(pool) == Reasons(2, DropReason::replaced));
        CHECK(pool.size() == 0);
    }
    SECTION("while it waits for an earlier nonce")
    {
        pool.add(make(std::vector<Order>{
            {0, 1, 20}, {0, 2, 18}, {0, 2, 19}, {0, 2, 17}, {0, 3, 16}, {0, 3, 15}, {0, 0, 1}}));
        CHECK(tips(build(pool)) == std::vector<std::uint64_t>{1, 20, 19, 16});
    }
    SECTION("unless only the worse one fits into the block")
    {
        pool.add(make(std::vector<Order>{{0, 0, 6, 0, 50'000}, {0, 0, 4, 0, 21'000}}));
        CHECK(tips(build(pool, 1, 40'000)) == std::vector<std::uint64_t>{4});
    }
}

TEST_CASE_METHOD(Fixture, "mempool: a block's gas is not exceeded", "[ledger][mempool]")
{
    Mempool pool{{}};
    pool.add(make(std::vector<Order>{
        {0, 0, 9, 0, 60'000}, {1, 0, 8, 0, 50'000}, {2, 0, 7, 0, 40'000}, {2, 1, 99, 0, 21'000}}));
    // 60,000 leaves no room for 50,000 but for 40,000.
    CHECK(places(build(pool, 1, 100'000)) == Places{{0, 0}, {2, 0}});
    CHECK(pool.size() == 2);
    CHECK(pool.take_dropped().empty());
    toy.world->account_states.at(toy.wallets[2]).nonce = 1;
    CHECK(places(build(pool, 2, 71'000)) == Places{{2, 1}, {1, 0}});

    // What can never fit is given up.
    pool.add(make(std::vector<Order>{{3, 0, 9, 0, 100'001}, {4, 0, 9, 0, 100'000}}));
    CHECK(places(build(pool, 3, 100'000)) == Places{{4, 0}});
    CHECK(reasons(pool) == Reasons{DropReason::gas_above_block});
    CHECK(pool.size() == 0);
}

TEST_CASE_METHOD(Fixture, "mempool: too cheap for the base fee waits", "[ledger][mempool]")
{
    Mempool pool{{}};
    pool.add(make(
        std::vector<Order>{{0, 0, 0, 0, 21'000, base_fee - 1}, {1, 0, 0, 0, 21'000, base_fee}}));
    CHECK(places(build(pool)) == Places{{1, 0}});
    CHECK(pool.size() == 1);
    CHECK(pool.build_block(*toy.world, {2, base_fee - 1, block_gas, 10'000}).size() == 1);
}

TEST_CASE_METHOD(Fixture, "mempool: transactions expire", "[ledger][mempool]")
{
    MempoolOptions options;
    options.lifetime_ms = 1'000;
    Mempool pool{options};
    pool.add(make(std::vector<Order>{{0, 0, 0, 499}, {1, 0, 0, 500}}));
    CHECK(places(build(pool, 1, block_gas, 1'500)) == Places{{1, 0}});
    const auto dropped = pool.take_dropped();
    REQUIRE(dropped.size() == 1);
    CHECK(dropped[0].sender == toy.wallets[0]);
    CHECK(dropped[0].reason == DropReason::expired);
    CHECK(dropped[0].arrival_ms == 499);
    CHECK(pool.take_dropped().empty());
}

TEST_CASE_METHOD(Fixture, "mempool: what waited too long says what for", "[ledger][mempool]")
{
    MempoolOptions options;
    options.lifetime_ms = 1'000;
    Mempool pool{options};
    // No room; below the base fee; a gap; what follows one that bids too little.
    pool.add(make(std::vector<Order>{{0, 0, 0, 0, 50'000}, {1, 0, 0, 0, 21'000, base_fee - 1},
        {2, 1, 0, 0}, {3, 0, 0, 0, 21'000, base_fee - 1}, {3, 1, 0, 0}}));
    CHECK(build(pool, 1, 50'000, 1'000).size() == 1);
    pool.add(make(std::vector<Order>{{4, 0, 0, 0, 50'000}}));
    CHECK(pool.take_dropped().empty());
    CHECK(build(pool, 2, 50'000, 1'001).empty());
    CHECK(reasons(pool) == Reasons{DropReason::fee_below_base, DropReason::nonce_gap,
                               DropReason::fee_below_base, DropReason::nonce_gap,
                               DropReason::expired});
    CHECK(pool.size() == 0);
}

TEST_CASE_METHOD(Fixture, "mempool: what the chain has passed is dropped", "[ledger][mempool]")
{
    toy.world->account_states.at(toy.wallets[0]).nonce = 2;
    Mempool pool{{}};
    pool.add(make(std::vector<Order>{{0, 1}, {0, 0}, {0, 2}}));
    CHECK(places(build(pool)) == Places{{0, 2}});
    const auto dropped = pool.take_dropped();
    REQUIRE(dropped.size() == 2);
    CHECK(dropped[0].nonce == 0);
    CHECK(dropped[1].nonce == 1);
    CHECK(dropped[0].reason == DropReason::replaced);
    CHECK(dropped[1].reason == DropReason::replaced);
}

TEST_CASE_METHOD(Fixture, "mempool: a full pool evicts the cheapest", "[ledger][mempool]")
{
    MempoolOptions options;
    options.capacity = 5;
    Mempool pool{options};
    std::vector<Order> orders;
    for (std::size_t i = 0; i < 12; ++i)
        orders.push_back({i, 1, 0, 0, 21'000, 200 + (i * 5) % 12});  // A nonce too far: all wait.
    pool.add(make(orders));
    CHECK(build(pool).empty());
    CHECK(pool.size() == 5);
    CHECK(reasons(pool) == Reasons(7, DropReason::mempool_full));
    for (const auto wallet : toy.wallets)
        toy.world->account_states.at(wallet).nonce = 1;
    std::set<std::uint64_t> left;
    for (const auto& transaction : build(pool))
        left.insert(transaction.max_fee);
    CHECK(left == std::set<std::uint64_t>{207, 208, 209, 210, 211});
}

TEST_CASE_METHOD(
    Fixture, "mempool: who cannot pay at the maximal fee is dropped", "[ledger][mempool]")
{
    // Two at 21,000 gas and 200 wei.
    auto& balance = toy.world->account_states.at(toy.wallets[0]).balance;
    balance = 2 * 21'000 * 200 - 1;
    Mempool pool{{}};
    const std::vector<Order> orders{{0, 0, 1, 0, 21'000, 200}, {0, 1, 1, 0, 21'000, 200}};
    pool.add(make(orders));
    CHECK(places(build(pool)) == Places{{0, 0}});
    CHECK(reasons(pool) == Reasons{DropReason::unaffordable});
    balance = 2 * 21'000 * 200;
    pool.add(make(orders));
    CHECK(places(build(pool)) == Places{{0, 0}, {0, 1}});

    // A cost of more than 64 bits does not wrap.
    pool.add(make(std::vector<Order>{{1, 0, 1, 0, 1ULL << 24U, 1ULL << 60U}}));
    CHECK(build(pool).empty());
    CHECK(pool.take_dropped().size() == 1);
}

// Who watches the mempool acts late in the slot: what he sends cannot have arrived before.
TEST_CASE("mempool: watchers' transactions arrive after what they saw", "[ledger][mempool]")
{
    constexpr std::int64_t seen_at_ms = 11'000;
    constexpr std::uint32_t slot_seconds = 12;
    std::set<std::int64_t> times;
    for (std::uint32_t account = 1; account <= 500; ++account)
    {
        constexpr std::uint64_t block = 7;
        const auto arrival =
            arrival_time_ms(5, AccountId{account}, block, slot_seconds, seen_at_ms);
        CHECK(arrival >= 6 * 12'000 + seen_at_ms);
        CHECK(arrival < 7 * 12'000);
        times.insert(arrival);
        Transaction transaction;
        transaction.sender = AccountId{account};
        transaction.arrival_ms = arrival;
        CHECK(round_of_arrival(5, transaction, slot_seconds, seen_at_ms) == block);
        // As one of those who do not watch it would be somewhere else.
        CHECK_FALSE(round_of_arrival(5, transaction, slot_seconds).has_value());
        transaction.arrival_ms = arrival_time_ms(5, AccountId{account}, block, slot_seconds);
        CHECK_FALSE(round_of_arrival(5, transaction, slot_seconds, seen_at_ms).has_value());
    }
    CHECK(times.size() > 350);
}

TEST_CASE("mempool: a branch that goes back in time takes nothing that came later", "[mempool]")
{
    const Fixture fixture;
    Mempool pool{{}};
    pool.add(fixture.make({{1, 0, 5, 100}, {2, 0, 9, 500}, {3, 0, 7, 499}}));
    CHECK(
        fixture.places(fixture.build(pool, 1, block_gas, 500)) == Fixture::Places{{3, 0}, {1, 0}});
    CHECK(pool.size() == 1);
    CHECK(fixture.places(fixture.build(pool, 2, block_gas, 501)) == Fixture::Places{{2, 0}});
}

TEST_CASE("mempool: a block that will be taken back gives nothing up", "[mempool]")
{
    const Fixture fixture;
    MempoolOptions options;
    options.lifetime_ms = 100;
    options.capacity = 1;
    const auto orders = std::vector<Order>{{1, 0, 5, 0}, {2, 1, 9, 900}, {3, 1, 9, 900}};
    Mempool pool{options};
    pool.add(fixture.make(orders));
    const auto doomed =
        pool.build_block(*fixture.toy.world, {1, base_fee, block_gas, 1'000}, {}, {false, false});
    CHECK(doomed.empty());
    CHECK(pool.size() == 3);
    CHECK(reasons(pool).empty());
    CHECK(fixture.build(pool, 1, block_gas, 1'000).empty());
    CHECK(pool.size() == 1);
    CHECK(reasons(pool).size() == 2);
}

TEST_CASE("mempool: what a miner keeps to himself is in his secret blocks, in the other's place",
    "[mempool]")
{
    const Fixture fixture;
    const auto told = fixture.make(Order{1, 0, 50, 10});
    auto kept = fixture.make(Order{1, 0, 40, 10});
    kept.is_secret = true;
    const auto other = fixture.make(Order{2, 0, 1, 10});
    const auto next = [&](Mempool& pool, BlockFate fate)
    {
        return hashes(
            pool.build_block(*fixture.toy.world, {1, base_fee, block_gas, 10'000}, {}, fate));
    };
    const auto fill = [&](Mempool& pool) { pool.add({told, kept, other}); };
    Mempool open{{}};
    fill(open);
    CHECK(next(open, {true, false}) == std::vector<Hash>{told.hash, other.hash});
    CHECK(open.size() == 1);  // It waits for a branch.
    Mempool secret{{}};
    fill(secret);
    CHECK(next(secret, {false, true}) == std::vector<Hash>{kept.hash, other.hash});
    CHECK(secret.size() == 1);

    // Where the other one is in a block that stays, it never will be in one.
    fixture.toy.world->account_states.at(told.sender).nonce = 1;
    CHECK(next(open, {false, false}).empty());
    CHECK(open.size() == 1);
    CHECK(next(open, {true, false}).empty());
    CHECK(open.size() == 0);
}

TEST_CASE("mempool: a block has what its maker had heard of when it made it", "[mempool][gossip]")
{
    const Fixture fixture;
    auto times = gossip();
    Mempool pool{MempoolOptions{}, times};
    auto orders = fixture.make({{1, 0}, {2, 0}, {3, 0}, {4, 0}, {5, 0}, {6, 0}, {7, 0}, {8, 0}});
    for (std::size_t i = 0; i < orders.size(); ++i)
        orders[i].sent_at = static_cast<VirtualTime>(i) * one_second;
    const auto all = orders;
    pool.add(std::move(orders));
    // Nobody has heard of the last ones.
    constexpr NodeId maker = 3;
    constexpr VirtualTime made_at = 4 * one_second + 50 * one_millisecond;
    const auto heard = [&](const Transaction& transaction, NodeId by, VirtualTime until)
    {
        return times.heard_at(fixture.toy.world->account(transaction.sender).address,
                   transaction.hash, transaction.sent_at, by) <= until;
    };
    std::set<Hash> expected;
    for (const auto& transaction : all)
    {
        if (heard(transaction, maker, made_at))
            expected.insert(transaction.hash);
    }
    REQUIRE(expected.size() >= 4);
    REQUIRE(expected.size() <= 5);
    const auto build = [&](NodeId by, VirtualTime at)
    {
        return hashes(pool.build_block(
            *fixture.toy.world, {1, base_fee, block_gas, 10'000}, {}, {true, false, by, at}));
    };
    const auto first = build(maker, made_at);
    CHECK(std::set<Hash>(first.begin(), first.end()) == expected);
    // What had not been sent when the block was made nobody could have heard of.
    CHECK(pool.size() == all.size() - expected.size());
    CHECK(pool.unheard() == pool.size() - 3);
    REQUIRE(pool.unheard() == 1);
    // They wait, and somebody has them later.
    CHECK(build(5, 60 * one_second).size() == all.size() - expected.size());
    CHECK(pool.unheard() == 0);
}

TEST_CASE("mempool: who has not heard of a nonce waits for it", "[mempool][gossip]")
{
    const Fixture fixture;
    Mempool pool{MempoolOptions{}, gossip()};
    auto orders = fixture.make({{1, 0}, {1, 1}, {1, 2}});
    orders[0].sent_at = 5 * one_second;  // As after a re-org: it was sent last.
    pool.add(std::move(orders));
    const auto build = [&](VirtualTime at)
    {
        return fixture.places(pool.build_block(
            *fixture.toy.world, {1, base_fee, block_gas, 10'000}, {}, {true, false, 0, at}));
    };
    CHECK(build(one_second).empty());
    CHECK(pool.unheard() == 0);
    CHECK(build(5 * one_second).empty());
    CHECK(build(6 * one_second) == Fixture::Places{{1, 0}, {1, 1}, {1, 2}});
}

TEST_CASE("mempool: what comes in the moment of a block is in it", "[mempool][gossip]")
{
    const Fixture fixture;
    auto times = gossip();
    for (NodeId maker = 0; maker < nodes; ++maker)
    {
        Mempool pool{MempoolOptions{}, times};
        auto orders = fixture.make({{1, 0}});
        orders[0].sent_at = 5 * one_second;
        const auto heard_at = times.heard_at(fixture.toy.world->account(orders[0].sender).address,
            orders[0].hash, 5 * one_second, maker);
        pool.add(std::move(orders));
        const auto build = [&](VirtualTime at)
        {
            return pool.build_block(
                *fixture.toy.world, {1, base_fee, block_gas, 10'000}, {}, {true, false, maker, at});
        };
        CHECK(build(heard_at - 1).empty());
        CHECK(build(heard_at).size() == 1);
    }
}

TEST_CASE("mempool: what its maker has not heard of grows old all the same", "[mempool][gossip]")
{
    const Fixture fixture;
    MempoolOptions options;
    options.lifetime_ms = 5'000;
    NetworkModel model;
    model.latency_ms = {100};
    model.fan_out = nodes;
    NetworkPartition partition{0, 1'000 * one_second, {}};
    for (NodeId node = 0; node < nodes; ++node)
        partition.group_of.push_back(node);
    model.partitions.push_back(partition);
    Mempool pool{options, TransactionGossip{model, 1, nodes, {}}};
    pool.add(fixture.make({{1, 0}, {2, 0}, {3, 0}, {4, 0}, {5, 0}, {6, 0}}));
    const auto build = [&](bool stays, std::int64_t now_ms)
    {
        return pool
            .build_block(*fixture.toy.world, {1, base_fee, block_gas, now_ms}, {},
                {stays, false, 3, 100 * one_second})
            .size();
    };
    const auto heard = build(true, 5'000);
    CHECK(heard < 6);
    CHECK(pool.size() == 6 - heard);
    CHECK(build(false, 5'001) == 0);
    CHECK(pool.size() == 6 - heard);
    CHECK(build(true, 5'001) == 0);
    CHECK(pool.size() == 0);
    const auto dropped = pool.take_dropped();
    REQUIRE(dropped.size() == 6 - heard);
    for (const auto& one : dropped)
        CHECK(one.reason == DropReason::expired);
}

TEST_CASE("mempool: a miner knows its own secrets", "[mempool][gossip]")
{
    const Fixture fixture;
    Mempool pool{MempoolOptions{}, gossip()};
    auto orders = fixture.make({{1, 0}});
    orders[0].is_secret = true;
    orders[0].sent_at = 5 * one_second;
    pool.add(std::move(orders));
    const auto build = [&](bool is_secret)
    {
        return pool.build_block(*fixture.toy.world, {1, base_fee, block_gas, 10'000}, {},
            {false, is_secret, 3, one_second});
    };
    CHECK(build(false).empty());
    CHECK(build(true).size() == 1);
}

TEST_CASE("mempool: secrets of several stay apart from what others were told", "[mempool]")
{
    const Fixture fixture;
    Mempool pool{MempoolOptions{}};
    // Not in the order of senders; what is no secret pays more, and comes last.
    auto secrets = fixture.make({{7, 0}, {2, 0}, {5, 0}, {3, 0}});
    for (auto& transaction : secrets)
        transaction.is_secret = true;
    const auto hidden = hashes(secrets);
    pool.add(std::move(secrets));
    pool.add(fixture.make({{2, 0, 5}, {3, 0, 5}, {5, 0, 5}, {7, 0, 5}, {9, 0, 5}}));
    const auto build = [&](bool is_secret)
    {
        auto block = pool.build_block(
            *fixture.toy.world, {1, base_fee, block_gas, 10'000}, {}, {false, is_secret});
        auto found = hashes(block);
        pool.add(std::move(block));
        std::size_t secret = 0;
        for (const auto& hash : found)
            secret += static_cast<std::size_t>(std::count(hidden.begin(), hidden.end(), hash));
        return std::pair{found.size(), secret};
    };
    CHECK(build(true) == std::pair{std::size_t{5}, std::size_t{4}});
    CHECK(build(false) == std::pair{std::size_t{5}, std::size_t{0}});
    CHECK(build(true) == std::pair{std::size_t{5}, std::size_t{4}});
}
