#pragma once

#include "actors/simulation.hpp"
#include "consensus/block_builder.hpp"
#include "consensus/builders.hpp"
#include "consensus/commitments.hpp"
#include "consensus/consensus.hpp"
#include "consensus/network/network.hpp"
#include "consensus/schedule.hpp"
#include "consensus/script.hpp"
#include "execution/execution_threads.hpp"
#include "scenarios/genesis.hpp"
#include "state/checkpoint.hpp"
#include "storage/ledger_reader.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace runnel::audit
{

/// The chain of a ledger as it grows again, block by block: from what the file says of itself,
/// without agents or input files.
class ChainReexecutor
{
public:
    /// At the scenario's genesis, before block 0.
    ChainReexecutor(scenarios::Scenario scenario, scenarios::Genesis genesis, Script script);
    /// Reads the manifest's scenario and builds its genesis. Errors: what is wrong with them.
    [[nodiscard]] static tl::expected<ChainReexecutor, scenarios::ScenarioError> of(
        const storage::Manifest& manifest);

    [[nodiscard]] const scenarios::Scenario& scenario() const noexcept { return scenario_; }
    [[nodiscard]] World& world() noexcept { return *genesis_.world; }
    [[nodiscard]] const World& world() const noexcept { return *genesis_.world; }
    [[nodiscard]] const BlockHeader& head() const noexcept { return head_; }
    [[nodiscard]] const Hash& head_hash() const noexcept { return head_hash_; }

    /// Executes block 0.
    tl::expected<FinishedBlock, scenarios::ScenarioError> first(const Hash& manifest_hash);
    /// Which rule of the scenario a stored block behind the head breaks, before anything runs;
    /// empty: none. Its transactions' hashes are theirs, see seal_all(); those of senders who came
    /// after block 0 get theirs here, for they are hashed by address.
    [[nodiscard]] std::string check(storage::StoredBlock& stored);
    /// Executes the block that was checked.
    FinishedBlock next(storage::StoredBlock stored);
    /// From now on @p workers threads execute, this one included.
    void use_workers(unsigned workers);
    /// Goes on from a checkpoint's records behind a block instead of executing up to it. False if
    /// they are not the state that the header commits to; the replay is unusable then.
    [[nodiscard]] bool load(CheckpointSource& parts, const storage::StoredHeader& head);
    /// What the block after the head may depend on beside the state: the head's own transactions,
    /// for those who go on behind load(). They are not checked.
    void note_head(std::span<const Transaction> transactions) { commitments_.note(transactions); }

private:
    [[nodiscard]] std::string check_transactions(const storage::StoredBlock& stored);
    /// Whether the chain's ordering puts just these transactions into a block, in this order.
    [[nodiscard]] std::string check_order(std::span<const Transaction> head,
        std::span<const Transaction> transactions, const BlockSlot& slot);
    /// Who proposed a block, when, what consensus paid for it and what was final.
    [[nodiscard]] std::string check_consensus(const storage::StoredBlock& stored);
    /// The same where a network makes the chain: it is run again.
    [[nodiscard]] std::string check_network(const storage::StoredBlock& stored);
    /// Who attested the head is drawn; rewards and finality must follow from that.
    [[nodiscard]] std::string check_rewards(const storage::StoredBlock& stored) const;
    void advance(const FinishedBlock& block);

    struct Agent
    {
        std::uint32_t group = 0;    // From 1 on; 0: nobody whom a strategy moves.
        std::uint64_t arrival = 0;  // The block that brings it.
    };
    [[nodiscard]] Agent agent(AccountId account) const;

    scenarios::Scenario scenario_;
    scenarios::Genesis genesis_;
    std::vector<ValidatorStake> validators_;
    /// When the agents of a group decide nothing, by group; and every account's group, from 1 on, 0
    /// where no strategy moves it.
    std::vector<std::vector<AgentGroupSetup::Stop>> stops_;
    std::vector<std::uint32_t> groups_;
    std::vector<std::pair<Address, Agent>> newcomers_;  // By address.
    Script script_;
    BlockBuilder builder_;
    unsigned workers_ = 1;
    std::optional<BuilderMarket> market_;  // With the ordering `builders`.
    CommitmentBook commitments_;           // Of the head.
    std::unique_ptr<ExecutionThreads> execution_ = std::make_unique<ExecutionThreads>();
    BlockHeader head_;
    Hash head_hash_;
    std::uint32_t proposer_ = 0;
    // Where a network makes the chain:
    std::unique_ptr<ShardRunner> runner_ = std::make_unique<SerialShardRunner>();
    std::unique_ptr<ChainSchedule> schedule_;
    std::vector<Reward> rewards_;            // Due in the block that was checked,
    std::shared_ptr<ConsensusNotes> notes_;  // what consensus did on the way to it,
    const MakerConduct* conduct_ = nullptr;  // and of its maker, one of these.
    MakerConducts conducts_;
    std::optional<AccountId> fee_pool_;  // See SimulationSetup.
};

}  // namespace runnel::audit
