#include "analytics/sections.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <string>
#include <vector>

namespace runnel::analytics
{
namespace
{
constexpr std::uint64_t integer_max = std::numeric_limits<std::int64_t>::max();
constexpr double us_per_second = 1e6;
/// Of the picture of a re-organisation: heights before and behind it.
constexpr std::uint64_t picture_margin = 3;

/// A block that the reference node heard of, as often as it was written down.
struct Made
{
    std::string status;
    std::uint64_t id = 0;
    std::uint64_t parent = 0;
    std::uint64_t height = 0;
    AccountId maker{};
    double made_at = 0;  // Seconds.
    bool is_withheld = false;
};

struct Maker
{
    std::uint64_t made = 0;
    std::uint64_t canonical = 0;
    std::uint64_t stale = 0;
    std::uint64_t invalid = 0;
    std::uint64_t withheld = 0;
    SignedAmount earned;
    SignedAmount lost;
};

struct Reorganisation
{
    std::uint64_t after = 0;  // The block with which it was written down.
    std::uint64_t depth = 0;
    std::uint64_t lowest = 0;
    std::uint64_t transactions = 0;
};

std::vector<Made> read_blocks(LedgerQueries& source)
{
    // A block that was taken back is first called stale by the engine, which leaves it, and then
    // reverted by the ledger, which had executed it: the last word counts.
    std::map<std::uint64_t, Made> all;
    auto rows = source.query(
        "SELECT status, network_id, parent_id, height, maker_id, made_at_us, is_withheld FROM "
        "t_network_blocks ORDER BY rowid");
    while (rows.step())
    {
        Made made;
        made.status = rows.text(0);
        made.id = rows.integer_up_to(1, integer_max);
        made.parent = rows.integer_up_to(2, integer_max);
        made.height = rows.integer_up_to(3, integer_max);
        made.maker = rows.account(4);
        made.made_at = static_cast<double>(rows.integer_up_to(5, integer_max)) / us_per_second;
        made.is_withheld = rows.integer_up_to(6, 1) == 1;
        auto& known = all[made.id];
        const bool is_weaker =
            made.status == "stale" && (known.status == "reverted" || known.status == "canonical");
        if (!is_weaker)
            known = std::move(made);
    }
    std::vector<Made> blocks;
    for (auto& [id, made] : all)
        blocks.push_back(std::move(made));
    std::stable_sort(blocks.begin(), blocks.end(),
        [](const Made& a, const Made& b) { return a.made_at < b.made_at; });
    return blocks;
}

std::vector<Reorganisation> read_reorganisations(LedgerQueries& source)
{
    std::vector<Reorganisation> all;
    auto rows = source.query(
        "SELECT block_number, number, transaction_count FROM t_reverted_blocks ORDER BY rowid");
    std::uint64_t expected = 0;
    while (rows.step())
    {
        const auto after = rows.integer_up_to(0, integer_max);
        const auto number = rows.integer_up_to(1, integer_max);
        // They are taken back from the newest down: whatever breaks that begins another one.
        if (all.empty() || all.back().after != after || number != expected)
            all.push_back({after, 0, 0, 0});
        auto& last = all.back();
        ++last.depth;
        last.lowest = number;
        last.transactions += rows.integer_up_to(2, integer_max);
        expected = number - 1;
    }
    return all;
}

std::map<AccountId, Maker> read_makers(LedgerQueries& source, const std::vector<Made>& blocks)
{
    std::map<AccountId, Maker> makers;
    for (const auto& block : blocks)
    {
        auto& maker = makers[block.maker];
        ++maker.made;
        maker.canonical += block.status == "canonical" ? 1 : 0;
        maker.invalid += block.status == "invalid" ? 1 : 0;
        maker.stale += block.status == "stale" || block.status == "reverted" ? 1 : 0;
        maker.withheld += block.is_withheld ? 1 : 0;
    }
    auto rewards = source.query("SELECT account_id, amount FROM t_rewards WHERE block_number > 0");
    while (rewards.step())
        makers[rewards.account(0)].earned.add(rewards.amount(1));
    auto changes = source.query(
        "SELECT account_id, kind, amount FROM t_stake_changes WHERE kind IN ('burnt', 'fees')");
    while (changes.step())
    {
        auto& maker = makers[changes.account(0)];
        (changes.text(1) == "burnt" ? maker.lost : maker.earned).add(changes.amount(2));
    }
    return makers;
}

Table makers_table(LedgerQueries& source, const std::map<AccountId, Maker>& makers)
{
    Table table{"makers", "Who makes blocks",
        {{"account", "Account", Unit::none}, {"made", "Blocks made", Unit::count},
            {"canonical", "In the chain", Unit::count}, {"stale", "Stale", Unit::count},
            {"invalid", "Invalid", Unit::count}, {"withheld", "In secret", Unit::count},
            {"earned", "Earned", Unit::none}, {"lost", "Slashed or leaked", Unit::none}},
        {}, 8};
    std::vector<std::pair<AccountId, const Maker*>> sorted;
    for (const auto& [account, maker] : makers)
        sorted.emplace_back(account, &maker);
    std::stable_sort(sorted.begin(), sorted.end(),
        [](const auto& a, const auto& b) { return a.second->canonical > b.second->canonical; });
    for (const auto& [account, maker] : sorted)
    {
        table.rows.push_back(
            {source.account_name(account), count_of(maker->made), count_of(maker->canonical),
                count_of(maker->stale), count_of(maker->invalid), count_of(maker->withheld),
                source.money(maker->earned, native_coin), source.money(maker->lost, native_coin)});
    }
    return table;
}

/// Blocks made and what became of them, by pieces of the run.
Table course_table(LedgerQueries& source, const std::vector<Made>& blocks)
{
    struct Piece
    {
        std::uint64_t canonical = 0;
        std::uint64_t stale = 0;
        std::uint64_t invalid = 0;
        double longest = 0;  // Seconds between two blocks of the chain.
    };
    std::vector<Piece> pieces(source.pieces());
    std::map<std::uint64_t, double> times;
    for (const auto& block : blocks)
    {
        if (block.height == 0 || block.height > source.last_block())
            continue;
        auto& piece = pieces[source.piece_of(block.height)];
        piece.canonical += block.status == "canonical" ? 1 : 0;
        piece.stale += block.status == "stale" || block.status == "reverted" ? 1 : 0;
        piece.invalid += block.status == "invalid" || block.status == "undecided" ? 1 : 0;
        if (block.status == "canonical")
            times[block.height] = block.made_at;
    }
    double before = 0;
    for (const auto& [height, at] : times)
    {
        auto& longest = pieces[source.piece_of(height)].longest;
        longest = std::max(longest, at - before);
        before = at;
    }
    Table table{"course", "Blocks of the network over time",
        {{"until", "Until", Unit::unix_time}, {"canonical", "In the chain", Unit::count},
            {"stale", "Stale", Unit::count}, {"refused", "Refused", Unit::count},
            {"longest_interval", "Longest interval", Unit::seconds}},
        {}, 0};
    for (std::size_t i = 0; i < pieces.size(); ++i)
    {
        table.rows.push_back({source.piece_time(i), count_of(pieces[i].canonical),
            count_of(pieces[i].stale), count_of(pieces[i].invalid), pieces[i].longest});
    }
    return table;
}

/// The deepest re-organisation, block by block: branches as lines of height over time.
Table picture_table(
    LedgerQueries& source, const std::vector<Made>& blocks, const Reorganisation& deepest)
{
    const auto start = static_cast<std::int64_t>(source.time_of(0));
    const auto low = deepest.lowest - std::min(deepest.lowest, picture_margin);
    const auto high = deepest.lowest + deepest.depth + picture_margin;
    Table table{"picture", "The deepest re-organisation",
        {{"made_at", "Made at", Unit::unix_time}, {"height", "Height", Unit::count},
            {"branch", "Branch", Unit::none}},
        {}, 0};
    for (const auto& block : blocks)
    {
        if (block.height < low || block.height > high || block.status == "invalid" ||
            block.status == "undecided")
            continue;
        table.rows.push_back(
            {start + static_cast<std::int64_t>(block.made_at), count_of(block.height),
                block.status == "canonical"  ? std::string{"the chain"}
                : block.status == "reverted" ? std::string{"taken back"}
                                             : std::string{"never followed"}});
    }
    return table;
}

Table reorganisations_table(const std::vector<Reorganisation>& reorganisations)
{
    Table table{"reorganisations", "Re-organisations",
        {{"block", "Lowest block taken back", Unit::count}, {"depth", "Blocks", Unit::count},
            {"transactions", "Transactions", Unit::count}},
        {}, 8};
    auto sorted = reorganisations;
    std::stable_sort(sorted.begin(), sorted.end(),
        [](const auto& a, const auto& b) { return a.depth > b.depth; });
    for (const auto& one : sorted)
    {
        table.rows.push_back(
            {count_of(one.lowest), count_of(one.depth), count_of(one.transactions)});
    }
    return table;
}

/// Who is in the network and knows whom, for a picture of it: the first ones, of very many.
Table nodes_table(LedgerQueries& source, const std::map<AccountId, Maker>& makers)
{
    Table table{"nodes", "Nodes, the first 2,000",
        {{"node", "Node", Unit::none}, {"account", "Account", Unit::none},
            {"group", "Group", Unit::none}, {"region", "Region", Unit::none},
            {"canonical", "Blocks in the chain", Unit::count}, {"peers", "Peers", Unit::none}},
        {}, 0};
    auto rows = source.query(
        "SELECT node, maker_id, group_name, region, peers FROM t_network_nodes WHERE node < 2000 "
        "ORDER BY node");
    while (rows.step())
    {
        const bool makes = !rows.is_null(1);
        const auto found = makes ? makers.find(rows.account(1)) : makers.end();
        table.rows.push_back({static_cast<double>(rows.integer_up_to(0, integer_max)),
            makes ? source.account_name(rows.account(1)) : std::string{}, std::string{rows.text(2)},
            std::string{rows.text(3)},
            count_of(found == makers.end() ? 0 : found->second.canonical),
            std::string{rows.text(4)}});
    }
    return table;
}

/// What messages and machines cost, for each block that was made: the run counted and measured it.
/// The network runs ahead of the ledger, so it made more of them than the ledger has.
void add_traffic(LedgerQueries& source, Section& section)
{
    if (!source.has("t_run_metrics"))
        return;
    std::map<std::string, double> metrics;
    auto rows = source.query(
        "SELECT name, value FROM t_run_metrics WHERE block_number IS NULL AND value IS NOT NULL");
    while (rows.step())
        metrics[std::string{rows.text(0)}] = rows.real(1);
    const auto blocks = metrics["network_blocks"];
    if (blocks == 0)
        return;
    section.figures.push_back({"messages", "Messages for each block made",
        metrics["network_messages"] / blocks, Unit::none});
    section.figures.push_back(
        {"bytes", "Bytes for each block made", metrics["network_bytes"] / blocks, Unit::none});
    section.figures.push_back({"cpu_ms", "CPU for each block made, ms",
        metrics["network_cpu_s"] * 1e3 / blocks, Unit::none});
    if (metrics["executed_blocks"] > 0)
    {
        section.figures.push_back({"run_cpu_ms", "CPU of the run for each block, ms",
            metrics["cpu_s"] * 1e3 / metrics["executed_blocks"], Unit::none});
        section.figures.push_back(
            {"unheard", "Transactions for each block that its maker had not heard of yet",
                metrics["unheard_transactions"] /
                    (metrics["executed_blocks"] + metrics["reverted_blocks"]),
                Unit::none});
    }
    if (metrics["network_j"] > 0)
    {
        section.figures.push_back(
            {"joules", "Energy for each block made, J", metrics["network_j"] / blocks, Unit::none});
    }
}

/// Blocks with a flaw, and how validation refused them.
Table refused_table(LedgerQueries& source)
{
    Table table{"refused", "Blocks that validation refused",
        {{"block", "Before block", Unit::count}, {"proposer", "Made by", Unit::none},
            {"flaw", "Its flaw", Unit::none}, {"rule", "Rule", Unit::none},
            {"finding", "Found", Unit::none}},
        {}, 8};
    auto rows = source.query(
        "SELECT block_number, proposer_id, flaw, rule, finding FROM t_refused_blocks "
        "ORDER BY rowid");
    while (rows.step())
    {
        table.rows.push_back(
            {count_of(rows.integer_up_to(0, integer_max)), source.account_name(rows.account(1)),
                std::string{rows.text(2)}, std::string{rows.text(3)}, std::string{rows.text(4)}});
    }
    return table;
}
}  // namespace

std::optional<Section> network_section(LedgerQueries& source)
{
    if (!source.has("t_network_blocks"))
        return std::nullopt;
    const auto blocks = read_blocks(source);
    if (blocks.empty())
        return std::nullopt;
    const auto reorganisations = read_reorganisations(source);
    const auto count = [&](std::string_view status)
    {
        return static_cast<std::uint64_t>(std::count_if(blocks.begin(), blocks.end(),
            [&](const Made& block) { return block.status == status; }));
    };
    const auto canonical = count("canonical");
    const auto stale = count("stale") + count("reverted");
    std::uint64_t deepest = 0;
    std::uint64_t taken_back = 0;
    const Reorganisation* widest = nullptr;
    for (const auto& one : reorganisations)
    {
        taken_back += one.transactions;
        if (one.depth > deepest)
        {
            deepest = one.depth;
            widest = &one;
        }
    }
    auto included = source.query(
        "SELECT count(*) FROM t_reverted_transactions r WHERE EXISTS (SELECT 1 FROM t_transactions "
        "t "
        "WHERE t.hash = r.hash)");
    const auto again = included.step() ? included.integer_up_to(0, integer_max) : 0;
    auto evidence = source.query(
        "SELECT kind, count(*), count(DISTINCT offender_id) FROM t_network_evidence GROUP BY 1 "
        "ORDER BY 1");
    Section section{"network", "The network", {}, {}, {}};
    const auto valid = std::max<std::uint64_t>(1, canonical + stale);
    section.figures = {{"blocks_made", "Blocks made", count_of(blocks.size()), Unit::count},
        {"blocks_canonical", "Of those in the chain", count_of(canonical), Unit::count},
        {"stale_share", "Stale, of the valid ones",
            static_cast<double>(stale) / static_cast<double>(valid), Unit::share},
        {"invalid", "Refused as invalid", count_of(count("invalid")), Unit::count},
        {"undecided", "Proposed in vain", count_of(count("undecided")), Unit::count},
        {"reorganisations", "Re-organisations", count_of(reorganisations.size()), Unit::count},
        {"deepest", "Deepest, in blocks", count_of(deepest), Unit::count},
        {"transactions_taken_back", "Transactions taken back", count_of(taken_back), Unit::count},
        {"transactions_again", "Of those, in the chain after all", count_of(again), Unit::count}};
    add_traffic(source, section);
    Table breaches{"breaches", "Rules that were broken",
        {{"kind", "What", Unit::none}, {"times", "Times", Unit::count},
            {"offenders", "By", Unit::count}},
        {}, 8};
    while (evidence.step())
    {
        breaches.rows.push_back(
            {std::string{evidence.text(0)}, count_of(evidence.integer_up_to(1, integer_max)),
                count_of(evidence.integer_up_to(2, integer_max))});
    }
    const auto makers = read_makers(source, blocks);
    section.tables = {makers_table(source, makers), course_table(source, blocks),
        std::move(breaches), nodes_table(source, makers)};
    if (auto refused = refused_table(source); !refused.rows.empty())
        section.tables.push_back(std::move(refused));
    if (widest != nullptr)
    {
        section.tables.push_back(reorganisations_table(reorganisations));
        section.tables.push_back(picture_table(source, blocks, *widest));
    }
    return section;
}

}  // namespace runnel::analytics
