#include "consensus/bft/tendermint.hpp"
#include "consensus/bft/validator_set.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace runnel
{
namespace
{
using Votes = std::vector<std::tuple<VoteKind, std::uint64_t, NetworkBlockId>>;
using Timeouts = std::vector<std::pair<BftStep, std::uint64_t>>;

constexpr auto prevote = VoteKind::prevote;
constexpr auto precommit = VoteKind::precommit;
constexpr NetworkBlockId a = 100;
constexpr NetworkBlockId b = 200;

/// Notes what a process does.
class Process final : public TendermintHost
{
public:
    /// Number 3 of four equals, of which 0, 1, 2, 3 propose in turn.
    explicit Process(std::vector<std::uint64_t> powers = {1, 1, 1, 1}, NodeId self = 3,
        BftFraction quorum = {2, 3})
      : set_{std::make_shared<const BftValidatorSet>(first_validator_set(std::move(powers)))},
        machine{*this, set_, self, quorum, 2}
    {}

    void propose(std::uint64_t round, const BftLock& lock) override
    {
        proposed.emplace_back(round, lock.valid, lock.valid_round);
    }
    BlockValidity validity_of(NetworkBlockId block) override
    {
        const auto found = validity.find(block);
        return found == validity.end() ? BlockValidity::valid : found->second;
    }
    void vote(VoteKind kind, std::uint64_t round, NetworkBlockId block) override
    {
        votes.emplace_back(kind, round, block);
    }
    void start_timeout(BftStep step, std::uint64_t round) override
    {
        timeouts.emplace_back(step, round);
    }
    void double_vote(NodeId voter, VoteKind kind, std::uint64_t round, NetworkBlockId first,
        NetworkBlockId second) override
    {
        doubles.emplace_back(voter, kind, round, first, second);
    }
    void double_proposal(
        NodeId proposer, std::uint64_t round, NetworkBlockId first, NetworkBlockId second) override
    {
        double_proposals.emplace_back(proposer, round, first, second);
    }

    void hear(
        VoteKind kind, std::uint64_t round, NetworkBlockId block, const std::vector<NodeId>& voters)
    {
        VoterBits bits(1);
        for (const auto v : voters)
            bits[0] |= std::uint64_t{1} << v;
        machine.add_votes(kind, round, block, bits);
        machine.evaluate();
    }
    void hear_proposal(std::uint64_t round, NetworkBlockId block, std::int64_t valid_round = -1)
    {
        machine.add_proposal(machine.proposer_of(round), round, block, valid_round);
        machine.evaluate();
    }
    [[nodiscard]] bool waits(BftStep step, std::uint64_t round) const
    {
        return std::count(timeouts.begin(), timeouts.end(), std::pair{step, round}) == 1;
    }
    /// Locked on a block in a round, by a polka.
    void lock_on(NetworkBlockId block, std::uint64_t round)
    {
        hear_proposal(round, block);
        hear(prevote, round, block, {0, 1, 2});
        REQUIRE(machine.lock().locked == block);
    }
    void next_round() { machine.time_out(BftStep::precommit, machine.round()); }

private:
    std::shared_ptr<const BftValidatorSet> set_;

public:
    Tendermint machine;
    std::map<NetworkBlockId, BlockValidity> validity;
    Votes votes;
    Timeouts timeouts;
    std::vector<std::tuple<std::uint64_t, NetworkBlockId, std::int64_t>> proposed;
    std::vector<std::tuple<NodeId, VoteKind, std::uint64_t, NetworkBlockId, NetworkBlockId>>
        doubles;
    std::vector<std::tuple<NodeId, std::uint64_t, NetworkBlockId, NetworkBlockId>> double_proposals;
};

std::string turns(BftValidatorSet set, const std::string& names, int count)
{
    std::string result;
    for (int i = 0; i < count; ++i)
    {
        increment_proposer_priority(set, 1);
        result += names[set.proposer];
    }
    return result;
}

/// With priorities of zero.
BftValidatorSet fresh_set(std::vector<std::uint64_t> powers)
{
    auto set = first_validator_set(std::move(powers));
    std::fill(set.priority.begin(), set.priority.end(), 0);
    return set;
}
}  // namespace

// ---- Proposers ----

TEST_CASE("proposers take turns by power, as CometBFT's do", "[consensus][bft]")
{
    CHECK(turns(fresh_set({1, 3}), "12", 8) == "21222122");
    CHECK(turns(fresh_set({5, 3, 2}), "abc", 10) == "abcaabacba");
    CHECK(turns(fresh_set({10, 1, 1}), "abc", 12) == "aaaabaaacaaa");
}

TEST_CASE("after as many turns as there is power all priorities are zero again", "[consensus][bft]")
{
    for (const auto& powers : {std::vector<std::uint64_t>{5, 3, 2}, {10, 1, 1}, {1, 3}, {7, 7, 7}})
    {
        auto set = fresh_set(powers);
        std::vector<std::uint64_t> times(powers.size());
        for (std::uint64_t i = 0; i < set.total_power; ++i)
        {
            increment_proposer_priority(set, 1);
            ++times[set.proposer];
        }
        CHECK(times == powers);
        CHECK(set.priority == std::vector<std::int64_t>(powers.size(), 0));
    }
}

TEST_CASE("a round's proposer is the one whose turn comes as many times later", "[consensus][bft]")
{
    auto set = first_validator_set({5, 3, 2});  // The first turn has passed.
    CHECK(set.proposer == 0);
    CHECK(set.proposer_of(0) == 0);
    CHECK(set.proposer_of(1) == 1);
    CHECK(set.proposer_of(2) == 2);
    CHECK(set.proposer_of(3) == 0);
}

TEST_CASE("who joins waits for his first turn, and who is far behind is brought nearer",
    "[consensus][bft]")
{
    // From zeros: 10 joins two of 5. P is 20, so the new one starts at -(20 + 20 / 8) = -22; the
    // average of 0, 0 and -22 is -7.33, rounded down -8: 8, 8, -14. A turn: 13, 13, -4; the first
    // proposes and is at -7.
    auto set = first_validator_set({5, 5, 0});
    std::fill(set.priority.begin(), set.priority.end(), 0);
    const auto next = next_validator_set(set, {5, 5, 10});
    CHECK(next.total_power == 20);
    CHECK(next.priority == std::vector<std::int64_t>{-7, 13, -4});
    CHECK(next.proposer == 0);

    // 100 apart where 2P is 20: divided by 5, toward zero: -7 / 5 = -1.
    auto wide = fresh_set({5, 5});
    wide.priority = {93, -7};
    increment_proposer_priority(wide, 1);
    // 18, -1; less the average of 8.5 rounded down: 10, -9; a turn: 15, -4; 15 - 10.
    CHECK(wide.priority == std::vector<std::int64_t>{5, -4});

    // Who leaves is gone, and his priority with him.
    const auto left = next_validator_set(next, {5, 5, 0});
    CHECK(left.total_power == 10);
    CHECK(left.priority[2] == 0);
    CHECK(!left.has(2));
}

TEST_CASE("more than two thirds is compared without rounding", "[consensus][bft]")
{
    constexpr BftFraction two_thirds{2, 3};
    CHECK(!exceeds(2, 3, two_thirds));
    CHECK(exceeds(3, 4, two_thirds));
    CHECK(!exceeds(66, 99, two_thirds));
    CHECK(exceeds(67, 100, two_thirds));
    CHECK(!exceeds(66, 100, two_thirds));
    constexpr auto large = BftValidatorSet::total_power_max;
    CHECK(exceeds(large / 3 * 2 + 1, large, two_thirds));
    CHECK(!exceeds(large / 3 * 2, large, two_thirds));
}

// ---- Rules ----

TEST_CASE(
    "rule 1: who has the turn proposes, what could be decided if there is such", "[consensus][bft]")
{
    Process process{{1, 1, 1, 1}, 0};
    process.machine.start();
    CHECK(process.proposed ==
          std::vector<std::tuple<std::uint64_t, NetworkBlockId, std::int64_t>>{{0, no_block, -1}});
    CHECK(process.waits(BftStep::propose, 0));

    Process later{{1, 1, 1, 1}, 1};
    later.machine.start();
    CHECK(later.proposed.empty());
    later.lock_on(a, 0);
    later.next_round();
    CHECK(later.proposed ==
          std::vector<std::tuple<std::uint64_t, NetworkBlockId, std::int64_t>>{{1, a, 0}});
}

TEST_CASE("rule 2: a fresh proposal is prevoted if it is valid and no lock forbids it",
    "[consensus][bft]")
{
    Process process;
    process.machine.start();
    process.hear_proposal(0, a);
    CHECK(process.votes == Votes{{prevote, 0, a}});

    Process strict;
    strict.validity[a] = BlockValidity::invalid;
    strict.machine.start();
    strict.hear_proposal(0, a);
    CHECK(strict.votes == Votes{{prevote, 0, no_block}});

    Process checking;
    checking.validity[a] = BlockValidity::unknown;
    checking.machine.start();
    checking.hear_proposal(0, a);
    CHECK(checking.votes.empty());
    checking.validity[a] = BlockValidity::valid;
    checking.machine.evaluate();
    CHECK(checking.votes == Votes{{prevote, 0, a}});

    Process locked;
    locked.machine.start();
    locked.lock_on(a, 0);
    locked.next_round();
    locked.hear_proposal(1, b);
    CHECK(locked.votes.back() == std::tuple{prevote, std::uint64_t{1}, no_block});
    locked.next_round();
    locked.hear_proposal(2, a);
    CHECK(locked.votes.back() == std::tuple{prevote, std::uint64_t{2}, a});
}

TEST_CASE("only whose turn it is can propose", "[consensus][bft]")
{
    Process process;
    process.machine.start();
    CHECK(!process.machine.add_proposal(1, 0, a, -1));
    CHECK(!process.machine.add_proposal(0, 0, a, 0));  // A polka is of an earlier round.
    CHECK(!process.machine.add_proposal(1, 1, a, 1));
    CHECK(!process.machine.add_proposal(1, 1, a, -2));
    CHECK(process.machine.add_proposal(1, 1, a, 0));  // Round 0 can have one.
    CHECK(!process.machine.add_proposal(0, 0, no_block, -1));
    CHECK(process.machine.add_proposal(0, 0, a, -1));
    CHECK(!process.machine.add_proposal(0, 0, a, -1));
    CHECK(process.machine.add_proposal(0, 0, b, -1));
    CHECK(!process.machine.add_proposal(0, 0, 300, -1));  // Two prove all.
    CHECK(process.machine.proposals(0).size() == 2);
}

TEST_CASE("rule 3: a polka of round 0 frees from a lock of round 0", "[consensus][bft]")
{
    // Locked on a in round 0; two of the others have a polka for b from the same round.
    Process process;
    process.machine.start();
    process.lock_on(a, 0);
    process.hear(prevote, 0, b, {0, 1, 2});  // They voted twice.
    process.next_round();
    process.hear_proposal(1, b, 0);
    CHECK(process.votes.back() == std::tuple{prevote, std::uint64_t{1}, b});
}

TEST_CASE("rule 3: a later lock is not undone by an earlier polka", "[consensus][bft]")
{
    Process process;
    process.machine.start();
    process.hear(prevote, 0, b, {0, 1, 2});  // A polka, but nobody has the block.
    process.next_round();
    process.lock_on(a, 1);
    process.next_round();
    process.hear_proposal(2, b, 0);
    CHECK(process.votes.back() == std::tuple{prevote, std::uint64_t{2}, no_block});
}

TEST_CASE("rule 3: waits for the old prevotes, and goes on when they come", "[consensus][bft]")
{
    Process process;
    process.machine.start();
    process.next_round();
    process.hear_proposal(1, a, 0);
    CHECK(process.votes.empty());
    process.hear(prevote, 0, a, {0, 1});
    CHECK(process.votes.empty());
    process.hear(prevote, 0, a, {2});
    CHECK(process.votes == Votes{{prevote, 1, a}});
}

TEST_CASE("rule 3: a polka may be of a round that was skipped", "[consensus][bft]")
{
    Process process;
    process.machine.start();
    process.hear(prevote, 2, no_block, {0, 1});
    REQUIRE(process.machine.round() == 2);
    process.hear_proposal(2, a, 1);  // Of round 1 nothing is known.
    CHECK(process.votes.empty());
    process.hear(prevote, 1, a, {0, 1, 2});
    CHECK(process.votes == Votes{{prevote, 2, a}});
}

TEST_CASE("rule 3: an invalid block is not prevoted for all its polka", "[consensus][bft]")
{
    Process process;
    process.validity[a] = BlockValidity::invalid;
    process.machine.start();
    process.next_round();
    process.hear(prevote, 0, a, {0, 1, 2});
    process.hear_proposal(1, a, 0);
    CHECK(process.votes == Votes{{prevote, 1, no_block}});
}

TEST_CASE("rule 4: prevotes of two thirds for whatever start the wait, once", "[consensus][bft]")
{
    Process process;
    process.machine.start();
    process.hear(prevote, 0, a, {0});
    process.hear(prevote, 0, b, {1});
    process.hear(prevote, 0, no_block, {2});
    CHECK(!process.waits(BftStep::prevote, 0));  // Has not prevoted himself.
    process.machine.time_out(BftStep::propose, 0);
    CHECK(process.votes == Votes{{prevote, 0, no_block}});
    CHECK(process.waits(BftStep::prevote, 0));
    Process few;
    few.machine.start();
    few.hear(prevote, 0, a, {0, 1});
    few.machine.time_out(BftStep::propose, 0);
    CHECK(!few.waits(BftStep::prevote, 0));
    process.hear(prevote, 0, no_block, {3});
    CHECK(process.waits(BftStep::prevote, 0));
    process.machine.time_out(BftStep::prevote, 0);
    CHECK(process.votes.back() == std::tuple{precommit, std::uint64_t{0}, no_block});
    // Too late for a polka to be locked on, but not to know of it.
    process.hear_proposal(0, a);
    process.hear(prevote, 0, a, {1, 2});
    CHECK(process.machine.lock() == BftLock{-1, no_block, 0, a});
}

TEST_CASE("rule 5: a polka locks and is precommitted", "[consensus][bft]")
{
    Process process;
    process.machine.start();
    process.hear_proposal(0, a);
    process.hear(prevote, 0, a, {0, 1});
    CHECK(process.votes == Votes{{prevote, 0, a}});
    process.hear(prevote, 0, a, {3});
    CHECK(process.votes == Votes{{prevote, 0, a}, {precommit, 0, a}});
    CHECK(process.machine.lock() == BftLock{0, a, 0, a});

    // The block may come after its polka.
    Process late;
    late.machine.start();
    late.hear(prevote, 0, a, {0, 1, 2});
    CHECK(late.votes.empty());
    late.hear_proposal(0, a);
    CHECK(late.votes == Votes{{prevote, 0, a}, {precommit, 0, a}});
}

TEST_CASE("rule 5: who has not prevoted yet does not look for a polka", "[consensus][bft]")
{
    // The proposal rests on a polka of round 0 that nobody here has heard of.
    Process process;
    process.machine.start();
    process.next_round();
    process.hear_proposal(1, a, 0);
    process.hear(prevote, 1, a, {0, 1, 2});
    CHECK(process.votes.empty());
    CHECK(process.machine.lock() == BftLock{});
    process.machine.time_out(BftStep::propose, 1);
    CHECK(process.votes == Votes{{prevote, 1, no_block}, {precommit, 1, a}});
    CHECK(process.machine.lock() == BftLock{1, a, 1, a});
}

TEST_CASE("rule 5: a polka for what is not valid locks nobody", "[consensus][bft]")
{
    Process process;
    process.validity[a] = BlockValidity::invalid;
    process.machine.start();
    process.hear_proposal(0, a);
    process.hear(prevote, 0, a, {0, 1, 2});
    CHECK(process.votes == Votes{{prevote, 0, no_block}});
    CHECK(process.machine.lock() == BftLock{});
}

TEST_CASE("rule 5: two thirds are not enough", "[consensus][bft]")
{
    Process process{{1, 1, 1}, 2};
    process.machine.start();
    process.hear_proposal(0, a);
    process.hear(prevote, 0, a, {0, 1});
    process.hear(precommit, 0, a, {0, 1});
    CHECK(process.machine.lock() == BftLock{});
    CHECK(!process.machine.decision());
    process.hear(prevote, 0, a, {2});
    process.hear(precommit, 0, a, {2});
    CHECK(process.machine.decision());
}

TEST_CASE("rule 6: a polka for nil is precommitted and unlocks nothing", "[consensus][bft]")
{
    Process process;
    process.machine.start();
    process.lock_on(a, 0);
    process.next_round();
    process.machine.time_out(BftStep::propose, 1);
    process.hear(prevote, 1, no_block, {0, 1, 2});
    CHECK(process.votes.back() == std::tuple{precommit, std::uint64_t{1}, no_block});
    CHECK(process.machine.lock() == BftLock{0, a, 0, a});
    process.next_round();
    process.hear_proposal(2, b);
    CHECK(process.votes.back() == std::tuple{prevote, std::uint64_t{2}, no_block});
}

TEST_CASE(
    "rule 7: the next round comes after the wait for precommits, not before", "[consensus][bft]")
{
    Process process;
    process.machine.start();
    process.hear(precommit, 0, no_block, {0, 1});
    CHECK(!process.waits(BftStep::precommit, 0));
    process.hear(precommit, 0, a, {2});
    CHECK(process.waits(BftStep::precommit, 0));
    CHECK(process.machine.round() == 0);
    // Meanwhile the votes that were missing come: decided in round 0, by who was about to leave it.
    process.hear_proposal(0, a);
    process.hear(precommit, 0, a, {1, 3});
    CHECK(process.machine.decision());
    process.machine.time_out(BftStep::precommit, 0);
    CHECK(process.machine.round() == 0);

    Process other;
    other.machine.start();
    other.hear(precommit, 0, no_block, {0, 1, 2});
    other.hear(precommit, 0, no_block, {3});
    CHECK(other.waits(BftStep::precommit, 0));  // Once.
    CHECK(other.machine.round() == 0);
    other.machine.time_out(BftStep::precommit, 0);
    CHECK(other.machine.round() == 1);
    other.machine.time_out(BftStep::precommit, 0);  // Of a round that is over.
    other.machine.time_out(BftStep::propose, 0);
    CHECK(other.machine.round() == 1);
    CHECK(other.votes.empty());
}

TEST_CASE(
    "rule 8: precommits of any round decide, once the block is here and valid", "[consensus][bft]")
{
    Process process;
    process.machine.start();
    process.next_round();
    process.next_round();
    process.hear(precommit, 0, a, {0, 1, 2});
    CHECK(!process.machine.decision());
    process.validity[a] = BlockValidity::unknown;
    process.hear_proposal(0, a);
    CHECK(!process.machine.decision());
    process.validity[a] = BlockValidity::valid;
    process.machine.evaluate();
    REQUIRE(process.machine.decision());
    CHECK(process.machine.decision()->block == a);
    CHECK(process.machine.decision()->round == 0);

    Process refusing;
    refusing.validity[a] = BlockValidity::invalid;
    refusing.machine.start();
    refusing.hear_proposal(0, a);
    refusing.hear(precommit, 0, a, {0, 1, 2});
    CHECK(!refusing.machine.decision());

    Process none;
    none.machine.start();
    none.hear(precommit, 0, no_block, {0, 1, 2, 3});
    CHECK(!none.machine.decision());

    // Votes of two rounds do not add up.
    Process apart;
    apart.machine.start();
    apart.hear_proposal(0, a);
    apart.hear(precommit, 0, a, {0, 1});
    apart.hear(precommit, 1, a, {2, 3});
    CHECK(!apart.machine.decision());
}

TEST_CASE("rule 9: more than a third in a later round pull along", "[consensus][bft]")
{
    Process process;
    process.machine.start();
    process.hear(prevote, 2, no_block, {0});
    process.hear(precommit, 2, no_block, {0});  // The same one again.
    CHECK(process.machine.round() == 0);
    process.hear(precommit, 2, a, {1});
    CHECK(process.machine.round() == 2);
    CHECK(process.machine.step() == BftStep::propose);
    CHECK(process.waits(BftStep::propose, 2));

    // A third is not more than a third.
    Process third{{1, 1, 1}, 2};
    third.machine.start();
    third.hear(prevote, 1, no_block, {0});
    CHECK(third.machine.round() == 0);
    third.hear(prevote, 1, no_block, {1});
    CHECK(third.machine.round() == 1);

    // A proposal is a message too.
    Process proposal;
    proposal.machine.start();
    proposal.hear_proposal(1, a);
    proposal.hear(prevote, 1, a, {0});
    CHECK(proposal.machine.round() == 1);
    CHECK(proposal.votes == Votes{{prevote, 1, a}});

    // Votes of rounds too far ahead are not kept, but tell where the others are: of those that
    // more than a third have reached the last.
    Process far;
    far.machine.start();
    far.hear(prevote, 50, a, {0});
    far.hear(prevote, 70, a, {1});
    CHECK(far.machine.round() == 50);
    CHECK(far.machine.tally(prevote, 50)->power == 0);
    far.hear(prevote, 60, a, {2});
    CHECK(far.machine.round() == 60);
    far.hear(prevote, 61, a, {2});
    CHECK(far.machine.round() == 61);
}

TEST_CASE("rule 9: each counts in the latest round that he was seen in", "[consensus][bft]")
{
    // Of seven three are more than a third.
    const std::vector<std::uint64_t> powers(7, 1);
    Process process{powers, 6};
    process.machine.start();
    process.hear(prevote, 50, a, {0, 1});
    process.hear(prevote, 70, a, {0});
    process.hear(prevote, 40, a, {1});  // It came late.
    process.hear(prevote, 70, a, {0});
    CHECK(process.machine.round() == 0);
    process.hear(prevote, 60, a, {2});
    CHECK(process.machine.round() == 50);
    process.hear(prevote, 60, a, {1});
    CHECK(process.machine.round() == 60);
    // They are ahead no longer.
    process.hear(prevote, 61, a, {1, 2});
    CHECK(process.machine.round() == 61);
    process.hear(prevote, 62, a, {1});
    CHECK(process.machine.round() == 61);

    // Who was seen twice is not two.
    Process twice;
    twice.machine.start();
    twice.hear(prevote, 50, a, {0});
    twice.hear(prevote, 70, a, {0});
    CHECK(twice.machine.round() == 0);

    // Nor does anybody count who has no vote.
    Process strangers;
    strangers.machine.start();
    strangers.hear(prevote, 50, a, {0, 60, 61, 62});
    CHECK(strangers.machine.round() == 0);
}

TEST_CASE("what comes is kept for two rounds ahead", "[consensus][bft]")
{
    Process process;
    process.machine.start();
    CHECK(process.machine.proposals(1).empty());
    CHECK(process.machine.add_proposal(2, 2, a, -1));
    process.hear(prevote, 2, a, {2});
    REQUIRE(process.machine.round() == 0);
    CHECK(process.machine.tally(prevote, 2)->power == 1);
    CHECK(process.machine.proposals(2).size() == 1);

    // Of later rounds no more is known than that somebody is there, whoever he is.
    CHECK(!process.machine.add_proposal(2, 3, a, -1));
    process.hear(prevote, 3, a, {2});
    CHECK(process.machine.round() == 0);
    CHECK(process.machine.tally(prevote, 3) == nullptr);
    CHECK(process.machine.proposals(3).empty());
    CHECK(process.machine.proposals(1000).empty());
    CHECK(!process.machine.add_proposal(0, 3, b, -1));
    process.machine.evaluate();
    CHECK(process.machine.round() == 3);
}

TEST_CASE("a height begins with what was heard before", "[consensus][bft]")
{
    Process process;
    process.hear(prevote, 1, a, {0, 1, 2});
    process.hear(precommit, 0, no_block, {0, 1, 2});
    process.hear_proposal(0, b);
    process.machine.time_out(BftStep::precommit, 0);
    CHECK(process.machine.step() == BftStep::new_height);
    CHECK(process.machine.round() == 0);
    CHECK(process.timeouts.empty());
    process.machine.start();
    CHECK(process.machine.round() == 1);

    Process other;
    other.hear_proposal(0, b);
    CHECK(other.votes.empty());
    other.machine.start();
    CHECK(other.votes == Votes{{prevote, 0, b}});
}

TEST_CASE("a height that has not begun can be decided, and votes for nothing", "[consensus][bft]")
{
    Process process;
    process.hear_proposal(0, a);
    process.hear(prevote, 0, a, {0, 1, 2});
    process.hear(prevote, 1, a, {0, 1, 2});
    CHECK(process.votes.empty());
    process.hear(precommit, 0, a, {0, 1, 2});
    CHECK(process.machine.decision());
    CHECK(process.votes.empty());
}

// ---- Counting ----

TEST_CASE("a vote counts once, and only of who may vote", "[consensus][bft]")
{
    Process process{{3, 1, 1, 1, 0}, 3};
    process.machine.start();
    process.hear(prevote, 0, a, {0, 1});
    process.hear(prevote, 0, a, {0, 1});
    process.hear(prevote, 0, a, {4, 60});  // No power; nobody.
    const auto* tally = process.machine.tally(prevote, 0);
    CHECK(tally->power == 4);
    CHECK(tally->power_for(a) == 4);
    CHECK(process.doubles.empty());
    CHECK(process.machine.tally(precommit, 0)->power == 0);
}

TEST_CASE("who votes twice is found, counts once, and for both blocks", "[consensus][bft]")
{
    Process process;
    process.machine.start();
    process.hear(prevote, 0, a, {0});
    process.hear(prevote, 0, b, {0});
    process.hear(prevote, 0, b, {0});
    process.hear(precommit, 0, no_block, {1});
    process.hear(precommit, 0, a, {1});
    const auto* tally = process.machine.tally(prevote, 0);
    CHECK(tally->power == 1);
    CHECK(tally->power_for(a) == 1);
    CHECK(tally->power_for(b) == 1);
    const decltype(process.doubles) expected{{0, prevote, 0, a, b}, {1, precommit, 0, no_block, a}};
    CHECK(process.doubles == expected);
    // In another round one may change one's mind.
    process.hear(prevote, 1, b, {1});
    process.hear(prevote, 0, a, {1});
    CHECK(process.doubles == expected);
}

TEST_CASE("a double vote names the block that he voted for before", "[consensus][bft]")
{
    Process process;
    process.machine.start();
    process.hear(prevote, 0, a, {1});
    process.hear(prevote, 0, b, {0});
    process.hear(prevote, 0, no_block, {0});
    CHECK(process.doubles == decltype(process.doubles){{0, prevote, 0, b, no_block}});
}

TEST_CASE("who proposes twice is found", "[consensus][bft]")
{
    Process process;
    process.machine.start();
    process.hear_proposal(0, a);
    process.hear_proposal(0, b);
    CHECK(process.votes == Votes{{prevote, 0, a}});
    CHECK(process.double_proposals == decltype(process.double_proposals){{0, 0, a, b}});
    // Others may have a polka for the second one: then it counts.
    process.hear(prevote, 0, b, {0, 1, 2});
    CHECK(process.votes.back() == std::tuple{precommit, std::uint64_t{0}, b});
}

TEST_CASE("resumes where it was", "[consensus][bft]")
{
    Process proposing;
    proposing.machine.resume(2, BftStep::propose, {});
    CHECK(proposing.timeouts == Timeouts{{BftStep::propose, 2}});

    Process process;
    process.machine.resume(3, BftStep::precommit, {1, a, 1, a});
    CHECK(process.timeouts.empty());
    process.machine.evaluate();
    CHECK(process.votes.empty());
    process.machine.time_out(BftStep::prevote, 3);
    CHECK(process.votes.empty());
    process.hear(precommit, 3, no_block, {0, 1, 2});
    CHECK(process.waits(BftStep::precommit, 3));
    process.next_round();
    CHECK(process.machine.round() == 4);
    process.hear_proposal(4, b);
    CHECK(process.votes == Votes{{prevote, 4, no_block}});
}

}  // namespace runnel
