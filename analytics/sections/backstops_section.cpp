#include "analytics/market.hpp"
#include "analytics/sections.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace runnel::analytics
{
namespace
{
constexpr std::uint64_t integer_max = std::numeric_limits<std::int64_t>::max();

/// One who bids in auctions of one kind.
struct Bidder
{
    std::uint64_t bids = 0;
    std::uint64_t won = 0;  // Auctions, settled.
    double got_usd = 0;
    double paid_usd = 0;
};

/// What the last bid of a running auction was worth when it was made.
struct LastBid
{
    double won_usd = 0;
    double given_usd = 0;
};

/// One system's auctions of one kind. What was sold counts once it is settled.
struct Auctions
{
    ContractId money{};
    ContractId governance{};
    std::uint64_t started = 0;
    std::uint64_t restarted = 0;
    std::uint64_t bids = 0;
    std::uint64_t settled = 0;
    std::uint64_t first_at = 0;
    std::uint64_t last_at = 0;  // Settled.
    SignedAmount money_sum;
    SignedAmount governance_sum;
    double money_usd = 0;
    double governance_usd = 0;
    std::map<std::uint64_t, LastBid> running;
    std::map<AccountId, Bidder> bidders;
};

/// A system, and whether it pays debt or sells a surplus.
using Key = std::pair<ContractId, std::string>;

std::map<Key, Auctions> read_auctions(LedgerQueries& source)
{
    std::map<Key, Auctions> result;
    Market market{source};
    std::uint64_t block = 0;
    auto rows = source.query(
        "SELECT a.block_number, a.contract_id, a.kind, a.transaction_type, a.auction, a.bidder_id, "
        "a.won_token_id, a.given_token_id, a.won_raw, a.given_raw, b.timestamp "
        "FROM t_backstop_auctions a JOIN t_blocks b ON b.number = a.block_number ORDER BY a.rowid");
    while (rows.step())
    {
        if (const auto next = rows.integer_up_to(0, integer_max); next != block)
            market.advance(block = next);
        const std::string kind{rows.text(2)};
        const bool is_deficit = kind == "deficit";
        const auto action = rows.text(3);
        auto& auctions = result[{rows.contract(1), kind}];
        auctions.money = rows.contract(is_deficit ? 7 : 6);
        auctions.governance = rows.contract(is_deficit ? 6 : 7);
        const auto number = rows.integer_up_to(4, integer_max);
        const auto time = rows.integer_up_to(10, integer_max);
        if (action == "start")
        {
            if (auctions.started++ == 0)
                auctions.first_at = time;
        }
        else if (action == "restart")
            ++auctions.restarted;
        else if (action == "bid")
        {
            ++auctions.bids;
            ++auctions.bidders[rows.account(5)].bids;
            auctions.running[number] = {market.usd(rows.amount(8), rows.contract(6)).value_or(0),
                market.usd(rows.amount(9), rows.contract(7)).value_or(0)};
        }
        else if (action == "settle")
        {
            const auto last = std::exchange(auctions.running[number], {});
            auctions.running.erase(number);
            ++auctions.settled;
            auctions.last_at = time;
            auctions.money_sum.add(rows.amount(is_deficit ? 9 : 8));
            auctions.governance_sum.add(rows.amount(is_deficit ? 8 : 9));
            auctions.money_usd += is_deficit ? last.given_usd : last.won_usd;
            auctions.governance_usd += is_deficit ? last.won_usd : last.given_usd;
            auto& bidder = auctions.bidders[rows.account(5)];
            ++bidder.won;
            bidder.got_usd += last.won_usd;
            bidder.paid_usd += last.given_usd;
        }
    }
    return result;
}

/// Whole tokens of the one per whole token of the other.
Value price(const LedgerQueries& source, const Auctions& auctions)
{
    const auto whole = [&source](const SignedAmount& amount, ContractId token)
    {
        const auto* facts = source.token(token);
        return amount.to_double() /
               Amount::power_of_ten(facts == nullptr ? 0 : facts->decimals).to_double();
    };
    const auto sold = whole(auctions.governance_sum, auctions.governance);
    return sold > 0 ? Value{whole(auctions.money_sum, auctions.money) / sold} : Value{};
}

Table auctions_table(LedgerQueries& source, const std::map<Key, Auctions>& all)
{
    Table table{"auctions", "Auctions",
        {{"auctions", "Of", Unit::none}, {"started", "Started", Unit::count},
            {"restarts", "again", Unit::count}, {"bids", "Bids", Unit::count},
            {"bidders", "Bidders", Unit::count}, {"settled", "Settled", Unit::count},
            {"winners", "Winners", Unit::count}, {"top_share", "won by the first", Unit::share},
            {"money", "Money", Unit::none}, {"governance", "Governance tokens", Unit::none},
            {"price", "Money per token", Unit::none},
            {"price_share", "of the price outside", Unit::share},
            {"span_seconds", "From the first start to the last settlement", Unit::seconds}},
        {}, 12};
    for (const auto& [key, auctions] : all)
    {
        std::uint64_t bidders = 0;
        std::uint64_t winners = 0;
        std::uint64_t most = 0;
        for (const auto& [account, bidder] : auctions.bidders)
        {
            ++bidders;
            winners += bidder.won > 0 ? 1 : 0;
            most = std::max(most, bidder.won);
        }
        table.rows.push_back({source.contract_name(key.first) + " " + key.second,
            count_of(auctions.started), count_of(auctions.restarted), count_of(auctions.bids),
            count_of(bidders), count_of(auctions.settled), count_of(winners),
            share_of(static_cast<double>(most), static_cast<double>(auctions.settled)),
            source.money(auctions.money_sum, auctions.money),
            source.money(auctions.governance_sum, auctions.governance), price(source, auctions),
            share_of(auctions.money_usd, auctions.governance_usd),
            auctions.settled == 0
                ? Value{}
                : Value{static_cast<double>(auctions.last_at - auctions.first_at)}});
    }
    return table;
}

Table bidders_table(LedgerQueries& source, const std::map<Key, Auctions>& all)
{
    Table table{"bidders", "Who won, by what it was worth when it was bid",
        {{"bidder", "Bidder", Unit::none}, {"auctions", "In auctions of", Unit::none},
            {"bids", "Bids", Unit::count}, {"won", "Won", Unit::count},
            {"got_usd", "Got", Unit::usd}, {"paid_usd", "Paid", Unit::usd}},
        {}, 12};
    for (const auto& [key, auctions] : all)
    {
        std::vector<std::pair<AccountId, Bidder>> bidders{
            auctions.bidders.begin(), auctions.bidders.end()};
        std::stable_sort(bidders.begin(), bidders.end(),
            [](const auto& a, const auto& b) { return a.second.got_usd > b.second.got_usd; });
        for (const auto& [account, bidder] : bidders)
        {
            table.rows.push_back(
                {source.account_name(account), source.contract_name(key.first) + " " + key.second,
                    count_of(bidder.bids), count_of(bidder.won), bidder.got_usd, bidder.paid_usd});
        }
    }
    return table;
}
}  // namespace

std::optional<Section> backstops_section(LedgerQueries& source)
{
    if (!source.has_blocks() || !source.has("t_backstop_auctions"))
        return std::nullopt;
    const auto all = read_auctions(source);
    if (all.empty())
        return std::nullopt;
    Section section{"backstops", "Auctions of surplus and bad debt", {}, {}, {}};
    section.tables.push_back(auctions_table(source, all));
    section.tables.push_back(bidders_table(source, all));
    return section;
}

}  // namespace runnel::analytics
