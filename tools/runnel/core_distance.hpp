#pragma once

namespace runnel::tools
{

/// Nanoseconds that a cache line takes from one of this machine's cores to another one and back,
/// just now. A virtual machine's cores move: about 30 when they are two threads of one physical
/// core, 60 when they share a cache, and several hundred when they do not. Work that two threads
/// share can be no faster than that allows, whatever each of them can do alone.
[[nodiscard]] double core_round_trip_ns();

}  // namespace runnel::tools
