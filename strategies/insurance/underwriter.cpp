#include "contracts/kit/registration.hpp"
#include "contracts/kit/sectors/insurance.hpp"
#include "strategies/market/common.hpp"
#include "strategies/market/lending_market.hpp"
#include "strategies/strategies.hpp"

#include <algorithm>
#include <vector>

namespace runnel::strategies
{
namespace
{

using contracts::CoverPool;

struct WalletState
{
    double interval_seconds = 0;
    double supply_share = 1;
    double target = 0;         // Yearly, on what it supplies.
    double expected_loss = 0;  // Yearly, of what is covered.
    double use_expected = 0;
    double use_max = 1;
    double risk_fall = 1;
    std::uint64_t since = 0;  // Block of its deposit; 0: it has none.
    bool is_leaving = false;
    Refusals refusals;
    std::vector<double> highest;  // USD, of each watched token since it came.
    RUNNEL_FIELDS((interval_seconds, seconds), supply_share, (target, per_year),
        (expected_loss, per_year), use_expected, use_max, risk_fall, (since, block_number),
        is_leaving, refusals, (highest, usd));
};

/// Puts capital behind covers where the premium, after the losses that it expects, earns what it
/// wants, and gives notice when it no longer does, when too much is covered, or when what is
/// covered has become riskier.
class Underwriter : public StatefulStrategy<WalletState>
{
public:
    Underwriter(const Parameters& parameters, const WalletGroup& wallets)
      : pool_{parameters.contract("pool")},
        watched_{parameters.contracts("watch")},
        patience_ms_{parameters.duration_ms("patience")},
        enter_within_ms_{parameters.duration_ms("enter_within")},
        costs_{parameters},
        times_{wallets, "first_deposit"},
        slot_seconds_{wallets.slot_seconds}
    {
        draw_intervals(states_, wallets, parameters);
        for (std::size_t i = 0; i < states_.size(); ++i)
        {
            const WalletDraws draw{parameters, wallets, i};
            auto& state = states_[i];
            state.supply_share = draw.share("supply_share");
            state.target = draw("target");
            state.expected_loss = draw("expected_loss");
            state.use_expected = draw.share("use_expected");
            state.use_max = draw("use_max");
            state.risk_fall = draw("risk_fall");
            state.highest.assign(watched_.size(), 0);
        }
    }

    std::uint64_t first_block(std::size_t position) override
    {
        return times_.first_block_within(position, enter_within_ms_);
    }

    std::uint64_t decide(std::size_t position, WalletContext& wallet) override
    {
        auto& state = states_[position];
        if (state.refusals.is_silent())
            return never;
        const auto& view = wallet.view();
        const auto next = times_.next_block(wallet, state.interval_seconds);
        const auto& pool = view.state<CoverPool>(pool_);
        const bool is_riskier = watch_prices(state, view);
        // While an incident is open nobody comes and nobody leaves.
        if (wallet.pending() > 0 || pool.open_incidents() > 0)
            return next;
        const auto request = pool.withdrawal_request(wallet.account());
        if (!request.shares.is_zero())
            return take_out(wallet, pool, request, next);
        const auto shares = pool.share_balance(wallet.account());
        if (shares.is_zero())
        {
            // Who has left for a risk stays away while it lasts.
            if (!state.is_leaving || !is_riskier)
                supply(state, wallet, pool);
            return next;
        }
        if (is_riskier || wants_out(state, view, pool))
        {
            CallWriter calls;
            pool.add_request_withdrawal(calls, shares);
            send(wallet, pool, std::move(calls));
            state.is_leaving = true;
        }
        return next;
    }

    bool learn(std::size_t position, const TransactionOutcome& outcome) override
    {
        states_[position].refusals.count(outcome);
        return false;
    }

private:
    static constexpr double price_max = 1e60;
    static constexpr std::uint64_t move_gas = 180'000;  // With the approval.

    [[nodiscard]] bool is_valid(const WalletState& state, const WalletState& born) const override
    {
        return state.interval_seconds == born.interval_seconds &&
               state.supply_share == born.supply_share && state.target == born.target &&
               state.expected_loss == born.expected_loss &&
               state.use_expected == born.use_expected && state.use_max == born.use_max &&
               state.risk_fall == born.risk_fall && state.refusals.is_possible() &&
               state.highest.size() == watched_.size() &&
               std::all_of(state.highest.begin(), state.highest.end(),
                   [](double price) { return price >= 0 && price <= price_max; });
    }

    /// Whether a watched price is too far below the highest since it came.
    bool watch_prices(WalletState& state, const WorldView& view) const
    {
        bool has_fallen = false;
        for (std::size_t i = 0; i < watched_.size(); ++i)
        {
            const auto price = std::min(reference_usd(view, watched_[i]), price_max);
            auto& highest = state.highest[i];
            highest = std::max(highest, price);
            has_fallen = has_fallen || price < highest * (1 - state.risk_fall);
        }
        return has_fallen;
    }

    /// What it expects to earn a year on capital of which @p use, of what it allows, is covered.
    [[nodiscard]] static double expected_return(
        const WalletState& state, const CoverPool& pool, double use)
    {
        const auto rate = pool.mean_premium_rate(Amount::from_double(use * 1e18));
        return pool.cover_limit().to_double() * 1e-18 * use *
               (rate.to_double() * 1e-18 - state.expected_loss);
    }

    [[nodiscard]] static double use_of(const CoverPool& pool, std::uint64_t at, double more_capital)
    {
        const auto capital = pool.capital(at).to_double() + more_capital;
        const auto most = capital * pool.cover_limit().to_double() * 1e-18;
        return most > 0 ? std::min(1.0, pool.active_cover(at).to_double() / most) : 0;
    }

