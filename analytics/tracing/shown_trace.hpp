#pragma once

#include "analytics/tracing/render_trace.hpp"

#include <string>
#include <unordered_map>
#include <vector>

namespace runnel::analytics::tracing
{

/// Names and figures of one trace, as every output of it shows them.
class Shown
{
public:
    Shown(LedgerQueries& source, const Trace& trace);

    [[nodiscard]] const Trace& trace() const noexcept { return trace_; }
    [[nodiscard]] bool is_poison() const noexcept { return trace_.policy == PolicyKind::poison; }

    [[nodiscard]] const std::string& name(AccountId account);
    [[nodiscard]] std::string place_name(Place place);
    [[nodiscard]] Money money(const Amount& amount, ContractId token);
    /// In whole tokens, rounded: what money() says, without its text.
    [[nodiscard]] double whole(const Amount& amount, ContractId token);
    /// The token's name as a JSON string; likewise an account's.
    [[nodiscard]] const std::string& token_json(ContractId token) { return facts(token).json; }
    [[nodiscard]] const std::string& name_json(AccountId account);
    [[nodiscard]] std::string amount(const Amount& amount, ContractId token);
    /// `417.98 ETH + 12 USDC`, each from so many units of a kind.
    [[nodiscard]] std::string loot(const Units& units);
    /// Of all loot, by its value when it was taken; each kind alike if one had no price.
    [[nodiscard]] double share(const Units& units) const;
    [[nodiscard]] double usd(const Amount& amount, ContractId token);
    [[nodiscard]] bool is_shown(
        const Units& units, const Amount& amount, ContractId token, const TraceView& view);
    [[nodiscard]] bool is_shown(const Hop& hop, const TraceView& view);
    /// What orders hops and holders: the share of the loot; of poison what is marked, in USD.
    [[nodiscard]] double weight(const Units& units, const Amount& amount, ContractId token);

private:
    struct TokenShown
    {
        double one = 0;    // A whole one, in smallest units.
        std::string json;  // Its name.
    };
    [[nodiscard]] const TokenShown& facts(ContractId token);

    LedgerQueries& source_;
    const Trace& trace_;
    std::vector<double> weights_;
    std::unordered_map<AccountId, std::string> names_;
    std::unordered_map<AccountId, std::string> json_names_;
    std::unordered_map<ContractId, TokenShown> tokens_;
};

/// Who has loot: an account with all that it holds, or has in contracts.
struct Holder
{
    AccountId account{};
    Units units;
    double weight = 0;
    std::vector<const Stake*> stakes;
};

/// Whose a stake is: the owner's of what is in a contract, else who holds it.
[[nodiscard]] AccountId holder_of(const Stake& stake) noexcept;
/// Who has most first; without those of whom the view shows nothing.
[[nodiscard]] std::vector<Holder> holders_of(Shown& shown, const TraceView& view);
/// `ETH, USDC in aave`; of poison with amounts.
[[nodiscard]] std::string places_of(Shown& shown, LedgerQueries& source, const Holder& holder);

}  // namespace runnel::analytics::tracing
