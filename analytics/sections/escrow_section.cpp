#include "analytics/market.hpp"
#include "analytics/quantile.hpp"
#include "analytics/sections.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

namespace runnel::analytics
{
namespace
{
constexpr std::uint64_t integer_max = std::numeric_limits<std::int64_t>::max();

/// An escrow, or a marketplace, and the number of a deal, or an order.
using Key = std::pair<ContractId, std::uint64_t>;

/// One deal; amounts in USD, at the time.
struct Deal
{
    AccountId buyer{};
    AccountId seller{};
    double agreed = 0;
    double released = 0;
    double refunded = 0;
    std::uint64_t opened_at = 0;
    std::uint64_t settled_at = 0;  // When money was let go last.
    std::uint64_t disputed_at = 0;
    bool has_dispute = false;
};

/// What a party has had of its deals and orders, in USD.
struct Party
{
    std::uint64_t orders = 0;
    std::uint64_t complaints = 0;  // Orders that their buyers gave one or two stars.
    double agreed = 0;             // That was to be paid for them.
    double paid = 0;               // To the seller in the end.
    double refunded = 0;
    double complained = 0;  // Paid in the end for what the buyer says was bad.
    double deposits = 0;    // Less those that came back.
    double to_others = 0;   // That a seller has paid to people beside.
};

struct Arbiters
{
    std::uint64_t rulings = 0;
    double fees = 0;
};

struct Commerce
{
    std::map<Key, Deal> deals;
    std::map<AccountId, Party> sellers;
    std::map<AccountId, Party> buyers;
    std::map<GroupId, Arbiters> arbiters;
    struct Cause
    {
        std::uint64_t releases = 0;
        std::uint64_t refunds = 0;
        double released = 0;
        double refunded = 0;
    };
    std::map<std::string, Cause> causes;
    /// What happened in a piece of the run, USD at the time.
    struct Piece
    {
        std::uint64_t deals = 0;
        std::uint64_t disputes = 0;
        double opened = 0;
        double released = 0;
        double refunded = 0;
        double fees = 0;
        double held = 0;  // By escrows after it.
    };
    std::vector<Piece> pieces;
    double fees = 0;
    std::uint64_t rulings = 0;
    std::uint64_t direct = 0;
    double direct_usd = 0;
    std::uint64_t sales = 0;
};

/// Deals that were opened, by block, transaction and number: a sale names the number alone.
using Openings = std::map<std::tuple<std::uint64_t, std::uint64_t, std::uint64_t>, ContractId>;

Openings read_moves(LedgerQueries& source, Commerce& commerce)
{
    Openings openings;
    if (!source.has("t_escrow_moves"))
        return openings;
    commerce.pieces.resize(source.pieces());
    Market market{source};
    std::uint64_t block = 0;
    auto rows = source.query(
        "SELECT m.block_number, m.contract_id, m.transaction_type, m.cause, m.deal, m.account_id, "
        "m.buyer_id, m.seller_id, m.token_id, m.amount_raw, b.timestamp, m.transaction_index "
        "FROM t_escrow_moves m JOIN t_blocks b ON b.number = m.block_number ORDER BY m.rowid");
    while (rows.step())
    {
        const auto next = rows.integer_up_to(0, integer_max);
        if (next != block)
            market.advance(block = next);
        const auto type = rows.text(2);
        const auto time = rows.integer_up_to(10, integer_max);
        const Key key{rows.contract(1), rows.integer_up_to(4, integer_max)};
        const auto account = rows.account(5);
        auto& deal = commerce.deals[key];
        auto& piece = commerce.pieces.at(source.piece_of(block));
        const auto usd = market.usd(rows.amount(9), rows.contract(8)).value_or(0);
        const auto mine = [&]() -> Party&
        { return account == deal.seller ? commerce.sellers[account] : commerce.buyers[account]; };
        if (type == "open")
        {
            deal.buyer = rows.account(6);
            deal.seller = rows.account(7);
            deal.agreed = usd;
            deal.opened_at = time;
            ++piece.deals;
            piece.opened += usd;
            openings[{block, rows.integer_up_to(11, integer_max), key.second}] = key.first;
            for (auto* party : {&commerce.buyers[deal.buyer], &commerce.sellers[deal.seller]})
            {
                ++party->orders;
                party->agreed += usd;
            }
        }
        else if (type == "deposit")
        {
            piece.disputes += deal.has_dispute ? 0 : 1;
            deal.has_dispute = true;
            mine().deposits += usd;
        }
        else if (type == "returned")
            mine().deposits -= usd;
        else if (type == "dispute")
            deal.disputed_at = time;
        else if (type == "fee")
        {
            commerce.fees += usd;
            piece.fees += usd;
            ++commerce.rulings;
            auto& arbiters = commerce.arbiters[source.group_of(account)];
            ++arbiters.rulings;
            arbiters.fees += usd;
        }
        else if (type == "release" || type == "refund")
        {
            const bool is_release = type == "release";
            auto& cause = commerce.causes[std::string{rows.text(3)}];
            (is_release ? cause.released : cause.refunded) += usd;
            ++(is_release ? cause.releases : cause.refunds);
            (is_release ? deal.released : deal.refunded) += usd;
            (is_release ? piece.released : piece.refunded) += usd;
            deal.settled_at = time;
            for (auto* party : {&commerce.buyers[deal.buyer], &commerce.sellers[deal.seller]})
                (is_release ? party->paid : party->refunded) += usd;
        }
    }
    return openings;
}

/// What escrows hold after each piece of the run.
void read_held(LedgerQueries& source, Commerce& commerce)
{
    if (!source.has("t_escrows") || commerce.pieces.empty())
        return;
    std::map<std::pair<ContractId, ContractId>, Amount> held;
    Market market{source};
    auto rows = source.query(
        "SELECT block_number, contract_id, token_id, held FROM t_escrows ORDER BY rowid");
    bool is_row = rows.step();
    for (std::size_t piece = 0; piece < source.pieces(); ++piece)
    {
        const auto end = source.piece_end(piece);
        for (; is_row && rows.integer_up_to(0, integer_max) <= end; is_row = rows.step())
            held[{rows.contract(1), rows.contract(2)}] = rows.amount(3);
        market.advance(end);
        for (const auto& [key, amount] : held)
            commerce.pieces[piece].held += market.usd(amount, key.second).value_or(0);
    }
}

/// Orders that were paid directly, and what buyers say of all of them.
void read_sales(LedgerQueries& source, const Openings& openings, Commerce& commerce)
{
    if (!source.has("t_goods_sales"))
        return;
    struct Sale
    {
        double usd = 0;  // Paid directly,
        Key deal;        // or for this deal.
        bool is_direct = false;
    };
    std::map<Key, Sale> sales;
    Market market{source};
    std::uint64_t block = 0;
    auto rows = source.query(
        "SELECT block_number, contract_id, order_number, seller_id, buyer_id, token_id, total_raw, "
        "in_escrow, deal, transaction_index FROM t_goods_sales ORDER BY rowid");
    while (rows.step())
    {
        const auto next = rows.integer_up_to(0, integer_max);
        if (next != block)
            market.advance(block = next);
        ++commerce.sales;
        auto& sale = sales[{rows.contract(1), rows.integer_up_to(2, integer_max)}];
        const auto number = rows.integer_up_to(8, integer_max);
        sale.is_direct = rows.integer_up_to(7, 1) == 0;
        if (!sale.is_direct)
        {
            const auto opened = openings.find({block, rows.integer_up_to(9, integer_max), number});
            if (opened != openings.end())
                sale.deal = {opened->second, number};
            continue;
        }
        sale.usd = market.usd(rows.amount(6), rows.contract(5)).value_or(0);
        ++commerce.direct;
        commerce.direct_usd += sale.usd;
        for (auto* party : {&commerce.sellers[rows.account(3)], &commerce.buyers[rows.account(4)]})
        {
            ++party->orders;
            party->agreed += sale.usd;
            party->paid += sale.usd;
        }
    }
    if (!source.has("t_goods_ratings"))
        return;
    auto ratings = source.query(
        "SELECT contract_id, order_number, seller_id, buyer_id FROM t_goods_ratings "
        "WHERE stars <= 2 ORDER BY rowid");
    while (ratings.step())
    {
        const auto sale = sales.find({ratings.contract(0), ratings.integer_up_to(1, integer_max)});
        if (sale == sales.end())
            continue;
        // A deal may be settled after the rating: what it came to is known by now.
        const auto deal = commerce.deals.find(sale->second.deal);
        const auto lost = sale->second.is_direct         ? sale->second.usd
                          : deal == commerce.deals.end() ? 0
                                                         : deal->second.released;
        for (auto* party :
            {&commerce.sellers[ratings.account(2)], &commerce.buyers[ratings.account(3)]})
        {
            ++party->complaints;
            party->complained += lost;
        }
    }
}

/// What sellers pay to people: their suppliers. To contracts they make deposits.
void read_costs(LedgerQueries& source, Commerce& commerce)
{
    if (!source.has("t_token_transfers"))
        return;
    std::set<AccountId> contracts;
    for (const auto& contract : source.contracts())
        contracts.insert(contract.account);
    Market market{source};
    std::uint64_t block = 0;
    auto rows = source.query(
        "SELECT block_number, contract_id, from_id, to_id, value FROM t_token_transfers "
        "ORDER BY rowid");
    while (rows.step())
    {
        const auto seller = commerce.sellers.find(rows.account(2));
        if (seller == commerce.sellers.end() || contracts.contains(rows.account(3)))
            continue;
        const auto next = rows.integer_up_to(0, integer_max);
        if (next != block)
            market.advance(block = next);
        seller->second.to_others += market.usd(rows.amount(4), rows.contract(1)).value_or(0);
    }
}

struct Group
{
    Party sum;
    std::uint64_t members = 0;
    std::vector<double> results;  // Of each member.
};

/// @p result  What a party has in the end; members of a group who have had no deal have nothing.
template <typename Result>
std::map<GroupId, Group> by_group(
    const LedgerQueries& source, const std::map<AccountId, Party>& parties, Result&& result)
{
    std::map<GroupId, Group> groups;
    for (const auto& [account, party] : parties)
    {
        if (party.orders == 0)
            continue;
        auto& group = groups[source.group_of(account)];
        auto& sum = group.sum;
        sum.orders += party.orders;
        sum.complaints += party.complaints;
        sum.agreed += party.agreed;
        sum.paid += party.paid;
        sum.refunded += party.refunded;
        sum.complained += party.complained;
        sum.deposits += party.deposits;
        sum.to_others += party.to_others;
        group.results.push_back(result(party));
    }
    for (auto& [id, group] : groups)
    {
        group.members = std::max<std::uint64_t>(source.groups()[id].accounts, group.results.size());
        group.results.resize(group.members, 0);
    }
    return groups;
}

Value share_of_count(std::uint64_t part, std::uint64_t all)
{
    return share_of(static_cast<double>(part), static_cast<double>(all));
}
Value median(std::vector<double> values)
{
    if (values.empty())
        return {};
    std::sort(values.begin(), values.end());
    return quantile(values, 0.5);
}

double takings(const Party& seller)
{
    return seller.paid - seller.deposits - seller.to_others;
}

Table sellers_table(const LedgerQueries& source, const Commerce& commerce)
{
    Table table{"sellers", "Sellers",
        {{"group", "Group", Unit::none}, {"sellers", "Sellers", Unit::count},
            {"orders", "Orders", Unit::count}, {"ordered_usd", "worth", Unit::usd},
            {"paid_usd", "Paid", Unit::usd}, {"refunded_share", "Given back", Unit::share},
            {"complaint_share", "Complaints", Unit::share},
            {"arbitration_usd", "Lost deposits", Unit::usd},
            {"costs_usd", "Paid to others", Unit::usd}, {"takings_usd", "Takings", Unit::usd},
            {"takings_median_usd", "median", Unit::usd}},
        {}, 20};
    for (const auto& [id, group] : by_group(source, commerce.sellers, takings))
    {
        const auto& sum = group.sum;
        table.rows.push_back({source.groups()[id].name, count_of(group.members),
            count_of(sum.orders), sum.agreed, sum.paid, share_of(sum.refunded, sum.agreed),
            share_of_count(sum.complaints, sum.orders), sum.deposits, sum.to_others, takings(sum),
            median(group.results)});
    }
    return table;
}

Table buyers_table(const LedgerQueries& source, const Commerce& commerce)
{
    Table table{"buyers", "Buyers",
        {{"group", "Group", Unit::none}, {"buyers", "Buyers", Unit::count},
            {"orders", "Orders", Unit::count}, {"ordered_usd", "worth", Unit::usd},
            {"paid_usd", "Paid", Unit::usd}, {"refunded_share", "Had back", Unit::share},
            {"complaint_share", "Complaints", Unit::share},
            {"complained_usd", "Paid for what was bad, as they say", Unit::usd},
            {"complained_share", "of the worth", Unit::share},
            {"arbitration_usd", "Lost deposits", Unit::usd}},
        {}, 20};
    const auto groups =
        by_group(source, commerce.buyers, [](const Party& buyer) { return buyer.complained; });
    for (const auto& [id, group] : groups)
    {
        const auto& sum = group.sum;
        table.rows.push_back({source.groups()[id].name, count_of(group.members),
            count_of(sum.orders), sum.agreed, sum.paid, share_of(sum.refunded, sum.agreed),
            share_of_count(sum.complaints, sum.orders), sum.complained,
            share_of(sum.complained, sum.agreed), sum.deposits});
    }
    return table;
}

Table causes_table(const Commerce& commerce)
{
    Table table{"causes", "Why money was let go",
        {{"cause", "Why", Unit::none}, {"releases", "To sellers", Unit::count},
            {"released_usd", "worth", Unit::usd}, {"refunds", "To buyers", Unit::count},
            {"refunded_usd", "worth", Unit::usd}},
        {}, 20};
    for (const auto& [name, cause] : commerce.causes)
    {
        table.rows.push_back({name, count_of(cause.releases), cause.released,
            count_of(cause.refunds), cause.refunded});
    }
    return table;
}

Table arbiters_table(const LedgerQueries& source, const Commerce& commerce)
{
    Table table{"arbiters", "Arbiters",
        {{"group", "Group", Unit::none}, {"rulings", "Rulings with a fee", Unit::count},
            {"fees_usd", "Fees", Unit::usd}},
        {}, 20};
    for (const auto& [id, arbiters] : commerce.arbiters)
        table.rows.push_back({source.groups()[id].name, count_of(arbiters.rulings), arbiters.fees});
    return table;
}

Table course_table(LedgerQueries& source, const Commerce& commerce)
{
    Table table{"course", "Escrow over time, USD at the time",
        {{"until", "Until", Unit::unix_time}, {"deals", "Deals opened", Unit::count},
            {"disputes", "Disputed", Unit::count}, {"opened_usd", "Paid in", Unit::usd},
            {"released_usd", "To sellers", Unit::usd}, {"refunded_usd", "To buyers", Unit::usd},
            {"arbitration_usd", "To arbiters", Unit::usd}, {"held_usd", "Held", Unit::usd}},
        {}, 0};
    for (std::size_t i = 0; i < commerce.pieces.size(); ++i)
    {
        const auto& piece = commerce.pieces[i];
        table.rows.push_back({source.piece_time(i), count_of(piece.deals), count_of(piece.disputes),
            piece.opened, piece.released, piece.refunded, piece.fees, piece.held});
    }
    return table;
}

void add_deal_figures(const Commerce& commerce, Section& section)
{
    std::uint64_t disputes = 0;
    std::uint64_t open = 0;
    double agreed = 0;
    double disputed = 0;
    double released = 0;
    double refunded = 0;
    std::vector<double> times;
    std::vector<double> waits;
    for (const auto& [key, deal] : commerce.deals)
    {
        agreed += deal.agreed;
        released += deal.released;
        refunded += deal.refunded;
        if (deal.has_dispute)
        {
            ++disputes;
            disputed += deal.agreed;
        }
        if (deal.settled_at == 0)
            ++open;
        else
            times.push_back(static_cast<double>(deal.settled_at - deal.opened_at));
        if (deal.disputed_at != 0 && deal.settled_at >= deal.disputed_at)
            waits.push_back(static_cast<double>(deal.settled_at - deal.disputed_at));
    }
    const auto deals = commerce.deals.size();
    const auto add = [&section](std::string key, std::string label, Value value, Unit unit) {
        section.figures.push_back({std::move(key), std::move(label), std::move(value), unit});
    };
    add("deals", "Deals in escrow", count_of(deals), Unit::count);
    add("open", "not settled at all", count_of(open), Unit::count);
    add("agreed_usd", "worth", agreed, Unit::usd);
    add("released_share", "Paid to sellers", share_of(released, agreed), Unit::share);
    add("refunded_share", "Given back to buyers", share_of(refunded, agreed), Unit::share);
    add("disputed_share", "Deals disputed", share_of_count(disputes, deals), Unit::share);
    add("rulings", "Rulings with a fee", count_of(commerce.rulings), Unit::count);
    add("arbitration_usd", "Arbiters' fees", commerce.fees, Unit::usd);
    add("arbitration_share", "of all deals' worth", share_of(commerce.fees, agreed), Unit::share);
    add("arbitration_of_disputed", "of the disputed deals' worth",
        share_of(commerce.fees, disputed), Unit::share);
    add("settled_median_seconds", "From the order to the last payment, median",
        median(std::move(times)), Unit::seconds);
    add("ruled_median_seconds", "From a dispute to its end, median", median(std::move(waits)),
        Unit::seconds);
}
}  // namespace

std::optional<Section> escrow_section(LedgerQueries& source)
{
    if (!source.has_blocks())
        return std::nullopt;
    Commerce commerce;
    const auto openings = read_moves(source, commerce);
    read_sales(source, openings, commerce);
    if (commerce.deals.empty() && commerce.sales == 0)
        return std::nullopt;
    read_costs(source, commerce);
    read_held(source, commerce);

    Section section{"escrow", "Escrow and trade in goods, at the prices of the time", {}, {}, {}};
    add_deal_figures(commerce, section);
    section.figures.push_back({"sales", "Goods ordered", count_of(commerce.sales), Unit::count});
    section.figures.push_back({"direct_share", "paid without escrow",
        share_of_count(commerce.direct, commerce.sales), Unit::share});
    section.figures.push_back({"direct_usd", "worth", commerce.direct_usd, Unit::usd});
    section.tables.push_back(sellers_table(source, commerce));
    section.tables.push_back(buyers_table(source, commerce));
    if (!commerce.causes.empty())
        section.tables.push_back(causes_table(commerce));
    if (!commerce.arbiters.empty())
        section.tables.push_back(arbiters_table(source, commerce));
    if (!commerce.deals.empty())
        section.tables.push_back(course_table(source, commerce));
    return section;
}

}  // namespace runnel::analytics
