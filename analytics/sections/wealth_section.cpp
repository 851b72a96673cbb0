#include "analytics/market.hpp"
#include "analytics/measures.hpp"
#include "analytics/provision.hpp"
#include "analytics/quantile.hpp"
#include "analytics/sections.hpp"
#include "analytics/totals.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Who got rich, and why.
namespace runnel::analytics
{
namespace
{
using Holdings = Positions::Holdings;

enum Reason : std::size_t
{
    price,
    pool_fees,
    pool_loss,
    interest,
    liquidated,
    rewards,
    vaults,
    payments,
    gas,
    trading,  // The rest.
    reason_count,
};

/// USD, by reason.
using Reasons = std::array<double, reason_count>;

/// What a share of a pool or vault stood for after block 0: smallest units per unit of the share.
using Behind = std::map<ContractId, std::vector<std::pair<ContractId, double>>>;

struct Fortune
{
    double start = 0;  // USD.
    double end = 0;
};

struct Group
{
    Fortune sum;
    Reasons reasons{};
    std::vector<double> multiples;  // End / start, of accounts that began with something.
};

/// Whose wealth counts: people, and who is paid for making blocks.
std::vector<bool> counted_groups(LedgerQueries& source)
{
    std::vector<bool> counted(source.groups().size());
    for (std::size_t i = 0; i < counted.size(); ++i)
        counted[i] = source.groups()[i].has_result;
    for (const auto& [key, flow] : source.flows().flows)
    {
        if (key.kind == FlowKind::reward || key.kind == FlowKind::tip ||
            (key.kind == FlowKind::stake && key.from == source.group_of(zero_account)))
            counted[key.to] = true;
    }
    return counted;
}

/// What accounts came with: balances after block 0 or what they arrived with, and what they had in
/// markets, ranges and books. What was staked in block 0 is left out, as it is at the end.
Holdings holdings_at_start(LedgerQueries& source)
{
    Holdings holdings;
    if (source.has("t_starting_balances"))
    {
        auto rows = source.query("SELECT account_id, token_id, balance FROM t_starting_balances");
        while (rows.step())
            holdings[{rows.account(0), rows.contract(1)}].add(rows.amount(2));
    }
    for (const auto* more : {&source.flows().funds_of_accounts, &source.positions().lent_at_start,
             &source.positions().elsewhere_at_start})
    {
        for (const auto& [key, amount] : *more)
            holdings[key].add(amount);
    }
    return holdings;
}

Holdings holdings_at_end(LedgerQueries& source)
{
    Holdings holdings;
    if (source.has("t_starting_balances"))
    {
        auto rows = source.query(
            "SELECT account_id, token_id, balance FROM t_starting_balances WHERE token_id <> 0");
        while (rows.step())
            holdings[{rows.account(0), rows.contract(1)}].add(rows.amount(2));
    }
    for (const auto& [key, amount] : source.flows().transferred)
    {
        const AccountId account{static_cast<std::uint32_t>(key >> 32U)};
        const ContractId token{static_cast<std::uint32_t>(key)};
        if (token != native_coin)
            holdings[{account, token}].add(amount);
    }
    const auto& coins = source.transactions().coins;
    for (std::size_t i = 0; i < coins.size(); ++i)
        holdings[{AccountId{static_cast<std::uint32_t>(i)}, native_coin}].add(coins[i]);
    for (const auto* more : {&source.positions().lent, &source.positions().elsewhere,
             &source.positions().staked_of_accounts})
    {
        for (const auto& [key, amount] : *more)
            holdings[key].add(amount);
    }
    return holdings;
}

/// The vaults' shares, and of what: which rise by rewards.
std::map<ContractId, ContractId> vault_shares(LedgerQueries& source)
{
    std::map<ContractId, ContractId> shares;
    if (!source.has("t_vaults"))
        return shares;
    auto rows = source.query("SELECT DISTINCT share_token_id, asset_id FROM t_vaults");
    while (rows.step())
        shares.emplace(rows.contract(0), rows.contract(1));
    return shares;
}

Behind behind_first_shares(LedgerQueries& source, const Market& start)
{
    Behind behind;
    if (source.has("t_dex_shares") && source.has("t_dex_pools"))
    {
        auto rows = source.query(
            "SELECT contract_id, share_token_id, total_supply FROM t_dex_shares "
            "WHERE block_number = 0 ORDER BY rowid");
        while (rows.step())
        {
            const auto pool = start.pools().find(rows.contract(0));
            const auto supply = rows.amount(2).to_double();
            if (pool == start.pools().end() || !(supply > 0))
                continue;
            auto& tokens = behind[rows.contract(1)];
            tokens.clear();
            for (const auto& token : pool->second.tokens)
                tokens.emplace_back(token.token, token.reserve.to_double() / supply);
        }
    }
    if (source.has("t_vaults"))
    {
        auto rows = source.query(
            "SELECT share_token_id, asset_id, total_assets, total_supply FROM "
            "t_vaults WHERE block_number = 0 ORDER BY rowid");
        while (rows.step())
        {
            const auto supply = rows.amount(3).to_double();
            if (supply > 0)
            {
                behind[rows.contract(0)] = {
                    {rows.contract(1), rows.amount(2).to_double() / supply}};
            }
        }
    }
    return behind;
}

double usd_of(const Market& market, const SignedAmount& amount, ContractId token)
{
    return market.usd(amount, token).value_or(0);
}

double unit_usd(const Market& market, ContractId token)
{
    return market.usd(Amount{1}, token).value_or(0);
}

/// Everything at the end's prices but what the start was worth.
class Ledger
{
public:
    explicit Ledger(LedgerQueries& source)
      : source_{source},
        counted_{counted_groups(source)},
        start_{source},
        end_{source},
        groups_(source.groups().size()),
        fortunes_(source.account_count())
    {
        start_.advance(0);
        end_.advance_to_end();
        add_worth();
        add_pools();
        add_lending();
        add_rewards();
        add_vaults();
        add_flows();
        for (auto& group : groups_)
        {
            auto& reasons = group.reasons;
            const auto rest = group.sum.end - group.sum.start -
                              std::accumulate(reasons.begin(), reasons.begin() + trading, 0.0);
            // What doubles lose of so large sums is nobody's trade.
            constexpr double rounding = 1e-12;
            reasons[trading] =
                std::abs(rest) > rounding * (group.sum.start + group.sum.end) ? rest : 0;
        }
    }

