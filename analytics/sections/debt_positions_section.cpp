#include "analytics/market.hpp"
#include "analytics/quantile.hpp"
#include "analytics/sections.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <utility>
#include <vector>

namespace runnel::analytics
{
namespace
{
constexpr std::uint64_t integer_max = std::numeric_limits<std::int64_t>::max();
// What is sold for less of its worth than this is as good as given away.
constexpr double cheap = 0.5;

/// The books of one system.
struct Books
{
    ContractId token{};
    Amount supply_first;
    Amount supply_most;
    Amount supply;
    Amount debt_most;
    Amount debt;
    Amount surplus;
    Amount deficit;
    bool is_open = false;
};

struct Course
{
    std::map<ContractId, Books> systems;
    std::vector<double> debt;     // USD, after each piece of the run.
    std::vector<double> deficit;  // The same.
    double debt_most = 0;         // All systems, USD.
    double debt_end = 0;
};

Course read_books(LedgerQueries& source)
{
    Course course;
    course.debt.assign(source.pieces(), 0);
    course.deficit.assign(source.pieces(), 0);
    Market market{source};
    std::uint64_t block = 0;
    const auto settle = [&]
    {
        market.advance(block);
        double debt = 0;
        double deficit = 0;
        for (const auto& [id, books] : course.systems)
        {
            debt += market.usd(books.debt, books.token).value_or(0);
            deficit += market.usd(books.deficit, books.token).value_or(0);
        }
        course.debt_most = std::max(course.debt_most, debt);
        course.debt_end = debt;
        if (block == 0)
            return;
        const auto from = static_cast<std::ptrdiff_t>(source.piece_of(block));
        std::fill(course.debt.begin() + from, course.debt.end(), debt);
        std::fill(course.deficit.begin() + from, course.deficit.end(), deficit);
    };
    auto rows = source.query(
        "SELECT block_number, contract_id, debt_token_id, supply, debt, surplus, deficit "
        "FROM t_debt_books ORDER BY rowid");
    bool open = false;
    while (rows.step())
    {
        const auto next = rows.integer_up_to(0, integer_max);
        if (open && next != block)
            settle();
        open = true;
        block = next;
        auto& books = course.systems[rows.contract(1)];
        books.token = rows.contract(2);
        books.supply = rows.amount(3);
        books.debt = rows.amount(4);
        books.surplus = rows.amount(5);
        books.deficit = rows.amount(6);
        if (!std::exchange(books.is_open, true))
            books.supply_first = books.supply;
        books.supply_most = std::max(books.supply_most, books.supply);
        books.debt_most = std::max(books.debt_most, books.debt);
    }
    if (open)
        settle();
    return course;
}

/// All positions of all systems when they were stated last, and how safe they were before.
struct Statements
{
    std::uint64_t positions = 0;
    std::uint64_t unsafe = 0;
    std::uint64_t insolvent = 0;
    double shortfall = 0;  // USD, likewise below.
    double auctions_worth = 0;
    double ratio_start = 0;  // When most was owed, at the feed's prices.
    double ratio_low = 0;
};

Statements read_statements(LedgerQueries& source)
{
    Statements result;
    Market market{source};
    std::uint64_t block = 0;
    double locked = 0;
    double debt = 0;
    double debt_most = 0;
    const auto close = [&]
    {
        if (!(debt > 0))
            return;
        const auto ratio = locked / debt;
        if (debt > debt_most)
        {
            debt_most = debt;
            result.ratio_start = ratio;
        }
        result.ratio_low = result.ratio_low > 0 ? std::min(result.ratio_low, ratio) : ratio;
    };
    auto rows = source.query(
        "SELECT s.block_number, s.collateral_token_id, s.debt_token_id, s.positions, s.locked, "
        "s.unsafe, s.insolvent, s.shortfall, s.auctions_worth, c.debt, c.feed_price "
        "FROM t_debt_statements s JOIN t_debt_collaterals c ON c.block_number = s.block_number "
        "AND c.contract_id = s.contract_id AND c.collateral = s.collateral ORDER BY s.rowid");
    bool open = false;
    while (rows.step())
    {
        const auto next = rows.integer_up_to(0, integer_max);
        if (!open || next != block)
        {
            if (open)
                close();
            market.advance(next);
            const auto start = result.ratio_start;
            const auto low = result.ratio_low;
            result = {};
            result.ratio_start = start;
            result.ratio_low = low;
            locked = debt = 0;
        }
        open = true;
        block = next;
        const auto usd = [&](const Amount& amount)
        { return market.usd(amount, rows.contract(2)).value_or(0); };
        result.positions += rows.integer_up_to(3, integer_max);
        result.unsafe += rows.integer_up_to(5, integer_max);
        result.insolvent += rows.integer_up_to(6, integer_max);
        result.shortfall += usd(rows.amount(7));
        result.auctions_worth += usd(rows.amount(8));
        const auto* token = source.token(rows.contract(1));
        if (token == nullptr)
            rows.fail(1, "a token");
        const auto worth =
            mul_div_down(rows.amount(4), rows.amount(10), Amount::power_of_ten(token->decimals));
        locked += worth.ok() ? usd(worth.value) : 0;
        debt += usd(rows.amount(9));
    }
    if (open)
        close();
    return result;
}

struct Auctions
{
    struct Buyer
    {
        std::uint64_t takes = 0;
        double paid = 0;
        double worth = 0;
    };
    std::uint64_t starts = 0;
    std::uint64_t restarts = 0;
    std::uint64_t takes = 0;
    std::uint64_t running = 0;
    double auctioned_debt = 0;  // USD at the time, likewise below.
    double paid = 0;
    double worth = 0;  // Of what was sold, as the world outside quoted it.
    double cheap_worth = 0;
    std::vector<double> waits;  // Seconds from each start to each purchase.
    std::map<AccountId, Buyer> buyers;
};

Auctions read_auctions(LedgerQueries& source)
{
    Auctions result;
    if (!source.has("t_collateral_auctions"))
        return result;
    Market market{source};
    std::uint64_t block = 0;
    // When each of those that run was started.
    std::map<std::tuple<ContractId, ContractId, std::uint64_t>, std::uint64_t> running;
    auto rows = source.query(
        "SELECT a.block_number, a.contract_id, a.transaction_type, a.auction, a.account_id, "
        "a.collateral_token_id, a.debt_token_id, a.collateral_raw, a.debt_raw, a.wanted_raw, "
        "a.paid_raw, a.left_raw, b.timestamp FROM t_collateral_auctions a JOIN t_blocks b ON "
        "b.number = a.block_number ORDER BY a.rowid");
    while (rows.step())
    {
        if (const auto next = rows.integer_up_to(0, integer_max); next != block)
            market.advance(block = next);
        const auto collateral = rows.contract(5);
        const auto token = rows.contract(6);
        const auto time = rows.integer_up_to(12, integer_max);
        const std::tuple key{rows.contract(1), collateral, rows.integer_up_to(3, integer_max)};
        const auto kind = rows.text(2);
        if (kind == "start")
        {
            ++result.starts;
            result.auctioned_debt += market.usd(rows.amount(8), token).value_or(0);
            running[key] = time;
        }
        else if (kind == "restart")
            ++result.restarts;
        else if (kind == "cancel")
            running.erase(key);
        else
        {
            const auto paid = market.usd(rows.amount(10), token).value_or(0);
            const auto worth = market.usd(rows.amount(7), collateral).value_or(0);
            ++result.takes;
            result.paid += paid;
            result.worth += worth;
            result.cheap_worth += paid < worth * cheap ? worth : 0;
            result.waits.push_back(static_cast<double>(time - std::min(time, running[key])));
            auto& buyer = result.buyers[rows.account(4)];
            ++buyer.takes;
            buyer.paid += paid;
            buyer.worth += worth;
            if (rows.amount(11).is_zero() || rows.amount(9).is_zero())
                running.erase(key);
        }
    }
    result.running = running.size();
    std::sort(result.waits.begin(), result.waits.end());
    return result;
}

Table systems_table(LedgerQueries& source, const Course& course)
{
    Table table{"systems", "Systems",
        {{"system", "System", Unit::none}, {"supply_start", "Supply, start", Unit::none},
            {"supply_most", "most", Unit::none}, {"supply_end", "end", Unit::none},
            {"debt_most", "Owed, most", Unit::none}, {"debt_end", "end", Unit::none},
            {"surplus", "Surplus", Unit::none}, {"deficit", "Deficit", Unit::none}},
        {}, 12};
    for (const auto& [id, books] : course.systems)
    {
        const auto money = [&, token = books.token](const Amount& amount)
        { return source.money(SignedAmount{amount}, token); };
        table.rows.push_back({source.contract_name(id), money(books.supply_first),
            money(books.supply_most), money(books.supply), money(books.debt_most),
            money(books.debt), money(books.surplus), money(books.deficit)});
    }
    return table;
}

Table buyers_table(LedgerQueries& source, const Auctions& auctions)
{
    Table table{"buyers", "Who bought, by what the collateral was worth at the time",
        {{"buyer", "Buyer", Unit::none}, {"takes", "Purchases", Unit::count},
            {"worth_usd", "Worth", Unit::usd}, {"paid_usd", "Paid", Unit::usd},
            {"paid_share", "of worth", Unit::share}},
        {}, 8};
    std::vector<std::pair<AccountId, Auctions::Buyer>> buyers{
        auctions.buyers.begin(), auctions.buyers.end()};
    std::stable_sort(buyers.begin(), buyers.end(),
        [](const auto& a, const auto& b) { return a.second.worth > b.second.worth; });
    for (const auto& [account, buyer] : buyers)
    {
        table.rows.push_back({source.account_name(account), static_cast<std::int64_t>(buyer.takes),
            buyer.worth, buyer.paid, share_of(buyer.paid, buyer.worth)});
    }
    return table;
}
}  // namespace

std::optional<Section> debt_positions_section(LedgerQueries& source)
{
    if (!source.has_blocks() || !source.has("t_debt_books") || !source.has("t_debt_statements"))
        return std::nullopt;
    const auto course = read_books(source);
    if (course.systems.empty())
        return std::nullopt;
    const auto statements = read_statements(source);
    const auto auctions = read_auctions(source);
    double deficit = 0;
    {
        Market market{source};
        market.advance_to_end();
        for (const auto& [id, books] : course.systems)
            deficit += market.usd(books.deficit, books.token).value_or(0);
    }
    const auto bad_debt = std::max(0.0, deficit - statements.auctions_worth) + statements.shortfall;
    Section section{"debt_positions", "Tokens minted against collateral", {}, {}, {}};
    section.charts.push_back({"debt", "owed", course.debt, Unit::usd, true});
    section.charts.push_back({"deficit", "deficit", course.deficit, Unit::usd, true});
    section.figures = {{"debt_most_usd", "Owed, most", course.debt_most, Unit::usd},
        {"debt_end_usd", "Owed, end", course.debt_end, Unit::usd},
        {"ratio_start", "Collateral / debt when most was owed", statements.ratio_start,
            Unit::ratio},
        {"ratio_low", "the same, lowest hour", statements.ratio_low, Unit::ratio},
        {"positions_end", "Positions, end", count_of(statements.positions), Unit::count},
        {"unsafe_end", "Of these unsafe", count_of(statements.unsafe), Unit::count},
        {"insolvent_end", "Worth less than they owe", count_of(statements.insolvent), Unit::count},
        {"auctions", "Auctions started", count_of(auctions.starts), Unit::count},
        {"restarts", "Started again", count_of(auctions.restarts), Unit::count},
        {"purchases", "Purchases", count_of(auctions.takes), Unit::count},
        {"auctions_running", "Auctions running at the end", count_of(auctions.running),
            Unit::count},
        {"auctioned_share", "Debt auctioned, share of the most owed",
            share_of(auctions.auctioned_debt, course.debt_most), Unit::share},
        {"paid_share", "Paid for what was worth 100 % outside",
            share_of(auctions.paid, auctions.worth), Unit::share},
        {"cheap_share", "Sold for less than half of its worth",
            share_of(auctions.cheap_worth, auctions.worth), Unit::share},
        {"wait_median_seconds", "From start to purchase, median",
            auctions.waits.empty() ? Value{} : Value{quantile(auctions.waits, 0.5)}, Unit::seconds},
        {"deficit_end_usd", "Deficit: owed by nobody, end", deficit, Unit::usd},
        {"auctions_worth_usd", "What running auctions may still bring", statements.auctions_worth,
            Unit::usd},
        {"shortfall_usd", "Debt of positions beyond their collateral", statements.shortfall,
            Unit::usd},
        {"bad_debt_usd", "Bad debt", bad_debt, Unit::usd},
        {"bad_debt_share", "Share of the most owed", share_of(bad_debt, course.debt_most),
            Unit::share}};
    section.tables.push_back(systems_table(source, course));
    if (!auctions.buyers.empty())
        section.tables.push_back(buyers_table(source, auctions));
    return section;
}

}  // namespace runnel::analytics
