#!/usr/bin/env python3
"""One chain for any number of workers; a ledger that holds, and is found wrong when altered.

Usage: ledger.py RUNNEL SOURCE_DIR
"""
import json
import os
import pathlib
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

from support import SMALL_SCENARIO, Checks, Runnel, write


def one_chain(runnel, check, scenario, folder):
    """Workers, cohorts and repetition do not change the chain; the seed does."""
    heads = {}
    for workers in (1, 2, 3, 8):
        database = folder / f"workers{workers}.db"
        heads[workers] = runnel.json("run", scenario, "--db", database, "--workers", workers)
        equal = runnel("diff", folder / "workers1.db", database)
        check(equal.returncode == 0, f"{workers} workers: same rows: {equal.stdout}")
    check(len({run["head_hash"] for run in heads.values()}) == 1, "same head for any workers")
    check(heads[1]["transactions"] > 0, "there are transactions")
    small = runnel.json("run", scenario, "--cohort-size", "7")
    check(small["head_hash"] == heads[1]["head_hash"], "same head for other cohorts, without a database")
    other = runnel.json("run", scenario, "--seed", "6")
    check(other["head_hash"] != heads[1]["head_hash"], "another seed, another chain")
    return folder / "workers1.db"


def tampering(runnel, check, database, folder):
    """Any altered, removed or added row outside t_run_metrics is found, and its block named."""
    holds = runnel("verify", database)
    check(holds.returncode == 0, f"an untouched ledger holds: {holds.stderr}")
    copy = folder / "tampered.db"
    with sqlite3.connect(database) as source:
        tables = [row[0] for row in source.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'")]
    source.close()
    generator = random.Random(1)
    for table in sorted(tables):
        source = sqlite3.connect(database)
        columns = [row[1] for row in source.execute(f'PRAGMA table_info("{table}")')]
        rows = source.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0]
        source.close()
        if rows == 0 or table == "t_run_metrics":
            continue
        for column in columns:
            shutil.copyfile(database, copy)
            target = sqlite3.connect(copy)
            offset = generator.randrange(rows)
            # Rows of blocks have no key of their own but the order of the chain.
            keys = [row[1] for row in target.execute(f'PRAGMA table_info("{table}")') if row[5]] or columns[:2]
            names = ", ".join(f'"{key}"' for key in keys)
            key = target.execute(
                f'SELECT {names} FROM "{table}" ORDER BY {names} LIMIT 1 OFFSET {offset}').fetchone()
            where = " AND ".join(f'"{key}" IS ?' for key in keys)
            old = target.execute(f'SELECT "{column}" FROM "{table}" WHERE {where}', key).fetchone()[0]
            new = altered(old)
            try:
                target.execute(f'UPDATE "{table}" SET "{column}" = ? WHERE {where}', (new, *key))
                target.commit()
            except sqlite3.Error:
                target.close()
                continue  # The schema itself refuses such a row.
            target.close()
            done = runnel("verify", copy)
            check(done.returncode == 1, f"{table}.{column}: {old!r} -> {new!r} is found (exit {done.returncode}, {done.stderr.strip()})")
            if "block_number" in columns:
                check("block" in done.stderr, f"{table}.{column}: the block is named: {done.stderr.strip()}")
        shutil.copyfile(database, copy)
        target = sqlite3.connect(copy)
        target.execute(f'DELETE FROM "{table}" WHERE rowid = (SELECT max(rowid) FROM "{table}")'
                       if has_rowid(target, table) else
                       f'DELETE FROM "{table}" WHERE ({names}) = (SELECT {names} FROM "{table}" ORDER BY {names} DESC LIMIT 1)')
        target.commit()
        target.close()
        done = runnel("verify", copy)
        # Without the last block's row what is left is a shorter chain, but its other rows remain.
        check(done.returncode == 1, f"{table}: a missing row is found (exit {done.returncode}, {done.stderr.strip()})")
        if columns[0] != "block_number" or rows < 2:
            continue
        shutil.copyfile(database, copy)
        target = sqlite3.connect(copy)
        if has_rowid(target, table):
            target.execute(f'UPDATE "{table}" SET rowid = rowid + ? WHERE rowid = (SELECT min(rowid) FROM "{table}")', (rows,))
            target.commit()
            target.close()
            done = runnel("verify", copy)
            check(done.returncode == 1, f"{table}: a row in another place is found (exit {done.returncode}, {done.stderr.strip()})")


def has_rowid(database, table) -> bool:
    try:
        database.execute(f'SELECT rowid FROM "{table}" LIMIT 1')
        return True
    except sqlite3.Error:
        return False


def altered(value):
    if value is None:
        return "something"
    if isinstance(value, bytes):
        return bytes([value[0] ^ 1]) + value[1:] if value else b"\0"
    if isinstance(value, str):
        return value + "1" if value != "0" else "1"
    return value + 1


