#include "ledger/transaction.hpp"
#include "strategies/market/bidding.hpp"
#include "strategies/market/common.hpp"
#include "strategies/market/dex.hpp"
#include "strategies/market/gas_money.hpp"
#include "strategies/market/lending_market.hpp"
#include "strategies/market/profit.hpp"
#include "strategies/strategies.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

namespace runnel::strategies
{
namespace
{

using contracts::CallGas;
using contracts::LendingMarket;

struct WalletState
{
    std::int64_t reaction_ms = 0;
    std::uint64_t profit_min = 0;  // 1e-8 USD.
    // By exchange, the first of a route: who is there differs from one to the other.
    std::vector<double> bid_share;  // Of the profit; what it first believes rivals bid.
    std::vector<RaceMemory> races;
    std::uint64_t watched_block = 0;  // In which it saw a chance and sent nothing,
    std::uint32_t watched_route = 0;  // and the best of them.
    /// By route: the block from which on it can have a transaction out for the chance it sees
    /// there; 0: none.
    std::vector<std::uint32_t> ready;
    bool borrows = false;
    RUNNEL_FIELDS((reaction_ms, milliseconds), (profit_min, usd_e8), bid_share, races,
        (watched_block, block_number), watched_route, (ready, block_number), borrows);
};

/// Closes gaps: between a pool and the world outside, and around cycles of two or three pools.
///
/// It swaps for the exact quotes in one transaction, from pool to pool where protocols allow: if
/// another was faster, the transaction reverts and only the fee is lost, which Bidding weighs
/// against the gain. A gap with the world outside is traded against the wallet's own inventory,
/// valued at reference prices. A cycle needs no capital: where it earns more with what others lend
/// for the length of the transaction, the wallet borrows it.
class Arbitrageur : public StatefulStrategy<WalletState>
{
public:
    Arbitrageur(const Parameters& parameters, const WalletGroup& wallets)
      : map_{*wallets.world, parameters.contracts("pairs"),
            parameters.boolean("follows_new_pools")},
        coin_{parameters.token("coin")},
        reaction_spread_{parameters.number("reaction_spread")},
        inventory_share_max_{parameters.number("inventory_share_max")},
        uses_reference_{parameters.boolean("reference")},
        cycle_length_max_{static_cast<std::size_t>(parameters.integer("cycle_length_max"))},
        trades_per_block_{static_cast<std::size_t>(parameters.integer("trades_per_block"))},
        bidding_{parameters, wallets.slot_seconds},
        gas_money_{parameters, *wallets.world}
    {
        if (const auto lender = optional_contract(parameters, "lender"))
            lender_ = &dynamic_cast<const LendingMarket&>(wallets.world->contract(*lender));
        if (uses_reference_)
        {
            for (std::size_t i = 0; i < map_.pools().size(); ++i)
                find_reference_routes(static_cast<DexMap::Position>(i));
        }
        for (std::size_t length = 2; length <= cycle_length_max_; ++length)
            find_cycles(length);
        states_.resize(wallets.accounts.size());
        for (std::size_t i = 0; i < states_.size(); ++i)
        {
            const auto number = wallets.first_number + static_cast<std::uint32_t>(i);
            const auto draw = [&](std::string_view what)
            {
                const auto parameter = what.substr(0, what.find(' '));
                return wallets.draw(parameters.distribution(parameter), what, number);
            };
            auto& state = states_[i];
            state.reaction_ms = static_cast<std::int64_t>(draw("reaction") * 1000);
            state.profit_min = static_cast<std::uint64_t>(draw("profit_min") * 1e8);
            for (std::size_t pool = 0; pool < map_.pools().size(); ++pool)
                state.bid_share.push_back(draw("bid_share " + std::to_string(pool)));
            state.races.resize(map_.pools().size());
            state.ready.assign(routes_.size(), 0);
            state.borrows = draw("flash") >= 0.5;
        }
    }

    std::uint64_t first_block(std::size_t) override { return 1; }

    std::uint64_t decide(std::size_t position, WalletContext& wallet) override
    {
        auto& state = states_[position];
        const auto& view = wallet.view();
        if (wallet.pending() > 0 || gas_money_.refill(wallet))
            return view.block_number + 1;
        observe(view);
        auto chances = find_chances(position, wallet);
        watch(state, view);
        std::stable_sort(chances.begin(), chances.end(),
            [](const Chance& a, const Chance& b) { return a.net > b.net; });
        const auto sent = take(state, wallet, chances);
        state.watched_block = sent == 0 && best_seen_ ? view.block_number : 0;
        state.watched_route = static_cast<std::uint32_t>(best_seen_.value_or(0));
        return view.block_number + 1;
    }

