#include "contracts/kit/registration.hpp"
#include "contracts/kit/sectors/insurance.hpp"
#include "ledger/portable_math.hpp"
#include "strategies/insurance/losses.hpp"
#include "strategies/market/common.hpp"
#include "strategies/market/lending_market.hpp"
#include "strategies/strategies.hpp"

#include <algorithm>

namespace runnel::strategies
{
namespace
{

using contracts::AssessmentStatus;
using contracts::ClaimsAssessment;

struct WalletState
{
    double interval_seconds = 0;
    double stake_share = 1;
    bool is_lazy = false;
    bool is_bribed = false;
    double error = 0;  // Of what it makes of a loss: sd of the logarithm.
    double tolerance = 0;
    std::uint64_t settled = 0;  // Polls whose rewards it has taken, or has none of.
    Refusals refusals;
    RUNNEL_FIELDS((interval_seconds, seconds), stake_share, is_lazy, is_bribed, error, tolerance,
        settled, refusals);
};

/// Stakes and votes on claims. The honest work out what was lost and compare; the lazy vote as most
/// have until now, and not at all while nobody has; the bribed vote for whom they were paid to.
class ClaimsAssessor : public StatefulStrategy<WalletState>
{
public:
    ClaimsAssessor(const Parameters& parameters, const WalletGroup& wallets)
      : assessment_{parameters.contract("assessment")},
        bribed_to_accept_{parameters.boolean("bribed_to_accept")},
        enter_within_ms_{parameters.duration_ms("enter_within")},
        times_{wallets, "first_stake"}
    {
        draw_intervals(states_, wallets, parameters);
        static const auto kinds = stream_of_name("kind");
        for (std::size_t i = 0; i < states_.size(); ++i)
        {
            const WalletDraws draw{parameters, wallets, i};
            auto& state = states_[i];
            state.stake_share = draw.share("stake_share");
            state.error = draw("error");
            state.tolerance = draw("tolerance");
            RandomStream random{wallets.seed, wallets.stream ^ kinds, draw.number(), 0};
            const auto kind = random.uniform_double();
            state.is_bribed = kind < parameters.number("bribed_share");
            state.is_lazy = !state.is_bribed && kind < parameters.number("bribed_share") +
                                                           parameters.number("lazy_share");
        }
    }

    std::uint64_t first_block(std::size_t position) override
    {
        return times_.first_block_within(position, enter_within_ms_);
    }

    std::uint64_t decide(std::size_t position, WalletContext& wallet) override
    {
        auto& state = states_[position];
        if (state.refusals.is_silent())
            return never;
        const auto& view = wallet.view();
        const auto next = times_.next_block(wallet, state.interval_seconds);
        const auto error = portable_exp(wallet.random().normal() * state.error);
        if (wallet.pending() > 0)
            return next;
        const auto& assessment = view.state<ClaimsAssessment>(assessment_);
        const auto me = wallet.account();
        CallWriter calls;
        if (assessment.stake_of(me).is_zero() && assessment.locked_until(me) == 0)
        {
            const auto token = assessment.stake_token();
            const auto amount = part_of(holding_of(view, token, me), state.stake_share);
            if (amount.is_zero())
                return next;
            add_approval(calls, view, token, me, assessment.contract().account(), amount);
            assessment.add_stake(calls, amount);
        }
        else
            act(state, view, assessment, me, error, calls);
        if (!calls.bytes().empty())
        {
            // A vote that was bought is no judgement.
            Motive motive;
            motive.purpose = state.is_bribed ? Purpose::fraud : Purpose::insurance;
            wallet.submit(std::move(calls), wallet.habitual_bid(), 0, motive);
        }
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
               state.stake_share == born.stake_share && state.is_lazy == born.is_lazy &&
               state.is_bribed == born.is_bribed && state.error == born.error &&
               state.tolerance == born.tolerance && state.refusals.is_possible();
    }

    /// Votes in the oldest poll that waits for its vote, or takes the rewards of a closed one.
    void act(WalletState& state, const WorldView& view, const ClaimsAssessment& assessment,
        AccountId me, double error, CallWriter& calls) const
    {
        bool is_settled = true;
        for (auto number = state.settled; number < assessment.poll_count(); ++number)
        {
            const auto poll = assessment.poll(number, view.timestamp);
            if (poll.status == AssessmentStatus::closed)
            {
                if (!assessment.reward_of(number, me).is_zero())
                {
                    assessment.add_withdraw_rewards(calls, number);
                    return;
                }
                if (is_settled)
                    state.settled = number + 1;
                continue;
            }
            is_settled = false;
            if (poll.status != AssessmentStatus::voting || assessment.has_voted(number, me) ||
                assessment.stake_of(me).is_zero())
                continue;
            const auto vote = opinion(state, view, poll, error);
            if (!vote)
                continue;
            assessment.add_vote(calls, number, *vote);
            return;
        }
    }

    /// What it votes; empty: not now.
    [[nodiscard]] std::optional<bool> opinion(const WalletState& state, const WorldView& view,
        const contracts::AssessmentPoll& poll, double error) const
    {
        if (state.is_bribed)
            return bribed_to_accept_;
        if (state.is_lazy)
        {
            if (poll.accepted == poll.denied)
                return std::nullopt;
            return poll.accepted > poll.denied;
        }
        const auto* product = contracts::find_cover_product(*view.world, poll.product);
        const auto loss = product == nullptr ? std::nullopt : visible_loss(view, *product);
        if (!loss)
            return std::nullopt;
        return poll.loss.to_double() * 1e-18 <= *loss * error * (1 + state.tolerance);
    }

    ContractId assessment_;
    bool bribed_to_accept_;
    std::int64_t enter_within_ms_;
    RandomTimes times_;
};

std::string check_shares(const Parameters& parameters)
{
    return parameters.number("bribed_share") + parameters.number("lazy_share") <= 1
               ? ""
               : "lazy_share: expected no more than what bribed_share leaves of 1";
}

}  // namespace

const StrategyType& claims_assessor_strategy()
{
    static const StrategyType type{.name = "claims_assessor",
        .purpose = Purpose::insurance,
        .help = "Stakes and votes on claims: honestly, as the others do, or as it was bribed to.",
        .parameters =
            {
                contracts::contract_parameter(
                    "assessment", ClaimsAssessment::sector, "Where it votes."),
                {"enter_within", ParameterKind::duration, "\"12h\"", {},
                    "It stakes some time within this span from the start.", 0},
                {"interval", ParameterKind::distribution, "{ log_normal = [9.5, 0.7] }",
                    unit::seconds,
                    "Mean time between a wallet's looks at the polls: the group looks once per "
                    "wallet and mean of these.",
                    1},
                {"stake_share", ParameterKind::distribution, "{ uniform = [0.5, 1.0] }", {},
                    "Share of what it holds that it stakes.", 0, 1},
                {"lazy_share", ParameterKind::number, "0.3", {},
                    "Of the group: who vote as most have.", 0, 1},
                {"bribed_share", ParameterKind::number, "0", {},
                    "Of the group: who vote as they were paid to.", 0, 1},
                {"bribed_to_accept", ParameterKind::boolean, "false", {},
                    "What they were paid to vote for."},
                {"error", ParameterKind::distribution, "0.1", {},
                    "How far off it is when it works out a loss: the standard deviation of the "
                    "logarithm.",
                    0, 10},
                {"tolerance", ParameterKind::distribution, "0.2", {},
                    "By how much a claim may be above what it finds.", 0, 100},
            },
        .create = create_strategy<ClaimsAssessor>,
        .validate = check_shares};
    return type;
}

}  // namespace runnel::strategies
