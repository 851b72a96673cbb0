#include "analytics/detectors/chain_rows.hpp"
#include "analytics/detectors/detectors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace runnel::analytics
{
namespace
{

/// A pool that others have bought from loses nine tenths of a token in one block, by one account
/// without code, and does not get a tenth of it back until the ledger ends:
///  - pulled: that account takes nine tenths of all of the pool's tokens out;
///  - sold: it sells what was made in the same transaction, for nine tenths of the other token.
/// What the same account sells in the pool within a day after belongs to it. These are defaults of
/// Thresholds.
///
/// Source: the references' 90% and 10% (Xia et al. 2021; Mazorra et al. 2022). Who has made a token
/// is not asked: whoever can take nine tenths of a pool out is its provider, and whoever sells new
/// tokens made them or is close to who did.
class RugPullDetector : public Detector
{
public:
    [[nodiscard]] std::string_view name() const noexcept override { return "rug_pull"; }
    [[nodiscard]] std::string_view description() const noexcept override
    {
        return "Nine tenths of a pool that others bought from, taken out for good by one account.";
    }
    void run(
        LedgerQueries& source, const Thresholds& thresholds, const FindingSink& sink) const override
    {
        Search search{source, thresholds, sink};
        search.run();
    }

private:
    struct Case
    {
        AccountId account{};
        std::uint64_t time = 0;
        std::vector<Place> places;
        bool is_sale = false;
        std::map<ContractId, Amount> before;  // What the pool had of the tokens that it lost.
        std::map<ContractId, Amount> taken;
        ContractId token{};  // Of those the one that it was after.
    };
    struct Pool
    {
        std::map<ContractId, Amount> reserves;  // After the block before.
        std::set<AccountId> buyers;             // The first ones.
        std::optional<Case> suspected;
    };
    /// Of one block.
    struct Block
    {
        std::vector<SentTrade> trades;
        std::vector<Payment> payments;
    };

    class Search
    {
    public:
        Search(LedgerQueries& source, const Thresholds& thresholds, const FindingSink& sink)
          : source_{source},
            sink_{sink},
            buyers_min_{thresholds.rug_pull_buyers_min},
            sale_seconds_max_{thresholds.rug_pull_sale_seconds_max},
            taken_min_{thresholds.rug_pull_taken_min},
            left_max_{thresholds.rug_pull_left_max},
            code_{source},
            times_{source}
        {}

        void run()
        {
            auto rows = source_.has("t_dex_pools")
                            ? std::optional{source_.query(
                                  "SELECT block_number, contract_id, token_id, reserve "
                                  "FROM t_dex_pools ORDER BY rowid")}
                            : std::nullopt;
            TradeReader trades{source_};
            PaymentReader payments{source_};
            SentTrade trade;
            Payment payment;
            bool has_trade = trades.next(trade);
            bool has_payment = payments.next(payment);
            std::uint64_t block = 0;
            std::map<ContractId, std::map<ContractId, Amount>> after;  // By pool.
            const auto finish = [&]
            {
                Block rest;
                for (; has_trade && trade.place.block <= block; has_trade = trades.next(trade))
                {
                    if (trade.place.block == block)
                        rest.trades.push_back(trade);
                }
                for (; has_payment && payment.place.block <= block;
                     has_payment = payments.next(payment))
                {
                    if (payment.place.block == block)
                        rest.payments.push_back(payment);
                }
                for (auto& [pool, reserves] : after)
                    close_block(block, pool, std::move(reserves), rest);
                after.clear();
            };
            while (rows && rows->step())
            {
                if (const auto next = rows->integer_up_to(0, integer_max); next != block)
                {
                    finish();
                    block = next;
                }
                after[rows->contract(1)][rows->contract(2)] = rows->amount(3);
            }
            finish();
            for (auto& [id, pool] : pools_)
            {
                if (pool.suspected)
                    report(id, *pool.suspected);
            }
        }

    private:
        void close_block(std::uint64_t block, ContractId id,
            std::map<ContractId, Amount>&& reserves, const Block& rest)
        {
            auto& pool = pools_[id];
            const auto time = times_.at(block);
            if (pool.suspected)
                look_again(pool, time, id, reserves, rest);
            if (!pool.suspected && pool.buyers.size() >= buyers_min_)
                suspect(pool, time, id, reserves, rest);
            for (const auto& trade : rest.trades)
            {
                if (trade.pool == id && pool.buyers.size() < buyers_min_)
                    pool.buyers.insert(trade.sender);
            }
            pool.reserves = std::move(reserves);
        }

        /// Whether it has come back; what else the account sells there.
        void look_again(Pool& pool, std::uint64_t time, ContractId id,
            const std::map<ContractId, Amount>& reserves, const Block& rest) const
        {
            auto& found = *pool.suspected;
            const auto is_back = [&](const auto& entry)
            {
                const auto held = reserves.find(entry.first);
                return held != reserves.end() && held->second.to_double() * left_max_.whole >=
                                                     entry.second.to_double() * left_max_.part;
            };
            if (std::all_of(found.before.begin(), found.before.end(), is_back))
            {
                pool.suspected.reset();
                return;
            }
            for (const auto& trade : rest.trades)
            {
                if (trade.pool != id || trade.sender != found.account ||
                    time - found.time > sale_seconds_max_)
                    continue;
                found.places.push_back(trade.place);
                found.token = trade.bought;
                auto& taken = found.taken[trade.bought];
                taken = wrapping_add(taken, trade.bought_amount);
            }
        }

        void suspect(Pool& pool, std::uint64_t time, ContractId id,
            const std::map<ContractId, Amount>& reserves, const Block& rest)
        {
            Case found;
            for (const auto& [token, before] : pool.reserves)
            {
                const auto now = reserves.find(token);
                if (now != reserves.end() && !before.is_zero() &&
                    now->second.to_double() * left_max_.whole <=
                        before.to_double() * left_max_.part)
                    found.before.emplace(token, before);
            }
            if (found.before.empty() || !find_taker(found, id, rest))
                return;
            const auto is_of = [&](const auto& row) { return row.place == found.places.front(); };
            found.is_sale = std::any_of(rest.trades.begin(), rest.trades.end(), is_of);
            // Who sells what he held only trades.
            const auto is_made = [&](const Payment& payment) {
                return is_of(payment) && payment.from == zero_account &&
                       pool.reserves.contains(payment.token);
            };
            const bool is_rug =
                found.is_sale ? std::any_of(rest.payments.begin(), rest.payments.end(), is_made)
                              : found.before.size() == pool.reserves.size();
            found.time = time;
            if (is_rug)
                pool.suspected = std::move(found);
        }

        /// Who got most of what the pool lost in this block, and by which transaction; false if
        /// that is less than taken_min_.
        bool find_taker(Case& found, ContractId id, const Block& rest) const
        {
            const auto pool_account = account_of(source_, id);
            double share_max = 0;
            for (const auto& payment : rest.payments)
            {
                const auto before = found.before.find(payment.token);
                if (payment.from != pool_account || !code_.is_person(payment.to) ||
                    before == found.before.end())
                    continue;
                const auto share = payment.value.to_double() / before->second.to_double();
                if (share <= share_max)
                    continue;
                share_max = share;
                found.account = payment.to;
                found.places = {payment.place};
                found.token = payment.token;
            }
            if (share_max < taken_min_.value())
                return false;
            for (const auto& payment : rest.payments)
            {
                if (payment.place == found.places.front() && payment.from == pool_account &&
                    payment.to == found.account)
                    found.taken[payment.token] = payment.value;
            }
            return true;
        }

        void report(ContractId id, Case& found)
        {
            const auto pool = source_.contract_name(id);
            auto why = found.is_sale
                           ? fmt::format("Sold what was made for it for most of what {} had.", pool)
                           : fmt::format("Took most of {} out, and it stayed empty.", pool);
            sink_({std::move(found.places), {found.account}, found.token, found.taken[found.token],
                std::move(why)});
        }

        LedgerQueries& source_;
        const FindingSink& sink_;
        std::uint64_t buyers_min_;
        std::uint64_t sale_seconds_max_;
        Share taken_min_;
        Share left_max_;
        CodeAccounts code_;
        BlockTimes times_;
        std::map<ContractId, Pool> pools_;
    };
};

}  // namespace

const Detector& rug_pull_detector()
{
    static const RugPullDetector detector;
    return detector;
}

}  // namespace runnel::analytics
