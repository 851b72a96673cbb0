#include "analytics/quantile.hpp"
#include "analytics/sections.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <utility>
#include <vector>

namespace runnel::analytics
{
namespace
{
constexpr std::uint64_t integer_max = std::numeric_limits<std::int64_t>::max();

/// One mixer while its rows are read.
struct Use
{
    ContractId token{};
    Amount denomination;
    std::uint64_t deposits = 0;
    std::uint64_t withdrawals = 0;
    std::uint64_t relayed = 0;
    std::vector<double> hidden_among;  // Unspent notes just before each withdrawal.
    std::vector<double> fee_shares;    // Of withdrawals that a relayer sent.
    std::map<AccountId, std::uint64_t> recipients;
    /// In each piece of the run, and what is unspent after it.
    struct Piece
    {
        std::uint64_t deposits = 0;
        std::uint64_t withdrawals = 0;
        std::uint64_t unspent = 0;
    };
    std::vector<Piece> pieces;
};

Value median(std::vector<double> values)
{
    if (values.empty())
        return {};
    std::sort(values.begin(), values.end());
    return quantile(values, 0.5);
}

std::map<ContractId, Use> read_uses(LedgerQueries& source)
{
    std::map<ContractId, Use> mixers;
    auto rows = source.query(
        "SELECT contract_id, type, account_id, token_id, amount, relayer_id, fee, block_number "
        "FROM t_mixer_moves ORDER BY rowid");
    while (rows.step())
    {
        auto& mixer = mixers[rows.contract(0)];
        mixer.token = rows.contract(3);
        mixer.denomination = rows.amount(4);
        const auto block = rows.integer_up_to(7, integer_max);
        mixer.pieces.resize(source.pieces());
        auto& piece = mixer.pieces.at(source.piece_of(block));
        if (rows.text(1) == "deposit")
        {
            ++mixer.deposits;
            ++piece.deposits;
            continue;
        }
        ++piece.withdrawals;
        mixer.hidden_among.push_back(static_cast<double>(mixer.deposits - mixer.withdrawals));
        ++mixer.withdrawals;
        ++mixer.recipients[rows.account(2)];
        if (const auto fee = rows.amount(6); !fee.is_zero())
        {
            ++mixer.relayed;
            mixer.fee_shares.push_back(fee.to_double() / mixer.denomination.to_double());
        }
    }
    for (auto& [id, mixer] : mixers)
    {
        std::uint64_t unspent = 0;
        for (auto& piece : mixer.pieces)
            piece.unspent = unspent = unspent + piece.deposits - piece.withdrawals;
    }
    return mixers;
}

/// Of the mixers with most deposits.
Table course_table(LedgerQueries& source, const std::map<ContractId, Use>& mixers)
{
    constexpr std::size_t mixers_max = 16;
    Table table{"course", "Mixers over time",
        {{"until", "Until", Unit::unix_time}, {"mixer", "Mixer", Unit::none},
            {"deposits", "Deposits", Unit::count}, {"withdrawals", "Withdrawals", Unit::count},
            {"unspent", "Unspent", Unit::count}},
        {}, 0};
    std::vector<std::pair<std::uint64_t, ContractId>> order;
    for (const auto& [id, mixer] : mixers)
        order.emplace_back(mixer.deposits, id);
    std::stable_sort(
        order.begin(), order.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
    order.resize(std::min(order.size(), mixers_max));
    for (const auto& [deposits, id] : order)
    {
        const auto& pieces = mixers.at(id).pieces;
        for (std::size_t i = 0; i < pieces.size(); ++i)
        {
            table.rows.push_back({source.piece_time(i), source.contract_name(id),
                static_cast<std::int64_t>(pieces[i].deposits),
                static_cast<std::int64_t>(pieces[i].withdrawals),
                static_cast<std::int64_t>(pieces[i].unspent)});
        }
    }
    return table;
}
}  // namespace

std::optional<Section> mixers_section(LedgerQueries& source)
{
    if (!source.has_blocks() || !source.has("t_mixer_moves"))
        return std::nullopt;
    const auto mixers = read_uses(source);
    if (mixers.empty())
        return std::nullopt;
    Section section{"mixers", "Mixers", {}, {}, {}};
    Table table{"mixers", "Mixers, by amount",
        {{"mixer", "Mixer", Unit::none}, {"denomination", "Amount", Unit::none},
            {"deposits", "Deposits", Unit::count}, {"withdrawals", "Withdrawals", Unit::count},
            {"unspent", "unspent", Unit::count}, {"hidden_among", "hidden among", Unit::count},
            {"relayed", "by relayers", Unit::share}, {"recipients", "Recipients", Unit::count}},
        {}, 20};
    Use all;
    for (const auto& [id, mixer] : mixers)
    {
        const auto withdrawals = static_cast<double>(mixer.withdrawals);
        table.rows.push_back({source.contract_name(id),
            source.money(mixer.denomination, mixer.token),
            static_cast<std::int64_t>(mixer.deposits), static_cast<std::int64_t>(mixer.withdrawals),
            static_cast<std::int64_t>(mixer.deposits - mixer.withdrawals),
            median(mixer.hidden_among), share_of(static_cast<double>(mixer.relayed), withdrawals),
            static_cast<std::int64_t>(mixer.recipients.size())});
        all.deposits += mixer.deposits;
        all.withdrawals += mixer.withdrawals;
        all.relayed += mixer.relayed;
        for (const auto& [account, count] : mixer.recipients)
            all.recipients[account] += count;
        all.hidden_among.insert(
            all.hidden_among.end(), mixer.hidden_among.begin(), mixer.hidden_among.end());
        all.fee_shares.insert(
            all.fee_shares.end(), mixer.fee_shares.begin(), mixer.fee_shares.end());
    }
    std::uint64_t to_reused = 0;
    std::uint64_t used_once = 0;
    for (const auto& [account, count] : all.recipients)
    {
        to_reused += count > 1 ? count : 0;
        used_once += count == 1 ? 1 : 0;
    }
    const auto withdrawals = static_cast<double>(all.withdrawals);
    section.figures = {
        {"deposits", "deposits", static_cast<std::int64_t>(all.deposits), Unit::count},
        {"withdrawals", "withdrawals", static_cast<std::int64_t>(all.withdrawals), Unit::count},
        {"unspent_end", "unspent at the end",
            static_cast<std::int64_t>(all.deposits - all.withdrawals), Unit::count},
        {"relayed_share", "withdrawals by relayers",
            share_of(static_cast<double>(all.relayed), withdrawals), Unit::share},
        {"fee_median", "a relayer's fee, median", median(all.fee_shares), Unit::share},
        {"recipients", "recipients", static_cast<std::int64_t>(all.recipients.size()), Unit::count},
        {"recipients_once", "recipients of one note",
            share_of(static_cast<double>(used_once), static_cast<double>(all.recipients.size())),
            Unit::share},
        {"to_reused_share", "withdrawals to addresses that get several",
            share_of(static_cast<double>(to_reused), withdrawals), Unit::share},
        {"hidden_among", "unspent notes at a withdrawal, median", median(all.hidden_among),
            Unit::count}};
    section.tables.push_back(std::move(table));
    section.tables.push_back(course_table(source, mixers));
    return section;
}

}  // namespace runnel::analytics
