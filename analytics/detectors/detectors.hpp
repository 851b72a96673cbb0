#pragma once

#include "analytics/detectors/detector.hpp"

/// One function per detector.
namespace runnel::analytics
{

[[nodiscard]] const Detector& sandwich_detector();
[[nodiscard]] const Detector& arbitrage_detector();
[[nodiscard]] const Detector& liquidation_detector();

}  // namespace runnel::analytics
