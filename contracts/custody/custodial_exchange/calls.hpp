#pragma once

#include "contracts/kit/contract_base.hpp"

#include <cstdint>

/// What customers and the operator of an exchange do. Calls without gas of their own are entries in
/// its books: on mainnet nobody sees them.
namespace runnel::contracts::custodial_exchange
{

/// Opens an account for the sender. @p deposit_account is the one at his deposit address.
struct OpenAccount
{
    RUNNEL_CALL("openAccount", 0, 0);

    AccountId deposit_account{};
    Hash salt;  // Hides him in statements of reserves.
    RUNNEL_FIELDS(deposit_account, salt);
};

/// Exchanges one token for another at the reference price less the spread.
struct Trade
{
    RUNNEL_CALL("trade", 1, 0);

    ContractId token_in{};
    ContractId token_out{};
    Amount amount_in;
    Amount amount_out_min;
    RUNNEL_FIELDS(token_in, token_out, (amount_in, smallest_unit_of("token_in")),
        (amount_out_min, smallest_unit_of("token_out")));
};

/// Asks for @p amount, of which the fee is taken, to be sent to @p to.
struct RequestWithdrawal
{
    RUNNEL_CALL("requestWithdrawal", 2, 0);

    ContractId token{};
    Amount amount;
    AccountId to{};
    RUNNEL_FIELDS(token, (amount, smallest_unit_of("token")), to);
};

/// A customer whose deposit is credited.
struct Deposit
{
    std::uint32_t customer = 0;
    AccountId source{};  // Who sent it, as far as the operator knows: else the zero account.
    RUNNEL_FIELDS((customer, other("customer")), source);
};

inline constexpr std::uint8_t batch_max = 32;

/// Credits what has come to deposit addresses; what is below the minimum waits for more.
struct Credit
{
    RUNNEL_CALL("credit", 3, 0);

    ContractId token{};
    ShortList<Deposit, batch_max> deposits;
    RUNNEL_FIELDS(token, deposits);
};

/// Moves what is credited from deposit addresses to the hot wallet.
struct Sweep
{
    RUNNEL_CALL("sweep", 4, 12'000);  // And 42'000 for each address.

    ContractId token{};
    ShortList<std::uint32_t, batch_max> customers;
    RUNNEL_FIELDS(token, customers);
};

/// Pays the withdrawals of a token that wait longest, as far as the hot wallet has it.
struct PayBatch
{
    RUNNEL_CALL("payBatch", 5, 12'000);  // And 33'000 for each.

    ContractId token{};
    std::uint32_t withdrawals = 0;
    RUNNEL_FIELDS(token, (withdrawals, other("withdrawals")));
};

/// Gives a withdrawal that waits or is held back to its customer's balance.
struct RejectWithdrawal
{
    RUNNEL_CALL("rejectWithdrawal", 6, 0);

    std::uint64_t withdrawal = 0;
    RUNNEL_FIELDS(withdrawal);
};

struct MoveToCold
{
    RUNNEL_CALL("moveToCold", 7, 35'000);

    ContractId token{};
    Amount amount;
    RUNNEL_FIELDS(token, (amount, smallest_unit_of("token")));
};

/// Asks those who sign for the cold wallet; takes the place of what was asked for before.
struct RequestRefill
{
    RUNNEL_CALL("requestRefill", 8, 0);

    ContractId token{};
    Amount amount;
    RUNNEL_FIELDS(token, (amount, smallest_unit_of("token")));
};

/// Moves what was asked for from the cold wallet to the hot one, once the delay is over.
struct Refill
{
    RUNNEL_CALL("refill", 9, 75'000);

    ContractId token{};
    RUNNEL_FIELDS(token);
};

/// Takes down what every customer has: what the next statements are of.
struct TakeReport
{
    RUNNEL_CALL("takeReport", 10, 0);
    RUNNEL_FIELDS();
};

/// Publishes the root of the Merkle sum tree over what customers had, and its sum.
struct PublishReserves
{
    RUNNEL_CALL("publishReserves", 11, 72'000);

    ContractId token{};
    Hash root;
    Amount total;
    std::uint64_t leaves = 0;
    RUNNEL_FIELDS(token, root, (total, smallest_unit_of("token")), leaves);
};

/// Writes down what statements shall say of a customer instead of what he has.
struct Misstate
{
    RUNNEL_CALL("misstate", 12, 0);

    std::uint32_t customer = 0;
    ContractId token{};
    bool is_omitted = false;
    Amount stated;
    RUNNEL_FIELDS(
        (customer, other("customer")), token, is_omitted, (stated, smallest_unit_of("token")));
};

/// A frozen customer neither trades nor withdraws.
struct FreezeCustomer
{
    RUNNEL_CALL("freezeCustomer", 13, 0);

    std::uint32_t customer = 0;
    bool is_frozen = false;
    RUNNEL_FIELDS((customer, other("customer")), is_frozen);
};

/// Lets a customer have the deposits that screening holds.
struct ReleaseDeposits
{
    RUNNEL_CALL("releaseDeposits", 14, 0);

    std::uint32_t customer = 0;
    ContractId token{};
    RUNNEL_FIELDS((customer, other("customer")), token);
};

/// Lets a withdrawal that screening holds join the queue.
struct ReleaseWithdrawal
{
    RUNNEL_CALL("releaseWithdrawal", 15, 0);

    std::uint64_t withdrawal = 0;
    RUNNEL_FIELDS(withdrawal);
};

}  // namespace runnel::contracts::custodial_exchange
