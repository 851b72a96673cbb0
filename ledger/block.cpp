#include "ledger/block.hpp"

#include <algorithm>

namespace runnel
{

Hash BlockHeader::hash() const
{
    Bytes encoding;
    encode(*this, encoding);
    return keccak256(encoding);
}

std::uint64_t next_base_fee(
    const FeeSchedule& fees, std::uint64_t base_fee, std::uint64_t gas_used) noexcept
{
    const auto target = std::max<std::uint64_t>(1, fees.block_gas_limit / 2);
    const auto distance = gas_used > target ? gas_used - target : target - gas_used;
    const auto delta =
        static_cast<std::uint64_t>(static_cast<uint128>(base_fee) * distance / target / 8);
    if (gas_used > target)
        return base_fee + std::max<std::uint64_t>(delta, 1);
    return std::max(base_fee - delta, fees.min_base_fee);
}

}  // namespace runnel
