#include "state/world.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/death.hpp"
#include "tests/support/toy_chain.hpp"

#include <set>

using namespace runnel;
using namespace runnel::toy;

TEST_CASE("world: taking blocks back restores every earlier state", "[ledger][world][property]")
{
    ToyChain chain{25, Amount{1'000'000'000}};
    RandomBlocks blocks{3, 40};
    std::vector<Hash> roots{chain.world->checkpoint_root()};
    std::vector<AccountState> firsts{chain.state(chain.wallets[0])};
    for (int i = 0; i < 40; ++i)
    {
        chain.run(blocks.next(chain, 60), i % 2 == 0 ? 0 : 2,
            {{chain.wallets[0], 9}, {chain.wallets[0], 2}, {chain.proposer, 1}});
        roots.push_back(chain.world->checkpoint_root());
        firsts.push_back(chain.state(chain.wallets[0]));
    }
    CHECK(std::set<Hash>(roots.begin(), roots.end()).size() == roots.size());
    for (std::size_t i = chain.undo.size(); i-- > 0;)
    {
        CAPTURE(i);
        CHECK(chain.undo[i].block_number == i + 1);
        chain.world->revert(chain.undo[i]);
        REQUIRE(chain.world->checkpoint_root() == roots[i]);
        REQUIRE(chain.state(chain.wallets[0]).balance == firsts[i].balance);
        REQUIRE(chain.state(chain.wallets[0]).nonce == firsts[i].nonce);
        REQUIRE(chain.world->check_invariants().empty());
    }
    CHECK(chain.counters->counters.keys().empty());
}

TEST_CASE(
    "world: after a block was taken back the same one gives the same chain", "[ledger][world]")
{
    ToyChain chain{8, Amount{1'000'000'000}};
    RandomBlocks blocks{5, 6};
    chain.run(blocks.next(chain, 50));
    const auto parent = std::pair{chain.head, chain.head_hash};
    const auto transactions = blocks.next(chain, 50);
    const auto first = chain.run(transactions);
    const auto root = chain.world->checkpoint_root();

    chain.world->revert(chain.undo.back());
    std::tie(chain.head, chain.head_hash) = parent;
    chain.run(blocks.next(chain, 50));  // A fork.
    CHECK(chain.head_hash != first.hash);
    chain.world->revert(chain.undo.back());
    std::tie(chain.head, chain.head_hash) = parent;
    CHECK(chain.run(transactions).hash == first.hash);
    CHECK(chain.world->checkpoint_root() == root);
}

TEST_CASE("world: the root of the state covers every record and no empty slot", "[ledger][world]")
{
    ToyWorld toy{3};
    auto& world = *toy.world;
    std::set<Hash> roots;
    const auto root = world.checkpoint_root();
    roots.insert(root);
    toy.counters->counters.make_slot(77);
    toy.counters->balances.make_slot(2'000);
    CHECK(world.checkpoint_root() == root);

    std::size_t changes = 0;
    const auto differs = [&](auto& table, std::uint64_t key, auto change)
    {
        auto& record = table.at(key);
        const auto before = record;
        change(record);
        roots.insert(world.checkpoint_root());
        ++changes;
        table.at(key) = before;
        CHECK(world.checkpoint_root() == root);
    };
    const auto more = [](Amount& amount) { amount = wrapping_add(amount, 1); };
    auto& accounts = world.account_states;
    differs(accounts, index(toy.wallets[0]), [](auto& state) { state.balance = 1; });
    differs(accounts, index(toy.wallets[0]), [](auto& state) { state.nonce = 1; });
    differs(accounts, index(toy.wallets[1]), [](auto& state) { state.nonce = 1; });
    differs(world.native_supply, 0, more);
    auto& counters = toy.counters->counters;
    differs(counters, 77, [](auto& counter) { counter.value = 1; });
    differs(counters, 77, [](auto& counter) { counter.writes = 1; });
    differs(counters, 78, [](auto& counter) { counter.value = 1; });
    // The same record under the same key of two tables.
    differs(toy.counters->balances, 0, more);
    differs(toy.counters->supply, 0, more);
    CHECK(roots.size() == changes + 1);
    CHECK(world.checkpoint_root() == root);
}

TEST_CASE("world: money from nowhere stops the run at its block", "[ledger][world]")
{
    struct Case
    {
        const char* what;
        Amount amount;
        Amount supply;
        bool honest;
    };
    const auto c = GENERATE(Case{"honest", 5, 5, true}, Case{"too much", 6, 5, false},
        Case{"too little", 4, 5, false}, Case{"balances only", 1, 0, false},
        Case{"supply only", 0, 1, false});
    CAPTURE(c.what);
    const auto death = die(
        [&]
        {
            ToyChain chain{2};
            const auto block = chain.run(
                chain.make(chain.wallets[0], calls(Mint{chain.wallets[1], c.amount, c.supply})));
            if (block.receipts[0].status != ReceiptStatus::succeeded)
                std::abort();
        });
    CHECK(death.aborted != c.honest);
    CHECK((death.last_words.find("balances and supply of a token agree") != std::string::npos) !=
          c.honest);
}

TEST_CASE("world: two lies that cancel out within a block are none", "[ledger][world]")
{
    // The law is about the block's end: tokens sold short inside a transaction and returned.
    ToyChain chain{1};
    const auto alice = chain.wallets[0];
    const auto block = chain.run(chain.make(alice, calls(Mint{alice, 6, 5}, Mint{alice, 5, 6})));
    CHECK(block.receipts[0].status == ReceiptStatus::succeeded);
    CHECK(chain.world->check_invariants().empty());
}

TEST_CASE("world: a lie that its transaction takes back is none", "[ledger][world]")
{
    ToyChain chain{1};
    const auto alice = chain.wallets[0];
    const auto block =
        chain.run(chain.make(alice, calls(Mint{alice, 6, 5}, Refuse{1, RefusalKind::error})));
    CHECK(block.receipts[0].status == ReceiptStatus::reverted);
    CHECK(chain.world->check_invariants().empty());
}

TEST_CASE("world: invariants are checked in full", "[ledger][world]")
{
    ToyWorld toy{2, Amount{100}};
    CHECK(toy.world->check_invariants().empty());

    toy.counters->balances.at(toy.wallets[0]) = 8;
    toy.counters->supply.at(std::uint64_t{0}) = 7;
    auto findings = toy.world->check_invariants();
    REQUIRE(findings.size() == 1);
    CHECK(findings[0] == "counters: balances sum to 8, the supply is 7");
    toy.counters->supply.at(std::uint64_t{0}) = 8;
    CHECK(toy.world->check_invariants().empty());

    toy.world->native_supply.at(std::uint64_t{0}) = 201;
    findings = toy.world->check_invariants();
    REQUIRE(findings.size() == 1);
    CHECK(findings[0] == "coin: balances sum to 200, the supply is 201");
    toy.world->native_supply.at(std::uint64_t{0}) = 200;

    toy.counters->balances.at(toy.wallets[1]) = Amount::max();
    findings = toy.world->check_invariants();
    REQUIRE_FALSE(findings.empty());
    CHECK(findings[0] == "balances: the sum overflows 256 bits");
}

TEST_CASE("world: accounts are found by name and numbered in order", "[ledger][world]")
{
    const ToyWorld toy{3};
    const auto& world = *toy.world;
    CHECK(world.find_account("zero") == zero_account);
    CHECK(world.account(zero_account).address == Address{});
    CHECK(world.find_account("wallet/1") == toy.wallets[1]);
    CHECK(index(toy.wallets[1]) == index(toy.wallets[0]) + 1);
    CHECK(world.account(toy.wallets[1]).address == address_of_name("wallet/1"));
    CHECK_FALSE(world.find_account("wallet/3").has_value());
    CHECK(world.find_contract("counters") == counters_id);
    CHECK_FALSE(world.find_contract("wallet/1").has_value());
    CHECK(world.find_contract(ContractId{2}) == nullptr);
    CHECK(world.find_contract(ContractId{~0U}) == nullptr);
    CHECK(die([] { ToyWorld{1}.world->add_account({"wallet/0", "", "", {}}); }).aborted);
}

TEST_CASE("world: a contract that was lent out is not executed", "[ledger][world]")
{
    ToyChain chain{1};
    auto lent = chain.world->release(counters_id);
    CHECK_FALSE(chain.world->holds(counters_id));
    CHECK(chain.world->holds(coin_id));
    // It can be read, and blocks that do not touch it run.
    CHECK(chain.world->find_contract(counters_id) == lent.get());
    CHECK(chain.run(chain.make(chain.wallets[0], calls(Pay{zero_account, 0}))).receipts[0].status ==
          ReceiptStatus::succeeded);
    CHECK(die([&] { chain.run(chain.make(chain.wallets[0], calls(Read{1}))); }).aborted);
    CHECK(die([&] { auto twice = chain.world->release(counters_id); }).aborted);
    chain.world->hold(std::move(lent));
    CHECK(chain.run(chain.make(chain.wallets[0], calls(Read{1}))).receipts[0].status ==
          ReceiptStatus::succeeded);
}
