#include "contracts/kit/registration.hpp"
#include "contracts/kit/sectors/order_exchange.hpp"
#include "ledger/transaction.hpp"
#include "strategies/market/common.hpp"
#include "strategies/market/dex.hpp"
#include "strategies/strategies.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

namespace runnel::strategies
{
namespace
{

using contracts::LimitOrder;
using contracts::OrderExchange;
using contracts::OrderKind;
using contracts::OrderSide;

struct WalletState
{
    double half_spread = 0;  // Of the price.
    double size = 0;         // USD.
    double risk = 0;
    double threshold = 0;  // Of the price; at most the half spread.
    std::int64_t every_ms = 0;
    std::vector<std::uint32_t> orders;   // Its own that rest, by their numbers, or were filled.
    std::vector<std::uint32_t> planned;  // The same once the transaction on its way is through.
    Refusals refusals;
    RUNNEL_FIELDS(half_spread, (size, usd), risk, threshold, (every_ms, milliseconds), orders,
        planned, refusals);
};

/// Quotes both sides of an order book round the reference price, and moves its quotes when that has
/// moved, or when what it holds has.
///
/// With the price s, what it has of the base token beyond what it began with, q, in units of one
/// quote, and the variance v of the log price over its horizon,
///
///     reservation price   r = s (1 - risk q v)
///     quotes              r (1 -+ (half spread + risk v / 2 + level * step))
///
/// as Avellaneda and Stoikov derive it for prices that move by a share of themselves; their term
/// for how orders thin out away from the price is the half spread. Source: Avellaneda, Stoikov,
/// "High-frequency trading in a limit order book" (2008), equations 3.10 to 3.18.
class MarketMaker : public StatefulStrategy<WalletState>
{
public:
    MarketMaker(const Parameters& parameters, const WalletGroup& wallets)
      : book_{*contracts::find_order_exchange(*wallets.world, parameters.contract("book"))},
        coin_{parameters.token("coin")},
        base_decimals_{decimals_of(*wallets.world, book_.base_token())},
        quote_decimals_{decimals_of(*wallets.world, book_.quote_token())},
        levels_{static_cast<unsigned>(parameters.integer("levels"))},
        step_{parameters.number("step_bps") / bps_whole},
        horizon_years_{static_cast<double>(parameters.duration_ms("horizon")) / year_ms},
        window_ms_{parameters.duration_ms("volatility_window")},
        fee_share_max_{parameters.number("fee_share_max")}
    {
        states_.resize(wallets.accounts.size());
        for (std::size_t i = 0; i < states_.size(); ++i)
        {
            const WalletDraws draw{parameters, wallets, i};
            auto& state = states_[i];
            state.half_spread = draw("half_spread_bps") / bps_whole;
            state.size = draw("size");
            state.risk = draw("risk");
            // A quote that stays must not be met by one that is moved.
            state.threshold = std::min(state.half_spread, draw("threshold_bps") / bps_whole);
            state.every_ms = static_cast<std::int64_t>(draw("every") * 1'000);
            targets_.push_back(
                to_whole(starting_holding(wallets, i, book_.base_token()), base_decimals_));
        }
    }

    std::uint64_t first_block(std::size_t) override { return 1; }

    std::uint64_t decide(std::size_t position, WalletContext& wallet) override
    {
        auto& state = states_[position];
        const auto& view = wallet.view();
        if (wallet.pending() > 0)
            return view.block_number + 1;
        if (state.refusals.is_silent())
            return never;
        quote(state, targets_[position], wallet);
        return view.block_number + view.blocks_of_ms(state.every_ms);
    }

    bool learn(std::size_t position, const TransactionOutcome& outcome) override
    {
        auto& state = states_[position];
        state.refusals.count(outcome);
        if (outcome.kind == TransactionOutcome::Kind::succeeded)
            state.orders = std::move(state.planned);
        state.planned.clear();
        // A quote that would have matched was too near: it looks again at once.
        return outcome.kind == TransactionOutcome::Kind::reverted;
    }

private:
    static constexpr double bps_whole = 10'000;
    static constexpr double year_ms = 365.0 * 86'400'000;
    static constexpr double inventory_max = 20;  // Quotes.
    static constexpr std::size_t orders_max = 256;

    [[nodiscard]] bool is_valid(const WalletState& state, const WalletState& born) const override
    {
        return state.half_spread == born.half_spread && state.size == born.size &&
               state.risk == born.risk && state.threshold == born.threshold &&
               state.every_ms == born.every_ms && state.orders.size() <= orders_max &&
               state.planned.size() <= orders_max && state.refusals.is_possible();
    }

    /// What it has of a token in its wallet and in the book.
    [[nodiscard]] Amount has(const WalletContext& wallet, ContractId token) const
    {
        const auto me = wallet.account();
        return wrapping_add(holding_of(wallet.view(), token, me),
            wrapping_add(book_.available(me, token), book_.locked(me, token)));
    }

    /// The best price at which others wait on a side: what the wallet has there it may cancel.
    [[nodiscard]] std::optional<std::uint32_t> best_of_others(
        const WalletState& state, AccountId me, OrderSide side) const
    {
        for (const auto& level : book_.levels(side, state.orders.size() + 1))
        {
            const auto own = std::count_if(state.orders.begin(), state.orders.end(),
                [&](std::uint32_t number)
                {
                    const auto order = book_.order(me, number);
                    return order && order->side == side && order->tick == level.tick;
                });
            if (level.orders > static_cast<std::uint64_t>(own))
                return level.tick;
        }
        return std::nullopt;
    }

    /// The quotes that it wants, the best first on each side.
    [[nodiscard]] std::vector<LimitOrder> wanted(
        const WalletState& state, double target, const WalletContext& wallet) const
    {
        const auto& view = wallet.view();
        const auto base_usd = reference_usd(view, book_.base_token());
        const auto quote_usd = reference_usd(view, book_.quote_token());
        const auto tick = book_.quote_per_base(1) * scale(base_decimals_) / scale(quote_decimals_);
        if (!(base_usd > 0) || !(quote_usd > 0))
            return {};
        const auto quote_size = state.size / base_usd;  // Whole tokens.
        const auto held = to_whole(has(wallet, book_.base_token()), base_decimals_);
        const auto q = std::clamp((held - target) / quote_size, -inventory_max, inventory_max);
        const auto volatility = realized_volatility(view, book_.base_token(), window_ms_);
        const auto risk = state.risk * volatility * volatility * horizon_years_;
        const auto reservation = base_usd / quote_usd * (1 - risk * q);
        const auto amount = to_units(quote_size, base_decimals_);
        if (!(reservation > 0) || amount < book_.minimum())
            return {};

        const auto me = wallet.account();
        const auto best_bid = best_of_others(state, me, OrderSide::buy);
        const auto best_ask = best_of_others(state, me, OrderSide::sell);
        // Above what others bid, below what they ask: it posts.
        const double ask_min = best_bid ? *best_bid + 1.0 : 1.0;
        const double bid_max = best_ask ? *best_ask - 1.0 : book_.tick_max();
        std::vector<LimitOrder> orders;
        for (const auto side : {OrderSide::buy, OrderSide::sell})
        {
            for (unsigned level = 0; level < levels_; ++level)
            {
                const auto away = state.half_spread + risk / 2 + level * step_;
                const bool buys = side == OrderSide::buy;
                const auto price = reservation * (buys ? 1 - away : 1 + away) / tick;
                const auto at = buys ? std::min(std::floor(price), bid_max - level)
                                     : std::max(std::ceil(price), ask_min + level);
                if (at >= 1 && at <= book_.tick_max())
                    orders.push_back(
                        {side, static_cast<std::uint32_t>(at), amount, OrderKind::post_only});
            }
        }
        return orders;
    }
    [[nodiscard]] static double scale(std::uint8_t decimals)
    {
        return Amount::power_of_ten(decimals).to_double();
    }

    /// The nearest of the quotes that it wants whose place an order may keep.
    [[nodiscard]] static std::vector<LimitOrder>::const_iterator place_of(
        const contracts::RestingOrder& order, const std::vector<LimitOrder>& quotes,
        double threshold)
    {
        auto nearest = quotes.end();
        double least = 0;
        for (auto quote = quotes.begin(); quote != quotes.end(); ++quote)
        {
            const double tick = quote->tick;
            const auto away = std::abs(order.tick - tick);
            if (order.side != quote->side || away > threshold * tick ||
                wrapping_add(order.remaining, order.remaining) < quote->amount)
                continue;
            if (nearest == quotes.end() || away < least)
            {
                nearest = quote;
                least = away;
            }
        }
        return nearest;
    }

    void quote(WalletState& state, double target, WalletContext& wallet) const
    {
        const auto& view = wallet.view();
        const auto me = wallet.account();
        auto missing = wanted(state, target, wallet);
        if (missing.empty())
            return;
        CallWriter calls;
        std::vector<std::uint32_t> kept;
        std::uint64_t gas = intrinsic_gas;
        const auto token_of = [&](OrderSide side)
        { return side == OrderSide::buy ? book_.quote_token() : book_.base_token(); };
        std::array<Amount, 2> free{};  // By side: what its orders can be paid with.
        for (const auto side : {OrderSide::buy, OrderSide::sell})
        {
            free.at(static_cast<std::size_t>(side)) = wrapping_add(
                holding_of(view, token_of(side), me), book_.available(me, token_of(side)));
        }
        std::vector<std::uint32_t> cancelled;
        for (const auto number : state.orders)
        {
            const auto order = book_.order(me, number);
            if (!order)
                continue;
            const auto place = place_of(*order, missing, state.threshold);
            if (place != missing.end())
            {
                missing.erase(place);
                kept.push_back(number);
                continue;
            }
            cancelled.push_back(number);
            auto& freed = free.at(static_cast<std::size_t>(order->side));
            freed = wrapping_add(freed, order->side == OrderSide::buy
                                            ? book_.cost(order->tick, order->remaining)
                                            : order->remaining);
            gas += book_.cancel_gas().total();
        }
        std::vector<LimitOrder> placed;
        for (auto& quote : missing)
        {
            auto& funds = free.at(static_cast<std::size_t>(quote.side));
            const bool buys = quote.side == OrderSide::buy;
            auto cost = buys ? book_.cost(quote.tick, quote.amount) : quote.amount;
            if (cost > funds)
            {
                // What it can still pay, a unit less where that is rounded.
                quote.amount = buys ? mul_div_down(quote.amount, funds, cost).value : funds;
                cost = buys ? book_.cost(quote.tick, quote.amount) : quote.amount;
                if (quote.amount < book_.minimum() || cost > funds)
                    continue;
            }
            funds = wrapping_sub(funds, cost);
            placed.push_back(quote);
            gas += book_.order_gas(1).total();
        }
        if (placed.empty() && cancelled.empty())
            return;
        const auto bid = wallet.habitual_bid();
        const auto price = std::min(bid.max_fee, view.base_fee + bid.priority_fee);
        if (gas_usd(view, coin_, gas, price) >
            fee_share_max_ * state.size * 2.0 * static_cast<double>(levels_))
            return;  // Its quotes stay where they are: there will be calmer times.
        for (const auto side : {OrderSide::buy, OrderSide::sell})
        {
            add_approval(calls, view, token_of(side), me, book_.exchange().contract().account(),
                free.at(static_cast<std::size_t>(side)));
        }
        for (const auto number : cancelled)
            book_.add_cancel(calls, number);
        auto next = book_.next_number(me);
        for (const auto& order : placed)
        {
            book_.add_order(calls, order);
            kept.push_back(next++);
        }
        state.planned = std::move(kept);
        wallet.submit(std::move(calls), bid);
    }

    const OrderExchange& book_;
    ContractId coin_;
    std::uint8_t base_decimals_;
    std::uint8_t quote_decimals_;
    unsigned levels_;
    double step_;
    double horizon_years_;
    std::int64_t window_ms_;
    double fee_share_max_;
    std::vector<double> targets_;  // By wallet: whole base tokens at the start.
};

}  // namespace

const StrategyType& market_maker_strategy()
{
    static const StrategyType type{.name = "market_maker",
        .purpose = Purpose::liquidity,
        .help = "Quotes both sides of an order book round the reference price, by its inventory.",
        .parameters =
            {
                contracts::contract_parameter(
                    "book", OrderExchange::sector, "The order book that it quotes in."),
                {"coin", ParameterKind::token, "", {},
                    "The token whose reference price is the native coin's (WETH): what gas costs."},
                {"half_spread_bps", ParameterKind::distribution, "{ log_normal = [2.7, 0.4] }",
                    unit::bps, "From its price to its best quotes, risk aside.", 0, 5'000},
                {"size", ParameterKind::distribution, "{ log_normal = [8.5, 0.8] }", unit::usd,
                    "Of each quote.", 0.01, 1e12},
                {"risk", ParameterKind::distribution, "{ uniform = [2, 10] }", {},
                    "How much the variance of the price over its horizon, times what it has too "
                    "much of in quotes, moves its quotes; 0: not at all.",
                    0, 1e6},
                {"threshold_bps", ParameterKind::distribution, "{ uniform = [3, 10] }", unit::bps,
                    "How far a quote may be from where it wants it before it is moved; a quote of "
                    "which less than half is left is moved too. At most the half spread.",
                    0, 5'000},
                {"every", ParameterKind::distribution, "{ log_normal = [2.7, 0.5], min = 1 }",
                    unit::seconds, "From one look at the book to the next.", 1, 1e6},
                {"levels", ParameterKind::integer, "2", {}, "Quotes on each side.", 1, 16},
                {"step_bps", ParameterKind::number, "10", unit::bps,
                    "From one quote of a side to the next.", 0, 5'000},
                {"horizon", ParameterKind::duration, "\"1h\"", {},
                    "Over which it looks at its risk.", 1'000},
                {"volatility_window", ParameterKind::duration, "\"30m\"", {},
                    "The past over which it judges volatility.", 1'000},
                {"fee_share_max", ParameterKind::number, "0.0005", {},
                    "It leaves its quotes when the fee for moving them exceeds this share of all "
                    "that it quotes.",
                    0, 1e6},
            },
        .create = create_strategy<MarketMaker>};
    return type;
}

}  // namespace runnel::strategies
