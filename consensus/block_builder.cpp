#include "consensus/block_builder.hpp"

#include "ledger/check.hpp"
#include "ledger/philox.hpp"
#include "state/world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

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

BlockContext context_of(const BlockSlot& slot) noexcept
{
    return {slot.number, slot.timestamp, slot.base_fee, slot.gas_limit, slot.proposer};
}
}  // namespace

std::string_view to_string(Ordering ordering) noexcept
{
    switch (ordering)
    {
        case Ordering::priority_fee: return "priority_fee";
        case Ordering::fifo: return "fifo";
        case Ordering::random: return "random";
        case Ordering::bundles: return "bundles";
        case Ordering::builders: return "builders";
        case Ordering::commit_reveal: return "commit_reveal";
    }
    return "unknown";
}

std::int64_t arrival_time_ms(std::uint64_t seed, AccountId account, std::uint64_t block,
    std::uint32_t slot_seconds, std::int64_t earliest_ms)
{
    static const auto stream = stream_of_name("latency");
    const auto slot_ms = std::uint64_t{slot_seconds} * 1000;
    RandomStream latency{seed, stream, index(account), block};
    const auto earliest = static_cast<std::uint64_t>(earliest_ms);
    return static_cast<std::int64_t>(
        (block - 1) * slot_ms + earliest + latency.uniform_below(slot_ms - earliest));
}

std::optional<std::uint64_t> round_of_arrival(std::uint64_t seed, const Transaction& transaction,
    std::uint32_t slot_seconds, std::int64_t earliest_ms)
{
    const auto arrival = transaction.arrival_ms;
    if (arrival < 0)
        return std::nullopt;
    const auto round =
        static_cast<std::uint64_t>(arrival) / (std::uint64_t{slot_seconds} * 1000) + 1;
    const bool fits =
        arrival == arrival_time_ms(seed, transaction.sender, round, slot_seconds, earliest_ms);
    return fits ? std::optional{round} : std::nullopt;
}

void BlockBuilder::build(std::span<const Transaction> head, std::span<const Transaction> pool,
    const World& world, const BlockSlot& slot)
{
    begin(head, pool, world, slot);
    if (selection_.takes_bundles)
        bundles_.collect(head, pool, world, context_of(slot));
    fill();
}

void BlockBuilder::build_again(std::span<const Transaction> head, std::span<const Transaction> pool,
    const World& world, const BlockSlot& slot)
{
    begin(head, pool, world, slot);
    fill();
}

void BlockBuilder::begin(std::span<const Transaction> head, std::span<const Transaction> pool,
    const World& world, const BlockSlot& slot)
{
    for (std::size_t i = 0; i < senders_; ++i)
        progress_plus_1_[index(progress_[i].sender)] = 0;
    senders_ = 0;
    pool_ = pool;
    world_ = &world;
    slot_ = slot;
    gas_left_ = slot.gas_limit - std::min(slot.gas_limit, selection_.reserved_gas);
    taken_.clear();
    given_up_.clear();
    sort_out();
    for (const auto& transaction : head)
    {
        gas_left_ -= std::min(gas_left_, transaction.gas_limit);
        auto& sender = progress_of(transaction.sender);
        const auto cost = wrapping_mul(transaction.gas_limit, transaction.max_fee);
        sender.spendable = wrapping_sub(sender.spendable, std::min(sender.spendable, cost));
        sender.next_nonce = transaction.nonce + 1;
    }
}

void BlockBuilder::sort_out()
{
    kinds_.clear();
    committed_gas_.clear();
    placed_.clear();
    bundled_gas_.clear();
    if (!runnel::takes_bundles(options_.ordering) && options_.ordering != Ordering::commit_reveal)
        return;
    reveal_gas_left_ = slot_.gas_limit;
    kinds_.assign(pool_.size(), Kind::plain);
    committed_gas_.assign(pool_.size(), 0);
    for (std::size_t i = 0; i < pool_.size(); ++i)
    {
        const auto& transaction = pool_[i];
        if (transaction.witnesses.empty())
            continue;
        if (options_.ordering != Ordering::commit_reveal)
        {
            if (find_terms<BundleTerms>(transaction))
                kinds_[i] = Kind::bundled;
        }
        else if (const auto commitment = find_terms<CommitmentTerms>(transaction))
        {
            kinds_[i] = Kind::commitment;
            committed_gas_[i] = commitment->gas;
        }
        else if (const auto reveal = find_terms<RevealTerms>(transaction))
        {
            const auto next = world_->account_states.get(transaction.sender).nonce;
            kinds_[i] = next > reveal->commitment_nonce ? Kind::revealed : Kind::reveal;
        }
    }
}

