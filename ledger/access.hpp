#pragma once

#include "ledger/call.hpp"
#include "ledger/table.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace runnel
{

class World;

enum class AccessMode : std::uint8_t
{
    read,
    write,
};

/// One object (a record) that a transaction may touch, declared before it runs.
struct Access
{
    RecordTable* table = nullptr;
    std::uint64_t key = 0;
    void* record = nullptr;  // Its slot, once resolved.
    std::uint32_t object =
        0;  // A dense number of the object within the block, given by the planner.
    AccessMode mode = AccessMode::read;
    bool written = false;  // By the transaction, as it runs: its old value is in the journal.
};

/// Collects, at plan time, what the transactions of a block may touch, and which contracts they
/// call.
///
/// Declaring is conservative: it looks at committed state and at the arguments, runs nothing and
/// may name more than the call will touch. What a transaction touches without having declared it
/// makes it revert, in every executor alike.
class AccessCollector
{
public:
    AccessCollector(const World& world, std::vector<Access>& accesses) noexcept
      : world_{world}, accesses_{accesses}, first_{accesses.size()}
    {}

    void read(const RecordTable& table, std::uint64_t key) { add(table, key, AccessMode::read); }
    void write(const RecordTable& table, std::uint64_t key) { add(table, key, AccessMode::write); }
    void read(const RecordTable& table, AccountId key) { read(table, index(key)); }
    void write(const RecordTable& table, AccountId key) { write(table, index(key)); }

    /// What the calls of @p list may touch when @p sender makes them; nested lists included.
    /// Malformed lists and calls declare nothing: they will be refused when they run.
    void calls(ByteView list, AccountId sender);
    void calls(const CallList& list, AccountId sender) { calls(list.bytes, sender); }

    [[nodiscard]] const World& world() const noexcept { return world_; }

private:
    static constexpr unsigned nesting_max = 4;

    void add(const RecordTable& table, std::uint64_t key, AccessMode mode);

    const World& world_;
    std::vector<Access>& accesses_;
    std::size_t first_;  // Of this transaction.
    unsigned nesting_ = 0;
};

}  // namespace runnel
