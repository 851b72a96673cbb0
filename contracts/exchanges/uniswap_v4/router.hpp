#pragma once

#include "contracts/exchanges/uniswap_v4/manager.hpp"
#include "contracts/exchanges/uniswap_v4/router_calls.hpp"
#include "contracts/kit/sectors/exchange.hpp"

#include <vector>

namespace runnel::contracts
{

/// Swaps along paths of a manager's pools and keeps positions in them, paid from its caller's
/// allowance, or with native coins of his.
///
/// Its positions in the manager are told apart by their salt, the number of the account that owns
/// them: an account has one in each range. Swaps are worded as Uniswap v4-periphery's `V4Router`,
/// with the deadline of the Universal Router; changes of liquidity as its `PositionManager`,
/// without NFTs: limits are on the principal, without what a position has earned.
///
/// Errors of swaps, in this order: TransactionDeadlinePassed; without data for a path that is none;
/// those of the manager; V4TooLittleReceived, V4TooMuchRequested; those of payments. Of the others:
/// DeadlinePassed; those of the manager; MaximumAmountExceeded, MinimumAmountInsufficient; those of
/// payments.
class UniswapV4Router
  : public ContractBase<UniswapV4Router, uniswap_v4::SwapExactInput, uniswap_v4::SwapExactOutput,
        uniswap_v4::AddLiquidity, uniswap_v4::RemoveLiquidity>,
    public Venue
{
public:
    UniswapV4Router(ContractIdentity identity, ContractId manager)
      : ContractBase{std::move(identity)}, manager_id_{manager}
    {}

    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }
    void connect(World& world) override;

    [[nodiscard]] ContractId manager_id() const noexcept { return manager_id_; }
    /// Of positions of @p owner.
    [[nodiscard]] static Amount salt_of(AccountId owner) noexcept { return Amount{index(owner)}; }
    /// The other way round, of what is such a salt.
    [[nodiscard]] static AccountId owner_of(const Amount& salt) noexcept
    {
        return AccountId{static_cast<std::uint32_t>(salt.low64())};
    }

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

    using ContractBase::declare;
    using ContractBase::execute;
    void declare(const uniswap_v4::SwapExactInput& call, AccountId, AccessCollector& access) const;
    void declare(const uniswap_v4::SwapExactOutput& call, AccountId, AccessCollector& access) const;
    void declare(const uniswap_v4::AddLiquidity& call, AccountId, AccessCollector& access) const;
    void declare(const uniswap_v4::RemoveLiquidity& call, AccountId, AccessCollector& access) const;
    Result<Returns> execute(const uniswap_v4::SwapExactInput& call, CallContext& context);
    Result<Returns> execute(const uniswap_v4::SwapExactOutput& call, CallContext& context);
    Result<Returns> execute(const uniswap_v4::AddLiquidity& call, CallContext& context);
    Result<Returns> execute(const uniswap_v4::RemoveLiquidity& call, CallContext& context);

private:
    class InputSwap;
    class OutputSwap;
    class Change;

    Result<void> settle(CallContext& context, ContractId currency, AccountId payer);
    Result<void> take(CallContext& context, ContractId currency, AccountId recipient);
    void declare_payment(ContractId currency, AccountId payer, AccessCollector& access) const;
    void declare_swap(const uniswap_v4::Path& path, AccountId payer, AccountId recipient,
        AccessCollector& access) const;

    ContractId manager_id_;
    World* world_ = nullptr;
    UniswapV4Manager* manager_ = nullptr;
};

}  // namespace runnel::contracts
