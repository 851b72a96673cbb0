#include "contracts/kit/registration.hpp"
#include "contracts/kit/sectors/vault.hpp"
#include "contracts/kit/token.hpp"
#include "strategies/attacks/raid.hpp"
#include "strategies/strategies.hpp"

namespace runnel::strategies
{
namespace
{

using contracts::Vault;
using contracts::VaultAction;

enum class Phase : std::uint8_t
{
    waiting,  // For its time.
    probed,   // Has the only share, and has given the vault a little.
    given,    // Has made the share dear, and waits for others' deposits.
    leaving,  // Takes out what the share is worth.
    done,
};

struct WalletState
{
    double gift = 0;  // Whole tokens.
    Phase phase = Phase::waiting;
    std::uint64_t leaves_at = 0;  // Block.
    Refusals refusals;
    RUNNEL_FIELDS((gift, whole_tokens), phase, (leaves_at, block_number), refusals);
};

/// Makes the first share of an empty vault so dear that others' deposits are rounded away, and
/// redeems it for them.
class VaultInflator : public StatefulStrategy<WalletState>
{
public:
    VaultInflator(const Parameters& parameters, const WalletGroup& wallets)
      : vault_{*contracts::find_vault(*wallets.world, parameters.contract("vault"))},
        first_block_{block_after(parameters.duration_ms("at"), wallets.slot_seconds)},
        patience_ms_{parameters.duration_ms("patience")},
        gain_wanted_{parameters.number("gain_wanted")},
        urgency_{parameters.number("urgency")}
    {
        states_.resize(wallets.accounts.size());
        for (std::size_t i = 0; i < states_.size(); ++i)
        {
            states_[i].gift = WalletDraws{parameters, wallets, i}("gift");
        }
    }

    std::uint64_t first_block(std::size_t) override { return first_block_; }

    std::uint64_t decide(std::size_t position, WalletContext& wallet) override
    {
        auto& state = states_[position];
        const auto& view = wallet.view();
        if (state.phase == Phase::done || state.refusals.is_silent())
            return never;
        if (wallet.pending() > 0)
            return view.block_number + 1;
        switch (state.phase)
        {
            case Phase::waiting: return probe(state, wallet);
            case Phase::probed: return judge(state, wallet);
            case Phase::given: return watch(state, wallet);
            case Phase::leaving: return leave(state, wallet);
            case Phase::done: break;
        }
        return never;
    }

    bool learn(std::size_t position, const TransactionOutcome& outcome) override
    {
        auto& state = states_[position];
        state.refusals.count(outcome);
        if (outcome.kind != TransactionOutcome::Kind::succeeded)
        {
            if (outcome.tag == tag_of(Phase::probed))
                state.phase = Phase::waiting;
            else if (outcome.tag == tag_of(Phase::given))
                state.leaves_at = 0;  // It has given nothing yet.
            return false;
        }
        if (outcome.tag == tag_of(Phase::given))
            state.phase = Phase::given;
        else if (outcome.tag == tag_of(Phase::done))
            state.phase = Phase::done;
        return true;
    }

private:
    static constexpr std::uint64_t probe_units = 1'000;
    static constexpr double kept_by_vault_max = 0.01;

    [[nodiscard]] static constexpr std::uint64_t tag_of(Phase phase) noexcept
    {
        return static_cast<std::uint64_t>(phase);
    }
    [[nodiscard]] bool is_valid(const WalletState& state, const WalletState& born) const override
    {
        return state.gift == born.gift && state.phase <= Phase::done &&
               state.refusals.is_possible();
    }

    [[nodiscard]] Amount gift_of(const WalletState& state, const WorldView& view) const
    {
        return to_units(state.gift, decimals_of(*view.world, vault_.asset()));
    }
    /// What its shares are worth now.
    [[nodiscard]] Amount claim(WalletContext& wallet) const
    {
        const auto at = wallet.view().timestamp;
        return vault_.convert_to_assets(vault_.share_balance(wallet.account()), at)
            .value_or(Amount{});
    }

