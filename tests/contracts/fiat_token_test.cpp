#include "contracts/stablecoins/fiat_token/fiat_token.hpp"

#include "contracts/stablecoins/fiat_token/events.hpp"
#include "tests/contracts/contract_fixture.hpp"

#include <array>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace runnel::contracts
{
namespace
{
using namespace fiat_token;

constexpr AccountId nobody{1'000'000};

/// Two minters, of whom one may mint 1'000, and three holders of 100 each; the token and one holder
/// have addresses for which signatures are known.
struct FiatTokenFixture : ContractFixture
{
    explicit FiatTokenFixture(Version version = Version::v2_2)
      : token{deploy(version)},
        owner{sandbox.account("owner")},
        master{sandbox.account("master")},
        pauser{sandbox.account("pauser")},
        blacklister{sandbox.account("blacklister")},
        minter{sandbox.account("minter")},
        alice{sandbox.account("alice")},
        bob{sandbox.account("bob")},
        carol{sandbox.account("carol")},
        signer{add("signer", "0x587bfe6043f59f79036e27475d46483a709a7f19")},
        spender{add("spender", "0x00000000000000000000000000000000000b0b00")}
    {
        token.appoint({owner, master, pauser, blacklister, false, false});
        sandbox.connect();
        sandbox.set_time(1'700'000'000);
        for (const auto holder : {alice, bob, carol})
            token.allocate(sandbox.world(), holder, 100);
        ok(master, ConfigureMinter{minter, 1'000});
    }

    FiatToken& deploy(Version version)
    {
        add("USDC", "0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48");
        return sandbox.add<FiatToken>("USDC", Spec{{"USDC", 6}, "USD Coin", version, 1});
    }
    AccountId add(std::string name, std::string_view address)
    {
        return sandbox.world().add_account(
            {std::move(name), "wallet", "", Address::from_string(address).value()});
    }

    template <typename Call>
    Sandbox::Outcome ok(AccountId sender, const Call& call)
    {
        auto outcome = expect_ok(sender, token.id(), call);
        CHECK(outcome.undeclared_touches == 0);
        return outcome;
    }
    template <typename Call>
    void refused(AccountId sender, const Call& call, std::string_view reason)
    {
        expect_refusal(sender, token.id(), call, reason);
    }

    FiatToken& token;
    AccountId owner;
    AccountId master;
    AccountId pauser;
    AccountId blacklister;
    AccountId minter;
    AccountId alice;
    AccountId bob;
    AccountId carol;
    AccountId signer;
    AccountId spender;
};

constexpr std::string_view paused = "Pausable: paused";
constexpr std::string_view blacklisted = "Blacklistable: account is blacklisted";

std::vector<std::string> logs(const Sandbox::Outcome& outcome)
{
    std::vector<std::string> names;
    for (const auto& event : outcome.block.events)
        names.emplace_back(event.type->name);
    return names;
}
Version any_version()
{
    return GENERATE(Version::v2_1, Version::v2_2);
}
}  // namespace

// Each call is refused for the first reason first; the cause is then removed, one after the other.
TEST_CASE("fiat token: transfers are refused in the source's order", "[contracts][fiat_token]")
{
    FiatTokenFixture f{any_version()};
    f.ok(f.alice, Erc20Approve{f.bob, 150});
    f.ok(f.pauser, Pause{});
    for (const auto account : {f.alice, f.bob, f.carol})
        f.ok(f.blacklister, Blacklist{account});
    const Erc20TransferFrom from{f.alice, f.carol, 151};

    f.refused(f.alice, Erc20Transfer{nobody, 1}, "no such account");
    f.refused(f.alice, Erc20Transfer{f.bob, 101}, paused);
    f.refused(f.bob, from, paused);
    f.ok(f.pauser, Unpause{});
    // Each of those concerned is looked at.
    f.refused(f.alice, Erc20Transfer{f.minter, 101}, blacklisted);
    f.refused(f.minter, Erc20Transfer{f.alice, 101}, blacklisted);
    f.refused(f.minter, Erc20Transfer{f.token.account(), 0}, blacklisted);
    for (const auto account : {f.bob, f.alice, f.carol})
    {
        f.refused(f.bob, from, blacklisted);
        f.ok(f.blacklister, UnBlacklist{account});
    }
    f.refused(f.bob, from, "ERC20: transfer amount exceeds allowance");
    f.refused(f.bob, Erc20TransferFrom{f.alice, zero_account, 150},
        "ERC20: transfer to the zero address");
    f.refused(f.bob, Erc20TransferFrom{zero_account, f.carol, 0},
        "ERC20: transfer from the zero address");
    f.refused(
        f.bob, Erc20TransferFrom{f.alice, f.carol, 150}, "ERC20: transfer amount exceeds balance");
    f.refused(f.alice, Erc20Transfer{zero_account, 101}, "ERC20: transfer to the zero address");
    f.refused(f.alice, Erc20Transfer{f.bob, 101}, "ERC20: transfer amount exceeds balance");
    CHECK(logs(f.ok(f.bob, Erc20TransferFrom{f.alice, f.carol, 100})) ==
          std::vector<std::string>{"Transfer"});
    CHECK(f.token.allowance(f.alice, f.bob) == 50);
    CHECK(f.token.balance(f.carol) == 200);
    f.ok(f.carol, Erc20Transfer{f.carol, 200});
    CHECK(f.token.balance(f.carol) == 200);
}

TEST_CASE("fiat token: every allowance is used up", "[contracts][fiat_token]")
{
    FiatTokenFixture f{any_version()};
    f.ok(f.alice, Erc20Approve{f.bob, Amount::max()});
    f.ok(f.bob, Erc20TransferFrom{f.alice, f.carol, 1});
    CHECK(f.token.allowance(f.alice, f.bob) == wrapping_sub(Amount::max(), 1));
    // One's own tokens need one too.
    f.refused(
        f.bob, Erc20TransferFrom{f.bob, f.carol, 1}, "ERC20: transfer amount exceeds allowance");
}

TEST_CASE("fiat token: approvals are refused in the source's order", "[contracts][fiat_token]")
{
    const auto version = any_version();
    FiatTokenFixture f{version};
    f.ok(f.pauser, Pause{});
    f.ok(f.blacklister, Blacklist{f.alice});
    f.ok(f.blacklister, Blacklist{f.bob});
    f.refused(f.alice, Erc20Approve{f.bob, 1}, paused);
    f.refused(f.alice, IncreaseAllowance{f.bob, 1}, paused);
    f.refused(f.alice, DecreaseAllowance{f.bob, 1}, paused);
    f.ok(f.pauser, Unpause{});
    if (version == Version::v2_1)
    {
        for (const auto account : {f.alice, f.bob})
        {
            f.refused(f.alice, Erc20Approve{f.bob, 1}, blacklisted);
            f.refused(f.alice, IncreaseAllowance{f.bob, 1}, blacklisted);
            f.refused(f.alice, DecreaseAllowance{f.bob, 1}, blacklisted);
            f.ok(f.blacklister, UnBlacklist{account});
        }
    }
    f.refused(f.alice, Erc20Approve{zero_account, 1}, "ERC20: approve to the zero address");
    f.refused(f.alice, IncreaseAllowance{zero_account, 1}, "ERC20: approve to the zero address");
    f.refused(f.alice, DecreaseAllowance{zero_account, 0}, "ERC20: approve to the zero address");
    f.refused(f.alice, DecreaseAllowance{f.bob, 1}, "ERC20: decreased allowance below zero");
    CHECK(logs(f.ok(f.alice, IncreaseAllowance{f.bob, 7})) == std::vector<std::string>{"Approval"});
    f.ok(f.alice, IncreaseAllowance{f.bob, 3});
    CHECK(f.token.allowance(f.alice, f.bob) == 10);
    f.ok(f.alice, DecreaseAllowance{f.bob, 4});
    CHECK(f.token.allowance(f.alice, f.bob) == 6);
    f.refused(f.alice, IncreaseAllowance{f.bob, wrapping_sub(Amount::max(), 5)},
        "SafeMath: addition overflow");
    f.refused(f.alice, DecreaseAllowance{f.bob, 7}, "ERC20: decreased allowance below zero");
}

TEST_CASE(
    "fiat token: minting and burning are refused in the source's order", "[contracts][fiat_token]")
{
    FiatTokenFixture f{any_version()};
    f.ok(f.pauser, Pause{});
    f.ok(f.blacklister, Blacklist{f.minter});
    f.ok(f.blacklister, Blacklist{f.bob});
    const Mint mint{f.bob, 1'001};
    f.refused(f.alice, mint, paused);
    f.refused(f.alice, Burn{1}, paused);
    f.refused(f.master, ConfigureMinter{f.alice, 1}, paused);
    f.ok(f.pauser, Unpause{});
    f.refused(f.alice, mint, "FiatToken: caller is not a minter");
    f.refused(f.alice, Burn{0}, "FiatToken: caller is not a minter");
    f.refused(f.minter, Burn{0}, blacklisted);
    f.refused(f.minter, mint, blacklisted);
    f.ok(f.blacklister, UnBlacklist{f.minter});
    f.refused(f.minter, mint, blacklisted);
    f.ok(f.blacklister, UnBlacklist{f.bob});
    f.refused(f.minter, Mint{zero_account, 0}, "FiatToken: mint to the zero address");
    f.refused(f.minter, Mint{f.bob, 0}, "FiatToken: mint amount not greater than 0");
    f.refused(f.minter, mint, "FiatToken: mint amount exceeds minterAllowance");
    f.refused(f.minter, Burn{0}, "FiatToken: burn amount not greater than 0");
    f.refused(f.minter, Burn{1}, "FiatToken: burn amount exceeds balance");

    CHECK(
        logs(f.ok(f.minter, Mint{f.minter, 400})) == std::vector<std::string>{"Mint", "Transfer"});
    CHECK(f.token.minter_allowance(f.minter) == 600);
    CHECK(f.token.total_supply() == 700);
    CHECK(logs(f.ok(f.minter, Burn{150})) == std::vector<std::string>{"Burn", "Transfer"});
    CHECK(f.token.minter_allowance(f.minter) == 600);
    CHECK(f.token.total_supply() == 550);

    f.refused(f.alice, ConfigureMinter{f.alice, 1}, "FiatToken: caller is not the masterMinter");
    f.refused(f.minter, RemoveMinter{f.minter}, "FiatToken: caller is not the masterMinter");
    f.ok(f.pauser, Pause{});
    f.ok(f.master, RemoveMinter{f.minter});  // Needs nothing to run.
    f.ok(f.pauser, Unpause{});
    CHECK(f.token.minter_allowance(f.minter).is_zero());
    f.refused(f.minter, Mint{f.bob, 1}, "FiatToken: caller is not a minter");
}

TEST_CASE("fiat token: no balance reaches 2^255 in version 2.2", "[contracts][fiat_token]")
{
    const auto half = Amount::power_of_two(255);
    SECTION("2.2")
    {
        FiatTokenFixture f{Version::v2_2};
        constexpr std::string_view full = "FiatTokenV2_2: Balance exceeds (2^255 - 1)";
        f.ok(f.master, ConfigureMinter{f.minter, Amount::max()});
        f.refused(f.minter, Mint{f.bob, wrapping_sub(half, 100)}, full);
        f.refused(
            f.minter, Mint{f.bob, wrapping_sub(Amount::max(), 299)}, "SafeMath: addition overflow");
        f.ok(f.minter, Mint{f.bob, wrapping_sub(half, 101)});
        CHECK(f.token.roles().is_vast);
        f.refused(f.alice, Erc20Transfer{f.bob, 1}, full);
        f.refused(f.alice, Erc20Transfer{f.bob, 101}, "ERC20: transfer amount exceeds balance");
        f.ok(f.alice, Erc20Transfer{f.bob, 0});
        f.ok(f.bob, Erc20Transfer{f.bob, 1});
        f.ok(f.bob, Erc20Transfer{f.carol, 1});
        f.ok(f.alice, Erc20Transfer{f.bob, 1});
    }
    SECTION("2.1")
    {
        FiatTokenFixture f{Version::v2_1};
        f.ok(f.master, ConfigureMinter{f.minter, Amount::max()});
        f.ok(f.minter, Mint{f.bob, half});
        f.ok(f.alice, Erc20Transfer{f.bob, 1});
        CHECK(f.token.balance(f.bob) == wrapping_add(half, 101));
    }
}

TEST_CASE("fiat token: each role is its holder's alone", "[contracts][fiat_token]")
{
    FiatTokenFixture f;
    f.refused(f.owner, Pause{}, "Pausable: caller is not the pauser");
    f.refused(f.owner, Unpause{}, "Pausable: caller is not the pauser");
    f.refused(f.owner, Blacklist{f.bob}, "Blacklistable: caller is not the blacklister");
    f.refused(f.owner, UnBlacklist{f.bob}, "Blacklistable: caller is not the blacklister");
    constexpr std::string_view not_owner = "Ownable: caller is not the owner";
    f.refused(f.alice, TransferOwnership{zero_account}, not_owner);
    f.refused(f.alice, UpdateMasterMinter{zero_account}, not_owner);
    f.refused(f.alice, UpdatePauser{zero_account}, not_owner);
    f.refused(f.alice, UpdateBlacklister{zero_account}, not_owner);
    f.refused(f.owner, TransferOwnership{zero_account}, "Ownable: new owner is the zero address");
    f.refused(f.owner, UpdateMasterMinter{zero_account},
        "FiatToken: new masterMinter is the zero address");
    f.refused(f.owner, UpdatePauser{zero_account}, "Pausable: new pauser is the zero address");
    f.refused(f.owner, UpdateBlacklister{zero_account},
        "Blacklistable: new blacklister is the zero address");

    f.ok(f.pauser, Pause{});  // None of these minds.
    f.ok(f.pauser, Pause{});
    CHECK(logs(f.ok(f.owner, UpdateMasterMinter{f.alice})) ==
          std::vector<std::string>{"MasterMinterChanged"});
    CHECK(logs(f.ok(f.owner, UpdatePauser{f.alice})) == std::vector<std::string>{"PauserChanged"});
    CHECK(logs(f.ok(f.owner, UpdateBlacklister{f.alice})) ==
          std::vector<std::string>{"BlacklisterChanged"});
    CHECK(logs(f.ok(f.owner, TransferOwnership{f.alice})) ==
          std::vector<std::string>{"OwnershipTransferred"});
    CHECK(f.token.roles().owner == f.alice);
    f.refused(f.owner, UpdatePauser{f.owner}, not_owner);
    f.ok(f.alice, Unpause{});
    CHECK(logs(f.ok(f.alice, Blacklist{f.bob})) == std::vector<std::string>{"Blacklisted"});
    CHECK(f.token.is_blacklisted(f.bob));
    CHECK(logs(f.ok(f.alice, UnBlacklist{f.bob})) == std::vector<std::string>{"UnBlacklisted"});
    CHECK_FALSE(f.token.is_blacklisted(f.bob));
}

// The token has the address of mainnet's, so its domain separator is the published
// 0x06c37168a7db5138defc7866392bb87a741f9b3d104deb5094588ce041cae335. The signature was made by a
// textbook implementation of ECDSA, with the key whose address is the signer's.
TEST_CASE("fiat token: a permit is its owner's word, once", "[contracts][fiat_token]")
{
    const auto version = any_version();
    FiatTokenFixture f{version};
    const Amount r{0x9377c312145a5afb, 0x911bf9e8c067bcf6, 0x094c533603687850, 0xdf502b61290bbf5e};
    const Amount s{0x0fe7edba5b332ecf, 0x4183c9f444bef9cb, 0xc4206cc3becc9fa8, 0xb400c02461279153};
    const Amount order{
        0xffffffffffffffff, 0xfffffffffffffffe, 0xbaaedce6af48a03b, 0xbfd25e8cd0364141};
    const Permit permit{f.signer, f.spender, 500, 2'000'000'000, 28, r, s};
    const auto changed = [&](auto change)
    {
        auto call = permit;
        change(call);
        return call;
    };

    f.sandbox.set_time(2'000'000'001);
    f.ok(f.pauser, Pause{});
    f.refused(f.bob, permit, paused);
    f.ok(f.pauser, Unpause{});
    if (version == Version::v2_1)
    {
        for (const auto account : {f.signer, f.spender})
        {
            f.ok(f.blacklister, Blacklist{account});
            f.refused(f.bob, permit, blacklisted);
            f.ok(f.blacklister, UnBlacklist{account});
        }
    }
    f.refused(f.bob, changed([&](Permit& call) { call.s = Amount::max(); }),
        "FiatTokenV2: permit is expired");
    f.sandbox.set_time(2'000'000'000);
    f.refused(f.bob, changed([&](Permit& call) { call.s = wrapping_sub(order, s), call.v = 0; }),
        "ECRecover: invalid signature 's' value");
    f.refused(f.bob, changed([](Permit& call) { call.v = 26; }),
        "ECRecover: invalid signature 'v' value");
    f.refused(f.bob, changed([](Permit& call) { call.r = 0; }), "ECRecover: invalid signature");
    f.refused(f.bob, changed([](Permit& call) { call.v = 27; }), "EIP2612: invalid signature");
    f.refused(f.bob, changed([](Permit& call) { call.value = 501; }), "EIP2612: invalid signature");
    f.refused(
        f.bob, changed([&](Permit& call) { call.owner = f.alice; }), "EIP2612: invalid signature");
    CHECK(logs(f.ok(f.bob, permit)) == std::vector<std::string>{"Approval"});
    CHECK(f.token.allowance(f.signer, f.spender) == 500);
    CHECK(f.token.nonce(f.signer) == 1);
    f.refused(f.bob, permit, "EIP2612: invalid signature");
}

TEST_CASE("fiat token: logs have the topics of the deployed token's", "[contracts][fiat_token]")
{
    CHECK(keccak256(event_type<MintLog>.signature).to_string() ==
          "0xab8530f87dc9b59234c4623bf917212bb2536d647574c8e7e5da92c2ede0c9f8");
    CHECK(keccak256(event_type<BurnLog>.signature).to_string() ==
          "0xcc16f5dbb4873280815c1ee09dbd06736cffcc184412cf7a71a0fdb75d397ca5");
    CHECK(keccak256(event_type<MinterConfiguredLog>.signature).to_string() ==
          "0x46980fca912ef9bcdbd36877427b6b90e860769f604e89c0e67720cece530d20");
    CHECK(keccak256(event_type<PauseLog>.signature).to_string() ==
          "0x6985a02210a168e66602d3235cb6db0e70f92b3ba4d376a33c0f3d9434bff625");
    CHECK(keccak256(event_type<BlacklistedLog>.signature).to_string() ==
          "0xffa4e6181777692565cf28528fc88fd1516ea86b56da075235fa575af6a4b855");
    CHECK(event_type<OwnershipTransferredLog>.indexed == 0);
    CHECK(event_type<MintLog>.indexed == 0b11);
    CHECK(event_type<BurnLog>.indexed == 0b1);
}

// Method: 4,000 random calls of everybody to everything, a third of them senseless, beside a model
// that knows the rules in a few lines: it must foresee which succeed, and what is left.
TEST_CASE("fiat token: random operations do what the rules say and no more",
    "[contracts][fiat_token][property]")
{
    const auto version = any_version();
    FiatTokenFixture f{version};
    std::mt19937_64 random{20'230'310};
    const auto below = [&](std::uint64_t bound) {
        return std::uniform_int_distribution<std::uint64_t>{0, bound - 1}(random);
    };
    const std::array people{f.alice, f.bob, f.carol, f.minter, f.token.account()};
    const auto anybody = [&] { return people[below(people.size())]; };

    std::map<AccountId, std::uint64_t> balances{{f.alice, 100}, {f.bob, 100}, {f.carol, 100}};
    std::map<std::pair<AccountId, AccountId>, std::uint64_t> allowances;
    std::map<AccountId, std::uint64_t> minters{{f.minter, 1'000}};
    std::set<AccountId> banned{f.token.account()};
    bool is_paused = false;
    std::uint64_t minted = 300;
    std::uint64_t burnt = 0;
    std::size_t succeeded = 0;

    const auto run = [&](AccountId sender, const auto& call, bool should_succeed)
    {
        CAPTURE(std::decay_t<decltype(call)>::name, index(sender), should_succeed);
        const auto outcome = f.sandbox.run(sender, f.token.id(), call);
        INFO(outcome.receipt.refusal.to_string());
        REQUIRE(outcome.ok() == should_succeed);
        REQUIRE(outcome.undeclared_touches == 0);
        succeeded += should_succeed ? 1 : 0;
        return should_succeed;
    };
    const auto may_approve = [&](AccountId owner, AccountId spender)
    {
        return !is_paused &&
               (version == Version::v2_2 || (!banned.contains(owner) && !banned.contains(spender)));
    };
    for (int i = 0; i < 4'000; ++i)
    {
        CAPTURE(i);
        const auto from = anybody();
        const auto to = anybody();
        const auto who = anybody();
        const auto value = below(60);
        switch (below(12))
        {
            case 0:
            case 1:
                if (run(from, Erc20Transfer{to, value},
                        !is_paused && !banned.contains(from) && !banned.contains(to) &&
                            value <= balances[from]))
                {
                    balances[from] -= value;
                    balances[to] += value;
                }
                break;
            case 2:
            case 3:
                if (run(who, Erc20TransferFrom{from, to, value},
                        !is_paused && !banned.contains(who) && !banned.contains(from) &&
                            !banned.contains(to) && value <= allowances[{from, who}] &&
                            value <= balances[from]))
                {
                    balances[from] -= value;
                    balances[to] += value;
                    allowances[{from, who}] -= value;
                }
                break;
            case 4:
                if (run(from, Erc20Approve{to, value}, may_approve(from, to)))
                    allowances[{from, to}] = value;
                break;
            case 5:
                if (run(from, IncreaseAllowance{to, value}, may_approve(from, to)))
                    allowances[{from, to}] += value;
                break;
            case 6:
                if (run(from, DecreaseAllowance{to, value},
                        may_approve(from, to) && value <= allowances[{from, to}]))
                    allowances[{from, to}] -= value;
                break;
            case 7:
            case 8:
                if (run(from, Mint{to, value},
                        !is_paused && minters.contains(from) && !banned.contains(from) &&
                            !banned.contains(to) && value > 0 && value <= minters[from]))
                {
                    minters[from] -= value;
                    balances[to] += value;
                    minted += value;
                }
                break;
            case 9:
                if (run(from, Burn{value},
                        !is_paused && minters.contains(from) && !banned.contains(from) &&
                            value > 0 && value <= balances[from]))
                {
                    balances[from] -= value;
                    burnt += value;
                }
                break;
            case 10:
                if (below(2) == 0)
                {
                    if (run(f.master, ConfigureMinter{to, 10 * value}, !is_paused))
                        minters[to] = 10 * value;
                }
                else if (run(f.master, RemoveMinter{to}, true))
                    minters.erase(to);
                break;
            default:
                switch (below(6))
                {
                    case 0:
                        run(f.pauser, Pause{}, true);
                        is_paused = true;
                        break;
                    case 1:
                    case 2:
                        run(f.pauser, Unpause{}, true);
                        is_paused = false;
                        break;
                    case 3:
                        run(f.blacklister, Blacklist{to}, true);
                        banned.insert(to);
                        break;
                    default: run(f.blacklister, UnBlacklist{to}, true); banned.erase(to);
                }
        }
        REQUIRE(f.token.total_supply() == minted - burnt);
        for (const auto account : people)
        {
            REQUIRE(f.token.balance(account) == balances[account]);
            REQUIRE(f.token.minter_allowance(account) ==
                    (minters.contains(account) ? minters[account] : 0));
        }
    }
    for (const auto& [pair, allowance] : allowances)
        CHECK(f.token.allowance(pair.first, pair.second) == allowance);
    CHECK(f.sandbox.world().check_invariants().empty());
    CHECK(succeeded > 1'000);
    CHECK(succeeded < 3'600);
}

}  // namespace runnel::contracts
