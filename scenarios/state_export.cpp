#include "scenarios/state_export.hpp"

#include "contracts/kit/block_offset.hpp"
#include "scenarios/genesis.hpp"
#include "scenarios/loader/document.hpp"
#include "scenarios/loader/schema.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <type_traits>
#include <variant>

namespace runnel::scenarios
{
namespace
{

std::string quoted(std::string text)
{
    return to_toml(Node{std::move(text)});
}

std::string usd(std::uint64_t price)
{
    constexpr std::uint64_t one = 100'000'000;
    return fmt::format("\"{}.{:08} USD\"", price / one, price % one);
}

/// The constructor's arguments as keys of a table [contracts.NAME]. `reserves.0.token` is the token
/// of a row of `reserves`, told first; `reserves.0.KEY` are its cells.
class ParameterWriter final : public FieldSink
{
public:
    explicit ParameterWriter(const World& world) : world_{world} {}

    void text(std::string_view name, std::string value) override
    {
        const auto dot = name.find('.');
        if (dot == std::string_view::npos)
        {
            keys_ += fmt::format(", {} = {}", name, value);
            return;
        }
        const auto last = name.rfind('.');
        auto& rows = tables_[std::string{name.substr(0, dot)}];
        const auto key = name.substr(last + 1);
        if (key == "token")
            rows.push_back({std::move(value), {}});
        else
        {
            auto& cells = rows.back().cells;
            cells += fmt::format("{}{} = {}", cells.empty() ? "" : ", ", key, value);
        }
    }
    void account(std::string_view name, AccountId value) override
    {
        text(name, quoted(world_.account(value).name));
    }
    void contract(std::string_view name, ContractId value) override
    {
        text(name, quoted(world_.contract(value).name()));
    }

    /// Keys and values, each behind a comma.
    [[nodiscard]] std::string toml() const
    {
        auto text = keys_;
        for (const auto& [name, rows] : tables_)
        {
            std::string cells;
            for (const auto& row : rows)
            {
                cells +=
                    fmt::format("{}{} = {{ {} }}", cells.empty() ? "" : ", ", row.token, row.cells);
            }
            text += fmt::format(", {} = {{ {} }}", name, cells);
        }
        return text;
    }

private:
    struct TokenRow
    {
        std::string token;  // In quotes.
        std::string cells;
    };

    const World& world_;
    std::string keys_;
    std::map<std::string, std::vector<TokenRow>> tables_;
};

class Exporter
{
public:
    Exporter(const World& world, const Scenario& scenario, const BlockHeader& block,
        std::span<const storage::ReferencePriceRow> prices)
      : world_{world}, scenario_{scenario}, block_{block}, prices_{prices}
    {}

    tl::expected<StateExport, ScenarioError> run()
    {
        if (auto refused = find_unnameable())
            return tl::unexpected{std::move(*refused)};
        change_scenario();
        for (const auto& agent : scenario_.agents)
            change_agent(agent);
        for (const auto& account : scenario_.accounts)
            set(fmt::format("accounts.{}.funds", account.name), "{}");
        for (const auto& price : scenario_.prices)
            change_price(price);
        for (const auto& token : scenario_.tokens)
            empty("tokens." + token.name, *token.type, token.parameters);
        for (const auto& contract : scenario_.contracts)
            empty("contracts." + contract.name, *contract.type, contract.parameters);
        for (auto id = static_cast<std::uint32_t>(world_.known_contracts());
             id < world_.contract_count(); ++id)
        {
            if (!add_deployed(ContractId{id}))
            {
                const auto& contract = world_.contract(ContractId{id});
                return tl::unexpected{ScenarioError{fmt::format(
                    "expected contracts that a scenario can name, got {}, a {} deployed in block "
                    "{}",
                    contract.name(), contract.type().kind,
                    world_.deployment(ContractId{id}).origin.block)}};
            }
        }
        LoadOptions options;
        options.open_input_files = false;
        auto scenario = parse_scenario(
            scenario_.resolved_text, "the exported scenario", ".", changes_, options);
        if (!scenario)
            return tl::unexpected{scenario.error()};
        StateExport result{std::move(scenario->resolved_text), state_of(world_)};
        result.state.left_out.insert(
            result.state.left_out.end(), left_out_.begin(), left_out_.end());
        for (const auto& file : result.state.files)
        {
            result.scenario += fmt::format("\n[state.{}]\nfile = \"{}.csv\"\ntaken_at = {}\n",
                file.name, file.name, block_.timestamp);
        }
        return result;
    }

private:
    void set(std::string path, std::string value)
    {
        changes_.push_back({std::move(path), std::move(value)});
    }

    /// A contract with records that no other world could find: without them the rest of its state
    /// would be another one.
    [[nodiscard]] std::optional<ScenarioError> find_unnameable() const
    {
        for (const auto* table : world_.tables())
        {
            const auto owner = world_.table_owner(table->number());
            if (owner == no_contract || table->key_of() != KeyOf::something_else ||
                table->keys().empty())
                continue;
            const auto& contract = world_.contract(owner);
            return ScenarioError{fmt::format(
                "expected contracts whose records another world can find, got {}, a {}, whose {} "
                "have keys of its own",
                contract.name(), contract.type().kind, table->name())};
        }
        return std::nullopt;
    }

