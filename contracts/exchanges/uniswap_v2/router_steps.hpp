#pragma once

#include "contracts/exchanges/uniswap_v2/factory.hpp"
#include "contracts/exchanges/uniswap_v2/math.hpp"
#include "contracts/exchanges/uniswap_v2/pair.hpp"
#include "contracts/exchanges/uniswap_v2/router.hpp"

#include <array>

/// What the router's calls of tokens and those of native coins have in common.
namespace runnel::contracts
{

/// {reserve of @p token, reserve of the other}, from those of token0 and token1.
[[nodiscard]] inline std::array<Amount, 2> from_side_of(
    const UniswapV2Pair& pair, ContractId token, const std::array<Amount, 2>& reserves)
{
    return token == pair.token0() ? reserves : std::array{reserves[1], reserves[0]};
}

[[nodiscard]] inline Result<void> require_in_time(
    const CallContext& context, std::uint64_t deadline)
{
    RUNNEL_REQUIRE(
        deadline >= context.block().timestamp, Refusal::error("UniswapV2Router: EXPIRED"));
    return {};
}

/// For amounts_out() and amounts_in(): the reserves as the running transaction sees them.
[[nodiscard]] inline auto running_reserves(CallContext& context)
{
    return [&context](const UniswapV2Pair& pair) { return pair.reserves(context); };
}

template <typename Reserves>
Result<UniswapV2Router::Amounts> UniswapV2Router::amounts_out(
    const uniswap_v2::Path& path, const Amount& amount_in, Reserves&& reserves) const
{
    RUNNEL_REQUIRE(path.size() >= 2, Refusal::error("UniswapV2Library: INVALID_PATH"));
    Amounts amounts;
    amounts[0] = amount_in;
    for (std::size_t i = 0; i + 1 < path.size(); ++i)
    {
        const auto& pair = *RUNNEL_TRY(pair_for(path[i], path[i + 1]));
        const auto [reserve_in, reserve_out] = from_side_of(pair, path[i], reserves(pair));
        amounts[i + 1] = RUNNEL_TRY(
            uniswap_v2::get_amount_out(amounts[i], reserve_in, reserve_out, factory_->fee()));
    }
    return amounts;
}

template <typename Reserves>
Result<UniswapV2Router::Amounts> UniswapV2Router::amounts_in(
    const uniswap_v2::Path& path, const Amount& amount_out, Reserves&& reserves) const
{
    RUNNEL_REQUIRE(path.size() >= 2, Refusal::error("UniswapV2Library: INVALID_PATH"));
    Amounts amounts;
    amounts[path.size() - 1] = amount_out;
    for (std::size_t i = path.size() - 1; i > 0; --i)
    {
        const auto& pair = *RUNNEL_TRY(pair_for(path[i - 1], path[i]));
        const auto [reserve_in, reserve_out] = from_side_of(pair, path[i - 1], reserves(pair));
        amounts[i - 1] = RUNNEL_TRY(
            uniswap_v2::get_amount_in(amounts[i], reserve_in, reserve_out, factory_->fee()));
    }
    return amounts;
}

}  // namespace runnel::contracts
