#include "analytics/sandwiches.hpp"

#include <limits>
#include <map>
#include <utility>

namespace runnel::analytics
{
namespace
{
constexpr std::uint64_t integer_max = std::numeric_limits<std::int64_t>::max();
}  // namespace

std::vector<Sandwich> find_sandwiches(const std::vector<PoolTrade>& trades)
{
    std::vector<Sandwich> found;
    for (std::size_t i = 0; i < trades.size(); ++i)
    {
        const auto& front = trades[i];
        Sandwich sandwich{&front, nullptr, {}};
        for (auto k = i + 1; k < trades.size() && sandwich.back == nullptr; ++k)
        {
            const auto& other = trades[k];
            if (other.transaction == front.transaction)
                continue;
            if (other.sender == front.sender && other.sold == front.bought &&
                other.bought == front.sold && other.sold_amount == front.bought_amount)
                sandwich.back = &other;
            else if (other.sender != front.sender && other.bought == front.bought)
                sandwich.victims.push_back(&other);
        }
        if (sandwich.back != nullptr && !sandwich.victims.empty())
            found.push_back(std::move(sandwich));
    }
    return found;
}

void for_each_sandwich(LedgerQueries& source,
    const std::function<void(std::uint64_t block, ContractId pool, const Sandwich&)>& found)
{
    if (!source.has("t_dex_trades"))
        return;
    std::uint64_t block = 0;
    std::map<ContractId, std::vector<PoolTrade>> pools;  // Of the block under way.
    const auto finish = [&]
    {
        for (const auto& [pool, trades] : pools)
        {
            for (const auto& sandwich : find_sandwiches(trades))
                found(block, pool, sandwich);
        }
        pools.clear();
    };
    auto rows = source.query(
        "SELECT r.block_number, r.contract_id, r.transaction_index, x.from_id, "
        "r.token_bought_id, r.token_sold_id, r.token_bought_amount_raw, "
        "r.token_sold_amount_raw, x.receipt_gas_used, x.receipt_effective_gas_price "
        "FROM t_dex_trades r JOIN t_transactions x ON "
        "x.block_number = r.block_number AND x.transaction_index = r.transaction_index "
        "WHERE r.block_number > 0 ORDER BY r.rowid");
    while (rows.step())
    {
        if (const auto next = rows.integer_up_to(0, integer_max); next != block)
        {
            finish();
            block = next;
        }
        pools[rows.contract(1)].push_back(
            {static_cast<std::uint32_t>(rows.integer_up_to(2, integer_max)), rows.account(3),
                rows.contract(4), rows.contract(5), rows.amount(6), rows.amount(7),
                rows.integer_up_to(8, integer_max), rows.integer_up_to(9, integer_max)});
    }
    finish();
}

}  // namespace runnel::analytics
