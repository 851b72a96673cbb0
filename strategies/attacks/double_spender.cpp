#include "strategies/market/common.hpp"
#include "strategies/strategies.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace runnel::strategies
{
namespace
{

struct WalletState
{
    std::uint32_t attempts = 0;
    Refusals refusals;
    RUNNEL_FIELDS(attempts, refusals);
};

/// Pays somebody who gives something for it, and has a miner who mines a branch in secret in which
/// the same coins go to himself: Nakamoto's double spend (2008, section 11). Whether it works is
/// the race of the two branches, and how many confirmations the other one waits for.
class DoubleSpender final : public StatefulStrategy<WalletState>
{
public:
    DoubleSpender(const Parameters& parameters, const WalletGroup& wallets)
      : token_{parameters.token("token")},
        share_{parameters.number("share")},
        priority_fee_{static_cast<std::uint64_t>(parameters.number("bid") * 1e9)}
    {
        states_.resize(wallets.accounts.size());
        const auto first = static_cast<std::uint32_t>(parameters.integer("miner"));
        for (std::uint32_t i = 0; i < states_.size(); ++i)
        {
            const auto name = fmt::format("validator/{}", first + wallets.first_number + i);
            miners_.push_back(wallets.world->find_account(name).value_or(zero_account));
        }
        const auto& victim = parameters.text("victim");
        for (const auto& [name, accounts] : *wallets.groups)
        {
            if (name == victim)
                victims_ = accounts;
        }
    }

    std::uint64_t first_block(std::size_t) override { return 1; }

    std::uint64_t decide(std::size_t position, WalletContext& wallet) override
    {
        auto& state = states_[position];
        const auto& view = wallet.view();
        if (state.refusals.is_silent() || victims_.empty())
            return never;
        const auto next = view.block_number + 1;
        const bool begins = std::find(view.double_spends.begin(), view.double_spends.end(),
                                miners_[position]) != view.double_spends.end();
        if (!begins || wallet.pending() > 0)
            return next;
        const auto held = holding_of(view, token_, wallet.account());
        const auto value = std::min(held, to_units(to_whole(held, 0) * share_, 0));
        if (value.is_zero())
            return next;
        const auto victim = victims_[state.attempts % victims_.size()];
        ++state.attempts;
        Motive motive;
        motive.purpose = Purpose::attack;
        motive.incident = incident_of(wallet.account(), state.attempts);
        motive.token = token_;
        motive.stolen = value;
        motive.controller = wallet.account();
        auto bid = wallet.habitual_bid();
        bid.priority_fee = std::max(bid.priority_fee, priority_fee_);
        CallWriter payment;
        add_payment(payment, token_, victim, value);
        wallet.submit(std::move(payment), bid, 0, motive);
        CallWriter back;
        add_payment(back, token_, wallet.account(), value);
        bid.is_secret = true;
        wallet.submit(std::move(back), bid, 0, motive);
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

    ContractId token_;
    double share_;
    std::uint64_t priority_fee_;
    std::vector<AccountId> miners_;  // By position.
    std::vector<AccountId> victims_;
};
}  // namespace

const StrategyType& double_spender_strategy()
{
    static const StrategyType type{.name = "double_spender",
        .purpose = Purpose::attack,
        .help =
            "Pays somebody, and pays the same coins back to itself in the branch that its "
            "miner makes in secret.",
        .parameters =
            {
                {"token", ParameterKind::token, "", {}, "What it pays with."},
                {"victim", ParameterKind::group, "", {}, "Whom it pays, one after another."},
                {"miner", ParameterKind::integer, "0", {},
                    "Its miner is validator/N, of a group of [consensus] whose strategy is "
                    "double_spend "
                    "(nodes are numbered by the names of their groups); of later wallets the next "
                    "ones.",
                    0, 100'000},
                {"share", ParameterKind::number, "0.5", {},
                    "Of what it holds, paid in each attempt.", 0, 1},
                {"bid", ParameterKind::number, "50", unit::other("gwei per gas"),
                    "Its priority fee, so that the next block takes the payment.", 0, 1e6},
            },
        .create = create_strategy<DoubleSpender>};
    return type;
}

}  // namespace runnel::strategies
