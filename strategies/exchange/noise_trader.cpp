#include "contracts/tokens/erc20/erc20.hpp"
#include "ledger/portable_math.hpp"
#include "strategies/market/common.hpp"
#include "strategies/market/dex.hpp"
#include "strategies/strategies.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <numeric>
#include <tuple>

namespace runnel::strategies
{
namespace
{

/// The state of one wallet: small, there are a million of them.
struct WalletState
{
    double limit_rate =
        0;  // Out per in, in whole tokens, of the quote it is about to sign; 0: none.
    float interval_seconds = 0;
    float sensitivity = 0;
    float order_usd = 0;  // Of the order it last gave, to give it again.
    std::uint32_t wake_block = 0;
    std::uint32_t sign_block = 0;   // When it signs that order.
    std::uint32_t relax_block = 0;  // When slippage_steps end; 0: not yet set.
    std::uint16_t slippage_bps = 0;
    DexMap::Position token_in = 0;
    DexMap::Position token_out = 0;
    std::uint8_t slippage_steps = 0;  // Doublings of slippage_bps.
    std::uint8_t patience = 1;        // Multiplies the interval.
    std::uint8_t retries = 0;         // Of the order it last gave.
    bool wakes_to_trade = false;      // Else it only looks whether the market has become wilder.
    bool retries_now = false;
    Refusals refusals;
    RUNNEL_FIELDS(limit_rate, (interval_seconds, seconds), sensitivity, (order_usd, usd),
        (wake_block, block_number), (sign_block, block_number), (relax_block, block_number),
        slippage_bps, token_in, token_out, slippage_steps, patience, retries, wakes_to_trade,
        retries_now, refusals);
};

/// Trades at random times for reasons of its own, knowing nothing of where prices go.
///
/// When: a Poisson process of its own rate, times (recent volatility / normal
/// volatility)^sensitivity when the market is wilder than normal. What: a pool by depth, a side by
/// what it holds, a size by chance. How: through the router, never for less than its exact quote
/// less its slippage, of the quote it looked at: it takes a while to sign, and prices go on.
class NoiseTrader : public StatefulStrategy<WalletState>
{
public:
    NoiseTrader(const Parameters& parameters, const WalletGroup& wallets)
      : map_{*wallets.world, parameters.contracts("pairs"),
            parameters.boolean("follows_new_pools")},
        desk_{*wallets.world, optional_contract(parameters, "router")},
        coin_{parameters.token("coin")},
        slot_seconds_{wallets.slot_seconds},
        seed_{wallets.seed},
        stream_{wallets.stream},
        first_number_{wallets.first_number},
        size_{parameters.distribution("size")},
        size_min_{parameters.number("size_min")},
        depth_share_max_{parameters.number("depth_share_max")},
        depth_focus_{parameters.number("depth_focus")},
        inventory_reversion_{parameters.number("inventory_reversion")},
        multi_hop_share_{parameters.number("multi_hop_share")},
        ask_quotes_{parameters.number("ask_quotes")},
        hesitation_{parameters.distribution("hesitation")},
        gas_slips_{parameters.number("gas_slips")},
        deadline_seconds_{static_cast<std::uint64_t>(parameters.duration_ms("deadline")) / 1000},
        fee_share_max_{parameters.number("fee_share_max")},
        volatility_of_{parameters.token("volatility_of")},
        volatility_window_ms_{parameters.duration_ms("volatility_window")},
        normal_volatility_{parameters.number("normal_volatility")},
        activity_max_{parameters.number("activity_max")},
        caution_ms_{parameters.duration_ms("caution")},
        retries_max_{static_cast<std::uint8_t>(parameters.integer("retries"))}
    {
        const EventTimes times{wallets, parameters, "interval"};
        states_.resize(wallets.accounts.size());
        for (std::size_t i = 0; i < states_.size(); ++i)
        {
            const auto number = first_number_ + static_cast<std::uint32_t>(i);
            const auto draw = [&](std::string_view what)
            { return wallets.draw(parameters.distribution(what), what, number); };
            auto& state = states_[i];
            state.interval_seconds = static_cast<float>(times.mean_seconds(number));
            state.slippage_bps = static_cast<std::uint16_t>(draw("slippage_bps"));
            state.sensitivity = static_cast<float>(draw("sensitivity"));
        }
        remember_homes(wallets);
    }

