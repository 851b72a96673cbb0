#include "analytics/sections.hpp"
#include "analytics/totals.hpp"

#include <algorithm>

namespace runnel::analytics
{
namespace
{
std::string payer_name(const FlowTotals::Key& key, GroupId nobody, const LedgerQueries& source)
{
    return key.from == nobody ? "(mint)" : source.groups()[key.from].name;
}

std::string payee_name(const FlowTotals::Key& key, GroupId nobody, const LedgerQueries& source)
{
    return key.to == nobody ? "(burn)" : source.groups()[key.to].name;
}
/// Transfers over time, of the pairs with most; the others together.
Table course_table(LedgerQueries& source, GroupId nobody)
{
    constexpr std::size_t pairs_max = 40;
    const auto& course = source.flows().course;
    struct Pair
    {
        GroupId from = 0;
        GroupId to = 0;
        double usd = 0;
    };
    std::vector<Pair> pairs;
    for (GroupId from = 0; from < course.groups; ++from)
    {
        for (GroupId to = 0; to < course.groups; ++to)
        {
            Pair pair{from, to, 0};
            for (std::size_t part = 0; part < course.ends.size(); ++part)
                pair.usd += course.usd[course.position(part, from, to)];
            if (pair.usd > 0)
                pairs.push_back(pair);
        }
    }
    std::stable_sort(
        pairs.begin(), pairs.end(), [](const Pair& a, const Pair& b) { return a.usd > b.usd; });
    Table table{"course", "Transfers over time, USD at the time",
        {{"until", "Until", Unit::unix_time}, {"from", "From", Unit::none},
            {"to", "To", Unit::none}, {"count", "Times", Unit::count}, {"usd", "USD", Unit::usd}},
        {}, 0};
    for (std::size_t part = 0; part < course.ends.size(); ++part)
    {
        const auto until = static_cast<std::int64_t>(source.time_of(course.ends[part]));
        double rest_usd = 0;
        std::uint64_t rest_count = 0;
        for (std::size_t i = 0; i < pairs.size(); ++i)
        {
            const auto& [from, to, sum] = pairs[i];
            const auto position = course.position(part, from, to);
            const auto usd = course.usd[position];
            const auto count = course.counts[position];
            if (i >= pairs_max)
            {
                rest_usd += usd;
                rest_count += count;
            }
            else if (count > 0)
            {
                table.rows.push_back({until, payer_name({{}, {}, from, to}, nobody, source),
                    payee_name({{}, {}, from, to}, nobody, source),
                    static_cast<std::int64_t>(count), usd});
            }
        }
        if (rest_count > 0)
        {
            table.rows.push_back({until, std::string{"(others)"}, std::string{"(others)"},
                static_cast<std::int64_t>(rest_count), rest_usd});
        }
    }
    return table;
}
}  // namespace

std::optional<Section> flows_section(LedgerQueries& source)
{
    if (!source.has_blocks())
        return std::nullopt;
    const auto& totals = source.flows();
    if (totals.flows.empty())
        return std::nullopt;
    std::vector<std::pair<FlowTotals::Key, FlowTotals::Flow>> flows{
        totals.flows.begin(), totals.flows.end()};
    std::stable_sort(flows.begin(), flows.end(),
        [](const auto& a, const auto& b)
        {
            return a.second.usd != b.second.usd ? a.second.usd > b.second.usd
                                                : a.second.count > b.second.count;
        });

    Section section{"flows", "Flows of money", {}, {}, {}};
    Table table{"flows", "Who paid whom, USD at the time",
        {{"from", "From", Unit::none}, {"to", "To", Unit::none}, {"kind", "Kind", Unit::none},
            {"token", "", Unit::none}, {"count", "Times", Unit::count},
            {"amount", "Amount", Unit::none}, {"usd", "USD", Unit::usd}},
        {}, 18};
    const auto nobody = source.group_of(zero_account);
    std::map<ContractId, FlowTotals::Flow> by_token;
    for (const auto& [key, flow] : flows)
    {
        table.rows.push_back({payer_name(key, nobody, source), payee_name(key, nobody, source),
            std::string{to_string(key.kind)}, source.token_name(key.token),
            static_cast<std::int64_t>(flow.count), source.money(flow.amount, key.token),
            flow.priced ? Value{flow.usd} : Value{}});
        if (key.kind != FlowKind::transfer)
            continue;
        auto& sum = by_token[key.token];
        sum.count += flow.count;
        sum.amount.add(flow.amount);
        sum.usd += flow.usd;
        sum.priced = sum.priced || flow.priced;
    }
    Table tokens{"tokens", "Transfers by token, USD at the time",
        {{"token", "Token", Unit::none}, {"transfers", "Transfers", Unit::count},
            {"amount", "Amount", Unit::none}, {"usd", "USD", Unit::usd}},
        {}, 12};
    for (const auto& [token, sum] : by_token)
    {
        tokens.rows.push_back({source.token_name(token), static_cast<std::int64_t>(sum.count),
            source.money(sum.amount, token), sum.priced ? Value{sum.usd} : Value{}});
    }
    if (!tokens.rows.empty())
        section.tables.push_back(std::move(tokens));
    section.tables.push_back(std::move(table));
    if (auto course = course_table(source, nobody); !course.rows.empty())
        section.tables.push_back(std::move(course));
    return section;
}

}  // namespace runnel::analytics
