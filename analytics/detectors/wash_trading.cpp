#include "analytics/detectors/detectors.hpp"
#include "analytics/detectors/wash_groups.hpp"
#include "analytics/render.hpp"

#include <fmt/format.h>

namespace runnel::analytics
{
namespace
{

/// One finding for each group of find_wash_groups(); its amount is what the group has bought and
/// sold.
class WashTradingDetector : public Detector
{
public:
    [[nodiscard]] std::string_view name() const noexcept override { return "wash_trading"; }
    [[nodiscard]] std::string_view description() const noexcept override
    {
        return "Accounts among whom tokens go round, and who buy in all what they sell.";
    }
    void run(
        LedgerQueries& source, const Thresholds& thresholds, const FindingSink& sink) const override
    {
        for (auto& group : find_wash_groups(source, thresholds))
        {
            const auto net = shown(Value{source.money(group.net, group.token)}, Unit::none);
            auto why = fmt::format(
                "{} accounts delivered to each other what they traded in {}; {} "
                "is left of it.",
                group.accounts.size(), source.contract_name(group.pool), net);
            sink({std::move(group.trades), std::move(group.accounts), group.token, group.volume,
                std::move(why)});
        }
    }
};

}  // namespace

const Detector& wash_trading_detector()
{
    static const WashTradingDetector detector;
    return detector;
}

}  // namespace runnel::analytics
