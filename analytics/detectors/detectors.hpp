#pragma once

#include "analytics/detectors/detector.hpp"

/// One function per detector.
namespace runnel::analytics
{

[[nodiscard]] const Detector& sandwich_detector();
[[nodiscard]] const Detector& arbitrage_detector();
[[nodiscard]] const Detector& liquidation_detector();
[[nodiscard]] const Detector& wash_trading_detector();
[[nodiscard]] const Detector& flash_loan_attack_detector();
[[nodiscard]] const Detector& rug_pull_detector();
[[nodiscard]] const Detector& address_poisoning_detector();
[[nodiscard]] const Detector& structuring_detector();
[[nodiscard]] const Detector& peel_chain_detector();
[[nodiscard]] const Detector& clusters_detector();
[[nodiscard]] const Detector& mixer_links_detector();

}  // namespace runnel::analytics
