#include "audit/reexecution.hpp"

#include "scenarios/loader/loader.hpp"
#include "scenarios/run.hpp"
#include "state/references.hpp"

#include <algorithm>

namespace runnel::audit
{

ChainReexecutor::ChainReexecutor(scenarios::Scenario scenario, scenarios::Genesis genesis)
  : scenario_{std::move(scenario)},
    genesis_{std::move(genesis)},
    validators_{scenarios::validator_stakes(genesis_)}
{}

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
    auto genesis = scenarios::build_genesis(*scenario);
    if (!genesis)
        return tl::unexpected{scenarios::ScenarioError{"block 0: " + genesis.error().message}};
    return ChainReexecutor{std::move(*scenario), std::move(*genesis)};
}

tl::expected<FinishedBlock, scenarios::ScenarioError> ChainReexecutor::first(
    const Hash& manifest_hash)
{
    auto block = scenarios::execute_genesis(genesis_, scenario_, manifest_hash);
    if (block)
        advance(*block);
    return block;
}

std::string ChainReexecutor::check(const storage::StoredBlock& stored)
{
    const auto& header = stored.header;
    const auto accounts = world().account_count();
    proposer_ = pick_proposer(scenario_.seed, validators_, header.number);
    if (header.proposer != validators_[proposer_].account)
        return "the proposer is not the one whose turn it was";
    if (header.timestamp != head_.timestamp + scenario_.slot_seconds)
        return "the timestamp is not one slot after the parent's";
    if (header.gas_limit != scenario_.chain.fees.block_gas_limit)
        return "the gas limit is not the scenario's";
    if (header.base_fee != next_base_fee(scenario_.chain.fees, head_.base_fee, head_.gas_used))
        return "the base fee does not follow from the parent";
    for (const auto& transaction : stored.transactions)
    {
        if (index(transaction.sender) >= accounts)
            return "a sender is no account";
    }
    return check_rewards(stored);
}

FinishedBlock ChainReexecutor::next(storage::StoredBlock stored)
{
    BlockContext context;
    context.number = stored.header.number;
    context.timestamp = stored.header.timestamp;
    context.base_fee = stored.header.base_fee;
    context.gas_limit = stored.header.gas_limit;
    context.proposer = stored.header.proposer;
    for (auto& transaction : stored.transactions)
    {
        name_sender(transaction, world());
        if (transaction.sender_reference != 0)
            transaction.seal();  // He is not hashed by his id.
    }
    ExecutionOptions options;
    options.checkpoint_interval = scenario_.chain.checkpoint_interval;
    options.shows_all_contracts =
        shows_all_contracts(context.number, scenario_.blocks, scenario_.slot_seconds);
    auto block =
        execution_->execute(world(), context, head_, head_hash_, stored.header.finalized_block,
            std::move(stored.transactions), std::move(stored.rewards), options);
    advance(block);
    return block;
}

void ChainReexecutor::use_workers(unsigned workers)
{
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
    const auto& block_reward = scenario_.chain.block_reward;
    if (!block_reward.is_zero())
    {
        for (std::size_t k = 1; k < stored.rewards.size(); ++k)
        {
            for (std::size_t i = 0; i < validators_.size(); ++i)
            {
                if (validators_[i].account == stored.rewards[k].account)
                    attested[i] = true;
            }
        }
        const auto due = block_rewards(block_reward, validators_, proposer_, attested);
        const auto same = [](const Reward& a, const Reward& b)
        { return a.account == b.account && a.amount == b.amount; };
        if (!std::equal(due.begin(), due.end(), stored.rewards.begin(), stored.rewards.end(), same))
            return "the rewards are not those of its attesters";
        const auto finalized =
            is_final(validators_, attested) ? head_.number : head_.finalized_block;
        if (stored.header.finalized_block != finalized)
            return "the finalized block does not follow from the attestations";
    }
    return {};
}

void ChainReexecutor::advance(const FinishedBlock& block)
{
    head_ = block.header;
    head_hash_ = block.hash;
}

}  // namespace runnel::audit
