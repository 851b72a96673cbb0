#include "consensus/commitments.hpp"

#include "ledger/check.hpp"
#include "ledger/philox.hpp"

#include <fmt/format.h>

#include <map>

namespace runnel
{
namespace
{
/// Transactions that one commitment may be to: its witness stays below 64 KiB.
constexpr std::size_t reveals_max = 1'024;
}  // namespace

bool is_commitment_place(const Transaction& transaction)
{
    const auto terms = find_terms<CommitmentTerms>(transaction);
    return terms && terms->reveals.empty();
}

void commit_to(std::vector<Transaction>& transactions, std::uint64_t seed, std::uint64_t block,
    const std::function<void(std::span<Transaction>)>& seal)
{
    static const auto stream = stream_of_name("commitment_salt");
    struct Open
    {
        std::size_t place;
        RandomStream salts;
        CommitmentTerms terms;
    };
    std::map<AccountId, Open> open;
    for (std::size_t i = 0; i < transactions.size(); ++i)
    {
        auto& transaction = transactions[i];
        if (is_commitment_place(transaction))
        {
            open.emplace(transaction.sender,
                Open{i, RandomStream{seed, stream, index(transaction.sender), block}, {}});
            continue;
        }
        auto& commitment = open.at(transaction.sender);
        RUNNEL_CHECK(commitment.terms.reveals.size() < reveals_max);
        add_terms(transaction,
            RevealTerms{transactions[commitment.place].nonce, commitment.salts.next_uint64()});
        seal({&transaction, 1});
        commitment.terms.gas += transaction.gas_limit;
        commitment.terms.reveals.push_back(transaction.hash);
    }
    for (const auto& [sender, commitment] : open)
    {
        auto& transaction = transactions[commitment.place];
        transaction.witnesses.clear();
        add_terms(transaction, commitment.terms);
        seal({&transaction, 1});
    }
}

void CommitmentBook::note(std::span<const Transaction> block)
{
    revealed_.clear();
    for (const auto& transaction : block)
    {
        if (transaction.witnesses.empty())
            continue;
        const auto terms = find_terms<CommitmentTerms>(transaction);
        for (std::size_t i = 0; terms && i < terms->reveals.size(); ++i)
            revealed_.emplace(transaction.sender, transaction.nonce, terms->reveals[i]);
    }
}

std::string CommitmentBook::check(
    std::span<const Transaction> transactions, std::size_t first) const
{
    for (std::size_t i = 0; i < transactions.size(); ++i)
    {
        const auto& transaction = transactions[i];
        if (find_terms<CommitmentTerms>(transaction))
        {
            if (!transaction.call_list().empty())
                return fmt::format("transaction {}: a commitment that does something", first + i);
            continue;
        }
        const auto terms = find_terms<RevealTerms>(transaction);
        if (!terms ||
            !revealed_.contains({transaction.sender, terms->commitment_nonce, transaction.hash}))
        {
            return fmt::format(
                "transaction {}: the block before has no commitment to it", first + i);
        }
    }
    return {};
}

}  // namespace runnel
