#include "analytics/totals.hpp"

#include "analytics/gas_money.hpp"
#include "analytics/market.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <optional>

namespace runnel::analytics
{
namespace
{
constexpr std::uint64_t integer_max = std::numeric_limits<std::int64_t>::max();
constexpr std::uint64_t hour_seconds = 3600;

constexpr unsigned class_bits = 10;  // 1,024 classes per power of two.
constexpr unsigned classes = (65 - class_bits) << class_bits;

/// Values below 1,024 are their own class; above, a class is 1/1,024 of its power of two.
unsigned class_of(std::uint64_t value) noexcept
{
    const auto width = static_cast<unsigned>(std::bit_width(value));
    if (width <= class_bits)
        return static_cast<unsigned>(value);
    const auto shift = width - class_bits - 1;
    return (shift << class_bits) + static_cast<unsigned>(value >> shift);
}

double lower_bound_of(unsigned number) noexcept
{
    constexpr unsigned first = 1U << class_bits;
    if (number < 2 * first)
        return number;
    const auto shift = (number >> class_bits) - 1;
    return std::ldexp(static_cast<double>((number & (first - 1)) + first), static_cast<int>(shift));
}

template <typename T>
T& at_or_grow(std::vector<T>& values, std::size_t position)
{
    if (position >= values.size())
        values.resize(position + 1);
    return values[position];
}

Amount product(std::uint64_t a, std::uint64_t b) noexcept
{
    return Amount::from_uint128(static_cast<uint128>(a) * b);
}
}  // namespace

std::string_view to_string(FlowKind kind) noexcept
{
    switch (kind)
    {
        case FlowKind::transfer: return "transfer";
        case FlowKind::base_fee: return "base_fee";
        case FlowKind::tip: return "tip";
        case FlowKind::reward: return "reward";
        case FlowKind::stake: return "stake";
    }
    return "unknown";
}

double TransactionTotals::tip_quantile(double quantile) const
{
    if (transactions == 0)
        return 0;
    const auto position = quantile * static_cast<double>(transactions - 1);
    const auto rank = static_cast<std::uint64_t>(position);
    std::uint64_t seen = 0;
    std::optional<double> below;
    for (unsigned i = 0; i < tip_classes.size(); ++i)
    {
        seen += tip_classes[i];
        if (!below && seen > rank)
            below = lower_bound_of(i);
        if (below && seen > std::min(rank + 1, transactions - 1))
        {
            return *below + (lower_bound_of(i) - *below) * (position - static_cast<double>(rank));
        }
    }
    return below.value_or(0);
}

BlockTotals block_totals(LedgerQueries& source)
{
    constexpr double full_share = 0.95;
    BlockTotals totals;
    totals.pieces.resize(source.pieces());
    std::uint64_t full_run = 0;
    auto rows = source.query(
        "SELECT number, timestamp, proposer_id, gas_limit, gas_used, base_fee, "
        "transaction_count, finalized_block FROM t_blocks WHERE number > 0 "
        "ORDER BY number");
    while (rows.step())
    {
        const auto number = rows.integer_up_to(0, integer_max);
        const auto timestamp = rows.integer_up_to(1, integer_max);
        const auto gas_limit = rows.integer_up_to(3, integer_max);
        const auto gas_used = rows.integer_up_to(4, integer_max);
        const auto base_fee = rows.integer_up_to(5, integer_max);
        const auto transactions = rows.integer_up_to(6, integer_max);
        const auto finalized = rows.integer_up_to(7, integer_max);
        const auto fullness =
            gas_limit == 0 ? 0 : static_cast<double>(gas_used) / static_cast<double>(gas_limit);

        if (totals.blocks == 0)
        {
            totals.base_fee_first = base_fee;
            totals.base_fee_min = base_fee;
        }
        ++totals.blocks;
        totals.transactions += transactions;
        totals.gas_used.add(Amount{gas_used});
        totals.burnt.add(product(gas_used, base_fee));
        totals.fullness_sum += fullness;
        full_run = fullness >= full_share ? full_run + 1 : 0;
        totals.full += fullness >= full_share ? 1 : 0;
        totals.full_run_max = std::max(totals.full_run_max, full_run);
        totals.base_fee_last = base_fee;
        totals.base_fee_min = std::min(totals.base_fee_min, base_fee);
        if (base_fee > totals.base_fee_peak)
        {
            totals.base_fee_peak = base_fee;
            totals.base_fee_peak_block = number;
        }
        const auto hour = source.hour_of(timestamp);
        if (totals.blocks == 1 || timestamp < source.start_time() + hour_seconds)
            totals.first_hour_base_fees.push_back(base_fee);
        else
            totals.base_fee_peak_later = std::max(totals.base_fee_peak_later, base_fee);
        at_or_grow(totals.hour_base_fee_sum, hour) += static_cast<double>(base_fee);
        ++at_or_grow(totals.hour_blocks, hour);

        const auto lag = number - std::min(number, finalized);
        totals.lag_sum += static_cast<double>(lag);
        totals.lag_max = std::max(totals.lag_max, lag);
        totals.finalized_last = finalized;
        ++totals.proposals[rows.account(2)];

        auto& piece = totals.pieces[source.piece_of(number)];
        if (piece.blocks == 0)
        {
            piece.first_block = number;
            piece.first_timestamp = timestamp;
        }
        ++piece.blocks;
        piece.transactions += transactions;
        piece.base_fee_sum += static_cast<double>(base_fee);
        piece.base_fee_max = std::max(piece.base_fee_max, base_fee);
        piece.fullness_sum += fullness;
    }
    return totals;
}

TransactionTotals transaction_totals(LedgerQueries& source)
{
    TransactionTotals totals;
    totals.groups.resize(source.groups().size());
    totals.piece_reverted.resize(source.pieces());
    totals.piece_burnt.resize(source.pieces());
    totals.piece_tips.resize(source.pieces());
    totals.tip_classes.resize(classes);
    GasMoney gas_money{source};
    Market market{source};
    std::uint64_t priced_block = 0;
    std::optional<double> coin_usd;  // Of one wei.
    auto rows = source.query(
        "SELECT x.block_number, b.timestamp, b.base_fee, b.proposer_id, x.from_id, "
        "x.receipt_status, x.receipt_gas_used, x.receipt_effective_gas_price, x.gas, "
        "x.max_fee_per_gas, x.max_priority_fee_per_gas "
        "FROM t_transactions x CROSS JOIN t_blocks b ON b.number = x.block_number "
        "WHERE x.block_number > 0 ORDER BY x.rowid");
    while (rows.step())
    {
        const auto block = rows.integer_up_to(0, integer_max);
        const auto base_fee = rows.integer_up_to(2, integer_max);
        const bool reverted = rows.integer_up_to(5, 1) == 0;
        const auto gas_used = rows.integer_up_to(6, integer_max);
        const auto price = rows.integer_up_to(7, integer_max);
        const auto max_fee = rows.integer_up_to(9, integer_max);
        const auto tip_max = std::min(
            rows.integer_up_to(10, integer_max), max_fee > base_fee ? max_fee - base_fee : 0);
        const auto burnt_per_gas = std::min(base_fee, price);
        const auto tip_per_gas = price - burnt_per_gas;
        const auto burnt = product(gas_used, burnt_per_gas);
        const auto tip = product(gas_used, tip_per_gas);

        ++totals.transactions;
        totals.reverted += reverted ? 1 : 0;
        totals.gas_used.add(Amount{gas_used});
        totals.burnt.add(burnt);
        totals.burnt_by_bids.add(product(gas_used, price));
        totals.burnt_by_bids.subtract(product(gas_used, tip_max));
        totals.tips.add(tip);
        totals.tips_of_proposer[rows.account(3)].add(tip);
        totals.tip_max = std::max(totals.tip_max, tip_per_gas);
        ++totals.tip_classes[class_of(tip_per_gas)];

        if (block != priced_block)
        {
            market.advance(priced_block = block);
            coin_usd = market.usd(Amount{1}, native_coin);
        }
        gas_money.sent(block, rows.account(4), product(gas_used, price),
            product(rows.integer_up_to(8, integer_max), max_fee));
        auto& group = totals.groups[source.group_of(rows.account(4))];
        ++group.transactions;
        group.reverted += reverted ? 1 : 0;
        group.burnt.add(burnt);
        group.tips.add(tip);
        group.burnt_usd += burnt.to_double() * coin_usd.value_or(0);
        group.tips_usd += tip.to_double() * coin_usd.value_or(0);
        group.priced = group.priced || coin_usd;

        auto& hour = at_or_grow(totals.hours, source.hour_of(rows.integer_up_to(1, integer_max)));
        ++hour.transactions;
        hour.reverted += reverted ? 1 : 0;
        const auto piece = source.piece_of(block);
        totals.piece_reverted[piece] += reverted ? 1 : 0;
        totals.piece_burnt[piece].add(burnt);
        totals.piece_tips[piece].add(tip);
    }
    totals.gas_money = gas_money.end();
    totals.coins = gas_money.balances();
    for (const auto& [proposer, tips] : totals.tips_of_proposer)
    {
        static_cast<void>(source.group_of(proposer));  // Throws if there is no such account.
        totals.coins[index(proposer)].add(tips);
    }
    return totals;
}

namespace
{
/// Adds up the rows of a table of transfers: (block, token, from, to, value).
class TransferSums
{
public:
    explicit TransferSums(LedgerQueries& source)
      : source_{source},
        groups_{source.groups().size()},
        sums_(source.contracts().size() * groups_ * groups_)
    {
        const auto parts = std::min(FlowTotals::Course::part_max, source.pieces());
        for (std::size_t i = 1; i <= parts; ++i)
            ends_.push_back((source.last_block() * i + parts - 1) / parts);
        courses_.resize(sums_.size());
        for (const auto& contract : source.contracts())
        {
            const auto account = index(contract.account);
            is_contract_.resize(std::max<std::size_t>(is_contract_.size(), account + 1));
            is_contract_[account] = true;
        }
    }

