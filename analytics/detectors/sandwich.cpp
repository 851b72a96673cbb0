#include "analytics/detectors/chain_rows.hpp"
#include "analytics/detectors/detectors.hpp"
#include "analytics/render.hpp"
#include "analytics/sandwiches.hpp"

#include <fmt/format.h>

namespace runnel::analytics
{
namespace
{

/// The report's rule (for_each_sandwich): Spellbook's, and equal amounts as its older set of labels
/// asks. Over two pools or blocks, by two senders, or with a second half of another amount none is
/// found.
class SandwichDetector : public Detector
{
public:
    [[nodiscard]] std::string_view name() const noexcept override { return "sandwich"; }
    [[nodiscard]] std::string_view description() const noexcept override
    {
        return "Two trades of one sender around somebody else's, in one pool and block.";
    }
    void run(LedgerQueries& source, const Thresholds& /*thresholds*/,
        const FindingSink& sink) const override
    {
        for_each_sandwich(source,
            [&](std::uint64_t block, ContractId pool, const Sandwich& sandwich)
            {
                const auto& paid = sandwich.front->sold_amount;
                const auto& got = sandwich.back->bought_amount;
                Finding finding;
                finding.transactions = {
                    {block, sandwich.front->transaction}, {block, sandwich.back->transaction}};
                finding.accounts = {sandwich.front->sender};
                finding.token = sandwich.front->sold;
                finding.amount = got > paid ? wrapping_sub(got, paid) : Amount{};
                finding.why = fmt::format(
                    "Bought in {} ahead of {} purchase{} by others and sold as much behind {}.",
                    source.contract_name(pool), sandwich.victims.size(),
                    sandwich.victims.size() == 1 ? "" : "s",
                    sandwich.victims.size() == 1 ? "it" : "them");
                sink(std::move(finding));
            });
    }
};

}  // namespace

const Detector& sandwich_detector()
{
    static const SandwichDetector detector;
    return detector;
}

}  // namespace runnel::analytics
