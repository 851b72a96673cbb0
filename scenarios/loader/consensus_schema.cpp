#include "scenarios/loader/consensus_schema.hpp"

namespace runnel::scenarios
{
namespace
{

using Kind = ParameterKind;
constexpr double no_max = std::numeric_limits<double>::infinity();
constexpr double nodes_max = 100'000;

Section consensus_section()
{
    return {.name = "consensus",
        .help = "How the chain's nodes agree. See docs/consensus.md.",
        .keys = {
            {{"engine", Kind::choice, "\"proposer\"", {},
                "One proposer after another without a network; or a network of nodes that agree by "
                "proof of work, by rounds of votes, or by attestations as Ethereum's.",
                -no_max, no_max, "proposer|pow|bft|gasper"}},
            {{"horizon", Kind::integer, "200", unit::other("blocks"),
                "The ledger looks so far ahead before it takes a block for settled that no vote "
                "made final; a re-organisation that is deeper ends the run.",
                1, 100'000}},
            {{"mempools", Kind::choice, "\"usual\"", {},
                "Whether each who makes blocks knows only the transactions that have reached it "
                "(own), or all know all that wait (shared). Usual: own with proof of work, else "
                "shared.",
                -no_max, no_max, "usual|own|shared"}}}};
}

Section network_section()
{
    return {.name = "network",
        .help = "Where nodes are, and how messages travel between them, in virtual time.",
        .keys = {
            {{"nodes", Kind::integer, "0", unit::other("nodes"),
                "How many there are; 0: as many as the groups of [consensus] have. What is beyond "
                "these only passes on.",
                0, nodes_max}},
            {{"preset", Kind::choice, "\"none\"", {},
                "Regions, latencies and bandwidths of Bitcoin's nodes as SimBlock has them "
                "(Aoki et al. 2019).",
                -no_max, no_max, "none|simblock_2015|simblock_2019"}},
            {{"latency_ms", Kind::integer, "\"\"", unit::milliseconds,
                "Mean one-way latency between any two nodes, without a preset or regions; left "
                "out: 100.",
                1, 3'600'000}},
            {{"jitter", Kind::choice, "\"usual\"", {},
                "What of a latency is chance: nothing, a Pareto tail (as in SimBlock), or a share "
                "of it to either side. Usual: a Pareto tail with a preset, else nothing.",
                -no_max, no_max, "usual|none|pareto|uniform"}},
            {{"jitter_share", Kind::number, "0", {}, "Of `uniform`: latency * (1 +- this).", 0,
                0.99}},
            {{"processing_ms", Kind::integer, "\"\"", unit::milliseconds,
                "What a message waits for at its receiver; left out: 10 with a preset, else 0.", 0,
                3'600'000}},
            {{"download_mbps", Kind::number, "0", unit::other("megabits a second"),
                "Of every node, without a preset or regions; 0: as fast as one likes.", 0, 1e6}},
            {{"upload_mbps", Kind::number, "0", unit::other("megabits a second"), "Likewise.", 0,
                1e6}},
            {{"fan_out", Kind::integer, "8", unit::other("peers"),
                "Connections that each node opens; others open some to it.", 1, nodes_max}},
            {{"transaction_delay", Kind::duration, "\"0s\"", {},
                "Where mempools are their makers' own: what a transaction waits for on its way to "
                "a node beyond what messages take; the mean of an exponential distribution.",
                0, 3'600'000}},
            {{"loss", Kind::number, "0", unit::other("probability"), "That a message is lost.", 0,
                0.99}},
            {{"duplication", Kind::number, "0", unit::other("probability"), "That it comes twice.",
                0, 1}},
            {{"reordering", Kind::number, "0", unit::other("probability"),
                "That it comes late, by up to reordering_delay.", 0, 1}},
            {{"reordering_delay", Kind::duration, "\"1s\"", {}, "How late at most.", 1, 3'600'000}},
            {{"clock_drift_ppm", Kind::number, "0", unit::other("millionths"),
                "Each node's clock is fast or slow by up to this.", 0, 100'000}},
        }};
}

Section regions_section()
{
    return {.name = "network.regions",
        .help = "Where nodes are, without a preset. One table per region.",
        .per_name = true,
        .keys = {
            {{"share", Kind::number, "1", {}, "Of the nodes, relative to the other regions.", 1e-9,
                1e9}},
            {{"download_mbps", Kind::number, "0", unit::other("megabits a second"),
                "Of its nodes; 0: as fast as one likes.", 0, 1e6}},
            {{"upload_mbps", Kind::number, "0", unit::other("megabits a second"), "Likewise.", 0,
                1e6}},
            {{"latency_ms", Kind::text, "", unit::milliseconds,
                 "Mean one-way latency to each region, its own too; each pair once, or alike on "
                 "both sides.",
                 1, 3'600'000},
                KeyForm::latencies},
        }};
}

Section faults_section()
{
    const Key from{{"from", Kind::duration, "", {}, "When it begins, after the start.", 0}};
    const Key until{{"until", Kind::duration, "", {}, "When it ends.", 0}};
    return {.name = "faults",
        .help = "What goes wrong with the network. One table per fault.",
        .per_name = true,
        .selector = "kind",
        .keys = {{{"kind", Kind::text, "", {}, "What it is."}}, from, until},
        .variants = {
            {"partition", "Messages between parts of the network are lost. One of the keys.",
                {
                    {{"shares", Kind::text, "[]", {},
                         "Of nodes in each part, who by chance: [0.5, 0.5].", 1e-9, 1e9},
                        KeyForm::numbers},
                    {{"groups", Kind::text, "[]", {},
                         "Groups of [consensus] that are cut off from all others."},
                        KeyForm::names},
                    {{"regions", Kind::text, "[]", {}, "Regions that are."}, KeyForm::names},
                }},
            {"outage", "Nodes are down: they hear nothing.",
                {
                    {{"node", Kind::integer, "\"\"", {}, "The node with this number,", 0,
                        nodes_max}},
                    {{"group", Kind::text, "\"\"", {}, "or those of this group of [consensus]:"}},
                    {{"share", Kind::number, "1", {}, "the first ones, up to this share.", 0, 1}},
                    {{"keeps_memory", Kind::boolean, "true", {},
                        "What it knew before; else it starts anew."}},
                }},
        }};
}

Section pow_section()
{
    return {.name = "consensus.pow",
        .help = "Proof of work.",
        .keys = {
            {{"hash_rate", Kind::number, "6e20", unit::other("hashes a second"), "Of all miners.",
                1e-3, 1e30}},
            {{"block_interval", Kind::duration, "\"10m\"", {},
                "Between blocks: what difficulty begins with, and is set to.", 100, 86'400'000}},
            {{"puzzle", Kind::choice, "\"drawn\"", {},
                "Whether the time to solve one is drawn, or nonces are tried: for up to 2^26 "
                "hashes a block.",
                -no_max, no_max, "drawn|real"}},
            {{"retarget", Kind::choice, "\"bitcoin\"", {},
                "How the difficulty follows the time that blocks take.", -no_max, no_max,
                "fixed|bitcoin|homestead|eip100"}},
            {{"retarget_blocks", Kind::integer, "2016", unit::blocks, "Of `bitcoin`: how often.", 2,
                1e9}},
            {{"has_bomb", Kind::boolean, "false", {},
                "Of `homestead` and `eip100`: difficulty also grows with the height, ever "
                "faster."}},
            {{"initial_difficulty", Kind::number, "0", unit::other("hashes"),
                "Expected for the first block; 0: hash_rate * block_interval.", 0, 1e40}},
            {{"subsidy", Kind::amount, "\"3.125 ether\"", unit::wei,
                "What the maker of each of the first blocks mints.", 0, 1e27}},
            {{"halving_interval", Kind::integer, "210_000", unit::blocks,
                "After how many blocks it halves; 0: never.", 0, 1e15}},
            {{"confirmations", Kind::integer, "6", unit::blocks,
                "After which people take a block for settled: for reports.", 1, 1e6}},
            {{"final_after", Kind::integer, "0", unit::blocks,
                "Nodes keep a chain rather than give up more of it than this for a heavier one; "
                "0: they do not.",
                0, 1e6}},
            {{"relay", Kind::choice, "\"inventory\"", {},
                "How blocks get to peers: unasked; announced and asked for; or so, as compact "
                "blocks.",
                -no_max, no_max, "push|inventory|compact"}},
            {{"block_bytes", Kind::integer, "535_000", unit::other("bytes"), "Size of a block.", 80,
                1e9}},
            {{"compact_bytes", Kind::integer, "18_000", unit::other("bytes"),
                "Size of a compact block.", 80, 1e9}},
            {{"compact_share", Kind::number, "0.964", {}, "Of nodes that know compact blocks.", 0,
                1}},
            {{"compact_failure", Kind::number, "0.13", unit::other("probability"),
                "That transactions of one are missing at its receiver, which asks for the block.",
                0, 1}},
            {{"churn_share", Kind::number, "0.976", {}, "Of nodes that come and go.", 0, 1}},
            {{"churn_failure", Kind::number, "0.27", unit::other("probability"),
                "That transactions are missing at one of these.", 0, 1}},
            {{"request_timeout", Kind::duration, "\"60s\"", {},
                "How long a node waits for a block before it asks another peer.", 10, 86'400'000}},
            {{"joules_per_terahash", Kind::number, "20", unit::other("J/TH"),
                "Of miners' machines.", 0, 1e15}},
            {{"power_usage_effectiveness", Kind::number, "1.1", {},
                "Energy of a site over that of its machines.", 1, 10}},
            {{"transactions_per_block", Kind::number, "2000", unit::other("transactions"),
                "For energy per transaction, where there is no ledger.", 1e-9, 1e9}},
        }};
}

std::vector<Key> private_branch_keys()
{
    return {{{"connectivity", Kind::number, "0", unit::other("probability"),
        "That a node is a peer of the group's, beside those that chance gave them.", 0, 1}}};
}

Section groups_section()
{
    auto double_spend = private_branch_keys();
    double_spend.push_back({{"confirmations", Kind::integer, "6", unit::blocks,
        "That the victim waits for.", 1, 10'000}});
    double_spend.push_back({{"premines", Kind::boolean, "true", {},
        "Pay the victim only when there is a block in secret, as the literature's formulas "
        "assume."}});
    double_spend.push_back({{"gives_up_behind", Kind::integer, "30", unit::blocks,
        "How far its branch may lie behind before it gives up.", 1, 100'000}});
    return {.name = "consensus.groups",
        .help =
            "Who makes blocks. One table per group of nodes; without any, all nodes of [network] "
            "are honest.",
        .per_name = true,
        .selector = "strategy",
        .keys =
            {
                {{"strategy", Kind::text, "\"honest\"", {}, "What these nodes do."}},
                {{"count", Kind::integer, "1", unit::other("nodes"), "How many they are.", 1,
                    nodes_max}},
                {{"share", Kind::number, "\"\"", {},
                    "All its nodes together: of the hash rate, relative to the other groups (left "
                    "out: 1); or of all stake, as a part of 1 (left out: each validator has as "
                    "much as any other without one).",
                    0, 1e9}},
                {{"spread", Kind::number, "0", {},
                    "Of miners: standard deviation of their hash rates, over the mean.", 0, 10}},
                {{"joules_per_terahash", Kind::number, "0", unit::other("J/TH"),
                    "Of miners: of their machines; 0: that of [consensus.pow].", 0, 1e15}},
                {{"mines_from", Kind::duration, "\"0s\"", {}, "Of miners: when they begin.", 0}},
                {{"mines_until", Kind::duration, "\"0s\"", {},
                    "Of miners: when they stop; 0: never.", 0}},
                {{"faulty_from", Kind::duration, "\"0s\"", {},
                    "Of `gasper`: the strategy holds from here on, before it they are honest;", 0}},
                {{"faulty_until", Kind::duration, "\"0s\"", {}, "and until then; 0: to the end.",
                    0}},
                {{"pool", Kind::text, "\"\"", {},
                    "Of miners: the table of [consensus.pools] that they mine for; empty: each for "
                    "itself."}},
            },
        .variants = {
            {"honest", "They follow the rules.", {}},
            {"selfish",
                "Of miners: each keeps its blocks back to make others' work void (Eyal and Sirer "
                "2014).",
                private_branch_keys()},
            {"double_spend",
                "Of miners: each pays, and then mines a branch without the payment in secret.",
                std::move(double_spend)},
            {"pool_hopping",
                "Of miners: they leave their pool, which pays proportionally, when its round gets "
                "long, and mine for themselves until the next one.",
                {{{"hops_after", Kind::number, "0.4348", unit::other("difficulty"),
                    "How long a round may be: where an hour in it is worth as much as one "
                    "elsewhere (Rosenfeld 2011).",
                    0, 1'000}}}},
        }};
}

Section pools_section()
{
    const Key fee{{"fee", Kind::number, "0", {}, "Of what it pays out.", 0, 1}};
    return {.name = "consensus.pools",
        .help =
            "Mining pools: how members of groups share what one of them earns. One table per "
            "pool.",
        .per_name = true,
        .selector = "payout",
        .keys = {{{"payout", Kind::text, "", {}, "How."}}, fee},
        .variants = {
            {"proportional", "By what each has hashed since the pool's last block.", {}},
            {"pay_per_share", "What hashes are worth on average; the pool bears the risk.", {}},
            {"score", "By hashes that count less the older they are, across blocks of the pool.",
                {{{"decay", Kind::number, "3", unit::other("1/difficulty"), "How fast.", 0.01,
                    1'000}}}},
        }};
}

}  // namespace

std::vector<Section> consensus_sections()
{
    std::vector<Section> sections{consensus_section(), pow_section()};
    for (auto& of_bft : bft_sections())
        sections.push_back(std::move(of_bft));
    for (auto& of_gasper : gasper_sections())
        sections.push_back(std::move(of_gasper));
    auto groups = groups_section();
    for (auto& strategy : bft_strategies())
        groups.variants.push_back(std::move(strategy));
    for (auto& strategy : gasper_strategies())
        groups.variants.push_back(std::move(strategy));
    sections.push_back(std::move(groups));
    for (auto& other : {pools_section(), network_section(), regions_section(), faults_section()})
        sections.push_back(other);
    return sections;
}

}  // namespace runnel::scenarios
