#include "contracts/kit/registration.hpp"
#include "contracts/kit/sectors/bridge.hpp"
#include "strategies/market/common.hpp"
#include "strategies/market/lending_market.hpp"
#include "strategies/strategies.hpp"

#include <algorithm>

namespace runnel::strategies
{
namespace
{

using contracts::Bridge;
using contracts::BridgeStatus;

struct UserState
{
    double interval_seconds = 0;
    Refusals refusals;
    RUNNEL_FIELDS((interval_seconds, seconds), refusals);
};

/// Takes a part of what it has to the other side of a bridge and, another time, back. What was not
/// released in time it takes back.
class BridgeUser : public StatefulStrategy<UserState>
{
public:
    BridgeUser(const Parameters& parameters, const WalletGroup& wallets)
      : bridge_{parameters.contract("bridge")},
        share_{parameters.distribution("share")},
        return_probability_{parameters.number("return_probability")},
        fee_max_{parameters.number("fee_max")},
        reserve_{to_units(parameters.number("reserve"), 18)},
        slot_seconds_{wallets.slot_seconds},
        times_{wallets, "first_transfer"}
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
        const auto& view = wallet.view();
        if (state.refusals.is_silent())
            return never;
        auto& random = wallet.random();
        // Draws come first and always, so that one decision does not shift the next one's numbers.
        const auto next =
            view.block_number + blocks_until_next(random, state.interval_seconds, slot_seconds_);
        const bool wants_back = random.bernoulli(return_probability_);
        const auto share = std::clamp(share_.draw(random), 0.0, 1.0);
        const auto& bridge = view.state<Bridge>(bridge_);
        if (wallet.pending() > 0 || refund(bridge, wallet) || bridge.is_paused())
            return next;
        const auto there = holding_of(view, bridge.bridged_token(), wallet.account());
        const bool is_return = wants_back && !there.is_zero();
        const auto amount = part_of(is_return ? there : at_home(bridge, wallet), share);
        const auto fee = bridge.fee(amount);
        if (amount.is_zero() || fee >= amount || to_whole(fee, 0) > to_whole(amount, 0) * fee_max_)
            return next;
        CallWriter calls;
        const auto token = is_return ? bridge.bridged_token() : bridge.home_token();
        if (token != native_coin)
        {
            add_approval(calls, view, token, wallet.account(), bridge.contract().account(), amount);
        }
        bridge.add_send(calls, is_return, wallet.account(), amount);
        wallet.submit(std::move(calls), wallet.habitual_bid());
        return next;
    }

    bool learn(std::size_t position, const TransactionOutcome& outcome) override
    {
        states_[position].refusals.count(outcome);
        return false;
    }

private:
    [[nodiscard]] bool is_valid(const UserState& state, const UserState& born) const override
    {
        return state.interval_seconds == born.interval_seconds && state.refusals.is_possible();
    }

    [[nodiscard]] Amount at_home(const Bridge& bridge, const WalletContext& wallet) const
    {
        const auto held = holding_of(wallet.view(), bridge.home_token(), wallet.account());
        const auto kept = bridge.home_token() == native_coin ? reserve_ : Amount{};
        return held > kept ? wrapping_sub(held, kept) : Amount{};
    }

    /// Takes back the first of its transfers that has expired.
    static bool refund(const Bridge& bridge, WalletContext& wallet)
    {
        for (auto number = bridge.first_in_flight(); number < bridge.sent(); ++number)
        {
            const auto transfer = bridge.transfer(number);
            if (transfer.status != BridgeStatus::in_flight || transfer.from != wallet.account() ||
                wallet.view().timestamp < transfer.expires_at)
                continue;
            CallWriter calls;
            bridge.add_refund(calls, number);
            wallet.submit(std::move(calls), wallet.habitual_bid());
            return true;
        }
        return false;
    }

    ContractId bridge_;
    Distribution share_;
    double return_probability_;
    double fee_max_;
    Amount reserve_;
    std::uint32_t slot_seconds_;
    RandomTimes times_;
};

}  // namespace

const StrategyType& bridge_user_strategy()
{
    static const StrategyType type{.name = "bridge_user",
        .purpose = Purpose::payment,
        .help = "Takes tokens over a bridge and back.",
        .parameters =
            {
                {.name = "bridge",
                    .kind = ParameterKind::contract,
                    .default_value = "",
                    .unit = {},
                    .help = "Which one.",
                    .contract_kind = Bridge::sector},
                {"interval", ParameterKind::distribution,
                    "{ log_normal = [12.2, 1.0], min = 3600 }", unit::seconds,
                    "Mean time between a wallet's transfers: the group sends once per wallet and "
                    "mean of these.",
                    1},
                {"share", ParameterKind::distribution, "{ uniform = [0.05, 0.6] }", {},
                    "Of what it has on the side where it sends.", 0, 1},
                {"return_probability", ParameterKind::number, "0.5", {},
                    "That it sends back, if there is something.", 0, 1},
                {"fee_max", ParameterKind::number, "0.05", {},
                    "The largest share of a transfer that it gives for the fee.", 0, 1},
                {"reserve", ParameterKind::number, "0.1", unit::whole_tokens,
                    "Native coins that it keeps for gas.", 0, 1e9},
            },
        .create = create_strategy<BridgeUser>};
    return type;
}

}  // namespace runnel::strategies
