#pragma once

#include "consensus/block_times.hpp"
#include "consensus/mempool.hpp"
#include "consensus/setup.hpp"
#include "ledger/block.hpp"
#include "ledger/parameters.hpp"
#include "ledger/signature.hpp"
#include "scenarios/prices.hpp"
#include "scenarios/script.hpp"
#include "strategies/api/strategy.hpp"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace runnel::scenarios
{

/// [chain]. The defaults of all keys are in schema.cpp.
struct ChainSpec
{
    std::uint32_t validators = 0;
    Distribution stake;        // Native coins per validator.
    double participation = 0;  // Probability that a validator attests a block.
    FeeSchedule fees;
    Ordering ordering = Ordering::priority_fee;
    std::uint32_t mempool_size = 0;             // Transactions; the cheapest are evicted.
    std::uint64_t transaction_lifetime_ms = 0;  // In the mempool, then it is dropped.
    std::int64_t mempool_seen_at_ms = 0;        // Into the slot, by those who watch it.
    Amount block_reward;  // Wei, newly minted: an eighth to the proposer, the rest to the attesters
                          // by stake.
    std::uint64_t checkpoint_interval = 0;               // Blocks between full checks of the state.
    SignatureScheme signatures = SignatureScheme::none;  // How transactions are signed.
    // With the ordering `builders`:
    std::uint64_t inclusion_list_gas = 0;  // 0: proposers make no lists.
    std::optional<ContractId> relay = {};  // Where bids are published.
};

/// [builders.NAME]: somebody who builds blocks and bids for slots.
struct BuilderEntry
{
    std::string name;
    std::string account;  // Of [accounts].
    double order_flow = 1;
    double margin = 0;
    std::string censors;  // A group; empty: nobody.
    std::string place;
};

/// [tokens.NAME]
struct TokenSpec
{
    std::string name;
    const ContractType* type = nullptr;
    Parameters parameters;
    std::uint8_t decimals = 18;
    std::string place;  // "FILE:LINE", for errors found later; likewise below.
};

/// [prices.NAME]
struct PriceSpec
{
    std::string token;
    PriceModel model;
    std::string place;
};

/// [contracts.NAME]
struct ContractSpec
{
    std::string name;
    const ContractType* type = nullptr;
    Parameters parameters;
    std::string place;
};

/// [agents.NAME]
struct AgentSpec
{
    std::string name;
    const StrategyType* strategy = nullptr;
    std::uint32_t count = 0;
    std::vector<std::pair<ContractId, Distribution>> funds;  // Whole tokens per wallet.
    Distribution priority_fee;           // Gwei per gas, drawn per wallet: its habitual tip.
    Distribution max_base_fee_multiple;  // A bid's room for the base fee to rise.
    Distribution max_fee;                // Gwei per gas: the highest fee it pays at all.
    Parameters parameters;               // The strategy's own.
    std::string place;
    // Wallets that block 0 does not have.
    std::int64_t arrive_ms = 0;   // From then on,
    double arrivals_per_day = 0;  // so many a day; 0: all at once,
    std::int64_t until_ms = 0;    // up to then; 0: to the end.
    std::string funded_by = {};   // Of [accounts]; empty: they are there.

    [[nodiscard]] bool arrives() const noexcept { return !funded_by.empty(); }
};

/// [events.NAME]: something happens outside the chain.
struct EventSpec
{
    enum class Action : std::uint8_t
    {
        price_shock,  // Multiplies a token's reference price from this block on.
        price_set,    // Draws it to a value, from where it moves on.
        group_stop,   // A group's wallets decide nothing for a time.
        group_set,    // A group's wallets have other parameters from this block on.
    };
    std::string name;
    std::uint64_t at_block = 0;
    Action action = Action::price_shock;
    std::string token;
    double factor = 1;
    std::uint64_t price = 0;       // 1e-8 USD.
    std::int64_t duration_ms = 0;  // Of the way to the price; of the stop, 0: for ever.
    std::string group;
    Parameters parameters = {};  // All of the group's, as they are then.
    std::vector<std::pair<std::string, std::string>> changed = {};  // Those set, as TOML.
    std::string place = {};
};

/// [accounts.NAME]: an account that scripts move.
struct AccountSpec
{
    std::string name;
    std::vector<std::pair<ContractId, Amount>> funds;  // Smallest units.
    std::string place;
};

/// [state.NAME]: records that the world begins with.
struct StateSpec
{
    std::string name;
    std::string file;                         // As the scenario writes it; empty: none.
    std::shared_ptr<const std::string> rows;  // CSV: the file's contents, or the scenario's own.
    std::string place;
};

/// So much of a token; 0: nothing.
struct Holding
{
    ContractId token = no_contract;
    Amount amount;
};

/// What one account has and owes at block 0, or what it has provided or allows to be spent.
struct PositionRow
{
    std::string account;  // GROUP/NUMBER, of [accounts], or a name of its own.
    /// Or what is provided, of no_contract: of the pool's shares or of liquidity in the range; or
    /// what may be spent.
    Holding collateral = {};
    Holding debt = {};
    std::int32_t tick_lower = 0;  // Liquidity in a range; equal ones: not in one.
    std::int32_t tick_upper = 0;
    std::uint32_t line = 0;  // Of the file; 0: of none.

    [[nodiscard]] bool has_range() const noexcept { return tick_lower != tick_upper; }
};

/// [positions.NAME]: what accounts have at protocols at block 0.
struct PositionsSpec
{
    enum class By : std::uint8_t
    {
        rows,
        loan_to_value,
        health_factor,
        debt,
        liquidity,  // In an exchange's pool instead of a market.
        allowance,  // That a contract may spend.
    };
    std::string name;
    ContractId market{};  // Or the pool, or who may spend.
    By by = By::rows;
    std::vector<PositionRow> rows;
    // Else of every wallet of a group, or of as many accounts NAME/NUMBER.
    std::string group;
    std::uint32_t count = 0;
    ContractId collateral{};  // Or the token provided or allowed.
    ContractId debt{};
    Distribution collateral_amount;  // Whole tokens.
    Distribution size;               // What `by` says; a debt in whole tokens.
    bool beyond_ltv = false;         // Also what the market would not lend at its prices.
    std::string place;
};

/// A file the scenario read, and its hash: part of what determines a run.
struct InputFile
{
    std::string path;  // As the scenario writes it.
    Hash hash;
};

/// A scenario file, checked and with every default filled in.
///
/// Contract ids: the native coin is 0, then tokens in the order of their names, then contracts in
/// the order of theirs. Parameters hold these ids already.
struct Scenario
{
    std::string name;
    std::string title;
    std::string description;
    std::uint64_t seed = 1;
    std::uint64_t blocks = 0;
    std::uint32_t slot_seconds = 12;
    std::uint64_t start = 0;     // Unix seconds of block 0.
    BlockTimes times;            // Where blocks are not a slot apart.
    std::uint64_t retold = 0;    // The block of another chain that block 0 stands for; 0: none.
    std::string allow_warnings;  // Words CODE or CODE:SUBJECT, see scenarios/lint.hpp.
    ChainSpec chain;
    ConsensusSetup consensus;
    std::vector<TokenSpec> tokens;        // By contract id.
    std::vector<ContractSpec> contracts;  // Ids follow the tokens'.
    std::vector<PriceSpec> prices;
    std::vector<AgentSpec> agents;         // In the order of their names.
    std::vector<EventSpec> events;         // In the order of their names.
    std::vector<AccountSpec> accounts;     // In the order of their names.
    std::vector<BuilderEntry> builders;    // Likewise.
    std::vector<StateSpec> state;          // In the order of their names.
    std::vector<PositionsSpec> positions;  // In the order of their names.
    std::vector<ScriptLine> script;        // In the order of the file.
    std::vector<CreatedContract> created;  // By its lines.
    std::vector<InputFile> inputs;
    /// What [prices] and events give, by token id; nullptr where input files were not opened. The
    /// hash is that of the ledger's rows (storage::hash_of_prices).
    std::shared_ptr<const std::vector<PricePath>> price_paths;
    Hash price_hash;
    std::string source_text;    // The file as it was read.
    std::string resolved_text;  // TOML with every default: reproduces the run.

    /// How long price paths are: of block 0 too, as long as a path may be; the last price holds
    /// after its end.
    [[nodiscard]] std::size_t price_count() const noexcept
    {
        constexpr std::uint64_t paths_max = 100'000'000;
        return static_cast<std::size_t>(std::min(blocks + 1, paths_max));
    }
};

/// One line: `FILE:LINE: KEY: expected ..., got ...`, or with `--set PATH` as the place.
struct ScenarioError
{
    std::string message;
};

/// A `--set path=value` of the command line; the value is TOML, or a bare word taken as a string.
struct Override
{
    std::string path;
    std::string value;
};

/// The kinds of contracts and strategies that a scenario may name.
struct Catalogue
{
    std::span<const ContractType* const> contracts;
    std::span<const StrategyType* const> strategies;
};
/// All that are registered.
[[nodiscard]] Catalogue standard_catalogue();

struct LoadOptions
{
    Catalogue catalogue = standard_catalogue();
    /// False to read a scenario whose input files are elsewhere (a manifest's, to verify a chain):
    /// the hashes it records stand for them.
    bool open_input_files = true;
};

/// Reads, overrides, checks and resolves a scenario. Relative paths in it are relative to its file.
[[nodiscard]] tl::expected<Scenario, ScenarioError> load_scenario(const std::filesystem::path& file,
    const std::vector<Override>& overrides, const LoadOptions& options = {});
/// The same from text (a manifest's resolved scenario); errors say @p name instead of the file.
[[nodiscard]] tl::expected<Scenario, ScenarioError> parse_scenario(std::string_view text,
    const std::string& name, const std::filesystem::path& folder,
    const std::vector<Override>& overrides, const LoadOptions& options = {});

/// The Markdown reference of all keys, made from the loader's own tables.
[[nodiscard]] std::string scenario_reference(const Catalogue& catalogue = standard_catalogue());

}  // namespace runnel::scenarios
