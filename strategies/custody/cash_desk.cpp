#include "ledger/check.hpp"
#include "strategies/market/common.hpp"
#include "strategies/strategies.hpp"

#include <algorithm>
#include <deque>

namespace runnel::strategies
{
namespace
{

struct WalletState
{
    std::vector<std::uint64_t> paid;    // Numbers of the payments that it has paid out for,
    std::vector<std::uint64_t> paying;  // and of those in the transaction on its way: ascending.
    Refusals refusals;
    RUNNEL_FIELDS(paid, paying, refusals);
};

/// A payment to the desk, as it saw it on the chain.
struct SeenPayment
{
    std::uint64_t number = 0;  // From 1 on; none is given twice.
    std::uint64_t block = 0;
    AccountId from{};
    AccountId to{};
    Amount value;
    bool is_gone = false;  // Its block was taken back.
    RUNNEL_FIELDS(number, (block, block_number), from, to, value, is_gone);
};

/// Changes what is paid to it into another token, at the world's price, once the payment has as
/// many confirmations as it waits for: what exchanges, bridges and shops do. It forgets payments
/// that a re-organisation took back before; what it has paid out is gone.
class CashDesk final : public StatefulStrategy<WalletState>
{
public:
    CashDesk(const Parameters& parameters, const WalletGroup& wallets)
      : accounts_{wallets.accounts},
        takes_{parameters.token("takes")},
        gives_{parameters.token("gives")},
        takes_decimals_{decimals_of(*wallets.world, takes_)},
        gives_decimals_{decimals_of(*wallets.world, gives_)},
        confirmations_{static_cast<std::uint64_t>(parameters.integer("confirmations"))},
        fee_{parameters.number("fee")},
        smallest_{to_units(parameters.number("smallest"), takes_decimals_)}
    {
        states_.resize(wallets.accounts.size());
        for (const auto& [name, accounts] : *wallets.groups)
        {
            if (name == wallets.name)
                all_ = accounts;
        }
    }

    std::uint64_t first_block(std::size_t) override { return 1; }
    [[nodiscard]] bool is_observing() const override { return true; }

    void observe(std::span<const ObservedTransfer> transfers) override
    {
        for (const auto& transfer : transfers)
        {
            if (transfer.token != takes_ || transfer.value < smallest_ ||
                !std::binary_search(all_.begin(), all_.end(), transfer.to))
                continue;
            // The same once more, in the branch that took over: it is paid out for once.
            const auto again = std::find_if(seen_.begin(), seen_.end(),
                [&](const SeenPayment& payment)
                {
                    return payment.is_gone && payment.from == transfer.from &&
                           payment.to == transfer.to && payment.value == transfer.value;
                });
            if (again != seen_.end())
            {
                again->block = transfer.block;
                again->is_gone = false;
                continue;
            }
            seen_.push_back(
                {++numbers_, transfer.block, transfer.from, transfer.to, transfer.value, false});
            if (seen_.size() > seen_max)
                seen_.pop_front();
        }
    }
    void observe_reversal(std::uint64_t block) override
    {
        for (auto& payment : seen_)
            payment.is_gone = payment.is_gone || payment.block >= block;
    }

    std::uint64_t decide(std::size_t position, WalletContext& wallet) override
    {
        auto& state = states_[position];
        const auto& view = wallet.view();
        if (state.refusals.is_silent())
            return never;
        if (wallet.pending() > 0)
            return view.block_number + 1;
        CallWriter calls;
        auto left = holding_of(view, gives_, accounts_[position]);
        const auto oldest = seen_.empty() ? 0 : seen_.front().number;
        std::erase_if(state.paid, [oldest](std::uint64_t number) { return number < oldest; });
        state.paying.clear();
        for (const auto& payment : seen_)
        {
            // The newest block is one confirmation of what is in it.
            if (payment.to != accounts_[position] || payment.is_gone ||
                view.block_number - payment.block < confirmations_ ||
                std::binary_search(state.paid.begin(), state.paid.end(), payment.number))
                continue;
            if (state.paying.size() == payouts_max)
                break;
            const auto value = worth(view, payment.value);
            if (value.is_zero() || value > left)
                continue;  // It owes, and has not got it: nobody pays out what is not there.
            left = wrapping_sub(left, value);
            add_payment(calls, gives_, payment.from, value);
            state.paying.push_back(payment.number);
        }
        if (!state.paying.empty())
            wallet.submit(std::move(calls), wallet.habitual_bid());
        return view.block_number + 1;
    }

