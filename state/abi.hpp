#pragma once

#include "ledger/event.hpp"
#include "state/world.hpp"

#include <string>
#include <vector>

namespace runnel
{

/// The addresses that logs speak of, by id.
struct AddressBook
{
    std::vector<Address> accounts;             // By account id.
    std::vector<AccountId> contract_accounts;  // By contract id.

    [[nodiscard]] static AddressBook of(const World& world);
    /// A bug (abort) if there is none: contracts check the ids that calls name.
    [[nodiscard]] const Address& address(AccountId id) const;
    [[nodiscard]] const Address& address(ContractId id) const;
};

/// A log as an Ethereum node reports it.
struct AbiLog
{
    std::vector<Hash> topics;  // The signature's hash first.
    Bytes data;
};

/// How one type of event is encoded as an ABI log; derived from its signature and columns.
///
/// Amounts and integers become one word of 32 bytes (negative ones sign-extended where the
/// signature says intN), accounts and contracts their 20-byte address, text a dynamic string.
/// An indexed string's topic is its keccak-256, as the ABI says.
class AbiEvent
{
public:
    /// A bug (abort) if the signature's types do not fit the event's columns.
    explicit AbiEvent(const EventType& type);

    [[nodiscard]] const EventType& type() const noexcept { return *type_; }
    /// keccak-256 of the signature.
    [[nodiscard]] const Hash& topic0() const noexcept { return topic0_; }
    /// The number of topics after topic0.
    [[nodiscard]] unsigned indexed_count() const noexcept { return indexed_count_; }

    /// Of the arguments: "address", "uint256", ...
    [[nodiscard]] const std::vector<std::string>& argument_types() const noexcept { return types_; }

    /// Replaces @p words by the indexed arguments' words (topic1, topic2, ...) followed by the
    /// data. A bug (abort) if @p event is not this event's encoding.
    void encode(ByteView event, const AddressBook& addresses, Bytes& words) const;
    [[nodiscard]] AbiLog log(ByteView event, const AddressBook& addresses) const;

private:
    const EventType* type_;
    Hash topic0_;
    std::vector<std::string> types_;
    unsigned indexed_count_ = 0;
};

}  // namespace runnel
