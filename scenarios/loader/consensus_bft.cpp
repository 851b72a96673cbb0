#include "scenarios/loader/loader.hpp"
#include "scenarios/loader/messages.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace runnel::scenarios
{
namespace
{

VirtualTime time_of(const Parameters& parameters, std::string_view key)
{
    return parameters.duration_ms(key) * one_millisecond;
}

std::uint32_t bps_of(const Parameters& parameters, std::string_view key)
{
    return static_cast<std::uint32_t>(std::llround(parameters.number(key) * 10'000));
}

template <typename Number>
void set_integer(Number& value, const Parameters& parameters, std::string_view key)
{
    value = static_cast<Number>(parameters.integer(key));
}

void set_protocol(BftOptions& options, const Parameters& parameters)
{
    options.timeout_propose = time_of(parameters, "timeout_propose");
    options.timeout_propose_delta = time_of(parameters, "timeout_propose_delta");
    options.timeout_prevote = time_of(parameters, "timeout_prevote");
    options.timeout_prevote_delta = time_of(parameters, "timeout_prevote_delta");
    options.timeout_precommit = time_of(parameters, "timeout_precommit");
    options.timeout_precommit_delta = time_of(parameters, "timeout_precommit_delta");
    options.timeout_commit = time_of(parameters, "timeout_commit");
    options.gossip_interval = time_of(parameters, "gossip_interval");
    set_integer(options.gossip_peers, parameters, "gossip_peers");
    options.status_interval = time_of(parameters, "status_interval");
    options.validation_share = parameters.number("validation_share");
    options.validation_time = time_of(parameters, "validation_time");
    set_integer(options.block_bytes, parameters, "block_bytes");
    set_integer(options.vote_bytes, parameters, "vote_bytes");
    options.watts = parameters.number("watts");
    options.reports_all_votes = parameters.boolean("reports_all_votes");
    set_integer(options.waiting, parameters, "waiting");
}

void set_stake(BftStakeOptions& options, const Parameters& parameters)
{
    options.stake = parameters.amount("stake");
    options.wei_per_vote = parameters.amount("stake_per_vote");
    set_integer(options.delegators, parameters, "delegators");
    options.delegated_share = parameters.number("delegated_share");
    options.commission_bps = bps_of(parameters, "commission");
    set_integer(options.seats, parameters, "seats");
    set_integer(options.activations_per_height, parameters, "activations_per_height");
    set_integer(options.exits_per_height, parameters, "exits_per_height");
    set_integer(options.set_delay, parameters, "set_delay");
    set_integer(options.unbonding_heights, parameters, "unbonding_heights");
    set_integer(options.evidence_heights, parameters, "evidence_heights");
    options.evidence_age = time_of(parameters, "evidence_age");
    options.inflation_per_year = parameters.number("inflation");
    options.proposer_reward_bps = bps_of(parameters, "proposer_reward");
    set_integer(options.payout_heights, parameters, "payout_heights");
    options.shares_fees = parameters.text("fees") == "stake";
    options.slash_double_vote_bps = bps_of(parameters, "slash_double_vote");
    options.slash_double_proposal_bps = bps_of(parameters, "slash_double_proposal");
    options.slash_invalid_block_bps = bps_of(parameters, "slash_invalid_block");
    options.tombstones = parameters.boolean("tombstones");
    options.joins_per_height = parameters.number("joins_per_height");
    options.leaves_per_height = parameters.number("leaves_per_height");
}

BftStrategy bft_strategy(std::string_view name)
{
    if (name == "offline")
        return BftStrategy::offline;
    if (name == "equivocating")
        return BftStrategy::equivocating;
    if (name == "censoring")
        return BftStrategy::censoring;
    if (name == "mev")
        return BftStrategy::mev;
    if (name == "invalid_block")
        return BftStrategy::invalid_block;
    return name == "amnesia" ? BftStrategy::amnesia : BftStrategy::honest;
}

}  // namespace

void Loader::read_bft(BftOptions& options)
{
    const auto table = inner_table("consensus", "bft");
    auto values = read(table, section("consensus.bft").keys);
    set_protocol(options, values.parameters);
    set_stake(options.stake, values.parameters);
    if (options.stake.evidence_heights >= options.stake.unbonding_heights)
        fail_key(table, "evidence_heights",
            fmt::format("expected fewer than the {} of unbonding, got {}",
                options.stake.unbonding_heights, options.stake.evidence_heights));
    // Scenarios without it keep their hashes.
    std::erase_if(values.canonical, [&](const Node::Member& member)
        { return member.key == "fees" && !options.stake.shares_fees; });
    resolve(table, values.canonical);
}

BftGroup Loader::bft_group(
    const NamedTable& table, std::string_view strategy, const TableValues& values) const
{
    const auto& parameters = values.parameters;
    BftGroup group;
    group.name = table.name;
    set_integer(group.validators, parameters, "count");
    if (parameters.has("share"))
        group.share = parameters.number("share");
    group.strategy = bft_strategy(strategy);
    if (group.strategy == BftStrategy::equivocating)
        group.equivocates_always = parameters.boolean("always");
    if (group.strategy == BftStrategy::invalid_block)
    {
        const auto& flaw = parameters.text("flaw");
        group.flaw = flaw == "overspend"          ? BlockFlaw::overspend
                     : flaw == "forged_signature" ? BlockFlaw::forged_signature
                                                  : BlockFlaw::wrong_state_root;
        check_flaw(table, group.flaw);
        group.flaw_share = parameters.number("flaw_share");
    }
    return group;
}

void Loader::finish_bft(ConsensusSetup& setup)
{
    auto& options = setup.bft;
    const auto bft = inner_table("consensus", "bft");
    const auto groups = inner_table("consensus", "groups");
    options.validators = 0;
    double shares = 0;
    bool has_rest = false;
    bool keeps_to_protocol = false;
    for (const auto& group : options.groups)
    {
        options.validators += group.validators;
        shares += group.share;
        has_rest = has_rest || group.share == 0;
        keeps_to_protocol = keeps_to_protocol || group.strategy == BftStrategy::honest;
    }
    options.observers = setup.nodes - options.validators;
    constexpr double rounding = 1e-9;
    if (shares > 1 + rounding || (has_rest && shares > 1 - rounding))
        fail_key(groups, "share",
            fmt::format("expected shares of the stake that leave something to groups without one, "
                        "got {} in all",
                shortest_decimal(shares)));
    if (!keeps_to_protocol && options.observers == 0)
        fail_key(groups, "strategy",
            "expected an honest group, or more nodes than the groups have, whose chain can be "
            "told");
    if (options.waiting >= options.validators)
        fail_key(bft, "waiting",
            fmt::format("expected fewer than the {} validators, got {}", options.validators,
                options.waiting));
    const auto per_validator = options.stake.stake.to_double();
    const auto votes = per_validator / options.stake.wei_per_vote.to_double();
    constexpr double votes_max = 1e17;
    if (votes < 1 || votes * options.validators > votes_max)
        fail_key(bft, "stake_per_vote",
            fmt::format("expected between 1 and 1e17 votes in all, at least one each, got {:.3g}",
                votes * options.validators));
    read_stake_operations(options);
}

void Loader::read_stake_operations(BftOptions& options)
{
    const auto& operations = section("consensus.stakes");
    for (const auto& table : inner_tables("consensus", "stakes"))
    {
        std::vector<std::string_view> kinds;
        for (const auto& variant : operations.variants)
            kinds.push_back(variant.name);
        const auto kind = select(table, operations, kinds, "what is done with a stake");
        auto keys = operations.keys;
        for (const auto& variant : operations.variants)
        {
            if (variant.name == kind)
                keys.insert(keys.end(), variant.keys.begin(), variant.keys.end());
        }
        const auto values = read(table, keys);
        const auto& parameters = values.parameters;
        BftStakeOperation operation;
        set_integer(operation.height, parameters, "height");
        set_integer(operation.validator, parameters, "validator");
        if (operation.validator >= options.validators)
            fail_key(table, "validator",
                fmt::format(
                    "expected a number below {}, got {}", options.validators, operation.validator));
        operation.kind = kind == "deposit"    ? BftStakeOperationKind::deposit
                         : kind == "exit"     ? BftStakeOperationKind::exit
                         : kind == "delegate" ? BftStakeOperationKind::delegate
                                              : BftStakeOperationKind::undelegate;
        if (kind != "exit")
            operation.amount = parameters.amount("amount");
        if (kind == "delegate" || kind == "undelegate")
            set_integer(operation.delegator, parameters, "delegator");
        options.stake.operations.push_back(operation);
        resolve(table, values.canonical);
    }
    std::stable_sort(options.stake.operations.begin(), options.stake.operations.end(),
        [](const BftStakeOperation& a, const BftStakeOperation& b) { return a.height < b.height; });
}

}  // namespace runnel::scenarios
