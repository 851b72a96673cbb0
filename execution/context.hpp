#pragma once

#include "execution/access.hpp"
#include "ledger/block.hpp"
#include "ledger/event.hpp"
#include "ledger/result.hpp"

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <vector>

namespace runnel
{

class Contract;
struct ContractType;
class World;

/// The old value of one record, or an amount that is yet to be added to it.
struct UndoEntry
{
    Access* access = nullptr;
    std::uint32_t offset = 0;  // Of the old bytes, or of the amount, in the arena.
    bool is_credit = false;    // The record is unchanged so far.
};

/// Aligned memory for copies of records that a dry run may write to: none moves until clear().
class RecordCopies
{
public:
    [[nodiscard]] std::uint8_t* add(const void* record, std::size_t size);
    void clear() noexcept
    {
        chunk_ = 0;
        used_ = 0;
    }

private:
    static constexpr std::size_t chunk_bytes = 64 * 1024;
    struct alignas(64) Line
    {
        std::array<std::uint8_t, 64> bytes;
    };
    static_assert(record_size_max <= chunk_bytes);

    std::vector<std::unique_ptr<Line[]>> chunks_;
    std::size_t chunk_ = 0;  // In use.
    std::size_t used_ = 0;   // Of it, bytes.
};

/// What one worker writes down while it executes transactions: undo entries, old values, events.
/// Grows to what a block needs and is then reused.
struct WorkerArena : EventArena
{
    std::vector<UndoEntry> undo;
    Bytes old_values;
    std::vector<Refusal> refusals;
    std::deque<Access> found_accesses;  // What was touched without being declared.
    RecordCopies copies;                // What a dry run works on.

    void clear() noexcept
    {
        EventArena::clear();
        undo.clear();
        old_values.clear();
        refusals.clear();
        found_accesses.clear();
        copies.clear();
    }
};

/// Thrown through a contract to stop its transaction at once: it touched what it may not touch
/// beside the transactions that run at the same time, or what nobody holds. Never seen outside the
/// executor, which starts the block over in order.
struct UndeclaredAccess
{};

/// What a running transaction may touch.
enum class AccessPolicy : std::uint8_t
{
    /// What it declared, and what a declared record guards: others run beside it. Additions to one
    /// record are written down, and the ledger makes them when the block is done.
    declared,
    /// Whatever the world holds: it runs alone.
    open,
    /// Anything, in copies of committed records: nothing is changed, accesses are written down.
    dry,
};

/// One running transaction: what it touches, its journal, its gas. Used by the executor.
///
/// Declared accesses are hints: what a transaction does never depends on them. Where it may not
/// touch what it wants to, it is stopped by UndeclaredAccess and changes nothing.
class TransactionScope
{
public:
    TransactionScope(const World& world, const BlockContext& block, std::span<Access> accesses,
        WorkerArena& arena, std::uint32_t transaction, AccessPolicy policy) noexcept;
    /// Which transaction this is, for calls that need more of it than their arguments.
    void set_running(const Transaction& running) noexcept { running_ = &running; }
    /// Lets the transaction, which set_running() has named, deploy contracts in @p world: it runs
    /// alone.
    void allow_growth(World& world) noexcept { growing_ = &world; }

    /// The record to read; one of zeros if the table takes no such key.
    const void* read(const RecordTable& table, std::uint64_t key);
    /// The record to write, its old value journaled; scratch, and has_invalid_key() from then on,
    /// if the table takes no such key.
    void* write(RecordTable& table, std::uint64_t key);
    /// Adds to the Amount the record begins with.
    void credit(RecordTable& table, std::uint64_t key, const Amount& amount);
    /// Restores every record this transaction wrote, drops its events and what it deployed.
    void roll_back() noexcept;

    /// Some contract wrote under a key that its table cannot take: hostile input that it should
    /// have refused. The ledger refuses the transaction.
    [[nodiscard]] bool has_invalid_key() const noexcept { return has_invalid_key_; }
    /// UndeclaredAccess was thrown.
    [[nodiscard]] bool was_stopped() const noexcept { return was_stopped_; }
    /// What was touched without being declared, in the order of first touches.
    template <typename Visitor>
    void for_each_found(Visitor&& visit) const
    {
        for (auto k = first_found_; k < arena_.found_accesses.size(); ++k)
            visit(arena_.found_accesses[k]);
    }
    [[nodiscard]] std::uint64_t gas_used() const noexcept { return gas_used_; }
    void set_gas_limit(std::uint64_t limit) noexcept { gas_limit_ = limit; }
    [[nodiscard]] std::size_t first_event() const noexcept { return first_event_; }
    [[nodiscard]] std::size_t first_undo() const noexcept { return first_undo_; }

private:
    friend class CallContext;

