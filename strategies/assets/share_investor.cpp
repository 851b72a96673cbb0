#include "contracts/kit/registration.hpp"
#include "contracts/kit/sectors/marketplace.hpp"
#include "contracts/kit/sectors/order_exchange.hpp"
#include "contracts/kit/sectors/share_asset.hpp"
#include "strategies/assets/shares.hpp"
#include "strategies/strategies.hpp"

#include <algorithm>
#include <cmath>
#include <string>

namespace runnel::strategies
{
namespace
{

using contracts::LimitOrder;
using contracts::Marketplace;
using contracts::OrderExchange;
using contracts::OrderSide;
using contracts::ShareAsset;

struct WalletState
{
    double interval_seconds = 0;
    double taste = 1;             // What a share is worth to it, over the reference price.
    double stake = 0;             // The most of its first money that it spends in auctions.
    double claim_min = 0;         // USD.
    std::uint64_t trades_at = 0;  // In the book.
    std::uint32_t order = 0;      // Its own in the book; 0: none.
    std::uint32_t planned = 0;    // The same once the transaction on its way is through.
    Refusals refusals;
    RUNNEL_FIELDS((interval_seconds, seconds), taste, stake, (claim_min, usd),
        (trades_at, block_number), order, planned, refusals);
};

/// Holds shares of an asset that it likes more or less than others do.
///
/// A share is worth its reference price times its taste to it. It asks to be known, buys in a Dutch
/// auction once the price has fallen to that, orders in the book now and then at a price near it,
/// withdraws dividends when they are worth the trouble, and takes a tender that pays at least that.
class ShareInvestor : public ShareStrategy<WalletState>
{
public:
    ShareInvestor(const Parameters& parameters, const WalletGroup& wallets)
      : ShareStrategy{parameters, wallets},
        market_{*contracts::find_marketplace(*wallets.world, parameters.contract("market"))},
        auctions_{market_, token_},
        book_{*contracts::find_order_exchange(*wallets.world, parameters.contract("book"))},
        margin_{parameters.number("margin")},
        part_{parameters.distribution("part")},
        times_{wallets, "first_look"}
    {
        draw_intervals(states_, wallets, parameters);
        for (std::size_t i = 0; i < states_.size(); ++i)
        {
            const WalletDraws draw{parameters, wallets, i};
            states_[i].taste = draw("taste");
            states_[i].stake = draw.share("stake");
            states_[i].claim_min = draw("claim_min");
            cash_.push_back(to_whole(starting_holding(wallets, i, currency_), currency_decimals_));
        }
    }

    std::uint64_t first_block(std::size_t position) override
    {
        return times_.first_block_within(position, looks_every_ms_);
    }

    bool learn(std::size_t position, const TransactionOutcome& outcome) override
    {
        auto& state = states_[position];
        if (outcome.kind == TransactionOutcome::Kind::succeeded)
            state.order = state.planned;
        return ShareStrategy::learn(position, outcome);
    }

private:
    std::uint64_t look(
        std::size_t position, WalletState& state, CallWriter& calls, WalletContext& wallet) override
    {
        state.planned = state.order;
        if (is_known(calls, asset_, wallet.account()) && !end(state, calls, wallet))
        {
            add_claim(calls, asset_, wallet.view(), wallet.account(), state.claim_min);
            if (!bid(state, position, calls, wallet))
                trade(state, calls, wallet);
        }
        return 0;
    }

    [[nodiscard]] bool is_valid(const WalletState& state, const WalletState& born) const override
    {
        return state.interval_seconds == born.interval_seconds && state.taste == born.taste &&
               state.stake == born.stake && state.claim_min == born.claim_min &&
               state.refusals.is_possible();
    }

    /// What a share is worth to it, in whole units of the currency; 0 if nobody knows.
    [[nodiscard]] double value(const WalletState& state, const WorldView& view) const
    {
        return share_price(view) * state.taste;
    }

    /// Takes its order and its shares out of the book; returns what shares it then has.
    Amount leave_book(WalletState& state, CallWriter& calls, const WalletContext& wallet) const
    {
        const auto me = wallet.account();
        auto shares = book_.available(me, token_);
        if (const auto order = book_.order(me, state.order))
        {
            book_.add_cancel(calls, state.order);
            if (order->side == OrderSide::sell)
                shares = wrapping_add(shares, order->remaining);
        }
        state.planned = 0;
        if (!shares.is_zero())
            book_.add_withdrawal(calls, token_, shares);
        return wrapping_add(shares, shares_of(wallet));
    }

    /// Whether it gives its shares to a tender.
    bool end(WalletState& state, CallWriter& calls, const WalletContext& wallet) const
    {
        const auto& view = wallet.view();
        const auto me = wallet.account();
        const auto answer = answer_to_tender(asset_, view, me, value(state, view));
        if (answer == TenderAnswer::none)
            return false;
        add_answer(calls, asset_, answer, me, leave_book(state, calls, wallet));
        return true;
    }

