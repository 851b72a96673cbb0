// What a book is to those who know nothing else of it: contracts/kit/sectors/exchange.hpp and
// order_exchange.hpp.

#include "contracts/exchanges/order_book/match.hpp"
#include "ledger/check.hpp"
#include "state/world.hpp"

#include <algorithm>

namespace runnel::contracts
{

using namespace order_book;

Amount OrderBook::reserve(ContractId token) const
{
    return (token == terms_.base ? *base_ : *quote_).holding(account());
}

/// As if what is offered within 2% were spread evenly: a constant-product pool of a hundred times
/// as much moves its price as far.
Amount OrderBook::depth(ContractId token) const
{
    constexpr double pool_per_offer = 2 / DexBook::depth_range;
    const bool is_base = token == terms_.base;
    const auto side = is_base ? OrderSide::sell : OrderSide::buy;
    const auto near = depth_of(*this, side);
    const auto price = is_base || near.orders == 0 ? 1.0 : quote_per_base(near.tick);
    return Amount::from_double(std::min(near.amount.to_double() * price * pool_per_offer, 1e60));
}

double OrderBook::spot_price(ContractId token_in, ContractId) const
{
    if (token_in == terms_.base)
    {
        const auto bid = best(OrderSide::buy);
        return bid ? quote_per_base(*bid) : 0;
    }
    const auto ask = best(OrderSide::sell);
    return ask ? 1 / quote_per_base(*ask) : 0;
}

double OrderBook::fee(ContractId, ContractId) const
{
    return terms_.taker_fee_bps / static_cast<double>(bps_whole);
}

Result<Amount> OrderBook::quote_exact_input(
    ContractId token_in, ContractId, const Amount& amount_in) const
{
    CommittedReader reader;
    const auto demand = demand_of_input(token_in, amount_in);
    return paid_out(demand, match(reader, demand));
}

Result<Amount> OrderBook::quote_exact_output(
    ContractId token_in, ContractId, const Amount& amount_out) const
{
    CommittedReader reader;
    const bool buys = token_in == terms_.quote;
    const auto gross = mul_div_up(amount_out, bps_whole, bps_whole - terms_.taker_fee_bps);
    RUNNEL_REQUIRE(gross.ok(), Refusal::of(gross.fault));
    const Demand demand{buys ? OrderSide::buy : OrderSide::sell,
        buys ? Demand::Measure::base : Demand::Measure::quote_out, gross.value, std::nullopt};
    const auto met = match(reader, demand);
    RUNNEL_TRY(paid_out(demand, met));
    return buys ? met.quote : met.base;
}

std::uint64_t OrderBook::swap_gas(std::size_t hops) const noexcept
{
    return Swap::gas + extra_gas(hops);
}

/// For a few fills more than one; who needs more asks fills_gas().
std::uint64_t OrderBook::extra_gas(std::size_t) const noexcept
{
    return fills_with_room * gas::fill;
}

void OrderBook::add_swap(CallWriter& calls, const SwapOrder& order) const
{
    RUNNEL_CHECK(order.route.size() == 1);
    calls.add(id(), Swap{order.route.front().token_in, order.amount_in, order.amount_out_min,
                        order.recipient, order.deadline});
}

void OrderBook::add_deposit(CallWriter&, const DepositOrder&) const
{
    RUNNEL_CHECK(false && "an order book has no shares");
}

void OrderBook::add_withdrawal(CallWriter&, const WithdrawalOrder&) const
{
    RUNNEL_CHECK(false && "an order book has no shares");
}

OrderFailure OrderBook::failure_of(const Refusal& refusal) const
{
    if (refusal.text == "OrderBook: too little comes out" ||
        refusal.text == "OrderBook: insufficient liquidity" ||
        refusal.text == "OrderBook: too many fills" ||
        refusal.text == "OrderBook: nothing to trade" ||
        refusal.text == "OrderBook: post-only order would match")
        return OrderFailure::limit;
    return refusal.text == "OrderBook: expired" ? OrderFailure::deadline : OrderFailure::other;
}

// ---- Limit orders ----

double OrderBook::quote_per_base(std::uint32_t tick) const noexcept
{
    return price_of(tick).to_double() / terms_.lot.to_double();
}

std::optional<std::uint32_t> OrderBook::best(OrderSide side) const
{
    CommittedReader reader;
    const auto rank = prices_.first_from(reader, side, 0);
    return rank ? std::optional{tick_of(side, *rank)} : std::nullopt;
}

std::vector<BookLevel> OrderBook::levels(OrderSide side, std::size_t most) const
{
    CommittedReader reader;
    std::vector<BookLevel> found;
    for (auto rank = prices_.first_from(reader, side, 0); rank && found.size() < most;
         rank = prices_.first_from(reader, side, *rank + 1))
    {
        const auto& queue = queues_.get(side_key(side, *rank));
        found.push_back({tick_of(side, *rank), queue.amount, queue.orders});
    }
    return found;
}

std::optional<RestingOrder> OrderBook::order(AccountId maker, std::uint32_t number) const
{
    const auto& order = orders_.get(numbered_key(number, maker));
    if (order.remaining.is_zero())
        return std::nullopt;
    return RestingOrder{order.side, order.tick, order.remaining};
}

std::uint32_t OrderBook::next_number(AccountId maker) const
{
    return balances_.get(maker).orders_placed + 1;
}

Amount OrderBook::available(AccountId account, ContractId token) const
{
    const auto& balance = balances_.get(account);
    return token == terms_.base ? balance.available_base : balance.available_quote;
}

Amount OrderBook::locked(AccountId account, ContractId token) const
{
    const auto& balance = balances_.get(account);
    return token == terms_.base ? balance.locked_base : balance.locked_quote;
}

CallGas OrderBook::order_gas(std::uint32_t fills) const noexcept
{
    return {PlaceOrder::gas, fills > 1 ? (fills - 1) * gas::fill : 0};
}

void OrderBook::add_order(CallWriter& calls, const LimitOrder& order) const
{
    calls.add(id(), PlaceOrder{order.side, price_of(order.tick), order.amount, order.kind});
}

CallGas OrderBook::cancel_gas() const noexcept
{
    return {CancelOrder::gas, 0};
}

void OrderBook::add_cancel(CallWriter& calls, std::uint32_t number) const
{
    calls.add(id(), CancelOrder{number});
}

CallGas OrderBook::withdraw_gas() const noexcept
{
    return {Withdraw::gas, 0};
}

void OrderBook::add_withdrawal(CallWriter& calls, ContractId token, const Amount& amount) const
{
    calls.add(id(), Withdraw{token, amount});
}

std::uint64_t OrderBook::fills_gas(ContractId token_in, const Amount& amount_in) const
{
    CommittedReader reader;
    const auto met = match(reader, demand_of_input(token_in, amount_in));
    return met.is_complete && !met.is_cut && met.count > 1 ? (met.count - 1) * gas::fill : 0;
}

}  // namespace runnel::contracts
