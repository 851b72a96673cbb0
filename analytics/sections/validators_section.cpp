#include "analytics/sections.hpp"
#include "analytics/totals.hpp"

#include <algorithm>

namespace runnel::analytics
{
namespace
{
struct Validator
{
    AccountId account{};
    std::uint64_t proposals = 0;
    SignedAmount rewards;
    SignedAmount tips;
    SignedAmount payments;  // Of builders.
};

struct Builder
{
    std::uint64_t bids = 0;
    std::uint64_t blocks = 0;
    SignedAmount paid;
};

/// Who won slots of whom, by builder; moves the blocks in @p all to those whose turn it was.
std::map<AccountId, Builder> read_builders(
    LedgerQueries& source, std::map<AccountId, Validator>& all)
{
    std::map<AccountId, Builder> builders;
    if (!source.has("t_builder_bids"))
        return builders;
    auto rows = source.query(
        "SELECT builder_id, proposer_fee_recipient_id, value, delivered FROM t_builder_bids");
    while (rows.step())
    {
        auto& builder = builders[rows.account(0)];
        ++builder.bids;
        if (rows.integer_up_to(3, 1) == 0)
            continue;
        ++builder.blocks;
        builder.paid.add(rows.amount(2));
        auto& proposer = all[rows.account(1)];
        proposer.payments.add(rows.amount(2));
        ++proposer.proposals;
        --all[rows.account(0)].proposals;
    }
    return builders;
}

Table builders_table(
    LedgerQueries& source, const std::map<AccountId, Builder>& builders, std::uint64_t blocks)
{
    const auto& tips = source.transactions().tips_of_proposer;
    Table table{"builders", "Builders",
        {{"account", "Account", Unit::none}, {"bids", "Bids", Unit::count},
            {"blocks", "Won", Unit::count}, {"blocks_share", "Of blocks", Unit::share},
            {"tips", "Tips", Unit::none}, {"paid", "Paid to proposers", Unit::none}},
        {}, 8};
    for (const auto& [account, builder] : builders)
    {
        const auto found = tips.find(account);
        table.rows.push_back({source.account_name(account), static_cast<std::int64_t>(builder.bids),
            static_cast<std::int64_t>(builder.blocks),
            static_cast<double>(builder.blocks) / static_cast<double>(blocks),
            source.money(found == tips.end() ? SignedAmount{} : found->second, native_coin),
            source.money(builder.paid, native_coin)});
    }
    return table;
}

/// Where tips go to a pool, headers name that: who made a block, and what of the pool he got, the
/// network's rows say.
void read_pool(LedgerQueries& source, std::map<AccountId, Validator>& all)
{
    if (!source.has("t_network_blocks"))
        return;
    auto pool = source.query("SELECT id FROM t_addresses WHERE name = 'fee_pool'");
    const auto found = pool.step() ? all.find(pool.account(0)) : all.end();
    if (found == all.end())
        return;  // An account of that name has nothing to do with it.
    all.erase(found);
    auto blocks = source.query("SELECT maker_id FROM t_network_blocks WHERE status = 'canonical'");
    while (blocks.step())
        ++all[blocks.account(0)].proposals;
    auto fees = source.query("SELECT account_id, amount FROM t_stake_changes WHERE kind = 'fees'");
    while (fees.step())
        all[fees.account(0)].tips.add(fees.amount(1));
}

std::vector<Validator> read_validators(
    LedgerQueries& source, std::map<AccountId, Builder>& builders)
{
    std::map<AccountId, Validator> all;
    for (const auto& [account, proposals] : source.blocks().proposals)
        all[account].proposals = proposals;
    for (const auto& [account, tips] : source.transactions().tips_of_proposer)
        all[account].tips = tips;
    auto rows = source.query("SELECT account_id, amount FROM t_rewards WHERE block_number > 0");
    while (rows.step())
        all[rows.account(0)].rewards.add(rows.amount(1));
    builders = read_builders(source, all);
    read_pool(source, all);
    std::vector<Validator> validators;
    for (auto& [account, validator] : all)
    {
        if (builders.contains(account))
            continue;
        validator.account = account;
        validators.push_back(validator);
    }
    std::stable_sort(validators.begin(), validators.end(),
        [](const Validator& a, const Validator& b) { return a.proposals > b.proposals; });
    return validators;
}
}  // namespace

std::optional<Section> validators_section(LedgerQueries& source)
{
    if (source.last_block() == 0)
        return std::nullopt;
    const auto& blocks = source.blocks();
    std::map<AccountId, Builder> builders;
    const auto validators = read_validators(source, builders);
    SignedAmount rewards;
    SignedAmount tips;
    SignedAmount payments;
    Table table{"validators", "Validators",
        {{"account", "Account", Unit::none}, {"proposals", "Proposals", Unit::count},
            {"proposals_share", "Of blocks", Unit::share}, {"rewards", "Rewards", Unit::none},
            {"tips", "Tips", Unit::none}},
        {}, 5};
    for (const auto& validator : validators)
    {
        rewards.add(validator.rewards);
        tips.add(validator.tips);
        payments.add(validator.payments);
        table.rows.push_back(
            {source.account_name(validator.account), static_cast<std::int64_t>(validator.proposals),
                static_cast<double>(validator.proposals) / static_cast<double>(blocks.blocks),
                source.money(validator.rewards, native_coin),
                source.money(validator.tips, native_coin)});
    }
    Section section{"validators", "Validators", {}, {}, {}};
    section.figures = {{"validator_count", "Validators with a block or reward",
                           static_cast<std::int64_t>(validators.size()), Unit::count},
        {"proposals", "Blocks proposed", static_cast<std::int64_t>(blocks.blocks), Unit::count},
        {"rewards", "Rewards", source.money(rewards, native_coin), Unit::none},
        {"tips", "Tips", source.money(tips, native_coin), Unit::none},
        {"finalized_block", "Newest final block", static_cast<std::int64_t>(blocks.finalized_last),
            Unit::count},
        {"finality_lag_mean", "Blocks until final, mean",
            blocks.lag_sum / static_cast<double>(blocks.blocks), Unit::none},
        {"finality_lag_max", "Blocks until final, most", static_cast<std::int64_t>(blocks.lag_max),
            Unit::count}};
    section.tables.push_back(std::move(table));
    if (!builders.empty())
    {
        section.figures.push_back({"builder_payments", "Paid by builders",
            source.money(payments, native_coin), Unit::none});
        section.tables.push_back(builders_table(source, builders, blocks.blocks));
    }
    return section;
}

}  // namespace runnel::analytics
