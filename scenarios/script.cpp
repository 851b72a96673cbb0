#include "scenarios/script.hpp"

#include "contracts/kit/sectors/lending.hpp"
#include "execution/gas.hpp"
#include "ledger/check.hpp"
#include "scenarios/genesis.hpp"
#include "scenarios/loader/schema.hpp"
#include "scenarios/loader/units.hpp"
#include "scenarios/scenario.hpp"
#include "state/references.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <span>
#include <utility>

namespace runnel::scenarios
{
namespace
{

tl::unexpected<ScenarioError> refuse(const ScriptLine& line, std::string_view message)
{
    return tl::unexpected{ScenarioError{fmt::format("{}: {}: {}", line.place, line.path, message)}};
}

/// Stands for a contract that is still to be deployed: people know what it will be.
class Placeholder final : public Contract
{
public:
    explicit Placeholder(const ContractType& type) : Contract{{}}, type_{type} {}

    [[nodiscard]] const ContractType& type() const override { return type_; }
    bool declare(const CallView&, AccountId, AccessCollector&) const override { return false; }
    Result<Returns> execute(const CallView&, CallContext&) override
    {
        return fail(Refusal::ledger("no such contract or method"));
    }

private:
    const ContractType& type_;
};

/// Contracts that a script's lines deploy, by the ids that they have in it.
class Created
{
public:
    Created(const std::vector<CreatedContract>& contracts, const World& world)
      : contracts_{contracts}, first_{world.known_contracts()}
    {
        for (const auto& contract : contracts)
            placeholders_.push_back(std::make_unique<Placeholder>(*contract.type));
    }
    /// nullptr for a contract of block 0.
    [[nodiscard]] const CreatedContract* find(ContractId id) const
    {
        const auto place = index(id) - first_;
        return index(id) < first_ || place >= contracts_.size() ? nullptr : &contracts_[place];
    }
    [[nodiscard]] const Contract* placeholder(ContractId id) const
    {
        return find(id) == nullptr ? nullptr : placeholders_[index(id) - first_].get();
    }

private:
    const std::vector<CreatedContract>& contracts_;
    std::size_t first_;
    std::vector<std::unique_ptr<Placeholder>> placeholders_;
};

/// Positions in a line's list of accounts to accounts.
class AccountFiller final : public IdMapper
{
public:
    AccountFiller(
        const World& world, const Created& created, const ScriptLine& line, CallWriter& calls)
      : world_{world}, created_{created}, line_{line}, calls_{calls}
    {}
    /// A name that nobody has.
    [[nodiscard]] const std::string& unknown() const noexcept { return unknown_; }

private:
    [[nodiscard]] AccountId map_account(AccountId position) override
    {
        const auto& name = line_.accounts.at(index(position));
        if (const auto account = world_.find_account(name))
            return *account;
        if (const auto address = expected_address(world_, name))
            return calls_.account_at(*address);
        if (const auto address = Address::from_string(name))
        {
            const auto known = world_.find_account(*address);
            return known ? *known : calls_.account_at(*address);
        }
        unknown_ = name;
        return zero_account;
    }
    [[nodiscard]] ContractId map_contract(ContractId contract) override
    {
        const auto* created = created_.find(contract);
        return created == nullptr ? contract : calls_.contract_at(created->address);
    }
    [[nodiscard]] const Contract* find(ContractId before, ContractId) const override
    {
        const auto* created = created_.placeholder(before);
        return created != nullptr ? created : world_.find_contract(before);
    }

