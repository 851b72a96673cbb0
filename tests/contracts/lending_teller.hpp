#pragma once

#include "contracts/kit/contract_base.hpp"
#include "contracts/kit/sectors/lending_positions.hpp"
#include "state/world.hpp"

#include <utility>

namespace runnel::contracts
{

/// Asks a market what @p user has supplied of a reserve.
struct AskSupplied
{
    RUNNEL_CALL("askSupplied", 0, 50'000);

    ContractId market{};
    AccountId user{};
    std::uint64_t reserve = 0;
    RUNNEL_FIELDS(market, user, reserve);
};

/// Says in a transaction what markets tell other contracts while one runs.
class LendingTeller : public ContractBase<LendingTeller, AskSupplied>
{
public:
    explicit LendingTeller(ContractIdentity identity) : ContractBase{std::move(identity)} {}

    [[nodiscard]] const ContractType& type() const override
    {
        static const ContractType type{.kind = "lending_teller",
            .help = "Asks markets.",
            .methods = methods(),
            .events = {},
            .parameters = {}};
        return type;
    }

    using ContractBase::declare;
    using ContractBase::execute;
    Result<Returns> execute(const AskSupplied& call, CallContext& context)
    {
        const auto& market =
            dynamic_cast<const LendingPositions&>(context.world().contract(call.market));
        return Returns{RUNNEL_TRY(market.supplied(context, call.user, call.reserve))};
    }
};

}  // namespace runnel::contracts
