#pragma once

#include "actors/capture.hpp"
#include "actors/consensus.hpp"
#include "actors/crew.hpp"
#include "actors/leases.hpp"
#include "actors/load_governor.hpp"
#include "actors/newcomers.hpp"
#include "actors/redundancy.hpp"
#include "actors/round_watch.hpp"
#include "consensus/flawed_block.hpp"

#include <chrono>
#include <deque>
#include <optional>
#include <vector>

namespace runnel::actors
{

/// Drives the chain: one block after another through decide, order, plan, execute, commit and
/// persist. Owns the world's tokens and accounts; leases the protocols' state for each block.
///
/// A round is a way through named states, each of which says which answers it takes: publishing,
/// deciding, ordering, awaiting credit, leasing, replicating, capturing, saving; in the end
/// finishing, closing, gathering. A step ends by entering a state, whose last answer takes the next
/// step. While the roots of block h are computed, wallets decide on block h + 1 already, unless a
/// checkpoint is due between the two.
class Director : public CrewActor, private TransactionObserver
{
public:
    /// @param writer  nullptr without a sink.
    Director(caf::actor_config& config, std::shared_ptr<SimulationSetup> setup,
        SimulationOptions options, std::shared_ptr<SimulationResult> result, caf::actor writer,
        std::shared_ptr<ExecutionGate> gate, std::shared_ptr<RoundWatch> watch);
    caf::behavior make_behavior() override;
    void on_exit() override;

private:
    using Clock = std::chrono::steady_clock;

    void spawn_crew();
    void spawn_cohorts(const std::vector<GroupCohorts>& groups);
    /// Names everybody to the watchdog.
    void watch_crew();
    /// Takes the chain to where the checkpoint is; false (and failed) if it is not one of this run.
    [[nodiscard]] bool restore(const std::vector<GroupCohorts>& groups);
    // ---- States: they take answers, and the last one takes a step ----

    template <typename... Handlers>
    void enter(void (Director::*proceed)(), Handlers... handlers);
    [[nodiscard]] caf::message_handler in_any_state();
    void consulting();       // Consensus says how the chain goes on.
    void reverting();        // Everything comes home, to be taken back.
    void publishing();       // Hosts take their contracts back and show them.
    void deciding();         // Wallets.
    void watching();         // Those that see what the others want.
    void ordering();         // The proposer builds the block.
    void awaiting_credit();  // The writer is behind.
    void judging();          // Everything comes home, to try a flawed block on.
    void leasing();          // What the block touches, and the parent's attestations.
    void leasing_all();      // What the block turned out to touch may be anything.
    void replicating();      // The other replica executes the block too.
    void capturing();        // Cohorts tell what wallets remember.
    void saving();           // The sink takes the checkpoint.
    void finishing();        // The last block's attestations.
    void closing();          // The sink ends its ledger.
    void gathering();        // Hosts bring their contracts, for the last time.

    // ---- Steps ----

    /// Sends Decide to cohorts that have something to do. Roots of @p parent may be missing.
    /// Whether transactions from a checkpoint are such as agents send.
    [[nodiscard]] bool are_plausible(
        const std::vector<const Transaction*>& waiting, const CheckpointHead& head) const;
    /// Whose strategy moves this account; nullptr: nobody's.
    [[nodiscard]] const AgentGroupSetup* group_of(AccountId account) const;
    void begin_round(const BlockHeader& parent);
    /// Whether a cohort has somebody who decides in this block, in the round of those who watch the
    /// mempool or in that of the others.
    [[nodiscard]] bool is_due(std::size_t cohort, bool watches) const;
    /// Asks the cohorts that are due in one of these rounds.
    void ask_for_decisions(bool of_watchers);
    void show_mempool();
    /// Empties @p transactions.
    void add_to_mempool(std::vector<Transaction>& transactions);
    /// Tells groups who of them has come with blocks since.
    void admit_newcomers();
    void propose();
    /// Whether proposers made flawed blocks that nobody has looked at yet.
    [[nodiscard]] bool has_flawed() const;
    /// Makes the flawed blocks of proposers who cheat, from what an honest one makes the block
    /// under way of, and shows them to the validation.
    void judge();
    void plan();
    void execute();
    void redo();    // All is leased: executes the block once more, in order.
    void commit();  // The block is executed.
    void settle(const Replicated& replicated);  // Both replicas have executed the block.
    void publish();
    void published();         // All views of the new state are out.
    void start_next_block();  // Or to the end, if there is none.
    /// Asks consensus for more when little is left.
    void ask_for_schedule();
    void take_back();  // Blocks from the end of the chain.
    void go_on();      // With the next block.
    void seal_if_due();
    void seal();
    /// Between two blocks everybody waits until the sink has the checkpoint.
    void begin_checkpoint();
    void save();
    void finish();
    void fail(std::string message, bool is_bug);
    void end();

