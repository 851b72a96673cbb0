#include "analytics/detectors/chain_rows.hpp"
#include "analytics/detectors/detectors.hpp"
#include "analytics/market.hpp"
#include "analytics/render.hpp"
#include "analytics/signed_amount.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace runnel::analytics
{
namespace
{

/// What one transaction's swaps come to.
struct Swaps
{
    Place place;
    AccountId sender{};
    std::size_t trades = 0;
    std::map<ContractId, SignedAmount> net;  // What the trader has more than before.
};

/// Two kinds, and flash loans make no difference to either:
///  - a cycle: at least two swaps in a transaction after which the trader has less of no token and
///    more of one;
///  - against the price outside: what is bought is worth more than what is paid for it, by the
///    reference prices of the block, and so it is in at least nine of ten transactions of the same
///    sender, who has sent at least five (by default). Anybody gets a good price now and then; who
///    always does looks first. Tokens that nothing but pools prices have no price outside.
class ArbitrageDetector : public Detector
{
public:
    [[nodiscard]] std::string_view name() const noexcept override { return "arbitrage"; }
    [[nodiscard]] std::string_view description() const noexcept override
    {
        return "Swaps in a circle that leave more, or at a price that is better than outside, time "
               "and again.";
    }
    void run(
        LedgerQueries& source, const Thresholds& thresholds, const FindingSink& sink) const override
    {
        std::map<AccountId, Record> records;
        for_each(source,
            [&](const Swaps& swaps, std::optional<double> gain)
            {
                if (!gain || is_cycle(swaps))
                    return;
                auto& record = records[swaps.sender];
                ++record.trades;
                record.gains += *gain > 0 ? 1 : 0;
            });
        for_each(source,
            [&](const Swaps& swaps, std::optional<double> gain)
            {
                const auto record = records.find(swaps.sender);
                if (is_cycle(swaps))
                    sink(cycle(swaps));
                else if (gain && *gain > 0 && record != records.end() &&
                         record->second.looks_first(thresholds))
                    sink(better(swaps, *gain, record->second));
            });
    }

private:
    struct Record
    {
        std::uint64_t trades = 0;  // Transactions that have a price.
        std::uint64_t gains = 0;

        [[nodiscard]] bool looks_first(const Thresholds& thresholds) const noexcept
        {
            return trades >= thresholds.arbitrage_trades_min &&
                   gains * 1'000 >= trades * thresholds.arbitrage_gains_min;
        }
    };

    [[nodiscard]] static bool is_cycle(const Swaps& swaps)
    {
        const auto loses = [](const auto& entry) { return entry.second.is_negative(); };
        const auto gains = [](const auto& entry) { return !entry.second.is_zero(); };
        return swaps.trades >= 2 && std::none_of(swaps.net.begin(), swaps.net.end(), loses) &&
               std::any_of(swaps.net.begin(), swaps.net.end(), gains);
    }

    /// In USD at the prices outside; empty without one of the tokens'.
    [[nodiscard]] static std::optional<double> gain_of(const Swaps& swaps, const Market& market)
    {
        double gain = 0;
        for (const auto& [token, amount] : swaps.net)
        {
            if (amount.is_zero())
                continue;
            const auto usd = market.usd(amount, token);
            if (!usd || market.is_priced_by_pools(token))
                return std::nullopt;
            gain += *usd;
        }
        return gain;
    }

    template <typename Use>
    static void for_each(LedgerQueries& source, const Use& use)
    {
        Market market{source};
        TradeReader reader{source};
        Swaps swaps;
        const auto finish = [&]
        {
            if (swaps.trades == 0)
                return;
            market.advance(swaps.place.block);
            use(swaps, gain_of(swaps, market));
        };
        for (SentTrade trade; reader.next(trade);)
        {
            if (swaps.trades == 0 || swaps.place != trade.place)
            {
                finish();
                swaps = {trade.place, trade.sender, 0, {}};
            }
            ++swaps.trades;
            swaps.net[trade.bought].add(trade.bought_amount);
            swaps.net[trade.sold].subtract(trade.sold_amount);
        }
        finish();
    }

    /// The token that there is more of; of several the first.
    [[nodiscard]] static Finding gained(const Swaps& swaps)
    {
        Finding finding{{swaps.place}, {swaps.sender}, no_contract, {}, {}};
        for (const auto& [token, amount] : swaps.net)
        {
            if (finding.token != no_contract || amount.is_zero() || amount.is_negative())
                continue;
            finding.token = token;
            finding.amount = Amount::from_decimal(amount.to_string()).value_or(Amount{});
        }
        return finding;
    }
    [[nodiscard]] static Finding cycle(const Swaps& swaps)
    {
        auto finding = gained(swaps);
        finding.why = fmt::format("{} swaps in a circle leave more.", swaps.trades);
        return finding;
    }
    [[nodiscard]] static Finding better(const Swaps& swaps, double gain, const Record& record)
    {
        auto finding = gained(swaps);
        finding.why = fmt::format(
            "Worth {} more than was paid, at prices outside; so were {} of the sender's {} trades.",
            shown(Value{gain}, Unit::usd), record.gains, record.trades);
        return finding;
    }
};

}  // namespace

const Detector& arbitrage_detector()
{
    static const ArbitrageDetector detector;
    return detector;
}

}  // namespace runnel::analytics