    /// The smallest deposit there is, and a small gift: what the gift does to the share tells
    /// whether a large one would be kept by the vault.
    std::uint64_t probe(WalletState& state, WalletContext& wallet) const
    {
        const auto& view = wallet.view();
        const auto needed = wrapping_add(gift_of(state, view), probe_units + 1);
        if (!vault_.share_supply(view.timestamp).is_zero() ||
            holding_of(view, vault_.asset(), wallet.account()) < needed)
        {
            state.phase = Phase::done;  // Somebody was here before.
            return never;
        }
        CallWriter calls;
        add_approval(calls, view, vault_.asset(), wallet.account(), vault_.contract().account(), 1);
        vault_.add_deposit(calls, 1, wallet.account());
        add_payment(calls, vault_.asset(), vault_.contract().account(), probe_units);
        state.phase = Phase::probed;
        submit(wallet, std::move(calls), tag_of(Phase::probed), VaultAction::deposit, Amount{});
        return view.block_number + 1;
    }

    std::uint64_t judge(WalletState& state, WalletContext& wallet) const
    {
        const auto& view = wallet.view();
        const bool is_alone =
            vault_.share_supply(view.timestamp) == vault_.share_balance(wallet.account());
        const auto kept = 1 - claim(wallet).to_double() / (probe_units + 1.0);
        if (!is_alone || kept > kept_by_vault_max)
        {
            state.phase = Phase::leaving;
            return leave(state, wallet);
        }
        CallWriter calls;
        add_payment(calls, vault_.asset(), vault_.contract().account(), gift_of(state, view));
        state.leaves_at = view.block_number + view.blocks_of_ms(patience_ms_);
        wallet.submit(std::move(calls), urgent_bid(wallet, urgency_), tag_of(Phase::given),
            motive(wallet, Amount{}));
        return view.block_number + 1;
    }

    std::uint64_t watch(WalletState& state, WalletContext& wallet) const
    {
        const auto& view = wallet.view();
        const auto paid = gift_of(state, view).to_double() + probe_units + 1;
        if (view.block_number < state.leaves_at &&
            claim(wallet).to_double() < paid * (1 + gain_wanted_))
            return view.block_number + 1;
        state.phase = Phase::leaving;
        return leave(state, wallet);
    }

    std::uint64_t leave(WalletState& state, WalletContext& wallet) const
    {
        const auto& view = wallet.view();
        const auto shares = vault_.max_redeem(wallet.account(), view.timestamp);
        if (shares.is_zero())
        {
            state.phase = Phase::done;
            return never;
        }
        // What comes out beyond what it has brought.
        const auto paid = state.leaves_at > 0 ? wrapping_add(gift_of(state, view), probe_units + 1)
                                              : Amount{probe_units + 1};
        const auto worth = claim(wallet);
        CallWriter calls;
        vault_.add_redeem(calls, shares, wallet.account(), wallet.account());
        submit(wallet, std::move(calls), tag_of(Phase::done), VaultAction::redeem,
            worth > paid ? wrapping_sub(worth, paid) : Amount{});
        return view.block_number + 1;
    }

    [[nodiscard]] Motive motive(const WalletContext& wallet, const Amount& stolen) const
    {
        return theft(Purpose::attack, wallet, 0, vault_.asset(), stolen);
    }
    void submit(WalletContext& wallet, CallWriter calls, std::uint64_t tag, VaultAction action,
        const Amount& stolen) const
    {
        auto bid = urgent_bid(wallet, urgency_);
        bid.extra_gas = vault_.gas_of(action).extra;
        wallet.submit(std::move(calls), bid, tag, motive(wallet, stolen));
    }

    const Vault& vault_;
    std::uint64_t first_block_;
    std::int64_t patience_ms_;
    double gain_wanted_;
    double urgency_;
};

}  // namespace

const StrategyType& vault_inflator_strategy()
{
    static const StrategyType type{.name = "vault_inflator",
        .purpose = Purpose::attack,
        .help =
            "Buys the first share of an empty vault, makes it dear by a gift, and redeems it "
            "for the deposits that are rounded away.",
        .parameters =
            {
                contracts::contract_parameter("vault", Vault::sector, "The vault it attacks."),
                {"at", ParameterKind::duration, "\"0s\"", {}, "When, from the start of the run."},
                {"gift", ParameterKind::distribution, "10_000", unit::whole_tokens,
                    "What it gives the vault: deposits below that get no share at all.", 0},
                {"patience", ParameterKind::duration, "\"24h\"", {},
                    "How long it waits for others' deposits.", 1'000},
                {"urgency", ParameterKind::number, "30", {},
                    "How many times its habitual tip it bids, to be ahead of others' deposits.", 1,
                    1e6},
                {"gain_wanted", ParameterKind::number, "1", {},
                    "The share of its own money that it is content to have gained.", 0, 1e6},
            },
        .create = create_strategy<VaultInflator>};
    return type;
}

}  // namespace runnel::strategies
