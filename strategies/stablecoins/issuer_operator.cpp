#include "contracts/kit/sectors/issuer.hpp"
#include "strategies/market/common.hpp"
#include "strategies/strategies.hpp"

#include <algorithm>
#include <limits>

namespace runnel::strategies
{
namespace
{

using contracts::Issuer;

struct WalletState
{
    Refusals refusals;
    RUNNEL_FIELDS(refusals);
};

/// Serves what customers of an issuer have ordered: in batches, every so often, while the bank is
/// open. It sleeps until then otherwise.
class IssuerOperator : public StatefulStrategy<WalletState>
{
public:
    IssuerOperator(const Parameters& parameters, const WalletGroup& wallets)
      : issuer_{*contracts::find_issuer(*wallets.world, parameters.contract("desk"))},
        every_ms_{parameters.duration_ms("every")},
        batch_{static_cast<std::uint32_t>(parameters.integer("batch"))}
    {
        states_.resize(wallets.accounts.size());
    }

    std::uint64_t first_block(std::size_t) override { return 1; }

    std::uint64_t decide(std::size_t position, WalletContext& wallet) override
    {
        const auto& view = wallet.view();
        if (states_[position].refusals.is_silent())
            return never;
        const auto opening = issuer_.opens_at(view.timestamp);
        if (opening == std::numeric_limits<std::uint64_t>::max())
            return never;
        if (opening > view.timestamp)
        {
            const auto slots =
                (opening - view.timestamp + view.slot_seconds - 1) / view.slot_seconds;
            return view.block_number + slots;
        }
        const auto orders =
            static_cast<std::uint32_t>(std::min<std::uint64_t>(issuer_.orders_waiting(), batch_));
        if (orders > 0 && wallet.pending() == 0)
        {
            CallWriter calls;
            issuer_.add_serve(calls, orders);
            auto bid = wallet.habitual_bid();
            bid.extra_gas += issuer_.serve_gas(orders).extra;
            wallet.submit(std::move(calls), bid);
        }
        return view.block_number + view.blocks_of_ms(every_ms_);
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

    const Issuer& issuer_;
    std::int64_t every_ms_;
    std::uint32_t batch_;
};

}  // namespace

const StrategyType& issuer_operator_strategy()
{
    static const StrategyType type{.name = "issuer_operator",
        .purpose = Purpose::upkeep,
        .help = "Serves the orders of an issuer's customers in batches, in banking hours.",
        .parameters =
            {
                {.name = "desk",
                    .kind = ParameterKind::contract,
                    .default_value = "",
                    .unit = {},
                    .help = "The issuer whose operator it is.",
                    .contract_kind = Issuer::sector},
                {"every", ParameterKind::duration, "\"10m\"", {}, "From one batch to the next.",
                    1'000},
                {"batch", ParameterKind::integer, "64", unit::other("orders"),
                    "The most that it serves at a time.", 1, 256},
            },
        .create = create_strategy<IssuerOperator>};
    return type;
}

}  // namespace runnel::strategies
