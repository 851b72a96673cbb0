#include "analytics/show.hpp"

#include "ledger/call.hpp"
#include "ledger/field_source.hpp"
#include "ledger/transaction.hpp"
#include "state/contract.hpp"
#include "tests/analytics/ledger_builder.hpp"
#include "tests/support/catch.hpp"

#include <array>
#include <string>

using namespace runnel;
using namespace runnel::analytics;
using namespace runnel::analytics::fixture;

namespace
{
enum class Colour : std::uint8_t
{
    red = 0,
    green = 1,
};
struct Range
{
    std::int32_t lower = 0;
    std::int32_t upper = 0;
    RUNNEL_FIELDS(lower, upper);
};
/// A field of every type that a call may have.
struct Everything
{
    RUNNEL_CALL("everything", 0, 21'000);

    ContractId token{};
    Amount amount;
    Amount plain;
    Int256 change;
    std::uint64_t large = 0;
    std::int64_t small = 0;
    std::int16_t tick = 0;
    std::uint8_t byte = 0;
    bool yes = false;
    Colour colour{};
    AccountId who{};
    Hash hash;
    ShortList<ContractId, 4> path;
    Range range;
    CallList data;
    RUNNEL_FIELDS(token, (amount, smallest_unit_of("token")), plain, change, large, small, tick,
        byte, yes, colour, who, hash, path, range, data);
};
struct Pay
{
    RUNNEL_CALL("pay", 1, 21'000);

    Amount value;
    RUNNEL_FIELDS((value, smallest_unit));
};

template <typename Call>
MethodInfo method()
{
    MethodInfo info;
    info.name = Call::name;
    info.read = [](FieldSource& source, Bytes& arguments, Bytes& bindings) {
        FieldReader{source, arguments, bindings}.template read<Call>();
    };
    return info;
}

const ContractType* find(std::string_view kind)
{
    static const ContractType known = []
    {
        ContractType type;
        type.methods = {method<Everything>(), method<Pay>()};
        return type;
    }();
    return kind == "known" ? &known : nullptr;
}

/// Two contracts: `box`, which takes the calls above and is a token BOX, and `mystery`.
storage::Database names_only()
{
    auto database = storage::Database::in_memory();
    database.execute(R"(
CREATE TABLE t_addresses (id INTEGER PRIMARY KEY, address TEXT, name TEXT, role TEXT, strategy TEXT, block_number INTEGER);
INSERT INTO t_addresses VALUES (7, '0x00000000000000000000000000000000000000aa', 'alice', 'wallet', '', 0);
CREATE TABLE t_contracts (id INTEGER PRIMARY KEY, account_id INTEGER, address TEXT, kind TEXT, name TEXT, block_number INTEGER, creator_id INTEGER);
INSERT INTO t_contracts VALUES (1, 3, '0x00000000000000000000000000000000000000b0', 'known', 'box', 0, NULL),
  (2, 4, '0x00000000000000000000000000000000000000b1', 'other', 'mystery', 0, NULL);
CREATE TABLE t_tokens (contract_id INTEGER PRIMARY KEY, symbol TEXT, decimals INTEGER);
INSERT INTO t_tokens VALUES (1, 'BOX', 3);
)");
    return database;
}

std::vector<CallNode> decoded(storage::Database& database, const CallWriter& calls)
{
    Transaction transaction;
    transaction.set_calls(calls.bytes(), calls.addresses());
    LedgerNames names{database};
    return decode_calls(names, find, transaction.input_bytes());
}

std::string text_of(const std::vector<Argument>& arguments)
{
    std::string text;
    for (const auto& argument : arguments)
        text += argument.name + "=" + argument.value + " ";
    return text;
}
}  // namespace

TEST_CASE("Show: amounts with their decimal point, exactly", "[analytics][show]")
{
    CHECK(with_point("1500000", 6) == "1.5");
    CHECK(with_point("1", 18) == "0.000000000000000001");
    CHECK(with_point("-1200", 2) == "-12");
    CHECK(with_point("0", 6) == "0");
    CHECK(with_point("700", 0) == "700");
    CHECK(with_point("123456789012345678901234567890", 18) == "123456789012.34567890123456789");
}

TEST_CASE("Show: a call of every type of field, nested and bound", "[analytics][show]")
{
    auto database = names_only();
    CallWriter inner;
    inner.add(ContractId{1}, Pay{Amount{1'500}});
    inner.add(ContractId{2}, Pay{Amount{1}});
    Everything call;
    call.token = ContractId{1};
    call.amount = Amount{2'500};
    call.plain = Amount{2'500};
    call.change = Int256{-7};
    call.large = 0xFFFF'FFFF'FFFF'FFFFULL;
    call.small = -5;
    call.tick = -887;
    call.byte = 200;
    call.yes = true;
    call.colour = Colour::green;
    call.who = AccountId{7};
    call.path = {ContractId{1}, ContractId{2}};
    call.range = {-60, 60};
    call.data = inner.list();
    CallWriter calls;
    calls.add(ContractId{1}, call);
    const Pay pay{Amount{9}};
    calls.add(ContractId{1}, pay, Binding{pay.value, ResultOf{0, 1}});
    calls.add(ContractId{1}, pay, Binding{pay.value, BalanceOf{ContractId{1}}});

    const auto nodes = decoded(database, calls);
    REQUIRE(nodes.size() == 3);
    CHECK(nodes[0].contract == "box");
    CHECK(nodes[0].call == "everything");
    CHECK(nodes[0].unreadable.empty());
    CHECK(text_of(nodes[0].arguments) ==
          "token=box amount=2.5 BOX plain=2500 change=-7 large=18446744073709551615 small=-5 "
          "tick=-887 byte=200 yes=true colour=1 who=alice hash=0x" +
              std::string(64, '0') +
              " path.0=box path.1=mystery range.lower=-60 range.upper=60 data= ");
    const auto& nested = nodes[0].arguments.back();
    REQUIRE(nested.is_callback);
    REQUIRE(nested.calls.size() == 2);
    // A token's own amounts are its own.
    CHECK(text_of(nested.calls[0].arguments) == "value=1.5 BOX ");
    CHECK(nested.calls[1].unreadable == "a kind of contract that this program does not know");
    CHECK(nodes[1].arguments[0].bound == "result 1 of call 0");
    CHECK(nodes[2].arguments[0].bound == "balance of BOX");
    CHECK(call_names(nodes) == "box.everything, box.pay, box.pay");
}

TEST_CASE("Show: inputs that cannot be read say so", "[analytics][show]")
{
    auto database = names_only();
    LedgerNames names{database};
    CallWriter calls;
    calls.add(ContractId{1}, Pay{Amount{9}});
    Bytes input{0};
    input.insert(input.end(), calls.bytes().begin(), calls.bytes().end());
    CHECK(decode_calls(names, find, input).at(0).unreadable.empty());
    const auto first = [&](const Bytes& bytes) { return decode_calls(names, find, bytes).at(0); };
    CHECK(first({}).unreadable == "malformed input");
    CHECK(first({5}).unreadable == "malformed input");
    CHECK(first({0, 1}).unreadable == "malformed calls");
    auto altered = input;
    altered[4] = 9;  // The contract.
    CHECK(first(altered).unreadable == "no such contract");
    altered = input;
    altered[5] = 9;  // The method.
    CHECK(first(altered).unreadable == "no such call");
    altered = input;
    altered[7] = 31;  // The arguments' length.
    altered.pop_back();
    CHECK(first(altered).unreadable == "malformed arguments");
}
