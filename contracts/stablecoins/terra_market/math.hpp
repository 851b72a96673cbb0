#pragma once

#include "ledger/amount.hpp"
#include "ledger/int256.hpp"
#include "ledger/result.hpp"

#include <cstdint>

/// The sums of Terra's market module: decimals of 18 digits, virtual pools, spreads. No state.
///
/// A decimal ("dec") is an Amount in units of 1e-18; a signed one an Int256.
/// Errors: "Int overflow" beyond 256 bits, where the Cosmos SDK's decimals end at 315; "division by
/// zero". Source: terra-money/classic-core v0.5 `x/market/keeper`, cosmos-sdk v0.44
/// `types/decimal.go`.
namespace runnel::contracts::terra_market
{

inline constexpr std::uint64_t dec_one = 1'000'000'000'000'000'000;
/// A message offers less than 2^100 smallest units.
inline constexpr unsigned offer_bits_max = 100;

/// @{ Of whole numbers: exact; and back.
[[nodiscard]] Result<Amount> dec_of(const Amount& whole);
[[nodiscard]] Amount whole_down(const Amount& dec);
/// @}
/// a * b, to the nearest; halves to the even digit.
[[nodiscard]] Result<Amount> mul_half_even(const Amount& a, const Amount& b);
/// a / b: rounded down to 36 digits, then to the nearest of 18; halves to the even digit.
[[nodiscard]] Result<Amount> quo_half_even(const Amount& a, const Amount& b);

/// What LUNA costs in a currency, decs: smallest units per smallest unit.
struct Rates
{
    Amount stable;
    Amount base;  // Of the currency that the pools are counted in.
    bool is_base_stable = false;
};

/// The virtual pools, decs in the base currency. Their product is that of two base pools.
struct Pools
{
    Amount stable;
    Amount volatile_;
    Amount product;
};

/// How far the stable pool is from the base pool after @p blocks more ends of a block. Each moves
/// it by a @p period -th, rounded toward zero: less than @p period units are never made good.
[[nodiscard]] Int256 replenish(const Int256& delta, std::uint64_t period, std::uint64_t blocks);

/// The pools where the stable one is @p delta off @p base_pool; base_pool^2 / stable, half-even.
/// Errors: division by zero of an empty pool.
[[nodiscard]] Result<Pools> pools_of(const Amount& base_pool, const Int256& delta);

/// What a swap loses to the constant product, at least @p spread_min.
///
///     ask = ask_pool - product / (offer_pool + offer)
///     spread = (offer - ask) / offer
[[nodiscard]] Result<Amount> spread_of(
    const Pools& pools, bool offers_stable, const Amount& offer, const Amount& spread_min);

/// @{ An amount of the one in the other at the oracle's rates, decs: times one rate, over the
/// other, each half-even. Errors: "invalid coins" if nothing is left.
enum class Denomination : std::uint8_t
{
    stable,
    volatile_,
    base,
};
[[nodiscard]] Result<Amount> convert(
    const Rates& rates, const Amount& amount, Denomination from, Denomination to);
/// @}

/// A swap as it would be made.
struct SwapPlan
{
    Amount swap_coin;  // Whole smallest units, rounded down,
    Amount fee_coin;   // what is left of the oracle's rate, rounded down.
    Int256 delta;      // Of the stable pool, afterwards.
};

/// Plans a swap of @p offer_amount smallest units.
///
/// At the oracle's rate by way of the base currency, less the spread. The pools move by all of what
/// is offered where that is the stablecoin, else by what is paid out.
/// Errors: "invalid coins" of 0, of 2^100 or more, and of what is worth nothing.
[[nodiscard]] Result<SwapPlan> plan_swap(const Rates& rates, const Amount& base_pool,
    const Int256& delta, const Amount& spread_min, bool offers_stable, const Amount& offer_amount);

}  // namespace runnel::contracts::terra_market
