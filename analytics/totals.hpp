#pragma once

#include "analytics/ledger_queries.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

namespace runnel::analytics
{

/// What the headers say, block 0 left out.
struct BlockTotals
{
    struct Piece
    {
        std::uint64_t first_block = 0;
        std::uint64_t first_timestamp = 0;
        std::uint64_t blocks = 0;
        std::uint64_t transactions = 0;
        std::uint64_t base_fee_max = 0;
        double base_fee_sum = 0;
        double fullness_sum = 0;
    };
    std::uint64_t blocks = 0;
    std::uint64_t transactions = 0;
    SignedAmount gas_used;
    SignedAmount burnt;       // Base fee times gas used, wei.
    double fullness_sum = 0;  // Of gas used / gas limit.
    std::uint64_t full = 0;   // Blocks with at least 95% of the gas limit used.
    std::uint64_t full_run_max = 0;
    std::uint64_t base_fee_first = 0;
    std::uint64_t base_fee_last = 0;
    std::uint64_t base_fee_peak = 0;
    std::uint64_t base_fee_peak_block = 0;
    std::uint64_t base_fee_min = 0;
    std::vector<std::uint64_t> first_hour_base_fees;
    std::uint64_t base_fee_peak_later = 0;  // After the first hour.
    std::vector<double> hour_base_fee_sum;
    std::vector<std::uint64_t> hour_blocks;
    double lag_sum = 0;  // Blocks between a block and the newest final one it knows.
    std::uint64_t lag_max = 0;
    std::uint64_t finalized_last = 0;
    std::map<AccountId, std::uint64_t> proposals;
    std::vector<Piece> pieces;
};

/// What the receipts say, block 0 left out.
struct TransactionTotals
{
    struct Group
    {
        std::uint64_t transactions = 0;
        std::uint64_t reverted = 0;
        SignedAmount burnt;    // Base fees, wei.
        SignedAmount tips;     // Wei.
        double burnt_usd = 0;  // At the price after the block, where there was one.
        double tips_usd = 0;
        bool priced = false;
    };
    struct Hour
    {
        std::uint64_t transactions = 0;
        std::uint64_t reverted = 0;
    };
    /// Who held less of the native coin, after a block, than sending his last transaction again
    /// would have needed.
    struct GasMoney
    {
        std::uint64_t senders = 0;      // Accounts that sent anything.
        std::uint64_t ran_out = 0;      // Accounts that once held too little,
        std::uint64_t first_block = 0;  // the first of them after this block,
        std::uint64_t out_at_end = 0;   // and these still do.
    };
    std::uint64_t transactions = 0;
    std::uint64_t reverted = 0;
    SignedAmount gas_used;
    SignedAmount burnt;
    SignedAmount tips;
    /// Of each bid, what is paid less the tip that its limits leave above the base fee; wei.
    SignedAmount burnt_by_bids;
    std::vector<Group> groups;
    std::vector<GasMoney> gas_money;  // By group.
    std::vector<Hour> hours;
    std::vector<std::uint64_t> piece_reverted;
    std::vector<SignedAmount> piece_burnt;  // Wei.
    std::vector<SignedAmount> piece_tips;
    std::map<AccountId, SignedAmount> tips_of_proposer;
    /// Tips per gas in wei by size, 1,024 classes per power of two: what quantiles are taken from.
    std::vector<std::uint64_t> tip_classes;
    std::uint64_t tip_max = 0;
    std::vector<SignedAmount> coins;  // What each account holds of the native coin at the end, wei.

