#include "storage/manifest.hpp"

#include "ledger/check.hpp"
#include "ledger/fields.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace runnel::storage
{
namespace
{
void put_text(Encoder& encoder, std::string_view text)
{
    encoder.put(static_cast<std::uint32_t>(text.size()));
    encoder.put_raw({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

/// The first line in which two texts differ, so that a whole scenario is not printed.
std::string first_difference(std::string_view found, std::string_view expected)
{
    constexpr std::size_t shown_max = 80;
    const auto size = std::min(found.size(), expected.size());
    std::size_t at = 0;
    std::size_t line = 0;
    for (; at < size && found[at] == expected[at]; ++at)
    {
        if (found[at] == '\n')
            line = at + 1;
    }
    const auto cut = [&](std::string_view text)
    { return text.substr(line, std::min(text.find('\n', at) - line, shown_max)); };
    return fmt::format("\"{}\", not \"{}\"", cut(found), cut(expected));
}
}  // namespace

void Manifest::add(std::string key, std::string value)
{
    RUNNEL_CHECK(!find(key) && "a manifest's keys are unique");
    entries.emplace_back(std::move(key), std::move(value));
}

std::optional<std::string_view> Manifest::find(std::string_view key) const noexcept
{
    const auto found = std::find_if(
        entries.begin(), entries.end(), [&](const auto& entry) { return entry.first == key; });
    return found == entries.end() ? std::nullopt : std::optional<std::string_view>{found->second};
}

Bytes manifest_encoding(const Manifest& manifest)
{
    Bytes bytes;
    Encoder encoder{bytes};
    encoder.put(static_cast<std::uint32_t>(manifest.entries.size()));
    for (const auto& [key, value] : manifest.entries)
    {
        put_text(encoder, key);
        put_text(encoder, value);
    }
    return bytes;
}

Hash manifest_hash(const Manifest& manifest)
{
    return keccak256(manifest_encoding(manifest));
}

std::string manifest_difference(const Manifest& found, const Manifest& expected)
{
    for (const auto& [key, value] : expected.entries)
    {
        const auto other = found.find(key);
        if (!other)
            return fmt::format("{} is missing", key);
        if (*other != value)
            return fmt::format("{}: {}", key, first_difference(*other, value));
    }
    for (const auto& [key, value] : found.entries)
    {
        if (!expected.find(key))
            return fmt::format("{} is unexpected", key);
    }
    return found == expected ? "" : "the entries' order differs";
}

}  // namespace runnel::storage
