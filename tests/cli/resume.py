#!/usr/bin/env python3
"""An interrupted run goes on to the chain of an uninterrupted one.

Usage: resume.py RUNNEL SOURCE_DIR [--kills N]

Kills, N of them in all (9 by default; `tests/cli/resume.py build/release/runnel . --kills 500` for a
long test), come at random instants of the run, of the making of the file and of its end.
"""
import argparse
import pathlib
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

from support import SMALL_SCENARIO, Checks, Runnel, write

SHORT = ["--set", "chain.checkpoint_interval=20"]


class Run:
    """One scenario with its options, and what an uninterrupted run of it gives."""

    def __init__(self, runnel, folder, scenario, blocks):
        self.runnel = runnel
        self.folder = folder
        self.name = scenario.stem
        self.arguments = ["run", scenario, "--blocks", blocks, *SHORT]
        self.whole = folder / f"{self.name}_whole.db"
        start = time.monotonic()
        self.summary = runnel.json(*self.arguments, "--db", self.whole)
        self.seconds = time.monotonic() - start

    def start(self, database, *options):
        command = [self.runnel.binary, *map(str, self.arguments), "--db", str(database), "--resume",
                   *map(str, options)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def resume(self, database, *options):
        return self.runnel(*self.arguments, "--db", database, "--resume", *options)

    def interrupted(self, database, after=0.5):
        """Goes on with a ledger until Ctrl-C cuts it short."""
        process = self.start(database, "--quiet")
        time.sleep(self.seconds * after)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
        return process.returncode, errors

    def cut_short(self, database):
        """A ledger that Ctrl-C cut short, with two checkpoints. The machine is as fast as it is: try."""
        early, late = 0.0, 1.0
        for _ in range(30):
            database.unlink(missing_ok=True)
            middle = (early + late) / 2
            code, errors = self.interrupted(database, middle)
            if code == 130 and len(checkpoints(database)) == 2 and last_block(database) > 60:
                return
            assert code in (0, 130), f"exit {code}: {errors}"
            if code == 0:
                late = middle
            else:
                early, late = middle, late + 0.2
        raise AssertionError("no interruption came in the middle")


def checkpoints(database):
    with sqlite3.connect(database) as connection:
        rows = [row[0] for row in connection.execute(
            "SELECT DISTINCT block_number FROM t_checkpoints ORDER BY 1")]
    connection.close()
    return rows


def checkpoint_rows(database):
    with sqlite3.connect(database) as connection:
        rows = connection.execute("SELECT * FROM t_checkpoints ORDER BY 1, 2").fetchall()
    connection.close()
    return rows


def last_block(database):
    with sqlite3.connect(database) as connection:
        number = connection.execute("SELECT max(number) FROM t_blocks").fetchone()[0]
    connection.close()
    return number


def alter(database, sql):
    connection = sqlite3.connect(database)
    connection.execute(sql)
    connection.commit()
    connection.close()


def same(runnel, check, run, database, what):
    """It is the ledger of the uninterrupted run, to the last row, and it holds."""
    equal = runnel("diff", run.whole, database)
    check(equal.returncode == 0, f"{what}: same rows: {equal.stdout}{equal.stderr}")
    holds = runnel("verify", database)
    check(holds.returncode == 0, f"{what}: holds: {holds.stderr}")
    kept = checkpoint_rows(database)
    check(kept == checkpoint_rows(run.whole), f"{what}: the same state is kept")
    check(len({row[0] for row in kept}) == 1 and {row[3] for row in kept} == {"head", "state", "end"},
          f"{what}: of checkpoints one state is left: {[row[:4] for row in kept]}")


def interrupt(runnel, check, run, folder):
    """Ctrl-C, twice, then to the end with other workers and cohorts."""
    database = folder / f"{run.name}_interrupted.db"
    for times in range(2):
        code, errors = run.interrupted(database, 0.3)
        if code == 0:
            break  # A fast machine was done.
        check(code == 130, f"{run.name}: interrupted: exit {code}: {errors}")
        check("--resume" in errors and len(errors.strip().splitlines()) == 1,
              f"{run.name}: it says how to go on: {errors}")
        last = last_block(database)
        check(checkpoints(database)[-1:] == ([last] if last > 0 else []), f"{run.name}: a checkpoint where it stopped")
        # The newest two, and the newest whose root is on the chain.
        check(len(checkpoints(database)) <= 3, f"{run.name}: three checkpoints at most: {checkpoints(database)}")
        holds = runnel("verify", database)
        check(holds.returncode == 0, f"{run.name}: interrupted {times}: holds: {holds.stderr}")
    done = run.resume(database, "--workers", 3, "--cohort-size", 11)
    check(done.returncode == 0, f"{run.name}: resumed: {done.stderr}")
    check(run.summary["head_hash"] in done.stdout, f"{run.name}: resumed: same head: {done.stdout}")
    same(runnel, check, run, database, f"{run.name}: resumed")
    return database


def complete(runnel, check, run, database):
    """A run that is over is left as it is."""
    before = database.read_bytes()
    done = run.resume(database)
    check(done.returncode == 0 and "complete" in done.stdout, f"complete: {done.stdout}{done.stderr}")
    check(run.summary["head_hash"] in done.stdout, "complete: says its head")
    figures = runnel.json(*run.arguments, "--db", database, "--resume")
    for key in ("blocks", "transactions", "reverted", "head_hash", "state_root"):
        check(figures[key] == run.summary[key], f"complete: {key} {figures[key]}, not {run.summary[key]}")
    check(database.read_bytes() == before, "complete: nothing was changed")
    check([*database.parent.glob(database.name + "-*")] == [], "complete: no file beside it")


def refusals(runnel, check, run, folder):
    """What cannot be resumed is refused with one line, and not touched."""
    database = folder / "refused.db"
    run.cut_short(database)
    before = database.read_bytes()

    def refused(code, text, *arguments):
        done = runnel(*arguments)
        check(done.returncode == code, f"{text}: exit {done.returncode}: {done.stderr}")
        check(re.search(text, done.stderr) is not None and len(done.stderr.strip().splitlines()) == 1,
              f"{text}: {done.stderr}")
        check(done.stdout == "", f"{text}: nothing on stdout: {done.stdout}")
        check(database.read_bytes() == before, f"{text}: the file was not changed")

    refused(2, "--resume, replace it with --force", *run.arguments, "--db", database)
    refused(2, "--resume and --force", *run.arguments, "--db", database, "--resume", "--force")
    refused(2, "--resume: expected --db", *run.arguments, "--resume")
    refused(2, "another run's ledger .*seed: \"5\", not \"6\"", *run.arguments, "--seed", "6", "--db", database,
            "--resume")
    other = write(folder / "no_database.txt", "[scenario]\n")
    refused(2, "not a SQLite database", *run.arguments, "--db", other, "--resume")

    # A hash in the middle that the transactions do not give: found before anything is added.
    kept = checkpoints(database)
    alter(database, f"UPDATE t_checkpoints SET hash = zeroblob(32) WHERE part = 2")
    alter(database, "UPDATE t_blocks SET hash = zeroblob(32) WHERE number = 7")
    before = database.read_bytes()
    done = runnel(*run.arguments, "--db", database, "--resume")
    check(done.returncode == 1 and "block 7 has the hash 0x00" in done.stderr,
          f"other hash: exit {done.returncode}: {done.stderr}")
    check(checkpoints(database) == kept, "other hash: checkpoints are still there")


def damaged(runnel, check, run, folder):
    """Damaged checkpoints are passed over, those of other versions refused."""
    source = folder / "damaged_source.db"
    run.cut_short(source)
    older, newer = checkpoints(source)
    size = 'CAST(substr(content, 1, 5) || x\'55\' || substr(content, 7) AS BLOB)'
    cases = {
        "the newest": ([f"UPDATE t_checkpoints SET content = {size} WHERE block_number = {newer} AND part = 3"],
                       older, 1),
        "a part is missing": ([f"DELETE FROM t_checkpoints WHERE block_number = {newer} AND part = 0"], older, 1),
        "both": ([f"UPDATE t_checkpoints SET content = {size} WHERE part = 1"], 0, 2),
        "the newest of another version": (
            [f"UPDATE t_checkpoints SET version = '0.0.9, layout 0' WHERE block_number = {newer}"], older, 0),
    }
    for what, (changes, resumed_at, warnings) in cases.items():
        database = folder / "damaged.db"
        shutil.copyfile(source, database)
        for change in changes:
            alter(database, change)
        if warnings:
            holds = runnel("verify", database)
            check(holds.returncode == 1 and "t_checkpoints, block" in holds.stderr,
                  f"{what}: verify: exit {holds.returncode}: {holds.stderr}")
        done = run.resume(database)
        check(done.returncode == 0, f"{what}: exit {done.returncode}: {done.stderr}")
        check(done.stderr.count("warning") == len(done.stderr.splitlines()) == warnings,
              f"{what}: {warnings} warnings: {done.stderr}")
        expected = f"checkpoint of block {resumed_at:,}" if resumed_at else "head hash"
        check(expected in done.stdout, f"{what}: resumed at {resumed_at}: {done.stdout}")
        same(runnel, check, run, database, what)
    database = folder / "damaged.db"
    shutil.copyfile(source, database)
    alter(database, "UPDATE t_checkpoints SET version = '0.0.9, layout 0'")
    done = run.resume(database)
    check(done.returncode == 2 and "0.0.9, layout 0" in done.stderr and len(done.stderr.splitlines()) == 1,
          f"another version: exit {done.returncode}: {done.stderr}")
    tampered(runnel, check, source, folder)


def tampered(runnel, check, source, folder):
    """verify finds any altered cell of a checkpoint."""
    database = folder / "tampered.db"
    generator = random.Random(3)
    with sqlite3.connect(source) as connection:
        rows = connection.execute("SELECT block_number, part FROM t_checkpoints").fetchall()
    connection.close()
    for column, altered in {"block_number": "block_number + 1000", "part": "part + 1000", "version": "version || '1'",
                            "name": "name || '1'", "hash": "zeroblob(32)",
                            "content": "CAST(content || x'00' AS BLOB)"}.items():
        block, part = generator.choice(rows)
        shutil.copyfile(source, database)
        alter(database, f"UPDATE t_checkpoints SET {column} = {altered} WHERE block_number = {block} AND part = {part}")
        done = runnel("verify", database)
        check(done.returncode == 1 and "t_checkpoints, block" in done.stderr,
              f"t_checkpoints.{column}: exit {done.returncode}: {done.stderr}")


def killed(runnel, check, run, folder, kills):
    """kill -9 at random instants, resumed until it is done, again and again."""
    generator = random.Random(7)
    left = kills
    rounds = 0
    while left > 0:
        database = folder / f"{run.name}_killed.db"
        database.unlink(missing_ok=True)
        committed = -1
        while True:
            process = run.start(database, "--workers", generator.choice([1, 2, 3]), "--cohort-size",
                                generator.choice([1, 9, 2048]), "--durability", generator.choice(["full", "normal"]),
                                "--quiet")
            if left == 0:
                _, errors = process.communicate()
            else:
                try:
                    _, errors = process.communicate(timeout=generator.uniform(0, run.seconds * 1.3))
                except subprocess.TimeoutExpired:
                    process.kill()
                    _, errors = process.communicate()
            if process.returncode == 0:
                break
            left -= 1
            if (kills - left) % 25 == 0:
                print(f"{run.name}: {kills - left} of {kills} kills", flush=True)
            if not check(process.returncode == -signal.SIGKILL, f"kill: exit {process.returncode}: {errors}"):
                return
            if database.exists() and database.stat().st_size > 0:
                holds = runnel("verify", database)
                if "t_manifest" not in holds.stderr and "no tables" not in holds.stderr:
                    ok = holds.returncode == 0 or committed < 0
                    check(ok, f"kill: what is left holds: exit {holds.returncode}: {holds.stderr}")
                    found = re.search(r": ([\d,]+) blocks", holds.stdout)
                    now = int(found.group(1).replace(",", "")) if found else -1
                    check(now >= committed, f"kill: no block is lost: {now} after {committed}")
                    committed = now
        rounds += 1
        same(runnel, check, run, database, f"{run.name}: killed, round {rounds}")
        for beside in database.parent.glob(database.name + "-*"):
            check(False, f"kill: {beside} is left")
    print(f"{run.name}: {kills} kills in {rounds} rounds", flush=True)


def out_of_memory(runnel, check, run, folder):
    """A ceiling below what the process needs stops the run, and a higher one lets it go on."""
    database = folder / f"{run.name}_memory.db"
    stopped = run.resume(database, "--max-memory", "4MiB")
    check(stopped.returncode == 3, f"memory: exit {stopped.returncode}")
    lines = stopped.stderr.splitlines()
    check(len(lines) == 1 and "--max-memory is 4 MiB" in lines[0], f"memory: {stopped.stderr}")
    check(runnel("verify", database).returncode == 0, "memory: what was committed holds")
    check(run.resume(database, "--max-memory", "4GiB").returncode == 0, "memory: it goes on")
    same(runnel, check, run, database, "memory")


def log_left(check, run, database):
    """A run that died while it moved the log's last pages into the file is finished by the next one."""
    copy = database.with_name("log_left.db")
    shutil.copy(database, copy)
    subprocess.run([sys.executable, "-c", f"""if True:
        import os, sqlite3
        connection = sqlite3.connect({str(copy)!r}, isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("UPDATE t_run_metrics SET value = value")
        os._exit(0)
        """], check=True)
    check(pathlib.Path(f"{copy}-wal").exists(), "log left: there is one")
    done = run.resume(copy)
    check(done.returncode == 0 and "finished now" in done.stdout, f"log left: {done.stdout}{done.stderr}")
    check(run.summary["head_hash"] in done.stdout, "log left: says the head")
    check([*copy.parent.glob(copy.name + "-*")] == [], "log left: no file beside it")
    again = run.resume(copy)
    check("nothing was changed" in again.stdout, f"log left: once: {again.stdout}{again.stderr}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runnel")
    parser.add_argument("source", type=pathlib.Path)
    parser.add_argument("--kills", type=int, default=9)
    options = parser.parse_args()
    runnel = Runnel(options.runnel)
    check = Checks()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        small = Run(runnel, folder, write(folder / "small.toml", SMALL_SCENARIO), 2500)
        database = interrupt(runnel, check, small, folder)
        complete(runnel, check, small, database)
        log_left(check, small, database)
        refusals(runnel, check, small, folder)
        damaged(runnel, check, small, folder)
        out_of_memory(runnel, check, small, folder)
        kills = max(1, options.kills // 8)  # Of each shipped scenario: their rounds take longer.
        killed(runnel, check, small, folder, max(1, options.kills - 4 * kills))
        shipped = options.source / "scenarios"
        for scenario, blocks in (("payments", 200), ("market_day", 400), ("black_thursday", 300),
                                 ("new_pool", 600), ("same_crash_five_markets", 100),
                                 ("vault_strategy", 1200)):
            run = Run(runnel, folder, shipped / f"{scenario}.toml", blocks)
            interrupt(runnel, check, run, folder)
            killed(runnel, check, run, folder, kills)
    check.finish()


if __name__ == "__main__":
    main()