    bool learn(std::size_t position, const TransactionOutcome& outcome) override
    {
        if (outcome.tag == GasMoney::tag)
            return false;
        const auto pool = static_cast<std::size_t>(outcome.tag % pools_max);
        const auto rest = outcome.tag / pools_max;
        if (auto& races = states_[position].races; pool < races.size())
        {
            Bidding::learn(races[pool], outcome, rest % Bidding::levels,
                static_cast<double>(rest / Bidding::levels) / gain_scale);
        }
        return false;
    }

private:
    [[nodiscard]] bool is_valid(const WalletState& state, const WalletState& born) const override
    {
        return state.reaction_ms == born.reaction_ms && state.profit_min == born.profit_min &&
               state.bid_share == born.bid_share && state.borrows == born.borrows &&
               state.races.size() >= born.races.size() && state.races.size() <= pools_max &&
               std::all_of(state.races.begin(), state.races.end(),
                   [](const RaceMemory& races) { return is_possible(races); }) &&
               state.ready.size() >= born.ready.size() && state.ready.size() <= routes_max &&
               (state.watched_block == 0 || state.watched_route < state.ready.size());
    }

    /// Whose money a trade begins with.
    enum class Funding : std::uint8_t
    {
        own,
        first_exchange,  // That of its first exchange, which is paid last.
        lender,
    };
    /// Pools in order of trade.
    struct Route
    {
        std::vector<DexMap::Step> steps;
        std::vector<Hop> hops;  // The same.
        CallGas gas;            // Of the whole transaction.
        // Where the money can be borrowed: from whom, and the gas then.
        Funding loan = Funding::own;
        CallGas loan_gas;
        std::optional<std::size_t> reserve;  // Of the lender's.
        [[nodiscard]] DexMap::Position token_in() const { return steps.front().token_in; }
        [[nodiscard]] DexMap::Position token_out() const { return steps.back().token_out; }
        [[nodiscard]] bool is_cycle() const { return token_in() == token_out(); }
    };
    /// A trade that earns. Profits in 1e-8 USD.
    struct Chance
    {
        const Route* route = nullptr;
        Funding funding = Funding::own;
        std::vector<Amount> amounts;  // In, between, out.
        CallGas gas;
        std::uint64_t gain = 0;  // Before any fee,
        std::uint64_t net = 0;   // and after the base fee; the bid is still to be paid.
    };

    // ---- Routes, found once ----

    void find_reference_routes(DexMap::Position pool)
    {
        const auto& tokens = map_.pools()[pool].tokens;
        for (const auto token_in : tokens)
        {
            for (const auto token_out : tokens)
            {
                if (token_in != token_out)
                    add_route({{pool, token_in, token_out}});
            }
        }
    }

    /// The routes through pools that have come since, one pool after another: in the same order
    /// however many come at a time, as after a resume.
    void take_up_pools(const World& world)
    {
        while (map_.take_up_next(world))
        {
            newest_pool_ = static_cast<DexMap::Position>(map_.pools().size() - 1);
            if (uses_reference_)
                find_reference_routes(*newest_pool_);
            for (std::size_t length = 2; length <= cycle_length_max_; ++length)
                find_cycles(length);
        }
    }

    void add_route(std::vector<DexMap::Step> steps)
    {
        if (routes_.size() >= routes_max)
            return;
        Route route;
        route.hops = map_.hops(steps);
        route.steps = std::move(steps);
        const CallGas swaps = exact_swaps_gas(route.hops, desk_);
        route.gas = swaps;
        route.gas.method += intrinsic_gas;
        if (const auto gas = postpaid_swaps_gas(route.hops, desk_))
        {
            route.loan = Funding::first_exchange;
            route.loan_gas = *gas;
            route.loan_gas.method += intrinsic_gas;
        }
        else if (lender_ != nullptr && route.is_cycle())
        {
            route.reserve = lender_->find_reserve(route.hops.front().token_in);
            if (route.reserve)
            {
                route.loan = Funding::lender;
                route.loan_gas = route.gas;
                route.loan_gas += lender_->gas_of(contracts::LendingAction::flash_borrow);
                route.loan_gas.method += contracts::Erc20Approve::gas;
            }
        }
        routes_.push_back(std::move(route));
    }

