#pragma once

#include "contracts/kit/contract_base.hpp"
#include "execution/executor.hpp"
#include "ledger/philox.hpp"

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

/// Contracts that do nothing useful but touch state in every way the ledger must handle, and a
/// chain to run them on. Knows nothing above `ledger`.
namespace runnel::toy
{

/// What the coin contract does: move native coins.
struct Pay
{
    RUNNEL_CALL("pay", 0, 0);
    AccountId to{};
    Amount value;
    RUNNEL_FIELDS(to, value);
};

/// Contract 0 of a toy chain: the native coin.
class Coin : public ContractBase<Coin, Pay>
{
public:
    using ContractBase::ContractBase;

    [[nodiscard]] const ContractType& type() const override
    {
        static const ContractType type{.kind = "toy_coin",
            .help = "Moves coins.",
            .methods = methods(),
            .events = {},
            .parameters = {}};
        return type;
    }
    void connect(World& world) override { world_ = &world; }

    using ContractBase::declare;
    using ContractBase::execute;
    void declare(const Pay& call, AccountId sender, AccessCollector& access) const
    {
        access.write(world_->account_states, sender);
        access.credit(world_->account_states, call.to);
    }
    Result<Returns> execute(const Pay& call, CallContext& context)
    {
        auto& from = context.write(world_->account_states, context.sender());
        RUNNEL_REQUIRE(from.balance >= call.value, Refusal::empty());
        from.balance = wrapping_sub(from.balance, call.value);
        const auto rest = from.balance;
        context.credit(world_->account_states, call.to, call.value);
        return Returns{rest};
    }

private:
    World* world_ = nullptr;
};

struct Counter
{
    Amount value;
    std::uint64_t writes = 0;
    RUNNEL_FIELDS(value, writes);
    friend bool operator==(const Counter&, const Counter&) = default;
};

/// Emitted with what was seen or written; a log.
struct Observed
{
    static constexpr std::string_view table = "toy_observed";
    static constexpr std::string_view signature = "Observed(address indexed,uint256,uint256)";
    AccountId account{};
    Amount object;
    Amount value;
    RUNNEL_FIELDS(account, object, value);
};

/// The supply at the end of a block; a snapshot.
struct Totals
{
    static constexpr std::string_view name = "Totals";
    static constexpr std::string_view table = "toy_totals";
    static constexpr EventUse use = EventUse::snapshot;
    Amount supply;
    RUNNEL_FIELDS(supply);
};

/// value = 31 * value + amount: the order of two additions shows in the result.
struct Add
{
    RUNNEL_CALL("add", 0, 5'000);
    std::uint64_t object = 0;
    Amount amount;
    RUNNEL_FIELDS(object, amount);
};

/// Adds one object's value to another.
struct Copy
{
    RUNNEL_CALL("copy", 1, 7'000);
    std::uint64_t from = 0;
    std::uint64_t to = 0;
    RUNNEL_FIELDS(from, to);
};

struct Read
{
    RUNNEL_CALL("read", 2, 2'000);
    std::uint64_t object = 0;
    RUNNEL_FIELDS(object);
};

enum class Mode : std::uint8_t
{
    none,
    read,
    credit,
    write,
};

/// Declares one thing and does another; refuses "seen" if asked to and what it sees is not zero.
struct Touch
{
    RUNNEL_CALL("touch", 3, 1'000);
    std::uint64_t object = 0;
    Mode declared{};
    Mode actual{};
    bool refuses = false;
    RUNNEL_FIELDS(object, declared, actual, refuses);
};

/// Writes an object, emits an event, then refuses in the way asked for.
struct Refuse
{
    RUNNEL_CALL("refuse", 4, 3'000);
    std::uint64_t object = 0;
    RefusalKind kind{};
    RUNNEL_FIELDS(object, kind);
};

struct Burn
{
    RUNNEL_CALL("burn", 5, 100);
    std::uint64_t extra_gas = 0;
    RUNNEL_FIELDS(extra_gas);
};

/// Adds 1 to an object, runs the callback as its sender, adds 1 again.
struct Nest
{
    RUNNEL_CALL("nest", 6, 4'000);
    std::uint64_t object = 0;
    CallList callback;
    RUNNEL_FIELDS(object, callback);
};

/// Honest if both amounts are the same.
struct Mint
{
    RUNNEL_CALL("mint", 7, 6'000);
    AccountId to{};
    Amount amount;
    Amount supply;
    RUNNEL_FIELDS(to, amount, supply);
};

/// Moves tokens of the sender.
struct Move
{
    RUNNEL_CALL("move", 8, 9'000);
    AccountId to{};
    Amount amount;
    RUNNEL_FIELDS(to, amount);
};

/// Uses, saves and charges gas, in this order; refuses "spent" if asked to.
struct Spend
{
    RUNNEL_CALL("spend", 9, {20'000, 1'000});
    std::uint64_t use = 0;
    std::uint64_t save = 0;
    std::uint64_t charge = 0;
    std::uint64_t use_more = 0;
    bool refuses = false;
    RUNNEL_FIELDS(use, save, charge, use_more, refuses);
};

/// Hands control to an account between two additions.
struct HandOver
{
    RUNNEL_CALL("handOver", 10, 4'000);
    std::uint64_t object = 0;
    AccountId receiver{};
    RUNNEL_FIELDS(object, receiver);
};

/// Counters and a token in one contract.
class Counters : public ContractBase<Counters, Add, Copy, Read, Touch, Refuse, Burn, Nest, Mint,
                     Move, Spend, HandOver>
{
public:
    explicit Counters(ContractIdentity identity, ContractRole role = ContractRole::ledger)
      : ContractBase{std::move(identity)}, role_{role}
    {
        add_table(counters);
        balances.set_conservation_weight(1);
        add_table(balances);
        supply.set_conservation_weight(-1);
        add_table(supply);
    }

    Table<Counter> counters{"counters", KeyOf::something_else};
    Table<Amount> balances{"balances"};
    Table<Amount> supply{"supply"};
    bool jitter = false;  // Gives other threads the word at random moments; changes no result.
    std::uint64_t throws_on = ~0ULL;  // The object whose additions throw: a contract with a bug.
    std::uint64_t hangs_on = ~0ULL;   // The object whose additions never end.

    [[nodiscard]] const ContractType& type() const override
    {
        static const ContractType ledger = make_type(ContractRole::ledger);
        static const ContractType dex = make_type(ContractRole::dex);
        return role_ == ContractRole::dex ? dex : ledger;
    }
    [[nodiscard]] std::optional<Amount> quote(const QuoteRequest& request) const override
    {
        if (request.amount_in.is_zero())
            return std::nullopt;
        if (request.amount_in == Amount::max())
            throw std::out_of_range{"toy quote"};
        return wrapping_add(request.amount_in, counters.get(0).value);
    }
    void snapshot(SnapshotContext& context) const override
    {
        context.emit(id(), Totals{supply.get(0)});
    }

    using ContractBase::declare;
    using ContractBase::execute;
    void declare(const Add& call, AccountId, AccessCollector& access) const
    {
        access.write(counters, call.object);
    }
    void declare(const Copy& call, AccountId, AccessCollector& access) const
    {
        access.read(counters, call.from);
        access.write(counters, call.to);
    }
    void declare(const Read& call, AccountId, AccessCollector& access) const
    {
        access.read(counters, call.object);
    }
    void declare(const Touch& call, AccountId, AccessCollector& access) const
    {
        if (call.declared == Mode::read)
            access.read(counters, call.object);
        else if (call.declared == Mode::write)
            access.write(counters, call.object);
        else if (call.declared == Mode::credit)
            access.credit(counters, call.object);
    }
    void declare(const Refuse& call, AccountId, AccessCollector& access) const
    {
        access.write(counters, call.object);
    }
    void declare(const Burn&, AccountId, AccessCollector&) const {}
    void declare(const Nest& call, AccountId sender, AccessCollector& access) const
    {
        access.write(counters, call.object);
        access.calls(call.callback, sender);
    }
    void declare(const Spend&, AccountId, AccessCollector&) const {}
    void declare(const HandOver& call, AccountId, AccessCollector& access) const
    {
        access.write(counters, call.object);
        access.hand_over(call.receiver);
    }
    void declare(const Mint& call, AccountId, AccessCollector& access) const
    {
        access.write(balances, call.to);
        access.write(supply, std::uint64_t{0});
    }
    void declare(const Move& call, AccountId sender, AccessCollector& access) const
    {
        access.write(balances, sender);
        access.credit(balances, call.to);
    }

    Result<Returns> execute(const Add& call, CallContext& context)
    {
        if (call.object == throws_on)
            throw std::out_of_range{"toy"};
        while (call.object == hangs_on)
            std::this_thread::sleep_for(std::chrono::milliseconds{1});
        add(context, call.object, call.amount);
        return observe(context, call.object);
    }
    Result<Returns> execute(const Copy& call, CallContext& context)
    {
        const auto value = context.read(counters, call.from).value;
        give_way();
        add(context, call.to, value);
        return observe(context, call.to);
    }
    Result<Returns> execute(const Read& call, CallContext& context)
    {
        give_way();
        return observe(context, call.object);
    }
    Result<Returns> execute(const Touch& call, CallContext& context)
    {
        Amount seen;
        if (call.actual == Mode::read)
            seen = context.read(counters, call.object).value;
        else if (call.actual == Mode::write)
        {
            auto& counter = context.write(counters, call.object);
            seen = counter.value;
            counter.value = 77;
        }
        else if (call.actual == Mode::credit)
            context.credit(counters, call.object, 72);
        RUNNEL_REQUIRE(!call.refuses || seen.is_zero(), "seen");
        return Returns{seen};
    }
    Result<Returns> execute(const Refuse& call, CallContext& context)
    {
        add(context, call.object, 1);
        context.emit(id(), Observed{context.sender(), call.object, 1});
        switch (call.kind)
        {
            case RefusalKind::error: return fail("Toy: REFUSED");
            case RefusalKind::custom:
                return fail(Refusal::custom("ToyRefused").with(context.sender()).with(Amount{17}));
            case RefusalKind::panic: RUNNEL_TRY(Checked{Amount{1}} / 0); break;
            case RefusalKind::empty: return fail(Refusal::empty());
            case RefusalKind::invalid_opcode: return fail(Refusal::invalid_opcode());
            case RefusalKind::ledger: return fail(Refusal::ledger("toy"));
        }
        return Returns{};
    }
    Result<Returns> execute(const Burn& call, CallContext& context)
    {
        RUNNEL_TRY(context.charge_gas(call.extra_gas));
        return Returns{};
    }
    Result<Returns> execute(const Nest& call, CallContext& context)
    {
        add(context, call.object, 1);
        const auto inner = RUNNEL_TRY(context.run(call.callback, context.sender()));
        add(context, call.object, 1);
        return inner;
    }
    Result<Returns> execute(const Spend& call, CallContext& context)
    {
        context.use_gas(call.use);
        if (call.charge != 0)
            RUNNEL_TRY(context.charge_gas(call.charge));
        context.save_gas(call.save);
        context.use_gas(call.use_more);
        RUNNEL_REQUIRE(!call.refuses, Refusal::ledger("spent"));
        return Returns{};
    }
    Result<Returns> execute(const HandOver& call, CallContext& context)
    {
        add(context, call.object, 1);
        const bool had_calls = RUNNEL_TRY(context.hand_over(call.receiver));
        add(context, call.object, 1);
        return Returns{had_calls ? Amount{1} : Amount{}};
    }
    Result<Returns> execute(const Mint& call, CallContext& context)
    {
        auto& balance = context.write(balances, call.to);
        auto& total = context.write(supply, 0);
        balance = wrapping_add(balance, call.amount);
        total = wrapping_add(total, call.supply);
        return Returns{balance, total};
    }
    Result<Returns> execute(const Move& call, CallContext& context)
    {
        auto& from = context.write(balances, context.sender());
        RUNNEL_REQUIRE(from >= call.amount, Refusal::custom("ToyInsufficientBalance")
                                                .with(context.sender())
                                                .with(from)
                                                .with(call.amount));
        from = wrapping_sub(from, call.amount);
        give_way();
        context.credit(balances, call.to, call.amount);
        return Returns{};
    }

private:
    static ContractType make_type(ContractRole role)
    {
        return {.kind = "toy_counters",
            .help = "Counts.",
            .role = role,
            .methods = methods(),
            .events = {&event_type<Observed>, &event_type<Totals>},
            .parameters = {}};
    }
    void give_way() const
    {
        if (!jitter)
            return;
        thread_local std::uint64_t state = std::hash<std::thread::id>{}(std::this_thread::get_id());
        state = state * 6364136223846793005U + 1442695040888963407U;
        if (state >> 62U == 0)
            std::this_thread::yield();
    }
    void add(CallContext& context, std::uint64_t object, const Amount& amount)
    {
        auto& counter = context.write(counters, object);
        const auto before = counter.value;
        give_way();
        counter.value = wrapping_add(wrapping_mul(before, 31), amount);
        ++counter.writes;
    }
    Result<Returns> observe(CallContext& context, std::uint64_t object)
    {
        const auto value = context.read(counters, object).value;
        context.emit(id(), Observed{context.sender(), object, value});
        return Returns{value};
    }

    ContractRole role_;
};

inline constexpr ContractId coin_id{0};
inline constexpr ContractId counters_id{1};

/// A world with the coin (contract 0), the counters (contract 1) and some wallets.
struct ToyWorld
{
    explicit ToyWorld(std::uint32_t wallet_count, const Amount& funds = Amount::power_of_ten(24),
        ContractRole role = ContractRole::ledger)
      : world{std::make_unique<World>()}
    {
        const auto coin = world->add_account({"coin", "token", "", {}});
        world->add_contract(std::make_unique<Coin>(ContractIdentity{coin_id, coin, "coin"}));
        const auto account = world->add_account({"counters", "dex", "", {}});
        counters = static_cast<Counters*>(&world->add_contract(
            std::make_unique<Counters>(ContractIdentity{counters_id, account, "counters"}, role)));
        world->connect();
        proposer = world->add_account({"proposer", "validator", "", {}});
        for (std::uint32_t i = 0; i < wallet_count; ++i)
        {
            wallets.push_back(
                world->add_account({"wallet/" + std::to_string(i), "wallet", "", {}}));
            fund(wallets.back(), funds);
        }
    }
    void fund(AccountId account, const Amount& funds)
    {
        auto& balance = world->account_states.at(account).balance;
        balance = wrapping_add(balance, funds);
        auto& supply = world->native_supply.at(std::uint64_t{0});
        supply = wrapping_add(supply, funds);
    }
    [[nodiscard]] const AccountState& state(AccountId account) const
    {
        return world->account_states.get(account);
    }

