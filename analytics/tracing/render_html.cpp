#include "analytics/page/document.hpp"
#include "analytics/page/embedded.hpp"
#include "analytics/tracing/render_trace.hpp"
#include "analytics/tracing/shown_trace.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

namespace runnel::analytics::tracing
{
namespace
{
using Json = nlohmann::ordered_json;

/// What a page draws of each policy: more is no picture any longer.
constexpr std::size_t nodes_max = 300;
constexpr std::size_t hops_max = 3'000;
constexpr std::size_t moments_max = 60;

/// Weights have seven digits in a page: its bars and circles have three.
double rounded(double weight)
{
    const auto size = std::abs(weight);
    if (size == 0 || !std::isfinite(size))
        return 0;
    const auto scale = std::pow(10.0, 6 - std::floor(std::log10(size)));
    return std::isfinite(scale) ? std::round(weight * scale) / scale : weight;
}

/// When the page's slider stops: evenly from before the first hop to the last, and the end.
std::vector<std::uint64_t> moments_of(const std::vector<Trace>& traces, std::uint64_t end)
{
    auto first = end;
    std::uint64_t last = 0;
    for (const auto& trace : traces)
    {
        for (std::size_t i = 0; i < trace.hops.size(); ++i)
        {
            const auto hop = trace.hops[i];
            first = std::min(first, hop.first_block);
            last = std::max(last, hop.last_block);
        }
    }
    first -= first > 0 ? 1 : 0;
    last = std::max(first, last);
    const auto steps = std::min<std::uint64_t>(last - first, moments_max - 2);
    std::set<std::uint64_t> blocks{first, end};
    for (std::uint64_t i = 1; i <= steps; ++i)
    {
        const auto offset = static_cast<uint128>(last - first) * i / steps;
        blocks.insert(first + static_cast<std::uint64_t>(offset));
    }
    return {blocks.begin(), blocks.end()};
}

/// Accounts of all policies, in the order in which they are first named.
class Accounts
{
public:
    Accounts(LedgerQueries& source, const std::vector<Trace>& traces) : source_{source}
    {
        for (const auto& trace : traces)
        {
            for (const auto root : trace.roots)
                roots_.insert(root.account);
        }
        for (const auto& contract : source.contracts())
            kinds_.emplace(contract.account, contract.kind);
    }

    [[nodiscard]] std::size_t number_of(AccountId account, Shown& shown)
    {
        const auto [entry, added] = numbers_.try_emplace(account, list_.size());
        if (added)
        {
            list_.push_back({{"name", shown.name(account)}, {"role", role(account)},
                {"root", roots_.contains(account)},
                {"contract", account != zero_account && kinds_.contains(account)}});
        }
        return entry->second;
    }
    [[nodiscard]] bool is_root(AccountId account) const { return roots_.contains(account); }
    [[nodiscard]] Json take() { return std::move(list_); }

private:
    /// What colours it: a contract's kind, else the group.
    [[nodiscard]] std::string role(AccountId account) const
    {
        if (account == zero_account)
            return "nobody";
        if (const auto kind = kinds_.find(account); kind != kinds_.end())
            return kind->second;
        return source_.groups()[source_.group_of(account)].name;
    }

    LedgerQueries& source_;
    std::set<AccountId> roots_;
    std::map<AccountId, std::string> kinds_;
    std::map<AccountId, std::size_t> numbers_;
    Json list_ = Json::array();
};

/// What passed between two accounts, one of which is folded away.
struct Bundle
{
    double weight = 0;
    std::uint64_t hops = 0;
    std::uint64_t first_block = 0;
    std::uint64_t last_block = 0;

    void add(const Hop& hop, double hop_weight)
    {
        first_block = hops == 0 ? hop.first_block : std::min(first_block, hop.first_block);
        last_block = std::max(last_block, hop.last_block);
        weight += hop_weight;
        ++hops;
    }
};

/// One policy of a page.
class PolicyPage
{
public:
    PolicyPage(LedgerQueries& source, const Trace& trace, const TraceView& view, Accounts& accounts)
      : source_{source},
        shown_{source, trace},
        view_{view},
        accounts_{accounts},
        holders_{holders_of(shown_, view)}
    {
        choose();
    }

    [[nodiscard]] Json json(const TraceRequest& request, const std::vector<std::uint64_t>& moments)
    {
        const auto& trace = shown_.trace();
        Json object{{"name", to_string(trace.policy)}, {"poison", shown_.is_poison()},
            {"movements", trace.movements}};
        add_loot(object);
        add_nodes(object, request, moments);
        add_hops(object);
        return object;
    }

private:
    [[nodiscard]] double weight(const Hop& hop)
    {
        return shown_.weight(hop.units, hop.amount, hop.to.token);
    }

