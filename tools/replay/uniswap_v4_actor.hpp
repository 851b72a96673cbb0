#pragma once

#include "contracts/exchanges/uniswap_v4/manager.hpp"
#include "contracts/tokens/native/native_receiver.hpp"
#include "state/world.hpp"

#include <string>
#include <utility>
#include <vector>

/// Who calls Uniswap v4's manager in replays, and whom it calls back.
namespace runnel::replay
{

/// What the recorded hook does next.
struct HookSettings
{
    std::uint32_t fee = 0;
    Int256 before_swap_specified;
    Int256 before_swap_unspecified;
    Int256 after_swap_unspecified;
    contracts::uniswap_v4::BalanceDelta liquidity;
    std::uint64_t settle_mode = 1;  // 1: tokens, 2: claims, 0: not at all.
    std::uint64_t revert_mask = 0;
    std::uint64_t bad_mask = 0;
    bool pushes = false;
    std::uint32_t pushed_fee = 0;
};

/// Callbacks in the order in which they ran: the hook's name, the number of its permission.
using HookLog = std::vector<std::pair<std::string, unsigned>>;

/// The recordings' own hook: what is set, it does.
class RecordedHook final : public ContractBase<RecordedHook>,
                           public contracts::uniswap_v4::Hook,
                           public contracts::NativeReceiver
{
    using Manager = contracts::UniswapV4Manager;
    using Call = contracts::uniswap_v4::HookCall;
    using Delta = contracts::uniswap_v4::BalanceDelta;
    using Modify = contracts::uniswap_v4::ModifyParams;
    using Params = contracts::uniswap_v4::SwapParams;
    using Permission = contracts::uniswap_v4::Permission;

public:
    RecordedHook(
        ContractIdentity identity, contracts::uniswap_v4::Permissions permissions, HookLog& log)
      : ContractBase{std::move(identity)}, permissions_{permissions}, log_{log}
    {}

    [[nodiscard]] static const ContractType& contract_type()
    {
        static const ContractType type{.kind = "recorded_hook",
            .help = "Answers what it is told to.",
            .methods = {},
            .events = {},
            .parameters = {}};
        return type;
    }
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }
    void connect(World& world) override { world_ = &world; }
    void set(const HookSettings& settings) { settings_ = settings; }

    Result<void> receive(CallContext&, AccountId, const Amount&) override { return {}; }
    void declare_receive(AccessCollector&, AccountId) const override {}

    [[nodiscard]] contracts::uniswap_v4::Permissions permissions() const noexcept override
    {
        return permissions_;
    }
    Result<void> before_initialize(const Call&, const Amount&) override
    {
        return answer(Permission::before_initialize);
    }
    Result<void> after_initialize(const Call& call, const Amount&, std::int32_t) override
    {
        RUNNEL_TRY(push(call));
        return answer(Permission::after_initialize);
    }
    Result<void> before_add_liquidity(const Call&, const Modify&) override
    {
        return answer(Permission::before_add_liquidity);
    }
    Result<void> before_remove_liquidity(const Call&, const Modify&) override
    {
        return answer(Permission::before_remove_liquidity);
    }
    Result<Delta> after_add_liquidity(
        const Call& call, const Modify&, const Delta&, const Delta&) override
    {
        return after_change(
            call, Permission::after_add_liquidity, Permission::after_add_liquidity_returns_delta);
    }
    Result<Delta> after_remove_liquidity(
        const Call& call, const Modify&, const Delta&, const Delta&) override
    {
        return after_change(call, Permission::after_remove_liquidity,
            Permission::after_remove_liquidity_returns_delta);
    }
    Result<contracts::uniswap_v4::BeforeSwapAnswer> before_swap(
        const Call& call, const Params& params) override
    {
        RUNNEL_TRY(push(call));
        if (has(permissions_, Permission::before_swap_returns_delta))
        {
            RUNNEL_TRY(prepare(
                call, currency(call, params.specifies0()), settings_.before_swap_specified));
            RUNNEL_TRY(prepare(
                call, currency(call, !params.specifies0()), settings_.before_swap_unspecified));
        }
        RUNNEL_TRY(answer(Permission::before_swap));
        return contracts::uniswap_v4::BeforeSwapAnswer{
            settings_.before_swap_specified, settings_.before_swap_unspecified, settings_.fee};
    }
    Result<Int256> after_swap(const Call& call, const Params& params, const Delta&) override
    {
        if (has(permissions_, Permission::after_swap_returns_delta))
        {
            RUNNEL_TRY(prepare(
                call, currency(call, !params.specifies0()), settings_.after_swap_unspecified));
        }
        RUNNEL_TRY(answer(Permission::after_swap));
        return settings_.after_swap_unspecified;
    }
    Result<void> before_donate(const Call&, const Amount&, const Amount&) override
    {
        return answer(Permission::before_donate);
    }
    Result<void> after_donate(const Call&, const Amount&, const Amount&) override
    {
        return answer(Permission::after_donate);
    }

private:
    [[nodiscard]] static ContractId currency(const Call& call, bool first)
    {
        return first ? call.key.currency0 : call.key.currency1;
    }
    Result<void> push(const Call& call)
    {
        if (settings_.pushes)
        {
            RUNNEL_TRY(call.manager.update_dynamic_lp_fee(
                call.context.as(account()), call.key, settings_.pushed_fee));
        }
        return {};
    }
    /// Makes the delta cancel out that the manager will book.
    Result<void> prepare(const Call& call, ContractId currency, const Int256& delta)
    {
        if (settings_.settle_mode == 0 || delta.is_zero())
            return {};
        auto own = call.context.as(account());
        auto& manager = call.manager;
        const auto amount = delta.magnitude();
        const bool by_tokens = settings_.settle_mode == 1;
        if (!delta.is_negative())
            return by_tokens ? manager.take(own, currency, account(), amount)
                             : manager.mint(own, account(), currency, amount);
        if (!by_tokens)
            return manager.burn(own, account(), currency, amount);
        RUNNEL_TRY(manager.sync(own, currency));
        const bool is_native = currency == native_coin;
        if (!is_native)
        {
            RUNNEL_TRY(
                contracts::token_at(*world_, currency).transfer(own, manager.account(), amount));
        }
        RUNNEL_TRY(manager.settle(own, account(), is_native ? amount : Amount{}));
        return {};
    }
    Result<void> answer(Permission callback)
    {
        const auto number = static_cast<unsigned>(callback);
        RUNNEL_REQUIRE((settings_.revert_mask >> number & 1U) == 0, Refusal::error("hook says no"));
        RUNNEL_REQUIRE(
            (settings_.bad_mask >> number & 1U) == 0, contracts::uniswap_v4::wrong_selector());
        log_.emplace_back(name(), number);
        return {};
    }
    Result<Delta> after_change(const Call& call, Permission callback, Permission returns)
    {
        if (has(permissions_, returns))
        {
            RUNNEL_TRY(prepare(call, call.key.currency0, settings_.liquidity[0]));
            RUNNEL_TRY(prepare(call, call.key.currency1, settings_.liquidity[1]));
        }
        RUNNEL_TRY(answer(callback));
        return settings_.liquidity;
    }

    contracts::uniswap_v4::Permissions permissions_;
    HookLog& log_;
    HookSettings settings_;
    World* world_ = nullptr;
};

}  // namespace runnel::replay