    /// Between order statistics as quantile() does it, of the lower bounds of their classes: at
    /// most 0.1% below the true one.
    [[nodiscard]] double tip_quantile(double quantile) const;
};

enum class FlowKind : std::uint8_t
{
    transfer,
    base_fee,  // Burnt.
    tip,
    reward,
    stake,  // Into and out of the deposits of validators; from and to nobody: made and burnt there.
};
[[nodiscard]] std::string_view to_string(FlowKind kind) noexcept;

/// Who paid whom, by group and token, block 0 left out.
struct FlowTotals
{
    struct Key
    {
        ContractId token{};
        FlowKind kind = FlowKind::transfer;
        GroupId from = 0;
        GroupId to = 0;
        friend auto operator<=>(const Key&, const Key&) = default;
    };
    struct Flow
    {
        std::uint64_t count = 0;
        SignedAmount amount;
        double usd = 0;  // At the price after the block; of the part that had one.
        bool priced = false;
    };
    struct Held
    {
        SignedAmount in;
        SignedAmount out;
    };
    /// What groups transferred to each other of each token in each part of the run.
    struct Course
    {
        static constexpr std::size_t part_max = 24;
        struct Part
        {
            double usd = 0;  // At the price after the block; of what had one.
            std::uint64_t count = 0;
        };
        std::vector<std::uint64_t> ends;         // The last block of each part.
        std::map<Key, std::vector<Part>> flows;  // By part.
    };
    std::map<Key, Flow> flows;
    Course course;
    /// By holding(): what transfers brought an account of a token, less what they took.
    std::unordered_map<std::uint64_t, SignedAmount> transferred;
    /// Minted less burned, by token and piece of the run.
    std::map<ContractId, std::vector<SignedAmount>> minted;
    /// What came to and went from the accounts of contracts, by account and token.
    std::map<std::pair<AccountId, ContractId>, Held> contracts;
    /// What a group got less what it gave, by token.
    std::map<std::pair<GroupId, ContractId>, SignedAmount> net;
    /// Of that, what wallets that arrived were sent to begin with.
    std::map<std::pair<GroupId, ContractId>, SignedAmount> funds;
    std::map<std::pair<AccountId, ContractId>, SignedAmount> funds_of_accounts;  // Likewise.
};

/// What accounts have and owe in lending markets after the last block.
struct Positions
{
    struct Market
    {
        ContractId contract{};
        std::uint64_t accounts = 0;   // Ever seen.
        std::uint64_t borrowers = 0;  // Ever in debt.
        std::uint64_t indebted = 0;   // In debt at the end.
        std::uint64_t below_one = 0;  // With a health factor below 1.
        std::uint64_t insolvent = 0;  // Whose debt exceeds their collateral.
        SignedAmount debt;            // 1e-8 USD, likewise below.
        SignedAmount collateral;      // Of accounts in debt.
        SignedAmount debt_below_one;
        SignedAmount bad_debt;  // Debt beyond collateral.
        SignedAmount insolvent_debt;
        bool priced = true;  // Every token of an account in debt had a price.
        std::vector<std::uint64_t> health_accounts;  // By class, see health_limits.
        std::vector<double> health_debt_usd;
        /// What accounts in debt have pledged that could be liquidated if all they pledged fell by
        /// so many fall_steps, and debts kept their value.
        std::vector<double> at_risk_usd;
    };
    /// All markets together after one block.
    struct Moment
    {
        std::uint64_t block = 0;
        std::uint64_t timestamp = 0;
        std::uint64_t indebted = 0;
        std::uint64_t below_one = 0;
        std::uint64_t insolvent = 0;
        SignedAmount debt;  // 1e-8 USD, likewise below.
        SignedAmount debt_below_one;
        SignedAmount bad_debt;
        std::vector<double> health_debt_usd;  // As in Market.
        std::vector<double> at_risk_usd;
    };
    std::vector<Market> markets;
    std::vector<Moment> over_time;  // The last is that of the last block.
    std::uint64_t borrowers = 0;    // Accounts ever in debt in any market.
    double debt_peak_usd = 0;       // The most that was owed after any block, all markets.
    /// Supplied less owed, and what is in ranges of prices, by group and token: at the end, and
    /// after block 0.
    std::map<std::pair<GroupId, ContractId>, SignedAmount> net;
    std::map<std::pair<GroupId, ContractId>, SignedAmount> net_at_start;
    /// Staked in farms, by group and token, what was staked in block 0 left out.
    std::map<std::pair<GroupId, ContractId>, SignedAmount> staked;
    /// The same by account, apart: supplied less owed in lending markets; in ranges of prices,
    /// order books and systems of debt positions; staked.
    using Holdings = std::map<std::pair<AccountId, ContractId>, SignedAmount>;
    Holdings lent;
    Holdings lent_at_start;
    Holdings elsewhere;
    Holdings elsewhere_at_start;
    Holdings staked_of_accounts;

    static const std::vector<double>
        health_limits;  // Upper limits; above the last: one class more.
    static constexpr double fall_step = 0.04;
    static constexpr std::size_t falls = 25;
};

struct Liquidation
{
    std::uint64_t block = 0;
    std::uint64_t timestamp = 0;
    AccountId borrower{};
    AccountId liquidator{};
    ContractId collateral_token{};
    ContractId debt_token{};
    double debt_amount = 0;  // Smallest units.
    double debt_usd = 0;
    double collateral_usd = 0;
};

/// Every liquidation: 64 bytes each in memory, for figures that need their order or their sizes.
struct Liquidations
{
    struct Pair
    {
        std::uint64_t calls = 0;
        SignedAmount collateral;  // With the protocol's fee.
        SignedAmount debt;
        double collateral_usd = 0;
        double debt_usd = 0;
    };
    struct Liquidator
    {
        std::uint64_t calls = 0;
        SignedAmount debt_value;        // 1e-8 USD.
        SignedAmount collateral_value;  // 1e-8 USD.
    };
    std::vector<Liquidation> calls;
    SignedAmount debt_value;                                  // 1e-8 USD.
    SignedAmount collateral_value;                            // 1e-8 USD.
    std::map<std::pair<ContractId, ContractId>, Pair> pairs;  // Collateral, debt.
    std::map<AccountId, Liquidator> liquidators;
};

/// The key of an account and a token.
[[nodiscard]] constexpr std::uint64_t holding(AccountId account, ContractId token) noexcept
{
    return (std::uint64_t{index(account)} << 32U) | index(token);
}

[[nodiscard]] BlockTotals block_totals(LedgerQueries& source);
[[nodiscard]] TransactionTotals transaction_totals(LedgerQueries& source);
[[nodiscard]] FlowTotals flow_totals(LedgerQueries& source);
[[nodiscard]] Positions make_positions(LedgerQueries& source);
[[nodiscard]] Liquidations make_liquidations(LedgerQueries& source);

}  // namespace runnel::analytics
