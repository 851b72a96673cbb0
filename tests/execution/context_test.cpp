#include "execution/context.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/toy_chain.hpp"

#include <algorithm>

using namespace runnel;
using namespace runnel::toy;

namespace
{
constexpr std::uint64_t object = 0xABCD'0000'0000'0007U;

/// Two wallets, with an object that holds 5 already.
struct Fixture : ToyChain
{
    Fixture() : ToyChain{2, Amount{1'000'000'000}}
    {
        counters->counters.at(object) = {Amount{5}, 1};
    }
    AccountId alice = wallets[0];
    AccountId bob = wallets[1];

    Receipt run_one(const CallWriter& list, std::uint64_t gas_limit = 500'000)
    {
        return run(make(alice, list, gas_limit)).receipts.front();
    }
    /// Runs the calls and checks that they were refused and changed nothing but the fee and nonce.
    Receipt refuse(const CallWriter& list, std::uint64_t gas_limit = 500'000)
    {
        const auto before = state(alice);
        const auto counter = counters->counters.get(object);
        const auto block = run(make(alice, list, gas_limit));
        const auto& receipt = block.receipts.front();
        CHECK(receipt.status == ReceiptStatus::reverted);
        CHECK(receipt.event_count == 0);
        CHECK(block.events.empty());
        CHECK(block.event_bytes.empty());
        CHECK(counters->counters.get(object) == counter);
        CHECK(counters->counters.keys() == std::vector{object});
        CHECK(state(alice).nonce == before.nonce + 1);
        CHECK(state(alice).balance == wrapping_sub(before.balance, receipt.gas_used * 13));
        return receipt;
    }
};
}  // namespace

TEST_CASE_METHOD(
    Fixture, "context: calls run in order and return the last one's values", "[ledger][context]")
{
    std::vector<Transaction> transactions;
    transactions.push_back(make(alice, calls(Add{object, 1}, Add{object, 2}, Read{object})));
    ExecutionOptions options;
    options.keep_returns = true;
    const auto block = run(std::move(transactions), 0, {}, options);
    const Amount expected{(5 * 31 + 1) * 31 + 2};
    CHECK(block.receipts[0].status == ReceiptStatus::succeeded);
    CHECK(block.receipts[0].gas_used == intrinsic_gas + 2 * Add::gas + Read::gas);
    CHECK(counters->counters.get(object) == Counter{expected, 3});
    REQUIRE(execution.returns()[0].count == 1);
    CHECK(execution.returns()[0].values[0] == expected);

    REQUIRE(block.receipts[0].event_count == 3);
    Observed observed;
    REQUIRE(decode(block.encoding(block.events[1]), observed));
    CHECK(observed.account == alice);
    CHECK(observed.value == expected);
}

TEST_CASE_METHOD(Fixture, "context: declared accesses are hints", "[ledger][context]")
{
    const auto declared = GENERATE(Mode::none, Mode::read, Mode::credit, Mode::write);
    const auto actual = GENERATE(Mode::none, Mode::read, Mode::credit, Mode::write);
    const auto refuses = GENERATE(false, true);
    const auto workers = GENERATE(0U, 2U);
    CAPTURE(declared, actual, refuses, workers);
    std::vector<Transaction> transactions;
    transactions.push_back(make(alice, calls(Touch{object, declared, actual, refuses})));
    transactions.push_back(make(bob, calls(Add{object + 1, 1})));
    const auto receipt = run(std::move(transactions), workers).receipts.front();
    const bool looks = actual == Mode::read || actual == Mode::write;
    CHECK(receipt.gas_used == intrinsic_gas + Touch::gas);
    CHECK((receipt.status == ReceiptStatus::reverted) == (refuses && looks));
    if (receipt.status == ReceiptStatus::reverted)
        CHECK(receipt.refusal.to_string() == "seen");
    const bool changes = actual == Mode::credit || (actual == Mode::write && !refuses);
    CHECK(counters->counters.get(object).value == (changes ? 77 : 5));
    CHECK(counters->counters.get(object + 1).value == 1);
    // Who declares an addition promises not to look, who declares a reading not to write.
    const bool is_covered = actual == Mode::none || actual == declared || declared == Mode::write;
    CHECK(redone_blocks == (is_covered || workers == 0 ? 0 : 1));
}

TEST_CASE_METHOD(Fixture, "context: what another call of the transaction declared may be touched",
    "[ledger][context]")
{
    // One access list per transaction: read by one call, written by the next.
    CHECK(run_one(calls(Read{object}, Add{object, 1}, Touch{object, Mode::none, Mode::write}))
              .status == ReceiptStatus::succeeded);
    CHECK(counters->counters.get(object).value == 77);
}

TEST_CASE_METHOD(Fixture, "context: nested calls run inside their caller", "[ledger][context]")
{
    const auto innermost = calls(Add{object, 100});
    const auto inner = calls(Nest{object, innermost.list()}, Read{object});
    std::vector<Transaction> transactions;
    transactions.push_back(make(alice, calls(Nest{object, inner.list()})));
    ExecutionOptions options;
    options.keep_returns = true;
    const auto block = run(std::move(transactions), 0, {}, options);
    REQUIRE(block.receipts[0].status == ReceiptStatus::succeeded);
    Amount expected{5};
    for (const auto amount : {1, 1, 100, 1})
        expected = wrapping_add(wrapping_mul(expected, 31), static_cast<std::uint64_t>(amount));
    CHECK(execution.returns()[0].values[0] == expected);  // What Read saw, handed up.
    CHECK(counters->counters.get(object).value == wrapping_add(wrapping_mul(expected, 31), 1));
    CHECK(block.receipts[0].gas_used == intrinsic_gas + 2 * Nest::gas + Add::gas + Read::gas);
}

TEST_CASE_METHOD(Fixture, "context: a refusal in a callback takes the whole transaction back",
    "[ledger][context]")
{
    const auto inner = calls(Add{object, 3}, Refuse{object + 1, RefusalKind::error});
    const auto receipt = refuse(calls(Add{object, 3}, Nest{object, inner.list()}));
    CHECK(receipt.refusal.to_string() == "Toy: REFUSED");
}

TEST_CASE_METHOD(Fixture, "context: eight lists of calls nest, nine do not", "[ledger][context]")
{
    auto list = calls(Add{object, 1});
    for (int lists = 2; lists <= 8; ++lists)
        list = calls(Nest{object, CallWriter{list}.list()});
    CHECK(run_one(list).status == ReceiptStatus::succeeded);
    // Side by side there may be as many as one likes.
    const Nest nest{object + 1, CallList{}};
    CHECK(run_one(calls(nest, nest, nest, nest, nest)).status == ReceiptStatus::succeeded);
    counters->counters.at(object + 1) = {};
    list = calls(Nest{object, CallWriter{list}.list()});
    CHECK(refuse(list).refusal.to_string() == "calls nested too deep");
}

TEST_CASE_METHOD(Fixture, "context: calls charge on their way, and what is left when they succeed",
    "[ledger][context]")
{
    constexpr auto entry = Spend::entry_gas;
    constexpr auto whole = Spend::gas;
    static_assert(entry == 1'000 && whole == 20'000);
    const auto gas_of = [&](const Spend& spend, bool refuses)
    {
        const auto receipt = run_one(calls(spend));
        CHECK((receipt.status == ReceiptStatus::reverted) == refuses);
        return receipt.gas_used - intrinsic_gas;
    };
    // Used, saved, charged beyond the figure, used of that.
    CHECK(gas_of({}, false) == whole);
    CHECK(gas_of({7'000}, false) == whole);
    CHECK(gas_of({.use = 100'000}, false) == whole);
    CHECK(gas_of({.use = 7'000, .save = 5'000}, false) == whole - 5'000);
    CHECK(gas_of({.use = 7'000, .save = 50'000}, false) == entry + 7'000);
    CHECK(gas_of({.use = 7'000, .charge = 9'000}, false) == whole + 9'000);
    CHECK(gas_of({.use = 7'000, .charge = 9'000, .use_more = 8'000}, false) == whole + 9'000);
    CHECK(gas_of({.refuses = true}, true) == entry);
    CHECK(gas_of({.use = 7'000, .refuses = true}, true) == entry + 7'000);
    CHECK(gas_of({.use = 100'000, .refuses = true}, true) == whole);
    CHECK(gas_of({.use = 7'000, .save = 50'000, .refuses = true}, true) == entry + 7'000);
    CHECK(gas_of({.use = 7'000, .charge = 9'000, .refuses = true}, true) == entry + 16'000);
    // What was charged beyond the figure is used first.
    CHECK(gas_of({.use = 7'000, .charge = 9'000, .use_more = 8'000, .refuses = true}, true) ==
          entry + 16'000);
    CHECK(gas_of({.use = 7'000, .charge = 9'000, .use_more = 12'000, .refuses = true}, true) ==
          entry + 19'000);
    // And comes back if it is saved.
    CHECK(gas_of({.use = 100'000, .save = 5'000, .charge = 9'000}, false) == whole + 4'000);
}

TEST_CASE_METHOD(Fixture,
    "context: a call that passes the gas limit uses all of it, whatever it says",
    "[ledger][context]")
{
    // At the entry, on the way, at the end, beyond the figure.
    const auto limit = GENERATE(as<std::uint64_t>{}, 999, 1'000, 7'999, 8'000, 19'999);
    const bool refuses = GENERATE(false, true);
    const auto receipt =
        run_one(calls(Spend{.use = 7'000, .refuses = refuses}), intrinsic_gas + limit);
    CHECK(receipt.status == ReceiptStatus::reverted);
    const bool is_out_of_gas = !refuses || limit < 8'000;
    CHECK(receipt.refusal.to_string() == (is_out_of_gas ? "out of gas" : "spent"));
    CHECK(receipt.gas_used == intrinsic_gas + (is_out_of_gas ? limit : 8'000));
    CHECK(run_one(calls(Spend{.use = 7'000}), intrinsic_gas + 20'000).status ==
          ReceiptStatus::succeeded);
}

TEST_CASE_METHOD(
    Fixture, "context: control is handed to what the receiver has registered", "[ledger][context]")
{
    const auto give = [&](AccountId account, const CallWriter& list, std::uint8_t times)
    {
        auto& registered = world->receiver_calls.at(account);
        registered = {};
        registered.size = static_cast<std::uint16_t>(list.bytes().size());
        registered.times = times;
        std::copy(list.bytes().begin(), list.bytes().end(), registered.calls.begin());
    };
    ExecutionOptions options;
    options.keep_returns = true;
    const auto hand_over = [&]
    {
        std::vector<Transaction> transactions;
        transactions.push_back(make(alice, calls(HandOver{object, bob})));
        return run(std::move(transactions), 0, {}, options);
    };
    auto block = hand_over();
    CHECK(execution.returns()[0].values[0] == 0);
    CHECK(block.receipts[0].gas_used == intrinsic_gas + HandOver::gas);

    give(bob, calls(Read{object}, Add{object, 3}), 1);
    block = hand_over();
    CHECK(execution.returns()[0].values[0] == 1);
    CHECK(
        block.receipts[0].gas_used == intrinsic_gas + HandOver::gas + 2'600 + Read::gas + Add::gas);
    Observed seen;
    REQUIRE(decode(block.encoding(block.events.at(0)), seen));
    CHECK(seen.account == bob);
    CHECK(execution.undeclared_touches() == 0);

    // Three times at a time: the fourth time nothing runs.
    give(bob, calls(HandOver{object, bob}), 3);
    const auto writes = counters->counters.get(object).writes;
    CHECK(hand_over().receipts[0].status == ReceiptStatus::succeeded);
    CHECK(counters->counters.get(object).writes == writes + 2 * 4);
    give(bob, calls(HandOver{object, bob}), 200);
    CHECK(refuse(calls(HandOver{object, bob})).refusal.to_string() == "calls nested too deep");
    // To each other.
    give(bob, calls(HandOver{object, alice}), 2);
    give(alice, calls(HandOver{object, bob}), 1);
    CHECK(hand_over().receipts[0].status == ReceiptStatus::succeeded);
    CHECK(counters->counters.get(object).writes == writes + 2 * 4 + 2 * 4);
    // What the receiver refuses is the transaction's.
    give(bob, calls(Refuse{object, RefusalKind::error}), 1);
    CHECK(refuse(calls(HandOver{object, bob})).refusal.to_string() == "Toy: REFUSED");
}

TEST_CASE_METHOD(
    Fixture, "context: gas runs out exactly one below what is needed", "[ledger][context]")
{
    const auto list = calls(Add{object, 1}, Burn{12'345});
    const auto needed = intrinsic_gas + Add::gas + Burn::gas + 12'345;
    const auto short_by = GENERATE(as<std::uint64_t>{}, 1, 12'345, 12'346, 20'000, 30'000);
    const auto receipt = refuse(list, needed - short_by);
    CHECK(receipt.refusal.to_string() == "out of gas");
    CHECK(receipt.gas_used == needed - short_by);
    const auto enough = run_one(list, needed);
    CHECK(enough.status == ReceiptStatus::succeeded);
    CHECK(enough.gas_used == needed);
}

TEST_CASE_METHOD(Fixture, "context: a huge gas charge does not wrap", "[ledger][context]")
{
    const auto receipt = refuse(calls(Add{object, 1}, Burn{~0ULL}));
    CHECK(receipt.refusal.to_string() == "out of gas");
    CHECK(receipt.gas_used == 500'000);
}

TEST_CASE_METHOD(
    Fixture, "context: calls that do not exist or are malformed are refused", "[ledger][context]")
{
    const auto reason = [this](const CallWriter& list) { return refuse(list).refusal.to_string(); };
    CallWriter unknown;
    unknown.add(counters_id, Add{object, 1}).add(ContractId{2}, Add{object, 1});
    CHECK(reason(unknown) == "no such contract or method");
    CallWriter far;
    far.add(counters_id, Add{object, 1}).add(ContractId{~0U}, Add{object, 1});
    CHECK(reason(far) == "no such contract or method");
    // The coin has one method, number 0.
    CallWriter method;
    method.add(counters_id, Add{object, 1}).add(coin_id, Copy{});
    CHECK(reason(method) == "no such contract or method");
    // A method that exists with arguments of another.
    CallWriter arguments;
    arguments.add(counters_id, Add{object, 1}).add(coin_id, Add{object, 1});
    CHECK(reason(arguments) == "malformed call");

    auto transaction = make(alice, calls(Add{object, 1}, Add{object, 2}));
    const auto whole = transaction.input;
    for (std::size_t cut = 1; cut < whole.size() / 2; ++cut)
    {
        transaction.input.assign(whole.begin(), whole.end() - static_cast<std::ptrdiff_t>(cut));
        transaction.nonce = state(alice).nonce;
        transaction.seal();
        const auto block = run(transaction);
        REQUIRE(block.receipts[0].refusal.to_string() == "malformed calls");
        REQUIRE(counters->counters.get(object).value == 5);
    }
}

TEST_CASE_METHOD(
    Fixture, "context: an empty list of calls costs the intrinsic gas", "[ledger][context]")
{
    const auto receipt = run_one(CallWriter{}, intrinsic_gas);
    CHECK(receipt.status == ReceiptStatus::succeeded);
    CHECK(receipt.gas_used == 21'000);
}

TEST_CASE_METHOD(Fixture, "context: every kind of refusal restores records and drops events",
    "[ledger][context]")
{
    struct Case
    {
        RefusalKind kind;
        const char* text;
    };
    const auto c = GENERATE(Case{RefusalKind::error, "Toy: REFUSED"},
        Case{RefusalKind::custom, "ToyRefused(#4, 17)"}, Case{RefusalKind::panic, "Panic(0x12)"},
        Case{RefusalKind::empty, "(no reason)"},
        Case{RefusalKind::invalid_opcode, "(invalid opcode)"}, Case{RefusalKind::ledger, "toy"});
    const auto receipt = refuse(calls(Add{object, 1}, Add{object + 1, 1}, Mint{alice, 5, 4},
        Pay{bob, 7}, Refuse{object, c.kind}));
    CHECK(receipt.refusal.kind == c.kind);
    CHECK(receipt.refusal.to_string() == c.text);
    CHECK(receipt.gas_used == (c.kind == RefusalKind::invalid_opcode
                                      ? 500'000
                                      : intrinsic_gas + 2 * Add::gas + Mint::gas + Refuse::gas));
    CHECK(counters->supply.get(0).is_zero());
    CHECK(state(bob).balance == 1'000'000'000);
}

TEST_CASE_METHOD(
    Fixture, "context: fees are bought, refunded, tipped and burnt to the wei", "[ledger][context]")
{
    struct Case
    {
        std::uint64_t max_fee, max_priority_fee, price;
    };
    // Base fee 10.
    const auto c = GENERATE(Case{100, 3, 13}, Case{12, 3, 12}, Case{10, 3, 10}, Case{100, 0, 10});
    const auto fails = GENERATE(false, true);
    const auto list = fails ? calls(Pay{bob, 40}, Refuse{object, RefusalKind::error})
                            : calls(Pay{bob, 40}, Add{object, 1});
    const auto gas = intrinsic_gas + (fails ? Refuse::gas : Add::gas);
    const auto supply = world->native_supply.get(0);

    std::vector<Transaction> transactions;
    transactions.push_back(make(alice, list, 400'000, c.max_fee, c.max_priority_fee));
    const auto block = run(std::move(transactions), 0, {{bob, 1'000}, {proposer, 7}});
    const auto& receipt = block.receipts[0];
    CHECK(receipt.gas_used == gas);
    CHECK(receipt.effective_gas_price == c.price);
    CHECK(block.header.gas_used == gas);
    const std::uint64_t paid = fails ? 0 : 40;
    CHECK(state(alice).balance == 1'000'000'000 - gas * c.price - paid);
    CHECK(state(bob).balance == 1'000'000'000 + paid + 1'000);
    CHECK(state(proposer).balance == gas * (c.price - 10) + 7);
    CHECK(world->native_supply.get(0) == wrapping_sub(wrapping_add(supply, 1'007), gas * 10));
    CHECK(world->check_invariants().empty());
}

TEST_CASE_METHOD(Fixture, "context: gas is bought before the calls spend", "[ledger][context]")
{
    // 500,000 gas at 13 wei are held back, so at most the rest can be paid away.
    const std::uint64_t rest = 1'000'000'000 - 500'000 * 13;
    CHECK(run_one(calls(Pay{bob, rest + 1})).refusal.to_string() == "(no reason)");
    const auto spent = intrinsic_gas * 13;
    CHECK(state(alice).balance == 1'000'000'000 - spent);
    CHECK(run_one(calls(Pay{bob, rest - spent})).status == ReceiptStatus::succeeded);
    CHECK(state(alice).balance == (500'000 - intrinsic_gas) * 13);
}

TEST_CASE_METHOD(Fixture,
    "context: who can no longer pay the maximal fee pays nothing and keeps the nonce",
    "[ledger][context]")
{
    // 300,000 gas at 100 wei, of which 13 are paid. The first one pays all but this away.
    constexpr std::uint64_t fee_max = 300'000 * 100;
    const auto left = fee_max - GENERATE(as<std::uint64_t>{}, 26'000'000, 1, 0);
    const auto paid = 1'000'000'000 - intrinsic_gas * 13 - left;
    std::vector<Transaction> transactions;
    transactions.push_back(make(alice, calls(Pay{bob, paid}), 300'000));
    transactions.push_back(make(alice, calls(Add{object, 1}), 300'000));
    transactions.back().nonce = 1;
    transactions.push_back(make(alice, calls(Pay{bob, 1}), 21'000));
    transactions.back().nonce = 2;
    const auto block = run(std::move(transactions));
    REQUIRE(block.receipts[0].status == ReceiptStatus::succeeded);
    if (left == fee_max)
    {
        CHECK(block.receipts[1].status == ReceiptStatus::succeeded);
        CHECK(state(alice).nonce == 3);
    }
    else
    {
        CHECK(block.receipts[1].refusal.to_string() == "insufficient funds for gas");
        CHECK(block.receipts[2].refusal.to_string() == "wrong nonce");
        for (const std::size_t i : {1, 2})
        {
            CHECK(block.receipts[i].status == ReceiptStatus::reverted);
            CHECK(block.receipts[i].gas_used == 0);
        }
        CHECK(block.header.gas_used == intrinsic_gas);
        CHECK(state(alice).balance == left);
        CHECK(state(alice).nonce == 1);
    }
    CHECK(world->check_invariants().empty());
}

TEST_CASE_METHOD(
    Fixture, "context: a wrong nonce is refused and is not used up", "[ledger][context]")
{
    run_one(calls(Add{object, 0}));
    run_one(calls(Add{object, 0}));
    const auto value = counters->counters.get(object);
    REQUIRE(state(alice).nonce == 2);
    for (const auto nonce : std::initializer_list<std::uint64_t>{0, 1, 3, 1'000})
    {
        CAPTURE(nonce);
        auto transaction = make(alice, calls(Add{object, 1}));
        transaction.nonce = nonce;
        const auto block = run(transaction);
        CHECK(block.receipts[0].refusal.to_string() == "wrong nonce");
        CHECK(counters->counters.get(object) == value);
        // Else what was executed before could be executed again.
        CHECK(state(alice).nonce == 2);
    }
    CHECK(world->check_invariants().empty());
}

TEST_CASE_METHOD(Fixture, "context: a sender whom nobody knows is refused", "[ledger][context]")
{
    for (const auto stranger : {AccountId{999}, AccountId{~0U}})
    {
        const auto block = run(make(stranger, calls(Add{object, 1})));
        CHECK(block.receipts[0].status == ReceiptStatus::reverted);
        CHECK(block.receipts[0].gas_used == 0);
        CHECK(counters->counters.get(object).value == 5);
    }
    CHECK(world->check_invariants().empty());
}

TEST_CASE_METHOD(Fixture, "context: without gas fees nothing is charged and nonces stand still",
    "[ledger][context]")
{
    std::vector<Transaction> transactions;
    transactions.push_back(make(alice, calls(Add{object, 1}), 500'000));
    transactions.back().nonce = 12;
    ExecutionOptions options;
    options.free_gas = true;
    const auto block = run(std::move(transactions), 0, {}, options);
    CHECK(block.receipts[0].status == ReceiptStatus::succeeded);
    CHECK(block.receipts[0].gas_used == intrinsic_gas + Add::gas);
    CHECK(state(alice).balance == 1'000'000'000);
    CHECK(state(alice).nonce == 0);
    CHECK(block.header.gas_used == intrinsic_gas + Add::gas);
}

TEST_CASE("call: the writer frames calls and the reader walks them", "[ledger][call]")
{
    const auto list = calls(Add{1, 2}, Read{3});
    CHECK(to_hex(list.bytes()).substr(0, 14) == "00000001000028");
    CallReader reader{list.bytes()};
    auto call = reader.next();
    REQUIRE(call.has_value());
    CHECK(call->contract == counters_id);
    CHECK(call->method == Add::method);
    CHECK(call->arguments.size() == 40);
    call = reader.next();
    REQUIRE(call.has_value());
    CHECK(call->method == Read::method);
    CHECK_FALSE(reader.next().has_value());
    CHECK(reader.ok());

    const auto bytes = ByteView{list.bytes()};
    for (std::size_t size = 1; size < bytes.size(); ++size)
    {
        CallReader cut{bytes.first(size)};
        while (cut.next())
        {}
        CHECK(cut.ok() == (size == 47));
        CHECK_FALSE(cut.next().has_value());
    }
}

TEST_CASE("access: an object appears once, with the stronger mode", "[ledger][access]")
{
    const ToyWorld toy{1};
    std::vector<Access> accesses;
    for (int transaction = 0; transaction < 2; ++transaction)
    {
        AccessCollector access{*toy.world, accesses};
        access.read(toy.counters->counters, 5);
        access.read(toy.counters->counters, 5);
        access.write(toy.counters->counters, 6);
        access.read(toy.counters->counters, 6);
        access.write(toy.counters->counters, 5);
        access.read(toy.counters->balances, 5);
        access.write(toy.counters->balances, 1ULL << 40U);  // No such account can be.
    }
    REQUIRE(accesses.size() == 6);
    for (std::size_t first : {0U, 3U})
    {
        CHECK(accesses[first].key == 5);
        CHECK(accesses[first].mode == AccessMode::write);
        CHECK(accesses[first + 1].mode == AccessMode::write);
        CHECK(accesses[first + 2].table == toy.counters->balances.number());
        CHECK(accesses[first + 2].mode == AccessMode::read);
    }
}
