#pragma once

#include "storage/rows.hpp"

/// What consensus did, as rows: of ledgers whose chain a network of validators or miners made.
namespace runnel::storage
{

/// What consensus did with a validator's coins beside paying him new ones.
struct StakeChangeRow
{
    static constexpr std::string_view table = "t_stake_changes";

    std::uint64_t block_number = 0;
    std::uint32_t reward_index = 0;
    AccountId account{};
    std::string_view kind;
    Amount amount;

    static constexpr void describe(auto& self, auto&& column)
    {
        column("block_number", self.block_number, {"The block."});
        column("reward_index", self.reward_index,
            {"From 0, counted together with the block's rows of t_rewards."});
        column("account_id", self.account, {"Whose stake it is."});
        column("kind", self.kind,
            {"staked (new coins in the deposits: what he earned there, or brought from outside of "
             "the ledger), freed (out of the deposits to his account), burnt (out of the deposits: "
             "what was slashed, or leaked away while he was absent), fees (tips out of the fee "
             "pool "
             "to his account)."});
        column("amount", self.amount, {"Exact, decimal.", unit::wei});
    }
};

struct NetworkNodeRow
{
    static constexpr std::string_view table = "t_network_nodes";

    std::uint64_t block_number = 0;
    std::uint32_t number = 0;
    std::optional<AccountId> maker;
    std::string_view group;
    std::string_view region;
    std::string_view peers;

    static constexpr void describe(auto& self, auto&& column)
    {
        column("block_number", self.block_number, {"0."});
        column("node", self.number, {"Its number, from 0; those who make blocks come first."});
        column("maker_id", self.maker, {"Its account; NULL: it only passes on what others make."});
        column("group_name", self.group,
            {"The table of [consensus.groups] that it is of; others: of none."});
        column("region", self.region, {"Where it is, see [network]."});
        column("peers", self.peers,
            {"The numbers of nodes that it has a connection to, ascending, a comma between two."});
    }
};

struct NetworkBlockRow
{
    static constexpr std::string_view table = "t_network_blocks";

    std::uint64_t block_number = 0;
    std::uint32_t note_index = 0;
    std::string_view status;
    std::uint64_t id = 0;
    std::uint64_t parent = 0;
    std::uint64_t height = 0;
    AccountId maker{};
    std::int64_t made_at_us = 0;
    std::int64_t stated_at_us = 0;
    std::uint64_t round = 0;
    std::uint64_t bits = 0;
    std::uint64_t nonce = 0;
    std::uint64_t is_withheld = 0;
    std::string_view flaw;

    static constexpr void describe(auto& self, auto&& column)
    {
        column("block_number", self.block_number,
            {"The block of the chain with which it was written down: the block itself, or the next "
             "one that stayed."});
        column("note_index", self.note_index, {"From 0."});
        column("status", self.status,
            {"canonical (a block of the chain), reverted (was executed and taken back), stale "
             "(never became part of the reference node's chain), invalid (was refused), undecided "
             "(its round ended without a decision)."});
        column("network_id", self.id,
            {"Its maker's number times 2^32, and the how-manieth of his it is."});
        column("parent_id", self.parent, {"The block it was made on; 0 is block 0."});
        column("height", self.height, {"Its distance from block 0."});
        column("maker_id", self.maker, {"Who made it."});
        column("made_at_us", self.made_at_us,
            {"When, since the scenario's start.", unit::other("us")});
        column("stated_at_us", self.stated_at_us,
            {"The time in its header of proof of work, by its maker's clock; else 0.",
                unit::other("us")});
        column("round", self.round, {"Of Tendermint; the slot, where slots count time; else 0."});
        column("bits", self.bits,
            {"The target of its proof of work in Bitcoin's compact form; 0 without."});
        column("nonce", self.nonce, {"What solves its puzzle, of real proof of work."});
        column("is_withheld", self.is_withheld, {"1 if it was made in secret."});
        column("flaw", self.flaw,
            {"What its maker did to it: wrong_state_root, overspend, forged_signature; '' is "
             "nothing."});
    }
};

struct NetworkVoteRow
{
    static constexpr std::string_view table = "t_network_votes";

    std::uint64_t block_number = 0;
    std::uint32_t vote_index = 0;
    std::string_view kind;
    std::uint64_t height = 0;
    std::uint64_t round = 0;
    std::optional<std::uint64_t> block;
    std::uint64_t source_epoch = 0;
    std::uint64_t target_epoch = 0;
    std::uint64_t voter_count = 0;
    ByteView voters;

    static constexpr void describe(auto& self, auto&& column)
    {
        column("block_number", self.block_number,
            {"The block of the chain with which the votes were written down."});
        column("vote_index", self.vote_index, {"From 0."});
        column("kind", self.kind, {"prevote, precommit, attestation."});
        column("height", self.height, {"Of what is voted for."});
        column("round", self.round, {"Of Tendermint; the slot, of attestations."});
        column("network_id", self.block, {"The block that is voted for; NULL: none."});
        column("source_epoch", self.source_epoch, {"Of attestations."});
        column("target_epoch", self.target_epoch, {"Of attestations."});
        column("voter_count", self.voter_count, {"How many voted for it."});
        column("voters", self.voters, {"Who: bit i of byte j is validator 8 j + i."});
    }
};

struct NetworkEvidenceRow
{
    static constexpr std::string_view table = "t_network_evidence";

