#include "actors/cohort.hpp"

#include "tests/actors/behaviour.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <deque>
#include <limits>
#include <string>

using namespace runnel;
using namespace runnel::actors;
using namespace runnel::toy;

namespace
{
constexpr std::uint64_t gwei = 1'000'000'000;
constexpr std::uint64_t base_fee = 20 * gwei;
constexpr std::uint64_t never = std::numeric_limits<std::uint64_t>::max();

/// One group of wallets with a tip of 2 gwei and room for the base fee to double.
struct Fixture
{
    ToyChain chain{10};
    std::shared_ptr<Behaviour> behaviour = std::make_shared<Behaviour>();
    ReferencePrices prices{{}};
    WorldView view;
    std::vector<AgentGroupSetup::Stop> stops;
    std::vector<AgentGroupSetup::Change> changes;
    std::deque<Cohort> cohorts;  // Stay where they are.

    Fixture()
    {
        behaviour->decide = [](std::size_t, WalletContext&) { return never; };
        look(1);
    }
    void look(std::uint64_t block)
    {
        view.block_number = block;
        view.now_ms = static_cast<std::int64_t>(block) * 12'000;
        view.base_fee = base_fee;
        view.world = chain.world.get();
        view.prices = &prices;
    }
    Cohort& make(std::size_t first, std::size_t count)
    {
        Puppet::behaviour = behaviour;
        AgentGroupSetup group;
        group.name = "toys";
        group.strategy = &Puppet::strategy_type();
        group.priority_fee = constant(2);
        group.max_base_fee_multiple = constant(2);
        group.max_fee = constant(1'000'000);
        group.stops = stops;
        group.changes = changes;
        WalletGroup wallets;
        wallets.name = "toys";
        wallets.seed = 11;
        wallets.stream = 12;
        wallets.first_number = static_cast<std::uint32_t>(first);
        const auto begin = chain.wallets.begin() + static_cast<std::ptrdiff_t>(first);
        wallets.accounts.assign(begin, begin + static_cast<std::ptrdiff_t>(count));
        wallets.world = chain.world.get();
        return cohorts.emplace_back(group, std::move(wallets));
    }
    std::vector<Transaction> round(
        Cohort& cohort, std::uint64_t block, const std::vector<AddressedOutcome>& outcomes = {})
    {
        look(block);
        cohort.begin(view, {outcomes, {}, {}});
        cohort.decide();
        return cohort.take_transactions();
    }
    AddressedOutcome outcome(std::uint64_t nonce, TransactionOutcome::Kind kind) const
    {
        TransactionOutcome result;
        result.nonce = nonce;
        result.kind = kind;
        return {chain.wallets[0], result};
    }
    /// The chain has executed so many of the first wallet's transactions.
    void set_nonce(std::uint64_t nonce)
    {
        chain.world->account_states.at(chain.wallets[0]).nonce = nonce;
    }
};

constexpr auto succeeded = TransactionOutcome::Kind::succeeded;
constexpr auto reverted = TransactionOutcome::Kind::reverted;
constexpr auto dropped = TransactionOutcome::Kind::dropped;

std::vector<std::uint64_t> nonces(const std::vector<Transaction>& transactions)
{
    std::vector<std::uint64_t> result;
    for (const auto& transaction : transactions)
        result.push_back(transaction.nonce);
    return result;
}
using Nonces = std::vector<std::uint64_t>;
}  // namespace

TEST_CASE_METHOD(
    Fixture, "cohort: nonces go on from the chain's and from what is pending", "[actors][cohort]")
{
    std::vector<std::uint32_t> pending;
    behaviour->decide = [&](std::size_t, WalletContext& wallet)
    {
        pending.push_back(wallet.pending());
        for (std::uint64_t i = 0; i < 3; ++i)
            wallet.submit(calls(Read{i}), wallet.habitual_bid());
        return wallet.view().block_number + 1;
    };
    set_nonce(5);
    auto& cohort = make(0, 1);
    CHECK(nonces(round(cohort, 1)) == Nonces{5, 6, 7});
    CHECK(nonces(round(cohort, 2)) == Nonces{8, 9, 10});
    set_nonce(7);
    CHECK(nonces(round(cohort, 3, {outcome(5, succeeded), outcome(6, reverted)})) ==
          Nonces{11, 12, 13});
    CHECK(pending == std::vector<std::uint32_t>{0, 3, 4});
}

