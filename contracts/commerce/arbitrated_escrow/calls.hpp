#pragma once

#include "contracts/kit/sectors/escrow.hpp"
#include "ledger/call.hpp"

/// The calls of an escrow, named after Kleros' MultipleArbitrableTokenTransaction where that has
/// them. Gas: estimated from the slots that each touches (docs/escrow.md).
namespace runnel::contracts::arbitrated_escrow
{

/// Pays in the sender's tokens, by allowance, for a seller. Returns the number of the deal.
struct CreateTransaction
{
    RUNNEL_CALL("createTransaction", 0, {255'000, 5'000});

    EscrowTerms terms;
    RUNNEL_FIELDS(terms);
};

/// The same for @p buyer, with tokens that came to the escrow before in the same transaction: how a
/// contract opens a deal for somebody else. What nobody has claimed by then anybody may.
struct CreatePrepaidTransaction
{
    RUNNEL_CALL("createPrepaidTransaction", 1, {225'000, 5'000});

    AccountId buyer{};
    EscrowTerms terms;
    RUNNEL_FIELDS(buyer, terms);
};

/// The seller says that the goods are on their way. @p reference: whatever helps to find them.
struct Ship
{
    RUNNEL_CALL("ship", 2, {53'000, 5'000});

    std::uint64_t transaction = 0;
    Amount reference;
    RUNNEL_FIELDS((transaction, other("number")), reference);
};

/// The buyer lets the seller have a part of what is held, or all of it.
struct Pay
{
    RUNNEL_CALL("pay", 3, {38'000, 5'000});

    std::uint64_t transaction = 0;
    Amount amount;
    RUNNEL_FIELDS((transaction, other("number")), (amount, other("token, smallest units")));
};

/// The seller gives the buyer a part of what is held, or all of it.
struct Reimburse
{
    RUNNEL_CALL("reimburse", 4, {38'000, 5'000});

    std::uint64_t transaction = 0;
    Amount amount;
    RUNNEL_FIELDS((transaction, other("number")), (amount, other("token, smallest units")));
};

/// Settles what nobody disputes: to the seller when the inspection is over, to the buyer when
/// nothing was shipped in time. Anybody may.
struct ExecuteTransaction
{
    RUNNEL_CALL("executeTransaction", 5, {38'000, 5'000});

    std::uint64_t transaction = 0;
    RUNNEL_FIELDS((transaction, other("number")));
};

/// Deposits the buyer's part of what arbitration costs: raises a dispute, or stands one.
struct PayArbitrationFeeByBuyer
{
    RUNNEL_CALL("payArbitrationFeeByBuyer", 6, {80'000, 5'000});

    std::uint64_t transaction = 0;
    RUNNEL_FIELDS((transaction, other("number")));
};

/// The same for the seller.
struct PayArbitrationFeeBySeller
{
    RUNNEL_CALL("payArbitrationFeeBySeller", 7, {80'000, 5'000});

    std::uint64_t transaction = 0;
    RUNNEL_FIELDS((transaction, other("number")));
};

/// Lets the buyer win, for the seller has not made his deposit in time. Anybody may.
struct TimeOutByBuyer
{
    RUNNEL_CALL("timeOutByBuyer", 8, {40'000, 5'000});

    std::uint64_t transaction = 0;
    RUNNEL_FIELDS((transaction, other("number")));
};

/// The same for the seller.
struct TimeOutBySeller
{
    RUNNEL_CALL("timeOutBySeller", 9, {40'000, 5'000});

    std::uint64_t transaction = 0;
    RUNNEL_FIELDS((transaction, other("number")));
};

/// Gives each half and his deposit back, for the arbiter has said nothing in time. Anybody may.
struct TimeOutRuling
{
    RUNNEL_CALL("timeOutRuling", 10, {62'000, 5'000});

    std::uint64_t transaction = 0;
    RUNNEL_FIELDS((transaction, other("number")));
};

/// The arbiter decides, and earns his fee.
struct Rule
{
    RUNNEL_CALL("rule", 11, {84'000, 5'000});

    std::uint64_t transaction = 0;
    std::uint8_t ruling = 0;  // See EscrowRuling.
    RUNNEL_FIELDS((transaction, other("number")), ruling);
};

/// Pays a payee what is to his credit. Anybody may.
struct Withdraw
{
    RUNNEL_CALL("withdraw", 12, {46'000, 5'000});

    AccountId payee{};
    ContractId token{};
    RUNNEL_FIELDS(payee, token);
};

}  // namespace runnel::contracts::arbitrated_escrow
