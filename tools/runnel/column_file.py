"""Turns the CSV on standard input into Parquet files or a table of a DuckDB file, and prints how many rows it
has taken. `runnel export` starts it, once for each table, with what to do as JSON."""
import json
import sys

import duckdb

TYPES = {"integer": "BIGINT", "real": "DOUBLE", "text": "VARCHAR", "amount": "VARCHAR"}


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def main() -> None:
    job = json.loads(sys.argv[1])
    database = duckdb.connect(job.get("database", ":memory:"))
    database.execute(f"SET enable_progress_bar = false; SET memory_limit = '1GB'; SET temp_directory = {text(job['scratch'])}")
    columns = ", ".join(f"{text(name)}: {text(TYPES[kind])}" for name, kind in job["columns"])
    wanted = [quoted(name) for name, _ in job["columns"]]
    wanted += [f"CAST({quoted(name)} AS DECIMAL(38, 0)) AS {quoted(name + '_decimal')}" for name in job["decimals"]]
    if job.get("partition"):
        block = quoted(job["block"])
        wanted.append(f"{block} - {block} % {int(job['partition'])} AS first_block")
    select = (f"SELECT {', '.join(wanted)} FROM read_csv('/dev/stdin', header = true, auto_detect = false, delim = ',', "
              f"quote = '\"', escape = '\"', nullstr = '', allow_quoted_nulls = false, parallel = false, "
              f"max_line_size = 16777216, columns = {{{columns}}})")
    if "database" in job:
        taken = database.execute(f"CREATE TABLE {quoted(job['table'])} AS {select}")
    elif job.get("partition"):
        taken = database.execute(f"COPY ({select}) TO {text(job['folder'])} "
                                 "(FORMAT parquet, COMPRESSION zstd, PARTITION_BY (first_block), FILENAME_PATTERN 'part-{i}')")
    else:
        taken = database.execute(f"COPY ({select}) TO {text(job['folder'] + '/part-0.parquet')} (FORMAT parquet, COMPRESSION zstd)")
    print(taken.fetchone()[0])
    database.close()


main()