    std::uint64_t first_block(std::size_t position) override
    {
        static const auto stream = stream_of_name("first_trade");
        RandomStream random{seed_, stream_ ^ stream, first_number_ + position, 0};
        return plan_next(states_[position], random, 0, 1);
    }

    std::uint64_t decide(std::size_t position, WalletContext& wallet) override
    {
        auto& state = states_[position];
        const auto& view = wallet.view();
        if (state.refusals.is_silent())
            return never;
        observe(view);
        if (state.slippage_steps > 0)
            relax(state, view);
        const bool is_free = wallet.pending() == 0 && !map_.pools().empty();
        const bool is_signing = state.limit_rate > 0;
        const bool is_due = view.block_number >= state.wake_block;
        // One order after the other: a trade that falls due meanwhile comes right after.
        if (is_due && state.wakes_to_trade && (!is_free || is_signing))
            state.wake_block = static_cast<std::uint32_t>(view.block_number + 1);
        else if (is_due)
        {
            const bool trades = state.wakes_to_trade;
            plan_next(state, wallet.random(), view.block_number, activity(state));
            if (trades && !state.retries_now && pick_order(position, wallet))
            {
                state.retries = 0;
                trade(state, wallet);
                return next_block(state);
            }
        }
        if (!is_free)
            return state.wake_block;
        if (is_signing && view.block_number >= state.sign_block)
            sign(state, wallet);
        else if (!is_signing && std::exchange(state.retries_now, false))
            trade(state, wallet);
        return next_block(state);
    }

    std::uint64_t quoted(
        std::size_t position, WalletContext& wallet, std::span<const QuoteAnswer> answers) override
    {
        // One question, about a direct trade. No draws here: they would repeat those of decide().
        const auto& state = states_[position];
        const auto& answer = answers.front();
        if (answer.amount_out)
        {
            const auto route = map_.hops(map_.shortest_route(state.token_in, state.token_out));
            submit(state, wallet, route, answer.request.amount_in, *answer.amount_out);
        }
        return next_block(state);
    }

    bool learn(std::size_t position, const TransactionOutcome& outcome) override
    {
        auto& state = states_[position];
        state.refusals.count(outcome);
        if (outcome.kind == TransactionOutcome::Kind::succeeded)
        {
            state.retries = 0;
            state.patience = std::max<std::uint8_t>(1, state.patience / 2);
            return false;
        }
        if (outcome.kind == TransactionOutcome::Kind::reverted && !ran_out_of_gas(outcome))
        {
            const auto route = map_.hops(map_.shortest_route(state.token_in, state.token_out));
            const auto failure = desk_.failure_of(route, outcome.refusal);
            if (failure == OrderFailure::limit)
            {
                // The price ran away: accept a worse one for a while.
                state.slippage_steps =
                    std::min<std::uint8_t>(slippage_steps_max, state.slippage_steps + 1);
                state.relax_block = 0;
            }
            else if (failure != OrderFailure::deadline)
            {
                wait_for_income(state);
                return false;
            }
        }
        if (state.retries >= retries_max_)
            return false;  // Given up; the next trade is another one.
        ++state.retries;
        state.retries_now = true;
        return true;
    }

private:
    [[nodiscard]] bool is_valid(const WalletState& state, const WalletState& born) const override
    {
        const auto tokens = map_.tokens().size();
        return state.interval_seconds == born.interval_seconds &&
               state.slippage_bps == born.slippage_bps && state.sensitivity == born.sensitivity &&
               state.order_usd >= -usd_max && state.order_usd <= usd_max &&
               state.token_in < tokens && state.token_out < tokens && state.limit_rate >= 0 &&
               state.limit_rate <= rate_max &&
               !(state.limit_rate > 0 && state.token_in == state.token_out) &&
               state.slippage_steps <= slippage_steps_max && std::has_single_bit(state.patience) &&
               state.patience <= patience_max && state.retries <= retries_max_ &&
               !(state.retries_now && state.token_in == state.token_out) &&
               state.refusals.is_possible();
    }

    static constexpr std::uint8_t slippage_steps_max = 4;  // 16 times as wide.
    static constexpr std::uint32_t slippage_bps_max = 5'000;
    static constexpr std::uint8_t patience_max = 64;
    static constexpr float usd_max = 1e18F;
    static constexpr double rate_max = 1e60;
    static constexpr int picks_max = 8;

    [[nodiscard]] static bool ran_out_of_gas(const TransactionOutcome& outcome)
    {
        return outcome.refusal.kind == RefusalKind::ledger && outcome.refusal.text == "out of gas";
    }

