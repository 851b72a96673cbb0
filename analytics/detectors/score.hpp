#pragma once

#include "analytics/detectors/detector.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>

namespace runnel::analytics
{

/// How a detector's findings compare with the truth, over one ledger or several.
struct Score
{
    std::uint64_t found = 0;            // Of what is counted, flagged and true,
    std::uint64_t wrong = 0;            // flagged and not true,
    std::uint64_t missed = 0;           // true and not flagged,
    std::optional<std::uint64_t> rest;  // neither; empty where that is not counted.
    /// Purposes of what was flagged rightly or wrongly, and of what was missed: how many.
    std::map<std::string, std::uint64_t> flagged_purposes;
    std::map<std::string, std::uint64_t> missed_purposes;
    /// Thefts, frauds and schemes that the truth numbers, and those of which anything was found.
    std::uint64_t incidents = 0;
    std::uint64_t incidents_found = 0;

    /// found / (found + wrong), found / (found + missed), and their harmonic mean; empty: 0 / 0.
    [[nodiscard]] std::optional<double> precision() const noexcept;
    [[nodiscard]] std::optional<double> recall() const noexcept;
    [[nodiscard]] std::optional<double> f1() const noexcept;
    void add(const Score& other);
};

/// What a detector is measured by.
struct ScoreRule
{
    std::string_view detector;
    std::string_view unit;       // What is counted: transactions, ...
    std::string_view positives;  // What is true of the truth, in words.
};
[[nodiscard]] const ScoreRule& score_rule(const Detector& detector);

/// Scores findings by the truth tables, which @p truth must be able to read: another connection
/// than the detectors'. Counts what succeeded after block 0. Where the ledger has no truth, nothing
/// is true.
[[nodiscard]] Score score(
    storage::Database& truth, const Detector& detector, std::span<const Finding> findings);

}  // namespace runnel::analytics
