#include "contracts/lending/morpho_blue/adaptive_curve_irm.hpp"

#include "contracts/kit/checked_int.hpp"
#include "contracts/kit/registration.hpp"
#include "contracts/lending/morpho_blue/math.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace runnel::contracts
{

using namespace morpho_blue;

namespace morpho_blue
{
namespace
{
constexpr std::int64_t wad_integer = 1'000'000'000'000'000'000;
constexpr std::int64_t year = 31'536'000;
constexpr std::int64_t curve_steepness = 4 * wad_integer;
constexpr std::int64_t adjustment_speed = 5 * wad_integer / (year / 10);  // 50 per year.
constexpr std::int64_t target_utilization = wad_integer / 10 * 9;
constexpr std::int64_t initial_rate_at_target = wad_integer / 25 / year;
constexpr std::int64_t rate_at_target_min = wad_integer / 1000 / year;
constexpr std::int64_t rate_at_target_max = 2 * wad_integer / year;

constexpr std::int64_t ln_2 = 693'147'180'559'945'309;

CheckedInt wad_mul_to_zero(const CheckedInt& x, const CheckedInt& y)
{
    return x * y / CheckedInt{wad_integer};
}
CheckedInt wad_div_to_zero(const CheckedInt& x, const CheckedInt& y)
{
    return x * CheckedInt{wad_integer} / y;
}

/// @p linear: the exponent.
Result<Int256> adapted(const Int256& start, const Int256& linear)
{
    const auto rate = RUNNEL_TRY(wad_mul_to_zero(start, wad_exp(linear)).result());
    return std::clamp(rate, Int256{rate_at_target_min}, Int256{rate_at_target_max});
}
}  // namespace

Int256 wad_exp(const Int256& x)
{
    static const auto exponent_min =
        Int256::from_magnitude(*Amount::from_decimal("41446531673892822312"), true);
    static const auto exponent_max =
        Int256::from_bits(*Amount::from_decimal("93859467695000404319"));
    static const auto result_max = Int256::from_bits(
        *Amount::from_decimal("57716089161558943949701069502944508345128422502756744429568"));
    if (x < exponent_min)
        return 0;
    if (x >= exponent_max)
        return result_max;
    // x = q * ln 2 + r with r from -ln 2 / 2 to ln 2 / 2; nothing of this can leave 256 bits.
    const auto half = x.is_negative() ? -(ln_2 / 2) : ln_2 / 2;
    const auto q = ((CheckedInt{x} + CheckedInt{half}) / CheckedInt{ln_2}).value;
    const auto r = (CheckedInt{x} - CheckedInt{q} * CheckedInt{ln_2}).value;
    const auto square = (CheckedInt{r} * r / CheckedInt{wad_integer} / CheckedInt{2}).value;
    const auto series = (CheckedInt{wad_integer} + r + square).value.bits;
    const auto shift = static_cast<unsigned>(q.magnitude().low64());
    return Int256::from_bits(q.is_negative() ? series >> shift : series << shift);
}

Result<CurveRate> curve_rate(const Amount& start, const MarketState& market, std::uint64_t elapsed)
{
    const auto utilization =
        market.total_supply_assets.is_zero()
            ? Amount{}
            : RUNNEL_TRY(wad_div_down(market.total_borrow_assets, market.total_supply_assets));
    const auto above = CheckedInt{Int256::from_bits(utilization)} - CheckedInt{target_utilization};
    const bool is_above = Int256::from_bits(utilization) > Int256{target_utilization};
    const auto error = RUNNEL_TRY(
        wad_div_to_zero(above, is_above ? wad_integer - target_utilization : target_utilization)
            .result());
    const auto begin = Int256::from_bits(start);
    auto average = begin;
    auto end = begin;
    if (begin.is_zero())
    {
        average = initial_rate_at_target;
        end = average;
    }
    else
    {
        const auto speed = wad_mul_to_zero(adjustment_speed, error);
        const auto linear = RUNNEL_TRY((speed * CheckedInt{Int256::from_bits(elapsed)}).result());
        if (!linear.is_zero())
        {
            end = RUNNEL_TRY(adapted(begin, linear));
            const auto half = (CheckedInt{linear} / CheckedInt{2}).value;
            const auto middle = RUNNEL_TRY(adapted(begin, half));
            average = RUNNEL_TRY(
                ((CheckedInt{begin} + end + CheckedInt{2} * middle) / CheckedInt{4}).result());
        }
    }
    const auto steepness =
        error.is_negative()
            ? CheckedInt{wad_integer} - wad_div_to_zero(wad_integer, curve_steepness)
            : CheckedInt{curve_steepness} - CheckedInt{wad_integer};
    const auto factor = wad_mul_to_zero(steepness, error) + CheckedInt{wad_integer};
    const auto rate = RUNNEL_TRY(wad_mul_to_zero(factor, average).result());
    return CurveRate{rate.bits, end.bits};
}

}  // namespace morpho_blue

MorphoAdaptiveCurveIrm::MorphoAdaptiveCurveIrm(ContractIdentity identity)
  : ContractBase{std::move(identity)}, rates_{name() + ".rates_at_target", KeyOf::contract}
{
    add_table(rates_);
}

const ContractType& MorphoAdaptiveCurveIrm::contract_type()
{
    static const ContractType type{.kind = "morpho_adaptive_curve_irm",
        .help = "The rate model of Morpho Blue that adapts itself to a utilisation of 90 %.",
        .role = ContractRole::lending,
        .sectors = implements<MorphoAdaptiveCurveIrm, InterestRateModel>(),
        .methods = methods(),
        .events = event_types<BorrowRateUpdateLog>(),
        .parameters = {},
        .create = creator<MorphoAdaptiveCurveIrm>([](const Parameters&) { return std::tuple{}; })};
    return type;
}

Result<Amount> MorphoAdaptiveCurveIrm::borrow_rate(CallContext& context, const MarketRef& market)
{
    auto& stored = context.write(rates_, index(market.contract));
    const auto elapsed = context.block().timestamp - market.state.last_update;
    const auto rate = RUNNEL_TRY(curve_rate(stored, market.state, elapsed));
    stored = rate.rate_at_target;
    context.emit(id(), BorrowRateUpdateLog{market.id, rate.average, rate.rate_at_target});
    return rate.average;
}

Result<Amount> MorphoAdaptiveCurveIrm::borrow_rate_view(
    CallContext& context, const MarketRef& market) const
{
    const auto elapsed = context.block().timestamp - market.state.last_update;
    return RUNNEL_TRY(
        curve_rate(context.read(rates_, index(market.contract)), market.state, elapsed))
        .average;
}

Result<Amount> MorphoAdaptiveCurveIrm::borrow_rate_view(
    const MarketRef& market, std::uint64_t now) const
{
    return RUNNEL_TRY(curve_rate(rates_.get(index(market.contract)), market.state,
                          now - market.state.last_update))
        .average;
}

void MorphoAdaptiveCurveIrm::declare_borrow_rate(
    AccessCollector& access, const MarketRef& market) const
{
    access.write(rates_, index(market.contract));
}

}  // namespace runnel::contracts
