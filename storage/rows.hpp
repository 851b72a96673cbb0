#pragma once

#include "ledger/block.hpp"
#include "ledger/event.hpp"
#include "ledger/motive.hpp"
#include "storage/schema.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

/// The rows of the base tables, each described once: tables, rows written, rows read and the
/// reference all follow from it.
///
/// describe() calls column(name, field, {meaning, unit, ...}) for each column in the table's order;
/// how a field is stored follows from its type (storage/row_visitors.hpp). Text and bytes are
/// borrowed: RowBatch and read_row() say for how long.
namespace runnel::storage
{

inline constexpr Unit keccak_unit = unit::other("keccak-256");
inline constexpr Unit address_unit = unit::other("0x and 40 hex digits");
inline constexpr Unit gas_unit = unit::other("gas");

struct ManifestRow
{
    static constexpr std::string_view table = "t_manifest";

    std::uint64_t position = 0;
    std::string_view key;
    std::string_view value;

    static constexpr void describe(auto& self, auto&& column)
    {
        column("position", self.position, {"Order of the entries, from 0."});
        column("key", self.key, {"Name of the entry."});
        column("value", self.value, {"Its text."});
    }
};

struct AddressRow
{
    static constexpr std::string_view table = "t_addresses";

    std::uint64_t id = 0;
    Address address;
    std::string_view name;
    std::string_view role;
    std::string_view strategy;
    std::uint64_t block_number = 0;
    std::optional<std::uint32_t> transaction_index;

    static constexpr void describe(auto& self, auto&& column)
    {
        column(
            "id", self.id, {"The account's number, in the order of the chain; 0 is address zero."});
        column("address", self.address, {"Lower case.", address_unit});
        column("name", self.name,
            {"Unique in the scenario: `noise_trader/17`. An account that came later is named by "
             "its "
             "address."});
        column("role", self.role,
            {"wallet, validator, dex, lending, token, ... An account that a block first named as a "
             "wallet stays one when a later block deploys a contract there."});
        column("strategy", self.strategy, {"Of a wallet that an agent moves; empty for others."});
        column("block_number", self.block_number,
            {"The block that named it first; 0: it is the scenario's."});
        column("transaction_index", self.transaction_index,
            {"The transaction that did; NULL for the scenario's."});
    }
};

struct ContractRow
{
    static constexpr std::string_view table = "t_contracts";

    std::uint64_t id = 0;
    AccountId account{};
    Address address;
    std::string_view kind;
    std::string_view name;
    std::string_view project;
    std::string_view version;
    std::uint64_t block_number = 0;
    std::optional<std::uint32_t> transaction_index;
    std::optional<AccountId> creator;

    static constexpr void describe(auto& self, auto&& column)
    {
        column("id", self.id,
            {"The contract's number, in the order of the chain; 0 is the native coin."});
        column("account_id", self.account, {"The account under which it acts."});
        column("address", self.address, {"The account's address.", address_unit});
        column("kind", self.kind, {"The contract's kind in the scenario: `uniswap_v2_pair`."});
        column("name", self.name,
            {"Its key in the scenario; its address if a transaction deployed it."});
        column("project", self.project, {"The kind up to `_v<digit>`: `uniswap`."});
        column("version", self.version, {"The digits after it: `2`; empty without."});
        column("block_number", self.block_number,
            {"The block that deployed it; 0: it is the scenario's."});
        column("transaction_index", self.transaction_index,
            {"The transaction that did; NULL for the scenario's."});
        column("creator_id", self.creator,
            {"The contract that deployed it; NULL for the scenario's."});
    }
};

struct TokenRow
{
    static constexpr std::string_view table = "t_tokens";

    ContractId contract{};
    std::string_view symbol;
    std::uint8_t decimals = 0;
    std::uint64_t block_number = 0;
    std::optional<std::uint32_t> transaction_index;

    static constexpr void describe(auto& self, auto&& column)
    {
        column("contract_id", self.contract, {"The token's contract."});
        column("symbol", self.symbol, {"What people call it."});
        column("decimals", self.decimals, {"Where the decimal point of its amounts is."});
        column("block_number", self.block_number,
            {"The block that deployed it; 0: it is the scenario's."});
        column("transaction_index", self.transaction_index,
            {"The transaction that did; NULL for the scenario's."});
    }
};

/// What an account owns of a token when block 0 is done.
struct StartingBalanceRow
{
    static constexpr std::string_view table = "t_starting_balances";

    AccountId account{};
    ContractId token{};
    Amount balance;

