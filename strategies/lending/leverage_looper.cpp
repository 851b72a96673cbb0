#include "contracts/kit/registration.hpp"
#include "contracts/kit/sectors/exchange.hpp"
#include "contracts/kit/sectors/staked_coin.hpp"
#include "contracts/kit/sectors/wrapped_coin.hpp"
#include "strategies/market/common.hpp"
#include "strategies/market/flash.hpp"
#include "strategies/market/lending_market.hpp"
#include "strategies/strategies.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace runnel::strategies
{
namespace
{

using contracts::LendingAction;
using contracts::LendingMarket;
using contracts::LendingView;

enum class Step : std::uint8_t
{
    wait,   // For a spread that is wide enough.
    build,  // Up to its leverage.
    hold,
    unwind,  // All of it.
    out,
};

struct WalletState
{
    Step step = Step::wait;
    bool borrows = false;
    double leverage = 1;
    double earns = 0;
    double spread_wanted = 0;
    double spread_min = 0;
    double act_below = 0;
    double restore_to = 0;
    double loss_max = 1;
    std::int64_t monitor_ms = 0;
    std::int64_t reaction_ms = 0;
    std::int64_t patience_ms = 0;
    std::uint64_t react_at = 0;   // Block; 0: not alarmed.
    std::uint64_t leave_at = 0;   // Block; 0: the spread is good enough.
    double entry_price = 0;       // Of the collateral, in the debt's token.
    std::uint64_t wait_more = 1;  // Multiplies the interval of monitoring after failures.
    Refusals refusals;
    RUNNEL_FIELDS(step, borrows, leverage, (earns, per_year), (spread_wanted, per_year),
        (spread_min, per_year), act_below, restore_to, loss_max, (monitor_ms, milliseconds),
        (reaction_ms, milliseconds), (patience_ms, milliseconds), (react_at, block_number),
        (leave_at, block_number), entry_price, wait_more, refusals);
};

/// Supplies a collateral that earns, borrows a token of nearly the same worth against it, turns
/// that into more of the collateral and supplies it too, up to a leverage of its choice; and goes
/// back when that no longer pays or gets dangerous.
///
/// With E its equity, C the collateral's value and D the debt, all in the debt's token, T the
/// liquidation threshold, L the leverage:
///
///     debt wanted      D = (L - 1) E        L at most 1 / (1 - 0.98 ltv) and R / (R - T)
///     spread           what the collateral earns + the market's rate for it - the rate of the debt
///     sell to R        y = (R D - C T) / (R (1 - cost) - T)        of the collateral
///
/// It unwinds all when the spread has been too low for its patience, or the collateral has lost too
/// much against the debt's token; some, when its health factor is below its limit.
class LeverageLooper : public StatefulStrategy<WalletState>
{
public:
    LeverageLooper(const Parameters& parameters, const WalletGroup& wallets)
      : markets_{*wallets.world, {parameters.contract("pool")}},
        lenders_{*wallets.world, lenders_of(parameters)},
        desk_{*wallets.world, parameters.contract("router")},
        collateral_{parameters.token("collateral")},
        debt_{parameters.token("debt")},
        open_within_ms_{parameters.duration_ms("open_within")},
        slippage_{parameters.number("slippage")},
        urgency_{parameters.number("urgency")},
        costs_{parameters},
        staked_{
            dynamic_cast<const contracts::StakedCoin*>(wallets.world->find_contract(collateral_))},
        wrapped_{dynamic_cast<const contracts::WrappedCoin*>(wallets.world->find_contract(debt_))},
        seed_{wallets.seed},
        stream_{wallets.stream},
        first_number_{wallets.first_number},
        slot_seconds_{wallets.slot_seconds},
        collateral_decimals_{decimals_of(*wallets.world, collateral_)},
        debt_decimals_{decimals_of(*wallets.world, debt_)}
    {
        states_.resize(wallets.accounts.size());
        for (std::size_t i = 0; i < states_.size(); ++i)
        {
            const auto number = first_number_ + static_cast<std::uint32_t>(i);
            const auto draw = [&](std::string_view name)
            { return wallets.draw(parameters.distribution(name), name, number); };
            auto& state = states_[i];
            state.leverage = draw("leverage");
            state.earns = draw("earns");
            state.spread_wanted = draw("spread_wanted");
            state.spread_min = draw("spread_min");
            state.act_below = draw("act_below");
            state.restore_to = std::max(state.act_below, draw("restore_to"));
            state.loss_max = draw("loss_max");
            state.monitor_ms = milliseconds(draw("monitor_every"));
            state.reaction_ms = milliseconds(draw("reaction"));
            state.patience_ms = milliseconds(draw("patience"));
            state.borrows = draw("flash") >= 0.5;
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
        const auto later =
            view.block_number + view.blocks_of_ms(state.monitor_ms) * state.wait_more;
        if (state.refusals.is_silent() || state.step == Step::out)
            return never;
        if (wallet.pending() > 0)
            return later;
        const auto now = position_of(view, wallet.account());
        if (!(now.price > 0))
            return later;  // A market that has no price lends nothing.
        if (state.step == Step::wait)
        {
            if (now.debt > 0)
                state.step = Step::hold;  // It has had its position since block 0.
            else if (spread(state, now, wanted_debt(state, now)) >= state.spread_wanted)
                state.step = Step::build;
            if (state.step != Step::wait)
                state.entry_price = now.price;
        }
        if (state.step == Step::build || state.step == Step::hold)
        {
            if (const auto sooner = watch(state, wallet, now, later))
                return *sooner;
        }
        if (state.step == Step::build && !build(state, wallet, now))
            state.step = Step::hold;
        if (state.step == Step::unwind)
            unwind(state, wallet, now);
        return state.step == Step::out ? never : later;
    }

    bool learn(std::size_t position, const TransactionOutcome& outcome) override
    {
        auto& state = states_[position];
        state.refusals.count(outcome);
        if (outcome.kind == TransactionOutcome::Kind::succeeded)
        {
            state.wait_more = 1;
            return state.step == Step::build || state.step == Step::unwind;
        }
        // The market had no cash, or moved, or the bid was too low: wait longer each time.
        state.wait_more = std::min<std::uint64_t>(state.wait_more * 2, wait_more_max);
        return false;
    }

private:
    static constexpr std::uint64_t wait_more_max = 16;
    // Borrowing exactly to the limit would fail by a rounding or a second's interest.
    static constexpr double ltv_use_max = 0.98;
    // What a withdrawal leaves of the health factor.
    static constexpr double health_left = 1.002;
    static constexpr unsigned halvings_max = 5;
    /// When a withdrawal within the limit for loans would be so small a share of what it wants.
    static constexpr double try_threshold_below = 0.05;
    /// It is where it wants to be when so little of its debt is missing.
    static constexpr double debt_missing_max = 0.02;
    static constexpr double number_max = 1e30;
    /// Interest until a transaction runs.
    static constexpr std::uint64_t margin_part = 50'000;

    [[nodiscard]] bool is_valid(const WalletState& state, const WalletState& born) const override
    {
        return state.step <= Step::out && state.borrows == born.borrows &&
               state.leverage == born.leverage && state.earns == born.earns &&
               state.spread_wanted == born.spread_wanted && state.spread_min == born.spread_min &&
               state.act_below == born.act_below && state.restore_to == born.restore_to &&
               state.loss_max == born.loss_max && state.monitor_ms == born.monitor_ms &&
               state.reaction_ms == born.reaction_ms && state.patience_ms == born.patience_ms &&
               state.entry_price >= 0 && state.entry_price <= number_max && state.wait_more >= 1 &&
               state.wait_more <= wait_more_max && state.refusals.is_possible();
    }
    [[nodiscard]] static std::int64_t milliseconds(double seconds)
    {
        return static_cast<std::int64_t>(std::clamp(seconds, 0.0, 1e9) * 1000);
    }
    [[nodiscard]] static std::vector<ContractId> lenders_of(const Parameters& parameters)
    {
        auto lenders = parameters.contracts("lenders");
        return lenders.empty() ? std::vector{parameters.contract("pool")} : lenders;
    }

    /// What it has and owes; values in whole tokens of the debt's, at the market's prices.
    struct Position
    {
        const LendingMarket& market;
        const LendingView& view;
        std::size_t collateral_reserve = 0;
        std::size_t debt_reserve = 0;
        Amount supplied;
        Amount owed;
        Amount idle_collateral;  // In its wallet.
        Amount idle_debt;
        double price = 0;  // Of a whole collateral token.
        double collateral = 0;
        double debt = 0;
        double equity = 0;  // With what is idle.
        double threshold = 0;
        double ltv = 0;
        double health = 0;
    };
    [[nodiscard]] Position position_of(const WorldView& view, AccountId account)
    {
        const auto& market = markets_.market(0);
        const auto& now = markets_.view(0, view.timestamp);
        Position result{market, now, *market.find_reserve(collateral_), *market.find_reserve(debt_),
            {}, {}, holding_of(view, collateral_, account), holding_of(view, debt_, account)};
        const auto& secures = now.reserve(result.collateral_reserve);
        const auto debt_price = now.reserve(result.debt_reserve).price.to_double();
        result.price = debt_price > 0 ? secures.price.to_double() / debt_price : 0;
        result.supplied = now.holding(account, result.collateral_reserve).supplied;
        result.owed = now.holding(account, result.debt_reserve).debt;
        result.collateral = to_whole(result.supplied, collateral_decimals_) * result.price;
        result.debt = to_whole(result.owed, debt_decimals_);
        result.equity = result.collateral - result.debt +
                        to_whole(result.idle_collateral, collateral_decimals_) * result.price +
                        to_whole(result.idle_debt, debt_decimals_);
        result.threshold = secures.threshold;
        result.ltv = secures.ltv;
        result.health = result.debt > 0 ? result.collateral * result.threshold / result.debt
                                        : std::numeric_limits<double>::infinity();
        return result;
    }

    [[nodiscard]] static double wanted_debt(const WalletState& state, const Position& now)
    {
        const auto lent = 1 / (1 - now.ltv * ltv_use_max);
        const auto safe = state.restore_to / (state.restore_to - now.threshold);
        const auto leverage = std::min({state.leverage, lent, safe});
        return std::max(0.0, leverage - 1) * std::max(0.0, now.equity);
    }
    /// Per year, once it owes @p debt.
    [[nodiscard]] static double spread(const WalletState& state, const Position& now, double debt)
    {
        const auto pays = borrow_rate_with(now.view.reserve(now.debt_reserve), debt - now.debt);
        return state.earns +
               now.view.reserve(now.collateral_reserve).supply_rate.to_double() * 1e-27 - pays;
    }

    /// Whether it must leave or get smaller: begins what has to be done, and says when to look
    /// again; empty if there is nothing to do.
    [[nodiscard]] std::optional<std::uint64_t> watch(
        WalletState& state, WalletContext& wallet, const Position& now, std::uint64_t later)
    {
        const auto& view = wallet.view();
        if (!(now.debt > 0))
        {
            if (state.step == Step::hold)
                state.step = Step::unwind;  // Somebody has closed its position.
            return std::nullopt;
        }
        if (now.price < state.entry_price * (1 - state.loss_max))
        {
            state.step = Step::unwind;
            return std::nullopt;
        }
        if (spread(state, now, now.debt) >= state.spread_min)
            state.leave_at = 0;
        else if (state.leave_at == 0)
            state.leave_at = view.block_number + view.blocks_of_ms(state.patience_ms);
        else if (view.block_number >= state.leave_at)
        {
            state.step = Step::unwind;
            return std::nullopt;
        }
        if (now.health >= state.act_below)
        {
            state.react_at = 0;
            return std::nullopt;
        }
        if (state.react_at == 0)
            state.react_at = view.block_number + view.blocks_of_ms(state.reaction_ms);
        if (view.block_number < state.react_at)
            return std::min(later, state.react_at);
        state.step = Step::hold;  // It does not build any further.
        if (!(state.borrows && repay_with_loan(wallet, now, state.restore_to)))
            repay_some(wallet, now, state.restore_to);
        return later;
    }

    // ---- More ----

    /// The way from the debt's token to the collateral that gives most.
    struct Purchase
    {
        Amount paid;
        Amount bought;                  // At least.
        std::optional<RouteSwap> swap;  // Else by staking.
        contracts::CallGas gas;
    };
    [[nodiscard]] std::optional<Purchase> purchase(const WorldView& view, const Amount& amount)
    {
        if (amount.is_zero())
            return std::nullopt;
        std::optional<Purchase> best;
        if (auto swap =
                largest_fair_swap(desk_, view, debt_, collateral_, amount, slippage_, halvings_max))
        {
            const auto least = least_of(swap->amount_out);
            const auto paid = swap->amount_in;
            const auto gas = desk_.gas(swap->route);
            best = Purchase{paid, least, std::move(swap), gas};
        }
        if (staked_ == nullptr || wrapped_ == nullptr)
            return best;
        const auto minted = staked_->quote_stake(amount);
        const auto better = [&](const Purchase& other)
        {
            return minted->to_double() / amount.to_double() >
                   other.swap->amount_out.to_double() / other.paid.to_double();
        };
        if (minted.has_value() && !minted->is_zero() && (!best || better(*best)))
        {
            auto gas = staked_->stake_gas();
            gas.extra += unwrap_gas;
            // A report may come in between.
            best = Purchase{amount, min_amount_out(*minted, stake_slippage_bps), {}, gas};
        }
        return best;
    }
    void add_purchase(CallWriter& calls, const WorldView& view, const Purchase& purchase,
        AccountId self, bool with_approvals) const
    {
        if (!purchase.swap)
        {
            wrapped_->add_unwrap(calls, purchase.paid);
            staked_->add_stake(calls, purchase.paid);
            return;
        }
        const auto& route = purchase.swap->route;
        const auto deadline =
            view.timestamp + std::max<std::uint64_t>(order_lifetime, slot_seconds_);
        if (with_approvals)
            desk_.add_approvals(calls, view, route, purchase.paid, self);
        desk_.add_orders(calls, route, purchase.paid, purchase.bought, self, deadline);
    }
    [[nodiscard]] Amount least_of(const Amount& quote) const
    {
        return min_amount_out(quote, static_cast<std::uint32_t>(slippage_ * 5'000));
    }

    /// The next transaction on the way up; false if it is there, or as far as it will get.
    bool build(WalletState& state, WalletContext& wallet, const Position& now)
    {
        const auto& view = wallet.view();
        const auto self = wallet.account();
        const auto wanted = wanted_debt(state, now);
        const auto missing = wanted - now.debt;
        const bool borrows_more = missing > wanted * debt_missing_max;
        const auto deal = now.idle_debt;  // What it has of the debt's token goes in.
        const bool has_idle = to_whole(deal, debt_decimals_) > wanted * debt_missing_max ||
                              to_whole(now.idle_collateral, collateral_decimals_) * now.price >
                                  wanted * debt_missing_max;
        if (!borrows_more && !has_idle)
            return false;
        if (state.borrows && borrows_more && build_at_once(wallet, now, missing))
            return true;
        auto gas = now.market.gas_of(LendingAction::supply);
        CallWriter calls;
        auto supplied = now.idle_collateral;
        if (const auto bought = purchase(view, deal))
        {
            add_purchase(calls, view, *bought, self, true);
            supplied = wrapping_add(supplied, bought->bought);
            gas += bought->gas;
        }
        supplied = std::min(supplied, now.view.reserve(now.collateral_reserve).supply_room);
        if (supplied.is_zero())
            return false;
        add_approval(calls, view, collateral_, self, now.market.spender_of(now.collateral_reserve),
            supplied);
        now.market.add_supply(calls, now.collateral_reserve, supplied, self);
        // Neither to the market's limit nor to where it would be alarmed.
        const auto share = std::min(now.ltv * ltv_use_max, now.threshold / state.restore_to);
        const auto value = now.collateral + to_whole(supplied, collateral_decimals_) * now.price;
        const auto more = std::min(missing, value * share - now.debt);
        const auto amount = std::min(
            to_units(more, debt_decimals_), now.view.reserve(now.debt_reserve).borrow_room);
        if (borrows_more && !amount.is_zero())
        {
            now.market.add_borrow(calls, now.debt_reserve, amount);
            gas += now.market.gas_of(LendingAction::borrow);
        }
        if (!costs_.worth_it(wallet, gas.total(), usd(view, value)))
            return false;
        submit(wallet, std::move(calls), gas, 1);
        return true;
    }

    /// Buys with what it borrows for the moment, supplies, and borrows that from the market.
    bool build_at_once(WalletContext& wallet, const Position& now, double missing)
    {
        const auto& view = wallet.view();
        const auto self = wallet.account();
        const auto loan =
            cheapest_flash_loan(lenders_, view, debt_, to_units(missing, debt_decimals_));
        if (!loan || now.view.reserve(now.debt_reserve).cash <
                         wrapping_add(wrapping_add(loan->amount, loan->amount), loan->fee))
            return false;
        const auto bought = purchase(view, wrapping_add(loan->amount, now.idle_debt));
        if (!bought || bought->paid < loan->amount)
            return false;  // The exchange takes less at a time.
        const auto supplied = wrapping_add(now.idle_collateral, bought->bought);
        const auto value = now.collateral + to_whole(supplied, collateral_decimals_) * now.price;
        const auto borrowed = wrapping_add(loan->amount, loan->fee);
        if (now.debt + to_whole(borrowed, debt_decimals_) > value * now.ltv ||
            supplied > now.view.reserve(now.collateral_reserve).supply_room)
            return false;
        CallWriter calls;
        if (bought->swap)
        {
            desk_.add_approvals(calls, view, bought->swap->route, Amount::power_of_two(255), self);
        }
        add_approval(calls, view, collateral_, self, now.market.spender_of(now.collateral_reserve),
            supplied);
        CallWriter nested;
        add_purchase(nested, view, *bought, self, false);
        now.market.add_supply(nested, now.collateral_reserve, supplied, self);
        now.market.add_borrow(nested, now.debt_reserve, borrowed);
        loan->add(calls, view, self, nested.list());
        auto gas = loan->gas;
        gas += bought->gas;
        gas += now.market.gas_of(LendingAction::supply);
        gas += now.market.gas_of(LendingAction::borrow);
        if (!costs_.worth_it(wallet, gas.total(), usd(view, value)))
            return false;
        submit(wallet, std::move(calls), gas, 1);
        return true;
    }

    // ---- Less ----

    /// The next transaction on the way out.
    void unwind(WalletState& state, WalletContext& wallet, const Position& now)
    {
        if (now.debt > 0)
        {
            constexpr auto without_debt = std::numeric_limits<double>::infinity();
            if (!(state.borrows && repay_with_loan(wallet, now, without_debt)))
                repay_some(wallet, now, without_debt);
            return;
        }
        if (now.supplied.is_zero())
        {
            state.step = Step::out;
            return;
        }
        const auto gas = now.market.gas_of(LendingAction::withdraw);
        if (!costs_.worth_it(wallet, gas.total(), usd(wallet.view(), now.collateral)))
        {
            state.step = Step::out;
            return;
        }
        CallWriter calls;
        // Exactly: not every market takes 2^256-1 for all of a collateral.
        now.market.add_withdraw(calls, now.collateral_reserve,
            std::min(now.supplied, now.view.reserve(now.collateral_reserve).cash),
            wallet.account());
        submit(wallet, std::move(calls), gas, 1);
    }

    /// The collateral's value to sell for a health factor, of a debt of @p debt; what selling costs
    /// is taken to be the exchanges' fees and its slippage. Not positive if there is no such sale.
    [[nodiscard]] double sale(const Position& now, double debt, double restore_to)
    {
        const auto cost = slippage_ + fee_along(desk_.route(collateral_, debt_));
        if (!(restore_to < number_max))
            return debt / (1 - cost);
        const auto gain = restore_to * (1 - cost) - now.threshold;
        return gain > 0 ? (restore_to * debt - now.collateral * now.threshold) / gain : 0;
    }

    /// Repays with what it borrows for the moment, takes collateral out and sells it for that: all
    /// at once, whatever the limits for a withdrawal alone. False if it cannot.
    bool repay_with_loan(WalletContext& wallet, const Position& now, double restore_to)
    {
        const auto& view = wallet.view();
        const auto self = wallet.account();
        const bool all = !(restore_to < number_max);
        const auto value = sale(now, now.debt, restore_to);
        const auto cost = slippage_ + fee_along(desk_.route(collateral_, debt_));
        const auto amount =
            all ? wrapping_add(now.owed, wrapping_add(div_down(now.owed, margin_part), 1))
                : std::min(now.owed, to_units(value * (1 - cost), debt_decimals_));
        const auto loan = cheapest_flash_loan(lenders_, view, debt_, amount);
        if (!loan)
            return false;
        const auto back = wrapping_add(loan->amount, loan->fee);
        const auto sold = std::min(now.supplied,
            to_units(to_whole(back, debt_decimals_) / selling_price(view) / (1 - cost),
                collateral_decimals_));
        const auto swap = fair_swap(desk_, view, collateral_, debt_, sold, slippage_);
        if (!swap || swap->amount_out <= back)
            return false;
        CallWriter calls;
        add_approval(calls, view, debt_, self, now.market.spender_of(now.debt_reserve),
            Amount::power_of_two(255));
        desk_.add_approvals(calls, view, swap->route, Amount::power_of_two(255), self);
        CallWriter nested;
        now.market.add_repay(nested, now.debt_reserve, all ? Amount::max() : amount, self);
        now.market.add_withdraw(nested, now.collateral_reserve, all ? now.supplied : sold, self);
        desk_.add_orders(nested, swap->route, sold, back, self,
            view.timestamp + std::max<std::uint64_t>(order_lifetime, slot_seconds_));
        loan->add(calls, view, self, nested.list());
        auto gas = loan->gas;
        gas += now.market.gas_of(LendingAction::repay);
        gas += now.market.gas_of(LendingAction::withdraw);
        gas += desk_.gas(swap->route);
        if (!costs_.worth_it(wallet, gas.total(), usd(view, now.collateral)))
            return false;
        submit(wallet, std::move(calls), gas, urgency_);
        return true;
    }

    /// Whole tokens of the debt's for one of the collateral, by the prices outside.
    [[nodiscard]] double selling_price(const WorldView& view) const
    {
        const auto debt_usd = reference_usd(view, debt_);
        const auto price = debt_usd > 0 ? reference_usd(view, collateral_) / debt_usd : 0;
        return price > 0 ? price : std::numeric_limits<double>::infinity();
    }

    /// Takes collateral out, sells it and repays, towards a health factor; as much of it as the
    /// market lets go and the exchange takes at a fair price.
    void repay_some(WalletContext& wallet, const Position& now, double restore_to)
    {
        const auto& view = wallet.view();
        const auto self = wallet.account();
        const auto held = std::min(now.idle_debt, now.owed);
        CallWriter calls;
        add_approval(calls, view, debt_, self, now.market.spender_of(now.debt_reserve),
            Amount::power_of_two(255));
        auto gas = now.market.gas_of(LendingAction::repay);
        auto repaid = held;
        if (!held.is_zero())
        {
            now.market.add_repay(
                calls, now.debt_reserve, held == now.owed ? Amount::max() : held, self);
        }
        const auto debt = now.debt - to_whole(held, debt_decimals_);
        const auto wanted = sale(now, debt, restore_to);
        // Some markets let go only what the limit for loans leaves, others what the threshold does.
        auto possible = now.collateral - health_left * debt / now.ltv;
        if (!(possible > wanted * try_threshold_below))
            possible = now.collateral - health_left * debt / now.threshold;
        if (possible > 0 && wanted > 0)
        {
            const auto sold = std::min(now.supplied,
                to_units(std::min(wanted, possible) / now.price, collateral_decimals_));
            const auto swap =
                largest_fair_swap(desk_, view, collateral_, debt_, sold, slippage_, halvings_max);
            if (swap)
            {
                const auto least = least_of(swap->amount_out);
                now.market.add_withdraw(calls, now.collateral_reserve, swap->amount_in, self);
                desk_.add_swap(calls, view, swap->route, swap->amount_in, least, self,
                    view.timestamp + std::max<std::uint64_t>(order_lifetime, slot_seconds_));
                const bool all = wrapping_add(held, least) > now.owed;
                now.market.add_repay(calls, now.debt_reserve, all ? Amount::max() : least, self);
                gas += now.market.gas_of(LendingAction::withdraw);
                gas += now.market.gas_of(LendingAction::repay);
                gas += desk_.gas(swap->route);
                repaid = wrapping_add(repaid, least);
            }
        }
        if (repaid.is_zero() || !costs_.worth_it(wallet, gas.total(), usd(view, now.collateral)))
            return;  // Nothing it can do now; it looks again.
        submit(wallet, std::move(calls), gas, urgency_);
    }

    /// Of the debt's token; a token without a reference price is worth 1.
    [[nodiscard]] double usd(const WorldView& view, double whole) const
    {
        return whole * presumed_usd(view, debt_);
    }
    static void submit(
        WalletContext& wallet, CallWriter calls, const contracts::CallGas& gas, double urgency)
    {
        auto bid = urgent_bid(wallet, urgency);
        bid.extra_gas = gas.extra;
        wallet.submit(std::move(calls), bid);
    }

    static constexpr std::uint32_t stake_slippage_bps = 5;
    static constexpr std::uint64_t unwrap_gas = 15'000;

    MarketSet markets_;
    MarketSet lenders_;
    SwapDesk desk_;
    ContractId collateral_;
    ContractId debt_;
    std::int64_t open_within_ms_;
    double slippage_;
    double urgency_;
    GasCosts costs_;
    const contracts::StakedCoin* staked_;
    const contracts::WrappedCoin* wrapped_;
    std::uint64_t seed_;
    std::uint64_t stream_;
    std::uint32_t first_number_;
    std::uint32_t slot_seconds_;
    std::uint8_t collateral_decimals_;
    std::uint8_t debt_decimals_;
};

std::string check_reserves(const Parameters& parameters, const World& world)
{
    const auto id = parameters.contract("pool");
    const auto& market = dynamic_cast<const LendingMarket&>(world.contract(id));
    for (const auto* name : {"collateral", "debt"})
    {
        const auto token = parameters.token(name);
        if (!market.find_reserve(token))
        {
            return fmt::format("{}: expected a reserve of {}, got {}", name,
                world.contract(id).name(), world.contract(token).name());
        }
    }
    return "";
}

}  // namespace

const StrategyType& leverage_looper_strategy()
{
    static const StrategyType type{.name = "leverage_looper",
        .purpose = Purpose::lending,
        .help =
            "Supplies what earns, borrows against it to buy more of it, and unwinds when that "
            "no longer pays or gets dangerous.",
        .parameters =
            {
                contracts::contract_parameter("pool", LendingMarket::sector, "Where it loops."),
                {.name = "lenders",
                    .kind = ParameterKind::contracts,
                    .default_value = "[]",
                    .unit = {},
                    .help = "Who may lend the debt's token for the length of a transaction; none: "
                            "the pool.",
                    .contract_kind = LendingMarket::sector},
                contracts::contract_parameter("router", contracts::Venue::sector,
                    "Through which it trades the debt's token and the collateral."),
                {"collateral", ParameterKind::token, "", {}, "What earns, and secures its debt."},
                {"debt", ParameterKind::token, "", {}, "What it borrows."},
                {"open_within", ParameterKind::duration, "\"1h\"", {},
                    "It looks for the first time within this span from the start.", 0},
                {"leverage", ParameterKind::distribution, "{ uniform = [2, 3] }", {},
                    "Collateral over equity that it wants; no more than the market lends for.", 1,
                    1'000},
                {"earns", ParameterKind::distribution, "0", unit::per_year,
                    "What it believes the collateral to earn beside the market's rate.", -1e6, 1e6},
                {"spread_wanted", ParameterKind::distribution, "0.005", unit::per_year,
                    "It begins when what the collateral earns is above the debt's rate by this.",
                    -1e6, 1e6},
                {"spread_min", ParameterKind::distribution, "{ uniform = [-0.02, 0] }",
                    unit::per_year, "It unwinds when the spread has been below this", -1e6, 1e6},
                {"patience", ParameterKind::distribution, "{ log_normal = [11.4, 0.8] }",
                    unit::seconds, "for so long.", 0, 1e9},
                {"act_below", ParameterKind::distribution, "{ uniform = [1.03, 1.1] }", {},
                    "The health factor that alarms it.", 1, 1e6},
                {"restore_to", ParameterKind::distribution, "{ uniform = [1.1, 1.25] }", {},
                    "The health factor it then wants; at least the one that alarms it.", 1, 1e6},
                {"loss_max", ParameterKind::distribution, "{ uniform = [0.02, 0.15] }", {},
                    "It unwinds when the collateral has lost this share against the debt's token "
                    "since it began.",
                    0, 1},
                {"monitor_every", ParameterKind::distribution, "{ log_normal = [7.2, 0.8] }",
                    unit::seconds, "Time between two looks at its position.", 1, 1e9},
                {"reaction", ParameterKind::distribution, "{ log_normal = [7.5, 1.0] }",
                    unit::seconds, "Time from an alarm to the transaction.", 0, 1e9},
                {"flash", ParameterKind::distribution, "1", {},
                    "From 0.5 on it builds and unwinds in one transaction, by flash loan, where "
                    "that can be had and the exchange takes it at once.",
                    0, 1},
                {"slippage", ParameterKind::number, "0.01", {},
                    "The worst price it trades at, below the reference price.", 0, 0.5},
                {"urgency", ParameterKind::number, "3", {},
                    "Multiplies its habitual tip when it repays.", 0, 1000},
                fee_tolerance_parameter(),
                coin_parameter(),
            },
        .create = create_strategy<LeverageLooper>,
        .validate_in = check_reserves};
    return type;
}

}  // namespace runnel::strategies
