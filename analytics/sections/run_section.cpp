#include "analytics/sections.hpp"

#include <fmt/format.h>

#include <charconv>

namespace runnel::analytics
{
namespace
{
std::optional<std::int64_t> integer_of(const std::string& text)
{
    std::int64_t value = 0;
    const auto* end = text.data() + text.size();
    const auto result = std::from_chars(text.data(), end, value);
    if (text.empty() || result.ec != std::errc{} || result.ptr != end)
        return std::nullopt;
    return value;
}

Value text_or_nothing(const std::string& text)
{
    return text.empty() ? Value{} : Value{text};
}
}  // namespace

std::optional<Section> run_section(LedgerQueries& source)
{
    Section section{"run", "Run", {}, {}, {}};
    auto& figures = section.figures;
    const auto seed = integer_of(source.manifest("seed"));
    const auto planned = integer_of(source.manifest("blocks"));
    figures = {
        {"scenario", "Scenario", text_or_nothing(source.manifest("scenario_name")), Unit::none},
        {"title", "Title", text_or_nothing(source.manifest("title")), Unit::none},
        {"version", "Runnel version", text_or_nothing(source.manifest("version")), Unit::none},
        {"seed", "Seed", seed ? Value{*seed} : text_or_nothing(source.manifest("seed")),
            Unit::none}};
    if (!source.has_blocks())
    {
        figures.push_back({"blocks", "Blocks", std::int64_t{0}, Unit::count});
        return section;
    }
    const auto last = static_cast<std::int64_t>(source.last_block());
    figures.push_back({"blocks", "Blocks", last, Unit::count});
    if (planned)
    {
        figures.push_back({"blocks_planned", "Blocks planned", *planned, Unit::count});
        figures.push_back({"complete", "Complete", last >= *planned, Unit::none});
    }
    const auto start = static_cast<std::int64_t>(source.start_time());
    const auto end = static_cast<std::int64_t>(source.end_time());
    figures.push_back({"start", "Start (UTC)", start, Unit::unix_time});
    figures.push_back({"end", "End (UTC)", end, Unit::unix_time});
    figures.push_back({"span_seconds", "Time span", end - start, Unit::seconds});
    std::int64_t wallets = 0;
    for (const auto& group : source.groups())
        wallets += group.wallets ? static_cast<std::int64_t>(group.accounts) : 0;
    figures.push_back({"wallets", "Wallets", wallets, Unit::count});
    figures.push_back({"contracts", "Contracts",
        static_cast<std::int64_t>(source.contracts().size()), Unit::count});
    auto head = source.query("SELECT hash, state_root FROM t_blocks ORDER BY number DESC LIMIT 1");
    if (head.step())
    {
        figures.push_back({"head_hash", "Head hash", head.hash(0).to_string(), Unit::none});
        figures.push_back({"state_root", "State root", head.hash(1).to_string(), Unit::none});
    }
    return section;
}

}  // namespace runnel::analytics
