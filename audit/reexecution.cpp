#include "audit/reexecution.hpp"

#include "scenarios/loader/loader.hpp"
#include "scenarios/run.hpp"
#include "state/references.hpp"
#include "state/signing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace runnel::audit
{

namespace
{
/// What the manifest says beside the resolved scenario, where it follows from that.
std::string check_manifest(const storage::Manifest& manifest, const scenarios::Scenario& scenario)
{
    // The prices of a file that need not be here are compared with their rows.
    constexpr std::array<std::string_view, 4> free{
        "resolved_scenario", "source_scenario", "version", "reference_prices"};
    const auto is_free = [&](std::string_view key)
    { return key.starts_with("input:") || std::find(free.begin(), free.end(), key) != free.end(); };
    const auto expected = scenarios::make_manifest(scenario);
    for (const auto& [key, value] : expected.entries)
    {
        const auto stored = manifest.find(key);
        if (!stored)
            return fmt::format("t_manifest: {} is missing", key);
        if (!is_free(key) && *stored != value)
            return fmt::format("t_manifest: {} is \"{}\", in its resolved_scenario it is \"{}\"",
                key, *stored, value);
    }
    for (const auto& [key, value] : manifest.entries)
    {
        if (!is_free(key) && !expected.find(key))
            return fmt::format("t_manifest: {} is unexpected", key);
    }
    return {};
}
}  // namespace

ChainReexecutor::ChainReexecutor(
    scenarios::Scenario scenario, scenarios::Genesis genesis, Script script)
  : scenario_{std::move(scenario)},
    genesis_{std::move(genesis)},
    validators_{scenarios::validator_stakes(genesis_)},
    groups_(genesis_.world->account_count()),
    script_{std::move(script)},
    builder_{scenarios::mempool_options(scenario_, genesis_)}
{
    if (scenario_.chain.ordering == Ordering::builders)
        market_.emplace(scenarios::mempool_options(scenario_, genesis_));
    for (const auto& group : genesis_.groups)
    {
        stops_.push_back(scenarios::stops_of(scenario_, group.spec->name));
        const auto number = static_cast<std::uint32_t>(stops_.size());
        for (const auto account : group.accounts)
            groups_[index(account)] = number;
        for (const auto& arrival : group.arrivals)
            newcomers_.push_back({arrival.address, {number, arrival.block}});
    }
    std::sort(newcomers_.begin(), newcomers_.end(),
        [](const auto& a, const auto& b) { return a.first < b.first; });
    if (const auto make = scenarios::engine_of(scenario_))
    {
        conducts_ = scenarios::maker_conducts(scenario_, genesis_);
        if (scenario_.consensus.shares_fees())
            fee_pool_ = world().find_account(fee_pool_account_name);
        schedule_ = std::make_unique<ChainSchedule>(
            make(*runner_, 1), scenarios::schedule_options(scenario_, genesis_));
    }
}

ChainReexecutor::Agent ChainReexecutor::agent(AccountId account) const
{
    if (index(account) < groups_.size())
        return {groups_[index(account)], 0};
    if (index(account) >= world().account_count())
        return {};
    const auto& address = world().account(account).address;
    const auto found = std::partition_point(newcomers_.begin(), newcomers_.end(),
        [&](const auto& newcomer) { return newcomer.first < address; });
    return found != newcomers_.end() && found->first == address ? found->second : Agent{};
}

tl::expected<ChainReexecutor, scenarios::ScenarioError> ChainReexecutor::of(
    const storage::Manifest& manifest)
{
    const auto resolved = manifest.find("resolved_scenario");
    if (!resolved)
        return tl::unexpected{scenarios::ScenarioError{"t_manifest: resolved_scenario is missing"}};
    scenarios::LoadOptions options;
    options.open_input_files = false;
    auto scenario =
        scenarios::parse_scenario(*resolved, "the manifest's scenario", ".", {}, options);
    if (!scenario)
        return tl::unexpected{scenarios::ScenarioError{"t_manifest: " + scenario.error().message}};
    if (auto wrong = check_manifest(manifest, *scenario); !wrong.empty())
        return tl::unexpected{scenarios::ScenarioError{std::move(wrong)}};
    auto genesis = scenarios::build_genesis(*scenario);
    if (!genesis)
        return tl::unexpected{scenarios::ScenarioError{"block 0: " + genesis.error().message}};
    auto script = scenarios::make_script(scenario->script, scenario->created, genesis->arrivals,
        *genesis->world, scenario->chain.fees.block_gas_limit, scenario->chain.signatures);
    if (!script)
        return tl::unexpected{scenarios::ScenarioError{"t_manifest: " + script.error().message}};
    return ChainReexecutor{std::move(*scenario), std::move(*genesis), std::move(*script)};
}

tl::expected<FinishedBlock, scenarios::ScenarioError> ChainReexecutor::first(
    const Hash& manifest_hash)
{
    auto block = scenarios::execute_genesis(genesis_, scenario_, manifest_hash);
    if (block)
        advance(*block);
    return block;
}

std::string ChainReexecutor::check(storage::StoredBlock& stored)
{
    for (auto& transaction : stored.transactions)
    {
        name_sender(transaction, world());
        if (transaction.sender_reference != 0)
            transaction.seal();  // He is not hashed by his id.
    }
    const auto& header = stored.header;
    if (header.number > scenario_.blocks)
        return fmt::format("the scenario ends with block {}", scenario_.blocks);
    if (auto wrong = schedule_ != nullptr ? check_network(stored) : check_consensus(stored);
        !wrong.empty())
        return wrong;
    if (header.gas_limit != scenario_.chain.fees.block_gas_limit)
        return "the gas limit is not the scenario's";
    if (header.base_fee != next_base_fee(scenario_.chain.fees, head_.base_fee, head_.gas_used))
        return "the base fee does not follow from the parent";
    return check_transactions(stored);
}

std::string ChainReexecutor::check_consensus(const storage::StoredBlock& stored)
{
    const auto& header = stored.header;
    proposer_ = pick_proposer(scenario_.seed, validators_, header.number);
    // Who built the block is the market's matter.
    if (!market_ && header.proposer != validators_[proposer_].account)
        return "the proposer is not the one whose turn it was";
    if (header.timestamp !=
        scenario_.times.of(header.number, head_.timestamp, scenario_.slot_seconds))
    {
        return scenario_.times.known().empty() ? "the timestamp is not one slot after the parent's"
                                               : "the timestamp is not the scenario's";
    }
    rewards_ = stored.rewards;
    return check_rewards(stored);
}

std::string ChainReexecutor::check_network(const storage::StoredBlock& stored)
{
    const auto& header = stored.header;
    auto due = schedule_->next();
    while (due && !due->stays)
        due = schedule_->next();
    if (!due)
    {
        return schedule_->error().empty() ? "the network makes no such block" : schedule_->error();
    }
    if (due->block.height != header.number ||
        header.proposer != fee_pool_.value_or(validators_[due->block.maker].account))
        return "the proposer is not the one who made the network's block";
    if (header.timestamp != timestamp_of(due->block, scenario_.start, head_.timestamp))
        return "the timestamp is not that of the network's block";
    if (!are_due(due->rewards, stored.rewards))
        return "the rewards and changes of stake are not those of the network's block";
    if (header.finalized_block != due->finalized)
        return "the finalized block is not what the network had made final";
    rewards_ = std::move(due->rewards);
    notes_ = std::move(due->notes);
    conduct_ = conducts_.of(due->block);
    return {};
}

std::string ChainReexecutor::check_transactions(const storage::StoredBlock& stored)
{
    const auto& header = stored.header;
    const auto head =
        script_.head_of(header.number, header.base_fee, scenario_.slot_seconds, world());
    const bool is_sold = market_ && header.proposer != validators_[proposer_].account;
    auto agents_end = stored.transactions.size();
    if (is_sold && agents_end > 0)
        --agents_end;  // The builder's payment.
    for (auto i = head.transactions.size(); i < agents_end; ++i)
    {
        const auto& transaction = stored.transactions[i];
        const auto sender = agent(transaction.sender);
        if (sender.group == 0)
            return fmt::format("transaction {}: its sender is no agent of the scenario", i);
        // What is free is in which block's round its sender decided on it.
        const bool watches = genesis_.groups[sender.group - 1].spec->strategy->watches_mempool;
        const auto round = round_of_arrival(scenario_.seed, transaction, scenario_.slot_seconds,
            watches ? scenario_.chain.mempool_seen_at_ms : 0);
        if (!round)
        {
            return fmt::format(
                "transaction {}: its sender's cannot arrive at {} ms", i, transaction.arrival_ms);
        }
        if (*round <= sender.arrival)
        {
            return fmt::format("transaction {}: its sender had not arrived in block {}", i, *round);
        }
        const auto& stops = stops_[sender.group - 1];
        if (std::any_of(stops.begin(), stops.end(),
                [&](const auto& stop) { return stop.from <= *round && *round < stop.until; }))
        {
            return fmt::format(
                "transaction {}: its sender's group decided nothing in block {}", i, *round);
        }
    }
    BlockSlot slot;
    slot.number = header.number;
    slot.base_fee = header.base_fee;
    slot.gas_limit = header.gas_limit;
    slot.now_ms =
        static_cast<std::int64_t>(header.number) * std::int64_t{scenario_.slot_seconds} * 1000;
    slot.timestamp = header.timestamp;
    slot.proposer = validators_[proposer_].account;
    slot.fee_recipient = header.proposer;
    slot.conduct = conduct_;
    auto wrong = check_order(head.transactions, stored.transactions, slot);
    if (wrong.empty() && scenario_.chain.signatures != SignatureScheme::none)
        wrong = check_signatures(stored.transactions, world(), workers_);
    return wrong;
}

std::string ChainReexecutor::check_order(std::span<const Transaction> head,
    std::span<const Transaction> transactions, const BlockSlot& slot)
{
    if (market_)
        return market_->check(head, transactions, world(), slot);
    if (scenario_.chain.ordering == Ordering::commit_reveal && transactions.size() >= head.size())
    {
        auto wrong = commitments_.check(transactions.subspan(head.size()), head.size());
        if (!wrong.empty())
            return wrong;
    }
    return builder_.check(head, transactions, world(), slot);
}

FinishedBlock ChainReexecutor::next(storage::StoredBlock stored)
{
    BlockContext context;
    context.number = stored.header.number;
    context.timestamp = stored.header.timestamp;
    context.base_fee = stored.header.base_fee;
    context.gas_limit = stored.header.gas_limit;
    context.proposer = stored.header.proposer;
    ExecutionOptions options;
    options.checkpoint_interval = scenario_.chain.checkpoint_interval;
    options.snapshots = snapshots_after(context.number, scenario_.blocks, scenario_.slot_seconds);
    auto block =
        execution_->execute(world(), context, head_, head_hash_, stored.header.finalized_block,
            std::move(stored.transactions), std::move(rewards_), options);
    block.consensus = std::move(notes_);
    advance(block);
    return block;
}

void ChainReexecutor::use_workers(unsigned workers)
{
    workers_ = workers;
    execution_ = std::make_unique<ExecutionThreads>(workers);
}

bool ChainReexecutor::load(CheckpointSource& parts, const storage::StoredHeader& head)
{
    clear_state(world());
    for (auto part = parts.next(); part; part = parts.next())
    {
        if (part->name == state_part_name && !load_state_part(part->content, world()))
            return false;
    }
    head_ = head.header;
    head_hash_ = head.hash;
    if (schedule_ != nullptr && !schedule_->skip_to(head_.number))
        return false;
    return head_.hash() == head_hash_ && world().checkpoint_root() == head_.checkpoint_root;
}

std::string ChainReexecutor::check_rewards(const storage::StoredBlock& stored) const
{
    if (head_.number == 0)
    {
        return stored.rewards.empty() && stored.header.finalized_block == 0
                   ? std::string{}
                   : "block 1 has rewards or a finalized block";
    }
    std::vector<bool> attested(validators_.size());
    for (std::uint32_t i = 0; i < validators_.size(); ++i)
        attested[i] = attests(scenario_.seed, scenario_.chain.participation, i, head_.number);
    const auto due = block_rewards(scenario_.chain.block_reward, validators_, proposer_, attested);
    if (due != stored.rewards)
        return "the rewards are not those that the scenario gives to its proposer and attesters";
    const auto finalized = is_final(validators_, attested) ? head_.number : head_.finalized_block;
    if (stored.header.finalized_block != finalized)
        return "the finalized block does not follow from the attestations";
    return {};
}

void ChainReexecutor::advance(const FinishedBlock& block)
{
    head_ = block.header;
    head_hash_ = block.hash;
    if (scenario_.chain.ordering == Ordering::commit_reveal)
        commitments_.note(block.transactions);
}

}  // namespace runnel::audit
