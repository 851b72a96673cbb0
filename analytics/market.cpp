#include "analytics/market.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace runnel::analytics
{
namespace
{
constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
constexpr double price_scale = 1e8;
constexpr std::uint64_t block_max = std::numeric_limits<std::int64_t>::max();

bool is_dollar(std::string_view symbol) noexcept
{
    return symbol == "USDC" || symbol == "USDT" || symbol == "DAI";
}
}  // namespace

void Market::Cursor::next()
{
    block.reset();
    if (rows && rows->step())
        block = rows->integer_up_to(0, block_max);
}

Market::Market(LedgerQueries& source)
  : source_{source}, scales_(source.contracts().size(), 0), prices_(scales_.size(), unknown)
{
    for (const auto& token : source.tokens())
    {
        if (index(token.contract) < scales_.size())
            scales_[index(token.contract)] = std::pow(10.0, token.decimals);
    }
    if (source.has("t_oracle_prices"))
    {
        oracle_.rows = source.query(
            "SELECT block_number, token_id, price FROM t_oracle_prices ORDER BY rowid");
    }
    if (source.has("t_dex_pools"))
    {
        pool_rows_.rows = source.query(
            "SELECT block_number, contract_id, token0_id, token1_id, "
            "reserve0, reserve1, total_supply FROM t_dex_pools ORDER BY rowid");
    }
    if (source.has("t_lending_reserves"))
    {
        reserve_rows_.rows = source.query(
            "SELECT block_number, contract_id, token_id, liquidity_index, borrow_index, "
            "liquidity_rate, borrow_rate, total_supplied, total_debt, cash, price, "
            "liquidation_threshold FROM t_lending_reserves ORDER BY rowid");
    }
    oracle_.next();
    pool_rows_.next();
    reserve_rows_.next();
}

void Market::read_price()
{
    auto& rows = *oracle_.rows;
    oracle_prices_[rows.contract(1)] = rows.amount(2);
    oracle_.next();
}

void Market::read_pool()
{
    auto& rows = *pool_rows_.rows;
    pools_[rows.contract(1)] = {
        rows.contract(2), rows.contract(3), rows.amount(4), rows.amount(5), rows.amount(6)};
    pool_rows_.next();
}

void Market::read_reserve()
{
    auto& rows = *reserve_rows_.rows;
    const auto token = rows.contract(2);
    reserves_[{rows.contract(1), token}] = {rows.amount(3), rows.amount(4), rows.amount(5),
        rows.amount(6), rows.amount(7), rows.amount(8), rows.amount(9), rows.amount(10),
        rows.amount(11)};
    reserve_prices_[token] = rows.amount(10);
    reserve_rows_.next();
}

bool Market::advance(std::uint64_t block)
{
    bool changed = false;
    const auto due = [&](const Cursor& cursor) { return cursor.block && *cursor.block <= block; };
    for (; due(oracle_); changed = true)
        read_price();
    for (; due(pool_rows_); changed = true)
        read_pool();
    for (; due(reserve_rows_); changed = true)
        read_reserve();
    stale_ = stale_ || changed;
    return changed;
}

void Market::advance_to_end()
{
    advance(block_max);
}

std::optional<std::uint64_t> Market::next_change() const
{
    std::optional<std::uint64_t> next;
    for (const auto* cursor : {&oracle_, &pool_rows_, &reserve_rows_})
    {
        if (cursor->block && (!next || *cursor->block < *next))
            next = cursor->block;
    }
    return next;
}

double Market::scale(ContractId token) const
{
    return index(token) < scales_.size() ? scales_[index(token)] : 0;
}

std::optional<Amount> Market::oracle_price(ContractId token) const
{
    if (const auto found = oracle_prices_.find(token); found != oracle_prices_.end())
        return found->second;
    const auto found = reserve_prices_.find(token);
    if (found != reserve_prices_.end() && !found->second.is_zero())
        return found->second;
    return std::nullopt;
}

void Market::price_native_coin() const
{
    const auto* native = source_.token(native_coin);
    if (native == nullptr || !std::isnan(prices_.at(0)))
        return;
    for (const auto& token : source_.tokens())
    {
        if (token.name == fmt::format("W{}", native->name))
            prices_.at(0) = prices_.at(index(token.contract));
    }
}

/// Prices tokens that have none yet in the deepest pool against one that has; false if there is no
/// such token.
bool Market::quote_from_pools() const
{
    price_native_coin();
    const auto known = prices_;
    std::vector<double> depth(prices_.size(), 0);
    bool found = false;
    const auto quote =
        [&](ContractId token, const Amount& reserve, ContractId other, const Amount& other_reserve)
    {
        if (scale(token) == 0 || scale(other) == 0 || reserve.is_zero() ||
            !std::isnan(known[index(token)]) || std::isnan(known[index(other)]))
            return;
        const auto value = other_reserve.to_double() / scale(other) * known[index(other)];
        if (value <= depth[index(token)])
            return;
        found = true;
        depth[index(token)] = value;
        prices_[index(token)] = value / (reserve.to_double() / scale(token));
    };
    for (const auto& [id, pool] : pools_)
    {
        quote(pool.token0, pool.reserve0, pool.token1, pool.reserve1);
        quote(pool.token1, pool.reserve1, pool.token0, pool.reserve0);
    }
    return found;
}

void Market::compute_prices() const
{
    stale_ = false;
    for (const auto& token : source_.tokens())
    {
        auto& price = prices_.at(index(token.contract));
        price = unknown;
        if (const auto exact = oracle_price(token.contract))
            price = exact->to_double() / price_scale;
        else if (is_dollar(token.name))
            price = 1;
    }
    while (quote_from_pools())
    {}
    for (const auto& [id, pool] : pools_)
    {
        const auto value = pool_usd(pool);
        if (value && scale(id) > 0 && !pool.total_supply.is_zero())
            prices_.at(index(id)) = *value / (pool.total_supply.to_double() / scale(id));
    }
}

std::optional<double> Market::price(ContractId token) const
{
    if (stale_)
        compute_prices();
    if (index(token) >= prices_.size() || std::isnan(prices_[index(token)]))
        return std::nullopt;
    return prices_[index(token)];
}

std::optional<double> Market::usd(const Amount& amount, ContractId token) const
{
    const auto whole = price(token);
    if (!whole)
        return std::nullopt;
    return amount.to_double() / scale(token) * *whole;
}

std::optional<double> Market::usd(const SignedAmount& amount, ContractId token) const
{
    const auto whole = price(token);
    if (!whole)
        return std::nullopt;
    return amount.to_double() / scale(token) * *whole;
}

std::optional<double> Market::pool_usd(const Pool& pool) const
{
    const auto value0 = usd(pool.reserve0, pool.token0);
    const auto value1 = usd(pool.reserve1, pool.token1);
    if (!value0 || !value1)
        return std::nullopt;
    return *value0 + *value1;
}

}  // namespace runnel::analytics
