#include "scenarios/loader/loader.hpp"
#include "scenarios/loader/messages.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace runnel::scenarios
{

namespace
{

std::vector<std::string_view> names_of(const std::vector<const ContractType*>& types)
{
    std::vector<std::string_view> names;
    for (const auto* type : types)
        names.push_back(type->kind);
    return names;
}

}  // namespace

const ContractType* Loader::contract_type(std::string_view kind) const
{
    const auto& all = options_.catalogue.contracts;
    const auto found = std::find_if(
        all.begin(), all.end(), [kind](const auto* type) { return type->kind == kind; });
    return found == all.end() ? nullptr : *found;
}

std::vector<const ContractType*> Loader::contract_types(bool tokens) const
{
    std::vector<const ContractType*> types;
    std::copy_if(options_.catalogue.contracts.begin(), options_.catalogue.contracts.end(),
        std::back_inserter(types),
        [tokens](const auto* type) { return is_token_type(*type) == tokens; });
    return types;
}

void Loader::collect_tokens()
{
    token_tables_ = named_tables("tokens", tokens_max);
    const NamedTable* native = nullptr;
    for (const auto& table : token_tables_)
    {
        check_account_name(table);
        if (token_kind(table) != native_kind)
            continue;
        if (native != nullptr)
        {
            document_.fail(table.place, table.path + ".kind",
                fmt::format(
                    "expected one native coin, got {} beside {}", table.name, native->name));
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
        token_tables_.insert(
            token_tables_.begin(), {&default_native_, {1, 0}, "ETH", "tokens.ETH"});
    }
    else
    {
        const auto position = native - token_tables_.data();
        std::rotate(token_tables_.begin(), token_tables_.begin() + position,
            token_tables_.begin() + position + 1);
    }
    for (const auto& table : token_tables_)
    {
        const auto* type = contract_type(token_kind(table));
        names_.add_token(table.name, type, decimals_of(table, *type));
    }
}

std::string Loader::token_kind(const NamedTable& table) const
{
    return select(table, section("tokens"), names_of(contract_types(true)), "a kind of token");
}

unsigned Loader::decimals_of(
    const NamedTable& table, const ContractType& type, unsigned depth) const
{
    constexpr unsigned usual_decimals = 18;
    const auto integer = [&](std::string_view name) -> std::optional<unsigned>
    {
        for (const auto& spec : type.parameters)
        {
            if (spec.name != name)
                continue;
            const auto value = TableReader{document_, names_}.read_one(
                *table.node, table.place, table.path, {spec});
            return static_cast<unsigned>(std::get<std::int64_t>(value));
        }
        return std::nullopt;
    };
    if (const auto written = integer("decimals"))
        return *written;
    // Shares of a vault have those of its asset, and as many more as it says (ERC-4626).
    const auto* member = table.node->find("asset");
    const auto* asset = member == nullptr ? nullptr : member->node.as<std::string>();
    if (asset == nullptr)
        return usual_decimals;
    const auto held = std::find_if(token_tables_.begin(), token_tables_.end(),
        [&](const NamedTable& other) { return other.name == *asset; });
    constexpr unsigned depth_max = 8;  // Two vaults over each other are refused when they are read.
    if (held == token_tables_.end() || depth == depth_max)
        return usual_decimals;
    return decimals_of(*held, *contract_type(token_kind(*held)), depth + 1) +
           integer("decimals_offset").value_or(0);
}

void Loader::collect_contracts()
{
    contract_tables_ = named_tables("contracts", contracts_max);
    const auto known = names_of(contract_types(false));
    for (const auto& table : contract_tables_)
    {
        check_account_name(table);
        if (names_.find_token(table.name))
        {
            document_.fail(
                table.place, table.path, "expected a name that no token has, got a token's");
        }
        const auto kind = select(table, section("contracts"), known, "a kind of contract");
        names_.add_contract(table.name, contract_type(kind));
    }
}

void Loader::read_tokens()
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

void Loader::check_block_seconds(const NamedTable& table, const Parameters& parameters) const
{
    constexpr std::string_view key = "block_seconds";
    if (!parameters.has(key) || !scenario_.times.known().empty() ||
        parameters.integer(key) == scenario_.slot_seconds)
        return;
    fail_key(table, key,
        fmt::format("expected the slot_seconds of [scenario], {}, got {}", scenario_.slot_seconds,
            parameters.integer(key)));
}

void Loader::read_contracts()
{
    for (const auto& table : contract_tables_)
    {
        const auto* type = names_[*names_.find_contract(table.name)].type;
        auto values = read(table, with_parameters(section("contracts").keys, type->parameters));
        if (type->validate != nullptr)
            check(table, type->validate(values.parameters));
        check_block_seconds(table, values.parameters);
        scenario_.contracts.push_back(
            {table.name, type, std::move(values.parameters), place(table)});
        resolve(table, values.canonical);
    }
}

}  // namespace runnel::scenarios
