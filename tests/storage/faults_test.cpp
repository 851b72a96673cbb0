#include "storage/chain_comparison.hpp"
#include "storage/comparison.hpp"
#include "storage/ledger_reader.hpp"
#include "storage/ledger_writer.hpp"
#include "tests/storage/fault_vfs.hpp"
#include "tests/storage/ledger_fixture.hpp"
#include "tests/support/catch.hpp"

#include <cstdlib>
#include <functional>

using namespace runnel;
using namespace runnel::storage;
using namespace runnel::storage::fixture;

namespace
{
using Kind = FaultyDisk::Fault;
using Blocks = std::vector<std::shared_ptr<const FinishedBlock>>;

constexpr std::uint64_t block_count = 6;
constexpr std::uint64_t group = 2;

/// Which of a sweep's points are taken: every third, or with RUNNEL_FAULT_STRIDE=N every Nth.
std::uint64_t stride()
{
    const auto* text = std::getenv("RUNNEL_FAULT_STRIDE");
    return text == nullptr ? 3 : std::max(1ULL, std::strtoull(text, nullptr, 10));
}

const Blocks& chain()
{
    static const auto blocks = []
    {
        Blocks made;
        BlockMaker maker{77};
        for (std::uint64_t i = 0; i < block_count; ++i)
            made.push_back(maker.make(i == 3 ? 25 : 5));
        return made;
    }();
    return blocks;
}

/// What a writer said before its end.
struct Story
{
    bool created = false;
    std::uint64_t committed = 0;  // Blocks of groups whose flush() returned.
    bool finished = false;
    std::optional<StorageErrorKind> error;
    std::string text;
};

void check_text(const Story& story, const std::string& path)
{
    CAPTURE(story.text);
    REQUIRE(story.text.rfind(path, 0) == 0);
    REQUIRE(story.text.find('\n') == std::string::npos);
    REQUIRE(story.text.size() > path.size() + 10);
}

/// Appends what is missing of the chain and finishes.
void continue_chain(LedgerWriter& writer, Story& story)
{
    for (auto i = writer.next_block(); i < block_count; ++i)
    {
        writer.append(chain()[i]);
        if ((i + 1) % group == 0)
        {
            writer.flush();
            story.committed = i + 1;
        }
    }
    writer.finish();
    story.finished = true;
}

Story told(const std::function<void(Story&)>& tell)
{
    Story story;
    try
    {
        tell(story);
    }
    catch (const StorageError& error)
    {
        story.error = error.kind();
        story.text = error.what();
    }
    return story;
}

WriterOptions options_of(Durability durability)
{
    WriterOptions options;
    options.durability = durability;
    return options;
}

/// Writes the chain, with checkpoints of the log in the middle of it.
Story write_chain(const std::string& path, Durability durability = Durability::normal)
{
    return told(
        [&](Story& story)
        {
            auto writer =
                LedgerWriter::create(path, manifest(), description(), options_of(durability));
            story.created = true;
            writer.database().execute("PRAGMA wal_autocheckpoint = 40");
            continue_chain(writer, story);
        });
}

/// The undisturbed run's file.
struct Reference
{
    Reference()
    {
        const auto story = write_chain(file.path());
        REQUIRE(story.finished);
    }
    TemporaryFile file;
};

/// Whole blocks of the chain from its start, and nothing else: how many.
std::uint64_t check_prefix(const std::string& path)
{
    auto reader = LedgerReader::open(path);
    // What may throw stands outside of the assertions: they would report it as theirs.
    const auto damage = reader.database().check_integrity();
    REQUIRE(damage.empty());
    const bool is_ours = reader.manifest() == manifest();
    REQUIRE(is_ours);
    const auto last = reader.last_block();
    const auto blocks = last ? *last + 1 : 0;
    const auto counted = reader.block_count();
    REQUIRE(counted == blocks);
    REQUIRE(blocks <= block_count);
    for (std::uint64_t i = 0; i < blocks; ++i)
    {
        const auto block = reader.block(i);
        REQUIRE(block.hash == chain()[i]->hash);
        REQUIRE(block.transactions.size() == chain()[i]->transactions.size());
    }
    return blocks;
}

void check_continues(const std::string& path, const Reference& reference)
{
    {
        auto writer = LedgerWriter::resume(path, manifest(), description());
        Story story;
        continue_chain(writer, story);
    }
    REQUIRE_FALSE(std::filesystem::exists(path + "-wal"));
    auto a = LedgerReader::open(path);
    auto b = LedgerReader::open(reference.file.path());
    const auto difference = compare_ledgers(a.database(), b.database());
    CAPTURE((difference ? difference->to_string() : ""));
    REQUIRE_FALSE(difference);
}

/// The file after a fault, and the rest of its life.
void check_recovery(const std::string& path, const Story& story, const Reference& reference)
{
    if (!story.created)
    {
        // Nothing was promised. What lies there is gone on with, or replaced like any ledger,
        // without a word.
        const TemporaryFile copy;
        for (const auto* suffix : {"", "-wal", "-journal"})
        {
            if (std::filesystem::exists(path + suffix))
                std::filesystem::copy_file(path + suffix, copy.path() + suffix);
        }
        check_continues(copy.path(), reference);
        auto options = WriterOptions{};
        options.force = true;
        auto writer = LedgerWriter::create(path, manifest(), description(), options);
        return;
    }
    const auto blocks = check_prefix(path);
    REQUIRE(blocks >= story.committed);
    REQUIRE(blocks % group == 0);
    check_continues(path, reference);
}
}  // namespace

