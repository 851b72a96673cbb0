#include "contracts/kit/token.hpp"
#include "strategies/attacks/raid.hpp"
#include "strategies/strategies.hpp"

#include <algorithm>

namespace runnel::strategies
{
namespace
{

struct PhisherState
{
    Refusals refusals;
    RUNNEL_FIELDS(refusals);
};

/// Takes what people have let it take: whoever has approved it is emptied at its next look.
class Phisher : public StatefulStrategy<PhisherState>
{
public:
    Phisher(const Parameters& parameters, const WalletGroup& wallets)
      : groups_{wallets.groups},
        token_{parameters.token("token")},
        costs_{parameters},
        every_ms_{parameters.duration_ms("every")},
        batch_{static_cast<std::size_t>(parameters.integer("batch"))},
        victims_{find_group(*groups_, parameters.text("victims"))}
    {
        states_.resize(wallets.accounts.size());
    }

    std::uint64_t first_block(std::size_t) override { return 1; }

    std::uint64_t decide(std::size_t position, WalletContext& wallet) override
    {
        const auto& view = wallet.view();
        if (states_[position].refusals.is_silent() || victims_ == nullptr)
            return never;
        const auto next = view.block_number + view.blocks_of_ms(every_ms_);
        if (wallet.pending() > 0)
            return next;
        const auto& token = view.state<contracts::Token>(token_);
        CallWriter calls;
        std::size_t count = 0;
        Amount stolen;
        for (const auto victim : *victims_)
        {
            if (count >= batch_)
                break;
            if (victim == zero_account)
                continue;
            const auto allowed = token.allowances().get(pair_key(victim, wallet.account()));
            if (allowed.is_zero())
                continue;
            const auto loot = std::min(allowed, token.holding(victim));
            if (!costs_.worth_it(wallet, contracts::Erc20TransferFrom::gas, usd(view, loot)))
                continue;
            calls.add(token_, contracts::Erc20TransferFrom{victim, wallet.account(), loot});
            stolen = wrapping_add(stolen, loot);
            ++count;
        }
        if (count > 0)
        {
            const auto number = static_cast<std::uint32_t>(view.block_number);
            wallet.submit(std::move(calls), wallet.habitual_bid(), 0,
                theft(Purpose::phishing, wallet, number, token_, stolen));
        }
        return next;
    }

    bool learn(std::size_t position, const TransactionOutcome& outcome) override
    {
        states_[position].refusals.count(outcome);
        return false;
    }

private:
    [[nodiscard]] bool is_valid(const PhisherState& state, const PhisherState&) const override
    {
        return state.refusals.is_possible();
    }
    /// 1 per token without a reference price.
    [[nodiscard]] double usd(const WorldView& view, const Amount& amount) const
    {
        return presumed_usd(view, token_, amount);
    }

    std::shared_ptr<const GroupAccounts> groups_;
    ContractId token_;
    GasCosts costs_;
    std::int64_t every_ms_;
    std::size_t batch_;
    const std::vector<AccountId>* victims_;  // Of *groups_.
};

struct VictimState
{
    double interval_seconds = 0;
    bool is_caught = false;  // It has approved somebody, or found out in time.
    Refusals refusals;
    RUNNEL_FIELDS((interval_seconds, seconds), is_caught, refusals);
};

/// Holds a token and meets a false page now and then, which asks for an approval. A share of these
/// it signs, unless its wallet shows what the approval would let the spender do.
class PhishingVictim : public StatefulStrategy<VictimState>
{
public:
    PhishingVictim(const Parameters& parameters, const WalletGroup& wallets)
      : groups_{wallets.groups},
        token_{parameters.token("token")},
        signs_{parameters.number("signs")},
        is_warned_{parameters.boolean("warned")},
        part_{parameters.number("allowance")},
        times_{wallets, "first_lure"},
        phishers_{find_group(*groups_, parameters.text("phishers"))}
    {
        draw_intervals(states_, wallets, parameters);
    }

    std::uint64_t first_block(std::size_t position) override
    {
        return times_.first_block(position, states_[position].interval_seconds);
    }

    std::uint64_t decide(std::size_t position, WalletContext& wallet) override
    {
        auto& state = states_[position];
        if (state.is_caught || state.refusals.is_silent() || phishers_ == nullptr ||
            phishers_->empty())
            return never;
        const auto& view = wallet.view();
        auto& random = wallet.random();
        const auto next = times_.next_block(wallet, state.interval_seconds);
        const bool signs = random.bernoulli(signs_);
        const auto phisher = (*phishers_)[random.uniform_below(phishers_->size())];
        const auto held = holding_of(view, token_, wallet.account());
        if (wallet.pending() > 0 || !signs || is_warned_ || held.is_zero())
            return next;
        CallWriter calls;
        const auto allowed = part_ < 1 ? part_of(held, part_) : Amount::max();
        calls.add(token_, contracts::Erc20Approve{phisher, allowed});
        wallet.submit(std::move(calls), wallet.habitual_bid());
        return next;
    }

    bool learn(std::size_t position, const TransactionOutcome& outcome) override
    {
        auto& state = states_[position];
        state.refusals.count(outcome);
        state.is_caught = state.is_caught || outcome.kind == TransactionOutcome::Kind::succeeded;
        return false;
    }

private:
    [[nodiscard]] bool is_valid(const VictimState& state, const VictimState& born) const override
    {
        return state.interval_seconds == born.interval_seconds && state.refusals.is_possible();
    }

    std::shared_ptr<const GroupAccounts> groups_;
    ContractId token_;
    double signs_;
    bool is_warned_;
    double part_;
    RandomTimes times_;
    const std::vector<AccountId>* phishers_;  // Of *groups_.
};

}  // namespace

const StrategyType& phisher_strategy()
{
    static const StrategyType type{.name = "phisher",
        .purpose = Purpose::phishing,
        .help = "Takes the tokens of those who have approved it.",
        .parameters =
            {
                {"token", ParameterKind::token, "", {}, "What it takes."},
                {"victims", ParameterKind::group, "", {}, "Whose approvals it looks for."},
                {"every", ParameterKind::duration, "\"1m\"", {}, "How often it looks.", 1'000},
                {"batch", ParameterKind::integer, "20", {}, "How many it empties in a transaction.",
                    1, 200},
                fee_tolerance_parameter(),
                coin_parameter(),
            },
        .create = create_strategy<Phisher>};
    return type;
}

const StrategyType& phishing_victim_strategy()
{
    static const StrategyType type{.name = "phishing_victim",
        .purpose = Purpose::trade,
        .help = "Signs, now and then, an approval that a false page asks for.",
        .parameters =
            {
                {"token", ParameterKind::token, "", {}, "What it holds."},
                {"phishers", ParameterKind::group, "", {}, "Who the pages belong to."},
                {"interval", ParameterKind::distribution, "{ exponential = [86_400] }",
                    unit::seconds, "Mean time between the false pages that a wallet meets.", 1},
                {"signs", ParameterKind::number, "0.05", {}, "Share of pages where it signs.", 0,
                    1},
                {"warned", ParameterKind::boolean, "false", {},
                    "Whether its wallet shows what an approval lets the spender do: then it signs "
                    "none."},
                {"allowance", ParameterKind::number, "1", {},
                    "What it lets the page take, of what it holds; from 1 on: anything, for good.",
                    0, 1},
            },
        .create = create_strategy<PhishingVictim>};
    return type;
}

}  // namespace runnel::strategies
