#include "strategies/market/gas_money.hpp"

#include "state/world.hpp"
#include "strategies/market/common.hpp"

#include <algorithm>

namespace runnel::strategies
{

GasMoney::GasMoney(const Parameters& parameters, const World& world)
  : coin_{parameters.token("coin")},
    wrapped_{dynamic_cast<const contracts::WrappedCoin*>(world.find_contract(coin_))},
    kept_{to_units(parameters.number("gas_money"), 18)}
{}

bool GasMoney::refill(WalletContext& wallet) const
{
    const auto& view = wallet.view();
    const auto& left = view.account(wallet.account()).balance;
    if (wrapped_ == nullptr || left >= div_down(kept_, 4))
        return false;
    const auto unwrapped =
        std::min(wrapping_sub(kept_, left), holding_of(view, coin_, wallet.account()));
    if (unwrapped.is_zero())
        return false;
    CallWriter calls;
    wrapped_->add_unwrap(calls, unwrapped);
    wallet.submit(std::move(calls), wallet.habitual_bid(), tag);
    return true;
}

ParameterSpec gas_money_parameter()
{
    return {"gas_money", ParameterKind::number, "1", unit::whole_tokens,
        "Native coins that it keeps for gas: with less than a quarter of them it unwraps what is "
        "missing, where `coin` can be unwrapped.",
        0, 1e9};
}

}  // namespace runnel::strategies
