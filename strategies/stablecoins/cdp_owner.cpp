#include "contracts/kit/registration.hpp"
#include "contracts/kit/sectors/debt_positions.hpp"
#include "contracts/kit/sectors/exchange.hpp"
#include "contracts/tokens/erc20/erc20.hpp"
#include "strategies/market/common.hpp"
#include "strategies/market/lending_market.hpp"
#include "strategies/strategies.hpp"

#include <algorithm>
#include <bit>

namespace runnel::strategies
{
namespace
{

using contracts::DebtAction;
using contracts::DebtChange;
using contracts::DebtPositions;
using contracts::DebtTerms;

struct WalletState
{
    bool has_opened = false;
    bool acts = false;
    bool tops_up = false;
    double lock_share = 1;
    double ratio = 0;
    double spend_share = 0;
    double act_below = 0;
    double restore_to = 0;
    std::int64_t monitor_ms = 0;
    std::int64_t reaction_ms = 0;
    std::uint64_t react_at = 0;  // Block; 0: not alarmed.
    std::uint64_t patience = 1;  // Multiplies the interval of monitoring.
    Refusals refusals;
    RUNNEL_FIELDS(has_opened, acts, tops_up, lock_share, ratio, spend_share, act_below, restore_to,
        (monitor_ms, milliseconds), (reaction_ms, milliseconds), (react_at, block_number), patience,
        refusals);
};

/// Locks collateral, draws the system's token against it up to a ratio of its choice, and then
/// either looks after its position or forgets it. With C collateral's worth at the lower of the
/// system's price and its feed's, D debt, R the ratio it wants back:
///
///     tops up      x = R * D - C        of the collateral that it has kept, or
///     repays       y = D - C / R        with what it holds, or buys for kept collateral
class CdpOwner : public StatefulStrategy<WalletState>
{
public:
    CdpOwner(const Parameters& parameters, const WalletGroup& wallets)
      : system_{parameters.contract("system")},
        desk_{*wallets.world, parameters.contract("router")},
        collateral_{parameters.token("collateral")},
        open_within_ms_{parameters.duration_ms("open_within")},
        slippage_{parameters.number("slippage")},
        urgency_{parameters.number("urgency")},
        costs_{parameters},
        groups_{wallets.groups},
        seed_{wallets.seed},
        stream_{wallets.stream},
        first_number_{wallets.first_number},
        slot_seconds_{wallets.slot_seconds}
    {
        for (const auto& [name, accounts] : *groups_)
        {
            if (name == parameters.text("spend_at"))
                shops_ = accounts;
        }
        static const auto acts_stream = stream_of_name("acts");
        static const auto tops_up_stream = stream_of_name("tops_up");
        states_.resize(wallets.accounts.size());
        for (std::size_t i = 0; i < states_.size(); ++i)
        {
            const auto number = first_number_ + static_cast<std::uint32_t>(i);
            const auto draw = [&](std::string_view name)
            { return wallets.draw(parameters.distribution(name), name, number); };
            auto& state = states_[i];
            state.lock_share = std::clamp(draw("lock_share"), 0.0, 1.0);
            state.ratio = parameters.number("ratio_floor") + draw("ratio_margin");
            state.spend_share = std::clamp(draw("spend_share"), 0.0, 1.0);
            state.monitor_ms = milliseconds(draw("monitor_every"));
            state.act_below = draw("act_below");
            state.restore_to = std::max(state.act_below, draw("restore_to"));
            state.reaction_ms = milliseconds(draw("reaction"));
            RandomStream acting{seed_, stream_ ^ acts_stream, number, 0};
            state.acts = acting.bernoulli(parameters.number("acts_share"));
            RandomStream topping{seed_, stream_ ^ tops_up_stream, number, 0};
            state.tops_up = topping.bernoulli(parameters.number("top_up_share"));
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
        const auto& system = view.state<DebtPositions>(system_);
        const auto number = number_of(system);
        if (!number)
            return never;
        if (!state.has_opened)
        {
            open(state, wallet, system, *number);
            return later;
        }
        return state.acts ? watch(state, wallet, system, *number, later) : never;
    }

    bool learn(std::size_t position, const TransactionOutcome& outcome) override
    {
        auto& state = states_[position];
        state.refusals.count(outcome);
        if (outcome.kind != TransactionOutcome::Kind::succeeded)
        {
            state.patience = std::min<std::uint64_t>(state.patience * 2, patience_max);
            return false;
        }
        state.patience = 1;
        state.has_opened = true;
        return true;
    }

private:
    [[nodiscard]] bool is_valid(const WalletState& state, const WalletState& born) const override
    {
        return state.acts == born.acts && state.tops_up == born.tops_up &&
               state.lock_share == born.lock_share && state.ratio == born.ratio &&
               state.spend_share == born.spend_share && state.act_below == born.act_below &&
               state.restore_to == born.restore_to && state.monitor_ms == born.monitor_ms &&
               state.reaction_ms == born.reaction_ms && std::has_single_bit(state.patience) &&
               state.patience <= patience_max && state.refusals.is_possible();
    }

    static constexpr std::uint64_t patience_max = 64;
    // Drawing exactly to the limit would fail by a rounding or a second's interest.
    static constexpr double ratio_room = 1.005;

    [[nodiscard]] static std::int64_t milliseconds(double seconds)
    {
        return static_cast<std::int64_t>(std::clamp(seconds, 1.0, 1e9) * 1000);
    }

    [[nodiscard]] std::optional<std::size_t> number_of(const DebtPositions& system) const
    {
        for (std::size_t i = 0; i < system.collateral_count(); ++i)
        {
            if (system.terms(i).collateral == collateral_)
                return i;
        }
        return std::nullopt;
    }
    /// What it goes by: the system's price, or its feed's where that has fallen below.
    [[nodiscard]] static Amount price_of(const DebtTerms& terms)
    {
        return std::min(terms.price, terms.feed_price);
    }
    [[nodiscard]] static double usd(
        const WorldView& view, const DebtPositions& system, const Amount& debt)
    {
        return reference_usd(view, system.debt_token(), debt);
    }

    void open(WalletState& state, WalletContext& wallet, const DebtPositions& system, std::size_t i)
    {
        const auto& view = wallet.view();
        const auto terms = system.terms(i);
        const auto locked =
            part_of(holding_of(view, collateral_, wallet.account()), state.lock_share);
        const auto worth = worth_of(terms, locked, price_of(terms));
        const auto ratio = std::max(state.ratio, terms.ratio_min.to_double() * 1e-18 * ratio_room);
        const auto drawn = part_of(worth, 1 / ratio);
        const auto gas = system.gas_of(DebtAction::change);
        if (drawn.is_zero() || drawn < terms.debt_min || drawn > terms.debt_room ||
            !costs_.worth_it(wallet, gas.total(), usd(view, system, drawn)))
        {
            state.patience = std::min<std::uint64_t>(state.patience * 2, patience_max);
            return;
        }
        const auto self = wallet.account();
        CallWriter calls;
        add_approval(calls, view, collateral_, self, system.collateral_spender(i), locked);
        DebtChange change;
        change.lock = locked;
        change.draw = drawn;
        system.add_change(calls, i, change, self);
        const auto spent = part_of(drawn, state.spend_share);
        if (!shops_.empty() && !spent.is_zero())
        {
            const auto shop = shops_[wallet.random().uniform_below(shops_.size())];
            if (shop != self)
                calls.add(system.debt_token(), contracts::Erc20Transfer{shop, spent});
        }
        auto bid = wallet.habitual_bid();
        bid.extra_gas = gas.extra;
        wallet.submit(std::move(calls), bid);
    }

    std::uint64_t watch(WalletState& state, WalletContext& wallet, const DebtPositions& system,
        std::size_t i, std::uint64_t later)
    {
        const auto& view = wallet.view();
        const auto position = system.position(i, wallet.account());
        const auto terms = system.terms(i);
        if (position.debt.is_zero())
        {
            // It was auctioned: what is left is his.
            return claim(wallet, system, i, terms) ? later : never;
        }
        const auto worth = worth_of(terms, position.collateral, price_of(terms)).to_double();
        if (worth >= position.debt.to_double() * state.act_below)
        {
            state.react_at = 0;
            return later;
        }
        if (state.react_at == 0)
            state.react_at = view.block_number + view.blocks_of_ms(state.reaction_ms);
        if (view.block_number < state.react_at)
            return state.react_at;
        rescue(state, wallet, system, i, worth);
        return later;
    }

    /// Returns whether there is anything that may be worth it later.
    bool claim(
        WalletContext& wallet, const DebtPositions& system, std::size_t i, const DebtTerms& terms)
    {
        const auto& view = wallet.view();
        const auto claims = system.claims(i, wallet.account());
        const auto worth = worth_of(terms, claims.collateral, price_of(terms));
        if (worth.is_zero())
        {
            for (const auto& auction : system.auctions(i, view.timestamp))
            {
                if (auction.owner == wallet.account())
                    return true;
            }
            return false;
        }
        const auto gas = system.gas_of(DebtAction::claim);
        if (!costs_.worth_it(wallet, gas.total(), usd(view, system, worth)))
            return true;
        CallWriter calls;
        system.add_claim(calls, i, claims, wallet.account());
        auto bid = wallet.habitual_bid();
        bid.extra_gas = gas.extra;
        wallet.submit(std::move(calls), bid);
        return true;
    }

    void rescue(WalletState& state, WalletContext& wallet, const DebtPositions& system,
        std::size_t i, double worth)
    {
        const auto& view = wallet.view();
        const auto self = wallet.account();
        const auto terms = system.terms(i);
        const auto debt = system.position(i, self).debt;
        const auto debt_token = system.debt_token();
        const auto kept = holding_of(view, collateral_, self);
        const auto missing = state.restore_to * debt.to_double() - worth;
        auto gas = system.gas_of(DebtAction::change);
        CallWriter calls;
        DebtChange change;
        if (state.tops_up)
        {
            const auto price = price_of(terms).to_double();
            if (!(price > 0))
                return;
            change.lock =
                std::min(kept, Amount::from_double(missing / price * terms.unit.to_double()));
        }
        if (change.lock.is_zero())
        {
            const auto owed_more = Amount::from_double(missing / state.restore_to);
            auto held = holding_of(view, debt_token, self);
            if (held < owed_more && !kept.is_zero())
            {
                if (auto swap = purchase(view, debt_token, kept, wrapping_sub(owed_more, held)))
                {
                    const auto least = min_amount_out(
                        swap->amount_out, static_cast<std::uint32_t>(slippage_ * 5'000));
                    desk_.add_swap(calls, view, swap->route, swap->amount_in, least, self,
                        view.timestamp + order_lifetime);
                    gas += desk_.gas(swap->route);
                    held = wrapping_add(held, least);
                }
            }
            change.repay = repayment(debt, std::min(held, owed_more), held, terms.debt_min);
        }
        if ((change.lock.is_zero() && change.repay.is_zero()) ||
            !costs_.worth_it(wallet, gas.total(), usd(view, system, debt)))
            return;
        add_approval(calls, view, collateral_, self, system.collateral_spender(i), change.lock);
        add_approval(calls, view, debt_token, self, system.debt_spender(), change.repay);
        system.add_change(calls, i, change, self);
        auto bid = urgent_bid(wallet, urgency_);
        bid.extra_gas = gas.extra;
        wallet.submit(std::move(calls), bid);
    }

    /// All of the debt, or a part that leaves no less than the system takes; 0 if neither goes.
    [[nodiscard]] static Amount repayment(
        const Amount& debt, const Amount& wanted, const Amount& held, const Amount& debt_min)
    {
        const auto most = debt > debt_min ? wrapping_sub(debt, debt_min) : Amount{};
        if (wanted <= most)
            return wanted;
        return held >= debt ? debt : most;
    }

    /// About @p wanted of the token that is owed, for a part of @p kept.
    [[nodiscard]] std::optional<RouteSwap> purchase(
        const WorldView& view, ContractId debt_token, const Amount& kept, const Amount& wanted)
    {
        const auto price = reference_usd(view, collateral_);
        if (!(price > 0))
            return std::nullopt;
        const auto whole = to_whole(wanted, decimals_of(*view.world, debt_token)) *
                           reference_usd(view, debt_token) / price * (1 + slippage_ / 2);
        const auto paid = std::min(kept, to_units(whole, decimals_of(*view.world, collateral_)));
        return fair_swap(desk_, view, collateral_, debt_token, paid, slippage_);
    }

    ContractId system_;
    SwapDesk desk_;
    ContractId collateral_;
    std::int64_t open_within_ms_;
    double slippage_;
    double urgency_;
    GasCosts costs_;
    std::shared_ptr<const GroupAccounts> groups_;
    std::span<const AccountId> shops_;  // Of groups_.
    std::uint64_t seed_;
    std::uint64_t stream_;
    std::uint32_t first_number_;
    std::uint32_t slot_seconds_;
};

}  // namespace

const StrategyType& cdp_owner_strategy()
{
    static const StrategyType type{.name = "cdp_owner",
        .purpose = Purpose::lending,
        .help = "Draws a system's token against collateral; some owners look after the position.",
        .parameters =
            {
                contracts::contract_parameter(
                    "system", DebtPositions::sector, "Where it has its position."),
                contracts::contract_parameter(
                    "router", contracts::Venue::sector, "Through which it buys what it owes."),
                {"collateral", ParameterKind::token, "", {}, "What it locks."},
                {"open_within", ParameterKind::duration, "\"1h\"", {},
                    "It opens its position some time within this span from the start.", 0},
                {"lock_share", ParameterKind::distribution, "0.8", {},
                    "Share of its collateral tokens that it locks; the rest is for later.", 0, 1},
                {"ratio_floor", ParameterKind::number, "1.6", {},
                    "The lowest ratio of collateral to debt at which anybody starts; the system's "
                    "own is another floor.",
                    1, 100},
                {"ratio_margin", ParameterKind::distribution, "{ log_normal = [0.0, 0.8] }", {},
                    "By how much its first ratio exceeds the floor.", 0, 1e6},
                {"spend_at", ParameterKind::text, "\"\"", {},
                    "Name of the group it spends what it has drawn at; empty: it keeps it."},
                {"spend_share", ParameterKind::distribution, "0.9", {},
                    "Share of what it has drawn that it spends at once.", 0, 1},
                {"acts_share", ParameterKind::number, "0.5", {},
                    "Share of owners who act at all when their position gets worse.", 0, 1},
                {"top_up_share", ParameterKind::number, "0.5", {},
                    "Share of those who lock more while they have any; the others repay, and buy "
                    "what they lack for collateral that they have kept.",
                    0, 1},
                {"monitor_every", ParameterKind::distribution, "{ log_normal = [6.4, 0.8] }",
                    unit::seconds, "Time between two looks at its position.", 1, 1e9},
                {"act_below", ParameterKind::distribution, "{ uniform = [1.7, 2.2] }", {},
                    "The ratio that alarms it.", 1, 1e6},
                {"restore_to", ParameterKind::distribution, "{ uniform = [2.0, 3.0] }", {},
                    "The ratio it then wants; at least the one that alarms it.", 1, 1e6},
                {"reaction", ParameterKind::distribution, "{ log_normal = [7.5, 1.0] }",
                    unit::seconds, "Time from the alarm to the transaction.", 0, 1e9},
                {"slippage", ParameterKind::number, "0.03", {},
                    "The worst price it buys at, below the reference price.", 0, 0.5},
                {"urgency", ParameterKind::number, "3", {},
                    "Multiplies its habitual tip when its position is in danger.", 0, 1000},
                fee_tolerance_parameter(),
                coin_parameter(),
            },
        .create = create_strategy<CdpOwner>};
    return type;
}

}  // namespace runnel::strategies
