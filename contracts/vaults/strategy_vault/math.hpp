#pragma once

#include "ledger/amount.hpp"
#include "ledger/result.hpp"

#include <algorithm>
#include <cstdint>

/// The formulas of a strategy vault: prices of shares, profits that unlock by and by, fees.
///
/// Amounts in smallest units, times in seconds. Errors: Fault::overflow where a result does not fit
/// 256 bits; products are of 512.
/// Source: Yearn tokenized-strategy 3.0.2 `TokenizedStrategy.sol`; of the management fee
/// yearn-vaults 0.4.3 `Vault.vy`. docs/strategy_vault.md says what differs.
namespace runnel::contracts::strategy_vault
{

inline constexpr std::uint64_t bps_denominator = 10'000;
inline constexpr std::uint64_t seconds_per_year = 31'556'952;
inline constexpr std::uint64_t unlocking_rate_scale = 1'000'000'000'000;

/// What a vault is worth, and how many shares there are of it; those that unlocked do not count.
struct Totals
{
    Amount assets;
    Amount shares;
};

/// One share for one asset while there are no shares; none where they are worth nothing.
[[nodiscard]] inline Checked shares_down(const Amount& assets, const Totals& totals)
{
    if (totals.shares.is_zero())
        return assets;
    if (totals.assets.is_zero())
        return Amount{};
    return mul_div_down(assets, totals.shares, totals.assets);
}
[[nodiscard]] inline Checked shares_up(const Amount& assets, const Totals& totals)
{
    if (totals.shares.is_zero())
        return assets;
    if (totals.assets.is_zero())
        return Amount{};
    return mul_div_up(assets, totals.shares, totals.assets);
}
[[nodiscard]] inline Checked assets_down(const Amount& shares, const Totals& totals)
{
    return totals.shares.is_zero() ? Checked{shares}
                                   : mul_div_down(shares, totals.assets, totals.shares);
}
[[nodiscard]] inline Checked assets_up(const Amount& shares, const Totals& totals)
{
    return totals.shares.is_zero() ? Checked{shares}
                                   : mul_div_up(shares, totals.assets, totals.shares);
}

/// Shares of the vault's own that have unlocked since the last report:
///
///     rate * (now - last_report) / 10^12, rounded down, until all do
[[nodiscard]] inline Amount unlocked_down(const Amount& locked, const Amount& rate,
    std::uint64_t last_report, std::uint64_t full_unlock, std::uint64_t now)
{
    if (now >= full_unlock)
        return full_unlock == 0 ? Amount{} : locked;
    const auto unlocked = mul_div_down(rate, Amount{now - last_report}, unlocking_rate_scale);
    return unlocked.ok() ? std::min(unlocked.value, locked) : locked;
}

/// What a gain pays: bps of it.
[[nodiscard]] inline Checked performance_fee_down(const Amount& gain, std::uint16_t bps)
{
    return mul_div_down(gain, Amount{bps}, bps_denominator);
}

/// What assets pay for so long: assets * seconds * bps / 10,000 / a year of 365.2425 days, each
/// quotient rounded down.
[[nodiscard]] inline Checked management_fee_down(
    const Amount& assets, std::uint64_t seconds, std::uint16_t bps)
{
    const auto of_time = Checked{seconds} * bps;
    if (!of_time.ok())
        return of_time;
    return mul_div_down(assets, of_time.value, bps_denominator) / seconds_per_year;
}

/// Over how long all locked shares unlock: the mean of what was left of the older ones' time and
/// the full time of the new, weighted by shares.
[[nodiscard]] inline Checked unlock_period_down(const Amount& locked, const Amount& newly_locked,
    std::uint64_t seconds_left, std::uint64_t seconds_full)
{
    const Checked older = Checked{locked} - newly_locked;
    return (older * seconds_left + Checked{newly_locked} * seconds_full) / locked;
}

}  // namespace runnel::contracts::strategy_vault
