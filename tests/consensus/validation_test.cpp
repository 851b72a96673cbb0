#include "consensus/validation.hpp"

#include "consensus/flawed_block.hpp"
#include "consensus/mempool.hpp"
#include "state/references.hpp"
#include "state/signing.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/toy_chain.hpp"

#include <functional>
#include <string>
#include <vector>

using namespace runnel;
using namespace runnel::toy;

namespace
{
constexpr std::uint64_t gwei = 1'000'000'000;

/// A few accounts with keys, a block that pays, and what a validator thinks of it.
struct Fixture
{
    explicit Fixture(SignatureScheme scheme = SignatureScheme::secp256k1)
    {
        const auto coin = world.add_account({"coin", "token", "", {}});
        world.add_contract(std::make_unique<Coin>(ContractIdentity{coin_id, coin, "coin"}));
        const auto counters = world.add_account({"counters", "dex", "", {}});
        world.add_contract(std::make_unique<Counters>(
            ContractIdentity{counters_id, counters, "counters"}, ContractRole::ledger));
        world.connect();
        for (const std::string name : {"proposer", "alice", "bob", "carol"})
        {
            accounts.push_back(world.add_account({name, "wallet", "", key_address_of_name(name)}));
            auto& balance = world.account_states.at(accounts.back()).balance;
            balance = Amount::power_of_ten(18);
            auto& supply = world.native_supply.at(std::uint64_t{0});
            supply = wrapping_add(supply, balance);
        }
        rules.signatures = scheme;
        rules.checkpoint_interval = 1;
        rules.blocks = 100;
        rules.fees.block_gas_limit = 400'000;
        validator.emplace(rules, 2);
        BlockExecution execution;
        ExecutionOptions options;
        options.free_gas = true;
        options.checkpoint_interval = 1;
        BlockContext context;
        context.base_fee = gwei;
        context.gas_limit = rules.fees.block_gas_limit;
        const auto genesis = execute_block(execution, world, context, {}, {}, 0, {}, {}, options);
        parent = {genesis.header, genesis.hash};
        due.proposer = accounts[0];
        due.timestamp = 12;
        due.rewards = {{accounts[0], Amount{5}}};
        for (std::uint64_t i = 0; i < 3; ++i)
            transactions.push_back(payment(accounts[1 + i], 0, static_cast<std::int64_t>(i)));
        root = world.checkpoint_root();
    }

    Transaction payment(AccountId from, std::uint64_t nonce, std::int64_t arrival_ms) const
    {
        Transaction transaction;
        transaction.sender = from;
        transaction.nonce = nonce;
        transaction.gas_limit = 100'000;
        transaction.max_fee = 3 * gwei;
        transaction.max_priority_fee = gwei;
        transaction.arrival_ms = arrival_ms;
        transaction.set_calls(calls(Pay{accounts[0], 7}).bytes());
        if (rules.signatures == SignatureScheme::none)
            transaction.seal();
        else
            sign_all({&transaction, 1}, world);
        return transaction;
    }
    FinishedBlock make() { return validator->make(world, parent, due, transactions); }
    std::optional<BrokenRule> validate(const FinishedBlock& block)
    {
        auto finding = validator->validate(world, parent, due, block);
        // Whatever it finds, the world is as it was.
        REQUIRE(world.checkpoint_root() == root);
        REQUIRE(world.check_invariants().empty());
        return finding;
    }
    void require_broken(const FinishedBlock& block, BlockRule rule, const std::string& what)
    {
        const auto finding = validate(block);
        REQUIRE(finding.has_value());
        CAPTURE(finding->what);
        CHECK(finding->rule == rule);
        CHECK(finding->what.find(what) != std::string::npos);
        CHECK(finding->what.find('\n') == std::string::npos);
    }

    World world;
    std::vector<AccountId> accounts;
    ValidationRules rules;
    std::optional<BlockValidator> validator;
    ParentBlock parent;
    DueBlock due;
    std::vector<Transaction> transactions;
    Hash root;
};
}  // namespace

TEST_CASE("validation: an honest block is valid", "[consensus][validation]")
{
    for (const auto scheme : {SignatureScheme::none, SignatureScheme::secp256k1})
    {
        Fixture fixture{scheme};
        const auto block = fixture.make();
        CHECK_FALSE(fixture.validate(block).has_value());
        CHECK(block.receipts.size() == 3);
        for (const auto& receipt : block.receipts)
            CHECK(receipt.status == ReceiptStatus::succeeded);
        // The next validator finds the same.
        CHECK(fixture.make().hash == block.hash);
    }
}

