#pragma once

#include "ledger/call.hpp"
#include "ledger/hash.hpp"
#include "ledger/result.hpp"

#include <boost/container/small_vector.hpp>

#include <cstdint>
#include <string>

namespace runnel
{

/// A list of calls that one account wants to run atomically: all of them, or none.
struct Transaction
{
    /// Most transactions (an approval and a trade, a deposit) need no allocation.
    using Calls = boost::container::small_vector<std::uint8_t, 208>;

    AccountId sender{};
    std::uint64_t nonce = 0;
    std::uint64_t gas_limit = 0;
    std::uint64_t max_fee = 0;           // Wei per gas, base fee included (EIP-1559).
    std::uint64_t max_priority_fee = 0;  // Wei per gas, to the proposer.
    Calls calls;                         // As CallWriter encodes them.

    // Not part of the encoding:
    std::int64_t arrival_ms = 0;  // Virtual time since the scenario's start.
    Hash hash;                    // Of the encoding; set by seal().
    RUNNEL_FIELDS(
        sender, nonce, gas_limit, (max_fee, wei_per_gas), (max_priority_fee, wei_per_gas));

    [[nodiscard]] ByteView call_list() const noexcept { return {calls.data(), calls.size()}; }
    void set_calls(const Bytes& bytes) { calls.assign(bytes.begin(), bytes.end()); }
    /// Computes the hash: keccak of the fields above and the calls.
    void seal();
    /// Fee per gas at this base fee; below the base fee the transaction must not be in the block.
    [[nodiscard]] std::uint64_t effective_gas_price(std::uint64_t base_fee) const noexcept;
};

enum class ReceiptStatus : std::uint8_t
{
    reverted = 0,
    succeeded = 1,
};

/// What became of a transaction.
struct Receipt
{
    ReceiptStatus status = ReceiptStatus::reverted;
    std::uint64_t gas_used = 0;
    std::uint64_t effective_gas_price = 0;  // Wei per gas.
    std::uint32_t first_event = 0;          // Of its events among the block's.
    std::uint32_t event_count = 0;
    Refusal refusal;  // Meaningful if reverted.
};

/// Gas of any transaction before its calls: Ethereum's 21,000.
inline constexpr std::uint64_t intrinsic_gas = 21'000;

}  // namespace runnel
