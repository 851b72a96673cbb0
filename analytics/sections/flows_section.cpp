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

/// What stands for pairs, and for tokens, that are not told apart.
constexpr const char* others = "(others)";

/// Transfers of a token from one group to another, or between others, in each part of the run.
struct CourseOf
{
    std::string from;
    std::string to;
    std::string token;
    double usd = 0;  // Of the whole run.
    std::vector<FlowTotals::Course::Part> parts;
};

void add(CourseOf& sum, const CourseOf& one)
{
    sum.usd += one.usd;
    sum.parts.resize(one.parts.size());
    for (std::size_t part = 0; part < one.parts.size(); ++part)
    {
        sum.parts[part].usd += one.parts[part].usd;
        sum.parts[part].count += one.parts[part].count;
    }
}

void sort_by_usd(std::vector<CourseOf>& courses)
{
    std::stable_sort(courses.begin(), courses.end(),
        [](const CourseOf& a, const CourseOf& b) { return a.usd > b.usd; });
}

/// Those with most; the others summed by token, and those of tokens with little together.
std::vector<CourseOf> told_apart(std::vector<CourseOf> courses)
{
    constexpr std::size_t pairs_max = 150;
    constexpr std::size_t tokens_max = 50;
    sort_by_usd(courses);
    std::map<std::string, CourseOf> by_token;
    for (std::size_t i = pairs_max; i < courses.size(); ++i)
        add(by_token[courses[i].token], courses[i]);
    courses.resize(std::min(courses.size(), pairs_max));
    std::vector<CourseOf> rest;
    for (auto& [token, sum] : by_token)
        rest.push_back({others, others, token, sum.usd, std::move(sum.parts)});
    sort_by_usd(rest);
    CourseOf last{others, others, others, 0, {}};
    for (std::size_t i = 0; i < rest.size(); ++i)
    {
        if (i < tokens_max)
            courses.push_back(std::move(rest[i]));
        else
            add(last, rest[i]);
    }
    courses.push_back(std::move(last));
    return courses;
}

/// Transfers over time, of what had a price.
Table course_table(LedgerQueries& source, GroupId nobody)
{
    const auto& course = source.flows().course;
    std::vector<CourseOf> courses;
    for (const auto& [key, parts] : course.flows)
    {
        CourseOf one{payer_name(key, nobody, source), payee_name(key, nobody, source),
            source.token_name(key.token), 0, parts};
        for (const auto& part : parts)
            one.usd += part.usd;
        if (one.usd > 0)
            courses.push_back(std::move(one));
    }
    courses = told_apart(std::move(courses));
    Table table{"course", "Transfers over time, USD at the time",
        {{"until", "Until", Unit::unix_time}, {"from", "From", Unit::none},
            {"to", "To", Unit::none}, {"token", "Token", Unit::none},
            {"count", "Times", Unit::count}, {"usd", "USD", Unit::usd}},
        {}, 0};
    for (std::size_t part = 0; part < course.ends.size(); ++part)
    {
        const auto until = static_cast<std::int64_t>(source.time_of(course.ends[part]));
        for (const auto& one : courses)
        {
            if (part >= one.parts.size() || one.parts[part].count == 0)
                continue;
            table.rows.push_back({until, one.from, one.to, one.token,
                static_cast<std::int64_t>(one.parts[part].count), one.parts[part].usd});
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