def measures(runnel, check, source, folder):
    """Benchmarks in their short form, and the trace of a run."""
    trace = folder / "trace.json"
    run = runnel.json("run", source / "scenarios" / "payments.toml", "--blocks", "30", "--db",
                      folder / "traced.db", "--trace", trace)
    events = [event for event in json.loads(trace.read_text()) if event["ph"] == "X"]
    for row, blocks in ((1, 30), (2, 31)):
        seen = {event["args"]["block"] for event in events if event["tid"] == row}
        check(len(seen) >= blocks, f"trace: row {row} has every block")
    check(all(event["dur"] >= 0 for event in events), "trace: no time runs backwards")
    cores = [event["args"]["cores"] for event in events if event["tid"] == 1 and event["args"]["block"] > 0]
    check(all(0 <= value < 1000 for value in cores), "trace: the cores in use in each phase are given")
    phases = run["cores_in_use"]
    check({"decide", "order", "plan", "execute", "commit"} <= set(phases), f"run: cores in use by phase: {phases}")
    used = sum(phases[name] * run["phases_s"].get(name, 0) for name in phases)
    check(0 < used <= run["cpu_s"] + 0.1, f"run: {used} CPU seconds of the phases are part of {run['cpu_s']}")
    check(run["cpu_s"] > 0 and run["energy_j"] > 0, "run: CPU and energy are measured")
    check(run["energy_source"] in ("rapl", "model"), "run: says where energy comes from")

    bench = runnel.json("bench", "end_to_end", "--runs", "1", "--set", "scenario.blocks=30",
                        "--scenario", source / "scenarios" / "mixed_defi.toml")
    check(bench["equal_chains"], "bench end_to_end: equal chains")
    check(bench["sqlite_cpu_us_per_tx"] > 0 and bench["rows_per_tx"] > 2,
          "bench end_to_end: SQLite alone is measured")
    check(abs(bench["bound_tx_per_s"] * (bench["pipeline_cpu_us_per_tx"] +
                                         bench["sqlite_cpu_us_per_tx"]) /
              (bench["cores"] * 1e6) - 1) < 1e-6, "bench end_to_end: the bound follows")
    scale = runnel.json("bench", "scale", "--transactions", "100000", "--wallets", "20000",
                        "--scenario", source / "scenarios" / "payments.toml")
    check(len(scale["flat"]["tx_per_s_by_tenth"]) == 10, "bench scale: ten tenths")
    check(scale["flat"]["transactions"] >= 100000, "bench scale: as many as asked for")
    check(scale["wallets"]["first_block_s"] > 0, "bench scale: a first block")


def killed(runnel, check, folder):
    """kill -9 in the middle leaves a ledger that holds up to its last block."""
    scenario = write(folder / "long.toml", SMALL_SCENARIO.replace("blocks = 40", "blocks = 200_000"))
    cut_short = 0
    for attempt in range(5):
        database = folder / f"killed{attempt}.db"
        process = subprocess.Popen([runnel.binary, "run", str(scenario), "--db", str(database), "--quiet"],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(0.5 + 0.4 * attempt)
        process.send_signal(signal.SIGKILL)
        process.wait()
        done = runnel("verify", database)
        check(done.returncode == 0, f"kill {attempt}: what is left holds: {done.stderr.strip()}")
        cut_short += "cut short" in done.stdout
    check(cut_short > 0, "at least one kill came in the middle")


def interrupted(runnel, check, folder):
    """Ctrl-C ends at a block boundary, with a finished file and exit code 130."""
    scenario = folder / "long.toml"
    database = folder / "interrupted.db"
    process = subprocess.Popen([runnel.binary, "run", str(scenario), "--db", str(database), "--quiet"],
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    process.wait(timeout=60)
    check(process.returncode == 130, f"interrupted: exit {process.returncode}")
    done = runnel("verify", database)
    check(done.returncode == 0, f"interrupted: the ledger holds: {done.stderr.strip()}")
    check(not os.path.exists(f"{database}-wal"), "interrupted: a single file is left")


def shipped(runnel, check, source, folder):
    """The first blocks of every shipped scenario give a ledger that holds."""
    scenarios = sorted((source / "scenarios").glob("*.toml"))
    check(len(scenarios) >= 3, "there are scenarios")
    for scenario in scenarios:
        database = folder / f"{scenario.stem}.db"
        run = runnel.json("run", scenario, "--db", database, "--blocks", "120")
        if run["transactions"] == 0:  # A story that begins later.
            run = runnel.json("run", scenario, "--db", database, "--blocks", "600", "--force")
        check(run["transactions"] > 0, f"{scenario.name}: there are transactions")
        done = runnel("verify", database)
        check(done.returncode == 0, f"{scenario.name}: holds: {done.stderr.strip()}")
        report = runnel("report", database, "--json")
        check(report.returncode == 0, f"{scenario.name}: reports: {report.stderr.strip()}")


def main() -> None:
    runnel = Runnel(sys.argv[1])
    source = pathlib.Path(sys.argv[2])
    check = Checks()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        scenario = write(folder / "small.toml", SMALL_SCENARIO)
        database = one_chain(runnel, check, scenario, folder)
        tampering(runnel, check, database, folder)
        measures(runnel, check, source, folder)
        killed(runnel, check, folder)
        interrupted(runnel, check, folder)
        shipped(runnel, check, source, folder)
    check.finish()


if __name__ == "__main__":
    main()
