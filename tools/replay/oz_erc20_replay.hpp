#pragma once

#include "tools/replay/replay.hpp"

namespace runnel::replay
{

/// Recordings of OpenZeppelin's ERC-20 token: header `"protocol":"openzeppelin-erc20"`.
[[nodiscard]] Protocol oz_erc20_protocol();

}  // namespace runnel::replay
