#include "scenarios/reader.hpp"

#include "ledger/check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <numeric>
#include <system_error>

namespace runnel::scenarios
{
namespace
{

std::string_view fee_name(Ordering ordering) noexcept
{
    switch (ordering)
    {
    case Ordering::priority_fee: return "priority_fee";
    case Ordering::fifo: return "fifo";
    case Ordering::random: return "random";
    }
    return "";
}

std::vector<std::string_view> names_of(const std::vector<const ContractType*>& types)
{
    std::vector<std::string_view> names;
    for (const auto* type : types)
        names.push_back(type->kind);
    return names;
}

std::string listed(const std::vector<std::string_view>& words)
{
    std::string text;
    for (const auto word : words)
        text += fmt::format("{}{}", text.empty() ? "" : ", ", word);
    return text.empty() ? "there is none" : text;
}

std::vector<Key> with_parameters(std::vector<Key> keys, const std::vector<ParameterSpec>& specs)
{
    for (const auto& spec : specs)
        keys.push_back({spec});
    return keys;
}

/// Reads a regular file of at most @p bytes_max bytes; a message if it cannot.
ReadResult<std::string> read_file(const std::filesystem::path& file, std::size_t bytes_max)
{
    const auto refuse = [](std::string why) { return tl::unexpected<std::string>{std::move(why)}; };
    std::error_code error;
    const auto status = std::filesystem::status(file, error);
    if (!std::filesystem::exists(status))
        return refuse("no such file");
    if (!std::filesystem::is_regular_file(status))
        return refuse("no regular file");
    const auto size = std::filesystem::file_size(file, error);
    if (error || size > bytes_max)
        return refuse(error ? error.message() : fmt::format("a file of {} bytes", size));
    std::ifstream stream{file, std::ios::binary};
    std::string contents{std::istreambuf_iterator<char>{stream}, {}};
    if (!stream)
        return refuse("a file that cannot be read");
    return contents;
}

/// Makes a scenario of a document, section by section; writes the resolved text on the way.
class Loader
{
public:
    Loader(const Document& document, const std::filesystem::path& folder,
        const LoadOptions& options, Scenario& scenario)
      : document_{document}, folder_{folder}, options_{options}, scenario_{scenario}
    {}

    void load(const std::string& default_name)
    {
        check_sections();
        collect_tokens();
        collect_contracts();
        read_scenario(default_name);
        read_chain();
        read_tokens();
        read_prices();
        read_contracts();
        read_agents();
        read_events();
    }

private:
    // ---- Common to all sections ----

    /// The tables of a section that has one per name, in the order of the names.
    struct NamedTable
    {
        const Node* node = nullptr;
        Place place;
        std::string name;
        std::string path;
    };

    void check_sections() const
    {
        std::vector<std::string_view> known;
        for (const auto& candidate : sections())
            known.push_back(candidate.name);
        for (const auto& member : *document_.root().as<Node::Table>())
        {
            if (std::find(known.begin(), known.end(), member.key) == known.end())
            {
                const auto meant = closest(member.key, known);
                document_.fail(member.place, member.key,
                    fmt::format("expected a section ({}){}, got an unknown one", listed(known),
                        meant.empty() ? "" : fmt::format(", did you mean {}?", meant)));
            }
            if (member.node.as<Node::Table>() == nullptr)
            {
                document_.fail(member.place, member.key,
                    fmt::format("expected a table, got {}", shown(member.node)));
            }
        }
    }

    NamedTable single_table(std::string_view name) const
    {
        static const Node empty{Node::Table{}};
        const auto* member = document_.root().find(name);
        if (member == nullptr)
            return {&empty, {1, 0}, std::string{name}, std::string{name}};
        return {&member->node, member->place, std::string{name}, std::string{name}};
    }

    std::vector<NamedTable> named_tables(std::string_view section_name, std::size_t count_max) const
    {
        std::vector<NamedTable> tables;
        const auto* section_member = document_.root().find(section_name);
        if (section_member == nullptr)
            return tables;
        for (const auto& member : *section_member->node.as<Node::Table>())
        {
            tables.push_back({&member.node, member.place, member.key,
                fmt::format("{}.{}", section_name, member.key)});
            check_name(tables.back());
            if (tables.size() > count_max)
            {
                document_.fail(member.place, section_name,
                    fmt::format("expected at most {} tables, got more", count_max));
            }
        }
        return tables;
    }

