#include "analytics/detectors/chain_rows.hpp"
#include "analytics/detectors/detectors.hpp"

#include <fmt/format.h>

#include <map>
#include <optional>
#include <set>
#include <utility>

namespace runnel::analytics
{
namespace
{

std::string in_words(std::uint64_t number)
{
    return number == 3 ? "three" : fmt::format("{}", number);
}
std::string time_in_words(std::uint64_t seconds)
{
    constexpr std::uint64_t week = 604'800;
    return seconds == week ? "week" : fmt::format("{} seconds", seconds);
}

/// Who paid for the note that a withdrawal takes out, by Tutela's heuristics and one of time. The
/// first that says something counts:
///  - address: the recipient has paid into the same mixer before;
///  - sender: no relayer was paid, and who sent it has paid into the same mixer before;
///  - lone: one account has made all deposits so far;
///  - gas price: no relayer was paid, and the sender's priority fee is that of exactly one of the
///    accounts that have paid in before, and of nobody else's transaction in any mixer;
///  - payments: exactly one who has paid in before and the recipient have paid each other three
///    times before;
///  - amounts and time: an address that gets five notes or more, with less than a day between them,
///    and exactly one account that has, within the seven days before, paid for as many in a burst.
///
/// Three, five, a day and seven are defaults of Thresholds.
///
/// A finding's accounts are who paid in and who was paid; its transactions are the withdrawal, or
/// those of the burst and of the episode.
///
/// Source: Wu et al., "Tutela" (2022), heuristics 1 to 4, of which the fourth is for one mixer
/// here; Beres et al. (2020) for gas prices, of which only the tip is somebody's choice since
/// EIP-1559.
class MixerLinksDetector : public Detector
{
public:
    [[nodiscard]] std::string_view name() const noexcept override { return "mixer_links"; }
    [[nodiscard]] std::string_view description() const noexcept override
    {
        return "Withdrawals from mixers that address, sender, tip, payments, amounts or time join "
               "to who paid in.";
    }
    void run(
        LedgerQueries& source, const Thresholds& thresholds, const FindingSink& sink) const override
    {
        Search{source, thresholds, sink}.run();
    }

private:
    /// Deposits of one account, or withdrawals to one, with little time between them.
    struct Burst
    {
        AccountId account{};
        std::uint64_t first_time = 0;
        std::uint64_t last_time = 0;
        std::vector<Place> places;
    };
    struct Mixer
    {
        ContractId token{};
        Amount denomination;
        std::map<AccountId, std::size_t> open_deposits;  // Burst by account.
        std::map<AccountId, std::size_t> open_withdrawals;
        std::vector<Burst> deposits;     // In the order in which they began.
        std::vector<Burst> withdrawals;  // Of what nothing else has joined.
    };
    /// Who uses a tip in mixers; nobody in particular once a second one does.
    struct TipUse
    {
        AccountId account{};
        bool is_shared = false;
    };

    class Search
    {
    public:
        Search(LedgerQueries& source, const Thresholds& thresholds, const FindingSink& sink)
          : source_{source}, thresholds_{thresholds}, sink_{sink}, times_{source}
        {}

        void run()
        {
            PlacedRows rows{source_, "t_mixer_moves",
                "SELECT r.block_number, r.transaction_index, r.contract_id, r.type, r.account_id, "
                "r.token_id, r.amount, r.relayer_id, x.from_id, x.max_priority_fee_per_gas "
                "FROM t_mixer_moves r JOIN t_transactions x "
                "ON x.block_number = r.block_number AND x.transaction_index = r.transaction_index "
                "WHERE r.block_number > 0 ORDER BY r.rowid"};
            if (!rows.place())
                return;
            read_users();
            PaymentReader payments{source_};
            Payment payment;
            bool has_payment = payments.next(payment);
            for (; rows.place(); rows.next())
            {
                for (; has_payment && payment.place < *rows.place();
                     has_payment = payments.next(payment))
                    count(payment);
                const auto& row = rows.row();
                auto& mixer = mixers_[row.contract(2)];
                mixer.token = row.contract(5);
                mixer.denomination = row.amount(6);
                time_ = times_.at(rows.place()->block);
                const auto sender = row.account(8);
                const auto tip = row.integer_up_to(9, integer_max);
                if (row.text(3) == "deposit")
                {
                    join(mixer.deposits, mixer.open_deposits, row.account(4), *rows.place());
                    use_tip(tip, row.account(4));
                    continue;
                }
                const bool is_relayed = row.account(7) != zero_account;
                withdraw(mixer, *rows.place(), row.account(4), is_relayed, sender, tip);
            }
            for (const auto& [id, mixer] : mixers_)
                match(mixer);
        }

