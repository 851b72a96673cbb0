#include "analytics/report.hpp"

#include "analytics/calibration_targets.hpp"
#include "analytics/page/charts.hpp"
#include "analytics/quantile.hpp"
#include "analytics/render.hpp"
#include "contracts/kit/sectors/dex_quotes.hpp"
#include "contracts/kit/sectors/range_exchange.hpp"
#include "tests/analytics/ledger_builder.hpp"
#include "tests/support/catch.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>
#include <sstream>

using namespace runnel;
using namespace runnel::analytics;
using namespace runnel::analytics::fixture;

namespace
{
storage::LedgerWriter ledger(
    const ChainBuilder& chain, Parts parts = Parts::all, const std::string& scenario = "test")
{
    auto writer = storage::LedgerWriter::in_memory(manifest(scenario, 5), description(parts));
    chain.write_to(writer);
    return writer;
}

std::string raw(const Report& report, std::string_view path)
{
    const auto value = report.value(path);
    const auto* money = std::get_if<Money>(&value);
    return money == nullptr ? "not an amount" : money->raw;
}

std::int64_t integer(const Report& report, std::string_view path)
{
    const auto value = report.value(path);
    const auto* number = std::get_if<std::int64_t>(&value);
    return number == nullptr ? -1 : *number;
}

/// The row whose cells in the named columns say this.
const std::vector<Value>* find_row(
    const analytics::Table& table, const std::vector<std::pair<std::string, std::string>>& wanted)
{
    for (const auto& row : table.rows)
    {
        const auto same = [&](const auto& pair)
        {
            for (std::size_t i = 0; i < table.columns.size(); ++i)
            {
                if (table.columns[i].key == pair.first)
                    return row[i] == Value{pair.second};
            }
            return false;
        };
        if (std::all_of(wanted.begin(), wanted.end(), same))
            return &row;
    }
    return nullptr;
}

Value flow(const Report& report, const std::string& from, const std::string& to,
    const std::string& token, const std::string& kind, std::size_t column)
{
    const auto* table = report.section("flows")->table("flows");
    const auto* row =
        find_row(*table, {{"from", from}, {"to", to}, {"token", token}, {"kind", kind}});
    return row == nullptr ? Value{} : row->at(column);
}

double column_sum(const analytics::Table& table, std::string_view key)
{
    double sum = 0;
    for (std::size_t i = 0; i < table.columns.size(); ++i)
    {
        for (const auto& row : table.rows)
            sum += table.columns[i].key == key ? number(row[i]).value_or(0) : 0;
    }
    return sum;
}

struct TemporaryFolder
{
    std::filesystem::path path =
        std::filesystem::temp_directory_path() / ("runnel_report_test_" + std::to_string(getpid()));

    TemporaryFolder() { std::filesystem::create_directories(path); }
    ~TemporaryFolder() { std::filesystem::remove_all(path); }
};
}  // namespace

TEST_CASE("exact: sums and differences beyond 256 bits are written out", "[analytics][exact]")
{
    SignedAmount sum;
    CHECK(sum.to_string() == "0");
    for (int i = 0; i < 3; ++i)
        sum.add(Amount::max());
    // 3 * (2^256 - 1).
    CHECK(sum.to_string() ==
          "347376267711948586270712955026063723559809953996921692118372752023739388919805");
    SignedAmount negative;
    negative.subtract(sum);
    CHECK(negative.is_negative());
    CHECK(negative.to_string() == std::string{"-"}.append(sum.to_string()));
    negative.add(sum);
    CHECK(negative.is_zero());
    CHECK(SignedAmount{Amount::power_of_ten(36)}.to_string() == std::string{"1"}.append(36, '0'));
    CHECK(SignedAmount{Amount::power_of_ten(20)}.to_double() == 1e20);
}

