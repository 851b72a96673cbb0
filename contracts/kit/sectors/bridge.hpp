#pragma once

#include "contracts/kit/contract_base.hpp"
#include "contracts/kit/sectors/sector.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

/// What strategies and reports may know of a bridge, whatever its protocol: what is locked on its
/// home side is minted on the other, and what is burnt there is unlocked at home, once guardians
/// have said that it happened.
namespace runnel::contracts
{

enum class BridgeStatus : std::uint8_t
{
    in_flight,
    released,  // Minted or unlocked.
    refunded,
};

[[nodiscard]] constexpr std::string_view to_string(BridgeStatus status) noexcept
{
    switch (status)
    {
        case BridgeStatus::in_flight: return "in_flight";
        case BridgeStatus::released: return "released";
        case BridgeStatus::refunded: return "refunded";
    }
    return "unknown";
}

/// What somebody sent.
struct BridgeTransfer
{
    std::uint64_t number = 0;
    bool is_return = false;  // Burnt, to be unlocked at home; else locked, to be minted.
    AccountId from{};
    AccountId to{};
    Amount amount;  // The fee included.
    Amount fee;     // For whoever releases it.
    std::uint64_t sent_at = 0;
    std::uint64_t expires_at = 0;  // From then on it is refunded, not released.
    std::uint32_t attestations = 0;
    std::uint64_t ready_at = 0;  // When it may be released; 0: too few have attested to it.
    BridgeStatus status{};
};

/// Amounts in smallest units, which are the same on both sides; times in unix seconds. All views
/// are of the state after the last block.
class Bridge
{
public:
    static constexpr std::string_view sector = "bridge";

    virtual ~Bridge() = default;

    [[nodiscard]] virtual const Contract& contract() const noexcept = 0;
    /// What it locks; contract 0 is the native coin.
    [[nodiscard]] virtual ContractId home_token() const noexcept = 0;
    /// What it mints for that.
    [[nodiscard]] virtual ContractId bridged_token() const noexcept = 0;
    [[nodiscard]] virtual std::span<const AccountId> guardians() const noexcept = 0;
    /// How many of them must attest.
    [[nodiscard]] virtual std::uint32_t quorum() const noexcept = 0;
    [[nodiscard]] virtual bool is_paused() const = 0;

    /// How many transfers were ever sent: they are numbered from 0. All before first_in_flight()
    /// are done.
    [[nodiscard]] virtual std::uint64_t sent() const = 0;
    [[nodiscard]] virtual std::uint64_t first_in_flight() const = 0;
    /// @p number below sent().
    [[nodiscard]] virtual BridgeTransfer transfer(std::uint64_t number) const = 0;
    [[nodiscard]] virtual bool has_attested(std::uint64_t number, AccountId guardian) const = 0;

    /// What is kept of @p amount for whoever releases it.
    [[nodiscard]] virtual Amount fee(const Amount& amount) const = 0;
    /// The most that may still be released in this direction on the day of @p at; 2^256-1 without a
    /// limit.
    [[nodiscard]] virtual Amount room(bool is_return, std::uint64_t at) const = 0;

    [[nodiscard]] virtual const Amount& locked() const = 0;
    [[nodiscard]] virtual const Amount& minted() const = 0;
    [[nodiscard]] virtual const Amount& in_flight(bool is_return) const = 0;
    /// Released for messages that nobody had sent.
    [[nodiscard]] virtual const Amount& forged() const = 0;

    // Each adds one call. Who sends a token must let contract().account() spend it.

