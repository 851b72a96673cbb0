#include "analytics/detectors/chain_rows.hpp"
#include "analytics/detectors/detectors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <set>
#include <utility>

namespace runnel::analytics
{
namespace
{

/// So many hex digits, eight at most, at either end of an address: what wallets show of it.
std::uint64_t shown_digits(std::string_view address, std::size_t digits)
{
    std::uint32_t ends[2] = {0, 0};
    if (address.size() == 42)
    {
        (void)std::from_chars(address.data() + 2, address.data() + 2 + digits, ends[0], 16);
        (void)std::from_chars(address.data() + 42 - digits, address.data() + 42, ends[1], 16);
    }
    return std::uint64_t{ends[0]} << 32U | ends[1];
}

/// A transfer of nothing, sent by somebody else than it is from, to an address that shows the same
/// first and last four digits as one that the victim has paid before; and what the victim pays to
/// that address afterwards. The newest 32 payees of each payer are remembered. Four and 32
/// are defaults of Thresholds.
class AddressPoisoningDetector : public Detector
{
public:
    [[nodiscard]] std::string_view name() const noexcept override { return "address_poisoning"; }
    [[nodiscard]] std::string_view description() const noexcept override
    {
        return "Transfers of nothing that put an address like a payee's into somebody's history, "
               "and payments to it.";
    }
    void run(
        LedgerQueries& source, const Thresholds& thresholds, const FindingSink& sink) const override
    {
        std::vector<std::uint64_t> digits;
        digits.reserve(source.account_count());
        auto addresses = source.query("SELECT address FROM t_addresses ORDER BY id");
        while (addresses.step())
            digits.push_back(shown_digits(addresses.text(0), thresholds.address_poisoning_digits));
        const auto digits_of = [&](AccountId account)
        { return index(account) < digits.size() ? digits[index(account)] : std::uint64_t{0}; };

        Search search;
        PlacedRows rows{source, "t_token_transfers",
            "SELECT r.block_number, r.transaction_index, r.contract_id, r.from_id, r.to_id, "
            "r.value, x.from_id FROM t_token_transfers r JOIN t_transactions x "
            "ON x.block_number = r.block_number AND x.transaction_index = r.transaction_index "
            "WHERE r.block_number > 0 ORDER BY r.rowid"};
        Finding bait;
        const auto finish = [&]
        {
            if (bait.transactions.empty())
                return;
            bait.why = fmt::format("Transfers of nothing to {} like payees of whom they are from.",
                bait.accounts.size() == 2 ? "an address" : "addresses");
            sink(std::exchange(bait, {}));
        };
        for (; rows.place(); rows.next())
        {
            const auto& row = rows.row();
            if (!bait.transactions.empty() && bait.transactions.front() != *rows.place())
                finish();
            const auto token = row.contract(2);
            const auto victim = row.account(3);
            const auto payee = row.account(4);
            const auto value = row.amount(5);
            const auto sender = row.account(6);
            auto& payees = search.payees[victim];
            if (value.is_zero())
            {
                const auto looks_like = [&](AccountId known)
                { return known != payee && digits_of(known) == digits_of(payee); };
                if (sender == victim || !std::any_of(payees.begin(), payees.end(), looks_like))
                    continue;
                search.false_payees.emplace(victim, payee);
                if (bait.transactions.empty())
                {
                    bait.transactions = {*rows.place()};
                    bait.accounts = {sender};
                }
                bait.accounts.push_back(payee);
                continue;
            }
            if (search.false_payees.contains({victim, payee}))
            {
                sink({{*rows.place()}, {payee}, token, value,
                    "Paid to an address that somebody had put into the payer's history."});
                continue;
            }
            remember(payees, payee, thresholds.address_poisoning_payees_max);
        }
        finish();
    }

private:
    struct Search
    {
        std::map<AccountId, std::vector<AccountId>> payees;  // By payer, the newest last.
        std::set<std::pair<AccountId, AccountId>> false_payees;
    };

    static void remember(std::vector<AccountId>& payees, AccountId payee, std::size_t payees_max)
    {
        std::erase(payees, payee);
        payees.push_back(payee);
        if (payees.size() > payees_max)
            payees.erase(payees.begin());
    }
};

}  // namespace

const Detector& address_poisoning_detector()
{
    static const AddressPoisoningDetector detector;
    return detector;
}

}  // namespace runnel::analytics
