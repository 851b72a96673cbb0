#include "contracts/kit/registration.hpp"
#include "state/world.hpp"
#include "strategies/laundering/notes.hpp"
#include "strategies/strategies.hpp"

#include <algorithm>

namespace runnel::strategies
{
namespace
{

struct UserState
{
    std::uint32_t planned = 0;   // Notes that it wants to mix,
    std::uint32_t paid_for = 0;  // and has sent deposits of.
    std::uint8_t mixer = 0;      // Of the list.
    bool relayed = false;
    Address recipient;             // Of all its notes, once it has begun.
    std::uint64_t take_out = 0;    // Block in which it takes out the last note that it paid for.
    std::uint64_t deposit_at = 0;  // Block of the next deposit.
    std::vector<HeldNote> notes;
    Refusals refusals;
    RUNNEL_FIELDS(planned, paid_for, mixer, relayed, recipient, (take_out, block_number),
        (deposit_at, block_number), notes, refusals);
};

/// Somebody who does not want everybody to know what he owns: pays for some notes of one amount,
/// waits, and takes them out to one address, most often by a relayer.
class MixerUser : public StatefulStrategy<UserState>
{
public:
    MixerUser(const Parameters& parameters, const WalletGroup& wallets)
      : desk_{parameters, wallets},
        start_within_ms_{parameters.duration_ms("start_within")},
        wait_{parameters.distribution("wait")},
        deposit_gap_{parameters.distribution("deposit_gap")},
        withdraw_gap_{parameters.distribution("withdraw_gap")},
        same_address_share_{parameters.number("same_address_share")},
        groups_{wallets.groups},
        recipients_{find_group(*wallets.groups, parameters.text("recipients"))},
        seed_{wallets.seed},
        stream_{wallets.stream},
        first_number_{wallets.first_number},
        slot_seconds_{wallets.slot_seconds}
    {
        states_.resize(wallets.accounts.size());
        static const auto taste = stream_of_name("mixer");
        const auto relayed_share = parameters.number("relayed_share");
        for (std::size_t i = 0; i < states_.size(); ++i)
        {
            const auto number = first_number_ + static_cast<std::uint32_t>(i);
            auto& state = states_[i];
            const auto notes = wallets.draw(parameters.distribution("notes"), "notes", number);
            state.planned = static_cast<std::uint32_t>(
                std::clamp(notes, 1.0, static_cast<double>(NoteDesk::notes_max)));
            RandomStream random{seed_, stream_ ^ taste, number, 0};
            state.mixer = static_cast<std::uint8_t>(random.uniform_below(desk_.mixers().size()));
            state.relayed = random.bernoulli(relayed_share);
        }
    }

    std::uint64_t first_block(std::size_t position) override
    {
        static const auto stream = stream_of_name("first_deposit");
        RandomStream random{seed_, stream_ ^ stream, first_number_ + position, 0};
        return block_within(random, start_within_ms_, slot_seconds_);
    }

    std::uint64_t decide(std::size_t position, WalletContext& wallet) override
    {
        auto& state = states_[position];
        if (state.refusals.is_silent())
            return never;
        const auto& view = wallet.view();
        if (state.recipient == Address{})
            begin(state, wallet);
        if (state.paid_for < state.planned && state.deposit_at <= view.block_number)
            deposit(state, wallet);
        const auto taken =
            desk_.tend(state.notes, wallet, withdrawing, [](const HeldNote&) { return Motive{}; });
        const auto paid = state.paid_for < state.planned ? state.deposit_at : never;
        return std::min(taken, paid);
    }

    bool learn(std::size_t position, const TransactionOutcome& outcome) override
    {
        states_[position].refusals.count(outcome);
        return false;
    }

private:
    static constexpr std::uint64_t depositing = 0;
    static constexpr std::uint64_t withdrawing = 1;

    [[nodiscard]] bool is_valid(const UserState& state, const UserState& born) const override
    {
        // What it cannot pay for it gives up.
        return state.planned <= born.planned && state.paid_for <= state.planned &&
               state.mixer == born.mixer && state.relayed == born.relayed &&
               desk_.are_possible(state.notes) && state.refusals.is_possible();
    }