void BlockBuilder::fill()
{
    if (kinds_.empty())
        fill_with(Part::all);
    else if (options_.ordering == Ordering::commit_reveal)
    {
        fill_with(Part::reveals);
        fill_with(Part::commitments);
        give_up_reveals();
    }
    else
    {
        if (selection_.takes_bundles)
            place_bundles();
        fill_with(Part::plain);
    }
}

bool BlockBuilder::belongs(std::uint32_t position, Part part) const
{
    switch (part)
    {
        case Part::all: return true;
        case Part::plain:
            return kinds_[position] == Kind::plain && (placed_.empty() || !placed_[position]);
        case Part::commitments: return kinds_[position] == Kind::commitment;
        case Part::reveals: return kinds_[position] == Kind::revealed;
    }
    return false;
}

bool BlockBuilder::censors(const Transaction& transaction) const
{
    const auto is_in = [&](const std::vector<AccountId>& censored)
    { return std::binary_search(censored.begin(), censored.end(), transaction.sender); };
    if (slot_.conduct != nullptr && is_in(slot_.conduct->censored))
        return true;
    return selection_.builder != Selection::nobody &&
           is_in(options_.builders[selection_.builder].censored) &&
           !std::binary_search(
               selection_.listed.begin(), selection_.listed.end(), transaction.hash);
}

bool BlockBuilder::sees(const Bundles::Bundle& bundle) const
{
    if (std::any_of(bundle.members.begin(), bundle.members.end(),
            [this](std::uint32_t member) { return censors(pool_[member]); }))
        return false;
    if (selection_.builder == Selection::nobody)
        return true;
    static const auto stream = stream_of_name("order_flow");
    RandomStream random{options_.seed, stream, leading_bits(bundle.key), selection_.builder};
    return random.bernoulli(options_.builders[selection_.builder].order_flow);
}

void BlockBuilder::place_bundles()
{
    bundles_.begin();
    placed_.assign(pool_.size(), false);
    std::vector<const Bundles::Bundle*> left;
    for (const auto& bundle : bundles_.sorted())
    {
        if (sees(bundle))
            left.push_back(&bundle);
    }
    for (bool again = true; again;)
    {
        again = false;
        for (auto next = left.begin(); next != left.end() && !again;)
        {
            // One whose sender has an earlier one may come once that is placed.
            if ((*next)->terms.first_nonce > progress_of((*next)->sender).next_nonce)
                ++next;
            else
            {
                again = place(**next);
                next = left.erase(next);
            }
        }
    }
}

bool BlockBuilder::place(const Bundles::Bundle& bundle)
{
    const auto& members = bundle.members;
    std::uint64_t gas = 0;
    for (std::size_t i = 0; i < members.size(); ++i)
    {
        const auto& member = pool_[members[i]];
        gas += member.gas_limit;
        const auto& sender = progress_of(member.sender);
        // Those of one sender have to be paid together.
        auto nonce = sender.next_nonce;
        Amount cost = wrapping_mul(member.gas_limit, member.max_fee);
        for (std::size_t k = 0; k < i; ++k)
        {
            const auto& earlier = pool_[members[k]];
            if (earlier.sender != member.sender)
                continue;
            ++nonce;
            cost = wrapping_add(cost, wrapping_mul(earlier.gas_limit, earlier.max_fee));
        }
        if (placed_[members[i]] || member.nonce != nonce || cost > sender.spendable ||
            gas > gas_left_ || is_expired(member))
            return false;
    }
    if (!bundles_.try_next(bundle))
        return false;
    for (std::size_t i = 0; i < members.size(); ++i)
    {
        const auto fit = take(members[i], progress_of(pool_[members[i]].sender));
        RUNNEL_CHECK(fit == Fit::taken);
        placed_[members[i]] = true;
        bundled_gas_.emplace_back(members[i], bundle.gas_used[i]);
    }
    return true;
}

void BlockBuilder::give_up_reveals()
{
    std::vector<bool> is_taken(pool_.size());
    for (const auto position : taken_)
        is_taken[position] = true;
    std::vector<bool> is_given_up(pool_.size());
    for (const auto& given_up : given_up_)
        is_given_up[given_up.position] = true;
    // By hashes: a wallet whose commitment was given up may have made another with its nonce.
    std::set<Hash> awaited;
    for (std::uint32_t i = 0; i < pool_.size(); ++i)
    {
        if (kinds_[i] != Kind::commitment || is_given_up[i])
            continue;
        const auto commitment = find_terms<CommitmentTerms>(pool_[i]);
        awaited.insert(commitment->reveals.begin(), commitment->reveals.end());
    }
    for (std::uint32_t i = 0; i < pool_.size(); ++i)
    {
        if (kinds_[i] == Kind::revealed && !is_taken[i])
        {
            given_up_.push_back({i, pool_[i].max_fee < slot_.base_fee ? DropReason::fee_below_base
                                                                      : DropReason::expired});
        }
        else if (kinds_[i] == Kind::reveal && !awaited.contains(pool_[i].hash))
            given_up_.push_back({i, DropReason::nonce_gap});
    }
}