    [[nodiscard]] static std::uint64_t next_block(const WalletState& state)
    {
        return state.limit_rate > 0 ? std::min(state.wake_block, state.sign_block)
                                    : state.wake_block;
    }

    /// What each wallet starts with is what it likes to hold.
    void remember_homes(const WalletGroup& wallets)
    {
        target_holdings_.reserve(wallets.accounts.size() * map_.tokens().size());
        for (std::size_t i = 0; i < wallets.accounts.size(); ++i)
        {
            for (const auto& coin : map_.tokens())
            {
                target_holdings_.push_back(static_cast<float>(
                    to_whole(starting_holding(wallets, i, coin.token), coin.decimals)));
            }
        }
    }

    [[nodiscard]] double home_usd(std::size_t position, DexMap::Position token) const
    {
        return double{target_holdings_[position * map_.tokens().size() + token]} *
               map_.tokens()[token].usd;
    }

    /// How much more it holds of a token than it likes to: 0 as much, 1/2 far more, -1/2 nothing.
    [[nodiscard]] double excess(std::size_t position, DexMap::Position token, double held_usd) const
    {
        const auto home = home_usd(position, token);
        return held_usd + home > 0 ? held_usd / (held_usd + home) - 0.5 : 0;
    }

    /// Once per block and cohort: how wild the market is, and how likely each pool is.
    void observe(const WorldView& view)
    {
        if (observed_block_ == view.block_number)
            return;
        observed_block_ = view.block_number;
        map_.observe(view);
        volatility_ratio_ = 0;
        if (normal_volatility_ > 0)
        {
            volatility_ratio_ = realized_volatility(view, volatility_of_, volatility_window_ms_) /
                                normal_volatility_;
        }
        log_wildness_ = volatility_ratio_ > 1 ? portable_log(volatility_ratio_) : 0;
        weights_.clear();
        for (const auto& pool : map_.pools())
        {
            weights_.push_back(pool.depth_usd > 0 ? portable_pow(pool.depth_usd, depth_focus_) : 0);
        }
    }

    /// By how much a wallet's rate of trades exceeds its normal one.
    [[nodiscard]] double activity(const WalletState& state) const
    {
        return std::min(activity_max_, portable_exp(log_wildness_ * double{state.sensitivity}));
    }

