#pragma once

#include <cstdint>

namespace runnel::contracts
{

/// What it costs less to write a slot than to write the first value into it, the most that a write
/// can cost (EIP-2200, 2929, 3529): for a call whose figure counts such a write,
/// `context.save_gas(gas_saved_by_write(old == 0, new == 0, old == new))`.
[[nodiscard]] constexpr std::uint64_t gas_saved_by_write(
    bool was_zero, bool is_zero, bool is_same) noexcept
{
    if (is_same)
        return 19'900;
    if (was_zero)
        return 0;
    return is_zero ? 21'900 : 17'100;  // Who empties a slot is refunded 4,800.
}

}  // namespace runnel::contracts
