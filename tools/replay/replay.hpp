#pragma once

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace runnel::replay
{

/// Gas of one operation, without what its sender's own contract used.
struct GasPair
{
    std::uint64_t recorded = 0;
    std::uint64_t charged = 0;
};
/// By operation, "swap", and by operation and refusal, "swap: UniswapV2: K".
using GasPairs = std::map<std::string, std::vector<GasPair>>;

/// How far what is charged is from what was recorded, in all operations of one kind.
struct GasError
{
    std::string what;
    std::size_t operations = 0;
    std::uint64_t recorded_median = 0;
    std::uint64_t charged_median = 0;
    double error_median = 0;  // Of |charged - recorded| / recorded.
    double error_worst = 0;
};
[[nodiscard]] std::vector<GasError> gas_errors(const GasPairs& pairs);

/// Counts comparisons of recorded with replayed values; keeps the first few mismatches as
/// sentences.
class Comparison
{
public:
    static constexpr std::size_t kept_max = 20;

    /// Compares one recorded field; @p what names it, e.g. "state.reserve0".
    void equal(std::string_view what, std::string_view recorded, std::string_view replayed);
    /// Counts a mismatch that is not a plain comparison.
    void mismatch(std::string text);
    /// Notes what an operation cost; not compared, gas is a model.
    void gas(std::string what, GasPair pair) { gas_[std::move(what)].push_back(pair); }
    /// Says where following mismatches are: the line of the file.
    void set_line(std::uint64_t line) noexcept { line_ = line; }

    [[nodiscard]] std::uint64_t comparisons() const noexcept { return comparisons_; }
    [[nodiscard]] std::uint64_t mismatches() const noexcept { return mismatches_; }
    [[nodiscard]] const std::vector<std::string>& kept() const noexcept { return kept_; }
    [[nodiscard]] const GasPairs& gas() const noexcept { return gas_; }

private:
    std::uint64_t line_ = 0;
    std::uint64_t comparisons_ = 0;
    std::uint64_t mismatches_ = 0;
    std::vector<std::string> kept_;
    GasPairs gas_;
};

/// Replays the operations of one recorded protocol. One object per file.
///
/// Throws nlohmann::json::exception or std::invalid_argument on a line that does not have what the
/// protocol's format demands; the caller turns that into one error line.
class Replayer
{
public:
    virtual ~Replayer() = default;
    /// The file's first line.
    virtual void start(const nlohmann::json& header) = 0;
    /// One recorded operation: executes it and compares every recorded field.
    virtual void operation(const nlohmann::json& line, Comparison& comparison) = 0;
};

/// A protocol that can be replayed. Adding one is a line in registry.cpp.
struct Protocol
{
    std::string_view title;
    bool (*accepts)(const nlohmann::json& header) = nullptr;
    std::unique_ptr<Replayer> (*create)() = nullptr;
};
[[nodiscard]] std::span<const Protocol> protocols();

/// The outcome of one file.
struct FileReport
{
    std::string title;  // Of the protocol.
    std::uint64_t operations = 0;
    std::uint64_t comparisons = 0;
    std::uint64_t mismatches = 0;
    std::vector<std::string> kept;  // The first mismatches.
    GasPairs gas;                   // Of recordings that have it.
    std::string error;              // Not empty: the file could not be read; one line.
    bool error_is_worlds = false;   // The file is there: its disk or its permissions are at fault.
};

/// Replays a .ndjson or .ndjson.gz file.
[[nodiscard]] FileReport replay_file(const std::string& path);

}  // namespace runnel::replay
