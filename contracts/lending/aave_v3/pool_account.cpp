#include "contracts/lending/aave_v3/pool_account.hpp"

#include "contracts/kit/sectors/rows.hpp"
#include "contracts/lending/aave_v3/errors.hpp"
#include "contracts/lending/aave_v3/pool.hpp"

#include <algorithm>

namespace runnel::contracts
{

using namespace aave_v3;

Result<AccountData> AaveV3Pool::evaluate(CallContext& context, AccountId user) const
{
    const auto now = context.block().timestamp;
    return evaluate(
        context, user,
        [&](std::size_t i) { return normalized_income(context.read(states_, i), now); },
        [&](std::size_t i) { return normalized_debt(context.read(states_, i), now, version_); });
}

void AaveV3Pool::use_evaluation_gas(CallContext& context, AccountId user) const
{
    const auto& config = context.read(user_configs_, user);
    std::uint64_t collaterals = 0;
    std::uint64_t debts = 0;
    for (std::size_t i = 0; i < reserves_.size(); ++i)
    {
        collaterals += config.is_collateral(i) ? 1 : 0;
        debts += config.is_borrowing(i) ? 1 : 0;
    }
    context.use_gas(config.is_empty() ? gas::evaluate_nothing
                                      : gas::evaluate + collaterals * gas::evaluate_collateral +
                                            debts * gas::evaluate_debt);
    context.save_gas(
        (gas::counted - std::min(collaterals, gas::counted)) * gas::no_collateral_saves +
        (gas::counted - std::min(debts, gas::counted)) * gas::no_debt_saves);
}

Result<void> AaveV3Pool::require_healthy(
    CallContext& context, AccountId user, std::size_t reserve) const
{
    use_evaluation_gas(context, user);
    const auto data = RUNNEL_TRY(evaluate(context, user));
    RUNNEL_REQUIRE(
        data.health_factor >= wad, refusal(errors::health_factor_below_liquidation_threshold));
    RUNNEL_REQUIRE(!data.has_zero_ltv_collateral || context.read(configs_, reserve).ltv_bps == 0,
        refusal(errors::ltv_validation_failed));
    return {};
}

void AaveV3Pool::record_position(CallContext& context, AccountId user) const
{
    const auto data = evaluate(context, user);
    if (!data.has_value())
        return;  // Its value does not fit 256 bits: there is no row to write.
    context.emit(id(), LendingPosition{user, data->collateral, data->debt,
                           data->liquidation_threshold, data->health_factor});
}

void AaveV3Pool::record_balance(CallContext& context, AccountId user, std::size_t reserve) const
{
    const auto now = context.block().timestamp;
    const auto& state = context.read(states_, reserve);
    const auto& position = context.read(*reserves_[reserve].positions, user);
    LendingBalance row;
    row.account = user;
    row.token = reserves_[reserve].token_id;
    row.supplied_scaled = position.supplied_scaled;
    row.debt_scaled = position.debt_scaled;
    row.supplied_raw =
        supplied_of(version_, position.supplied_scaled, normalized_income(state, now)).value;
    row.debt_raw =
        debt_of(version_, position.debt_scaled, normalized_debt(state, now, version_)).value;
    row.used_as_collateral = context.read(user_configs_, user).is_collateral(reserve);
    context.emit(id(), row);
}

}  // namespace runnel::contracts