    static constexpr void describe(auto& self, auto&& column)
    {
        column("account_id", self.account, {"The owner."});
        column("token_id", self.token, {"The token; 0 is the native coin."});
        column("balance", self.balance, {"Exact, decimal.", unit::smallest_unit_of("token")});
    }
};

/// A reference price, from a block on.
struct ReferencePriceRow
{
    static constexpr std::string_view table = "t_reference_prices";

    ContractId token{};
    std::uint64_t from_block = 0;
    std::uint64_t price = 0;

    static constexpr void describe(auto& self, auto&& column)
    {
        column("token_id", self.token, {"The token."});
        column("from_block", self.from_block,
            {"The first block with this price; it holds until the token's next row."});
        column("price", self.price, {"Of a whole token.", unit::usd_e8_per_token});
    }
};

/// What a table, a view or a column of them means.
struct DocumentationRow
{
    static constexpr std::string_view table = "t_documentation";

    std::string_view object;
    std::uint64_t position = 0;
    std::string_view kind;
    std::string_view column_name;
    std::string_view type;
    std::string_view unit;
    std::string_view meaning;

    static constexpr void describe(auto& self, auto&& column)
    {
        column("object", self.object, {"The table's or view's name."});
        column("position", self.position,
            {"0 for the table or view as a whole, from 1 for its columns."});
        column("kind", self.kind, {"table or view."});
        column("column_name", self.column_name, {"Empty for the whole."});
        column("type", self.type, {"INTEGER, REAL, TEXT or BLOB, `or NULL`; empty for the whole."});
        column("unit", self.unit, {"What its values count in; empty where they count nothing."});
        column("meaning", self.meaning, {"What it says."});
    }
};

/// What people call a reason that is a mere code.
struct ReasonRow
{
    static constexpr std::string_view table = "t_revert_reasons";

    std::string_view reason;
    std::string_view contract_kind;
    std::string_view name;

    static constexpr void describe(auto& self, auto&& column)
    {
        column("reason", self.reason, {"As `revert_reason` has it: `35`."});
        column("contract_kind", self.contract_kind, {"The kind of contracts that refuse with it."});
        column("name", self.name,
            {"As the protocol's sources call it: "
             "`HEALTH_FACTOR_LOWER_THAN_LIQUIDATION_THRESHOLD`."});
    }
};

struct EventTypeRow
{
    static constexpr std::string_view table = "t_event_types";

    std::uint64_t id = 0;
    std::string_view name;
    std::string_view signature;
    ByteView topic0;
    std::uint64_t indexed_count = 0;
    std::string_view table_name;

    static constexpr void describe(auto& self, auto&& column)
    {
        column("id", self.id, {"The type's number."});
        column("name", self.name, {"`Transfer`."});
        column("signature", self.signature, {"As in the ABI; empty unless it is a log."});
        column("topic0", self.topic0, {"Of the signature; empty unless it is a log.", keccak_unit});
        column(
            "indexed_count", self.indexed_count, {"How many arguments are topics beside topic0."});
        column("table_name", self.table_name, {"Where its rows are."});
    }
};

struct BlockRow
{
    static constexpr std::string_view table = "t_blocks";

    BlockHeader header;
    Hash hash;

    static constexpr void describe(auto& self, auto&& column)
    {
        BlockHeader::describe(self.header,
            [&column]<typename Field>(std::string_view name, Field& field, Unit unit = {})
            {
                if constexpr (std::same_as<std::remove_const_t<Field>, AccountId>)
                    column("proposer_id", field, {"Who proposed the block."});
                else if constexpr (std::same_as<std::remove_const_t<Field>, Hash>)
                    column(name, field, {"Of the header.", keccak_unit});
                else
                    column(name, field, {"Of the header.", unit});
            });
        column("hash", self.hash, {"Of the encoded header.", keccak_unit});
    }
};

/// A transaction with its receipt. What follows from executing it is derived.
struct TransactionRow
{
    static constexpr std::string_view table = "t_transactions";

    std::uint64_t block_number = 0;
    std::uint32_t transaction_index = 0;
    Hash hash;
    std::uint64_t nonce = 0;
    AccountId from{};
    std::optional<AccountId> to;
    Amount value;
    std::uint64_t gas = 0;
    std::uint64_t max_fee = 0;
    std::uint64_t max_priority_fee = 0;
    std::int64_t arrival_ms = 0;
    ByteView input;
    bool succeeded = false;
    std::uint64_t gas_used = 0;
    std::uint64_t cumulative_gas_used = 0;
    std::uint64_t effective_gas_price = 0;
    std::optional<std::string_view> revert_reason;

