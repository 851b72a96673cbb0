#include "contracts/kit/registration.hpp"
#include "contracts/kit/sectors/vault.hpp"
#include "strategies/market/common.hpp"
#include "strategies/market/lending_market.hpp"
#include "strategies/strategies.hpp"

#include <algorithm>

namespace runnel::strategies
{
namespace
{

using contracts::ReportingVault;

struct WalletState
{
    Refusals refusals;
    RUNNEL_FIELDS(refusals);
};

/// Makes vaults count what they have earned: when that pays for the gas many times over, when they
/// have lost, or when the last time is too long ago.
class VaultKeeper : public StatefulStrategy<WalletState>
{
public:
    VaultKeeper(const Parameters& parameters, const WalletGroup& wallets)
      : check_every_ms_{parameters.duration_ms("check_every")},
        every_min_{seconds(parameters, "every_min")},
        every_max_{seconds(parameters, "every_max")},
        gain_per_gas_{parameters.number("gain_per_gas")},
        loss_min_{parameters.number("loss_min")},
        slippage_bps_{static_cast<std::uint32_t>(parameters.integer("slippage_bps"))},
        costs_{parameters}
    {
        for (const auto id : parameters.contracts("vaults"))
            vaults_.push_back(contracts::find_reporting_vault(*wallets.world, id));
        states_.resize(wallets.accounts.size());
    }

    std::uint64_t first_block(std::size_t) override { return 1; }

    std::uint64_t decide(std::size_t position, WalletContext& wallet) override
    {
        if (states_[position].refusals.is_silent())
            return never;
        const auto& view = wallet.view();
        const auto next = view.block_number + view.blocks_of_ms(check_every_ms_);
        if (wallet.pending() > 0)
            return next;
        for (const auto* vault : vaults_)
        {
            if (vault->keeper() != wallet.account())
                continue;
            const auto found = vault->preview_report(view.timestamp, view.block_number);
            if (found.has_value() && is_due(*vault, *found, wallet))
                report(*vault, *found, wallet);
        }
        return next;
    }

    bool learn(std::size_t position, const TransactionOutcome& outcome) override
    {
        states_[position].refusals.count(outcome);
        return false;  // It looks again when it is due.
    }

private:
    [[nodiscard]] static std::uint64_t seconds(const Parameters& parameters, std::string_view name)
    {
        return static_cast<std::uint64_t>(parameters.duration_ms(name)) / 1000;
    }

    [[nodiscard]] bool is_valid(const WalletState& state, const WalletState&) const override
    {
        return state.refusals.is_possible();
    }

    [[nodiscard]] bool is_due(const ReportingVault& vault, const contracts::ReportPreview& found,
        const WalletContext& wallet) const
    {
        const auto& view = wallet.view();
        const auto known = vault.total_assets(view.timestamp);
        if (known.is_zero())
            return false;
        const auto since = view.timestamp - std::min(vault.last_report(), view.timestamp);
        const auto change = found.assets.to_double() - known.to_double();
        if (change < -loss_min_ * known.to_double())
            return true;
        if (since >= every_max_)
            return change != 0;
        const auto price = reference_usd(view, vault.asset());
        const auto gain =
            (price > 0 ? price : 1) * change * to_whole(1, decimals_of(*view.world, vault.asset()));
        const auto gas_price = view.base_fee + wallet.habitual_bid().priority_fee;
        return since >= every_min_ &&
               gain > gain_per_gas_ * costs_.usd(view, vault.report_gas().total(), gas_price);
    }

    void report(const ReportingVault& vault, const contracts::ReportPreview& found,
        WalletContext& wallet) const
    {
        const auto& view = wallet.view();
        CallWriter calls;
        vault.add_report(calls, min_amount_out(found.swapped, slippage_bps_),
            view.timestamp + std::max<std::uint64_t>(order_lifetime, view.slot_seconds));
        auto bid = wallet.habitual_bid();
        bid.extra_gas = vault.report_gas().extra;
        wallet.submit(std::move(calls), bid);
    }

    std::vector<const ReportingVault*> vaults_;
    std::int64_t check_every_ms_;
    std::uint64_t every_min_;
    std::uint64_t every_max_;
    double gain_per_gas_;
    double loss_min_;
    std::uint32_t slippage_bps_;
    GasCosts costs_;
};

}  // namespace

const StrategyType& vault_keeper_strategy()
{
    static const StrategyType type{.name = "vault_keeper",
        .purpose = Purpose::upkeep,
        .help = "Harvests vaults: makes them count what they have gained or lost.",
        .parameters =
            {
                {.name = "vaults",
                    .kind = ParameterKind::contracts,
                    .default_value = "",
                    .unit = {},
                    .help = "Those it looks after; it must be their keeper.",
                    .contract_kind = ReportingVault::sector},
                {"check_every", ParameterKind::duration, "\"1h\"", {}, "How often it looks.",
                    1'000},
                {"every_min", ParameterKind::duration, "\"12h\"", {},
                    "Gains are not reported more often.", 0},
                {"every_max", ParameterKind::duration, "\"7d\"", {},
                    "After this time it reports whatever has changed.", 1'000},
                {"gain_per_gas", ParameterKind::number, "10", {},
                    "A gain is reported once it is so many times what the gas costs.", 0, 1e9},
                {"loss_min", ParameterKind::number, "0.001", {},
                    "A loss of more than this share of all assets is reported at once.", 0, 1},
                {"slippage_bps", ParameterKind::integer, "100", unit::per_10_000,
                    "How much less rewards may bring than they would now.", 0, 10'000},
                coin_parameter(),
            },
        .create = create_strategy<VaultKeeper>};
    return type;
}

}  // namespace runnel::strategies
