#include "contracts/exchanges/uniswap_v4/hook.hpp"

namespace runnel::contracts::uniswap_v4
{
namespace
{
tl::unexpected<Refusal> not_implemented()
{
    return fail(Refusal::custom("HookNotImplemented"));
}
}  // namespace

Result<void> Hook::before_initialize(const HookCall&, const Amount&)
{
    return not_implemented();
}
Result<void> Hook::after_initialize(const HookCall&, const Amount&, std::int32_t)
{
    return not_implemented();
}
Result<void> Hook::before_add_liquidity(const HookCall&, const ModifyParams&)
{
    return not_implemented();
}
Result<void> Hook::before_remove_liquidity(const HookCall&, const ModifyParams&)
{
    return not_implemented();
}
Result<BalanceDelta> Hook::after_add_liquidity(
    const HookCall&, const ModifyParams&, const BalanceDelta&, const BalanceDelta&)
{
    return not_implemented();
}
Result<BalanceDelta> Hook::after_remove_liquidity(
    const HookCall&, const ModifyParams&, const BalanceDelta&, const BalanceDelta&)
{
    return not_implemented();
}
Result<BeforeSwapAnswer> Hook::before_swap(const HookCall&, const SwapParams&)
{
    return not_implemented();
}
Result<Int256> Hook::after_swap(const HookCall&, const SwapParams&, const BalanceDelta&)
{
    return not_implemented();
}
Result<void> Hook::before_donate(const HookCall&, const Amount&, const Amount&)
{
    return not_implemented();
}
Result<void> Hook::after_donate(const HookCall&, const Amount&, const Amount&)
{
    return not_implemented();
}

}  // namespace runnel::contracts::uniswap_v4
