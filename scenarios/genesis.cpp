#include "scenarios/genesis.hpp"

#include "contracts/kit/token.hpp"
#include "execution/executor.hpp"
#include "ledger/philox.hpp"
#include "scenarios/arrivals.hpp"
#include "scenarios/loader/units.hpp"
#include "scenarios/positions.hpp"
#include "scenarios/world_state.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace runnel::scenarios
{
namespace
{

tl::unexpected<ScenarioError> fail(std::string message)
{
    return tl::unexpected<ScenarioError>{ScenarioError{std::move(message)}};
}

/// Of whoever sends transactions: the one that follows from its name, zero, or that of its key.
Address address_of_sender(const Scenario& scenario, std::string_view name)
{
    return scenario.chain.signatures == SignatureScheme::none ? Address{}
                                                              : key_address_of_name(name);
}

/// Tokens and contracts, with an account each, in the order of their ids.
void add_contracts(World& world, const Scenario& scenario)
{
    const auto add = [&](const std::string& name, const ContractType& type,
                         const Parameters& parameters, std::string_view role)
    {
        const auto account = world.add_account({name, std::string{role}, "", {}});
        const ContractId id{static_cast<std::uint32_t>(world.contract_count())};
        world.add_contract(type.create(parameters, {id, account, name}));
    };
    for (const auto& token : scenario.tokens)
        add(token.name, *token.type, token.parameters, "token");
    for (const auto& contract : scenario.contracts)
        add(contract.name, *contract.type, contract.parameters, to_string(contract.type->role));
    world.connect();
}

std::vector<Validator> add_validators(World& world, const Scenario& scenario)
{
    constexpr unsigned native_decimals = 18;
    const auto stream = stream_of_name("validator/stake");
    std::vector<Validator> validators;
    const bool has_network = scenario.consensus.engine != ConsensusKind::proposer;
    const auto count = has_network ? scenario.consensus.makers() : scenario.chain.validators;
    for (std::uint32_t number = 0; number < count; ++number)
    {
        RandomStream random{scenario.seed, stream, number, 0};
        const auto stake = smallest_units(scenario.chain.stake.draw(random), native_decimals);
        const auto name = fmt::format("validator/{}", number);
        validators.push_back(
            {world.add_account({name, "validator", "", address_of_sender(scenario, name)}),
                stake.value_or(Amount{})});
    }
    if (has_network)
        world.add_account({std::string{deposits_account_name}, "validator", "", {}});
    if (scenario.consensus.shares_fees())
        world.add_account({std::string{fee_pool_account_name}, "validator", "", {}});
    return validators;
}

std::map<std::uint32_t, AccountId> add_delegators(World& world, const Scenario& scenario)
{
    if (scenario.consensus.engine != ConsensusKind::bft)
        return {};
    std::map<std::uint32_t, AccountId> delegators;
    const auto& bft = scenario.consensus.bft;
    const auto add = [&](std::uint32_t number, const std::string& name)
    {
        delegators.emplace(
            number, world.add_account({name, "delegator", "", address_of_sender(scenario, name)}));
    };
    // Those of the beginning are numbered through, validator by validator.
    std::uint32_t number = 0;
    for (NodeId validator = 0; validator < bft.validators - bft.waiting; ++validator)
    {
        for (std::uint32_t i = 1; i <= bft.stake.delegators; ++i)
            add(++number, fmt::format("delegator/{}/{}", validator, i));
    }
    for (const auto& operation : bft.stake.operations)
    {
        if (operation.delegator != 0 && !delegators.contains(operation.delegator))
            add(operation.delegator, fmt::format("delegator/{}", operation.delegator));
    }
    return delegators;
}

void allocate(World& world, ContractId token, AccountId account, const Amount& amount)
{
    if (amount.is_zero())
        return;
    if (token == native_coin)
    {
        auto& balance = world.account_states.at(account).balance;
        balance = wrapping_add(balance, amount);
        auto& supply = world.native_supply.at(0);
        supply = wrapping_add(supply, amount);
        return;
    }
    contracts::token_at(world, token).allocate(world, account, amount);
}

/// What strategies find wrong with the parameters that their groups will have.
std::optional<ScenarioError> check_group_changes(const World& world, const Scenario& scenario)
{
    for (const auto* event : group_changes(scenario))
    {
        const auto agent = std::find_if(scenario.agents.begin(), scenario.agents.end(),
            [&](const AgentSpec& spec) { return spec.name == event->group; });
        const auto check = agent->strategy->validate_in;
        const auto wrong = check == nullptr ? std::string{} : check(event->parameters, world);
        if (!wrong.empty())
        {
            return ScenarioError{
                fmt::format("{}: events.{}.parameters.{}", event->place, event->name, wrong)};
        }
    }
    return std::nullopt;
}

/// What is wrong with giving away a token at block 0, if something is.
std::optional<ScenarioError> check_fundable(
    const World& world, const Scenario& scenario, ContractId token, const std::string& table)
{
    const auto* contract = token == native_coin ? nullptr : contracts::find_token(world, token);
    if (token == native_coin || (contract != nullptr && contract->can_be_allocated()))
        return std::nullopt;
    const auto& info = scenario.tokens.at(index(token));
    return ScenarioError{
        fmt::format("{}.funds.{}: expected a token that block 0 can give, got one of kind {}",
            table, info.name, info.type->kind)};
}

/// Gives wallets that are there what they draw; to others it is sent.
std::optional<ScenarioError> fund(World& world, const Scenario& scenario, const AgentGroup& group)
{
    const auto& spec = *group.spec;
    for (const auto& [token, distribution] : spec.funds)
    {
        if (auto error = check_fundable(
                world, scenario, token, fmt::format("{}: agents.{}", spec.place, spec.name)))
            return error;
        for (std::uint32_t number = 0; number < group.accounts.size(); ++number)
        {
            auto amount = draw_funds(scenario, spec, token, distribution, number);
            if (!amount)
                return std::move(amount.error());
            allocate(world, token, group.accounts[number], *amount);
        }
    }
    return std::nullopt;
}

std::optional<ScenarioError> fund_accounts(World& world, const Scenario& scenario)
{
    for (const auto& spec : scenario.accounts)
    {
        const auto account = *world.find_account(spec.name);
        for (const auto& [token, amount] : spec.funds)
        {
            if (auto error = check_fundable(
                    world, scenario, token, fmt::format("{}: accounts.{}", spec.place, spec.name)))
                return error;
            allocate(world, token, account, amount);
        }
    }
    return std::nullopt;
}

/// What an event makes of a price path from its block on. Returns the first block whose price 1e-8
/// USD cannot hold within a thousandth, or that is too high; nothing if there is none.
std::optional<std::size_t> apply(
    const EventSpec& event, std::uint32_t slot_seconds, PricePath& path)
{
    std::optional<std::size_t> lost;
    const auto scale_from = [&](std::size_t first, double factor)
    {
        constexpr double tolerance = 1e-3;
        for (auto block = first; block < path.size() && !lost; ++block)
        {
            const auto price = static_cast<double>(path[block]) * factor;
            const auto held = std::floor(price + 0.5);
            if (std::abs(held - price) > price * tolerance || held > static_cast<double>(price_max))
                lost = block;
            else
                path[block] = static_cast<std::uint64_t>(held);
        }
    };
    const auto first = static_cast<std::size_t>(event.at_block);
    if (first >= path.size())
        return std::nullopt;
    if (event.action == EventSpec::Action::price_shock)
    {
        if (event.factor != 1)
            scale_from(first, event.factor);
        return lost;
    }
    const auto slot_ms = std::int64_t{slot_seconds} * 1000;
    const auto steps = std::max<std::int64_t>(1, event.duration_ms / slot_ms);
    const auto start = static_cast<double>(path[first == 0 ? 0 : first - 1]);
    const auto target = static_cast<double>(event.price);
    const auto last = first + static_cast<std::size_t>(steps) - 1;
    if (last < path.size())
        scale_from(last + 1, target / static_cast<double>(path[last]));
    for (auto block = first; block <= std::min(last, path.size() - 1); ++block)
    {
        const auto share = static_cast<double>(block - first + 1) / static_cast<double>(steps);
        path[block] = static_cast<std::uint64_t>(start + (target - start) * share + 0.5);
    }
    return lost;
}

struct Named
{
    std::string path;
    std::string place;
    const Parameters* parameters;
};

/// What the contract with this id is called in the scenario file.
Named named(const Scenario& scenario, ContractId id)
{
    const auto number = index(id);
    if (number < scenario.tokens.size())
    {
        const auto& token = scenario.tokens[number];
        return {"tokens." + token.name, token.place, &token.parameters};
    }
    const auto& contract = scenario.contracts.at(number - scenario.tokens.size());
    return {"contracts." + contract.name, contract.place, &contract.parameters};
}

}  // namespace

tl::expected<Genesis, ScenarioError> build_genesis(const Scenario& scenario)
{
    Genesis genesis;
    genesis.world = std::make_unique<World>();
    auto& world = *genesis.world;
    add_contracts(world, scenario);
    genesis.validators = add_validators(world, scenario);
    genesis.delegators = add_delegators(world, scenario);
    const bool may_revert = scenario.consensus.engine == ConsensusKind::pow ||
                            scenario.consensus.engine == ConsensusKind::gasper;
    for (const auto& spec : scenario.agents)
    {
        // Accounts are numbered as blocks name them, and a branch may name them in another order.
        if (spec.arrives() && may_revert)
        {
            return fail(
                fmt::format("{}: agents.{}: wallets cannot arrive where consensus.engine "
                            "is {}, which takes blocks back",
                    spec.place, spec.name, to_string(scenario.consensus.engine)));
        }
        AgentGroup group{&spec, {}, {}};
        for (std::uint32_t number = 0; number < spec.count; ++number)
        {
            const auto name = fmt::format("{}/{}", spec.name, number);
            AccountInfo wallet{name, "wallet", std::string{spec.strategy->name},
                address_of_sender(scenario, name), {}};
            if (spec.arrives())
            {
                const auto address =
                    wallet.address == Address{} ? address_of_name(name) : wallet.address;
                group.arrivals.push_back({Arrival::never, address, {}});
                world.expect_account(std::move(wallet));
            }
            else
                group.accounts.push_back(world.add_account(std::move(wallet)));
        }
        genesis.groups.push_back(std::move(group));
    }
    for (const auto& spec : scenario.accounts)
    {
        const auto address = address_of_sender(scenario, spec.name);
        // By their role balance_at() knows who may get tips.
        const bool builds =
            scenario.chain.ordering == Ordering::builders &&
            std::any_of(scenario.builders.begin(), scenario.builders.end(),
                [&](const BuilderEntry& builder) { return builder.account == spec.name; });
        const auto account =
            world.add_account({spec.name, builds ? "builder" : "account", "", address});
        if (address != Address{} && world.account(account).address != address)
        {
            return fail(
                fmt::format("{}: accounts.\"{}\": nobody has the key of an account that is "
                            "called by its address, expected chain.signatures = \"none\"",
                    spec.place, spec.name));
        }
    }
    if (scenario.consensus.engine == ConsensusKind::gasper)
    {
        // Who is there from the start has his deposit there from the start.
        const auto& gasper = scenario.consensus.gasper;
        const std::uint64_t staked =
            gasper.genesis_validators == 0 ? gasper.validators : gasper.genesis_validators;
        allocate(world, native_coin, *world.find_account(deposits_account_name),
            wrapping_mul(wrapping_mul(gasper.deposit_gwei, staked), 1'000'000'000));
    }
    if (auto error = fund_accounts(world, scenario))
        return tl::unexpected<ScenarioError>{std::move(*error)};
    for (const auto& group : genesis.groups)
    {
        if (auto error = fund(world, scenario, group))
            return tl::unexpected<ScenarioError>{std::move(*error)};
    }
    if (auto error = add_arrivals(genesis, scenario))
        return tl::unexpected<ScenarioError>{std::move(*error)};
    for (const auto& spec : scenario.agents)
    {
        const auto check = spec.strategy->validate_in;
        const auto wrong = check == nullptr ? std::string{} : check(spec.parameters, world);
        if (!wrong.empty())
            return fail(fmt::format("{}: agents.{}.{}", spec.place, spec.name, wrong));
    }
    if (auto error = check_group_changes(world, scenario))
        return tl::unexpected<ScenarioError>{std::move(*error)};
    GenesisBuilder builder{world};
    for (std::uint32_t i = 0; i < world.contract_count(); ++i)
    {
        const ContractId id{i};
        world.contract(id).genesis(*named(scenario, id).parameters, builder);
        genesis.transaction_contracts.resize(builder.transaction_count(), id);
    }
    if (auto error = add_state(builder, scenario))
        return tl::unexpected<ScenarioError>{std::move(*error)};
    if (auto error = add_positions(genesis, builder, scenario))
        return tl::unexpected<ScenarioError>{std::move(*error)};
    genesis.transactions = builder.take_transactions();
    return genesis;
}

std::optional<Address> expected_address(const World& world, std::string_view name)
{
    if (const auto address = address_of_name(name); world.is_expected(address))
        return address;
    if (const auto address = key_address_of_name(name); world.is_expected(address))
        return address;
    return std::nullopt;
}

std::vector<const EventSpec*> group_changes(const Scenario& scenario)
{
    std::vector<const EventSpec*> changes;
    for (const auto& event : scenario.events)
    {
        if (event.action == EventSpec::Action::group_set)
            changes.push_back(&event);
    }
    std::stable_sort(changes.begin(), changes.end(),
        [](const auto* a, const auto* b) { return a->at_block < b->at_block; });
    return changes;
}

tl::expected<std::vector<PricePath>, ScenarioError> build_price_paths(const Scenario& scenario)
{
    std::vector<PricePath> paths(scenario.tokens.size());
    for (const auto& price : scenario.prices)
    {
        const PriceGrid grid{scenario.seed, price.token, static_cast<std::int64_t>(scenario.start),
            scenario.slot_seconds, scenario.price_count()};
        auto path = make_price_path(price.model, grid);
        if (!path)
            return fail(fmt::format("{}: prices.{}: {}", price.place, price.token, path.error()));
        const auto token = std::find_if(scenario.tokens.begin(), scenario.tokens.end(),
            [&](const TokenSpec& candidate) { return candidate.name == price.token; });
        paths.at(static_cast<std::size_t>(token - scenario.tokens.begin())) = std::move(*path);
    }

    // In order of time, then name; each finds what those before it have left.
    std::vector<const EventSpec*> events;
    for (const auto& event : scenario.events)
        events.push_back(&event);
    std::stable_sort(events.begin(), events.end(),
        [](const EventSpec* a, const EventSpec* b) { return a->at_block < b->at_block; });
    for (const auto* event : events)
    {
        for (std::size_t token = 0; token < paths.size(); ++token)
        {
            if (event->token != scenario.tokens[token].name)
                continue;
            if (const auto lost = apply(*event, scenario.slot_seconds, paths[token]))
            {
                return fail(
                    fmt::format("{}: events.{}: expected prices that 1e-8 USD can hold within "
                                "a thousandth, up to {} USD, got another for {} in block {}",
                        scenario.name, event->name, price_max / 100'000'000, event->token, *lost));
            }
        }
    }
    return paths;
}

tl::expected<FinishedBlock, ScenarioError> execute_genesis(
    Genesis& genesis, const Scenario& scenario, const Hash& manifest_hash)
{
    auto& world = *genesis.world;
    BlockHeader allocations;
    allocations.state_root = world.checkpoint_root();
    BlockContext context;
    context.timestamp = scenario.start;
    context.base_fee = scenario.chain.fees.initial_base_fee;
    context.gas_limit = scenario.chain.fees.block_gas_limit;
    ExecutionOptions options;
    options.free_gas = true;
    options.checkpoint_interval = scenario.chain.checkpoint_interval;
    options.snapshots = Snapshots::all_in_full;
    BlockExecution execution;
    auto block = execute_block(execution, world, context, allocations, manifest_hash, 0,
        std::move(genesis.transactions), {}, options);
    genesis.transactions.clear();
    for (std::size_t i = 0; i < block.receipts.size(); ++i)
    {
        const auto& receipt = block.receipts[i];
        if (receipt.status == ReceiptStatus::reverted)
        {
            const auto asked = genesis.transaction_contracts.size();
            if (i >= asked)
            {
                return fail(fmt::format(
                    "{}: expected a position that the market takes, got the refusal: {}",
                    genesis.position_places.at(i - asked), receipt.refusal.to_string()));
            }
            const auto contract = named(scenario, genesis.transaction_contracts.at(i));
            return fail(
                fmt::format("{}: {}: expected parameters that block 0 can start from, got "
                            "the refusal: {}",
                    contract.place, contract.path, receipt.refusal.to_string()));
        }
    }
    if (const auto findings = world.check_invariants(); !findings.empty())
    {
        return fail(fmt::format("{}: expected invariants that hold after block 0, got: {}",
            scenario.name, findings.front()));
    }
    if (scenario.consensus.engine != ConsensusKind::proposer)
    {
        auto notes = std::make_shared<ConsensusNotes>();
        notes->nodes =
            network_nodes(scenario.consensus, scenario.seed, genesis.validators.front().account);
        block.consensus = std::move(notes);
    }
    return block;
}

}  // namespace runnel::scenarios
