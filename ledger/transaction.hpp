#pragma once

#include "ledger/call.hpp"
#include "ledger/hash.hpp"
#include "ledger/motive.hpp"
#include "ledger/result.hpp"

#include <boost/container/small_vector.hpp>

#include <cstdint>
#include <span>
#include <string>

namespace runnel
{

/// A list of calls that one account wants to run atomically: all of them, or none.
struct Transaction
{
    /// Most transactions (an approval and a trade, a deposit) need no allocation.
    using Input = boost::container::small_vector<std::uint8_t, 208>;

    AccountId sender{};
    std::uint64_t nonce = 0;
    std::uint64_t gas_limit = 0;
    std::uint64_t max_fee = 0;           // Wei per gas, base fee included (EIP-1559).
    std::uint64_t max_priority_fee = 0;  // Wei per gas, to the proposer.
    /// How many addresses the calls name (1 byte), these (20 bytes each), the calls as CallWriter
    /// encodes them. Whoever block 0 did not have is named by address, never by an id that a re-org
    /// could give to another: see state/references.hpp.
    Input input{0};
    /// What calls are proven by, as CallWriter::add_witness() lines it up. It is part of the hash,
    /// but stored apart from the input: who reads the chain does not need it, who executes it does.
    Bytes witnesses;

    // Not part of the encoding:
    /// Of a sender whom block 0 did not have: what is hashed in his id's place, the reference to
    /// his address. Set by name_sender() (state/references.hpp).
    std::uint32_t sender_reference = 0;
    bool is_malformed = false;    // Its addresses cannot be what a transaction may name.
    std::int64_t arrival_ms = 0;  // Virtual time since the scenario's start.
    Hash hash;                    // Of the encoding; set by seal().
    Bytes resolved;               // The calls with ids for addresses, where there are any.
    Motive motive;                // What its sender means by it.
    bool is_secret = false;       // Known to its sender's own miner alone, for blocks in secret.
    std::int64_t sent_at = 0;     // By a network's clock; see consensus/network/gossip.hpp.
    RUNNEL_FIELDS(
        sender, nonce, gas_limit, (max_fee, wei_per_gas), (max_priority_fee, wei_per_gas));

    [[nodiscard]] std::size_t address_count() const noexcept { return input[0]; }
    [[nodiscard]] Address address(std::size_t i) const noexcept;
    /// The calls as they are hashed, references to addresses in them.
    [[nodiscard]] ByteView call_list() const noexcept
    {
        return ByteView{input.data(), input.size()}.subspan(1 + sizeof(Address) * input[0]);
    }
    /// The calls as they are run: resolve() (state/references.hpp) has put ids for references.
    [[nodiscard]] ByteView executable() const noexcept
    {
        return resolved.empty() ? call_list() : ByteView{resolved};
    }
    /// @p addresses: at most references_max.
    void set_calls(ByteView calls, std::span<const Address> addresses = {});
    /// Takes an input as it is stored; false if it is too short for its addresses.
    [[nodiscard]] bool set_input(ByteView bytes);
    [[nodiscard]] ByteView input_bytes() const noexcept { return {input.data(), input.size()}; }
    /// The witness with this number, from 0; empty if there is none.
    [[nodiscard]] ByteView witness(std::uint8_t number) const noexcept;
    /// Takes witnesses as they are stored; false if they are malformed.
    [[nodiscard]] bool set_witnesses(ByteView bytes);
    /// Appends what the hash is of: the fields above and the input, with a reference in the place
    /// of a sender who is named; before them, where there are witnesses, a mark that no sender has
    /// and the hash of these.
    void append_encoding(Bytes& out) const;
    /// Computes the hash, a Merkle leaf.
    void seal();
    /// Fee per gas at this base fee; below the base fee the transaction must not be in the block.
    [[nodiscard]] std::uint64_t effective_gas_price(std::uint64_t base_fee) const noexcept;
};

/// seal() of each, several at a time.
void seal_all(std::span<Transaction> transactions);

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
