#include "execution/executor.hpp"

#include "execution/transaction_rules.hpp"
#include "ledger/check.hpp"
#include "state/references.hpp"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <thread>
#include <utility>

namespace runnel
{
namespace
{
using Clock = std::chrono::steady_clock;

// All of these only choose between ways to the same result. See docs/execution.md for how they were
// measured.

/// Predicted work below which helpers are never called.
constexpr double parallel_min_ns = 25'000;
/// A block with less parallelism is run serially.
constexpr double parallelism_min = 1.1;
/// Predicted work that a worker takes from the block at a time: long enough for neighbouring
/// transactions' cache lines to stay on one core, short enough to keep close to block order.
constexpr std::uint64_t chunk_ns = 24'000;
constexpr std::uint32_t chunk_transactions_max = 256;
/// How far ahead records are fetched, in transactions.
constexpr std::uint32_t prefetch_distance = 6;
/// One of so many transactions is timed for the cost model.
constexpr std::uint32_t timed_share = 16;
constexpr unsigned spins_before_yield = 200;

void relax(unsigned& idle_rounds) noexcept
{
    if (++idle_rounds > spins_before_yield)
        std::this_thread::yield();
    else
        __builtin_ia32_pause();
}

double ns_since(Clock::time_point start) noexcept
{
    return std::chrono::duration<double, std::nano>(Clock::now() - start).count();
}

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

/// What became of a transaction and where its events and journal lie.
struct BlockExecution::Outcome
{
    std::uint64_t gas_used = 0;
    std::uint64_t effective_gas_price = 0;
    std::uint32_t worker = 0;
    std::uint32_t first_event = 0;  // In the worker's arena.
    std::uint32_t event_count = 0;
    std::uint32_t first_undo = 0;
    std::uint32_t undo_count = 0;
    std::uint32_t refusal = 0;  // Position in the worker's arena, if reverted.
    ReceiptStatus status = ReceiptStatus::reverted;
};

struct alignas(64) BlockExecution::Worker
{
    WorkerArena arena;
};

/// What a worker is inside of, on a cache line of its own.
struct alignas(64) BlockExecution::Mark
{
    std::atomic<std::uint32_t> transaction{no_transaction};
};

BlockExecution::BlockExecution() : marks_{std::make_unique<Mark[]>(marks_max)} {}
BlockExecution::~BlockExecution() = default;

void BlockExecution::begin(World& world, const BlockContext& context,
    std::vector<Transaction> transactions, ExecutionOptions options, unsigned workers)
{
    RUNNEL_CHECK(options.commitments || workers == 1);
    world_ = &world;
    context_ = context;
    options_ = options;
    transactions_ = std::move(transactions);
    worker_count_ = workers;
    cost_model_.bind(world);
    while (workers_.size() < workers)
        workers_.push_back(std::make_unique<Worker>());
    for (auto& worker : workers_)
        worker->arena.clear();
    const auto count = transactions_.size();
    name_accounts();
    must_redo_.store(false, std::memory_order_relaxed);
    outcomes_.assign(count, Outcome{});
    returns_.assign(options_.keep_returns ? count : 0, Returns{});
    costs_ns_.assign(count, 0);
    plan_.begin(world, transactions_, {options_.free_gas, options_.forget_share, context},
        cost_model_, workers);
    is_parallel_ = false;
    features_ = {cost_model_.mean(), static_cast<double>(count) * cost_model_.mean()};
    wants_help_ = workers > 1 && options_.observed == 0 &&
                  (options_.mode == ExecutionMode::parallel ||
                      (may_choose() && chooser_.prefers_parallel(features_)));
    stage_.store(Stage::declaring, std::memory_order_release);
}

void BlockExecution::name_accounts()
{
    accounts_before_ = world_->account_count();
    contracts_before_ = world_->contract_count();
    for (std::uint32_t i = 0; i < transactions_.size(); ++i)
    {
        if (i + prefetch_distance < transactions_.size())
            __builtin_prefetch(&transactions_[i + prefetch_distance].input);
        if (transactions_[i].address_count() != 0)
            resolve(transactions_[i], *world_, {context_.number, i});
    }
    accounts_named_ = world_->account_count();
}

void BlockExecution::plan()
{
    times_ = {};
    auto start = Clock::now();
    plan_.declare(0);
    for (unsigned idle_rounds = 0; !plan_.declared();)
        relax(idle_rounds);
    plan_.gather();
    times_.declare_ns = ns_since(start);
    start = Clock::now();
    const bool is_forced = options_.mode == ExecutionMode::parallel && worker_count_ > 1;
    if (!plan_.deploys() && options_.observed == 0 &&
        (is_forced || (wants_help_ && static_cast<double>(plan_.total_cost()) >= parallel_min_ns)))
        is_parallel_ = plan_.begin_connecting(is_forced ? 0 : parallelism_min);
    if (is_parallel_)
    {
        stage_.store(Stage::connecting, std::memory_order_release);
        plan_.connect();
        for (unsigned idle_rounds = 0; !plan_.connected();)
            relax(idle_rounds);
        is_parallel_ = plan_.finish_connecting();
    }
    if (!is_parallel_)
        stage_.store(Stage::closed, std::memory_order_release);
    times_.connect_ns = ns_since(start);
}

bool BlockExecution::may_choose() const noexcept
{
    return options_.mode == ExecutionMode::automatic && worker_count_ > 1 &&
           features_.total_cost_ns >= parallel_min_ns;
}

bool BlockExecution::run()
{
    const auto start = Clock::now();
    for (std::uint32_t i = 0; i < world_->contract_count(); ++i)
        RUNNEL_CHECK(!touches(ContractId{i}) || world_->holds(ContractId{i}));
    plan_.make_slots(*world_);
    executed_ = transactions_;
    if (is_parallel_)
    {
        reset_counters();
        stage_.store(Stage::executing, std::memory_order_release);
        work(0);
    }
    else
        run_serial(false);
    if (must_redo_.load(std::memory_order_acquire)) [[unlikely]]
    {
        stage_.store(Stage::closed, std::memory_order_release);
        for (unsigned idle_rounds = 0; inside_.load(std::memory_order_acquire) != 0;)
            relax(idle_rounds);
        undo_block();
        times_.run_ns = ns_since(start);
        return false;
    }
    open_hashing();
    if (is_parallel_)
        stage_.store(Stage::hashing, std::memory_order_release);
    times_.run_ns = ns_since(start);
    if (may_choose())
    {
        chooser_.note(features_, wants_help_, times_.declare_ns + times_.connect_ns + times_.run_ns,
            plan_.access_count());
    }
    learn_costs();
    return true;
}

void BlockExecution::redo()
{
    const auto start = Clock::now();
    for (std::uint32_t i = 0; i < world_->contract_count(); ++i)
        RUNNEL_CHECK(world_->holds(ContractId{i}));
    is_parallel_ = false;
    // must_redo_ stays set: a helper that saw the block run, and begins to work only now, would
    // otherwise work beside this.
    run_serial(true);
    open_hashing();
    times_.run_ns += ns_since(start);
}

void BlockExecution::undo_block() noexcept
{
    // Transactions that touched one record ran in block order, so they are undone against it.
    // Additions that were put off have not been made.
    for (auto i = outcomes_.size(); i-- > 0;)
    {
        auto& outcome = outcomes_[i];
        const auto& arena = workers_[outcome.worker]->arena;
        for (auto k = outcome.first_undo + outcome.undo_count; k-- > outcome.first_undo;)
        {
            const auto& entry = arena.undo[k];
            if (entry.is_credit)
                continue;
            std::memcpy(entry.access->record, arena.old_values.data() + entry.offset,
                world_->tables()[entry.access->table]->format().size);
            entry.access->written = false;
        }
        outcome = Outcome{};
        costs_ns_[i] = 0;
    }
    world_->drop_from(accounts_named_, contracts_before_);
    for (auto& worker : workers_)
        worker->arena.clear();
}

void BlockExecution::assist(unsigned worker)
{
    RUNNEL_CHECK(worker > 0 && worker < worker_count_);
    bool declares = true;
    bool connects = true;
    bool executes = true;
    for (unsigned idle_rounds = 0;;)
    {
        switch (stage_.load(std::memory_order_acquire))
        {
            case Stage::declaring:
                if (std::exchange(declares, false))
                    plan_.declare(worker);
                break;
            case Stage::connecting:
                if (std::exchange(connects, false))
                    plan_.connect();
                break;
            case Stage::executing:
                if (std::exchange(executes, false))
                    work(worker);
                break;
            case Stage::hashing: hashing_.help(worker); return;
            case Stage::closed: return;
        }
        relax(idle_rounds);
    }
}

void BlockExecution::open_hashing()
{
    hashing_.open(
        executed_, [this](std::uint32_t i, Bytes& out) { encode_receipt_of(i, out); },
        worker_count_);
}

void BlockExecution::encode_receipt_of(std::uint32_t i, Bytes& out) const
{
    const auto& outcome = outcomes_[i];
    const auto& arena = workers_[outcome.worker]->arena;
    const bool reverted = outcome.status == ReceiptStatus::reverted;
    encode_receipt(outcome.status, outcome.gas_used, outcome.effective_gas_price,
        reverted ? &arena.refusals[outcome.refusal] : nullptr,
        std::span{arena.events}.subspan(outcome.first_event, outcome.event_count),
        arena.event_bytes, out);
}

void BlockExecution::reset_counters()
{
    const auto count = static_cast<std::uint32_t>(transactions_.size());
    if (armed_size_ < count)
    {
        pending_ = std::make_unique<std::atomic<std::uint32_t>[]>(count);
        ready_queue_ = std::make_unique<std::atomic<std::uint32_t>[]>(count);
        armed_size_ = count;
    }
    for (std::uint32_t i = 0; i < count; ++i)
    {
        pending_[i].store(plan_.predecessor_count(i) + 1, std::memory_order_relaxed);
        ready_queue_[i].store(0, std::memory_order_relaxed);
    }
    const auto per_transaction =
        std::max<std::uint64_t>(1, plan_.total_cost() / std::max(1U, count));
    chunk_max_ = static_cast<std::uint32_t>(
        std::clamp<std::uint64_t>(chunk_ns / per_transaction, 8, chunk_transactions_max));
    cursor_.store(0, std::memory_order_relaxed);
    ready_begin_.store(0, std::memory_order_relaxed);
    ready_end_.store(0, std::memory_order_relaxed);
    finished_.store(0, std::memory_order_relaxed);
}

// Inlined by force: g++ takes a function that only prefetches for one without effect and drops the
// calls.
[[gnu::always_inline]] inline void BlockExecution::prefetch(
    std::uint32_t transaction) const noexcept
{
    for (const auto& access : plan_.accesses(transaction))
        __builtin_prefetch(access.record, 1);
}

[[gnu::always_inline]] inline void BlockExecution::prefetch_input(
    std::uint32_t transaction) const noexcept
{
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(&transactions_[transaction]);
    for (std::size_t at = 0; at < sizeof(Transaction); at += 64)
        __builtin_prefetch(bytes + at);
    const auto accesses = plan_.accesses(transaction);
    for (std::size_t k = 0; k < accesses.size(); k += 2)
        __builtin_prefetch(&accesses[k], 1);
}

void BlockExecution::run_serial(bool is_redo)
{
    const auto count = static_cast<std::uint32_t>(transactions_.size());
    for (std::uint32_t i = 0; i < count && (is_redo || !must_redo_.load(std::memory_order_relaxed));
         ++i)
    {
        if (i + prefetch_distance < count)
            prefetch(i + prefetch_distance);
        execute_timed(i, 0);
    }
}

bool BlockExecution::release(std::uint32_t transaction) noexcept
{
    // Who sees 1 is the only one left that can: nothing needs to be written.
    auto& pending = pending_[transaction];
    return pending.load(std::memory_order_acquire) == 1 ||
           pending.fetch_sub(1, std::memory_order_acq_rel) == 1;
}

std::size_t BlockExecution::undeclared_touches() const noexcept
{
    // Whoever declares a table's guard has declared the table (TransactionScope::is_guarded()).
    const auto is_guarded = [this](const Access& found)
    {
        const auto* guard = world_->tables()[found.table]->guard();
        if (guard == nullptr)
            return false;
        const auto declared = plan_.accesses(found.transaction);
        return std::any_of(declared.begin(), declared.end(),
            [&](const Access& access)
            {
                return access.table == guard->number() && access.key == 0 &&
                       (access.mode == AccessMode::write ||
                           (access.mode == AccessMode::read && found.mode == AccessMode::read));
            });
    };
    std::ptrdiff_t count = 0;
    for (const auto& worker : workers_)
    {
        const auto& found = worker->arena.found_accesses;
        count += std::ssize(found) - std::count_if(found.begin(), found.end(), is_guarded);
    }
    return static_cast<std::size_t>(count);
}

std::uint32_t BlockExecution::take_ready() noexcept
{
    auto begin = ready_begin_.load(std::memory_order_relaxed);
    while (begin < ready_end_.load(std::memory_order_acquire))
    {
        const auto taken = ready_queue_[begin].load(std::memory_order_acquire);
        if (taken == 0)
            break;  // Its place is reserved, it is not there yet.
        if (ready_begin_.compare_exchange_weak(begin, begin + 1, std::memory_order_acq_rel))
            return taken - 1;
    }
    return no_transaction;
}

void BlockExecution::work(unsigned worker)
{
    // Whoever undoes the block sets must_redo_ before it looks at inside_, and workers look at them
    // the other way round: one of the two sees the other.
    inside_.fetch_add(1, std::memory_order_seq_cst);
    if (!must_redo_.load(std::memory_order_seq_cst))
        work_inside(worker);
    inside_.fetch_sub(1, std::memory_order_release);
}

void BlockExecution::work_inside(unsigned worker)
{
    // Not transactions_: who comes when all is done may find the leader applying the block.
    const auto count = static_cast<std::uint32_t>(executed_.size());
    std::uint32_t scan = 0;
    std::uint32_t scan_end = 0;
    std::uint32_t finished = 0;  // Not told the others yet.
    std::uint32_t next = no_transaction;
    unsigned idle_rounds = 0;
    while (!must_redo_.load(std::memory_order_relaxed))
    {
        if (next == no_transaction)
            next = take_ready();
        if (next == no_transaction)
        {
            if (const auto seen = cursor_.load(std::memory_order_relaxed);
                scan == scan_end && seen < count)
            {
                const auto chunk = std::clamp((count - seen) / (4 * worker_count_), 1U, chunk_max_);
                scan = std::min(count, cursor_.fetch_add(chunk, std::memory_order_relaxed));
                scan_end = std::min(scan + chunk, count);
            }
            while (scan < scan_end && next == no_transaction)
            {
                const auto i = scan++;
                if (const auto ahead = i + 2 * prefetch_distance; ahead < count)
                    prefetch_input(ahead);
                // Only what this worker will run itself: the records of a transaction that waits
                // belong to the core its predecessors run on.
                if (const auto ahead = i + prefetch_distance;
                    ahead < count && pending_[ahead].load(std::memory_order_relaxed) == 1)
                    prefetch(ahead);
                if (release(i))
                    next = i;
            }
            if (next == no_transaction && cursor_.load(std::memory_order_relaxed) < count)
                continue;
        }
        if (next == no_transaction)
        {
            if (finished != 0)
                finished_.fetch_add(std::exchange(finished, 0), std::memory_order_acq_rel);
            if (finished_.load(std::memory_order_acquire) == count)
                return;
            relax(idle_rounds);
            continue;
        }
        idle_rounds = 0;
        const auto current = std::exchange(next, no_transaction);
        // Fetch what follows before it is ready: then it would be too late.
        for (const auto& access : plan_.accesses(current))
        {
            if (access.next != no_transaction)
            {
                prefetch(access.next);
                break;
            }
        }
        execute_timed(current, worker);
        ++finished;
        // The earliest of those that became ready goes on here, its records are in this cache.
        plan_.for_each_successor(current,
            [&](std::uint32_t successor)
            {
                if (!release(successor))
                    return;
                if (successor < next)
                    std::swap(successor, next);
                if (successor != no_transaction)
                {
                    const auto place = ready_end_.fetch_add(1, std::memory_order_acq_rel);
                    ready_queue_[place].store(successor + 1, std::memory_order_release);
                }
            });
    }
}

void BlockExecution::execute_timed(std::uint32_t i, unsigned worker) noexcept
{
    if (!options_.measure_costs && (i + context_.number) % timed_share != 0)
    {
        execute(i, worker);
        return;
    }
    const auto start = Clock::now();
    execute(i, worker);
    costs_ns_[i] = static_cast<std::uint32_t>(std::clamp(ns_since(start), 1.0, 4e9));
}

void BlockExecution::learn_costs()
{
    const auto first = timed_share - 1 - (context_.number + timed_share - 1) % timed_share;
    for (auto i = static_cast<std::size_t>(first); i < transactions_.size(); i += timed_share)
    {
        if (costs_ns_[i] != 0)
        {
            cost_model_.learn(transactions_[i].executable(),
                plan_.accesses(static_cast<std::uint32_t>(i)).size(),
                static_cast<float>(costs_ns_[i]));
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
    catch (const UndeclaredAccess&)
    {
        mark.store(no_transaction, std::memory_order_relaxed);
        return decltype(body()){fail(Refusal::ledger("stopped"))};
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
    auto& transaction = transactions_[i];
    auto& outcome = outcomes_[i];
    // An earlier transaction may have deployed what this one names.
    if (transaction.address_count() != 0 && world_->contract_count() != contracts_before_)
        resolve(transaction, *world_, {context_.number, i});
    TransactionScope scope{*world_, context_, plan_.accesses(i), worker.arena, i,
        is_parallel_ ? AccessPolicy::declared : AccessPolicy::open};
    scope.set_running(transaction);
    if (!is_parallel_)
        scope.allow_growth(*world_);
    outcome.worker = worker_number;
    outcome.first_event = static_cast<std::uint32_t>(scope.first_event());
    outcome.first_undo = static_cast<std::uint32_t>(scope.first_undo());
    outcome.effective_gas_price =
        options_.free_gas ? 0 : transaction.effective_gas_price(context_.base_fee);
    TransactionRules rules{
        *world_, scope, transaction, outcome.effective_gas_price, !options_.free_gas};
    const auto result =
        run_contracts(i, worker_number, [&] { return rules.run(plan_.is_malformed(i)); });
    if (scope.was_stopped()) [[unlikely]]
    {
        const bool is_redoing = !is_parallel_ && must_redo_.load(std::memory_order_relaxed);
        RUNNEL_CHECK(!is_redoing && "with every contract held nothing stops a transaction");
        scope.roll_back();
        must_redo_.store(true, std::memory_order_seq_cst);
        return;
    }
    auto settlement = rules.settle(result);
    outcome.gas_used = settlement.gas_used;
    outcome.status = settlement.status;
    if (settlement.refusal)
    {
        outcome.refusal = static_cast<std::uint32_t>(worker.arena.refusals.size());
        worker.arena.refusals.push_back(std::move(*settlement.refusal));
    }
    if (options_.keep_returns && result.has_value())
        returns_[i] = *result;
    finish_transaction(i, worker_number);
    if (i < options_.observed) [[unlikely]]
        show(i, result.has_value() ? *result : Returns{});
}

void BlockExecution::show(std::uint32_t i, const Returns& returns) const
{
    const auto& outcome = outcomes_[i];
    const auto& arena = workers_[outcome.worker]->arena;
    const bool reverted = outcome.status == ReceiptStatus::reverted;
    options_.observer->executed(
        i, {*world_, context_, outcome.status,
               reverted ? &arena.refusals[outcome.refusal] : nullptr, returns, outcome.gas_used,
               std::span{arena.events}.subspan(outcome.first_event, outcome.event_count),
               arena.event_bytes});
}

void BlockExecution::finish_transaction(std::uint32_t i, unsigned worker_number)
{
    const auto& arena = workers_[worker_number]->arena;
    auto& outcome = outcomes_[i];
    outcome.event_count = static_cast<std::uint32_t>(arena.events.size() - outcome.first_event);
    outcome.undo_count = static_cast<std::uint32_t>(arena.undo.size() - outcome.first_undo);
}

void BlockExecution::append(const EventArena& arena, EventRecord event)
{
    const auto bytes = ByteView{arena.event_bytes}.subspan(event.offset, event.size);
    event.offset = static_cast<std::uint32_t>(block_.event_bytes.size());
    block_.event_bytes.insert(block_.event_bytes.end(), bytes.begin(), bytes.end());
    block_.events.push_back(event);
}

void BlockExecution::collect_writes()
{
    std::size_t writes_max = 0;
    for (const auto& worker : workers_)
        writes_max += worker->arena.undo.size();
    BlockUndo undo;
    undo.block_number = context_.number;
    undo.accounts = accounts_before_;
    undo.contracts = contracts_before_;
    writes_.begin(*world_, writes_max, std::move(undo), options_.commitments ? &hashing_ : nullptr);
    for (const auto& outcome : outcomes_)
    {
        const auto& arena = workers_[outcome.worker]->arena;
        writes_.add(std::span{arena.undo}.subspan(outcome.first_undo, outcome.undo_count),
            arena.old_values);
    }
    writes_.finish_transactions();
}

void BlockExecution::collect_receipts()
{
    block_.receipts.reserve(outcomes_.size());
    std::size_t events = 0;
    std::size_t event_bytes = 0;
    for (const auto& worker : workers_)
    {
        events += worker->arena.events.size();
        event_bytes += worker->arena.event_bytes.size();
    }
    block_.events.reserve(events + writes_.changed().size());
    block_.event_bytes.reserve(event_bytes + 128 * writes_.changed().size());
    for (const auto& outcome : outcomes_)
    {
        const auto& arena = workers_[outcome.worker]->arena;
        auto& receipt = block_.receipts.emplace_back();
        receipt.status = outcome.status;
        receipt.gas_used = outcome.gas_used;
        receipt.effective_gas_price = outcome.effective_gas_price;
        if (outcome.status == ReceiptStatus::reverted)
            receipt.refusal = arena.refusals[outcome.refusal];
        receipt.first_event = static_cast<std::uint32_t>(block_.events.size());
        receipt.event_count = outcome.event_count;
        block_.header.gas_used += receipt.gas_used;
        if (!options_.free_gas)
        {
            const auto tip = receipt.effective_gas_price - context_.base_fee;
            tips_ = wrapping_add(tips_, wrapping_mul(receipt.gas_used, tip));
            burnt_ = wrapping_add(burnt_, wrapping_mul(receipt.gas_used, context_.base_fee));
        }
        for (auto k = outcome.first_event; k < outcome.first_event + outcome.event_count; ++k)
            append(arena, arena.events[k]);
    }
}

void BlockExecution::collect_snapshots()
{
    EventArena snapshots;
    SnapshotContext context{
        context_, snapshots, block_.header.transaction_count, options_.snapshots};
    const auto& changed = writes_.changed();
    for (std::uint32_t i = 0; i < changed.size(); ++i)
    {
        if (changed[i] || options_.snapshots != Snapshots::changed)
            world_->contract(ContractId{i}).snapshot(context);
    }
    for (const auto& event : snapshots.events)
        append(snapshots, event);
}

void BlockExecution::collect_growth()
{
    // In the state root too: ids in later writes mean nothing without them.
    auto& writes = hashing_.system_writes();
    Encoder encoder{writes};
    for (auto i = accounts_before_; i < world_->account_count(); ++i)
    {
        const AccountId id{static_cast<std::uint32_t>(i)};
        const auto& info = world_->account(id);
        block_.accounts.push_back(
            {id, info.address, info.name, info.role, info.origin, info.strategy});
        encoder.put(id);
        account_listing(*world_, id).encode(writes);
    }
    for (auto i = contracts_before_; i < world_->contract_count(); ++i)
    {
        const ContractId id{static_cast<std::uint32_t>(i)};
        const auto& deployment = world_->deployment(id);
        auto listing = contract_listing(*world_, id);
        encoder.put(id);
        listing.encode(writes);
        block_.contracts.push_back(
            {id, listing.account, world_->contract(deployment.creator).account(),
                std::move(listing.kind), std::move(listing.name), listing.is_token,
                std::move(listing.symbol), listing.decimals, deployment.origin});
    }
}

void BlockExecution::apply(std::uint64_t finalized_block, std::vector<Reward> rewards)
{
    block_ = {};
    tips_ = {};
    burnt_ = {};
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

    // Fees to the proposer, new coins to validators, base fees burnt.
    writes_.credit(context_.proposer, tips_);
    price_fees(rewards);
    Amount minted;
    auto burnt = burnt_;
    for (const auto& reward : rewards)
        settle(reward, minted, burnt);
    writes_.change_native_supply(minted, burnt);
    collect_growth();
    writes_.check_conservation(wrapping_add(burnt_, tips_));
    collect_snapshots();
    if (options_.checkpoint_interval != 0 && header.number % options_.checkpoint_interval == 0)
        header.checkpoint_root = world_->checkpoint_root();
    block_.transactions = std::move(transactions_);
    transactions_.clear();
    block_.rewards = std::move(rewards);
}

void BlockExecution::price_fees(std::vector<Reward>& rewards) const
{
    static const Amount whole{1'000'000'000'000'000'000};
    std::optional<Amount> pool;
    for (auto& reward : rewards)
    {
        if (reward.kind != RewardKind::fee_share)
            continue;
        if (!pool)
            pool = world_->account_states.get(fee_pool()).balance;
        RUNNEL_CHECK(reward.amount <= whole);
        reward.amount = mul_div_down(*pool, reward.amount, whole).value;
        reward.kind = RewardKind::fees;
    }
}

AccountId BlockExecution::fee_pool() const
{
    const auto account = world_->find_account(fee_pool_account_name);
    RUNNEL_CHECK(account.has_value() && "fees that are dealt out are somewhere");
    return *account;
}

void BlockExecution::settle(const Reward& reward, Amount& minted, Amount& burnt)
{
    if (reward.kind == RewardKind::fees)
    {
        RUNNEL_CHECK(world_->account_states.get(fee_pool()).balance >= reward.amount &&
                     "consensus moves no coins that are not there");
        writes_.debit(fee_pool(), reward.amount);
        writes_.credit(reward.account, reward.amount);
        return;
    }
    if (reward.kind == RewardKind::minted)
    {
        writes_.credit(reward.account, reward.amount);
        minted = wrapping_add(minted, reward.amount);
        return;
    }
    const auto deposits = world_->find_account(deposits_account_name);
    RUNNEL_CHECK(deposits.has_value() && "who locks coins up has where to");
    if (reward.kind == RewardKind::staked)
    {
        writes_.credit(*deposits, reward.amount);
        minted = wrapping_add(minted, reward.amount);
        return;
    }
    RUNNEL_CHECK(world_->account_states.get(*deposits).balance >= reward.amount &&
                 "consensus moves no coins that are not there");
    writes_.debit(*deposits, reward.amount);
    if (reward.kind == RewardKind::freed)
        writes_.credit(reward.account, reward.amount);
    else
        burnt = wrapping_add(burnt, reward.amount);
}

FinishedBlock BlockExecution::seal(const BlockHeader& parent, const Hash& parent_hash)
{
    auto& header = block_.header;
    header.parent_hash = parent_hash;
    if (!options_.commitments)
        return std::move(block_);
    hashing_.finish(header, parent.state_root, block_.rewards);
    block_.hash = header.hash();
    return std::move(block_);
}

BlockUndo BlockExecution::take_undo()
{
    return writes_.take_undo();
}

FinishedBlock execute_block(BlockExecution& execution, World& world, const BlockContext& context,
    const BlockHeader& parent, const Hash& parent_hash, std::uint64_t finalized_block,
    std::vector<Transaction> transactions, std::vector<Reward> rewards, ExecutionOptions options)
{
    execution.begin(world, context, std::move(transactions), options);
    execution.plan();
    if (!execution.run())
        execution.redo();
    execution.apply(finalized_block, std::move(rewards));
    return execution.seal(parent, parent_hash);
}

void ExecutionGate::open(std::uint64_t epoch) noexcept
{
    epoch_and_inside_.store(epoch << 8U, std::memory_order_release);
}

void ExecutionGate::close() noexcept
{
    epoch_and_inside_.fetch_and(inside_mask, std::memory_order_acq_rel);
    for (unsigned idle_rounds = 0; epoch_and_inside_.load(std::memory_order_acquire) != 0;)
        relax(idle_rounds);
}

void ExecutionGate::assist(std::uint64_t epoch, unsigned worker)
{
    auto word = epoch_and_inside_.load(std::memory_order_acquire);
    do
    {
        if (word >> 8U != epoch)
            return;
    } while (!epoch_and_inside_.compare_exchange_weak(word, word + 1, std::memory_order_acq_rel));
    execution.assist(worker);
    epoch_and_inside_.fetch_sub(1, std::memory_order_acq_rel);
}

}  // namespace runnel
