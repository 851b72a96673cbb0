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
        return add(parent, slot, is_timely, [](BeaconState&) {});
    }
    /// With a state that @p change has made of what it would be.
    template <typename Change>
    BlockPtr add(const BlockPtr& parent, Slot slot, bool is_timely, const Change& change)
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
        auto state = std::move(transition).take().state;
        change(state);
        store.add_block(block, std::make_shared<const BeaconState>(std::move(state)), is_timely);
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

TEST_CASE("gasper: of two votes for an epoch the first one counts", "[consensus][gasper]")
{
    HandMadeStore hand;
    const auto a = hand.add(hand.genesis, 1, false);
    const auto b = hand.add(hand.genesis, 2, false);
    hand.store.on_slot(4);
    hand.vote(a, 3, 0, 2);
    hand.vote(b, 3, 0, 2);
    hand.vote(b, 4, 0, 1);
    CHECK(hand.head() == a->header.id);
}

TEST_CASE("gasper: votes for a branch far back move the head there", "[consensus][gasper]")
{
    HandMadeStore hand;
    const auto other = hand.add(hand.genesis, 1, false);
    auto tip = hand.genesis;
    for (Slot slot = 2; slot < 80; ++slot)
    {
        hand.store.on_slot(slot);
        tip = hand.add(tip, slot, false);
        if (slot < 72)
            hand.vote(tip, slot, 0, 8);
        REQUIRE(hand.head() == tip->header.id);
    }
    // In epoch 9 five slots of eight vote for the other branch: more than half of all.
    for (Slot slot = 72; slot < 77; ++slot)
    {
        CHECK(hand.head() == tip->header.id);
        const auto& state = *hand.store.find(tip->header.id)->state;
        Aggregate votes{{slot, other->header.id, {}, {9, 0}}, state.duties_of(9)};
        for (std::uint32_t place = 0; place < votes.committee().size(); ++place)
            votes.add(place);
        hand.store.add_votes(votes);
    }
    CHECK(hand.head() == other->header.id);
}

namespace
{
/// What is justified and final on the branch of a block.
auto with_finality(Checkpoint justified, Checkpoint finalized)
{
    return [=](BeaconState& state)
    {
        state.finality.current_justified = state.unrealized.current_justified = justified;
        state.finality.finalized = state.unrealized.finalized = finalized;
    };
}
}  // namespace

TEST_CASE("gasper: what is justified and final never goes back", "[consensus][gasper]")
{
    HandMadeStore hand;
    hand.store.on_slot(30);
    const auto a = hand.add(hand.genesis, 8, false);
    const auto b = hand.add(a, 16, false);
    const auto c = hand.add(b, 24, false, with_finality({2, b->header.id}, {1, a->header.id}));
    CHECK(hand.store.justified() == Checkpoint{2, b->header.id});
    CHECK(hand.store.finalized() == Checkpoint{1, a->header.id});
    CHECK(hand.store.entries().size() == 3);  // None before what is final.
    CHECK(hand.store.find(0) == nullptr);
    hand.add(c, 25, false, with_finality({1, a->header.id}, {0, 0}));
    hand.add(c, 26, false, with_finality({2, c->header.id}, {1, b->header.id}));
    CHECK(hand.store.justified() == Checkpoint{2, b->header.id});
    CHECK(hand.store.finalized() == Checkpoint{1, a->header.id});
    // A later epoch of the same block is what is justified, also where an earlier one is final.
    hand.add(c, 27, false, with_finality({3, b->header.id}, {2, b->header.id}));
    CHECK(hand.store.justified() == Checkpoint{3, b->header.id});
    CHECK(hand.store.finalized() == Checkpoint{2, b->header.id});
}

