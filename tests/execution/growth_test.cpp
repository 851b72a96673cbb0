#include "state/checkpoint.hpp"
#include "state/references.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/toy_chain.hpp"

#include <array>
#include <map>

namespace runnel::toy
{
namespace
{
Address address_at(std::uint8_t number)
{
    Address address;
    address.bytes.fill(number);
    return address;
}

struct Put
{
    RUNNEL_CALL("put", 0, 1'000);
    AccountId friend_account{};
    Amount value;
    RUNNEL_FIELDS(friend_account, value);
};

struct BoxConstructor
{
    std::uint64_t start = 0;
    ContractId spawner{};
    RUNNEL_FIELDS(start, spawner);
};

/// Holds a number and an account; deployed by transactions.
class Box : public ContractBase<Box, Put>
{
public:
    Box(ContractIdentity identity, BoxConstructor arguments)
      : ContractBase{std::move(identity)}, arguments_{arguments}, value{name() + ".value"}
    {
        add_table(value);
    }
    [[nodiscard]] static const ContractType& contract_type()
    {
        static const ContractType type{.kind = "toy_box",
            .help = "Holds a number.",
            .role = ContractRole::dex,
            .methods = methods(),
            .events = {&event_type<Observed>},
            .parameters = {},
            .deploy = [](ByteView bytes, ContractIdentity identity,
                          const World& world) -> std::unique_ptr<Contract>
            {
                BoxConstructor arguments;
                if (!decode(bytes, arguments) || world.find_contract(arguments.spawner) == nullptr)
                    return nullptr;
                return std::make_unique<Box>(std::move(identity), arguments);
            }};
        return type;
    }
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }

    using ContractBase::declare;
    using ContractBase::execute;
    void declare(const Put&, AccountId, AccessCollector& access) const
    {
        access.write(value, std::uint64_t{0});
    }
    Result<Returns> execute(const Put& call, CallContext& context)
    {
        RUNNEL_REQUIRE(index(call.friend_account) < context.world().account_count(),
            Refusal::ledger("no such account"));
        auto& record = context.write(value, 0);
        record.value = wrapping_add(call.value, arguments_.start);
        ++record.writes;
        context.emit(id(), Observed{call.friend_account, 0, record.value});
        return Returns{record.value};
    }

private:
    BoxConstructor arguments_;

public:
    Table<Counter> value;
};

/// Deploys a box at an address, says so ahead or not, and may refuse afterwards.
struct Spawn
{
    RUNNEL_CALL("spawn", 0, 10'000);
    Address address;
    std::uint64_t start = 0;
    bool is_declared = false;
    bool refuses = false;
    RUNNEL_FIELDS(address, start, is_declared, refuses);
};

class Spawner : public ContractBase<Spawner, Spawn>
{
public:
    using ContractBase::ContractBase;

    [[nodiscard]] const ContractType& type() const override
    {
        static const ContractType type{.kind = "toy_spawner",
            .help = "Deploys boxes.",
            .methods = methods(),
            .events = {},
            .parameters = {},
            .deploys = {&Box::contract_type()}};
        return type;
    }
    /// Knows its boxes, as a factory knows its pairs.
    void connect(World& world) override
    {
        boxes.clear();
        for (std::uint32_t i = 0; i < world.contract_count(); ++i)
        {
            if (const auto* box = dynamic_cast<const Box*>(&world.contract(ContractId{i})))
                boxes.push_back(box);
        }
    }

    using ContractBase::declare;
    using ContractBase::execute;
    void declare(const Spawn& call, AccountId, AccessCollector& access) const
    {
        if (call.is_declared)
            access.deploys();
    }
    Result<Returns> execute(const Spawn& call, CallContext& context)
    {
        Bytes arguments;
        encode(BoxConstructor{call.start, id()}, arguments);
        const auto* box = RUNNEL_TRY(
            context.deploy(Box::contract_type(), *this, call.address, std::move(arguments)));
        RUNNEL_REQUIRE(!call.refuses, "spawned in vain");
        return Returns{index(box->id())};
    }

    std::vector<const Box*> boxes;
};

constexpr ContractId spawner_id{2};

struct GrowingChain : ToyChain
{
    explicit GrowingChain(std::uint32_t wallet_count = 8) : ToyChain{wallet_count}
    {
        const auto account = world->add_account({"spawner", "dex", "", {}});
        spawner = static_cast<Spawner*>(&world->add_contract(
            std::make_unique<Spawner>(ContractIdentity{spawner_id, account, "spawner"})));
        world->connect();
    }

