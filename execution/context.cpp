#include "execution/context.hpp"

#include "state/world.hpp"

#include <array>

namespace runnel
{
namespace
{
constexpr unsigned call_depth_max = 4;

/// What an undeclared read sees, and where an undeclared write goes: the transaction reverts
/// anyway.
alignas(64) constexpr std::array<std::uint8_t, record_size_max> zero_record{};
alignas(64) thread_local std::array<std::uint8_t, record_size_max> scratch_record{};
}  // namespace

Access* TransactionScope::find(const RecordTable& table, std::uint64_t key) noexcept
{
    const auto number = static_cast<std::uint16_t>(table.number());
    for (auto& access : accesses_)
    {
        if (access.key == key && access.table == number)
            return &access;
    }
    undeclared_ = true;
    return nullptr;
}

void TransactionScope::journal(Access& access)
{
    if (access.written)
        return;
    access.written = true;
    const auto* old = static_cast<const std::uint8_t*>(access.record);
    arena_.undo.push_back({&access, static_cast<std::uint32_t>(arena_.old_values.size()), false});
    const auto size = world_.tables()[access.table]->format().size;
    arena_.old_values.insert(arena_.old_values.end(), old, old + size);
}

const void* TransactionScope::read(const RecordTable& table, std::uint64_t key) noexcept
{
    const auto* access = find(table, key);
    if (access == nullptr || access->mode == AccessMode::add)
    {
        undeclared_ = true;
        return zero_record.data();
    }
    return access->record;
}

void* TransactionScope::write(RecordTable& table, std::uint64_t key)
{
    auto* access = find(table, key);
    if (access == nullptr || access->mode != AccessMode::write)
    {
        undeclared_ = true;
        scratch_record.fill(0);
        return scratch_record.data();
    }
    journal(*access);
    return access->record;
}

void TransactionScope::credit(RecordTable& table, std::uint64_t key, const Amount& amount)
{
    auto* access = find(table, key);
    if (access == nullptr || access->mode == AccessMode::read)
    {
        undeclared_ = true;
        return;
    }
    if (defers_credits_ && access->mode == AccessMode::add && !access->ordered)
    {
        arena_.undo.push_back({access, static_cast<std::uint32_t>(arena_.old_values.size()), true});
        const auto* bytes = reinterpret_cast<const std::uint8_t*>(&amount);
        arena_.old_values.insert(arena_.old_values.end(), bytes, bytes + sizeof(amount));
        return;
    }
    journal(*access);
    auto& balance = *static_cast<Amount*>(access->record);
    balance = wrapping_add(balance, amount);
}

void TransactionScope::roll_back() noexcept
{
    while (arena_.undo.size() > first_undo_)
    {
        const auto entry = arena_.undo.back();
        arena_.undo.pop_back();
        if (!entry.is_credit)
        {
            std::memcpy(entry.access->record, arena_.old_values.data() + entry.offset,
                world_.tables()[entry.access->table]->format().size);
            entry.access->written = false;
        }
        arena_.old_values.resize(entry.offset);
    }
    if (arena_.events.size() > first_event_)
    {
        arena_.event_bytes.resize(arena_.events[first_event_].offset);
        arena_.events.resize(first_event_);
    }
}

Result<void> CallContext::charge_gas(std::uint64_t gas)
{
    if (gas > scope_.gas_limit_ - scope_.gas_used_)
    {
        scope_.gas_used_ = scope_.gas_limit_;
        return fail(Refusal::ledger("out of gas"));
    }
    scope_.gas_used_ += gas;
    return {};
}

Result<Returns> CallContext::run(const CallList& calls, AccountId sender)
{
    if (scope_.depth_ == call_depth_max)
        return fail(Refusal::ledger("calls nested too deep"));
    ++scope_.depth_;
    CallReader reader{calls.bytes};
    auto inner = as(sender);
    Returns last;
    while (const auto call = reader.next())
    {
        auto* contract = scope_.world_.find_contract(call->contract);
        if (contract == nullptr || call->method >= contract->type().methods.size())
            return fail(Refusal::ledger("no such contract or method"));
        RUNNEL_TRY(charge_gas(contract->type().methods[call->method].gas));
        last = RUNNEL_TRY(contract->execute(*call, inner));
    }
    if (!reader.ok())
        return fail(Refusal::ledger("malformed calls"));
    --scope_.depth_;
    return last;
}

}  // namespace runnel
