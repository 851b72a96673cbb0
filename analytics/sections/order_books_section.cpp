#include "analytics/market.hpp"
#include "analytics/sections.hpp"
#include "contracts/kit/sectors/order_exchange.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <deque>
#include <limits>
#include <map>
#include <utility>
#include <vector>

namespace runnel::analytics
{
namespace
{
constexpr std::uint64_t integer_max = std::numeric_limits<std::int64_t>::max();
/// After a fill: what its maker is left with when the price has moved on.
constexpr std::uint64_t mark_out_seconds = 300;

/// What a book showed, by the time that it showed it.
struct Shown
{
    double seconds = 0;
    double two_sided = 0;
    std::vector<std::pair<double, double>> spreads;  // And for how long.
    double depth_usd_seconds = 0;                    // Both sides, within 2%.
    ContractId base{};
    ContractId quote{};
    /// After a piece of the run; volume in it.
    struct Piece
    {
        double bid = 0;  // Smallest units of the quote token for one of the base token; 0: none.
        double ask = 0;
        double bid_depth_usd = 0;
        double ask_depth_usd = 0;
        double volume_usd = 0;
        std::uint64_t fills = 0;
    };
    std::vector<Piece> pieces;

    /// The spread that was there half of the two-sided time, or less.
    [[nodiscard]] Value spread_median()
    {
        std::sort(spreads.begin(), spreads.end());
        double passed = 0;
        for (const auto& [spread, time] : spreads)
        {
            passed += time;
            if (passed >= two_sided / 2)
                return spread;
        }
        return {};
    }
};

/// Orders and fills of a book, or of one group in it.
struct Trade
{
    std::uint64_t placed = 0;
    std::uint64_t cancelled = 0;
    std::uint64_t fills = 0;
    double rested_usd = 0;  // Of orders that were placed to rest, at the time.
    double volume_usd = 0;
    double edge_usd = 0;      // What makers gained beside the price of the time,
    double mark_out_usd = 0;  // and beside that of a while later, fees off.
    double maker_fees_usd = 0;
    double taker_fees_usd = 0;

