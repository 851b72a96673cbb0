#!/usr/bin/env python3
"""Tables of a ledger as the tools of others take them: ethereum-etl's files, Parquet, DuckDB.

Usage: export.py RUNNEL SOURCE_DIR    Parquet and DuckDB are left out where tools/python_env cannot install them.
"""
import csv
import json
import os
import pathlib
import sqlite3
import subprocess
import sys
import tempfile

from support import Checks, Runnel

csv.field_size_limit(1 << 24)

# The columns of ethereum-etl's exporters.
ETL = {
    "blocks": "number hash parent_hash nonce sha3_uncles logs_bloom transactions_root state_root receipts_root miner difficulty "
              "total_difficulty size extra_data gas_limit gas_used timestamp transaction_count base_fee_per_gas withdrawals_root "
              "withdrawals blob_gas_used excess_blob_gas",
    "transactions": "hash nonce block_hash block_number transaction_index from_address to_address value gas gas_price input "
                    "block_timestamp max_fee_per_gas max_priority_fee_per_gas transaction_type max_fee_per_blob_gas blob_versioned_hashes",
    "receipts": "transaction_hash transaction_index block_hash block_number cumulative_gas_used gas_used contract_address root status "
                "effective_gas_price l1_fee l1_gas_used l1_gas_price l1_fee_scalar blob_gas_price blob_gas_used",
    "logs": "log_index transaction_hash transaction_index block_hash block_number address data topics",
    "token_transfers": "token_address from_address to_address value transaction_hash log_index block_number",
    "contracts": "address bytecode function_sighashes is_erc20 is_erc721 block_number",
    "tokens": "address symbol name decimals total_supply block_number",
}

# Opens what was exported without any of our code.
READER = """
import duckdb, json, sys
kind, path = sys.argv[1:3]
if kind == "duckdb":
    tables = duckdb.connect(path, read_only=True)
    source = "token_transfers"
else:
    tables = duckdb.connect()
    source = f"read_parquet('{path}/token_transfers/**/*.parquet')"
columns = [row[0] for row in tables.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()]
rows = tables.execute(f"SELECT token_address, count(*), sum(value_decimal)::VARCHAR FROM {source} GROUP BY 1 ORDER BY 1").fetchall()
texts = tables.execute(f"SELECT value FROM {source} ORDER BY block_number, log_index").fetchall()
approvals = source.replace("token_transfers", "token_approvals")
described = [row[0] for row in tables.execute(f"DESCRIBE SELECT * FROM {approvals}").fetchall()]
allowed = tables.execute(f"SELECT count(*), max(length(value)) FROM {approvals}").fetchone()
print(json.dumps([columns, rows, [text for text, in texts], described, allowed]))
"""


def etl(runnel, check, ledger, folder):
    done = runnel("export", ledger, folder)
    check(done.returncode == 0, f"exports: {done.stderr}")
    check({path.stem for path in folder.iterdir()} == set(ETL), "the files of ethereum-etl, no others")
    database = sqlite3.connect(ledger)
    for name, columns in ETL.items():
        with open(folder / f"{name}.csv", newline="") as file:
            rows = list(csv.DictReader(file))
            check(list(rows[0]) == columns.split(), f"{name}: columns {list(rows[0])}")
        view = "transactions" if name == "receipts" else name
        check(len(rows) == database.execute(f"SELECT count(*) FROM {view}").fetchone()[0], f"{name}: every row")
        shared = [column for column in columns.split() if name not in ("receipts", "contracts")
                  and column in [row[1] for row in database.execute(f"PRAGMA table_info({view})")]]
        stored = database.execute(f"SELECT {', '.join(shared)} FROM {view}") if shared else []
        check(all(tuple(row[column] for column in shared) == tuple("" if cell is None else str(cell) for cell in cells)
                  for row, cells in zip(rows, stored)), f"{name}: what the view says")
        if name == "receipts":
            check(sum(int(row["gas_used"]) for row in rows)
                  == database.execute("SELECT sum(gas_used) FROM blocks").fetchone()[0], "receipts: the gas of all blocks")
        if name == "contracts":
            check({row["is_erc20"] for row in rows} == {"True", "False"}, "contracts: booleans as Python writes them")
        if name == "logs":
            first = rows[0]["topics"].split(",")
            check(all(len(topic) == 66 and topic.startswith("0x") for topic in first) and 1 <= len(first) <= 4, "logs: topics")