TEST_CASE_METHOD(Fixture, "cohort: a dropped transaction's gap is filled first", "[actors][cohort]")
{
    behaviour->decide = [](std::size_t, WalletContext& wallet)
    {
        const auto count = wallet.view().block_number == 1 ? 4 : 2;
        for (int i = 0; i < count; ++i)
            wallet.submit(calls(Read{}), wallet.habitual_bid());
        return wallet.view().block_number + 1;
    };
    auto& cohort = make(0, 1);
    CHECK(nonces(round(cohort, 1)) == Nonces{0, 1, 2, 3});
    set_nonce(1);
    CHECK(nonces(round(cohort, 2, {outcome(0, succeeded), outcome(1, dropped)})) == Nonces{1, 4});
    CHECK(nonces(round(cohort, 3, {outcome(1, dropped), outcome(3, dropped)})) == Nonces{1, 3});
}

TEST_CASE_METHOD(
    Fixture, "cohort: wallets that are stopped decide when it is over", "[actors][cohort]")
{
    std::vector<std::uint64_t> decided;
    behaviour->decide = [&](std::size_t, WalletContext& wallet)
    {
        decided.push_back(wallet.view().block_number);
        return wallet.view().block_number + 1;
    };
    stops = {{6, 8}, {3, 5}, {7, 9}, {11, never}};
    auto& cohort = make(0, 1);
    for (std::uint64_t block = 1; block <= 14; ++block)
        (void)round(cohort, block);
    CHECK(decided == std::vector<std::uint64_t>{1, 2, 5, 9, 10});
    CHECK(cohort.next_block() == never);
}

TEST_CASE_METHOD(Fixture,
    "cohort: a change of parameters takes place once, and what they bid follows",
    "[actors][cohort]")
{
    behaviour->decide = [](std::size_t, WalletContext& wallet)
    {
        wallet.submit(calls(Read{}), wallet.habitual_bid());
        return wallet.view().block_number + 1;
    };
    changes = {{3, {}, constant(5), constant(2), constant(1'000'000)},
        {3, {}, constant(6), constant(3), constant(1'000'000)},
        {6, {}, constant(1), constant(2), constant(15)}};
    auto& cohort = make(0, 1);
    std::vector<std::pair<std::uint64_t, std::uint64_t>> bids;  // Tip and limit, in gwei.
    for (std::uint64_t block = 1; block <= 6; ++block)
    {
        const auto sent = round(cohort, block);
        bids.emplace_back(sent[0].max_priority_fee / gwei, sent[0].max_fee / gwei);
    }
    using Bids = decltype(bids);
    CHECK(bids == Bids{{2, 42}, {2, 42}, {6, 66}, {6, 66}, {6, 66}, {1, 15}});

    // Cut in between, it goes on with what holds then.
    auto& resumed = make(0, 1);
    resumed.start_at(5);
    const auto sent = round(resumed, 5);
    CHECK(sent.at(0).max_priority_fee == 6 * gwei);
}

TEST_CASE_METHOD(Fixture, "cohort: outcomes come back with their tags", "[actors][cohort]")
{
    std::vector<std::pair<std::uint64_t, std::uint64_t>> told;
    behaviour->decide = [](std::size_t, WalletContext& wallet)
    {
        for (std::uint64_t tag = 70; tag < 73; ++tag)
            wallet.submit(calls(Read{}), wallet.habitual_bid(), tag);
        return never;
    };
    behaviour->learn = [&](std::size_t position, const TransactionOutcome& outcome)
    {
        CHECK(position == 0);
        told.emplace_back(outcome.nonce, outcome.tag);
        return false;
    };
    auto& cohort = make(0, 3);
    round(cohort, 1);
    round(cohort, 2, {outcome(2, dropped), outcome(0, succeeded), outcome(1, reverted)});
    CHECK(told == std::vector<std::pair<std::uint64_t, std::uint64_t>>{{2, 72}, {0, 70}, {1, 71}});
}

