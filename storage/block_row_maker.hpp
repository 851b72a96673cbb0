#pragma once

#include "ledger/block.hpp"
#include "ledger/consensus_notes.hpp"
#include "state/abi.hpp"
#include "storage/consensus_rows.hpp"
#include "storage/row_batch.hpp"
#include "storage/rows.hpp"

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

namespace runnel::storage
{

struct ContractEntry;
struct LedgerDescription;

/// Who there is at genesis.
[[nodiscard]] AddressBook address_book(const LedgerDescription& description);
/// Adds the rows of a contract, and of its token if it is one.
void add_contract(Rows<ContractRow>& contracts, Rows<TokenRow>& tokens, ContractId id,
    const ContractEntry& contract, const Address& address, std::optional<AccountId> creator,
    const Origin& origin);

/// Makes the rows that a block has in each of the block tables, and in those of who there is, in
/// their order: for those who write them, and for those who compare them with what was written.
class BlockRowMaker
{
public:
    /// What becomes of a table's rows; nullptr for what nobody asks for, which only a table that is
    /// told may be.
    using MakeTarget = std::function<std::unique_ptr<RowTarget>(const TableInfo&)>;

    /// @p addresses: who there is before the next block.
    BlockRowMaker(const Schema& schema, AddressBook addresses, const MakeTarget& make_target);

    /// The last digests of what was dropped, of what senders meant and of what was taken back and
    /// refused, if there are rows already.
    void continue_told(
        const Hash& dropped, const Hash& truth, const Hash& reverted, const Hash& refused) noexcept
    {
        refused_digest_ = refused;
        dropped_digest_ = dropped;
        truth_digest_ = truth;
        reverted_digest_ = reverted;
    }

    /// Makes the block's rows and returns their number. They wait in batches for more.
    std::size_t add(const FinishedBlock& block);
    /// Hands all rows to the targets.
    void flush();

private:
    void add_directories(const FinishedBlock& block);
    /// Returns how many witnesses there are beside them.
    std::size_t add_transactions(const FinishedBlock& block);
    void add_rewards(const FinishedBlock& block);
    /// Returns the number of rows.
    std::size_t add_consensus(const FinishedBlock& block);
    void add_reverted(std::uint64_t number, const ConsensusNotes& notes);
    void add_refused(std::uint64_t number, const ConsensusNotes& notes);
    void add_events(const FinishedBlock& block);
    void add_dropped(const FinishedBlock& block);
    void add_truth(const FinishedBlock& block);
    [[nodiscard]] RowBatch& rows_of(const EventType& type);

    AddressBook addresses_;
    std::deque<RowBatch> batches_;
    std::optional<Rows<BlockRow>> blocks_;
    std::optional<Rows<TransactionRow>> transactions_;
    std::optional<Rows<WitnessRow>> witnesses_;
    std::optional<Rows<RewardRow>> rewards_;
    std::optional<Rows<StakeChangeRow>> stake_changes_;
    std::optional<Rows<NetworkNodeRow>> network_nodes_;
    std::optional<Rows<NetworkBlockRow>> network_blocks_;
    std::optional<Rows<NetworkVoteRow>> network_votes_;
    std::optional<Rows<NetworkEvidenceRow>> network_evidence_;
    std::optional<Rows<RevertedBlockRow>> reverted_blocks_;  // As dropped_.
    std::optional<Rows<RevertedTransactionRow>> reverted_transactions_;
    Hash reverted_digest_;
    std::optional<Rows<RefusedBlockRow>> refused_blocks_;  // Likewise.
    Hash refused_digest_;
    std::optional<Rows<DroppedRow>> dropped_;  // Not of those who compare: nobody can tell.
    Hash dropped_digest_;
    std::optional<Rows<TruthRow>> truth_;  // Likewise.
    std::optional<Rows<TruthDigestRow>> truth_digests_;
    Hash truth_digest_;
    std::optional<Rows<AddressRow>> address_rows_;
    std::optional<Rows<ContractRow>> contract_rows_;
    std::optional<Rows<TokenRow>> token_rows_;
    std::unordered_map<const EventType*, RowBatch*> events_;  // Where an event's rows go.
    const EventType* last_type_ = nullptr;
    RowBatch* last_rows_ = nullptr;
};

}  // namespace runnel::storage
