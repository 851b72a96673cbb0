#include "audit/light_gasper.hpp"

#include "consensus/gasper/engine.hpp"
#include "consensus/schedule.hpp"
#include "consensus/stake_rewards.hpp"
#include "execution/rewards_root.hpp"
#include "ledger/amount.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace runnel::audit
{
namespace
{
/// After so long without a block a run ends.
VirtualTime patience()
{
    return ChainSchedule::Options{}.patience;
}

/// Whether a block was made when its slot began, by a clock as good as the scenario's: the slot is
/// in no header, the time is.
bool is_in_its_slot(const NetworkBlock& block, const scenarios::Scenario& scenario)
{
    const auto slot_length = VirtualTime{scenario.consensus.gasper.slot_seconds} * one_second;
    const auto ppm =
        static_cast<std::uint64_t>(std::ceil(scenario.consensus.network.clock_drift_ppm));
    const auto begins = static_cast<uint128>(block.round) * static_cast<std::uint64_t>(slot_length);
    const auto made = static_cast<uint128>(static_cast<std::uint64_t>(block.made_at));
    const auto apart = std::max(begins, made) - std::min(begins, made);
    return apart <= made * ppm / 1'000'000 + static_cast<std::uint64_t>(slot_length);
}

/// Slots between two blocks are worked out one by one: bounded by what runs wait for, twice,
/// because blocks take their time to be heard of.
bool is_too_far(const NetworkBlock& block, Slot parent, const scenarios::Scenario& scenario)
{
    const auto length = VirtualTime{scenario.consensus.gasper.slot_seconds} * one_second;
    return block.round > parent &&
           block.round - parent > static_cast<Slot>(2 * patience() / length) + 1;
}
}  // namespace

std::vector<GasperBlockContents> gasper_contents(
    const scenarios::Scenario& scenario, std::span<const ConsensusStep> steps)
{
    std::vector<GasperBlockContents> contents;
    if (steps.empty())
        return contents;
    const auto& setup = scenario.consensus;
    SerialShardRunner runner;
    GasperEngine engine{
        setup.gasper, network_with_faults(setup, scenario.seed), scenario.seed, runner};
    const auto block_of = [&](std::size_t height) -> const BeaconBlock*
    { return height < engine.chain().size() ? engine.chain()[height].get() : nullptr; };
    const auto& last = steps.back().added.front();
    const auto is_there = [&]
    {
        const auto* block = block_of(steps.size());
        return block != nullptr && block->header.id == last.id;
    };
    const ProofError differs{
        "the network that the manifest describes does not make these blocks: "
        "see runnel verify"};
    VirtualTime now = 0;
    while (!is_there())
    {
        // Nothing takes a block back under so many others.
        if (engine.chain().size() > steps.size() + setup.horizon)
            throw differs;
        const auto step = engine.next(now + patience());
        if (!step)
            throw differs;
        now = step->at;
    }
    for (std::size_t i = 0; i < steps.size(); ++i)
    {
        const auto& block = *block_of(i + 1);
        if (block.header.id != steps[i].added.front().id)
            throw differs;
        contents.push_back(contents_of(block, setup.gasper.validators));
    }
    return contents;
}

LightFinality check_attestations(const LightChain& chain, const scenarios::Scenario& scenario,
    std::uint32_t first_maker, std::uint64_t number)
{
    const auto fails = [](std::uint64_t block, std::string_view why) {
        return LightFinality{{}, fmt::format("block {}: {}", block, why)};
    };
    if (chain.attested.size() != chain.steps.size())
        return {{}, "there are no attestations"};
    GasperReplay replay{scenario.consensus.gasper, scenario.seed};
    const StakeRewardRules rules{.compounds = true};
    const auto account_of = [&](const StakeChange& change)
    { return AccountId{first_maker + change.validator}; };
    HashBatch batch;
    for (std::size_t i = 0; i < chain.steps.size(); ++i)
    {
        const auto& block = chain.steps[i].added.front();
        if (!is_in_its_slot(block, scenario))
            return fails(i + 1, fmt::format("it was not made in its slot {}", block.round));
        if (is_too_far(block, replay.state().slot, scenario))
            return fails(i + 1, "no run waits so long for a block");
        if (const auto wrong = replay.add(block, chain.attested[i]); !wrong.empty())
            return fails(i + 1, wrong);
        const auto rewards = stake_rewards(replay.changes(), rules, account_of);
        if (rewards_root(rewards, batch) != chain.headers[i + 1].rewards_root)
        {
            return fails(i + 1,
                "its attestations and slashings do not change the stakes as its "
                "header says");
        }
    }
    const auto& finalized = replay.finalized();
    const auto shown = std::find_if(finalized.begin(), finalized.end(),
        [number](const GasperReplay::Final& one) { return number <= one.height; });
    if (number == 0)
        return {"block 0 is final: it is what all else stands on", {}};
    if (shown == finalized.end())
    {
        return {{},
            fmt::format("block {} is not final: attestations show that up to block {}, of "
                        "{}",
                number, finalized.empty() ? 0 : finalized.back().height, chain.headers.size() - 1)};
    }
    return {fmt::format("block {} is final: two thirds of the effective balance justified the "
                        "checkpoint of epoch {}, which is block {}, and one behind it from it; "
                        "block {} has the attestations behind it",
                number, shown->checkpoint.epoch, shown->height, shown->shown_at),
        {}};
}

}  // namespace runnel::audit