TEST_CASE("validation: every flaw that a proposer plants is found", "[consensus][validation]")
{
    const auto flaw =
        GENERATE(BlockFlaw::wrong_state_root, BlockFlaw::overspend, BlockFlaw::forged_signature);
    const bool is_empty = GENERATE(false, true);
    Fixture fixture;
    if (is_empty)
        fixture.transactions.clear();
    CAPTURE(static_cast<int>(flaw), is_empty);
    const auto block = make_flawed_block(
        flaw, *fixture.validator, fixture.world, fixture.parent, fixture.due, fixture.transactions);
    CHECK(block.hash == block.header.hash());
    const auto finding = fixture.validate(block);
    REQUIRE(finding.has_value());
    CHECK(finding->rule == rule_broken_by(flaw));
    switch (flaw)
    {
        case BlockFlaw::wrong_state_root:
            CHECK(finding->what.find("the state_root is 0x") == 0);
            break;
        case BlockFlaw::overspend:
            CHECK(finding->what ==
                  "transaction 0: its sender cannot pay its gas limit at its max_fee");
            break;
        case BlockFlaw::forged_signature:
            CHECK(finding->what == "transaction 0: its sender has not signed it");
            break;
        case BlockFlaw::none: break;
    }
    CHECK_FALSE(fixture.validate(fixture.make()).has_value());
}

TEST_CASE("validation: a rich proposer overspends as well", "[consensus][validation]")
{
    Fixture fixture{SignatureScheme::none};
    auto& balance = fixture.world.account_states.at(fixture.accounts[0]).balance;
    auto& supply = fixture.world.native_supply.at(std::uint64_t{0});
    supply = wrapping_sub(supply, balance);
    balance = Amount::power_of_ten(24);  // More than 21,000 gas at the highest fee.
    supply = wrapping_add(supply, balance);
    fixture.root = fixture.world.checkpoint_root();
    const auto block = make_flawed_block(BlockFlaw::overspend, *fixture.validator, fixture.world,
        fixture.parent, fixture.due, fixture.transactions);
    CHECK(block.transactions.size() == 1);
    fixture.require_broken(block, BlockRule::transactions, "cannot pay");
}

TEST_CASE("validation: what is wrong with a header is found", "[consensus][validation]")
{
    using Change = std::function<void(BlockHeader&)>;
    struct Case
    {
        BlockRule rule;
        Change change;
    };
    const std::vector<Case> cases{
        {BlockRule::parent, [](auto& header) { ++header.number; }},
        {BlockRule::parent, [](auto& header) { header.parent_hash.bytes[3] ^= 1U; }},
        {BlockRule::timestamp, [](auto& header) { ++header.timestamp; }},
        {BlockRule::proposer, [](auto& header) { header.proposer = AccountId{1}; }},
        {BlockRule::gas_limit, [](auto& header) { ++header.gas_limit; }},
        {BlockRule::base_fee, [](auto& header) { ++header.base_fee; }},
        {BlockRule::base_fee, [](auto& header) { --header.base_fee; }},
        {BlockRule::finality, [](auto& header) { header.finalized_block = 1; }},
        {BlockRule::transactions, [](auto& header) { ++header.transaction_count; }},
        {BlockRule::gas_used, [](auto& header) { --header.gas_used; }},
        {BlockRule::transactions_root, [](auto& header) { header.transactions_root = {}; }},
        {BlockRule::arrivals_root, [](auto& header) { header.arrivals_root = {}; }},
        {BlockRule::receipts_root, [](auto& header) { header.receipts_root = {}; }},
        {BlockRule::rewards_root, [](auto& header) { header.rewards_root = {}; }},
        {BlockRule::state_root, [](auto& header) { header.state_root = {}; }},
        {BlockRule::checkpoint_root, [](auto& header) { header.checkpoint_root = {}; }},
    };
    Fixture fixture;
    for (std::size_t i = 0; i < cases.size(); ++i)
    {
        CAPTURE(i);
        auto block = fixture.make();
        cases[i].change(block.header);
        fixture.require_broken(block, BlockRule::hash, "");
        block.hash = block.header.hash();
        fixture.require_broken(block, cases[i].rule, "");
    }
    auto block = fixture.make();
    block.rewards[0].amount = Amount{6};
    fixture.require_broken(block, BlockRule::rewards, "");
}

