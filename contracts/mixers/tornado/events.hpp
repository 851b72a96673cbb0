#pragma once

#include "ledger/event.hpp"

/// The logs of Tornado Cash: names, order of fields and topics as deployed.
/// Source: tornado-core `Tornado.sol`.
namespace runnel::contracts::tornado
{

struct DepositLog
{
    static constexpr std::string_view table = "tornado_deposits";
    static constexpr std::string_view signature =
        "Deposit(bytes32 indexed commitment, uint32 leafIndex, uint256 timestamp)";
    static constexpr std::array<std::string_view, 3> meanings{
        "The hash of the note that was paid for, as a number.",
        "Its place among the tree's leaves, from 0.", "When."};

    Amount commitment;
    std::uint32_t leaf_index = 0;
    std::uint64_t timestamp = 0;
    RUNNEL_FIELDS(commitment, leaf_index, (timestamp, unix_seconds));
};

struct WithdrawalLog
{
    static constexpr std::string_view table = "tornado_withdrawals";
    static constexpr std::string_view signature =
        "Withdrawal(address to, bytes32 nullifierHash, address indexed relayer, uint256 fee)";
    static constexpr std::array<std::string_view, 4> meanings{"Who was paid.",
        "The hash of half of the note, as a number: it pays once.", "Who was paid for sending it.",
        "What he was paid."};

    AccountId to{};
    Amount nullifier_hash;
    AccountId relayer{};
    Amount fee;
    RUNNEL_FIELDS(to, nullifier_hash, relayer, (fee, smallest_unit_of_its("token")));
};

}  // namespace runnel::contracts::tornado
