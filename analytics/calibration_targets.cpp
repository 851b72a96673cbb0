#include "analytics/calibration_targets.hpp"

#include <algorithm>
#include <array>

namespace runnel::analytics
{
namespace
{
constexpr std::string_view thursday = "black_thursday";
constexpr std::string_view source_2021 =
    "Aave v2, 11,497 liquidation calls, 2020-12-17 to 2022-04-03";

// Another scenario adds rows; nothing else changes. A share of 1 is 100%.
constexpr std::array bands{
    Band{thursday, "eth_fall", "ETH, close-to-close fall", "timeline.prices.WETH.fall", Unit::share,
        "50.0%", 0.48, 0.52,
        "Binance ETHUSDT hourly closes, 12-13 March 2020; an input of the scenario, 2 points are "
        "left for what an oracle sees of it"},
    Band{thursday, "calls_per_100_borrowers", "liquidation calls per 100 borrowers",
        "liquidations.calls_per_100_borrowers", Unit::none, "not recorded", 20, 110,
        "own model of 20,000 borrowers on the same prices"},
    Band{thursday, "debt_liquidated_share", "share of the debt liquidated",
        "liquidations.debt_liquidated_share", Unit::share, "not recorded", 0.10, 0.60,
        "own model of 20,000 borrowers on the same prices"},
    Band{thursday, "bad_debt_share", "bad debt, share of the debt", "bad_debt.share", Unit::share,
        "~0 (Compound, dYdX)", 0, 0.005,
        "lenders with prompt liquidators stayed solvent; Maker, whose keepers could not bid, lost "
        "4-6% of DAI"},
    Band{thursday, "fee_peak_ratio", "fee, peak over start", "transactions.base_fee_peak_ratio",
        Unit::ratio, "x6 mean, x10-20 marginal", 5, 30, "gas prices of 12-13 March 2020"},
    Band{thursday, "failed_share", "failed transactions, median hour",
        "transactions.reverted_share_median_hour", Unit::share, "2-4%", 0.01, 0.06,
        "Ethereum until September 2022; quiet hours"},
    Band{thursday, "top5_liquidators_share", "liquidation calls by the top 5",
        "liquidations.top5_calls_share", Unit::share, "78%", 0.60, 0.95, source_2021},
    Band{thursday, "size_sigma", "sigma of log(debt repaid)", "liquidations.size_sigma", Unit::none,
        "1.6-2.1", 1.4, 2.4, source_2021},
    Band{thursday, "top1_percent_share", "value in the largest 1% of calls",
        "liquidations.top1_percent_share", Unit::share, "29-37%", 0.20, 0.45, source_2021},
    Band{thursday, "half_repeat_share", "repeated calls of half the size",
        "liquidations.half_repeat_share", Unit::share, "48%", 0.35, 0.65, source_2021},
};
}  // namespace

std::vector<Band> bands_of(std::string_view scenario)
{
    std::vector<Band> rows;
    std::copy_if(bands.begin(), bands.end(), std::back_inserter(rows),
        [&](const Band& band) { return band.scenario == scenario; });
    return rows;
}

bool headline_needs(std::string_view scenario, std::string_view section)
{
    return std::any_of(bands.begin(), bands.end(),
        [&](const Band& band)
        {
            return band.scenario == scenario && band.path.starts_with(section) &&
                   band.path.substr(section.size()).starts_with('.');
        });
}

}  // namespace runnel::analytics