    [[nodiscard]] std::uint64_t blocks(const Distribution& seconds, RandomStream& random) const
    {
        const auto drawn = std::clamp(seconds.draw(random), 0.0, 1e9);
        return static_cast<std::uint64_t>(drawn / slot_seconds_ + random.uniform_double());
    }

    void begin(UserState& state, WalletContext& wallet) const
    {
        auto& random = wallet.random();
        const auto& view = wallet.view();
        const auto fresh = draw_address(random);
        if (random.bernoulli(same_address_share_))
            state.recipient = view.world->account(wallet.account()).address;
        else if (recipients_ != nullptr && wallet.number() < recipients_->size())
            state.recipient = view.world->account((*recipients_)[wallet.number()]).address;
        else
            state.recipient = fresh;
        state.deposit_at = view.block_number;
        // From the last deposit on; the others are taken out one after the other.
        state.take_out = view.block_number + 1 + blocks(wait_, random);
    }

    void deposit(UserState& state, WalletContext& wallet) const
    {
        const auto& view = wallet.view();
        auto& random = wallet.random();
        const auto& mixer = *desk_.mixers()[state.mixer];
        state.deposit_at =
            view.block_number + std::max<std::uint64_t>(1, blocks(deposit_gap_, random));
        if (!desk_.can_deposit(mixer, wallet))
        {
            if (wallet.pending() == 0)
                state.planned = state.paid_for;
            return;
        }
        state.take_out =
            std::max(state.take_out + blocks(withdraw_gap_, random), state.deposit_at + 1);
        CallWriter calls;
        state.notes.push_back(desk_.add_deposit(
            calls, mixer, wallet, state.recipient, state.take_out, state.relayed));
        wallet.submit(std::move(calls), wallet.habitual_bid(), depositing);
        ++state.paid_for;
    }

    NoteDesk desk_;
    std::int64_t start_within_ms_;
    Distribution wait_;
    Distribution deposit_gap_;
    Distribution withdraw_gap_;
    double same_address_share_;
    std::shared_ptr<const GroupAccounts> groups_;
    const std::vector<AccountId>* recipients_;  // Of *groups_.
    std::uint64_t seed_;
    std::uint64_t stream_;
    std::uint32_t first_number_;
    std::uint32_t slot_seconds_;
};

}  // namespace

const StrategyType& mixer_user_strategy()
{
    static const StrategyType type{.name = "mixer_user",
        .purpose = Purpose::payment,
        .help = "Pays into a mixer, waits, and takes the money out to another address.",
        .parameters = note_parameters({
            {"start_within", ParameterKind::duration, "\"30d\"", {},
                "It begins some time within this.", 1'000},
            {"notes", ParameterKind::distribution, "{ log_normal = [0.14, 1.35], max = 60 }",
                unit::other("notes"), "How many notes it pays for; as many as it can.", 1},
            {"deposit_gap", ParameterKind::distribution, "{ log_normal = [4.5, 1.5] }",
                unit::seconds, "Between its deposits.", 0},
            {"wait", ParameterKind::distribution,
                "{ log_normal = [11.4, 3.5], min = 60, max = 3e7 }", unit::seconds,
                "Before it takes the first note out.", 0},
            {"withdraw_gap", ParameterKind::distribution, "{ log_normal = [5.6, 1.7] }",
                unit::seconds, "Between its withdrawals.", 0},
            {"relayed_share", ParameterKind::number, "0.74", {},
                "Share of users who have a relayer send their withdrawals.", 0, 1},
            {"same_address_share", ParameterKind::number, "0.05", {},
                "Share of users who take notes out to the address that paid for them.", 0, 1},
            {"recipients", ParameterKind::group, "\"\"", {},
                "The group whose member of the same number is the same person, and gets what is "
                "taken out; empty: an address that nobody has used."},
        }),
        .create = create_strategy<MixerUser>};
    return type;
}

}  // namespace runnel::strategies
