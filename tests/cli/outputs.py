#!/usr/bin/env python3
"""No output option replaces what is not ours, or what the command reads; what is written is there whole.

Usage: outputs.py RUNNEL SOURCE_DIR
"""
import os
import pathlib
import resource
import shutil
import signal
import sqlite3
import sys
import tempfile

from support import SMALL_SCENARIO, Checks, Runnel, write

PRECIOUS = b"precious\n" * 100


def state(folder):
    """What is in a folder: kinds, contents and identities."""
    found = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        kind = status.st_mode & 0o170000
        content = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else None
        found[str(path.relative_to(folder))] = (kind, content, status.st_ino)
    return found


def obstacles(folder):
    """What may lie where an output is to go, and is to stay: name, path."""
    place = folder / "place"

    def fresh():
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        return place / "out"

    out = fresh()
    out.write_bytes(PRECIOUS)
    yield "another file", out
    out = fresh()
    out.mkdir()
    yield "an empty folder", out
    out = fresh()
    os.mkfifo(out)
    yield "a pipe", out
    out = fresh()
    out.symlink_to(place / "nothing")
    yield "a link to nothing", out
    out = fresh()
    (place / "target").write_bytes(PRECIOUS)
    out.symlink_to(place / "target")
    yield "a link to a file", out
    out = fresh()
    (place / "target").touch()
    out.symlink_to(place / "target")
    yield "a link to an empty file", out
    out = fresh()
    with sqlite3.connect(out) as database:
        database.execute("CREATE TABLE notes (text)")
    database.close()
    yield "another program's database", out