    [[nodiscard]] bool counts(std::size_t group) const { return counted_[group]; }
    [[nodiscard]] const Group& group(std::size_t group) const { return groups_[group]; }
    [[nodiscard]] const std::vector<Fortune>& fortunes() const noexcept { return fortunes_; }
    [[nodiscard]] const Market& start() const noexcept { return start_; }
    [[nodiscard]] const Market& end() const noexcept { return end_; }

private:
    [[nodiscard]] bool counts(AccountId account) const
    {
        return account != zero_account && counted_[source_.group_of(account)];
    }
    [[nodiscard]] Reasons& reasons_of(AccountId account)
    {
        return groups_[source_.group_of(account)].reasons;
    }

    void add_worth()
    {
        const auto shares = vault_shares(source_);
        const auto behind = behind_first_shares(source_, start_);
        for (const auto& [key, amount] : holdings_at_start(source_))
        {
            const auto& [account, token] = key;
            if (!counts(account))
                continue;
            const auto worth = usd_of(start_, amount, token);
            fortunes_[index(account)].start += worth;
            // A share has no price of its own: what was behind it then has.
            auto now = usd_of(end_, amount, token);
            if (const auto tokens = behind.find(token); tokens != behind.end())
            {
                now = 0;
                for (const auto& [held, per_share] : tokens->second)
                    now += amount.to_double() * per_share * unit_usd(end_, held);
            }
            auto& reasons = reasons_of(account);
            reasons[price] += now - worth;
            if (shares.contains(token))
                reasons[vaults] -= now;
        }
        for (const auto& [key, amount] : holdings_at_end(source_))
        {
            const auto& [account, token] = key;
            if (!counts(account))
                continue;
            const auto worth = usd_of(end_, amount, token);
            fortunes_[index(account)].end += worth;
            if (shares.contains(token))
                reasons_of(account)[vaults] += worth;
        }
        for (std::size_t i = 1; i < fortunes_.size(); ++i)
        {
            auto& group = groups_[source_.group_of(AccountId{static_cast<std::uint32_t>(i)})];
            group.sum.start += fortunes_[i].start;
            group.sum.end += fortunes_[i].end;
            if (fortunes_[i].start > 0)
                group.multiples.push_back(fortunes_[i].end / fortunes_[i].start);
        }
        for (auto& group : groups_)
            std::sort(group.multiples.begin(), group.multiples.end());
    }

