#pragma once

#include "contracts/kit/sectors/lending.hpp"
#include "strategies/api/strategy.hpp"
#include "strategies/market/routes.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

/// What the strategies around a lending market share.
namespace runnel::strategies
{

/// A market's view, made once per block for all wallets of a cohort.
class MarketCache
{
public:
    const contracts::LendingView& at(
        const contracts::LendingMarket& market, std::uint64_t timestamp)
    {
        if (view_ == nullptr || timestamp_ != timestamp)
            view_ = market.view_at(timestamp);
        timestamp_ = timestamp;
        return *view_;
    }

private:
    std::unique_ptr<const contracts::LendingView> view_;
    std::uint64_t timestamp_ = 0;
};

/// USD per unit of a market's values; 0 if it counts in a token without a reference price.
[[nodiscard]] double usd_of_value(const WorldView& view, const contracts::UnitOfAccount& unit);
/// USD per whole token of a reserve, as its market sees it; 0 where usd_of_value() is.
[[nodiscard]] double market_usd(const contracts::LendingReserveInfo& reserve, double usd_of_value);

/// What borrowers will pay a year once @p added more whole tokens are lent out, as a share: a
/// belief, for nobody knows a market's curve by its sector. It takes the rate to grow as usage and
/// a half do.
[[nodiscard]] double borrow_rate_with(const contracts::LendingReserveInfo& reserve, double added);

/// What a wallet believes gas costs, and how much of it is too much.
class GasCosts
{
public:
    /// Reads "coin" and, where a strategy has it, "fee_tolerance".
    explicit GasCosts(const Parameters& parameters);

    /// USD per native coin.
    [[nodiscard]] double coin_usd(const WorldView& view) const;
    /// USD for @p gas and the transaction's own 21,000 at @p price wei per gas.
    [[nodiscard]] double usd(const WorldView& view, std::uint64_t gas, std::uint64_t price) const;
    /// Whether a transaction at the wallet's habitual bid costs no more than the tolerated share of
    /// @p value USD.
    [[nodiscard]] bool worth_it(const WalletContext& wallet, std::uint64_t gas, double value) const;

private:
    ContractId coin_;
    double fee_tolerance_ = 0;
};

[[nodiscard]] ParameterSpec coin_parameter();
[[nodiscard]] ParameterSpec fee_tolerance_parameter();

/// The desk's best swap; empty if it pays less than the reference prices less the route's fees and
/// @p slippage, a share, or if one of the tokens has no such price.
[[nodiscard]] std::optional<RouteSwap> fair_swap(SwapDesk& desk, const WorldView& view,
    ContractId token_in, ContractId token_out, const Amount& amount_in, double slippage);

/// The same for the largest of an amount and its halves, up to @p halvings_max of them.
[[nodiscard]] std::optional<RouteSwap> largest_fair_swap(SwapDesk& desk, const WorldView& view,
    ContractId token_in, ContractId token_out, Amount amount_in, double slippage,
    unsigned halvings_max);

/// Seconds until an order expires.
inline constexpr std::uint64_t order_lifetime = 600;

/// A share of an amount, rounded as a double is; never more than all of it.
[[nodiscard]] Amount part_of(const Amount& amount, double share);

/// A borrower that may be liquidated now.
struct Unhealthy
{
    AccountId user{};
    std::size_t collateral = 0;  // The reserve that secures most of its debt,
    std::size_t debt = 0;        // and the one it owes most in.
    double health_factor = 0;
    double collateral_value = 0;  // In these two, in the market's unit of account.
    double debt_value = 0;
};

/// Finds who may be liquidated without looking at every borrower in every block.
///
/// It keeps a lower bound of each borrower's health factor: a price update scales it by the worst
/// ratio among the account's tokens, which is exact for one collateral and one debt. Only accounts
/// whose bound is at or below 1 are evaluated, and each account once per @p rescan_blocks, which
/// bounds how long an owner's own borrowing goes unnoticed. Interest is covered by a margin. When
/// more accounts are unhealthy than anybody could look at, those that owed most when they were
/// evaluated last come first.
///
/// refresh() must be called in every block: then what it finds depends on the chain alone, and not
/// on which wallets share a cohort.
class BorrowerWatch
{
public:
    explicit BorrowerWatch(std::uint64_t rescan_blocks);

    /// Brings the list to the block; once per block, further calls do nothing.
    void refresh(const contracts::LendingView& market, std::uint64_t block);
    static constexpr std::size_t unhealthy_max = 512;
    /// Largest debts first, then by account; at most unhealthy_max.
    [[nodiscard]] std::span<const Unhealthy> unhealthy() const noexcept { return unhealthy_; }
    [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }

    /// The list as records, for checkpoints: what unhealthy() says is not kept, refresh() finds it.
    [[nodiscard]] std::size_t records() const noexcept { return 1 + entries_.size(); }
    void save(std::size_t record, Encoder& out) const;
    /// Takes record after record back, from 0 on; false if it cannot be one.
    [[nodiscard]] bool load(std::size_t record, Decoder& in);

private:
    struct Entry
    {
        AccountId user{};
        double bound = 0;               // Of the health factor.
        std::uint64_t collaterals = 0;  // Bit k: reserve k; reserves beyond 63 count as 63.
        std::uint64_t debts = 0;
        double debt_value = 0;  // Of the reserve it owes most in, when it was evaluated last.
        RUNNEL_FIELDS(user, bound, collaterals, debts, debt_value);
    };

    void admit(const contracts::LendingView& market);
    void scale(const contracts::LendingView& market);
    void evaluate(Entry& entry, const contracts::LendingView& market) const;
    void list(const Entry& entry, const contracts::LendingView& market);

    std::uint64_t rescan_blocks_;
    std::uint64_t block_ = 0;
    std::vector<double> prices_;  // By reserve, as of block_.
    std::vector<Entry> entries_;  // By account, ascending.
    std::vector<Unhealthy> unhealthy_;
    std::vector<Entry*> due_;  // During a refresh.
};

}  // namespace runnel::strategies