    void check_name(const NamedTable& table) const
    {
        const auto fits = [](char c)
        {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                   c == '_' || c == '-';
        };
        if (table.name.empty() || table.name.size() > name_length_max ||
            !std::all_of(table.name.begin(), table.name.end(), fits))
        {
            document_.fail(table.place, table.path,
                fmt::format("expected a name of 1 to {} letters, digits, _ or -, got {}",
                    name_length_max, shown(table.name)));
        }
        if (table.node->as<Node::Table>() == nullptr)
        {
            document_.fail(table.place, table.path,
                fmt::format("expected a table, got {}", shown(*table.node)));
        }
    }

    void check_account_name(const NamedTable& table) const
    {
        constexpr std::array<std::string_view, 7> reserved{
            "zero", "wei", "gwei", "ether", "USD", "ray", "wad"};
        if (std::find(reserved.begin(), reserved.end(), table.name) != reserved.end())
        {
            document_.fail(table.place, table.path,
                fmt::format("expected a name other than {}, which is taken", table.name));
        }
    }

    /// What the selecting key (kind, model, ...) says; @p known are its choices.
    std::string select(const NamedTable& table, const Section& section,
        const std::vector<std::string_view>& known, std::string_view what) const
    {
        const auto& key = section.keys.front();
        const auto path = fmt::format("{}.{}", table.path, section.selector);
        const auto* member = table.node->find(section.selector);
        const auto expected = fmt::format("a {} ({})", what, listed(known));
        if (member == nullptr)
        {
            if (key.spec.default_value.empty())
                document_.fail(table.place, path, fmt::format("expected {}, got nothing", expected));
            return *parse_value(key.spec.default_value, table.place).as<std::string>();
        }
        const auto* chosen = member->node.as<std::string>();
        if (chosen != nullptr && std::find(known.begin(), known.end(), *chosen) != known.end())
            return *chosen;
        const auto meant = chosen == nullptr ? std::string_view{} : closest(*chosen, known);
        document_.fail(member->node.place, path,
            fmt::format("expected {}{}, got {}", expected,
                meant.empty() ? "" : fmt::format(" (did you mean {}?)", meant),
                shown(member->node)));
    }

    const Variant& select_variant(const NamedTable& table, const Section& section) const
    {
        std::vector<std::string_view> known;
        for (const auto& variant : section.variants)
            known.push_back(variant.name);
        const auto chosen = select(table, section, known, section.selector);
        return *std::find_if(section.variants.begin(), section.variants.end(),
            [&](const Variant& variant) { return variant.name == chosen; });
    }

    /// Reads a table and writes it to the resolved text.
    TableValues read(const NamedTable& table, const std::vector<Key>& keys)
    {
        auto values = TableReader{document_, names_}.read(*table.node, table.place, table.path, keys);
        return values;
    }

    void resolve(const NamedTable& table, const Node::Table& canonical)
    {
        auto& text = scenario_.resolved_text;
        text += fmt::format("{}[{}]\n", text.empty() ? "" : "\n", table.path);
        for (const auto& member : canonical)
        {
            // A table per token takes a line for each.
            const auto* rows = member.node.as<Node::Table>();
            if (rows == nullptr || rows->empty() || !names_.find_token(rows->front().key))
            {
                text += fmt::format("{} = {}\n", member.key, to_toml(member.node));
                continue;
            }
            for (const auto& row : *rows)
                text += fmt::format("{}.{} = {}\n", member.key, row.key, to_toml(row.node));
        }
    }

    void check(const NamedTable& table, const std::string& finding) const
    {
        if (finding.empty())
            return;
        const auto* member = table.node->find(finding.substr(0, finding.find(':')));
        document_.fail(member != nullptr ? member->node.place : table.place, "",
            fmt::format("{}.{}", table.path, finding));
    }