TEST_CASE("exact: agrees with 64-bit arithmetic", "[analytics][exact][property]")
{
    std::mt19937_64 random{20'261'125};
    SignedAmount sum;
    std::int64_t expected = 0;
    for (int i = 0; i < 10'000; ++i)
    {
        const auto value = random() >> 20U;
        CAPTURE(i, value);
        if (random() % 2 == 0)
        {
            sum.add(Amount{value});
            expected += static_cast<std::int64_t>(value);
        }
        else
        {
            sum.subtract(Amount{value});
            expected -= static_cast<std::int64_t>(value);
        }
        REQUIRE(sum.to_string() == std::to_string(expected));
        REQUIRE(sum.to_double() == static_cast<double>(expected));
    }
}

TEST_CASE("report: an empty ledger has a run and nothing else", "[analytics][report]")
{
    auto writer = ledger(ChainBuilder{});
    const auto report = make_report(writer.database());
    REQUIRE(report.sections.size() == 1);
    CHECK(integer(report, "run.blocks") == 0);
    CHECK(integer(report, "run.seed") == 7);
    CHECK(!render_text(report, false).empty());
}

TEST_CASE("report: a ledger of block 0 alone", "[analytics][report]")
{
    ChainBuilder chain;
    chain.transaction(validator0);
    chain.emit(usdc, Transfer{zero_account, ann, dollars(5)});
    chain.end_block(validator0, 0);
    auto writer = ledger(chain);
    const auto report = make_report(writer.database());
    CHECK(report.section("run") != nullptr);
    CHECK(report.section("transactions") == nullptr);
    CHECK(report.section("flows") == nullptr);
}

TEST_CASE("report: payments alone show neither trading nor lending", "[analytics][report]")
{
    ChainBuilder chain;
    chain.end_block(validator0, 0);
    chain.transaction(ann);
    chain.emit(eth, NativePayment{ann, bob, ether(1)});
    chain.end_block(validator0, 0);
    auto writer = ledger(chain, Parts::payments);
    const auto report = make_report(writer.database());
    for (const auto* key : {"trading", "tvl", "lending", "liquidations", "bad_debt", "headline"})
        CHECK(report.section(key) == nullptr);
    CHECK(flow(report, "trader", "borrower", "ETH", "transfer", 5) ==
          Value{Money{ether(1).to_string(), 18, "ETH"}});
    // Without any price there is no value.
    CHECK(flow(report, "trader", "borrower", "ETH", "transfer", 6) == Value{});
}

TEST_CASE("report: what came into no block, by reason and group", "[analytics][report]")
{
    ChainBuilder chain;
    chain.end_block(validator0, 0);
    chain.drop(bob, DropReason::unaffordable);
    chain.end_block(validator0, 0);
    chain.drop(ann, DropReason::replaced);
    chain.drop(cat, DropReason::unaffordable);
    chain.drop(bob, DropReason::unaffordable);
    chain.end_block(validator0, 0);
    auto writer = ledger(chain, Parts::payments);
    const auto report = make_report(writer.database());
    CHECK(integer(report, "transactions.dropped") == 4);
    const auto* table = report.section("transactions")->table("dropped");
    REQUIRE(table != nullptr);
    using Row = std::vector<Value>;
    REQUIRE(table->rows.size() == 2);
    CHECK(table->rows[0] == Row{std::string{"replaced"}, std::string{"trader"}, std::int64_t{1},
                                0.25, std::int64_t{2}, std::int64_t{2}});
    CHECK(table->rows[1] == Row{std::string{"unaffordable"}, std::string{"borrower"},
                                std::int64_t{3}, 0.75, std::int64_t{1}, std::int64_t{2}});
    CHECK(make_report(ledger(six_blocks()).database()).value("transactions.dropped") ==
          Value{std::int64_t{0}});
}

TEST_CASE("report: transactions and fees of six blocks", "[analytics][report]")
{
    auto writer = ledger(six_blocks());
    const auto report = make_report(writer.database());
    CHECK(integer(report, "run.blocks") == 5);
    CHECK(report.value("run.complete") == Value{true});
    CHECK(integer(report, "run.span_seconds") == 5 * 3600);
    CHECK(integer(report, "transactions.count") == 12);
    CHECK(integer(report, "transactions.reverted") == 2);
    CHECK(integer(report, "transactions.gas_used") == 1'486'000);
    CHECK(report.number("transactions.fullness_mean").value() == Approx(0.2972));
    CHECK(report.number("transactions.base_fee_peak_ratio").value() == 8);
    CHECK(report.number("transactions.base_fee_end_gwei").value() == 3);
    CHECK(raw(report, "transactions.fees_burnt") == "6192000000000000");
    CHECK(raw(report, "transactions.fees_tips") == "66480000");
    CHECK(report.number("transactions.tip_max_gwei").value() == Approx(100e-9));
    // 0, 0, 0, 2, 2, 10, 20, 30, 30, 30, 50, 100: of twelve, the mean of the two in the middle.
    CHECK(report.number("transactions.tip_p50_gwei").value() == Approx(15e-9));
    CHECK(report.number("transactions.tip_p90_gwei").value() == Approx(48e-9));
    // The arguments of a custom error do not split its row.
    CHECK(report.value("transactions.revert_reasons.ERC20InsufficientBalance.count") ==
          Value{std::int64_t{1}});
    CHECK(report.value("transactions.revert_reasons.UniswapV2: K.count") == Value{std::int64_t{1}});
}

TEST_CASE("report: who paid whom, to the last unit", "[analytics][report]")
{
    auto writer = ledger(six_blocks());
    const auto report = make_report(writer.database());
    const auto usdc_money = [](const Amount& amount) {
        return Value{Money{amount.to_string(), 6, "USDC"}};
    };
    const auto wei = [](const char* amount) { return Value{Money{amount, 18, "ETH"}}; };
    CHECK(flow(report, "lending", "borrower", "USDC", "transfer", 5) == usdc_money(dollars(2'600)));
    CHECK(flow(report, "lending", "borrower", "USDC", "transfer", 4) == Value{std::int64_t{2}});
    CHECK(flow(report, "trader", "dex", "USDC", "transfer", 5) == usdc_money(dollars(410)));
    CHECK(flow(report, "dex", "trader", "USDC", "transfer", 5) == usdc_money(dollars(195)));
    // Block 0 is left out: only cat's 20 WETH, at 200.
    CHECK(flow(report, "borrower", "lending", "WETH", "transfer", 6) == Value{4'000.0});
    // At the price after block 3.
    CHECK(flow(report, "lending", "liquidator", "WETH", "transfer", 6) == Value{525.0});
    CHECK(flow(report, "trader", "(burn)", "ETH", "base_fee", 5) == wei("642000000000000"));
    CHECK(flow(report, "trader", "validator", "ETH", "tip", 5) == wei("5880000"));
    CHECK(flow(report, "(mint)", "validator", "ETH", "reward", 5) == wei("700"));
}

TEST_CASE("report: trading and value locked", "[analytics][report]")
{
    auto writer = ledger(six_blocks());
    const auto report = make_report(writer.database());
    CHECK(integer(report, "trading.trades") == 2);
    CHECK(report.number("trading.volume_usd").value() == Approx(595));
    const auto* tokens = report.section("trading")->table("pool_tokens");
    REQUIRE(tokens->rows.size() == 2);
    const auto usdc_money = [](const Amount& amount) {
        return Value{Money{amount.to_string(), 6, "USDC"}};
    };
    const auto weth_money = [](const Amount& amount) {
        return Value{Money{amount.to_string(), 18, "WETH"}};
    };
    for (const auto& row : tokens->rows)
    {
        const bool is_weth = row[1] == Value{std::string{"WETH"}};
        CHECK(row[2] == (is_weth ? weth_money(ether(2)) : usdc_money(dollars(195))));
        CHECK(row[3] == (is_weth ? weth_money(ether(1)) : usdc_money(dollars(410))));
        CHECK(row[4] == (is_weth ? weth_money(3'000'000'000'000'000) : usdc_money(1'230'000)));
    }
    CHECK(report.number("trading.pools.weth_usdc.fees_usd").value() == Approx(0.003 * 200 + 1.23));
    CHECK(report.number("trading.traders.trader.volume_share").value() == 1);
    CHECK(report.number("tvl.pools_start_usd").value() == Approx(40'000));
    CHECK(report.number("tvl.pools_peak_usd").value() == Approx(99 * 200 + 20'215));
    CHECK(report.number("tvl.pools_end_usd").value() == Approx(99 * 60 + 20'215));
    CHECK(report.number("tvl.lending_start_usd").value() == Approx(12'000));
    CHECK(report.number("timeline.prices.WETH.fall").value() == Approx(0.7));
    CHECK(report.number("timeline.prices.WETH.low_usd").value() == 60);
}

// A day has four blocks, and ends with the fourth. USDC converts into ETH.
TEST_CASE("report: a stablecoin's price, supplies and conversions by days", "[analytics][report]")
{
    using namespace contracts;
    ChainBuilder chain{6 * 3'600};
    const auto state = [&](std::uint64_t stable, std::uint64_t volatile_, std::uint64_t usd)
    {
        chain.snapshot(market,
            StablecoinStateRow{usdc, eth, dollars(stable), ether(volatile_), price(usd), 0, 0});
    };
    chain.transaction(validator0);
    chain.pool(ether(100), dollars(100));
    state(1'000, 10, 50);
    chain.end_block(validator0, 0);
    chain.end_block(validator0, 0);
    chain.transaction(ann);
    chain.emit(market, StablecoinConversion{ConversionType::redeem, ann, usdc, dollars(100), eth,
                           ether(2), ether(1)});
    chain.pool(ether(90), dollars(112));
    state(900, 13, 40);
    chain.end_block(validator0, 0);
    chain.end_block(validator0, 0);
    chain.transaction(ann);
    chain.pool(ether(80), dollars(125));
    chain.end_block(validator0, 0);
    chain.transaction(bob);
    chain.emit(market, StablecoinConversion{ConversionType::mint, bob, eth, ether(2), usdc,
                           dollars(30), dollars(1)});
    chain.pool(ether(90), dollars(100));
    state(931, 11, 20);
    chain.end_block(validator0, 0);

    auto writer = ledger(chain);
    const std::vector<std::string> sections{"pegs"};
    const auto report = make_report(writer.database(), sections);
    const auto number = [&](const std::string& path)
    { return report.number("pegs." + path).value(); };
    CHECK(number("days.aave USDC day 1.price") == Approx(0.64));
    CHECK(number("days.aave USDC day 1.volatile_price_usd") == Approx(40));
    CHECK(raw(report, "pegs.days.aave USDC day 1.supply") == "900000000");
    CHECK(raw(report, "pegs.days.aave USDC day 1.redeemed") == "100000000");
    CHECK(raw(report, "pegs.days.aave USDC day 1.minted") == "0");
    CHECK(number("days.aave USDC day 2.price") == Approx(0.9));
    CHECK(raw(report, "pegs.days.aave USDC day 2.redeemed") == "0");
    CHECK(raw(report, "pegs.days.aave USDC day 2.minted") == "31000000");
    CHECK(raw(report, "pegs.days.aave USDC day 2.volatile_supply") == "11000000000000000000");
    CHECK(number("supplies.aave USDC.factor") == Approx(0.931));
    CHECK(number("supplies.aave ETH.factor") == Approx(1.1));
    CHECK(raw(report, "pegs.supplies.aave USDC.burned") == "100000000");
    CHECK(raw(report, "pegs.supplies.aave ETH.minted") == "3000000000000000000");
    CHECK(raw(report, "pegs.supplies.aave ETH.kept") == "1000000000000000000");
    CHECK(raw(report, "pegs.supplies.aave ETH.burned") == "2000000000000000000");
}

// No pool trades the coin, and nobody converts it: 1,000 coins become 900.
TEST_CASE("report: an issuer whose coin is traded nowhere", "[analytics][report]")
{
    using namespace contracts;
    ChainBuilder chain;
    const auto state = [&](std::uint64_t coins, std::uint64_t held) {
        chain.snapshot(market, IssuerRow{usdc, weth, dollars(coins), ether(held), {}, {}, 0, true});
    };
    state(1'000, 1'000);
    chain.end_block(validator0, 0);
    chain.transaction(ann);
    chain.emit(market, IssuerFlow{IssuerAction::redeem, ann, usdc, dollars(100), weth, ether(99),
                           ether(1), ChainBuilder::start + 600});
    state(900, 901);
    chain.end_block(validator0, 0);

    auto writer = ledger(chain);
    const std::vector<std::string> sections{"pegs"};
    const auto report = make_report(writer.database(), sections);
    REQUIRE(report.sections.size() == 1);
    REQUIRE(report.sections[0].tables.size() == 2);
    const auto& redemptions = report.sections[0].tables[1];
    CHECK(redemptions.key == "redemptions");
    CHECK(column_sum(redemptions, "redeemed") == 100);
    const auto number = [&](const std::string& path)
    { return report.number("pegs.issuers.aave." + path).value(); };
    CHECK(number("supply_change") == Approx(-0.1));
    CHECK(number("redeemed") == 100);
    CHECK(number("longest_wait") == 3'000);
    CHECK(number("cover_end") == Approx(901.0 / 900));
}

// A week of four slots of 42 hours. Wallets hold 0, 400, 400 and 320 USDC for a slot each: 280 in
// the mean.
//
//     1: the market pays ann 300, bob 100
//     2: ann buys 10 pieces at 12 of bob; a sale of 5 that nobody pays for
//     3: bob pays cat a wage of 40, and 20 to the market; ann pays 60 into dan's deposit address
//     (eve)
//
// At the end ann has 120, bob 160, cat 40, dan 0; eve's are a custodian's.
TEST_CASE("report: velocity, sales and Gini of a small economy, by hand", "[analytics][report]")
{
    using namespace contracts;
    ChainBuilder chain{42 * 3'600};
    chain.end_block(validator0, 0);
    chain.transaction(ann);
    chain.emit(usdc, Transfer{market_account, ann, dollars(300)});
    chain.emit(usdc, Transfer{market_account, bob, dollars(100)});
    chain.end_block(validator0, 0);
    chain.transaction(ann);
    // Of the same amount, and no payment for the goods.
    chain.emit(weth, Transfer{ann, bob, dollars(120)});
    chain.emit(usdc, Transfer{ann, bob, dollars(120)});
    chain.emit(market, RetailSale{bob, ann, usdc, 10, dollars(12), dollars(120), false});
    chain.emit(market, RetailSale{bob, ann, usdc, 1, dollars(5), dollars(5), true});
    chain.end_block(validator0, 0);
    chain.transaction(bob);
    chain.emit(usdc, Transfer{bob, cat, dollars(40)});
    chain.emit(market, WagePayment{bob, cat, usdc, dollars(40), 4});
    chain.emit(usdc, Transfer{bob, market_account, dollars(20)});
    chain.emit(usdc, Transfer{ann, eve, dollars(60)});
    chain.emit(market, CustodianAccount{dan, 0, eve});
    chain.emit(market,
        CustodianMove{CustodianMoveType::deposit, dan, zero_account, usdc, dollars(60), 0, 0});
    chain.emit(
        market, CustodianMove{CustodianMoveType::held_deposit, dan, ann, usdc, dollars(1), 0, 0});
    chain.emit(market, CustodianMove{CustodianMoveType::withdrawal, dan, dan, usdc, dollars(30),
                           dollars(2), ChainBuilder::start + 42 * 3'600});
    chain.emit(market, CustodianStatement{usdc, 1, 0, dollars(30), dollars(40), 1, dollars(60), 0});
    chain.end_block(validator0, 0);
    chain.end_block(validator0, 0);

    auto writer = ledger(chain);
    const std::vector<std::string> sections{"economy"};
    const auto report = make_report(writer.database(), sections);
    const auto number = [&](const std::string& path)
    { return report.number("economy." + path).value(); };
    CHECK(number("stock_mean") == Approx(280));
    CHECK(number("stock_end") == Approx(320));
    CHECK(number("came") == Approx(400));
    CHECK(number("went") == Approx(80));
    CHECK(number("turnover") == Approx(160));
    CHECK(number("velocity_week") == Approx(160.0 / 280));
    CHECK(raw(report, "economy.sales") == "125000000");
    CHECK(raw(report, "economy.sales_paid") == "120000000");
    CHECK(integer(report, "economy.sales_count") == 2);
    CHECK(integer(report, "economy.sales_unmatched") == 1);
    CHECK(number("goods_velocity_week") == Approx(125.0 / 280));
    CHECK(raw(report, "economy.consumption") == "120000000");
    CHECK(number("pieces_used") == 10);
    CHECK(number("price_mean") == Approx(12));
    CHECK(raw(report, "economy.wages") == "40000000");
    // 0, 40, 120, 160: (-3 * 0 - 1 * 40 + 1 * 120 + 3 * 160) / (4 * 320).
    CHECK(number("gini_end") == Approx(560.0 / 1'280));
    CHECK_FALSE(report.number("economy.gini_start").has_value());
    // Those of bob and cat: (160 - 40) / (2 * 200).
    CHECK(number("holders.borrower.gini_end") == Approx(0.3));
    CHECK(raw(report, "economy.custodians.aave.deposits") == "61000000");
    CHECK(integer(report, "economy.deposits_held") == 1);
    CHECK(number("deposits_held_share") == Approx(0.5));
    CHECK(raw(report, "economy.custodians.aave.fees") == "2000000");
    CHECK(number("custodians.aave.wait_median_seconds") == 2 * 42 * 3'600);
    CHECK(number("statements.aave.coverage") == Approx(2));
    CHECK(raw(report, "economy.statements.aave.owed") == "40000000");
}

TEST_CASE("report: an economy with people who do not exist is an error", "[analytics][report]")
{
    using namespace contracts;
    const bool as_customer = GENERATE(true, false);
    ChainBuilder chain;
    chain.end_block(validator0, 0);
    chain.transaction(ann);
    chain.emit(market, RetailSale{bob, ann, usdc, 1, dollars(5), dollars(5), false});
    if (as_customer)
        chain.emit(market, CustodianAccount{dan, 0, AccountId{1'000'000}});
    else
        chain.emit(usdc, Transfer{ann, AccountId{1'000'000}, dollars(5)});
    chain.end_block(validator0, 0);
    auto writer = ledger(chain);
    const std::vector<std::string> sections{"economy"};
    CHECK_THROWS_AS(make_report(writer.database(), sections), storage::StorageError);
}

TEST_CASE("report: lending, liquidations and bad debt", "[analytics][report]")
{
    auto writer = ledger(six_blocks());
    const auto report = make_report(writer.database());
    CHECK(integer(report, "lending.borrower_count") == 2);
    CHECK(report.number("lending.borrowed_peak_usd").value() == Approx(2'600));
    CHECK(integer(report, "liquidations.calls") == 2);
    CHECK(report.number("liquidations.calls_per_100_borrowers").value() == 100);
    CHECK(integer(report, "liquidations.borrower_count") == 1);
    CHECK(integer(report, "liquidations.liquidator_count") == 2);
    CHECK(raw(report, "liquidations.debt_repaid_usd") == price(750).to_string());
    CHECK(raw(report, "liquidations.collateral_seized_usd") == price(795).to_string());
    CHECK(report.number("liquidations.debt_liquidated_share").value() == Approx(750.0 / 2'600));
    CHECK(integer(report, "liquidations.repeats") == 1);
    CHECK(report.number("liquidations.half_repeat_share").value() == 1);
    CHECK(report.number("liquidations.top1_percent_share").value() == Approx(500.0 / 750));
    CHECK(integer(report, "liquidations.hours_with_calls") == 2);
    CHECK(report.number("liquidations.busiest_tenth_calls_share").value() == 0.5);
    CHECK(report.number("liquidations.busiest_tenth_value_share").value() == Approx(500.0 / 750));
    CHECK(report.number("liquidations.collaterals.WETH.value_share").value() == 1);
    CHECK(report.number("liquidations.collaterals.WETH.calls").value() == 2);
    CHECK(raw(report, "liquidations.pairs.WETH.collateral_seized") ==
          wrapping_add(ether(8), div_down(wrapping_mul(ether(1), 375), 1'000)).to_string());
    CHECK(raw(report, "liquidations.liquidators.dan.gross_profit_usd") == price(25).to_string());

    // bob: 250 owed on 1.625 WETH at 60; cat: 1,600 * 1.01 owed on 20 WETH at 60. The reserve's
    // snapshot still says 90: the oracle moved when nobody touched the market.
    CHECK(raw(report, "bad_debt.bad_debt_usd") == "56850000000");
    CHECK(raw(report, "bad_debt.debt_usd") == price(1'866).to_string());
    CHECK(integer(report, "bad_debt.insolvent_accounts") == 2);
    CHECK(integer(report, "bad_debt.liquidatable_accounts") == 2);
    CHECK(report.number("bad_debt.share").value() == Approx(568.5 / 2'600));
}

TEST_CASE("report: quantiles lie between order statistics", "[analytics][report]")
{
    CHECK(quantile({7}, 0.5) == 7);
    CHECK(quantile({1, 2}, 0.5) == 1.5);
    CHECK(quantile({1, 2, 9}, 0.5) == 2);
    CHECK(quantile({1, 2, 9, 10}, 0.5) == 5.5);
    CHECK(quantile({0, 10, 20}, 0.25) == 5);
    CHECK(quantile({0, 10, 20}, 1) == 20);
}

// Method: tips over eleven orders of magnitude, in classes and sorted.
TEST_CASE("report: quantiles of tips are within a thousandth of the true ones",
    "[analytics][report][property]")
{
    std::mt19937_64 random{20'261'130};
    for (const int count : {1, 2, 3, 10, 101, 1'000})
    {
        ChainBuilder chain;
        chain.end_block(validator0, 0);
        std::vector<double> tips;
        for (int i = 0; i < count; ++i)
        {
            const auto tip = random() >> (27 + random() % 37);
            tips.push_back(static_cast<double>(tip));
            chain.transaction(ann, {21, tip, {}, false});
        }
        chain.end_block(validator0, 0);
        std::sort(tips.begin(), tips.end());
        auto writer = ledger(chain);
        const auto report = make_report(writer.database());
        for (const auto& [key, share] : {std::pair{"tip_p10_gwei", 0.1}, {"tip_p50_gwei", 0.5},
                 {"tip_p90_gwei", 0.9}, {"tip_p99_gwei", 0.99}})
        {
            CAPTURE(count, key);
            const auto found = report.number(std::string{"transactions."} + key).value() * 1e9;
            const auto real = quantile(tips, share);
            CHECK(found <= real * (1 + 1e-12));
            CHECK(found >= real * (1 - 1.0 / 1'024));
        }
    }
}

namespace
{
/// bob has all 1,000 shares of a pool of 100 WETH and 20,000 USDC. At a price of 220, ann buys 2
/// WETH for 410 USDC; at 180, after a quarter of the shares went to dan, she sells 1 WETH for 195.
ChainBuilder two_trades()
{
    const auto share = Amount::power_of_ten(18);
    ChainBuilder chain;
    chain.transaction(validator0);
    chain.pool(ether(100), dollars(20'000));
    chain.end_block(validator0, 0);
    chain.transaction(bob);
    chain.emit(pair, Transfer{zero_account, bob, wrapping_mul(1'000, share)});
    chain.pool(ether(100), dollars(20'000));
    chain.end_block(validator0, 0);
    chain.transaction(ann);
    chain.emit(pair, DexTrade{weth, usdc, ether(2), dollars(410), ann, usdc, 1'230'000});
    chain.pool(ether(98), dollars(20'410));
    chain.end_block(validator0, 0);
    chain.transaction(bob);
    chain.emit(pair, Transfer{bob, dan, wrapping_mul(250, share)});
    chain.transaction(ann);
    chain.emit(
        pair, DexTrade{usdc, weth, dollars(195), ether(1), ann, weth, 3'000'000'000'000'000});
    chain.pool(ether(99), dollars(20'215));
    chain.end_block(validator0, 0);
    return chain;
}
}  // namespace

TEST_CASE("report: providers against holding and rebalancing, by hand", "[analytics][report]")
{
    auto described = description(Parts::all);
    described.prices = {{weth, 0, 200'00000000}, {weth, 2, 220'00000000}, {weth, 3, 180'00000000},
        {weth, 4, 1'000'00000000}};  // The last one is planned for a block that never comes.
    auto writer = storage::LedgerWriter::in_memory(manifest("test", 5), described);
    two_trades().write_to(writer);
    const auto report = make_report(writer.database());
    const auto figure = [&](const std::string& path)
    { return report.number("providers." + path).value(); };
    // 1.23 USDC and 0.003 WETH at 180, both when they were earned and at the end.
    CHECK(figure("fees_usd") == Approx(1.77));
    CHECK(figure("fees_then_usd") == Approx(1.77));
    // Given less got, fees left out: 2 * 220 - (410 - 1.23), and 195 - (1 - 0.003) * 180.
    CHECK(figure("lvr_usd") == Approx(31.23 + 15.54));
    CHECK(figure("over_rebalancing_usd") == Approx(-45));
    // bob has 750 of 1,000 shares of 99 WETH and 20,215 USDC. He put 100 and 20,000 in, and
    // gave a quarter of 98 and 20,410 away.
    CHECK(figure("accounts.bob.worth_usd") == Approx(0.75 * (99 * 180 + 20'215)));
    CHECK(figure("accounts.bob.held_usd") == Approx(75.5 * 180 + 14'897.5));
    CHECK(figure("accounts.bob.fees_usd") == Approx(1.23 + 0.75 * 0.54));
    CHECK(figure("accounts.bob.lvr_usd") == Approx(31.23 + 0.75 * 15.54));
    // dan has a quarter since then: of the second trade, 180 - 195.
    CHECK(figure("accounts.dan.gain_usd") == Approx(-15 * 0.25));
    CHECK(figure("accounts.dan.over_rebalancing_usd") == Approx(-15 * 0.25));
    CHECK(figure("accounts.dan.impermanent_loss_usd") == Approx(-3.75 - 0.135));
    CHECK(figure("pools.weth_usdc.gain_usd") == Approx(35));
    CHECK(figure("groups.borrower.accounts") == 1);
}

TEST_CASE("report: USD are at reference prices where there are any", "[analytics][report]")
{
    auto described = description(Parts::all);
    described.prices = {{weth, 0, 300'00000000}, {weth, 2, 400'00000000}};
    auto writer = storage::LedgerWriter::in_memory(manifest("test", 5), described);
    six_blocks().write_to(writer);
    const auto report = make_report(writer.database());
    // 2 WETH bought at 400, and 195 USDC.
    CHECK(report.number("trading.volume_usd").value() == Approx(2 * 400 + 195));
    CHECK(report.number("trading.fees_usd").value() == Approx(1.23 + 0.003 * 400));
    CHECK(report.number("tvl.pools_start_usd").value() == Approx(100 * 300 + 20'000));
    const auto burnt = number(flow(report, "trader", "(burn)", "ETH", "base_fee", 6));
    CHECK(burnt.value() == Approx(0.000642 * 400));
    // Lending markets count at their own.
    CHECK(report.number("timeline.prices.WETH.low_usd").value() == 60);
    CHECK(raw(report, "bad_debt.bad_debt_usd") == "56850000000");
}

TEST_CASE("report: a pool's price is worth the money behind it", "[analytics][report]")
{
    auto writer = storage::LedgerWriter::in_memory(manifest("test", 1), description(Parts::all));
    ChainBuilder chain;
    chain.transaction(validator0);
    chain.pool(ether(1), dollars(40));
    chain.end_block(validator0, 0);
    chain.transaction(ann);
    chain.emit(pair, DexTrade{weth, usdc, ether(2), dollars(50), ann, usdc, 150'000});
    // 1,000 WETH at 30 USD each, and 40 USD to pay for them: somebody has put them beside the
    // price.
    const auto spot = Amount::power_of_ten(36);
    chain.snapshot(pair, DexPool{weth, ether(1'000), spot});
    chain.snapshot(
        pair, DexPool{usdc, dollars(40), mul_div_down(ether(1), spot, dollars(30)).value});
    chain.end_block(validator0, 0);
    chain.write_to(writer);
    const auto report = make_report(writer.database());
    CHECK(report.number("trading.volume_usd").value() == 50);  // Not 2 WETH at 30.
    CHECK(report.number("tvl.pools_start_usd").value() == Approx(80));
    CHECK(report.number("tvl.pools_end_usd").value() == Approx(40 + 10 * 40));
    CHECK(report.number("tvl.pools_end_priced_by_pools_usd").value() == Approx(400));
}

TEST_CASE("report: books say whether holdings follow from transfers", "[analytics][report]")
{
    auto writer = ledger(six_blocks());
    const auto report = make_report(writer.database());
    const auto* holdings = report.section("books")->table("holdings");
    const auto balanced = [&](const char* contract, const char* token) {
        return find_row(*holdings, {{"contract", contract}, {"token", token}})->back();
    };
    CHECK(balanced("weth_usdc", "WETH") == Value{true});
    CHECK(balanced("weth_usdc", "USDC") == Value{true});
    // eve's liquidation moved collateral without a transfer: the audit finds it.
    CHECK(balanced("aave", "WETH") == Value{false});
    CHECK(report.value("books.balanced") == Value{false});
}

TEST_CASE("report: validators and wallets", "[analytics][report]")
{
    auto writer = ledger(six_blocks());
    const auto report = make_report(writer.database());
    CHECK(report.value("validators.validators.validator/0.proposals") == Value{std::int64_t{3}});
    CHECK(raw(report, "validators.validators.validator/1.rewards") == "700");
    CHECK(raw(report, "validators.rewards") == "700");
    CHECK(report.number("validators.finality_lag_mean").value() == 1);
    CHECK(report.value("wallets.groups.trader.transactions") == Value{std::int64_t{5}});
    CHECK(report.number("wallets.groups.trader.reverted_share").value() == Approx(0.4));
    CHECK(raw(report, "wallets.groups.trader.fees") == "642000005880000");
    // One WETH more, 215 USDC less, fees; the native coin at the price of WETH.
    CHECK(report.number("wallets.groups.trader.gain_usd").value() ==
          Approx(60 - 215 - 60 * 0.000642000005880005));
}

// At the end WETH, and with it the native coin, costs 100, half of what it did.
TEST_CASE("report: why people got richer or poorer", "[analytics][report]")
{
    ChainBuilder chain;
    chain.transaction(validator0);
    chain.emit(oracle, PriceUpdated{weth, price(200), ChainBuilder::start});
    chain.emit(oracle, PriceUpdated{usdc, price(1), ChainBuilder::start});
    chain.emit(market, LendingBalance{bob, weth, ether(10), 0, ether(10), 0, true});
    chain.snapshot(market, reserve(usdc, ray, ray, dollars(10'000), 0, price(1), 8'000));
    chain.snapshot(market, reserve(weth, ray, ray, ether(10), 0, price(200), 8'250));
    chain.end_block(validator0, 0);
    // Cat supplies 20 WETH and borrows 1,600 USDC; Ann pays Dan 5 USDC.
    chain.transaction(cat, {200'000, 2, {}, false});
    chain.emit(weth, Transfer{cat, market_account, ether(20)});
    chain.emit(usdc, Transfer{market_account, cat, dollars(1'600)});
    chain.emit(market, LendingSupply{LendingSupplyType::supply, weth, cat, cat, zero_account,
                           zero_account, ether(20)});
    chain.emit(market, LendingBorrow{LendingBorrowType::borrow, usdc, cat, cat, zero_account,
                           zero_account, dollars(1'600)});
    chain.emit(market, LendingBalance{cat, weth, ether(20), 0, ether(20), 0, true});
    chain.emit(market, LendingBalance{cat, usdc, 0, dollars(1'600), 0, dollars(1'600), false});
    chain.transaction(ann, {21'000, 0, {}, false});
    chain.emit(usdc, Transfer{ann, dan, dollars(5)});
    chain.reward(validator1, ether(1));
    chain.end_block(validator1, 0);
    // Dan repays 475 USDC for 5 WETH of hers; what is left of the debt has grown by 1%.
    chain.transaction(dan, {400'000, 0, {}, false});
    chain.emit(oracle, PriceUpdated{weth, price(100), ChainBuilder::start});
    chain.emit(usdc, Transfer{dan, market_account, dollars(475)});
    chain.emit(weth, Transfer{market_account, dan, ether(5)});
    chain.emit(market,
        LendingSupply{LendingSupplyType::supply_liquidation, weth, cat, cat, dan, dan, ether(5)});
    chain.emit(market, LendingBorrow{LendingBorrowType::borrow_liquidation, usdc, cat, cat, dan,
                           dan, dollars(475)});
    chain.emit(market, LendingBalance{cat, weth, ether(15), 0, ether(15), 0, true});
    chain.emit(market, LendingBalance{cat, usdc, 0, dollars(1'125), 0, dollars(1'125), false});
    const auto index = div_down(wrapping_mul(ray, 101), 100);
    chain.snapshot(
        market, reserve(usdc, ray, index, dollars(10'000), dollars(1'136), price(1), 8'000));
    chain.snapshot(market, reserve(weth, ray, ray, ether(25), 0, price(100), 8'250));
    chain.end_block(validator0, 0);

    auto writer = ledger(chain);
    const std::vector<std::string> sections{"wealth"};
    const auto report = make_report(writer.database(), sections);
    const auto borrowers = [&](std::string_view key)
    { return report.number(fmt::format("wealth.groups.borrower.{}", key)).value(); };
    CHECK(borrowers("start_usd") == Approx(2'000));
    CHECK(borrowers("price_usd") == Approx(-1'000));
    CHECK(borrowers("liquidated_usd") == Approx(475 - 500));
    CHECK(borrowers("interest_usd") == Approx(-11.25));
    CHECK(borrowers("gas_usd") == Approx(-0.02));
    CHECK(borrowers("trading_usd") == Approx(0).margin(1e-9));
    CHECK(borrowers("end_usd") == Approx(2'000 - 1'000 - 25 - 11.25 - 0.02));
    CHECK(borrowers("start_coins") == Approx(10));
    CHECK(report.number("wealth.groups.liquidator.payments_usd").value() == Approx(5));
    CHECK(report.number("wealth.groups.liquidator.trading_usd").value() == Approx(25));
    CHECK(report.number("wealth.groups.trader.payments_usd").value() == Approx(-5));
    CHECK(report.number("wealth.groups.validator.rewards_usd").value() == Approx(100));
    CHECK(raw(report, "wealth.issued") == "1000000000000000000");
    CHECK(raw(report, "wealth.burnt") == "621000000000000");
    // Of ann, bob, cat, dan and eve bob alone had anything.
    CHECK(report.number("wealth.gini_start").value() == Approx(0.8));

    // For every group the reasons sum to the change.
    const auto* table = report.section("wealth")->table("groups");
    REQUIRE(table->rows.size() == 4);
    for (const auto& row : table->rows)
    {
        double sum = 0;
        for (std::size_t i = 5; i + 2 < row.size(); ++i)
            sum += number(row[i]).value();
        CHECK(sum == Approx(number(row[4]).value()).margin(1e-9));
    }
}

TEST_CASE("report: every flow leaves one group and reaches another", "[analytics][report]")
{
    auto writer = ledger(six_blocks());
    const auto report = make_report(writer.database());
    // Sum over groups of what they have more of, validators and contracts left out of the table:
    // the flows must say the same from both ends.
    const auto* flows = report.section("flows")->table("flows");
    std::map<std::string, std::uint64_t> transfers;
    for (const auto& row : flows->rows)
    {
        if (std::get<std::string>(row[2]) == "transfer")
            transfers[std::get<std::string>(row[3])] +=
                static_cast<std::uint64_t>(std::get<std::int64_t>(row[4]));
    }
    for (const auto& row : report.section("flows")->table("tokens")->rows)
    {
        CHECK(transfers[std::get<std::string>(row[0])] ==
              static_cast<std::uint64_t>(std::get<std::int64_t>(row[1])));
    }
}

TEST_CASE("report: a killed ledger without indexes says the same", "[analytics][report]")
{
    const TemporaryFolder folder;
    const auto chain = six_blocks();
    const auto whole = (folder.path / "whole.db").string();
    const auto killed = (folder.path / "killed.db").string();
    for (const auto& path : {whole, killed})
    {
        auto writer =
            storage::LedgerWriter::create(path, manifest("test", 5), description(Parts::all));
        chain.write_to(writer);
        if (path == whole)
            writer.finish();
    }
    const auto text = [](const std::string& path)
    {
        auto database = storage::Database::open(path, storage::Database::Access::read_only);
        return render_json(make_report(database));
    };
    CHECK(text(whole) == text(killed));
}

// Method: every column of every table is set to each hostile value in turn. Whatever a damaged file
// holds, the report is a report or a StorageError.
TEST_CASE("report: a damaged ledger is an error, never a crash", "[analytics][report][property]")
{
    auto writer = ledger(six_blocks(), Parts::all, "black_thursday");
    const storage::Schema schema{description(Parts::all).events};
    int refused = 0;
    for (const auto& table : schema.tables())
    {
        for (const auto& column : table.columns)
        {
            for (const auto* value : {"-1", "4294967295", "9223372036854775807", "''", "'-5'",
                     "'1' || hex(zeroblob(60))", "x'00ff'", "1e300"})
            {
                CAPTURE(table.name, column.name, value);
                const storage::SqlTransaction undone{writer.database()};
                try
                {
                    writer.database().execute(
                        fmt::format("UPDATE {} SET \"{}\" = {}", table.name, column.name, value));
                }
                catch (const storage::StorageError&)
                {
                    continue;  // A key would not be unique.
                }
                try
                {
                    const auto report = make_report(writer.database());
                    CHECK(!render_text(report, true).empty());
                    CHECK(!render_json(report).empty());
                }
                catch (const storage::StorageError&)
                {
                    ++refused;
                }
            }
        }
    }
    CHECK(refused > 100);
}

TEST_CASE("report: headline figures stand beside real ones and bands", "[analytics][report]")
{
    auto writer = ledger(six_blocks(), Parts::all, "black_thursday");
    const std::vector<std::string> sections{"headline"};
    const auto report = make_report(writer.database(), sections);
    REQUIRE(report.sections.size() == 1);
    const auto& rows = report.sections.front().table("figures")->rows;
    CHECK(rows.size() == bands_of("black_thursday").size());
    CHECK(report.number("headline.figures.eth_fall.simulated").value() == Approx(0.7));
    CHECK(report.value("headline.figures.eth_fall.in_band") == Value{false});
    CHECK(report.value("headline.figures.calls_per_100_borrowers.in_band") == Value{true});
    CHECK(report.value("headline.figures.fee_peak_ratio.in_band") == Value{true});
    // Too few liquidations for a distribution of sizes: not known, which is not outside.
    CHECK(report.value("headline.figures.size_sigma.in_band") == Value{});
}

TEST_CASE("report: bands are intervals and point at figures that exist", "[analytics][report]")
{
    for (const auto* scenario :
        {"black_thursday", "market_day", "hooked_fees", "new_pool", "mixed_defi", "payments"})
    {
        const auto rows = bands_of(scenario);
        REQUIRE(!rows.empty());
        std::set<std::string_view> keys_seen;
        for (const auto& band : rows)
        {
            CAPTURE(scenario, band.key);
            CHECK(band.scenario == scenario);
            CHECK(keys_seen.insert(band.key).second);
            CHECK(band.low < band.high);
            CHECK(!band.source.empty());
            const auto keys = section_keys();
            const auto section = band.path.substr(0, band.path.find('.'));
            CHECK(std::find(keys.begin(), keys.end(), section) != keys.end());
            CHECK(headline_needs(scenario, section));
        }
    }
    CHECK(bands_of("liquidation_by_hand").empty());
}

TEST_CASE("report: what is recorded nowhere is shown and not judged", "[analytics][report]")
{
    auto writer = ledger(six_blocks(), Parts::all, "black_thursday");
    const std::vector<std::string> sections{"headline"};
    const auto report = make_report(writer.database(), sections);
    CHECK(report.number("headline.figures.reserve_use.simulated").value() == Approx(0.18332));
    CHECK(report.value("headline.figures.reserve_use.in_band") == Value{});
    CHECK(report.value("headline.figures.reserve_use.band_low") == Value{});
    CHECK(report.value("headline.figures.reserve_use.band") ==
          Value{std::string{"no recorded range"}});
    // Open above.
    CHECK(report.value("headline.figures.searcher_net.in_band") == Value{true});
    CHECK(report.value("headline.figures.searcher_net.band_high") == Value{});
    CHECK(report.value("headline.figures.searcher_net.band") == Value{std::string{"$0 or more"}});
}

TEST_CASE("report: how people behaved", "[analytics][report]")
{
    auto writer = ledger(six_blocks());
    const std::vector<std::string> sections{"behaviour"};
    const auto report = make_report(writer.database(), sections);
    const auto figure = [&](const std::string& key)
    { return report.number("behaviour." + key).value(); };
    // dan: 4.375 WETH at 120 for 500 USDC, and 400,000 gas at 8 gwei; eve: gas alone, at 4 gwei.
    CHECK(integer(report, "behaviour.searchers_active") == 2);
    CHECK(figure("searchers.liquidator.net_highest_usd") == Approx(25 - 0.384).epsilon(1e-6));
    CHECK(figure("searchers.liquidator.net_lowest_usd") == Approx(-0.144).epsilon(1e-6));
    CHECK(figure("searcher_net_median_usd") == Approx(12.236).epsilon(1e-6));
    CHECK(figure("searcher_net_per_trade_usd") == Approx(12.236).epsilon(1e-6));
    CHECK(figure("searcher_losers_share") == 0.5);
    CHECK(figure("searcher_fees_share") == Approx(0.528 / 25).epsilon(1e-6));
    CHECK(figure("searcher_reverted_share") == 0);
    // 595 USD in 5 hours; the pool was worth 40,000 (2 h), 40,015, 32,095 and 29,125.
    const auto tvl = (2 * 40'000.0 + 40'015 + 32'095 + 29'125) / 5;
    const auto year = 365 * 24 / 5.0;
    CHECK(figure("pool_volume_day_usd") == Approx(595 * 24 / 5.0));
    CHECK(figure("pool_volume_per_tvl_day") == Approx(595 * 24 / 5.0 / tvl));
    CHECK(figure("provider_fee_yield") == Approx(1.83 * year / tvl));
    // Traders left 215 USDC and took 1 WETH, 60 USD at the end.
    CHECK(figure("provider_net_yield") == Approx(155 * year / tvl));
    CHECK(figure("reserves.aave USDC.use_mean") == Approx(0.18332));
    CHECK(figure("reserve_full_hours") == 0);
    // ann's: three that succeeded, two that did not.
    CHECK(figure("rates.trader.succeeded_day") == Approx(3 * 24 / 5.0));
    CHECK(figure("rates.trader.reverted_day") == Approx(2 * 24 / 5.0));
}

TEST_CASE("report: a reserve's hours at full use are counted", "[analytics][report]")
{
    ChainBuilder chain;
    const auto debt_after = [&](std::uint64_t debt)
    {
        chain.snapshot(
            market, reserve(usdc, ray, ray, dollars(1'000), dollars(debt), price(1), 8'000));
        chain.end_block(validator0, 0);
    };
    for (const auto debt : {0, 1'000, 995, 990, 100})
        debt_after(static_cast<std::uint64_t>(debt));
    auto writer = ledger(chain);
    const auto report = make_report(writer.database());
    // From block 1 to 3; at exactly 99% no longer.
    CHECK(report.number("behaviour.reserve_full_hours") == 2);
    CHECK(report.number("behaviour.reserve_use_mean").value() == Approx((1 + 0.995 + 0.99) / 4));
    CHECK(report.number("behaviour.reserves.aave USDC.use_highest") == 1);
}

TEST_CASE("report: JSON has exact text beside numbers", "[analytics][report]")
{
    auto writer = ledger(six_blocks());
    const auto json = nlohmann::json::parse(render_json(make_report(writer.database())));
    CHECK(json["run"]["scenario"] == "test");
    CHECK(json["transactions"]["fees_burnt_raw"] == "6192000000000000");
    CHECK(json["transactions"]["fees_burnt"].get<double>() == Approx(0.006192));
    CHECK(json["bad_debt"]["bad_debt_usd_raw"] == "56850000000");
    CHECK(json["bad_debt"]["bad_debt_usd"].get<double>() == Approx(568.5));
    CHECK(json["trading"]["pools"][0]["pool"] == "weth_usdc");
    CHECK(json["timeline"]["charts"]["price_weth"].size() == 5);
}

TEST_CASE("report: what more cores would give is said in words", "[analytics][report]")
{
    auto writer = ledger(six_blocks());
    const auto none = make_report(writer.database());
    CHECK(none.value("parallelism.recorded") == Value{false});
    CHECK_THAT(std::get<std::string>(none.value("parallelism.verdict")),
        Catch::StartsWith("this run recorded none"));

    writer.add_metric("parallelism_blocks", -1, 3);
    writer.add_metric("parallelism_transactions", -1, 1'200);
    writer.add_metric("parallelism_available", -1, 2.25);
    writer.add_metric("parallelism_speedup_1", -1, 1);
    writer.add_metric("parallelism_speedup_64", -1, 2.125);
    writer.add_metric("parallelism_serialised_USDC", -1, 0.08);
    writer.add_metric("parallelism_serialised_weth_usdc", -1, 0.41);
    writer.flush();
    const auto report = make_report(writer.database());
    CHECK(report.value("parallelism.recorded") == Value{true});
    CHECK(report.number("parallelism.blocks_sampled") == 3);
    CHECK(report.number("parallelism.available") == 2.25);
    CHECK(std::get<std::string>(report.value("parallelism.verdict")) ==
          "weth_usdc alone serialises 41% of the chain");
    const auto* section = report.section("parallelism");
    REQUIRE(section != nullptr);
    const auto* speed_ups = section->table("speed_ups");
    REQUIRE(speed_ups != nullptr);
    REQUIRE(speed_ups->rows.size() == 2);
    CHECK(speed_ups->rows[1][0] == Value{std::int64_t{64}});
    CHECK(speed_ups->rows[1][1] == Value{2.125});
    CHECK(report.number("parallelism.serialised.weth_usdc.share") == 0.41);
    CHECK(report.value("parallelism.serialised.weth_usdc.kind") ==
          Value{std::string{"uniswap_v2_pair"}});
    CHECK(section->table("serialised")->rows[0][0] == Value{std::string{"weth_usdc"}});
    // Throughput has the clock's other figures only.
    CHECK(report.section("throughput") == nullptr);
}

TEST_CASE("report: keys are snake_case, and each section's are different", "[analytics][report]")
{
    auto writer = ledger(six_blocks(), Parts::all, "black_thursday");
    const auto report = make_report(writer.database());
    // All but throughput, the providers, order books, assets, farms, vaults, insurance, mixers,
    // bridges, escrow, the economy, pegs, debt positions, backstops, sandwiches, depth and the
    // network: nobody here ever has shares, mints against collateral or sells what he has just
    // bought, the pool says not what it would pay, and proposers are drawn.
    CHECK(report.sections.size() + 17 == section_keys().size());
    const auto check_keys = [](std::vector<std::string> keys)
    {
        for (const auto& key : keys)
        {
            CAPTURE(key);
            CHECK(key.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") ==
                  std::string::npos);
        }
        std::sort(keys.begin(), keys.end());
        CHECK(std::adjacent_find(keys.begin(), keys.end()) == keys.end());
    };
    for (const auto& section : report.sections)
    {
        CAPTURE(section.key);
        std::vector<std::string> keys{"charts"};
        for (const auto& figure : section.figures)
            keys.push_back(figure.key);
        for (const auto& table : section.tables)
        {
            keys.push_back(table.key);
            std::vector<std::string> columns;
            for (const auto& column : table.columns)
                columns.push_back(column.key);
            check_keys(columns);
            for (const auto& row : table.rows)
                CHECK(row.size() == table.columns.size());
        }
        check_keys(keys);
    }
}

TEST_CASE("report: text fits its terminal", "[analytics][report]")
{
    const auto width = GENERATE(std::size_t{40}, 60, 80, 100, 160);
    auto writer = ledger(six_blocks(), Parts::all, "black_thursday");
    std::istringstream text{render_text(make_report(writer.database()), false, width)};
    for (std::string line; std::getline(text, line);)
    {
        CAPTURE(line);
        const auto characters = std::count_if(line.begin(), line.end(),
            [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; });
        CHECK(static_cast<std::size_t>(characters) <= width);
        CHECK(line.find('\033') == std::string::npos);
    }
}

TEST_CASE("report: CSV has one file per table", "[analytics][report]")
{
    const TemporaryFolder folder;
    auto writer = ledger(six_blocks());
    const auto files = write_csv(make_report(writer.database()), folder.path / "tables");
    CHECK(files.size() > 10);
    std::ifstream liquidators{folder.path / "tables" / "liquidations_liquidators.csv"};
    std::string line;
    std::getline(liquidators, line);
    CHECK(line ==
          "account,calls,calls_share,debt_repaid_usd_raw,debt_repaid_usd,value_share,"
          "gross_profit_usd_raw,gross_profit_usd");
    std::getline(liquidators, line);
    CHECK(line.starts_with("dan,1,0.5,50000000000,500,"));
    CHECK_THROWS_AS(write_csv(Report{}, "/dev/null/tables"), std::runtime_error);
}

TEST_CASE("report: numbers as people read them", "[analytics][report]")
{
    CHECK(grouped(1'234'567.891, 2) == "1,234,567.89");
    CHECK(grouped(-999, 0) == "-999");
    CHECK(grouped(-0.001, 2) == "0.00");
    CHECK(shown(Value{0.125}, analytics::Unit::share) == "12.5%");
    CHECK(shown(Value{}, analytics::Unit::usd) == "-");
    CHECK(shown(Value{1'234.5}, analytics::Unit::usd) == "$1,234");
    CHECK(shown(Value{12'345'678.0}, analytics::Unit::usd) == "$12.35M");
    CHECK(shown(Value{Money{"1500000000000000000", 18, "WETH"}}, analytics::Unit::none) ==
          "1.5 WETH");
    CHECK(shown(Value{std::int64_t{1'584'000'000}}, analytics::Unit::unix_time) ==
          "2020-03-12 08:00:00");
    CHECK(shown(Value{172'800.0}, analytics::Unit::seconds) == "2 d 0 h");
}

namespace
{
/// The JSON in a page, as a browser finds it.
nlohmann::json data_of(const std::string& page)
{
    const std::string begin = "<script type=\"application/json\" id=\"report\">";
    const auto from = page.find(begin);
    REQUIRE(from != std::string::npos);
    const auto to = page.find("</script>", from);
    return nlohmann::json::parse(page.substr(from + begin.size(), to - from - begin.size()));
}

std::size_t count_of(const std::string& text, const std::string& part)
{
    std::size_t count = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
        ++count;
    return count;
}
}  // namespace

TEST_CASE("report: who holds how much, by hand", "[analytics][report]")
{
    ChainBuilder chain;
    chain.end_block(validator0, 0);
    // ann has 100, bob 200, cat 100 in the end; dan had 7 and burned them.
    chain.transaction(ann);
    chain.emit(usdc, Transfer{zero_account, ann, dollars(100)});
    chain.emit(usdc, Transfer{zero_account, bob, dollars(300)});
    chain.emit(usdc, Transfer{zero_account, dan, dollars(7)});
    chain.end_block(validator0, 0);
    chain.transaction(bob);
    chain.emit(usdc, Transfer{bob, cat, dollars(100)});
    chain.emit(usdc, Transfer{dan, zero_account, dollars(7)});
    chain.end_block(validator1, 0);
    auto writer = ledger(chain, Parts::payments);
    const auto report = make_report(writer.database());
    CHECK(raw(report, "holders.tokens.USDC.supply") == "400000000");
    CHECK(integer(report, "holders.tokens.USDC.holders") == 3);
    CHECK(integer(report, "holders.tokens.USDC.people") == 3);
    // (-2 * 100 + 0 * 100 + 2 * 200) / (3 * 400); (1 + 1 + 4) / 16.
    CHECK(*report.number("holders.tokens.USDC.gini") == Approx(1.0 / 6));
    CHECK(*report.number("holders.tokens.USDC.hhi") == Approx(0.375));
    CHECK(*report.number("holders.tokens.USDC.top10_share") == Approx(1));
    // Half of three holders: the first and half of the second.
    const auto* lorenz = report.section("holders")->table("lorenz");
    REQUIRE(lorenz != nullptr);
    bool found = false;
    for (const auto& row : lorenz->rows)
    {
        if (row[0] == Value{0.5} && row[1] == Value{std::string{"USDC"}})
        {
            found = true;
            CHECK(*number(row[2]) == Approx(150.0 / 400));
        }
    }
    CHECK(found);
    const auto* supply = report.section("holders")->table("supply");
    REQUIRE(supply->rows.size() == 2);
    CHECK(number(supply->rows[0][2]) == 407.0);
    CHECK(number(supply->rows[1][2]) == 400.0);
    const auto* largest = report.section("holders")->table("largest");
    CHECK(find_row(*largest, {{"token", "USDC"}, {"account", "bob"}}) != nullptr);
    CHECK(find_row(*largest, {{"token", "USDC"}, {"account", "dan"}}) == nullptr);
}

TEST_CASE("report: tables over time add up to the figures", "[analytics][report]")
{
    auto writer = ledger(six_blocks());
    const auto report = make_report(writer.database());
    const auto table = [&](std::string_view section, std::string_view key) -> const auto&
    {
        const auto* found = report.section(section)->table(key);
        REQUIRE(found != nullptr);
        return *found;
    };
    double transfers = 0;
    for (const auto& row : table("flows", "flows").rows)
        transfers += row[2] == Value{std::string{"transfer"}} ? number(row[6]).value_or(0) : 0;
    CHECK(column_sum(table("flows", "course"), "usd") == Approx(transfers));
    std::map<std::string, double> by_token;
    for (const auto& row : table("flows", "course").rows)
        by_token[std::get<std::string>(row[3])] += number(row[5]).value_or(0);
    for (const auto& row : table("flows", "tokens").rows)
    {
        CAPTURE(std::get<std::string>(row[0]));
        CHECK(by_token[std::get<std::string>(row[0])] == Approx(number(row[3]).value_or(0)));
    }
    CHECK(by_token.size() > 1);
    CHECK(column_sum(table("transactions", "course"), "transactions") ==
          *report.number("transactions.count"));
    CHECK(column_sum(table("transactions", "course"), "reverted") ==
          *report.number("transactions.reverted"));
    CHECK(column_sum(table("transactions", "course"), "burnt") ==
          Approx(*report.number("transactions.fees_burnt")));
    CHECK(column_sum(table("transactions", "course"), "tips") ==
          Approx(*report.number("transactions.fees_tips")));
    CHECK(column_sum(table("trading", "course"), "volume_usd") ==
          Approx(*report.number("trading.volume_usd")));
    CHECK(column_sum(table("trading", "course"), "fees_usd") ==
          Approx(*report.number("trading.fees_usd")));
    CHECK(table("lending", "course").rows.back()[2] ==
          report.section("lending")->table("reserves")->rows.front()[4]);

    // Every moment's debt is in one class of health or another.
    CHECK(column_sum(table("bad_debt", "health_over_time"), "debt_usd") ==
          Approx(column_sum(table("bad_debt", "over_time"), "debt_usd")));
    // After block 1, at 200: bob owes 1,000 on 10 WETH, health 1.65; cat 1,600 on 20,
    // health 2.0625. bob's 2,000 are open from a fall of 39.4%, cat's 4,000 from 51.5%.
    const auto& what_if = table("bad_debt", "what_if");
    const auto at_risk = [&](double fall)
    {
        for (const auto& row : what_if.rows)
        {
            if (row[0] == what_if.rows.front()[0] && std::abs(*number(row[2]) - fall) < 1e-9)
                return *number(row[3]);
        }
        return -1.0;
    };
    CHECK(at_risk(0) == 0);
    CHECK(at_risk(0.36) == 0);
    CHECK(at_risk(0.40) == Approx(2'000));
    CHECK(at_risk(0.48) == Approx(2'000));
    CHECK(at_risk(0.52) == Approx(6'000));
}

TEST_CASE("report: depth of a constant-product pool, by its formula", "[analytics][report]")
{
    // 1,000 WETH and 200,000 USDC, 0.3% fee.
    const auto held_weth = ether(1'000);
    const auto held_usdc = dollars(200'000);
    ChainBuilder chain;
    chain.transaction(validator0);
    chain.emit(oracle, PriceUpdated{weth, price(200), ChainBuilder::start});
    chain.emit(oracle, PriceUpdated{usdc, price(1), ChainBuilder::start});
    chain.pool(held_weth, held_usdc);
    chain.end_block(validator0, 0);
    chain.transaction(ann);
    chain.pool(held_weth, held_usdc);
    const auto quote = [&](ContractId in, ContractId out, const Amount& held_in,
                           const Amount& held_out, const Amount& size)
    {
        const auto net = wrapping_mul(size, 997);
        const auto whole = wrapping_add(wrapping_mul(held_in, 1'000), net);
        chain.snapshot(
            pair, contracts::DexQuote{in, out, size, mul_div_down(net, held_out, whole).value});
    };
    for (unsigned doubling = 0; doubling < 15; ++doubling)
    {
        for (const std::uint64_t step : {2U, 3U})
        {
            const auto part = [&](const Amount& held)
            { return mul_div_down(held, step << doubling, 8'192).value; };
            quote(weth, usdc, held_weth, held_usdc, part(held_weth));
            quote(usdc, weth, held_usdc, held_weth, part(held_usdc));
        }
    }
    // A position around the price, 200 USDC for a WETH: 2e-10 smallest units, tick -223,338.
    const std::int32_t lower = -224'000;
    const std::int32_t upper = -222'500;
    const auto liquidity = Amount::power_of_ten(16);
    chain.snapshot(pair, contracts::DexRange{ann, lower, upper, liquidity, weth, usdc, 0, 0, 0, 0});
    chain.end_block(validator0, 0);

    auto about = description(Parts::all);
    about.events.push_back(&event_type<contracts::DexQuote>);
    about.events.push_back(&event_type<contracts::DexRange>);
    auto writer = storage::LedgerWriter::in_memory(manifest("test", 1), about);
    chain.write_to(writer);
    const auto report = make_report(writer.database());
    const auto* depth = report.section("depth");
    REQUIRE(depth != nullptr);
    CHECK(integer(report, "depth.after_block") == 1);

    const std::string name = "weth_usdc WETH/USDC";
    const auto& pairs = *depth->table("pairs");
    REQUIRE(pairs.rows.size() == 1);
    CHECK(pairs.rows[0][0] == Value{name});
    CHECK(*number(pairs.rows[0][1]) == Approx(200).epsilon(1e-7));  // Payouts are rounded down.
    // A trade of s costs 1 - 0.997 R / (R + 0.997 s), which is 2% at 1.7399% of the reserve.
    const auto cost = [](double share) { return 1 - 0.997 / (1 + 0.997 * share); };
    CHECK(*number(pairs.rows[0][2]) == Approx(cost(1 / 4096.0)).epsilon(1e-3));
    const auto two_percent = (0.997 / 0.98 - 1) / 0.997;
    CHECK(*number(pairs.rows[0][3]) == Approx(200'000 * two_percent).epsilon(2e-3));
    CHECK(*number(pairs.rows[0][4]) == Approx(200'000 * two_percent).epsilon(2e-3));
    CHECK(*report.number("depth.sold_usd") == *number(pairs.rows[0][3]));

    const auto& slippage = *depth->table("slippage");
    REQUIRE(slippage.rows.size() == 60);
    for (const auto& row : slippage.rows)
    {
        const auto share = *number(row[2]) / 200'000;
        CHECK(*number(row[5]) == Approx(cost(share)).margin(1e-7));  // Payouts are whole units.
    }
    CHECK(slippage.rows[0][1] == Value{std::string{"sell WETH"}});
    CHECK(slippage.rows[30][1] == Value{std::string{"buy WETH"}});
    CHECK(std::get<Money>(slippage.rows[30][3]).symbol == "USDC");

    // After s the price is (R / (R + 0.997 s))^2 of what it was; of a purchase one over that.
    const auto& curve = *depth->table("curve");
    double deepest = 0;
    double highest = 0;
    for (const auto& row : curve.rows)
    {
        const auto move = *number(row[1]);
        const auto left = 1 / std::pow(1 + 0.997 * *number(row[2]) / 200'000, 2);
        const auto moves = number(row[1]).value() <= 0 ? left - 1 : 1 / left - 1;
        deepest = std::min(deepest, move);
        highest = std::max(highest, move);
        CHECK(move == Approx(moves).epsilon(0.01).margin(0.001));
    }
    CHECK(deepest < -0.4);
    CHECK(highest > 0.4);

    const auto& ranges = *depth->table("ranges");
    REQUIRE(ranges.rows.size() == 60);
    const auto root = [](double tick) { return std::pow(1.0001, tick / 2); };
    const auto now = std::sqrt(2e-10);
    const auto worth = 1e16 * ((now - root(lower)) * 1e-6 + (1 / now - 1 / root(upper)) * 2e-16);
    CHECK(column_sum(ranges, "value_usd") == Approx(worth).epsilon(1e-6));
    for (const auto& row : ranges.rows)
    {
        const auto tick = std::log(*number(row[1]) * 1e-12) / std::log(1.0001);
        constexpr double bin = 30;  // Those at the ends are in the range in part.
        if (tick < lower - bin || tick > upper + bin)
            CHECK(*number(row[2]) == 0);
        if (tick > lower + bin && tick < upper - bin)
            CHECK(*number(row[2]) == Approx(1e16));
        CHECK(*number(row[4]) == Approx(200).epsilon(1e-9));
    }
}

TEST_CASE("report: a page holds the report, and names in it are text", "[analytics][report]")
{
    const std::string hostile = "</script><script>alert(1)</script>\xFF{{script}}";
    auto writer = ledger(six_blocks(), Parts::all, "black_thursday");
    auto report = make_report(writer.database());
    const auto plain = render_html(report);
    CHECK(is_html_report(plain));
    CHECK(!is_html_report("<!doctype html>\n<html lang=\"en\">\n<title>another</title>"));
    for (auto& section : report.sections)
    {
        section.title = hostile;
        for (auto& figure : section.figures)
            figure.label = hostile;
        for (auto& table : section.tables)
        {
            table.title = hostile;
            for (auto& row : table.rows)
            {
                for (auto& value : row)
                {
                    if (std::holds_alternative<std::string>(value))
                        value = hostile;
                    else if (auto* money = std::get_if<Money>(&value))
                        money->symbol = hostile;
                }
            }
        }
    }
    for (auto& figure : report.sections.front().figures)
        figure.value = figure.key == "title" ? Value{hostile} : figure.value;
    const auto page = render_html(report);
    CHECK(count_of(page, "<script") == count_of(plain, "<script"));
    CHECK(count_of(page, "</script") == count_of(plain, "</script"));
    CHECK(page.find("alert(1)</script>") == std::string::npos);
    const auto shown_text = "</script><script>alert(1)</script>\xEF\xBF\xBD{{script}}";
    const auto data = data_of(page);
    CHECK(data["title"] == shown_text);
    CHECK(data["sections"][0]["title"] == shown_text);
    CHECK(page.find("<title>&lt;/script&gt;&lt;script&gt;") != std::string::npos);
    CHECK(data["sections"].size() == report.sections.size());
    CHECK(data["sections"][0]["key"] == "headline");
}

TEST_CASE(
    "report: a page has exact amounts, and says which rows it leaves out", "[analytics][report]")
{
    Report report;
    Section section{"run", "Run", {}, {}, {}};
    analytics::Table table{"many", "Many", {{"amount", "Amount", analytics::Unit::none}}, {}, 5};
    for (int i = 0; i < 1'234; ++i)
        table.rows.push_back({Money{"123456789012345678901234567890", 18, "WETH"}});
    section.tables.push_back(table);
    section.figures.push_back(
        {"seed", "Seed", std::int64_t{9'007'199'254'740'993}, analytics::Unit::none});
    section.charts.push_back({"curve", "curve", {1, std::nan(""), 3}, analytics::Unit::usd, true});
    report.sections.push_back(section);
    const auto data = data_of(render_html(report));
    const auto& drawn = data["sections"][0];
    CHECK(drawn["tables"][0]["rows"].size() == 1'000);
    CHECK(drawn["tables"][0]["left_out"] == 234);
    CHECK(drawn["tables"][0]["rows"][0][0] ==
          nlohmann::json::array({"123456789012345678901234567890", 18, "WETH"}));
    CHECK(drawn["figures"][0]["value"] == "9007199254740993");
    CHECK(drawn["curves"]["rows"] == nlohmann::json::parse("[[0,1.0],[1,null],[2,3.0]]"));
}

TEST_CASE("report: charts draw sections that exist, and say what they show", "[analytics][report]")
{
    const auto keys = section_keys();
    for (const auto& chart : page_charts())
    {
        CAPTURE(chart.section, chart.table, chart.title);
        const bool is_section = std::find(keys.begin(), keys.end(), chart.section) != keys.end();
        CHECK((is_section || chart.section == "ledgers"));  // That of several side by side.
        CHECK(!chart.title.empty());
        CHECK(chart.sentence.ends_with('.'));
        CHECK(!chart.y.empty());
    }
    // A column that is not there is a mistake in the list, not an empty chart.
    auto writer = ledger(six_blocks());
    auto report = make_report(writer.database());
    for (auto& section : report.sections)
    {
        for (auto& table : section.tables)
        {
            if (section.key == "flows" && table.key == "course")
                table.columns[1].key = "other";
        }
    }
    CHECK_THROWS_AS(render_html(report), std::logic_error);
}

TEST_CASE("report: Markdown has tables, and names in it are text", "[analytics][report]")
{
    Report report;
    Section section{"run", "Run | it", {}, {}, {}};
    section.figures.push_back(
        {"name", "Name", std::string{"a|b`<img>\n# c"}, analytics::Unit::none});
    section.tables.push_back({"rows", "Rows",
        {{"who", "Who", analytics::Unit::none}, {"usd", "USD", analytics::Unit::usd},
            {"hidden", "", analytics::Unit::none}},
        {{std::string{"ann"}, 12.5, std::int64_t{1}},
            {std::string{"bob"}, Value{}, std::int64_t{2}}},
        1});
    report.sections.push_back(section);
    CHECK(render_markdown(report) ==
          "## Run \\| it\n"
          "\n"
          "| Figure | |\n"
          "|---|--:|\n"
          "| Name | a\\|b\\`&lt;img> \\# c |\n"
          "\n"
          "### Rows\n"
          "\n"
          "| Who | USD |\n"
          "|---|--:|\n"
          "| ann | $12.50 |\n"
          "\n"
          "and 1 more\n");
}
