#include "analytics/tracing/render_trace.hpp"

#include "analytics/json_stream.hpp"
#include "analytics/render.hpp"
#include "analytics/tracing/shown_trace.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <map>
#include <set>
#include <span>
#include <unordered_map>
#include <utility>

namespace runnel::analytics::tracing
{
namespace
{

std::string blocks_of(const Hop& hop)
{
    return hop.first_block == hop.last_block
               ? fmt::format("block {}", hop.first_block)
               : fmt::format("blocks {} to {}", hop.first_block, hop.last_block);
}

class Tree
{
public:
    Tree(Shown& shown, const TraceView& view) : shown_{shown}, view_{view}
    {
        const auto& all = shown.trace().hops;
        opens_.resize(all.size());
        for (std::size_t begin = 0; begin < all.size();)
        {
            auto end = begin;
            const auto place = all.from(begin);
            std::vector<std::pair<double, std::uint32_t>> weighed;
            for (; end < all.size() && all.from(end) == place; ++end)
            {
                const auto hop = all[end];
                if (shown.is_shown(hop, view))
                    weighed.emplace_back(weight(hop), static_cast<std::uint32_t>(end));
                else
                    ++pruned_;
            }
            std::stable_sort(weighed.begin(), weighed.end(),
                [](const auto& a, const auto& b) { return a.first > b.first; });
            if (!weighed.empty())
            {
                const auto first = order_.size();
                for (const auto& entry : weighed)
                    order_.push_back(entry.second);
                hops_.emplace(place, std::pair{first, order_.size()});
            }
            begin = end;
        }
        // A place is expanded where the fewest hops lead to it.
        std::vector<Place> row = shown.trace().roots;
        std::set<Place> expanded{row.begin(), row.end()};
        while (!row.empty())
        {
            std::vector<Place> next;
            for (const auto place : row)
            {
                for (const auto hop : of(place))
                {
                    const auto to = all.to(hop);
                    if (!expanded.insert(to).second)
                        continue;
                    opens_[hop] = true;
                    next.push_back(to);
                }
            }
            row = std::move(next);
        }
    }

    [[nodiscard]] std::string text()
    {
        for (const auto root : shown_.trace().roots)
        {
            if (of(root).empty() && shown_.trace().roots.size() > 1)
                continue;
            line([&] { return shown_.place_name(root); });
            below(root, "", 1);
        }
        if (left_out_ > 0)
        {
            out_ += fmt::format(
                "({} more lines: --lines shows them, --min prunes, --json has all)\n", left_out_);
        }
        if (pruned_ > 0)
            out_ += fmt::format("({} hops below --min)\n", pruned_);
        if (shown_.trace().hops_lost > 0)
        {
            out_ += fmt::format("({} movements between more pairs than are told apart)\n",
                shown_.trace().hops_lost);
        }
        return std::move(out_);
    }

private:
    [[nodiscard]] double weight(const Hop& hop)
    {
        return shown_.weight(hop.units, hop.amount, hop.to.token);
    }
    /// The hops from there that are shown, by their weight.
    [[nodiscard]] std::span<const std::uint32_t> of(Place place) const
    {
        const auto found = hops_.find(place);
        if (found == hops_.end())
            return {};
        const auto [first, last] = found->second;
        return std::span{order_}.subspan(first, last - first);
    }
    /// @p text makes it; it is not asked for what nobody sees.
    template <typename Text>
    void line(const Text& text)
    {
        if (lines_++ < view_.lines)
            out_ += text() + '\n';
        else
            ++left_out_;
    }
    void below(Place place, const std::string& indent, std::size_t depth)
    {
        const auto& all = shown_.trace().hops;
        const auto hops = of(place);
        for (std::size_t i = 0; i < hops.size(); ++i)
        {
            const auto to = all.to(hops[i]);
            const bool is_last = i + 1 == hops.size();
            const bool opens = opens_[hops[i]];
            const bool goes_on = !of(to).empty();
            const bool is_deep = opens && depth >= view_.depth && goes_on;
            line(
                [&]
                {
                    return fmt::format("{}{} {}{}", indent, is_last ? "└─" : "├─",
                        described(all[hops[i]]),
                        is_deep             ? " …"
                        : !opens && goes_on ? " (see there)"
                                            : "");
                });
            if (opens && !is_deep)
                below(to, indent + (is_last ? "   " : "│  "), depth + 1);
        }
    }
    [[nodiscard]] std::string described(const Hop& hop)
    {
        const bool forward = shown_.trace().direction == Direction::forward;
        std::string text;
        if (!shown_.is_poison())
            text =
                fmt::format("{} ({:.2f}%) ", shown_.loot(hop.units), 100 * shown_.share(hop.units));
        text += fmt::format("{} {}: {}", forward ? "→" : "←", shown_.name(hop.to.account),
            shown_.amount(hop.amount, hop.to.token));
        if (hop.through != zero_account)
            text += fmt::format(" through {}", shown_.name(hop.through));
        if (hop.count > 1)
            text += fmt::format(", {} times", hop.count);
        return fmt::format("{}, {}", text, blocks_of(hop));
    }

