#pragma once

#include "analytics/report.hpp"
#include "ledger/ids.hpp"
#include "storage/database.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace runnel::analytics
{

struct BlockTotals;
struct TransactionTotals;
struct FlowTotals;
struct Positions;
struct Liquidations;

struct TokenFacts
{
    ContractId contract{};
    std::string name;  // Its symbol, or its contract's name where two share a symbol.
    unsigned decimals = 0;
};

struct ContractFacts
{
    AccountId account{};
    std::string kind;
    std::string name;
};

/// Which accounts a report groups: wallets by their group in the scenario, all others by role.
using GroupId = std::uint16_t;

struct GroupFacts
{
    std::string name;
    std::string strategy;  // Of wallets that an agent moves.
    bool wallets = false;  // Of people: agents, and those who are moved by hand.
    /// They trade and provide liquidity on their own account: their result is a figure. Wallets,
    /// accounts that scripts move, and who provides the first liquidity of a pool.
    bool has_result = false;
    std::uint64_t accounts = 0;
};

/// A ledger as the sections see it: who exists, and totals that several of them need. Totals are
/// computed when first asked for.
class LedgerQueries
{
public:
    explicit LedgerQueries(storage::Database& database);
    LedgerQueries(const LedgerQueries&) = delete;
    LedgerQueries& operator=(const LedgerQueries&) = delete;
    ~LedgerQueries();

    [[nodiscard]] storage::Statement query(std::string_view sql) { return database_.prepare(sql); }
    /// Whether the ledger has this table; event tables exist where contracts emit the event.
    [[nodiscard]] bool has(std::string_view table) const { return tables_.contains(table); }
    /// The text of a manifest's entry; empty if there is none.
    [[nodiscard]] const std::string& manifest(std::string_view key) const;

    /// False for a ledger without blocks.
    [[nodiscard]] bool has_blocks() const noexcept { return last_block_.has_value(); }
    [[nodiscard]] std::uint64_t last_block() const noexcept { return last_block_.value_or(0); }
    [[nodiscard]] std::uint64_t start_time() const noexcept { return start_time_; }
    [[nodiscard]] std::uint64_t end_time() const noexcept { return end_time_; }

    [[nodiscard]] const std::vector<TokenFacts>& tokens() const noexcept { return tokens_; }
    [[nodiscard]] const TokenFacts* token(ContractId id) const noexcept;
    [[nodiscard]] std::string token_name(ContractId id) const;
    [[nodiscard]] const std::vector<ContractFacts>& contracts() const noexcept
    {
        return contracts_;
    }
    [[nodiscard]] std::string contract_name(ContractId id) const;
    [[nodiscard]] const std::vector<GroupFacts>& groups() const noexcept { return groups_; }
    [[nodiscard]] std::size_t account_count() const noexcept { return group_of_account_.size(); }
    [[nodiscard]] GroupId group_of(AccountId account) const;
    [[nodiscard]] std::string account_name(AccountId account);
    /// An amount of @p token with its decimal point and symbol.
    [[nodiscard]] Money money(const SignedAmount& amount, ContractId token) const;

    /// Runs are cut into this many pieces of equal length for curves.
    static constexpr std::size_t piece_max = 60;
    [[nodiscard]] std::size_t pieces() const noexcept;
    [[nodiscard]] std::size_t piece_of(std::uint64_t block) const noexcept;
    /// The last block of a piece, and its time: where tables over time have their rows.
    [[nodiscard]] std::uint64_t piece_end(std::size_t piece) const noexcept;
    [[nodiscard]] std::int64_t piece_time(std::size_t piece);
    [[nodiscard]] std::size_t hour_of(std::uint64_t timestamp) const noexcept;
    [[nodiscard]] std::uint64_t time_of(std::uint64_t block);

    [[nodiscard]] const BlockTotals& blocks();
    [[nodiscard]] const TransactionTotals& transactions();
    [[nodiscard]] const FlowTotals& flows();
    [[nodiscard]] const Positions& positions();
    [[nodiscard]] const Liquidations& liquidations();

private:
    void load_contracts();
    void load_accounts();
    void load_blocks();

    storage::Database& database_;
    std::set<std::string, std::less<>> tables_;
    std::map<std::string, std::string, std::less<>> manifest_;
    std::optional<std::uint64_t> last_block_;
    std::uint64_t start_time_ = 0;
    std::uint64_t end_time_ = 0;
    std::vector<TokenFacts> tokens_;
    std::vector<ContractFacts> contracts_;
    std::vector<GroupFacts> groups_;
    std::vector<GroupId> group_of_account_;
    std::unique_ptr<BlockTotals> blocks_;
    std::unique_ptr<TransactionTotals> transactions_;
    std::unique_ptr<FlowTotals> flows_;
    std::unique_ptr<Positions> positions_;
    std::unique_ptr<Liquidations> liquidations_;
};

/// `value / total`; not known if the total is zero.
[[nodiscard]] Value share_of(double value, double total);

}  // namespace runnel::analytics
