#pragma once

#include "contracts/exchanges/uniswap_v4/manager.hpp"

#include <cstdint>

namespace runnel::contracts::uniswap_v4
{

/// What the hook knows of a pool's price.
struct PriceHistory
{
    Amount variance_x32;         // Ticks squared per second, with 32 bits behind the point.
    std::int32_t tick = 0;       // When it was measured last.
    std::uint64_t measured = 0;  // When that was; after that block's swaps.
    std::uint64_t swapped = 0;   // The last block with a swap.
    RUNNEL_FIELDS((variance_x32, other("ticks^2 per second, Q32")), tick, (measured, unix_seconds),
        (swapped, unix_seconds));
};

struct VolatilityFeeTerms
{
    std::uint32_t fee_min = 0;
    std::uint32_t fee_max = 0;
    std::uint32_t fee_per_percent = 0;
    std::uint64_t horizon_seconds = 0;
};

}  // namespace runnel::contracts::uniswap_v4

namespace runnel::contracts
{

/// A hook that lets the fee of its pools follow how much their price moves.
///
/// The first swap of a block looks at where the last block with swaps left the price, m ticks and
/// t seconds from where it was measured before, and takes that into an average over the horizon h:
///
///     variance = (variance * h + m^2) / (h + t)                    rounded down
///     fee      = fee_min + fee_per_percent * sqrt(variance * 86400) / 100, at most fee_max
///
/// where the root, rounded down, is the volatility of a day in ticks, a hundredth of a percent
/// each. All swaps of a block pay the same fee, which follows from the blocks before it: who makes
/// a price move does not set his own fee, and quotes know it.
///
/// Errors: MustUseDynamicFee of pools with a fixed fee.
class VolatilityFeeHook : public ContractBase<VolatilityFeeHook>, public uniswap_v4::Hook
{
public:
    VolatilityFeeHook(ContractIdentity identity, const uniswap_v4::VolatilityFeeTerms& terms);

    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }

    [[nodiscard]] const uniswap_v4::PriceHistory& history(const uniswap_v4::PoolKey& key) const
    {
        return histories_.get(key);
    }
    [[nodiscard]] std::uint32_t fee_of(const uniswap_v4::PriceHistory& history) const;

    [[nodiscard]] uniswap_v4::Permissions permissions() const noexcept override
    {
        return uniswap_v4::permissions_of(
            uniswap_v4::Permission::after_initialize, uniswap_v4::Permission::before_swap);
    }
    void declare_callbacks(const uniswap_v4::PoolKey& key, AccessCollector& access) const override
    {
        access.write(histories_, key);
    }
    [[nodiscard]] uniswap_v4::BeforeSwapAnswer preview_swap(
        const UniswapV4Manager& manager, const uniswap_v4::PoolKey& key) const override;
    Result<void> after_initialize(
        const uniswap_v4::HookCall& call, const Amount& sqrt_price_x96, std::int32_t tick) override;
    Result<uniswap_v4::BeforeSwapAnswer> before_swap(
        const uniswap_v4::HookCall& call, const uniswap_v4::SwapParams& params) override;

private:
    void measure(uniswap_v4::PriceHistory& history, std::int32_t tick) const;

    uniswap_v4::VolatilityFeeTerms terms_;
    KeyedTable<uniswap_v4::PoolKey, uniswap_v4::PriceHistory> histories_;
};

}  // namespace runnel::contracts