TEST_CASE_METHOD(
    Fixture, "cohort: letters come in their senders' order, and wake", "[actors][cohort]")
{
    std::string heard;
    std::string acted;
    behaviour->decide = [&](std::size_t position, WalletContext& wallet)
    {
        acted += std::to_string(position);
        if (wallet.view().block_number == 1)
        {
            wallet.tell(chain.wallets[7], {static_cast<std::uint8_t>('a' + position)});
            wallet.tell(chain.wallets[7], {static_cast<std::uint8_t>('A' + position)});
        }
        return never;
    };
    behaviour->hear = [&](std::size_t position, const Letter& letter)
    {
        heard += std::to_string(position) + static_cast<char>(letter.content.at(0));
        CHECK(letter.from == chain.wallets[letter.content[0] % 32 - 1]);
        return letter.content[0] == 'A';
    };
    auto& senders = make(0, 3);
    round(senders, 1);
    auto letters = senders.take_letters();
    REQUIRE(letters.size() == 6);
    CHECK(senders.take_letters().empty());
    // As if cohorts had answered in another order.
    std::rotate(letters.begin(), letters.begin() + 4, letters.end());
    auto& others = make(5, 5);
    acted.clear();
    round(others, 1);
    acted.clear();
    look(2);
    others.begin(view, {{}, letters, {}});
    CHECK(heard == "2a2A2b2B2c2C");
    others.decide();
    CHECK(acted == "2");  // Once, of all who could.
}

