#pragma once

#include "contracts/kit/sectors/exchange.hpp"

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

/// What strategies and reports may know of an exchange whose liquidity lies between prices of its
/// provider's choice.
namespace runnel::contracts
{

/// From 1.0001^lower to 1.0001^upper smallest units of the exchange's second token for one of its
/// first.
struct PriceRange
{
    std::int32_t lower = 0;
    std::int32_t upper = 0;
};

/// An exchange of two tokens, and the liquidity that an account has in a range of its prices: a
/// position, of which an account has one per range.
///
/// Ranges that an argument names are on the grid, within widest(), and not empty: anything else is
/// a bug. A contract that is one names it in ContractType::sectors beside Exchange. All views are
/// of the state after the last block.
class RangeExchange
{
public:
    static constexpr std::string_view sector = "range_exchange";

    virtual ~RangeExchange() = default;

    [[nodiscard]] virtual const Exchange& exchange() const noexcept = 0;

    /// Where the price is: at or above 1.0001^tick() and below the next; 0 before the first price.
    [[nodiscard]] virtual std::int32_t tick() const = 0;
    /// Ends of ranges are multiples of this.
    [[nodiscard]] virtual std::int32_t tick_spacing() const noexcept = 0;
    /// All prices that the grid has.
    [[nodiscard]] virtual PriceRange widest() const noexcept = 0;
    /// Whether there is who takes deposits; nobody is asked for one otherwise.
    [[nodiscard]] virtual bool takes_ranges() const noexcept { return true; }

    /// What liquidity at most @p offered, in the order of Exchange::tokens(), is in @p range, and
    /// what it takes; DepositQuote::shares is the liquidity. Empty if it would be refused.
    [[nodiscard]] virtual std::optional<DepositQuote> quote_range_deposit(
        const PriceRange& range, std::span<const Amount> offered) const = 0;
    [[nodiscard]] virtual Amount range_liquidity(
        AccountId owner, const PriceRange& range) const = 0;
    /// What @p liquidity in @p range would pay now, rounded down, without what it has earned.
    [[nodiscard]] virtual std::vector<Amount> range_value(
        const PriceRange& range, const Amount& liquidity) const = 0;
    /// What a position is owed beside its liquidity: fees to this block, and what was withdrawn and
    /// not paid out.
    [[nodiscard]] virtual std::vector<Amount> range_owed(
        AccountId owner, const PriceRange& range) const = 0;

    /// Adds the calls that put @p liquidity into the sender's position, paid with what it takes
    /// when they run.
    virtual void add_range_deposit(CallWriter& calls, const PriceRange& range,
        const Amount& liquidity, AccountId sender) const = 0;
    /// Adds the calls that take @p liquidity out of the sender's position and pay @p recipient all
    /// that it is owed then.
    virtual void add_range_withdrawal(CallWriter& calls, const PriceRange& range,
        const Amount& liquidity, AccountId recipient) const = 0;
    /// What a swap of exactly @p amount_in charges for the ends of ranges that it passes, now;
    /// 0 if it would be refused.
    [[nodiscard]] virtual std::uint64_t crossing_gas(
        ContractId token_in, const Amount& amount_in) const = 0;
    [[nodiscard]] virtual CallGas range_deposit_gas() const noexcept = 0;
    [[nodiscard]] virtual CallGas range_withdrawal_gas() const noexcept = 0;
};

/// nullptr if the contract is none.
[[nodiscard]] const RangeExchange* find_range_exchange(const World& world, ContractId id);

/// Rows that such exchanges emit beside their own events.

enum class DexRangeChangeType : std::uint8_t
{
    deposit,
    withdrawal,  // Owed to the provider from now on.
    payout,      // Of what was owed.
};
[[nodiscard]] constexpr std::string_view to_string(DexRangeChangeType type) noexcept
{
    switch (type)
    {
        case DexRangeChangeType::deposit: return "deposit";
        case DexRangeChangeType::withdrawal: return "withdrawal";
        case DexRangeChangeType::payout: return "payout";
    }
    return "unknown";
}

/// Liquidity put into a range of prices or taken out of it, or what is owed for it paid out.
struct DexRangeChange
{
    static constexpr std::string_view name = "DexRangeChange";
    static constexpr std::string_view table = "dex_range_changes";
    static constexpr EventUse use = EventUse::sector;
    static constexpr std::array<std::string_view, 9> meanings{
        "deposit; withdrawal, owed to the provider from then on; or payout, of what was owed.",
        "Whose liquidity it is.", "From 1.0001^this of token1 for one of token0, smallest units.",
        "To 1.0001^this.", "How much liquidity; 0 of a payout.", "The exchange's first token.",
        "The exchange's second token.", "How much of token0 was paid in, owed more or paid out.",
        "How much of token1 was paid in, owed more or paid out."};

    DexRangeChangeType transaction_type{};
    AccountId provider{};
    std::int32_t tick_lower = 0;
    std::int32_t tick_upper = 0;
    Amount liquidity;
    ContractId token0{};
    ContractId token1{};
    Amount amount0_raw;
    Amount amount1_raw;
    RUNNEL_FIELDS(transaction_type, provider, tick_lower, tick_upper,
        (liquidity, other("liquidity")), token0, token1, (amount0_raw, smallest_unit_of("token0")),
        (amount1_raw, smallest_unit_of("token1")));
};

/// A position: after block 0 and after the last block, and every hour while the exchange has no
/// more than hourly_ranges_max.
struct DexRange
{
    static constexpr std::string_view name = "DexRange";
    static constexpr std::string_view table = "dex_ranges";
    static constexpr EventUse use = EventUse::snapshot;
    static constexpr std::array<std::string_view, 10> meanings{"Whose liquidity it is.",
        "From 1.0001^this of token1 for one of token0, smallest units.", "To 1.0001^this.",
        "How much liquidity.", "The exchange's first token.", "The exchange's second token.",
        "What the liquidity would pay of token0.", "What the liquidity would pay of token1.",
        "What is owed beside it of token0: fees, and what was withdrawn and not paid out.",
        "What is owed beside it of token1."};

    AccountId provider{};
    std::int32_t tick_lower = 0;
    std::int32_t tick_upper = 0;
    Amount liquidity;
    ContractId token0{};
    ContractId token1{};
    Amount amount0_raw;
    Amount amount1_raw;
    Amount owed0_raw;
    Amount owed1_raw;
    RUNNEL_FIELDS(provider, tick_lower, tick_upper, (liquidity, other("liquidity")), token0, token1,
        (amount0_raw, smallest_unit_of("token0")), (amount1_raw, smallest_unit_of("token1")),
        (owed0_raw, smallest_unit_of("token0")), (owed1_raw, smallest_unit_of("token1")));
};

/// Up to this many positions are stated every hour: a hundred thousand would be most of a ledger.
inline constexpr std::size_t hourly_ranges_max = 2'000;

/// What an account has, or is owed, in a range.
struct RangePosition
{
    AccountId owner{};
    PriceRange range;
    Amount liquidity;
    std::vector<Amount> owed;  // As RangeExchange::range_owed().
};

/// What snapshot() of such an exchange does beside snapshot_exchange(), when all contracts show
/// their state: emits a row of dex_ranges for each of @p count positions, in the order of
/// @p position_at, which is not asked where none is shown. An account may have several in a range.
void snapshot_ranges(const RangeExchange& exchange, std::size_t count,
    const std::function<RangePosition(std::size_t)>& position_at, SnapshotContext& context);

}  // namespace runnel::contracts
