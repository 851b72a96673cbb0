#pragma once

#include "tools/replay/replay.hpp"

namespace runnel::replay
{

/// Recordings of OpenZeppelin's ERC4626: header `"protocol":"openzeppelin-erc4626"`.
[[nodiscard]] Protocol erc4626_protocol();

}  // namespace runnel::replay
