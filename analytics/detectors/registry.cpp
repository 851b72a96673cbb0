#include "analytics/detectors/detectors.hpp"

#include <algorithm>
#include <array>

namespace runnel::analytics
{

std::span<const Detector* const> detectors() noexcept
{
    static const std::array all{
        &sandwich_detector(),
        &arbitrage_detector(),
        &liquidation_detector(),
        &wash_trading_detector(),
        &flash_loan_attack_detector(),
        &rug_pull_detector(),
        &address_poisoning_detector(),
        &structuring_detector(),
        &peel_chain_detector(),
        &clusters_detector(),
        &mixer_links_detector(),
    };
    return all;
}

const Detector* find_detector(std::string_view name) noexcept
{
    const auto all = detectors();
    const auto found = std::find_if(
        all.begin(), all.end(), [&](const Detector* detector) { return detector->name() == name; });
    return found == all.end() ? nullptr : *found;
}

std::vector<Finding> run_detector(
    const Detector& detector, LedgerQueries& source, const Thresholds& thresholds)
{
    std::vector<Finding> findings;
    const auto keep = [&](Finding&& finding)
    {
        auto& places = finding.transactions;
        std::sort(places.begin(), places.end());
        places.erase(std::unique(places.begin(), places.end()), places.end());
        findings.push_back(std::move(finding));
    };
    if (source.has_blocks())
        detector.run(source, thresholds, keep);
    std::stable_sort(findings.begin(), findings.end(),
        [](const Finding& a, const Finding& b) { return a.transactions < b.transactions; });
    return findings;
}

}  // namespace runnel::analytics