    void find_cycles(std::size_t length)
    {
        for (std::size_t i = 0; i < map_.tokens().size(); ++i)
        {
            std::vector<DexMap::Step> steps;
            extend(steps, static_cast<DexMap::Position>(i), length);
        }
    }

    /// Adds every cycle through @p start of @p length pools that begins with @p steps; of those
    /// that are not there yet, once pools have come later.
    void extend(std::vector<DexMap::Step>& steps, DexMap::Position start, std::size_t length)
    {
        if (routes_.size() >= routes_max)
            return;
        if (steps.size() == length)
        {
            const auto is_new = [this](const DexMap::Step& step)
            { return step.pool == newest_pool_; };
            if (!newest_pool_ || std::any_of(steps.begin(), steps.end(), is_new))
                add_route(steps);
            return;
        }
        const auto token = steps.empty() ? start : steps.back().token_out;
        const bool closes = steps.size() + 1 == length;
        for (std::size_t i = 0; i < map_.pools().size(); ++i)
        {
            const auto& tokens = map_.pools()[i].tokens;
            const auto used = [i](const DexMap::Step& step) { return step.pool == i; };
            if (std::find(tokens.begin(), tokens.end(), token) == tokens.end() ||
                std::any_of(steps.begin(), steps.end(), used))
                continue;
            for (const auto next : tokens)
            {
                if (next == token || (next == start) != closes)
                    continue;
                steps.push_back({static_cast<DexMap::Position>(i), token, next});
                extend(steps, start, length);
                steps.pop_back();
            }
        }
    }

    // ---- Once per block and cohort ----

    void observe(const WorldView& view)
    {
        if (observed_block_ == view.block_number)
            return;
        observed_block_ = view.block_number;
        take_up_pools(*view.world);
        units_usd_.clear();
        for (const auto& coin : map_.tokens())
        {
            units_usd_.push_back(
                reference_usd(view, coin.token) / Amount::power_of_ten(coin.decimals).to_double());
        }
        best_.assign(routes_.size(), std::nullopt);
        rates_.clear();
        for (const auto& route : routes_)
        {
            auto rate = marginal_rate(route.hops);
            if (!route.is_cycle())
            {
                const auto in = units_usd_[route.token_in()];
                const auto out = units_usd_[route.token_out()];
                rate = in > 0 ? rate * out / in : 0;
            }
            rates_.push_back(rate > 1 && may_pay_for_gas(view, route, rate) ? rate : 0);
        }
    }

    /// Saves the search where no amount can earn what its gas costs.
    ///
    /// A constant-product pool whose first unit earns r per unit, and which is worth V on the side
    /// that is paid, earns at most V (sqrt(r) - 1)^2; further exchanges make it less. Twice that,
    /// of the shallowest exchange, is left to those that get deeper on the way.
    [[nodiscard]] bool may_pay_for_gas(const WorldView& view, const Route& route, double rate) const
    {
        auto worth = std::numeric_limits<double>::infinity();
        for (std::size_t i = 0; i < route.hops.size(); ++i)
        {
            const auto usd = units_usd_[route.steps[i].token_in];
            if (usd > 0)
            {
                const auto& hop = route.hops[i];
                worth = std::min(worth, hop.exchange->depth(hop.token_in).to_double() * usd);
            }
        }
        auto gas = route.gas.total();
        if (route.loan != Funding::own)
            gas = std::min(gas, route.loan_gas.total());
        const auto cost = static_cast<double>(gas) * static_cast<double>(view.base_fee) * 1e-18 *
                          reference_usd(view, coin_);
        const auto root = std::sqrt(rate) - 1;
        return 2 * worth * root * root >= cost;
    }

    // ---- Per wallet ----