    /// Who is drawn: where the trace begins, and whoever has or has passed on most.
    void choose()
    {
        std::map<AccountId, double> scores;
        for (const auto& holder : holders_)
            scores[holder.account] = holder.weight;
        std::map<AccountId, double> received;
        for (const auto& hop : shown_.trace().hops)
        {
            if (!shown_.is_shown(hop, view_))
                continue;
            const auto mine = weight(hop);
            scores.try_emplace(hop.from.account, 0);
            scores.try_emplace(hop.to.account, 0);
            if (hop.from.account != hop.to.account)
                received[hop.to.account] += mine;
        }
        std::vector<std::pair<double, AccountId>> order;
        for (const auto root : shown_.trace().roots)
            scores.try_emplace(root.account, 0);
        for (const auto& [account, score] : scores)
        {
            const auto found = received.find(account);
            order.emplace_back(
                std::max(score, found == received.end() ? 0 : found->second), account);
        }
        std::stable_sort(order.begin(), order.end(),
            [&](const auto& a, const auto& b)
            {
                const bool a_is_root = accounts_.is_root(a.second);
                const bool b_is_root = accounts_.is_root(b.second);
                return a_is_root != b_is_root ? a_is_root : a.first > b.first;
            });
        others_ = order.size() > nodes_max ? order.size() - nodes_max : 0;
        order.resize(order.size() - others_);
        for (const auto& [score, account] : order)
        {
            chosen_.push_back(account);
            columns_.emplace(account, columns_.size());
        }
    }

    /// Where an account's figures stand; the folded ones share the last place.
    [[nodiscard]] std::size_t column_of(AccountId account) const
    {
        const auto found = columns_.find(account);
        return found == columns_.end() ? columns_.size() : found->second;
    }

    void add_loot(Json& object)
    {
        const auto& trace = shown_.trace();
        Units taken;
        double value = 0;
        auto& kinds = object["kinds"] = Json::array();
        for (std::uint32_t i = 0; i < trace.kinds.size(); ++i)
        {
            const auto& kind = trace.kinds[i];
            add_units(taken, {{i, kind.taken}});
            value += kind.value;
            const auto money = shown_.money(kind.taken, kind.token);
            auto name = money.symbol;
            if (kind.source != zero_account && trace.policy == PolicyKind::provenance)
                name += " of " + shown_.name(kind.source);
            kinds.push_back(
                {{"name", name}, {"decimals", money.decimals}, {"symbol", money.symbol}});
        }
        object["loot"] = trace.kinds.empty() ? "none" : shown_.loot(taken);
        object["value_usd"] = value;
        if (!shown_.is_poison())
        {
            object["sums_to_loot"] = sum_of_stakes(trace.stakes) == taken;
            object["error_below_units"] = trace.roundings + 1;
        }
    }

    void add_nodes(
        Json& object, const TraceRequest& request, const std::vector<std::uint64_t>& moments)
    {
        std::vector<std::vector<double>> series(
            columns_.size() + 1, std::vector<double>(moments.size()));
        const auto add = [&](std::size_t moment, const std::vector<Stake>& stakes)
        {
            for (const auto& stake : stakes)
            {
                series[column_of(holder_of(stake))][moment] +=
                    shown_.weight(stake.units, stake.balance, stake.place.token);
            }
        };
        static_cast<void>(make_trace(source_, request, {moments, add}));
        std::map<AccountId, const Holder*> holders;
        double folded = 0;
        for (const auto& holder : holders_)
        {
            holders.emplace(holder.account, &holder);
            folded += columns_.contains(holder.account) ? 0 : holder.weight;
        }
        const auto curve = [&](std::size_t column)
        {
            auto list = Json::array();
            for (const auto weight : series[column])
                list.push_back(rounded(weight));
            return list;
        };
        auto& nodes = object["nodes"] = Json::array();
        for (const auto account : chosen_)
        {
            auto node = Json::object();
            node["account"] = accounts_.number_of(account, shown_);
            if (const auto found = holders.find(account); found != holders.end())
            {
                node["weight"] = rounded(found->second->weight);
                node["loot"] = shown_.is_poison() ? "" : shown_.loot(found->second->units);
                node["places"] = places_of(shown_, source_, *found->second);
            }
            node["curve"] = curve(column_of(account));
            nodes.push_back(std::move(node));
        }
        object["others"] = {
            {"accounts", others_}, {"weight", rounded(folded)}, {"curve", curve(columns_.size())}};
    }

