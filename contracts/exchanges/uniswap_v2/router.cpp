#include "contracts/exchanges/uniswap_v2/router.hpp"

#include "contracts/exchanges/uniswap_v2/factory.hpp"
#include "contracts/exchanges/uniswap_v2/gas.hpp"
#include "contracts/exchanges/uniswap_v2/math.hpp"
#include "contracts/exchanges/uniswap_v2/pair.hpp"
#include "contracts/exchanges/uniswap_v2/router_steps.hpp"
#include "contracts/kit/registration.hpp"
#include "contracts/kit/token.hpp"
#include "contracts/kit/token_book.hpp"
#include "contracts/tokens/native/native_coin.hpp"
#include "contracts/tokens/weth9/weth9.hpp"
#include "ledger/check.hpp"
#include "state/world.hpp"

#include <utility>

namespace runnel::contracts
{

using namespace uniswap_v2;

namespace
{
std::array<Amount, 2> committed_reserves(const UniswapV2Pair& pair)
{
    return {pair.state().reserve0, pair.state().reserve1};
}
}  // namespace

UniswapV2Router::UniswapV2Router(
    ContractIdentity identity, ContractId factory, std::optional<ContractId> weth)
  : ContractBase{std::move(identity)}, factory_id_{factory}, weth_id_{weth}
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
                {.name = "weth",
                    .kind = ParameterKind::token,
                    .default_value = "\"\"",
                    .unit = {},
                    .help = "What wraps native coins; empty: calls with ETH in their names are "
                            "refused.",
                    .contract_kind = "weth9"},
            },
        .create = creator<UniswapV2Router>(
            [](const Parameters& parameters)
            {
                return std::tuple{parameters.contract("factory"),
                    parameters.has("weth") ? std::optional{parameters.token("weth")}
                                           : std::nullopt};
            })};
    return type;
}

void UniswapV2Router::connect(World& world)
{
    factory_ = dynamic_cast<const UniswapV2Factory*>(world.find_contract(factory_id_));
    RUNNEL_CHECK(factory_ != nullptr);
    weth_ = weth_id_ ? dynamic_cast<Weth9*>(world.find_contract(*weth_id_)) : nullptr;
    native_ = dynamic_cast<NativeCoin*>(world.find_contract(native_coin));
}

