#pragma once

#include "scenarios/loader/document.hpp"
#include "scenarios/loader/name_table.hpp"
#include "scenarios/loader/reader.hpp"
#include "scenarios/loader/schema.hpp"

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace runnel::scenarios
{

/// Makes a scenario from a document, section by section, and writes the resolved text as it goes.
class Loader
{
public:
    Loader(const Document& document, const std::filesystem::path& folder,
        const LoadOptions& options, Scenario& scenario)
      : document_{document}, folder_{folder}, options_{options}, scenario_{scenario}
    {}

    void load(const std::string& default_name);

private:
    // ---- Common to all sections ----

    /// The tables of a section that has one per name, in the order of the names.
    struct NamedTable
    {
        const Node* node = nullptr;
        Place place;
        std::string name;
        std::string path;
    };

    void check_sections() const;
    [[nodiscard]] NamedTable single_table(std::string_view name) const;
    [[nodiscard]] std::vector<NamedTable> named_tables(
        std::string_view section_name, std::size_t count_max) const;
    void check_name(const NamedTable& table) const;
    /// Of a token or contract, whose account has the same name.
    void check_account_name(const NamedTable& table) const;

    /// What the selecting key (kind, model, ...) says; @p known are its choices, @p what they are.
    [[nodiscard]] std::string select(const NamedTable& table, const Section& section,
        const std::vector<std::string_view>& known, std::string_view what) const;
    [[nodiscard]] const Variant& select_variant(
        const NamedTable& table, const Section& section) const;
    [[nodiscard]] TableValues read(const NamedTable& table, const std::vector<Key>& keys) const;
    /// Adds a table to the resolved text.
    void resolve(const NamedTable& table, const Node::Table& canonical);

    /// Throws what a validate() found, if it found something.
    void check(const NamedTable& table, const std::string& finding) const;
    [[noreturn]] void fail_key(
        const NamedTable& table, std::string_view key, std::string_view message) const;
    [[nodiscard]] std::string place(const NamedTable& table) const
    {
        return document_.describe(table.place);
    }

    // ---- Sections, in the order of loading ----

    [[nodiscard]] const ContractType* contract_type(std::string_view kind) const;
    [[nodiscard]] std::vector<const ContractType*> contract_types(bool tokens) const;
    /// Names and decimals, before any value that may refer to them; the native coin first.
    void collect_tokens();
    [[nodiscard]] std::string token_kind(const NamedTable& table) const;
    [[nodiscard]] unsigned decimals_of(
        const NamedTable& table, const ContractType& type, unsigned depth = 0) const;
    void collect_contracts();
    void collect_groups();
    void collect_accounts();

    void read_scenario(const std::string& default_name);
    void read_chain();
    [[nodiscard]] std::uint64_t read_lifetime(const NamedTable& table, TableValues& values) const;
    void read_tokens();
    void read_prices();
    [[nodiscard]] PriceModel price_model(
        const NamedTable& table, std::string_view model, TableValues& values);
    /// Records the file's hash, and enforces it where the scenario names one.
    [[nodiscard]] CsvPrice csv_price(
        const NamedTable& table, TableValues& values, const BarOptions& bars);
    [[nodiscard]] PriceFileLayout price_layout(
        const NamedTable& table, const Parameters& parameters) const;
    /// Keeps what a table says of another token, until all prices are known.
    void note_correlation(const NamedTable& table, ContractId other, const Distribution& value);
    void correlate_prices();
    void check_common_shocks() const;
    void check_common_shocks(const PriceSpec& first, const PriceSpec& second) const;
    void check_price_model(const NamedTable& table, const PriceModel& model) const;
    /// A contract's parameter `block_seconds` is how long it takes a block to last.
    void check_block_seconds(const NamedTable& table, const Parameters& parameters) const;
    void read_contracts();
    void read_agents();
    /// A strategy's parameter `interval` is how often its wallets act of themselves.
    void check_interval(
        const NamedTable& table, const StrategyType& type, const Parameters& parameters) const;
    /// When a group's wallets arrive, if they do; else its keys leave no trace.
    void read_arrivals(const NamedTable& table, TableValues& values, AgentSpec& agent) const;
    void read_events();
    /// What a group's parameters become, the events that come before it included; returns those
    /// that it sets as they are written in the resolved text.
    [[nodiscard]] Node::Table read_group_set(
        const NamedTable& table, EventSpec& event, std::map<std::string, Node>& groups) const;
    void read_accounts();
    void read_builders();
    /// The contents of a file that a table names, unpacked.
    [[nodiscard]] std::string read_input(const NamedTable& table, const std::string& name) const;
    /// Records the hash of the file that a table names, and enforces it where the table says it;
    /// without one, of a file whose contents the scenario holds, the table must say it.
    void note_input(const NamedTable& table, TableValues& values, const std::optional<Hash>& hash);
    void read_state();
    void read_positions();
    /// Makes what a file says rows of the table, which @p with_rows keeps then; returns their
    /// lines.
    std::vector<std::uint32_t> read_position_rows(
        NamedTable& table, const std::vector<Key>& keys, TableValues& values, Node& with_rows);
    void check_position_account(const NamedTable& table, const std::string& account) const;
    void read_script();
    // ---- consensus.cpp ----
    void read_consensus();
    /// The table of a section that is within another one: [consensus.pow].
    [[nodiscard]] NamedTable inner_table(std::string_view outer, std::string_view name) const;
    [[nodiscard]] std::vector<NamedTable> inner_tables(
        std::string_view outer, std::string_view name) const;
    /// The outer one's own keys.
    [[nodiscard]] TableValues read_outer(std::string_view name);
    void read_network(ConsensusSetup& setup);
    void read_regions(NetworkModel& model, const std::vector<NamedTable>& tables);
    void read_pow(PowOptions& options);
    void read_pools(PowOptions& options);
    void read_groups(ConsensusSetup& setup);
    /// Accounts that a network brings along are called like nobody else.
    void check_reserved_names() const;
    void read_faults(ConsensusSetup& setup);
    void check_fault(
        const NamedTable& table, const NetworkFault& fault, const ConsensusSetup& setup) const;
    // ---- consensus_bft.cpp ----
    void read_bft(BftOptions& options);
    [[nodiscard]] BftGroup bft_group(
        const NamedTable& table, std::string_view strategy, const TableValues& values) const;
    /// A signature can be forged where there are any.
    void check_flaw(const NamedTable& table, BlockFlaw flaw) const;
    /// What depends on all groups.
    void finish_bft(ConsensusSetup& setup);
    void read_stake_operations(BftOptions& options);
    // ---- consensus_gasper.cpp ----
    void read_gasper(GasperOptions& options);
    [[nodiscard]] GasperGroup gasper_group(
        const NamedTable& table, std::string_view strategy, const TableValues& values) const;
    /// What depends on all groups.
    void finish_gasper(ConsensusSetup& setup);
    void read_gasper_orders(GasperOptions& options);
    void read_script_line(const NamedTable& table);
    /// Where contracts will be that lines deploy and name.
    void find_created();

    const Document& document_;
    const std::filesystem::path& folder_;
    const LoadOptions& options_;
    Scenario& scenario_;
    Names names_;
    std::vector<NamedTable> token_tables_;  // The native coin first.
    std::vector<NamedTable> contract_tables_;
    struct WrittenCorrelation
    {
        NamedTable table;
        std::string other;
        double value = 0;
    };
    std::vector<WrittenCorrelation> correlations_;
    std::vector<NamedTable> agent_tables_;
    std::vector<NamedTable> account_tables_;
    const Node default_native_{Node::Table{{"kind", {}, Node{std::string{native_kind}}}}, {1, 0}};
};

/// A section's common keys, and the parameters of a kind or strategy after them.
[[nodiscard]] std::vector<Key> with_parameters(
    std::vector<Key> keys, const std::vector<ParameterSpec>& specs);
/// Reads a regular file of at most @p bytes_max bytes; says what it is instead if it cannot.
[[nodiscard]] ReadResult<std::string> read_file(
    const std::filesystem::path& file, std::size_t bytes_max);

}  // namespace runnel::scenarios
