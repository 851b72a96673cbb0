#include "ledger/hash.hpp"

#include "ledger/keccak.hpp"

#include <algorithm>

namespace runnel
{
namespace
{
constexpr std::string_view hex_digits = "0123456789abcdef";

std::optional<std::uint8_t> hex_value(char digit) noexcept
{
    if (digit >= '0' && digit <= '9')
        return static_cast<std::uint8_t>(digit - '0');
    if (digit >= 'a' && digit <= 'f')
        return static_cast<std::uint8_t>(digit - 'a' + 10);
    if (digit >= 'A' && digit <= 'F')
        return static_cast<std::uint8_t>(digit - 'A' + 10);
    return std::nullopt;
}
}  // namespace

std::string to_hex(ByteView bytes)
{
    std::string text;
    text.reserve(bytes.size() * 2);
    for (const auto byte : bytes)
    {
        text += hex_digits[byte >> 4U];
        text += hex_digits[byte & 15U];
    }
    return text;
}

std::optional<Bytes> from_hex(std::string_view text)
{
    if (text.starts_with("0x"))
        text.remove_prefix(2);
    if (text.size() % 2 != 0)
        return std::nullopt;
    Bytes bytes;
    bytes.reserve(text.size() / 2);
    for (std::size_t i = 0; i < text.size(); i += 2)
    {
        const auto high = hex_value(text[i]);
        const auto low = hex_value(text[i + 1]);
        if (!high || !low)
            return std::nullopt;
        bytes.push_back(static_cast<std::uint8_t>(*high << 4U | *low));
    }
    return bytes;
}

std::string Hash::to_string() const
{
    return "0x" + to_hex(bytes);
}

std::optional<Hash> Hash::from_string(std::string_view text)
{
    const auto bytes = from_hex(text);
    if (!bytes || bytes->size() != 32)
        return std::nullopt;
    Hash hash;
    std::copy(bytes->begin(), bytes->end(), hash.bytes.begin());
    return hash;
}

std::optional<Address> Address::from_string(std::string_view text)
{
    Address address;
    const auto bytes = from_hex(text);
    if (!text.starts_with("0x") || !bytes || bytes->size() != address.bytes.size())
        return std::nullopt;
    std::copy(bytes->begin(), bytes->end(), address.bytes.begin());
    const auto digits = text.substr(2);
    const bool has_capitals = digits.find_first_of("ABCDEF") != std::string_view::npos;
    const bool has_small = digits.find_first_of("abcdef") != std::string_view::npos;
    if (has_capitals && has_small && address.to_checksum_string() != text)
        return std::nullopt;
    return address;
}

std::string Address::to_string() const
{
    return "0x" + to_hex(bytes);
}

std::string Address::to_checksum_string() const
{
    auto text = to_hex(bytes);
    const auto hash = keccak256(std::string_view{text});
    for (std::size_t i = 0; i < text.size(); ++i)
    {
        const auto nibble = hash.bytes[i / 2] >> (i % 2 == 0 ? 4U : 0U) & 15U;
        if (nibble >= 8 && text[i] >= 'a')
            text[i] = static_cast<char>(text[i] - 'a' + 'A');
    }
    return "0x" + text;
}

Hash keccak256(ByteView bytes)
{
    Hash hash;
    keccak256_many({&bytes, 1}, {&hash, 1});
    return hash;
}

Hash keccak256(std::string_view text)
{
    return keccak256(ByteView{reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

Address address_of_name(std::string_view name)
{
    const auto hash = keccak256("runnel:" + std::string{name});
    Address address;
    std::copy(hash.bytes.begin() + 12, hash.bytes.end(), address.bytes.begin());
    return address;
}

std::uint64_t stream_of_name(std::string_view name)
{
    const auto hash = keccak256(name);
    std::uint64_t stream = 0;
    for (std::size_t i = 0; i < 8; ++i)
        stream = stream << 8U | hash.bytes[i];
    return stream;
}

Hash merkle_leaf(ByteView bytes)
{
    Hash leaf;
    merkle_leaves({&bytes, 1}, {&leaf, 1});
    return leaf;
}

Hash merkle_node(const Hash& left, const Hash& right)
{
    const std::array children{left, right};
    Hash parent;
    merkle_nodes(children, {&parent, 1});
    return parent;
}

namespace
{
/// Replaces a level of the tree by the one above it.
void merkle_level(std::vector<Hash>& hashes)
{
    const auto pairs = hashes.size() / 2;
    const bool is_odd = hashes.size() % 2 != 0;
    merkle_nodes(std::span{hashes}.first(2 * pairs), std::span{hashes}.first(pairs));
    if (is_odd)
        hashes[pairs] = hashes.back();
    hashes.resize(pairs + (is_odd ? 1 : 0));
}
}  // namespace

Hash merkle_root(std::vector<Hash> leaves)
{
    if (leaves.empty())
        return keccak256(ByteView{});
    while (leaves.size() > 1)
        merkle_level(leaves);
    return leaves.front();
}

std::vector<Hash> merkle_path(std::vector<Hash> leaves, std::size_t index)
{
    std::vector<Hash> path;
    for (; leaves.size() > 1; index /= 2)
    {
        const auto sibling = index ^ 1U;
        if (sibling < leaves.size())
            path.push_back(leaves[sibling]);
        merkle_level(leaves);
    }
    return path;
}

std::optional<Hash> merkle_root_of_path(
    const Hash& leaf, std::size_t index, std::size_t count, std::span<const Hash> path)
{
    if (index >= count)
        return std::nullopt;
    auto hash = leaf;
    for (; count > 1; index /= 2, count = count / 2 + count % 2)
    {
        if ((index ^ 1U) >= count)
            continue;
        if (path.empty())
            return std::nullopt;
        hash = index % 2 == 0 ? merkle_node(hash, path.front()) : merkle_node(path.front(), hash);
        path = path.subspan(1);
    }
    return path.empty() ? std::optional{hash} : std::nullopt;
}

}  // namespace runnel
