#include "scenarios/loader/consensus_schema.hpp"

namespace runnel::scenarios
{
namespace
{

using Kind = ParameterKind;
constexpr double no_max = std::numeric_limits<double>::infinity();
constexpr double heights_max = 1e12;
constexpr double wei_max = 1e33;
constexpr double day_ms = 86'400'000;

std::vector<Key> protocol_keys()
{
    return {
        {{"timeout_propose", Kind::duration, "\"3s\"", {},
            "How long validators wait for a proposal in round 0,", 1, day_ms}},
        {{"timeout_propose_delta", Kind::duration, "\"500ms\"", {},
            "and how much longer in each later round.", 0, day_ms}},
        {{"timeout_prevote", Kind::duration, "\"1s\"", {},
            "For a decisive prevote, when two thirds have prevoted,", 1, day_ms}},
        {{"timeout_prevote_delta", Kind::duration, "\"500ms\"", {}, "likewise.", 0, day_ms}},
        {{"timeout_precommit", Kind::duration, "\"1s\"", {},
            "For a decisive precommit, when two thirds have precommitted,", 1, day_ms}},
        {{"timeout_precommit_delta", Kind::duration, "\"500ms\"", {}, "likewise.", 0, day_ms}},
        {{"timeout_commit", Kind::duration, "\"1s\"", {}, "From a decision to the next height.", 0,
            day_ms}},
        {{"gossip_interval", Kind::duration, "\"80ms\"", {},
            "How often a node hands on what it heard, at most. Its own votes leave at once.", 0,
            day_ms}},
        {{"gossip_peers", Kind::integer, "6", unit::other("peers"), "To how many at a time.", 1,
            100'000}},
        {{"status_interval", Kind::duration, "\"2s\"", {},
            "How often a node compares what it knows with a peer.", 1, day_ms}},
        {{"validation_share", Kind::number, "1", unit::other("probability"),
            "That a validator executes a block before it votes for it. The reference node always "
            "does.",
            0, 1}},
        {{"validation_time", Kind::duration, "\"0s\"", {}, "How long that takes.", 0, day_ms}},
        {{"block_bytes", Kind::integer, "20_000", unit::other("bytes"), "Transactions of a block.",
            0, 1e9}},
        {{"vote_bytes", Kind::integer, "112", unit::other("bytes"), "A vote with its signature.", 1,
            1e6}},
        {{"watts", Kind::number, "0", unit::other("W"), "Of a node's machine.", 0, 1e6}},
        {{"reports_all_votes", Kind::boolean, "false", {},
            "Hand out all votes, not only those that decided: amnesia can be found in them."}},
    };
}

std::vector<Key> stake_keys()
{
    return {
        {{"stake", Kind::amount, "\"100_000 ether\"", unit::wei,
            "Of each validator at the beginning, on average, and what one deposits who joins.", 1,
            wei_max}},
        {{"stake_per_vote", Kind::amount, "\"1 ether\"", unit::wei, "A vote for each.", 1,
            wei_max}},
        {{"waiting", Kind::integer, "0", unit::other("validators"),
            "The last ones, who have no stake at the beginning.", 0, 100'000}},
        {{"delegators", Kind::integer, "0", unit::other("delegators"),
            "Of each validator at the beginning;", 0, 10'000}},
        {{"delegated_share", Kind::number, "0", {}, "what part of the stake is theirs.", 0, 1}},
        {{"commission", Kind::number, "0.05", {}, "Of delegators' rewards, for the validator.", 0,
            1}},
        {{"seats", Kind::integer, "0", unit::other("validators"),
            "At once: who comes later waits; 0: as many as there are.", 0, 100'000}},
        {{"activations_per_height", Kind::integer, "4", unit::other("validators"),
            "Who leave the queue for the set.", 0, 100'000}},
        {{"exits_per_height", Kind::integer, "4", unit::other("validators"), "Who leave the set.",
            0, 100'000}},
        {{"set_delay", Kind::integer, "1", unit::other("heights"),
            "After the next height until a changed set votes.", 0, 1'000}},
        {{"unbonding_heights", Kind::integer, "10_000", unit::other("heights"),
            "From leaving to having one's stake back; it can be slashed until then.", 1,
            heights_max}},
        {{"evidence_heights", Kind::integer, "5_000", unit::other("heights"),
            "Evidence is void when it is older than this", 1, heights_max}},
        {{"evidence_age", Kind::duration, "\"2d\"", {}, "and than this.", 0, 1e15}},
        {{"inflation", Kind::number, "0.07", {}, "Minted in a year, as a part of what is staked.",
            0, 100}},
        {{"proposer_reward", Kind::number, "0.01", {},
            "Of that, for who makes a block; the rest is for who signed its parent.", 0, 1}},
        {{"payout_heights", Kind::integer, "100", unit::other("heights"),
            "Rewards are paid out this often.", 1, heights_max}},
        {{"fees", Kind::choice, "\"proposer\"", {},
            "Whose tips are: of who made the block, or dealt out with rewards, by votes and then "
            "to "
            "those who delegated.",
            -no_max, no_max, "proposer|stake"}},
        {{"slash_double_vote", Kind::number, "0.05", {}, "Of the stake, for voting twice,", 0, 1}},
        {{"slash_double_proposal", Kind::number, "0.05", {}, "for proposing twice,", 0, 1}},
        {{"slash_invalid_block", Kind::number, "0.05", {}, "and for proposing what breaks a rule.",
            0, 1}},
        {{"tombstones", Kind::boolean, "true", {}, "Who was slashed leaves, and may not return."}},
        {{"joins_per_height", Kind::number, "0", unit::other("probability"),
            "That one who is not in the set deposits.", 0, 1}},
        {{"leaves_per_height", Kind::number, "0", unit::other("probability"),
            "That one who is leaves.", 0, 1}},
    };
}

Section operations_section()
{
    return {.name = "consensus.stakes",
        .help = "What somebody does with his stake at a height. One table each.",
        .per_name = true,
        .selector = "kind",
        .keys =
            {
                {{"kind", Kind::text, "", {}, "What he does."}},
                {{"height", Kind::integer, "", unit::blocks,
                    "In which block; of `gasper`, in the first one from this slot on.", 1,
                    heights_max}},
                {{"validator", Kind::integer, "", {}, "The validator's number.", 0, 100'000}},
            },
        .variants = {
            {"deposit", "The validator joins, or adds to his stake.",
                {{{"amount", Kind::amount, "", unit::wei, "How much.", 1, wei_max}}}},
            {"exit", "He leaves, and with him who delegated to him.", {}},
            {"delegate", "Somebody delegates to him.",
                {{{"amount", Kind::amount, "", unit::wei, "How much.", 1, wei_max}},
                    {{"delegator", Kind::integer, "", {},
                        "His number. Delegators of the beginning are numbered from 1 on, by "
                        "validator.",
                        1, 4e9}}}},
            {"undelegate", "And takes it back.",
                {{{"amount", Kind::amount, "", unit::wei, "How much.", 1, wei_max}},
                    {{"delegator", Kind::integer, "", {}, "His number; 0: the validator himself.",
                        0, 4e9}}}},
        }};
}

}  // namespace

std::vector<Section> bft_sections()
{
    auto keys = protocol_keys();
    for (auto& key : stake_keys())
        keys.push_back(std::move(key));
    return {{.name = "consensus.bft", .help = "Tendermint.", .keys = std::move(keys)},
        operations_section()};
}

std::vector<Variant> bft_strategies()
{
    return {
        {"offline", "Of validators: they neither hear nor say anything.", {}},
        {"equivocating",
            "Of validators: where one of them proposes, he makes two blocks, and all vote for one "
            "before half of the others and for the other before the rest.",
            {{{"always", Kind::boolean, "false", {},
                "Vote for two things where an honest one proposes too."}}}},
        {"censoring", "Of validators: their blocks leave out what some agents send.",
            {{{"censors", Kind::group, "", {}, "The group of these agents."}}}},
        {"mev",
            "Of validators: their blocks have transactions in the order of what they pay, also "
            "where "
            "chain.ordering is fifo or random.",
            {}},
        {"invalid_block", "Of validators: they make blocks that break a rule.",
            {{{"flaw", Kind::choice, "\"wrong_state_root\"", {},
                 "Which; forged_signature needs chain.signatures.", -no_max, no_max,
                 "wrong_state_root|overspend|forged_signature"}},
                {{"flaw_share", Kind::number, "1", unit::other("probability"),
                    "That a block of theirs does.", 0, 1}}}},
        {"amnesia", "Of validators: they forget their lock at each round.", {}},
    };
}

}  // namespace runnel::scenarios
