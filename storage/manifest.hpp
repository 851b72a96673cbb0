#pragma once

#include "ledger/hash.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace runnel::storage
{

/// What made a ledger, as ordered pairs of key and text: the scenario as written and as resolved,
/// the seed, the version, the hashes of input files. Nothing that may differ between two runs with
/// the same result (worker counts, dates) belongs here.
struct Manifest
{
    std::vector<std::pair<std::string, std::string>> entries;

    /// Keys are unique (a bug otherwise).
    void add(std::string key, std::string value);
    [[nodiscard]] std::optional<std::string_view> find(std::string_view key) const noexcept;

    friend bool operator==(const Manifest&, const Manifest&) = default;
};

/// Canonical bytes: the number of entries, then each key and value preceded by its length (32
/// bits, big-endian).
[[nodiscard]] Bytes manifest_encoding(const Manifest& manifest);
/// keccak-256 of them: what block 0 commits to.
[[nodiscard]] Hash manifest_hash(const Manifest& manifest);
/// The first difference in words: `seed: "1", not "2"`; empty if there is none.
[[nodiscard]] std::string manifest_difference(const Manifest& found, const Manifest& expected);

/// An entry in which two manifests differ.
struct ManifestDifference
{
    std::string key;
    std::size_t line = 0;  // Of a value of several lines: the first that differs, from 1 on.
    /// That line, shortened; empty where the entry, or the line, is missing.
    std::optional<std::string> a;
    std::optional<std::string> b;

    /// One line: `t_manifest, resolved_scenario, line 12: first has "seed = 1", second has ...`.
    [[nodiscard]] std::string to_string(std::string_view name_a, std::string_view name_b) const;
};
/// Every entry in which they differ.
[[nodiscard]] std::vector<ManifestDifference> manifest_differences(
    const Manifest& a, const Manifest& b);

}  // namespace runnel::storage
