#include "consensus/bft/stake.hpp"

#include "ledger/check.hpp"
#include "ledger/philox.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace runnel
{
namespace
{
constexpr std::uint64_t stream_churn = 0x6266742e63687572;  // "bft.chur"
constexpr std::uint64_t bps = 10'000;
constexpr std::uint64_t parts_per_billion = 1'000'000'000;
constexpr std::uint64_t year_us = 365ULL * 24 * 3600 * 1'000'000;
constexpr std::uint64_t all_fees = 1'000'000'000'000'000'000;

Amount amount_of(uint128 value) noexcept
{
    return Amount::from_uint128(value);
}

/// a * b / c, rounded down; c is not 0 and the result has 128 bits.
uint128 mul_div(uint128 a, uint128 b, uint128 c)
{
    const auto result = mul_div_down(amount_of(a), amount_of(b), amount_of(c));
    RUNNEL_CHECK(result.ok() && result.value.fits_uint128());
    return result.value.low128();
}

uint128 mul_div_ceil(uint128 a, uint128 b, uint128 c)
{
    const auto result = mul_div_up(amount_of(a), amount_of(b), amount_of(c));
    RUNNEL_CHECK(result.ok() && result.value.fits_uint128());
    return result.value.low128();
}

bool has_vote(const BftStake& stake) noexcept
{
    return stake.status == BftStakeStatus::active || stake.status == BftStakeStatus::exiting;
}

void add_shares(BftStake& stake, std::uint32_t delegator, uint128 tokens)
{
    if (stake.tokens == 0)
    {
        // Whatever shares were left are worth nothing.
        stake.shares = 0;
        stake.delegations.clear();
    }
    const auto shares = stake.shares == 0 ? tokens : mul_div(tokens, stake.shares, stake.tokens);
    auto at = std::lower_bound(stake.delegations.begin(), stake.delegations.end(), delegator,
        [](const BftDelegation& one, std::uint32_t who) { return one.delegator < who; });
    if (at == stake.delegations.end() || at->delegator != delegator)
        at = stake.delegations.insert(at, {delegator, 0});
    at->shares += shares;
    stake.shares += shares;
    stake.tokens += tokens;
}

std::vector<std::uint64_t> powers_of(const BftRegister& accounts, uint128 wei_per_vote)
{
    std::vector<std::uint64_t> powers;
    for (const auto& stake : accounts.stakes)
    {
        const auto votes = has_vote(stake) ? stake.tokens / wei_per_vote : 0;
        RUNNEL_CHECK(votes <= BftValidatorSet::total_power_max);
        powers.push_back(static_cast<std::uint64_t>(votes));
    }
    return powers;
}

std::uint32_t seats_of(const BftOptions& options) noexcept
{
    return options.stake.seats == 0 ? options.validators : options.stake.seats;
}

bool is_void(const BftOptions& options, const NetworkEvidence& evidence, std::uint64_t height,
    VirtualTime time) noexcept
{
    return height > evidence.height + options.stake.evidence_heights &&
           time > evidence.found_at + options.stake.evidence_age;
}

bool is_same(const NetworkEvidence& a, const NetworkEvidence& b) noexcept
{
    return a.kind == b.kind && a.offender == b.offender && a.height == b.height &&
           a.round == b.round && a.vote == b.vote;
}

/// The transition from one block to the next, step by step.
class Transition
{
public:
    Transition(const BftOptions& options, std::uint64_t seed, const BftChainState& parent,
        const BftBlockContents& block)
      : options_{options}, stake_{options.stake}, seed_{seed}, parent_{parent}, block_{block}
    {
        next_.height = block.height;
        next_.time = block.made_at;
        next_.accounts = parent.accounts;
        next_.rewards = parent.rewards;
        next_.signed_power = parent.signed_power;
    }

    BftChainState run()
    {
        reward();
        punish();
        operate();
        release();
        serve_queues();
        if (block_.height % stake_.payout_heights == 0)
            pay_all();
        next_.sets.assign(parent_.sets.begin() + 1, parent_.sets.end());
        next_.sets.push_back(next_set());
        if (accounts_ != nullptr)
            next_.accounts = std::move(accounts_);
        return std::move(next_);
    }

private:
    [[nodiscard]] const BftRegister& accounts() const
    {
        return accounts_ != nullptr ? *accounts_ : *parent_.accounts;
    }
    /// Copied when first changed: most blocks change nobody's stake.
    BftRegister& change()
    {
        if (accounts_ == nullptr)
            accounts_ = std::make_shared<BftRegister>(*parent_.accounts);
        return *accounts_;
    }
    void say(StakeChangeKind kind, NodeId validator, uint128 amount, std::uint32_t delegator)
    {
        if (amount != 0)
            next_.changes.push_back({kind, validator, amount_of(amount), delegator});
    }

    void reward()
    {
        if (block_.made_at <= parent_.time)
            return;
        const auto& set = *parent_.sets[0];
        const auto signed_total = set.power_of(block_.signers);
        if (signed_total == 0)
            return;
        uint128 staked = 0;
        for (const auto& stake : accounts().stakes)
            staked += has_vote(stake) ? stake.tokens : 0;
        const auto rate = static_cast<std::uint64_t>(
            std::llround(stake_.inflation_per_year * static_cast<double>(parts_per_billion)));
        const auto span = static_cast<std::uint64_t>(block_.made_at - parent_.time);
        const auto minted =
            mul_div(staked, uint128{rate} * span, uint128{parts_per_billion} * year_us);
        const auto for_maker = minted * stake_.proposer_reward_bps / bps;
        next_.rewards[block_.maker] += for_maker;
        for_each_voter(block_.signers,
            [&](NodeId v)
            {
                if (v >= set.power.size() || set.power[v] == 0)
                    return;
                next_.rewards[v] += mul_div(minted - for_maker, set.power[v], signed_total);
                next_.signed_power[v] += set.power[v];
            });
    }

    void punish()
    {
        if (block_.evidence == nullptr)
            return;
        for (const auto& evidence : *block_.evidence)
        {
            if (!is_admitted(evidence))
                continue;
            slash(evidence);
        }
    }
    [[nodiscard]] bool is_admitted(const NetworkEvidence& evidence) const
    {
        const auto& all = accounts();
        if (evidence.offender >= all.stakes.size() || evidence.height > block_.height ||
            is_void(options_, evidence, block_.height, block_.made_at))
            return false;
        if (all.stakes[evidence.offender].is_tombstoned)
            return false;
        return std::none_of(all.committed.begin(), all.committed.end(),
            [&](const NetworkEvidence& old) { return is_same(old, evidence); });
    }
    [[nodiscard]] std::uint32_t penalty_bps(EvidenceKind kind) const noexcept
    {
        switch (kind)
        {
            case EvidenceKind::double_vote: return stake_.slash_double_vote_bps;
            case EvidenceKind::double_proposal: return stake_.slash_double_proposal_bps;
            case EvidenceKind::invalid_block: return stake_.slash_invalid_block_bps;
            case EvidenceKind::surround_vote: break;  // Of another protocol.
        }
        return 0;
    }
    void slash(const NetworkEvidence& evidence)
    {
        const auto offender = evidence.offender;
        const auto penalty = penalty_bps(evidence.kind);
        settle(offender);
        auto& all = change();
        auto& stake = all.stakes[offender];
        auto burnt = mul_div(stake.tokens, penalty, bps);
        stake.tokens -= burnt;
        for (auto& entry : all.unbonding)
        {
            // What had left before the breach did not stand behind it.
            if (entry.validator != offender || entry.since < evidence.height)
                continue;
            const auto part = mul_div(entry.tokens, penalty, bps);
            entry.tokens -= part;
            burnt += part;
        }
        say(StakeChangeKind::slashing, offender, burnt, 0);
        if (!stake_.tombstones)
        {
            std::erase_if(all.committed, [&](const NetworkEvidence& old)
                { return is_void(options_, old, block_.height, block_.made_at); });
            all.committed.push_back(evidence);
            return;
        }
        stake.is_tombstoned = true;
        std::erase(all.queue, offender);
        std::erase(all.exits, offender);
        unbond_all(offender);
    }

    void operate()
    {
        const auto begin = std::lower_bound(stake_.operations.begin(), stake_.operations.end(),
            block_.height,
            [](const BftStakeOperation& one, std::uint64_t height) { return one.height < height; });
        for (auto at = begin; at != stake_.operations.end() && at->height == block_.height; ++at)
            operate(*at);
        RandomStream random{seed_, stream_churn, 0, block_.height};
        if (random.bernoulli(stake_.joins_per_height))
        {
            draw(
                random,
                [](const BftStake& stake)
                { return stake.status == BftStakeStatus::none && !stake.is_tombstoned; },
                BftStakeOperationKind::deposit);
        }
        if (random.bernoulli(stake_.leaves_per_height))
        {
            draw(
                random,
                [](const BftStake& stake) { return stake.status == BftStakeStatus::active; },
                BftStakeOperationKind::exit);
        }
    }
    template <typename Who>
    void draw(RandomStream& random, const Who& who, BftStakeOperationKind kind)
    {
        std::vector<NodeId> candidates;
        for (NodeId v = 0; v < accounts().stakes.size(); ++v)
        {
            if (who(accounts().stakes[v]))
                candidates.push_back(v);
        }
        if (!candidates.empty())
            operate({block_.height, kind, candidates[random.uniform_below(candidates.size())], 0,
                stake_.stake});
    }
    void operate(const BftStakeOperation& what)
    {
        const auto amount = what.amount.low128();
        const auto status = accounts().stakes[what.validator].status;
        const auto is_tombstoned = accounts().stakes[what.validator].is_tombstoned;
        switch (what.kind)
        {
            case BftStakeOperationKind::deposit:
            case BftStakeOperationKind::delegate: {
                const auto is_first = status == BftStakeStatus::none;
                if (is_tombstoned || amount == 0 ||
                    (is_first && what.kind == BftStakeOperationKind::delegate))
                    return;
                settle(what.validator);
                auto& all = change();
                auto& stake = all.stakes[what.validator];
                add_shares(stake, what.delegator, amount);
                if (is_first)
                {
                    stake.status = BftStakeStatus::queued;
                    all.queue.push_back(what.validator);
                }
                say(StakeChangeKind::deposit, what.validator, amount, what.delegator);
                return;
            }
            case BftStakeOperationKind::undelegate:
                settle(what.validator);
                take_shares(change().stakes[what.validator], what, amount);
                return;
            case BftStakeOperationKind::exit:
                if (status == BftStakeStatus::active)
                {
                    change().stakes[what.validator].status = BftStakeStatus::exiting;
                    change().exits.push_back(what.validator);
                }
                else if (status == BftStakeStatus::queued)
                {
                    std::erase(change().queue, what.validator);
                    unbond_all(what.validator);
                }
                return;
        }
    }
    void take_shares(BftStake& stake, const BftStakeOperation& what, uint128 amount)
    {
        const auto at = std::find_if(stake.delegations.begin(), stake.delegations.end(),
            [&](const BftDelegation& one) { return one.delegator == what.delegator; });
        if (at == stake.delegations.end() || stake.tokens == 0 || amount == 0)
            return;
        // As many shares as it takes, rounded up; what they are worth, rounded down: whoever
        // stays loses nothing.
        const auto shares = std::min(
            at->shares, mul_div_ceil(std::min(amount, stake.tokens), stake.shares, stake.tokens));
        const auto tokens = mul_div(shares, stake.tokens, stake.shares);
        at->shares -= shares;
        stake.shares -= shares;
        stake.tokens -= tokens;
        if (at->shares == 0)
            stake.delegations.erase(at);
        unbond(what.validator, what.delegator, tokens);
    }

    void unbond(NodeId validator, std::uint32_t delegator, uint128 tokens)
    {
        if (tokens == 0)
            return;
        // It votes until the set without it begins, and can be slashed for that.
        const auto since = block_.height + stake_.set_delay;
        change().unbonding.push_back(
            {validator, delegator, tokens, since, block_.height + stake_.unbonding_heights});
    }
    void unbond_all(NodeId validator)
    {
        settle(validator);
        auto& stake = change().stakes[validator];
        auto rest = stake.tokens;
        uint128 own = 0;
        for (const auto& [delegator, shares] : stake.delegations)
        {
            const auto tokens = mul_div(shares, stake.tokens, stake.shares);
            rest -= tokens;
            if (delegator == 0)
                own = tokens;
            else
                unbond(validator, delegator, tokens);
        }
        unbond(validator, 0, own + rest);
        stake.status = BftStakeStatus::none;
        stake.tokens = 0;
        stake.shares = 0;
        stake.delegations.clear();
    }

    void release()
    {
        const auto& entries = accounts().unbonding;
        if (entries.empty() || entries.front().until > block_.height)
            return;
        auto& all = change();
        const auto first_left = std::find_if(all.unbonding.begin(), all.unbonding.end(),
            [&](const BftUnbonding& entry) { return entry.until > block_.height; });
        for (auto at = all.unbonding.begin(); at != first_left; ++at)
            say(StakeChangeKind::withdrawal, at->validator, at->tokens, at->delegator);
        all.unbonding.erase(all.unbonding.begin(), first_left);
    }

    void serve_queues()
    {
        if (accounts().queue.empty() && accounts().exits.empty())
            return;
        auto voters = static_cast<std::uint64_t>(
            std::count_if(accounts().stakes.begin(), accounts().stakes.end(), has_vote));
        for (std::uint32_t i = 0;
             i < stake_.exits_per_height && !accounts().exits.empty() && voters > 1; ++i, --voters)
        {
            const auto who = accounts().exits.front();
            change().exits.erase(change().exits.begin());
            unbond_all(who);
        }
        for (std::uint32_t i = 0; i < stake_.activations_per_height && !accounts().queue.empty() &&
                                  voters < seats_of(options_);
             ++i, ++voters)
        {
            const auto who = accounts().queue.front();
            change().queue.erase(change().queue.begin());
            change().stakes[who].status = BftStakeStatus::active;
        }
    }

    /// Deals @p amount out among who has a share of a validator's stake: commission first, the
    /// rest by shares. What rounding leaves is the validator's own.
    template <typename Give>
    void split(NodeId validator, uint128 amount, const Give& give) const
    {
        const auto& stake = accounts().stakes[validator];
        const auto commission = mul_div(amount, stake_.commission_bps, bps);
        auto own = amount;
        for (const auto& [delegator, shares] : stake.delegations)
        {
            if (delegator == 0)
                continue;
            const auto part = mul_div(amount - commission, shares, stake.shares);
            own -= part;
            give(delegator, part);
        }
        give(0, own);
    }
    /// Pays a validator's rewards out, before shares change.
    void settle(NodeId validator)
    {
        const auto amount = std::exchange(next_.rewards[validator], 0);
        if (amount == 0)
            return;
        split(validator, amount,
            [&](std::uint32_t delegator, uint128 part)
            { say(StakeChangeKind::reward, validator, part, delegator); });
    }
    void pay_all()
    {
        for (NodeId v = 0; v < next_.rewards.size(); ++v)
            settle(v);
        const auto all =
            std::accumulate(next_.signed_power.begin(), next_.signed_power.end(), uint128{0});
        for (NodeId v = 0; v < next_.signed_power.size() && all != 0; ++v)
        {
            const auto part = mul_div(all_fees, next_.signed_power[v], all);
            split(v, part,
                [&](std::uint32_t delegator, uint128 own)
                { say(StakeChangeKind::fee_share, v, own, delegator); });
            next_.signed_power[v] = 0;
        }
    }

    [[nodiscard]] std::shared_ptr<const BftValidatorSet> next_set() const
    {
        const auto& last = *parent_.sets.back();
        if (accounts_ == nullptr)
            return std::make_shared<const BftValidatorSet>(next_validator_set(last, last.power));
        auto powers = powers_of(accounts(), stake_.wei_per_vote.low128());
        // Somebody has to vote: if all are gone the last ones stay, and get nothing for it.
        if (std::all_of(powers.begin(), powers.end(), [](auto power) { return power == 0; }))
            powers = last.power;
        return std::make_shared<const BftValidatorSet>(next_validator_set(last, powers));
    }

    const BftOptions& options_;
    const BftStakeOptions& stake_;
    std::uint64_t seed_;
    const BftChainState& parent_;
    const BftBlockContents& block_;
    std::shared_ptr<BftRegister> accounts_;
    BftChainState next_;
};
}  // namespace

std::vector<std::uint32_t> groups_of_validators(const BftOptions& options)
{
    const auto none = static_cast<std::uint32_t>(options.groups.size());
    std::vector<std::uint32_t> group_of(options.validators, none);
    auto end = group_of.size();
    for (auto group = none; group-- > 0;)
    {
        const auto& one = options.groups[group];
        const auto members =
            one.validators != 0
                ? one.validators
                : static_cast<std::uint32_t>(std::llround(one.share * options.validators));
        RUNNEL_CHECK(members <= end);
        std::fill_n(group_of.begin() + static_cast<std::ptrdiff_t>(end - members), members, group);
        end -= members;
    }
    return group_of;
}

std::vector<uint128> first_stakes(const BftOptions& options)
{
    const auto group_of = groups_of_validators(options);
    const auto each = options.stake.stake.low128();
    std::vector<std::uint32_t> members(options.groups.size() + 1);
    for (const auto group : group_of)
        ++members[group];
    // Who is in a group without a share has as much as anybody; what shares leave is for the rest.
    const auto total = each * options.validators;
    auto rest = total;
    std::uint32_t rest_members = 0;
    std::vector<uint128> of_group(members.size());
    for (std::size_t group = 0; group < members.size(); ++group)
    {
        const auto share = group < options.groups.size() ? options.groups[group].share : 0;
        if (share == 0 || members[group] == 0)
        {
            rest_members += members[group];
            continue;
        }
        const auto ppb = static_cast<std::uint64_t>(
            std::llround(share * static_cast<double>(parts_per_billion)));
        of_group[group] = mul_div(total, ppb, parts_per_billion) / members[group];
        rest -= std::min(rest, of_group[group] * members[group]);
    }
    std::vector<uint128> stakes;
    for (const auto group : group_of)
    {
        const auto stake = of_group[group];
        stakes.push_back(stake != 0 ? stake : rest / rest_members);
    }
    return stakes;
}

BftChainState first_chain_state(const BftOptions& options)
{
    BftChainState state;
    auto accounts = std::make_shared<BftRegister>();
    accounts->stakes.resize(options.validators);
    state.rewards.resize(options.validators);
    state.signed_power.resize(options.validators);
    const auto stakes = first_stakes(options);
    RUNNEL_CHECK(options.waiting < options.validators);
    const auto staking = options.validators - options.waiting;
    std::uint32_t delegator = 0;
    const auto delegated_ppb = static_cast<std::uint64_t>(
        std::llround(options.stake.delegated_share * static_cast<double>(parts_per_billion)));
    const auto give = [&](NodeId v, std::uint32_t who, uint128 tokens)
    {
        if (tokens == 0)
            return;
        add_shares(accounts->stakes[v], who, tokens);
        state.changes.push_back({StakeChangeKind::deposit, v, amount_of(tokens), who});
    };
    for (NodeId v = 0; v < staking; ++v)
    {
        const auto delegated =
            options.stake.delegators == 0
                ? 0
                : mul_div(stakes[v], delegated_ppb, parts_per_billion) / options.stake.delegators;
        give(v, 0, stakes[v] - delegated * options.stake.delegators);
        for (std::uint32_t i = 0; i < options.stake.delegators; ++i)
            give(v, ++delegator, delegated);
    }
    // The richest have the seats.
    std::vector<NodeId> order(staking);
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(
        order.begin(), order.end(), [&](NodeId a, NodeId b) { return stakes[a] > stakes[b]; });
    for (std::size_t i = 0; i < order.size(); ++i)
    {
        const auto has_seat = i < seats_of(options);
        accounts->stakes[order[i]].status =
            has_seat ? BftStakeStatus::active : BftStakeStatus::queued;
        if (!has_seat)
            accounts->queue.push_back(order[i]);
    }
    auto set = first_validator_set(powers_of(*accounts, options.stake.wei_per_vote.low128()));
    // Block 0 has no voters; its place keeps sets in step with heights.
    state.sets.push_back(std::make_shared<const BftValidatorSet>(set));
    state.sets.push_back(state.sets.back());
    for (std::uint32_t i = 0; i < options.stake.set_delay; ++i)
    {
        set = next_validator_set(set, set.power);
        state.sets.push_back(std::make_shared<const BftValidatorSet>(set));
    }
    state.accounts = std::move(accounts);
    return state;
}

BftChainState next_chain_state(const BftOptions& options, std::uint64_t seed,
    const BftChainState& parent, const BftBlockContents& block)
{
    RUNNEL_CHECK(block.height == parent.height + 1);
    return Transition{options, seed, parent, block}.run();
}

bool admits_evidence(
    const BftOptions& options, const BftChainState& state, const NetworkEvidence& evidence)
{
    const auto& accounts = *state.accounts;
    if (evidence.offender >= accounts.stakes.size() ||
        is_void(options, evidence, state.height, state.time) ||
        accounts.stakes[evidence.offender].is_tombstoned)
        return false;
    return std::none_of(accounts.committed.begin(), accounts.committed.end(),
        [&](const NetworkEvidence& old) { return is_same(old, evidence); });
}

}  // namespace runnel
