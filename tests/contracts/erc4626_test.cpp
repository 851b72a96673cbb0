#include "contracts/vaults/erc4626/erc4626.hpp"

#include "contracts/tokens/erc20/erc20.hpp"
#include "tests/contracts/contract_fixture.hpp"

#include <array>
#include <random>
#include <string>

namespace runnel::contracts
{
namespace
{
using namespace erc4626;

struct VaultFixture : ContractFixture
{
    explicit VaultFixture(std::uint8_t offset = 0, bool is_virtual = true)
      : minter{sandbox.account("minter")},
        users{sandbox.account("alice"), sandbox.account("bob"), sandbox.account("carol")},
        asset{sandbox.add<Erc20>("DAI", TokenInfo{"DAI", 18}, TokenFlavour::openzeppelin5, minter)},
        vault{sandbox.add<Erc4626Vault>("vault", asset.id(), offset, "vDAI", is_virtual)}
    {
        sandbox.connect();
        for (const auto user : users)
        {
            asset.allocate(user, Amount::power_of_ten(24));
            expect_ok(user, asset.id(), Erc20Approve{vault.account(), Amount::max()});
        }
    }

    template <typename Call>
    Amount call(AccountId sender, const Call& call)
    {
        const auto outcome = expect_ok(sender, vault.id(), call);
        REQUIRE(outcome.undeclared_touches == 0);
        return outcome.returns.values[0];
    }
    void donate(const Amount& assets)
    {
        expect_ok(users[2], asset.id(), Erc20Transfer{vault.account(), assets});
    }
    void lose(const Amount& assets)
    {
        expect_ok(minter, asset.id(), Erc20Burn{vault.account(), assets});
    }

