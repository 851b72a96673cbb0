#include "ledger/check.hpp"
#include "scenarios/loader/loader.hpp"
#include "scenarios/loader/messages.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <utility>

namespace runnel::scenarios
{

namespace
{

/// What a word of a choice stands for; `auto` is the type's first value.
template <typename T>
T chosen(
    std::string_view word, std::initializer_list<std::pair<std::string_view, T>> meanings) noexcept
{
    const auto* found = std::find_if(meanings.begin(), meanings.end(),
        [word](const auto& meaning) { return meaning.first == word; });
    return found == meanings.end() ? T{} : found->second;
}

}  // namespace

void Loader::read_prices()
{
    const auto& prices = section("prices");
    const auto tables = named_tables("prices", tokens_max);
    if (!tables.empty() && scenario_.blocks > prices_max / tables.size())
    {
        fail_key(single_table("scenario"), "blocks",
            fmt::format("expected at most {} blocks with {} prices, got {}",
                prices_max / tables.size(), tables.size(), scenario_.blocks));
    }
    for (const auto& table : tables)
    {
        if (!names_.find_token(table.name))
        {
            const auto known = names_.of_kinds(true, "");
            document_.fail(table.place, table.path,
                fmt::format("expected a token ({}){}, got {}", listed(known),
                    hint(table.name, known), shown(table.name)));
        }
        const auto& variant = select_variant(table, prices);
        auto keys = prices.keys;
        keys.insert(keys.end(), variant.keys.begin(), variant.keys.end());
        auto values = read(table, keys);
        auto model = price_model(table, variant.name, values);
        check_price_model(table, model);
        for (const auto& [other, value] : values.funds)
            note_correlation(table, other, value);
        scenario_.prices.push_back({table.name, std::move(model), place(table)});
        resolve(table, values.canonical);
    }
    correlate_prices();
    check_common_shocks();
}

namespace
{

/// The diffusion of a model that has one.
GbmPrice* diffusion_of(PriceModel& model)
{
    if (auto* gbm = std::get_if<GbmPrice>(&model))
        return gbm;
    auto* jump = std::get_if<JumpPrice>(&model);
    return jump == nullptr ? nullptr : &jump->diffusion;
}

}  // namespace

void Loader::note_correlation(const NamedTable& table, ContractId other, const Distribution& value)
{
    const auto key = fmt::format("correlations.{}", names_[other].name);
    if (value.shape != Distribution::Shape::constant)
        fail_key(table, key, "expected a number from -1 to 1, got a distribution");
    if (names_[other].name == table.name)
        fail_key(table, key, "expected another token than the table's own");
    correlations_.push_back({table, names_[other].name, value.a});
}

void Loader::correlate_prices()
{
    if (correlations_.empty())
        return;
    std::vector<std::string> tokens;
    std::vector<GbmPrice*> diffusions;
    for (auto& price : scenario_.prices)
    {
        if (auto* diffusion = diffusion_of(price.model))
        {
            tokens.push_back(price.token);
            diffusions.push_back(diffusion);
        }
    }
    std::vector<PriceCorrelation> pairs;
    for (const auto& [table, other, value] : correlations_)
    {
        const auto position = [&](const std::string& token)
        {
            return static_cast<std::size_t>(
                std::find(tokens.begin(), tokens.end(), token) - tokens.begin());
        };
        const auto a = std::min(position(table.name), position(other));
        const auto b = std::max(position(table.name), position(other));
        const auto key = fmt::format("correlations.{}", other);
        if (b == tokens.size())
        {
            fail_key(table, key,
                fmt::format(
                    "expected a token with a price of model gbm or jump, got {}", shown(other)));
        }
        for (const auto& pair : pairs)
        {
            if (pair.a == a && pair.b == b && pair.value != value)
            {
                fail_key(table, key,
                    fmt::format("expected what prices.{}.correlations says, {}, got {}", other,
                        shortest_decimal(pair.value), shortest_decimal(value)));
            }
        }
        pairs.push_back({a, b, value});
    }
    auto factors = price_factors(tokens, pairs);
    if (!factors)
    {
        const auto& table = correlations_.front().table;
        document_.fail(table.place, "prices", factors.error());
    }
    for (std::size_t i = 0; i < diffusions.size(); ++i)
        diffusions[i]->factors = std::move((*factors)[i]);
}

void Loader::check_common_shocks() const
{
    for (std::size_t i = 0; i < scenario_.prices.size(); ++i)
    {
        for (std::size_t k = 0; k < i; ++k)
            check_common_shocks(scenario_.prices[k], scenario_.prices[i]);
    }
}

/// Two tokens with one source must be able to share its draws.
void Loader::check_common_shocks(const PriceSpec& first, const PriceSpec& second) const
{
    const auto differ = [&](std::string_view what)
    {
        throw BadScenario{
            fmt::format("{}: prices.{}.shocks: expected the same {} as prices.{}, which "
                        "has the same source",
                second.place, second.token, what, first.token)};
    };
    const auto* jump = std::get_if<JumpPrice>(&first.model);
    const auto* other_jump = std::get_if<JumpPrice>(&second.model);
    if (jump != nullptr && other_jump != nullptr && !jump->shocks.empty() &&
        jump->shocks == other_jump->shocks && jump->jumps_per_year != other_jump->jumps_per_year)
        differ("jumps_per_year");
    const auto* history = std::get_if<BootstrapPrice>(&first.model);
    const auto* other_history = std::get_if<BootstrapPrice>(&second.model);
    if (history == nullptr || other_history == nullptr || history->shocks.empty() ||
        history->shocks != other_history->shocks)
        return;
    if (history->block_seconds != other_history->block_seconds)
        differ("block");
    if (!options_.open_input_files)
        return;
    const auto bars = read_price_bars(history->history.file, history->history.layout);
    const auto other_bars =
        read_price_bars(other_history->history.file, other_history->history.layout);
    if (!bars || !other_bars ||
        !std::equal(bars->begin(), bars->end(), other_bars->begin(), other_bars->end(),
            [](const PriceBar& a, const PriceBar& b) { return a.unix == b.unix; }))
        differ("times in its file");
}

PriceModel Loader::price_model(const NamedTable& table, std::string_view model, TableValues& values)
{
    const auto& parameters = values.parameters;
    if (model == "constant")
        return ConstantPrice{parameters.amount("price").low64()};
    if (model == "gbm" || model == "jump")
    {
        const GbmPrice diffusion{parameters.amount("start_price").low64(),
            parameters.number("drift"), parameters.number("volatility"), {}};
        if (model == "gbm")
            return diffusion;
        return JumpPrice{diffusion, parameters.number("jumps_per_year"),
            parameters.number("jump_mean"), parameters.number("jump_sd"),
            parameters.text("shocks")};
    }
    if (model == "bootstrap")
    {
        const BarOptions history{static_cast<std::uint32_t>(parameters.integer("bar_seconds")),
            true, parameters.boolean("hold_gaps")};
        const auto start = parameters.amount("start_price").low64();
        const auto block = static_cast<std::uint64_t>(parameters.duration_ms("block") / 1'000);
        const auto shocks = parameters.text("shocks");
        return BootstrapPrice{start, csv_price(table, values, history), block, shocks};
    }
    const BarOptions bars{static_cast<std::uint32_t>(parameters.integer("bar_seconds")),
        parameters.boolean("hold_last_close"), parameters.boolean("hold_gaps")};
    if (model == "closes")
        return ClosesPrice{std::move(values.closes), bars};
    if (model == "bars")
        return BarsPrice{std::move(values.bars), bars};
    return csv_price(table, values, bars);
}

PriceFileLayout Loader::price_layout(const NamedTable& table, const Parameters& parameters) const
{
    using Layout = PriceFileLayout;
    Layout layout;
    layout.separator = chosen<char>(parameters.text("separator"),
        {{"comma", ','}, {"semicolon", ';'}, {"tab", '\t'}, {"pipe", '|'}});
    layout.skip_lines = static_cast<std::uint32_t>(parameters.integer("skip_lines"));
    layout.time_unit = chosen<Layout::TimeUnit>(parameters.text("time_unit"),
        {{"s", Layout::TimeUnit::seconds}, {"ms", Layout::TimeUnit::milliseconds},
            {"us", Layout::TimeUnit::microseconds}, {"ns", Layout::TimeUnit::nanoseconds}});
    layout.date_order = chosen<Layout::DateOrder>(
        parameters.text("date_order"), {{"year_month_day", Layout::DateOrder::year_month_day},
                                           {"day_month_year", Layout::DateOrder::day_month_year},
                                           {"month_day_year", Layout::DateOrder::month_day_year}});
    layout.decimal_mark = chosen<Layout::DecimalMark>(parameters.text("decimal_mark"),
        {{"point", Layout::DecimalMark::point}, {"comma", Layout::DecimalMark::comma}});
    layout.time_column = parameters.text("time_column");
    layout.open_column = parameters.text("open_column");
    layout.high_column = parameters.text("high_column");
    layout.low_column = parameters.text("low_column");
    layout.close_column = parameters.text("close_column");
    layout.price_column = parameters.text("price_column");
    if (!layout.price_column.empty() && !layout.close_column.empty())
    {
        fail_key(table, "price_column", "expected either price_column or close_column, got both");
    }
    return layout;
}

CsvPrice Loader::csv_price(const NamedTable& table, TableValues& values, const BarOptions& bars)
{
    constexpr std::size_t bytes_max = std::size_t{256} << 20U;
    const auto& name = values.parameters.text("file");
    const auto& hash_text = values.parameters.text("file_hash");
    const auto wanted = Hash::from_string(hash_text);
    if (!wanted && !hash_text.empty())
    {
        fail_key(table, "file_hash",
            fmt::format("expected 0x and 64 hex digits, got {}", shown(hash_text)));
    }
    const auto path = folder_ / name;
    Hash hash;
    if (options_.open_input_files)
    {
        const auto contents = read_file(path, bytes_max);
        if (!contents)
        {
            fail_key(table, "file",
                fmt::format("expected a CSV file that can be read, got {} ({})", shown(name),
                    contents.error()));
        }
        hash = keccak256(std::string_view{*contents});
        if (wanted && *wanted != hash)
        {
            fail_key(table, "file_hash",
                fmt::format("expected the hash of {}, {}, got {}", shown(name), hash.to_string(),
                    wanted->to_string()));
        }
    }
    else
    {
        if (!wanted)
            fail_key(table, "file_hash", "expected the hash of the file, got nothing");
        hash = *wanted;
    }
    scenario_.inputs.push_back({name, hash});
    for (auto& member : values.canonical)
    {
        if (member.key == "file_hash")
            member.node = Node{hash.to_string()};
    }
    return {path, bars, price_layout(table, values.parameters)};
}

void Loader::check_price_model(const NamedTable& table, const PriceModel& model) const
{
    if (reads_file(model) && !options_.open_input_files)
        return;
    const PriceGrid grid{scenario_.seed, table.name, static_cast<std::int64_t>(scenario_.start),
        scenario_.slot_seconds, scenario_.price_count()};
    if (const auto error = scenarios::check_price_model(model, grid))
        document_.fail(table.place, table.path, *error);
}

Node::Table Loader::read_group_set(
    const NamedTable& table, EventSpec& event, std::map<std::string, Node>& groups) const
{
    const auto& member = *table.node->find("parameters");
    const auto agent = std::find_if(scenario_.agents.begin(), scenario_.agents.end(),
        [&](const AgentSpec& spec) { return spec.name == event.group; });
    RUNNEL_CHECK(agent != scenario_.agents.end() && "a group that was read has a table");

    // Keys of wallets that may change, and all of the table they are in.
    constexpr std::array<std::string_view, 3> habits{
        "priority_fee", "max_base_fee_multiple", "max_fee"};
    const auto keys = with_parameters(section("agents").keys, agent->strategy->parameters);
    std::vector<std::string_view> known;
    for (const auto& key : section("agents").keys)
    {
        if (std::find(habits.begin(), habits.end(), key.spec.name) != habits.end())
            known.push_back(key.spec.name);
    }
    for (const auto& spec : agent->strategy->parameters)
    {
        const auto kind = spec.kind;
        if (kind == ParameterKind::boolean || kind == ParameterKind::integer ||
            kind == ParameterKind::number || kind == ParameterKind::choice ||
            kind == ParameterKind::amount || kind == ParameterKind::duration ||
            kind == ParameterKind::distribution)
            known.push_back(spec.name);
    }
    const auto& changes = *member.node.as<Node::Table>();
    auto [group, is_first] = groups.try_emplace(event.group);
    if (is_first)
    {
        const auto written = std::find_if(agent_tables_.begin(), agent_tables_.end(),
            [&](const NamedTable& candidate) { return candidate.name == event.group; });
        group->second = *written->node;
    }
    auto& all = std::get<Node::Table>(group->second.value);
    for (const auto& change : changes)
    {
        const auto path = fmt::format("{}.parameters.{}", table.path, change.key);
        if (std::find(known.begin(), known.end(), change.key) == known.end())
        {
            document_.fail(change.place, path,
                fmt::format("expected a parameter of {} that can change ({}){}, got another",
                    event.group, listed(known), hint(change.key, known)));
        }
        std::erase_if(all, [&](const Node::Member& old) { return old.key == change.key; });
        all.push_back(change);
    }
    const NamedTable merged{&group->second, member.place, "parameters", table.path + ".parameters"};
    auto values = read(merged, keys);
    if (agent->strategy->validate != nullptr)
        check(merged, agent->strategy->validate(values.parameters));
    check_interval(merged, *agent->strategy, values.parameters);
    event.parameters = std::move(values.parameters);
    event.place = document_.describe(member.place);
    std::erase_if(values.canonical,
        [&](const Node::Member& candidate) { return member.node.find(candidate.key) == nullptr; });
    for (const auto& changed : values.canonical)
        event.changed.emplace_back(changed.key, to_toml(changed.node));
    return std::move(values.canonical);
}

void Loader::read_events()
{
    const auto& events = section("events");
    struct Written
    {
        NamedTable table;
        Node::Table canonical;
    };
    std::vector<Written> written;
    for (const auto& table : named_tables("events", events_max))
    {
        const auto& variant = select_variant(table, events);
        auto keys = events.keys;
        keys.insert(keys.end(), variant.keys.begin(), variant.keys.end());
        const auto values = read(table, keys);
        const auto& parameters = values.parameters;
        EventSpec event;
        event.name = table.name;
        event.at_block = static_cast<std::uint64_t>(parameters.integer("at_block"));
        if (variant.name == "group_stop")
        {
            event.action = EventSpec::Action::group_stop;
            event.group = parameters.text("group");
            event.duration_ms = parameters.duration_ms("for");
        }
        else if (variant.name == "group_set")
        {
            event.action = EventSpec::Action::group_set;
            event.group = parameters.text("group");
        }
        else
            event.token = names_[parameters.token("token")].name;
        if (variant.name == "price_shock")
            event.factor = parameters.number("factor");
        if (variant.name == "price_set")
        {
            event.action = EventSpec::Action::price_set;
            event.price = parameters.amount("price").low64();
            event.duration_ms = parameters.duration_ms("over");
        }
        if (!event.token.empty() &&
            std::none_of(scenario_.prices.begin(), scenario_.prices.end(),
                [&](const PriceSpec& price) { return price.token == event.token; }))
        {
            fail_key(table, "token",
                fmt::format(
                    "expected a token with a table in [prices], got {}", shown(event.token)));
        }
        scenario_.events.push_back(std::move(event));
        written.push_back({table, values.canonical});
    }
    // Later changes of a group build on earlier ones, whatever their tables are called.
    std::vector<std::size_t> in_time;
    for (std::size_t i = 0; i < written.size(); ++i)
    {
        if (scenario_.events[i].action == EventSpec::Action::group_set)
            in_time.push_back(i);
    }
    std::stable_sort(in_time.begin(), in_time.end(),
        [&](std::size_t a, std::size_t b)
        { return scenario_.events[a].at_block < scenario_.events[b].at_block; });
    std::map<std::string, Node> groups;
    for (const auto i : in_time)
    {
        for (auto& member : written[i].canonical)
        {
            if (member.key == "parameters")
                member.node = Node{read_group_set(written[i].table, scenario_.events[i], groups)};
        }
    }
    for (const auto& [table, canonical] : written)
        resolve(table, canonical);
}

}  // namespace runnel::scenarios
