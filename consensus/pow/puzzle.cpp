#include "consensus/pow/puzzle.hpp"

#include "consensus/pow/target.hpp"
#include "ledger/check.hpp"
#include "ledger/keccak.hpp"

#include <algorithm>
#include <string_view>

namespace runnel
{
namespace
{
constexpr std::string_view tag = "runnel.pow";
constexpr std::size_t encoded_bytes = 78;
constexpr std::size_t nonce_bytes = 8;
using Encoded = std::array<std::uint8_t, encoded_bytes>;

std::uint8_t* put(std::uint8_t* out, std::uint64_t value, unsigned bytes) noexcept
{
    for (unsigned i = bytes; i-- > 0;)
        *out++ = static_cast<std::uint8_t>(value >> 8 * i);
    return out;
}

void put_nonce(Encoded& bytes, std::uint64_t nonce) noexcept
{
    put(bytes.data() + encoded_bytes - nonce_bytes, nonce, nonce_bytes);
}

Encoded encode(const PowHeader& header) noexcept
{
    Encoded bytes{};
    auto* out = std::copy(tag.begin(), tag.end(), bytes.begin());
    out = std::copy(header.parent_seal.bytes.begin(), header.parent_seal.bytes.end(), out);
    out = put(out, header.id, 8);
    out = put(out, header.height, 8);
    out = put(out, static_cast<std::uint64_t>(header.stated_at), 8);
    put(out, header.bits, 4);
    return bytes;
}

bool is_within(const Hash& seal, const Amount& target) noexcept
{
    return Amount::load_big_endian(seal.bytes) <= target;
}
}  // namespace

PowHeader header_of(const NetworkBlock& block, const Hash& parent_seal) noexcept
{
    return {parent_seal, block.id, block.height, block.stated_at, block.bits};
}

Hash seal_of(const PowHeader& header, std::uint64_t nonce)
{
    auto bytes = encode(header);
    put_nonce(bytes, nonce);
    return keccak256(ByteView{bytes});
}

Hash genesis_seal()
{
    return keccak256(tag);
}

bool is_solved(const Hash& seal, std::uint32_t bits) noexcept
{
    const auto target = target_of_compact(bits);
    return target && is_within(seal, *target);
}

std::optional<std::uint64_t> solve(const PowHeader& header, std::uint64_t end)
{
    // As many at a time as the widest machine hashes side by side, twice.
    constexpr std::size_t lanes = 16;
    const auto target = target_of_compact(header.bits);
    RUNNEL_CHECK(target.has_value());
    std::array<Encoded, lanes> messages;
    messages.fill(encode(header));
    std::array<ByteView, lanes> views;
    std::transform(messages.begin(), messages.end(), views.begin(),
        [](const Encoded& message) { return ByteView{message}; });
    std::array<Hash, lanes> seals;
    for (std::uint64_t first = 0; first < end; first += lanes)
    {
        const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(lanes, end - first));
        for (std::size_t i = 0; i < count; ++i)
            put_nonce(messages[i], first + i);
        keccak256_many(std::span{views}.first(count), std::span{seals}.first(count));
        for (std::size_t i = 0; i < count; ++i)
        {
            if (is_within(seals[i], *target))
                return first + i;
        }
    }
    return std::nullopt;
}

}  // namespace runnel
