#include "audit/swarm_check.hpp"

#include "audit/verification.hpp"
#include "consensus/consensus.hpp"
#include "execution/executor.hpp"
#include "scenarios/run.hpp"
#include "scenarios/swarm.hpp"
#include "state/kept_checkpoint.hpp"
#include "storage/ledger_writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

namespace runnel::audit
{
namespace
{
using scenarios::Scenario;

/// Nothing is as slow as this: a run without any progress for so long never ends.
constexpr std::chrono::minutes stall_timeout{3};
/// Virtual time without a block, after which a chain is taken to stand still: longer than all its
/// faults, and than it may take to go on after them.
VirtualTime patience_for(const Scenario& scenario)
{
    VirtualTime last = 0;
    for (const auto& fault : scenario.consensus.faults)
        last = std::max(last, fault.until);
    // Proposals of `bft` take longer the more of them fail. States of `gasper` are costly on blocks
    // that are many epochs old, and are not needed: a slot without a block is rare.
    const bool is_bft = scenario.consensus.engine == ConsensusKind::bft;
    const int slots = scenario.consensus.engine == ConsensusKind::gasper ? 40 : 100;
    return last + (is_bft ? 240 : slots * VirtualTime{scenario.slot_seconds}) * one_second;
}

/// Keeps blocks and the last checkpoint; stops the run behind a block.
class Recorder final : public BlockSink
{
public:
    void append(std::shared_ptr<const FinishedBlock> block) override
    {
        if (writer != nullptr)
            writer->append(block);
        if (stops_at != 0 && block->header.number >= stops_at)
            progress.stop.store(true);
        blocks.push_back(std::move(block));
    }
    void checkpoint(std::uint64_t block_number, CheckpointSource& parts) override
    {
        // Nobody goes on behind the last block: of that one the state alone is handed over.
        if (block_number >= last_block)
            return;
        last_checkpoint = keep(parts);
    }
    void finish() override {}

    std::vector<std::shared_ptr<const FinishedBlock>> blocks;
    std::optional<KeptParts> last_checkpoint;
    SimulationProgress progress;
    std::uint64_t stops_at = 0;    // 0: nowhere.
    std::uint64_t last_block = 0;  // Of the scenario.
    storage::LedgerWriter* writer = nullptr;
};

struct ScratchFile
{
    std::string path;

    explicit ScratchFile(std::string file) : path{std::move(file)} { remove(); }
    ScratchFile(const ScratchFile&) = delete;
    ScratchFile& operator=(const ScratchFile&) = delete;
    ~ScratchFile() { remove(); }

private:
    void remove() const noexcept
    {
        for (const auto* suffix : {"", "-wal", "-shm", "-journal"})
        {
            std::error_code ignored;
            std::filesystem::remove(path + suffix, ignored);
        }
    }
};

class LedgerCheck
{
public:
    LedgerCheck(const Scenario& scenario, const SwarmCheckOptions& options, SwarmCheck& check)
      : scenario_{scenario},
        options_{options},
        check_{check},
        runs_{scenarios::draw_swarm_runs(scenario.seed)}
    {}

    /// What does not hold; empty: nothing.
    std::string run()
    {
        if (auto wrong = run_first(); !wrong.empty() || is_over())
            return wrong;
        if (auto wrong = check_supply(); !wrong.empty())
            return wrong;
        if (auto wrong = replay(); !wrong.empty() || is_over())
            return wrong;
        if (auto wrong = compare_replica(); !wrong.empty() || is_over())
            return wrong;
        return resume();
    }

private:
    [[nodiscard]] bool is_over() const
    {
        if (options_.stop != nullptr && options_.stop->load())
            check_.interrupted = true;
        return check_.interrupted || check_.stalled;
    }

    /// @p setup is of this scenario.
    SimulationResult simulate(SimulationSetup setup, unsigned workers, std::uint32_t cohort_size,
        Recorder& recorder, std::shared_ptr<CheckpointSource> from = nullptr)
    {
        setup.resume_from = std::move(from);
        setup.schedule.patience = patience_for(scenario_);
        SimulationOptions options;
        options.workers = workers;
        options.cohort_size = cohort_size;
        options.stall_timeout = stall_timeout;
        options.forget_undo = options_.breakage == SwarmBreakage::forgets_undo ? 1 : 0;
        options.sink = &recorder;
        options.progress = &recorder.progress;
        auto result = run_simulation(std::move(setup), options);
        check_.stalled = check_.stalled || result.stalled;
        return result;
    }
    SimulationSetup make_setup() const
    {
        auto setup = scenarios::make_simulation(scenario_);
        if (!setup)
            throw std::runtime_error{setup.error().message};
        return std::move(*setup);
    }

