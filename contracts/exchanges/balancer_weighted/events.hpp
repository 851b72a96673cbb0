#pragma once

#include "ledger/event.hpp"

/// Logs of the Vault and of a weighted pool. Source: v2-vault `IVault.sol`, v2-pool-utils
/// `BasePool.sol`.
namespace runnel::contracts::balancer_weighted
{

/// The Vault's.
struct SwapLog
{
    static constexpr std::string_view table = "balancer_swaps";
    static constexpr std::string_view signature =
        "Swap(bytes32 indexed,address indexed,address indexed,uint256,uint256)";
    static constexpr std::array<std::string_view, 5> meanings{"The pool, by its id in the Vault.",
        "What came in.", "What went out.", "How much came in, fee included.", "How much went out."};

    Amount pool_id;
    ContractId token_in{};
    ContractId token_out{};
    Amount amount_in;
    Amount amount_out;
    RUNNEL_FIELDS(pool_id, token_in, token_out, (amount_in, smallest_unit_of("token_in")),
        (amount_out, smallest_unit_of("token_out")));
};

struct SwapFeePercentageChangedLog
{
    static constexpr std::string_view table = "balancer_swap_fees";
    static constexpr std::string_view signature = "SwapFeePercentageChanged(uint256)";
    static constexpr std::array<std::string_view, 1> meanings{"The new fee, of 10^18."};

    Amount swap_fee_percentage;
    RUNNEL_FIELDS((swap_fee_percentage, wad));
};

/// A token's part in a join (positive) or an exit: a row each, where the Vault's log
/// PoolBalanceChanged has lists.
struct PoolBalanceChange
{
    static constexpr std::string_view name = "PoolBalanceChange";
    static constexpr std::string_view table = "balancer_pool_balance_changes";
    static constexpr std::array<std::string_view, 3> meanings{
        "Who joined or left.", "The token.", "How much came in, or, negative, went out."};

    AccountId liquidity_provider{};
    ContractId token{};
    Int256 delta;
    RUNNEL_FIELDS(liquidity_provider, token, (delta, smallest_unit_of("token")));
};

}  // namespace runnel::contracts::balancer_weighted