    static constexpr void describe(auto& self, auto&& column)
    {
        column("block_number", self.block_number, {"The block."});
        column("transaction_index", self.transaction_index, {"From 0."});
        column("hash", self.hash, {"Of the encoded transaction.", keccak_unit});
        column("nonce", self.nonce, {"The sender's count of earlier transactions."});
        column("from_id", self.from, {"The sender."});
        column("to_id", self.to,
            {.meaning = "Whom the first call goes to: its contract, or who gets a plain payment.",
                .derived = true});
        column("value", self.value,
            {"What a plain payment in the first call moves, else 0.", unit::wei, true});
        column("gas", self.gas, {"The limit.", gas_unit});
        column("max_fee_per_gas", self.max_fee,
            {"The most the sender pays, base fee included.", unit::wei_per_gas});
        column("max_priority_fee_per_gas", self.max_priority_fee,
            {"The most the proposer gets.", unit::wei_per_gas});
        column("arrival_ms", self.arrival_ms,
            {"When it reached the mempool, in virtual time since the scenario's start; the block "
             "commits to it in `arrivals_root`.",
                unit::other("ms")});
        column("input", self.input,
            {"How many addresses the calls name (1 byte), these (20 bytes each), the calls in "
             "their "
             "canonical encoding; re-executed by `verify`. What they are proven by is apart, in "
             "t_witnesses."});
        column("receipt_status", self.succeeded, {"1 succeeded, 0 reverted.", {}, true});
        column("receipt_gas_used", self.gas_used, {"By this transaction.", gas_unit, true});
        column("receipt_cumulative_gas_used", self.cumulative_gas_used,
            {"By the block so far.", gas_unit, true});
        column("receipt_effective_gas_price", self.effective_gas_price,
            {"What was paid.", unit::wei_per_gas, true});
        column("revert_reason", self.revert_reason,
            {"The contract's own words; NULL if it succeeded. `#7` is account 7.", {}, true});
    }
};

/// What the calls of a transaction are proven by; of those that have any.
struct WitnessRow
{
    static constexpr std::string_view table = "t_witnesses";

    std::uint64_t block_number = 0;
    std::uint32_t transaction_index = 0;
    ByteView content;

    static constexpr void describe(auto& self, auto&& column)
    {
        column("block_number", self.block_number, {"The block."});
        column("transaction_index", self.transaction_index, {"The transaction."});
        column("content", self.content,
            {"Each witness's length (2 bytes) and its bytes, in the order in which calls number "
             "them."});
    }
};

struct RewardRow
{
    static constexpr std::string_view table = "t_rewards";

    std::uint64_t block_number = 0;
    std::uint32_t reward_index = 0;
    AccountId account{};
    Amount amount;

    static constexpr void describe(auto& self, auto&& column)
    {
        column("block_number", self.block_number, {"The block."});
        column("reward_index", self.reward_index, {"From 0."});
        column("account_id", self.account, {"Who got it."});
        column("amount", self.amount, {"Exact, decimal.", unit::wei});
    }
};

/// A transaction that its block's proposer gave up.
struct DroppedRow
{
    static constexpr std::string_view table = "t_dropped_transactions";

    std::uint64_t block_number = 0;
    std::uint32_t drop_index = 0;
    AccountId sender{};
    std::uint64_t nonce = 0;
    Hash hash;
    std::uint64_t max_fee = 0;
    std::int64_t arrival_ms = 0;
    std::string_view reason;
    Hash digest;

    static constexpr void describe(auto& self, auto&& column)
    {
        column("block_number", self.block_number, {"The block at which it was given up."});
        column("drop_index", self.drop_index, {"From 0."});
        column("from_id", self.sender, {"The sender."});
        column("nonce", self.nonce, {"The sender's count of earlier transactions."});
        column("hash", self.hash, {"Of the encoded transaction, which no block has.", keccak_unit});
        column("max_fee_per_gas", self.max_fee,
            {"The most the sender would have paid, base fee included.", unit::wei_per_gas});
        column("arrival_ms", self.arrival_ms,
            {"When it reached the mempool, in virtual time since the scenario's start.",
                unit::other("ms")});
        column("reason", self.reason,
            {"Having waited for transaction_lifetime: expired (there was no room), fee_below_base "
             "(it bids less than the base fee), nonce_gap (an earlier one of its sender is "
             "missing). At once: replaced (another one with its nonce came into a block), "
             "unaffordable (its sender cannot pay gas limit times maximal fee), gas_above_block, "
             "mempool_full (it was among the cheapest)."});
        column("digest", self.digest,
            {"Of the row before's digest and of this row: what was altered later shows.",
                keccak_unit});
    }
};

/// Why a transaction's sender sent it.
struct TruthRow
{
    static constexpr std::string_view table = "t_truth_transactions";

