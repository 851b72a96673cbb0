#include "contracts/governance/stake_governor/governor.hpp"
#include "contracts/tokens/erc20/erc20.hpp"
#include "tests/contracts/contract_fixture.hpp"
#include "tests/support/shrinking.hpp"

#include <fmt/format.h>

#include <array>
#include <map>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <vector>

namespace runnel::contracts
{
namespace
{
using namespace stake_governor;

constexpr std::uint64_t start = 1'600'000'000;
constexpr std::uint64_t day = 86'400;

/// Votes are BEAN, the treasury is 1,000 USDC.
struct GovernorFixture : ContractFixture
{
    explicit GovernorFixture(bool counts_past = true)
      : users{sandbox.account("alice"), sandbox.account("bob"), sandbox.account("carol")},
        bean{sandbox.add<Erc20>("BEAN", TokenInfo{"BEAN", 6}, TokenFlavour::openzeppelin5)},
        usdc{sandbox.add<Erc20>("USDC", TokenInfo{"USDC", 6}, TokenFlavour::openzeppelin5)},
        governor{sandbox.add<StakeGovernor>(
            "governor", Rules{bean.id(), counts_past, 10, 2'000, 0, 7 * day, day})}
    {
        sandbox.connect();
        sandbox.set_time(start);
        sandbox.set_block(1);
        usdc.allocate(governor.account(), 1'000);
        for (const auto user : users)
        {
            bean.allocate(user, 1'000'000);
            expect_ok(user, bean.id(), Erc20Approve{governor.account(), Amount::max()});
        }
    }
    template <typename Call>
    Sandbox::Outcome call(AccountId sender, const Call& call)
    {
        return expect_ok(sender, governor.id(), call);
    }
    [[nodiscard]] CallWriter pay_treasury_to(AccountId to, const Amount& amount) const
    {
        return CallWriter{}.add(usdc.id(), Erc20Transfer{to, amount});
    }
    std::uint32_t propose(AccountId sender, const CallWriter& calls)
    {
        const auto outcome = call(sender, Propose{calls.list(), {}});
        return static_cast<std::uint32_t>(outcome.returns.values[0].low64());
    }

    std::array<AccountId, 3> users;
    Erc20& bean;
    Erc20& usdc;
    StakeGovernor& governor;
};
}  // namespace

TEST_CASE("stake governor: a vote that passes moves the treasury", "[contracts][governance]")
{
    GovernorFixture f;
    const auto [alice, bob, carol] = f.users;
    f.call(alice, Lock{100});
    f.call(bob, Lock{300});
    f.call(carol, Lock{100});
    const auto id = f.governor.id();
    const auto grant = f.propose(alice, f.pay_treasury_to(carol, 400));
    CHECK(f.call(alice, CastVote{grant, 1}).returns.values[0] == 100);
    CHECK(f.call(carol, CastVote{grant, 0}).returns.values[0] == 100);
    f.sandbox.set_time(start + 7 * day);
    f.expect_refusal(bob, id, CastVote{grant, 1}, "Governor: vote not currently active");
    // 100 are no more than 100.
    f.expect_refusal(bob, id, Execute{grant}, "Governor: proposal not successful");

    const auto second = f.propose(alice, f.pay_treasury_to(carol, 400));
    f.call(alice, CastVote{second, 1});
    f.sandbox.set_time(start + 14 * day - 1);
    f.expect_refusal(bob, id, Execute{second}, "Governor: proposal not successful");
    f.sandbox.set_time(start + 14 * day);
    f.call(bob, Execute{second});  // 100 of 500 are a fifth.
    CHECK(f.usdc.balance(carol) == 400);
    CHECK(f.usdc.balance(f.governor.account()) == 600);
    f.expect_refusal(bob, id, Execute{second}, "Governor: proposal not successful");
    CHECK(f.governor.proposal(second).is_executed);

    f.call(bob, Lock{1});
    const auto third = f.propose(alice, f.pay_treasury_to(carol, 400));
    f.call(alice, CastVote{third, 1});
    f.sandbox.set_time(start + 21 * day);
    f.expect_refusal(bob, id, Execute{third}, "Governor: proposal not successful");  // Of 501.
}

TEST_CASE("stake governor: refusals", "[contracts][governance]")
{
    GovernorFixture f;
    const auto [alice, bob, carol] = f.users;
    const auto id = f.governor.id();
    f.expect_refusal(alice, id, Lock{0}, "StakeGovernor: ZERO_AMOUNT");
    f.expect_refusal(alice, id, Unlock{0}, "StakeGovernor: ZERO_AMOUNT");
    f.expect_refusal(alice, id, Unlock{1}, "Panic(0x11)");
    f.call(alice, Lock{9});
    const auto calls = f.pay_treasury_to(alice, 1);
    f.expect_refusal(
        alice, id, Propose{calls.list(), {}}, "Governor: proposer votes below proposal threshold");
    f.call(alice, Lock{1});
    f.expect_refusal(alice, id, Propose{{}, {}}, "Governor: empty proposal");
    const Bytes rubbish{1, 2, 3};
    f.expect_refusal(alice, id, Propose{CallList{rubbish}, {}}, "Governor: empty proposal");
    CallWriter many;
    while (many.bytes().size() <= Proposal::calls_size_max)
        many.add(f.usdc.id(), Erc20Transfer{alice, 1});
    f.expect_refusal(alice, id, Propose{many.list(), {}}, "StakeGovernor: too many calls");
    for (const auto number : {0U, 4'000'000'000U})
    {
        f.expect_refusal(alice, id, CastVote{number, 1}, "Governor: unknown proposal id");
        f.expect_refusal(alice, id, Execute{number}, "Governor: unknown proposal id");
        f.expect_refusal(alice, id, EmergencyCommit{number}, "Governor: unknown proposal id");
    }
    const auto number = f.propose(alice, calls);
    f.expect_refusal(
        alice, id, CastVote{number, 2}, "GovernorVotingSimple: invalid value for enum VoteType");
    f.call(alice, CastVote{number, 1});
    f.expect_refusal(alice, id, CastVote{number, 1}, "GovernorVotingSimple: vote already cast");
    // Nothing is a vote too, and cannot be cast again.
    f.call(bob, CastVote{number, 0});
    f.expect_refusal(bob, id, CastVote{number, 0}, "GovernorVotingSimple: vote already cast");
    f.sandbox.set_time(start + day - 1);
    f.expect_refusal(alice, id, EmergencyCommit{number}, "Governance: Too early");
    f.sandbox.set_time(start + day);
    f.call(alice, EmergencyCommit{number});
    f.expect_refusal(alice, id, EmergencyCommit{number}, "Governance: Ended");
    const auto dear = f.propose(alice, f.pay_treasury_to(alice, 1'000));
    f.call(alice, CastVote{dear, 1});
    f.sandbox.set_time(start + 2 * day);
    f.expect_refusal(alice, id, EmergencyCommit{dear},
        fmt::format("ERC20InsufficientBalance(#{}, 999, 1000)", index(f.governor.account())));
    f.sandbox.set_time(start + 8 * day);
    f.expect_refusal(alice, id, EmergencyCommit{dear}, "Governance: Ended");
}

// By hand: alice has locked 10 BEAN, bob 300. Of 310 + x a supermajority is two thirds: x = 600 is
// just short of it, 10 + x >= 2 / 3 * (310 + x) from x = 590 on.
TEST_CASE("stake governor: votes of the moment can be borrowed, those of the past cannot",
    "[contracts][governance]")
{
    const bool counts_past = GENERATE(false, true);
    GovernorFixture f{counts_past};
    const auto [alice, bob, carol] = f.users;
    f.call(alice, Lock{10});
    f.call(bob, Lock{300});
    const auto number = f.propose(alice, f.pay_treasury_to(alice, 1'000));
    f.sandbox.set_time(start + day);
    const auto attack = [&](std::uint64_t borrowed)
    {
        CallWriter calls;
        const auto id = f.governor.id();
        calls.add(id, Lock{borrowed});
        calls.add(id, CastVote{number, 1});
        calls.add(id, EmergencyCommit{number});
        calls.add(id, Unlock{borrowed});
        return calls;
    };
    f.expect_refusal(alice, attack(589), "Governance: Must have super majority");
    if (counts_past)
    {
        f.expect_refusal(alice, attack(900'000), "Governance: Must have super majority");
        CHECK(f.usdc.balance(alice).is_zero());
        return;
    }
    f.expect_ok(alice, attack(590));
    CHECK(f.usdc.balance(alice) == 1'000);
    CHECK(f.bean.balance(alice) == 999'990);
    CHECK(f.governor.totals().locked == 310);
}

namespace
{
struct Step
{
    unsigned action = 0;
    unsigned user = 0;
    std::uint64_t amount = 0;
    std::uint64_t seconds = 0;
    bool same_block = false;
};

/// Plays steps beside a model that remembers everybody's votes block by block.
std::optional<tests::Broken> play(std::span<const Step> steps)
{
    GovernorFixture f{true};
    auto now = start;
    std::uint64_t block = 10;
    std::array<std::map<std::uint64_t, std::uint64_t>, 3> history;  // Locked, by block.
    std::array<std::uint64_t, 3> locked{};
    std::vector<std::uint64_t> snapshots;
    const auto votes_at = [&](std::size_t user, std::uint64_t at)
    {
        const auto next = history[user].upper_bound(at);
        return next == history[user].begin() ? 0 : std::prev(next)->second;
    };
    std::uint64_t treasury = 1'000;
    for (std::size_t i = 0; i < steps.size(); ++i)
    {
        const auto& step = steps[i];
        now += step.seconds;
        block += step.same_block ? 0 : 1;
        f.sandbox.set_time(now);
        f.sandbox.set_block(block);
        const auto user = f.users[step.user];
        const auto id = f.governor.id();
        const auto proposal = static_cast<std::uint32_t>(step.amount % (snapshots.size() + 1));
        const auto broken = [&](std::string what) {
            return std::optional{tests::Broken{i, std::move(what)}};
        };
        switch (step.action)
        {
            case 0:
                if (f.sandbox.run(user, id, Lock{step.amount}).ok())
                    history[step.user][block] = locked[step.user] += step.amount;
                break;
            case 1: {
                const bool ok = f.sandbox.run(user, id, Unlock{step.amount}).ok();
                if (ok != (step.amount > 0 && step.amount <= locked[step.user]))
                    return broken("an unlock that should be refused, or not");
                if (ok)
                    history[step.user][block] = locked[step.user] -= step.amount;
                break;
            }
            case 2:
                if (f.sandbox.run(user, id, Propose{f.pay_treasury_to(user, 1).list(), {}}).ok())
                    snapshots.push_back(block - 1);
                break;
            case 3: {
                const auto outcome = f.sandbox.run(
                    user, id, CastVote{proposal, static_cast<std::uint8_t>(step.amount % 2)});
                if (outcome.ok() &&
                    outcome.returns.values[0] != votes_at(step.user, snapshots.at(proposal)))
                    return broken("a vote that the voter did not have then");
                break;
            }
            case 4: treasury -= f.sandbox.run(user, id, Execute{proposal}).ok() ? 1 : 0; break;
            default: treasury -= f.sandbox.run(user, id, EmergencyCommit{proposal}).ok() ? 1 : 0;
        }
        if (f.usdc.balance(f.governor.account()) != treasury)
            return broken("a treasury that moved without a proposal");
        Findings findings;
        f.governor.check_invariants(f.sandbox.world(), findings);
        if (!findings.empty())
            return broken(findings.front());
        for (std::uint32_t k = 0; k < snapshots.size(); ++k)
        {
            std::uint64_t all = 0;
            for (std::size_t voter = 0; voter < 3; ++voter)
                all += votes_at(voter, snapshots[k]);
            const auto& made = f.governor.proposal(k);
            if (wrapping_add(made.for_votes, made.against_votes) > Amount{all})
                return broken("more votes than there were");
        }
    }
    return std::nullopt;
}
}  // namespace

// Method: 100,000 random steps in worlds of 500, against a model of who had what locked in which
// block: a vote weighs what its voter had before the proposal, no more votes are cast than there
// were, and the treasury moves by proposals alone.
TEST_CASE("stake governor: past votes are what was locked", "[contracts][governance][property]")
{
    std::mt19937_64 random{20'260'503};
    for (int round = 0; round < 200; ++round)
    {
        std::vector<Step> steps(500);
        for (auto& step : steps)
        {
            constexpr std::array likely{0U, 0U, 1U, 1U, 3U, 3U, 3U, 4U, 5U};
            step.action = random() % 40 == 0 ? 2U : likely[random() % likely.size()];
            step.user = static_cast<unsigned>(random() % 3);
            step.amount = random() % 40;
            step.seconds = random() % 4 == 0 ? random() % (2 * day) : 0;
            step.same_block = random() % 3 == 0;
        }
        CAPTURE(round);
        const auto broken = tests::find_counterexample(steps, play);
        std::string told;
        for (const auto& step : broken ? broken->operations : std::vector<Step>{})
        {
            told += fmt::format("\n  action {} user {} amount {} after {} s{}", step.action,
                step.user, step.amount, step.seconds, step.same_block ? ", same block" : "");
        }
        INFO((broken ? broken->what : "") << told);
        REQUIRE_FALSE(broken.has_value());
    }
}

}  // namespace runnel::contracts
