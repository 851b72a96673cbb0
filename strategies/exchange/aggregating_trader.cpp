#include "ledger/portable_math.hpp"
#include "ledger/transaction.hpp"
#include "strategies/market/common.hpp"
#include "strategies/market/dex.hpp"
#include "strategies/market/lending_market.hpp"
#include "strategies/market/split.hpp"
#include "strategies/strategies.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <numeric>
#include <utility>

namespace runnel::strategies
{
namespace
{

struct WalletState
{
    float interval_seconds = 0;
    float flees_below = 0;   // USD per coin of those it fears for.
    float flight_delay = 0;  // Seconds from there to its order.
    std::uint16_t slippage_bps = 0;
    std::uint32_t wake_block = 0;
    std::uint32_t flight_block = 0;  // From which it sells what it fears for; 0: it does not.
    std::uint8_t failures = 0;       // Of one order, in a row.
    Refusals refusals;
    RUNNEL_FIELDS((interval_seconds, seconds), (flees_below, usd), (flight_delay, seconds),
        slippage_bps, (wake_block, block_number), (flight_block, block_number), failures, refusals);
};

/// Trades as people do who leave the way to an aggregator: an order goes over as many pools at once
/// as pays, all or nothing.
///
/// It trades for reasons of its own, at the times of a Poisson process. Some of what it holds it
/// holds because it is worth a dollar; when that falls below what the wallet bears it sells all of
/// it for its refuge, and buys no more of it until it is worth more again.
class AggregatingTrader : public StatefulStrategy<WalletState>
{
public:
    AggregatingTrader(const Parameters& parameters, const WalletGroup& wallets)
      : map_{*wallets.world, parameters.contracts("pairs")},
        desk_{*wallets.world, optional_contract(parameters, "router")},
        costs_{parameters},
        slot_seconds_{wallets.slot_seconds},
        seed_{wallets.seed},
        stream_{wallets.stream},
        first_number_{wallets.first_number},
        size_{parameters.distribution("size")},
        size_min_{parameters.number("size_min")},
        depth_share_max_{parameters.number("depth_share_max")},
        depth_focus_{parameters.number("depth_focus")},
        inventory_reversion_{parameters.number("inventory_reversion")},
        impact_max_{parameters.number("impact_max")},
        gas_slips_{parameters.number("gas_slips")},
        hops_max_{static_cast<std::size_t>(parameters.integer("hops_max"))},
        routes_max_{static_cast<std::size_t>(parameters.integer("routes_max"))},
        slices_{static_cast<unsigned>(parameters.integer("slices"))},
        deadline_seconds_{static_cast<std::uint64_t>(parameters.duration_ms("deadline")) / 1000},
        check_every_ms_{parameters.duration_ms("check_every")},
        retries_max_{static_cast<std::uint8_t>(parameters.integer("retries"))}
    {
        for (const auto& pool : map_.pools())
            exchanges_.push_back(pool.exchange);
        const auto position_of = [this](ContractId token)
        {
            const auto& tokens = map_.tokens();
            const auto found = std::find_if(tokens.begin(), tokens.end(),
                [token](const DexMap::Token& known) { return known.token == token; });
            return static_cast<std::size_t>(found - tokens.begin());
        };
        feared_.assign(map_.tokens().size(), false);
        for (const auto token : parameters.contracts("fears_for"))
        {
            if (const auto at = position_of(token); at < feared_.size())
                feared_[at] = true;
        }
        if (parameters.has("refuge"))
        {
            if (const auto at = position_of(parameters.token("refuge")); at < feared_.size())
                refuge_ = static_cast<DexMap::Position>(at);
        }
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
            state.flees_below = static_cast<float>(draw("flees_below"));
            state.flight_delay = static_cast<float>(draw("flight_delay"));
            for (const auto& coin : map_.tokens())
            {
                homes_.push_back(static_cast<float>(
                    to_whole(starting_holding(wallets, i, coin.token), coin.decimals)));
            }
        }
    }

