#pragma once

#include "contracts/exchanges/order_book/calls.hpp"
#include "contracts/exchanges/order_book/state.hpp"
#include "contracts/kit/sectors/exchange.hpp"
#include "contracts/kit/sectors/order_exchange.hpp"
#include "contracts/kit/token.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace runnel::contracts::order_book
{

/// The most orders that one call may match, whatever the scenario says.
inline constexpr std::uint32_t fills_limit = 64;
/// What a swap's gas leaves room for beside the first.
inline constexpr std::uint32_t fills_with_room = 3;
inline constexpr std::uint32_t bps_whole = 10'000;

struct Terms
{
    ContractId base{};
    ContractId quote{};
    Amount lot;      // Of the base token: what prices are for.
    Amount tick;     // Prices are multiples of it.
    Amount minimum;  // Of the base token, that an order must be for and be left with.
    std::uint32_t maker_fee_bps = 0;
    std::uint32_t taker_fee_bps = 0;
    std::string fee_collector;
    std::uint32_t fills_max = 32;
};

/// What a taker asks for.
struct Demand
{
    enum class Measure : std::uint8_t
    {
        base,       // Exactly so much of the base token is traded.
        quote_in,   // So much of the quote token is spent at most, by one who buys.
        quote_out,  // So much of the quote token comes out at least, for one who sells.
    };
    OrderSide side{};  // What the taker does.
    Measure measure{};
    Amount amount;
    std::optional<std::uint32_t> limit;  // The worst tick.
};

/// The orders that a demand meets, best first, and what of each is traded.
struct Match
{
    struct Fill
    {
        OrderRef order;
        std::uint32_t tick = 0;
        Amount base;
        Amount quote;
    };
    std::array<Fill, fills_limit> fills;
    std::uint32_t count = 0;
    Amount base;  // Of all fills.
    Amount quote;
    Amount left;               // Of what was asked for.
    bool is_complete = false;  // What is left, if anything, trades no whole unit.
    bool is_cut = false;       // There is more to be had, but no fill more allowed.
};

}  // namespace runnel::contracts::order_book

namespace runnel::contracts
{

/// A limit order book for two tokens: orders match by price, then by time.
///
///     cost = amount * price / lot
///
/// rounded in favour of the order that rests: up if it sells, down if it buys; what an order to buy
/// locks is rounded up. A unit that rounding leaves over from a lock goes back to the maker. Both
/// sides pay a share of what they receive, rounded up, the taker's over all fills together. What is
/// left of an order below the minimum after a fill goes back to its maker.
///
/// Orders match at the price of the one that rests, and at most fills_max of them in one call: a
/// swap that would need more is refused, of a limit order the rest goes back. Makers are paid into
/// the book, so that nobody who cannot be paid keeps others from trading. An account's own orders
/// match each other.
///
/// Conservation: the book holds what accounts have available and what orders lock, and an account's
/// locks are those of its open orders. Not for tokens that keep a part of a transfer.
/// Errors: OrderBook: price is not on the grid; OrderBook: below the minimum; OrderBook: too large;
/// OrderBook: post-only order would match; OrderBook: no such order; OrderBook: not traded here;
/// OrderBook: expired; OrderBook: nothing to trade; OrderBook: insufficient liquidity;
/// OrderBook: too many fills; OrderBook: too little comes out; OrderBook: insufficient balance;
/// those of the tokens.
class OrderBook : public ContractBase<OrderBook, order_book::PlaceOrder, order_book::CancelOrder,
                      order_book::Swap, order_book::Withdraw>,
                  public Exchange,
                  public OrderExchange,
                  public Venue
{
public:
    OrderBook(ContractIdentity identity, order_book::Terms terms);

    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }
    void connect(World& world) override;
    void genesis(const Parameters& parameters, GenesisBuilder& builder) override;
    [[nodiscard]] std::optional<Amount> quote(const QuoteRequest& request) const override;
    void snapshot(SnapshotContext& context) const override;
    void check_invariants(const World& world, Findings& findings) const override;

    // Exchange and Venue (exchange.cpp).

    [[nodiscard]] const Contract& contract() const noexcept override { return *this; }
    [[nodiscard]] std::span<const ContractId> tokens() const noexcept override { return tokens_; }
    /// All that it holds, what makers have not withdrawn included.
    [[nodiscard]] Amount reserve(ContractId token) const override;
    [[nodiscard]] Amount depth(ContractId token) const override;
    /// Of the best order that a trade this way meets.
    [[nodiscard]] double spot_price(ContractId token_in, ContractId token_out) const override;
    [[nodiscard]] double fee(ContractId token_in, ContractId token_out) const override;
    [[nodiscard]] Result<Amount> quote_exact_input(
        ContractId token_in, ContractId token_out, const Amount& amount_in) const override;
    [[nodiscard]] Result<Amount> quote_exact_output(
        ContractId token_in, ContractId token_out, const Amount& amount_out) const override;
    [[nodiscard]] Amount share_supply() const override { return {}; }
    [[nodiscard]] Amount share_balance(AccountId) const override { return {}; }
    [[nodiscard]] std::vector<Amount> share_value(const Amount&) const override { return {{}, {}}; }
    /// None: liquidity is orders.
    [[nodiscard]] std::optional<DepositQuote> quote_deposit(std::span<const Amount>) const override
    {
        return std::nullopt;
    }
    [[nodiscard]] const Venue* venue() const override { return this; }
    [[nodiscard]] std::vector<const Exchange*> exchanges() const override { return {this}; }
    [[nodiscard]] bool serves(const Exchange& exchange) const override { return &exchange == this; }
    [[nodiscard]] std::uint64_t swap_gas(std::size_t hops) const noexcept override;
    [[nodiscard]] std::uint64_t extra_gas(std::size_t hops) const noexcept override;
    void add_swap(CallWriter& calls, const SwapOrder& order) const override;
    void add_deposit(CallWriter& calls, const DepositOrder& order) const override;
    void add_withdrawal(CallWriter& calls, const WithdrawalOrder& order) const override;
    [[nodiscard]] OrderFailure failure_of(const Refusal& refusal) const override;