TEST_CASE("gasper: what is final forgets the branches beside it, with what they had justified",
    "[consensus][gasper]")
{
    HandMadeStore hand;
    hand.store.on_slot(30);
    const auto a = hand.add(hand.genesis, 8, false);
    const auto b = hand.add(hand.genesis, 9, false);
    const auto above_b = hand.add(b, 17, false, with_finality({2, b->header.id}, {}));
    const auto above_a = hand.add(a, 18, false);
    hand.vote(above_b, 19, 0, 8);
    CHECK(hand.store.justified() == Checkpoint{2, b->header.id});
    CHECK(hand.head() == above_b->header.id);
    hand.add(above_a, 25, false, with_finality({1, a->header.id}, {1, a->header.id}));
    CHECK(hand.store.justified() == Checkpoint{1, a->header.id});
    CHECK(hand.store.find(b->header.id) == nullptr);
    CHECK(hand.store.find(above_b->header.id) == nullptr);
    CHECK(hand.head() == network_block_id(0, hand.made));
    // Their votes are forgotten, but who cast them has voted in that epoch.
    hand.vote(above_a, 19, 0, 8);
    CHECK(hand.head() == network_block_id(0, hand.made));
}

TEST_CASE("gasper: a boost outlives what is forgotten when its block comes", "[consensus][gasper]")
{
    HandMadeStore hand;
    hand.store.on_slot(24);
    const auto a = hand.add(hand.genesis, 8, false);
    for (Slot slot = 9; slot < 14; ++slot)
        hand.add(hand.genesis, slot, false);
    const auto b = hand.add(a, 16, false);
    const auto c = hand.add(b, 23, false, with_finality({2, b->header.id}, {}));
    hand.vote(c, 23, 0, 2);
    const auto final_a = with_finality({2, b->header.id}, {1, a->header.id});
    const auto boosted = hand.add(b, 24, true, final_a);
    CHECK(hand.store.entries().size() == 4);
    CHECK(hand.head() == boosted->header.id);
    // One of a slot is.
    hand.add(b, 24, true, final_a);
    CHECK(hand.head() == boosted->header.id);
    hand.store.on_slot(25);
    CHECK(hand.head() == c->header.id);
}

// Method: a branch without votes grows beside the one that has them all, block by block, so that
// places in the store of one are those of the other once 17 blocks are forgotten.
TEST_CASE(
    "gasper: the head is found again after what it stood on is forgotten", "[consensus][gasper]")
{
    HandMadeStore hand;
    hand.add(hand.genesis, 1, false);
    auto tip = hand.genesis;
    auto side = hand.genesis;
    std::vector<BlockPtr> chain;
    for (Slot slot = 1; slot < 70; ++slot)
    {
        hand.store.on_slot(slot);
        const auto justified = slot < 24 ? Checkpoint{} : Checkpoint{2, chain[15]->header.id};
        const auto finalized = slot < 69 ? Checkpoint{} : justified;
        tip = hand.add(tip, slot, false, with_finality(justified, finalized));
        chain.push_back(tip);
        hand.vote(tip, slot, 0, 8);
        if (slot >= 30 && slot < 65)
        {
            side =
                hand.add(slot == 30 ? chain[20] : side, slot, false, with_finality(justified, {}));
        }
        REQUIRE(hand.head() == tip->header.id);
    }
    CHECK(hand.store.entries().size() == 54 + 35);
    CHECK(hand.store.finalized() == Checkpoint{2, chain[15]->header.id});
    tip = hand.add(tip, 70, false);
    CHECK(hand.head() == tip->header.id);
}

TEST_CASE("gasper: a branch is followed while what it knows as justified is new enough",
    "[consensus][gasper]")
{
    HandMadeStore hand;
    hand.store.on_slot(20);
    const auto b = hand.add(hand.genesis, 9, false);
    const auto c = hand.add(b, 17, false, with_finality({2, b->header.id}, {}));
    const auto d = hand.add(b, 18, false);
    hand.vote(d, 19, 0, 8);
    CHECK(hand.head() == d->header.id);  // Two epochs behind are few enough.
    hand.store.on_slot(24);
    CHECK(hand.head() == c->header.id);
    // A block of this epoch stands on what was justified before it, others on what they justify.
    const auto e = hand.add(d, 24, false,
        [&](BeaconState& state) {
            state.unrealized.current_justified = {2, b->header.id};
        });
    CHECK(hand.head() == c->header.id);
    hand.store.on_slot(32);
    CHECK(hand.head() == e->header.id);
    // Also if it is one epoch that both know.
    hand.store.on_slot(48);
    CHECK(hand.head() == e->header.id);
}

