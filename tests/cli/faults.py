#!/usr/bin/env python3
"""What the world can do to a run and its file: full disks, second processes, damaged files, flipped memory.

Usage: faults.py RUNNEL SOURCE_DIR [SEEDS]

SEEDS is how many random damages are tried (80; the long form takes some hundreds).
"""
import os
import pathlib
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

from support import SMALL_SCENARIO, Checks, Runnel, write


def one_line(done) -> bool:
    """Exactly one line of ours on stderr, nothing of anybody else's."""
    lines = done.stderr.splitlines()
    return len(lines) == 1 and lines[0].startswith("runnel: ") and len(lines[0]) > 20


def full_disk(runnel, check, folder):
    """A file that cannot grow ends the run with one line; what was committed goes on later."""
    scenario = write(folder / "disk.toml", SMALL_SCENARIO.replace("blocks = 40", "blocks = 3_000"))
    expected = runnel.json("run", scenario)
    whole = folder / "whole.db"
    runnel("run", scenario, "--db", whole, "--quiet")
    size = whole.stat().st_size

    for share in (0.02, 0.3, 0.7):
        database = folder / f"full{share}.db"

        def limit(bytes_max=int(size * share)):
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_max, bytes_max))

        name = f"disk full at {share} of the file"
        done = runnel("run", scenario, "--db", database, "--quiet", preexec_fn=limit)
        check(done.returncode == 3, f"{name}: exit {done.returncode}: {done.stderr}")
        check(one_line(done), f"{name}: one line: {done.stderr!r}")
        if share > 0.02:
            held = runnel("verify", database)
            check(held.returncode == 0, f"{name}: what is there holds: {held.stderr}")
        resumed = runnel("run", scenario, "--db", database, "--resume", "--json")
        check(resumed.returncode == 0, f"{name}: goes on: {resumed.stderr}")
        check(expected["head_hash"] in resumed.stdout, f"{name}: to the same head")
        check(runnel("verify", database).returncode == 0, f"{name}: and holds")
        check(runnel("diff", whole, database).returncode == 0, f"{name}: with the same rows")


