#include "contracts/custody/custodial_exchange/exchange.hpp"
#include "contracts/kit/registration.hpp"
#include "state/world.hpp"

#include <fmt/format.h>

#include <array>
#include <memory>
#include <string>
#include <utility>

/// How scenarios make exchanges.
namespace runnel::contracts
{

using namespace custodial_exchange;

namespace
{
constexpr std::uint32_t spread_bps_max = 5'000;
constexpr double delay_ms_max = 30.0 * 86'400'000;

constexpr std::array token_columns{
    allocation({"own", ParameterKind::amount, "0", {},
        "What the exchange has of its own at the start, in its hot wallet.", 0, 1e60}),
    ParameterSpec{"withdrawal_fee", ParameterKind::amount, "0", {},
        "What it keeps of each withdrawal, whatever its size.", 0, 1e60},
    ParameterSpec{"withdrawal_minimum", ParameterKind::amount, "0", {},
        "The least that can be withdrawn at a time, fee included.", 0, 1e60},
    ParameterSpec{"daily_limit", ParameterKind::amount, "0", {},
        "The most that a customer can ask for in a day (UTC); 0: no limit.", 0, 1e60},
    ParameterSpec{"deposit_minimum", ParameterKind::amount, "0", {},
        "What is less is credited when more has come.", 0, 1e60},
};
}  // namespace

const ContractType& CustodialExchange::contract_type()
{
    static const ContractType type{.kind = "custodial_exchange",
        .help =
            "Holds its customers' coins: deposit addresses, sweeps, hot and cold wallet, "
            "withdrawals in batches, trades in its books, proof of reserves.",
        .role = ContractRole::ledger,
        .sectors = implements<CustodialExchange, Custodian>(),
        .methods = methods(),
        .events = event_types<CustodianAccount, CustodianMove, CustodianTrade, CustodianStatement,
            CustodianRow>(),
        .parameters =
            {
                {"tokens", ParameterKind::per_token, "", {},
                    "What it takes, ETH among it or not. Tokens that rebase or charge for "
                    "transfers cannot be swept.",
                    0, 0, {}, {}, token_columns},
                {"operator", ParameterKind::account, "", {},
                    "Who sweeps, pays, refills and publishes."},
                {"prices", ParameterKind::contract, "\"\"", {},
                    "Whose prices it trades at; empty: it does not trade.", 0, 0, {},
                    PriceSource::sector},
                {"spread_bps", ParameterKind::integer, "10", unit::bps,
                    "What it keeps of what a trade gives at the reference price.", 0,
                    spread_bps_max},
                {"cold_delay", ParameterKind::duration, "\"6h\"", {},
                    "How long those who sign for the cold wallet take.", 0, delay_ms_max},
                {"screening", ParameterKind::contract, "\"\"", {},
                    "The rules by which it looks at deposits and withdrawals; empty: none.", 0, 0,
                    {}, ScreeningPolicy::sector},
            },
        .create = [](const Parameters& parameters,
                      ContractIdentity identity) -> std::unique_ptr<Contract>
        {
            Terms terms;
            for (const auto& [token, row] : parameters.per_token("tokens"))
            {
                terms.tokens.push_back(
                    {token, row.amount("withdrawal_fee"), row.amount("withdrawal_minimum"),
                        row.amount("daily_limit"), row.amount("deposit_minimum")});
            }
            terms.operated_by = parameters.text("operator");
            if (parameters.has("prices"))
                terms.prices = parameters.contract("prices");
            if (parameters.has("screening"))
                terms.screening = parameters.contract("screening");
            terms.spread_bps = static_cast<std::uint32_t>(parameters.integer("spread_bps"));
            terms.cold_delay_seconds =
                static_cast<std::uint64_t>(parameters.duration_ms("cold_delay")) / 1'000;
            return std::make_unique<CustodialExchange>(std::move(identity), std::move(terms));
        },
        .validate = [](const Parameters& parameters) -> std::string
        {
            if (parameters.per_token("tokens").empty())
                return "tokens: expected at least one";
            return {};
        }};
    return type;
}

void CustodialExchange::genesis(const Parameters& parameters, GenesisBuilder& builder)
{
    operator_ = builder.account(terms_.operated_by, "wallet");
    cold_ = builder.account(name() + "/cold", "custody");
    connect(builder.world());
    for (const auto& [token, row] : parameters.per_token("tokens"))
        endow(builder.world(), token, row.amount("own"));
}

}  // namespace runnel::contracts