class Outputs:
    def __init__(self, runnel, check, folder):
        self.runnel, self.check, self.folder = runnel, check, folder
        self.scenario = write(folder / "small.toml", SMALL_SCENARIO)
        self.ledger = folder / "ledger.db"
        made = runnel("run", self.scenario, "--db", self.ledger)
        check(made.returncode == 0, f"the ledger is made: {made.stderr}")

    def refused(self, what, *arguments, codes=(2,)):
        before = state(self.folder)
        done = self.runnel(*arguments, timeout=60)
        self.check(done.returncode in codes, f"{what}: exit {done.returncode}: {done.stderr}")
        self.check(len(done.stderr.splitlines()) == 1 and done.stderr.startswith("runnel: "),
                   f"{what}: one line: {done.stderr!r}")
        self.check(state(self.folder) == before, f"{what}: nothing is changed")

    def outputs(self, out):
        """Every command with every option that writes."""
        run = ("run", self.scenario, "--quiet")
        yield "run --db", (*run, "--db", out)
        yield "run --db --force", (*run, "--db", out, "--force")
        yield "run --db --resume", (*run, "--db", out, "--resume")
        yield "run --trace", (*run, "--trace", out)
        yield "run --trace --force", (*run, "--trace", out, "--db", self.folder / "new.db", "--force")
        yield "prove -o", ("prove", self.ledger, "--transaction", "7:0", "-o", out)
        yield "report --csv", ("report", self.ledger, "--csv", out)
        yield "report --html", ("report", self.ledger, "--html", out)

    def what_is_not_ours(self):
        for name, out in obstacles(self.folder):
            for option, arguments in self.outputs(out):
                if option == "report --csv" and out.is_dir():
                    continue  # A folder is what it expects.
                self.refused(f"{option} on {name}", *arguments, codes=(2, 3))
        shutil.rmtree(self.folder / "place")

    def journals(self):
        """SQLite would take these for its own."""
        for suffix in ("-wal", "-journal", "-shm"):
            absent, present = self.folder / "absent.db", self.folder / "present.db"
            for database in (absent, present):
                beside = database.with_name(database.name + suffix)
                if database is present:
                    shutil.copy(self.ledger, present)
                for kind in ("file", "folder", "link"):
                    if kind == "file":
                        beside.write_bytes(PRECIOUS)
                    elif kind == "folder":
                        beside.mkdir()
                    else:
                        beside.symlink_to(self.scenario)
                    run = ("run", self.scenario, "--quiet", "--db", database)
                    for more in ((), ("--force",), ("--resume",)):
                        if database is present and more == ("--resume",):
                            continue  # Complete: nothing is written. Refused all the same, below.
                        self.refused(f"run {more} beside {beside.name}, a {kind}", *run, *more)
                    if database is present:
                        for command in (("verify", database), ("report", database), (*run, "--resume")):
                            self.refused(f"{command[0]} beside {beside.name}, a {kind}", *command)
                    if kind == "folder":
                        beside.rmdir()
                    else:
                        beside.unlink()
                database.unlink(missing_ok=True)

    def inputs(self):
        """What a command reads it never writes, whatever name it is given."""
        hard, soft = self.folder / "hard", self.folder / "soft"
        folder = self.folder / "loop"
        folder.symlink_to(self.folder)
        for name, read in (("ledger", self.ledger), ("scenario", self.scenario)):
            os.link(read, hard)
            soft.symlink_to(read)
            for out in (read, hard, soft, folder / read.name, f"{self.folder}/./{read.name}"):
                if name == "ledger":
                    self.refused(f"prove -o {out}", "prove", self.ledger, "--transaction", "7:0", "-o", out)
                else:
                    for option, arguments in self.outputs(out):
                        if option.startswith("run"):
                            self.refused(f"{option} on the scenario as {out}", *arguments)
            hard.unlink()
            soft.unlink()
        folder.unlink()
        for suffix in ("-wal", "-journal", "-shm"):
            self.refused(f"prove -o beside the ledger: {suffix}", "prove", self.ledger, "--transaction", "7:0", "-o",
                         f"{self.ledger}{suffix}")
        # Two outputs of one command.
        both = self.folder / "both"
        for trace in (both, f"{both}-wal", f"{self.folder}/./both"):
            self.refused(f"run --db and --trace {trace}", "run", self.scenario, "--db", both, "--trace", trace)
        # A file that the scenario reads: an empty one is nobody's, but this one is read.
        prices = self.folder / "prices"
        prices.mkdir()
        csv = write(prices / "p.csv", "unix,open,high,low,close\n" +
                    "".join(f"{1_700_000_000 + 12 * i},1,1,1,1\n" for i in range(60)))
        reads = write(self.folder / "reads.toml", SMALL_SCENARIO +
                      '\n[prices.USDC]\nmodel = "csv"\nfile = "prices/p.csv"\n')
        self.refused("run --trace on a price file", "run", reads, "--trace", csv)
        shutil.copy(self.ledger, prices / "figures.csv")
        self.refused("report --csv over its ledger", "report", prices / "figures.csv", "--csv", prices)
        shutil.rmtree(prices)
        reads.unlink()

    def ours(self):
        """What we wrote is written anew, and what is empty filled."""
        proof, trace, tables = self.folder / "proof.json", self.folder / "trace.json", self.folder / "tables"
        database = self.folder / "again.db"
        for turn in ("first", "second"):
            for what, arguments in (("proof", ("prove", self.ledger, "--transaction", f"{len(turn)}:0", "-o", proof)),
                                    ("trace", ("run", self.scenario, "--trace", trace, "--quiet")),
                                    ("tables", ("report", self.ledger, "--csv", tables)),
                                    ("ledger", ("run", self.scenario, "--db", database, "--force", "--quiet"))):
                done = self.runnel(*arguments)
                self.check(done.returncode == 0, f"{turn} {what}: exit {done.returncode}: {done.stderr}")
        self.check(self.runnel("verify", "--proof", proof, "--db", self.ledger).returncode == 0, "the proof holds")
        self.check(self.runnel("verify", database).returncode == 0, "the ledger holds")
        done = self.runnel("run", self.scenario, "--db", database)
        self.check(done.returncode == 2 and "--force" in done.stderr, f"without --force it stays: {done.stderr}")
        foreign = tables / "figures.csv"
        foreign.write_text("figure,value\nmine,1\n")
        before = state(self.folder)
        done = self.runnel("report", self.ledger, "--csv", tables)
        self.check(done.returncode == 2 and "figures.csv" in done.stderr, f"a foreign table: {done.stderr}")
        self.check(state(self.folder) == before, "a foreign table: no other is written either")
        for path in (proof, trace, database):
            path.unlink()
        shutil.rmtree(tables)
        for option, arguments in self.outputs(self.folder / "empty"):
            if option == "report --csv":
                continue
            (self.folder / "empty").touch()
            done = self.runnel(*arguments)
            self.check(done.returncode == 0 and (self.folder / "empty").stat().st_size > 0,
                       f"{option} into an empty file: exit {done.returncode}: {done.stderr}")
            (self.folder / "empty").unlink()
            (self.folder / "new.db").unlink(missing_ok=True)

    def whole_or_not(self):
        """A disk that fills leaves what was there, and nothing beside it."""
        database = self.folder / "kept.db"
        shutil.copy(self.ledger, database)
        proof = self.folder / "kept.json"
        self.runnel("prove", self.ledger, "--transaction", "7:0", "-o", proof)

        def limit(size):
            def set_limit():
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
            return set_limit

        before = state(self.folder)
        for what, size, arguments in (
                ("a new ledger", 20_000, ("run", self.scenario, "--db", self.folder / "full.db", "--quiet")),
                ("a ledger", 20_000, ("run", self.scenario, "--db", database, "--force", "--quiet")),
                ("a proof", 500, ("prove", self.ledger, "--transaction", "7:0", "-o", proof)),
                ("a trace", 500, ("run", self.scenario, "--trace", self.folder / "full.json", "--quiet")),
                ("a table", 50, ("report", self.ledger, "--csv", self.folder))):
            done = self.runnel(*arguments, preexec_fn=limit(size))
            self.check(done.returncode == 3 and len(done.stderr.splitlines()) == 1,
                       f"{what}, disk full: exit {done.returncode}: {done.stderr!r}")
            self.check(state(self.folder) == before, f"{what}, disk full: nothing is changed")


def main() -> None:
    check = Checks()
    with tempfile.TemporaryDirectory() as name:
        outputs = Outputs(Runnel(sys.argv[1]), check, pathlib.Path(name))
        outputs.what_is_not_ours()
        outputs.journals()
        outputs.inputs()
        outputs.ours()
        outputs.whole_or_not()
    check.finish()


if __name__ == "__main__":
    main()
