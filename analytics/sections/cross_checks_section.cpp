#include "analytics/sections.hpp"
#include "analytics/signed_amount.hpp"
#include "analytics/totals.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <string>
#include <tuple>
#include <utility>

namespace runnel::analytics
{
namespace
{
constexpr std::uint64_t integer_max = std::numeric_limits<std::int64_t>::max();
/// Of a total, the part that may be rounding over the years.
constexpr std::uint64_t drift = 1'000'000'000;

/// One figure from two sets of rows that were written independently of one another.
struct Check
{
    std::string figure;
    std::string first_rows;
    std::string second_rows;
    SignedAmount first;
    SignedAmount second;
    /// How far apart they may be: whole units that sums of rounded parts differ by.
    Amount rounding;

    [[nodiscard]] bool agrees() const
    {
        auto difference = first;
        difference.subtract(second);
        if (difference.is_negative())
        {
            difference = second;
            difference.subtract(first);
        }
        difference.subtract(rounding);
        return difference.is_negative() || difference.is_zero();
    }
};

using Checks = std::vector<Check>;

void check_blocks(LedgerQueries& source, Checks& checks)
{
    const auto& headers = source.blocks();
    const auto& receipts = source.transactions();
    checks.push_back({"transactions", "headers", "transactions", Amount{headers.transactions},
        Amount{receipts.transactions}, {}});
    checks.push_back({"gas used", "headers", "receipts", headers.gas_used, receipts.gas_used, {}});
    checks.push_back({"fees burnt, wei", "headers: base fee x gas", "receipts: paid less tips",
        headers.burnt, receipts.burnt_by_bids, {}});
}

/// The last statement of each market that names every account, and its block.
using Statements = std::map<ContractId, std::uint64_t>;

Statements last_statements(LedgerQueries& source, Checks& checks)
{
    Statements statements;
    if (!source.has("t_lending_statements"))
        return statements;
    struct Sums
    {
        Amount debt;
        Amount liquidatable;
        Amount bad;
        std::uint64_t borrowers = 0;
    };
    std::map<ContractId, Sums> stated;
    auto rows = source.query(
        "SELECT contract_id, block_number, debt, liquidatable_debt, bad_debt, borrowers FROM "
        "t_lending_statements WHERE itemized = 1 ORDER BY rowid");
    while (rows.step())
    {
        statements[rows.contract(0)] = rows.integer_up_to(1, integer_max);
        stated[rows.contract(0)] = {
            rows.amount(2), rows.amount(3), rows.amount(4), rows.integer_up_to(5, integer_max)};
    }
    if (!source.has("t_lending_health"))
        return statements;
    std::map<ContractId, Sums> added;
    auto health = source.query(
        "SELECT contract_id, block_number, debt, collateral, health_factor FROM t_lending_health "
        "ORDER BY rowid");
    while (health.step())
    {
        const auto market = health.contract(0);
        const auto statement = statements.find(market);
        if (statement == statements.end() ||
            statement->second != health.integer_up_to(1, integer_max))
            continue;
        auto& sums = added[market];
        const auto debt = health.amount(2);
        const auto collateral = health.amount(3);
        sums.debt = wrapping_add(sums.debt, debt);
        if (health.amount(4) < Amount::power_of_ten(18))
            sums.liquidatable = wrapping_add(sums.liquidatable, debt);
        if (debt > collateral)
            sums.bad = wrapping_add(sums.bad, wrapping_sub(debt, collateral));
    }
    for (const auto& [market, sums] : stated)
    {
        const auto name = source.contract_name(market);
        const auto& accounts = added[market];
        const auto add = [&](const char* what, const Amount& first, const Amount& second)
        {
            checks.push_back(
                {name + ": " + what, "the market's statement", "its accounts", first, second, {}});
        };
        add("debt, its unit of account", sums.debt, accounts.debt);
        add("liquidatable debt", sums.liquidatable, accounts.liquidatable);
        add("bad debt", sums.bad, accounts.bad);
    }
    return statements;
}

/// What accounts say they have and owe against what the reserves say, which follows from scaled
/// sums and indexes: each account's part is rounded by itself. Compound v2 adds interest to its
/// total at every accrual, rounded there, so that total and accounts drift apart.
void check_reserves(LedgerQueries& source, const Statements& statements, Checks& checks)
{
    if (!source.has("t_lending_holdings") || !source.has("t_lending_reserves"))
        return;
    struct Sums
    {
        SignedAmount supplied;
        SignedAmount debt;
        std::uint64_t accounts = 0;
    };
    std::map<std::pair<ContractId, ContractId>, Sums> accounts;
    auto holdings = source.query(
        "SELECT contract_id, block_number, token_id, supplied_raw, debt_raw FROM "
        "t_lending_holdings ORDER BY rowid");
    while (holdings.step())
    {
        const auto statement = statements.find(holdings.contract(0));
        if (statement == statements.end() ||
            statement->second != holdings.integer_up_to(1, integer_max))
            continue;
        auto& sums = accounts[{holdings.contract(0), holdings.contract(2)}];
        sums.supplied.add(holdings.amount(3));
        sums.debt.add(holdings.amount(4));
        ++sums.accounts;
    }
    // The reserve as it was in the block of the statement.
    std::map<std::pair<ContractId, ContractId>, std::tuple<std::uint64_t, Amount, Amount>> reserves;
    auto rows = source.query(
        "SELECT contract_id, block_number, token_id, total_supplied, total_debt FROM "
        "t_lending_reserves ORDER BY rowid");
    while (rows.step())
    {
        reserves[{rows.contract(0), rows.contract(2)}] = {
            rows.integer_up_to(1, integer_max), rows.amount(3), rows.amount(4)};
    }
    for (const auto& [key, sums] : accounts)
    {
        const auto reserve = reserves.find(key);
        if (reserve == reserves.end())
            continue;
        const auto& [block, supplied, debt] = reserve->second;
        // One that was last looked at before the statement has gained interest since.
        if (block != statements.at(key.first))
            continue;
        const auto name = source.contract_name(key.first) + ": " + source.token_name(key.second);
        checks.push_back({name + " owed", "the market's reserve", "its accounts", debt, sums.debt,
            wrapping_add(Amount{sums.accounts}, div_down(debt, drift))});
    }
}

/// Each liquidation against the transfers of the same transaction: somebody paid exactly what was
/// repaid. Markets that move no token then (Comet absorbs) have nothing to compare.
void check_liquidations(LedgerQueries& source, Checks& checks)
{
    if (!source.has("t_lending_liquidations") || !source.has("t_token_transfers"))
        return;
    std::map<ContractId, std::pair<std::uint64_t, std::uint64_t>> markets;  // Calls, those paid.
    auto rows = source.query(
        "SELECT l.contract_id, EXISTS (SELECT 1 FROM t_token_transfers t WHERE "
        "t.block_number = l.block_number AND t.transaction_index = l.transaction_index AND "
        "t.contract_id = l.debt_token_id AND t.value = l.debt_amount_raw) FROM "
        "t_lending_liquidations l ORDER BY l.rowid");
    while (rows.step())
    {
        auto& [calls, paid] = markets[rows.contract(0)];
        ++calls;
        paid += rows.integer_up_to(1, 1);
    }
    for (const auto& [market, counts] : markets)
    {
        const auto& [calls, paid] = counts;
        if (paid > 0)
        {
            checks.push_back({source.contract_name(market) + ": liquidations", "its events",
                "transfers of what was repaid", Amount{calls}, Amount{paid}, {}});
        }
    }
}
}  // namespace

std::optional<Section> cross_checks_section(LedgerQueries& source)
{
    if (source.last_block() == 0)
        return std::nullopt;
    Checks checks;
    check_blocks(source, checks);
    const auto statements = last_statements(source, checks);
    check_reserves(source, statements, checks);
    if (source.has("t_lending_liquidations"))
        check_liquidations(source, checks);
    Section section{"cross_checks", "The same figures from other rows", {}, {}, {}};
    Table table{"figures", "",
        {{"figure", "Figure"}, {"first_rows", "From"}, {"first_raw", ""},
            {"second_rows", "and from"}, {"second_raw", ""}, {"value", "Value"},
            {"agrees", "Agree"}},
        {}, 40};
    std::int64_t agreeing = 0;
    for (const auto& check : checks)
    {
        agreeing += check.agrees() ? 1 : 0;
        table.rows.push_back({check.figure, check.first_rows, check.first.to_string(),
            check.second_rows, check.second.to_string(), check.first.to_double(), check.agrees()});
    }
    section.figures = {
        {"checks", "Figures computed twice", static_cast<std::int64_t>(checks.size()), Unit::count},
        {"agreeing", "Agree", agreeing, Unit::count},
        {"all_agree", "All of them", agreeing == static_cast<std::int64_t>(checks.size()),
            Unit::none}};
    section.tables.push_back(std::move(table));
    return section;
}

}  // namespace runnel::analytics