    void executed(std::uint32_t transaction, const ExecutedTransaction& what) override;
    void note_outcomes();
    void sample_block();
    void add_outcome(AccountId account, const TransactionOutcome& outcome);
    void take_letters(std::vector<AddressedLetter>& letters);
    /// When everybody has decided: nobody hears a letter in the round in which it was written.
    void deliver_letters();
    /// Shows the block's payments to the cohorts that read the chain.
    void add_transfers();
    /// What this wallet's cohort is to hear next; nullptr of whom no strategy moves.
    [[nodiscard]] News* news_for(AccountId account);
    void charge(double PhaseSeconds::*phase);

    std::shared_ptr<SimulationSetup> setup_;
    SimulationOptions options_;
    std::shared_ptr<SimulationResult> result_;
    World& world_;

    // The crew.
    std::vector<caf::actor> cohorts_;
    std::vector<caf::actor> validators_;
    std::vector<caf::actor> helpers_;
    caf::actor writer_;
    caf::actor replica_;                         // With redundant execution.
    std::vector<std::uint32_t> cohort_of_;       // By account; none_ for others.
    std::vector<std::size_t> cohorts_of_group_;  // How many.
    Newcomers newcomers_;
    std::shared_ptr<GroupAccounts> everybody_;  // Cohorts read it while they decide.

    // The head.
    BlockHeader head_;
    Hash head_hash_;
    std::uint64_t finalized_block_ = 0;
    std::vector<bool> attested_;  // The head, by validator.
    std::uint32_t attestations_due_ = 0;

    // The round.
    std::uint64_t block_ = 0;  // Under way.
    std::uint32_t proposer_ = 0;
    std::shared_ptr<WorldView> view_;
    std::vector<std::uint64_t> cohort_next_;
    std::vector<bool> watches_;  // By cohort: it sees the mempool.
    MempoolView seen_;           // Of the round under way.
    std::vector<Transaction> late_;
    std::vector<AddressedLetter> letters_;     // Likewise.
    std::vector<std::shared_ptr<News>> news_;  // By cohort.
    std::vector<std::uint32_t> observers_;     // Cohorts that read the chain.
    std::shared_ptr<Mempool> mempool_;
    std::size_t decisions_due_ = 0;
    std::shared_ptr<std::vector<Transaction>> proposed_;  // Waits to be planned.
    Script::Head script_;                                 // What heads it.
    std::vector<Reward> rewards_;                         // Of the block under execution.
    bool sealing_ = false;  // A block was applied and waits for its roots.
    bool more_ = false;     // There is a next block.
    bool failed_ = false;
    std::vector<DroppedTransaction> dropped_;

    // Where an engine makes the chain.
    /// A block that will be taken back, with what it found.
    struct Doomed
    {
        BlockUndo undo;
        BlockHeader parent;
        Hash parent_hash;
        std::uint64_t finalized = 0;
        std::vector<Transaction> transactions;  // Which wait again then.
        RevertedBlock note;
        std::uint64_t reverted = 0;  // Of its transactions.
    };
    [[nodiscard]] bool has_engine() const noexcept { return setup_->make_engine != nullptr; }
    /// Which validator puts the block together: with an engine there is one that has the ledger.
    [[nodiscard]] std::uint32_t builder() const noexcept { return has_engine() ? 0 : proposer_; }
    /// How many actors validate. With an engine validators are in its network and the reference
    /// node alone has the ledger; more of them only share its signatures.
    [[nodiscard]] std::size_t validator_count() const noexcept
    {
        if (!has_engine())
            return setup_->validators.size();
        return setup_->signatures == SignatureScheme::none ? 1 : options_.workers;
    }
    void remember_doomed();
    caf::actor consensus_;
    std::deque<ScheduledBlock> schedule_;
    bool is_schedule_due_ = false;
    bool is_schedule_whole_ = false;
    std::string schedule_error_;
    bool stands_still_ = false;
    ScheduledBlock now_;  // The block under way,
    // and of the one that was applied and waits for its roots:
    std::shared_ptr<ConsensusNotes> sealing_notes_;
    bool sealing_stays_ = true;
    std::vector<Doomed> doomed_;
    std::vector<RevertedBlock> reverted_;  // Since the last block that stays.
    bool went_back_ = false;
    std::optional<BlockValidator> validation_;  // Once there was a flawed block.
    bool holds_all_ = false;                    // All contracts are leased for the block under way.
    std::uint64_t start_time_ = 0;              // Unix seconds, of block 0.

    std::shared_ptr<ExecutionGate> gate_;
    LoadGovernor governor_;
    double writer_seconds_ = 0;  // result_->phases.persist when the last block was done.
    Clock::time_point block_mark_ = Clock::now();
    std::shared_ptr<RoundWatch> watch_;
    Leases leases_;
    Capture capture_;
    caf::message_handler in_any_state_;
    /// What Attested and Persisted may make possible in this state; nullptr: nothing.
    void (Director::*proceed_)() = nullptr;
    std::optional<Redundancy> redundancy_;
    FinishedBlock unsettled_;                      // The director's own, until settle().
    std::shared_ptr<const FinishedBlock> sealed_;  // What settle() found, until seal().
    std::uint64_t epoch_ = 0;
    std::uint64_t parallel_transactions_ = 0;
    unsigned unpersisted_ = 0;  // Blocks with the writer.

    Clock::time_point mark_;
};

}  // namespace runnel::actors
