#pragma once

#include "actors/checkpoint.hpp"
#include "actors/redundancy.hpp"
#include "consensus/mempool.hpp"
#include "execution/executor.hpp"
#include "ledger/block.hpp"
#include "strategies/api/outcome.hpp"

#include <caf/actor.hpp>
#include <caf/allowed_unsafe_message_type.hpp>

#include <map>
#include <memory>
#include <string>
#include <vector>

/// What actors say to each other: nouns and imperatives, payloads moved by pointer. All of it stays
/// within the process.
namespace runnel::actors
{

/// Director -> cohort: decide for the block of the view.
struct Decide
{
    std::shared_ptr<const WorldView> view;
    std::shared_ptr<const News> news;  // For this cohort's wallets.
};

/// Cohort -> director.
struct Decided
{
    std::uint32_t cohort = 0;
    std::uint64_t next_block = 0;  // In which some wallet wants to decide next.
    std::shared_ptr<std::vector<Transaction>> transactions;
    std::shared_ptr<std::vector<AddressedLetter>> letters;
};

/// Director -> cohort: learn what is new and show what your wallets remember, for a checkpoint.
struct CaptureState
{
    std::uint64_t next_block = 0;
    std::shared_ptr<const News> news;  // For this cohort's wallets.
};

/// Cohort -> director. The cohort does not change before its next message.
struct StateCaptured
{
    std::uint32_t cohort = 0;
    std::uint64_t next_block = 0;  // As in Decided.
    std::shared_ptr<Cohort> wallets;
};

/// Cohort -> protocol actor: quotes from committed state.
struct AskQuotes
{
    ContractId contract{};
    std::vector<QuoteRequest> requests;
};

/// Protocol actor -> cohort, answers in the order of the requests.
struct Quotes
{
    ContractId contract{};
    std::vector<std::optional<Amount>> amounts_out;
};

/// Director -> proposer: build the block. The mempool changes hands.
struct Propose
{
    std::shared_ptr<Mempool> mempool;
    const World* world = nullptr;
    BlockSlot slot;
    /// What must head the block.
    std::shared_ptr<std::vector<Transaction>> head;
    BlockFate fate;
};

/// Proposer -> director. The mempool comes back with what was left.
struct Proposed
{
    std::shared_ptr<Mempool> mempool;
    std::shared_ptr<std::vector<Transaction>> transactions;
    std::shared_ptr<std::vector<DroppedTransaction>> dropped;
};

/// Director -> validators: a block was executed.
struct Attest
{
    std::shared_ptr<const FinishedBlock> block;
    /// Of the senders of its transactions, where these are signed: validators share the work of
    /// looking at signatures, each takes every so many of them.
    std::shared_ptr<const std::vector<Address>> senders;
    std::uint32_t validators = 1;
};

/// Validator -> director.
struct Attested
{
    std::uint32_t validator = 0;
    std::uint64_t block_number = 0;
    bool attests = false;
    std::string refusal;  // Why a validator found the block invalid.
};

/// Director -> validator: blocks were taken back, this is the head again.
struct Rewind
{
    BlockHeader head;
    Hash hash;
};

/// Director -> protocol actor: lend these contracts for a block.
struct Lease
{
    std::vector<ContractId> contracts;
};

using LeasedContracts = std::shared_ptr<std::vector<std::unique_ptr<Contract>>>;

/// Protocol actor -> director, with the contracts.
struct Leased
{
    LeasedContracts contracts;
};

/// Director -> protocol actor: here they are again, as this block left them.
struct LeaseReturn
{
    LeasedContracts contracts;
    std::uint64_t block_number = 0;
};

/// Protocol actor -> director: look at these.
struct Published
{
    std::vector<ProtocolView> views;
};

/// Director -> execution helper: take part in this block if it is still under way.
struct Assist
{
    std::uint64_t epoch = 0;
    unsigned worker = 0;
};

/// Director -> replica actor: execute this on that. The replica changes hands.
struct Replicate
{
    std::shared_ptr<Replica> replica;
    std::shared_ptr<BlockOrder> order;
};

/// Replica actor -> director: with what came out.
struct Replicated
{
    std::shared_ptr<Replica> replica;
    std::shared_ptr<FinishedBlock> block;
};

/// Director -> writer.
struct Persist
{
    std::shared_ptr<const FinishedBlock> block;
};
struct SaveCheckpoint
{
    std::uint64_t block_number = 0;
    std::shared_ptr<CheckpointSource> parts;
    /// Homes of the contracts that the parts are read from: they live as long as the message.
    std::shared_ptr<const std::map<std::uint32_t, caf::actor>> protocols;
};
struct FinishLedger
{};

/// Watchdog -> writer: the run is given up, make safe what you have.
struct FlushLedger
{};
struct LedgerFlushed
{};

/// Writer -> director: so many blocks have left the queue.
struct Persisted
{
    std::uint64_t blocks = 0;
};
struct CheckpointSaved
{};
struct LedgerFinished
{};

/// Any actor -> director: the world or the code failed; the run ends.
struct Failure
{
    std::string message;
    bool is_bug = false;
};

/// Main -> director: begin. Director -> itself: see if the next step can be taken.
struct Begin
{};

}  // namespace runnel::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runnel::actors::Decide)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runnel::actors::Decided)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runnel::actors::CaptureState)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runnel::actors::StateCaptured)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runnel::actors::AskQuotes)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runnel::actors::Quotes)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runnel::actors::Propose)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runnel::actors::Proposed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runnel::actors::Attest)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runnel::actors::Attested)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runnel::actors::Rewind)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runnel::actors::Lease)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runnel::actors::Leased)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runnel::actors::LeaseReturn)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runnel::actors::Published)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runnel::actors::Assist)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runnel::actors::Replicate)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runnel::actors::Replicated)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runnel::actors::Persist)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runnel::actors::SaveCheckpoint)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runnel::actors::CheckpointSaved)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runnel::actors::FinishLedger)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runnel::actors::FlushLedger)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runnel::actors::LedgerFlushed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runnel::actors::Persisted)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runnel::actors::LedgerFinished)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runnel::actors::Failure)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runnel::actors::Begin)
