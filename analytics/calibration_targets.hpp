#pragma once

#include "analytics/report.hpp"

#include <limits>
#include <string_view>
#include <vector>

namespace runnel::analytics
{

/// A figure of a shipped scenario beside what is recorded of the real world, and the band it must
/// hit for the scenario to pass as calibrated: the median over 20 seeds must; a single run may fall
/// outside. Bands come from records and from requirements, never from what runs happen to give.
struct Band
{
    static constexpr double open = std::numeric_limits<double>::infinity();

    std::string_view scenario;
    std::string_view key;  // In JSON.
    std::string_view label;
    std::string_view path;  // Of the figure: Report::value().
    Unit unit = Unit::none;
    std::string_view real;  // What happened, in words.
    double low = -open;     // Both open: nothing is recorded, the figure is shown and not judged.
    double high = open;
    std::string_view source;

    [[nodiscard]] bool is_judged() const noexcept { return low > -open || high < open; }
};

/// The rows of one scenario; empty if it is not a shipped one with agents.
[[nodiscard]] std::vector<Band> bands_of(std::string_view scenario);
/// Whether a scenario's rows use this section.
[[nodiscard]] bool headline_needs(std::string_view scenario, std::string_view section);

}  // namespace runnel::analytics
