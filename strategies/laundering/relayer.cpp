#include "contracts/kit/registration.hpp"
#include "strategies/laundering/notes.hpp"
#include "strategies/strategies.hpp"

#include <algorithm>

namespace runnel::strategies
{
namespace
{

using contracts::Mixer;

struct RelayerState
{
    std::vector<RelayRequest> waiting;
    Refusals refusals;
    RUNNEL_FIELDS(waiting, refusals);
};

/// Sends withdrawals for others, who need no coins for gas then, for a fee off what they take out.
/// It is told the note outside the chain, and could take it for itself: a proof without knowledge
/// spares its customers that trust.
class Relayer : public StatefulStrategy<RelayerState>
{
public:
    Relayer(const Parameters& parameters, const WalletGroup& wallets)
      : margin_{parameters.number("margin")},
        per_block_{static_cast<std::size_t>(parameters.integer("per_block"))},
        world_{wallets.world}
    {
        states_.resize(wallets.accounts.size());
    }

    std::uint64_t first_block(std::size_t) override { return never; }

    bool hear(std::size_t position, const Letter& letter) override
    {
        auto& waiting = states_[position].waiting;
        RelayRequest request;
        if (waiting.size() == waiting_max || !decode(letter.content, request) ||
            contracts::find_mixer(*world_, request.mixer) == nullptr)
            return false;
        waiting.push_back(request);
        return true;
    }

    std::uint64_t decide(std::size_t position, WalletContext& wallet) override
    {
        auto& state = states_[position];
        const auto& view = wallet.view();
        auto waiting = std::exchange(state.waiting, {});
        if (state.refusals.is_silent())
            return never;
        std::size_t sent = 0;
        for (const auto& request : waiting)
        {
            if (sent == per_block_)
            {
                state.waiting.push_back(request);
                continue;
            }
            // What it does not take it forgets: the customer asks again, or another relayer.
            const auto& mixer = view.state<Mixer>(request.mixer);
            const auto cost = withdrawal_cost(mixer, wallet);
            if (!cost || request.fee > mixer.denomination() ||
                to_whole(request.fee, 0) < to_whole(*cost, 0) * (1 + margin_) ||
                mixer.is_spent(request.note) || !mixer.deposit_of(request.note))
                continue;
            CallWriter calls;
            mixer.add_withdraw(calls, request.note,
                {account_of_address(*view.world, request.recipient, calls), wallet.account(),
                    request.fee, {}});
            wallet.submit(std::move(calls), wallet.habitual_bid());
            ++sent;
        }
        return state.waiting.empty() ? never : view.block_number + 1;
    }

    bool learn(std::size_t position, const TransactionOutcome& outcome) override
    {
        states_[position].refusals.count(outcome);
        return false;
    }

private:
    static constexpr std::size_t waiting_max = 256;

    [[nodiscard]] bool is_valid(const RelayerState& state, const RelayerState&) const override
    {
        return state.refusals.is_possible() && state.waiting.size() <= waiting_max &&
               std::all_of(state.waiting.begin(), state.waiting.end(),
                   [this](const RelayRequest& request)
                   { return contracts::find_mixer(*world_, request.mixer) != nullptr; });
    }

    double margin_;
    std::size_t per_block_;
    const World* world_;
};

}  // namespace

const StrategyType& relayer_strategy()
{
    static const StrategyType type{.name = "relayer",
        .purpose = Purpose::upkeep,
        .help = "Sends withdrawals from mixers for those who ask it, for a fee.",
        .parameters =
            {
                {"margin", ParameterKind::number, "0.1", {},
                    "What a fee must be above the gas that a withdrawal costs, as a share of that.",
                    0, 100},
                {"per_block", ParameterKind::integer, "8", {},
                    "The most withdrawals that it sends in a block.", 1, 64},
            },
        .create = create_strategy<Relayer>};
    return type;
}

}  // namespace runnel::strategies
