#include "consensus/gasper/beacon.hpp"
#include "consensus/gasper/check.hpp"
#include "consensus/gasper/fork_choice.hpp"
#include "consensus/gasper/registry.hpp"
#include "consensus/gasper/store.hpp"
#include "ledger/philox.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

namespace runnel
{
namespace
{
constexpr Gwei ether = gwei_per_increment;

Hash counting_seed()
{
    Hash seed;
    std::iota(seed.bytes.begin(), seed.bytes.end(), std::uint8_t{0});
    return seed;
}

Registry registry_of(std::uint32_t count, Gwei effective = 32 * ether)
{
    Registry registry;
    registry.validators.resize(count);
    for (auto& record : registry.validators)
    {
        record.balance = effective;
        record.effective_balance = effective;
        record.eligible_epoch = 0;
        record.activation_epoch = 0;
    }
    return registry;
}

Gwei sum_of(const std::vector<GweiChange>& changes, StakeChangeKind kind)
{
    Gwei sum = 0;
    for (const auto& change : changes)
        sum += change.kind == kind ? change.gwei : 0;
    return sum;
}
}  // namespace

// ---- Duties ----

TEST_CASE("gasper: swap-or-not agrees with the specification's text", "[consensus][gasper]")
{
    // By an independent implementation of compute_shuffled_index on keccak-256, seed 00 01 .. 1f.
    CHECK(shuffled_indices(10, counting_seed(), 90) ==
          std::vector<std::uint32_t>{9, 7, 5, 6, 3, 0, 2, 1, 4, 8});
    const std::vector<std::uint32_t> places{0, 1, 255, 256, 500, 999};
    const std::vector<std::uint32_t> expected{84, 905, 749, 874, 992, 206};
    const auto all = shuffled_indices(1000, counting_seed(), 90);
    for (std::size_t i = 0; i < places.size(); ++i)
    {
        CHECK(shuffled_index(places[i], 1000, counting_seed(), 90) == expected[i]);
        CHECK(all[places[i]] == expected[i]);
    }
}

TEST_CASE("gasper: a shuffle is a permutation", "[consensus][gasper]")
{
    const auto count = GENERATE(1U, 2U, 31U, 256U, 257U, 1000U);
    auto indices = shuffled_indices(count, epoch_seed(5, count, 1), 90);
    std::sort(indices.begin(), indices.end());
    for (std::uint32_t i = 0; i < count; ++i)
        REQUIRE(indices[i] == i);
}

TEST_CASE("gasper: committees hold every active validator once an epoch", "[consensus][gasper]")
{
    const auto count = GENERATE(7U, 64U, 333U);
    const std::vector<Gwei> effective(count + 5, 32 * ether);
    std::vector<ValidatorId> active(count);
    std::iota(active.begin(), active.end(), 3U);  // Not all are.
    const Duties duties{9, active, effective, 32 * ether, 1, 32, 90};
    std::vector<ValidatorId> seen;
    for (Slot slot = 9 * 32; slot < 10 * 32; ++slot)
    {
        const auto committee = duties.committee(slot);
        CHECK((committee.size() == count / 32 || committee.size() == count / 32 + 1));
        for (std::uint32_t place = 0; place < committee.size(); ++place)
        {
            seen.push_back(committee[place]);
            CHECK(duties.seat_of(committee[place]).slot == slot % 32);
            CHECK(duties.seat_of(committee[place]).place == place);
        }
        CHECK(std::binary_search(active.begin(), active.end(), duties.proposer(slot)));
    }
    std::sort(seen.begin(), seen.end());
    CHECK(seen == active);
    CHECK(duties.seat_of(0).slot == no_validator);
    const Duties next{10, active, effective, 32 * ether, 1, 32, 90};
    // Of all slots: with fewer validators than slots a committee may be empty in both.
    std::vector<std::vector<ValidatorId>> committees[2];
    for (Slot slot = 0; slot < 32; ++slot)
    {
        const auto now = duties.committee(slot);
        const auto then = next.committee(slot);
        committees[0].emplace_back(now.begin(), now.end());
        committees[1].emplace_back(then.begin(), then.end());
    }
    CHECK(committees[0] != committees[1]);
}

// Method: half of the validators hold 16 of 32 ethers; in 6,000 draws they propose a third of the
// blocks, to within four standard deviations (0.024).
TEST_CASE("gasper: proposers are drawn by effective balance", "[consensus][gasper]")
{
    std::vector<Gwei> effective;
    std::vector<ValidatorId> active;
    for (ValidatorId i = 0; i < 20; ++i)
    {
        effective.push_back((i % 2 == 0 ? 32 : 16) * ether);
        active.push_back(i);
    }
    constexpr int draws = 6'000;
    int poor = 0;
    for (int i = 0; i < draws; ++i)
    {
        const auto seed = epoch_seed(1, static_cast<Epoch>(i), 0);
        poor += draw_proposer(active, effective, 32 * ether, seed, 10) % 2 == 1 ? 1 : 0;
    }
    CHECK(std::abs(static_cast<double>(poor) / draws - 1.0 / 3) < 0.024);
}

// ---- Votes and finality ----

TEST_CASE("gasper: double and surround votes are slashable, others are not", "[consensus][gasper]")
{
    const auto vote = [](Epoch source, Epoch target, NetworkBlockId block = 1) {
        return AttestationData{target * 32, block, {source, 0}, {target, 0}};
    };
    CHECK(slashable_pair(vote(1, 2), vote(1, 2, 7)) == EvidenceKind::double_vote);
    CHECK(slashable_pair(vote(0, 2), vote(1, 2)) == EvidenceKind::double_vote);
    CHECK(slashable_pair(vote(1, 4), vote(2, 3)) == EvidenceKind::surround_vote);
    CHECK(slashable_pair(vote(2, 3), vote(1, 4)) == EvidenceKind::surround_vote);
    CHECK(!slashable_pair(vote(1, 2), vote(1, 2)));
    CHECK(!slashable_pair(vote(1, 2), vote(1, 3)));  // The same source.
    CHECK(!slashable_pair(vote(1, 2), vote(2, 3)));
    CHECK(!slashable_pair(vote(1, 3), vote(2, 4)));
}

TEST_CASE("gasper: two thirds justify, and not a gwei less", "[consensus][gasper]")
{
    CHECK(is_supermajority(200, 300));
    CHECK(!is_supermajority(199, 300));
    CHECK(is_supermajority(201, 301));
    CHECK(!is_supermajority(200, 301));
    // Beyond 64 bits.
    CHECK(is_supermajority(12'000'000'000'000'000'000U, 18'000'000'000'000'000'000U));
}

TEST_CASE("gasper: four patterns finalise", "[consensus][gasper]")
{
    const Checkpoint c6{6, 106}, c7{7, 107}, c8{8, 108}, c9{9, 109}, c10{10, 110};
    struct Case
    {
        const char* pattern;
        std::uint8_t bits;  // Before epoch 10 ends.
        Checkpoint previous, current;
        bool justifies_9, justifies_10;
        Checkpoint finalized;
    };
    const auto c = GENERATE_COPY(
        // Justified: 8 and 9, and now 10 from 9.
        Case{"1st from 2nd", 0b0011, c8, c9, false, true, c9},
        // 8 and 9, 10 from 8: who voted had seen no more.
        Case{"1st from 3rd", 0b0010, c7, c8, true, true, c8},
        // 8, and 9 from 8; 10 not.
        Case{"2nd from 3rd", 0b0010, c8, c8, true, false, c8},
        // 7 and 8, and 9 from 7; 10 not.
        Case{"2nd from 4th", 0b0110, c7, c8, true, false, c7},
        // Only 10: nothing before it.
        Case{"none", 0b0000, c7, c7, false, true, {}},
        // 9 from 7 while 8 is not justified.
        Case{"gap", 0b0100, c7, c7, true, false, {}},
        // As many in a row, but what they were justified from is older.
        Case{"2nd from 5th", 0b0110, c6, c8, true, false, {}},
        Case{"1st from 4th", 0b0010, c7, c7, true, true, {}});
    CAPTURE(c.pattern);
    Finality before{c.bits, c.previous, c.current, {}};
    const auto after = weigh_justification(
        before, {c9, c10, c.justifies_9 ? Gwei{2} : 1, c.justifies_10 ? Gwei{2} : 1, 3});
    CHECK(after.finalized == c.finalized);
    CHECK(after.previous_justified == c.current);
    CHECK(after.current_justified == (c.justifies_10 ? c10 : c.justifies_9 ? c9 : c.current));
    CHECK(after.justified_bits ==
          ((c.bits << 1U & 0xFU) | (c.justifies_9 ? 2U : 0U) | (c.justifies_10 ? 1U : 0U)));
}

TEST_CASE("gasper: the first two epochs justify nothing", "[consensus][gasper]")
{
    const Epoch epoch = GENERATE(0U, 1U);
    const auto after = weigh_justification({}, {{0, 0}, {epoch, 5}, 3, 3, 3});
    CHECK(after == Finality{});
}

// ---- Fork choice ----

TEST_CASE("gasper: the head is found from heavier child to heavier child", "[consensus][gasper]")
{
    // 0 - 1 - 3 - 5      3's branch is the heavier one though 2 has the heaviest single block.
    //   \   \- 4
    //    2
    std::vector<GhostBlock> tree{
        {100}, {101, 0, 1}, {102, 0, 5}, {103, 1, 2}, {104, 1, 1}, {105, 3, 2}};
    CHECK(ghost_head(tree, 0) == 5);
    CHECK(tree[1].weight == 6);
    CHECK(tree[0].weight == 11);

    std::vector<GhostBlock> other{
        {100}, {101, 0, 1}, {102, 0, 5}, {103, 1, 2}, {104, 1, 1}, {105, 3, 0}};
    CHECK(ghost_head(other, 0) == 2);

    // Leaves that may not be the head take their branch with them.
    std::vector<GhostBlock> dead{
        {100}, {101, 0, 1}, {102, 0, 5}, {103, 1, 2}, {104, 1, 1}, {105, 3, 2, false}};
    CHECK(ghost_head(dead, 0) == 4);

    std::vector<GhostBlock> tie{{100}, {101, 0, 3}, {102, 0, 3}};
    CHECK(ghost_head(tie, 0) == (mixed_id(101) > mixed_id(102) ? 1U : 2U));
}

TEST_CASE("gasper: the boost is 40% of a slot's stake", "[consensus][gasper]")
{
    CHECK(proposer_boost(320 * 32 * ether, 32, 40) == 4 * 32 * ether);
    CHECK(proposer_boost(1000, 32, 40) == 12);  // 31 a slot, 12.4.
}

namespace
{
/// A store with 64 validators in epochs of 8 slots, to which blocks and votes come by hand.
struct HandMadeStore
{
    GasperOptions options = []
    {
        GasperOptions o;
        o.validators = 64;
        o.slots_per_epoch = 8;
        return o;
    }();
    BlockPtr genesis = std::make_shared<const BeaconBlock>();
    StatePtr genesis_state_ = std::make_shared<const BeaconState>(genesis_state(options, 1));
    GasperStore store{options, 1, genesis, genesis_state_};
    std::uint32_t made = 0;

