#pragma once

#include "ledger/event.hpp"

/// The logs of Uniswap v3: names, order of fields and topics as deployed.
/// Source: Uniswap v3-core `IUniswapV3PoolEvents.sol`, `IUniswapV3Factory.sol`.
namespace runnel::contracts::uniswap_v3
{

/// A pool deployed by createPool.
struct PoolCreatedLog
{
    static constexpr std::string_view table = "uniswap_v3_pools_created";
    static constexpr std::string_view signature =
        "PoolCreated(address indexed,address indexed,uint24 indexed,int24,address)";
    static constexpr std::array<std::string_view, 5> meanings{"The token with the lower address.",
        "The other token.", "What every swap pays.",
        "How far apart ticks are that may hold liquidity.", "The new pool."};

    ContractId token0{};
    ContractId token1{};
    std::uint32_t fee = 0;
    std::int32_t tick_spacing = 0;
    ContractId pool{};
    RUNNEL_FIELDS(token0, token1, (fee, other("1e-6")), tick_spacing, pool);
};

struct OwnerChangedLog
{
    static constexpr std::string_view table = "uniswap_v3_owners_changed";
    static constexpr std::string_view signature = "OwnerChanged(address indexed,address indexed)";
    static constexpr std::array<std::string_view, 2> meanings{"Who it was.", "Who it is."};

    AccountId old_owner{};
    AccountId new_owner{};
    RUNNEL_FIELDS(old_owner, new_owner);
};

struct FeeAmountEnabledLog
{
    static constexpr std::string_view table = "uniswap_v3_fee_amounts_enabled";
    static constexpr std::string_view signature = "FeeAmountEnabled(uint24 indexed,int24 indexed)";
    static constexpr std::array<std::string_view, 2> meanings{
        "What every swap of such a pool pays.", "How far apart its ticks are."};

    std::uint32_t fee = 0;
    std::int32_t tick_spacing = 0;
    RUNNEL_FIELDS((fee, other("1e-6")), tick_spacing);
};

struct InitializeLog
{
    static constexpr std::string_view table = "uniswap_v3_initializations";
    static constexpr std::string_view signature = "Initialize(uint160,int24)";
    static constexpr std::array<std::string_view, 2> meanings{"The first price.", "Its tick."};

    Amount sqrt_price_x96;
    std::int32_t tick = 0;
    RUNNEL_FIELDS((sqrt_price_x96, other("sqrt(token1 per token0), Q64.96")), tick);
};

struct MintLog
{
    static constexpr std::string_view table = "uniswap_v3_mints";
    static constexpr std::string_view signature =
        "Mint(address,address indexed,int24 indexed,int24 indexed,uint128,uint256,uint256)";
    static constexpr std::array<std::string_view, 7> meanings{"Who called the pool and paid.",
        "Whose position it is.", "The lower end of its range.", "The upper end of its range.",
        "The liquidity added.", "What was paid of token0.", "What was paid of token1."};

    AccountId sender{};
    AccountId owner{};
    std::int32_t tick_lower = 0;
    std::int32_t tick_upper = 0;
    Amount amount;
    Amount amount0;
    Amount amount1;
    RUNNEL_FIELDS(sender, owner, tick_lower, tick_upper, (amount, other("liquidity")),
        (amount0, smallest_unit_of_its("token0")), (amount1, smallest_unit_of_its("token1")));
};

struct BurnLog
{
    static constexpr std::string_view table = "uniswap_v3_burns";
    static constexpr std::string_view signature =
        "Burn(address indexed,int24 indexed,int24 indexed,uint128,uint256,uint256)";
    static constexpr std::array<std::string_view, 6> meanings{"Whose position it is.",
        "The lower end of its range.", "The upper end of its range.", "The liquidity taken.",
        "What is owed more of token0.", "What is owed more of token1."};

    AccountId owner{};
    std::int32_t tick_lower = 0;
    std::int32_t tick_upper = 0;
    Amount amount;
    Amount amount0;
    Amount amount1;
    RUNNEL_FIELDS(owner, tick_lower, tick_upper, (amount, other("liquidity")),
        (amount0, smallest_unit_of_its("token0")), (amount1, smallest_unit_of_its("token1")));
};

struct CollectLog
{
    static constexpr std::string_view table = "uniswap_v3_collects";
    static constexpr std::string_view signature =
        "Collect(address indexed,address,int24 indexed,int24 indexed,uint128,uint128)";
    static constexpr std::array<std::string_view, 6> meanings{"Whose position it is.",
        "Who got it.", "The lower end of its range.", "The upper end of its range.",
        "What went out of token0.", "What went out of token1."};

