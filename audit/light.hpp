#pragma once

#include "audit/proof.hpp"
#include "consensus/engine.hpp"
#include "consensus/gasper/replay.hpp"
#include "storage/manifest.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// What a light client knows of a chain: its headers and what shows that they are final, without
/// transactions, receipts and state.
namespace runnel::audit
{

struct LightChain
{
    storage::Manifest manifest;        // What block 0 commits to: the rules, and who votes first.
    std::vector<BlockHeader> headers;  // From block 0 on.
    /// What the network did for each block from 1 on: itself as the only one of `added`, and the
    /// votes and the evidence that were stored with it.
    std::vector<ConsensusStep> steps;
    /// Of gasper, beside `steps`, which then have neither votes nor evidence: what each block says.
    std::vector<GasperBlockContents> attested;
};

/// Reads it from a ledger whose chain a network made; of gasper it runs the network once more.
/// ProofError if one proposer made it; storage::StorageError if the file cannot be read.
[[nodiscard]] LightChain read_light_chain(const std::string& path);

[[nodiscard]] std::string to_json(const LightChain& chain);
/// ProofError, one line, if the text is not what to_json() writes.
[[nodiscard]] LightChain parse_light_chain(std::string_view json);

struct LightFinality
{
    std::string why;      // The block is final, in words.
    std::string failure;  // Not empty: why that is not shown.
};

/// Whether the block of a proof is final by what a light client knows, if it trusts the hash of
/// block 0 (or the manifest, which it follows from):
///
/// - headers follow each other by hash, the first one from the manifest;
/// - each is of the network's block at its height, by proposer and time;
/// - bft: precommits of more than two thirds of the power of its height stand behind every block;
///   who has power is worked out from the scenario and what was stored (replay_bft, check_bft);
/// - gasper: attestations of two thirds of the effective balance justified a checkpoint at the
///   block or behind it, and by Casper's rule made it final. Who has a vote, and with how much, is
///   worked out from the scenario and what blocks say (GasperReplay); what that does to stakes is
///   what the rewards_root of each header says;
/// - pow: targets are what the retarget rule says, puzzles are solved (check_pow), and at least
///   @p confirmations blocks, itself included, stand on its parent.
///
/// Both are hostile input.
[[nodiscard]] LightFinality check_finality(
    const LightChain& chain, const Proof& proof, std::uint64_t confirmations);

}  // namespace runnel::audit