TEST_CASE(
    "gasper: only who is active when an epoch is justified has a weight", "[consensus][gasper]")
{
    HandMadeStore hand;
    hand.store.on_slot(20);
    const auto a = hand.add(hand.genesis, 8, false,
        [](BeaconState& state)
        {
            auto registry = std::make_shared<Registry>(*state.registry);
            for (ValidatorId v = 1; v < 64; ++v)
                registry->validators[v].exit_epoch = 1;
            state.registry = registry;
        });
    const auto justified = with_finality({1, a->header.id}, {});
    const auto left = hand.add(a, 9, false, justified);
    const auto right = hand.add(a, 10, false, justified);
    const auto seat = hand.genesis_state_->duties_of(1)->seat_of(0);
    const auto& duties = *hand.genesis_state_->duties_of(1);
    for (Slot slot = 8; slot < 16; ++slot)
    {
        for (std::uint32_t place = 0; place < duties.committee(slot).size(); ++place)
        {
            const auto is_left = slot % 8 == seat.slot && place == seat.place;
            Aggregate votes{{slot, (is_left ? left : right)->header.id, {}, {1, 0}},
                hand.genesis_state_->duties_of(1)};
            votes.add(place);
            hand.store.add_votes(votes);
        }
    }
    CHECK(hand.head() == left->header.id);
}

