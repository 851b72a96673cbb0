#pragma once

#include "contracts/kit/sectors/order_exchange.hpp"

#include <cstdint>

/// The calls of a limit order book. Prices are smallest units of the quote token for one lot of the
/// base token; amounts of orders are of the base token.
namespace runnel::contracts::order_book
{

/// Gas is estimated from the slots that a Solidity contract of the same records would write: see
/// docs/order_book.md.
namespace gas
{
inline constexpr std::uint64_t fill = 35'000;           // Each but the first.
inline constexpr std::uint64_t new_order = 66'000;      // Three new slots: saved if nothing rests.
inline constexpr std::uint64_t new_level = 44'000;      // Saved where others wait at the price.
inline constexpr std::uint64_t no_fill = fill - 3'000;  // Saved by an order that matches nothing.
}  // namespace gas

/// Orders at a limit. Pays with what the sender has in the book, then by allowance; what it
/// receives at once stays in the book.
struct PlaceOrder
{
    RUNNEL_CALL("placeOrder", 0, {205'000, 3'000});

    OrderSide side{};
    Amount price;
    Amount amount;
    OrderKind kind{};
    RUNNEL_FIELDS((side, other("0: buy, 1: sell")), (price, smallest_unit_of_its("quote")),
        (amount, smallest_unit_of_its("base")),
        (kind, other("0: good till cancelled, 1: immediate or cancel, 2: post-only")));
};

/// Takes back what is left of an order of the sender's; it stays in the book.
struct CancelOrder
{
    RUNNEL_CALL("cancelOrder", 1, 45'000);

    std::uint32_t number = 0;
    RUNNEL_FIELDS(number);
};

/// Trades at once with the best orders that there are, all or nothing; by allowance.
struct Swap
{
    RUNNEL_CALL("swap", 2, {115'000, 3'000});

    ContractId token_in{};
    Amount amount_in;  // The most; what buys no whole unit is not taken.
    Amount amount_out_min;
    AccountId recipient{};
    std::uint64_t deadline = 0;
    RUNNEL_FIELDS(token_in, (amount_in, smallest_unit_of("token_in")),
        (amount_out_min, other("of what comes out")), recipient, (deadline, unix_seconds));
};

/// Pays out what the sender has in the book beside its orders.
struct Withdraw
{
    RUNNEL_CALL("withdraw", 3, 45'000);

    ContractId token{};
    Amount amount;
    RUNNEL_FIELDS(token, (amount, smallest_unit_of("token")));
};

}  // namespace runnel::contracts::order_book
