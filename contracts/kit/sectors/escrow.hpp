#pragma once

#include "contracts/kit/contract_base.hpp"
#include "contracts/kit/sectors/sector.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

/// What strategies, marketplaces and reports may know of an escrow, whatever its protocol: it holds
/// a buyer's money until he or a time-out lets the seller have it, or an arbiter says who does.
namespace runnel::contracts
{

enum class EscrowStatus : std::uint8_t
{
    no_dispute,
    waiting_seller,   // For his deposit: the buyer has paid one to raise a dispute.
    waiting_buyer,    // Likewise.
    dispute_created,  // It is before the arbiter.
    resolved,         // Nothing is held for it any more.
};

enum class EscrowParty : std::uint8_t
{
    buyer,
    seller,
};

/// What an arbiter may say. The numbers are those of ERC-792 and Kleros.
enum class EscrowRuling : std::uint8_t
{
    refused = 0,  // Each gets half.
    buyer_wins = 1,
    seller_wins = 2,
};

/// What two parties agree on. Amounts in the token's smallest unit.
struct EscrowTerms
{
    ContractId token{};
    Amount amount;
    AccountId seller{};
    AccountId arbiter{};
    Amount arbitration_cost;       // What the arbiter gets for a ruling, in the same token.
    std::uint64_t ship_by = 0;     // Unix seconds, from which on the buyer may have his money back.
    std::uint64_t inspection = 0;  // Seconds, after which what was shipped counts as accepted.
    RUNNEL_FIELDS(token, (amount, smallest_unit_of("token")), seller, arbiter,
        (arbitration_cost, smallest_unit_of("token")), (ship_by, unix_seconds),
        (inspection, seconds));
};

struct EscrowDeal
{
    ContractId token{};
    AccountId buyer{};
    AccountId seller{};
    AccountId arbiter{};
    Amount agreed;  // What was paid in.
    Amount amount;  // What of it is still held.
    Amount arbitration_cost;
    Amount buyer_fee;  // Deposits for the arbiter that are held.
    Amount seller_fee;
    std::uint64_t ship_by = 0;
    std::uint64_t inspection = 0;
    std::uint64_t shipped_at = 0;        // 0: it is not.
    std::uint64_t last_interaction = 0;  // When it was opened, or a deposit was paid.
    Amount reference;                    // What the seller said of the shipment.
    EscrowStatus status{};
    RUNNEL_FIELDS(token, buyer, seller, arbiter, (agreed, smallest_unit_of("token")),
        (amount, smallest_unit_of("token")), (arbitration_cost, smallest_unit_of("token")),
        (buyer_fee, smallest_unit_of("token")), (seller_fee, smallest_unit_of("token")),
        (ship_by, unix_seconds), (inspection, seconds), (shipped_at, unix_seconds),
        (last_interaction, unix_seconds), reference, status);
};

/// Deals are numbered from 0, in the order in which they were opened. What a party or an arbiter is
/// due is put to his credit, and paid when he, or anybody for him, withdraws it. Numbers that an
/// argument names are below deals(): anything else is a bug.
class Escrow
{
public:
    static constexpr std::string_view sector = "escrow";

    virtual ~Escrow() = default;

    [[nodiscard]] virtual const Contract& contract() const noexcept = 0;
    [[nodiscard]] virtual std::uint64_t deals() const noexcept = 0;
    [[nodiscard]] virtual const EscrowDeal& deal(std::uint64_t number) const = 0;
    [[nodiscard]] virtual const Amount& credit(AccountId payee, ContractId token) const = 0;
    /// What this party must deposit for the arbiter, to raise a dispute or to stand it.
    [[nodiscard]] virtual Amount deposit(const EscrowDeal& deal, EscrowParty party) const = 0;
    /// Whether a time-out lets anybody settle the deal at that time.
    [[nodiscard]] virtual bool is_due(const EscrowDeal& deal, std::uint64_t at) const = 0;

    /// Opens a deal for @p buyer with what the caller, a contract, has paid to this one before in
    /// the same transaction. Returns its number. Errors: those of the protocol's own call.
    virtual Result<std::uint64_t> open_prepaid(
        CallContext context, AccountId buyer, const EscrowTerms& terms) = 0;

    // Each adds one call. Who opens a deal or makes a deposit must let contract().account() spend
    // it.

    virtual void add_opening(CallWriter& calls, const EscrowTerms& terms) const = 0;
    virtual void add_shipment(
        CallWriter& calls, std::uint64_t number, const Amount& reference) const = 0;
    /// The buyer lets the seller have so much.
    virtual void add_release(
        CallWriter& calls, std::uint64_t number, const Amount& amount) const = 0;
    virtual void add_deposit(CallWriter& calls, std::uint64_t number, EscrowParty party) const = 0;
    /// Of a deal that is_due().
    virtual void add_settlement(CallWriter& calls, std::uint64_t number) const = 0;
    virtual void add_ruling(CallWriter& calls, std::uint64_t number, EscrowRuling ruling) const = 0;
    virtual void add_withdrawal(CallWriter& calls, AccountId payee, ContractId token) const = 0;
};

/// nullptr if the contract is none.
[[nodiscard]] Escrow* find_escrow(const World& world, ContractId id);

/// What an escrow holds of one token, after a block that touched it, and every hour.
struct EscrowRow
{
    static constexpr std::string_view name = "Escrow";
    static constexpr std::string_view table = "escrows";
    static constexpr EventUse use = EventUse::snapshot;
    static constexpr std::array<std::string_view, 3> meanings{"What it holds.",
        "How much of it is there.",
        "How much of it belongs to deals that are not settled, or is waiting to be withdrawn."};

    ContractId token{};
    Amount held;
    Amount owed;
    RUNNEL_FIELDS(token, (held, smallest_unit_of("token")), (owed, smallest_unit_of("token")));
};

enum class EscrowMoveType : std::uint8_t
{
    open,      // The buyer paid in.
    ship,      // The seller said that he has delivered.
    deposit,   // A party paid for the arbiter.
    dispute,   // Both have: it is before the arbiter.
    release,   // To the seller's credit.
    refund,    // To the buyer's credit.
    returned,  // A deposit, to the credit of who gets it.
    fee,       // To the arbiter's credit.
};
[[nodiscard]] std::string_view to_string(EscrowMoveType type) noexcept;

/// Why money moved.
enum class EscrowCause : std::uint8_t
{
    agreement,        // A party said so.
    not_shipped,      // In time.
    inspection_over,  // Without a dispute.
    fee_unpaid,       // By the other party, in time.
    ruling,
    no_ruling,  // In time.
};
[[nodiscard]] std::string_view to_string(EscrowCause cause) noexcept;

/// What happened to a deal: what an escrow emits beside its own events.
struct EscrowMove
{
    static constexpr std::string_view name = "EscrowMove";
    static constexpr std::string_view table = "escrow_moves";
    static constexpr EventUse use = EventUse::sector;
    static constexpr std::array<std::string_view, 8> meanings{"What happened.",
        "Why, of what was paid out.", "The deal's number within the escrow.",
        "Whose doing it was, or whose credit it went to.", "Who buys.", "Who sells.",
        "What is paid in.", "How much moved."};

    EscrowMoveType transaction_type{};
    EscrowCause cause{};
    std::uint64_t deal = 0;
    AccountId account{};
    AccountId buyer{};
    AccountId seller{};
    ContractId token{};
    Amount amount_raw;
    RUNNEL_FIELDS(transaction_type, cause, (deal, other("number")), account, buyer, seller, token,
        (amount_raw, smallest_unit_of("token")));
};

}  // namespace runnel::contracts
