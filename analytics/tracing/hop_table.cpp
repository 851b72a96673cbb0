#include "analytics/tracing/hop_table.hpp"

#include "ledger/check.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <tuple>
#include <utility>

namespace runnel::analytics::tracing
{
namespace
{
constexpr std::uint64_t narrow_max = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint64_t upper_half = 0xFFFF'FFFF'0000'0000ULL;

uint128 loaded(const std::uint64_t (&limbs)[2]) noexcept
{
    return static_cast<uint128>(limbs[1]) << 64U | limbs[0];
}
void store(std::uint64_t (&limbs)[2], uint128 value) noexcept
{
    limbs[0] = static_cast<std::uint64_t>(value);
    limbs[1] = static_cast<std::uint64_t>(value >> 64U);
}
}  // namespace

std::uint64_t HopTable::hash(PlaceNumber from, PlaceNumber to, AccountId through) noexcept
{
    constexpr std::uint64_t odd = 0x9E3779B97F4A7C15ULL;
    auto key = (std::uint64_t{from} << 32U | to) * odd;
    key = (key ^ key >> 32U ^ index(through)) * odd;
    return key ^ key >> 29U;
}

void HopTable::grow()
{
    constexpr std::size_t size_min = 1024;
    std::vector<std::uint64_t> slots(std::max(size_min, slots_.size() * 2));
    const auto mask = slots.size() - 1;
    for (std::size_t i = 0; i < records_.size(); ++i)
    {
        const auto key = hash(records_[i].from, records_[i].to, records_[i].through);
        auto at = key & mask;
        while (slots[at] != 0)
            at = (at + 1) & mask;
        slots[at] = (key & upper_half) | (i + 1);
    }
    slots_ = std::move(slots);
}

HopTable::Record* HopTable::find(
    PlaceNumber from, PlaceNumber to, AccountId through, std::size_t hops_max)
{
    if (records_.size() >= slots_.size() / 2)
        grow();
    const auto key = hash(from, to, through);
    const auto mask = slots_.size() - 1;
    for (auto at = key & mask;; at = (at + 1) & mask)
    {
        const auto slot = slots_[at];
        if (slot == 0)
        {
            if (records_.size() >= std::min<std::size_t>(hops_max, narrow_max))
                return nullptr;
            Record record;
            record.from = from;
            record.to = to;
            record.through = through;
            records_.push_back(record);
            slots_[at] = (key & upper_half) | records_.size();
            return &records_.back();
        }
        if ((slot & upper_half) != (key & upper_half))
            continue;
        auto& record = records_[(slot & narrow_max) - 1];
        if (record.from == from && record.to == to && record.through == through)
            return &record;
    }
}

/// False, and nothing is changed, if the sums do not fit the record.
bool HopTable::add_narrow(
    Record& record, const Units& units, const Amount& amount, std::uint64_t block) noexcept
{
    if (block > narrow_max || record.count == narrow_max || !amount.fits_uint128())
        return false;
    const auto amounts = loaded(record.amount) + amount.low128();
    if (amounts < amount.low128())
        return false;
    if (!units.empty())
    {
        const auto& part = units.front();
        const bool is_same = record.kind == no_kind || record.kind == part.kind;
        if (units.size() > 1 || !is_same || part.kind >= wide || !part.units.fits_uint128())
            return false;
        const auto sum = loaded(record.units) + part.units.low128();
        if (sum < part.units.low128())
            return false;
        record.kind = part.kind;
        store(record.units, sum);
    }
    store(record.amount, amounts);
    if (record.count++ == 0)
        record.first_block = static_cast<std::uint32_t>(block);
    record.last_block = static_cast<std::uint32_t>(block);
    return true;
}

HopTable::Wide HopTable::widened(const Record& record)
{
    Wide result;
    if (record.kind != no_kind)
        result.units.push_back({record.kind, Amount::from_uint128(loaded(record.units))});
    result.amount = Amount::from_uint128(loaded(record.amount));
    result.count = record.count;
    result.first_block = record.first_block;
    result.last_block = record.last_block;
    return result;
}

bool HopTable::add(PlaceNumber from, PlaceNumber to, AccountId through, const Units& units,
    const Amount& amount, std::uint64_t block, std::size_t hops_max)
{
    RUNNEL_CHECK(order_.empty());
    auto* record = find(from, to, through, hops_max);
    if (record == nullptr)
        return false;
    if (record->kind != wide)
    {
        if (add_narrow(*record, units, amount, block))
            return true;
        wide_.push_back(widened(*record));
        record->kind = wide;
        record->position = static_cast<std::uint32_t>(wide_.size() - 1);
    }
    auto& hop = wide_[record->position];
    add_units(hop.units, units);
    const auto sum = Checked{hop.amount} + amount;
    hop.amount = sum.ok() ? sum.value : Amount::max();
    if (hop.count++ == 0)
        hop.first_block = block;
    hop.last_block = block;
    return true;
}

void HopTable::close(PlaceTable places)
{
    places_ = std::move(places);
    slots_ = {};
    // Places in their order, to compare numbers by.
    std::vector<PlaceNumber> numbers(places_.size());
    std::iota(numbers.begin(), numbers.end(), PlaceNumber{0});
    std::sort(numbers.begin(), numbers.end(),
        [&](PlaceNumber a, PlaceNumber b) { return places_[a] < places_[b]; });
    std::vector<std::uint32_t> ranks(numbers.size());
    for (std::uint32_t i = 0; i < numbers.size(); ++i)
        ranks[numbers[i]] = i;
    order_.resize(records_.size());
    std::iota(order_.begin(), order_.end(), 0U);
    const auto key = [&](std::uint32_t at)
    {
        const auto& record = records_[at];
        return std::tuple{ranks[record.from], ranks[record.to], record.through};
    };
    std::sort(order_.begin(), order_.end(),
        [&](std::uint32_t a, std::uint32_t b) { return key(a) < key(b); });
}

Hop HopTable::operator[](std::size_t position) const
{
    const auto& record = records_[order_[position]];
    auto more = record.kind == wide ? wide_[record.position] : widened(record);
    return {places_[record.from], places_[record.to], record.through, std::move(more.units),
        more.amount, more.count, more.first_block, more.last_block};
}

}  // namespace runnel::analytics::tracing
