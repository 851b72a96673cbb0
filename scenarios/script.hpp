#pragma once

#include "consensus/script.hpp"
#include "state/contract.hpp"

#include <tl/expected.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

/// Exact stories: what a scenario's [[script]] tables say, and how it is compared with what comes.
namespace runnel::scenarios
{

/// A number that must come: exactly one, or a range.
struct ExpectedNumber
{
    Amount at_least;
    Amount at_most;
    // How people write it.
    std::string unit;  // Empty: an integer of smallest units.
    unsigned decimals = 0;
};

/// Where an expectation is written.
struct ExpectationPlace
{
    std::string place;  // "FILE:LINE", or "--set PATH".
    std::string key;    // Of `expect`: "events[0]".
};

/// The value of one field of an event or of a row of state.
struct ExpectedField
{
    struct Account
    {
        std::string name;
    };
    using Value =
        std::variant<ExpectedNumber, Int256, std::int64_t, bool, std::string, Account, ContractId>;

    std::string name;
    Value value;
    std::string place;
};

/// An event that a contract must emit, or a row that its state must have: by the fields that are
/// given.
struct ExpectedRow
{
    ContractId contract{};
    const EventType* type = nullptr;
    std::vector<ExpectedField> fields;
    ExpectationPlace at;
};

struct ExpectedBalance
{
    std::string account;
    ContractId token{};
    ExpectedNumber amount;
    ExpectationPlace at;
};

struct ExpectedHealth
{
    std::string account;
    ContractId market{};
    ExpectedNumber factor;  // Wad.
    ExpectationPlace at;
};

/// A number that a transaction has by itself: what it returned, the gas it used.
struct ExpectedFigure
{
    ExpectedNumber number;
    ExpectationPlace at;
};

/// What must be so right after a transaction.
struct Expectations
{
    struct AnyReason
    {};
    /// Empty: it must succeed.
    std::optional<std::variant<AnyReason, std::string>> reverts;
    std::string reverts_place;            // Empty: that of the line.
    std::vector<ExpectedFigure> returns;  // Of the last call, from the first on.
    std::optional<ExpectedFigure> gas_used;
    std::vector<ExpectedBalance> balances;
    // What the transaction has added to a balance, or taken from it.
    std::vector<ExpectedBalance> gains;
    std::vector<ExpectedBalance> losses;
    std::vector<ExpectedRow> events;  // In this order, others between them.
    std::vector<ExpectedRow> state;
    std::vector<ExpectedHealth> health_factors;
};

/// One [[script]] table.
struct ScriptLine
{
    std::uint64_t at_block = 0;
    std::string from;
    /// Encoded, but that an account's id is its position in `accounts`.
    Bytes calls;
    std::vector<std::string> accounts;  // By name, or as 0x and 40 digits.
    std::uint64_t gas_limit = 0;        // 0: enough for the calls.
    std::optional<std::uint64_t> max_fee;
    std::uint64_t priority_fee = 0;  // Wei per gas; likewise max_fee.
    Motive motive;                   // But for its controller:
    std::string controller;          // a name, or empty.
    Expectations expect;
    std::string place;  // "FILE:LINE".
    std::string path;   // "script[0]", with its name behind it if it has one.
};

/// A contract that a line deploys and gives a name. In calls and expectations it has the id behind
/// those of block 0 and of the ones before it.
struct CreatedContract
{
    std::string name;
    const ContractType* type = nullptr;
    std::size_t line = 0;  // Of the script.
    Address address;
};

struct ScenarioError;

/// Names become accounts of @p world, at genesis, before block 0. @p payments, those that bring
/// wallets, stand behind the lines of their block.
/// Errors: an account that is not there, lines of one block whose gas limits do not fit in it;
/// where transactions are signed, a sender without a key.
[[nodiscard]] tl::expected<Script, ScenarioError> make_script(const std::vector<ScriptLine>& lines,
    const std::vector<CreatedContract>& created, const std::vector<ScriptLine>& payments,
    const World& world, std::uint64_t block_gas_limit,
    SignatureScheme signatures = SignatureScheme::none);

/// What came of a script.
struct ScriptReport
{
    std::size_t executed = 0;              // Transactions.
    std::size_t expectations = 0;          // That were compared, success of a line included.
    std::size_t arrived = 0;               // Wallets that a payment has brought,
    std::vector<std::string> not_arrived;  // and one line for each that it has not.
    std::vector<std::string> failures;     // One line each: where, what was expected, what came.
};

/// A field of an event or a row that is not as expected.
struct FieldMismatch
{
    std::string field;
    std::string place;
    std::string expected;
    std::string got;
};

/// Compares. Asked for its report by whoever owns it, when the run is over.
class ScriptComparison final : public ScriptObserver
{
public:
    explicit ScriptComparison(
        std::vector<ScriptLine> lines, std::vector<CreatedContract> created = {});

    void begins(std::size_t line, const World& world, const BlockContext& block) override;
    void executed(std::size_t line, const ExecutedTransaction& transaction) override;
    void ended(
        const ScriptedTransaction& transaction, const std::optional<Refusal>& refusal) override;
    void left_out(std::size_t line, std::uint64_t block, std::uint64_t base_fee) override;
    [[nodiscard]] const ScriptReport& report() const noexcept { return report_; }

private:
    void fail(const ScriptLine& line, const ExpectationPlace& at, const std::string& expected,
        const std::string& got);
    void fail_row(const ScriptLine& line, const ExpectedRow& row,
        const std::vector<FieldMismatch>& nearest, const std::string& missing);
    /// False where the line succeeded instead of reverting, or the other way round.
    [[nodiscard]] bool compare_outcome(
        const ScriptLine& line, const ExecutedTransaction& transaction);
    void compare_figures(const ScriptLine& line, const ExecutedTransaction& transaction);
    void compare_events(const ScriptLine& line, const ExecutedTransaction& transaction);
    void compare_state(const ScriptLine& line, const ExecutedTransaction& transaction);
    void compare_balances(const ScriptLine& line, const ExecutedTransaction& transaction);
    /// @p before: what each had before the transaction.
    void compare_changes(const ScriptLine& line, const std::vector<ExpectedBalance>& changes,
        bool are_gains, const std::vector<Amount>& before, const ExecutedTransaction& transaction);
    void compare_health(const ScriptLine& line, const ExecutedTransaction& transaction);

    /// The contract that has this id in the script; no_contract as long as nobody has deployed it.
    [[nodiscard]] ContractId find(ContractId contract, const World& world) const;
    [[nodiscard]] std::string name_of(ContractId contract, const World& world) const;
    [[nodiscard]] ExpectedRow find(ExpectedRow row, const World& world) const;

    /// What an account holds as the block that is under way has it.
    [[nodiscard]] Amount balance_of(
        const World& world, const BlockContext& block, const ExpectedBalance& of) const;

    static constexpr std::size_t none = ~std::size_t{0};

    std::vector<ScriptLine> lines_;
    std::vector<CreatedContract> created_;
    std::vector<std::size_t> next_in_block_;  // By line; none of a block's last.
    std::vector<std::size_t> left_out_;       // Of the block under way.
    // Balances that the next line is to change.
    std::vector<Amount> gaining_;
    std::vector<Amount> losing_;
    ScriptReport report_;
};

}  // namespace runnel::scenarios
