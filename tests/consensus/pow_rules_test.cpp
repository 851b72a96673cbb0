#include "consensus/network/network.hpp"
#include "consensus/pow/block.hpp"
#include "consensus/pow/pools.hpp"
#include "consensus/pow/private_branch.hpp"
#include "consensus/pow/puzzle.hpp"
#include "consensus/pow/retarget.hpp"
#include "consensus/pow/target.hpp"
#include "ledger/philox.hpp"
#include "tests/support/catch.hpp"

#include <cmath>
#include <string>
#include <utility>
#include <vector>

namespace runnel
{

TEST_CASE("compact targets are Bitcoin's", "[consensus][pow]")
{
    // Source: Bitcoin Core, src/test/arith_uint256_tests.cpp, bignum_SetCompact.
    struct Case
    {
        std::uint32_t bits;
        std::uint32_t again;
        std::optional<Amount> target;
    };
    const auto c = GENERATE(Case{0, 0, std::nullopt}, Case{0x00123456, 0, std::nullopt},
        Case{0x01003456, 0, std::nullopt}, Case{0x02000056, 0, std::nullopt},
        Case{0x03000000, 0, std::nullopt}, Case{0x01fedcba, 0, std::nullopt},
        Case{0x04923456, 0, std::nullopt}, Case{0xff123456, 0, std::nullopt},
        Case{0x01123456, 0x01120000, 0x12}, Case{0x02123456, 0x02123400, 0x1234},
        Case{0x03123456, 0x03123456, 0x123456}, Case{0x04123456, 0x04123456, 0x12345600},
        Case{0x05009234, 0x05009234, 0x92340000},
        Case{0x20123456, 0x20123456, Amount{0x123456} << 232},
        // The largest there are, and what is beyond them.
        Case{0x2100ffff, 0x2100ffff, Amount{0xffff} << 240},
        Case{0x220000ff, 0x2100ff00, Amount{0xff} << 248}, Case{0x21010001, 0, std::nullopt},
        Case{0x22000101, 0, std::nullopt}, Case{0x23000001, 0, std::nullopt});
    CAPTURE(c.bits);
    CHECK(target_of_compact(c.bits) == c.target);
    if (c.target)
        CHECK(compact_of_target(*c.target) == c.again);
    // What would look negative takes a byte more.
    CHECK(compact_of_target(0x80) == 0x02008000);
}

TEST_CASE("work is what a target takes on average", "[consensus][pow]")
{
    // Difficulty 1: 2^256 / (0xffff * 2^208 + 1).
    CHECK(work_of_compact(0x1d00ffff) == 0x100010001);
    CHECK(work_of_compact(easiest_bits) == 2);
    CHECK(work_of_target(Amount::max()) == 1);
    CHECK(work_of_target(1) == Amount::power_of_two(255));
    CHECK(work_of_compact(0x04923456).is_zero());
    for (const std::uint64_t hashes : {2ULL, 3ULL, 4'096ULL, 1'000'000ULL, 1'000'003ULL})
        CHECK(work_of_target(target_of_difficulty(hashes)) == hashes);
}

TEST_CASE("Bitcoin's retarget gives the vectors of its own tests", "[consensus][pow]")
{
    struct Case
    {
        std::uint32_t bits;
        std::int64_t first, last;
        std::uint32_t next;
    };
    // Source: Bitcoin Core, src/test/pow_tests.cpp: free, at the limit, clamped below and above.
    const auto c = GENERATE(Case{0x1d00ffff, 1261130161, 1262152739, 0x1d00d86a},
        Case{0x1d00ffff, 1231006505, 1233061996, 0x1d00ffff},
        Case{0x1c05a3f4, 1279008237, 1279297671, 0x1c0168fd},
        Case{0x1c387f6f, 1263163443, 1269211443, 0x1d00e1fd});
    constexpr std::int64_t two_weeks = 1'209'600;
    CHECK(bitcoin_retarget(c.bits, c.last - c.first, two_weeks, 0x1d00ffff) == c.next);
    // In microseconds it is the same.
    CHECK(bitcoin_retarget(c.bits, (c.last - c.first) * one_second, two_weeks * one_second,
              0x1d00ffff) == c.next);
}

TEST_CASE("a retarget moves by a factor of four at most, and rounds down", "[consensus][pow]")
{
    constexpr std::uint32_t limit = easiest_bits;
    const auto next = [](std::uint32_t bits, std::int64_t span)
    { return target_of_compact(bitcoin_retarget(bits, span, 1'000, limit)).value(); };
    // 1,000,000 in units of 2^8.
    const auto old = Amount{1'000'000} << 8;
    const auto bits = compact_of_target(old);
    REQUIRE(target_of_compact(bits) == old);
    CHECK(next(bits, 251) == Amount{251'000} << 8);
    CHECK(next(bits, 250) == Amount{250'000} << 8);
    CHECK(next(bits, 249) == Amount{250'000} << 8);
    CHECK(next(bits, -5) == Amount{250'000} << 8);
    CHECK(next(bits, 3'999) == Amount{3'999'000} << 8);
    CHECK(next(bits, 4'000) == Amount{4'000'000} << 8);
    CHECK(next(bits, 4'001) == Amount{4'000'000} << 8);
    CHECK(next(compact_of_target(5), 500) == 2);
    CHECK(next(compact_of_target(5), 999) == 4);
    CHECK(next(compact_of_target(3), 250) == 1);
    // Four times the easiest target of all has more than 256 bits.
    CHECK(bitcoin_retarget(limit, 4'000, 1'000, limit) == limit);
    CHECK(bitcoin_retarget(0x2100ffff, 1'001, 1'000, 0x2100ffff) == 0x2100ffff);
}

TEST_CASE("Ethereum's difficulty falls with the time since the parent", "[consensus][pow]")
{
    const EthereumRetarget homestead;
    const Amount parent{1'000'000'000'000};
    struct Case
    {
        std::uint64_t since;
        std::uint64_t next;
    };
    // By hand from EIP-2: a step up below 10 s, one down for each 10 s from 20 on, 99 at most.
    const auto c = GENERATE(Case{1, 1'000'488'281'250}, Case{9, 1'000'488'281'250},
        Case{10, 1'000'000'000'000}, Case{19, 1'000'000'000'000}, Case{20, 999'511'718'750},
        Case{30, 999'023'437'500}, Case{100, 995'605'468'750}, Case{1'000, 951'660'156'250},
        Case{2'000, 951'660'156'250});
    CAPTURE(c.since);
    CHECK(ethereum_difficulty(homestead, parent, c.since, 1) == c.next);

    const EthereumRetarget eip100{9};
    CHECK(ethereum_difficulty(eip100, parent, 8, 1) == 1'000'488'281'250);
    CHECK(ethereum_difficulty(eip100, parent, 9, 1) == parent);
    CHECK(ethereum_difficulty(eip100, parent, 18, 1) == 999'511'718'750);
    // Never below the least, which the bomb comes on top of.
    CHECK(ethereum_difficulty(homestead, 131'072, 2'000, 1) == 131'072);
    const EthereumRetarget bomb{10, true};
    CHECK(ethereum_difficulty(homestead, parent, 10, 4'000'000) == parent);
    CHECK(ethereum_difficulty(bomb, parent, 10, 199'999) == parent);
    CHECK(ethereum_difficulty(bomb, parent, 10, 200'000) == 1'000'000'000'001);
    CHECK(ethereum_difficulty(bomb, parent, 10, 4'000'000) == 1'000'000'000'000 + (1ULL << 38U));
}

TEST_CASE("the subsidy halves until all coins are there", "[consensus][pow]")
{
    const Amount coin{5'000'000'000};
    constexpr std::uint64_t interval = 210'000;
    CHECK(subsidy_at(coin, interval, 0) == coin);
    CHECK(subsidy_at(coin, interval, interval - 1) == coin);
    CHECK(subsidy_at(coin, interval, interval) == 2'500'000'000);
    CHECK(subsidy_at(coin, interval, 4 * interval) == 312'500'000);
    CHECK(subsidy_at(coin, interval, 32 * interval) == 1);
    CHECK(subsidy_at(coin, interval, 33 * interval).is_zero());
    CHECK(subsidy_at(coin, interval, ~0ULL).is_zero());
    CHECK(subsidy_at(coin, 0, ~0ULL) == coin);
    CHECK(subsidy_at(Amount::max(), 1, 255) == 1);
    CHECK(subsidy_at(Amount::max(), 1, 256).is_zero());
    std::uint64_t total = 0;
    for (std::uint64_t era = 0; era < 40; ++era)
        total += interval * subsidy_at(coin, interval, era * interval).low64();
    CHECK(total == 2'099'999'997'690'000);
}

TEST_CASE("a puzzle commits to the header and to the chain before it", "[consensus][pow]")
{
    PowHeader header{genesis_seal(), network_block_id(3, 7), 12, 123'456'789, 0x1f00ffff};
    const auto nonce = solve(header, 1U << 22U);
    REQUIRE(nonce);
    CHECK(is_solved(seal_of(header, *nonce), header.bits));
    // It is the first one.
    std::uint64_t solved_before = 0;
    for (std::uint64_t i = 0; i < *nonce; ++i)
        solved_before += is_solved(seal_of(header, i), header.bits) ? 1 : 0;
    CHECK(solved_before == 0);
    CHECK_FALSE(solve(header, *nonce));
    const auto seal = seal_of(header, *nonce);
    const auto differs = [&](PowHeader other) { return seal_of(other, *nonce) != seal; };
    auto other = header;
    other.parent_seal = seal;
    CHECK(differs(other));
    other = header;
    ++other.id;
    CHECK(differs(other));
    other = header;
    ++other.height;
    CHECK(differs(other));
    other = header;
    ++other.stated_at;
    CHECK(differs(other));
    other = header;
    ++other.bits;
    CHECK(differs(other));
    CHECK(seal_of(header, *nonce + 1) != seal);
}

TEST_CASE("nonces solve as often as the work says", "[consensus][pow]")
{
    // Tries until the first solution are geometric with mean 256; of 2,000 the mean's standard
    // error is 5.7.
    const auto bits = compact_of_target(target_of_difficulty(256));
    double tries = 0;
    constexpr int puzzles = 2'000;
    for (int i = 0; i < puzzles; ++i)
    {
        const PowHeader header{genesis_seal(), 1, static_cast<std::uint64_t>(i), 0, bits};
        const auto nonce = solve(header, 1U << 20U);
        REQUIRE(nonce);
        tries += static_cast<double>(*nonce + 1);
    }
    CHECK(std::abs(tries / puzzles - 256) < 23);
}

TEST_CASE("of two chains with equal work the one seen first stays", "[consensus][pow]")
{
    PowBlock head;
    head.work = 100;
    PowBlock other = head;
    CHECK_FALSE(is_preferred(other, head));
    other.work = 101;
    CHECK(is_preferred(other, head));
    CHECK_FALSE(is_preferred(head, other));
    // More work, not more blocks.
    other.block.height = 1;
    head.block.height = 5;
    CHECK(is_preferred(other, head));
}

TEST_CASE("a period of Bitcoin's begins where its first block is", "[consensus][pow]")
{
    PowOptions options;
    options.retarget_blocks = 4;
    options.block_interval = 10 * one_second;
    options.hash_rate = 1e6;
    const DifficultyRule rule{options};
    std::vector<PowBlock> chain(10);
    chain[0] = rule.genesis();
    // Twice as fast as wanted, once it began.
    for (std::size_t i = 1; i < chain.size(); ++i)
    {
        chain[i].block.height = i;
        chain[i].block.stated_at = static_cast<VirtualTime>(i) * 5 * one_second;
        rule.complete(chain[i], chain[i - 1]);
    }
    const auto ratio = [&](std::size_t i)
    { return chain[i].difficulty.to_double() / chain[i - 1].difficulty.to_double(); };
    CHECK(ratio(3) == 1);
    // Three intervals of 5 s where four of 10 s are wanted: 40/15.
    CHECK(std::abs(ratio(4) - 40.0 / 15) < 1e-3);
    CHECK(ratio(5) == 1);
    CHECK(std::abs(ratio(8) - 40.0 / 15) < 1e-3);
    CHECK(chain[3].work == work_of_compact(chain[1].block.bits).low64() * 3);
    CHECK(common_ancestor(&chain[9], &chain[4]) == &chain[4]);
    CHECK(ancestor_at(&chain[9], 2) == &chain[2]);
}

TEST_CASE("Ethereum's difficulty is what its rule makes of the parent", "[consensus][pow]")
{
    PowOptions options;
    options.retarget = RetargetRule::homestead;
    options.initial_difficulty = 1e12;
    const DifficultyRule rule{options};
    auto parent = rule.genesis();
    CHECK(parent.seal == genesis_seal());
    CHECK(parent.difficulty == 1'000'000'000'000);
    parent.block.height = 199'999;
    parent.block.stated_at = 100 * one_second;
    const auto exact = [&](const DifficultyRule& of, VirtualTime seconds)
    { return of.next(parent, (100 + seconds) * one_second).exact; };
    CHECK(exact(rule, 19) == 1'000'000'000'000);
    CHECK(exact(rule, 20) == 999'511'718'750);
    // The bomb, and EIP-100's nine seconds.
    options.has_bomb = true;
    CHECK(exact(DifficultyRule{options}, 19) == 1'000'000'000'001);
    options.has_bomb = false;
    options.retarget = RetargetRule::eip100;
    CHECK(exact(DifficultyRule{options}, 9) == 1'000'000'000'000);
    CHECK(exact(DifficultyRule{options}, 18) == 999'511'718'750);
    // What begins below Ethereum's least stays there.
    options.initial_difficulty = 5'000;
    const DifficultyRule small{options};
    parent.difficulty = 5'000;
    CHECK(exact(small, 2'000) == 5'000);
    CHECK(exact(small, 1) == 5'002);

    // It changes every ten seconds, until it has fallen by as much as it may.
    const auto changes = [&](const DifficultyRule& of, VirtualTime seconds)
    { return of.changes_at(parent, (100 + seconds) * one_second); };
    CHECK(changes(rule, 1) == 110 * one_second);
    CHECK(changes(rule, 9) == 110 * one_second);
    CHECK(changes(rule, 10) == 120 * one_second);
    CHECK(changes(rule, 999) == 1'100 * one_second);
    CHECK(changes(rule, 1'000) == never_in_virtual_time);
    CHECK(changes(small, 9) == 118 * one_second);
    options.retarget = RetargetRule::bitcoin;
    CHECK(changes(DifficultyRule{options}, 1) == never_in_virtual_time);
}

TEST_CASE("a selfish miner does what Eyal and Sirer say", "[consensus][pow]")
{
    CHECK(selfish_move(4, 5) == SelfishMove::give_up);
    CHECK(selfish_move(5, 5) == SelfishMove::race);
    CHECK(selfish_move(6, 5) == SelfishMove::win);
    CHECK(selfish_move(7, 5) == SelfishMove::match);
    CHECK(selfish_move(9, 5) == SelfishMove::match);
}

TEST_CASE(
    "a double spend succeeds when its branch is longer and the goods are there", "[consensus][pow]")
{
    constexpr std::uint64_t confirmations = 2;
    constexpr std::uint64_t gives_up_behind = 5;
    const auto state = [](std::uint64_t own, std::uint64_t others)
    { return double_spend_state(own, others, confirmations, gives_up_behind); };
    CHECK(state(5, 1) == DoubleSpendState::racing);  // Not delivered yet.
    CHECK(state(2, 2) == DoubleSpendState::racing);
    CHECK(state(3, 2) == DoubleSpendState::won);
    CHECK(state(0, 4) == DoubleSpendState::racing);
    CHECK(state(0, 5) == DoubleSpendState::gave_up);
    CHECK(state(3, 8) == DoubleSpendState::gave_up);
}

namespace
{
/// Two pools and who is in none; of a difficulty of 100 hashes, and seconds.
struct Pools
{
    explicit Pools(PoolPayout payout, double fee = 0, double decay = 0.5)
    {
        MiningPool pool;
        pool.payout = payout;
        pool.fee = fee;
        pool.decay = decay;
        pool.name = "other";
        options.pools.push_back(pool);
        pool.name = "pool";
        options.pools.push_back(pool);
    }
    void add(const std::string& pool, double hash_rate)
    {
        MinerGroup group;
        group.pool = pool;
        options.groups.push_back(group);
        hash_rates.push_back(hash_rate);
    }
    [[nodiscard]] PoolBooks books() const { return {options, hash_rates}; }

    PowOptions options;
    std::vector<double> hash_rates;
};

void find_block(PoolBooks& books, std::int64_t second, std::uint32_t group)
{
    books.on_block(second * one_second, group, 100);
}
}  // namespace

TEST_CASE("a proportional pool pays by what was hashed since its last block", "[consensus][pow]")
{
    Pools pools{PoolPayout::proportional, 0.1};
    for (const auto& [pool, rate] :
        {std::pair{"pool", 3.0}, {"pool", 1.0}, {"", 4.0}, {"other", 2.0}})
        pools.add(pool, rate);
    pools.options.groups[1].mines_from = 20 * one_second;
    auto books = pools.books();
    find_block(books, 10, 0);  // All of it is the first one's.
    CHECK(books.account(0).paid == Approx(0.9));
    CHECK(books.account(1).paid == 0);
    CHECK(books.account(1).hashed == 0);
    CHECK(books.account(2).hashed == Approx(0.4));
    CHECK(books.account(2).in_pool == 0);
    CHECK(books.account(3).in_pool == Approx(0.2));
    CHECK(books.account(3).paid == 0);
    find_block(books, 20, 2);  // In no pool.
    CHECK(books.account(2).alone == 1);
    CHECK(books.account(0).paid == Approx(0.9));
    find_block(books, 25, 4);  // Nobody's.
    find_block(books, 30, 1);  // Of 20 s at 3 and 10 s at 1 six parts of seven.
    CHECK(books.account(0).paid == Approx(0.9 + 0.9 * 6 / 7));
    CHECK(books.account(1).paid == Approx(0.9 / 7));
    CHECK(books.account(0).in_pool == Approx(0.9));
    CHECK(books.account(1).luck() == Approx(0.9 / 7 / 0.1));
    CHECK(books.account(2).luck() == Approx(1 / 1.2));
    find_block(books, 40, 3);
    CHECK(books.account(3).paid == Approx(0.9));
    CHECK(books.pool_account(0).blocks == 1);
    CHECK(books.pool_account(0).paid == Approx(0.9));
    CHECK(books.pool_account(1).blocks == 2);
    CHECK(books.pool_account(1).paid == Approx(1.8));
    CHECK(books.account(0).alone == 0);
}

TEST_CASE("a pool that pays per share pays at once, for all that is hashed", "[consensus][pow]")
{
    Pools pools{PoolPayout::pay_per_share, 0.1};
    for (const auto& [pool, rate] : {std::pair{"pool", 3.0}, {"pool", 1.0}, {"", 4.0}})
        pools.add(pool, rate);
    pools.options.groups[0].mines_until = 20 * one_second;
    auto books = pools.books();
    find_block(books, 10, 2);
    CHECK(books.account(0).paid == Approx(0.27));
    CHECK(books.account(1).paid == Approx(0.09));
    CHECK(books.account(2).paid == 0);
    find_block(books, 20, 0);
    find_block(books, 30, 0);
    CHECK(books.account(0).paid == Approx(0.54));
    CHECK(books.account(1).paid == Approx(0.27));
    CHECK(books.pool_account(1).paid == Approx(0.81));
    CHECK(books.pool_account(1).blocks == 2);
}

TEST_CASE("a pool that scores pays the less for hashes the older they are", "[consensus][pow]")
{
    Pools pools{PoolPayout::score};
    for (const auto& [pool, rate] :
        {std::pair{"pool", 3.0}, {"pool", 1.0}, {"", 4.0}, {"other", 2.0}})
        pools.add(pool, rate);
    pools.options.groups[3].mines_from = 20 * one_second;
    auto books = pools.books();
    // Ten seconds are 0.4 difficulties: what was there keeps e^-0.2.
    const auto kept = std::exp(-0.2);
    find_block(books, 10, 0);
    CHECK(books.account(0).paid == Approx(0.75 * (1 - kept)));
    CHECK(books.account(1).paid == Approx(0.25 * (1 - kept)));
    find_block(books, 20, 2);
    find_block(books, 30, 1);  // A block does not end a score.
    CHECK(books.account(0).paid == Approx(0.75 * (2 - kept - kept * kept * kept)));
    CHECK(books.account(3).paid == 0);
    find_block(books, 40, 3);
    // Of its own 0.4 difficulties: those of others do not count.
    CHECK(books.account(3).paid == Approx(1 - kept));
}

TEST_CASE("a hopper leaves a round that has become long, and comes back", "[consensus][pow]")
{
    Pools pools{PoolPayout::proportional};
    for (const auto& [pool, rate] : {std::pair{"pool", 3.0}, {"pool", 1.0}, {"pool", 4.0}})
        pools.add(pool, rate);
    pools.options.groups[2].strategy = MinerStrategy::pool_hopping;
    pools.options.groups[2].hops_after = 0.5;
    auto books = pools.books();
    // Eight hashes a second until 6.25 s, four from there on.
    find_block(books, 10, 2);
    CHECK(books.account(2).hashed == Approx(0.4));
    CHECK(books.account(2).in_pool == Approx(0.25));
    CHECK(books.account(2).alone == 1);
    CHECK(books.account(0).paid == 0);
    find_block(books, 20, 0);
    CHECK(books.account(2).in_pool == Approx(0.25));
    CHECK(books.account(2).paid == Approx(0.25 / 1.05));
    CHECK(books.account(0).paid == Approx(0.6 / 1.05));
    find_block(books, 25, 2);  // It is in again.
    CHECK(books.account(2).alone == 1);
    CHECK(books.account(2).in_pool == Approx(0.45));
    CHECK(books.account(2).paid == Approx(0.25 / 1.05 + 0.5));
}

TEST_CASE("who mines at times is counted by the middle of a span", "[consensus][pow]")
{
    Pools pools{PoolPayout::pay_per_share};
    pools.add("pool", 1);
    pools.options.groups[0].mines_from = 10 * one_second;
    pools.options.groups[0].mines_until = 50 * one_second;
    auto books = pools.books();
    find_block(books, 18, 0);
    CHECK(books.account(0).hashed == 0);
    books = pools.books();
    find_block(books, 20, 0);
    CHECK(books.account(0).hashed == Approx(0.2));
    find_block(books, 78, 0);
    CHECK(books.account(0).hashed == Approx(0.78));
    books = pools.books();
    find_block(books, 30, 0);
    find_block(books, 70, 0);
    CHECK(books.account(0).hashed == Approx(0.3));
    CHECK(!books.is_empty());
    CHECK(PoolBooks{PowOptions{}, {}}.is_empty());
}

}  // namespace runnel