    [[noreturn]] void fail_key(
        const NamedTable& table, std::string_view key, std::string_view message) const
    {
        const auto* member = table.node->find(key);
        document_.fail(member != nullptr ? member->node.place : table.place,
            fmt::format("{}.{}", table.path, key), message);
    }

    std::string place(const NamedTable& table) const { return document_.describe(table.place); }

    // ---- Sections ----

    const ContractType* contract_type(std::string_view kind) const
    {
        const auto& all = options_.catalogue.contracts;
        const auto found = std::find_if(
            all.begin(), all.end(), [kind](const auto* type) { return type->kind == kind; });
        return found == all.end() ? nullptr : *found;
    }

    std::vector<const ContractType*> contract_types(bool tokens) const
    {
        std::vector<const ContractType*> types;
        std::copy_if(options_.catalogue.contracts.begin(), options_.catalogue.contracts.end(),
            std::back_inserter(types),
            [tokens](const auto* type) { return is_token_type(*type) == tokens; });
        return types;
    }

    /// Names and decimals, before any value that may refer to them; the native coin first.
    void collect_tokens()
    {
        const auto& tokens = section("tokens");
        token_tables_ = named_tables("tokens", tokens_max);
        const auto known = names_of(contract_types(true));
        const auto kind_of = [&](const NamedTable& table)
        { return select(table, tokens, known, "kind of token"); };

        const NamedTable* native = nullptr;
        for (const auto& table : token_tables_)
        {
            check_account_name(table);
            if (kind_of(table) != native_kind)
                continue;
            if (native != nullptr)
            {
                document_.fail(table.place, table.path + ".kind",
                    fmt::format("expected one native coin, got {} beside {}", table.name,
                        native->name));
            }
            native = &table;
        }
        if (native == nullptr)
        {
            if (const auto taken = std::find_if(token_tables_.begin(), token_tables_.end(),
                    [](const NamedTable& table) { return table.name == "ETH"; });
                taken != token_tables_.end())
            {
                document_.fail(taken->place, taken->path + ".kind",
                    "expected a native coin, which is called ETH unless another table of [tokens] "
                    "has kind = \"native\", got another kind");
            }
            token_tables_.insert(token_tables_.begin(), {&default_native_, {1, 0}, "ETH", "tokens.ETH"});
        }
        else
        {
            const auto position = native - token_tables_.data();
            std::rotate(token_tables_.begin(), token_tables_.begin() + position,
                token_tables_.begin() + position + 1);
        }
        for (const auto& table : token_tables_)
        {
            const auto* type = contract_type(kind_of(table));
            names_.add_token(table.name, type, decimals_of(table, *type));
        }
    }

    unsigned decimals_of(const NamedTable& table, const ContractType& type) const
    {
        constexpr unsigned native_decimals = 18;
        for (const auto& spec : type.parameters)
        {
            if (spec.name == "decimals")
            {
                const auto value = TableReader{document_, names_}.read_one(
                    *table.node, table.place, table.path, {spec});
                return static_cast<unsigned>(std::get<std::int64_t>(value));
            }
        }
        return native_decimals;
    }

    void collect_contracts()
    {
        contract_tables_ = named_tables("contracts", contracts_max);
        const auto known = names_of(contract_types(false));
        for (const auto& table : contract_tables_)
        {
            check_account_name(table);
            if (names_.find_token(table.name))
            {
                document_.fail(table.place, table.path,
                    "expected another name than that of a token, got the same");
            }
            const auto kind = select(table, section("contracts"), known, "kind of contract");
            names_.add_contract(table.name, contract_type(kind));
        }
    }

    void read_scenario(const std::string& default_name)
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
        scenario_.seed = static_cast<std::uint64_t>(parameters.integer("seed"));
        scenario_.blocks = static_cast<std::uint64_t>(parameters.integer("blocks"));
        scenario_.slot_seconds = static_cast<std::uint32_t>(parameters.integer("slot_seconds"));
        scenario_.start = static_cast<std::uint64_t>(parameters.integer("start"));
        resolve(table, values.canonical);
    }

