#include "analytics/market.hpp"
#include "analytics/sections.hpp"
#include "analytics/totals.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <utility>

namespace runnel::analytics
{
namespace
{
constexpr std::uint64_t integer_max = std::numeric_limits<std::int64_t>::max();

struct Course
{
    double supplied_start = 0;
    double supplied_peak = 0;
    double supplied_end = 0;
    double debt_start = 0;
    double debt_peak = 0;
    double debt_end = 0;
};

constexpr double ray = 1e27;

Value utilisation(const Market::Reserve& reserve)
{
    const auto debt = reserve.total_debt.to_double();
    return share_of(debt, debt + reserve.cash.to_double());
}

/// Reserves as they were after each piece of the run, those with most debt then.
class ReserveCourse
{
public:
    explicit ReserveCourse(LedgerQueries& source) : source_{source} {}

    /// Writes down the pieces that end before @p block.
    void close_before(std::uint64_t block, const Market& market)
    {
        for (; piece_ < source_.pieces() && source_.piece_end(piece_) < block; ++piece_)
        {
            const auto until = source_.piece_time(piece_);
            for (const auto& [key, reserve] : market.reserves())
            {
                const auto debt = market.usd(reserve.total_debt, key.second).value_or(0);
                auto& peak = peaks_[key];
                peak = std::max(peak, debt);
                rows_.push_back({key,
                    {until, source_.contract_name(key.first) + " " + source_.token_name(key.second),
                        utilisation(reserve), reserve.liquidity_rate.to_double() / ray,
                        reserve.borrow_rate.to_double() / ray,
                        market.usd(reserve.total_supplied, key.second).value_or(0), debt}});
            }
        }
    }