    std::unique_ptr<World> world;
    Counters* counters = nullptr;
    AccountId proposer{};
    std::vector<AccountId> wallets;
};

/// Blocks on a ToyWorld, one after another; keeps the undo log of all of them.
class ToyChain : public ToyWorld
{
public:
    using ToyWorld::ToyWorld;

    std::uint64_t base_fee = 10;
    BlockExecution execution;
    BlockHeader head;
    Hash head_hash;
    std::vector<BlockUndo> undo;
    std::size_t redone_blocks = 0;

    /// @p workers 0: serially. Otherwise on so many threads, of which the first @p absent of the
    /// announced ones never come.
    FinishedBlock run(std::vector<Transaction> transactions, unsigned workers = 0,
        std::vector<Reward> rewards = {}, ExecutionOptions options = {}, unsigned absent = 0)
    {
        BlockContext context;
        context.number = head.number + 1;
        context.timestamp = 1'000 + 12 * context.number;
        context.base_fee = base_fee;
        context.gas_limit = 30'000'000;
        context.proposer = proposer;
        options.mode = workers == 0 ? ExecutionMode::serial : ExecutionMode::parallel;
        execution.begin(*world, context, std::move(transactions), options, std::max(1U, workers));
        std::vector<std::thread> threads;
        for (unsigned i = absent + 1; i < workers; ++i)
            threads.emplace_back([this, i] { execution.assist(i); });
        execution.plan();
        if (!execution.run())
        {
            ++redone_blocks;
            execution.redo();
        }
        // Helpers may be still there, or only come, while the block is applied and sealed.
        execution.apply(head.number, std::move(rewards));
        undo.push_back(execution.take_undo());
        auto block = execution.seal(head, head_hash);
        for (auto& thread : threads)
            thread.join();
        head = block.header;
        head_hash = block.hash;
        return block;
    }
    FinishedBlock run(Transaction transaction)
    {
        std::vector<Transaction> transactions;
        transactions.push_back(std::move(transaction));
        return run(std::move(transactions));
    }

