#include "contracts/oracles/pool_oracle/pool_oracle.hpp"

#include "contracts/exchanges/uniswap_v2/math.hpp"
#include "contracts/kit/registration.hpp"
#include "contracts/oracles/price_oracle/price_oracle.hpp"
#include "ledger/check.hpp"
#include "state/world.hpp"

#include <fmt/format.h>

#include <utility>

namespace runnel::contracts
{
namespace
{
const Amount q112 = Amount{1} << 112U;
}  // namespace

PoolOracle::PoolOracle(ContractIdentity identity, const PoolOracleTerms& terms)
  : ContractBase{std::move(identity)},
    terms_{terms},
    prices_{name() + ".prices", KeyOf::contract},
    observation_{name() + ".observation"}
{
    add_table(prices_);
    add_table(observation_);
}

const ContractType& PoolOracle::contract_type()
{
    static const ContractType type{.kind = "pool_oracle",
        .help = "The price of a Uniswap v2 pair's token, taken from the pair by whoever asks.",
        .role = ContractRole::oracle,
        .sectors = implements<PoolOracle, PriceSource, PoolPriceSource>(),
        .methods = methods(),
        .events = event_types<AssetPriceUpdatedLog>(),
        .parameters =
            {
                contract_parameter(
                    "pool", UniswapV2Pair::contract_type().kind, "Whose other token it prices."),
                {"priced", ParameterKind::choice, "\"token0\"", {},
                    "The pair's token that it prices; the other one's price is taken for granted.",
                    0, 0, "token0|token1"},
                {"quote_price", ParameterKind::amount, "", unit::usd_e8_per_token,
                    "The other token's price, for good.", 1, 1e30},
                {"window", ParameterKind::duration, "\"0s\"", {},
                    "The price is the mean over this time at the least; 0: the ratio of the "
                    "reserves at the moment, which a swap in the same transaction makes what it "
                    "likes.",
                    0},
                {"initial_price", ParameterKind::amount, "0", unit::usd_e8_per_token,
                    "What it says before the first update; with a window that begins the first "
                    "mean and leaves the price as it is.",
                    0, 1e30},
            },
        .create = creator<PoolOracle>(
            [](const Parameters& parameters)
            {
                return std::tuple{PoolOracleTerms{parameters.contract("pool"),
                    parameters.text("priced") == "token0", parameters.amount("quote_price"),
                    static_cast<std::uint64_t>(parameters.duration_ms("window")) / 1'000,
                    parameters.amount("initial_price")}};
            }),
        .validate = [](const Parameters& parameters) -> std::string
        {
            const auto window = parameters.duration_ms("window");
            return window % 1'000 == 0
                       ? ""
                       : fmt::format("window: expected whole seconds, got {} ms", window);
        }};
    return type;
}

void PoolOracle::connect(World& world)
{
    pair_ = dynamic_cast<const UniswapV2Pair*>(world.find_contract(terms_.pool));
    RUNNEL_CHECK(pair_ != nullptr);
    base_ = terms_.prices_token0 ? pair_->token0() : pair_->token1();
    quote_ = pair_->other(base_);
    base_unit_ = Amount::power_of_ten(world.contract(base_).token_info()->decimals);
    quote_unit_ = Amount::power_of_ten(world.contract(quote_).token_info()->decimals);
}

void PoolOracle::genesis(const Parameters&, GenesisBuilder& builder)
{
    connect(builder.world());
    prices_.at(index(quote_)).price = terms_.quote_price;
    prices_.at(index(base_)).price = terms_.initial_price;
}

PoolReserves PoolOracle::reserves_of(const uniswap_v2::PairState& pair) const
{
    return terms_.prices_token0 ? PoolReserves{pair.reserve0, pair.reserve1}
                                : PoolReserves{pair.reserve1, pair.reserve0};
}

Amount PoolOracle::cumulative_at(const uniswap_v2::PairState& pair, std::uint64_t at) const
{
    const auto& last =
        terms_.prices_token0 ? pair.price0_cumulative_last : pair.price1_cumulative_last;
    const auto reserves = reserves_of(pair);
    if (reserves.base.is_zero())
        return last;
    const auto seconds = static_cast<std::uint32_t>(at) - pair.block_timestamp_last;
    return wrapping_add(
        last, uniswap_v2::price_growth_down(reserves.base, reserves.quote, seconds));
}

Result<Amount> PoolOracle::ratio(const PoolReserves& reserves) const
{
    RUNNEL_REQUIRE(!reserves.base.is_zero() && !reserves.quote.is_zero(),
        Refusal::error("ExampleOracleSimple: NO_RESERVES"));
    const auto worth = RUNNEL_TRY(Checked{reserves.quote} * base_unit_);
    const auto per = RUNNEL_TRY(Checked{reserves.base} * quote_unit_);
    return RUNNEL_TRY(mul_div_down(worth, terms_.quote_price, per));
}

Result<Amount> PoolOracle::mean(
    const PoolObservation& since, const Amount& cumulative, std::uint64_t at) const
{
    const auto seconds = at - since.timestamp;
    RUNNEL_REQUIRE(seconds >= terms_.window && seconds > 0,
        Refusal::error("ExampleOracleSimple: PERIOD_NOT_ELAPSED"));
    const auto mean = div_down(wrapping_sub(cumulative, since.cumulative), seconds);
    const auto worth = RUNNEL_TRY(Checked{base_unit_} * terms_.quote_price);
    const auto per = RUNNEL_TRY(Checked{q112} * quote_unit_);
    return RUNNEL_TRY(mul_div_down(mean, worth, per));
}

Result<Amount> PoolOracle::price(const uniswap_v2::PairState& pair, const PoolObservation& since,
    const PoolReserves& reserves, const Amount& standing, std::uint64_t at) const
{
    if (terms_.window == 0)
        return ratio(reserves);
    if (since.timestamp == 0)
        return standing;
    return mean(since, cumulative_at(pair, at), at);
}

Result<Amount> PoolOracle::preview_update(std::uint64_t at, const PoolReserves& reserves) const
{
    return price(
        pair_->state(), observation_.get(0), reserves, prices_.get(index(base_)).price, at);
}

Result<Returns> PoolOracle::execute(const UpdatePoolPrice&, CallContext& context)
{
    const auto now = context.block().timestamp;
    const auto& pair = pair_->state(context);
    const auto found = RUNNEL_TRY(price(pair, context.read(observation_, 0), reserves_of(pair),
        context.read(prices_, index(base_)).price, now));
    context.write(observation_, 0) = {cumulative_at(pair, now), now};
    context.write(prices_, index(base_)) = {found, now};
    context.emit(id(), AssetPriceUpdatedLog{base_, found, now});
    return Returns{found};
}

}  // namespace runnel::contracts
