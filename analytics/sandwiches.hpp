#pragma once

#include "analytics/ledger_queries.hpp"
#include "ledger/amount.hpp"

#include <cstdint>
#include <functional>
#include <vector>

namespace runnel::analytics
{

/// A swap, and what its transaction paid for gas.
struct PoolTrade
{
    std::uint32_t transaction = 0;
    AccountId sender{};
    ContractId bought{};
    ContractId sold{};
    Amount bought_amount;
    Amount sold_amount;
    // Of the whole transaction.
    std::uint64_t gas_used = 0;
    std::uint64_t gas_price = 0;  // Wei.
};

/// Two trades of one sender around somebody else's, told from the trades alone: in one pool and
/// block, the second sells exactly what the first has bought, and between them somebody else has
/// bought the same token there. In another pool, or for other amounts, none is found.
struct Sandwich
{
    const PoolTrade* front = nullptr;
    const PoolTrade* back = nullptr;
    std::vector<const PoolTrade*> victims;
};

/// Those in one pool and block, in the order of their first halves; they point into @p trades.
[[nodiscard]] std::vector<Sandwich> find_sandwiches(const std::vector<PoolTrade>& trades);

/// Calls @p found for each sandwich after block 0: block by block, in each by pool. Reads the
/// trades once; keeps those of one block.
void for_each_sandwich(LedgerQueries& source,
    const std::function<void(std::uint64_t block, ContractId pool, const Sandwich&)>& found);

}  // namespace runnel::analytics