    void add_pools()
    {
        for (const auto& [key, result] : make_provision(source_).accounts)
        {
            if (!counts(key.first) || !result.priced)
                continue;
            auto& reasons = reasons_of(key.first);
            reasons[pool_fees] += result.fees;
            reasons[pool_loss] += result.impermanent();
        }
    }

    /// Interest is what positions in markets grew by without anybody's doing; a liquidation takes
    /// collateral and pays back debt.
    void add_lending()
    {
        for (const auto& [positions, sign] : {std::pair{&source_.positions().lent, 1},
                 std::pair{&source_.positions().lent_at_start, -1}})
        {
            for (const auto& [key, amount] : *positions)
            {
                if (counts(key.first))
                    reasons_of(key.first)[interest] += sign * usd_of(end_, amount, key.second);
            }
        }
        const auto read =
            [&](std::string_view table, std::string_view more, std::string_view seized, int sign)
        {
            if (!source_.has(table))
                return;
            auto rows = source_.query(
                "SELECT transaction_type, on_behalf_of_id, token_id, amount_raw FROM " +
                std::string{table} + " WHERE block_number > 0");
            while (rows.step())
            {
                if (!counts(rows.account(1)))
                    continue;
                const auto worth = usd_of(end_, rows.amount(3), rows.contract(2));
                auto& reasons = reasons_of(rows.account(1));
                reasons[interest] += rows.text(0) == more ? -sign * worth : sign * worth;
                if (rows.text(0) == seized)
                    reasons[liquidated] -= sign * worth;
            }
        };
        read("t_lending_supply", "supply", "supply_liquidation", 1);
        read("t_lending_borrow", "borrow", "borrow_liquidation", -1);
    }

    void add_rewards()
    {
        if (!source_.has("t_farm_moves"))
            return;
        auto rows = source_.query(
            "SELECT account_id, token_id, amount_raw FROM t_farm_moves WHERE "
            "block_number > 0 AND transaction_type = 'reward'");
        while (rows.step())
        {
            if (counts(rows.account(0)))
            {
                reasons_of(rows.account(0))[rewards] +=
                    usd_of(end_, rows.amount(2), rows.contract(1));
            }
        }
    }

    /// What came out of vaults and what is in them less what was put in.
    void add_vaults()
    {
        if (!source_.has("t_vault_flows"))
            return;
        auto rows = source_.query(
            "SELECT transaction_type, owner_id, asset_id, asset_amount_raw "
            "FROM t_vault_flows WHERE block_number > 0");
        while (rows.step())
        {
            if (!counts(rows.account(1)))
                continue;
            const auto worth = usd_of(end_, rows.amount(3), rows.contract(2));
            reasons_of(rows.account(1))[vaults] += rows.text(0) == "deposit" ? -worth : worth;
        }
    }