TEST_CASE_METHOD(Fixture, "cohort: bids grow after drops and relax again", "[actors][cohort]")
{
    std::vector<Bid> bids;
    behaviour->decide = [&](std::size_t, WalletContext& wallet)
    {
        bids.push_back(wallet.habitual_bid());
        wallet.submit(calls(Read{}), {bids.back().priority_fee, 0, 0});
        return wallet.view().block_number + 1;
    };
    auto& cohort = make(0, 1);
    std::uint64_t block = 1;
    const auto next = [&](const std::vector<AddressedOutcome>& outcomes)
    {
        const auto transaction = round(cohort, block++, outcomes).at(0);
        // A bid without a maximal fee has the habit's.
        CHECK(transaction.max_fee == bids.back().max_fee);
        CHECK(transaction.max_priority_fee == bids.back().priority_fee);
        return std::pair{bids.back().priority_fee, bids.back().max_fee};
    };
    CHECK(next({}) == std::pair{2 * gwei, 42 * gwei});
    CHECK(next({outcome(0, dropped)}) == std::pair{3 * gwei, 63 * gwei});
    CHECK(next({outcome(0, dropped)}) == std::pair{4 * gwei + gwei / 2, 94 * gwei + gwei / 2});
    auto last = bids.back().priority_fee;
    for (std::uint64_t nonce = 0; last > 2 * gwei; ++nonce)
    {
        REQUIRE(nonce < 40);
        next({outcome(nonce, nonce % 2 == 0 ? succeeded : reverted)});
        CHECK(bids.back().priority_fee < last);
        last = bids.back().priority_fee;
    }
    CHECK(last == 2 * gwei);
    next({outcome(40, succeeded)});
    CHECK(bids.back().priority_fee == 2 * gwei);
    for (int i = 0; i < 100; ++i)
        next({outcome(0, dropped)});
    CHECK(bids.back().priority_fee == 2 * gwei * 1'000);
}

TEST_CASE_METHOD(Fixture, "cohort: an own bid is taken as it is", "[actors][cohort]")
{
    behaviour->decide = [](std::size_t, WalletContext& wallet)
    {
        wallet.submit(calls(Read{}), {.priority_fee = 7, .max_fee = 9, .extra_gas = 55});
        wallet.submit(calls(Read{}), {.priority_fee = 9, .max_fee = 7});
        return never;
    };
    auto& cohort = make(0, 1);
    const auto transactions = round(cohort, 1);
    CHECK(transactions.at(0).max_priority_fee == 7);
    CHECK(transactions[0].max_fee == 9);
    CHECK(transactions[0].gas_limit == intrinsic_gas + Read::gas + 55);
    // The maximal fee includes the tip.
    CHECK(transactions[1].max_fee == 9);
}

TEST_CASE_METHOD(Fixture, "cohort: the gas limit is what the calls will use", "[actors][cohort]")
{
    const auto innermost = calls(Add{1, 1}, Read{2});
    const auto inner = calls(Nest{3, innermost.list()}, Mint{chain.wallets[0], 5, 5});
    const std::vector<CallWriter> lists{CallWriter{}, calls(Read{1}), calls(Add{1, 2}, Copy{1, 2}),
        calls(Pay{chain.wallets[1], 5}), calls(Nest{1, inner.list()}, Read{2})};
    behaviour->decide = [&](std::size_t, WalletContext& wallet)
    {
        for (const auto& list : lists)
            wallet.submit(list, wallet.habitual_bid());
        return never;
    };
    auto& cohort = make(0, 1);
    const auto block = chain.run(round(cohort, 1), 0, {}, {});
    REQUIRE(block.receipts.size() == lists.size());
    for (std::size_t i = 0; i < lists.size(); ++i)
    {
        CAPTURE(i);
        CHECK(block.receipts[i].status == ReceiptStatus::succeeded);
        CHECK(block.receipts[i].gas_used == block.transactions[i].gas_limit);
    }
}

TEST_CASE_METHOD(
    Fixture, "cohort: questions go out by contract and come back in order", "[actors][cohort]")
{
    behaviour->decide = [](std::size_t position, WalletContext& wallet)
    {
        if (position == 1)
            return never;
        wallet.ask(ContractId{9}, {{}, {}, 10 * position + 1});
        wallet.ask(ContractId{4}, {{}, {}, 10 * position + 2});
        wallet.ask(ContractId{9}, {{}, {}, 10 * position + 3});
        return wallet.view().block_number + 1;  // Overruled by what quoted() says.
    };
    std::vector<std::size_t> asked;
    behaviour->quoted =
        [&](std::size_t position, WalletContext& wallet, std::span<const QuoteAnswer> answers)
    {
        asked.push_back(position);
        CHECK(wallet.number() == position + 3);
        CHECK(answers.size() == 3);
        for (std::size_t i = 0; i < 3; ++i)
        {
            CHECK(answers[i].contract == ContractId{i == 1 ? 4U : 9U});
            CHECK(answers[i].request.amount_in == 10 * position + i + 1);
            const auto expected = i == 1 ? std::optional<Amount>{}
                                         : std::optional{Amount{1'000 + 10 * position + i + 1}};
            CHECK(answers[i].amount_out == expected);
        }
        wallet.submit(calls(Read{position}), wallet.habitual_bid());
        return std::uint64_t{5};
    };
    auto& cohort = make(3, 3);
    CHECK(round(cohort, 1).empty());
    const auto questions = cohort.take_questions();
    REQUIRE(questions.size() == 2);
    CHECK(questions[0].contract == ContractId{4});
    CHECK(questions[1].contract == ContractId{9});
    REQUIRE(questions[1].requests.size() == 4);
    // The second contract answers first.
    std::vector<std::optional<Amount>> answers;
    for (const auto& request : questions[1].requests)
        answers.emplace_back(wrapping_add(request.amount_in, 1'000));
    cohort.answer(questions[1].contract, answers);
    cohort.answer(questions[0].contract, {std::nullopt, std::nullopt});
    cohort.quoted();
    CHECK(asked == std::vector<std::size_t>{0, 2});
    CHECK(cohort.take_transactions().size() == 2);
    CHECK(cohort.take_questions().empty());
    CHECK(cohort.next_block() == 5);
}

TEST_CASE_METHOD(Fixture, "cohort: wallets act when they are due or when they learn something",
    "[actors][cohort]")
{
    std::vector<std::pair<std::uint64_t, std::size_t>> acts;
    behaviour->first_block = [](std::size_t position) { return 2 * position; };  // 0, 2, 4.
    behaviour->decide = [&](std::size_t position, WalletContext& wallet)
    {
        acts.emplace_back(wallet.view().block_number, position);
        return position == 0 ? never : wallet.view().block_number;  // The next one at the earliest.
    };
    behaviour->learn = [](std::size_t, const TransactionOutcome& outcome)
    { return outcome.kind == dropped; };
    auto& cohort = make(0, 3);
    CHECK(cohort.next_block() == 1);
    round(cohort, 1);
    CHECK(cohort.next_block() == 2);
    round(cohort, 2);
    CHECK(cohort.next_block() == 3);
    round(cohort, 3, {outcome(0, dropped), outcome(0, dropped)});  // Woken once.
    round(cohort, 4, {outcome(0, reverted)});
    using Acts = std::vector<std::pair<std::uint64_t, std::size_t>>;
    std::sort(acts.begin(), acts.end());
    CHECK(acts == Acts{{1, 0}, {2, 1}, {3, 0}, {3, 1}, {4, 1}, {4, 2}});
}

TEST_CASE_METHOD(
    Fixture, "cohort: what a wallet does does not depend on its cohort", "[actors][cohort]")
{
    behaviour->first_block = [](std::size_t) { return 1; };
    behaviour->decide = [](std::size_t, WalletContext& wallet)
    {
        for (auto left = wallet.random().uniform_below(3); left > 0; --left)
        {
            wallet.submit(
                calls(Add{wallet.number(), wallet.random().next_uint64()}), wallet.habitual_bid());
        }
        return wallet.view().block_number + 1 + wallet.random().uniform_below(2);
    };
    const auto hashes = [&](std::size_t size)
    {
        cohorts.clear();
        for (std::size_t first = 0; first < 10; first += size)
            make(first, std::min<std::size_t>(size, 10 - first));
        std::vector<std::pair<Hash, std::int64_t>> result;
        for (std::uint64_t block = 1; block < 8; ++block)
        {
            for (auto& cohort : cohorts)
            {
                for (const auto& transaction : round(cohort, block))
                {
                    result.emplace_back(transaction.hash, transaction.arrival_ms);
                    // It arrived in the slot before the block.
                    CHECK(transaction.arrival_ms < view.now_ms);
                    CHECK(transaction.arrival_ms >= view.now_ms - 12'000);
                }
            }
        }
        std::sort(result.begin(), result.end());
        return result;
    };
    const auto whole = hashes(10);
    CHECK(whole.size() > 30);
    CHECK(hashes(1) == whole);
    CHECK(hashes(3) == whole);
}

TEST_CASE_METHOD(Fixture, "cohort: a transaction says why, and no hash covers it", "[actors]")
{
    behaviour->decide = [](std::size_t, WalletContext& wallet)
    {
        Motive theft{Purpose::attack, incident_of(wallet.account(), 0), ContractId{0}, 7, {}};
        wallet.submit(calls(Add{1, 1}), wallet.habitual_bid());
        wallet.submit(calls(Add{1, 1}), wallet.habitual_bid(), 0, theft);
        theft.purpose = Purpose::unstated;
        wallet.submit(calls(Add{1, 1}), wallet.habitual_bid(), 0, theft);
        return never;
    };
    auto& cohort = make(0, 1);
    const auto sent = round(cohort, 1);
    REQUIRE(sent.size() == 3);
    CHECK(sent[0].motive.purpose == Purpose::trade);  // The strategy's.
    CHECK(sent[0].motive.incident == 0);
    CHECK(sent[1].motive.purpose == Purpose::attack);
    CHECK(sent[1].motive.incident == incident_of(chain.wallets[0], 0));
    CHECK(sent[1].motive.stolen == 7);
    CHECK(sent[2].motive.purpose == Purpose::trade);
    CHECK(sent[2].motive.incident == sent[1].motive.incident);
    auto innocent = sent[1];
    innocent.motive = {};
    innocent.seal();
    CHECK(innocent.hash == sent[1].hash);
}

TEST_CASE_METHOD(Fixture, "cohort: who sees the mempool sends after what he saw", "[actors]")
{
    MempoolView seen;
    seen.as_of_ms = 11'500;
    behaviour->decide = [](std::size_t, WalletContext& wallet)
    {
        wallet.submit(calls(Add{1, 1}), wallet.habitual_bid());
        return never;
    };
    auto& cohort = make(0, 10);
    look(1);
    view.mempool = &seen;
    cohort.begin(view, {});
    cohort.decide();
    const auto sent = cohort.take_transactions();
    REQUIRE(sent.size() == 10);
    for (const auto& transaction : sent)
    {
        CHECK(transaction.arrival_ms >= 11'500);
        CHECK(transaction.arrival_ms < 12'000);
    }
}
