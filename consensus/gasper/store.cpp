#include "consensus/gasper/store.hpp"

#include "ledger/check.hpp"

#include <algorithm>
#include <utility>

namespace runnel
{

GasperStore::GasperStore(
    const GasperOptions& options, std::uint64_t seed, BlockPtr genesis, StatePtr state)
  : options_{&options},
    seed_{seed},
    latest_(options.validators),
    ignored_(options.validators),
    justified_state_{state}
{
    places_.emplace(genesis->header.id, 0);
    entries_.push_back({std::move(genesis), std::move(state)});
}

std::int32_t GasperStore::place_of(NetworkBlockId id) const
{
    const auto found = places_.find(id);
    return found == places_.end() ? -1 : found->second;
}

const GasperStore::Entry* GasperStore::find(NetworkBlockId id) const
{
    const auto place = place_of(id);
    return place < 0 ? nullptr : &entries_[static_cast<std::size_t>(place)];
}

void GasperStore::on_slot(Slot now)
{
    if (now <= now_)
        return;
    const bool is_new_epoch = now / options_->slots_per_epoch > now_ / options_->slots_per_epoch;
    now_ = now;
    boosted_ = -1;
    if (is_new_epoch)
    {
        update_checkpoints(unrealized_justified_, unrealized_finalized_);
        reset_anchor();
    }
}

void GasperStore::add_block(BlockPtr block, StatePtr state, bool is_timely)
{
    const auto parent = place_of(block->header.parent);
    RUNNEL_CHECK(parent >= 0 && place_of(block->header.id) < 0);
    const auto& above = entries_[static_cast<std::size_t>(parent)];
    const auto place = static_cast<std::int32_t>(entries_.size());
    places_.emplace(block->header.id, place);
    const bool is_below = above.is_below_anchor;
    const bool is_invalid = above.is_invalid;
    const auto epoch = block->slot / options_->slots_per_epoch;
    entries_.push_back({std::move(block), state, parent, is_invalid, is_below});
    if (!is_below)
        reset_anchor();
    if (is_invalid)
        return;
    if (is_timely && boosted_ < 0)
        boosted_ = place;
    const auto raise = [](Checkpoint& known, const Checkpoint& heard)
    {
        if (heard.epoch > known.epoch)
            known = heard;
    };
    raise(unrealized_justified_, state->unrealized.current_justified);
    raise(unrealized_finalized_, state->unrealized.finalized);
    update_checkpoints(state->finality.current_justified, state->finality.finalized);
    if (epoch < now_ / options_->slots_per_epoch)
        update_checkpoints(state->unrealized.current_justified, state->unrealized.finalized);
}

void GasperStore::invalidate(NetworkBlockId id)
{
    const auto place = place_of(id);
    if (place < 0)
        return;
    entries_[static_cast<std::size_t>(place)].is_invalid = true;
    for (auto i = static_cast<std::size_t>(place) + 1; i < entries_.size(); ++i)
    {
        auto& entry = entries_[i];
        if (entry.parent >= 0 && entries_[static_cast<std::size_t>(entry.parent)].is_invalid)
            entry.is_invalid = true;
    }
    reset_anchor();
}

void GasperStore::add_votes(const Aggregate& votes)
{
    const auto place = place_of(votes.data.block);
    RUNNEL_CHECK(place >= 0);
    const auto epoch_after = static_cast<std::uint32_t>(votes.data.target.epoch + 1);
    bool is_news = false;
    votes.for_each(
        [&](ValidatorId validator)
        {
            auto& message = latest_[validator];
            if (epoch_after <= message.epoch_after)
                return;
            message = {epoch_after, place};
            is_news = true;
        });
    if (is_news && !entries_[static_cast<std::size_t>(place)].is_below_anchor)
        reset_anchor();
}

void GasperStore::ignore(ValidatorId validator)
{
    ignored_[validator] = true;
    reset_anchor();
}

void GasperStore::update_checkpoints(const Checkpoint& justified, const Checkpoint& finalized)
{
    if (justified.epoch > justified_.epoch && place_of(justified.block) >= 0)
        set_justified(justified);
    if (finalized.epoch > finalized_.epoch && place_of(finalized.block) >= 0)
    {
        finalized_ = finalized;
        prune();
    }
}

void GasperStore::set_justified(const Checkpoint& justified)
{
    justified_ = justified;
    justified_state_ = checkpoint_state(justified);
    reset_anchor();
}

StatePtr GasperStore::checkpoint_state(const Checkpoint& checkpoint) const
{
    const auto root = place_of(checkpoint.block);
    const auto& entry = entries_[static_cast<std::size_t>(root)];
    const auto start = checkpoint.epoch * options_->slots_per_epoch;
    if (entry.block->slot == start)
        return entry.state;
    // The first block of the epoch has gone through the same end of the epoch before.
    for (auto i = static_cast<std::size_t>(root) + 1; i < entries_.size(); ++i)
    {
        const auto& child = entries_[i];
        if (child.parent == root &&
            child.block->slot / options_->slots_per_epoch == checkpoint.epoch &&
            child.block->slashings.empty())
            return child.state;
    }
    return std::make_shared<const BeaconState>(
        state_at_epoch(*options_, seed_, *entry.state, checkpoint.epoch));
}

void GasperStore::prune()
{
    const auto root = place_of(finalized_.block);
    std::vector<std::int32_t> moved(entries_.size(), -1);
    std::vector<Entry> kept;
    for (auto i = static_cast<std::size_t>(root); i < entries_.size(); ++i)
    {
        auto& entry = entries_[i];
        const auto parent = entry.parent;
        const bool is_root = static_cast<std::int32_t>(i) == root;
        if (!is_root && (parent < root || moved[static_cast<std::size_t>(parent)] < 0))
            continue;
        moved[i] = static_cast<std::int32_t>(kept.size());
        entry.parent = is_root ? -1 : moved[static_cast<std::size_t>(parent)];
        kept.push_back(std::move(entry));
    }
    entries_ = std::move(kept);
    places_.clear();
    for (std::size_t i = 0; i < entries_.size(); ++i)
        places_.emplace(entries_[i].block->header.id, static_cast<std::int32_t>(i));
    for (auto& message : latest_)
        message.block = message.block < 0 ? -1 : moved[static_cast<std::size_t>(message.block)];
    boosted_ = boosted_ < 0 ? -1 : moved[static_cast<std::size_t>(boosted_)];
    if (place_of(justified_.block) < 0)
    {
        // What was justified conflicts with what is final.
        justified_ = finalized_;
        justified_state_ = checkpoint_state(justified_);
    }
    reset_anchor();
}

void GasperStore::reset_anchor()
{
    if (anchor_ == 0)
        return;
    anchor_ = 0;
    for (auto& entry : entries_)
        entry.is_below_anchor = true;
}

void GasperStore::move_anchor(std::size_t head)
{
    // Far enough behind the head that new blocks and votes are below it.
    const auto distance = std::size_t{2} * options_->slots_per_epoch;
    if (head < static_cast<std::size_t>(anchor_) + 2 * distance)
        return;
    auto place = static_cast<std::int32_t>(head);
    const auto slot = entries_[head].block->slot;
    while (
        place > anchor_ && entries_[static_cast<std::size_t>(place)].block->slot + distance > slot)
        place = entries_[static_cast<std::size_t>(place)].parent;
    if (place <= anchor_)
        return;
    anchor_ = place;
    for (std::size_t i = 0; i < entries_.size(); ++i)
    {
        auto& entry = entries_[i];
        entry.is_below_anchor =
            static_cast<std::int32_t>(i) == anchor_ ||
            (entry.parent >= anchor_ &&
                entries_[static_cast<std::size_t>(entry.parent)].is_below_anchor);
    }
}

bool GasperStore::is_viable(const Entry& entry) const
{
    const auto current = now_ / options_->slots_per_epoch;
    const auto& state = *entry.state;
    const auto source = current > entry.block->slot / options_->slots_per_epoch
                            ? state.unrealized.current_justified.epoch
                            : state.finality.current_justified.epoch;
    return justified_.epoch == 0 || source == justified_.epoch || source + 2 >= current;
}

std::size_t GasperStore::head_from(std::size_t root) const
{
    std::vector<GhostBlock> tree(entries_.size() - root);
    const auto offset = static_cast<std::int32_t>(root);
    for (std::size_t i = 0; i < tree.size(); ++i)
    {
        const auto& entry = entries_[root + i];
        auto& block = tree[i];
        block.id = entry.block->header.id;
        block.is_viable = !entry.is_invalid && is_viable(entry);
        // Blocks beside the root are in no tree.
        block.parent =
            i == 0 || entry.is_invalid || entry.parent < offset ? -1 : entry.parent - offset;
    }
    const auto epoch = justified_state_->epoch(*options_);
    const auto& validators = justified_state_->registry->validators;
    for (std::size_t i = 0; i < latest_.size(); ++i)
    {
        const auto place = latest_[i].block;
        const auto& record = validators[i];
        if (place < offset || ignored_[i] || record.is_slashed() || !record.is_active(epoch))
            continue;
        tree[static_cast<std::size_t>(place - offset)].weight += record.effective_balance;
    }
    if (boosted_ >= offset)
    {
        tree[static_cast<std::size_t>(boosted_ - offset)].weight +=
            proposer_boost(justified_state_->total_active, options_->slots_per_epoch,
                options_->proposer_boost_percent);
    }
    return root + ghost_head(tree, 0);
}

const GasperStore::Entry& GasperStore::head()
{
    const auto justified = static_cast<std::size_t>(place_of(justified_.block));
    const auto anchor = static_cast<std::size_t>(anchor_);
    auto head = head_from(std::max(anchor, justified));
    if (anchor > justified && (head == anchor || !is_viable(entries_[head])))
    {
        reset_anchor();
        head = head_from(justified);
    }
    move_anchor(head);
    return entries_[head];
}

}  // namespace runnel