    [[nodiscard]] virtual CallGas send_gas(bool is_return) const noexcept = 0;
    virtual void add_send(
        CallWriter& calls, bool is_return, AccountId to, const Amount& amount) const = 0;
    [[nodiscard]] virtual CallGas release_gas() const noexcept = 0;
    virtual void add_attest(CallWriter& calls, std::uint64_t number) const = 0;
    virtual void add_release(CallWriter& calls, std::uint64_t number) const = 0;
    virtual void add_refund(CallWriter& calls, std::uint64_t number) const = 0;
};

/// nullptr if the contract is none.
[[nodiscard]] const Bridge* find_bridge(const World& world, ContractId id);

// ---- Rows ----

enum class BridgeMoveType : std::uint8_t
{
    lock,
    mint,
    burn,
    unlock,
    refund_lock,  // What was locked goes back.
    refund_burn,  // What was burnt is minted again.
};
[[nodiscard]] constexpr std::string_view to_string(BridgeMoveType type) noexcept
{
    switch (type)
    {
        case BridgeMoveType::lock: return "lock";
        case BridgeMoveType::mint: return "mint";
        case BridgeMoveType::burn: return "burn";
        case BridgeMoveType::unlock: return "unlock";
        case BridgeMoveType::refund_lock: return "refund_lock";
        case BridgeMoveType::refund_burn: return "refund_burn";
    }
    return "unknown";
}

/// One side of a transfer over a bridge. Both sides have the same message.
struct BridgeMove
{
    static constexpr std::string_view name = "BridgeMove";
    static constexpr std::string_view table = "bridge_moves";
    static constexpr EventUse use = EventUse::sector;
    static constexpr std::array<std::string_view, 10> meanings{
        "lock, mint, burn, unlock, refund_lock or refund_burn.",
        "The message that both sides have: a hash, as a number.", "The transfer's number.",
        "Who sent it.", "Whom it is for.", "What is locked and unlocked.",
        "What is minted and burnt.", "How much, the fee included.",
        "Who released it and has the fee; address zero: nobody yet.", "The fee."};

    BridgeMoveType type{};
    Amount message;
    std::uint64_t number = 0;
    AccountId sender{};
    AccountId recipient{};
    ContractId home_token{};
    ContractId bridged_token{};
    Amount amount;
    AccountId relayer{};
    Amount fee;
    RUNNEL_FIELDS(type, message, number, sender, recipient, home_token, bridged_token,
        (amount, smallest_unit_of("home_token")), relayer, (fee, smallest_unit_of("home_token")));
};

/// A guardian said that a message was sent.
struct BridgeAttestation
{
    static constexpr std::string_view name = "BridgeAttestation";
    static constexpr std::string_view table = "bridge_attestations";
    static constexpr EventUse use = EventUse::sector;
    static constexpr std::array<std::string_view, 5> meanings{"The message, as a number.",
        "The transfer's number, as the message says.", "Who said so.", "How many have said so now.",
        "How many must."};

    Amount message;
    std::uint64_t number = 0;
    AccountId guardian{};
    std::uint32_t attestations = 0;
    std::uint32_t quorum = 0;
    RUNNEL_FIELDS(message, number, guardian, (attestations, other("guardians")),
        (quorum, other("guardians")));
};

/// A bridge after a block that touched it, and every hour.
struct BridgeRow
{
    static constexpr std::string_view name = "Bridge";
    static constexpr std::string_view table = "bridges";
    static constexpr EventUse use = EventUse::snapshot;
    static constexpr std::array<std::string_view, 9> meanings{"What is locked.", "What is minted.",
        "How much is locked for what is minted, and for what is in flight.",
        "How much is minted and not burnt.", "Locked, and not minted yet.",
        "Burnt, and not unlocked yet.", "Released for messages that nobody had sent.",
        "How many transfers are in flight.", "Whether it is stopped."};

    ContractId home_token{};
    ContractId bridged_token{};
    Amount locked;
    Amount minted;
    Amount in_flight_out;
    Amount in_flight_back;
    Amount forged;
    std::uint64_t in_flight = 0;
    bool is_paused = false;
    RUNNEL_FIELDS(home_token, bridged_token, (locked, smallest_unit_of("home_token")),
        (minted, smallest_unit_of("bridged_token")),
        (in_flight_out, smallest_unit_of("home_token")),
        (in_flight_back, smallest_unit_of("home_token")), (forged, smallest_unit_of("home_token")),
        (in_flight, other("transfers")), is_paused);
};

/// Emits a row of bridges: what a bridge's snapshot() does.
void snapshot_bridge(const Bridge& bridge, SnapshotContext& context);

}  // namespace runnel::contracts
