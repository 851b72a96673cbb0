#include "scenarios/loader/loader.hpp"
#include "scenarios/text_file.hpp"

#include <fmt/format.h>

namespace runnel::scenarios
{

std::string Loader::read_input(const NamedTable& table, const std::string& name) const
{
    constexpr std::size_t bytes_max = std::size_t{256} << 20U;
    auto contents = read_text_file(folder_ / name, bytes_max);
    if (!contents)
        fail_key(table, "file", fmt::format("{}: {}", name, contents.error()));
    return std::move(*contents);
}

void Loader::note_input(
    const NamedTable& table, TableValues& values, const std::optional<Hash>& hash)
{
    const auto& name = values.parameters.text("file");
    const auto& hash_text = values.parameters.text("file_hash");
    const auto wanted = Hash::from_string(hash_text);
    if (!wanted && !hash_text.empty())
    {
        fail_key(table, "file_hash",
            fmt::format("expected 0x and 64 hex digits, got {}", shown(hash_text)));
    }
    if (!wanted && !hash)
        fail_key(table, "file_hash", "expected the hash of the file, got nothing");
    if (wanted && hash && *wanted != *hash)
    {
        fail_key(table, "file_hash",
            fmt::format("expected the hash of {}, {}, got {}", shown(name), hash->to_string(),
                wanted->to_string()));
    }
    scenario_.inputs.push_back({name, hash ? *hash : *wanted});
    for (auto& member : values.canonical)
    {
        if (member.key == "file_hash")
            member.node = Node{scenario_.inputs.back().hash.to_string()};
    }
}

void Loader::read_state()
{
    for (const auto& table : named_tables("state", groups_max))
    {
        auto values = read(table, section("state").keys);
        const auto file = values.parameters.text("file");
        auto rows = values.parameters.text("rows");
        if (file.empty() && rows.empty())
            fail_key(table, "file", "expected a file, or rows, got neither");
        const auto taken_at = static_cast<std::uint64_t>(values.parameters.integer("taken_at"));
        if (scenario_.start < taken_at)
        {
            fail_key(table, "taken_at",
                fmt::format("expected a time not after the scenario's start, {}, got {}",
                    scenario_.start, taken_at));
        }
        // What a file says becomes part of the scenario: a ledger is verified without the file.
        if (!file.empty())
        {
            if (rows.empty())
                rows = read_input(table, file);
            note_input(table, values, keccak256(std::string_view{rows}));
            for (auto& member : values.canonical)
            {
                if (member.key == "rows")
                    member.node = Node{rows};
            }
        }
        scenario_.state.push_back(
            {table.name, file, std::make_shared<const std::string>(std::move(rows)), place(table)});
        resolve(table, values.canonical);
    }
}

}  // namespace runnel::scenarios
