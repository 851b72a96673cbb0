#include "scenarios/loader/messages.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace runnel::scenarios
{
namespace
{

/// Text fit for a cell of a Markdown table.
std::string cell(std::string_view text)
{
    std::string result;
    for (const char c : text)
    {
        if (c == '|')
            result += '\\';
        result += c;
    }
    return result;
}

std::string default_of(const ParameterSpec& spec)
{
    return spec.default_value.empty() ? "required" : fmt::format("`{}`", spec.default_value);
}

void add_row(std::string& text, const Key& key, const std::string& prefix)
{
    const auto& spec = key.spec;
    text +=
        fmt::format("| `{}{}` | {} | {} | {} | {} |\n", prefix, spec.name, cell(expectation(key)),
            cell(default_of(spec)), cell(to_string(spec.unit)), cell(spec.help));
    for (const auto& column : spec.columns)
        add_row(text, {column}, fmt::format("{}{}.TOKEN.", prefix, spec.name));
}

void add_table(std::string& text, const std::vector<Key>& keys)
{
    if (keys.empty())
    {
        text += "No further keys.\n\n";
        return;
    }
    text += "| Key | Value | Default | Unit | Meaning |\n|---|---|---|---|---|\n";
    for (const auto& key : keys)
        add_row(text, key, "");
    text += '\n';
}

std::vector<Key> keys_of(const std::vector<ParameterSpec>& specs)
{
    std::vector<Key> keys;
    for (const auto& spec : specs)
        keys.push_back({spec});
    return keys;
}

void add_variant(std::string& text, const Section& section, std::string_view name,
    std::string_view help, const std::vector<Key>& keys)
{
    text += fmt::format("### {} = \"{}\"\n\n{}\n\n", section.selector, name, help);
    add_table(text, keys);
}

void add_variants(std::string& text, const Section& section, const Catalogue& catalogue)
{
    for (const auto& variant : section.variants)
        add_variant(text, section, variant.name, variant.help, variant.keys);
    if (section.name == "tokens" || section.name == "contracts")
    {
        for (const auto* type : catalogue.contracts)
        {
            if (is_token_type(*type) == (section.name == "tokens"))
                add_variant(text, section, type->kind, type->help, keys_of(type->parameters));
        }
    }
    if (section.name == "agents")
    {
        for (const auto* type : catalogue.strategies)
            add_variant(text, section, type->name, type->help, keys_of(type->parameters));
    }
}

}  // namespace

std::string scenario_reference(const Catalogue& catalogue)
{
    std::string text =
        "# Reference of scenario files\n\n"
        "Made by `runnel scenarios --reference` from the tables that the loader itself reads by; "
        "do not edit. [scenarios.md](scenarios.md) explains how the sections work together.\n\n"
        "Values:\n\n"
        "- **amount**: text with a unit, `\"1_000_000.5 USDC\"`, `\"2 ether\"`, `\"30 gwei\"`, "
        "`\"5 wei\"`, exact to the smallest unit; or an integer of smallest units. Never negative, "
        "below 2^128.\n"
        "- **duration**: text like `\"500ms\"`, `\"12s\"`, `\"1.5h\"`, `\"2d\"`; units are ms, s, "
        "m, h, d.\n"
        "- **distribution**: a number, or one of `{ constant = 5 }`, `{ uniform = [low, high] }`, "
        "`{ normal = [mean, sd] }`, `{ log_normal = [mean, sd] }` (of the logarithm), "
        "`{ exponential = mean }`, `{ pareto = [scale, shape] }`, each with `min` and `max` if "
        "wanted, to which draws are clamped, as they are to the key's own range. Drawn once per "
        "wallet where the key does not say otherwise.\n"
        "- **per token**: a table for each token, `[contracts.pool.reserves.WETH]`.\n\n";
    for (const auto& section : sections())
    {
        const auto header = fmt::format("{}{}", section.name, section.per_name ? ".NAME" : "");
        text += fmt::format("## {}\n\n{}\n\n",
            section.is_list ? fmt::format("[[{}]]", header) : fmt::format("[{}]", header),
            section.help);
        add_table(text, section.keys);
        add_variants(text, section, catalogue);
    }
    text.erase(text.find_last_not_of('\n') + 1);
    return text + '\n';
}

}  // namespace runnel::scenarios
