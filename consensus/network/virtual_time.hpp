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

/// A participant of the network, a validator or a miner, by its number.
using NodeId = std::uint32_t;

}  // namespace runnel
