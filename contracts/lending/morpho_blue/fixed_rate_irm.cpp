#include "contracts/lending/morpho_blue/fixed_rate_irm.hpp"

#include "contracts/kit/registration.hpp"
#include "contracts/lending/morpho_blue/math.hpp"

#include <tuple>
#include <utility>

namespace runnel::contracts
{

using namespace morpho_blue;

namespace
{
constexpr Amount borrow_rate_max{8'000'000'000'000'000'000ULL / 31'536'000};

Result<Amount> known(const Amount& rate)
{
    RUNNEL_REQUIRE(!rate.is_zero(), Refusal::error("rate not set"));
    return rate;
}
}  // namespace

MorphoFixedRateIrm::MorphoFixedRateIrm(ContractIdentity identity)
  : ContractBase{std::move(identity)}, rates_{name() + ".rates"}
{
    add_table(rates_);
}

const ContractType& MorphoFixedRateIrm::contract_type()
{
    static const ContractType type{.kind = "morpho_fixed_rate_irm",
        .help = "The rate model of Morpho Blue that keeps a market's rate for ever.",
        .role = ContractRole::lending,
        .sectors = implements<MorphoFixedRateIrm, InterestRateModel>(),
        .methods = methods(),
        .events = event_types<SetBorrowRateLog>(),
        .parameters = {},
        .create = creator<MorphoFixedRateIrm>([](const Parameters&) { return std::tuple{}; })};
    return type;
}

Result<Amount> MorphoFixedRateIrm::borrow_rate(CallContext& context, const MarketRef& market)
{
    return borrow_rate_view(context, market);
}

Result<Amount> MorphoFixedRateIrm::borrow_rate_view(
    CallContext& context, const MarketRef& market) const
{
    return known(context.read(rates_, market.id));
}

Result<Amount> MorphoFixedRateIrm::borrow_rate_view(const MarketRef& market, std::uint64_t) const
{
    return known(rates_.get(market.id));
}

void MorphoFixedRateIrm::declare_borrow_rate(AccessCollector& access, const MarketRef& market) const
{
    access.read(rates_, market.id);
}

void MorphoFixedRateIrm::declare(
    const SetBorrowRate& call, AccountId, AccessCollector& access) const
{
    access.write(rates_, call.market);
}

Result<Returns> MorphoFixedRateIrm::execute(const SetBorrowRate& call, CallContext& context)
{
    RUNNEL_REQUIRE(context.read(rates_, call.market).is_zero(), Refusal::error("rate set"));
    RUNNEL_REQUIRE(!call.new_borrow_rate.is_zero(), Refusal::error("rate zero"));
    RUNNEL_REQUIRE(call.new_borrow_rate <= borrow_rate_max, Refusal::error("rate too high"));
    context.write(rates_, call.market) = call.new_borrow_rate;
    context.emit(id(), SetBorrowRateLog{call.market, call.new_borrow_rate});
    return Returns{};
}

}  // namespace runnel::contracts
