#include "bench/contracts/contract_bench.hpp"
#include "contracts/exchanges/order_book/book.hpp"

#include <limits>
#include <map>

namespace runnel::bench
{
namespace
{
using namespace contracts;
using namespace contracts::order_book;

/// A book with 500 orders on each side, at 250 prices, deep enough for whatever is measured.
struct BookWorld
{
    static constexpr std::uint64_t mid = 20'000;  // Ticks.

    explicit BookWorld(BenchWorld& bench)
      : base{bench.add_token("BASE")}, quote{bench.add_token("QUOTE")}
    {
        Terms terms;
        terms.base = base.id();
        terms.quote = quote.id();
        terms.tick = unit();
        terms.minimum = 1;
        terms.taker_fee_bps = 10;
        terms.fee_collector = "collector";
        bench.account("collector");
        book = &bench.add<OrderBook>("book", terms);
        bench.connect();
        bench.approve_all(base.id(), book->account());
        bench.approve_all(quote.id(), book->account());
        for (std::uint64_t i = 0; i < bench.accounts().size(); ++i)
        {
            const bool sells = i % 2 == 0;
            const auto away = 1 + i / 4;
            bench.prepare(bench.accounts()[i], book->id(),
                PlaceOrder{sells ? OrderSide::sell : OrderSide::buy,
                    price(sells ? mid + away : mid - away), Amount::power_of_ten(22),
                    OrderKind::post_only});
        }
        bench.show_balance("base", base.id(), book->account());
        bench.show_balance("quote", quote.id(), book->account());
    }
    static Amount unit() { return Amount::power_of_ten(15); }
    static Amount price(std::uint64_t ticks) { return wrapping_mul(ticks, unit()); }

    /// What the account's next order of those that are made will have: accounts know their own.
    std::uint32_t next_number(AccountId account)
    {
        auto& next = next_.try_emplace(account, book->next_number(account)).first->second;
        return next++;
    }

    Erc20& base;
    Erc20& quote;
    OrderBook* book = nullptr;

private:
    std::map<AccountId, std::uint32_t> next_;
};
}  // namespace

std::vector<ContractBench> order_book_benches()
{
    std::vector<ContractBench> benches;
    const auto add = [&](std::string name, auto fill)
    { benches.push_back(bench_in<BookWorld>("order_book." + std::move(name), fill)); };
    const auto order = [](BenchTransaction& transaction)
    {
        const auto away = 1 + transaction.random.uniform_below(500);
        const bool sells = transaction.random.bernoulli(0.5);
        return PlaceOrder{sells ? OrderSide::sell : OrderSide::buy,
            BookWorld::price(sells ? BookWorld::mid + away : BookWorld::mid - away),
            transaction.amount(1'000), OrderKind::post_only};
    };
    add("placeOrder", [order](BookWorld& world, BenchTransaction& transaction)
        { transaction.calls.add(world.book->id(), order(transaction)); });
    // And taken back, so that the book stays what it is.
    add("replace",
        [order](BookWorld& world, BenchTransaction& transaction)
        {
            transaction.calls.add(world.book->id(), order(transaction))
                .add(world.book->id(), CancelOrder{world.next_number(transaction.sender)});
        });
    add("swap",
        [](BookWorld& world, BenchTransaction& transaction)
        {
            const auto& token = transaction.random.bernoulli(0.5) ? world.base : world.quote;
            transaction.calls.add(
                world.book->id(), Swap{token.id(), transaction.amount(1'000), 0, transaction.sender,
                                      std::numeric_limits<std::uint64_t>::max()});
        });
    return benches;
}

}  // namespace runnel::bench
