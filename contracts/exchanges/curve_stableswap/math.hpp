#pragma once

#include "ledger/result.hpp"

#include <array>
#include <cstdint>

/// The formulas of Curve's StableSwap, without state. Source: curve-contract
/// `StableSwap3Pool.vy`, `SwapTemplateBase.vy` (Vyper 0.2.8); Egorov, "StableSwap" (2019).
///
/// Divisions round down where they stand, which the order of the steps decides. Vyper gives no
/// reason for what does not fit 256 bits, is negative or divides by 0: such a refusal is empty.
namespace runnel::contracts::curve_stableswap
{

inline constexpr unsigned coins_max = 4;
inline constexpr std::uint64_t fee_denominator = 10'000'000'000;
inline constexpr std::uint64_t precision = 1'000'000'000'000'000'000;

/// An amount per coin, in the order of the pool's coins; those that it does not have are 0.
using Coins = std::array<Amount, coins_max>;

/// Which deployed code a pool copies.
enum class Code : std::uint8_t
{
    three_pool,     // DAI/USDC/USDT of 2020: A without further digits, loops that just stop.
    base_template,  // The plain pools after it: A times 100, loops that refuse.
};

/// An expression as Vyper computes it.
[[nodiscard]] inline Result<Amount> vyper(const Checked& expression)
{
    if (!expression.ok()) [[unlikely]]
        return fail(Refusal::empty());
    return expression.value;
}

/// What an exchange pays, in smallest units of the coin that goes out.
struct Trade
{
    Amount amount_out;
    Amount admin_fee;     // Leaves the pool's balances beside it.
    Amount provider_fee;  // Stays in them.
};

/// What a deposit, or a withdrawal in other proportions than the pool's, comes to.
struct Change
{
    Coins balances;    // After it, without what the admin gets.
    Coins fees;        // The admin's included.
    Amount invariant;  // After it, before fees.
    Amount shares;     // Minted, or burnt.
};

/// What a withdrawal in one coin pays, in its smallest units.
struct OneCoin
{
    Amount amount;
    Amount fee;
};

/// What the amounts of a pool depend on beside its balances and its supply.
struct Terms
{
    Amount amplification;  // A times a_precision().
    Amount fee;            // 1e-10
    Amount admin_fee;      // 1e-10 of the fee.
};

/// The curve of a pool with these coins:
///
///     A n^n S + D = A D n^n + D^(n+1) / (n^n prod x)
///
/// where x are balances brought to 18 digits, S their sum and A n^(n-1) what the pool calls A.
class Curve
{
public:
    Curve() = default;
    /// @p decimals, of @p count coins, are at most 36.
    Curve(Code code, unsigned count, const std::array<std::uint8_t, coins_max>& decimals);

    [[nodiscard]] Code code() const noexcept { return code_; }
    [[nodiscard]] unsigned count() const noexcept { return count_; }
    [[nodiscard]] std::uint64_t a_precision() const noexcept
    {
        return code_ == Code::three_pool ? 1 : 100;
    }
    /// 10^(36 - decimals): what a smallest unit is worth, times 1e18.
    [[nodiscard]] const Amount& rate(unsigned coin) const noexcept { return rates_[coin]; }

    /// Balances with 18 digits.
    [[nodiscard]] Result<Coins> scaled_down(const Coins& balances) const;

    /// D by at most 255 of Newton's steps, until one changes it by 1 at most. In a pool far out of
    /// balance they may run in circles: three_pool then takes the last value, base_template
    /// refuses. Also refuses if a balance, but not all, is 0.
    [[nodiscard]] Result<Amount> invariant(const Coins& scaled, const Amount& amplification) const;
    /// The balance of @p coin that the others' and @p invariant ask for, by such steps.
    [[nodiscard]] Result<Amount> balance_of(unsigned coin, const Coins& scaled,
        const Amount& invariant, const Amount& amplification) const;

    /// What @p amount_in of coin @p in pays of coin @p out, another one. What comes out before fees
    /// is 1 less than the curve says; it then rounds down, as fees do, the admin's share twice.
    [[nodiscard]] Result<Trade> exchange_down(const Coins& balances, const Terms& terms,
        unsigned in, unsigned out, const Amount& amount_in) const;
    /// The view get_dy: three_pool's rounds before it takes the fee off, not after.
    [[nodiscard]] Result<Amount> quote_down(const Coins& balances, const Terms& terms, unsigned in,
        unsigned out, const Amount& amount_in) const;
    /// The least amount that pays @p amount_out; not of the contracts, which have no such exchange.
    [[nodiscard]] Result<Amount> amount_in_up(const Coins& balances, const Terms& terms,
        unsigned in, unsigned out, const Amount& amount_out) const;

    /// Errors: empty if a first deposit lacks a coin, or the invariant does not grow.
    [[nodiscard]] Result<Change> deposit_down(const Coins& balances, const Terms& terms,
        const Amount& supply, const Coins& amounts) const;
    /// Shares are those of the part that the invariant loses, rounded down, and one more.
    /// Errors: empty without supply, for nothing, or for more than there is.
    [[nodiscard]] Result<Change> withdrawal_up(const Coins& balances, const Terms& terms,
        const Amount& supply, const Coins& amounts) const;
    /// The view calc_token_amount: shares of a deposit or withdrawal without fees.
    [[nodiscard]] Result<Amount> shares_down(const Coins& balances, const Terms& terms,
        const Amount& supply, const Coins& amounts, bool is_deposit) const;
    [[nodiscard]] Result<OneCoin> one_coin_down(const Coins& balances, const Terms& terms,
        const Amount& supply, const Amount& shares, unsigned coin) const;

private:
    /// The fee on what a change of balances exchanges: n / (4 (n - 1)) of an exchange's.
    [[nodiscard]] Result<Amount> imbalance_fee_down(const Amount& fee) const;
    [[nodiscard]] Result<Amount> raw_out(const Coins& scaled, const Terms& terms, unsigned in,
        unsigned out, const Amount& amount_in) const;
    [[nodiscard]] Result<Amount> invariant_of(const Coins& balances, const Terms& terms) const;
    /// Takes the fees of a change off: of @p fresh, what the providers own after it.
    [[nodiscard]] Result<void> take_fees(const Coins& old, const Terms& terms,
        const Amount& old_invariant, Coins& fresh, Change& change) const;

    Code code_ = Code::base_template;
    unsigned count_ = 0;
    Coins rates_;
};

/// A at @p time, on its way from @p a0 at @p t0 to @p a1 at @p t1; what it has moved is rounded
/// down.
[[nodiscard]] Result<Amount> amplification_at(
    const Amount& a0, const Amount& a1, std::uint64_t t0, std::uint64_t t1, std::uint64_t time);

}  // namespace runnel::contracts::curve_stableswap
