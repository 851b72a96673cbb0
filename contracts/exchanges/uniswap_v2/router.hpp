#pragma once

#include "contracts/exchanges/uniswap_v2/calls.hpp"
#include "contracts/kit/sectors/exchange.hpp"
#include "contracts/tokens/native/native_receiver.hpp"

#include <cstdint>
#include <optional>

namespace runnel::contracts
{

class NativeCoin;
class UniswapV2Factory;
class UniswapV2Pair;
class Weth9;

/// Trades and adds liquidity on behalf of who has approved it, with limits on amounts and time.
///
/// It holds nothing from transaction to transaction. Calls with ETH in their names want a WETH9; a
/// router without one refuses them without a reason, as code that is not there does. Deadlines are
/// unix seconds and still good in their own second; 2^64-1 never passes. Swaps return the amounts
/// paid in and paid out, whatever the length of the path. Errors, beside those of the pair and of
/// UniswapV2Library (math.hpp): UniswapV2Router: EXPIRED, UniswapV2Router: INSUFFICIENT_A_AMOUNT,
/// UniswapV2Router: INSUFFICIENT_B_AMOUNT, UniswapV2Router: INSUFFICIENT_OUTPUT_AMOUNT,
/// UniswapV2Router: EXCESSIVE_INPUT_AMOUNT, UniswapV2Library: INVALID_PATH, UniswapV2Library:
/// IDENTICAL_ADDRESSES, no reason where there is no pair, TransferHelper: TRANSFER_FROM_FAILED if a
/// token refuses to be paid in, or says false; UniswapV2Router: INVALID_PATH if WETH9 is not where
/// ETH is, an invalid opcode for a path without the token that is looked at; TransferHelper:
/// TRANSFER_FAILED, TransferHelper: ETH_TRANSFER_FAILED. Source: Uniswap v2-periphery
/// `UniswapV2Router02.sol`, `UniswapV2Library.sol`.
class UniswapV2Router
  : public ContractBase<UniswapV2Router, uniswap_v2::AddLiquidity, uniswap_v2::RemoveLiquidity,
        uniswap_v2::SwapExactTokensForTokens, uniswap_v2::SwapTokensForExactTokens,
        uniswap_v2::SwapExactTokensForTokensSupportingFeeOnTransferTokens,
        uniswap_v2::SwapExactETHForTokens, uniswap_v2::SwapTokensForExactETH,
        uniswap_v2::SwapExactTokensForETH, uniswap_v2::SwapETHForExactTokens,
        uniswap_v2::SwapExactETHForTokensSupportingFeeOnTransferTokens,
        uniswap_v2::SwapExactTokensForETHSupportingFeeOnTransferTokens, uniswap_v2::AddLiquidityETH,
        uniswap_v2::RemoveLiquidityETH,
        uniswap_v2::RemoveLiquidityETHSupportingFeeOnTransferTokens>,
    public Venue,
    public NativeReceiver
{
public:
    static constexpr std::size_t path_length_max =
        std::tuple_size_v<decltype(uniswap_v2::Path::items)>;
    /// For every hop of a path after the first: a pair's swap and the router's share of it.
    static constexpr std::uint64_t hop_gas = 50'000;

    UniswapV2Router(ContractIdentity identity, ContractId factory,
        std::optional<ContractId> weth = std::nullopt);

    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }
    void connect(World& world) override;

    // Views of committed state, for strategies and reports.

    [[nodiscard]] ContractId factory() const noexcept { return factory_id_; }
    /// What swapping exactly @p amount_in along @p path pays out now. Errors: those of
    /// swapExactTokensForTokens up to its check of the minimum.
    [[nodiscard]] Result<Amount> quote_exact_input(
        const uniswap_v2::Path& path, const Amount& amount_in) const;
    /// What must be paid in now for exactly @p amount_out at the end of @p path.
    [[nodiscard]] Result<Amount> quote_exact_output(
        const uniswap_v2::Path& path, const Amount& amount_out) const;

    // Venue (exchange.cpp): of all pairs of its factory.

    [[nodiscard]] const Contract& contract() const noexcept override { return *this; }
    [[nodiscard]] std::vector<const Exchange*> exchanges() const override;
    [[nodiscard]] bool serves(const Exchange& exchange) const override;
    [[nodiscard]] std::size_t hops_max() const noexcept override { return path_length_max - 1; }
    [[nodiscard]] std::uint64_t swap_gas(std::size_t hops) const noexcept override;
    [[nodiscard]] std::uint64_t extra_gas(std::size_t hops) const noexcept override;
    void add_swap(CallWriter& calls, const SwapOrder& order) const override;
    void add_deposit(CallWriter& calls, const DepositOrder& order) const override;
    [[nodiscard]] std::optional<std::uint64_t> opening_gas(
        std::span<const ContractId> tokens) const override;
    void add_opening(CallWriter& calls, const OpeningOrder& order) const override;
    void add_withdrawal(CallWriter& calls, const WithdrawalOrder& order) const override;
    [[nodiscard]] bool spends_shares() const noexcept override { return true; }
    [[nodiscard]] OrderFailure failure_of(const Refusal& refusal) const override;

