#include "analytics/market.hpp"

#include "contracts/kit/sectors/rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace runnel::analytics
{
namespace
{
constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
constexpr double unlimited = std::numeric_limits<double>::infinity();
constexpr double price_scale = 1e8;
constexpr unsigned usd_decimals = 8;
constexpr std::uint64_t decimals_max = 77;  // Of what fits 256 bits.
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

Market::Market(LedgerQueries& source, Prices prices)
  : source_{source},
    scales_(source.contracts().size(), 0),
    prices_(scales_.size(), unknown),
    depths_(scales_.size(), 0)
{
    for (const auto& token : source.tokens())
    {
        if (index(token.contract) < scales_.size())
            scales_[index(token.contract)] = std::pow(10.0, token.decimals);
    }
    if (prices == Prices::reference && source.has("t_reference_prices"))
    {
        // They are planned for blocks that a killed run has not come to.
        reference_.rows = source.query(
            "SELECT from_block, token_id, price FROM t_reference_prices WHERE from_block <= "
            "(SELECT max(number) FROM t_blocks) ORDER BY from_block, token_id");
    }
    if (source.has("t_oracle_prices"))
    {
        oracle_.rows = source.query(
            "SELECT block_number, token_id, price FROM t_oracle_prices ORDER BY rowid");
    }
    if (source.has("t_dex_pools"))
    {
        pool_rows_.rows = source.query(
            "SELECT block_number, contract_id, token_id, reserve, spot_price "
            "FROM t_dex_pools ORDER BY rowid");
    }
    if (source.has("t_dex_shares"))
    {
        share_rows_.rows = source.query(
            "SELECT block_number, contract_id, share_token_id, total_supply "
            "FROM t_dex_shares ORDER BY rowid");
    }
    if (source.has("t_lending_reserves"))
    {
        reserve_rows_.rows = source.query(
            "SELECT block_number, contract_id, token_id, liquidity_index, borrow_index, "
            "liquidity_rate, borrow_rate, total_supplied, total_debt, cash, "
            "treasury_claim, price, liquidation_threshold, value_token_id, value_decimals FROM "
            "t_lending_reserves "
            "ORDER BY rowid");
    }
    if (source.has("t_vaults"))
    {
        vault_rows_.rows = source.query(
            "SELECT block_number, share_token_id, asset_id, total_assets, total_supply "
            "FROM t_vaults ORDER BY rowid");
    }
    reference_.next();
    oracle_.next();
    pool_rows_.next();
    share_rows_.next();
    reserve_rows_.next();
    vault_rows_.next();
}

void Market::read_reference()
{
    auto& rows = *reference_.rows;
    reference_prices_[rows.contract(1)] = rows.real(2) / price_scale;
    reference_.next();
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
    auto& tokens = pools_[rows.contract(1)].tokens;
    const PoolToken read{
        rows.contract(2), rows.amount(3), rows.amount(4).to_double() / DexPool::spot_price_scale};
    const auto known = std::find_if(tokens.begin(), tokens.end(),
        [&](const PoolToken& candidate) { return candidate.token == read.token; });
    if (known == tokens.end())
        tokens.push_back(read);
    else
        *known = read;
    pool_rows_.next();
}

void Market::read_shares()
{
    auto& rows = *share_rows_.rows;
    shares_[rows.contract(1)] = {rows.contract(2), rows.amount(3)};
    share_rows_.next();
}

void Market::read_reserve()
{
    auto& rows = *reserve_rows_.rows;
    const auto token = rows.contract(2);
    const Reserve reserve{rows.amount(3), rows.amount(4), rows.amount(5), rows.amount(6),
        rows.amount(7), rows.amount(8), rows.amount(9), rows.amount(10), rows.amount(11),
        rows.amount(12), rows.contract(13),
        static_cast<unsigned>(rows.integer_up_to(14, decimals_max))};
    reserves_[{rows.contract(1), token}] = reserve;
    if (reserve.value_token != no_contract && reserve.value_token != token)
        relative_reserves_[token] = reserve;
    if (const auto usd = value_usd(reserve.price, reserve.value_token, reserve.value_decimals);
        usd && reserve.value_token == no_contract)
        reserve_prices_[token] = *usd;
    reserve_rows_.next();
}

void Market::read_vault()
{
    auto& rows = *vault_rows_.rows;
    vaults_[rows.contract(1)] = {rows.contract(2), rows.amount(3), rows.amount(4)};
    vault_rows_.next();
}

bool Market::advance(std::uint64_t block)
{
    bool changed = false;
    const auto due = [&](const Cursor& cursor) { return cursor.block && *cursor.block <= block; };
    for (; due(reference_); changed = true)
        read_reference();
    for (; due(oracle_); changed = true)
        read_price();
    for (; due(pool_rows_); changed = true)
        read_pool();
    for (; due(share_rows_); changed = true)
        read_shares();
    for (; due(reserve_rows_); changed = true)
        read_reserve();
    for (; due(vault_rows_); changed = true)
        read_vault();
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
    for (const auto* cursor :
        {&reference_, &oracle_, &pool_rows_, &share_rows_, &reserve_rows_, &vault_rows_})
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

/// By oracle or by a market that counts in USD.
std::optional<Amount> Market::usd_price(ContractId token) const
{
    if (const auto found = oracle_prices_.find(token); found != oracle_prices_.end())
        return found->second;
    const auto found = reserve_prices_.find(token);
    if (found != reserve_prices_.end() && !found->second.is_zero())
        return found->second;
    return std::nullopt;
}

std::optional<Amount> Market::oracle_price(ContractId token) const
{
    if (const auto price = usd_price(token))
        return price;
    const auto found = relative_reserves_.find(token);
    if (found == relative_reserves_.end() || found->second.price.is_zero())
        return std::nullopt;
    const auto& reserve = found->second;
    return value_usd(reserve.price, reserve.value_token, reserve.value_decimals);
}

std::optional<Amount> Market::value_usd(
    const Amount& value, ContractId value_token, unsigned value_decimals) const
{
    const auto unit = value_token == no_contract ? std::optional{Amount::power_of_ten(usd_decimals)}
                                                 : usd_price(value_token);
    if (!unit)
        return std::nullopt;
    const auto usd = mul_div_down(value, *unit, Amount::power_of_ten(value_decimals));
    return usd.ok() ? std::optional{usd.value} : std::nullopt;
}

void Market::price_native_coin() const
{
    const auto* native = source_.token(native_coin);
    if (native == nullptr || !std::isnan(prices_.at(0)))
        return;
    for (const auto& token : source_.tokens())
    {
        if (token.name == fmt::format("W{}", native->name))
        {
            prices_.at(0) = prices_.at(index(token.contract));
            depths_.at(0) = depths_.at(index(token.contract));
        }
    }
}

/// Prices tokens that have none yet in the deepest pool against one that has; false if there is no
/// such token.
bool Market::quote_from_pools() const
{
    price_native_coin();
    const auto known = prices_;
    bool found = false;
    const auto quote = [&](const PoolToken& wanted, const PoolToken& other)
    {
        const auto token = index(wanted.token);
        const auto base = index(other.token);
        if (scale(wanted.token) == 0 || scale(other.token) == 0 || !(wanted.spot_price > 0) ||
            !(other.spot_price > 0) || !std::isnan(known[token]) || std::isnan(known[base]))
            return;
        const auto unit_usd = known[base] / scale(other.token);
        const auto value = std::min(other.reserve.to_double() * unit_usd, depths_[base]);
        if (value <= depths_[token])
            return;
        found = true;
        depths_[token] = value;
        prices_[token] = unit_usd * (wanted.spot_price / other.spot_price) * scale(wanted.token);
    };
    for (const auto& [id, pool] : pools_)
    {
        for (const auto& wanted : pool.tokens)
        {
            for (const auto& other : pool.tokens)
                quote(wanted, other);
        }
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
        if (const auto outside = reference_prices_.find(token.contract);
            outside != reference_prices_.end())
            price = outside->second;
        else if (const auto exact = oracle_price(token.contract))
            price = exact->to_double() / price_scale;
        else if (is_dollar(token.name))
            price = 1;
    }
    std::transform(prices_.begin(), prices_.end(), depths_.begin(),
        [](double price) { return std::isnan(price) ? 0 : unlimited; });
    price_vaults();
    while (quote_from_pools())
    {}
    price_shares();
    price_vaults();
}

/// A vault may hold another's shares.
void Market::price_vaults() const
{
    for (bool progress = true; progress;)
    {
        progress = false;
        for (const auto& [share, vault] : vaults_)
        {
            const auto asset = prices_.at(index(vault.asset));
            if (!std::isnan(prices_.at(index(share))) || std::isnan(asset) ||
                vault.shares.is_zero() || scale(share) == 0)
                continue;
            prices_.at(index(share)) = asset * (vault.assets.to_double() / scale(vault.asset)) /
                                       (vault.shares.to_double() / scale(share));
            depths_.at(index(share)) = depths_.at(index(vault.asset));
            progress = true;
        }
    }
}

void Market::price_shares() const
{
    for (const auto& [id, shares] : shares_)
    {
        const auto pool = pools_.find(id);
        if (pool == pools_.end() || scale(shares.token) == 0 || shares.supply.is_zero())
            continue;
        if (const auto value = pool_usd(pool->second))
        {
            prices_.at(index(shares.token)) =
                *value / (shares.supply.to_double() / scale(shares.token));
            depths_.at(index(shares.token)) = *value;
        }
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

bool Market::is_priced_by_pools(ContractId token) const
{
    return price(token).has_value() && depths_[index(token)] < unlimited;
}

std::optional<double> Market::backed_usd(const Amount& amount, ContractId token) const
{
    constexpr double times_max = 10;
    const auto value = usd(amount, token);
    if (!value)
        return std::nullopt;
    return std::min(*value, times_max * depths_[index(token)]);
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

std::optional<double> Market::trade_usd(const Amount& bought_amount, ContractId bought,
    const Amount& sold_amount, ContractId sold) const
{
    const auto given = usd(bought_amount, bought);
    const auto taken = usd(sold_amount, sold);
    if (given && (!taken || depths_[index(bought)] >= depths_[index(sold)]))
        return given;
    return taken;
}

std::optional<double> Market::pool_usd(const Pool& pool) const
{
    double sum = 0;
    for (const auto& held : pool.tokens)
    {
        const auto value = usd(held.reserve, held.token);
        if (!value && !held.reserve.is_zero())
            return std::nullopt;
        sum += value.value_or(0);
    }
    return sum;
}

std::optional<double> Market::whole_price(const PoolToken& held, ContractId first) const
{
    if (!(held.spot_price > 0) || scale(held.token) == 0 || scale(first) == 0)
        return std::nullopt;
    return held.spot_price * (scale(held.token) / scale(first));
}

bool Market::is_share(ContractId token) const
{
    return std::any_of(shares_.begin(), shares_.end(),
        [token](const auto& entry) { return entry.second.token == token; });
}

}  // namespace runnel::analytics
