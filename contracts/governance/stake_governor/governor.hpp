#pragma once

#include "contracts/kit/contract_base.hpp"
#include "contracts/kit/sectors/governance.hpp"
#include "contracts/kit/token.hpp"
#include "ledger/call.hpp"

#include <array>
#include <cstdint>

namespace runnel::contracts::stake_governor
{

/// Locks tokens of the sender's, by allowance: votes.
struct Lock
{
    RUNNEL_CALL("lock", 0, 110'000);

    Amount amount;
    RUNNEL_FIELDS((amount, smallest_unit_of_its("token")));
};

/// Gives locked tokens back, at any time.
struct Unlock
{
    RUNNEL_CALL("unlock", 1, 75'000);

    Amount amount;
    RUNNEL_FIELDS((amount, smallest_unit_of_its("token")));
};

/// Proposes calls that the governor shall make. Returns the proposal's number.
struct Propose
{
    RUNNEL_CALL("propose", 2, 400'000);

    CallList calls;
    Hash description;
    RUNNEL_FIELDS(calls, description);
};

/// Votes with all that one has: 0 against, 1 for. Returns the weight.
struct CastVote
{
    RUNNEL_CALL("castVote", 3, 75'000);

    std::uint32_t proposal = 0;
    std::uint8_t support = 0;
    RUNNEL_FIELDS(proposal, support);
};

/// Makes a proposal's calls, after its vote.
struct Execute
{
    RUNNEL_CALL("execute", 4, 60'000);  // And what the calls cost.

    std::uint32_t proposal = 0;
    RUNNEL_FIELDS(proposal);
};

/// Makes them while the vote is still going on, if two thirds of all votes are for it.
struct EmergencyCommit
{
    RUNNEL_CALL("emergencyCommit", 5, 65'000);  // And what the calls cost.

    std::uint32_t proposal = 0;
    RUNNEL_FIELDS(proposal);
};

struct LockedLog
{
    static constexpr std::string_view table = "governor_locks";
    static constexpr std::string_view signature = "Locked(address indexed voter, uint256 locked)";
    static constexpr std::array<std::string_view, 2> meanings{
        "Whose votes.", "What is locked from now on."};

    AccountId voter{};
    Amount locked;
    RUNNEL_FIELDS(voter, (locked, smallest_unit_of_its("token")));
};

struct ProposalCreatedLog
{
    static constexpr std::string_view table = "governor_proposals";
    static constexpr std::string_view signature =
        "ProposalCreated(uint256 proposalId, address proposer, uint256 voteStart, uint256 "
        "voteEnd)";
    static constexpr std::array<std::string_view, 4> meanings{
        "Its number, from 0.", "Who proposed.", "When votes count from.", "When the vote is over."};

    std::uint32_t proposal = 0;
    AccountId proposer{};
    std::uint64_t vote_start = 0;
    std::uint64_t vote_end = 0;
    RUNNEL_FIELDS(proposal, proposer, (vote_start, unix_seconds), (vote_end, unix_seconds));
};

struct VoteCastLog
{
    static constexpr std::string_view table = "governor_votes";
    static constexpr std::string_view signature =
        "VoteCast(address indexed voter, uint256 proposalId, uint8 support, uint256 weight)";
    static constexpr std::array<std::string_view, 4> meanings{
        "Who voted.", "On which proposal.", "0 against, 1 for.", "With how many votes."};

    AccountId voter{};
    std::uint32_t proposal = 0;
    std::uint8_t support = 0;
    Amount weight;
    RUNNEL_FIELDS(voter, proposal, support, (weight, smallest_unit_of_its("token")));
};

struct ProposalExecutedLog
{
    static constexpr std::string_view table = "governor_executions";
    static constexpr std::string_view signature =
        "ProposalExecuted(uint256 proposalId, bool emergency)";
    static constexpr std::array<std::string_view, 2> meanings{
        "Which proposal's calls were made.", "Whether it was before the end of the vote."};