def two_processes(runnel, check, folder):
    """A second process is told so, and the first does not notice."""
    scenario = write(folder / "two.toml", SMALL_SCENARIO.replace("blocks = 40", "blocks = 200_000"))
    database = folder / "two.db"
    first = subprocess.Popen([runnel.binary, "run", str(scenario), "--db", str(database), "--quiet"],
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    deadline = time.time() + 20
    while not (database.exists() and database.stat().st_size > 0) and time.time() < deadline:
        time.sleep(0.05)
    time.sleep(0.5)
    for arguments in (("run", scenario, "--db", database, "--force"),
                      ("run", scenario, "--db", database, "--resume"),
                      ("verify", database), ("report", database), ("diff", database, database)):
        done = runnel(*arguments)
        check(done.returncode == 3 and one_line(done),
              f"two processes: {arguments[0]} {arguments[-1]}: exit {done.returncode}: {done.stderr!r}")
        check("another process" in done.stderr, f"two processes: {arguments[0]}: says so: {done.stderr!r}")
    done = runnel("run", scenario, "--db", database)
    check(done.returncode in (2, 3) and one_line(done), f"two processes: a plain run: {done.stderr!r}")
    check(first.poll() is None, "two processes: the first one runs on")
    first.send_signal(signal.SIGINT)
    first.wait(timeout=60)
    check(first.returncode == 130, f"two processes: the first one ends in order: {first.returncode}")
    check(runnel("verify", database).returncode == 0, "two processes: its ledger holds")


def damaged_files(runnel, check, scenario, folder, seeds):
    """Cut, emptied, of another version, and with random bits flipped: the truth, never a crash."""
    whole = folder / "sound.db"
    expected = runnel.json("run", scenario, "--db", whole)
    rows = dump(whole)
    content = whole.read_bytes()
    victim = folder / "victim.db"

    def commands(name, allowed, resume_allowed=(0, 1, 2, 3)):
        codes = []
        for arguments in (("verify", victim), ("report", victim), ("diff", whole, victim)):
            done = runnel(*arguments)
            codes.append(done.returncode)
            check(done.returncode in allowed, f"{name}: {arguments[0]}: exit {done.returncode}: {done.stderr}")
            check(done.returncode == 0 or one_line(done) or arguments[0] == "diff",
                  f"{name}: {arguments[0]}: one line: {done.stderr!r}")
        done = runnel("run", scenario, "--db", victim, "--resume", "--json")
        check(done.returncode in resume_allowed, f"{name}: resume: exit {done.returncode}: {done.stderr}")
        if done.returncode == 0:
            check(expected["head_hash"] in done.stdout, f"{name}: resume: gives the right head, or none")
        return codes

    for size in (0, 1, 99, 4096, len(content) // 2, len(content) - 1):
        victim.write_bytes(content[:size])
        commands(f"cut to {size} bytes", (1, 2) if size >= 100 else (2,))

    victim.write_bytes(content)
    with sqlite3.connect(victim) as database:
        database.execute("PRAGMA user_version = 7000")
    database.close()
    commands("another schema version", (2,), (2,))

    changed = 0
    for seed in range(seeds):
        generator = random.Random(seed)
        damaged = bytearray(content)
        for _ in range(generator.choice((1, 1, 1, 2, 8, 200))):
            # One in four hits the header and the schema, where the least is needed.
            at = generator.randrange(len(damaged) if generator.random() < 0.75 else 8192)
            damaged[at] ^= 1 << generator.randrange(8)
        victim.write_bytes(damaged)
        codes = commands(f"bits flipped, seed {seed}", (0, 1, 2))
        if codes[0] == 0:
            # It passes: then nothing that anybody reads may have changed.
            victim.write_bytes(damaged)
            check(dump(victim) == rows, f"bits flipped, seed {seed}: passes, and all rows are the same")
        else:
            changed += 1
    check(changed > seeds // 3, f"bits flipped: {changed} of {seeds} mattered")


def dump(path):
    """All rows but those of the clock; None if there is no reading them."""
    database = sqlite3.connect(path)
    database.text_factory = bytes
    try:
        tables = [row[0].decode() for row in database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 't\\_%' ESCAPE '\\' ORDER BY name")]
        return {table: database.execute(f'SELECT * FROM "{table}"').fetchall()
                for table in tables if table != "t_run_metrics"}
    except sqlite3.Error:
        return None
    finally:
        database.close()


def closed_folders(runnel, check, scenario, folder):
    """No permission: one line, exit code 3. Only for those whom permissions hold back."""
    if os.geteuid() == 0:
        return
    closed = folder / "closed"
    closed.mkdir()
    runnel("run", scenario, "--db", closed / "done.db", "--quiet")
    closed.chmod(0o500)
    done = runnel("run", scenario, "--db", closed / "new.db", "--quiet")
    check(done.returncode == 3 and one_line(done), f"closed folder: exit {done.returncode}: {done.stderr!r}")
    done = runnel("verify", closed / "done.db")
    check(done.returncode == 0, f"closed folder: a finished ledger can be read: {done.stderr}")
    closed.chmod(0o700)


def missing_folder(runnel, check, scenario, folder):
    done = runnel("run", scenario, "--db", folder / "none" / "new.db", "--quiet")
    check(done.returncode == 3 and one_line(done), f"missing folder: exit {done.returncode}: {done.stderr!r}")


def flipped_memory(runnel, check, scenario, folder):
    """A planted bit flip is found at its block and repaired; the ledger is that of a healthy run."""
    plain = folder / "plain.db"
    expected = runnel.json("run", scenario, "--db", plain)
    for workers in (1, 2):
        for flips in (("0:5",), ("1:5",), ("0:2", "1:9", "0:33")):
            database = folder / "flipped.db"
            arguments = [part for flip in flips for part in ("--inject-bit-flip", flip)]
            done = runnel("run", scenario, "--db", database, "--force", "--workers", workers, "--replicas", 2,
                          "--json", *arguments)
            name = f"flips {flips}, {workers} workers"
            check(done.returncode == 0, f"{name}: exit {done.returncode}: {done.stderr}")
            check(expected["head_hash"] in done.stdout, f"{name}: same head")
            check(f'"repairs":{len(flips)}' in done.stdout, f"{name}: counted: {done.stdout}")
            check(done.stderr.count("runnel: warning: block ") == len(flips), f"{name}: said: {done.stderr}")
            check(runnel("diff", plain, database).returncode == 0, f"{name}: same rows")
    for wrong in ("2:5", "0:0", "x:1", "1", "1:", ":3"):
        done = runnel("run", scenario, "--replicas", 2, "--inject-bit-flip", wrong)
        check(done.returncode == 2 and one_line(done), f"flip {wrong}: exit {done.returncode}: {done.stderr!r}")


def stall_option(runnel, check, folder):
    """The watchdog leaves a run alone that moves; what it does with others, tests/actors shows."""
    scenario = write(folder / "stall.toml", SMALL_SCENARIO)
    done = runnel("run", scenario, "--stall-timeout", "0.5", "--quiet")
    check(done.returncode == 0, f"stall timeout: a run that moves is left alone: {done.stderr}")
    done = runnel("run", scenario, "--stall-timeout", "-1")
    check(done.returncode == 2 and one_line(done), f"stall timeout: negative: {done.stderr!r}")


def main() -> None:
    runnel = Runnel(sys.argv[1])
    seeds = int(sys.argv[3]) if len(sys.argv) > 3 else 80
    check = Checks()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        scenario = write(folder / "small.toml", SMALL_SCENARIO)
        full_disk(runnel, check, folder)
        two_processes(runnel, check, folder)
        damaged_files(runnel, check, scenario, folder, seeds)
        closed_folders(runnel, check, scenario, folder)
        missing_folder(runnel, check, scenario, folder)
        flipped_memory(runnel, check, scenario, folder)
        stall_option(runnel, check, folder)
    check.finish()


if __name__ == "__main__":
    main()
