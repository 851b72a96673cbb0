#include "actors/simulation.hpp"
#include "audit/light.hpp"
#include "audit/proof.hpp"
#include "audit/verification.hpp"
#include "storage/ledger_reader.hpp"
#include "tools/runnel/commands.hpp"
#include "tools/runnel/number_options.hpp"
#include "tools/runnel/printable.hpp"
#include "tools/runnel/process.hpp"
#include "tools/runnel/progress.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <thread>

namespace runnel::tools
{
namespace
{

struct VerifyOptions
{
    std::string database;
    std::string proof;
    std::string proof_database;
    std::string block_hash;
    std::string light;
    std::string genesis;
    std::uint64_t confirmations = 6;
    std::string head;
    std::string workers = "auto";
    bool json = false;
    bool quiet = false;
};

/// An unset variable of a shell must not turn a check off.
const CLI::Validator not_empty{[](const std::string& text)
    { return text.empty() ? std::string{"expected a value, got an empty text"} : std::string{}; },
    ""};
const CLI::Validator is_hash{[](const std::string& text)
    {
        return text.starts_with("0x") && Hash::from_string(text)
                   ? std::string{}
                   : fmt::format("expected 0x and 64 hex digits, got {}",
                         text.empty() ? "an empty text" : text);
    },
    ""};

std::string read_proof(const std::string& path, std::size_t size_max = 16U << 20U)
{
    std::ifstream file{path, std::ios::binary};
    std::string text;
    // Piece by piece: as much as may come is a thousand times what comes.
    constexpr std::size_t piece = 1U << 20U;
    while (file && text.size() <= size_max)
    {
        const auto had = text.size();
        text.resize(had + piece);
        file.read(text.data() + had, static_cast<std::streamsize>(piece));
        text.resize(had + static_cast<std::size_t>(file.gcount()));
    }
    if (file.bad() || (!file.is_open()) || (file.fail() && !file.eof()))
        throw CommandError{exit_world_failed, path + ": cannot be read; does the file exist?"};
    if (text.size() > size_max)
        throw CommandError{
            exit_bad_input, fmt::format("{}: larger than {} MiB", path, size_max >> 20U)};
    return text;
}

/// Whether the proof's block is the one that the user trusts; empty if it is.
std::string check_block(const VerifyOptions& options, const audit::Proof& proof)
{
    const auto number = proof.header.number;
    if (!options.block_hash.empty())
    {
        const auto hash = Hash::from_string(options.block_hash);
        if (*hash != proof.block_hash)
        {
            return fmt::format("the proof is about block {} with the hash {}, not about {}", number,
                proof.block_hash.to_string(), hash->to_string());
        }
    }
    if (!options.proof_database.empty())
    {
        auto reader = storage::LedgerReader::open(options.proof_database);
        const auto last = reader.last_block();
        if (!last || number > *last)
            return fmt::format("{} has no block {}", options.proof_database, number);
        if (reader.header(number).hash != proof.block_hash)
        {
            return fmt::format(
                "block {} of {} has another hash than the proof's", number, options.proof_database);
        }
    }
    return {};
}

/// Whether the proof's block is final by what a light client knows; says so in @p why.
std::string check_light(const VerifyOptions& options, const audit::Proof& proof, std::string& why)
{
    if (options.light.empty())
        return {};
    constexpr std::size_t size_max = 1U << 30U;
    audit::LightChain chain;
    try
    {
        chain = audit::parse_light_chain(read_proof(options.light, size_max));
    }
    catch (const audit::ProofError& error)
    {
        throw CommandError{exit_bad_input, fmt::format("{}: {}", options.light, error.what())};
    }
    // First, so that nobody works for the rules of a chain that is not the trusted one.
    const auto genesis = chain.headers.empty() ? Hash{} : chain.headers.front().hash();
    if (!options.genesis.empty() && Hash::from_string(options.genesis) != genesis)
    {
        return fmt::format("{}: block 0 has the hash {}, not {}", options.light,
            genesis.to_string(), options.genesis);
    }
    auto finality = audit::check_finality(chain, proof, options.confirmations);
    if (!finality.failure.empty())
        return fmt::format("{}: {}", options.light, finality.failure);
    why = fmt::format("{} (block 0: {})", finality.why, genesis.to_string());
    return {};
}

int run_verify_proof(const VerifyOptions& options)
{
    audit::Proof proof;
    try
    {
        proof = audit::parse_proof(read_proof(options.proof));
    }
    catch (const audit::ProofError& error)
    {
        throw CommandError{exit_bad_input, fmt::format("{}: {}", options.proof, error.what())};
    }
    auto proven = audit::check_proof(proof);
    if (proven.failure.empty())
        proven.failure = check_block(options, proof);
    std::string finality;
    if (proven.failure.empty())
        proven.failure = check_light(options, proof, finality);
    const bool holds = proven.failure.empty();
    const bool trusted =
        !options.block_hash.empty() || !options.proof_database.empty() || !options.genesis.empty();
    if (options.json)
    {
        fmt::print("{}\n",
            nlohmann::json{{"holds", holds}, {"statement", proven.statement},
                {"block", proof.header.number}, {"block_hash", proof.block_hash.to_string()},
                {"block_compared", trusted}, {"finality", finality}, {"failure", proven.failure}}
                .dump(-1, ' ', true, nlohmann::json::error_handler_t::replace));
    }
    if (!holds)
        throw CommandError{
            exit_does_not_hold, fmt::format("{}: {}", options.proof, proven.failure)};
    if (!options.json && !options.quiet)
    {
        fmt::print("proven: {}\n", shortened(printable(proven.statement)));
        fmt::print("block hash    {}\n", proof.block_hash.to_string());
        if (!finality.empty())
            fmt::print("{}\n", finality);
        if (!trusted && !options.light.empty())
            fmt::print("this is as true as block 0: compare its hash, or give --genesis\n");
        else if (!trusted)
        {
            fmt::print(
                "this is as true as that hash: compare it with one you trust, or give --db or "
                "--block-hash\n");
        }
    }
    return exit_done;
}

/// Those that read, compare, and check the file beside those that execute.
constexpr unsigned checking_threads = 3;

int run_verify(const VerifyOptions& options)
{
    if (options.database.empty() == options.proof.empty())
    {
        throw CommandError{
            exit_bad_input, "verify: expected DB, or --proof FILE (see runnel verify --help)"};
    }
    if (!options.proof.empty())
        return run_verify_proof(options);
    std::optional<ProgressBar> bar;
    // Reading, comparing and SQLite's own check keep two cores busy, or nearly.
    const auto cores = std::thread::hardware_concurrency();
    const auto workers = options.workers == "auto"
                             ? std::clamp(cores, 3U, workers_max) - 2
                             : static_cast<unsigned>(std::stoul(options.workers));
    require_threads(workers + checking_threads);
    const auto head = options.head.empty() ? std::nullopt : Hash::from_string(options.head);
    const auto result = audit::verify_ledger(options.database, workers, head,
        [&](std::uint64_t done, std::uint64_t total)
        {
            if (!bar)
                bar.emplace("verify", total, !options.quiet && !options.json);
            bar->update(done, "blocks");
        });
    bar.reset();
    const bool holds = result.failure.empty();
    if (options.json)
    {
        fmt::print(
            "{}\n", nlohmann::json{{"holds", holds}, {"blocks", result.blocks},
                        {"blocks_planned", result.blocks_planned}, {"complete", result.complete},
                        {"head_compared", head.has_value()}, {"transactions", result.transactions},
                        {"head_hash", result.head_hash}, {"failure", result.failure}}
                        .dump(-1, ' ', true, nlohmann::json::error_handler_t::replace));
    }
    if (!holds)
        throw CommandError{
            exit_does_not_hold, fmt::format("{}: {}", options.database, result.failure)};
    if (!options.json && !options.quiet)
    {
        fmt::print(
            "{}: {} blocks, {} transactions re-executed; every hash, root, row and "
            "invariant holds\n",
            options.database, with_commas(result.blocks), with_commas(result.transactions));
        if (result.blocks < result.blocks_planned)
        {
            fmt::print("the run was cut short: the scenario has {} blocks\n",
                with_commas(result.blocks_planned));
        }
        else if (!result.complete)
            fmt::print("the run was killed before it had finished its file: --resume does that\n");
        fmt::print("head hash     {}\n", result.head_hash);
    }
    return exit_done;
}

}  // namespace

Command add_verify_command(CLI::App& app)
{
    auto options = std::make_shared<VerifyOptions>();
    auto* command = app.add_subcommand("verify",
        "Re-execute a ledger from its own rows and check every hash, root, row and invariant; or "
        "check a proof that `runnel prove` made.");
    command->add_option("DB", options->database, "A ledger")->check(not_empty);
    command
        ->add_option("--workers", options->workers,
            "Threads that execute, beside those that read, compare and check the file. auto: two "
            "fewer than there are cores, one at least")
        ->capture_default_str()
        ->check(auto_or_whole_number(1, workers_max));
    auto* proof = command->add_option("--proof", options->proof, "Check this proof instead")
                      ->type_name("FILE")
                      ->check(not_empty);
    command
        ->add_option("--db", options->proof_database,
            "The proof's block must be one of this ledger, whose hashes are trusted")
        ->type_name("DB")
        ->check(not_empty)
        ->needs(proof);
    command
        ->add_option("--block-hash", options->block_hash, "The proof's block must have this hash")
        ->type_name("HASH")
        ->check(is_hash)
        ->needs(proof);
    auto* light =
        command
            ->add_option("--light", options->light,
                "The proof's block must be final by these headers, which `runnel prove --headers` "
                "wrote: no ledger is needed")
            ->type_name("HEADERS")
            ->check(not_empty)
            ->needs(proof);
    command->add_option("--genesis", options->genesis, "Block 0 of the headers must have this hash")
        ->type_name("HASH")
        ->check(is_hash)
        ->needs(light);
    command
        ->add_option("--confirmations", options->confirmations,
            "Of proof of work: how many blocks must stand there, the proof's included")
        ->type_name("N")
        ->capture_default_str()
        ->check(whole_number(1, 1'000'000))
        ->needs(light);
    command
        ->add_option("--head", options->head,
            "The ledger's last block must have this hash, as `run` printed it: what agents wanted "
            "follows from nothing in the file")
        ->type_name("HASH")
        ->check(is_hash)
        ->excludes(proof);
    command->add_flag("--json", options->json, "Print one JSON object");
    command->add_flag("--quiet", options->quiet, "Print nothing but errors");
    command->footer(
        "Exits 0 when all holds, 1 naming the first wrong block otherwise.\n"
        "Examples:\n"
        "  runnel verify payments.db\n"
        "  runnel verify payments.db --head 0x8c56...61b6\n"
        "  runnel verify --proof balance.json --db payments.db");
    return [options] { return run_verify(*options); };
}

}  // namespace runnel::tools
