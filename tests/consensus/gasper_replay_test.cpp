#include "consensus/gasper/engine.hpp"
#include "consensus/gasper/replay.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <functional>
#include <vector>

namespace runnel
{
namespace
{
constexpr std::uint64_t seed = 3;

/// A chain as somebody gets it who was not there.
struct Chain
{
    GasperOptions options;
    std::vector<NetworkBlock> blocks;
    std::vector<GasperBlockContents> contents;
    std::vector<std::vector<GweiChange>> changes;
    StatePtr state;  // Of the reference node, after the last block.
};

GasperOptions options_of(std::uint32_t validators)
{
    GasperOptions options;
    options.validators = validators;
    options.slots_per_epoch = 4;
    options.shuffle_rounds = 20;
    return options;
}

Chain run_network(const GasperOptions& options, NetworkModel model, Epoch epochs)
{
    model.fan_out = 4;
    SerialShardRunner runner;
    GasperEngine engine{options, std::move(model), seed, runner};
    const auto until = static_cast<VirtualTime>(epochs) * options.slots_per_epoch *
                       options.slot_seconds * one_second;
    while (engine.next(until))
    {}
    Chain chain;
    chain.options = options;
    for (const auto& block : engine.chain().subspan(1))
    {
        chain.blocks.push_back(block->header);
        chain.contents.push_back(contents_of(*block, options.validators));
        chain.changes.push_back(block->changes);
    }
    chain.state = engine.state();
    return chain;
}

Chain honest_chain(std::uint32_t validators = 12, Epoch epochs = 8)
{
    return run_network(options_of(validators), {}, epochs);
}

/// What a replay of all of it says in the end, or where it fails.
struct Outcome
{
    std::string error;
    std::uint64_t height = 0;  // Of the block that does not follow.
    std::vector<GasperReplay::Final> finalized;
};
Outcome replay(const Chain& chain)
{
    GasperReplay replay{chain.options, seed};
    for (std::size_t i = 0; i < chain.blocks.size(); ++i)
    {
        if (auto error = replay.add(chain.blocks[i], chain.contents[i]); !error.empty())
            return {std::move(error), i + 1, replay.finalized()};
    }
    return {{}, 0, replay.finalized()};
}

/// Takes validators' bits out of all attestations, and attestations of nobody out of blocks.
void silence(Chain& chain, const std::vector<ValidatorId>& validators)
{
    for (auto& contents : chain.contents)
    {
        for (auto& votes : contents.votes)
        {
            for (const auto v : validators)
                votes.voters[v / 64] &= ~(std::uint64_t{1} << (v % 64));
        }
        std::erase_if(contents.votes,
            [](const GasperVotes& votes)
            {
                return std::all_of(votes.voters.begin(), votes.voters.end(),
                    [](std::uint64_t word) { return word == 0; });
            });
    }
}

/// Has attestations start from what is justified where they stand, after others were altered.
Chain with_sources(Chain chain)
{
    GasperReplay replay{chain.options, seed};
    for (std::size_t i = 0; i < chain.blocks.size(); ++i)
    {
        BeaconTransition transition{chain.options, seed, replay.state()};
        transition.advance_to(chain.blocks[i].round);
        const auto& finality = transition.state().finality;
        for (auto& votes : chain.contents[i].votes)
        {
            const bool is_current = votes.data.target.epoch == transition.epoch();
            votes.data.source =
                is_current ? finality.current_justified : finality.previous_justified;
        }
        REQUIRE(replay.add(chain.blocks[i], chain.contents[i]) == "");
    }
    return chain;
}

/// Where the chain fails after @p change of it; 0: nowhere.
std::uint64_t fails_at(const Chain& chain, const std::function<void(Chain&)>& change)
{
    auto altered = chain;
    change(altered);
    return replay(altered).height;
}
}  // namespace

TEST_CASE("gasper replay: blocks alone lead to the state that nodes have", "[consensus][gasper]")
{
    const auto drift = [](NetworkModel model)
    {
        model.clock_drift_ppm = 300;
        model.loss = 0.05;
        return model;
    };
    auto liars = options_of(48);
    liars.validators_per_node = 3;
    liars.groups = {{"two_faced", GasperStrategy::equivocating, 2},
        {"bent", GasperStrategy::surround, 1}, {"false", GasperStrategy::invalid_block, 1},
        {"late", GasperStrategy::ex_ante_reorg, 1}};
    liars.groups[0].equivocates_always = true;
    liars.slashes_invalid_blocks = true;
    liars.slashing = SlashingRule::bellatrix;
    liars.slashings_window_epochs = 8;
    auto moving = options_of(12);
    moving.genesis_validators = 10;
    moving.seed_lookahead_max_epochs = 1;
    moving.shard_committee_period_epochs = 1;
    moving.withdrawability_delay_epochs = 1;
    const auto slot = VirtualTime{moving.slot_seconds} * one_second;
    moving.deposits = {{3 * slot, 10, 32'000'000'000}, {5 * slot, 11, 32'000'000'000}};
    moving.exits = {{20 * slot, 2, 0}};
    const auto chain = GENERATE_COPY(
        honest_chain(), run_network(liars, drift({}), 16), run_network(moving, {}, 16));

    GasperReplay replay{chain.options, seed};
    for (std::size_t i = 0; i < chain.blocks.size(); ++i)
    {
        CAPTURE(i);
        REQUIRE(replay.add(chain.blocks[i], chain.contents[i]) == "");
        const auto expected = stake_changes(chain.changes[i], chain.options);
        REQUIRE(replay.changes().size() == expected.size());
        for (std::size_t n = 0; n < expected.size(); ++n)
        {
            const auto& change = replay.changes()[n];
            REQUIRE(change.kind == expected[n].kind);
            REQUIRE(change.validator == expected[n].validator);
            REQUIRE(change.amount == expected[n].amount);
        }
    }
    const auto& state = replay.state();
    CHECK(state.registry->validators == chain.state->registry->validators);
    CHECK(state.registry->slashings == chain.state->registry->slashings);
    CHECK(state.finality == chain.state->finality);
    CHECK(state.current_flags == chain.state->current_flags);
    REQUIRE(!replay.finalized().empty());
    CHECK(replay.finalized().back().checkpoint == chain.state->finality.finalized);
    if (chain.options.groups.empty())
        return;
    const auto slashed = std::count_if(state.registry->validators.begin(),
        state.registry->validators.end(), [](const Validator& v) { return v.is_slashed(); });
    CHECK(slashed > 3);
}

TEST_CASE("gasper replay: final is what two thirds voted for", "[consensus][gasper]")
{
    const auto chain = honest_chain();
    const auto all = replay(chain);
    CHECK(all.error == "");
    // Of four slots an epoch, a block in each but slot 0.
    REQUIRE(all.finalized.size() >= 3);
    CHECK(all.finalized[0] == GasperReplay::Final{{2, chain.blocks[7].id}, 8, 16});
    CHECK(all.finalized[1] == GasperReplay::Final{{3, chain.blocks[11].id}, 12, 20});

    auto eight = chain;
    silence(eight, {1, 4, 7, 10});
    const auto just_enough = replay(with_sources(eight));
    CHECK(just_enough.error == "");
    CHECK(!just_enough.finalized.empty());

    auto seven = chain;
    silence(seven, {1, 4, 7, 10, 11});
    const auto too_few = replay(with_sources(seven));
    CHECK(too_few.error == "");
    CHECK(too_few.finalized.empty());
}

TEST_CASE("gasper replay: who has no stake counts for nothing", "[consensus][gasper]")
{
    // Ten of sixteen are active: six of them are not two thirds, of ten as little as of sixteen.
    auto options = options_of(16);
    options.genesis_validators = 10;
    auto chain = run_network(options, {}, 8);
    CHECK(!replay(chain).finalized.empty());
    CHECK(fails_at(chain, [](Chain& c)
              { c.contents[9].votes.at(0).voters[0] |= std::uint64_t{1} << 12; }) == 10);
    silence(chain, {0, 1, 2, 3});
    CHECK(replay(with_sources(chain)).finalized.empty());
}

TEST_CASE("gasper replay: a checkpoint that votes pass by is not final", "[consensus][gasper]")
{
    const auto chain = honest_chain();
    // Those of epoch 3 name a block of epoch 2 for its checkpoint: the source of epoch 4's votes is
    // then 2, so these do not belong on the chain.
    auto skipped = chain;
    for (auto& contents : skipped.contents)
    {
        for (auto& votes : contents.votes)
        {
            if (votes.data.target.epoch == 3)
                votes.data.target.block = chain.blocks[9].id;
        }
    }
    const auto outcome = replay(skipped);
    CHECK(outcome.error.find("does not belong on this chain") != std::string::npos);
    CHECK(outcome.finalized.empty());
    // With sources as the rule has them epoch 3 is not justified, so nothing is final from it, and
    // epoch 2 is not by the next one; the first two that are in a row make the earlier one final.
    const auto consistent = replay(with_sources(skipped));
    REQUIRE(!consistent.finalized.empty());
    CHECK(consistent.finalized[0] == GasperReplay::Final{{4, chain.blocks[15].id}, 16, 24});
}

TEST_CASE("gasper replay: what does not follow is refused where it stands", "[consensus][gasper]")
{
    const auto chain = honest_chain(20);
    CHECK(fails_at(chain, [](Chain&) {}) == 0);
    const auto at_10 = [&](const std::function<void(NetworkBlock&, GasperBlockContents&)>& change)
    { return fails_at(chain, [&](Chain& c) { change(c.blocks[9], c.contents[9]); }); };
    const auto of_block = [&](const std::function<void(NetworkBlock&)>& change)
    { return at_10([&](NetworkBlock& block, GasperBlockContents&) { change(block); }); };
    CHECK(of_block([](NetworkBlock& b) { b.parent = 0; }) == 10);
    CHECK(of_block([](NetworkBlock& b) { ++b.height; }) == 10);
    CHECK(of_block([](NetworkBlock& b) { --b.round; }) == 10);
    CHECK(of_block([](NetworkBlock& b) { b.maker = 1'000'000; }) == 10);
    CHECK(of_block([&](NetworkBlock& b) { b.id = chain.blocks[8].id; }) == 10);
    CHECK(of_block(
              [](NetworkBlock& b)
              {
                  b.maker = (b.maker + 1) % 20;
                  b.id = network_block_id(b.maker, 99);
              }) == 10);

    const auto of_votes = [&](const std::function<void(GasperVotes&)>& change)
    {
        return at_10(
            [&](NetworkBlock&, GasperBlockContents& contents) { change(contents.votes.at(0)); });
    };
    constexpr auto no_one = std::uint64_t{0};
    CHECK(of_votes([](GasperVotes& v) { v.voters[0] |= std::uint64_t{1} << 20; }) == 10);
    CHECK(of_votes([](GasperVotes& v) { v.voters[0] |= std::uint64_t{1} << 63; }) == 10);
    CHECK(of_votes([](GasperVotes& v) { v.voters[0] = ~v.voters[0] & 0xFFFFF; }) == 10);
    CHECK(of_votes([](GasperVotes& v) { v.voters[0] = no_one; }) == 10);
    CHECK(of_votes([](GasperVotes& v) { v.voters.clear(); }) == 10);
    CHECK(of_votes([](GasperVotes& v) { v.voters.resize(1'000); }) == 10);
    CHECK(of_votes([](GasperVotes& v) { ++v.data.slot; }) == 10);
    CHECK(of_votes([](GasperVotes& v) { v.data.slot = ~no_one; }) == 10);
    CHECK(of_votes([](GasperVotes& v) { ++v.data.target.epoch; }) == 10);
    CHECK(of_votes([](GasperVotes& v) { v.data.target.epoch = ~no_one; }) == 10);
    CHECK(of_votes([](GasperVotes& v) { ++v.data.source.epoch; }) == 10);
    CHECK(of_votes([](GasperVotes& v) { v.data.source.block = 5; }) == 10);
    CHECK(
        at_10([](NetworkBlock&, GasperBlockContents& c) { c.votes.push_back(c.votes[0]); }) == 10);
    CHECK(at_10([](NetworkBlock&, GasperBlockContents& c) { c.votes.resize(129, c.votes[0]); }) ==
          10);

    const auto slashing = [&](SlashingProof proof, std::size_t times = 1)
    {
        return at_10([&](NetworkBlock&, GasperBlockContents& contents)
            { contents.slashings.assign(times, proof); });
    };
    const auto own = network_block_id(7, 1);
    CHECK(slashing({EvidenceKind::double_vote, 20, 0, 9, 1, 2}) == 10);
    CHECK(slashing({EvidenceKind::double_vote, 7, 0, 9, 1, 2}, 2) == 10);
    CHECK(slashing({EvidenceKind::double_vote, 7, 0, 9, 1, 2}, 17) == 10);
    CHECK(slashing({EvidenceKind::double_vote, 7, 0, 99, 1, 2}) == 10);
    CHECK(slashing({EvidenceKind::double_proposal, 7, 0, 9, own, own}) == 10);
    CHECK(slashing({EvidenceKind::double_proposal, 7, 0, 9, own, network_block_id(8, 2)}) == 10);
    CHECK(slashing({EvidenceKind::invalid_block, 7, 0, 9, own, own}) == 10);
    // Who has been slashed makes no more blocks, even if it is his turn.
    CHECK(slashing({EvidenceKind::double_vote, chain.blocks[10].maker, 0, 9, 1, 2}) == 11);
}

}  // namespace runnel
