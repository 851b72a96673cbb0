#include "contracts/tokens/erc20/erc20.hpp"

#include "tests/contracts/contract_fixture.hpp"

#include <map>
#include <random>

namespace runnel::contracts
{
namespace
{
struct TokenFixture : ContractFixture
{
    explicit TokenFixture(TokenFlavour flavour)
      : minter{sandbox.account("minter")},
        alice{sandbox.account("alice")},
        bob{sandbox.account("bob")},
        token{sandbox.add<Erc20>("TOKEN", TokenInfo{"TOKEN", 18}, flavour, minter)}
    {
        sandbox.connect();
        token.allocate(alice, 100);
    }

    template <typename Call>
    Sandbox::Outcome expect_ok(AccountId sender, const Call& call)
    {
        return ContractFixture::expect_ok(sender, token.id(), call);
    }
    template <typename Call>
    void expect_refusal(AccountId sender, const Call& call, std::string_view reason)
    {
        ContractFixture::expect_refusal(sender, token.id(), call, reason);
    }

    AccountId minter;
    AccountId alice;
    AccountId bob;
    Erc20& token;
};

constexpr AccountId nobody{1'000'000};
}  // namespace

TEST_CASE("erc20: each flavour words its refusals as its source does", "[contracts][erc20]")
{
    struct Case
    {
        TokenFlavour flavour;
        const char* balance;
        const char* allowance;
        const char* burn;
        const char* not_minter;
        const char* supply;
    };
    const auto c = GENERATE(
        Case{TokenFlavour::openzeppelin5, "ERC20InsufficientBalance(#3, 100, 101)",
            "ERC20InsufficientAllowance(#4, 10, 11)", "ERC20InsufficientBalance(#3, 100, 101)",
            "OwnableUnauthorizedAccount(#4)", "Panic(0x11)"},
        Case{TokenFlavour::openzeppelin4, "ERC20: transfer amount exceeds balance",
            "ERC20: insufficient allowance", "ERC20: burn amount exceeds balance",
            "Ownable: caller is not the owner", "Panic(0x11)"},
        Case{TokenFlavour::uniswap, "ds-math-sub-underflow", "ds-math-sub-underflow",
            "ds-math-sub-underflow", "UniswapV2: FORBIDDEN", "ds-math-add-overflow"});
    TokenFixture f{c.flavour};
    REQUIRE(index(f.alice) == 3);
    f.expect_ok(f.alice, Erc20Approve{f.bob, 10});

    f.expect_refusal(f.alice, Erc20Transfer{f.bob, 101}, c.balance);
    f.expect_refusal(f.bob, Erc20TransferFrom{f.alice, f.bob, 11}, c.allowance);
    f.expect_refusal(f.minter, Erc20Burn{f.alice, 101}, c.burn);
    f.expect_refusal(f.bob, Erc20Mint{f.bob, 1}, c.not_minter);
    f.expect_refusal(f.bob, Erc20Burn{f.alice, 1}, c.not_minter);
    f.expect_refusal(f.minter, Erc20Mint{f.bob, wrapping_sub(Amount::max(), 99)}, c.supply);
    f.expect_ok(f.minter, Erc20Mint{f.bob, wrapping_sub(Amount::max(), 100)});
    CHECK(f.token.total_supply() == Amount::max());
}

TEST_CASE("erc20: zero accounts are refused by OpenZeppelin's, in its order", "[contracts][erc20]")
{
    SECTION("openzeppelin5")
    {
        TokenFixture f{TokenFlavour::openzeppelin5};
        f.expect_refusal(zero_account, Erc20Transfer{zero_account, 1}, "ERC20InvalidSender(#0)");
        // The receiver is looked at before the balance.
        f.expect_refusal(f.alice, Erc20Transfer{zero_account, 101}, "ERC20InvalidReceiver(#0)");
        f.expect_refusal(zero_account, Erc20Approve{zero_account, 1}, "ERC20InvalidApprover(#0)");
        f.expect_refusal(f.alice, Erc20Approve{zero_account, 1}, "ERC20InvalidSpender(#0)");
        // The allowance first; then its decrement is an approval; then the transfer.
        f.expect_refusal(f.bob, Erc20TransferFrom{zero_account, f.bob, 1},
            "ERC20InsufficientAllowance(#4, 0, 1)");
        f.expect_refusal(
            zero_account, Erc20TransferFrom{zero_account, f.bob, 0}, "ERC20InvalidApprover(#0)");
        f.expect_refusal(
            zero_account, Erc20TransferFrom{f.alice, f.bob, 0}, "ERC20InvalidSpender(#0)");
        f.expect_refusal(
            f.bob, Erc20TransferFrom{f.alice, zero_account, 0}, "ERC20InvalidReceiver(#0)");
        f.expect_refusal(f.minter, Erc20Mint{zero_account, 1}, "ERC20InvalidReceiver(#0)");
        f.expect_refusal(f.minter, Erc20Burn{zero_account, 1}, "ERC20InvalidSender(#0)");
    }
    SECTION("openzeppelin4")
    {
        TokenFixture f{TokenFlavour::openzeppelin4};
        f.expect_refusal(
            zero_account, Erc20Transfer{zero_account, 1}, "ERC20: transfer from the zero address");
        f.expect_refusal(
            f.alice, Erc20Transfer{zero_account, 101}, "ERC20: transfer to the zero address");
        f.expect_refusal(
            zero_account, Erc20Approve{zero_account, 1}, "ERC20: approve from the zero address");
        f.expect_refusal(
            f.alice, Erc20Approve{zero_account, 1}, "ERC20: approve to the zero address");
        f.expect_refusal(f.minter, Erc20Mint{zero_account, 1}, "ERC20: mint to the zero address");
        f.expect_refusal(f.minter, Erc20Burn{zero_account, 1}, "ERC20: burn from the zero address");
    }
    SECTION("uniswap: the zero account is one like any other")
    {
        TokenFixture f{TokenFlavour::uniswap};
        f.expect_ok(f.alice, Erc20Transfer{zero_account, 1});
        f.expect_ok(f.alice, Erc20Approve{zero_account, 1});
        CHECK(f.token.balance(zero_account) == 1);
    }
}

TEST_CASE("erc20: an allowance is used up, one of 2^256-1 is not", "[contracts][erc20]")
{
    const auto flavour =
        GENERATE(TokenFlavour::openzeppelin5, TokenFlavour::openzeppelin4, TokenFlavour::uniswap);
    TokenFixture f{flavour};

    f.expect_ok(f.alice, Erc20Approve{f.bob, 10});
    f.expect_ok(f.bob, Erc20TransferFrom{f.alice, f.bob, 4});
    CHECK(f.token.allowance(f.alice, f.bob) == 6);
    // A transfer that fails after the decrement gives the allowance back.
    f.expect_ok(f.alice, Erc20Approve{f.bob, 1'000});
    CHECK_FALSE(f.sandbox.run(f.bob, f.token.id(), Erc20TransferFrom{f.alice, f.bob, 97}).ok());
    CHECK(f.token.allowance(f.alice, f.bob) == 1'000);

    f.expect_ok(f.alice, Erc20Approve{f.bob, Amount::max()});
    f.expect_ok(f.bob, Erc20TransferFrom{f.alice, f.bob, 96});
    CHECK(f.token.allowance(f.alice, f.bob) == Amount::max());
    CHECK(f.token.balance(f.bob) == 100);
    CHECK(f.token.balance(f.alice) == 0);
}

TEST_CASE("erc20: events are those of the flavour", "[contracts][erc20]")
{
    const auto dumps = [](const FinishedBlock& block)
    {
        std::string text;
        for (const auto& event : block.events)
            text += std::string{event.type->name} + event.type->dump(block.encoding(event)) + ";";
        return text;
    };
    const auto flavour =
        GENERATE(TokenFlavour::openzeppelin5, TokenFlavour::openzeppelin4, TokenFlavour::uniswap);
    TokenFixture f{flavour};
    CHECK(dumps(f.expect_ok(f.alice, Erc20Approve{f.bob, 10}).block) ==
          "Approval{owner=#3 spender=#4 value=10};");
    // Only OpenZeppelin 4 tells of the rest of the allowance.
    const std::string approval =
        flavour == TokenFlavour::openzeppelin4 ? "Approval{owner=#3 spender=#4 value=6};" : "";
    CHECK(dumps(f.expect_ok(f.bob, Erc20TransferFrom{f.alice, f.minter, 4}).block) ==
          approval + "Transfer{from_address=#3 to_address=#2 value=4};");
    CHECK(dumps(f.expect_ok(f.minter, Erc20Mint{f.bob, 7}).block) ==
          "Transfer{from_address=#0 to_address=#4 value=7};");
    CHECK(dumps(f.expect_ok(f.minter, Erc20Burn{f.alice, 7}).block) ==
          "Transfer{from_address=#3 to_address=#0 value=7};");
}

TEST_CASE("erc20: the minter burns of all, a holder his own", "[contracts][erc20]")
{
    TokenFixture f{TokenFlavour::openzeppelin5};
    f.expect_ok(f.alice, Erc20Burn{f.alice, 1});
    f.expect_ok(f.minter, Erc20Burn{f.alice, 2});
    CHECK(f.token.balance(f.alice) == 97);
    CHECK(f.token.total_supply() == 97);

    // Without a minter nobody is it, not even the zero account.
    Sandbox sandbox;
    auto& token = sandbox.add<Erc20>("T", TokenInfo{"T", 6}, TokenFlavour::openzeppelin5);
    sandbox.connect();
    CHECK_FALSE(sandbox.run(zero_account, token.id(), Erc20Mint{sandbox.account("x"), 1}).ok());
}

TEST_CASE("erc20: accounts that do not exist are refused", "[contracts][erc20]")
{
    const auto flavour = GENERATE(TokenFlavour::openzeppelin5, TokenFlavour::uniswap);
    TokenFixture f{flavour};
    f.expect_refusal(f.alice, Erc20Transfer{nobody, 1}, "no such account");
    f.expect_refusal(f.alice, Erc20Transfer{AccountId{0xFFFF'FFFF}, 1}, "no such account");
    f.expect_refusal(f.alice, Erc20Approve{nobody, 1}, "no such account");
    f.expect_refusal(f.alice, Erc20TransferFrom{nobody, f.bob, 0}, "no such account");
    f.expect_refusal(f.alice, Erc20TransferFrom{f.alice, nobody, 0}, "no such account");
    f.expect_refusal(f.minter, Erc20Mint{nobody, 1}, "no such account");
    f.expect_refusal(f.minter, Erc20Burn{nobody, 0}, "no such account");
}

TEST_CASE("erc20: a scenario's parameters make a token", "[contracts][erc20]")
{
    Parameters parameters;
    parameters.set("symbol", std::string{});
    parameters.set("decimals", std::int64_t{6});
    parameters.set("flavour", std::string{"openzeppelin4"});
    parameters.set("minter", std::string{"treasury"});
    parameters.set("fee_on_transfer_bps", std::int64_t{25});
    parameters.set("fee_collector", std::string{"taxes"});
    parameters.set("returns", std::string{"nothing"});

    Sandbox sandbox;
    auto& world = sandbox.world();
    auto& token = dynamic_cast<Erc20&>(world.add_contract(Erc20::contract_type().create(
        parameters, {ContractId{1}, sandbox.account("USDC"), "USDC"})));
    world.connect();
    GenesisBuilder builder{world};
    token.genesis(parameters, builder);

    CHECK(token.token_info()->symbol == "USDC");
    CHECK(token.token_info()->decimals == 6);
    CHECK(token.minter() == world.find_account("treasury").value());
    CHECK(sandbox.run(token.minter(), token.id(), Erc20Mint{token.minter(), 5}).ok());
    const auto taxes = world.find_account("taxes").value();
    const auto paid = sandbox.run(token.minter(), token.id(), Erc20Mint{token.minter(), 5'000});
    CHECK(paid.ok());
    const auto moved = sandbox.run(token.minter(), token.id(), Erc20Transfer{taxes, 1'000});
    CHECK(moved.returns.count == 0);
    CHECK(token.balance(taxes) == 1'000);
    CHECK(token.balance(token.minter()) == 4'005);
    CHECK(sandbox.run(taxes, token.id(), Erc20Transfer{token.minter(), 400}).ok());
    CHECK(token.balance(taxes) == 601);
    CHECK(sandbox.run(token.minter(), token.id(), Erc20Transfer{zero_account, 1})
              .receipt.refusal.to_string() == "ERC20: transfer to the zero address");
}

// Method: random calls of five accounts, small amounts so that refusals and successes are both
// common, against a model of maps written for this test.
TEST_CASE(
    "erc20: random calls agree with a model and keep the supply", "[contracts][erc20][property]")
{
    TokenFixture f{TokenFlavour::openzeppelin5};
    std::vector<AccountId> accounts{f.minter, f.alice, f.bob};
    for (const auto* name : {"carol", "dave"})
        accounts.push_back(f.sandbox.account(name));
    std::map<AccountId, std::uint64_t> balances{{f.alice, 100}};
    std::map<std::pair<AccountId, AccountId>, std::uint64_t> allowances;
    std::mt19937_64 random{20'260'102};
    int accepted = 0;
    for (int i = 0; i < 2'000; ++i)
    {
        const auto pick = [&] { return accounts[random() % accounts.size()]; };
        const auto sender = pick();
        const auto from = pick();
        const auto to = pick();
        const auto value = random() % 60;
        bool expected = true;
        bool ok = false;
        switch (random() % 4)
        {
            case 0:
                expected = balances[sender] >= value;
                ok = f.sandbox.run(sender, f.token.id(), Erc20Transfer{to, value}).ok();
                if (expected)
                {
                    balances[sender] -= value;
                    balances[to] += value;
                }
                break;
            case 1:
                ok = f.sandbox.run(sender, f.token.id(), Erc20Approve{to, value}).ok();
                allowances[{sender, to}] = value;
                break;
            case 2:
                expected = allowances[{from, sender}] >= value && balances[from] >= value;
                ok = f.sandbox.run(sender, f.token.id(), Erc20TransferFrom{from, to, value}).ok();
                if (expected)
                {
                    allowances[{from, sender}] -= value;
                    balances[from] -= value;
                    balances[to] += value;
                }
                break;
            default:
                expected = sender == f.minter;
                ok = f.sandbox.run(sender, f.token.id(), Erc20Mint{to, value}).ok();
                if (expected)
                    balances[to] += value;
                break;
        }
        CAPTURE(i, index(sender), index(from), index(to), value);
        REQUIRE(ok == expected);
        accepted += ok ? 1 : 0;
        std::uint64_t supply = 0;
        for (const auto account : accounts)
        {
            REQUIRE(f.token.balance(account) == balances[account]);
            REQUIRE(f.token.allowance(from, account) == allowances[std::pair{from, account}]);
            supply += balances[account];
        }
        REQUIRE(f.token.total_supply() == supply);
    }
    CHECK(accepted > 500);
    CHECK(f.sandbox.world().check_invariants().empty());
}

}  // namespace runnel::contracts
