#pragma once

#include "contracts/exchanges/uniswap_v2/calls.hpp"
#include "contracts/kit/sectors/exchange.hpp"

#include <cstdint>

namespace runnel::contracts
{

class UniswapV2Factory;
class UniswapV2Pair;

/// Trades and adds liquidity on behalf of who has approved it, with limits on amounts and time.
///
/// It holds nothing. Deadlines are unix seconds and still good in their own second; 2^64-1 never
/// passes. Swaps return the amounts paid in and paid out, whatever the length of the path.
/// Errors, beside those of the pair and of UniswapV2Library (math.hpp): UniswapV2Router: EXPIRED,
/// UniswapV2Router: INSUFFICIENT_A_AMOUNT, UniswapV2Router: INSUFFICIENT_B_AMOUNT, UniswapV2Router:
/// INSUFFICIENT_OUTPUT_AMOUNT, UniswapV2Router: EXCESSIVE_INPUT_AMOUNT, UniswapV2Library:
/// INVALID_PATH, UniswapV2Library: IDENTICAL_ADDRESSES, no reason where there is no pair,
/// TransferHelper: TRANSFER_FROM_FAILED if a token refuses to be paid in.
/// Source: Uniswap v2-periphery `UniswapV2Router02.sol`, `UniswapV2Library.sol`.
class UniswapV2Router
  : public ContractBase<UniswapV2Router, uniswap_v2::AddLiquidity, uniswap_v2::RemoveLiquidity,
        uniswap_v2::SwapExactTokensForTokens, uniswap_v2::SwapTokensForExactTokens>,
    public Venue
{
public:
    static constexpr std::size_t path_length_max =
        std::tuple_size_v<decltype(uniswap_v2::Path::items)>;
    /// For every hop of a path after the first: a pair's swap and the router's share of it.
    static constexpr std::uint64_t hop_gas = 50'000;

    UniswapV2Router(ContractIdentity identity, ContractId factory);

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
    Result<void> swap_along(
        CallContext& context, const uniswap_v2::Path& path, const Amounts& amounts, AccountId to);
    void declare_swap(const uniswap_v2::Path& path, AccountId to, AccountId sender,
        AccessCollector& access) const;

    ContractId factory_id_;
    const UniswapV2Factory* factory_ = nullptr;
};

}  // namespace runnel::contracts
