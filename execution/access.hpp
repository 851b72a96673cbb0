#pragma once

#include "ledger/call.hpp"
#include "state/table.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace runnel
{

class World;

enum class AccessMode : std::uint8_t
{
    read,
    /// Adds to the Amount a record begins with, without looking at it: two transactions that add to
    /// one record do not conflict. The ledger sums in block order.
    add,
    write,
};

inline constexpr std::uint32_t no_transaction = 0xFFFF'FFFF;
inline constexpr std::uint32_t no_slot = 0xFFFF'FFFF;

/// One object (a record) that a transaction may touch, declared before it runs; and, once the block
/// is planned, who touches it next.
struct Access
{
    std::uint64_t key = 0;
    void* record = nullptr;  // Its slot; nullptr until the ledger makes one for an absent record.
    std::uint32_t transaction = 0;
    /// The transaction that may run only after this one because of this object; before planning
    /// the hash by which the planner finds the object.
    std::uint32_t next = no_transaction;
    /// Of a write that is followed by reads: the first of them. Of a read: another one of its
    /// group. All of them come before the write that follows, which is the `next` of each.
    std::uint32_t sibling = no_slot;
    std::uint16_t table = 0;  // By its number in the world.
    AccessMode mode = AccessMode::read;
    bool written : 1 = false;  // As the transaction runs: its old value is in the journal.
    /// Of an add: somebody reads or writes the record in this block, so it runs in order like a
    /// write. What the transaction may do with the record stays the same.
    bool ordered : 1 = false;
};
static_assert(sizeof(Access) == 32, "two accesses fill a cache line");

/// Collects, at plan time, what the transactions of a block may touch, and which contracts they
/// call.
///
/// Accesses are hints: they decide what runs in parallel, never what happens. Declaring looks at
/// committed state and at the arguments and may name more than the call will touch. A transaction
/// that touches more than was named is stopped, and its block executed once more in order.
class AccessCollector
{
public:
    /// Adds what @p transaction (its number in the block) touches to the end of @p accesses.
    AccessCollector(
        const World& world, std::vector<Access>& accesses, std::uint32_t transaction = 0) noexcept
      : world_{world}, accesses_{accesses}, first_{accesses.size()}, transaction_{transaction}
    {}

    void read(const RecordTable& table, std::uint64_t key) { add(table, key, AccessMode::read); }
    void write(const RecordTable& table, std::uint64_t key) { add(table, key, AccessMode::write); }
    /// Declares that an amount will be added with CallContext::credit() and that nothing else is
    /// done to the record.
    void credit(const RecordTable& table, std::uint64_t key) { add(table, key, AccessMode::add); }
    void read(const RecordTable& table, AccountId key) { read(table, index(key)); }
    void write(const RecordTable& table, AccountId key) { write(table, index(key)); }
    void credit(const RecordTable& table, AccountId key) { credit(table, index(key)); }
    template <typename Key, typename Value>
    void read(const KeyedTable<Key, Value>& table, const Key& key)
    {
        add_keyed(table, key, AccessMode::read);
    }
    template <typename Key, typename Value>
    void write(const KeyedTable<Key, Value>& table, const Key& key)
    {
        add_keyed(table, key, AccessMode::write);
    }

    /// What the calls of @p list may touch when @p sender makes them; nested lists included.
    /// Malformed lists and calls declare nothing: they will be refused when they run.
    void calls(ByteView list, AccountId sender);
    void calls(const CallList& list, AccountId sender) { calls(list.bytes, sender); }
    /// That the call may hand control to @p receiver (CallContext::hand_over()): what it has
    /// registered by now may touch.
    void hand_over(AccountId receiver);
    /// Declares that the call deploys a contract: the block is executed in order from the start,
    /// instead of once more when that comes out.
    void deploys() noexcept { deploys_ = true; }
    [[nodiscard]] bool is_deploying() const noexcept { return deploys_; }
    /// False if a contract that was called leaves its accesses to a dry run.
    [[nodiscard]] bool is_complete() const noexcept { return is_complete_; }
    void add(const RecordTable& table, std::uint64_t key, AccessMode mode);

    [[nodiscard]] const World& world() const noexcept { return world_; }

private:
    /// The places that are looked at on the way are read.
    template <typename Key, typename Value>
    void add_keyed(const KeyedTable<Key, Value>& table, const Key& key, AccessMode mode)
    {
        const auto at = table.place(key,
            [&](std::uint64_t place) -> const KeyedRecord<Key, Value>&
            {
                add(table, place, AccessMode::read);
                return table.record(place);
            });
        add(table, at, mode);
    }

    const World& world_;
    std::vector<Access>& accesses_;
    std::size_t first_;  // Of this transaction.
    std::uint32_t transaction_;
    unsigned nesting_ = 0;
    bool is_handed_over_ = false;
    bool is_complete_ = true;
    bool deploys_ = false;
};

}  // namespace runnel
