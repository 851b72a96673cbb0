#include "contracts/vaults/curve_vault/curve_vault.hpp"

#include "contracts/tokens/erc20/erc20.hpp"
#include "tests/contracts/contract_fixture.hpp"
#include "tests/support/shrinking.hpp"

#include <fmt/format.h>

#include <array>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <vector>

namespace runnel::contracts
{
namespace
{
using namespace erc4626;
using curve_vault::DoHardWork;
using curve_vault::Setup;

Amount dollars(std::uint64_t whole)
{
    return wrapping_mul(whole, Amount::power_of_ten(6));
}

/// A pool of 20 million USDC and 120 million USDT, and a vault that brings 100 million USDC.
struct CurveVaultFixture : ContractFixture
{
    explicit CurveVaultFixture(bool is_fair = true)
      : users{sandbox.account("alice"), sandbox.account("bob"), sandbox.account("carol")},
        keeper{sandbox.account("keeper")},
        usdc{sandbox.add<Erc20>("USDC", TokenInfo{"USDC", 6}, TokenFlavour::openzeppelin5)},
        usdt{sandbox.add<Erc20>("USDT", TokenInfo{"USDT", 6}, TokenFlavour::openzeppelin5)},
        pool{sandbox.add<CurveStableSwapPool>("pool",
            curve_stableswap::PoolSpec{curve_stableswap::Code::base_template,
                {usdc.id(), usdt.id()}, 200, 4'000'000, 5'000'000'000, zero_account, "crv"})},
        vault{sandbox.add<CurveVault>("vault", Setup{pool.id(), 0, is_fair, "keeper", "fUSDC"})}
    {
        sandbox.connect();
        sandbox.set_time(1'600'000'000);
        for (const auto user : users)
        {
            usdc.allocate(user, dollars(1'000'000'000));
            usdt.allocate(user, dollars(1'000'000'000));
            for (const auto token : {usdc.id(), usdt.id()})
            {
                for (const auto spender : {pool.account(), vault.account()})
                    expect_ok(user, token, Erc20Approve{spender, Amount::max()});
            }
        }
        curve_stableswap::AmountList amounts;
        amounts.push_back(dollars(20'000'000));
        amounts.push_back(dollars(120'000'000));
        expect_ok(users[1], pool.id(), curve_stableswap::AddLiquidity{amounts, 0, users[1]});
    }
    void begin()
    {
        call(users[2], Deposit{dollars(100'000'000), users[2]});
        call(keeper, DoHardWork{});
    }
    template <typename Call>
    Sandbox::Outcome call(AccountId sender, const Call& call)
    {
        return expect_ok(sender, vault.id(), call);
    }
    Amount swap(AccountId sender, std::int32_t from, const Amount& amount)
    {
        return expect_ok(
            sender, pool.id(), curve_stableswap::Exchange{from, 1 - from, amount, 0, sender})
            .returns.values[0];
    }
    [[nodiscard]] Amount money(AccountId account) const
    {
        return wrapping_add(usdc.balance(account), usdt.balance(account));
    }

    std::array<AccountId, 3> users;
    AccountId keeper;
    Erc20& usdc;
    Erc20& usdt;
    CurveStableSwapPool& pool;
    CurveVault& vault;
};
}  // namespace

// The attack of October 2020 with its swap and its deposit; figures in docs/attacks.md.
TEST_CASE("curve vault: a swap around a deposit gains where the pool's moment is the price",
    "[contracts][vaults][curve_vault]")
{
    const bool is_fair = GENERATE(false, true);
    CurveVaultFixture f{is_fair};
    f.begin();
    const auto alice = f.users[0];
    const auto before = f.money(alice);
    const auto price = f.vault.convert_to_assets(1'000'000'000, 1'600'000'000).value();
    const auto usdc = f.swap(alice, 1, dollars(17'200'000));
    const auto low = f.vault.convert_to_assets(1'000'000'000, 1'600'000'000).value();
    const auto shares = f.call(alice, Deposit{dollars(49'980'000), alice}).returns.values[0];
    f.swap(alice, 0, usdc);
    f.call(alice, Redeem{shares, alice, alice});
    const auto after = f.money(alice);
    CAPTURE(price.to_string(), low.to_string(), before.to_string(), after.to_string());
    if (is_fair)
    {
        CHECK(low >= price);  // By the fees of the swap.
        CHECK(after < before);
        return;
    }
    CHECK(low < price);
    REQUIRE(after > before);
    // 1.2 % of the deposit a time, within a tenth.
    const auto gain = wrapping_sub(after, before).to_double() / 49.98e12;
    CHECK(gain > 0.0108);
    CHECK(gain < 0.0132);
}

TEST_CASE("curve vault: pays out of what lies idle, then out of the pool",
    "[contracts][vaults][curve_vault]")
{
    CurveVaultFixture f;
    const auto [alice, bob, carol] = f.users;
    const auto id = f.vault.id();
    f.expect_refusal(alice, id, DoHardWork{}, "CurveVault: KEEPER");
    f.expect_refusal(alice, id, Deposit{0, alice}, "CurveVault: ZERO_SHARES");
    CHECK(f.call(f.keeper, DoHardWork{}).returns.values[0].is_zero());
    CHECK(f.call(alice, Deposit{1'000, alice}).returns.values[0] == 1'000);
    CHECK(f.call(bob, erc4626::Mint{500, bob}).returns.values[0] == 500);
    CHECK(f.call(alice, Redeem{1'000, alice, alice}).returns.values[0] == 1'000);
    f.call(bob, Withdraw{500, bob, bob});
    CHECK(f.vault.total_assets(0).is_zero());

    f.begin();
    // What the pool pays for a part is a little less than that part of a fair value.
    const auto paid = f.call(carol, Redeem{dollars(1'000'000), carol, carol}).returns.values[0];
    CHECK(paid < f.vault.convert_to_assets(dollars(1'000'000), 1'600'000'000).value());
    CHECK(paid > dollars(999'000));
    f.expect_refusal(carol, id, Withdraw{dollars(1'000'000), carol, carol}, "CurveVault: SHORT");
    f.call(alice, Deposit{dollars(2'000'000), alice});
    f.call(carol, Withdraw{dollars(1'000'000), carol, carol});
    const auto mine = f.vault.balance(alice);
    f.expect_refusal(alice, id, Redeem{wrapping_add(mine, 1), alice, alice},
        fmt::format("ERC4626ExceededMaxRedeem(#{}, {}, {})", index(alice),
            wrapping_add(mine, 1).to_string(), mine.to_string()));
    CHECK_FALSE(f.sandbox.run(alice, id, Redeem{1, alice, AccountId{1'000'000}}).ok());
    CHECK_FALSE(f.sandbox.run(alice, id, Withdraw{1, alice, AccountId{1'000'000}}).ok());
    f.expect_refusal(alice, id, Redeem{1, alice, carol},
        fmt::format("ERC20InsufficientAllowance(#{}, 0, 1)", index(alice)));
}

namespace
{
struct Step
{
    unsigned action = 0;
    std::uint64_t amount = 0;
};

/// Alice trades, and goes in and out of the vault. What she has at the end is no more than she
/// brought: of a fair vault nobody gets anything by swaps around deposits.
std::optional<tests::Broken> play(std::span<const Step> steps)
{
    CurveVaultFixture f{true};
    f.begin();
    const auto alice = f.users[0];
    const auto before = f.money(alice);
    for (std::size_t i = 0; i < steps.size(); ++i)
    {
        const auto& step = steps[i];
        const auto amount = dollars(step.amount % 30'000'000 + 1);
        switch (step.action)
        {
            case 0: f.sandbox.run(alice, f.vault.id(), Deposit{amount, alice}); break;
            case 1:
                f.sandbox.run(alice, f.vault.id(),
                    Redeem{std::min(amount, f.vault.balance(alice)), alice, alice});
                break;
            default: {
                const auto from = static_cast<std::int32_t>(step.action % 2);
                f.sandbox.run(alice, f.pool.id(),
                    curve_stableswap::Exchange{from, 1 - from, amount, 0, alice});
                break;
            }
        }
        // At the end out of everything, in a pool that is as it was.
        if (i + 1 != steps.size())
            continue;
        f.sandbox.run(alice, f.vault.id(), Redeem{f.vault.balance(alice), alice, alice});
        const auto usdc_reserve = f.pool.reserve(f.usdc.id());
        const auto usdt_reserve = f.pool.reserve(f.usdt.id());
        const bool lacks_usdc = usdc_reserve < usdt_reserve;
        const auto gap = lacks_usdc ? wrapping_sub(usdt_reserve, usdc_reserve)
                                    : wrapping_sub(usdc_reserve, usdt_reserve);
        const auto from = lacks_usdc ? 0 : 1;
        f.sandbox.run(alice, f.pool.id(),
            curve_stableswap::Exchange{from, 1 - from, div_down(gap, 2), 0, alice});
        // The pool begins a little out of balance, which is there for anybody to earn.
        const auto allowed = wrapping_add(before, dollars(30'000));
        if (f.money(alice) > allowed)
        {
            return tests::Broken{i, fmt::format("alice has gained {}",
                                        wrapping_sub(f.money(alice), before).to_string())};
        }
    }
    return std::nullopt;
}
}  // namespace

// Method: 100,000 random swaps, deposits and redemptions in worlds of 100. The keeper stays
// away: what it invests in a pool that is out of balance can be sandwiched, as any deposit there.
TEST_CASE("curve vault: a fair vault pays nobody for moving the pool",
    "[contracts][vaults][curve_vault][property]")
{
    std::mt19937_64 random{20'260'504};
    for (int round = 0; round < 1'000; ++round)
    {
        std::vector<Step> steps(100);
        for (auto& step : steps)
        {
            step.action = static_cast<unsigned>(random() % 4);
            step.amount = random() % 30'000'000 >> (random() % 20);
        }
        CAPTURE(round);
        const auto broken = tests::find_counterexample(steps, play);
        std::string told;
        for (const auto& step : broken ? broken->operations : std::vector<Step>{})
            told += fmt::format("\n  action {} amount {}", step.action, step.amount);
        INFO((broken ? broken->what : "") << told);
        REQUIRE_FALSE(broken.has_value());
    }
}

}  // namespace runnel::contracts
