#pragma once

#include "audit/light.hpp"
#include "scenarios/scenario.hpp"

#include <cstdint>
#include <span>
#include <vector>

/// Light clients of chains that Gasper made; see audit/light.hpp.
namespace runnel::audit
{

/// What each block of a ledger's chain says of votes and slashings: the network again, as it was
/// run, because a ledger has the votes of branches among those of the chain. ProofError if what it
/// does is another chain.
[[nodiscard]] std::vector<GasperBlockContents> gasper_contents(
    const scenarios::Scenario& scenario, std::span<const ConsensusStep> steps);

/// Whether block @p number is final by the attestations of a chain whose headers have been checked.
/// @p first_maker: the account of node 0.
[[nodiscard]] LightFinality check_attestations(const LightChain& chain,
    const scenarios::Scenario& scenario, std::uint32_t first_maker, std::uint64_t number);

}  // namespace runnel::audit
