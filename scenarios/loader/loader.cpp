#include "scenarios/loader/loader.hpp"

#include "ledger/portable_math.hpp"
#include "scenarios/genesis.hpp"
#include "scenarios/loader/messages.hpp"
#include "scenarios/loader/units.hpp"
#include "storage/ledger_writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace runnel::scenarios
{

void Loader::load(const std::string& default_name)
{
    check_sections();
    collect_tokens();
    collect_contracts();
    collect_groups();
    collect_accounts();
    read_scenario(default_name);
    read_chain();
    read_consensus();
    read_tokens();
    read_prices();
    read_contracts();
    read_agents();
    read_events();
    read_accounts();
    read_builders();
    read_state();
    read_positions();
    read_script();
}

void Loader::read_scenario(const std::string& default_name)
{
    const auto table = single_table("scenario");
    auto values = read(table, section("scenario").keys);
    const auto& parameters = values.parameters;
    scenario_.name = parameters.text("name");
    if (scenario_.name.empty())
    {
        scenario_.name = default_name;
        values.canonical.front().node = Node{default_name};
    }
    scenario_.title = parameters.text("title");
    scenario_.description = parameters.text("description");
    scenario_.seed = parameters.amount("seed").low64();
    scenario_.blocks = static_cast<std::uint64_t>(parameters.integer("blocks"));
    scenario_.slot_seconds = static_cast<std::uint32_t>(parameters.integer("slot_seconds"));
    scenario_.allow_warnings = parameters.text("allow_warnings");
    scenario_.start = static_cast<std::uint64_t>(parameters.integer("start"));
    scenario_.retold = static_cast<std::uint64_t>(parameters.integer("retold_block"));
    if (!values.block_times.empty())
    {
        if (values.block_times.front().time < scenario_.start)
        {
            fail_key(table, "block_times",
                fmt::format("expected no time before start, {}, got {}", scenario_.start,
                    values.block_times.front().time));
        }
        for (const std::string_view other : {"agents", "prices"})
        {
            if (document_.root().find(other) != nullptr)
            {
                fail_key(table, "block_times",
                    fmt::format(
                        "expected no [{}] beside it, whose times are those of slots", other));
            }
        }
    }
    scenario_.times = BlockTimes{scenario_.start, std::move(values.block_times)};
    // Scenarios without them keep their hashes.
    std::erase_if(values.canonical,
        [&](const Node::Member& member)
        {
            return (member.key == "block_times" && scenario_.times.known().empty()) ||
                   (member.key == "retold_block" && scenario_.retold == 0);
        });
    resolve(table, values.canonical);
}

void Loader::read_chain()
{
    const auto table = single_table("chain");
    auto values = read(table, section("chain").keys);
    const auto& parameters = values.parameters;
    auto& chain = scenario_.chain;
    chain.validators = static_cast<std::uint32_t>(parameters.integer("validators"));
    chain.stake = parameters.distribution("stake");
    chain.participation = parameters.number("participation");
    chain.fees.block_gas_limit = static_cast<std::uint64_t>(parameters.integer("block_gas_limit"));
    chain.fees.initial_base_fee = parameters.amount("initial_base_fee").low64();
    chain.fees.min_base_fee = parameters.amount("min_base_fee").low64();
    chain.fees.elasticity_multiplier =
        static_cast<std::uint64_t>(parameters.integer("elasticity_multiplier"));
    chain.fees.max_change_denominator =
        static_cast<std::uint64_t>(parameters.integer("base_fee_max_change_denominator"));
    if (chain.fees.initial_base_fee < chain.fees.min_base_fee)
    {
        fail_key(table, "initial_base_fee",
            fmt::format("expected at least min_base_fee, {} wei, got {} wei",
                chain.fees.min_base_fee, chain.fees.initial_base_fee));
    }
    for (const auto ordering : {Ordering::priority_fee, Ordering::fifo, Ordering::random,
             Ordering::bundles, Ordering::builders, Ordering::commit_reveal})
    {
        if (parameters.text("ordering") == to_string(ordering))
            chain.ordering = ordering;
    }
    chain.mempool_size = static_cast<std::uint32_t>(parameters.integer("mempool_size"));
    chain.transaction_lifetime_ms = read_lifetime(table, values);
    const auto slot_ms = std::int64_t{scenario_.slot_seconds} * 1'000;
    chain.mempool_seen_at_ms = slot_ms * 11 / 12;
    if (parameters.has("mempool_seen_at"))
    {
        chain.mempool_seen_at_ms = parameters.integer("mempool_seen_at");
        if (chain.mempool_seen_at_ms >= slot_ms)
        {
            fail_key(table, "mempool_seen_at",
                fmt::format("expected less than a slot, {} ms, got {} ms", slot_ms,
                    chain.mempool_seen_at_ms));
        }
    }
    chain.block_reward = parameters.amount("block_reward");
    chain.checkpoint_interval =
        static_cast<std::uint64_t>(parameters.integer("checkpoint_interval"));
    if (parameters.text("signatures") == to_string(SignatureScheme::secp256k1))
        chain.signatures = SignatureScheme::secp256k1;
    chain.inclusion_list_gas = static_cast<std::uint64_t>(parameters.integer("inclusion_list_gas"));
    if (parameters.has("relay"))
        chain.relay = parameters.contract("relay");
    if (chain.ordering == Ordering::builders && !chain.relay)
        fail_key(table, "relay", "expected a builder_relay for the ordering builders, got nothing");
    // Scenarios without them keep their hashes.
    std::erase_if(values.canonical,
        [&](const Node::Member& member)
        {
            return (member.key == "signatures" && chain.signatures == SignatureScheme::none) ||
                   (member.key == "inclusion_list_gas" && chain.inclusion_list_gas == 0) ||
                   (member.key == "relay" && !chain.relay);
        });
    resolve(table, values.canonical);
}

/// A transaction comes somewhere in a slot and is ordered at its end: with a lifetime below a slot
/// only those that come late enough would ever be included.
std::uint64_t Loader::read_lifetime(const NamedTable& table, TableValues& values) const
{
    constexpr std::int64_t usual_ms = 600'000;
    constexpr std::int64_t usual_slots = 10;
    const auto slot_ms = std::int64_t{scenario_.slot_seconds} * 1'000;
    auto lifetime_ms = values.parameters.duration_ms("transaction_lifetime");
    if (lifetime_ms == 0)
    {
        lifetime_ms = std::max(usual_ms, usual_slots * slot_ms);
        for (auto& member : values.canonical)
        {
            if (member.key == "transaction_lifetime")
                member.node = Node{format_duration_ms(lifetime_ms)};
        }
    }
    if (lifetime_ms < slot_ms)
    {
        fail_key(table, "transaction_lifetime",
            fmt::format("expected at least a slot, {}, as what comes earlier in it would never be "
                        "included, got {}",
                format_duration_ms(slot_ms), format_duration_ms(lifetime_ms)));
    }
    return static_cast<std::uint64_t>(lifetime_ms);
}

namespace
{

/// Of all draws; a clamp counts as one of the mean, which is near enough to tell hours from
/// seconds.
double mean_of(const Distribution& distribution)
{
    const auto a = distribution.a;
    const auto b = distribution.b;
    const auto mean = [&]
    {
        switch (distribution.shape)
        {
            case Distribution::Shape::uniform: return (a + b) / 2;
            case Distribution::Shape::log_normal: return portable_exp(a + b * b / 2);
            case Distribution::Shape::pareto:
                return b > 1 ? a * b / (b - 1) : std::numeric_limits<double>::infinity();
            case Distribution::Shape::constant:
            case Distribution::Shape::normal:
            case Distribution::Shape::exponential: break;
        }
        return a;
    }();
    return std::clamp(mean, distribution.min, distribution.max);
}

}  // namespace

void Loader::check_interval(
    const NamedTable& table, const StrategyType& type, const Parameters& parameters) const
{
    const auto found = std::find_if(type.parameters.begin(), type.parameters.end(),
        [](const ParameterSpec& spec) { return spec.name == "interval"; });
    if (found == type.parameters.end() || found->kind != ParameterKind::distribution)
        return;
    const auto mean = mean_of(parameters.distribution("interval"));
    if (mean < scenario_.slot_seconds)
    {
        fail_key(table, "interval",
            fmt::format("expected a mean of at least a slot, {} s, as a wallet acts at most once a "
                        "block, got {} s",
                scenario_.slot_seconds, shortest_decimal(mean)));
    }
}

void Loader::collect_groups()
{
    const auto value = [&](const NamedTable& table, std::string_view key)
    {
        const auto& keys = section(table.path.substr(0, table.path.find('.'))).keys;
        const auto found = std::find_if(keys.begin(), keys.end(),
            [key](const Key& candidate) { return candidate.spec.name == key; });
        return TableReader{document_, names_}.read_one(
            *table.node, table.place, table.path, *found);
    };
    const auto count = [&](const NamedTable& table, std::string_view key)
    { return static_cast<std::uint64_t>(std::get<std::int64_t>(value(table, key))); };
    names_.add_group("validator", count(single_table("chain"), "validators"), false);
    std::uint64_t wallets = 0;
    std::uint64_t arrivals = 0;
    agent_tables_ = named_tables("agents", groups_max);
    for (const auto& table : agent_tables_)
    {
        if (names_.group_size(table.name))
        {
            document_.fail(
                table.place, table.path, "expected a name other than validator, which is taken");
        }
        const auto of_group = count(table, "count");
        wallets += of_group;
        if (wallets > wallets_max)
        {
            fail_key(table, "count",
                fmt::format("expected at most {} wallets in all groups together, got {}",
                    wallets_max, wallets));
        }
        names_.add_group(table.name, of_group, true);
        if (std::get<std::int64_t>(value(table, "arrive")) == 0 &&
            !(std::get<double>(value(table, "arrivals_per_day")) > 0))
            continue;
        names_.set_arriving(table.name);
        arrivals += of_group;
        if (arrivals > arrivals_max)
        {
            fail_key(table, "count",
                fmt::format("expected at most {} wallets that arrive in all groups together, got "
                            "{}",
                    arrivals_max, arrivals));
        }
    }
}

void Loader::read_arrivals(const NamedTable& table, TableValues& values, AgentSpec& agent) const
{
    const auto& parameters = values.parameters;
    agent.arrive_ms = parameters.duration_ms("arrive");
    agent.arrivals_per_day = parameters.number("arrivals_per_day");
    agent.until_ms = parameters.duration_ms("arrive_until");
    agent.funded_by = parameters.text("funded_by");
    if (!names_.arrives(table.name))
    {
        // What says nothing may stand there: an exported scenario takes arrivals back so.
        for (const auto& [key, is_said] : {std::pair{"arrive_until", agent.until_ms != 0},
                 std::pair{"funded_by", !agent.funded_by.empty()}})
        {
            if (is_said)
                fail_key(table, key, "expected arrive or arrivals_per_day beside it");
        }
        // A scenario in which nobody arrives is what it was before there were such keys.
        std::erase_if(values.canonical,
            [](const Node::Member& member)
            {
                return member.key == "arrive" || member.key == "arrivals_per_day" ||
                       member.key == "arrive_until" || member.key == "funded_by";
            });
        return;
    }
    std::vector<std::string_view> known;
    for (const auto& account : account_tables_)
        known.push_back(account.name);
    if (std::find(known.begin(), known.end(), agent.funded_by) == known.end())
    {
        fail_key(table, "funded_by",
            fmt::format("expected the account of [accounts] ({}) that pays the funds of wallets "
                        "that arrive{}, got {}",
                listed(known), hint(agent.funded_by, known),
                agent.funded_by.empty() ? "nothing" : agent.funded_by));
    }
    if (agent.until_ms != 0 && !(agent.arrivals_per_day > 0))
        fail_key(table, "arrive_until", "expected arrivals_per_day beside it");
    if (agent.until_ms != 0 && agent.until_ms <= agent.arrive_ms)
    {
        fail_key(table, "arrive_until",
            fmt::format("expected a time after arrive, {}, got {}",
                format_duration_ms(agent.arrive_ms), format_duration_ms(agent.until_ms)));
    }
}

void Loader::read_agents()
{
    std::vector<std::string_view> known;
    for (const auto* type : options_.catalogue.strategies)
        known.push_back(type->name);
    for (const auto& table : agent_tables_)
    {
        const auto chosen = select(table, section("agents"), known, "a strategy");
        const auto& type = **std::find_if(options_.catalogue.strategies.begin(),
            options_.catalogue.strategies.end(),
            [&](const auto* candidate) { return candidate->name == chosen; });
        auto values = read(table, with_parameters(section("agents").keys, type.parameters));
        if (type.validate != nullptr)
            check(table, type.validate(values.parameters));
        check_interval(table, type, values.parameters);
        AgentSpec agent{table.name, &type,
            static_cast<std::uint32_t>(values.parameters.integer("count")), std::move(values.funds),
            values.parameters.distribution("priority_fee"),
            values.parameters.distribution("max_base_fee_multiple"),
            values.parameters.distribution("max_fee"), values.parameters, place(table)};
        read_arrivals(table, values, agent);
        scenario_.agents.push_back(std::move(agent));
        resolve(table, values.canonical);
    }
}

tl::expected<Scenario, ScenarioError> parse_scenario(std::string_view text, const std::string& name,
    const std::filesystem::path& folder, const std::vector<Override>& overrides,
    const LoadOptions& options)
{
    try
    {
        Scenario scenario;
        const Document document{text, name, overrides};
        const auto stem = std::filesystem::path{name}.stem().string();
        Loader{document, folder, options, scenario}.load(stem.empty() ? "scenario" : stem);
        scenario.source_text = text;
        const bool has_price_file = std::any_of(scenario.prices.begin(), scenario.prices.end(),
            [](const PriceSpec& price) { return reads_file(price.model); });
        if (options.open_input_files || !has_price_file)
        {
            auto paths = build_price_paths(scenario);
            if (!paths)
                return tl::unexpected{paths.error()};
            scenario.price_hash = storage::hash_of_prices(storage::price_rows(*paths));
            scenario.price_paths =
                std::make_shared<const std::vector<PricePath>>(std::move(*paths));
        }
        return scenario;
    }
    catch (const BadScenario& error)
    {
        return tl::unexpected{ScenarioError{error.what()}};
    }
}

tl::expected<Scenario, ScenarioError> load_scenario(const std::filesystem::path& file,
    const std::vector<Override>& overrides, const LoadOptions& options)
{
    constexpr std::size_t bytes_max = std::size_t{64} << 20U;
    const auto text = read_file(file, bytes_max);
    if (!text)
    {
        return tl::unexpected{
            ScenarioError{fmt::format("{}: expected a scenario file of at most 64 MiB, got {}",
                file.string(), text.error())}};
    }
    return parse_scenario(*text, file.string(), file.parent_path(), overrides, options);
}

}  // namespace runnel::scenarios
