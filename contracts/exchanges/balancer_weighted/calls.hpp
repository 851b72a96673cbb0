#pragma once

#include "contracts/exchanges/balancer_weighted/gas.hpp"
#include "ledger/call.hpp"

#include <cstdint>

/// The calls of a weighted pool; 0 to 2 are those of its shares. On mainnet the Vault takes them,
/// and the kinds of joins and exits are in data for the pool. Lists have an entry for each token.
namespace runnel::contracts::balancer_weighted
{

inline constexpr unsigned tokens_max = 8;

/// One amount per token.
using AmountList = ShortList<Amount, tokens_max>;

/// Vault.swap of kind GIVEN_IN.
struct SwapGivenIn
{
    RUNNEL_CALL("swapGivenIn", 3, {gas::swap, gas::entry});

    ContractId token_in{};
    ContractId token_out{};
    Amount amount_in;
    Amount amount_out_min;
    AccountId recipient{};
    std::uint64_t deadline = 0;
    RUNNEL_FIELDS(token_in, token_out, (amount_in, smallest_unit_of("token_in")),
        (amount_out_min, smallest_unit_of("token_out")), recipient, (deadline, unix_seconds));
};

/// Vault.swap of kind GIVEN_OUT.
struct SwapGivenOut
{
    RUNNEL_CALL("swapGivenOut", 4, {gas::swap, gas::entry});

    ContractId token_in{};
    ContractId token_out{};
    Amount amount_out;
    Amount amount_in_max;
    AccountId recipient{};
    std::uint64_t deadline = 0;
    RUNNEL_FIELDS(token_in, token_out, (amount_out, smallest_unit_of("token_out")),
        (amount_in_max, smallest_unit_of("token_in")), recipient, (deadline, unix_seconds));
};

/// EXACT_TOKENS_IN_FOR_BPT_OUT; INIT of a pool without shares.
struct JoinExactTokensIn
{
    RUNNEL_CALL("joinExactTokensIn", 5, {gas::join, gas::entry});

    AmountList amounts_in;
    Amount shares_out_min;
    AccountId recipient{};
    RUNNEL_FIELDS((amounts_in, smallest_unit_of_its("token")), (shares_out_min, shares), recipient);
};

/// TOKEN_IN_FOR_EXACT_BPT_OUT
struct JoinTokenIn
{
    RUNNEL_CALL("joinTokenInForExactSharesOut", 6, {gas::join, gas::entry});

    Amount shares_out;
    ContractId token{};
    Amount amount_in_max;
    AccountId recipient{};
    RUNNEL_FIELDS(
        (shares_out, shares), token, (amount_in_max, smallest_unit_of("token")), recipient);
};

/// ALL_TOKENS_IN_FOR_EXACT_BPT_OUT
struct JoinAllTokensIn
{
    RUNNEL_CALL("joinAllTokensInForExactSharesOut", 7, {gas::join, gas::entry});

    Amount shares_out;
    AmountList amounts_in_max;
    AccountId recipient{};
    RUNNEL_FIELDS((shares_out, shares), (amounts_in_max, smallest_unit_of_its("token")), recipient);
};

/// EXACT_BPT_IN_FOR_ONE_TOKEN_OUT
struct ExitOneToken
{
    RUNNEL_CALL("exitExactSharesInForOneTokenOut", 8, {gas::exit, gas::entry});

    Amount shares_in;
    ContractId token{};
    Amount amount_out_min;
    AccountId recipient{};
    RUNNEL_FIELDS(
        (shares_in, shares), token, (amount_out_min, smallest_unit_of("token")), recipient);
};

/// EXACT_BPT_IN_FOR_TOKENS_OUT
struct ExitAllTokens
{
    RUNNEL_CALL("exitExactSharesInForTokensOut", 9, {gas::exit, gas::entry});

    Amount shares_in;
    AmountList amounts_out_min;
    AccountId recipient{};
    RUNNEL_FIELDS((shares_in, shares), (amounts_out_min, smallest_unit_of_its("token")), recipient);
};

/// BPT_IN_FOR_EXACT_TOKENS_OUT
struct ExitExactTokens
{
    RUNNEL_CALL("exitSharesInForExactTokensOut", 10, {gas::exit, gas::entry});

    AmountList amounts_out;
    Amount shares_in_max;
    AccountId recipient{};
    RUNNEL_FIELDS((amounts_out, smallest_unit_of_its("token")), (shares_in_max, shares), recipient);
};

/// Of the owner.
struct SetSwapFeePercentage
{
    RUNNEL_CALL("setSwapFeePercentage", 11, {14'000, gas::entry});

    Amount swap_fee_percentage;
    RUNNEL_FIELDS((swap_fee_percentage, wad));
};

}  // namespace runnel::contracts::balancer_weighted
