#include "analytics/market.hpp"
#include "analytics/sections.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

namespace runnel::analytics
{
namespace
{
constexpr std::uint64_t integer_max = std::numeric_limits<std::int64_t>::max();
constexpr std::uint64_t week_seconds = 7 * 86'400;
constexpr double year_seconds = 365.0 * 86'400;
constexpr double loss_share_min = 0.001;  // Less is rounding, or nothing to run from.

/// One vault over the run. Prices are whole assets per whole share.
struct Course
{
    ContractId asset{};
    Amount assets;
    std::optional<double> first_price;
    std::uint64_t first_time = 0;
    double price = 0;
    double lowest = 0;
    double highest = 0;
    double fall = 0;  // The largest from a price to a later one.
    double assets_usd = 0;
    double assets_peak_usd = 0;
    std::vector<std::optional<double>> pieces;  // The price after each piece of the run.

    SignedAmount deposits;
    SignedAmount withdrawals;
    std::uint64_t deposit_count = 0;
    std::uint64_t withdrawal_count = 0;
    std::set<AccountId> owners;

    std::uint64_t reports = 0;
    SignedAmount gains;
    SignedAmount losses;
    SignedAmount fees;
    std::optional<std::uint64_t> loss_time;  // Of the first report of a loss.
    double assets_at_loss = 0;               // Smallest units, before it.
    double left_week = 0;                    // Withdrawn within a week of it, likewise.
    double left_week_before = 0;             // Within the week before it.
};

struct Vaults
{
    std::map<ContractId, Course> all;
    double assets_peak_usd = 0;
    std::vector<double> assets_usd;  // After each piece of the run.
};

double scale_of(const LedgerQueries& source, ContractId token)
{
    const auto* facts = source.token(token);
    return std::pow(10.0, facts == nullptr ? 0 : facts->decimals);
}

void take_price(Course& vault, double price, std::uint64_t time)
{
    if (!vault.first_price)
    {
        vault.first_price = price;
        vault.first_time = time;
        vault.lowest = price;
    }
    vault.price = price;
    vault.lowest = std::min(vault.lowest, price);
    vault.highest = std::max(vault.highest, price);
    vault.fall = std::max(vault.fall, 1 - price / vault.highest);
}

void read_states(LedgerQueries& source, Vaults& vaults)
{
    vaults.assets_usd.assign(source.pieces(), 0);
    Market market{source};
    std::uint64_t block = 0;
    bool open = false;
    const auto settle = [&]
    {
        market.advance(block);
        double sum = 0;
        for (auto& [id, vault] : vaults.all)
        {
            vault.assets_usd = market.usd(vault.assets, vault.asset).value_or(0);
            vault.assets_peak_usd = std::max(vault.assets_peak_usd, vault.assets_usd);
            sum += vault.assets_usd;
            vault.pieces.resize(source.pieces());
            const auto from = static_cast<std::ptrdiff_t>(source.piece_of(block));
            std::fill(vault.pieces.begin() + from, vault.pieces.end(),
                vault.first_price ? std::optional{vault.price} : std::nullopt);
        }
        vaults.assets_peak_usd = std::max(vaults.assets_peak_usd, sum);
        if (block > 0)
        {
            const auto from = static_cast<std::ptrdiff_t>(source.piece_of(block));
            std::fill(vaults.assets_usd.begin() + from, vaults.assets_usd.end(), sum);
        }
    };
    auto rows = source.query(
        "SELECT v.block_number, v.contract_id, v.asset_id, v.share_token_id, v.total_assets, "
        "v.total_supply, b.timestamp FROM t_vaults v JOIN t_blocks b ON b.number = "
        "v.block_number ORDER BY v.rowid");
    while (rows.step())
    {
        const auto next = rows.integer_up_to(0, integer_max);
        if (open && next != block)
            settle();
        open = true;
        block = next;
        auto& vault = vaults.all[rows.contract(1)];
        vault.asset = rows.contract(2);
        vault.assets = rows.amount(4);
        const auto shares = rows.amount(5).to_double() / scale_of(source, rows.contract(3));
        if (shares > 0)
        {
            take_price(vault, vault.assets.to_double() / scale_of(source, vault.asset) / shares,
                rows.integer_up_to(6, integer_max));
        }
    }
    if (open)
        settle();
}

/// What vaults have before each report, row by row.
class AssetsBefore
{
public:
    explicit AssetsBefore(LedgerQueries& source)
      : rows_{source.query(
            "SELECT block_number, contract_id, total_assets FROM t_vaults ORDER BY rowid")},
        is_open_{rows_.step()}
    {}

