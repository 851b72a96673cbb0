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

struct GuardianState
{
    Refusals refusals;
    RUNNEL_FIELDS(refusals);
};

/// Watches bridges and attests to what was sent, some time after it sees it, unless enough others
/// have done so. Now and then it misses a transfer. It never attests to what was not sent.
class BridgeGuardian : public StatefulStrategy<GuardianState>
{
public:
    BridgeGuardian(const Parameters& parameters, const WalletGroup& wallets)
      : bridges_{parameters.contracts("bridges")},
        delay_{parameters.distribution("delay")},
        missed_share_{parameters.number("missed_share")},
        seed_{wallets.seed},
        stream_{wallets.stream ^ stream_of_name("attestation")}
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
        CallWriter calls;
        std::size_t count = 0;
        for (std::size_t i = 0; i < bridges_.size(); ++i)
        {
            const auto& bridge = view.state<Bridge>(bridges_[i]);
            for (auto number = bridge.first_in_flight(); number < bridge.sent() && count < batch;
                 ++number)
            {
                if (!wants(bridge, i, number, wallet))
                    continue;
                bridge.add_attest(calls, number);
                ++count;
            }
        }
        if (count > 0)
            wallet.submit(std::move(calls), wallet.habitual_bid());
        return view.block_number + 1;
    }

    bool learn(std::size_t position, const TransactionOutcome& outcome) override
    {
        states_[position].refusals.count(outcome);
        return false;
    }

private:
    static constexpr std::size_t batch = 8;

    [[nodiscard]] bool is_valid(const GuardianState& state, const GuardianState&) const override
    {
        return state.refusals.is_possible();
    }

    [[nodiscard]] bool wants(const Bridge& bridge, std::size_t place, std::uint64_t number,
        const WalletContext& wallet) const
    {
        const auto transfer = bridge.transfer(number);
        const auto now = wallet.view().timestamp;
        if (transfer.status != BridgeStatus::in_flight || transfer.ready_at != 0 ||
            now >= transfer.expires_at)
            return false;
        const auto guardians = bridge.guardians();
        if (std::find(guardians.begin(), guardians.end(), wallet.account()) == guardians.end())
            return false;
        // The same draws in every block until it acts.
        RandomStream random{seed_, stream_ ^ place, wallet.number(), number};
        const auto seconds = std::clamp(delay_.draw(random), 0.0, 1e9);
        return !random.bernoulli(missed_share_) &&
               now >= transfer.sent_at + static_cast<std::uint64_t>(seconds) &&
               !bridge.has_attested(number, wallet.account());
    }

    std::vector<ContractId> bridges_;
    Distribution delay_;
    double missed_share_;
    std::uint64_t seed_;
    std::uint64_t stream_;
};

}  // namespace

const StrategyType& bridge_guardian_strategy()
{
    static const StrategyType type{.name = "bridge_guardian",
        .purpose = Purpose::upkeep,
        .help = "Attests to what was sent over bridges.",
        .parameters =
            {
                {.name = "bridges",
                    .kind = ParameterKind::contracts,
                    .default_value = "",
                    .unit = {},
                    .help = "Which it watches; of those whose guardian it is not it sees nothing.",
                    .contract_kind = Bridge::sector},
                {"delay", ParameterKind::distribution,
                    "{ log_normal = [5.5, 0.4], min = 60, max = 3600 }", unit::seconds,
                    "From the sending of a transfer to its attestation: until its block is final, "
                    "and it has looked.",
                    0},
                {"missed_share", ParameterKind::number, "0.02", {},
                    "Share of transfers that it never sees.", 0, 1},
            },
        .create = create_strategy<BridgeGuardian>};
    return type;
}

}  // namespace runnel::strategies
