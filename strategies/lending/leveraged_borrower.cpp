#include "contracts/kit/registration.hpp"
#include "contracts/kit/sectors/exchange.hpp"
#include "contracts/tokens/erc20/erc20.hpp"
#include "strategies/market/common.hpp"
#include "strategies/market/lending_market.hpp"
#include "strategies/strategies.hpp"

#include <algorithm>
#include <bit>
#include <limits>

namespace runnel::strategies
{
namespace
{

using contracts::LendingAction;
using contracts::LendingMarket;
using contracts::LendingView;

/// One owner's position as it believes it to be. Values in USD at the market's prices.
struct Position
{
    double collateral = 0;
    double debt = 0;
    double threshold = 0;  // Debt may reach this share of the collateral.
    double ltv = 0;        // Of which this share may be borrowed.
    double health = 0;
};

enum class Step : std::uint8_t
{
    open,
    loop,
    watch,
};

struct WalletState
{
    Step step = Step::open;
    bool acts = false;
    unsigned loops = 0;
    double supply_share = 1;
    double target = 2;
    double spend_share = 0;
    double act_below = 0;
    double restore_to = 0;
    std::int64_t monitor_ms = 0;
    std::int64_t reaction_ms = 0;
    std::uint64_t react_at = 0;  // Block; 0: not alarmed.
    std::uint64_t patience = 1;  // Multiplies the interval of monitoring.
    double loan_to_value = 0;    // Of its first debt; 0: as its target says.
    double rate_max = 0;         // Per year; what it does not want to pay for long.
    Refusals refusals;
    RUNNEL_FIELDS(step, acts, loops, supply_share, target, spend_share, act_below, restore_to,
        (monitor_ms, milliseconds), (reaction_ms, milliseconds), (react_at, block_number), patience,
        loan_to_value, (rate_max, per_year), refusals);
};

/// Borrows against collateral down to a health factor of its choice, perhaps in loops that buy
/// more collateral, and then either watches its position or forgets it.
///
/// With C collateral, D debt, T the liquidation threshold, H the target:
///
///     first loan       D = C * T / H
///     repay to R       x = D - C * T / R              from the wallet's own tokens, then
///     sell to R        y = (R * D - C * T) / (R * (1 - cost) - T)      of the collateral
///
/// where y may not take the health factor below 1 while the collateral is out: an owner deep in
/// trouble needs several rounds.
class LeveragedBorrower : public StatefulStrategy<WalletState>
{
public:
    LeveragedBorrower(const Parameters& parameters, const WalletGroup& wallets)
      : pool_{parameters.contract("pool")},
        desk_{*wallets.world, parameters.contract("router")},
        collateral_{parameters.token("collateral")},
        debt_{parameters.token("debt")},
        open_within_ms_{parameters.duration_ms("open_within")},
        slippage_{parameters.number("slippage")},
        urgency_{parameters.number("urgency")},
        costs_{parameters},
        groups_{wallets.groups},
        seed_{wallets.seed},
        stream_{wallets.stream},
        first_number_{wallets.first_number},
        slot_seconds_{wallets.slot_seconds},
        collateral_decimals_{decimals_of(*wallets.world, collateral_)},
        debt_decimals_{decimals_of(*wallets.world, debt_)}
    {
        for (const auto& [name, accounts] : *groups_)
        {
            if (name == parameters.text("spend_at"))
                shops_ = accounts;
        }
        static const auto acts_stream = stream_of_name("deleverages");
        states_.resize(wallets.accounts.size());
        for (std::size_t i = 0; i < states_.size(); ++i)
        {
            const auto number = first_number_ + static_cast<std::uint32_t>(i);
            const auto draw = [&](std::string_view name)
            { return wallets.draw(parameters.distribution(name), name, number); };
            auto& state = states_[i];
            state.supply_share = std::clamp(draw("supply_share"), 0.0, 1.0);
            state.target = parameters.number("health_floor") + draw("health_margin");
            state.loan_to_value = draw("loan_to_value");
            state.rate_max = draw("rate_max");
            state.loops = static_cast<unsigned>(std::clamp(draw("loops") + 0.5, 0.0, 20.0));
            state.spend_share = std::clamp(draw("spend_share"), 0.0, 1.0);
            state.monitor_ms = milliseconds(draw("monitor_every"));
            state.act_below = draw("act_below");
            state.restore_to = std::max(state.act_below, draw("restore_to"));
            state.reaction_ms = milliseconds(draw("reaction"));
            RandomStream random{seed_, stream_ ^ acts_stream, number, 0};
            state.acts = random.bernoulli(parameters.number("deleverage_share"));
        }
    }

