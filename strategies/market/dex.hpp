#pragma once

#include "strategies/market/routes.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace runnel::strategies
{

/// The exchanges a group of wallets knows, as a graph of tokens, and what they are worth.
///
/// The tokens are fixed at genesis. observe() takes prices and depths from the committed state,
/// once per block however many wallets ask. Tokens and exchanges are named by their positions in
/// tokens() and pools(): small numbers, cheap to remember per wallet.
class DexMap
{
public:
    using Position = std::uint8_t;
    static constexpr std::size_t pools_max = 127;
    static constexpr std::size_t tokens_max = 255;

    struct Pool
    {
        const Exchange* exchange = nullptr;
        std::vector<Position> tokens;  // In the order of Exchange::tokens().
        double depth_usd = 0;          // Of all tokens, when last observed.
    };
    struct Token
    {
        ContractId token{};
        std::uint8_t decimals = 18;
        double usd = 0;  // Per whole token, when last observed; 0 without a price.
    };
    /// A hop between positions.
    struct Step
    {
        Position pool = 0;
        Position token_in = 0;
        Position token_out = 0;
    };

    /// @param exchanges  At most pools_max, with at most tokens_max tokens: see check_map().
    /// @param follows    Exchanges of these tokens that transactions deploy later are taken up too.
    DexMap(const World& world, const std::vector<ContractId>& exchanges, bool follows = false);

    /// Takes up the next exchange that has come, in the order of the chain, as the last of pools();
    /// false if there is none. observe() takes up all.
    bool take_up_next(const World& world);

    /// Looks at all pools and prices. A token without a reference price is worth what the deepest
    /// pool with a priced token says.
    void observe(const WorldView& view);

    [[nodiscard]] const std::vector<Pool>& pools() const noexcept { return pools_; }
    [[nodiscard]] const std::vector<Token>& tokens() const noexcept { return tokens_; }
    /// The first pool that trades these two tokens, in the order of the scenario's list.
    [[nodiscard]] std::optional<Position> pool_of(Position a, Position b) const noexcept;
    /// The steps from @p from to @p to: those of find_route(). Found once, then remembered.
    [[nodiscard]] const std::vector<Step>& shortest_route(Position from, Position to) const;
    /// Steps as the exchanges and tokens they name.
    [[nodiscard]] std::vector<Hop> hops(const std::vector<Step>& steps) const;

private:
    void add_pool(const World& world, const Exchange& exchange);
    [[nodiscard]] Position position_of(const World& world, ContractId token);
    [[nodiscard]] Position position_of(ContractId token) const;
    void price_unquoted();

    std::vector<Pool> pools_;
    std::vector<Token> tokens_;
    std::vector<const Exchange*> exchanges_;                        // Of pools_.
    mutable std::vector<std::optional<std::vector<Step>>> routes_;  // By from, then to.
    bool follows_;
    std::uint32_t next_contract_;  // That was not looked at yet.
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
/// The same in the world before the first block, where each must have a venue (SwapDesk) if
/// @p needs_venue; for StrategyType::validate_in.
[[nodiscard]] std::string check_map(
    const Parameters& parameters, const World& world, bool needs_venue);

}  // namespace runnel::strategies
