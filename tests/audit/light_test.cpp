#include "audit/light.hpp"

#include "consensus/stake_rewards.hpp"
#include "execution/rewards_root.hpp"
#include "tests/audit/forge.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temporary_file.hpp"

#include <algorithm>
#include <functional>
#include <memory>
#include <string>

using namespace runnel;
using namespace runnel::audit;

namespace
{
constexpr const char* text = R"(
[scenario]
name = "light"
title = "Twelve validators"
seed = 7
blocks = 40
slot_seconds = 12

[network]
latency_ms = 40

[consensus]
engine = "gasper"

[consensus.gasper]
slots_per_epoch = 4

[consensus.groups.honest]
count = 12

[agents.payer]
strategy = "payer"
count = 5
funds = { ETH = 10 }
token = "ETH"
amount = 0.1
interval = 60
)";

const LightChain& honest_chain()
{
    static const auto chain = []
    {
        const TemporaryFile file;
        REQUIRE(forgery::run_to_file(text, file.path()).error.empty());
        return read_light_chain(file.path());
    }();
    return chain;
}

/// What a light client says of a block of these headers.
LightFinality look_at(const LightChain& chain, std::uint64_t number)
{
    Proof proof;
    proof.header = chain.headers.at(number);
    proof.block_hash = proof.header.hash();
    return check_finality(chain, proof, 6);
}

/// Makes headers fit what blocks say, as somebody would who has the whole program: attestations
/// start from what is justified where they stand, and each header has the root of what they pay
/// and the hash of the one before it.
void make_consistent(LightChain& chain)
{
    const auto scenario = forgery::parse(text);
    const auto& options = scenario.consensus.gasper;
    GasperReplay replay{options, scenario.seed};
    HashBatch batch;
    for (std::size_t i = 0; i < chain.steps.size(); ++i)
    {
        const auto& block = chain.steps[i].added.front();
        BeaconTransition transition{options, scenario.seed, replay.state()};
        transition.advance_to(block.round);
        const auto& finality = transition.state().finality;
        for (auto& votes : chain.attested[i].votes)
        {
            votes.data.source = votes.data.target.epoch == transition.epoch()
                                    ? finality.current_justified
                                    : finality.previous_justified;
        }
        REQUIRE(replay.add(block, chain.attested[i]) == "");
        auto& header = chain.headers[i + 1];
        const auto first = index(header.proposer) - block.maker;
        const auto rewards = stake_rewards(replay.changes(), {.compounds = true},
            [&](const StakeChange& change) { return AccountId{first + change.validator}; });
        header.rewards_root = rewards_root(rewards, batch);
        header.parent_hash = chain.headers[i].hash();
    }
}

/// Without the votes of the first so many validators.
LightChain without(std::uint32_t validators)
{
    auto chain = honest_chain();
    for (auto& contents : chain.attested)
    {
        for (auto& votes : contents.votes)
            votes.voters[0] &= ~((std::uint64_t{1} << validators) - 1);
        std::erase_if(
            contents.votes, [](const GasperVotes& votes) { return votes.voters[0] == 0; });
    }
    return chain;
}
}  // namespace

TEST_CASE("light clients: headers of gasper show what is final", "[audit][light]")
{
    const auto& chain = honest_chain();
    REQUIRE(chain.headers.size() == 41);
    for (std::uint64_t number = 0; number <= 28; ++number)
    {
        CAPTURE(number);
        CHECK(look_at(chain, number).failure == "");
    }
    CHECK(look_at(chain, 13).why.find("checkpoint of epoch 4, which is block 16") !=
          std::string::npos);
    CHECK(look_at(chain, 39).failure.find("block 39 is not final") != std::string::npos);
    // What is written is what is read.
    const auto again = parse_light_chain(to_json(chain));
    CHECK(to_json(again) == to_json(chain));
    CHECK(look_at(again, 28).failure == "");
    CHECK(look_at(again, 28).why == look_at(chain, 28).why);
    // The beginning of a chain shows less.
    auto beginning = chain;
    beginning.headers.resize(20);
    beginning.steps.resize(19);
    beginning.attested.resize(19);
    CHECK(look_at(beginning, 8).failure == "");
    CHECK(look_at(beginning, 13).failure ==
          "block 13 is not final: attestations show that up to block 8, of 19");
}

TEST_CASE("light clients: two thirds are needed, whatever headers say", "[audit][light]")
{
    auto honest = honest_chain();
    make_consistent(honest);
    CHECK(honest.headers.back().hash() == honest_chain().headers.back().hash());

    auto enough = without(4);
    CHECK(look_at(enough, 8).failure.find("not change the stakes as its header says") !=
          std::string::npos);
    make_consistent(enough);
    CHECK(look_at(enough, 8).failure == "");

    auto too_few = without(5);
    make_consistent(too_few);
    CHECK(too_few.headers.back().finalized_block > 20);  // They claim it all the same.
    CHECK(look_at(too_few, 8).failure ==
          "block 8 is not final: attestations show that up to block 0, of 40");
}

TEST_CASE("light clients: what was altered shows in one line", "[audit][light]")
{
    const auto failure = [](const std::function<void(LightChain&)>& change)
    {
        auto chain = honest_chain();
        const auto number = 8U;
        const auto proof_header = chain.headers[number];
        change(chain);
        Proof proof;
        proof.header = proof_header;
        proof.block_hash = proof_header.hash();
        return check_finality(chain, proof, 6).failure;
    };
    CHECK(failure([](LightChain&) {}) == "");
    CHECK(failure([](LightChain& c) { c.headers[20].state_root = {}; }) ==
          "header 21 does not follow the one before it");
    CHECK(failure(
        [](LightChain& c) {
            c.headers.back().rewards_root = {};
        }).starts_with("block 40: its attestations and slashings do not change"));
    CHECK(failure([](LightChain& c) { c.attested.clear(); }) == "there are no attestations");
    CHECK(failure([](LightChain& c) { c.attested[9].votes.clear(); }) != "");
    CHECK(failure(
        [](LightChain& c) {
            c.attested[9].votes.at(0).voters[0] |= 1U << 13U;
        }).starts_with("block 10: an attestation of slot"));
    CHECK(failure(
        [](LightChain& c) {
            c.attested[9].slashings.push_back({EvidenceKind::double_vote, 2, 0, 5, 1, 2});
        }).starts_with("block 10: its attestations and slashings do not change"));
    // A slot is as far from the header's time as a clock may be wrong.
    CHECK(failure([](LightChain& c) { c.steps[9].added[0].round += 1'000; }) ==
          "block 10: it was not made in its slot 1010");
    // Who writes other times finds that nobody works for him for ever.
    CHECK(failure(
              [](LightChain& c)
              {
                  auto& block = c.steps.back().added[0];
                  block.round = std::uint64_t{1} << 39U;
                  block.made_at = static_cast<VirtualTime>(block.round) * 12 * one_second;
                  c.headers.back().timestamp += (block.round - 40) * 12;
              }) == "block 40: no run waits so long for a block");
    CHECK(failure(
              [](LightChain& c)
              {
                  auto& block = c.steps.back().added[0];
                  block.round = ~std::uint64_t{0};
              }) == "block 40: it was not made in its slot 18446744073709551615");
}
