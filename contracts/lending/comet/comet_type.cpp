#include "contracts/kit/registration.hpp"
#include "contracts/kit/sectors/rows.hpp"
#include "contracts/lending/comet/comet.hpp"
#include "contracts/lending/comet/events.hpp"
#include "contracts/lending/comet/implementation.hpp"
#include "ledger/check.hpp"
#include "state/world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>
#include <vector>

/// How scenarios have Compound III.
namespace runnel::contracts
{

using namespace comet;

namespace
{
constexpr double bps_max = 10'000;
constexpr double rate_max = 1'000'000;

constexpr std::array asset_columns{
    ParameterSpec{"borrow_collateral_factor_bps", ParameterKind::integer, "8000", unit::bps,
        "The most that may be borrowed against the token's value.", 0, bps_max},
    ParameterSpec{"liquidate_collateral_factor_bps", ParameterKind::integer, "8500", unit::bps,
        "Debt above this share of the value is absorbed.", 1, bps_max},
    ParameterSpec{"liquidation_factor_bps", ParameterKind::integer, "9300", unit::bps,
        "What of its value an account gets that is absorbed: 9300 is a penalty of 7 %.", 1,
        bps_max},
    ParameterSpec{"supply_cap", ParameterKind::integer, "1000000000", unit::whole_tokens,
        "The most that may be supplied.", 0, 1e18},
};

/// A wad per 10'000 basis points.
Amount wad_of_bps(std::int64_t bps)
{
    constexpr std::uint64_t wad_per_bp = 100'000'000'000'000;
    return wrapping_mul(static_cast<std::uint64_t>(bps), wad_per_bp);
}

Terms terms_of(const Parameters& parameters)
{
    const auto wad = [&](std::string_view key) { return wad_of_bps(parameters.integer(key)); };
    const auto number = [&](std::string_view key)
    { return static_cast<std::uint64_t>(parameters.integer(key)); };
    Terms terms;
    terms.base_token = parameters.token("base_token");
    terms.supply = RateCurve::per_year(wad("supply_kink_bps"), wad("supply_slope_low_bps"),
        wad("supply_slope_high_bps"), wad("supply_base_bps"));
    terms.borrow = RateCurve::per_year(wad("borrow_kink_bps"), wad("borrow_slope_low_bps"),
        wad("borrow_slope_high_bps"), wad("borrow_base_bps"));
    terms.store_front_price_factor = wad("store_front_price_factor_bps");
    terms.base_tracking_supply_speed = number("base_tracking_supply_speed");
    terms.base_tracking_borrow_speed = number("base_tracking_borrow_speed");
    terms.base_min_for_rewards = parameters.amount("base_min_for_rewards");
    terms.base_borrow_min = parameters.amount("base_borrow_min");
    terms.target_reserves = parameters.amount("target_reserves");
    for (const auto& [token, row] : parameters.per_token("assets"))
    {
        AssetSpec asset;
        asset.token = token;
        asset.borrow_collateral_factor = wad_of_bps(row.integer("borrow_collateral_factor_bps"));
        asset.liquidate_collateral_factor =
            wad_of_bps(row.integer("liquidate_collateral_factor_bps"));
        asset.liquidation_factor = wad_of_bps(row.integer("liquidation_factor_bps"));
        asset.supply_cap = Amount{static_cast<std::uint64_t>(row.integer("supply_cap"))};
        terms.assets.push_back(asset);
    }
    return terms;
}

std::unique_ptr<Contract> create(const Parameters& parameters, ContractIdentity identity)
{
    CometSpec spec{terms_of(parameters), parameters.contract("oracle"), parameters.text("governor"),
        parameters.text("pause_guardian"), parameters.text("proxy_admin")};
    return std::make_unique<Comet>(std::move(identity), std::move(spec));
}

/// Those of the terms, between others.
std::vector<ParameterSpec> with_terms(
    std::vector<ParameterSpec> parameters, const std::vector<ParameterSpec>& behind)
{
    const std::vector<ParameterSpec> terms{
        {"supply_kink_bps", ParameterKind::integer, "8000", unit::bps,
            "The usage at which the supply rate's second slope begins.", 0, bps_max},
        {"supply_base_bps", ParameterKind::integer, "0", unit::bps_per_year,
            "The supply rate without usage.", 0, rate_max},
        {"supply_slope_low_bps", ParameterKind::integer, "325", unit::bps_per_year,
            "What the supply rate gains per whole usage up to the kink.", 0, rate_max},
        {"supply_slope_high_bps", ParameterKind::integer, "4000", unit::bps_per_year,
            "What it gains per whole usage above it.", 0, rate_max},
        {"borrow_kink_bps", ParameterKind::integer, "8000", unit::bps,
            "The usage at which the borrow rate's second slope begins.", 0, bps_max},
        {"borrow_base_bps", ParameterKind::integer, "150", unit::bps_per_year,
            "The borrow rate without usage.", 0, rate_max},
        {"borrow_slope_low_bps", ParameterKind::integer, "350", unit::bps_per_year,
            "What the borrow rate gains per whole usage up to the kink.", 0, rate_max},
        {"borrow_slope_high_bps", ParameterKind::integer, "2500", unit::bps_per_year,
            "What it gains per whole usage above it.", 0, rate_max},
        {"store_front_price_factor_bps", ParameterKind::integer, "5000",
            unit::other("bps of the penalty"),
            "The share of a liquidation's penalty that buyers of collateral get.", 0, bps_max},
        {"base_tracking_supply_speed", ParameterKind::integer, "0",
            unit::other("1e-15 of a reward per second"),
            "What all suppliers together earn of a reward.", 0, 1e18},
        {"base_tracking_borrow_speed", ParameterKind::integer, "0",
            unit::other("1e-15 of a reward per second"),
            "What all borrowers together earn of a reward.", 0, 1e18},
        {"base_min_for_rewards", ParameterKind::amount, "1000000",
            unit::smallest_unit_of("base_token"),
            "The least principal on a side that earns rewards."},
        {"base_borrow_min", ParameterKind::amount, "0", unit::smallest_unit_of("base_token"),
            "The least that may be owed."},
        {"target_reserves", ParameterKind::amount, "", unit::smallest_unit_of("base_token"),
            "Collateral is for sale while reserves are below this."},
        {"assets", ParameterKind::per_token, "", {}, "What secures debt; at most 12.", 0, 0, {}, {},
            asset_columns},
    };
    parameters.insert(parameters.end(), terms.begin(), terms.end());
    parameters.insert(parameters.end(), behind.begin(), behind.end());
    return parameters;
}

std::string check(const Parameters& parameters)
{
    const auto& rows = parameters.per_token("assets");
    if (rows.size() > Comet::assets_max)
        return fmt::format("assets: expected at most {}, got {}", Comet::assets_max, rows.size());
    for (const auto& [token, row] : rows)
    {
        if (token == parameters.token("base_token"))
            return "assets: expected tokens other than base_token";
        const auto borrow = row.integer("borrow_collateral_factor_bps");
        const auto liquidate = row.integer("liquidate_collateral_factor_bps");
        if (borrow >= liquidate)
        {
            return fmt::format(
                "assets: expected a liquidate_collateral_factor_bps above "
                "borrow_collateral_factor_bps, {}, got {}",
                borrow, liquidate);
        }
    }
    if (parameters.amount("base_min_for_rewards").is_zero())
        return "base_min_for_rewards: expected more than 0, got 0";
    return "";
}
}  // namespace

const ContractType& Comet::contract_type()
{
    static const ContractType type{.kind = "compound_v3_comet",
        .help = "A market of Compound III: one base token lent against many collaterals.",
        .role = ContractRole::lending,
        .sectors = implements<Comet, LendingMarket, LendingPositions, CollateralSale>(),
        .methods = methods(),
        .events = event_types<SupplyLog, comet::TransferLog, WithdrawLog, SupplyCollateralLog,
            TransferCollateralLog, WithdrawCollateralLog, AbsorbDebtLog, AbsorbCollateralLog,
            BuyCollateralLog, PauseActionLog, WithdrawReservesLog, UpgradedLog, comet::ApprovalLog,
            LendingBorrow, LendingSupply, LendingLiquidation, LendingPosition, LendingBalance,
            LendingReserve, LendingStatement, LendingHoldingState, LendingHealthState>(),
        .parameters = with_terms(
            {
                contract_parameter("oracle", PriceSource::sector, "Whose prices it believes."),
                {"base_token", ParameterKind::token, "", {}, "What it lends."},
                {"governor", ParameterKind::account, "\"comet_governor\"", {},
                    "Who may withdraw reserves and pause."},
                {"pause_guardian", ParameterKind::account, "\"comet_guardian\"", {},
                    "Who may pause."},
            },
            {
                allocation({"initial_liquidity", ParameterKind::amount, "0",
                    unit::smallest_unit_of("base_token"),
                    "Supplied at genesis by the account NAME/seed_supplier, which is given the "
                    "tokens."}),
                allocation({"initial_reserves", ParameterKind::amount, "0",
                    unit::smallest_unit_of("base_token"), "What it has to begin with."}),
                {"proxy_admin", ParameterKind::account, "\"\"", {},
                    "Who may upgrade it to another implementation; empty: nobody."},
            }),
        .create = create,
        .validate = check};
    return type;
}

const ContractType& CometImplementation::contract_type()
{
    static const ContractType type{.kind = "compound_v3_implementation",
        .help = "Terms that a market of Compound III may be upgraded to.",
        .role = ContractRole::lending,
        .methods = methods(),
        .events = {},
        .parameters = with_terms(
            {{"base_token", ParameterKind::token, "", {}, "What the market lends."}}, {}),
        .create = creator<CometImplementation>(
            [](const Parameters& parameters) { return std::tuple{terms_of(parameters)}; }),
        .validate = check};
    return type;
}

CometImplementation::CometImplementation(ContractIdentity identity, Terms terms)
  : ContractBase{std::move(identity)}, terms_{std::move(terms)}
{}

bool CometImplementation::fits(const Terms& terms) const
{
    return terms.base_token == terms_.base_token &&
           terms.tracking_index_scale == terms_.tracking_index_scale &&
           std::equal(terms.assets.begin(), terms.assets.end(), terms_.assets.begin(),
               terms_.assets.end(),
               [](const AssetSpec& a, const AssetSpec& b) { return a.token == b.token; });
}

const CometImplementation* find_implementation(const World& world, ContractId id)
{
    return dynamic_cast<const CometImplementation*>(world.find_contract(id));
}

void Comet::genesis(const Parameters& parameters, GenesisBuilder& builder)
{
    if (!spec_.proxy_admin.empty())
        proxy_admin_ = builder.account(spec_.proxy_admin, "admin");
    governor_ = builder.account(spec_.governor, "admin");
    pause_guardian_ = builder.account(spec_.pause_guardian, "admin");
    const auto supplier = builder.account(name() + "/seed_supplier", "wallet");
    const auto give = [&](AccountId to, const Amount& amount)
    {
        if (amount.is_zero())
            return;
        const bool given =
            token_at(builder.world(), spec_.base_token).allocate(builder.world(), to, amount);
        RUNNEL_CHECK(given && "initial liquidity is of a plain token");
    };
    give(account(), parameters.amount("initial_reserves"));
    const auto& amount = parameters.amount("initial_liquidity");
    if (amount.is_zero())
        return;
    give(supplier, amount);
    CallWriter calls;
    calls.add(spec_.base_token, Erc20Approve{account(), amount});
    add_supply(calls, base_reserve, amount, supplier);
    builder.transaction(supplier, std::move(calls).take());
}

}  // namespace runnel::contracts
