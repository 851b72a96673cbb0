#include "analytics/market.hpp"
#include "analytics/sections.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

namespace runnel::analytics
{
namespace
{
constexpr std::uint64_t integer_max = std::numeric_limits<std::int64_t>::max();

/// A pool and the number of one of its incidents.
using IncidentKey = std::pair<ContractId, std::uint64_t>;
/// A contract that is covered and what was put into it.
using CoveredKey = std::pair<ContractId, ContractId>;

struct Pool
{
    ContractId asset{};
    Amount capital;
    Amount active_cover;
    Amount cover_max;
    double use_peak = 0;  // Of what capital allows.
    SignedAmount deposited;
    SignedAmount withdrawn;
    SignedAmount premiums;
    SignedAmount owed;
    SignedAmount paid;
    std::uint64_t covers = 0;
    std::uint64_t claims = 0;
    /// In a piece of the run, and what was there after it.
    struct Piece
    {
        SignedAmount premiums;
        SignedAmount owed;
        SignedAmount paid;
        Amount capital;
        Amount active_cover;
        Amount cover_max;
    };
    std::vector<Piece> pieces;
};

struct Incident
{
    std::string phase;
    ContractId product{};
    ContractId covered{};
    ContractId covered_token{};
    double loss_share = 0;
    ContractId asset{};
    Amount owed;
    Amount payable;
};

struct Insurance
{
    std::map<ContractId, Pool> pools;
    std::map<IncidentKey, Incident> incidents;
    /// Who has claimed, and what was paid for it.
    std::map<CoveredKey, std::map<AccountId, SignedAmount>> insured;
    std::vector<double> use;
};

void read_pools(LedgerQueries& source, Insurance& result)
{
    result.use.assign(source.pieces(), 0);
    auto rows = source.query(
        "SELECT block_number, contract_id, asset_id, capital, active_cover, cover_max "
        "FROM t_insurance_pools ORDER BY rowid");
    while (rows.step())
    {
        const auto block = rows.integer_up_to(0, integer_max);
        auto& pool = result.pools[rows.contract(1)];
        pool.asset = rows.contract(2);
        pool.capital = rows.amount(3);
        pool.active_cover = rows.amount(4);
        pool.cover_max = rows.amount(5);
        pool.pieces.resize(source.pieces());
        for (auto piece = source.piece_of(block); piece < pool.pieces.size(); ++piece)
        {
            pool.pieces[piece].capital = pool.capital;
            pool.pieces[piece].active_cover = pool.active_cover;
            pool.pieces[piece].cover_max = pool.cover_max;
        }
        const auto most = pool.cover_max.to_double();
        const auto use = most > 0 ? pool.active_cover.to_double() / most : 0;
        pool.use_peak = std::max(pool.use_peak, use);
        if (block > 0)
        {
            const auto from = static_cast<std::ptrdiff_t>(source.piece_of(block));
            std::fill(result.use.begin() + from, result.use.end(), use);
        }
    }
    if (source.has("t_vault_flows"))
    {
        auto flows = source.query(
            "SELECT contract_id, transaction_type, asset_amount_raw FROM t_vault_flows");
        while (flows.step())
        {
            const auto found = result.pools.find(flows.contract(0));
            if (found == result.pools.end())
                continue;
            auto& pool = found->second;
            (flows.text(1) == "deposit" ? pool.deposited : pool.withdrawn).add(flows.amount(2));
        }
    }
    if (source.has("t_insurance_covers"))
    {
        auto sales =
            source.query("SELECT contract_id, premium_raw, block_number FROM t_insurance_covers");
        while (sales.step())
        {
            auto& pool = result.pools[sales.contract(0)];
            pool.pieces.resize(source.pieces());
            pool.pieces.at(source.piece_of(sales.integer_up_to(2, integer_max)))
                .premiums.add(sales.amount(1));
            pool.premiums.add(sales.amount(1));
            ++pool.covers;
        }
    }
}

void read_incidents(LedgerQueries& source, Insurance& result)
{
    if (source.has("t_insurance_incidents"))
    {
        // The last row of an incident is what became of it.
        auto rows = source.query(
            "SELECT contract_id, incident_number, phase, product_id, covered_id, covered_token_id, "
            "loss_share, asset_id, owed_raw, payable_raw FROM t_insurance_incidents "
            "ORDER BY rowid");
        while (rows.step())
        {
            auto& incident =
                result.incidents[{rows.contract(0), rows.integer_up_to(1, integer_max)}];
            incident = {std::string{rows.text(2)}, rows.contract(3), rows.contract(4),
                rows.contract(5), rows.amount(6).to_double() * 1e-18, rows.contract(7),
                rows.amount(8), rows.amount(9)};
        }
    }
    if (!source.has("t_insurance_claims"))
        return;
    auto rows = source.query(
        "SELECT contract_id, incident_number, transaction_type, claimant_id, owed_raw, paid_raw, "
        "block_number FROM t_insurance_claims ORDER BY rowid");
    while (rows.step())
    {
        auto& pool = result.pools[rows.contract(0)];
        const auto& incident =
            result.incidents[{rows.contract(0), rows.integer_up_to(1, integer_max)}];
        auto& paid = result.insured[{incident.covered, incident.covered_token}][rows.account(3)];
        pool.pieces.resize(source.pieces());
        auto& piece = pool.pieces.at(source.piece_of(rows.integer_up_to(6, integer_max)));
        if (rows.text(2) == "claim")
        {
            piece.owed.add(rows.amount(4));
            pool.owed.add(rows.amount(4));
            ++pool.claims;
            continue;
        }
        piece.paid.add(rows.amount(5));
        pool.paid.add(rows.amount(5));
        paid.add(rows.amount(5));
    }
}

/// Who has put how much into a covered lending market, and what of it is lost.
struct Bearers
{
    std::uint64_t accounts = 0;
    double held_usd = 0;
    double loss_usd = 0;
    double paid_usd = 0;

