#pragma once

#include "contracts/exchanges/uniswap_v2/pair.hpp"
#include "contracts/exchanges/uniswap_v2/router.hpp"
#include "strategies/api/strategy.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace runnel::strategies
{

/// The pools a group of wallets knows, as a graph of tokens, and what they are worth.
///
/// The graph is fixed at genesis. observe() takes prices and depths from a view, once per block
/// however many wallets ask. Tokens and pools are named by their positions in tokens() and pools():
/// small numbers, cheap to remember per wallet.
class DexMap
{
public:
    using Position = std::uint8_t;
    static constexpr std::size_t positions_max = 255;
    static constexpr std::size_t pairs_max = positions_max / 2;  // Each may bring two tokens.

    struct Pool
    {
        ContractId pair{};
        std::array<Position, 2> tokens{};  // Of token0 and token1.
        double depth_usd = 0;              // Of both reserves, when last observed.
    };
    struct Coin
    {
        ContractId token{};
        std::uint8_t decimals = 18;
        double usd = 0;  // Per whole token, when last observed; 0 without a price.
    };

    /// @param pairs  At most pairs_max, of kind uniswap_v2_pair.
    DexMap(const World& world, const std::vector<ContractId>& pairs);

    /// Looks at all pools and prices. A token without a reference price is worth what the deepest
    /// pool with a priced token says.
    void observe(const WorldView& view);

    [[nodiscard]] const std::vector<Pool>& pools() const noexcept { return pools_; }
    [[nodiscard]] const std::vector<Coin>& tokens() const noexcept { return tokens_; }
    /// The other token of a pool.
    [[nodiscard]] Position other(const Pool& pool, Position token) const noexcept
    {
        return pool.tokens[0] == token ? pool.tokens[1] : pool.tokens[0];
    }
    /// The first pool of these two tokens, in the order of the scenario's list.
    [[nodiscard]] std::optional<Position> pool_of(Position a, Position b) const noexcept;
    /// The pools from @p from to @p to with the fewest hops, at most 7; of several the first found
    /// in the order of the scenario's list. Empty if there is no way. Found once, then remembered.
    [[nodiscard]] const std::vector<Position>& way(Position from, Position to) const;
    /// The same as a router wants it; empty if there is no way.
    [[nodiscard]] contracts::UniswapV2Path path(Position from, Position to) const;

    [[nodiscard]] static const contracts::UniswapV2Pair& pair(
        const WorldView& view, const Pool& pool)
    {
        return view.state<contracts::UniswapV2Pair>(pool.pair);
    }

private:
    [[nodiscard]] Position position_of(const World& world, ContractId token);
    void price_unquoted(const WorldView& view);
    [[nodiscard]] std::vector<Position> find_way(Position from, Position to) const;

    std::vector<Pool> pools_;
    std::vector<Coin> tokens_;
    mutable std::vector<std::optional<std::vector<Position>>> ways_;  // By from, then to.
    std::uint64_t observed_block_ = 0;
};

/// The volatility of a token's reference price over the last @p window_ms, as a standard deviation
/// of a year's log return; 0 without a price. A belief: from at most 32 returns within the window.
[[nodiscard]] double realized_volatility(
    const WorldView& view, ContractId token, std::int64_t window_ms);

/// USD that @p gas costs at @p price wei per gas, where one coin is worth what @p coin says: the
/// token whose reference price stands for the native coin's.
[[nodiscard]] double gas_usd(
    const WorldView& view, ContractId coin, std::uint64_t gas, std::uint64_t price);

/// What is wrong with the parameter `pairs` of a strategy; for StrategyType::validate.
[[nodiscard]] std::string check_pairs(const Parameters& parameters);

/// @p quote less @p slippage_bps of it, rounded down: the least a trader accepts.
[[nodiscard]] Amount min_amount_out(const Amount& quote, std::uint32_t slippage_bps);

}  // namespace runnel::strategies