    void add(const Trade& other)
    {
        placed += other.placed;
        cancelled += other.cancelled;
        fills += other.fills;
        rested_usd += other.rested_usd;
        volume_usd += other.volume_usd;
        edge_usd += other.edge_usd;
        mark_out_usd += other.mark_out_usd;
        maker_fees_usd += other.maker_fees_usd;
        taker_fees_usd += other.taker_fees_usd;
    }
};

/// By book, then by group.
using Trades = std::map<ContractId, std::map<GroupId, Trade>>;

std::map<ContractId, Shown> read_shown(LedgerQueries& source)
{
    struct State
    {
        double spread = 0;  // 0: not two-sided.
        double depth_usd = 0;
        std::uint64_t since = 0;
    };
    std::map<ContractId, Shown> shown;
    std::map<ContractId, State> states;
    const auto hold = [&](ContractId book, const State& state, std::uint64_t until)
    {
        const auto seconds = static_cast<double>(until - std::min(state.since, until));
        auto& sums = shown[book];
        sums.seconds += seconds;
        sums.depth_usd_seconds += state.depth_usd * seconds;
        if (!(state.spread > 0) || !(seconds > 0))
            return;
        sums.two_sided += seconds;
        sums.spreads.emplace_back(state.spread, seconds);
    };
    Market market{source};
    auto rows = source.query(
        "SELECT d.block_number, d.contract_id, d.base_token_id, d.bid_price, d.ask_price, "
        "d.bid_depth_raw, d.ask_depth_raw, b.timestamp, d.quote_token_id FROM t_dex_books d "
        "JOIN t_blocks b ON b.number = d.block_number ORDER BY d.rowid");
    while (rows.step())
    {
        const auto block = rows.integer_up_to(0, integer_max);
        market.advance(block);
        const auto book = rows.contract(1);
        const auto time = rows.integer_up_to(7, integer_max);
        auto& state = states[book];
        if (state.since > 0)
            hold(book, state, time);
        const auto bid = rows.amount(3).to_double();
        const auto ask = rows.amount(4).to_double();
        state.spread = bid > 0 && ask > 0 ? 2 * (ask - bid) / (ask + bid) : 0;
        state.depth_usd =
            market.usd(wrapping_add(rows.amount(5), rows.amount(6)), rows.contract(2)).value_or(0);
        state.since = time;
        auto& sums = shown[book];
        sums.base = rows.contract(2);
        sums.quote = rows.contract(8);
        sums.pieces.resize(source.pieces());
        const Shown::Piece piece{bid / contracts::DexBook::price_scale,
            ask / contracts::DexBook::price_scale,
            market.usd(rows.amount(5), sums.base).value_or(0),
            market.usd(rows.amount(6), sums.base).value_or(0), 0, 0};
        // What a book shows holds until it shows something else.
        std::fill(sums.pieces.begin() + static_cast<std::ptrdiff_t>(source.piece_of(block)),
            sums.pieces.end(), piece);
    }
    for (const auto& [book, state] : states)
        hold(book, state, std::max(state.since, source.end_time()));
    return shown;
}

void read_orders(LedgerQueries& source, Trades& trades)
{
    Market market{source};
    auto rows = source.query(
        "SELECT block_number, contract_id, transaction_type, maker_id, base_token_id, resting_raw "
        "FROM t_dex_orders ORDER BY rowid");
    while (rows.step())
    {
        market.advance(rows.integer_up_to(0, integer_max));
        auto& trade = trades[rows.contract(1)][source.group_of(rows.account(3))];
        const auto step = rows.text(2);
        trade.placed += step == "placed" ? 1 : 0;
        trade.cancelled += step == "cancelled" ? 1 : 0;
        trade.rested_usd += market.usd(rows.amount(5), rows.contract(4)).value_or(0);
    }
}

/// Counts each fill with the group of its maker, in @p trades, and with its taker's, in @p met, and
/// with its piece of the run.
void read_fills(
    LedgerQueries& source, std::map<ContractId, Shown>& shown, Trades& trades, Trades& met)
{
    /// What a maker got and gave.
    struct Fill
    {
        std::uint64_t due_block = 0;
        std::array<Trade*, 2> counted{};
        bool sells = false;
        ContractId base{};
        ContractId quote{};
        Amount base_amount;
        Amount quote_amount;
        double fee_usd = 0;
    };
    Market market{source};
    const auto gain = [&market](const Fill& fill)
    {
        const auto base = market.usd(fill.base_amount, fill.base).value_or(0);
        const auto quote = market.usd(fill.quote_amount, fill.quote).value_or(0);
        return fill.sells ? quote - base : base - quote;
    };
    std::deque<Fill> open;
    const auto mark_out = [&](std::uint64_t until)
    {
        for (; !open.empty() && open.front().due_block <= until; open.pop_front())
        {
            const auto& fill = open.front();
            market.advance(fill.due_block);
            const auto kept = gain(fill) - fill.fee_usd;
            for (auto* trade : fill.counted)
                trade->mark_out_usd += kept;
        }
    };
    const auto seconds_per_block =
        std::max(1.0, static_cast<double>(source.end_time() - source.start_time()) /
                          static_cast<double>(std::max<std::uint64_t>(1, source.last_block())));
    const auto wait = static_cast<std::uint64_t>(std::ceil(mark_out_seconds / seconds_per_block));
    auto rows = source.query(
        "SELECT block_number, contract_id, maker_id, side, base_token_id, quote_token_id, "
        "base_amount_raw, quote_amount_raw, maker_fee_token_id, maker_fee_raw, "
        "taker_fee_token_id, taker_fee_raw, taker_id FROM t_dex_fills ORDER BY rowid");
    while (rows.step())
    {
        const auto block = rows.integer_up_to(0, integer_max);
        mark_out(block);
        market.advance(block);
        const auto book = rows.contract(1);
        const Fill fill{std::min(block + wait, source.last_block()),
            {&trades[book][source.group_of(rows.account(2))],
                &met[book][source.group_of(rows.account(12))]},
            rows.text(3) == "sell", rows.contract(4), rows.contract(5), rows.amount(6),
            rows.amount(7), market.usd(rows.amount(9), rows.contract(8)).value_or(0)};
        const auto usd =
            market.trade_usd(fill.base_amount, fill.base, fill.quote_amount, fill.quote)
                .value_or(0);
        const auto taker_fee = market.usd(rows.amount(11), rows.contract(10)).value_or(0);
        if (const auto book_shown = shown.find(book); book_shown != shown.end() && block > 0)
        {
            auto& piece = book_shown->second.pieces.at(source.piece_of(block));
            ++piece.fills;
            piece.volume_usd += usd;
        }
        for (auto* trade : fill.counted)
        {
            ++trade->fills;
            trade->volume_usd += usd;
            trade->edge_usd += gain(fill);
            trade->maker_fees_usd += fill.fee_usd;
            trade->taker_fees_usd += taker_fee;
        }
        open.push_back(fill);
    }
    mark_out(integer_max);
}

/// Of the eight books with most volume.
Table course_table(LedgerQueries& source, const std::map<ContractId, Shown>& shown)
{
    constexpr std::size_t books_max = 8;
    Table table{"course", "Order books over time",
        {{"until", "Until", Unit::unix_time}, {"book", "Book", Unit::none},
            {"bid", "Best bid", Unit::none}, {"ask", "Best ask", Unit::none},
            {"spread", "Spread", Unit::share}, {"bid_depth_usd", "Wanted within 2%", Unit::usd},
            {"ask_depth_usd", "Offered within 2%", Unit::usd}, {"volume_usd", "Volume", Unit::usd},
            {"fills", "Fills", Unit::count}},
        {}, 0};
    std::vector<std::pair<double, ContractId>> order;
    for (const auto& [book, sums] : shown)
    {
        double volume = 0;
        for (const auto& piece : sums.pieces)
            volume += piece.volume_usd;
        order.emplace_back(-volume, book);
    }
    std::sort(order.begin(), order.end());
    order.resize(std::min(order.size(), books_max));
    const auto scale = [&](ContractId token)
    {
        const auto* facts = source.token(token);
        return std::pow(10.0, facts == nullptr ? 0 : facts->decimals);
    };
    for (const auto& [volume, book] : order)
    {
        const auto& sums = shown.at(book);
        const auto whole = scale(sums.base) / scale(sums.quote);
        const auto price = [&](double value) { return value > 0 ? Value{value * whole} : Value{}; };
        for (std::size_t i = 0; i < sums.pieces.size(); ++i)
        {
            const auto& piece = sums.pieces[i];
            const bool has_both = piece.bid > 0 && piece.ask > 0;
            table.rows.push_back({source.piece_time(i), source.contract_name(book),
                price(piece.bid), price(piece.ask),
                has_both ? Value{2 * (piece.ask - piece.bid) / (piece.ask + piece.bid)} : Value{},
                piece.bid_depth_usd, piece.ask_depth_usd, piece.volume_usd, count_of(piece.fills)});
        }
    }
    return table;
}
}  // namespace

std::optional<Section> order_books_section(LedgerQueries& source)
{
    if (!source.has_blocks() || !source.has("t_dex_books"))
        return std::nullopt;
    auto shown = read_shown(source);
    if (shown.empty())
        return std::nullopt;
    Trades trades;
    Trades met;
    read_orders(source, trades);
    read_fills(source, shown, trades, met);

    Section section{"order_books", "Order books, at the prices of the time", {}, {}, {}};
    Table books{"books", "Order books",
        {{"book", "Book", Unit::none}, {"orders", "Orders", Unit::count},
            {"cancelled", "Cancelled", Unit::count}, {"fills", "Fills", Unit::count},
            {"volume_usd", "Volume", Unit::usd},
            {"filled_share", "Filled of what rested", Unit::share},
            {"spread_median", "Spread, median", Unit::share},
            {"two_sided_share", "Time with both sides", Unit::share},
            {"depth_usd", "Within 2%, mean", Unit::usd}},
        {}, 20};
    Table makers{"makers", "Who had orders that others met, by group",
        {{"book", "Book", Unit::none}, {"group", "Group", Unit::none},
            {"orders", "Orders", Unit::count}, {"fills", "Fills", Unit::count},
            {"volume_usd", "Volume", Unit::usd}, {"edge", "Gained beside the price", Unit::share},
            {"mark_out", "five minutes later, fees off", Unit::share},
            {"mark_out_usd", "", Unit::usd}},
        {}, 40};
    Table takers{"takers", "Who met orders, by group",
        {{"book", "Book", Unit::none}, {"group", "Group", Unit::none},
            {"fills", "Fills", Unit::count}, {"volume_usd", "Volume", Unit::usd},
            {"edge", "Makers gained beside the price", Unit::share},
            {"mark_out", "five minutes later, fees off", Unit::share},
            {"fees_usd", "Fees that it paid", Unit::usd}},
        {}, 40};
    Trade all;
    Shown all_shown;
    for (auto& [book, sums] : shown)
    {
        Trade total;
        for (const auto& [group, trade] : trades[book])
        {
            total.add(trade);
            if (trade.fills == 0)
                continue;
            makers.rows.push_back({source.contract_name(book), source.groups()[group].name,
                count_of(trade.placed), count_of(trade.fills), trade.volume_usd,
                share_of(trade.edge_usd, trade.volume_usd),
                share_of(trade.mark_out_usd, trade.volume_usd), trade.mark_out_usd});
        }
        for (const auto& [group, trade] : met[book])
        {
            takers.rows.push_back({source.contract_name(book), source.groups()[group].name,
                count_of(trade.fills), trade.volume_usd, share_of(trade.edge_usd, trade.volume_usd),
                share_of(trade.mark_out_usd, trade.volume_usd), trade.taker_fees_usd});
        }
        books.rows.push_back({source.contract_name(book), count_of(total.placed),
            count_of(total.cancelled), count_of(total.fills), total.volume_usd,
            share_of(total.volume_usd, total.rested_usd), sums.spread_median(),
            share_of(sums.two_sided, sums.seconds),
            sums.seconds > 0 ? Value{sums.depth_usd_seconds / sums.seconds} : Value{}});
        all.add(total);
        all_shown.seconds += sums.seconds;
        all_shown.two_sided += sums.two_sided;
        all_shown.depth_usd_seconds += sums.depth_usd_seconds;
        all_shown.spreads.insert(all_shown.spreads.end(), sums.spreads.begin(), sums.spreads.end());
    }
    section.figures = {{"orders", "Orders", count_of(all.placed), Unit::count},
        {"fills", "Fills", count_of(all.fills), Unit::count},
        {"volume_usd", "Volume", all.volume_usd, Unit::usd},
        {"filled_share", "Filled of what rested", share_of(all.volume_usd, all.rested_usd),
            Unit::share},
        {"cancelled_share", "Cancelled of orders",
            share_of(static_cast<double>(all.cancelled), static_cast<double>(all.placed)),
            Unit::share},
        {"spread_median", "Spread, median", all_shown.spread_median(), Unit::share},
        {"two_sided_share", "Time with both sides",
            share_of(all_shown.two_sided, all_shown.seconds), Unit::share},
        {"depth_usd", "Within 2% of the best prices, mean",
            all_shown.seconds > 0 ? Value{all_shown.depth_usd_seconds / all_shown.seconds}
                                  : Value{},
            Unit::usd},
        {"edge_share", "Makers gained beside the price, of volume",
            share_of(all.edge_usd, all.volume_usd), Unit::share},
        {"mark_out_share", "five minutes later, fees off",
            share_of(all.mark_out_usd, all.volume_usd), Unit::share},
        {"maker_fees_usd", "Fees of makers", all.maker_fees_usd, Unit::usd},
        {"taker_fees_usd", "and of takers", all.taker_fees_usd, Unit::usd}};
    section.tables.push_back(std::move(books));
    section.tables.push_back(course_table(source, shown));
    if (!makers.rows.empty())
    {
        section.tables.push_back(std::move(makers));
        section.tables.push_back(std::move(takers));
    }
    return section;
}

}  // namespace runnel::analytics
