#include "consensus/report.hpp"

#include "ledger/check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

namespace runnel
{
namespace
{
constexpr double wei_per_ether = 1e18;

double seconds(VirtualTime span) noexcept
{
    return static_cast<double>(span) / one_second;
}

/// Of what is sorted; 0 without any.
double quantile(const std::vector<VirtualTime>& sorted, double share)
{
    if (sorted.empty())
        return 0;
    const auto last = static_cast<double>(sorted.size() - 1);
    return seconds(sorted[static_cast<std::size_t>(share * last + 0.5)]);
}

double mean(const std::vector<VirtualTime>& values)
{
    double sum = 0;
    for (const auto value : values)
        sum += seconds(value);
    return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

void add_times(
    std::vector<NamedFigure>& figures, std::string_view name, std::vector<VirtualTime> times)
{
    std::sort(times.begin(), times.end());
    figures.push_back({fmt::format("{}.mean", name), mean(times), "s"});
    figures.push_back({fmt::format("{}.median", name), quantile(times, 0.5), "s"});
    figures.push_back({fmt::format("{}.p90", name), quantile(times, 0.9), "s"});
}
}  // namespace

ConsensusReport::ConsensusReport(const ConsensusSetup& setup) : setup_{setup} {}

std::size_t ConsensusReport::group_of(NodeId node) const noexcept
{
    for (std::size_t i = 0; i < setup_.groups.size(); ++i)
    {
        const auto& group = setup_.groups[i];
        if (node >= group.first && node - group.first < group.count)
            return i;
    }
    return setup_.groups.size();
}

void ConsensusReport::add(const ConsensusStep& step)
{
    if (step.reverted != 0)
    {
        RUNNEL_CHECK(step.reverted <= chain_.size());
        const auto depth = step.reverted <= 3 ? step.reverted - 1 : (step.reverted <= 6 ? 3 : 4);
        ++reorganisations_[static_cast<std::size_t>(depth)];
        reverted_ += step.reverted;
        deepest_ = std::max(deepest_, step.reverted);
        chain_.resize(chain_.size() - step.reverted);
        stake_.resize(chain_.size());
    }
    for (const auto& block : step.added)
    {
        chain_.push_back(block);
        stake_.emplace_back();
    }
    if (!step.stake.empty())
    {
        RUNNEL_CHECK(!stake_.empty());
        stake_.back().insert(stake_.back().end(), step.stake.begin(), step.stake.end());
    }
    for (const auto& refused : step.refused)
        ++refused_[static_cast<std::size_t>(refused.kind)];
    for (const auto& evidence : step.evidence)
        ++evidence_[static_cast<std::size_t>(evidence.kind)];
    for (; final_ < step.finalized && final_ < chain_.size(); ++final_)
        final_after_.push_back(step.at - chain_[final_].made_at);
}

void ConsensusReport::add_chain(std::vector<NamedFigure>& figures, VirtualTime now) const
{
    const auto count = [&](std::string_view name, std::uint64_t value, std::string_view unit) {
        figures.push_back({std::string{name}, static_cast<double>(value), unit});
    };
    figures.push_back({"hours", seconds(now) / 3600, "h"});
    count("blocks", chain_.size(), "blocks");
    count("withheld_blocks",
        static_cast<std::uint64_t>(std::count_if(chain_.begin(), chain_.end(),
            [](const NetworkBlock& block) { return block.is_withheld; })),
        "blocks");
    std::vector<VirtualTime> intervals;
    for (std::size_t i = 1; i < chain_.size(); ++i)
        intervals.push_back(chain_[i].made_at - chain_[i - 1].made_at);
    add_times(figures, "interval", std::move(intervals));
    count("refused.stale", refused_[0], "blocks");
    count("refused.invalid", refused_[1], "blocks");
    count("refused.undecided", refused_[2], "blocks");
    count("refused.forked", refused_[3], "blocks");
    constexpr std::array<std::string_view, depths> names{"1", "2", "3", "4_to_6", "7_or_more"};
    for (std::size_t i = 0; i < depths; ++i)
        count(fmt::format("reorganisations.of_{}", names[i]), reorganisations_[i], "times");
    count("reorganisations.deepest", deepest_, "blocks");
    count("reorganisations.reverted", reverted_, "blocks");
    count("finality.blocks", final_, "blocks");
    add_times(figures, "finality", final_after_);
}

void ConsensusReport::add_groups(std::vector<NamedFigure>& figures) const
{
    std::vector<Group> groups(setup_.groups.size() + 1);
    for (const auto& block : chain_)
        ++groups[group_of(block.maker)].blocks;
    double rewards = 0;
    for (const auto& changes : stake_)
    {
        for (const auto& change : changes)
        {
            const auto ether = change.amount.to_double() / wei_per_ether;
            auto& group = groups[group_of(change.validator)];
            if (change.kind == StakeChangeKind::reward)
            {
                group.rewards += ether;
                rewards += ether;
            }
            else if (change.kind == StakeChangeKind::leak)
                group.leaked += ether;
            else if (change.kind == StakeChangeKind::slashing)
                group.slashed += ether;
        }
    }
    const auto blocks = static_cast<double>(std::max<std::size_t>(chain_.size(), 1));
    for (std::size_t i = 0; i < setup_.groups.size(); ++i)
    {
        const auto add = [&](std::string_view name, double value, std::string_view unit) {
            figures.push_back(
                {fmt::format("groups.{}.{}", setup_.groups[i].name, name), value, unit});
        };
        const auto& group = groups[i];
        add("blocks", static_cast<double>(group.blocks), "blocks");
        add("block_share", static_cast<double>(group.blocks) / blocks, "");
        add("rewards", group.rewards, "ether");
        add("reward_share", rewards > 0 ? group.rewards / rewards : 0, "");
        if (setup_.engine != ConsensusKind::pow)
        {
            add("leaked", group.leaked, "ether");
            add("slashed", group.slashed, "ether");
        }
    }
}

void ConsensusReport::add_stakes(std::vector<NamedFigure>& figures) const
{
    if (setup_.engine == ConsensusKind::pow)
        return;
    std::vector<NodeId> slashed;
    for (const auto& changes : stake_)
    {
        for (const auto& change : changes)
        {
            if (change.kind == StakeChangeKind::slashing)
                slashed.push_back(change.validator);
        }
    }
    std::sort(slashed.begin(), slashed.end());
    slashed.erase(std::unique(slashed.begin(), slashed.end()), slashed.end());
    figures.push_back({"slashed", static_cast<double>(slashed.size()), "validators"});
    constexpr std::array<std::string_view, 4> names{
        "double_vote", "surround_vote", "double_proposal", "invalid_block"};
    for (std::size_t i = 0; i < names.size(); ++i)
    {
        figures.push_back(
            {fmt::format("evidence.{}", names[i]), static_cast<double>(evidence_[i]), "pieces"});
    }
}

void ConsensusReport::add_traffic(
    std::vector<NamedFigure>& figures, const ConsensusFigures& counted) const
{
    const auto blocks = static_cast<double>(std::max<std::size_t>(chain_.size(), 1));
    const auto add = [&](std::string_view name, std::uint64_t value, std::string_view unit) {
        figures.push_back({std::string{name}, static_cast<double>(value) / blocks, unit});
    };
    add("traffic.messages_per_block", counted.traffic.messages, "messages");
    add("traffic.bytes_per_block", counted.traffic.bytes, "bytes");
    add("traffic.lost_per_block",
        counted.traffic.lost + counted.traffic.cut_off + counted.traffic.unheard, "messages");
    add("events_per_block", counted.events, "events");
    figures.push_back({"blocks_made", static_cast<double>(counted.blocks_made), "blocks"});
    figures.push_back({"energy.total", counted.joules / 3.6e6, "kWh"});
}

std::vector<NamedFigure> ConsensusReport::figures(
    const ConsensusEngine& engine, VirtualTime now) const
{
    std::vector<NamedFigure> figures;
    add_chain(figures, now);
    add_groups(figures);
    add_stakes(figures);
    add_traffic(figures, engine.figures());
    auto details = engine.details();
    std::move(details.begin(), details.end(), std::back_inserter(figures));
    return figures;
}

}  // namespace runnel
