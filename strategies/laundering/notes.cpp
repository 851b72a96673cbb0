#include "strategies/laundering/notes.hpp"

#include "contracts/kit/registration.hpp"
#include "execution/gas.hpp"
#include "ledger/portable_math.hpp"

#include <algorithm>
#include <limits>

namespace runnel::strategies
{

using contracts::Mixer;

namespace
{
/// After so many relayers the owner sends it himself.
constexpr std::uint8_t relayers_max = 3;
/// So often he looks whether the deposit has come into a block.
constexpr std::uint8_t deposits_awaited = 4;
/// After so many attempts he looks ever more rarely.
constexpr std::uint8_t attempts_max = 10;
}  // namespace

Hash draw_hash(RandomStream& random)
{
    Hash hash;
    for (std::size_t i = 0; i < hash.bytes.size(); i += 8)
    {
        const auto word = random.next_uint64();
        for (std::size_t k = 0; k < 8; ++k)
            hash.bytes[i + k] = static_cast<std::uint8_t>(word >> (8 * k));
    }
    return hash;
}

NoteDesk::NoteDesk(const Parameters& parameters, const WalletGroup& wallets)
  : groups_{wallets.groups},
    relayers_{find_group(*wallets.groups, parameters.text("relayers"))},
    fee_share_{parameters.distribution("relayer_fee")},
    patience_ms_{parameters.duration_ms("relayer_patience")}
{
    for (const auto id : parameters.contracts("mixers"))
        mixers_.push_back(contracts::find_mixer(*wallets.world, id));
    std::stable_sort(mixers_.begin(), mixers_.end(),
        [](const Mixer* a, const Mixer* b) { return a->denomination() > b->denomination(); });
}

bool NoteDesk::can_deposit(const Mixer& mixer, WalletContext& wallet) const
{
    const auto& view = wallet.view();
    const auto gas = wrapping_mul(
        Amount{mixer.deposit_gas().total() + intrinsic_gas}, wallet.habitual_bid().max_fee);
    const auto& coins = view.account(wallet.account()).balance;
    if (mixer.token() == native_coin)
        return coins >= wrapping_add(mixer.denomination(), wrapping_mul(gas, 2));
    return coins >= wrapping_mul(gas, 2) &&
           holding_of(view, mixer.token(), wallet.account()) >= mixer.denomination();
}

HeldNote NoteDesk::add_deposit(CallWriter& calls, const Mixer& mixer, WalletContext& wallet,
    const Address& recipient, std::uint64_t due, bool relayed) const
{
    auto& random = wallet.random();
    HeldNote held;
    held.mixer = mixer.contract().id();
    held.note.nullifier = draw_hash(random);
    held.note.secret = draw_hash(random);
    held.recipient = recipient;
    held.due = due;
    held.relayed = relayed;
    if (mixer.token() != native_coin)
    {
        add_approval(calls, wallet.view(), mixer.token(), wallet.account(),
            mixer.contract().account(), mixer.denomination());
    }
    mixer.add_deposit(calls, held.note);
    return held;
}

void NoteDesk::forget_spent(std::vector<HeldNote>& notes, const WorldView& view) const
{
    // One that is not paid for although it was looked for again and again: that was refused.
    const auto is_over = [&](const HeldNote& held)
    {
        const auto& mixer = view.state<Mixer>(held.mixer);
        return mixer.is_spent(held.note) ||
               (held.asked > deposits_awaited && !mixer.deposit_of(held.note));
    };
    std::erase_if(notes, is_over);
}

bool NoteDesk::see_to(HeldNote& held, WalletContext& wallet, CallWriter& calls) const
{
    const auto& view = wallet.view();
    const auto& mixer = view.state<Mixer>(held.mixer);
    const auto patience = view.blocks_of_ms(patience_ms_);
    // Once others know what he tries, waiting longer is all that is left.
    held.asked = std::min<std::uint8_t>(held.asked, attempts_max);
    held.due = view.block_number + (patience << held.asked);
    ++held.asked;
    if (!mixer.deposit_of(held.note))
        return false;
    auto& random = wallet.random();
    const auto cost = withdrawal_cost(mixer, wallet);
    if (held.relayed && relayers_ != nullptr && !relayers_->empty() && cost &&
        held.asked <= relayers_max)
    {
        // What is usual, but what the gas costs and a quarter at least; more than was refused.
        const auto share = std::clamp(fee_share_.draw(random), 0.0, 1.0) * held.asked;
        const auto usual = to_units(to_whole(mixer.denomination(), 0) * std::min(share, 1.0), 0);
        const auto least = mul_div_up(*cost, 5 + 3 * (held.asked - 1), 4).value;
        const auto fee = std::min(std::max(usual, least), mixer.denomination());
        Bytes content;
        encode(RelayRequest{held.mixer, held.note, held.recipient, fee}, content);
        const auto relayer = (*relayers_)[random.uniform_below(relayers_->size())];
        wallet.tell(relayer, std::move(content));
        return false;
    }
    if (wallet.pending() > 0)
    {
        --held.asked;
        held.due = view.block_number + 1;
        return false;
    }
    mixer.add_withdraw(calls, held.note,
        {account_of_address(*view.world, held.recipient, calls), zero_account, {}, {}});
    return true;
}

bool NoteDesk::are_possible(const std::vector<HeldNote>& notes) const
{
    const auto is_possible = [this](const HeldNote& held)
    {
        return held.asked <= attempts_max + 1 &&
               std::any_of(mixers_.begin(), mixers_.end(),
                   [&](const Mixer* mixer) { return mixer->contract().id() == held.mixer; });
    };
    return notes.size() <= notes_max && std::all_of(notes.begin(), notes.end(), is_possible);
}

std::optional<Amount> withdrawal_cost(const Mixer& mixer, const WalletContext& wallet)
{
    const auto& view = wallet.view();
    const auto bid = wallet.habitual_bid();
    const auto price = std::min(view.base_fee + bid.priority_fee, bid.max_fee);
    const auto wei = wrapping_mul(Amount{mixer.withdraw_gas().total() + intrinsic_gas}, price);
    if (mixer.token() == native_coin)
        return wei;
    const auto coin_usd = reference_usd(view, native_coin);
    const auto token_usd = reference_usd(view, mixer.token());
    if (coin_usd <= 0 || token_usd <= 0)
        return std::nullopt;
    const auto decimals = decimals_of(*view.world, mixer.token());
    return wrapping_add(to_units(to_whole(wei, 18) * coin_usd / token_usd, decimals), 1);
}

std::vector<ParameterSpec> note_parameters(std::vector<ParameterSpec> own)
{
    own.push_back({.name = "mixers",
        .kind = ParameterKind::contracts,
        .default_value = "",
        .unit = {},
        .help = "Where it mixes: instances for several amounts.",
        .contract_kind = Mixer::sector});
    own.push_back({"relayers", ParameterKind::group, "\"\"", {},
        "The group whose members send withdrawals for others; empty: it sends them itself."});
    own.push_back({"relayer_fee", ParameterKind::distribution,
        "{ log_normal = [-7.05, 0.97], max = 0.05 }", {},
        "What it offers a relayer, as a share of the amount; what the gas costs and a quarter at "
        "least.",
        0, 1});
    own.push_back({"relayer_patience", ParameterKind::duration, "\"30m\"", {},
        "How long it waits for a relayer before it asks another one, doubled each time.", 1'000});
    return own;
}

}  // namespace runnel::strategies
