#pragma once

#include "analytics/report.hpp"

#include <span>
#include <string_view>

namespace runnel::analytics
{

/// A figure of a scenario that has a real twin, and the band it must hit for the scenario to pass
/// as calibrated: the median over 20 seeds must; a single run may fall outside.
struct Band
{
    std::string_view scenario;
    std::string_view key;  // In JSON.
    std::string_view label;
    std::string_view path;  // Of the figure: Report::value().
    Unit unit = Unit::none;
    std::string_view real;  // What happened, in words.
    double low = 0;
    double high = 0;
    std::string_view source;
};

/// The rows of one scenario; empty if it has no real twin.
[[nodiscard]] std::vector<Band> bands_of(std::string_view scenario);
/// Whether a scenario's rows use this section.
[[nodiscard]] bool headline_needs(std::string_view scenario, std::string_view section);

}  // namespace runnel::analytics