    private:
        /// Payments are counted for those whom a mixer has paid or who have paid one: everybody
        /// else is left out.
        void read_users()
        {
            auto rows = source_.query(
                "SELECT DISTINCT account_id FROM t_mixer_moves WHERE block_number > 0");
            while (rows.step())
                users_.insert(rows.account(0));
        }
        void count(const Payment& payment)
        {
            if (payment.from == payment.to || payment.value.is_zero() ||
                !users_.contains(payment.from) || !users_.contains(payment.to))
                return;
            ++payments_[{payment.from, payment.to}];
            ++payments_[{payment.to, payment.from}];
        }
        void use_tip(std::uint64_t tip, AccountId account)
        {
            const auto [use, added] = tips_.emplace(tip, TipUse{account, false});
            use->second.is_shared = use->second.is_shared || use->second.account != account;
        }

        void join(std::vector<Burst>& bursts, std::map<AccountId, std::size_t>& open,
            AccountId account, const Place& place) const
        {
            const auto [last, added] = open.emplace(account, bursts.size());
            if (!added &&
                time_ - bursts[last->second].last_time >= thresholds_.mixer_links_gap_seconds)
                last->second = bursts.size();
            if (last->second == bursts.size())
                bursts.push_back({account, time_, time_, {}});
            bursts[last->second].last_time = time_;
            bursts[last->second].places.push_back(place);
        }

        void withdraw(Mixer& mixer, const Place& place, AccountId recipient, bool is_relayed,
            AccountId sender, std::uint64_t tip)
        {
            const auto has_paid_in = [&](AccountId account)
            { return mixer.open_deposits.contains(account); };
            const auto report = [&](AccountId depositor, std::string_view why) {
                sink_({{place}, {depositor, recipient}, mixer.token, mixer.denomination,
                    std::string{why}});
            };
            if (has_paid_in(recipient))
                return report(recipient, "The recipient has paid into the mixer himself.");
            if (!is_relayed && has_paid_in(sender))
                return report(sender, "Who sent the withdrawal has paid into the mixer.");
            if (mixer.open_deposits.size() == 1)
            {
                return report(mixer.open_deposits.begin()->first,
                    "Nobody else has paid into the mixer so far.");
            }
            const auto use = tips_.find(tip);
            if (!is_relayed && use != tips_.end() && !use->second.is_shared &&
                has_paid_in(use->second.account))
                return report(use->second.account, "Nobody else in a mixer gives the same tip.");
            std::optional<AccountId> friend_found;
            bool has_several = false;
            for (auto paid = payments_.lower_bound({recipient, zero_account});
                 paid != payments_.end() && paid->first.first == recipient; ++paid)
            {
                if (paid->second < thresholds_.mixer_links_payments_min ||
                    !has_paid_in(paid->first.second))
                    continue;
                has_several = has_several || friend_found;
                friend_found = paid->first.second;
            }
            if (friend_found && !has_several)
                return report(
                    *friend_found, fmt::format("They have paid each other {} times or more.",
                                       in_words(thresholds_.mixer_links_payments_min)));
            join(mixer.withdrawals, mixer.open_withdrawals, recipient, place);
        }

        void match(const Mixer& mixer) const
        {
            for (const auto& episode : mixer.withdrawals)
            {
                if (episode.places.size() < thresholds_.mixer_links_episode_min)
                    continue;
                const Burst* only = nullptr;
                std::size_t candidates = 0;
                for (const auto& burst : mixer.deposits)
                {
                    if (burst.places.size() != episode.places.size() ||
                        burst.last_time > episode.first_time ||
                        episode.first_time - burst.last_time >
                            thresholds_.mixer_links_window_seconds_max)
                        continue;
                    only = &burst;
                    ++candidates;
                }
                if (candidates != 1)
                    continue;
                auto places = only->places;
                places.insert(places.end(), episode.places.begin(), episode.places.end());
                sink_({std::move(places), {only->account, episode.account}, mixer.token,
                    Amount::from_double(mixer.denomination.to_double() *
                                        static_cast<double>(episode.places.size())),
                    fmt::format(
                        "{} notes in an episode, and one burst of as many in the {} before.",
                        episode.places.size(),
                        time_in_words(thresholds_.mixer_links_window_seconds_max))});
            }
        }

        LedgerQueries& source_;
        const Thresholds& thresholds_;
        const FindingSink& sink_;
        BlockTimes times_;
        std::uint64_t time_ = 0;
        std::set<AccountId> users_;
        std::map<ContractId, Mixer> mixers_;
        std::map<std::pair<AccountId, AccountId>, std::uint32_t> payments_;  // Either way.
        std::map<std::uint64_t, TipUse> tips_;
    };
};

}  // namespace

const Detector& mixer_links_detector()
{
    static const MixerLinksDetector detector;
    return detector;
}

}  // namespace runnel::analytics
