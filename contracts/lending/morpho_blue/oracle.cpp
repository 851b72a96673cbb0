#include "contracts/lending/morpho_blue/oracle.hpp"

#include "contracts/kit/registration.hpp"
#include "contracts/kit/token.hpp"
#include "ledger/check.hpp"
#include "state/world.hpp"

#include <tuple>
#include <utility>

namespace runnel::contracts
{

MorphoChainlinkOracle::MorphoChainlinkOracle(ContractIdentity identity, ContractId price_source,
    ContractId collateral_token, ContractId loan_token)
  : ContractBase{std::move(identity)},
    source_id_{price_source},
    collateral_token_{collateral_token},
    loan_token_{loan_token}
{}

const ContractType& MorphoChainlinkOracle::contract_type()
{
    static const ContractType type{.kind = "morpho_chainlink_oracle",
        .help = "Tells markets of Morpho Blue what one token costs in another.",
        .role = ContractRole::oracle,
        .sectors = implements<MorphoChainlinkOracle, morpho_blue::Oracle>(),
        .methods = methods(),
        .events = {},
        .parameters = {contract_parameter(
                           "oracle", PriceSource::sector, "Whose prices it divides."),
            {"collateral_token", ParameterKind::token, "", {}, "What it prices."},
            {"loan_token", ParameterKind::token, "", {}, "In what it prices it."}},
        .create = creator<MorphoChainlinkOracle>(
            [](const Parameters& parameters)
            {
                return std::tuple{parameters.contract("oracle"),
                    parameters.token("collateral_token"), parameters.token("loan_token")};
            })};
    return type;
}

void MorphoChainlinkOracle::connect(World& world)
{
    source_ = dynamic_cast<const PriceSource*>(world.find_contract(source_id_));
    RUNNEL_CHECK(source_ != nullptr && "prices come from a price source");
    const auto decimals = [&world](ContractId token)
    {
        const auto info = world.contract(token).token_info();
        return info.has_value() ? unsigned{info->decimals} : 18U;
    };
    constexpr unsigned scale_decimals = 36;
    scale_ =
        Amount::power_of_ten(scale_decimals + decimals(loan_token_) - decimals(collateral_token_));
}

Result<Amount> MorphoChainlinkOracle::quote(const Amount& base, const Amount& loan) const
{
    const auto price = mul_div_down(scale_, base, loan);
    RUNNEL_REQUIRE(price.fault != Fault::overflow, Refusal::error("Math: mulDiv overflow"));
    return RUNNEL_TRY(price);
}

Result<Amount> MorphoChainlinkOracle::price(CallContext& context) const
{
    return quote(context.read(source_->prices(), index(collateral_token_)).price,
        context.read(source_->prices(), index(loan_token_)).price);
}

Result<Amount> MorphoChainlinkOracle::price() const
{
    return quote(source_->prices().get(index(collateral_token_)).price,
        source_->prices().get(index(loan_token_)).price);
}

void MorphoChainlinkOracle::declare_price(AccessCollector& access) const
{
    access.read(source_->prices(), index(collateral_token_));
    access.read(source_->prices(), index(loan_token_));
}

}  // namespace runnel::contracts
