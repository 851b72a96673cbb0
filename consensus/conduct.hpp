#pragma once

#include "consensus/engine.hpp"
#include "ledger/ids.hpp"

#include <cstdint>
#include <limits>
#include <vector>

namespace runnel
{

/// How somebody fills his blocks, where not as the chain's ordering has it.
struct MakerConduct
{
    /// By what transactions pay, where the chain has them in the order in which they arrived, or by
    /// chance.
    bool reorders = false;
    std::vector<AccountId> censored = {};  // Whose transactions he leaves out; ascending.
    [[nodiscard]] bool operator==(const MakerConduct&) const = default;
};

/// Who of a network fills blocks in a way of his own.
class MakerConducts
{
public:
    /// Of makers with consecutive numbers, for the blocks that they make in a time.
    struct Group
    {
        NodeId first = 0;
        std::uint32_t count = 0;
        VirtualTime from = 0;
        VirtualTime until = std::numeric_limits<VirtualTime>::max();
        MakerConduct conduct = {};
    };
    MakerConducts() = default;
    explicit MakerConducts(std::vector<Group> groups) : groups_{std::move(groups)} {}

    /// nullptr: as the chain's ordering has it. Valid as long as this object.
    [[nodiscard]] const MakerConduct* of(const NetworkBlock& block) const noexcept
    {
        for (const auto& group : groups_)
        {
            if (block.maker >= group.first && block.maker - group.first < group.count &&
                block.made_at >= group.from && block.made_at < group.until)
                return &group.conduct;
        }
        return nullptr;
    }

private:
    std::vector<Group> groups_;
};

}  // namespace runnel
