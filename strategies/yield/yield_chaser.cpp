#include "contracts/kit/registration.hpp"
#include "strategies/market/common.hpp"
#include "strategies/strategies.hpp"
#include "strategies/yield/places.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace runnel::strategies
{
namespace
{

using contracts::FarmAction;
using contracts::LendingAction;
using contracts::VaultAction;

struct WalletState
{
    double interval_seconds = 0;
    float first_seconds = 0;
    float inertia = 0;
    float rate_wanted = 0;
    float premium = 0;
    std::int8_t target = -1;        // The place where its money is or shall go; -1: none.
    bool sells = true;              // What it has been paid.
    std::uint32_t until_block = 0;  // It stays, or stays away, so long.
    double entry_rate = 0;          // What the target paid when it chose it,
    double entry_reward = 0;        // and USD of what it paid in.
    Refusals refusals;
    RUNNEL_FIELDS((interval_seconds, seconds), (first_seconds, seconds), (inertia, per_year),
        (rate_wanted, per_year), (premium, per_year), target, sells, (until_block, block_number),
        (entry_rate, per_year), (entry_reward, usd), refusals);
};

/// Puts its money where it earns most after gas, and sells what it is paid there.
///
/// It looks at all places at random times. Where it is it stays for as long as it planned, unless
/// another place pays more by its inertia, or the rate or the price of what it is paid has fallen
/// too far. Then it goes, step by step: every block it does the next thing that brings its money
/// from where it is to where it shall be.
class YieldChaser : public StatefulStrategy<WalletState>
{
public:
    YieldChaser(const Parameters& parameters, const WalletGroup& wallets)
      : map_{*wallets.world, parameters.contracts("pairs")},
        desk_{*wallets.world, optional_contract(parameters, "router")},
        places_{*wallets.world, parameters.contracts("places"), parameters.token("asset"), map_},
        stay_{parameters.distribution("stay")},
        pause_{parameters.distribution("pause")},
        sell_probability_{parameters.number("sell_probability")},
        leave_below_{parameters.number("leave_below")},
        reward_fall_{parameters.number("reward_fall")},
        slippage_bps_{static_cast<std::uint32_t>(parameters.integer("slippage_bps"))},
        costs_{parameters},
        slot_seconds_{wallets.slot_seconds}
    {
        const EventTimes times{wallets, parameters, "interval"};
        states_.resize(wallets.accounts.size());
        for (std::size_t i = 0; i < states_.size(); ++i)
        {
            const auto number = wallets.first_number + static_cast<std::uint32_t>(i);
            const auto draw = [&](std::string_view name) {
                return static_cast<float>(
                    wallets.draw(parameters.distribution(name), name, number));
            };
            auto& state = states_[i];
            state.interval_seconds = times.mean_seconds(number);
            state.first_seconds = draw("enter");
            state.inertia = draw("inertia");
            state.rate_wanted = draw("rate_wanted");
            state.premium = draw("premium");
        }
    }

    std::uint64_t first_block(std::size_t position) override
    {
        return 1 + blocks_of(double{states_[position].first_seconds});
    }

    std::uint64_t decide(std::size_t position, WalletContext& wallet) override
    {
        auto& state = states_[position];
        if (state.refusals.is_silent())
            return never;
        const auto& view = wallet.view();
        auto& random = wallet.random();
        // Draws come first and always, so that one decision does not shift the next one's numbers.
        const auto next =
            view.block_number + blocks_until_next(random, state.interval_seconds, slot_seconds_);
        const auto stay = std::max(stay_.draw(random), stay_min);
        const auto pause = pause_.draw(random);
        const bool sells = random.bernoulli(sell_probability_);
        if (wallet.pending() > 0)
            return next;
        map_.observe(view);
        if (!settle(state, wallet) && consider(state, wallet, stay, pause))
            settle(state, wallet);
        else if (wallet.pending() == 0 && claim(state, wallet))
            state.sells = sells;
        return next;
    }

    bool learn(std::size_t position, const TransactionOutcome& outcome) override
    {
        states_[position].refusals.count(outcome);
        // The next step follows at once; what failed waits for the next look.
        return outcome.kind == TransactionOutcome::Kind::succeeded;
    }

private:
    static constexpr double stay_min = 3'600;  // Seconds: costs are spread over no less.
    static constexpr double year_seconds = 365.0 * 86'400;
    /// Less than this share of what is there already, which every swap leaves, it does not add.
    static constexpr double top_up_min = 0.03;

    [[nodiscard]] bool is_valid(const WalletState& state, const WalletState& born) const override
    {
        const auto is_rate = [](double rate) { return rate >= 0 && rate <= 1e30; };
        return state.interval_seconds == born.interval_seconds &&
               state.first_seconds == born.first_seconds && state.inertia == born.inertia &&
               state.rate_wanted == born.rate_wanted && state.premium == born.premium &&
               state.target >= -1 && state.target < static_cast<int>(places_.size()) &&
               is_rate(state.entry_rate) && is_rate(state.entry_reward) &&
               state.refusals.is_possible();
    }

    [[nodiscard]] std::uint64_t blocks_of(double seconds) const
    {
        return static_cast<std::uint64_t>(std::clamp(seconds / slot_seconds_, 0.0, 1e9));
    }
    [[nodiscard]] std::uint32_t block_after(const WorldView& view, double seconds) const
    {
        constexpr std::uint64_t most = std::numeric_limits<std::uint32_t>::max();
        return static_cast<std::uint32_t>(std::min(most, view.block_number + blocks_of(seconds)));
    }
    [[nodiscard]] const Place* target_of(const WalletState& state) const
    {
        return state.target < 0 ? nullptr : &places_.at(static_cast<std::size_t>(state.target));
    }

    void submit(WalletContext& wallet, CallWriter calls, std::uint64_t extra_gas) const
    {
        auto bid = wallet.habitual_bid();
        bid.extra_gas = extra_gas;
        wallet.submit(std::move(calls), bid);
    }
    [[nodiscard]] std::uint64_t deadline(const WalletContext& wallet) const
    {
        return wallet.view().timestamp + std::max<std::uint64_t>(order_lifetime, slot_seconds_);
    }

    // ---- Steps: each sends one transaction, or finds nothing worth its gas and returns false ----

    /// The next step from where its money is to where it shall be.
    bool settle(const WalletState& state, WalletContext& wallet)
    {
        const auto* target = target_of(state);
        for (std::size_t i = 0; i < places_.size(); ++i)
        {
            if (static_cast<int>(i) != state.target && leave(wallet, i, target))
                return true;
        }
        for (const auto* pool : places_.pools())
        {
            if ((target == nullptr || target->pool != pool) && remove_liquidity(wallet, *pool))
                return true;
        }
        if (target != nullptr && target->pool != nullptr && stake_shares(wallet, *target))
            return true;
        for (const auto token : places_.rewards())
        {
            if (state.sells && (target == nullptr || target->other != token) && sell(wallet, token))
                return true;
        }
        for (const auto token : places_.others())
        {
            if ((target == nullptr || target->other != token) && sell(wallet, token))
                return true;
        }
        return target != nullptr && enter(state, wallet, *target);
    }

    bool leave(WalletContext& wallet, std::size_t number, const Place* target)
    {
        const auto& view = wallet.view();
        const auto& place = places_.at(number);
        const auto worth = places_.worth(view, number, wallet.account());
        if (!(worth > 0) || !costs_.worth_it(wallet, places_.exit_gas(place), worth))
            return false;
        CallWriter calls;
        std::uint64_t extra = 0;
        if (place.market != nullptr)
        {
            // What is lent out cannot be had; it comes back for the rest.
            const auto supplied = places_.holding(view, place, wallet.account()).supplied;
            const auto cash = places_.reserve(view, place).cash;
            if (cash.is_zero())
                return false;
            place.market->add_withdraw(
                calls, place.number, cash < supplied ? cash : Amount::max(), wallet.account());
            extra = place.market->gas_of(LendingAction::withdraw).extra;
        }
        else if (place.vault != nullptr)
        {
            const auto shares = place.vault->max_redeem(wallet.account(), view.timestamp);
            if (shares.is_zero())
                return false;
            place.vault->add_redeem(calls, shares, wallet.account(), wallet.account());
            extra = place.vault->gas_of(VaultAction::redeem).extra;
        }
        else
        {
            const auto staked = place.farm->staked(wallet.account(), place.number);
            place.farm->add_withdraw(calls, place.number, staked);
            extra = place.farm->gas_of(FarmAction::withdraw).extra;
            if (!place.farm->claims_with_stake())
            {
                place.farm->add_claim(calls, place.number);
                extra += place.farm->gas_of(FarmAction::claim).extra;
            }
            if (place.pool != nullptr && (target == nullptr || target->pool != place.pool))
                add_removal(wallet, calls, *place.pool, staked);
        }
        submit(wallet, std::move(calls), extra);
        return true;
    }

    /// Adds the calls that take @p shares out of a pool, for no less than they are worth now, less
    /// slippage.
    void add_removal(const WalletContext& wallet, CallWriter& calls, const Exchange& pool,
        const Amount& shares) const
    {
        const auto& venue = *desk_.venue_for(pool);
        auto amounts = pool.share_value(shares);
        for (auto& amount : amounts)
            amount = min_amount_out(amount, slippage_bps_);
        if (venue.spends_shares())
        {
            add_approval(calls, wallet.view(), *pool.share_token(), wallet.account(),
                venue.contract().account(), shares);
        }
        venue.add_withdrawal(
            calls, {&pool, shares, std::move(amounts), wallet.account(), deadline(wallet)});
    }

    bool remove_liquidity(WalletContext& wallet, const Exchange& pool) const
    {
        const auto shares = pool.share_balance(wallet.account());
        const auto worth = places_.shares_usd(wallet.view(), pool, shares);
        if (!(worth > 0) || !costs_.worth_it(wallet, desk_.venue_for(pool)->swap_gas(1), worth))
            return false;
        CallWriter calls;
        add_removal(wallet, calls, pool, shares);
        submit(wallet, std::move(calls), 0);
        return true;
    }

    bool stake_shares(WalletContext& wallet, const Place& place) const
    {
        const auto shares = place.pool->share_balance(wallet.account());
        const auto gas = place.farm->gas_of(FarmAction::stake);
        const auto worth = places_.shares_usd(wallet.view(), *place.pool, shares);
        if (!(worth > 0) || !costs_.worth_it(wallet, gas.total(), worth))
            return false;
        CallWriter calls;
        add_stake(wallet, calls, place, *place.pool->share_token(), shares);
        submit(wallet, std::move(calls), gas.extra);
        return true;
    }

    static void add_stake(const WalletContext& wallet, CallWriter& calls, const Place& place,
        ContractId token, const Amount& amount)
    {
        add_approval(calls, wallet.view(), token, wallet.account(), place.farm->spender(), amount);
        place.farm->add_stake(calls, place.number, amount);
    }

    /// Sells all it holds of a token for the asset.
    bool sell(WalletContext& wallet, ContractId token) const
    {
        const auto& view = wallet.view();
        const auto held = holding_of(view, token, wallet.account());
        if (held.is_zero())
            return false;
        const auto route = route_of(token);
        const auto amounts = quote_along(route, held);
        if (amounts.empty() || amounts.back().is_zero())
            return false;
        const auto gas = desk_.gas(route);
        if (!costs_.worth_it(
                wallet, gas.total(), places_.usd(view, places_.asset(), amounts.back())))
            return false;
        CallWriter calls;
        desk_.add_swap(calls, view, route, held, min_amount_out(amounts.back(), slippage_bps_),
            wallet.account(), deadline(wallet));
        submit(wallet, std::move(calls), gas.extra);
        return true;
    }

    /// The fewest hops from a token to the asset; empty if there are none.
    [[nodiscard]] std::vector<Hop> route_of(ContractId token) const
    {
        const auto& known = map_.tokens();
        const auto position = [&](ContractId wanted)
        {
            return std::find_if(known.begin(), known.end(),
                [wanted](const DexMap::Token& candidate) { return candidate.token == wanted; });
        };
        const auto from = position(token);
        const auto to = position(places_.asset());
        if (from == known.end() || to == known.end())
            return {};
        return map_.hops(map_.shortest_route(static_cast<DexMap::Position>(from - known.begin()),
            static_cast<DexMap::Position>(to - known.begin())));
    }

    bool enter(const WalletState& state, WalletContext& wallet, const Place& place)
    {
        const auto& view = wallet.view();
        const auto asset = places_.asset();
        auto amount = holding_of(view, asset, wallet.account());
        auto worth = places_.usd(view, asset, amount);
        if (place.pool != nullptr)
        {
            worth +=
                places_.usd(view, place.other, holding_of(view, place.other, wallet.account()));
        }
        const auto there =
            places_.worth(view, static_cast<std::size_t>(state.target), wallet.account());
        if (!(worth > there * top_up_min) ||
            !costs_.worth_it(wallet, places_.entry_gas(place), worth))
            return false;
        if (place.pool != nullptr)
            return add_liquidity(wallet, place);
        CallWriter calls;
        std::uint64_t extra = 0;
        if (place.market != nullptr)
        {
            amount = std::min(amount, places_.reserve(view, place).supply_room);
            add_approval(calls, view, asset, wallet.account(),
                place.market->spender_of(place.number), amount);
            place.market->add_supply(calls, place.number, amount, wallet.account());
            extra = place.market->gas_of(LendingAction::supply).extra;
        }
        else if (place.vault != nullptr)
        {
            amount = std::min(amount, place.vault->max_deposit(wallet.account(), view.timestamp));
            add_approval(
                calls, view, asset, wallet.account(), place.vault->contract().account(), amount);
            place.vault->add_deposit(calls, amount, wallet.account());
            extra = place.vault->gas_of(VaultAction::deposit).extra;
        }
        else
        {
            add_stake(wallet, calls, place, asset, amount);
            extra = place.farm->gas_of(FarmAction::stake).extra;
        }
        // Less may fit than it has.
        if (!costs_.worth_it(wallet, places_.entry_gas(place), places_.usd(view, asset, amount)))
            return false;
        submit(wallet, std::move(calls), extra);
        return true;
    }

    /// Swaps half of what one side is worth more than the other, and provides both.
    bool add_liquidity(WalletContext& wallet, const Place& place) const
    {
        const auto& view = wallet.view();
        const auto& pool = *place.pool;
        const auto& venue = *desk_.venue_for(pool);
        const auto price = pool.spot_price(place.other, places_.asset());
        auto held = holding_of(view, places_.asset(), wallet.account());
        auto other = holding_of(view, place.other, wallet.account());
        const auto excess = held.to_double() - other.to_double() * price;
        const bool sells_asset = excess > 0;
        const Hop hop = sells_asset ? Hop{&pool, places_.asset(), place.other}
                                    : Hop{&pool, place.other, places_.asset()};
        auto& sold = sells_asset ? held : other;
        auto& bought = sells_asset ? other : held;
        const auto amount = Amount::from_double(sells_asset ? excess / 2
                                                : price > 0 ? -excess / 2 / price
                                                            : 0.0);
        CallWriter calls;
        auto reserve_sold = pool.reserve(hop.token_in);
        auto reserve_bought = pool.reserve(hop.token_out);
        if (amount > div_down(sold, 50))
        {
            const auto quote = pool.quote_exact_input(hop.token_in, hop.token_out, amount);
            if (!quote.has_value() || quote->is_zero() || amount > sold)
                return false;
            const auto least = min_amount_out(*quote, slippage_bps_);
            desk_.add_swap(
                calls, view, {&hop, 1}, amount, least, wallet.account(), deadline(wallet));
            sold = wrapping_sub(sold, amount);
            bought = wrapping_add(bought, least);
            reserve_sold = wrapping_add(reserve_sold, amount);
            reserve_bought = wrapping_sub(reserve_bought, *quote);
        }
        // What the pool will take of each: the price has moved by the swap.
        const auto share = std::min(sold.to_double() / reserve_sold.to_double(),
            bought.to_double() / reserve_bought.to_double());
        const auto least_of = [&](const Amount& reserve) {
            return min_amount_out(
                Amount::from_double(reserve.to_double() * share), 2 * slippage_bps_);
        };
        const bool asset_first = pool.tokens()[0] == places_.asset();
        const auto pair = [&](const Amount& of_asset, const Amount& of_other) {
            return asset_first ? std::vector{of_asset, of_other} : std::vector{of_other, of_asset};
        };
        const auto& reserve_asset = sells_asset ? reserve_sold : reserve_bought;
        const auto& reserve_other = sells_asset ? reserve_bought : reserve_sold;
        add_approval(
            calls, view, places_.asset(), wallet.account(), venue.contract().account(), held);
        add_approval(calls, view, place.other, wallet.account(), venue.contract().account(), other);
        venue.add_deposit(calls,
            {&pool, pair(held, other), pair(least_of(reserve_asset), least_of(reserve_other)), {},
                wallet.account(), deadline(wallet)});
        submit(wallet, std::move(calls), 0);
        return true;
    }

    bool claim(const WalletState& state, WalletContext& wallet) const
    {
        const auto* place = target_of(state);
        if (place == nullptr || place->farm == nullptr)
            return false;
        const auto& view = wallet.view();
        double worth = 0;
        for (const auto& earned : place->farm->earned(
                 wallet.account(), place->number, {view.timestamp, view.block_number}))
            worth += places_.usd(view, earned.token, earned.amount);
        const auto gas = place->farm->gas_of(FarmAction::claim);
        if (!(worth > 0) || !costs_.worth_it(wallet, gas.total(), worth))
            return false;
        CallWriter calls;
        place->farm->add_claim(calls, place->number);
        submit(wallet, std::move(calls), gas.extra);
        return true;
    }

    // ---- Where to be ----

    /// All that it has, in USD.
    [[nodiscard]] double wealth(const WalletContext& wallet)
    {
        const auto& view = wallet.view();
        const auto account = wallet.account();
        const auto held = [&](ContractId token)
        { return places_.usd(view, token, holding_of(view, token, account)); };
        auto sum = held(places_.asset());
        for (std::size_t i = 0; i < places_.size(); ++i)
            sum += places_.worth(view, i, account);
        for (const auto* pool : places_.pools())
            sum += places_.shares_usd(view, *pool, pool->share_balance(account));
        for (const auto token : places_.others())
            sum += held(token);
        return sum;
    }

    /// Less what it wants for the risk of a pool's prices.
    [[nodiscard]] double rate(
        const WalletState& state, const WorldView& view, std::size_t number, double added)
    {
        const auto premium = places_.at(number).pool == nullptr ? 0.0 : double{state.premium};
        return places_.rate(view, number, added) - premium;
    }

    /// What going there costs, as a share of its money: gas, and fees of swapping half of it there
    /// and back.
    [[nodiscard]] double cost(const WalletState& state, const WalletContext& wallet,
        std::size_t number, double money) const
    {
        const auto& place = places_.at(number);
        const auto* from = target_of(state);
        const auto price = wallet.view().base_fee + wallet.habitual_bid().priority_fee;
        const auto gas =
            places_.entry_gas(place) + places_.exit_gas(from == nullptr ? place : *from);
        auto share = costs_.usd(wallet.view(), gas, price) / money;
        if (place.pool != nullptr)
            share += place.pool->fee(places_.asset(), place.other);
        return share;
    }

    /// Chooses another place, or none, if there is a reason to. Returns whether it did.
    bool consider(WalletState& state, WalletContext& wallet, double stay, double pause)
    {
        const auto& view = wallet.view();
        const bool is_out = state.target < 0;
        const bool is_over = view.block_number >= state.until_block;
        if (is_out && !is_over)
            return false;
        if (!is_out && is_over)
            return go(state, view, -1, 0, pause);
        const auto money = wealth(wallet);
        if (!(money > 0))
            return false;
        int best = -1;
        double best_net = double{state.rate_wanted};
        double best_rate = 0;
        for (std::size_t i = 0; i < places_.size(); ++i)
        {
            if (static_cast<int>(i) == state.target)
                continue;
            const auto pays = rate(state, view, i, money);
            const auto net = pays - cost(state, wallet, i, money) * year_seconds / stay;
            if (net > best_net)
            {
                best = static_cast<int>(i);
                best_net = net;
                best_rate = pays;
            }
        }
        if (is_out)
            return best >= 0 && go(state, view, best, best_rate, stay);
        const auto here = static_cast<std::size_t>(state.target);
        const auto now = rate(state, view, here, 0);
        const bool has_fallen =
            now < state.entry_rate * leave_below_ ||
            places_.reward_usd(view, here) < state.entry_reward * (1 - reward_fall_);
        if (best >= 0 && best_net > now + (has_fallen ? 0.0 : double{state.inertia}))
            return go(state, view, best, best_rate, stay);
        return has_fallen && go(state, view, -1, 0, pause);
    }

    bool go(WalletState& state, const WorldView& view, int place, double pays, double seconds) const
    {
        state.target = static_cast<std::int8_t>(place);
        state.until_block = block_after(view, seconds);
        state.entry_rate = std::max(pays, 0.0);
        state.entry_reward =
            place < 0 ? 0 : places_.reward_usd(view, static_cast<std::size_t>(place));
        return true;
    }

    DexMap map_;
    SwapDesk desk_;
    Places places_;
    Distribution stay_;
    Distribution pause_;
    double sell_probability_;
    double leave_below_;
    double reward_fall_;
    std::uint32_t slippage_bps_;
    GasCosts costs_;
    std::uint32_t slot_seconds_;
};

constexpr std::size_t places_max = 64;  // Pools of farms counted one by one.

std::string check_places(const Parameters& parameters, const World& world)
{
    if (auto wrong = check_map(parameters, world, true); !wrong.empty())
        return wrong;
    const DexMap map{world, parameters.contracts("pairs")};
    const Places places{world, parameters.contracts("places"), parameters.token("asset"), map};
    if (places.size() >= 1 && places.size() <= places_max)
        return "";
    return fmt::format(
        "places: expected 1 to {} that take {}, or shares of one of the pairs that trade it, got "
        "{}",
        places_max, world.contract(parameters.token("asset")).name(), places.size());
}

}  // namespace

const StrategyType& yield_chaser_strategy()
{
    static const StrategyType type{.name = "yield_chaser",
        .purpose = Purpose::saving,
        .help =
            "Puts its money where it earns most after gas, moves on, and sells what it is paid.",
        .parameters =
            {
                {"asset", ParameterKind::token, "", {}, "What it has, and counts in."},
                {.name = "places",
                    .kind = ParameterKind::contracts,
                    .default_value = "",
                    .unit = {},
                    .help = "Where it may put it: lending markets, vaults, farms that stake the "
                            "asset or shares of one of the pairs.",
                    .contract_kind = "lending_market|vault|farm"},
                {.name = "pairs",
                    .kind = ParameterKind::contracts,
                    .default_value = "[]",
                    .unit = {},
                    .help = "Exchanges it knows: whose shares farms stake, and where it sells what "
                            "it is paid.",
                    .contract_kind = Exchange::sector},
                {.name = "router",
                    .kind = ParameterKind::contract,
                    .default_value = "\"\"",
                    .unit = {},
                    .help = "The router it trades through, where that serves an exchange; none: "
                            "each exchange's own.",
                    .contract_kind = Venue::sector},
                {"enter", ParameterKind::distribution, "{ uniform = [0, 86_400] }", unit::seconds,
                    "When it looks for the first time, from the start on.", 0, 1e9},
                {"interval", ParameterKind::distribution, "{ log_normal = [10.4, 0.7] }",
                    unit::seconds,
                    "Mean time between a wallet's looks: the group looks once per wallet and mean "
                    "of these.",
                    1},
                {"stay", ParameterKind::distribution, "{ exponential = [432_000] }", unit::seconds,
                    "How long it plans to stay when it goes in, drawn each time: it spreads what "
                    "moving costs over that, and takes its money out at the end.",
                    0, 1e9},
                {"pause", ParameterKind::distribution, "{ exponential = [864_000] }", unit::seconds,
                    "How long it stays away after it has taken its money out, drawn each time.", 0,
                    1e9},
                {"inertia", ParameterKind::distribution, "0.1", unit::per_year,
                    "How much more another place must pay, after costs, before it moves.", 0, 1e6},
                {"rate_wanted", ParameterKind::distribution, "0.01", unit::per_year,
                    "It goes nowhere for less, after costs.", 0, 1e6},
                {"premium", ParameterKind::distribution, "{ uniform = [0, 0.5] }", unit::per_year,
                    "What it wants for the risk of a pool's prices: taken off what a farm of "
                    "shares pays.",
                    0, 1e6},
                {"leave_below", ParameterKind::number, "0.5", {},
                    "It leaves when the rate is below this share of what it was when it chose the "
                    "place.",
                    0, 1},
                {"reward_fall", ParameterKind::number, "0.5", {},
                    "It leaves when what it is paid in has lost this share of its price since "
                    "then.",
                    0, 1},
                {"sell_probability", ParameterKind::number, "0.8", unit::other("per harvest"),
                    "That it sells what it has been paid, all of it; else it keeps it until the "
                    "next harvest.",
                    0, 1},
                {"slippage_bps", ParameterKind::integer, "100", unit::per_10_000,
                    "How far a price may move until its transaction runs.", 0, 5'000},
                fee_tolerance_parameter(),
                coin_parameter(),
            },
        .create = create_strategy<YieldChaser>,
        .validate_in = check_places};
    return type;
}

}  // namespace runnel::strategies
