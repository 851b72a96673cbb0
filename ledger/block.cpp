#include "ledger/block.hpp"

#include <algorithm>
#include <limits>

namespace runnel
{

Hash BlockHeader::hash() const
{
    Bytes encoding;
    encode(*this, encoding);
    return keccak256(encoding);
}

void encode_receipt(ReceiptStatus status, std::uint64_t gas_used, std::uint64_t gas_price,
    const Refusal* refusal, std::span<const EventRecord> events, ByteView event_bytes, Bytes& out)
{
    Encoder encoder{out};
    encoder.put(status);
    encoder.put(gas_used);
    encoder.put(gas_price);
    if (refusal != nullptr)
    {
        encoder.put(refusal->kind);
        encoder.put(static_cast<std::uint16_t>(refusal->text.size()));
        out.insert(out.end(), refusal->text.begin(), refusal->text.end());
        encoder.put(refusal->account_mask);
        for (unsigned k = 0; k < refusal->argument_count; ++k)
            encoder.put(refusal->arguments[k]);
    }
    for (const auto& event : events)
    {
        if (event.type->use != EventUse::log)
            continue;
        encoder.put(event.contract);
        encoder.put(event.type->tag);
        encoder.put_raw(event_bytes.subspan(event.offset, event.size));
    }
}

bool are_due(std::span<const Reward> due, std::span<const Reward> paid)
{
    const auto is_due = [](const Reward& one, const Reward& other)
    {
        return one.kind == RewardKind::fee_share
                   ? one.account == other.account && other.kind == RewardKind::fees
                   : one == other;
    };
    return std::equal(due.begin(), due.end(), paid.begin(), paid.end(), is_due);
}

std::uint64_t next_base_fee(
    const FeeSchedule& fees, std::uint64_t base_fee, std::uint64_t gas_used) noexcept
{
    const auto target =
        std::max<std::uint64_t>(1, fees.block_gas_limit / fees.elasticity_multiplier);
    gas_used = std::min(gas_used, fees.block_gas_limit);
    const auto distance = gas_used > target ? gas_used - target : target - gas_used;
    const uint128 delta =
        static_cast<uint128>(base_fee) * distance / target / fees.max_change_denominator;
    if (gas_used > target)
    {
        const uint128 room = std::numeric_limits<std::uint64_t>::max() - base_fee;
        return base_fee + static_cast<std::uint64_t>(std::min(std::max<uint128>(delta, 1), room));
    }
    // Not above base_fee, as the distance is not above the target.
    return std::max(base_fee - static_cast<std::uint64_t>(delta), fees.min_base_fee);
}

}  // namespace runnel
