#pragma once

#include <cstdint>

namespace runnel
{

/// A moment of a network's virtual time, or a span of it: microseconds, since the start of the
/// scenario. Finer than the milliseconds that transactions arrive by: votes of a hundred bytes
/// follow each other on a wire within one.
using VirtualTime = std::int64_t;

inline constexpr VirtualTime one_millisecond = 1'000;
inline constexpr VirtualTime one_second = 1'000'000;

/// @p part of @p whole (both at least 0, the latter not 0) of the way from one moment to another;
/// rounded down.
[[nodiscard]] constexpr VirtualTime moment_within(
    VirtualTime from, VirtualTime until, std::int64_t part, std::int64_t whole) noexcept
{
    // The product alone would not fit for a day in slots of a day.
    const auto span = until - from;
    return from + span / whole * part + span % whole * part / whole;
}

/// A participant of the network, a validator or a miner, by its number.
using NodeId = std::uint32_t;

}  // namespace runnel
