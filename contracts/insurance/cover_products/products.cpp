#include "contracts/insurance/cover_products/products.hpp"

#include "contracts/insurance/cover_pool/math.hpp"
#include "contracts/kit/registration.hpp"
#include "ledger/check.hpp"
#include "state/world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace runnel::contracts
{

using namespace cover_products;
using cover_pool::bps_whole;
using cover_pool::fall_share_down;
using cover_pool::share_of_down;
using cover_pool::wad;

namespace
{
ParameterSpec risk_parameter()
{
    return {"risk_bps", ParameterKind::integer, "10000", unit::bps,
        "How many times the pool's premium it costs.", 0, 1e6};
}
ParameterSpec franchise_parameter()
{
    return {"franchise_bps", ParameterKind::integer, "100", unit::bps,
        "A smaller share of loss pays nothing, a larger one all of it.", 0, 10'000};
}

std::uint32_t bps_of(const Parameters& parameters, std::string_view key)
{
    return static_cast<std::uint32_t>(parameters.integer(key));
}

/// A loss below the franchise is none.
Amount beyond_franchise(const Amount& share, std::uint32_t franchise_bps)
{
    const auto least = mul_div_up(wad(), franchise_bps, bps_whole).value;
    return share < least ? Amount{} : share;
}
}  // namespace

// ---- Deficit ----

DeficitCover::DeficitCover(ContractIdentity identity, ContractId market, ContractId token,
    std::uint32_t franchise_bps, std::uint32_t risk_bps)
  : ContractBase{std::move(identity)},
    market_id_{market},
    token_{token},
    franchise_bps_{franchise_bps},
    risk_bps_{risk_bps}
{}

const ContractType& DeficitCover::contract_type()
{
    static const ContractType type{.kind = "deficit_cover",
        .help = "Covers suppliers of a lending market against the bad debt that it writes off.",
        .sectors = implements<DeficitCover, CoverProduct>(),
        .methods = methods(),
        .events = {},
        .parameters =
            {
                contract_parameter("market", RecordedDeficit::sector,
                    "The lending market; one that records its deficits."),
                {"token", ParameterKind::token, "", {}, "What is supplied to it."},
                franchise_parameter(),
                risk_parameter(),
            },
        .create = creator<DeficitCover>(
            [](const Parameters& parameters)
            {
                return std::tuple{parameters.contract("market"), parameters.token("token"),
                    bps_of(parameters, "franchise_bps"), bps_of(parameters, "risk_bps")};
            })};
    return type;
}

void DeficitCover::connect(World& world)
{
    market_ = dynamic_cast<const LendingMarket*>(world.find_contract(market_id_));
    deficits_ = dynamic_cast<const RecordedDeficit*>(world.find_contract(market_id_));
    RUNNEL_CHECK(market_ != nullptr && deficits_ != nullptr);
    const auto reserve = market_->find_reserve(token_);
    // None of the token: it has no deficit.
    if (!reserve)
        deficits_ = nullptr;
    reserve_ = reserve.value_or(0);
}

Result<Amount> DeficitCover::base_level(CallContext& context) const
{
    RUNNEL_REQUIRE(
        deficits_ != nullptr, Refusal::error("DeficitCover: the market has no such reserve"));
    return deficits_->deficit(context, reserve_);
}

Result<LossMeasure> DeficitCover::measure(CallContext& context) const
{
    const auto level = RUNNEL_TRY(base_level(context));
    return LossMeasure{level, RUNNEL_TRY(deficits_->total_supplied(context, reserve_))};
}

Amount DeficitCover::loss_share(const Amount& base, const LossMeasure& measure) const
{
    if (measure.level <= base)
        return {};
    return beyond_franchise(
        share_of_down(wrapping_sub(measure.level, base), measure.scale), franchise_bps_);
}

std::optional<LossMeasure> DeficitCover::measure_at(std::uint64_t at) const
{
    if (deficits_ == nullptr)
        return std::nullopt;
    const auto view = market_->view_at(at);
    return LossMeasure{deficits_->deficit(reserve_), view->reserve(reserve_).total_supplied};
}

// ---- Share price ----

SharePriceCover::SharePriceCover(ContractIdentity identity, ContractId vault,
    std::uint32_t franchise_bps, std::uint32_t risk_bps)
  : ContractBase{std::move(identity)},
    vault_id_{vault},
    franchise_bps_{franchise_bps},
    risk_bps_{risk_bps}
{}

const ContractType& SharePriceCover::contract_type()
{
    static const ContractType type{.kind = "share_price_cover",
        .help = "Covers holders of a vault's shares against a fall of their price.",
        .sectors = implements<SharePriceCover, CoverProduct>(),
        .methods = methods(),
        .events = {},
        .parameters =
            {
                contract_parameter("vault", Vault::sector, "Whose shares."),
                franchise_parameter(),
                risk_parameter(),
            },
        .create = creator<SharePriceCover>(
            [](const Parameters& parameters)
            {
                return std::tuple{parameters.contract("vault"), bps_of(parameters, "franchise_bps"),
                    bps_of(parameters, "risk_bps")};
            })};
    return type;
}

void SharePriceCover::connect(World& world)
{
    vault_ = find_vault(world, vault_id_);
    RUNNEL_CHECK(vault_ != nullptr);
    share_unit_ =
        Amount::power_of_ten(world.contract(vault_id_).token_info().value_or(TokenInfo{}).decimals);
}

Result<Amount> SharePriceCover::base_level(CallContext& context) const
{
    return vault_->assets_of(context, share_unit_);
}

Result<LossMeasure> SharePriceCover::measure(CallContext& context) const
{
    return LossMeasure{RUNNEL_TRY(base_level(context)), wad()};
}

Amount SharePriceCover::loss_share(const Amount& base, const LossMeasure& measure) const
{
    return beyond_franchise(fall_share_down(base, measure.level), franchise_bps_);
}

std::optional<LossMeasure> SharePriceCover::measure_at(std::uint64_t at) const
{
    const auto price = vault_->convert_to_assets(share_unit_, at);
    if (!price.has_value())
        return std::nullopt;
    return LossMeasure{*price, wad()};
}

// ---- Price ----

DepegCover::DepegCover(ContractIdentity identity, DepegTerms terms)
  : ContractBase{std::move(identity)}, terms_{std::move(terms)}, watch_{name() + ".watch"}
{
    add_table(watch_);
}

const ContractType& DepegCover::contract_type()
{
    static const ContractType type{.kind = "depeg_cover",
        .help = "Covers holders of a token whose price stays below a level for a time.",
        .sectors = implements<DepegCover, CoverProduct>(),
        .methods = methods(),
        .events = event_types<ObservedLog>(),
        .parameters =
            {
                contract_parameter("source", PriceSource::sector, "Whose prices count."),
                {"token", ParameterKind::token, "", {}, "What is covered."},
                {"par", ParameterKind::number, "1", unit::usd_per_token, "What it should be worth.",
                    1e-6, 1e9},
                {"level", ParameterKind::number, "0.95", unit::usd_per_token,
                    "Below it the time runs; below par.", 1e-6, 1e9},
                {"duration", ParameterKind::duration, "\"1d\"", {}, "How long it must stay below.",
                    0, 31'536'000'000.0},
                {"observation_gap", ParameterKind::duration, "\"6h\"", {},
                    "The longest time between two observations.", 1'000, 31'536'000'000.0},
                risk_parameter(),
            },
        .create = creator<DepegCover>(
            [](const Parameters& parameters)
            {
                const auto price = [&](std::string_view key)
                { return Amount::from_double(parameters.number(key) * 1e8 + 0.5); };
                const auto second = [&](std::string_view key)
                { return static_cast<std::uint64_t>(parameters.duration_ms(key)) / 1'000; };
                return std::tuple{DepegTerms{parameters.contract("source"),
                    parameters.token("token"), price("par"), price("level"), second("duration"),
                    second("observation_gap"), bps_of(parameters, "risk_bps")}};
            }),
        .validate = [](const Parameters& parameters) -> std::string
        {
            if (parameters.number("level") >= parameters.number("par"))
                return "level: expected a price below par";
            return {};
        }};
    return type;
}

void DepegCover::connect(World& world)
{
    source_ = dynamic_cast<const PriceSource*>(world.find_contract(terms_.source));
    RUNNEL_CHECK(source_ != nullptr);
}

Watch DepegCover::observed(const Watch& watch, const Amount& price, std::uint64_t at) const
{
    if (price.is_zero() || price >= terms_.level)
        return {0, at};
    const bool goes_on = watch.below_since != 0 && at - watch.observed_at <= terms_.observation_gap;
    return {goes_on ? watch.below_since : at, at};
}

bool DepegCover::is_met(const Watch& watch, std::uint64_t at) const
{
    return watch.below_since != 0 && at - watch.below_since >= terms_.duration;
}

Result<Amount> DepegCover::base_level(CallContext& context) const
{
    const auto& price = context.read(source_->prices(), index(terms_.token)).price;
    RUNNEL_REQUIRE(price >= terms_.level, Refusal::error("DepegCover: below the level already"));
    return std::min(price, terms_.par);
}

Result<LossMeasure> DepegCover::measure(CallContext& context) const
{
    const auto& price = context.read(source_->prices(), index(terms_.token)).price;
    const auto at = context.block().timestamp;
    RUNNEL_REQUIRE(is_met(observed(context.read(watch_, 0), price, at), at),
        Refusal::error("DepegCover: not below the level for long enough"));
    return LossMeasure{price, wad()};
}

Amount DepegCover::loss_share(const Amount& base, const LossMeasure& measure) const
{
    return fall_share_down(base, measure.level);
}

bool DepegCover::is_sold() const
{
    return source_->prices().get(index(terms_.token)).price >= terms_.level;
}

std::optional<LossMeasure> DepegCover::measure_at(std::uint64_t at) const
{
    const auto& price = source_->prices().get(index(terms_.token)).price;
    if (!is_met(observed(watch_.get(0), price, at), at))
        return std::nullopt;
    return LossMeasure{price, wad()};
}

bool DepegCover::wants_observation(std::uint64_t at) const
{
    const auto& watch = watch_.get(0);
    const auto& price = source_->prices().get(index(terms_.token)).price;
    const bool is_below = !price.is_zero() && price < terms_.level;
    if (is_below != (watch.below_since != 0))
        return true;
    return is_below && at - watch.observed_at >= terms_.observation_gap / 2;
}

void DepegCover::add_observe(CallWriter& calls) const
{
    calls.add(id(), Observe{});
}

Result<Returns> DepegCover::execute(const Observe&, CallContext& context)
{
    const auto price = context.read(source_->prices(), index(terms_.token)).price;
    auto& watch = context.write(watch_, 0);
    watch = observed(watch, price, context.block().timestamp);
    context.emit(id(), ObservedLog{price, watch.below_since != 0});
    return Returns{Amount{watch.below_since}};
}

// ---- Assessed ----

AssessedCover::AssessedCover(ContractIdentity identity, ContractId covered, ContractId token,
    ContractId assessment, std::uint32_t risk_bps)
  : ContractBase{std::move(identity)},
    covered_{covered},
    token_{token},
    assessment_id_{assessment},
    risk_bps_{risk_bps},
    accepted_{name() + ".accepted"}
{
    add_table(accepted_);
}

const ContractType& AssessedCover::contract_type()
{
    static const ContractType type{.kind = "assessed_cover",
        .help = "Covers what was put into a protocol against losses that assessors vote on.",
        .sectors = implements<AssessedCover, CoverProduct>(),
        .methods = methods(),
        .events = {},
        .parameters =
            {
                {"covered", ParameterKind::contract, "", {}, "The protocol's contract."},
                {"token", ParameterKind::token, "", {}, "What was put into it."},
                contract_parameter("assessment", ClaimsAssessment::sector, "Whose assessors vote."),
                risk_parameter(),
            },
        .create = creator<AssessedCover>(
            [](const Parameters& parameters)
            {
                return std::tuple{parameters.contract("covered"), parameters.token("token"),
                    parameters.contract("assessment"), bps_of(parameters, "risk_bps")};
            })};
    return type;
}

void AssessedCover::connect(World& world)
{
    assessment_ = find_claims_assessment(world, assessment_id_);
    RUNNEL_CHECK(assessment_ != nullptr);
}

Result<Amount> AssessedCover::base_level(CallContext& context) const
{
    return context.read(accepted_, 0).share;
}

Result<LossMeasure> AssessedCover::measure(CallContext&) const
{
    return fail(Refusal::error("AssessedCover: assessors decide"));
}

Amount AssessedCover::loss_share(const Amount& base, const LossMeasure& measure) const
{
    const auto all = share_of_down(measure.level, measure.scale);
    return all > base ? wrapping_sub(all, base) : Amount{};
}

Result<std::uint64_t> AssessedCover::start_assessment(
    CallContext context, AccountId claimant, const Amount& loss)
{
    return assessment_->start(context.as(account()), id(), claimant, loss);
}

Result<bool> AssessedCover::outcome(CallContext& context, std::uint64_t poll)
{
    const auto accepted = RUNNEL_TRY(assessment_->outcome(context, poll));
    if (accepted.is_zero())
        return false;
    auto& share = context.write(accepted_, 0).share;
    share = std::max(share, accepted);
    return true;
}

}  // namespace runnel::contracts
