#include "contracts/kit/registration.hpp"
#include "contracts/kit/sectors/bridge.hpp"
#include "strategies/market/common.hpp"
#include "strategies/strategies.hpp"

#include <algorithm>
#include <vector>

namespace runnel::strategies
{
namespace
{

using contracts::Bridge;
using contracts::BridgeStatus;

struct RelayerState
{
    Refusals refusals;
    RUNNEL_FIELDS(refusals);
};

/// Releases what guardians have attested to, for the fee, where that is worth the gas. Relayers
/// take turns: of each transfer one goes first, and the next only if that one has not for a block.
class BridgeRelayer : public StatefulStrategy<RelayerState>
{
public:
    BridgeRelayer(const Parameters& parameters, const WalletGroup& wallets)
      : bridges_{parameters.contracts("bridges")},
        margin_{parameters.number("margin")},
        per_block_{static_cast<std::size_t>(parameters.integer("per_block"))},
        size_{std::max<std::uint64_t>(1, std::max(wallets.group_size, wallets.accounts.size()))}
    {
        states_.resize(wallets.accounts.size());
    }

    std::uint64_t first_block(std::size_t) override { return 1; }

    std::uint64_t decide(std::size_t position, WalletContext& wallet) override
    {
        const auto& view = wallet.view();
        if (states_[position].refusals.is_silent())
            return never;
        if (wallet.pending() > 0)
            return view.block_number + 1;
        std::size_t sent = 0;
        for (const auto id : bridges_)
        {
            const auto& bridge = view.state<Bridge>(id);
            if (bridge.is_paused())
                continue;
            Amount rooms[2] = {
                bridge.room(false, view.timestamp), bridge.room(true, view.timestamp)};
            for (auto number = bridge.first_in_flight();
                 number < bridge.sent() && sent < per_block_; ++number)
            {
                const auto transfer = bridge.transfer(number);
                auto& room = rooms[transfer.is_return ? 1 : 0];
                if (!is_due(transfer, wallet) || transfer.amount > room ||
                    !is_worth_it(bridge, transfer, wallet))
                    continue;
                room = wrapping_sub(room, transfer.amount);
                CallWriter calls;
                bridge.add_release(calls, number);
                wallet.submit(std::move(calls), wallet.habitual_bid());
                ++sent;
            }
        }
        return view.block_number + 1;
    }

    bool learn(std::size_t position, const TransactionOutcome& outcome) override
    {
        states_[position].refusals.count(outcome);
        return false;
    }

private:
    [[nodiscard]] bool is_valid(const RelayerState& state, const RelayerState&) const override
    {
        return state.refusals.is_possible();
    }

    [[nodiscard]] bool is_due(
        const contracts::BridgeTransfer& transfer, const WalletContext& wallet) const
    {
        const auto& view = wallet.view();
        const auto turn = (transfer.number + wallet.number()) % size_ * view.slot_seconds;
        return transfer.status == BridgeStatus::in_flight && transfer.ready_at != 0 &&
               view.timestamp >= transfer.ready_at + turn && view.timestamp < transfer.expires_at;
    }

    /// Without prices it asks nothing.
    [[nodiscard]] bool is_worth_it(const Bridge& bridge, const contracts::BridgeTransfer& transfer,
        const WalletContext& wallet) const
    {
        const auto& view = wallet.view();
        const auto coin_usd = reference_usd(view, native_coin);
        const auto token_usd = reference_usd(view, bridge.home_token());
        if (coin_usd <= 0 || token_usd <= 0)
            return true;
        const auto bid = wallet.habitual_bid();
        const auto price = std::min(view.base_fee + bid.priority_fee, bid.max_fee);
        const auto gas = Amount{bridge.release_gas().total() + intrinsic_gas};
        const auto cost = to_whole(wrapping_mul(gas, price), 18) * coin_usd;
        const auto decimals = decimals_of(*view.world, bridge.home_token());
        return to_whole(transfer.fee, decimals) * token_usd >= cost * (1 + margin_);
    }

    std::vector<ContractId> bridges_;
    double margin_;
    std::size_t per_block_;
    std::uint64_t size_;
};

}  // namespace

const StrategyType& bridge_relayer_strategy()
{
    static const StrategyType type{.name = "bridge_relayer",
        .purpose = Purpose::upkeep,
        .help = "Releases what guardians have attested to, for the fee.",
        .parameters =
            {
                {.name = "bridges",
                    .kind = ParameterKind::contracts,
                    .default_value = "",
                    .unit = {},
                    .help = "Where it does so.",
                    .contract_kind = Bridge::sector},
                {"margin", ParameterKind::number, "0", {},
                    "What a fee must be above the gas that a release costs, as a share of that; "
                    "-1: it asks for none.",
                    -1, 100},
                {"per_block", ParameterKind::integer, "8", {},
                    "The most transfers that it releases in a block.", 1, 64},
            },
        .create = create_strategy<BridgeRelayer>};
    return type;
}

}  // namespace runnel::strategies