    bool learn(std::size_t position, const TransactionOutcome& outcome) override
    {
        auto& state = states_[position];
        state.refusals.count(outcome);
        if (outcome.kind == TransactionOutcome::Kind::succeeded)
        {
            state.paid.insert(state.paid.end(), state.paying.begin(), state.paying.end());
            std::sort(state.paid.begin(), state.paid.end());
            state.paid.erase(std::unique(state.paid.begin(), state.paid.end()), state.paid.end());
        }
        state.paying.clear();  // What failed is tried once more.
        return true;
    }

    [[nodiscard]] std::size_t shared_records() const override { return seen_.size() + 1; }
    void save_shared(std::size_t record, Encoder& out) const override
    {
        if (record == 0)
            out.put(numbers_);
        else
            out.put(seen_[record - 1]);
    }
    [[nodiscard]] bool load_shared(std::size_t record, Decoder& in) override
    {
        if (record == 0)
        {
            seen_.clear();
            in.get(numbers_);
            return in.ok();
        }
        SeenPayment payment;
        in.get(payment);
        const auto last = seen_.empty() ? 0 : seen_.back().number;
        if (!in.ok() || payment.number <= last || payment.number > numbers_ ||
            seen_.size() == seen_max)
            return false;
        seen_.push_back(payment);
        return true;
    }

private:
    static constexpr std::size_t seen_max = 4'096;
    static constexpr std::size_t payouts_max = 16;

    [[nodiscard]] bool is_valid(const WalletState& state, const WalletState&) const override
    {
        return state.paid.size() <= 2 * seen_max && state.paying.size() <= payouts_max &&
               std::is_sorted(state.paid.begin(), state.paid.end()) &&
               std::is_sorted(state.paying.begin(), state.paying.end()) &&
               state.refusals.is_possible();
    }

    /// What is paid out, in smallest units, rounded down; 0 while one of the two has no price.
    [[nodiscard]] Amount worth(const WorldView& view, const Amount& value) const
    {
        const auto takes = view.reference_price(takes_);
        const auto gives = view.reference_price(gives_);
        if (!takes || !gives || *gives == 0)
            return {};
        const auto whole = to_whole(value, takes_decimals_) * static_cast<double>(*takes) /
                           static_cast<double>(*gives) * (1 - fee_);
        return to_units(whole, gives_decimals_);
    }

    std::vector<AccountId> accounts_;
    std::vector<AccountId> all_;  // Of the group.
    ContractId takes_;
    ContractId gives_;
    std::uint8_t takes_decimals_;
    std::uint8_t gives_decimals_;
    std::uint64_t confirmations_;
    double fee_;
    Amount smallest_;
    std::uint64_t numbers_ = 0;
    std::deque<SeenPayment> seen_;  // By number.
};
}  // namespace

const StrategyType& cash_desk_strategy()
{
    static const StrategyType type{.name = "cash_desk",
        .purpose = Purpose::trade,
        .help =
            "Changes what is paid to it into another token, once the payment has as many "
            "confirmations as it waits for.",
        .parameters =
            {
                {"takes", ParameterKind::token, "", {}, "What it is paid in."},
                {"gives", ParameterKind::token, "", {}, "What it pays out, at the world's price."},
                {"confirmations", ParameterKind::integer, "6", unit::other("blocks"),
                    "Blocks from the payment's own on before it pays out.", 1, 1'000},
                {"fee", ParameterKind::number, "0.001", {}, "Of what is changed.", 0, 0.5},
                {"smallest", ParameterKind::number, "0", unit::whole_tokens,
                    "Payments below it are kept without a payout.", 0},
            },
        .create = create_strategy<CashDesk>};
    return type;
}

}  // namespace runnel::strategies