    /// Buys in an auction what its stake allows; false if there is none.
    bool bid(const WalletState& state, std::size_t position, CallWriter& calls,
        const WalletContext& wallet)
    {
        const auto& view = wallet.view();
        const auto auction = auctions_.first(view);
        if (!auction)
            return false;
        const auto& listing = auction->listing;
        const auto worth = value(state, view) * (1 - margin_);
        const auto money = money_of(wallet);
        const auto room = to_whole(money, currency_decimals_) - cash_[position] * (1 - state.stake);
        const auto unit = Amount::power_of_ten(share_decimals_);
        const auto price =
            to_whole(market_.price_at(listing, unit, view.timestamp), currency_decimals_);
        if (!(price > 0) || price > worth)
            return true;  // It waits.
        const auto amount =
            std::min(to_units(std::floor(room / price), share_decimals_), listing.left);
        const auto cost = market_.price_at(listing, amount, view.timestamp);
        if (amount.is_zero() || cost > money)
            return true;
        add_approval(calls, view, currency_, wallet.account(), market_.contract().account(), cost);
        market_.add_purchase(calls, auction->ref, amount, cost);
        return true;
    }

    /// Puts another order into the book, now and then.
    void trade(WalletState& state, CallWriter& calls, WalletContext& wallet) const
    {
        const auto& view = wallet.view();
        if (asset_.tender() || view.block_number < state.trades_at)
            return;
        const bool is_due = state.trades_at > 0;
        state.trades_at = times_.next_block(wallet, state.interval_seconds);
        if (!is_due)
            return;
        const auto worth = value(state, view);
        const auto tick = book_.quote_per_base(1) *
                          Amount::power_of_ten(share_decimals_).to_double() /
                          Amount::power_of_ten(currency_decimals_).to_double();
        if (!(worth > 0))
            return;
        const auto me = wallet.account();
        const auto shares = leave_book(state, calls, wallet);
        const auto cash = wrapping_add(money_of(wallet), book_.available(me, currency_));
        const bool sells = wallet.random().bernoulli(0.5);
        const auto at = sells ? std::ceil(worth * (1 + margin_) / tick)
                              : std::floor(worth * (1 - margin_) / tick);
        const auto part = std::min(1.0, part_.draw(wallet.random()));
        const auto whole = sells ? to_whole(shares, share_decimals_) * part
                                 : to_whole(cash, currency_decimals_) * part / (at * tick);
        LimitOrder order;
        order.side = sells ? OrderSide::sell : OrderSide::buy;
        order.tick =
            static_cast<std::uint32_t>(std::clamp(at, 1.0, static_cast<double>(book_.tick_max())));
        order.amount = to_units(std::floor(whole), share_decimals_);
        if (order.amount < book_.minimum())
            return;  // Without an order for a while.
        add_approval(calls, view, sells ? token_ : currency_, me,
            book_.exchange().contract().account(),
            sells ? order.amount : book_.cost(order.tick, order.amount));
        book_.add_order(calls, order);
        state.planned = book_.next_number(me);
    }

    const Marketplace& market_;
    OpenAuctions auctions_;
    const OrderExchange& book_;
    double margin_;
    Distribution part_;
    RandomTimes times_;
    std::vector<double> cash_;  // By wallet, at the start: whole units of the currency.
};

std::string check_book(const Parameters& parameters, const World& world)
{
    const auto* asset = contracts::find_share_asset(world, parameters.token("asset"));
    const auto* book = contracts::find_order_exchange(world, parameters.contract("book"));
    const bool is_market = asset != nullptr && book != nullptr &&
                           book->base_token() == asset->contract().id() &&
                           book->quote_token() == asset->currency();
    return is_market ? "" : "book: expected an order book of the asset against its currency";
}

}  // namespace

const StrategyType& share_investor_strategy()
{
    static const StrategyType type{.name = "share_investor",
        .purpose = Purpose::trade,
        .help = "Buys shares of an asset, trades them, takes dividends and tenders.",
        .parameters =
            {
                contracts::token_parameter("asset", ShareAsset::sector, "The asset."),
                contracts::contract_parameter(
                    "market", Marketplace::sector, "Where it buys in auctions."),
                contracts::contract_parameter("book", OrderExchange::sector,
                    "Where it orders: shares against the asset's currency."),
                {"taste", ParameterKind::distribution, "{ log_normal = [0, 0.15] }", {},
                    "What a share is worth to it, over the reference price.", 0, 1e6},
                {"stake", ParameterKind::distribution, "{ uniform = [0.3, 0.8] }", {},
                    "The most of its money that it puts into an auction.", 0, 1},
                {"margin", ParameterKind::number, "0.02", {},
                    "How much better than what a share is worth to it a trade must be.", 0, 0.5},
                {"part", ParameterKind::distribution, "{ uniform = [0.1, 0.5] }", {},
                    "Of its shares, or of its money, that an order in the book is for.", 0, 1},
                {"interval", ParameterKind::distribution, "{ log_normal = [13.5, 0.5] }",
                    unit::seconds, "Mean time from one order in the book to the next.", 1, 1e9},
                {"claim_min", ParameterKind::distribution, "{ uniform = [5, 50] }", unit::usd,
                    "It leaves smaller dividends where they are.", 0, 1e9},
                {"looks_every", ParameterKind::duration, "\"4h\"", {},
                    "How often it looks at auctions, tenders and dividends.", 1'000},
            },
        .create = create_strategy<ShareInvestor>,
        .validate_in = check_book};
    return type;
}

}  // namespace runnel::strategies
