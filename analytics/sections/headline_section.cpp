#include "analytics/calibration_targets.hpp"
#include "analytics/render.hpp"
#include "analytics/sections.hpp"

namespace runnel::analytics
{
namespace
{
std::string text_of(const Band& band)
{
    const auto text = [&](double value) { return shown(Value{value}, band.unit); };
    if (!band.is_judged())
        return "no recorded range";
    if (band.high == Band::open)
        return text(band.low) + " or more";
    if (band.low == -Band::open)
        return text(band.high) + " or less";
    return text(band.low) + " to " + text(band.high);
}

/// No number where a band is open.
Value limit(double value)
{
    return value == Band::open || value == -Band::open ? Value{} : Value{value};
}
}  // namespace

std::optional<Section> headline_section(std::string_view scenario, const Report& report)
{
    const auto bands = bands_of(scenario);
    if (bands.empty())
        return std::nullopt;
    Section section{"headline", "Headline figures beside the real ones", {}, {}, {}};
    Table table{"figures", "",
        {{"key", "", Unit::none}, {"figure", "Figure", Unit::none}, {"simulated", "", Unit::none},
            {"simulated_text", "Simulated", Unit::none}, {"real", "Real", Unit::none},
            {"band_low", "", Unit::none}, {"band_high", "", Unit::none},
            {"band", "Band", Unit::none}, {"in_band", "In band", Unit::none},
            {"source", "", Unit::none}},
        {}, bands.size()};
    std::int64_t inside = 0;
    std::int64_t judged = 0;
    bool any_known = false;
    for (const auto& band : bands)
    {
        const auto simulated = report.number(band.path);
        const bool is_judged = simulated && band.is_judged();
        const bool in_band = simulated && *simulated >= band.low && *simulated <= band.high;
        any_known = any_known || simulated;
        judged += is_judged ? 1 : 0;
        inside += is_judged && in_band ? 1 : 0;
        table.rows.push_back({std::string{band.key}, std::string{band.label}, value_of(simulated),
            simulated ? shown(Value{*simulated}, band.unit) : "-", std::string{band.real},
            limit(band.low), limit(band.high), text_of(band), is_judged ? Value{in_band} : Value{},
            std::string{band.source}});
    }
    if (!any_known)
        return std::nullopt;
    section.figures = {{"figures_known", "Figures compared", judged, Unit::count},
        {"figures_in_band", "In band", inside, Unit::count}};
    section.tables.push_back(std::move(table));
    return section;
}

}  // namespace runnel::analytics