    Shown& shown_;
    const TraceView& view_;
    /// Positions in the trace's hops, each place's together.
    std::vector<std::uint32_t> order_;
    std::map<Place, std::pair<std::size_t, std::size_t>> hops_;  // Of each place, in order_.
    std::vector<bool> opens_;                                    // By the position of the hop.
    std::string out_;
    std::size_t lines_ = 0;
    std::size_t left_out_ = 0;
    std::size_t pruned_ = 0;
};

/// Columns as wide as their widest cell.
std::string table_text(const std::vector<std::vector<std::string>>& rows)
{
    std::vector<std::size_t> widths;
    const auto width_of = [](const std::string& text)
    {
        return static_cast<std::size_t>(std::count_if(text.begin(), text.end(),
            [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
    };
    for (const auto& row : rows)
    {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i)
            widths[i] = std::max(widths[i], width_of(row[i]));
    }
    std::string out;
    for (const auto& row : rows)
    {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i)
        {
            line += row[i];
            if (i + 1 < row.size())
                line += std::string(widths[i] - width_of(row[i]) + 2, ' ');
        }
        out += line + '\n';
    }
    return out;
}

std::string percent(double share)
{
    return fmt::format("{:.2f}%", 100 * share);
}

std::string head_text(Shown& shown)
{
    const auto& trace = shown.trace();
    Units taken;
    double value = 0;
    for (std::uint32_t i = 0; i < trace.kinds.size(); ++i)
    {
        add_units(taken, {{i, trace.kinds[i].taken}});
        value += trace.kinds[i].value;
    }
    const bool forward = trace.direction == Direction::forward;
    auto text = fmt::format(
        "{} by {}\n", forward ? "Where it went," : "Where it came from,", to_string(trace.policy));
    text += fmt::format("{}: {}", forward ? "Loot" : "What is there",
        trace.kinds.empty() ? "none" : shown.loot(taken));
    if (value > 0)
        text += fmt::format(" (${})", grouped(value, 0));
    text += fmt::format(", of {} movements in {} blocks\n", trace.movements, trace.last_block);
    if (shown.is_poison())
        text +=
            "Poison marks whatever a marked holding pays: the amounts do not add up to the loot.\n";
    else
    {
        text += fmt::format("{} Rounding: no holding is wrong by {} smallest units.\n",
            sum_of_stakes(trace.stakes) == taken ? "All of it is accounted for."
                                                 : "NOT ALL OF IT IS ACCOUNTED FOR.",
            trace.roundings + 1);
    }
    return text;
}

std::string loans_text(Shown& shown)
{
    const auto& loans = shown.trace().loans;
    if (loans.empty())
        return {};
    std::string text = "\nBorrowed while loot secured it (no proceeds, and not followed)\n";
    std::vector<std::vector<std::string>> rows{{"borrower", "of", "amount", "block"}};
    constexpr std::size_t rows_max = 12;
    for (std::size_t i = 0; i < std::min(loans.size(), rows_max); ++i)
    {
        rows.push_back({shown.name(loans[i].borrower), shown.name(loans[i].contract),
            shown.amount(loans[i].amount, loans[i].token), std::to_string(loans[i].block)});
    }
    text += table_text(rows);
    if (loans.size() > rows_max)
        text += fmt::format("({} more: --json has all)\n", loans.size() - rows_max);
    return text;
}

std::string single_text(LedgerQueries& source, const Trace& trace, const TraceView& view)
{
    Shown shown{source, trace};
    auto text = head_text(shown);
    text += '\n' + Tree{shown, view}.text();
    const auto holders = holders_of(shown, view);
    text += fmt::format("\n{}\n",
        trace.direction == Direction::forward ? "Who has it at the end" : "Who had it first");
    std::vector<std::vector<std::string>> rows;
    if (shown.is_poison())
        rows.push_back({"account", "marked, USD", "marked"});
    else
        rows.push_back({"account", "share", "loot", "as"});
    for (std::size_t i = 0; i < std::min(holders.size(), view.rows); ++i)
    {
        const auto& holder = holders[i];
        if (shown.is_poison())
        {
            rows.push_back({shown.name(holder.account), grouped(holder.weight, 0),
                places_of(shown, source, holder)});
        }
        else
        {
            rows.push_back({shown.name(holder.account), percent(holder.weight),
                shown.loot(holder.units), places_of(shown, source, holder)});
        }
    }
    text += table_text(rows);
    if (holders.size() > view.rows)
        text += fmt::format("({} more: --rows shows them)\n", holders.size() - view.rows);
    return text + loans_text(shown);
}

std::string side_by_side(
    LedgerQueries& source, const std::vector<Trace>& traces, const TraceView& view)
{
    std::string text;
    std::map<AccountId, std::vector<double>> weights;
    std::vector<std::string> titles{"account"};
    for (std::size_t i = 0; i < traces.size(); ++i)
    {
        Shown shown{source, traces[i]};
        text += head_text(shown) + '\n';
        titles.push_back(fmt::format(
            "{}{}", to_string(traces[i].policy), shown.is_poison() ? ", USD marked" : ""));
        for (const auto& holder : holders_of(shown, view))
        {
            auto& row = weights[holder.account];
            row.resize(traces.size(), -1);
            row[i] = holder.weight;
        }
    }
    std::vector<std::pair<AccountId, std::vector<double>>> order{weights.begin(), weights.end()};
    std::stable_sort(order.begin(), order.end(),
        [](const auto& a, const auto& b) { return a.second > b.second; });
    std::vector<std::vector<std::string>> rows{titles};
    Shown names{source, traces.front()};
    for (std::size_t i = 0; i < std::min(order.size(), view.rows); ++i)
    {
        std::vector<std::string> row{names.name(order[i].first)};
        for (std::size_t k = 0; k < traces.size(); ++k)
        {
            const auto weight = order[i].second[k];
            row.push_back(weight < 0                               ? "-"
                          : traces[k].policy == PolicyKind::poison ? grouped(weight, 0)
                                                                   : percent(weight));
        }
        rows.push_back(std::move(row));
    }
    text += "Who has it at the end, by policy\n" + table_text(rows);
    if (order.size() > view.rows)
        text += fmt::format("({} more: --rows shows them)\n", order.size() - view.rows);
    return text;
}

/// An exact amount and what it is in whole tokens.
void write_amount(
    JsonStream& json, Shown& shown, std::string_view name, const Amount& amount, ContractId token)
{
    // A quotation mark at either end.
    std::array<char, 82> raw{'"'};
    const auto digits = amount.write_decimal(raw.data() + 1);
    raw[digits + 1] = '"';
    json.key(fmt::format("{}_raw", name)).value({raw.data(), digits + 2});
    json.key(name).real(shown.whole(amount, token));
}

/// Units by kind; with @p value also what the kind was worth.
void write_units(JsonStream& json, Shown& shown, const Units& units, bool value = false)
{
    json.begin_array();
    for (const auto& part : units)
    {
        const auto& kind = shown.trace().kinds[part.kind];
        json.begin_object();
        json.key("token").value(shown.token_json(kind.token));
        if (kind.source != zero_account)
            json.key("source").value(shown.name_json(kind.source));
        write_amount(json, shown, "amount", part.units, kind.token);
        if (value)
            json.key("value_usd").real(kind.value);
        json.end_object();
    }
    json.end_array();
}

/// The members of an object that says where something is.
void write_place(JsonStream& json, Shown& shown, Place place)
{
    json.key("account").value(shown.name_json(place.account));
    json.key("token").value(shown.token_json(place.token));
}

void write_holder(JsonStream& json, Shown& shown, const Holder& holder)
{
    json.begin_object();
    json.key("account").value(shown.name_json(holder.account));
    if (shown.is_poison())
        json.key("marked_usd").real(holder.weight);
    else
    {
        json.key("share").real(holder.weight);
        json.key("loot");
        write_units(json, shown, holder.units);
    }
    json.key("places").begin_array();
    for (const auto* stake : holder.stakes)
    {
        json.begin_object();
        write_place(json, shown, stake->place);
        if (!shown.is_poison())
        {
            json.key("loot");
            write_units(json, shown, stake->units);
        }
        write_amount(json, shown, "balance", stake->balance, stake->place.token);
        json.end_object();
    }
    json.end_array();
    json.end_object();
}

void write_hop(JsonStream& json, Shown& shown, const Hop& hop)
{
    json.begin_object();
    json.key("from").begin_object();
    write_place(json, shown, hop.from);
    json.end_object();
    json.key("to").begin_object();
    write_place(json, shown, hop.to);
    json.end_object();
    if (hop.through != zero_account)
        json.key("through").value(shown.name_json(hop.through));
    if (!shown.is_poison())
    {
        json.key("share").real(shown.share(hop.units));
        json.key("loot");
        write_units(json, shown, hop.units);
    }
    write_amount(json, shown, "amount", hop.amount, hop.to.token);
    json.key("times").integer(hop.count);
    json.key("first_block").integer(hop.first_block);
    json.key("last_block").integer(hop.last_block);
    json.end_object();
}

void write_trace(JsonStream& json, LedgerQueries& source, const Trace& trace, const TraceView& view)
{
    Shown shown{source, trace};
    Units taken;
    for (std::uint32_t i = 0; i < trace.kinds.size(); ++i)
        add_units(taken, {{i, trace.kinds[i].taken}});
    json.begin_object();
    json.key("direction").string(trace.direction == Direction::forward ? "forward" : "backward");
    json.key("movements").integer(trace.movements);
    json.key("loot");
    write_units(json, shown, taken, true);
    if (!shown.is_poison())
    {
        json.key("sums_to_loot").boolean(sum_of_stakes(trace.stakes) == taken);
        json.key("error_below_units").integer(trace.roundings + 1);
    }
    json.key("holders").begin_array();
    for (const auto& holder : holders_of(shown, view))
        write_holder(json, shown, holder);
    json.end_array();
    json.key("hops").begin_array();
    for (const auto& hop : trace.hops)
    {
        if (shown.is_shown(hop, view))
            write_hop(json, shown, hop);
    }
    json.end_array();
    json.key("movements_not_told_apart").integer(trace.hops_lost);
    json.key("secured_loans").begin_array();
    for (const auto& loan : trace.loans)
    {
        json.begin_object();
        json.key("borrower").value(shown.name_json(loan.borrower));
        json.key("contract").value(shown.name_json(loan.contract));
        json.key("token").value(shown.token_json(loan.token));
        write_amount(json, shown, "amount", loan.amount, loan.token);
        json.key("block").integer(loan.block);
        json.end_object();
    }
    json.end_array();
    json.end_object();
}

/// Nodes of a graph: accounts, in their order; a hop's contract is named on its edge.
std::set<AccountId> nodes_of(Shown& shown, const TraceView& view)
{
    std::set<AccountId> nodes;
    for (const auto& hop : shown.trace().hops)
    {
        if (!shown.is_shown(hop, view))
            continue;
        nodes.insert(hop.from.account);
        nodes.insert(hop.to.account);
    }
    for (const auto root : shown.trace().roots)
        nodes.insert(root.account);
    return nodes;
}

std::string dot_text(std::string_view text)
{
    std::string out = "\"";
    for (const auto c : text)
    {
        if (c == '"' || c == '\\')
            out += '\\';
        out += static_cast<unsigned char>(c) < 0x20U ? ' ' : c;
    }
    return out + '"';
}

std::string escaped(std::string_view text)
{
    std::string out;
    for (const auto c : text)
    {
        switch (c)
        {
            case '&': out += "&amp;"; break;
            case '<': out += "&lt;"; break;
            case '>': out += "&gt;"; break;
            case '"': out += "&quot;"; break;
            default: out += static_cast<unsigned char>(c) < 0x20U ? ' ' : c;
        }
    }
    return out;
}

std::string hop_label(Shown& shown, LedgerQueries& source, const Hop& hop)
{
    auto label = shown.is_poison() ? shown.amount(hop.amount, hop.to.token)
                                   : fmt::format("{} ({})", shown.loot(hop.units),
                                         percent(shown.share(hop.units)));
    if (hop.through != zero_account)
    {
        label += fmt::format(", {} to {} through {}", source.token_name(hop.from.token),
            source.token_name(hop.to.token), shown.name(hop.through));
    }
    return label;
}
}  // namespace

std::string trace_text(
    LedgerQueries& source, const std::vector<Trace>& traces, const TraceView& view)
{
    return traces.size() == 1 ? single_text(source, traces.front(), view)
                              : side_by_side(source, traces, view);
}

void write_trace_json(LedgerQueries& source, const std::vector<Trace>& traces,
    const TraceView& view, const std::function<void(std::string_view)>& write)
{
    JsonStream json{write};
    json.begin_object();
    for (const auto& trace : traces)
    {
        json.key(to_string(trace.policy));
        write_trace(json, source, trace, view);
    }
    json.end_object();
    json.flush();
}

std::string trace_dot(LedgerQueries& source, const Trace& trace, const TraceView& view)
{
    Shown shown{source, trace};
    std::string out = "digraph trace {\n  rankdir=LR;\n  node [shape=box];\n";
    for (const auto account : nodes_of(shown, view))
        out += fmt::format("  a{} [label={}];\n", index(account), dot_text(shown.name(account)));
    for (const auto& hop : trace.hops)
    {
        if (shown.is_shown(hop, view))
        {
            out += fmt::format("  a{} -> a{} [label={}];\n", index(hop.from.account),
                index(hop.to.account), dot_text(hop_label(shown, source, hop)));
        }
    }
    return out + "}\n";
}

std::string trace_graphml(LedgerQueries& source, const Trace& trace, const TraceView& view)
{
    Shown shown{source, trace};
    std::string out =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\">\n"
        "  <key id=\"name\" for=\"node\" attr.name=\"name\" attr.type=\"string\"/>\n"
        "  <key id=\"share\" for=\"edge\" attr.name=\"share\" attr.type=\"double\"/>\n"
        "  <key id=\"amount\" for=\"edge\" attr.name=\"amount\" attr.type=\"double\"/>\n"
        "  <key id=\"token\" for=\"edge\" attr.name=\"token\" attr.type=\"string\"/>\n"
        "  <key id=\"through\" for=\"edge\" attr.name=\"through\" attr.type=\"string\"/>\n"
        "  <key id=\"times\" for=\"edge\" attr.name=\"times\" attr.type=\"long\"/>\n"
        "  <key id=\"first_block\" for=\"edge\" attr.name=\"first_block\" attr.type=\"long\"/>\n"
        "  <key id=\"last_block\" for=\"edge\" attr.name=\"last_block\" attr.type=\"long\"/>\n"
        "  <graph edgedefault=\"directed\">\n";
    for (const auto account : nodes_of(shown, view))
    {
        out += fmt::format("    <node id=\"a{}\"><data key=\"name\">{}</data></node>\n",
            index(account), escaped(shown.name(account)));
    }
    for (const auto& hop : trace.hops)
    {
        if (!shown.is_shown(hop, view))
            continue;
        out += fmt::format("    <edge source=\"a{}\" target=\"a{}\">", index(hop.from.account),
            index(hop.to.account));
        if (!shown.is_poison())
            out += fmt::format("<data key=\"share\">{}</data>", shown.share(hop.units));
        out += fmt::format("<data key=\"amount\">{}</data><data key=\"token\">{}</data>",
            shown.whole(hop.amount, hop.to.token), escaped(source.token_name(hop.to.token)));
        if (hop.through != zero_account)
            out += fmt::format("<data key=\"through\">{}</data>", escaped(shown.name(hop.through)));
        out += fmt::format(
            "<data key=\"times\">{}</data><data key=\"first_block\">{}</data>"
            "<data key=\"last_block\">{}</data></edge>\n",
            hop.count, hop.first_block, hop.last_block);
    }
    return out + "  </graph>\n</graphml>\n";
}

}  // namespace runnel::analytics::tracing
