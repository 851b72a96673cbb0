#include "contracts/kit/registration.hpp"
#include "contracts/kit/sectors/rows.hpp"
#include "contracts/kit/token.hpp"
#include "contracts/lending/aave_v3/deployer.hpp"
#include "contracts/lending/aave_v3/errors.hpp"
#include "contracts/lending/aave_v3/events.hpp"
#include "contracts/lending/aave_v3/pool.hpp"
#include "ledger/check.hpp"
#include "state/world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace runnel::contracts
{

using namespace aave_v3;

namespace
{
constexpr double bps_max = 10'000;
constexpr std::int64_t bps_denominator_integer = 10'000;
constexpr double cap_max = 68'719'476'735;
constexpr std::string_view close_factor = "close_factor_bps";
constexpr std::string_view premium_to_protocol = "flash_loan_premium_to_protocol_bps";

constexpr std::array reserve_columns{
    ParameterSpec{"ltv_bps", ParameterKind::integer, "0", unit::bps,
        "The most that may be borrowed against the token's value; 0: nothing.", 0, bps_max},
    ParameterSpec{"liquidation_threshold_bps", ParameterKind::integer, "0", unit::bps,
        "Debt above this share of the value may be liquidated; 0: no collateral.", 0, bps_max},
    ParameterSpec{"liquidation_bonus_bps", ParameterKind::integer, "0", unit::bps,
        "Collateral a liquidator gets per value repaid: 10500 is a bonus of 5 %.", 0, 65'535},
    ParameterSpec{"reserve_factor_bps", ParameterKind::integer, "1000", unit::bps,
        "The treasury's share of interest.", 0, bps_max},
    ParameterSpec{"liquidation_protocol_fee_bps", ParameterKind::integer, "1000", unit::bps,
        "The treasury's share of liquidation bonuses.", 0, bps_max},
    ParameterSpec{"supply_cap", ParameterKind::integer, "0", unit::whole_tokens,
        "The most that may be supplied; 0: no cap.", 0, cap_max},
    ParameterSpec{"borrow_cap", ParameterKind::integer, "0", unit::whole_tokens,
        "The most that may be borrowed; 0: no cap.", 0, cap_max},
    ParameterSpec{
        "borrowing_enabled", ParameterKind::boolean, "true", {}, "Whether the token is lent."},
    ParameterSpec{"flash_loan_enabled", ParameterKind::boolean, "true", {},
        "Whether flash loans of the token are given."},
    ParameterSpec{"optimal_usage_bps", ParameterKind::integer, "9000", unit::bps,
        "The usage at which the second slope begins.", 1, bps_max},
    ParameterSpec{"base_rate_bps", ParameterKind::integer, "0", unit::bps_per_year,
        "The borrow rate without usage.", 0, 1'000'000},
    ParameterSpec{"slope1_bps", ParameterKind::integer, "400", unit::bps_per_year,
        "What the borrow rate gains up to the optimal usage.", 0, 1'000'000},
    ParameterSpec{"slope2_bps", ParameterKind::integer, "6000", unit::bps_per_year,
        "What it gains from there to full usage.", 0, 1'000'000},
    ParameterSpec{"optimal_usage_ratio", ParameterKind::amount, "\"\"", unit::ray,
        "The usage at which the second slope begins, to the last digit: instead of "
        "optimal_usage_bps.",
        1, 1e27},
    ParameterSpec{"base_variable_borrow_rate", ParameterKind::amount, "\"\"", unit::ray,
        "Per year, to the last digit: instead of base_rate_bps."},
    ParameterSpec{"variable_rate_slope1", ParameterKind::amount, "\"\"", unit::ray,
        "Per year, to the last digit: instead of slope1_bps."},
    ParameterSpec{"variable_rate_slope2", ParameterKind::amount, "\"\"", unit::ray,
        "Per year, to the last digit: instead of slope2_bps."},
    ParameterSpec{"number", ParameterKind::integer, "\"\"", {},
        "Its place among the pool's reserves, from 0; of all reserves or of none: in the order of "
        "the tokens' names.",
        0, 127},
    allocation({"initial_liquidity", ParameterKind::amount, "0", {},
        "Supplied at genesis by the account NAME/seed_supplier, which is given the tokens."}),
};

/// Numbers, where they are given, are those of all places.
std::string check_numbers(const Parameters::PerToken& reserves)
{
    std::vector<bool> taken(reserves.size());
    const auto has_number = [](const auto& row) { return row.second.has("number"); };
    if (std::none_of(reserves.begin(), reserves.end(), has_number))
        return {};
    for (const auto& [token, row] : reserves)
    {
        const auto number =
            row.has("number") ? static_cast<std::size_t>(row.integer("number")) : taken.size();
        if (number >= taken.size() || taken[number])
        {
            return fmt::format("reserves: expected the numbers from 0 to {}, each once, got {}",
                taken.size() - 1, row.has("number") ? std::to_string(number) : "none of one");
        }
        taken[number] = true;
    }
    return {};
}

/// The rules of configureReserveAsCollateral, for what a pool begins with.
std::string check_reserves(const Parameters& parameters)
{
    if (auto wrong = check_numbers(parameters.per_token("reserves")); !wrong.empty())
        return wrong;
    for (const auto& [token, row] : parameters.per_token("reserves"))
    {
        const auto ltv = row.integer("ltv_bps");
        const auto threshold = row.integer("liquidation_threshold_bps");
        const auto bonus = row.integer("liquidation_bonus_bps");
        if (threshold < ltv)
        {
            return fmt::format(
                "reserves: expected a liquidation_threshold_bps of at least ltv_bps, {}, got {}",
                ltv, threshold);
        }
        if (threshold != 0 && bonus <= bps_denominator_integer)
        {
            return fmt::format(
                "reserves: expected a liquidation_bonus_bps above 10000 (10500 is a bonus of 5 %), "
                "got {}",
                bonus);
        }
        // A liquidation must not take more than the collateral is worth at the threshold.
        if ((threshold * bonus + 5'000) / bps_denominator_integer > bps_denominator_integer)
        {
            return fmt::format(
                "reserves: expected liquidation_threshold_bps times "
                "liquidation_bonus_bps of at most 10000 bps, got {} times {}",
                threshold, bonus);
        }
        if (threshold == 0 && bonus != 0)
        {
            return fmt::format(
                "reserves: expected no liquidation_bonus_bps without a liquidation_threshold_bps, "
                "got {}",
                bonus);
        }
    }
    return {};
}

std::uint16_t bps_of(const Parameters& row, std::string_view name)
{
    return static_cast<std::uint16_t>(row.integer(name));
}

ReserveSpec spec_of(ContractId token, const Parameters& row)
{
    ReserveSpec spec;
    spec.token = token;
    spec.config.ltv_bps = bps_of(row, "ltv_bps");
    spec.config.liquidation_threshold_bps = bps_of(row, "liquidation_threshold_bps");
    spec.config.liquidation_bonus_bps = bps_of(row, "liquidation_bonus_bps");
    spec.config.reserve_factor_bps = bps_of(row, "reserve_factor_bps");
    spec.config.liquidation_protocol_fee_bps = bps_of(row, "liquidation_protocol_fee_bps");
    spec.config.supply_cap = static_cast<std::uint64_t>(row.integer("supply_cap"));
    spec.config.borrow_cap = static_cast<std::uint64_t>(row.integer("borrow_cap"));
    spec.config.borrowing_enabled = row.boolean("borrowing_enabled");
    spec.config.flash_loan_enabled = row.boolean("flash_loan_enabled");
    const auto exact = [&](std::string_view in_ray, std::string_view in_bps)
    {
        return row.has(in_ray) ? row.amount(in_ray)
                               : ray_of_bps(static_cast<std::uint64_t>(row.integer(in_bps)));
    };
    spec.strategy.optimal_usage_ratio = exact("optimal_usage_ratio", "optimal_usage_bps");
    spec.strategy.base_variable_borrow_rate = exact("base_variable_borrow_rate", "base_rate_bps");
    spec.strategy.variable_rate_slope1 = exact("variable_rate_slope1", "slope1_bps");
    spec.strategy.variable_rate_slope2 = exact("variable_rate_slope2", "slope2_bps");
    spec.strategy.optimal_stable_to_total_debt_ratio = ray;
    return spec;
}

template <Version version, bool has_fixed_close = false>
std::unique_ptr<Contract> create(const Parameters& parameters, ContractIdentity identity)
{
    const auto& rows = parameters.per_token("reserves");
    std::vector<ReserveSpec> reserves(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i)
    {
        const auto& [token, row] = rows[i];
        const auto number = row.has("number") ? static_cast<std::size_t>(row.integer("number")) : i;
        reserves.at(number) = spec_of(token, row);
    }
    PoolSettings settings;
    settings.flash_loan_premium_total_bps = bps_of(parameters, "flash_loan_premium_bps");
    if (version == Version::v3_0_2)
    {
        settings.flash_loan_premium_to_protocol_bps =
            bps_of(parameters, "flash_loan_premium_to_protocol_bps");
    }
    return std::make_unique<AaveV3Pool>(std::move(identity), parameters.contract("oracle"),
        std::move(reserves), settings, parameters.text("treasury"), parameters.text("admin"),
        version, 0, has_fixed_close ? bps_of(parameters, close_factor) : std::uint16_t{});
}

std::unique_ptr<Contract> deploy(ByteView encoded, ContractIdentity identity, const World& world)
{
    PoolConstructor arguments;
    const auto is_account = [&](AccountId account)
    { return index(account) < world.account_count(); };
    if (!decode(encoded, arguments) || !is_account(arguments.treasury) ||
        !is_account(arguments.admin) || arguments.reserves.size() == 0 ||
        dynamic_cast<const PriceSource*>(world.find_contract(arguments.oracle)) == nullptr)
        return nullptr;
    std::vector<ReserveSpec> reserves;
    for (const auto& reserve : arguments.reserves)
    {
        const bool is_listed = std::any_of(reserves.begin(), reserves.end(),
            [&](const ReserveSpec& other) { return other.token == reserve.asset; });
        if (is_listed || find_token(world, reserve.asset) == nullptr)
            return nullptr;
        reserves.push_back({reserve.asset, {}, reserve.strategy()});
    }
    return std::make_unique<AaveV3Pool>(std::move(identity), arguments.oracle, reserves,
        world.account(arguments.treasury).name, world.account(arguments.admin).name);
}

/// As initReserve leaves them; what the admin has said since is in records.
void list_arguments(ByteView encoded, FieldSink& parameters)
{
    PoolConstructor arguments;
    RUNNEL_CHECK(decode(encoded, arguments));
    parameters.contract("oracle", arguments.oracle);
    parameters.account("treasury", arguments.treasury);
    parameters.account("admin", arguments.admin);
    parameters.text("flash_loan_premium_bps", "0");
    parameters.text(premium_to_protocol, "0");
    std::size_t number = 0;
    for (const auto& reserve : arguments.reserves)
    {
        const auto within = fmt::format("reserves.{}.", number);
        const auto list = [&](std::string_view name, std::string value)
        { parameters.text(within + std::string{name}, std::move(value)); };
        const auto list_ray = [&](std::string_view name, const Amount& value)
        {
            list(name,
                fmt::format("\"{}.{:0>27} ray\"", div_down(value, ray).to_string(),
                    (Checked{value} - wrapping_mul(div_down(value, ray), ray)).value.to_string()));
        };
        parameters.contract(within + "token", reserve.asset);
        list("number", std::to_string(number++));
        for (const auto* name : {"reserve_factor_bps", "liquidation_protocol_fee_bps"})
            list(name, "0");
        for (const auto* name : {"borrowing_enabled", "flash_loan_enabled"})
            list(name, "false");
        list_ray("optimal_usage_ratio", reserve.optimal_usage_ratio);
        list_ray("base_variable_borrow_rate", reserve.base_variable_borrow_rate);
        list_ray("variable_rate_slope1", reserve.variable_rate_slope1);
        list_ray("variable_rate_slope2", reserve.variable_rate_slope2);
    }
}
}  // namespace

// Three kinds: a parameter more would be another manifest, and another chain, of every scenario
// that has a pool of v3.0.2.

const ContractType& AaveV3Pool::contract_type()
{
    static const auto type = []
    {
        ContractType result;
        result.kind = "aave_v3_pool";
        result.help = "A lending pool of Aave v3.0.2: variable rates, flash loans, liquidations.";
        result.role = ContractRole::lending;
        result.sectors = implements<AaveV3Pool, LendingMarket, LendingPositions>();
        result.methods = methods();
        result.events = event_types<SupplyLog, WithdrawLog, BorrowLog, RepayLog, LiquidationCallLog,
            FlashLoanLog, ReserveDataUpdatedLog, CollateralEnabledLog, CollateralDisabledLog,
            MintedToTreasuryLog, LendingBorrow, LendingSupply, LendingFlashloan, LendingLiquidation,
            LendingPosition, LendingBalance, LendingReserve, LendingStatement, LendingHoldingState,
            LendingHealthState>();
        result.parameters = {
            contract_parameter("oracle", PriceSource::sector, "Whose prices it believes."),
            {"treasury", ParameterKind::account, "\"aave_treasury\"", {},
                "The account that earns the protocol's share."},
            {"admin", ParameterKind::account, "\"aave_admin\"", {},
                "The account that may change risk parameters."},
            {"flash_loan_premium_bps", ParameterKind::integer, "5", unit::bps,
                "The price of a flash loan.", 0, bps_max},
            {premium_to_protocol, ParameterKind::integer, "4000", unit::other("bps of the premium"),
                "The treasury's share of it.", 0, bps_max},
            {"reserves", ParameterKind::per_token, "", {}, "The tokens it lends; at most 128.", 0,
                0, {}, {}, reserve_columns},
        };
        result.create = create<Version::v3_0_2>;
        result.validate = check_reserves;
        result.deploy = deploy;
        result.list_arguments = list_arguments;
        result.reasons = {errors::names.begin(), errors::names.end()};
        return result;
    }();
    return type;
}

const ContractType& AaveV3Pool::contract_type_v37()
{
    static const auto type = []
    {
        auto result = contract_type();
        result.kind = "aave_v37_pool";
        result.help = "A lending pool of Aave v3.7: roundings in its favour, deficits.";
        result.sectors = implements<AaveV3Pool, LendingMarket, LendingPositions, RecordedDeficit>();
        result.events.push_back(&event_type<DeficitCreatedLog>);
        // All of the premium is the treasury's.
        std::erase_if(result.parameters,
            [](const ParameterSpec& spec) { return spec.name == premium_to_protocol; });
        result.create = create<Version::v3_7>;
        result.deploy = nullptr;
        result.list_arguments = nullptr;
        result.reasons = {};
        return result;
    }();
    return type;
}

const ContractType& AaveV3Pool::contract_type_fixed_close()
{
    static const auto type = []
    {
        auto result = contract_type();
        result.kind = "aave_v3_fixed_close_pool";
        result.help =
            "A lending pool of Aave v3.0.2 but for its close factor, which is the same at any "
            "health factor, as v2's was.";
        const auto before = std::find_if(result.parameters.begin(), result.parameters.end(),
            [](const ParameterSpec& spec) { return spec.name == "reserves"; });
        result.parameters.insert(
            before, ParameterSpec{close_factor, ParameterKind::integer, "5000", unit::bps,
                        "The part of a debt that one call may repay.", 1, bps_max});
        result.create = create<Version::v3_0_2, true>;
        result.deploy = nullptr;
        return result;
    }();
    return type;
}

void AaveV3Pool::genesis(const Parameters& parameters, GenesisBuilder& builder)
{
    treasury_ = builder.account(treasury_name_, "treasury");
    admin_ = builder.account(admin_name_, "admin");
    const auto supplier = builder.account(name() + "/seed_supplier", "wallet");
    for (const auto& [token, row] : parameters.per_token("reserves"))
    {
        const auto& amount = row.amount("initial_liquidity");
        if (amount.is_zero())
            continue;
        const bool given =
            token_at(builder.world(), token).allocate(builder.world(), supplier, amount);
        RUNNEL_CHECK(given && "initial liquidity is of a plain token");
        CallWriter calls;
        calls.add(token, Erc20Approve{account(), amount});
        calls.add(id(), Supply{token, amount, supplier});
        builder.transaction(supplier, std::move(calls).take());
    }
}

}  // namespace runnel::contracts
