#include "analytics/market.hpp"
#include "analytics/sections.hpp"

#include <limits>
#include <map>
#include <utility>

namespace runnel::analytics
{
namespace
{
constexpr std::uint64_t integer_max = std::numeric_limits<std::int64_t>::max();

/// USD at the time, of one group and one asset.
struct Purse
{
    double auctions = 0;  // Got less paid, fees and royalties off; likewise below.
    double books = 0;
    double dividends = 0;
    double tenders = 0;

    [[nodiscard]] double all() const { return auctions + books + dividends + tenders; }
    [[nodiscard]] bool is_empty() const
    {
        return auctions == 0 && books == 0 && dividends == 0 && tenders == 0;
    }
};

struct Asset
{
    Amount shares;
    double distributed = 0;  // USD.
    double withdrawn = 0;
    Amount sold;  // By marketplaces; shares.
    double sold_usd = 0;
    Amount traded;  // In order books.
    double traded_usd = 0;
    Amount accepted;
    Amount redeemed;
    double tender_usd = 0;  // Paid for both.
    std::map<GroupId, Purse> purses;
};
using Assets = std::map<ContractId, Asset>;

Assets find_assets(LedgerQueries& source)
{
    Assets assets;
    auto rows =
        source.query("SELECT share_token_id, shares_raw FROM t_asset_states ORDER BY rowid");
    while (rows.step())
        assets[rows.contract(0)].shares = rows.amount(1);
    return assets;
}

void add(Amount& sum, const Amount& amount)
{
    sum = wrapping_add(sum, amount);
}

void read_flows(LedgerQueries& source, Assets& assets)
{
    if (!source.has("t_asset_flows"))
        return;
    Market market{source};
    auto rows = source.query(
        "SELECT block_number, transaction_type, account_id, buyer_id, share_token_id, shares_raw, "
        "currency_id, amount_raw FROM t_asset_flows ORDER BY rowid");
    while (rows.step())
    {
        market.advance(rows.integer_up_to(0, integer_max));
        const auto type = rows.text(1);
        auto& asset = assets[rows.contract(4)];
        auto& purse = asset.purses[source.group_of(rows.account(2))];
        const auto usd = market.usd(rows.amount(7), rows.contract(6)).value_or(0);
        if (type == "distribution")
        {
            asset.distributed += usd;
            purse.dividends -= usd;
        }
        else if (type == "withdrawal")
        {
            asset.withdrawn += usd;
            purse.dividends += usd;
        }
        else if (type == "acceptance" || type == "redemption")
        {
            add(type == "acceptance" ? asset.accepted : asset.redeemed, rows.amount(5));
            asset.tender_usd += usd;
            purse.tenders += usd;
            asset.purses[source.group_of(rows.account(3))].tenders -= usd;
        }
    }
}

void read_sales(LedgerQueries& source, Assets& assets)
{
    if (!source.has("t_market_events"))
        return;
    Market market{source};
    auto rows = source.query(
        "SELECT block_number, seller_id, buyer_id, item_token_id, amount_raw, currency_id, "
        "price_raw, fee_raw, creator_id, royalty_raw FROM t_market_events "
        "WHERE transaction_type = 'sold' ORDER BY rowid");
    while (rows.step())
    {
        const auto found = assets.find(rows.contract(3));
        if (found == assets.end())
            continue;
        market.advance(rows.integer_up_to(0, integer_max));
        auto& asset = found->second;
        const auto usd = [&](int column)
        { return market.usd(rows.amount(column), rows.contract(5)).value_or(0); };
        add(asset.sold, rows.amount(4));
        asset.sold_usd += usd(6);
        asset.purses[source.group_of(rows.account(2))].auctions -= usd(6);
        asset.purses[source.group_of(rows.account(1))].auctions += usd(6) - usd(7) - usd(9);
        asset.purses[source.group_of(rows.account(8))].auctions += usd(9);
    }
}

void read_trades(LedgerQueries& source, Assets& assets)
{
    if (!source.has("t_dex_fills"))
        return;
    Market market{source};
    auto rows = source.query(
        "SELECT block_number, maker_id, taker_id, side, base_token_id, base_amount_raw, "
        "quote_token_id, quote_amount_raw, maker_fee_raw, taker_fee_raw FROM t_dex_fills "
        "ORDER BY rowid");
    while (rows.step())
    {
        const auto found = assets.find(rows.contract(4));
        if (found == assets.end())
            continue;
        market.advance(rows.integer_up_to(0, integer_max));
        auto& asset = found->second;
        const bool maker_sells = rows.text(3) == "sell";
        const auto usd = [&](const Amount& amount)
        { return market.usd(amount, rows.contract(6)).value_or(0); };
        const auto paid = rows.amount(7);
        // Only who sells pays his fee in money.
        const auto got = wrapping_sub(paid, rows.amount(maker_sells ? 8 : 9));
        add(asset.traded, rows.amount(5));
        asset.traded_usd += usd(paid);
        asset.purses[source.group_of(rows.account(maker_sells ? 1 : 2))].books += usd(got);
        asset.purses[source.group_of(rows.account(maker_sells ? 2 : 1))].books -= usd(paid);
    }
}

/// USD for a whole share.
Value price_of(const LedgerQueries& source, double usd, const Amount& shares, ContractId token)
{
    const auto* facts = source.token(token);
    if (facts == nullptr || shares.is_zero())
        return {};
    return usd / (shares.to_double() / Amount::power_of_ten(facts->decimals).to_double());
}

Value part_of(const Amount& part, const Amount& all)
{
    return share_of(part.to_double(), all.to_double());
}
}  // namespace

std::optional<Section> assets_section(LedgerQueries& source)
{
    if (!source.has_blocks() || !source.has("t_asset_states"))
        return std::nullopt;
    auto assets = find_assets(source);
    if (assets.empty())
        return std::nullopt;
    read_flows(source, assets);
    read_sales(source, assets);
    read_trades(source, assets);

    Section section{"assets", "Assets in shares, at the prices of the time", {}, {}, {}};
    Table all{"assets", "Assets",
        {{"asset", "Asset", Unit::none}, {"distributed_usd", "Earned", Unit::usd},
            {"withdrawn_usd", "withdrawn", Unit::usd}, {"sold_share", "Sold", Unit::share},
            {"sale_price", "at", Unit::usd_price}, {"traded_share", "Traded", Unit::share},
            {"book_price", "at", Unit::usd_price}, {"accepted_share", "Tendered", Unit::share},
            {"redeemed_share", "Bought out", Unit::share}, {"tender_price", "at", Unit::usd_price}},
        {}, 20};
    Table earned{"earned", "Money out of it less money into it, by group",
        {{"asset", "Asset", Unit::none}, {"group", "Who", Unit::none},
            {"auctions_usd", "Marketplaces", Unit::usd}, {"books_usd", "Order books", Unit::usd},
            {"dividends_usd", "Dividends", Unit::usd}, {"tenders_usd", "Tenders", Unit::usd},
            {"all_usd", "All", Unit::usd}},
        {}, 40};
    double distributed = 0;
    double withdrawn = 0;
    Asset total;
    for (const auto& [token, asset] : assets)
    {
        auto tendered = asset.accepted;
        add(tendered, asset.redeemed);
        const auto name = source.token_name(token);
        all.rows.push_back({name, asset.distributed, asset.withdrawn,
            part_of(asset.sold, asset.shares), price_of(source, asset.sold_usd, asset.sold, token),
            part_of(asset.traded, asset.shares),
            price_of(source, asset.traded_usd, asset.traded, token),
            part_of(asset.accepted, asset.shares), part_of(asset.redeemed, asset.shares),
            price_of(source, asset.tender_usd, tendered, token)});
        for (const auto& [group, purse] : asset.purses)
        {
            if (purse.is_empty())
                continue;
            earned.rows.push_back({name, source.groups()[group].name, purse.auctions, purse.books,
                purse.dividends, purse.tenders, purse.all()});
        }
        distributed += asset.distributed;
        withdrawn += asset.withdrawn;
        total.sold_usd += asset.sold_usd;
        total.traded_usd += asset.traded_usd;
        total.tender_usd += asset.tender_usd;
    }
    section.figures = {{"distributed_usd", "Earned and given to shares", distributed, Unit::usd},
        {"withdrawn_usd", "Withdrawn of it", withdrawn, Unit::usd},
        {"withdrawn_share", "of what was earned", share_of(withdrawn, distributed), Unit::share},
        {"sold_usd", "Sold by marketplaces", total.sold_usd, Unit::usd},
        {"traded_usd", "Traded in order books", total.traded_usd, Unit::usd},
        {"tendered_usd", "Paid by bidders for all of it", total.tender_usd, Unit::usd}};
    if (assets.size() == 1)
    {
        // What one asset's headline figures are of.
        const auto& [token, asset] = *assets.begin();
        auto tendered = asset.accepted;
        add(tendered, asset.redeemed);
        const auto sale = price_of(source, asset.sold_usd, asset.sold, token);
        const auto book = price_of(source, asset.traded_usd, asset.traded, token);
        const auto tender = price_of(source, asset.tender_usd, tendered, token);
        section.figures.push_back({"sold_share", "Shares sold by marketplaces",
            part_of(asset.sold, asset.shares), Unit::share});
        section.figures.push_back({"sale_price", "at, a share", sale, Unit::usd_price});
        section.figures.push_back({"book_price", "In books, a share", book, Unit::usd_price});
        section.figures.push_back({"tender_price", "By tender, a share", tender, Unit::usd_price});
        section.figures.push_back({"bought_share", "Shares bought by tender",
            part_of(tendered, asset.shares), Unit::share});
        section.figures.push_back({"redeemed_share", "of them, of who was bought out",
            part_of(asset.redeemed, asset.shares), Unit::share});
    }
    section.tables.push_back(std::move(all));
    if (!earned.rows.empty())
        section.tables.push_back(std::move(earned));
    return section;
}

}  // namespace runnel::analytics
