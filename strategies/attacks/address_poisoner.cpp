#include "contracts/kit/token.hpp"
#include "strategies/attacks/habits.hpp"
#include "strategies/market/common.hpp"
#include "strategies/strategies.hpp"

#include <algorithm>
#include <optional>

namespace runnel::strategies
{
namespace
{

/// The theft that all look-alikes of a group of payees are part of: what ties bait and payment
/// together in the truth. Who is robbed means to pay, and knows no controller.
std::uint64_t campaign(const std::vector<AccountId>& payees)
{
    return incident_of(payees.front(), 0);
}

struct PoisonerState
{
    std::uint32_t next_victim = 0;
    Refusals refusals;
    RUNNEL_FIELDS(next_victim, refusals);
};

/// Puts look-alikes of those whom people pay into their histories: a transfer of nothing from the
/// victim to an address that its wallet shows as it shows the payee's. A token lets anybody move
/// nothing.
class AddressPoisoner : public StatefulStrategy<PoisonerState>
{
public:
    AddressPoisoner(const Parameters& parameters, const WalletGroup& wallets)
      : groups_{wallets.groups},
        token_{parameters.token("token")},
        every_ms_{parameters.duration_ms("every")},
        batch_{static_cast<std::size_t>(parameters.integer("batch"))},
        victims_{find_group(*groups_, parameters.text("victims"))},
        payees_{find_group(*groups_, parameters.text("payees"))}
    {
        states_.resize(wallets.accounts.size());
    }

    std::uint64_t first_block(std::size_t) override { return 1; }

    std::uint64_t decide(std::size_t position, WalletContext& wallet) override
    {
        auto& state = states_[position];
        const auto& view = wallet.view();
        if (state.refusals.is_silent() || victims_ == nullptr || payees_ == nullptr ||
            victims_->empty() || payees_->empty())
            return never;
        const auto next = view.block_number + view.blocks_of_ms(every_ms_);
        if (wallet.pending() > 0)
            return next;
        CallWriter calls;
        std::size_t count = 0;
        // Once around at the most. It goes for those who have paid before and have something.
        for (std::size_t i = 0; i < victims_->size() && count < batch_; ++i)
        {
            state.next_victim %= static_cast<std::uint32_t>(victims_->size());
            const auto victim = (*victims_)[state.next_victim++];
            if (victim == zero_account || view.account(victim).nonce == 0 ||
                holding_of(view, token_, victim).is_zero())
                continue;
            const auto& world = *view.world;
            const auto made = look_alike(world.account(regular_payee(victim, *payees_)).address,
                world.account(victim).address);
            if (world.find_account(made))
                continue;  // It is in that history already.
            calls.add(
                token_, contracts::Erc20TransferFrom{victim, calls.account_at(made), Amount{}});
            ++count;
        }
        if (count > 0)
        {
            wallet.submit(std::move(calls), wallet.habitual_bid(), 0,
                {Purpose::phishing, campaign(*payees_), token_, Amount{}, wallet.account()});
        }
        return next;
    }

    bool learn(std::size_t position, const TransactionOutcome& outcome) override
    {
        states_[position].refusals.count(outcome);
        return false;
    }

private:
    [[nodiscard]] bool is_valid(const PoisonerState& state, const PoisonerState&) const override
    {
        return state.refusals.is_possible();
    }