    std::uint64_t first_block(std::size_t position) override
    {
        static const auto stream = stream_of_name("first_trade");
        RandomStream random{seed_, stream_ ^ stream, first_number_ + position, 0};
        auto& state = states_[position];
        plan_next(state, random, 0);
        return next_look(state, 0);
    }

    std::uint64_t decide(std::size_t position, WalletContext& wallet) override
    {
        auto& state = states_[position];
        const auto& view = wallet.view();
        if (state.refusals.is_silent())
            return never;
        observe(view);
        const bool is_due = view.block_number >= state.wake_block;
        if (is_due)
            plan_next(state, wallet.random(), view.block_number);
        if (wallet.pending() == 0 && !flee(state, wallet) && is_due)
            trade(position, wallet);
        return next_look(state, view.block_number);
    }

    bool learn(std::size_t position, const TransactionOutcome& outcome) override
    {
        auto& state = states_[position];
        state.refusals.count(outcome);
        if (outcome.kind == TransactionOutcome::Kind::succeeded || state.failures >= retries_max_)
        {
            state.failures = 0;
            return false;
        }
        // The price ran away: again at once, with another quote and twice the slack.
        ++state.failures;
        state.wake_block = 0;
        return true;
    }

private:
    [[nodiscard]] bool is_valid(const WalletState& state, const WalletState& born) const override
    {
        return state.interval_seconds == born.interval_seconds &&
               state.flees_below == born.flees_below && state.flight_delay == born.flight_delay &&
               state.slippage_bps == born.slippage_bps && state.failures <= retries_max_ &&
               state.refusals.is_possible();
    }

    static constexpr int picks_max = 8;
    static constexpr int halvings_max = 6;
    static constexpr std::uint64_t block_max = std::numeric_limits<std::uint32_t>::max();

    void plan_next(WalletState& state, RandomStream& random, std::uint64_t block) const
    {
        const auto wait = blocks_until_next(random, double{state.interval_seconds}, slot_seconds_);
        state.wake_block = static_cast<std::uint32_t>(std::min(block + wait, block_max));
    }

