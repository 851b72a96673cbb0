#include "ledger/executor.hpp"

#include "ledger/check.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <thread>

namespace runnel
{

namespace
{
constexpr std::uint32_t no_transaction = 0xFFFF'FFFF;
/// Workers beyond it are not seen by a watchdog.
constexpr std::size_t marks_max = 256;

[[noreturn]] void contract_threw(
    std::uint64_t block, std::uint32_t i, const Transaction& transaction, const char* what) noexcept
{
    std::fprintf(stderr, "runnel: bug: block %llu, transaction %u (%s): a contract threw: %s\n",
        static_cast<unsigned long long>(block), i, transaction.hash.to_string().c_str(), what);
    std::abort();
}
}  // namespace

/// Where a transaction's events and journal lie, and the hashes its worker computed.
struct BlockExecution::Outcome
{
    Receipt receipt;
    Hash receipt_leaf;
    Hash write_digest;
    std::uint64_t priority_fee = 0;  // Wei per gas.
    std::uint32_t worker = 0;
    std::uint32_t first_event = 0;  // In the worker's arena.
    std::uint32_t first_undo = 0;
    std::uint32_t undo_count = 0;
};

struct alignas(64) BlockExecution::Worker
{
    WorkerArena arena;
    Bytes scratch;
    std::vector<std::uint32_t> ready;
};

/// What a worker is inside of, on a cache line of its own.
struct alignas(64) BlockExecution::Mark
{
    std::atomic<std::uint32_t> transaction{no_transaction};
};

BlockExecution::BlockExecution() : marks_{std::make_unique<Mark[]>(marks_max)} {}
BlockExecution::~BlockExecution() = default;

void BlockExecution::plan(World& world, const BlockContext& context,
    std::vector<Transaction> transactions, ExecutionOptions options)
{
    world_ = &world;
    context_ = context;
    options_ = options;
    transactions_ = std::move(transactions);
    plan_.build(world, transactions_, options_.free_gas);

    std::vector<bool> touched(world.contract_count());
    for (const auto& access : plan_.all_accesses())
        touched[index(world.table_owner(access.table->number()))] = true;
    touched_contracts_.clear();
    for (std::uint32_t i = 0; i < touched.size(); ++i)
    {
        if (touched[i])
            touched_contracts_.push_back(ContractId{i});
    }
}

void BlockExecution::prepare(unsigned workers)
{
    for (const auto contract : touched_contracts_)
        RUNNEL_CHECK(world_->holds(contract));
    for (auto& access : plan_.all_accesses())
        access.record = access.table->make_slot(access.key);

    const auto count = transactions_.size();
    while (workers_.size() < workers)
        workers_.push_back(std::make_unique<Worker>());
    for (auto& worker : workers_)
        worker->arena.clear();
    outcomes_.resize(count);
    returns_.assign(options_.keep_returns ? count : 0, Returns{});
    if (pending_size_ < count)
    {
        pending_ = std::make_unique<std::atomic<std::uint32_t>[]>(count);
        pending_size_ = count;
    }
    for (std::uint32_t i = 0; i < count; ++i)
    {
        // One more than its predecessors: the scan's token.
        pending_[i].store(plan_.predecessor_count(i) + 1, std::memory_order_relaxed);
    }
    cursor_.store(0, std::memory_order_relaxed);
    finished_.store(0, std::memory_order_release);
}

void BlockExecution::run_serial()
{
    for (std::uint32_t i = 0; i < transactions_.size(); ++i)
        execute(i, 0);
    finished_.store(static_cast<std::uint32_t>(transactions_.size()), std::memory_order_release);
}

bool BlockExecution::release(std::uint32_t transaction) noexcept
{
    return pending_[transaction].fetch_sub(1, std::memory_order_acq_rel) == 1;
}

void BlockExecution::run_from(std::uint32_t transaction, unsigned worker)
{
    auto& ready = workers_[worker]->ready;
    ready.push_back(transaction);
    while (!ready.empty())
    {
        const auto next = ready.back();
        ready.pop_back();
        execute(next, worker);
        const auto successors = plan_.successors(next);
        for (auto successor = successors.rbegin(); successor != successors.rend(); ++successor)
        {
            if (release(*successor))
                ready.push_back(*successor);  // The earliest in the block ends up on top.
        }
        finished_.fetch_add(1, std::memory_order_acq_rel);
    }
}

void BlockExecution::work(unsigned worker)
{
    const auto count = static_cast<std::uint32_t>(transactions_.size());
    const auto chunk = std::clamp<std::uint32_t>(
        count / static_cast<std::uint32_t>(4 * workers_.size() + 1), 1, 64);
    unsigned idle_rounds = 0;
    while (finished_.load(std::memory_order_acquire) < count)
    {
        const auto begin = cursor_.fetch_add(chunk, std::memory_order_relaxed);
        if (begin >= count)
        {
            // Nothing left to scan: others run what depends on them.
            cursor_.store(count, std::memory_order_relaxed);
            if (++idle_rounds > 200)
                std::this_thread::yield();
            continue;
        }
        const auto end = std::min(begin + chunk, count);
        for (auto i = begin; i < end; ++i)
        {
            if (release(i))
                run_from(i, worker);
        }
    }
}

template <typename Body>
auto BlockExecution::run_contracts(std::uint32_t i, unsigned worker, Body&& body) noexcept
{
    auto& mark = marks_[std::min<std::size_t>(worker, marks_max - 1)].transaction;
    mark.store(i, std::memory_order_relaxed);
    try
    {
        auto result = body();
        mark.store(no_transaction, std::memory_order_relaxed);
        return result;
    }
    catch (const std::exception& error)
    {
        contract_threw(context_.number, i, transactions_[i], error.what());
    }
    catch (...)
    {
        contract_threw(context_.number, i, transactions_[i], "something unknown");
    }
}

std::vector<std::uint32_t> BlockExecution::under_way() const
{
    std::vector<std::uint32_t> transactions;
    for (std::size_t i = 0; i < marks_max; ++i)
    {
        const auto transaction = marks_[i].transaction.load(std::memory_order_relaxed);
        if (transaction != no_transaction)
            transactions.push_back(transaction);
    }
    std::sort(transactions.begin(), transactions.end());
    return transactions;
}

void BlockExecution::execute(std::uint32_t i, unsigned worker_number) noexcept
{
    auto& worker = *workers_[worker_number];
    const auto& transaction = transactions_[i];
    auto& outcome = outcomes_[i];
    TransactionScope scope{*world_, context_, plan_.accesses(i), worker.arena, i};
    outcome.worker = worker_number;
    outcome.first_event = static_cast<std::uint32_t>(scope.first_event());
    outcome.first_undo = static_cast<std::uint32_t>(scope.first_undo());
    outcome.receipt = {};
    auto& receipt = outcome.receipt;
    receipt.effective_gas_price =
        options_.free_gas ? 0 : transaction.effective_gas_price(context_.base_fee);
    const Amount price{receipt.effective_gas_price};
    outcome.priority_fee = options_.free_gas ? 0 : receipt.effective_gas_price - context_.base_fee;

    const auto run = [&]() -> Result<Returns>
    {
        scope.set_gas_limit(transaction.gas_limit);
        CallContext context{scope, transaction.sender};
        if (!options_.free_gas)
        {
            auto& sender = context.write(world_->account_states, transaction.sender);
            RUNNEL_REQUIRE(sender.nonce == transaction.nonce, Refusal::ledger("wrong nonce"));
            const auto after = Checked{sender.balance} - Checked{price} * transaction.gas_limit;
            RUNNEL_REQUIRE(after.ok(), Refusal::ledger("insufficient funds for gas"));
            sender.balance = after.value;
        }
        RUNNEL_TRY(context.charge_gas(intrinsic_gas));
        auto result = RUNNEL_TRY(context.run({transaction.call_list()}, transaction.sender));
        RUNNEL_REQUIRE(!scope.undeclared(), Refusal::ledger("undeclared access"));
        return result;
    };
    const auto result = run_contracts(i, worker_number, run);
    receipt.gas_used = std::max(scope.gas_used(), std::min(intrinsic_gas, transaction.gas_limit));
    if (result.has_value())
        receipt.status = ReceiptStatus::succeeded;
    else
    {
        scope.roll_back();
        receipt.refusal =
            scope.undeclared() ? Refusal::ledger("undeclared access") : result.error();
        if (receipt.refusal.kind == RefusalKind::invalid_opcode)
            receipt.gas_used = transaction.gas_limit;
    }
    if (!options_.free_gas)
    {
        CallContext context{scope, transaction.sender};
        auto& sender = context.write(world_->account_states, transaction.sender);
        const bool nonce_fits = sender.nonce == transaction.nonce;
        if (receipt.status == ReceiptStatus::succeeded)
        {
            sender.balance = wrapping_add(
                sender.balance, wrapping_mul(price, transaction.gas_limit - receipt.gas_used));
        }
        else
        {
            // All is rolled back, the purchase of gas too. Who cannot pay pays what there is; the
            // order phase admits only senders who can, so this needs an earlier spend in the block.
            // A wrong nonce, which no mempool lets pass, costs its sender nothing: he did not send
            // this transaction for this place in the chain.
            if (!nonce_fits)
                receipt.gas_used = 0;
            auto fee = wrapping_mul(price, receipt.gas_used);
            if (fee > sender.balance)
            {
                receipt.gas_used = div_down(sender.balance, price).low64();
                fee = wrapping_mul(price, receipt.gas_used);
            }
            sender.balance = wrapping_sub(sender.balance, fee);
        }
        // A wrong nonce is not used up: else what was executed before could be executed again.
        if (nonce_fits)
            ++sender.nonce;
    }
    if (options_.keep_returns && result.has_value())
        returns_[i] = *result;
    finish_transaction(i, worker_number);
}

void BlockExecution::finish_transaction(std::uint32_t i, unsigned worker_number)
{
    auto& worker = *workers_[worker_number];
    auto& outcome = outcomes_[i];
    auto& receipt = outcome.receipt;
    receipt.event_count =
        static_cast<std::uint32_t>(worker.arena.events.size() - outcome.first_event);
    outcome.undo_count = static_cast<std::uint32_t>(worker.arena.undo.size() - outcome.first_undo);

    auto& scratch = worker.scratch;
    scratch.clear();
    Encoder encoder{scratch};
    encoder.put(receipt.status);
    encoder.put(receipt.gas_used);
    encoder.put(receipt.effective_gas_price);
    if (receipt.status == ReceiptStatus::reverted)
    {
        encoder.put(receipt.refusal.kind);
        encoder.put(static_cast<std::uint16_t>(receipt.refusal.text.size()));
        for (const auto character : receipt.refusal.text)
            scratch.push_back(static_cast<std::uint8_t>(character));
        encoder.put(receipt.refusal.account_mask);
        for (unsigned k = 0; k < receipt.refusal.argument_count; ++k)
            encoder.put(receipt.refusal.arguments[k]);
    }
    for (auto k = outcome.first_event; k < worker.arena.events.size(); ++k)
    {
        const auto& event = worker.arena.events[k];
        if (event.type->use != EventUse::log)
            continue;
        encoder.put(event.contract);
        encoder.put(static_cast<std::uint16_t>(event.type->signature.size()));
        for (const auto character : event.type->signature)
            scratch.push_back(static_cast<std::uint8_t>(character));
        encoder.put_raw(ByteView{worker.arena.event_bytes}.subspan(event.offset, event.size));
    }
    outcome.receipt_leaf = merkle_leaf(scratch);

    scratch.clear();
    for (auto k = outcome.first_undo; k < worker.arena.undo.size(); ++k)
    {
        const auto& access = *worker.arena.undo[k].access;
        encoder.put(access.table->number());
        encoder.put(access.key);
        access.table->format().encode(access.record, scratch);
    }
    outcome.write_digest = keccak256(scratch);
}

void BlockExecution::remember(RecordTable& table, std::uint64_t key, const void* old)
{
    const auto* bytes = static_cast<const std::uint8_t*>(old);
    undo_.entries.push_back({&table, key, undo_.old_values.size()});
    undo_.old_values.insert(undo_.old_values.end(), bytes, bytes + table.format().size);
}

void BlockExecution::credit(AccountId account, const Amount& amount)
{
    if (amount.is_zero())
        return;
    auto& table = world_->account_states;
    auto& state = table.at(account);
    remember(table, index(account), &state);
    state.balance = wrapping_add(state.balance, amount);
    Encoder encoder{system_writes_};
    encoder.put(table.number());
    encoder.put(std::uint64_t{index(account)});
    encoder.put(state);
}

void BlockExecution::append(const WorkerArena& arena, EventRecord event)
{
    const auto bytes = ByteView{arena.event_bytes}.subspan(event.offset, event.size);
    event.offset = static_cast<std::uint32_t>(block_.event_bytes.size());
    block_.event_bytes.insert(block_.event_bytes.end(), bytes.begin(), bytes.end());
    block_.events.push_back(event);
}

void BlockExecution::collect_writes()
{
    // Old values, first write of each object first: the undo log and the conservation check.
    std::vector<bool> seen(plan_.object_count());
    for (const auto& outcome : outcomes_)
    {
        const auto& arena = workers_[outcome.worker]->arena;
        for (auto k = outcome.first_undo; k < outcome.first_undo + outcome.undo_count; ++k)
        {
            const auto& entry = arena.undo[k];
            const auto& access = *entry.access;
            if (seen[access.object])
                continue;
            seen[access.object] = true;
            const auto* old = arena.old_values.data() + entry.offset;
            remember(*access.table, access.key, old);
            const auto owner = index(world_->table_owner(access.table->number()));
            changed_[owner] = true;
            const auto weight = access.table->conservation_weight();
            if (weight == 0)
                continue;
            Amount before;
            Amount after;
            std::memcpy(&before, old, sizeof(before));
            std::memcpy(&after, access.record, sizeof(after));
            auto& sum = imbalance_[owner];
            const auto change = wrapping_sub(after, before);
            sum = weight > 0 ? wrapping_add(sum, change) : wrapping_sub(sum, change);
        }
    }
}

void BlockExecution::collect_receipts()
{
    block_.receipts.reserve(outcomes_.size());
    for (auto& outcome : outcomes_)
    {
        auto& receipt = outcome.receipt;
        const auto& arena = workers_[outcome.worker]->arena;
        block_.header.gas_used += receipt.gas_used;
        tips_ = wrapping_add(tips_, wrapping_mul(receipt.gas_used, outcome.priority_fee));
        if (!options_.free_gas)
            burnt_ = wrapping_add(burnt_, wrapping_mul(receipt.gas_used, context_.base_fee));
        receipt.first_event = static_cast<std::uint32_t>(block_.events.size());
        for (auto k = outcome.first_event; k < outcome.first_event + receipt.event_count; ++k)
            append(arena, arena.events[k]);
        block_.receipts.push_back(receipt);
    }
}

void BlockExecution::collect_snapshots()
{
    WorkerArena snapshots;
    SnapshotContext context{context_, snapshots, block_.header.transaction_count};
    for (std::uint32_t i = 0; i < changed_.size(); ++i)
    {
        if (changed_[i])
            world_->contract(ContractId{i}).snapshot(context);
    }
    for (const auto& event : snapshots.events)
        append(snapshots, event);
}

void BlockExecution::apply(std::uint64_t finalized_block, std::vector<Reward> rewards)
{
    RUNNEL_CHECK(done());
    block_ = {};
    undo_ = {};
    undo_.block_number = context_.number;
    system_writes_.clear();
    tips_ = {};
    burnt_ = {};
    imbalance_.assign(world_->contract_count(), Amount{});
    changed_.assign(world_->contract_count(), false);
    auto& header = block_.header;
    header.number = context_.number;
    header.timestamp = context_.timestamp;
    header.proposer = context_.proposer;
    header.gas_limit = context_.gas_limit;
    header.base_fee = context_.base_fee;
    header.transaction_count = static_cast<std::uint32_t>(transactions_.size());
    header.finalized_block = finalized_block;
    collect_writes();
    collect_receipts();

    // System writes come after the transactions in the ordered write set: fees to the proposer, new
    // coins to validators, base fees burnt.
    credit(context_.proposer, tips_);
    Amount minted;
    for (const auto& reward : rewards)
    {
        credit(reward.account, reward.amount);
        minted = wrapping_add(minted, reward.amount);
    }
    auto& supply = world_->native_supply.at(0);
    if (minted != burnt_)
    {
        remember(world_->native_supply, 0, &supply);
        supply = wrapping_sub(wrapping_add(supply, minted), burnt_);
        Encoder encoder{system_writes_};
        encoder.put(world_->native_supply.number());
        encoder.put(std::uint64_t{0});
        encoder.put(supply);
    }
    // Transactions together lost what was burnt and what went to the proposer, and nothing else.
    auto& native = imbalance_[index(native_coin)];
    native = wrapping_add(native, wrapping_add(burnt_, tips_));
    for (const auto& sum : imbalance_)
        RUNNEL_CHECK(sum.is_zero() && "balances and supply of a token agree after the block");

    collect_snapshots();
    block_.transactions = std::move(transactions_);
    transactions_.clear();
    block_.rewards = std::move(rewards);
}

FinishedBlock BlockExecution::seal(const BlockHeader& parent, const Hash& parent_hash)
{
    auto& header = block_.header;
    header.parent_hash = parent_hash;
    std::vector<Hash> transaction_leaves;
    std::vector<Hash> receipt_leaves;
    std::vector<Hash> reward_leaves;
    transaction_leaves.reserve(outcomes_.size());
    receipt_leaves.reserve(outcomes_.size());
    Bytes writes;
    writes.reserve(32 * (outcomes_.size() + 1) + system_writes_.size());
    Encoder encoder{writes};
    encoder.put(parent.state_root);
    for (std::size_t i = 0; i < outcomes_.size(); ++i)
    {
        transaction_leaves.push_back(block_.transactions[i].hash);
        receipt_leaves.push_back(outcomes_[i].receipt_leaf);
        encoder.put(outcomes_[i].write_digest);
    }
    encoder.put_raw(system_writes_);
    for (const auto& reward : block_.rewards)
    {
        Bytes leaf;
        encode(reward, leaf);
        reward_leaves.push_back(merkle_leaf(leaf));
    }
    header.transactions_root = merkle_root(std::move(transaction_leaves));
    header.receipts_root = merkle_root(std::move(receipt_leaves));
    header.rewards_root = merkle_root(std::move(reward_leaves));
    header.state_root = keccak256(writes);
    block_.hash = header.hash();
    return std::move(block_);
}

BlockUndo BlockExecution::take_undo()
{
    return std::move(undo_);
}

FinishedBlock execute_block(BlockExecution& execution, World& world, const BlockContext& context,
    const BlockHeader& parent, const Hash& parent_hash, std::uint64_t finalized_block,
    std::vector<Transaction> transactions, std::vector<Reward> rewards, ExecutionOptions options)
{
    execution.plan(world, context, std::move(transactions), options);
    execution.prepare();
    execution.run_serial();
    execution.apply(finalized_block, std::move(rewards));
    return execution.seal(parent, parent_hash);
}

}  // namespace runnel
