#include "consensus/script.hpp"

#include "state/signing.hpp"

#include <algorithm>
#include <numeric>

namespace runnel
{

Script::Script(std::vector<ScriptedTransaction> transactions, SignatureScheme signatures)
  : lines_(transactions.size()), places_(transactions.size()), signatures_{signatures}
{
    std::iota(lines_.begin(), lines_.end(), 0);
    std::stable_sort(lines_.begin(), lines_.end(),
        [&](std::size_t a, std::size_t b)
        { return transactions[a].block < transactions[b].block; });
    for (const auto line : lines_)
    {
        places_[line] = transactions_.size();
        transactions_.push_back(std::move(transactions[line]));
    }
}

std::size_t Script::first_of(std::uint64_t block) const
{
    const auto found = std::partition_point(transactions_.begin(), transactions_.end(),
        [block](const ScriptedTransaction& scripted) { return scripted.block < block; });
    return static_cast<std::size_t>(found - transactions_.begin());
}

std::size_t Script::after(std::uint64_t block) const
{
    return size() - first_of(block + 1);
}

Script::Head Script::head_of(std::uint64_t block, std::uint64_t base_fee,
    std::uint32_t slot_seconds, const World& world) const
{
    Head head;
    for (auto i = first_of(block); i < size() && transactions_[i].block == block; ++i)
    {
        const auto& scripted = transactions_[i];
        auto transaction = scripted.transaction;
        if (!scripted.has_max_fee)
            transaction.max_fee = base_fee + transaction.max_priority_fee;
        if (transaction.max_fee < base_fee)
        {
            head.left_out.push_back(lines_[i]);
            continue;
        }
        transaction.nonce = world.account_states.get(index(transaction.sender)).nonce;
        transaction.nonce += static_cast<std::uint64_t>(
            std::count_if(head.transactions.begin(), head.transactions.end(),
                [&](const Transaction& other) { return other.sender == transaction.sender; }));
        // As if it had waited when the slot began.
        transaction.arrival_ms = static_cast<std::int64_t>(block - 1) * slot_seconds * 1000;
        head.observed += scripted.description.empty() ? 1 : 0;
        head.lines.push_back(lines_[i]);
        head.transactions.push_back(std::move(transaction));
    }
    if (signatures_ == SignatureScheme::none)
        seal_all(head.transactions);
    else
        sign_all(head.transactions, world);
    return head;
}

}  // namespace runnel
