#pragma once

#include "contracts/exchanges/uniswap_v4/types.hpp"
#include "execution/context.hpp"

#include <cstdint>
#include <string_view>

namespace runnel::contracts
{
class UniswapV4Manager;
}

/// What a contract must be so that pools can have it as their hook.
///
/// A hook is one class: a contract that derives from Hook beside ContractBase, overrides the
/// callbacks that its permissions() name, and is registered. The manager finds it by its account.
namespace runnel::contracts::uniswap_v4
{

/// When a hook is called, and what its answers mean: on Ethereum, bits of its address.
enum class Permission : std::uint8_t
{
    after_remove_liquidity_returns_delta,
    after_add_liquidity_returns_delta,
    after_swap_returns_delta,
    before_swap_returns_delta,
    after_donate,
    before_donate,
    after_swap,
    before_swap,
    after_remove_liquidity,
    before_remove_liquidity,
    after_add_liquidity,
    before_add_liquidity,
    after_initialize,
    before_initialize,
};
using Permissions = std::uint16_t;
template <typename... Many>
[[nodiscard]] constexpr Permissions permissions_of(Many... permissions) noexcept
{
    return static_cast<Permissions>((0U | ... | (1U << static_cast<unsigned>(permissions))));
}
[[nodiscard]] constexpr bool has(Permissions permissions, Permission one) noexcept
{
    return (permissions >> static_cast<unsigned>(one) & 1U) != 0;
}

/// The call that a hook is in.
struct HookCall
{
    CallContext& context;  // The manager is its sender; pass on context.as(your account).
    UniswapV4Manager& manager;
    const PoolKey& key;
    AccountId sender{};  // Who called the manager.
};

/// What beforeSwap answers. Deltas are what the hook takes for itself, negative what it gives; they
/// count if it has before_swap_returns_delta, and it must see to it that they are settled.
struct BeforeSwapAnswer
{
    Int256 specified;       // Of the currency whose amount the swap names. int128
    Int256 unspecified;     // Of the other one. int128
    std::uint32_t fee = 0;  // With override_fee: of this swap, if the pool's fee is dynamic.
};

/// What stands for an answer with a wrong selector, which the manager takes for none.
[[nodiscard]] inline Refusal wrong_selector()
{
    return Refusal::custom("WrongSelector");
}

/// Errors of a callback are wrapped by the manager; of one that is not overridden,
/// HookNotImplemented as of v4-periphery's BaseHook.
class Hook
{
public:
    static constexpr std::string_view sector = "uniswap_v4_hook";

    virtual ~Hook() = default;

    [[nodiscard]] virtual Permissions permissions() const noexcept = 0;
    /// What its callbacks may touch of its own when somebody uses a pool of @p key.
    virtual void declare_callbacks(const PoolKey& /*key*/, AccessCollector& /*access*/) const {}
    /// What beforeSwap would answer now, after the last block: for quotes.
    [[nodiscard]] virtual BeforeSwapAnswer preview_swap(
        const UniswapV4Manager& /*manager*/, const PoolKey& /*key*/) const
    {
        return {};
    }

    virtual Result<void> before_initialize(const HookCall& call, const Amount& sqrt_price_x96);
    virtual Result<void> after_initialize(
        const HookCall& call, const Amount& sqrt_price_x96, std::int32_t tick);
    virtual Result<void> before_add_liquidity(const HookCall& call, const ModifyParams& params);
    virtual Result<void> before_remove_liquidity(const HookCall& call, const ModifyParams& params);
    /// @p delta includes @p fees. Answers what the hook takes for itself, if it has the permission.
    virtual Result<BalanceDelta> after_add_liquidity(const HookCall& call,
        const ModifyParams& params, const BalanceDelta& delta, const BalanceDelta& fees);
    virtual Result<BalanceDelta> after_remove_liquidity(const HookCall& call,
        const ModifyParams& params, const BalanceDelta& delta, const BalanceDelta& fees);
    virtual Result<BeforeSwapAnswer> before_swap(const HookCall& call, const SwapParams& params);
    /// Answers what the hook takes of the currency that is not specified, if it has the permission.
    virtual Result<Int256> after_swap(
        const HookCall& call, const SwapParams& params, const BalanceDelta& delta);
    virtual Result<void> before_donate(
        const HookCall& call, const Amount& amount0, const Amount& amount1);
    virtual Result<void> after_donate(
        const HookCall& call, const Amount& amount0, const Amount& amount1);
};

}  // namespace runnel::contracts::uniswap_v4
