#pragma once

#include "contracts/insurance/claims_assessment/calls.hpp"
#include "contracts/insurance/claims_assessment/events.hpp"
#include "contracts/kit/sectors/insurance.hpp"
#include "contracts/kit/token.hpp"

#include <cstdint>

namespace runnel::contracts::claims_assessment
{

struct AssessmentState
{
    Amount stakes;
    Amount pots;     // Bonds and deposits of polls, less what was paid of them.
    Amount carried;  // Of polls that nobody decided: for the winners of the next one.
    std::uint64_t polls = 0;
    RUNNEL_FIELDS((stakes, smallest_unit_of_its("stake_token")),
        (pots, smallest_unit_of_its("stake_token")), (carried, smallest_unit_of_its("stake_token")),
        polls);
};

struct Assessor
{
    Amount stake;
    std::uint64_t locked_until = 0;
    RUNNEL_FIELDS((stake, smallest_unit_of_its("stake_token")), (locked_until, unix_seconds));
};

struct Poll
{
    ContractId product{};
    AccountId claimant{};
    Amount loss;
    std::uint64_t round_ends = 0;
    std::uint32_t round = 0;
    Amount accepted;  // Votes of this round,
    Amount denied;
    bool stands = false;      // What the rounds before have decided: whether it is accepted;
    bool is_decided = false;  // whether they had a quorum.
    Amount accept_bond;       // Of all rounds,
    Amount deny_bond;
    AccountId appellant{};  // Of this round; his deposit is in the pots.
    Amount deposit;         // The claimant's.
    Amount appeal_deposit;  // The appellant's; 0 in the first round.
    Amount forfeited;       // By appellants who were wrong.
    bool is_closed = false;
    Amount reward;   // For the winners beside their bonds.
    Amount penalty;  // What the losers have lost.
    RUNNEL_FIELDS(product, claimant, (loss, wad), (round_ends, unix_seconds), round,
        (accepted, smallest_unit_of_its("stake_token")),
        (denied, smallest_unit_of_its("stake_token")), stands, is_decided,
        (accept_bond, smallest_unit_of_its("stake_token")),
        (deny_bond, smallest_unit_of_its("stake_token")), appellant,
        (deposit, smallest_unit_of_its("stake_token")),
        (appeal_deposit, smallest_unit_of_its("stake_token")),
        (forfeited, smallest_unit_of_its("stake_token")), is_closed,
        (reward, smallest_unit_of_its("stake_token")),
        (penalty, smallest_unit_of_its("stake_token")));
};

struct Vote
{
    Amount accept_bond;  // Of all rounds,
    Amount deny_bond;
    std::uint32_t round = 0;  // Of the last vote, and 1; 0: none.
    bool is_paid = false;
    RUNNEL_FIELDS((accept_bond, smallest_unit_of_its("stake_token")),
        (deny_bond, smallest_unit_of_its("stake_token")), round, is_paid);
};

struct Rules
{
    ContractId stake_token{};
    Amount deposit;
    Amount appeal_deposit;
    Amount quorum;
    std::uint32_t penalty_bps = 2'000;
    std::uint32_t appeals_max = 2;
    std::uint64_t voting_period = 259'200;  // Seconds, as those that follow.
    std::uint64_t appeal_period = 86'400;
    std::uint64_t stake_lockup = 1'209'600;
};

}  // namespace runnel::contracts::claims_assessment

namespace runnel::contracts
{

/// Assessors vote by stake on claims that no contract can measure, on the ideas of Nexus Mutual's
/// `Assessment`, with appeals.
///
///     a round decides    if accepted + denied >= quorum * 2^round: accepted > denied
///     bond               stake * penalty, of each vote
///     reward             bond * (losers' bonds + lost deposits) / winners' bonds
///
/// What the last round with a quorum says holds; without one the claim is denied, bonds go back and
/// deposits wait for the winners of the next poll. Votes of all rounds win or lose by what holds in
/// the end. The claimant has his deposit back if he was right, an appellant if his round has
/// changed the decision.
///
/// Units: smallest units of the stake token. Rounding: down; what is lost stays. Conservation: it
/// holds all stakes, bonds and deposits. Errors, beside those that each call says: those of the
/// stake token.
class ClaimsAssessmentContract
  : public ContractBase<ClaimsAssessmentContract, claims_assessment::Stake,
        claims_assessment::Unstake, claims_assessment::CastVote, claims_assessment::Appeal,
        claims_assessment::ClosePoll, claims_assessment::WithdrawRewards>,
    public ClaimsAssessment
{
public:
    static constexpr std::uint32_t appeals_most = 8;

    ClaimsAssessmentContract(ContractIdentity identity, claims_assessment::Rules rules);

    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }
    void connect(World& world) override;
    void check_invariants(const World& world, Findings& findings) const override;