TEST_CASE("validation: what is wrong with a transaction is found", "[consensus][validation]")
{
    Fixture fixture;
    auto& first = fixture.transactions[0];
    SECTION("a nonce that is used already")
    {
        fixture.transactions[1] = fixture.payment(first.sender, 0, 1);
        fixture.require_broken(
            fixture.make(), BlockRule::transactions, "its nonce is 0, its sender's next one is 1");
    }
    SECTION("a nonce too early")
    {
        first = fixture.payment(first.sender, 1, 0);
        fixture.require_broken(
            fixture.make(), BlockRule::transactions, "its nonce is 1, its sender's next one is 0");
    }
    SECTION("a fee below the base fee")
    {
        REQUIRE(take_signature(first));
        first.max_fee = 1;
        first.max_priority_fee = 0;
        sign_all({&first, 1}, fixture.world);
        fixture.require_broken(fixture.make(), BlockRule::transactions, "below the base fee");
    }
    SECTION("an order that is not the chain's")
    {
        std::swap(fixture.transactions[0], fixture.transactions[1]);
        fixture.require_broken(fixture.make(), BlockRule::transactions, "ordering priority_fee");
    }
    SECTION("more gas than fits")
    {
        fixture.transactions.push_back(fixture.payment(first.sender, 1, 3));
        fixture.transactions.push_back(fixture.payment(first.sender, 2, 4));
        fixture.require_broken(fixture.make(), BlockRule::transactions, "exceed the block's");
    }
    SECTION("a sender whom nobody knows")
    {
        auto block = fixture.make();
        block.transactions[2].sender = AccountId{1'000};
        fixture.require_broken(block, BlockRule::transactions, "transaction 2: nobody sent it");
    }
    SECTION("no signature")
    {
        REQUIRE(take_signature(fixture.transactions[2]));
        fixture.require_broken(
            fixture.make(), BlockRule::signatures, "transaction 2: it has no valid signature");
    }
    SECTION("a signature of something else")
    {
        ++first.max_fee;
        first.seal();
        fixture.require_broken(
            fixture.make(), BlockRule::signatures, "transaction 0: its sender has not signed it");
    }
    SECTION("the signature of another transaction of his")
    {
        const auto other = fixture.payment(first.sender, 5, 0);
        first.witnesses = other.witnesses;
        first.seal();
        fixture.require_broken(
            fixture.make(), BlockRule::signatures, "transaction 0: its sender has not signed it");
    }
}

TEST_CASE("validation: signatures are part of the transaction's hash", "[consensus][validation]")
{
    Fixture fixture;
    auto transaction = fixture.transactions[0];
    const auto hash = transaction.hash;
    CHECK(check_signature(transaction, fixture.world.account(transaction.sender).address).empty());
    transaction.witnesses.back() ^= 1U;
    transaction.seal();
    CHECK(transaction.hash != hash);
    REQUIRE(take_signature(transaction));
    CHECK(transaction.witnesses.empty());
    CHECK_FALSE(take_signature(transaction));
    const auto unsigned_hash = transaction.hash;
    sign_all({&transaction, 1}, fixture.world);
    CHECK(transaction.hash == hash);
    CHECK(unsigned_hash != hash);

    // What calls are proven by is signed as well, and keeps its number.
    CallWriter writer;
    const Bytes proof(sizeof(Signature), 3);  // As long as a signature.
    CHECK(writer.add_witness(proof) == 0);
    Transaction proven;
    proven.sender = transaction.sender;
    write_calls(proven, fixture.world, writer);
    sign_all({&proven, 1}, fixture.world);
    const auto witness = proven.witness(0);
    CHECK(Bytes{witness.begin(), witness.end()} == proof);
    CHECK(signer_of(proven) == fixture.world.account(proven.sender).address);
    proven.witnesses[5] ^= 1U;
    proven.seal();
    CHECK(signer_of(proven) != fixture.world.account(proven.sender).address);
}

TEST_CASE("validation: the first wrong signature is named, for any number of workers",
    "[consensus][validation]")
{
    Fixture fixture;
    std::vector<Transaction> many;
    for (std::uint64_t i = 0; i < 100; ++i)
        many.push_back(fixture.payment(fixture.accounts[1 + i % 3], i, 0));
    for (const unsigned workers : {1U, 2U, 7U, 200U})
        CHECK(check_signatures(many, fixture.world, workers).empty());
    many[41].witnesses.clear();
    many[83].witnesses.clear();
    for (const unsigned workers : {1U, 2U, 7U, 200U})
    {
        CHECK(check_signatures(many, fixture.world, workers) ==
              "transaction 41: it has no valid signature");
    }
}