    /// Whether moving so much in or out is worth the fee.
    [[nodiscard]] bool is_worth(
        const WalletContext& wallet, const CoverPool& pool, const Amount& assets) const
    {
        const auto& view = wallet.view();
        return costs_.worth_it(wallet, move_gas, presumed_usd(view, pool.asset(), assets));
    }

    void supply(WalletState& state, WalletContext& wallet, const CoverPool& pool) const
    {
        const auto& view = wallet.view();
        const auto held = holding_of(view, pool.asset(), wallet.account());
        const auto assets = part_of(held, state.supply_share);
        if (assets.is_zero() || !is_worth(wallet, pool, assets))
            return;
        // What has been sold so far, if that is more than it expects to be sold.
        const auto use =
            std::max(use_of(pool, view.timestamp, assets.to_double()), state.use_expected);
        if (use > state.use_max || expected_return(state, pool, use) < state.target)
            return;
        CallWriter calls;
        add_approval(
            calls, view, pool.asset(), wallet.account(), pool.contract().account(), assets);
        pool.add_deposit(calls, assets);
        send(wallet, pool, std::move(calls));
        state.since = view.block_number;
        state.is_leaving = false;
        for (std::size_t i = 0; i < watched_.size(); ++i)
            state.highest[i] = std::min(reference_usd(view, watched_[i]), price_max);
    }

    [[nodiscard]] bool wants_out(
        const WalletState& state, const WorldView& view, const CoverPool& pool) const
    {
        const auto at = view.timestamp;
        if (use_of(pool, at, 0) > state.use_max)
            return true;
        if (view.block_number < state.since + view.blocks_of_ms(patience_ms_))
            return false;
        const auto capital = pool.capital(at).to_double();
        const auto earned = pool.yearly_premiums(at).to_double() -
                            state.expected_loss * pool.active_cover(at).to_double();
        return capital <= 0 || earned / capital < state.target;
    }

    /// Takes out what was requested, once it may and as far as it may.
    std::uint64_t take_out(WalletContext& wallet, const CoverPool& pool,
        const contracts::WithdrawalRequest& request, std::uint64_t next) const
    {
        const auto& view = wallet.view();
        const auto at = view.timestamp;
        if (at < request.ready_at)
        {
            const auto slots = (request.ready_at - at + slot_seconds_ - 1) / slot_seconds_;
            return view.block_number + slots;
        }
        CallWriter calls;
        if (at >= request.until)
            pool.add_request_withdrawal(calls, 0);
        else
        {
            const auto capital = pool.capital(at);
            const auto required = pool.required_capital(at);
            if (capital <= required)
                return next;
            const auto free =
                mul_div_down(wrapping_sub(capital, required), pool.share_supply(), capital).value;
            const auto shares = std::min(request.shares, free);
            const auto assets = mul_div_down(shares, capital, pool.share_supply()).value;
            if (shares.is_zero() || !is_worth(wallet, pool, assets))
                return next;
            pool.add_withdraw(calls, shares);
        }
        send(wallet, pool, std::move(calls));
        return next;
    }

    static void send(WalletContext& wallet, const CoverPool& pool, CallWriter calls)
    {
        auto bid = wallet.habitual_bid();
        bid.extra_gas = pool.extra_gas(wallet.view().timestamp);
        wallet.submit(std::move(calls), bid);
    }

    ContractId pool_;
    std::vector<ContractId> watched_;
    std::int64_t patience_ms_;
    std::int64_t enter_within_ms_;
    GasCosts costs_;
    RandomTimes times_;
    std::uint32_t slot_seconds_;
};

}  // namespace

const StrategyType& underwriter_strategy()
{
    static const StrategyType type{.name = "underwriter",
        .purpose = Purpose::insurance,
        .help =
            "Puts capital behind covers where premiums pay for the losses it expects, and more.",
        .parameters =
            {
                contracts::contract_parameter("pool", CoverPool::sector, "Where its capital goes."),
                {"enter_within", ParameterKind::duration, "\"24h\"", {},
                    "It first looks some time within this span from the start.", 0},
                {"interval", ParameterKind::distribution, "{ log_normal = [9.5, 0.7] }",
                    unit::seconds,
                    "Mean time between a wallet's looks at the pool: the group looks once per "
                    "wallet and mean of these.",
                    1},
                {"supply_share", ParameterKind::distribution, "{ uniform = [0.5, 1.0] }", {},
                    "Share of what it holds that it supplies.", 0, 1},
                {"target", ParameterKind::distribution, "{ log_normal = [-4, 0.5] }",
                    unit::per_year, "What it wants to earn on its capital, after losses.", 0, 100},
                {"expected_loss", ParameterKind::distribution, "{ log_normal = [-4.6, 0.5] }",
                    unit::per_year, "What it expects covers to lose, of what they cover.", 0, 100},
                {"use_expected", ParameterKind::distribution, "{ uniform = [0.5, 0.8] }", {},
                    "How much of what its capital allows it expects to be sold.", 0, 1},
                {"use_max", ParameterKind::distribution, "{ uniform = [0.9, 1.1] }", {},
                    "Above it, it has too much at risk and gives notice.", 0, 10},
                {"patience", ParameterKind::duration, "\"30d\"", {},
                    "How long after its deposit it asks what is really earned.", 0},
                {.name = "watch",
                    .kind = ParameterKind::tokens,
                    .default_value = "[]",
                    .unit = {},
                    .help = "Tokens whose fall makes what is covered riskier."},
                {"risk_fall", ParameterKind::distribution, "{ uniform = [0.2, 0.5] }", {},
                    "The fall of one of them since it came at which it gives notice.", 0, 1},
                fee_tolerance_parameter(),
                coin_parameter(),
            },
        .create = create_strategy<Underwriter>};
    return type;
}

}  // namespace runnel::strategies
