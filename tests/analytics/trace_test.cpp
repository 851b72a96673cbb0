#include "analytics/tracing/trace.hpp"

#include "analytics/tracing/render_trace.hpp"
#include "tests/analytics/ledger_builder.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temporary_file.hpp"

#include <nlohmann/json.hpp>

#include <cmath>

using namespace runnel;
using namespace runnel::analytics;
using namespace runnel::analytics::fixture;
using namespace runnel::analytics::tracing;

namespace
{
Amount loot_at(const Trace& trace, Place place)
{
    Amount sum;
    for (const auto& stake : trace.stakes)
    {
        if (stake.place == place)
            sum = wrapping_add(sum, total_units(stake.units));
    }
    return sum;
}

bool sums_to_loot(const Trace& trace)
{
    Units taken;
    for (std::uint32_t i = 0; i < trace.kinds.size(); ++i)
        add_units(taken, {{i, trace.kinds[i].taken}});
    return sum_of_stakes(trace.stakes) == taken;
}

using Json = nlohmann::ordered_json;

/// A trace's JSON as one document, of what the trace says.
class Reference
{
public:
    Reference(LedgerQueries& source, const Trace& trace) : source_{source}, trace_{trace} {}

    [[nodiscard]] Json document()
    {
        const bool counts = trace_.policy != PolicyKind::poison;
        Json object;
        object["direction"] = trace_.direction == Direction::forward ? "forward" : "backward";
        object["movements"] = trace_.movements;
        Units taken;
        for (std::uint32_t i = 0; i < trace_.kinds.size(); ++i)
            add_units(taken, {{i, trace_.kinds[i].taken}});
        object["loot"] = units(taken);
        for (std::size_t i = 0; i < trace_.kinds.size(); ++i)
            object["loot"][i]["value_usd"] = trace_.kinds[i].value;
        if (counts)
        {
            object["sums_to_loot"] = sums_to_loot(trace_);
            object["error_below_units"] = trace_.roundings + 1;
        }
        object["holders"] = nullptr;  // Their order and shares are what the text shows, too.
        auto hops = Json::array();
        for (std::size_t i = 0; i < trace_.hops.size(); ++i)
        {
            const auto hop = trace_.hops[i];
            Json entry;
            entry["from"] = place(hop.from);
            entry["to"] = place(hop.to);
            if (hop.through != zero_account)
                entry["through"] = name(hop.through);
            if (counts)
            {
                entry["share"] = share(hop.units);
                entry["loot"] = units(hop.units);
            }
            put_amount(entry, "amount", hop.amount, hop.to.token);
            entry["times"] = hop.count;
            entry["first_block"] = hop.first_block;
            entry["last_block"] = hop.last_block;
            hops.push_back(entry);
        }
        object["hops"] = hops;
        object["movements_not_told_apart"] = trace_.hops_lost;
        auto loans = Json::array();
        for (const auto& loan : trace_.loans)
        {
            Json entry{{"borrower", name(loan.borrower)}, {"contract", name(loan.contract)},
                {"token", source_.token_name(loan.token)}};
            put_amount(entry, "amount", loan.amount, loan.token);
            entry["block"] = loan.block;
            loans.push_back(entry);
        }
        object["secured_loans"] = loans;
        return object;
    }

private:
    [[nodiscard]] std::string name(AccountId account)
    {
        return account == zero_account ? "(nobody)" : source_.account_name(account);
    }
    [[nodiscard]] Json place(Place place)
    {
        return {{"account", name(place.account)}, {"token", source_.token_name(place.token)}};
    }
    void put_amount(Json& entry, const std::string& key, const Amount& amount, ContractId token)
    {
        entry[key + "_raw"] = amount.to_string();
        entry[key] = source_.money(amount, token).to_double();
    }
    [[nodiscard]] Json units(const Units& units)
    {
        auto list = Json::array();
        for (const auto& part : units)
        {
            const auto& kind = trace_.kinds[part.kind];
            Json entry{{"token", source_.token_name(kind.token)}};
            if (kind.source != zero_account)
                entry["source"] = name(kind.source);
            put_amount(entry, "amount", part.units, kind.token);
            list.push_back(entry);
        }
        return list;
    }
    [[nodiscard]] double share(const Units& units) const
    {
        double all = 0;
        bool has_prices = true;
        for (const auto& kind : trace_.kinds)
        {
            all += kind.value;
            has_prices = has_prices && kind.value > 0;
        }
        double sum = 0;
        for (const auto& part : units)
        {
            const auto& kind = trace_.kinds[part.kind];
            const auto weight =
                has_prices ? kind.value / all : 1.0 / static_cast<double>(trace_.kinds.size());
            sum += weight * part.units.to_double() / kind.taken.to_double();
        }
        return sum;
    }