def columns(runnel, check, source, ledger, folder):
    made = subprocess.run([source / "tools/python_env", "recipes"], capture_output=True, text=True, check=False)
    if made.returncode != 0:
        print(f"Parquet and DuckDB SKIPPED: {made.stderr.strip()}")
        return
    python = made.stdout.strip()
    environment = {**os.environ, "RUNNEL_PYTHON": python}
    database = sqlite3.connect(ledger)
    wanted = {}
    for token, value in database.execute("SELECT token_address, value FROM token_transfers"):
        count, total = wanted.get(token, (0, 0))
        wanted[token] = (count + 1, total + int(value))
    stated = database.execute("SELECT count(*), max(length(value)) FROM token_approvals").fetchone()
    values = [row[0] for row in database.execute("SELECT value FROM token_transfers ORDER BY block_number, log_index")]
    for kind, options in (("parquet", ["--partition", 10]), ("duckdb", [])):
        target = folder / kind
        done = runnel("export", ledger, target, "--format", kind, *options, env=environment)
        check(done.returncode == 0, f"{kind}: exports: {done.stderr}")
        check(not list(target.glob("*.part")), f"{kind}: nothing unfinished stays")
        path = target / "ledger.duckdb" if kind == "duckdb" else target
        read = subprocess.run([python, "-c", READER, kind, path], capture_output=True, text=True, check=False)
        if not check(read.returncode == 0, f"{kind}: opens: {read.stderr[-300:]}"):
            continue
        names, rows, texts, approval, allowed = json.loads(read.stdout)
        check({token: (count, int(total)) for token, count, total in rows} == wanted, f"{kind}: sums of DECIMAL(38, 0) are exact")
        check(texts == values, f"{kind}: amounts as text")
        check("value" in names and "value_decimal" in names, f"{kind}: {names}")
        # 2^256-1 has 78 digits: a column with such an approval stays text alone.
        check("value" in approval and "value_decimal" not in approval, f"{kind}: of approvals: {approval}")
        check(tuple(allowed) == stated and allowed[1] == 78, f"{kind}: approvals: {allowed}, not {stated}")
    parts = sorted(path.name for path in (folder / "parquet/token_transfers").iterdir())
    check(parts[:3] == ["first_block=0", "first_block=10", "first_block=20"], f"a part for ten blocks each: {parts}")
    described = {path.name for path in (folder / "parquet").iterdir()}
    check("blocks" in described and "t_truth_transactions" not in described, f"views, and no truth: {described}")
    one = folder / "one"
    done = runnel("export", ledger, one, "--format", "duckdb", "--table", "blocks", env=environment)
    check(done.returncode == 0 and "1 tables" in done.stderr, f"one view: {done.stderr}")


def refusals(runnel, check, ledger, folder):
    full = folder / "full"
    full.mkdir()
    (full / "mine").write_text("mine")
    before = ledger.read_bytes()
    for what, arguments, code, text in (
            ("a folder with something in it", [ledger, full], 2, "expected an empty folder"),
            ("no such format", [ledger, folder / "no", "--format", "xls"], 2, "xls"),
            ("no such view", [ledger, folder / "no", "--format", "parquet", "--table", "nope"], 2, "there is no view nope"),
            ("a part of CSV", [ledger, folder / "no", "--partition", 5], 2, "only Parquet has parts"),
            ("a view as ethereum-etl", [ledger, folder / "no", "--table", "blocks"], 2, "--table"),
            ("no ledger", [full / "mine", folder / "no"], 2, "mine")):
        done = runnel("export", *arguments)
        check(done.returncode == code and text in done.stderr and len(done.stderr.splitlines()) == 1, f"{what}: {done.returncode} {done.stderr}")
        check(not (folder / "no").exists(), f"{what}: nothing is left behind")
    database = sqlite3.connect(ledger)
    views = [view for view, in database.execute("SELECT object FROM t_documentation WHERE position = 0 AND kind = 'view' ORDER BY object")]
    empty = [view for view in views if not database.execute(f'SELECT 1 FROM "{view}" LIMIT 1').fetchone()]
    database.close()
    for kind in ("parquet", "duckdb"):
        done = runnel("export", ledger, folder / "no", "--format", kind, "--table", empty[0], "--table", empty[1])
        check(done.returncode == 2 and f"there is nothing to write: without rows: {empty[0]}, {empty[1]}" in done.stderr
              and len(done.stderr.splitlines()) == 1, f"{kind} of views without rows: {done.returncode} {done.stderr}")
        check(not (folder / "no").exists(), f"{kind} of views without rows: nothing is left behind")
    for python, text in (("no-such-python", "no-such-python: No such file"), ("false", "false: it ended too soon")):
        done = runnel("export", ledger, folder / "no", "--format", "duckdb", env={**os.environ, "RUNNEL_PYTHON": python})
        check(done.returncode == 3 and text in done.stderr, f"{python}: {done.returncode} {done.stderr}")
        check(not (folder / "no").exists(), f"{python}: nothing is left behind")
    check((full / "mine").read_text() == "mine" and ledger.read_bytes() == before, "nothing is changed")


def main() -> None:
    runnel, source, check = Runnel(sys.argv[1]), pathlib.Path(sys.argv[2]), Checks()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        ledger = folder / "ledger.db"
        done = runnel("run", source / "scenarios/mixed_defi.toml", "--blocks", 30, "--db", ledger, "--quiet")
        check(done.returncode == 0, f"runs: {done.stderr}")
        etl(runnel, check, ledger, folder / "etl")
        refusals(runnel, check, ledger, folder)
        columns(runnel, check, source, ledger, folder)
    check.finish()


if __name__ == "__main__":
    main()
