#pragma once

#include "ledger/amount.hpp"
#include "ledger/fields.hpp"
#include "ledger/ids.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace runnel
{

/// Why somebody sent a transaction. In the order of what an observer would have to suspect: the
/// first ones are what everybody does.
enum class Purpose : std::uint8_t
{
    unstated,
    payment,     // For goods, wages, to a friend.
    trade,       // To hold something else.
    liquidity,   // Provided to others who trade, or taken back.
    lending,     // Lent, borrowed, paid back.
    saving,      // Put where it earns: farms, vaults, staking.
    insurance,   // Cover bought, capital behind it, claims.
    upkeep,      // Prices, parameters, harvests, sweeps: an office.
    redemption,  // A token against what its issuer owes for it.
    arbitrage,
    liquidation,
    compliance,     // Freezes, returns and reports that a rule asks for.
    front_running,  // Ahead of, or around, a transaction that was seen waiting.
    wash_trade,     // Between wallets of one owner, to be seen.
    fraud,          // A promise that is not kept: goods, claims, a token with a way back.
    phishing,       // Bait for an approval or a payment, and what it catches.
    attack,         // On a contract's or a market's weakness.
    laundering,     // To hide where money comes from.
    cash_out,       // What was stolen, on its way off the chain.
};
/// Their names, in their order: a scenario's choices.
inline constexpr std::string_view purpose_names =
    "unstated|payment|trade|liquidity|lending|saving|insurance|upkeep|redemption|arbitrage|"
    "liquidation|compliance|front_running|wash_trade|fraud|phishing|attack|laundering|cash_out";
inline constexpr auto purpose_count = static_cast<std::uint8_t>(Purpose::cash_out) + 1;

/// `attack`.
[[nodiscard]] std::string_view to_string(Purpose purpose) noexcept;
/// The other way round; nullopt: there is no such purpose.
[[nodiscard]] std::optional<Purpose> purpose_of(std::string_view name) noexcept;

/// What the sender of a transaction means by it: the truth that those who analyse a chain look for.
/// It travels with the transaction, but no hash of the chain covers it and no analysis reads it.
struct Motive
{
    Purpose purpose = Purpose::unstated;
    /// Ties the steps of one theft, fraud or wash trade together, from the first step to the last
    /// place that the money is known to go; 0: none. See incident_of().
    std::uint64_t incident = 0;
    /// What the sender means to take from others with this transaction, or to move on of what was
    /// taken: so much of this token. Zero where it only prepares.
    ContractId token = no_contract;
    Amount stolen;
    /// Who has the say over it afterwards, whatever account holds it.
    AccountId controller{};
    RUNNEL_FIELDS(purpose, incident, token, (stolen, smallest_unit_of("token")), controller);
};

/// The number of an account's incident: another one for each (account, sequence).
[[nodiscard]] constexpr std::uint64_t incident_of(
    AccountId instigator, std::uint32_t sequence) noexcept
{
    return (std::uint64_t{index(instigator)} << 24U) + (sequence & 0xFF'FFFFU) + 1;
}

}  // namespace runnel