// Method: a run without faults says how many operations there are; then one run for each of them
// (and each of four kinds of faults) until a run needs no such operation.
TEST_CASE("faults: whatever operation fails, no committed block is lost", "[storage][faults]")
{
    struct Sweep
    {
        Kind fault;
        bool lasting;
        StorageErrorKind kind;
    };
    const auto sweep = GENERATE(Sweep{Kind::io_error, false, StorageErrorKind::io},
        Sweep{Kind::io_error, true, StorageErrorKind::io},
        Sweep{Kind::full, false, StorageErrorKind::full},
        Sweep{Kind::full, true, StorageErrorKind::full},
        Sweep{Kind::busy, true, StorageErrorKind::busy});
    const Reference reference;
    FaultyDisk disk;
    std::uint64_t errors = 0;
    for (std::uint64_t n = 1;; n += stride())
    {
        CAPTURE(static_cast<int>(sweep.fault), sweep.lasting, n);
        const TemporaryFile file;
        disk.set_plan({sweep.fault, n, sweep.lasting});
        const auto story = write_chain(file.path());
        const bool failed = disk.has_failed();
        disk.repair();
        if (story.error)
        {
            CAPTURE(story.text);
            REQUIRE(failed);
            REQUIRE(*story.error == sweep.kind);
            check_text(story, file.path());
            ++errors;
        }
        check_recovery(file.path(), story, reference);
        if (!failed)
            break;
    }
    CHECK(errors > 0);
}

TEST_CASE(
    "faults: whatever fails while a ledger is continued, it can be again", "[storage][faults]")
{
    const auto fault = GENERATE(Kind::io_error, Kind::full);
    const bool lasting = GENERATE(true, false);
    const Reference reference;
    const TemporaryFile base;
    {
        auto writer = LedgerWriter::create(base.path(), manifest(), description());
        for (std::uint64_t i = 0; i < 2 * group; ++i)
            writer.append(chain()[i]);
        writer.finish();  // With the indexes that continuing drops.
    }
    FaultyDisk disk;
    for (std::uint64_t n = 1;; n += stride())
    {
        CAPTURE(static_cast<int>(fault), lasting, n);
        const TemporaryFile file;
        std::filesystem::copy_file(base.path(), file.path());
        disk.set_plan({fault, n, lasting});
        auto story = told(
            [&](Story& told)
            {
                auto writer = LedgerWriter::resume(file.path(), manifest(), description());
                continue_chain(writer, told);
            });
        const bool failed = disk.has_failed();
        disk.repair();
        if (story.error)
        {
            CAPTURE(story.text);
            REQUIRE(*story.error ==
                    (fault == Kind::full ? StorageErrorKind::full : StorageErrorKind::io));
            check_text(story, file.path());
        }
        story.created = true;
        story.committed = std::max(story.committed, 2 * group);
        check_recovery(file.path(), story, reference);
        if (!failed)
            break;
    }
}

