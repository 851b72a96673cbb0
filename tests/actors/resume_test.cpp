#include "actors/checkpoint.hpp"
#include "actors/simulation.hpp"
#include "state/kept_checkpoint.hpp"
#include "tests/actors/busy_setup.hpp"
#include "tests/support/catch.hpp"

#include <map>

using namespace runnel;
using namespace runnel::toy;

namespace
{
/// Keeps the blocks' hashes and all checkpoints; stops the run at a block if told to.
struct Recorder : BlockSink
{
    void append(std::shared_ptr<const FinishedBlock> block) override
    {
        hashes.emplace(block->header.number, block->hash);
        if (progress != nullptr && block->header.number >= stop_at)
            progress->stop.store(true);
    }
    void checkpoint(std::uint64_t block_number, CheckpointSource& parts) override
    {
        checkpoints.emplace(block_number, keep(parts));
    }
    void finish() override {}

    std::map<std::uint64_t, Hash> hashes;
    std::map<std::uint64_t, KeptParts> checkpoints;
    SimulationProgress* progress = nullptr;
    std::uint64_t stop_at = 0;
};

constexpr std::uint64_t blocks = 30;

SimulationSetup setup_with_interval(std::uint64_t interval)
{
    auto result = setup(busy_behaviour(), blocks, {32, 32, 64}, 0.7);
    result.checkpoint_interval = interval;
    return result;
}

SimulationResult resume(const KeptParts& parts, unsigned workers, std::uint32_t cohort_size,
    BlockSink* sink, std::uint64_t interval = 7)
{
    auto again = setup_with_interval(interval);
    again.resume_from = std::make_shared<KeptSource>(parts);
    return run(std::move(again), workers, cohort_size, sink);
}
}  // namespace