    std::shared_ptr<const GroupAccounts> groups_;
    ContractId token_;
    std::int64_t every_ms_;
    std::size_t batch_;
    const std::vector<AccountId>* victims_;  // Of *groups_, as
    const std::vector<AccountId>* payees_;   // these.
};

struct PayerState
{
    double interval_seconds = 0;
    bool has_paid = false;    // Before: its history shows the payee.
    bool is_careful = false;  // It has been told by a payee that nothing came.
    Refusals refusals;
    RUNNEL_FIELDS((interval_seconds, seconds), has_paid, is_careful, refusals);
};

/// Pays the same payee again and again. A share of its payments it copies from its history, where
/// it takes the last address that looks right.
class HabitualPayer : public StatefulStrategy<PayerState>
{
public:
    HabitualPayer(const Parameters& parameters, const WalletGroup& wallets)
      : groups_{wallets.groups},
        token_{parameters.token("token")},
        amount_{parameters.distribution("amount")},
        copies_{parameters.number("copies")},
        compares_{parameters.boolean("compares")},
        payees_{find_group(*groups_, parameters.text("payees"))},
        decimals_{decimals_of(*wallets.world, token_)},
        times_{wallets, "first_payment"}
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
        if (state.refusals.is_silent() || payees_ == nullptr || payees_->empty())
            return never;
        const auto& view = wallet.view();
        auto& random = wallet.random();
        const auto next = times_.next_block(wallet, state.interval_seconds);
        const bool copies = random.bernoulli(copies_);
        const auto wanted = to_units(amount_.draw(random), decimals_);
        const auto value = std::min(wanted, holding_of(view, token_, wallet.account()));
        if (wallet.pending() > 0 || value.is_zero())
            return next;
        const auto payee = regular_payee(wallet.account(), *payees_);
        const auto false_payee = copies && state.has_paid && !state.is_careful && !compares_
                                     ? shown_last(view, wallet.account(), payee)
                                     : std::nullopt;
        CallWriter calls;
        if (false_payee)
            add_payment(calls, token_, calls.account_at(*false_payee), value);
        else
            add_payment(calls, token_, payee, value);
        Motive motive;
        motive.purpose = Purpose::payment;
        if (false_payee)
        {
            motive.incident = campaign(*payees_);
            motive.token = token_;
            motive.stolen = value;
        }
        wallet.submit(
            std::move(calls), wallet.habitual_bid(), false_payee ? robbed_tag : paid_tag, motive);
        return next;
    }

    bool learn(std::size_t position, const TransactionOutcome& outcome) override
    {
        auto& state = states_[position];
        state.refusals.count(outcome);
        if (outcome.kind != TransactionOutcome::Kind::succeeded)
            return false;
        state.has_paid = true;
        state.is_careful = state.is_careful || outcome.tag == robbed_tag;
        return false;
    }

private:
    static constexpr std::uint64_t paid_tag = 0;
    static constexpr std::uint64_t robbed_tag = 1;

    [[nodiscard]] bool is_valid(const PayerState& state, const PayerState& born) const override
    {
        return state.interval_seconds == born.interval_seconds && state.refusals.is_possible();
    }

    /// The address in the history of @p payer that looks like its payee's, but is not, if somebody
    /// has put one there.
    [[nodiscard]] static std::optional<Address> shown_last(
        const WorldView& view, AccountId payer, AccountId payee)
    {
        const auto& world = *view.world;
        const auto made = look_alike(world.account(payee).address, world.account(payer).address);
        return world.find_account(made) ? std::optional{made} : std::nullopt;
    }

    std::shared_ptr<const GroupAccounts> groups_;
    ContractId token_;
    Distribution amount_;
    double copies_;
    bool compares_;
    const std::vector<AccountId>* payees_;  // Of *groups_.
    std::uint8_t decimals_;
    RandomTimes times_;
};

}  // namespace

const StrategyType& address_poisoner_strategy()
{
    static const StrategyType type{.name = "address_poisoner",
        .purpose = Purpose::phishing,
        .help = "Puts addresses that look like those of people's payees into their histories.",
        .parameters =
            {
                {"token", ParameterKind::token, "", {}, "What people pay with."},
                {"victims", ParameterKind::group, "", {}, "Whose histories it poisons."},
                {"payees", ParameterKind::group, "", {}, "Whom these pay."},
                {"every", ParameterKind::duration, "\"10m\"", {}, "How often it acts.", 1'000},
                {"batch", ParameterKind::integer, "20", {},
                    "How many histories it poisons in a transaction.", 1, 200},
            },
        .create = create_strategy<AddressPoisoner>};
    return type;
}

const StrategyType& habitual_payer_strategy()
{
    static const StrategyType type{.name = "habitual_payer",
        .purpose = Purpose::payment,
        .help = "Pays the same payee again and again, and copies its address from its history.",
        .parameters =
            {
                {"token", ParameterKind::token, "", {}, "What it pays with."},
                {"payees", ParameterKind::group, "", {}, "Of whom each wallet has one."},
                {"amount", ParameterKind::distribution, "{ log_normal = [5, 1] }",
                    unit::whole_tokens, "Of each payment, drawn each time.", 0},
                {"interval", ParameterKind::distribution, "{ exponential = [86_400] }",
                    unit::seconds, "Mean time between a wallet's payments.", 1},
                {"copies", ParameterKind::number, "0.3", {},
                    "Share of payments whose address it copies from its history.", 0, 1},
                {"compares", ParameterKind::boolean, "false", {},
                    "Whether it compares all digits of what it copies, or its wallet does."},
            },
        .create = create_strategy<HabitualPayer>};
    return type;
}

}  // namespace runnel::strategies
