#include "execution/simulation.hpp"

#include <limits>

namespace runnel
{

void Simulation::begin(const World& world, const BlockContext& block)
{
    arena_.clear();
    scope_.emplace(world, block, std::span<Access>{}, arena_, 0, AccessPolicy::dry);
    scope_->set_gas_limit(std::numeric_limits<std::uint64_t>::max() / 2);
    first_event_ = 0;
    gas_used_ = 0;
}

Result<Returns> Simulation::run(ByteView calls, AccountId sender)
{
    RUNNEL_CHECK(scope_.has_value() && "a refusal undid what was there: begin() again");
    first_event_ = arena_.events.size();
    const auto before = scope_->gas_used();
    CallContext context{*scope_, sender};
    auto returns = context.run(CallList{calls}, sender);
    gas_used_ = scope_->gas_used() - before;
    if (returns && scope_->has_invalid_key())
        returns = fail(Refusal::ledger("no such record"));
    if (!returns)
        scope_.reset();
    return returns;
}

}  // namespace runnel