    std::uint32_t proposal = 0;
    bool emergency = false;
    RUNNEL_FIELDS(proposal, emergency);
};

/// What a governor counts.
struct Totals
{
    Amount locked;
    std::uint32_t checkpoints = 0;
    std::uint32_t proposals = 0;
    RUNNEL_FIELDS((locked, smallest_unit_of_its("token")), checkpoints, proposals);
};

struct Voter
{
    Amount locked;
    std::uint32_t checkpoints = 0;
    RUNNEL_FIELDS((locked, smallest_unit_of_its("token")), checkpoints);
};

/// Votes from a block on, until the next one.
struct Checkpoint
{
    std::uint64_t block = 0;
    Amount votes;
    RUNNEL_FIELDS((block, block_number), (votes, smallest_unit_of_its("token")));
};

struct Proposal
{
    static constexpr std::size_t calls_size_max = 700;

    AccountId proposer{};
    std::uint64_t snapshot = 0;  // The last block whose votes count, where the past counts.
    std::uint64_t created = 0;
    std::uint64_t vote_start = 0;
    std::uint64_t vote_end = 0;
    Amount for_votes;
    Amount against_votes;
    bool is_executed = false;
    std::uint16_t size = 0;  // Bytes of its calls.
    std::array<std::uint8_t, calls_size_max> calls{};
    RUNNEL_FIELDS(proposer, (snapshot, block_number), (created, unix_seconds),
        (vote_start, unix_seconds), (vote_end, unix_seconds),
        (for_votes, smallest_unit_of_its("token")), (against_votes, smallest_unit_of_its("token")),
        is_executed, size, calls);
};

struct Rules
{
    ContractId token{};
    bool counts_past = true;  // Votes as of the block before the proposal; else of the moment.
    Amount proposal_threshold;
    std::uint32_t quorum_bps = 0;  // Of all votes.
    std::uint64_t voting_delay = 0;
    std::uint64_t voting_period = 0;
    std::uint64_t emergency_delay = 0;
    std::uint64_t block_offset = 0;
};

}  // namespace runnel::contracts::stake_governor

namespace runnel::contracts
{

/// Votes by locked tokens on what a treasury does: the governor's account holds tokens, and a
/// proposal is a list of calls that it makes as that account.
///
/// Votes are what a voter has locked: when it votes, or, where the past counts, at the end of the
/// block before the proposal. The first can be borrowed for the length of a transaction: locked,
/// voted with, and unlocked again. A proposal goes through
///
///     execute            after its vote, with for > against and for >= quorum * all votes, up
///     emergencyCommit    before, emergency_delay after it was made, with 3 * for >= 2 * all votes
///
/// where all votes are counted as a voter's are.
///
/// Units: the token's smallest unit; times in seconds. Failure: a refusal may leave records half
/// written; the ledger rolls the transaction back. Errors: as each call says; what a proposal's
/// calls refuse; the token's own.
/// Source: OpenZeppelin Contracts 4.9 `Governor.sol`, `GovernorCountingSimple.sol`, `Votes.sol`
/// (names, words, past votes); Beanstalk's `GovernanceFacet.sol` (emergencyCommit).
class StakeGovernor : public ContractBase<StakeGovernor, stake_governor::Lock,
                          stake_governor::Unlock, stake_governor::Propose, stake_governor::CastVote,
                          stake_governor::Execute, stake_governor::EmergencyCommit>,
                      public Governance
{
public:
    StakeGovernor(ContractIdentity identity, const stake_governor::Rules& rules);

    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }
    void connect(World& world) override;
    void genesis(const Parameters& parameters, GenesisBuilder& builder) override;
    void check_invariants(const World& world, Findings& findings) const override;

    [[nodiscard]] const stake_governor::Totals& totals() const noexcept { return totals_.get(0); }
    [[nodiscard]] const Amount& locked(AccountId voter) const noexcept
    {
        return voters_.get(voter).locked;
    }