// Method: the power goes at every operation; what was not synced is lost, kept or torn at random.
TEST_CASE("faults: a power cut loses no block that was committed in full", "[storage][faults]")
{
    const auto durability = GENERATE(Durability::full, Durability::normal);
    const Reference reference;
    FaultyDisk disk;
    std::uint64_t cuts = 0;
    std::uint64_t lost = 0;
    for (std::uint64_t n = 1;; n += stride())
    {
        CAPTURE(static_cast<int>(durability), n);
        const TemporaryFile file;
        disk.set_plan({Kind::power_cut, n, true});
        auto story = write_chain(file.path(), durability);
        const bool cut = disk.has_failed();
        if (!cut)
        {
            disk.repair();
            break;
        }
        ++cuts;
        disk.restore_power(n);
        if (durability == Durability::normal && story.created)
        {
            const auto blocks = check_prefix(file.path());
            lost += blocks < story.committed ? 1 : 0;
            story.committed = 0;
        }
        check_recovery(file.path(), story, reference);
    }
    CHECK(cuts * stride() > 100);
    CHECK((lost > 0) == (durability == Durability::normal));  // Else the cut cuts nothing.
}

TEST_CASE("faults: a kill between any two operations loses no committed block", "[storage][faults]")
{
    const Reference reference;
    FaultyDisk disk;
    std::uint64_t kills = 0;
    for (std::uint64_t n = 1;; n += stride())
    {
        CAPTURE(n);
        const TemporaryFile file;
        disk.set_plan({Kind::kill, n, true});
        const auto story = write_chain(file.path());
        const bool killed = disk.has_failed();
        disk.repair();
        if (!killed)
            break;
        ++kills;
        check_recovery(file.path(), story, reference);
    }
    CHECK(kills * stride() > 100);
}

TEST_CASE("faults: whatever read fails, a reader says so", "[storage][faults]")
{
    const bool finished = GENERATE(true, false);
    const bool lasting = GENERATE(true, false);
    const TemporaryFile file;
    {
        auto writer = LedgerWriter::create(file.path(), manifest(), description());
        Story story;
        if (finished)
            continue_chain(writer, story);
        else
        {
            for (const auto& block : chain())
                writer.append(block);
            writer.flush();
        }
    }
    FaultyDisk disk;
    std::uint64_t errors = 0;
    for (std::uint64_t n = 1;; n += stride())
    {
        CAPTURE(finished, lasting, n);
        disk.set_plan({Kind::io_error, n, lasting});
        const auto story = told(
            [&](Story&)
            {
                const auto blocks = check_prefix(file.path());
                REQUIRE(blocks == block_count);
                auto a = LedgerReader::open(file.path());
                a.check_description(description());
                (void)a.block(0);
                (void)a.block(1);
                ChainComparison comparison{a.database(), description()};
                for (const auto& block : chain())
                    CHECK_FALSE(comparison.next(*block));
            });
        const bool failed = disk.has_failed();
        disk.repair();
        if (story.error)
        {
            CAPTURE(story.text);
            REQUIRE(failed);
            REQUIRE(*story.error == StorageErrorKind::io);
            REQUIRE(story.text.find('\n') == std::string::npos);
            ++errors;
        }
        if (!failed)
            break;
    }
    CHECK(errors > 20);
    CHECK(check_prefix(file.path()) == block_count);
}
