#include "contracts/exchanges/uniswap_v2/router.hpp"

#include "contracts/exchanges/uniswap_v2/factory.hpp"
#include "contracts/exchanges/uniswap_v2/gas.hpp"
#include "contracts/exchanges/uniswap_v2/math.hpp"
#include "contracts/exchanges/uniswap_v2/pair.hpp"
#include "contracts/kit/registration.hpp"
#include "contracts/kit/token.hpp"
#include "ledger/check.hpp"
#include "state/world.hpp"

#include <utility>

namespace runnel::contracts
{

using namespace uniswap_v2;

namespace
{
/// {reserve of @p token, reserve of the other}, from those of token0 and token1.
std::array<Amount, 2> from_side_of(
    const UniswapV2Pair& pair, ContractId token, const std::array<Amount, 2>& reserves)
{
    return token == pair.token0() ? reserves : std::array{reserves[1], reserves[0]};
}

Result<void> require_in_time(const CallContext& context, std::uint64_t deadline)
{
    RUNNEL_REQUIRE(
        deadline >= context.block().timestamp, Refusal::error("UniswapV2Router: EXPIRED"));
    return {};
}

auto running_reserves(CallContext& context)
{
    return [&context](const UniswapV2Pair& pair) { return pair.reserves(context); };
}

std::array<Amount, 2> committed_reserves(const UniswapV2Pair& pair)
{
    return {pair.state().reserve0, pair.state().reserve1};
}
}  // namespace

UniswapV2Router::UniswapV2Router(ContractIdentity identity, ContractId factory)
  : ContractBase{std::move(identity)}, factory_id_{factory}
{}

const ContractType& UniswapV2Router::contract_type()
{
    static const ContractType type{.kind = "uniswap_v2_router",
        .help = "Swaps along paths and adds liquidity, with limits on amounts and time.",
        .role = ContractRole::ledger,
        .sectors = implements<UniswapV2Router, Venue>(),
        .methods = methods(),
        .events = {},
        .parameters =
            {
                contract_parameter(
                    "factory", "uniswap_v2_factory", "The factory whose pairs it trades with."),
            },
        .create = creator<UniswapV2Router>([](const Parameters& parameters)
            { return std::tuple{parameters.contract("factory")}; })};
    return type;
}

void UniswapV2Router::connect(World& world)
{
    factory_ = dynamic_cast<const UniswapV2Factory*>(world.find_contract(factory_id_));
    RUNNEL_CHECK(factory_ != nullptr);
}

Result<UniswapV2Pair*> UniswapV2Router::pair_for(ContractId token_a, ContractId token_b) const
{
    RUNNEL_REQUIRE(token_a != token_b, Refusal::error("UniswapV2Library: IDENTICAL_ADDRESSES"));
    auto* pair = factory_->find_pair(token_a, token_b);
    // The EVM finds no code where the pair should be and reverts without data.
    RUNNEL_REQUIRE(pair != nullptr, Refusal::empty());
    return pair;
}

template <typename Reserves>
Result<UniswapV2Router::Amounts> UniswapV2Router::amounts_out(
    const Path& path, const Amount& amount_in, Reserves&& reserves) const
{
    RUNNEL_REQUIRE(path.size() >= 2, Refusal::error("UniswapV2Library: INVALID_PATH"));
    Amounts amounts;
    amounts[0] = amount_in;
    for (std::size_t i = 0; i + 1 < path.size(); ++i)
    {
        const auto& pair = *RUNNEL_TRY(pair_for(path[i], path[i + 1]));
        const auto [reserve_in, reserve_out] = from_side_of(pair, path[i], reserves(pair));
        amounts[i + 1] = RUNNEL_TRY(get_amount_out(amounts[i], reserve_in, reserve_out));
    }
    return amounts;
}

template <typename Reserves>
Result<UniswapV2Router::Amounts> UniswapV2Router::amounts_in(
    const Path& path, const Amount& amount_out, Reserves&& reserves) const
{
    RUNNEL_REQUIRE(path.size() >= 2, Refusal::error("UniswapV2Library: INVALID_PATH"));
    Amounts amounts;
    amounts[path.size() - 1] = amount_out;
    for (std::size_t i = path.size() - 1; i > 0; --i)
    {
        const auto& pair = *RUNNEL_TRY(pair_for(path[i - 1], path[i]));
        const auto [reserve_in, reserve_out] = from_side_of(pair, path[i - 1], reserves(pair));
        amounts[i - 1] = RUNNEL_TRY(get_amount_in(amounts[i], reserve_in, reserve_out));
    }
    return amounts;
}

Result<Amount> UniswapV2Router::quote_exact_input(const Path& path, const Amount& amount_in) const
{
    return RUNNEL_TRY(amounts_out(path, amount_in, committed_reserves))[path.size() - 1];
}

Result<Amount> UniswapV2Router::quote_exact_output(const Path& path, const Amount& amount_out) const
{
    return RUNNEL_TRY(amounts_in(path, amount_out, committed_reserves))[0];
}

/// TransferHelper's low-level call: whatever the token's reason was, this one replaces it.
Result<void> UniswapV2Router::pull(
    CallContext& context, ContractId token, AccountId to, const Amount& amount)
{
    const auto paid = token_at(context.world(), token)
                          .transfer_from(context.as(account()), context.sender(), to, amount);
    if (!paid.has_value()) [[unlikely]]
    {
        return fail(paid.error().kind == RefusalKind::ledger
                        ? paid.error()
                        : Refusal::error("TransferHelper: TRANSFER_FROM_FAILED"));
    }
    context.use_gas(gas::pull);
    return {};
}

Result<void> UniswapV2Router::swap_along(
    CallContext& context, const Path& path, const Amounts& amounts, AccountId to)
{
    auto* pair = RUNNEL_TRY(pair_for(path[0], path[1]));
    RUNNEL_TRY(context.charge_gas(hop_gas * (path.size() - 2)));
    RUNNEL_TRY(pull(context, path[0], pair->account(), amounts[0]));
    for (std::size_t i = 0; i + 1 < path.size(); ++i)
    {
        const bool is_last = i + 2 == path.size();
        auto* next = is_last ? nullptr : RUNNEL_TRY(pair_for(path[i + 1], path[i + 2]));
        const auto& amount_out = amounts[i + 1];
        const bool pays_token0 = path[i + 1] == pair->token0();
        context.use_gas(gas::call_swap);
        RUNNEL_TRY(pair->swap(context.as(account()), pays_token0 ? amount_out : Amount{},
            pays_token0 ? Amount{} : amount_out, is_last ? to : next->account(), CallList{}));
        pair = next;
    }
    return {};
}

Result<Returns> UniswapV2Router::execute(const AddLiquidity& call, CallContext& context)
{
    RUNNEL_TRY(require_in_time(context, call.deadline));
    auto* pair = factory_->find_pair(call.token_a, call.token_b);
    if (pair == nullptr)
        pair = RUNNEL_TRY(factory_->create_pair(context, call.token_a, call.token_b));
    const auto [reserve_a, reserve_b] = from_side_of(*pair, call.token_a, pair->reserves(context));

    context.use_gas(gas::find_liquidity);
    // As much as both allow at the pool's ratio; all of both into an empty pool.
    auto amount_a = call.amount_a_desired;
    auto amount_b = call.amount_b_desired;
    if (!reserve_a.is_zero() || !reserve_b.is_zero())
    {
        const auto optimal_b = RUNNEL_TRY(uniswap_v2::quote(amount_a, reserve_a, reserve_b));
        if (optimal_b <= amount_b)
        {
            RUNNEL_REQUIRE(optimal_b >= call.amount_b_min,
                Refusal::error("UniswapV2Router: INSUFFICIENT_B_AMOUNT"));
            amount_b = optimal_b;
        }
        else
        {
            const auto optimal_a = RUNNEL_TRY(uniswap_v2::quote(amount_b, reserve_b, reserve_a));
            RUNNEL_REQUIRE(optimal_a <= amount_a, Refusal::invalid_opcode());
            RUNNEL_REQUIRE(optimal_a >= call.amount_a_min,
                Refusal::error("UniswapV2Router: INSUFFICIENT_A_AMOUNT"));
            amount_a = optimal_a;
        }
    }
    RUNNEL_TRY(pull(context, call.token_a, pair->account(), amount_a));
    RUNNEL_TRY(pull(context, call.token_b, pair->account(), amount_b));
    context.use_gas(gas::call_mint);
    const auto shares = RUNNEL_TRY(pair->mint(context.as(account()), call.to));
    return Returns{amount_a, amount_b, shares};
}

Result<Returns> UniswapV2Router::execute(const RemoveLiquidity& call, CallContext& context)
{
    RUNNEL_TRY(require_in_time(context, call.deadline));
    auto& pair = *RUNNEL_TRY(pair_for(call.token_a, call.token_b));
    RUNNEL_TRY(pair.transfer_from(
        context.as(account()), context.sender(), pair.account(), call.liquidity));
    context.use_gas(gas::pull_shares);
    const auto [amount_a, amount_b] =
        from_side_of(pair, call.token_a, RUNNEL_TRY(pair.burn(context.as(account()), call.to)));
    RUNNEL_REQUIRE(
        amount_a >= call.amount_a_min, Refusal::error("UniswapV2Router: INSUFFICIENT_A_AMOUNT"));
    RUNNEL_REQUIRE(
        amount_b >= call.amount_b_min, Refusal::error("UniswapV2Router: INSUFFICIENT_B_AMOUNT"));
    return Returns{amount_a, amount_b};
}

Result<Returns> UniswapV2Router::execute(const SwapExactTokensForTokens& call, CallContext& context)
{
    RUNNEL_TRY(require_in_time(context, call.deadline));
    context.use_gas(gas::find_reserves);
    const auto amounts =
        RUNNEL_TRY(amounts_out(call.path, call.amount_in, running_reserves(context)));
    context.use_gas(gas::find_amounts);
    const auto& amount_out = amounts[call.path.size() - 1];
    RUNNEL_REQUIRE(amount_out >= call.amount_out_min,
        Refusal::error("UniswapV2Router: INSUFFICIENT_OUTPUT_AMOUNT"));
    RUNNEL_TRY(swap_along(context, call.path, amounts, call.to));
    return Returns{amounts[0], amount_out};
}

Result<Returns> UniswapV2Router::execute(const SwapTokensForExactTokens& call, CallContext& context)
{
    RUNNEL_TRY(require_in_time(context, call.deadline));
    context.use_gas(gas::find_reserves);
    const auto amounts =
        RUNNEL_TRY(amounts_in(call.path, call.amount_out, running_reserves(context)));
    context.use_gas(gas::find_amounts);
    RUNNEL_REQUIRE(amounts[0] <= call.amount_in_max,
        Refusal::error("UniswapV2Router: EXCESSIVE_INPUT_AMOUNT"));
    RUNNEL_TRY(swap_along(context, call.path, amounts, call.to));
    return Returns{amounts[0], call.amount_out};
}

void UniswapV2Router::declare(
    const AddLiquidity& call, AccountId sender, AccessCollector& access) const
{
    const auto* pair = factory_->find_pair(call.token_a, call.token_b);
    if (pair == nullptr)
    {
        if (factory_->may_create(access.world(), call.token_a, call.token_b))
            access.deploys();
        return;
    }
    for (const auto token : {call.token_a, call.token_b})
    {
        token_at(access.world(), token)
            .declare_transfer_from(access, account(), sender, pair->account());
    }
    pair->declare(Mint{call.to}, account(), access);
}

void UniswapV2Router::declare(
    const RemoveLiquidity& call, AccountId sender, AccessCollector& access) const
{
    const auto* pair = factory_->find_pair(call.token_a, call.token_b);
    if (pair == nullptr)
        return;
    pair->declare_transfer_from(access, account(), sender, pair->account());
    pair->declare(Burn{call.to}, account(), access);
}

void UniswapV2Router::declare_swap(
    const Path& path, AccountId to, AccountId sender, AccessCollector& access) const
{
    for (std::size_t i = 0; i + 1 < path.size(); ++i)
    {
        const auto* pair = factory_->find_pair(path[i], path[i + 1]);
        if (pair == nullptr)
            continue;
        if (i == 0)
        {
            token_at(access.world(), path[0])
                .declare_transfer_from(access, account(), sender, pair->account());
        }
        const auto* next =
            i + 2 < path.size() ? factory_->find_pair(path[i + 1], path[i + 2]) : nullptr;
        const bool pays_token0 = path[i + 1] == pair->token0();
        pair->declare(Swap{pays_token0 ? 1 : 0, pays_token0 ? 0 : 1,
                          next == nullptr ? to : next->account(), {}},
            account(), access);
    }
}

void UniswapV2Router::declare(
    const SwapExactTokensForTokens& call, AccountId sender, AccessCollector& access) const
{
    declare_swap(call.path, call.to, sender, access);
}

void UniswapV2Router::declare(
    const SwapTokensForExactTokens& call, AccountId sender, AccessCollector& access) const
{
    declare_swap(call.path, call.to, sender, access);
}

}  // namespace runnel::contracts
