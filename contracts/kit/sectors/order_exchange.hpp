#pragma once

#include "contracts/kit/sectors/exchange.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

/// What strategies and reports may know of an exchange whose liquidity is orders with a limit.
namespace runnel::contracts
{

/// What an order does with the base token.
enum class OrderSide : std::uint8_t
{
    buy,
    sell,
};
[[nodiscard]] constexpr OrderSide opposite(OrderSide side) noexcept
{
    return side == OrderSide::buy ? OrderSide::sell : OrderSide::buy;
}
[[nodiscard]] constexpr std::string_view to_string(OrderSide side) noexcept
{
    return side == OrderSide::buy ? "buy" : "sell";
}

/// What becomes of the part of an order that finds no match at once.
enum class OrderKind : std::uint8_t
{
    good_till_cancelled,  // It rests.
    immediate_or_cancel,  // It goes back.
    post_only,            // It rests; an order that would match is refused as a whole.
};
[[nodiscard]] constexpr std::string_view to_string(OrderKind kind) noexcept
{
    switch (kind)
    {
        case OrderKind::good_till_cancelled: return "good_till_cancelled";
        case OrderKind::immediate_or_cancel: return "immediate_or_cancel";
        case OrderKind::post_only: return "post_only";
    }
    return "unknown";
}

/// An order of an account, which numbers its own from 1.
struct OrderRef
{
    AccountId maker{};
    std::uint32_t number = 0;  // 0: no order.
    RUNNEL_FIELDS(maker, number);

    friend bool operator==(const OrderRef&, const OrderRef&) noexcept = default;
};

struct LimitOrder
{
    OrderSide side{};
    std::uint32_t tick = 0;  // Of its limit.
    Amount amount;           // Of the base token.
    OrderKind kind{};
};

struct RestingOrder
{
    OrderSide side{};
    std::uint32_t tick = 0;
    Amount remaining;  // Of the base token.
};

/// All orders with one price.
struct BookLevel
{
    std::uint32_t tick = 0;
    Amount amount;  // Of the base token.
    std::uint32_t orders = 0;
};

/// An exchange of two tokens that matches orders by price, then time, and keeps what orders lock
/// and what makers earn until they withdraw it.
///
/// Prices are ticks: quote_per_base() smallest units of the quote token for one of the base token.
/// A contract that is one names it in ContractType::sectors beside Exchange. All views are of the
/// state after the last block; sides and tokens that an argument names exist, or it is a bug.
class OrderExchange
{
public:
    static constexpr std::string_view sector = "order_exchange";

    virtual ~OrderExchange() = default;

    [[nodiscard]] virtual const Exchange& exchange() const noexcept = 0;
    [[nodiscard]] virtual ContractId base_token() const noexcept = 0;
    [[nodiscard]] virtual ContractId quote_token() const noexcept = 0;

    /// Price of @p tick. A belief.
    [[nodiscard]] virtual double quote_per_base(std::uint32_t tick) const noexcept = 0;
    [[nodiscard]] virtual std::uint32_t tick_max() const noexcept = 0;
    /// The least that an order may be for, of the base token.
    [[nodiscard]] virtual Amount minimum() const noexcept = 0;
    /// What an order to buy locks, rounded up; to sell it locks its amount.
    [[nodiscard]] virtual Amount cost(std::uint32_t tick, const Amount& amount) const = 0;

    /// The best price at which somebody waits to buy, or to sell.
    [[nodiscard]] virtual std::optional<std::uint32_t> best(OrderSide side) const = 0;
    /// Prices at which somebody waits, the best first; at most @p most.
    [[nodiscard]] virtual std::vector<BookLevel> levels(OrderSide side, std::size_t most) const = 0;
    /// Empty once it is filled or cancelled.
    [[nodiscard]] virtual std::optional<RestingOrder> order(
        AccountId maker, std::uint32_t number) const = 0;
    /// The number that the account's next order gets.
    [[nodiscard]] virtual std::uint32_t next_number(AccountId maker) const = 0;
    /// What an account has there beside its orders, and what they lock.
    [[nodiscard]] virtual Amount available(AccountId account, ContractId token) const = 0;
    [[nodiscard]] virtual Amount locked(AccountId account, ContractId token) const = 0;

    // Each adds one call. Orders take what the account has there first, then by allowance.

    /// With room for this many fills.
    [[nodiscard]] virtual CallGas order_gas(std::uint32_t fills) const noexcept = 0;
    virtual void add_order(CallWriter& calls, const LimitOrder& order) const = 0;
    [[nodiscard]] virtual CallGas cancel_gas() const noexcept = 0;
    virtual void add_cancel(CallWriter& calls, std::uint32_t number) const = 0;
    [[nodiscard]] virtual CallGas withdraw_gas() const noexcept = 0;
    virtual void add_withdrawal(
        CallWriter& calls, ContractId token, const Amount& amount) const = 0;

