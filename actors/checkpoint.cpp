#include "actors/checkpoint.hpp"

#include "state/references.hpp"

#include <algorithm>

namespace runnel::actors
{
namespace
{
constexpr std::string_view head_name = "head";
constexpr std::string_view mempool_name = "mempool";
constexpr std::string_view shared_name = "shared";
constexpr std::string_view wallets_name = "wallets";

void put_transaction(const Transaction& transaction, Encoder& encoder)
{
    encoder.put(transaction);
    encoder.put(CallList{transaction.input_bytes()});
    encoder.put(CallList{transaction.witnesses});
    encoder.put(transaction.arrival_ms);
    encoder.put(transaction.motive);
    encoder.put(transaction.is_secret);
    encoder.put(transaction.sent_at);
}

bool is_possible(const Motive& motive, const World& world)
{
    return static_cast<std::uint8_t>(motive.purpose) < purpose_count &&
           index(motive.controller) < world.account_count() &&
           (motive.token == no_contract || index(motive.token) < world.contract_count());
}

bool load_transactions(Decoder& decoder, const World& world, std::vector<Transaction>& transactions)
{
    while (!decoder.at_end())
    {
        auto& transaction = transactions.emplace_back();
        CallList input;
        CallList witnesses;
        decoder.get(transaction);
        decoder.get(input);
        decoder.get(witnesses);
        decoder.get(transaction.arrival_ms);
        decoder.get(transaction.motive);
        decoder.get(transaction.is_secret);
        decoder.get(transaction.sent_at);
        if (!decoder.ok() || index(transaction.sender) >= world.account_count() ||
            !is_possible(transaction.motive, world) || !transaction.set_input(input.bytes) ||
            !transaction.set_witnesses(witnesses.bytes))
            return false;
        name_sender(transaction, world);
    }
    seal_all(transactions);
    return true;
}

/// Begins a part about a group: whose it is, and its first item.
Encoder begin_part(Bytes& content, std::size_t group, std::size_t first)
{
    content.clear();
    Encoder encoder{content};
    encoder.put(static_cast<std::uint32_t>(group));
    encoder.put(static_cast<std::uint64_t>(first));
    return encoder;
}

/// What is still to come of each group, in the order of the parts.
class GroupLoader
{
public:
    explicit GroupLoader(const std::vector<GroupCohorts>& groups)
      : groups_{groups}, shared_(groups.size()), wallets_(groups.size())
    {}

    bool load_shared(Decoder& decoder)
    {
        const auto group = begin(decoder, shared_);
        if (!group)
            return false;
        for (auto& record = shared_[*group]; !decoder.at_end(); ++record)
        {
            // Every cohort reads the same bytes.
            const auto start = decoder;
            for (const auto& cohort : groups_[*group])
            {
                decoder = start;
                if (!cohort->strategy().load_shared(record, decoder) || !decoder.ok())
                    return false;
            }
            if (decoder.rest().size() == start.rest().size())
                return false;
        }
        return true;
    }

    bool load_wallets(Decoder& decoder)
    {
        const auto group = begin(decoder, wallets_);
        if (!group)
            return false;
        const auto& cohorts = groups_[*group];
        for (auto& number = wallets_[*group]; !decoder.at_end(); ++number)
        {
            // All cohorts but a group's last are of one size.
            const auto size = cohorts.front()->size();
            const auto cohort = number / size;
            const auto position = number % size;
            if (cohort >= cohorts.size() || position >= cohorts[cohort]->size() ||
                !cohorts[cohort]->load(position, decoder))
                return false;
        }
        return true;
    }

    /// Every wallet of every group was loaded.
    [[nodiscard]] bool is_complete() const
    {
        for (std::size_t i = 0; i < groups_.size(); ++i)
        {
            std::size_t size = 0;
            for (const auto& cohort : groups_[i])
                size += cohort->size();
            if (wallets_[i] != size)
                return false;
        }
        return true;
    }

private:
    /// The group of a part that begins where the last one of that group ended.
    [[nodiscard]] std::optional<std::size_t> begin(
        Decoder& decoder, const std::vector<std::uint64_t>& expected) const
    {
        std::uint32_t group = 0;
        std::uint64_t first = 0;
        decoder.get(group);
        decoder.get(first);
        if (!decoder.ok() || group >= groups_.size() || groups_[group].empty() ||
            first != expected[group])
            return std::nullopt;
        return group;
    }

