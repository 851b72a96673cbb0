#pragma once

#include <string_view>

namespace runnel::contracts
{

/// The kinds of token that can be: what a scenario's parameters ask for where they want a plain
/// token.
inline constexpr std::string_view plain_tokens =
    "erc20|weth9|lido_steth|lido_wsteth|makerdao_dai|fiat_token|share_registry";

}  // namespace runnel::contracts
