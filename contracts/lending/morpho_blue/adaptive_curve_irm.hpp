#pragma once

#include "contracts/kit/contract_base.hpp"
#include "contracts/lending/morpho_blue/irm.hpp"

#include <array>
#include <cstdint>

namespace runnel::contracts::morpho_blue
{

/// A rate was asked for and remembered.
struct BorrowRateUpdateLog
{
    static constexpr std::string_view table = "morpho_blue_rate_updates";
    static constexpr std::string_view signature =
        "BorrowRateUpdate(bytes32 indexed,uint256,uint256)";
    static constexpr std::array<std::string_view, 3> meanings{"The market's id.",
        "The mean rate since the market's last update.",
        "The rate at a utilisation of 90 % from now on."};

    Amount market;
    Amount average_borrow_rate;
    Amount rate_at_target;
    RUNNEL_FIELDS(market, (average_borrow_rate, other("wad per second")),
        (rate_at_target, other("wad per second")));
};

/// exp(x) of a wad: 2^q times the first three terms of the series of what is left; rounded toward
/// zero. 0 below the natural logarithm of 1e-18; constant from 93.859... on.
/// Source: morpho-org/morpho-blue-irm, src/adaptive-curve-irm/libraries/ExpLib.sol.
[[nodiscard]] Int256 wad_exp(const Int256& x);

/// What an adaptive curve answers. Wad per second.
struct CurveRate
{
    Amount average;         // From the last update to now.
    Amount rate_at_target;  // From now on.
};
/// The rate of a market with this utilisation, @p elapsed seconds after its last update.
///
///     err   = (u - 0.9) / (u > 0.9 ? 0.1 : 0.9)
///     end   = start * exp(50 per year * err * elapsed), from 0.1 % to 200 % a year
///     mean  = (start + end + 2 * the same at half the time) / 4
///     rate  = mean * (1 + err * (err < 0 ? 3/4 : 3))
///
/// Signed arithmetic, every quotient rounded toward zero. A @p start of 0 is a new market: 4 % a
/// year. Errors: Panic(0x11) where a product leaves 256 bits.
[[nodiscard]] Result<CurveRate> curve_rate(
    const Amount& start, const MarketState& market, std::uint64_t elapsed);

}  // namespace runnel::contracts::morpho_blue

namespace runnel::contracts
{

/// Raises and lowers a market's rate until nine tenths of what is supplied are lent.
/// Source: morpho-org/morpho-blue-irm @ a1a87fd5, src/adaptive-curve-irm/AdaptiveCurveIrm.sol. Its
/// borrowRate() takes calls of Morpho alone, which here are no transaction's.
class MorphoAdaptiveCurveIrm : public ContractBase<MorphoAdaptiveCurveIrm>,
                               public morpho_blue::InterestRateModel
{
public:
    explicit MorphoAdaptiveCurveIrm(ContractIdentity identity);

    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }

    /// Wad per second; 0 before the market was created.
    [[nodiscard]] const Amount& rate_at_target(ContractId market) const
    {
        return rates_.get(index(market));
    }
    Result<Amount> borrow_rate(CallContext& context, const morpho_blue::MarketRef& market) override;
    [[nodiscard]] Result<Amount> borrow_rate_view(
        CallContext& context, const morpho_blue::MarketRef& market) const override;
    [[nodiscard]] Result<Amount> borrow_rate_view(
        const morpho_blue::MarketRef& market, std::uint64_t now) const override;
    void declare_borrow_rate(
        AccessCollector& access, const morpho_blue::MarketRef& market) const override;

private:
    Table<Amount> rates_;  // Rate at target, by the market's contract.
};

}  // namespace runnel::contracts
