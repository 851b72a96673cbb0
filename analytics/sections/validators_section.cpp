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
};

std::vector<Validator> read_validators(LedgerQueries& source)
{
    std::map<AccountId, Validator> all;
    for (const auto& [account, proposals] : source.blocks().proposals)
        all[account].proposals = proposals;
    for (const auto& [account, tips] : source.transactions().tips_of_proposer)
        all[account].tips = tips;
    auto rows = source.query("SELECT account_id, amount FROM t_rewards WHERE block_number > 0");
    while (rows.step())
        all[rows.account(0)].rewards.add(rows.amount(1));
    std::vector<Validator> validators;
    for (auto& [account, validator] : all)
    {
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
    const auto validators = read_validators(source);
    SignedAmount rewards;
    SignedAmount tips;
    Table table{"validators", "Validators",
        {{"account", "Account", Unit::none}, {"proposals", "Proposals", Unit::count},
            {"proposals_share", "Of blocks", Unit::share}, {"rewards", "Rewards", Unit::none},
            {"tips", "Tips", Unit::none}},
        {}, 5};
    for (const auto& validator : validators)
    {
        rewards.add(validator.rewards);
        tips.add(validator.tips);
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
    return section;
}

}  // namespace runnel::analytics