    /// The access to the record of @p key for @p mode; nullptr if the table takes no such key.
    Access* find(const RecordTable& table, std::uint64_t key, AccessMode mode);
    [[nodiscard]] Access* find_declared(std::uint16_t table, std::uint64_t key) noexcept;
    [[nodiscard]] Access* find_found(std::uint16_t table, std::uint64_t key) noexcept;
    /// Whether a declared access to the record that guards @p table allows @p mode.
    [[nodiscard]] bool is_guarded(const RecordTable& table, AccessMode mode) noexcept;
    Access& add_found(const RecordTable& table, std::uint64_t key, AccessMode mode);
    [[noreturn]] void stop();
    void journal(Access& access);

    const World& world_;
    World* growing_ = nullptr;
    const Transaction* running_ = nullptr;
    const BlockContext& block_;
    std::span<Access> accesses_;
    WorkerArena& arena_;
    std::size_t first_account_;   // That it may add.
    std::size_t first_contract_;  // Likewise.
    std::size_t first_undo_;
    std::size_t first_event_;
    std::size_t first_found_;
    std::uint64_t gas_limit_ = 0;
    std::uint64_t gas_used_ = 0;
    std::uint64_t call_gas_left_ = 0;     // Of the running call's figure.
    std::uint64_t call_gas_prepaid_ = 0;  // Charged beyond it, and not used yet.
    std::uint32_t transaction_;
    unsigned depth_ = 0;
    unsigned handed_over_ = 0;
    std::array<AccountId, call_depth_max> receivers_;  // Whom control was handed to; so many.
    AccessPolicy policy_;
    bool has_deployed_ = false;
    bool has_invalid_key_ = false;
    bool was_stopped_ = false;
    bool is_out_of_gas_ = false;
};

/// What a contract sees of the world while a call runs: who calls, when, and the records the
/// transaction declared. Passed by reference, valid for the call.
class CallContext
{
public:
    CallContext(TransactionScope& scope, AccountId sender) noexcept : scope_{scope}, sender_{sender}
    {}

    /// The caller as the contract sees it: Solidity's msg.sender.
    [[nodiscard]] AccountId sender() const noexcept { return sender_; }
    [[nodiscard]] const BlockContext& block() const noexcept { return scope_.block_; }
    [[nodiscard]] const World& world() const noexcept { return scope_.world_; }

    /// What the transaction has as its witness with this number: proves what its input claims.
    /// Hostile like any argument; empty if there is none.
    [[nodiscard]] ByteView witness(std::uint8_t number) const noexcept;

    template <typename R>
    [[nodiscard]] const R& read(const Table<R>& table, std::uint64_t key)
    {
        return *static_cast<const R*>(scope_.read(table, key));
    }
    template <typename R>
    [[nodiscard]] const R& read(const Table<R>& table, AccountId key)
    {
        return read(table, index(key));
    }
    /// References stay valid for the whole transaction. Write only what can no longer be refused,
    /// or rely on the roll back of the whole transaction: a refusal undoes all of it.
    template <typename R>
    [[nodiscard]] R& write(Table<R>& table, std::uint64_t key)
    {
        return *static_cast<R*>(scope_.write(table, key));
    }
    template <typename R>
    [[nodiscard]] R& write(Table<R>& table, AccountId key)
    {
        return write(table, index(key));
    }

    // The same under keys that are not numbers. What is written keeps its place for ever.
    template <typename Key, typename Value>
    [[nodiscard]] const Value& read(const KeyedTable<Key, Value>& table, const Key& key)
    {
        using Record = KeyedRecord<Key, Value>;
        return static_cast<const Record*>(scope_.read(table, place_of(table, key)))->value;
    }
    template <typename Key, typename Value>
    [[nodiscard]] Value& write(KeyedTable<Key, Value>& table, const Key& key)
    {
        using Record = KeyedRecord<Key, Value>;
        auto& record = *static_cast<Record*>(scope_.write(table, place_of(table, key)));
        record.key = key;
        record.is_taken = true;
        return record.value;
    }

    /// Adds @p amount to a balance that the call does not look at: what many transactions may do to
    /// one record side by side. The sum must not be able to overflow (a supply bounds it).
    template <typename R>
    void credit(Table<R>& table, std::uint64_t key, const Amount& amount)
    {
        static_assert(begins_with_amount<R>());
        scope_.credit(table, key, amount);
    }
    template <typename R>
    void credit(Table<R>& table, AccountId key, const Amount& amount)
    {
        credit(table, index(key), amount);
    }

    /// Says that the running call has used @p gas more of its figure: what it pays for if it is
    /// refused later on. A call that succeeds pays what is left of its figure when it returns.
    void use_gas(std::uint64_t gas) noexcept;
    /// The running call costs @p gas less than its figure this time.
    void save_gas(std::uint64_t gas) noexcept;
    /// Charges gas beyond the call's figure (a further hop, a crossed tick); what is used from now
    /// on is taken from it first.
    [[nodiscard]] Result<void> charge_gas(std::uint64_t gas);

    /// The same transaction with another caller: what a contract passes to one it calls.
    [[nodiscard]] CallContext as(AccountId sender) const noexcept { return {scope_, sender}; }

