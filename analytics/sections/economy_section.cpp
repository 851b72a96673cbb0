#include "analytics/measures.hpp"
#include "analytics/quantile.hpp"
#include "analytics/sections.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// What money does: how much of it people hold, how often it changes hands, what it is paid for,
/// who has it. And what custodians do with what they were given.
namespace runnel::analytics
{
namespace
{
constexpr std::uint64_t integer_max = std::numeric_limits<std::int64_t>::max();
constexpr double week_seconds = 7 * 86'400.0;

Value gini_of(std::vector<double> values)
{
    std::sort(values.begin(), values.end());
    return value_of(gini(values));
}

/// Where an account is in a list by account; an error of the ledger if there is no such account.
std::size_t place_of(const LedgerQueries& source, AccountId account)
{
    static_cast<void>(source.group_of(account));
    return index(account);
}

/// What was paid for goods.
struct Trade
{
    ContractId token{};
    SignedAmount sales;   // Sum of price times pieces.
    SignedAmount paid;    // What the same transactions moved from buyers to sellers for it.
    SignedAmount to_use;  // Of the sales: pieces that were used up.
    SignedAmount wages;
    double pieces_used = 0;
    std::int64_t count = 0;
    std::int64_t unmatched = 0;  // Sales without a transfer that pays them.
};

/// Where people's coins come from and go, and how many they have.
struct Coins
{
    // By account.
    std::vector<bool> is_person;
    std::vector<Amount> at_start;
    std::vector<Amount> at_end;
    double stock_seconds = 0;   // What people held, times how long, whole tokens.
    double people = 0;          // What they hold now.
    double turnover = 0;        // Between people.
    double came = 0;            // From elsewhere to people,
    double went = 0;            // and back.
    std::vector<double> stock;  // After each piece of the run.
};

std::optional<ContractId> token_of_goods(LedgerQueries& source)
{
    if (!source.has("t_retail_sales"))
        return std::nullopt;
    auto rows = source.query("SELECT token_id FROM t_retail_sales ORDER BY rowid LIMIT 1");
    return rows.step() ? std::optional{rows.contract(0)} : std::nullopt;
}

/// Sales beside the transfers that pay them: both tables lie in the order of the chain, and so do
/// the rows of a transaction in each.
Trade read_trade(LedgerQueries& source, ContractId token)
{
    Trade trade;
    trade.token = token;
    const auto id = std::to_string(index(token));
    auto sales = source.query(
        "SELECT block_number, transaction_index, seller_id, buyer_id, pieces, price, amount_raw, "
        "to_resell FROM t_retail_sales WHERE token_id = " +
        id + " ORDER BY rowid");
    auto transfers = source.query(
        "SELECT block_number, transaction_index, from_id, to_id, value FROM t_token_transfers "
        "WHERE contract_id = " +
        id + " ORDER BY rowid");
    const auto place_of = [](const storage::Statement& row) {
        return std::pair{row.integer_up_to(0, integer_max), row.integer_up_to(1, integer_max)};
    };
    bool has_transfer = transfers.step();
    while (sales.step())
    {
        const auto place = place_of(sales);
        const auto cost = sales.amount(6);
        const auto pieces = sales.amount(4);
        ++trade.count;
        const auto sum = Checked{sales.amount(5)} * pieces;
        if (!sum.ok())
            sales.fail(5, "a price that times the pieces fits 256 bits");
        trade.sales.add(sum.value);
        if (sales.integer(7) == 0)
        {
            trade.to_use.add(cost);
            trade.pieces_used += pieces.to_double();
        }
        bool is_paid = false;
        for (; has_transfer && !is_paid && place_of(transfers) <= place;
             has_transfer = transfers.step())
        {
            is_paid = place_of(transfers) == place && transfers.account(2) == sales.account(3) &&
                      transfers.account(3) == sales.account(2) && transfers.amount(4) == cost;
        }
        if (is_paid)
            trade.paid.add(cost);
        else
            ++trade.unmatched;
    }
    if (source.has("t_wage_payments"))
    {
        auto rows = source.query("SELECT amount_raw FROM t_wage_payments WHERE token_id = " + id);
        while (rows.step())
            trade.wages.add(rows.amount(0));
    }
    return trade;
}

/// Who holds coins for himself: wallets that are not deposit addresses of custodians. By account.
std::vector<bool> people(LedgerQueries& source)
{
    std::vector<bool> is_person(source.account_count());
    for (std::uint32_t i = 1; i < is_person.size(); ++i)
        is_person[i] = source.groups()[source.group_of(AccountId{i})].wallets;
    if (source.has("t_custodian_accounts"))
    {
        auto rows = source.query("SELECT deposit_account_id FROM t_custodian_accounts");
        while (rows.step())
            is_person[place_of(source, rows.account(0))] = false;
    }
    return is_person;
}

Coins read_coins(LedgerQueries& source, ContractId token)
{
    Coins coins;
    const auto* facts = source.token(token);
    const double unit = Amount::power_of_ten(facts == nullptr ? 18 : facts->decimals).to_double();
    const auto id = std::to_string(index(token));
    coins.is_person = people(source);
    coins.at_start.resize(source.account_count());
    if (source.has("t_starting_balances"))
    {
        auto rows = source.query(
            "SELECT account_id, balance FROM t_starting_balances WHERE token_id = " + id);
        while (rows.step())
            coins.at_start[place_of(source, rows.account(0))] = rows.amount(1);
    }
    coins.at_end = coins.at_start;
    for (std::uint32_t i = 0; i < coins.at_start.size(); ++i)
    {
        if (coins.is_person[i])
            coins.people += coins.at_start[i].to_double() / unit;
    }
    coins.stock.assign(source.pieces(), coins.people);
    auto time = source.start_time();
    std::size_t piece = 0;
    const auto pass_to = [&](std::uint64_t now)
    {
        coins.stock_seconds += coins.people * static_cast<double>(now - time);
        time = now;
    };
    auto rows = source.query(
        "SELECT t.block_number, b.timestamp, t.from_id, t.to_id, t.value FROM t_token_transfers t "
        "JOIN t_blocks b ON b.number = t.block_number WHERE t.contract_id = " +
        id + " AND t.block_number > 0 ORDER BY t.rowid");
    while (rows.step())
    {
        pass_to(std::max(time, rows.integer_up_to(1, integer_max)));
        const auto now = source.piece_of(rows.integer_up_to(0, integer_max));
        for (; piece < now; ++piece)
            coins.stock[piece] = coins.people;
        const auto from = place_of(source, rows.account(2));
        const auto to = place_of(source, rows.account(3));
        const auto value = rows.amount(4);
        auto& payer = coins.at_end[from];
        auto& payee = coins.at_end[to];
        payer = wrapping_sub(payer, value);
        payee = wrapping_add(payee, value);
        const auto whole = value.to_double() / unit;
        if (coins.is_person[from] && coins.is_person[to])
            coins.turnover += whole;
        else if (coins.is_person[to])
        {
            coins.came += whole;
            coins.people += whole;
        }
        else if (coins.is_person[from])
        {
            coins.went += whole;
            coins.people -= whole;
        }
    }
    pass_to(std::max(time, source.end_time()));
    for (; piece < coins.stock.size(); ++piece)
        coins.stock[piece] = coins.people;
    return coins;
}

/// Who has how much, by groups of wallets, and all together.
Table holders(LedgerQueries& source, const Coins& coins, ContractId token, Section& section)
{
    Table table{"holders", "Coins of wallets by group",
        {{"group", "Group", Unit::none}, {"accounts", "Wallets", Unit::count},
            {"start", "At the start", Unit::none}, {"end", "At the end", Unit::none},
            {"gini_start", "Gini, start", Unit::none}, {"gini_end", "end", Unit::none}},
        {}, 20};
    struct Holders
    {
        SignedAmount start;
        SignedAmount end;
        std::vector<double> start_values;
        std::vector<double> end_values;
    };
    std::map<std::string, Holders> groups;
    Holders all;
    for (std::uint32_t i = 0; i < coins.at_end.size(); ++i)
    {
        const auto& group = source.groups()[source.group_of(AccountId{i})];
        if (!coins.is_person[i])
            continue;
        for (auto* holder : {&groups[group.name], &all})
        {
            holder->start.add(coins.at_start[i]);
            holder->end.add(coins.at_end[i]);
            holder->start_values.push_back(coins.at_start[i].to_double());
            holder->end_values.push_back(coins.at_end[i].to_double());
        }
    }
    for (const auto& [name, holder] : groups)
    {
        if (holder.start.is_zero() && holder.end.is_zero())
            continue;
        table.rows.push_back({name, static_cast<std::int64_t>(holder.end_values.size()),
            source.money(holder.start, token), source.money(holder.end, token),
            gini_of(holder.start_values), gini_of(holder.end_values)});
    }
    section.figures.push_back(
        {"gini_start", "Gini of all wallets, start", gini_of(all.start_values), Unit::none});
    section.figures.push_back(
        {"gini_end", "Gini of all wallets, end", gini_of(all.end_values), Unit::none});
    return table;
}

void add_goods(LedgerQueries& source, ContractId token, Section& section)
{
    const auto trade = read_trade(source, token);
    const auto coins = read_coins(source, token);
    const auto span = static_cast<double>(source.end_time() - source.start_time());
    const auto mean = span > 0 ? coins.stock_seconds / span : 0;
    const auto weeks = span / week_seconds;
    const auto money = [&](const SignedAmount& amount) { return source.money(amount, token); };
    const auto sales = money(trade.sales).to_double();
    const auto per_week = [&](double amount)
    { return weeks > 0 ? share_of(amount / weeks, mean) : Value{}; };
    section.charts.push_back(
        {"stock", source.token_name(token) + " of wallets", coins.stock, Unit::none, true});
    section.figures = {{"stock_mean", "Coins of wallets, mean", mean, Unit::none},
        {"stock_end", "At the end", coins.people, Unit::none},
        {"came", "Came from outside (exchanges)", coins.came, Unit::none},
        {"went", "Went back", coins.went, Unit::none},
        {"turnover", "Paid between wallets", coins.turnover, Unit::none},
        {"velocity_week", "Times a coin is paid, a week", per_week(coins.turnover), Unit::ratio},
        {"goods_velocity_week", "Of it: for goods", per_week(sales), Unit::ratio},
        {"sales", "Sales: price times pieces", money(trade.sales), Unit::none},
        {"sales_paid", "What the chain shows was paid for them", money(trade.paid), Unit::none},
        {"sales_unmatched", "Sales without such a payment", trade.unmatched, Unit::count},
        {"sales_count", "Sales", trade.count, Unit::count},
        {"consumption", "Of them: used up", money(trade.to_use), Unit::none},
        {"pieces_used", "Pieces used up", trade.pieces_used, Unit::none},
        {"price_mean", "Mean price of a piece used up",
            share_of(money(trade.to_use).to_double(), trade.pieces_used), Unit::none},
        {"wages", "Wages", money(trade.wages), Unit::none}};
    section.tables.push_back(holders(source, coins, token, section));
}

struct Custody
{
    SignedAmount deposits;
    SignedAmount withdrawals;
    SignedAmount fees;
    std::int64_t deposit_count = 0;
    std::int64_t withdrawal_count = 0;
    std::int64_t sweeps = 0;
    std::int64_t rejections = 0;
    std::int64_t refills = 0;
    std::vector<double> waits;  // Seconds from request to payment.
};

void add_custody(LedgerQueries& source, Section& section)
{
    if (!source.has("t_custodian_moves"))
        return;
    std::map<std::pair<ContractId, ContractId>, Custody> all;
    std::int64_t deposits = 0;
    std::int64_t held = 0;
    auto rows = source.query(
        "SELECT m.contract_id, m.token_id, m.transaction_type, m.amount_raw, m.fee_raw, "
        "m.requested_at, b.timestamp FROM t_custodian_moves m JOIN t_blocks b ON b.number = "
        "m.block_number ORDER BY m.rowid");
    while (rows.step())
    {
        auto& custody = all[{rows.contract(0), rows.contract(1)}];
        const auto kind = rows.text(2);
        if (kind == "deposit" || kind == "held_deposit")
        {
            custody.deposits.add(rows.amount(3));
            ++custody.deposit_count;
            ++deposits;
            held += kind == "held_deposit" ? 1 : 0;
        }
        else if (kind == "withdrawal")
        {
            custody.withdrawals.add(rows.amount(3));
            custody.fees.add(rows.amount(4));
            ++custody.withdrawal_count;
            custody.waits.push_back(static_cast<double>(rows.integer(6) - rows.integer(5)));
        }
        else if (kind == "sweep")
            ++custody.sweeps;
        else if (kind == "rejection")
            ++custody.rejections;
        else if (kind == "to_hot")
            ++custody.refills;
    }
    if (deposits > 0)
    {
        section.figures.push_back(
            {"deposits_held", "Deposits that screening held", held, Unit::count});
        section.figures.push_back({"deposits_held_share", "Of all deposits",
            share_of(static_cast<double>(held), static_cast<double>(deposits)), Unit::share});
    }
    Table table{"custodians", "What custodians took and gave",
        {{"custodian", "Custodian", Unit::none}, {"token", "", Unit::none},
            {"deposits", "Deposits", Unit::none}, {"deposit_count", "Times", Unit::count},
            {"withdrawals", "Withdrawals", Unit::none}, {"withdrawal_count", "Times", Unit::count},
            {"fees", "Fees", Unit::none}, {"sweeps", "Sweeps", Unit::count},
            {"refills", "Refills", Unit::count}, {"rejections", "Rejected", Unit::count},
            {"wait_median_seconds", "Wait, median", Unit::seconds},
            {"wait_longest_seconds", "longest", Unit::seconds}},
        {}, 20};
    for (auto& [key, custody] : all)
    {
        const auto& [custodian, token] = key;
        std::sort(custody.waits.begin(), custody.waits.end());
        const auto wait = [&waits = custody.waits](double share)
        { return waits.empty() ? Value{} : Value{quantile(waits, share)}; };
        table.rows.push_back({source.contract_name(custodian), source.token_name(token),
            source.money(custody.deposits, token), custody.deposit_count,
            source.money(custody.withdrawals, token), custody.withdrawal_count,
            source.money(custody.fees, token), custody.sweeps, custody.refills, custody.rejections,
            wait(0.5), wait(1)});
    }
    if (!table.rows.empty())
        section.tables.push_back(std::move(table));
}

void add_statements(LedgerQueries& source, Section& section)
{
    if (!source.has("t_custodian_statements"))
        return;
    Table table{"statements", "Statements of reserves",
        {{"custodian", "Custodian", Unit::none}, {"token", "", Unit::none},
            {"report", "No.", Unit::count}, {"leaves", "Customers in it", Unit::count},
            {"stated", "Says it owes", Unit::none}, {"owed", "Owes by its books", Unit::none},
            {"reserves", "Has", Unit::none}, {"coverage", "Has / says", Unit::ratio}},
        {}, 30};
    auto rows = source.query(
        "SELECT contract_id, token_id, report, leaves, stated, owed, reserves FROM "
        "t_custodian_statements ORDER BY rowid");
    while (rows.step())
    {
        const auto token = rows.contract(1);
        const auto money = [&](int column) { return source.money(rows.amount(column), token); };
        table.rows.push_back({source.contract_name(rows.contract(0)), source.token_name(token),
            rows.integer(2), rows.integer(3), money(4), money(5), money(6),
            share_of(rows.amount(6).to_double(), rows.amount(4).to_double())});
    }
    if (!table.rows.empty())
        section.tables.push_back(std::move(table));
}
}  // namespace

std::optional<Section> economy_section(LedgerQueries& source)
{
    if (!source.has_blocks())
        return std::nullopt;
    Section section{"economy", "Money, goods and those who keep it", {}, {}, {}};
    if (const auto token = token_of_goods(source))
        add_goods(source, *token, section);
    add_custody(source, section);
    add_statements(source, section);
    if (section.figures.empty() && section.tables.empty())
        return std::nullopt;
    return section;
}

}  // namespace runnel::analytics
