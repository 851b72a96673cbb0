#include "scenarios/verification.hpp"

#include "actors/checkpoint.hpp"
#include "ledger/consensus.hpp"
#include "ledger/executor.hpp"
#include "scenarios/genesis.hpp"
#include "scenarios/run.hpp"
#include "storage/checkpoints.hpp"
#include "storage/comparison.hpp"
#include "storage/ledger_reader.hpp"
#include "storage/ledger_writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace runnel::scenarios
{
namespace
{

constexpr std::uint64_t piece_blocks = 512;
constexpr std::uint64_t piece_transactions = 50'000;

std::optional<std::string> describe(const std::optional<storage::LedgerDifference>& difference)
{
    if (!difference)
        return std::nullopt;
    return difference->to_string("the file", "execution");
}

/// What is wrong with a stored checkpoint of the block that @p head and @p world belong to: empty
/// if nothing is. State is compared record by record; what wallets had in mind cannot be executed
/// again without agents, so its hashes must do.
std::string check_checkpoint(storage::Database& database,
    const storage::StoredCheckpoint& checkpoint, const Hash& head, const World& world)
{
    if (auto damage = storage::find_damage(database, checkpoint.block_number); !damage.empty())
        return damage;
    if (checkpoint.version != checkpoint_version())
        return {};  // Of another layout: nobody here can read it.
    const auto stored = storage::read_checkpoint(database, checkpoint.block_number);
    const auto stored_head = actors::read_head(*stored);
    if (!stored_head || stored_head->hash != head)
        return "its head is not the block's";
    StateParts expected{world};
    auto part = stored->next();
    for (std::size_t number = 1;; ++number)
    {
        const bool is_state = part && part->name == state_part_name;
        const auto right = expected.next();
        if (!is_state && !right)
            return {};
        if (!is_state || !right ||
            !std::equal(part->content.begin(), part->content.end(), right->content.begin(),
                right->content.end()))
            return fmt::format("part {} is not the state that the transactions give", number);
        part = stored->next();
    }
}

/// The chain as it grows again, block by block.
class Replay
{
public:
    Replay(Scenario scenario, Genesis genesis)
      : scenario_{std::move(scenario)},
        genesis_{std::move(genesis)},
        validators_{validator_stakes(genesis_)}
    {}

    [[nodiscard]] World& world() noexcept { return *genesis_.world; }

    tl::expected<FinishedBlock, ScenarioError> first(const Hash& manifest_hash)
    {
        auto block = execute_genesis(genesis_, scenario_, manifest_hash);
        if (block)
            advance(*block);
        return block;
    }

    /// What is wrong with a stored header before anything runs; empty: nothing.
    std::string check(const storage::StoredBlock& stored)
    {
        const auto& header = stored.header;
        const auto accounts = world().account_count();
        proposer_ = pick_proposer(scenario_.seed, validators_, header.number);
        if (header.proposer != validators_[proposer_].account)
            return "the proposer is not the one whose turn it was";
        if (header.timestamp != head_.timestamp + scenario_.slot_seconds)
            return "the timestamp is not one slot after the parent's";
        if (header.gas_limit != scenario_.chain.fees.block_gas_limit)
            return "the gas limit is not the scenario's";
        const auto base_fee =
            head_.number == 0 ? scenario_.chain.fees.initial_base_fee
                              : next_base_fee(scenario_.chain.fees, head_.base_fee, head_.gas_used);
        if (header.base_fee != base_fee)
            return "the base fee does not follow from the parent";
        for (const auto& transaction : stored.transactions)
        {
            if (index(transaction.sender) >= accounts)
                return "a sender is no account";
        }
        return check_rewards(stored);
    }

    FinishedBlock next(storage::StoredBlock stored)
    {
        BlockContext context;
        context.number = stored.header.number;
        context.timestamp = stored.header.timestamp;
        context.base_fee = stored.header.base_fee;
        context.gas_limit = stored.header.gas_limit;
        context.proposer = stored.header.proposer;
        for (auto& transaction : stored.transactions)
            transaction.seal();  // The stored hash is compared with the row, not believed.
        ExecutionOptions options;
        options.checkpoint_interval = scenario_.chain.checkpoint_interval;
        auto block = execute_block(execution_, world(), context, head_, head_hash_,
            stored.header.finalized_block, std::move(stored.transactions),
            std::move(stored.rewards), options);
        advance(block);
        return block;
    }

    [[nodiscard]] const Hash& head_hash() const noexcept { return head_hash_; }

private:
    /// The rewards say who attested; amounts and finality must follow from that.
    std::string check_rewards(const storage::StoredBlock& stored)
    {
        if (head_.number == 0)
        {
            return stored.rewards.empty() && stored.header.finalized_block == 0
                       ? std::string{}
                       : "block 1 has rewards or a finalized block";
        }
        std::vector<bool> attested(validators_.size());
        const auto& block_reward = scenario_.chain.block_reward;
        if (!block_reward.is_zero())
        {
            for (std::size_t k = 1; k < stored.rewards.size(); ++k)
            {
                for (std::size_t i = 0; i < validators_.size(); ++i)
                {
                    if (validators_[i].account == stored.rewards[k].account)
                        attested[i] = true;
                }
            }
            const auto due = block_rewards(block_reward, validators_, proposer_, attested);
            const auto same = [](const Reward& a, const Reward& b)
            { return a.account == b.account && a.amount == b.amount; };
            if (!std::equal(
                    due.begin(), due.end(), stored.rewards.begin(), stored.rewards.end(), same))
                return "the rewards are not those of its attesters";
            const auto finalized =
                is_final(validators_, attested) ? head_.number : head_.finalized_block;
            if (stored.header.finalized_block != finalized)
                return "the finalized block does not follow from the attestations";
        }
        return {};
    }

    void advance(const FinishedBlock& block)
    {
        head_ = block.header;
        head_hash_ = block.hash;
    }

    Scenario scenario_;
    Genesis genesis_;
    std::vector<ValidatorStake> validators_;
    BlockExecution execution_;
    BlockHeader head_;
    Hash head_hash_;
    std::uint32_t proposer_ = 0;
};

}  // namespace

Verification verify_ledger(const std::string& path,
    const std::function<void(std::uint64_t done, std::uint64_t total)>& progress)
{
    Verification result;
    auto reader = storage::LedgerReader::open(path);
    const auto manifest = reader.manifest();
    const auto resolved = manifest.find("resolved_scenario");
    if (!resolved)
    {
        result.failure = "t_manifest: resolved_scenario is missing";
        return result;
    }
    LoadOptions options;
    options.open_input_files = false;
    auto scenario = parse_scenario(*resolved, "the manifest's scenario", ".", {}, options);
    if (!scenario)
    {
        result.failure = fmt::format("t_manifest: {}", scenario.error().message);
        return result;
    }
    result.blocks_planned = scenario->blocks;
    auto genesis = build_genesis(*scenario);
    if (!genesis)
    {
        result.failure = fmt::format("block 0: {}", genesis.error().message);
        return result;
    }
    auto shadow =
        storage::LedgerWriter::in_memory(manifest, storage::LedgerDescription::of(*genesis->world));
    Replay replay{std::move(*scenario), std::move(*genesis)};
    if (reader.has_indexes())
        shadow.build_indexes();
    for (const auto& difference :
        {describe(storage::compare_definitions(reader.database(), shadow.database())),
            describe(storage::compare_fixed_tables(reader.database(), shadow.database()))})
    {
        if (difference)
        {
            result.failure = *difference;
            return result;
        }
    }

    // Nobody searches the shadow: it only grows and is compared.
    shadow.drop_indexes();
    if (const auto damage = reader.database().check_integrity(); !damage.empty())
    {
        result.failure = damage;
        return result;
    }

    const auto last = reader.last_block();
    if (!last)
        return result;
    auto first = replay.first(storage::manifest_hash(manifest));
    if (!first)
    {
        result.failure = fmt::format("block 0: {}", first.error().message);
        return result;
    }
    shadow.append(std::make_shared<const FinishedBlock>(std::move(*first)));
    auto checkpoints = storage::list_checkpoints(reader.database());  // The oldest is last.
    std::optional<std::uint64_t> piece_first;
    std::uint64_t in_piece = 0;
    for (std::uint64_t number = 0; number <= *last; ++number)
    {
        if (number > 0)
        {
            auto stored = reader.block(number);
            in_piece += stored.transactions.size();
            result.transactions += stored.transactions.size();
            const auto wrong = replay.check(stored);
            if (!wrong.empty())
            {
                // An earlier row of this piece may be what is really wrong: name the first.
                shadow.flush();
                result.failure = describe(storage::compare_blocks(reader.database(),
                                              shadow.database(), {piece_first, number}))
                                     .value_or(fmt::format("block {}: {}", number, wrong));
                return result;
            }
            shadow.append(std::make_shared<const FinishedBlock>(replay.next(std::move(stored))));
            result.blocks = number;
        }
        if (!checkpoints.empty() && checkpoints.back().block_number == number)
        {
            const auto wrong = check_checkpoint(
                reader.database(), checkpoints.back(), replay.head_hash(), replay.world());
            if (!wrong.empty())
            {
                result.failure = fmt::format("t_checkpoints, block {}: {}", number, wrong);
                return result;
            }
            checkpoints.pop_back();
        }
        const bool is_last = number == *last;
        if (!is_last && (number + 1) % piece_blocks != 0 && in_piece < piece_transactions)
            continue;
        shadow.flush();
        const auto end = is_last ? std::nullopt : std::optional{number + 1};
        if (const auto difference = describe(
                storage::compare_blocks(reader.database(), shadow.database(), {piece_first, end})))
        {
            result.failure = *difference;
            return result;
        }
        shadow.discard_blocks();
        piece_first = number + 1;
        in_piece = 0;
        if (progress)
            progress(number, *last);
    }
    if (!checkpoints.empty())
    {
        result.failure = fmt::format("t_checkpoints, block {}: the chain has no such block",
            checkpoints.back().block_number);
    }
    const auto findings = replay.world().check_invariants();
    if (!findings.empty())
        result.failure = fmt::format("block {}: {}", *last, findings.front());
    result.head_hash = replay.head_hash().to_string();
    return result;
}

}  // namespace runnel::scenarios
