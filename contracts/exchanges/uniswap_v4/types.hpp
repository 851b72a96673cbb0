#pragma once

#include "contracts/exchanges/uniswap_v3/full_math.hpp"
#include "ledger/call.hpp"
#include "ledger/fields.hpp"
#include "ledger/ids.hpp"

#include <array>
#include <cstdint>

/// What Uniswap v4's contracts tell each other. Source: Uniswap v4-core 1.0.2 `types/`,
/// `libraries/LPFeeLibrary.sol`, `ProtocolFeeLibrary.sol`.
namespace runnel::contracts::uniswap_v4
{

inline constexpr std::uint32_t pips = 1'000'000;  // Fees are hundredths of a bip; all is allowed.
/// As a pool's fee: its hook sets it.
inline constexpr std::uint32_t dynamic_fee = 0x800000;
/// Beside a fee that a hook answers: it holds for this swap.
inline constexpr std::uint32_t override_fee = 0x400000;
inline constexpr std::uint32_t protocol_fee_max = 1'000;  // Of each direction.
inline constexpr std::int32_t tick_spacing_max = 32'767;

/// What a pool is found by. A currency is a token's contract, or contract 0 for native coins, which
/// on Ethereum is the zero address.
struct PoolKey
{
    ContractId currency0{};  // The one that came first; on Ethereum, with the lower address.
    ContractId currency1{};
    std::uint32_t fee = 0;  // dynamic_fee, or what every swap pays.
    std::int32_t tick_spacing = 0;
    AccountId hooks{};  // Whom the manager calls back; the zero account: nobody.
    RUNNEL_FIELDS(currency0, currency1, (fee, other("1e-6")), tick_spacing, hooks);

    friend bool operator==(const PoolKey&, const PoolKey&) = default;
};

/// Changes of what somebody has to get of both currencies of a pool; negative: he owes it. int128.
using BalanceDelta = std::array<Int256, 2>;

struct ModifyParams
{
    std::int32_t tick_lower = 0;
    std::int32_t tick_upper = 0;
    Int256 liquidity_delta;
    Amount salt;  // Tells apart positions of one owner in one range.
};

struct SwapParams
{
    bool zero_for_one = false;
    Int256 amount_specified;  // Negative: to be paid in; positive: to be paid out.
    Amount sqrt_price_limit_x96;

    [[nodiscard]] bool is_exact_in() const noexcept { return amount_specified.is_negative(); }
    /// Whether the amount is one of currency0.
    [[nodiscard]] bool specifies0() const noexcept { return is_exact_in() == zero_for_one; }
};

// ---- Refusals that several files make ----

[[nodiscard]] inline Refusal safe_cast_overflow()
{
    return Refusal::custom("SafeCastOverflow");
}
/// A number that may be negative, as the last argument of @p refusal.
[[nodiscard]] inline Refusal with_signed(Refusal refusal, std::int64_t value)
{
    refusal.account_mask =
        static_cast<std::uint8_t>(refusal.account_mask | 16U << refusal.argument_count);
    return std::move(refusal).with(Int256{value}.bits);
}

/// SafeCast's toInt128.
[[nodiscard]] inline Result<Int256> to_int128(const Int256& value)
{
    RUNNEL_REQUIRE(uniswap_v3::fits_int128(value), safe_cast_overflow());
    return value;
}
[[nodiscard]] inline Result<Int256> to_int128(const Amount& amount)
{
    RUNNEL_REQUIRE(amount < Amount::power_of_two(127), safe_cast_overflow());
    return Int256::from_bits(amount);
}
/// Of what is far from the ends of 256 bits.
[[nodiscard]] inline Int256 sum_of(const Int256& a, const Int256& b) noexcept
{
    return Int256::from_bits(wrapping_add(a.bits, b.bits));
}
[[nodiscard]] inline Int256 difference_of(const Int256& a, const Int256& b) noexcept
{
    return Int256::from_bits(wrapping_sub(a.bits, b.bits));
}
[[nodiscard]] inline Result<BalanceDelta> add(const BalanceDelta& a, const BalanceDelta& b)
{
    return BalanceDelta{
        RUNNEL_TRY(to_int128(sum_of(a[0], b[0]))), RUNNEL_TRY(to_int128(sum_of(a[1], b[1])))};
}
[[nodiscard]] inline Result<BalanceDelta> subtract(const BalanceDelta& a, const BalanceDelta& b)
{
    return BalanceDelta{RUNNEL_TRY(to_int128(difference_of(a[0], b[0]))),
        RUNNEL_TRY(to_int128(difference_of(a[1], b[1])))};
}
[[nodiscard]] inline bool is_zero(const BalanceDelta& delta) noexcept
{
    return delta[0].is_zero() && delta[1].is_zero();
}

}  // namespace runnel::contracts::uniswap_v4
