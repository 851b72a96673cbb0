#!/usr/bin/env python3
"""Bad input of every kind: one clear line on stderr, the right exit code, nothing written.

Usage: bad_input.py RUNNEL SOURCE_DIR
"""
import gzip
import pathlib
import sqlite3
import sys
import tempfile

from support import SMALL_SCENARIO, Checks, Runnel, write

BAD_INPUT, DOES_NOT_HOLD, WORLD_FAILED = 2, 1, 3


def main() -> None:
    runnel = Runnel(sys.argv[1])
    vectors = pathlib.Path(sys.argv[2]) / "tests" / "vectors"
    check = Checks()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        good = write(folder / "good.toml", SMALL_SCENARIO)
        good_db = folder / "good.db"
        made = runnel("run", good, "--db", good_db)
        check(made.returncode == 0, f"the good scenario runs: {made.stderr}")

        def expect(what, code, words, *arguments):
            before = snapshot(folder)
            done = runnel(*arguments)
            lines = done.stderr.strip().splitlines()
            check(done.returncode == code, f"{what}: exit {done.returncode}, not {code}: {done.stderr}")
            check(len(lines) == 1, f"{what}: one line, got {lines}")
            for word in words:
                check(word in done.stderr, f"{what}: '{word}' is named in: {done.stderr.strip()}")
            check(snapshot(folder) == before, f"{what}: nothing is written")

        def scenario(what, old, new, words):
            assert old in SMALL_SCENARIO, old
            path = write(folder / "case.toml", SMALL_SCENARIO.replace(old, new, 1))
            line = SMALL_SCENARIO.replace(old, new, 1).split(new)[0].count("\n") + 1
            expect(what, BAD_INPUT, [f"case.toml:{line}", "expected", *words],
                   "run", path, "--db", folder / "out.db")

        # Scenarios.
        scenario("unknown key", "seed = 5", "sede = 5", ["sede", "seed"])
        scenario("wrong type", "blocks = 40", 'blocks = "forty"', ["blocks", "integer"])
        scenario("out of range", "blocks = 40", "blocks = 0", ["blocks"])
        scenario("negative count", "count = 60", "count = -1", ["count"])
        scenario("unknown strategy", 'strategy = "payer"', 'strategy = "prayer"', ["payer"])
        scenario("unknown kind of token", 'kind = "erc20"', 'kind = "erc21"', ["kind"])
        scenario("unknown token", 'token = "USDC"', 'token = "USDX"', ["USDX"])
        scenario("unknown token in funds", "USDC = { uniform", "USDX = { uniform", ["USDX"])
        scenario("malformed distribution", "{ log_normal = [3.0, 1.0] }", "{ log_normal = [3.0] }",
                 ["amount"])
        scenario("unknown distribution", "{ log_normal = [3.0, 1.0] }", "{ gaussian = [3.0, 1.0] }",
                 ["gaussian"])
        scenario("malformed amount", '"0.01 ether"', '"0.01 either"', ["block_reward"])
        scenario("more decimals than wei", '"0.01 ether"', '"0.0000000000000000001 ether"',
                 ["block_reward"])
        scenario("not a number", "interval = 60", "interval = nan", ["interval"])
        scenario("probability above 1", "validators = 4", "participation = 1.5", ["participation"])
        scenario("TOML syntax", "seed = 5", "seed = = 5", [])
        scenario("duplicate key", "slot_seconds = 12", "blocks = 5", ["blocks"])
        missing_count = write(folder / "case.toml", SMALL_SCENARIO.replace("count = 60\n", ""))
        expect("missing key", BAD_INPUT, ["count", "expected"], "run", missing_count)
        csv = write(folder / "case.toml", SMALL_SCENARIO +
                    '\n[prices.USDC]\nmodel = "csv"\nfile = "no_such.csv"\n')
        expect("missing price file", BAD_INPUT, ["no_such.csv"], "run", csv)
        write(folder / "bad.csv", "unix,open,high,low,close\n1700000000,1,1,1,zero\n")
        csv = write(folder / "case.toml", SMALL_SCENARIO +
                    '\n[prices.USDC]\nmodel = "csv"\nfile = "bad.csv"\n')
        expect("bad cell in a price file", BAD_INPUT, ["bad.csv", "2", "close"], "run", csv)
        (folder / "case.toml").unlink()

        # The command line.
        expect("missing scenario", BAD_INPUT, ["no_such.toml"], "run", folder / "no_such.toml")
        expect("unknown option", BAD_INPUT, ["--sed"], "run", good, "--sed", "1")
        expect("unknown command", BAD_INPUT, [], "rum", good)
        expect("workers out of range", BAD_INPUT, ["--workers"], "run", good, "--workers", "0")
        expect("override without a value", BAD_INPUT, ["--set", "path=value"], "run", good, "--set", "x")
        expect("override of an unknown key", BAD_INPUT, ["scenario.sede"], "run", good,
               "--set", "scenario.sede=1")
        expect("override of a wrong type", BAD_INPUT, ["--set agents.payer.count"], "run", good,
               "--set", "agents.payer.count=many")
        expect("existing database", BAD_INPUT, ["good.db", "--force"], "run", good, "--db", good_db)
        expect("database in no folder", WORLD_FAILED, ["no_folder"], "run", good,
               "--db", folder / "no_folder" / "x.db")
        expect("unknown bench", BAD_INPUT, ["speed"], "bench", "speed")

        # Databases.
        expect("verify a missing file", WORLD_FAILED, ["no.db"], "verify", folder / "no.db")
        text = write(folder / "text.db", "this is no database\n" * 100)
        expect("verify a text file", BAD_INPUT, ["text.db"], "verify", text)
        other = folder / "other.db"
        with sqlite3.connect(other) as database:
            database.execute("CREATE TABLE t (x)")
        database.close()
        expect("verify another program's database", BAD_INPUT, ["other.db"], "verify", other)
        expect("report on another program's database", BAD_INPUT, ["other.db"], "report", other)
        expect("diff with another program's database", BAD_INPUT, ["other.db"], "diff", good_db, other)
        version = folder / "version.db"
        version.write_bytes(good_db.read_bytes())
        with sqlite3.connect(version) as database:
            database.execute("PRAGMA user_version = 99")
        database.close()
        expect("verify an unknown schema version", BAD_INPUT, ["99"], "verify", version)
        cut = folder / "cut.db"
        cut.write_bytes(good_db.read_bytes()[: good_db.stat().st_size // 2])
        expect("verify a truncated database", DOES_NOT_HOLD, ["cut.db"], "verify", cut)

        # Vectors.
        source = vectors / "oz_erc20.ndjson.gz"
        expect("missing vectors", BAD_INPUT, ["no.ndjson"], "vectors", folder / "no.ndjson")
        packed = source.read_bytes()
        broken = folder / "broken.ndjson.gz"
        broken.write_bytes(packed[: len(packed) // 2])
        expect("truncated vectors", BAD_INPUT, ["broken.ndjson.gz"], "vectors", broken)
        lines = gzip.decompress(packed).decode().splitlines()
        garbage = write(folder / "garbage.ndjson", "\n".join([lines[0], lines[1], "{oops"]) + "\n")
        expect("vectors that are no JSON", BAD_INPUT, ["garbage.ndjson:3"], "vectors", garbage)
        unknown = write(folder / "unknown.ndjson", '{"protocol":"astroport"}\n{"op":"x"}\n')
        expect("vectors of an unknown protocol", BAD_INPUT, ["astroport"], "vectors", unknown)
        empty = write(folder / "empty.ndjson", "")
        expect("empty vectors", BAD_INPUT, ["empty.ndjson"], "vectors", empty)
    check.finish()


def snapshot(folder: pathlib.Path) -> dict:
    """Name, size and contents of every file: what must not change."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}


if __name__ == "__main__":
    main()
