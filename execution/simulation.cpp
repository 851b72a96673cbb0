#include "execution/simulation.hpp"

#include "state/world.hpp"

#include <limits>

namespace runnel
{

void Simulation::begin(const World& world, const BlockContext& block)
{
    world_ = &world;
    arena_.clear();
    scope_.emplace(world, block, std::span<Access>{}, arena_, 0, AccessPolicy::dry);
    scope_->set_gas_limit(std::numeric_limits<std::uint64_t>::max() / 2);
    first_event_ = 0;
    gas_used_ = 0;
}

Result<Returns> Simulation::run(ByteView calls, AccountId sender)
{
    return undo_if_refused(run_calls(calls, sender));
}

Result<Returns> Simulation::run(const Transaction& transaction, std::uint64_t gas_price)
{
    RUNNEL_CHECK(scope_.has_value() && "a refusal undid what was there: begin() again");
    scope_->set_running(transaction);
    const Amount price{gas_price};
    const auto& limit = transaction.gas_limit;
    auto& sender = state_of(transaction.sender);
    if (wrapping_mul(transaction.max_fee, limit) > sender.balance)
        return undo_if_refused(fail(Refusal::ledger("insufficient funds for gas")));
    sender.balance = wrapping_sub(sender.balance, wrapping_mul(price, limit));
    auto returns = run_calls(transaction.executable(), transaction.sender);
    const auto used = intrinsic_gas + gas_used_;
    if (returns && used > limit)
        returns = fail(Refusal::ledger("out of gas"));
    if (returns)
        sender.balance = wrapping_add(sender.balance, wrapping_mul(price, limit - used));
    return undo_if_refused(std::move(returns));
}

Result<Returns> Simulation::run_calls(ByteView calls, AccountId sender)
{
    RUNNEL_CHECK(scope_.has_value() && "a refusal undid what was there: begin() again");
    first_event_ = arena_.events.size();
    const auto before = scope_->gas_used();
    CallContext context{*scope_, sender};
    auto returns = context.run(CallList{calls}, sender);
    gas_used_ = scope_->gas_used() - before;
    if (returns && scope_->has_invalid_key())
        returns = fail(Refusal::ledger("no such record"));
    return returns;
}

AccountState& Simulation::state_of(AccountId account)
{
    // What a dry run writes to is its copy: the world stays as it is.
    auto& table = const_cast<Table<AccountState>&>(world_->account_states);
    return CallContext{*scope_, account}.write(table, account);
}

Result<Returns> Simulation::undo_if_refused(Result<Returns> returns)
{
    if (!returns)
        scope_.reset();
    return returns;
}

}  // namespace runnel