    void add(storage::Statement rows)
    {
        Market market{source_};
        std::uint64_t block = 0;
        std::size_t part = 0;
        while (rows.step())
        {
            if (const auto next = rows.integer_up_to(0, integer_max); next != block)
            {
                market.advance(block = next);
                while (part + 1 < ends_.size() && block > ends_[part])
                    ++part;
            }
            const auto token = rows.contract(1);
            if (index(token) >= source_.contracts().size())
                rows.fail(1, "the id of a contract");
            const auto payer = rows.account(2);
            const auto payee = rows.account(3);
            const auto from = source_.group_of(payer);
            const auto to = source_.group_of(payee);
            const auto amount = rows.amount(4);
            const auto position = (index(token) * groups_ + from) * groups_ + to;
            auto& flow = sums_[position];
            ++flow.count;
            flow.amount.add(amount);
            move(block, token, payer, payee, amount);
            auto& course = courses_[position];
            course.resize(ends_.size());
            ++course[part].count;
            if (is_contract(payer))
                contracts_[{payer, token}].out.add(amount);
            if (is_contract(payee))
                contracts_[{payee, token}].in.add(amount);
            if (const auto usd = market.usd(amount, token))
            {
                flow.usd += *usd;
                flow.priced = true;
                course[part].usd += *usd;
            }
        }
    }

