#pragma once

#include <array>
#include <cstdint>
#include <numeric>
#include <string_view>

/// Where detectors draw their lines: what is chosen, and can be chosen otherwise.
namespace runnel::analytics
{

/// Shares are in thousandths, so that every threshold is an integer. Beside each detector is why
/// its own are what they are; docs/analytics.md says what others would find.
struct Thresholds
{
    /// Of a sender who looks for good prices: transactions that have one, and how many are good.
    std::uint64_t arbitrage_trades_min = 5;
    std::uint64_t arbitrage_gains_min = 900;
    /// Of a group: swaps, and what is left of what it bought and sold.
    std::uint64_t wash_trading_trades_min = 4;
    std::uint64_t wash_trading_net_max = 50;
    /// What a swap pays above the pool's price.
    std::uint64_t flash_loan_attack_push_min = 200;
    /// Who bought before; what one account takes out of the pool; what is left in it, or comes
    /// back at most; for how long after the taker's sales belong to it.
    std::uint64_t rug_pull_buyers_min = 3;
    std::uint64_t rug_pull_taken_min = 900;
    std::uint64_t rug_pull_left_max = 100;
    std::uint64_t rug_pull_sale_seconds_max = 86'400;
    /// Hex digits that wallets show of either end of an address; payees remembered of a payer.
    std::uint64_t address_poisoning_digits = 4;
    std::uint64_t address_poisoning_payees_max = 32;
    /// What has to be reported, and of that the least that is just below it; payments of a series,
    /// and the time between two of them.
    std::uint64_t structuring_limit_usd = 10'000;
    std::uint64_t structuring_share_min = 800;
    std::uint64_t structuring_payments_min = 3;
    std::uint64_t structuring_gap_seconds_max = 86'400;
    /// Hops of a chain, and the time that one takes for a payment; of what it has what it peels
    /// off, and of the rest what it passes on.
    std::uint64_t peel_chain_hops_min = 4;
    std::uint64_t peel_chain_gap_seconds_max = 7'200;
    std::uint64_t peel_chain_peel_max = 200;
    std::uint64_t peel_chain_rest_min = 700;
    /// Of whom an account was paid that belongs to them.
    std::uint64_t clusters_hops_min = 2;
    /// Between two notes of a burst or an episode less than this; from the burst's end to the
    /// episode; notes of an episode; payments between two who know each other.
    std::uint64_t mixer_links_gap_seconds = 86'400;
    std::uint64_t mixer_links_window_seconds_max = 604'800;
    std::uint64_t mixer_links_episode_min = 5;
    std::uint64_t mixer_links_payments_min = 3;
};

/// How a threshold is called and given.
struct ThresholdRule
{
    std::string_view name;  // DETECTOR.WHAT
    std::string_view unit;  // `share`: of thousandths.
    std::uint64_t min;
    std::uint64_t max;
    std::uint64_t Thresholds::*member;
};

inline constexpr std::string_view share_unit = "share";

/// All of them, in the order of detectors().
inline constexpr std::array threshold_rules{
    ThresholdRule{
        "arbitrage.trades_min", "trades", 1, 1'000'000, &Thresholds::arbitrage_trades_min},
    ThresholdRule{"arbitrage.gains_min", share_unit, 1, 1'000, &Thresholds::arbitrage_gains_min},
    ThresholdRule{
        "wash_trading.trades_min", "trades", 1, 1'000'000, &Thresholds::wash_trading_trades_min},
    ThresholdRule{"wash_trading.net_max", share_unit, 0, 1'000, &Thresholds::wash_trading_net_max},
    ThresholdRule{"flash_loan_attack.push_min", share_unit, 1, 1'000'000,
        &Thresholds::flash_loan_attack_push_min},
    ThresholdRule{"rug_pull.buyers_min", "buyers", 1, 1'000'000, &Thresholds::rug_pull_buyers_min},
    ThresholdRule{"rug_pull.taken_min", share_unit, 1, 1'000, &Thresholds::rug_pull_taken_min},
    ThresholdRule{"rug_pull.left_max", share_unit, 1, 999, &Thresholds::rug_pull_left_max},
    ThresholdRule{"rug_pull.sale_seconds_max", "seconds", 0, 1'000'000'000,
        &Thresholds::rug_pull_sale_seconds_max},
    ThresholdRule{
        "address_poisoning.digits", "hex digits", 1, 8, &Thresholds::address_poisoning_digits},
    ThresholdRule{"address_poisoning.payees_max", "payees", 1, 1'000'000,
        &Thresholds::address_poisoning_payees_max},
    ThresholdRule{
        "structuring.limit_usd", "USD", 1, 1'000'000'000, &Thresholds::structuring_limit_usd},
    ThresholdRule{"structuring.share_min", share_unit, 1, 999, &Thresholds::structuring_share_min},
    ThresholdRule{"structuring.payments_min", "payments", 1, 1'000'000,
        &Thresholds::structuring_payments_min},
    ThresholdRule{"structuring.gap_seconds_max", "seconds", 0, 1'000'000'000,
        &Thresholds::structuring_gap_seconds_max},
    ThresholdRule{"peel_chain.hops_min", "hops", 1, 1'000'000, &Thresholds::peel_chain_hops_min},
    ThresholdRule{"peel_chain.gap_seconds_max", "seconds", 0, 1'000'000'000,
        &Thresholds::peel_chain_gap_seconds_max},
    ThresholdRule{"peel_chain.peel_max", share_unit, 1, 999, &Thresholds::peel_chain_peel_max},
    ThresholdRule{"peel_chain.rest_min", share_unit, 1, 1'000, &Thresholds::peel_chain_rest_min},
    ThresholdRule{"clusters.hops_min", "hops", 1, 1'000'000, &Thresholds::clusters_hops_min},
    ThresholdRule{"mixer_links.gap_seconds", "seconds", 1, 1'000'000'000,
        &Thresholds::mixer_links_gap_seconds},
    ThresholdRule{"mixer_links.window_seconds_max", "seconds", 0, 1'000'000'000,
        &Thresholds::mixer_links_window_seconds_max},
    ThresholdRule{
        "mixer_links.episode_min", "notes", 1, 1'000'000, &Thresholds::mixer_links_episode_min},
    ThresholdRule{"mixer_links.payments_min", "payments", 1, 1'000'000,
        &Thresholds::mixer_links_payments_min},
};

/// A share as a fraction in its lowest terms: products with it are exact as long as they can be.
struct Share
{
    double part;
    double whole;

    explicit constexpr Share(std::uint64_t thousandths)
      : part{static_cast<double>(thousandths / std::gcd(thousandths, std::uint64_t{1'000}))},
        whole{static_cast<double>(1'000 / std::gcd(thousandths, std::uint64_t{1'000}))}
    {}
    [[nodiscard]] constexpr double value() const noexcept { return part / whole; }
};

}  // namespace runnel::analytics
