#include "consensus/gasper/node.hpp"

#include "ledger/check.hpp"
#include "ledger/philox.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace runnel
{
namespace
{
constexpr std::uint64_t stream_validation = 0x6761732e76616c69;  // "gas.vali"

constexpr std::uint64_t stream_flaws = 0x6761732e666c6177;  // "gas.flaw"

// What messages weigh on a wire: SSZ with signatures and proofs, rounded.
constexpr std::uint32_t attestation_bytes = 240;
constexpr std::uint32_t aggregate_bytes = 440;  // Beside its bits.
constexpr std::uint32_t request_bytes = 200;
constexpr std::uint32_t fraud_proof_bytes = 10'000;

constexpr std::size_t voters_epochs = 64;       // How long back votes are compared by validator.
constexpr std::size_t blocks_per_range = 1024;  // MAX_REQUEST_BLOCKS of the specification.

bool covers(const std::vector<std::uint64_t>& large, const std::vector<std::uint64_t>& small)
{
    for (std::size_t i = 0; i < small.size(); ++i)
    {
        if ((small[i] & ~large[i]) != 0)
            return false;
    }
    return true;
}

/// Who is slashed makes no block any more. Source: consensus-specs, process_block_header.
bool is_slashed_in(const BeaconState& parent, ValidatorId proposer)
{
    return parent.registry->validators[proposer].is_slashed();
}

/// Whether votes of whoever did this count no more. The specification's fork choice ignores those
/// of who votes against himself alone, not of who proposes what he should not.
bool voids_votes(EvidenceKind kind)
{
    return kind == EvidenceKind::double_vote || kind == EvidenceKind::surround_vote;
}
}  // namespace

// ---- World ----

GasperStrategy GasperWorld::strategy_of(NodeId node, VirtualTime now) const
{
    const auto* group = group_of[node];
    if (group == nullptr || now < group->from || now >= group->until)
        return GasperStrategy::honest;
    return group->strategy;
}

bool GasperWorld::is_partitioned(VirtualTime now) const
{
    return std::any_of(partitions.begin(), partitions.end(),
        [&](const NetworkPartition& partition)
        { return partition.from <= now && now < partition.until; });
}

std::uint8_t GasperWorld::side_of(NodeId node, VirtualTime now) const
{
    for (const auto& partition : partitions)
    {
        if (partition.from <= now && now < partition.until)
            return static_cast<std::uint8_t>(partition.group_of[node] % 2);
    }
    return static_cast<std::uint8_t>(node % 2);
}

// ---- View: time and duties ----

GasperView::GasperView(const GasperWorld& world, NodeId self, std::uint8_t side)
  : world_{&world},
    self_{self},
    side_{side},
    store_{world.options, world.seed, world.genesis, world.genesis_state},
    pool_(std::size_t{2} * world.options.slots_per_epoch),
    voters_(voters_epochs),
    accused_(world.options.validators)
{}

VirtualTime GasperView::slot_start(Slot slot) const
{
    return static_cast<VirtualTime>(slot) * world_->options.slot_seconds * one_second;
}

VirtualTime GasperView::part_of_slot(std::uint32_t thirds) const
{
    return VirtualTime{world_->options.slot_seconds} * one_second * thirds / 3;
}

bool GasperView::is_mine(ValidatorId validator) const
{
    return validator != no_validator && world_->node_of(validator) == self_;
}

std::shared_ptr<const Duties> GasperView::duties_at(const GasperStore::Entry& head, Epoch epoch)
{
    if (auto known = head.state->duties_of(epoch))
        return known;
    if (!advanced_ || advanced_from_ != head.block->header.id ||
        advanced_->epoch(world_->options) != epoch)
    {
        advanced_ = std::make_shared<const BeaconState>(
            state_at_epoch(world_->options, world_->seed, *head.state, epoch));
        advanced_from_ = head.block->header.id;
    }
    return advanced_->duties;
}

void GasperView::on_slot(Port port, Slot slot, bool has_just_come)
{
    store_.on_slot(slot);
    const auto slots = world_->options.slots_per_epoch;
    if (slot % slots == 0 && slot / slots >= 2)
    {
        // What nobody can use any more.
        apply_votes();
        votes_in_blocks_.erase(
            votes_in_blocks_.begin(), votes_in_blocks_.lower_bound(store_.finalized().epoch));
        asked_.clear();
        std::erase_if(unapplied_,
            [&](const AggregatePtr& votes) { return votes->data.slot + 2 * slots < slot; });
        std::erase_if(orphans_, [&](const auto& item)
            { return item.second.back().second.block->slot + 2 * slots < slot; });
    }
    for (auto& [from, shared] : std::exchange(early_, {}))
        take_block(port, from, shared, true);
    // Who was away first hears what the others have come to.
    if (!has_just_come)
        prepare_duties(port, slot);
    look_at_head(port);
}

void GasperView::prepare_duties(Port port, Slot slot)
{
    const auto& options = world_->options;
    const auto epoch = slot / options.slots_per_epoch;
    const auto strategy = world_->strategy_of(self_, port.context.now());
    // Who is no equivocator now has one face.
    if (self_ >= options.makers() || (side_ != 0 && strategy != GasperStrategy::equivocating))
        return;
    if (!duties_ || duties_->epoch() != epoch)
    {
        apply_votes();
        duties_ = duties_at(store_.head(), epoch);
    }
    if (strategy == GasperStrategy::offline)
        return;
    const auto start = slot_start(slot);
    const auto first = self_ * options.validators_per_node;
    const auto last = std::min(first + options.validators_per_node, options.validators);
    bool attests = false;
    for (auto v = first; v < last; ++v)
        attests = attests || duties_->seat_of(v).slot == slot % options.slots_per_epoch;
    if (attests)
    {
        port.context.wake_at_local(
            start + part_of_slot(1), {GasperTimer::Kind::attest, side_, slot});
        const auto committee = duties_->committee(slot);
        for (std::size_t i = 0; i < std::min<std::size_t>(options.aggregators, committee.size());
             ++i)
        {
            if (!is_mine(committee[i]))
                continue;
            port.context.wake_at_local(
                start + part_of_slot(2), {GasperTimer::Kind::aggregate, side_, slot});
            break;
        }
    }
    if (is_mine(duties_->proposer(slot)))
        propose(port, slot);
}

// ---- View: proposing ----

void GasperView::propose(Port port, Slot slot)
{
    const auto strategy = world_->strategy_of(self_, port.context.now());
    apply_votes();
    const auto head = store_.head();  // A copy: the store grows.
    if (head.block->slot >= slot)
        return;
    // Where it sees its head's branch draw another proposer, it has no right to.
    const auto proposer = duties_at(head, slot / world_->options.slots_per_epoch)->proposer(slot);
    if (!is_mine(proposer) || is_slashed_in(*head.state, proposer))
        return;
    const auto shared = make_block(port, slot, head);
    port.context.record({GasperRecord::Kind::made, shared.block, shared.state, {}, {}});
    const auto next = slot + 1;
    if (strategy == GasperStrategy::ex_ante_reorg && next % world_->options.slots_per_epoch != 0)
    {
        const auto victim = world_->node_of(duties_->proposer(next));
        if (world_->group_of[victim] != world_->group_of[self_])
        {
            secret_ = shared;
            auto packet = std::make_shared<GasperPacket>();
            packet->blocks.push_back(shared);
            for (NodeId node = 0; node < world_->options.makers(); ++node)
            {
                if (node != self_ && world_->group_of[node] == world_->group_of[self_])
                    send(port, node, GasperMessageKind::secret_block, packet,
                        world_->options.block_bytes);
            }
            accept(port, shared, self_);
            // In time for the votes of the next slot, and too late for its proposer.
            port.context.wake_at_local(
                slot_start(next) + part_of_slot(1) / 2, {GasperTimer::Kind::release, side_, slot});
            return;
        }
    }
    accept(port, shared, std::nullopt);
}

std::vector<AggregatePtr> GasperView::votes_for_block(Slot slot) const
{
    std::vector<AggregatePtr> votes;
    const auto oldest = slot - std::min<Slot>(slot, pool_.size() - 1);
    // The newest first: they earn most, and for them time is shortest.
    for (auto s = slot; s-- > oldest;)
    {
        const auto& pool = pool_[s % pool_.size()];
        if (pool.slot != s)
            continue;
        const auto first = votes.size();
        for (const auto& entry : pool.entries)
            votes.push_back(entry.votes);
        // By content, not by when they came.
        std::sort(votes.begin() + static_cast<std::ptrdiff_t>(first), votes.end(),
            [](const AggregatePtr& a, const AggregatePtr& b)
            {
                const auto key = [](const AggregatePtr& v)
                {
                    return std::tuple{v->data.block, v->data.target.epoch, v->data.target.block,
                        v->data.source.epoch, v->data.source.block};
                };
                return key(a) < key(b);
            });
    }
    return votes;
}

SharedBlock GasperView::make_block(Port port, Slot slot, const GasperStore::Entry& head)
{
    const auto& options = world_->options;
    const auto now = port.context.now();
    const auto strategy = world_->strategy_of(self_, now);
    auto block = std::make_shared<BeaconBlock>();
    BeaconTransition transition{options, world_->seed, *head.state};
    transition.advance_to(slot);
    block->slot = slot;
    block->proposer = transition.proposer();
    block->parent = head.block;
    if (strategy != GasperStrategy::equivocating && strategy != GasperStrategy::surround)
    {
        for (const auto& proof : proofs_)
        {
            if (block->slashings.size() < slashings_per_block_max && transition.add_slashing(proof))
                block->slashings.push_back(proof);
        }
    }
    for (const auto& votes : votes_for_block(slot))
    {
        if (block->votes.size() < options.block_votes_max && transition.add_votes(*votes))
            block->votes.push_back(votes);
    }
    transition.add_stake_orders();
    auto& header = block->header;
    header.id = port.node.next_block_id();
    header.parent = head.block->header.id;
    header.height = head.block->header.height + 1;
    header.maker = self_;
    header.made_at = now;
    header.true_time = now;
    header.round = slot;
    header.is_withheld = strategy == GasperStrategy::ex_ante_reorg;
    if (strategy == GasperStrategy::invalid_block &&
        RandomStream{world_->seed, stream_flaws, self_, slot}.bernoulli(
            world_->group_of[self_]->flaw_share))
        header.flaw = world_->group_of[self_]->flaw;
    transition.seal(header.id);
    auto result = std::move(transition).take();
    block->changes = std::move(result.changes);
    return {std::move(block), std::make_shared<const BeaconState>(std::move(result.state))};
}

void GasperView::release_secret(Port port)
{
    if (!secret_.block)
        return;
    auto packet = std::make_shared<GasperPacket>();
    packet->blocks.push_back(secret_);
    gossip(port, GasperMessageKind::blocks, packet, world_->options.block_bytes, std::nullopt);
    for (auto& entry : pool_slot(secret_.block->slot).entries)
        entry.is_news = entry.is_news || entry.votes->data.block == secret_.block->header.id;
    flush_gossip(port);
    secret_ = {};
}

// ---- View: voting ----

AttestationData GasperView::vote_on(Slot slot, const GasperStore::Entry& head)
{
    const auto slots = world_->options.slots_per_epoch;
    const auto epoch = slot / slots;
    const auto head_epoch = head.block->slot / slots;
    AttestationData data{slot, head.block->header.id, {}, {epoch, head.block->header.id}};
    if (head_epoch == epoch)
    {
        data.source = head.state->finality.current_justified;
        data.target.block = head.state->block_at(epoch * slots);
    }
    else if (head_epoch + 1 == epoch)
        data.source = head.state->unrealized.current_justified;
    else
    {
        // Epochs without a block: balances that leak may justify what votes did not.
        if (!advanced_ || advanced_from_ != head.block->header.id ||
            advanced_->epoch(world_->options) != epoch)
        {
            advanced_ = std::make_shared<const BeaconState>(
                state_at_epoch(world_->options, world_->seed, *head.state, epoch));
            advanced_from_ = head.block->header.id;
        }
        data.source = advanced_->finality.current_justified;
    }
    return data;
}

const GasperStore::Entry& GasperView::head_to_vote(Port port, Slot slot)
{
    apply_votes();
    const auto* head = &store_.head();
    const auto now = port.context.now();
    const auto strategy = world_->strategy_of(self_, now);
    if (strategy == GasperStrategy::ex_ante_reorg && secret_.block &&
        secret_.block->slot + 1 == slot)
    {
        if (const auto* secret = store_.find(secret_.block->header.id))
            head = secret;
    }
    if (strategy == GasperStrategy::equivocating && side_ == 1 && head->parent >= 0 &&
        world_->group_of[self_]->equivocates_always)
    {
        // Both faces see the same: one of them says what it saw before.
        const auto& other = port.node.last_votes[0];
        const auto start = slot / world_->options.slots_per_epoch * world_->options.slots_per_epoch;
        if (other && *other == vote_on(slot, *head) && head->block->slot > start)
            head = &store_.entries()[static_cast<std::size_t>(head->parent)];
    }
    return *head;
}

AttestationData GasperView::bend(Port port, AttestationData data)
{
    if (world_->strategy_of(self_, port.context.now()) != GasperStrategy::surround)
        return data;
    if (last_vote_ && last_vote_->source.epoch > 0 && last_vote_->target.epoch < data.target.epoch)
    {
        // From before the last vote's source, to behind its target.
        data.source = {last_vote_->source.epoch - 1, world_->genesis->header.id};
        last_vote_.reset();
        return data;
    }
    last_vote_ = data;
    return data;
}

void GasperView::attest(Port port, Slot slot)
{
    const auto& options = world_->options;
    const auto& head = head_to_vote(port, slot);
    const auto epoch = slot / options.slots_per_epoch;
    const auto duties = duties_at(head, epoch);
    const auto data = bend(port, vote_on(slot, head));
    auto mine = std::make_shared<Aggregate>(data, duties);
    const auto first = self_ * options.validators_per_node;
    const auto last = std::min(first + options.validators_per_node, options.validators);
    const auto strategy = world_->strategy_of(self_, port.context.now());
    const bool breaks_rules =
        strategy == GasperStrategy::equivocating || strategy == GasperStrategy::surround;
    bool attests = false;
    for (auto v = first; v < last; ++v)
    {
        const auto seat = duties->seat_of(v);
        if (seat.slot != slot % options.slots_per_epoch)
            continue;
        // On another branch he may have another turn, and it may have an older source.
        if (!breaks_rules && !port.node.may_sign(v, data))
            continue;
        mine->add(seat.place);
        attests = true;
    }
    if (!attests)
        return;
    port.node.last_votes[side_] = data;
    take_votes(port, mine, Heard::privately, std::nullopt);
    auto packet = std::make_shared<GasperPacket>();
    packet->votes.push_back(std::move(mine));
    const auto* secret = secret_.block.get();
    if (secret != nullptr && data.block == secret->header.id && secret->slot == slot)
    {
        if (secret->header.maker != self_)
            send(port, secret->header.maker, GasperMessageKind::secret_votes, packet,
                attestation_bytes);
        return;
    }
    const auto committee = duties->committee(slot);
    for (std::size_t i = 0; i < std::min<std::size_t>(options.aggregators, committee.size()); ++i)
    {
        if (const auto to = world_->node_of(committee[i]); to != self_)
            send(port, to, GasperMessageKind::attestation, packet, attestation_bytes);
    }
}

void GasperView::aggregate(Port port, Slot slot)
{
    for (auto& entry : pool_slot(slot).entries)
    {
        const bool is_secret = secret_.block && entry.votes->data.block == secret_.block->header.id;
        entry.is_news = !is_secret;
    }
    flush_gossip(port);
}

void GasperView::flush_gossip(Port port)
{
    is_flush_set_ = false;
    const auto peers = port.context.peers();
    std::vector<PoolEntry*> news;
    for (auto& slot : pool_)
    {
        for (auto& entry : slot.entries)
        {
            if (entry.is_news)
                news.push_back(&entry);
        }
    }
    if (news.empty())
        return;
    // Most peers miss all of it.
    std::shared_ptr<const GasperPacket> whole;
    for (std::size_t i = 0; i < peers.size(); ++i)
    {
        const auto bit = i < 64 ? std::uint64_t{1} << i : 0;
        std::uint32_t bytes = 0;
        std::size_t missing = 0;
        for (const auto* entry : news)
        {
            if ((entry->known_by & bit) != 0)
                continue;
            ++missing;
            bytes += aggregate_bytes + static_cast<std::uint32_t>(entry->votes->bits.size() * 8);
        }
        if (missing == 0)
            continue;
        std::shared_ptr<const GasperPacket> packet = whole;
        if (missing < news.size() || !whole)
        {
            auto some = std::make_shared<GasperPacket>();
            for (const auto* entry : news)
            {
                if ((entry->known_by & bit) == 0)
                    some->votes.push_back(entry->votes);
            }
            packet = some;
            if (missing == news.size())
                whole = packet;
        }
        for (auto* entry : news)
            entry->known_by |= bit;
        send(port, peers[i], GasperMessageKind::votes, packet, bytes);
    }
    for (auto* entry : news)
        entry->is_news = false;
}

GasperView::PoolSlot& GasperView::pool_slot(Slot slot)
{
    auto& place = pool_[slot % pool_.size()];
    if (place.slot != slot)
    {
        place.slot = slot;
        place.entries.clear();
    }
    return place;
}

void GasperView::take_votes(
    Port port, const AggregatePtr& votes, Heard how, std::optional<NodeId> from)
{
    const auto slot = votes->data.slot;
    if (slot > store_.now() + 1)
        return;
    if (slot + pool_.size() <= store_.now())
    {
        if (how != Heard::in_block)
            return;
        find_double_votes_in_blocks(port, *votes);
        unapplied_.push_back(votes);
        return;
    }
    auto& entries = pool_slot(slot).entries;
    auto entry = std::find_if(entries.begin(), entries.end(),
        [&](const PoolEntry& known) { return known.votes->data == votes->data; });
    const bool is_first = entry == entries.end();
    std::uint64_t sender = 0;
    if (from)
    {
        const auto peers = port.context.peers();
        const auto found = std::lower_bound(peers.begin(), peers.end(), *from);
        const auto i = found - peers.begin();
        if (found != peers.end() && *found == *from && i < 64)
            sender = std::uint64_t{1} << i;
    }
    auto fresh = votes->bits;
    if (is_first)
        entry = entries.insert(entries.end(), PoolEntry{votes});
    else
    {
        bool is_news = false;
        const auto& known = entry->votes->bits;
        for (std::size_t i = 0; i < fresh.size(); ++i)
        {
            fresh[i] &= ~known[i];
            is_news = is_news || fresh[i] != 0;
        }
        if (!is_news)
        {
            if (covers(votes->bits, known))
                entry->known_by |= sender;
            return;
        }
        if (covers(votes->bits, known))
            entry->votes = votes;
        else
        {
            auto both = std::make_shared<Aggregate>(*entry->votes);
            for (std::size_t i = 0; i < fresh.size(); ++i)
                both->bits[i] |= fresh[i];
            entry->votes = std::move(both);
        }
        entry->known_by = 0;
    }
    if (entry->votes->bits == votes->bits)
        entry->known_by |= sender;
    const auto current = entry->votes;
    if (how == Heard::by_gossip)
    {
        entry->is_news = true;
        if (!is_flush_set_)
        {
            is_flush_set_ = true;
            port.context.wake_after(VirtualTime{world_->options.gossip_batch_ms} * one_millisecond,
                {GasperTimer::Kind::gossip, side_, slot});
        }
    }
    find_double_votes(port, *votes, fresh);
    unapplied_.push_back(current);
}

void GasperView::apply_votes()
{
    std::erase_if(unapplied_,
        [&](const AggregatePtr& votes)
        {
            // Those of this slot count from the next one on.
            if (votes->data.slot >= store_.now() || store_.find(votes->data.block) == nullptr)
                return false;
            store_.add_votes(*votes);
            return true;
        });
}

// ---- View: evidence ----

GasperView::VotersOfEpoch& GasperView::voters_of(Epoch target)
{
    auto& voters = voters_[target % voters_.size()];
    if (voters.target != target)
    {
        voters.target = target;
        voters.by_source.clear();
    }
    return voters;
}

void GasperView::find_double_votes(
    Port port, const Aggregate& votes, std::span<const std::uint64_t> fresh)
{
    const auto& data = votes.data;
    auto& same_target = voters_of(data.target.epoch);
    // Usually no vote surrounds another, so this list is empty.
    std::vector<std::pair<Epoch, const Voters*>> nested;
    for (const auto& epoch : voters_)
    {
        for (const auto& voters : epoch.by_source)
        {
            if ((voters.source < data.source.epoch && data.target.epoch < epoch.target) ||
                (data.source.epoch < voters.source && epoch.target < data.target.epoch))
                nested.emplace_back(epoch.target, &voters);
        }
    }
    const auto members = votes.committee();
    const auto each_fresh = [&](const auto& use)
    {
        for (std::size_t word = 0; word < fresh.size(); ++word)
        {
            for (auto rest = fresh[word]; rest != 0; rest &= rest - 1)
                use(members[word * 64 + static_cast<std::size_t>(__builtin_ctzll(rest))]);
        }
    };
    each_fresh(
        [&](ValidatorId validator)
        {
            const bool voted =
                std::any_of(same_target.by_source.begin(), same_target.by_source.end(),
                    [&](const Voters& voters) { return has_voter(voters.bits, validator); });
            if (voted)
            {
                for (const auto& slot : pool_)
                {
                    for (const auto& entry : slot.entries)
                    {
                        const auto& other = *entry.votes;
                        if (slashable_pair(other.data, data) == EvidenceKind::double_vote &&
                            other.has_validator(validator, world_->options.slots_per_epoch))
                            accuse(port, EvidenceKind::double_vote, validator, data.slot,
                                other.data.block, data.block);
                    }
                }
            }
            for (const auto& [target, voters] : nested)
            {
                if (has_voter(voters->bits, validator))
                    accuse(port, EvidenceKind::surround_vote, validator, data.slot, data.block,
                        data.target.block);
            }
        });
    auto known = std::find_if(same_target.by_source.begin(), same_target.by_source.end(),
        [&](const Voters& voters) { return voters.source == data.source.epoch; });
    if (known == same_target.by_source.end())
    {
        known = same_target.by_source.insert(known,
            Voters{data.source.epoch, VoterBits(words_for_voters(world_->options.validators))});
    }
    each_fresh([&](ValidatorId validator) { add_voter(known->bits, validator); });
}

void GasperView::find_double_votes_in_blocks(Port port, const Aggregate& votes)
{
    const auto& data = votes.data;
    auto& same_target = voters_[data.target.epoch % voters_.size()];
    if (same_target.target != data.target.epoch)
        return;
    const auto others = votes_in_blocks_.find(data.target.epoch);
    votes.for_each(
        [&](ValidatorId validator)
        {
            const bool voted =
                std::any_of(same_target.by_source.begin(), same_target.by_source.end(),
                    [&](const Voters& voters) { return has_voter(voters.bits, validator); });
            if (!voted || accused_[validator] || others == votes_in_blocks_.end())
                return;
            for (const auto& other : others->second)
            {
                if (slashable_pair(other->data, data) &&
                    other->has_validator(validator, world_->options.slots_per_epoch))
                    accuse(port, EvidenceKind::double_vote, validator, data.slot, other->data.block,
                        data.block);
            }
        });
}

void GasperView::accuse(Port port, EvidenceKind kind, ValidatorId validator, Slot slot,
    NetworkBlockId first, NetworkBlockId second)
{
    if (accused_[validator])
        return;
    accused_[validator] = true;
    proofs_.push_back({kind, validator, port.context.now(), slot, first, second});
    if (voids_votes(kind))
        store_.ignore(validator);
}

void GasperView::find_double_proposal(Port port, const BeaconBlock& block)
{
    const auto& entries = store_.entries();
    // The newest stand last; a slot's are not far apart.
    const auto horizon = std::size_t{2} * world_->options.slots_per_epoch;
    for (auto i = entries.size(); i > 0 && entries.size() - i < horizon; --i)
    {
        const auto& other = *entries[i - 1].block;
        if (other.slot == block.slot && other.proposer == block.proposer &&
            other.header.id != block.header.id && other.slot > 0)
            accuse(port, EvidenceKind::double_proposal, block.proposer, block.slot, other.header.id,
                block.header.id);
    }
}

// ---- View: blocks ----

bool GasperView::is_refused(Port port, const BeaconBlock& block)
{
    if (invalid_.contains(block.header.id))
        return true;
    if (invalid_.contains(block.header.parent))
    {
        invalid_.insert(block.header.id);
        return true;
    }
    if (block.header.flaw == BlockFlaw::none)
        return false;
    const auto* group = world_->group_of[self_];
    if (group != nullptr && group->strategy == GasperStrategy::invalid_block)
        return false;
    const bool looks =
        self_ == world_->reference ||
        RandomStream{world_->seed, stream_validation, self_, block.header.id}.bernoulli(
            world_->options.validation_probability);
    if (!looks)
        return false;
    invalid_.insert(block.header.id);
    if (world_->options.slashes_invalid_blocks)
    {
        accuse(port, EvidenceKind::invalid_block, block.proposer, block.slot, block.header.id,
            block.header.id);
    }
    if (world_->options.fraud_proofs)
    {
        auto packet = std::make_shared<GasperPacket>();
        packet->about = block.header.id;
        gossip(port, GasperMessageKind::fraud_proof, packet, fraud_proof_bytes, std::nullopt);
    }
    return true;
}

void GasperView::hear_fraud_proof(Port port, NodeId from, NetworkBlockId id)
{
    const auto* group = world_->group_of[self_];
    // The reference node looks for itself: it puts the block on record when it has it.
    if (self_ == world_->reference ||
        (group != nullptr && group->strategy == GasperStrategy::invalid_block))
        return;
    if (!invalid_.insert(id).second)
        return;
    store_.invalidate(id);
    auto packet = std::make_shared<GasperPacket>();
    packet->about = id;
    gossip(port, GasperMessageKind::fraud_proof, packet, fraud_proof_bytes, from);
    look_at_head(port);
}

void GasperView::refuse(Port port, const BlockPtr& block)
{
    if (self_ == world_->reference)
        port.context.record({GasperRecord::Kind::invalid, block, nullptr, {}, {}});
}

void GasperView::take_block(Port port, NodeId from, const SharedBlock& shared, bool is_new)
{
    const auto& block = *shared.block;
    const auto id = block.header.id;
    if (store_.find(id) != nullptr || invalid_.contains(id))
        return;
    if (block.slot > store_.now())
    {
        early_.emplace_back(from, shared);
        return;
    }
    if (is_refused(port, block))
    {
        refuse(port, shared.block);
        return;
    }
    const auto final_slot = store_.entries().front().block->slot;
    if (block.slot <= final_slot)
        return;
    if (store_.find(block.header.parent) == nullptr)
    {
        if (block.parent->slot <= final_slot || foreign_.contains(block.header.parent))
        {
            shut_out(id);
            return;
        }
        if (!is_new)
            return;  // Of an answer that does not join on to what is here.
        auto& waiting = orphans_[block.header.parent];
        if (std::any_of(waiting.begin(), waiting.end(),
                [&](const auto& other) { return other.second.block == shared.block; }))
            return;
        waiting.emplace_back(from, shared);
        request(port, from, block.header.parent, std::nullopt);
        return;
    }
    accept(port, shared, is_new ? std::optional{from} : std::optional{self_});
}

void GasperView::accept(Port port, const SharedBlock& shared, std::optional<NodeId> gossip_except)
{
    // A list of what to do, not a call within a call: a chain of orphans may be long.
    std::vector<std::pair<std::optional<NodeId>, SharedBlock>> todo{{gossip_except, shared}};
    for (std::size_t i = 0; i < todo.size(); ++i)
    {
        const auto [except, one] = todo[i];
        const auto& block = *one.block;
        const auto* parent = store_.find(block.header.parent);
        if (parent == nullptr || store_.find(block.header.id) != nullptr)
            continue;
        if (i > 0 && is_refused(port, block))
        {
            refuse(port, one.block);
            continue;
        }
        auto state = one.state;
        if (!state)
            state = std::make_shared<const BeaconState>(
                execute_block(world_->options, world_->seed, *parent->state, block));
        if (state->duties->proposer(block.slot) != block.proposer ||
            is_slashed_in(*parent->state, block.proposer))
            continue;
        find_double_proposal(port, block);
        const auto late = port.context.local_time() - slot_start(block.slot);
        const bool is_timely = block.slot == store_.now() && late < part_of_slot(1);
        store_.add_block(one.block, state, is_timely);
        if (store_.find(block.header.id) == nullptr)
            continue;  // What it brought to light made another block final.
        if (self_ == world_->reference)
            port.context.record({GasperRecord::Kind::heard, one.block, state, {}, {}});
        for (const auto& votes : block.votes)
        {
            take_votes(port, votes, Heard::in_block, std::nullopt);
            votes_in_blocks_[votes->data.target.epoch].push_back(votes);
        }
        for (const auto& proof : block.slashings)
        {
            accused_[proof.validator] = true;
            if (voids_votes(proof.kind))
                store_.ignore(proof.validator);
        }
        if (except != self_)
        {
            auto packet = std::make_shared<GasperPacket>();
            packet->blocks.push_back({one.block, state});
            gossip(port, GasperMessageKind::blocks, packet, world_->options.block_bytes, except);
        }
        if (const auto waiting = orphans_.find(block.header.id); waiting != orphans_.end())
        {
            for (const auto& [from, orphan] : waiting->second)
                todo.emplace_back(from, orphan);
            orphans_.erase(waiting);
        }
    }
    look_at_head(port);
}

void GasperView::shut_out(NetworkBlockId id)
{
    std::vector<NetworkBlockId> todo{id};
    while (!todo.empty())
    {
        const auto next = todo.back();
        todo.pop_back();
        foreign_.insert(next);
        if (const auto waiting = orphans_.find(next); waiting != orphans_.end())
        {
            for (const auto& [from, orphan] : waiting->second)
                todo.push_back(orphan.block->header.id);
            orphans_.erase(waiting);
        }
    }
}

void GasperView::request(
    Port port, NodeId from, NetworkBlockId id, std::optional<NetworkBlockId> newest)
{
    const auto now = store_.now();
    const auto asked = asked_.find(id);
    if (asked != asked_.end() && asked->second + 1 >= now && !newest)
        return;
    asked_[id] = now;
    auto packet = std::make_shared<GasperPacket>();
    packet->about = id;
    // Its own chain: the newest blocks, then ever larger steps, then the final one.
    std::size_t step = 1;
    apply_votes();
    const auto& entries = store_.entries();
    auto place = static_cast<std::int64_t>(&store_.head() - entries.data());
    while (place >= 0)
    {
        packet->have.push_back(entries[static_cast<std::size_t>(place)].block->header.id);
        if (packet->have.size() > 16)
            step *= 2;
        for (std::size_t i = 0; i < step && place >= 0; ++i)
            place = entries[static_cast<std::size_t>(place)].parent;
    }
    packet->have.push_back(entries.front().block->header.id);
    if (newest)
        packet->have.push_back(*newest);
    std::sort(packet->have.begin(), packet->have.end());
    send(port, from, GasperMessageKind::request, packet, request_bytes);
}

void GasperView::answer(Port port, NodeId from, const GasperPacket& asked)
{
    const auto* entry = store_.find(asked.about);
    if (entry == nullptr)
        return;
    std::vector<SharedBlock> chain;
    for (auto block = entry->block; block->slot > 0; block = block->parent)
    {
        if (std::binary_search(asked.have.begin(), asked.have.end(), block->header.id))
            break;
        const auto* known = store_.find(block->header.id);
        chain.push_back({block, known != nullptr ? known->state : nullptr});
    }
    std::reverse(chain.begin(), chain.end());
    if (chain.size() > blocks_per_range)
        chain.resize(blocks_per_range);
    auto packet = std::make_shared<GasperPacket>();
    const auto bytes = chain.size() * world_->options.block_bytes;
    packet->blocks = std::move(chain);
    packet->about = asked.about;
    send(port, from, GasperMessageKind::range, packet,
        static_cast<std::uint32_t>(std::min<std::size_t>(bytes, 0xFFFF'FFFFU)));
}

void GasperView::look_at_head(Port port)
{
    if (self_ != world_->reference)
        return;
    apply_votes();
    const auto& head = store_.head();
    const auto id = head.block->header.id;
    if (id == recorded_head_ && store_.finalized() == recorded_finalized_)
        return;
    recorded_head_ = id;
    recorded_finalized_ = store_.finalized();
    port.context.record(
        {GasperRecord::Kind::head, head.block, head.state, store_.justified(), store_.finalized()});
}

// ---- View: messages ----

void GasperView::gossip(Port port, GasperMessageKind kind,
    std::shared_ptr<const GasperPacket> packet, std::uint32_t bytes, std::optional<NodeId> except)
{
    if (side_ == 0 &&
        world_->strategy_of(self_, port.context.now()) != GasperStrategy::equivocating)
    {
        port.context.gossip({kind, side_, std::move(packet)}, bytes, except);
        return;
    }
    for (const auto peer : port.context.peers())
    {
        if (peer != except)
            send(port, peer, kind, packet, bytes);
    }
}

void GasperView::send(Port port, NodeId to, GasperMessageKind kind,
    std::shared_ptr<const GasperPacket> packet, std::uint32_t bytes)
{
    const auto now = port.context.now();
    // An equivocator's face shows itself to its half of the network only; another equivocator
    // lives in both.
    const bool has_two_faces = world_->strategy_of(self_, now) == GasperStrategy::equivocating;
    if (has_two_faces ? world_->strategy_of(to, now) != GasperStrategy::equivocating &&
                            world_->side_of(to, now) != side_
                      : side_ != 0)
        return;
    port.context.send(to, {kind, side_, std::move(packet)}, bytes);
}

void GasperView::receive(Port port, NodeId from, const GasperMessage& message)
{
    const auto& packet = *message.packet;
    switch (message.kind)
    {
        case GasperMessageKind::blocks:
            for (const auto& shared : packet.blocks)
                take_block(port, from, shared, true);
            return;
        case GasperMessageKind::range:
            for (const auto& shared : packet.blocks)
                take_block(port, from, shared, false);
            if (packet.blocks.size() == blocks_per_range)
            {
                // There is more, between these and what was asked for.
                const auto newest = packet.blocks.back().block->header.id;
                if (store_.find(newest) != nullptr && packet.about != newest)
                    request(port, from, packet.about, newest);
            }
            return;
        case GasperMessageKind::votes:
            for (const auto& votes : packet.votes)
                take_votes(port, votes, Heard::by_gossip, from);
            return;
        case GasperMessageKind::attestation:
        case GasperMessageKind::secret_votes:
            for (const auto& votes : packet.votes)
                take_votes(port, votes, Heard::privately, std::nullopt);
            return;
        case GasperMessageKind::request: answer(port, from, packet); return;
        case GasperMessageKind::fraud_proof: hear_fraud_proof(port, from, packet.about); return;
        case GasperMessageKind::secret_block:
            secret_ = packet.blocks.front();
            take_block(port, self_, secret_, false);
            return;
    }
}

// ---- Node ----

GasperNode::GasperNode(const GasperWorld& world, NodeId self) : world_{&world}, self_{self}
{
    views_.emplace_back(world, self, std::uint8_t{0});
    const auto* group = world.group_of[self];
    if (group != nullptr && group->strategy == GasperStrategy::equivocating)
        views_.emplace_back(world, self, std::uint8_t{1});
}

NetworkBlockId GasperNode::next_block_id()
{
    return network_block_id(self_, ++blocks_made_);
}

bool GasperNode::has_two_faces(VirtualTime now) const
{
    return world_->strategy_of(self_, now) == GasperStrategy::equivocating;
}

Slot GasperNode::wait_for_next_slot(Context& context)
{
    const auto length = VirtualTime{world_->options.slot_seconds} * one_second;
    const auto slot = context.local_time() / length + 1;
    context.wake_at_local(slot * length, {GasperTimer::Kind::slot, 0, static_cast<Slot>(slot)});
    return static_cast<Slot>(slot);
}

void GasperNode::start(Context& context)
{
    // Nobody makes a block in slot 0, but some vote for the one that is given.
    context.wake_at_local(0, {GasperTimer::Kind::slot, 0, 0});
}

bool GasperNode::may_sign(ValidatorId validator, const AttestationData& data)
{
    const auto [known, is_first] =
        signed_.try_emplace(validator, Signed{data.source.epoch, data.target.epoch});
    if (is_first)
        return true;
    auto& last = known->second;
    if (data.source.epoch < last.source || data.target.epoch <= last.target)
        return false;
    last = {data.source.epoch, data.target.epoch};
    return true;
}

void GasperNode::restart(Context& context, bool keeps_memory)
{
    if (!keeps_memory)
    {
        for (std::uint8_t side = 0; side < views_.size(); ++side)
            views_[side] = GasperView{*world_, self_, side};
    }
    first_slot_ = wait_for_next_slot(context);
}

void GasperNode::receive(Context& context, NodeId from, const Message& message)
{
    const auto now = context.now();
    if (world_->strategy_of(self_, now) == GasperStrategy::offline)
        return;
    if (!has_two_faces(now))
    {
        for (auto& view : views_)
            view.receive({context, *this}, from, message);
        return;
    }
    const auto side = world_->strategy_of(from, now) == GasperStrategy::equivocating
                          ? message.side
                          : world_->side_of(from, now);
    views_[side].receive({context, *this}, from, message);
}

void GasperNode::wake(Context& context, const Timer& timer)
{
    GasperView::Port port{context, *this};
    switch (timer.kind)
    {
        case GasperTimer::Kind::slot: {
            const auto length = VirtualTime{world_->options.slot_seconds} * one_second;
            context.wake_at_local(static_cast<VirtualTime>(timer.slot + 1) * length,
                {GasperTimer::Kind::slot, 0, timer.slot + 1});
            for (auto& view : views_)
                view.on_slot(port, timer.slot, timer.slot == first_slot_);
            return;
        }
        case GasperTimer::Kind::attest: views_[timer.side].attest(port, timer.slot); return;
        case GasperTimer::Kind::aggregate: views_[timer.side].aggregate(port, timer.slot); return;
        case GasperTimer::Kind::gossip: views_[timer.side].flush_gossip(port); return;
        case GasperTimer::Kind::release: views_[timer.side].release_secret(port); return;
    }
}

}  // namespace runnel
