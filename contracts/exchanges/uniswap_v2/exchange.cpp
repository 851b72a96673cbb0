// What pairs and routers are to those who know no Uniswap: contracts/kit/sectors/exchange.hpp.

#include "contracts/exchanges/uniswap_v2/factory.hpp"
#include "contracts/exchanges/uniswap_v2/math.hpp"
#include "contracts/exchanges/uniswap_v2/pair.hpp"
#include "contracts/exchanges/uniswap_v2/router.hpp"
#include "ledger/check.hpp"
#include "state/world.hpp"

#include <algorithm>

namespace runnel::contracts
{

using namespace uniswap_v2;

namespace
{
/// The amounts that a deposit of at most @p offered takes, at the pool's ratio, by the steps of the
/// router's addLiquidity; all of both into an empty pool.
Result<std::array<Amount, 2>> deposit_amounts(
    std::span<const Amount> offered, const std::array<Amount, 2>& reserves)
{
    if (reserves[0].is_zero() && reserves[1].is_zero())
        return std::array{offered[0], offered[1]};
    const auto optimal1 = RUNNEL_TRY(quote(offered[0], reserves[0], reserves[1]));
    if (optimal1 <= offered[1])
        return std::array{offered[0], optimal1};
    return std::array{RUNNEL_TRY(quote(offered[1], reserves[1], reserves[0])), Amount{offered[1]}};
}
}  // namespace

// ---- The pair ----

Amount UniswapV2Pair::reserve(ContractId token) const
{
    return side(token) == 0 ? state().reserve0 : state().reserve1;
}

double UniswapV2Pair::spot_price(ContractId token_in, ContractId token_out) const
{
    const auto base = reserve(token_in);
    return base.is_zero() ? 0 : reserve(token_out).to_double() / base.to_double();
}

double UniswapV2Pair::fee(ContractId, ContractId) const
{
    return static_cast<double>(factory_->fee().numerator) / factory_->fee().denominator;
}

Result<Amount> UniswapV2Pair::quote_exact_input(
    ContractId token_in, ContractId token_out, const Amount& amount_in) const
{
    const auto amount_out = RUNNEL_TRY(
        get_amount_out(amount_in, reserve(token_in), reserve(token_out), factory_->fee()));
    RUNNEL_REQUIRE(!amount_out.is_zero(), Refusal::error("UniswapV2: INSUFFICIENT_OUTPUT_AMOUNT"));
    RUNNEL_TRY(check_room(side(token_in), amount_in, amount_out));
    return amount_out;
}

Result<Amount> UniswapV2Pair::quote_exact_output(
    ContractId token_in, ContractId token_out, const Amount& amount_out) const
{
    const auto amount_in = RUNNEL_TRY(
        get_amount_in(amount_out, reserve(token_in), reserve(token_out), factory_->fee()));
    RUNNEL_TRY(check_room(side(token_in), amount_in, amount_out));
    return amount_in;
}

std::optional<RationalPayout> UniswapV2Pair::payout(ContractId token_in, ContractId token_out) const
{
    const auto& fee = factory_->fee();
    return RationalPayout{wrapping_mul(reserve(token_out), fee.kept()),
        wrapping_mul(reserve(token_in), fee.denominator), fee.kept()};
}

std::vector<Amount> UniswapV2Pair::share_value(const Amount& shares) const
{
    std::vector<Amount> value(2);
    if (total_supply().is_zero())
        return value;
    for (unsigned i = 0; i < 2; ++i)
    {
        const auto held = token_[i]->holding(account());
        value[i] = mul_div_down(shares, held, total_supply()).value;
    }
    return value;
}

std::optional<DepositQuote> UniswapV2Pair::quote_deposit(std::span<const Amount> offered) const
{
    RUNNEL_CHECK(offered.size() == 2);
    const auto& pair = state();
    const auto amounts = deposit_amounts(offered, {pair.reserve0, pair.reserve1});
    if (!amounts.has_value())
        return std::nullopt;
    const auto [amount0, amount1] = *amounts;
    Amount shares;
    if (pair.total_supply.is_zero())
    {
        const auto product = Checked{amount0} * amount1;
        const auto root = product.ok() ? sqrt_down(product.value) : Amount{};
        shares = root > minimum_liquidity ? wrapping_sub(root, minimum_liquidity) : Amount{};
    }
    else
    {
        shares = std::min(mul_div_down(amount0, pair.total_supply, pair.reserve0).value,
            mul_div_down(amount1, pair.total_supply, pair.reserve1).value);
    }
    if (shares.is_zero())
        return std::nullopt;
    return DepositQuote{{amount0, amount1}, shares};
}

const Venue* UniswapV2Pair::venue() const
{
    return factory_->router();
}

void UniswapV2Pair::add_prepaid_swap(CallWriter& calls, ContractId, ContractId token_out,
    const Amount& amount_out, AccountId recipient) const
{
    const bool pays_token0 = side(token_out) == 0;
    calls.add(id(), Swap{pays_token0 ? amount_out : Amount{}, pays_token0 ? Amount{} : amount_out,
                        recipient, {}});
}

std::optional<CallGas> UniswapV2Pair::postpaid_swap_gas() const
{
    return CallGas{Swap::gas, 0};
}

void UniswapV2Pair::add_postpaid_swap(
    CallWriter& calls, const PostpaidSwap& swap, CallList nested) const
{
    const bool pays_token0 = side(swap.token_out) == 0;
    calls.add(id(), Swap{pays_token0 ? swap.amount_out : Amount{},
                        pays_token0 ? Amount{} : swap.amount_out, swap.trader, nested});
}

// ---- The router ----

std::vector<const Exchange*> UniswapV2Router::exchanges() const
{
    const auto& pairs = factory_->pairs();
    return {pairs.begin(), pairs.end()};
}

bool UniswapV2Router::serves(const Exchange& exchange) const
{
    const auto* pair = dynamic_cast<const UniswapV2Pair*>(&exchange);
    return pair != nullptr && factory_->find_pair(pair->token0(), pair->token1()) == pair;
}

std::uint64_t UniswapV2Router::swap_gas(std::size_t hops) const noexcept
{
    return SwapExactTokensForTokens::gas + extra_gas(hops);
}

std::uint64_t UniswapV2Router::extra_gas(std::size_t hops) const noexcept
{
    return hop_gas * (hops - 1);
}

void UniswapV2Router::add_swap(CallWriter& calls, const SwapOrder& order) const
{
    RUNNEL_CHECK(!order.route.empty() && order.route.size() <= hops_max());
    Path path{order.route.front().token_in};
    for (const auto& hop : order.route)
        path.push_back(hop.token_out);
    calls.add(id(), SwapExactTokensForTokens{order.amount_in, order.amount_out_min, path,
                        order.recipient, order.deadline});
}

void UniswapV2Router::add_deposit(CallWriter& calls, const DepositOrder& order) const
{
    const auto tokens = order.exchange->tokens();
    calls.add(id(),
        AddLiquidity{tokens[0], tokens[1], order.amounts.at(0), order.amounts.at(1),
            order.amounts_min.at(0), order.amounts_min.at(1), order.recipient, order.deadline});
}

std::optional<std::uint64_t> UniswapV2Router::opening_gas(std::span<const ContractId> tokens) const
{
    if (tokens.size() != 2 || factory_->find_pair(tokens[0], tokens[1]) != nullptr)
        return std::nullopt;
    return pair_deployment_gas;
}

void UniswapV2Router::add_opening(CallWriter& calls, const OpeningOrder& order) const
{
    // The first deposit creates the pair; all of both goes in.
    calls.add(id(), AddLiquidity{order.tokens.at(0), order.tokens.at(1), order.amounts.at(0),
                        order.amounts.at(1), order.amounts.at(0), order.amounts.at(1),
                        order.recipient, order.deadline});
}

void UniswapV2Router::add_withdrawal(CallWriter& calls, const WithdrawalOrder& order) const
{
    const auto tokens = order.exchange->tokens();
    calls.add(id(), RemoveLiquidity{tokens[0], tokens[1], order.shares, order.amounts_min.at(0),
                        order.amounts_min.at(1), order.recipient, order.deadline});
}

OrderFailure UniswapV2Router::failure_of(const Refusal& refusal) const
{
    if (refusal.text == "UniswapV2Router: INSUFFICIENT_OUTPUT_AMOUNT" ||
        refusal.text == "UniswapV2Router: INSUFFICIENT_A_AMOUNT" ||
        refusal.text == "UniswapV2Router: INSUFFICIENT_B_AMOUNT")
        return OrderFailure::limit;
    return refusal.text == "UniswapV2Router: EXPIRED" ? OrderFailure::deadline
                                                      : OrderFailure::other;
}

}  // namespace runnel::contracts