    const World& world_;
    const Created& created_;
    const ScriptLine& line_;
    CallWriter& calls_;
    std::string unknown_;
};

/// What a call that deploys may charge beyond its figure.
constexpr std::uint64_t deployment_gas = 3'000'000;

/// Twice what calls need as they are estimated, since further hops and first deposits cost more.
/// What is not used is not paid.
/// @p calls has the script's ids.
std::uint64_t default_gas_limit(const World& world, const Created& created, ByteView calls)
{
    auto gas = 2 * gas_figure_of(world, calls);
    CallReader reader{calls};
    while (const auto call = reader.next())
    {
        if (const auto* made = created.find(call->contract); made != nullptr)
        {
            gas += 2 * made->type->methods.at(call->method).gas;
            continue;
        }
        const auto* contract = world.find_contract(call->contract);
        if (contract != nullptr && !contract->type().deploys.empty())
            gas += deployment_gas;
    }
    return gas;
}

std::string shown(const Amount& amount, const ExpectedNumber& like)
{
    if (amount == Amount::max())
        return "max";
    return like.unit.empty()
               ? amount.to_string()
               : fmt::format("{} {}", format_decimal(amount, like.decimals), like.unit);
}

std::string shown(const ExpectedNumber& number)
{
    if (number.at_least == number.at_most)
        return shown(number.at_least, number);
    return number.at_most == Amount::max()
               ? fmt::format("at least {}", shown(number.at_least, number))
               : fmt::format(
                     "{} to {}", shown(number.at_least, number), shown(number.at_most, number));
}

bool fits(const Amount& amount, const ExpectedNumber& number)
{
    return amount >= number.at_least && amount <= number.at_most;
}

/// The fields of one event by name.
class FieldCollector final : public ColumnSink, public ValueSink
{
public:
    using Value =
        std::variant<Amount, Int256, std::int64_t, AccountId, ContractId, bool, std::string>;

    FieldCollector(const EventType& type, ByteView encoded)
    {
        type.columns(*this);
        is_read_ = type.values(encoded, *this);
    }
    [[nodiscard]] const Value* find(const std::string& name) const
    {
        const auto found = values_.find(name);
        return is_read_ && found != values_.end() ? &found->second : nullptr;
    }

private:
    void column(std::string_view name, ColumnKind, const runnel::Unit&) override
    {
        names_.emplace_back(name);
    }
    void amount(const Amount& value) override { put(value); }
    void signed_amount(const Int256& value) override { put(value); }
    void integer(std::int64_t value) override { put(value); }
    void account(AccountId value) override { put(value); }
    void contract(ContractId value) override { put(value); }
    void boolean(bool value) override { put(value); }
    void text(std::string_view value) override { put(std::string{value}); }
    void put(Value value) { values_.insert_or_assign(names_.at(next_++), std::move(value)); }