    void move_to(FlowTotals& totals)
    {
        for (std::size_t i = 0; i < sums_.size(); ++i)
        {
            if (sums_[i].count == 0)
                continue;
            const auto to = static_cast<GroupId>(i % groups_);
            const auto from = static_cast<GroupId>(i / groups_ % groups_);
            const ContractId token{static_cast<std::uint32_t>(i / groups_ / groups_)};
            const FlowTotals::Key key{token, FlowKind::transfer, from, to};
            totals.flows[key] = sums_[i];
            totals.course.flows[key] = std::move(courses_[i]);
        }
        totals.contracts = std::move(contracts_);
        totals.course.ends = std::move(ends_);
        totals.transferred = std::move(transferred_);
        totals.minted = std::move(minted_);
    }

private:
    void move(std::uint64_t block, ContractId token, AccountId payer, AccountId payee,
        const Amount& amount)
    {
        transferred_[holding(payer, token)].subtract(amount);
        transferred_[holding(payee, token)].add(amount);
        if (payer != zero_account && payee != zero_account)
            return;
        auto& minted = minted_[token];
        minted.resize(source_.pieces());
        if (payer == zero_account)
            minted[source_.piece_of(block)].add(amount);
        if (payee == zero_account)
            minted[source_.piece_of(block)].subtract(amount);
    }