    BlockPtr add(const BlockPtr& parent, Slot slot, bool is_timely)
    {
        const auto above = *store.find(parent->header.id);
        auto block = std::make_shared<BeaconBlock>();
        block->slot = slot;
        block->parent = parent;
        block->header.id = network_block_id(0, ++made);
        block->header.parent = parent->header.id;
        block->header.height = parent->header.height + 1;
        block->header.round = slot;
        BeaconTransition transition{options, 1, *above.state};
        transition.advance_to(slot);
        block->proposer = transition.proposer();
        transition.seal(block->header.id);
        store.add_block(block,
            std::make_shared<const BeaconState>(std::move(transition).take().state), is_timely);
        return block;
    }
    void vote(const BlockPtr& block, Slot slot, std::uint32_t from, std::uint32_t until)
    {
        const auto epoch = slot / options.slots_per_epoch;
        const auto& state = *store.find(block->header.id)->state;
        Aggregate votes{{slot, block->header.id, {}, {epoch, 0}}, state.duties_of(epoch)};
        for (auto place = from; place < until; ++place)
            votes.add(place);
        store.add_votes(votes);
    }
    [[nodiscard]] NetworkBlockId head() { return store.head().block->header.id; }
};
}  // namespace

TEST_CASE(
    "gasper: a timely block displaces a block with few votes, for a slot", "[consensus][gasper]")
{
    HandMadeStore hand;
    hand.store.on_slot(1);
    const auto first = hand.add(hand.genesis, 1, false);
    hand.vote(first, 1, 0, 3);  // 3 of 8 who vote in a slot: below 40%.
    hand.store.on_slot(2);
    const auto second = hand.add(hand.genesis, 2, true);
    CHECK(hand.head() == second->header.id);
    hand.store.on_slot(3);
    CHECK(hand.head() == first->header.id);

    HandMadeStore more;
    more.store.on_slot(1);
    const auto strong = more.add(more.genesis, 1, false);
    more.vote(strong, 1, 0, 4);  // Above.
    more.store.on_slot(2);
    more.add(more.genesis, 2, true);
    CHECK(more.head() == strong->header.id);

    HandMadeStore late;
    late.store.on_slot(1);
    const auto kept = late.add(late.genesis, 1, false);
    late.vote(kept, 1, 0, 1);
    late.store.on_slot(2);
    late.add(late.genesis, 2, false);  // Not in time: no boost.
    CHECK(late.head() == kept->header.id);
}

TEST_CASE("gasper: the latest message counts, and none of who equivocates", "[consensus][gasper]")
{
    HandMadeStore hand;
    hand.store.on_slot(1);
    const auto a = hand.add(hand.genesis, 1, false);
    const auto b = hand.add(hand.genesis, 2, false);
    hand.store.on_slot(4);
    hand.vote(a, 3, 0, 2);
    hand.vote(b, 2, 0, 1);
    CHECK(hand.head() == a->header.id);
    // In the next epoch one of the two, and another, vote for b; those of before no longer do.
    const auto duties = hand.genesis_state_->duties_of(0);
    const auto voter = duties->committee(3)[0];
    hand.store.on_slot(16);
    const auto seat = hand.genesis_state_->duties_of(1)->seat_of(voter);
    hand.vote(b, 8 + seat.slot, seat.place, seat.place + 1);
    CHECK(hand.head() == b->header.id);
    // An older vote changes nothing.
    hand.vote(a, 3, 0, 1);
    CHECK(hand.head() == b->header.id);
    hand.store.ignore(voter);
    hand.store.ignore(duties->committee(2)[0]);
    CHECK(hand.head() == a->header.id);
    hand.store.invalidate(a->header.id);
    CHECK(hand.head() == b->header.id);
}

// Method: a random tree with random votes; every head must equal that of a store that knows no
// anchor, which is the pure rule over the whole tree.
TEST_CASE(
    "gasper: what a store remembers to be fast does not change its head", "[consensus][gasper]")
{
    HandMadeStore hand;
    std::vector<BlockPtr> blocks{hand.genesis};
    RandomStream random{3, 1, 0, 0};
    std::vector<std::pair<Epoch, NetworkBlockId>> latest(64);
    for (Slot slot = 1; slot < 400; ++slot)
    {
        hand.store.on_slot(slot);
        // Mostly on the head; rarely far back.
        const auto head = hand.store.head().block;
        const auto back = random.uniform_below(20) == 0
                              ? std::min<std::size_t>(blocks.size(), 1 + random.uniform_below(60))
                              : 0;
        const auto parent = back == 0 ? head : blocks[blocks.size() - back];
        const auto block = hand.add(parent, slot, false);
        blocks.push_back(block);
        const auto target =
            random.uniform_below(10) == 0
                ? blocks[blocks.size() - 1 -
                         random.uniform_below(std::min<std::size_t>(blocks.size(), 40))]
                : block;
        const auto epoch = slot / 8;
        const auto duties = hand.store.find(block->header.id)->state->duties_of(epoch);
        Aggregate votes{{slot, target->header.id, {}, {epoch, 0}}, duties};
        for (std::uint32_t place = 0; place < votes.committee().size(); ++place)
        {
            votes.add(place);
            latest[votes.committee()[place]] = {epoch + 1, target->header.id};
        }
        hand.store.add_votes(votes);

        std::vector<GhostBlock> tree;
        std::map<NetworkBlockId, std::size_t> place;
        for (const auto& each : blocks)
        {
            place[each->header.id] = tree.size();
            tree.push_back({each->header.id,
                each == hand.genesis ? -1 : static_cast<std::int32_t>(place[each->header.parent])});
        }
        for (const auto& [when, id] : latest)
        {
            if (when > 0)
                tree[place[id]].weight += 32 * ether;
        }
        const auto expected = ghost_head(tree, 0);
        REQUIRE(hand.head() == blocks[expected]->header.id);
    }
}

// ---- Rewards, leak, slashing ----

TEST_CASE("gasper: base rewards are the published ones", "[consensus][gasper]")
{
    CHECK(base_reward_per_increment(30'000'000 * ether, 64) == 369);
    CHECK(base_reward_per_increment(10'000'000 * ether, 64) == 640);
    CHECK(base_reward_per_increment(20'000'000 * ether, 64) == 452);
    CHECK(base_reward_per_increment(34'000'000 * ether, 64) == 347);
    CHECK(32 * base_reward_per_increment(30'000'000 * ether, 64) == 11'808);
    CHECK(integer_square_root(0) == 0);
    CHECK(integer_square_root(15) == 3);
    CHECK(integer_square_root(16) == 4);
    CHECK(integer_square_root(18'446'744'073'709'551'615U) == 4'294'967'295U);
}

TEST_CASE(
    "gasper: votes earn 14, 26 and 14 parts of 64, and what is missed costs", "[consensus][gasper]")
{
    // 30 million ethers on 30 validators; the base reward of each is 10^6 * 369 gwei.
    GasperOptions options;
    options.effective_balance_max_gwei = 1'000'000 * ether;
    auto registry = registry_of(30, 1'000'000 * ether);
    std::vector<std::uint8_t> flags(30, timely_source | timely_target | timely_head);
    flags[1] = timely_source | timely_target;
    flags[2] = timely_source;
    flags[3] = 0;
    std::vector<GweiChange> changes;
    RegistryUpdate{registry, 10, options, changes}.reward_votes(flags, false);
    constexpr Gwei base = 369'000'000;
    const auto gain = [&](std::size_t i)
    {
        return static_cast<std::int64_t>(registry.validators[i].balance) -
               static_cast<std::int64_t>(1'000'000 * ether);
    };
    // Shares of the stake that took part: 29, 28 and 27 thirtieths.
    const auto source = static_cast<std::int64_t>(base * 14 * 29 / (30 * 64));
    const auto target = static_cast<std::int64_t>(base * 26 * 28 / (30 * 64));
    const auto head = static_cast<std::int64_t>(base * 14 * 27 / (30 * 64));
    CHECK(gain(0) == source + target + head);
    CHECK(gain(1) == source + target);
    const auto target_missed = static_cast<std::int64_t>(base * 26 / 64);
    // A missed target costs its weight, and by the leak's arithmetic: the score is 4 - 16, so 0.
    CHECK(gain(2) == source - target_missed);
    CHECK(gain(3) == -static_cast<std::int64_t>(base * 14 / 64) - target_missed);
    CHECK(sum_of(changes, StakeChangeKind::leak) == 0);

    // In a leak nobody earns.
    auto leaking = registry_of(30, 1'000'000 * ether);
    changes.clear();
    RegistryUpdate{leaking, 10, options, changes}.reward_votes(flags, true);
    CHECK(leaking.validators[0].balance == 1'000'000 * ether);
    CHECK(leaking.validators[0].inactivity_score == 0);
    CHECK(leaking.validators[2].inactivity_score == 4);
    CHECK(sum_of(changes, StakeChangeKind::reward) == 0);
    // eff * 4 / (4 * 2^24) each, of the two who missed the target.
    CHECK(sum_of(changes, StakeChangeKind::leak) == 2 * (1'000'000 * ether >> 24U));
}

TEST_CASE("gasper: the inactivity leak is the specification's, to the gwei", "[consensus][gasper]")
{
    // The published arithmetic: 31.0674, 28.4311, 24.5286, 19.9563 ethers, and ejected at epoch
    // 4685 with 16.7497, penalties for missed votes left out.
    const GasperOptions options;
    Gwei balance = 32 * ether;
    Gwei effective = balance;
    std::uint64_t score = 0;
    std::vector<Gwei> at_thousands;
    Epoch epoch = 0;
    while (effective > options.ejection_balance_gwei)
    {
        ++epoch;
        score = next_inactivity_score(score, false, true, options);
        balance -= inactivity_penalty(effective, score, options);
        effective = next_effective_balance(effective, balance, options);
        if (epoch % 1000 == 0)
            at_thousands.push_back(balance);
    }
    CHECK(at_thousands ==
          std::vector<Gwei>{31'067'376'873, 28'431'111'559, 24'528'616'856, 19'956'328'070});
    CHECK(epoch == 4685);
    CHECK(balance == 16'749'669'693);
    CHECK(score == 4 * 4685);
    // Then the score goes back: by one with the vote alone, by 16 more when the leak is over.
    CHECK(next_inactivity_score(score, true, true, options) == score - 1);
    CHECK(next_inactivity_score(score, true, false, options) == score - 17);
    CHECK(next_inactivity_score(3, false, false, options) == 0);
}

TEST_CASE("gasper: effective balances lag behind balances", "[consensus][gasper]")
{
    const GasperOptions options;
    const auto next = [&](Gwei effective, Gwei balance)
    { return next_effective_balance(effective, balance, options); };
    CHECK(next(32 * ether, 32 * ether - ether / 4) == 32 * ether);
    CHECK(next(32 * ether, 32 * ether - ether / 4 - 1) == 31 * ether);
    CHECK(next(20 * ether, 21 * ether + ether / 4) == 20 * ether);
    CHECK(next(20 * ether, 21 * ether + ether / 4 + 1) == 21 * ether);
    CHECK(next(32 * ether, 40 * ether) == 32 * ether);
}

TEST_CASE("gasper: the more are slashed together the more each loses", "[consensus][gasper]")
{
    struct Case
    {
        std::uint32_t slashed;  // Of 300.
        Gwei bellatrix, electra;
    };
    // 1% lose 3%, 10% lose 30%, a third all. Bellatrix counts whole ethers, so 3% of 32 is none.
    const auto c = GENERATE(Case{3, 0, 960'000'000}, Case{30, 9 * ether, 9'600'000'000},
        Case{100, 32 * ether, 32 * ether}, Case{200, 32 * ether, 32 * ether});
    GasperOptions options;
    const auto total = 300 * 32 * ether;
    options.slashing = SlashingRule::electra;
    CHECK(correlation_penalty(32 * ether, c.slashed * 32 * ether, total, options) == c.electra);
    options.slashing = SlashingRule::bellatrix;
    CHECK(correlation_penalty(32 * ether, c.slashed * 32 * ether, total, options) == c.bellatrix);
}

TEST_CASE("gasper: a slashed validator pays at once, at half time, and leaves late",
    "[consensus][gasper]")
{
    GasperOptions options;
    const bool is_electra = GENERATE(true, false);
    options.slashing = is_electra ? SlashingRule::electra : SlashingRule::bellatrix;
    auto registry = registry_of(300);
    std::vector<GweiChange> changes;
    RegistryUpdate now{registry, 100, options, changes};
    for (ValidatorId v = 0; v < 30; ++v)
        REQUIRE(now.slash(v, 299));
    CHECK(!now.slash(0, 299));
    const auto& record = registry.validators[0];
    CHECK(record.is_slashed());
    CHECK(record.balance == 32 * ether - (is_electra ? 7'812'500 : ether));
    CHECK(registry.validators[299].balance ==
          32 * ether + 30 * (is_electra ? Gwei{7'812'500} : Gwei{62'500'000}));
    CHECK(record.exit_epoch == 105);
    CHECK(registry.validators[4].exit_epoch == 106);  // Four an epoch leave.
    CHECK(record.withdrawable_epoch == 100 + 8192);

    const auto before = record.balance;
    RegistryUpdate{registry, 100 + 4095, options, changes}.correlation_penalties();
    CHECK(record.balance == before);
    RegistryUpdate{registry, 100 + 4096, options, changes}.correlation_penalties();
    // By then 30 have left: 270 are active, 3 * 30 / 270 is a third.
    const auto third = is_electra ? 960 * 3 * ether / (270 * 32) * 32 : 10 * ether;
    CHECK(before - record.balance == third);
    // Beyond the window they count no more.
    const auto after = record.balance;
    registry.validators[0].withdrawable_epoch = 100 + 8192 + 4096;
    RegistryUpdate{registry, 100 + 8192, options, changes}.correlation_penalties();
    CHECK(record.balance == after);
    RegistryUpdate{registry, 100 + 8192 + 4096, options, changes}.withdraw(10);
    CHECK(record.balance == 0);
}

TEST_CASE("gasper: who is slashed has voted, and votes no more", "[consensus][gasper]")
{
    GasperOptions options;
    options.validators = 12;
    options.slots_per_epoch = 3;
    constexpr Epoch epoch = 2;  // The first one that can be justified.
    const auto begun = state_at_epoch(options, 1, genesis_state(options, 1), epoch);
    const auto first = epoch * options.slots_per_epoch;
    const auto all_of = [&](Slot slot)
    {
        Aggregate votes{{slot, 0, {}, {epoch, 0}}, begun.duties_of(epoch)};
        for (std::uint32_t place = 0; place < votes.committee().size(); ++place)
            votes.add(place);
        return votes;
    };
    const SlashingProof proof{
        EvidenceKind::double_vote, begun.duties_of(epoch)->committee(first)[0]};
    const auto justified = [](BeaconTransition&& transition)
    {
        transition.seal(1);
        return std::move(transition).take().state.unrealized.current_justified.epoch;
    };
    const auto vote = [&](BeaconTransition& transition, Slot from, Slot until)
    {
        for (auto slot = from; slot < until; ++slot)
        {
            transition.advance_to(slot + 1);
            REQUIRE(transition.add_votes(all_of(slot)));
        }
    };

    // 8 of 12 are two thirds; without the one who was slashed since they would be 7.
    BeaconTransition after{options, 1, begun};
    vote(after, first, first + 2);
    REQUIRE(after.add_slashing(proof));
    CHECK(justified(std::move(after)) == epoch);

    // Slashed before a block took his vote he is not among them.
    BeaconTransition before{options, 1, begun};
    before.advance_to(first + 1);
    REQUIRE(before.add_slashing(proof));
    vote(before, first, first + 2);
    auto with_all = before;
    CHECK(justified(std::move(before)) == 0);
    vote(with_all, first + 2, first + 3);
    CHECK(justified(std::move(with_all)) == epoch);
}

TEST_CASE("gasper: who enters and leaves waits in a queue", "[consensus][gasper]")
{
    GasperOptions options;
    auto registry = registry_of(20);
    registry.validators.resize(30);
    std::vector<GweiChange> changes;
    RegistryUpdate at10{registry, 10, options, changes};
    for (ValidatorId v = 20; v < 30; ++v)
        at10.deposit(v, v == 29 ? 31 * ether : 32 * ether);
    at10.update_queues(9);
    CHECK(registry.validators[20].eligible_epoch == 11);
    CHECK(registry.validators[29].eligible_epoch == far_future_epoch);  // Below 32 ethers.
    // Not before their deposit is final.
    RegistryUpdate{registry, 11, options, changes}.update_queues(10);
    CHECK(registry.validators[20].activation_epoch == far_future_epoch);
    RegistryUpdate{registry, 12, options, changes}.update_queues(11);
    CHECK(registry.validators[20].activation_epoch == 17);
    CHECK(registry.validators[23].activation_epoch == 17);
    CHECK(registry.validators[24].activation_epoch == far_future_epoch);
    RegistryUpdate{registry, 13, options, changes}.update_queues(11);
    CHECK(registry.validators[24].activation_epoch == 18);
    CHECK(churn_limit(327'679, options) == 4);
    CHECK(churn_limit(327'680, options) == 5);

    // Exits: only after 256 epochs of service, four an epoch, withdrawn 256 epochs later.
    RegistryUpdate early{registry, 255, options, changes};
    CHECK(!early.exit_voluntarily(0));
    RegistryUpdate late{registry, 256, options, changes};
    for (ValidatorId v = 0; v < 5; ++v)
        CHECK(late.exit_voluntarily(v));
    CHECK(!late.exit_voluntarily(0));
    CHECK(registry.validators[3].exit_epoch == 261);
    CHECK(registry.validators[4].exit_epoch == 262);
    CHECK(registry.validators[4].withdrawable_epoch == 262 + 256);
    // The sweep pays all to who has left, and what is above 32 ethers to others.
    registry.validators[9].balance += 5;
    changes.clear();
    RegistryUpdate{registry, 517, options, changes}.withdraw(16);
    CHECK(changes == std::vector<GweiChange>{{0, StakeChangeKind::withdrawal, 32 * ether},
                         {1, StakeChangeKind::withdrawal, 32 * ether},
                         {2, StakeChangeKind::withdrawal, 32 * ether},
                         {3, StakeChangeKind::withdrawal, 32 * ether},
                         {9, StakeChangeKind::withdrawal, 5}});
}

TEST_CASE("gasper: who has 16 ethers left is ejected", "[consensus][gasper]")
{
    const GasperOptions options;
    auto registry = registry_of(3);
    registry.validators[1].effective_balance = 17 * ether;
    registry.validators[2].effective_balance = 16 * ether;
    std::vector<GweiChange> changes;
    RegistryUpdate{registry, 50, options, changes}.update_queues(49);
    CHECK(registry.validators[1].exit_epoch == far_future_epoch);
    CHECK(registry.validators[2].exit_epoch == 55);
}

// ---- A second look ----

TEST_CASE("gasper: a second look at finality finds what is missing", "[consensus][gasper]")
{
    // Slots 4, 8, 12, 16 of epochs of 4 slots; 6 validators of equal stake; 16' conflicts with 16.
    const auto block = [](NetworkBlockId id, NetworkBlockId parent, Slot slot)
    {
        NetworkBlock b;
        b.id = id;
        b.parent = parent;
        b.round = slot;
        return b;
    };
    const std::vector<NetworkBlock> blocks{
        block(4, 0, 4), block(8, 4, 8), block(12, 8, 12), block(9, 4, 9), block(13, 9, 12)};
    const auto vote = [](NetworkBlockId id, Slot slot, Epoch source, std::uint64_t voters)
    {
        NetworkVotes v;
        v.kind = VoteKind::attestation;
        v.block = id;
        v.round = slot;
        v.source_epoch = source;
        v.target_epoch = slot / 4;
        v.voters = {voters};
        return v;
    };
    const std::map<Epoch, EpochStake> stakes{{0, {6, {1, 1, 1, 1, 1, 1}}}};
    const std::vector<NetworkVotes> good{vote(4, 4, 0, 0b001100), vote(4, 5, 0, 0b000011),
        vote(8, 8, 1, 0b011110), vote(12, 12, 2, 0b111100)};
    const auto look = [&](const std::vector<NetworkVotes>& votes, std::vector<Checkpoint> finalized)
    { return check_gasper(blocks, votes, finalized, stakes, 4); };
    CHECK(look(good, {{0, 0}, {1, 4}, {2, 8}}).problems.empty());
    CHECK(look(good, {{1, 4}}).offenders.empty());
    CHECK(look(good, {{3, 12}}).problems.size() == 1);  // Justified, but none behind it.
    auto weak = good;
    weak[1].voters = {0b000001};  // 3 of 6.
    CHECK(look(weak, {{1, 4}}).problems.size() == 1);
    auto light = stakes;
    light.at(0).weight[2] = 0;  // Slashed.
    CHECK(
        check_gasper(blocks, good, std::vector<Checkpoint>{{1, 4}}, light, 4).problems.size() == 1);

    // Two have left by the next epoch, when 3 of 4 are enough, unless one of them was slashed.
    auto left = stakes;
    left[2] = {4, {0, 1, 1, 1, 1, 0}, {1, 1, 1, 1, 1, 1}};
    const std::vector<Checkpoint> first{{1, 4}};
    CHECK(check_gasper(blocks, weak, first, left, 4).problems.empty());
    left[2].previous_weight[2] = 0;
    CHECK(check_gasper(blocks, weak, first, left, 4).problems.size() == 1);

    // The other branch: a final checkpoint in conflict, by who voted twice.
    auto both = good;
    both.push_back(vote(9, 10, 1, 0b011110));
    both.push_back(vote(13, 12, 2, 0b111100));
    // Epoch 2's checkpoint there is block 4, so both are on the way to each other ..
    CHECK(look(both, {{1, 4}, {2, 8}, {2, 4}}).conflicts.empty());
    // .. but epoch 3's are not.
    const auto found = look(both, {{3, 12}, {3, 13}});
    CHECK(found.conflicts.size() == 1);
    CHECK(found.offenders == std::vector<std::uint32_t>{1, 2, 3, 4, 5});
}

}  // namespace runnel
