#pragma once

#include "contracts/kit/contract_base.hpp"

#include <cstdint>

/// What an exchange writes down.
namespace runnel::contracts::custodial_exchange
{

struct ExchangeState
{
    std::uint32_t customers = 0;
    std::uint64_t withdrawals = 0;  // So many were ever asked for: numbers count from 1.
    std::uint64_t report = 0;       // The books' state that was taken down last, from 1,
    std::uint64_t report_taken_at = 0;
    RUNNEL_FIELDS(
        (customers, other("customers")), withdrawals, report, (report_taken_at, unix_seconds));
};

struct Customer
{
    AccountId account{};
    AccountId deposit_account{};
    Hash salt;
    bool is_frozen = false;
    RUNNEL_FIELDS(account, deposit_account, salt, is_frozen);
};

struct CustomerNumber
{
    std::uint32_t number = 0;  // From 1; 0: no customer.
    RUNNEL_FIELDS((number, other("customer + 1")));
};

/// What a customer has of a token. `total` less the other two is what he can use.
struct Entry
{
    Amount total;
    Amount withdrawing;
    Amount held;
    Amount unswept;         // Of what came to his address: credited, and still there.
    std::uint64_t day = 0;  // Since 1970, in which he last asked for withdrawals,
    Amount withdrawn;       // and how much in it.
    /// Before the first change behind report number `report` he had `reported`.
    std::uint64_t report = 0;
    Amount reported;
    RUNNEL_FIELDS((total, other("of the key's contract")), (withdrawing, other("of the same")),
        (held, other("of the same")), (unswept, other("of the same")), day,
        (withdrawn, other("of the same")), report, (reported, other("of the same")));

    [[nodiscard]] Amount available() const noexcept
    {
        return wrapping_sub(total, wrapping_add(withdrawing, held));
    }
};

/// What statements say of a customer that is not so.
struct Misstatement
{
    bool is_given = false;
    bool is_omitted = false;
    Amount stated;
    RUNNEL_FIELDS(is_given, is_omitted, (stated, other("of the key's contract")));
};

/// A token's part of the books.
struct Asset
{
    Amount owed;  // To customers: the sum of their entries' totals.
    Amount own;
    Amount hot;
    Amount cold;
    Amount unswept;
    // Withdrawals: a list by their numbers, 0: none.
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::uint64_t waiting = 0;
    Amount waiting_amount;
    Amount withdrawing;  // With those that are held.
    Amount refill;
    std::uint64_t refill_ready_at = 0;
    RUNNEL_FIELDS((owed, other("of the key's contract")), (own, other("of the same")),
        (hot, other("of the same")), (cold, other("of the same")), (unswept, other("of the same")),
        first, last, waiting, (waiting_amount, other("of the same")),
        (withdrawing, other("of the same")), (refill, other("of the same")),
        (refill_ready_at, unix_seconds));
};

/// What was published last, beside what there was when its report was taken.
struct Statement
{
    std::uint64_t report = 0;
    Hash root;
    Amount total;
    std::uint64_t leaves = 0;
    std::uint64_t published_at = 0;
    // Of the newest report, published or not.
    Amount owed;
    Amount reserves;
    Amount unswept;
    RUNNEL_FIELDS(report, root, (total, other("of the key's contract")), leaves,
        (published_at, unix_seconds), (owed, other("of the same")),
        (reserves, other("of the same")), (unswept, other("of the same")));
};

struct Withdrawal
{
    std::uint32_t customer = 0;
    ContractId token{};
    AccountId to{};
    Amount amount;  // 0: it was paid or rejected.
    Amount fee;
    std::uint64_t requested_at = 0;
    bool is_held = false;
    std::uint64_t next = 0;  // That waits behind it; 0: none.
    RUNNEL_FIELDS((customer, other("customer")), token, to, (amount, smallest_unit_of("token")),
        (fee, smallest_unit_of("token")), (requested_at, unix_seconds), is_held, next);
};

}  // namespace runnel::contracts::custodial_exchange
