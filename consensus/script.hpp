#pragma once

#include "execution/executor.hpp"
#include "ledger/signature.hpp"
#include "ledger/transaction.hpp"
#include "state/world.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace runnel
{

/// A transaction that the scenario fixes.
struct ScriptedTransaction
{
    std::uint64_t block = 0;
    /// Of an account of block 0. Nonce and arrival, and the maximal fee where the script leaves it
    /// open, are the block's.
    Transaction transaction;
    bool has_max_fee = false;
    /// What it is, for people, of one that follows from the scenario without being a line of it:
    /// only whether it succeeds is told. Those come last in their block.
    std::string description = {};
};

/// Transactions that a scenario fixes. They head their block, in the script's order, ahead of what
/// the proposer takes from the mempool: a rule of the chain, which everybody who knows the scenario
/// can check.
class Script
{
public:
    Script() = default;
    /// Those of one block are in the script's order.
    explicit Script(std::vector<ScriptedTransaction> transactions,
        SignatureScheme signatures = SignatureScheme::none);

    [[nodiscard]] std::size_t size() const noexcept { return transactions_.size(); }
    [[nodiscard]] const ScriptedTransaction& operator[](std::size_t line) const
    {
        return transactions_[places_[line]];
    }
    /// How many are of blocks after @p block.
    [[nodiscard]] std::size_t after(std::uint64_t block) const;

    struct Head
    {
        std::vector<Transaction> transactions;  // Sealed, and signed where the chain wants it.
        std::vector<std::size_t> lines;         // Their numbers in the script.
        std::size_t observed = 0;               // So many of them, from the first, are looked at.
        /// Numbers of those left out: their maximal fee is below the base fee.
        std::vector<std::size_t> left_out;
    };
    /// What heads @p block, whose parent has left @p world.
    [[nodiscard]] Head head_of(std::uint64_t block, std::uint64_t base_fee,
        std::uint32_t slot_seconds, const World& world) const;

private:
    [[nodiscard]] std::size_t first_of(std::uint64_t block) const;

    std::vector<ScriptedTransaction> transactions_;  // By block.
    std::vector<std::size_t> lines_;                 // Their numbers as they were given.
    std::vector<std::size_t> places_;                // The other way round.
    SignatureScheme signatures_ = SignatureScheme::none;
};

/// Told what came of a script's transactions, on the thread that executes.
class ScriptObserver
{
public:
    virtual ~ScriptObserver() = default;
    /// Before a block runs whose first transaction is this line's.
    virtual void begins(std::size_t line, const World& world, const BlockContext& block) = 0;
    /// Right after it ran, before the next one.
    virtual void executed(std::size_t line, const ExecutedTransaction& transaction) = 0;
    /// What came of one that has a description, when its block is executed; no refusal: it
    /// succeeded.
    virtual void ended(
        const ScriptedTransaction& transaction, const std::optional<Refusal>& refusal) = 0;
    virtual void left_out(std::size_t line, std::uint64_t block, std::uint64_t base_fee) = 0;
};

}  // namespace runnel
