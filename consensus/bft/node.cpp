#include "consensus/bft/node.hpp"

#include "ledger/check.hpp"
#include "ledger/philox.hpp"

#include <algorithm>
#include <utility>

namespace runnel
{
namespace
{
constexpr std::uint64_t stream_validation = 0x6266742e76616c69;  // "bft.vali"
constexpr std::uint64_t stream_flaws = 0x6266742e666c6177;       // "bft.flaw"

// Bytes of a message beside votes and transactions: addresses, heights, hashes.
constexpr std::uint32_t envelope_bytes = 64;
constexpr std::uint32_t header_bytes = 600;
constexpr std::uint32_t evidence_bytes = 400;

constexpr VirtualTime answer_wait = one_second;
constexpr VirtualTime late_votes_wait = 5;  // In gossip intervals.
constexpr std::size_t early_max = 8;
constexpr std::size_t evidence_per_block = 64;

bool is_later(std::uint64_t round, BftStep step, std::uint64_t than_round, BftStep than_step)
{
    return round != than_round ? round > than_round
                               : static_cast<int>(step) > static_cast<int>(than_step);
}

std::uint32_t count_voters(const BftVoters& bits) noexcept
{
    std::uint32_t count = 0;
    for (const auto word : bits)
        count += static_cast<std::uint32_t>(std::popcount(word));
    return count;
}

std::uint32_t bytes_of(const BftBlock& block, const BftOptions& options) noexcept
{
    return header_bytes + options.block_bytes +
           options.vote_bytes * count_voters(block.parent_commit.voters) +
           evidence_bytes * static_cast<std::uint32_t>(block.evidence.size());
}

/// The honest hear one or the other: this is which.
std::uint32_t half_of(NodeId node) noexcept
{
    return node % 2;
}
}  // namespace

std::shared_ptr<const BftGenesis> make_bft_genesis(
    const BftOptions& options, std::uint64_t seed, NodeId reference)
{
    auto genesis = std::make_shared<BftGenesis>();
    genesis->options = options;
    genesis->seed = seed;
    genesis->group_of = groups_of_validators(options);
    genesis->state = std::make_shared<const BftChainState>(first_chain_state(options));
    genesis->block = std::make_shared<const BftBlock>();
    genesis->reference = reference;
    return genesis;
}

BftNode::BftNode(std::shared_ptr<const BftGenesis> genesis, NodeId self)
  : genesis_{std::move(genesis)}, self_{self}, strategy_{genesis_->strategy_of(self)}
{
    disk_.head = genesis_->block;
    disk_.state = genesis_->state;
    disk_.commit = std::make_shared<const BftCertificate>();
}

// ---- What the network asks of a node ----

void BftNode::start(Context& context)
{
    if (strategy_ == BftStrategy::offline)
        return;
    context_ = &context;
    // Not all at the same moment.
    auto random = context.random();
    const auto first = random.uniform_below(static_cast<std::uint64_t>(options().status_interval));
    context.wake_after(static_cast<VirtualTime>(first), {TimerKind::status, {}, 0, 0, 0});
    begin_height();
    machine_->start();
    look();
}

void BftNode::receive(Context& context, NodeId from, const Message& message)
{
    if (strategy_ == BftStrategy::offline)
        return;
    context_ = &context;
    std::visit([&](const auto& said) { hear(from, said, message.payload); }, *message.payload);
}

void BftNode::wake(Context& context, const Timer& timer)
{
    context_ = &context;
    switch (timer.kind)
    {
        case TimerKind::timeout:
            if (timer.height != height())
                return;
            machine_->time_out(timer.step, timer.round);
            look();
            return;
        case TimerKind::next_height:
            if (timer.height != height() || machine_->step() != BftStep::new_height)
                return;
            machine_->start();
            look();
            return;
        case TimerKind::flush:
            if (context.now() < flush_due_)
                return;
            flush();
            return;
        case TimerKind::status:
            send_status();
            context.wake_after(options().status_interval, timer);
            return;
        case TimerKind::validated:
            if (auto* value = value_of(timer.block); value != nullptr)
            {
                finish_validation(*value);
                look();
            }
            return;
    }
}

void BftNode::restart(Context& context, bool keeps_memory)
{
    if (strategy_ == BftStrategy::offline)
        return;
    context_ = &context;
    must_flush_ = false;
    flush_due_ = never_in_virtual_time;
    asked_until_ = 0;
    evidence_.clear();
    early_.clear();
    previous_.reset();
    if (!keeps_memory)
    {
        disk_ = {};
        disk_.head = genesis_->block;
        disk_.state = genesis_->state;
        disk_.commit = std::make_shared<const BftCertificate>();
        // It may have signed at any height that was open when it failed, and must not again:
        // it follows without a vote until it stands on a block that was made since.
        abstains_ = true;
        came_back_ = context.local_time();
    }
    if (options().broken.forgets_lock)
    {
        disk_.lock = {};
        disk_.polkas.clear();
    }
    last_commit_ = disk_.commit->voters;
    context.wake_after(one_millisecond, {TimerKind::status, {}, 0, 0, 0});
    begin_height();
    if (disk_.last.height != height())
    {
        machine_->start();
        look();
        return;
    }
    for (const auto& polka : disk_.polkas)
        learn_value(polka.value);
    machine_->resume(disk_.last.round, disk_.last.step, disk_.lock);
    for (const auto& polka : disk_.polkas)
        machine_->add_votes(
            VoteKind::prevote, polka.round, polka.value.block->header.id, polka.voters);
    // What it signed it says again: it may be that nobody heard it.
    for (const auto& vote : disk_.votes)
        add_own_vote(vote.kind, vote.round, vote.block);
    look();
}

// ---- What others say ----

void BftNode::hear(NodeId from, const BftProposal& proposal, const PayloadPointer& payload)
{
    if (proposal.height > height())
    {
        if (proposal.height == height() + 1 && early_.size() < early_max)
            early_.push_back(payload);
        ask_for_blocks(from);
        return;
    }
    if (proposal.height < height())
    {
        if (proposal.height + 1 == height())
            hear_of_previous(proposal);
        return;
    }
    if (!machine_->add_proposal(proposal.proposer, proposal.round, proposal.value.block->header.id,
            proposal.valid_round))
    {
        look();  // If it is of a round far ahead, it tells that somebody is there.
        return;
    }
    learn_value(proposal.value);
    context_->gossip({payload}, bytes_of(*proposal.value.block, options()), from);
    if (attacks(proposal.round))
        vote_twice(proposal.round);
    look();
}

void BftNode::hear(NodeId from, const BftVotes& votes, const PayloadPointer& /*payload*/)
{
    if (votes.height > height())
    {
        ask_for_blocks(from);
        return;
    }
    if (votes.height < height())
    {
        if (votes.height + 1 == height())
            hear_of_previous(votes);
        if (votes.is_status)
            send_blocks(from, votes.height);
        return;
    }
    auto wait = never_in_virtual_time;
    auto has_news = votes.is_status;
    for (const auto& set : votes.sets)
    {
        has_news = has_news || set.round > machine_->round();
        const auto added = machine_->add_votes(set.kind, set.round, set.block, set.voters);
        if (added.fresh != 0)
        {
            // Who is late for a quorum that there is changes nothing any more.
            const auto intervals = added.had_quorum ? late_votes_wait : 1;
            wait = std::min(
                wait, std::max<VirtualTime>(0,
                          flushed_at_ + intervals * options().gossip_interval - context_->now()));
        }
    }
    if (!has_news && wait == never_in_virtual_time)
        return;
    const auto before = height();
    look();
    if (height() != before)
        return;
    if (wait != never_in_virtual_time)
        schedule_flush(wait);
    if (votes.is_status)
        answer_status(from, votes);
}

void BftNode::hear_of_previous(const BftProposal& proposal)
{
    if (!previous_)
        return;
    hears_of_previous_ = true;
    previous_->add_proposal(
        proposal.proposer, proposal.round, proposal.value.block->header.id, proposal.valid_round);
    hears_of_previous_ = false;
}

void BftNode::hear_of_previous(const BftVotes& votes)
{
    const auto& members = disk_.state->sets[0]->members;
    for (const auto& set : votes.sets)
    {
        if (set.kind != VoteKind::precommit || set.block != disk_.commit->block ||
            set.round != disk_.commit->round)
            continue;
        for (std::size_t i = 0; i < members.size(); ++i)
            last_commit_[i] |= set.voters[i] & members[i];
    }
    if (!previous_)
        return;
    hears_of_previous_ = true;
    for (const auto& set : votes.sets)
        previous_->add_votes(set.kind, set.round, set.block, set.voters);
    hears_of_previous_ = false;
}

void BftNode::hear(NodeId from, const BftEvidenceNote& note, const PayloadPointer& /*payload*/)
{
    file_evidence(note.evidence, from);
}

void BftNode::hear(NodeId from, const BftBlockRequest& request, const PayloadPointer& /*payload*/)
{
    send_blocks(from, request.from);
}

void BftNode::hear(NodeId from, const BftDecidedBlocks& decided, const PayloadPointer& /*payload*/)
{
    bool has_adopted = false;
    for (const auto& [block, commit, state] : decided.blocks)
    {
        if (block->header.height != height())
            continue;
        const auto& set = machine_->set();
        auto voters = commit.voters;
        for (std::size_t i = 0; i < voters.size(); ++i)
            voters[i] &= set.members[i];
        if (block->header.parent != disk_.head->header.id || commit.block != block->header.id ||
            commit.height != height() || !machine_->is_quorum(set.power_of(voters)) ||
            (block->header.flaw != BlockFlaw::none && executes(block->header)))
            break;
        auto after = state;
        if (after == nullptr)
        {
            after = std::make_shared<const BftChainState>(
                next_chain_state(options(), genesis_->seed, *disk_.state,
                    {height(), block->header.maker, block->header.made_at,
                        block->parent_commit.voters, &block->evidence}));
        }
        adopt({block, commit, std::move(after)}, {});
        has_adopted = true;
    }
    if (!has_adopted)
        return;
    asked_until_ = 0;
    if (decided.blocks.size() == options().blocks_per_answer)
        ask_for_blocks(from);
    if (machine_->step() == BftStep::new_height)
    {
        machine_->start();
        look();
    }
}

// ---- Heights ----

void BftNode::begin_height()
{
    machine_.emplace(static_cast<TendermintHost&>(*this), disk_.state->next_set(), self_,
        options().broken.quorum, options().future_rounds);
    values_.clear();
    attacked_rounds_.clear();
    for (const auto& payload : std::exchange(early_, {}))
    {
        const auto& proposal = std::get<BftProposal>(*payload);
        if (proposal.height == height())
            hear(self_, proposal, payload);
    }
}

void BftNode::look()
{
    machine_->evaluate();
    // What it has signed leaves before anything that follows from it.
    if (must_flush_ || machine_->decision())
        flush();
    if (machine_->decision())
        decide();
}

void BftNode::decide()
{
    const auto decision = *machine_->decision();
    auto details = details_of_height(decision);
    auto proposed = value_of(decision.block)->proposed;
    const auto* votes = machine_->tally(VoteKind::precommit, decision.round)->of(decision.block);
    BftCertificate commit{height(), decision.round, decision.block, votes->voters};
    adopt({std::move(proposed.block), std::move(commit), std::move(proposed.state)},
        std::move(details));
    context_->wake_at_local(context_->local_time() + options().timeout_commit,
        {TimerKind::next_height, {}, height(), 0, 0});
}

void BftNode::adopt(BftDecidedBlocks::Decided decided, Decided details)
{
    disk_.head = std::move(decided.block);
    disk_.state = std::move(decided.state);
    last_commit_ = decided.commit.voters;
    disk_.commit = std::make_shared<const BftCertificate>(std::move(decided.commit));
    disk_.lock = {};
    disk_.polkas.clear();
    if (abstains_ && disk_.head->header.made_at > came_back_)
        abstains_ = false;
    drop_old_evidence();
    previous_.reset();
    if (machine_->decision())
        previous_.emplace(std::move(*machine_));
    details.block = disk_.head;
    details.commit = disk_.commit;
    if (self_ == genesis_->reference)
        details.state = disk_.state;
    context_->record(std::move(details));
    begin_height();
}

BftNode::Decided BftNode::details_of_height(const Tendermint::Decision& decision)
{
    Decided details;
    if (self_ != genesis_->reference)
        return details;
    for (const auto& value : values_)
    {
        const auto& header = value.proposed.block->header;
        if (header.id == decision.block)
            continue;
        const auto is_invalid =
            value.validity == BlockValidity::invalid && header.flaw != BlockFlaw::none;
        details.refused.push_back(
            {header, is_invalid ? BlockRefusalKind::invalid : BlockRefusalKind::undecided});
    }
    if (!options().reports_all_votes)
        return details;
    for (std::uint64_t round = 0; round < machine_->rounds_known(); ++round)
    {
        for (const auto kind : {VoteKind::prevote, VoteKind::precommit})
        {
            const auto* tally = machine_->tally(kind, round);
            if (tally == nullptr)
                continue;
            for (const auto& votes : tally->blocks)
            {
                const auto decides = kind == VoteKind::precommit && round == decision.round &&
                                     votes.block == decision.block;
                if (!decides && votes.power != 0)
                    details.votes.push_back({kind, height(), round, votes.block, 0, 0,
                        VoterBits(votes.voters.begin(), votes.voters.end())});
            }
        }
    }
    return details;
}

// ---- What Tendermint asks of a node ----

bool BftNode::is_voter() const noexcept
{
    return !abstains_ && machine_->set().has(self_);
}

bool BftNode::may_sign(std::uint64_t round, BftStep step) const noexcept
{
    return disk_.last.height < height() ||
           (disk_.last.height == height() &&
               is_later(round, step, disk_.last.round, disk_.last.step));
}

void BftNode::note_signed(std::uint64_t round, BftStep step)
{
    auto& last = disk_.last;
    if (last.height != height())
        disk_.votes.clear();
    last = {height(), round, step};
    disk_.lock = machine_->lock();
    disk_.polkas.clear();
    const auto keep = [this](NetworkBlockId block, std::int64_t in_round)
    {
        const auto* value = block == no_block ? nullptr : value_of(block);
        if (value == nullptr)
            return;
        const auto of_round = static_cast<std::uint64_t>(in_round);
        const auto* tally = machine_->tally(VoteKind::prevote, of_round);
        const auto* votes = tally == nullptr ? nullptr : tally->of(block);
        disk_.polkas.push_back(
            {value->proposed, of_round, votes == nullptr ? BftVoters{} : votes->voters});
    };
    keep(disk_.lock.locked, disk_.lock.locked_round);
    if (disk_.lock.valid_round != disk_.lock.locked_round)
        keep(disk_.lock.valid, disk_.lock.valid_round);
}

void BftNode::entered(std::uint64_t /*round*/)
{
    if (strategy_ == BftStrategy::amnesia)
        machine_->forget_lock();
}

void BftNode::propose(std::uint64_t round, const BftLock& lock)
{
    if (!is_voter() || !may_sign(round, BftStep::propose))
        return;
    note_signed(round, BftStep::propose);
    if (strategy_ == BftStrategy::equivocating)
    {
        propose_twice(round);
        return;
    }
    const auto* valid = lock.valid == no_block ? nullptr : value_of(lock.valid);
    if (valid != nullptr)
        send_proposal(round, lock.valid_round, BftProposedBlock{valid->proposed});
    else
        send_proposal(round, -1, make_block(round));
}

BlockFlaw BftNode::draw_flaw(std::uint64_t round) const
{
    if (strategy_ != BftStrategy::invalid_block)
        return BlockFlaw::none;
    const auto& group = options().groups[genesis_->group_of[self_]];
    RandomStream random{genesis_->seed, stream_flaws, self_, height() << 16U | round};
    return random.bernoulli(group.flaw_share) ? group.flaw : BlockFlaw::none;
}

BftProposedBlock BftNode::make_block(std::uint64_t round)
{
    auto block = std::make_shared<BftBlock>();
    auto& header = block->header;
    const auto& parent = disk_.head->header;
    header.id = network_block_id(self_, ++blocks_made_);
    header.parent = parent.id;
    header.height = height();
    header.maker = self_;
    header.made_at = std::max(context_->local_time(), parent.made_at + 1);
    header.true_time = context_->now();
    header.flaw = draw_flaw(round);
    header.round = round;
    block->parent = disk_.head;
    block->parent_commit = *disk_.commit;
    block->parent_commit.voters = last_commit_;
    for (const auto& evidence : evidence_)
    {
        if (block->evidence.size() < evidence_per_block &&
            genesis_->strategy_of(evidence.offender) != strategy_)
            block->evidence.push_back(evidence);
    }
    auto state = std::make_shared<const BftChainState>(
        next_chain_state(options(), genesis_->seed, *disk_.state,
            {height(), self_, header.made_at, block->parent_commit.voters, &block->evidence}));
    context_->record(MadeBlock{header.id});
    return {std::move(block), std::move(state)};
}

void BftNode::send_proposal(
    std::uint64_t round, std::int64_t valid_round, const BftProposedBlock& value)
{
    const auto payload =
        std::make_shared<const BftPayload>(BftProposal{height(), round, valid_round, self_, value});
    machine_->add_proposal(self_, round, value.block->header.id, valid_round);
    learn_value(value);
    context_->gossip({payload}, bytes_of(*value.block, options()));
}

BftNode::Value* BftNode::value_of(NetworkBlockId block) noexcept
{
    const auto found = std::find_if(values_.begin(), values_.end(),
        [block](const Value& value) { return value.proposed.block->header.id == block; });
    return found == values_.end() ? nullptr : &*found;
}

BlockValidity BftNode::validity_of(NetworkBlockId block)
{
    const auto* value = value_of(block);
    return value == nullptr ? BlockValidity::unknown : value->validity;
}

/// Whoever made it or is in league with him does not look at what is wrong. The reference node has
/// the ledger, so it always does.
bool BftNode::executes(const NetworkBlock& block) const
{
    if (strategy_ == BftStrategy::invalid_block || block.maker == self_)
        return false;
    if (self_ == genesis_->reference)
        return true;
    RandomStream random{genesis_->seed, stream_validation, self_, block.id};
    return random.bernoulli(options().validation_share);
}

void BftNode::learn_value(const BftProposedBlock& proposed)
{
    const auto& header = proposed.block->header;
    if (value_of(header.id) != nullptr)
        return;
    values_.push_back({proposed, BlockValidity::unknown});
    if (options().validation_time > 0 && executes(header))
    {
        context_->wake_after(
            options().validation_time, {TimerKind::validated, {}, height(), 0, header.id});
        return;
    }
    finish_validation(values_.back());
}

void BftNode::finish_validation(Value& value)
{
    const auto header = value.proposed.block->header;
    const auto fits = header.height == height() && header.parent == disk_.head->header.id;
    const auto is_flawed = header.flaw != BlockFlaw::none && executes(header);
    value.validity = fits && !is_flawed ? BlockValidity::valid : BlockValidity::invalid;
    if (is_flawed)
    {
        file_evidence(new_evidence(EvidenceKind::invalid_block, header.maker, header.round,
                          header.id, no_block),
            std::nullopt);
    }
}

void BftNode::vote(VoteKind kind, std::uint64_t round, NetworkBlockId block)
{
    const auto step = kind == VoteKind::prevote ? BftStep::prevote : BftStep::precommit;
    if (!is_voter() || !may_sign(round, step))
        return;
    note_signed(round, step);
    disk_.votes.push_back({kind, round, block});
    if (strategy_ == BftStrategy::equivocating && attacks(round))
    {
        // In a round of theirs they have said what they had to: see vote_twice().
        const auto& groups = options().groups;
        if (genesis_->strategy_of(machine_->proposer_of(round)) != BftStrategy::equivocating &&
            groups[genesis_->group_of[self_]].equivocates_always)
            tell_halves(round, block, no_block, {kind});
        return;
    }
    add_own_vote(kind, round, block);
}

void BftNode::add_own_vote(VoteKind kind, std::uint64_t round, NetworkBlockId block)
{
    BftVoters own(words_for_voters(options().validators));
    add_voter(own, self_);
    machine_->add_votes(kind, round, block, own);
    must_flush_ = true;
}

void BftNode::start_timeout(BftStep step, std::uint64_t round)
{
    const auto& all = options();
    const auto [first, delta] =
        step == BftStep::propose   ? std::pair{all.timeout_propose, all.timeout_propose_delta}
        : step == BftStep::prevote ? std::pair{all.timeout_prevote, all.timeout_prevote_delta}
                                   : std::pair{all.timeout_precommit, all.timeout_precommit_delta};
    context_->wake_at_local(
        context_->local_time() + first + static_cast<VirtualTime>(round) * delta,
        {TimerKind::timeout, step, height(), round, 0});
}

NetworkEvidence BftNode::new_evidence(EvidenceKind kind, NodeId offender, std::uint64_t round,
    NetworkBlockId first, NetworkBlockId second) const
{
    NetworkEvidence evidence;
    evidence.kind = kind;
    evidence.offender = offender;
    evidence.found_at = context_->now();
    evidence.height = hears_of_previous_ ? height() - 1 : height();
    evidence.round = round;
    evidence.first = std::min(first, second);
    evidence.second = std::max(first, second);
    return evidence;
}

void BftNode::double_vote(
    NodeId voter, VoteKind kind, std::uint64_t round, NetworkBlockId first, NetworkBlockId second)
{
    auto evidence = new_evidence(EvidenceKind::double_vote, voter, round, first, second);
    evidence.vote = kind;
    file_evidence(evidence, std::nullopt);
}

void BftNode::double_proposal(
    NodeId proposer, std::uint64_t round, NetworkBlockId first, NetworkBlockId second)
{
    file_evidence(
        new_evidence(EvidenceKind::double_proposal, proposer, round, first, second), std::nullopt);
}

void BftNode::file_evidence(const NetworkEvidence& evidence, std::optional<NodeId> from)
{
    if (strategy_ == BftStrategy::equivocating ||
        !admits_evidence(options(), *disk_.state, evidence))
        return;
    const auto is_known = std::any_of(evidence_.begin(), evidence_.end(),
        [&](const NetworkEvidence& old)
        {
            return old.offender == evidence.offender &&
                   (options().stake.tombstones ||
                       (old.kind == evidence.kind && old.height == evidence.height &&
                           old.round == evidence.round && old.vote == evidence.vote));
        });
    if (is_known)
        return;
    evidence_.push_back(evidence);
    context_->record(FoundEvidence{evidence});
    context_->gossip({std::make_shared<const BftPayload>(BftEvidenceNote{evidence})},
        envelope_bytes + evidence_bytes, from);
}

void BftNode::drop_old_evidence()
{
    std::erase_if(evidence_, [&](const NetworkEvidence& evidence)
        { return !admits_evidence(options(), *disk_.state, evidence); });
}

// ---- Equivocation ----

bool BftNode::attacks(std::uint64_t round)
{
    if (strategy_ != BftStrategy::equivocating || !is_voter())
        return false;
    // Where an honest one proposes there is one block, and two votes would only be seen.
    return options().groups[genesis_->group_of[self_]].equivocates_always ||
           genesis_->strategy_of(machine_->proposer_of(round)) == BftStrategy::equivocating;
}

void BftNode::propose_twice(std::uint64_t round)
{
    const BftProposedBlock blocks[2] = {make_block(round), make_block(round)};
    PayloadPointer payloads[2];
    for (int i = 0; i < 2; ++i)
    {
        payloads[i] =
            std::make_shared<const BftPayload>(BftProposal{height(), round, -1, self_, blocks[i]});
        machine_->add_proposal(self_, round, blocks[i].block->header.id, -1);
        learn_value(blocks[i]);
    }
    // Who attacks has a wire to everybody.
    for (NodeId node = 0; node < context_->network_size(); ++node)
    {
        if (node == self_)
            continue;
        const auto is_friend = genesis_->strategy_of(node) == BftStrategy::equivocating;
        for (std::uint32_t i = 0; i < 2; ++i)
        {
            if (is_friend || half_of(node) == i)
                context_->send(node, {payloads[i]}, bytes_of(*blocks[i].block, options()));
        }
    }
    vote_twice(round);
}

void BftNode::vote_twice(std::uint64_t round)
{
    const auto proposals = machine_->proposals(round);
    if (proposals.size() < 2 || std::find(attacked_rounds_.begin(), attacked_rounds_.end(),
                                    round) != attacked_rounds_.end())
        return;
    attacked_rounds_.push_back(round);
    // The half that hears of a block first is the one that is to decide it.
    const auto [first, second] = std::minmax(proposals[0].block, proposals[1].block);
    tell_halves(round, first, second, {VoteKind::prevote, VoteKind::precommit});
}

void BftNode::tell_halves(std::uint64_t round, NetworkBlockId first, NetworkBlockId second,
    std::initializer_list<VoteKind> kinds)
{
    BftVoters own(words_for_voters(options().validators));
    add_voter(own, self_);
    PayloadPointer payloads[2];
    for (std::uint32_t half = 0; half < 2; ++half)
    {
        BftVotes votes;
        votes.height = height();
        for (const auto kind : kinds)
            votes.sets.push_back({kind, round, half == 0 ? first : second, own});
        payloads[half] = std::make_shared<const BftPayload>(std::move(votes));
    }
    const auto bytes =
        envelope_bytes + options().vote_bytes * static_cast<std::uint32_t>(kinds.size());
    for (NodeId node = 0; node < context_->network_size(); ++node)
    {
        if (genesis_->strategy_of(node) != BftStrategy::equivocating)
            context_->send(node, {payloads[half_of(node)]}, bytes);
    }
}

// ---- Gossip ----

void BftNode::schedule_flush(VirtualTime wait)
{
    const auto due = context_->now() + wait;
    if (due >= flush_due_)
        return;
    flush_due_ = due;
    context_->wake_after(wait, {TimerKind::flush, {}, 0, 0, 0});
}

void BftNode::flush()
{
    flush_due_ = never_in_virtual_time;
    must_flush_ = false;
    BftVotes votes;
    votes.height = height();
    std::uint32_t bytes = envelope_bytes;
    for (std::uint64_t round = 0; round < machine_->rounds_known(); ++round)
    {
        for (const auto kind : {VoteKind::prevote, VoteKind::precommit})
        {
            auto* tally = machine_->tally(kind, round);
            if (tally == nullptr)
                continue;
            for (auto& of_block : tally->blocks)
            {
                if (of_block.fresh == 0)
                    continue;
                bytes += options().vote_bytes * std::exchange(of_block.fresh, 0);
                votes.sets.push_back({kind, round, of_block.block, of_block.voters});
            }
        }
    }
    if (votes.sets.empty())
        return;
    flushed_at_ = context_->now();
    auto payload = std::make_shared<const BftPayload>(std::move(votes));
    const auto peers = context_->peers();
    if (peers.empty())
        return;
    const auto count = std::min<std::size_t>(options().gossip_peers, peers.size());
    // In turn, from where it stopped the last time.
    const auto first = peer_cursor_ % peers.size();
    const auto until_end = std::min(count, peers.size() - first);
    const Message message{std::move(payload)};
    context_->send(peers.subspan(first, until_end), message, bytes);
    context_->send(peers.first(count - until_end), message, bytes);
    peer_cursor_ += count;
}

void BftNode::send_status()
{
    const auto peers = context_->peers();
    if (peers.empty())
        return;
    BftVotes status;
    status.height = height();
    status.is_status = true;
    for (std::uint64_t round = 0; round < machine_->rounds_known(); ++round)
    {
        for (const auto kind : {VoteKind::prevote, VoteKind::precommit})
        {
            const auto* tally = machine_->tally(kind, round);
            if (tally == nullptr)
                continue;
            for (const auto& of_block : tally->blocks)
                status.sets.push_back({kind, round, of_block.block, of_block.voters});
        }
        for (const auto& proposal : machine_->proposals(round))
            status.proposals.emplace_back(round, proposal.block);
    }
    const auto bytes =
        envelope_bytes + static_cast<std::uint32_t>(status.sets.size()) *
                             static_cast<std::uint32_t>(machine_->set().members.size() * 8 + 48);
    auto random = context_->random();
    context_->send(peers[random.uniform_below(peers.size())],
        {std::make_shared<const BftPayload>(std::move(status))}, bytes);
}

void BftNode::answer_status(NodeId peer, const BftVotes& status)
{
    BftVotes missing;
    missing.height = height();
    std::uint32_t bytes = envelope_bytes;
    for (std::uint64_t round = 0; round < machine_->rounds_known(); ++round)
    {
        for (const auto& [block, valid_round] : machine_->proposals(round))
        {
            const std::pair key{round, block};
            if (std::find(status.proposals.begin(), status.proposals.end(), key) !=
                status.proposals.end())
                continue;
            const auto& value = *value_of(block);
            context_->send(peer,
                {std::make_shared<const BftPayload>(BftProposal{
                    height(), round, valid_round, machine_->proposer_of(round), value.proposed})},
                bytes_of(*value.proposed.block, options()));
        }
        for (const auto kind : {VoteKind::prevote, VoteKind::precommit})
        {
            const auto* tally = machine_->tally(kind, round);
            if (tally == nullptr)
                continue;
            for (const auto& of_block : tally->blocks)
            {
                const auto theirs = std::find_if(status.sets.begin(), status.sets.end(),
                    [&](const BftVotes::Set& set) {
                        return set.kind == kind && set.round == round &&
                               set.block == of_block.block;
                    });
                auto news = of_block.voters;
                for (std::size_t i = 0; i < news.size() && theirs != status.sets.end(); ++i)
                    news[i] &= ~theirs->voters[i];
                const auto count = count_voters(news);
                if (count == 0)
                    continue;
                bytes += options().vote_bytes * count;
                missing.sets.push_back({kind, round, of_block.block, std::move(news)});
            }
        }
    }
    if (!missing.sets.empty())
        context_->send(peer, {std::make_shared<const BftPayload>(std::move(missing))}, bytes);
}

void BftNode::send_blocks(NodeId peer, std::uint64_t from)
{
    const auto newest = disk_.head->header.height;
    if (from > newest || from == 0)
        return;
    const auto last = std::min(newest, from + options().blocks_per_answer - 1);
    BftDecidedBlocks answer;
    std::uint32_t bytes = envelope_bytes;
    const BftBlock* child = nullptr;
    for (auto block = disk_.head; block->header.height >= from;
         child = block.get(), block = block->parent)
    {
        if (block->header.height > last)
            continue;
        answer.blocks.push_back({block, child == nullptr ? *disk_.commit : child->parent_commit,
            child == nullptr ? disk_.state : nullptr});
        bytes += bytes_of(*block, options());
        if (block->parent == nullptr)
            break;
    }
    std::reverse(answer.blocks.begin(), answer.blocks.end());
    context_->send(peer, {std::make_shared<const BftPayload>(std::move(answer))}, bytes);
}

void BftNode::ask_for_blocks(NodeId peer)
{
    if (context_->now() < asked_until_ || peer == self_)
        return;
    asked_until_ = context_->now() + answer_wait;
    context_->send(
        peer, {std::make_shared<const BftPayload>(BftBlockRequest{height()})}, envelope_bytes);
}

}  // namespace runnel
