#include "actors/round_watch.hpp"

#include "tests/support/catch.hpp"

using namespace runnel::actors;

TEST_CASE("round watch: names who is awaited, first who holds up the others", "[actors][faults]")
{
    using Member = RoundWatch::Member;
    RoundWatch watch;
    CHECK(watch.awaited() == "the crew to start");
    for (const auto* name : {"validator 0", "validator 1", "validator 2"})
        watch.add(Member::validator, name);
    watch.add(Member::proposer, "validator 1 (proposer)");
    watch.add(Member::writer, "the ledger writer");
    watch.ready();
    CHECK(watch.awaited().empty());

    watch.await(Member::writer, 0);
    CHECK(watch.awaited() == "the ledger writer");
    for (std::size_t i = 0; i < 3; ++i)
        watch.await(Member::validator, i);
    CHECK(watch.awaited() == "validator 0 and 2 others");
    watch.answered(Member::validator, 0);
    CHECK(watch.awaited() == "validator 1 and one other");
    watch.await(Member::proposer, 0);
    CHECK(watch.awaited() == "validator 1 (proposer)");
    watch.answered(Member::proposer, 0);
    watch.answered(Member::validator, 1);
    CHECK(watch.awaited() == "validator 2");
    watch.answered(Member::validator, 2);
    watch.answered(Member::writer, 0);
    CHECK(watch.awaited().empty());
}

TEST_CASE("round watch: whatever happens is a move", "[actors][faults]")
{
    using Member = RoundWatch::Member;
    RoundWatch watch;
    watch.add(Member::cohort, "cohort 0 (one)");
    watch.ready();
    auto seen = watch.moves();
    const auto moved = [&]
    {
        const bool has = watch.moves() != seen;
        seen = watch.moves();
        return has;
    };
    watch.begin_block(7);
    CHECK(moved());
    CHECK(watch.block() == 7);
    watch.await(Member::cohort, 0);
    CHECK(moved());
    watch.answered(Member::cohort, 0);
    CHECK(moved());
    watch.begin_execution();
    CHECK((moved() && watch.executing()));
    watch.end_execution();
    CHECK((moved() && !watch.executing()));
    CHECK_FALSE(moved());
}
