#include "contracts/exchanges/order_book/book.hpp"

#include "contracts/exchanges/order_book/match.hpp"
#include "contracts/kit/registration.hpp"
#include "contracts/kit/sectors/dex_quotes.hpp"
#include "contracts/kit/sectors/rows.hpp"
#include "contracts/kit/token_book.hpp"
#include "ledger/check.hpp"
#include "state/world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

namespace runnel::contracts
{

using namespace order_book;

namespace
{
std::uint64_t key_of(OrderRef ref)
{
    return numbered_key(ref.number, ref.maker);
}
void add_to(Amount& sum, const Amount& amount)
{
    sum = wrapping_add(sum, amount);
}
void take_from(Amount& sum, const Amount& amount)
{
    sum = wrapping_sub(sum, amount);
}
}  // namespace

OrderBook::OrderBook(ContractIdentity identity, Terms terms)
  : ContractBase{std::move(identity)},
    terms_{std::move(terms)},
    tokens_{terms_.base, terms_.quote},
    prices_{name()},
    queues_{name() + ".queues", KeyOf::sparse_number},
    orders_{name() + ".orders", KeyOf::numbered_account},
    balances_{name() + ".balances", KeyOf::account}
{
    add_table(prices_.words);
    add_table(queues_);
    add_table(orders_);
    add_table(balances_);
}

const ContractType& OrderBook::contract_type()
{
    static const ContractType type{.kind = "order_book",
        .help = "Matches limit orders for two tokens by price, then by time.",
        .role = ContractRole::dex,
        .sectors = implements<OrderBook, Exchange, Venue, OrderExchange>(),
        .methods = methods(),
        .events =
            event_types<DexTrade, DexOrder, DexFill, DexPool, DexQuote, DexBook, DexBookBalance>(),
        .parameters =
            {
                {"base", ParameterKind::token, "", {}, "What orders buy and sell."},
                {"quote", ParameterKind::token, "", {}, "What prices are in; another token."},
                {"lot", ParameterKind::amount, "0", unit::smallest_unit_of("base"),
                    "What prices are for; 0: one whole token."},
                {"tick", ParameterKind::amount, "", unit::smallest_unit_of("quote"),
                    "Prices are multiples of it, up to 16'777'215 times it."},
                {"minimum", ParameterKind::amount, "", unit::smallest_unit_of("base"),
                    "The least that an order may be for, and be left with after a fill."},
                {"maker_fee_bps", ParameterKind::integer, "0", unit::bps,
                    "Of what an order that rested receives.", 0, 1'000},
                {"taker_fee_bps", ParameterKind::integer, "10", unit::bps,
                    "Of what one receives who comes to resting orders.", 0, 1'000},
                {"fee_collector", ParameterKind::account, "\"\"", {},
                    "Who gets the fees; none if there are none."},
                {"fills_max", ParameterKind::integer, "32", unit::other("orders"),
                    "The most orders that one order may match.", 1, fills_limit},
            },
        .create = [](const Parameters& parameters,
                      ContractIdentity identity) -> std::unique_ptr<Contract>
        {
            const auto number = [&](std::string_view key)
            { return static_cast<std::uint32_t>(parameters.integer(key)); };
            return std::make_unique<OrderBook>(std::move(identity),
                Terms{parameters.token("base"), parameters.token("quote"), parameters.amount("lot"),
                    parameters.amount("tick"), parameters.amount("minimum"),
                    number("maker_fee_bps"), number("taker_fee_bps"),
                    parameters.text("fee_collector"), number("fills_max")});
        },
        .validate = [](const Parameters& parameters) -> std::string
        {
            if (parameters.token("base") == parameters.token("quote"))
                return "quote: expected another token than base";
            if (parameters.amount("tick").is_zero() || !parameters.amount("tick").fits_uint64())
                return "tick: expected an amount above 0 and below 2^64 smallest units";
            if (parameters.amount("minimum").is_zero())
                return "minimum: expected an amount above 0";
            const bool charges =
                parameters.integer("maker_fee_bps") + parameters.integer("taker_fee_bps") > 0;
            if (charges && parameters.text("fee_collector").empty())
                return "fee_collector: expected an account, because there are fees";
            return "";
        }};
    return type;
}

void OrderBook::connect(World& world)
{
    base_ = &token_at(world, terms_.base);
    quote_ = &token_at(world, terms_.quote);
    if (terms_.lot.is_zero())
        terms_.lot = Amount::power_of_ten(world.contract(terms_.base).token_info()->decimals);
    if (!terms_.fee_collector.empty())
        fee_collector_ = world.find_account(terms_.fee_collector).value_or(zero_account);
}

void OrderBook::genesis(const Parameters&, GenesisBuilder& builder)
{
    if (!terms_.fee_collector.empty())
        fee_collector_ = builder.account(terms_.fee_collector, "wallet");
}

std::optional<Amount> OrderBook::quote(const QuoteRequest& request) const
{
    return answer_quote(*this, request);
}

void OrderBook::snapshot(SnapshotContext& context) const
{
    snapshot_exchange(*this, context);
    snapshot_book(*this, context);
    if (context.snapshots() == Snapshots::changed)
        return;
    const auto accounts = balances_.keys();
    if (context.snapshots() == Snapshots::all && accounts.size() > hourly_book_accounts_max)
        return;
    for (const auto key : accounts)
    {
        const auto account = AccountId{static_cast<std::uint32_t>(key)};
        for (const auto token : tokens_)
        {
            const DexBookBalance row{
                account, token, available(account, token), locked(account, token)};
            if (!row.available_raw.is_zero() || !row.locked_raw.is_zero())
                context.emit(id(), row);
        }
    }
}

// ---- Invariants ----

void OrderBook::check_invariants(const World&, Findings& findings) const
{
    std::map<std::uint32_t, Balance> locks;
    for (const auto key : orders_.keys())
    {
        const auto& order = orders_.get(key);
        auto& maker = locks[static_cast<std::uint32_t>(key)];
        if (order.side == OrderSide::sell)
            add_to(maker.locked_base, order.remaining);
        else
            add_to(maker.locked_quote, cost(order.tick, order.remaining));
        if (order.remaining < terms_.minimum)
            findings.push_back(fmt::format("{}: an order is left below the minimum", name()));
    }
    Amount base;
    Amount quote;
    for (const auto key : balances_.keys())
    {
        const auto& balance = balances_.get(key);
        const auto& locked = locks[static_cast<std::uint32_t>(key)];
        if (balance.locked_base != locked.locked_base ||
            balance.locked_quote != locked.locked_quote)
        {
            findings.push_back(
                fmt::format("{}: account {} has {} and {} locked, its open orders lock {} and {}",
                    name(), key, balance.locked_base.to_string(), balance.locked_quote.to_string(),
                    locked.locked_base.to_string(), locked.locked_quote.to_string()));
        }
        locks.erase(static_cast<std::uint32_t>(key));
        add_to(base, wrapping_add(balance.available_base, balance.locked_base));
        add_to(quote, wrapping_add(balance.available_quote, balance.locked_quote));
    }
    if (!locks.empty())
        findings.push_back(fmt::format("{}: an account with open orders has no balance", name()));
    for (const auto& [token, owed] : {std::pair{base_, base}, std::pair{quote_, quote}})
    {
        if (!token->rebases() && token->holding(account()) < owed)
        {
            findings.push_back(fmt::format("{}: holds {} of a token, its books say {}", name(),
                token->holding(account()).to_string(), owed.to_string()));
        }
    }
    const auto bid = best(OrderSide::buy);
    const auto ask = best(OrderSide::sell);
    if (bid && ask && *bid >= *ask)
        findings.push_back(fmt::format("{}: the best prices cross", name()));
    check_queues(findings);
}

void OrderBook::check_queues(Findings& findings) const
{
    CommittedReader reader;
    std::size_t queued = 0;
    std::size_t prices = 0;
    for (const auto side : {OrderSide::buy, OrderSide::sell})
    {
        for (auto rank = prices_.first_from(reader, side, 0); rank;
             rank = prices_.first_from(reader, side, *rank + 1))
        {
            ++prices;
            const auto& queue = queues_.get(side_key(side, *rank));
            Amount amount;
            std::uint32_t orders = 0;
            OrderRef before;
            for (auto ref = queue.first; ref.number != 0 && orders <= queue.orders;)
            {
                const auto& order = orders_.get(key_of(ref));
                add_to(amount, order.remaining);
                ++orders;
                if (order.side != side || order.tick != tick_of(side, *rank) ||
                    !(order.before == before))
                    findings.push_back(fmt::format("{}: an order is in a wrong queue", name()));
                before = std::exchange(ref, order.behind);
            }
            queued += orders;
            if (orders == 0 || orders != queue.orders || amount != queue.amount ||
                !(queue.last == before))
                findings.push_back(fmt::format("{}: a queue is not its orders", name()));
        }
    }
    if (queued != orders_.keys().size() || prices != queues_.keys().size())
        findings.push_back(fmt::format("{}: an order or a queue is out of reach", name()));
}

// ---- Formulas ----

Amount OrderBook::price_of(std::uint32_t tick) const noexcept
{
    return wrapping_mul(terms_.tick, tick);
}

Amount OrderBook::cost(std::uint32_t tick, const Amount& amount) const
{
    return mul_div_up(amount, price_of(tick), terms_.lot).value;
}

Amount OrderBook::paid(OrderSide side, std::uint32_t tick, const Amount& amount) const
{
    return side == OrderSide::sell ? cost(tick, amount)
                                   : mul_div_down(amount, price_of(tick), terms_.lot).value;
}

Amount OrderBook::maker_fee_of(const Amount& received) const
{
    return mul_div_up(received, terms_.maker_fee_bps, bps_whole).value;
}

Amount OrderBook::taker_fee_of(const Amount& received) const
{
    return mul_div_up(received, terms_.taker_fee_bps, bps_whole).value;
}

/// The part of an order that meets what is left of a demand; it may be nothing.
Match::Fill OrderBook::fill_of(
    const Demand& demand, const OpenOrder& order, const Amount& left) const
{
    Match::Fill fill;
    fill.tick = order.tick;
    fill.base = order.remaining;
    fill.quote = paid(order.side, order.tick, fill.base);
    // For exactly so much to come out fewer units may do than the order has.
    const bool is_whole = demand.measure == Demand::Measure::base       ? fill.base <= left
                          : demand.measure == Demand::Measure::quote_in ? fill.quote <= left
                                                                        : fill.quote < left;
    if (is_whole)
        return fill;
    const auto price = price_of(order.tick);
    switch (demand.measure)
    {
        case Demand::Measure::base: fill.base = left; break;
        case Demand::Measure::quote_in:
            fill.base = mul_div_down(left, terms_.lot, price).value;
            break;
        case Demand::Measure::quote_out:
            fill.base = mul_div_up(left, terms_.lot, price).value;
            break;
    }
    fill.quote = paid(order.side, order.tick, fill.base);
    return fill;
}

Demand OrderBook::demand_of_input(ContractId token_in, const Amount& amount_in) const
{
    if (token_in == terms_.base)
        return {OrderSide::sell, Demand::Measure::base, amount_in, std::nullopt};
    return {OrderSide::buy, Demand::Measure::quote_in, amount_in, std::nullopt};
}

Result<Amount> OrderBook::paid_out(const Demand& demand, const Match& match) const
{
    RUNNEL_REQUIRE(!match.is_cut, Refusal::error("OrderBook: too many fills"));
    RUNNEL_REQUIRE(match.is_complete, Refusal::error("OrderBook: insufficient liquidity"));
    const auto& received = demand.side == OrderSide::buy ? match.base : match.quote;
    const auto net = wrapping_sub(received, taker_fee_of(received));
    RUNNEL_REQUIRE(!net.is_zero(), Refusal::error("OrderBook: nothing to trade"));
    return net;
}

// ---- What calls do ----

Result<void> OrderBook::take(
    CallContext& context, AccountId payer, OrderSide side, const Amount& amount)
{
    auto& balance = context.write(balances_, payer);
    auto& available = side == OrderSide::buy ? balance.available_quote : balance.available_base;
    const auto here = std::min(available, amount);
    take_from(available, here);
    if (here == amount)
        return {};
    auto& token = side == OrderSide::buy ? *quote_ : *base_;
    return token.transfer_from(context.as(account()), payer, account(), wrapping_sub(amount, here));
}

void OrderBook::rest(
    CallContext& context, OrderRef ref, OrderSide side, std::uint32_t tick, const Amount& amount)
{
    auto& balance = context.write(balances_, ref.maker);
    if (side == OrderSide::buy)
        add_to(balance.locked_quote, cost(tick, amount));
    else
        add_to(balance.locked_base, amount);
    const auto rank = rank_of(side, tick);
    auto& queue = context.write(queues_, side_key(side, rank));
    auto& order = context.write(orders_, key_of(ref));
    order = {amount, side, tick, queue.last, {}};
    if (queue.orders == 0)
    {
        queue.first = ref;
        prices_.set(context, side, rank, true);
    }
    else
    {
        context.write(orders_, key_of(queue.last)).behind = ref;
        context.save_gas(gas::new_level);
    }
    queue.last = ref;
    ++queue.orders;
    add_to(queue.amount, amount);
}

void OrderBook::remove(CallContext& context, OrderRef ref, const OpenOrder& order)
{
    const auto rank = rank_of(order.side, order.tick);
    auto& queue = context.write(queues_, side_key(order.side, rank));
    take_from(queue.amount, order.remaining);
    --queue.orders;
    if (order.before.number == 0)
        queue.first = order.behind;
    else
        context.write(orders_, key_of(order.before)).behind = order.behind;
    if (order.behind.number == 0)
        queue.last = order.before;
    else
        context.write(orders_, key_of(order.behind)).before = order.before;
    if (queue.orders == 0)
        prices_.set(context, order.side, rank, false);
    context.write(orders_, key_of(ref)) = {};
}

void OrderBook::release(Balance& maker, const OpenOrder& order) const
{
    if (order.side == OrderSide::sell)
    {
        take_from(maker.locked_base, order.remaining);
        add_to(maker.available_base, order.remaining);
        return;
    }
    const auto lock = cost(order.tick, order.remaining);
    take_from(maker.locked_quote, lock);
    add_to(maker.available_quote, lock);
}

Result<Amount> OrderBook::settle(
    CallContext& context, AccountId taker, const Demand& demand, const Match& match)
{
    const bool buys = demand.side == OrderSide::buy;
    const auto [bought, sold] =
        buys ? std::pair{terms_.base, terms_.quote} : std::pair{terms_.quote, terms_.base};
    Amount received;
    Amount fees;
    for (std::uint32_t i = 0; i < match.count; ++i)
    {
        if (i > 0)
            RUNNEL_TRY(context.charge_gas(gas::fill));
        const auto& fill = match.fills.at(i);
        auto& maker = context.write(balances_, fill.order.maker);
        auto order = context.read(orders_, key_of(fill.order));
        const auto lock = cost(order.tick, order.remaining);
        order.remaining = wrapping_sub(order.remaining, fill.base);
        const auto& proceeds = buys ? fill.quote : fill.base;
        const auto maker_fee = maker_fee_of(proceeds);
        if (buys)
        {
            take_from(maker.locked_base, fill.base);
            add_to(maker.available_quote, wrapping_sub(proceeds, maker_fee));
        }
        else
        {
            const auto lock_left = cost(order.tick, order.remaining);
            const auto freed = wrapping_sub(lock, lock_left);
            take_from(maker.locked_quote, freed);
            add_to(maker.available_quote, wrapping_sub(freed, fill.quote));
            add_to(maker.available_base, wrapping_sub(proceeds, maker_fee));
        }
        auto& queue = context.write(queues_, side_key(order.side, rank_of(order.side, order.tick)));
        take_from(queue.amount, fill.base);
        if (order.remaining < terms_.minimum)
        {
            release(maker, order);
            remove(context, fill.order, order);
        }
        else
            context.write(orders_, key_of(fill.order)).remaining = order.remaining;

        add_to(received, buys ? fill.base : fill.quote);
        // Of all fills together, so that their number costs nothing.
        const auto taker_fee = wrapping_sub(taker_fee_of(received), fees);
        add_to(fees, taker_fee);
        if (!maker_fee.is_zero() || !taker_fee.is_zero())
        {
            auto& collector = context.write(balances_, fee_collector_);
            add_to(buys ? collector.available_quote : collector.available_base, maker_fee);
            add_to(buys ? collector.available_base : collector.available_quote, taker_fee);
        }
        context.emit(id(), DexFill{fill.order.maker, fill.order.number, order.side, taker,
                               terms_.base, terms_.quote, fill.tick, fill.base, fill.quote, sold,
                               maker_fee, bought, taker_fee});
        if (order.remaining < terms_.minimum && !order.remaining.is_zero())
        {
            context.emit(id(),
                DexOrder{DexOrderStep::returned, fill.order.maker, fill.order.number, order.side,
                    {}, terms_.base, terms_.quote, fill.tick, order.remaining, {}, {}});
        }
    }
    const auto net = wrapping_sub(received, fees);
    if (match.count > 0)
    {
        context.emit(id(),
            DexTrade{bought, sold, net, buys ? match.quote : match.base, taker, bought, Amount{}});
    }
    return net;
}

// ---- Calls ----

Result<Returns> OrderBook::execute(const PlaceOrder& call, CallContext& context)
{
    const auto maker = context.sender();
    const auto price_rest = remainder(call.price, terms_.tick);
    const auto ticks = div_down(call.price, terms_.tick);
    RUNNEL_REQUIRE(call.side <= OrderSide::sell && call.kind <= OrderKind::post_only,
        Refusal::ledger("malformed call"));
    RUNNEL_REQUIRE(price_rest.is_zero() && !ticks.is_zero() && ticks <= order_book::tick_max,
        Refusal::error("OrderBook: price is not on the grid"));
    const auto tick = static_cast<std::uint32_t>(ticks.low64());
    RUNNEL_REQUIRE(call.amount >= terms_.minimum, Refusal::error("OrderBook: below the minimum"));
    const auto whole = mul_div_up(call.amount, call.price, terms_.lot);
    RUNNEL_REQUIRE(call.amount.fits_uint128() && whole.ok() && whole.value.fits_uint128(),
        Refusal::error("OrderBook: too large"));
    const Demand demand{call.side, Demand::Measure::base, call.amount, tick};
    const auto met = match(context, demand);
    const bool is_post_only = call.kind == OrderKind::post_only;
    RUNNEL_REQUIRE(
        !is_post_only || met.count == 0, Refusal::error("OrderBook: post-only order would match"));
    const bool rests =
        call.kind != OrderKind::immediate_or_cancel && !met.is_cut && met.left >= terms_.minimum;
    const auto resting = rests ? met.left : Amount{};
    const bool buys = call.side == OrderSide::buy;
    const auto pays =
        buys ? wrapping_add(met.quote, cost(tick, resting)) : wrapping_add(met.base, resting);
    RUNNEL_TRY(take(context, maker, call.side, pays));

    auto& mine = context.write(balances_, maker);
    RUNNEL_REQUIRE(mine.orders_placed < std::numeric_limits<std::uint32_t>::max(),
        Refusal::error("OrderBook: too many orders"));
    const OrderRef ref{maker, ++mine.orders_placed};
    context.emit(id(), DexOrder{DexOrderStep::placed, maker, ref.number, call.side, call.kind,
                           terms_.base, terms_.quote, tick, call.amount, met.base, resting});
    const auto received = RUNNEL_TRY(settle(context, maker, demand, met));
    add_to(buys ? mine.available_base : mine.available_quote, received);
    if (met.count == 0)
        context.save_gas(gas::no_fill);
    if (rests)
        rest(context, ref, call.side, tick, resting);
    else
        context.save_gas(gas::new_order + gas::new_level);
    return Returns{Amount{ref.number}, met.base, resting};
}

Result<Returns> OrderBook::execute(const CancelOrder& call, CallContext& context)
{
    const OrderRef ref{context.sender(), call.number};
    const auto order = context.read(orders_, key_of(ref));
    RUNNEL_REQUIRE(!order.remaining.is_zero(), Refusal::error("OrderBook: no such order"));
    release(context.write(balances_, ref.maker), order);
    remove(context, ref, order);
    context.emit(id(), DexOrder{DexOrderStep::cancelled, ref.maker, ref.number, order.side, {},
                           terms_.base, terms_.quote, order.tick, order.remaining, {}, {}});
    return Returns{order.remaining};
}

Result<Returns> OrderBook::execute(const Swap& call, CallContext& context)
{
    RUNNEL_TRY(require_account(context.world(), call.recipient));
    RUNNEL_REQUIRE(call.token_in == terms_.base || call.token_in == terms_.quote,
        Refusal::error("OrderBook: not traded here"));
    RUNNEL_REQUIRE(
        call.deadline >= context.block().timestamp, Refusal::error("OrderBook: expired"));
    const auto demand = demand_of_input(call.token_in, call.amount_in);
    const auto met = match(context, demand);
    const auto out = RUNNEL_TRY(paid_out(demand, met));
    RUNNEL_REQUIRE(out >= call.amount_out_min, Refusal::error("OrderBook: too little comes out"));
    const bool buys = demand.side == OrderSide::buy;
    const auto& paid_in = buys ? met.quote : met.base;
    auto& token_in = buys ? *quote_ : *base_;
    auto& token_out = buys ? *base_ : *quote_;
    RUNNEL_TRY(token_in.transfer_from(context.as(account()), context.sender(), account(), paid_in));
    RUNNEL_TRY(settle(context, context.sender(), demand, met));
    RUNNEL_TRY(token_out.transfer(context.as(account()), call.recipient, out));
    return Returns{paid_in, out};
}

Result<Returns> OrderBook::execute(const Withdraw& call, CallContext& context)
{
    const bool is_base = call.token == terms_.base;
    RUNNEL_REQUIRE(
        is_base || call.token == terms_.quote, Refusal::error("OrderBook: not traded here"));
    auto& mine = context.write(balances_, context.sender());
    auto& available = is_base ? mine.available_base : mine.available_quote;
    RUNNEL_REQUIRE(call.amount <= available, Refusal::error("OrderBook: insufficient balance"));
    take_from(available, call.amount);
    auto& token = is_base ? *base_ : *quote_;
    RUNNEL_TRY(token.transfer(context.as(account()), context.sender(), call.amount));
    return Returns{call.amount};
}

}  // namespace runnel::contracts
