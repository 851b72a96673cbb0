#pragma once

#include "ledger/event.hpp"

#include <array>

/// The logs of Uniswap v2: names, order of fields and topics as deployed.
/// Source: Uniswap v2-core `IUniswapV2Pair.sol`, `IUniswapV2Factory.sol`.
namespace runnel::contracts::uniswap_v2
{

/// A pair deployed by createPair.
struct PairCreatedLog
{
    static constexpr std::string_view table = "uniswap_v2_pairs_created";
    static constexpr std::string_view signature =
        "PairCreated(address indexed,address indexed,address,uint256)";
    static constexpr std::array<std::string_view, 4> meanings{"The token with the lower address.",
        "The other token.", "The new pool.", "How many pairs the factory has, this one included."};

    ContractId token0{};
    ContractId token1{};
    ContractId pair{};
    std::uint64_t pair_count = 0;  // The factory's, this one included.
    RUNNEL_FIELDS(token0, token1, pair, pair_count);
};

struct MintLog
{
    static constexpr std::string_view table = "uniswap_v2_mints";
    static constexpr std::string_view signature = "Mint(address indexed,uint256,uint256)";
    static constexpr std::array<std::string_view, 3> meanings{
        "Who called the pair.", "What came in of token0.", "What came in of token1."};

    AccountId sender{};
    Amount amount0;
    Amount amount1;
    RUNNEL_FIELDS(sender, (amount0, smallest_unit_of_its("token0")),
        (amount1, smallest_unit_of_its("token1")));
};

struct BurnLog
{
    static constexpr std::string_view table = "uniswap_v2_burns";
    static constexpr std::string_view signature =
        "Burn(address indexed,uint256,uint256,address indexed)";
    static constexpr std::array<std::string_view, 4> meanings{"Who called the pair.",
        "What went out of token0.", "What went out of token1.", "Who got it."};

    AccountId sender{};
    Amount amount0;
    Amount amount1;
    AccountId to_address{};
    RUNNEL_FIELDS(sender, (amount0, smallest_unit_of_its("token0")),
        (amount1, smallest_unit_of_its("token1")), to_address);
};

struct SwapLog
{
    static constexpr std::string_view table = "uniswap_v2_swaps";
    static constexpr std::string_view signature =
        "Swap(address indexed,uint256,uint256,uint256,uint256,address indexed)";
    static constexpr std::array<std::string_view, 6> meanings{"Who called the pair.",
        "What came in of token0.", "What came in of token1.", "What went out of token0.",
        "What went out of token1.", "Who got it."};

    AccountId sender{};
    Amount amount0_in;
    Amount amount1_in;
    Amount amount0_out;
    Amount amount1_out;
    AccountId to_address{};
    RUNNEL_FIELDS(sender, (amount0_in, smallest_unit_of_its("token0")),
        (amount1_in, smallest_unit_of_its("token1")), (amount0_out, smallest_unit_of_its("token0")),
        (amount1_out, smallest_unit_of_its("token1")), to_address);
};

struct SyncLog
{
    static constexpr std::string_view table = "uniswap_v2_syncs";
    static constexpr std::string_view signature = "Sync(uint112,uint112)";
    static constexpr std::array<std::string_view, 2> meanings{
        "What the pair has of token0.", "What the pair has of token1."};

    Amount reserve0;
    Amount reserve1;
    RUNNEL_FIELDS(
        (reserve0, smallest_unit_of_its("token0")), (reserve1, smallest_unit_of_its("token1")));
};

}  // namespace runnel::contracts::uniswap_v2
