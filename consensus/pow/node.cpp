#include "consensus/pow/node.hpp"

#include "consensus/pow/private_branch.hpp"
#include "consensus/pow/puzzle.hpp"
#include "ledger/check.hpp"
#include "ledger/portable_math.hpp"

#include <algorithm>
#include <cmath>

namespace runnel
{
namespace
{
constexpr std::uint64_t stream_puzzles = 0x706f772e70757a7a;  // "pow.puzz"
constexpr std::uint32_t inventory_bytes = 61;
constexpr std::uint32_t get_bytes = 61;
constexpr std::size_t recent_max = 512;

using Kind = PowNode::Message::Kind;
using Recorded = PowNode::Record::Kind;
using TimerKind = PowNode::Timer::Kind;
}  // namespace

// ---- Events ----

void PowNode::start(Context& context)
{
    public_ = &world_->genesis;
    group_ = world_->group_of(context.self());
    keep_hours(context);
}

void PowNode::restart(Context& context, bool keeps_memory)
{
    // It has not mined since it went down.
    auto down_since = context.now();
    for (const auto& outage : world_->outages)
    {
        if (outage.node == context.self() && outage.until == context.now())
            down_since = std::min(down_since, outage.from);
    }
    count_hashes(std::max(down_since, mining_since_));
    is_mining_ = false;
    ++restarts_;
    requests_.clear();
    orphans_.clear();
    secret_ = nullptr;
    published_ = nullptr;
    is_attempting_ = false;
    if (!keeps_memory)
    {
        known_.clear();
        recent_.clear();
        forgotten_below_ = 0;
        set_head(context, &world_->genesis);
    }
    public_ = head_;
    tip_ = nullptr;
    keep_hours(context);
    context.gossip({Kind::hello, 0, head_, nullptr}, inventory_bytes);
}

void PowNode::receive(Context& context, NodeId from, const Message& message)
{
    switch (message.kind)
    {
        case Kind::hello:
            if (head_->work > message.block->work)
                context.send(from, {Kind::inventory, 0, head_, nullptr}, inventory_bytes);
            else
                on_inventory(context, from, message.block);
            return;
        case Kind::inventory: on_inventory(context, from, message.block); return;
        case Kind::get: send_blocks(context, from, message.block, message.have); return;
        case Kind::block: on_block(context, from, message.block); return;
        case Kind::compact: on_compact(context, from, message.block); return;
        case Kind::get_rest:
            context.send(from, {Kind::block, 0, message.block, nullptr}, message.bytes);
            return;
    }
}

void PowNode::wake(Context& context, const Timer& timer)
{
    switch (timer.kind)
    {
        case TimerKind::found:
            if (timer.round == round_)
                on_found(context);
            return;
        case TimerKind::retried:
            if (timer.round == round_)
                try_nonces(context);
            return;
        case TimerKind::hours: keep_hours(context); return;
        case TimerKind::request: on_no_answer(context, timer.block); return;
    }
}

// ---- Relay ----

bool PowNode::knows(const PowBlock* block) const
{
    if (block->parent == nullptr || known_.contains(block->block.id))
        return true;
    return block->height() < forgotten_below_ && block->height() <= head_->height() &&
           ancestor_at(head_, block->height()) == block;
}

void PowNode::remember(const PowBlock* block)
{
    known_.insert(block->block.id);
    recent_.push_back(block);
    if (recent_.size() <= recent_max)
        return;
    forgotten_below_ = std::max(forgotten_below_, recent_.front()->height() + 1);
    known_.erase(recent_.front()->block.id);
    recent_.pop_front();
}

PowNode::Request* PowNode::request_for(const PowBlock* block)
{
    const auto found = std::find_if(requests_.begin(), requests_.end(),
        [block](const Request& request) { return request.block == block; });
    return found == requests_.end() ? nullptr : &*found;
}

void PowNode::on_inventory(Context& context, NodeId from, const PowBlock* block)
{
    on_public(context, block);
    if (knows(block))
        return;
    if (auto* asked = request_for(block))
    {
        asked->others.push_back(from);
        return;
    }
    // As Bitcoin's nodes do: not what is lighter than what they have.
    if (block->work >= head_->work)
        request(context, from, block);
}

void PowNode::request(Context& context, NodeId from, const PowBlock* block)
{
    requests_.push_back({block, from, {}});
    ask(context, requests_.back());
}

void PowNode::ask(Context& context, const Request& request)
{
    const auto* have = request.block->parent;
    while (!knows(have) && request_for(have) == nullptr)
        have = have->parent;
    context.send(request.asked, {Kind::get, 0, request.block, have}, get_bytes);
    context.wake_after(world_->options.request_timeout, {TimerKind::request, 0, request.block});
}

void PowNode::on_no_answer(Context& context, const PowBlock* block)
{
    auto* asked = request_for(block);
    if (asked == nullptr)
        return;
    if (block->work < head_->work)
    {
        requests_.erase(requests_.begin() + (asked - requests_.data()));
        return;
    }
    if (!asked->others.empty())
    {
        asked->asked = asked->others.front();
        asked->others.erase(asked->others.begin());
    }
    const auto again = *asked;
    ask(context, again);
}

void PowNode::send_blocks(Context& context, NodeId to, const PowBlock* block, const PowBlock* have)
{
    // Who was asked may have lost it meanwhile.
    if (!knows(block) && block->block.maker != context.self())
        return;
    std::vector<const PowBlock*> missing;
    const auto* common = common_ancestor(block, have);
    for (const auto* one = block; one != common; one = one->parent)
        missing.push_back(one);
    const auto& options = world_->options;
    const bool both_compact = options.relay == BlockRelay::compact &&
                              world_->profiles[context.self()].knows_compact &&
                              world_->profiles[to].knows_compact;
    for (auto one = missing.rbegin(); one != missing.rend(); ++one)
    {
        // Only of the newest block a peer can know the transactions.
        if (*one == block && both_compact)
            context.send(to, {Kind::compact, 0, *one, nullptr}, options.compact_bytes);
        else
            context.send(to, {Kind::block, 0, *one, nullptr}, options.block_bytes);
    }
}

void PowNode::on_compact(Context& context, NodeId from, const PowBlock* block)
{
    const auto& options = world_->options;
    const bool comes_and_goes = world_->profiles[context.self()].comes_and_goes;
    auto random = context.random();
    if (!random.bernoulli(comes_and_goes ? options.churn_failure : options.compact_failure))
    {
        on_block(context, from, block);
        return;
    }
    // A hundredth of the block is missing; of those who come and go in two cases of five up to all
    // of it, evenly in the logarithm: near to what SimBlock lists.
    constexpr double least = 0.01;
    constexpr double more_often = 0.4;
    auto missing = least;
    if (comes_and_goes && random.bernoulli(more_often))
        missing = least * portable_pow(1 / least, random.uniform_double());
    const auto bytes = static_cast<std::uint32_t>(missing * options.block_bytes) + 1;
    context.send(from, {Kind::get_rest, bytes, block, nullptr}, get_bytes);
}

void PowNode::on_block(Context& context, NodeId from, const PowBlock* block)
{
    if (auto* asked = request_for(block))
        requests_.erase(requests_.begin() + (asked - requests_.data()));
    on_public(context, block);
    if (knows(block))
        return;
    if (!knows(block->parent))
    {
        const bool is_waiting = std::any_of(orphans_.begin(), orphans_.end(),
            [block](const Orphan& orphan) { return orphan.block == block; });
        if (!is_waiting)
            orphans_.push_back({block, from});
        if (request_for(block->parent) == nullptr)
            request(context, from, block->parent);
        return;
    }
    take(context, from, block);
    // Those who waited for it, and for them.
    for (std::size_t i = 0; i < orphans_.size();)
    {
        if (!knows(orphans_[i].block->parent))
        {
            ++i;
            continue;
        }
        const auto orphan = orphans_[i];
        orphans_.erase(orphans_.begin() + static_cast<std::ptrdiff_t>(i));
        if (!knows(orphan.block))
            take(context, orphan.from, orphan.block);
        i = 0;
    }
}

void PowNode::take(Context& context, NodeId from, const PowBlock* block)
{
    remember(block);
    if (!block->block.is_withheld)
        delays_.add(context.now() - block->block.made_at);
    if (is_preferred(*block, *head_) && may_adopt(*block))
    {
        set_head(context, block);
        // Nobody helps a block that competes with one of its own.
        if (secret_ == nullptr)
            tell(context, block, from);
        mine(context);
    }
    else if (context.self() == world_->reference)
        context.record({Recorded::side, block});
}

void PowNode::tell(Context& context, const PowBlock* block, std::optional<NodeId> except)
{
    const auto all = [&](std::span<const NodeId> peers)
    {
        for (const auto peer : peers)
        {
            if (peer != except)
                tell_peer(context, peer, block);
        }
    };
    all(context.peers());
    all(world_->profiles[context.self()].further_peers);
}

void PowNode::tell_peer(Context& context, NodeId peer, const PowBlock* block)
{
    if (world_->options.relay == BlockRelay::push)
        context.send(peer, {Kind::block, 0, block, nullptr}, world_->options.block_bytes);
    else
        context.send(peer, {Kind::inventory, 0, block, nullptr}, inventory_bytes);
}

bool PowNode::may_adopt(const PowBlock& block) const
{
    const auto limit = world_->options.final_after;
    return limit == 0 || head_->height() - common_ancestor(&block, head_)->height() <= limit;
}

void PowNode::set_head(Context& context, const PowBlock* block)
{
    head_ = block;
    if (secret_ != nullptr && head_->work > secret_->work && !is_attempting_)
    {
        secret_ = nullptr;
        published_ = nullptr;
    }
    if (context.self() == world_->reference)
        context.record({Recorded::head, block});
}

// ---- Mining ----

const PowBlock* PowNode::mining_tip() const noexcept
{
    if (secret_ != nullptr)
        return secret_;
    return is_attempting_ ? fork_ : head_;
}

void PowNode::count_hashes(VirtualTime until) noexcept
{
    if (is_mining_)
        hashes_ += hash_rate_ * static_cast<double>(until - mining_since_) / one_second;
    mining_since_ = until;
}

void PowNode::keep_hours(Context& context)
{
    hash_rate_ = world_->profiles[context.self()].hash_rate;
    if (group_ == nullptr || !(hash_rate_ > 0))
        return;
    const auto now = context.now();
    const bool has_end = group_->mines_until != 0;
    const bool is_over = has_end && now >= group_->mines_until;
    count_hashes(now);
    is_mining_ = now >= group_->mines_from && !is_over;
    if (now < group_->mines_from)
        context.wake_after(group_->mines_from - now, {TimerKind::hours, 0, nullptr});
    else if (is_mining_ && has_end)
        context.wake_after(group_->mines_until - now, {TimerKind::hours, 0, nullptr});
    if (!is_mining_)
    {
        ++round_;
        return;
    }
    tip_ = nullptr;
    mine(context);
}

void PowNode::mine(Context& context)
{
    if (!is_mining_)
        return;
    // From the best block of all; it may still be on its way.
    if (group_->strategy == MinerStrategy::double_spend && !group_->premines && !is_attempting_ &&
        head_->work >= public_->work)
        begin_attempt(context, head_);
    if (mining_tip() != tip_)
        mine_on(context, mining_tip());
}

void PowNode::mine_on(Context& context, const PowBlock* tip)
{
    tip_ = tip;
    ++round_;
    if (world_->tracks_tips)
        context.record({Recorded::mines, tip});
    if (world_->options.puzzle == PuzzleKind::real)
        try_nonces(context);
    else
        set_timer_for_draw(context);
}

void PowNode::set_timer_for_draw(Context& context)
{
    // A function of the miner and of what it mines on: a race has no memory. After an outage it
    // mines on the same block again, and has to draw anew.
    RandomStream random{world_->seed, stream_puzzles, context.self(), tip_->block.id};
    for (std::uint64_t i = 0; i < restarts_; ++i)
        random.next_uint64();
    auto left = random.exponential(1);  // Of the difficulty, in units of it.
    auto at = std::max(context.local_time(), tip_->block.stated_at + 1);
    double seconds = 0;
    // Some rules lower the difficulty as time goes by.
    for (;;)
    {
        const auto difficulty = world_->rule.next(*tip_, at).exact.to_double();
        const auto change = world_->rule.changes_at(*tip_, at);
        const auto needed = left * difficulty / hash_rate_;
        const auto span = static_cast<double>(change - at) / one_second;
        if (change == never_in_virtual_time || needed <= span)
        {
            seconds += needed;
            break;
        }
        seconds += span;
        left -= span * hash_rate_ / difficulty;
        at = change;
    }
    constexpr double never = 1e12;  // 30,000 years.
    if (seconds < never)
    {
        context.wake_after(static_cast<VirtualTime>(std::floor(seconds * one_second)) + 1,
            {TimerKind::found, round_, nullptr});
    }
}

void PowNode::try_nonces(Context& context)
{
    // A header is tried for an eighth of the interval; then its time is put right.
    constexpr double headers_per_interval = 8;
    const auto interval = static_cast<double>(world_->options.block_interval) / one_second;
    const auto tries = std::max(1.0, std::floor(hash_rate_ * interval / headers_per_interval));
    candidate_ = PowBlock{};
    auto& header = candidate_.block;
    header.maker = context.self();
    header.id = network_block_id(context.self(), static_cast<std::uint32_t>(made_->size() + 1));
    header.height = tip_->height() + 1;
    header.stated_at = std::max(context.local_time(), tip_->block.stated_at + 1);
    world_->rule.complete(candidate_, *tip_);
    const auto nonce = solve(header_of(header, tip_->seal), static_cast<std::uint64_t>(tries));
    header.nonce = nonce.value_or(0);
    const auto tried = nonce ? static_cast<double>(*nonce + 1) : tries;
    context.wake_after(static_cast<VirtualTime>(std::ceil(tried / hash_rate_ * one_second)),
        {nonce ? TimerKind::found : TimerKind::retried, round_, nullptr});
}

void PowNode::on_found(Context& context)
{
    auto& block = made_->emplace_back(candidate_);
    auto& header = block.block;
    if (world_->options.puzzle == PuzzleKind::drawn)
    {
        header.maker = context.self();
        header.id = network_block_id(context.self(), static_cast<std::uint32_t>(made_->size()));
        header.height = tip_->height() + 1;
        header.stated_at = std::max(context.local_time(), tip_->block.stated_at + 1);
        world_->rule.complete(block, *tip_);
    }
    else
        block.seal = seal_of(header_of(header, tip_->seal), header.nonce);
    header.made_at = context.now();
    header.true_time = header.made_at;
    const bool is_race = secret_ != nullptr && published_ == secret_;
    header.is_withheld = keeps_secret() && !is_race;
    remember(&block);
    context.record({Recorded::made, &block});
    if (header.is_withheld)
    {
        const bool spends_twice = group_->strategy == MinerStrategy::double_spend;
        if (spends_twice && !is_attempting_)
            begin_attempt(context, block.parent);
        if (secret_ == nullptr)
            root_ = block.parent;
        secret_ = &block;
        if (spends_twice)
            look_at_attempt(context);
    }
    else
    {
        secret_ = nullptr;
        published_ = nullptr;
        public_ = &block;
        set_head(context, &block);
        tell(context, &block, std::nullopt);
    }
    mine(context);
}

// ---- What miners do with their blocks ----

bool PowNode::keeps_secret() const noexcept
{
    return group_ != nullptr && (group_->strategy == MinerStrategy::selfish ||
                                    group_->strategy == MinerStrategy::double_spend);
}

void PowNode::publish(Context& context, const PowBlock* until)
{
    std::vector<const PowBlock*> branch;
    for (const auto* one = until; one != published_ && one != root_; one = one->parent)
        branch.push_back(one);
    published_ = until;
    if (until->work > public_->work)
        public_ = until;
    // Who is told of the last one asks for what it lacks before it.
    if (world_->options.relay != BlockRelay::push && !branch.empty())
        branch.resize(1);
    for (auto one = branch.rbegin(); one != branch.rend(); ++one)
        tell(context, *one, std::nullopt);
}

void PowNode::on_public(Context& context, const PowBlock* block)
{
    if (!keeps_secret() || block->work <= public_->work)
        return;
    public_ = block;
    if (group_->strategy == MinerStrategy::selfish)
        respond_selfishly(context);
    else
        look_at_attempt(context);
}

void PowNode::respond_selfishly(Context& context)
{
    if (secret_ == nullptr)
        return;
    switch (selfish_move(secret_->height(), public_->height()))
    {
        case SelfishMove::give_up: return;  // When it has got theirs: see set_head().
        case SelfishMove::race:
            context.record({Recorded::race, secret_});
            publish(context, secret_);
            return;
        case SelfishMove::win: {
            const auto* own = secret_;
            publish(context, own);
            secret_ = nullptr;
            published_ = nullptr;
            set_head(context, own);
            mine(context);
            return;
        }
        case SelfishMove::match: publish(context, ancestor_at(secret_, public_->height())); return;
    }
}

void PowNode::begin_attempt(Context& context, const PowBlock* fork)
{
    fork_ = fork;
    is_attempting_ = true;
    secret_ = nullptr;
    published_ = nullptr;
    context.record({Recorded::attempt, fork});
}

void PowNode::look_at_attempt(Context& context)
{
    if (!is_attempting_)
        return;
    const auto own = secret_ == nullptr ? 0 : secret_->height() - fork_->height();
    const auto others =
        public_->height() < fork_->height() ? 0 : public_->height() - fork_->height();
    const auto state =
        double_spend_state(own, others, group_->confirmations, group_->gives_up_behind);
    if (state == DoubleSpendState::racing)
        return;
    const auto* branch = secret_;
    is_attempting_ = false;
    secret_ = nullptr;
    published_ = nullptr;
    if (state == DoubleSpendState::won)
    {
        context.record({Recorded::won, branch});
        publish(context, branch);
        published_ = nullptr;
        set_head(context, branch);
    }
    else
        context.record({Recorded::gave_up, fork_});
    mine(context);
}

}  // namespace runnel