    std::uint64_t block_number = 0;
    std::uint32_t evidence_index = 0;
    std::string_view kind;
    AccountId offender{};
    std::int64_t found_at_us = 0;
    std::uint64_t height = 0;
    std::uint64_t round = 0;
    std::optional<std::uint64_t> first;
    std::optional<std::uint64_t> second;

    static constexpr void describe(auto& self, auto&& column)
    {
        column("block_number", self.block_number,
            {"The block of the chain with which it was written down."});
        column("evidence_index", self.evidence_index, {"From 0."});
        column("kind", self.kind, {"double_vote, surround_vote, double_proposal, invalid_block."});
        column("offender_id", self.offender, {"Who broke the rule."});
        column("found_at_us", self.found_at_us,
            {"When the reference node knew, since the scenario's start.", unit::other("us")});
        column("height", self.height, {"Of what was voted for or made."});
        column("round", self.round, {"Of it; the slot, where slots count time."});
        column("first_id", self.first, {"A block that he voted for or made; NULL: none."});
        column("second_id", self.second, {"And another one, against the rule; NULL: none."});
    }
};

/// A block that was executed and taken back.
struct RevertedBlockRow
{
    static constexpr std::string_view table = "t_reverted_blocks";

    std::uint64_t block_number = 0;
    std::uint32_t revert_index = 0;
    std::uint64_t id = 0;
    std::uint64_t number = 0;
    Hash hash;
    AccountId proposer{};
    std::uint32_t transaction_count = 0;
    Hash digest;

    static constexpr void describe(auto& self, auto&& column)
    {
        column("block_number", self.block_number,
            {"The block of the chain after which it was gone for good."});
        column("revert_index", self.revert_index, {"From 0, in the order of taking back."});
        column("network_id", self.id, {"See t_network_blocks."});
        column("number", self.number, {"Its number in the chain that it was part of."});
        column("hash", self.hash, {"Its hash.", keccak_unit});
        column("proposer_id", self.proposer, {"Who made it."});
        column("transaction_count", self.transaction_count, {"How many it held."});
        column("digest", self.digest,
            {"Of the row before's digest, of this row and of its rows of t_reverted_transactions: "
             "what was altered later shows.",
                keccak_unit});
    }
};

struct RevertedTransactionRow
{
    static constexpr std::string_view table = "t_reverted_transactions";

    std::uint64_t block_number = 0;
    std::uint32_t entry_index = 0;
    std::uint32_t revert_index = 0;
    std::uint32_t transaction_index = 0;
    Hash hash;
    AccountId sender{};
    std::uint64_t nonce = 0;
    std::uint64_t succeeded = 0;

    static constexpr void describe(auto& self, auto&& column)
    {
        column("block_number", self.block_number, {"As in t_reverted_blocks."});
        column("entry_index", self.entry_index,
            {"From 0, over all transactions of blocks that were gone with this one."});
        column("revert_index", self.revert_index, {"As in t_reverted_blocks."});
        column("transaction_index", self.transaction_index, {"From 0, in the reverted block."});
        column("hash", self.hash,
            {"Of the transaction. It waited again: t_transactions has it if another block took "
             "it.",
                keccak_unit});
        column("from_id", self.sender, {"The sender."});
        column("nonce", self.nonce, {"The sender's count of earlier transactions."});
        column("receipt_status", self.succeeded, {"1 had succeeded, 0 had reverted."});
    }
};

/// A block with a flaw, as validators found it.
struct RefusedBlockRow
{
    static constexpr std::string_view table = "t_refused_blocks";

    std::uint64_t block_number = 0;
    std::uint32_t refusal_index = 0;
    std::uint64_t id = 0;
    std::uint64_t number = 0;
    Hash hash;
    AccountId proposer{};
    std::uint32_t transaction_count = 0;
    std::string_view flaw;
    std::string_view rule;
    std::string_view finding;
    Hash digest;

    static constexpr void describe(auto& self, auto&& column)
    {
        column("block_number", self.block_number,
            {"The block of the chain before whose execution it was shown to the validation."});
        column("refusal_index", self.refusal_index, {"From 0."});
        column("network_id", self.id, {"See t_network_blocks."});
        column("number", self.number, {"The number that it would have had."});
        column("hash", self.hash, {"Its hash.", keccak_unit});
        column("proposer_id", self.proposer, {"Who made it."});
        column("transaction_count", self.transaction_count, {"How many it held."});
        column("flaw", self.flaw, {"What its maker did to it, as in t_network_blocks."});
        column("rule", self.rule, {"The first rule that validation found broken."});
        column("finding", self.finding, {"How, in one line."});
        column("digest", self.digest,
            {"Of the row before's digest and of this row: what was altered later shows.",
                keccak_unit});
    }
};

}  // namespace runnel::storage
