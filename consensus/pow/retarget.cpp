#include "consensus/pow/retarget.hpp"

#include "consensus/pow/target.hpp"
#include "ledger/check.hpp"

#include <algorithm>

namespace runnel
{

std::uint32_t bitcoin_retarget(
    std::uint32_t bits, std::int64_t span, std::int64_t wanted, std::uint32_t limit) noexcept
{
    constexpr std::int64_t factor_max = 4;
    const auto old = target_of_compact(bits);
    const auto easiest = target_of_compact(limit);
    RUNNEL_CHECK(old && easiest && wanted >= factor_max);
    const auto clamped = std::clamp(span, wanted / factor_max, wanted * factor_max);
    const auto next = mul_div_down(*old, Amount{static_cast<std::uint64_t>(clamped)},
        Amount{static_cast<std::uint64_t>(wanted)});
    if (!next.ok() || next.value > *easiest)
        return compact_of_target(*easiest);
    // The hardest target of all is 1.
    return compact_of_target(std::max(next.value, Amount{1}));
}

Amount ethereum_difficulty(const EthereumRetarget& rule, const Amount& parent, std::uint64_t since,
    std::uint64_t height) noexcept
{
    constexpr std::uint64_t bound_divisor = 2048;
    const auto step = div_down(parent, bound_divisor);
    const auto slow = since / rule.seconds;
    auto next = slow == 0 ? wrapping_add(parent, step)
                          : wrapping_sub(
                                parent, wrapping_mul(step, std::min(slow - 1, ethereum_falls_max)));
    next = std::max(next, rule.least);
    constexpr std::uint64_t bomb_period = 100'000;
    const auto period = height / bomb_period;
    if (rule.has_bomb && period >= 2)
        next = wrapping_add(next,
            Amount::power_of_two(static_cast<unsigned>(std::min<std::uint64_t>(period - 2, 200))));
    return next;
}

Amount subsidy_at(const Amount& first, std::uint64_t interval, std::uint64_t height) noexcept
{
    const auto halvings = interval == 0 ? 0 : height / interval;
    return halvings > 255 ? Amount{} : first >> static_cast<unsigned>(halvings);
}

}  // namespace runnel