    void change_scenario()
    {
        const auto rest = scenario_.blocks - std::min(scenario_.blocks, block_.number);
        const auto name = scenario_.title.empty() ? scenario_.name : scenario_.title;
        set("scenario.title", quoted(fmt::format("{}, from block {}", name, block_.number)));
        set("scenario.block_times", "[]");
        if (scenario_.retold != 0)
            set("scenario.retold_block", std::to_string(scenario_.retold + block_.number));
        set("scenario.start", std::to_string(block_.timestamp));
        set("scenario.blocks", std::to_string(std::max<std::uint64_t>(1, rest)));
        set("chain.initial_base_fee", std::to_string(block_.base_fee));
        for (const std::string_view section : {"events", "positions", "state"})
            set(std::string{section}, "{}");
        set("script", "[]");
    }

    void change_agent(const AgentSpec& spec)
    {
        const auto path = "agents." + spec.name;
        const auto check = spec.strategy->validate_in;
        const auto wrong = check == nullptr ? std::string{} : check(spec.parameters, world_);
        if (wrong.empty())
        {
            set(path + ".funds", "{}");
            for (const auto* event : group_changes(scenario_))
            {
                if (event->group != spec.name)
                    continue;
                if (event->at_block > block_.number)
                {
                    left_out_.push_back(fmt::format(
                        "events.{}: block {} is yet to come", event->name, event->at_block));
                    continue;
                }
                for (const auto& [key, value] : event->changed)
                    set(fmt::format("{}.{}", path, key), value);
            }
            if (!spec.arrives())
                return;
            for (const std::string_view key : {"arrive", "arrive_until"})
                set(fmt::format("{}.{}", path, key), "\"0s\"");
            set(path + ".arrivals_per_day", "0");
            set(path + ".funded_by", "\"\"");
            left_out_.push_back(
                fmt::format("{}: who had not arrived yet is there, and has nothing", path));
            return;
        }
        // Their work is done (a pool is open), and as at a start it would be refused.
        set(path, fmt::format("{{ strategy = \"holder\", count = {} }}", spec.count));
        left_out_.push_back(
            fmt::format("{}: what a {} does, they hold now: {}", path, spec.strategy->name, wrong));
    }

    void change_price(const PriceSpec& spec)
    {
        const auto path = "prices." + spec.token;
        std::uint64_t price = 0;
        std::vector<std::pair<std::uint64_t, std::uint64_t>> later;
        const auto token = std::find_if(scenario_.tokens.begin(), scenario_.tokens.end(),
            [&](const TokenSpec& candidate) { return candidate.name == spec.token; });
        for (const auto& row : prices_)
        {
            if (index(row.token) != static_cast<std::size_t>(token - scenario_.tokens.begin()))
                continue;
            if (row.from_block <= block_.number)
                price = row.price;
            else
                later.emplace_back(row.from_block - block_.number, row.price);
        }
        if (std::holds_alternative<ConstantPrice>(spec.model))
            return set(path + ".price", usd(price));
        if (std::holds_alternative<GbmPrice>(spec.model) ||
            std::holds_alternative<JumpPrice>(spec.model))
            return set(path + ".start_price", usd(price));
        auto closes = fmt::format("[{}, {}]", block_.timestamp, usd(price));
        for (const auto& [blocks, changed] : later)
        {
            closes += fmt::format(
                ", [{}, {}]", block_.timestamp + blocks * scenario_.slot_seconds, usd(changed));
        }
        set(path, fmt::format("{{ model = \"closes\", bar_seconds = {}, hold_gaps = true, "
                              "hold_last_close = true, closes = [{}] }}",
                      scenario_.slot_seconds, closes));
    }

    /// Without what it would be given at block 0, as its tables say what it has; blocks go on.
    void empty(const std::string& table, const ContractType& type, const Parameters& parameters)
    {
        for (const auto& parameter : type.parameters)
        {
            const auto path = fmt::format("{}.{}", table, parameter.name);
            if (parameter.is_allocation)
                set(path, "0");
            if (parameter.name == contracts::block_offset_key && block_.number != 0)
            {
                set(path, std::to_string(contracts::block_offset_of(parameters) + block_.number));
            }
            for (const auto& column : parameter.columns)
            {
                if (!column.is_allocation)
                    continue;
                for (const auto& [token, row] : parameters.per_token(parameter.name))
                {
                    set(fmt::format(
                            "{}.{}.{}", path, scenario_.tokens.at(index(token)).name, column.name),
                        "0");
                }
            }
        }
    }

    bool add_deployed(ContractId id)
    {
        const auto& deployment = world_.deployment(id);
        if (deployment.type->list_arguments == nullptr)
            return false;
        ParameterWriter parameters{world_};
        deployment.type->list_arguments(deployment.arguments, parameters);
        if (is_token_type(*deployment.type))
        {
            const auto info = world_.contract(id).token_info();
            parameters.text("symbol", quoted(info ? info->symbol : std::string{}));
        }
        set((is_token_type(*deployment.type) ? "tokens." : "contracts.") +
                world_.contract(id).name(),
            fmt::format("{{ kind = \"{}\"{} }}", deployment.type->kind, parameters.toml()));
        return true;
    }

    const World& world_;
    const Scenario& scenario_;
    const BlockHeader& block_;
    std::span<const storage::ReferencePriceRow> prices_;
    std::vector<Override> changes_;
    std::vector<std::string> left_out_;
};

}  // namespace

tl::expected<StateExport, ScenarioError> export_state(const World& world, const Scenario& scenario,
    const BlockHeader& block, std::span<const storage::ReferencePriceRow> prices)
{
    return Exporter{world, scenario, block, prices}.run();
}

}  // namespace runnel::scenarios
