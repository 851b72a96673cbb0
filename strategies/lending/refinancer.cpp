#include "contracts/kit/registration.hpp"
#include "strategies/market/common.hpp"
#include "strategies/market/flash.hpp"
#include "strategies/market/lending_market.hpp"
#include "strategies/strategies.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

namespace runnel::strategies
{
namespace
{

using contracts::LendingAction;
using contracts::LendingMarket;
using contracts::LendingView;

struct WalletState
{
    double interval_seconds = 0;
    double supply_share = 1;
    double loan_to_value = 0;
    double inertia = 0;
    double horizon = 0;
    bool borrows = false;
    bool has_opened = false;
    std::int8_t target = -1;  // The market to which its loan is on its way; -1: nowhere.
    Refusals refusals;
    RUNNEL_FIELDS((interval_seconds, seconds), supply_share, loan_to_value, (inertia, per_year),
        (horizon, seconds), borrows, has_opened, target, refusals);
};

/// Owes a debt where it costs least, and carries it there: repays here, takes its collateral out,
/// supplies it there and borrows as much there.
///
/// With a flash loan of the debt's token all of that is one transaction. Where nobody lends so it
/// goes in steps: each takes out what collateral the debt that stays does not need, borrows
/// against it there and repays as much here.
class Refinancer : public StatefulStrategy<WalletState>
{
public:
    Refinancer(const Parameters& parameters, const WalletGroup& wallets)
      : markets_{*wallets.world, parameters.contracts("markets")},
        lenders_{*wallets.world, lenders_of(parameters)},
        collateral_{parameters.token("collateral")},
        debt_{parameters.token("debt")},
        open_within_ms_{parameters.duration_ms("open_within")},
        costs_{parameters},
        seed_{wallets.seed},
        stream_{wallets.stream},
        first_number_{wallets.first_number},
        slot_seconds_{wallets.slot_seconds},
        collateral_decimals_{decimals_of(*wallets.world, collateral_)},
        debt_decimals_{decimals_of(*wallets.world, debt_)}
    {
        const EventTimes times{wallets, parameters, "interval"};
        states_.resize(wallets.accounts.size());
        for (std::size_t i = 0; i < states_.size(); ++i)
        {
            const auto number = first_number_ + static_cast<std::uint32_t>(i);
            const auto draw = [&](std::string_view name)
            { return wallets.draw(parameters.distribution(name), name, number); };
            auto& state = states_[i];
            state.interval_seconds = times.mean_seconds(number);
            state.supply_share = draw("supply_share");
            state.loan_to_value = draw("loan_to_value");
            state.inertia = draw("inertia");
            state.horizon = draw("horizon");
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
        if (state.refusals.is_silent())
            return never;
        const auto& view = wallet.view();
        const auto next = view.block_number +
                          blocks_until_next(wallet.random(), state.interval_seconds, slot_seconds_);
        if (wallet.pending() > 0)
            return next;
        const auto here = home(view, wallet.account(), state.target);
        if (!here)
        {
            state.target = -1;
            if (!state.has_opened)
                open(state, wallet);
            return next;
        }
        state.has_opened = true;
        if (state.target < 0)
            choose(state, wallet, *here);
        if (state.target >= 0 && !move(state, wallet, *here))
            state.target = -1;
        return next;
    }

    bool learn(std::size_t position, const TransactionOutcome& outcome) override
    {
        auto& state = states_[position];
        state.refusals.count(outcome);
        if (outcome.kind == TransactionOutcome::Kind::succeeded)
            return state.target >= 0;  // The next step follows at once.
        // What failed is thought over at the next look.
        state.target = -1;
        return false;
    }

private:
    static constexpr double year_seconds = 365.0 * 86'400;
    /// Interest until a transaction runs: so much more than it owes it borrows for a moment.
    static constexpr std::uint64_t margin_part = 50'000;
    /// Borrowing to the limit would fail by a rounding.
    static constexpr double ltv_use_max = 0.99;
    /// A loan is where most of it is: a rest below this share does not count.
    static constexpr double rest_max = 1e-6;

    [[nodiscard]] bool is_valid(const WalletState& state, const WalletState& born) const override
    {
        return state.interval_seconds == born.interval_seconds &&
               state.supply_share == born.supply_share &&
               state.loan_to_value == born.loan_to_value && state.inertia == born.inertia &&
               state.horizon == born.horizon && state.borrows == born.borrows &&
               state.target >= -1 && state.target < static_cast<int>(markets_.size()) &&
               state.refusals.is_possible();
    }

    /// A market as this loan sees it.
    struct Side
    {
        const LendingMarket& market;
        const LendingView& view;
        std::size_t collateral = 0;
        std::size_t debt = 0;
        double price = 0;  // Of a whole collateral token, in whole tokens of the debt's.
    };
    [[nodiscard]] Side side(const WorldView& view, std::size_t number)
    {
        const auto& market = markets_.market(number);
        const auto& now = markets_.view(number, view.timestamp);
        Side result{market, now, *market.find_reserve(collateral_), *market.find_reserve(debt_), 0};
        const auto debt_price = now.reserve(result.debt).price.to_double();
        if (debt_price > 0)
            result.price = now.reserve(result.collateral).price.to_double() / debt_price;
        return result;
    }
    /// Where it owes most, apart from @p target, where it wants to; empty if it owes nothing there,
    /// or so little that it is not worth another step.
    [[nodiscard]] std::optional<std::size_t> home(
        const WorldView& view, AccountId account, int target)
    {
        std::optional<std::size_t> found;
        double most = 0;
        double all = 0;
        for (std::size_t i = 0; i < markets_.size(); ++i)
        {
            const auto here = side(view, i);
            const auto owed = to_whole(here.view.holding(account, here.debt).debt, debt_decimals_);
            all += owed;
            if (owed > most && static_cast<int>(i) != target)
            {
                most = owed;
                found = i;
            }
        }
        return most > all * rest_max ? found : std::nullopt;
    }

    /// What a year costs, per unit of the debt, once @p collateral and @p debt whole tokens have
    /// come, or as it is if they are there. What suppliers earn is shared with the newcomer.
    [[nodiscard]] static double yearly_cost(
        const Side& side, double collateral, double debt, bool comes)
    {
        const auto& secures = side.view.reserve(side.collateral);
        const auto pays = borrow_rate_with(side.view.reserve(side.debt), comes ? debt : 0);
        auto earns = secures.supply_rate.to_double() * 1e-27;
        const auto supplied = secures.total_supplied.to_double() / secures.unit.to_double();
        if (comes && supplied + collateral > 0)
            earns *= supplied / (supplied + collateral);
        return pays - earns * collateral * side.price / debt;
    }
    /// Whether a market takes all of this collateral and lends all of this debt against it.
    [[nodiscard]] bool takes(const Side& side, const Amount& collateral, const Amount& debt) const
    {
        const auto& secures = side.view.reserve(side.collateral);
        const auto worth = to_whole(collateral, collateral_decimals_) * side.price;
        return side.view.reserve(side.debt).borrow_room >= debt &&
               secures.supply_room >= collateral &&
               to_whole(debt, debt_decimals_) <= worth * secures.ltv * ltv_use_max;
    }

    /// The cheapest market for a new loan.
    void open(const WalletState& state, WalletContext& wallet)
    {
        const auto& view = wallet.view();
        const auto self = wallet.account();
        const auto supplied =
            part_of(holding_of(view, collateral_, self), std::clamp(state.supply_share, 0.0, 1.0));
        if (supplied.is_zero())
            return;
        const auto whole = to_whole(supplied, collateral_decimals_);
        std::optional<std::size_t> best;
        double best_cost = 0;
        Amount best_debt;
        for (std::size_t i = 0; i < markets_.size(); ++i)
        {
            const auto there = side(view, i);
            const auto share = std::min(
                state.loan_to_value, there.view.reserve(there.collateral).ltv * ltv_use_max);
            const auto owed = whole * there.price * share;
            const auto debt = to_units(owed, debt_decimals_);
            if (debt.is_zero() || !takes(there, supplied, debt))
                continue;
            const auto cost = yearly_cost(there, whole, owed, true);
            if (!best || cost < best_cost)
            {
                best = i;
                best_cost = cost;
                best_debt = debt;
            }
        }
        if (!best)
            return;
        const auto there = side(view, *best);
        auto gas = there.market.gas_of(LendingAction::supply);
        gas += there.market.gas_of(LendingAction::borrow);
        if (!costs_.worth_it(wallet, gas.total(), usd(view, best_debt)))
            return;
        CallWriter calls;
        add_approval(
            calls, view, collateral_, self, there.market.spender_of(there.collateral), supplied);
        there.market.add_supply(calls, there.collateral, supplied, self);
        there.market.add_borrow(calls, there.debt, best_debt);
        submit(wallet, std::move(calls), gas);
    }

    /// Looks for a market that is cheaper by its inertia and by what moving costs.
    void choose(WalletState& state, WalletContext& wallet, std::size_t home)
    {
        const auto& view = wallet.view();
        const auto here = side(view, home);
        const auto collateral = here.view.holding(wallet.account(), here.collateral).supplied;
        const auto debt = here.view.holding(wallet.account(), here.debt).debt;
        const auto whole = to_whole(collateral, collateral_decimals_);
        const auto owed = to_whole(debt, debt_decimals_);
        const auto now = yearly_cost(here, whole, owed, false);
        const auto price = view.base_fee + wallet.habitual_bid().priority_fee;
        double best_saving = 0;
        for (std::size_t i = 0; i < markets_.size(); ++i)
        {
            const auto there = side(view, i);
            if (i == home || !takes(there, collateral, with_margin(debt)))
                continue;
            auto cost = costs_.usd(view, move_gas(here, there).total(), price);
            if (const auto loan = loan_for(state, view, there, debt))
                cost += usd(view, loan->fee) + costs_.usd(view, loan->gas.total(), price);
            const auto saving = now - yearly_cost(there, whole, owed, true) - state.inertia -
                                cost / usd(view, debt) * year_seconds / state.horizon;
            if (saving > best_saving)
            {
                best_saving = saving;
                state.target = static_cast<std::int8_t>(i);
            }
        }
    }

    [[nodiscard]] static Amount with_margin(const Amount& debt)
    {
        return wrapping_add(debt, wrapping_add(div_down(debt, margin_part), 1));
    }
    /// What lends the debt for the length of a transaction; empty if it does not borrow so, or
    /// nobody does.
    [[nodiscard]] std::optional<FlashLoan> loan_for(
        const WalletState& state, const WorldView& view, const Side& there, const Amount& debt)
    {
        if (!state.borrows)
            return std::nullopt;
        const auto loan = cheapest_flash_loan(lenders_, view, debt_, with_margin(debt));
        // What it lends for the moment it cannot lend for longer.
        const bool is_drained =
            loan && loan->lender == &there.market &&
            there.view.reserve(there.debt).cash < wrapping_add(loan->amount, loan->amount);
        return is_drained ? std::nullopt : loan;
    }

    /// The next transaction that brings the loan nearer to its target; false if there is none.
    bool move(WalletState& state, WalletContext& wallet, std::size_t home)
    {
        const auto& view = wallet.view();
        const auto self = wallet.account();
        const auto here = side(view, home);
        const auto there = side(view, static_cast<std::size_t>(state.target));
        const auto collateral = here.view.holding(self, here.collateral).supplied;
        const auto debt = here.view.holding(self, here.debt).debt;
        CallWriter calls;
        add_approval(
            calls, view, debt_, self, here.market.spender_of(here.debt), Amount::power_of_two(255));
        add_approval(
            calls, view, collateral_, self, there.market.spender_of(there.collateral), collateral);
        if (const auto loan = loan_for(state, view, there, debt))
        {
            if (!takes(there, collateral, wrapping_add(with_margin(debt), loan->fee)))
                return false;
            CallWriter nested;
            here.market.add_repay(nested, here.debt, Amount::max(), self);
            here.market.add_withdraw(nested, here.collateral, collateral, self);
            there.market.add_supply(nested, there.collateral, collateral, self);
            there.market.add_borrow(nested, there.debt, wrapping_add(with_margin(debt), loan->fee));
            loan->add(calls, view, self, nested.list());
            auto gas = move_gas(here, there);
            gas += loan->gas;
            submit(wallet, std::move(calls), gas);
            return true;
        }
        // What the debt that stays does not need. All goes once the debt does.
        const auto price_here = here.price * here.view.reserve(here.collateral).ltv * ltv_use_max;
        const auto needed = to_units(
            price_here > 0 ? to_whole(debt, debt_decimals_) / price_here : 0, collateral_decimals_);
        if (needed.is_zero() || needed >= collateral)
            return false;
        const auto freed = wrapping_sub(collateral, needed);
        const auto secured =
            wrapping_add(there.view.holding(self, there.collateral).supplied, freed);
        const auto owed = to_whole(there.view.holding(self, there.debt).debt, debt_decimals_);
        const auto room = to_whole(secured, collateral_decimals_) * there.price *
                              there.view.reserve(there.collateral).ltv * ltv_use_max -
                          owed;
        const auto borrowed = std::min(to_units(room, debt_decimals_), with_margin(debt));
        // Steps that get nowhere are none.
        if (borrowed < div_down(debt, 50) ||
            borrowed > there.view.reserve(there.debt).borrow_room ||
            freed > there.view.reserve(there.collateral).supply_room)
            return false;
        here.market.add_withdraw(calls, here.collateral, freed, self);
        there.market.add_supply(calls, there.collateral, freed, self);
        there.market.add_borrow(calls, there.debt, borrowed);
        if (borrowed < debt)
            here.market.add_repay(calls, here.debt, borrowed, self);
        else
        {
            here.market.add_repay(calls, here.debt, Amount::max(), self);
            here.market.add_withdraw(calls, here.collateral, needed, self);
            there.market.add_supply(calls, there.collateral, needed, self);
        }
        const auto gas = move_gas(here, there);
        if (!costs_.worth_it(wallet, gas.total(), usd(view, borrowed)))
            return false;
        submit(wallet, std::move(calls), gas);
        return true;
    }

    /// Of a step, the flash loan aside.
    [[nodiscard]] static contracts::CallGas move_gas(const Side& here, const Side& there)
    {
        auto gas = here.market.gas_of(LendingAction::repay);
        gas += here.market.gas_of(LendingAction::withdraw);
        gas += there.market.gas_of(LendingAction::supply);
        gas += there.market.gas_of(LendingAction::borrow);
        return gas;
    }
    /// Of the debt's token; a token without a reference price is worth 1.
    [[nodiscard]] double usd(const WorldView& view, const Amount& amount) const
    {
        return presumed_usd(view, debt_, amount);
    }
    static void submit(WalletContext& wallet, CallWriter calls, const contracts::CallGas& gas)
    {
        auto bid = wallet.habitual_bid();
        bid.extra_gas = gas.extra;
        wallet.submit(std::move(calls), bid);
    }

    [[nodiscard]] static std::vector<ContractId> lenders_of(const Parameters& parameters)
    {
        auto lenders = parameters.contracts("lenders");
        return lenders.empty() ? parameters.contracts("markets") : lenders;
    }

    MarketSet markets_;
    MarketSet lenders_;
    ContractId collateral_;
    ContractId debt_;
    std::int64_t open_within_ms_;
    GasCosts costs_;
    std::uint64_t seed_;
    std::uint64_t stream_;
    std::uint32_t first_number_;
    std::uint32_t slot_seconds_;
    std::uint8_t collateral_decimals_;
    std::uint8_t debt_decimals_;
};

constexpr std::size_t markets_max = 64;

std::string check_markets(const Parameters& parameters, const World& world)
{
    const auto markets = parameters.contracts("markets");
    if (markets.size() < 2 || markets.size() > markets_max)
        return fmt::format("markets: expected 2 to {}, got {}", markets_max, markets.size());
    for (const auto id : markets)
    {
        const auto& market = dynamic_cast<const LendingMarket&>(world.contract(id));
        for (const auto* name : {"collateral", "debt"})
        {
            const auto token = parameters.token(name);
            if (!market.find_reserve(token))
            {
                return fmt::format("markets: expected markets of {}, got {}",
                    world.contract(token).name(), world.contract(id).name());
            }
        }
    }
    return "";
}

}  // namespace

const StrategyType& refinancer_strategy()
{
    static const StrategyType type{.name = "refinancer",
        .purpose = Purpose::lending,
        .help = "Borrows where it costs least, and carries its loan to where it costs less.",
        .parameters =
            {
                {.name = "markets",
                    .kind = ParameterKind::contracts,
                    .default_value = "",
                    .unit = {},
                    .help = "Lending markets of both tokens, two or more.",
                    .contract_kind = LendingMarket::sector},
                {.name = "lenders",
                    .kind = ParameterKind::contracts,
                    .default_value = "[]",
                    .unit = {},
                    .help = "Who may lend the debt's token for the length of a transaction; none: "
                            "the markets.",
                    .contract_kind = LendingMarket::sector},
                {"collateral", ParameterKind::token, "", {}, "What secures its debt."},
                {"debt", ParameterKind::token, "", {}, "What it borrows."},
                {"open_within", ParameterKind::duration, "\"1h\"", {},
                    "It looks for the first time within this span from the start, and borrows "
                    "unless it owes something already.",
                    0},
                {"supply_share", ParameterKind::distribution, "1", {},
                    "Share of its collateral that secures a new debt.", 0, 1},
                {"loan_to_value", ParameterKind::distribution, "{ uniform = [0.3, 0.6] }", {},
                    "What a new debt is of its collateral's value; no more than the market lends.",
                    0, 1},
                {"interval", ParameterKind::distribution, "{ log_normal = [10.9, 0.8] }",
                    unit::seconds,
                    "Mean time between a wallet's looks at the markets: the group looks once per "
                    "wallet and mean of these.",
                    1},
                {"inertia", ParameterKind::distribution, "{ uniform = [0.005, 0.03] }",
                    unit::per_year,
                    "How much less another market must cost, after what moving costs.", 0, 1e6},
                {"horizon", ParameterKind::distribution,
                    "{ exponential = [2_592_000], min = 3_600 }", unit::seconds,
                    "Over this time it spreads what moving costs.", 1, 1e9},
                {"flash", ParameterKind::distribution, "1", {},
                    "From 0.5 on it moves in one transaction, by flash loan, where that can be "
                    "had.",
                    0, 1},
                fee_tolerance_parameter(),
                coin_parameter(),
            },
        .create = create_strategy<Refinancer>,
        .validate_in = check_markets};
    return type;
}

}  // namespace runnel::strategies
