#include "analytics/convertibles.hpp"

#include "analytics/signed_amount.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

namespace runnel::analytics
{
namespace
{
constexpr std::uint64_t integer_max = std::numeric_limits<std::int64_t>::max();
constexpr std::uint64_t day_seconds = 86'400;

/// One of the two tokens of a protocol.
struct Course
{
    Amount first;
    Amount last;
    SignedAmount minted;
    SignedAmount burned;
    SignedAmount kept;  // By the protocol, of what was minted.
};

struct Day
{
    bool is_known = false;
    Amount stable_supply;  // At its end.
    Amount volatile_supply;
    double volatile_price = 0;  // USD, that the protocol converted at.
    SignedAmount minted;        // Of the stablecoin.
    SignedAmount redeemed;
};

struct Convertible
{
    ContractId stable{};
    ContractId volatile_{};
    Course stable_course;
    Course volatile_course;
    std::vector<Day> days;
};

using Convertibles = std::map<ContractId, Convertible>;

Day& at(Convertible& coin, std::size_t day)
{
    if (day >= coin.days.size())
        coin.days.resize(day + 1);
    return coin.days[day];
}

void read_states(LedgerQueries& source, Convertibles& all)
{
    auto rows = source.query(
        "SELECT s.contract_id, s.stable_token_id, s.volatile_token_id, s.stable_supply, "
        "s.volatile_supply, s.volatile_price, b.timestamp FROM t_stablecoin_states s JOIN t_blocks "
        "b ON b.number = s.block_number ORDER BY s.rowid");
    while (rows.step())
    {
        auto [found, is_new] = all.try_emplace(rows.contract(0));
        auto& coin = found->second;
        coin.stable = rows.contract(1);
        coin.volatile_ = rows.contract(2);
        coin.stable_course.last = rows.amount(3);
        coin.volatile_course.last = rows.amount(4);
        if (is_new)
        {
            coin.stable_course.first = coin.stable_course.last;
            coin.volatile_course.first = coin.volatile_course.last;
        }
        auto& day = at(coin, day_of(source, rows.integer_up_to(6, integer_max)));
        day.is_known = true;
        day.stable_supply = coin.stable_course.last;
        day.volatile_supply = coin.volatile_course.last;
        day.volatile_price = rows.amount(5).to_double() * 1e-8;
    }
}

void read_conversions(LedgerQueries& source, Convertibles& all)
{
    if (!source.has("t_stablecoin_conversions"))
        return;
    auto rows = source.query(
        "SELECT c.contract_id, c.transaction_type, c.amount_burned_raw, c.amount_minted_raw, "
        "c.fee_raw, b.timestamp FROM t_stablecoin_conversions c JOIN t_blocks b ON b.number = "
        "c.block_number ORDER BY c.rowid");
    while (rows.step())
    {
        auto& coin = all[rows.contract(0)];
        const bool redeems = rows.text(1) == "redeem";
        auto& burned = redeems ? coin.stable_course : coin.volatile_course;
        auto& minted = redeems ? coin.volatile_course : coin.stable_course;
        burned.burned.add(rows.amount(2));
        minted.minted.add(rows.amount(3));
        minted.minted.add(rows.amount(4));
        minted.kept.add(rows.amount(4));
        auto& day = at(coin, day_of(source, rows.integer_up_to(5, integer_max)));
        if (redeems)
        {
            day.redeemed.add(rows.amount(2));
        }
        else
        {
            day.minted.add(rows.amount(3));
            day.minted.add(rows.amount(4));
        }
    }
}
}  // namespace

std::size_t day_of(const LedgerQueries& source, std::uint64_t timestamp)
{
    const auto passed = timestamp - std::min(timestamp, source.start_time());
    return passed == 0 ? 0 : (passed - 1) / day_seconds;
}

std::vector<Table> convertible_tables(LedgerQueries& source,
    const std::function<std::optional<double>(ContractId token, std::size_t day)>& price)
{
    if (!source.has("t_stablecoin_states"))
        return {};
    Convertibles all;
    read_states(source, all);
    read_conversions(source, all);
    if (all.empty())
        return {};
    Table supplies{"supplies", "Stablecoins and what they convert into",
        {{"token", "Protocol and token", Unit::none}, {"start", "Supply, start", Unit::none},
            {"end", "end", Unit::none}, {"factor", "End / start", Unit::ratio},
            {"minted", "Minted", Unit::none}, {"burned", "Burned", Unit::none},
            {"kept", "Kept by the protocol", Unit::none}},
        {}, 24};
    Table days{"days", "Stablecoins at the end of each day",
        {{"day", "Protocol, stablecoin, day", Unit::none}, {"price", "Price", Unit::none},
            {"supply", "Supply", Unit::none}, {"redeemed", "Redeemed that day", Unit::none},
            {"minted", "Minted that day", Unit::none},
            {"volatile_price_usd", "Price converted at", Unit::none},
            {"volatile_supply", "Supply of that", Unit::none}},
        {}, 24};
    for (const auto& [id, coin] : all)
    {
        const auto put = [&](ContractId token, const Course& course)
        {
            const auto start = course.first.to_double();
            supplies.rows.push_back({source.contract_name(id) + " " + source.token_name(token),
                source.money(SignedAmount{course.first}, token),
                source.money(SignedAmount{course.last}, token),
                start > 0 ? Value{course.last.to_double() / start} : Value{},
                source.money(course.minted, token), source.money(course.burned, token),
                source.money(course.kept, token)});
        };
        put(coin.stable, coin.stable_course);
        put(coin.volatile_, coin.volatile_course);
        for (std::size_t i = 0; i < coin.days.size(); ++i)
        {
            const auto& day = coin.days[i];
            if (!day.is_known)
                continue;
            const auto close = price(coin.stable, i);
            days.rows.push_back({source.contract_name(id) + " " + source.token_name(coin.stable) +
                                     " day " + std::to_string(i + 1),
                value_of(close), source.money(SignedAmount{day.stable_supply}, coin.stable),
                source.money(day.redeemed, coin.stable), source.money(day.minted, coin.stable),
                day.volatile_price,
                source.money(SignedAmount{day.volatile_supply}, coin.volatile_)});
        }
    }
    return {std::move(supplies), std::move(days)};
}

}  // namespace runnel::analytics
