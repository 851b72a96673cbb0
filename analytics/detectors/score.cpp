#include "analytics/detectors/score.hpp"

#include "analytics/detectors/chain_rows.hpp"
#include "ledger/check.hpp"
#include "ledger/hash.hpp"
#include "storage/schema.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace runnel::analytics
{
namespace
{

struct Rule
{
    ScoreRule shown;
    /// Whether a transaction is one, in SQL: m is its row of t_truth_transactions, x of
    /// t_transactions.
    std::string condition;
    /// The event table that the condition asks; without it nothing is one.
    std::string_view table = {};
};

constexpr std::string_view transactions = "transactions";
constexpr std::string_view pairs = "pairs of accounts";
constexpr std::string_view withdrawals = "withdrawals";
constexpr std::string_view of_transaction =
    "r WHERE r.block_number = m.block_number AND r.transaction_index = m.transaction_index";

const std::vector<Rule>& rules()
{
    static const std::vector<Rule> all{
        {{"sandwich", transactions, "purpose front_running"}, "m.purpose = 'front_running'"},
        {{"arbitrage", transactions, "purpose arbitrage"}, "m.purpose = 'arbitrage'"},
        {{"liquidation", transactions, "purpose liquidation"}, "m.purpose = 'liquidation'"},
        {{"wash_trading", transactions, "purpose wash_trade"}, "m.purpose = 'wash_trade'"},
        {{"flash_loan_attack", transactions, "purpose attack, with a flash loan"},
            fmt::format("m.purpose = 'attack' AND EXISTS (SELECT 1 FROM t_lending_flashloans {})",
                of_transaction),
            "t_lending_flashloans"},
        {{"rug_pull", transactions, "purpose fraud, paid by a pool"},
            fmt::format("m.purpose = 'fraud' AND EXISTS (SELECT 1 FROM t_token_transfers {} AND "
                        "r.from_id IN (SELECT account_id FROM t_contracts WHERE id IN "
                        "(SELECT DISTINCT contract_id FROM t_dex_pools)))",
                of_transaction),
            "t_dex_pools"},
        {{"address_poisoning", transactions,
             "purpose phishing that moves nothing of a token; payments of an incident"},
            fmt::format("(m.purpose = 'phishing' AND EXISTS (SELECT 1 FROM t_token_transfers {} "
                        "AND r.value = '0')) OR (m.purpose = 'payment' AND m.incident IS NOT NULL)",
                of_transaction),
            "t_token_transfers"},
        {{"structuring", transactions, "purpose cash_out"}, "m.purpose = 'cash_out'"},
        {{"peel_chain", transactions, "purpose laundering, coins paid to no contract"},
            "m.purpose = 'laundering' AND x.value <> '0' AND x.to_id NOT IN "
            "(SELECT account_id FROM t_contracts)"},
        {{"clusters", pairs, "senders whose transactions have one controller"}, ""},
        {{"mixer_links", withdrawals, "whose notes the account named has paid for"}, ""},
    };
    return all;
}

const Rule& rule_of(const Detector& detector)
{
    const auto& all = rules();
    const auto found = std::find_if(all.begin(), all.end(),
        [&](const Rule& rule) { return rule.shown.detector == detector.name(); });
    RUNNEL_CHECK(found != all.end());
    return *found;
}

/// Side by side: the truth of each transaction, and the flagged ones.
Score score_transactions(
    storage::Database& truth, const Rule& rule, std::span<const Finding> findings)
{
    std::vector<Place> flagged;
    for (const auto& finding : findings)
    {
        flagged.insert(flagged.end(), finding.transactions.begin(), finding.transactions.end());
    }
    std::sort(flagged.begin(), flagged.end());
    flagged.erase(std::unique(flagged.begin(), flagged.end()), flagged.end());

    const bool can_be = rule.table.empty() || storage::has_table(truth, rule.table);
    auto rows = truth.prepare(fmt::format(
        "SELECT m.block_number, m.transaction_index, m.purpose, m.incident, coalesce(({}), 0) "
        "FROM t_truth_transactions m JOIN t_transactions x ON x.block_number = m.block_number "
        "AND x.transaction_index = m.transaction_index "
        "WHERE m.block_number > 0 AND x.receipt_status = 1 ORDER BY m.rowid",
        can_be ? std::string_view{rule.condition} : "0"));
    Score score;
    score.rest = 0;
    std::set<std::int64_t> incidents;
    std::set<std::int64_t> incidents_found;
    auto next = flagged.begin();
    // What a detector flags and the truth does not have has failed, or is not there.
    const auto pass = [&](auto end)
    {
        score.wrong += static_cast<std::uint64_t>(end - next);
        if (end != next)
            score.flagged_purposes["(failed)"] += static_cast<std::uint64_t>(end - next);
        next = end;
    };
    while (rows.step())
    {
        const auto place = place_of(rows);
        pass(std::lower_bound(next, flagged.end(), place));
        const bool is_flagged = next != flagged.end() && *next == place;
        const bool is_true = rows.integer(4) != 0;
        next += is_flagged ? 1 : 0;
        if (is_flagged)
            ++score.flagged_purposes[std::string{rows.text(2)}];
        else if (is_true)
            ++score.missed_purposes[std::string{rows.text(2)}];
        (is_flagged ? (is_true ? score.found : score.wrong)
                    : (is_true ? score.missed : *score.rest)) += 1;
        if (!is_true || rows.is_null(3))
            continue;
        incidents.insert(rows.integer(3));
        if (is_flagged)
            incidents_found.insert(rows.integer(3));
    }
    pass(flagged.end());
    score.incidents = incidents.size();
    score.incidents_found = incidents_found.size();
    return score;
}

/// Who acts for whom, by account: the first controller that the truth states of what it sent.
std::map<AccountId, AccountId> controllers(storage::Database& truth)
{
    std::map<AccountId, AccountId> result;
    auto rows = truth.prepare(
        "SELECT x.from_id, m.controller_id FROM t_truth_transactions m JOIN t_transactions x "
        "ON x.block_number = m.block_number AND x.transaction_index = m.transaction_index "
        "WHERE m.block_number > 0 AND x.receipt_status = 1 AND m.controller_id IS NOT NULL "
        "ORDER BY m.rowid");
    while (rows.step())
        result.emplace(rows.account(0), rows.account(1));
    return result;
}

std::uint64_t pairs_of(std::uint64_t count) noexcept
{
    return count * (count - (count > 0 ? 1 : 0)) / 2;
}

/// Every pair of accounts in a finding, against every pair with one controller.
Score score_pairs(storage::Database& truth, std::span<const Finding> findings)
{
    const auto controller_of = controllers(truth);
    std::map<AccountId, std::uint64_t> sizes;  // By controller.
    for (const auto& entry : controller_of)
        ++sizes[entry.second];
    Score score;
    std::set<AccountId> found;  // Controllers.
    for (const auto& finding : findings)
    {
        std::map<AccountId, std::uint64_t> together;
        for (const auto account : finding.accounts)
        {
            if (const auto controller = controller_of.find(account);
                controller != controller_of.end())
                ++together[controller->second];
        }
        std::uint64_t right = 0;
        for (const auto& [controller, count] : together)
        {
            right += pairs_of(count);
            if (count > 1)
                found.insert(controller);
        }
        score.found += right;
        score.wrong += pairs_of(finding.accounts.size()) - right;
    }
    std::uint64_t all = 0;
    for (const auto& [controller, count] : sizes)
    {
        all += pairs_of(count);
        score.incidents += count > 1 ? 1 : 0;
    }
    score.missed = all - std::min(all, score.found);
    score.incidents_found = found.size();
    return score;
}

/// The hashes of the notes that withdrawals were proven by: what their deposits show. A witness
/// begins with its length (2 bytes) and its note, nullifier and secret (32 bytes each); the hash
/// of both together is in the deposit's call (docs/mixer.md).
std::map<Place, Hash> commitments(storage::Database& truth)
{
    std::map<Place, Hash> result;
    auto rows = truth.prepare(
        "SELECT w.block_number, w.transaction_index, w.content FROM t_witnesses w "
        "JOIN t_mixer_moves r ON r.block_number = w.block_number "
        "AND r.transaction_index = w.transaction_index WHERE r.type = 'withdrawal'");
    while (rows.step())
    {
        constexpr std::size_t length_size = 2;
        constexpr std::size_t note_size = 64;
        const auto content = rows.blob(2);
        if (content.size() >= length_size + note_size)
            result.emplace(place_of(rows), keccak256(content.subspan(length_size, note_size)));
    }
    return result;
}

/// Who paid for each of these notes: found by the note's hash in what the deposit's sender wrote.
std::map<Hash, AccountId> payers_of(storage::Database& truth, const std::set<Hash>& notes)
{
    std::map<Hash, AccountId> result;
    auto rows = truth.prepare(
        "SELECT x.input, r.account_id FROM t_mixer_moves r JOIN t_transactions x "
        "ON x.block_number = r.block_number AND x.transaction_index = r.transaction_index "
        "WHERE r.type = 'deposit' AND r.block_number > 0");
    while (rows.step())
    {
        const auto input = rows.blob(0);
        Hash part;
        for (std::size_t i = 0; i + part.bytes.size() <= input.size(); ++i)
        {
            std::copy_n(input.begin() + static_cast<std::ptrdiff_t>(i), part.bytes.size(),
                part.bytes.begin());
            if (notes.contains(part))
                result.emplace(part, rows.account(1));
        }
    }
    return result;
}

/// Each withdrawal of a finding against the account that has paid for its note: the one that the
/// finding names first, or another one of the same controller.
Score score_withdrawals(storage::Database& truth, std::span<const Finding> findings)
{
    Score score;
    if (!has_table(truth, "t_mixer_moves"))
        return score;
    const auto notes = commitments(truth);
    std::set<Hash> hashes;
    for (const auto& entry : notes)
        hashes.insert(entry.second);
    const auto payers = payers_of(truth, hashes);
    const auto controller_of = controllers(truth);
    const auto owner = [&](AccountId account)
    {
        const auto found = controller_of.find(account);
        return found == controller_of.end() ? account : found->second;
    };
    std::map<Place, AccountId> named;
    for (const auto& finding : findings)
    {
        for (const auto& place : finding.transactions)
        {
            if (notes.contains(place) && !finding.accounts.empty())
                named.emplace(place, finding.accounts.front());
        }
    }
    for (const auto& [place, note] : notes)
    {
        const auto payer = payers.find(note);
        const auto guess = named.find(place);
        if (payer == payers.end())
            continue;
        const bool is_known = controller_of.contains(payer->second);
        const std::string kind = is_known ? "of an incident" : "others'";
        if (guess == named.end())
        {
            ++score.missed;
            ++score.missed_purposes[kind];
            continue;
        }
        ++score.flagged_purposes[kind];
        const bool is_right = owner(guess->second) == owner(payer->second);
        ++(is_right ? score.found : score.wrong);
        score.missed += is_right ? 0 : 1;
        score.missed_purposes[kind] += is_right ? 0 : 1;
    }
    return score;
}

std::optional<double> ratio(std::uint64_t part, std::uint64_t rest) noexcept
{
    if (part + rest == 0)
        return std::nullopt;
    return static_cast<double>(part) / static_cast<double>(part + rest);
}
}  // namespace

std::optional<double> Score::precision() const noexcept
{
    return ratio(found, wrong);
}

std::optional<double> Score::recall() const noexcept
{
    return ratio(found, missed);
}

std::optional<double> Score::f1() const noexcept
{
    if (found + wrong + missed == 0)
        return std::nullopt;
    return 2 * static_cast<double>(found) / static_cast<double>(2 * found + wrong + missed);
}

void Score::add(const Score& other)
{
    found += other.found;
    wrong += other.wrong;
    missed += other.missed;
    if (other.rest)
        rest = rest.value_or(0) + *other.rest;
    for (const auto& [purpose, count] : other.flagged_purposes)
        flagged_purposes[purpose] += count;
    for (const auto& [purpose, count] : other.missed_purposes)
        missed_purposes[purpose] += count;
    incidents += other.incidents;
    incidents_found += other.incidents_found;
}

const ScoreRule& score_rule(const Detector& detector)
{
    return rule_of(detector).shown;
}

Score score(storage::Database& truth, const Detector& detector, std::span<const Finding> findings)
{
    const auto& rule = rule_of(detector);
    if (rule.shown.unit == pairs)
        return score_pairs(truth, findings);
    if (rule.shown.unit == withdrawals)
        return score_withdrawals(truth, findings);
    return score_transactions(truth, rule, findings);
}

}  // namespace runnel::analytics
