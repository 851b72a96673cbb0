#include "consensus/validation.hpp"

#include "consensus/consensus.hpp"
#include "ledger/check.hpp"
#include "state/signing.hpp"
#include "state/world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace runnel
{
namespace
{
BrokenRule broken(BlockRule rule, std::string what)
{
    return {rule, std::move(what)};
}

std::optional<BrokenRule> compare_results(const BlockHeader& stated, const BlockHeader& executed)
{
    if (stated.gas_used != executed.gas_used)
    {
        return broken(BlockRule::gas_used, fmt::format("the gas used is {}, executing it uses {}",
                                               stated.gas_used, executed.gas_used));
    }
    constexpr std::array<std::pair<BlockRule, Hash BlockHeader::*>, 6> roots{
        {{BlockRule::transactions_root, &BlockHeader::transactions_root},
            {BlockRule::arrivals_root, &BlockHeader::arrivals_root},
            {BlockRule::receipts_root, &BlockHeader::receipts_root},
            {BlockRule::rewards_root, &BlockHeader::rewards_root},
            {BlockRule::state_root, &BlockHeader::state_root},
            {BlockRule::checkpoint_root, &BlockHeader::checkpoint_root}}};
    for (const auto& [rule, root] : roots)
    {
        if (stated.*root != executed.*root)
        {
            return broken(rule, fmt::format("the {} is {}, executing it gives {}", to_string(rule),
                                    (stated.*root).to_string(), (executed.*root).to_string()));
        }
    }
    return std::nullopt;
}
}  // namespace

std::string_view to_string(BlockRule rule) noexcept
{
    switch (rule)
    {
        case BlockRule::hash: return "hash";
        case BlockRule::parent: return "parent";
        case BlockRule::timestamp: return "timestamp";
        case BlockRule::proposer: return "proposer";
        case BlockRule::gas_limit: return "gas_limit";
        case BlockRule::base_fee: return "base_fee";
        case BlockRule::finality: return "finality";
        case BlockRule::rewards: return "rewards";
        case BlockRule::signatures: return "signatures";
        case BlockRule::transactions: return "transactions";
        case BlockRule::gas_used: return "gas_used";
        case BlockRule::transactions_root: return "transactions_root";
        case BlockRule::arrivals_root: return "arrivals_root";
        case BlockRule::receipts_root: return "receipts_root";
        case BlockRule::rewards_root: return "rewards_root";
        case BlockRule::state_root: return "state_root";
        case BlockRule::checkpoint_root: return "checkpoint_root";
    }
    return "unknown";
}

BlockValidator::BlockValidator(ValidationRules rules, unsigned workers)
  : rules_{std::move(rules)}, workers_{workers}, builder_{rules_.mempool}
{
    const auto ordering = rules_.mempool.ordering;
    RUNNEL_CHECK(!takes_bundles(ordering) && ordering != Ordering::commit_reveal);
}

std::optional<BrokenRule> BlockValidator::check_header(
    const ParentBlock& parent, const DueBlock& due, const FinishedBlock& block) const
{
    const auto& header = block.header;
    if (header.hash() != block.hash)
        return broken(BlockRule::hash, "the hash is not its header's");
    if (header.parent_hash != parent.hash || header.number != parent.header.number + 1)
        return broken(BlockRule::parent, "it does not stand on its parent");
    if (header.timestamp != due.timestamp || header.timestamp <= parent.header.timestamp)
    {
        return broken(BlockRule::timestamp,
            fmt::format("the timestamp is {}, it was due at {}", header.timestamp, due.timestamp));
    }
    if (header.proposer != due.fee_pool.value_or(due.proposer))
        return broken(BlockRule::proposer, "the proposer is not the one whose turn it was");
    if (header.gas_limit != rules_.fees.block_gas_limit)
    {
        return broken(BlockRule::gas_limit, fmt::format("the gas limit is {}, expected {}",
                                                header.gas_limit, rules_.fees.block_gas_limit));
    }
    const auto base_fee =
        next_base_fee(rules_.fees, parent.header.base_fee, parent.header.gas_used);
    if (header.base_fee != base_fee)
    {
        return broken(
            BlockRule::base_fee, fmt::format("the base fee is {}, from the parent follows {}",
                                     header.base_fee, base_fee));
    }
    if (header.finalized_block != due.finalized_block)
    {
        return broken(BlockRule::finality, fmt::format("it says that block {} is final, {} is",
                                               header.finalized_block, due.finalized_block));
    }
    if (!are_due(due.rewards, block.rewards))
        return broken(BlockRule::rewards, "the rewards are not those that are due");
    return std::nullopt;
}

std::optional<BrokenRule> BlockValidator::check_transactions(
    const World& world, const DueBlock& due, const FinishedBlock& block)
{
    if (block.header.transaction_count != block.transactions.size())
        return broken(BlockRule::transactions, "it has more or less transactions than it says");
    for (std::size_t i = 0; i < block.transactions.size(); ++i)
    {
        if (index(block.transactions[i].sender) >= world.account_count())
        {
            return broken(
                BlockRule::transactions, fmt::format("transaction {}: nobody sent it", i));
        }
    }
    // Who signed is who sends: without that the rest means nothing.
    if (rules_.signatures != SignatureScheme::none)
    {
        if (auto wrong = check_signatures(block.transactions, world, workers_); !wrong.empty())
            return broken(BlockRule::signatures, std::move(wrong));
    }
    BlockSlot slot;
    slot.number = block.header.number;
    slot.base_fee = block.header.base_fee;
    slot.gas_limit = block.header.gas_limit;
    slot.now_ms = static_cast<std::int64_t>(slot.number) * std::int64_t{rules_.slot_seconds} * 1000;
    slot.conduct = due.conduct;
    if (auto wrong = builder_.check(due.head, block.transactions, world, slot); !wrong.empty())
        return broken(BlockRule::transactions, std::move(wrong));
    return std::nullopt;
}

std::optional<BrokenRule> BlockValidator::validate(
    World& world, const ParentBlock& parent, const DueBlock& due, const FinishedBlock& block)
{
    if (auto wrong = check_header(parent, due, block))
        return wrong;
    if (auto wrong = check_transactions(world, due, block))
        return wrong;
    return compare_results(block.header, make(world, parent, due, block.transactions).header);
}

FinishedBlock BlockValidator::make(World& world, const ParentBlock& parent, const DueBlock& due,
    std::vector<Transaction> transactions)
{
    BlockContext context;
    context.number = parent.header.number + 1;
    context.timestamp = due.timestamp;
    context.base_fee = next_base_fee(rules_.fees, parent.header.base_fee, parent.header.gas_used);
    context.gas_limit = rules_.fees.block_gas_limit;
    context.proposer = due.fee_pool.value_or(due.proposer);
    ExecutionOptions options;
    options.checkpoint_interval = rules_.checkpoint_interval;
    options.snapshots = snapshots_after(context.number, rules_.blocks, rules_.slot_seconds);
    auto block = execute_block(execution_, world, context, parent.header, parent.hash,
        due.finalized_block, std::move(transactions), due.rewards, options);
    world.revert(execution_.take_undo());
    return block;
}

}  // namespace runnel