    std::string run_first()
    {
        auto setup = make_setup();
        genesis_supply_ = setup.world->native_supply.get(0);
        std::optional<ScratchFile> file;
        std::optional<storage::LedgerWriter> writer;
        // What verifies a file knows nothing of a broken network.
        const bool can_verify = options_.breakage == SwarmBreakage::none ||
                                options_.breakage == SwarmBreakage::forgets_undo;
        if (runs_.keeps_file && can_verify && !options_.scratch_file.empty())
        {
            file.emplace(options_.scratch_file);
            writer.emplace(make_writer(*setup.world));
            first_.writer = &*writer;
        }
        result_ = simulate(std::move(setup), 1, whole_cohort, first_);
        check_.blocks = result_.blocks;
        check_.transactions = result_.transactions;
        check_.reverted_blocks = result_.reverted_blocks;
        check_.halted = !result_.halted.empty();
        if (!result_.error.empty())
            return fmt::format("run: {} (after block {})", result_.error, result_.head.number);
        if (check_.halted && check_.network.must_go_on)
            return "run: " + result_.halted;
        const auto findings = result_.world->check_invariants();
        if (!findings.empty())
            return "conservation: " + findings.front();
        if (!writer)
            return {};
        if (!check_.halted)
            writer->complete();
        writer->finish();
        writer.reset();
        first_.writer = nullptr;
        // To verify the end of a chain that stands still its network is run for a day.
        return check_.halted ? std::string{} : verify();
    }

    storage::LedgerWriter make_writer(const World& world) const
    {
        auto description = storage::LedgerDescription::of(world);
        description.prices = storage::price_rows(*scenario_.price_paths);
        description.start = &world;
        storage::WriterOptions options;
        options.durability = storage::Durability::off;
        return storage::LedgerWriter::create(
            options_.scratch_file, scenarios::make_manifest(scenario_), description, options);
    }

    std::string verify()
    {
        const auto verification = verify_ledger(
            options_.scratch_file, 1, result_.head_hash, [](std::uint64_t, std::uint64_t) {});
        check_.verified = true;
        if (!verification.failure.empty())
            return "file: " + verification.failure;
        return verification.complete ? std::string{} : "file: it does not say that the run ended";
    }

    /// Nobody's word is taken for it: from rewards and fees alone.
    std::string check_supply() const
    {
        if (result_.head_hash != first_.blocks.back()->hash)
        {
            return fmt::format("run: it ends at block {}, but the last one that stayed is {}",
                result_.head.number, first_.blocks.back()->header.number);
        }
        auto expected = genesis_supply_;
        for (const auto& block : first_.blocks)
        {
            // Modulo 2^256: nothing hides in it.
            for (const auto& reward : block->rewards)
            {
                if (reward.kind == RewardKind::minted || reward.kind == RewardKind::staked)
                    expected = wrapping_add(expected, reward.amount);
                else if (reward.kind == RewardKind::burnt)
                    expected = wrapping_sub(expected, reward.amount);
            }
            if (block->header.number > 0)
            {
                expected = wrapping_sub(
                    expected, wrapping_mul(block->header.base_fee, block->header.gas_used));
            }
        }
        const auto supply = result_.world->native_supply.get(0);
        if (supply == expected)
            return {};
        return fmt::format("conservation: {} wei are in existence, but {} by rewards and fees",
            supply.to_string(), expected.to_string());
    }

