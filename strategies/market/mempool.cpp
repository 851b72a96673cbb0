#include "strategies/market/mempool.hpp"

#include "ledger/check.hpp"

#include <algorithm>

namespace runnel::strategies
{

std::uint64_t tip_of(const PendingTransaction& waiting, const WorldView& view)
{
    RUNNEL_CHECK(waiting.max_fee >= view.base_fee);
    return std::min(waiting.max_priority_fee, waiting.max_fee - view.base_fee);
}

std::vector<const PendingTransaction*> includable_by_tip(const WorldView& view)
{
    std::vector<const PendingTransaction*> all;
    for (const auto& waiting : view.mempool->waiting)
    {
        if (!waiting.calls.empty() && waiting.max_fee >= view.base_fee &&
            waiting.nonce == view.account(waiting.sender).nonce)
            all.push_back(&waiting);
    }
    std::stable_sort(all.begin(), all.end(),
        [&](const PendingTransaction* a, const PendingTransaction* b)
        { return tip_of(*a, view) > tip_of(*b, view); });
    return all;
}

}  // namespace runnel::strategies
