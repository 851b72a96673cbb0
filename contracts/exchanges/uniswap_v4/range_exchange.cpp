// What a pool is to those who provide liquidity between prices of their choice and know no Uniswap:
// contracts/kit/sectors/range_exchange.hpp.

#include "contracts/exchanges/uniswap_v3/range_amounts.hpp"
#include "contracts/exchanges/uniswap_v4/pool.hpp"
#include "contracts/exchanges/uniswap_v4/router.hpp"
#include "contracts/kit/approvals.hpp"
#include "ledger/check.hpp"

#include <limits>

namespace runnel::contracts
{

using namespace uniswap_v4;

namespace
{
// Ranges have no deadline: who wants one does not send.
constexpr auto no_deadline = std::numeric_limits<std::uint64_t>::max();
}  // namespace

PositionKey UniswapV4Pool::position_of(AccountId owner, const PriceRange& range) const
{
    RUNNEL_CHECK(router_ != nullptr);
    return {manager_->find_pool(key_), router_->account(), range.lower, range.upper,
        UniswapV4Router::salt_of(owner)};
}

PriceRange UniswapV4Pool::widest() const noexcept
{
    return uniswap_v3::widest_range(key_.tick_spacing);
}

std::optional<DepositQuote> UniswapV4Pool::quote_range_deposit(
    const PriceRange& range, std::span<const Amount> offered) const
{
    if (router_ == nullptr)
        return std::nullopt;
    const auto number = manager_->find_pool(key_);
    return uniswap_v3::quote_range({state().sqrt_price_x96, tick()}, range, offered,
        {{manager_->tick_info(number, range.lower).liquidity_gross,
             manager_->tick_info(number, range.upper).liquidity_gross},
            max_liquidity_per_tick(key_.tick_spacing)});
}

Amount UniswapV4Pool::range_liquidity(AccountId owner, const PriceRange& range) const
{
    return router_ == nullptr ? Amount{} : manager_->position(position_of(owner, range)).liquidity;
}

std::vector<Amount> UniswapV4Pool::range_value(
    const PriceRange& range, const Amount& liquidity) const
{
    return uniswap_v3::value_of_range({state().sqrt_price_x96, tick()}, range, liquidity);
}

std::vector<Amount> UniswapV4Pool::range_owed(AccountId owner, const PriceRange& range) const
{
    return router_ == nullptr ? std::vector<Amount>(2)
                              : manager_->fees_of(position_of(owner, range));
}

void UniswapV4Pool::add_range_deposit(
    CallWriter& calls, const PriceRange& range, const Amount& liquidity, AccountId sender) const
{
    RUNNEL_CHECK(router_ != nullptr && "without one no deposit is quoted");
    // No payment is of more than 127 bits, whatever the price is when it runs.
    const auto most = uniswap_v3::uint128_max;
    for (const auto token : tokens_)
        add_approval(calls, *world_, token, sender, router_->account(), most);
    calls.add(router_->id(),
        AddLiquidity{key_, range.lower, range.upper, liquidity, most, most, sender, no_deadline});
}

void UniswapV4Pool::add_range_withdrawal(
    CallWriter& calls, const PriceRange& range, const Amount& liquidity, AccountId recipient) const
{
    RUNNEL_CHECK(router_ != nullptr && "without one there is nothing to withdraw");
    calls.add(router_->id(),
        RemoveLiquidity{key_, range.lower, range.upper, liquidity, {}, {}, recipient, no_deadline});
}

std::uint64_t UniswapV4Pool::crossing_gas(ContractId token_in, const Amount& amount_in) const
{
    const auto quote = quote_whole(token_in, amount_in, true);
    return quote.has_value() ? quote->gas : 0;
}

CallGas UniswapV4Pool::range_deposit_gas() const noexcept
{
    // Approvals are asked for once; a hook is called before and after.
    return {AddLiquidity::gas + 2 * Erc20Approve::gas, 2 * gas::callback};
}

CallGas UniswapV4Pool::range_withdrawal_gas() const noexcept
{
    return {RemoveLiquidity::gas, 2 * gas::callback};
}

}  // namespace runnel::contracts