    std::vector<std::string> names_;
    std::map<std::string, Value, std::less<>> values_;
    std::size_t next_ = 0;
    bool is_read_ = false;
};

std::optional<FieldMismatch> compare_field(
    const ExpectedField& field, const FieldCollector& row, const World& world)
{
    const auto* value = row.find(field.name);
    const auto account_name = [&](AccountId id)
    {
        const auto& info = world.account(id);
        return info.name;
    };
    const auto wrong = [&](std::string expected, std::string got) {
        return FieldMismatch{field.name, field.place, std::move(expected), std::move(got)};
    };
    if (value == nullptr)
        return wrong("a value", "none");
    if (const auto* number = std::get_if<ExpectedNumber>(&field.value))
    {
        const auto& amount = std::get<Amount>(*value);
        if (!fits(amount, *number))
            return wrong(shown(*number), shown(amount, *number));
    }
    else if (const auto* signed_number = std::get_if<Int256>(&field.value))
    {
        const auto& got = std::get<Int256>(*value);
        if (got != *signed_number)
            return wrong(signed_number->to_string(), got.to_string());
    }
    else if (const auto* integer = std::get_if<std::int64_t>(&field.value))
    {
        const auto got = std::get<std::int64_t>(*value);
        if (got != *integer)
            return wrong(std::to_string(*integer), std::to_string(got));
    }
    else if (const auto* flag = std::get_if<bool>(&field.value))
    {
        const auto got = std::get<bool>(*value);
        if (got != *flag)
            return wrong(fmt::to_string(*flag), fmt::to_string(got));
    }
    else if (const auto* text = std::get_if<std::string>(&field.value))
    {
        const auto& got = std::get<std::string>(*value);
        if (got != *text)
            return wrong(*text, got);
    }
    else if (const auto* contract = std::get_if<ContractId>(&field.value))
    {
        const auto got = std::get<ContractId>(*value);
        if (got != *contract)
        {
            return wrong(*contract == no_contract ? "one that is deployed"
                                                  : world.contract(*contract).name(),
                got == no_contract ? "none" : world.contract(got).name());
        }
    }
    else
    {
        const auto& name = std::get<ExpectedField::Account>(field.value).name;
        const auto got = std::get<AccountId>(*value);
        const auto address = Address::from_string(name);
        if (account_name(got) != name && !(address && world.account(got).address == *address))
            return wrong(name, account_name(got));
    }
    return std::nullopt;
}

/// The first row from @p first on that is as expected; else what is wrong with the one that comes
/// nearest, if there is one of this kind at all.
struct Found
{
    std::optional<std::size_t> position;
    std::vector<FieldMismatch> nearest;
};

/// Says whose row it is rather than how much.
bool is_name(const ExpectedField& field) noexcept
{
    return std::holds_alternative<ExpectedField::Account>(field.value) ||
           std::holds_alternative<ContractId>(field.value) ||
           std::holds_alternative<std::string>(field.value);
}

Found find_row(const ExpectedRow& expected, std::span<const EventRecord> events, ByteView bytes,
    std::size_t first, const World& world)
{
    Found found;
    // Names first: a wrong number of the right account is nearer than the right one of another.
    std::pair<std::size_t, std::size_t> most;
    for (auto i = first; i < events.size(); ++i)
    {
        const auto& event = events[i];
        if (event.type != expected.type || event.contract != expected.contract)
            continue;
        const FieldCollector row{*event.type, bytes.subspan(event.offset, event.size)};
        std::pair<std::size_t, std::size_t> right;
        std::vector<FieldMismatch> mismatches;
        for (const auto& field : expected.fields)
        {
            if (auto wrong = compare_field(field, row, world))
                mismatches.push_back(std::move(*wrong));
            else
                ++(is_name(field) ? right.first : right.second);
        }
        if (mismatches.empty())
        {
            found.position = i;
            return found;
        }
        if (found.nearest.empty() || right > most)
        {
            most = right;
            found.nearest = std::move(mismatches);
        }
    }
    return found;
}

/// As receipts word it, but with names for the numbers of accounts.
std::string reason_of(const Refusal& refusal, const World& world)
{
    auto reason = refusal.to_string();
    for (std::uint8_t i = refusal.argument_count; i-- > 0;)
    {
        if ((refusal.account_mask >> i & 1U) == 0)
            continue;
        const AccountId account{static_cast<std::uint32_t>(refusal.arguments.at(i).low64())};
        const auto number = fmt::format("#{}", index(account));
        const auto at = reason.rfind(number);
        if (at != std::string::npos && index(account) < world.account_count())
            reason.replace(at, number.size(), world.account(account).name);
    }
    return reason;
}

/// A custom error may be named without its arguments.
bool is_reason(std::string_view wanted, std::string_view reason, const Refusal& refusal)
{
    return wanted == reason || (refusal.kind == RefusalKind::custom && wanted == refusal.text);
}

/// The account that an expectation speaks of; nobody may have that address yet.
std::optional<AccountId> find_account(const World& world, const std::string& name)
{
    if (const auto account = world.find_account(name))
        return account;
    const auto address = Address::from_string(name);
    return address ? world.find_account(*address) : std::nullopt;
}

}  // namespace

tl::expected<Script, ScenarioError> make_script(const std::vector<ScriptLine>& lines,
    const std::vector<CreatedContract>& created, const std::vector<ScriptLine>& payments,
    const World& world, std::uint64_t block_gas_limit, SignatureScheme signatures)
{
    const Created created_contracts{created, world};
    std::vector<ScriptedTransaction> transactions;
    std::map<std::uint64_t, std::uint64_t> gas_of_block;
    for (std::size_t i = 0; i < lines.size() + payments.size(); ++i)
    {
        const auto& line = i < lines.size() ? lines[i] : payments[i - lines.size()];
        ScriptedTransaction scripted;
        if (i >= lines.size())
            scripted.description = fmt::format("{}: {}", line.place, line.path);
        scripted.block = line.at_block;
        scripted.has_max_fee = line.max_fee.has_value();
        auto& transaction = scripted.transaction;
        const auto sender = world.find_account(line.from);
        RUNNEL_CHECK(sender.has_value() && "the loader knows the scenario's accounts");
        transaction.sender = *sender;
        if (signatures != SignatureScheme::none &&
            world.account(*sender).address != key_address_of_name(line.from))
        {
            return refuse(
                line, fmt::format("from: expected an account with a key, of [accounts] or a group, "
                                  "since chain.signatures is \"{}\", got \"{}\"",
                          to_string(signatures), line.from));
        }
        CallWriter calls;
        AccountFiller filler{world, created_contracts, line, calls};
        Bytes encoded;
        filler.map_calls(line.calls, encoded);
        if (!filler.unknown().empty())
        {
            return refuse(line,
                fmt::format("expected an account of [accounts], a group, a token, a contract or "
                            "an address, got \"{}\"",
                    filler.unknown()));
        }
        calls.add_encoded(encoded);
        write_calls(transaction, world, calls);
        transaction.gas_limit =
            line.gas_limit != 0 ? line.gas_limit
                                : std::min(default_gas_limit(world, created_contracts, line.calls),
                                      block_gas_limit);
        transaction.motive = line.motive;
        if (!line.controller.empty())
        {
            const auto controller = world.find_account(line.controller);
            if (!controller)
            {
                return refuse(line,
                    fmt::format("controller: expected an account, got \"{}\"", line.controller));
            }
            transaction.motive.controller = *controller;
        }
        transaction.max_priority_fee = line.priority_fee;
        transaction.max_fee = line.max_fee.value_or(0);
        auto& gas = gas_of_block[line.at_block];
        gas += transaction.gas_limit;
        if (gas > block_gas_limit)
        {
            return refuse(
                line, fmt::format("expected lines of block {} whose gas limits fit together in the "
                                  "block's, {}, got {}",
                          line.at_block, block_gas_limit, gas));
        }
        for (const auto* balances :
            {&line.expect.balances, &line.expect.gains, &line.expect.losses})
        {
            for (const auto& balance : *balances)
            {
                const auto* made = created_contracts.find(balance.token);
                const bool is_token = made != nullptr
                                          ? is_token_type(*made->type)
                                          : world.contract(balance.token).token_info().has_value();
                if (!is_token)
                {
                    return refuse(line,
                        fmt::format("{}: expected a token, got {}", balance.at.key,
                            made != nullptr ? made->name : world.contract(balance.token).name()));
                }
            }
        }
        transactions.push_back(std::move(scripted));
    }
    return Script{std::move(transactions), signatures};
}

ScriptComparison::ScriptComparison(
    std::vector<ScriptLine> lines, std::vector<CreatedContract> created)
  : lines_{std::move(lines)}, created_{std::move(created)}, next_in_block_(lines_.size(), none)
{
    std::map<std::uint64_t, std::size_t> last_of_block;
    for (std::size_t i = 0; i < lines_.size(); ++i)
    {
        const auto [last, is_first] = last_of_block.try_emplace(lines_[i].at_block, i);
        if (!is_first)
            next_in_block_[last->second] = i;
        last->second = i;
    }
}

ContractId ScriptComparison::find(ContractId contract, const World& world) const
{
    if (index(contract) < world.known_contracts())
        return contract;
    const auto place = index(contract) - world.known_contracts();
    const auto* found =
        place < created_.size() ? world.find_contract(created_[place].address) : nullptr;
    return found != nullptr ? found->id() : no_contract;
}

std::string ScriptComparison::name_of(ContractId contract, const World& world) const
{
    const auto known = world.known_contracts();
    return index(contract) < known ? world.contract(contract).name()
                                   : created_.at(index(contract) - known).name;
}

ExpectedRow ScriptComparison::find(ExpectedRow row, const World& world) const
{
    row.contract = find(row.contract, world);
    for (auto& field : row.fields)
    {
        if (auto* contract = std::get_if<ContractId>(&field.value))
            *contract = find(*contract, world);
    }
    return row;
}

void ScriptComparison::ended(
    const ScriptedTransaction& transaction, const std::optional<Refusal>& refusal)
{
    if (!refusal)
        ++report_.arrived;
    else
    {
        report_.not_arrived.push_back(
            fmt::format("{}: expected success, got a revert: {} (block {})",
                transaction.description, refusal->to_string(), transaction.block));
    }
}

Amount ScriptComparison::balance_of(
    const World& world, const BlockContext& block, const ExpectedBalance& of) const
{
    const auto account = find_account(world, of.account);
    const auto* token = world.find_contract(find(of.token, world));
    if (!account || token == nullptr)
        return {};
    // A dry run changes nothing.
    WorkerArena arena;
    TransactionScope scope{world, block, {}, arena, 0, AccessPolicy::dry};
    CallContext context{scope, *account};
    return token->balance_of(context, *account).value_or(0);
}

void ScriptComparison::begins(std::size_t line, const World& world, const BlockContext& block)
{
    gaining_.clear();
    losing_.clear();
    if (line >= lines_.size())
        return;  // A payment that brings a wallet.
    const auto note = [&](const std::vector<ExpectedBalance>& changes, std::vector<Amount>& before)
    {
        for (const auto& change : changes)
            before.push_back(balance_of(world, block, change));
    };
    note(lines_.at(line).expect.gains, gaining_);
    note(lines_.at(line).expect.losses, losing_);
}

void ScriptComparison::fail(const ScriptLine& line, const ExpectationPlace& at,
    const std::string& expected, const std::string& got)
{
    report_.failures.push_back(fmt::format("{}: {}.expect.{}: expected {}, got {} (block {})",
        at.place.empty() ? line.place : at.place, line.path, at.key, expected, got, line.at_block));
}

void ScriptComparison::fail_row(const ScriptLine& line, const ExpectedRow& row,
    const std::vector<FieldMismatch>& nearest, const std::string& missing)
{
    if (nearest.empty())
    {
        fail(line, row.at, missing, "none");
        return;
    }
    const auto& first = nearest.front();
    auto got = first.got;
    for (std::size_t i = 1; i < nearest.size(); ++i)
    {
        got += fmt::format(
            "; {}: expected {}, got {}", nearest[i].field, nearest[i].expected, nearest[i].got);
    }
    fail(line, {first.place, fmt::format("{}.{}", row.at.key, first.field)}, first.expected, got);
}

void ScriptComparison::left_out(std::size_t number, std::uint64_t, std::uint64_t base_fee)
{
    const auto& line = lines_.at(number);
    left_out_.push_back(number);
    ++report_.expectations;
    report_.failures.push_back(
        fmt::format("{}: {}.max_fee: expected at least the base fee, {} wei, got {} wei (block {})",
            line.place, line.path, base_fee, line.max_fee.value_or(0), line.at_block));
}

void ScriptComparison::executed(std::size_t number, const ExecutedTransaction& transaction)
{
    const auto& line = lines_.at(number);
    ++report_.executed;
    // Of a wrong outcome: what else does not hold follows from that.
    if (compare_outcome(line, transaction))
    {
        compare_figures(line, transaction);
        compare_events(line, transaction);
        compare_state(line, transaction);
        compare_balances(line, transaction);
        compare_changes(line, line.expect.gains, true, gaining_, transaction);
        compare_changes(line, line.expect.losses, false, losing_, transaction);
        compare_health(line, transaction);
    }
    auto next = next_in_block_[number];
    while (next != none && std::find(left_out_.begin(), left_out_.end(), next) != left_out_.end())
        next = next_in_block_[next];
    if (next != none)
        begins(next, transaction.world, transaction.block);
    else
        left_out_.clear();
}

bool ScriptComparison::compare_outcome(
    const ScriptLine& line, const ExecutedTransaction& transaction)
{
    ++report_.expectations;
    const auto& reverts = line.expect.reverts;
    const ExpectationPlace at{line.expect.reverts_place, "reverts"};
    const auto* wanted = reverts ? std::get_if<std::string>(&*reverts) : nullptr;
    const auto expected = !reverts            ? std::string{"success"}
                          : wanted == nullptr ? std::string{"a revert"}
                                              : fmt::format("a revert: {}", *wanted);
    if (transaction.status == ReceiptStatus::succeeded)
    {
        if (reverts)
            fail(line, at, expected, "success");
        return !reverts;
    }
    const auto reason = reason_of(*transaction.refusal, transaction.world);
    if (!reverts || (wanted != nullptr && !is_reason(*wanted, reason, *transaction.refusal)))
        fail(line, at, expected, fmt::format("a revert: {}", reason));
    return reverts.has_value();
}

void ScriptComparison::compare_figures(
    const ScriptLine& line, const ExecutedTransaction& transaction)
{
    for (std::size_t i = 0; i < line.expect.returns.size(); ++i)
    {
        ++report_.expectations;
        const auto& [number, at] = line.expect.returns[i];
        if (i >= transaction.returns.count)
            fail(line, at, shown(number), "nothing");
        else if (!fits(transaction.returns.values[i], number))
            fail(line, at, shown(number), shown(transaction.returns.values[i], number));
    }
    if (line.expect.gas_used)
    {
        ++report_.expectations;
        const auto& [number, at] = *line.expect.gas_used;
        const Amount gas{transaction.gas_used};
        if (!fits(gas, number))
            fail(line, at, shown(number), shown(gas, number));
    }
}

void ScriptComparison::compare_events(
    const ScriptLine& line, const ExecutedTransaction& transaction)
{
    std::size_t first = 0;
    for (const auto& written : line.expect.events)
    {
        ++report_.expectations;
        const auto expected = find(written, transaction.world);
        const auto found = find_row(
            expected, transaction.events, transaction.event_bytes, first, transaction.world);
        if (found.position)
        {
            first = *found.position + 1;
            continue;
        }
        fail_row(line, expected, found.nearest,
            fmt::format("{} of {}{}", expected.type->name,
                name_of(written.contract, transaction.world),
                first == 0 ? "" : " after the event before"));
    }
}

void ScriptComparison::compare_state(const ScriptLine& line, const ExecutedTransaction& transaction)
{
    for (const auto& written : line.expect.state)
    {
        ++report_.expectations;
        const auto expected = find(written, transaction.world);
        EventArena rows;
        SnapshotContext context{transaction.block, rows, 0, Snapshots::all_in_full};
        if (const auto* contract = transaction.world.find_contract(expected.contract))
            contract->snapshot(context);
        const auto found = find_row(expected, rows.events, rows.event_bytes, 0, transaction.world);
        if (!found.position)
            fail_row(line, expected, found.nearest, fmt::format("a row {}", expected.type->name));
    }
}

void ScriptComparison::compare_balances(
    const ScriptLine& line, const ExecutedTransaction& transaction)
{
    const auto& world = transaction.world;
    for (const auto& expected : line.expect.balances)
    {
        ++report_.expectations;
        const auto balance = balance_of(world, transaction.block, expected);
        if (!fits(balance, expected.amount))
            fail(line, expected.at, shown(expected.amount), shown(balance, expected.amount));
    }
}

void ScriptComparison::compare_changes(const ScriptLine& line,
    const std::vector<ExpectedBalance>& changes, bool are_gains, const std::vector<Amount>& before,
    const ExecutedTransaction& transaction)
{
    for (std::size_t i = 0; i < changes.size(); ++i)
    {
        ++report_.expectations;
        const auto& expected = changes[i];
        const auto balance = balance_of(transaction.world, transaction.block, expected);
        const auto& high = are_gains ? balance : before.at(i);
        const auto& low = are_gains ? before.at(i) : balance;
        if (high < low)
        {
            fail(line, expected.at, shown(expected.amount),
                fmt::format("a {} of {}", are_gains ? "loss" : "gain",
                    shown(wrapping_sub(low, high), expected.amount)));
        }
        else if (const auto change = wrapping_sub(high, low); !fits(change, expected.amount))
            fail(line, expected.at, shown(expected.amount), shown(change, expected.amount));
    }
}

void ScriptComparison::compare_health(
    const ScriptLine& line, const ExecutedTransaction& transaction)
{
    const auto& world = transaction.world;
    for (const auto& expected : line.expect.health_factors)
    {
        ++report_.expectations;
        auto factor = Amount::max();
        const auto* market = dynamic_cast<const contracts::LendingMarket*>(
            world.find_contract(find(expected.market, world)));
        const auto account = find_account(world, expected.account);
        if (market != nullptr && account)
            factor = market->view_at(transaction.block.timestamp)->health(*account).health_factor;
        if (!fits(factor, expected.factor))
            fail(line, expected.at, shown(expected.factor), shown(factor, expected.factor));
    }
}

}  // namespace runnel::scenarios
