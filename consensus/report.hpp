#pragma once

#include "consensus/engine.hpp"
#include "consensus/setup.hpp"

#include <array>
#include <cstdint>
#include <vector>

namespace runnel
{

/// What people ask of a network, from the steps of its chain: the same questions for every engine.
class ConsensusReport
{
public:
    explicit ConsensusReport(const ConsensusSetup& setup);

    void add(const ConsensusStep& step);
    [[nodiscard]] std::uint64_t blocks() const noexcept { return chain_.size(); }

    /// The same names in the same order for every seed of a scenario; the engine's own are last.
    /// @p now: virtual time that passed.
    [[nodiscard]] std::vector<NamedFigure> figures(
        const ConsensusEngine& engine, VirtualTime now) const;

private:
    /// 1, 2, 3, 4 to 6, and more blocks.
    static constexpr std::size_t depths = 5;
    struct Group
    {
        std::uint64_t blocks = 0;
        double rewards = 0;  // Ether; likewise below.
        double leaked = 0;
        double slashed = 0;
    };

    [[nodiscard]] std::size_t group_of(NodeId node) const noexcept;
    void add_chain(std::vector<NamedFigure>& figures, VirtualTime now) const;
    void add_groups(std::vector<NamedFigure>& figures) const;
    void add_stakes(std::vector<NamedFigure>& figures) const;
    void add_traffic(std::vector<NamedFigure>& figures, const ConsensusFigures& counted) const;

    const ConsensusSetup& setup_;
    std::vector<NetworkBlock> chain_;              // From block 1 on.
    std::vector<std::vector<StakeChange>> stake_;  // That came with each.
    std::array<std::uint64_t, depths> reorganisations_{};
    std::uint64_t reverted_ = 0;
    std::uint64_t deepest_ = 0;
    std::array<std::uint64_t, 4> refused_{};   // By kind.
    std::array<std::uint64_t, 4> evidence_{};  // By kind.
    std::uint64_t final_ = 0;
    std::vector<VirtualTime> final_after_;
};

}  // namespace runnel