    void read_chain()
    {
        const auto table = single_table("chain");
        const auto values = read(table, section("chain").keys);
        const auto& parameters = values.parameters;
        auto& chain = scenario_.chain;
        chain.validators = static_cast<std::uint32_t>(parameters.integer("validators"));
        chain.stake = parameters.distribution("stake");
        chain.participation = parameters.number("participation");
        chain.fees.block_gas_limit =
            static_cast<std::uint64_t>(parameters.integer("block_gas_limit"));
        chain.fees.initial_base_fee = parameters.amount("initial_base_fee").low64();
        chain.fees.min_base_fee = parameters.amount("min_base_fee").low64();
        if (chain.fees.initial_base_fee < chain.fees.min_base_fee)
            fail_key(table, "initial_base_fee", "expected at least min_base_fee, got less");
        for (const auto ordering : {Ordering::priority_fee, Ordering::fifo, Ordering::random})
        {
            if (parameters.text("ordering") == fee_name(ordering))
                chain.ordering = ordering;
        }
        chain.mempool_size = static_cast<std::uint32_t>(parameters.integer("mempool_size"));
        chain.transaction_lifetime_ms =
            static_cast<std::uint64_t>(parameters.duration_ms("transaction_lifetime"));
        chain.block_reward = parameters.amount("block_reward");
        chain.checkpoint_interval =
            static_cast<std::uint64_t>(parameters.integer("checkpoint_interval"));
        resolve(table, values.canonical);
    }

    void read_tokens()
    {
        for (std::size_t i = 0; i < token_tables_.size(); ++i)
        {
            const auto& table = token_tables_[i];
            const auto* type = names_[ContractId{static_cast<std::uint32_t>(i)}].type;
            auto keys = with_parameters(section("tokens").keys, type->parameters);
            auto values = read(table, keys);
            if (table.node->find("symbol") == nullptr)
            {
                // People call it by its name.
                values.parameters.set("symbol", table.name);
                for (auto& member : values.canonical)
                {
                    if (member.key == "symbol")
                        member.node = Node{table.name};
                }
            }
            if (type->validate != nullptr)
                check(table, type->validate(values.parameters));
            scenario_.tokens.push_back({table.name, type, std::move(values.parameters),
                static_cast<std::uint8_t>(names_.token_units()[i].decimals), place(table)});
            resolve(table, values.canonical);
        }
    }

    void read_contracts()
    {
        for (const auto& table : contract_tables_)
        {
            const auto* type = names_[*names_.find_contract(table.name)].type;
            auto values = read(table, with_parameters(section("contracts").keys, type->parameters));
            if (type->validate != nullptr)
                check(table, type->validate(values.parameters));
            scenario_.contracts.push_back(
                {table.name, type, std::move(values.parameters), place(table)});
            resolve(table, values.canonical);
        }
    }

