#pragma once

#include "ledger/event.hpp"
#include "ledger/ids.hpp"

/// The logs of an escrow. HasToPayFee, Dispute and Ruling are those of Kleros and ERC-792.
namespace runnel::contracts::arbitrated_escrow
{

struct TransactionCreatedLog
{
    static constexpr std::string_view table = "escrow_transactions_created";
    static constexpr std::string_view signature =
        "TransactionCreated(uint256 indexed transactionID, address indexed buyer, address indexed "
        "seller, address token, uint256 amount)";
    static constexpr std::array<std::string_view, 5> meanings{
        "The deal's number.", "Who paid in.", "Who sells.", "What was paid.", "How much."};

    std::uint64_t transaction_id = 0;
    AccountId buyer{};
    AccountId seller{};
    ContractId token{};
    Amount amount;
    RUNNEL_FIELDS((transaction_id, other("number")), buyer, seller, token,
        (amount, smallest_unit_of("token")));
};

struct ShippedLog
{
    static constexpr std::string_view table = "escrow_shipped";
    static constexpr std::string_view signature =
        "Shipped(uint256 indexed transactionID, uint256 reference)";
    static constexpr std::array<std::string_view, 2> meanings{
        "The deal's number.", "What the seller said of the shipment."};

    std::uint64_t transaction_id = 0;
    Amount reference;
    RUNNEL_FIELDS((transaction_id, other("number")), reference);
};

struct PaymentLog
{
    static constexpr std::string_view table = "escrow_payments";
    static constexpr std::string_view signature =
        "Payment(uint256 indexed transactionID, uint256 amount, address party)";
    static constexpr std::array<std::string_view, 3> meanings{
        "The deal's number.", "How much went to somebody's credit.", "Whose."};

    std::uint64_t transaction_id = 0;
    Amount amount;
    AccountId party{};
    RUNNEL_FIELDS(
        (transaction_id, other("number")), (amount, other("token, smallest units")), party);
};

struct HasToPayFeeLog
{
    static constexpr std::string_view table = "escrow_has_to_pay_fee";
    static constexpr std::string_view signature =
        "HasToPayFee(uint256 indexed transactionID, uint8 party)";
    static constexpr std::array<std::string_view, 2> meanings{
        "The deal's number.", "Who must make a deposit or lose: 0 the seller, 1 the buyer."};

    std::uint64_t transaction_id = 0;
    std::uint8_t party = 0;
    RUNNEL_FIELDS((transaction_id, other("number")), party);
};

struct DisputeLog
{
    static constexpr std::string_view table = "escrow_disputes";
    static constexpr std::string_view signature =
        "Dispute(address indexed arbitrator, uint256 indexed disputeID, uint256 metaEvidenceID)";
    static constexpr std::array<std::string_view, 3> meanings{
        "Who will decide.", "The deal's number.", "The deal's number again, as in Kleros."};

    AccountId arbitrator{};
    std::uint64_t dispute = 0;
    std::uint64_t meta_evidence = 0;
    RUNNEL_FIELDS(arbitrator, (dispute, other("number")), (meta_evidence, other("number")));
};

struct RulingLog
{
    static constexpr std::string_view table = "escrow_rulings";
    static constexpr std::string_view signature =
        "Ruling(address indexed arbitrator, uint256 indexed disputeID, uint256 ruling)";
    static constexpr std::array<std::string_view, 3> meanings{"Who decided.", "The deal's number.",
        "0: each gets half; 1: the buyer wins; 2: the seller wins."};

    AccountId arbitrator{};
    std::uint64_t dispute = 0;
    std::uint64_t ruling = 0;
    RUNNEL_FIELDS(arbitrator, (dispute, other("number")), ruling);
};

struct WithdrawnLog
{
    static constexpr std::string_view table = "escrow_withdrawals";
    static constexpr std::string_view signature =
        "Withdrawn(address indexed payee, address token, uint256 amount)";
    static constexpr std::array<std::string_view, 3> meanings{
        "Who was paid.", "What.", "How much."};

    AccountId payee{};
    ContractId token{};
    Amount amount;
    RUNNEL_FIELDS(payee, token, (amount, smallest_unit_of("token")));
};

}  // namespace runnel::contracts::arbitrated_escrow
