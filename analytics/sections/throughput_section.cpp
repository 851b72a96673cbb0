#include "analytics/sections.hpp"
#include "analytics/totals.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace runnel::analytics
{

std::optional<Section> throughput_section(LedgerQueries& source)
{
    if (!source.has("t_run_metrics"))
        return std::nullopt;
    Section section{"throughput", "Throughput (measured; differs between runs)", {}, {}, {}};
    std::vector<std::pair<std::string, double>> metrics;
    auto rows = source.query(
        "SELECT name, value FROM t_run_metrics WHERE block_number IS NULL ORDER BY rowid");
    while (rows.step())
    {
        // Those have a section of their own.
        if (!rows.text(0).starts_with("parallelism_"))
            metrics.emplace_back(std::string{rows.text(0)}, rows.real(1));
    }
    if (metrics.empty())
        return std::nullopt;
    // A run that was resumed has figures of each of its parts; of one that was killed there are
    // none, so what was executed counts and not what the ledger holds.
    const auto sum = [&](std::string_view wanted)
    {
        std::optional<double> total;
        for (const auto& [name, value] : metrics)
        {
            if (name == wanted)
                total = total.value_or(0) + value;
        }
        return total;
    };
    const auto elapsed = sum("elapsed_s").value_or(0);
    if (elapsed > 0 && source.last_block() > 0)
    {
        const auto& blocks = source.blocks();
        const auto transactions =
            sum("executed_transactions").value_or(static_cast<double>(blocks.transactions));
        section.figures.push_back(
            {"tx_per_s", "Transactions per second", transactions / elapsed, Unit::per_second});
        section.figures.push_back({"blocks_per_s", "Blocks per second",
            sum("executed_blocks").value_or(static_cast<double>(blocks.blocks)) / elapsed,
            Unit::per_second});
    }
    for (const auto& [name, value] : metrics)
    {
        const bool seconds = name.ends_with("_s");
        section.figures.push_back({name, name, value, seconds ? Unit::seconds : Unit::none});
    }
    return section;
}

}  // namespace runnel::analytics