    /// What a swap of exactly @p amount_in charges for its fills after the first, now; 0 if it
    /// would be refused.
    [[nodiscard]] virtual std::uint64_t fills_gas(
        ContractId token_in, const Amount& amount_in) const = 0;
};

/// nullptr if the contract is none.
[[nodiscard]] const OrderExchange* find_order_exchange(const World& world, ContractId id);

/// Rows that such exchanges emit beside their own events.

enum class DexOrderStep : std::uint8_t
{
    placed,
    cancelled,  // By its maker.
    returned,   // What was left was below the minimum.
};
[[nodiscard]] constexpr std::string_view to_string(DexOrderStep step) noexcept
{
    switch (step)
    {
        case DexOrderStep::placed: return "placed";
        case DexOrderStep::cancelled: return "cancelled";
        case DexOrderStep::returned: return "returned";
    }
    return "unknown";
}

/// A limit order that came, or went before it was filled.
struct DexOrder
{
    static constexpr std::string_view name = "DexOrder";
    static constexpr std::string_view table = "dex_orders";
    static constexpr EventUse use = EventUse::sector;
    static constexpr std::array<std::string_view, 11> meanings{
        "placed; cancelled by its maker; or returned, because less than the minimum was left.",
        "Whose order it is.", "Its number among his orders, from 1.", "buy or sell.",
        "What becomes of what is not matched at once.", "What is bought or sold.",
        "What is paid or received for it.", "Its limit, in ticks.",
        "How much was to be traded; of what goes, how much is left.",
        "How much was matched at once.", "How much rests from now on."};

    DexOrderStep transaction_type{};
    AccountId maker{};
    std::uint32_t number = 0;
    OrderSide side{};
    OrderKind kind{};
    ContractId base_token{};
    ContractId quote_token{};
    std::uint32_t tick = 0;
    Amount amount_raw;
    Amount filled_raw;
    Amount resting_raw;
    RUNNEL_FIELDS(transaction_type, maker, number, side, kind, base_token, quote_token,
        (tick, other("ticks")), (amount_raw, smallest_unit_of("base_token")),
        (filled_raw, smallest_unit_of("base_token")),
        (resting_raw, smallest_unit_of("base_token")));
};

/// An order that rested and was matched, in whole or in part.
struct DexFill
{
    static constexpr std::string_view name = "DexFill";
    static constexpr std::string_view table = "dex_fills";
    static constexpr EventUse use = EventUse::sector;
    static constexpr std::array<std::string_view, 13> meanings{"Whose order rested.",
        "Its number among his orders.", "What it does: buy or sell.", "Who came.",
        "What was traded.", "What it was traded for.", "The order's limit, in ticks.",
        "How much was traded.", "How much was paid for it, before fees.",
        "What the maker receives.", "What the exchange keeps of it.", "What the taker receives.",
        "What the exchange keeps of it."};

    AccountId maker{};
    std::uint32_t number = 0;
    OrderSide side{};
    AccountId taker{};
    ContractId base_token{};
    ContractId quote_token{};
    std::uint32_t tick = 0;
    Amount base_amount_raw;
    Amount quote_amount_raw;
    ContractId maker_fee_token{};
    Amount maker_fee_raw;
    ContractId taker_fee_token{};
    Amount taker_fee_raw;
    RUNNEL_FIELDS(maker, number, side, taker, base_token, quote_token, (tick, other("ticks")),
        (base_amount_raw, smallest_unit_of("base_token")),
        (quote_amount_raw, smallest_unit_of("quote_token")), maker_fee_token,
        (maker_fee_raw, smallest_unit_of("maker_fee_token")), taker_fee_token,
        (taker_fee_raw, smallest_unit_of("taker_fee_token")));
};

/// A book after a block that touched it, and every hour.
struct DexBook
{
    static constexpr std::string_view name = "DexBook";
    static constexpr std::string_view table = "dex_books";
    static constexpr EventUse use = EventUse::snapshot;
    static constexpr double price_scale = 1e36;
    /// Prices that are looked at for the depth.
    static constexpr std::size_t levels_max = 64;
    static constexpr double depth_range = 0.02;
    static constexpr std::array<std::string_view, 8> meanings{"What is traded.",
        "What it is traded for.", "The best price at which somebody buys; 0: nobody.",
        "The best price at which somebody sells; 0: nobody.",
        "What is wanted within 2% of the best price to buy, at most 64 prices.",
        "What is offered within 2% of the best price to sell, at most 64 prices.",
        "How many orders to buy that is.", "How many orders to sell that is."};

    ContractId base_token{};
    ContractId quote_token{};
    Amount bid_price;
    Amount ask_price;
    Amount bid_depth_raw;
    Amount ask_depth_raw;
    std::uint32_t bid_orders = 0;
    std::uint32_t ask_orders = 0;
    RUNNEL_FIELDS(base_token, quote_token,
        (bid_price, other("1e-36 smallest units of quote_token per smallest unit of base_token")),
        (ask_price, other("1e-36 smallest units of quote_token per smallest unit of base_token")),
        (bid_depth_raw, smallest_unit_of("base_token")),
        (ask_depth_raw, smallest_unit_of("base_token")), bid_orders, ask_orders);
};

/// What an account has at such an exchange: after block 0, every hour while those are few, and
/// after the last block.
struct DexBookBalance
{
    static constexpr std::string_view name = "DexBookBalance";
    static constexpr std::string_view table = "dex_book_balances";
    static constexpr EventUse use = EventUse::snapshot;
    static constexpr std::array<std::string_view, 4> meanings{
        "Whose it is.", "Of which token.", "What may be withdrawn.", "What orders lock."};

    AccountId account{};
    ContractId token{};
    Amount available_raw;
    Amount locked_raw;
    RUNNEL_FIELDS(account, token, (available_raw, smallest_unit_of("token")),
        (locked_raw, smallest_unit_of("token")));
};

/// Up to this many accounts are stated every hour.
inline constexpr std::size_t hourly_book_accounts_max = 2'000;

/// The part of a side's orders within DexBook::depth_range of the best price.
[[nodiscard]] BookLevel depth_of(const OrderExchange& exchange, OrderSide side);

/// What snapshot() of such an exchange does beside snapshot_exchange(): emits a row of dex_books.
void snapshot_book(const OrderExchange& exchange, SnapshotContext& context);

}  // namespace runnel::contracts
