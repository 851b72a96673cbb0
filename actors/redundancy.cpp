#include "actors/redundancy.hpp"

#include "ledger/check.hpp"
#include "state/checkpoint.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace runnel::actors
{

FinishedBlock Replica::execute(BlockOrder order)
{
    ExecutionOptions options;
    options.checkpoint_interval = order.checkpoint_interval;
    options.snapshots = order.snapshots;
    return execute_block(execution_, *world_, order.context, order.parent, order.parent_hash,
        order.finalized_block, std::move(order.transactions), std::move(order.rewards), options);
}

Redundancy::Redundancy(std::function<std::unique_ptr<World>()> make_world, std::uint64_t interval,
    std::vector<BitFlip> flips)
  : make_world_{std::move(make_world)}, interval_{interval}, flips_{std::move(flips)}
{}

Redundancy::Parts Redundancy::parts_of(const World& world)
{
    Parts parts;
    StateParts source{world};
    while (const auto part = source.next())
    {
        parts.emplace_back(
            std::string{part->name}, Bytes{part->content.begin(), part->content.end()});
    }
    return parts;
}

void Redundancy::load(const Parts& parts, World& world)
{
    clear_state(world);
    for (const auto& [name, content] : parts)
    {
        const bool loaded = load_state_part(content, world);
        RUNNEL_CHECK(loaded && "a world reads what a world of the same genesis wrote");
    }
}

void Redundancy::keep_checkpoint(const World& world, std::uint64_t block_number)
{
    checkpoint_ = parts_of(world);
    checkpoint_block_ = block_number;
    since_.clear();
}

void Redundancy::start(const World& primary, const BlockHeader& head)
{
    keep_checkpoint(primary, head.number);
    auto world = make_world_();
    if (head.number > 0)
        load(checkpoint_, *world);
    replica_ = std::make_shared<Replica>(std::move(world));
}

void Redundancy::plan(
    const BlockContext& context, const std::vector<Transaction>& transactions, Snapshots snapshots)
{
    order_ = std::make_shared<BlockOrder>();
    order_->context = context;
    order_->checkpoint_interval = interval_;
    order_->snapshots = snapshots;
    order_->transactions = transactions;
}

std::pair<std::shared_ptr<Replica>, std::shared_ptr<BlockOrder>> Redundancy::dispatch(
    const BlockHeader& parent, const Hash& parent_hash, std::uint64_t finalized_block,
    std::vector<Reward> rewards)
{
    order_->parent = parent;
    order_->parent_hash = parent_hash;
    order_->finalized_block = finalized_block;
    order_->rewards = std::move(rewards);
    if (since_.empty())
    {
        checkpoint_header_ = parent;
        checkpoint_hash_ = parent_hash;
    }
    spoil(1, replica_->world());
    return {std::exchange(replica_, nullptr), order_};
}

void Redundancy::spoil(std::uint32_t number, World& world)
{
    const auto due = std::find_if(flips_.begin(), flips_.end(),
        [&](const BitFlip& flip)
        { return flip.replica == number && flip.block <= order_->context.number; });
    if (due == flips_.end())
        return;
    // Of a record that the block is sure to read: its first sender's. An empty block has none.
    if (due->account == zero_account && order_->transactions.empty())
        return;
    const auto account =
        due->account == zero_account ? order_->transactions.front().sender : due->account;
    // Found, not made to be written: nothing notices the change, as it would not notice a real one.
    auto* bytes = static_cast<std::uint8_t*>(world.account_states.find(index(account)));
    RUNNEL_CHECK(bytes != nullptr);
    bytes[0] ^= 8U;  // Of its balance.
    flips_.erase(due);
}

BlockOrder Redundancy::order_of(const FinishedBlock& block) const
{
    const auto& header = block.header;
    BlockOrder order;
    order.context = {
        header.number, header.timestamp, header.base_fee, header.gas_limit, header.proposer};
    order.finalized_block = header.finalized_block;
    order.checkpoint_interval = interval_;
    order.transactions = block.transactions;
    order.rewards = block.rewards;
    return order;
}

std::shared_ptr<const FinishedBlock> Redundancy::settle(
    FinishedBlock mine, std::shared_ptr<Replica> replica, FinishedBlock theirs, World& primary)
{
    const auto number = order_->context.number;
    const bool whole = number % interval_ == 0;
    replica_ = std::move(replica);
    const auto root = [whole](World& world)
    { return whole ? world.recompute_checkpoint_root() : Hash{}; };
    const auto my_root = root(primary);
    const auto their_root = root(replica_->world());
    std::shared_ptr<const FinishedBlock> block;
    if (mine.hash == theirs.hash && my_root == their_root)
        block = std::make_shared<const FinishedBlock>(std::move(mine));
    else
    {
        auto third = std::make_shared<Replica>(make_world_());
        load(checkpoint_, third->world());
        auto parent = checkpoint_header_;
        auto parent_hash = checkpoint_hash_;
        const auto extend = [&](BlockOrder order)
        {
            order.parent = parent;
            order.parent_hash = parent_hash;
            auto next = third->execute(std::move(order));
            parent = next.header;
            parent_hash = next.hash;
            return next;
        };
        for (const auto& before : since_)
        {
            if (extend(order_of(*before)).hash != before->hash)
            {
                error_ = fmt::format(
                    "block {}: executed again from block {} it does not come out as before: what "
                    "was kept in memory is damaged too",
                    before->header.number, checkpoint_block_);
                return nullptr;
            }
        }
        auto order = order_of(mine);
        order.snapshots = order_->snapshots;
        auto again = extend(std::move(order));
        const auto third_root = root(third->world());
        const bool mine_holds = again.hash == mine.hash && third_root == my_root;
        const bool theirs_holds = again.hash == theirs.hash && third_root == their_root;
        if (!mine_holds && !theirs_holds)
        {
            error_ = fmt::format(
                "block {}: two replicas and a third execution give three different results",
                number);
            return nullptr;
        }
        const auto* differs = mine.hash != theirs.hash ? "block" : "whole state's root";
        warning_ = fmt::format(
            "block {}: replica {} was wrong (its {} differs); it was rebuilt from "
            "block {} and the run goes on",
            number, mine_holds ? 1 : 0, differs, checkpoint_block_);
        if (mine_holds)
            replica_ = std::move(third);
        else
        {
            // What only the wrong block brought has no home yet.
            const auto& right = third->world();
            primary.drop_from(std::min(primary.account_count(), right.account_count()),
                std::min(primary.contract_count(), right.contract_count()));
            load(parts_of(right), primary);
        }
        again.dropped = std::move(mine.dropped);
        block = std::make_shared<const FinishedBlock>(std::move(again));
    }
    if (whole)
        keep_checkpoint(replica_->world(), number);
    else
        since_.push_back(block);
    return block;
}

}  // namespace runnel::actors
