#include "ledger/keccak.hpp"

#include "ledger/check.hpp"
#include "ledger/keccak_absorb.hpp"
#include "ledger/keccak_permutation.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace runnel
{
namespace
{
constexpr std::size_t rate_bytes = 8 * keccak_rate_words;
/// Inner nodes' prefix, and leaves' is merkle_leaf_prefix.
constexpr std::uint8_t merkle_node_prefix = 1;
/// Before a message that has no prefix.
constexpr int no_prefix = -1;

void keccak_absorb_portable(
    std::uint64_t* state, const std::uint8_t* const* blocks, const std::uint64_t* keep) noexcept
{
    keccak_absorb_one(state, *blocks, *keep);
}

using Absorb = void (*)(
    std::uint64_t* state, const std::uint8_t* const* blocks, const std::uint64_t* keep) noexcept;

/// A message on its way through a lane.
struct Lane
{
    const std::uint8_t* bytes = nullptr;  // What is left of it.
    std::size_t size = 0;
    std::size_t digest = 0;  // Its position.
    bool is_busy = false;
    bool is_last = false;        // This is its last block.
    std::size_t block_used = 0;  // So many bytes of `block`, and its last one, may be other than 0.
    std::array<std::uint8_t, rate_bytes> block{};  // What cannot be read where it is.
};

/// Hashes messages in @p lanes lanes, each of which takes the next message when it is done with
/// one, so that lengths may differ.
template <std::size_t lanes, int prefix>
class Sponge
{
public:
    explicit Sponge(Absorb absorb) noexcept : absorb_{absorb}
    {
        // What lanes without a message permute; nobody asks for the result.
        for (std::size_t i = 0; i < lanes; ++i)
            blocks_[i] = lanes_[i].block.data();
    }

    /// Hashes messages from number @p next on, until there are none or, with all lanes free, fewer
    /// than @p count_min. message_at(i) is message i.
    template <typename MessageAt>
    void run(std::size_t& next, std::size_t count, std::size_t count_min, MessageAt&& message_at,
        Hash* digests) noexcept
    {
        for (;;)
        {
            if (busy_ == 0 && count - next < std::max<std::size_t>(count_min, 1))
                return;
            for (std::size_t i = 0; i < lanes; ++i)
            {
                keep_[i] = ~std::uint64_t{0};
                if (!lanes_[i].is_busy && next < count)
                {
                    begin(i, next, message_at(next));
                    ++next;
                }
                else if (lanes_[i].is_busy)
                    blocks_[i] = next_block(lanes_[i]);
            }
            absorb_(state_.data(), blocks_.data(), keep_.data());
            for (std::size_t i = 0; i < lanes; ++i)
            {
                if (lanes_[i].is_busy && lanes_[i].is_last)
                    finish(i, digests);
            }
        }
    }

private:
    template <std::size_t extent>
    void begin(std::size_t i, std::size_t digest, std::span<const std::uint8_t, extent> message)
    {
        constexpr std::size_t before = prefix == no_prefix ? 0 : 1;
        auto& lane = lanes_[i];
        keep_[i] = 0;
        lane.digest = digest;
        lane.is_busy = true;
        ++busy_;
        if constexpr (prefix != no_prefix)
            lane.block[0] = static_cast<std::uint8_t>(prefix);
        lane.is_last = message.size() + before < rate_bytes;
        if (lane.is_last)
            blocks_[i] = last_block<before>(lane, message);
        else
            blocks_[i] = first_block<before>(lane, message);
    }

    /// The first of several blocks.
    template <std::size_t before>
    static const std::uint8_t* first_block(Lane& lane, ByteView message) noexcept
    {
        constexpr auto taken = rate_bytes - before;
        lane.bytes = message.data() + taken;
        lane.size = message.size() - taken;
        // Read where it is, if nothing comes before it.
        if constexpr (before == 0)
            return message.data();
        std::memcpy(lane.block.data() + before, message.data(), taken);
        lane.block_used = rate_bytes;
        return lane.block.data();
    }

    static const std::uint8_t* next_block(Lane& lane) noexcept
    {
        lane.is_last = lane.size < rate_bytes;
        if (lane.is_last)
            return last_block<0>(lane, ByteView{lane.bytes, lane.size});
        const auto* block = lane.bytes;
        lane.bytes += rate_bytes;
        lane.size -= rate_bytes;
        return block;
    }

    /// Pads what is left of a message, after @p before bytes that are in the block: 1, zeros, and
    /// the highest bit of the block's last byte. (SHA-3 would start with 6.)
    template <std::size_t before, std::size_t extent>
    static const std::uint8_t* last_block(
        Lane& lane, std::span<const std::uint8_t, extent> bytes) noexcept
    {
        auto* block = lane.block.data();
        const auto used = before + bytes.size();
        // Messages are often as long as those before them: then there is little to clear.
        if (lane.block_used > used)
            std::memset(block + used, 0, lane.block_used - used);
        if (!bytes.empty())
            std::memcpy(block + before, bytes.data(), bytes.size());
        lane.block_used = used + 1;
        block[used] = 1;
        block[rate_bytes - 1] = used == rate_bytes - 1 ? 0x81 : 0x80;
        return block;
    }

    void finish(std::size_t i, Hash* digests) noexcept
    {
        auto* digest = digests[lanes_[i].digest].bytes.data();
        for (std::size_t k = 0; k < 4; ++k)
        {
            auto word = state_[k * lanes + i];
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
            word = __builtin_bswap64(word);
#endif
            std::memcpy(digest + 8 * k, &word, sizeof word);
        }
        lanes_[i].is_busy = false;
        --busy_;
    }

    Absorb absorb_;
    alignas(64) std::array<std::uint64_t, keccak_state_words * lanes> state_{};
    alignas(64) std::array<std::uint64_t, lanes> keep_{};
    std::array<const std::uint8_t*, lanes> blocks_{};
    std::size_t busy_ = 0;
    std::array<Lane, lanes> lanes_{};
};

/// The ways of this machine; one message at a time is hashed by `one`.
struct Ways
{
    Absorb one = keccak_absorb_portable;
    std::array<KeccakPath, 4> paths{KeccakPath::portable};
    std::size_t path_count = 1;

    Ways() noexcept
    {
#ifdef RUNNEL_KECCAK_X86
        __builtin_cpu_init();
        if (!__builtin_cpu_supports("bmi") || !__builtin_cpu_supports("bmi2"))
            return;
        one = keccak_absorb_bmi2;
        paths[path_count++] = KeccakPath::bmi2;
        if (!__builtin_cpu_supports("avx2"))
            return;
        paths[path_count++] = KeccakPath::avx2;
        if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl"))
            paths[path_count++] = KeccakPath::avx512;
#endif
    }
};

const Ways& ways() noexcept
{
    static const Ways known;
    return known;
}

/// Below it, what follows costs less than lanes of which most are idle.
constexpr std::size_t eight_lanes_messages_min = 5;
constexpr std::size_t four_lanes_messages_min = 2;
constexpr std::size_t avx2_messages_min = 3;

template <int prefix, typename MessageAt>
void hash_many(
    std::size_t count, MessageAt message_at, Hash* digests, std::optional<KeccakPath> chosen)
{
    std::size_t next = 0;
    const auto& known = ways();
    const auto path = chosen.value_or(known.paths[known.path_count - 1]);
    const auto run = [&]<std::size_t lanes>(Absorb absorb, std::size_t count_min)
    {
        if (count - next >= count_min)
            Sponge<lanes, prefix>{absorb}.run(next, count, count_min, message_at, digests);
    };
#ifdef RUNNEL_KECCAK_X86
    if (path == KeccakPath::avx512)
    {
        run.template operator()<8>(keccak_absorb_avx512_eight, eight_lanes_messages_min);
        run.template operator()<4>(keccak_absorb_avx512_four, four_lanes_messages_min);
    }
    else if (path == KeccakPath::avx2)
        run.template operator()<4>(keccak_absorb_avx2, avx2_messages_min);
#endif
    run.template operator()<1>(
        path == KeccakPath::portable ? keccak_absorb_portable : known.one, 1);
}
}  // namespace

std::span<const KeccakPath> keccak_paths()
{
    return std::span{ways().paths}.first(ways().path_count);
}

void keccak256_many(
    std::span<const ByteView> messages, std::span<Hash> digests, std::optional<KeccakPath> path)
{
    RUNNEL_CHECK(digests.size() == messages.size());
    hash_many<no_prefix>(
        messages.size(), [&](std::size_t i) { return messages[i]; }, digests.data(), path);
}

void merkle_leaves(
    std::span<const ByteView> contents, std::span<Hash> leaves, std::optional<KeccakPath> path)
{
    RUNNEL_CHECK(leaves.size() == contents.size());
    hash_many<merkle_leaf_prefix>(
        contents.size(), [&](std::size_t i) { return contents[i]; }, leaves.data(), path);
}

void merkle_nodes(
    std::span<const Hash> children, std::span<Hash> parents, std::optional<KeccakPath> path)
{
    RUNNEL_CHECK(children.size() == 2 * parents.size());
    static_assert(sizeof(Hash) == 32);
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(children.data());
    const auto pair = [&](std::size_t i) {
        return std::span<const std::uint8_t, 64>{bytes + 64 * i, 64};
    };
    hash_many<merkle_node_prefix>(parents.size(), pair, parents.data(), path);
}

}  // namespace runnel
