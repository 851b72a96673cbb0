#include "storage/manifest.hpp"

#include "ledger/check.hpp"
#include "ledger/fields.hpp"
#include "storage/comparison.hpp"

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
    // A file that changed is named, rather than the line that holds its hash.
    for (const auto& [key, value] : expected.entries)
    {
        const auto other = key.starts_with("input:") ? found.find(key) : std::nullopt;
        if (other && *other != value)
            return fmt::format("{}: {}", key, first_difference(*other, value));
    }
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

namespace
{
/// A value's lines, one after the other.
class Lines
{
public:
    explicit Lines(std::optional<std::string_view> text) noexcept : rest_{text} {}
    std::optional<std::string_view> next()
    {
        if (!rest_)
            return std::nullopt;
        const auto end = rest_->find('\n');
        const auto line = rest_->substr(0, end);
        if (end == std::string_view::npos)
            rest_.reset();
        else
            rest_->remove_prefix(end + 1);
        return line;
    }

private:
    std::optional<std::string_view> rest_;
};

std::optional<std::string> shown(std::optional<std::string_view> line)
{
    constexpr std::size_t shown_max = 120;
    return line ? std::optional{shortened(*line, shown_max)} : std::nullopt;
}

std::optional<ManifestDifference> compare_entry(
    const std::string& key, std::optional<std::string_view> a, std::optional<std::string_view> b)
{
    if (a == b)
        return std::nullopt;
    const auto has_lines = [](const auto& text) { return text && text->find('\n') != text->npos; };
    Lines lines_a{a};
    Lines lines_b{b};
    for (std::size_t line = 1;; ++line)
    {
        const auto line_a = lines_a.next();
        const auto line_b = lines_b.next();
        if (line_a != line_b)
        {
            return ManifestDifference{shortened(key, 80), has_lines(a) || has_lines(b) ? line : 0,
                shown(line_a), shown(line_b)};
        }
    }
}
}  // namespace

std::string ManifestDifference::to_string(std::string_view name_a, std::string_view name_b) const
{
    const auto part = [&](std::string_view name, const std::optional<std::string>& text)
    {
        return text ? fmt::format("{} has \"{}\"", name, *text)
                    : fmt::format("{} has no such {}", name, line > 0 ? "line" : "entry");
    };
    return fmt::format("t_manifest, {}{}: {}; {}", key,
        line > 0 ? fmt::format(", line {}", line) : "", part(name_a, a), part(name_b, b));
}

std::vector<ManifestDifference> manifest_differences(const Manifest& a, const Manifest& b)
{
    std::vector<ManifestDifference> differences;
    const auto add = [&](const std::string& key)
    {
        if (auto difference = compare_entry(key, a.find(key), b.find(key)))
            differences.push_back(std::move(*difference));
    };
    for (const auto& [key, value] : a.entries)
        add(key);
    for (const auto& [key, value] : b.entries)
    {
        if (!a.find(key))
            add(key);
    }
    return differences;
}

}  // namespace runnel::storage
