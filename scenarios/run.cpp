#include "scenarios/run.hpp"

#include "actors/checkpoint.hpp"
#include "consensus/make_engine.hpp"
#include "contracts/relays/builder_relay/relay.hpp"
#include "contracts/tokens/native/native_coin.hpp"
#include "ledger/check.hpp"
#include "ledger/signature.hpp"
#include "state/signing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>

namespace runnel::scenarios
{
storage::Manifest make_manifest(const Scenario& scenario)
{
    storage::Manifest manifest;
    manifest.add("scenario_name", scenario.name);
    manifest.add("title", scenario.title);
    manifest.add("seed", std::to_string(scenario.seed));
    manifest.add("version", RUNNEL_VERSION);
    manifest.add("blocks", std::to_string(scenario.blocks));
    manifest.add("slot_seconds", std::to_string(scenario.slot_seconds));
    manifest.add("start", std::to_string(scenario.start));
    if (scenario.retold != 0)
        manifest.add("retold_block", std::to_string(scenario.retold));
    manifest.add("resolved_scenario", scenario.resolved_text);
    manifest.add("source_scenario", scenario.source_text);
    manifest.add("reference_prices", scenario.price_hash.to_string());
    for (const auto& input : scenario.inputs)
    {
        // Several tables may read one file.
        const auto key = "input:" + input.path;
        if (!manifest.find(key))
            manifest.add(key, input.hash.to_string());
    }
    return manifest;
}

std::string checkpoint_version()
{
    return fmt::format(RUNNEL_VERSION ", layout {}", actors::checkpoint_layout);
}

MempoolOptions mempool_options(const Scenario& scenario, const Genesis& genesis)
{
    MempoolOptions options;
    options.ordering = scenario.chain.ordering;
    options.capacity = scenario.chain.mempool_size;
    options.lifetime_ms = static_cast<std::int64_t>(scenario.chain.transaction_lifetime_ms);
    options.seed = scenario.seed;
    if (scenario.chain.ordering != Ordering::builders)
        return options;
    const auto& world = *genesis.world;
    for (const auto& entry : scenario.builders)
    {
        BuilderSpec builder;
        builder.account = world.find_account(entry.account).value();
        builder.order_flow = entry.order_flow;
        builder.margin_bps = static_cast<std::uint32_t>(entry.margin * 10'000 + 0.5);
        for (const auto& group : genesis.groups)
        {
            if (group.spec->name == entry.censors)
                builder.censored = group.accounts;
        }
        options.builders.push_back(std::move(builder));
    }
    options.inclusion_list_gas = scenario.chain.inclusion_list_gas;
    options.write_payment = [relay = *scenario.chain.relay, builders = options.builders](
                                const std::vector<BuilderBid>& bids, const BuilderBid& best,
                                AccountId builder, AccountId proposer)
    {
        CallWriter calls;
        calls.add(native_coin, contracts::NativeTransfer{proposer, best.value});
        for (const auto& bid : bids)
        {
            const auto account = builders[bid.builder].account;
            calls.add(relay, contracts::builder_relay::PublishBid{account, proposer, bid.value,
                                 bid.transactions, bid.gas, account == builder});
        }
        return calls;
    };
    if (scenario.chain.signatures != SignatureScheme::none)
    {
        std::map<AccountId, PrivateKey> keys;
        for (std::size_t i = 0; i < scenario.builders.size(); ++i)
        {
            keys.emplace(
                options.builders[i].account, private_key_of_name(scenario.builders[i].account));
        }
        options.seal_payment = [keys = std::move(keys)](Transaction& payment)
        { sign(payment, keys.at(payment.sender)); };
    }
    return options;
}

MakerConducts maker_conducts(const Scenario& scenario, const Genesis& genesis)
{
    std::vector<MakerConducts::Group> groups;
    for (const auto& conduct : scenario.consensus.conducts)
    {
        const auto& nodes = scenario.consensus.groups;
        const auto group = std::find_if(nodes.begin(), nodes.end(),
            [&](const NodeGroup& candidate) { return candidate.name == conduct.group; });
        RUNNEL_CHECK(group != nodes.end());
        MakerConduct rules;
        rules.reorders = conduct.reorders;
        for (const auto& agents : genesis.groups)
        {
            if (agents.spec->name == conduct.censors)
                rules.censored = agents.accounts;
        }
        groups.push_back(
            {group->first, group->count, conduct.from, conduct.until, std::move(rules)});
    }
    return MakerConducts{std::move(groups)};
}

std::vector<ValidatorStake> validator_stakes(const Genesis& genesis)
{
    // In gwei every sum of stakes stays within 64 bits.
    std::vector<ValidatorStake> stakes;
    for (const auto& validator : genesis.validators)
        stakes.push_back({validator.account, div_down(validator.stake, 1'000'000'000).low64()});
    return stakes;
}

std::vector<AgentGroupSetup::Stop> stops_of(const Scenario& scenario, const std::string& group)
{
    std::vector<AgentGroupSetup::Stop> stops;
    for (const auto& event : scenario.events)
    {
        if (event.action != EventSpec::Action::group_stop || event.group != group)
            continue;
        const auto slot_ms = std::int64_t{scenario.slot_seconds} * 1000;
        const auto blocks = static_cast<std::uint64_t>((event.duration_ms + slot_ms - 1) / slot_ms);
        stops.push_back({event.at_block,
            blocks == 0 ? std::numeric_limits<std::uint64_t>::max() : event.at_block + blocks});
    }
    return stops;
}

std::vector<AgentGroupSetup::Change> changes_of(const Scenario& scenario, const std::string& group)
{
    std::vector<AgentGroupSetup::Change> changes;
    for (const auto* event : group_changes(scenario))
    {
        if (event->group != group)
            continue;
        const auto& parameters = event->parameters;
        changes.push_back({event->at_block, parameters, parameters.distribution("priority_fee"),
            parameters.distribution("max_base_fee_multiple"), parameters.distribution("max_fee")});
    }
    return changes;
}

std::function<std::unique_ptr<ConsensusEngine>(ShardRunner&, std::uint32_t)> engine_of(
    const Scenario& scenario)
{
    if (scenario.consensus.engine == ConsensusKind::proposer)
        return {};
    return [setup = scenario.consensus, seed = scenario.seed](ShardRunner& runner,
               std::uint32_t shards) { return make_engine(setup, seed, shards, runner); };
}

ChainSchedule::Options schedule_options(const Scenario& scenario, const Genesis& genesis)
{
    ChainSchedule::Options options;
    options.blocks = scenario.blocks;
    options.horizon = scenario.consensus.horizon;
    for (const auto& validator : genesis.validators)
        options.accounts.push_back(validator.account);
    options.delegators = genesis.delegators;
    options.compounds = scenario.consensus.engine == ConsensusKind::gasper;
    options.shares_fees = scenario.consensus.shares_fees();
    return options;
}

tl::expected<SimulationSetup, ScenarioError> make_simulation(const Scenario& scenario)
{
    auto genesis = build_genesis(scenario);
    if (!genesis)
        return tl::unexpected{genesis.error()};
    RUNNEL_CHECK(scenario.price_paths != nullptr && "a run needs its input files");
    SimulationSetup setup;
    auto script = make_script(scenario.script, scenario.created, genesis->arrivals, *genesis->world,
        scenario.chain.fees.block_gas_limit, scenario.chain.signatures);
    if (!script)
        return tl::unexpected{script.error()};
    setup.script = std::move(*script);
    auto block =
        execute_genesis(*genesis, scenario, storage::manifest_hash(make_manifest(scenario)));
    if (!block)
        return tl::unexpected{block.error()};
    setup.genesis = std::move(*block);
    setup.validators = validator_stakes(*genesis);
    setup.make_engine = engine_of(scenario);
    setup.schedule = schedule_options(scenario, *genesis);
    setup.gossip = make_gossip(scenario.consensus, scenario.seed);
    setup.mempool = mempool_options(scenario, *genesis);
    setup.conducts = maker_conducts(scenario, *genesis);
    if (scenario.consensus.shares_fees())
        setup.fee_pool = genesis->world->find_account(fee_pool_account_name);
    for (auto& group : genesis->groups)
    {
        setup.groups.push_back({group.spec->name, group.spec->strategy, group.spec->parameters,
            std::move(group.accounts), std::move(group.arrivals), group.spec->priority_fee,
            group.spec->max_base_fee_multiple, group.spec->max_fee,
            stops_of(scenario, group.spec->name), changes_of(scenario, group.spec->name)});
    }
    setup.world = std::move(genesis->world);
    setup.make_world = [scenario]
    {
        auto again = build_genesis(scenario);
        RUNNEL_CHECK(again.has_value() && "a genesis that was built can be built again");
        const auto executed =
            execute_genesis(*again, scenario, storage::manifest_hash(make_manifest(scenario)));
        RUNNEL_CHECK(executed.has_value());
        return std::move(again->world);
    };
    setup.participation = scenario.chain.participation;
    setup.block_reward = scenario.chain.block_reward;
    setup.prices = std::make_shared<const ReferencePrices>(*scenario.price_paths);
    setup.fees = scenario.chain.fees;
    setup.signatures = scenario.chain.signatures;
    setup.mempool_seen_at_ms = scenario.chain.mempool_seen_at_ms;
    setup.seed = scenario.seed;
    setup.blocks = scenario.blocks;
    setup.slot_seconds = scenario.slot_seconds;
    setup.times = scenario.times;
    setup.checkpoint_interval = scenario.chain.checkpoint_interval;
    return setup;
}

}  // namespace runnel::scenarios