    [[nodiscard]] bool is_contract(AccountId account) const
    {
        return index(account) < is_contract_.size() && is_contract_[index(account)];
    }
    LedgerQueries& source_;
    std::size_t groups_;
    std::vector<FlowTotals::Flow> sums_;
    std::vector<std::uint64_t> ends_;                             // As in FlowTotals::Course.
    std::vector<std::vector<FlowTotals::Course::Part>> courses_;  // As sums_; empty: no transfer.
    std::unordered_map<std::uint64_t, SignedAmount> transferred_;
    std::map<ContractId, std::vector<SignedAmount>> minted_;
    std::vector<bool> is_contract_;  // By account.
    std::map<std::pair<AccountId, ContractId>, FlowTotals::Held> contracts_;
};

void add_fees(LedgerQueries& source, FlowTotals& totals)
{
    const auto& transactions = source.transactions();
    const auto nobody = source.group_of(zero_account);
    std::optional<GroupId> proposers;
    for (const auto& [account, tips] : transactions.tips_of_proposer)
        proposers = source.group_of(account);
    for (std::size_t i = 0; i < transactions.groups.size(); ++i)
    {
        const auto& group = transactions.groups[i];
        const auto from = static_cast<GroupId>(i);
        if (group.transactions == 0)
            continue;
        totals.flows[{native_coin, FlowKind::base_fee, from, nobody}] = {
            group.transactions, group.burnt, group.burnt_usd, group.priced};
        if (proposers && !group.tips.is_zero())
        {
            totals.flows[{native_coin, FlowKind::tip, from, *proposers}] = {
                group.transactions, group.tips, group.tips_usd, group.priced};
        }
    }
}

void add_rewards(LedgerQueries& source, FlowTotals& totals)
{
    const auto nobody = source.group_of(zero_account);
    const auto add =
        [&](Market& market, FlowKind kind, GroupId from, GroupId to, const Amount& amount)
    {
        auto& flow = totals.flows[{native_coin, kind, from, to}];
        ++flow.count;
        flow.amount.add(amount);
        if (const auto usd = market.usd(amount, native_coin))
        {
            flow.usd += *usd;
            flow.priced = true;
        }
    };
    Market market{source};
    auto rows = source.query(
        "SELECT account_id, amount, block_number FROM t_rewards WHERE block_number > 0 "
        "ORDER BY rowid");
    while (rows.step())
    {
        market.advance(rows.integer_up_to(2, integer_max));
        add(market, FlowKind::reward, nobody, source.group_of(rows.account(0)), rows.amount(1));
    }
    if (!source.has("t_stake_changes"))
        return;
    auto changes = source.query(
        "SELECT s.kind, s.account_id, d.id, s.amount, s.block_number FROM t_stake_changes s JOIN "
        "t_addresses d ON d.name = CASE s.kind WHEN 'fees' THEN 'fee_pool' ELSE 'deposits' END "
        "WHERE s.block_number > 0 ORDER BY s.rowid");
    Market later{source};
    while (changes.step())
    {
        later.advance(changes.integer_up_to(4, integer_max));
        const auto kind = changes.text(0);
        const auto deposits = source.group_of(changes.account(2));
        add(later, FlowKind::stake, kind == "staked" ? nobody : deposits,
            kind == "staked"  ? deposits
            : kind == "burnt" ? nobody
                              : source.group_of(changes.account(1)),
            changes.amount(3));
    }
}
/// Agents that came later began with what the transaction that brought them sent them.
void add_funds(LedgerQueries& source, FlowTotals& totals)
{
    for (const std::string table : {"t_token_transfers", "t_native_transfers"})
    {
        if (!source.has(table))
            continue;
        auto rows = source.query(
            "SELECT contract_id, to_id, value FROM t_addresses a JOIN " + table +
            " t ON t.block_number = a.block_number AND t.transaction_index = a.transaction_index "
            "AND t.to_id = a.id WHERE a.block_number > 0 AND a.strategy != ''");
        while (rows.step())
        {
            const auto account = rows.account(1);
            totals.funds[{source.group_of(account), rows.contract(0)}].add(rows.amount(2));
            totals.funds_of_accounts[{account, rows.contract(0)}].add(rows.amount(2));
        }
    }
}
}  // namespace

FlowTotals flow_totals(LedgerQueries& source)
{
    FlowTotals totals;
    if (source.groups().empty())
        return totals;
    TransferSums sums{source};
    if (source.has("t_token_transfers"))
    {
        sums.add(
            source.query("SELECT block_number, contract_id, from_id, to_id, value "
                         "FROM t_token_transfers WHERE block_number > 0 ORDER BY rowid"));
    }
    if (source.has("t_native_transfers"))
    {
        sums.add(
            source.query("SELECT block_number, contract_id, from_id, to_id, value "
                         "FROM t_native_transfers WHERE block_number > 0 ORDER BY rowid"));
    }
    sums.move_to(totals);
    add_fees(source, totals);
    add_rewards(source, totals);
    add_funds(source, totals);
    for (const auto& [key, flow] : totals.flows)
    {
        totals.net[{key.from, key.token}].subtract(flow.amount);
        totals.net[{key.to, key.token}].add(flow.amount);
    }
    return totals;
}

}  // namespace runnel::analytics
