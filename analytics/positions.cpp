#include "analytics/market.hpp"
#include "analytics/totals.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <limits>

namespace runnel::analytics
{
namespace
{
const Amount ray = Amount::power_of_ten(27);
constexpr std::uint64_t percent = 10'000;  // Basis points in 1.

Amount checked(const Checked& result, const storage::Statement& row, int column)
{
    if (!result.ok())
        row.fail(column, "an amount whose value fits 256 bits");
    return result.value;
}

/// scaled * index, rounded half up: what an account has or owes, in smallest units.
Amount unscaled(
    const Amount& scaled, const Amount& index, const storage::Statement& row, int column)
{
    return checked((Checked{scaled} * index + div_down(ray, 2)) / ray, row, column);
}

/// One account's position while its rows are read.
struct Position
{
    ContractId contract{};
    AccountId account{};
    Amount debt;  // 1e-8 USD, likewise below.
    Amount collateral;
    Amount weighted;  // Sum of collateral * liquidation threshold.
    bool owes = false;
    bool ever_owed = false;
    bool priced = true;
};

std::size_t health_class(double health)
{
    const auto& limits = Positions::health_limits;
    return static_cast<std::size_t>(
        std::upper_bound(limits.begin(), limits.end(), health) - limits.begin());
}

void add_position(const Position& position, Positions::Market& market)
{
    ++market.accounts;
    market.borrowers += position.ever_owed ? 1 : 0;
    if (!position.owes)
        return;
    ++market.indebted;
    market.priced = market.priced && position.priced;
    market.debt.add(position.debt);
    market.collateral.add(position.collateral);
    const auto limit = Checked{position.debt} * percent;
    if (limit.ok() && position.weighted < limit.value)
    {
        ++market.below_one;
        market.debt_below_one.add(position.debt);
    }
    if (position.debt > position.collateral)
    {
        ++market.insolvent;
        market.insolvent_debt.add(position.debt);
        market.bad_debt.add(wrapping_sub(position.debt, position.collateral));
    }
    const auto debt = position.debt.to_double();
    const auto health = debt > 0 ? position.weighted.to_double() / (debt * percent)
                                 : std::numeric_limits<double>::infinity();
    ++market.health_accounts[health_class(health)];
    market.health_debt_usd[health_class(health)] += debt / 1e8;
    for (std::size_t i = 0; i < Positions::falls; ++i)
    {
        const auto left = 1 - Positions::fall_step * static_cast<double>(i);
        market.at_risk_usd[i] += health * left < 1 ? position.collateral.to_double() / 1e8 : 0;
    }
}

/// The newest row of each account, market and token, in their order, up to a block.
storage::Statement newest_balances(LedgerQueries& source, std::string_view condition)
{
    return source.query(
        "SELECT contract_id, account_id, token_id, supplied_scaled, debt_scaled, "
        "used_as_collateral, sum(debt_scaled <> '0'), "
        "max(rowid) FROM t_lending_balances" +
        std::string{condition} +
        " GROUP BY contract_id, account_id, token_id ORDER BY contract_id, account_id, token_id");
}

enum Columns : int
{
    contract_column,
    account_column,
    token_column,
    supplied_column,
    debt_column,
    collateral_column,
    times_in_debt_column,
};

struct Holding
{
    Amount supplied;
    Amount debt;
};

Holding holding_of(const storage::Statement& row, const Market& market)
{
    const auto reserve =
        market.reserves().find({row.contract(contract_column), row.contract(token_column)});
    if (reserve == market.reserves().end())
        return {row.amount(supplied_column), row.amount(debt_column)};
    return {unscaled(
                row.amount(supplied_column), reserve->second.liquidity_index, row, supplied_column),
        unscaled(row.amount(debt_column), reserve->second.borrow_index, row, debt_column)};
}

void add_row(
    const storage::Statement& row, LedgerQueries& source, const Market& market, Position& position)
{
    const auto token = row.contract(token_column);
    const auto holding = holding_of(row, market);
    position.owes = position.owes || !holding.debt.is_zero();
    position.ever_owed = position.ever_owed || row.integer(times_in_debt_column) > 0;
    const bool collateral = row.integer(collateral_column) != 0 && !holding.supplied.is_zero();
    if (holding.debt.is_zero() && !collateral)
        return;
    const auto price = market.oracle_price(token);
    const auto* facts = source.token(token);
    if (!price || facts == nullptr)
    {
        position.priced = false;
        return;
    }
    const auto unit = Amount::power_of_ten(facts->decimals);
    const auto value = [&](const Amount& amount, int column)
    { return checked(Checked{amount} * *price / unit, row, column); };
    position.debt =
        checked(Checked{position.debt} + value(holding.debt, debt_column), row, debt_column);
    if (!collateral)
        return;
    const auto worth = value(holding.supplied, supplied_column);
    position.collateral = checked(Checked{position.collateral} + worth, row, supplied_column);
    const auto reserve = market.reserves().find({position.contract, token});
    if (reserve != market.reserves().end())
    {
        position.weighted = checked(
            Checked{position.weighted} + Checked{worth} * reserve->second.liquidation_threshold,
            row, supplied_column);
    }
}

void add_net(const storage::Statement& row, const Market& market, Positions::Holdings& net)
{
    const auto holding = holding_of(row, market);
    auto& sum = net[{row.account(account_column), row.contract(token_column)}];
    sum.add(holding.supplied);
    sum.subtract(holding.debt);
}

void add_groups(const LedgerQueries& source, const Positions::Holdings& holdings,
    std::map<std::pair<GroupId, ContractId>, SignedAmount>& sums)
{
    for (const auto& [key, amount] : holdings)
        sums[{source.group_of(key.first), key.second}].add(amount);
}

/// What is in ranges of prices after a block, and owed beside it.
void add_ranges(LedgerQueries& source, std::uint64_t block, Positions::Holdings& net)
{
    if (!source.has("t_dex_ranges"))
        return;
    auto rows = source.query(fmt::format(
        "SELECT provider_id, token0_id, token1_id, amount0_raw, amount1_raw, owed0_raw, owed1_raw "
        "FROM t_dex_ranges WHERE block_number = {}",
        block));
    while (rows.step())
    {
        const auto provider = rows.account(0);
        for (int side = 0; side < 2; ++side)
        {
            auto& sum = net[{provider, rows.contract(1 + side)}];
            sum.add(rows.amount(3 + side));
            sum.add(rows.amount(5 + side));
        }
    }
}

/// What is in order books after a block in which they stated all of it, locked or not.
void add_book_balances(LedgerQueries& source, std::uint64_t block, Positions::Holdings& net)
{
    if (!source.has("t_dex_book_balances"))
        return;
    auto rows = source.query(fmt::format(
        "SELECT account_id, token_id, available_raw, locked_raw FROM t_dex_book_balances "
        "WHERE block_number = {}",
        block));
    while (rows.step())
    {
        auto& sum = net[{rows.account(0), rows.contract(1)}];
        sum.add(rows.amount(2));
        sum.add(rows.amount(3));
    }
}

double debt_peak_usd(LedgerQueries& source)
{
    Market market{source, Market::Prices::on_chain};
    double peak = 0;
    while (const auto block = market.next_change())
    {
        market.advance(*block);
        double debt = 0;
        for (const auto& [key, reserve] : market.reserves())
            debt += market.usd(reserve.total_debt, key.second).value_or(0);
        peak = std::max(peak, debt);
    }
    return peak;
}

void add_staked(LedgerQueries& source, Positions& positions)
{
    if (!source.has("t_farm_moves"))
        return;
    auto rows = source.query(
        "SELECT transaction_type, account_id, token_id, amount_raw FROM t_farm_moves "
        "WHERE block_number > 0 AND transaction_type IN ('stake', 'withdraw')");
    while (rows.step())
    {
        auto& sum = positions.staked_of_accounts[{rows.account(1), rows.contract(2)}];
        if (rows.text(0) == "stake")
            sum.add(rows.amount(3));
        else
            sum.subtract(rows.amount(3));
    }
}

/// What is locked and kept less what is owed in systems of debt positions, after a block in which
/// they stated all of them.
void add_debt_positions(LedgerQueries& source, std::uint64_t block, Positions::Holdings& net)
{
    if (!source.has("t_debt_positions"))
        return;
    auto rows = source.query(fmt::format(
        "SELECT account_id, collateral_token_id, debt_token_id, collateral_raw, claimable_raw, "
        "debt_raw, claimable_debt_raw FROM t_debt_positions WHERE block_number = {}",
        block));
    while (rows.step())
    {
        const auto owner = rows.account(0);
        auto& collateral = net[{owner, rows.contract(1)}];
        collateral.add(rows.amount(3));
        collateral.add(rows.amount(4));
        auto& debt = net[{owner, rows.contract(2)}];
        debt.subtract(rows.amount(5));
        debt.add(rows.amount(6));
    }
}

/// Positions by market from the newest rows that satisfy @p condition, at the prices and indexes of
/// @p prices; @p visit sees each row.
template <typename Visit>
std::vector<Positions::Market> read_markets(
    LedgerQueries& source, const Market& prices, std::string_view condition, Visit&& visit)
{
    std::vector<Positions::Market> markets;
    Position position;
    bool open = false;
    const auto close = [&]
    {
        if (open)
            add_position(position, markets.back());
        open = false;
    };
    for (auto rows = newest_balances(source, condition); rows.step();)
    {
        const auto contract = rows.contract(contract_column);
        const auto account = rows.account(account_column);
        if (!open || position.contract != contract || position.account != account)
        {
            close();
            if (markets.empty() || markets.back().contract != contract)
            {
                auto& added = markets.emplace_back();
                added.contract = contract;
                added.health_accounts.resize(Positions::health_limits.size() + 1);
                added.health_debt_usd.resize(Positions::health_limits.size() + 1);
                added.at_risk_usd.resize(Positions::falls);
            }
            position = {};
            position.contract = contract;
            position.account = account;
            open = true;
        }
        add_row(rows, source, prices, position);
        visit(rows);
    }
    close();
    return markets;
}

/// About two dozen moments, evenly apart, of those at which every market showed its state.
std::vector<Positions::Moment> read_moments(LedgerQueries& source)
{
    constexpr std::size_t moments_max = 24;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> blocks;
    auto rows = source.query(
        "SELECT b.number, b.timestamp FROM t_blocks b WHERE b.number > 0 AND "
        "(b.number = (SELECT max(number) FROM t_blocks) OR (b.timestamp - (SELECT timestamp FROM "
        "t_blocks WHERE number = 0)) % 3600 = 0) ORDER BY b.number");
    while (rows.step())
    {
        constexpr std::uint64_t integer_max = std::numeric_limits<std::int64_t>::max();
        blocks.emplace_back(rows.integer_up_to(0, integer_max), rows.integer_up_to(1, integer_max));
    }
    std::vector<Positions::Moment> moments;
    Market market{source, Market::Prices::on_chain};
    const auto count = std::min(moments_max, blocks.size());
    for (std::size_t i = 1; i <= count; ++i)
    {
        const auto [block, timestamp] = blocks[blocks.size() * i / count - 1];
        market.advance(block);
        Positions::Moment moment;
        moment.block = block;
        moment.timestamp = timestamp;
        moment.health_debt_usd.resize(Positions::health_limits.size() + 1);
        moment.at_risk_usd.resize(Positions::falls);
        const auto add = [](std::vector<double>& sums, const std::vector<double>& values)
        { std::transform(sums.begin(), sums.end(), values.begin(), sums.begin(), std::plus{}); };
        for (const auto& one : read_markets(source, market,
                 fmt::format(" WHERE block_number <= {}", block), [](const auto&) {}))
        {
            moment.indebted += one.indebted;
            moment.below_one += one.below_one;
            moment.insolvent += one.insolvent;
            moment.debt.add(one.debt);
            moment.debt_below_one.add(one.debt_below_one);
            moment.bad_debt.add(one.bad_debt);
            add(moment.health_debt_usd, one.health_debt_usd);
            add(moment.at_risk_usd, one.at_risk_usd);
        }
        moments.push_back(std::move(moment));
    }
    return moments;
}
}  // namespace

const std::vector<double> Positions::health_limits{1, 1.05, 1.1, 1.25, 1.5, 2, 3, 5};

Positions make_positions(LedgerQueries& source)
{
    Positions positions;
    add_ranges(source, 0, positions.elsewhere_at_start);
    add_ranges(source, source.last_block(), positions.elsewhere);
    add_book_balances(source, 0, positions.elsewhere_at_start);
    add_book_balances(source, source.last_block(), positions.elsewhere);
    add_staked(source, positions);
    add_debt_positions(source, 0, positions.elsewhere_at_start);
    add_debt_positions(source, source.last_block(), positions.elsewhere);
    add_groups(source, positions.elsewhere_at_start, positions.net_at_start);
    add_groups(source, positions.elsewhere, positions.net);
    add_groups(source, positions.staked_of_accounts, positions.staked);
    if (!source.has("t_lending_balances"))
        return positions;
    Market market{source, Market::Prices::on_chain};
    market.advance(0);
    for (auto rows = newest_balances(source, " WHERE block_number = 0"); rows.step();)
        add_net(rows, market, positions.lent_at_start);

    market.advance_to_end();
    positions.markets = read_markets(source, market, "",
        [&](const storage::Statement& row) { add_net(row, market, positions.lent); });
    add_groups(source, positions.lent_at_start, positions.net_at_start);
    add_groups(source, positions.lent, positions.net);
    auto borrowers = source.query(
        "SELECT count(DISTINCT account_id) FROM t_lending_balances WHERE debt_scaled <> '0'");
    positions.debt_peak_usd = debt_peak_usd(source);
    if (borrowers.step())
        positions.borrowers = static_cast<std::uint64_t>(borrowers.integer(0));
    if (positions.borrowers > 0)
        positions.over_time = read_moments(source);
    return positions;
}

}  // namespace runnel::analytics