    /// What earns enough for this wallet, and has been seen for as long as it takes to react.
    [[nodiscard]] std::vector<Chance> find_chances(std::size_t position, WalletContext& wallet)
    {
        const auto& view = wallet.view();
        auto& state = states_[position];
        state.ready.resize(routes_.size());
        state.races.resize(std::min(map_.pools().size(), pools_max));
        std::vector<Chance> chances;
        best_seen_.reset();
        std::uint64_t best_net = 0;
        for (std::size_t i = 0; i < routes_.size(); ++i)
        {
            auto& ready = state.ready[i];
            std::optional<Chance> chance;
            if (rates_[i] > 1)
                chance = appraise(state, wallet, i, holding(wallet, routes_[i].token_in()));
            if (!chance)
            {
                ready = 0;
                continue;
            }
            if (chance->net > best_net)
            {
                best_net = chance->net;
                best_seen_ = i;
            }
            if (ready == 0)
                ready = first_block_ready(state, wallet);
            if (view.block_number >= ready)
                chances.push_back(std::move(*chance));
        }
        return chances;
    }

    /// For a chance that it sees for the first time. It was there to see since the last block; this
    /// block takes what comes until its end.
    [[nodiscard]] std::uint32_t first_block_ready(
        const WalletState& state, WalletContext& wallet) const
    {
        const auto spread =
            reaction_spread_ > 0 ? wallet.random().log_normal(0, reaction_spread_) : 1;
        const auto slots =
            static_cast<double>(state.reaction_ms) * spread / (1000.0 * wallet.view().slot_seconds);
        const auto later = std::max(0.0, std::ceil(slots) - 1);
        constexpr double block_max = std::numeric_limits<std::uint32_t>::max();
        return static_cast<std::uint32_t>(
            std::min(static_cast<double>(wallet.view().block_number) + later, block_max));
    }

    /// What became of the chance that it left alone in the block before.
    void watch(WalletState& state, const WorldView& view) const
    {
        if (state.watched_block == 0 || state.watched_block + 1 != view.block_number)
            return;
        bidding_.watch(races_of(state, routes_[state.watched_route]),
            state.ready[state.watched_route] == 0, view.block_number);
    }

    [[nodiscard]] static std::size_t pool_of(const WalletState& state, const Route& route)
    {
        return std::min<std::size_t>(route.steps.front().pool, state.races.size() - 1);
    }
    [[nodiscard]] static RaceMemory& races_of(WalletState& state, const Route& route)
    {
        return state.races[pool_of(state, route)];
    }

    [[nodiscard]] Amount holding(const WalletContext& wallet, DexMap::Position token) const
    {
        const auto held = holding_of(wallet.view(), map_.tokens()[token].token, wallet.account());
        constexpr std::uint64_t whole = 1'000'000;
        return mul_div_down(held, static_cast<std::uint64_t>(inventory_share_max_ * whole), whole)
            .value;
    }

    /// The best trade along a route, with the @p capital that the wallet has or with what it
    /// borrows, if it earns enough after the base fee, of which the bid is still to be paid.
    [[nodiscard]] std::optional<Chance> appraise(const WalletState& state,
        const WalletContext& wallet, std::size_t number, const Amount& capital)
    {
        const auto& view = wallet.view();
        const auto& route = routes_[number];
        const auto price_in = view.reference_price(map_.tokens()[route.token_in()].token);
        const auto price_out = view.reference_price(map_.tokens()[route.token_out()].token);
        const auto coin_price = view.reference_price(coin_);
        if (!price_in || !price_out || !coin_price)
            return std::nullopt;
        const Prices prices{*price_in,
            Amount::power_of_ten(map_.tokens()[route.token_in()].decimals), *price_out,
            Amount::power_of_ten(map_.tokens()[route.token_out()].decimals), *coin_price};
        auto& best = best_[number];  // The same for every wallet.
        if (!best)
        {
            best = best_amount_in(
                route.hops, {prices.in, prices.unit_in}, {prices.out, prices.unit_out});
        }
        auto chance = value(view, route, Funding::own, std::min(capital, *best), prices);
        if (state.borrows && route.loan != Funding::own && capital < *best)
        {
            auto borrowed = value(view, route, route.loan, *best, prices);
            if (borrowed && (!chance || borrowed->net > chance->net))
                chance = std::move(borrowed);
        }
        return chance && chance->net >= state.profit_min ? std::move(chance) : std::nullopt;
    }

