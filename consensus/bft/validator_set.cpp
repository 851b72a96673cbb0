#include "consensus/bft/validator_set.hpp"

#include "ledger/check.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <utility>

namespace runnel
{
namespace
{
__extension__ using int128 = __int128;

std::int64_t saturated(int128 value) noexcept
{
    return static_cast<std::int64_t>(std::clamp<int128>(
        value, std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()));
}

void rescale(BftValidatorSet& set)
{
    int128 lowest = std::numeric_limits<std::int64_t>::max();
    int128 highest = std::numeric_limits<std::int64_t>::min();
    for_each_voter(set.members,
        [&](NodeId v)
        {
            lowest = std::min<int128>(lowest, set.priority[v]);
            highest = std::max<int128>(highest, set.priority[v]);
        });
    const auto window = int128{2} * set.total_power;
    const auto distance = highest - lowest;
    if (distance <= window)
        return;
    const auto ratio = (distance + window - 1) / window;
    for_each_voter(set.members,
        [&](NodeId v) { set.priority[v] = static_cast<std::int64_t>(set.priority[v] / ratio); });
}

void centre(BftValidatorSet& set)
{
    int128 sum = 0;
    int128 count = 0;
    for_each_voter(set.members,
        [&](NodeId v)
        {
            sum += set.priority[v];
            ++count;
        });
    // Rounded down, below zero too.
    const auto average = sum / count - (sum % count < 0 ? 1 : 0);
    for_each_voter(set.members,
        [&](NodeId v) { set.priority[v] = saturated(int128{set.priority[v]} - average); });
}

void pass_turn(BftValidatorSet& set)
{
    auto best = std::numeric_limits<std::int64_t>::min();
    bool is_first = true;
    for_each_voter(set.members,
        [&](NodeId v)
        {
            set.priority[v] = saturated(int128{set.priority[v]} + set.power[v]);
            if (is_first || set.priority[v] > best)
            {
                best = set.priority[v];
                set.proposer = v;
                is_first = false;
            }
        });
    set.priority[set.proposer] = saturated(int128{best} - set.total_power);
}

void count_members(BftValidatorSet& set)
{
    set.total_power = 0;
    std::uint64_t least = BftValidatorSet::total_power_max;
    std::uint64_t most = 0;
    set.members.assign(words_for_voters(set.power.size()), 0);
    for (std::size_t v = 0; v < set.power.size(); ++v)
    {
        if (set.power[v] == 0)
            continue;
        add_voter(set.members, static_cast<NodeId>(v));
        RUNNEL_CHECK(set.power[v] <= BftValidatorSet::total_power_max - set.total_power);
        set.total_power += set.power[v];
        least = std::min(least, set.power[v]);
        most = std::max(most, set.power[v]);
    }
    set.common_power = least == most ? most : 0;
    RUNNEL_CHECK(set.total_power > 0);
}
}  // namespace

std::uint64_t BftValidatorSet::power_of(std::span<const std::uint64_t> bits) const noexcept
{
    std::uint64_t sum = 0;
    const auto words = std::min(bits.size(), members.size());
    for (std::size_t i = 0; i < words; ++i)
    {
        const auto word = bits[i] & members[i];
        sum += power_of(i, word, static_cast<std::uint32_t>(std::popcount(word)));
    }
    return sum;
}

NodeId BftValidatorSet::proposer_of(std::uint64_t round) const
{
    if (round == 0)
        return proposer;
    auto later = *this;
    increment_proposer_priority(later, round);
    return later.proposer;
}

BftValidatorSet first_validator_set(std::vector<std::uint64_t> power)
{
    BftValidatorSet set;
    set.priority.assign(power.size(), 0);
    set.power = std::move(power);
    count_members(set);
    increment_proposer_priority(set, 1);
    return set;
}

void increment_proposer_priority(BftValidatorSet& set, std::uint64_t times)
{
    rescale(set);
    centre(set);
    for (std::uint64_t i = 0; i < times; ++i)
        pass_turn(set);
}

BftValidatorSet next_validator_set(
    const BftValidatorSet& set, const std::vector<std::uint64_t>& power)
{
    auto next = set;
    if (power != set.power)
    {
        RUNNEL_CHECK(power.size() == set.power.size());
        // Removals come last: P still has those who go.
        int128 before_removals = 0;
        for (std::size_t v = 0; v < power.size(); ++v)
            before_removals += power[v] != 0 ? power[v] : set.power[v];
        next.power = power;
        count_members(next);
        for (std::size_t v = 0; v < power.size(); ++v)
        {
            if (set.power[v] == 0 && power[v] != 0)
                next.priority[v] = saturated(-(before_removals + before_removals / 8));
            else if (power[v] == 0)
                next.priority[v] = 0;
        }
        rescale(next);
        centre(next);
    }
    increment_proposer_priority(next, 1);
    return next;
}

}  // namespace runnel
