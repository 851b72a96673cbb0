#include "analytics/calibration_targets.hpp"

#include <algorithm>
#include <array>
#include <iterator>

namespace runnel::analytics
{
namespace
{
constexpr std::string_view thursday = "black_thursday";
constexpr std::string_view dss_thursday = "dss_black_thursday";
constexpr std::string_view debt_auctions = "mkr_debt_auctions_2020";
constexpr std::string_view source_2021 =
    "Aave v2, 11,497 liquidation calls, 2020-12-17 to 2022-04-03";
constexpr std::string_view may_2021 = "aave_liquidations_2021";
constexpr std::string_view source_may =
    "Aave v2, 3,073 calls of 19 to 24 May 2021; a factor of 2 either way";
constexpr std::string_view source_may_own = "Aave v2, 3,073 calls of 19 to 24 May 2021";
constexpr std::string_view dai_2020 = "compound_dai_2020";
constexpr std::string_view crv_2022 = "crv_short_2022";
constexpr std::string_view source_failed = "Ethereum until September 2022; quiet hours";
constexpr std::string_view source_v3 =
    "17 pools of Uniswap v3, May to September 2021 (arXiv 2111.09192)";
constexpr std::string_view source_usdc =
    "Chainlink rounds of 11 March 2023; the path outside is an input of the scenario";
constexpr std::string_view flows = "usdt_usdc_dai_flows";
constexpr std::string_view source_usdc_flows =
    "Chainlink rounds of 10 to 13 March 2023; no price is an input of the scenario";
constexpr std::string_view source_circle =
    "Circle's post of 14 March 2023: $2.9B redeemed, $0.7B minted on the 13th, of 41.0 billion";
constexpr std::string_view source_supplies = "The Block, 10 to 13 March 2023";
constexpr std::string_view source_ust = "Binance USTUSDT hourly closes, 7-11 May 2022";
constexpr std::string_view hack = "hack_and_launder";
constexpr std::string_view source_mixer =
    "Tornado Cash's 100-ETH pool, 25,608 withdrawals, December 2019 to June 2022: nine quarters "
    "(tools/mixer_habits)";
constexpr std::string_view not_recorded = "not recorded";
constexpr std::string_view book_day = "order_book_day";
constexpr std::string_view source_book = "what is expected, and why: docs/order_book.md";
constexpr std::string_view art = "art_shares";
constexpr std::string_view source_art = "what is expected, and why: docs/art_shares.md";
constexpr std::string_view source_interval =
    "one trade per wallet and mean of the scenario's interval, 10% either way";

// Rows of one scenario. A share of 1 is 100%.
constexpr std::array own_bands{
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
    Band{thursday, "failed_share_worst_hour", "failed transactions, worst hour",
        "transactions.reverted_share_worst_hour", Unit::share, "5-15%", 0.05, 0.15,
        "share inferred for an hour of a crash, from weekly counts of failed transactions"},
    Band{thursday, "pool_volume_day", "volume of all exchanges, a day",
        "behaviour.pool_volume_day_usd", Unit::usd, "$87M", 43.5e6, 174e6,
        "12 March 2020: Uniswap v1 $53M, Kyber $27M, Curve $7M; a factor of 2 either way"},
    Band{thursday, "trades_per_trader_day", "trades per trader and day",
        "behaviour.rates.noise_trader.succeeded_day", Unit::none, "not recorded", -Band::open,
        Band::open, "no recorded range; the parameter is 50 in a calm market, more in a wild one"},
    Band{may_2021, "eth_fall", "ETH, close-to-close fall", "timeline.prices.WETH.fall", Unit::share,
        "45.2%", 0.43, 0.48,
        "Binance ETHUSDT hourly closes; an input of the scenario, 2 points are left for what an "
        "oracle sees of it"},
    Band{may_2021, "calls", "liquidation calls", "liquidations.calls", Unit::none, "3,073", 1'537,
        6'146, source_may},
    Band{may_2021, "borrowers", "borrowers liquidated", "liquidations.borrower_count", Unit::none,
        "1,115", 558, 2'230, source_may},
    Band{may_2021, "debt_repaid", "debt repaid", "liquidations.debt_repaid_usd", Unit::usd, "$255M",
        128e6, 510e6, source_may},
    Band{may_2021, "size_median", "median debt repaid per call", "liquidations.size_median_usd",
        Unit::usd, "$7,065", 3'530, 14'130, source_may},
    Band{may_2021, "size_sigma", "sigma of log(debt repaid)", "liquidations.size_sigma", Unit::none,
        "2.13", 1.4, 2.4, source_may_own},
    Band{may_2021, "top1_percent_share", "value in the largest 1% of calls",
        "liquidations.top1_percent_share", Unit::share, "30%", 0.20, 0.45, source_may_own},
    Band{may_2021, "half_repeat_share", "repeated calls of half the size",
        "liquidations.half_repeat_share", Unit::share, "60%; 48% over 16 months", 0.35, 0.65,
        source_2021},
    Band{may_2021, "busiest_hours_calls", "calls in the busiest 15 of 144 hours",
        "liquidations.busiest_tenth_calls_share", Unit::share, "56%", 0.278, 1, source_may},
    Band{may_2021, "busiest_hours_value", "debt repaid in the 15 hours with most",
        "liquidations.busiest_tenth_value_share", Unit::share, "95%", 0.475, 1, source_may},
    Band{may_2021, "weth_share", "debt repaid for WETH",
        "liquidations.collaterals.WETH.value_share", Unit::share, "47%", 0.234, 0.936, source_may},
    Band{may_2021, "wbtc_share", "debt repaid for WBTC",
        "liquidations.collaterals.WBTC.value_share", Unit::share, "23%", 0.114, 0.456, source_may},
    Band{may_2021, "link_share", "debt repaid for LINK",
        "liquidations.collaterals.LINK.value_share", Unit::share, "13%", 0.065, 0.26, source_may},
    Band{may_2021, "top5_liquidators_share", "liquidation calls by the top 5",
        "liquidations.top5_calls_share", Unit::share, "77%", 0.60, 0.95,
        "Aave v2, 5,266 calls from 28 July 2021 on, which name 59 liquidators"},
    Band{may_2021, "bad_debt_share", "bad debt, share of the debt", "bad_debt.share", Unit::share,
        "not recorded", 0, 0.005,
        "as in March 2020: lenders with prompt liquidators stayed solvent"},
    Band{dai_2020, "borrowers", "borrowers liquidated", "liquidations.borrower_count", Unit::none,
        "124", 62, 248, "Compound, 26 November 2020 (comp.xyz); a factor of 2 either way"},
    Band{dai_2020, "debt_repaid", "debt repaid", "liquidations.debt_repaid_usd", Unit::usd,
        "$85M to $103M", 85e6, 103e6,
        "Compound, 26 November 2020: $89M and $103M (LoanScan, two days), 85.2M DAI (comp.xyz)"},
    Band{dai_2020, "calls", "liquidation calls", "liquidations.calls", Unit::none, "not recorded",
        -Band::open, Band::open, "no recorded range"},
    Band{dai_2020, "top5_liquidators_share", "liquidation calls by the top 5",
        "liquidations.top5_calls_share", Unit::share, "not recorded", -Band::open, Band::open,
        "of Compound's that day nothing is recorded"},
    Band{dai_2020, "bad_debt_share", "bad debt, share of the debt", "bad_debt.share", Unit::share,
        "none", 0, 0.005, "no price of a collateral fell: lenders lost nothing"},
    Band{crv_2022, "calls", "liquidation calls", "liquidations.calls", Unit::none, "385", 193, 770,
        "Aave v2, 22 November 2022 (Blockworks); a factor of 2 either way"},
    Band{crv_2022, "liquidators", "liquidators", "liquidations.liquidator_count", Unit::none, "20",
        10, 40, "Aave v2, 22 November 2022 (Kaiko); a factor of 2 either way"},
    Band{crv_2022, "bad_debt", "bad debt", "bad_debt.bad_debt_usd", Unit::usd, "$1.6M", 0.8e6,
        3.2e6, "Aave v2, 22 November 2022: 2.64M CRV; a factor of 2 either way"},
    Band{crv_2022, "debt_repaid", "debt repaid", "liquidations.debt_repaid_usd", Unit::usd,
        "not recorded", -Band::open, Band::open,
        "89.4M CRV for 63.6M USDC; the sum in USD follows from the bonus"},
    Band{"market_day", "failed_share", "failed transactions", "transactions.reverted_share",
        Unit::share, "2-4%", 0.01, 0.06, source_failed},
    Band{"market_day", "arbitrage_share", "arbitrage, share of volume",
        "trading.traders.arbitrageur.volume_share", Unit::share, "> 25%", 0.20, 0.45,
        "arbitrage between centralised and decentralised exchanges in 2023 (arXiv 2401.01622)"},
    Band{"market_day", "trades_per_trader_day", "trades per trader and day",
        "behaviour.rates.noise_trader.succeeded_day", Unit::none, "the parameter: 16.2", 14.6, 17.9,
        source_interval},
    Band{"mev_day", "sandwiches_per_block", "sandwiches a block", "mev.sandwiches_per_block",
        Unit::none, "about 1", 0.3, 1.5,
        "Ethereum, 0.4 a block in January 2023, above one in 2025 (EigenPhi)"},
    Band{"mev_day", "arbitrage_share", "arbitrage, share of volume",
        "trading.traders.arbitrageur.volume_share", Unit::share, "> 25%", 0.20, 0.45,
        "arbitrage between centralised and decentralised exchanges in 2023 (arXiv 2401.01622)"},
    Band{"mev_day", "net_per_sandwich", "net of a sandwich", "mev.net_per_sandwich", Unit::usd,
        "$10 to $510", 5, 510,
        "82,500 sandwiches in January 2023 (EigenPhi), net, to those of 2021, gross"},
    Band{"mev_day", "fees_share", "sandwiches' fees, share of what they bring", "mev.fees_share",
        Unit::share, "85%", 0.425, 1, "January 2023 (EigenPhi); a factor of 2 either way"},
    Band{"ordering_policies", "sandwiches_per_block", "sandwiches a block",
        "mev.sandwiches_per_block", Unit::none, "0.4 to about 1", 0.2, 2,
        "Ethereum, 0.4 a block in January 2023, above one in 2025 (EigenPhi); a factor of 2 "
        "either way"},
    Band{"ordering_policies", "fees_share", "sandwiches' fees, share of what they bring",
        "mev.fees_share", Unit::share, "85%", 0.425, 1,
        "January 2023 (EigenPhi); a factor of 2 either way"},
    Band{"ordering_policies", "arbitrage_share", "arbitrage, share of volume",
        "trading.traders.arbitrageur.volume_share", Unit::share, "> 25%", 0.125, 0.5,
        "arbitrage between centralised and decentralised exchanges in 2023 (arXiv 2401.01622); a "
        "factor of 2 either way"},
    Band{"fee_spike", "base_fee_peak", "base fee, peak", "transactions.base_fee_peak_gwei",
        Unit::gwei, "1 to 3,942 gwei", 1, 3'942, "the first 75 days of EIP-1559 (Blocknative)"},
    Band{"fee_spike", "fee_peak_ratio", "base fee, peak over the first hour",
        "transactions.base_fee_peak_ratio", Unit::ratio, "not recorded", -Band::open, Band::open,
        "no recorded range; 41 full blocks could raise it 125-fold"},
    Band{"fee_spike", "payments_per_payer_day", "payments per payer and day, of the others",
        "behaviour.rates.payer.succeeded_day", Unit::none, "not recorded", -Band::open, Band::open,
        "no recorded range"},
    Band{"hooked_fees", "failed_share", "failed transactions", "transactions.reverted_share",
        Unit::share, "2-4%", 0.01, 0.06, source_failed},
    Band{"hooked_fees", "trades_per_trader_day", "trades per trader and day, fixed fee",
        "behaviour.rates.trader_fixed.succeeded_day", Unit::none, "the parameter: 16.2", 14.6, 17.9,
        source_interval},
    Band{"hooked_fees", "trades_per_hooked_trader_day", "trades per trader and day, hooked fee",
        "behaviour.rates.trader_hooked.succeeded_day", Unit::none, "the parameter: 16.2", 14.6,
        17.9, source_interval},
    Band{"hooked_fees", "fixed_net_yield", "LPs of the fixed fee against holding, a year",
        "behaviour.providers.fixed.net_yield", Unit::share, "not recorded", -Band::open, Band::open,
        "no recorded range; to compare with the next row"},
    Band{"hooked_fees", "hooked_net_yield", "LPs of the hooked fee against holding, a year",
        "behaviour.providers.hooked.net_yield", Unit::share, "not recorded", -Band::open,
        Band::open, "no recorded range"},
    Band{"new_pool", "failed_share", "failed transactions", "transactions.reverted_share",
        Unit::share, "2-4%", 0.01, 0.06, source_failed},
    Band{"new_pool", "trades_per_trader_day", "trades per trader and day",
        "behaviour.rates.noise_trader.succeeded_day", Unit::none, "the parameter: 16.2", 14.6, 17.9,
        source_interval},
    Band{"mixed_defi", "failed_share", "failed transactions", "transactions.reverted_share",
        Unit::share, "2-4%", 0.01, 0.06, source_failed},
    Band{"mixed_defi", "trades_per_trader_day", "trades per trader and day",
        "behaviour.rates.trader.succeeded_day", Unit::none, "the parameter: 410", 369, 451,
        source_interval},
    Band{"yield_farm", "failed_share", "failed transactions", "transactions.reverted_share",
        Unit::share, "2-4%", 0.01, 0.06, source_failed},
    Band{"yield_farm", "gone_15_days", "entries into farms gone after 15 days",
        "farms.gone_15_days_share", Unit::share, "50%", 0.35, 0.65,
        "28 copies of MasterChef, about 40,000 entries of 33,882 addresses"},
    Band{"yield_farm", "gone_5_days", "entries into farms gone after 5 days",
        "farms.gone_5_days_share", Unit::share, "most", -Band::open, Band::open,
        "the same 28 copies; at odds with the figure for 15 days, so not judged"},
    Band{"yield_farm", "rate_fall", "what farms pay, fall from first week to last",
        "farms.rate_fall", Unit::share, "not recorded", 0, 1,
        "required: money that comes shares the same rewards, and sold rewards lose their price"},
    Band{"wealth_creation", "failed_share", "failed transactions", "transactions.reverted_share",
        Unit::share, "2-4%", 0.01, 0.06, source_failed},
    Band{"wealth_creation", "holder_multiple", "holders of coins, end / start",
        "wealth.multiples.holder.median", Unit::ratio, "the price: x17.4", 17.2, 17.7,
        "an input: Binance, ETHUSDT, 1 January 2019 to 30 December 2023"},
    Band{"wealth_creation", "staker_multiple", "stakers, end / start",
        "wealth.multiples.staker.median", Unit::ratio, "not recorded", 17.7, 20.9,
        "required: above holders by what is issued to them, at most 3.5% a year"},
    Band{"wealth_creation", "saver_multiple", "savers, end / start",
        "wealth.multiples.saver.median", Unit::ratio, "not recorded", 1, 1.7,
        "required: interest is not negative, and no loan shark's"},
    Band{"wealth_creation", "looper_multiple", "loopers, end / start",
        "wealth.multiples.looper.median", Unit::ratio, "not recorded", -Band::open, Band::open,
        "no recorded range"},
    Band{"wealth_creation", "looper_spread", "loopers, end / start, 10% to 90%",
        "wealth.multiples.looper.spread", Unit::ratio, "not recorded", 1, Band::open,
        "required: leverage makes fates differ"},
    Band{"wealth_creation", "gini_start", "Gini of agents, start", "wealth.gini_start", Unit::none,
        "not recorded", -Band::open, Band::open,
        "an input; of holders of the largest tokens 0.95, exchanges and contracts among them"},
    Band{"wealth_creation", "gini_end", "Gini of agents, end", "wealth.gini_end", Unit::none,
        "not recorded", -Band::open, Band::open, "no recorded range of people's whole wealth"},
    Band{"insurance_claim", "paid_share", "of what claims are owed, paid", "insurance.paid_share",
        Unit::share, "not recorded", 1, 1,
        "required: no more cover than capital, so capital is always enough"},
    Band{"insurance_claim", "insured_paid_share", "of the insured's loss, paid",
        "insurance.insured_paid_share", Unit::share, "not recorded", 0.4, 1,
        "required: most of what covers have the size of, never more than was lost"},
    Band{"insurance_claim", "loss_ratio", "claims paid, of premiums", "insurance.loss_ratio",
        Unit::ratio, "not recorded", 1, Band::open,
        "required: a year's premiums do not pay for the crash"},
    Band{"insurance_claim", "use_peak", "cover, of what capital allows", "insurance.use_peak",
        Unit::share, "not recorded", 0, 1, "required: never above 1 at a sale"},
    Band{"economy_week", "failed_share", "failed transactions", "transactions.reverted_share",
        Unit::share, "not recorded", 0, 0.02, "who buys looks at the price first"},
    Band{"economy_week", "velocity_week", "times a coin of wallets is paid, a week",
        "economy.velocity_week", Unit::ratio, "not recorded", 1.5, 3,
        "follows from incomes and shelves, see docs/economy_week.md"},
    Band{"economy_week", "goods_velocity_week", "of it for goods", "economy.goods_velocity_week",
        Unit::ratio, "not recorded", 0.8, 1.8, "likewise"},
    Band{"economy_week", "gini_households", "Gini of households' coins, end",
        "economy.holders.household.gini_end", Unit::none, "not recorded", 0.30, 0.50,
        "they keep coins around targets whose own Gini is 0.33"},
    Band{"screening_policies", "relayed_share", "withdrawals by relayers", "mixers.relayed_share",
        Unit::share, "74%", 0.60, 0.90, source_mixer},
    Band{"screening_policies", "deposits_held_share", "deposits that screening holds",
        "economy.deposits_held_share", Unit::share, "not recorded", 0.02, 0.40,
        "required: some, and not most, as most customers are honest"},
    Band{"vault_strategy", "failed_share", "failed transactions", "transactions.reverted_share",
        Unit::share, "2-4%", 0.01, 0.06, source_failed},
    Band{"vault_strategy", "farm_vault_fall", "farming vault, largest fall of its share",
        "vaults.vaults.yv_farm.fall", Unit::share, "not recorded", 0, 0.001,
        "required: a vault that only farms its own asset loses nothing but roundings"},
    Band{"vault_strategy", "farm_vault_yield", "farming vault, rise of its share a year",
        "vaults.vaults.yv_farm.yield_year", Unit::share, "not recorded", 0, Band::open,
        "required: above 0"},
    Band{"vault_strategy", "farm_vault_fees", "farming vault, fees of its gains",
        "vaults.reports.yv_farm.fees_share", Unit::share, "the parameters", 0.1, 0.3,
        "10% of gains, and 2% a year of all assets out of gains"},
    Band{"vault_strategy", "fund_vault_fall", "lending vault, fall of its share",
        "vaults.vaults.yv_fund.fall", Unit::share, "13.8%", -Band::open, Band::open,
        "Harvest's USDC vault, 26 October 2020; an input here: 200,000 USDC are written off"},
    Band{"vault_strategy", "left_week", "assets withdrawn in the week after",
        "vaults.flows.yv_fund.left_week_share", Unit::share, "54%", 0.27, 1,
        "Harvest, October 2020: $570M of $1.06B; a factor of 2 either way"},
    Band{"fixed_vs_concentrated", "below_holding", "v3 LPs below holding",
        "providers.results.v3.below_holding", Unit::share, "49.5%", 0.40, 0.60, source_v3},
    Band{"fixed_vs_concentrated", "fees_over_loss", "v3 fees / impermanent loss",
        "providers.results.v3.fees_over_loss", Unit::none, "0.77", 0.6, 1.1, source_v3},
    Band{"fixed_vs_concentrated", "v3_fees", "v3 fees, share of deposits",
        "providers.results.v3.fees_share", Unit::share, not_recorded, -Band::open, Band::open,
        "no recorded range for the same flow"},
    Band{"fixed_vs_concentrated", "v2_fees", "v2 fees, share of deposits",
        "providers.results.v2.fees_share", Unit::share, not_recorded, -Band::open, Band::open,
        "no recorded range for the same flow"},
    Band{"fixed_vs_concentrated", "v3_spread", "v3 results, 10% to 90%",
        "providers.results.v3.gain_spread", Unit::share, not_recorded, -Band::open, Band::open,
        "no recorded range for the same flow"},
    Band{"fixed_vs_concentrated", "v2_spread", "v2 results, 10% to 90%",
        "providers.results.v2.gain_spread", Unit::share, not_recorded, -Band::open, Band::open,
        "no recorded range for the same flow"},
    Band{"fixed_vs_concentrated", "v3_median", "v3 LPs against holding, median",
        "providers.results.v3.gain_median", Unit::share, not_recorded, -Band::open, Band::open,
        "half of LPs were below holding: around 0"},
    Band{"fixed_vs_concentrated", "v2_median", "v2 LPs against holding, median",
        "providers.results.v2.gain_median", Unit::share, not_recorded, -Band::open, Band::open,
        "no recorded range"},
    Band{"fixed_vs_concentrated", "failed_share", "failed transactions",
        "transactions.reverted_share", Unit::share, "2-4%", 0.01, 0.06, source_failed},
    Band{"stablecoin_depeg", "usdc_low", "USDC on chain, lowest", "timeline.prices.USDC.low_usd",
        Unit::usd, "0.881", 0.84, 0.92, source_usdc},
    Band{"stablecoin_depeg", "strong_coin_share", "USDT in the 3pool, lowest share",
        "pegs.shares.three_pool USDT.lowest", Unit::share, "1.5%", 0.01, 0.04,
        "Curve's 3pool on 11 March 2023, 07 to 09 h (The Block)"},
    Band{"stablecoin_depeg", "pool_usdc_hour_low", "USDC in USDT in the 3pool, lowest hour",
        "pegs.prices.three_pool USDC/USDT.hour_low", Unit::none, "0.877", 0.84, 0.92, source_usdc},
    Band{"stablecoin_depeg", "dai_gap", "DAI in USDC in the 3pool, highest hour",
        "pegs.prices.three_pool DAI/USDC.hour_high", Unit::none, "less than 1.03", 1, 1.04,
        source_usdc},
    Band{"stablecoin_depeg", "pool_volume_day", "3pool, volume a day / its value",
        "behaviour.providers.three_pool.volume_per_tvl_day", Unit::share, "not recorded",
        -Band::open, Band::open,
        "all of Curve's pools: more than $7B on 11 March 2023; of each pool nothing is recorded"},
    Band{"stablecoin_depeg", "lps_below_holding", "3pool LPs below holding",
        "providers.results.three_pool.below_holding", Unit::share, not_recorded, -Band::open,
        Band::open, "no recorded range"},
    Band{"stablecoin_depeg", "failed_share", "failed transactions, median hour",
        "transactions.reverted_share_median_hour", Unit::share, "2-4%", 0.01, 0.06, source_failed},
    Band{flows, "pool_usdc_hour_low", "USDC in USDT in the 3pool, lowest hour",
        "pegs.prices.three_pool USDC/USDT.hour_low", Unit::none, "0.877", 0.84, 0.92,
        source_usdc_flows},
    Band{flows, "hours_apart", "hours that end with USDC below 0.95 USDT",
        "pegs.prices.three_pool USDC/USDT.hours_apart", Unit::none, "16 (in USD)", 10, 24,
        source_usdc_flows},
    Band{flows, "together_after", "within 0.5% for good, after the start",
        "pegs.prices.three_pool USDC/USDT.together_after", Unit::seconds, "67 h (in USD)", 190'000,
        279'000, source_usdc_flows},
    Band{flows, "strong_coin_share", "USDT in the 3pool, lowest share",
        "pegs.shares.three_pool USDT.lowest", Unit::share, "1.5%", 0.01, 0.04,
        "Curve's 3pool on 11 March 2023, 07 to 09 h (The Block)"},
    Band{flows, "dai_gap", "DAI in USDC in the 3pool, highest hour",
        "pegs.prices.three_pool DAI/USDC.hour_high", Unit::none, "less than 1.03", 1, 1.04,
        source_usdc_flows},
    Band{flows, "usdc_redeemed", "USDC redeemed, share of the supply",
        "pegs.issuers.usdc_desk.redeemed_share", Unit::share, "7.1%", 0.04, 0.10, source_circle},
    Band{flows, "usdc_issued", "USDC minted, share of the supply",
        "pegs.issuers.usdc_desk.issued_share", Unit::share, "1.7%", 0.005, 0.035, source_circle},
    Band{flows, "usdc_supply", "USDC's supply, change", "pegs.issuers.usdc_desk.supply_change",
        Unit::share, "-5%", -0.08, -0.03, source_supplies},
    Band{flows, "dai_supply", "DAI's supply, change", "pegs.issuers.dai_desk.supply_change",
        Unit::share, "24%", 0.12, 0.36, source_supplies},
    Band{flows, "usdc_cover", "dollars behind a USDC, fewest", "pegs.issuers.usdc_desk.cover_low",
        Unit::none, "1", 1, 1.001,
        "every USDC of block 0 has its dollar; fees stay with the issuer"},
    Band{hack, "relayed_share", "withdrawals by relayers", "mixers.relayed_share", Unit::share,
        "74%", 0.60, 0.90, source_mixer},
    Band{hack, "to_reused_share", "withdrawals to addresses that get several",
        "mixers.to_reused_share", Unit::share, "77%", 0.50, 0.85, source_mixer},
    Band{hack, "fee_median", "a relayer's fee, median, of the note", "mixers.fee_median",
        Unit::share, "0.087%", 0.0004, 0.0041, source_mixer},
    Band{hack, "hidden_among", "unspent notes at a withdrawal, median", "mixers.hidden_among",
        Unit::count, "1,560", -Band::open, Band::open,
        "of the recorded pool after years; the scenario's mixers begin empty, so not judged"},
    Band{"bridge_laundering", "relayed_share", "withdrawals by relayers", "mixers.relayed_share",
        Unit::share, "74%", 0.60, 0.90, source_mixer},
    Band{"bridge_laundering", "to_reused_share", "withdrawals to addresses that get several",
        "mixers.to_reused_share", Unit::share, "77%", 0.50, 0.85, source_mixer},
    Band{"bridge_laundering", "fee_median", "a relayer's fee, median, of the note",
        "mixers.fee_median", Unit::share, "0.087%", 0.0004, 0.0041, source_mixer},
    // 0.132 = 1 - 17'360 / 20'000. At most 20'000 + 200 * (90 + 2) + 4 standard deviations of the
    // players' sum, 200 * log-normal (4, 1) of deviation 118: 45'100.
    Band{"bridge_laundering", "cover_min", "locked of what the robbed bridge owes",
        "bridges.cover_min", Unit::share, "not recorded", 0.13, 0.62,
        "follows from the theft of 17,360 ETH: 20,000 of savers' stay, players have at most 25,100 "
        "beside, docs/behaviour.md"},
    Band{"ust_spiral", "ust_day_1", "UST, close of 7 May", "pegs.days.market UST day 1.price",
        Unit::none, "0.994", 0.97, 1, source_ust},
    Band{"ust_spiral", "ust_day_3", "UST, close of 9 May", "pegs.days.market UST day 3.price",
        Unit::none, "0.754", 0.5, 0.95, source_ust},
    Band{"ust_spiral", "ust_day_5", "UST, close of 11 May", "pegs.days.market UST day 5.price",
        Unit::none, "0.760", 0, 0.85, source_ust},
    Band{"ust_spiral", "luna_supply_factor", "LUNA's supply, end over start",
        "pegs.supplies.market LUNA.factor", Unit::ratio, "x19,000", 1e3, Band::open,
        "343 million on 8 May 2022, 6.5 trillion at the halt of 13 May"},
    Band{"ust_spiral", "ust_supply_factor", "UST's supply, end over start",
        "pegs.supplies.market UST.factor", Unit::ratio, "x0.64", -Band::open, Band::open,
        "18.6 to 11.9 billion by 12 May 2022; no range"},
    Band{"ust_spiral", "luna_day_5", "LUNA, close of 11 May",
        "pegs.days.market UST day 5.volatile_price_usd", Unit::usd, "$1.08", -Band::open,
        Band::open, "Binance LUNAUSDT; orders of magnitude apart from seed to seed: no range"},
    Band{"ust_spiral", "failed_share", "failed transactions, median hour",
        "transactions.reverted_share_median_hour", Unit::share, not_recorded, -Band::open,
        Band::open, "no recorded range of Terra's"},
    Band{dss_thursday, "eth_fall", "ETH, close-to-close fall", "timeline.prices.WETH.fall",
        Unit::share, "50.0%", 0.48, 0.52,
        "Binance ETHUSDT hourly closes, 12-13 March 2020; an input of the scenario, 2 points are "
        "left for what an oracle sees of it"},
    Band{dss_thursday, "ratio_start", "collateral / debt at the start",
        "debt_positions.ratio_start", Unit::ratio, "about 3.7", 3.3, 4.1,
        "2.2-2.4 million ETH against about 120 million Dai; an input of the scenario, 10% either "
        "way"},
    Band{dss_thursday, "bad_debt_share", "bad debt, share of the debt",
        "debt_positions.bad_debt_share", Unit::share, "4-6%", 0.01, 0.06,
        "MakerDAO, 12-13 March 2020: 5.67 million of about 120 million Dai"},
    Band{dss_thursday, "auctioned_share", "debt auctioned, share of the debt",
        "debt_positions.auctioned_share", Unit::share, not_recorded, -Band::open, Band::open,
        "no recorded range"},
    Band{dss_thursday, "cheap_share", "collateral sold below half of its worth",
        "debt_positions.cheap_share", Unit::share, "36% of auctions", -Band::open, Band::open,
        "won by bids of nearly nothing; auctions were English then and are Dutch here, so not "
        "judged"},
    Band{dss_thursday, "fee_peak_ratio", "fee, peak over start", "transactions.base_fee_peak_ratio",
        Unit::ratio, "x6 mean, x10-20 marginal", 5, 30, "gas prices of 12-13 March 2020"},
    Band{dss_thursday, "dai_high", "Dai in USDC on chain, highest hour",
        "pegs.prices.dai_usdc DAI/USDC.hour_high", Unit::none, "1.06-1.12", 1.03, 1.24,
        "12-13 March 2020; a factor of 2 either way of the premium"},
    Band{dss_thursday, "failed_share", "failed transactions, median hour",
        "transactions.reverted_share_median_hour", Unit::share, "2-4%", 0.01, 0.06, source_failed},
    Band{debt_auctions, "auctions", "debt auctions won", "backstops.auctions.maker deficit.settled",
        Unit::count, "106", 100, 112,
        "The Block, 30 March 2020; what has to be paid is an input of the scenario, a twentieth "
        "either way"},
    Band{debt_auctions, "price", "Dai per new MKR", "backstops.auctions.maker deficit.price",
        Unit::none, "252.6", 200, 289.6,
        "5.3 million Dai for 20,980 MKR (The Block); the band is that of single lots, 200 to "
        "289.57 "
        "(Cointelegraph, 23 March 2020)"},
    Band{debt_auctions, "price_share", "of MKR's price outside",
        "backstops.auctions.maker deficit.price_share", Unit::share, "83-98%", 0.83, 0.98,
        "lots for 220 where MKR cost 265, for 265 where it cost 270 (Cointelegraph, 20 and 23 "
        "March "
        "2020)"},
    Band{debt_auctions, "top_share", "won by the first",
        "backstops.auctions.maker deficit.top_share", Unit::share, "68%", 0.34, 0.70,
        "72 of 106 (The Block); the fund's Dai, an input, allows no more; a factor of 2 below"},
    Band{debt_auctions, "bidders", "who bid", "backstops.auctions.maker deficit.bidders",
        Unit::count, "36", 18, 72,
        "The Block; an input of the scenario is how many look; a factor of 2 either way"},
    Band{debt_auctions, "span", "first start to last settlement",
        "backstops.auctions.maker deficit.span_seconds", Unit::seconds, "9 days", -Band::open,
        Band::open,
        "19 to 28 March 2020, in three waves of 40, 46 and 20 lots; here all of them may be "
        "started "
        "at once, so not judged"},
    Band{"escrow_market", "disputed_share", "deals disputed", "escrow.disputed_share", Unit::share,
        not_recorded, -Band::open, Band::open, "no recorded range; what must hold: docs/escrow.md"},
    Band{"escrow_market", "refunded_share", "given back to buyers", "escrow.refunded_share",
        Unit::share, not_recorded, -Band::open, Band::open,
        "no recorded range; what must hold: docs/escrow.md"},
    Band{"escrow_market", "arbitration_share", "arbiters' fees, share of all deals",
        "escrow.arbitration_share", Unit::share, not_recorded, -Band::open, Band::open,
        "no recorded range; what must hold: docs/escrow.md"},
    Band{"escrow_market", "arbitration_of_disputed", "share of the disputed ones",
        "escrow.arbitration_of_disputed", Unit::share, not_recorded, -Band::open, Band::open,
        "no recorded range; what must hold: docs/escrow.md"},
    Band{"escrow_market", "honest_takings", "honest seller's takings, median",
        "escrow.sellers.honest_seller.takings_median_usd", Unit::usd, not_recorded, -Band::open,
        Band::open, "no recorded range; what must hold: docs/escrow.md"},
    Band{"escrow_market", "fraud_takings", "cheat's takings, median",
        "escrow.sellers.fraud_seller.takings_median_usd", Unit::usd, not_recorded, -Band::open,
        Band::open, "no recorded range; what must hold: docs/escrow.md"},
    Band{"escrow_market", "buyers_loss", "buyers' loss by bad goods, share of orders",
        "escrow.buyers.buyer.complained_share", Unit::share, not_recorded, -Band::open, Band::open,
        "no recorded range; what must hold: docs/escrow.md"},
    Band{"payments", "failed_share", "failed transactions", "transactions.reverted_share",
        Unit::share, "2-4%", 0.01, 0.06, source_failed},
    Band{"payments", "payments_per_payer_day", "payments per payer and day",
        "behaviour.rates.payer.succeeded_day", Unit::none, "the parameter: 3,200", -Band::open,
        Band::open, "no recorded range; payers without funds wait for income"},
    Band{book_day, "spread_median", "spread, median", "order_books.spread_median", Unit::share,
        not_recorded, 0.0005, 0.004, source_book},
    Band{book_day, "depth_usd", "within 2% of the best prices", "order_books.depth_usd", Unit::usd,
        not_recorded, 72'000, 192'000, source_book},
    Band{book_day, "edge_share", "makers' gain at the fill, of volume", "order_books.edge_share",
        Unit::share, not_recorded, 0, 0.002, source_book},
    Band{book_day, "mark_out_share", "five minutes later", "order_books.mark_out_share",
        Unit::share, not_recorded, 0, 0.002, source_book},
    Band{book_day, "filled_share", "filled of what rested", "order_books.filled_share", Unit::share,
        not_recorded, -Band::open, Band::open, "makers move their quotes; not judged"},
    Band{art, "sold_share", "sold by Dutch auction", "assets.sold_share", Unit::share, "80%", 0.799,
        0.801, source_art},
    Band{art, "sale_price", "a share, by auction", "assets.sale_price", Unit::usd_price,
        not_recorded, 200, 320, source_art},
    Band{art, "withdrawn_share", "withdrawn of what it earned", "assets.withdrawn_share",
        Unit::share, not_recorded, 0.85, 1, source_art},
    Band{art, "tender_price", "a share, by tender", "assets.tender_price", Unit::usd_price,
        not_recorded, 170, 350, source_art},
    Band{art, "bought_share", "shares bought by tender", "assets.bought_share", Unit::share,
        not_recorded, 0.99, 1, source_art},
};

/// What a scenario has, hence which of the common rows are its own.
enum Part : unsigned
{
    searchers = 1,
    pools = 2,
    lending = 4,
};
struct Scenario
{
    std::string_view name;
    unsigned parts = 0;
};
constexpr std::array scenarios{
    Scenario{thursday, searchers | pools | lending},
    Scenario{dss_thursday, pools},
    Scenario{"market_day", searchers | pools},
    Scenario{"mev_day", 0},
    Scenario{"ordering_policies", 0},
    Scenario{"fee_spike", 0},
    Scenario{"hooked_fees", searchers | pools},
    Scenario{"new_pool", searchers | pools},
    Scenario{"mixed_defi", searchers | pools | lending},
    Scenario{"yield_farm", pools | lending},
    Scenario{may_2021, lending},
    Scenario{"vault_strategy", pools},
    Scenario{"fixed_vs_concentrated", searchers | pools},
    Scenario{"stablecoin_depeg", searchers},
    Scenario{flows, searchers},
    Scenario{"ust_spiral", 0},
    Scenario{"payments", 0},
};

struct CommonBand
{
    Part part{};
    Band band;
};
constexpr std::array common_bands{
    CommonBand{searchers,
        {"", "searcher_net", "median searcher, net", "behaviour.searcher_net_median_usd", Unit::usd,
            "gains; $541M in 32 months", 0, Band::open,
            "arXiv 2101.05511: 11,289 addresses until mid-2021; the median one must not lose"}},
    CommonBand{searchers,
        {"", "searcher_net_per_trade", "searchers' net, per success",
            "behaviour.searcher_net_per_trade_usd", Unit::usd, "$10 to $470", 5, 940,
            "sandwiches in January 2023, cycles on Uniswap v2 in 2020-21 (arXiv 2105.02784); a "
            "factor of 2 either way"}},
    CommonBand{searchers, {"", "searcher_fees_share", "fees, share of searchers' gains",
                              "behaviour.searcher_fees_share", Unit::share, "10-90%", 0.1, 0.9,
                              "what bots bid of a profit; sandwiches in January 2023: 85%"}},
    CommonBand{
        searchers, {"", "searcher_failed_share", "searchers' transactions failed",
                       "behaviour.searcher_reverted_share", Unit::share, "up to 42%", 0, 0.42,
                       "bots on rollups after 2024; of Ethereum's nothing is recorded"}},
    CommonBand{pools, {"", "volume_per_tvl_day", "volume a day / pools' value",
                          "behaviour.pool_volume_per_tvl_day", Unit::share, "8-112%", 0.04, 2.24,
                          "10 September 2020: SushiSwap $105M on $1.34B, Uniswap $391M on "
                          "$0.35-0.48B; a factor of "
                          "2 either way"}},
    CommonBand{pools, {"", "provider_fee_yield", "fees to LPs, a year",
                          "behaviour.provider_fee_yield", Unit::share, "7-123%", 0.035, 2.46,
                          "0.25-0.3% of that volume, 365 days; a factor of 2 either way"}},
    CommonBand{pools,
        {"", "provider_net_yield", "LPs against holding, a year", "behaviour.provider_net_yield",
            Unit::share, "not recorded", -Band::open, Band::open,
            "no recorded range for Uniswap v2; 17 pools of v3 in 2021 earned 0.77 of what they "
            "lost"}},
    CommonBand{
        lending, {"", "reserve_use", "most used reserve, mean use", "behaviour.reserve_use_mean",
                     Unit::share, "not recorded", -Band::open, Band::open, "no recorded range"}},
    CommonBand{
        lending, {"", "reserve_full_hours", "hours above 99% use, worst reserve",
                     "behaviour.reserve_full_hours", Unit::none, "not recorded", 0, 24,
                     "no recorded range; required: no reserve stands at full use for a day"}},
};
}  // namespace

std::vector<Band> bands_of(std::string_view scenario)
{
    std::vector<Band> rows;
    std::copy_if(own_bands.begin(), own_bands.end(), std::back_inserter(rows),
        [&](const Band& band) { return band.scenario == scenario; });
    const auto* known = std::find_if(scenarios.begin(), scenarios.end(),
        [&](const Scenario& candidate) { return candidate.name == scenario; });
    if (known == scenarios.end())
        return rows;
    for (const auto& common : common_bands)
    {
        if ((known->parts & common.part) == 0)
            continue;
        rows.push_back(common.band);
        rows.back().scenario = known->name;
    }
    return rows;
}

bool headline_needs(std::string_view scenario, std::string_view section)
{
    const auto rows = bands_of(scenario);
    return std::any_of(rows.begin(), rows.end(),
        [&](const Band& band) {
            return band.path.starts_with(section) &&
                   band.path.substr(section.size()).starts_with('.');
        });
}

}  // namespace runnel::analytics
