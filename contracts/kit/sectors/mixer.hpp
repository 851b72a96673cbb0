#pragma once

#include "contracts/kit/contract_base.hpp"
#include "contracts/kit/sectors/sector.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

/// What strategies and reports may know of a mixer, whatever its protocol: everybody pays in the
/// same amount, and whoever knows a note that was paid for takes the amount out again, to any
/// address, once.
namespace runnel::contracts
{

/// What a deposit is taken out with: two random numbers that its owner keeps to himself.
struct MixerNote
{
    Hash nullifier;
    Hash secret;
    RUNNEL_FIELDS(nullifier, secret);

    friend bool operator==(const MixerNote&, const MixerNote&) = default;
};

/// Whom a withdrawal pays, out of the mixer's amount.
struct MixerPayout
{
    AccountId recipient{};
    AccountId relayer{};  // Gets the fee.
    Amount fee;           // In the mixer's token, smallest units.
    Amount refund;        // Native coins that the sender adds for the recipient's gas, in wei.
};

/// Amounts in smallest units. All views are of the state after the last block.
class Mixer
{
public:
    static constexpr std::string_view sector = "mixer";

    virtual ~Mixer() = default;

    [[nodiscard]] virtual const Contract& contract() const noexcept = 0;
    /// What it mixes; contract 0 is the native coin.
    [[nodiscard]] virtual ContractId token() const noexcept = 0;
    /// What a note costs and pays.
    [[nodiscard]] virtual const Amount& denomination() const noexcept = 0;
    /// How many notes were paid for, and how many of them were not taken out yet.
    [[nodiscard]] virtual std::uint32_t deposits() const = 0;
    [[nodiscard]] virtual std::uint32_t unspent() const = 0;
    /// The number of the deposit that paid for a note, from 0; nullopt if none did.
    [[nodiscard]] virtual std::optional<std::uint32_t> deposit_of(const MixerNote& note) const = 0;
    [[nodiscard]] virtual bool is_spent(const MixerNote& note) const = 0;

    // Each adds one call. Who deposits a token must let contract().account() spend it.

    [[nodiscard]] virtual CallGas deposit_gas() const noexcept = 0;
    virtual void add_deposit(CallWriter& calls, const MixerNote& note) const = 0;
    [[nodiscard]] virtual CallGas withdraw_gas() const noexcept = 0;
    /// @p note must have been paid for. The note itself is no part of what the chain shows.
    virtual void add_withdraw(
        CallWriter& calls, const MixerNote& note, const MixerPayout& payout) const = 0;
};

/// nullptr if the contract is none.
[[nodiscard]] const Mixer* find_mixer(const World& world, ContractId id);

enum class MixerMoveType : std::uint8_t
{
    deposit,
    withdrawal,
};
[[nodiscard]] constexpr std::string_view to_string(MixerMoveType type) noexcept
{
    return type == MixerMoveType::deposit ? "deposit" : "withdrawal";
}

/// One amount paid in or taken out: what a mixer emits beside its own events. Nothing in it joins
/// the two.
struct MixerMove
{
    static constexpr std::string_view name = "MixerMove";
    static constexpr std::string_view table = "mixer_moves";
    static constexpr EventUse use = EventUse::sector;
    static constexpr std::array<std::string_view, 6> meanings{"deposit or withdrawal.",
        "Who paid in, or whom the withdrawal paid.", "What was mixed.",
        "The mixer's amount, the fee included.",
        "Who was paid to send the withdrawal; address zero: nobody.", "What he was paid."};

    MixerMoveType type{};
    AccountId account{};
    ContractId token{};
    Amount amount;
    AccountId relayer{};
    Amount fee;
    RUNNEL_FIELDS(type, account, token, (amount, smallest_unit_of("token")), relayer,
        (fee, smallest_unit_of("token")));
};

/// A mixer after a block that touched it, and every hour.
struct MixerRow
{
    static constexpr std::string_view name = "Mixer";
    static constexpr std::string_view table = "mixers";
    static constexpr EventUse use = EventUse::snapshot;
    static constexpr std::array<std::string_view, 4> meanings{"What is mixed.",
        "What everybody pays in and takes out.", "How many deposits there were.",
        "How many of them were not taken out yet: among so many a withdrawal hides."};

    ContractId token{};
    Amount denomination;
    std::uint32_t deposits = 0;
    std::uint32_t unspent = 0;
    RUNNEL_FIELDS(token, (denomination, smallest_unit_of("token")), (deposits, other("deposits")),
        (unspent, other("deposits")));
};

/// Emits a row of mixers: what a mixer's snapshot() does.
void snapshot_mixer(const Mixer& mixer, SnapshotContext& context);

}  // namespace runnel::contracts