    std::uint64_t first_block(std::size_t position) override
    {
        static const auto stream = stream_of_name("opening");
        RandomStream random{seed_, stream_ ^ stream, first_number_ + position, 0};
        return block_within(random, open_within_ms_, slot_seconds_);
    }

    std::uint64_t decide(std::size_t position, WalletContext& wallet) override
    {
        auto& state = states_[position];
        const auto& view = wallet.view();
        const auto later = view.block_number + view.blocks_of_ms(state.monitor_ms) * state.patience;
        if (state.refusals.is_silent())
            return never;
        if (wallet.pending() > 0)
            return later;
        switch (state.step)
        {
            case Step::open: open(state, wallet); return later;
            case Step::loop: loop(state, wallet); return later;
            case Step::watch: return state.acts ? watch(state, wallet, later) : never;
        }
        return never;
    }

    bool learn(std::size_t position, const TransactionOutcome& outcome) override
    {
        auto& state = states_[position];
        state.refusals.count(outcome);
        if (outcome.kind != TransactionOutcome::Kind::succeeded)
        {
            // The market had no cash, or moved, or the bid was too low: wait longer each time.
            state.patience = std::min<std::uint64_t>(state.patience * 2, patience_max);
            return false;
        }
        state.patience = 1;
        if (state.step == Step::loop && state.loops > 0)
            --state.loops;
        if (state.step != Step::watch)
            state.step = state.loops > 0 ? Step::loop : Step::watch;
        return true;
    }

private:
    [[nodiscard]] bool is_valid(const WalletState& state, const WalletState& born) const override
    {
        return state.step <= Step::watch && state.acts == born.acts && state.loops <= born.loops &&
               state.supply_share == born.supply_share && state.target == born.target &&
               state.spend_share == born.spend_share && state.act_below == born.act_below &&
               state.restore_to == born.restore_to && state.monitor_ms == born.monitor_ms &&
               state.reaction_ms == born.reaction_ms && std::has_single_bit(state.patience) &&
               state.patience <= patience_max && state.loan_to_value == born.loan_to_value &&
               state.rate_max == born.rate_max && state.refusals.is_possible();
    }

    static constexpr std::uint64_t patience_max = 64;
    // Borrowing exactly to the limit would fail by a rounding or a second's interest.
    static constexpr double ltv_use_max = 0.995;
    // What a sale leaves of the health factor while its collateral is out.
    static constexpr double health_left = 1.002;
    // A sale that the exchange cannot take at a fair price is halved at most this often.
    static constexpr unsigned halvings_max = 5;

    [[nodiscard]] static std::int64_t milliseconds(double seconds)
    {
        return static_cast<std::int64_t>(std::clamp(seconds, 1.0, 1e9) * 1000);
    }

    /// The two reserves and their prices; empty if the pool does not list both.
    struct Market
    {
        const LendingMarket& pool;
        const LendingView& view;
        std::size_t collateral = 0;
        std::size_t debt = 0;
        double usd_of_value = 0;    // Per unit of the market's values.
        double collateral_usd = 0;  // Per whole token, at the market's prices.
        double debt_usd = 0;
    };
    [[nodiscard]] std::optional<Market> market(const WorldView& view)
    {
        const auto& pool = view.state<LendingMarket>(pool_);
        const auto collateral = pool.find_reserve(collateral_);
        const auto debt = pool.find_reserve(debt_);
        if (!collateral || !debt)
            return std::nullopt;
        const auto& now = markets_.at(pool, view.timestamp);
        const auto usd = usd_of_value(view, pool.unit_of_account());
        const Market result{pool, now, *collateral, *debt, usd,
            market_usd(now.reserve(*collateral), usd), market_usd(now.reserve(*debt), usd)};
        // A market that has no price yet lends nothing.
        return result.collateral_usd > 0 && result.debt_usd > 0 ? std::optional{result}
                                                                : std::nullopt;
    }
    [[nodiscard]] Position position_of(const Market& market, AccountId account) const
    {
        const auto health = market.view.health(account);
        Position position;
        position.collateral = health.collateral.to_double() * market.usd_of_value;
        position.debt = health.debt.to_double() * market.usd_of_value;
        const auto& reserve = market.view.reserve(market.collateral);
        position.threshold = position.collateral > 0 ? health.threshold : reserve.threshold;
        position.ltv = position.collateral > 0 ? health.ltv : reserve.ltv;
        position.health = position.debt > 0 ? health.health_factor.to_double() * 1e-18 : 1e9;
        return position;
    }

