#include "contracts/kit/registration.hpp"
#include "contracts/kit/sectors/debt_positions.hpp"
#include "strategies/market/common.hpp"
#include "strategies/strategies.hpp"

#include <algorithm>

namespace runnel::strategies
{
namespace
{

using contracts::DebtAction;
using contracts::DebtPositions;

struct WalletState
{
    std::uint64_t due_block = 0;  // Since when an update is due; 0: none is.
    Refusals refusals;
    RUNNEL_FIELDS((due_block, block_number), refusals);
};

/// Has a system of debt positions take up the price of its feed as soon as it may, which is what
/// starts its delays: a price that nobody brings in is not used.
class PriceRelayer : public StatefulStrategy<WalletState>
{
public:
    PriceRelayer(const Parameters& parameters, const WalletGroup& wallets)
      : system_{parameters.contract("system")}
    {
        states_.resize(wallets.accounts.size());
        for (std::size_t i = 0; i < wallets.accounts.size(); ++i)
        {
            const auto seconds = wallets.draw(parameters.distribution("delay"), "delay",
                wallets.first_number + static_cast<std::uint32_t>(i));
            const auto blocks = seconds / wallets.slot_seconds + 0.5;
            delay_blocks_.push_back(static_cast<std::uint64_t>(std::clamp(blocks, 0.0, 1e9)));
        }
    }

    std::uint64_t first_block(std::size_t) override { return 1; }

    std::uint64_t decide(std::size_t position, WalletContext& wallet) override
    {
        auto& state = states_[position];
        const auto& view = wallet.view();
        const auto next = view.block_number + 1;
        if (state.refusals.is_silent())
            return never;
        if (wallet.pending() > 0)
            return next;
        const auto& system = view.state<DebtPositions>(system_);
        CallWriter calls;
        auto bid = wallet.habitual_bid();
        bool is_due = false;
        for (std::size_t i = 0; i < system.collateral_count(); ++i)
        {
            if (!system.is_update_due(i, view.timestamp))
                continue;
            is_due = true;
            system.add_update(calls, i, view.timestamp);
            bid.extra_gas += system.gas_of(DebtAction::update).extra;
        }
        if (!is_due)
        {
            state.due_block = 0;
            return next;
        }
        if (state.due_block == 0)
            state.due_block = view.block_number;
        const auto at = state.due_block + delay_blocks_[position];
        if (view.block_number < at)
            return at;
        wallet.submit(std::move(calls), bid);
        return next;
    }

    bool learn(std::size_t position, const TransactionOutcome& outcome) override
    {
        states_[position].refusals.count(outcome);
        return false;
    }

private:
    [[nodiscard]] bool is_valid(const WalletState& state, const WalletState&) const override
    {
        return state.refusals.is_possible();
    }

    ContractId system_;
    std::vector<std::uint64_t> delay_blocks_;  // By wallet.
};

}  // namespace

const StrategyType& price_relayer_strategy()
{
    static const StrategyType type{.name = "price_relayer",
        .purpose = Purpose::upkeep,
        .help = "Has a system of debt positions take up its feed's price whenever it may.",
        .parameters =
            {
                contracts::contract_parameter(
                    "system", DebtPositions::sector, "Whose price it brings up to date."),
                {"delay", ParameterKind::distribution, "0", unit::seconds,
                    "Time from when it could to the transaction.", 0, 1e8},
            },
        .create = create_strategy<PriceRelayer>};
    return type;
}

}  // namespace runnel::strategies
