#include "consensus/bft/stake.hpp"
#include "tests/support/catch.hpp"

#include <numeric>
#include <utility>
#include <vector>

namespace runnel
{
namespace
{
constexpr std::uint64_t seed = 11;

/// Validators with a stake of 1,000 wei each and a vote for each 10, nothing by chance.
BftOptions small_options(std::uint32_t validators)
{
    BftOptions options;
    options.validators = validators;
    options.stake.stake = 1'000;
    options.stake.wei_per_vote = 10;
    options.stake.commission_bps = 1'000;
    options.stake.inflation_per_year = 0;
    options.stake.proposer_reward_bps = 0;
    options.stake.payout_heights = 1;
    options.stake.unbonding_heights = 5;
    options.stake.evidence_heights = 3;
    options.stake.evidence_age = 0;
    return options;
}

/// Blocks one after another, a second apart.
class Chain
{
public:
    explicit Chain(BftOptions of_chain) : options{std::move(of_chain)}
    {
        state = first_chain_state(options);
    }
    void grow(const std::vector<NetworkEvidence>& evidence = {},
        const std::vector<NodeId>& signers = {}, VirtualTime span = one_second)
    {
        VoterBits bits(words_for_voters(options.validators));
        for (const auto v : signers)
            bits[v / 64] |= std::uint64_t{1} << (v % 64);
        state = next_chain_state(
            options, seed, state, {state.height + 1, maker, state.time + span, bits, &evidence});
    }
    [[nodiscard]] Amount sum(StakeChangeKind kind) const
    {
        Amount result;
        for (const auto& change : state.changes)
            result = change.kind == kind ? (Checked{result} + change.amount).value : result;
        return result;
    }
    [[nodiscard]] Amount of(
        StakeChangeKind kind, NodeId validator, std::uint32_t delegator = 0) const
    {
        Amount result;
        for (const auto& change : state.changes)
        {
            if (change.kind == kind && change.validator == validator &&
                change.delegator == delegator)
                result = (Checked{result} + change.amount).value;
        }
        return result;
    }
    [[nodiscard]] const BftStake& stake(NodeId validator) const
    {
        return state.accounts->stakes[validator];
    }

