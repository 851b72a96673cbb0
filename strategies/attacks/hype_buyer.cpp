#include "contracts/kit/registration.hpp"
#include "contracts/kit/sectors/exchange.hpp"
#include "strategies/attacks/pair_desk.hpp"
#include "strategies/market/common.hpp"
#include "strategies/market/lending_market.hpp"
#include "strategies/strategies.hpp"

#include <algorithm>

namespace runnel::strategies
{
namespace
{

using contracts::Exchange;

struct WalletState
{
    double interval_seconds = 0;
    double spend_share = 0;
    double exit_multiple = 0;
    double last_price = 0;  // Money per token, smallest units, at its last look.
    double paid_price = 0;  // 0: it has not bought.
    bool is_out = false;    // It has sold, or lost heart.
    Refusals refusals;
    RUNNEL_FIELDS((interval_seconds, seconds), spend_share, exit_multiple, last_price, paid_price,
        is_out, refusals);
};

/// Buys a token because its price rises, once, and sells it at a multiple of what it paid. It does
/// not ask who owns the token or the pool.
class HypeBuyer : public StatefulStrategy<WalletState>
{
public:
    HypeBuyer(const Parameters& parameters, const WalletGroup& wallets)
      : desk_{*wallets.world, parameters.contract("exchange"), parameters.token("token")},
        buys_{parameters.number("buys")},
        follows_{parameters.number("follows")},
        slippage_bps_{static_cast<std::uint32_t>(parameters.integer("slippage_bps"))},
        costs_{parameters},
        times_{wallets, "first_look"}
    {
        draw_intervals(states_, wallets, parameters);
        for (std::size_t i = 0; i < states_.size(); ++i)
        {
            const WalletDraws draw{parameters, wallets, i};
            states_[i].spend_share = draw.share("spend_share");
            states_[i].exit_multiple = draw("exit_multiple");
        }
    }

    std::uint64_t first_block(std::size_t position) override
    {
        return times_.first_block(position, states_[position].interval_seconds);
    }

    std::uint64_t decide(std::size_t position, WalletContext& wallet) override
    {
        auto& state = states_[position];
        if (state.is_out || state.refusals.is_silent() || !desk_.is_open())
            return never;
        const auto& view = wallet.view();
        const auto next = times_.next_block(wallet, state.interval_seconds);
        const auto mood = wallet.random().uniform_double();
        if (wallet.pending() > 0)
            return next;
        const auto price =
            std::clamp(desk_.exchange().spot_price(desk_.token(), desk_.other()), 0.0, price_max);
        const auto rise =
            state.last_price > 0 ? std::clamp(price / state.last_price - 1, 0.0, 1.0) : 0.0;
        state.last_price = price;
        if (!(price > 0))
            return next;
        const auto held = holding_of(view, desk_.token(), wallet.account());
        if (state.paid_price > 0 && !held.is_zero())
        {
            if (price >= state.paid_price * state.exit_multiple)
                trade(wallet, desk_.token(), held, sell_tag);
            return next;
        }
        if (mood < std::min(1.0, buys_ + follows_ * rise))
        {
            const auto money = holding_of(view, desk_.other(), wallet.account());
            if (trade(wallet, desk_.other(), part_of(money, state.spend_share), buy_tag))
                state.paid_price = price;
        }
        return next;
    }

    bool learn(std::size_t position, const TransactionOutcome& outcome) override
    {
        auto& state = states_[position];
        state.refusals.count(outcome);
        if (outcome.kind == TransactionOutcome::Kind::succeeded)
            state.is_out = state.is_out || outcome.tag == sell_tag;
        else if (outcome.tag == buy_tag)
            state.paid_price = 0;
        return false;
    }

private:
    static constexpr double price_max = 1e60;
    static constexpr std::uint64_t buy_tag = 1;
    static constexpr std::uint64_t sell_tag = 2;

    [[nodiscard]] bool is_valid(const WalletState& state, const WalletState& born) const override
    {
        const auto is_price = [](double price) { return price >= 0 && price <= price_max; };
        return state.interval_seconds == born.interval_seconds &&
               state.spend_share == born.spend_share && state.exit_multiple == born.exit_multiple &&
               is_price(state.last_price) && is_price(state.paid_price) &&
               state.refusals.is_possible();
    }

    bool trade(
        WalletContext& wallet, ContractId sold, const Amount& amount, std::uint64_t tag) const
    {
        const auto out = desk_.quote(sold, amount);
        if (out.is_zero())
            return false;
        const auto money = desk_.other();
        const auto usd = reference_usd(wallet.view(), money, sold == money ? amount : out);
        if (!costs_.worth_it(wallet, desk_.gas(), usd))
            return false;
        CallWriter calls;
        desk_.add_swap(
            calls, wallet, sold, amount, min_amount_out(out, slippage_bps_), wallet.account());
        auto bid = wallet.habitual_bid();
        bid.extra_gas = desk_.extra_gas();
        wallet.submit(std::move(calls), bid, tag);
        return true;
    }

    PairDesk desk_;
    double buys_;
    double follows_;
    std::uint32_t slippage_bps_;
    GasCosts costs_;
    RandomTimes times_;
};

std::string check_exchange(const Parameters& parameters, const World& world)
{
    return check_pair(parameters, world, "token");
}

}  // namespace

const StrategyType& hype_buyer_strategy()
{
    static const StrategyType type{.name = "hype_buyer",
        .purpose = Purpose::trade,
        .help = "Buys a token because its price rises, and sells it at a multiple of what it paid.",
        .parameters =
            {
                contracts::contract_parameter(
                    "exchange", Exchange::sector, "The pool of the token and money."),
                {"token", ParameterKind::token, "", {}, "What it buys."},
                {"interval", ParameterKind::distribution, "{ log_normal = [9.5, 0.8] }",
                    unit::seconds, "Mean time between a wallet's looks at the price.", 1},
                {"buys", ParameterKind::number, "0.03", unit::other("per look"),
                    "That it buys for no reason that others see.", 0, 1},
                {"follows", ParameterKind::number, "2", unit::other("per look and rise"),
                    "How much likelier for each part that the price has risen since its last look.",
                    0, 1e6},
                {"spend_share", ParameterKind::distribution, "{ uniform = [0.2, 0.9] }", {},
                    "The part of its money that it spends.", 0, 1},
                {"exit_multiple", ParameterKind::distribution, "{ uniform = [2, 10] }", {},
                    "At how many times what it paid it sells.", 1},
                {"slippage_bps", ParameterKind::integer, "500", unit::bps,
                    "What it accepts below the quote.", 0, 10'000},
                fee_tolerance_parameter(),
                coin_parameter(),
            },
        .create = create_strategy<HypeBuyer>,
        .validate_in = check_exchange};
    return type;
}

}  // namespace runnel::strategies
