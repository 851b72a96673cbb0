#include "scenarios/loader/loader.hpp"
#include "scenarios/loader/messages.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <system_error>

namespace runnel::scenarios
{

std::vector<Key> with_parameters(std::vector<Key> keys, const std::vector<ParameterSpec>& specs)
{
    for (const auto& spec : specs)
        keys.push_back({spec});
    return keys;
}

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

void Loader::check_sections() const
{
    std::vector<std::string_view> known;
    for (const auto& candidate : sections())
    {
        if (candidate.name.find('.') == std::string_view::npos)
            known.push_back(candidate.name);
    }
    for (const auto& member : *document_.root().as<Node::Table>())
    {
        if (std::find(known.begin(), known.end(), member.key) == known.end())
        {
            document_.fail(member.place, member.key,
                fmt::format("expected a section ({}){}, got an unknown one", listed(known),
                    hint(member.key, known)));
        }
        const bool is_list = section(member.key).is_list;
        const bool fits = is_list ? member.node.as<Node::Array>() != nullptr
                                  : member.node.as<Node::Table>() != nullptr;
        if (!fits)
        {
            document_.fail(member.place, member.key,
                fmt::format("expected {}, got {}",
                    is_list ? fmt::format("tables [[{}]]", member.key) : "a table",
                    shown(member.node)));
        }
    }
}

Loader::NamedTable Loader::single_table(std::string_view name) const
{
    static const Node empty{Node::Table{}};
    const auto* member = document_.root().find(name);
    if (member == nullptr)
        return {&empty, {1, 0}, std::string{name}, std::string{name}};
    return {&member->node, member->place, std::string{name}, std::string{name}};
}

std::vector<Loader::NamedTable> Loader::named_tables(
    std::string_view section_name, std::size_t count_max) const
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

void Loader::check_name(const NamedTable& table) const
{
    if (!is_plain_name(table.name))
    {
        document_.fail(table.place, table.path,
            fmt::format("expected a name of 1 to {} letters, digits, _ or -, got {}",
                name_length_max, shown(table.name)));
    }
    if (table.node->as<Node::Table>() == nullptr)
    {
        document_.fail(
            table.place, table.path, fmt::format("expected a table, got {}", shown(*table.node)));
    }
}

void Loader::check_account_name(const NamedTable& table) const
{
    constexpr std::array<std::string_view, 7> reserved{
        "zero", "wei", "gwei", "ether", "USD", "ray", "wad"};
    if (std::find(reserved.begin(), reserved.end(), table.name) != reserved.end())
    {
        document_.fail(table.place, table.path,
            fmt::format("expected a name other than {}, which is taken", table.name));
    }
}

std::string Loader::select(const NamedTable& table, const Section& section,
    const std::vector<std::string_view>& known, std::string_view what) const
{
    const auto& key = section.keys.front();
    const auto path = fmt::format("{}.{}", table.path, section.selector);
    const auto* member = table.node->find(section.selector);
    const auto expected = fmt::format("{} ({})", what, listed(known));
    if (member == nullptr)
    {
        if (key.spec.default_value.empty())
            document_.fail(table.place, path, fmt::format("expected {}, got nothing", expected));
        return *parse_value(key.spec.default_value, table.place).as<std::string>();
    }
    const auto* chosen = member->node.as<std::string>();
    if (chosen != nullptr && std::find(known.begin(), known.end(), *chosen) != known.end())
        return *chosen;
    document_.fail(member->node.place, path,
        fmt::format("expected {}{}, got {}", expected,
            chosen == nullptr ? std::string{} : hint(*chosen, known), shown(member->node)));
}

const Variant& Loader::select_variant(const NamedTable& table, const Section& section) const
{
    std::vector<std::string_view> known;
    for (const auto& variant : section.variants)
        known.push_back(variant.name);
    const auto chosen =
        select(table, section, known, section.selector == "model" ? "a model" : "an action");
    return *std::find_if(section.variants.begin(), section.variants.end(),
        [&](const Variant& variant) { return variant.name == chosen; });
}

TableValues Loader::read(const NamedTable& table, const std::vector<Key>& keys) const
{
    return TableReader{document_, names_}.read(*table.node, table.place, table.path, keys);
}

void Loader::resolve(const NamedTable& table, const Node::Table& canonical)
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

void Loader::check(const NamedTable& table, const std::string& finding) const
{
    if (finding.empty())
        return;
    const auto* member = table.node->find(finding.substr(0, finding.find(':')));
    document_.fail(member != nullptr ? member->node.place : table.place, "",
        fmt::format("{}.{}", table.path, finding));
}

void Loader::fail_key(const NamedTable& table, std::string_view key, std::string_view message) const
{
    const auto* member = table.node->find(key);
    document_.fail(member != nullptr ? member->node.place : table.place,
        fmt::format("{}.{}", table.path, key), message);
}

}  // namespace runnel::scenarios
