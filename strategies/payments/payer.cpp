#include "ledger/check.hpp"
#include "strategies/market/common.hpp"
#include "strategies/strategies.hpp"

#include <algorithm>

namespace runnel::strategies
{
namespace
{

struct WalletState
{
    double interval_seconds = 0;
    double patience = 1;  // Multiplies the interval.
    Refusals refusals;
    RUNNEL_FIELDS((interval_seconds, seconds), patience, refusals);
};

/// Pays others at random times. A payment that fails for want of funds makes the wallet wait for
/// income; one that was dropped is simply followed by the next.
class Payer : public StatefulStrategy<WalletState>
{
public:
    Payer(const Parameters& parameters, const WalletGroup& wallets)
      : groups_{wallets.groups},
        token_{parameters.token("token")},
        slot_seconds_{wallets.slot_seconds},
        seed_{wallets.seed},
        stream_{wallets.stream},
        first_number_{wallets.first_number},
        amount_{parameters.distribution("amount")},
        merchant_share_{parameters.number("merchant_share")},
        new_address_share_{parameters.number("new_address_share")}
    {
        const auto& payees = parameters.text("payees");
        const auto& merchants = parameters.text("merchants");
        for (const auto& [name, accounts] : *wallets.groups)
        {
            if (name == payees || (payees.empty() && name == wallets.name))
                payees_ = &accounts;
            if (name == merchants)
                merchants_ = &accounts;
        }
        decimals_ = decimals_of(*wallets.world, token_);
        const EventTimes times{wallets, parameters, "interval"};
        states_.resize(wallets.accounts.size());
        for (std::size_t i = 0; i < states_.size(); ++i)
        {
            states_[i].interval_seconds =
                times.mean_seconds(first_number_ + static_cast<std::uint32_t>(i));
        }
    }

    std::uint64_t first_block(std::size_t position) override
    {
        static const auto stream = stream_of_name("first_payment");
        RandomStream random{seed_, stream_ ^ stream, first_number_ + position, 0};
        return blocks_until_next(random, states_[position].interval_seconds, slot_seconds_);
    }

    std::uint64_t decide(std::size_t position, WalletContext& wallet) override
    {
        auto& state = states_[position];
        if (state.refusals.is_silent())
            return never;
        auto& random = wallet.random();
        const auto next =
            wallet.view().block_number +
            blocks_until_next(random, state.interval_seconds * state.patience, slot_seconds_);
        if (wallet.pending() >= pending_max)
            return next;
        CallWriter calls;
        const auto payee = new_address_share_ > 0 && random.bernoulli(new_address_share_)
                               ? std::optional{account_of_address(
                                     *wallet.view().world, draw_address(random), calls)}
                               : pick_payee(random, wallet.account());
        if (!payee)
            return next;
        const auto value = to_units(amount_.draw(random), decimals_);
        if (value.is_zero())
            return next;
        add_payment(calls, token_, *payee, value);
        wallet.submit(std::move(calls), wallet.habitual_bid());
        return next;
    }

    bool learn(std::size_t position, const TransactionOutcome& outcome) override
    {
        states_[position].refusals.count(outcome);
        auto& patience = states_[position].patience;
        if (outcome.kind == TransactionOutcome::Kind::reverted)
            patience = std::min(patience * 2, patience_max);  // Out of funds: wait for income.
        else if (outcome.kind == TransactionOutcome::Kind::succeeded)
            patience = std::max(1.0, patience / 2);
        return false;
    }

private:
    [[nodiscard]] bool is_valid(const WalletState& state, const WalletState& born) const override
    {
        return state.interval_seconds == born.interval_seconds && state.patience >= 1 &&
               state.patience <= patience_max && state.refusals.is_possible();
    }

    static constexpr double patience_max = 64;
    static constexpr std::uint32_t pending_max = 4;

    [[nodiscard]] std::optional<AccountId> pick_payee(RandomStream& random, AccountId self) const
    {
        const bool merchant =
            merchants_ != nullptr && !merchants_->empty() && random.bernoulli(merchant_share_);
        const auto* from = merchant ? merchants_ : payees_;
        if (from == nullptr || from->empty())
            return std::nullopt;
        const auto payee = (*from)[random.uniform_below(from->size())];
        return payee == self ? std::nullopt : std::optional{payee};
    }

    // Shared by all cohorts: a million wallets know each other without a copy.
    std::shared_ptr<const GroupAccounts> groups_;
    ContractId token_;
    std::uint32_t slot_seconds_;
    std::uint64_t seed_;
    std::uint64_t stream_;
    std::uint32_t first_number_;
    Distribution amount_;
    double merchant_share_;
    double new_address_share_;
    std::uint8_t decimals_ = 18;
    const std::vector<AccountId>* payees_ = nullptr;  // Of *groups_, where people arrive.
    const std::vector<AccountId>* merchants_ = nullptr;
};

}  // namespace

const StrategyType& payer_strategy()
{
    static const StrategyType type{.name = "payer",
        .purpose = Purpose::payment,
        .help = "Pays other wallets and merchants at random times (a Poisson process).",
        .parameters =
            {
                {"token", ParameterKind::token, "", {}, "What it pays with."},
                {"amount", ParameterKind::distribution, "{ log_normal = [3.0, 1.0] }",
                    unit::whole_tokens, "Of each payment, drawn each time.", 0},
                {"interval", ParameterKind::distribution, "{ log_normal = [7.87, 0.8] }",
                    unit::seconds,
                    "Mean time between a wallet's payments: the group pays once per wallet and "
                    "mean of these.",
                    1},
                {"payees", ParameterKind::group, "\"\"", {},
                    "Name of the group it pays; empty: its own."},
                {"merchants", ParameterKind::group, "\"\"", {},
                    "Name of the group of merchants; empty: none."},
                {"merchant_share", ParameterKind::number, "0.5", {},
                    "Share of payments that go to merchants.", 0, 1},
                {"new_address_share", ParameterKind::number, "0", {},
                    "Share of payments to an address that nobody has used before, beside the "
                    "others.",
                    0, 1},
            },
        .create = create_strategy<Payer>};
    return type;
}

}  // namespace runnel::strategies
