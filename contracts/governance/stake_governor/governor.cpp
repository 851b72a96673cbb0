#include "contracts/governance/stake_governor/governor.hpp"

#include "contracts/kit/block_offset.hpp"
#include "contracts/kit/registration.hpp"
#include "ledger/check.hpp"
#include "state/world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace runnel::contracts
{

using namespace stake_governor;

namespace
{
constexpr std::uint64_t bps_denominator = 10'000;

constexpr std::array treasury_columns{
    ParameterSpec{"amount", ParameterKind::amount, "0", {}, "Out of nothing, at block 0.", 0, 1e60},
};

std::uint64_t seconds_of(const Parameters& parameters, std::string_view name)
{
    return static_cast<std::uint64_t>(parameters.duration_ms(name)) / 1'000;
}
}  // namespace

StakeGovernor::StakeGovernor(ContractIdentity identity, const Rules& rules)
  : ContractBase{std::move(identity)},
    rules_{rules},
    totals_{name() + ".totals"},
    voters_{name() + ".voters", KeyOf::account},
    checkpoints_{name() + ".checkpoints", KeyOf::numbered_account},
    proposals_{name() + ".proposals", KeyOf::number},
    ballots_{name() + ".ballots", KeyOf::numbered_account}
{
    add_table(totals_);
    add_table(voters_);
    add_table(checkpoints_);
    add_table(proposals_);
    add_table(ballots_);
}

const ContractType& StakeGovernor::contract_type()
{
    static const ContractType type{.kind = "stake_governor",
        .help = "A treasury whose calls are voted on by locked tokens; vulnerable by parameter.",
        .role = ContractRole::ledger,
        .sectors = implements<StakeGovernor, Governance>(),
        .methods = methods(),
        .events = event_types<LockedLog, ProposalCreatedLog, VoteCastLog, ProposalExecutedLog>(),
        .parameters =
            {
                {"token", ParameterKind::token, "", {}, "What is locked for votes."},
                {"past_votes", ParameterKind::boolean, "true", {},
                    "Whether votes are those of the block before the proposal; else of the moment, "
                    "which can be borrowed."},
                {"proposal_threshold", ParameterKind::amount, "1", unit::smallest_unit_of("token"),
                    "Votes that a proposer needs.", 0, 1e60},
                {"quorum_bps", ParameterKind::integer, "2000", unit::bps,
                    "Votes for a proposal that it needs, of all votes.", 0, bps_denominator},
                {"voting_delay", ParameterKind::duration, "\"0s\"", {},
                    "From a proposal to its vote.", 0},
                {"voting_period", ParameterKind::duration, "\"7d\"", {}, "How long a vote is open.",
                    1'000},
                {"emergency_delay", ParameterKind::duration, "\"24h\"", {},
                    "From a proposal to the earliest emergencyCommit.", 0},
                allocation({"treasury", ParameterKind::per_token, "", {}, "What it begins with.", 0,
                    0, {}, {}, treasury_columns}),
                block_offset_parameter(),
            },
        .create = creator<StakeGovernor>(
            [](const Parameters& parameters)
            {
                return std::tuple{Rules{parameters.token("token"), parameters.boolean("past_votes"),
                    parameters.amount("proposal_threshold"),
                    static_cast<std::uint32_t>(parameters.integer("quorum_bps")),
                    seconds_of(parameters, "voting_delay"), seconds_of(parameters, "voting_period"),
                    seconds_of(parameters, "emergency_delay"), block_offset_of(parameters)}};
            })};
    return type;
}

void StakeGovernor::connect(World& world)
{
    token_ = &token_at(world, rules_.token);
}

void StakeGovernor::genesis(const Parameters& parameters, GenesisBuilder& builder)
{
    for (const auto& [token, row] : parameters.per_token("treasury"))
    {
        const bool given = token_at(builder.world(), token)
                               .allocate(builder.world(), account(), row.amount("amount"));
        RUNNEL_CHECK(given);
    }
}

void StakeGovernor::check_invariants(const World&, Findings& findings) const
{
    Amount sum;
    for (const auto key : voters_.keys())
        sum = wrapping_add(sum, voters_.get(key).locked);
    const auto& all = totals().locked;
    if (sum != all)
        findings.push_back(name() + ": what voters have locked does not sum to the total");
    if (!token_->rebases() && all > token_->holding(account()))
    {
        findings.push_back(fmt::format("{}: {} are locked, it holds {}", name(), all.to_string(),
            token_->holding(account()).to_string()));
    }
}

// ---- Governance ----

GovernanceProposal StakeGovernor::proposal(std::uint32_t number) const
{
    const auto& found = proposals_.get(number);
    return {found.proposer, found.vote_start, found.vote_end,
        found.created + rules_.emergency_delay, found.for_votes, found.against_votes,
        found.is_executed};
}

std::optional<Amount> StakeGovernor::lock_to_commit(const Amount& for_votes) const
{
    if (rules_.counts_past)
        return std::nullopt;
    // 3 * (for + x) >= 2 * (all + x). Both are below the token's supply, far from overflow.
    const auto needed = wrapping_mul(2, all_votes());
    const auto have = wrapping_mul(3, for_votes);
    return needed > have ? wrapping_sub(needed, have) : Amount{};
}

CallGas StakeGovernor::gas_of(GovernanceAction action) const noexcept
{
    switch (action)
    {
        case GovernanceAction::lock: return {Lock::gas, 0};
        case GovernanceAction::unlock: return {Unlock::gas, 0};
        case GovernanceAction::propose: return {Propose::gas, 0};
        case GovernanceAction::vote: return {stake_governor::CastVote::gas, 0};
        case GovernanceAction::execute: return {Execute::gas, 0};
        case GovernanceAction::commit: return {EmergencyCommit::gas, 0};
    }
    return {};
}

void StakeGovernor::add_lock(CallWriter& calls, const Amount& amount) const
{
    calls.add(id(), Lock{amount});
}

void StakeGovernor::add_unlock(CallWriter& calls, const Amount& amount) const
{
    calls.add(id(), Unlock{amount});
}

void StakeGovernor::add_proposal(CallWriter& calls, CallList proposed) const
{
    calls.add(id(), Propose{proposed, {}});
}

void StakeGovernor::add_vote(CallWriter& calls, std::uint32_t proposal, bool is_for) const
{
    calls.add(id(), CastVote{proposal, static_cast<std::uint8_t>(is_for ? 1 : 0)});
}

void StakeGovernor::add_commit(CallWriter& calls, std::uint32_t proposal) const
{
    calls.add(id(), EmergencyCommit{proposal});
}

// ---- Votes ----

Amount StakeGovernor::votes_at(
    CallContext& context, AccountId owner, std::uint32_t count, std::uint64_t block) const
{
    std::uint32_t low = 0;
    while (low < count)  // The number of checkpoints up to the block.
    {
        const auto middle = low + (count - low) / 2;
        if (context.read(checkpoints_, numbered_key(middle, owner)).block <= block)
            low = middle + 1;
        else
            count = middle;
    }
    return low == 0 ? Amount{} : context.read(checkpoints_, numbered_key(low - 1, owner)).votes;
}

Amount StakeGovernor::votes(CallContext& context, const Proposal& proposal, AccountId voter) const
{
    const auto& found = context.read(voters_, voter);
    return rules_.counts_past ? votes_at(context, voter, found.checkpoints, proposal.snapshot)
                              : found.locked;
}

Amount StakeGovernor::all_votes(CallContext& context, const Proposal& proposal) const
{
    const auto& all = context.read(totals_, 0);
    return rules_.counts_past ? votes_at(context, zero_account, all.checkpoints, proposal.snapshot)
                              : all.locked;
}

void StakeGovernor::record(
    CallContext& context, AccountId owner, std::uint32_t& count, const Amount& votes)
{
    const auto block = context.block().number + rules_.block_offset;
    const bool is_new =
        count == 0 || context.read(checkpoints_, numbered_key(count - 1, owner)).block != block;
    if (is_new)
        ++count;
    context.write(checkpoints_, numbered_key(count - 1, owner)) = {block, votes};
}

// ---- Calls ----

Result<Returns> StakeGovernor::execute(const Lock& call, CallContext& context)
{
    RUNNEL_REQUIRE(!call.amount.is_zero(), Refusal::error("StakeGovernor: ZERO_AMOUNT"));
    const auto sender = context.sender();
    auto& voter = context.write(voters_, sender);
    auto& all = context.write(totals_, 0);
    voter.locked = RUNNEL_TRY(Checked{voter.locked} + call.amount);
    all.locked = RUNNEL_TRY(Checked{all.locked} + call.amount);
    RUNNEL_TRY(token_->transfer_from(context.as(account()), sender, account(), call.amount));
    record(context, sender, voter.checkpoints, voter.locked);
    record(context, zero_account, all.checkpoints, all.locked);
    context.emit(id(), LockedLog{sender, voter.locked});
    return Returns{voter.locked};
}

Result<Returns> StakeGovernor::execute(const Unlock& call, CallContext& context)
{
    RUNNEL_REQUIRE(!call.amount.is_zero(), Refusal::error("StakeGovernor: ZERO_AMOUNT"));
    const auto sender = context.sender();
    auto& voter = context.write(voters_, sender);
    auto& all = context.write(totals_, 0);
    voter.locked = RUNNEL_TRY(Checked{voter.locked} - call.amount);
    all.locked = RUNNEL_TRY(Checked{all.locked} - call.amount);
    record(context, sender, voter.checkpoints, voter.locked);
    record(context, zero_account, all.checkpoints, all.locked);
    RUNNEL_TRY(token_->transfer(context.as(account()), sender, call.amount));
    context.emit(id(), LockedLog{sender, voter.locked});
    return Returns{voter.locked};
}

Result<Returns> StakeGovernor::execute(const Propose& call, CallContext& context)
{
    const auto sender = context.sender();
    RUNNEL_REQUIRE(context.read(voters_, sender).locked >= rules_.proposal_threshold,
        Refusal::error("Governor: proposer votes below proposal threshold"));
    const auto list = call.calls.bytes;
    RUNNEL_REQUIRE(
        list.size() <= Proposal::calls_size_max, Refusal::error("StakeGovernor: too many calls"));
    CallReader reader{list};
    while (reader.next())
    {}
    RUNNEL_REQUIRE(reader.ok() && !list.empty(), Refusal::error("Governor: empty proposal"));

    const auto now = context.block().timestamp;
    const auto number = context.write(totals_, 0).proposals++;
    auto& proposal = context.write(proposals_, number);
    proposal.proposer = sender;
    proposal.snapshot =
        std::max<std::uint64_t>(1, context.block().number + rules_.block_offset) - 1;
    proposal.created = now;
    proposal.vote_start = now + rules_.voting_delay;
    proposal.vote_end = proposal.vote_start + rules_.voting_period;
    proposal.size = static_cast<std::uint16_t>(list.size());
    std::copy(list.begin(), list.end(), proposal.calls.begin());
    context.emit(id(), ProposalCreatedLog{number, sender, proposal.vote_start, proposal.vote_end});
    return Returns{number};
}

Result<Proposal*> StakeGovernor::find(CallContext& context, std::uint32_t number)
{
    RUNNEL_REQUIRE(number < context.read(totals_, 0).proposals,
        Refusal::error("Governor: unknown proposal id"));
    return &context.write(proposals_, number);
}

Result<Returns> StakeGovernor::execute(const CastVote& call, CallContext& context)
{
    auto& proposal = *RUNNEL_TRY(find(context, call.proposal));
    const auto now = context.block().timestamp;
    RUNNEL_REQUIRE(!proposal.is_executed && now >= proposal.vote_start && now < proposal.vote_end,
        Refusal::error("Governor: vote not currently active"));
    RUNNEL_REQUIRE(
        call.support <= 1, Refusal::error("GovernorVotingSimple: invalid value for enum VoteType"));
    const auto sender = context.sender();
    auto& ballot = context.write(ballots_, numbered_key(call.proposal, sender));
    RUNNEL_REQUIRE(ballot.is_zero(), Refusal::error("GovernorVotingSimple: vote already cast"));
    const auto weight = votes(context, proposal, sender);
    ballot = wrapping_add(weight, 1);
    auto& side = call.support == 1 ? proposal.for_votes : proposal.against_votes;
    side = RUNNEL_TRY(Checked{side} + weight);
    context.emit(id(), VoteCastLog{sender, call.proposal, call.support, weight});
    return Returns{weight};
}

Result<Returns> StakeGovernor::carry_out(
    CallContext& context, std::uint32_t number, Proposal& proposal)
{
    proposal.is_executed = true;
    context.emit(id(), ProposalExecutedLog{number, context.block().timestamp < proposal.vote_end});
    // A copy: what the calls do may propose more, or anything else.
    const Bytes calls{proposal.calls.begin(), proposal.calls.begin() + proposal.size};
    RUNNEL_TRY(context.run(CallList{calls}, account()));
    return Returns{};
}

Result<Returns> StakeGovernor::execute(const Execute& call, CallContext& context)
{
    auto& proposal = *RUNNEL_TRY(find(context, call.proposal));
    const auto quorum =
        RUNNEL_TRY(mul_div_up(all_votes(context, proposal), rules_.quorum_bps, bps_denominator));
    const bool has_passed = context.block().timestamp >= proposal.vote_end &&
                            proposal.for_votes > proposal.against_votes &&
                            proposal.for_votes >= quorum;
    RUNNEL_REQUIRE(
        !proposal.is_executed && has_passed, Refusal::error("Governor: proposal not successful"));
    return carry_out(context, call.proposal, proposal);
}

Result<Returns> StakeGovernor::execute(const EmergencyCommit& call, CallContext& context)
{
    auto& proposal = *RUNNEL_TRY(find(context, call.proposal));
    const auto now = context.block().timestamp;
    RUNNEL_REQUIRE(
        !proposal.is_executed && now < proposal.vote_end, Refusal::error("Governance: Ended"));
    RUNNEL_REQUIRE(
        now >= proposal.created + rules_.emergency_delay, Refusal::error("Governance: Too early"));
    const auto all = all_votes(context, proposal);
    const auto needed = RUNNEL_TRY(mul_div_up(all, 2, 3));
    RUNNEL_REQUIRE(!proposal.for_votes.is_zero() && proposal.for_votes >= needed,
        Refusal::error("Governance: Must have super majority"));
    return carry_out(context, call.proposal, proposal);
}

}  // namespace runnel::contracts
