#pragma once

#include "analytics/ledger_queries.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace runnel::analytics
{

/// Prices, pools and reserves as they were after any block, for one pass through the chain.
///
/// What a whole token costs in USD, by the first rule that gives an answer:
///  0. the reference price of that block, as the world outside quotes it; unless on-chain prices
///  are
///     asked for;
///  1. the newest price that came on chain through an oracle;
///  2. the newest price a lending market recorded in its reserve, where the market counts in USD,
///     or in a token that rule 1 or such a market prices;
///  3. 1 for USDC, USDT and DAI;
///  4. for the native coin, the price of its wrapped form (`W` and its symbol);
///  5. the spot price of the pool that holds the most of a token priced so far, and so on from
///     token to token. What it holds of that is the price's depth: who opens a pool names any price
///     he likes, and with little money in it nobody has agreed;
///  6. for a pool's shares, the pool's value / their number; for a vault's, what it has / their
///     number, before rule 5 where its asset has a price by then.
class Market
{
public:
    enum class Prices : std::uint8_t
    {
        reference,
        on_chain,  // What the chain knows: rules 1 to 6.
    };
    explicit Market(LedgerQueries& source, Prices prices = Prices::reference);

    struct PoolToken
    {
        ContractId token{};
        Amount reserve;
        double spot_price =
            0;  // Smallest units of the pool's first token for one of this; 0: none.
    };
    struct Pool
    {
        std::vector<PoolToken> tokens;  // In the pool's own order.
    };
    struct Reserve
    {
        Amount liquidity_index;
        Amount borrow_index;
        Amount liquidity_rate;
        Amount borrow_rate;
        Amount total_supplied;
        Amount total_debt;
        Amount cash;
        Amount treasury_claim;
        Amount price;  // In the market's unit of account.
        Amount liquidation_threshold;
        ContractId value_token = no_contract;
        unsigned value_decimals = 8;
    };
    /// Market and token.
    using ReserveKey = std::pair<ContractId, ContractId>;

    /// Moves to the state after @p block; blocks must not descend. Returns whether anything
    /// changed.
    bool advance(std::uint64_t block);
    void advance_to_end();
    /// The block of the next change; empty after the last.
    [[nodiscard]] std::optional<std::uint64_t> next_change() const;

    [[nodiscard]] std::optional<double> price(ContractId token) const;
    /// What somebody holds of a token as far as there is money for it: at most ten times the depth
    /// of its price.
    [[nodiscard]] std::optional<double> backed_usd(const Amount& amount, ContractId token) const;
    /// Whether nothing but what pools hold prices it (rules 5 and 6).
    [[nodiscard]] bool is_priced_by_pools(ContractId token) const;
    /// The exact price that rules 1 and 2 give: 1e-8 USD.
    [[nodiscard]] std::optional<Amount> oracle_price(ContractId token) const;
    /// A value that a lending market wrote down in its unit of account, in 1e-8 USD, rounded down;
    /// empty if rules 1 and 2 do not price that unit.
    [[nodiscard]] std::optional<Amount> value_usd(
        const Amount& value, ContractId value_token, unsigned value_decimals) const;
    [[nodiscard]] std::optional<double> usd(const Amount& amount, ContractId token) const;
    [[nodiscard]] std::optional<double> usd(const SignedAmount& amount, ContractId token) const;
    /// What a trade is worth, by the side whose price has more depth; rules 0 to 4 have most. By
    /// what was bought if both have the same.
    [[nodiscard]] std::optional<double> trade_usd(const Amount& bought_amount, ContractId bought,
        const Amount& sold_amount, ContractId sold) const;
    [[nodiscard]] const std::map<ContractId, Pool>& pools() const noexcept { return pools_; }
    [[nodiscard]] const std::map<ReserveKey, Reserve>& reserves() const noexcept
    {
        return reserves_;
    }
    /// Of all reserves; empty if one that is not 0 has no price.
    [[nodiscard]] std::optional<double> pool_usd(const Pool& pool) const;
    /// The spot price in whole tokens: of @p first, the pool's first token, for one of this.
    [[nodiscard]] std::optional<double> whole_price(const PoolToken& held, ContractId first) const;
    /// Whether a token is shares of a pool.
    [[nodiscard]] bool is_share(ContractId token) const;

private:
    /// Rows of one table and the block of the one it stands on.
    struct Cursor
    {
        std::optional<storage::Statement> rows;
        std::optional<std::uint64_t> block;

        void next();
    };

    void read_reference();
    void read_price();
    void read_pool();
    void read_shares();
    void read_reserve();
    void read_vault();
    [[nodiscard]] std::optional<Amount> usd_price(ContractId token) const;
    void compute_prices() const;
    void price_native_coin() const;
    void price_shares() const;
    void price_vaults() const;
    bool quote_from_pools() const;
    [[nodiscard]] double scale(ContractId token) const;

    LedgerQueries& source_;
    Cursor reference_;
    Cursor oracle_;
    Cursor pool_rows_;
    Cursor share_rows_;
    Cursor reserve_rows_;
    Cursor vault_rows_;
    std::map<ContractId, double> reference_prices_;  // USD.
    std::map<ContractId, Amount> oracle_prices_;
    std::map<ContractId, Amount> reserve_prices_;      // 1e-8 USD.
    std::map<ContractId, Reserve> relative_reserves_;  // Newest of those priced in another token.
    std::map<ContractId, Pool> pools_;
    struct Shares
    {
        ContractId token{};
        Amount supply;
    };
    std::map<ContractId, Shares> shares_;  // By pool.
    std::map<ReserveKey, Reserve> reserves_;
    struct Vault
    {
        ContractId asset{};
        Amount assets;
        Amount shares;
    };
    std::map<ContractId, Vault> vaults_;  // By the token of their shares.
    std::vector<double> scales_;          // 10^decimals by contract id; 0 if not a token.
    mutable std::vector<double> prices_;  // By contract id; NaN if not known.
    /// The same: USD behind the price; no limit by rules 0 to 4.
    mutable std::vector<double> depths_;
    mutable bool stale_ = true;
};

}  // namespace runnel::analytics
