#include "scenarios/loader/loader.hpp"
#include "scenarios/loader/messages.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace runnel::scenarios
{
namespace
{

template <typename Number>
void set_integer(Number& value, const Parameters& parameters, std::string_view key)
{
    value = static_cast<Number>(parameters.integer(key));
}

std::uint64_t gwei_of(const Amount& wei)
{
    return div_down(wei, 1'000'000'000).low64();
}

GasperStrategy gasper_strategy(std::string_view name)
{
    if (name == "offline")
        return GasperStrategy::offline;
    if (name == "equivocating")
        return GasperStrategy::equivocating;
    if (name == "surround")
        return GasperStrategy::surround;
    if (name == "censoring")
        return GasperStrategy::censoring;
    if (name == "mev")
        return GasperStrategy::mev;
    if (name == "invalid_block")
        return GasperStrategy::invalid_block;
    return name == "ex_ante_reorg" ? GasperStrategy::ex_ante_reorg : GasperStrategy::honest;
}

void set_protocol(GasperOptions& options, const Parameters& parameters)
{
    set_integer(options.slots_per_epoch, parameters, "slots_per_epoch");
    set_integer(options.validators_per_node, parameters, "validators_per_node");
    set_integer(options.aggregators, parameters, "aggregators");
    options.gossip_batch_ms = static_cast<std::uint32_t>(parameters.duration_ms("gossip_batch"));
    options.proposer_boost_percent =
        static_cast<std::uint32_t>(std::llround(parameters.number("proposer_boost") * 100));
    set_integer(options.block_bytes, parameters, "block_bytes");
    options.validation_probability = parameters.number("validation_share");
    options.fraud_proofs = parameters.boolean("fraud_proofs");
    options.slashes_invalid_blocks = parameters.boolean("slash_invalid_block");
    options.watts_per_node = parameters.number("watts");
}

void set_stake(GasperOptions& options, const Parameters& parameters)
{
    options.deposit_gwei = gwei_of(parameters.amount("deposit"));
    options.effective_balance_max_gwei = options.deposit_gwei;
    options.ejection_balance_gwei = gwei_of(parameters.amount("ejection_balance"));
    set_integer(options.base_reward_factor, parameters, "base_reward_factor");
    set_integer(options.inactivity_score_bias, parameters, "inactivity_score_bias");
    set_integer(options.inactivity_score_recovery_rate, parameters, "inactivity_recovery");
    set_integer(options.inactivity_penalty_quotient, parameters, "inactivity_quotient");
    set_integer(options.epochs_to_inactivity_penalty, parameters, "epochs_to_leak");
    set_integer(options.churn_per_epoch_min, parameters, "churn_min");
    set_integer(options.churn_quotient, parameters, "churn_quotient");
    set_integer(options.seed_lookahead_max_epochs, parameters, "lookahead");
    set_integer(options.shard_committee_period_epochs, parameters, "service");
    set_integer(options.withdrawability_delay_epochs, parameters, "withdrawal_delay");
    options.slashing = parameters.text("slashing") == "bellatrix" ? SlashingRule::bellatrix
                                                                  : SlashingRule::electra;
    set_integer(options.slashings_window_epochs, parameters, "slashings_window");
    set_integer(options.proportional_slashing_multiplier, parameters, "slashing_multiplier");
}

}  // namespace

void Loader::read_gasper(GasperOptions& options)
{
    const auto table = inner_table("consensus", "gasper");
    auto values = read(table, section("consensus.gasper").keys);
    set_protocol(options, values.parameters);
    set_stake(options, values.parameters);
    // For finish_gasper(), which knows how many there are.
    set_integer(options.genesis_validators, values.parameters, "waiting");
    constexpr std::uint64_t deposit_max = 1'000'000'000'000'000;  // A million ethers.
    if (options.deposit_gwei > deposit_max || options.deposit_gwei % 1'000'000'000 != 0)
        fail_key(table, "deposit",
            fmt::format(
                "expected whole ethers, at most a million, got {} gwei", options.deposit_gwei));
    // Scenarios without it keep their hashes.
    std::erase_if(values.canonical, [&](const Node::Member& member)
        { return member.key == "slash_invalid_block" && !options.slashes_invalid_blocks; });
    resolve(table, values.canonical);
}

GasperGroup Loader::gasper_group(
    const NamedTable& table, std::string_view strategy, const TableValues& values) const
{
    const auto& parameters = values.parameters;
    GasperGroup group;
    group.name = table.name;
    group.strategy = gasper_strategy(strategy);
    if (scenario_.consensus.engine == ConsensusKind::gasper && parameters.has("share"))
        fail_key(table, "share", "expected none, as every validator has the same deposit");
    if (group.strategy == GasperStrategy::equivocating)
        group.equivocates_always = parameters.boolean("always");
    set_integer(group.count, parameters, "count");
    group.from = parameters.duration_ms("faulty_from") * one_millisecond;
    if (const auto until = parameters.duration_ms("faulty_until"); until != 0)
    {
        group.until = until * one_millisecond;
        if (group.until <= group.from)
            fail_key(table, "faulty_until",
                fmt::format(
                    "expected a time after faulty_from, got {}", format_duration_ms(until)));
    }
    if (group.strategy == GasperStrategy::invalid_block)
    {
        const auto& flaw = parameters.text("flaw");
        group.flaw = flaw == "overspend"          ? BlockFlaw::overspend
                     : flaw == "forged_signature" ? BlockFlaw::forged_signature
                                                  : BlockFlaw::wrong_state_root;
        group.flaw_share = parameters.number("flaw_share");
        check_flaw(table, group.flaw);
    }
    return group;
}

void Loader::finish_gasper(ConsensusSetup& setup)
{
    auto& options = setup.gasper;
    options.slot_seconds = static_cast<std::uint32_t>(scenario_.slot_seconds);
    const auto gasper = inner_table("consensus", "gasper");
    const auto groups = inner_table("consensus", "groups");
    std::uint64_t nodes = 0;
    bool has_honest = false;
    for (const auto& group : options.groups)
    {
        nodes += group.count;
        has_honest = has_honest || group.strategy == GasperStrategy::honest;
    }
    const auto validators = nodes * options.validators_per_node;
    constexpr std::uint64_t validators_max = 1'000'000;
    if (validators > validators_max)
        fail_key(gasper, "validators_per_node",
            fmt::format(
                "expected at most {} validators in all, got {}", validators_max, validators));
    options.validators = static_cast<std::uint32_t>(validators);
    options.observers = setup.nodes - static_cast<std::uint32_t>(nodes);
    if (!has_honest && options.observers == 0)
        fail_key(groups, "strategy",
            "expected an honest group, or more nodes than the groups have, whose chain can be "
            "told");
    const auto waiting = options.genesis_validators;
    if (waiting >= options.validators)
        fail_key(gasper, "waiting",
            fmt::format(
                "expected fewer than the {} validators, got {}", options.validators, waiting));
    options.genesis_validators = options.validators - waiting;
    read_gasper_orders(options);
}

void Loader::read_gasper_orders(GasperOptions& options)
{
    const auto& operations = section("consensus.stakes");
    for (const auto& table : inner_tables("consensus", "stakes"))
    {
        const std::vector<std::string_view> kinds{"deposit", "exit"};
        const auto kind = select(table, operations, kinds, "what is done with a stake");
        auto keys = operations.keys;
        for (const auto& variant : operations.variants)
        {
            if (variant.name == kind)
                keys.insert(keys.end(), variant.keys.begin(), variant.keys.end());
        }
        const auto values = read(table, keys);
        const auto& parameters = values.parameters;
        GasperStakeOrder order;
        order.at = parameters.integer("height") * options.slot_seconds * one_second;
        set_integer(order.validator, parameters, "validator");
        if (order.validator >= options.validators)
            fail_key(table, "validator",
                fmt::format(
                    "expected a number below {}, got {}", options.validators, order.validator));
        if (kind == "deposit")
        {
            order.gwei = gwei_of(parameters.amount("amount"));
            if (order.gwei == 0 || order.gwei > options.deposit_gwei * 1'000)
                fail_key(table, "amount",
                    fmt::format("expected between a gwei and a thousand deposits, got {} gwei",
                        order.gwei));
            options.deposits.push_back(order);
        }
        else
            options.exits.push_back(order);
        resolve(table, values.canonical);
    }
    const auto is_earlier = [](const GasperStakeOrder& a, const GasperStakeOrder& b)
    { return a.at < b.at; };
    std::stable_sort(options.deposits.begin(), options.deposits.end(), is_earlier);
    std::stable_sort(options.exits.begin(), options.exits.end(), is_earlier);
}

}  // namespace runnel::scenarios