    [[nodiscard]] Transaction make(
        AccountId sender, const CallWriter& calls, std::uint64_t nonces_ahead = 0) const
    {
        auto transaction = ToyChain::make(sender, calls);
        transaction.nonce += nonces_ahead;
        write_calls(transaction, *world, calls);
        transaction.seal();
        return transaction;
    }

    Spawner* spawner = nullptr;
};

CallWriter pay(const Address& address, const Amount& value)
{
    CallWriter calls;
    calls.add(coin_id, Pay{calls.account_at(address), value});
    return calls;
}

std::string reason(const FinishedBlock& block, std::size_t transaction = 0)
{
    return block.receipts.at(transaction).refusal.to_string();
}

std::unique_ptr<World> reloaded(const World& world)
{
    GrowingChain fresh;
    StateParts parts{world};
    for (auto part = parts.next(); part; part = parts.next())
        REQUIRE(load_state_part(part->content, *fresh.world));
    return std::move(fresh.world);
}
}  // namespace

TEST_CASE("growth: a payment to an address that nobody knew makes an account", "[growth]")
{
    GrowingChain chain;
    const auto known = chain.world->account_count();
    const auto to = address_at(7);
    const auto block = chain.run(chain.make(chain.wallets[0], pay(to, 500)));
    REQUIRE(block.receipts[0].status == ReceiptStatus::succeeded);
    REQUIRE(block.accounts.size() == 1);
    CHECK(block.accounts[0].id == AccountId{static_cast<std::uint32_t>(known)});
    CHECK(block.accounts[0].address == to);
    CHECK(block.accounts[0].name == to.to_checksum_string());
    CHECK(block.accounts[0].origin.block == 1);
    CHECK(block.accounts[0].origin.transaction == 0);
    const auto account = block.accounts[0].id;
    CHECK(chain.world->find_account(to) == account);
    CHECK(chain.state(account).balance == 500);
    CHECK(chain.world->check_invariants().empty());

    // From now on it may be named by its id too: the transaction says its address all the same.
    CallWriter by_id;
    by_id.add(coin_id, Pay{account, 20});
    auto again = chain.make(chain.wallets[1], by_id);
    CHECK(again.address_count() == 1);
    CHECK(again.address(0) == to);
    CHECK(again.hash == chain.make(chain.wallets[1], pay(to, 20)).hash);
    const auto next = chain.run(std::move(again));
    CHECK(next.receipts[0].status == ReceiptStatus::succeeded);
    CHECK(next.accounts.empty());
    CHECK(chain.state(account).balance == 520);

    // And it can send, named by its address.
    chain.fund(account, Amount::power_of_ten(20));
    CallWriter back;
    back.add(coin_id, Pay{chain.wallets[0], 5});
    const auto sent = chain.make(account, back);
    CHECK(sent.sender_reference == first_reference);
    CHECK(sent.address(0) == to);
    const auto last = chain.run(sent);
    CHECK(last.receipts[0].status == ReceiptStatus::succeeded);
    CHECK(chain.state(account).nonce == 1);
}

TEST_CASE("growth: ids follow the order of naming, reverted or not", "[growth]")
{
    GrowingChain chain;
    const auto known = static_cast<std::uint32_t>(chain.world->account_count());
    std::vector<Transaction> transactions;
    CallWriter refused = pay(address_at(9), 1);
    refused.add(counters_id, Refuse{1, RefusalKind::error});
    refused.add(coin_id, Pay{refused.account_at(address_at(8)), 1});
    transactions.push_back(chain.make(chain.wallets[0], refused));
    transactions.push_back(chain.make(chain.wallets[1], pay(address_at(7), 1)));
    transactions.push_back(chain.make(chain.wallets[2], pay(address_at(8), 1)));
    const auto block = chain.run(std::move(transactions), 2);
    CHECK(reason(block) == "Toy: REFUSED");
    REQUIRE(block.accounts.size() == 3);
    CHECK(block.accounts[0].address == address_at(9));
    CHECK(block.accounts[1].address == address_at(8));
    CHECK(block.accounts[1].origin.transaction == 0);
    CHECK(block.accounts[2].address == address_at(7));
    CHECK(block.accounts[2].id == AccountId{known + 2});
    CHECK(block.accounts[2].origin.transaction == 1);
}

TEST_CASE("growth: addresses are found as deep as calls nest", "[growth]")
{
    GrowingChain chain;
    CallWriter outer;
    const auto to = outer.account_at(address_at(7));
    CallWriter inner;
    inner.add(coin_id, Pay{to, 5});
    for (unsigned depth = 2; depth <= call_depth_max; ++depth)
    {
        CallWriter list;
        list.add(counters_id, Nest{depth, inner.list()});
        inner = list;
    }
    outer.add_encoded(inner.bytes());
    const auto block = chain.run(chain.make(chain.wallets[0], outer));
    CHECK(block.receipts[0].status == ReceiptStatus::succeeded);
    const auto later = *chain.world->find_account(address_at(7));
    CHECK(chain.state(later).balance == 5);

    // And so are later accounts that are named by their ids.
    CallWriter named;
    named.add(coin_id, Pay{later, 5});
    for (unsigned depth = 2; depth <= call_depth_max; ++depth)
    {
        CallWriter list;
        list.add(counters_id, Nest{depth, named.list()});
        named = list;
    }
    CHECK(
        reason(chain.run(chain.ToyChain::make(chain.wallets[0], named))) == "malformed addresses");
}

TEST_CASE("growth: who is named as he may not be is refused", "[growth]")
{
    GrowingChain chain;
    const auto later =
        chain.run(chain.make(chain.wallets[0], pay(address_at(7), 500))).accounts[0].id;
    const auto accounts = chain.world->account_count();
    const auto malformed = [&](Transaction transaction)
    {
        transaction.nonce = chain.state(transaction.sender).nonce;
        transaction.seal();
        const auto block = chain.run(std::move(transaction));
        CHECK(reason(block) == "malformed addresses");
        CHECK(chain.world->account_count() == accounts);
    };
    CallWriter by_id;
    by_id.add(coin_id, Pay{later, 1});
    SECTION("a later account by its id")
    {
        malformed(chain.ToyChain::make(chain.wallets[0], by_id));
    }
    SECTION("an address twice")
    {
        auto transaction = chain.make(chain.wallets[0], by_id);
        const std::array twice{address_at(6), address_at(6)};
        transaction.set_calls(transaction.call_list(), twice);
        malformed(std::move(transaction));
    }
    SECTION("an address of block 0")
    {
        auto transaction = chain.make(chain.wallets[0], by_id);
        const std::array known{chain.world->account(chain.wallets[3]).address};
        transaction.set_calls(transaction.call_list(), known);
        malformed(std::move(transaction));
    }
    SECTION("a later sender without his address")
    {
        chain.fund(later, Amount::power_of_ten(20));
        CallWriter calls;
        calls.add(coin_id, Pay{chain.wallets[0], 1});
        auto transaction = chain.make(later, calls);
        SECTION("none")
        {
            transaction.set_calls(calls.bytes());
        }
        SECTION("another's")
        {
            const std::array others{address_at(6)};
            transaction.set_calls(calls.bytes(), others);
        }
        name_sender(transaction, *chain.world);
        transaction.nonce = chain.state(later).nonce;
        transaction.seal();
        CHECK(reason(chain.run(std::move(transaction))) == "malformed addresses");
    }
    SECTION("a reference beyond the list is nobody")
    {
        CallWriter calls;
        calls.add(coin_id, Pay{AccountId{first_reference + 1}, 1});
        auto transaction = chain.make(chain.wallets[0], CallWriter{});
        const std::array one{address_at(7)};
        transaction.set_calls(calls.bytes(), one);
        transaction.seal();
        const auto block = chain.run(std::move(transaction));
        CHECK(reason(block) == "no such record");
    }
}

TEST_CASE("growth: a contract is deployed and called in one block", "[growth]")
{
    const auto workers = GENERATE(0U, 1U, 3U);
    const auto is_declared = GENERATE(false, true);
    CAPTURE(workers, is_declared);
    GrowingChain chain;
    const auto at = address_at(50);
    std::vector<Transaction> transactions;
    // Before it is there, in the transaction that deploys it, and behind that.
    CallWriter early;
    early.add(early.contract_at(at), Put{chain.wallets[0], 1});
    transactions.push_back(chain.make(chain.wallets[0], early));
    CallWriter deploying;
    deploying.add(spawner_id, Spawn{at, 100, is_declared, false});
    transactions.push_back(chain.make(chain.wallets[1], deploying));
    CallWriter calling;
    calling.add(calling.contract_at(at), Put{calling.account_at(address_at(51)), 5});
    transactions.push_back(chain.make(chain.wallets[2], calling));
    CallWriter in_vain;
    in_vain.add(spawner_id, Spawn{address_at(60), 1, is_declared, true});
    transactions.push_back(chain.make(chain.wallets[3], in_vain));
    CallWriter twice;
    twice.add(spawner_id, Spawn{at, 1, is_declared, false});
    transactions.push_back(chain.make(chain.wallets[4], twice));
    CallWriter other;
    other.add(spawner_id, Spawn{address_at(61), 7, is_declared, false});
    transactions.push_back(chain.make(chain.wallets[5], other));
    const auto block = chain.run(std::move(transactions), workers);
    // Without the hint only a parallel block must be executed again.
    CHECK(chain.redone_blocks == (workers > 1 && !is_declared ? 1U : 0U));

    CHECK(reason(block, 0) == "no such contract or method");
    CHECK(block.receipts[1].status == ReceiptStatus::succeeded);
    CHECK(block.receipts[2].status == ReceiptStatus::succeeded);
    CHECK(reason(block, 3) == "spawned in vain");
    CHECK(reason(block, 4) == "the contract cannot be deployed");
    REQUIRE(block.contracts.size() == 2);
    CHECK(block.contracts[0].id == ContractId{3});
    CHECK(block.contracts[0].kind == "toy_box");
    CHECK(block.contracts[0].origin.transaction == 1);
    CHECK(block.contracts[0].creator == chain.world->contract(spawner_id).account());
    CHECK(block.contracts[1].id == ContractId{4});
    CHECK(block.contracts[1].origin.transaction == 5);
    CHECK(chain.world->find_account(address_at(60)) == std::nullopt);
    CHECK(chain.spawner->boxes.size() == 2);
    CHECK(chain.spawner->boxes[0]->value.get(0).value == 105);
    // Named before it was there: with its address it is a contract's account from the start.
    const auto account = block.contracts[0].account;
    CHECK(chain.world->account(account).role == "dex");
    CHECK(chain.world->account(account).origin.transaction == 0);

    // It lives on, named by address though called by id.
    CallWriter later;
    later.add(ContractId{3}, Put{account, 9});
    auto transaction = chain.make(chain.wallets[0], later);
    CHECK(transaction.address_count() == 1);
    CHECK(chain.run(std::move(transaction)).receipts[0].status == ReceiptStatus::succeeded);
    CHECK(chain.spawner->boxes[0]->value.get(0).value == 109);
}

TEST_CASE("growth: an undone block gives its ids back", "[growth]")
{
    GrowingChain chain;
    const auto before = chain.world->checkpoint_root();
    const auto accounts = chain.world->account_count();
    const auto head = chain.head;
    const auto head_hash = chain.head_hash;
    CallWriter deploying;
    deploying.add(spawner_id, Spawn{address_at(50), 100, true, false});
    deploying.add(deploying.contract_at(address_at(50)), Put{chain.wallets[0], 5});
    std::vector<Transaction> transactions;
    transactions.push_back(chain.make(chain.wallets[0], deploying));
    transactions.push_back(chain.make(chain.wallets[1], pay(address_at(9), 500)));
    const auto again = transactions;
    const auto block = chain.run(std::move(transactions), 2);
    REQUIRE(block.contracts.size() == 1);
    const auto after = chain.world->checkpoint_root();
    CHECK(after != before);

    chain.world->revert(chain.undo.back());
    CHECK(chain.world->account_count() == accounts);
    CHECK(chain.world->contract_count() == 3);
    CHECK(chain.spawner->boxes.empty());
    CHECK(chain.world->find_account(address_at(9)) == std::nullopt);
    CHECK(chain.world->checkpoint_root() == before);

    // Another block gives the same ids to others; the first one's hash does not change by that.
    chain.head = head;
    chain.head_hash = head_hash;
    const auto other = chain.run(chain.make(chain.wallets[2], pay(address_at(77), 1)));
    CHECK(other.accounts[0].id == AccountId{static_cast<std::uint32_t>(accounts)});
    CHECK(chain.world->checkpoint_root() != before);
    chain.world->revert(chain.undo.back());
    chain.head = head;
    chain.head_hash = head_hash;
    CHECK(chain.run(again, 2).hash == block.hash);
    CHECK(chain.world->checkpoint_root() == after);
}

TEST_CASE("growth: a checkpoint brings back who came", "[growth]")
{
    GrowingChain chain;
    CallWriter deploying;
    deploying.add(spawner_id, Spawn{address_at(50), 100, true, false});
    deploying.add(
        deploying.contract_at(address_at(50)), Put{deploying.account_at(address_at(51)), 5});
    (void)chain.run(chain.make(chain.wallets[0], deploying));
    (void)chain.run(chain.make(chain.wallets[1], pay(address_at(9), 500)));
    auto world = reloaded(*chain.world);
    CHECK(world->checkpoint_root() == chain.world->checkpoint_root());
    CHECK(world->recompute_checkpoint_root() == chain.world->recompute_checkpoint_root());
    CHECK(world->deployment(ContractId{3}).origin.block == 1);
    CHECK(world->account(*world->find_account(address_at(9))).origin.block == 2);

    // Hostile parts: whatever is cut off or altered, it is refused or gives some world with as many
    // accounts at most, and one for an altered contract's address.
    StateParts parts{*chain.world};
    for (unsigned number = 0; number < 2; ++number)
    {
        const auto part = parts.next();
        const Bytes content{part->content.begin(), part->content.end()};
        for (std::size_t i = 0; i < content.size(); ++i)
        {
            GrowingChain cut;
            (void)load_state_part(ByteView{content}.first(i), *cut.world);
            CHECK(cut.world->account_count() <= chain.world->account_count());
            auto damaged = content;
            damaged[i] ^= 0x41U;
            GrowingChain other;
            (void)load_state_part(damaged, *other.world);
            CHECK(other.world->account_count() <= chain.world->account_count() + 1);
        }
    }
}

// Method: random blocks of payments to known and unknown addresses, deployments (said ahead or not,
// some in vain) and calls of what may be there, executed by any number of workers and with accesses
// forgotten; one head for all.
TEST_CASE("growth: the chain is the same for any number of workers", "[growth][property]")
{
    const auto seed = GENERATE(1U, 2U, 3U, 4U);
    const auto run_chain = [&](unsigned workers, double forget)
    {
        GrowingChain chain;
        RandomStream random{seed, 77, 0, 0};
        ExecutionOptions options;
        options.forget_share = forget;
        for (int number = 0; number < 12; ++number)
        {
            std::vector<Transaction> transactions;
            std::map<std::uint32_t, std::uint64_t> ahead;
            for (int i = 0; i < 40; ++i)
            {
                const auto sender = chain.wallets[random.uniform_below(chain.wallets.size())];
                const auto address =
                    address_at(static_cast<std::uint8_t>(1 + random.uniform_below(200)));
                CallWriter calls;
                const auto dice = random.uniform_below(40);
                if (dice < 20)
                    calls = pay(address, 1 + random.uniform_below(1'000));
                else if (dice < 21)
                {
                    calls.add(spawner_id, Spawn{address, random.uniform_below(1'000),
                                              random.bernoulli(0.5), random.bernoulli(0.3)});
                }
                else if (dice < 32)
                    calls.add(calls.contract_at(address), Put{calls.account_at(address), 3});
                else
                    calls.add(counters_id, Add{random.uniform_below(5), 2});
                if (random.bernoulli(0.1))
                    calls.add(counters_id, Refuse{1, RefusalKind::error});
                transactions.push_back(chain.make(sender, calls, ahead[index(sender)]++));
            }
            (void)chain.run(std::move(transactions), workers, {}, options);
        }
        REQUIRE(chain.world->has_grown());
        REQUIRE(chain.world->check_invariants().empty());
        REQUIRE(reloaded(*chain.world)->checkpoint_root() == chain.world->checkpoint_root());
        return std::pair{chain.head_hash, chain.world->checkpoint_root()};
    };
    const auto serial = run_chain(0, 0);
    for (const auto workers : {1U, 2U, 3U, 8U})
    {
        CAPTURE(workers);
        CHECK(run_chain(workers, 0) == serial);
        CHECK(run_chain(workers, 0.3) == serial);
    }
}

}  // namespace runnel::toy
