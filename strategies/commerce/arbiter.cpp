#include "strategies/commerce/goods.hpp"
#include "strategies/market/common.hpp"
#include "strategies/strategies.hpp"

#include <algorithm>

namespace runnel::strategies
{
namespace
{

using contracts::Escrow;
using contracts::EscrowRuling;

struct WalletState
{
    std::uint64_t case_number = 0;  // The deal that it looks into, and 1; 0: none.
    std::uint64_t ready_at = 0;     // When it will know.
    Refusals refusals;
    RUNNEL_FIELDS((case_number, other("number")), (ready_at, unix_seconds), refusals);
};

/// Decides disputes of an escrow, one after the other, the oldest deal first. Each takes it a time;
/// then it rules by what was in the parcel, or errs. What pays too little it leaves alone.
class Arbiter : public StatefulStrategy<WalletState>
{
public:
    Arbiter(const Parameters& parameters, const WalletGroup& wallets)
      : world_{*wallets.world},
        escrow_{*contracts::find_escrow(*wallets.world, parameters.contract("escrow"))},
        docket_{escrow_},
        takes_{parameters.distribution("takes")},
        error_{parameters.number("error")},
        fee_min_{parameters.number("fee_min")},
        every_ms_{parameters.duration_ms("every")},
        seed_{wallets.seed}
    {
        states_.resize(wallets.accounts.size());
    }

    std::uint64_t first_block(std::size_t) override { return 1; }

    std::uint64_t decide(std::size_t position, WalletContext& wallet) override
    {
        auto& state = states_[position];
        const auto& view = wallet.view();
        if (state.refusals.is_silent())
            return never;
        const auto next = view.block_number + view.blocks_of_ms(every_ms_);
        if (wallet.pending() > 0)
            return next;
        docket_.observe(view);
        const auto waiting = docket_.of(wallet.account());
        const auto is_waiting = [waiting](std::uint64_t number)
        { return std::binary_search(waiting.begin(), waiting.end(), number); };
        // Others may have settled it meanwhile.
        if (state.case_number != 0 && !is_waiting(state.case_number - 1))
            state.case_number = 0;
        if (state.case_number != 0)
        {
            if (view.timestamp >= state.ready_at)
                rule(wallet, state.case_number - 1);
            return next;
        }
        const auto found = std::find_if(waiting.begin(), waiting.end(),
            [this](std::uint64_t number) { return pays_enough(number); });
        if (found != waiting.end())
        {
            static const auto inquiry_stream = stream_of_name("inquiry");
            auto random = parcel_stream(seed_, inquiry_stream, {true, *found});
            state.case_number = *found + 1;
            state.ready_at = view.timestamp + static_cast<std::uint64_t>(takes_.draw(random));
        }
        return next;
    }

    bool learn(std::size_t position, const TransactionOutcome& outcome) override
    {
        states_[position].refusals.count(outcome);
        return false;
    }

private:
    static constexpr std::uint64_t time_max = std::uint64_t{1} << 40U;

    [[nodiscard]] bool is_valid(const WalletState& state, const WalletState&) const override
    {
        return state.ready_at < time_max && state.refusals.is_possible();
    }

    [[nodiscard]] bool pays_enough(std::uint64_t number) const
    {
        const auto& deal = escrow_.deal(number);
        return to_whole(deal.arbitration_cost, decimals_of(world_, deal.token)) >= fee_min_;
    }

    void rule(WalletContext& wallet, std::uint64_t number) const
    {
        const auto& deal = escrow_.deal(number);
        const ParcelNumber parcel{true, number};
        static const auto judgement_stream = stream_of_name("judgement");
        auto random = parcel_stream(seed_, judgement_stream, parcel);
        const bool errs = random.bernoulli(error_);
        const bool for_seller = is_full_parcel(parcel, deal.reference) != errs;
        CallWriter calls;
        escrow_.add_ruling(
            calls, number, for_seller ? EscrowRuling::seller_wins : EscrowRuling::buyer_wins);
        if (!deal.arbitration_cost.is_zero())
            escrow_.add_withdrawal(calls, wallet.account(), deal.token);
        wallet.submit(std::move(calls), wallet.habitual_bid());
    }

    const World& world_;
    const Escrow& escrow_;
    Docket docket_;
    Distribution takes_;
    double error_;
    double fee_min_;
    std::int64_t every_ms_;
    std::uint64_t seed_;
};

}  // namespace

const StrategyType& arbiter_strategy()
{
    static const StrategyType type{.name = "arbiter",
        .purpose = Purpose::upkeep,
        .help = "Decides disputes of an escrow, one after the other, and sometimes errs.",
        .parameters =
            {
                {.name = "escrow",
                    .kind = ParameterKind::contract,
                    .default_value = "",
                    .unit = {},
                    .help = "The escrow whose disputes it decides.",
                    .contract_kind = Escrow::sector},
                {"takes", ParameterKind::distribution, "{ log_normal = [10.5, 0.5] }",
                    unit::seconds, "What it needs for each.", 0, 1e9},
                {"error", ParameterKind::number, "0.05", {}, "The share that it decides wrongly.",
                    0, 1},
                {"fee_min", ParameterKind::number, "0", unit::whole_tokens,
                    "Disputes that pay less it leaves to their time-out.", 0, 1e12},
                {"every", ParameterKind::duration, "\"30m\"", {}, "From one look to the next.",
                    1'000},
            },
        .create = create_strategy<Arbiter>};
    return type;
}

}  // namespace runnel::strategies