    void add(const Bearers& other)
    {
        accounts += other.accounts;
        held_usd += other.held_usd;
        loss_usd += other.loss_usd;
        paid_usd += other.paid_usd;
    }
};

struct BornLoss
{
    Bearers insured;
    Bearers others;
};

/// What suppliers have lost, each the same share of what he has there after the last block: that is
/// what the market owes them and has not.
BornLoss read_bearers(LedgerQueries& source, const Insurance& insurance, const Market& market)
{
    BornLoss result;
    if (!source.has("t_lending_holdings"))
        return result;
    // Of several incidents of one market and token the worst: what a market has written off stays.
    std::map<CoveredKey, double> losses;
    std::map<CoveredKey, ContractId> assets;
    for (const auto& [key, incident] : insurance.incidents)
    {
        if (incident.phase != "settled" && incident.phase != "claiming")
            continue;
        const CoveredKey covered{incident.covered, incident.covered_token};
        auto& loss = losses[covered];
        loss = std::max(loss, incident.loss_share);
        assets[covered] = incident.asset;
    }
    if (losses.empty())
        return result;
    auto rows = source.query(
        "SELECT contract_id, token_id, account_id, supplied_raw FROM t_lending_holdings "
        "WHERE block_number = ?1 ORDER BY rowid");
    rows.bind(1, storage::Value{static_cast<std::int64_t>(source.last_block())});
    while (rows.step())
    {
        const CoveredKey covered{rows.contract(0), rows.contract(1)};
        const auto found = losses.find(covered);
        const auto supplied = rows.amount(3);
        if (found == losses.end() || supplied.is_zero())
            continue;
        Bearers bearer;
        bearer.accounts = 1;
        bearer.held_usd = market.usd(supplied, covered.second).value_or(0);
        bearer.loss_usd = bearer.held_usd * found->second;
        const auto claimants = insurance.insured.find(covered);
        const auto account = rows.account(2);
        if (claimants == insurance.insured.end() || !claimants->second.contains(account))
        {
            result.others.add(bearer);
            continue;
        }
        bearer.paid_usd = market.usd(claimants->second.at(account), assets[covered]).value_or(0);
        result.insured.add(bearer);
    }
    return result;
}

/// Of the eight pools with most capital.
Table course_table(LedgerQueries& source, const Insurance& insurance, const Market& market)
{
    constexpr std::size_t pools_max = 8;
    Table table{"course", "Pools over time, at the prices of the end",
        {{"until", "Until", Unit::unix_time}, {"pool", "Pool", Unit::none},
            {"premiums_usd", "Premiums", Unit::usd}, {"owed_usd", "Claims", Unit::usd},
            {"paid_usd", "Claims paid", Unit::usd}, {"cover_usd", "Covered", Unit::usd},
            {"cover_max_usd", "The most that capital allows", Unit::usd},
            {"capital_usd", "Capital", Unit::usd}},
        {}, 0};
    std::vector<std::pair<double, ContractId>> order;
    for (const auto& [id, pool] : insurance.pools)
        order.emplace_back(-market.usd(pool.capital, pool.asset).value_or(0), id);
    std::sort(order.begin(), order.end());
    order.resize(std::min(order.size(), pools_max));
    for (const auto& [capital, id] : order)
    {
        const auto& pool = insurance.pools.at(id);
        const auto usd = [&](const auto& amount)
        {
            const auto value = market.usd(amount, pool.asset);
            return value ? Value{*value} : Value{};
        };
        for (std::size_t i = 0; i < pool.pieces.size(); ++i)
        {
            const auto& piece = pool.pieces[i];
            table.rows.push_back({source.piece_time(i), source.contract_name(id),
                usd(piece.premiums), usd(piece.owed), usd(piece.paid), usd(piece.active_cover),
                usd(piece.cover_max), usd(piece.capital)});
        }
    }
    return table;
}

Value share_of_amounts(const SignedAmount& part, const SignedAmount& whole)
{
    return share_of(part.to_double(), whole.to_double());
}

Table verdicts(LedgerQueries& source)
{
    Table table{"verdicts", "What assessors decided",
        {{"poll", "Poll", Unit::count}, {"product", "Product", Unit::none},
            {"claimant", "Claimant", Unit::none}, {"claimed_share", "Claimed", Unit::share},
            {"accepted", "Accepted", Unit::none}, {"rounds", "Rounds", Unit::count},
            {"penalty", "Lost by the minority", Unit::none},
            {"reward", "Got by the majority", Unit::none}},
        {}, 12};
    if (!source.has("t_insurance_verdicts"))
        return table;
    auto rows = source.query(
        "SELECT poll_number, product_id, claimant_id, loss_share, accepted, rounds, "
        "stake_token_id, penalty_raw, reward_raw FROM t_insurance_verdicts ORDER BY rowid");
    while (rows.step())
    {
        const auto money = [&](int column)
        { return source.money(rows.amount(column), rows.contract(6)); };
        table.rows.push_back({static_cast<std::int64_t>(rows.integer_up_to(0, integer_max)),
            source.contract_name(rows.contract(1)), source.account_name(rows.account(2)),
            rows.amount(3).to_double() * 1e-18, rows.integer_up_to(4, 1) == 1,
            static_cast<std::int64_t>(rows.integer_up_to(5, integer_max)), money(7), money(8)});
    }
    return table;
}
}  // namespace

std::optional<Section> insurance_section(LedgerQueries& source)
{
    if (!source.has_blocks() || !source.has("t_insurance_pools"))
        return std::nullopt;
    Insurance insurance;
    read_pools(source, insurance);
    if (insurance.pools.empty())
        return std::nullopt;
    read_incidents(source, insurance);
    Market market{source};
    market.advance_to_end();

    Section section{"insurance", "Insurance, at the prices of the end", {}, {}, {}};
    section.charts.push_back(
        {"use", "of the cover that capital allows", insurance.use, Unit::share, true});
    Table pools{"pools", "Pools of capital",
        {{"pool", "Pool", Unit::none}, {"covers", "Covers", Unit::count},
            {"capital", "Capital, end", Unit::none}, {"use_peak", "Use, peak", Unit::share},
            {"premiums", "Premiums", Unit::none}, {"claims", "Claims", Unit::count},
            {"owed", "Owed", Unit::none}, {"paid", "Paid", Unit::none},
            {"paid_share", "of it", Unit::share}, {"result", "Underwriters' result", Unit::none}},
        {}, 12};
    double premiums_usd = 0;
    double owed_usd = 0;
    double paid_usd = 0;
    double result_usd = 0;
    double use_peak = 0;
    std::int64_t covers = 0;
    std::int64_t claims = 0;
    for (const auto& [id, pool] : insurance.pools)
    {
        const SignedAmount capital{pool.capital};
        auto result = capital;
        result.add(pool.withdrawn);
        result.subtract(pool.deposited);
        const auto usd = [&](const SignedAmount& amount)
        { return market.usd(amount, pool.asset).value_or(0); };
        premiums_usd += usd(pool.premiums);
        owed_usd += usd(pool.owed);
        paid_usd += usd(pool.paid);
        result_usd += usd(result);
        use_peak = std::max(use_peak, pool.use_peak);
        covers += static_cast<std::int64_t>(pool.covers);
        claims += static_cast<std::int64_t>(pool.claims);
        pools.rows.push_back({source.contract_name(id), static_cast<std::int64_t>(pool.covers),
            source.money(capital, pool.asset), pool.use_peak,
            source.money(pool.premiums, pool.asset), static_cast<std::int64_t>(pool.claims),
            source.money(pool.owed, pool.asset), source.money(pool.paid, pool.asset),
            share_of_amounts(pool.paid, pool.owed), source.money(result, pool.asset)});
    }
    const auto born = read_bearers(source, insurance, market);
    const auto loss_usd = born.insured.loss_usd + born.others.loss_usd;
    section.figures = {{"covers", "Covers sold", covers, Unit::count},
        {"premiums_usd", "Premiums", premiums_usd, Unit::usd},
        {"use_peak", "Use of what capital allows, peak", use_peak, Unit::share},
        {"claims", "Claims", claims, Unit::count},
        {"owed_usd", "Owed to claims", owed_usd, Unit::usd},
        {"paid_usd", "Paid for claims", paid_usd, Unit::usd},
        {"paid_share", "Of what was owed", share_of(paid_usd, owed_usd), Unit::share},
        {"loss_ratio", "Claims paid, of premiums", share_of(paid_usd, premiums_usd), Unit::ratio},
        {"underwriters_usd", "Underwriters' result", result_usd, Unit::usd},
        {"loss_usd", "Lost in what is covered", loss_usd, Unit::usd},
        {"insured_paid_share", "Of the insured's loss, paid",
            share_of(born.insured.paid_usd, born.insured.loss_usd), Unit::share}};
    section.tables.push_back(std::move(pools));
    section.tables.push_back(course_table(source, insurance, market));

    Table incidents{"incidents", "Incidents",
        {{"pool", "Pool", Unit::none}, {"incident", "No.", Unit::count},
            {"product", "Product", Unit::none}, {"covered", "Covered", Unit::none},
            {"phase", "Became", Unit::none}, {"loss_share", "Loss", Unit::share},
            {"owed", "Owed", Unit::none}, {"payable", "Payable", Unit::none},
            {"payable_share", "of it", Unit::share}},
        {}, 12};
    for (const auto& [key, incident] : insurance.incidents)
    {
        const SignedAmount owed{incident.owed};
        const SignedAmount payable{incident.payable};
        incidents.rows.push_back(
            {source.contract_name(key.first), static_cast<std::int64_t>(key.second),
                source.contract_name(incident.product), source.contract_name(incident.covered),
                incident.phase, incident.loss_share, source.money(owed, incident.asset),
                source.money(payable, incident.asset), share_of_amounts(payable, owed)});
    }
    if (!incidents.rows.empty())
        section.tables.push_back(std::move(incidents));
    if (loss_usd > 0)
    {
        Table bearers{"bearers", "Who bore what lending markets lost",
            {{"who", "Who", Unit::none}, {"accounts", "Accounts", Unit::count},
                {"held_usd", "Supplied", Unit::usd}, {"loss_usd", "Without cover", Unit::usd},
                {"paid_usd", "Paid by covers", Unit::usd}, {"net_usd", "With cover", Unit::usd}},
            {}, 4};
        const auto add = [&](std::string who, const Bearers& bearer)
        {
            bearers.rows.push_back(
                {std::move(who), static_cast<std::int64_t>(bearer.accounts), bearer.held_usd,
                    bearer.loss_usd, bearer.paid_usd, bearer.loss_usd - bearer.paid_usd});
        };
        add("insured", born.insured);
        add("others", born.others);
        bearers.rows.push_back(
            {std::string{"underwriters"}, Value{}, Value{}, 0.0, Value{}, -result_usd});
        section.tables.push_back(std::move(bearers));
    }
    if (auto table = verdicts(source); !table.rows.empty())
        section.tables.push_back(std::move(table));
    return section;
}

}  // namespace runnel::analytics
