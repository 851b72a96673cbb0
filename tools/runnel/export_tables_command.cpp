#include "analytics/exported_tables.hpp"
#include "storage/output_file.hpp"
#include "tools/runnel/column_file.hpp"
#include "tools/runnel/commands.hpp"
#include "tools/runnel/helper_process.hpp"
#include "tools/runnel/number_options.hpp"
#include "tools/runnel/output_folder.hpp"
#include "tools/runnel/printable.hpp"
#include "tools/runnel/process.hpp"
#include "tools/runnel/scratch_folder.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <limits>
#include <memory>
#include <string>
#include <vector>

namespace runnel::tools
{
namespace
{
namespace filesystem = std::filesystem;
using analytics::ColumnType;
using analytics::ExportedTable;
using storage::Database;

/// Digits of DuckDB's, Parquet's and Spark's widest decimal.
constexpr std::size_t decimal_digits = 38;

struct TableOptions
{
    std::string database;
    std::string folder;
    std::string format = "ethereum-etl";
    std::vector<std::string> tables;
    std::uint64_t partition = 0;
};

struct Written
{
    std::uint64_t tables = 0;
    std::uint64_t rows = 0;
    std::vector<std::string> empty;
};

Written write_etl(Database& database, const TableOptions& options)
{
    Written written;
    std::vector<storage::OutputFile> files;
    for (const auto& table : analytics::etl_tables())
    {
        auto& file = files.emplace_back(
            filesystem::path{options.folder} / (table.name + ".csv"),
            [](std::string_view) { return false; }, "a file that is not there yet");
        const auto rows = analytics::write_rows(
            database, table, [&](std::string_view text) { file.write(text); });
        written.rows += rows;
        ++written.tables;
        if (rows == 0)
            written.empty.push_back(table.name);
    }
    for (auto& file : files)
        file.commit();
    return written;
}

std::string_view type_name(ColumnType type)
{
    switch (type)
    {
        case ColumnType::integer: return "integer";
        case ColumnType::real: return "real";
        case ColumnType::text: return "text";
        case ColumnType::amount: return "amount";
    }
    return {};
}

/// What tools/runnel/column_file.py does with a table.
nlohmann::json job_of(const ExportedTable& table, const std::vector<std::size_t>& digits)
{
    auto columns = nlohmann::json::array();
    auto decimals = nlohmann::json::array();
    for (std::size_t i = 0; i < table.columns.size(); ++i)
    {
        const auto& column = table.columns[i];
        columns.push_back({column.name, type_name(column.type)});
        if (column.type == ColumnType::amount && digits[i] <= decimal_digits)
            decimals.push_back(column.name);
    }
    return {{"table", table.name}, {"columns", columns}, {"decimals", decimals}};
}

Written write_columns(Database& database, const TableOptions& options)
{
    const char* set = std::getenv("RUNNEL_PYTHON");
    const std::string python = set == nullptr || *set == '\0' ? "python3" : set;
    const filesystem::path folder{options.folder};
    // What is not whole yet is beside what is.
    const ScratchFolder unfinished{folder / fmt::format("runnel-{}.part", getpid())};
    const std::string duckdb_file = "ledger.duckdb";
    std::vector<std::string> names;
    Written written;
    for (const auto& table : analytics::view_tables(database, options.tables))
    {
        const auto digits = analytics::digits_of_amounts(database, table);
        if (!digits)
        {
            written.empty.push_back(table.name);
            continue;
        }
        auto job = job_of(table, *digits);
        job["scratch"] = (unfinished / "scratch").string();
        if (options.format == "duckdb")
            job["database"] = (unfinished / duckdb_file).string();
        else
        {
            names.push_back(table.name);
            job["folder"] = (unfinished / table.name).string();
            filesystem::create_directory(unfinished / table.name);
            if (options.partition > 0 && table.block)
            {
                job["partition"] = options.partition;
                job["block"] = *table.block;
            }
        }
        HelperProcess helper{{python, "-c", std::string{column_file_script}, job.dump()},
            unfinished / "rows", unfinished / "complaints"};
        const auto rows = analytics::write_rows(
            database, table, [&](std::string_view text) { helper.write(text); });
        if (const auto taken = helper.finish(); taken != fmt::format("{}\n", rows))
        {
            throw CommandError{exit_world_failed,
                fmt::format("{}: took {} of {} rows of {}", python, taken, rows, table.name)};
        }
        written.rows += rows;
        ++written.tables;
    }
    if (written.tables == 0)
    {
        throw CommandError{
            exit_bad_input, fmt::format("{}: there is nothing to write: without rows: {}",
                                options.database, fmt::join(written.empty, ", "))};
    }
    if (options.format == "duckdb")
        names = {duckdb_file};
    for (const auto& name : names)
        filesystem::rename(unfinished / name, folder / name);
    return written;
}

int run_table_export(const TableOptions& options)
{
    const bool is_etl = options.format == "ethereum-etl";
    if (is_etl && !options.tables.empty())
        throw CommandError{exit_bad_input, "--table: the files of ethereum-etl are what they are"};
    if (options.partition > 0 && options.format != "parquet")
        throw CommandError{exit_bad_input, "--partition: only Parquet has parts"};
    auto database = Database::open(options.database, Database::Access::read_only);
    if (database.query_integer("SELECT count(*) FROM (SELECT 1 FROM t_blocks LIMIT 1)") == 0)
        throw CommandError{exit_bad_input, options.database + ": has no blocks yet"};
    if (!is_etl)
        static_cast<void>(analytics::view_tables(database, options.tables));  // Are there such?
    const OutputFolder folder{options.folder};
    const auto written = is_etl ? write_etl(database, options) : write_columns(database, options);
    if (!written.empty.empty())
    {
        tell(printable(fmt::format("{}: {}", is_etl ? "without rows" : "left out, without rows",
            fmt::join(written.empty, ", "))));
    }
    tell(printable(fmt::format(
        "{} tables, {} rows written to {}", written.tables, written.rows, options.folder)));
    return exit_done;
}

}  // namespace

Command add_table_export_command(CLI::App& app)
{
    auto options = std::make_shared<TableOptions>();
    auto* command = app.add_subcommand("export",
        "Write the tables of a ledger for the tools of others: as ethereum-etl's CSV files, as "
        "Parquet or as a DuckDB file.");
    command->add_option("DB", options->database, "A ledger")->required();
    command->add_option("DIR", options->folder, "The folder to write to; empty, or not there yet")
        ->required();
    command
        ->add_option("--format", options->format,
            "ethereum-etl: seven CSV files with its columns; parquet: a folder for each view; "
            "duckdb: a table for each view in ledger.duckdb")
        ->check(CLI::IsMember({"ethereum-etl", "parquet", "duckdb"}))
        ->capture_default_str();
    command
        ->add_option("--table", options->tables,
            "Parquet and DuckDB: only this view; may be repeated (docs/database.md lists them)")
        ->type_name("NAME");
    command
        ->add_option("--partition", options->partition,
            "Parquet: a part for each so many blocks, first_block=0 and so on")
        ->type_name("BLOCKS")
        ->check(whole_number(1, std::numeric_limits<std::uint32_t>::max()));
    command->footer(
        "Parquet and DuckDB need Python's package duckdb (`pip install duckdb`); RUNNEL_PYTHON "
        "names a Python that has it.\n"
        "Examples:\n"
        "  runnel export bt.db csv\n"
        "  runnel export bt.db parquet --format parquet --partition 1000\n"
        "  runnel export bt.db duck --format duckdb --table transactions --table dex_trades\n"
        "docs/export.md says what becomes of amounts.");
    return [options] { return run_table_export(*options); };
}

}  // namespace runnel::tools
