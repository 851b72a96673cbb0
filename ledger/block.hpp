#pragma once

#include "ledger/event.hpp"
#include "ledger/transaction.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace runnel
{

struct ConsensusNotes;

/// What a transaction may know of the block it runs in.
struct BlockContext
{
    std::uint64_t number = 0;
    std::uint64_t timestamp = 0;  // Unix seconds.
    std::uint64_t base_fee = 0;   // Wei per gas.
    std::uint64_t gas_limit = 0;
    AccountId proposer{};
};

/// What a block's hash covers. The hash is keccak of the encoding of these fields.
struct BlockHeader
{
    std::uint64_t number = 0;
    Hash parent_hash;
    std::uint64_t timestamp = 0;  // Unix seconds.
    AccountId proposer{};
    std::uint64_t gas_limit = 0;
    std::uint64_t gas_used = 0;
    std::uint64_t base_fee = 0;  // Wei per gas.
    std::uint32_t transaction_count = 0;
    Hash transactions_root;             // Merkle, leaves are the transactions' hashes.
    Hash arrivals_root;                 // Merkle over the transactions' times of arrival.
    Hash receipts_root;                 // Merkle over encoded receipts with their logs.
    Hash rewards_root;                  // Merkle over the rewards.
    Hash state_root;                    // keccak(parent's state_root, writes of each transaction).
    Hash checkpoint_root;               // Of the whole state, every so many blocks; else zero.
    std::uint64_t finalized_block = 0;  // Newest block that two thirds of the stake attested.
    RUNNEL_FIELDS(number, parent_hash, (timestamp, unix_seconds), proposer, gas_limit, gas_used,
        (base_fee, wei_per_gas), transaction_count, transactions_root, arrivals_root, receipts_root,
        rewards_root, state_root, checkpoint_root, finalized_block);

    [[nodiscard]] Hash hash() const;
};

/// What consensus does with a validator's coins at the end of a block.
enum class RewardKind : std::uint8_t
{
    minted,  // New coins, to his account.
    staked,  // The same into the deposits: what he earns there, or brings from elsewhere.
    freed,   // Out of the deposits, to his account.
    burnt,   // Out of the deposits, where they were his.
    fees,    // Out of the fee pool, to his account.
    /// The same, as it is due before the block is executed: parts of 10^18 of what the pool then
    /// holds, rounded down. Executed blocks have `fees` instead.
    fee_share,
};
[[nodiscard]] constexpr std::string_view to_string(RewardKind kind) noexcept
{
    switch (kind)
    {
        case RewardKind::minted: return "minted";
        case RewardKind::staked: return "staked";
        case RewardKind::freed: return "freed";
        case RewardKind::burnt: return "burnt";
        case RewardKind::fees: return "fees";
        case RewardKind::fee_share: return "fee_share";
    }
    return "unknown";
}

struct Reward
{
    AccountId account{};
    Amount amount;
    RewardKind kind = RewardKind::minted;  // Hashed behind the others, where it is not `minted`.
    RUNNEL_FIELDS(account, (amount, wei));
    bool operator==(const Reward&) const = default;
};

/// Whether a block pays what is due, kind by kind and account by account. What shares of fees come
/// to is known when the block is executed.
[[nodiscard]] bool are_due(std::span<const Reward> due, std::span<const Reward> paid);

/// Who gets tips first, where consensus deals them out by stake.
inline constexpr std::string_view fee_pool_account_name = "fee_pool";

/// Whose balance the coins are that validators have locked up; in ledgers of engines that lock any.
inline constexpr std::string_view deposits_account_name = "deposits";

/// Where in the chain an account or a contract appeared.
struct Origin
{
    static constexpr std::uint32_t no_transaction = 0xFFFF'FFFF;

    std::uint64_t block = 0;
    std::uint32_t transaction = no_transaction;  // In that block; none at genesis.
    RUNNEL_FIELDS((block, block_number), transaction);
};

/// An account that a block was the first to name, or to make for a contract.
struct NewAccount
{
    AccountId id{};
    Address address;
    std::string name;
    std::string role;
    Origin origin{};
    std::string strategy = {};  // Of an agent that arrived.
};

/// A contract that a block deployed.
struct NewContract
{
    ContractId id{};
    AccountId account{};
    AccountId creator{};  // The contract that deployed it.
    std::string kind;
    std::string name;
    bool is_token = false;
    std::string symbol;  // Of a token.
    std::uint8_t decimals = 0;
    Origin origin{};
};

/// Why a transaction that waited for a block was given up.
enum class DropReason : std::uint8_t
{
    expired,          // It waited too long for room.
    fee_below_base,   // It waited too long, and bids less than the base fee.
    nonce_gap,        // It waited too long for an earlier one of its sender.
    replaced,         // Another one with its nonce came into a block.
    unaffordable,     // Its sender could not pay its gas limit at its maximal fee.
    gas_above_block,  // No block has room for its gas limit.
    mempool_full,     // There were too many, and it was among the cheapest.
};
[[nodiscard]] constexpr std::string_view to_string(DropReason reason) noexcept
{
    switch (reason)
    {
        case DropReason::expired: return "expired";
        case DropReason::fee_below_base: return "fee_below_base";
        case DropReason::nonce_gap: return "nonce_gap";
        case DropReason::replaced: return "replaced";
        case DropReason::unaffordable: return "unaffordable";
        case DropReason::gas_above_block: return "gas_above_block";
        case DropReason::mempool_full: return "mempool_full";
    }
    return "unknown";
}

/// A transaction that will be in no block.
struct DroppedTransaction
{
    AccountId sender{};
    std::uint64_t nonce = 0;
    Hash hash;
    std::uint64_t max_fee = 0;  // Wei per gas.
    std::int64_t arrival_ms = 0;
    DropReason reason{};
};

/// A block with all that happened in it: what validators attest and the database keeps.
struct FinishedBlock
{
    BlockHeader header;
    Hash hash;
    std::vector<Transaction> transactions;
    std::vector<Receipt> receipts;
    std::vector<Reward> rewards;
    std::vector<NewAccount> accounts;    // By id; the first one is the chain's next.
    std::vector<NewContract> contracts;  // Likewise.
    std::vector<EventRecord> events;     // In order of transactions; snapshots last.
    Bytes event_bytes;                   // Their encodings.
    /// What was given up when the block was built: its proposer says so, no hash covers it.
    std::vector<DroppedTransaction> dropped;
    /// What consensus did since the block before it; nullptr where one proposer decides.
    std::shared_ptr<const ConsensusNotes> consensus;

    [[nodiscard]] ByteView encoding(const EventRecord& event) const noexcept
    {
        return ByteView{event_bytes}.subspan(event.offset, event.size);
    }
};

/// Appends what the receipt's leaf is the hash of: status, gas used, gas price, the refusal
/// (nullptr if it succeeded), and of each log its contract, its type's tag and its fields. Only
/// logs among @p events count; their bytes lie in @p event_bytes.
void encode_receipt(ReceiptStatus status, std::uint64_t gas_used, std::uint64_t gas_price,
    const Refusal* refusal, std::span<const EventRecord> events, ByteView event_bytes, Bytes& out);

/// How block gas and the base fee move; EIP-1559.
struct FeeSchedule
{
    std::uint64_t block_gas_limit = 30'000'000;
    std::uint64_t initial_base_fee = 1'000'000'000;  // Wei per gas.
    std::uint64_t min_base_fee = 7;                  // Wei per gas.
    // EIP-1559's constants, which other chains set otherwise.
    std::uint64_t elasticity_multiplier = 2;  // The target is the limit over this.
    std::uint64_t max_change_denominator = 8;
};

/// The base fee after a block: an empty block lowers it by 1 / max_change_denominator, one at the
/// target leaves it as it is.
///
///     target = block_gas_limit / elasticity_multiplier, at least 1
///     delta = base_fee * |gas_used - target| / target / max_change_denominator,
///             at least 1 when above target
///
/// Gas beyond the limit does not count: block 0, which sets a scenario up without fees, keeps to no
/// limit. The fee ends at 2^64 - 1. Source: EIP-1559.
[[nodiscard]] std::uint64_t next_base_fee(
    const FeeSchedule& fees, std::uint64_t base_fee, std::uint64_t gas_used) noexcept;

}  // namespace runnel