    using ContractBase::declare;
    using ContractBase::execute;
    void declare(
        const uniswap_v2::AddLiquidity& call, AccountId sender, AccessCollector& access) const;
    void declare(
        const uniswap_v2::RemoveLiquidity& call, AccountId sender, AccessCollector& access) const;
    void declare(const uniswap_v2::SwapExactTokensForTokens& call, AccountId sender,
        AccessCollector& access) const;
    void declare(const uniswap_v2::SwapTokensForExactTokens& call, AccountId sender,
        AccessCollector& access) const;
    Result<Returns> execute(const uniswap_v2::AddLiquidity& call, CallContext& context);
    Result<Returns> execute(const uniswap_v2::RemoveLiquidity& call, CallContext& context);
    Result<Returns> execute(const uniswap_v2::SwapExactTokensForTokens& call, CallContext& context);
    Result<Returns> execute(const uniswap_v2::SwapTokensForExactTokens& call, CallContext& context);
    Result<Returns> execute(
        const uniswap_v2::SwapExactTokensForTokensSupportingFeeOnTransferTokens& call,
        CallContext& context);

    // Of native coins (router_eth.cpp). What they touch is found out by a dry run.

    Result<Returns> execute(const uniswap_v2::SwapExactETHForTokens& call, CallContext& context);
    Result<Returns> execute(const uniswap_v2::SwapTokensForExactETH& call, CallContext& context);
    Result<Returns> execute(const uniswap_v2::SwapExactTokensForETH& call, CallContext& context);
    Result<Returns> execute(const uniswap_v2::SwapETHForExactTokens& call, CallContext& context);
    Result<Returns> execute(
        const uniswap_v2::SwapExactETHForTokensSupportingFeeOnTransferTokens& call,
        CallContext& context);
    Result<Returns> execute(
        const uniswap_v2::SwapExactTokensForETHSupportingFeeOnTransferTokens& call,
        CallContext& context);
    Result<Returns> execute(const uniswap_v2::AddLiquidityETH& call, CallContext& context);
    Result<Returns> execute(const uniswap_v2::RemoveLiquidityETH& call, CallContext& context);
    Result<Returns> execute(const uniswap_v2::RemoveLiquidityETHSupportingFeeOnTransferTokens& call,
        CallContext& context);

    // NativeReceiver: of its WETH9 alone, an invalid opcode else.

    Result<void> receive(CallContext& context, AccountId from, const Amount& value) override;
    void declare_receive(AccessCollector&, AccountId) const override {}

private:
    /// One amount per token of a path.
    using Amounts = std::array<Amount, path_length_max>;

    [[nodiscard]] Result<UniswapV2Pair*> pair_for(ContractId token_a, ContractId token_b) const;
    /// @p reserves is a callable (pair) -> {reserve0, reserve1}.
    template <typename Reserves>
    [[nodiscard]] Result<Amounts> amounts_out(
        const uniswap_v2::Path& path, const Amount& amount_in, Reserves&& reserves) const;
    template <typename Reserves>
    [[nodiscard]] Result<Amounts> amounts_in(
        const uniswap_v2::Path& path, const Amount& amount_out, Reserves&& reserves) const;
    Result<void> pull(CallContext& context, ContractId token, AccountId to, const Amount& amount);
    /// How much of both tokens a deposit takes.
    Result<std::array<Amount, 2>> amounts_to_add(CallContext& context, const UniswapV2Pair& pair,
        ContractId token_a, const std::array<Amount, 2>& desired,
        const std::array<Amount, 2>& least);
    Result<std::array<Amount, 2>> remove(
        CallContext& context, const uniswap_v2::RemoveLiquidity& call, AccountId to);
    /// The pairs' part of a swap: the first one has been paid.
    Result<void> swap_along(
        CallContext& context, const uniswap_v2::Path& path, const Amounts& amounts, AccountId to);
    /// The same with as much as each pair has really been paid.
    Result<void> swap_what_came(CallContext& context, const uniswap_v2::Path& path, AccountId to);
    [[nodiscard]] Result<UniswapV2Pair*> first_pair(const uniswap_v2::Path& path) const;
    [[nodiscard]] Amount balance_of(CallContext& context, ContractId token, AccountId holder) const;

    // Of native coins.

    [[nodiscard]] Result<Weth9*> wrapper() const;
    [[nodiscard]] Result<void> require_wrapper_at(const uniswap_v2::Path& path, bool at_end) const;
    /// Takes a call's value, and wraps @p amount of it for @p to.
    Result<void> accept_value(CallContext& context, const Amount& value);
    Result<void> wrap(CallContext& context, const Amount& amount, AccountId to);
    Result<void> unwrap(CallContext& context, const Amount& amount, AccountId to);
    Result<void> send_native(CallContext& context, AccountId to, const Amount& amount);
    Result<void> send(CallContext& context, ContractId token, AccountId to, const Amount& amount);
    void declare_swap(const uniswap_v2::Path& path, AccountId to, AccountId sender,
        AccessCollector& access) const;

    ContractId factory_id_;
    std::optional<ContractId> weth_id_;
    const UniswapV2Factory* factory_ = nullptr;
    Weth9* weth_ = nullptr;
    NativeCoin* native_ = nullptr;
};

}  // namespace runnel::contracts
