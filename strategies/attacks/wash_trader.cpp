#include "contracts/kit/registration.hpp"
#include "contracts/kit/sectors/exchange.hpp"
#include "strategies/attacks/pair_desk.hpp"
#include "strategies/market/common.hpp"
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
    std::uint32_t trades = 0;  // So far.
    Refusals refusals;
    RUNNEL_FIELDS((interval_seconds, seconds), trades, refusals);
};

/// Wallets of one owner who buy and sell among themselves: what one buys is delivered to the next,
/// who sells it again and delivers the money to the one after. Volume without anybody's interest in
/// the tokens; the exchange's fees are what it costs.
class WashTrader : public StatefulStrategy<WalletState>
{
public:
    WashTrader(const Parameters& parameters, const WalletGroup& wallets)
      : groups_{wallets.groups},
        desk_{*wallets.world, parameters.contract("exchange"), parameters.token("money")},
        size_{parameters.distribution("size")},
        usual_size_{parameters.number("usual_size")},
        repeats_{parameters.number("repeats")},
        trades_max_{static_cast<std::uint32_t>(parameters.integer("trades"))},
        slippage_bps_{static_cast<std::uint32_t>(parameters.integer("slippage_bps"))},
        times_{wallets, "first_wash_trade"},
        money_decimals_{decimals_of(*wallets.world, desk_.token())},
        partners_{find_group(*groups_, wallets.name)}
    {
        draw_intervals(states_, wallets, parameters);
    }

    std::uint64_t first_block(std::size_t position) override
    {
        return times_.first_block(position, states_[position].interval_seconds);
    }

    std::uint64_t decide(std::size_t position, WalletContext& wallet) override
    {
        auto& state = states_[position];
        if (state.refusals.is_silent() || state.trades >= trades_max_ || partners_ == nullptr ||
            partners_->size() < 2 || !desk_.is_open())
            return never;
        const auto& view = wallet.view();
        auto& random = wallet.random();
        const auto next = times_.next_block(wallet, state.interval_seconds);
        // The same round size again and again, as bots do, or one of its own.
        const bool repeats = random.bernoulli(repeats_);
        const auto drawn = size_.draw(random);
        if (wallet.pending() > 0)
            return next;
        const auto goods = holding_of(view, desk_.other(), wallet.account());
        if (!goods.is_zero())
        {
            trade(wallet, desk_.other(), goods);  // What a partner has delivered.
            return next;
        }
        const auto held = holding_of(view, desk_.token(), wallet.account());
        const auto wanted = to_units(repeats ? usual_size_ : drawn, money_decimals_);
        if (!wanted.is_zero())
            trade(wallet, desk_.token(), std::min(wanted, held));
        return next;
    }

    bool learn(std::size_t position, const TransactionOutcome& outcome) override
    {
        auto& state = states_[position];
        state.refusals.count(outcome);
        if (outcome.kind == TransactionOutcome::Kind::succeeded && state.trades < trades_max_)
            ++state.trades;
        return false;
    }

private:
    [[nodiscard]] bool is_valid(const WalletState& state, const WalletState& born) const override
    {
        return state.interval_seconds == born.interval_seconds && state.trades <= trades_max_ &&
               state.refusals.is_possible();
    }

    /// The proceeds go to the next wallet.
    void trade(WalletContext& wallet, ContractId sold, const Amount& amount) const
    {
        const auto out = desk_.quote(sold, amount);
        if (out.is_zero())
            return;
        const auto partner = (*partners_)[(wallet.number() + 1) % partners_->size()];
        CallWriter calls;
        desk_.add_swap(calls, wallet, sold, amount, min_amount_out(out, slippage_bps_), partner);
        auto bid = wallet.habitual_bid();
        bid.extra_gas = desk_.extra_gas();
        // One scheme of one owner: whom its first wallet stands for.
        const auto owner = partners_->front();
        wallet.submit(std::move(calls), bid, 0,
            {Purpose::wash_trade, incident_of(owner, 0), no_contract, Amount{}, owner});
    }

    std::shared_ptr<const GroupAccounts> groups_;
    PairDesk desk_;  // Its token is money.
    Distribution size_;
    double usual_size_;
    double repeats_;
    std::uint32_t trades_max_;
    std::uint32_t slippage_bps_;
    RandomTimes times_;
    std::uint8_t money_decimals_;
    const std::vector<AccountId>* partners_;  // Of *groups_.
};

std::string check_exchange(const Parameters& parameters, const World& world)
{
    return check_pair(parameters, world, "money");
}

}  // namespace

const StrategyType& wash_trader_strategy()
{
    static const StrategyType type{.name = "wash_trader",
        .purpose = Purpose::wash_trade,
        .help = "Trades with the other wallets of its group, one owner's, for the look of volume.",
        .parameters =
            {
                contracts::contract_parameter(
                    "exchange", Exchange::sector, "Where: one of two tokens."),
                {"money", ParameterKind::token, "", {},
                    "The one that it counts in; the other one is what it pretends to trade."},
                {"interval", ParameterKind::distribution, "{ exponential = [600] }", unit::seconds,
                    "Mean time between a wallet's trades.", 1},
                {"size", ParameterKind::distribution, "{ log_normal = [6, 0.5] }",
                    unit::whole_tokens, "Of a purchase, in money.", 0},
                {"usual_size", ParameterKind::number, "500", unit::whole_tokens,
                    "The size that comes again and again.", 0, 1e12},
                {"repeats", ParameterKind::number, "0.5", {}, "Share of purchases of that size.", 0,
                    1},
                {"trades", ParameterKind::integer, "1_000_000", {},
                    "How many trades a wallet makes at most.", 0, 1'000'000'000},
                {"slippage_bps", ParameterKind::integer, "100", unit::bps,
                    "What it accepts below the quote.", 0, 10'000},
            },
        .create = create_strategy<WashTrader>,
        .validate_in = check_exchange};
    return type;
}

}  // namespace runnel::strategies
