#include "contracts/kit/registration.hpp"
#include "contracts/kit/sectors/governance.hpp"
#include "execution/simulation.hpp"
#include "strategies/attacks/raid.hpp"
#include "strategies/strategies.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace runnel::strategies
{
namespace
{

using contracts::Governance;
using contracts::GovernanceAction;

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
        raid_{parameters, wallets},
        token_{parameters.token("token")},
        slot_seconds_{wallets.slot_seconds}
    {
        states_.resize(wallets.accounts.size());
    }

    std::uint64_t first_block(std::size_t) override { return raid_.first_block(); }

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
        auto worth = reference_usd(view, token_, taken);
        if (!borrowed.is_zero())
        {
            loan = raid_.loan(view, governance_.token(), borrowed);
            // It pays the fee out of its own pocket.
            if (!loan || loan->fee > holding_of(view, governance_.token(), wallet.account()))
                return std::nullopt;
            worth -= reference_usd(view, governance_.token(), loan->fee);
        }
        const auto all =
            gas({GovernanceAction::lock, GovernanceAction::propose, GovernanceAction::lock,
                GovernanceAction::vote, GovernanceAction::commit, GovernanceAction::unlock}) +
            payment_gas;
        return raid_.is_worth_it(wallet, all, worth) ? std::optional{worth} : std::nullopt;
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
            return locked.is_zero() ? raid_.next_look(view) : take_back(wallet, locked);
        std::optional<FlashLoan> loan;
        const auto worth = gain(wallet, asked, *missing, loan);
        if (!worth || holding_of(view, votes, self) < stake)
            return raid_.next_look(view);
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
            return raid_.next_look(view);
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
        const auto block = block_of(view);
        simulation_.begin(*view.world, block);
        if (!simulation_.run(calls.bytes(), wallet.account()))
            return raid_.next_look(view);
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
        return theft(Purpose::attack, wallet, 0, token_, stolen);
    }

    const Governance& governance_;
    Raid raid_;
    ContractId token_;
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
                lenders_parameter("Who may lend it the votes."),
                {"token", ParameterKind::token, "", {}, "What it takes."},
                at_parameter(),
                every_parameter("\"10m\""),
                gain_min_parameter(),
                fee_tolerance_parameter(),
                coin_parameter(),
            },
        .create = create_strategy<GovernorAttacker>};
    return type;
}

}  // namespace runnel::strategies
