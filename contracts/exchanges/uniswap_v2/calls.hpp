#pragma once

#include "contracts/exchanges/uniswap_v2/gas.hpp"
#include "ledger/call.hpp"

#include <cstdint>

/// The calls of Uniswap v2. Gas: see docs/gas.md.
namespace runnel::contracts::uniswap_v2
{

// ---- Of the factory ----

/// Switches the protocol fee on (an account) or off (the zero account); only the setter may.
struct SetFeeTo
{
    RUNNEL_CALL("setFeeTo", 0, {24'800, 2'400});

    AccountId fee_to{};
    RUNNEL_FIELDS(fee_to);
};

struct SetFeeToSetter
{
    RUNNEL_CALL("setFeeToSetter", 1, {24'800, 2'400});

    AccountId fee_to_setter{};
    RUNNEL_FIELDS(fee_to_setter);
};

/// Tokens are named by their contracts' accounts, as addresses are on Ethereum.
struct CreatePair
{
    RUNNEL_CALL("createPair", 2, {3'200, 900});  // A pair costs pair_deployment_gas more.

    AccountId token_a{};
    AccountId token_b{};
    RUNNEL_FIELDS(token_a, token_b);
};

// ---- Of a pair; calls 0 to 2 are those of every ERC-20 token (contracts/kit/token.hpp) ----

/// Turns what the pair holds beyond its reserves into shares for @p to.
struct Mint
{
    RUNNEL_CALL("mint", 3, {75'200, 2'900});

    AccountId to{};
    RUNNEL_FIELDS(to);
};

/// Pays @p to the part of the pair's tokens that the shares held by the pair itself stand for.
struct Burn
{
    RUNNEL_CALL("burn", 4, {100'800, 2'900});

    AccountId to{};
    RUNNEL_FIELDS(to);
};

/// Pays out the amounts named, then wants to have been paid enough.
struct Swap
{
    RUNNEL_CALL("swap", 5, {46'500, 2'900});

    Amount amount0_out;
    Amount amount1_out;
    AccountId to{};
    /// Not empty: after the payout and before the pair counts, @p to is called. That is this list,
    /// which runs as the caller, if @p to is the caller; else what @p to has registered.
    CallList data;
    RUNNEL_FIELDS((amount0_out, smallest_unit_of_its("token0")),
        (amount1_out, smallest_unit_of_its("token1")), to, data);
};

/// Pays @p to what the pair holds beyond its reserves.
struct Skim
{
    RUNNEL_CALL("skim", 6, {43'600, 2'900});

    AccountId to{};
    RUNNEL_FIELDS(to);
};

/// Sets the reserves to what the pair holds.
struct Sync
{
    RUNNEL_CALL("sync", 7, {34'700, 2'900});
    RUNNEL_FIELDS();
};

// ---- Of the router ----

/// The tokens of a swap in order of trade, from the one paid in to the one paid out.
using Path = ShortList<ContractId, 8>;

struct AddLiquidity
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

struct RemoveLiquidity
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

struct SwapExactTokensForTokens
{
    RUNNEL_CALL("swapExactTokensForTokens", 2, {80'200, 2'300});  // Of one hop.

    Amount amount_in;
    Amount amount_out_min;
    Path path;
    AccountId to{};
    std::uint64_t deadline = 0;
    RUNNEL_FIELDS((amount_in, smallest_unit_of_its("the first token")),
        (amount_out_min, smallest_unit_of_its("the last token")), path, to,
        (deadline, unix_seconds));
};

struct SwapTokensForExactTokens
{
    RUNNEL_CALL("swapTokensForExactTokens", 3, {80'200, 2'300});  // Of one hop.

    Amount amount_out;
    Amount amount_in_max;
    Path path;
    AccountId to{};
    std::uint64_t deadline = 0;
    RUNNEL_FIELDS((amount_out, smallest_unit_of_its("the last token")),
        (amount_in_max, smallest_unit_of_its("the first token")), path, to,
        (deadline, unix_seconds));
};

// The router's calls for tokens that take a fee on transfers, and for native coins. `value` stands
// for the call's own value (msg.value). Their gas is put together from the calls above, WETH9's and
// a transfer; no recording has them.

struct SwapExactTokensForTokensSupportingFeeOnTransferTokens
{
    RUNNEL_CALL(
        "swapExactTokensForTokensSupportingFeeOnTransferTokens", 4, {87'200, 2'300});  // One hop.

    Amount amount_in;
    Amount amount_out_min;
    Path path;
    AccountId to{};
    std::uint64_t deadline = 0;
    RUNNEL_FIELDS((amount_in, smallest_unit_of_its("the first token")),
        (amount_out_min, smallest_unit_of_its("the last token")), path, to,
        (deadline, unix_seconds));
};

struct SwapExactETHForTokens
{
    RUNNEL_CALL("swapExactETHForTokens", 5, {87'000, 2'300});  // Of one hop, likewise below.

    Amount value;
    Amount amount_out_min;
    Path path;
    AccountId to{};
    std::uint64_t deadline = 0;
    RUNNEL_FIELDS((value, wei), (amount_out_min, smallest_unit_of_its("the last token")), path, to,
        (deadline, unix_seconds));
};

struct SwapTokensForExactETH
{
    RUNNEL_CALL("swapTokensForExactETH", 6, {103'000, 2'300});

    Amount amount_out;
    Amount amount_in_max;
    Path path;
    AccountId to{};
    std::uint64_t deadline = 0;
    RUNNEL_FIELDS((amount_out, wei), (amount_in_max, smallest_unit_of_its("the first token")), path,
        to, (deadline, unix_seconds));
};

struct SwapExactTokensForETH
{
    RUNNEL_CALL("swapExactTokensForETH", 7, {103'000, 2'300});

    Amount amount_in;
    Amount amount_out_min;
    Path path;
    AccountId to{};
    std::uint64_t deadline = 0;
    RUNNEL_FIELDS((amount_in, smallest_unit_of_its("the first token")), (amount_out_min, wei), path,
        to, (deadline, unix_seconds));
};

struct SwapETHForExactTokens
{
    RUNNEL_CALL("swapETHForExactTokens", 8, {94'000, 2'300});

    Amount value;  // What is not needed comes back.
    Amount amount_out;
    Path path;
    AccountId to{};
    std::uint64_t deadline = 0;
    RUNNEL_FIELDS((value, wei), (amount_out, smallest_unit_of_its("the last token")), path, to,
        (deadline, unix_seconds));
};

struct SwapExactETHForTokensSupportingFeeOnTransferTokens
{
    RUNNEL_CALL("swapExactETHForTokensSupportingFeeOnTransferTokens", 9, {94'000, 2'300});

    Amount value;
    Amount amount_out_min;
    Path path;
    AccountId to{};
    std::uint64_t deadline = 0;
    RUNNEL_FIELDS((value, wei), (amount_out_min, smallest_unit_of_its("the last token")), path, to,
        (deadline, unix_seconds));
};

struct SwapExactTokensForETHSupportingFeeOnTransferTokens
{
    RUNNEL_CALL("swapExactTokensForETHSupportingFeeOnTransferTokens", 10, {106'000, 2'300});

    Amount amount_in;
    Amount amount_out_min;
    Path path;
    AccountId to{};
    std::uint64_t deadline = 0;
    RUNNEL_FIELDS((amount_in, smallest_unit_of_its("the first token")), (amount_out_min, wei), path,
        to, (deadline, unix_seconds));
};

struct AddLiquidityETH
{
    RUNNEL_CALL("addLiquidityETH", 11, {145'000, 2'200});

    Amount value;  // What is not needed comes back.
    ContractId token{};
    Amount amount_token_desired;
    Amount amount_token_min;
    Amount amount_eth_min;
    AccountId to{};
    std::uint64_t deadline = 0;
    RUNNEL_FIELDS((value, wei), token, (amount_token_desired, smallest_unit_of("token")),
        (amount_token_min, smallest_unit_of("token")), (amount_eth_min, wei), to,
        (deadline, unix_seconds));
};

struct RemoveLiquidityETH
{
    RUNNEL_CALL("removeLiquidityETH", 12, {165'000, 2'000});

    ContractId token{};
    Amount liquidity;
    Amount amount_token_min;
    Amount amount_eth_min;
    AccountId to{};
    std::uint64_t deadline = 0;
    RUNNEL_FIELDS(token, (liquidity, shares), (amount_token_min, smallest_unit_of("token")),
        (amount_eth_min, wei), to, (deadline, unix_seconds));
};

struct RemoveLiquidityETHSupportingFeeOnTransferTokens
{
    RUNNEL_CALL("removeLiquidityETHSupportingFeeOnTransferTokens", 13, {168'000, 2'000});

    ContractId token{};
    Amount liquidity;
    Amount amount_token_min;
    Amount amount_eth_min;
    AccountId to{};
    std::uint64_t deadline = 0;
    RUNNEL_FIELDS(token, (liquidity, shares), (amount_token_min, smallest_unit_of("token")),
        (amount_eth_min, wei), to, (deadline, unix_seconds));
};

}  // namespace runnel::contracts::uniswap_v2