    AccountId owner{};
    AccountId recipient{};
    std::int32_t tick_lower = 0;
    std::int32_t tick_upper = 0;
    Amount amount0;
    Amount amount1;
    RUNNEL_FIELDS(owner, recipient, tick_lower, tick_upper,
        (amount0, smallest_unit_of_its("token0")), (amount1, smallest_unit_of_its("token1")));
};

/// Amounts as the pool's balances change: positive came in, negative went out.
struct SwapLog
{
    static constexpr std::string_view table = "uniswap_v3_swaps";
    static constexpr std::string_view signature =
        "Swap(address indexed,address indexed,int256,int256,uint160,uint128,int24)";
    static constexpr std::array<std::string_view, 7> meanings{"Who called the pool.",
        "Who got what went out.", "What came in of token0; negative: went out.",
        "What came in of token1; negative: went out.", "The price after the swap.",
        "The liquidity in range after the swap.", "The tick after the swap."};

    AccountId sender{};
    AccountId recipient{};
    Int256 amount0;
    Int256 amount1;
    Amount sqrt_price_x96;
    Amount liquidity;
    std::int32_t tick = 0;
    RUNNEL_FIELDS(sender, recipient, (amount0, smallest_unit_of_its("token0")),
        (amount1, smallest_unit_of_its("token1")),
        (sqrt_price_x96, other("sqrt(token1 per token0), Q64.96")), (liquidity, other("liquidity")),
        tick);
};

struct FlashLog
{
    static constexpr std::string_view table = "uniswap_v3_flashes";
    static constexpr std::string_view signature =
        "Flash(address indexed,address indexed,uint256,uint256,uint256,uint256)";
    static constexpr std::array<std::string_view, 6> meanings{"Who called the pool and paid back.",
        "Who got the loan.", "What was lent of token0.", "What was lent of token1.",
        "What was paid for it in token0.", "What was paid for it in token1."};

    AccountId sender{};
    AccountId recipient{};
    Amount amount0;
    Amount amount1;
    Amount paid0;
    Amount paid1;
    RUNNEL_FIELDS(sender, recipient, (amount0, smallest_unit_of_its("token0")),
        (amount1, smallest_unit_of_its("token1")), (paid0, smallest_unit_of_its("token0")),
        (paid1, smallest_unit_of_its("token1")));
};

struct IncreaseObservationCardinalityNextLog
{
    static constexpr std::string_view table = "uniswap_v3_observation_cardinalities";
    static constexpr std::string_view signature =
        "IncreaseObservationCardinalityNext(uint16,uint16)";
    static constexpr std::array<std::string_view, 2> meanings{
        "How many slots were ready before.", "How many are ready now."};

    std::uint16_t observation_cardinality_next_old = 0;
    std::uint16_t observation_cardinality_next_new = 0;
    RUNNEL_FIELDS(observation_cardinality_next_old, observation_cardinality_next_new);
};

struct SetFeeProtocolLog
{
    static constexpr std::string_view table = "uniswap_v3_protocol_fees_set";
    static constexpr std::string_view signature = "SetFeeProtocol(uint8,uint8,uint8,uint8)";
    static constexpr std::array<std::string_view, 4> meanings{
        "The part of fees in token0 before: one of so many; 0: none.",
        "The part of fees in token1 before.", "The part of fees in token0 from now on.",
        "The part of fees in token1 from now on."};

    std::uint8_t fee_protocol0_old = 0;
    std::uint8_t fee_protocol1_old = 0;
    std::uint8_t fee_protocol0_new = 0;
    std::uint8_t fee_protocol1_new = 0;
    RUNNEL_FIELDS(fee_protocol0_old, fee_protocol1_old, fee_protocol0_new, fee_protocol1_new);
};

struct CollectProtocolLog
{
    static constexpr std::string_view table = "uniswap_v3_protocol_collects";
    static constexpr std::string_view signature =
        "CollectProtocol(address indexed,address indexed,uint128,uint128)";
    static constexpr std::array<std::string_view, 4> meanings{
        "Who collected.", "Who got it.", "What went out of token0.", "What went out of token1."};

    AccountId sender{};
    AccountId recipient{};
    Amount amount0;
    Amount amount1;
    RUNNEL_FIELDS(sender, recipient, (amount0, smallest_unit_of_its("token0")),
        (amount1, smallest_unit_of_its("token1")));
};

}  // namespace runnel::contracts::uniswap_v3
