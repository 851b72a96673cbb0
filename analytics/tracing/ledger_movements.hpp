#pragma once

#include "analytics/ledger_queries.hpp"
#include "analytics/tracing/taint_engine.hpp"

#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

namespace runnel::analytics::tracing
{

enum class Direction : std::uint8_t
{
    forward,
    backward,  // From the last block to the first, and everything goes back whence it came.
};

/// Everything that moves money in a ledger after block 0, transaction by transaction: transfers,
/// native payments, wrapping, fees, rewards, and what sectors say about claims. Reads no table
/// that a chain's observer does not have.
class LedgerMovements
{
public:
    /// Of the blocks up to @p last_block.
    LedgerMovements(LedgerQueries& source, Direction direction, std::uint64_t last_block);

    /// The next transaction, or the rewards of a block; false after the last. A row that the
    /// chain's order does not allow, or that names nobody, is a StorageError (corrupt).
    bool next(TransactionMoves& moves);
    /// Transfers and payments read so far.
    [[nodiscard]] std::uint64_t movements() const noexcept { return movements_; }

private:
    enum class Content : std::uint8_t
    {
        native,
        token,
        wrapped,    // Native coins became tokens.
        unwrapped,  // The other way.
        supply,
        borrow,
        debt,
        fill,
        farm,
        escrow,
        fee,
        reward,
    };
    /// Where a row stands: block, transaction; rewards come after all transactions.
    using Key = std::pair<std::uint64_t, std::uint64_t>;
    struct Rows
    {
        Content content{};
        storage::Statement statement;
        Key key;
        bool is_done = false;
    };
    struct Ordered
    {
        std::uint64_t order = 0;
        Transfer transfer;
    };

    void add(Content content, std::string_view table, std::string_view columns);
    void advance(Rows& rows);
    void read(Rows& rows, TransactionMoves& moves);
    void read_claim(const Rows& rows, TransactionMoves& moves) const;
    void read_fee(const Rows& rows, TransactionMoves& moves);
    [[nodiscard]] AccountId account(const storage::Statement& row, int column) const;
    [[nodiscard]] ContractId contract(const storage::Statement& row, int column) const;
    [[nodiscard]] AccountId contract_account(const storage::Statement& row, int column) const;
    void turn_round(TransactionMoves& moves);

    LedgerQueries& source_;
    Direction direction_;
    std::uint64_t last_block_ = 0;
    std::vector<Rows> rows_;
    std::vector<Ordered> logs_;  // Of the transaction at hand, in two tables.
    TransactionMoves waiting_;   // Backwards: what the fee's transaction did before it.
    bool has_waiting_ = false;
    storage::Statement blocks_;
    std::uint64_t fee_block_ = 0;
    bool has_fee_block_ = false;
    std::uint64_t base_fee_ = 0;
    AccountId proposer_{};
    std::uint64_t movements_ = 0;
};

/// Reference prices as blocks go by.
class PriceSteps
{
public:
    PriceSteps(LedgerQueries& source, Direction direction);
    /// Tells @p engine of the prices of @p block, if they are others than before.
    void move_to(std::uint64_t block, TaintEngine& engine);

private:
    struct Step
    {
        std::uint64_t block = 0;
        ContractId token{};
        std::uint64_t price = 0;
        std::uint64_t before = 0;
    };
    std::vector<Step> steps_;
    Direction direction_;
    std::size_t next_ = 0;  // Steps before it hold.
    bool has_begun_ = false;
};

/// Roles of accounts by their sectors; tokens.
[[nodiscard]] TracedWorld traced_world(LedgerQueries& source);

}  // namespace runnel::analytics::tracing