    /// Executes what stayed on a world that never saw anything else.
    std::string replay() const
    {
        const auto setup = make_setup();
        BlockExecution execution;
        const auto* parent = first_.blocks.front().get();
        if (parent->hash != setup.genesis.hash)
            return "replay: block 0 is another one";
        for (std::size_t i = 1; i < first_.blocks.size(); ++i)
        {
            const auto& block = *first_.blocks[i];
            const auto& header = block.header;
            BlockContext context;
            context.number = header.number;
            context.timestamp = header.timestamp;
            context.base_fee = header.base_fee;
            context.gas_limit = header.gas_limit;
            context.proposer = header.proposer;
            ExecutionOptions options;
            options.checkpoint_interval = scenario_.chain.checkpoint_interval;
            options.snapshots =
                snapshots_after(header.number, scenario_.blocks, scenario_.slot_seconds);
            const auto again = execute_block(execution, *setup.world, context, parent->header,
                parent->hash, header.finalized_block, block.transactions, block.rewards, options);
            if (again.hash != block.hash)
            {
                return fmt::format(
                    "replay: block {} comes out differently where nothing was taken back before it",
                    header.number);
            }
            parent = &block;
        }
        return {};
    }

    std::string compare(std::string_view check, const SimulationResult& other) const
    {
        if (!other.error.empty())
            return fmt::format("{}: {} (after block {})", check, other.error, other.head.number);
        if (other.head_hash == result_.head_hash)
            return {};
        return fmt::format("{}: head {} of block {}, not {} of block {}", check,
            other.head_hash.to_string(), other.head.number, result_.head_hash.to_string(),
            result_.head.number);
    }

    std::string compare_replica()
    {
        Recorder recorder;
        return compare(
            fmt::format("replicas, {} workers, cohorts of {}", runs_.workers, runs_.cohort_size),
            simulate(make_setup(), runs_.workers, runs_.cohort_size, recorder));
    }

    std::string resume()
    {
        Recorder recorder;
        recorder.last_block = scenario_.blocks;
        recorder.stops_at = std::max<std::uint64_t>(
            static_cast<std::uint64_t>(runs_.stops_at * static_cast<double>(scenario_.blocks)), 1);
        const auto cut = simulate(make_setup(), runs_.workers, whole_cohort, recorder);
        if (!cut.error.empty())
            return fmt::format("resume: {} (after block {})", cut.error, cut.head.number);
        if (is_over())
            return {};
        // It may have been at its end already.
        if (!cut.interrupted)
        {
            if (auto wrong = compare("replicas, to be cut short", cut); !wrong.empty())
                return wrong;
        }
        if (!recorder.last_checkpoint)
            return {};
        check_.resumed = true;
        Recorder rest;
        return compare(fmt::format("resume, cut short behind block {}", recorder.stops_at),
            simulate(make_setup(), 1, runs_.cohort_size, rest,
                std::make_shared<KeptSource>(std::move(*recorder.last_checkpoint))));
    }

    static constexpr std::uint32_t whole_cohort = 2048;

    const Scenario& scenario_;
    const SwarmCheckOptions& options_;
    SwarmCheck& check_;
    scenarios::SwarmRuns runs_;
    Recorder first_;
    SimulationResult result_;
    Amount genesis_supply_;
};

ConsensusSetup broken(ConsensusSetup setup, SwarmBreakage breakage)
{
    if (breakage == SwarmBreakage::quorum_half)
        setup.bft.broken.quorum = {1, 2};
    setup.bft.broken.forgets_lock = breakage == SwarmBreakage::forgets_lock;
    return setup;
}
}  // namespace

std::string_view to_string(SwarmBreakage breakage) noexcept
{
    switch (breakage)
    {
        case SwarmBreakage::none: return "none";
        case SwarmBreakage::quorum_half: return "quorum_half";
        case SwarmBreakage::forgets_lock: return "forgets_lock";
        case SwarmBreakage::forgets_undo: return "forgets_undo";
    }
    return {};
}

SwarmCheck check_swarm(const Scenario& scenario, const SwarmCheckOptions& options)
{
    SwarmCheck check;
    auto tested = scenario;
    tested.consensus = broken(scenario.consensus, options.breakage);
    try
    {
        check.network = check_network(tested.consensus, tested.seed);
        check.failure = check.network.failure;
        if (!check.failure.empty())
            return check;
        if (options.stop != nullptr && options.stop->load())
        {
            check.interrupted = true;
            return check;
        }
        // Its world has threads of its own to go: a run that stands still is never left.
        auto ledger = std::make_unique<LedgerCheck>(tested, options, check);
        check.failure = ledger->run();
        if (check.stalled)
            static_cast<void>(ledger.release());
    }
    catch (const std::exception& error)
    {
        check.failure = fmt::format("run: {}", error.what());
    }
    return check;
}

}  // namespace runnel::audit