    [[nodiscard]] double of(ContractId vault, std::uint64_t block)
    {
        for (; is_open_ && rows_.integer_up_to(0, integer_max) < block; is_open_ = rows_.step())
            assets_[rows_.contract(1)] = rows_.amount(2).to_double();
        return assets_[vault];
    }

private:
    storage::Statement rows_;
    bool is_open_;
    std::map<ContractId, double> assets_;
};

void read_reports(LedgerQueries& source, Vaults& vaults)
{
    if (!source.has("t_vault_reports"))
        return;
    AssetsBefore assets_before{source};
    auto rows = source.query(
        "SELECT r.block_number, r.contract_id, r.gain_raw, r.loss_raw, r.fees_raw, b.timestamp "
        "FROM t_vault_reports r JOIN t_blocks b ON b.number = r.block_number ORDER BY r.rowid");
    while (rows.step())
    {
        auto& vault = vaults.all[rows.contract(1)];
        ++vault.reports;
        vault.gains.add(rows.amount(2));
        vault.losses.add(rows.amount(3));
        vault.fees.add(rows.amount(4));
        const auto assets = assets_before.of(rows.contract(1), rows.integer_up_to(0, integer_max));
        if (vault.loss_time || !(rows.amount(3).to_double() > assets * loss_share_min))
            continue;
        vault.loss_time = rows.integer_up_to(5, integer_max);
        vault.assets_at_loss = assets;
    }
}

void read_flows(LedgerQueries& source, Vaults& vaults)
{
    if (!source.has("t_vault_flows"))
        return;
    auto rows = source.query(
        "SELECT f.contract_id, f.transaction_type, f.owner_id, f.asset_amount_raw, b.timestamp "
        "FROM t_vault_flows f JOIN t_blocks b ON b.number = f.block_number "
        "WHERE f.block_number > 0 ORDER BY f.rowid");
    while (rows.step())
    {
        auto& vault = vaults.all[rows.contract(0)];
        const auto assets = rows.amount(3);
        if (rows.text(1) == "deposit")
        {
            vault.deposits.add(assets);
            ++vault.deposit_count;
            vault.owners.insert(rows.account(2));
            continue;
        }
        vault.withdrawals.add(assets);
        ++vault.withdrawal_count;
        if (!vault.loss_time)
            continue;
        const auto time = rows.integer_up_to(4, integer_max);
        if (time >= *vault.loss_time && time < *vault.loss_time + week_seconds)
            vault.left_week += assets.to_double();
        else if (time < *vault.loss_time && time + week_seconds >= *vault.loss_time)
            vault.left_week_before += assets.to_double();
    }
}

/// What a share is worth over time, of the largest vaults.
Table course_table(LedgerQueries& source, const Vaults& vaults)
{
    constexpr std::size_t vaults_max = 8;
    std::vector<std::pair<double, ContractId>> order;
    for (const auto& [id, vault] : vaults.all)
        order.emplace_back(-vault.assets_peak_usd, id);
    std::sort(order.begin(), order.end());
    order.resize(std::min(order.size(), vaults_max));
    Table table{"course", "The price of a share over time",
        {{"until", "Until", Unit::unix_time}, {"vault", "Vault", Unit::none},
            {"price", "Price", Unit::none}},
        {}, 0};
    for (std::size_t piece = 0; piece < source.pieces(); ++piece)
    {
        for (const auto& [peak, id] : order)
        {
            const auto& price = vaults.all.at(id).pieces.at(piece);
            if (price)
                table.rows.push_back({source.piece_time(piece), source.contract_name(id), *price});
        }
    }
    return table;
}

Value yearly(const Course& vault, std::uint64_t end)
{
    if (!vault.first_price || !(*vault.first_price > 0) || end <= vault.first_time)
        return {};
    return (vault.price / *vault.first_price - 1) * year_seconds /
           static_cast<double>(end - vault.first_time);
}
}  // namespace

std::optional<Section> vaults_section(LedgerQueries& source)
{
    if (!source.has_blocks() || !source.has("t_vaults"))
        return std::nullopt;
    Vaults vaults;
    read_states(source, vaults);
    if (vaults.all.empty())
        return std::nullopt;
    read_reports(source, vaults);
    read_flows(source, vaults);

    Section section{"vaults", "Vaults", {}, {}, {}};
    section.charts.push_back({"assets", "assets", vaults.assets_usd, Unit::usd, true});
    Table prices{"vaults", "Assets, and the price of a share in assets",
        {{"vault", "Vault", Unit::none}, {"assets", "Assets at the end", Unit::none},
            {"assets_peak_usd", "most", Unit::usd}, {"price_start", "Price, first", Unit::none},
            {"price_lowest", "lowest", Unit::none}, {"price_end", "last", Unit::none},
            {"fall", "Largest fall", Unit::share}, {"yield_year", "A year", Unit::share}},
        {}, 20};
    Table flows{"flows", "Deposits and withdrawals",
        {{"vault", "Vault", Unit::none}, {"owners", "Owners", Unit::count},
            {"deposits", "Deposits", Unit::count}, {"deposited", "deposited", Unit::none},
            {"withdrawals", "Withdrawals", Unit::count}, {"withdrawn", "withdrawn", Unit::none},
            {"left_week_share", "Left in the week after a loss", Unit::share},
            {"left_week_before_share", "in the week before", Unit::share}},
        {}, 20};
    Table reports{"reports", "What reports counted",
        {{"vault", "Vault", Unit::none}, {"reports", "Reports", Unit::count},
            {"gained", "Gained", Unit::none}, {"lost", "Lost", Unit::none},
            {"fees", "Fees", Unit::none}, {"fees_share", "of gains", Unit::share}},
        {}, 20};
    double assets_usd = 0;
    for (const auto& [id, vault] : vaults.all)
    {
        const auto name = source.contract_name(id);
        const auto price = [&](double value) { return vault.first_price ? Value{value} : Value{}; };
        assets_usd += vault.assets_usd;
        SignedAmount assets;
        assets.add(vault.assets);
        prices.rows.push_back({name, source.money(assets, vault.asset), vault.assets_peak_usd,
            price(vault.first_price.value_or(0)), price(vault.lowest), price(vault.price),
            price(vault.fall), yearly(vault, source.end_time())});
        flows.rows.push_back({name, static_cast<std::int64_t>(vault.owners.size()),
            static_cast<std::int64_t>(vault.deposit_count),
            source.money(vault.deposits, vault.asset),
            static_cast<std::int64_t>(vault.withdrawal_count),
            source.money(vault.withdrawals, vault.asset),
            share_of(vault.left_week, vault.assets_at_loss),
            share_of(vault.left_week_before, vault.assets_at_loss)});
        if (vault.reports > 0)
        {
            reports.rows.push_back({name, static_cast<std::int64_t>(vault.reports),
                source.money(vault.gains, vault.asset), source.money(vault.losses, vault.asset),
                source.money(vault.fees, vault.asset),
                share_of(vault.fees.to_double(), vault.gains.to_double())});
        }
    }
    section.figures = {{"assets_peak_usd", "Assets, peak", vaults.assets_peak_usd, Unit::usd},
        {"assets_end_usd", "Assets, end", assets_usd, Unit::usd}};
    section.tables.push_back(std::move(prices));
    section.tables.push_back(std::move(flows));
    if (!reports.rows.empty())
        section.tables.push_back(std::move(reports));
    if (auto course = course_table(source, vaults); !course.rows.empty())
        section.tables.push_back(std::move(course));
    return section;
}

}  // namespace runnel::analytics
