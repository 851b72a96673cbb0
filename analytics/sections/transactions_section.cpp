#include "analytics/quantile.hpp"
#include "analytics/sections.hpp"
#include "analytics/totals.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <numeric>

namespace runnel::analytics
{
namespace
{
constexpr double gwei = 1e9;

/// SignedAmount where 64 bits hold it, as they do for any chain a machine can run.
Value integer_or_real(const SignedAmount& sum)
{
    constexpr double integer_max = 9e18;
    const auto real = sum.to_double();
    return real < integer_max ? Value{static_cast<std::int64_t>(std::stoll(sum.to_string()))}
                              : Value{real};
}

/// What protocols call their codes; empty for ledgers without any.
std::map<std::string, std::string, std::less<>> reason_names(LedgerQueries& source)
{
    std::map<std::string, std::string, std::less<>> names;
    if (!source.has("t_revert_reasons"))
        return names;
    auto rows = source.query("SELECT DISTINCT reason, name FROM t_revert_reasons ORDER BY 1, 2");
    while (rows.step())
    {
        // A receipt does not say whose code it is: where protocols differ, both names are given.
        auto& name = names[std::string{rows.text(0)}];
        name += (name.empty() ? "" : " or ") + std::string{rows.text(1)};
    }
    return names;
}

/// Why transactions reverted, by reason. Arguments of custom errors are left out, so that one
/// reason is one row; a panic keeps its code. Codes have their names beside them.
Table revert_reasons(LedgerQueries& source, std::uint64_t reverted)
{
    Table table{"revert_reasons", "Why transactions reverted",
        {{"reason", "Reason", Unit::none}, {"count", "Transactions", Unit::count},
            {"share", "Share", Unit::share}, {"on_chain", "", Unit::none}},
        {}, 8};
    const auto names = reason_names(source);
    auto rows = source.query(
        "SELECT CASE WHEN revert_reason IS NULL THEN '(no reason)' "
        "WHEN instr(revert_reason, '(') > 1 AND revert_reason NOT LIKE 'Panic(%' "
        "THEN rtrim(substr(revert_reason, 1, instr(revert_reason, '(') - 1)) "
        "ELSE revert_reason END AS reason, count(*) FROM t_transactions "
        "WHERE block_number > 0 AND receipt_status = 0 GROUP BY reason ORDER BY 2 DESC, 1");
    while (rows.step())
    {
        const std::string reason{rows.text(0)};
        const auto name = names.find(reason);
        table.rows.push_back({name == names.end() ? reason : reason + " " + name->second,
            rows.integer(1), share_of(rows.real(1), static_cast<double>(reverted)), reason});
    }
    return table;
}

/// Transactions that came into no block: why, and whose. Groups in the order of the scenario.
Table dropped_transactions(LedgerQueries& source)
{
    Table table{"dropped", "Transactions that came into no block",
        {{"reason", "Reason", Unit::none}, {"group", "Group", Unit::none},
            {"count", "Transactions", Unit::count}, {"share", "Share", Unit::share},
            {"first_block", "First block", Unit::count}, {"last_block", "Last", Unit::count}},
        {}, 16};
    struct Drops
    {
        std::int64_t count = 0;
        std::int64_t first = 0;
        std::int64_t last = 0;
    };
    std::map<std::pair<std::string, GroupId>, Drops> drops;
    double total = 0;
    auto rows = source.query(
        "SELECT reason, from_id, count(*), min(block_number), max(block_number) "
        "FROM t_dropped_transactions GROUP BY reason, from_id");
    while (rows.step())
    {
        auto& sum = drops[{std::string{rows.text(0)}, source.group_of(rows.account(1))}];
        const auto first = rows.integer(3);
        sum.first = sum.count == 0 ? first : std::min(sum.first, first);
        sum.last = std::max(sum.last, rows.integer(4));
        sum.count += rows.integer(2);
        total += rows.real(2);
    }
    for (const auto& [key, sum] : drops)
    {
        table.rows.push_back({key.first, source.groups().at(key.second).name, sum.count,
            share_of(static_cast<double>(sum.count), total), sum.first, sum.last});
    }
    return table;
}

/// What came into blocks and what did not, and what was paid for it, over time.
Table course_table(LedgerQueries& source)
{
    Table table{"course", "Transactions over time",
        {{"until", "Until", Unit::unix_time}, {"transactions", "Transactions", Unit::count},
            {"reverted", "Reverted", Unit::count}, {"dropped", "Came into no block", Unit::count},
            {"burnt", "Base fees burnt", Unit::none}, {"tips", "Tips", Unit::none}},
        {}, 0};
    constexpr std::uint64_t block_max = std::numeric_limits<std::int64_t>::max();
    std::vector<std::int64_t> dropped(source.pieces());
    auto rows = source.query(
        "SELECT block_number, count(*) FROM t_dropped_transactions GROUP BY block_number");
    while (rows.step())
        dropped[source.piece_of(rows.integer_up_to(0, block_max))] += rows.integer(1);
    const auto& totals = source.transactions();
    const auto& pieces = source.blocks().pieces;
    for (std::size_t i = 0; i < pieces.size(); ++i)
    {
        table.rows.push_back(
            {source.piece_time(i), static_cast<std::int64_t>(pieces[i].transactions),
                static_cast<std::int64_t>(totals.piece_reverted[i]), dropped[i],
                source.money(totals.piece_burnt[i], native_coin),
                source.money(totals.piece_tips[i], native_coin)});
    }
    return table;
}

/// Hours with few transactions say little of their share of failed ones.
void add_hourly_shares(const TransactionTotals& totals, std::vector<Figure>& figures)
{
    constexpr std::uint64_t transactions_min = 50;
    std::vector<double> shares;
    for (const auto& hour : totals.hours)
    {
        if (hour.transactions >= transactions_min)
            shares.push_back(
                static_cast<double>(hour.reverted) / static_cast<double>(hour.transactions));
    }
    if (shares.empty())
        return;
    std::sort(shares.begin(), shares.end());
    figures.push_back({"reverted_share_median_hour", "Reverted, median hour", quantile(shares, 0.5),
        Unit::share});
    figures.push_back(
        {"reverted_share_worst_hour", "Reverted, worst hour", shares.back(), Unit::share});
}

void add_fees(LedgerQueries& source, std::vector<Figure>& figures)
{
    const auto& blocks = source.blocks();
    const auto& transactions = source.transactions();
    std::vector<double> first_hour{
        blocks.first_hour_base_fees.begin(), blocks.first_hour_base_fees.end()};
    std::sort(first_hour.begin(), first_hour.end());
    const auto start = quantile(first_hour, 0.5);
    const auto peak = static_cast<double>(blocks.base_fee_peak);
    const auto mean =
        std::accumulate(blocks.hour_base_fee_sum.begin(), blocks.hour_base_fee_sum.end(), 0.0) /
        static_cast<double>(blocks.blocks);
    double hour_peak = 0;
    for (std::size_t i = 0; i < blocks.hour_blocks.size(); ++i)
    {
        if (blocks.hour_blocks[i] > 0)
            hour_peak = std::max(hour_peak,
                blocks.hour_base_fee_sum[i] / static_cast<double>(blocks.hour_blocks[i]));
    }
    const auto add = [&](const char* key, const char* label, double wei) {
        figures.push_back({key, label, wei / gwei, Unit::gwei});
    };
    add("base_fee_start_gwei", "Base fee, first hour (median)", start);
    add("base_fee_mean_gwei", "Base fee, mean", mean);
    add("base_fee_peak_gwei", "Base fee, peak", peak);
    add("base_fee_hour_peak_gwei", "Base fee, highest hour", hour_peak);
    add("base_fee_end_gwei", "Base fee, last block", static_cast<double>(blocks.base_fee_last));
    figures.push_back({"base_fee_peak_block", "Block of the peak",
        static_cast<std::int64_t>(blocks.base_fee_peak_block), Unit::count});
    // A scenario's initial fee may be far from where blocks take it: it is no peak.
    const auto peak_later = static_cast<double>(blocks.base_fee_peak_later);
    figures.push_back({"base_fee_peak_ratio", "Later peak over first hour",
        start > 0 && peak_later > 0 ? Value{peak_later / start} : Value{}, Unit::ratio});
    if (transactions.transactions == 0)
        return;
    add("tip_p10_gwei", "Tip, 10% quantile", transactions.tip_quantile(0.1));
    add("tip_p50_gwei", "Tip, median", transactions.tip_quantile(0.5));
    add("tip_p90_gwei", "Tip, 90% quantile", transactions.tip_quantile(0.9));
    add("tip_p99_gwei", "Tip, 99% quantile", transactions.tip_quantile(0.99));
    add("tip_max_gwei", "Tip, largest", static_cast<double>(transactions.tip_max));
    figures.push_back({"fees_burnt", "Base fees burnt",
        source.money(transactions.burnt, native_coin), Unit::none});
    figures.push_back({"fees_tips", "Tips to proposers",
        source.money(transactions.tips, native_coin), Unit::none});
}
}  // namespace

std::optional<Section> transactions_section(LedgerQueries& source)
{
    if (source.last_block() == 0)
        return std::nullopt;
    const auto& blocks = source.blocks();
    const auto& totals = source.transactions();
    Section section{"transactions", "Transactions and fees", {}, {}, {}};
    auto& figures = section.figures;
    const auto count = static_cast<double>(totals.transactions);
    figures = {
        {"count", "Transactions", static_cast<std::int64_t>(totals.transactions), Unit::count},
        {"reverted", "Reverted", static_cast<std::int64_t>(totals.reverted), Unit::count},
        {"reverted_share", "Reverted, share", share_of(static_cast<double>(totals.reverted), count),
            Unit::share}};
    add_hourly_shares(totals, figures);
    figures.push_back({"gas_used", "Gas used", integer_or_real(blocks.gas_used), Unit::gas});
    if (totals.transactions > 0)
    {
        figures.push_back({"gas_per_transaction", "Gas per transaction",
            blocks.gas_used.to_double() / count, Unit::gas});
    }
    const auto block_count = static_cast<double>(blocks.blocks);
    figures.push_back(
        {"fullness_mean", "Blocks filled, mean", blocks.fullness_sum / block_count, Unit::share});
    figures.push_back({"full_blocks_share", "Blocks at least 95% full",
        static_cast<double>(blocks.full) / block_count, Unit::share});
    figures.push_back({"full_blocks_run", "Longest run of full blocks",
        static_cast<std::int64_t>(blocks.full_run_max), Unit::count});
    add_fees(source, figures);
    auto dropped = dropped_transactions(source);
    std::int64_t dropped_count = 0;
    for (const auto& row : dropped.rows)
        dropped_count += std::get<std::int64_t>(row[2]);
    figures.push_back({"dropped", "Came into no block", dropped_count, Unit::count});
    if (!dropped.rows.empty())
        section.tables.push_back(std::move(dropped));
    if (totals.reverted > 0)
        section.tables.push_back(revert_reasons(source, totals.reverted));
    section.tables.push_back(course_table(source));
    return section;
}

}  // namespace runnel::analytics
