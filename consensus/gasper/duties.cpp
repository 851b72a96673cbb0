#include "consensus/gasper/duties.hpp"

#include "ledger/check.hpp"
#include "ledger/philox.hpp"

#include <algorithm>
#include <array>

namespace runnel
{
namespace
{
constexpr std::uint64_t stream_randao = 0x6761732e72616e64;  // "gas.rand"
constexpr std::uint32_t domain_proposer = 0;
constexpr std::uint32_t domain_attester = 1;

/// A seed and a few bytes behind it, to be hashed.
class Preimage
{
public:
    explicit Preimage(const Hash& seed) : bytes_(seed.bytes.begin(), seed.bytes.end()) {}
    /// Appends the lowest @p bytes bytes of @p value, the lowest first, as SSZ does.
    Preimage& add(std::uint64_t value, int bytes)
    {
        for (int i = 0; i < bytes; ++i)
            bytes_.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
        return *this;
    }
    [[nodiscard]] Hash hash() const { return keccak256(ByteView{bytes_}); }

private:
    Bytes bytes_;
};

std::uint32_t pivot_of(const Hash& seed, std::uint32_t round, std::uint32_t count)
{
    const auto hash = Preimage{seed}.add(round, 1).hash();
    std::uint64_t word = 0;
    for (int i = 7; i >= 0; --i)
        word = word << 8U | hash.bytes[static_cast<std::size_t>(i)];
    return static_cast<std::uint32_t>(word % count);
}

/// The coins of 256 neighbouring positions.
Hash coins_of(const Hash& seed, std::uint32_t round, std::uint32_t position)
{
    return Preimage{seed}.add(round, 1).add(position / 256, 4).hash();
}

bool coin(const Hash& coins, std::uint32_t position) noexcept
{
    return (coins.bytes[position % 256 / 8] >> (position % 8) & 1U) != 0;
}

std::uint32_t mirror(std::uint32_t index, std::uint32_t pivot, std::uint32_t count) noexcept
{
    const auto sum = std::uint64_t{pivot} + count - index;
    return static_cast<std::uint32_t>(sum >= count ? sum - count : sum);
}
}  // namespace

std::uint32_t shuffled_index(
    std::uint32_t index, std::uint32_t count, const Hash& seed, std::uint32_t rounds)
{
    RUNNEL_CHECK(index < count);
    for (std::uint32_t round = 0; round < rounds; ++round)
    {
        const auto flip = mirror(index, pivot_of(seed, round, count), count);
        const auto position = std::max(index, flip);
        if (coin(coins_of(seed, round, position), position))
            index = flip;
    }
    return index;
}

std::vector<std::uint32_t> shuffled_indices(
    std::uint32_t count, const Hash& seed, std::uint32_t rounds)
{
    std::vector<std::uint32_t> indices(count);
    for (std::uint32_t i = 0; i < count; ++i)
        indices[i] = i;
    std::vector<Hash> coins(count / 256 + 1);
    for (std::uint32_t round = 0; round < rounds && count > 0; ++round)
    {
        const auto pivot = pivot_of(seed, round, count);
        for (std::uint32_t i = 0; i < coins.size(); ++i)
            coins[i] = coins_of(seed, round, i * 256);
        for (auto& index : indices)
        {
            const auto flip = mirror(index, pivot, count);
            const auto position = std::max(index, flip);
            if (coin(coins[position / 256], position))
                index = flip;
        }
    }
    return indices;
}

Hash epoch_seed(std::uint64_t seed, Epoch epoch, std::uint32_t domain)
{
    const auto mix = philox_4x64_10({epoch, 0, 0, 0}, {seed, stream_randao});
    Preimage preimage{Hash{}};
    preimage.add(domain, 4).add(epoch, 8);
    for (const auto word : mix)
        preimage.add(word, 8);
    return preimage.hash();
}

ValidatorId draw_proposer(std::span<const ValidatorId> active, std::span<const Gwei> effective,
    Gwei effective_max, const Hash& seed, std::uint32_t rounds)
{
    RUNNEL_CHECK(!active.empty());
    const auto count = static_cast<std::uint32_t>(active.size());
    Hash bytes;
    for (std::uint64_t i = 0;; ++i)
    {
        if (i % 32 == 0)
            bytes = Preimage{seed}.add(i / 32, 8).hash();
        const auto candidate =
            active[shuffled_index(static_cast<std::uint32_t>(i % count), count, seed, rounds)];
        if (effective[candidate] * 255 >= effective_max * bytes.bytes[i % 32])
            return candidate;
        // With a balance everybody is taken at a byte of 0, one in 256; without any only then.
    }
}

Duties::Duties(Epoch epoch, std::span<const ValidatorId> active, std::span<const Gwei> effective,
    Gwei effective_max, std::uint64_t seed, std::uint32_t slots_per_epoch, std::uint32_t rounds)
  : epoch_{epoch}, proposers_(slots_per_epoch, no_validator), seats_(effective.size())
{
    const auto count = static_cast<std::uint32_t>(active.size());
    for (const auto i : shuffled_indices(count, epoch_seed(seed, epoch, domain_attester), rounds))
        order_.push_back(active[i]);
    const auto proposer_seed = epoch_seed(seed, epoch, domain_proposer);
    for (std::uint32_t slot = 0; slot < slots_per_epoch; ++slot)
    {
        first_.push_back(static_cast<std::uint32_t>(std::uint64_t{count} * slot / slots_per_epoch));
        if (count > 0)
        {
            const auto slot_seed =
                Preimage{proposer_seed}.add(epoch * slots_per_epoch + slot, 8).hash();
            proposers_[slot] = draw_proposer(active, effective, effective_max, slot_seed, rounds);
        }
    }
    first_.push_back(count);
    for (std::uint32_t slot = 0; slot < slots_per_epoch; ++slot)
    {
        for (auto i = first_[slot]; i < first_[slot + 1]; ++i)
            seats_[order_[i]] = {slot, i - first_[slot]};
    }
}

}  // namespace runnel
