#include "contracts/exchanges/uniswap_v4/hooks/volatility_fee.hpp"

#include "contracts/kit/registration.hpp"
#include "contracts/kit/sectors/sector.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace runnel::contracts
{

using namespace uniswap_v4;

VolatilityFeeHook::VolatilityFeeHook(ContractIdentity identity, const VolatilityFeeTerms& terms)
  : ContractBase{std::move(identity)}, terms_{terms}, histories_{name() + ".histories"}
{
    add_table(histories_);
}

const ContractType& VolatilityFeeHook::contract_type()
{
    static const ContractType type{.kind = "uniswap_v4_volatility_fee",
        .help = "A hook that lets the fee of its pools follow how much their price moves.",
        .role = ContractRole::ledger,
        .sectors = implements<VolatilityFeeHook, Hook>(),
        .methods = methods(),
        .events = {},
        .parameters = {{"fee_min", ParameterKind::integer, "500", unit::other("1e-6"),
                           "What swaps pay while the price stands still.", 0, pips},
            {"fee_max", ParameterKind::integer, "10000", unit::other("1e-6"),
                "What they pay at most.", 0, pips},
            {"fee_per_percent", ParameterKind::integer, "500", unit::other("1e-6"),
                "What they pay more for each percent of volatility in a day.", 0, pips},
            {"horizon", ParameterKind::duration, "\"30m\"", {}, "How far back the average reaches.",
                1'000, 365.0 * 86'400'000}},
        .create = creator<VolatilityFeeHook>(
            [](const Parameters& parameters)
            {
                const auto fee = [&parameters](std::string_view name)
                { return static_cast<std::uint32_t>(parameters.integer(name)); };
                return std::tuple{
                    VolatilityFeeTerms{fee("fee_min"), fee("fee_max"), fee("fee_per_percent"),
                        static_cast<std::uint64_t>(parameters.duration_ms("horizon")) / 1'000}};
            }),
        .validate = [](const Parameters& parameters) -> std::string
        {
            if (parameters.integer("fee_min") <= parameters.integer("fee_max"))
                return "";
            return fmt::format("fee_max: expected {} or more, got {}",
                parameters.integer("fee_min"), parameters.integer("fee_max"));
        }};
    return type;
}

/// @p tick is where the last block with swaps left the price. Nothing is new in its own block, and
/// until there is another one.
void VolatilityFeeHook::measure(PriceHistory& history, std::int32_t tick) const
{
    if (history.swapped <= history.measured)
        return;
    const auto moved = std::int64_t{tick} - history.tick;
    const Amount square{static_cast<std::uint64_t>(moved * moved)};
    // 75 bits of a square, and a variance no larger, times a year of seconds: no overflow.
    const auto weighted =
        wrapping_add(wrapping_mul(history.variance_x32, terms_.horizon_seconds), square << 32U);
    history.variance_x32 =
        div_down(weighted, terms_.horizon_seconds + (history.swapped - history.measured));
    history.tick = tick;
    history.measured = history.swapped;
}

std::uint32_t VolatilityFeeHook::fee_of(const PriceHistory& history) const
{
    constexpr std::uint64_t seconds_per_day = 86'400;
    const auto ticks_x16 = sqrt_down(wrapping_mul(history.variance_x32, seconds_per_day));
    const auto more = div_down(wrapping_mul(ticks_x16, terms_.fee_per_percent), 100U << 16U);
    const Amount room{terms_.fee_max - terms_.fee_min};
    return terms_.fee_min + static_cast<std::uint32_t>(std::min(more, room).low64());
}

BeforeSwapAnswer VolatilityFeeHook::preview_swap(
    const UniswapV4Manager& manager, const PoolKey& key) const
{
    auto history = histories_.get(key);
    measure(history, manager.pool(manager.find_pool(key)).tick);
    BeforeSwapAnswer answer;
    answer.fee = fee_of(history) | override_fee;
    return answer;
}

Result<void> VolatilityFeeHook::after_initialize(
    const HookCall& call, const Amount&, std::int32_t tick)
{
    RUNNEL_REQUIRE(call.key.fee == dynamic_fee, Refusal::custom("MustUseDynamicFee"));
    auto& history = call.context.write(histories_, call.key);
    history.tick = tick;
    history.measured = history.swapped = call.context.block().timestamp;
    return {};
}

Result<BeforeSwapAnswer> VolatilityFeeHook::before_swap(const HookCall& call, const SwapParams&)
{
    auto& history = call.context.write(histories_, call.key);
    const auto now = call.context.block().timestamp;
    if (now > history.swapped)
    {
        measure(history, call.manager.pool(call.context, call.key).tick);
        history.swapped = now;
    }
    BeforeSwapAnswer answer;
    answer.fee = fee_of(history) | override_fee;
    return answer;
}

}  // namespace runnel::contracts
