#include "analytics/detectors/detectors.hpp"
#include "analytics/detectors/peel_chains.hpp"

#include <fmt/format.h>

namespace runnel::analytics
{
namespace
{

/// One finding for each chain of find_peel_chains(); its accounts are the hops.
class PeelChainDetector : public Detector
{
public:
    [[nodiscard]] std::string_view name() const noexcept override { return "peel_chain"; }
    [[nodiscard]] std::string_view description() const noexcept override
    {
        return "Four accounts or more that each pay a little of what comes to somebody and pass "
               "the rest on.";
    }
    void run(
        LedgerQueries& source, const Thresholds& thresholds, const FindingSink& sink) const override
    {
        for (auto& chain : find_peel_chains(source, thresholds))
        {
            auto why = fmt::format("Went through {} accounts, which peeled parts off to {} others.",
                chain.hops.size(), chain.peeled.size());
            sink({std::move(chain.payments), std::move(chain.hops), chain.token, chain.moved,
                std::move(why)});
        }
    }
};

}  // namespace

const Detector& peel_chain_detector()
{
    static const PeelChainDetector detector;
    return detector;
}

}  // namespace runnel::analytics
