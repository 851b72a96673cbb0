#include "consensus/gasper/check.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <set>
#include <utility>

namespace runnel
{
namespace
{
/// Blocks by what they stand on.
class BlockTree
{
public:
    explicit BlockTree(std::span<const NetworkBlock> blocks)
    {
        blocks_.emplace(0, NetworkBlock{});
        for (const auto& block : blocks)
            blocks_.emplace(block.id, block);
    }
    /// The last block on the way to @p id that is not after a slot; nullopt: a block is missing.
    [[nodiscard]] std::optional<NetworkBlockId> at_slot(NetworkBlockId id, Slot slot) const
    {
        for (;;)
        {
            const auto found = blocks_.find(id);
            if (found == blocks_.end())
                return std::nullopt;
            if (found->second.round <= slot)
                return id;
            id = found->second.parent;
        }
    }
    [[nodiscard]] bool is_ancestor(NetworkBlockId ancestor, NetworkBlockId id) const
    {
        const auto found = blocks_.find(ancestor);
        return found != blocks_.end() && at_slot(id, found->second.round) == ancestor;
    }

private:
    std::map<NetworkBlockId, NetworkBlock> blocks_;
};

using CheckpointKey = std::pair<Epoch, NetworkBlockId>;
CheckpointKey key_of(const Checkpoint& checkpoint)
{
    return {checkpoint.epoch, checkpoint.block};
}

/// Who voted from a checkpoint to another.
struct Link
{
    Checkpoint source;
    Checkpoint target;
    std::vector<std::uint64_t> voters;
};

void merge(std::vector<std::uint64_t>& into, const std::vector<std::uint64_t>& from)
{
    into.resize(std::max(into.size(), from.size()));
    for (std::size_t i = 0; i < from.size(); ++i)
        into[i] |= from[i];
}

template <typename Use>
void for_each_voter(const std::vector<std::uint64_t>& bits, const Use& use)
{
    for (std::size_t word = 0; word < bits.size(); ++word)
    {
        for (auto rest = bits[word]; rest != 0; rest &= rest - 1)
            use(static_cast<std::uint32_t>(
                word * 64 + static_cast<std::size_t>(__builtin_ctzll(rest))));
    }
}

bool has_two_thirds(const Link& link, const std::map<Epoch, EpochStake>& stakes)
{
    const auto suffices = [&](const std::vector<Gwei>& weight, Gwei total)
    {
        Gwei sum = 0;
        for_each_voter(
            link.voters, [&](std::uint32_t v) { sum += v < weight.size() ? weight[v] : 0; });
        return is_supermajority(sum, total);
    };
    const auto after = stakes.upper_bound(link.target.epoch);
    if (after == stakes.begin())
        return false;
    const auto& own = std::prev(after)->second;
    if (suffices(own.weight, own.total))
        return true;
    return after != stakes.end() && after->first == link.target.epoch + 1 &&
           suffices(after->second.previous_weight, after->second.total);
}

std::vector<Link> links_of(
    std::span<const NetworkVotes> votes, const BlockTree& tree, std::uint32_t slots_per_epoch)
{
    std::map<std::pair<CheckpointKey, CheckpointKey>, Link> links;
    for (const auto& vote : votes)
    {
        const auto source = tree.at_slot(vote.block, vote.source_epoch * slots_per_epoch);
        const auto target = tree.at_slot(vote.block, vote.target_epoch * slots_per_epoch);
        if (vote.kind != VoteKind::attestation || !source || !target)
            continue;
        const Checkpoint from{vote.source_epoch, *source};
        const Checkpoint to{vote.target_epoch, *target};
        auto& link = links[{key_of(to), key_of(from)}];
        link.source = from;
        link.target = to;
        merge(link.voters, vote.voters);
    }
    std::vector<Link> result;  // By the target's epoch.
    for (auto& [key, link] : links)
        result.push_back(std::move(link));
    return result;
}

/// Whose votes break a rule: each validator's against each other of his.
std::vector<std::uint32_t> offenders_of(std::span<const NetworkVotes> votes)
{
    std::map<std::uint32_t, std::vector<AttestationData>> by_validator;
    std::set<std::uint32_t> offenders;
    for (const auto& vote : votes)
    {
        if (vote.kind != VoteKind::attestation)
            continue;
        const AttestationData data{
            vote.round, vote.block, {vote.source_epoch, 0}, {vote.target_epoch, 0}};
        for_each_voter(vote.voters,
            [&](std::uint32_t v)
            {
                auto& known = by_validator[v];
                if (std::find(known.begin(), known.end(), data) != known.end())
                    return;
                if (std::any_of(known.begin(), known.end(),
                        [&](const AttestationData& other)
                        { return slashable_pair(other, data).has_value(); }))
                    offenders.insert(v);
                known.push_back(data);
            });
    }
    return {offenders.begin(), offenders.end()};
}
}  // namespace

GasperFindings check_gasper(std::span<const NetworkBlock> blocks,
    std::span<const NetworkVotes> votes, std::span<const Checkpoint> finalized,
    const std::map<Epoch, EpochStake>& stakes, std::uint32_t slots_per_epoch)
{
    GasperFindings findings;
    const BlockTree tree{blocks};
    const auto links = links_of(votes, tree, slots_per_epoch);
    std::set<CheckpointKey> justified{{0, 0}};
    std::vector<const Link*> strong;
    for (const auto& link : links)
    {
        if (!justified.contains(key_of(link.source)) || !has_two_thirds(link, stakes))
            continue;
        justified.insert(key_of(link.target));
        strong.push_back(&link);
    }
    for (const auto& checkpoint : finalized)
    {
        if (checkpoint.epoch == 0)
            continue;
        const auto name = "checkpoint of epoch " + std::to_string(checkpoint.epoch) + ", block " +
                          std::to_string(checkpoint.block);
        if (!justified.contains(key_of(checkpoint)))
        {
            findings.problems.push_back(name + ": two thirds of the stake have not voted for it");
            continue;
        }
        const bool is_final = std::any_of(strong.begin(), strong.end(),
            [&](const Link* link)
            {
                if (link->source != checkpoint || link->target.epoch > checkpoint.epoch + 2)
                    return false;
                // Two epochs on, the one in between must be justified too.
                const auto between =
                    tree.at_slot(link->target.block, (checkpoint.epoch + 1) * slots_per_epoch);
                return link->target.epoch == checkpoint.epoch + 1 ||
                       (between && justified.contains({checkpoint.epoch + 1, *between}));
            });
        if (!is_final)
            findings.problems.push_back(name + ": justified, but none behind it from it");
    }
    for (std::size_t i = 0; i < finalized.size(); ++i)
    {
        for (std::size_t j = i + 1; j < finalized.size(); ++j)
        {
            if (tree.is_ancestor(finalized[i].block, finalized[j].block) ||
                tree.is_ancestor(finalized[j].block, finalized[i].block))
                continue;
            findings.conflicts.emplace_back(finalized[i], finalized[j]);
            findings.problems.push_back("epochs " + std::to_string(finalized[i].epoch) + " and " +
                                        std::to_string(finalized[j].epoch) +
                                        ": both final, in conflict");
        }
    }
    findings.offenders = offenders_of(votes);
    return findings;
}

}  // namespace runnel