    /// A transaction with the sender's nonce as the chain has it.
    [[nodiscard]] Transaction make(AccountId sender, const CallWriter& calls,
        std::uint64_t gas_limit = 500'000, std::uint64_t max_fee = 100,
        std::uint64_t max_priority_fee = 3) const
    {
        Transaction transaction;
        transaction.sender = sender;
        transaction.nonce = state(sender).nonce;
        transaction.gas_limit = gas_limit;
        transaction.max_fee = max_fee;
        transaction.max_priority_fee = max_priority_fee;
        transaction.set_calls(calls.bytes());
        transaction.seal();
        return transaction;
    }
};

template <typename... Call>
[[nodiscard]] CallWriter calls(const Call&... call)
{
    CallWriter writer;
    (writer.add(std::same_as<Call, Pay> ? coin_id : counters_id, call), ...);
    return writer;
}

/// Random transactions over @p objects objects, some of which fail in every way there is.
class RandomBlocks
{
public:
    RandomBlocks(std::uint64_t seed, std::uint64_t objects) : objects_{objects}, seed_{seed} {}

    [[nodiscard]] std::vector<Transaction> next(const ToyWorld& toy, std::size_t size)
    {
        RandomStream random{seed_, 1, 0, block_++};
        std::vector<std::uint64_t> nonces;
        for (const auto wallet : toy.wallets)
            nonces.push_back(toy.state(wallet).nonce);
        std::vector<Transaction> block;
        while (block.size() < size)
        {
            const auto from = random.uniform_below(toy.wallets.size());
            Transaction transaction;
            transaction.sender = toy.wallets[from];
            transaction.nonce = nonces[from];
            if (random.bernoulli(0.02))
                transaction.nonce += 1 + random.uniform_below(2);
            else if (random.bernoulli(0.02) && transaction.nonce > 0)
                --transaction.nonce;
            else
                ++nonces[from];
            transaction.gas_limit =
                random.bernoulli(0.05) ? 20'000 + random.uniform_below(20'000) : 300'000;
            transaction.max_fee = 10 + random.uniform_below(30);
            transaction.max_priority_fee = random.uniform_below(20);
            CallWriter list;
            for (auto left = 1 + random.uniform_below(3); left > 0; --left)
                add_call(list, random, toy, 0);
            transaction.set_calls(list.bytes());
            if (random.bernoulli(0.01))
                transaction.input.pop_back();
            transaction.seal();
            block.push_back(std::move(transaction));
        }
        return block;
    }

private:
    void add_call(CallWriter& list, RandomStream& random, const ToyWorld& toy, unsigned depth)
    {
        const auto object = random.uniform_below(objects_) * 0x1'0000'0001U;
        const auto other = random.uniform_below(objects_) * 0x1'0000'0001U;
        const auto wallet = toy.wallets[random.uniform_below(toy.wallets.size())];
        switch (random.uniform_below(20))
        {
            case 0:
            case 1:
            case 2: list.add(counters_id, Add{object, random.uniform_below(1'000)}); break;
            case 3:
            case 4:
            case 5: list.add(counters_id, Copy{object, other}); break;
            case 6:
            case 7:
            case 8:
            case 9: list.add(counters_id, Read{object}); break;
            case 10: {
                // Seldom more than was declared: most blocks shall run in parallel to their end.
                const auto actual = static_cast<Mode>(random.uniform_below(4));
                const auto declared =
                    random.bernoulli(0.01) ? static_cast<Mode>(random.uniform_below(4)) : actual;
                list.add(counters_id, Touch{object, declared, actual, random.bernoulli(0.2)});
                break;
            }
            case 11:
                list.add(
                    counters_id, Refuse{object, static_cast<RefusalKind>(random.uniform_below(6))});
                break;
            case 12: list.add(counters_id, Burn{random.uniform_below(400'000)}); break;
            case 13:
            case 14: {
                CallWriter inner;
                if (depth < 5)
                {
                    for (auto left = random.uniform_below(3); left > 0; --left)
                        add_call(inner, random, toy, depth + 1);
                }
                list.add(counters_id, Nest{object, inner.list()});
                break;
            }
            case 15: {
                const Amount amount{random.uniform_below(100)};
                list.add(counters_id, Mint{wallet, amount, amount});
                break;
            }
            case 16:
            case 17: list.add(counters_id, Move{wallet, random.uniform_below(60)}); break;
            case 18: list.add(coin_id, Pay{wallet, random.uniform_below(1'000'000)}); break;
            default: list.add(coin_id, Pay{wallet, Amount{1} << 78U}); break;
        }
    }

    std::uint64_t objects_;
    std::uint64_t seed_;
    std::uint64_t block_ = 0;
};

}  // namespace runnel::toy
