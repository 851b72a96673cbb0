#include "scenarios/loader/schema.hpp"

#include "ledger/check.hpp"
#include "scenarios/loader/consensus_schema.hpp"

#include <algorithm>

namespace runnel::scenarios
{
namespace
{

using Kind = ParameterKind;
constexpr double no_max = std::numeric_limits<double>::infinity();

Section scenario_section()
{
    return {.name = "scenario",
        .help = "What is simulated, for how long.",
        .keys = {
            {{"name", Kind::text, "\"\"", {}, "A short name; the file's name if left out."}},
            {{"title", Kind::text, "\"\"", {}, "One line for reports."}},
            {{"description", Kind::text, "\"\"", {}, "What the scenario shows, for people."}},
            {{"seed", Kind::integer, "1", {},
                 "Picks the random numbers: another seed, another run of the same scenario.", 0,
                 18'446'744'073'709'551'615.0},
                KeyForm::seed},
            {{"blocks", Kind::integer, "", unit::blocks, "How many blocks follow block 0.", 1,
                blocks_max}},
            {{"slot_seconds", Kind::integer, "12", unit::seconds, "Time from block to block.", 1,
                86'400}},
            {{"start", Kind::integer, "1704067200", unit::unix_seconds,
                 "The time of block 0; a TOML date like 2024-01-01T00:00:00Z is understood.", 0,
                 253'402'300'799},
                KeyForm::time},
            {{"block_times", Kind::integer, "[]", unit::other("[[block, unix seconds], ...]"),
                 "When blocks came, of a chain that retells another one: between two of these time "
                 "goes evenly, behind the last one by slot_seconds. For scenarios without agents "
                 "and prices."},
                KeyForm::block_times},
            {{"retold_block", Kind::integer, "0", unit::block_number,
                "The block of that chain that block 0 stands for; nothing depends on it. 0: none.",
                0, 1e15}},
            {{"allow_warnings", Kind::text, "\"\"", {},
                "Warnings of `runnel check` that are meant: words CODE or CODE:SUBJECT, as "
                "`pool_price:contracts.weth_usdc`."}},
        }};
}

Section chain_section()
{
    return {.name = "chain",
        .help = "Validators, fees and the order of transactions.",
        .keys = {
            {{"validators", Kind::integer, "16", {}, "How many validators there are.", 1, 10'000}},
            {{"stake", Kind::distribution, "32", unit::other("native coins"),
                "Stake per validator: its weight as proposer and in votes.", 1e-6, 1e6}},
            {{"participation", Kind::number, "0.99", unit::other("probability"),
                "That a validator attests a block.", 0, 1}},
            {{"block_gas_limit", Kind::integer, "30_000_000", unit::other("gas"),
                "The most gas of a block.", 42'000, 1e15}},
            {{"initial_base_fee", Kind::amount, "\"1 gwei\"", unit::wei_per_gas,
                "The base fee of block 0; the others' follow from it (EIP-1559).", 0, 1e18}},
            {{"min_base_fee", Kind::amount, "\"7 wei\"", unit::wei_per_gas,
                "The base fee never falls below this.", 0, 1e18}},
            {{"elasticity_multiplier", Kind::integer, "2", {},
                "The base fee stands still where a block uses this fraction of block_gas_limit: "
                "half of it by default.",
                1, 1'000}},
            {{"base_fee_max_change_denominator", Kind::integer, "8", {},
                "An empty block lowers the base fee by this fraction of it: an eighth by default.",
                1, 1e9}},
            {{"ordering", Kind::choice, "\"priority_fee\"", {},
                "How the proposer orders transactions: by tip, by arrival, by a seeded shuffle; "
                "with bundles ahead of the rest, by itself or by the builders of [builders]; or "
                "as commitments in the block before fixed it. See docs/ordering.md.",
                -no_max, no_max, "priority_fee|fifo|random|bundles|builders|commit_reveal"}},
            {{"inclusion_list_gas", Kind::integer, "0", unit::other("gas"),
                "With the ordering `builders`: how much gas of what has waited longest a proposer "
                "may list, which the block must have if there is room; 0: no lists.",
                0, 1e15}},
            {{.name = "relay",
                .kind = Kind::contract,
                .default_value = "\"\"",
                .unit = {},
                .help = "With the ordering `builders`: the contract where bids are published.",
                .contract_kind = "builder_relay"}},
            {{"mempool_size", Kind::integer, "100_000", unit::other("transactions"),
                "Room for waiting transactions; the cheapest are evicted.", 1, 10'000'000}},
            {{"transaction_lifetime", Kind::duration, "\"0s\"", {},
                "How long a transaction waits before it is dropped: a slot at least. 0s: ten "
                "minutes, or ten slots if that is longer.",
                0, no_max}},
            {{"mempool_seen_at", Kind::integer, "\"\"", unit::other("ms"),
                "How far into a slot those who watch the mempool (searchers) see what has arrived "
                "by then, and act; left out: eleven twelfths of it.",
                0, 1e9}},
            {{"block_reward", Kind::amount, "\"0.05 ether\"", unit::wei,
                "Newly minted per block: an eighth to the proposer, the rest to the attesters by "
                "stake.",
                0, 1e24}},
            {{"checkpoint_interval", Kind::integer, "1000", unit::blocks,
                "From one checkpoint (see docs/checkpoints.md), full check of the state and root "
                "of it "
                "in the header to the next.",
                1, blocks_max}},
            {{"signatures", Kind::choice, "\"none\"", {},
                "Whether senders sign their transactions: not at all, or by ECDSA as on Ethereum, "
                "where an account's address is then that of its key. See docs/validation.md.",
                -no_max, no_max, "none|secp256k1"}},
        }};
}

Section tokens_section()
{
    return {.name = "tokens",
        .help =
            "What can be owned. One table per token; exactly one is the native coin, and it is "
            "called ETH unless a table of kind \"native\" names it otherwise.",
        .per_name = true,
        .selector = "kind",
        .keys = {{{"kind", Kind::text, "\"erc20\"", {}, "Which kind of token."}}}};
}

std::vector<Key> bar_keys()
{
    return {
        {{"bar_seconds", Kind::integer, "0", unit::seconds,
            "How long a bar lasts; 0: the median distance between bars.", 0, 31 * 86'400}},
        {{"hold_last_close", Kind::boolean, "false", {},
            "Hold the last price when the scenario is longer than the data, instead of refusing."}},
        {{"hold_gaps", Kind::boolean, "false", {},
            "Hold the last price where bars are missing, instead of refusing."}},
    };
}

/// How a price file is laid out, where it does not say so itself.
std::vector<Key> layout_keys()
{
    return {
        {{"separator", Kind::choice, "\"auto\"", {}, "Between columns.", -no_max, no_max,
            "auto|comma|semicolon|tab|pipe"}},
        {{"skip_lines", Kind::integer, "0", unit::other("lines"),
            "Lines above the header, or above the first row, beside those that are no row.", 0,
            1'000'000}},
        {{"time_unit", Kind::choice, "\"auto\"", {},
            "What times that are numbers count since 1970; auto tells it from their size, row by "
            "row.",
            -no_max, no_max, "auto|s|ms|us|ns"}},
        {{"date_order", Kind::choice, "\"auto\"", {},
            "Of the parts of dates. 2024-05-01 needs no telling; 01/05/2024 does, unless some day "
            "in the file is above 12.",
            -no_max, no_max, "auto|year_month_day|day_month_year|month_day_year"}},
        {{"decimal_mark", Kind::choice, "\"auto\"", {},
            "Whether 3,010 is three thousand (point) or three (comma), where no price in the file "
            "tells.",
            -no_max, no_max, "auto|point|comma"}},
        {{"time_column", Kind::text, "\"\"", {},
            "The column of times: a name from the header, or a number counted from 1. Empty: by "
            "its "
            "usual name, or the first."}},
        {{"close_column", Kind::text, "\"\"", {},
            "Likewise the last price of each bar, which opens at the time beside it. Empty: by its "
            "usual name, or by the order time, open, high, low, close."}},
        {{"open_column", Kind::text, "\"\"", {}, "Likewise the first price of each bar."}},
        {{"high_column", Kind::text, "\"\"", {}, "Likewise its highest price."}},
        {{"low_column", Kind::text, "\"\"", {}, "Likewise its lowest price."}},
        {{"price_column", Kind::text, "\"\"", {},
            "Likewise prices at the times beside them, instead of bars."}},
    };
}

std::vector<Key> diffusion_keys()
{
    return {
        {{"start_price", Kind::number, "", unit::usd_per_token, "The price at block 0."},
            KeyForm::price},
        {{"drift", Kind::number, "0", unit::per_year,
            "Of the expected price: 0.05 is a factor of e^0.05 in a year.", -1'000, 1'000}},
        {{"volatility", Kind::number, "", unit::per_year,
            "Standard deviation of a year's log return.", 0, 100}},
        {{"correlations", Kind::per_token, "{}", {},
             "Of its steps with those of other tokens of models gbm and jump: { WBTC = 0.8 }. Each "
             "pair once, or alike on both sides.",
             -1, 1},
            KeyForm::funds},
    };
}

Section prices_section()
{
    auto jump = diffusion_keys();
    jump.push_back({{"jumps_per_year", Kind::number, "", unit::per_year,
        "How many jumps to expect; they come at random.", 0, 1e9}});
    jump.push_back({{"jump_mean", Kind::number, "0", {}, "Mean of a jump's log return.", -10, 10}});
    jump.push_back(
        {{"jump_sd", Kind::number, "", {}, "Standard deviation of a jump's log return.", 0, 10}});
    jump.push_back({{"shocks", Kind::text, "\"\"", {},
        "The source of its jumps: tokens with one source jump together, by draws in common. Empty: "
        "jumps of its own."}});
    auto csv = bar_keys();
    csv.insert(csv.begin(),
        {{{"file", Kind::text, "", {},
             "Times and prices in columns, as exchanges and data sites give them; plain or gzip; "
             "relative to the scenario. See docs/scenarios.md, \"Price files\"."}},
            {{"file_hash", Kind::text, "\"\"", {},
                "keccak-256 of the file; when given, another file is refused. Resolved scenarios "
                "hold it."}}});
    for (auto& key : layout_keys())
        csv.push_back(std::move(key));
    auto bootstrap = csv;
    bootstrap.erase(std::remove_if(bootstrap.begin(), bootstrap.end(),
                        [](const Key& key) { return key.spec.name == "hold_last_close"; }),
        bootstrap.end());
    bootstrap.insert(bootstrap.begin(),
        {{{"start_price", Kind::number, "", unit::usd_per_token, "The price at block 0."},
             KeyForm::price},
            {{"block", Kind::duration, "\"1d\"", {},
                "How long a stretch of history is: what depends on what came before is kept within "
                "it.",
                1'000, no_max}},
            {{"shocks", Kind::text, "\"\"", {},
                "The source of its draws: tokens with one source take the same stretches, from "
                "files "
                "with the same times. Empty: draws of its own."}}});
    auto closes = bar_keys();
    closes.insert(
        closes.begin(), {{"closes", Kind::number, "", unit::other("[[unix seconds, USD], ...]"),
                             "When a bar opens and the price at its end, ascending in time."},
                            KeyForm::closes});
    auto bars = bar_keys();
    bars.insert(bars.begin(),
        {{"bars", Kind::number, "", unit::other("[[unix seconds, open, high, low, close], ...]"),
             "Bars with prices in USD, ascending in time."},
            KeyForm::bars});
    return {.name = "prices",
        .help =
            "Reference prices, as the world outside the chain quotes them. One table per token "
            "of [tokens].",
        .per_name = true,
        .selector = "model",
        .keys = {{{"model", Kind::text, "", {}, "How the price moves."}}},
        .variants = {
            {"constant", "The same price for ever.",
                {{{"price", Kind::number, "", unit::usd_per_token, "The price."}, KeyForm::price}}},
            {"gbm", "Geometric Brownian motion.", diffusion_keys()},
            {"jump", "Geometric Brownian motion with normal jumps (Merton 1976).", std::move(jump)},
            {"csv", "Bars from a file, with a seeded bridge within each.", std::move(csv)},
            {"bootstrap", "Stretches of a file's bars, drawn at random.", std::move(bootstrap)},
            {"closes", "Closing prices given here.", std::move(closes)},
            {"bars", "Bars given here.", std::move(bars)},
        }};
}

Section contracts_section()
{
    return {.name = "contracts",
        .help =
            "What is deployed at block 0. One table per contract; a parameter refers to "
            "another contract by its name, whichever comes first.",
        .per_name = true,
        .selector = "kind",
        .keys = {{{"kind", Kind::text, "", {}, "Which kind of contract."}}}};
}

Section agents_section()
{
    return {.name = "agents",
        .help = "Who acts. One table per group of wallets with one strategy.",
        .per_name = true,
        .selector = "strategy",
        .keys = {
            {{"strategy", Kind::text, "", {}, "How these wallets decide."}},
            {{"count", Kind::integer, "", unit::other("wallets"),
                "How many wallets; all groups together have "
                "at most 5 million.",
                0, wallets_max}},
            {{"funds", Kind::per_token, "{}", unit::whole_tokens,
                 "What each wallet owns at block 0, or is sent when it arrives, a distribution per "
                 "token; rounded down to the token's smallest unit.",
                 0, 1e30},
                KeyForm::funds},
            {{"priority_fee", Kind::distribution, "{ log_normal = [0, 0.5], max = 50 }",
                unit::other("gwei per gas"), "The tip a wallet habitually bids.", 0, 1e9}},
            {{"max_base_fee_multiple", Kind::distribution, "2", {},
                "A bid's room for the base fee to rise, as a multiple of it.", 1, 1'000}},
            {{"max_fee", Kind::distribution, "1_000_000", unit::other("gwei per gas"),
                "The highest fee per gas a wallet pays at all, base fee included: what makes "
                "demand "
                "for blocks elastic.",
                0, 1e9}},
            {{"arrive", Kind::duration, "\"0s\"", {},
                "When its wallets come, after the scenario's start: none of them is there before a "
                "payment of their funds brings them; 0, without arrivals_per_day: they are there "
                "from block 0 on.",
                0}},
            {{"arrivals_per_day", Kind::number, "0", unit::other("wallets"),
                "How many come a day on average, from `arrive` on (a Poisson process), until all "
                "`count` have come; 0: all at once.",
                0, 1e9}},
            {{"arrive_until", Kind::duration, "\"0s\"", {},
                "When nobody comes any more, with arrivals_per_day; 0: never.", 0}},
            {{"funded_by", Kind::text, "\"\"", {},
                "The account of [accounts] that pays the funds of wallets that arrive."}},
        }};
}

Section events_section()
{
    return {.name = "events",
        .help =
            "What happens outside the chain. One table per event. What happens on it (a market "
            "paused, a parameter changed, an oracle's price set) are transactions: lines of "
            "[[script]].",
        .per_name = true,
        .selector = "action",
        .keys =
            {
                {{"action", Kind::text, "", {}, "What happens."}},
                {{"at_block", Kind::integer, "", unit::block_number,
                    "From which block on; one after the last block never happens.", 0, blocks_max}},
            },
        .variants = {
            {"price_shock", "Multiplies a token's reference price from this block on.",
                {
                    {{"token", Kind::token, "", {}, "A token that has a price."}},
                    {{"factor", Kind::number, "", {}, "0.5 halves the price.", 1e-9, 1e9}},
                }},
            {"price_set",
                "Draws a token's reference price to a value; it moves on from there as it would "
                "have moved.",
                {
                    {{"token", Kind::token, "", {}, "A token that has a price."}},
                    {{"price", Kind::number, "", unit::usd_per_token, "Where it comes to."},
                        KeyForm::price},
                    {{"over", Kind::duration, "\"0s\"", {},
                        "How long it takes, in equal steps; 0: at once.", 0}},
                }},
            {"group_stop",
                "A group's wallets decide nothing, as if cut off: an oracle's keeper, liquidators. "
                "What they have sent before goes its way.",
                {
                    {{"group", Kind::group, "", {}, "The group."}},
                    {{"for", Kind::duration, "\"0s\"", {}, "How long; 0: for ever.", 0}},
                }},
            {"group_set",
                "A group's wallets have other parameters from this block on: whatever is no name "
                "(of a token, contract or group). They go on with what they have planned and "
                "know, and draw anew what is drawn from a parameter that changes.",
                {
                    {{"group", Kind::group, "", {}, "The group."}},
                    {{"parameters", Kind::text, "", {},
                         "Those that change: the strategy's, `priority_fee`, "
                         "`max_base_fee_multiple` and `max_fee`; the others stay."},
                        KeyForm::parameters},
                }},
        }};
}

Section accounts_section()
{
    return {.name = "accounts",
        .help =
            "Accounts that scripts move, with exact funds; agents and contracts may name them "
            "too. See docs/scripts.md.",
        .per_name = true,
        .keys = {
            {{"funds", Kind::per_token, "{}", unit::whole_tokens,
                 "What it owns at block 0, exactly: `{ ETH = 1, USDC = \"10.5 USDC\" }`."},
                KeyForm::exact_funds},
        }};
}

Section builders_section()
{
    return {.name = "builders",
        .help =
            "Who builds blocks and bids for slots, with the ordering `builders`. See "
            "docs/ordering.md.",
        .per_name = true,
        .keys = {
            {{"account", Kind::account, "", {},
                "Its account, of [accounts]: it gets the tips of its blocks and pays the bids."}},
            {{"order_flow", Kind::number, "1", unit::other("probability"),
                "That a searcher sends it a bundle: drawn for each bundle and builder.", 0, 1}},
            {{"margin", Kind::number, "0.05", {}, "Share of what a block pays it that it keeps.", 0,
                1}},
            {{"censors", Kind::group, "\"\"", {},
                "A group whose transactions it leaves out, unless an inclusion list names them."}},
        }};
}

Section state_section()
{
    return {.name = "state",
        .help =
            "Records that the world begins with instead of what contracts' parameters say, as "
            "`runnel export-state` writes them: pools, markets, balances, allowances. See "
            "docs/scenarios.md.",
        .per_name = true,
        .keys = {
            {{"file", Kind::text, "\"\"", {},
                "A CSV file, plain or gzip, relative to the scenario: columns `table`, what the "
                "table is by, and its fields."}},
            {{"file_hash", Kind::text, "\"\"", {},
                "keccak-256 of the file, unpacked; when given, another file is refused. Resolved "
                "scenarios hold it."}},
            {{"rows", Kind::text, "\"\"", {},
                "The same lines here. Resolved scenarios hold those of the file."}},
            {{"taken_at", Kind::integer, "0", unit::unix_seconds,
                 "The time of the state; a scenario cannot start before it.", 0, 253'402'300'799},
                KeyForm::time},
        }};
}

/// Whose positions are drawn.
std::vector<Key> holders()
{
    return {
        {{"group", Kind::group, "\"\"", {},
            "Whose wallets have the positions, one each; empty: accounts NAME/0 and so on, which "
            "do nothing."}},
        {{"count", Kind::integer, "0", unit::other("accounts"), "How many, without a group.", 0,
            wallets_max}},
    };
}

std::vector<Key> joined(std::vector<Key> keys, const std::vector<Key>& more)
{
    keys.insert(keys.end(), more.begin(), more.end());
    return keys;
}

/// Of all positions on a lending market.
std::vector<Key> on_market(const std::vector<Key>& more)
{
    return joined({{{.name = "market",
                       .kind = Kind::contract,
                       .default_value = "",
                       .unit = {},
                       .help = "Where they are.",
                       .contract_kind = "lending_market"}},
                      {{"beyond_ltv", Kind::boolean, "false", {},
                          "Also debts that the market would not lend, up to those that can be "
                          "liquidated at once, as after a fall of prices: they are taken while "
                          "what is owed costs nothing."}}},
        more);
}

/// Of rows that a file has, or the table itself if the file is optional.
std::vector<Key> from_file(
    bool is_optional, std::string_view of_file, std::string_view of_rows, KeyForm form)
{
    return {{{"file", Kind::text, is_optional ? "\"\"" : "", {}, of_file}},
        {{"file_hash", Kind::text, "\"\"", {},
            "keccak-256 of the file, unpacked; when given, another file is refused. Resolved "
            "scenarios hold it."}},
        {{"rows", Kind::text, "[]", {}, of_rows}, form}};
}

/// Of loans of one size each.
std::vector<Key> sized_positions(Key size)
{
    return on_market(
        joined(holders(), {
                              {{"collateral", Kind::token, "", {}, "What secures the loan."}},
                              {{"debt", Kind::token, "", {}, "What is owed."}},
                              {{"collateral_amount", Kind::distribution, "", unit::whole_tokens,
                                  "What each supplies, beside its funds.", 0, 1e30}},
                              std::move(size),
                          }));
}

Section positions_section()
{
    return {.name = "positions",
        .help =
            "Who has supplied and owes what on a lending market at block 0, who has provided an "
            "exchange with liquidity, and who lets a contract spend what.",
        .per_name = true,
        .selector = "by",
        .keys = {{{"by", Kind::text, "", {}, "What sizes the positions."}}},
        .variants = {
            {"loan_to_value", "Debts of a share of the collateral's value, at the market's prices.",
                sized_positions({{"loan_to_value", Kind::distribution, "", {},
                    "The debt's value over the collateral's.", 0, 100}})},
            {"health_factor", "Debts that leave a health factor.",
                sized_positions({{"health_factor", Kind::distribution, "", {},
                    "The collateral's value times its threshold over the debt's value.", 0.01,
                    1e6}})},
            {"debt", "Debts of an amount.",
                sized_positions({{"debt_amount", Kind::distribution, "", unit::whole_tokens,
                    "What each owes.", 0, 1e30}})},
            {"liquidity",
                "Liquidity of an amount of one of the pool's tokens, with the others in "
                "the proportion that the pool has at block 0.",
                joined({{{.name = "pool",
                           .kind = Kind::contract,
                           .default_value = "",
                           .unit = {},
                           .help = "Where it is; it must have some to begin with.",
                           .contract_kind = "exchange"}}},
                    joined(holders(),
                        {{{"token", Kind::token, "", {}, "One of the pool's tokens."}},
                            {{"amount", Kind::distribution, "", unit::whole_tokens,
                                "What each provides of it, beside its funds.", 0, 1e30}}}))},
            {"allowance", "What a contract may spend.",
                joined({{{"spender", Kind::contract, "", {}, "The contract that may spend it."}}},
                    joined(holders(), {{{"token", Kind::token, "", {}, "The token."}},
                                          {{"amount", Kind::distribution, "", unit::whole_tokens,
                                              "How much of each account's.", 0, 1e30}}}))},
            {"table", "Positions given here.",
                on_market(
                    {{{"rows", Kind::text, "", {},
                          "An account, what it has supplied and what it owes; \"\" for nothing. An "
                          "account may have several rows."},
                        KeyForm::positions}})},
            {"file", "Positions from a file.",
                on_market(from_file(false,
                    "A CSV file, plain or gzip, relative to the scenario: columns account, "
                    "collateral, collateral_amount, debt, debt_amount by their names, in any "
                    "order.",
                    "What a resolved scenario holds of the file: as in a table.",
                    KeyForm::positions))},
            {"liquidity_file", "Liquidity in a pool, from a file or given here.",
                joined({{{.name = "pool",
                           .kind = Kind::contract,
                           .default_value = "",
                           .unit = {},
                           .help = "Where it is.",
                           .contract_kind = "exchange"}}},
                    from_file(true,
                        "A CSV file, plain or gzip, relative to the scenario: columns account; "
                        "token and amount (whole tokens), or liquidity (an integer of the pool's "
                        "shares, or of the range); tick_lower and tick_upper for a range.",
                        "The same here: an account, `\"5 WETH\"` or `\"1000\"` of liquidity, and "
                        "for a "
                        "range its two ticks. Resolved scenarios hold those of the file.",
                        KeyForm::liquidity))},
            {"allowance_file", "What a contract may spend, from a file or given here.",
                joined({{{"spender", Kind::contract, "", {}, "The contract that may spend it."}}},
                    from_file(true,
                        "A CSV file, plain or gzip, relative to the scenario: columns account, "
                        "token, amount (whole tokens, or max).",
                        "The same here: an account, and `\"5 WETH\"` or `\"max WETH\"`. Resolved "
                        "scenarios hold those of the file.",
                        KeyForm::allowances))},
        }};
}

Section script_section()
{
    return {.name = "script",
        .help =
            "Transactions that the scenario fixes, one table each. They head their block in "
            "the order of the file. See docs/scripts.md.",
        .is_list = true,
        .keys = {
            {{"at_block", Kind::integer, "", unit::block_number,
                "The block it is in; a line after the last block never happens.", 1, blocks_max}},
            {{"name", Kind::text, "\"\"", {}, "What messages call it, behind its number."}},
            {{"from", Kind::account, "", {}, "An account of [accounts], or a wallet of a group."}},
            {{"calls", Kind::text, "", {},
                 "Its calls, all or none: `{ contract = NAME, call = METHOD, ARGUMENT = ... }`."},
                KeyForm::calls},
            {{"expect", Kind::text, "{}", {},
                 "What must be so right after it; without `reverts` it must succeed."},
                KeyForm::expect},
            {{"gas_limit", Kind::integer, "0", unit::other("gas"),
                "The most gas it may use; 0: enough for its calls.", 0, 1e15}},
            {{"max_fee", Kind::amount, "0", unit::wei_per_gas,
                "The most it pays per gas; 0: the block's base fee and priority_fee.", 0, 1e18}},
            {{"priority_fee", Kind::amount, "\"1 gwei\"", unit::wei_per_gas,
                "What it pays the proposer per gas.", 0, 1e18}},
            {{.name = "purpose",
                .kind = Kind::choice,
                .default_value = "\"unstated\"",
                .unit = {},
                .help = "Why it is sent: for `t_truth_transactions`, as the next four.",
                .choices = purpose_names}},
            {{"incident", Kind::integer, "0", {},
                "The same number for all steps of one theft or fraud; 0: of none. Agents' own are "
                "above these.",
                0, static_cast<double>(incident_of(AccountId{1}, 0) - 1)}},
            {{"stolen_token", Kind::token, "\"\"", {}, "What it is to take, or to move on."}},
            {{"stolen", Kind::amount, "0", unit::smallest_unit_of("stolen_token"),
                "How much of it."}},
            {{"controller", Kind::account, "\"\"", {}, "Who has the say over it afterwards."}},
        }};
}

}  // namespace

std::span<const Section> sections()
{
    static const auto all = []
    {
        std::vector<Section> made{scenario_section(), chain_section()};
        for (auto& of_consensus : consensus_sections())
            made.push_back(std::move(of_consensus));
        for (auto& other : {tokens_section(), prices_section(), contracts_section(),
                 agents_section(), events_section(), accounts_section(), builders_section(),
                 state_section(), positions_section(), script_section()})
            made.push_back(other);
        return made;
    }();
    return all;
}

const Section& section(std::string_view name)
{
    const auto found = std::find_if(sections().begin(), sections().end(),
        [name](const Section& candidate) { return candidate.name == name; });
    RUNNEL_CHECK(found != sections().end());
    return *found;
}

bool is_token_type(const ContractType& type)
{
    return std::any_of(type.parameters.begin(), type.parameters.end(),
        [](const ParameterSpec& spec) { return spec.name == "symbol"; });
}

}  // namespace runnel::scenarios
