#include "actors/director.hpp"

#include "consensus/terms.hpp"
#include "contracts/kit/token.hpp"
#include "contracts/tokens/native/native_coin.hpp"
#include "ledger/check.hpp"
#include "state/signing.hpp"

#include <caf/exit_reason.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <limits>
#include <numeric>
#include <thread>
#include <tuple>

namespace runnel::actors
{
namespace
{
constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();
std::string_view phase_name(double PhaseSeconds::*phase)
{
    constexpr std::array<std::pair<double PhaseSeconds::*, std::string_view>, 6> names{
        {{&PhaseSeconds::decide, "decide"}, {&PhaseSeconds::order, "order"},
            {&PhaseSeconds::plan, "plan"}, {&PhaseSeconds::execute, "execute"},
            {&PhaseSeconds::commit, "commit"}, {&PhaseSeconds::persist, "wait for writer"}}};
    return std::find_if(
        names.begin(), names.end(), [phase](const auto& entry) { return entry.first == phase; })
        ->second;
}

/// Whether a proposer made this block against a rule of the ledger.
bool is_flawed(const NetworkBlockNote& note)
{
    return note.status == to_string(BlockRefusalKind::invalid) && !note.flaw.empty();
}

BlockFlaw flaw_of(std::string_view name)
{
    for (const auto flaw :
        {BlockFlaw::wrong_state_root, BlockFlaw::overspend, BlockFlaw::forged_signature})
    {
        if (to_string(flaw) == name)
            return flaw;
    }
    RUNNEL_CHECK(false && "a flaw has a name");
    return BlockFlaw::none;
}
}  // namespace

Director::Director(caf::actor_config& config, std::shared_ptr<SimulationSetup> setup,
    SimulationOptions options, std::shared_ptr<SimulationResult> result, caf::actor writer,
    std::shared_ptr<ExecutionGate> gate, std::shared_ptr<RoundWatch> watch)
  : CrewActor{config},
    setup_{std::move(setup)},
    options_{std::move(options)},
    result_{std::move(result)},
    world_{*setup_->world},
    writer_{std::move(writer)},
    newcomers_{setup_->groups},
    everybody_{accounts_of_groups(*setup_)},
    head_{setup_->genesis.header},
    head_hash_{setup_->genesis.hash},
    mempool_{std::make_shared<Mempool>(setup_->mempool, setup_->gossip)},
    start_time_{setup_->genesis.header.timestamp},
    gate_{std::move(gate)},
    governor_{{options_.workers, std::thread::hardware_concurrency(), options_.adapts_workers,
        options_.memory_ceiling}},
    watch_{std::move(watch)},
    leases_{*this, world_, *watch_},
    capture_{*this, *watch_},
    mark_{Clock::now()}
{
    // What belongs to a later state waits for it.
    set_default_handler(caf::skip);
    set_down_handler(
        [this](caf::down_msg& down)
        {
            if (down.reason && down.reason != caf::exit_reason::user_shutdown)
            {
                fail(error_text(system(), down.reason),
                    down.source != caf::actor_cast<caf::actor_addr>(writer_));
            }
        });
}

void Director::on_exit()
{
    // Whatever ends the director ends its crew; helpers may wait for a block that will not come.
    gate_->execution.cancel();
    gate_->close();
    for (auto* crew : {&cohorts_, &validators_, &helpers_})
    {
        for (auto& member : *crew)
            send_exit(member, caf::exit_reason::user_shutdown);
        crew->clear();
    }
    leases_.dismiss();
    if (replica_)
        send_exit(replica_, caf::exit_reason::user_shutdown);
    replica_ = nullptr;
    if (consensus_)
        send_exit(consensus_, caf::exit_reason::user_shutdown);
    consensus_ = nullptr;
    if (writer_)
        send_exit(writer_, caf::exit_reason::user_shutdown);
    writer_ = nullptr;
}

void Director::charge(double PhaseSeconds::*phase)
{
    const auto now = Clock::now();
    result_->phases.*phase += std::chrono::duration<double>(now - mark_).count();
    if (options_.trace != nullptr)
        options_.trace->phase(phase_name(phase), block_, mark_, now);
    mark_ = now;
}

void Director::spawn_crew()
{
    if (writer_)
        monitor(writer_);
    for (unsigned i = 1; i < options_.workers; ++i)
        helpers_.push_back(spawn<HelperActor, caf::monitored>(gate_));
    attested_.assign(std::max(setup_->validators.size(), validator_count()), true);
    const auto groups = make_cohorts(*setup_, options_.cohort_size, everybody_);
    if (setup_->resume_from != nullptr && !restore(groups))
        return;
    if (options_.replicas > 1)
    {
        redundancy_.emplace(setup_->make_world, setup_->checkpoint_interval, options_.flips);
        redundancy_->start(world_, head_);
        replica_ = spawn<ReplicaActor, caf::monitored>();
    }
    for (std::uint32_t i = 0; i < validator_count(); ++i)
    {
        validators_.push_back(spawn<ValidatorActor, caf::monitored>(
            i, setup_->seed, setup_->participation, setup_->fees, head_, head_hash_));
    }
    if (has_engine())
    {
        consensus_ = spawn<ConsensusActor, caf::monitored + caf::detached>(
            setup_, options_.workers, result_->consensus);
        ask_for_schedule();
    }
    spawn_cohorts(groups);

    leases_.adopt(head_.number);
    leases_.give_back(head_.number);
}

void Director::spawn_cohorts(const std::vector<GroupCohorts>& groups)
{
    cohort_of_.assign(world_.known_accounts(), none);
    for (std::size_t i = 0; i < groups.size(); ++i)
    {
        const auto& accounts = setup_->groups[i].accounts;
        cohorts_of_group_.push_back(groups[i].size());
        std::size_t wallet = 0;
        for (const auto& cohort : groups[i])
        {
            const auto number = static_cast<std::uint32_t>(cohorts_.size());
            for (const auto end = wallet + cohort->size(); wallet < end; ++wallet)
            {
                if (wallet < accounts.size())
                    cohort_of_[index(accounts[wallet])] = number;
            }
            cohort_next_.push_back(cohort->next_block());
            watches_.push_back(setup_->groups[i].strategy->watches_mempool);
            news_.push_back(std::make_shared<News>());
            if (cohort->strategy().is_observing())
                observers_.push_back(number);
            cohorts_.push_back(
                spawn<CohortActor, caf::monitored>(number, cohort, leases_.protocols()));
        }
    }
}

bool Director::restore(const std::vector<GroupCohorts>& groups)
{
    const auto source = std::exchange(setup_->resume_from, nullptr);
    auto head = load_checkpoint(*source, world_, *mempool_, groups);
    if (!head || !are_plausible(mempool_->waiting(), *head))
    {
        fail("the checkpoint is not one of this run", true);
        return false;
    }
    // A checkpoint where an interruption came has no root to compare with: whoever hands it in has
    // its state from the chain's transactions.
    if (head->header.checkpoint_root != Hash{} &&
        world_.checkpoint_root() != head->header.checkpoint_root)
    {
        fail(fmt::format("the checkpoint of block {}: its state does not have the root that the "
                         "block's header names",
                 head->header.number),
            true);
        return false;
    }
    const auto findings = world_.check_invariants();
    if (!findings.empty())
    {
        fail(fmt::format("the checkpoint of block {}: {}", head->header.number, findings.front()),
            true);
        return false;
    }
    head_ = head->header;
    head_hash_ = head->hash;
    block_ = head_.number;
    finalized_block_ = head_.finalized_block;
    for (std::uint32_t i = 0; i < attested_.size() && head_.number > 0; ++i)
        attested_[i] = attests(setup_->seed, setup_->participation, i, head_.number);
    result_->blocks = result_->resumed_at = head_.number;
    result_->transactions = result_->resumed_transactions = head->transactions;
    result_->reverted = head->reverted;
    return true;
}

const AgentGroupSetup* Director::group_of(AccountId account) const
{
    if (const auto place = newcomers_.find(world_.account(account).address))
        return &setup_->groups[place->group];
    const auto found = std::find_if(setup_->groups.begin(), setup_->groups.end(),
        [&](const AgentGroupSetup& group)
        { return std::binary_search(group.accounts.begin(), group.accounts.end(), account); });
    return found == setup_->groups.end() ? nullptr : &*found;
}

bool Director::are_plausible(
    const std::vector<const Transaction*>& waiting, const CheckpointHead& head) const
{
    return std::all_of(waiting.begin(), waiting.end(),
        [&](const Transaction* transaction)
        {
            const auto* group = group_of(transaction->sender);
            const auto sent_until = setup_->gossip ? TransactionGossip::never / 2 : 0;
            if (transaction->sent_at < 0 || transaction->sent_at > sent_until)
                return false;
            if (group == nullptr || transaction->max_priority_fee > transaction->max_fee)
                return false;
            if (setup_->signatures != SignatureScheme::none &&
                !check_signature(*transaction, world_.account(transaction->sender).address).empty())
                return false;
            const auto round = round_of_arrival(setup_->seed, *transaction, setup_->slot_seconds,
                group->strategy->watches_mempool ? setup_->mempool_seen_at_ms : 0);
            // Where blocks are taken back, wallets had gone on beyond this one.
            return round && *round <= (has_engine() ? setup_->blocks : head.header.number);
        });
}

void Director::watch_crew()
{
    using Member = RoundWatch::Member;
    std::size_t number = 0;
    for (const auto& group : setup_->groups)
    {
        for (std::size_t first = 0; first < group.size(); first += options_.cohort_size)
            watch_->add(Member::cohort, fmt::format("cohort {} ({})", number++, group.name));
    }
    for (std::uint32_t i = 0; i < world_.known_contracts(); ++i)
        watch_->add(Member::protocol, world_.contract(ContractId{i}).name());
    watch_->add(Member::protocol, "a contract that a block deployed");
    watch_->add(Member::consensus, "the network of validators");
    for (std::size_t i = 0; i < validator_count(); ++i)
    {
        watch_->add(Member::proposer, fmt::format("validator {} (proposer)", i));
        watch_->add(Member::validator, fmt::format("validator {}", i));
    }
    watch_->add(Member::replica, "replica 1");
    watch_->add(Member::writer, "the ledger writer");
    watch_->ready();
}

// ---- States ----
//
// publishing -> deciding (-> watching) -> ordering -> awaiting_credit -> leasing (-> leasing_all)
// (-> replicating)
// -> publishing, with capturing -> saving between two blocks where a checkpoint is due.
//
// A state says which answers it takes; a step that needs some ends with entering it, and the last
// answer takes the next step. Attestations and what was persisted come in any state.

template <typename... Handlers>
void Director::enter(void (Director::*proceed)(), Handlers... handlers)
{
    proceed_ = proceed;
    become(caf::behavior{caf::message_handler{std::move(handlers)...}.or_else(in_any_state_)});
}

caf::message_handler Director::in_any_state()
{
    return {[this](const Attested& message)
        {
            watch_->answered(RoundWatch::Member::validator, message.validator);
            if (!message.refusal.empty())
            {
                fail(fmt::format("validator {} refuses block {}: {}", message.validator,
                         message.block_number, message.refusal),
                    true);
                return;
            }
            attested_[message.validator] = message.attests;
            if (--attestations_due_ == 0 && proceed_ != nullptr)
                (this->*proceed_)();
        },
        [this](const Scheduled& message)
        {
            watch_->answered(RoundWatch::Member::consensus, 0);
            is_schedule_due_ = false;
            std::move(
                message.blocks->begin(), message.blocks->end(), std::back_inserter(schedule_));
            is_schedule_whole_ = message.is_end;
            schedule_error_ = message.error;
            stands_still_ = message.stands_still;
            if (proceed_ != nullptr)
                (this->*proceed_)();
        },
        [this](const Persisted& message)
        {
            unpersisted_ -= static_cast<unsigned>(message.blocks);
            if (unpersisted_ == 0)
                watch_->answered(RoundWatch::Member::writer, 0);
            else
                watch_->await(RoundWatch::Member::writer, 0);
            if (proceed_ != nullptr)
                (this->*proceed_)();
        }};
}

caf::behavior Director::make_behavior()
{
    in_any_state_ = in_any_state();
    return {[this](const Begin&)
        {
            watch_crew();
            const bool from_genesis = setup_->resume_from == nullptr;
            spawn_crew();
            if (failed_)
                return;
            if (options_.sink != nullptr && from_genesis)
            {
                ++unpersisted_;
                watch_->await(RoundWatch::Member::writer, 0);
                send(writer_,
                    Persist{std::make_shared<const FinishedBlock>(std::move(setup_->genesis))});
            }
            publishing();
        }};
}

void Director::consulting()
{
    if (!schedule_.empty() || is_schedule_whole_)
        return start_next_block();
    enter(&Director::consulting);
}

void Director::reverting()
{
    if (leases_.is_complete() && attestations_due_ == 0)
        return take_back();
    enter(&Director::reverting,
        [this](const Leased& message)
        {
            leases_.take(message);
            reverting();
        });
}

void Director::publishing()
{
    if (leases_.is_published())
        return std::exchange(went_back_, false) ? go_on() : published();
    enter(nullptr,
        [this](const Published& message)
        {
            leases_.take(message);
            publishing();
        });
}

void Director::deciding()
{
    if (decisions_due_ == 0)
        return show_mempool();
    enter(nullptr,
        [this](Decided& message)
        {
            watch_->answered(RoundWatch::Member::cohort, message.cohort);
            cohort_next_[message.cohort] = message.next_block;
            // Others are still deciding. What comes first does not matter to a mempool.
            add_to_mempool(*message.transactions);
            take_letters(*message.letters);
            if (--decisions_due_ == 0)
                show_mempool();
        });
}

void Director::watching()
{
    if (decisions_due_ == 0)
        return propose();
    enter(nullptr,
        [this](Decided& message)
        {
            watch_->answered(RoundWatch::Member::cohort, message.cohort);
            cohort_next_[message.cohort] = message.next_block;
            // The others look at the mempool still.
            std::move(message.transactions->begin(), message.transactions->end(),
                std::back_inserter(late_));
            take_letters(*message.letters);
            if (--decisions_due_ > 0)
                return;
            add_to_mempool(late_);
            propose();
        });
}

void Director::ordering()
{
    enter(nullptr,
        [this](const Proposed& message)
        {
            charge(&PhaseSeconds::order);
            watch_->answered(RoundWatch::Member::proposer, builder());
            mempool_ = message.mempool;
            result_->unheard += mempool_->unheard();
            dropped_ = std::move(*message.dropped);
            proposed_ = message.transactions;
            awaiting_credit();
        });
}

void Director::awaiting_credit()
{
    // Before the block is planned: helpers that are called for that wait awake until it is
    // executed.
    const bool may_begin =
        unpersisted_ < options_.writer_credits &&
        (options_.memory_ceiling == 0 || governor_.admits_block(unpersisted_, resident_memory()));
    if (!may_begin)
        return enter(&Director::awaiting_credit);
    if (!has_flawed())
        return plan();
    leases_.ask_for_all();
    holds_all_ = true;
    judging();
}

void Director::judging()
{
    if (leases_.is_complete() && attestations_due_ == 0)
        return judge();
    enter(&Director::judging,
        [this](const Leased& message)
        {
            leases_.take(message);
            judging();
        });
}

void Director::leasing()
{
    if (leases_.is_complete() && attestations_due_ == 0)
        return execute();
    enter(&Director::leasing,
        [this](const Leased& message)
        {
            leases_.take(message);
            leasing();
        });
}

void Director::leasing_all()
{
    if (leases_.is_complete())
        return redo();
    enter(nullptr,
        [this](const Leased& message)
        {
            leases_.take(message);
            leasing_all();
        });
}

void Director::replicating()
{
    enter(nullptr, [this](const Replicated& message) { settle(message); });
}

void Director::capturing()
{
    if (capture_.is_complete() && attestations_due_ == 0)
        return save();
    enter(&Director::capturing,
        [this](StateCaptured& message)
        {
            cohort_next_[message.cohort] = message.next_block;
            capture_.take(message);
            capturing();
        });
}

void Director::saving()
{
    enter(nullptr,
        [this](const CheckpointSaved&)
        {
            watch_->answered(RoundWatch::Member::writer, 0);
            charge(&PhaseSeconds::persist);
            start_next_block();
        });
}

void Director::finishing()
{
    if (attestations_due_ == 0)
        return finish();
    enter(&Director::finishing);
}

void Director::closing()
{
    enter(nullptr,
        [this](const LedgerFinished&)
        {
            // Everybody's state comes home before the world is handed out.
            watch_->answered(RoundWatch::Member::writer, 0);
            leases_.ask_for_all();
            gathering();
        });
}

void Director::gathering()
{
    if (leases_.is_complete())
        return end();
    enter(nullptr,
        [this](const Leased& message)
        {
            leases_.take(message);
            gathering();
        });
}

// ---- Steps ----

void Director::begin_round(const BlockHeader& parent)
{
    admit_newcomers();
    ++block_;
    watch_->begin_block(block_);
    proposer_ =
        has_engine() ? now_.block.maker : pick_proposer(setup_->seed, setup_->validators, block_);
    view_ = std::make_shared<WorldView>();
    view_->block_number = block_;
    view_->timestamp = has_engine()
                           ? timestamp_of(now_.block, start_time_, parent.timestamp)
                           : setup_->times.of(block_, parent.timestamp, setup_->slot_seconds);
    view_->now_ms = static_cast<std::int64_t>(block_) * setup_->slot_seconds * 1000;
    view_->slot_seconds = setup_->slot_seconds;
    view_->double_spends = now_.double_spends;
    view_->world = &world_;
    view_->prices = setup_->prices.get();
    view_->protocols = leases_.views();
    view_->base_fee = next_base_fee(setup_->fees, parent.base_fee, parent.gas_used);
    view_->takes_bundles = takes_bundles(setup_->mempool.ordering);
    view_->seals_contents = setup_->mempool.ordering == Ordering::commit_reveal;
    view_->fullness = static_cast<double>(parent.gas_used) / static_cast<double>(parent.gas_limit);
    ask_for_decisions(false);
}

bool Director::is_due(std::size_t cohort, bool watches) const
{
    return watches_[cohort] == watches &&
           (cohort_next_[cohort] <= block_ || !news_[cohort]->empty());
}

void Director::ask_for_decisions(bool of_watchers)
{
    decisions_due_ = 0;
    for (std::size_t i = 0; i < cohorts_.size() && now_.is_seen; ++i)
    {
        if (!is_due(i, of_watchers))
            continue;
        ++decisions_due_;
        watch_->await(RoundWatch::Member::cohort, i);
        send(cohorts_[i], Decide{view_, std::exchange(news_[i], std::make_shared<News>())});
    }
}

void Director::show_mempool()
{
    bool is_watched = false;
    for (std::size_t i = 0; i < cohorts_.size() && now_.is_seen && !is_watched; ++i)
        is_watched = is_due(i, true);
    if (!is_watched)
        return propose();
    const auto slot_ms = std::int64_t{setup_->slot_seconds} * 1000;
    seen_.as_of_ms = view_->now_ms - slot_ms + setup_->mempool_seen_at_ms;
    seen_.waiting.clear();
    for (const auto* transaction : mempool_->waiting())
    {
        // Bundles are for builders' eyes.
        if (transaction->arrival_ms > seen_.as_of_ms || transaction->is_secret ||
            (view_->takes_bundles && find_terms<BundleTerms>(*transaction)))
            continue;
        seen_.waiting.push_back({transaction->sender, transaction->nonce, transaction->gas_limit,
            transaction->max_fee, transaction->max_priority_fee, transaction->arrival_ms,
            transaction->address_count() > 0 || view_->seals_contents ? ByteView{}
                                                                      : transaction->call_list(),
            transaction->hash});
    }
    std::sort(seen_.waiting.begin(), seen_.waiting.end(),
        [](const PendingTransaction& a, const PendingTransaction& b) {
            return std::tie(a.arrival_ms, a.sender, a.nonce) <
                   std::tie(b.arrival_ms, b.sender, b.nonce);
        });
    auto late_view = std::make_shared<WorldView>(*view_);
    late_view->mempool = &seen_;
    view_ = std::move(late_view);
    ask_for_decisions(true);
    watching();
}

void Director::add_to_mempool(std::vector<Transaction>& transactions)
{
    if (setup_->gossip)
    {
        const auto slot_ms = std::int64_t{setup_->slot_seconds} * 1000;
        const auto begin_ms = view_->now_ms - slot_ms;
        for (auto& transaction : transactions)
        {
            const auto into_slot =
                std::clamp<std::int64_t>(transaction.arrival_ms - begin_ms, 0, slot_ms);
            transaction.sent_at = moment_within(now_.due_from, now_.due_until, into_slot, slot_ms);
        }
    }
    mempool_->add(std::exchange(transactions, {}));
}

void Director::admit_newcomers()
{
    for (auto i = cohort_of_.size(); i < world_.account_count(); ++i)
    {
        const AccountId account{static_cast<std::uint32_t>(i)};
        const auto place = newcomers_.find(world_.account(account).address);
        cohort_of_.push_back(none);
        if (!place)
            continue;
        const auto before = std::accumulate(
            cohorts_of_group_.begin(), cohorts_of_group_.begin() + place->group, std::size_t{0});
        cohort_of_.back() =
            static_cast<std::uint32_t>(before + place->number / options_.cohort_size);
        (*everybody_)[place->group].second.push_back(account);
    }
}

void Director::propose()
{
    deliver_letters();
    charge(&PhaseSeconds::decide);
    script_ = setup_->script.head_of(block_, view_->base_fee, setup_->slot_seconds, world_);
    Propose message;
    message.mempool = std::move(mempool_);
    message.world = &world_;
    message.slot.number = block_;
    message.slot.base_fee = view_->base_fee;
    message.slot.gas_limit = setup_->fees.block_gas_limit;
    message.slot.now_ms = view_->now_ms;
    message.slot.timestamp = view_->timestamp;
    message.slot.proposer = setup_->validators[proposer_].account;
    if (has_engine())
        message.slot.conduct = setup_->conducts.of(now_.block);
    message.head = std::make_shared<std::vector<Transaction>>(std::move(script_.transactions));
    message.fate = {now_.stays, now_.block.is_withheld, now_.block.maker, now_.block.true_time};
    watch_->await(RoundWatch::Member::proposer, builder());
    send(validators_[builder()], std::move(message));
    ordering();
}

bool Director::has_flawed() const
{
    return now_.notes != nullptr && now_.notes->refused.empty() &&
           std::any_of(now_.notes->blocks.begin(), now_.notes->blocks.end(),
               [](const NetworkBlockNote& note) { return is_flawed(note); });
}

void Director::judge()
{
    if (!validation_)
    {
        validation_.emplace(ValidationRules{setup_->fees, setup_->mempool, setup_->signatures,
                                setup_->checkpoint_interval, setup_->blocks, setup_->slot_seconds},
            options_.workers);
    }
    const ParentBlock parent{head_, head_hash_};
    DueBlock due;
    due.timestamp = view_->timestamp;
    due.finalized_block = now_.finalized;
    due.rewards = now_.rewards;
    due.fee_pool = setup_->fee_pool;
    due.conduct = setup_->conducts.of(now_.block);  // Flaws are put into what he made.
    due.head.assign(
        proposed_->begin(), proposed_->begin() + static_cast<std::ptrdiff_t>(script_.lines.size()));
    for (const auto& note : now_.notes->blocks)
    {
        if (!is_flawed(note))
            continue;
        const auto flaw = flaw_of(note.flaw);
        due.proposer = note.maker;
        const auto block = make_flawed_block(flaw, *validation_, world_, parent, due, *proposed_);
        const auto finding = validation_->validate(world_, parent, due, block);
        if (!finding || finding->rule != rule_broken_by(flaw))
        {
            return fail(fmt::format("block {} of the network has the flaw {}, validation finds: {}",
                            note.id, note.flaw, finding ? finding->what : "nothing"),
                true);
        }
        now_.notes->refused.push_back({note.id, block.header.number, block.hash, note.maker,
            block.header.transaction_count, note.flaw, to_string(finding->rule), finding->what});
    }
    plan();
}

void Director::plan()
{
    charge(&PhaseSeconds::persist);
    BlockContext context;
    context.number = block_;
    context.timestamp = view_->timestamp;
    context.base_fee = view_->base_fee;
    context.gas_limit = setup_->fees.block_gas_limit;
    context.proposer = setup_->fee_pool.value_or(mempool_->fee_recipient());
    const auto snapshots = snapshots_after(block_, setup_->blocks, setup_->slot_seconds);
    if (redundancy_)
        redundancy_->plan(context, *proposed_, snapshots);
    auto& execution = gate_->execution;
    ExecutionOptions options;
    options.checkpoint_interval = setup_->checkpoint_interval;
    options.snapshots = snapshots;
    options.measure_costs = is_sampled(block_);
    options.forget_share = options_.forget_accesses;
    if (setup_->script_observer != nullptr && now_.stays)
    {
        options.observer = this;
        options.observed = static_cast<std::uint32_t>(script_.observed);
        for (const auto line : script_.left_out)
            setup_->script_observer->left_out(line, block_, context.base_fee);
        if (!script_.lines.empty())
            setup_->script_observer->begins(script_.lines.front(), world_, context);
    }
    const auto workers = governor_.workers_for_block(unpersisted_);
    execution.begin(world_, context, std::move(*proposed_), options, workers);
    proposed_.reset();
    if (execution.wants_help())
    {
        // Helpers wake up while the block is planned, and help with that too.
        gate_->open(++epoch_);
        for (unsigned i = 0; i + 1 < workers; ++i)
            send(helpers_[i], Assist{epoch_, i + 1});
    }
    execution.plan();
    if (!execution.is_parallel())
        gate_->close();
    if (!std::exchange(holds_all_, false))
        leases_.ask_for([&execution](ContractId id) { return execution.touches(id); });
    charge(&PhaseSeconds::plan);
    leasing();
}

void Director::execute()
{
    std::vector<Reward> rewards;
    if (has_engine())
    {
        finalized_block_ = now_.finalized;
        rewards = std::move(now_.rewards);
    }
    else if (head_.number > 0)  // Nobody attests block 0: it is given.
    {
        if (is_final(setup_->validators, attested_))
            finalized_block_ = head_.number;
        rewards = block_rewards(setup_->block_reward, setup_->validators, proposer_, attested_);
    }
    if (redundancy_)
    {
        watch_->await(RoundWatch::Member::replica, 0);
        auto [replica, order] = redundancy_->dispatch(head_, head_hash_, finalized_block_, rewards);
        redundancy_->spoil_primary(world_);
        send(replica_, Replicate{std::move(replica), std::move(order)});
    }
    rewards_ = std::move(rewards);
    watch_->begin_execution();
    const bool is_done = gate_->execution.run();
    watch_->end_execution();
    if (is_done)
        return commit();
    // Some transaction touched more than it declared, nobody knows yet what else: all that is
    // still with its host is leased, and the block is executed once more in order.
    ++result_->redone_blocks;
    charge(&PhaseSeconds::execute);
    leases_.ask_for_all();
    charge(&PhaseSeconds::plan);
    leasing_all();
}

void Director::redo()
{
    watch_->begin_execution();
    gate_->execution.redo();
    watch_->end_execution();
    commit();
}

void Director::commit()
{
    auto& execution = gate_->execution;
    if (execution.is_parallel())
        parallel_transactions_ += execution.block_plan().size();
    if (is_sampled(block_))
        sample_block();
    charge(&PhaseSeconds::execute);

    execution.apply(finalized_block_, std::move(rewards_));
    if (!now_.stays)
        remember_doomed();
    if (redundancy_)
    {
        unsettled_ = execution.seal(head_, head_hash_);
        unsettled_.dropped = dropped_;
        gate_->close();
        return replicating();
    }
    note_outcomes();
    add_transfers();
    publish();
}

void Director::settle(const Replicated& replicated)
{
    watch_->answered(RoundWatch::Member::replica, 0);
    sealed_ = redundancy_->settle(
        std::move(unsettled_), replicated.replica, std::move(*replicated.block), world_);
    if (sealed_ == nullptr)
    {
        fail(redundancy_->error(), true);
        return;
    }
    if (const auto warning = redundancy_->take_warning(); !warning.empty())
    {
        ++result_->repairs;
        if (options_.warn)
            options_.warn(warning);
    }
    note_outcomes();
    add_transfers();
    publish();
}

void Director::sample_block()
{
    const auto& execution = gate_->execution;
    const auto& times = execution.times();
    PlanningCost planning;
    planning.ns = static_cast<std::uint64_t>(times.declare_ns + times.connect_ns);
    result_->parallelism.add(
        BlockWork{world_, execution.block_plan(), execution.costs_ns()}, planning);
}

News* Director::news_for(AccountId account)
{
    // Of those who came after block 0 agents alone are in a cohort.
    const auto cohort = index(account) < cohort_of_.size() ? cohort_of_[index(account)] : none;
    return cohort == none ? nullptr : news_[cohort].get();
}

void Director::add_outcome(AccountId account, const TransactionOutcome& outcome)
{
    if (auto* news = news_for(account))
    {
        news->outcomes.push_back({account, outcome,
            now_.stays ? AddressedOutcome::Standing::settled
                       : AddressedOutcome::Standing::provisional});
    }
}

void Director::take_letters(std::vector<AddressedLetter>& letters)
{
    std::move(letters.begin(), letters.end(), std::back_inserter(letters_));
}

void Director::deliver_letters()
{
    for (auto& letter : std::exchange(letters_, {}))
    {
        if (auto* news = news_for(letter.to))
            news->letters.push_back(std::move(letter));
    }
}

void Director::add_transfers()
{
    if (observers_.empty())
        return;
    auto transfers = std::make_shared<std::vector<ObservedTransfer>>();
    const auto add = [&](const EventRecord& event, ByteView encoding)
    {
        const auto decoded = [&]<typename Event>(ContractId token, Event payment)
        {
            const bool is_read = decode(encoding, payment);
            RUNNEL_CHECK(is_read);
            transfers->push_back(
                {token, payment.from_address, payment.to_address, payment.value, block_});
        };
        if (event.type == &event_type<contracts::NativePayment>)
            decoded(native_coin, contracts::NativePayment{});
        else if (event.type == &event_type<contracts::TransferLog>)
            decoded(event.contract, contracts::TransferLog{});
    };
    if (sealed_ == nullptr)
        gate_->execution.for_each_event(add);
    else
    {
        for (const auto& event : sealed_->events)
            add(event, sealed_->encoding(event));
    }
    if (transfers->empty())
        return;
    for (const auto cohort : observers_)
    {
        auto& unread = news_[cohort]->transfers;
        if (unread == nullptr)
        {
            unread = transfers;
            continue;
        }
        // Of a branch of which nobody saw the beginning.
        auto all = std::make_shared<std::vector<ObservedTransfer>>(*unread);
        all->insert(all->end(), transfers->begin(), transfers->end());
        unread = std::move(all);
    }
}

void Director::executed(std::uint32_t transaction, const ExecutedTransaction& what)
{
    setup_->script_observer->executed(script_.lines[transaction], what);
}

void Director::note_outcomes()
{
    std::size_t scripted = 0;
    const auto note = [&](const Transaction& transaction, const Receipt& receipt)
    {
        TransactionOutcome outcome;
        // What uses no gas was not includable: its sender may send its nonce again.
        outcome.kind = receipt.status == ReceiptStatus::succeeded
                           ? TransactionOutcome::Kind::succeeded
                       : receipt.gas_used == 0 ? TransactionOutcome::Kind::dropped
                                               : TransactionOutcome::Kind::reverted;
        outcome.nonce = transaction.nonce;
        outcome.gas_used = receipt.gas_used;
        outcome.gas_price = receipt.effective_gas_price;
        outcome.refusal = receipt.refusal;
        // A wallet is not told of what the script did in its name.
        if (scripted < script_.lines.size())
        {
            if (scripted >= script_.observed && setup_->script_observer != nullptr && now_.stays)
            {
                setup_->script_observer->ended(setup_->script[script_.lines[scripted]],
                    receipt.status == ReceiptStatus::succeeded ? std::nullopt
                                                               : std::optional{receipt.refusal});
            }
            ++scripted;
        }
        else
            add_outcome(transaction.sender, outcome);
        ++result_->transactions;
        result_->reverted += receipt.status == ReceiptStatus::reverted ? 1 : 0;
    };
    if (sealed_ == nullptr)
        gate_->execution.for_each_receipt(note);
    else
    {
        for (std::size_t i = 0; i < sealed_->receipts.size(); ++i)
            note(sealed_->transactions[i], sealed_->receipts[i]);
    }
    for (const auto& dropped : dropped_)
    {
        TransactionOutcome outcome;
        outcome.kind = TransactionOutcome::Kind::dropped;
        outcome.nonce = dropped.nonce;
        add_outcome(dropped.sender, outcome);
    }
}

void Director::publish()
{
    const auto now = Clock::now();
    governor_.note_block(gate_->execution.block_plan().size(),
        std::chrono::duration<double>(now - std::exchange(block_mark_, now)).count(),
        result_->phases.persist - std::exchange(writer_seconds_, result_->phases.persist));
    sealing_ = true;
    sealing_notes_ = std::move(now_.notes);
    sealing_stays_ = now_.stays;
    leases_.adopt(block_);
    leases_.give_back(block_);
    publishing();
}

void Director::published()
{
    // A chain neither ends nor pauses with a block that will be taken back.
    const bool is_end = block_ >= setup_->blocks && now_.stays;
    const bool pauses =
        now_.stays && (!governor_.exhausted().empty() ||
                          (options_.progress != nullptr && options_.progress->stop.load()));
    more_ = !is_end && !pauses;
    result_->interrupted = pauses && !is_end;
    charge(&PhaseSeconds::commit);
    const bool saves = sealing_ && options_.sink != nullptr && now_.stays &&
                       (result_->interrupted || block_ % setup_->checkpoint_interval == 0);
    if (!saves)
        return start_next_block();
    seal();
    charge(&PhaseSeconds::commit);
    if (!failed_)
        begin_checkpoint();
}

void Director::start_next_block()
{
    if (more_ && has_engine())
    {
        ask_for_schedule();
        const bool is_short = schedule_.empty() && is_schedule_whole_;
        if (schedule_.empty() || schedule_.front().reverts > 0)
            seal_if_due();
        if (failed_)
            return;
        if (is_short && !stands_still_)
            return fail(schedule_error_, false);
        if (is_short)
        {
            // It has no end, but nothing more to come: what there is is kept.
            result_->halted = schedule_error_;
            more_ = false;
            if (doomed_.empty())
                return finishing();
            // The network took them back before it stood still: the chain ends below them.
            now_ = {};
            now_.reverts = doomed_.size();
            leases_.ask_for_all();
            return reverting();
        }
        if (schedule_.empty())
            return consulting();
        now_ = std::move(schedule_.front());
        schedule_.pop_front();
        if (now_.reverts > 0)
        {
            leases_.ask_for_all();
            return reverting();
        }
    }
    go_on();
}

void Director::go_on()
{
    // Wallets decide on the next block while this one's roots are computed.
    if (more_)
    {
        begin_round(!sealing_            ? head_
                    : sealed_ != nullptr ? sealed_->header
                                         : gate_->execution.unsealed_header());
    }
    seal_if_due();
    if (!failed_)
        more_ ? deciding() : finishing();
}

void Director::seal_if_due()
{
    if (!sealing_)
        return;
    seal();
    charge(&PhaseSeconds::commit);
}

void Director::ask_for_schedule()
{
    // Some answers ahead: the network goes on while the ledger catches up, and the other way
    // around.
    constexpr std::size_t enough = 128;
    if (is_schedule_due_ || is_schedule_whole_ || schedule_.size() > enough)
        return;
    is_schedule_due_ = true;
    watch_->await(RoundWatch::Member::consensus, 0);
    send(consensus_, AskSchedule{result_->resumed_at});
}

void Director::remember_doomed()
{
    Doomed doomed;
    doomed.undo = gate_->execution.take_undo();
    doomed.parent = head_;
    doomed.parent_hash = head_hash_;
    doomed.note.id = now_.block.id;
    doomed.note.number = block_;
    doomed.note.proposer = setup_->validators[proposer_].account;
    std::size_t scripted = script_.lines.size();
    gate_->execution.for_each_receipt(
        [&](const Transaction& transaction, const Receipt& receipt)
        {
            const bool succeeded = receipt.status == ReceiptStatus::succeeded;
            doomed.note.transactions.push_back(
                {transaction.hash, transaction.sender, transaction.nonce, succeeded});
            doomed.reverted += succeeded ? 0 : 1;
            // The script's own are there again in whatever takes the block's place.
            if (scripted > 0)
                --scripted;
            else
                doomed.transactions.push_back(transaction);
        });
    doomed_.push_back(std::move(doomed));
}

void Director::take_back()
{
    RUNNEL_CHECK(now_.reverts <= doomed_.size());
    for (auto left = now_.reverts; left > 0; --left)
    {
        auto doomed = std::move(doomed_.back());
        doomed_.pop_back();
        if (result_->reverted_blocks + 1 != options_.forget_undo)
            world_.revert(doomed.undo);
        doomed.note.hash = head_hash_;
        for (const auto& transaction : doomed.transactions)
        {
            if (auto* news = news_for(transaction.sender))
            {
                TransactionOutcome outcome;
                outcome.nonce = transaction.nonce;
                news->outcomes.push_back(
                    {transaction.sender, outcome, AddressedOutcome::Standing::undone});
            }
        }
        result_->transactions -= doomed.note.transactions.size();
        result_->reverted -= doomed.reverted;
        --result_->blocks;
        ++result_->reverted_blocks;
        mempool_->add(std::move(doomed.transactions));
        reverted_.push_back(std::move(doomed.note));
        head_ = doomed.parent;
        head_hash_ = doomed.parent_hash;
    }
    block_ = head_.number;
    for (const auto cohort : observers_)
    {
        auto& news = *news_[cohort];
        news.reverted_from = std::min(news.reverted_from.value_or(block_ + 1), block_ + 1);
        if (news.transfers == nullptr)
            continue;
        auto left = std::make_shared<std::vector<ObservedTransfer>>(*news.transfers);
        std::erase_if(*left, [this](const auto& transfer) { return transfer.block > block_; });
        news.transfers = std::move(left);
    }
    leases_.forget();
    cohort_of_.resize(std::min(cohort_of_.size(), world_.account_count()));
    for (auto& validator : validators_)
        send(validator, Rewind{head_, head_hash_});
    leases_.give_back(block_);
    went_back_ = true;
    publishing();
}

void Director::begin_checkpoint()
{
    // Nobody resumes behind the last block: the state alone is kept, for proofs.
    if (block_ < setup_->blocks)
        capture_.ask(cohorts_, block_ + 1, news_);
    capturing();
}

void Director::save()
{
    SaveCheckpoint message;
    message.block_number = head_.number;
    message.parts = std::make_shared<CheckpointWriter>(
        CheckpointHead{head_, head_hash_, result_->transactions, result_->reverted},
        std::shared_ptr<const World>{setup_, &world_}, mempool_,
        capture_.hand_out(cohorts_of_group_));
    message.protocols = leases_.protocols();
    watch_->await(RoundWatch::Member::writer, 0);
    send(writer_, std::move(message));
    saving();
}

void Director::seal()
{
    sealing_ = false;
    auto block = std::exchange(sealed_, nullptr);
    if (block == nullptr)
    {
        auto made = gate_->execution.seal(head_, head_hash_);
        made.dropped = std::move(dropped_);
        if (sealing_notes_ != nullptr)
        {
            sealing_notes_->reverted = std::exchange(reverted_, {});
            made.consensus = std::exchange(sealing_notes_, nullptr);
        }
        block = std::make_shared<const FinishedBlock>(std::move(made));
        gate_->close();
    }
    head_ = block->header;
    head_hash_ = block->hash;
    ++result_->blocks;
    std::shared_ptr<std::vector<Address>> senders;
    if (setup_->signatures != SignatureScheme::none)
    {
        senders = std::make_shared<std::vector<Address>>();
        for (const auto& transaction : block->transactions)
            senders->push_back(world_.account(transaction.sender).address);
    }
    attestations_due_ = static_cast<std::uint32_t>(validators_.size());
    for (std::size_t i = 0; i < validators_.size(); ++i)
    {
        watch_->await(RoundWatch::Member::validator, i);
        send(validators_[i], Attest{block, senders, attestations_due_});
    }
    if (options_.sink != nullptr && sealing_stays_)
    {
        ++unpersisted_;
        watch_->await(RoundWatch::Member::writer, 0);
        send(writer_, Persist{block});
    }
    if (options_.progress != nullptr)
    {
        options_.progress->blocks.store(result_->blocks, std::memory_order_relaxed);
        options_.progress->transactions.store(result_->transactions, std::memory_order_relaxed);
    }
    if (head_.number % setup_->checkpoint_interval == 0)
    {
        const auto findings = world_.check_invariants();
        if (!findings.empty())
            fail(fmt::format("block {}: {}", head_.number, findings.front()), true);
    }
}

void Director::finish()
{
    if (writer_)
    {
        watch_->await(RoundWatch::Member::writer, 0);
        send(writer_, FinishLedger{});
    }
    else
        send(this, LedgerFinished{});
    closing();
}

void Director::fail(std::string message, bool is_bug)
{
    if (!result_->error.empty())
        return;
    result_->error = std::move(message);
    result_->error_is_bug = is_bug;
    failed_ = true;
    quit();
}

void Director::end()
{
    if (block_ < setup_->blocks)
        result_->error = governor_.exhausted();
    result_->head = head_;
    result_->head_hash = head_hash_;
    const auto executed = result_->transactions - result_->resumed_transactions;
    result_->parallel_share =
        executed == 0 ? 0
                      : static_cast<double>(parallel_transactions_) / static_cast<double>(executed);
    quit();
}

}  // namespace runnel::actors
