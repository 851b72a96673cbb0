#pragma once

#include "contracts/kit/sectors/mixer.hpp"
#include "strategies/market/common.hpp"

#include <cstdint>
#include <memory>
#include <vector>

/// How people use mixers and relayers, whatever for.
namespace runnel::strategies
{

/// What the owner of a note asks a relayer for, outside the chain.
struct RelayRequest
{
    ContractId mixer{};
    contracts::MixerNote note;
    Address recipient;
    Amount fee;  // In the mixer's token.
    RUNNEL_FIELDS(mixer, note, recipient, fee);
};

/// A note that somebody has paid for, or is about to.
struct HeldNote
{
    ContractId mixer{};
    contracts::MixerNote note;
    Address recipient;
    std::uint64_t due = never;  // When to take it out, or to look again.
    std::uint8_t asked = 0;     // How often that was tried.
    bool relayed = false;       // By a relayer, as long as one takes it.
    RUNNEL_FIELDS(mixer, note, recipient, (due, block_number), asked, relayed);
};

/// Pays for notes and takes them out again.
class NoteDesk
{
public:
    /// Parameters: those of note_parameters().
    NoteDesk(const Parameters& parameters, const WalletGroup& wallets);

    /// The mixers, the largest denomination first.
    [[nodiscard]] const std::vector<const contracts::Mixer*>& mixers() const noexcept
    {
        return mixers_;
    }
    /// Adds the calls that pay for a new note and returns it; it is to be taken out from block
    /// @p due on.
    HeldNote add_deposit(CallWriter& calls, const contracts::Mixer& mixer, WalletContext& wallet,
        const Address& recipient, std::uint64_t due, bool relayed) const;
    /// Whether the wallet can pay for a note and for gas.
    [[nodiscard]] bool can_deposit(const contracts::Mixer& mixer, WalletContext& wallet) const;

    /// Forgets notes that were taken out, and sees to those that are due: asks a relayer, another
    /// one when that has not helped, and sends the withdrawal itself when none does. Returns the
    /// block in which a note is due next. Transactions have tag @p tag and what @p motive(note)
    /// says.
    template <typename MotiveOf>
    std::uint64_t tend(std::vector<HeldNote>& notes, WalletContext& wallet, std::uint64_t tag,
        MotiveOf&& motive_of) const
    {
        auto next = never;
        forget_spent(notes, wallet.view());
        for (auto& note : notes)
        {
            if (note.due <= wallet.view().block_number)
            {
                CallWriter calls;
                if (see_to(note, wallet, calls))
                    wallet.submit(std::move(calls), wallet.habitual_bid(), tag, motive_of(note));
            }
            next = std::min(next, note.due);
        }
        return next;
    }

    /// Of what was read back.
    [[nodiscard]] bool are_possible(const std::vector<HeldNote>& notes) const;

    /// More notes than this nobody holds at a time.
    static constexpr std::size_t notes_max = 512;

private:
    void forget_spent(std::vector<HeldNote>& notes, const WorldView& view) const;
    /// Asks a relayer, or writes the withdrawal into @p calls and returns true.
    [[nodiscard]] bool see_to(HeldNote& note, WalletContext& wallet, CallWriter& calls) const;

    std::vector<const contracts::Mixer*> mixers_;
    std::shared_ptr<const GroupAccounts> groups_;
    const std::vector<AccountId>* relayers_ = nullptr;  // Of *groups_.
    Distribution fee_share_;
    std::int64_t patience_ms_;
};

/// 32 random bytes: what nobody guesses.
[[nodiscard]] Hash draw_hash(RandomStream& random);

/// What a withdrawal costs its sender in the mixer's token, at the wallet's habitual bid: the gas
/// at reference prices; nullopt for a token without one.
[[nodiscard]] std::optional<Amount> withdrawal_cost(
    const contracts::Mixer& mixer, const WalletContext& wallet);

/// @p own and the parameters of a NoteDesk.
[[nodiscard]] std::vector<ParameterSpec> note_parameters(std::vector<ParameterSpec> own);

}  // namespace runnel::strategies
