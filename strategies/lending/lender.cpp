#include "contracts/kit/registration.hpp"
#include "strategies/market/common.hpp"
#include "strategies/market/lending_market.hpp"
#include "strategies/strategies.hpp"

#include <algorithm>

namespace runnel::strategies
{
namespace
{

using contracts::LendingAction;
using contracts::LendingMarket;
using contracts::LendingReserveInfo;

struct WalletState
{
    double interval_seconds = 0;
    double supply_share = 1;
    double run_utilization = 1;
    double run_price_fall = 1;
    double caution = 1;  // Share of the market's cash it dares to ask for.
    bool entered = false;
    double rate_wanted = 0;  // Per year, for which it forgets its fears.
    Refusals refusals;
    std::vector<double> highest;  // USD, of each watched token.
    RUNNEL_FIELDS((interval_seconds, seconds), supply_share, run_utilization, run_price_fall,
        caution, entered, (rate_wanted, per_year), refusals, (highest, usd));
};

/// Supplies a token for interest. It looks at the market at random times; what frightens it is a
/// market that is nearly lent out, or a fall of the prices it watches: then it takes out what it
/// can. Frightened lenders make the next ones' fear come true, until the rate is high enough for
/// those who have money to come back.
class Lender : public StatefulStrategy<WalletState>
{
public:
    Lender(const Parameters& parameters, const WalletGroup& wallets)
      : pool_{parameters.contract("pool")},
        token_{parameters.token("token")},
        watched_{parameters.contracts("watch")},
        enter_within_ms_{parameters.duration_ms("enter_within")},
        withdraw_probability_{parameters.number("withdraw_probability")},
        withdraw_share_{parameters.distribution("withdraw_share")},
        return_probability_{parameters.number("return_probability")},
        costs_{parameters},
        seed_{wallets.seed},
        stream_{wallets.stream},
        first_number_{wallets.first_number},
        slot_seconds_{wallets.slot_seconds}
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
            state.supply_share = std::clamp(draw("supply_share"), 0.0, 1.0);
            state.run_utilization = draw("run_utilization");
            state.run_price_fall = draw("run_price_fall");
            state.rate_wanted = draw("rate_wanted");
            state.highest.assign(watched_.size(), 0);
        }
    }

    std::uint64_t first_block(std::size_t position) override
    {
        static const auto stream = stream_of_name("first_supply");
        RandomStream random{seed_, stream_ ^ stream, first_number_ + position, 0};
        return block_within(random, enter_within_ms_, slot_seconds_);
    }

    std::uint64_t decide(std::size_t position, WalletContext& wallet) override
    {
        auto& state = states_[position];
        if (state.refusals.is_silent())
            return never;
        const auto& view = wallet.view();
        auto& random = wallet.random();
        const auto next =
            view.block_number + blocks_until_next(random, state.interval_seconds, slot_seconds_);
        const auto& market = view.state<LendingMarket>(pool_);
        const auto reserve = market.find_reserve(token_);
        if (!reserve || wallet.pending() > 0)
            return next;
        const auto& now = markets_.at(market, view.timestamp);
        const auto owned = now.holding(wallet.account(), *reserve).supplied;
        const auto rate = now.reserve(*reserve).supply_rate.to_double() * 1e-27;
        const bool attracted = rate >= state.rate_wanted;
        const bool afraid = is_afraid(state, view, now.reserve(*reserve)) && !attracted;
        // Draws come first and always, so that one decision does not shift the next one's numbers.
        const bool wants_out = random.bernoulli(withdraw_probability_);
        const bool wants_in = !state.entered || random.bernoulli(return_probability_);
        const auto part = std::clamp(withdraw_share_.draw(random), 0.0, 1.0);

        if (!owned.is_zero() && (afraid || (wants_out && !attracted)))
        {
            const bool sent = withdraw(state, wallet, market, *reserve, owned, afraid ? 1 : part);
            // Whoever is afraid and could not get everything out keeps trying.
            return afraid && (!sent || state.caution < 1)
                       ? view.block_number + 1 + (next - view.block_number) / hurry
                       : next;
        }
        if (!afraid && (wants_in || attracted))
            supply(state, wallet, market, *reserve, attracted ? 1 : state.supply_share);
        return next;
    }

    bool learn(std::size_t position, const TransactionOutcome& outcome) override
    {
        auto& state = states_[position];
        state.refusals.count(outcome);
        if (outcome.tag != withdrawal)
        {
            // A supply that failed or never got in is tried again at the next look.
            if (outcome.kind != TransactionOutcome::Kind::succeeded)
                state.entered = false;
            return false;
        }
        // Others were faster and took the cash: ask for less next time.
        if (outcome.kind == TransactionOutcome::Kind::reverted)
            state.caution = std::max(caution_min, state.caution / 2);
        else if (outcome.kind == TransactionOutcome::Kind::succeeded)
            state.caution = std::min(1.0, state.caution * 2);
        return false;
    }

private:
    [[nodiscard]] bool is_valid(const WalletState& state, const WalletState& born) const override
    {
        return state.interval_seconds == born.interval_seconds &&
               state.supply_share == born.supply_share &&
               state.run_utilization == born.run_utilization &&
               state.run_price_fall == born.run_price_fall && state.caution >= caution_min &&
               state.caution <= 1 && state.rate_wanted == born.rate_wanted &&
               state.refusals.is_possible() && state.highest.size() == watched_.size() &&
               std::all_of(state.highest.begin(), state.highest.end(),
                   [](double price) { return price >= 0 && price <= price_max; });
    }

    static constexpr std::uint64_t withdrawal = 1;
    static constexpr double caution_min = 1.0 / 64;
    static constexpr double price_max = 1e30;  // USD.
    static constexpr std::uint64_t hurry = 8;  // The afraid look this much more often.

