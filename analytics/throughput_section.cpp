#include "analytics/sections.hpp"
#include "analytics/totals.hpp"

#include <algorithm>

namespace runnel::analytics
{

std::optional<Section> throughput_section(Source& source)
{
    if (!source.has("t_run_metrics"))
        return std::nullopt;
    Section section{"throughput", "Throughput (measured; differs between runs)", {}, {}, {}};
    std::vector<std::pair<std::string, double>> metrics;
    auto rows = source.query(
        "SELECT name, value FROM t_run_metrics WHERE block_number IS NULL ORDER BY rowid");
    while (rows.step())
        metrics.emplace_back(std::string{rows.text(0)}, rows.real(1));
    if (metrics.empty())
        return std::nullopt;
    const auto elapsed = std::find_if(metrics.begin(), metrics.end(),
        [](const auto& metric) { return metric.first == "elapsed_s"; });
    if (elapsed != metrics.end() && elapsed->second > 0 && source.last_block() > 0)
    {
        const auto& blocks = source.blocks();
        section.figures.push_back({"tx_per_s", "Transactions per second",
            static_cast<double>(blocks.transactions) / elapsed->second, Unit::per_second});
        section.figures.push_back({"blocks_per_s", "Blocks per second",
            static_cast<double>(blocks.blocks) / elapsed->second, Unit::per_second});
    }
    for (const auto& [name, value] : metrics)
    {
        const bool seconds = name.ends_with("_s");
        section.figures.push_back({name, name, value, seconds ? Unit::seconds : Unit::none});
    }
    return section;
}

}  // namespace runnel::analytics
