#pragma once

#include "contracts/exchanges/uniswap_v3/factory.hpp"
#include "contracts/exchanges/uniswap_v3/periphery_calls.hpp"
#include "contracts/exchanges/uniswap_v3/pool.hpp"
#include "contracts/kit/nft.hpp"

#include <array>
#include <cstdint>

namespace runnel::contracts::uniswap_v3
{

/// The logs of the position manager. Source: `INonfungiblePositionManager.sol`.
struct IncreaseLiquidityLog
{
    static constexpr std::string_view table = "uniswap_v3_liquidity_increases";
    static constexpr std::string_view signature =
        "IncreaseLiquidity(uint256 indexed,uint128,uint256,uint256)";
    static constexpr std::array<std::string_view, 4> meanings{"The position's token.",
        "The liquidity added.", "What was paid of token0.", "What was paid of token1."};

    std::uint64_t token_id = 0;
    Amount liquidity;
    Amount amount0;
    Amount amount1;
    RUNNEL_FIELDS(token_id, (liquidity, other("liquidity")),
        (amount0, smallest_unit_of_its("token0")), (amount1, smallest_unit_of_its("token1")));
};

struct DecreaseLiquidityLog
{
    static constexpr std::string_view table = "uniswap_v3_liquidity_decreases";
    static constexpr std::string_view signature =
        "DecreaseLiquidity(uint256 indexed,uint128,uint256,uint256)";
    static constexpr std::array<std::string_view, 4> meanings{"The position's token.",
        "The liquidity taken.", "What is owed more of token0.", "What is owed more of token1."};

    std::uint64_t token_id = 0;
    Amount liquidity;
    Amount amount0;
    Amount amount1;
    RUNNEL_FIELDS(token_id, (liquidity, other("liquidity")),
        (amount0, smallest_unit_of_its("token0")), (amount1, smallest_unit_of_its("token1")));
};

struct CollectPositionLog
{
    static constexpr std::string_view table = "uniswap_v3_position_collects";
    static constexpr std::string_view signature =
        "Collect(uint256 indexed,address,uint256,uint256)";
    static constexpr std::array<std::string_view, 4> meanings{"The position's token.",
        "Who got it.", "What was asked for of token0, at most what is owed.",
        "What was asked for of token1, at most what is owed."};

    std::uint64_t token_id = 0;
    AccountId recipient{};
    Amount amount0;
    Amount amount1;
    RUNNEL_FIELDS(token_id, recipient, (amount0, smallest_unit_of_its("token0")),
        (amount1, smallest_unit_of_its("token1")));
};

/// What a token of the position manager stands for: a share of the manager's own position in a
/// pool, with an account of fees of its own.
struct ManagedPosition
{
    ContractId pool{};
    bool exists = false;
    std::int32_t tick_lower = 0;
    std::int32_t tick_upper = 0;
    Amount liquidity;  // uint128
    Amount fee_growth_inside0_last_x128;
    Amount fee_growth_inside1_last_x128;
    Amount tokens_owed0;  // uint128; wraps
    Amount tokens_owed1;
    RUNNEL_FIELDS(pool, exists, tick_lower, tick_upper, (liquidity, other("liquidity")),
        (fee_growth_inside0_last_x128, other("token0 per liquidity, Q128")),
        (fee_growth_inside1_last_x128, other("token1 per liquidity, Q128")),
        (tokens_owed0, smallest_unit_of_its("token0")),
        (tokens_owed1, smallest_unit_of_its("token1")));
};

struct PositionManagerState
{
    std::uint64_t next_id = 0;  // Of the next token; 1 is the first.
    RUNNEL_FIELDS(next_id);
};

}  // namespace runnel::contracts::uniswap_v3

