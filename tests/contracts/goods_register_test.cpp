#include "contracts/commerce/goods_register/goods_register.hpp"

#include "contracts/tokens/erc20/erc20.hpp"
#include "tests/contracts/contract_fixture.hpp"
#include "tests/support/shrinking.hpp"

#include <array>
#include <random>
#include <string>
#include <vector>

namespace runnel::contracts
{
namespace
{
using namespace goods_register;

/// A piece costs 600 in wages. The farm has 100 pieces on its shelf; everybody has 100'000 USDC
/// units.
struct GoodsFixture : ContractFixture
{
    GoodsFixture()
      : usdc{sandbox.add<Erc20>("USDC", TokenInfo{"USDC", 2}, TokenFlavour::openzeppelin5)},
        goods{sandbox.add<GoodsRegister>("market", usdc.id(), Amount{600})},
        farm{sandbox.account("farm")},
        shop{sandbox.account("shop")},
        alice{sandbox.account("alice")}
    {
        sandbox.connect();
        for (const auto account : people())
        {
            usdc.allocate(account, Amount{100'000});
            expect_ok(account, usdc.id(), Erc20Approve{goods.account(), Amount::max()});
        }
        goods.stock(farm, Amount{100});
    }
    [[nodiscard]] std::array<AccountId, 3> people() const { return {farm, shop, alice}; }

    Erc20& usdc;
    GoodsRegister& goods;
    AccountId farm;
    AccountId shop;
    AccountId alice;
};
}  // namespace

TEST_CASE("goods register: goods go one way and money the other, by hand", "[contracts][goods]")
{
    GoodsFixture f;
    const auto id = f.goods.id();
    f.expect_refusal(f.shop, id, Purchase{f.farm, Amount{1}, Amount::max(), true},
        "GoodsRegister: not for sale");
    f.expect_ok(f.farm, id, SetPrice{Amount{800}});
    f.expect_refusal(f.shop, id, Purchase{f.farm, Amount{1}, Amount{799}, true},
        "GoodsRegister: price has risen");
    f.expect_refusal(
        f.shop, id, Purchase{f.farm, Amount{101}, Amount{800}, true}, "GoodsRegister: sold out");
    f.expect_refusal(
        f.shop, id, Purchase{f.farm, {}, Amount{800}, true}, "GoodsRegister: nothing to buy");
    f.expect_refusal(
        f.farm, id, Purchase{f.farm, Amount{1}, Amount{800}, true}, "GoodsRegister: not for sale");
    f.expect_refusal(f.shop, id, Purchase{AccountId{1'000'000}, Amount{1}, Amount{800}, true},
        "no such account");
    // 60 pieces for 480.00; 20 of them are used up at 11.00.
    const auto bought = f.expect_ok(f.shop, id, Purchase{f.farm, Amount{60}, Amount{800}, true});
    CHECK(bought.returns.values[0] == 48'000);
    CHECK(f.goods.offer(f.farm).stock == 40);
    CHECK(f.goods.offer(f.shop).stock == 60);
    f.expect_ok(f.shop, id, SetPrice{Amount{1'100}});
    f.expect_ok(f.alice, id, Purchase{f.shop, Amount{20}, Amount{1'200}, false});
    CHECK(f.usdc.balance(f.alice) == 78'000);
    CHECK(f.usdc.balance(f.shop) == 100'000 - 48'000 + 22'000);
    CHECK(f.usdc.balance(f.farm) == 148'000);
    CHECK(f.goods.totals().consumed == 20);
    CHECK(f.goods.totals().stock == 80);
    CHECK(f.goods.totals().sales == 70'000);

    // 12'599 in wages are 20 pieces and 599 for nothing.
    const auto made = f.expect_ok(f.farm, id, PayWage{f.alice, Amount{12'599}, true});
    CHECK(made.returns.values[0] == 20);
    CHECK(f.goods.offer(f.farm).stock == 60);
    f.expect_ok(f.shop, id, PayWage{f.alice, Amount{5'000}, false});
    CHECK(f.goods.offer(f.shop).stock == 40);
    CHECK(f.usdc.balance(f.alice) == 78'000 + 12'599 + 5'000);
    CHECK(f.goods.totals().wages == 17'599);
    CHECK(f.goods.totals().produced == 120);
    f.expect_refusal(f.farm, id, PayWage{f.alice, {}, true}, "GoodsRegister: nothing to pay");
    // Nobody makes goods out of money that he keeps.
    f.expect_refusal(
        f.farm, id, PayWage{f.farm, Amount{600}, true}, "GoodsRegister: nothing to pay");
    f.expect_refusal(
        f.farm, id, PayWage{AccountId{1'000'000}, Amount{600}, true}, "no such account");
    f.expect_ok(f.shop, id, SetPrice{});
    f.expect_refusal(f.alice, id, Purchase{f.shop, Amount{1}, Amount::max(), false},
        "GoodsRegister: not for sale");
    f.expect_ok(f.shop, id, SetPrice{Amount::max()});
    f.expect_refusal(f.alice, id, Purchase{f.shop, Amount{2}, Amount::max(), false}, "Panic(0x11)");
}

namespace
{
struct Operation
{
    std::uint8_t kind = 0;
    std::uint8_t who = 0;
    std::uint8_t other = 0;
    std::uint64_t amount = 0;
    bool flag = false;
};
}  // namespace

// Method: 100'000 random prices, purchases and wages. After each, pieces made are pieces used and
// pieces on shelves, by a count of the test's own, and money neither comes nor goes.
TEST_CASE("goods register: nothing is sold that was not made", "[contracts][goods][property]")
{
    std::mt19937_64 random{20'241'201};
    std::vector<Operation> operations(100'000);
    for (auto& operation : operations)
    {
        operation = {static_cast<std::uint8_t>(random() % 3),
            static_cast<std::uint8_t>(random() % 3), static_cast<std::uint8_t>(random() % 3),
            random() % 2'000, random() % 2 == 0};
    }
    std::array<std::size_t, 3> succeeded{};
    const auto found = tests::find_counterexample(operations,
        [&succeeded](std::span<const Operation> list) -> std::optional<tests::Broken>
        {
            GoodsFixture f;
            succeeded = {};
            Amount made{100};
            Amount used;
            for (std::size_t i = 0; i < list.size(); ++i)
            {
                const auto& operation = list[i];
                const auto who = f.people()[operation.who];
                const auto other = f.people()[operation.other];
                const Amount pieces{operation.amount % 20};
                Sandbox::Outcome outcome;
                if (operation.kind == 0)
                    outcome = f.sandbox.run(who, f.goods.id(), SetPrice{Amount{operation.amount}});
                else if (operation.kind == 1)
                {
                    outcome = f.sandbox.run(
                        who, f.goods.id(), Purchase{other, pieces, Amount{1'500}, operation.flag});
                    if (outcome.ok() && !operation.flag)
                        used = wrapping_add(used, pieces);
                }
                else
                {
                    outcome = f.sandbox.run(who, f.goods.id(),
                        PayWage{other, Amount{operation.amount}, operation.flag});
                    if (outcome.ok() && operation.flag)
                        made = wrapping_add(made, Amount{operation.amount / 600});
                }
                succeeded[operation.kind] += outcome.ok() ? 1 : 0;
                if (const auto findings = f.sandbox.world().check_invariants(); !findings.empty())
                    return tests::Broken{i, findings.front()};
                Amount shelves;
                Amount money;
                for (const auto account : f.people())
                {
                    shelves = wrapping_add(shelves, f.goods.offer(account).stock);
                    money = wrapping_add(money, f.usdc.balance(account));
                }
                if (made != wrapping_add(used, shelves))
                {
                    return tests::Broken{i, made.to_string() + " were made, " + used.to_string() +
                                                " used, " + shelves.to_string() + " are there"};
                }
                if (money != 300'000)
                    return tests::Broken{i, "money came from nowhere"};
            }
            return std::nullopt;
        });
    if (found)
        FAIL(found->what << ", " << found->operations.size() << " operations");
    CHECK(succeeded[0] > 10'000);
    CHECK(succeeded[1] > 4'000);
    CHECK(succeeded[2] > 5'000);
}

}  // namespace runnel::contracts
