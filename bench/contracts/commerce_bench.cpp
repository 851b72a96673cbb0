#include "bench/contracts/contract_bench.hpp"
#include "contracts/commerce/arbitrated_escrow/escrow.hpp"
#include "contracts/commerce/listing_board/board.hpp"

namespace runnel::bench
{
namespace
{
using namespace contracts;

/// Everybody sells goods without end, and has bought something from his neighbour that is still
/// held in escrow; numbers of listings and deals are the places of accounts.
struct CommerceWorld
{
    static constexpr std::uint64_t day = 86'400;
    static constexpr std::uint64_t price = 1'000'000;

    explicit CommerceWorld(BenchWorld& bench) : arbiter{bench.account("arbiter")}, bench_{&bench}
    {
        using namespace arbitrated_escrow;
        token = bench.add_token("USDC").id();
        escrow = &bench.add<ArbitratedEscrow>("escrow", Rules{FeePayer::loser, day, day});
        board = &bench.add<ListingBoard>("board", escrow->id());
        bench.connect();
        bench.approve_all(token, escrow->account());
        bench.approve_all(token, board->account());
        for (const auto account : bench.accounts())
        {
            bench.prepare(account, board->id(),
                listing_board::List{token, price, 1ULL << 40U, arbiter, 100, day, day});
            bench.prepare(
                account, escrow->id(), CreateTransaction{terms(account, Amount::power_of_ten(24))});
        }
        bench.show_balance("held", token, escrow->account());
        bench.show_all(
            "credits", [this](AccountId account) { return escrow->credit(account, token); });
        bench.show("orders", [this] { return Amount{board->orders()}; });
    }
    [[nodiscard]] EscrowTerms terms(AccountId buyer, const Amount& amount) const
    {
        return {token, amount, bench_->neighbour(buyer, 1), arbiter, 100,
            BenchWorld::start_time + 30 * day, day};
    }
    /// Its listing and its deal.
    [[nodiscard]] std::uint64_t place_of(AccountId account) const
    {
        return index(account) - index(bench_->accounts().front());
    }
    /// Of an account's neighbours, or their neighbours.
    [[nodiscard]] std::uint64_t listing_for(BenchTransaction& transaction) const
    {
        const auto away = 1 + static_cast<unsigned>(transaction.random.uniform_below(500));
        return place_of(bench_->neighbour(transaction.sender, away));
    }

    AccountId arbiter;
    ContractId token{};
    ArbitratedEscrow* escrow = nullptr;
    ListingBoard* board = nullptr;

private:
    const BenchWorld* bench_;
};
}  // namespace

std::vector<ContractBench> commerce_benches()
{
    std::vector<ContractBench> benches;
    const auto add = [&](std::string name, auto fill)
    { benches.push_back(bench_in<CommerceWorld>(std::move(name), fill)); };
    add("arbitrated_escrow.createTransaction",
        [](CommerceWorld& world, BenchTransaction& transaction)
        {
            const auto terms = world.terms(transaction.sender, transaction.amount(1'000'000));
            transaction.calls.add(world.escrow->id(), arbitrated_escrow::CreateTransaction{terms});
        });
    add("arbitrated_escrow.pay",
        [](CommerceWorld& world, BenchTransaction& transaction)
        {
            transaction.calls.add(
                world.escrow->id(), arbitrated_escrow::Pay{world.place_of(transaction.sender),
                                        transaction.amount(1'000)});
        });
    for (const bool in_escrow : {false, true})
    {
        add(in_escrow ? "listing_board.buyInEscrow" : "listing_board.buy",
            [in_escrow](CommerceWorld& world, BenchTransaction& transaction)
            {
                transaction.calls.add(world.board->id(),
                    listing_board::Buy{world.listing_for(transaction),
                        1 + transaction.random.uniform_below(5), Amount::max(), in_escrow});
            });
    }
    add("listing_board.update",
        [](CommerceWorld& world, BenchTransaction& transaction)
        {
            transaction.calls.add(
                world.board->id(), listing_board::Update{world.place_of(transaction.sender),
                                       transaction.amount(CommerceWorld::price), 1ULL << 40U});
        });
    return benches;
}

}  // namespace runnel::bench
