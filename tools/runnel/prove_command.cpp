#include "audit/light.hpp"
#include "audit/proof.hpp"
#include "storage/output_file.hpp"
#include "tools/runnel/commands.hpp"
#include "tools/runnel/number_options.hpp"
#include "tools/runnel/number_text.hpp"
#include "tools/runnel/printable.hpp"
#include "tools/runnel/process.hpp"
#include "tools/runnel/transaction_name.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace runnel::tools
{
namespace
{

struct ProveOptions
{
    std::string database;
    std::string transaction;
    std::vector<std::string> balance;
    std::vector<std::string> record;
    std::optional<std::uint64_t> block;
    bool headers = false;
    std::string output;
};

audit::Proof prove_transaction(const ProveOptions& options)
{
    const auto named = transaction_name("--transaction", options.transaction);
    if (const auto* hash = std::get_if<Hash>(&named))
        return audit::prove_transaction(options.database, *hash);
    const auto [block, index] = std::get<TransactionInBlock>(named);
    return audit::prove_transaction(options.database, audit::TransactionPlace{block, index});
}

audit::Proof make_proof(const ProveOptions& options)
{
    if (!options.transaction.empty())
        return prove_transaction(options);
    if (!options.balance.empty())
    {
        return audit::prove_balance(
            options.database, options.balance[0], options.balance[1], options.block);
    }
    const auto key = parsed<std::uint64_t>(options.record[1]);
    if (!key)
    {
        throw CommandError{exit_bad_input,
            fmt::format("--record: expected a key from 0 to 2^64 - 1, got {}", options.record[1])};
    }
    return audit::prove_record(options.database, options.record[0], *key, options.block);
}

/// What to_json() writes is an object whose first member says what it is.
bool is_proof(std::string_view beginning)
{
    const auto first = beginning.find_first_not_of("{ \n");
    return beginning.starts_with('{') && first != std::string_view::npos &&
           beginning.substr(first).starts_with("\"runnel_proof\"");
}

/// Likewise, of headers.
bool is_headers(std::string_view beginning)
{
    const auto first = beginning.find_first_not_of("{ \n");
    return beginning.starts_with('{') && first != std::string_view::npos &&
           beginning.substr(first).starts_with("\"runnel_headers\"");
}

int run_headers(const ProveOptions& options)
{
    std::optional<storage::OutputFile> file;
    if (!options.output.empty())
    {
        storage::CommandFiles command;
        command.reads_ledger(options.database, "the ledger");
        command.writes(options.output, "the headers");
        file.emplace(options.output, is_headers, "headers");
    }
    audit::LightChain chain;
    try
    {
        chain = audit::read_light_chain(options.database);
    }
    catch (const audit::ProofError& error)
    {
        throw CommandError{exit_bad_input, error.what()};
    }
    const auto text = audit::to_json(chain);
    if (!file)
    {
        fmt::print("{}", text);
        return exit_done;
    }
    file->write(text);
    file->commit();
    tell(fmt::format("headers: {}", chain.headers.size()));
    return exit_done;
}

int run_prove(const ProveOptions& options)
{
    if (options.headers)
        return run_headers(options);
    if (options.transaction.empty() && options.balance.empty() && options.record.empty())
    {
        throw CommandError{exit_bad_input,
            "prove: expected one of --transaction, --balance, --record, --headers (see runnel "
            "prove --help)"};
    }
    std::optional<storage::OutputFile> file;
    if (!options.output.empty())
    {
        storage::CommandFiles command;
        command.reads_ledger(options.database, "the ledger");
        command.writes(options.output, "the proof");
        file.emplace(options.output, is_proof, "a proof");
    }
    audit::Proof proof;
    try
    {
        proof = make_proof(options);
    }
    catch (const audit::ProofError& error)
    {
        throw CommandError{exit_bad_input, error.what()};
    }
    const auto text = audit::to_json(proof);
    if (!file)
    {
        fmt::print("{}", text);
        return exit_done;
    }
    file->write(text);
    file->commit();
    tell("proven: " + shortened(printable(proof.statement)));
    return exit_done;
}

}  // namespace

Command add_prove_command(CLI::App& app)
{
    auto options = std::make_shared<ProveOptions>();
    auto* command = app.add_subcommand("prove",
        "Prove that a transaction is in a block, or what a balance is after one, against the "
        "block's hash alone. `runnel verify --proof` checks it.");
    command->add_option("DB", options->database, "A ledger")->required();
    auto* transaction = command
                            ->add_option("--transaction", options->transaction,
                                "The transaction with this hash, or BLOCK:INDEX, and its receipt")
                            ->type_name("HASH");
    auto* balance = command
                        ->add_option("--balance", options->balance,
                            "TOKEN (name, symbol or address) and ACCOUNT (name or address)")
                        ->type_name("TOKEN ACCOUNT")
                        ->expected(2);
    auto* record = command
                       ->add_option("--record", options->record,
                           "TABLE (name or number) and KEY of any record of the state")
                       ->type_name("TABLE KEY")
                       ->expected(2);
    transaction->excludes(balance)->excludes(record);
    balance->excludes(record);
    command
        ->add_flag("--headers", options->headers,
            "Instead, the chain's headers and what shows that they are final, for `runnel verify "
            "--proof FILE --light HEADERS`; of a chain that a network made")
        ->excludes(transaction)
        ->excludes(balance)
        ->excludes(record);
    command
        ->add_option("--block", options->block,
            "Of a balance or record: a block with a root of the whole state, which every "
            "`checkpoint_interval`th has; by default the newest")
        ->type_name("N")
        ->check(whole_number(0, std::numeric_limits<std::uint64_t>::max()))
        ->excludes(transaction);
    command->add_option("-o,--output", options->output, "Write to this file, not to stdout")
        ->type_name("FILE");
    command->footer(
        "Examples:\n"
        "  runnel prove payments.db --balance USDC payer/7 -o balance.json\n"
        "  runnel prove payments.db --balance ETH payer/7 --block 1000\n"
        "  runnel prove payments.db --transaction 12:0 -o payment.json\n"
        "  runnel verify --proof balance.json --db payments.db\n"
        "  runnel prove payments.db --headers -o headers.json\n"
        "  runnel verify --proof balance.json --light headers.json\n"
        "docs/state.md explains the proofs.");
    return [options] { return run_prove(*options); };
}

}  // namespace runnel::tools
