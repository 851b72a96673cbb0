#include "consensus/gasper/beacon.hpp"

#include "ledger/amount.hpp"
#include "ledger/check.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace runnel
{
namespace
{
constexpr std::uint32_t stake_orders_per_block = 16;
constexpr std::uint32_t withdrawals_per_block = 16;

std::shared_ptr<const Duties> make_duties(
    const GasperOptions& options, std::uint64_t seed, const Registry& registry, Epoch epoch)
{
    return std::make_shared<const Duties>(epoch, registry.active(epoch),
        registry.effective_balances(), options.effective_balance_max_gwei, seed,
        options.slots_per_epoch, options.shuffle_rounds);
}
}  // namespace

Aggregate::Aggregate(const AttestationData& about, std::shared_ptr<const Duties> who)
  : data{about}, duties{std::move(who)}, bits(words_for_voters(committee().size()))
{}

bool Aggregate::has_validator(ValidatorId validator, std::uint32_t slots_per_epoch) const
{
    const auto seat = duties->seat_of(validator);
    return seat.slot == data.slot % slots_per_epoch && has(seat.place);
}

BeaconBlock::~BeaconBlock()
{
    // Whoever holds the last reference to a chain would else destroy it block within block.
    auto next = std::move(parent);
    while (next && next.use_count() == 1)
        next = std::move(const_cast<BeaconBlock&>(*next).parent);
}

std::shared_ptr<const Duties> BeaconState::duties_of(Epoch epoch) const
{
    for (const auto& known : {duties, next_duties, previous_duties})
    {
        if (known && known->epoch() == epoch)
            return known;
    }
    return nullptr;
}

BeaconState genesis_state(const GasperOptions& options, std::uint64_t seed)
{
    auto registry = std::make_shared<Registry>();
    registry->validators.resize(options.validators);
    const auto depositors =
        options.genesis_validators == 0 ? options.validators : options.genesis_validators;
    for (ValidatorId i = 0; i < depositors; ++i)
    {
        auto& record = registry->validators[i];
        record.balance = options.deposit_gwei;
        record.effective_balance = std::min(record.balance - record.balance % gwei_per_increment,
            options.effective_balance_max_gwei);
        record.eligible_epoch = 0;
        record.activation_epoch = 0;
    }
    BeaconState state;
    state.total_active = registry->total_active(0);
    state.duties = make_duties(options, seed, *registry, 0);
    state.next_duties = make_duties(options, seed, *registry, 1);
    state.previous_flags.resize(options.validators);
    state.current_flags.resize(options.validators);
    state.blocks_by_slot.resize(std::size_t{2} * options.slots_per_epoch);
    state.registry = std::move(registry);
    return state;
}

BeaconTransition::BeaconTransition(
    const GasperOptions& options, std::uint64_t seed, BeaconState from)
  : options_{options}, seed_{seed}, state_{std::move(from)}
{}

Registry& BeaconTransition::registry()
{
    if (!own_)
    {
        own_ = std::make_shared<Registry>(*state_.registry);
        state_.registry = own_;
    }
    return *own_;
}

void BeaconTransition::advance_to(Slot slot)
{
    while (state_.slot < slot)
    {
        state_.blocks_by_slot[state_.slot % state_.blocks_by_slot.size()] = state_.block;
        if ((state_.slot + 1) % options_.slots_per_epoch == 0)
            end_epoch();
        ++state_.slot;
    }
}

TargetStake BeaconTransition::target_stake() const
{
    const auto current = epoch();
    const auto previous = current == 0 ? 0 : current - 1;
    const auto start = [&](Epoch e) { return e * options_.slots_per_epoch; };
    TargetStake stake{
        {previous, state_.block_at(start(previous))}, {current, state_.block_at(start(current))}};
    stake.total_gwei = state_.total_active;
    const auto& validators = state_.registry->validators;
    for (std::size_t i = 0; i < validators.size(); ++i)
    {
        const auto& record = validators[i];
        if ((state_.previous_flags[i] & justifying_target) != 0 && record.is_active(previous))
            stake.previous_gwei += record.effective_balance;
        if ((state_.current_flags[i] & justifying_target) != 0 && record.is_active(current))
            stake.current_gwei += record.effective_balance;
    }
    return stake;
}

void BeaconTransition::end_epoch()
{
    const auto ended = epoch();
    state_.finality = weigh_justification(state_.finality, target_stake());
    RegistryUpdate update{registry(), ended, options_, changes_};
    for (const auto& [validator, gwei] : state_.proposer_rewards)
        update.reward_proposer(validator, gwei);
    state_.proposer_rewards.clear();
    if (ended > 0)
    {
        const auto delay = ended - 1 - std::min(ended - 1, state_.finality.finalized.epoch);
        update.reward_votes(state_.previous_flags, delay > options_.epochs_to_inactivity_penalty);
    }
    update.update_queues(state_.finality.finalized.epoch);
    update.correlation_penalties();
    update.update_effective_balances();
    update.withdraw(withdrawals_per_block * options_.slots_per_epoch);

    std::swap(state_.previous_flags, state_.current_flags);
    std::fill(state_.current_flags.begin(), state_.current_flags.end(), std::uint8_t{0});
    state_.total_active = own_->total_active(ended + 1);
    state_.previous_duties = std::move(state_.duties);
    state_.duties = std::move(state_.next_duties);
    state_.next_duties = make_duties(options_, seed_, *own_, ended + 2);
    state_.unrealized = state_.finality;
}

bool BeaconTransition::add_slashing(const SlashingProof& proof)
{
    const auto& record = state_.registry->validators[proof.validator];
    if (record.is_slashed() || record.activation_epoch > epoch() ||
        record.withdrawable_epoch <= epoch())
        return false;
    return RegistryUpdate{registry(), epoch(), options_, changes_}.slash(
        proof.validator, proposer());
}

bool BeaconTransition::add_votes(const Aggregate& votes)
{
    const auto& data = votes.data;
    const auto current = epoch();
    const bool is_current = data.target.epoch == current;
    if (!is_current && data.target.epoch + 1 != current)
        return false;
    if (data.slot / options_.slots_per_epoch != data.target.epoch || data.slot >= state_.slot)
        return false;
    const auto& source =
        is_current ? state_.finality.current_justified : state_.finality.previous_justified;
    if (data.source != source)
        return false;
    // Another branch may have drawn other committees: its votes are not this one's.
    const auto mine = is_current ? state_.duties : state_.previous_duties;
    if (mine != votes.duties && !std::ranges::equal(mine->committee(data.slot), votes.committee()))
        return false;
    const auto delay = state_.slot - data.slot;
    const bool is_target =
        data.target.block == state_.block_at(data.target.epoch * options_.slots_per_epoch);
    const bool is_head = is_target && data.block == state_.block_at(data.slot);
    unsigned flags = 0;
    std::uint64_t weights = 0;
    const auto earn = [&](bool is_earned, unsigned flag) { flags |= is_earned ? flag : 0U; };
    earn(delay <= integer_square_root(options_.slots_per_epoch), timely_source);
    earn(is_target, timely_target);
    earn(is_head && delay == 1, timely_head);

    auto& had = is_current ? state_.current_flags : state_.previous_flags;
    const auto per_increment =
        base_reward_per_increment(state_.total_active, options_.base_reward_factor);
    Gwei numerator = 0;
    bool is_new = false;
    votes.for_each(
        [&](ValidatorId validator)
        {
            const auto& record = state_.registry->validators[validator];
            const auto fresh = flags & ~unsigned{had[validator]};
            if (fresh == 0)
                return;
            is_new = true;
            weights = (fresh & timely_source) != 0 ? weight_source : 0;
            weights += (fresh & timely_target) != 0 ? weight_target : 0;
            weights += (fresh & timely_head) != 0 ? weight_head : 0;
            const auto justifies =
                is_target && !record.is_slashed() ? unsigned{justifying_target} : 0U;
            had[validator] = static_cast<std::uint8_t>(had[validator] | fresh | justifies);
            numerator += record.effective_balance / gwei_per_increment * per_increment * weights;
        });
    if (!is_new)
        return false;
    // altair, process_attestation: the proposer's share of what the voters earn.
    const auto reward =
        numerator / ((weight_denominator - weight_proposer) * weight_denominator / weight_proposer);
    if (reward > 0)
        state_.proposer_rewards.emplace_back(proposer(), reward);
    return true;
}

void BeaconTransition::add_stake_orders()
{
    const auto now = static_cast<VirtualTime>(state_.slot) * options_.slot_seconds * one_second;
    const auto each_due =
        [&](const std::vector<GasperStakeOrder>& orders, std::uint32_t& next, const auto& use)
    {
        for (std::uint32_t n = 0; n < stake_orders_per_block; ++n)
        {
            if (next >= orders.size() || orders[next].at > now)
                return;
            use(RegistryUpdate{registry(), epoch(), options_, changes_}, orders[next++]);
        }
    };
    each_due(options_.deposits, state_.next_deposit,
        [](RegistryUpdate update, const GasperStakeOrder& order)
        { update.deposit(order.validator, order.gwei); });
    each_due(options_.exits, state_.next_exit,
        [](RegistryUpdate update, const GasperStakeOrder& order)
        { update.exit_voluntarily(order.validator); });
}

void BeaconTransition::seal(NetworkBlockId id)
{
    state_.block = id;
    state_.unrealized = weigh_justification(state_.finality, target_stake());
}

BeaconTransition::Result BeaconTransition::take() &&
{
    return {std::move(state_), std::move(changes_)};
}

BeaconState execute_block(const GasperOptions& options, std::uint64_t seed,
    const BeaconState& parent, const BeaconBlock& block)
{
    BeaconTransition transition{options, seed, parent};
    transition.advance_to(block.slot);
    for (const auto& proof : block.slashings)
        transition.add_slashing(proof);
    for (const auto& votes : block.votes)
        transition.add_votes(*votes);
    transition.add_stake_orders();
    transition.seal(block.header.id);
    return std::move(transition).take().state;
}

BeaconState state_at_epoch(
    const GasperOptions& options, std::uint64_t seed, const BeaconState& from, Epoch epoch)
{
    BeaconTransition transition{options, seed, from};
    transition.advance_to(epoch * options.slots_per_epoch);
    return std::move(transition).take().state;
}

}  // namespace runnel
