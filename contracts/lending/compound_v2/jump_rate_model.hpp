#pragma once

#include "contracts/kit/contract_base.hpp"
#include "contracts/lending/compound_v2/gas.hpp"
#include "contracts/lending/compound_v2/math.hpp"

#include <array>
#include <string>
#include <string_view>

namespace runnel::contracts::compound_v2
{

/// Sets the curve, for all markets that use it and from their last accrual on; the owner's.
struct UpdateJumpRateModel
{
    RUNNEL_CALL("updateJumpRateModel", 0, {43'000, gas::entry});
    Amount base_rate_per_year;
    Amount multiplier_per_year;
    Amount jump_multiplier_per_year;
    Amount kink;
    RUNNEL_FIELDS((base_rate_per_year, other("1e-18 per year")),
        (multiplier_per_year, other("1e-18 per year")),
        (jump_multiplier_per_year, other("1e-18 per year")), (kink, wad));
};

struct NewInterestParamsLog
{
    static constexpr std::string_view table = "compound_v2_interest_params";
    static constexpr std::string_view signature =
        "NewInterestParams(uint256,uint256,uint256,uint256)";
    static constexpr std::array<std::string_view, 4> meanings{"The rate without utilization.",
        "What it gains up to full utilization, at the slope below the kink.",
        "The same at the slope beyond the kink.", "The utilization at which that begins."};

    Amount base_rate_per_block;
    Amount multiplier_per_block;
    Amount jump_multiplier_per_block;
    Amount kink;
    RUNNEL_FIELDS((base_rate_per_block, other("1e-18 per block")),
        (multiplier_per_block, other("1e-18 per block")),
        (jump_multiplier_per_block, other("1e-18 per block")), (kink, wad));
};

}  // namespace runnel::contracts::compound_v2

namespace runnel::contracts
{

/// A rate model of Compound v2 that is a contract of its own, as deployed: markets name it, and
/// governance names another one, or its owner sets its curve. Neither accrues interest where it is
/// not asked to: a curve counts from each market's last accrual on.
///
/// Errors of updateJumpRateModel: `only the owner may call this function.`, panics.
/// Source: compound-finance/compound-protocol at a3214f67, contracts/BaseJumpRateModelV2.sol.
class CompoundV2JumpRateModel
  : public ContractBase<CompoundV2JumpRateModel, compound_v2::UpdateJumpRateModel>
{
public:
    /// @p owner  Name of the account, found by connect() or made by genesis().
    CompoundV2JumpRateModel(
        ContractIdentity identity, const compound_v2::JumpRateModel& model, std::string owner);

    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }
    void connect(World& world) override;
    void genesis(const Parameters& parameters, GenesisBuilder& builder) override;

    /// Record 0.
    [[nodiscard]] const Table<compound_v2::JumpRateModel>& models() const noexcept
    {
        return models_;
    }

    using ContractBase::execute;
    Result<Returns> execute(const compound_v2::UpdateJumpRateModel& call, CallContext& context);

private:
    std::string owner_name_;
    AccountId owner_{};
    Table<compound_v2::JumpRateModel> models_;
};

/// For ids from calls: nullptr if it is none.
[[nodiscard]] const CompoundV2JumpRateModel* find_rate_model(const World& world, ContractId id);

}  // namespace runnel::contracts