    [[nodiscard]] const claims_assessment::AssessmentState& state() const noexcept
    {
        return state_.get(0);
    }

    // ClaimsAssessment.

    [[nodiscard]] const Contract& contract() const noexcept override { return *this; }
    [[nodiscard]] ContractId stake_token() const noexcept override { return rules_.stake_token; }
    [[nodiscard]] Amount deposit() const override { return rules_.deposit; }
    [[nodiscard]] Amount stake_of(AccountId assessor) const override
    {
        return assessors_.get(assessor).stake;
    }
    [[nodiscard]] std::uint64_t locked_until(AccountId assessor) const override
    {
        return assessors_.get(assessor).locked_until;
    }
    [[nodiscard]] std::uint64_t poll_count() const override { return state().polls; }
    [[nodiscard]] AssessmentPoll poll(std::uint64_t number, std::uint64_t at) const override;
    [[nodiscard]] bool has_voted(std::uint64_t poll, AccountId assessor) const override;
    [[nodiscard]] Amount reward_of(std::uint64_t poll, AccountId assessor) const override;
    [[nodiscard]] Result<std::uint64_t> start(
        CallContext context, ContractId product, AccountId claimant, const Amount& loss) override;
    [[nodiscard]] Result<Amount> outcome(CallContext& context, std::uint64_t poll) const override;
    void add_stake(CallWriter& calls, const Amount& amount) const override;
    void add_vote(CallWriter& calls, std::uint64_t poll, bool accepts) const override;
    void add_appeal(CallWriter& calls, std::uint64_t poll) const override;
    void add_close(CallWriter& calls, std::uint64_t poll) const override;
    void add_withdraw_rewards(CallWriter& calls, std::uint64_t poll) const override;

    using ContractBase::execute;
    /// Errors: zero amount. Returns the stake.
    Result<Returns> execute(const claims_assessment::Stake& call, CallContext& context);
    /// Errors: zero amount; above the stake; locked up.
    Result<Returns> execute(const claims_assessment::Unstake& call, CallContext& context);
    /// Errors, in this order: no such poll; voting is over; no stake; already voted. Returns the
    /// vote's weight.
    Result<Returns> execute(const claims_assessment::CastVote& call, CallContext& context);
    /// Errors, in this order: no such poll; already closed; not to be appealed now; no more
    /// appeals.
    Result<Returns> execute(const claims_assessment::Appeal& call, CallContext& context);
    /// Errors: no such poll; already closed; too early to close. Returns whether it is accepted.
    Result<Returns> execute(const claims_assessment::ClosePoll& call, CallContext& context);
    /// Errors: no such poll; not closed; nothing to withdraw. Returns bond and reward.
    Result<Returns> execute(const claims_assessment::WithdrawRewards& call, CallContext& context);

private:
    [[nodiscard]] Amount quorum(std::uint32_t round) const;
    /// When nobody may appeal any more.
    [[nodiscard]] std::uint64_t due_at(const claims_assessment::Poll& poll) const;
    [[nodiscard]] bool decides(const claims_assessment::Poll& poll) const;
    /// What holds when the running round is counted.
    [[nodiscard]] bool decision(const claims_assessment::Poll& poll) const;
    Result<claims_assessment::Poll*> known_poll(CallContext& context, std::uint64_t number);
    /// Counts the round that is over: what holds now, and whose the appellant's deposit is.
    Result<void> count_round(CallContext& context, claims_assessment::Poll& poll);
    Result<void> pay(CallContext& context, AccountId to, const Amount& amount);
    struct Share
    {
        Amount bond;
        Amount reward;
    };
    [[nodiscard]] static Share share_of(
        const claims_assessment::Poll& poll, const claims_assessment::Vote& vote);

    claims_assessment::Rules rules_;
    Token* token_ = nullptr;
    Table<claims_assessment::AssessmentState> state_;  // Record 0.
    Table<claims_assessment::Assessor> assessors_;
    Table<claims_assessment::Poll> polls_;
    Table<claims_assessment::Vote> votes_;  // By poll and assessor.
};

}  // namespace runnel::contracts
