#pragma once

#include "consensus/network/virtual_time.hpp"
#include "consensus/setup.hpp"

#include <cstdint>
#include <string>

namespace runnel::audit
{

/// What a network alone did, and whether it kept its promises.
struct NetworkCheck
{
    std::string failure;  // Empty: none. Else `CHECK: what was found`.
    VirtualTime until = 0;
    std::uint64_t blocks = 0;     // Of the reference node's chain.
    std::uint64_t finalized = 0;  // Height.
    std::uint64_t reverted = 0;
    std::uint64_t evidence = 0;
    std::uint64_t conflicts = 0;  // Of final blocks, where liars are enough for that.
    /// Liars are few enough that nothing may conflict, and that it must go on.
    bool must_be_safe = false;
    bool must_go_on = false;
};

/// Runs a network until some time after its last fault has ended, and checks
///
/// - steps: blocks follow each other, and nothing is reverted that was final;
/// - accusation: evidence names nobody who kept to the rules;
/// - safety: no two honest nodes hold different blocks for final at one height, and what is stored
///   shows that what is final is (check_bft, check_gasper, check_pow). Where liars have a third of
///   the votes blocks may conflict; then more than a third must have signed for both;
/// - liveness: after the last fault the chain goes on, and all honest nodes with it.
///
/// How long after, where the bounds lie and why: docs/swarm.md.
[[nodiscard]] NetworkCheck check_network(const ConsensusSetup& setup, std::uint64_t seed);

}  // namespace runnel::audit
