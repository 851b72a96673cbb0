#include "contracts/insurance/claims_assessment/assessment.hpp"

#include "contracts/kit/plain_tokens.hpp"
#include "contracts/kit/registration.hpp"
#include "ledger/check.hpp"
#include "state/world.hpp"

#include <fmt/format.h>

#include <utility>

namespace runnel::contracts
{

using namespace claims_assessment;

namespace
{
constexpr std::uint32_t bps_whole = 10'000;
constexpr double year_ms = 31'536'000'000.0;
constexpr std::uint64_t polls_max = 0xFFFF'FFFF;

std::uint64_t vote_key(std::uint64_t poll, AccountId assessor)
{
    return numbered_key(static_cast<std::uint32_t>(poll), assessor);
}
}  // namespace

ClaimsAssessmentContract::ClaimsAssessmentContract(ContractIdentity identity, Rules rules)
  : ContractBase{std::move(identity)},
    rules_{std::move(rules)},
    state_{name() + ".state"},
    assessors_{name() + ".assessors", KeyOf::account},
    polls_{name() + ".polls"},
    votes_{name() + ".votes", KeyOf::numbered_account}
{
    RUNNEL_CHECK(rules_.appeals_max <= appeals_most && rules_.penalty_bps <= bps_whole);
    add_table(state_);
    add_table(assessors_);
    add_table(polls_);
    add_table(votes_);
}

const ContractType& ClaimsAssessmentContract::contract_type()
{
    static const ContractType type{.kind = "claims_assessment",
        .help = "Assessors vote by stake on claims, with appeals (ideas of Nexus Mutual).",
        .sectors = implements<ClaimsAssessmentContract, ClaimsAssessment>(),
        .methods = methods(),
        .events = event_types<StakeDepositedLog, StakeWithdrawnLog, VoteCastLog, AppealedLog,
            RewardWithdrawnLog, InsuranceVerdict>(),
        .parameters =
            {
                token_parameter("stake_token", plain_tokens, "What assessors stake."),
                {"deposit", ParameterKind::amount, "", unit::smallest_unit_of("stake_token"),
                    "What a claimant pays until the claim is accepted.", 0, 1e38},
                {"appeal_deposit", ParameterKind::amount, "", unit::smallest_unit_of("stake_token"),
                    "What an appeal costs unless it changes the decision.", 0, 1e38},
                {"quorum", ParameterKind::amount, "", unit::smallest_unit_of("stake_token"),
                    "The least stake that decides in the first round; each appeal doubles it.", 1,
                    1e36},
                {"penalty_bps", ParameterKind::integer, "2000", unit::other("bps of the stake"),
                    "What a vote for the losing side costs.", 0, bps_whole},
                {"appeals_max", ParameterKind::integer, "2", {},
                    "How often a poll may be appealed.", 0, appeals_most},
                {"voting_period", ParameterKind::duration, "\"3d\"", {}, "Of each round.", 1'000,
                    year_ms},
                {"appeal_period", ParameterKind::duration, "\"1d\"", {},
                    "How long a round may be appealed.", 1'000, year_ms},
                {"stake_lockup", ParameterKind::duration, "\"14d\"", {},
                    "From the last vote until stake may be taken back.", 0, year_ms},
            },
        .create = creator<ClaimsAssessmentContract>(
            [](const Parameters& parameters)
            {
                const auto second = [&](std::string_view key)
                { return static_cast<std::uint64_t>(parameters.duration_ms(key)) / 1'000; };
                const auto small = [&](std::string_view key)
                { return static_cast<std::uint32_t>(parameters.integer(key)); };
                return std::tuple{Rules{parameters.token("stake_token"),
                    parameters.amount("deposit"), parameters.amount("appeal_deposit"),
                    parameters.amount("quorum"), small("penalty_bps"), small("appeals_max"),
                    second("voting_period"), second("appeal_period"), second("stake_lockup")}};
            })};
    return type;
}

void ClaimsAssessmentContract::connect(World& world)
{
    token_ = &token_at(world, rules_.stake_token);
}

void ClaimsAssessmentContract::check_invariants(const World&, Findings& findings) const
{
    const auto& state = state_.get(0);
    Amount stakes;
    for (const auto key : assessors_.keys())
        stakes = wrapping_add(stakes, assessors_.get(key).stake);
    if (stakes != state.stakes)
        findings.push_back(fmt::format("{}: stakes do not add up", name()));
    const auto owed = wrapping_add(wrapping_add(state.stakes, state.pots), state.carried);
    if (token_->holding(account()) < owed)
    {
        findings.push_back(fmt::format("{}: holds {} of the stake token, its books say {}", name(),
            token_->holding(account()).to_string(), owed.to_string()));
    }
    // What votes and deposits of polls have still to get is there.
    Amount pots;
    for (const auto key : votes_.keys())
    {
        const auto& vote = votes_.get(key);
        const auto& poll = polls_.get(key >> 32U);
        if (!poll.is_closed)
        {
            pots = wrapping_add(pots, wrapping_add(vote.accept_bond, vote.deny_bond));
            continue;
        }
        const auto share = share_of(poll, vote);
        if (!vote.is_paid)
            pots = wrapping_add(pots, wrapping_add(share.bond, share.reward));
    }
    for (std::uint64_t i = 0; i < state.polls; ++i)
    {
        const auto& poll = polls_.get(i);
        if (!poll.is_closed)
        {
            pots = wrapping_add(pots,
                wrapping_add(wrapping_add(poll.deposit, poll.appeal_deposit), poll.forfeited));
        }
    }
    if (pots > state.pots)
        findings.push_back(fmt::format("{}: polls owe more than their pots have", name()));
}

// ---- Polls ----

Amount ClaimsAssessmentContract::quorum(std::uint32_t round) const
{
    return rules_.quorum << round;
}

std::uint64_t ClaimsAssessmentContract::due_at(const Poll& poll) const
{
    return poll.round < rules_.appeals_max ? poll.round_ends + rules_.appeal_period
                                           : poll.round_ends;
}

bool ClaimsAssessmentContract::decides(const Poll& poll) const
{
    return wrapping_add(poll.accepted, poll.denied) >= quorum(poll.round);
}

bool ClaimsAssessmentContract::decision(const Poll& poll) const
{
    return decides(poll) ? poll.accepted > poll.denied : poll.stands;
}

AssessmentPoll ClaimsAssessmentContract::poll(std::uint64_t number, std::uint64_t at) const
{
    const auto& found = polls_.get(number);
    auto status = AssessmentStatus::voting;
    if (found.is_closed)
        status = AssessmentStatus::closed;
    else if (at >= due_at(found))
        status = AssessmentStatus::due;
    else if (at >= found.round_ends)
        status = AssessmentStatus::appeal;
    return {found.product, found.loss, status, found.is_closed ? found.stands : decision(found),
        found.round, found.round_ends, found.accepted, found.denied, quorum(found.round),
        rules_.appeal_deposit};
}

bool ClaimsAssessmentContract::has_voted(std::uint64_t poll, AccountId assessor) const
{
    return votes_.get(vote_key(poll, assessor)).round == polls_.get(poll).round + 1;
}

ClaimsAssessmentContract::Share ClaimsAssessmentContract::share_of(
    const Poll& poll, const Vote& vote)
{
    if (!poll.is_decided)
        return {wrapping_add(vote.accept_bond, vote.deny_bond), {}};
    const auto& bond = poll.stands ? vote.accept_bond : vote.deny_bond;
    const auto& winners = poll.stands ? poll.accept_bond : poll.deny_bond;
    if (winners.is_zero())
        return {};
    return {bond, mul_div_down(poll.reward, bond, winners).value};
}

Amount ClaimsAssessmentContract::reward_of(std::uint64_t number, AccountId assessor) const
{
    const auto& vote = votes_.get(vote_key(number, assessor));
    const auto& found = polls_.get(number);
    if (!found.is_closed || vote.round == 0 || vote.is_paid)
        return {};
    const auto share = share_of(found, vote);
    return wrapping_add(share.bond, share.reward);
}

Result<Poll*> ClaimsAssessmentContract::known_poll(CallContext& context, std::uint64_t number)
{
    RUNNEL_REQUIRE(
        number < context.read(state_, 0).polls, Refusal::error("ClaimsAssessment: no such poll"));
    return &context.write(polls_, number);
}

Result<std::uint64_t> ClaimsAssessmentContract::start(
    CallContext context, ContractId product, AccountId claimant, const Amount& loss)
{
    auto& state = context.write(state_, 0);
    RUNNEL_REQUIRE(state.polls < polls_max, Refusal::error("ClaimsAssessment: too many polls"));
    if (!rules_.deposit.is_zero())
    {
        RUNNEL_TRY(
            token_->transfer_from(context.as(account()), claimant, account(), rules_.deposit));
        state.pots = RUNNEL_TRY(Checked{state.pots} + rules_.deposit);
    }
    const auto number = state.polls++;
    Poll poll;
    poll.product = product;
    poll.claimant = claimant;
    poll.loss = loss;
    poll.round_ends = context.block().timestamp + rules_.voting_period;
    poll.deposit = rules_.deposit;
    context.write(polls_, number) = poll;
    return number;
}

Result<Amount> ClaimsAssessmentContract::outcome(CallContext& context, std::uint64_t number) const
{
    const auto& poll = context.read(polls_, number);
    RUNNEL_REQUIRE(poll.is_closed, Refusal::error("ClaimsAssessment: not closed"));
    return poll.stands ? poll.loss : Amount{};
}

Result<void> ClaimsAssessmentContract::pay(CallContext& context, AccountId to, const Amount& amount)
{
    if (amount.is_zero())
        return {};
    auto& pots = context.write(state_, 0).pots;
    pots = wrapping_sub(pots, amount);
    return token_->transfer(context.as(account()), to, amount);
}

Result<void> ClaimsAssessmentContract::count_round(CallContext& context, Poll& poll)
{
    const bool before = poll.stands;
    poll.stands = decision(poll);
    poll.is_decided = poll.is_decided || decides(poll);
    const auto deposit = std::exchange(poll.appeal_deposit, Amount{});
    if (poll.stands != before)
        return pay(context, poll.appellant, deposit);
    poll.forfeited = wrapping_add(poll.forfeited, deposit);
    return {};
}

// ---- Calls ----

Result<Returns> ClaimsAssessmentContract::execute(const Stake& call, CallContext& context)
{
    RUNNEL_REQUIRE(!call.amount.is_zero(), Refusal::error("ClaimsAssessment: zero amount"));
    RUNNEL_TRY(
        token_->transfer_from(context.as(account()), context.sender(), account(), call.amount));
    auto& state = context.write(state_, 0);
    auto& assessor = context.write(assessors_, context.sender());
    state.stakes = RUNNEL_TRY(Checked{state.stakes} + call.amount);
    RUNNEL_REQUIRE(state.stakes < Amount::power_of_two(128),
        Refusal::error("ClaimsAssessment: too much stake"));
    assessor.stake = wrapping_add(assessor.stake, call.amount);
    context.emit(id(), StakeDepositedLog{context.sender(), call.amount});
    return Returns{assessor.stake};
}

Result<Returns> ClaimsAssessmentContract::execute(const Unstake& call, CallContext& context)
{
    RUNNEL_REQUIRE(!call.amount.is_zero(), Refusal::error("ClaimsAssessment: zero amount"));
    auto& assessor = context.write(assessors_, context.sender());
    RUNNEL_REQUIRE(
        call.amount <= assessor.stake, Refusal::error("ClaimsAssessment: above the stake"));
    RUNNEL_REQUIRE(context.block().timestamp >= assessor.locked_until,
        Refusal::error("ClaimsAssessment: locked up"));
    assessor.stake = wrapping_sub(assessor.stake, call.amount);
    auto& state = context.write(state_, 0);
    state.stakes = wrapping_sub(state.stakes, call.amount);
    RUNNEL_TRY(token_->transfer(context.as(account()), call.to, call.amount));
    context.emit(id(), StakeWithdrawnLog{context.sender(), call.to, call.amount});
    return Returns{assessor.stake};
}

Result<Returns> ClaimsAssessmentContract::execute(const CastVote& call, CallContext& context)
{
    auto& poll = *RUNNEL_TRY(known_poll(context, call.poll));
    const auto now = context.block().timestamp;
    RUNNEL_REQUIRE(now < poll.round_ends, Refusal::error("ClaimsAssessment: voting is over"));
    auto& assessor = context.write(assessors_, context.sender());
    const auto weight = assessor.stake;
    RUNNEL_REQUIRE(!weight.is_zero(), Refusal::error("ClaimsAssessment: no stake"));
    auto& vote = context.write(votes_, vote_key(call.poll, context.sender()));
    RUNNEL_REQUIRE(vote.round != poll.round + 1, Refusal::error("ClaimsAssessment: already voted"));
    vote.round = poll.round + 1;
    assessor.locked_until = now + rules_.stake_lockup;

    const auto bond = mul_div_down(weight, rules_.penalty_bps, bps_whole).value;
    assessor.stake = wrapping_sub(assessor.stake, bond);
    auto& state = context.write(state_, 0);
    state.stakes = wrapping_sub(state.stakes, bond);
    state.pots = wrapping_add(state.pots, bond);
    const auto add = [](Amount& to, const Amount& what) { to = wrapping_add(to, what); };
    add(call.accepts ? poll.accepted : poll.denied, weight);
    add(call.accepts ? poll.accept_bond : poll.deny_bond, bond);
    add(call.accepts ? vote.accept_bond : vote.deny_bond, bond);
    context.emit(id(), VoteCastLog{context.sender(), call.poll, weight, call.accepts});
    return Returns{weight};
}

Result<Returns> ClaimsAssessmentContract::execute(const Appeal& call, CallContext& context)
{
    auto& poll = *RUNNEL_TRY(known_poll(context, call.poll));
    RUNNEL_REQUIRE(!poll.is_closed, Refusal::error("ClaimsAssessment: already closed"));
    RUNNEL_REQUIRE(
        poll.round < rules_.appeals_max, Refusal::error("ClaimsAssessment: no more appeals"));
    const auto now = context.block().timestamp;
    RUNNEL_REQUIRE(now >= poll.round_ends && now < due_at(poll),
        Refusal::error("ClaimsAssessment: not to be appealed now"));
    RUNNEL_TRY(count_round(context, poll));
    ++poll.round;
    poll.round_ends = now + rules_.voting_period;
    poll.accepted = {};
    poll.denied = {};
    poll.appellant = context.sender();
    poll.appeal_deposit = rules_.appeal_deposit;
    if (!rules_.appeal_deposit.is_zero())
    {
        RUNNEL_TRY(token_->transfer_from(
            context.as(account()), context.sender(), account(), rules_.appeal_deposit));
        auto& pots = context.write(state_, 0).pots;
        pots = RUNNEL_TRY(Checked{pots} + rules_.appeal_deposit);
    }
    context.emit(id(), AppealedLog{context.sender(), call.poll, poll.round, quorum(poll.round)});
    return Returns{Amount{poll.round}};
}

Result<Returns> ClaimsAssessmentContract::execute(const ClosePoll& call, CallContext& context)
{
    auto& poll = *RUNNEL_TRY(known_poll(context, call.poll));
    RUNNEL_REQUIRE(!poll.is_closed, Refusal::error("ClaimsAssessment: already closed"));
    RUNNEL_REQUIRE(context.block().timestamp >= due_at(poll),
        Refusal::error("ClaimsAssessment: too early to close"));
    RUNNEL_TRY(count_round(context, poll));
    poll.is_closed = true;
    auto& state = context.write(state_, 0);
    auto spoils = std::exchange(poll.forfeited, Amount{});
    const auto deposit = std::exchange(poll.deposit, Amount{});
    if (poll.stands)
        RUNNEL_TRY(pay(context, poll.claimant, deposit));
    else
        spoils = wrapping_add(spoils, deposit);
    if (poll.is_decided)
    {
        poll.penalty = poll.stands ? poll.deny_bond : poll.accept_bond;
        spoils = wrapping_add(spoils, poll.penalty);
    }
    const auto& winners = poll.stands ? poll.accept_bond : poll.deny_bond;
    if (poll.is_decided && !winners.is_zero())
    {
        poll.reward = wrapping_add(spoils, state.carried);
        state.pots = wrapping_add(state.pots, std::exchange(state.carried, Amount{}));
    }
    else
    {
        state.pots = wrapping_sub(state.pots, spoils);
        state.carried = wrapping_add(state.carried, spoils);
    }
    context.emit(
        id(), InsuranceVerdict{call.poll, poll.product, poll.claimant, poll.loss, poll.stands,
                  poll.round + 1, rules_.stake_token, poll.penalty, poll.reward});
    return Returns{Amount{poll.stands ? 1ULL : 0ULL}};
}

Result<Returns> ClaimsAssessmentContract::execute(const WithdrawRewards& call, CallContext& context)
{
    const auto& poll = *RUNNEL_TRY(known_poll(context, call.poll));
    RUNNEL_REQUIRE(poll.is_closed, Refusal::error("ClaimsAssessment: not closed"));
    auto& vote = context.write(votes_, vote_key(call.poll, context.sender()));
    const auto share = share_of(poll, vote);
    RUNNEL_REQUIRE(vote.round != 0 && !vote.is_paid && !share.bond.is_zero(),
        Refusal::error("ClaimsAssessment: nothing to withdraw"));
    vote.is_paid = true;
    auto& state = context.write(state_, 0);
    state.pots = wrapping_sub(state.pots, share.bond);
    state.stakes = wrapping_add(state.stakes, share.bond);
    auto& assessor = context.write(assessors_, context.sender());
    assessor.stake = wrapping_add(assessor.stake, share.bond);
    RUNNEL_TRY(pay(context, context.sender(), share.reward));
    context.emit(id(), RewardWithdrawnLog{context.sender(), share.reward});
    return Returns{share.bond, share.reward};
}

// ---- Calls for strategies ----

void ClaimsAssessmentContract::add_stake(CallWriter& calls, const Amount& amount) const
{
    calls.add(id(), Stake{amount});
}

void ClaimsAssessmentContract::add_vote(CallWriter& calls, std::uint64_t poll, bool accepts) const
{
    calls.add(id(), CastVote{poll, accepts});
}

void ClaimsAssessmentContract::add_appeal(CallWriter& calls, std::uint64_t poll) const
{
    calls.add(id(), Appeal{poll});
}

void ClaimsAssessmentContract::add_close(CallWriter& calls, std::uint64_t poll) const
{
    calls.add(id(), ClosePoll{poll});
}

void ClaimsAssessmentContract::add_withdraw_rewards(CallWriter& calls, std::uint64_t poll) const
{
    calls.add(id(), WithdrawRewards{poll});
}

}  // namespace runnel::contracts
