#include "contracts/kit/registration.hpp"
#include "contracts/kit/sectors/governance.hpp"
#include "execution/simulation.hpp"
#include "strategies/attacks/attacks.hpp"
#include "strategies/market/common.hpp"
#include "strategies/market/flash.hpp"
#include "strategies/market/lending_market.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace runnel::strategies
{
namespace
{

using contracts::Governance;
using contracts::GovernanceAction;
using contracts::LendingMarket;

enum class Phase : std::uint8_t
{
    waiting,   // For a treasury that is worth it.
    proposed,  // Waits until votes may end early.
    done,
};

struct WalletState
{
    Phase phase = Phase::waiting;
    std::uint32_t proposals = 0;  // That it has made.
    Amount asked;                 // By the last of them.
    Refusals refusals;
    RUNNEL_FIELDS(phase, proposals, (asked, smallest_unit), refusals);
};

/// Proposes that a treasury pays it all it has, and when two thirds of all votes may carry that out
/// at once it borrows them for the length of a transaction: locks, votes, carries out, unlocks,
/// pays back.
///
/// It runs the transaction on copies of the state before it sends it. Where votes are those of the
/// past, borrowed ones count for nothing, and it does nothing. What it has locked to propose it
/// takes back in the end.
class GovernorAttacker : public StatefulStrategy<WalletState>
{
public:
    GovernorAttacker(const Parameters& parameters, const WalletGroup& wallets)
      : governance_{dynamic_cast<const Governance&>(
            wallets.world->contract(parameters.contract("governance")))},
        lenders_{*wallets.world, parameters.contracts("lenders")},
        token_{parameters.token("token")},
        costs_{parameters},
        at_ms_{parameters.duration_ms("at")},
        every_ms_{parameters.duration_ms("every")},
        gain_min_{parameters.number("gain_min")},
        slot_seconds_{wallets.slot_seconds}
    {
        states_.resize(wallets.accounts.size());
    }

    std::uint64_t first_block(std::size_t) override
    {
        return 1 + static_cast<std::uint64_t>(at_ms_) / (std::uint64_t{slot_seconds_} * 1'000);
    }

    std::uint64_t decide(std::size_t position, WalletContext& wallet) override
    {
        auto& state = states_[position];
        const auto& view = wallet.view();
        if (state.refusals.is_silent() || state.phase == Phase::done)
            return never;
        if (wallet.pending() > 0)
            return view.block_number + 1;
        return state.phase == Phase::waiting ? propose(state, wallet) : strike(state, wallet);
    }

    bool learn(std::size_t position, const TransactionOutcome& outcome) override
    {
        auto& state = states_[position];
        state.refusals.count(outcome);
        if (outcome.kind == TransactionOutcome::Kind::succeeded)
        {
            state.phase = outcome.tag == tag_of(Phase::proposed) ? Phase::proposed : Phase::done;
            state.proposals += state.phase == Phase::proposed ? 1 : 0;
        }
        return true;
    }

private:
    static constexpr std::uint32_t proposals_max = 8;
    /// What the treasury's payment costs on top.
    static constexpr std::uint64_t payment_gas = 100'000;

    [[nodiscard]] static constexpr std::uint64_t tag_of(Phase phase) noexcept
    {
        return static_cast<std::uint64_t>(phase);
    }
    [[nodiscard]] bool is_valid(const WalletState& state, const WalletState&) const override
    {
        return state.phase <= Phase::done && state.proposals <= proposals_max &&
               state.refusals.is_possible();
    }
    [[nodiscard]] std::uint64_t later(const WorldView& view) const
    {
        return view.block_number + view.blocks_of_ms(every_ms_);
    }
    [[nodiscard]] std::uint64_t gas(std::initializer_list<GovernanceAction> actions) const
    {
        std::uint64_t sum = 0;
        for (const auto action : actions)
            sum += governance_.gas_of(action).total();
        return sum;
    }

    /// What is left of @p taken after the fee for borrowing @p borrowed votes; empty if that is
    /// too little, or nobody lends them.
    [[nodiscard]] std::optional<double> gain(WalletContext& wallet, const Amount& taken,
        const Amount& borrowed, std::optional<FlashLoan>& loan)
    {
        const auto& view = wallet.view();
        const auto usd = [&](ContractId token, const Amount& amount)
        { return to_whole(amount, decimals_of(*view.world, token)) * reference_usd(view, token); };
        auto worth = usd(token_, taken);
        if (!borrowed.is_zero())
        {
            loan = cheapest_flash_loan(lenders_, view, governance_.token(), borrowed);
            // It pays the fee out of its own pocket.
            if (!loan || loan->fee > holding_of(view, governance_.token(), wallet.account()))
                return std::nullopt;
            worth -= usd(governance_.token(), loan->fee);
        }
        const auto all =
            gas({GovernanceAction::lock, GovernanceAction::propose, GovernanceAction::lock,
                GovernanceAction::vote, GovernanceAction::commit, GovernanceAction::unlock}) +
            payment_gas;
        if (worth < gain_min_ || !costs_.worth_it(wallet, all, worth))
            return std::nullopt;
        return worth;
    }

    std::uint64_t propose(WalletState& state, WalletContext& wallet)
    {
        const auto& view = wallet.view();
        const auto self = wallet.account();
        const auto votes = governance_.token();
        const auto treasury = governance_.contract().account();
        const auto asked = holding_of(view, token_, treasury);
        const auto locked = governance_.votes(self);
        const auto& wanted = governance_.proposal_threshold();
        const auto stake = wanted > locked ? wrapping_sub(wanted, locked) : Amount{};
        // A guess: others lock and unlock until then.
        const auto missing = governance_.lock_to_commit(wrapping_add(locked, stake));
        if (!missing)
            return never;
        if (state.proposals == proposals_max || asked.is_zero())
            return locked.is_zero() ? later(view) : take_back(wallet, locked);
        std::optional<FlashLoan> loan;
        const auto worth = gain(wallet, asked, *missing, loan);
        if (!worth || holding_of(view, votes, self) < stake)
            return later(view);
        CallWriter proposed;
        add_payment(proposed, token_, self, asked);
        CallWriter calls;
        add_approval(calls, view, votes, self, treasury, Amount::max());
        if (!stake.is_zero())
            governance_.add_lock(calls, stake);
        governance_.add_proposal(calls, proposed.list());
        state.asked = asked;
        wallet.submit(std::move(calls), wallet.habitual_bid(), tag_of(Phase::proposed),
            motive(wallet, Amount{}));
        return view.block_number + 1;
    }

    std::uint64_t strike(WalletState& state, WalletContext& wallet)
    {
        const auto& view = wallet.view();
        const auto number = own_proposal(wallet.account());
        const auto proposal = governance_.proposal(number);
        const auto locked = governance_.votes(wallet.account());
        if (proposal.is_executed || view.timestamp >= proposal.vote_end)
            return locked.is_zero() ? never : take_back(wallet, locked);
        if (view.timestamp < proposal.commit_from)
        {
            const auto seconds = std::min(proposal.commit_from, proposal.vote_end) - view.timestamp;
            return view.block_number + (seconds + slot_seconds_ - 1) / slot_seconds_;
        }
        // The treasury has less than it was asked for: once more, for what there is.
        if (holding_of(view, token_, governance_.contract().account()) < state.asked)
        {
            state.phase = Phase::waiting;
            return view.block_number + 1;
        }
        const auto missing = governance_.lock_to_commit(wrapping_add(proposal.for_votes, locked));
        std::optional<FlashLoan> loan;
        if (!missing || !gain(wallet, state.asked, *missing, loan))
            return later(view);
        CallWriter nested;
        if (!missing->is_zero())
            governance_.add_lock(nested, *missing);
        governance_.add_vote(nested, number, true);
        governance_.add_commit(nested, number);
        if (const auto all = wrapping_add(*missing, locked); !all.is_zero())
            governance_.add_unlock(nested, all);
        CallWriter calls;
        auto bid = wallet.habitual_bid();
        bid.extra_gas = payment_gas;
        if (loan)
        {
            loan->add(calls, view, wallet.account(), nested.list());
            bid.extra_gas += loan->gas.extra;
        }
        else
        {
            calls.add_encoded(nested.bytes());
        }
        const BlockContext block{view.block_number, view.timestamp, view.base_fee, 0, zero_account};
        simulation_.begin(*view.world, block);
        if (!simulation_.run(calls.bytes(), wallet.account()))
            return later(view);
        wallet.submit(std::move(calls), bid, tag_of(Phase::done), motive(wallet, state.asked));
        return view.block_number + 1;
    }

    /// Gives up, with its own tokens back.
    std::uint64_t take_back(WalletContext& wallet, const Amount& locked) const
    {
        CallWriter calls;
        governance_.add_unlock(calls, locked);
        wallet.submit(
            std::move(calls), wallet.habitual_bid(), tag_of(Phase::done), motive(wallet, Amount{}));
        return wallet.view().block_number + 1;
    }

    /// The newest of an account that has made some.
    [[nodiscard]] std::uint32_t own_proposal(AccountId account) const
    {
        auto number = governance_.proposals();
        while (number > 1 && governance_.proposal(number - 1).proposer != account)
            --number;
        return number == 0 ? 0 : number - 1;
    }
    [[nodiscard]] Motive motive(const WalletContext& wallet, const Amount& stolen) const
    {
        return {
            Purpose::attack, incident_of(wallet.account(), 0), token_, stolen, wallet.account()};
    }

    const Governance& governance_;
    MarketSet lenders_;
    ContractId token_;
    GasCosts costs_;
    std::int64_t at_ms_;
    std::int64_t every_ms_;
    double gain_min_;
    std::uint32_t slot_seconds_;
    Simulation simulation_;
};

}  // namespace

const StrategyType& governor_attacker_strategy()
{
    static const StrategyType type{.name = "governor_attacker",
        .purpose = Purpose::attack,
        .help =
            "Proposes that a treasury pays it all it has, and carries that out with votes that it "
            "borrows for the length of a transaction.",
        .parameters =
            {
                contracts::contract_parameter(
                    "governance", Governance::sector, "Whose treasury it wants."),
                {.name = "lenders",
                    .kind = ParameterKind::contracts,
                    .default_value = "",
                    .unit = {},
                    .help = "Who may lend it the votes.",
                    .contract_kind = LendingMarket::sector},
                {"token", ParameterKind::token, "", {}, "What it takes."},
                {"at", ParameterKind::duration, "\"1h\"", {}, "From when on it looks."},
                {"every", ParameterKind::duration, "\"10m\"", {}, "How often.", 1'000},
                {"gain_min", ParameterKind::number, "1000", unit::usd, "It acts for no less.", 0,
                    1e12},
                fee_tolerance_parameter(),
                coin_parameter(),
            },
        .create = create_strategy<GovernorAttacker>};
    return type;
}

}  // namespace runnel::strategies
