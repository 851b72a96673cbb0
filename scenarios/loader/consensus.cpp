#include "scenarios/loader/loader.hpp"
#include "scenarios/loader/messages.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace runnel::scenarios
{
namespace
{

VirtualTime virtual_time(std::int64_t ms)
{
    return ms * one_millisecond;
}

std::uint64_t bits_per_second(double megabits)
{
    return static_cast<std::uint64_t>(megabits * 1e6);
}

const Node& canonical(const TableValues& values, std::string_view key)
{
    return std::find_if(values.canonical.begin(), values.canonical.end(),
        [key](const Node::Member& member) { return member.key == key; })
        ->node;
}

std::vector<std::string> names_in(const TableValues& values, std::string_view key)
{
    std::vector<std::string> names;
    for (const auto& node : *canonical(values, key).as<Node::Array>())
        names.push_back(*node.as<std::string>());
    return names;
}

std::vector<double> numbers_in(const TableValues& values, std::string_view key)
{
    std::vector<double> numbers;
    for (const auto& node : *canonical(values, key).as<Node::Array>())
        numbers.push_back(*finite_number(node));
    return numbers;
}

std::vector<std::string_view> variant_names(const Section& section)
{
    std::vector<std::string_view> names;
    for (const auto& variant : section.variants)
        names.push_back(variant.name);
    return names;
}

std::vector<Key> keys_of(const Section& section, std::string_view chosen)
{
    auto keys = section.keys;
    for (const auto& variant : section.variants)
    {
        if (variant.name == chosen)
            keys.insert(keys.end(), variant.keys.begin(), variant.keys.end());
    }
    return keys;
}

/// What an engine's nodes can do.
std::vector<std::string_view> strategies_of(ConsensusKind engine)
{
    switch (engine)
    {
        case ConsensusKind::pow: return {"honest", "selfish", "double_spend", "pool_hopping"};
        case ConsensusKind::bft:
            return {"honest", "offline", "equivocating", "censoring", "mev", "invalid_block",
                "amnesia"};
        case ConsensusKind::gasper:
            return {"honest", "offline", "equivocating", "surround", "censoring", "mev",
                "invalid_block", "ex_ante_reorg"};
        case ConsensusKind::proposer: break;
    }
    return {"honest"};
}

MinerStrategy miner_strategy(std::string_view name)
{
    if (name == "selfish")
        return MinerStrategy::selfish;
    if (name == "double_spend")
        return MinerStrategy::double_spend;
    return name == "pool_hopping" ? MinerStrategy::pool_hopping : MinerStrategy::honest;
}

MinerGroup miner_group(
    const std::string& name, std::string_view strategy, const Parameters& parameters)
{
    MinerGroup group;
    group.name = name;
    group.count = static_cast<std::uint32_t>(parameters.integer("count"));
    if (parameters.has("share"))
        group.share = parameters.number("share");
    group.spread = parameters.number("spread");
    group.strategy = miner_strategy(strategy);
    group.joules_per_terahash = parameters.number("joules_per_terahash");
    group.mines_from = virtual_time(parameters.duration_ms("mines_from"));
    group.mines_until = virtual_time(parameters.duration_ms("mines_until"));
    group.pool = parameters.text("pool");
    if (group.strategy == MinerStrategy::selfish || group.strategy == MinerStrategy::double_spend)
        group.connectivity = parameters.number("connectivity");
    if (group.strategy == MinerStrategy::double_spend)
    {
        group.confirmations = static_cast<std::uint32_t>(parameters.integer("confirmations"));
        group.premines = parameters.boolean("premines");
        group.gives_up_behind = static_cast<std::uint32_t>(parameters.integer("gives_up_behind"));
    }
    if (group.strategy == MinerStrategy::pool_hopping)
        group.hops_after = parameters.number("hops_after");
    return group;
}

}  // namespace

Loader::NamedTable Loader::inner_table(std::string_view outer, std::string_view name) const
{
    static const Node empty{Node::Table{}};
    const auto path = fmt::format("{}.{}", outer, name);
    const auto* around = document_.root().find(outer);
    const auto* member = around == nullptr ? nullptr : around->node.find(name);
    if (member == nullptr)
        return {&empty, {1, 0}, path, path};
    if (member->node.as<Node::Table>() == nullptr)
        document_.fail(
            member->place, path, fmt::format("expected a table, got {}", shown(member->node)));
    return {&member->node, member->place, path, path};
}

std::vector<Loader::NamedTable> Loader::inner_tables(
    std::string_view outer, std::string_view name) const
{
    const auto around = inner_table(outer, name);
    std::vector<NamedTable> tables;
    for (const auto& member : *around.node->as<Node::Table>())
    {
        tables.push_back({&member.node, member.place, member.key,
            fmt::format("{}.{}", around.path, member.key)});
        check_name(tables.back());
        if (tables.size() > groups_max)
        {
            document_.fail(member.place, around.path,
                fmt::format("expected at most {} tables, got more", groups_max));
        }
    }
    return tables;
}

TableValues Loader::read_outer(std::string_view name)
{
    const auto table = single_table(name);
    Node own{Node::Table{}, table.place};
    for (const auto& member : *table.node->as<Node::Table>())
    {
        const auto path = fmt::format("{}.{}", name, member.key);
        const bool is_section = std::any_of(sections().begin(), sections().end(),
            [&](const Section& candidate) { return candidate.name == path; });
        if (!is_section)
            std::get<Node::Table>(own.value).push_back(member);
    }
    auto values =
        TableReader{document_, names_}.read(own, table.place, table.path, section(name).keys);
    resolve(table, values.canonical);
    return values;
}

void Loader::read_consensus()
{
    // A scenario without them is what it was before there were such sections.
    const auto& root = document_.root();
    if (root.find("consensus") == nullptr && root.find("network") == nullptr &&
        root.find("faults") == nullptr)
        return;
    auto& setup = scenario_.consensus;
    const auto values = read_outer("consensus");
    for (const auto kind :
        {ConsensusKind::proposer, ConsensusKind::pow, ConsensusKind::bft, ConsensusKind::gasper})
    {
        if (values.parameters.text("engine") == to_string(kind))
            setup.engine = kind;
    }
    setup.horizon = static_cast<std::uint64_t>(values.parameters.integer("horizon"));
    const auto& mempools = values.parameters.text("mempools");
    setup.own_mempools =
        mempools == "own" || (mempools == "usual" && setup.engine == ConsensusKind::pow);
    if (setup.own_mempools && setup.engine == ConsensusKind::proposer)
    {
        fail_key(single_table("consensus"), "mempools",
            "expected usual or shared with the engine proposer, which has no network, got own");
    }
    read_pow(setup.pow);
    read_pools(setup.pow);
    read_bft(setup.bft);
    read_gasper(setup.gasper);
    read_network(setup);
    read_groups(setup);
    read_faults(setup);
    const auto ordering = scenario_.chain.ordering;
    if (setup.engine != ConsensusKind::proposer &&
        (takes_bundles(ordering) || ordering == Ordering::commit_reveal))
    {
        fail_key(single_table("chain"), "ordering",
            fmt::format("expected priority_fee, fifo or random with the engine {}, got {}",
                to_string(setup.engine), to_string(ordering)));
    }
    check_reserved_names();
}

void Loader::check_reserved_names() const
{
    const auto& setup = scenario_.consensus;
    if (setup.engine == ConsensusKind::proposer)
        return;
    const auto is_account = [this](std::string_view name)
    {
        return std::any_of(account_tables_.begin(), account_tables_.end(),
            [&](const NamedTable& account) { return account.name == name; });
    };
    std::vector<std::string_view> reserved{deposits_account_name};
    if (setup.shares_fees())
        reserved.push_back(fee_pool_account_name);
    for (const auto name : reserved)
    {
        if (is_account(name) || names_.find_contract(name))
        {
            fail_key(single_table("consensus"), "engine",
                fmt::format("expected no account, token or contract named {}: there the engine {} "
                            "keeps coins",
                    name, to_string(setup.engine)));
        }
    }
    if (setup.engine == ConsensusKind::bft && names_.group_size("delegator"))
    {
        fail_key(single_table("consensus"), "engine",
            "expected no group of agents named delegator: those who delegate are called so");
    }
}

void Loader::read_network(ConsensusSetup& setup)
{
    const auto table = single_table("network");
    const auto values = read_outer("network");
    const auto& parameters = values.parameters;
    setup.nodes = static_cast<std::uint32_t>(parameters.integer("nodes"));
    setup.transaction_delay = virtual_time(parameters.duration_ms("transaction_delay"));
    const auto preset = parameters.text("preset");
    const auto regions = inner_tables("network", "regions");
    const bool has_preset = preset != "none";
    auto& model = setup.network;
    if (has_preset)
        model = simblock_network(preset == "simblock_2015" ? 2015 : 2019);
    if (has_preset && !regions.empty())
        document_.fail(regions.front().place, regions.front().path,
            "expected no regions beside network.preset, which has its own");
    for (const std::string_view key : {"latency_ms", "download_mbps", "upload_mbps"})
    {
        // A resolved scenario names what is left out, too.
        const bool is_given = table.node->find(key) != nullptr && parameters.has(key) &&
                              (key == "latency_ms" || parameters.number(key) != 0);
        if (is_given && (has_preset || !regions.empty()))
            fail_key(table, key, "expected no value beside a preset or regions, which have theirs");
    }
    if (!regions.empty())
        read_regions(model, regions);
    else if (!has_preset)
    {
        if (parameters.has("latency_ms"))
            model.latency_ms = {static_cast<std::uint32_t>(parameters.integer("latency_ms"))};
        model.regions.front().download_bps = bits_per_second(parameters.number("download_mbps"));
        model.regions.front().upload_bps = bits_per_second(parameters.number("upload_mbps"));
    }
    const auto& jitter = parameters.text("jitter");
    if (jitter != "usual")
    {
        model.jitter = jitter == "pareto"    ? LatencyJitter::pareto
                       : jitter == "uniform" ? LatencyJitter::uniform
                                             : LatencyJitter::none;
    }
    constexpr std::uint32_t pareto_ms_min = 6;
    const auto least = *std::min_element(model.latency_ms.begin(), model.latency_ms.end());
    if (model.jitter == LatencyJitter::pareto && least < pareto_ms_min)
        fail_key(table, "jitter",
            fmt::format("expected latencies of at least {} ms for a Pareto tail, got {} ms",
                pareto_ms_min, least));
    model.jitter_share = parameters.number("jitter_share");
    constexpr std::int64_t processing_ms_of_presets = 10;
    model.processing =
        virtual_time(parameters.has("processing_ms") ? parameters.integer("processing_ms")
                                                     : (has_preset ? processing_ms_of_presets : 0));
    model.fan_out = static_cast<std::uint32_t>(parameters.integer("fan_out"));
    model.loss = parameters.number("loss");
    model.duplication = parameters.number("duplication");
    model.reordering = parameters.number("reordering");
    model.reordering_delay = virtual_time(parameters.duration_ms("reordering_delay"));
    model.clock_drift_ppm = parameters.number("clock_drift_ppm");
}

void Loader::read_regions(NetworkModel& model, const std::vector<NamedTable>& tables)
{
    model.regions.clear();
    model.latency_ms.assign(tables.size() * tables.size(), 0);
    std::vector<std::string_view> known;
    for (const auto& table : tables)
        known.push_back(table.name);
    for (std::size_t from = 0; from < tables.size(); ++from)
    {
        const auto& table = tables[from];
        const auto values = read(table, section("network.regions").keys);
        model.regions.push_back({table.name, values.parameters.number("share"),
            bits_per_second(values.parameters.number("download_mbps")),
            bits_per_second(values.parameters.number("upload_mbps"))});
        for (const auto& member : *canonical(values, "latency_ms").as<Node::Table>())
        {
            const auto found = std::find(known.begin(), known.end(), member.key);
            if (found == known.end())
                fail_key(table, "latency_ms",
                    fmt::format("expected a region ({}){}, got {}", listed(known),
                        hint(member.key, known), shown(member.key)));
            const auto to = static_cast<std::size_t>(found - known.begin());
            const auto ms = static_cast<std::uint32_t>(*member.node.as<std::int64_t>());
            for (const auto place : {from * tables.size() + to, to * tables.size() + from})
            {
                if (model.latency_ms[place] != 0 && model.latency_ms[place] != ms)
                    fail_key(table, "latency_ms",
                        fmt::format("expected {} ms to {}, as it says itself, got {} ms",
                            model.latency_ms[place], member.key, ms));
                model.latency_ms[place] = ms;
            }
        }
        resolve(table, values.canonical);
    }
    for (std::size_t from = 0; from < tables.size(); ++from)
    {
        for (std::size_t to = 0; to < tables.size(); ++to)
        {
            if (model.latency_ms[from * tables.size() + to] == 0)
                fail_key(tables[from], "latency_ms",
                    fmt::format("expected a latency to {}, got none", known[to]));
        }
    }
}

void Loader::read_pow(PowOptions& options)
{
    const auto table = inner_table("consensus", "pow");
    const auto values = read(table, section("consensus.pow").keys);
    const auto& parameters = values.parameters;
    options.hash_rate = parameters.number("hash_rate");
    options.block_interval = virtual_time(parameters.duration_ms("block_interval"));
    options.puzzle = parameters.text("puzzle") == "real" ? PuzzleKind::real : PuzzleKind::drawn;
    const auto& rule = parameters.text("retarget");
    options.retarget = rule == "bitcoin"     ? RetargetRule::bitcoin
                       : rule == "homestead" ? RetargetRule::homestead
                       : rule == "eip100"    ? RetargetRule::eip100
                                             : RetargetRule::fixed;
    options.retarget_blocks = static_cast<std::uint32_t>(parameters.integer("retarget_blocks"));
    options.has_bomb = parameters.boolean("has_bomb");
    options.initial_difficulty = parameters.number("initial_difficulty");
    options.subsidy = parameters.amount("subsidy");
    options.halving_interval = static_cast<std::uint64_t>(parameters.integer("halving_interval"));
    options.confirmations = static_cast<std::uint32_t>(parameters.integer("confirmations"));
    options.final_after = static_cast<std::uint64_t>(parameters.integer("final_after"));
    const auto& relay = parameters.text("relay");
    options.relay = relay == "push"      ? BlockRelay::push
                    : relay == "compact" ? BlockRelay::compact
                                         : BlockRelay::inventory;
    options.block_bytes = static_cast<std::uint32_t>(parameters.integer("block_bytes"));
    options.compact_bytes = static_cast<std::uint32_t>(parameters.integer("compact_bytes"));
    options.compact_share = parameters.number("compact_share");
    options.compact_failure = parameters.number("compact_failure");
    options.churn_share = parameters.number("churn_share");
    options.churn_failure = parameters.number("churn_failure");
    options.request_timeout = virtual_time(parameters.duration_ms("request_timeout"));
    options.joules_per_terahash = parameters.number("joules_per_terahash");
    options.power_usage_effectiveness = parameters.number("power_usage_effectiveness");
    options.transactions_per_block = parameters.number("transactions_per_block");
    const auto interval_s = static_cast<double>(options.block_interval) / one_second;
    const auto hashes = options.initial_difficulty > 0 ? options.initial_difficulty
                                                       : options.hash_rate * interval_s;
    constexpr double hashes_min = 1;
    if (hashes < hashes_min)
        fail_key(table, "hash_rate",
            fmt::format("expected at least a hash per block, got {}", shortest_decimal(hashes)));
    constexpr double real_hashes_max = 67'108'864;
    if (options.puzzle == PuzzleKind::real && hashes > real_hashes_max)
        fail_key(table, "puzzle",
            fmt::format("expected \"drawn\", as a block takes {:.3g} hashes, and real ones at most "
                        "2^26",
                hashes));
    resolve(table, values.canonical);
}

void Loader::read_pools(PowOptions& options)
{
    const auto& pools = section("consensus.pools");
    for (const auto& table : inner_tables("consensus", "pools"))
    {
        const auto payout = select(table, pools, variant_names(pools), "a payout");
        const auto values = read(table, keys_of(pools, payout));
        MiningPool pool{table.name, PoolPayout::proportional, values.parameters.number("fee")};
        if (payout == "pay_per_share")
            pool.payout = PoolPayout::pay_per_share;
        if (payout == "score")
        {
            pool.payout = PoolPayout::score;
            pool.decay = values.parameters.number("decay");
        }
        options.pools.push_back(std::move(pool));
        resolve(table, values.canonical);
    }
}

void Loader::check_flaw(const NamedTable& table, BlockFlaw flaw) const
{
    if (flaw == BlockFlaw::forged_signature && scenario_.chain.signatures == SignatureScheme::none)
    {
        fail_key(table, "flaw",
            "expected chain.signatures = \"secp256k1\" with it: without signatures none can be "
            "forged, got chain.signatures = \"none\"");
    }
}

void Loader::read_groups(ConsensusSetup& setup)
{
    const auto& groups = section("consensus.groups");
    std::vector<std::string_view> pools;
    for (const auto& pool : setup.pow.pools)
        pools.push_back(pool.name);
    const auto known = strategies_of(setup.engine);
    std::uint32_t members = 0;
    double shares = 0;
    const auto tables = inner_tables("consensus", "groups");
    for (const auto& table : tables)
    {
        const auto strategy = select(table, groups, variant_names(groups), "a strategy");
        if (std::find(known.begin(), known.end(), strategy) == known.end())
            fail_key(table, "strategy",
                fmt::format("expected a strategy of engine {} ({}), got {}",
                    to_string(setup.engine), listed(known), strategy));
        const auto values = read(table, keys_of(groups, strategy));
        auto group = miner_group(table.name, strategy, values.parameters);
        const auto pool = std::find_if(setup.pow.pools.begin(), setup.pow.pools.end(),
            [&](const MiningPool& candidate) { return candidate.name == group.pool; });
        if (!group.pool.empty() && pool == setup.pow.pools.end())
            fail_key(table, "pool",
                fmt::format("expected a pool of [consensus.pools] ({}){}, got {}", listed(pools),
                    hint(group.pool, pools), shown(group.pool)));
        if (group.strategy == MinerStrategy::pool_hopping && group.pool.empty())
            fail_key(table, "pool", "expected the pool that they leave, got nothing");
        if (group.mines_until != 0 && group.mines_until <= group.mines_from)
            fail_key(table, "mines_until",
                fmt::format("expected a time after mines_from, got {}",
                    format_duration_ms(group.mines_until / one_millisecond)));
        setup.groups.push_back({table.name, members, group.count});
        members += group.count;
        shares += group.share;
        constexpr std::uint32_t members_max = 100'000;
        if (members > members_max)
            fail_key(table, "count",
                fmt::format("expected at most {} nodes in all groups together, got {}", members_max,
                    members));
        setup.pow.groups.push_back(std::move(group));
        setup.bft.groups.push_back(bft_group(table, strategy, values));
        setup.gasper.groups.push_back(gasper_group(table, strategy, values));
        if (strategy == "censoring" || strategy == "mev")
        {
            const auto& times = setup.gasper.groups.back();
            const auto censored =
                strategy == "censoring" ? values.parameters.text("censors") : std::string{};
            // They are known by account, which those who arrive do not have yet.
            if (names_.arrives(censored))
                fail_key(
                    table, "censors", "expected a group whose wallets are there from the start");
            setup.conducts.push_back(
                {table.name, strategy == "mev", censored, times.from, times.until});
        }
        resolve(table, values.canonical);
    }
    const auto network = single_table("network");
    if (tables.empty())
    {
        constexpr std::uint32_t usual_nodes = 16;
        members = setup.nodes == 0 ? usual_nodes : setup.nodes;
        MinerGroup honest;
        honest.name = "honest";
        honest.count = members;
        setup.groups.push_back({honest.name, 0, members});
        setup.pow.groups.push_back(std::move(honest));
        setup.bft.groups.emplace_back();
        setup.bft.groups.back().name = setup.groups.back().name;
        setup.bft.groups.back().validators = members;
        setup.gasper.groups.emplace_back();
        setup.gasper.groups.back().name = setup.groups.back().name;
        setup.gasper.groups.back().count = members;
    }
    else if (!(shares > 0))
        fail_key(tables.front(), "share", "expected a share above 0 in some group, got 0 in all");
    if (setup.nodes == 0)
        setup.nodes = members;
    const bool has_honest =
        setup.nodes > members || std::any_of(setup.pow.groups.begin(), setup.pow.groups.end(),
                                     [](const MinerGroup& group)
                                     {
                                         return group.strategy == MinerStrategy::honest ||
                                                group.strategy == MinerStrategy::pool_hopping;
                                     });
    if (setup.engine == ConsensusKind::pow && !has_honest)
        fail_key(tables.front(), "strategy",
            "expected an honest group, or more nodes than the groups have, whose chain can be "
            "told");
    if (setup.nodes < members)
        fail_key(network, "nodes",
            fmt::format("expected at least the {} nodes of the groups of [consensus], got {}",
                members, setup.nodes));
    if (setup.engine == ConsensusKind::bft)
        finish_bft(setup);
    if (setup.engine == ConsensusKind::gasper)
        finish_gasper(setup);
}

void Loader::read_faults(ConsensusSetup& setup)
{
    const auto& faults = section("faults");
    for (const auto& table : named_tables("faults", events_max))
    {
        const auto kind = select(table, faults, variant_names(faults), "a kind of fault");
        const auto values = read(table, keys_of(faults, kind));
        const auto& parameters = values.parameters;
        NetworkFault fault;
        fault.name = table.name;
        fault.from = virtual_time(parameters.duration_ms("from"));
        fault.until = virtual_time(parameters.duration_ms("until"));
        if (fault.until <= fault.from)
            fail_key(table, "until",
                fmt::format("expected a time after from, got {}",
                    format_duration_ms(fault.until / one_millisecond)));
        if (kind == "partition")
        {
            fault.shares = numbers_in(values, "shares");
            fault.groups = names_in(values, "groups");
            fault.regions = names_in(values, "regions");
        }
        else
        {
            fault.kind = NetworkFault::Kind::outage;
            if (parameters.has("node"))
                fault.node = static_cast<NodeId>(parameters.integer("node"));
            fault.group = parameters.text("group");
            fault.share = parameters.number("share");
            fault.keeps_memory = parameters.boolean("keeps_memory");
        }
        check_fault(table, fault, setup);
        setup.faults.push_back(std::move(fault));
        resolve(table, values.canonical);
    }
}

void Loader::check_fault(
    const NamedTable& table, const NetworkFault& fault, const ConsensusSetup& setup) const
{
    const auto check_names = [&](std::string_view key, const std::vector<std::string>& names,
                                 const std::vector<std::string_view>& known)
    {
        for (const auto& name : names)
        {
            if (std::find(known.begin(), known.end(), name) == known.end())
                fail_key(table, key,
                    fmt::format("expected one of {}{}, got {}", listed(known), hint(name, known),
                        shown(name)));
        }
    };
    std::vector<std::string_view> groups;
    for (const auto& group : setup.groups)
        groups.push_back(group.name);
    std::vector<std::string_view> regions;
    for (const auto& region : setup.network.regions)
        regions.push_back(region.name);
    if (fault.kind == NetworkFault::Kind::partition)
    {
        const std::array<bool, 3> given{
            !fault.shares.empty(), !fault.groups.empty(), !fault.regions.empty()};
        if (std::count(given.begin(), given.end(), true) != 1)
            fail_key(table, "shares", "expected one of shares, groups and regions");
        check_names("groups", fault.groups, groups);
        check_names("regions", fault.regions, regions);
        return;
    }
    if (fault.node.has_value() == !fault.group.empty())
        fail_key(table, "node", "expected either a node or a group");
    if (fault.node && *fault.node >= setup.nodes)
        fail_key(table, "node",
            fmt::format("expected a number below {}, got {}", setup.nodes, *fault.node));
    if (!fault.group.empty())
        check_names("group", {fault.group}, groups);
}

}  // namespace runnel::scenarios
