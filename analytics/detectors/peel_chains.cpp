#include "analytics/detectors/peel_chains.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

namespace runnel::analytics
{
namespace
{

/// What an account has done with a token so far.
struct Account
{
    bool is_hop = true;  // As far as one can tell.
    Amount held;         // Came since it passed something on, less what it has peeled off.
    std::uint64_t last_time = 0;
    std::optional<Payment> peel;
    std::vector<Payment> came;  // What it holds is from.
    std::size_t chain = 0;      // Of those under way, from 1; 0: none.
    std::size_t depth = 0;      // Hops before it.
};

struct Chain
{
    PeelChain found;
    std::set<AccountId> hops;
    std::set<Place> payments;
    std::size_t depth = 0;
};

/// At most so large a share of @p whole.
bool is_at_most(const Amount& value, const Share& share, const Amount& whole)
{
    return value.to_double() * share.whole <= whole.to_double() * share.part;
}
bool is_at_least(const Amount& value, const Share& share, const Amount& whole)
{
    return value.to_double() * share.whole >= whole.to_double() * share.part;
}

class PeelSearch
{
public:
    PeelSearch(LedgerQueries& source, const Thresholds& thresholds)
      : source_{source},
        hops_min_{thresholds.peel_chain_hops_min},
        gap_seconds_max_{thresholds.peel_chain_gap_seconds_max},
        peel_max_{thresholds.peel_chain_peel_max},
        rest_min_{thresholds.peel_chain_rest_min},
        code_{source},
        times_{source}
    {}

    std::vector<PeelChain> run()
    {
        PaymentReader reader{source_};
        for (Payment payment; reader.next(payment);)
        {
            if (payment.value.is_zero() || payment.from == payment.to)
                continue;
            time_ = times_.at(payment.place.block);
            if (code_.is_person(payment.from))
                pays(payment);
            if (code_.is_person(payment.to) && code_.is_person(payment.from))
                gets(payment);
        }
        std::vector<PeelChain> result;
        for (auto& chain : chains_)
        {
            if (chain.depth < hops_min_)
                continue;
            chain.found.payments = {chain.payments.begin(), chain.payments.end()};
            result.push_back(std::move(chain.found));
        }
        return result;
    }

private:
    void pays(const Payment& payment)
    {
        const auto found = accounts_.find({payment.token, payment.from});
        if (found == accounts_.end())
        {
            accounts_[{payment.token, payment.from}].is_hop = false;  // Of what it had before.
            return;
        }
        auto& account = found->second;
        if (!account.is_hop)
            return;
        const bool in_time = time_ - account.last_time <= gap_seconds_max_;
        if (in_time && code_.is_person(payment.to) && !account.peel &&
            is_at_most(payment.value, peel_max_, account.held))
        {
            account.peel = payment;
            account.held = wrapping_sub(account.held, payment.value);
            account.last_time = time_;
            return;
        }
        if (in_time && code_.is_person(payment.to) && account.peel &&
            payment.to != account.peel->to && payment.value <= account.held &&
            is_at_least(payment.value, rest_min_, account.held))
        {
            passes_on(account, payment);
            return;
        }
        account = {};
        account.is_hop = false;
    }

    void passes_on(Account& account, const Payment& payment)
    {
        if (account.chain == 0)
        {
            chains_.emplace_back();
            chains_.back().found.token = payment.token;
            account.chain = chains_.size();
        }
        auto& chain = chains_[account.chain - 1];
        if (chain.hops.insert(payment.from).second)
            chain.found.hops.push_back(payment.from);
        chain.found.peeled[account.peel->to].insert(payment.from);
        chain.payments.insert({account.peel->place, payment.place});
        for (const auto& came : account.came)
        {
            chain.payments.insert(came.place);
            if (account.depth == 0)
                chain.found.moved = wrapping_add(chain.found.moved, came.value);
        }
        chain.depth = std::max(chain.depth, account.depth + 1);
        next_ = {account.chain, account.depth + 1};
        account.held = {};
        account.peel.reset();
        account.came.clear();
    }

    void gets(const Payment& payment)
    {
        const auto from_hop = std::exchange(next_, {});
        auto& account = accounts_[{payment.token, payment.to}];
        if (!account.is_hop)
            return;
        account.held = wrapping_add(account.held, payment.value);
        account.last_time = time_;
        account.came.push_back(payment);
        if (from_hop.first != 0 && account.chain == 0)
            std::tie(account.chain, account.depth) = from_hop;
        // Whoever only receives is no hop, and is remembered as little as possible.
        constexpr std::size_t came_max = 64;
        if (account.came.size() > came_max)
        {
            account = {};
            account.is_hop = false;
        }
    }

    LedgerQueries& source_;
    std::uint64_t hops_min_;
    std::uint64_t gap_seconds_max_;
    Share peel_max_;
    Share rest_min_;
    CodeAccounts code_;
    BlockTimes times_;
    std::uint64_t time_ = 0;  // Of the payment under way.
    std::map<std::pair<ContractId, AccountId>, Account> accounts_;
    std::vector<Chain> chains_;
    std::pair<std::size_t, std::size_t> next_;  // Chain and depth of who is about to get it.
};
}  // namespace

std::vector<PeelChain> find_peel_chains(LedgerQueries& source, const Thresholds& thresholds)
{
    return PeelSearch{source, thresholds}.run();
}

}  // namespace runnel::analytics
