#include "consensus/inclusion_list.hpp"

#include "state/world.hpp"

#include <algorithm>
#include <tuple>

namespace runnel
{

std::vector<ListedTransaction> make_inclusion_list(std::span<const Transaction> pool,
    const World& world, std::uint64_t gas_max, BlockBuilder& builder)
{
    std::vector<const Transaction*> fit;
    for (const auto& transaction : pool)
    {
        if (!find_terms<BundleTerms>(transaction) && builder.is_fit(transaction))
            fit.push_back(&transaction);
    }
    std::sort(fit.begin(), fit.end(),
        [](const Transaction* a, const Transaction* b)
        { return std::tie(a->arrival_ms, a->hash) < std::tie(b->arrival_ms, b->hash); });
    std::vector<ListedTransaction> list;
    for (const auto* transaction : fit)
    {
        if (transaction->gas_limit > gas_max)
            continue;
        gas_max -= transaction->gas_limit;
        list.push_back({transaction->hash, world.account(transaction->sender).address,
            transaction->nonce, transaction->gas_limit, transaction->max_fee});
    }
    return list;
}

std::vector<Hash> hashes_of(std::span<const ListedTransaction> list)
{
    std::vector<Hash> hashes;
    for (const auto& listed : list)
        hashes.push_back(listed.hash);
    std::sort(hashes.begin(), hashes.end());
    return hashes;
}

}  // namespace runnel
