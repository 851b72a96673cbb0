#include "analytics/render.hpp"
#include "analytics/show.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace runnel::analytics
{
namespace
{
using Json = nlohmann::ordered_json;

/// As fitted(), whatever its length.
std::string tame(const std::string& text)
{
    return fitted(text, text.size());
}

class TreeWriter
{
public:
    TreeWriter(bool colour, std::size_t width)
      : colour_{colour}, width_{std::max<std::size_t>(width, 40)}
    {}

    void title(const std::string& text) { out_ += "\n" + heading(text, colour_, width_); }
    void calls(const std::vector<CallNode>& nodes, const std::string& margin)
    {
        for (std::size_t i = 0; i < nodes.size(); ++i)
        {
            const auto& node = nodes[i];
            const bool is_last = i + 1 == nodes.size();
            const auto deeper = margin + (is_last ? "   " : "│  ");
            const auto branch = margin + (is_last ? "└─ " : "├─ ");
            if (node.contract.empty())
            {
                out_ += styled(branch, style_dim) + styled(tame(node.unreadable), style_red) + "\n";
                continue;
            }
            std::vector<std::string> words;
            for (const auto& argument : node.arguments)
            {
                if (argument.is_callback)
                    continue;
                words.push_back(
                    tame(argument.name + "=" +
                         (argument.bound.empty() ? argument.value
                                                 : fmt::format("<{}>", argument.bound))));
            }
            line(branch, deeper, tame(node.contract) + ".", tame(node.call), words);
            if (!node.unreadable.empty())
                out_ += styled(deeper, style_dim) + styled(tame(node.unreadable), style_red) + "\n";
            for (const auto& argument : node.arguments)
            {
                if (argument.is_callback && !argument.calls.empty())
                {
                    out_ += styled(deeper + tame(argument.name) + ":", style_dim) + "\n";
                    calls(argument.calls, deeper);
                }
            }
        }
    }
    void event(const EventNode& node)
    {
        std::vector<std::string> words;
        for (const auto& argument : node.arguments)
            words.push_back(tame(argument.name + "=" + argument.value));
        line(node.is_log ? "  " : "  ~ ", "  ", tame(node.contract) + " ", tame(node.name), words);
    }
    [[nodiscard]] std::string take() && { return std::move(out_); }

private:
    [[nodiscard]] std::string styled(const std::string& text, std::string_view style) const
    {
        return analytics::styled(text, style, colour_);
    }
    /// `who` `what(words)`, broken between words where the terminal ends.
    void line(const std::string& first, const std::string& next, const std::string& who,
        const std::string& what, const std::vector<std::string>& words)
    {
        out_ += styled(first, style_dim) + who + styled(what, style_cyan) + "(";
        auto used = width_of(first) + width_of(who) + width_of(what) + 1;
        for (std::size_t i = 0; i < words.size(); ++i)
        {
            const auto word = words[i] + (i + 1 < words.size() ? "," : ")");
            const bool fits = used + 1 + width_of(word) <= width_;
            if (i > 0 && !fits)
            {
                out_ += "\n" + styled(next, style_dim) + "    ";
                used = width_of(next) + 4;
            }
            else if (i > 0)
            {
                out_ += " ";
                ++used;
            }
            out_ += word;
            used += width_of(word);
        }
        out_ += words.empty() ? ")\n" : "\n";
    }

    bool colour_;
    std::size_t width_;
    std::string out_;
};

Json arguments_of(const std::vector<Argument>& arguments);

Json calls_of(const std::vector<CallNode>& calls)
{
    auto list = Json::array();
    for (const auto& call : calls)
    {
        Json node = Json::object();
        node["contract"] = call.contract;
        node["address"] = call.address;
        node["kind"] = call.kind;
        node["call"] = call.call;
        node["arguments"] = arguments_of(call.arguments);
        if (!call.unreadable.empty())
            node["unreadable"] = call.unreadable;
        list.push_back(std::move(node));
    }
    return list;
}

Json arguments_of(const std::vector<Argument>& arguments)
{
    auto list = Json::array();
    for (const auto& argument : arguments)
    {
        Json node = Json::object();
        node["name"] = argument.name;
        if (argument.is_callback)
            node["calls"] = calls_of(argument.calls);
        else
        {
            node["value"] = argument.value;
            if (!argument.raw.empty())
                node["raw"] = argument.raw;
        }
        if (!argument.bound.empty())
            node["bound_to"] = argument.bound;
        list.push_back(std::move(node));
    }
    return list;
}
}  // namespace

std::string render_shown_text(const Shown& shown, bool colour, std::size_t width)
{
    const auto& sections = shown.report.sections;
    if (shown.calls.empty() && shown.events.empty())
        return render_text(shown.report, colour, width);
    Report first;
    Report rest;
    first.sections.assign(sections.begin(), sections.begin() + 1);
    rest.sections.assign(sections.begin() + 1, sections.end());
    auto text = render_text(first, colour, width);
    TreeWriter tree{colour, width};
    tree.title("Calls");
    tree.calls(shown.calls, "  ");
    if (!shown.events.empty())
    {
        tree.title("Events");
        for (const auto& event : shown.events)
            tree.event(event);
    }
    text += std::move(tree).take();
    const auto after = render_text(rest, colour, width);
    return after.empty() ? text : text + "\n" + after;
}

std::string render_shown_json(const Shown& shown)
{
    auto all = Json::parse(render_json(shown.report));
    if (!shown.calls.empty())
        all["calls"] = calls_of(shown.calls);
    if (!shown.events.empty())
    {
        auto& events = all["events"] = Json::array();
        for (const auto& event : shown.events)
        {
            events.push_back(
                {{"event_index", event.index}, {"event", event.name}, {"contract", event.contract},
                    {"is_log", event.is_log}, {"arguments", arguments_of(event.arguments)}});
        }
    }
    return all.dump(2, ' ', true, Json::error_handler_t::replace);
}

}  // namespace runnel::analytics