    void add_flows()
    {
        for (const auto& [key, flow] : source_.flows().flows)
        {
            const auto worth = usd_of(end_, flow.amount, key.token);
            auto& from = groups_[key.from].reasons;
            auto& to = groups_[key.to].reasons;
            switch (key.kind)
            {
                case FlowKind::base_fee: from[gas] -= worth; break;
                case FlowKind::tip:
                    from[gas] -= worth;
                    to[rewards] += worth;
                    break;
                case FlowKind::reward: to[rewards] += worth; break;
                case FlowKind::stake:
                    from[rewards] -= worth;
                    to[rewards] += worth;
                    break;
                case FlowKind::transfer:
                    if (counted_[key.from] && counted_[key.to])
                    {
                        from[payments] -= worth;
                        to[payments] += worth;
                    }
                    break;
            }
        }
        for (const auto& [key, amount] : source_.flows().funds)
            groups_[key.first].reasons[payments] -= usd_of(end_, amount, key.second);
    }

    LedgerQueries& source_;
    std::vector<bool> counted_;  // By group.
    Market start_;
    Market end_;
    std::vector<Group> groups_;
    std::vector<Fortune> fortunes_;  // By account.
};

/// Of agents: who gives contracts their first money is nobody's model. What somebody owes beyond
/// what he has counts as nothing.
Value gini_of(
    const LedgerQueries& source, const std::vector<Fortune>& fortunes, double Fortune::*when)
{
    std::vector<double> values;
    for (std::size_t i = 1; i < fortunes.size(); ++i)
    {
        const auto group = source.group_of(AccountId{static_cast<std::uint32_t>(i)});
        if (!source.groups()[group].strategy.empty())
            values.push_back(std::max(0.0, fortunes[i].*when));
    }
    std::sort(values.begin(), values.end());
    return value_of(gini(values));
}

Table group_table(const LedgerQueries& source, const Ledger& ledger)
{
    Table table{"groups", "Who got rich and why, by group",
        {{"group", "Group", Unit::none}, {"accounts", "Accounts", Unit::count},
            {"start_usd", "Start", Unit::usd}, {"end_usd", "End", Unit::usd},
            {"change_usd", "Change", Unit::usd}, {"price_usd", "Price", Unit::usd},
            {"pool_fees_usd", "Pool fees", Unit::usd}, {"pool_loss_usd", "Imperm. loss", Unit::usd},
            {"interest_usd", "Interest", Unit::usd}, {"liquidated_usd", "Liquidated", Unit::usd},
            {"rewards_usd", "Rewards", Unit::usd}, {"vaults_usd", "Vaults", Unit::usd},
            {"payments_usd", "Payments", Unit::usd}, {"gas_usd", "Gas", Unit::usd},
            {"trading_usd", "Trading, rest", Unit::usd}, {"start_coins", "", Unit::none},
            {"end_coins", "", Unit::none}},
        {}, 24};
    const auto coins = [](double usd, const Market& market)
    {
        const auto price = market.price(native_coin);
        return price && *price > 0 ? Value{usd / *price} : Value{};
    };
    for (std::size_t i = 0; i < source.groups().size(); ++i)
    {
        const auto& group = ledger.group(i);
        if (!ledger.counts(i))
            continue;
        auto& row = table.rows.emplace_back(std::vector<Value>{source.groups()[i].name,
            static_cast<std::int64_t>(source.groups()[i].accounts), group.sum.start, group.sum.end,
            group.sum.end - group.sum.start});
        for (const auto reason : group.reasons)
            row.emplace_back(reason);
        row.push_back(coins(group.sum.start, ledger.start()));
        row.push_back(coins(group.sum.end, ledger.end()));
    }
    return table;
}

Table multiple_table(const LedgerQueries& source, const Ledger& ledger)
{
    Table table{"multiples", "Worth at the end over worth at the start, of accounts",
        {{"group", "Group", Unit::none}, {"accounts", "Accounts", Unit::count},
            {"q10", "10%", Unit::ratio}, {"median", "Median", Unit::ratio},
            {"q90", "90%", Unit::ratio}, {"spread", "10% to 90%", Unit::ratio}},
        {}, 24};
    for (std::size_t i = 0; i < source.groups().size(); ++i)
    {
        const auto& multiples = ledger.group(i).multiples;
        if (!ledger.counts(i) || multiples.empty())
            continue;
        const auto low = quantile(multiples, 0.1);
        const auto high = quantile(multiples, 0.9);
        table.rows.push_back({source.groups()[i].name, static_cast<std::int64_t>(multiples.size()),
            low, quantile(multiples, 0.5), high, high - low});
    }
    return table;
}

Table richest_table(LedgerQueries& source, const Ledger& ledger)
{
    constexpr std::size_t accounts_max = 20;
    const auto& fortunes = ledger.fortunes();
    std::vector<std::size_t> order;
    for (std::size_t i = 1; i < fortunes.size(); ++i)
    {
        if (ledger.counts(source.group_of(AccountId{static_cast<std::uint32_t>(i)})))
            order.push_back(i);
    }
    std::stable_sort(order.begin(), order.end(),
        [&](std::size_t a, std::size_t b) { return fortunes[a].end > fortunes[b].end; });
    order.resize(std::min(order.size(), accounts_max));
    Table table{"richest", "The richest at the end",
        {{"account", "Account", Unit::none}, {"start_usd", "Start", Unit::usd},
            {"end_usd", "End", Unit::usd}, {"multiple", "Times", Unit::ratio}},
        {}, 10};
    for (const auto i : order)
    {
        table.rows.push_back({source.account_name(AccountId{static_cast<std::uint32_t>(i)}),
            fortunes[i].start, fortunes[i].end, share_of(fortunes[i].end, fortunes[i].start)});
    }
    return table;
}

/// What the chain made and burnt of its coin.
void add_issuance(LedgerQueries& source, const Ledger& ledger, Section& section)
{
    SignedAmount issued;
    SignedAmount burnt;
    for (const auto& [key, flow] : source.flows().flows)
    {
        const bool is_stake = key.kind == FlowKind::stake;
        const auto nobody = source.group_of(zero_account);
        if (key.kind == FlowKind::reward || (is_stake && key.from == nobody))
            issued.add(flow.amount);
        if (key.kind == FlowKind::base_fee || (is_stake && key.to == nobody))
            burnt.add(flow.amount);
    }
    section.figures.push_back(
        {"issued", "Issued to validators", source.money(issued, native_coin), Unit::none});
    section.figures.push_back({"burnt", "Burnt", source.money(burnt, native_coin), Unit::none});
    auto net = issued;
    net.subtract(burnt);
    const auto usd = ledger.end().usd(net, native_coin);
    section.figures.push_back(
        {"issuance_net_usd", "Issued less burnt, last price", value_of(usd), Unit::usd});
}
}  // namespace

std::optional<Section> wealth_section(LedgerQueries& source)
{
    if (source.last_block() == 0)
        return std::nullopt;
    const Ledger ledger{source};
    Fortune sum;
    double prices = 0;
    for (std::size_t i = 0; i < source.groups().size(); ++i)
    {
        if (!ledger.counts(i))
            continue;
        sum.start += ledger.group(i).sum.start;
        sum.end += ledger.group(i).sum.end;
        prices += ledger.group(i).reasons[price];
    }
    if (!(sum.start > 0) && !(sum.end > 0))
        return std::nullopt;
    Section section{"wealth", "Wealth made and lost", {}, {}, {}};
    section.figures = {{"start_usd", "Worth at the start", sum.start, Unit::usd},
        {"end_usd", "Worth at the end", sum.end, Unit::usd},
        {"change_usd", "Change", sum.end - sum.start, Unit::usd},
        {"price_usd", "Of it: price of what they began with", prices, Unit::usd}};
    add_issuance(source, ledger, section);
    section.figures.push_back({"gini_start", "Gini of agents, start",
        gini_of(source, ledger.fortunes(), &Fortune::start), Unit::none});
    section.figures.push_back({"gini_end", "Gini of agents, end",
        gini_of(source, ledger.fortunes(), &Fortune::end), Unit::none});
    section.tables.push_back(group_table(source, ledger));
    section.tables.push_back(multiple_table(source, ledger));
    section.tables.push_back(richest_table(source, ledger));
    return section;
}

}  // namespace runnel::analytics