    /// Draws when to wake up next. A Poisson process has no memory: a wallet that looks up before
    /// its next trade may draw again at the rate of the moment, and the process stays one.
    std::uint64_t plan_next(
        WalletState& state, RandomStream& random, std::uint64_t block, double activity) const
    {
        const auto mean = double{state.interval_seconds} * state.patience / activity;
        auto wait = blocks_until_next(random, mean, slot_seconds_);
        state.wakes_to_trade = true;
        if (state.sensitivity > 0)
        {
            const auto look = static_cast<std::uint64_t>(std::max<std::int64_t>(
                1, volatility_window_ms_ / (4'000 * std::int64_t{slot_seconds_})));
            state.wakes_to_trade = wait <= look;
            wait = std::min(wait, look);
        }
        constexpr std::uint64_t block_max = std::numeric_limits<std::uint32_t>::max();
        state.wake_block = static_cast<std::uint32_t>(std::min(block + wait, block_max));
        return state.wake_block;
    }

    void relax(WalletState& state, const WorldView& view) const
    {
        if (state.relax_block == 0)
        {
            state.relax_block =
                static_cast<std::uint32_t>(view.block_number + view.blocks_of_ms(caution_ms_));
        }
        else if (view.block_number >= state.relax_block)
            state.slippage_steps = 0;
    }

    static void wait_for_income(WalletState& state)
    {
        state.patience =
            static_cast<std::uint8_t>(std::min<unsigned>(patience_max, state.patience * 2U));
    }

    [[nodiscard]] double held_usd(const WalletContext& wallet, DexMap::Position token) const
    {
        const auto& coin = map_.tokens()[token];
        return coin.usd *
               to_whole(holding_of(wallet.view(), coin.token, wallet.account()), coin.decimals);
    }

    [[nodiscard]] const DexMap::Pool* pick_pool(RandomStream& random) const
    {
        const auto total = std::accumulate(weights_.begin(), weights_.end(), 0.0);
        if (!(total > 0))
            return nullptr;
        auto ticket = random.uniform_double() * total;
        const DexMap::Pool* last = nullptr;
        for (std::size_t i = 0; i < weights_.size(); ++i)
        {
            if (!(weights_[i] > 0))
                continue;
            last = &map_.pools()[i];
            if (ticket < weights_[i])
                break;
            ticket -= weights_[i];
        }
        return last;
    }

    /// Two tokens of a pool, in its order.
    [[nodiscard]] static std::pair<DexMap::Position, DexMap::Position> pick_pair(
        RandomStream& random, const DexMap::Pool& pool)
    {
        const auto count = pool.tokens.size();
        if (count == 2)
            return {pool.tokens[0], pool.tokens[1]};
        auto first = random.uniform_below(count);
        auto second = random.uniform_below(count - 1);
        if (second >= first)
            ++second;
        else
            std::swap(first, second);
        return {pool.tokens[first], pool.tokens[second]};
    }

    /// A token that can be had for @p token, but only through others.
    [[nodiscard]] std::optional<DexMap::Position> pick_far_token(
        RandomStream& random, DexMap::Position token) const
    {
        std::vector<DexMap::Position> far;
        for (std::size_t i = 0; i < map_.tokens().size(); ++i)
        {
            const auto other = static_cast<DexMap::Position>(i);
            if (other != token && !map_.pool_of(token, other) &&
                !map_.shortest_route(token, other).empty())
                far.push_back(other);
        }
        if (far.empty())
            return std::nullopt;
        return far[random.uniform_below(far.size())];
    }

    /// Decides what to trade: false if there is nothing the wallet could or would trade.
    bool pick_order(std::size_t position, WalletContext& wallet)
    {
        auto& state = states_[position];
        auto& random = wallet.random();
        DexMap::Position a = 0;
        DexMap::Position b = 0;
        double held_a = 0;
        double held_b = 0;
        // It trades what it has: a pool of other tokens is not for it.
        for (int i = 0; i < picks_max && held_a < size_min_ && held_b < size_min_; ++i)
        {
            const auto* pool = pick_pool(random);
            if (pool == nullptr)
                return false;
            std::tie(a, b) = pick_pair(random, *pool);
            if (multi_hop_share_ > 0 && random.bernoulli(multi_hop_share_))
            {
                if (const auto far = pick_far_token(random, a))
                    b = *far;
            }
            held_a = held_usd(wallet, a);
            held_b = held_usd(wallet, b);
        }
        if (held_a < size_min_ && held_b < size_min_)
        {
            wait_for_income(state);
            return false;
        }
        const auto tilt = excess(position, a, held_a) - excess(position, b, held_b);
        bool sells_a = random.bernoulli(0.5 + inventory_reversion_ * tilt);
        if ((sells_a ? held_a : held_b) < size_min_)
            sells_a = !sells_a;
        state.token_in = sells_a ? a : b;
        state.token_out = sells_a ? b : a;

        // Never more than it holds, nor than it likes to hold of what it buys.
        auto usd = std::min(size_.draw(random), sells_a ? held_a : held_b);
        if (const auto home = home_usd(position, state.token_out); home > 0)
            usd = std::min(usd, home);
        for (const auto& step : map_.shortest_route(state.token_in, state.token_out))
            usd = std::min(usd, depth_share_max_ * map_.pools()[step.pool].depth_usd);
        state.order_usd = static_cast<float>(usd);
        return usd >= size_min_;
    }

    /// What it gives of its planned order.
    [[nodiscard]] Amount amount_in(const WalletState& state, const WalletContext& wallet) const
    {
        const auto& coin = map_.tokens()[state.token_in];
        return std::min(holding_of(wallet.view(), coin.token, wallet.account()),
            to_units(double{state.order_usd} / coin.usd, coin.decimals));
    }

    /// Looks at a quote for the planned order and, as soon as it has signed that, submits it.
    void trade(WalletState& state, WalletContext& wallet) const
    {
        const auto& view = wallet.view();
        const auto route = map_.hops(map_.shortest_route(state.token_in, state.token_out));
        const auto gas = intrinsic_gas + contracts::Erc20Approve::gas + desk_.gas(route).total();
        const auto bid = wallet.habitual_bid();
        if (wrapping_mul(gas, bid.max_fee) > view.account(wallet.account()).balance)
        {
            wait_for_income(state);
            return;
        }
        const auto price = std::min(bid.max_fee, view.base_fee + bid.priority_fee);
        if (gas_usd(view, coin_, gas, price) > fee_share_max_ * double{state.order_usd})
            return;  // Not worth the fee; there will be calmer times.

        const auto given = amount_in(state, wallet);
        if (given.is_zero())
            return;
        if (route.size() == 1 && ask_quotes_ > 0 && wallet.random().bernoulli(ask_quotes_))
        {
            wallet.ask(
                route[0].exchange->contract().id(), {route[0].token_in, route[0].token_out, given});
            return;
        }
        const auto amounts = quote_along(route, given);
        if (amounts.empty())
            return;
        // Who tries again has made up his mind.
        const auto wait = state.retries > 0 ? 0 : hesitation_.draw(wallet.random()) / slot_seconds_;
        if (wait < 1)
        {
            submit(state, wallet, route, given, amounts.back());
            return;
        }
        const auto whole_in = to_whole(given, map_.tokens()[state.token_in].decimals);
        const auto whole_out = to_whole(amounts.back(), map_.tokens()[state.token_out].decimals);
        state.limit_rate = std::min(whole_in > 0 ? whole_out / whole_in : 0, rate_max);
        constexpr double block_max = std::numeric_limits<std::uint32_t>::max();
        state.sign_block = static_cast<std::uint32_t>(
            std::min(static_cast<double>(view.block_number) + wait, block_max));
    }

    /// Submits the order at the price of the quote that it looked at.
    void sign(WalletState& state, WalletContext& wallet) const
    {
        const auto rate = std::exchange(state.limit_rate, 0);
        const auto given = amount_in(state, wallet);
        if (given.is_zero())
            return;
        const auto route = map_.hops(map_.shortest_route(state.token_in, state.token_out));
        const auto whole_in = to_whole(given, map_.tokens()[state.token_in].decimals);
        submit(state, wallet, route, given,
            to_units(rate * whole_in, map_.tokens()[state.token_out].decimals));
    }

    void submit(const WalletState& state, WalletContext& wallet, std::span<const Hop> route,
        const Amount& amount_in, const Amount& quote) const
    {
        const auto& view = wallet.view();
        const auto slippage_bps =
            std::min(slippage_bps_max, std::uint32_t{state.slippage_bps} << state.slippage_steps);
        CallWriter calls;
        desk_.add_swap(calls, view, route, amount_in, min_amount_out(quote, slippage_bps),
            wallet.account(), view.timestamp + deadline_seconds_);
        auto bid = wallet.habitual_bid();
        bid.extra_gas = desk_.gas(route).extra + crossing_gas(route, {&amount_in, 1});
        if (gas_slips_ > 0 && state.retries == 0)
        {
            // Its own stream: an answer comes in the block of the question, whose draws it repeats.
            static const auto stream = stream_of_name("gas_slips");
            RandomStream random{seed_, stream_ ^ stream, wallet.number(), view.block_number};
            if (random.bernoulli(gas_slips_))
                bid.gas_percent = static_cast<std::uint32_t>(60 + random.uniform_below(35));
        }
        wallet.submit(std::move(calls), bid);
    }

    DexMap map_;
    SwapDesk desk_;
    ContractId coin_;
    std::uint32_t slot_seconds_;
    std::uint64_t seed_;
    std::uint64_t stream_;
    std::uint32_t first_number_;
    Distribution size_;
    double size_min_;
    double depth_share_max_;
    double depth_focus_;
    double inventory_reversion_;
    double multi_hop_share_;
    double ask_quotes_;
    Distribution hesitation_;
    double gas_slips_;
    std::uint64_t deadline_seconds_;
    double fee_share_max_;
    ContractId volatility_of_;
    std::int64_t volatility_window_ms_;
    double normal_volatility_;
    double activity_max_;
    std::int64_t caution_ms_;
    std::uint8_t retries_max_;
    std::vector<float>
        target_holdings_;  // By wallet, then token of the map: whole tokens at the start.

    std::uint64_t observed_block_ = 0;
    double volatility_ratio_ = 0;  // Recent volatility / normal volatility.
    double log_wildness_ = 0;
    std::vector<double> weights_;  // By pool.
};

}  // namespace

const StrategyType& noise_trader_strategy()
{
    static const StrategyType type{.name = "noise_trader",
        .purpose = Purpose::trade,
        .help = "Trades on decentralised exchanges at random times, sizes and directions.",
        .parameters =
            {
                {.name = "router",
                    .kind = ParameterKind::contract,
                    .default_value = "\"\"",
                    .unit = {},
                    .help = "The router it trades through, where that serves an exchange; none: "
                            "each exchange's own.",
                    .contract_kind = Venue::sector},
                {.name = "pairs",
                    .kind = ParameterKind::contracts,
                    .default_value = "",
                    .unit = {},
                    .help = "Exchanges it knows: 1 to 127.",
                    .contract_kind = Exchange::sector},
                {"follows_new_pools", ParameterKind::boolean, "false", {},
                    "It also trades on exchanges of the same tokens that are opened later."},
                {"coin", ParameterKind::token, "", {},
                    "The token whose reference price is the native coin's (WETH): what gas costs."},
                {"interval", ParameterKind::distribution, "{ log_normal = [11.05, 0.8] }",
                    unit::seconds,
                    "Mean time between a wallet's trades in a normal market: the group trades once "
                    "per wallet and mean of these.",
                    1, 1e9},
                {"size", ParameterKind::distribution, "{ log_normal = [6.7, 1.8] }", unit::usd,
                    "Of each trade, drawn each time.", 0, 1e15},
                {"size_min", ParameterKind::number, "10", unit::usd,
                    "Smaller trades are not worth the trouble; who holds less waits for income.",
                    0.01, 1e15},
                {"depth_share_max", ParameterKind::number, "0.01", {},
                    "A trade takes no more than this share of a pool's depth.", 0, 0.5},
                {"depth_focus", ParameterKind::number, "1", {},
                    "A pool is picked with a probability in proportion to depth^focus; 0: all "
                    "alike.",
                    0, 3},
                {"inventory_reversion", ParameterKind::number, "0.8", {},
                    "How strongly it returns to what it held at the start; 0: it buys and sells "
                    "alike.",
                    0, 2},
                {"multi_hop_share", ParameterKind::number, "0.1", {},
                    "Share of trades between tokens without a pool of their own.", 0, 1},
                {"slippage_bps", ParameterKind::distribution,
                    "{ log_normal = [4.6, 0.6], min = 10, max = 1000 }", unit::per_10_000,
                    "How much less than its quote a wallet accepts.", 0, 5'000},
                {"ask_quotes", ParameterKind::number, "0.05", {},
                    "Share of direct trades that ask the pool's actor for a quote by message "
                    "instead "
                    "of reading the published view.",
                    0, 1},
                {"hesitation", ParameterKind::distribution,
                    "{ log_normal = [2.7, 1.0], max = 1200 }", unit::seconds,
                    "From the quote that an order's limit is taken from until it is signed; drawn "
                    "for each order.",
                    0, 86'400},
                {"gas_slips", ParameterKind::number, "0.015", {},
                    "Share of orders whose gas limit is 5 to 40% too low: they run out of it.", 0,
                    1},
                {"deadline", ParameterKind::duration, "\"20m\"", {}, "How long an order stands.",
                    1'000},
                {"fee_share_max", ParameterKind::number, "0.1", {},
                    "It does not trade when the fee for gas exceeds this share of the size.", 0,
                    1e6},
                {"sensitivity", ParameterKind::distribution, "{ uniform = [0, 1] }", {},
                    "In a wild market it trades (volatility / normal volatility)^sensitivity times "
                    "as "
                    "often.",
                    0, 5},
                {"volatility_of", ParameterKind::token, "", {},
                    "The token whose reference price tells how wild the market is."},
                {"volatility_window", ParameterKind::duration, "\"30m\"", {},
                    "The past over which it judges volatility.", 1'000},
                {"normal_volatility", ParameterKind::number, "0.8", unit::per_year,
                    "What it takes for normal, as a standard deviation of log returns; 0: it does "
                    "not "
                    "look.",
                    0, 100},
                {"activity_max", ParameterKind::number, "20", {},
                    "It trades at most this many times as often as normally.", 1, 1'000},
                {"caution", ParameterKind::duration, "\"30m\"", {},
                    "How long it accepts wider slippage after a trade failed for it.", 1'000},
                {"retries", ParameterKind::integer, "2", {},
                    "How often it gives an order again that failed.", 0, 20},
            },
        .create = create_strategy<NoiseTrader>,
        .validate = check_pairs,
        .validate_in = [](const Parameters& parameters, const World& world)
        { return check_map(parameters, world, true); }};
    return type;
}

}  // namespace runnel::strategies
