#include "scenarios/loader/script_reader.hpp"

#include "contracts/kit/creation.hpp"
#include "contracts/kit/sectors/lending.hpp"
#include "scenarios/loader/messages.hpp"
#include "scenarios/loader/schema.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace runnel::scenarios
{
namespace
{
constexpr std::string_view key_contract = "contract";
constexpr std::string_view key_call = "call";
constexpr std::string_view key_name = "as";
constexpr std::size_t bindings_max = 255;
constexpr std::int64_t usual_deadline_seconds = 3'600;

/// Digits with or without underscores, and nothing else.
/// Of tokens, those that lines of the script deploy last.
std::vector<Unit> token_units(const Names& names)
{
    auto units = names.token_units();
    for (const auto name : names.of_kinds(false, {}))
    {
        const auto& contract = names[*names.find_contract(name)];
        if (is_token_type(*contract.type))
            units.push_back({contract.name, contract.decimals});
    }
    return units;
}

std::optional<Amount> plain_integer(std::string_view text)
{
    std::string digits;
    for (const char c : text)
    {
        if (c != '_')
            digits += c;
    }
    if (digits.empty() || digits.find_first_not_of("0123456789") != std::string::npos)
        return std::nullopt;
    return Amount::from_decimal(digits);
}

struct Column
{
    std::string name;
    ColumnKind kind{};
    runnel::Unit unit;
};

std::vector<Column> columns_of(const EventType& type)
{
    struct Sink final : ColumnSink
    {
        std::vector<Column> columns;
        void column(std::string_view name, ColumnKind kind, const runnel::Unit& unit) override
        {
            columns.push_back({std::string{name}, kind, unit});
        }
    } sink;
    type.columns(sink);
    return std::move(sink.columns);
}

/// The unit of a number that can be in no other: smaller ones of the native coin apart. nullptr if
/// it can.
const Unit* only_unit(const std::vector<Unit>& units)
{
    const bool is_only = std::all_of(units.begin() + 1, units.end(),
        [](const Unit& unit)
        { return unit.name == "ether" || unit.name == "gwei" || unit.name == "wei"; });
    return is_only ? &units.front() : nullptr;
}

}  // namespace

void ScriptReader::refuse(
    const Node& node, const std::string& path, std::string_view expected) const
{
    document_.fail(node.place, path, fmt::format("expected {}, got {}", expected, shown(node)));
}

std::string ScriptReader::exact_decimal(
    const Node& node, const std::string& path, double value) const
{
    if (node.is_rounded)
        refuse(node, path, "text, in quotes, for more than 15 digits");
    return shortest_decimal(value);
}

const Node::Table& ScriptReader::table(const Node& node, const std::string& path) const
{
    const auto* found = node.as<Node::Table>();
    if (found == nullptr)
        refuse(node, path, "a table");
    return *found;
}

const Node::Array& ScriptReader::array(const Node& node, const std::string& path) const
{
    const auto* found = node.as<Node::Array>();
    if (found == nullptr)
        refuse(node, path, "a list");
    return *found;
}

const Node::Member& ScriptReader::member(const Node& table, const std::string& path,
    std::string_view key, std::string_view expected) const
{
    const auto* found = table.find(key);
    if (found == nullptr)
    {
        document_.fail(table.place, fmt::format("{}.{}", path, key),
            fmt::format("expected {}, got nothing", expected));
    }
    return *found;
}

// ---- Names ----

ContractId ScriptReader::read_contract(const Node& node, const std::string& path) const
{
    const auto* name = node.as<std::string>();
    const auto found = name == nullptr ? std::nullopt : names_.find_contract(*name);
    if (found)
        return *found;
    auto known = names_.of_kinds(true, {});
    const auto contracts = names_.of_kinds(false, {});
    known.insert(known.end(), contracts.begin(), contracts.end());
    refuse(node, path,
        fmt::format("a token or a contract ({}){}", listed(known),
            name == nullptr ? std::string{} : hint(*name, known)));
}

std::string ScriptReader::account_name(const Node& node, const std::string& path) const
{
    constexpr std::string_view expected =
        "an account: of [accounts], GROUP/NUMBER, a token, a contract, or an address";
    const auto* name = node.as<std::string>();
    if (name == nullptr)
        refuse(node, path, expected);
    if (name->starts_with("0x"))
    {
        if (!Address::from_string(*name))
            refuse(node, path, "an address of 40 hex digits, with EIP-55's capitals if with any");
        return *name;
    }
    if (name->find('/') == std::string::npos)
    {
        // Contracts may ask for accounts of their own: those are known at block 0.
        if (!is_plain_name(*name))
            refuse(node, path, expected);
        if (names_.group_size(*name))
            refuse(node, path, fmt::format("an account of the group, like \"{}/0\"", *name));
        return *name;
    }
    if (const auto wrong = names_.wrong_in_group(*name); !wrong.empty())
        refuse(node, path, wrong);
    return *name;
}

AccountId ScriptReader::read_account(const Node& node, const std::string& path)
{
    const auto name = account_name(node, path);
    const auto found = std::find(accounts_.begin(), accounts_.end(), name);
    const auto position = static_cast<std::uint32_t>(found - accounts_.begin());
    if (found == accounts_.end())
        accounts_.push_back(name);
    return AccountId{position};
}

// ---- Numbers ----

ScriptReader::Units ScriptReader::units_of_token(ContractId token) const
{
    if (!names_.is_token(token))
        return {{names_[token].name, names_[token].decimals}};
    Units units{names_.token_units().at(index(token))};
    if (token == native_coin)
        units.insert(units.end(), {{"ether", 18}, {"gwei", 9}, {"wei", 0}});
    return units;
}

ScriptReader::Units ScriptReader::units_of(
    const runnel::Unit& unit, ContractId contract, const Node& siblings) const
{
    switch (unit.kind)
    {
        case UnitKind::wei:
        case UnitKind::wei_per_gas: return units_of_token(native_coin);
        case UnitKind::usd_e8:
        case UnitKind::usd_e8_per_token: return {{"USD", 8}};
        case UnitKind::ray: return {{"ray", 27}};
        case UnitKind::wad: return {{"wad", 18}};
        case UnitKind::smallest_unit_of_column:
            if (const auto* token = siblings.find(unit.text); token != nullptr)
            {
                const auto* name = token->node.as<std::string>();
                const auto id = name == nullptr ? std::nullopt : names_.find_contract(*name);
                if (id)
                    return units_of_token(*id);
            }
            break;
        case UnitKind::smallest_unit:
            if (unit.text == unit::smallest_unit.text)
                return units_of_token(contract);
            break;
        case UnitKind::none:
        case UnitKind::other:
        case UnitKind::account_value: break;
    }
    // Of any token, or of the contract's own shares.
    auto units = token_units(names_);
    units.insert(units.end(), {{"ether", 18}, {"gwei", 9}, {"wei", 0}, {"USD", 8}});
    if (!names_.is_token(contract))
        units.push_back(units_of_token(contract).front());
    return units;
}

ScriptReader::Number ScriptReader::read_number(
    const Node& node, const std::string& path, const Units& units) const
{
    if (const auto* integer = node.as<std::int64_t>())
    {
        if (*integer < 0)
            refuse(node, path, "an amount that is not negative");
        return {Amount{static_cast<std::uint64_t>(*integer)}, nullptr};
    }
    const auto* text = node.as<std::string>();
    if (text == nullptr)
    {
        refuse(node, path,
            fmt::format("an amount like \"1_000.5 {}\", an integer of smallest units, or \"max\"",
                units.front().name));
    }
    if (*text == "max")
        return {Amount::max(), nullptr};
    if (const auto integer = plain_integer(*text))
        return {*integer, nullptr};
    const auto written = parse_amount(*text, units);
    if (!written)
        refuse(node, path, written.error());
    return {written->amount, written->unit};
}

Int256 ScriptReader::read_signed(
    const Node& node, const std::string& path, const Units& units) const
{
    if (const auto* integer = node.as<std::int64_t>())
        return *integer;
    const auto* text = node.as<std::string>();
    const bool is_negative = text != nullptr && text->starts_with('-');
    const auto magnitude = is_negative
                               ? read_number(Node{text->substr(1), node.place}, path, units).amount
                               : read_number(node, path, units).amount;
    if (magnitude.bit(255))
        refuse(node, path, "an amount below 2^255");
    return Int256::from_magnitude(magnitude, is_negative);
}

ExpectedNumber ScriptReader::read_expected(
    const Node& node, const std::string& path, const Units& units, const Unit* shown_in) const
{
    const auto with_unit = [shown_in](ExpectedNumber number, const Unit* unit)
    {
        if (unit == nullptr)
            unit = shown_in;
        if (unit != nullptr)
        {
            number.unit = unit->name;
            number.decimals = unit->decimals;
        }
        return number;
    };
    if (node.as<Node::Table>() == nullptr)
    {
        const auto number = read_number(node, path, units);
        return with_unit({number.amount, number.amount, {}, 0}, number.unit);
    }
    ExpectedNumber expected{{}, Amount::max(), {}, 0};
    const auto& members = *node.as<Node::Table>();
    if (members.empty())
        refuse(node, path, "a number or a table with at_least, at_most");
    for (const auto& member : members)
    {
        const auto name = fmt::format("{}.{}", path, member.key);
        if (member.key != "at_least" && member.key != "at_most")
        {
            document_.fail(member.place, name,
                fmt::format("expected at_least or at_most{}, got an unknown key",
                    hint(member.key, {"at_least", "at_most"})));
        }
        const auto number = read_number(member.node, name, units);
        (member.key == "at_least" ? expected.at_least : expected.at_most) = number.amount;
        if (number.unit != nullptr || expected.unit.empty())
            expected = with_unit(std::move(expected), number.unit);
    }
    if (expected.at_least > expected.at_most)
        refuse(node, path, "at_least up to at_most");
    return expected;
}

Amount ScriptReader::read_funds(const Node& node, const std::string& path, ContractId token) const
{
    const auto units = units_of_token(token);
    const auto& unit = units.front();
    std::string text;
    if (const auto* integer = node.as<std::int64_t>())
        text = fmt::format("{} {}", *integer, unit.name);
    else if (const auto* number = node.as<double>(); number != nullptr && std::isfinite(*number))
        text = fmt::format("{} {}", exact_decimal(node, path, *number), unit.name);
    else if (const auto* written = node.as<std::string>())
    {
        text = *written;
        if (text.find(' ') == std::string::npos)
            text += ' ' + unit.name;
    }
    else
        refuse(
            node, path, fmt::format("whole tokens, or an amount like \"1_000.5 {}\"", unit.name));
    const auto amount = parse_amount(text, units);
    if (!amount)
        refuse(node, path, amount.error());
    return amount->amount;
}

std::int64_t ScriptReader::read_time(const Node& node, const std::string& path) const
{
    if (const auto* integer = node.as<std::int64_t>())
        return *integer;
    if (const auto* date = node.as<DateTime>(); date != nullptr && date->unix)
        return *date->unix;
    if (const auto* text = node.as<std::string>())
    {
        const auto duration = parse_duration_ms(*text);
        if (duration && *duration % 1000 == 0)
            return block_time_ + *duration / 1000;
    }
    refuse(node, path,
        "Unix seconds, a date with time and offset, or whole seconds from the block on, like "
        "\"1h\"");
}

// ---- Calls ----

/// Gives a call's fields out of its table.
class ScriptReader::Fields final : public FieldSource
{
public:
    Fields(ScriptReader& reader, const Node& table, std::string path, ContractId contract)
      : reader_{reader}, contract_{contract}
    {
        frames_.push_back({&table, std::move(path), {}});
    }

    void expect(std::string_view name) override { frames_.back().expected.emplace_back(name); }
    /// Refuses keys that nobody asked for.
    void check_keys(const std::string& what) const
    {
        const auto& frame = frames_.back();
        for (const auto& member : *frame.node->as<Node::Table>())
        {
            const bool is_known =
                (frames_.size() == 1 && (member.key == key_contract || member.key == key_call ||
                                            member.key == key_name)) ||
                std::find(frame.expected.begin(), frame.expected.end(), member.key) !=
                    frame.expected.end();
            if (is_known)
                continue;
            const std::vector<std::string_view> known{frame.expected.begin(), frame.expected.end()};
            reader_.document_.fail(member.place, fmt::format("{}.{}", frame.path, member.key),
                fmt::format("expected an argument of {} ({}){}, got an unknown one", what,
                    known.empty() ? "it has none" : listed(known), hint(member.key, known)));
        }
    }

    std::optional<BoundArgument> amount(
        std::string_view name, const runnel::Unit& unit, Amount& value) override
    {
        const auto units = reader_.units_of(unit, contract_, *frames_.back().node);
        const auto& [node, path] =
            get(name, fmt::format("an amount like \"1.5 {}\"", units.front().name));
        if (node->as<Node::Table>() != nullptr)
            return binding(*node, path);
        value = reader_.read_number(*node, path, units).amount;
        return std::nullopt;
    }
    Int256 signed_amount(std::string_view name, const runnel::Unit& unit) override
    {
        const auto units = reader_.units_of(unit, contract_, *frames_.back().node);
        const auto& [node, path] = get(
            name, fmt::format("an amount like \"1.5 {0}\" or \"-1.5 {0}\"", units.front().name));
        return reader_.read_signed(*node, path, units);
    }
    std::uint64_t integer(std::string_view name, const runnel::Unit& unit, std::int64_t min,
        std::uint64_t max) override
    {
        const bool is_time = unit.text == unit::unix_seconds.text;
        if (is_time && name == "deadline" && frames_.back().node->find(name) == nullptr)
            return static_cast<std::uint64_t>(reader_.block_time_ + usual_deadline_seconds);
        const auto& [node, path] = get(name, "an integer");
        if (is_time)
        {
            const auto time = reader_.read_time(*node, path);
            if (time < 0)
                reader_.refuse(*node, path, "a time that is not negative");
            return static_cast<std::uint64_t>(time);
        }
        const auto* number = node->as<std::int64_t>();
        const auto expected = fmt::format("an integer from {} to {}", min, max);
        if (number == nullptr)
        {
            // Above what TOML holds.
            const auto* text = node->as<std::string>();
            const auto large = text == nullptr ? std::nullopt : plain_integer(*text);
            if (!large || *large > Amount{max})
                reader_.refuse(*node, path, expected);
            return large->low64();
        }
        if (*number < min || (*number > 0 && static_cast<std::uint64_t>(*number) > max))
            reader_.refuse(*node, path, expected);
        return static_cast<std::uint64_t>(*number);
    }
    bool boolean(std::string_view name) override
    {
        const auto& [node, path] = get(name, "true or false");
        const auto* value = node->as<bool>();
        if (value == nullptr)
            reader_.refuse(*node, path, "true or false");
        return *value;
    }
    AccountId account(std::string_view name) override
    {
        const auto& [node, path] = get(name, "an account");
        return reader_.read_account(*node, path);
    }
    ContractId contract(std::string_view name) override
    {
        const auto& [node, path] = get(name, "a token or a contract");
        return reader_.read_contract(*node, path);
    }
    void bytes(std::string_view name, std::span<std::uint8_t> value) override
    {
        // 32 bytes may be a text, as Solidity takes one for a bytes32.
        const bool may_be_text = value.size() == Hash{}.bytes.size();
        const auto expected = fmt::format("0x and {} hex digits{}", 2 * value.size(),
            may_be_text ? fmt::format(", or a text of at most {} bytes", value.size()) : "");
        const auto& [node, path] = get(name, expected);
        const auto* text = node->as<std::string>();
        if (may_be_text && text != nullptr && !text->starts_with("0x") &&
            text->size() <= value.size())
        {
            std::copy(text->begin(), text->end(), value.begin());
            return;
        }
        const auto read =
            text == nullptr || !text->starts_with("0x") ? std::nullopt : from_hex(*text);
        if (!read || read->size() != value.size())
            reader_.refuse(*node, path, expected);
        std::copy(read->begin(), read->end(), value.begin());
    }
    Bytes calls(std::string_view name) override
    {
        const auto* member = frames_.back().node->find(name);
        return member == nullptr ? Bytes{} : reader_.read_calls(member->node, path_of(name));
    }
    std::size_t enter_list(std::string_view name, std::size_t size_max) override
    {
        const auto expected = fmt::format("a list of at most {}", size_max);
        const auto& [node, path] = get(name, expected);
        const auto* list = node->as<Node::Array>();
        if (list == nullptr || list->size() > size_max)
            reader_.refuse(*node, path, expected);
        frames_.push_back({node, path, {}});
        return list->size();
    }
    void enter_struct(std::string_view name) override
    {
        const auto& [node, path] = get(name, "a table");
        (void)reader_.table(*node, path);
        frames_.push_back({node, path, {}});
    }
    void leave() override
    {
        if (frames_.back().node->as<Node::Table>() != nullptr)
            check_keys("this table");
        frames_.pop_back();
    }

private:
    struct Frame
    {
        const Node* node = nullptr;
        std::string path;
        std::vector<std::string> expected;
    };
    struct Value
    {
        const Node* node = nullptr;
        std::string path;
    };

    [[nodiscard]] std::string path_of(std::string_view name) const
    {
        const auto& frame = frames_.back();
        return frame.node->as<Node::Array>() != nullptr ? fmt::format("{}[{}]", frame.path, name)
                                                        : fmt::format("{}.{}", frame.path, name);
    }
    [[nodiscard]] Value get(std::string_view name, std::string_view expected) const
    {
        const auto& frame = frames_.back();
        if (const auto* list = frame.node->as<Node::Array>())
        {
            std::size_t position = 0;
            std::from_chars(name.data(), name.data() + name.size(), position);
            return {&list->at(position), path_of(name)};
        }
        // A typo is told rather than what is missing because of it.
        if (frame.node->find(name) == nullptr)
            check_keys("this call");
        return {&reader_.member(*frame.node, frame.path, name, expected).node, path_of(name)};
    }
    [[nodiscard]] BoundArgument binding(const Node& node, const std::string& path) const
    {
        constexpr std::string_view expected =
            "an amount, { result = [CALL, VALUE] }, { callback = VALUE } or { balance_of = TOKEN }";
        BoundArgument bound;
        const auto& members = *node.as<Node::Table>();
        if (members.size() != 1)
            reader_.refuse(node, path, expected);
        const auto name = fmt::format("{}.{}", path, members.front().key);
        const auto& value = members.front().node;
        if (members.front().key == "balance_of")
        {
            bound.kind = Binding::Kind::balance;
            bound.balance.token = reader_.read_contract(value, name);
            return bound;
        }
        if (members.front().key == "callback")
        {
            const auto* integer = value.as<std::int64_t>();
            if (integer == nullptr || *integer < 0 || *integer > 255)
                reader_.refuse(value, name, "the number of an argument of the callback, from 0");
            bound.kind = Binding::Kind::result;
            bound.result = {ResultOf::callback, static_cast<std::uint8_t>(*integer)};
            return bound;
        }
        const auto* pair = value.as<Node::Array>();
        if (members.front().key != "result" || pair == nullptr || pair->size() != 2)
            reader_.refuse(node, path, expected);
        const auto number = [&](std::size_t position)
        {
            const auto* integer = pair->at(position).as<std::int64_t>();
            if (integer == nullptr || *integer < 0 || *integer >= ResultOf::callback)
                reader_.refuse(value, name, "the number of a call and of a value, from 0");
            return static_cast<std::uint8_t>(*integer);
        };
        bound.kind = Binding::Kind::result;
        bound.result = {number(0), number(1)};
        return bound;
    }

    ScriptReader& reader_;
    ContractId contract_;
    std::vector<Frame> frames_;
};

Bytes ScriptReader::read_calls(const Node& node, const std::string& path)
{
    const auto& calls = array(node, path);
    if (++nesting_ > call_depth_max)
        refuse(node, path, fmt::format("calls nested at most {} deep", call_depth_max));
    Bytes list;
    for (std::size_t i = 0; i < calls.size(); ++i)
        read_call(calls[i], fmt::format("{}[{}]", path, i), list);
    --nesting_;
    constexpr std::size_t bytes_max = 65'535;
    if (list.size() > bytes_max)
        refuse(node, path, fmt::format("calls of at most {} bytes together", bytes_max));
    return list;
}

void ScriptReader::read_call(const Node& node, const std::string& path, Bytes& list)
{
    (void)table(node, path);
    const auto& target = member(node, path, key_contract, "a token or a contract");
    const auto contract = read_contract(target.node, fmt::format("{}.{}", path, key_contract));
    const auto& type = *names_[contract].type;
    const auto& chosen = member(node, path, key_call, "a method");
    const auto* name = chosen.node.as<std::string>();
    std::vector<std::string_view> known;
    for (const auto& method : type.methods)
        known.push_back(method.name);
    const auto found = name == nullptr ? known.end() : std::find(known.begin(), known.end(), *name);
    if (found == known.end())
    {
        refuse(chosen.node, fmt::format("{}.{}", path, key_call),
            fmt::format("a method of {} ({}){}", type.kind, listed(known),
                name == nullptr ? std::string{} : hint(*name, known)));
    }
    const auto number = static_cast<std::uint8_t>(found - known.begin());
    Fields fields{*this, node, path, contract};
    Bytes arguments;
    Bytes bindings;
    type.methods[number].read(fields, arguments, bindings);
    fields.check_keys(*name);
    if (node.find(key_name) != nullptr)
        read_name(node, path, type);
    std::size_t count = 0;
    for (ByteView rest = bindings; take_binding(rest);)
        ++count;
    if (count > bindings_max)
        refuse(node, path, fmt::format("at most {} bound arguments", bindings_max));
    append_call(contract, number, arguments, bindings, list);
}

void ScriptReader::read_name(
    const Node& call, const std::string& path, const ContractType& deployer)
{
    const auto& node = call.find(key_name)->node;
    const auto where = fmt::format("{}.{}", path, key_name);
    const auto* name = node.as<std::string>();
    // Whoever deploys to addresses of its own (CREATE2) can be told which one is expected.
    const auto address = name == nullptr ? std::nullopt : Address::from_string(*name);
    const bool is_address = address && address->to_checksum_string() == *name;
    if (!is_of_kind(deployer, contracts::deployer_sector) &&
        !(is_address && !deployer.deploys.empty()))
    {
        refuse(node, where,
            deployer.deploys.empty() ? "it beside a call that deploys a contract"
                                     : "the address, with EIP-55's capitals, that the contract "
                                       "will have");
    }
    if (name == nullptr || !is_plain_name(*name) || names_.find_contract(*name) ||
        names_.group_size(*name))
        refuse(node, where, "a name that no token, contract or group has");
    if (!created_.empty() || nesting_ > 1)
        refuse(node, where, "one contract that a transaction deploys by itself");
    created_ = *name;
    constexpr std::int64_t usual_decimals = 18;
    const auto* decimals = call.find("decimals");
    const auto* digits = decimals == nullptr ? nullptr : decimals->node.as<std::int64_t>();
    names_.add_created(created_, deployer.deploys.front(),
        static_cast<unsigned>(digits == nullptr ? usual_decimals : *digits));
}

// ---- What is expected ----

Expectations ScriptReader::read_expect(const Node& node, const std::string& path)
{
    const std::vector<std::string_view> known{"reverts", "returns", "gas_used", "balances", "gains",
        "losses", "events", "state", "health_factors"};
    Expectations expect;
    for (const auto& member : table(node, path))
    {
        const auto name = fmt::format("{}.{}", path, member.key);
        if (member.key == "reverts")
        {
            expect.reverts_place = document_.describe(member.place);
            if (const auto* text = member.node.as<std::string>())
                expect.reverts = *text;
            else if (const auto* number = member.node.as<std::int64_t>())
                expect.reverts = std::to_string(*number);  // As Aave's reasons are.
            else if (const auto* flag = member.node.as<bool>(); flag != nullptr && *flag)
                expect.reverts = Expectations::AnyReason{};
            else if (flag == nullptr)
                refuse(member.node, name, "a reason, or true for whatever reason");
        }
        else if (member.key == "returns")
        {
            auto units = token_units(names_);
            units.insert(units.end(),
                {{"ether", 18}, {"gwei", 9}, {"wei", 0}, {"USD", 8}, {"ray", 27}, {"wad", 18}});
            const auto& list = array(member.node, name);
            for (std::size_t i = 0; i < list.size(); ++i)
            {
                expect.returns.push_back(
                    {read_expected(list[i], fmt::format("{}[{}]", name, i), units, nullptr),
                        {document_.describe(list[i].place), fmt::format("returns[{}]", i)}});
            }
        }
        else if (member.key == "gas_used")
        {
            expect.gas_used = {read_expected(member.node, name, {{"gas", 0}}, nullptr),
                {document_.describe(member.place), "gas_used"}};
        }
        else if (member.key == "balances")
            read_balances(member, name, expect.balances);
        else if (member.key == "gains")
            read_balances(member, name, expect.gains);
        else if (member.key == "losses")
            read_balances(member, name, expect.losses);
        else if (member.key == "health_factors")
            read_health(member.node, name, expect);
        else if (member.key == "events" || member.key == "state")
        {
            const bool is_event = member.key == "events";
            const auto& list = array(member.node, name);
            for (std::size_t i = 0; i < list.size(); ++i)
            {
                const auto where = fmt::format("{}[{}]", member.key, i);
                auto row = read_row(list[i], fmt::format("{}[{}]", name, i),
                    is_event ? "event" : "row", is_event ? EventUse::log : EventUse::snapshot);
                row.at = {document_.describe(list[i].place), where};
                (is_event ? expect.events : expect.state).push_back(std::move(row));
            }
        }
        else
        {
            document_.fail(member.place, name,
                fmt::format("expected a key of expect ({}){}, got an unknown one", listed(known),
                    hint(member.key, known)));
        }
    }
    return expect;
}

void ScriptReader::read_balances(const Node::Member& member, const std::string& path,
    std::vector<ExpectedBalance>& balances) const
{
    for (const auto& holder : table(member.node, path))
    {
        const auto name = fmt::format("{}.{}", path, holder.key);
        const auto account = account_name(Node{holder.key, holder.place}, name);
        for (const auto& held : table(holder.node, name))
        {
            const auto where = fmt::format("{}.{}", name, held.key);
            const auto token = read_contract(Node{held.key, held.place}, where);
            const auto units = units_of_token(token);
            balances.push_back(
                {account, token, read_expected(held.node, where, units, &units.front()),
                    {document_.describe(held.place),
                        fmt::format("{}.{}.{}", member.key, holder.key, held.key)}});
        }
    }
}

void ScriptReader::read_health(
    const Node& node, const std::string& path, Expectations& expect) const
{
    const auto markets = names_.of_kinds(false, contracts::LendingMarket::sector);
    const auto factor = [&](const Node& written, const std::string& where)
    {
        const Units wad{{"wad", 18}};
        // A factor is a plain number to people: 1.02 is one, not 1.02 smallest units.
        const auto with_unit = [&](const Node& value)
        {
            const auto* number = value.as<double>();
            if (number != nullptr && std::isfinite(*number) && *number >= 0)
                return Node{
                    fmt::format("{} wad", exact_decimal(value, where, *number)), value.place};
            if (const auto* integer = value.as<std::int64_t>(); integer != nullptr && *integer >= 0)
                return Node{fmt::format("{} wad", *integer), value.place};
            const auto* text = value.as<std::string>();
            if (text != nullptr && *text != "max" && text->find(' ') == std::string::npos)
                return Node{*text + " wad", value.place};
            return value;
        };
        if (const auto* range = written.as<Node::Table>())
        {
            auto members = *range;
            for (auto& bound : members)
                bound.node = with_unit(bound.node);
            return read_expected(Node{std::move(members), written.place}, where, wad, nullptr);
        }
        return read_expected(with_unit(written), where, wad, nullptr);
    };
    for (const auto& holder : table(node, path))
    {
        const auto name = fmt::format("{}.{}", path, holder.key);
        const auto account = account_name(Node{holder.key, holder.place}, name);
        const auto* inner = holder.node.as<Node::Table>();
        const bool names_markets = inner != nullptr && !inner->empty() &&
                                   inner->front().key != "at_least" &&
                                   inner->front().key != "at_most";
        const auto key = fmt::format("health_factors.{}", holder.key);
        if (!names_markets)
        {
            if (markets.size() != 1)
            {
                refuse(holder.node, name, fmt::format("a table by market ({})", listed(markets)));
            }
            expect.health_factors.push_back({account, *names_.find_contract(markets.front()),
                factor(holder.node, name), {document_.describe(holder.place), key}});
            continue;
        }
        for (const auto& at : *inner)
        {
            const auto where = fmt::format("{}.{}", name, at.key);
            if (std::find(markets.begin(), markets.end(), at.key) == markets.end())
            {
                document_.fail(at.place, where,
                    fmt::format("expected a lending market ({}){}, got {}", listed(markets),
                        hint(at.key, markets), shown(std::string_view{at.key})));
            }
            expect.health_factors.push_back(
                {account, *names_.find_contract(at.key), factor(at.node, where),
                    {document_.describe(at.place), fmt::format("{}.{}", key, at.key)}});
        }
    }
}

ExpectedRow ScriptReader::read_row(
    const Node& node, const std::string& path, std::string_view key, EventUse use) const
{
    const auto& members = table(node, path);
    ExpectedRow row;
    const auto& target = member(node, path, key_contract, "a token or a contract");
    row.contract = read_contract(target.node, fmt::format("{}.{}", path, key_contract));
    const auto& type = *names_[row.contract].type;
    std::vector<std::string_view> known;
    for (const auto* event : type.events)
    {
        if ((event->use == EventUse::snapshot) == (use == EventUse::snapshot))
            known.push_back(event->name);
    }
    const auto& chosen = member(node, path, key, fmt::format("one of {}", listed(known)));
    const auto* name = chosen.node.as<std::string>();
    for (const auto* event : type.events)
    {
        if (name != nullptr && event->name == *name &&
            (event->use == EventUse::snapshot) == (use == EventUse::snapshot))
            row.type = event;
    }
    if (row.type == nullptr)
    {
        refuse(chosen.node, fmt::format("{}.{}", path, key),
            fmt::format("{} of {} ({}){}", use == EventUse::snapshot ? "a row" : "an event",
                type.kind, listed(known), name == nullptr ? std::string{} : hint(*name, known)));
    }
    const auto columns = columns_of(*row.type);
    std::vector<std::string_view> names;
    for (const auto& column : columns)
        names.push_back(column.name);
    for (const auto& given : members)
    {
        if (given.key == key_contract || given.key == key)
            continue;
        const auto where = fmt::format("{}.{}", path, given.key);
        const auto found = std::find(names.begin(), names.end(), given.key);
        if (found == names.end())
        {
            document_.fail(given.place, where,
                fmt::format("expected a field of {} ({}){}, got an unknown one", row.type->name,
                    listed(names), hint(given.key, names)));
        }
        const auto& column = columns[static_cast<std::size_t>(found - names.begin())];
        row.fields.push_back(
            read_field(given, where, column.kind, units_of(column.unit, row.contract, node)));
        row.fields.back().place = document_.describe(given.place);
    }
    return row;
}

ExpectedField ScriptReader::read_field(
    const Node::Member& member, const std::string& path, ColumnKind kind, const Units& units) const
{
    const auto& node = member.node;
    switch (kind)
    {
        case ColumnKind::amount:
            return {member.key, read_expected(node, path, units, only_unit(units)), {}};
        case ColumnKind::signed_amount: return {member.key, read_signed(node, path, units), {}};
        case ColumnKind::integer:
            if (const auto* integer = node.as<std::int64_t>())
                return {member.key, *integer, {}};
            refuse(node, path, "an integer");
        case ColumnKind::boolean:
            if (const auto* flag = node.as<bool>())
                return {member.key, *flag, {}};
            refuse(node, path, "true or false");
        case ColumnKind::text:
            if (const auto* text = node.as<std::string>())
                return {member.key, *text, {}};
            refuse(node, path, "a text");
        case ColumnKind::contract: return {member.key, read_contract(node, path), {}};
        case ColumnKind::account:
            return {member.key, ExpectedField::Account{account_name(node, path)}, {}};
    }
    refuse(node, path, "a value");
}

}  // namespace runnel::scenarios
