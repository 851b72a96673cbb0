#include "contracts/kit/registration.hpp"
#include "contracts/kit/sectors/rows.hpp"
#include "contracts/lending/morpho_blue/events.hpp"
#include "contracts/lending/morpho_blue/market.hpp"
#include "contracts/lending/morpho_blue/math.hpp"
#include "contracts/lending/morpho_blue/morpho.hpp"
#include "ledger/check.hpp"
#include "state/world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

/// How scenarios have Morpho Blue and its markets, and how transactions make more.
namespace runnel::contracts
{

using namespace morpho_blue;

const ContractType& MorphoBlue::contract_type()
{
    static const ContractType type{.kind = "morpho_blue",
        .help = "Morpho Blue: isolated lending markets that anybody makes, and free flash loans.",
        .role = ContractRole::lending,
        .methods = methods(),
        .events = event_types<SetOwnerLog, SetFeeLog, SetFeeRecipientLog, EnableIrmLog,
            EnableLltvLog, CreateMarketLog, SupplyLog, WithdrawLog, BorrowLog, RepayLog,
            SupplyCollateralLog, WithdrawCollateralLog, LiquidateLog, FlashLoanLog,
            SetAuthorizationLog, IncrementNonceLog, AccrueInterestLog, LendingFlashloan>(),
        .parameters = {{"owner", ParameterKind::account, "\"morpho_owner\"", {},
                           "Who enables rate models and limits, and sets fees."},
            {"fee_recipient", ParameterKind::account, "\"\"", {},
                "Who gets the fees of all markets; empty: the zero account."},
            {"chain_id", ParameterKind::integer, "1", {},
                "The chain that signatures are bound to (EIP-712).", 1, 4'294'967'295}},
        .create = creator<MorphoBlue>([](const Parameters& parameters)
            { return std::tuple{static_cast<std::uint64_t>(parameters.integer("chain_id"))}; }),
        .deploys = {&MorphoBlueMarket::contract_type()}};
    return type;
}

void MorphoBlue::genesis(const Parameters& parameters, GenesisBuilder& builder)
{
    auto& state = state_.at(0);
    state.owner = builder.account(parameters.text("owner"), "wallet");
    if (const auto& recipient = parameters.text("fee_recipient"); !recipient.empty())
        state.fee_recipient = builder.account(recipient, "treasury");
}

namespace
{
std::unique_ptr<Contract> create_market(const Parameters& parameters, ContractIdentity identity)
{
    const auto contract_or_none = [&](std::string_view key)
    { return parameters.has(key) ? parameters.contract(key) : no_contract; };
    MarketConstructor arguments;
    arguments.morpho = parameters.contract("morpho");
    arguments.params = {parameters.token("loan_token"),
        parameters.has("collateral_token") ? parameters.token("collateral_token") : no_contract,
        contract_or_none("oracle"), contract_or_none("irm"), parameters.amount("lltv")};
    return std::make_unique<MorphoBlueMarket>(std::move(identity), arguments);
}

std::unique_ptr<Contract> deploy_market(
    ByteView encoded, ContractIdentity identity, const World& world)
{
    MarketConstructor arguments;
    if (!decode(encoded, arguments) ||
        dynamic_cast<const MorphoBlue*>(world.find_contract(arguments.morpho)) == nullptr)
        return nullptr;
    return std::make_unique<MorphoBlueMarket>(std::move(identity), arguments);
}

void list_market(ByteView encoded, FieldSink& parameters)
{
    MarketConstructor arguments;
    RUNNEL_CHECK(decode(encoded, arguments));
    parameters.contract("morpho", arguments.morpho);
    const auto list = [&](std::string_view name, ContractId contract)
    {
        if (contract != no_contract)
            parameters.contract(name, contract);
    };
    list("loan_token", arguments.params.loan_token);
    list("collateral_token", arguments.params.collateral_token);
    list("oracle", arguments.params.oracle);
    list("irm", arguments.params.irm);
    parameters.text("lltv", arguments.params.lltv.to_string());
    parameters.text("created", "0");  // Its records say so.
}

std::string check_market(const Parameters& parameters)
{
    if (parameters.amount("lltv") >= wad)
    {
        return fmt::format(
            "lltv: expected less than 1 (10^18), got {}", parameters.amount("lltv").to_string());
    }
    if (!parameters.amount("initial_liquidity").is_zero() && parameters.integer("created") == 0)
        return "initial_liquidity: expected none in a market that block 0 does not create";
    return "";
}
}  // namespace

const ContractType& MorphoBlueMarket::contract_type()
{
    static const ContractType type{.kind = "morpho_blue_market",
        .help = "One market of Morpho Blue: lends one token against another.",
        .role = ContractRole::lending,
        .sectors = implements<MorphoBlueMarket, LendingMarket, LendingPositions>(),
        .methods = methods(),
        .events = event_types<LendingBorrow, LendingSupply, LendingLiquidation, LendingPosition,
            LendingBalance, LendingReserve, LendingStatement, LendingHoldingState,
            LendingHealthState>(),
        .parameters =
            {
                contract_parameter("morpho", "morpho_blue", "Where it is a market."),
                {"loan_token", ParameterKind::token, "", {}, "What it lends."},
                {"collateral_token", ParameterKind::token, "\"\"", {},
                    "What secures debt; empty: nothing, and nothing is lent."},
                {"oracle", ParameterKind::contract, "\"\"", {},
                    "Who prices the collateral in the loan token; empty: nobody.", 0, 0, {},
                    Oracle::sector},
                {"irm", ParameterKind::contract, "\"\"", {}, "Its rate model; empty: no interest.",
                    0, 0, {}, InterestRateModel::sector},
                {"lltv", ParameterKind::amount, "860000000000000000", unit::wad,
                    "Debt above this share of the collateral's value may be liquidated: "
                    "860000000000000000 is 86 %."},
                allocation({"created", ParameterKind::integer, "1", {},
                    "1: block 0 creates it; 0: a call of createMarket does.", 0, 1}),
                allocation({"initial_liquidity", ParameterKind::amount, "0",
                    unit::smallest_unit_of("loan_token"),
                    "Supplied at genesis by the account NAME/seed_supplier, which is given the "
                    "tokens."}),
            },
        .create = create_market,
        .validate = check_market,
        .deploy = deploy_market,
        .list_arguments = list_market};
    return type;
}

void MorphoBlueMarket::genesis(const Parameters& parameters, GenesisBuilder& builder)
{
    const auto supplier = builder.account(name() + "/seed_supplier", "wallet");
    if (parameters.integer("created") == 0)
        return;
    auto& morpho = dynamic_cast<MorphoBlue&>(builder.world().contract(arguments_.morpho));
    morpho.enable(params().irm, params().lltv);
    const auto& amount = parameters.amount("initial_liquidity");
    CallWriter calls;
    calls.add(arguments_.morpho, CreateMarket{params()});
    if (!amount.is_zero())
    {
        const bool given = token_at(builder.world(), params().loan_token)
                               .allocate(builder.world(), supplier, amount);
        RUNNEL_CHECK(given && "initial liquidity is of a plain token");
        calls.add(params().loan_token, Erc20Approve{morpho.account(), amount});
        add_supply(calls, loan_reserve, amount, supplier);
    }
    builder.transaction(supplier, std::move(calls).take());
}

}  // namespace runnel::contracts
