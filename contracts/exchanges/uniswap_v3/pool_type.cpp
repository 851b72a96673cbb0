#include "contracts/exchanges/uniswap_v3/factory.hpp"
#include "contracts/exchanges/uniswap_v3/liquidity_amounts.hpp"
#include "contracts/exchanges/uniswap_v3/pool.hpp"
#include "contracts/kit/registration.hpp"
#include "contracts/kit/sectors/rows.hpp"
#include "ledger/check.hpp"
#include "state/world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

/// How scenarios and transactions make pools.
namespace runnel::contracts
{

using namespace uniswap_v3;

namespace
{
constexpr double amount_max = 340282366920938463463374607431768211455.0;  // 2^128 - 1

/// The spacing that belongs to a fee in the deployed factory; 0: none.
std::int32_t spacing_of(std::int64_t fee) noexcept
{
    switch (fee)
    {
        case 100: return 1;
        case 500: return 10;
        case 3'000: return 60;
        case 10'000: return 200;
        default: return 0;
    }
}

PoolConstructor arguments_of(const Parameters& parameters)
{
    return {parameters.token("token0"), parameters.token("token1"), parameters.contract("factory"),
        static_cast<std::uint32_t>(parameters.integer("fee")),
        spacing_of(parameters.integer("fee"))};
}

/// sqrt(amount1 / amount0) with 96 bits behind the point, rounded down; empty if it does not fit.
std::optional<Amount> first_price(const Amount& amount0, const Amount& amount1)
{
    // Two roots' worth of bits behind the point, as many as fit.
    for (unsigned bits = 192; bits >= 128; bits -= 64)
    {
        const auto ratio = mul_div_down(amount1, Amount::power_of_two(bits), amount0);
        if (!ratio.ok())
            continue;
        const auto root = sqrt_down(ratio.value) << (192 - bits) / 2;
        if (root >= min_sqrt_ratio && root < max_sqrt_ratio)
            return root;
        break;
    }
    return std::nullopt;
}

/// The widest range on the pool's grid within @p range_bps around a price: 10000 is between half
/// and twice of it; 0: all prices.
std::pair<std::int32_t, std::int32_t> range_of(
    const Amount& price, std::int64_t range_bps, std::int32_t spacing)
{
    const auto lowest = min_tick / spacing * spacing;
    if (range_bps == 0)
        return {lowest, -lowest};
    // Roots of (10000 + bps) / 10000 are good to 2^-48 here; ticks are 2^-14.
    const auto factor =
        sqrt_down(div_down(Amount{static_cast<std::uint64_t>(10'000 + range_bps)} << 96U, 10'000));
    const auto above = mul_div_down(price, factor, Amount::power_of_two(48));
    const auto below = mul_div_down(price, Amount::power_of_two(48), factor);
    const auto tick_of = [spacing, lowest](const Amount& at)
    {
        const auto tick =
            tick_at_sqrt_ratio(std::clamp(at, min_sqrt_ratio, wrapping_sub(max_sqrt_ratio, 1)));
        return std::clamp(compressed_tick(*tick, spacing) * spacing, lowest, -lowest);
    };
    const auto lower = tick_of(below.value);
    const auto upper = tick_of(above.ok() ? above.value : max_sqrt_ratio);
    return {lower, std::max(upper, lower + spacing)};
}
/// The first liquidity of a scenario's pool.
struct FirstPosition
{
    Amount price;
    std::int32_t lower = 0;
    std::int32_t upper = 0;
    Amount liquidity;
};

/// Empty if the amounts make no price, or no liquidity that a pool takes.
std::optional<FirstPosition> first_position(const Parameters& parameters, std::int32_t spacing)
{
    const auto& amount0 = parameters.amount("amount0");
    const auto& amount1 = parameters.amount("amount1");
    if (amount0.is_zero() || amount1.is_zero())
        return std::nullopt;
    const auto price = first_price(amount0, amount1);
    if (!price)
        return std::nullopt;
    const auto [lower, upper] = range_of(*price, parameters.integer("range_bps"), spacing);
    const auto liquidity = liquidity_for_amounts(
        *price, *sqrt_ratio_at_tick(lower), *sqrt_ratio_at_tick(upper), amount0, amount1);
    if (!liquidity.has_value() || liquidity->is_zero() ||
        *liquidity > max_liquidity_per_tick(spacing).value())
        return std::nullopt;
    return FirstPosition{*price, lower, upper, *liquidity};
}
}  // namespace

const ContractType& UniswapV3Pool::contract_type()
{
    static const ContractType type{.kind = "uniswap_v3_pool",
        .help = "A pool of two tokens whose liquidity is put between prices of choice.",
        .role = ContractRole::dex,
        .sectors = implements<UniswapV3Pool, Exchange>(),
        .methods = methods(),
        .events = event_types<InitializeLog, MintLog, BurnLog, CollectLog, SwapLog, FlashLog,
            IncreaseObservationCardinalityNextLog, SetFeeProtocolLog, CollectProtocolLog, DexTrade,
            DexPool>(),
        .parameters =
            {
                token_parameter("token0", plain_token_kinds, "The first token."),
                token_parameter("token1", plain_token_kinds, "The second token; another one."),
                contract_parameter("factory", "uniswap_v3_factory",
                    "The factory that knows the pool and says who earns the protocol fee."),
                {"fee", ParameterKind::integer, "3000", unit::other("1e-6"),
                    "What every swap pays: 100, 500, 3000 or 10000; ticks are 1, 10, 60 or 200 "
                    "apart.",
                    100, 10'000},
                allocation({"amount0", ParameterKind::amount, "0", unit::smallest_unit_of("token0"),
                    "Liquidity at the start, of the account NAME/seed_lp; 0: none, and no price.",
                    0, amount_max}),
                allocation({"amount1", ParameterKind::amount, "0", unit::smallest_unit_of("token1"),
                    "Liquidity at the start; amount0 and amount1 set the first price.", 0,
                    amount_max}),
                {"range_bps", ParameterKind::integer, "0", unit::bps,
                    "How far around the first price that liquidity is: 1000 is from price / 1.1 to "
                    "price * 1.1; 0: all prices.",
                    0, 1'000'000},
            },
        .create = creator<UniswapV3Pool>(
            [](const Parameters& parameters) { return std::tuple{arguments_of(parameters)}; }),
        .validate = [](const Parameters& parameters) -> std::string
        {
            if (spacing_of(parameters.integer("fee")) == 0)
            {
                return fmt::format(
                    "fee: expected 100, 500, 3000 or 10000, got {}", parameters.integer("fee"));
            }
            const auto& amount0 = parameters.amount("amount0");
            const auto& amount1 = parameters.amount("amount1");
            if (amount0.is_zero() && amount1.is_zero())
                return "";
            if (!first_position(parameters, spacing_of(parameters.integer("fee"))))
                return "amount0: expected amounts of both tokens whose ratio is a price, from "
                       "2^-128 to 2^128, and that are some liquidity in their range";
            return "";
        },
        .deploy = [](ByteView bytes, ContractIdentity identity,
                      const World& world) -> std::unique_ptr<Contract>
        {
            PoolConstructor arguments;
            if (!decode(bytes, arguments) || arguments.token0 == arguments.token1 ||
                find_token(world, arguments.token0) == nullptr ||
                find_token(world, arguments.token1) == nullptr ||
                arguments.fee >= fee_denominator || arguments.tick_spacing <= 0 ||
                arguments.tick_spacing >= 16'384 ||
                dynamic_cast<const UniswapV3Factory*>(world.find_contract(arguments.factory)) ==
                    nullptr)
                return nullptr;
            return std::make_unique<UniswapV3Pool>(std::move(identity), arguments);
        },
        .list_arguments =
            [](ByteView bytes, FieldSink& parameters)
        {
            PoolConstructor arguments;
            RUNNEL_CHECK(decode(bytes, arguments));
            FieldLister fields{parameters};
            // The spacing belongs to the fee.
            fields("token0", arguments.token0);
            fields("token1", arguments.token1);
            fields("factory", arguments.factory);
            fields("fee", arguments.fee);
        }};
    return type;
}

void UniswapV3Pool::genesis(const Parameters& parameters, GenesisBuilder& builder)
{
    const std::array amounts{parameters.amount("amount0"), parameters.amount("amount1")};
    if (amounts[0].is_zero())
        return;
    const auto first = first_position(parameters, tick_spacing());
    RUNNEL_CHECK(first.has_value() && "validate() saw to it");
    const auto seed = builder.account(name() + "/seed_lp", "liquidity_provider");
    CallWriter payments;
    for (unsigned side = 0; side < 2; ++side)
    {
        const bool given = token_[side]->allocate(builder.world(), seed, amounts[side]);
        RUNNEL_CHECK(given);
        const Erc20Transfer transfer{account(), {}};
        payments.add(side == 0 ? token0() : token1(), transfer,
            Binding{transfer.value, ResultOf{ResultOf::callback, static_cast<std::uint8_t>(side)}});
    }
    CallWriter calls;
    calls.add(id(), Initialize{first->price});
    calls.add(id(), Mint{seed, first->lower, first->upper, first->liquidity, payments.list()});
    builder.transaction(seed, std::move(calls).take());
}

}  // namespace runnel::contracts
