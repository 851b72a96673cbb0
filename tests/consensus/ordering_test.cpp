#include "consensus/builders.hpp"
#include "consensus/commitments.hpp"
#include "consensus/inclusion_list.hpp"
#include "consensus/mempool.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/toy_chain.hpp"

#include <algorithm>
#include <set>

using namespace runnel;
using namespace runnel::toy;

namespace
{
constexpr std::uint64_t base_fee = 10;
constexpr std::uint64_t block_gas = 30'000'000;
constexpr BlockFate stays{true, false};

/// Refused if somebody has claimed the object before.
CallWriter claim(std::uint64_t object)
{
    return calls(Touch{object, Mode::read, Mode::read, true}, Add{object, 1});
}
/// Never refused.
CallWriter note(std::uint64_t object)
{
    return calls(Add{object, 3});
}

struct Fixture
{
    Fixture()
    {
        for (std::size_t i = 0; i < 3; ++i)
            builders.push_back(chain.wallets[40 + i]);
    }

    BlockSlot slot(std::uint64_t number = 1) const
    {
        BlockSlot slot;
        slot.number = number;
        slot.base_fee = base_fee;
        slot.gas_limit = block_gas;
        slot.now_ms = static_cast<std::int64_t>(number) * 12'000;
        slot.timestamp = 1'000 + 12 * number;
        slot.proposer = slot.fee_recipient = chain.proposer;
        return slot;
    }
    /// Of a wallet, with a nonce so much above its account's.
    Transaction make(std::size_t wallet, const CallWriter& calls, std::uint64_t tip,
        std::uint64_t nonce_above = 0, std::uint64_t gas_limit = 40'000) const
    {
        auto transaction = chain.make(chain.wallets[wallet], calls, gas_limit, 1'000'000, tip);
        transaction.nonce += nonce_above;
        transaction.arrival_ms = 100;
        transaction.seal();
        return transaction;
    }
    /// The transactions of a bundle of one wallet.
    std::vector<Transaction> bundle(std::size_t wallet, std::uint64_t tip,
        const std::vector<CallWriter>& lists, const Transaction* victim = nullptr,
        std::uint8_t victim_position = BundleTerms::no_victim, std::uint64_t nonce_above = 0,
        std::uint64_t block = 1) const
    {
        std::vector<Transaction> all;
        for (const auto& list : lists)
        {
            auto transaction = make(wallet, list, tip, nonce_above + all.size());
            BundleTerms terms;
            terms.block = block;
            terms.first_nonce = transaction.nonce - all.size();
            terms.count = static_cast<std::uint8_t>(lists.size());
            terms.position = static_cast<std::uint8_t>(all.size());
            terms.victim_position = victim_position;
            terms.victim = victim == nullptr ? Hash{} : victim->hash;
            add_terms(transaction, terms);
            transaction.seal();
            all.push_back(std::move(transaction));
        }
        return all;
    }
    /// With builders; @p censored: whom the first two leave out.
    MempoolOptions builder_options(std::uint64_t list_gas, std::vector<AccountId> censored) const
    {
        MempoolOptions options;
        options.ordering = Ordering::builders;
        options.seed = 7;
        options.builders = {{builders[0], 1, 500, censored}, {builders[1], 1, 2'000, censored},
            {builders[2], 0, 0, {}}};
        options.inclusion_list_gas = list_gas;
        options.write_payment = [](const std::vector<BuilderBid>&, const BuilderBid& best,
                                    AccountId, AccountId proposer) {
            return calls(Pay{proposer, best.value});
        };
        return options;
    }

    ToyChain chain{50, Amount::power_of_ten(18)};
    std::vector<AccountId> builders;
};

MempoolOptions with(Ordering ordering)
{
    MempoolOptions options;
    options.ordering = ordering;
    options.seed = 7;
    return options;
}

void append(std::vector<Transaction>& all, std::vector<Transaction> more)
{
    std::move(more.begin(), more.end(), std::back_inserter(all));
}

std::vector<Hash> hashes(const std::vector<Transaction>& block)
{
    std::vector<Hash> result;
    for (const auto& transaction : block)
        result.push_back(transaction.hash);
    return result;
}

template <typename T>
void shuffle(std::vector<T>& items, RandomStream& random)
{
    for (std::size_t i = items.size(); i > 1; --i)
        std::swap(items[i - 1], items[random.uniform_below(i)]);
}

std::vector<Transaction> without(std::vector<Transaction> block, std::size_t position)
{
    block.erase(block.begin() + static_cast<std::ptrdiff_t>(position));
    return block;
}
}  // namespace

TEST_CASE_METHOD(Fixture, "bundles: all, adjacent and in order, or none", "[consensus][bundles]")
{
    const auto victim = make(1, note(5), 9);
    const auto other = make(2, note(6), 50);
    auto sandwich = bundle(3, 40, {claim(7), note(7)}, &victim, 1);
    Mempool pool{with(Ordering::bundles)};
    std::vector<Transaction> all{victim, other};
    append(all, sandwich);
    pool.add(all);
    const auto block = pool.build_block(*chain.world, slot(), {}, stays);
    // At the top, though others bid more, with the victim where the terms put it.
    CHECK(hashes(block) ==
          std::vector<Hash>{sandwich[0].hash, victim.hash, sandwich[1].hash, other.hash});
    BlockBuilder builder{with(Ordering::bundles)};
    CHECK(builder.check({}, block, *chain.world, slot()) == "");
    const auto executed = chain.run(block);
    for (const auto& receipt : executed.receipts)
        CHECK(receipt.status == ReceiptStatus::succeeded);
    CHECK(check_executed_bundles(executed.transactions, executed.receipts) == "");

    // A block of the same transactions in which somebody comes between is none, nor one with half
    // of the bundle.
    const std::vector<Transaction> apart{block[0], block[1], block[3], block[2]};
    CHECK(builder.check({}, apart, *chain.world, slot()) != "");
}

TEST_CASE_METHOD(Fixture, "bundles: a block with half of one is wrong", "[consensus][bundles]")
{
    const auto victim = make(1, note(5), 9);
    auto block = bundle(3, 40, {claim(7), note(7)}, &victim, 1);
    block.insert(block.begin() + 1, victim);
    BlockBuilder builder{with(Ordering::bundles)};
    REQUIRE(builder.check({}, block, *chain.world, slot()) == "");
    for (std::size_t i = 0; i < block.size(); ++i)
        CHECK(builder.check({}, without(block, i), *chain.world, slot()) != "");
    // Nor in another block than the one that it is for.
    CHECK(builder.check({}, block, *chain.world, slot(2)) != "");
    // Proposers who take no bundles know no such terms: the last one waits for the victim's tip.
    BlockBuilder plain{with(Ordering::priority_fee)};
    CHECK(plain.check({}, block, *chain.world, slot()) != "");
}

TEST_CASE_METHOD(
    Fixture, "bundles: of those that conflict the better bid is taken", "[consensus][bundles]")
{
    const auto victim = make(1, note(5), 9);
    std::vector<Transaction> all{victim};
    const auto low = bundle(3, 40, {claim(7), note(8)}, &victim, 1);
    const auto high = bundle(4, 41, {claim(9), note(10)}, &victim, 1);
    // Not about the victim, but about what the better one has claimed: it would be refused.
    const auto late = bundle(5, 30, {claim(9)});
    const auto apart = bundle(6, 20, {claim(11)});
    const auto impossible = bundle(8, 99, {calls(Refuse{1, RefusalKind::error})});
    for (const auto* some : {&low, &high, &late, &apart, &impossible})
        append(all, *some);
    Mempool pool{with(Ordering::bundles)};
    pool.add(all);
    const auto before = chain.state(chain.wallets[3]).balance;
    const auto block = pool.build_block(*chain.world, slot(), {}, stays);
    CHECK(
        hashes(block) == std::vector<Hash>{high[0].hash, victim.hash, high[1].hash, apart[0].hash});
    // What lost is in no block and costs nothing.
    std::multiset<Hash> dropped;
    for (const auto& transaction : pool.take_dropped())
    {
        CHECK(transaction.reason == DropReason::expired);
        dropped.insert(transaction.hash);
    }
    CHECK(
        dropped == std::multiset<Hash>{low[0].hash, low[1].hash, late[0].hash, impossible[0].hash});
    CHECK(pool.size() == 0);
    chain.run(block);
    CHECK(chain.state(chain.wallets[3]).balance == before);
    CHECK(chain.state(chain.wallets[3]).nonce == 0);
}

TEST_CASE_METHOD(
    Fixture, "bundles: rank by tips per gas of their own transactions", "[consensus][bundles]")
{
    // The victim's tip is the builder's anyway.
    const auto victim = make(1, note(5), 1'000'000);
    const auto around = bundle(3, 40, {claim(7)}, &victim, 0);
    const auto alone = bundle(4, 41, {claim(8)});
    std::vector<Transaction> all{victim};
    append(all, around);
    append(all, alone);
    Mempool pool{with(Ordering::bundles)};
    pool.add(all);
    CHECK(hashes(pool.build_block(*chain.world, slot(), {}, stays)) ==
          std::vector<Hash>{alone[0].hash, victim.hash, around[0].hash});
    // One sender's in the order of its nonces, whatever they bid.
    const auto first = bundle(5, 20, {claim(20)});
    const auto second = bundle(5, 90, {claim(21)}, nullptr, BundleTerms::no_victim, 1);
    const auto rival = bundle(6, 50, {claim(22)});
    Mempool other{with(Ordering::bundles)};
    for (const auto* some : {&second, &first, &rival})
        other.add(*some);
    CHECK(hashes(other.build_block(*chain.world, slot(), {}, stays)) ==
          std::vector<Hash>{rival[0].hash, first[0].hash, second[0].hash});
}

TEST_CASE_METHOD(Fixture, "bundles: what a transaction may use is not more than its limit",
    "[consensus][bundles]")
{
    auto greedy = bundle(3, 40, {calls(Burn{200'000})});
    Mempool pool{with(Ordering::bundles)};
    pool.add(greedy);
    CHECK(pool.build_block(*chain.world, slot(), {}, stays).empty());
}

TEST_CASE_METHOD(Fixture, "bundles: their senders pay for gas before they move their last coins",
    "[consensus][bundles]")
{
    const auto balance = chain.state(chain.wallets[3]).balance;
    const auto pay = [&](const Amount& held_back) {
        return calls(Pay{chain.wallets[4], wrapping_sub(balance, held_back)});
    };
    constexpr std::uint64_t price = base_fee + 40;
    // One holds back its limit of 40,000 at that price; a second one must have its limit at a
    // max_fee of 1,000,000 when the first has used 21,000.
    const auto alone = Amount{40'000 * price};
    const auto first = Amount{21'000 * price + 40'000ULL * 1'000'000};
    const std::vector<std::pair<std::vector<CallWriter>, bool>> cases{
        {{pay(alone)}, true},
        {{pay(wrapping_sub(alone, 1))}, false},
        {{pay(first), note(5)}, true},
        {{pay(wrapping_sub(first, 1)), note(5)}, false},
    };
    for (std::size_t i = 0; i < cases.size(); ++i)
    {
        CAPTURE(i);
        const auto& [lists, is_taken] = cases[i];
        auto sent = bundle(3, 40, lists);
        Mempool pool{with(Ordering::bundles)};
        pool.add(sent);
        CHECK(pool.build_block(*chain.world, slot(), {}, stays).size() ==
              (is_taken ? lists.size() : 0));
        // As the ledger has it.
        ToyChain other{50, Amount::power_of_ten(18)};
        other.base_fee = base_fee;
        const auto executed = other.run(sent);
        CHECK(check_executed_bundles(executed.transactions, executed.receipts).empty() == is_taken);
    }
}

TEST_CASE_METHOD(Fixture,
    "ordering: blocks follow from the set of what waits, and from "
    "themselves",
    "[consensus][bundles][builders][property]")
{
    const auto ordering = GENERATE(Ordering::bundles, Ordering::builders);
    RandomStream random{11, static_cast<std::uint64_t>(ordering), 0, 0};
    std::size_t bundled = 0;
    std::size_t permuted = 0;
    for (std::uint64_t round = 1; round <= 30; ++round)
    {
        CAPTURE(round);
        std::vector<Transaction> all;
        for (std::size_t wallet = 0; wallet < 20; ++wallet)
        {
            all.push_back(make(wallet,
                random.bernoulli(0.3) ? claim(random.uniform_below(6))
                                      : note(random.uniform_below(30)),
                random.uniform_below(6)));
        }
        for (std::size_t wallet = 20; wallet < 40; ++wallet)
        {
            const auto& victim = all[random.uniform_below(20)];
            const auto position = static_cast<std::uint8_t>(random.uniform_below(3));
            append(all, bundle(wallet, random.uniform_below(6),
                            {claim(random.uniform_below(6)), note(random.uniform_below(6))},
                            &victim, random.bernoulli(0.5) ? position : BundleTerms::no_victim, 0,
                            random.bernoulli(0.9) ? 1 : 2));
        }
        auto options = ordering == Ordering::bundles
                           ? with(ordering)
                           : builder_options(100'000, {chain.wallets[0], chain.wallets[1]});
        options.seed = round;
        auto at = slot();
        at.gas_limit = 1'000'000;
        const auto build = [&](const std::vector<Transaction>& set)
        {
            Mempool pool{options};
            pool.add(set);
            auto block = pool.build_block(*chain.world, at, {}, stays);
            at.fee_recipient = pool.fee_recipient();
            return block;
        };
        const auto block = build(all);
        REQUIRE(!block.empty());
        auto other = all;
        shuffle(other, random);
        REQUIRE(hashes(build(other)) == hashes(block));
        const auto check = [&](const std::vector<Transaction>& candidate)
        {
            if (ordering == Ordering::builders)
                return BuilderMarket{options}.check({}, candidate, *chain.world, at);
            return BlockBuilder{options}.check({}, candidate, *chain.world, at);
        };
        REQUIRE(check(block) == "");
        bundled += static_cast<std::size_t>(std::count_if(block.begin(), block.end(),
            [](const Transaction& transaction)
            { return find_terms<BundleTerms>(transaction).has_value(); }));
        for (int attempt = 0; attempt < 10; ++attempt)
        {
            auto changed = block;
            std::swap(changed[random.uniform_below(block.size())],
                changed[random.uniform_below(block.size())]);
            if (hashes(changed) == hashes(block))
                continue;
            REQUIRE(check(changed) != "");
            ++permuted;
        }
        // Those that were not chosen never change what becomes of the others.
        if (ordering == Ordering::bundles)
        {
            std::set<Hash> chosen;
            for (const auto& transaction : block)
                chosen.insert(transaction.hash);
            auto fewer = all;
            std::erase_if(fewer, [&](const Transaction& transaction)
                { return !chosen.contains(transaction.hash) && random.bernoulli(0.5); });
            REQUIRE(hashes(build(fewer)) == hashes(block));
        }
    }
    CHECK(bundled > 60);
    CHECK(permuted > 200);
}

TEST_CASE_METHOD(Fixture, "builders: the highest bid is real money", "[consensus][builders]")
{
    const auto options = builder_options(0, {});
    // 21,000 and two calls: 6,000 more each.
    std::vector<Transaction> all{make(1, note(5), 30), make(2, note(6), 20)};
    append(all, bundle(3, 100, {claim(7)}));
    Mempool pool{options};
    pool.add(all);
    const auto block = pool.build_block(*chain.world, slot(), {}, stays);
    REQUIRE(block.size() == 4);
    // The first one sees the bundle and has the smaller margin; the third one sees none.
    CHECK(pool.fee_recipient() == builders[0]);
    const auto terms = find_terms<PaymentTerms>(block.back());
    REQUIRE(terms);
    const std::uint64_t note_gas = 21'000 + 5'000;
    const std::uint64_t claim_gas = 21'000 + 1'000 + 5'000;
    const std::uint64_t open = 50 * note_gas - 21'000 * base_fee;
    const std::uint64_t all_of_it = open + 100 * claim_gas;
    REQUIRE(terms->bids.size() == 3);
    CHECK(
        terms->bids[0] == BuilderBid{0, Amount{all_of_it * 95 / 100}, 3, 2 * note_gas + claim_gas});
    CHECK(
        terms->bids[1] == BuilderBid{1, Amount{all_of_it * 80 / 100}, 3, 2 * note_gas + claim_gas});
    CHECK(terms->bids[2] == BuilderBid{2, Amount{open}, 2, 2 * note_gas});

    auto at = slot();
    at.fee_recipient = builders[0];
    BuilderMarket market{options};
    CHECK(market.check({}, block, *chain.world, at) == "");
    const auto proposer_before = chain.state(chain.proposer).balance;
    const auto builder_before = chain.state(builders[0]).balance;
    // The tips are the builder's, the bid is the proposer's.
    const auto recipient = std::exchange(chain.proposer, builders[0]);
    const auto executed = chain.run(block);
    chain.proposer = recipient;
    CHECK(executed.receipts.back().status == ReceiptStatus::succeeded);
    CHECK(chain.state(recipient).balance == wrapping_add(proposer_before, terms->bids[0].value));
    CHECK(chain.state(builders[0]).balance ==
          wrapping_add(builder_before, Amount{all_of_it - all_of_it * 95 / 100}));
}

TEST_CASE_METHOD(
    Fixture, "builders: a slot that is sold otherwise is wrong", "[consensus][builders]")
{
    const auto options = builder_options(0, {});
    std::vector<Transaction> all{make(1, note(5), 30), make(2, note(6), 20)};
    append(all, bundle(3, 100, {claim(7)}));
    Mempool pool{options};
    pool.add(all);
    const auto block = pool.build_block(*chain.world, slot(), {}, stays);
    BuilderMarket market{options};
    auto at = slot();
    at.fee_recipient = builders[0];
    REQUIRE(market.check({}, block, *chain.world, at) == "");
    const auto alter = [&](auto&& change)
    {
        auto other = block;
        auto terms = *find_terms<PaymentTerms>(other.back());
        change(terms, other.back());
        other.back().witnesses.clear();
        add_terms(other.back(), terms);
        other.back().seal();
        return market.check({}, other, *chain.world, at);
    };
    CHECK(alter([](PaymentTerms&, Transaction&) {}) == "");
    CHECK_THAT(alter([](PaymentTerms& terms, Transaction&) { terms.bids[0].value = 1; }),
        Catch::Contains("the bid is not what the block pays its builder"));
    CHECK_THAT(alter([](PaymentTerms& terms, Transaction&)
                   { terms.bids[1].value = wrapping_add(terms.bids[0].value, 1); }),
        Catch::Contains("not sold to the highest bid"));
    CHECK_THAT(
        alter([](PaymentTerms& terms, Transaction&) { terms.bids.erase(terms.bids.begin()); }),
        Catch::Contains("the bid is not what the block pays its builder"));
    CHECK_THAT(
        alter([](PaymentTerms& terms, Transaction&) { std::swap(terms.bids[0], terms.bids[1]); }),
        Catch::Contains("not one of each builder"));
    // It pays one wei less than it promises, or somebody else.
    CHECK_THAT(
        alter(
            [&](PaymentTerms& terms, Transaction& payment) {
                payment.set_calls(
                    calls(Pay{chain.proposer, wrapping_sub(terms.bids[0].value, 1)}).bytes());
            }),
        Catch::Contains("not the payment that the bid promises"));
    CHECK_THAT(alter(
                   [&](PaymentTerms& terms, Transaction& payment) {
                       payment.set_calls(calls(Pay{builders[1], terms.bids[0].value}).bytes());
                   }),
        Catch::Contains("not the payment that the bid promises"));
    // Without the payment; with the tips for somebody who is no builder, or did not build it; or
    // the proposer's own, with a bundle.
    CHECK_THAT(market.check({}, without(block, block.size() - 1), *chain.world, at),
        Catch::Contains("not its builder's payment"));
    at.fee_recipient = chain.wallets[5];
    CHECK_THAT(market.check({}, block, *chain.world, at), Catch::Contains("nor a builder"));
    at.fee_recipient = builders[1];
    CHECK_THAT(
        market.check({}, block, *chain.world, at), Catch::Contains("not its builder's payment"));
    at.fee_recipient = chain.proposer;
    CHECK_THAT(market.check({}, block, *chain.world, at),
        Catch::Contains("but no builder built the block"));
}

TEST_CASE_METHOD(Fixture, "builders: who is worth nothing does not bid", "[consensus][builders]")
{
    // A tip of 1 does not pay for the payment's own gas.
    const auto options = builder_options(0, {});
    Mempool pool{options};
    pool.add({make(1, note(5), 1), make(2, note(6), 3)});
    const auto block = pool.build_block(*chain.world, slot(), {}, stays);
    CHECK(block.size() == 2);
    CHECK(pool.fee_recipient() == chain.proposer);
    CHECK(BuilderMarket{options}.check({}, block, *chain.world, slot()) == "");
    // Nor does it bid what it does not have.
    chain.world->account_states.at(builders[2]).balance = 21'000 * base_fee + 5;
    Mempool rich{options};
    rich.add({make(1, note(5), 1'000), make(2, note(6), 3)});
    const auto sold = rich.build_block(*chain.world, slot(), {}, stays);
    const auto terms = find_terms<PaymentTerms>(sold.back());
    REQUIRE(terms);
    CHECK(terms->bids[2].value == 5);
}

TEST_CASE_METHOD(Fixture, "builders: inclusion lists defeat censors", "[consensus][builders]")
{
    const auto censored = chain.wallets[1];
    const auto unwanted = make(1, note(5), 90);
    std::vector<Transaction> all{unwanted, make(2, note(6), 20)};
    append(all, bundle(3, 300, {claim(7)}));  // So that the third builder does not win.
    const auto build = [&](std::uint64_t list_gas)
    {
        const auto options = builder_options(list_gas, {censored});
        Mempool pool{options};
        pool.add(all);
        auto block = pool.build_block(*chain.world, slot(), {}, stays);
        CHECK(pool.fee_recipient() == builders[0]);
        return block;
    };
    const auto has = [&](const std::vector<Transaction>& block)
    {
        return std::any_of(block.begin(), block.end(),
            [&](const Transaction& transaction) { return transaction.hash == unwanted.hash; });
    };
    const auto without_list = build(0);
    const auto with_list = build(1'000'000);
    CHECK(!has(without_list));
    CHECK(has(with_list));

    auto at = slot();
    at.fee_recipient = builders[0];
    BuilderMarket market{builder_options(1'000'000, {censored})};
    CHECK(market.check({}, with_list, *chain.world, at) == "");
    // A censor who signs for the list and leaves it out.
    const auto censor = [&](auto&& change, BlockSlot where)
    {
        auto block = without_list;
        auto terms = *find_terms<PaymentTerms>(block.back());
        terms.list = find_terms<PaymentTerms>(with_list.back())->list;
        change(terms.list);
        block.back().witnesses.clear();
        add_terms(block.back(), terms);
        block.back().seal();
        return market.check({}, block, *chain.world, where);
    };
    const auto entry = [&](std::vector<ListedTransaction>& list) -> ListedTransaction&
    {
        return *std::find_if(list.begin(), list.end(),
            [&](const ListedTransaction& listed) { return listed.hash == unwanted.hash; });
    };
    CHECK_THAT(
        censor([](auto&) {}, at), Catch::Contains("which the proposer's inclusion list names"));
    // It may leave out what has no room, cannot pay, or comes too late.
    CHECK(censor([&](auto& list) { entry(list).max_fee = base_fee - 1; }, at) == "");
    CHECK(censor([&](auto& list) { entry(list).nonce = 4; }, at) == "");
    auto full = at;
    full.gas_limit = 21'000 + 3 * 40'000;
    CHECK_THAT(censor([](auto&) {}, full), Catch::Contains("inclusion list names"));
    full.gas_limit -= 1;
    CHECK(censor([](auto&) {}, full) == "");
    // A list is no longer than the scenario allows.
    CHECK_THAT(censor([&](auto& list) { entry(list).gas_limit = 1'000'001; }, at),
        Catch::Contains("longer than the scenario allows"));
    // What a builder censors it must not have without a list either: its own rule.
    BuilderMarket no_list{builder_options(0, {censored})};
    CHECK(no_list.check({}, with_list, *chain.world, at) != "");
}

TEST_CASE_METHOD(
    Fixture, "builders: what they censor expires as everything does", "[consensus][builders]")
{
    auto options = builder_options(0, {chain.wallets[1]});
    options.lifetime_ms = 12'000;
    options.builders.pop_back();
    Mempool pool{options};
    const auto unwanted = make(1, note(5), 90);
    pool.add({unwanted});
    for (std::uint64_t block = 1; block <= 2; ++block)
    {
        CAPTURE(block);
        // So that a builder bids, and wins.
        auto paying = make(1 + block, note(6), 300);
        paying.arrival_ms = slot(block).now_ms - 1'000;
        paying.seal();
        pool.add({paying});
        CHECK(pool.build_block(*chain.world, slot(block), {}, stays).size() == 2);
        CHECK(pool.fee_recipient() == builders[0]);
        CHECK(pool.size() == (block == 1 ? 1 : 0));
    }
    const auto dropped = pool.take_dropped();
    REQUIRE(dropped.size() == 1);
    CHECK(dropped[0].hash == unwanted.hash);
    CHECK(dropped[0].reason == DropReason::expired);
}

TEST_CASE_METHOD(Fixture, "inclusion lists: who has waited longest", "[consensus][builders]")
{
    auto late = make(1, note(5), 90);
    late.arrival_ms = 9'000;
    auto early = make(2, note(5), 1);
    early.arrival_ms = 10;
    auto between = make(3, note(5), 1, 0, 60'000);
    between.arrival_ms = 500;
    auto unpaid = make(4, note(5), 1);
    unpaid.arrival_ms = 1;
    unpaid.max_fee = base_fee - 1;
    auto gap = make(5, note(5), 1, 1);
    gap.arrival_ms = 1;
    std::vector<Transaction> all{late, early, between, unpaid, gap};
    append(all, bundle(6, 90, {claim(1)}));
    seal_all(all);
    BlockBuilder builder{with(Ordering::bundles)};
    builder.build({}, {}, *chain.world, slot());
    const auto listed = [&](std::uint64_t gas)
    {
        std::vector<AccountId> senders;
        for (const auto& entry : make_inclusion_list(all, *chain.world, gas, builder))
            senders.push_back(chain.world->find_account(entry.sender).value());
        return senders;
    };
    const auto& w = chain.wallets;
    CHECK(listed(1'000'000) == std::vector<AccountId>{w[2], w[3], w[1]});
    CHECK(listed(100'000) == std::vector<AccountId>{w[2], w[3]});
    CHECK(listed(99'999) == std::vector<AccountId>{w[2], w[1]});  // What does not fit is skipped.
    CHECK(listed(39'999).empty());
}

namespace
{
/// What a wallet sends in a round, committed to.
std::vector<Transaction> committed(const Fixture& fixture, std::size_t wallet, std::uint64_t tip,
    const std::vector<CallWriter>& lists, std::uint64_t block = 1)
{
    std::vector<Transaction> all{fixture.make(wallet, {}, tip, 0, intrinsic_gas)};
    add_terms(all[0], CommitmentTerms{});
    for (const auto& list : lists)
        all.push_back(fixture.make(wallet, list, tip, all.size()));
    commit_to(all, 7, block, seal_all);
    return all;
}
}  // namespace

TEST_CASE_METHOD(Fixture, "commit and reveal: one block fixes the order of the next",
    "[consensus][commit_reveal]")
{
    const auto options = with(Ordering::commit_reveal);
    Mempool pool{options};
    const auto cheap = committed(*this, 1, 5, {claim(7), note(8)});
    const auto dear = committed(*this, 2, 9, {claim(7)});
    pool.add(cheap);
    pool.add(dear);
    pool.add({make(3, note(1), 99)});  // Open: no block has it.
    const auto first = pool.build_block(*chain.world, slot(1), {}, stays);
    CHECK(hashes(first) == std::vector<Hash>{dear[0].hash, cheap[0].hash});
    CommitmentBook nothing;
    CHECK(nothing.check(first, 0) == "");
    BlockBuilder builder{options};
    CHECK(builder.check({}, first, *chain.world, slot(1)) == "");
    chain.run(first);

    // Who sees in the second block what it reveals comes behind it, whatever it bids.
    const auto rival = committed(*this, 4, 1'000, {claim(7)}, 2);
    pool.add(rival);
    const auto second = pool.build_block(*chain.world, slot(2), {}, stays);
    CHECK(hashes(second) ==
          std::vector<Hash>{dear[1].hash, cheap[1].hash, cheap[2].hash, rival[0].hash});
    CommitmentBook book;
    book.note(first);
    CHECK(book.check(second, 0) == "");
    CHECK(builder.check({}, second, *chain.world, slot(2)) == "");
    // Not in another order, not what nobody has committed to, nothing open.
    const std::vector<Transaction> swapped{second[1], second[2], second[0], second[3]};
    CHECK(builder.check({}, swapped, *chain.world, slot(2)) != "");
    CHECK_THAT(nothing.check(second, 4), Catch::StartsWith("transaction 4: the block before"));
    auto altered = second;
    altered[1].max_fee += 1;
    altered[1].seal();
    CHECK_THAT(book.check(altered, 0), Catch::StartsWith("transaction 1: the block before"));
    CHECK_THAT(book.check(std::vector<Transaction>{make(3, note(1), 99)}, 0),
        Catch::StartsWith("transaction 0: the block before"));
    auto busy = rival[0];
    busy.set_calls(note(3).bytes());
    CHECK_THAT(book.check(std::vector<Transaction>{busy}, 0), Catch::Contains("does something"));
    // The same content with another salt is another commitment.
    CHECK(committed(*this, 4, 1'000, {claim(7)}, 3)[0].hash != rival[0].hash);
}

TEST_CASE_METHOD(
    Fixture, "commit and reveal: what misses its block is in none", "[consensus][commit_reveal]")
{
    const auto options = with(Ordering::commit_reveal);
    Mempool pool{options};
    auto all = committed(*this, 1, 5, {note(7)});
    for (auto& transaction : all)
        transaction.max_fee = base_fee + 1;
    // As the wallet would: with a limit that leaves the base fee little room.
    all[0].witnesses.clear();
    all[1].witnesses.clear();
    add_terms(all[0], CommitmentTerms{});
    commit_to(all, 7, 1, seal_all);
    pool.add(all);
    const auto first = pool.build_block(*chain.world, slot(1), {}, stays);
    REQUIRE(first.size() == 1);
    chain.run(first);
    auto risen = slot(2);
    risen.base_fee = base_fee + 2;
    CHECK(pool.build_block(*chain.world, risen, {}, stays).empty());
    const auto dropped = pool.take_dropped();
    REQUIRE(dropped.size() == 1);
    CHECK(dropped[0].hash == all[1].hash);
    CHECK(dropped[0].reason == DropReason::fee_below_base);
    CHECK(pool.size() == 0);
    // The commitment has paid its fee all the same.
    CHECK(chain.state(chain.wallets[1]).nonce == 1);
}

TEST_CASE_METHOD(Fixture, "commit and reveal: a commitment that is given up takes all along",
    "[consensus][commit_reveal]")
{
    auto options = with(Ordering::commit_reveal);
    options.lifetime_ms = 12'000;
    Mempool pool{options};
    auto all = committed(*this, 1, 5, {note(7), note(8)});
    pool.add(all);
    auto dear = slot(1);
    dear.base_fee = 2'000'000;
    CHECK(pool.build_block(*chain.world, dear, {}, stays).empty());
    CHECK(pool.size() == 3);
    dear.number = 2;
    dear.now_ms = 24'000;
    CHECK(pool.build_block(*chain.world, dear, {}, stays).empty());
    CHECK(pool.size() == 0);
    CHECK(pool.take_dropped().size() == 3);
}

TEST_CASE_METHOD(Fixture,
    "commit and reveal: another commitment with the same nonce commits to its own",
    "[consensus][commit_reveal]")
{
    const auto options = with(Ordering::commit_reveal);
    Mempool pool{options};
    // The first one's place is lost: it was evicted, and its wallet commits anew under its nonce.
    const auto orphan = committed(*this, 1, 5, {note(7)})[1];
    const auto next = committed(*this, 1, 5, {note(8)}, 2);
    REQUIRE(next[0].nonce < orphan.nonce);
    pool.add({orphan});
    pool.add(next);
    const auto first = pool.build_block(*chain.world, slot(2), {}, stays);
    CHECK(hashes(first) == std::vector<Hash>{next[0].hash});
    const auto dropped = pool.take_dropped();
    REQUIRE(dropped.size() == 1);
    CHECK(dropped[0].hash == orphan.hash);
    CHECK(dropped[0].reason == DropReason::nonce_gap);
    chain.run(first);
    const auto second = pool.build_block(*chain.world, slot(3), {}, stays);
    CHECK(hashes(second) == std::vector<Hash>{next[1].hash});
    CommitmentBook book;
    book.note(first);
    CHECK(book.check(second, 0) == "");
}

TEST_CASE_METHOD(Fixture, "commit and reveal: there is room for all that is committed to",
    "[consensus][commit_reveal]")
{
    const auto options = with(Ordering::commit_reveal);
    Mempool pool{options};
    auto at = slot(1);
    at.gas_limit = 130'000;  // Three of 40,000; six commitments.
    for (std::size_t wallet = 1; wallet <= 5; ++wallet)
        pool.add(committed(*this, wallet, 10 - wallet, {note(wallet)}));
    const auto first = pool.build_block(*chain.world, at, {}, stays);
    CHECK(first.size() == 3);
    BlockBuilder builder{options};
    CHECK(builder.check({}, first, *chain.world, at) == "");
    chain.run(first);
    at.number = 2;
    at.now_ms = 24'000;
    const auto second = pool.build_block(*chain.world, at, {}, stays);
    CHECK(second.size() == 3);
    CHECK(std::all_of(second.begin(), second.end(),
        [](const Transaction& transaction)
        { return find_terms<RevealTerms>(transaction).has_value(); }));
}

TEST_CASE("terms: are read back, or are none", "[consensus]")
{
    Transaction transaction;
    CHECK(!find_terms<BundleTerms>(transaction));
    const BundleTerms terms{5, 6, 2, 1, 0, keccak256(std::string_view{"victim"})};
    // Behind a witness of somebody else's.
    Encoder{transaction.witnesses}.put(CallList{Bytes{1, 2, 3}});
    add_terms(transaction, terms);
    add_terms(transaction, RevealTerms{3, 4});
    CHECK(find_terms<BundleTerms>(transaction) == terms);
    CHECK(find_terms<RevealTerms>(transaction)->salt == 4);
    CHECK(!find_terms<PaymentTerms>(transaction));
    // Cut anywhere they are none, and nothing is read beyond the end.
    const auto whole = transaction.witnesses;
    for (std::size_t size = 0; size < whole.size(); ++size)
    {
        transaction.witnesses.assign(
            whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
        CHECK(!find_terms<RevealTerms>(transaction));
    }
}