namespace runnel::contracts
{

/// Holds positions in a factory's pools and gives ERC-721 tokens for them.
///
/// All tokens of one range share the manager's one position in the pool; each has its own reading
/// of the fee growth within the range, and is owed what has grown since. Source: Uniswap
/// v3-periphery 1.4 `NonfungiblePositionManager.sol`, `LiquidityManagement.sol`.
class UniswapV3PositionManager
  : public ContractBase<UniswapV3PositionManager, NftTransferFrom, NftApprove, NftSetApprovalForAll,
        uniswap_v3::MintPosition, uniswap_v3::IncreaseLiquidity, uniswap_v3::DecreaseLiquidity,
        uniswap_v3::CollectPosition, uniswap_v3::BurnPosition>,
    public Nft
{
public:
    UniswapV3PositionManager(ContractIdentity identity, ContractId factory);

    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }
    void connect(World& world) override;

    [[nodiscard]] ContractId factory() const noexcept { return factory_id_; }
    /// Committed; empty and not there if the token does not exist.
    [[nodiscard]] const uniswap_v3::ManagedPosition& position(std::uint64_t token_id) const
    {
        return positions_.get(token_id);
    }
    [[nodiscard]] AccountId owner_of(std::uint64_t token_id) const override
    {
        return book_.tokens.get(token_id).owner;
    }

    using ContractBase::declare;
    using ContractBase::execute;
    Result<void> transfer_nft(
        CallContext context, AccountId from, AccountId to, std::uint64_t token_id) override;
    Result<Returns> execute(const NftTransferFrom& call, CallContext& context);
    Result<Returns> execute(const NftApprove& call, CallContext& context);
    Result<Returns> execute(const NftSetApprovalForAll& call, CallContext& context);

    /// Returns the token's id, its liquidity and both amounts.
    /// Errors, in this order: Transaction too old; without data for a pool that is not there; T;
    /// without data for amounts that do not fit; those of the pool's mint; STF; Price slippage
    /// check; ERC721: mint to the zero address.
    Result<Returns> execute(const uniswap_v3::MintPosition& call, CallContext& context);
    /// Returns the liquidity added and both amounts. Errors: as above; without data for a token
    /// that does not exist.
    Result<Returns> execute(const uniswap_v3::IncreaseLiquidity& call, CallContext& context);
    /// Errors, in this order: ERC721: operator query for nonexistent token; Not approved;
    /// Transaction too old; without data for no liquidity, or more than there is; Price slippage
    /// check.
    Result<Returns> execute(const uniswap_v3::DecreaseLiquidity& call, CallContext& context);
    /// Errors: the first two above; without data if nothing is asked for.
    Result<Returns> execute(const uniswap_v3::CollectPosition& call, CallContext& context);
    /// Errors: the first two above; Not cleared.
    Result<Returns> execute(const uniswap_v3::BurnPosition& call, CallContext& context);

private:
    class Payer;
    struct Added
    {
        Amount liquidity;
        std::array<Amount, 2> amounts;
    };

    [[nodiscard]] UniswapV3Pool* pool_of(const uniswap_v3::ManagedPosition& position) const;
    [[nodiscard]] uniswap_v3::PositionKey key_of(
        const uniswap_v3::ManagedPosition& position) const noexcept
    {
        return {account(), position.tick_lower, position.tick_upper};
    }
    Result<void> require_authorized(CallContext& context, std::uint64_t token_id) const;
    Result<Added> add_liquidity(CallContext& context, UniswapV3Pool& pool, std::int32_t tick_lower,
        std::int32_t tick_upper, const std::array<Amount, 2>& desired,
        const std::array<Amount, 2>& least);
    /// Notes what @p liquidity of the position has earned since it was last looked at.
    Result<void> take_fees(CallContext& context, const UniswapV3Pool& pool,
        uniswap_v3::ManagedPosition& position, const Amount& liquidity);

    ContractId factory_id_;
    World* world_ = nullptr;
    const UniswapV3Factory* factory_ = nullptr;
    NftBook book_;
    Table<uniswap_v3::PositionManagerState> state_;  // Record 0.
    Table<uniswap_v3::ManagedPosition> positions_;   // By token id.
};

}  // namespace runnel::contracts