    void add_hops(Json& object)
    {
        std::vector<std::pair<double, std::size_t>> order;
        std::map<std::pair<std::int64_t, std::int64_t>, Bundle> bundles;
        std::uint64_t below_min = 0;
        std::uint64_t among_others = 0;
        const auto number = [&](AccountId account) -> std::int64_t
        {
            return columns_.contains(account)
                       ? static_cast<std::int64_t>(accounts_.number_of(account, shown_))
                       : -1;
        };
        const auto& all = shown_.trace().hops;
        for (std::size_t place = 0; place < all.size(); ++place)
        {
            const auto hop = all[place];
            const auto ends = std::pair{number(hop.from.account), number(hop.to.account)};
            if (!shown_.is_shown(hop, view_))
                ++below_min;
            else if (ends.first < 0 && ends.second < 0)
                ++among_others;
            else if (ends.first < 0 || ends.second < 0)
                bundles[ends].add(hop, weight(hop));
            else
                order.emplace_back(weight(hop), place);
        }
        std::stable_sort(order.begin(), order.end(),
            [](const auto& a, const auto& b) { return a.first > b.first; });
        const auto count = std::min(order.size(), hops_max);
        auto& hops = object["hops"] = Json::array();
        for (std::size_t i = 0; i < count; ++i)
            hops.push_back(hop_json(all[order[i].second], order[i].first));
        auto& bundled = object["bundles"] = Json::array();
        for (const auto& [ends, bundle] : bundles)
        {
            bundled.push_back({ends.first, ends.second, rounded(bundle.weight), bundle.hops,
                bundle.first_block, bundle.last_block});
        }
        object["hops_left_out"] = order.size() - count;
        object["hops_below_min"] = below_min;
        object["hops_among_others"] = among_others;
        object["movements_not_told_apart"] = shown_.trace().hops_lost;
    }

    /// In the page's order: from, to, weight, loot by kind, amount, token before, through, count,
    /// blocks.
    [[nodiscard]] Json hop_json(const Hop& hop, double mine)
    {
        auto loot = Json::array();
        if (!shown_.is_poison())
        {
            for (const auto& part : hop.units)
                loot.push_back({part.kind, part.units.to_string()});
        }
        const auto money = shown_.money(hop.amount, hop.to.token);
        const bool is_same = hop.from.token == hop.to.token;
        return {accounts_.number_of(hop.from.account, shown_),
            accounts_.number_of(hop.to.account, shown_), rounded(mine), std::move(loot),
            Json::array({money.raw, money.decimals, money.symbol}),
            is_same ? Json(nullptr) : Json(source_.token_name(hop.from.token)),
            hop.through == zero_account ? Json(nullptr) : Json(shown_.name(hop.through)), hop.count,
            hop.first_block, hop.last_block};
    }

    LedgerQueries& source_;
    Shown shown_;
    const TraceView& view_;
    Accounts& accounts_;
    std::vector<Holder> holders_;
    std::vector<AccountId> chosen_;  // By what they had or passed on.
    std::map<AccountId, std::size_t> columns_;
    std::size_t others_ = 0;
};

std::string title_of(LedgerQueries& source, const TraceRequest& request)
{
    if (request.transaction)
        return fmt::format(
            "Where the loot of transaction {} went", request.transaction->to_string());
    std::vector<std::string> names;
    for (const auto account : request.sources)
        names.push_back(source.account_name(account));
    const auto who = fmt::format("{}", fmt::join(names, ", "));
    return request.direction == Direction::forward
               ? fmt::format("Where the loot of {} went", who)
               : fmt::format("Where what {} has came from", who);
}

std::string subtitle_of(const LedgerQueries& source)
{
    std::vector<std::string> parts;
    for (const auto* key : {"title", "scenario_name"})
    {
        if (!source.manifest(key).empty())
            parts.push_back(source.manifest(key));
    }
    parts.push_back(fmt::format("{} blocks", source.last_block()));
    return fmt::format("{}", fmt::join(parts, " · "));
}
}  // namespace

std::string trace_html(LedgerQueries& source, TraceRequest request,
    const std::vector<Trace>& traces, const TraceView& view)
{
    const auto end =
        std::min(request.until_block.value_or(source.last_block()), source.last_block());
    const auto moments = moments_of(traces, end);
    Accounts accounts{source, traces};
    Json content{{"title", title_of(source, request)}, {"subtitle", subtitle_of(source)},
        {"forward", request.direction == Direction::forward}, {"min", view.min}};
    content["moments"] = moments;
    auto& times = content["times"] = Json::array();
    for (const auto block : moments)
        times.push_back(source.time_of(block));
    auto& policies = content["policies"] = Json::array();
    for (const auto& trace : traces)
    {
        request.policy = trace.policy;
        policies.push_back(PolicyPage{source, trace, view, accounts}.json(request, moments));
    }
    content["accounts"] = accounts.take();
    const auto style = fmt::format("{}{}", page::style(), page::trace_style());
    return page::filled(page::trace_html(), content["title"], content, style, page::trace_script());
}

bool is_html_trace(std::string_view beginning)
{
    return page::begins_as(page::trace_html(), beginning);
}

}  // namespace runnel::analytics::tracing
