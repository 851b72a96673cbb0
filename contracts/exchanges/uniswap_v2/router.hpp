#pragma once

#include "contracts/kit/sectors/exchange.hpp"

#include <cstdint>

namespace runnel::contracts
{

class UniswapV2Factory;
class UniswapV2Pair;

/// The tokens of a swap in order of trade, from the one paid in to the one paid out.
using UniswapV2Path = ShortList<ContractId, 8>;

struct UniswapV2AddLiquidity
{
    RUNNEL_CALL("addLiquidity", 0, {131'800, 2'200});

    ContractId token_a{};
    ContractId token_b{};
    Amount amount_a_desired;
    Amount amount_b_desired;
    Amount amount_a_min;
    Amount amount_b_min;
    AccountId to{};
    std::uint64_t deadline = 0;
    RUNNEL_FIELDS(token_a, token_b, (amount_a_desired, smallest_unit_of("token_a")),
        (amount_b_desired, smallest_unit_of("token_b")),
        (amount_a_min, smallest_unit_of("token_a")), (amount_b_min, smallest_unit_of("token_b")),
        to, (deadline, unix_seconds));
};

struct UniswapV2RemoveLiquidity
{
    RUNNEL_CALL("removeLiquidity", 1, {127'100, 2'000});

    ContractId token_a{};
    ContractId token_b{};
    Amount liquidity;
    Amount amount_a_min;
    Amount amount_b_min;
    AccountId to{};
    std::uint64_t deadline = 0;
    RUNNEL_FIELDS(token_a, token_b, (liquidity, shares),
        (amount_a_min, smallest_unit_of("token_a")), (amount_b_min, smallest_unit_of("token_b")),
        to, (deadline, unix_seconds));
};

struct UniswapV2SwapExactTokensForTokens
{
    RUNNEL_CALL("swapExactTokensForTokens", 2, {80'200, 2'300});  // Of one hop.

    Amount amount_in;
    Amount amount_out_min;
    UniswapV2Path path;
    AccountId to{};
    std::uint64_t deadline = 0;
    RUNNEL_FIELDS((amount_in, smallest_unit_of_its("the first token")),
        (amount_out_min, smallest_unit_of_its("the last token")), path, to,
        (deadline, unix_seconds));
};

struct UniswapV2SwapTokensForExactTokens
{
    RUNNEL_CALL("swapTokensForExactTokens", 3, {80'200, 2'300});  // Of one hop.

    Amount amount_out;
    Amount amount_in_max;
    UniswapV2Path path;
    AccountId to{};
    std::uint64_t deadline = 0;
    RUNNEL_FIELDS((amount_out, smallest_unit_of_its("the last token")),
        (amount_in_max, smallest_unit_of_its("the first token")), path, to,
        (deadline, unix_seconds));
};

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
  : public ContractBase<UniswapV2Router, UniswapV2AddLiquidity, UniswapV2RemoveLiquidity,
        UniswapV2SwapExactTokensForTokens, UniswapV2SwapTokensForExactTokens>,
    public Venue
{
public:
    static constexpr std::size_t path_length_max =
        std::tuple_size_v<decltype(UniswapV2Path::items)>;
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
        const UniswapV2Path& path, const Amount& amount_in) const;
    /// What must be paid in now for exactly @p amount_out at the end of @p path.
    [[nodiscard]] Result<Amount> quote_exact_output(
        const UniswapV2Path& path, const Amount& amount_out) const;

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
        const UniswapV2AddLiquidity& call, AccountId sender, AccessCollector& access) const;
    void declare(
        const UniswapV2RemoveLiquidity& call, AccountId sender, AccessCollector& access) const;
    void declare(const UniswapV2SwapExactTokensForTokens& call, AccountId sender,
        AccessCollector& access) const;
    void declare(const UniswapV2SwapTokensForExactTokens& call, AccountId sender,
        AccessCollector& access) const;
    Result<Returns> execute(const UniswapV2AddLiquidity& call, CallContext& context);
    Result<Returns> execute(const UniswapV2RemoveLiquidity& call, CallContext& context);
    Result<Returns> execute(const UniswapV2SwapExactTokensForTokens& call, CallContext& context);
    Result<Returns> execute(const UniswapV2SwapTokensForExactTokens& call, CallContext& context);

private:
    /// One amount per token of a path.
    using Amounts = std::array<Amount, path_length_max>;

    [[nodiscard]] Result<UniswapV2Pair*> pair_for(ContractId token_a, ContractId token_b) const;
    /// @p reserves is a callable (pair) -> {reserve0, reserve1}.
    template <typename Reserves>
    [[nodiscard]] Result<Amounts> amounts_out(
        const UniswapV2Path& path, const Amount& amount_in, Reserves&& reserves) const;
    template <typename Reserves>
    [[nodiscard]] Result<Amounts> amounts_in(
        const UniswapV2Path& path, const Amount& amount_out, Reserves&& reserves) const;
    Result<void> pull(CallContext& context, ContractId token, AccountId to, const Amount& amount);
    Result<void> swap_along(
        CallContext& context, const UniswapV2Path& path, const Amounts& amounts, AccountId to);
    void declare_swap(
        const UniswapV2Path& path, AccountId to, AccountId sender, AccessCollector& access) const;

    ContractId factory_id_;
    const UniswapV2Factory* factory_ = nullptr;
};

}  // namespace runnel::contracts