    /// Who fears for something looks up between trades as well.
    [[nodiscard]] std::uint64_t next_look(const WalletState& state, std::uint64_t block) const
    {
        const auto look =
            block + std::max<std::int64_t>(1, check_every_ms_ / (1'000 * slot_seconds_));
        auto next = std::uint64_t{state.wake_block};
        if (refuge_ && state.flees_below > 0)
            next = std::min<std::uint64_t>(next, look);
        return std::max(next, block + 1);
    }

    /// Once per block and cohort.
    void observe(const WorldView& view)
    {
        if (observed_block_ == view.block_number)
            return;
        observed_block_ = view.block_number;
        map_.observe(view);
        routes_.clear();
        weights_.clear();
        for (const auto& pool : map_.pools())
        {
            weights_.push_back(pool.depth_usd > 0 ? portable_pow(pool.depth_usd, depth_focus_) : 0);
        }
    }

    [[nodiscard]] const std::vector<std::vector<Hop>>& routes(
        DexMap::Position from, DexMap::Position to)
    {
        auto known = routes_.find({from, to});
        if (known == routes_.end())
        {
            known = routes_
                        .emplace(std::pair{from, to},
                            disjoint_routes(exchanges_, map_.tokens()[from].token,
                                map_.tokens()[to].token, hops_max_, routes_max_))
                        .first;
        }
        return known->second;
    }

    [[nodiscard]] Amount held(const WalletContext& wallet, DexMap::Position token) const
    {
        return holding_of(wallet.view(), map_.tokens()[token].token, wallet.account());
    }
    [[nodiscard]] double held_usd(const WalletContext& wallet, DexMap::Position token) const
    {
        const auto& coin = map_.tokens()[token];
        return coin.usd * to_whole(held(wallet, token), coin.decimals);
    }
    [[nodiscard]] bool is_shunned(const WalletState& state, DexMap::Position token) const
    {
        return feared_[token] && map_.tokens()[token].usd < double{state.flees_below};
    }

    /// Sells what has fallen too low, the worst first, once its owner has had the time to. Returns
    /// whether an order is out.
    bool flee(WalletState& state, WalletContext& wallet)
    {
        if (!refuge_)
            return false;
        const auto& view = wallet.view();
        std::optional<DexMap::Position> worst;
        for (std::size_t i = 0; i < feared_.size(); ++i)
        {
            const auto token = static_cast<DexMap::Position>(i);
            const auto& coin = map_.tokens()[i];
            if (token != *refuge_ && is_shunned(state, token) &&
                held_usd(wallet, token) >= size_min_ &&
                (!worst || coin.usd < map_.tokens()[*worst].usd))
                worst = token;
        }
        if (!worst)
        {
            state.flight_block = 0;
            return false;
        }
        if (state.flight_block == 0)
        {
            const auto delay = static_cast<std::uint64_t>(
                std::min(double{state.flight_delay} / slot_seconds_, 1e9));
            state.flight_block =
                static_cast<std::uint32_t>(std::min(block_max, view.block_number + delay));
        }
        return view.block_number >= state.flight_block &&
               order(state, wallet, *worst, *refuge_, held(wallet, *worst));
    }

    /// How much more it holds of a token than it likes to: 0 as much, 1/2 far more, -1/2 nothing.
    [[nodiscard]] double excess(
        std::size_t position, const WalletContext& wallet, DexMap::Position token) const
    {
        const auto usd = held_usd(wallet, token);
        const auto home =
            double{homes_[position * map_.tokens().size() + token]} * map_.tokens()[token].usd;
        return usd + home > 0 ? usd / (usd + home) - 0.5 : 0;
    }

    [[nodiscard]] const DexMap::Pool* pick_pool(RandomStream& random) const
    {
        auto ticket =
            random.uniform_double() * std::accumulate(weights_.begin(), weights_.end(), 0.0);
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

    /// Two tokens of a pool of which it has something, and sells the one of which it has more than
    /// it likes, rather.
    void trade(std::size_t position, WalletContext& wallet)
    {
        auto& state = states_[position];
        auto& random = wallet.random();
        const auto usd = size_.draw(random);
        for (int i = 0; i < picks_max; ++i)
        {
            const auto* pool = pick_pool(random);
            if (pool == nullptr)
                return;
            const auto first = random.uniform_below(pool->tokens.size());
            auto second = random.uniform_below(pool->tokens.size() - 1);
            second += second >= first ? 1 : 0;
            auto sold = pool->tokens[first];
            auto bought = pool->tokens[second];
            const auto tilt = excess(position, wallet, sold) - excess(position, wallet, bought);
            if (!random.bernoulli(0.5 + inventory_reversion_ * tilt))
                std::swap(sold, bought);
            if (held_usd(wallet, sold) < size_min_)
                std::swap(sold, bought);
            const auto& coin = map_.tokens()[sold];
            if (held_usd(wallet, sold) < size_min_ || is_shunned(state, bought) ||
                !(coin.usd > 0) || usd < size_min_)
                continue;
            order(state, wallet, sold, bought,
                std::min(held(wallet, sold), to_units(usd, coin.decimals, coin.usd)));
            return;
        }
    }
    [[nodiscard]] static Amount to_units(double usd, std::uint8_t decimals, double price)
    {
        return strategies::to_units(usd / price, decimals);
    }

    /// Sends an order over all routes that pay; less of it while its price is too bad. Returns
    /// whether it did.
    bool order(WalletState& state, WalletContext& wallet, DexMap::Position sold,
        DexMap::Position bought, Amount amount_in)
    {
        const auto& view = wallet.view();
        const auto& in = map_.tokens()[sold];
        const auto& out = map_.tokens()[bought];
        const auto& paths = routes(sold, bought);
        if (paths.empty() || !(in.usd > 0) || !(out.usd > 0))
            return false;
        // No amount has a better price than none.
        if (marginal_rate(paths.front()) * usd_ratio(in, out) < 1 - impact_max_)
            return false;
        double depth_usd = 0;  // Of the first exchanges of all routes.
        for (const auto& route : paths)
        {
            depth_usd += to_whole(route.front().exchange->depth(in.token), in.decimals) * in.usd;
        }
        amount_in =
            std::min(amount_in, to_units(depth_share_max_ * depth_usd, in.decimals, in.usd));
        const auto bid = wallet.habitual_bid();
        const auto order_usd =
            costs_.usd(view, desk_.gas(paths.front()).total(), view.base_fee + bid.priority_fee);
        const auto cost_out = to_units(order_usd, out.decimals, out.usd);
        for (int i = 0; i < halvings_max; ++i, amount_in = amount_in >> 1U)
        {
            const auto usd = to_whole(amount_in, in.decimals) * in.usd;
            if (usd < size_min_)
                return false;
            const auto split = split_order(paths, amount_in, cost_out, slices_);
            if (!split)
                continue;
            const auto worth = to_whole(split->amount_out, out.decimals) * out.usd;
            if (worth < usd * (1 - impact_max_))
                continue;
            std::uint64_t gas = 0;
            for (const auto& part : split->parts)
                gas += desk_.gas(part.route).total();
            if (!costs_.worth_it(wallet, gas, usd))
                return false;
            send(state, wallet, *split, bid);
            return true;
        }
        return false;
    }

    /// What turns a price in smallest units into one in USD for a USD.
    [[nodiscard]] static double usd_ratio(const DexMap::Token& in, const DexMap::Token& out)
    {
        return to_whole(Amount{1}, out.decimals) * out.usd /
               (to_whole(Amount{1}, in.decimals) * in.usd);
    }

    void send(const WalletState& state, WalletContext& wallet, const SplitOrder& split, Bid bid)
    {
        const auto& view = wallet.view();
        const auto slippage =
            std::min<std::uint32_t>(5'000, std::uint32_t{state.slippage_bps} << state.failures);
        CallWriter calls;
        for (const auto& part : split.parts)
        {
            desk_.add_swap(calls, view, part.route, part.amount_in,
                min_amount_out(part.amount_out, slippage), wallet.account(),
                view.timestamp + deadline_seconds_);
            bid.extra_gas += desk_.gas(part.route).extra +
                             crossing_gas(part.route, quote_along(part.route, part.amount_in));
        }
        if (gas_slips_ > 0 && wallet.random().bernoulli(gas_slips_))
            bid.gas_percent = static_cast<std::uint32_t>(60 + wallet.random().uniform_below(36));
        wallet.submit(std::move(calls), bid);
    }

    DexMap map_;
    SwapDesk desk_;
    GasCosts costs_;
    std::uint32_t slot_seconds_;
    std::uint64_t seed_;
    std::uint64_t stream_;
    std::uint32_t first_number_;
    Distribution size_;
    double size_min_;
    double depth_share_max_;
    double depth_focus_;
    double inventory_reversion_;
    double impact_max_;
    double gas_slips_;
    std::size_t hops_max_;
    std::size_t routes_max_;
    unsigned slices_;
    std::uint64_t deadline_seconds_;
    std::int64_t check_every_ms_;
    std::uint8_t retries_max_;
    std::vector<const Exchange*> exchanges_;  // Of the map.
    std::vector<bool> feared_;                // By token of the map.
    std::optional<DexMap::Position> refuge_;
    std::vector<float> homes_;  // Whole tokens at the start, by wallet and token.

    std::uint64_t observed_block_ = 0;
    std::vector<double> weights_;  // By pool.
    std::map<std::pair<DexMap::Position, DexMap::Position>, std::vector<std::vector<Hop>>> routes_;
};

}  // namespace

const StrategyType& aggregating_trader_strategy()
{
    static const StrategyType type{.name = "aggregating_trader",
        .purpose = Purpose::trade,
        .help =
            "Trades now and then, each order split over all pools that pay, and flees from what "
            "loses its peg.",
        .parameters =
            {
                {.name = "router",
                    .kind = ParameterKind::contract,
                    .default_value = "\"\"",
                    .unit = {},
                    .help = "Takes its orders for the exchanges that it serves; none: each "
                            "exchange's own.",
                    .contract_kind = Venue::sector},
                {.name = "pairs",
                    .kind = ParameterKind::contracts,
                    .default_value = "",
                    .unit = {},
                    .help = "Exchanges it trades on, 1 to 127; of any protocols.",
                    .contract_kind = Exchange::sector},
                coin_parameter(),
                {"interval", ParameterKind::distribution, "{ log_normal = [9.5, 0.8] }",
                    unit::seconds, "Mean time between a wallet's trades.", 0, 1e9},
                {"size", ParameterKind::distribution, "{ log_normal = [8.5, 1.8] }", unit::usd,
                    "What it sells; at most what it has.", 0, 1e12},
                {"size_min", ParameterKind::number, "50", unit::usd, "Less it does not trade.", 0,
                    1e12},
                {"depth_share_max", ParameterKind::number, "0.5", {},
                    "An order is at most this share of the depth of its routes' first exchanges.",
                    0, 1},
                {"depth_focus", ParameterKind::number, "1", {},
                    "It picks two tokens by a pool drawn in proportion to depth to this power.", 0,
                    4},
                {"inventory_reversion", ParameterKind::number, "1", {},
                    "How much rather it sells that of which it has more than at the start.", 0, 1},
                {"impact_max", ParameterKind::number, "0.05", {},
                    "It accepts no price worse than this share below the reference: it sells less, "
                    "half as much each time.",
                    0, 1},
                {"hops_max", ParameterKind::integer, "2", unit::other("exchanges"),
                    "The longest of an order's routes.", 1, 3},
                {"routes_max", ParameterKind::integer, "4", unit::other("routes"),
                    "The most routes of an order; no two share an exchange.", 1, 16},
                {"slices", ParameterKind::integer, "16", {},
                    "How finely it is split: the parts are multiples of the order over this.", 1,
                    256},
                {"slippage_bps", ParameterKind::distribution, "50", unit::per_10_000,
                    "How far each part's price may fall until it trades; doubled with each "
                    "failure.",
                    0, 5'000},
                {"gas_slips", ParameterKind::number, "0.015", {},
                    "Share of its orders with a gas limit 5 to 40% too low.", 0, 1},
                {"fee_tolerance", ParameterKind::number, "0.1", {},
                    "It does not trade when gas costs more than this share of the order.", 0, 1},
                {"deadline", ParameterKind::duration, "\"20m\"", {}, "How long an order stands.",
                    1'000},
                {"retries", ParameterKind::integer, "2", {},
                    "How often it tries again what failed.", 0, 8},
                {"fears_for", ParameterKind::tokens, "[]", {},
                    "Tokens that it holds because of their peg."},
                {"refuge", ParameterKind::token, "\"\"", {},
                    "For what it sells them when it flees; none: it does not."},
                {"flees_below", ParameterKind::distribution, "0", unit::usd,
                    "It sells all of a token that it fears for below this reference price, and "
                    "buys none of it until it is above; 0: never.",
                    0, 1e9},
                {"flight_delay", ParameterKind::distribution, "{ log_normal = [7.5, 1.0] }",
                    unit::seconds, "From there to its order.", 0, 1e9},
                {"check_every", ParameterKind::duration, "\"5m\"", {},
                    "How often it looks at the prices of what it fears for.", 1'000},
            },
        .create = create_strategy<AggregatingTrader>,
        .validate = check_pairs,
        .validate_in = [](const Parameters& parameters, const World& world)
        { return check_map(parameters, world, true); }};
    return type;
}

}  // namespace runnel::strategies
