#include "contracts/kit/registration.hpp"
#include "contracts/kit/sectors/price_feed.hpp"
#include "strategies/market/common.hpp"
#include "strategies/strategies.hpp"

#include <algorithm>

namespace runnel::strategies
{
namespace
{

struct WalletState
{
    Refusals refusals;
    RUNNEL_FIELDS(refusals);
};

/// Brings reference prices on chain: when one has moved far enough, or after a heartbeat at the
/// latest. One transaction at a time; while it waits for a block the chain's prices are stale.
class PriceKeeper : public StatefulStrategy<WalletState>
{
public:
    PriceKeeper(const Parameters& parameters, const WalletGroup& wallets)
      : oracle_{parameters.contract("oracle")},
        tokens_{parameters.contracts("tokens")},
        heartbeat_seconds_{static_cast<std::uint64_t>(parameters.duration_ms("heartbeat")) / 1000},
        deviation_bps_{parameters.number("deviation")},
        urgency_{parameters.number("urgency")}
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
        const auto& view = wallet.view();
        const auto next = view.block_number + 1;
        if (states_[position].refusals.is_silent())
            return never;
        if (wallet.pending() > 0)
            return next;
        const auto& oracle = view.state<contracts::PriceFeed>(oracle_);
        const auto delay = std::min(delay_blocks_[position], view.block_number);
        std::vector<contracts::TokenPrice> update;
        double distance = 0;  // The largest, in thresholds.
        for (const auto token : tokens_)
        {
            const auto price = view.prices->price(token, view.block_number - delay);
            if (!price || update.size() == oracle.prices_per_report())
                continue;
            const auto& known = oracle.prices().get(index(token));
            const auto thresholds = deviation_bps(*price, known.price) / deviation_bps_;
            if (thresholds >= 1 || view.timestamp >= known.timestamp + heartbeat_seconds_)
                update.push_back({token, *price});
            distance = std::max(distance, thresholds);
        }
        if (update.empty())
            return next;
        auto bid = urgent_bid(wallet, 1 + urgency_ * std::min(distance, distance_max));
        CallWriter calls;
        bid.extra_gas = oracle.add_report(calls, update);
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

    static constexpr double distance_max = 1'000;

    [[nodiscard]] static double deviation_bps(std::uint64_t price, const Amount& known)
    {
        if (known.is_zero())
            return 1e9;
        const auto old = known.to_double();
        const auto change = static_cast<double>(price) - old;
        return (change < 0 ? -change : change) / old * 10'000;
    }

    ContractId oracle_;
    std::vector<ContractId> tokens_;
    std::uint64_t heartbeat_seconds_;
    double deviation_bps_;
    double urgency_;
    std::vector<std::uint64_t> delay_blocks_;  // By wallet.
};

}  // namespace

const StrategyType& price_keeper_strategy()
{
    static const StrategyType type{.name = "price_keeper",
        .purpose = Purpose::upkeep,
        .help = "Reports reference prices to an oracle when they have moved, or after a heartbeat.",
        .parameters =
            {
                contracts::contract_parameter("oracle", contracts::PriceFeed::sector,
                    "Where it reports to; it must be the oracle's keeper."),
                {"tokens", ParameterKind::tokens, "", {}, "Whose prices it reports."},
                {"heartbeat", ParameterKind::duration, "\"1h\"", {},
                    "A price is reported again after this time even if it did not move.", 1000},
                {"deviation", ParameterKind::number, "50", unit::bps,
                    "A price is reported once it is this far from the one on chain.", 0.01, 1e6},
                {"delay", ParameterKind::distribution, "0", unit::seconds,
                    "How old the reference prices are that it reports.", 0, 1e8},
                {"urgency", ParameterKind::number, "0", unit::other("per threshold of deviation"),
                    "How much of its habitual tip it adds for every threshold that the price on "
                    "chain is off; 0: its bid is a fixed habit.",
                    0, 1000},
            },
        .create = create_strategy<PriceKeeper>};
    return type;
}

}  // namespace runnel::strategies