    [[nodiscard]] Table table() &&
    {
        constexpr std::size_t reserves_max = 12;
        std::vector<std::pair<double, Market::ReserveKey>> order;
        for (const auto& [key, peak] : peaks_)
        {
            if (peak > 0)
                order.emplace_back(-peak, key);
        }
        std::sort(order.begin(), order.end());
        order.resize(std::min(order.size(), reserves_max));
        std::set<Market::ReserveKey> kept;
        for (const auto& [peak, key] : order)
            kept.insert(key);
        Table table{"course", "Reserves over time",
            {{"until", "Until", Unit::unix_time}, {"reserve", "Reserve", Unit::none},
                {"utilisation", "Used", Unit::share}, {"supply_rate", "Supply APR", Unit::share},
                {"borrow_rate", "Borrow APR", Unit::share}, {"supplied_usd", "Supplied", Unit::usd},
                {"borrowed_usd", "Borrowed", Unit::usd}},
            {}, 0};
        for (auto& [key, row] : rows_)
        {
            if (kept.contains(key))
                table.rows.push_back(std::move(row));
        }
        return table;
    }

private:
    LedgerQueries& source_;
    std::size_t piece_ = 0;
    std::map<Market::ReserveKey, double> peaks_;  // Of debt, USD.
    std::vector<std::pair<Market::ReserveKey, std::vector<Value>>> rows_;
};

Course read_course(Market& market, ReserveCourse& reserves)
{
    Course course;
    while (const auto block = market.next_change())
    {
        reserves.close_before(*block, market);
        market.advance(*block);
        double supplied = 0;
        double debt = 0;
        for (const auto& [key, reserve] : market.reserves())
        {
            supplied += market.usd(reserve.total_supplied, key.second).value_or(0);
            debt += market.usd(reserve.total_debt, key.second).value_or(0);
        }
        if (*block == 0)
        {
            course.supplied_start = supplied;
            course.debt_start = debt;
        }
        course.supplied_peak = std::max(course.supplied_peak, supplied);
        course.debt_peak = std::max(course.debt_peak, debt);
        course.supplied_end = supplied;
        course.debt_end = debt;
    }
    reserves.close_before(std::numeric_limits<std::uint64_t>::max(), market);
    return course;
}

/// What a market holds and is owed beyond what it owes: borrowers pay compound interest where
/// suppliers earn simple interest from touch to touch, and half-up rounding leaves dust.
SignedAmount unowned_interest(const Market::Reserve& reserve)
{
    SignedAmount rest;
    rest.add(reserve.total_debt);
    rest.add(reserve.cash);
    rest.subtract(reserve.total_supplied);
    rest.subtract(reserve.treasury_claim);
    return rest;
}

Table reserve_table(LedgerQueries& source, const Market& market)
{
    Table table{"reserves", "Reserves at the end",
        {{"market", "Market", Unit::none}, {"token", "", Unit::none},
            {"supplied", "Supplied", Unit::none}, {"borrowed", "Borrowed", Unit::none},
            {"utilisation", "Used", Unit::share},
            {"treasury_claim", "Treasury's claim", Unit::none},
            {"unowned_interest", "Unowned", Unit::none}, {"supply_rate", "Supply APR", Unit::share},
            {"borrow_rate", "Borrow APR", Unit::share}, {"price_usd", "Price", Unit::usd}},
        {}, 16};
    for (const auto& [key, reserve] : market.reserves())
    {
        const auto price = market.price(key.second);
        table.rows.push_back({source.contract_name(key.first), source.token_name(key.second),
            source.money(reserve.total_supplied, key.second),
            source.money(reserve.total_debt, key.second), utilisation(reserve),
            source.money(reserve.treasury_claim, key.second),
            source.money(unowned_interest(reserve), key.second),
            reserve.liquidity_rate.to_double() / ray, reserve.borrow_rate.to_double() / ray,
            value_of(price)});
    }
    return table;
}

/// What moved in or out of the markets, by kind and token.
void add_moves(LedgerQueries& source, const std::string& from, Table& table)
{
    if (!source.has(from))
        return;
    struct Move
    {
        std::uint64_t count = 0;
        SignedAmount amount;
        double usd = 0;
        bool priced = false;
    };
    std::map<std::pair<std::string, ContractId>, Move> moves;
    Market market{source, Market::Prices::on_chain};
    std::uint64_t block = 0;
    auto rows = source.query("SELECT block_number, transaction_type, token_id, amount_raw FROM " +
                             from + " WHERE block_number > 0 ORDER BY rowid");
    while (rows.step())
    {
        if (const auto next = rows.integer_up_to(0, integer_max); next != block)
            market.advance(block = next);
        const auto token = rows.contract(2);
        const auto amount = rows.amount(3);
        auto& move = moves[{std::string{rows.text(1)}, token}];
        ++move.count;
        move.amount.add(amount);
        if (const auto usd = market.usd(amount, token))
        {
            move.usd += *usd;
            move.priced = true;
        }
    }
    for (const auto& [key, move] : moves)
    {
        table.rows.push_back(
            {key.first, source.token_name(key.second), static_cast<std::int64_t>(move.count),
                source.money(move.amount, key.second), move.priced ? Value{move.usd} : Value{}});
    }
}
}  // namespace

std::optional<Section> lending_section(LedgerQueries& source)
{
    if (!source.has_blocks() || !source.has("t_lending_reserves"))
        return std::nullopt;
    Market market{source, Market::Prices::on_chain};
    ReserveCourse reserves{source};
    const auto course = read_course(market, reserves);
    if (market.reserves().empty())
        return std::nullopt;
    Section section{"lending", "Lending, at the market's own prices of the time", {}, {}, {}};
    section.figures = {{"supplied_start_usd", "Supplied, start", course.supplied_start, Unit::usd},
        {"borrowed_start_usd", "Borrowed, start", course.debt_start, Unit::usd},
        {"supplied_peak_usd", "Supplied, peak", course.supplied_peak, Unit::usd},
        {"borrowed_peak_usd", "Borrowed, peak", course.debt_peak, Unit::usd},
        {"supplied_end_usd", "Supplied, end", course.supplied_end, Unit::usd},
        {"borrowed_end_usd", "Borrowed, end", course.debt_end, Unit::usd},
        {"borrower_count", "Borrowers, ever",
            static_cast<std::int64_t>(source.positions().borrowers), Unit::count}};
    section.tables.push_back(reserve_table(source, market));
    Table moves{"moves", "What moved",
        {{"kind", "Kind", Unit::none}, {"token", "", Unit::none}, {"count", "Times", Unit::count},
            {"amount", "Amount", Unit::none}, {"usd", "USD", Unit::usd}},
        {}, 16};
    add_moves(source, "t_lending_supply", moves);
    add_moves(source, "t_lending_borrow", moves);
    if (!moves.rows.empty())
        section.tables.push_back(std::move(moves));
    if (auto over_time = std::move(reserves).table(); !over_time.rows.empty())
        section.tables.push_back(std::move(over_time));
    return section;
}

}  // namespace runnel::analytics