    struct Prices
    {
        Amount in;  // 1e-8 USD per whole token.
        Amount unit_in;
        Amount out;
        Amount unit_out;
        Amount coin;
    };
    /// What a trade earns, by exact quotes; income rounded down, costs up. Empty if that is
    /// nothing.
    [[nodiscard]] std::optional<Chance> value(const WorldView& view, const Route& route,
        Funding funding, const Amount& amount_in, const Prices& prices)
    {
        if (amount_in.is_zero())
            return std::nullopt;
        Chance chance{&route, funding, quote_along(route.hops, amount_in), route.gas, 0, 0};
        if (chance.amounts.empty())
            return std::nullopt;
        auto paid = Checked{amount_in};
        if (funding == Funding::lender)
        {
            const auto fee =
                lender_view_.at(*lender_, view.timestamp).flash_fee(*route.reserve, amount_in);
            if (!fee)
                return std::nullopt;
            paid = paid + *fee;
        }
        if (funding != Funding::own)
            chance.gas = route.loan_gas;
        chance.gas.extra += crossing_gas(route.hops, chance.amounts);
        const auto income = mul_div_down(chance.amounts.back(), prices.out, prices.unit_out);
        const auto outlay = mul_div_up(paid.value, prices.in, prices.unit_in);
        const auto fee = mul_div_up(
            wrapping_mul(chance.gas.total(), view.base_fee), prices.coin, Amount::power_of_ten(18));
        const auto gain = income - outlay;
        const auto net = gain - fee;
        if (!paid.ok() || !net.ok() || !gain.value.fits_uint64())
            return std::nullopt;
        chance.gain = gain.value.low64();
        chance.net = net.value.low64();
        return chance;
    }

    /// Sends the best chances that do not get in each other's way: no pool twice, no token spent
    /// twice.
    /// Returns how many.
    std::size_t take(
        WalletState& state, WalletContext& wallet, const std::vector<Chance>& chances) const
    {
        std::vector<bool> pool_used(map_.pools().size());
        std::vector<bool> token_spent(map_.tokens().size());
        std::size_t taken = 0;
        for (const auto& chance : chances)
        {
            const auto& steps = chance.route->steps;
            const auto clashes = [&](const DexMap::Step& step) { return pool_used[step.pool]; };
            const bool spends = chance.funding == Funding::own;
            if (taken == trades_per_block_ || (spends && token_spent[chance.route->token_in()]) ||
                std::any_of(steps.begin(), steps.end(), clashes))
                continue;
            for (const auto& step : steps)
                pool_used[step.pool] = true;
            if (spends)
                token_spent[chance.route->token_in()] = true;
            taken += submit(state, wallet, chance) ? 1 : 0;
        }
        return taken;
    }

    /// Bids for a chance, if it is worth a bid.
    bool submit(WalletState& state, WalletContext& wallet, const Chance& chance) const
    {
        const auto& view = wallet.view();
        const auto coin_usd = reference_usd(view, coin_);
        const auto& route = *chance.route;
        const auto pool = pool_of(state, route);
        const auto rivals = state.bid_share[std::min(pool, state.bid_share.size() - 1)];
        SearchChance race;
        race.gas = chance.gas.total();
        race.gain = static_cast<double>(chance.gain) * 1e-8;
        race.base_fee = static_cast<double>(chance.gain - chance.net) * 1e-8;
        race.habit = static_cast<double>(race.gas) *
                     static_cast<double>(wallet.habitual_bid().priority_fee) * 1e-18 * coin_usd;
        race.as_bundle = view.takes_bundles;
        const auto offer = bidding_.offer(state.races[pool], race, rivals,
            static_cast<double>(state.profit_min) * 1e-8, coin_usd, view.block_number);
        if (!offer)
            return false;
        CallWriter calls;
        write(calls, view, chance, wallet.account());
        auto bid = Bidding::bid(*offer, race, wallet, coin_usd);
        bid.extra_gas = chance.gas.extra;
        const auto gain = std::min(race.gain / coin_usd, 1e6) * gain_scale;
        wallet.submit(std::move(calls), bid,
            (static_cast<std::uint64_t>(gain) * Bidding::levels + offer->level) * pools_max + pool);
        return true;
    }

    void write(CallWriter& calls, const WorldView& view, const Chance& chance, AccountId self) const
    {
        const auto& route = *chance.route;
        switch (chance.funding)
        {
            case Funding::own:
                add_exact_swaps(calls, view, route.hops, chance.amounts, self, desk_);
                return;
            case Funding::first_exchange:
                add_postpaid_swaps(calls, view, route.hops, chance.amounts, self, desk_);
                return;
            case Funding::lender: {
                CallWriter nested;
                add_exact_swaps(nested, view, route.hops, chance.amounts, self, desk_);
                add_approval(calls, view, route.hops.front().token_in, self,
                    lender_->spender_of(*route.reserve), chance.amounts.back());
                lender_->add_flash_borrow(
                    calls, *route.reserve, chance.amounts.front(), nested.list());
                return;
            }
        }
    }