    LedgerQueries& source_;
    const Trace& trace_;
};

std::string json_of(LedgerQueries& source, const std::vector<Trace>& traces)
{
    std::string text;
    write_trace_json(source, traces, {}, [&](std::string_view piece) { text += piece; });
    return text;
}

/// All that there is, as text that can be compared.
std::vector<std::string> all_movements(
    LedgerQueries& source, Direction direction, std::uint64_t ahead_rows_min)
{
    std::vector<std::string> all;
    LedgerMovements movements{source, direction, source.last_block(), ahead_rows_min};
    for (TransactionMoves moves; movements.next(moves);)
    {
        auto line = std::to_string(moves.block) + ":" + std::to_string(moves.index);
        const auto add = [&](const auto&... words) { ((line += std::string{" "} + words), ...); };
        const auto id = [](auto of) { return std::to_string(index(of)); };
        for (const auto& move : moves.transfers)
            add("pays", id(move.from), id(move.to), id(move.token), move.amount.to_string());
        for (const auto& claim : moves.claims)
            add("claims", id(claim.owner), id(claim.token), claim.amount.to_string());
        for (const auto& [place, amount] : moves.gains)
            add("gains", id(place.account), amount.to_string());
        add("fee", id(moves.fee_payer), moves.burnt.to_string(), moves.tip.to_string(),
            id(moves.proposer));
        all.push_back(line);
    }
    all.push_back(std::to_string(movements.movements()));
    return all;
}
}  // namespace

TEST_CASE("a ledger is traced forward, backward and from a transaction", "[tracing]")
{
    auto writer = storage::LedgerWriter::in_memory(manifest("test", 5), description(Parts::all));
    six_blocks().write_to(writer);
    LedgerQueries source{writer.database()};
    TraceRequest request;

    SECTION("forward: ann gets 2 WETH and swaps one of them")
    {
        request.sources = {ann};
        request.policy = GENERATE(PolicyKind::haircut, PolicyKind::fifo, PolicyKind::provenance);
        const auto trace = make_trace(source, request);
        REQUIRE(trace.kinds.size() == 1);
        CHECK(trace.kinds[0].token == weth);
        CHECK(trace.kinds[0].taken == ether(2));
        CHECK(loot_at(trace, {ann, weth}) == ether(1));
        CHECK(loot_at(trace, {ann, usdc}) == ether(1));
        CHECK(sums_to_loot(trace));
        REQUIRE(trace.hops.size() == 1);
        CHECK(trace.hops[0].from == Place{ann, weth});
        CHECK(trace.hops[0].to == Place{ann, usdc});
        CHECK(trace.hops[0].through == pair_account);
        CHECK(trace.hops[0].first_block == 2);
    }
    SECTION("backward: what ann has in the end was all paid for in USDC")
    {
        request.sources = {ann};
        request.direction = Direction::backward;
        const auto trace = make_trace(source, request);
        REQUIRE(trace.kinds.size() == 2);
        CHECK(loot_at(trace, {ann, usdc}) == wrapping_add(ether(1), dollars(195)));
        CHECK(sums_to_loot(trace));
    }
    SECTION("a liquidation brings its sender the collateral")
    {
        auto row = source.query(
            "SELECT hash FROM t_transactions WHERE block_number = 3 AND transaction_index = 1");
        REQUIRE(row.step());
        request.transaction = row.hash(0);
        const auto trace = make_trace(source, request);
        REQUIRE(trace.kinds.size() == 1);
        CHECK(trace.kinds[0].token == weth);
        CHECK(loot_at(trace, {dan, weth}) == trace.kinds[0].taken);
        CHECK(trace.roots == std::vector{Place{dan, weth}});
        CHECK(sums_to_loot(trace));
    }
    SECTION("there is no such transaction")
    {
        request.transaction = Hash{};
        CHECK_THROWS_AS(make_trace(source, request), std::invalid_argument);
    }
}