    /// Runs a list of calls (a transaction's, or a callback's) as @p sender; returns what the last
    /// one returned. @p callback: the arguments of the callback that the list stands for.
    /// Errors, beside the calls' own: calls nested too deep; no such contract or method; out of
    /// gas; no such result, no such token and malformed calls, of a call's bindings.
    Result<Returns> run(const CallList& calls, AccountId sender, const Returns& callback = {});

    /// Hands control to @p receiver, as Solidity does when it calls an address that has code: runs
    /// what the account has registered (World::receiver_calls) as that account. False if that is
    /// nothing.
    /// Errors: those of run().
    Result<bool> hand_over(AccountId receiver);

    /// Deploys a contract: @p type makes it from its encoded constructor @p arguments, it acts as
    /// the account with @p address, and is there for the rest of the transaction and, if that
    /// succeeds, of the chain. @p creator is the contract that calls this, and is connected again.
    ///
    /// A block in which this happens is executed in order; AccessCollector::deploys() says so
    /// ahead. Errors: there is a contract at that address; the arguments are not of this type; too
    /// many contracts.
    Result<Contract*> deploy(
        const ContractType& type, const Contract& creator, const Address& address, Bytes arguments);

    template <typename Event>
    void emit(ContractId contract, const Event& event)
    {
        append_event(scope_.arena_, contract, scope_.transaction_, event);
    }

private:
    template <typename Key, typename Value>
    [[nodiscard]] std::uint64_t place_of(const KeyedTable<Key, Value>& table, const Key& key)
    {
        using Record = KeyedRecord<Key, Value>;
        return table.place(key,
            [&](std::uint64_t at) -> const Record&
            { return *static_cast<const Record*>(scope_.read(table, at)); });
    }
    template <typename R>
    [[nodiscard]] static constexpr bool begins_with_amount() noexcept
    {
        if constexpr (std::same_as<R, Amount>)
            return true;
        else if constexpr (requires { R::balance; })
            return std::same_as<decltype(R::balance), Amount> && offsetof(R, balance) == 0;
        else
            return std::same_as<decltype(R::value), Amount> && offsetof(R, value) == 0;
    }

    /// Puts the values that a call's bindings name into a copy of its arguments.
    Result<void> bind(const CallView& call, std::span<const Returns> results,
        const Returns& callback, Bytes& arguments);

    TransactionScope& scope_;
    AccountId sender_;
};

inline void CallContext::use_gas(std::uint64_t gas) noexcept
{
    const auto prepaid = std::min(gas, scope_.call_gas_prepaid_);
    scope_.call_gas_prepaid_ -= prepaid;
    gas = std::min(gas - prepaid, scope_.call_gas_left_);
    scope_.call_gas_left_ -= gas;
    // Whether the limit is passed is asked when the call returns: all it did is undone then, as if
    // it had stopped here.
    if (gas > scope_.gas_limit_ - scope_.gas_used_) [[unlikely]]
    {
        scope_.is_out_of_gas_ = true;
        scope_.gas_used_ = scope_.gas_limit_;
        return;
    }
    scope_.gas_used_ += gas;
}

inline void CallContext::save_gas(std::uint64_t gas) noexcept
{
    const auto saved = std::min(gas, scope_.call_gas_left_);
    scope_.call_gas_left_ -= saved;
    const auto paid_back = std::min(gas - saved, scope_.call_gas_prepaid_);
    scope_.call_gas_prepaid_ -= paid_back;
    scope_.gas_used_ -= paid_back;
}

/// Which contracts show their state after a block, and how much of it.
enum class Snapshots : std::uint8_t
{
    changed,      // Those that the block changed: what they are as a whole.
    all,          // Every contract: also what it holds for each account, if those are few.
    all_in_full,  // Every contract, with what it holds for each account.
};

/// What a contract emits its snapshot events to, at the end of a block.
class SnapshotContext
{
public:
    SnapshotContext(const BlockContext& block, EventArena& arena, std::uint32_t transaction,
        Snapshots snapshots) noexcept
      : block_{block}, arena_{arena}, transaction_{transaction}, snapshots_{snapshots}
    {}

    [[nodiscard]] const BlockContext& block() const noexcept { return block_; }
    [[nodiscard]] Snapshots snapshots() const noexcept { return snapshots_; }
    template <typename Event>
    void emit(ContractId contract, const Event& event)
    {
        append_event(arena_, contract, transaction_, event);
    }

private:
    const BlockContext& block_;
    EventArena& arena_;
    std::uint32_t transaction_;
    Snapshots snapshots_;
};

/// Reads committed state with the same interface as CallContext, for views and quotes.
class CommittedReader
{
public:
    template <typename R>
    [[nodiscard]] const R& read(const Table<R>& table, std::uint64_t key) const noexcept
    {
        return table.get(key);
    }
    template <typename R>
    [[nodiscard]] const R& read(const Table<R>& table, AccountId key) const noexcept
    {
        return table.get(index(key));
    }
};

}  // namespace runnel
