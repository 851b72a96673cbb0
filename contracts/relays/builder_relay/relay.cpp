#include "contracts/relays/builder_relay/relay.hpp"

#include "contracts/kit/registration.hpp"
#include "state/world.hpp"

#include <memory>
#include <utility>

namespace runnel::contracts
{

using namespace builder_relay;

const ContractType& BuilderRelay::contract_type()
{
    static const ContractType type{.kind = "builder_relay",
        .help = "Where builders' bids for blocks are published: chain.ordering = \"builders\".",
        .role = ContractRole::ledger,
        .methods = methods(),
        .events = event_types<BidTrace>(),
        .parameters = {},
        .create = [](const Parameters&, ContractIdentity identity) -> std::unique_ptr<Contract>
        { return std::make_unique<BuilderRelay>(std::move(identity)); }};
    return type;
}

void BuilderRelay::declare(const PublishBid&, AccountId, AccessCollector&) const {}

Result<Returns> BuilderRelay::execute(const PublishBid& call, CallContext& context)
{
    // Nobody can be named whom the chain does not know.
    const auto accounts = context.world().account_count();
    RUNNEL_REQUIRE(index(call.builder) < accounts && index(call.proposer) < accounts,
        Refusal::ledger("no such account"));
    context.emit(id(), BidTrace{call.builder, call.proposer, call.value, call.num_tx, call.gas_used,
                           call.delivered});
    return Returns{};
}

}  // namespace runnel::contracts
