#include "execution/write_set.hpp"

#include "ledger/check.hpp"

#include <bit>
#include <cstring>
#include <utility>

namespace runnel
{

void WriteSet::begin(World& world, std::size_t writes_max, BlockUndo undo, CommitHashing* hashing)
{
    world_ = &world;
    hashing_ = hashing;
    undo_ = std::move(undo);
    written_.clear();
    seen_records_.assign(std::bit_ceil(writes_max * 2 + 16), nullptr);
    imbalance_.assign(world.contract_count(), Amount{});
    changed_.assign(world.contract_count(), false);
}

bool WriteSet::is_first_write(const void* record)
{
    // Open addressing over the records' addresses, which decide about places in this table only.
    const auto mask = seen_records_.size() - 1;
    auto place = (reinterpret_cast<std::uintptr_t>(record) >> 4U) * 0x9E3779B97F4A7C15ULL >> 32U;
    for (place &= mask; seen_records_[place] != nullptr; place = (place + 1) & mask)
    {
        if (seen_records_[place] == record)
            return false;
    }
    seen_records_[place] = record;
    return true;
}

void WriteSet::remember(RecordTable& table, std::uint64_t key, const void* old)
{
    const auto* bytes = static_cast<const std::uint8_t*>(old);
    table.mark(key);
    undo_.entries.push_back({&table, key, undo_.old_values.size()});
    undo_.old_values.insert(undo_.old_values.end(), bytes, bytes + table.format().size);
}

void WriteSet::add(std::span<const UndoEntry> journal, const Bytes& old_values)
{
    const auto& tables = world_->tables();
    for (const auto& entry : journal)
    {
        const auto& access = *entry.access;
        const auto* bytes = old_values.data() + entry.offset;
        if (is_first_write(access.record))
        {
            written_.push_back({tables[access.table], access.key, access.record});
            remember(*tables[access.table], access.key,
                entry.is_credit ? access.record : static_cast<const void*>(bytes));
        }
        if (entry.is_credit)
        {
            Amount amount;
            std::memcpy(&amount, bytes, sizeof(amount));
            auto& balance = *static_cast<Amount*>(access.record);
            balance = wrapping_add(balance, amount);
        }
    }
}

void WriteSet::finish_transactions()
{
    auto old = undo_.entries.begin();
    for (const auto& write : written_)
    {
        const auto owner = index(world_->table_owner(write.table->number()));
        changed_[owner] = true;
        const auto weight = write.table->conservation_weight();
        if (weight != 0)
        {
            Amount before;
            Amount after;
            std::memcpy(&before, undo_.old_values.data() + old->offset, sizeof(before));
            std::memcpy(&after, write.record, sizeof(after));
            auto& sum = imbalance_[owner];
            const auto change = wrapping_sub(after, before);
            sum = weight > 0 ? wrapping_add(sum, change) : wrapping_sub(sum, change);
        }
        ++old;
        if (hashing_ != nullptr)
            hashing_->add_write(*write.table, write.key, write.record);
    }
}

void WriteSet::credit(AccountId account, const Amount& amount)
{
    if (!amount.is_zero())
        set_balance(account, wrapping_add(world_->account_states.get(account).balance, amount));
}

void WriteSet::debit(AccountId account, const Amount& amount)
{
    if (!amount.is_zero())
        set_balance(account, wrapping_sub(world_->account_states.get(account).balance, amount));
}

void WriteSet::set_balance(AccountId account, const Amount& balance)
{
    auto& table = world_->account_states;
    auto& state = table.at(account);
    remember(table, index(account), &state);
    state.balance = balance;
    if (hashing_ != nullptr)
        hashing_->add_system_write(table, index(account), &state);
}

void WriteSet::change_native_supply(const Amount& minted, const Amount& burnt)
{
    if (minted == burnt)
        return;
    auto& supply = world_->native_supply.at(0);
    remember(world_->native_supply, 0, &supply);
    supply = wrapping_sub(wrapping_add(supply, minted), burnt);
    if (hashing_ != nullptr)
        hashing_->add_system_write(world_->native_supply, 0, &supply);
}

void WriteSet::check_conservation(const Amount& lost)
{
    // Transactions together lost what was burnt and what went to the proposer, and nothing else.
    auto& native = imbalance_[index(native_coin)];
    native = wrapping_add(native, lost);
    for (const auto& sum : imbalance_)
        RUNNEL_CHECK(sum.is_zero() && "balances and supply of a token agree after the block");
}

}  // namespace runnel
