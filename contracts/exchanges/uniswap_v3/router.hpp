#pragma once

#include "contracts/exchanges/uniswap_v3/factory.hpp"
#include "contracts/exchanges/uniswap_v3/periphery_calls.hpp"
#include "contracts/exchanges/uniswap_v3/pool.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace runnel::contracts
{

/// Swaps along paths of a factory's pools, and pays them from its caller's allowance.
///
/// Without a price limit a swap of exact input goes on until the pool's price is at its end: where
/// liquidity runs out, only what the pool took is paid on the first hop, and on later hops the rest
/// stays in the router. A swap of exact output is refused then.
/// Source: Uniswap v3-periphery 1.4 `SwapRouter.sol`.
class UniswapV3Router
  : public ContractBase<UniswapV3Router, uniswap_v3::ExactInputSingle, uniswap_v3::ExactInput,
        uniswap_v3::ExactOutputSingle, uniswap_v3::ExactOutput>,
    public Venue
{
public:
    UniswapV3Router(ContractIdentity identity, ContractId factory)
      : ContractBase{std::move(identity)}, factory_id_{factory}
    {}

    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }
    void connect(World& world) override;

    [[nodiscard]] ContractId factory() const noexcept { return factory_id_; }

    // Venue (exchange.cpp).

    [[nodiscard]] const Contract& contract() const noexcept override { return *this; }
    [[nodiscard]] std::vector<const Exchange*> exchanges() const override;
    [[nodiscard]] bool serves(const Exchange& exchange) const override;
    [[nodiscard]] std::size_t hops_max() const noexcept override { return 7; }
    [[nodiscard]] std::uint64_t swap_gas(std::size_t hops) const noexcept override;
    [[nodiscard]] std::uint64_t extra_gas(std::size_t hops) const noexcept override;
    void add_swap(CallWriter& calls, const SwapOrder& order) const override;
    void add_deposit(CallWriter& calls, const DepositOrder& order) const override;
    void add_withdrawal(CallWriter& calls, const WithdrawalOrder& order) const override;
    [[nodiscard]] OrderFailure failure_of(const Refusal& refusal) const override;

    // Errors of all calls, in this order: Transaction too old; without data for a pool that is not
    // there; those of the pool's swap; STF; Too little received, Too much requested; of exact
    // output without a limit, without data, if the pool cannot pay it all.

    using ContractBase::declare;
    using ContractBase::execute;
    void declare(
        const uniswap_v3::ExactInputSingle& call, AccountId sender, AccessCollector& access) const;
    void declare(
        const uniswap_v3::ExactInput& call, AccountId sender, AccessCollector& access) const;
    Result<Returns> execute(const uniswap_v3::ExactInputSingle& call, CallContext& context);
    Result<Returns> execute(const uniswap_v3::ExactInput& call, CallContext& context);
    Result<Returns> execute(const uniswap_v3::ExactOutputSingle& call, CallContext& context);
    Result<Returns> execute(const uniswap_v3::ExactOutput& call, CallContext& context);

    /// A hop of a path, in the direction of trade.
    struct Leg
    {
        UniswapV3Pool* pool = nullptr;
        bool zero_for_one = false;
    };

private:
    class InputPayer;
    class OutputPayer;

    [[nodiscard]] Result<Leg> leg(
        ContractId token_in, ContractId token_out, std::uint32_t fee) const;
    [[nodiscard]] Result<std::vector<Leg>> legs(
        const uniswap_v3::TokenPath& path, const uniswap_v3::FeePath& fees) const;
    Result<Amount> swap_exact_input(CallContext& context, const Leg& leg, const Amount& amount_in,
        AccountId recipient, const Amount& limit, AccountId payer);
    Result<Amount> swap_exact_output(CallContext& context, std::span<const Leg> legs,
        const Amount& amount_out, AccountId recipient, const Amount& limit, AccountId payer);
    void declare_leg(
        const Leg& leg, AccountId payer, AccountId recipient, AccessCollector& access) const;

    ContractId factory_id_;
    World* world_ = nullptr;
    const UniswapV3Factory* factory_ = nullptr;
};

}  // namespace runnel::contracts
