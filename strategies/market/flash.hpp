#pragma once

#include "contracts/kit/sectors/lending.hpp"
#include "strategies/api/strategy.hpp"
#include "strategies/market/lending_market.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace runnel::strategies
{

/// Several lending markets and their views, each made once per block for all wallets of a cohort.
class MarketSet
{
public:
    MarketSet(const World& world, const std::vector<ContractId>& markets);

    [[nodiscard]] std::size_t size() const noexcept { return markets_.size(); }
    [[nodiscard]] const contracts::LendingMarket& market(std::size_t number) const
    {
        return *markets_.at(number);
    }
    [[nodiscard]] const contracts::LendingView& view(std::size_t number, std::uint64_t timestamp)
    {
        return caches_.at(number).at(*markets_.at(number), timestamp);
    }

private:
    std::vector<const contracts::LendingMarket*> markets_;
    std::vector<MarketCache> caches_;
};

/// A token that a market lends for the length of a transaction.
struct FlashLoan
{
    const contracts::LendingMarket* lender = nullptr;
    std::size_t reserve = 0;
    ContractId token{};
    Amount amount;
    Amount fee;
    contracts::CallGas gas;

    /// Adds the approval that is missing and the call that lends, runs @p nested and takes amount
    /// and fee back.
    void add(CallWriter& calls, const WorldView& view, AccountId borrower, CallList nested) const;
};

/// The cheapest loan of exactly this amount, the first of equals; empty if none of them gives it.
[[nodiscard]] std::optional<FlashLoan> cheapest_flash_loan(
    MarketSet& markets, const WorldView& view, ContractId token, const Amount& amount);

}  // namespace runnel::strategies
