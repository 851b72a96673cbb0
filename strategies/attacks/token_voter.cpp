#include "contracts/kit/registration.hpp"
#include "contracts/kit/sectors/governance.hpp"
#include "strategies/market/common.hpp"
#include "strategies/market/lending_market.hpp"
#include "strategies/strategies.hpp"

#include <utility>

namespace runnel::strategies
{
namespace
{

using contracts::Governance;

struct WalletState
{
    double interval_seconds = 0;
    double lock_share = 1;
    std::uint32_t seen = 0;  // Proposals before this one it has made up its mind on.
    Refusals refusals;
    RUNNEL_FIELDS((interval_seconds, seconds), lock_share, seen, refusals);
};

/// Locks a part of what it holds for votes and looks in now and then: of the proposals that are new
/// to it, it votes on some. It trusts those who have much at stake themselves, and is against what
/// others propose.
class TokenVoter : public StatefulStrategy<WalletState>
{
public:
    TokenVoter(const Parameters& parameters, const WalletGroup& wallets)
      : governance_{dynamic_cast<const Governance&>(
            wallets.world->contract(parameters.contract("governance")))},
        join_within_ms_{parameters.duration_ms("join_within")},
        turnout_{parameters.number("turnout")},
        standing_{parameters.number("standing")},
        times_{wallets, "first_look"}
    {
        draw_intervals(states_, wallets, parameters);
        for (std::size_t i = 0; i < states_.size(); ++i)
            states_[i].lock_share = WalletDraws{parameters, wallets, i}.share("lock_share");
    }

    std::uint64_t first_block(std::size_t position) override
    {
        return times_.first_block_within(position, join_within_ms_);
    }

    std::uint64_t decide(std::size_t position, WalletContext& wallet) override
    {
        auto& state = states_[position];
        if (state.refusals.is_silent())
            return never;
        const auto next = times_.next_block(wallet, state.interval_seconds);
        if (wallet.pending() > 0)
            return next;
        if (governance_.votes(wallet.account()).is_zero())
            lock(state, wallet);
        else
            vote(state, wallet);
        return next;
    }

    bool learn(std::size_t position, const TransactionOutcome& outcome) override
    {
        states_[position].refusals.count(outcome);
        return false;
    }

private:
    [[nodiscard]] bool is_valid(const WalletState& state, const WalletState& born) const override
    {
        return state.interval_seconds == born.interval_seconds &&
               state.lock_share == born.lock_share && state.refusals.is_possible();
    }

    void lock(const WalletState& state, WalletContext& wallet) const
    {
        const auto& view = wallet.view();
        const auto token = governance_.token();
        const auto amount = part_of(holding_of(view, token, wallet.account()), state.lock_share);
        if (amount.is_zero())
            return;
        CallWriter calls;
        add_approval(
            calls, view, token, wallet.account(), governance_.contract().account(), amount);
        governance_.add_lock(calls, amount);
        wallet.submit(std::move(calls), wallet.habitual_bid());
    }

    void vote(WalletState& state, WalletContext& wallet) const
    {
        const auto now = wallet.view().timestamp;
        CallWriter calls;
        for (; state.seen < governance_.proposals(); ++state.seen)
        {
            const auto proposal = governance_.proposal(state.seen);
            if (!wallet.random().bernoulli(turnout_) || proposal.is_executed ||
                now < proposal.vote_start || now >= proposal.vote_end)
                continue;
            const auto at_stake = governance_.votes(proposal.proposer).to_double();
            governance_.add_vote(
                calls, state.seen, at_stake >= standing_ * governance_.all_votes().to_double());
        }
        if (!calls.bytes().empty())
            wallet.submit(std::move(calls), wallet.habitual_bid());
    }

    const Governance& governance_;
    std::int64_t join_within_ms_;
    double turnout_;
    double standing_;
    RandomTimes times_;
};

}  // namespace

const StrategyType& token_voter_strategy()
{
    static const StrategyType type{.name = "token_voter",
        .purpose = Purpose::upkeep,
        .help = "Locks tokens for votes, and votes for what those propose who have much at stake.",
        .parameters =
            {
                contracts::contract_parameter(
                    "governance", Governance::sector, "Where it locks and votes."),
                {"join_within", ParameterKind::duration, "\"24h\"", {},
                    "It first looks at a random time within that.", 1'000},
                {"interval", ParameterKind::distribution, "{ log_normal = [10.5, 0.8] }",
                    unit::seconds, "Mean time between its looks.", 1},
                {"lock_share", ParameterKind::distribution, "{ uniform = [0.2, 1] }", {},
                    "Share of its tokens that it locks.", 0, 1},
                {"turnout", ParameterKind::number, "0.5", unit::other("probability"),
                    "That it votes on a proposal.", 0, 1},
                {"standing", ParameterKind::number, "0.01", {},
                    "The share of all votes that a proposer must have for it to agree.", 0, 1},
            },
        .create = create_strategy<TokenVoter>};
    return type;
}

}  // namespace runnel::strategies
