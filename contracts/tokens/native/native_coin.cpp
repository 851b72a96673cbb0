#include "contracts/tokens/native/native_coin.hpp"

#include "state/world.hpp"

#include <algorithm>

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

void NativeCoin::connect(World& world)
{
    world_ = &world;
    receivers_.clear();
    for (std::uint32_t i = 0; i < world.contract_count(); ++i)
    {
        auto* contract = world.find_contract(ContractId{i});
        if (auto* receiver = dynamic_cast<NativeReceiver*>(contract))
            receivers_.emplace_back(contract->account(), receiver);
    }
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
    for (const auto& [account, receiver] : receivers_)
    {
        if (account == call.to)
            receiver->declare_receive(access, sender);
    }
}

void NativeCoin::declare(const RegisterCalls&, AccountId sender, AccessCollector& access) const
{
    access.write(world_->receiver_calls, sender);
}

void NativeCoin::declare_pay(AccessCollector& access, AccountId from, AccountId to) const
{
    declare(NativeTransfer{to, 0}, from, access);
    access.hand_over(to);
}

Result<void> NativeCoin::pay(CallContext context, AccountId to, const Amount& value)
{
    RUNNEL_TRY(execute(NativeTransfer{to, value}, context));
    RUNNEL_TRY(context.hand_over(to));
    return {};
}

Result<void> NativeCoin::move(CallContext& context, AccountId to, const Amount& value)
{
    RUNNEL_REQUIRE(index(to) < context.world().account_count(), Refusal::empty());
    auto& from = context.write(world_->account_states, context.sender());
    RUNNEL_REQUIRE(from.balance >= value, Refusal::empty());
    from.balance = wrapping_sub(from.balance, value);
    context.credit(world_->account_states, to, value);
    context.emit(id(), NativePayment{context.sender(), to, value});
    return {};
}

Result<Returns> NativeCoin::execute(const NativeTransfer& call, CallContext& context)
{
    RUNNEL_TRY(move(context, call.to, call.value));
    for (const auto& [account, receiver] : receivers_)
    {
        if (account == call.to)
            RUNNEL_TRY(receiver->receive(context, context.sender(), call.value));
    }
    return Returns{};
}

Result<Returns> NativeCoin::execute(const RegisterCalls& call, CallContext& context)
{
    const auto list = call.calls.bytes;
    RUNNEL_REQUIRE(list.size() <= ReceiverCalls::size_max, Refusal::ledger("too many calls"));
    CallReader reader{list};
    while (reader.next())
    {}
    RUNNEL_REQUIRE(reader.ok(), Refusal::ledger("malformed calls"));
    auto& registered = context.write(world_->receiver_calls, context.sender());
    registered = ReceiverCalls{};
    if (list.empty())
        return Returns{};
    registered.size = static_cast<std::uint16_t>(list.size());
    registered.times = call.times;
    std::copy(list.begin(), list.end(), registered.calls.begin());
    return Returns{};
}

}  // namespace runnel::contracts
