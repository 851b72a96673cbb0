#include "analytics/calibration_targets.hpp"
#include "analytics/render.hpp"
#include "analytics/sections.hpp"

namespace runnel::analytics
{

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
    std::int64_t known = 0;
    for (const auto& band : bands)
    {
        const auto simulated = report.number(band.path);
        const bool in_band = simulated && *simulated >= band.low && *simulated <= band.high;
        known += simulated ? 1 : 0;
        inside += in_band ? 1 : 0;
        const auto text = [&](double value) { return shown(Value{value}, band.unit); };
        table.rows.push_back({std::string{band.key}, std::string{band.label},
            simulated ? Value{*simulated} : Value{}, simulated ? text(*simulated) : "-",
            std::string{band.real}, band.low, band.high, text(band.low) + " to " + text(band.high),
            simulated ? Value{in_band} : Value{}, std::string{band.source}});
    }
    if (known == 0)
        return std::nullopt;
    section.figures = {{"figures_known", "Figures compared", known, Unit::count},
        {"figures_in_band", "In band", inside, Unit::count}};
    section.tables.push_back(std::move(table));
    return section;
}

}  // namespace runnel::analytics
