#include "consensus/schedule.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/forking_engine.hpp"

#include <map>
#include <vector>

using namespace runnel;

namespace
{
ChainSchedule::Options options(std::uint64_t blocks, std::uint64_t horizon = 64)
{
    ChainSchedule::Options result;
    result.blocks = blocks;
    result.horizon = horizon;
    result.accounts = {AccountId{10}, AccountId{11}, AccountId{12}};
    return result;
}

ChainSchedule schedule(toy::ForkingEngine::Options engine, ChainSchedule::Options how)
{
    return ChainSchedule{std::make_unique<toy::ForkingEngine>(engine), std::move(how)};
}

std::vector<ScheduledBlock> all_of(ChainSchedule from)
{
    std::vector<ScheduledBlock> blocks;
    for (auto block = from.next(); block; block = from.next())
        blocks.push_back(std::move(*block));
    CHECK(from.error().empty());
    return blocks;
}
}  // namespace

TEST_CASE("schedule: a ledger that follows it has one chain, and what stays stays", "[schedule]")
{
    for (std::uint64_t seed = 1; seed <= 20; ++seed)
    {
        CAPTURE(seed);
        const auto blocks = all_of(schedule({.seed = seed}, options(200)));
        std::vector<const ScheduledBlock*> chain;
        std::size_t reverted = 0;
        for (const auto& block : blocks)
        {
            REQUIRE(block.reverts <= chain.size());
            for (auto i = block.reverts; i > 0; --i)
            {
                REQUIRE_FALSE(chain.back()->stays);
                chain.pop_back();
                ++reverted;
            }
            REQUIRE(block.block.height == chain.size() + 1);
            REQUIRE(block.block.parent == (chain.empty() ? 0 : chain.back()->block.id));
            REQUIRE(block.block.height <= 200);
            CHECK((block.notes != nullptr) == block.stays);
            CHECK(block.rewards.size() == 1);
            chain.push_back(&block);
        }
        REQUIRE(chain.size() == 200);
        CHECK(reverted > 20);
        CHECK(std::all_of(
            chain.begin(), chain.end(), [](const auto* block) { return block->stays; }));
    }
}

TEST_CASE("schedule: of a branch that takes over only the end is seen", "[schedule]")
{
    const auto blocks = all_of(schedule({.seed = 3}, options(100)));
    for (std::size_t i = 0; i + 1 < blocks.size(); ++i)
    {
        // Before a branch is complete nobody acts; what takes back begins one.
        if (!blocks[i].is_seen && blocks[i].block.height < 100)
            CHECK(blocks[i + 1].reverts == 0);
    }
    CHECK(std::any_of(blocks.begin(), blocks.end(), [](const auto& b) { return !b.is_seen; }));
}

TEST_CASE("schedule: a block is due from the moment before it was seen to that one", "[schedule]")
{
    const auto blocks = all_of(schedule({.seed = 3}, options(200)));
    VirtualTime now = 0;
    std::size_t branches = 0;
    for (const auto& block : blocks)
    {
        REQUIRE(block.due_from < block.due_until);
        // Of a branch that takes over at once all blocks are due at once.
        if (block.due_until == now)
            ++branches;
        else
        {
            REQUIRE(block.due_from == now);
            now = block.due_until;
        }
        REQUIRE(block.block.made_at <= block.due_until);
    }
    CHECK(branches > 20);
}

TEST_CASE("schedule: notes tell of every block once", "[schedule]")
{
    const auto blocks = all_of(schedule({.seed = 5}, options(150)));
    std::map<std::uint64_t, std::vector<std::string>> statuses;
    std::map<std::uint64_t, std::uint64_t> heights;
    std::size_t with_votes = 0;
    for (const auto& block : blocks)
    {
        if (block.notes == nullptr)
            continue;
        REQUIRE(block.notes->blocks.back().id == block.block.id);
        for (const auto& note : block.notes->blocks)
        {
            statuses[note.id].emplace_back(note.status);
            heights[note.id] = note.height;
        }
        with_votes += block.notes->votes.empty() ? 0 : 1;
    }
    CHECK(with_votes > 75);  // They come with the last block of a step.
    std::size_t reverted = 0;
    for (const auto& [id, all] : statuses)
    {
        // The engine calls what it leaves stale, and the ledger what it took back reverted.
        const auto count = [&](const char* status)
        { return std::count(all.begin(), all.end(), status); };
        // Behind the last block nothing is executed.
        CHECK(count("canonical") + count("reverted") == (heights[id] <= 150 ? 1 : 0));
        reverted += static_cast<std::size_t>(count("reverted"));
    }
    CHECK(reverted > 10);
}

