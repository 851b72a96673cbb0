#pragma once

#include "analytics/calls.hpp"
#include "analytics/report.hpp"
#include "ledger/hash.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

namespace runnel
{
struct EventType;
}

namespace runnel::analytics
{

/// What was asked for is not in the ledger.
class NotThere : public std::runtime_error
{
    using std::runtime_error::runtime_error;
};

/// Which of many rows are shown.
struct Page
{
    std::uint64_t limit = 20;
    std::uint64_t offset = 0;
};

/// An event as it lies in its table.
struct EventNode
{
    std::uint64_t index = 0;  // Among all events of the block.
    std::string name;
    std::string contract;
    bool is_log = false;  // Else emitted beside the contracts' own, the same for all protocols.
    std::vector<Argument> arguments;
};

/// One block, transaction, account or contract.
struct Shown
{
    Report report;
    std::vector<CallNode> calls;    // Of a transaction; between the report's sections 1 and 2.
    std::vector<EventNode> events;  // Likewise.
};

/// Answers what one thing in a ledger is and what happened to it, from a few rows of many: every
/// answer needs the indexes that a run makes when it ends.
class Viewer
{
public:
    /// @p find_type: which kinds of contracts there are, for their calls and events.
    Viewer(storage::Database& database, FindType find_type);

    // All throw NotThere.
    [[nodiscard]] Shown block(std::uint64_t number, const Page& page);
    [[nodiscard]] Shown transaction(const Hash& hash);
    /// @p place: 12:0, the first of block 12.
    [[nodiscard]] Shown transaction(std::uint64_t block, std::uint64_t transaction_index);
    /// After block @p at, by default the last.
    [[nodiscard]] Shown account(
        std::string_view name, std::optional<std::uint64_t> at, const Page& page);
    [[nodiscard]] Shown contract(
        std::string_view name, std::optional<std::uint64_t> at, const Page& page);

    /// Balances are added up from the rows of an account, of which so many are read; who has more
    /// is a pool or an exchange.
    static constexpr std::uint64_t movements_max = 50'000;
    /// So many of the newest transactions are looked through for those to a contract.
    static constexpr std::uint64_t transactions_max = 20'000;

private:
    [[nodiscard]] bool has(std::string_view table);
    [[nodiscard]] std::uint64_t checked_block(std::optional<std::uint64_t> at);
    [[nodiscard]] std::string time_of(std::uint64_t block);
    [[nodiscard]] bool is_busy(AccountId account);
    /// Exact digits.
    [[nodiscard]] std::string balance_before(
        AccountId account, ContractId token, std::uint64_t block, std::uint64_t transaction);
    [[nodiscard]] Value money(std::string_view digits, ContractId token);
    /// The exact amount as text for people; nothing of nothing.
    [[nodiscard]] Value exact(std::string_view digits, ContractId token);
    [[nodiscard]] std::string reason(std::string_view text, const std::vector<CallNode>& calls);

    [[nodiscard]] Shown show_transaction(storage::Statement& row);
    [[nodiscard]] std::vector<EventNode> events_of(std::uint64_t block, std::uint64_t transaction);
    [[nodiscard]] EventNode event(const storage::Statement& row, const EventType& type,
        int first_field, std::optional<ContractId> emitter);
    [[nodiscard]] const EventType* type_of(std::string_view table, ContractId emitter);
    void add_movements(Section& section, std::uint64_t block, std::uint64_t transaction,
        AccountId sender, const std::string& fee);
    void add_balances(Section& section, AccountId account, std::uint64_t block);
    void add_loans(Section& section, AccountId account, std::uint64_t block);
    void add_positions(Section& section, AccountId account, std::uint64_t block);
    void add_stated(Section& section, const EventType& type, const NamedContract& contract,
        std::uint64_t block, std::optional<AccountId> account);
    void add_history(Section& section, AccountId account, std::uint64_t block, const Page& page);
    void add_sent(Section& section, const std::string& condition, std::uint64_t id,
        std::uint64_t block, const Page& page, std::string title);
    void add_state(Section& section, const NamedContract& contract, std::uint64_t block);

    storage::Database& database_;
    FindType find_type_;
    LedgerNames names_;
};

/// For a terminal of @p width columns, with ANSI colour if wanted.
[[nodiscard]] std::string render_shown_text(const Shown& shown, bool colour, std::size_t width);
/// One JSON object: the report's sections, and `calls` and `events` of a transaction.
[[nodiscard]] std::string render_shown_json(const Shown& shown);

}  // namespace runnel::analytics