    AccountId minter;
    std::array<AccountId, 3> users;
    Erc20& asset;
    Erc4626Vault& vault;
};
}  // namespace

TEST_CASE("erc4626: what an inflation attack costs its maker", "[contracts][vaults]")
{
    const auto offset = static_cast<std::uint8_t>(GENERATE(0, 3));
    VaultFixture f{offset};
    const auto [alice, bob, carol] = f.users;
    CHECK(f.call(alice, Deposit{1, alice}) == Amount::power_of_ten(offset));
    f.donate(10'000);
    const auto got = f.call(bob, Deposit{15'000, bob});
    if (offset == 0)
    {
        CHECK(got == 2);  // 15,000 * 2 / 10,002
        CHECK(f.call(bob, Redeem{2, bob, bob}) == 12'501);
    }
    else
    {
        CHECK(got == 2'999);  // 15,000 * 2,000 / 10,002
        CHECK(f.call(bob, Redeem{2'999, bob, bob}) == 14'999);
    }
}

// By hand, with a victim's V = 20,000 after one unit and a gift of D: without virtual shares D = V
// / 2 earns V / 4 and D = V earns V; with them the same gifts lose V / 5 and V / 3.
TEST_CASE(
    "erc4626: a vault without virtual shares pays who inflates its share", "[contracts][vaults]")
{
    struct Case
    {
        bool is_virtual;
        std::uint64_t gift, victims_shares, redeemed, victim_left;
    };
    const auto c =
        GENERATE(Case{false, 10'000, 1, 15'000, 15'001}, Case{false, 20'000, 0, 40'001, 0},
            Case{true, 10'000, 3, 6'000, 18'001}, Case{true, 20'000, 1, 13'334, 13'334});
    VaultFixture f{0, c.is_virtual};
    const auto [alice, bob, carol] = f.users;
    CHECK(f.vault.convert_to_assets(7).value() == 7);
    CHECK(f.call(alice, Deposit{1, alice}) == 1);
    f.donate(c.gift);
    CHECK(f.call(bob, Deposit{20'000, bob}) == c.victims_shares);
    CHECK(f.call(alice, Redeem{1, alice, alice}) == c.redeemed);
    if (c.victims_shares > 0)
        CHECK(f.call(bob, Redeem{c.victims_shares, bob, bob}) == c.victim_left);
}

TEST_CASE(
    "erc4626: without virtual shares the first deposit sets the price again", "[contracts][vaults]")
{
    VaultFixture f{3, false};
    const auto [alice, bob, carol] = f.users;
    CHECK(f.call(alice, Deposit{5, alice}) == 5'000);
    CHECK(f.call(bob, erc4626::Mint{1'500, bob}) == 2);  // 1.5 units, up.
    f.lose(7);
    f.expect_refusal(bob, f.vault.id(), Deposit{1, bob}, "Panic(0x12)");
    f.call(alice, Redeem{5'000, alice, alice});
    f.call(bob, Redeem{1'500, bob, bob});
    CHECK(f.call(bob, erc4626::Mint{1'001, bob}) == 2);
    CHECK(f.call(bob, Deposit{1, bob}) == 500);  // 1 * 1,001 / 2, down.
}

TEST_CASE(
    "erc4626: calls do what previews say, and refuse in the deployed order", "[contracts][vaults]")
{
    VaultFixture f{2};
    const auto [alice, bob, carol] = f.users;
    const auto id = f.vault.id();
    f.call(alice, Deposit{1'000, alice});
    f.donate(77);
    CHECK(f.vault.token_info()->decimals == 20);
    CHECK(f.vault.preview_deposit(10, 0).value() == 928);  // 10 * 100,100 / 1,078 = 928.57
    CHECK(f.vault.preview_mint(1'000).value() == 11);      // 10.77, up
    CHECK(f.vault.preview_withdraw(10).value() == 929);
    CHECK(f.vault.preview_redeem(1'000, 0).value() == 10);
    CHECK(f.vault.convert_to_assets(100'000).value() == 1'076);
    CHECK(f.vault.max_withdraw(alice) == 1'076);

    f.expect_refusal(alice, id, Withdraw{1'077, alice, alice},
        "ERC4626ExceededMaxWithdraw(#" + std::to_string(index(alice)) + ", 1077, 1076)");
    f.expect_refusal(alice, id, Redeem{100'001, alice, alice},
        "ERC4626ExceededMaxRedeem(#" + std::to_string(index(alice)) + ", 100001, 100000)");
    f.expect_refusal(bob, id, Redeem{1, bob, alice},
        "ERC20InsufficientAllowance(#" + std::to_string(index(bob)) + ", 0, 1)");
    f.expect_refusal(alice, id, Deposit{1, zero_account}, "ERC20InvalidReceiver(#0)");
    f.expect_refusal(alice, id, Redeem{1'000, zero_account, alice}, "ERC20InvalidReceiver(#0)");
    f.expect_refusal(alice, id, Deposit{Amount::max(), alice}, "Panic(0x11)");
    f.expect_refusal(alice, id, Redeem{1, alice, AccountId{1'000'000}}, "no such account");

    f.call(alice, Erc20Approve{bob, 1'000});
    CHECK(f.call(bob, Withdraw{10, carol, alice}) == 929);
    CHECK(f.vault.allowance(alice, bob) == 71);
    f.call(alice, Erc20Approve{bob, Amount::max()});
    CHECK(f.call(bob, Redeem{1'000, bob, alice}) == 10);
    CHECK(f.vault.allowance(alice, bob) == Amount::max());
}

TEST_CASE("erc4626: nobody gains by coming and going", "[contracts][vaults]")
{
    std::mt19937_64 random{20'260'303};
    for (int round = 0; round < 30; ++round)
    {
        const auto offset = static_cast<std::uint8_t>(round % 4);
        VaultFixture f{offset};
        const auto drawn = [&](std::uint64_t top) { return Amount{random() % (top + 1)}; };
        // A share's worth: (assets + 1) / (shares + offset) must not fall by what users do.
        const auto price = [&]
        {
            return std::pair{wrapping_add(f.vault.total_assets(), 1),
                wrapping_add(f.vault.total_supply(), Amount::power_of_ten(offset))};
        };
        for (int i = 0; i < 50; ++i)
        {
            const auto user = f.users[random() % f.users.size()];
            const auto top = std::uint64_t{1} << random() % 40;
            const auto amount = drawn(top);
            CAPTURE(round, i, amount.to_string(), f.vault.total_assets().to_string(),
                f.vault.total_supply().to_string());
            const auto before = price();
            const auto kind = random() % 6;
            if (kind == 0)
            {
                const auto preview = f.vault.preview_deposit(amount, 0).value();
                REQUIRE(f.call(user, Deposit{amount, user}) == preview);
            }
            else if (kind == 1)
            {
                const auto preview = f.vault.preview_mint(amount).value();
                if (preview <= f.asset.balance(user))
                    REQUIRE(f.call(user, Mint{amount, user}) == preview);
            }
            else if (kind == 2)
            {
                const auto take = std::min(amount, f.vault.max_withdraw(user));
                const auto preview = f.vault.preview_withdraw(take).value();
                REQUIRE(f.call(user, Withdraw{take, user, user}) == preview);
            }
            else if (kind == 3)
            {
                const auto burn = std::min(amount, f.vault.max_redeem(user));
                const auto preview = f.vault.preview_redeem(burn, 0).value();
                REQUIRE(f.call(user, Redeem{burn, user, user}) == preview);
            }
            else if (kind == 4)
                f.donate(drawn(top));
            else
            {
                f.lose(std::min(amount, f.vault.total_assets()));
                continue;
            }
            const auto after = price();
            REQUIRE(wrapping_mul(after.first, before.second) >=
                    wrapping_mul(before.first, after.second));
        }
    }
}

TEST_CASE("erc4626: the vault as strategies know it", "[contracts][vaults]")
{
    VaultFixture f;
    const auto [alice, bob, carol] = f.users;
    const Vault* vault = find_vault(f.sandbox.world(), f.vault.id());
    REQUIRE(vault != nullptr);
    CHECK(find_vault(f.sandbox.world(), f.asset.id()) == nullptr);
    CallWriter calls;
    vault->add_deposit(calls, 100, alice);
    vault->add_mint(calls, 50, alice);
    f.expect_ok(alice, calls);
    CHECK(vault->asset() == f.asset.id());
    CHECK(vault->total_assets(0) == 150);
    CHECK(vault->share_supply(0) == 150);
    CHECK(vault->max_deposit(alice, 0) == Amount::max());
    CHECK(vault->max_redeem(alice, 0) == 150);
    CallWriter leave;
    vault->add_withdraw(leave, 100, bob, alice);
    vault->add_redeem(leave, 50, bob, alice);
    f.expect_ok(alice, leave);
    CHECK(vault->share_balance(alice).is_zero());
    CHECK(f.asset.balance(bob) == wrapping_add(Amount::power_of_ten(24), 150));
}

}  // namespace runnel::contracts
