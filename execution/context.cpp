#include "execution/context.hpp"

#include "state/references.hpp"
#include "state/world.hpp"

#include <boost/container/small_vector.hpp>

#include <algorithm>
#include <array>
#include <cstring>

namespace runnel
{
namespace
{
/// A cold account is called (EIP-2929).
constexpr std::uint64_t hand_over_gas = 2'600;

/// What a read under a key that no record can have sees, and where such a write goes.
alignas(64) constexpr std::array<std::uint8_t, record_size_max> zero_record{};
alignas(64) thread_local std::array<std::uint8_t, record_size_max> scratch_record{};

/// Whether a record declared for @p declared may be used for @p mode beside other transactions.
bool allows(const Access& declared, AccessMode mode) noexcept
{
    // An addition that somebody in the block waits for runs in order, like a write.
    return declared.mode == AccessMode::write || declared.mode == mode || declared.ordered;
}
}  // namespace

std::uint8_t* RecordCopies::add(const void* record, std::size_t size)
{
    if (chunk_bytes - used_ < size)
    {
        ++chunk_;
        used_ = 0;
    }
    if (chunk_ == chunks_.size())
        chunks_.push_back(std::make_unique_for_overwrite<Line[]>(chunk_bytes / sizeof(Line)));
    auto* copy = reinterpret_cast<std::uint8_t*>(chunks_[chunk_].get()) + used_;
    used_ += (size + sizeof(Line) - 1) / sizeof(Line) * sizeof(Line);
    if (record != nullptr)
        std::memcpy(copy, record, size);
    else
        std::memset(copy, 0, size);
    return copy;
}

TransactionScope::TransactionScope(const World& world, const BlockContext& block,
    std::span<Access> accesses, WorkerArena& arena, std::uint32_t transaction,
    AccessPolicy policy) noexcept
  : world_{world},
    block_{block},
    accesses_{accesses},
    arena_{arena},
    first_account_{world.account_count()},
    first_contract_{world.contract_count()},
    first_undo_{arena.undo.size()},
    first_event_{arena.events.size()},
    first_found_{arena.found_accesses.size()},
    transaction_{transaction},
    policy_{policy}
{}

Access* TransactionScope::find_declared(std::uint16_t table, std::uint64_t key) noexcept
{
    for (auto& access : accesses_)
    {
        if (access.key == key && access.table == table)
            return &access;
    }
    return nullptr;
}

Access* TransactionScope::find_found(std::uint16_t table, std::uint64_t key) noexcept
{
    auto& found = arena_.found_accesses;
    for (auto k = first_found_; k < found.size(); ++k)
    {
        if (found[k].key == key && found[k].table == table)
            return &found[k];
    }
    return nullptr;
}

bool TransactionScope::is_guarded(const RecordTable& table, AccessMode mode) noexcept
{
    const auto* guard = table.guard();
    if (guard == nullptr)
        return false;
    const auto* declared = find_declared(static_cast<std::uint16_t>(guard->number()), 0);
    return declared != nullptr &&
           (declared->mode == AccessMode::write ||
               (declared->mode == AccessMode::read && mode == AccessMode::read));
}

Access& TransactionScope::add_found(const RecordTable& table, std::uint64_t key, AccessMode mode)
{
    auto& access = arena_.found_accesses.emplace_back();
    access.key = key;
    access.table = static_cast<std::uint16_t>(table.number());
    access.transaction = transaction_;
    access.mode = mode;
    access.ordered = true;  // Nobody else adds to it meanwhile.
    if (policy_ != AccessPolicy::dry)
    {
        // Where others read the same table a slot must not be made; a record of zeros is the same.
        const bool is_shared =
            policy_ == AccessPolicy::declared && !is_guarded(table, AccessMode::write);
        access.record = is_shared ? table.find(key) : world_.tables()[table.number()]->reserve(key);
        return access;
    }
    access.record = arena_.copies.add(table.find(key), table.format().size);
    return access;
}

void TransactionScope::stop()
{
    was_stopped_ = true;
    throw UndeclaredAccess{};
}

Access* TransactionScope::find(const RecordTable& table, std::uint64_t key, AccessMode mode)
{
    const auto number = static_cast<std::uint16_t>(table.number());
    if (auto* declared = find_declared(number, key); declared != nullptr)
    {
        if (policy_ == AccessPolicy::declared && !allows(*declared, mode)) [[unlikely]]
            stop();
        return declared;
    }
    if (!table.accepts(key))
        return nullptr;
    auto* found = find_found(number, key);
    switch (policy_)
    {
        case AccessPolicy::declared:
            if (found == nullptr || found->mode != mode)
            {
                if (!is_guarded(table, mode)) [[unlikely]]
                    stop();
            }
            break;
        case AccessPolicy::open:
            if (found == nullptr && !world_.holds(world_.table_owner(number))) [[unlikely]]
                stop();
            break;
        case AccessPolicy::dry:
            if (found != nullptr && found->mode != mode)
                found->mode = AccessMode::write;
            break;
    }
    return found != nullptr ? found : &add_found(table, key, mode);
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

const void* TransactionScope::read(const RecordTable& table, std::uint64_t key)
{
    const auto* access = find(table, key, AccessMode::read);
    return access == nullptr || access->record == nullptr ? zero_record.data() : access->record;
}

void* TransactionScope::write(RecordTable& table, std::uint64_t key)
{
    auto* access = find(table, key, AccessMode::write);
    if (access == nullptr)
    {
        has_invalid_key_ = true;
        scratch_record.fill(0);
        return scratch_record.data();
    }
    journal(*access);
    return access->record;
}

void TransactionScope::credit(RecordTable& table, std::uint64_t key, const Amount& amount)
{
    auto* access = find(table, key, AccessMode::add);
    if (access == nullptr)
    {
        has_invalid_key_ = true;
        return;
    }
    if (policy_ == AccessPolicy::declared && access->mode == AccessMode::add && !access->ordered)
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
    if (growing_ != nullptr)
        growing_->drop_from(first_account_, first_contract_);
}

ByteView CallContext::witness(std::uint8_t number) const noexcept
{
    return scope_.running_ == nullptr ? ByteView{} : scope_.running_->witness(number);
}

Result<void> CallContext::charge_gas(std::uint64_t gas)
{
    if (gas > scope_.gas_limit_ - scope_.gas_used_)
    {
        scope_.is_out_of_gas_ = true;
        scope_.gas_used_ = scope_.gas_limit_;
        return fail(Refusal::ledger("out of gas"));
    }
    scope_.gas_used_ += gas;
    scope_.call_gas_prepaid_ += gas;
    return {};
}

Result<Returns> CallContext::run(const CallList& calls, AccountId sender, const Returns& callback)
{
    if (scope_.depth_ == call_depth_max)
        return fail(Refusal::ledger("calls nested too deep"));
    ++scope_.depth_;
    const auto outer_gas_left = scope_.call_gas_left_;
    const auto outer_gas_prepaid = scope_.call_gas_prepaid_;
    CallReader reader{calls.bytes};
    auto inner = as(sender);
    boost::container::small_vector<Returns, 4> results;
    Bytes bound;
    Bytes resolved;
    while (auto call = reader.next())
    {
        if (scope_.has_deployed_)
            resolve_call(*scope_.running_, scope_.world_, *call, resolved);
        auto* contract = scope_.world_.find_contract(call->contract);
        if (contract == nullptr || call->method >= contract->type().methods.size())
            return fail(Refusal::ledger("no such contract or method"));
        const auto& method = contract->type().methods[call->method];
        scope_.call_gas_left_ = method.gas;
        scope_.call_gas_prepaid_ = 0;
        use_gas(method.entry_gas);
        RUNNEL_REQUIRE(!scope_.is_out_of_gas_, Refusal::ledger("out of gas"));
        if (!call->bindings.empty())
        {
            RUNNEL_TRY(inner.bind(*call, {results.data(), results.size()}, callback, bound));
            call->arguments = bound;
        }
        auto result = contract->execute(*call, inner);
        if (result.has_value()) [[likely]]
        {
            scope_.call_gas_prepaid_ = 0;  // It is paid for, used or not.
            use_gas(scope_.call_gas_left_);
        }
        RUNNEL_REQUIRE(!scope_.is_out_of_gas_, Refusal::ledger("out of gas"));
        if (!result.has_value()) [[unlikely]]
            return result;
        results.push_back(*result);
    }
    if (!reader.ok())
        return fail(Refusal::ledger("malformed calls"));
    --scope_.depth_;
    scope_.call_gas_left_ = outer_gas_left;
    scope_.call_gas_prepaid_ = outer_gas_prepaid;
    return results.empty() ? Returns{} : results.back();
}

Result<bool> CallContext::hand_over(AccountId receiver)
{
    const auto& registered = read(scope_.world_.receiver_calls, receiver);
    if (registered.size == 0)
        return false;
    const auto end = scope_.receivers_.begin() + scope_.handed_over_;
    if (std::count(scope_.receivers_.begin(), end, receiver) >= registered.times)
        return true;
    RUNNEL_TRY(charge_gas(hand_over_gas));
    use_gas(hand_over_gas);
    RUNNEL_REQUIRE(scope_.depth_ < call_depth_max, Refusal::ledger("calls nested too deep"));
    // The calls may register others.
    const auto calls = registered.calls;
    scope_.receivers_[scope_.handed_over_++] = receiver;
    RUNNEL_TRY(run({ByteView{calls}.first(registered.size)}, receiver));
    --scope_.handed_over_;
    return true;
}

Result<Contract*> CallContext::deploy(
    const ContractType& type, const Contract& creator, const Address& address, Bytes arguments)
{
    if (scope_.policy_ == AccessPolicy::dry)
        return fail(Refusal::ledger("a dry run deploys nothing"));
    if (scope_.growing_ == nullptr)
        scope_.stop();
    auto* contract = scope_.growing_->deploy(address,
        {&type, creator.id(), std::move(arguments), {block().number, scope_.transaction_}});
    RUNNEL_REQUIRE(contract != nullptr, Refusal::ledger("the contract cannot be deployed"));
    scope_.has_deployed_ = true;
    return contract;
}

Result<void> CallContext::bind(const CallView& call, std::span<const Returns> results,
    const Returns& callback, Bytes& arguments)
{
    constexpr std::size_t size = 32;
    arguments.assign(call.arguments.begin(), call.arguments.end());
    auto bindings = call.bindings;
    while (const auto bound = take_binding(bindings))
    {
        RUNNEL_REQUIRE(
            bound->offset + size <= arguments.size(), Refusal::ledger("malformed calls"));
        Amount value;
        if (bound->kind == Binding::Kind::result)
        {
            const auto [from, which] = bound->result;
            RUNNEL_REQUIRE(from < results.size() || from == ResultOf::callback,
                Refusal::ledger("no such result"));
            const auto& returned = from == ResultOf::callback ? callback : results[from];
            RUNNEL_REQUIRE(which < returned.count, Refusal::ledger("no such result"));
            value = returned.values[which];
        }
        else
        {
            const auto id = scope_.has_deployed_ ? resolve_contract(*scope_.running_, scope_.world_,
                                                       bound->balance.token)
                                                 : bound->balance.token;
            const auto* token = scope_.world_.find_contract(id);
            const auto balance =
                token == nullptr ? std::nullopt : token->balance_of(*this, sender_);
            RUNNEL_REQUIRE(balance.has_value(), Refusal::ledger("no such token"));
            value = *balance;
        }
        value.store_big_endian(
            std::span<std::uint8_t, size>{arguments.data() + bound->offset, size});
    }
    RUNNEL_REQUIRE(bindings.empty(), Refusal::ledger("malformed calls"));
    return {};
}

}  // namespace runnel