TEST_CASE("gasper: votes weigh what they do at the start of the epoch that is justified",
    "[consensus][gasper]")
{
    // Of block a of slot 5, justified for epoch 1: its state at slot 8.
    const auto slash_all_but = [](std::uint32_t kept)
    {
        return [kept](BeaconState& state)
        {
            auto registry = std::make_shared<Registry>(*state.registry);
            for (ValidatorId v = 0; v < registry->validators.size(); ++v)
                registry->validators[v].slashed_epoch = v >= kept ? 0 : far_future_epoch;
            state.registry = registry;
        };
    };
    HandMadeStore hand;
    hand.store.on_slot(20);
    const auto a = hand.add(hand.genesis, 5, false);
    // Others' states are not it: of the epoch before, ..
    hand.add(a, 6, false, slash_all_but(0));
    const auto b = hand.add(hand.genesis, 7, false);
    hand.add(b, 9, false, slash_all_but(0));   // .. on another branch, ..
    hand.add(a, 16, false, slash_all_but(0));  // .. and of the epoch after;
    const bool has_child = GENERATE(true, false);
    if (has_child)
        hand.add(a, 10, false, slash_all_but(32));  // this one's has gone through its start,
    const auto left = hand.add(a, 11, false,
        [&](BeaconState& state)
        {
            if (has_child)
                slash_all_but(0)(state);
        });
    const auto right = hand.add(a, 12, false);
    hand.add(left, 17, false, with_finality({1, a->header.id}, {}));
    hand.add(right, 18, false, with_finality({1, a->header.id}, {}));
    // All vote for the one on the left who are slashed there, all others for the one on the right,
    // but for eight.
    const auto duties = hand.store.find(right->header.id)->state->duties_of(1);
    for (Slot slot = 8; slot < 16; ++slot)
    {
        Aggregate for_left{{slot, left->header.id, {}, {1, 0}}, duties};
        Aggregate for_right{{slot, right->header.id, {}, {1, 0}}, duties};
        for (std::uint32_t place = 0; place < for_left.committee().size(); ++place)
        {
            const auto who = for_left.committee()[place];
            if (who >= 32)
                for_left.add(place);
            else if (who >= 8)
                for_right.add(place);
        }
        hand.store.add_votes(for_left);
        hand.store.add_votes(for_right);
    }
    const auto head = hand.store.head().block->parent->header.id;
    CHECK(head == (has_child ? right->header.id : left->header.id));
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

// ---- From block to block ----

namespace
{
/// 64 validators in epochs of 8 slots: eight vote in each.
struct Beacon
{
    explicit Beacon(GasperOptions with = {}) : options{std::move(with)}
    {
        options.validators = 64;
        options.slots_per_epoch = 8;
        first = genesis_state(options, 1);
    }
    /// A registry that @p change has changed.
    template <typename Change>
    void change(const Change& change)
    {
        auto registry = std::make_shared<Registry>(*first.registry);
        change(*registry);
        first.registry = std::move(registry);
    }
    /// After blocks at slots 1 to @p last, named 100 and their slot, before the one at @p slot.
    [[nodiscard]] BeaconTransition at(Slot slot, Slot last) const
    {
        BeaconTransition transition{options, 1, first};
        for (Slot each = 1; each <= last; ++each)
        {
            transition.advance_to(each);
            transition.seal(100 + each);
        }
        transition.advance_to(slot);
        return transition;
    }
    /// Of the whole committee.
    [[nodiscard]] static Aggregate votes(
        const BeaconTransition& transition, const AttestationData& data)
    {
        Aggregate result{data, transition.state().duties_of(data.target.epoch)};
        for (std::uint32_t place = 0; place < result.committee().size(); ++place)
            result.add(place);
        return result;
    }

    GasperOptions options;
    BeaconState first;
};

/// Of eight with 32 ethers each, who earn so many of 64 parts: what the proposer gets, by altair's
/// get_proposer_reward.
Gwei proposers_share(std::uint64_t parts)
{
    return 8 * 32 * base_reward_per_increment(64 * 32 * ether, 64) * parts / ((64 - 8) * 64 / 8);
}
}  // namespace

TEST_CASE("gasper: votes that fit count once, by what they are right about and how soon they came",
    "[consensus][gasper]")
{
    struct Case
    {
        const char* about;
        Slot slot;              // Of the block that has votes of slot 1 for block 101.
        NetworkBlockId block;   // That is voted for,
        NetworkBlockId target;  // and its epoch's first one.
        std::uint8_t flags;
        std::uint64_t parts;
    };
    const auto c = GENERATE(Case{"at once", 2, 101, 0, 7, 54},
        Case{"for another block", 2, 100, 0, 3, 40}, Case{"for another target", 2, 101, 9, 1, 14},
        Case{"two slots later", 3, 101, 0, 3, 40},  // The square root of 8 is 2,
        Case{"three slots later", 4, 101, 0, 2, 26}, Case{"in the next epoch", 15, 101, 0, 2, 26},
        Case{"late and for another target", 4, 101, 9, 0, 0});
    CAPTURE(c.about);
    const Beacon beacon;
    auto transition = beacon.at(c.slot, 1);
    const auto votes = Beacon::votes(transition, {1, c.block, {}, {0, c.target}});
    const auto proposer = transition.proposer();
    CHECK(transition.add_votes(votes) == (c.flags != 0));
    CHECK(!transition.add_votes(votes));
    const auto& state = transition.state();
    const auto& flags = c.slot < 8 ? state.current_flags : state.previous_flags;
    const auto committee = votes.committee();
    REQUIRE(committee.size() == 8);
    for (ValidatorId v = 0; v < 64; ++v)
    {
        const auto is_in = std::find(committee.begin(), committee.end(), v) != committee.end();
        const auto target = (c.flags & timely_target) != 0 ? justifying_target : 0;
        CHECK(flags[v] == (is_in ? c.flags | target : 0));
    }
    using Rewards = std::vector<std::pair<ValidatorId, Gwei>>;
    CHECK(state.proposer_rewards ==
          (c.flags == 0 ? Rewards{} : Rewards{{proposer, proposers_share(c.parts)}}));
}

TEST_CASE("gasper: what a later vote adds is earned alone", "[consensus][gasper]")
{
    const Beacon beacon;
    auto transition = beacon.at(2, 1);
    const auto proposer = transition.proposer();
    CHECK(transition.add_votes(Beacon::votes(transition, {1, 101, {}, {0, 9}})));
    CHECK(transition.add_votes(Beacon::votes(transition, {1, 100, {}, {0, 0}})));
    CHECK(transition.add_votes(Beacon::votes(transition, {1, 101, {}, {0, 0}})));
    CHECK(transition.state().proposer_rewards ==
          std::vector<std::pair<ValidatorId, Gwei>>{{proposer, proposers_share(14)},
              {proposer, proposers_share(26)}, {proposer, proposers_share(14)}});
}

TEST_CASE("gasper: votes that do not fit the chain are none", "[consensus][gasper]")
{
    const Beacon beacon;
    auto transition = beacon.at(2, 1);
    const auto adds = [&](const AttestationData& data, Epoch of_epoch)
    {
        Aggregate votes{data, transition.state().duties_of(of_epoch)};
        votes.add(0);
        return transition.add_votes(votes);
    };
    CHECK(!adds({2, 101, {}, {0, 0}}, 0));      // Of its own slot,
    CHECK(!adds({3, 101, {}, {0, 0}}, 0));      // or a later one,
    CHECK(!adds({1, 101, {1, 0}, {0, 0}}, 0));  // from what is not justified,
    CHECK(!adds({1, 101, {0, 101}, {0, 0}}, 0));
    CHECK(!adds({1, 101, {}, {1, 0}}, 1));  // for the next epoch,
    CHECK(!adds({9, 101, {}, {0, 0}}, 0));  // from a slot of another one.
    CHECK(adds({1, 101, {}, {0, 0}}, 0));
    // Until the end of the next epoch.
    auto late = beacon.at(16, 1);
    Aggregate old{{1, 101, {}, {0, 0}}, beacon.first.duties};
    old.add(0);
    CHECK(!late.add_votes(old));
    auto last = beacon.at(15, 1);
    CHECK(last.add_votes(old));

    // Another branch has drawn other committees; the same ones drawn again are the same.
    auto other = beacon.at(2, 1);
    Aggregate strange{{1, 101, {}, {0, 0}}, genesis_state(beacon.options, 2).duties};
    strange.add(0);
    CHECK(!other.add_votes(strange));
    Aggregate again{{1, 101, {}, {0, 0}}, genesis_state(beacon.options, 1).duties};
    again.add(0);
    CHECK(other.add_votes(again));
}

TEST_CASE(
    "gasper: votes of the epoch before come from what was justified then", "[consensus][gasper]")
{
    Beacon beacon;
    beacon.first.finality.current_justified = {0, 55};
    auto transition = beacon.at(8, 7);  // The first two epochs justify nothing.
    BeaconState state = transition.state();
    state.finality.previous_justified = {0, 44};
    BeaconTransition next{beacon.options, 1, state};
    next.seal(108);
    next.advance_to(9);
    const auto adds = [&](Slot slot, NetworkBlockId block, Checkpoint source, Checkpoint target) {
        return next.add_votes(Beacon::votes(next, {slot, block, source, target}));
    };
    CHECK(!adds(7, 107, {0, 55}, {0, 0}));
    CHECK(adds(7, 107, {0, 44}, {0, 0}));
    CHECK(!adds(8, 108, {0, 44}, {1, 108}));
    CHECK(adds(8, 108, {0, 55}, {1, 108}));
    // Each to its own epoch; the source too late for the one.
    CHECK(std::count(
              next.state().previous_flags.begin(), next.state().previous_flags.end(), 3 + 8) == 8);
    CHECK(std::count(next.state().current_flags.begin(), next.state().current_flags.end(), 7 + 8) ==
          8);
}

TEST_CASE("gasper: whoever is slashed must be there, and have his stake in", "[consensus][gasper]")
{
    Beacon beacon;
    beacon.change(
        [](Registry& registry)
        {
            registry.validators[1].slashed_epoch = 0;
            registry.validators[2].activation_epoch = 1;
            registry.validators[3].exit_epoch = 0;
            registry.validators[3].withdrawable_epoch = 0;
            registry.validators[4].exit_epoch = 0;
            registry.validators[4].withdrawable_epoch = 1;
        });
    auto transition = beacon.at(1, 0);
    const auto slashes = [&](ValidatorId who) {
        return transition.add_slashing({EvidenceKind::double_vote, who, 0, 0, 1, 2});
    };
    CHECK(slashes(0));
    CHECK(!slashes(0));
    CHECK(!slashes(1));
    CHECK(!slashes(2));
    CHECK(!slashes(3));
    CHECK(slashes(4));
    CHECK(transition.state().registry->validators[0].is_slashed());
    CHECK(!beacon.first.registry->validators[0].is_slashed());  // States do not change.
}

TEST_CASE("gasper: who was slashed has no part in what is justified", "[consensus][gasper]")
{
    constexpr std::uint8_t justifies = timely_target | justifying_target;
    // At the end of epoch 2, when 43 of 64 have voted for it: 42.7 are two thirds.
    for (const bool is_slashed : {false, true})
    {
        Beacon beacon;
        auto transition = beacon.at(23, 22);
        BeaconState state = transition.state();
        for (ValidatorId v = 0; v < 43; ++v)
            state.current_flags[v] = justifies;
        if (is_slashed)  // When a block took his vote.
            state.current_flags[0] = timely_target;
        const auto first = state.current_flags[0];
        state.current_flags[50] = timely_source | timely_head;
        BeaconTransition next{beacon.options, 1, state};
        next.seal(123);
        const auto expected = is_slashed ? Checkpoint{} : Checkpoint{2, 116};
        CHECK(next.state().unrealized.current_justified == expected);
        CHECK(next.state().finality.current_justified == Checkpoint{});
        next.advance_to(24);
        CHECK(next.state().finality.current_justified == expected);
        CHECK(next.state().unrealized.current_justified == expected);
        CHECK(next.state().previous_flags[0] == first);
        CHECK(next.state().current_flags[0] == 0);
    }
    // The epoch before counts as well, by who was active in it.
    Beacon beacon;
    auto transition = beacon.at(23, 22);
    BeaconState state = transition.state();
    for (ValidatorId v = 0; v < 43; ++v)
        state.previous_flags[v] = justifies;
    BeaconTransition next{beacon.options, 1, state};
    next.seal(123);
    CHECK(next.state().unrealized.current_justified == Checkpoint{1, 108});
}

TEST_CASE(
    "gasper: an epoch that ends pays, punishes, and prepares the ones after", "[consensus][gasper]")
{
    GasperOptions options;
    options.slashings_window_epochs = 8;
    Beacon beacon{options};
    beacon.change(
        [](Registry& registry)
        {
            registry.validators[63].exit_epoch = 2;
            // Slashed in epoch 0: pays its part when half of the window has passed.
            for (ValidatorId v = 0; v < 8; ++v)
            {
                registry.validators[v].slashed_epoch = 0;
                registry.validators[v].withdrawable_epoch = 1 + 4;
            }
            registry.slashings = {{0, 8 * 32 * ether}};
        });
    auto transition = beacon.at(8, 7);
    CHECK(transition.state().total_active == 64 * 32 * ether);
    CHECK(transition.state().duties->epoch() == 1);
    CHECK(transition.state().previous_duties->epoch() == 0);
    CHECK(transition.state().next_duties->epoch() == 2);
    transition.advance_to(16);
    // Of the eight 12 ethers are gone, and some for votes: 19 whole ones are left.
    CHECK(transition.state().total_active == (55 * 32 + 8 * 19) * ether);
    CHECK(transition.state().next_duties->seat_of(63).slot == no_validator);
    CHECK(transition.state().next_duties->seat_of(62).slot != no_validator);
    const auto& registry = *transition.state().registry;
    // 3 * 8 of 64 are slashed.
    const auto changes = std::move(transition).take().changes;
    CHECK(sum_of(changes, StakeChangeKind::slashing) ==
          8 * correlation_penalty(32 * ether, 8 * 32 * ether, 64 * 32 * ether, options));
    CHECK(registry.validators.size() == 64);
}

TEST_CASE("gasper: a proposer is paid when the epoch ends, whoever votes leaks no more",
    "[consensus][gasper]")
{
    const Beacon beacon;
    auto transition = beacon.at(2, 1);
    const auto proposer = transition.proposer();
    REQUIRE(transition.add_votes(Beacon::votes(transition, {1, 101, {}, {0, 0}})));
    transition.seal(102);
    CHECK(transition.state().registry->validators[proposer].balance == 32 * ether);
    transition.advance_to(8);
    CHECK(transition.state().proposer_rewards.empty());
    auto changes = std::move(transition).take().changes;
    // Nobody else earns or pays: there is no epoch before the first one.
    CHECK(sum_of(changes, StakeChangeKind::reward) == proposers_share(54));
    std::erase_if(changes,
        [](const GweiChange& change) { return change.kind == StakeChangeKind::withdrawal; });
    CHECK(changes.size() == 1);
    CHECK(changes[0].validator == proposer);
}

TEST_CASE("gasper: without finality the leak begins after four epochs", "[consensus][gasper]")
{
    // finality_delay = previous epoch - finalized epoch > 4: at the end of epoch 6, for epoch 5.
    const Beacon beacon;
    BeaconTransition transition{beacon.options, 1, beacon.first};
    transition.advance_to(6 * 8);
    CHECK(transition.state().registry->validators[0].inactivity_score == 0);
    transition.advance_to(7 * 8);
    CHECK(transition.state().registry->validators[0].inactivity_score == 4);

    // What is final puts it off.
    auto later = beacon.first;
    later.finality.finalized = {2, 0};
    BeaconTransition other{beacon.options, 1, later};
    other.advance_to(8 * 8);
    CHECK(other.state().registry->validators[0].inactivity_score == 0);
    other.advance_to(9 * 8);
    CHECK(other.state().registry->validators[0].inactivity_score == 4);
}

TEST_CASE(
    "gasper: deposits and exits come when they are due, sixteen in a block", "[consensus][gasper]")
{
    GasperOptions options;
    options.genesis_validators = 40;
    options.shard_committee_period_epochs = 0;
    for (std::uint32_t v = 40; v < 58; ++v)
        options.deposits.push_back({12 * one_second, v, 32 * ether});
    options.deposits.push_back({24 * one_second + 1, 58, 32 * ether});
    options.exits.push_back({24 * one_second, 5, 0});
    options.deposit_gwei = 31 * ether + ether / 2;
    const Beacon beacon{options};
    CHECK(beacon.first.registry->validators[0].balance == 31 * ether + ether / 2);
    CHECK(beacon.first.registry->validators[0].effective_balance == 31 * ether);
    CHECK(beacon.first.registry->validators[39].activation_epoch == 0);
    CHECK(beacon.first.registry->validators[39].eligible_epoch == 0);
    CHECK(beacon.first.registry->validators[40] == Validator{});
    CHECK(beacon.first.total_active == 40 * 31 * ether);
    const auto balance = [](const BeaconTransition& transition, ValidatorId v)
    { return transition.state().registry->validators[v].balance; };

    BeaconTransition transition{beacon.options, 1, beacon.first};
    transition.add_stake_orders();
    CHECK(balance(transition, 40) == 0);
    transition.advance_to(1);
    transition.add_stake_orders();
    CHECK(balance(transition, 55) == 32 * ether);
    CHECK(balance(transition, 56) == 0);
    CHECK(transition.state().registry->validators[5].exit_epoch == far_future_epoch);
    transition.advance_to(2);
    transition.add_stake_orders();
    CHECK(balance(transition, 57) == 32 * ether);
    CHECK(balance(transition, 58) == 0);
    CHECK(transition.state().registry->validators[5].exit_epoch != far_future_epoch);
    CHECK(transition.state().next_deposit == 18);
    CHECK(transition.state().next_exit == 1);
}

TEST_CASE(
    "gasper: a state knows the duties of three epochs and the blocks of two", "[consensus][gasper]")
{
    const Beacon beacon;
    CHECK(beacon.first.duties_of(1)->epoch() == 1);
    CHECK(beacon.first.duties_of(2) == nullptr);
    const auto transition = beacon.at(20, 18);
    const auto& state = transition.state();
    for (Epoch epoch = 0; epoch < 6; ++epoch)
    {
        const auto duties = state.duties_of(epoch);
        REQUIRE((duties != nullptr) == (epoch >= 1 && epoch <= 3));
        CHECK((duties == nullptr || duties->epoch() == epoch));
    }
    CHECK(state.block_at(8) == 108);
    CHECK(state.block_at(18) == 118);
    CHECK(state.block_at(19) == 118);
    CHECK(state.block_at(20) == 118);

    const Aggregate votes{{9, 109, {}, {1, 108}}, state.duties_of(1)};
    const auto member = votes.committee()[2];
    CHECK(!votes.has_validator(member, 8));
    auto with = votes;
    with.add(2);
    CHECK(with.has_validator(member, 8));
    CHECK(!with.has_validator(votes.committee()[1], 8));
    const auto elsewhere = state.duties_of(1)->committee(10)[2];
    CHECK(!with.has_validator(elsewhere, 8));
}

TEST_CASE("gasper: a block is executed with all that it has", "[consensus][gasper]")
{
    GasperOptions options;
    options.genesis_validators = 63;
    options.deposits.push_back({0, 63, 32 * ether});
    const Beacon beacon{options};
    auto transition = beacon.at(1, 1);
    BeaconBlock block;
    block.slot = 2;
    block.header.id = 102;
    block.votes.push_back(
        std::make_shared<const Aggregate>(Beacon::votes(transition, {1, 101, {}, {0, 0}})));
    const auto voter = block.votes[0]->committee()[0];
    const auto slashed = block.votes[0]->committee()[1];
    block.slashings.push_back({EvidenceKind::double_vote, slashed, 0, 0, 1, 2});
    const auto after = execute_block(beacon.options, 1, transition.state(), block);
    CHECK(after.slot == 2);
    CHECK(after.block == 102);
    CHECK(after.block_at(1) == 101);
    CHECK(after.current_flags[voter] == 15);
    CHECK(after.registry->validators[slashed].is_slashed());
    CHECK(after.registry->validators[63].balance == 32 * ether);

    const auto later = state_at_epoch(beacon.options, 1, after, 3);
    CHECK(later.slot == 24);
    CHECK(later.block == 102);
    CHECK(later.duties->epoch() == 3);
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

    // Who votes in another protocol, or has no stake, justifies nothing.
    auto others = weak;
    others.push_back(vote(4, 5, 0, 0b000010));
    CHECK(look(others, {{1, 4}}).problems.empty());
    others.back().voters = {0b1000000};
    CHECK(look(others, {{1, 4}}).problems.size() == 1);
    others.back().voters = {0b000010};
    others.back().kind = VoteKind::prevote;
    CHECK(look(others, {{1, 4}}).problems.size() == 1);
    others.push_back(vote(9, 9, 0, 0b000010));
    others.back().kind = VoteKind::prevote;
    others.push_back(vote(8, 9, 0, 0b000010));
    others.back().kind = VoteKind::prevote;
    CHECK(look(others, {}).offenders.empty());
    // Nor does a vote for a block that is not there, or whose way to its source is not.
    others = weak;
    others.push_back(vote(99, 5, 0, 0b000010));
    CHECK(look(others, {{1, 4}}).problems.size() == 1);
    const std::vector<NetworkBlock> gap{block(8, 4, 8)};
    const std::vector<NetworkVotes> all{vote(8, 8, 0, 0b111111), vote(8, 12, 2, 0b111111)};
    CHECK(check_gasper(gap, all, std::vector<Checkpoint>{{2, 8}}, stakes, 4).problems.size() == 1);
    CHECK(check_gasper(blocks, all, std::vector<Checkpoint>{{2, 8}}, stakes, 4).problems.empty());
    // Where it is not known who had a stake nothing is justified.
    const std::map<Epoch, EpochStake> since_2{{2, stakes.at(0)}};
    CHECK(check_gasper(blocks, good, first, since_2, 4).problems.size() == 1);

    // Final is what the next epoch, or the one after it, is justified from.
    const auto problems = [&](const std::vector<NetworkVotes>& votes) {
        return look(votes, {{1, 4}}).problems.size();
    };
    const auto to_1 = vote(4, 4, 0, 0b111111);
    CHECK(problems({to_1, vote(8, 8, 1, 0b011110)}) == 0);
    CHECK(problems({to_1, vote(8, 8, 0, 0b011110)}) == 1);
    CHECK(problems({to_1, vote(12, 12, 1, 0b011110)}) == 1);
    CHECK(problems({to_1, vote(8, 8, 0, 0b011110), vote(12, 12, 1, 0b011110)}) == 0);
    CHECK(problems({to_1, vote(8, 8, 0, 0b011110), vote(12, 16, 1, 0b011110)}) == 1);

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