TEST_CASE("resume: from any block the chain goes on as it would have", "[actors][resume]")
{
    Recorder whole;
    const auto expected = run(setup_with_interval(1), 1, 2'048, &whole);
    REQUIRE(expected.error.empty());
    // One behind every block, and the run does not notice them.
    CHECK(whole.checkpoints.size() == blocks);
    CHECK(whole.checkpoints.begin()->first == 1);
    CHECK(run(setup_with_interval(1'000), 2, 16).head.state_root == expected.head.state_root);

    unsigned turn = 0;
    for (const auto& [number, parts] : whole.checkpoints)
    {
        if (number == blocks)
        {
            // Behind the last one nobody resumes: no wallets, but the state.
            CHECK(std::any_of(parts.begin(), parts.end(),
                [](const auto& part) { return part.first == state_part_name; }));
            CHECK(std::none_of(parts.begin(), parts.end(),
                [](const auto& part) { return part.first == "wallets"; }));
            continue;
        }
        const unsigned workers = 1 + turn % 3;
        const std::uint32_t cohort_size = turn % 4 == 0 ? 2'048 : 3 * (turn % 4);
        ++turn;
        CAPTURE(number, workers, cohort_size);
        Recorder rest;
        const auto actual = resume(parts, workers, cohort_size, &rest, 1);
        REQUIRE(actual.error.empty());
        REQUIRE(actual.head_hash == expected.head_hash);
        CHECK(actual.resumed_at == number);
        CHECK(actual.blocks == expected.blocks);
        CHECK(actual.transactions == expected.transactions);
        CHECK(actual.reverted == expected.reverted);
        CHECK(actual.world->checkpoint_root() == expected.world->checkpoint_root());
        REQUIRE(rest.hashes.size() == blocks - number);
        CHECK(rest.hashes.begin()->first == number + 1);
        // Its own checkpoints are the same to the last byte.
        for (const auto& [later, again] : rest.checkpoints)
            CHECK((again == whole.checkpoints.at(later)));
    }
}

TEST_CASE("resume: an interrupted run leaves a checkpoint where it stopped", "[actors][resume]")
{
    // How often there are checkpoints is seen in headers, in nothing else of the chain.
    Recorder whole;
    const auto expected = run(setup_with_interval(1'000), 2, 16, &whole);
    Recorder often;
    REQUIRE(run(setup_with_interval(1), 2, 16, &often).error.empty());
    const auto without_head = [](const KeptParts& parts)
    { return KeptParts(parts.begin() + 1, parts.end()); };
    KeptParts last;
    std::uint64_t at = 0;
    unsigned interruptions = 0;
    for (;; ++interruptions)
    {
        Recorder part;
        SimulationProgress progress;
        part.progress = &progress;
        part.stop_at = at + 4;
        auto next = setup_with_interval(1'000);
        if (at > 0)
            next.resume_from = std::make_shared<KeptSource>(last);
        // Few credits: a slow writer would see block 4 when the run is over.
        const auto result = run(std::move(next), 2, 16, &part, &progress, 2);
        REQUIRE(result.error.empty());
        if (!result.interrupted)
        {
            CHECK(result.head_hash == expected.head_hash);
            CHECK(part.checkpoints.empty());
            break;
        }
        REQUIRE(part.checkpoints.size() == 1);
        REQUIRE(part.checkpoints.begin()->first == result.head.number);
        CHECK(result.head.number > at);
        CHECK(result.head_hash == whole.hashes.at(result.head.number));
        CHECK((without_head(part.checkpoints.begin()->second) ==
               without_head(often.checkpoints.at(result.head.number))));
        last = part.checkpoints.begin()->second;
        at = result.head.number;
    }
    CHECK(interruptions >= 2);
}

TEST_CASE("resume: what is not a checkpoint of the run ends it with an error", "[actors][resume]")
{
    Recorder whole;
    REQUIRE(run(setup_with_interval(10), 1, 16, &whole).error.empty());
    const auto parts = whole.checkpoints.at(10);
    const auto refused = [](const KeptParts& spoilt)
    {
        const auto result = resume(spoilt, 2, 16, nullptr);
        CHECK(result.error_is_bug);
        return result.error;
    };
    const std::string text = "the checkpoint is not one of this run";
    CHECK(refused({}) == text);
    for (std::size_t i = 0; i < parts.size(); ++i)
    {
        CAPTURE(i, parts[i].first);
        auto shortened = parts;
        shortened[i].second.pop_back();
        CHECK(refused(shortened) == text);
        auto renamed = parts;
        renamed[i].first = "unknown";
        CHECK(refused(renamed) == text);
        if (parts[i].first == "state" || parts[i].first == "mempool")
            continue;  // Without one of these it is the checkpoint of another state.
        auto without = parts;
        without.erase(without.begin() + static_cast<std::ptrdiff_t>(i));
        CHECK(refused(without) == text);
        auto twice = parts;
        twice.insert(twice.begin() + static_cast<std::ptrdiff_t>(i), parts[i]);
        CHECK(refused(twice) == text);
    }
    // A state that keeps all invariants and is another one: two wallets changed places.
    const auto swapped = [&](std::size_t one, std::size_t other)
    {
        auto spoilt = parts;
        const auto state = std::find_if(
            spoilt.begin(), spoilt.end(), [](const auto& part) { return part.first == "state"; });
        constexpr std::size_t record = 8 + 2 + 40;
        const auto balance = [&](std::size_t account)
        { return state->second.begin() + static_cast<std::ptrdiff_t>(4 + account * record + 10); };
        std::swap_ranges(balance(one), balance(one) + 40, balance(other));
        return spoilt;
    };
    CHECK(refused(swapped(3, 4)) ==
          "the checkpoint of block 10: its state does not have the root that the block's header "
          "names");
    // A state that breaks an invariant: the first account's record is not there.
    auto poorer = parts;
    const auto state = std::find_if(
        poorer.begin(), poorer.end(), [](const auto& part) { return part.first == "state"; });
    const std::size_t record = 8 + 2 + 40;
    state->second.erase(state->second.begin() + 4, state->second.begin() + 4 + record);
    CHECK(refused(poorer).find("the checkpoint of block 10: ") == 0);
}

TEST_CASE("resume: two replicas go on from a checkpoint as one does", "[actors][resume][faults]")
{
    Recorder whole;
    const auto expected = run(setup_with_interval(7), 1, 16, &whole);
    REQUIRE(expected.error.empty());
    for (const std::uint64_t number : {7U, 21U})
    {
        const Deadline deadline;
        auto again = setup_with_interval(7);
        again.resume_from = std::make_shared<KeptSource>(whole.checkpoints.at(number));
        SimulationOptions options;
        options.workers = 2;
        options.cohort_size = 16;
        options.replicas = 2;
        // Repaired from the checkpoint it began with: there is none since.
        options.flips = {{number == 7 ? 0U : 1U, number + 2}};
        std::size_t warnings = 0;
        options.warn = [&](const std::string&) { ++warnings; };
        const auto actual = run_simulation(std::move(again), options);
        CAPTURE(number, actual.error);
        REQUIRE(actual.error.empty());
        CHECK(actual.head_hash == expected.head_hash);
        CHECK(actual.repairs == 1);
        CHECK(warnings == 1);
    }
}