    const std::vector<GroupCohorts>& groups_;
    std::vector<std::uint64_t> shared_;   // The next record, by group.
    std::vector<std::uint64_t> wallets_;  // The next wallet's number, by group.
};
}  // namespace

CheckpointWriter::CheckpointWriter(CheckpointHead head, std::shared_ptr<const World> world,
    std::shared_ptr<const Mempool> mempool, std::vector<GroupCohorts> groups)
  : head_{std::move(head)},
    world_{std::move(world)},
    mempool_{std::move(mempool)},
    groups_{std::move(groups)},
    state_{*world_},
    waiting_{mempool_->waiting()}
{}

std::optional<CheckpointPart> CheckpointWriter::next()
{
    switch (stage_)
    {
        case Stage::head:
            stage_ = Stage::state;
            content_.clear();
            encode(head_, content_);
            return CheckpointPart{head_name, content_};
        case Stage::state:
            if (auto part = state_.next())
                return part;
            stage_ = Stage::mempool;
            [[fallthrough]];
        case Stage::mempool:
            if (next_transactions())
                return CheckpointPart{mempool_name, content_};
            stage_ = Stage::shared;
            [[fallthrough]];
        case Stage::shared:
            if (next_shared())
                return CheckpointPart{shared_name, content_};
            stage_ = Stage::wallets;
            group_ = 0;
            [[fallthrough]];
        case Stage::wallets:
            if (next_wallets())
                return CheckpointPart{wallets_name, content_};
            stage_ = Stage::done;
            [[fallthrough]];
        case Stage::done: break;
    }
    return std::nullopt;
}

bool CheckpointWriter::next_transactions()
{
    content_.clear();
    Encoder encoder{content_};
    while (transaction_ < waiting_.size() && content_.size() < checkpoint_part_bytes)
        put_transaction(*waiting_[transaction_++], encoder);
    return !content_.empty();
}

bool CheckpointWriter::next_shared()
{
    for (; group_ < groups_.size(); ++group_, record_ = 0)
    {
        if (groups_[group_].empty())
            continue;
        // Every cohort of a group knows the same.
        const auto& strategy = groups_[group_].front()->strategy();
        const auto count = strategy.shared_records();
        if (record_ >= count)
            continue;
        auto encoder = begin_part(content_, group_, record_);
        while (record_ < count && content_.size() < checkpoint_part_bytes)
            strategy.save_shared(record_++, encoder);
        return true;
    }
    return false;
}

bool CheckpointWriter::next_wallets()
{
    for (; group_ < groups_.size(); ++group_, cohort_ = 0, position_ = 0, number_ = 0)
    {
        const auto& cohorts = groups_[group_];
        if (cohort_ == cohorts.size())
            continue;
        auto encoder = begin_part(content_, group_, number_);
        while (cohort_ < cohorts.size() && content_.size() < checkpoint_part_bytes)
        {
            cohorts[cohort_]->save(position_++, encoder);
            ++number_;
            if (position_ == cohorts[cohort_]->size())
            {
                ++cohort_;
                position_ = 0;
            }
        }
        return true;
    }
    return false;
}

std::optional<CheckpointHead> read_head(CheckpointSource& parts)
{
    const auto part = parts.next();
    CheckpointHead head;
    if (!part || part->name != head_name || !decode(part->content, head) ||
        head.header.hash() != head.hash)
        return std::nullopt;
    return head;
}

std::optional<CheckpointHead> load_checkpoint(CheckpointSource& parts, World& world,
    Mempool& mempool, const std::vector<GroupCohorts>& groups)
{
    auto head = read_head(parts);
    if (!head)
        return std::nullopt;
    clear_state(world);
    for (const auto& group : groups)
    {
        for (const auto& cohort : group)
            cohort->start_at(head->header.number + 1);
    }
    GroupLoader loader{groups};
    StatePartOrder order;
    bool is_state_over = false;  // What others wrote comes behind all of it.
    for (auto part = parts.next(); part; part = parts.next())
    {
        Decoder decoder{part->content};
        std::vector<Transaction> transactions;
        bool fits = false;
        if (part->name == state_part_name)
        {
            fits = !is_state_over && order.follows(part->content) &&
                   load_state_part(part->content, world);
        }
        else if (part->name == mempool_name)
            fits = load_transactions(decoder, world, transactions);
        else if (part->name == shared_name)
            fits = loader.load_shared(decoder);
        else if (part->name == wallets_name)
            fits = loader.load_wallets(decoder);
        if (!fits)
            return std::nullopt;
        is_state_over = part->name != state_part_name;
        mempool.add(std::move(transactions));
    }
    if (!loader.is_complete())
        return std::nullopt;
    for (const auto& group : groups)
    {
        for (const auto& cohort : group)
            cohort->resume();
    }
    return head;
}

}  // namespace runnel::actors
