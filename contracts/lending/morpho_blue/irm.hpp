#pragma once

#include "contracts/kit/sectors/sector.hpp"
#include "contracts/lending/morpho_blue/market_state.hpp"
#include "execution/context.hpp"

#include <string_view>

namespace runnel::contracts::morpho_blue
{

/// What a market asks for its rate: wad per second, on average from the market's last update to
/// the block's time.
class InterestRateModel
{
public:
    static constexpr std::string_view sector = "morpho_irm";

    virtual ~InterestRateModel() = default;

    /// The same that borrow_rate_view() says, and remembers what it must.
    virtual Result<Amount> borrow_rate(CallContext& context, const MarketRef& market) = 0;
    [[nodiscard]] virtual Result<Amount> borrow_rate_view(
        CallContext& context, const MarketRef& market) const = 0;
    /// After the last block, for a market that is looked at @p now.
    [[nodiscard]] virtual Result<Amount> borrow_rate_view(
        const MarketRef& market, std::uint64_t now) const = 0;
    /// What borrow_rate() may touch.
    virtual void declare_borrow_rate(AccessCollector& access, const MarketRef& market) const = 0;
    /// What asking it costs less than asking the adaptive curve.
    [[nodiscard]] virtual std::uint64_t gas_saved() const noexcept { return 0; }
};

}  // namespace runnel::contracts::morpho_blue
