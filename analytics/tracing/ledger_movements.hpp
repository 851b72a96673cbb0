#pragma once

#include "analytics/ledger_queries.hpp"
#include "analytics/tracing/taint_engine.hpp"
#include "storage/read_ahead.hpp"

#include <cstdint>
#include <map>
#include <memory>
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
    /// Of the blocks up to @p last_block. Transfers, payments and transactions of a file are read
    /// ahead, each by a thread of its own, where there are at least @p ahead_rows_min of them.
    LedgerMovements(LedgerQueries& source, Direction direction, std::uint64_t last_block,
        std::uint64_t ahead_rows_min = 100'000);

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
        bridge,
        fee,
        reward,
        stake,
    };
    [[nodiscard]] static constexpr bool has_no_transaction(Content content) noexcept
    {
        return content == Content::reward || content == Content::stake;
    }
    /// Where a row stands: block, transaction; rewards come after all transactions.
    using Key = std::pair<std::uint64_t, std::uint64_t>;
    static constexpr std::uint64_t key_max = 0xFFFF'FFFF'FFFF'FFFFULL;
    /// A payment, a fee or a reward; of claims the key alone.
    struct Row
    {
        Key key;
        AccountId from{};  // Who pays a fee, too.
        AccountId to{};
        ContractId token{};
        Amount amount;
        std::uint64_t order = 0;  // Among the logs of the block; of a fee the gas used.
        std::uint64_t gas_price = 0;
    };
    /// What a row of one of the tables says. Checks that rows are in their order, and that they
    /// name what there is.
    class Decoder
    {
    public:
        Decoder(const LedgerQueries& source, Content content, Direction direction)
          : content_{content},
            direction_{direction},
            account_count_{source.account_count()},
            contract_count_{source.contracts().size()},
            last_{direction == Direction::forward ? Key{} : Key{key_max, key_max}}
        {}
        [[nodiscard]] Row operator()(const storage::Statement& row);
        [[nodiscard]] AccountId account(const storage::Statement& row, int column) const;
        [[nodiscard]] ContractId contract(const storage::Statement& row, int column) const;

    private:
        Content content_;
        Direction direction_;
        std::uint64_t account_count_ = 0;
        std::uint64_t contract_count_ = 0;
        Key last_;
    };
    struct Rows
    {
        Content content{};
        storage::Statement statement;
        Decoder decoder;
        std::unique_ptr<storage::ReadAhead<Row>> ahead;  // Null: the statement is stepped through.
        Row own;
        const Row* row = nullptr;  // Null after the last.
    };
    /// What a bridge makes and destroys in the transaction at hand.
    struct Bridged
    {
        AccountId bridge{};
        ContractId token{};
    };
    struct Ordered
    {
        std::uint64_t order = 0;
        Transfer transfer;
    };

    void add(Content content, std::string_view table, std::string_view columns);
    void advance(Rows& rows);
    void read(const Rows& rows, TransactionMoves& moves);
    void read_claim(const Rows& rows, TransactionMoves& moves) const;
    void read_fee(const Row& row, TransactionMoves& moves);
    void find_fee_block(std::uint64_t number);
    [[noreturn]] void fail(const std::string& what) const;
    void read_bridge(const Rows& rows, TransactionMoves& moves);
    void keep_bridged();
    void turn_round(TransactionMoves& moves);

    LedgerQueries& source_;
    Direction direction_;
    std::uint64_t last_block_ = 0;
    std::uint64_t ahead_rows_min_ = 0;
    std::string file_;                         // Empty for a ledger in memory.
    std::vector<std::unique_ptr<Rows>> rows_;  // Of tables that are not at their end.
    std::vector<Ordered> logs_;                // Of the transaction at hand, in two tables.
    std::vector<Bridged> bridged_;
    std::map<std::pair<ContractId, Amount>, AccountId> relayers_;  // Backwards: by message.
    TransactionMoves waiting_;  // Backwards: what the fee's transaction did before it.
    bool has_waiting_ = false;
    storage::Statement blocks_;
    Decoder names_;  // For what is read from claims and blocks.
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
