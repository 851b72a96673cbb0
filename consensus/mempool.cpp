#include "consensus/mempool.hpp"

#include "ledger/check.hpp"
#include "state/world.hpp"

#include <algorithm>
#include <iterator>
#include <tuple>

namespace runnel
{
Mempool::Mempool(MempoolOptions options, std::optional<TransactionGossip> gossip)
  : options_{std::move(options)}, builder_{options_}, gossip_{std::move(gossip)}
{
    if (options_.ordering == Ordering::builders)
        market_.emplace(options_);
    RUNNEL_CHECK(!market_ || !gossip_);
}

void Mempool::add(std::vector<Transaction> transactions)
{
    has_secrets_ =
        has_secrets_ || std::any_of(transactions.begin(), transactions.end(),
                            [](const auto& transaction) { return transaction.is_secret; });
    if (pool_.empty())
    {
        pool_ = std::move(transactions);
        return;
    }
    pool_.insert(pool_.end(), std::make_move_iterator(transactions.begin()),
        std::make_move_iterator(transactions.end()));
}

void Mempool::drop(std::uint32_t slot, DropReason reason)
{
    gone_[slot] = true;
    const auto& transaction = pool_[slot];
    dropped_.push_back({transaction.sender, transaction.nonce, transaction.hash,
        transaction.max_fee, transaction.arrival_ms, reason});
}

std::vector<Transaction> Mempool::build_block(const World& world, const BlockSlot& slot,
    std::span<const Transaction> head, const BlockFate& fate)
{
    const auto part = sort_out(world, fate);
    const std::span<const Transaction> candidates{pool_.data(), part.heard};
    BuilderMarket::Sale sale;
    fee_recipient_ = slot.proposer;
    if (market_)
    {
        sale = market_->sell(head, candidates, world, slot);
        fee_recipient_ = sale.fee_recipient;
    }
    else
        builder_.build(head, candidates, world, slot);
    const auto& given_up = market_ ? sale.given_up : builder_.given_up();
    const auto& taken = market_ ? sale.taken : builder_.taken();
    gone_.assign(pool_.size(), false);
    for (const auto& [position, reason] : given_up)
    {
        // What waited for an earlier nonce may have been tried again.
        if (fate.stays && !gone_[position])
            drop(position, reason);
    }
    // What its maker has not heard of grows old for everybody.
    for (auto position = part.heard; fate.stays && position < part.open; ++position)
    {
        if (const auto reason = builder_.obstacle(pool_[position]))
            drop(static_cast<std::uint32_t>(position), *reason);
    }
    std::vector<Transaction> block;
    block.reserve(taken.size() + (sale.payment ? 1 : 0));
    for (const auto position : taken)
    {
        gone_[position] = true;
        block.push_back(std::move(pool_[position]));
    }
    if (sale.payment)
        block.push_back(std::move(*sale.payment));
    if (fate.stays)
    {
        if (takes_bundles(options_.ordering))
            drop_bundles(slot.number);
        evict();
    }
    remove_taken();
    return block;
}

Mempool::Part Mempool::sort_out(const World& world, const BlockFate& fate)
{
    Part part;
    part.open = has_secrets_ ? sort_out_secrets(world, fate) : pool_.size();
    part.heard = part.open;
    unheard_ = 0;
    if (!gossip_)
        return part;
    const auto end = pool_.begin() + static_cast<std::ptrdiff_t>(part.open);
    const auto heard = std::partition(pool_.begin(), end,
        [&](const Transaction& transaction)
        {
            if (transaction.is_secret)
                return true;
            if (transaction.sent_at > fate.made_at)
                return false;
            const auto& sender = world.account(transaction.sender).address;
            const bool is_here = gossip_->heard_at(sender, transaction.hash, transaction.sent_at,
                                     fate.maker, fate.made_at) <= fate.made_at;
            unheard_ += is_here ? 0 : 1;
            return is_here;
        });
    part.heard = static_cast<std::size_t>(heard - pool_.begin());
    return part;
}

std::size_t Mempool::sort_out_secrets(const World& world, const BlockFate& fate)
{
    // Where the other one of the two is in a block that stays, this one never will be.
    if (fate.stays)
    {
        std::erase_if(pool_,
            [&](const Transaction& transaction)
            {
                return transaction.is_secret &&
                       transaction.nonce < world.account_states.get(transaction.sender).nonce;
            });
    }
    std::vector<std::pair<AccountId, std::uint64_t>> replaced;
    for (const auto& transaction : pool_)
    {
        if (transaction.is_secret)
            replaced.emplace_back(transaction.sender, transaction.nonce);
    }
    std::sort(replaced.begin(), replaced.end());
    const auto is_replaced = [&](const Transaction& transaction)
    {
        return std::binary_search(
            replaced.begin(), replaced.end(), std::pair{transaction.sender, transaction.nonce});
    };
    const auto end = std::partition(pool_.begin(), pool_.end(),
        [&](const Transaction& transaction)
        {
            return fate.is_secret ? transaction.is_secret || !is_replaced(transaction)
                                  : !transaction.is_secret;
        });
    return static_cast<std::size_t>(end - pool_.begin());
}

void Mempool::drop_bundles(std::uint64_t block)
{
    for (std::uint32_t position = 0; position < pool_.size(); ++position)
    {
        if (gone_[position] || pool_[position].witnesses.empty())
            continue;
        const auto terms = find_terms<BundleTerms>(pool_[position]);
        if (terms && terms->block <= block)
            drop(position, DropReason::expired);
    }
}

void Mempool::evict()
{
    std::vector<std::uint32_t> left;
    for (std::uint32_t slot = 0; slot < pool_.size(); ++slot)
    {
        if (!gone_[slot])
            left.push_back(slot);
    }
    if (left.size() <= options_.capacity)
        return;
    std::nth_element(left.begin(), left.begin() + options_.capacity, left.end(),
        [this](std::uint32_t a, std::uint32_t b)
        {
            if (pool_[a].max_fee != pool_[b].max_fee)
                return pool_[a].max_fee > pool_[b].max_fee;
            return pool_[a].hash < pool_[b].hash;
        });
    for (auto slot = left.begin() + options_.capacity; slot != left.end(); ++slot)
        drop(*slot, DropReason::mempool_full);
}

void Mempool::remove_taken()
{
    for (std::size_t slot = pool_.size(); slot-- > 0;)
    {
        if (!gone_[slot])
            continue;
        if (slot + 1 != pool_.size())
            pool_[slot] = std::move(pool_.back());
        pool_.pop_back();
    }
}

std::vector<const Transaction*> Mempool::waiting() const
{
    std::vector<const Transaction*> result;
    result.reserve(pool_.size());
    for (const auto& transaction : pool_)
        result.push_back(&transaction);
    std::sort(result.begin(), result.end(),
        [](const Transaction* a, const Transaction* b) { return a->hash < b->hash; });
    return result;
}

std::vector<DroppedTransaction> Mempool::take_dropped()
{
    std::sort(dropped_.begin(), dropped_.end(),
        [](const DroppedTransaction& a, const DroppedTransaction& b)
        {
            return std::tuple{index(a.sender), a.nonce, a.hash} <
                   std::tuple{index(b.sender), b.nonce, b.hash};
        });
    return std::exchange(dropped_, {});
}

}  // namespace runnel
