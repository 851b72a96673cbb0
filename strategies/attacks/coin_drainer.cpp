#include "contracts/kit/registration.hpp"
#include "contracts/kit/sectors/coin_withdrawal.hpp"
#include "contracts/kit/sectors/lending.hpp"
#include "contracts/tokens/native/native_coin.hpp"
#include "strategies/attacks/raid.hpp"
#include "strategies/strategies.hpp"

#include <algorithm>

namespace runnel::strategies
{
namespace
{

using contracts::CoinWithdrawal;
using contracts::LendingAction;
using contracts::LendingMarket;

enum class Phase : std::uint8_t
{
    looking,   // For a market that is worth it.
    supplied,  // Has a claim, and code that asks for it again.
    beaten,    // The market has refused: it takes its own money back.
    done,
};

struct WalletState
{
    Phase phase = Phase::looking;
    Amount claim;
    std::uint8_t strikes = 0;
    Refusals refusals;
    RUNNEL_FIELDS(phase, (claim, smallest_unit_of_its("wrapped coin")), strikes, refusals);
};

/// Supplies wrapped coins to a market, withdraws them as coins, and has the code that is called
/// when it is paid withdraw them again and again.
class CoinDrainer : public StatefulStrategy<WalletState>
{
public:
    CoinDrainer(const Parameters& parameters, const WalletGroup& wallets)
      : market_{dynamic_cast<const LendingMarket&>(
            wallets.world->contract(parameters.contract("market")))},
        coins_{dynamic_cast<const CoinWithdrawal&>(market_)},
        raid_{parameters, wallets},
        times_{static_cast<std::uint8_t>(parameters.integer("times"))},
        strikes_max_{static_cast<std::uint8_t>(parameters.integer("strikes"))}
    {
        states_.resize(wallets.accounts.size());
    }

    std::uint64_t first_block(std::size_t) override { return raid_.first_block(); }

    std::uint64_t decide(std::size_t position, WalletContext& wallet) override
    {
        auto& state = states_[position];
        const auto& view = wallet.view();
        if (state.phase == Phase::done || state.refusals.is_silent() ||
            coins_.wrapped() == no_contract)
            return never;
        const auto reserve = market_.find_reserve(coins_.wrapped());
        if (!reserve)
            return never;
        if (wallet.pending() > 0)
            return view.block_number + 1;
        switch (state.phase)
        {
            case Phase::looking: return supply(state, wallet, *reserve);
            case Phase::supplied: withdraw(state, wallet); break;
            case Phase::beaten: retreat(state, wallet, *reserve); break;
            case Phase::done: return never;
        }
        return view.block_number + 1;
    }

    bool learn(std::size_t position, const TransactionOutcome& outcome) override
    {
        auto& state = states_[position];
        state.refusals.count(outcome);
        const bool succeeded = outcome.kind == TransactionOutcome::Kind::succeeded;
        if (outcome.kind == TransactionOutcome::Kind::dropped)
            return true;
        switch (state.phase)
        {
            case Phase::looking:
                if (succeeded)
                    state.phase = Phase::supplied;
                break;
            case Phase::supplied:
                if (!succeeded)
                    state.phase = Phase::beaten;
                else
                    state.phase = ++state.strikes < strikes_max_ ? Phase::looking : Phase::done;
                break;
            case Phase::beaten:
                if (succeeded)
                    state.phase = Phase::done;
                break;
            case Phase::done: break;
        }
        return true;
    }

private:
    [[nodiscard]] bool is_valid(const WalletState& state, const WalletState&) const override
    {
        return state.phase <= Phase::done && state.strikes <= strikes_max_ &&
               state.refusals.is_possible();
    }

    /// Claims x of a market that has c besides: x for itself and times * x of c come out.
    std::uint64_t supply(WalletState& state, WalletContext& wallet, std::size_t reserve)
    {
        const auto& view = wallet.view();
        const auto cash = market_.view_at(view.timestamp)->reserve(reserve).cash;
        const auto token = coins_.wrapped();
        state.claim = std::min(holding_of(view, token, wallet.account()), div_down(cash, times_));
        const auto gain = reference_usd(view, token, wrapping_mul(state.claim, times_));
        if (state.claim.is_zero() || !raid_.is_worth_it(wallet, gas_of_all(), gain))
            return raid_.next_look(view);
        CallWriter list;
        coins_.add_coin_withdrawal(list, state.claim);
        CallWriter calls;
        calls.add(native_coin, contracts::RegisterCalls{list.list(), times_});
        add_approval(
            calls, view, token, wallet.account(), market_.spender_of(reserve), state.claim);
        market_.add_supply(calls, reserve, state.claim, wallet.account());
        auto bid = wallet.habitual_bid();
        bid.extra_gas = market_.gas_of(LendingAction::supply).extra;
        wallet.submit(std::move(calls), bid, 0, motive(state, wallet, Amount{}));
        return view.block_number + 1;
    }

    void withdraw(const WalletState& state, WalletContext& wallet) const
    {
        CallWriter calls;
        coins_.add_coin_withdrawal(calls, state.claim);
        auto bid = wallet.habitual_bid();
        bid.extra_gas = gas_of_all();
        wallet.submit(
            std::move(calls), bid, 0, motive(state, wallet, wrapping_mul(state.claim, times_)));
    }

    void retreat(const WalletState& state, WalletContext& wallet, std::size_t reserve) const
    {
        CallWriter calls;
        market_.add_withdraw(calls, reserve, Amount::max(), wallet.account());
        auto bid = wallet.habitual_bid();
        bid.extra_gas = market_.gas_of(LendingAction::withdraw).extra;
        wallet.submit(std::move(calls), bid, 0, motive(state, wallet, Amount{}));
    }

    [[nodiscard]] Motive motive(
        const WalletState& state, const WalletContext& wallet, const Amount& stolen) const
    {
        return theft(Purpose::attack, wallet, state.strikes, coins_.wrapped(), stolen);
    }
    /// Of the withdrawal and those inside it.
    [[nodiscard]] std::uint64_t gas_of_all() const noexcept
    {
        return coins_.coin_withdrawal_gas().total() * (times_ + std::uint64_t{1});
    }

    const LendingMarket& market_;
    const CoinWithdrawal& coins_;
    Raid raid_;
    std::uint8_t times_;
    std::uint8_t strikes_max_;
};

}  // namespace

const StrategyType& coin_drainer_strategy()
{
    static const StrategyType type{.name = "coin_drainer",
        .purpose = Purpose::attack,
        .help =
            "Withdraws native coins from a market whose payment calls it, and withdraws them "
            "again inside that call.",
        .parameters =
            {
                contracts::contract_parameter(
                    "market", CoinWithdrawal::sector, "The lending market it attacks."),
                {"at", ParameterKind::duration, "\"1h\"", {}, "When, from the start of the run."},
                {"every", ParameterKind::duration, "\"10m\"", {},
                    "How often it looks whether there is enough to take.", 1'000},
                {"times", ParameterKind::integer, "6", unit::other("calls"),
                    "How often its code asks again; lists of calls nest eight deep.", 1, 6},
                {"strikes", ParameterKind::integer, "3", {}, "How often it attacks.", 1, 100},
                fee_tolerance_parameter(),
                coin_parameter(),
            },
        .create = create_strategy<CoinDrainer>};
    return type;
}

}  // namespace runnel::strategies