    // Governance.

    [[nodiscard]] const Contract& contract() const noexcept override { return *this; }
    [[nodiscard]] ContractId token() const noexcept override { return rules_.token; }
    [[nodiscard]] const Amount& votes(AccountId voter) const override { return locked(voter); }
    [[nodiscard]] const Amount& all_votes() const override { return totals().locked; }
    [[nodiscard]] const Amount& proposal_threshold() const noexcept override
    {
        return rules_.proposal_threshold;
    }
    [[nodiscard]] std::uint32_t proposals() const override { return totals().proposals; }
    [[nodiscard]] GovernanceProposal proposal(std::uint32_t number) const override;
    [[nodiscard]] std::optional<Amount> lock_to_commit(const Amount& for_votes) const override;
    [[nodiscard]] CallGas gas_of(GovernanceAction action) const noexcept override;
    void add_lock(CallWriter& calls, const Amount& amount) const override;
    void add_unlock(CallWriter& calls, const Amount& amount) const override;
    void add_proposal(CallWriter& calls, CallList proposed) const override;
    void add_vote(CallWriter& calls, std::uint32_t proposal, bool is_for) const override;
    void add_commit(CallWriter& calls, std::uint32_t proposal) const override;

    using ContractBase::execute;
    /// Errors: StakeGovernor: ZERO_AMOUNT.
    Result<Returns> execute(const stake_governor::Lock& call, CallContext& context);
    /// Errors: StakeGovernor: ZERO_AMOUNT; Panic(0x11) beyond what is locked.
    Result<Returns> execute(const stake_governor::Unlock& call, CallContext& context);
    /// Errors: Governor: proposer votes below proposal threshold; Governor: empty proposal, of a
    /// list that cannot be read too; StakeGovernor: too many calls.
    Result<Returns> execute(const stake_governor::Propose& call, CallContext& context);
    /// Errors: Governor: unknown proposal id; Governor: vote not currently active;
    /// GovernorVotingSimple: invalid value for enum VoteType; GovernorVotingSimple: vote already
    /// cast.
    Result<Returns> execute(const stake_governor::CastVote& call, CallContext& context);
    /// Errors: Governor: unknown proposal id; Governor: proposal not successful.
    Result<Returns> execute(const stake_governor::Execute& call, CallContext& context);
    /// Errors: Governor: unknown proposal id; Governance: Ended; Governance: Too early; Governance:
    /// Must have super majority.
    Result<Returns> execute(const stake_governor::EmergencyCommit& call, CallContext& context);

private:
    /// The votes at the end of @p block, of @p count checkpoints of @p owner.
    [[nodiscard]] Amount votes_at(
        CallContext& context, AccountId owner, std::uint32_t count, std::uint64_t block) const;
    [[nodiscard]] Amount votes(
        CallContext& context, const stake_governor::Proposal& proposal, AccountId voter) const;
    [[nodiscard]] Amount all_votes(
        CallContext& context, const stake_governor::Proposal& proposal) const;
    /// Writes the votes down as of the running block.
    void record(CallContext& context, AccountId owner, std::uint32_t& count, const Amount& votes);
    Result<stake_governor::Proposal*> find(CallContext& context, std::uint32_t number);
    Result<Returns> carry_out(
        CallContext& context, std::uint32_t number, stake_governor::Proposal& proposal);

    stake_governor::Rules rules_;
    Token* token_ = nullptr;
    Table<stake_governor::Totals> totals_;           // Record 0.
    Table<stake_governor::Voter> voters_;            // By account.
    Table<stake_governor::Checkpoint> checkpoints_;  // By numbered_key(); of all: zero_account's.
    Table<stake_governor::Proposal> proposals_;      // By number.
    Table<Amount> ballots_;                          // By numbered_key(): votes and 1.
};

}  // namespace runnel::contracts