    /// USD to borrow beside what is owed already, when @p collateral USD secure it.
    [[nodiscard]] static double room(
        const WalletState& state, const Position& position, double collateral)
    {
        const auto wanted = state.loan_to_value > 0
                                ? collateral * state.loan_to_value
                                : collateral * position.threshold / state.target;
        const auto allowed = collateral * position.ltv * ltv_use_max;
        return std::min(wanted, allowed) - position.debt;
    }
    /// The loan in smallest units; 0 if the market does not lend as much.
    [[nodiscard]] Amount loan(const Market& market, double usd) const
    {
        const auto amount = to_units(usd / market.debt_usd, debt_decimals_);
        return amount <= market.view.reserve(market.debt).borrow_room ? amount : Amount{};
    }

    void open(WalletState& state, WalletContext& wallet)
    {
        const auto& view = wallet.view();
        const auto now = market(view);
        if (!now)
            return;
        const auto held = holding_of(view, collateral_, wallet.account());
        const auto supplied = part_of(held, state.supply_share);
        const auto value = to_whole(supplied, collateral_decimals_) * now->collateral_usd;
        const auto position = position_of(*now, wallet.account());
        if (position.debt > 0)
        {
            state.step = Step::watch;  // It has had its position since block 0.
            return;
        }
        const auto borrowed = loan(*now, room(state, position, position.collateral + value));
        const auto gas = gas_of(now->pool, {LendingAction::supply, LendingAction::borrow});
        if (supplied.is_zero() || borrowed.is_zero() ||
            !costs_.worth_it(
                wallet, gas.total(), to_whole(borrowed, debt_decimals_) * now->debt_usd))
        {
            state.patience = std::min<std::uint64_t>(state.patience * 2, patience_max);
            return;
        }
        CallWriter calls;
        add_approval(calls, view, collateral_, wallet.account(),
            now->pool.spender_of(now->collateral), supplied);
        now->pool.add_supply(calls, now->collateral, supplied, wallet.account());
        now->pool.add_borrow(calls, now->debt, borrowed);
        const auto spent = part_of(borrowed, state.spend_share);
        if (state.loops == 0 && !shops_.empty() && !spent.is_zero())
        {
            const auto shop = shops_[wallet.random().uniform_below(shops_.size())];
            if (shop != wallet.account())
                calls.add(debt_, contracts::Erc20Transfer{shop, spent});
        }
        auto bid = wallet.habitual_bid();
        bid.extra_gas = gas.extra;
        wallet.submit(std::move(calls), bid);
    }

    /// Sells the loan for more collateral and borrows against that.
    void loop(WalletState& state, WalletContext& wallet)
    {
        const auto& view = wallet.view();
        const auto now = market(view);
        if (!now)
            return;
        const auto sold = holding_of(view, debt_, wallet.account());
        const auto swap = acceptable_swap(view, debt_, collateral_, sold);
        const auto bought = swap ? swap->amount_out_min : Amount{};
        const auto position = position_of(*now, wallet.account());
        const auto value = to_whole(bought, collateral_decimals_) * now->collateral_usd;
        const auto borrowed = loan(*now, room(state, position, position.collateral + value));
        if (bought.is_zero() || borrowed.is_zero())
        {
            state.step = Step::watch;  // It is as far as it will get.
            return;
        }
        const auto self = wallet.account();
        CallWriter calls;
        add_swap(calls, view, *swap, self);
        add_approval(calls, view, collateral_, self, now->pool.spender_of(now->collateral), bought);
        now->pool.add_supply(calls, now->collateral, bought, self);
        now->pool.add_borrow(calls, now->debt, borrowed);
        auto bid = wallet.habitual_bid();
        auto gas = gas_of(now->pool, {LendingAction::supply, LendingAction::borrow});
        gas += desk_.gas(swap->swap.route);
        bid.extra_gas = gas.extra;
        wallet.submit(std::move(calls), bid);
    }