bool BlockBuilder::is_fit(const Transaction& transaction)
{
    const auto& sender = progress_of(transaction.sender);
    return transaction.arrival_ms < slot_.now_ms && !is_expired(transaction) &&
           transaction.max_fee >= slot_.base_fee && transaction.nonce == sender.next_nonce &&
           transaction.gas_limit <= gas_left_ &&
           wrapping_mul(transaction.gas_limit, transaction.max_fee) <= sender.spendable;
}

std::pair<Amount, std::uint64_t> BlockBuilder::left_of(AccountId sender)
{
    const auto& progress = progress_of(sender);
    return {progress.spendable, progress.next_nonce};
}

std::uint64_t BlockBuilder::expected_gas(std::uint32_t position)
{
    for (const auto& [member, gas] : bundled_gas_)
    {
        if (member == position)
            return gas;
    }
    return bundles_.gas_alone(position);
}

void BlockBuilder::fill_with(Part part)
{
    heap_.clear();
    heap_.reserve(pool_.size());
    for (std::uint32_t position = 0; position < pool_.size(); ++position)
    {
        if (!belongs(position, part))
            continue;
        const auto& transaction = pool_[position];
        if (transaction.arrival_ms >= slot_.now_ms)
            continue;  // A branch goes back in time: what came later waits.
        if (const auto reason = obstacle(transaction))
            given_up_.push_back({position, *reason});
        else if (transaction.max_fee >= slot_.base_fee && !censors(transaction))
            heap_.push_back(rank(position));
    }
    const auto worse = [this](const Candidate& a, const Candidate& b) { return before(b, a); };
    std::make_heap(heap_.begin(), heap_.end(), worse);
    while (!heap_.empty() && gas_left_ >= intrinsic_gas)
    {
        std::pop_heap(heap_.begin(), heap_.end(), worse);
        const auto position = heap_.back().position;
        heap_.pop_back();
        const auto& transaction = pool_[position];
        auto& sender = progress_of(transaction.sender);
        if (transaction.nonce < sender.next_nonce)
        {
            // By a better bid with the same nonce.
            given_up_.push_back({position, DropReason::replaced});
            continue;
        }
        if (transaction.nonce > sender.next_nonce)
        {
            sender.waiting.push_back(position);
            continue;
        }
        if (!consider(position, sender))
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
}

BlockBuilder::Fit BlockBuilder::take(std::uint32_t position, SenderProgress& sender)
{
    const auto& transaction = pool_[position];
    if (transaction.gas_limit > gas_left_)
        return Fit::no_gas_left;
    // What is committed to has its room in the next block.
    const bool commits = !kinds_.empty() && kinds_[position] == Kind::commitment;
    if (commits && committed_gas_[position] > reveal_gas_left_)
        return Fit::no_gas_left;
    const auto cost = wrapping_mul(transaction.gas_limit, transaction.max_fee);
    if (cost > sender.spendable)
        return Fit::unaffordable;
    sender.spendable = wrapping_sub(sender.spendable, cost);
    sender.next_nonce = transaction.nonce + 1;
    gas_left_ -= transaction.gas_limit;
    if (commits)
        reveal_gas_left_ -= committed_gas_[position];
    taken_.push_back(position);
    return Fit::taken;
}

bool BlockBuilder::consider(std::uint32_t position, SenderProgress& sender)
{
    const auto fit = take(position, sender);
    if (fit == Fit::unaffordable)
        given_up_.push_back({position, DropReason::unaffordable});
    return fit == Fit::taken;
}

BlockBuilder::SenderProgress& BlockBuilder::progress_of(AccountId sender)
{
    if (index(sender) >= progress_plus_1_.size())
        progress_plus_1_.resize(std::max<std::size_t>(world_->account_count(), index(sender) + 1));
    auto& place = progress_plus_1_[index(sender)];
    if (place != 0)
        return progress_[place - 1];
    if (senders_ == progress_.size())
        progress_.emplace_back();
    auto& progress = progress_[senders_];
    place = static_cast<std::uint32_t>(++senders_);
    const auto& account = world_->account_states.get(sender);
    progress.sender = sender;
    progress.next_nonce = account.nonce;
    progress.spendable = account.balance;
    progress.waiting.clear();
    return progress;
}

bool BlockBuilder::before(const Candidate& a, const Candidate& b) const noexcept
{
    if (a.first != b.first)
        return a.first > b.first;
    if (a.second != b.second)
        return a.second < b.second;
    if (a.third != b.third)
        return a.third < b.third;
    return pool_[a.position].hash < pool_[b.position].hash;
}

BlockBuilder::Candidate BlockBuilder::rank(std::uint32_t position) const
{
    const auto& transaction = pool_[position];
    const auto arrival = static_cast<std::uint64_t>(transaction.arrival_ms);
    const bool is_free =
        options_.ordering == Ordering::fifo || options_.ordering == Ordering::random;
    const bool reorders = is_free && slot_.conduct != nullptr && slot_.conduct->reorders;
    switch (reorders ? Ordering::priority_fee : options_.ordering)
    {
        case Ordering::commit_reveal:
            // By what the commitment shows and no base fee changes, so that what is revealed keeps
            // the order in which it was committed to.
            return {transaction.max_priority_fee, arrival, transaction.nonce, position};
        case Ordering::priority_fee:
        case Ordering::bundles:
        case Ordering::builders:
            return {transaction.effective_gas_price(slot_.base_fee) - slot_.base_fee, arrival,
                transaction.nonce, position};
        case Ordering::fifo:
            return {0, arrival,
                static_cast<std::uint64_t>(index(transaction.sender)) << 32U |
                    (transaction.nonce & 0xFFFFFFFFU),
                position};
        case Ordering::random: {
            static const auto stream = stream_of_name("ordering");
            RandomStream random{
                options_.seed, stream, leading_bits(transaction.hash), slot_.number};
            return {random.next_uint64(), 0, 0, position};
        }
    }
    return {};
}

std::optional<DropReason> BlockBuilder::obstacle(const Transaction& transaction) const
{
    const auto next_nonce = world_->account_states.get(transaction.sender).nonce;
    if (transaction.nonce < next_nonce)
        return DropReason::replaced;
    if (transaction.gas_limit > slot_.gas_limit)
        return DropReason::gas_above_block;
    if (!is_expired(transaction))
        return std::nullopt;
    if (transaction.nonce > next_nonce)
        return DropReason::nonce_gap;
    return transaction.max_fee < slot_.base_fee ? DropReason::fee_below_base : DropReason::expired;
}

bool BlockBuilder::is_expired(const Transaction& transaction) const noexcept
{
    return transaction.arrival_ms < slot_.now_ms &&
           slot_.now_ms - transaction.arrival_ms > options_.lifetime_ms;
}

std::string BlockBuilder::check_alone(const Transaction& transaction) const
{
    if (transaction.arrival_ms < 0 || transaction.arrival_ms >= slot_.now_ms)
        return "it arrived after the block was built";
    if (is_expired(transaction))
        return "it had waited longer than the scenario's transaction_lifetime";
    if (transaction.max_fee < slot_.base_fee)
    {
        return fmt::format("its max_fee of {} wei is below the base fee of {}", transaction.max_fee,
            slot_.base_fee);
    }
    if (transaction.max_priority_fee > transaction.max_fee)
        return "its max_priority_fee is above its max_fee";
    return {};
}

std::string BlockBuilder::check(std::span<const Transaction> head,
    std::span<const Transaction> block, const World& world, const BlockSlot& slot)
{
    const auto wrong = [](std::size_t number, const std::string& what)
    { return fmt::format("transaction {}: {}", number, what); };
    for (std::size_t i = 0; i < head.size(); ++i)
    {
        if (i >= block.size() || block[i].hash != head[i].hash ||
            block[i].arrival_ms != head[i].arrival_ms)
            return wrong(i, "not the one that the scenario's script puts there");
    }
    const auto others = block.subspan(head.size());
    begin(head, others, world, slot);
    for (std::uint32_t i = 0; i < others.size(); ++i)
    {
        const auto number = head.size() + i;
        if (const auto alone = check_alone(others[i]); !alone.empty())
            return wrong(number, alone);
        auto& sender = progress_of(others[i].sender);
        if (others[i].nonce != sender.next_nonce)
        {
            return wrong(number, fmt::format("its nonce is {}, its sender's next one is {}",
                                     others[i].nonce, sender.next_nonce));
        }
        switch (take(i, sender))
        {
            case Fit::no_gas_left:
                return wrong(number,
                    fmt::format("with it the gas limits exceed the block's {}", slot.gas_limit));
            case Fit::unaffordable:
                return wrong(number, "its sender cannot pay its gas limit at its max_fee");
            case Fit::taken: break;
        }
    }
    // Each of them may be there. Is it where it must be?
    build(head, others, world, slot);
    for (std::uint32_t i = 0; i < others.size(); ++i)
    {
        if (i >= taken_.size() || taken_[i] != i)
        {
            return wrong(head.size() + i, fmt::format("not the one that the ordering {} puts there",
                                              to_string(options_.ordering)));
        }
    }
    return {};
}

}  // namespace runnel