TEST_CASE("rows that no chain has are found", "[tracing]")
{
    auto writer = storage::LedgerWriter::in_memory(manifest("test", 5), description(Parts::all));
    six_blocks().write_to(writer);
    const std::string damage = GENERATE("UPDATE t_token_transfers SET value = 'x' WHERE rowid = 4",
        "UPDATE t_token_transfers SET to_id = 4000000 WHERE rowid = 4",
        "UPDATE t_token_transfers SET contract_id = 77 WHERE rowid = 4",
        "UPDATE t_token_transfers SET block_number = 5 WHERE rowid = 4",
        "UPDATE t_transactions SET from_id = 4000000 WHERE block_number = 3");
    writer.database().execute(damage);
    LedgerQueries source{writer.database()};
    TraceRequest request;
    request.sources = {ann};
    CHECK_THROWS_AS(make_trace(source, request), storage::StorageError);
}

TEST_CASE("a trace's JSON is that of one document", "[tracing]")
{
    auto writer = storage::LedgerWriter::in_memory(manifest("test", 5), description(Parts::all));
    six_blocks().write_to(writer);
    LedgerQueries source{writer.database()};
    TraceRequest request;
    request.sources = {GENERATE(ann, bob)};
    request.policy =
        GENERATE(PolicyKind::haircut, PolicyKind::fifo, PolicyKind::provenance, PolicyKind::poison);
    request.direction = GENERATE(Direction::forward, Direction::backward);
    std::vector<Trace> traces;
    traces.push_back(make_trace(source, request));
    const auto text = json_of(source, traces);
    const auto read = Json::parse(text);
    CHECK(read.dump(2, ' ', true) == text);
    auto expected = Reference{source, traces.front()}.document();
    const auto& object = read.front();
    expected["holders"] = object["holders"];
    CHECK(Json{{read.items().begin().key(), expected}}.dump(2, ' ', true) == text);
    // Holders are the places of their accounts.
    std::size_t places = 0;
    for (const auto& holder : object["holders"])
        places += holder["places"].size();
    CHECK(places == traces.front().stakes.size());
}

TEST_CASE("a trace says which block it ended with", "[tracing]")
{
    auto writer = storage::LedgerWriter::in_memory(manifest("test", 5), description(Parts::all));
    six_blocks().write_to(writer);
    LedgerQueries source{writer.database()};
    TraceRequest request;
    request.sources = {ann};
    const auto last_block = [&](std::optional<std::uint64_t> asked_for)
    {
        request.until_block = asked_for;
        std::vector<Trace> traces;
        traces.push_back(make_trace(source, request));
        const auto text = trace_text(source, traces, {});
        CHECK(text.find(" movements in " + std::to_string(traces.front().last_block) + " blocks") !=
              std::string::npos);
        return traces.front().last_block;
    };
    CHECK(last_block(std::nullopt) == 5);
    CHECK(last_block(3) == 3);
    CHECK(last_block(1) == 1);
    CHECK(last_block(1'000) == 5);
}

TEST_CASE("reading ahead reads the same", "[tracing]")
{
    const TemporaryFile file;
    {
        auto writer = storage::LedgerWriter::create(
            file.path(), manifest("test", 5), description(Parts::all));
        six_blocks().write_to(writer);
        writer.finish();
    }
    constexpr std::uint64_t never = 1'000'000;
    const auto direction = GENERATE(Direction::forward, Direction::backward);
    auto database = storage::Database::open(file.path(), storage::Database::Access::analysis);
    LedgerQueries source{database};
    const auto expected = all_movements(source, direction, never);
    CHECK(expected.size() > 10);
    CHECK(all_movements(source, direction, 0) == expected);
    // Whoever stops early is not waited for.
    LedgerMovements begun{source, direction, source.last_block(), 0};
    TransactionMoves moves;
    CHECK(begun.next(moves));
}

TEST_CASE("what is damaged is found by reading ahead, too", "[tracing]")
{
    const TemporaryFile file;
    {
        auto writer = storage::LedgerWriter::create(
            file.path(), manifest("test", 5), description(Parts::all));
        six_blocks().write_to(writer);
        writer.finish();
    }
    const std::string damage = GENERATE("UPDATE t_token_transfers SET value = 'x' WHERE rowid = 4",
        "UPDATE t_token_transfers SET to_id = 4000000 WHERE rowid = 4",
        "UPDATE t_token_transfers SET block_number = 5 WHERE rowid = 4",
        "UPDATE t_transactions SET from_id = 4000000 WHERE block_number = 3");
    {
        auto database = storage::Database::open(file.path(), storage::Database::Access::read_write);
        database.execute(damage);
    }
    auto database = storage::Database::open(file.path(), storage::Database::Access::analysis);
    LedgerQueries source{database};
    CHECK_THROWS_AS(all_movements(source, Direction::forward, 0), storage::StorageError);
}
