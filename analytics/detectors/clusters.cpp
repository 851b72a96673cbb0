#include "analytics/detectors/detectors.hpp"
#include "analytics/detectors/peel_chains.hpp"
#include "analytics/detectors/wash_groups.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

namespace runnel::analytics
{
namespace
{

/// Accounts of one owner, told by what they do together; what two rules join to one account is one
/// cluster.
///  - deposit reuse: they have paid to the same address of a customer of a custodian (an address
///    whose every payment goes to that custodian), which the custodian has given one customer;
///  - timing: they are hops of one peel chain (find_peel_chains), each acting within hours of the
///    one before, or were paid by two hops or more, of whichever chains, which that joins;
///  - delivery: they are one of find_wash_groups().
///
/// Source: Victor, "Address Clustering Heuristics for Ethereum" (2020), deposit reuse; the others
/// are ours.
class ClustersDetector : public Detector
{
public:
    [[nodiscard]] std::string_view name() const noexcept override { return "clusters"; }
    [[nodiscard]] std::string_view description() const noexcept override
    {
        return "Accounts of one owner: a deposit address shared, a chain's hops, goods delivered "
               "in a circle.";
    }
    void run(
        LedgerQueries& source, const Thresholds& thresholds, const FindingSink& sink) const override
    {
        Search search;
        reuse(source, search);
        const auto chains = find_peel_chains(source, thresholds);
        std::map<AccountId, std::set<AccountId>> payers;  // Of whom hops of any chain have paid.
        for (const auto& chain : chains)
        {
            search.join(chain.hops, chain.payments, "hops of a chain");
            for (const auto& [account, hops] : chain.peeled)
                payers[account].insert(hops.begin(), hops.end());
        }
        for (const auto& [account, hops] : payers)
        {
            if (hops.size() < thresholds.clusters_hops_min)
                continue;
            for (const auto hop : hops)
                search.join_with(hop, {account}, "paid by several hops");
        }
        for (const auto& group : find_wash_groups(source, thresholds))
            search.join(group.accounts, group.trades, "what they trade goes round among them");
        search.report(sink);
    }

private:
    /// Joins accounts; each set is named by its least account.
    class Search
    {
    public:
        void join(const std::vector<AccountId>& accounts, const std::vector<Place>& places,
            const std::string& why)
        {
            if (accounts.size() < 2)
                return;
            join_with(accounts.front(), accounts, why);
            auto& all = evidence_[accounts.front()];
            all.insert(all.end(), places.begin(), places.end());
        }
        void join_with(
            AccountId first, const std::vector<AccountId>& accounts, const std::string& why)
        {
            for (const auto account : accounts)
            {
                const auto a = owner(first);
                const auto b = owner(account);
                if (a != b)
                    owner_[std::max(a, b)] = std::min(a, b);
            }
            if (!accounts.empty())
                reasons_[first].insert(why);
        }
        void report(const FindingSink& sink)
        {
            struct Cluster
            {
                std::vector<AccountId> accounts;
                std::vector<Place> places;
                std::set<std::string> reasons;
            };
            std::map<AccountId, Cluster> clusters;
            for (const auto& entry : owner_)
                clusters[owner(entry.first)].accounts.push_back(entry.first);
            for (const auto& [account, places] : evidence_)
            {
                auto& all = clusters[owner(account)].places;
                all.insert(all.end(), places.begin(), places.end());
            }
            for (const auto& [account, reasons] : reasons_)
                clusters[owner(account)].reasons.insert(reasons.begin(), reasons.end());
            for (auto& [first, cluster] : clusters)
            {
                if (cluster.accounts.size() < 2)
                    continue;
                auto why = fmt::format(
                    "{} accounts: {}.", cluster.accounts.size(), fmt::join(cluster.reasons, "; "));
                sink({std::move(cluster.places), std::move(cluster.accounts), no_contract, {},
                    std::move(why)});
            }
        }

    private:
        AccountId owner(AccountId account)
        {
            auto& above = owner_.emplace(account, account).first->second;
            if (above == account)
                return account;
            return above = owner(above);
        }

        std::map<AccountId, AccountId> owner_;
        std::map<AccountId, std::vector<Place>> evidence_;  // By one of the accounts.
        std::map<AccountId, std::set<std::string>> reasons_;
    };

    /// An account while its payments are read: perhaps a custodian's address for a customer.
    struct Address
    {
        bool forwards = false;  // Something to a custodian,
        bool is_other = false;  // or something to somebody else.
        AccountId to{};
        std::vector<AccountId> payers;  // The first ones.
        std::vector<Place> places;
    };

    static void reuse(LedgerQueries& source, Search& search)
    {
        if (!source.has("t_custodian_moves"))
            return;
        std::set<AccountId> custodians;
        auto rows = source.query("SELECT DISTINCT contract_id FROM t_custodian_moves");
        while (rows.step())
            custodians.insert(account_of(source, rows.contract(0)));
        const CodeAccounts code{source};
        std::map<AccountId, Address> addresses;
        PaymentReader reader{source};
        constexpr std::size_t payers_max = 64;
        for (Payment payment; reader.next(payment);)
        {
            if (payment.value.is_zero())
                continue;
            if (code.is_person(payment.to) && code.is_person(payment.from) &&
                payment.from != payment.to)
            {
                auto& address = addresses[payment.to];
                const auto& known = address.payers;
                if (!address.is_other && known.size() < payers_max)
                {
                    if (std::find(known.begin(), known.end(), payment.from) == known.end())
                        address.payers.push_back(payment.from);
                    address.places.push_back(payment.place);
                }
            }
            if (!code.is_person(payment.from))
                continue;
            auto& address = addresses[payment.from];
            const bool is_forward =
                custodians.contains(payment.to) && (!address.forwards || address.to == payment.to);
            address.forwards = address.forwards || is_forward;
            address.is_other = address.is_other || !is_forward;
            if (is_forward)
                address.to = payment.to;
            else
            {
                address.payers = {};
                address.places = {};
            }
        }
        for (auto& [account, address] : addresses)
        {
            if (address.forwards && !address.is_other)
            {
                std::sort(address.payers.begin(), address.payers.end());
                search.join(address.payers, address.places, "they share a deposit address");
            }
        }
    }
};

}  // namespace

const Detector& clusters_detector()
{
    static const ClustersDetector detector;
    return detector;
}

}  // namespace runnel::analytics