TEST_CASE("schedule: going on behind a block gives the rest", "[schedule]")
{
    const auto whole = all_of(schedule({.seed = 9}, options(120)));
    for (const std::uint64_t number : {1U, 17U, 60U, 119U})
    {
        CAPTURE(number);
        auto rest = schedule({.seed = 9}, options(120));
        REQUIRE(rest.skip_to(number));
        auto place = whole.begin();
        while (!(place->stays && place->block.height == number))
            ++place;
        for (++place; place != whole.end(); ++place)
        {
            const auto block = rest.next();
            REQUIRE(block);
            CHECK(block->block.id == place->block.id);
            CHECK(block->reverts == place->reverts);
            CHECK(block->stays == place->stays);
            if (place->notes != nullptr)
                CHECK(block->notes->blocks.size() == place->notes->blocks.size());
        }
        CHECK_FALSE(rest.next());
    }
    auto short_one = schedule({.seed = 9, .stops_after = 10}, options(120));
    CHECK_FALSE(short_one.skip_to(60));
}

TEST_CASE("schedule: what is final need not be waited for", "[schedule]")
{
    auto final_soon = schedule({.seed = 2, .fork_share = 0, .final_behind = 1}, options(50, 1'000));
    // With nothing but the horizon to go by the first block would wait for a thousand.
    REQUIRE(final_soon.next());
    const auto blocks =
        all_of(schedule({.seed = 2, .depth_max = 3, .final_behind = 4}, options(80, 1'000)));
    REQUIRE(blocks.back().block.height == 80);
    for (const auto& block : blocks)
        CHECK(block.finalized < block.block.height);
    CHECK(blocks.back().finalized >= 70);
}

TEST_CASE(
    "schedule: a horizon that is too near is an error, a chain that stands still too", "[schedule]")
{
    auto near = schedule({.seed = 4, .depth_max = 5}, options(200, 2));
    while (near.next())
    {}
    CHECK(near.error().find("consensus.horizon must be larger") != std::string::npos);
    CHECK_FALSE(near.stands_still());

    auto halted = schedule({.seed = 4, .fork_share = 0, .stops_after = 30}, options(200));
    std::uint64_t last = 0;
    for (auto block = halted.next(); block; block = halted.next())
        last = block->block.height;
    CHECK(last == 30);  // What there is is handed out.
    CHECK(halted.stands_still());
    CHECK(halted.error().starts_with("the chain stands still: no block follows block 30"));
}

TEST_CASE(
    "schedule: what is found out while the chain stands is told with its last block", "[schedule]")
{
    auto halted =
        schedule({.seed = 4, .fork_share = 0, .stops_after = 30, .accuses = true}, options(200));
    std::size_t accused = 0;
    for (auto block = halted.next(); block; block = halted.next())
        accused += block->notes->evidence.size();
    CHECK(accused == 30);
    CHECK(halted.stands_still());
}

TEST_CASE(
    "schedule: stakes change with the block that says so, and are taken back with it", "[schedule]")
{
    for (const auto& block : all_of(schedule({.seed = 6, .moves_stake = true}, options(150))))
    {
        // Each block pays its maker; what else changes comes with the end of a branch.
        REQUIRE_FALSE(block.rewards.empty());
        CHECK(block.rewards.front().account == AccountId{10 + block.block.maker});
        CHECK((block.rewards.size() == 1 || block.is_seen));
    }
}