    void read_prices()
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
                std::vector<std::string_view> known;
                for (const auto& unit : names_.token_units())
                    known.push_back(unit.name);
                const auto meant = closest(table.name, known);
                document_.fail(table.place, table.path,
                    fmt::format("expected a token ({}){}, got {}", listed(known),
                        meant.empty() ? "" : fmt::format(" (did you mean {}?)", meant),
                        shown(table.name)));
            }
            const auto& variant = select_variant(table, prices);
            auto keys = prices.keys;
            keys.insert(keys.end(), variant.keys.begin(), variant.keys.end());
            auto values = read(table, keys);
            auto model = price_model(table, variant.name, values);
            check_price_model(table, model);
            scenario_.prices.push_back({table.name, std::move(model), place(table)});
            resolve(table, values.canonical);
        }
    }

    PriceModel price_model(const NamedTable& table, std::string_view model, TableValues& values)
    {
        const auto& parameters = values.parameters;
        if (model == "constant")
            return ConstantPrice{parameters.amount("price").low64()};
        if (model == "gbm" || model == "jump")
        {
            const GbmPrice diffusion{parameters.amount("start_price").low64(),
                parameters.number("drift"), parameters.number("volatility")};
            if (model == "gbm")
                return diffusion;
            return JumpPrice{diffusion, parameters.number("jumps_per_year"),
                parameters.number("jump_mean"), parameters.number("jump_sd")};
        }
        const BarOptions bars{static_cast<std::uint32_t>(parameters.integer("bar_seconds")),
            parameters.boolean("hold_last_close")};
        if (model == "closes")
            return ClosesPrice{std::move(values.closes), bars};
        if (model == "bars")
            return BarsPrice{std::move(values.bars), bars};
        return csv_price(table, values, bars);
    }

    /// Records the file's hash, and enforces it where the scenario names one.
    CsvPrice csv_price(const NamedTable& table, TableValues& values, const BarOptions& bars)
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
                    fmt::format("expected the hash of {}, {}, got {}", shown(name),
                        hash.to_string(), wanted->to_string()));
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
        return {path, bars};
    }

    void check_price_model(const NamedTable& table, const PriceModel& model) const
    {
        if (std::holds_alternative<CsvPrice>(model) && !options_.open_input_files)
            return;
        // No prices yet, but what can be checked without.
        const PriceGrid grid{scenario_.seed, table.name, static_cast<std::int64_t>(scenario_.start),
            scenario_.slot_seconds, 0};
        if (const auto path = make_price_path(model, grid); !path)
            document_.fail(table.place, table.path, path.error());
    }

    void read_agents()
    {
        std::vector<std::string_view> known;
        for (const auto* type : options_.catalogue.strategies)
            known.push_back(type->name);
        std::uint64_t wallets = 0;
        for (const auto& table : named_tables("agents", groups_max))
        {
            if (table.name == "validator")
                document_.fail(table.place, table.path, "expected a name other than validator, which is taken");
            const auto chosen = select(table, section("agents"), known, "strategy");
            const auto& type = **std::find_if(options_.catalogue.strategies.begin(),
                options_.catalogue.strategies.end(),
                [&](const auto* candidate) { return candidate->name == chosen; });
            auto values = read(table, with_parameters(section("agents").keys, type.parameters));
            if (type.validate != nullptr)
                check(table, type.validate(values.parameters));
            AgentSpec agent{table.name, &type,
                static_cast<std::uint32_t>(values.parameters.integer("count")),
                std::move(values.funds), values.parameters.distribution("priority_fee"),
                values.parameters.distribution("max_base_fee_multiple"),
                values.parameters.distribution("max_fee"), values.parameters,
                place(table)};
            wallets += agent.count;
            if (wallets > wallets_max)
            {
                fail_key(table, "count",
                    fmt::format("expected at most {} wallets in all groups together, got {}",
                        wallets_max, wallets));
            }
            scenario_.agents.push_back(std::move(agent));
            resolve(table, values.canonical);
        }
    }

    void read_events()
    {
        const auto& events = section("events");
        for (const auto& table : named_tables("events", events_max))
        {
            const auto& variant = select_variant(table, events);
            auto keys = events.keys;
            keys.insert(keys.end(), variant.keys.begin(), variant.keys.end());
            const auto values = read(table, keys);
            const auto& parameters = values.parameters;
            EventSpec event{table.name, static_cast<std::uint64_t>(parameters.integer("at_block")),
                EventSpec::Action::price_shock, names_[parameters.token("token")].name,
                parameters.number("factor")};
            if (std::none_of(scenario_.prices.begin(), scenario_.prices.end(),
                    [&](const PriceSpec& price) { return price.token == event.token; }))
            {
                fail_key(table, "token",
                    fmt::format("expected a token with a table in [prices], got {}",
                        shown(event.token)));
            }
            scenario_.events.push_back(std::move(event));
            resolve(table, values.canonical);
        }
    }

    const Document& document_;
    const std::filesystem::path& folder_;
    const LoadOptions& options_;
    Scenario& scenario_;
    Names names_;
    std::vector<NamedTable> token_tables_;  // The native coin first.
    std::vector<NamedTable> contract_tables_;
    const Node default_native_{
        Node::Table{{"kind", {}, Node{std::string{native_kind}}}}, {1, 0}};
};

}  // namespace

std::string_view to_string(Ordering ordering) noexcept
{
    return fee_name(ordering);
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
        return tl::unexpected{ScenarioError{
            fmt::format("{}: expected a scenario file of at most 64 MiB, got {}", file.string(), text.error())}};
    }
    return parse_scenario(*text, file.string(), file.parent_path(), overrides, options);
}

}  // namespace runnel::scenarios
