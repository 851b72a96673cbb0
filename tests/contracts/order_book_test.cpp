#include "contracts/exchanges/order_book/book.hpp"
#include "contracts/kit/sectors/rows.hpp"
#include "contracts/tokens/erc20/erc20.hpp"
#include "execution/parallelism.hpp"
#include "state/references.hpp"
#include "tests/contracts/contract_fixture.hpp"
#include "tests/support/shrinking.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace runnel::contracts
{
namespace
{
using namespace order_book;

constexpr auto forever = std::numeric_limits<std::uint64_t>::max();

/// A book of WETH in USDC: prices in tenths of a dollar, at least 0.01 WETH, no fee for makers and
/// 10 bps for takers unless the test says otherwise.
struct BookFixture : ContractFixture
{
    explicit BookFixture(Terms terms = standard())
      : usdc{sandbox.add<Erc20>("USDC", TokenInfo{"USDC", 6}, TokenFlavour::openzeppelin5)},
        weth{sandbox.add<Erc20>("WETH", TokenInfo{"WETH", 18}, TokenFlavour::openzeppelin5)},
        alice{sandbox.account("alice")},
        bob{sandbox.account("bob")},
        carol{sandbox.account("carol")},
        fees{sandbox.account("fees")},
        book{add_book(std::move(terms))}
    {
        sandbox.connect();
        for (const auto trader : {alice, bob, carol})
        {
            weth.allocate(trader, eth(100));
            usdc.allocate(trader, usd(200'000));
            expect_ok(trader, weth.id(), Erc20Approve{book.account(), Amount::max()});
            expect_ok(trader, usdc.id(), Erc20Approve{book.account(), Amount::max()});
        }
    }

    static Terms standard()
    {
        Terms terms;
        terms.tick = 100'000;
        terms.minimum = part(1, 100);
        terms.taker_fee_bps = 10;
        terms.fee_collector = "fees";
        return terms;
    }
    OrderBook& add_book(Terms terms)
    {
        terms.base = weth.id();
        terms.quote = usdc.id();
        return sandbox.add<OrderBook>("book", std::move(terms));
    }
    static Amount eth(std::uint64_t whole) { return wrapping_mul(whole, Amount::power_of_ten(18)); }
    static Amount part(std::uint64_t whole, std::uint64_t of) { return div_down(eth(whole), of); }
    static Amount usd(std::uint64_t whole) { return Amount{whole * 1'000'000}; }

    std::array<Amount, 4> place(AccountId who, OrderSide side, const Amount& price,
        const Amount& amount, OrderKind kind = OrderKind::good_till_cancelled)
    {
        return expect_ok(who, book.id(), PlaceOrder{side, price, amount, kind}).returns.values;
    }

    Erc20& usdc;
    Erc20& weth;
    AccountId alice;
    AccountId bob;
    AccountId carol;
    AccountId fees;
    OrderBook& book;
};

constexpr auto buy = OrderSide::buy;
constexpr auto sell = OrderSide::sell;
}  // namespace

TEST_CASE("order book: orders match by price, then by time, at the price of the one that rests",
    "[contracts][order_book]")
{
    BookFixture f;
    f.place(f.alice, sell, f.usd(2'010), f.eth(1));
    f.place(f.bob, sell, f.usd(2'000), f.eth(2));
    f.place(f.alice, sell, f.usd(2'000), f.eth(3));
    CHECK(f.book.best(sell) == 20'000);
    CHECK_FALSE(f.book.best(buy).has_value());
    CHECK(f.book.locked(f.alice, f.weth.id()) == f.eth(4));
    CHECK(f.weth.balance(f.alice) == f.eth(96));

    // 2 of bob's at 2,000, then 1.5 of alice's, who came later; 0.0035 of it are the fee.
    const auto returns = f.place(f.carol, buy, f.usd(2'005), f.part(7, 2));
    CHECK(returns.at(1) == f.part(7, 2));
    CHECK(returns.at(2).is_zero());
    CHECK(f.book.available(f.bob, f.usdc.id()) == f.usd(4'000));
    CHECK(f.book.available(f.alice, f.usdc.id()) == f.usd(3'000));
    CHECK(f.usdc.balance(f.carol) == f.usd(193'000));
    CHECK(f.book.available(f.carol, f.weth.id()) == wrapping_sub(f.part(7, 2), f.part(35, 10'000)));
    CHECK(f.book.available(f.fees, f.weth.id()) == f.part(35, 10'000));
    CHECK_FALSE(f.book.order(f.bob, 1).has_value());
    CHECK(f.book.order(f.alice, 2)->remaining == f.part(3, 2));
    CHECK(f.book.levels(sell, 9).size() == 2);

    // What rests of a buyer's order; then the seller who meets it is the taker.
    const auto rest = f.place(f.carol, buy, f.usd(2'000), f.eth(2));
    CHECK(rest.at(1) == f.part(3, 2));
    CHECK(rest.at(2) == f.part(1, 2));
    CHECK(f.book.best(buy) == 20'000);
    CHECK(f.book.locked(f.carol, f.usdc.id()) == f.usd(1'000));
    f.place(f.bob, sell, f.usd(1'900), f.part(1, 2));
    CHECK(f.book.available(f.bob, f.usdc.id()) == f.usd(4'999));  // 1,000 less 10 bps.
    CHECK_FALSE(f.book.best(buy).has_value());

    f.expect_refusal(f.bob, f.book.id(), Withdraw{f.usdc.id(), wrapping_add(f.usd(4'999), 1)},
        "OrderBook: insufficient balance");
    f.expect_refusal(f.bob, f.book.id(), Withdraw{f.book.id(), 1}, "OrderBook: not traded here");
    f.expect_ok(f.bob, f.book.id(), Withdraw{f.usdc.id(), f.usd(4'999)});
    CHECK(f.usdc.balance(f.bob) == f.usd(204'999));
}

TEST_CASE("order book: what an order may be", "[contracts][order_book]")
{
    BookFixture f;
    const auto id = f.book.id();
    const auto one = f.eth(1);
    const auto gtc = OrderKind::good_till_cancelled;
    const std::string_view off = "OrderBook: price is not on the grid";
    f.expect_refusal(f.alice, id, PlaceOrder{sell, wrapping_add(f.usd(2'000), 1), one, gtc}, off);
    f.expect_refusal(f.alice, id, PlaceOrder{sell, 0, one, gtc}, off);
    f.expect_refusal(f.alice, id, PlaceOrder{sell, Amount{100'000ULL << 24U}, one, gtc}, off);
    f.expect_ok(f.alice, id, PlaceOrder{sell, Amount{100'000ULL * 0xFF'FFFF}, one, gtc});
    f.expect_ok(f.alice, id, PlaceOrder{buy, Amount{100'000}, one, gtc});
    f.expect_refusal(f.alice, id,
        PlaceOrder{sell, f.usd(2'000), wrapping_sub(f.part(1, 100), 1), gtc},
        "OrderBook: below the minimum");
    f.expect_ok(f.alice, id, PlaceOrder{sell, f.usd(2'000), f.part(1, 100), gtc});
    f.expect_refusal(f.alice, id, PlaceOrder{sell, f.usd(2'000), Amount::power_of_two(128), gtc},
        "OrderBook: too large");
    f.expect_refusal(f.alice, id, PlaceOrder{buy, f.usd(2'000), Amount::power_of_two(128), gtc},
        "OrderBook: too large");
    f.expect_refusal(
        f.alice, id, PlaceOrder{OrderSide{2}, f.usd(2'000), one, gtc}, "malformed call");
    f.expect_refusal(
        f.alice, id, PlaceOrder{sell, f.usd(2'000), one, OrderKind{3}}, "malformed call");
    f.expect_refusal(f.alice, id, CancelOrder{0}, "OrderBook: no such order");
    f.expect_refusal(f.bob, id, CancelOrder{3}, "OrderBook: no such order");
    f.expect_ok(f.alice, id, CancelOrder{3});
    f.expect_refusal(f.alice, id, CancelOrder{3}, "OrderBook: no such order");
    CHECK(f.book.available(f.alice, f.weth.id()) == f.part(1, 100));
}

TEST_CASE("order book: what becomes of the rest", "[contracts][order_book]")
{
    BookFixture f;
    f.place(f.alice, sell, f.usd(2'000), f.eth(1));
    f.expect_refusal(f.bob, f.book.id(),
        PlaceOrder{buy, f.usd(2'000), f.eth(1), OrderKind::post_only},
        "OrderBook: post-only order would match");
    CHECK(f.place(f.bob, buy, f.usd(1'999), f.eth(1), OrderKind::post_only).at(2) == f.eth(1));
    // Immediate or cancel: 1 of 3 is bought, the rest was never taken.
    const auto ioc = f.place(f.carol, buy, f.usd(2'100), f.eth(3), OrderKind::immediate_or_cancel);
    CHECK(ioc.at(1) == f.eth(1));
    CHECK(ioc.at(2).is_zero());
    CHECK(f.usdc.balance(f.carol) == f.usd(198'000));
    CHECK(f.book.locked(f.carol, f.usdc.id()).is_zero());
    CHECK(f.place(f.carol, buy, f.usd(1'000), f.eth(3), OrderKind::immediate_or_cancel)
              .at(1)
              .is_zero());
    CHECK_FALSE(f.book.best(sell).has_value());
    // A rest below the minimum goes back, of who comes as of who waits.
    f.place(f.alice, sell, f.usd(1'999), wrapping_add(f.eth(1), f.part(1, 101)));
    CHECK(f.weth.balance(f.alice) == f.eth(98));
    CHECK_FALSE(f.book.best(sell).has_value());
    f.place(f.bob, buy, f.usd(1'999), f.eth(1));
    f.place(f.alice, sell, f.usd(1'999), wrapping_sub(f.eth(1), f.part(1, 101)));
    CHECK_FALSE(f.book.order(f.bob, 2).has_value());
    CHECK(f.book.locked(f.bob, f.usdc.id()).is_zero());
    // Of 1,999 USDC he paid for 1 - 1/101; 19.792079.2 less were locked.
    CHECK(f.book.available(f.bob, f.usdc.id()) == Amount{19'792'080});
}

TEST_CASE("order book: so many fills in one call and no more", "[contracts][order_book]")
{
    auto terms = BookFixture::standard();
    terms.fills_max = 3;
    BookFixture f{terms};
    for (int i = 0; i < 4; ++i)
        f.place(f.alice, sell, f.usd(2'000), f.eth(1));
    f.expect_refusal(f.bob, f.book.id(), Swap{f.usdc.id(), f.usd(6'001), 0, f.bob, forever},
        "OrderBook: too many fills");
    CHECK(f.book.quote_exact_input(f.usdc.id(), f.weth.id(), f.usd(6'001)).error().text ==
          "OrderBook: too many fills");
    CHECK(f.book.fills_gas(f.usdc.id(), f.usd(6'000)) == 2 * gas::fill);
    CHECK(f.book.fills_gas(f.usdc.id(), f.usd(6'001)) == 0);
    // The rest would cross what is left: it goes back.
    const auto returns = f.place(f.bob, buy, f.usd(2'000), f.eth(5));
    CHECK(returns.at(1) == f.eth(3));
    CHECK(returns.at(2).is_zero());
    CHECK(f.usdc.balance(f.bob) == f.usd(194'000));
    // With three fills there is nothing left to cross.
    f.place(f.alice, sell, f.usd(2'000), f.eth(1));
    f.place(f.alice, sell, f.usd(2'000), f.eth(1));
    CHECK(f.place(f.bob, buy, f.usd(2'000), f.eth(5)).at(2) == f.eth(2));
}

TEST_CASE("order book: swaps take what the quote says, to the last unit", "[contracts][order_book]")
{
    BookFixture f;
    f.place(f.alice, sell, f.usd(2'000), f.eth(1));
    f.place(f.alice, sell, f.usd(2'100), f.eth(1));
    f.place(f.bob, buy, f.usd(1'900), f.eth(1));
    CHECK(f.book.spot_price(f.weth.id(), f.usdc.id()) == Approx(1'900e6 / 1e18));
    CHECK(f.book.spot_price(f.usdc.id(), f.weth.id()) == Approx(1e18 / 2'000e6));
    CHECK(f.book.fee(f.usdc.id(), f.weth.id()) == Approx(0.001));
    CHECK(f.book.reserve(f.weth.id()) == f.eth(2));
    CHECK(f.book.depth(f.weth.id()) == f.eth(100));  // 2,100 is more than 2% away.
    CHECK(f.book.depth(f.usdc.id()) == f.usd(190'000));

    // 2,000 for the first, 1,050 for half of the second; less 10 bps.
    const auto quote = f.book.quote_exact_input(f.usdc.id(), f.weth.id(), f.usd(3'050)).value();
    CHECK(quote == wrapping_sub(f.part(3, 2), f.part(15, 10'000)));
    CHECK(f.book.quote_exact_output(f.usdc.id(), f.weth.id(), quote).value() == f.usd(3'050));
    f.expect_refusal(f.carol, f.book.id(),
        Swap{f.usdc.id(), f.usd(3'050), wrapping_add(quote, 1), f.carol, forever},
        "OrderBook: too little comes out");
    const auto outcome =
        f.expect_ok(f.carol, f.book.id(), Swap{f.usdc.id(), f.usd(3'050), quote, f.carol, forever});
    CHECK(outcome.returns.values[0] == f.usd(3'050));
    CHECK(outcome.returns.values[1] == quote);
    CHECK(f.weth.balance(f.carol) == wrapping_add(f.eth(100), quote));
    CHECK(f.usdc.balance(f.carol) == f.usd(196'950));

    f.expect_refusal(f.carol, f.book.id(), Swap{f.usdc.id(), f.usd(1'051), 0, f.carol, forever},
        "OrderBook: insufficient liquidity");
    f.expect_refusal(f.carol, f.book.id(), Swap{f.usdc.id(), 0, 0, f.carol, forever},
        "OrderBook: nothing to trade");
    f.expect_refusal(f.carol, f.book.id(), Swap{f.book.id(), 1, 0, f.carol, forever},
        "OrderBook: not traded here");
    f.sandbox.set_time(100);
    f.expect_refusal(
        f.carol, f.book.id(), Swap{f.usdc.id(), f.usd(1), 0, f.carol, 99}, "OrderBook: expired");
    f.expect_refusal(f.carol, f.book.id(), Swap{f.usdc.id(), f.usd(1), 0, AccountId{99'999}, 100},
        "no such account");
    f.expect_ok(f.carol, f.book.id(), Swap{f.usdc.id(), f.usd(1), 0, f.bob, 100});
    // Selling: 1,900 less 10 bps for bob's order.
    CHECK(f.book.quote_exact_input(f.weth.id(), f.usdc.id(), f.eth(1)).value() ==
          Amount{1'898'100'000});
    CHECK(f.book.quote_exact_output(f.weth.id(), f.usdc.id(), Amount{1'898'100'000}).value() ==
          f.eth(1));
    f.expect_ok(f.carol, f.book.id(), Swap{f.weth.id(), f.eth(1), 1'898'100'000, f.carol, 100});
    CHECK(f.usdc.balance(f.carol) == Amount{196'949'000'000 + 1'898'100'000});
}

TEST_CASE(
    "order book: a maker who cannot be paid keeps nobody from trading", "[contracts][order_book]")
{
    BookFixture f;
    f.place(f.alice, sell, f.usd(2'000), f.eth(1));
    const auto before = f.usdc.balance(f.alice);
    f.expect_ok(f.bob, f.book.id(), Swap{f.usdc.id(), f.usd(2'000), 0, f.bob, forever});
    CHECK(f.usdc.balance(f.alice) == before);
    CHECK(f.book.available(f.alice, f.usdc.id()) == f.usd(2'000));
    // It pays for the next order, and the wallet for what is lacking.
    f.place(f.alice, buy, f.usd(1'000), f.eth(3));
    CHECK(f.book.available(f.alice, f.usdc.id()).is_zero());
    CHECK(f.usdc.balance(f.alice) == wrapping_sub(before, f.usd(1'000)));
}

TEST_CASE("order book: makers far from each other do not get in each other's way",
    "[contracts][order_book]")
{
    BookFixture f;
    // Prices that have orders already: the tree of prices is only read.
    f.place(f.carol, sell, f.usd(2'000), f.eth(1));
    f.place(f.carol, sell, f.usd(3'000), f.eth(1));
    f.place(f.carol, buy, f.usd(1'000), f.eth(1));
    const auto gtc = OrderKind::good_till_cancelled;
    // Of two orders in one block: what the longer chain of conflicts costs, an order costing 1.
    const auto chain = [&](const PlaceOrder& first, const PlaceOrder& second)
    {
        std::vector<Transaction> transactions;
        for (const auto& [who, order] : {std::pair{f.alice, first}, std::pair{f.bob, second}})
        {
            CallWriter calls;
            calls.add(f.book.id(), order);
            Transaction transaction;
            transaction.sender = who;
            transaction.gas_limit = 1'000'000;
            write_calls(transaction, f.sandbox.world(), calls);
            transaction.seal();
            transactions.push_back(std::move(transaction));
        }
        BlockContext context;
        context.number = 1'000;
        context.gas_limit = 30'000'000;
        ExecutionOptions options;
        options.free_gas = true;
        BlockExecution execution;
        execution.begin(f.sandbox.world(), context, std::move(transactions), options, 2);
        execution.plan();
        const BlockWork work{f.sandbox.world(), execution.block_plan(), std::array{1U, 1U}};
        execution.cancel();
        return work.critical_path();
    };
    const PlaceOrder near{sell, f.usd(2'000), f.eth(1), gtc};
    const PlaceOrder far{sell, f.usd(3'000), f.eth(1), gtc};
    const PlaceOrder bid{buy, f.usd(1'000), f.eth(1), gtc};
    CHECK(chain(near, far) == 1);
    CHECK(chain(near, bid) == 1);
    CHECK(chain(near, near) == 2);  // One queue.
    // A price that nobody asked yet is written into the tree of prices, on the way to the best one,
    CHECK(chain({sell, f.usd(2'001), f.eth(1), gtc}, bid) == 2);
    // or where nobody was for 256 prices; but not beside others that are far from the best one.
    CHECK(chain({sell, f.usd(2'900), f.eth(1), gtc}, bid) == 2);
    CHECK(chain({sell, f.usd(3'001), f.eth(1), gtc}, bid) == 1);
}

namespace
{
// ---- A naive book, to compare with ----

struct Operation
{
    enum class Kind : std::uint8_t
    {
        place,
        cancel,
        swap,
        withdraw,
    };
    Kind kind{};
    std::uint32_t trader = 0;
    OrderSide side{};  // Of a swap: what the trader does; of a withdrawal: buy is the quote token.
    std::uint32_t tick = 0;
    std::uint64_t amount = 0;
    OrderKind order_kind{};
    std::uint32_t number = 0;
};

std::string to_string(const Operation& o)
{
    switch (o.kind)
    {
        case Operation::Kind::place:
            return fmt::format("{} {} {} at {} {}", o.trader, to_string(o.side), o.amount, o.tick,
                to_string(o.order_kind));
        case Operation::Kind::cancel: return fmt::format("{} cancels {}", o.trader, o.number);
        case Operation::Kind::swap:
            return fmt::format("{} swaps {} to {}", o.trader, o.amount, to_string(o.side));
        case Operation::Kind::withdraw:
            return fmt::format("{} withdraws {} ({})", o.trader, o.amount, to_string(o.side));
    }
    return "";
}

/// Everything in one list of orders, in order of arrival, in 64-bit integers.
class NaiveBook
{
public:
    static constexpr std::size_t traders = 4;
    static constexpr std::uint64_t lot = 100;
    static constexpr std::uint64_t tick = 7;
    static constexpr std::uint64_t minimum = 10;
    static constexpr std::uint64_t maker_bps = 20;
    static constexpr std::uint64_t taker_bps = 50;
    static constexpr std::size_t fills_max = 3;
    static constexpr std::uint64_t start = 60'000;

    struct Order
    {
        std::uint32_t maker = 0;
        std::uint32_t number = 0;
        OrderSide side{};
        std::uint32_t tick = 0;
        std::uint64_t left = 0;
    };
    struct Purse
    {
        std::array<std::uint64_t, 2> wallet{start, start};  // Base, quote.
        std::array<std::uint64_t, 2> available{};
        std::uint32_t placed = 0;
    };
    std::vector<Order> orders;
    std::array<Purse, traders> purses;
    std::array<std::uint64_t, 2> fees{};

    [[nodiscard]] std::uint64_t locked(std::uint32_t trader, std::size_t token) const
    {
        std::uint64_t sum = 0;
        for (const auto& order : orders)
        {
            if (order.maker == trader && (order.side == sell) == (token == 0))
                sum += order.side == sell ? order.left : up(order.tick, order.left);
        }
        return sum;
    }

    /// The refusal; "" if it is none.
    std::string run(const Operation& o)
    {
        switch (o.kind)
        {
            case Operation::Kind::place: return place(o);
            case Operation::Kind::cancel: return cancel(o);
            case Operation::Kind::swap: return swap(o);
            case Operation::Kind::withdraw: break;
        }
        auto& available = purses.at(o.trader).available.at(o.side == sell ? 0 : 1);
        if (o.amount > available)
            return "OrderBook: insufficient balance";
        available -= o.amount;
        purses.at(o.trader).wallet.at(o.side == sell ? 0 : 1) += o.amount;
        return "";
    }

private:
    static std::uint64_t up(std::uint64_t ticks, std::uint64_t base)
    {
        return (base * ticks * tick + lot - 1) / lot;
    }
    static std::uint64_t down(std::uint64_t ticks, std::uint64_t base)
    {
        return base * ticks * tick / lot;
    }
    static std::uint64_t fee(std::uint64_t amount, std::uint64_t bps)
    {
        return (amount * bps + 9'999) / 10'000;
    }
    static std::uint64_t paid(const Order& order, std::uint64_t base)
    {
        return order.side == sell ? up(order.tick, base) : down(order.tick, base);
    }
    static bool crosses(const Operation& o, const Order& order)
    {
        if (order.side == o.side)
            return false;
        if (o.kind == Operation::Kind::swap)
            return true;
        return o.side == buy ? order.tick <= o.tick : order.tick >= o.tick;
    }
    [[nodiscard]] std::optional<std::size_t> best(
        const Operation& o, const std::vector<std::size_t>& used) const
    {
        std::optional<std::size_t> found;
        for (std::size_t i = 0; i < orders.size(); ++i)
        {
            if (!crosses(o, orders[i]) || std::find(used.begin(), used.end(), i) != used.end())
                continue;
            if (!found || (o.side == buy ? orders[i].tick < orders[*found].tick
                                         : orders[i].tick > orders[*found].tick))
                found = i;
        }
        return found;
    }

    struct Plan
    {
        std::vector<std::size_t> makers;
        std::vector<std::uint64_t> base;
        std::uint64_t base_sum = 0;
        std::uint64_t quote_sum = 0;
        std::uint64_t left = 0;
        bool cut = false;
        bool done = false;
    };
    [[nodiscard]] Plan plan(const Operation& o) const
    {
        Plan plan;
        plan.left = o.amount;
        const bool spends_quote = o.kind == Operation::Kind::swap && o.side == buy;
        while (plan.left > 0)
        {
            const auto at = best(o, plan.makers);
            if (!at)
                return plan;
            const auto& order = orders[*at];
            std::uint64_t base = std::min(order.left, plan.left);
            if (spends_quote)
            {
                // The most units that the money buys, one by one from an estimate that is too high.
                base = std::min(order.left, plan.left * lot / (order.tick * tick) + 2);
                while (base > 0 && up(order.tick, base) > plan.left)
                    --base;
            }
            if (base == 0)
                break;
            if (plan.makers.size() == fills_max)
            {
                plan.cut = true;
                return plan;
            }
            plan.makers.push_back(*at);
            plan.base.push_back(base);
            plan.base_sum += base;
            plan.quote_sum += paid(order, base);
            plan.left -= spends_quote ? paid(order, base) : base;
            if (base < order.left)
                break;
        }
        plan.done = true;
        return plan;
    }

    /// What the taker receives.
    std::uint64_t settle(const Operation& o, const Plan& plan)
    {
        for (std::size_t i = 0; i < plan.makers.size(); ++i)
        {
            auto& order = orders[plan.makers[i]];
            auto& maker = purses.at(order.maker);
            const auto quote = paid(order, plan.base[i]);
            const auto proceeds = order.side == sell ? quote : plan.base[i];
            const std::size_t token = order.side == sell ? 1 : 0;
            maker.available.at(token) += proceeds - fee(proceeds, maker_bps);
            fees.at(token) += fee(proceeds, maker_bps);
            const auto before = up(order.tick, order.left);
            order.left -= plan.base[i];
            if (order.side == buy)
                maker.available[1] += before - up(order.tick, order.left) - quote;
            if (order.left < minimum)
            {
                if (order.side == sell)
                    maker.available[0] += order.left;
                else
                    maker.available[1] += up(order.tick, order.left);
                order.left = 0;
            }
        }
        std::erase_if(orders, [](const Order& order) { return order.left == 0; });
        const auto received = o.side == buy ? plan.base_sum : plan.quote_sum;
        fees.at(o.side == buy ? 0 : 1) += fee(received, taker_bps);
        return received - fee(received, taker_bps);
    }

    std::string place(const Operation& o)
    {
        if (o.amount < minimum)
            return "OrderBook: below the minimum";
        const auto met = plan(o);
        if (o.order_kind == OrderKind::post_only && !met.makers.empty())
            return "OrderBook: post-only order would match";
        const bool rests =
            o.order_kind != OrderKind::immediate_or_cancel && !met.cut && met.left >= minimum;
        const std::size_t pays = o.side == buy ? 1 : 0;
        auto owed = o.side == buy ? met.quote_sum : met.base_sum;
        if (rests)
            owed += o.side == buy ? up(o.tick, met.left) : met.left;
        auto& mine = purses.at(o.trader);
        if (owed > mine.available.at(pays) + mine.wallet.at(pays))
            return "ERC20InsufficientBalance";
        const auto here = std::min(owed, mine.available.at(pays));
        mine.available.at(pays) -= here;
        mine.wallet.at(pays) -= owed - here;
        mine.available.at(1 - pays) += settle(o, met);
        ++mine.placed;
        if (rests)
            orders.push_back({o.trader, mine.placed, o.side, o.tick, met.left});
        return "";
    }
    std::string cancel(const Operation& o)
    {
        const auto found = std::find_if(orders.begin(), orders.end(),
            [&](const Order& order)
            { return order.maker == o.trader && order.number == o.number; });
        if (found == orders.end())
            return "OrderBook: no such order";
        auto& mine = purses.at(o.trader);
        if (found->side == sell)
            mine.available[0] += found->left;
        else
            mine.available[1] += up(found->tick, found->left);
        orders.erase(found);
        return "";
    }
    std::string swap(const Operation& o)
    {
        const auto met = plan(o);
        if (met.cut)
            return "OrderBook: too many fills";
        if (!met.done && met.left > 0)
            return "OrderBook: insufficient liquidity";
        const auto received = o.side == buy ? met.base_sum : met.quote_sum;
        if (received == fee(received, taker_bps))
            return "OrderBook: nothing to trade";
        const std::size_t pays = o.side == buy ? 1 : 0;
        const auto owed = o.side == buy ? met.quote_sum : met.base_sum;
        auto& mine = purses.at(o.trader);
        if (owed > mine.wallet.at(pays))
            return "ERC20InsufficientBalance";
        mine.wallet.at(pays) -= owed;
        mine.wallet.at(1 - pays) += settle(o, met);
        return "";
    }
};

/// Both books beside each other.
struct Duel
{
    Duel()
      : base{sandbox.add<Erc20>("B", TokenInfo{"B", 2}, TokenFlavour::openzeppelin5)},
        quote{sandbox.add<Erc20>("Q", TokenInfo{"Q", 0}, TokenFlavour::openzeppelin5)},
        fees{sandbox.account("fees")}
    {
        Terms terms;
        terms.base = base.id();
        terms.quote = quote.id();
        terms.tick = NaiveBook::tick;
        terms.minimum = NaiveBook::minimum;
        terms.maker_fee_bps = NaiveBook::maker_bps;
        terms.taker_fee_bps = NaiveBook::taker_bps;
        terms.fee_collector = "fees";
        terms.fills_max = NaiveBook::fills_max;
        book = &sandbox.add<OrderBook>("book", terms);
        for (std::size_t i = 0; i < NaiveBook::traders; ++i)
            traders.at(i) = sandbox.account(fmt::format("trader{}", i));
        sandbox.connect();
        for (const auto trader : traders)
        {
            for (auto* token : {&base, &quote})
            {
                token->allocate(trader, NaiveBook::start);
                REQUIRE(
                    sandbox.run(trader, token->id(), Erc20Approve{book->account(), Amount::max()})
                        .ok());
            }
        }
    }

    [[nodiscard]] CallWriter calls(const Operation& o) const
    {
        CallWriter calls;
        const auto token = o.side == sell ? base.id() : quote.id();
        switch (o.kind)
        {
            case Operation::Kind::place:
                calls.add(book->id(),
                    PlaceOrder{o.side, o.tick * NaiveBook::tick, o.amount, o.order_kind});
                break;
            case Operation::Kind::cancel: calls.add(book->id(), CancelOrder{o.number}); break;
            case Operation::Kind::swap:
                calls.add(book->id(), Swap{token, o.amount, 0, traders.at(o.trader), forever});
                break;
            case Operation::Kind::withdraw: calls.add(book->id(), Withdraw{token, o.amount}); break;
        }
        return calls;
    }

    /// What differs after the operation; "" if nothing does.
    std::string run(const Operation& o)
    {
        std::optional<Amount> quoted;
        const bool swaps = o.kind == Operation::Kind::swap;
        const auto& token_in = o.side == sell ? base : quote;
        const auto& token_out = o.side == sell ? quote : base;
        if (swaps)
        {
            const auto out = book->quote_exact_input(token_in.id(), token_out.id(), o.amount);
            if (out.has_value())
            {
                quoted = *out;
                const auto in = book->quote_exact_output(token_in.id(), token_out.id(), *out);
                if (!in.has_value() || *in > o.amount)
                    return "what a swap pays out can be had for no more than it pays in";
            }
        }
        const auto outcome = sandbox.run(traders.at(o.trader), calls(o));
        const auto refusal = naive.run(o);
        const auto said = outcome.ok() ? "" : outcome.receipt.refusal.to_string();
        if (refusal.empty() ? !said.empty() : !said.starts_with(refusal))
            return fmt::format("refused: '{}', expected '{}'", said, refusal);
        if (swaps && outcome.ok() && (!quoted || outcome.returns.values[1] != *quoted))
            return "a swap does not pay what was quoted";
        return compare();
    }

    [[nodiscard]] std::string compare() const
    {
        for (std::uint32_t i = 0; i < NaiveBook::traders; ++i)
        {
            const auto& purse = naive.purses.at(i);
            const auto who = traders.at(i);
            for (const auto t : {0U, 1U})
            {
                const auto& token = t == 0 ? base : quote;
                if (token.balance(who) != purse.wallet.at(t) ||
                    book->available(who, token.id()) != purse.available.at(t) ||
                    book->locked(who, token.id()) != naive.locked(i, t))
                {
                    return fmt::format("trader {} token {}: {} {} {}, expected {} {} {}", i, t,
                        token.balance(who).to_string(),
                        book->available(who, token.id()).to_string(),
                        book->locked(who, token.id()).to_string(), purse.wallet.at(t),
                        purse.available.at(t), naive.locked(i, t));
                }
            }
        }
        for (const auto t : {0U, 1U})
        {
            if (book->available(fees, (t == 0 ? base : quote).id()) != naive.fees.at(t))
                return "fees";
        }
        for (const auto& order : naive.orders)
        {
            const auto found = book->order(traders.at(order.maker), order.number);
            if (!found || found->side != order.side || found->tick != order.tick ||
                found->remaining != order.left)
                return fmt::format("order {} of trader {}", order.number, order.maker);
        }
        Findings findings;
        book->check_invariants(sandbox.world(), findings);
        return findings.empty() ? "" : findings.front();
    }

    mutable Sandbox sandbox;
    Erc20& base;
    Erc20& quote;
    AccountId fees;
    OrderBook* book = nullptr;
    std::array<AccountId, NaiveBook::traders> traders{};
    NaiveBook naive;
};

std::vector<Operation> random_operations(std::mt19937_64& random, std::size_t count)
{
    const auto below = [&](std::uint64_t end) { return random() % end; };
    std::vector<Operation> operations;
    std::array<std::uint32_t, NaiveBook::traders> placed{};
    for (std::size_t i = 0; i < count; ++i)
    {
        Operation o;
        o.trader = static_cast<std::uint32_t>(below(NaiveBook::traders));
        o.side = OrderSide{static_cast<std::uint8_t>(below(2))};
        o.amount = below(4) == 0 ? below(40) : below(3'000);
        const auto dice = below(20);
        if (dice < 11)
        {
            o.kind = Operation::Kind::place;
            // Across words of the tree of prices now and then.
            o.tick =
                static_cast<std::uint32_t>(below(10) == 0 ? 1 + below(1'000) : 250 + below(10));
            o.order_kind = OrderKind{static_cast<std::uint8_t>(below(3))};
            ++placed.at(o.trader);
        }
        else if (dice < 14)
        {
            o.kind = Operation::Kind::cancel;
            const auto last = placed.at(o.trader);
            o.number = last - static_cast<std::uint32_t>(below(std::min(last + 1U, 25U)));
        }
        else if (dice < 18)
            o.kind = Operation::Kind::swap;
        else
        {
            o.kind = Operation::Kind::withdraw;
            o.amount = below(10'000);
        }
        operations.push_back(o);
    }
    return operations;
}

}  // namespace

// Method: 100 books of 1,000 random operations beside a list of orders that is searched from end to
// end; after each, refusals, balances, locks, fees, orders and the book's invariants are compared.
// What differs is cut down to the operations that it needs.
TEST_CASE("order book: 100,000 random operations, beside a naive book",
    "[contracts][order_book][property]")
{
    std::mt19937_64 random{20'261'130};
    std::size_t resting = 0;
    const auto run = [&resting](std::span<const Operation> some) -> std::optional<tests::Broken>
    {
        Duel duel;
        for (std::size_t i = 0; i < some.size(); ++i)
        {
            if (auto wrong = duel.run(some[i]); !wrong.empty())
                return tests::Broken{i, wrong};
        }
        resting += duel.naive.orders.size();
        return std::nullopt;
    };
    for (int round = 0; round < 100; ++round)
    {
        const auto found = tests::find_counterexample(random_operations(random, 1'000), run);
        std::string story;
        for (const auto& needed : found ? found->operations : std::vector<Operation>{})
            story += to_string(needed) + "\n";
        INFO(story << (found ? found->what : ""));
        REQUIRE_FALSE(found);
    }
    CHECK(resting > 500);  // The books did not run dry.
}

}  // namespace runnel::contracts
