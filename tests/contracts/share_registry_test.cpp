#include "contracts/assets/share_registry/registry.hpp"
#include "contracts/tokens/erc20/erc20.hpp"
#include "tests/contracts/contract_fixture.hpp"
#include "tests/support/shrinking.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace runnel::contracts
{
namespace
{
using namespace share_registry;

constexpr std::uint64_t day = 86'400;

/// 1,000 shares of two digits, all of them the issuer's; alice and bob are known, carol is not. A
/// pool holds shares for others.
struct RegisterFixture : ContractFixture
{
    explicit RegisterFixture(std::uint32_t squeeze_bps = 9'500)
      : usdc{sandbox.add<Erc20>("USDC", TokenInfo{"USDC", 6}, TokenFlavour::openzeppelin5)},
        pool{sandbox.add<Erc20>("pool", TokenInfo{"LP", 18}, TokenFlavour::openzeppelin5)},
        agent{sandbox.account("agent")},
        issuer{sandbox.account("issuer")},
        alice{sandbox.account("alice")},
        bob{sandbox.account("bob")},
        carol{sandbox.account("carol")},
        art{sandbox.add<ShareRegistry>("ART", terms(squeeze_bps))}
    {
        sandbox.connect();
        sandbox.set_time(1'000'000);
        art.issue(sandbox.world());
        for (const auto who : {issuer, alice, bob, carol})
        {
            usdc.allocate(who, usd(100'000));
            expect_ok(who, usdc.id(), Erc20Approve{art.account(), Amount::max()});
        }
        expect_ok(agent, art.id(), RegisterIdentity{alice});
        expect_ok(agent, art.id(), RegisterIdentity{bob});
    }

    Terms terms(std::uint32_t squeeze_bps) const
    {
        Terms terms;
        terms.info = {"ART", 2};
        terms.currency = usdc.id();
        terms.agent = "agent";
        terms.issuer = "issuer";
        terms.shares = 1'000;
        terms.squeeze_bps = squeeze_bps;
        terms.tender_seconds_min = 10 * day;
        terms.nominees = {pool.id()};
        return terms;
    }
    static Amount usd(std::uint64_t whole) { return Amount{whole * 1'000'000}; }
    static Amount shares(std::uint64_t whole) { return Amount{whole * 100}; }
    void give(AccountId from, AccountId to, const Amount& amount)
    {
        expect_ok(from, art.id(), Erc20Transfer{to, amount});
    }

    Erc20& usdc;
    Erc20& pool;
    AccountId agent;
    AccountId issuer;
    AccountId alice;
    AccountId bob;
    AccountId carol;
    ShareRegistry& art;
};
}  // namespace

TEST_CASE("share registry: shares go to those whom the agent knows", "[contracts][share_registry]")
{
    RegisterFixture f;
    const auto id = f.art.id();
    const std::string_view no = "Transfer not possible";
    f.give(f.issuer, f.alice, f.shares(10));
    f.expect_refusal(f.alice, id, Erc20Transfer{f.carol, 1}, no);
    f.expect_refusal(f.alice, id, Erc20Transfer{f.bob, f.shares(11)}, "Insufficient Balance");
    f.expect_ok(f.alice, id, Erc20Approve{f.carol, 300});
    f.expect_refusal(f.carol, id, Erc20TransferFrom{f.alice, f.carol, 300}, no);
    f.expect_refusal(
        f.carol, id, Erc20TransferFrom{f.alice, f.bob, 301}, "ERC20: insufficient allowance");
    f.expect_ok(f.carol, id, Erc20TransferFrom{f.alice, f.bob, 300});
    CHECK(f.art.balance(f.bob) == 300);

    // Carol asks to be known.
    const std::string_view agent_only = "AgentRole: caller does not have the Agent role";
    CHECK(f.art.applicants(9).empty());
    f.expect_ok(f.carol, id, ApplyForRegistration{});
    f.expect_refusal(f.carol, id, ApplyForRegistration{}, "ShareRegistry: already known");
    f.expect_refusal(f.alice, id, ApplyForRegistration{}, "ShareRegistry: already known");
    CHECK(f.art.applicants(9) == std::vector{f.carol});
    CHECK(f.art.applicants(0).empty());
    f.expect_refusal(f.issuer, id, RegisterIdentity{f.carol}, agent_only);
    f.expect_ok(f.agent, id, RegisterIdentity{f.carol});
    f.expect_refusal(f.agent, id, RegisterIdentity{f.carol}, "ShareRegistry: already known");
    CHECK(f.art.applicants(9).empty());
    f.give(f.alice, f.carol, 1);

    // Who is removed keeps what he has, and may sell it.
    f.expect_refusal(f.issuer, id, DeleteIdentity{f.carol}, agent_only);
    f.expect_ok(f.agent, id, DeleteIdentity{f.carol});
    f.expect_refusal(f.agent, id, DeleteIdentity{f.carol}, "ShareRegistry: not known");
    f.expect_refusal(f.agent, id, DeleteIdentity{f.pool.account()}, "ShareRegistry: not known");
    f.expect_refusal(f.alice, id, Erc20Transfer{f.carol, 1}, no);
    f.give(f.carol, f.alice, 1);
    f.expect_refusal(f.agent, id, RegisterIdentity{AccountId{99'999}}, "no such account");
}

TEST_CASE("share registry: who was known and removed does not wait until he asks again",
    "[contracts][share_registry]")
{
    RegisterFixture f;
    const auto id = f.art.id();
    const auto dave = f.sandbox.account("dave");
    f.expect_ok(f.carol, id, ApplyForRegistration{});
    f.expect_ok(dave, id, ApplyForRegistration{});
    f.expect_ok(f.agent, id, RegisterIdentity{dave});
    f.expect_ok(f.agent, id, DeleteIdentity{dave});
    CHECK(f.art.applicants(9) == std::vector{f.carol});
    f.expect_ok(f.agent, id, RegisterIdentity{f.carol});
    CHECK(f.art.state().applications_done == 2);
    f.expect_ok(dave, id, ApplyForRegistration{});
    CHECK(f.art.applicants(9) == std::vector{dave});
}

TEST_CASE("share registry: what the asset earns goes to the shares of the moment",
    "[contracts][share_registry]")
{
    RegisterFixture f;
    const auto id = f.art.id();
    f.give(f.issuer, f.alice, f.shares(300));
    f.give(f.issuer, f.bob, f.shares(200));
    f.expect_ok(f.issuer, id, DistributeFunds{f.usd(1'000)});
    CHECK(f.art.dividends_of(f.alice) == f.usd(300));
    f.give(f.alice, f.bob, f.shares(300));
    CHECK(f.art.dividends_of(f.alice) == f.usd(300));
    f.expect_ok(f.issuer, id, DistributeFunds{f.usd(100)});
    CHECK(f.art.dividends_of(f.alice) == f.usd(300));
    CHECK(f.art.dividends_of(f.bob) == f.usd(250));
    const auto paid = f.expect_ok(f.bob, id, WithdrawFunds{}).returns;
    CHECK(paid.values[0] == f.usd(250));
    CHECK(f.usdc.balance(f.bob) == f.usd(100'250));
    CHECK(f.expect_ok(f.bob, id, WithdrawFunds{}).returns.values[0].is_zero());

    // Shares in a pool earn nothing: 800 share what 1,000 would have.
    f.give(f.bob, f.pool.account(), f.shares(200));
    CHECK(f.art.state().nominee_shares == f.shares(200));
    f.expect_ok(f.issuer, id, DistributeFunds{f.usd(80)});
    CHECK(f.art.dividends_of(f.bob) == f.usd(30));
    CHECK(f.art.dividends_of(f.pool.account()).is_zero());
    f.give(f.pool.account(), f.bob, f.shares(200));
    CHECK(f.art.dividends_of(f.bob) == f.usd(30));
    f.expect_ok(f.issuer, id, DistributeFunds{f.usd(10)});
    CHECK(f.art.dividends_of(f.bob) == f.usd(35));
    // Nobody but pools.
    for (const auto who : {f.issuer, f.bob})
        f.give(who, f.pool.account(), f.art.balance(who));
    f.expect_refusal(f.issuer, id, DistributeFunds{1},
        "FundsDistributionToken._distributeFunds: SUPPLY_IS_ZERO");
}

TEST_CASE("share registry: what does not divide is not lost", "[contracts][share_registry]")
{
    RegisterFixture f;
    f.give(f.issuer, f.alice, f.art.balance(f.issuer));
    f.give(f.alice, f.bob, 1);
    // A hundred thousandth of a unit each time, for bob: fractions stay with him.
    for (int i = 0; i < 10; ++i)
    {
        f.expect_ok(f.issuer, f.art.id(), DistributeFunds{10'001});
        f.give(f.bob, f.alice, 1);
        f.give(f.alice, f.bob, 1);
    }
    // 1.0001 less what the last division left over.
    CHECK(f.art.dividends_of(f.bob) == 1);
    // One unit is lacking as long as fractions are: of 100,010 alice has 100,008.9999.
    CHECK(f.art.dividends_of(f.alice) == 100'008);
    f.expect_ok(f.alice, f.art.id(), WithdrawFunds{});
    f.expect_ok(f.bob, f.art.id(), WithdrawFunds{});
    CHECK(f.usdc.balance(f.art.account()) == 1);
}

TEST_CASE("share registry: a tender buys, and buys out", "[contracts][share_registry]")
{
    RegisterFixture f;
    const auto id = f.art.id();
    f.give(f.issuer, f.alice, f.shares(900));
    f.give(f.issuer, f.bob, f.shares(40));
    f.give(f.issuer, f.pool.account(), f.shares(10));
    const auto price = f.usd(50);

    f.expect_refusal(f.carol, id, OpenTender{price, 10 * day}, "ShareRegistry: not known");
    f.expect_refusal(f.alice, id, OpenTender{price, 10 * day - 1}, "ShareRegistry: too short");
    f.expect_refusal(f.alice, id, OpenTender{0, 10 * day}, "ShareRegistry: no price");
    f.expect_refusal(f.alice, id, OpenTender{price, ~std::uint64_t{0}}, "ShareRegistry: too large");
    f.expect_refusal(f.bob, id, AcceptTender{1}, "ShareRegistry: no open tender");
    // 100 shares that are not hers.
    CHECK(f.expect_ok(f.alice, id, OpenTender{price, 10 * day}).returns.values[0] == f.usd(5'000));
    f.expect_refusal(f.bob, id, OpenTender{price, 10 * day}, "ShareRegistry: a tender is open");
    f.expect_refusal(f.alice, id, Erc20Transfer{f.bob, 1}, "Transfer not possible");
    f.expect_refusal(f.alice, id, AcceptTender{1}, "ShareRegistry: nothing to sell");
    f.expect_refusal(f.bob, id, AcceptTender{0}, "ShareRegistry: nothing to sell");
    f.expect_refusal(f.bob, id, AcceptTender{f.shares(41)}, "Insufficient Balance");
    f.expect_ok(f.issuer, id, AcceptTender{f.shares(49)});
    CHECK(f.usdc.balance(f.issuer) == f.usd(102'450));
    f.expect_refusal(f.bob, id, CloseTender{}, "ShareRegistry: still open");
    f.expect_refusal(f.bob, id, Redeem{f.bob}, "ShareRegistry: nobody is bought out");
    f.sandbox.set_time(1'000'000 + 10 * day - 1);
    f.expect_refusal(f.bob, id, CloseTender{}, "ShareRegistry: still open");
    f.give(f.bob, f.issuer, 1);  // Others may trade.
    f.give(f.issuer, f.bob, 1);
    f.sandbox.set_time(1'000'000 + 10 * day);
    f.expect_refusal(f.bob, id, AcceptTender{1}, "ShareRegistry: no open tender");
    f.expect_ok(f.bob, id, DistributeFunds{f.usd(99)});  // The pool's 10 earn nothing.

    // Alice has 949 of 1,000.
    CHECK(f.expect_ok(f.bob, id, CloseTender{}).returns.values[0].is_zero());
    CHECK(f.usdc.balance(f.alice) == f.usd(100'000 - 2'450));
    CHECK_FALSE(f.art.tender().has_value());

    // A second one, after which she has 950.
    f.expect_ok(f.alice, id, OpenTender{f.usd(60), 10 * day});
    f.expect_ok(f.issuer, id, AcceptTender{f.shares(1)});
    f.sandbox.set_time(1'000'000 + 20 * day);
    CHECK(f.expect_ok(f.carol, id, CloseTender{}).returns.values[0] == 1);
    f.expect_refusal(f.bob, id, Erc20Transfer{f.issuer, 1}, "Transfer not possible");
    f.expect_refusal(f.alice, id, Redeem{f.alice}, "ShareRegistry: nothing to sell");
    f.expect_refusal(f.alice, id, Redeem{f.pool.account()}, "ShareRegistry: nothing to sell");
    f.expect_refusal(f.alice, id, CloseTender{}, "ShareRegistry: no open tender");
    CHECK(f.expect_ok(f.carol, id, Redeem{f.bob}).returns.values[0] == f.usd(2'400));
    CHECK(f.art.balance(f.bob).is_zero());
    CHECK(f.art.dividends_of(f.bob) == f.usd(4));  // Of before.
    // What the pool holds comes back to whom it is held for, and is then bought too: the last one.
    f.give(f.pool.account(), f.issuer, f.shares(10));
    CHECK(f.expect_ok(f.issuer, id, Redeem{f.issuer}).returns.values[0] == f.usd(600));
    CHECK(f.art.balance(f.alice) == f.shares(1'000));
    CHECK_FALSE(f.art.tender().has_value());
    f.give(f.alice, f.bob, 1);  // And it is an asset in shares again.
    CHECK(f.usdc.balance(f.art.account()) == f.usd(99));
}

// The bidder's own shares lie in a pool and come back last: nobody is left to redeem.
TEST_CASE("share registry: a buy-out ends with the bidder's own shares too",
    "[contracts][share_registry]")
{
    RegisterFixture f;
    const auto id = f.art.id();
    f.give(f.issuer, f.alice, f.shares(990));
    f.give(f.alice, f.pool.account(), f.shares(10));
    CHECK(f.expect_ok(f.alice, id, OpenTender{f.usd(50), 10 * day}).returns.values[0] ==
          f.usd(1'000));
    f.sandbox.set_time(1'000'000 + 10 * day);
    CHECK(f.expect_ok(f.bob, id, CloseTender{}).returns.values[0] == 1);
    f.expect_ok(f.bob, id, Redeem{f.issuer});
    f.expect_refusal(f.bob, id, CloseTender{}, "ShareRegistry: no open tender");
    f.give(f.pool.account(), f.alice, f.shares(10));
    CHECK(f.expect_ok(f.bob, id, CloseTender{}).returns.values[0].is_zero());
    CHECK_FALSE(f.art.tender().has_value());
    CHECK(f.usdc.balance(f.alice) == f.usd(99'500));
    f.give(f.alice, f.bob, 1);
}

TEST_CASE("share registry: a tender pays rounded down and returns the rest",
    "[contracts][share_registry]")
{
    RegisterFixture f;
    f.give(f.issuer, f.alice, 99'997);
    // 3 hundredths at 33 units a share: 0.99, rounded up.
    CHECK(f.expect_ok(f.alice, f.art.id(), OpenTender{33, 10 * day}).returns.values[0] == 1);
    CHECK(f.expect_ok(f.issuer, f.art.id(), AcceptTender{3}).returns.values[0] == 0);
    f.sandbox.set_time(1'000'000 + 10 * day);
    const auto before = f.usdc.balance(f.alice);
    f.expect_ok(f.bob, f.art.id(), CloseTender{});
    CHECK(f.usdc.balance(f.alice) == wrapping_add(before, 1));
    CHECK_FALSE(f.art.tender().has_value());
}

namespace
{
// ---- A naive register, which walks through all holders at each distribution ----

using Wide = uint128;

struct Operation
{
    enum class Kind : std::uint8_t
    {
        transfer,
        distribute,
        withdraw,
        enroll,
        remove,
        open,
        accept,
        close,
        redeem,
        wait,
    };
    Kind kind{};
    std::uint32_t from = 0;
    std::uint32_t to = 0;
    std::uint64_t amount = 0;
};

struct NaiveRegister
{
    static constexpr std::size_t count = 6;  // The last one is the nominee.
    static constexpr std::uint64_t supply = 1'000;
    static constexpr std::uint64_t money = 1'000'000'000;
    static constexpr std::uint64_t duration = 100;
    static constexpr std::uint64_t squeeze_bps = 7'000;

    struct Person
    {
        std::uint64_t shares = 0;
        std::uint64_t cash = money;
        Wide due = 0;  // 2^-64.
        bool known = false;
    };
    std::array<Person, count> people;
    Wide carry = 0;
    std::optional<std::uint32_t> bidder;
    std::uint64_t price = 0;
    std::uint64_t ends = 0;
    std::uint64_t locked = 0;
    bool squeeze = false;
    std::uint64_t now = 1'000;

    NaiveRegister()
    {
        people[0].shares = supply;
        people[0].known = true;
        people[count - 1].known = true;
    }

    std::string run(const Operation& o)
    {
        auto& from = people.at(o.from);
        auto& to = people.at(o.to);
        const bool nominee = o.from == count - 1;
        switch (o.kind)
        {
            case Operation::Kind::transfer: {
                if (o.amount > from.shares)
                    return "Insufficient Balance";
                const bool free = !bidder || (squeeze ? nominee : *bidder != o.from);
                if (!to.known || !free)
                    return "Transfer not possible";
                from.shares -= o.amount;
                to.shares += o.amount;
                return "";
            }
            case Operation::Kind::distribute: {
                const auto earning = supply - people[count - 1].shares;
                if (earning == 0)
                    return "FundsDistributionToken._distributeFunds: SUPPLY_IS_ZERO";
                if (o.amount > from.cash)
                    return "ERC20InsufficientBalance";
                from.cash -= o.amount;
                const auto all = (Wide{o.amount} << 64U) + carry;
                for (std::size_t i = 0; i + 1 < count; ++i)
                    people.at(i).due += people.at(i).shares * (all / earning);
                carry = all % earning;
                return "";
            }
            case Operation::Kind::withdraw: {
                const auto paid = static_cast<std::uint64_t>(from.due >> 64U);
                from.cash += paid;
                from.due -= Wide{paid} << 64U;
                return "";
            }
            case Operation::Kind::enroll:
                if (to.known)
                    return "ShareRegistry: already known";
                to.known = true;
                return "";
            case Operation::Kind::remove:
                if (!to.known || o.to == count - 1)
                    return "ShareRegistry: not known";
                to.known = false;
                return "";
            case Operation::Kind::open: {
                if (bidder)
                    return "ShareRegistry: a tender is open";
                if (!from.known || nominee)
                    return "ShareRegistry: not known";
                if (o.amount == 0)
                    return "ShareRegistry: no price";
                if (from.shares == supply)
                    return "ShareRegistry: nothing to sell";
                const auto cost = ((supply - from.shares) * o.amount + 9) / 10;
                if (cost > from.cash)
                    return "ERC20InsufficientBalance";
                from.cash -= cost;
                locked = cost;
                bidder = o.from;
                price = o.amount;
                ends = now + duration;
                return "";
            }
            case Operation::Kind::accept:
                if (!bidder || squeeze || now >= ends)
                    return "ShareRegistry: no open tender";
                if (o.from == *bidder || o.amount == 0 || nominee)
                    return "ShareRegistry: nothing to sell";
                if (o.amount > from.shares)
                    return "Insufficient Balance";
                sell(from, o.amount);
                return "";
            case Operation::Kind::close:
                if (!bidder || (squeeze && people.at(*bidder).shares != supply))
                    return "ShareRegistry: no open tender";
                if (now < ends)
                    return "ShareRegistry: still open";
                if (const auto has = people.at(*bidder).shares;
                    has < supply && has * 10'000 >= supply * squeeze_bps)
                    squeeze = true;
                else
                    end();
                return "";
            case Operation::Kind::redeem:
                if (!squeeze)
                    return "ShareRegistry: nobody is bought out";
                if (o.to == *bidder || to.shares == 0 || o.to == count - 1)
                    return "ShareRegistry: nothing to sell";
                sell(to, to.shares);
                if (people.at(*bidder).shares == supply)
                    end();
                return "";
            case Operation::Kind::wait: break;
        }
        now += o.amount;
        return "";
    }

    void sell(Person& seller, std::uint64_t shares)
    {
        const auto paid = shares * price / 10;
        seller.shares -= shares;
        people.at(*bidder).shares += shares;
        seller.cash += paid;
        locked -= paid;
    }
    void end()
    {
        people.at(*bidder).cash += locked;
        locked = 0;
        bidder.reset();
        squeeze = false;
    }
};

struct Duel
{
    Duel()
      : usdc{sandbox.add<Erc20>("USDC", TokenInfo{"USDC", 0}, TokenFlavour::openzeppelin5)},
        pool{sandbox.add<Erc20>("pool", TokenInfo{"LP", 18}, TokenFlavour::openzeppelin5)},
        agent{sandbox.account("agent")}
    {
        Terms terms;
        terms.info = {"ART", 1};
        terms.currency = usdc.id();
        terms.agent = "agent";
        terms.issuer = "person0";
        terms.shares = NaiveRegister::supply / 10;
        terms.squeeze_bps = NaiveRegister::squeeze_bps;
        terms.tender_seconds_min = 1;
        terms.nominees = {pool.id()};
        for (std::size_t i = 0; i + 1 < people.size(); ++i)
            people.at(i) = sandbox.account(fmt::format("person{}", i));
        people.back() = pool.account();
        art = &sandbox.add<ShareRegistry>("ART", terms);
        sandbox.connect();
        sandbox.set_time(naive.now);
        art->issue(sandbox.world());
        for (const auto who : people)
        {
            usdc.allocate(who, NaiveRegister::money);
            REQUIRE(sandbox.run(who, usdc.id(), Erc20Approve{art->account(), Amount::max()}).ok());
        }
    }

    [[nodiscard]] Sandbox::Outcome call(const Operation& o)
    {
        const auto from = people.at(o.from);
        const auto to = people.at(o.to);
        switch (o.kind)
        {
            case Operation::Kind::transfer:
                return sandbox.run(from, art->id(), Erc20Transfer{to, o.amount});
            case Operation::Kind::distribute:
                return sandbox.run(from, art->id(), DistributeFunds{o.amount});
            case Operation::Kind::withdraw: return sandbox.run(from, art->id(), WithdrawFunds{});
            case Operation::Kind::enroll:
                return sandbox.run(agent, art->id(), RegisterIdentity{to});
            case Operation::Kind::remove: return sandbox.run(agent, art->id(), DeleteIdentity{to});
            case Operation::Kind::open:
                return sandbox.run(from, art->id(), OpenTender{o.amount, NaiveRegister::duration});
            case Operation::Kind::accept:
                return sandbox.run(from, art->id(), AcceptTender{o.amount});
            case Operation::Kind::close: return sandbox.run(from, art->id(), CloseTender{});
            case Operation::Kind::redeem: return sandbox.run(from, art->id(), Redeem{to});
            case Operation::Kind::wait: break;
        }
        return {};
    }

    std::string run(const Operation& o)
    {
        const auto refusal = naive.run(o);
        if (o.kind == Operation::Kind::wait)
        {
            sandbox.set_time(naive.now);
            return "";
        }
        const auto outcome = call(o);
        const auto said = outcome.ok() ? "" : outcome.receipt.refusal.to_string();
        if (refusal.empty() ? !said.empty() : !said.starts_with(refusal))
            return fmt::format("refused: '{}', expected '{}'", said, refusal);
        for (std::size_t i = 0; i < people.size(); ++i)
        {
            const auto& person = naive.people.at(i);
            const auto due = Amount::from_uint128(person.due >> 64U);
            if (art->balance(people.at(i)) != person.shares ||
                usdc.balance(people.at(i)) != person.cash || art->dividends_of(people.at(i)) != due)
            {
                return fmt::format("person {}: {} {} {}, expected {} {} {}", i,
                    art->balance(people.at(i)).to_string(), usdc.balance(people.at(i)).to_string(),
                    art->dividends_of(people.at(i)).to_string(), person.shares, person.cash,
                    due.to_string());
            }
        }
        Findings findings;
        art->check_invariants(sandbox.world(), findings);
        return findings.empty() ? "" : findings.front();
    }

    Sandbox sandbox;
    Erc20& usdc;
    Erc20& pool;
    AccountId agent;
    ShareRegistry* art = nullptr;
    std::array<AccountId, NaiveRegister::count> people{};
    NaiveRegister naive;
};

std::string to_string(const Operation& o)
{
    constexpr std::array<std::string_view, 10> names{"transfer", "distribute", "withdraw", "enroll",
        "remove", "open", "accept", "close", "redeem", "wait"};
    return fmt::format(
        "{} {} -> {} {}", names.at(static_cast<std::size_t>(o.kind)), o.from, o.to, o.amount);
}
}  // namespace

// Method: as for the order book; the naive register pays every holder at every distribution.
TEST_CASE("share registry: 100,000 random operations, beside a naive register",
    "[contracts][share_registry][property]")
{
    std::mt19937_64 random{20'261'201};
    std::size_t squeezes = 0;
    const auto run = [&squeezes](std::span<const Operation> some) -> std::optional<tests::Broken>
    {
        Duel duel;
        bool was = false;
        for (std::size_t i = 0; i < some.size(); ++i)
        {
            if (auto wrong = duel.run(some[i]); !wrong.empty())
                return tests::Broken{i, wrong};
            squeezes += !was && duel.naive.squeeze ? 1 : 0;
            was = duel.naive.squeeze;
        }
        return std::nullopt;
    };
    const auto below = [&random](std::uint64_t end) { return random() % end; };
    for (int round = 0; round < 100; ++round)
    {
        std::vector<Operation> operations;
        for (int i = 0; i < 1'000; ++i)
        {
            constexpr std::array<Operation::Kind, 20> kinds{Operation::Kind::transfer,
                Operation::Kind::transfer, Operation::Kind::transfer, Operation::Kind::transfer,
                Operation::Kind::transfer, Operation::Kind::transfer, Operation::Kind::distribute,
                Operation::Kind::distribute, Operation::Kind::distribute, Operation::Kind::withdraw,
                Operation::Kind::withdraw, Operation::Kind::enroll, Operation::Kind::enroll,
                Operation::Kind::remove, Operation::Kind::open, Operation::Kind::accept,
                Operation::Kind::accept, Operation::Kind::close, Operation::Kind::redeem,
                Operation::Kind::wait};
            Operation o;
            o.kind = kinds.at(below(kinds.size()));
            o.from = static_cast<std::uint32_t>(below(NaiveRegister::count));
            o.to = static_cast<std::uint32_t>(below(NaiveRegister::count));
            o.amount = below(3) == 0 ? below(20) : below(700);
            operations.push_back(o);
        }
        const auto found = tests::find_counterexample(std::move(operations), run);
        std::string story;
        for (const auto& needed : found ? found->operations : std::vector<Operation>{})
            story += to_string(needed) + "\n";
        INFO(story << (found ? found->what : ""));
        REQUIRE_FALSE(found);
    }
    CHECK(squeezes > 20);
}

}  // namespace runnel::contracts
