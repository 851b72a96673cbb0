#pragma once

#include "contracts/kit/sectors/exchange.hpp"
#include "strategies/api/strategy.hpp"

#include <string>
#include <string_view>

namespace runnel::strategies
{

/// Trades on one exchange of two tokens.
class PairDesk
{
public:
    PairDesk(const World& world, ContractId exchange, ContractId token);

    [[nodiscard]] const contracts::Exchange& exchange() const noexcept { return exchange_; }
    [[nodiscard]] ContractId token() const noexcept { return token_; }
    [[nodiscard]] ContractId other() const noexcept { return other_; }
    [[nodiscard]] bool is_open() const { return exchange_.venue() != nullptr; }

    /// What selling @p amount of a token brings now; 0 if nothing, or the exchange refuses.
    [[nodiscard]] Amount quote(ContractId sold, const Amount& amount) const;
    /// Adds the order, and the approval if it is missing.
    void add_swap(CallWriter& calls, const WalletContext& wallet, ContractId sold,
        const Amount& amount, const Amount& amount_out_min, AccountId recipient) const;
    /// Of such an order, for Bid::extra_gas.
    [[nodiscard]] std::uint64_t extra_gas() const;
    [[nodiscard]] std::uint64_t gas() const;

private:
    const contracts::Exchange& exchange_;
    ContractId token_;
    ContractId other_{};
};

/// For StrategyType::validate_in: what is wrong with the parameters "exchange" and @p token.
[[nodiscard]] std::string check_pair(
    const Parameters& parameters, const World& world, std::string_view token);

}  // namespace runnel::strategies
