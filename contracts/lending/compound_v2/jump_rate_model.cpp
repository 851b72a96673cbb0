#include "contracts/lending/compound_v2/jump_rate_model.hpp"

#include "contracts/kit/registration.hpp"
#include "contracts/lending/compound_v2/rate_parameters.hpp"
#include "state/world.hpp"

#include <tuple>
#include <utility>

namespace runnel::contracts
{

using namespace compound_v2;

CompoundV2JumpRateModel::CompoundV2JumpRateModel(
    ContractIdentity identity, const JumpRateModel& model, std::string owner)
  : ContractBase{std::move(identity)}, owner_name_{std::move(owner)}, models_{name() + ".models"}
{
    add_table(models_);
    models_.at(0) = model;
}

const ContractType& CompoundV2JumpRateModel::contract_type()
{
    static const ContractType type{.kind = "compound_v2_jump_rate_model",
        .help = "A rate model of Compound v2's markets that governance can change or replace.",
        .role = ContractRole::lending,
        .methods = methods(),
        .events = event_types<NewInterestParamsLog>(),
        .parameters = {rate_parameters[0], rate_parameters[1], rate_parameters[2],
            rate_parameters[3],
            {"owner", ParameterKind::account, "\"compound_admin\"", {},
                "The account that may set the curve."}},
        .create = creator<CompoundV2JumpRateModel>(
            [](const Parameters& parameters) {
                return std::tuple{rate_model_of(parameters), parameters.text("owner")};
            })};
    return type;
}

void CompoundV2JumpRateModel::connect(World& world)
{
    owner_ = world.find_account(owner_name_).value_or(zero_account);
}

void CompoundV2JumpRateModel::genesis(const Parameters&, GenesisBuilder& builder)
{
    owner_ = builder.account(owner_name_, "admin");
}

Result<Returns> CompoundV2JumpRateModel::execute(
    const UpdateJumpRateModel& call, CallContext& context)
{
    RUNNEL_REQUIRE(owner_ != zero_account && context.sender() == owner_,
        Refusal::error("only the owner may call this function."));
    const auto model = RUNNEL_TRY(JumpRateModel::checked_per_year(call.base_rate_per_year,
        call.multiplier_per_year, call.jump_multiplier_per_year, call.kink));
    context.write(models_, 0) = model;
    context.emit(id(), NewInterestParamsLog{model.base_rate_per_block, model.multiplier_per_block,
                           model.jump_multiplier_per_block, model.kink});
    return Returns{};
}

const CompoundV2JumpRateModel* find_rate_model(const World& world, ContractId id)
{
    return dynamic_cast<const CompoundV2JumpRateModel*>(world.find_contract(id));
}

}  // namespace runnel::contracts
