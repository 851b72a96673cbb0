#pragma once

#include "ledger/transaction.hpp"

#include <cstdint>
#include <optional>
#include <vector>

/// What a transaction says to whoever builds blocks, and to whoever checks them: under what terms
/// it may stand in one. Terms are one of its witnesses, so its hash covers them and no contract
/// sees them: `verify` knows from the file alone what a block had to keep to.
namespace runnel
{

/// The transaction is one of a bundle: see BundlePlace. Its sender's own ones have consecutive
/// nonces.
struct BundleTerms
{
    static constexpr std::uint64_t tag = 0x52554E'4E454C'0001;
    static constexpr std::uint8_t no_victim = 255;
    /// A bundle's own transactions, at most.
    static constexpr std::uint8_t count_max = 8;

    std::uint64_t block = 0;  // The only one that may have it.
    std::uint64_t first_nonce = 0;
    std::uint8_t count = 1;     // Own transactions.
    std::uint8_t position = 0;  // Of this one, from 0.
    /// So many own ones stand ahead of the victim; no_victim: there is none.
    std::uint8_t victim_position = no_victim;
    Hash victim;
    RUNNEL_FIELDS((block, block_number), first_nonce, count, position, victim_position, victim);
    [[nodiscard]] bool operator==(const BundleTerms&) const = default;
};

/// The transaction does nothing but fix that its sender's next ones have these hashes.
struct CommitmentTerms
{
    static constexpr std::uint64_t tag = 0x52554E'4E454C'0002;

    std::uint64_t gas = 0;  // Their limits together.
    std::vector<Hash> reveals;
    RUNNEL_FIELDS((gas, other("gas")), reveals);
};

/// The transaction was committed to by its sender's with this nonce.
struct RevealTerms
{
    static constexpr std::uint64_t tag = 0x52554E'4E454C'0003;

    std::uint64_t commitment_nonce = 0;
    /// So that nobody finds out by trying what a hash is of.
    std::uint64_t salt = 0;
    RUNNEL_FIELDS(commitment_nonce, salt);
};

/// What a builder bids for a slot.
struct BuilderBid
{
    std::uint32_t builder = 0;  // Its number, from 0.
    Amount value;               // Wei, to the proposer.
    std::uint32_t transactions = 0;
    std::uint64_t gas = 0;  // That they are expected to use.
    RUNNEL_FIELDS(builder, (value, wei), transactions, (gas, other("gas")));
    [[nodiscard]] bool operator==(const BuilderBid&) const = default;
};

/// An entry of a proposer's inclusion list.
struct ListedTransaction
{
    Hash hash;
    Address sender;
    std::uint64_t nonce = 0;
    std::uint64_t gas_limit = 0;
    std::uint64_t max_fee = 0;  // Wei per gas.
    RUNNEL_FIELDS(hash, sender, nonce, (gas_limit, other("gas")), (max_fee, wei_per_gas));
};

/// The transaction is a builder's payment, with what the slot was sold by: all sealed bids, and the
/// list that the proposer had signed before it saw them.
struct PaymentTerms
{
    static constexpr std::uint64_t tag = 0x52554E'4E454C'0004;

    std::vector<BuilderBid> bids;  // By builder.
    std::vector<ListedTransaction> list;
    RUNNEL_FIELDS(bids, list);
};

/// Terms as a witness.
template <typename Terms>
[[nodiscard]] Bytes encode_terms(const Terms& terms)
{
    Bytes bytes;
    Encoder encoder{bytes};
    encoder.put(Terms::tag);
    encoder.put(terms);
    return bytes;
}

/// Appends terms to a transaction's witnesses; its hash must be made anew then.
template <typename Terms>
void add_terms(Transaction& transaction, const Terms& terms)
{
    const auto bytes = encode_terms(terms);
    Encoder{transaction.witnesses}.put(CallList{bytes});
}

/// A transaction's terms of a kind; nullopt: it has none. Input is hostile.
template <typename Terms>
[[nodiscard]] std::optional<Terms> find_terms(const Transaction& transaction)
{
    Decoder witnesses{transaction.witnesses};
    while (!transaction.witnesses.empty() && witnesses.ok() && !witnesses.at_end())
    {
        CallList witness;
        witnesses.get(witness);
        Decoder decoder{witness.bytes};
        std::uint64_t tag = 0;
        decoder.get(tag);
        if (!witnesses.ok() || !decoder.ok() || tag != Terms::tag)
            continue;
        Terms terms;
        decoder.get(terms);
        if (decoder.at_end())
            return terms;
    }
    return std::nullopt;
}

}  // namespace runnel
