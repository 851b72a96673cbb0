#include "contracts/kit/block_offset.hpp"
#include "contracts/kit/registration.hpp"
#include "contracts/kit/sectors/rows.hpp"
#include "contracts/lending/compound_v2/comptroller.hpp"
#include "contracts/lending/compound_v2/events.hpp"
#include "contracts/lending/compound_v2/rate_parameters.hpp"
#include "ledger/check.hpp"
#include "state/world.hpp"

#include <fmt/format.h>

#include <array>
#include <set>
#include <tuple>
#include <utility>

namespace runnel::contracts
{

using namespace compound_v2;

namespace
{
Amount whole(const Parameters& parameters, std::string_view name)
{
    return Amount{static_cast<std::uint64_t>(parameters.integer(name))};
}

constexpr std::array market_columns{
    ParameterSpec{"c_token", ParameterKind::token, "", {}, "The market's cToken.", 0, 0, {},
        "compound_v2_ctoken"},
    ParameterSpec{"collateral_factor_bps", ParameterKind::integer, "0", unit::bps,
        "The share of its value that secures debt; 0: it secures none.", 0, 9'000},
    ParameterSpec{"borrow_cap", ParameterKind::amount, "0", {},
        "The debt of all must stay below it; 0: no cap."},
    ParameterSpec{"comp_supply_speed", ParameterKind::integer, "0",
        unit::other("1e-18 COMP per block"), "COMP for all suppliers together.", 0, 9e18},
    ParameterSpec{"comp_borrow_speed", ParameterKind::integer, "0",
        unit::other("1e-18 COMP per block"), "COMP for all borrowers together.", 0, 9e18},
    allocation({"initial_liquidity", ParameterKind::amount, "0", {},
        "Supplied at genesis by the account NAME/seed_supplier, which is given the tokens."}),
};

std::unique_ptr<Contract> create_comptroller(
    const Parameters& parameters, ContractIdentity identity)
{
    CompoundV2Comptroller::Setup setup;
    setup.oracle = parameters.contract("oracle");
    if (parameters.has("comp"))
        setup.comp = parameters.token("comp");
    setup.admin = parameters.text("admin");
    setup.settings.close_factor = mantissa_of_bps(parameters, "close_factor_bps");
    setup.settings.liquidation_incentive = mantissa_of_bps(parameters, "liquidation_incentive_bps");
    setup.block_seconds = static_cast<std::uint64_t>(parameters.integer("block_seconds"));
    setup.block_offset = block_offset_of(parameters);
    std::vector<MarketSpec> markets;
    for (const auto& [underlying, row] : parameters.per_token("markets"))
    {
        MarketSpec market;
        market.c_token = row.token("c_token");
        market.underlying = underlying;
        market.config.collateral_factor = mantissa_of_bps(row, "collateral_factor_bps");
        market.config.borrow_cap = row.amount("borrow_cap");
        market.config.comp_supply_speed = whole(row, "comp_supply_speed");
        market.config.comp_borrow_speed = whole(row, "comp_borrow_speed");
        markets.push_back(market);
    }
    return std::make_unique<CompoundV2Comptroller>(std::move(identity), std::move(setup), markets);
}

std::string check_markets(const Parameters& parameters)
{
    const auto& markets = parameters.per_token("markets");
    if (markets.size() > markets_max)
    {
        return fmt::format(
            "markets: expected at most {} of them, got {}", markets_max, markets.size());
    }
    std::set<std::uint32_t> c_tokens;
    for (const auto& [underlying, row] : markets)
    {
        if (!c_tokens.insert(index(row.token("c_token"))).second)
            return "markets: expected a c_token of its own in each, got one twice";
    }
    return {};
}
}  // namespace

const ContractType& CompoundV2CToken::contract_type()
{
    static const ContractType type{.kind = "compound_v2_ctoken",
        .help = "A market of Compound v2: lends one token, is the token that suppliers get.",
        .role = ContractRole::lending,
        .methods = methods(),
        .events = event_types<TransferLog, ApprovalLog, AccrueInterestLog, MintLog, RedeemLog,
            BorrowLog, RepayBorrowLog, LiquidateBorrowLog, ReservesAddedLog, ReservesReducedLog,
            NewReserveFactorLog, NewMarketInterestRateModelLog>(),
        .parameters =
            {
                {"symbol", ParameterKind::text, "\"\"", {},
                    "What people call it; empty: its name in the scenario."},
                token_parameter("underlying", "", "What it lends."),
                {"decimals", ParameterKind::integer, "8", {}, "As every cToken has.", 8, 8},
                {"initial_exchange_rate", ParameterKind::amount, "20000000000000000", unit::wad,
                    "Whole underlying tokens per whole cToken before the first supply.", 1},
                {"reserve_factor_bps", ParameterKind::integer, "1500", unit::bps,
                    "The reserves' share of interest.", 0, bps_max},
                rate_parameters[0],
                rate_parameters[1],
                rate_parameters[2],
                rate_parameters[3],
                []
                {
                    auto model = contract_parameter("rate_model", "compound_v2_jump_rate_model",
                        "The contract that has its curve, in place of the four above, and that the "
                        "admin may replace; empty: its curve stays.");
                    model.default_value = "\"\"";
                    return model;
                }(),
                block_offset_parameter(),
            },
        .create = [](const Parameters& parameters,
                      ContractIdentity identity) -> std::unique_ptr<Contract>
        {
            auto symbol = parameters.text("symbol");
            if (symbol.empty())
                symbol = identity.name;
            CTokenSettings settings;
            settings.model = rate_model_of(parameters);
            if (parameters.has("rate_model"))
                settings.rate_model = parameters.contract("rate_model");
            settings.initial_whole_rate = parameters.amount("initial_exchange_rate");
            settings.reserve_factor = mantissa_of_bps(parameters, "reserve_factor_bps");
            settings.block_offset = block_offset_of(parameters);
            return std::make_unique<CompoundV2CToken>(
                std::move(identity), std::move(symbol), parameters.token("underlying"), settings);
        }};
    return type;
}

const ContractType& CompoundV2Comptroller::contract_type()
{
    static const ContractType type{.kind = "compound_v2_comptroller",
        .help = "Compound v2: markets that are tokens, one pool of collateral, liquidations, COMP.",
        .role = ContractRole::lending,
        .sectors = implements<CompoundV2Comptroller, LendingMarket, LendingPositions>(),
        .methods = methods(),
        .events = event_types<MarketEnteredLog, MarketExitedLog, FailureLog, NewCollateralFactorLog,
            NewBorrowCapLog, NewCloseFactorLog, NewLiquidationIncentiveLog,
            CompSupplySpeedUpdatedLog, CompBorrowSpeedUpdatedLog, DistributedSupplierCompLog,
            DistributedBorrowerCompLog, LendingBorrow, LendingSupply, LendingLiquidation,
            LendingPosition, LendingBalance, LendingReserve, LendingStatement, LendingHoldingState,
            LendingHealthState>(),
        .parameters =
            {
                contract_parameter("oracle", "price_source|compound_v2_simple_price_oracle",
                    "Whose prices it believes."),
                {"admin", ParameterKind::account, "\"compound_admin\"", {},
                    "The account that may change parameters and take reserves."},
                {"close_factor_bps", ParameterKind::integer, "5000", unit::bps,
                    "The share of a debt that one liquidation may repay.", 0, bps_max},
                {"liquidation_incentive_bps", ParameterKind::integer, "10800", unit::bps,
                    "What a liquidator gets for 10000 of value, 2.8 % of it the reserves'.",
                    bps_max, 2 * bps_max},
                {"block_seconds", ParameterKind::integer, "12", unit::seconds,
                    "The scenario's slot_seconds: interest is by the block, and whoever looks "
                    "ahead "
                    "counts blocks by it.",
                    1, 86'400},
                {"comp", ParameterKind::token, "\"\"", {},
                    "The token that suppliers and borrowers earn; empty: none is paid."},
                allocation({"comp_reserve", ParameterKind::amount, "0",
                    unit::smallest_unit_of("comp"), "COMP that it holds at the start."}),
                {"markets", ParameterKind::per_token, "", {}, "The tokens it lends; at most 32.", 0,
                    0, {}, {}, market_columns},
                block_offset_parameter(),
            },
        .create = create_comptroller,
        .validate = check_markets};
    return type;
}

void CompoundV2Comptroller::genesis(const Parameters& parameters, GenesisBuilder& builder)
{
    admin_ = builder.account(setup_.admin, "admin");
    auto& world = builder.world();
    if (const auto& reserve = parameters.amount("comp_reserve");
        comp_ != nullptr && !reserve.is_zero())
    {
        const bool given = comp_->allocate(world, account(), reserve);
        RUNNEL_CHECK(given && "COMP is a plain token");
    }
    const auto supplier = builder.account(name() + "/seed_supplier", "wallet");
    for (const auto& [underlying, row] : parameters.per_token("markets"))
    {
        const auto& amount = row.amount("initial_liquidity");
        if (amount.is_zero())
            continue;
        const auto market = find_reserve(underlying);
        if (!market)
            continue;  // check_invariants() names its cToken, which lends another.
        const bool given = token_at(world, underlying).allocate(world, supplier, amount);
        RUNNEL_CHECK(given && "initial liquidity is of a plain token");
        CallWriter calls;
        calls.add(underlying, Erc20Approve{spender_of(*market), amount});
        calls.add(markets_[*market].id, Mint{amount});
        builder.transaction(supplier, std::move(calls).take());
    }
}

}  // namespace runnel::contracts
