#include "scenarios/arrivals.hpp"

#include "contracts/tokens/erc20/erc20.hpp"
#include "contracts/tokens/native/native_coin.hpp"
#include "execution/gas.hpp"
#include "ledger/philox.hpp"
#include "scenarios/loader/units.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace runnel::scenarios
{
namespace
{
constexpr double day_ms = 86'400'000;

/// The first block that is not before a time since the start.
std::uint64_t block_at(double ms, std::uint32_t slot_seconds)
{
    const auto slot_ms = double{1000} * slot_seconds;
    const auto block = static_cast<std::uint64_t>(ms / slot_ms);
    return std::max<std::uint64_t>(1, block + (static_cast<double>(block) * slot_ms < ms ? 1 : 0));
}

/// The blocks in which a group's wallets want to come, ascending; fewer than wallets if its time is
/// over before all have come.
std::vector<std::uint64_t> wanted_blocks(const Scenario& scenario, const AgentSpec& spec)
{
    std::vector<std::uint64_t> blocks;
    auto time_ms = static_cast<double>(spec.arrive_ms);
    const auto stream = stream_of_name(spec.name + "/arrivals");
    while (blocks.size() < spec.count)
    {
        if (spec.arrivals_per_day > 0)
        {
            RandomStream random{scenario.seed, stream, blocks.size(), 0};
            time_ms += random.exponential(day_ms / spec.arrivals_per_day);
        }
        const bool is_over = spec.until_ms != 0 && time_ms > static_cast<double>(spec.until_ms);
        const auto last_ms = static_cast<double>(scenario.blocks) * 1000 * scenario.slot_seconds;
        if (is_over || time_ms > last_ms)
            break;
        blocks.push_back(block_at(time_ms, scenario.slot_seconds));
    }
    return blocks;
}

/// The payment that brings one wallet. Its address is the one account that the line names.
ScriptLine payment_to(const AgentSpec& spec, const Arrival& arrival, const std::string& name)
{
    ScriptLine line;
    line.from = spec.funded_by;
    line.accounts = {arrival.address.to_string()};
    line.priority_fee = 1'000'000'000;
    line.place = spec.place;
    line.path = fmt::format("agents.{}: the payment that brings {}", spec.name, name);
    constexpr AccountId receiver{0};
    CallWriter calls;
    const auto coins = std::find_if(arrival.funds.begin(), arrival.funds.end(),
        [](const auto& held) { return held.first == native_coin; });
    calls.add(native_coin, contracts::NativeTransfer{
                               receiver, coins == arrival.funds.end() ? Amount{} : coins->second});
    for (const auto& [token, amount] : arrival.funds)
    {
        if (token != native_coin && !amount.is_zero())
            calls.add(token, contracts::Erc20Transfer{receiver, amount});
    }
    line.calls = calls.bytes();
    return line;
}
}  // namespace

tl::expected<Amount, ScenarioError> draw_funds(const Scenario& scenario, const AgentSpec& spec,
    ContractId token, const Distribution& distribution, std::uint32_t number)
{
    const auto& info = scenario.tokens.at(index(token));
    const auto stream = stream_of_name(fmt::format("{}/funds/{}", spec.name, info.name));
    RandomStream random{scenario.seed, stream, number, 0};
    const auto tokens = distribution.draw(random);
    const auto amount = smallest_units(tokens, info.decimals);
    if (!amount)
    {
        return tl::unexpected{ScenarioError{
            fmt::format("{}: agents.{}.funds.{}: expected at most 2^128 - 1 smallest units per "
                        "wallet, got {} tokens",
                spec.place, spec.name, info.name, tokens)}};
    }
    return *amount;
}

std::optional<ScenarioError> add_arrivals(Genesis& genesis, const Scenario& scenario)
{
    struct Wanted
    {
        std::uint64_t block = 0;
        std::size_t group = 0;
        std::uint32_t number = 0;
    };
    std::vector<Wanted> wanted;
    for (std::size_t i = 0; i < genesis.groups.size(); ++i)
    {
        auto& group = genesis.groups[i];
        if (!group.spec->arrives())
            continue;
        const auto blocks = wanted_blocks(scenario, *group.spec);
        for (std::uint32_t number = 0; number < group.arrivals.size(); ++number)
        {
            auto& arrival = group.arrivals[number];
            for (const auto& [token, distribution] : group.spec->funds)
            {
                auto amount = draw_funds(scenario, *group.spec, token, distribution, number);
                if (!amount)
                    return std::move(amount.error());
                arrival.funds.emplace_back(token, *amount);
            }
            if (number < blocks.size())
                wanted.push_back({blocks[number], i, number});
        }
    }
    std::sort(wanted.begin(), wanted.end(),
        [](const Wanted& a, const Wanted& b)
        { return std::tie(a.block, a.group, a.number) < std::tie(b.block, b.group, b.number); });

    // Half of a block is left to everybody else: who does not fit comes in the next one.
    const auto gas_max = scenario.chain.fees.block_gas_limit / 2;
    std::uint64_t block = 0;
    std::uint64_t gas = 0;
    for (const auto& [wants, group, number] : wanted)
    {
        const auto& spec = *genesis.groups[group].spec;
        auto& arrival = genesis.groups[group].arrivals[number];
        auto line = payment_to(spec, arrival, fmt::format("{}/{}", spec.name, number));
        // As of any line of a script: twice the figure, for what is not used is not paid.
        line.gas_limit = std::min(
            2 * gas_figure_of(*genesis.world, line.calls), scenario.chain.fees.block_gas_limit);
        if (wants > block)
        {
            block = wants;
            gas = 0;
        }
        if (gas > 0 && gas + line.gas_limit > gas_max)
        {
            ++block;
            gas = 0;
        }
        if (block > scenario.blocks)
            break;
        gas += line.gas_limit;
        line.at_block = arrival.block = block;
        genesis.arrivals.push_back(std::move(line));
    }
    return std::nullopt;
}

}  // namespace runnel::scenarios