    BftOptions options;
    BftChainState state;
    NodeId maker = 0;
};

BftStakeOperation operation(std::uint64_t height, BftStakeOperationKind kind, NodeId validator,
    std::uint64_t amount = 0, std::uint32_t delegator = 0)
{
    return {height, kind, validator, delegator, amount};
}

NetworkEvidence double_vote(NodeId offender, std::uint64_t height)
{
    NetworkEvidence evidence;
    evidence.kind = EvidenceKind::double_vote;
    evidence.offender = offender;
    evidence.height = height;
    evidence.first = 1;
    evidence.second = 2;
    return evidence;
}

constexpr auto deposit = BftStakeOperationKind::deposit;
constexpr auto leave = BftStakeOperationKind::exit;
constexpr auto delegate = BftStakeOperationKind::delegate;
constexpr auto undelegate = BftStakeOperationKind::undelegate;
}  // namespace

TEST_CASE("groups have the last numbers, and their share of the stake", "[consensus][bft]")
{
    auto options = small_options(10);
    options.groups.resize(2);
    options.groups[0].validators = 2;
    options.groups[0].share = 0.4;
    options.groups[1].share = 0.3;
    CHECK(
        groups_of_validators(options) == std::vector<std::uint32_t>{2, 2, 2, 2, 2, 0, 0, 1, 1, 1});
    // Of 10,000: 2 * 2,000, 3 * 1,000 and 3,000 for the other five.
    CHECK(first_stakes(options) ==
          std::vector<uint128>{600, 600, 600, 600, 600, 2'000, 2'000, 1'000, 1'000, 1'000});
}

TEST_CASE("the stake of the beginning is deposited, with what was delegated", "[consensus][bft]")
{
    auto options = small_options(3);
    options.waiting = 1;
    options.stake.delegators = 2;
    options.stake.delegated_share = 0.5;
    const Chain chain{options};
    CHECK(chain.sum(StakeChangeKind::deposit) == 2'000);
    CHECK(chain.of(StakeChangeKind::deposit, 1) == 500);
    CHECK(chain.of(StakeChangeKind::deposit, 1, 3) == 250);
    CHECK(chain.of(StakeChangeKind::deposit, 1, 4) == 250);
    CHECK(chain.state.next_set()->power == std::vector<std::uint64_t>{100, 100, 0});
}

TEST_CASE(
    "a deposit waits in the queue, and votes two heights after it was served", "[consensus][bft]")
{
    auto options = small_options(5);
    options.waiting = 3;
    options.stake.activations_per_height = 1;
    options.stake.seats = 4;
    options.stake.operations = {operation(1, deposit, 4, 500), operation(1, deposit, 3, 700),
        operation(1, deposit, 2, 900), operation(2, deposit, 0, 40)};
    Chain chain{options};
    chain.grow();  // 1
    CHECK(chain.of(StakeChangeKind::deposit, 4) == 500);
    CHECK(chain.stake(4).status == BftStakeStatus::active);  // First come.
    CHECK(chain.stake(3).status == BftStakeStatus::queued);
    CHECK(!chain.state.sets[1]->has(4));  // Of height 2.
    CHECK(chain.state.sets[2]->has(4));   // Of height 3.
    CHECK(chain.state.sets[2]->power[4] == 50);
    chain.grow();  // 2
    CHECK(chain.stake(3).status == BftStakeStatus::active);
    CHECK(chain.state.next_set()->has(4));
    CHECK(chain.state.sets[2]->power[0] == 104);
    chain.grow();  // 3: all seats are taken.
    CHECK(chain.stake(2).status == BftStakeStatus::queued);
    CHECK(chain.state.accounts->queue == std::vector<NodeId>{2});
}

TEST_CASE("the richest have the seats at the beginning, and the others wait", "[consensus][bft]")
{
    auto options = small_options(4);
    options.groups.resize(1);
    options.groups[0].validators = 1;
    options.groups[0].share = 0.4;
    options.stake.seats = 2;
    Chain chain{options};
    CHECK(chain.state.next_set()->power == std::vector<std::uint64_t>{80, 0, 0, 160});
    CHECK(chain.state.accounts->queue == std::vector<NodeId>{1, 2});
    CHECK(chain.stake(1).status == BftStakeStatus::queued);
}

TEST_CASE("who leaves the queue has his stake back, and nobody votes for it", "[consensus][bft]")
{
    auto options = small_options(4);
    options.stake.seats = 2;
    options.stake.operations = {operation(1, leave, 2), operation(2, leave, 2)};
    Chain chain{options};
    chain.grow();  // 1
    CHECK(chain.state.accounts->queue == std::vector<NodeId>{3});
    CHECK(chain.stake(2).status == BftStakeStatus::none);
    CHECK(chain.stake(2).tokens == 0);
    for (int i = 0; i < 5; ++i)
        chain.grow();  // 6
    CHECK(chain.of(StakeChangeKind::withdrawal, 2) == 1'000);
    CHECK(chain.sum(StakeChangeKind::withdrawal) == 1'000);
    CHECK(chain.state.next_set()->power == std::vector<std::uint64_t>{100, 100, 0, 0});
}

TEST_CASE("only who has staked himself can be delegated to", "[consensus][bft]")
{
    auto options = small_options(3);
    options.waiting = 1;
    options.stake.operations = {operation(1, delegate, 2, 500, 7), operation(1, delegate, 1, 0, 7)};
    Chain chain{options};
    chain.grow();
    CHECK(chain.sum(StakeChangeKind::deposit) == 0);
    CHECK(chain.stake(2).status == BftStakeStatus::none);
    CHECK(chain.stake(1).delegations.size() == 1);
    CHECK(chain.state.accounts->queue.empty());
}

TEST_CASE("who takes everything back is no delegator any more", "[consensus][bft]")
{
    auto options = small_options(3);
    options.stake.operations = {operation(1, delegate, 1, 500, 7),
        operation(2, undelegate, 1, 900, 7), operation(3, undelegate, 1, 1, 7)};
    Chain chain{options};
    chain.grow();
    CHECK(chain.stake(1).delegations.size() == 2);
    chain.grow();
    // No more than he has.
    CHECK(chain.stake(1).delegations == std::vector<BftDelegation>{{0, 1'000}});
    CHECK(chain.state.accounts->unbonding == std::vector<BftUnbonding>{{1, 7, 500, 3, 7}});
    chain.grow();
    CHECK(chain.state.accounts->unbonding.size() == 1);
}

TEST_CASE(
    "what is unbonded at once is one entry for each, the validator's last", "[consensus][bft]")
{
    auto options = small_options(3);
    // After a slash 1,500 shares are worth 1,350: 333 of 333 shares 299.7, 167 150.3.
    options.stake.tombstones = false;
    options.stake.slash_double_vote_bps = 1'000;
    options.stake.operations = {operation(1, delegate, 1, 333, 7),
        operation(1, delegate, 1, 167, 8), operation(3, leave, 1)};
    Chain chain{options};
    chain.grow();
    chain.grow({double_vote(1, 1)});
    chain.grow();
    CHECK(chain.state.accounts->unbonding ==
          std::vector<BftUnbonding>{{1, 7, 299, 4, 8}, {1, 8, 150, 4, 8}, {1, 0, 901, 4, 8}});
}

TEST_CASE("if all who vote are gone the last ones stay", "[consensus][bft]")
{
    auto options = small_options(2);
    options.stake.operations = {operation(1, deposit, 0, 100)};
    Chain chain{options};
    chain.grow();
    chain.grow({double_vote(0, 1), double_vote(1, 1)});
    CHECK(chain.stake(0).status == BftStakeStatus::none);
    CHECK(chain.stake(1).status == BftStakeStatus::none);
    CHECK(chain.state.sets.back()->power == std::vector<std::uint64_t>{110, 100});
    chain.grow({}, {0, 1});
    CHECK(chain.sum(StakeChangeKind::reward) == 0);
}

TEST_CASE("without tombstones each breach counts once, and another one again", "[consensus][bft]")
{
    auto options = small_options(3);
    options.stake.tombstones = false;
    options.stake.evidence_heights = 100;
    Chain chain{options};
    const auto first = double_vote(1, 1);
    auto other_vote = first;
    other_vote.vote = VoteKind::precommit;
    REQUIRE(other_vote.vote != first.vote);
    auto other_round = first;
    other_round.round = 1;
    auto other_kind = first;
    other_kind.kind = EvidenceKind::double_proposal;
    chain.grow();
    chain.grow();
    // 5% of 1,000; of 950 47.5; of 903 45.15; of 858 42.9; of 816 40.8; others have 1,000.
    for (const auto& [evidence, burnt] :
        {std::pair{first, 50}, {first, 0}, {other_vote, 47}, {other_vote, 0}, {other_round, 45},
            {other_kind, 42}, {double_vote(1, 2), 40}, {first, 0}})
    {
        CHECK(admits_evidence(chain.options, chain.state, evidence) == (burnt != 0));
        chain.grow({evidence});
        CHECK(chain.sum(StakeChangeKind::slashing) == static_cast<std::uint64_t>(burnt));
    }
    CHECK(!admits_evidence(chain.options, chain.state, double_vote(3, 1)));
    // It is admitted from the height on, not before.
    chain.grow({double_vote(2, chain.state.height + 2)});
    CHECK(chain.sum(StakeChangeKind::slashing) == 0);
    chain.grow({double_vote(2, chain.state.height + 1)});
    CHECK(chain.sum(StakeChangeKind::slashing) == 50);
}

TEST_CASE("who leaves waits, unbonds, and has his stake back", "[consensus][bft]")
{
    auto options = small_options(4);
    options.stake.exits_per_height = 1;
    options.stake.operations = {operation(1, leave, 2), operation(1, leave, 1)};
    Chain chain{options};
    chain.grow();  // 1
    CHECK(chain.stake(2).status == BftStakeStatus::none);
    CHECK(chain.stake(1).status == BftStakeStatus::exiting);
    CHECK(chain.state.sets[1]->has(2));  // Of height 2.
    CHECK(!chain.state.sets[2]->has(2));
    CHECK(chain.state.sets[2]->has(1));
    chain.grow();  // 2
    CHECK(!chain.state.sets[2]->has(1));
    for (int i = 0; i < 3; ++i)
        chain.grow();
    CHECK(chain.sum(StakeChangeKind::withdrawal) == 0);  // 5
    chain.grow();                                        // 6
    CHECK(chain.of(StakeChangeKind::withdrawal, 2) == 1'000);
    CHECK(chain.sum(StakeChangeKind::withdrawal) == 1'000);
    chain.grow();  // 7
    CHECK(chain.of(StakeChangeKind::withdrawal, 1) == 1'000);
    CHECK(chain.state.accounts->unbonding.empty());
}

TEST_CASE("the last validator cannot leave", "[consensus][bft]")
{
    auto options = small_options(2);
    options.stake.operations = {operation(1, leave, 0), operation(1, leave, 1)};
    Chain chain{options};
    chain.grow();
    chain.grow();
    chain.grow();
    CHECK(!chain.state.next_set()->has(0));
    CHECK(chain.state.next_set()->has(1));
}

TEST_CASE("rewards go by votes to who signed, commission first", "[consensus][bft]")
{
    auto options = small_options(3);
    options.stake.stake = 1'000'000;
    options.stake.delegators = 1;
    options.stake.delegated_share = 0.25;
    options.stake.inflation_per_year = 0.1;
    options.stake.proposer_reward_bps = 1'000;
    Chain chain{options};
    chain.maker = 2;
    chain.grow();  // Nobody has signed block 0.
    CHECK(chain.sum(StakeChangeKind::reward) == 0);
    // Nor is anything minted in no time, or in a year before.
    for (const auto span : {VirtualTime{0}, VirtualTime{-365LL * 24 * 3600 * one_second}})
    {
        auto still = chain;
        still.grow({}, {0, 1}, span);
        CHECK(still.sum(StakeChangeKind::reward) == 0);
    }
    // A year later: 10% of 3,000,000, a tenth of it for the maker, 135,000 for each of the two.
    chain.grow({}, {0, 1}, 365LL * 24 * 3600 * one_second);
    CHECK(chain.sum(StakeChangeKind::reward) == 300'000);
    // Of 135,000 a tenth is commission; of the rest a quarter is the delegator's.
    CHECK(chain.of(StakeChangeKind::reward, 0, 1) == 30'375);
    CHECK(chain.of(StakeChangeKind::reward, 0) == 104'625);
    CHECK(chain.of(StakeChangeKind::reward, 1, 2) == 30'375);
    CHECK(chain.of(StakeChangeKind::reward, 2, 3) == 6'750);
    CHECK(chain.of(StakeChangeKind::reward, 2) == 23'250);
    // Fees by the same votes: half of 10^18 each.
    CHECK(chain.of(StakeChangeKind::fee_share, 0, 1) == 112'500'000'000'000'000);
    CHECK(chain.of(StakeChangeKind::fee_share, 0) == 387'500'000'000'000'000);
    CHECK(chain.of(StakeChangeKind::fee_share, 2) == 0);
    CHECK(chain.sum(StakeChangeKind::fee_share) == 1'000'000'000'000'000'000);
}

TEST_CASE("rewards are paid every so many heights, and none is lost", "[consensus][bft]")
{
    auto options = small_options(3);
    options.stake.inflation_per_year = 0.1;
    options.stake.stake = 1'000'000'007;
    options.stake.payout_heights = 4;
    options.stake.delegators = 3;
    options.stake.delegated_share = 0.7;
    Chain chain{options};
    uint128 earned = 0;
    for (int i = 0; i < 3; ++i)
    {
        chain.grow({}, {0, 2}, 3600 * one_second);
        CHECK(chain.sum(StakeChangeKind::reward) == 0);
    }
    earned = std::accumulate(chain.state.rewards.begin(), chain.state.rewards.end(), uint128{0});
    // Three hours of 10% a year on 3,000,000,021 (each minted amount rounded down).
    CHECK(earned > 102'600);
    CHECK(earned <= 102'740);
    const auto before = earned;
    chain.grow({}, {}, 1);
    CHECK(chain.sum(StakeChangeKind::reward) == Amount::from_uint128(before));
    CHECK(std::accumulate(chain.state.rewards.begin(), chain.state.rewards.end(), uint128{0}) == 0);
}

TEST_CASE("shares of a slashed validator are worth less, and roundings favour who stays",
    "[consensus][bft]")
{
    auto options = small_options(3);
    options.stake.tombstones = false;
    options.stake.slash_double_vote_bps = 1'000;
    options.stake.operations = {operation(1, delegate, 0, 500, 7),
        operation(3, delegate, 0, 100, 8), operation(4, undelegate, 0, 50, 7)};
    Chain chain{options};
    chain.grow();
    CHECK(chain.stake(0).tokens == 1'500);
    CHECK(chain.state.sets.back()->power[0] == 150);
    chain.grow({double_vote(0, 1)});
    CHECK(chain.of(StakeChangeKind::slashing, 0) == 150);
    CHECK(chain.stake(0).tokens == 1'350);
    CHECK(chain.stake(0).shares == 1'500);
    chain.grow();
    // 100 * 1,500 / 1,350 = 111.1 shares.
    CHECK(chain.stake(0).shares == 1'611);
    CHECK(chain.stake(0).tokens == 1'450);
    chain.grow();
    // 50 * 1,611 / 1,450 = 55.55: 56 shares; they are worth 50.4.
    CHECK(chain.stake(0).shares == 1'555);
    CHECK(chain.stake(0).tokens == 1'400);
    CHECK(chain.stake(0).delegations[1].shares == 444);
    CHECK(chain.state.accounts->unbonding == std::vector<BftUnbonding>{{0, 7, 50, 5, 9}});
}

TEST_CASE("evidence slashes once, tombstones, and finds stake that is on its way back",
    "[consensus][bft]")
{
    auto options = small_options(4);
    options.stake.operations = {operation(2, leave, 1), operation(6, deposit, 0, 2'000)};
    Chain chain{options};
    chain.grow();
    chain.grow();  // 2: validator 1 leaves.
    // He voted twice at 3, where he still had a vote.
    chain.grow({double_vote(1, 3), double_vote(0, 2), double_vote(0, 2), double_vote(0, 1)});
    CHECK(chain.of(StakeChangeKind::slashing, 1) == 50);
    CHECK(chain.of(StakeChangeKind::slashing, 0) == 50);
    CHECK(chain.stake(0).is_tombstoned);
    CHECK(chain.stake(0).status == BftStakeStatus::none);
    CHECK(!chain.state.sets.back()->has(0));
    CHECK(!admits_evidence(chain.options, chain.state, double_vote(0, 2)));
    CHECK(admits_evidence(chain.options, chain.state, double_vote(2, 2)));
    for (int i = 0; i < 3; ++i)
        chain.grow();
    CHECK(chain.sum(StakeChangeKind::deposit) == 0);  // 6: he may not come back.
    chain.grow();                                     // 7
    CHECK(chain.of(StakeChangeKind::withdrawal, 1) == 950);
    chain.grow();  // 8
    CHECK(chain.of(StakeChangeKind::withdrawal, 0) == 950);
}

TEST_CASE("stake that had left before the breach is not slashed", "[consensus][bft]")
{
    auto options = small_options(4);
    options.stake.slash_double_vote_bps = 5'000;
    options.stake.operations = {operation(1, undelegate, 1, 400)};
    Chain chain{options};
    for (int i = 0; i < 4; ++i)
        chain.grow();
    // It stood behind his votes until height 2.
    Chain other = chain;
    chain.grow({double_vote(1, 3)});
    CHECK(chain.of(StakeChangeKind::slashing, 1) == 300);
    other.grow({double_vote(1, 2)});
    CHECK(other.of(StakeChangeKind::slashing, 1) == 500);
}

TEST_CASE("evidence is void when it is too old by height and by time", "[consensus][bft]")
{
    auto options = small_options(4);
    options.stake.evidence_heights = 3;
    options.stake.evidence_age = 6 * one_second;
    Chain chain{options};
    auto evidence = double_vote(1, 1);
    evidence.found_at = one_second;
    for (int i = 0; i < 6; ++i)
        chain.grow();
    // Height 6, second 6: more than three heights, but not more than six seconds.
    CHECK(admits_evidence(chain.options, chain.state, evidence));
    chain.grow();
    CHECK(admits_evidence(chain.options, chain.state, evidence));
    chain.grow();
    CHECK(!admits_evidence(chain.options, chain.state, evidence));
    chain.grow({evidence});
    CHECK(chain.sum(StakeChangeKind::slashing) == 0);
}

TEST_CASE("each breach has its fraction", "[consensus][bft]")
{
    for (const auto& [kind, burnt] : {std::pair{EvidenceKind::double_vote, 50},
             {EvidenceKind::double_proposal, 20}, {EvidenceKind::invalid_block, 10}})
    {
        auto options = small_options(4);
        options.stake.slash_double_proposal_bps = 200;
        options.stake.slash_invalid_block_bps = 100;
        Chain chain{options};
        auto evidence = double_vote(1, 1);
        evidence.kind = kind;
        chain.grow({evidence});
        CHECK(chain.of(StakeChangeKind::slashing, 1) == static_cast<std::uint64_t>(burnt));
    }
}

TEST_CASE("nothing is made or lost: deposits are stake, withdrawals and burnt",
    "[consensus][bft][property]")
{
    auto options = small_options(20);
    options.waiting = 6;
    options.stake.stake = 1'000'003;
    options.stake.delegators = 3;
    options.stake.delegated_share = 0.6;
    options.stake.joins_per_height = 0.3;
    options.stake.leaves_per_height = 0.3;
    options.stake.unbonding_heights = 20;
    for (std::uint64_t i = 1; i < 300; i += 3)
    {
        options.stake.operations.push_back(operation(
            i, i % 2 == 0 ? delegate : undelegate, static_cast<NodeId>(i % 20), 1'000 + i * 7, 99));
    }
    Chain chain{options};
    std::int64_t balance = 0;
    std::uint64_t exits = 0;
    const auto count = [&]
    {
        for (const auto& change : chain.state.changes)
        {
            const auto amount = static_cast<std::int64_t>(change.amount.low64());
            if (change.kind == StakeChangeKind::deposit)
                balance += amount;
            else if (change.kind == StakeChangeKind::withdrawal ||
                     change.kind == StakeChangeKind::slashing)
                balance -= amount;
            exits += change.kind == StakeChangeKind::withdrawal ? 1 : 0;
        }
        std::int64_t held = 0;
        for (const auto& stake : chain.state.accounts->stakes)
        {
            held += static_cast<std::int64_t>(stake.tokens);
            uint128 shares = 0;
            for (const auto& one : stake.delegations)
                shares += one.shares;
            REQUIRE(shares == stake.shares);
        }
        for (const auto& entry : chain.state.accounts->unbonding)
            held += static_cast<std::int64_t>(entry.tokens);
        REQUIRE(held == balance);
    };
    count();
    for (std::uint64_t height = 1; height <= 300; ++height)
    {
        std::vector<NetworkEvidence> evidence;
        if (height % 40 == 0)
            evidence.push_back(double_vote(static_cast<NodeId>(height / 40), height - 1));
        chain.grow(evidence, {0, 1, 2, 3});
        count();
    }
    CHECK(exits > 50);
}

}  // namespace runnel