    std::uint64_t watch(WalletState& state, WalletContext& wallet, std::uint64_t later)
    {
        const auto& view = wallet.view();
        const auto now = market(view);
        if (!now)
            return later;
        const auto position = position_of(*now, wallet.account());
        if (!(position.debt > 0))
            return never;
        const auto rate = now->view.reserve(now->debt).borrow_rate.to_double() * 1e-27;
        const bool is_safe = position.health >= state.act_below;
        if (is_safe && rate < state.rate_max)
        {
            state.react_at = 0;
            return later;
        }
        if (state.react_at == 0)
            state.react_at = view.block_number + view.blocks_of_ms(state.reaction_ms);
        if (view.block_number < state.react_at)
            return state.react_at;
        // Debts that cost too much shrink by a fifth per look, until others have made them cheap.
        const auto restore_to =
            is_safe ? std::max(state.restore_to, position.health * 1.25) : state.restore_to;
        deleverage(restore_to, wallet, *now, position);
        return later;
    }

    void deleverage(
        double restore_to, WalletContext& wallet, const Market& market, const Position& position)
    {
        const auto& view = wallet.view();
        const auto self = wallet.account();
        const auto owed_more =
            position.debt - position.collateral * position.threshold / restore_to;
        const auto held = holding_of(view, debt_, self);
        const auto held_usd = to_whole(held, debt_decimals_) * market.debt_usd;
        const auto own_usd = std::min(owed_more, held_usd);
        auto repaid = std::min(held, to_units(own_usd / market.debt_usd, debt_decimals_));

        CallWriter calls;
        const bool pays_own = own_usd > owed_more * 0.05;
        if (!pays_own)
            repaid = {};
        add_approval(calls, view, debt_, self, market.pool.spender_of(market.debt),
            Amount::power_of_two(255));
        auto gas = gas_of(market.pool, {LendingAction::repay});
        const auto debt_left = position.debt - (pays_own ? own_usd : 0);
        if (pays_own)
            market.pool.add_repay(calls, market.debt, repaid, self);
        if (own_usd < owed_more * 0.95)
        {
            auto sold = sale(restore_to, market, position, debt_left);
            auto swap = acceptable_swap(view, collateral_, debt_, sold);
            for (unsigned i = 0; i < halvings_max && !swap; ++i)
            {
                sold = div_down(sold, 2);
                swap = acceptable_swap(view, collateral_, debt_, sold);
            }
            if (swap)
            {
                gas += gas_of(market.pool, {LendingAction::withdraw, LendingAction::repay});
                gas += desk_.gas(swap->swap.route);
                market.pool.add_withdraw(calls, market.collateral, sold, self);
                add_swap(calls, view, *swap, self);
                market.pool.add_repay(calls, market.debt, swap->amount_out_min, self);
            }
            else if (!pays_own)
                return;  // Nothing it can do now; it looks again.
        }
        if (!costs_.worth_it(wallet, gas.total(), position.debt))
            return;
        auto bid = urgent_bid(wallet, urgency_);
        bid.extra_gas = gas.extra;
        wallet.submit(std::move(calls), bid);
    }

    [[nodiscard]] static contracts::CallGas gas_of(
        const LendingMarket& pool, std::initializer_list<LendingAction> actions)
    {
        contracts::CallGas sum;
        for (const auto action : actions)
            sum += pool.gas_of(action);
        return sum;
    }

    /// Collateral to sell, in smallest units.
    [[nodiscard]] Amount sale(
        double restore_to, const Market& market, const Position& position, double debt)
    {
        const auto cost = fee_along(desk_.route(collateral_, debt_)) + slippage_;
        const auto gain = restore_to * (1 - cost) - position.threshold;
        if (!(gain > 0))
            return {};
        const auto wanted = (restore_to * debt - position.collateral * position.threshold) / gain;
        const auto possible = position.collateral - health_left * debt / position.threshold;
        return to_units(std::min(wanted, possible) / market.collateral_usd, collateral_decimals_);
    }

    /// A swap that pays a fair price now, and the least to accept for it.
    struct AcceptableSwap
    {
        RouteSwap swap;
        Amount amount_out_min;
    };
    [[nodiscard]] std::optional<AcceptableSwap> acceptable_swap(
        const WorldView& view, ContractId token_in, ContractId token_out, const Amount& amount_in)
    {
        auto swap = fair_swap(desk_, view, token_in, token_out, amount_in, slippage_);
        if (!swap)
            return std::nullopt;
        const auto decimals = decimals_of(*view.world, token_out);
        const auto least = to_whole(swap->amount_out, decimals) * (1 - slippage_ / 2);
        const auto amount_out_min = to_units(least, decimals);
        return amount_out_min.is_zero()
                   ? std::nullopt
                   : std::optional{AcceptableSwap{std::move(*swap), amount_out_min}};
    }
    void add_swap(CallWriter& calls, const WorldView& view, const AcceptableSwap& acceptable,
        AccountId self) const
    {
        const auto& swap = acceptable.swap;
        desk_.add_swap(calls, view, swap.route, swap.amount_in, acceptable.amount_out_min, self,
            view.timestamp + order_lifetime);
    }

