#include "contracts/tokens/native/native_coin.hpp"

#include "state/world.hpp"

namespace runnel::contracts
{

const ContractType& NativeCoin::contract_type()
{
    static const ContractType type{.kind = "native",
        .help = "The chain's own coin: pays for gas, moves by plain transfers.",
        .role = ContractRole::ledger,
        .methods = methods(),
        .events = {&event_type<NativePayment>},
        .parameters = {{"symbol", ParameterKind::text, "\"ETH\"", {}, "What people call it."}},
        .create = [](const Parameters& parameters,
                      ContractIdentity identity) -> std::unique_ptr<Contract>
        {
            return std::make_unique<NativeCoin>(
                std::move(identity), TokenInfo{parameters.text("symbol"), 18});
        }};
    return type;
}

std::optional<Amount> NativeCoin::balance_of(CallContext& context, AccountId account) const
{
    return context.read(world_->account_states, account).balance;
}

void NativeCoin::declare(
    const NativeTransfer& call, AccountId sender, AccessCollector& access) const
{
    access.write(world_->account_states, sender);
    access.credit(world_->account_states, call.to);
}

Result<Returns> NativeCoin::execute(const NativeTransfer& call, CallContext& context)
{
    RUNNEL_REQUIRE(index(call.to) < context.world().account_count(), Refusal::empty());
    auto& from = context.write(world_->account_states, context.sender());
    RUNNEL_REQUIRE(from.balance >= call.value, Refusal::empty());
    from.balance = wrapping_sub(from.balance, call.value);
    context.credit(world_->account_states, call.to, call.value);
    context.emit(id(), NativePayment{context.sender(), call.to, call.value});
    return Returns{};
}

}  // namespace runnel::contracts
