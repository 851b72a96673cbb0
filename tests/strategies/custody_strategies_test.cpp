#include "contracts/commerce/goods_register/goods_register.hpp"
#include "contracts/custody/custodial_exchange/exchange.hpp"
#include "contracts/oracles/price_oracle/price_oracle.hpp"
#include "contracts/tokens/erc20/erc20.hpp"
#include "strategies/strategies.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_wallet.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace runnel::strategies
{
namespace
{

using contracts::CustodialExchange;
using contracts::Erc20;
using contracts::Erc20Transfer;
using contracts::GoodsRegister;
using contracts::PriceOracle;
using contracts::Sandbox;
using tests::always;
using tests::FakeWallet;
using tests::group_of_one;
using tests::sent_when_all_is_refused;
namespace books = contracts::custodial_exchange;
namespace goods = contracts::goods_register;

constexpr std::uint64_t hour = 3'600;

Amount usd(std::uint64_t whole)
{
    return Amount{whole * 1'000'000};
}

/// An exchange of USDC and CASH, a market of goods. alice has 1'000 CASH, the shop 1'000 USDC, the
/// exchange 10'000 of both.
struct Town
{
    Town()
      : usdc{sandbox.add<Erc20>(
            "USDC", TokenInfo{"USDC", 6}, contracts::TokenFlavour::openzeppelin5)},
        cash{sandbox.add<Erc20>(
            "CASH", TokenInfo{"CASH", 6}, contracts::TokenFlavour::openzeppelin5)},
        oracle{sandbox.add<PriceOracle>("oracle", "keeper",
            std::vector<contracts::TokenPrice>{
                {usdc.id(), Amount{100'000'000}}, {cash.id(), Amount{100'000'000}}})},
        exchange{sandbox.add<CustodialExchange>("exchange", terms())},
        market{sandbox.add<GoodsRegister>("market", usdc.id(), usd(6))},
        clerk{sandbox.account("clerk")},
        alice{sandbox.account("alice")},
        shop{sandbox.account("shop")},
        farm{sandbox.account("farm")},
        cold{sandbox.account("exchange/cold")}
    {
        sandbox.connect();
        cash.allocate(alice, usd(1'000));
        usdc.allocate(shop, usd(1'000));
        exchange.endow(sandbox.world(), usdc.id(), usd(10'000));
        exchange.endow(sandbox.world(), cash.id(), usd(10'000));
        auto& world = sandbox.world();
        AccountInfo info{"deposits of alice", "custody", {}, {}, {}};
        info.address = exchange.deposit_address(world.account(alice).address);
        world.add_account(info);
        sandbox.set_time(1'700'000'000);
    }
    [[nodiscard]] books::Terms terms() const
    {
        books::Terms terms;
        terms.tokens = {
            {usdc.id(), usd(2), usd(10), {}, usd(1)}, {cash.id(), usd(1), usd(10), {}, usd(1)}};
        terms.operated_by = "clerk";
        terms.prices = oracle.id();
        terms.spread_bps = 10;
        terms.cold_delay_seconds = 6 * hour;
        return terms;
    }

    [[nodiscard]] Parameters customer_parameters() const
    {
        Parameters parameters;
        parameters.set("exchange", exchange.id());
        parameters.set("token", usdc.id());
        parameters.set("money", cash.id());
        parameters.set("target", always(200));
        parameters.set("low_share", 0.3);
        parameters.set("high_share", 2.0);
        parameters.set("look_interval", always(1));
        parameters.set("interval", always(1));
        parameters.set("market", market.id());
        parameters.set("shops", std::string{"shops"});
        parameters.set("basket", always(3));
        parameters.set("price_max", always(12));
        parameters.set("shops_asked", std::int64_t{3});
        parameters.set("slippage_bps", std::int64_t{50});
        parameters.set("checks", always(1));
        parameters.set("keeps", always(0));
        return parameters;
    }
    [[nodiscard]] Parameters operator_parameters() const
    {
        Parameters parameters;
        parameters.set("exchange", exchange.id());
        parameters.set("credit_every", std::int64_t{600'000});
        parameters.set("sweep_every", std::int64_t{6 * 3'600'000});
        parameters.set("batch_every", std::int64_t{1'800'000});
        parameters.set("batch", std::int64_t{8});
        parameters.set("hot_share", 0.1);
        parameters.set("hot_band", 0.5);
        parameters.set("report_every", std::int64_t{86'400'000});
        parameters.set("omitted_share", 0.0);
        return parameters;
    }
    [[nodiscard]] Parameters shop_parameters(bool produces) const
    {
        Parameters parameters;
        parameters.set("market", market.id());
        parameters.set("suppliers", std::string{produces ? "" : "farms"});
        parameters.set("workers", std::string{"workers"});
        parameters.set("workers_each", std::int64_t{1});
        parameters.set("first_worker", std::int64_t{0});
        parameters.set("price", always(produces ? 8 : 11));
        parameters.set("shelf", always(100));
        parameters.set("look_every", std::int64_t{3'600'000});
        parameters.set("pay_every", std::int64_t{86'400'000});
        parameters.set("price_step", 0.05);
        parameters.set("margin", 0.1);
        parameters.set("float", 100.0);
        parameters.set("wage_share", 0.5);
        parameters.set("wage_max", 1e9);
        return parameters;
    }
    [[nodiscard]] WalletGroup group(AccountId account)
    {
        auto group = group_of_one(sandbox.world(), account);
        group.groups = std::make_shared<const GroupAccounts>(
            GroupAccounts{{"shops", {shop}}, {"farms", {farm}}, {"workers", {alice}}});
        return group;
    }

    Sandbox sandbox;
    Erc20& usdc;
    Erc20& cash;
    PriceOracle& oracle;
    CustodialExchange& exchange;
    GoodsRegister& market;
    AccountId clerk;
    AccountId alice;
    AccountId shop;
    AccountId farm;
    AccountId cold;
};

/// Lets a wallet act until it has sent something, at most so many blocks; runs it. False if it does
/// not.
bool act(FakeWallet& wallet, Strategy& strategy, std::uint64_t blocks = 1)
{
    for (std::uint64_t i = 0; i < blocks; ++i)
    {
        (void)strategy.decide(0, wallet);
        if (!wallet.submissions.empty())
        {
            const auto ran = wallet.run(strategy);
            INFO(ran.outcome.receipt.refusal.to_string());
            REQUIRE(ran.outcome.ok());
            REQUIRE(wallet.view().world->check_invariants().empty());
            return true;
        }
        wallet.advance(1);
    }
    return false;
}
}  // namespace

TEST_CASE("exchange customer and operator: money becomes coins in a wallet, and back",
    "[strategies][custody]")
{
    Town town;
    const auto customer =
        exchange_customer_strategy().create(town.customer_parameters(), town.group(town.alice));
    const auto clerk =
        exchange_operator_strategy().create(town.operator_parameters(), town.group(town.clerk));
    FakeWallet alice{town.sandbox, town.alice, 60};
    FakeWallet desk{town.sandbox, town.clerk, 60};
    (void)customer->first_block(0);

    // She opens an account, and sends what 200 USDC cost: 200 / 0.999, rounded up.
    REQUIRE(act(alice, *customer, 20));
    REQUIRE(town.exchange.number_of(town.alice) == 0);
    REQUIRE(act(alice, *customer, 20));
    const auto deposit = town.exchange.deposit_account(0);
    CHECK(town.cash.balance(deposit) == 200'200'201);
    // Nothing more until it is there.
    CHECK_FALSE(act(alice, *customer, 20));
    // First it moves nine tenths of both to the cold wallet, then credits.
    bool credited = false;
    for (int i = 0; i < 6 && !credited; ++i)
    {
        desk.advance(10);
        REQUIRE(act(desk, *clerk));
        credited = !town.exchange.balance(0, town.cash.id()).available.is_zero();
    }
    REQUIRE(credited);
    REQUIRE(act(alice, *customer, 20));
    CHECK(town.exchange.balance(0, town.usdc.id()).available == usd(200));
    REQUIRE(act(alice, *customer, 20));
    CHECK(town.exchange.withdrawals_waiting(town.usdc.id()) == 1);
    for (int i = 0; i < 40 && town.usdc.balance(town.alice).is_zero(); ++i)
    {
        desk.advance(10);
        (void)act(desk, *clerk);
    }
    CHECK(town.usdc.balance(town.alice) == usd(198));
    // Goods are not for sale yet, 198 are between low and high: she does nothing.
    CHECK_FALSE(act(alice, *customer, 20));

    // A wage that is too much: what is above the target goes the other way.
    (void)town.sandbox.run(town.shop, town.usdc.id(), Erc20Transfer{town.alice, usd(600)});
    const auto had = town.cash.balance(town.alice);
    REQUIRE(act(alice, *customer, 20));
    CHECK(town.usdc.balance(deposit) == usd(598));
    for (int i = 0; i < 300 && town.cash.balance(town.alice) == had; ++i)
    {
        desk.advance(1);
        alice.advance(1);
        (void)act(desk, *clerk);
        (void)act(alice, *customer);
    }
    // 598 less 0.1%, less the fee of 1.
    CHECK(town.cash.balance(town.alice) ==
          wrapping_add(had, Amount{598'000'000 - 598'000 - 1'000'000}));
    CHECK(town.exchange.statement(town.usdc.id()).report == 0);
}

TEST_CASE("exchange customer: who keeps money at the exchange buys with it first",
    "[strategies][custody]")
{
    Town town;
    auto parameters = town.customer_parameters();
    parameters.set("keeps", always(1));
    const auto customer = exchange_customer_strategy().create(parameters, town.group(town.alice));
    const auto clerk =
        exchange_operator_strategy().create(town.operator_parameters(), town.group(town.clerk));
    FakeWallet alice{town.sandbox, town.alice, 60};
    FakeWallet desk{town.sandbox, town.clerk, 60};
    (void)customer->first_block(0);
    const auto pass = [&](const auto& is_done)
    {
        for (int i = 0; i < 1'000 && !is_done(); ++i)
        {
            (void)act(alice, *customer);
            (void)act(desk, *clerk);
            alice.advance(1);
            desk.advance(1);
        }
        return is_done();
    };
    // 600 coins are 400 too many: they become 399.60 in her account, and nothing comes out.
    (void)town.sandbox.run(town.shop, town.usdc.id(), Erc20Transfer{town.alice, usd(600)});
    const auto money = [&] { return town.exchange.balance(0, town.cash.id()).available; };
    REQUIRE(pass([&] { return town.exchange.customers() == 1 && money() == Amount{399'600'000}; }));
    for (int i = 0; i < 60; ++i)
    {
        (void)act(alice, *customer);
        alice.advance(10);
    }
    CHECK(money() == Amount{399'600'000});
    CHECK(town.cash.balance(town.alice) == usd(1'000));
    // 150 coins less: 200 are the target, and 50 below the low mark of 60. 150 cost 150.150151.
    (void)town.sandbox.run(town.alice, town.usdc.id(), Erc20Transfer{town.shop, usd(150)});
    REQUIRE(pass([&] { return town.usdc.balance(town.alice) == usd(50 + 148); }));
    CHECK(money() == Amount{399'600'000 - 150'150'151});
    CHECK(town.cash.balance(town.alice) == usd(1'000));
}

TEST_CASE("exchange operator: hot and cold wallet, sweeps and statements", "[strategies][custody]")
{
    Town town;
    const auto clerk =
        exchange_operator_strategy().create(town.operator_parameters(), town.group(town.clerk));
    FakeWallet desk{town.sandbox, town.clerk, 60};
    const auto usdc = town.usdc.id();
    CallWriter calls;
    town.exchange.add_open(calls, town.sandbox.world(), town.alice, Hash{});
    REQUIRE(town.sandbox.run(town.alice, calls).ok());
    for (int i = 0; i < 3; ++i)
    {
        (void)act(desk, *clerk);
        desk.advance(1);
    }
    CHECK(town.exchange.wallets(usdc).hot == usd(1'000));
    CHECK(town.exchange.wallets(usdc).cold == usd(9'000));
    // Within half of its share nothing moves: 400 more would be.
    (void)town.sandbox.run(
        town.shop, usdc, Erc20Transfer{town.exchange.deposit_account(0), usd(400)});
    for (int i = 0; i < 60 * 7; ++i)
    {
        (void)act(desk, *clerk);
        desk.advance(1);
    }
    CHECK(town.exchange.balance(0, usdc).available == usd(400));
    CHECK(town.exchange.wallets(usdc).unswept.is_zero());
    CHECK(town.exchange.wallets(usdc).hot == usd(1'400));
    // A withdrawal and its fee count on top: 400 are paid from what is there, the rest is refilled.
    REQUIRE(town.sandbox
                .run(town.alice, town.exchange.id(),
                    books::RequestWithdrawal{usdc, usd(400), town.alice})
                .ok());
    for (int i = 0; i < 60; ++i)
    {
        (void)act(desk, *clerk);
        desk.advance(1);
    }
    CHECK(town.usdc.balance(town.alice) == usd(398));
    for (int i = 0; i < 60 * 10; ++i)
    {
        (void)act(desk, *clerk);
        desk.advance(1);
    }
    CHECK(town.exchange.report() == 1);
    CHECK(town.exchange.statement(usdc).report == 1);
    CHECK(town.exchange.statement(usdc).root.sum.is_zero());
}

TEST_CASE("exchange operator: one withdrawal that cannot be paid does not stop the others",
    "[strategies][custody]")
{
    Town town;
    const auto clerk =
        exchange_operator_strategy().create(town.operator_parameters(), town.group(town.clerk));
    FakeWallet desk{town.sandbox, town.clerk, 60};
    const auto usdc = town.usdc.id();
    CallWriter calls;
    town.exchange.add_open(calls, town.sandbox.world(), town.alice, Hash{});
    REQUIRE(town.sandbox.run(town.alice, calls).ok());
    (void)town.sandbox.run(
        town.shop, usdc, Erc20Transfer{town.exchange.deposit_account(0), usd(900)});
    for (int i = 0; i < 30; ++i)
    {
        (void)act(desk, *clerk);
        desk.advance(1);
    }
    for (int i = 0; i < 3; ++i)
    {
        REQUIRE(town.sandbox
                    .run(town.alice, town.exchange.id(),
                        books::RequestWithdrawal{usdc, usd(100), town.alice})
                    .ok());
    }
    // Told that the batch is refused, it halves it, then rejects the first.
    std::vector<std::uint32_t> sizes;
    for (int i = 0; i < 200 && town.exchange.withdrawal(1).has_value(); ++i)
    {
        (void)clerk->decide(0, desk);
        for (const auto& submission : std::exchange(desk.submissions, {}))
        {
            CallReader reader{submission.calls.bytes()};
            const auto call = reader.next();
            TransactionOutcome outcome;
            outcome.tag = submission.tag;
            books::PayBatch batch;
            if (call->method == books::PayBatch::method && decode(call->arguments, batch) &&
                town.exchange.withdrawal(1).has_value())
            {
                sizes.push_back(batch.withdrawals);
                outcome.kind = TransactionOutcome::Kind::reverted;
            }
            else
            {
                REQUIRE(town.sandbox.run(town.clerk, submission.calls).ok());
                outcome.kind = TransactionOutcome::Kind::succeeded;
            }
            (void)clerk->learn(0, outcome);
        }
        desk.advance(1);
    }
    CHECK(sizes == std::vector<std::uint32_t>{3, 3, 2, 1});
    CHECK(town.exchange.balance(0, usdc).available == usd(700));
    for (int i = 0; i < 120; ++i)
    {
        (void)act(desk, *clerk);
        desk.advance(1);
    }
    CHECK(town.usdc.balance(town.alice) == usd(2 * 98));
}

TEST_CASE("exchange customer: who is left out of a statement leaves", "[strategies][custody]")
{
    const bool is_honest = GENERATE(true, false);
    Town town;
    auto parameters = town.operator_parameters();
    parameters.set("omitted_share", is_honest ? 0.0 : 1.0);
    const auto clerk = exchange_operator_strategy().create(parameters, town.group(town.clerk));
    const auto customer =
        exchange_customer_strategy().create(town.customer_parameters(), town.group(town.alice));
    FakeWallet desk{town.sandbox, town.clerk, 60};
    FakeWallet alice{town.sandbox, town.alice, 60};
    (void)customer->first_block(0);
    REQUIRE(act(alice, *customer, 20));  // The account.
    // 150 coins are enough to carry, 300 are at the exchange.
    (void)town.sandbox.run(town.shop, town.usdc.id(), Erc20Transfer{town.alice, usd(150)});
    (void)town.sandbox.run(
        town.shop, town.usdc.id(), Erc20Transfer{town.exchange.deposit_account(0), usd(300)});
    alice.advance(3'000);  // It gives up what it was about.
    (void)customer->decide(0, alice);
    alice.submissions.clear();
    for (int i = 0; i < 60 * 14; ++i)
    {
        (void)act(desk, *clerk);
        desk.advance(1);
    }
    REQUIRE(town.exchange.statement(town.usdc.id()).report == 1);
    CHECK(town.exchange.statement(town.usdc.id()).root.sum == (is_honest ? usd(300) : Amount{}));
    for (int i = 0; i < 60 && town.exchange.withdrawals_waiting(town.usdc.id()) == 0; ++i)
    {
        alice.advance(10);
        (void)act(alice, *customer);
    }
    CHECK(town.exchange.withdrawals_waiting(town.usdc.id()) == (is_honest ? 0U : 1U));
    if (!is_honest)
        CHECK(town.exchange.balance(0, town.usdc.id()).withdrawing == usd(300));
}

TEST_CASE("shop: it restocks, prices by its shelf and pays wages", "[strategies][commerce]")
{
    Town town;
    const auto shop = shop_strategy().create(town.shop_parameters(false), town.group(town.shop));
    auto farm_group = town.group(town.farm);
    const auto farm = shop_strategy().create(town.shop_parameters(true), farm_group);
    town.usdc.allocate(town.farm, usd(700));
    FakeWallet till{town.sandbox, town.shop, 60};
    FakeWallet field{town.sandbox, town.farm, 60};
    (void)shop->first_block(0);
    (void)farm->first_block(0);
    REQUIRE(act(field, *farm));
    CHECK(town.market.offer(town.farm).price == usd(8));
    // On its payday it makes what is missing, as far as its money goes: 600 at 6 a piece.
    for (int i = 0; i < 24 * 60 && town.market.offer(town.farm).stock.is_zero(); ++i)
    {
        (void)act(field, *farm);
        field.advance(1);
    }
    CHECK(town.market.offer(town.farm).stock == 100);
    CHECK(town.usdc.balance(town.alice) == usd(600));

    REQUIRE(act(till, *shop));
    CHECK(town.market.offer(town.shop).price == usd(11));
    till.advance(1);
    REQUIRE(act(till, *shop, 120));
    // It fills its shelf, 100 pieces at 8.
    CHECK(town.market.offer(town.shop).stock == 100);
    CHECK(town.usdc.balance(town.shop) == usd(200));
    // A full shelf: 5% off, down to what a piece costs and a tenth. The farm is sold out: a piece
    // costs its wages.
    till.advance(60);
    REQUIRE(act(till, *shop, 120));
    const auto lower = town.market.offer(town.shop).price;
    CHECK(lower >= Amount{10'449'999});
    CHECK(lower <= Amount{10'450'000});
    // Half of what it has beyond 100 on its payday: 50.
    const auto before = town.usdc.balance(town.alice);
    for (int i = 0; i < 24 * 60 && town.usdc.balance(town.alice) == before; ++i)
    {
        (void)act(till, *shop);
        till.advance(1);
    }
    CHECK(town.usdc.balance(town.alice) == wrapping_add(before, usd(50)));

    // alice buys at the shop, at most for 12.
    const auto customer =
        exchange_customer_strategy().create(town.customer_parameters(), town.group(town.alice));
    FakeWallet alice{town.sandbox, town.alice, 60};
    (void)customer->first_block(0);
    const auto stock = town.market.offer(town.shop).stock;
    REQUIRE(act(alice, *customer, 20));
    CHECK(town.market.offer(town.shop).stock == wrapping_sub(stock, Amount{3}));
    (void)town.sandbox.run(town.shop, town.market.id(), goods::SetPrice{Amount{12'000'001}});
    alice.submissions.clear();
    for (int i = 0; i < 20; ++i)
    {
        (void)customer->decide(0, alice);
        for (const auto& submission : std::exchange(alice.submissions, {}))
            CHECK(submission.tag != 0);  // No purchase.
        alice.advance(1);
    }
}

TEST_CASE("exchange strategies: who is refused falls silent", "[strategies][custody]")
{
    Town town;
    FakeWallet alice{town.sandbox, town.alice, 60};
    const auto customer =
        exchange_customer_strategy().create(town.customer_parameters(), town.group(town.alice));
    (void)customer->first_block(0);
    CHECK(sent_when_all_is_refused(alice, *customer, 1'000) <= 16);
    FakeWallet desk{town.sandbox, town.clerk, 60};
    const auto clerk =
        exchange_operator_strategy().create(town.operator_parameters(), town.group(town.clerk));
    CHECK(sent_when_all_is_refused(desk, *clerk, 1'000) <= 16);
    FakeWallet till{town.sandbox, town.shop, 60};
    const auto shop = shop_strategy().create(town.shop_parameters(false), town.group(town.shop));
    (void)shop->first_block(0);
    CHECK(sent_when_all_is_refused(till, *shop, 1'000) <= 16);
}

}  // namespace runnel::strategies
