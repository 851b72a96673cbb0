#include "analytics/tracing/render_trace.hpp"
#include "analytics/tracing/trace.hpp"
#include "tools/runnel/commands.hpp"
#include "tools/runnel/html_page.hpp"
#include "tools/runnel/number_options.hpp"
#include "tools/runnel/printable.hpp"
#include "tools/runnel/process.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace runnel::tools
{
namespace
{
using analytics::LedgerQueries;
using analytics::tracing::Direction;
using analytics::tracing::PolicyKind;

constexpr std::uint64_t block_max = std::numeric_limits<std::int64_t>::max();

struct TraceOptions
{
    std::string database;
    std::vector<std::string> from;
    std::string transaction;
    std::vector<std::string> until;
    std::string policy = "haircut";
    std::string token;
    std::string html;
    std::uint64_t since = 0;
    std::optional<std::uint64_t> at;
    analytics::tracing::TraceView view;
    bool forward = false;
    bool backward = false;
    bool json = false;
    bool dot = false;
    bool graphml = false;
};

AccountId account_of(LedgerQueries& source, std::string_view option, const std::string& text)
{
    const auto find = [&](std::string_view sql, std::string_view value) -> std::optional<AccountId>
    {
        auto row = source.query(sql);
        row.bind(1, storage::Value{value});
        if (!row.step())
            return std::nullopt;
        const auto id = row.account(0);
        static_cast<void>(source.group_of(id));  // Throws if it is beyond the ledger's accounts.
        return id;
    };
    if (const auto address = Address::from_string(text))
    {
        if (const auto id =
                find("SELECT id FROM t_addresses WHERE address = ?", address->to_string()))
            return *id;
    }
    if (const auto id = find("SELECT id FROM t_addresses WHERE name = ?", text))
        return *id;
    throw CommandError{exit_bad_input,
        fmt::format("{}: the ledger has no account of this address or name: {}", option, text)};
}

ContractId token_of(const LedgerQueries& source, const std::string& text)
{
    for (const auto& token : source.tokens())
    {
        if (token.name == text || source.contract_name(token.contract) == text)
            return token.contract;
    }
    throw CommandError{
        exit_bad_input, fmt::format("--token: the ledger has no token of this name: {}", text)};
}

std::vector<PolicyKind> policies_of(const std::string& text)
{
    std::vector<PolicyKind> policies;
    for (const auto policy :
        {PolicyKind::haircut, PolicyKind::fifo, PolicyKind::provenance, PolicyKind::poison})
    {
        if (text == "all" || text == to_string(policy))
            policies.push_back(policy);
    }
    return policies;
}

analytics::tracing::TraceRequest request_of(LedgerQueries& source, const TraceOptions& options)
{
    analytics::tracing::TraceRequest request;
    if (options.from.empty() == options.transaction.empty())
        throw CommandError{
            exit_bad_input, "expected either --from or --tx (see runnel trace --help)"};
    for (const auto& text : options.from)
        request.sources.push_back(account_of(source, "--from", text));
    for (const auto& text : options.until)
    {
        const auto account = account_of(source, "--until", text);
        if (std::find(request.sources.begin(), request.sources.end(), account) !=
            request.sources.end())
        {
            throw CommandError{
                exit_bad_input, fmt::format("--until: the trace begins there: {}", text)};
        }
        request.stops.push_back(account);
    }
    if (!options.transaction.empty())
    {
        request.transaction = Hash::from_string(options.transaction);
        if (!request.transaction)
        {
            throw CommandError{exit_bad_input,
                fmt::format("--tx: expected 0x and 64 hex digits, got {}", options.transaction)};
        }
    }
    if (options.backward)
    {
        request.direction = Direction::backward;
        if (request.transaction)
            throw CommandError{exit_bad_input, "--tx: only --from can be traced backward"};
        if (options.since != 0)
            throw CommandError{exit_bad_input, "--since: a trace backward ends at block 0"};
    }
    if (!options.token.empty())
        request.token = token_of(source, options.token);
    request.since = options.since;
    request.until_block = options.at;
    return request;
}

int run_trace(const TraceOptions& options)
{
    storage::CommandFiles command;
    command.reads_ledger(options.database, "the ledger");
    std::optional<storage::OutputFile> page;
    if (!options.html.empty())
    {
        page.emplace(open_html_page(
            options.html, command, analytics::tracing::is_html_trace, "a page of a trace"));
    }
    auto database = storage::Database::open(options.database, storage::Database::Access::analysis);
    LedgerQueries source{database};
    if (!source.has_blocks())
        throw CommandError{exit_bad_input, fmt::format("{}: no blocks yet", options.database)};
    auto request = request_of(source, options);
    std::vector<analytics::tracing::Trace> traces;
    for (const auto policy : policies_of(options.policy))
    {
        request.policy = policy;
        try
        {
            traces.push_back(make_trace(source, request));
        }
        catch (const std::invalid_argument& error)
        {
            throw CommandError{exit_bad_input, fmt::format("--tx: {}", error.what())};
        }
    }
    if (page)
    {
        page->write(trace_html(source, request, traces, options.view));
        page->commit();
        tell(printable(fmt::format("page written to {}", options.html)));
    }
    if (options.json)
    {
        write_trace_json(
            source, traces, options.view, [](std::string_view text) { fmt::print("{}", text); });
        fmt::print("\n");
    }
    else if (options.dot || options.graphml)
    {
        if (traces.size() > 1)
            throw CommandError{exit_bad_input, "--policy all: a graph shows one policy"};
        const auto graph = options.dot ? trace_dot(source, traces.front(), options.view)
                                       : trace_graphml(source, traces.front(), options.view);
        fmt::print("{}", printable(graph, Layout::keep));
    }
    else if (!page)
        fmt::print("{}", printable(trace_text(source, traces, options.view), Layout::keep));
    return exit_done;
}

}  // namespace

Command add_trace_command(CLI::App& app)
{
    auto options = std::make_shared<TraceOptions>();
    auto* command = app.add_subcommand("trace",
        "Follows value through a ledger: where what somebody took went, or where what somebody "
        "has came from, through transfers, swaps, pools, lending, order books, escrow and mixers.");
    command->add_option("DB", options->database, "A ledger that `runnel run --db` wrote")
        ->required();
    auto* from = command
                     ->add_option("--from", options->from,
                         "All that this account has, and all clean money that it gets, is the "
                         "loot; may be repeated")
                     ->type_name("ADDRESS|NAME");
    auto* transaction = command
                            ->add_option("--tx", options->transaction,
                                "What this transaction brought to who gained by it is the loot")
                            ->type_name("HASH")
                            ->excludes(from);
    auto* forward = command->add_flag("--forward", options->forward, "Where it went (as without)");
    command->add_flag("--backward", options->backward, "Where what --from has after --at came from")
        ->excludes(forward);
    command
        ->add_option("--policy", options->policy,
            "How loot mixes with other money: haircut, fifo, provenance, poison; all: side by side")
        ->type_name("NAME")
        ->check(CLI::IsMember({"haircut", "fifo", "provenance", "poison", "all"}))
        ->capture_default_str();
    command
        ->add_option("--until", options->until,
            "What arrives at this account is followed no further; may be repeated")
        ->type_name("ADDRESS|NAME");
    command->add_option("--token", options->token, "Only money of this token is loot")
        ->type_name("NAME");
    command
        ->add_option("--since", options->since, "--from is a thief from this block on (default: 0)")
        ->type_name("BLOCK")
        ->excludes(transaction)
        ->check(whole_number(0, block_max));
    command
        ->add_option("--at", options->at,
            "The last block that is looked at (default: the ledger's last one)")
        ->type_name("BLOCK")
        ->check(whole_number(0, block_max));
    command
        ->add_option("--min", options->view.min,
            "Show what is at least so many whole tokens, in all outputs; all of it is followed")
        ->type_name("AMOUNT")
        ->check(real_number(0, 1e60));
    command
        ->add_option("--depth", options->view.depth, "How deep the tree is, in hops (default: 12)")
        ->type_name("NUMBER")
        ->check(whole_number(1, 1'000));
    command->add_option("--lines", options->view.lines, "Lines of the tree (default: 60)")
        ->type_name("NUMBER")
        ->check(whole_number(0, 1'000'000));
    command->add_option("--rows", options->view.rows, "Rows of the table (default: 25)")
        ->type_name("NUMBER")
        ->check(whole_number(0, 1'000'000));
    auto* json = command->add_flag("--json", options->json,
        "Print one JSON object: all holders and hops (of at least --min); exact amounts as decimal "
        "text (`..._raw`)");
    auto* dot = command->add_flag("--dot", options->dot, "Print a graph for Graphviz");
    auto* graphml = command->add_flag(
        "--graphml", options->graphml, "Print a graph for Gephi, Cytoscape, NetworkX");
    command
        ->add_option("--html", options->html,
            "Write one page for a browser: the graph over time; it needs no network and no other "
            "file")
        ->type_name("FILE");
    json->excludes(dot)->excludes(graphml);
    dot->excludes(graphml);
    command->footer(
        "Examples:\n"
        "  runnel trace hack.db --from thief/0 --min 10\n"
        "  runnel trace hack.db --from thief/0 --policy all\n"
        "  runnel trace hack.db --tx 0x5f1c... --policy fifo --until exchange --json\n"
        "  runnel trace hack.db --from 0xd8dA... --backward --token USDC\n"
        "  runnel trace hack.db --from thief/0 --min 50 --dot | dot -Tsvg > thief.svg\n"
        "  runnel trace hack.db --from thief/0 --policy all --html thief.html\n"
        "docs/tracing.md defines every rule.");
    return [options] { return run_trace(*options); };
}

}  // namespace runnel::tools