    [[nodiscard]] bool is_afraid(
        WalletState& state, const WorldView& view, const LendingReserveInfo& reserve) const
    {
        bool afraid = false;
        for (std::size_t i = 0; i < watched_.size(); ++i)
        {
            const auto price = reference_usd(view, watched_[i]);
            state.highest[i] = std::max(state.highest[i], price);
            afraid = afraid || price < state.highest[i] * (1 - state.run_price_fall);
        }
        const auto debt = reserve.total_debt.to_double();
        const auto cash = reserve.cash.to_double();
        return afraid || (debt > 0 && debt > (debt + cash) * state.run_utilization);
    }

    bool withdraw(const WalletState& state, WalletContext& wallet, const LendingMarket& market,
        std::size_t reserve, const Amount& owned, double share)
    {
        const auto& cash = markets_.at(market, wallet.view().timestamp).reserve(reserve).cash;
        const auto decimals = decimals_of(*wallet.view().world, token_);
        const auto wanted = to_whole(owned, decimals) * share;
        const auto reachable = to_whole(cash, decimals) * state.caution;
        const auto whole = std::min(wanted, reachable);
        auto amount = to_units(whole, decimals);
        if (share >= 1 && amount >= to_units(to_whole(owned, decimals), decimals))
            amount = Amount::max();  // All of it, interest to the block included.
        if (amount.is_zero() ||
            !costs_.worth_it(
                wallet, market.gas_of(LendingAction::withdraw).total(), whole * usd(wallet.view())))
            return false;
        CallWriter calls;
        market.add_withdraw(calls, reserve, amount, wallet.account());
        auto bid = wallet.habitual_bid();
        bid.extra_gas = market.gas_of(LendingAction::withdraw).extra;
        wallet.submit(std::move(calls), bid, withdrawal);
        return true;
    }

    void supply(WalletState& state, WalletContext& wallet, const LendingMarket& market,
        std::size_t reserve, double share)
    {
        const auto& view = wallet.view();
        const auto decimals = decimals_of(*view.world, token_);
        const auto held = holding_of(view, token_, wallet.account());
        const auto room = markets_.at(market, view.timestamp).reserve(reserve).supply_room;
        const auto amount = std::min(part_of(held, share), room);
        const auto whole = to_whole(amount, decimals);
        const auto gas = market.gas_of(LendingAction::supply);
        if (amount.is_zero() || !costs_.worth_it(wallet, gas.total(), whole * usd(view)))
            return;
        CallWriter calls;
        add_approval(calls, view, token_, wallet.account(), market.spender_of(reserve), amount);
        market.add_supply(calls, reserve, amount, wallet.account());
        auto bid = wallet.habitual_bid();
        bid.extra_gas = gas.extra;
        wallet.submit(std::move(calls), bid);
        state.entered = true;
    }

    /// USD per whole token; 1 for a token without a reference price.
    [[nodiscard]] double usd(const WorldView& view) const { return presumed_usd(view, token_); }

    ContractId pool_;
    ContractId token_;
    std::vector<ContractId> watched_;
    std::int64_t enter_within_ms_;
    double withdraw_probability_;
    Distribution withdraw_share_;
    double return_probability_;
    GasCosts costs_;
    std::uint64_t seed_;
    std::uint64_t stream_;
    std::uint32_t first_number_;
    std::uint32_t slot_seconds_;
    MarketCache markets_;
};

}  // namespace

const StrategyType& lender_strategy()
{
    static const StrategyType type{.name = "lender",
        .purpose = Purpose::lending,
        .help = "Supplies a token to a lending pool, and takes it out part by part or in fear.",
        .parameters =
            {
                contracts::contract_parameter("pool", LendingMarket::sector, "Where it lends."),
                {"token", ParameterKind::token, "", {}, "What it lends."},
                {"watch", ParameterKind::tokens, "[]", {},
                    "Tokens whose falling prices frighten it."},
                {"enter_within", ParameterKind::duration, "\"1h\"", {},
                    "Its first supply comes some time within this span from the start.", 0},
                {"interval", ParameterKind::distribution, "{ log_normal = [8.9, 0.7] }",
                    unit::seconds,
                    "Mean time between a wallet's looks at the market: the group looks once per "
                    "wallet and mean of these.",
                    1},
                {"supply_share", ParameterKind::distribution, "{ uniform = [0.5, 1.0] }", {},
                    "Share of what it holds that a supply takes.", 0, 1},
                {"withdraw_probability", ParameterKind::number, "0.03", unit::other("per look"),
                    "That it takes part of its supply out for reasons of its own.", 0, 1},
                {"withdraw_share", ParameterKind::distribution, "{ uniform = [0.1, 0.6] }", {},
                    "The part it withdraws, drawn each time.", 0, 1},
                {"return_probability", ParameterKind::number, "0.1", unit::other("per look"),
                    "That it supplies again what it holds, unless it is afraid.", 0, 1},
                {"run_utilization", ParameterKind::distribution,
                    "{ normal = [0.96, 0.03], max = 1 }", {},
                    "The share of the market that is lent out above which it is afraid.", 0, 1},
                {"run_price_fall", ParameterKind::distribution,
                    "{ normal = [0.4, 0.15], min = 0.1, max = 1 }", {},
                    "The fall of a watched price from its highest above which it is afraid.", 0, 1},
                {"rate_wanted", ParameterKind::distribution, "{ log_normal = [-2.3, 0.5] }",
                    unit::per_year,
                    "At this yearly rate or above it supplies all it holds and takes nothing out, "
                    "whatever frightens it.",
                    0, 1e6},
                fee_tolerance_parameter(),
                coin_parameter(),
            },
        .create = create_strategy<Lender>};
    return type;
}

}  // namespace runnel::strategies
