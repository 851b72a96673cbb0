#include "strategies/attacks/raid.hpp"

#include "contracts/kit/sectors/lending.hpp"

namespace runnel::strategies
{
namespace
{
std::vector<ContractId> lenders_of(const Parameters& parameters)
{
    return parameters.has("lenders") ? parameters.contracts("lenders") : std::vector<ContractId>{};
}
}  // namespace

Motive theft(Purpose purpose, const WalletContext& wallet, std::uint32_t number, ContractId token,
    const Amount& stolen)
{
    const auto thief = wallet.account();
    return {purpose, incident_of(thief, number), token, stolen, thief};
}

Raid::Raid(const Parameters& parameters, const WalletGroup& wallets)
  : lenders_{*wallets.world, lenders_of(parameters)},
    costs_{parameters},
    gain_min_{parameters.has("gain_min") ? parameters.number("gain_min") : 0},
    every_ms_{parameters.duration_ms("every")},
    first_block_{block_after(parameters.duration_ms("at"), wallets.slot_seconds)}
{}

bool Raid::is_worth_it(const WalletContext& wallet, std::uint64_t gas, double usd) const
{
    return usd >= gain_min_ && costs_.worth_it(wallet, gas, usd);
}

Raider::Raider(const Parameters& parameters, const WalletGroup& wallets)
  : raid_{parameters, wallets},
    strikes_max_{static_cast<std::uint32_t>(parameters.integer("strikes"))}
{
    states_.resize(wallets.accounts.size());
}

std::uint64_t Raider::first_block(std::size_t)
{
    return raid_.first_block();
}

bool Raider::learn(std::size_t position, const TransactionOutcome& outcome)
{
    auto& state = states_[position];
    state.refusals.count(outcome);
    if (outcome.kind == TransactionOutcome::Kind::succeeded)
        ++state.strikes;
    return false;
}

bool Raider::is_valid(const RaiderState& state, const RaiderState&) const
{
    return state.strikes <= strikes_max_ && state.refusals.is_possible();
}

void Raider::strike(const RaiderState& state, WalletContext& wallet, CallWriter calls,
    std::uint64_t extra_gas, ContractId token, const Amount& stolen)
{
    auto bid = wallet.habitual_bid();
    bid.extra_gas = extra_gas;
    wallet.submit(
        std::move(calls), bid, 0, theft(Purpose::attack, wallet, state.strikes, token, stolen));
}

ParameterSpec at_parameter()
{
    return {"at", ParameterKind::duration, "\"1h\"", {}, "From when on it looks."};
}

ParameterSpec every_parameter(std::string_view default_value)
{
    return {"every", ParameterKind::duration, default_value, {}, "How often.", 1'000};
}

ParameterSpec gain_min_parameter()
{
    return {"gain_min", ParameterKind::number, "1000", unit::usd, "It acts for no less.", 0, 1e12};
}

ParameterSpec lenders_parameter(std::string_view help)
{
    return {.name = "lenders",
        .kind = ParameterKind::contracts,
        .default_value = "",
        .unit = {},
        .help = help,
        .contract_kind = contracts::LendingMarket::sector};
}

}  // namespace runnel::strategies
