#include "contracts/kit/sectors/range_exchange.hpp"
#include "strategies/market/lending_market.hpp"
#include "strategies/market/provider.hpp"
#include "strategies/strategies.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace runnel::strategies
{
namespace
{

using contracts::PriceRange;
using contracts::RangeExchange;

using Phase = ProviderPhase;

struct WalletState
{
    float enter_seconds = 0;
    float hold_seconds = 0;
    float size_usd = 0;
    float place = 0;             // Of the price in a new range: 0 at its lower end, 1 at its upper.
    float patience_seconds = 0;  // Out of range, until it moves.
    float every_seconds = 0;     // From one move to the next, wherever the price is; 0: never.
    std::int32_t width = 0;      // Ticks.
    float budget_usd = 0;        // What it puts in next: its size, then what it took out.
    std::uint32_t exit_block = 0;
    std::uint32_t entered_block = 0;
    std::uint32_t left_block = 0;  // Of the look at which the price was out of range; 0: it is not.
    std::int32_t lower = 0;
    std::int32_t upper = 0;
    std::uint16_t slippage_bps = 0;
    DexMap::Position pool = 0;
    Phase phase = Phase::outside;
    std::uint8_t failures = 0;  // In a row.
    bool follows_price = false;
    bool is_leaving = false;  // For good.
    bool failed = false;      // The last transaction, and that is still to be digested.
    RUNNEL_FIELDS(enter_seconds, hold_seconds, (size_usd, usd), place, (patience_seconds, seconds),
        (every_seconds, seconds), width, (budget_usd, usd), (exit_block, block_number),
        (entered_block, block_number), (left_block, block_number), lower, upper, slippage_bps, pool,
        phase, failures, follows_price, is_leaving, failed);
};

/// Provides liquidity in a range of prices of its own width around the price of the day.
///
/// Then it holds still; or it moves the range to the price when that has been out of it for some
/// time; or it does so every so often. To move is to take everything out, swap as much as the new
/// range needs of the other token, and put it in again. What fails is tried again a few times, each
/// time later.
class RangeProvider : public Provider<WalletState>
{
public:
    RangeProvider(const Parameters& parameters, const WalletGroup& wallets)
      : Provider{parameters, wallets},
        desk_{*wallets.world, optional_contract(parameters, "router")},
        costs_{parameters}
    {
        for (const auto& pool : map_.pools())
        {
            ranges_.push_back(
                contracts::find_range_exchange(*wallets.world, pool.exchange->contract().id()));
            RUNNEL_CHECK(ranges_.back() != nullptr);
        }
        draw_states(parameters, wallets,
            [](WalletState& state, const auto& draw)
            {
                state.enter_seconds = draw("enter");
                state.hold_seconds = draw("hold");
                state.size_usd = draw("size");
                state.budget_usd = state.size_usd;
                state.place = draw("place");
                state.width = static_cast<std::int32_t>(draw("width"));
                state.follows_price = draw("follows_price") >= 0.5F;
                state.patience_seconds = draw("patience");
                state.every_seconds = draw("every");
                state.slippage_bps = static_cast<std::uint16_t>(draw("slippage_bps"));
            });
    }

    std::uint64_t decide(std::size_t position, WalletContext& wallet) override
    {
        auto& state = states_[position];
        const auto& view = wallet.view();
        if (wallet.pending() > 0)
            return never;  // learn() wakes it up.
        if (state.failed)
            return try_later(state, view);
        map_.observe(view);
        switch (state.phase)
        {
            case Phase::outside:
            case Phase::swapping: return add(state, wallet);
            case Phase::adding: enter(state, view); return next_look(state, view);
            case Phase::inside: return look(state, wallet);
            case Phase::removing:
                state.failures = 0;
                if (!state.is_leaving)
                    return add(state, wallet);
                break;
            case Phase::done: break;
        }
        state.phase = Phase::done;
        return never;
    }

private:
    [[nodiscard]] bool is_valid(const WalletState& state, const WalletState& born) const override
    {
        const auto widest = ranges_[born.pool]->widest();
        return state.enter_seconds == born.enter_seconds &&
               state.hold_seconds == born.hold_seconds && state.size_usd == born.size_usd &&
               state.place == born.place && state.patience_seconds == born.patience_seconds &&
               state.every_seconds == born.every_seconds && state.width == born.width &&
               state.budget_usd >= 0 && state.budget_usd <= usd_max &&
               state.slippage_bps == born.slippage_bps && state.pool == born.pool &&
               state.follows_price == born.follows_price && state.phase <= Phase::swapping &&
               state.failures <= retries_max_ && is_range(state, widest);
    }
    /// Or none yet.
    [[nodiscard]] bool is_range(const WalletState& state, const PriceRange& widest) const
    {
        const auto spacing = ranges_[state.pool]->tick_spacing();
        if (state.lower == 0 && state.upper == 0)
            return state.phase != Phase::inside && state.phase != Phase::removing;
        return state.lower >= widest.lower && state.lower < state.upper &&
               state.upper <= widest.upper && state.lower % spacing == 0 &&
               state.upper % spacing == 0;
    }

    static constexpr float usd_max = 1e18F;
    /// Of its budget: less than this is not worth a swap.
    static constexpr double swap_share_min = 0.02;

    [[nodiscard]] const DexMap::Token& token(const WalletState& state, unsigned side) const
    {
        return map_.tokens()[map_.pools()[state.pool].tokens[side]];
    }
    [[nodiscard]] std::vector<Amount> held(
        const WalletState& state, const WalletContext& wallet) const
    {
        std::vector<Amount> amounts;
        for (unsigned side = 0; side < 2; ++side)
        {
            amounts.push_back(
                holding_of(wallet.view(), token(state, side).token, wallet.account()));
        }
        return amounts;
    }

    /// Its range around the price as it is now, on the exchange's grid.
    [[nodiscard]] PriceRange range_now(const WalletState& state) const
    {
        const auto& exchange = *ranges_[state.pool];
        const auto spacing = exchange.tick_spacing();
        const auto widest = exchange.widest();
        const auto down_to_grid = [spacing](std::int32_t tick)
        { return (tick >= 0 ? tick / spacing : -((spacing - 1 - tick) / spacing)) * spacing; };
        const auto width = std::max(spacing, down_to_grid(state.width + spacing / 2));
        const auto below = static_cast<std::int32_t>(double{state.place} * state.width);
        PriceRange range;
        range.lower =
            std::clamp(down_to_grid(exchange.tick() - below), widest.lower, widest.upper - spacing);
        range.upper = std::min(range.lower + width, widest.upper);
        return range;
    }

    /// What its budget is in this range, were all tokens at hand; empty if prices are not known.
    [[nodiscard]] std::vector<Amount> wanted(
        const WalletState& state, const PriceRange& range) const
    {
        std::vector<Amount> offered;
        for (unsigned side = 0; side < 2; ++side)
        {
            const auto& coin = token(state, side);
            if (!(coin.usd > 0))
                return {};
            offered.push_back(to_units(double{state.budget_usd} / coin.usd, coin.decimals));
        }
        // The ratio is that of any amount; the sum is the budget.
        const auto quote = ranges_[state.pool]->quote_range_deposit(range, offered);
        if (!quote)
            return {};
        const auto worth = worth_usd(map_.pools()[state.pool], quote->amounts);
        if (!(worth > 0))
            return {};
        std::vector<Amount> amounts;
        for (unsigned side = 0; side < 2; ++side)
        {
            const auto& coin = token(state, side);
            amounts.push_back(to_units(
                to_whole(quote->amounts[side], coin.decimals) * double{state.budget_usd} / worth,
                coin.decimals));
        }
        return amounts;
    }

    /// Puts in its budget, as far as it has the tokens; swaps before, if it lacks some of one.
    std::uint64_t add(WalletState& state, WalletContext& wallet)
    {
        const auto& view = wallet.view();
        const auto& exchange = *ranges_[state.pool];
        const auto range = range_now(state);
        const auto amounts = wanted(state, range);
        const bool has_swapped = state.phase == Phase::swapping;
        if (amounts.empty() || double{state.budget_usd} < size_min_)
        {
            state.phase = Phase::outside;
            return try_later(state, view);
        }
        auto offered = held(state, wallet);
        if (!has_swapped && swap(state, wallet, amounts, offered))
            return never;
        for (unsigned side = 0; side < 2; ++side)
            offered[side] = std::min(offered[side], amounts[side]);
        const auto deposit = exchange.quote_range_deposit(range, offered);
        const auto gas =
            exchange.range_deposit_gas().total() + exchange.range_withdrawal_gas().total();
        if (!deposit || worth_usd(map_.pools()[state.pool], deposit->amounts) < size_min_ ||
            !costs_.worth_it(wallet, gas, worth_usd(map_.pools()[state.pool], deposit->amounts)))
        {
            state.phase = Phase::outside;
            return try_later(state, view);
        }
        // A little less than it has: what it pays is known when it runs.
        const auto liquidity = min_amount_out(deposit->shares, state.slippage_bps);
        CallWriter calls;
        exchange.add_range_deposit(calls, range, liquidity, wallet.account());
        auto bid = wallet.habitual_bid();
        bid.extra_gas = exchange.range_deposit_gas().extra;
        wallet.submit(std::move(calls), bid);
        state.lower = range.lower;
        state.upper = range.upper;
        state.phase = Phase::adding;
        return never;
    }

    /// Sells what it has too much of for what it lacks; whether it did.
    bool swap(WalletState& state, WalletContext& wallet, const std::vector<Amount>& amounts,
        const std::vector<Amount>& owned)
    {
        const auto usd_of = [&](unsigned side, const Amount& amount)
        { return worth_usd(map_.pools()[state.pool].tokens[side], amount); };
        for (unsigned side = 0; side < 2; ++side)
        {
            const auto lack = usd_of(side, amounts[side]) - usd_of(side, owned[side]);
            const auto spare =
                usd_of(1 - side, owned[1 - side]) - usd_of(1 - side, amounts[1 - side]);
            const auto usd = std::min(lack, spare);
            if (usd < double{state.budget_usd} * swap_share_min)
                continue;
            const auto& sold = token(state, 1 - side);
            const auto amount_in = to_units(usd / sold.usd, sold.decimals);
            const auto route = best_route(sold.token, token(state, side).token, amount_in);
            const auto quoted = quote_along(route, amount_in);
            if (quoted.empty())
                continue;
            const auto& view = wallet.view();
            CallWriter calls;
            desk_.add_swap(calls, view, route, amount_in,
                min_amount_out(quoted.back(), state.slippage_bps), wallet.account(),
                view.timestamp + deadline_seconds_);
            auto bid = wallet.habitual_bid();
            bid.extra_gas = desk_.gas(route).extra + crossing_gas(route, quoted);
            wallet.submit(std::move(calls), bid);
            state.phase = Phase::swapping;
            return true;
        }
        return false;
    }

    /// The one exchange of its list that pays most.
    [[nodiscard]] std::vector<Hop> best_route(
        ContractId from, ContractId to, const Amount& amount_in) const
    {
        std::vector<Hop> best;
        Amount most;
        for (const auto& pool : map_.pools())
        {
            if (!pool.exchange->trades(from) || !pool.exchange->trades(to))
                continue;
            const auto quote = pool.exchange->quote_exact_input(from, to, amount_in);
            if (quote.has_value() && *quote > most)
            {
                most = *quote;
                best = {{pool.exchange, from, to}};
            }
        }
        return best;
    }

    void enter(WalletState& state, const WorldView& view) const
    {
        state.phase = Phase::inside;
        state.failures = 0;
        state.left_block = 0;
        state.entered_block = block_of(view.block_number);
        if (state.exit_block == 0)
            state.exit_block = block_of(view.block_number + 1 + blocks_of(state.hold_seconds));
    }

    [[nodiscard]] bool moves(const WalletState& state) const
    {
        return state.follows_price || state.every_seconds > 0;
    }
    std::uint64_t next_look(const WalletState& state, const WorldView& view) const
    {
        const auto next = moves(state) ? view.block_number + view.blocks_of_ms(check_every_ms_)
                                       : std::uint64_t{state.exit_block};
        return std::max(view.block_number + 1, std::min<std::uint64_t>(next, state.exit_block));
    }

    std::uint64_t look(WalletState& state, WalletContext& wallet)
    {
        const auto& view = wallet.view();
        const auto block = view.block_number;
        if (block >= state.exit_block)
        {
            state.is_leaving = true;
            return remove(state, wallet);
        }
        const auto tick = ranges_[state.pool]->tick();
        if (tick >= state.lower && tick < state.upper)
            state.left_block = 0;
        else if (state.left_block == 0)
            state.left_block = block_of(block);
        const bool by_price = state.follows_price && state.left_block != 0 &&
                              block - state.left_block >= blocks_of(state.patience_seconds);
        const bool by_time = state.every_seconds > 0 &&
                             block - state.entered_block >= blocks_of(state.every_seconds);
        const auto range = range_now(state);
        const bool is_elsewhere = range.lower != state.lower || range.upper != state.upper;
        if ((by_price || by_time) && is_elsewhere && pays_to_move(state, wallet))
            return remove(state, wallet);
        return next_look(state, view);
    }

    [[nodiscard]] std::vector<Amount> worth(
        const WalletState& state, const WalletContext& wallet) const
    {
        const auto& exchange = *ranges_[state.pool];
        const PriceRange range{state.lower, state.upper};
        auto amounts =
            exchange.range_value(range, exchange.range_liquidity(wallet.account(), range));
        const auto owed = exchange.range_owed(wallet.account(), range);
        for (unsigned side = 0; side < 2; ++side)
            amounts[side] = wrapping_add(amounts[side], owed[side]);
        return amounts;
    }

    [[nodiscard]] bool pays_to_move(const WalletState& state, const WalletContext& wallet) const
    {
        const auto& exchange = *ranges_[state.pool];
        const auto gas = exchange.range_withdrawal_gas().total() +
                         exchange.range_deposit_gas().total() + intrinsic_gas;
        return costs_.worth_it(
            wallet, gas, worth_usd(map_.pools()[state.pool], worth(state, wallet)));
    }

    /// Takes everything out.
    std::uint64_t remove(WalletState& state, WalletContext& wallet)
    {
        const auto& exchange = *ranges_[state.pool];
        const PriceRange range{state.lower, state.upper};
        const auto liquidity = exchange.range_liquidity(wallet.account(), range);
        if (liquidity.is_zero())
        {
            state.phase = Phase::done;
            return never;
        }
        state.budget_usd = std::min(
            usd_max, static_cast<float>(worth_usd(map_.pools()[state.pool], worth(state, wallet))));
        CallWriter calls;
        exchange.add_range_withdrawal(calls, range, liquidity, wallet.account());
        auto bid = wallet.habitual_bid();
        bid.extra_gas = exchange.range_withdrawal_gas().extra;
        wallet.submit(std::move(calls), bid);
        state.phase = Phase::removing;
        return never;
    }

    SwapDesk desk_;
    GasCosts costs_;
    std::vector<const RangeExchange*> ranges_;  // Of the map's pools.
};

}  // namespace

const StrategyType& range_provider_strategy()
{
    static const StrategyType type{.name = "range_provider",
        .purpose = Purpose::liquidity,
        .help = "Provides liquidity between two prices, holds still or moves them with the price.",
        .parameters =
            {
                {.name = "router",
                    .kind = ParameterKind::contract,
                    .default_value = "\"\"",
                    .unit = {},
                    .help = "Takes its swaps for the exchanges that it serves; none: each "
                            "exchange's own.",
                    .contract_kind = Venue::sector},
                {.name = "pairs",
                    .kind = ParameterKind::contracts,
                    .default_value = "",
                    .unit = {},
                    .help = "Exchanges with ranges, 1 to 127; each wallet picks one by chance.",
                    .contract_kind = RangeExchange::sector},
                coin_parameter(),
                {"enter", ParameterKind::distribution, "{ uniform = [0, 7200] }", unit::seconds,
                    "When it adds, from the start on.", 0, 1e9},
                {"size", ParameterKind::distribution, "{ log_normal = [9.5, 2.0] }", unit::usd,
                    "What it wants to deposit, both tokens together; it deposits what it has.", 0,
                    1e15},
                {"size_min", ParameterKind::number, "50", unit::usd, "Less is not worth the fee.",
                    0, 1e15},
                {"hold", ParameterKind::distribution, "{ log_normal = [11.2, 1.8] }", unit::seconds,
                    "How long it stays in, moves included.", 0, 1e9},
                {"width", ParameterKind::distribution, "{ log_normal = [7.62, 1.6] }",
                    unit::other("ticks of 0.01%"),
                    "How wide its range is, from end to end; at least the exchange's spacing.", 1,
                    1'774'544},
                {"place", ParameterKind::distribution, "{ normal = [0.5, 0.15], min = 0, max = 1 }",
                    {}, "Where the price is in a new range: 0 at its lower end, 1 at its upper.",
                    -10, 10},
                {"follows_price", ParameterKind::distribution, "0", {},
                    "From 0.5 on it moves its range when the price has been out of it for its "
                    "patience.",
                    0, 1},
                {"patience", ParameterKind::distribution, "{ log_normal = [8.2, 1.0] }",
                    unit::seconds, "How long the price must have been out of range.", 0, 1e9},
                {"every", ParameterKind::distribution, "0", unit::seconds,
                    "It moves its range this often, wherever the price is; 0: not.", 0, 1e9},
                {"slippage_bps", ParameterKind::distribution, "50", unit::per_10_000,
                    "How much worse a swap's price may get, and how much less than its budget it "
                    "puts in, so that what prices do until then is paid for.",
                    0, 5'000},
                fee_tolerance_parameter(),
                {"check_every", ParameterKind::duration, "\"10m\"", {},
                    "How often it looks whether the price is in range.", 1'000},
                {"deadline", ParameterKind::duration, "\"20m\"", {}, "How long a swap stands.",
                    1'000},
                {"retry_after", ParameterKind::duration, "\"5m\"", {},
                    "The wait after a failure; doubled with every further one.", 1'000},
                {"retries", ParameterKind::integer, "3", {},
                    "How often it tries again before it leaves things as they are.", 0, 10},
            },
        .create = create_strategy<RangeProvider>,
        .validate = check_pairs,
        .validate_in = [](const Parameters& parameters, const World& world)
        { return check_map(parameters, world, true); }};
    return type;
}

}  // namespace runnel::strategies
