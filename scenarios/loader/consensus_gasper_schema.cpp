#include "scenarios/loader/consensus_schema.hpp"

namespace runnel::scenarios
{
namespace
{

using Kind = ParameterKind;
constexpr double no_max = std::numeric_limits<double>::infinity();
constexpr double epochs_max = 1e9;
constexpr double wei_max = 1e27;

std::vector<Key> time_and_votes()
{
    return {
        {{"slots_per_epoch", Kind::integer, "32", unit::other("slots"),
            "In which every validator votes once; a slot takes scenario.slot_seconds.", 2, 4'096}},
        {{"validators_per_node", Kind::integer, "1", unit::other("validators"),
            "That each node of a group runs.", 1, 10'000}},
        {{"waiting", Kind::integer, "0", unit::other("validators"),
            "The last ones, who have no deposit at the beginning: see [consensus.stakes].", 0,
            1e6}},
        {{"aggregators", Kind::integer, "4", unit::other("validators"),
            "Of each slot, who gather its votes.", 1, 4'096}},
        {{"gossip_batch", Kind::duration, "\"50ms\"", {},
            "How long a node gathers votes before it passes them on together.", 0, 60'000}},
        {{"proposer_boost", Kind::number, "0.4", {},
            "What a block in time counts for in its slot, as a part of the stake that votes in "
            "it; whole hundredths.",
            0, 10}},
        {{"block_bytes", Kind::integer, "100_000", unit::other("bytes"), "Size of a block.", 0,
            1e9}},
        {{"validation_share", Kind::number, "1", unit::other("probability"),
            "That a validator executes a block before it takes it. The reference node always "
            "does.",
            0, 1}},
        {{"fraud_proofs", Kind::boolean, "true", {},
            "Who finds an invalid block tells all others."}},
        {{"slash_invalid_block", Kind::boolean, "false", {},
            "Whoever made one is slashed, as for voting twice; Ethereum does not."}},
        {{"watts", Kind::number, "100", unit::other("W"), "Of a node's machine.", 0, 1e6}},
    };
}

std::vector<Key> stake_keys()
{
    return {
        {{"deposit", Kind::amount, "\"32 ether\"", unit::wei,
            "Of each validator at the beginning; the largest effective balance too.", 1e18,
            wei_max}},
        {{"ejection_balance", Kind::amount, "\"16 ether\"", unit::wei,
            "Whose effective balance falls to this has to leave.", 0, wei_max}},
        {{"base_reward_factor", Kind::integer, "64", {}, "Scales rewards.", 0, 1e6}},
        {{"inactivity_score_bias", Kind::integer, "4", {},
            "By which a score grows in an epoch whose target one did not vote for.", 1, 1e6}},
        {{"inactivity_recovery", Kind::integer, "16", {},
            "By which scores shrink in an epoch without a leak.", 0, 1e6}},
        {{"inactivity_quotient", Kind::integer, "16_777_216", {},
            "A leak's penalty: effective balance * score / (bias * this).", 1, 1e15}},
        {{"epochs_to_leak", Kind::integer, "4", unit::other("epochs"),
            "Without finality, after which balances of the absent leak.", 1, epochs_max}},
        {{"churn_min", Kind::integer, "4", unit::other("validators"),
            "Who may enter, and who may leave, in an epoch,", 1, 1e6}},
        {{"churn_quotient", Kind::integer, "65_536", {},
            "or the active ones over this, if that is more.", 1, 1e9}},
        {{"lookahead", Kind::integer, "4", unit::other("epochs"),
            "Between a decision to enter or leave and the epoch from which it holds, beside one.",
            1, 1'000}},
        {{"service", Kind::integer, "256", unit::other("epochs"), "Before one may leave.", 0,
            epochs_max}},
        {{"withdrawal_delay", Kind::integer, "256", unit::other("epochs"),
            "From leaving to having one's stake back.", 0, epochs_max}},
        {{"slashing", Kind::choice, "\"electra\"", {},
            "At once 1/4096 of the effective balance (Electra) or 1/32 (Bellatrix).", -no_max,
            no_max, "bellatrix|electra"}},
        {{"slashings_window", Kind::integer, "8_192", unit::other("epochs"),
            "Slashings within it are punished together, at half of it; stake stays until its end.",
            2, epochs_max}},
        {{"slashing_multiplier", Kind::integer, "3", {},
            "Each slashed one then loses this times the part of all stake that was slashed.", 0,
            1'000}},
    };
}

}  // namespace

std::vector<Section> gasper_sections()
{
    auto keys = time_and_votes();
    for (auto& key : stake_keys())
        keys.push_back(std::move(key));
    return {{.name = "consensus.gasper",
        .help = "Ethereum's proof of stake: LMD-GHOST and Casper FFG.",
        .keys = std::move(keys)}};
}

std::vector<Variant> gasper_strategies()
{
    return {
        {"surround",
            "Of `gasper`: they vote, an epoch later, from before their last vote's source.", {}},
        {"ex_ante_reorg",
            "Of `gasper`: they keep a block and their votes for it back until the next slot, to "
            "displace the block of that one.",
            {}},
    };
}

}  // namespace runnel::scenarios
