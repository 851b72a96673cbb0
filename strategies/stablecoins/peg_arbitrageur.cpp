#include "contracts/kit/registration.hpp"
#include "contracts/kit/sectors/convertible.hpp"
#include "ledger/transaction.hpp"
#include "strategies/market/bidding.hpp"
#include "strategies/market/common.hpp"
#include "strategies/market/dex.hpp"
#include "strategies/market/lending_market.hpp"
#include "strategies/market/profit.hpp"
#include "strategies/market/routes.hpp"
#include "strategies/strategies.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace runnel::strategies
{
namespace
{

using contracts::CallGas;
using contracts::ConvertibleStablecoin;

struct WalletState
{
    float reaction_seconds = 0;
    float profit_min = 0;  // USD.
    float bid_share = 0;   // Of the profit; what it first believes rivals bid.
    // By way, of which there are two.
    std::vector<RaceMemory> races;
    std::vector<std::uint32_t> ready;  // The block in which it can have a transaction out; 0: none.
    RUNNEL_FIELDS(
        (reaction_seconds, seconds), (profit_min, usd), bid_share, races, (ready, block_number));
};

/// Holds a stablecoin to what it converts into: buys it below that on an exchange, converts it and
/// sells what it gets, or the other way round above.
///
/// All in one transaction, for exact quotes: if another was faster it is refused and only the fee
/// is lost, which Bidding weighs against the gain. It needs nothing to be worth anything by
/// reference prices but the money that it begins and ends with.
class PegArbitrageur : public StatefulStrategy<WalletState>
{
public:
    PegArbitrageur(const Parameters& parameters, const WalletGroup& wallets)
      : coin_id_{parameters.contract("stablecoin")},
        money_{parameters.token("money")},
        money_decimals_{decimals_of(*wallets.world, money_)},
        costs_{parameters},
        bidding_{parameters, wallets.slot_seconds},
        reaction_spread_{parameters.number("reaction_spread")},
        deadline_seconds_{static_cast<std::uint64_t>(parameters.duration_ms("deadline")) / 1000}
    {
        const auto& coin = *contracts::find_convertible(*wallets.world, coin_id_);
        ways_[0] = {coin.stable_token(), coin.volatile_token(), {}, {}};
        ways_[1] = {coin.volatile_token(), coin.stable_token(), {}, {}};
        for (const auto id : parameters.contracts("pairs"))
        {
            const auto* exchange = contracts::find_exchange(*wallets.world, id);
            for (auto& way : ways_)
            {
                if (exchange->trades(money_) && exchange->trades(way.bought))
                    way.buys.push_back({exchange, money_, way.bought});
                if (exchange->trades(money_) && exchange->trades(way.sold))
                    way.sells.push_back({exchange, way.sold, money_});
            }
        }
        states_.resize(wallets.accounts.size());
        for (std::size_t i = 0; i < states_.size(); ++i)
        {
            const auto number = wallets.first_number + static_cast<std::uint32_t>(i);
            const auto draw = [&](std::string_view what) {
                return static_cast<float>(
                    wallets.draw(parameters.distribution(what), what, number));
            };
            auto& state = states_[i];
            state.reaction_seconds = draw("reaction");
            state.profit_min = draw("profit_min");
            state.bid_share = draw("bid_share");
            state.races.resize(ways_.size());
            state.ready.assign(ways_.size(), 0);
        }
    }

    std::uint64_t first_block(std::size_t) override { return 1; }

    std::uint64_t decide(std::size_t position, WalletContext& wallet) override
    {
        auto& state = states_[position];
        const auto& view = wallet.view();
        if (wallet.pending() > 0)
            return view.block_number + 1;
        observe(view);
        for (std::size_t i = 0; i < ways_.size(); ++i)
        {
            auto& ready = state.ready[i];
            if (!best_[i])
            {
                ready = 0;
                continue;
            }
            if (ready == 0)
                ready = first_block_ready(state, wallet);
            if (view.block_number >= ready && take(state, wallet, i))
                break;
        }
        return view.block_number + 1;
    }

    bool learn(std::size_t position, const TransactionOutcome& outcome) override
    {
        const auto way = static_cast<std::size_t>(outcome.tag % 2);
        const auto rest = outcome.tag / 2;
        Bidding::learn(states_[position].races[way], outcome, rest % Bidding::levels,
            static_cast<double>(rest / Bidding::levels) / gain_scale);
        return false;
    }

private:
    /// A tag is the way, the level of the bid and, in 1e-9 native coins, the gain.
    static constexpr double gain_scale = 1e9;

    /// Money buys a token, which is converted, and what comes of it is sold for money.
    struct Way
    {
        ContractId bought{};
        ContractId sold{};
        std::vector<Hop> buys;   // Where it may be bought,
        std::vector<Hop> sells;  // and sold.
    };
    /// A way over the exchanges that are best now.
    struct Route
    {
        Hop buy;
        Hop sell;
        Amount money_in;  // That earns most.
    };
    /// What passes along a route.
    struct Amounts
    {
        Amount money_in;
        Amount bought;
        Amount sold;
        Amount money_out;
    };

    [[nodiscard]] bool is_valid(const WalletState& state, const WalletState& born) const override
    {
        return state.reaction_seconds == born.reaction_seconds &&
               state.profit_min == born.profit_min && state.bid_share == born.bid_share &&
               state.races.size() == ways_.size() && state.ready.size() == ways_.size() &&
               std::all_of(state.races.begin(), state.races.end(),
                   [](const RaceMemory& races) { return is_possible(races); });
    }

    // ---- Once per block and cohort ----

    void observe(const WorldView& view)
    {
        if (observed_block_ == view.block_number)
            return;
        observed_block_ = view.block_number;
        for (std::size_t i = 0; i < ways_.size(); ++i)
            best_[i] = best_route(view, ways_[i]);
    }

    /// The hop whose first unit pays most.
    [[nodiscard]] static const Hop* dearest(const std::vector<Hop>& hops)
    {
        const Hop* best = nullptr;
        double most = 0;
        for (const auto& hop : hops)
        {
            const auto rate = marginal_rate(std::span{&hop, 1});
            if (rate > most)
            {
                best = &hop;
                most = rate;
            }
        }
        return best;
    }

    [[nodiscard]] std::optional<Route> best_route(const WorldView& view, const Way& way) const
    {
        const auto* buy = dearest(way.buys);
        const auto* sell = dearest(way.sells);
        if (buy == nullptr || sell == nullptr)
            return std::nullopt;
        Route route{*buy, *sell, {}};
        const auto profit = [&](const Amount& money_in)
        {
            const auto amounts = quote(view, route, money_in);
            return amounts ? amounts->money_out.to_double() - money_in.to_double()
                           : -std::numeric_limits<double>::infinity();
        };
        const auto depth = buy->exchange->depth(money_);
        const auto guess = mul_div_down(depth, 1, guess_share).value;
        // The spread is there from the first unit on: what a little does not earn, nothing does.
        if (guess.is_zero() || !(profit(guess) > 0))
            return std::nullopt;
        route.money_in = search_peak(profit, guess);
        return route;
    }

    [[nodiscard]] std::optional<Amounts> quote(
        const WorldView& view, const Route& route, const Amount& money_in) const
    {
        const auto bought =
            route.buy.exchange->quote_exact_input(money_, route.buy.token_out, money_in);
        if (!bought || bought->is_zero())
            return std::nullopt;
        const auto converted = view.state<ConvertibleStablecoin>(coin_id_).quote_conversion(
            route.buy.token_out, *bought, view.block_number);
        if (!converted || converted->amount_out.is_zero())
            return std::nullopt;
        const auto money_out = route.sell.exchange->quote_exact_input(
            route.sell.token_in, money_, converted->amount_out);
        if (!money_out)
            return std::nullopt;
        return Amounts{money_in, *bought, converted->amount_out, *money_out};
    }

    // ---- Per wallet ----

    /// For a chance that it sees for the first time.
    [[nodiscard]] std::uint32_t first_block_ready(
        const WalletState& state, WalletContext& wallet) const
    {
        const auto spread =
            reaction_spread_ > 0 ? wallet.random().log_normal(0, reaction_spread_) : 1;
        const auto slots = double{state.reaction_seconds} * spread / wallet.view().slot_seconds;
        const auto later = std::max(0.0, std::ceil(slots) - 1);
        constexpr double block_max = std::numeric_limits<std::uint32_t>::max();
        return static_cast<std::uint32_t>(
            std::min(static_cast<double>(wallet.view().block_number) + later, block_max));
    }

    /// Bids for the chance, if it is worth a bid with the money that the wallet has.
    bool take(WalletState& state, WalletContext& wallet, std::size_t number)
    {
        const auto& view = wallet.view();
        const auto& route = *best_[number];
        const auto held = holding_of(view, money_, wallet.account());
        auto amounts = quote(view, route, std::min(held, route.money_in));
        if (!amounts || amounts->money_out <= amounts->money_in)
            return false;
        // The oracle may move in its favour before the conversion: what was left over then is sold
        // along with the next.
        auto sold =
            wrapping_add(amounts->sold, holding_of(view, route.sell.token_in, wallet.account()));
        if (const auto out =
                route.sell.exchange->quote_exact_input(route.sell.token_in, money_, sold))
            amounts->money_out = *out;
        else
            sold = amounts->sold;
        const std::array hops{route.buy, route.sell};
        CallGas gas = desk_.gas(std::span{hops}.first(1));
        gas += desk_.gas(std::span{hops}.last(1));
        gas += view.state<ConvertibleStablecoin>(coin_id_).conversion_gas();
        gas.method += intrinsic_gas;
        gas.extra +=
            crossing_gas(std::span{hops}.first(1), std::array{amounts->money_in, amounts->bought});
        gas.extra += crossing_gas(std::span{hops}.last(1), std::array{sold, amounts->money_out});
        const auto coin_usd = costs_.coin_usd(view);
        const auto race = search_chance(wallet,
            to_whole(wrapping_sub(amounts->money_out, amounts->money_in), money_decimals_) *
                reference_usd(view, money_),
            gas.total(), coin_usd);
        const auto offer = bidding_.offer(state.races[number], race, double{state.bid_share},
            double{state.profit_min}, coin_usd, view.block_number);
        if (!offer)
            return false;
        CallWriter calls;
        const auto deadline = view.timestamp + deadline_seconds_;
        desk_.add_swap(calls, view, std::span{hops}.first(1), amounts->money_in, amounts->bought,
            wallet.account(), deadline);
        view.state<ConvertibleStablecoin>(coin_id_).add_conversion(
            calls, route.buy.token_out, amounts->bought, amounts->sold);
        desk_.add_swap(calls, view, std::span{hops}.last(1), sold, amounts->money_out,
            wallet.account(), deadline);
        auto bid = Bidding::bid(*offer, race, wallet, coin_usd);
        bid.extra_gas = gas.extra;
        const auto gain = std::min(race.gain / coin_usd, 1e6) * gain_scale;
        wallet.submit(std::move(calls), bid,
            (static_cast<std::uint64_t>(gain) * Bidding::levels + offer->level) * 2 + number);
        return true;
    }

    /// It begins to look at this part of an exchange's depth.
    static constexpr std::uint64_t guess_share = 10'000;

    ContractId coin_id_;
    ContractId money_;
    std::uint8_t money_decimals_;
    SwapDesk desk_{nullptr};
    GasCosts costs_;
    Bidding bidding_;
    double reaction_spread_;
    std::uint64_t deadline_seconds_;
    std::array<Way, 2> ways_;

    std::uint64_t observed_block_ = 0;
    std::array<std::optional<Route>, 2> best_;  // By way.
};

/// What is wrong between the parameters in the world before the first block.
std::string check_peg_arbitrageur(const Parameters& parameters, const World& world)
{
    if (auto wrong = check_map(parameters, world, true); !wrong.empty())
        return wrong;
    const auto money = parameters.token("money");
    const auto& coin = *contracts::find_convertible(world, parameters.contract("stablecoin"));
    const auto& pairs = parameters.contracts("pairs");
    for (const auto token : {coin.stable_token(), coin.volatile_token()})
    {
        const auto trades_both = [&](ContractId id)
        {
            const auto* exchange = contracts::find_exchange(world, id);
            return exchange->trades(token) && exchange->trades(money);
        };
        if (std::none_of(pairs.begin(), pairs.end(), trades_both))
        {
            return fmt::format("pairs: expected an exchange of {} and money among them, got none",
                world.contract(token).name());
        }
    }
    return {};
}

}  // namespace

const StrategyType& peg_arbitrageur_strategy()
{
    static const StrategyType type{.name = "peg_arbitrageur",
        .purpose = Purpose::arbitrage,
        .help =
            "Buys a stablecoin below what it converts into, converts it and sells that; and "
            "the other way round.",
        .parameters =
            {
                contracts::contract_parameter("stablecoin", ConvertibleStablecoin::sector,
                    "The contract that converts the stablecoin."),
                {.name = "pairs",
                    .kind = ParameterKind::contracts,
                    .default_value = "",
                    .unit = {},
                    .help = "Exchanges of either token against the money.",
                    .contract_kind = Exchange::sector},
                {"money", ParameterKind::token, "", {},
                    "What it begins and ends with; with a reference price."},
                coin_parameter(),
                {"profit_min", ParameterKind::distribution, "{ uniform = [1, 10] }", unit::usd,
                    "What must be left of a trade after gas and bid.", 0, 1e9},
                {"reaction", ParameterKind::distribution, "{ log_normal = [1.5, 0.8] }",
                    unit::seconds,
                    "From seeing a chance to having a transaction out. More than a slot: it acts a "
                    "block later, if the chance is still there.",
                    0, 1e6},
                {"reaction_spread", ParameterKind::number, "0.8", {},
                    "How much that differs from chance to chance: it is multiplied by a "
                    "log-normal draw of this sigma; 0: always the same.",
                    0, 5},
                {"bid_share", ParameterKind::distribution, "{ uniform = [0.1, 0.9] }", {},
                    "Share of the profit that it first believes rivals to bid; then it goes by "
                    "what its own races teach.",
                    0, 1},
                {"deadline", ParameterKind::duration, "\"20m\"", {}, "How long an order stands.",
                    1'000},
                bid_stake_parameter(),
                bid_memory_parameter(),
            },
        .create = create_strategy<PegArbitrageur>,
        .validate = check_pairs,
        .validate_in = check_peg_arbitrageur};
    return type;
}

}  // namespace runnel::strategies
