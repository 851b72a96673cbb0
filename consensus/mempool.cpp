#include "consensus/mempool.hpp"

#include "ledger/philox.hpp"
#include "state/world.hpp"

#include <algorithm>
#include <iterator>

namespace runnel
{
namespace
{
std::uint64_t leading_bits(const Hash& hash) noexcept
{
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < 8; ++i)
        bits = bits << 8U | hash.bytes[i];
    return bits;
}
}  // namespace

std::string_view to_string(Ordering ordering) noexcept
{
    switch (ordering)
    {
        case Ordering::priority_fee: return "priority_fee";
        case Ordering::fifo: return "fifo";
        case Ordering::random: return "random";
    }
    return "unknown";
}

void Mempool::add(std::vector<Transaction> transactions)
{
    if (pool_.empty())
    {
        pool_ = std::move(transactions);
        return;
    }
    pool_.insert(pool_.end(), std::make_move_iterator(transactions.begin()),
        std::make_move_iterator(transactions.end()));
}

bool Mempool::before(const Candidate& a, const Candidate& b) const noexcept
{
    if (a.first != b.first)
        return a.first > b.first;
    if (a.second != b.second)
        return a.second < b.second;
    if (a.third != b.third)
        return a.third < b.third;
    return pool_[a.slot].hash < pool_[b.slot].hash;
}

Mempool::Candidate Mempool::rank(
    std::uint32_t slot, std::uint64_t block_number, std::uint64_t base_fee) const
{
    const auto& transaction = pool_[slot];
    const auto arrival = static_cast<std::uint64_t>(transaction.arrival_ms);
    switch (options_.ordering)
    {
        case Ordering::priority_fee:
            return {transaction.effective_gas_price(base_fee) - base_fee, arrival,
                transaction.nonce, slot};
        case Ordering::fifo:
            return {0, arrival,
                static_cast<std::uint64_t>(index(transaction.sender)) << 32U |
                    (transaction.nonce & 0xFFFFFFFFU),
                slot};
        case Ordering::random: {
            static const auto stream = stream_of_name("ordering");
            RandomStream random{
                options_.seed, stream, leading_bits(transaction.hash), block_number};
            return {random.next_uint64(), 0, 0, slot};
        }
    }
    return {};
}

void Mempool::drop(std::uint32_t slot)
{
    gone_[slot] = true;
    dropped_.push_back({pool_[slot].sender, pool_[slot].nonce});
}

std::vector<Transaction> Mempool::build_block(const World& world, std::uint64_t block_number,
    std::uint64_t base_fee, std::uint64_t gas_limit, std::int64_t now_ms,
    std::span<const Transaction> head)
{
    gone_.assign(pool_.size(), false);
    std::vector<Candidate> heap;
    heap.reserve(pool_.size());
    for (std::uint32_t slot = 0; slot < pool_.size(); ++slot)
    {
        const auto& transaction = pool_[slot];
        if (transaction.arrival_ms + options_.lifetime_ms < now_ms ||
            transaction.nonce < world.account_states.get(transaction.sender).nonce ||
            transaction.gas_limit > gas_limit)
            drop(slot);
        else if (transaction.max_fee >= base_fee)
            heap.push_back(rank(slot, block_number, base_fee));
    }
    const auto worse = [this](const Candidate& a, const Candidate& b) { return before(b, a); };
    std::make_heap(heap.begin(), heap.end(), worse);

    std::vector<std::uint32_t> taken;
    auto gas_left = gas_limit;
    for (const auto& transaction : head)
        gas_left -= std::min(gas_left, transaction.gas_limit);
    put_ahead(head, world);
    const auto consider = [&](std::uint32_t slot, SenderProgress& sender)
    {
        const auto& transaction = pool_[slot];
        if (transaction.gas_limit > gas_left)
            return false;
        const auto cost = wrapping_mul(transaction.gas_limit, transaction.max_fee);
        if (cost > sender.spendable)
        {
            drop(slot);
            return false;
        }
        sender.spendable = wrapping_sub(sender.spendable, cost);
        sender.next_nonce = transaction.nonce + 1;
        gas_left -= transaction.gas_limit;
        gone_[slot] = true;
        taken.push_back(slot);
        return true;
    };
    while (!heap.empty() && gas_left >= intrinsic_gas)
    {
        std::pop_heap(heap.begin(), heap.end(), worse);
        const auto slot = heap.back().slot;
        heap.pop_back();
        const auto& transaction = pool_[slot];
        auto& sender = progress_of(transaction.sender, world);
        if (transaction.nonce < sender.next_nonce)
        {
            drop(slot);  // Replaced by a better bid with the same nonce.
            continue;
        }
        if (transaction.nonce > sender.next_nonce)
        {
            sender.waiting.push_back(slot);
            continue;
        }
        if (!consider(slot, sender))
            continue;
        // Later nonces of the same sender that waited for this one follow it at once.
        // They stay in the order of their rank: of one nonce the better bid comes first.
        auto& waiting = sender.waiting;
        for (auto next = waiting.begin(); next != waiting.end();)
        {
            if (pool_[*next].nonce == sender.next_nonce && consider(*next, sender))
            {
                waiting.erase(next);
                next = waiting.begin();
            }
            else
                ++next;
        }
    }

    forget_progress();
    std::vector<Transaction> block;
    block.reserve(taken.size());
    for (const auto slot : taken)
        block.push_back(std::move(pool_[slot]));
    evict();
    remove_taken();
    return block;
}

void Mempool::put_ahead(std::span<const Transaction> head, const World& world)
{
    for (const auto& transaction : head)
    {
        auto& sender = progress_of(transaction.sender, world);
        const auto cost = wrapping_mul(transaction.gas_limit, transaction.max_fee);
        sender.spendable = wrapping_sub(sender.spendable, std::min(sender.spendable, cost));
        sender.next_nonce = transaction.nonce + 1;
    }
}

Mempool::SenderProgress& Mempool::progress_of(AccountId sender, const World& world)
{
    if (index(sender) >= progress_plus_1_.size())
        progress_plus_1_.resize(std::max<std::size_t>(world.account_count(), index(sender) + 1));
    auto& place = progress_plus_1_[index(sender)];
    if (place != 0)
        return progress_[place - 1];
    if (senders_ == progress_.size())
        progress_.emplace_back();
    auto& progress = progress_[senders_];
    place = static_cast<std::uint32_t>(++senders_);
    const auto& account = world.account_states.get(sender);
    progress.sender = sender;
    progress.next_nonce = account.nonce;
    progress.spendable = account.balance;
    progress.waiting.clear();
    return progress;
}

void Mempool::forget_progress() noexcept
{
    for (std::size_t i = 0; i < senders_; ++i)
        progress_plus_1_[index(progress_[i].sender)] = 0;
    senders_ = 0;
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
        drop(*slot);
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

std::vector<Mempool::Dropped> Mempool::take_dropped()
{
    std::sort(dropped_.begin(), dropped_.end(),
        [](const Dropped& a, const Dropped& b) {
            return std::pair{index(a.sender), a.nonce} < std::pair{index(b.sender), b.nonce};
        });
    return std::exchange(dropped_, {});
}

}  // namespace runnel
