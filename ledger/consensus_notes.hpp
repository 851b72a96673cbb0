#pragma once

#include "ledger/amount.hpp"
#include "ledger/hash.hpp"
#include "ledger/ids.hpp"
#include "ledger/transaction.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What consensus did on the way to a block, as a ledger keeps it. Names are words already: a
/// ledger need not know what engines there are.
namespace runnel
{

/// Where a vote or a piece of evidence names no block.
inline constexpr std::uint64_t no_network_block = ~std::uint64_t{0};

/// A block that some node of the network made, whatever became of it.
struct NetworkBlockNote
{
    std::string_view status;  // See NetworkBlockRow.
    std::uint64_t id = 0;
    std::uint64_t parent = 0;
    std::uint64_t height = 0;
    AccountId maker{};
    std::int64_t made_at_us = 0;
    std::int64_t stated_at_us = 0;  // Its header's time, by its maker's clock, of proof of work.
    std::uint64_t round = 0;
    std::uint32_t bits = 0;
    std::uint64_t nonce = 0;
    bool is_withheld = false;
    std::string_view flaw;
};

struct VoteNote
{
    std::string_view kind;
    std::uint64_t height = 0;
    std::uint64_t round = 0;
    std::uint64_t block = 0;
    std::uint64_t source_epoch = 0;
    std::uint64_t target_epoch = 0;
    std::vector<std::uint64_t> voters;  // A bit each, the lowest first.
};

struct EvidenceNote
{
    std::string_view kind;
    AccountId offender{};
    std::int64_t found_at_us = 0;
    std::uint64_t height = 0;
    std::uint64_t round = 0;
    std::uint64_t first = 0;
    std::uint64_t second = 0;
};

/// A block that was executed and taken back.
struct RevertedBlock
{
    std::uint64_t id = 0;  // Of the network.
    std::uint64_t number = 0;
    Hash hash;
    AccountId proposer{};
    struct Transaction
    {
        Hash hash;
        AccountId sender{};
        std::uint64_t nonce = 0;
        bool succeeded = false;
    };
    std::vector<Transaction> transactions;
};

/// A block with a flaw that a proposer made, as validators found it.
struct RefusedBlockNote
{
    std::uint64_t id = 0;      // Of the network.
    std::uint64_t number = 0;  // That it would have had.
    Hash hash;
    AccountId proposer{};
    std::uint32_t transaction_count = 0;
    std::string_view flaw;
    std::string_view rule;  // That it breaks.
    std::string finding;    // In one line.
};

/// A node of the network.
struct NetworkNodeNote
{
    std::uint32_t number = 0;
    std::optional<AccountId> maker;  // Its account, if it makes blocks.
    std::string group;
    std::string region;
    std::vector<std::uint32_t> peers;  // Their numbers, ascending.
};

/// Between a block that stays and the one before it that stays.
struct ConsensusNotes
{
    std::vector<NetworkNodeNote> nodes;    // With block 0 alone: all of them, by number.
    std::vector<NetworkBlockNote> blocks;  // The block itself last.
    std::vector<VoteNote> votes;
    std::vector<EvidenceNote> evidence;
    std::vector<RevertedBlock> reverted;    // In the order in which they were taken back.
    std::vector<RefusedBlockNote> refused;  // Of `blocks`, those with a flaw, in their order.
};

}  // namespace runnel
