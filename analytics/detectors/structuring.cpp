#include "analytics/detectors/chain_rows.hpp"
#include "analytics/detectors/detectors.hpp"
#include "analytics/market.hpp"
#include "analytics/render.hpp"

#include <fmt/format.h>

#include <map>
#include <utility>

namespace runnel::analytics
{
namespace
{

/// Payments of one account of 80 to 100% of what has to be reported, 10,000 USD at the prices of
/// the moment, each within a day of the one before: three or more, to whomever. Payments to
/// contracts that are no account of a person are what exchanges and pools are used by, and do not
/// count.
///
/// Source: none agreed; 31 CFR 1010.311 has the 10,000 USD, three, 0.8 and 24 hours are a choice.
/// All are defaults of Thresholds.
class StructuringDetector : public Detector
{
public:
    [[nodiscard]] std::string_view name() const noexcept override { return "structuring"; }
    [[nodiscard]] std::string_view description() const noexcept override
    {
        return "Three payments or more within days, each just below 10,000 USD.";
    }
    void run(
        LedgerQueries& source, const Thresholds& thresholds, const FindingSink& sink) const override
    {
        const auto limit_usd = static_cast<double>(thresholds.structuring_limit_usd);
        const auto least_usd = limit_usd * Share{thresholds.structuring_share_min}.value();
        const auto close = [&](AccountId sender, ContractId token, Series&& series)
        {
            const auto count = series.places.size();
            if (count < thresholds.structuring_payments_min)
                return;
            sink({std::move(series.places), {sender}, token, series.sum,
                fmt::format("{} payments, each of {} to {} USD.", count, grouped(least_usd, 0),
                    grouped(limit_usd, 0))});
        };
        const CodeAccounts code{source};
        Market market{source};
        std::map<std::pair<AccountId, ContractId>, Series> open;
        PaymentReader reader{source};
        BlockTimes times{source};
        for (Payment payment; reader.next(payment);)
        {
            if (!code.is_person(payment.from) || !code.is_person(payment.to))
                continue;
            const auto time = times.at(payment.place.block);
            market.advance(payment.place.block);
            const auto usd = market.usd(payment.value, payment.token);
            if (!usd || *usd < least_usd || *usd >= limit_usd)
                continue;
            auto& series = open[{payment.from, payment.token}];
            if (!series.places.empty() &&
                time - series.last_time > thresholds.structuring_gap_seconds_max)
            {
                close(payment.from, payment.token, std::move(series));
                series = {};
            }
            series.places.push_back(payment.place);
            series.sum = wrapping_add(series.sum, payment.value);
            series.last_time = time;
        }
        for (auto& [key, series] : open)
            close(key.first, key.second, std::move(series));
    }

private:
    struct Series
    {
        std::vector<Place> places;
        Amount sum;
        std::uint64_t last_time = 0;
    };
};

}  // namespace

const Detector& structuring_detector()
{
    static const StructuringDetector detector;
    return detector;
}

}  // namespace runnel::analytics