    ContractId pool_;
    SwapDesk desk_;
    ContractId collateral_;
    ContractId debt_;
    std::int64_t open_within_ms_;
    double slippage_;
    double urgency_;
    GasCosts costs_;
    std::shared_ptr<const std::vector<std::pair<std::string, std::vector<AccountId>>>> groups_;
    std::span<const AccountId> shops_;  // Of groups_.
    std::uint64_t seed_;
    std::uint64_t stream_;
    std::uint32_t first_number_;
    std::uint32_t slot_seconds_;
    std::uint8_t collateral_decimals_;
    std::uint8_t debt_decimals_;
    MarketCache markets_;
};

}  // namespace

const StrategyType& leveraged_borrower_strategy()
{
    static const StrategyType type{.name = "leveraged_borrower",
        .purpose = Purpose::lending,
        .help = "Borrows against collateral, perhaps in loops; some owners deleverage in time.",
        .parameters =
            {
                contracts::contract_parameter("pool", LendingMarket::sector, "Where it borrows."),
                contracts::contract_parameter("router", contracts::Venue::sector,
                    "Through which it trades collateral and debt."),
                {"collateral", ParameterKind::token, "", {}, "What it supplies."},
                {"debt", ParameterKind::token, "", {}, "What it borrows."},
                {"open_within", ParameterKind::duration, "\"1h\"", {},
                    "It opens its position some time within this span from the start.", 0},
                {"supply_share", ParameterKind::distribution, "1", {},
                    "Share of its collateral tokens that it supplies.", 0, 1},
                {"health_floor", ParameterKind::number, "1.05", {},
                    "The lowest health factor at which anybody starts; the market's ltv is another "
                    "floor.",
                    1, 100},
                {"health_margin", ParameterKind::distribution, "{ log_normal = [-0.05, 0.7] }", {},
                    "By how much its first health factor exceeds the floor.", 0, 1e6},
                {"loan_to_value", ParameterKind::distribution, "0", {},
                    "Its debt as a share of its collateral's value, whatever health factor that "
                    "is, so that debts stay equal when a threshold changes; 0: by health factor.",
                    0, 1},
                {"loops", ParameterKind::distribution, "0", {},
                    "How often it sells the loan for more collateral and borrows again, to the "
                    "same health factor; rounded.",
                    0, 20},
                {"spend_at", ParameterKind::text, "\"\"", {},
                    "Name of the group it spends its loan at, unless it loops; empty: it keeps "
                    "it."},
                {"spend_share", ParameterKind::distribution, "0.9", {},
                    "Share of the loan that it spends at once.", 0, 1},
                {"deleverage_share", ParameterKind::number, "0.5", {},
                    "Share of owners who act at all when their position gets worse.", 0, 1},
                {"monitor_every", ParameterKind::distribution, "{ log_normal = [6.4, 0.8] }",
                    unit::seconds, "Time between two looks at its position.", 1, 1e9},
                {"act_below", ParameterKind::distribution, "{ uniform = [1.1, 1.35] }", {},
                    "The health factor that alarms it.", 1, 1e6},
                {"restore_to", ParameterKind::distribution, "{ uniform = [1.35, 1.8] }", {},
                    "The health factor it then wants; at least the one that alarms it.", 1, 1e6},
                {"rate_max", ParameterKind::distribution, "{ log_normal = [-1.2, 0.5] }",
                    unit::per_year,
                    "The rate for borrowing that alarms it as well: it then repays a fifth of its "
                    "debt per look, with what it has or by selling collateral.",
                    0, 1e6},
                {"reaction", ParameterKind::distribution, "{ log_normal = [7.5, 1.0] }",
                    unit::seconds, "Time from the alarm to the transaction.", 0, 1e9},
                {"slippage", ParameterKind::number, "0.03", {},
                    "The worst price it trades at, below the reference price.", 0, 0.5},
                {"urgency", ParameterKind::number, "3", {},
                    "Multiplies its habitual tip when it deleverages.", 0, 1000},
                fee_tolerance_parameter(),
                coin_parameter(),
            },
        .create = create_strategy<LeveragedBorrower>};
    return type;
}

}  // namespace runnel::strategies