Result<UniswapV2Pair*> UniswapV2Router::pair_for(ContractId token_a, ContractId token_b) const
{
    RUNNEL_REQUIRE(token_a != token_b, Refusal::error("UniswapV2Library: IDENTICAL_ADDRESSES"));
    auto* pair = factory_->find_pair(token_a, token_b);
    // The EVM finds no code where the pair should be and reverts without data.
    RUNNEL_REQUIRE(pair != nullptr, Refusal::empty());
    return pair;
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

/// As much as both allow at the pool's ratio; all of both into an empty pool.
Result<std::array<Amount, 2>> UniswapV2Router::amounts_to_add(CallContext& context,
    const UniswapV2Pair& pair, ContractId token_a, const std::array<Amount, 2>& desired,
    const std::array<Amount, 2>& least)
{
    const auto [reserve_a, reserve_b] = from_side_of(pair, token_a, pair.reserves(context));
    context.use_gas(gas::find_liquidity);
    if (reserve_a.is_zero() && reserve_b.is_zero())
        return desired;
    const auto optimal_b = RUNNEL_TRY(uniswap_v2::quote(desired[0], reserve_a, reserve_b));
    if (optimal_b <= desired[1])
    {
        RUNNEL_REQUIRE(
            optimal_b >= least[1], Refusal::error("UniswapV2Router: INSUFFICIENT_B_AMOUNT"));
        return std::array{desired[0], optimal_b};
    }
    const auto optimal_a = RUNNEL_TRY(uniswap_v2::quote(desired[1], reserve_b, reserve_a));
    RUNNEL_REQUIRE(optimal_a <= desired[0], Refusal::invalid_opcode());
    RUNNEL_REQUIRE(optimal_a >= least[0], Refusal::error("UniswapV2Router: INSUFFICIENT_A_AMOUNT"));
    return std::array{optimal_a, desired[1]};
}

Result<Returns> UniswapV2Router::execute(const AddLiquidity& call, CallContext& context)
{
    RUNNEL_TRY(require_in_time(context, call.deadline));
    auto* pair = factory_->find_pair(call.token_a, call.token_b);
    if (pair == nullptr)
        pair = RUNNEL_TRY(factory_->create_pair(context, call.token_a, call.token_b));
    const auto [amount_a, amount_b] = RUNNEL_TRY(amounts_to_add(context, *pair, call.token_a,
        {call.amount_a_desired, call.amount_b_desired}, {call.amount_a_min, call.amount_b_min}));
    RUNNEL_TRY(pull(context, call.token_a, pair->account(), amount_a));
    RUNNEL_TRY(pull(context, call.token_b, pair->account(), amount_b));
    context.use_gas(gas::call_mint);
    const auto shares = RUNNEL_TRY(pair->mint(context.as(account()), call.to));
    return Returns{amount_a, amount_b, shares};
}

Result<std::array<Amount, 2>> UniswapV2Router::remove(
    CallContext& context, const RemoveLiquidity& call, AccountId to)
{
    RUNNEL_TRY(require_in_time(context, call.deadline));
    auto& pair = *RUNNEL_TRY(pair_for(call.token_a, call.token_b));
    RUNNEL_TRY(pair.transfer_from(
        context.as(account()), context.sender(), pair.account(), call.liquidity));
    context.use_gas(gas::pull_shares);
    const auto amounts =
        from_side_of(pair, call.token_a, RUNNEL_TRY(pair.burn(context.as(account()), to)));
    RUNNEL_REQUIRE(
        amounts[0] >= call.amount_a_min, Refusal::error("UniswapV2Router: INSUFFICIENT_A_AMOUNT"));
    RUNNEL_REQUIRE(
        amounts[1] >= call.amount_b_min, Refusal::error("UniswapV2Router: INSUFFICIENT_B_AMOUNT"));
    return amounts;
}

Result<Returns> UniswapV2Router::execute(const RemoveLiquidity& call, CallContext& context)
{
    const auto [amount_a, amount_b] = RUNNEL_TRY(remove(context, call, call.to));
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
    RUNNEL_TRY(context.charge_gas(hop_gas * (call.path.size() - 2)));
    auto* pair = RUNNEL_TRY(first_pair(call.path));
    RUNNEL_TRY(pull(context, call.path[0], pair->account(), amounts[0]));
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
    RUNNEL_TRY(context.charge_gas(hop_gas * (call.path.size() - 2)));
    auto* pair = RUNNEL_TRY(first_pair(call.path));
    RUNNEL_TRY(pull(context, call.path[0], pair->account(), amounts[0]));
    RUNNEL_TRY(swap_along(context, call.path, amounts, call.to));
    return Returns{amounts[0], call.amount_out};
}

Result<UniswapV2Pair*> UniswapV2Router::first_pair(const Path& path) const
{
    RUNNEL_REQUIRE(path.size() >= 2, Refusal::invalid_opcode());  // Beyond the end of an array.
    return pair_for(path[0], path[1]);
}

Amount UniswapV2Router::balance_of(CallContext& context, ContractId token, AccountId holder) const
{
    return token_at(context.world(), token).holding(context, holder);
}

Result<void> UniswapV2Router::swap_what_came(CallContext& context, const Path& path, AccountId to)
{
    auto* pair = RUNNEL_TRY(first_pair(path));
    for (std::size_t i = 0; i + 1 < path.size(); ++i)
    {
        const bool is_last = i + 2 == path.size();
        const auto [reserve_in, reserve_out] =
            from_side_of(*pair, path[i], pair->reserves(context));
        const auto amount_in = RUNNEL_TRY(
            (SafeMath{balance_of(context, path[i], pair->account())} - reserve_in).result());
        const auto amount_out =
            RUNNEL_TRY(get_amount_out(amount_in, reserve_in, reserve_out, factory_->fee()));
        auto* next = is_last ? nullptr : RUNNEL_TRY(pair_for(path[i + 1], path[i + 2]));
        const bool pays_token0 = path[i + 1] == pair->token0();
        context.use_gas(gas::call_swap);
        RUNNEL_TRY(pair->swap(context.as(account()), pays_token0 ? amount_out : Amount{},
            pays_token0 ? Amount{} : amount_out, is_last ? to : next->account(), CallList{}));
        pair = next;
    }
    return {};
}

Result<Returns> UniswapV2Router::execute(
    const SwapExactTokensForTokensSupportingFeeOnTransferTokens& call, CallContext& context)
{
    RUNNEL_TRY(require_in_time(context, call.deadline));
    auto* pair = RUNNEL_TRY(first_pair(call.path));
    RUNNEL_TRY(require_account(context.world(), call.to));
    RUNNEL_TRY(context.charge_gas(hop_gas * (call.path.size() - 2)));
    RUNNEL_TRY(pull(context, call.path[0], pair->account(), call.amount_in));
    const auto token_out = call.path[call.path.size() - 1];
    RUNNEL_REQUIRE(find_token(context.world(), token_out) != nullptr, Refusal::empty());
    const auto before = balance_of(context, token_out, call.to);
    RUNNEL_TRY(swap_what_came(context, call.path, call.to));
    const auto received =
        RUNNEL_TRY((SafeMath{balance_of(context, token_out, call.to)} - before).result());
    RUNNEL_REQUIRE(received >= call.amount_out_min,
        Refusal::error("UniswapV2Router: INSUFFICIENT_OUTPUT_AMOUNT"));
    return Returns{};
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
