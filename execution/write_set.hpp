#pragma once

#include "execution/commit_hashing.hpp"
#include "execution/context.hpp"
#include "state/world.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace runnel
{

/// The records that a block writes, each once, in the order of first writes: what the undo log, the
/// conservation law and the state root are made from.
///
/// begin(), then add() for each transaction in block order, finish_transactions(), system writes,
/// check_conservation(), take_undo().
class WriteSet
{
public:
    /// @param writes_max  Entries of the transactions' journals at most.
    /// @param undo        Filled with what the block began with: its number, who there was.
    /// @param hashing     nullptr: nothing is hashed.
    void begin(World& world, std::size_t writes_max, BlockUndo undo, CommitHashing* hashing);
    /// Takes a transaction's journal in; additions that were put off are made now.
    void add(std::span<const UndoEntry> journal, const Bytes& old_values);
    /// Hashes what the transactions wrote, and sums what became of balances and supplies.
    void finish_transactions();

    // Writes of the system come after the transactions in the ordered write set.

    void credit(AccountId account, const Amount& amount);
    void debit(AccountId account, const Amount& amount);  // It has them.
    void change_native_supply(const Amount& minted, const Amount& burnt);

    /// Aborts unless balances and supply of every token agree; @p lost are the native coins that
    /// the transactions paid in fees.
    void check_conservation(const Amount& lost);
    /// Whether some record of the contract was written by a transaction; by contract id.
    [[nodiscard]] const std::vector<bool>& changed() const noexcept { return changed_; }
    [[nodiscard]] BlockUndo take_undo() noexcept { return std::move(undo_); }

private:
    /// A record the block's transactions wrote.
    struct Written
    {
        const RecordTable* table = nullptr;
        std::uint64_t key = 0;
        const void* record = nullptr;
    };

    [[nodiscard]] bool is_first_write(const void* record);
    void remember(RecordTable& table, std::uint64_t key, const void* old);
    void set_balance(AccountId account, const Amount& balance);

    World* world_ = nullptr;
    CommitHashing* hashing_ = nullptr;
    BlockUndo undo_;
    std::vector<Written> written_;
    std::vector<const void*> seen_records_;
    std::vector<Amount> imbalance_;  // By contract: changes of balances - changes of supply.
    std::vector<bool> changed_;
};

}  // namespace runnel
