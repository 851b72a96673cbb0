#include "analytics/detectors/chain_rows.hpp"
#include "analytics/detectors/detectors.hpp"
#include "analytics/market.hpp"
#include "analytics/render.hpp"
#include "analytics/signed_amount.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace runnel::analytics
{
namespace
{

/// A transaction with a flash loan, and without a liquidation, that leaves its sender richer by the
/// prices of the block before, and in which a price was pushed:
///  - a swap got a price a fifth worse than its pool's at the end of the block before, or
///  - a price source was written, or
///  - one pool was traded in both directions, which no arbitrage has a reason for.
/// Flash loans for arbitrage, for liquidations, for another collateral or more leverage do none of
/// it. Who receives what the sender gains is not followed.
///
/// Source: LeiShen's patterns (pairs of pushed and reversed trades, prices read in between); the
/// fifth, flash_loan_attack_push_min, is a choice.
class FlashLoanAttackDetector : public Detector
{
public:
    [[nodiscard]] std::string_view name() const noexcept override { return "flash_loan_attack"; }
    [[nodiscard]] std::string_view description() const noexcept override
    {
        return "A flash loan whose transaction pushes a price and leaves its sender richer.";
    }
    void run(
        LedgerQueries& source, const Thresholds& thresholds, const FindingSink& sink) const override
    {
        Market market{source};
        PlacedRows loans{source, "t_lending_flashloans",
            "SELECT r.block_number, r.transaction_index, x.from_id, r.contract_id "
            "FROM t_lending_flashloans r JOIN t_transactions x ON "
            "x.block_number = r.block_number AND x.transaction_index = r.transaction_index "
            "WHERE r.block_number > 0 ORDER BY r.rowid"};
        PlacedRows liquidations{source, "t_lending_liquidations",
            "SELECT block_number, transaction_index FROM t_lending_liquidations "
            "WHERE block_number > 0 ORDER BY rowid"};
        PlacedRows prices{source, "t_oracle_prices",
            "SELECT block_number, transaction_index FROM t_oracle_prices "
            "WHERE block_number > 0 ORDER BY rowid"};
        TradeReader trades{source};
        PaymentReader payments{source};
        SentTrade trade;
        Payment payment;
        bool has_trade = loans.place() && trades.next(trade);
        bool has_payment = loans.place() && payments.next(payment);
        while (loans.place())
        {
            const auto place = *loans.place();
            const auto sender = loans.row().account(2);
            while (loans.is_at(place))
                loans.next();
            market.advance(place.block - 1);
            Push push{market, Share{thresholds.flash_loan_attack_push_min}};
            for (; has_trade && trade.place <= place; has_trade = trades.next(trade))
            {
                if (trade.place == place)
                    push.add(trade);
            }
            std::map<ContractId, SignedAmount> net;
            for (; has_payment && payment.place <= place; has_payment = payments.next(payment))
            {
                if (payment.place != place)
                    continue;
                if (payment.to == sender)
                    net[payment.token].add(payment.value);
                if (payment.from == sender)
                    net[payment.token].subtract(payment.value);
            }
            liquidations.skip_to(place);
            prices.skip_to(place);
            if (liquidations.is_at(place))
                continue;
            const auto reason = prices.is_at(place) ? std::string{"wrote a price"} : push.reason();
            if (!reason.empty())
                report(place, sender, net, market, reason, sink);
        }
    }

private:
    /// What a transaction's swaps do to prices.
    class Push
    {
    public:
        Push(const Market& market, const Share& push_min)
          : market_{market}, push_min_{push_min.value()}
        {}

        void add(const SentTrade& trade)
        {
            directions_.insert({trade.pool, trade.bought});
            if (directions_.contains({trade.pool, trade.sold}))
                is_both_ways_ = true;
            const auto pool = market_.pools().find(trade.pool);
            if (pool == market_.pools().end() || trade.bought_amount.is_zero())
                return;
            double bought_price = 0;
            double sold_price = 0;
            for (const auto& held : pool->second.tokens)
            {
                if (held.token == trade.bought)
                    bought_price = held.spot_price;
                if (held.token == trade.sold)
                    sold_price = held.spot_price;
            }
            if (bought_price > 0 && sold_price > 0)
            {
                const auto paid = trade.sold_amount.to_double() * sold_price;
                const auto worth = trade.bought_amount.to_double() * bought_price;
                worst_ = std::max(worst_, paid / worth - 1);
            }
        }
        /// Empty: nothing that looks like it.
        [[nodiscard]] std::string reason() const
        {
            if (worst_ >= push_min_)
                return fmt::format("paid {:.0f}% more than a pool's price", worst_ * 100);
            return is_both_ways_ ? "traded one pool in both directions" : "";
        }

    private:
        const Market& market_;
        double push_min_;
        std::set<std::pair<ContractId, ContractId>> directions_;  // Pool and what was bought.
        bool is_both_ways_ = false;
        double worst_ = 0;
    };

    static void report(const Place& place, AccountId sender,
        const std::map<ContractId, SignedAmount>& net, const Market& market,
        const std::string& reason, const FindingSink& sink)
    {
        double gain = 0;
        double most = 0;
        Finding finding{{place}, {sender}, no_contract, {}, {}};
        for (const auto& [token, amount] : net)
        {
            const auto usd = market.usd(amount, token).value_or(0);
            gain += usd;
            if (usd <= most)
                continue;
            most = usd;
            finding.token = token;
            finding.amount = Amount::from_decimal(amount.to_string()).value_or(Amount{});
        }
        if (!(gain > 0))
            return;
        finding.why = fmt::format("With a flash loan it {} and came out {} richer.", reason,
            shown(Value{gain}, Unit::usd));
        sink(std::move(finding));
    }
};

}  // namespace

const Detector& flash_loan_attack_detector()
{
    static const FlashLoanAttackDetector detector;
    return detector;
}

}  // namespace runnel::analytics
