#!/usr/bin/env python3
"""Streams that are full or closed, signals, and a process without memory or threads: one line, and the right code.

Usage: process.py RUNNEL SOURCE_DIR [LIMITS]

LIMITS is how many limits of the address space are tried (12; the long form takes some hundreds).
"""
import os
import pathlib
import resource
import signal
import subprocess
import sys
import tempfile
import time

from support import SMALL_SCENARIO, Checks, Runnel, write

SECONDS = 40  # For a machine that is busy; what hangs, hangs longer.
ENDLESS = SMALL_SCENARIO.replace("blocks = 40", "blocks = 10_000_000")


def well_said(done) -> bool:
    lines = done.stderr.splitlines()
    return len(lines) == 1 and lines[0].startswith("runnel: ") and len(lines[0]) > 15


def streams(runnel, check, folder, vectors):
    """What could not be written was not said: exit code 3, in every command, however little it is."""
    scenario, ledger = folder / "small.toml", folder / "ledger.db"
    proof = folder / "proof.json"
    runnel("prove", ledger, "--transaction", "7:0", "-o", proof)
    broken = write(folder / "broken.toml", "[scenario]\nblocks = 0\n")
    printing = [("run", scenario), ("run", scenario, "--json"), ("run", scenario, "--db", ledger, "--resume"),
                ("verify", ledger), ("verify", ledger, "--json"), ("verify", "--proof", proof, "--db", ledger),
                ("prove", ledger, "--transaction", "7:0"), ("report", ledger), ("report", ledger, "--json"),
                ("vectors", vectors), ("vectors", vectors, "--json"), ("check", scenario),
                ("check", scenario, "--resolved"), ("scenarios", folder / "list"),
                ("scenarios", "--reference"), ("diff", ledger, ledger), ("diff", ledger, ledger, "--json"),
                ("bench", "contracts", "--runs", "1", "--only", "erc20.transfer", "--json"), ("--help",),
                ("run", "--help"), ("--version",)]
    (folder / "list").mkdir()
    write(folder / "list" / "one.toml", SMALL_SCENARIO)
    saying = [("verify", folder / "none.db"), ("run", broken), ("run",), ("vectors", folder / "none"),
              ("report", scenario), ("run", scenario, "--workers", "0"), ("prove", ledger, "--transaction", "x"),
              ("prove", ledger, "--transaction", "7:0", "-o", proof), ("report", ledger, "--csv", folder / "csv")]

    def with_stream(arguments, number, state):
        with open("/dev/full", "w", encoding="utf-8") as full:
            streams = {1: subprocess.PIPE, 2: subprocess.PIPE, number: full if state == "full" else subprocess.DEVNULL}
            return subprocess.run([runnel.binary, *map(str, arguments)], stdout=streams[1], stderr=streams[2], text=True,
                                  timeout=300, check=False,
                                  preexec_fn=(lambda: os.close(number)) if state == "closed" else None)

    for state in ("full", "closed"):
        for arguments in printing:
            done = with_stream(arguments, 1, state)
            check(done.returncode == 3 and well_said(done),
                  f"stdout {state}: {arguments[:3]}: exit {done.returncode}: {done.stderr!r}")
        for arguments in saying:
            done = with_stream(arguments, 2, state)
            check(done.returncode == 3, f"stderr {state}: {arguments[:3]}: exit {done.returncode}")
    # Who has nothing to say loses nothing.
    for number in (1, 2):
        done = with_stream(("run", scenario, "--quiet"), number, "full")
        check(done.returncode == 0, f"stream {number} full, nothing to say: exit {done.returncode}")
    # A file that is opened does not get the number of a closed stream.
    database = folder / "stream.db"
    done = with_stream(("run", scenario, "--db", database, "--trace", folder / "stream.json"), 1, "closed")
    check(done.returncode == 3, f"stdout closed, with files: exit {done.returncode}: {done.stderr!r}")
    check(runnel("verify", database).returncode == 0, "stdout closed: the ledger is whole")
    check((folder / "stream.json").read_text().endswith("]\n"), "stdout closed: the trace is whole")
    # A pipe that nobody reads.
    read, written = os.pipe()
    os.close(read)
    done = subprocess.run([runnel.binary, "report", str(ledger)], stdout=written, stderr=subprocess.PIPE, text=True,
                          timeout=60, check=False)
    os.close(written)
    check(done.returncode == 3 and well_said(done), f"stdout, nobody reads: exit {done.returncode}: {done.stderr!r}")


def warnings(runnel, check, folder):
    """A warning that cannot be said does not end the run."""
    database = folder / "warned.db"
    arguments = [runnel.binary, "run", str(folder / "small.toml"), "--db", str(database), "--replicas", "2",
                 "--inject-bit-flip", "1:12", "--quiet"]
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run(arguments, stderr=full, stdout=subprocess.PIPE, timeout=60, check=False)
    check(done.returncode == 3, f"a warning, stderr full: exit {done.returncode}")
    check(runnel("verify", database).returncode == 0, "a warning, stderr full: the run came to its end")
    check(runnel("diff", database, folder / "ledger.db").returncode == 0, "a warning, stderr full: and is the same")