    static constexpr std::size_t routes_max = 4'096;
    static constexpr std::size_t pools_max = 256;
    /// A tag is the exchange, the level of the bid and, in 1e-9 native coins, the gain.
    static constexpr double gain_scale = 1e9;

    DexMap map_;
    SwapDesk desk_{nullptr};
    ContractId coin_;
    double reaction_spread_;
    double inventory_share_max_;
    bool uses_reference_;
    std::size_t cycle_length_max_;
    std::size_t trades_per_block_;
    Bidding bidding_;
    GasMoney gas_money_;
    const LendingMarket* lender_ = nullptr;
    MarketCache lender_view_;
    std::vector<Route> routes_;
    std::optional<DexMap::Position> newest_pool_;  // Of those that came later.

    std::uint64_t observed_block_ = 0;
    std::vector<double> rates_;                // By route: what the first unit earns, in value.
    std::vector<double> units_usd_;            // By token of the map: USD per smallest unit.
    std::vector<std::optional<Amount>> best_;  // By route, once a wallet has asked.
    std::optional<std::size_t> best_seen_;     // Of the wallet that decides.
};

}  // namespace

const StrategyType& arbitrageur_strategy()
{
    static const StrategyType type{.name = "arbitrageur",
        .purpose = Purpose::arbitrage,
        .help = "Closes gaps between pools and reference prices, and around cycles of pools.",
        .parameters =
            {
                {.name = "pairs",
                    .kind = ParameterKind::contracts,
                    .default_value = "",
                    .unit = {},
                    .help = "Exchanges it watches: 1 to 127; of any protocols.",
                    .contract_kind = Exchange::sector},
                {"follows_new_pools", ParameterKind::boolean, "false", {},
                    "It also trades on exchanges of the same tokens that are opened later."},
                {"coin", ParameterKind::token, "", {},
                    "The token whose reference price is the native coin's (WETH): what gas costs."},
                {"reference", ParameterKind::boolean, "true", {},
                    "Whether it trades single pools against the reference prices."},
                {"cycle_length_max", ParameterKind::integer, "3", unit::other("pools"),
                    "The longest cycle it trades around; below 2: none.", 0, 3},
                {"profit_min", ParameterKind::distribution, "{ uniform = [1, 10] }", unit::usd,
                    "What must be left of a trade after gas and bid.", 0, 1e9},
                {"reaction", ParameterKind::distribution, "{ log_normal = [1.5, 0.8] }",
                    unit::seconds,
                    "From seeing a gap to having a transaction out. More than a slot: it acts a "
                    "block "
                    "later, if the gap is still there.",
                    0, 1e6},
                {"reaction_spread", ParameterKind::number, "0.8", {},
                    "How much that differs from chance to chance: it is multiplied by a "
                    "log-normal draw of this sigma; 0: always the same.",
                    0, 5},
                {"bid_share", ParameterKind::distribution, "{ uniform = [0.1, 0.9] }", {},
                    "Share of the profit that it first believes rivals to bid; then it goes by "
                    "what its own races teach.",
                    0, 1},
                {"inventory_share_max", ParameterKind::number, "1", {},
                    "Share of what it holds of a token that one trade may take.", 0.001, 1},
                {"trades_per_block", ParameterKind::integer, "4", unit::other("transactions"),
                    "How many pools it can be in at once.", 1, 64},
                {"flash", ParameterKind::distribution, "0", {},
                    "From 0.5 on it borrows what its capital lacks for a cycle, where that earns "
                    "more: of the cycle's first exchange, if that pays out before it is paid, else "
                    "of the lender.",
                    0, 1},
                {.name = "lender",
                    .kind = ParameterKind::contract,
                    .default_value = "\"\"",
                    .unit = {},
                    .help = "The lending market whose flash loans it takes; none: it takes none.",
                    .contract_kind = LendingMarket::sector},
                bid_stake_parameter(),
                bid_memory_parameter(),
                gas_money_parameter(),
            },
        .create = create_strategy<Arbitrageur>,
        .validate = check_pairs,
        .validate_in = [](const Parameters& parameters, const World& world)
        { return check_map(parameters, world, false); }};
    return type;
}

}  // namespace runnel::strategies
