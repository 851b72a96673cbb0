#include "contracts/kit/sectors/vault.hpp"
#include "contracts/staking/ethena/susde.hpp"
#include "contracts/tokens/erc20/erc20.hpp"
#include "tests/contracts/uniswap_v2_fixture.hpp"

#include <optional>
#include <random>
#include <string>

namespace runnel::contracts
{
namespace
{
using namespace ethena;

constexpr std::uint64_t start = 1'700'000'000;
constexpr std::uint64_t hour = 3'600;
constexpr std::uint64_t day = 86'400;

Amount plus(const Amount& a, const Amount& b)
{
    return wrapping_add(a, b);
}

/// A vault with a cooldown of a week; everybody has a million USDe and has approved it.
struct EthenaFixture : ContractFixture
{
    EthenaFixture()
      : alice{sandbox.account("alice")},
        bob{sandbox.account("bob")},
        admin{sandbox.account("admin")},
        rewarder{sandbox.account("rewarder")},
        manager{sandbox.account("manager")},
        usde{sandbox.add<Erc20>("USDe", TokenInfo{"USDe", 18}, TokenFlavour::openzeppelin4)},
        vault{(sandbox.account(EthenaSusde::silo_name("sUSDe")),
            sandbox.add<EthenaSusde>(
                "sUSDe", "sUSDe", usde.id(), 7U * 86'400U, Roles{admin, rewarder, manager}))}
    {
        sandbox.connect();
        at(0);
        for (const auto account : {alice, bob, admin, rewarder, manager})
        {
            usde.allocate(account, ether(1'000'000));
            expect_ok(account, usde.id(), Erc20Approve{vault.account(), Amount::max()});
        }
    }

    void at(std::uint64_t seconds)
    {
        now = start + seconds;
        sandbox.set_time(now);
    }
    template <typename Call>
    Sandbox::Outcome expect_declared(AccountId sender, const Call& call)
    {
        auto outcome = expect_ok(sender, vault.id(), call);
        CHECK(outcome.undeclared_touches == 0);
        return outcome;
    }
    template <typename Call>
    void refused(AccountId sender, const Call& call, std::string_view reason)
    {
        expect_refusal(sender, vault.id(), call, reason);
    }

    std::uint64_t now = start;
    AccountId alice;
    AccountId bob;
    AccountId admin;
    AccountId rewarder;
    AccountId manager;
    Erc20& usde;
    EthenaSusde& vault;
};
}  // namespace

TEST_CASE_METHOD(EthenaFixture, "sUSDe: rewards vest over eight hours", "[contracts][ethena]")
{
    expect_declared(alice, Deposit{ether(100), alice});
    CHECK(vault.balance(alice) == ether(100));
    expect_declared(rewarder, TransferInRewards{ether(8)});
    CHECK(vault.unvested(now).value() == ether(8));
    CHECK(vault.total_assets(now) == ether(100));
    at(hour);
    CHECK(vault.total_assets(now) == ether(101));
    refused(rewarder, TransferInRewards{1}, "StillVesting()");
    // 10 * (100e18 + 1) / (101e18 + 1), rounded down; the other way round, up.
    CHECK(vault.convert_to_shares(ether(10), now).value() == decimal("9900990099009900990"));
    expect_declared(bob, Deposit{ether(10), bob});
    CHECK(vault.balance(bob) == decimal("9900990099009900990"));
    CHECK(vault.preview_mint(decimal("9900990099009900990"), now).value() == ether(10));
    at(8 * hour - 1);
    CHECK(vault.unvested(now).value() == decimal("277777777777777"));
    at(8 * hour);
    CHECK(vault.unvested(now).value() == 0);
    CHECK(vault.total_assets(now) == ether(118));
    expect_declared(rewarder, TransferInRewards{1});
    // Before the rewards came there is no answer.
    CHECK(vault.unvested(now - 1).error().to_string() == "Panic(0x11)");
    at(8 * hour - 1);
    refused(alice, Deposit{1, alice}, "Panic(0x11)");
}

TEST_CASE_METHOD(EthenaFixture, "sUSDe: what withdraws waits in the silo", "[contracts][ethena]")
{
    expect_declared(alice, Deposit{ether(100), alice});
    refused(alice, Withdraw{1, alice, alice}, "OperationNotAllowed()");
    refused(alice, Redeem{1, alice, alice}, "OperationNotAllowed()");
    CHECK(vault.max_redeem(alice, now) == 0);
    CHECK_FALSE(vault.preview_redeem(ether(1), now).has_value());
    refused(alice, CooldownShares{plus(ether(100), 1)}, "ExcessiveRedeemAmount()");
    refused(alice, CooldownAssets{plus(ether(100), 1)}, "ExcessiveWithdrawAmount()");
    refused(alice, CooldownAssets{0}, "InvalidAmount()");
    refused(alice, CooldownShares{plus(ether(99), 1)}, "MinSharesViolation()");
    expect_declared(alice, CooldownShares{ether(10)});
    CHECK(usde.balance(vault.silo()) == ether(10));
    CHECK(vault.cooldown(alice).end == start + 7 * day);
    refused(alice, Unstake{bob}, "InvalidCooldown()");

    // One more starts all of it over; a change of the length does not.
    at(6 * day);
    expect_declared(alice, CooldownAssets{ether(5)});
    CHECK(vault.cooldown(alice).end == start + 13 * day);
    CHECK(vault.cooldown(alice).underlying_amount == ether(15));
    expect_ok(admin, vault.id(), SetCooldownDuration{1});
    at(13 * day - 1);
    refused(alice, Unstake{bob}, "InvalidCooldown()");
    at(13 * day);
    expect_declared(alice, Unstake{bob});
    CHECK(usde.balance(bob) == ether(1'000'015));
    expect_declared(alice, Unstake{bob});  // Of nothing.

    // Without a cooldown, what is under way is paid, and others are not started.
    expect_declared(alice, CooldownShares{ether(10)});
    expect_ok(admin, vault.id(), SetCooldownDuration{0});
    refused(alice, CooldownShares{1}, "OperationNotAllowed()");
    refused(alice, CooldownAssets{1}, "OperationNotAllowed()");
    expect_declared(alice, Unstake{alice});
    CHECK(vault.max_withdraw(alice, now) == ether(75));
    refused(alice, Withdraw{plus(ether(75), 1), alice, alice}, "ERC4626: withdraw more than max");
    refused(alice, Redeem{plus(ether(75), 1), alice, alice}, "ERC4626: redeem more than max");
    refused(bob, Redeem{ether(1), bob, alice}, "ERC20: insufficient allowance");
    expect_ok(alice, vault.id(), Erc20Approve{bob, ether(1)});
    expect_declared(bob, Redeem{ether(1), bob, alice});
    expect_declared(alice, Withdraw{ether(74), alice, alice});
    CHECK(vault.total_supply() == 0);
}

TEST_CASE_METHOD(EthenaFixture, "sUSDe: rounding is against the holder", "[contracts][ethena]")
{
    expect_ok(admin, vault.id(), SetCooldownDuration{0});
    expect_ok(alice, usde.id(), Erc20Transfer{vault.account(), 7});  // Counts at once.
    expect_declared(alice, Deposit{ether(10), alice});
    // 10e18 * (0 + 1) / (7 + 1)
    CHECK(vault.balance(alice) == decimal("1250000000000000000"));
    // Of 10e18 + 7 assets and 1.25e18 shares: eight to one.
    const auto minted = expect_declared(bob, Mint{ether(1), bob});
    CHECK(minted.returns.values[0] == decimal("8000000000000000000"));
    const auto cost = expect_declared(bob, Mint{3, bob});
    CHECK(cost.returns.values[0] == 24);
    expect_ok(alice, usde.id(), Erc20Transfer{vault.account(), 1});
    const auto dearer = expect_declared(bob, Mint{3, bob});
    CHECK(dearer.returns.values[0] == 25);             // Up,
    refused(bob, Deposit{7, bob}, "InvalidAmount()");  // down to nothing;
    const auto burnt = expect_declared(bob, Withdraw{1, bob, bob});
    CHECK(burnt.returns.values[0] == 1);  // up,
    const auto paid = expect_declared(bob, Redeem{1, bob, bob});
    CHECK(paid.returns.values[0] == 8);  // down.

    // The most that goes out is a part of a unit less than all there is.
    const auto rate = vault.rate(now).value();
    const auto all = wrapping_mul(vault.balance(bob), plus(rate.assets, 1));
    REQUIRE(!remainder(all, plus(rate.supply, 1)).is_zero());
    const auto most = vault.max_withdraw(bob, now);
    CHECK(most == div_down(all, plus(rate.supply, 1)));
    refused(bob, Withdraw{plus(most, 1), bob, bob}, "ERC4626: withdraw more than max");
    expect_ok(admin, vault.id(), SetCooldownDuration{1});
    refused(bob, CooldownAssets{plus(most, 1)}, "ExcessiveWithdrawAmount()");
    expect_declared(bob, CooldownAssets{most});
}

TEST_CASE_METHOD(EthenaFixture, "sUSDe: what is on its way fits 152 bits", "[contracts][ethena]")
{
    const auto half = Amount::power_of_two(151);
    usde.allocate(alice, Amount::power_of_two(154));
    expect_declared(alice, Deposit{Amount::power_of_two(153), alice});
    expect_declared(alice, CooldownAssets{half});
    refused(alice, CooldownAssets{half}, "Panic(0x11)");
    expect_declared(alice, CooldownAssets{wrapping_sub(half, 1)});
    CHECK(vault.cooldown(alice).underlying_amount == wrapping_sub(Amount::power_of_two(152), 1));
}

TEST_CASE_METHOD(EthenaFixture, "sUSDe: restrictions, and what the admin may do with them",
    "[contracts][ethena]")
{
    expect_declared(alice, Deposit{ether(100), alice});
    expect_declared(bob, Deposit{ether(50), bob});
    const auto missing = [&](AccountId account, std::string_view role)
    {
        return "AccessControl: account #" + std::to_string(index(account)) + " is missing role " +
               std::string{role};
    };
    refused(alice, AddToBlacklist{bob, true},
        missing(alice, "0xf988e4fb62b8e14f4820fed03192306ddf4d7dbfa215595ba1c6ba4b76b369ee"));
    refused(alice, TransferInRewards{0},
        missing(alice, "0xbeec13769b5f410b0584f69811bfd923818456d5edcf426b0e31cf90eed7a3f6"));
    refused(alice, SetCooldownDuration{0},
        missing(alice, "0x0000000000000000000000000000000000000000000000000000000000000000"));
    refused(admin, SetCooldownDuration{7'776'001}, "InvalidCooldown()");
    refused(admin, SetCooldownDuration{1U << 24U}, "(no reason)");  // More than it has bits.
    refused(rewarder, TransferInRewards{0}, "InvalidAmount()");
    refused(manager, AddToBlacklist{admin, true}, "CantBlacklistOwner()");
    refused(admin, GrantRole{Role::admin, bob}, "InvalidAdminChange()");
    refused(admin, RevokeRole{Role::admin, admin}, "InvalidAdminChange()");
    const auto no_role = static_cast<Role>(99);
    refused(admin, GrantRole{no_role, bob}, "(no reason)");
    refused(admin, RevokeRole{no_role, bob}, "(no reason)");
    refused(alice, RenounceRole{Role::soft_restricted, alice}, "OperationNotAllowed()");
    refused(admin, RescueTokens{usde.id(), 1, admin}, "InvalidToken()");
    refused(admin, RescueTokens{native_coin, 1, admin}, "Address: call to non-contract");

    const auto granted = expect_ok(manager, vault.id(), AddToBlacklist{alice, false});
    const auto logs = ContractFixture::events_of<RoleGrantedLog>(granted.block);
    REQUIRE(logs.size() == 1);
    CHECK(logs[0].account == alice);
    const auto again = expect_ok(manager, vault.id(), AddToBlacklist{alice, false});
    CHECK(ContractFixture::events_of<RoleGrantedLog>(again.block).empty());
    refused(alice, Deposit{1, bob}, "OperationNotAllowed()");
    refused(bob, Deposit{1, alice}, "OperationNotAllowed()");
    CHECK(vault.max_deposit(alice, now) == 0);
    expect_declared(alice, Erc20Transfer{bob, ether(1)});
    expect_ok(manager, vault.id(), RemoveFromBlacklist{alice, false});

    refused(admin, RedistributeLockedAmount{alice, bob}, "OperationNotAllowed()");
    expect_ok(manager, vault.id(), AddToBlacklist{alice, true});
    refused(alice, Erc20Transfer{bob, 1}, "OperationNotAllowed()");
    refused(bob, Erc20Transfer{alice, 1}, "OperationNotAllowed()");
    refused(alice, Erc20Transfer{zero_account, 1}, "ERC20: transfer to the zero address");
    refused(alice, CooldownShares{1}, "OperationNotAllowed()");
    refused(bob, Deposit{ether(1), alice}, "OperationNotAllowed()");
    refused(admin, RedistributeLockedAmount{alice, alice}, "OperationNotAllowed()");
    // For all holders: it vests.
    expect_ok(admin, vault.id(), RedistributeLockedAmount{alice, zero_account});
    CHECK(vault.total_supply() == ether(51));
    CHECK(vault.unvested(now).value() == ether(99));
    CHECK(vault.total_assets(now) == ether(51));
    refused(admin, RedistributeLockedAmount{alice, zero_account}, "StillVesting()");
    expect_ok(admin, vault.id(), GrantRole{Role::full_restricted, bob});
    expect_ok(admin, vault.id(), RedistributeLockedAmount{bob, manager});
    CHECK(vault.balance(manager) == ether(51));
    // A restricted zero account: nobody can mint.
    expect_ok(manager, vault.id(), AddToBlacklist{zero_account, true});
    refused(manager, Deposit{ether(1), manager}, "OperationNotAllowed()");
}

TEST_CASE("sUSDe: random operations keep its laws", "[contracts][ethena]")
{
    std::mt19937_64 random{20'261'131};
    for (int run = 0; run < 20; ++run)
    {
        EthenaFixture f;
        if (run % 2 == 1)
            f.expect_ok(f.admin, f.vault.id(), SetCooldownDuration{0});
        f.expect_declared(f.alice, Deposit{ether(1), f.alice});
        const Vault& vault = f.vault;
        std::uint64_t elapsed = 0;
        for (int step = 0; step < 60; ++step)
        {
            INFO("run " << run << ", step " << step);
            elapsed += random() % (2 * hour);
            f.at(elapsed);
            const auto who = random() % 2 == 0 ? f.alice : f.bob;
            const auto amount = remainder(Amount{0, 0, random(), random()}, ether(1'000));
            const auto shares = remainder(amount, plus(f.vault.balance(who), 1));
            const auto before = f.vault.rate(f.now).value();
            CallWriter calls;
            std::optional<Result<Amount>> preview;
            switch (random() % 7)
            {
                case 0:
                    preview = vault.preview_deposit(amount, f.now);
                    vault.add_deposit(calls, amount, who);
                    break;
                case 1:
                    preview = vault.preview_mint(amount, f.now);
                    vault.add_mint(calls, amount, who);
                    break;
                case 2:
                    preview = vault.preview_redeem(shares, f.now);
                    vault.add_redeem(calls, shares, who, who);
                    break;
                case 3: {
                    const auto assets = f.vault.convert_to_assets(shares, f.now).value();
                    preview = vault.preview_withdraw(assets, f.now);
                    vault.add_withdraw(calls, assets, who, who);
                    break;
                }
                case 4: calls.add(f.vault.id(), CooldownShares{shares}); break;
                case 5: calls.add(f.vault.id(), Unstake{who}); break;
                default:
                    (void)f.sandbox.run(f.rewarder, f.vault.id(), TransferInRewards{amount});
                    calls.add(f.vault.id(), Erc20Transfer{f.alice, shares});
            }
            const auto outcome = f.sandbox.run(who, calls);
            REQUIRE(f.sandbox.world().check_invariants().empty());
            if (outcome.ok())
                CHECK(outcome.undeclared_touches == 0);
            if (preview)
            {
                // What a view cannot know: whether the caller can pay.
                if (outcome.ok())
                    CHECK(outcome.returns.values[0] == preview->value());
                else
                    CHECK(outcome.receipt.refusal.to_string() ==
                          (preview->has_value() ? "ERC20: transfer amount exceeds balance"
                                                : preview->error().to_string()));
            }
            // No share is worth less than before.
            const auto after = f.vault.rate(f.now).value();
            CHECK(mul_div_down(plus(after.assets, 1), plus(before.supply, 1), 1).value >=
                  mul_div_down(plus(before.assets, 1), plus(after.supply, 1), 1).value);
        }
    }
}

}  // namespace runnel::contracts
