#include "contracts/exchanges/uniswap_v3/factory.hpp"
#include "contracts/exchanges/uniswap_v3/first_position.hpp"
#include "contracts/exchanges/uniswap_v3/pool.hpp"
#include "contracts/kit/plain_tokens.hpp"
#include "contracts/kit/registration.hpp"
#include "contracts/kit/sectors/dex_quotes.hpp"
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

}  // namespace

const ContractType& UniswapV3Pool::contract_type()
{
    static const ContractType type{.kind = "uniswap_v3_pool",
        .help = "A pool of two tokens whose liquidity is put between prices of choice.",
        .role = ContractRole::dex,
        .sectors = implements<UniswapV3Pool, Exchange, RangeExchange>(),
        .methods = methods(),
        .events = event_types<InitializeLog, MintLog, BurnLog, CollectLog, SwapLog, FlashLog,
            IncreaseObservationCardinalityNextLog, SetFeeProtocolLog, CollectProtocolLog, DexTrade,
            DexPool, DexQuote, DexRangeChange, DexRange>(),
        .parameters =
            {
                token_parameter("token0", plain_tokens, "The first token."),
                token_parameter("token1", plain_tokens, "The second token; another one."),
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
            const auto spacing = spacing_of(parameters.integer("fee"));
            if (!first_position(amount0, amount1, parameters.integer("range_bps"), spacing,
                    *uniswap_v3::max_liquidity_per_tick(spacing)))
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
    const auto first = first_position(amounts[0], amounts[1], parameters.integer("range_bps"),
        tick_spacing(), max_liquidity_per_tick_);
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