    std::uint64_t block_number = 0;
    std::uint32_t transaction_index = 0;
    std::string_view purpose;
    std::optional<std::uint64_t> incident;
    std::optional<ContractId> token;
    std::optional<Amount> stolen;
    std::optional<AccountId> controller;

    static constexpr void describe(auto& self, auto&& column)
    {
        column("block_number", self.block_number, {"The block."});
        column("transaction_index", self.transaction_index, {"The transaction."});
        column("purpose", self.purpose,
            {"payment, trade, liquidity, lending, saving, insurance, upkeep, redemption, "
             "arbitrage, liquidation, compliance, front_running, wash_trade, fraud, phishing, "
             "attack, laundering, cash_out; unstated of block 0 and of a script that says "
             "none."});
        column("incident", self.incident,
            {"The same number for all steps of one theft, fraud or wash trade, up to the last "
             "place that the money is known to go; NULL for what is none."});
        column("token_id", self.token, {"What was to be taken, or moved on; NULL: nothing."});
        column("stolen", self.stolen,
            {"How much of it the sender meant to take with this transaction, or to move on of what "
             "was taken. Exact, decimal.",
                unit::smallest_unit_of("token")});
        column("controller_id", self.controller,
            {"Who has the say over it afterwards, whatever account holds it; NULL: not stated."});
    }
};

/// That a block's truth is as it was written.
struct TruthDigestRow
{
    static constexpr std::string_view table = "t_truth_blocks";

    std::uint64_t block_number = 0;
    Hash digest;

    static constexpr void describe(auto& self, auto&& column)
    {
        column("block_number", self.block_number, {"A block that has transactions."});
        column("digest", self.digest,
            {"Of the digest of such a block before it and of this one's rows of "
             "t_truth_transactions: what was altered later shows.",
                keccak_unit});
    }
};

/// What every row of an event's table begins with; the event's own fields follow.
struct EventPlace
{
    EventUse use = EventUse::log;
    std::uint64_t block_number = 0;
    std::uint64_t index = 0;
    std::uint32_t transaction = 0;
    ContractId contract{};

    static constexpr void describe(auto& self, auto&& column)
    {
        column("block_number", self.block_number, {"The block."});
        if (self.use == EventUse::log)
            column("log_index", self.index, {"From 0, among the logs of the block."});
        else
            column("event_index", self.index, {"From 0, among all events of the block."});
        if (self.use == EventUse::snapshot)
        {
            const std::optional<std::uint32_t> none;
            column("transaction_index", none, {"Always NULL."});
        }
        else
            column("transaction_index", self.transaction, {"The transaction."});
        column("contract_id", self.contract, {"Who emitted it."});
    }
};

/// That the chain is complete: its last block, as the scenario plans it, and its hash.
struct CompletionRow
{
    static constexpr std::string_view table = "t_completion";

    std::uint64_t block_number = 0;
    Hash head_hash;
    Hash dropped_digest;
    Hash truth_digest;
    Hash reverted_digest;

    static constexpr void describe(auto& self, auto&& column)
    {
        column("block_number", self.block_number, {"The last block."});
        column("head_hash", self.head_hash, {"Its hash.", keccak_unit});
        column("dropped_digest", self.dropped_digest,
            {"The last digest of t_dropped_transactions; zero without any.", keccak_unit});
        column("truth_digest", self.truth_digest,
            {"The last digest of t_truth_blocks; zero without any.", keccak_unit});
        column("reverted_digest", self.reverted_digest,
            {"The last digest of t_reverted_blocks; zero without any.", keccak_unit});
    }
};

struct CheckpointRow
{
    static constexpr std::string_view table = "t_checkpoints";

    std::uint64_t block_number = 0;
    std::uint64_t part = 0;
    std::string_view version;
    std::string_view name;
    Hash hash;
    ByteView content;

    static constexpr void describe(auto& self, auto&& column)
    {
        column("block_number", self.block_number, {"The block after which this was the state."});
        column("part", self.part, {"From 0."});
        column("version", self.version, {"Of Runnel and of the layout of these parts."});
        column("name", self.name,
            {"What the part holds: head, state, mempool, shared, wallets, end."});
        column("hash", self.hash,
            {"Of the hash of the part before, of the other columns and of the content.",
                keccak_unit});
        column("content", self.content, {"Canonical encodings."});
    }
};

struct MetricRow
{
    static constexpr std::string_view table = "t_run_metrics";

    std::string_view name;
    std::optional<std::uint64_t> block_number;
    double value = 0;

    static constexpr void describe(auto& self, auto&& column)
    {
        column("name", self.name, {"The metric, with its unit last: `execute_us`."});
        column("block_number", self.block_number, {"The block; NULL for the whole run."});
        column("value", self.value, {"The figure."});
    }
};

}  // namespace runnel::storage
