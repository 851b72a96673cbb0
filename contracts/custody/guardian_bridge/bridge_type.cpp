#include "contracts/custody/guardian_bridge/bridge.hpp"
#include "contracts/kit/plain_tokens.hpp"
#include "contracts/kit/registration.hpp"

#include <memory>
#include <string>
#include <utility>

/// How scenarios make bridges.
namespace runnel::contracts
{

using namespace guardian_bridge;

const ContractType& GuardianBridge::contract_type()
{
    static const std::string home_tokens = "native|" + std::string{plain_tokens};
    constexpr double month_ms = 30.0 * 86'400'000;
    static const ContractType type{.kind = "guardian_bridge",
        .help = "Locks a token and mints another for it, and back, once m of n guardians attest.",
        .role = ContractRole::ledger,
        .sectors = implements<GuardianBridge, Bridge>(),
        .methods = methods(),
        .events = event_types<BridgeMove, BridgeAttestation, BridgeRow>(),
        .parameters =
            {
                token_parameter("home_token", home_tokens, "What it locks."),
                token_parameter("bridged_token", IssuedToken::sector,
                    "What it mints for that, with as many decimals; the bridge must be a minter "
                    "of it. What block 0 gives of it is locked."),
                {"guardians", ParameterKind::group, "", {}, "Whose first members are guardians."},
                {"guardian_count", ParameterKind::integer, "9", {}, "How many.", 1, guardians_max},
                {"quorum", ParameterKind::integer, "5", {}, "How many of them must attest.", 1,
                    guardians_max},
                {"pauser", ParameterKind::account, "\"bridge_pauser\"", {}, "Who may stop it."},
                {"delay", ParameterKind::duration, "\"10m\"", {},
                    "From the last attestation that is needed to the release.", 0, month_ms},
                {"expiry", ParameterKind::duration, "\"1d\"", {},
                    "From sending on, after which a transfer is refunded, not released.", 1'000,
                    12 * month_ms},
                {"daily_limit", ParameterKind::amount, "0", unit::smallest_unit_of("home_token"),
                    "The most that is released in a day (UTC) in each direction; 0: no limit.", 0,
                    1e60},
                {"fee", ParameterKind::amount, "0", unit::smallest_unit_of("home_token"),
                    "What whoever releases a transfer has of it, whatever its size.", 0, 1e60},
                {"fee_bps", ParameterKind::integer, "0", unit::bps, "The same, of the amount.", 0,
                    9'999},
            },
        .create = [](const Parameters& parameters,
                      ContractIdentity identity) -> std::unique_ptr<Contract>
        {
            const auto integer = [&](std::string_view key)
            { return static_cast<std::uint32_t>(parameters.integer(key)); };
            const auto seconds = [&](std::string_view key)
            { return static_cast<std::uint64_t>(parameters.duration_ms(key)) / 1'000; };
            Terms terms;
            terms.home_token = parameters.token("home_token");
            terms.bridged_token = parameters.token("bridged_token");
            terms.guardians = parameters.text("guardians");
            terms.guardian_count = integer("guardian_count");
            terms.quorum = integer("quorum");
            terms.pauser = parameters.text("pauser");
            terms.delay_seconds = seconds("delay");
            terms.expiry_seconds = seconds("expiry");
            terms.daily_limit = parameters.amount("daily_limit");
            terms.fee = parameters.amount("fee");
            terms.fee_bps = integer("fee_bps");
            return std::make_unique<GuardianBridge>(std::move(identity), std::move(terms));
        },
        .validate = [](const Parameters& parameters) -> std::string
        {
            if (parameters.token("home_token") == parameters.token("bridged_token"))
                return "bridged_token: expected another token than home_token";
            if (parameters.integer("quorum") > parameters.integer("guardian_count"))
                return "quorum: expected at most guardian_count";
            if (parameters.duration_ms("expiry") <= parameters.duration_ms("delay"))
                return "expiry: expected more than delay";
            return "";
        }};
    return type;
}

}  // namespace runnel::contracts