    // OrderExchange (exchange.cpp).

    [[nodiscard]] const Exchange& exchange() const noexcept override { return *this; }
    [[nodiscard]] ContractId base_token() const noexcept override { return terms_.base; }
    [[nodiscard]] ContractId quote_token() const noexcept override { return terms_.quote; }
    [[nodiscard]] double quote_per_base(std::uint32_t tick) const noexcept override;
    [[nodiscard]] std::uint32_t tick_max() const noexcept override { return order_book::tick_max; }
    [[nodiscard]] Amount minimum() const noexcept override { return terms_.minimum; }
    [[nodiscard]] Amount cost(std::uint32_t tick, const Amount& amount) const override;
    [[nodiscard]] std::optional<std::uint32_t> best(OrderSide side) const override;
    [[nodiscard]] std::vector<BookLevel> levels(OrderSide side, std::size_t most) const override;
    [[nodiscard]] std::optional<RestingOrder> order(
        AccountId maker, std::uint32_t number) const override;
    [[nodiscard]] std::uint32_t next_number(AccountId maker) const override;
    [[nodiscard]] Amount available(AccountId account, ContractId token) const override;
    [[nodiscard]] Amount locked(AccountId account, ContractId token) const override;
    [[nodiscard]] CallGas order_gas(std::uint32_t fills) const noexcept override;
    void add_order(CallWriter& calls, const LimitOrder& order) const override;
    [[nodiscard]] CallGas cancel_gas() const noexcept override;
    void add_cancel(CallWriter& calls, std::uint32_t number) const override;
    [[nodiscard]] CallGas withdraw_gas() const noexcept override;
    void add_withdrawal(CallWriter& calls, ContractId token, const Amount& amount) const override;
    [[nodiscard]] std::uint64_t fills_gas(
        ContractId token_in, const Amount& amount_in) const override;

    using ContractBase::execute;
    /// Returns its number, what was matched at once and what rests.
    Result<Returns> execute(const order_book::PlaceOrder& call, CallContext& context);
    /// Returns what was left of it.
    Result<Returns> execute(const order_book::CancelOrder& call, CallContext& context);
    /// Returns what was paid in and out.
    Result<Returns> execute(const order_book::Swap& call, CallContext& context);
    Result<Returns> execute(const order_book::Withdraw& call, CallContext& context);

private:
    [[nodiscard]] Amount price_of(std::uint32_t tick) const noexcept;
    /// What trading @p amount with an order that rests on @p side moves.
    [[nodiscard]] Amount paid(OrderSide side, std::uint32_t tick, const Amount& amount) const;
    [[nodiscard]] Amount maker_fee_of(const Amount& received) const;
    [[nodiscard]] Amount taker_fee_of(const Amount& received) const;
    [[nodiscard]] order_book::Match::Fill fill_of(const order_book::Demand& demand,
        const order_book::OpenOrder& order, const Amount& left) const;
    template <typename Reader>
    [[nodiscard]] order_book::Match match(Reader& reader, const order_book::Demand& demand) const;
    [[nodiscard]] order_book::Demand demand_of_input(
        ContractId token_in, const Amount& amount_in) const;
    /// What a swap that met this pays out. Errors: see the class.
    [[nodiscard]] Result<Amount> paid_out(
        const order_book::Demand& demand, const order_book::Match& match) const;
    /// Makes the fills; returns what the taker receives.
    Result<Amount> settle(CallContext& context, AccountId taker, const order_book::Demand& demand,
        const order_book::Match& match);
    void rest(CallContext& context, OrderRef ref, OrderSide side, std::uint32_t tick,
        const Amount& amount);
    /// Takes an order out of its queue.
    void remove(CallContext& context, OrderRef ref, const order_book::OpenOrder& order);
    /// Gives back what an order locks that is removed.
    void release(order_book::Balance& maker, const order_book::OpenOrder& order) const;
    /// Takes what an order pays from what its maker has here, then by allowance.
    Result<void> take(CallContext& context, AccountId payer, OrderSide side, const Amount& amount);
    void check_queues(Findings& findings) const;

    order_book::Terms terms_;
    std::array<ContractId, 2> tokens_;
    AccountId fee_collector_ = zero_account;
    Token* base_ = nullptr;
    Token* quote_ = nullptr;
    order_book::PriceBits prices_;
    Table<order_book::Queue> queues_;      // By side_key() of a rank.
    Table<order_book::OpenOrder> orders_;  // By numbered_key().
    Table<order_book::Balance> balances_;
};

}  // namespace runnel::contracts