def signals(runnel, check, folder):
    """Every signal that asks for the end gets it, with one line."""
    endless = write(folder / "endless.toml", ENDLESS)

    def signalled(what, arguments, numbers, after=1.0, between=0.1):
        process = subprocess.Popen([runnel.binary, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   text=True)
        time.sleep(after)
        for number in numbers:
            process.send_signal(number)
            time.sleep(between)
        try:
            out, errors = process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            check(False, f"{what}: ends")
            return None
        done = subprocess.CompletedProcess(arguments, process.returncode, out, errors)
        check(done.returncode == 130, f"{what}: exit {done.returncode}: {done.stderr!r}")
        check(well_said(done), f"{what}: one line: {done.stderr!r}")
        return done

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        database = folder / f"signal{int(number)}.db"
        done = signalled(f"run, {number.name}", ("run", endless, "--db", database, "--quiet"), [number])
        check(done is None or "resume with" in done.stderr, f"run, {number.name}: says how to go on")
        check(runnel("verify", database, "--quiet").returncode == 0, f"run, {number.name}: the ledger holds")
    # A run that does not come to a boundary: the second signal, or patience, ends it.
    signalled("run, twice", ("run", endless, "--quiet"), [signal.SIGINT, signal.SIGINT], between=0)
    slow = folder / "slow.db"
    done = runnel("run", endless, "--blocks", "4000", "--db", slow, "--quiet")
    check(done.returncode == 0, f"the long ledger: {done.stderr}")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        for command in ("verify", "report"):
            process = subprocess.Popen([runnel.binary, command, str(slow)], stdout=subprocess.DEVNULL,
                                       stderr=subprocess.PIPE, text=True)
            time.sleep(0.05)
            process.send_signal(number)
            _, errors = process.communicate(timeout=SECONDS)
            done = subprocess.CompletedProcess([], process.returncode, "", errors)
            # It may have been done already, or not yet have begun.
            check(done.returncode in (0, 130, -number), f"{command}, {number.name}: exit {done.returncode}: {errors!r}")
            check(done.returncode != 130 or well_said(done), f"{command}, {number.name}: one line: {errors!r}")
    # Under nohup a hangup is nothing.
    process = subprocess.Popen([runnel.binary, "run", str(folder / "endless.toml"), "--blocks", "4000", "--quiet"],
                               stderr=subprocess.PIPE, text=True,
                               preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    time.sleep(0.2)
    process.send_signal(signal.SIGHUP)
    _, errors = process.communicate(timeout=120)
    check(process.returncode == 0, f"nohup: exit {process.returncode}: {errors!r}")


def starved(runnel, check, folder, vectors, limits):
    """Without memory or threads a command ends within seconds, with one line and exit code 3."""
    ledger = folder / "ledger.db"
    commands = [("run", folder / "small.toml", "--quiet", "--db", folder / "starved.db", "--force"),
                ("run", folder / "small.toml", "--quiet", "--workers", "8"), ("verify", ledger, "--quiet"),
                ("report", ledger), ("vectors", vectors)]

    def limited(what, arguments, limit, loads=False):
        try:
            done = runnel(*arguments, timeout=SECONDS, preexec_fn=limit)
        except subprocess.TimeoutExpired:
            return check(False, f"{what}: {arguments[0]}: ends")
        # 127: the program could not even be loaded.
        allowed = (0, 3) if loads else (0, 3, 127)
        check(done.returncode in allowed, f"{what}: {arguments[:1]}: exit {done.returncode}: {done.stderr[-500:]!r}")
        return check(done.returncode != 3 or well_said(done), f"{what}: {arguments[:1]}: one line: {done.stderr!r}")

    # Sanitizers reserve more than there is.
    if b"__asan_init" not in pathlib.Path(runnel.binary).read_bytes() and \
            b"__tsan_init" not in pathlib.Path(runnel.binary).read_bytes():
        for step in range(limits):
            mebibytes = 32 * (600 / 32) ** (step / max(1, limits - 1))
            size = int(mebibytes * (1 << 20))
            for arguments in commands:
                limited(f"{mebibytes:.0f} MiB", arguments, lambda: resource.setrlimit(resource.RLIMIT_AS, (size, size)))
    if os.geteuid() != 0:
        return  # Of this user others may have threads; of a user that nobody is, none.
    folder.chmod(0o777)
    for path in folder.iterdir():
        if path.is_file():
            path.chmod(0o666)
    for threads in range(1, 14):
        def limit(count=threads):
            os.setgid(54321)
            os.setuid(54321)
            resource.setrlimit(resource.RLIMIT_NPROC, (count, count))

        for arguments in commands:
            limited(f"{threads} threads", arguments, limit, loads=True)


def main() -> None:
    runnel = Runnel(sys.argv[1])
    vectors = pathlib.Path(sys.argv[2]) / "tests" / "vectors" / "oz_erc20.ndjson.gz"
    limits = int(sys.argv[3]) if len(sys.argv) > 3 else 12
    check = Checks()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        write(folder / "small.toml", SMALL_SCENARIO)
        made = runnel("run", folder / "small.toml", "--db", folder / "ledger.db", "--quiet")
        check(made.returncode == 0, f"the ledger is made: {made.stderr}")
        streams(runnel, check, folder, vectors)
        warnings(runnel, check, folder)
        signals(runnel, check, folder)
        starved(runnel, check, folder, vectors, limits)
    check.finish()


if __name__ == "__main__":
    main()
