#!/usr/bin/env python3
"""Bad input of every kind: one clear line on stderr, the right exit code, nothing written.

Usage: bad_input.py RUNNEL SOURCE_DIR
"""
import gzip
import json
import os
import pathlib
import re
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

        # Odd, but a scenario: nobody pays before the end.
        for interval in ("1e15", "1e18", "9223372036854775807"):
            odd = runnel("run", good, "--set", f"agents.payer.interval={interval}", "--json")
            check(odd.returncode == 0 and json.loads(odd.stdout)["transactions"] == 0,
                  f"an interval of {interval} s: exit {odd.returncode}: {odd.stderr} {odd.stdout}")

        steering = write(folder / "steering.toml", SMALL_SCENARIO.replace(
            'title = "A few payments"', 'title = "A \\u001b[2J \\u0085 \\u202E few\\npayments"'))
        for arguments in (("check", steering), ("check", steering, "--resolved"), ("scenarios", folder),
                          ("scenarios", folder, "--json")):
            done = runnel(*arguments)
            check(done.returncode == 0 and not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", done.stdout),
                  f"{arguments[0]} {arguments[-1]}: what steers a terminal: exit {done.returncode}: {done.stdout!r}")
        again = write(folder / "again.toml", runnel("check", steering, "--resolved").stdout)
        check(runnel("check", again, "--resolved").stdout == again.read_text(), "a resolved scenario is the same again")
        again.unlink()
        steering.write_text('[scenario]\n["\\u001b[2J\\u202e"]\nx = 1\n')
        expect("a key that steers the terminal", BAD_INPUT, ["\\x1b[2J\\xe2\\x80\\xae"], "check", steering)
        steering.unlink()
        unreadable(runnel, check, folder)

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

        numbers(runnel, check, expect, good, good_db)

        # Block 0 is executed by check too.
        for name, amounts in (("too few shares", (1000, 1000)), ("fewer than none", (999, 1000)), ("none", (0, 1000))):
            dust = write(folder / "dust.toml", DUST.format(*amounts))
            for command in ("check", "run"):
                expect(f"{command}: a pool with {name}", BAD_INPUT, ["ab"], command, dust)
            dust.unlink()
        pairs = write(folder / "pairs.toml", DUST.format(10**6, 10**6) + DUST_PAIR.format("ab2"))
        for command in ("check", "run"):
            expect(f"{command}: two pairs of the same tokens", BAD_INPUT, ["ab"], command, pairs)
        pairs.unlink()

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

        foreign = folder / "foreign.db"
        for what, sql, words in (
                ("a foreign table", "CREATE TABLE evil (x)", ["evil"]),
                ("a foreign view", "CREATE VIEW evil AS SELECT 1 AS x", ["evil"]),
                ("a view that looks like SQLite's own", "INSERT INTO sqlite_master VALUES ('view', 'sqlite_evil', "
                 "'sqlite_evil', 0, 'CREATE VIEW sqlite_evil AS SELECT 1 AS x')", ["sqlite_evil"]),
                ("a value of 100 MB", "UPDATE t_transactions SET input = zeroblob(100000000) WHERE rowid = 5",
                 ["too big"]),
                ("a name of 100 kB", "UPDATE t_addresses SET name = hex(zeroblob(50000)) WHERE id = 5", ["..."]),
                ("a name that steers the terminal", "UPDATE t_addresses SET name = char(27) || '[2J' || char(155) || "
                 "char(10) || 'runnel: fine' || char(8238) WHERE id = 5", ["\\x1b[2J\\xc2\\x9b", "\\xe2\\x80\\xae"])):
            foreign.write_bytes(good_db.read_bytes())
            with sqlite3.connect(foreign) as database:
                database.execute("PRAGMA writable_schema = ON")
                database.execute(sql)
            database.close()
            expect(f"verify {what}", DOES_NOT_HOLD, words, "verify", foreign)
            found = runnel("diff", good_db, foreign)
            check(found.returncode == 1 and len(found.stdout.splitlines() + found.stderr.splitlines()) == 1
                  and len(found.stdout) < 2000 and "\x1b" not in found.stdout, f"diff {what}: {found.stdout[:300]!r}")
        foreign.unlink()

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
        bad_vectors(check, expect, runnel, folder, lines)
        empty = write(folder / "empty.ndjson", "")
        expect("empty vectors", BAD_INPUT, ["empty.ndjson"], "vectors", empty)
    check.finish()


DUST = """
[scenario]
blocks = 2
[tokens.A]
[tokens.B]
[contracts.factory]
kind = "uniswap_v2_factory"
[contracts.ab]
kind = "uniswap_v2_pair"
factory = "factory"
token0 = "A"
token1 = "B"
amount0 = {}
amount1 = {}
"""
DUST_PAIR = """
[contracts.{}]
kind = "uniswap_v2_pair"
factory = "factory"
token0 = "A"
token1 = "B"
amount0 = 1_000_000
amount1 = 1_000_000
"""


def unreadable(runnel, check, folder):
    """What is there and cannot be read is the world's failure. Root can read all: somebody else must try."""
    if os.geteuid() != 0:
        return
    folder.chmod(0o755)
    for name in ("secret.toml", "secret.ndjson", "secret.db", "secret.json"):
        path = write(folder / name, "x")
        path.chmod(0)

    def nobody():
        os.setgid(54321)
        os.setuid(54321)

    for arguments in (("run", folder / "secret.toml"), ("check", folder / "secret.toml"),
                      ("vectors", folder / "secret.ndjson"), ("verify", folder / "secret.db"),
                      ("report", folder / "secret.db"), ("verify", "--proof", folder / "secret.json")):
        done = runnel(*arguments, preexec_fn=nobody)
        check(done.returncode == 3 and len(done.stderr.splitlines()) == 1,
              f"{arguments[0]} an unreadable file: exit {done.returncode}: {done.stderr!r}")
    for name in ("secret.toml", "secret.ndjson", "secret.db", "secret.json"):
        (folder / name).unlink()


def numbers(runnel, check, expect, scenario, ledger):
    """Every option that takes a number, by what the help says of it, with what is none."""
    given = {"run": (scenario,), "check": (scenario,), "consensus": (scenario,), "verify": (ledger,), "bench": ("execution",),
             "prove": (ledger, "--balance", "USDC", "payer/3"), "risk": (ledger,), "detect": (ledger,),
             "show": (ledger, "block", "1"), "sql": (ledger, "SELECT 1"), "trace": (ledger, "--from", "payer/3"),
             "swarm": ()}
    tried = 0
    for command in re.findall(r"^  ([a-z]+) ", runnel("--help").stdout.split("Subcommands:")[1].split("\n\n")[0], re.M):
        for line in runnel(command, "--help").stdout.splitlines():
            found = re.match(r"\s+(?:-\w,)?(--[\w-]+) (\S+)", line)
            if not found or (found.group(2).split(":")[0] not in ("UINT", "INT", "FLOAT", "N", "P") and
                             found.group(1) != "--workers"):
                continue
            option = found.group(1)
            for value in ("-1", "-0.5", "0x10", "+5", "nan", "inf", "", " 5", "5 ", "1e", "five", "1_0", "99999999999999999999",
                          "5\x1b[31m", "9" * 5000):
                expect(f"{command} {option} {value[:20]!r}", BAD_INPUT, [option, "expected", "got"], command, *given[command],
                       option, value)
                tried += 1
    check(tried > 150, f"options with numbers: {tried} values")
    # A variable of the shell that is not set must not be an option that is not given.
    for arguments in (("run", scenario, "--db", ""), ("run", scenario, "--trace", ""), ("report", ledger, "--csv", ""),
                      ("prove", ledger, "--transaction", "7:0", "-o", ""), ("prove", ledger, "--transaction", ""),
                      ("run", ""), ("run", scenario, "--set", ""), ("scenarios", ""), ("vectors", ""),
                      ("verify", ledger, "--proof", "")):
        expect(f"{' '.join(map(str, arguments[:1]))} with an empty {arguments[-2]}", BAD_INPUT, ["expected", "empty" if "--proof" in arguments else "nothing"],
               *arguments)


def bad_vectors(check, expect, runnel, folder, lines):
    """Hostile recordings: what is wrong is said by its name, in little time and room."""
    path = folder / "bad.ndjson"

    def bad(what, words, *content):
        path.write_bytes(b"\n".join(line if isinstance(line, bytes) else line.encode() for line in content))
        expect(what, BAD_INPUT, words, "vectors", path)

    call = json.loads(lines[2])
    for key in ("op", "a", "c", "ok", "s"):
        for value in (None, 5.5, [], "x\x1b[31m") if key != "op" else (None, 5, []):
            bad(f"vectors: {key} is {value!r}", [f'"{key}"' if value != "x\x1b[31m" else "bad.ndjson:3"], lines[0], lines[1],
                json.dumps({**call, key: value}))
        bad(f"vectors: no {key}", [f'"{key}" is missing'], lines[0], lines[1],
            json.dumps({name: value for name, value in call.items() if name != key}))
    bad("vectors: an unknown operation of 100 kB", ["bad.ndjson:3", "..."], lines[0], lines[1],
        json.dumps({**call, "op": "x" * 100_000}))
    for depth in (100, 100_000):
        bad(f"vectors: {depth} levels", ["64 levels"], lines[0], "[" * depth + "]" * depth)
        bad(f"vectors: {depth} levels in a field", ["64 levels"], lines[0], lines[1],
            '{"op":' + '{"x":' * depth + "1" + "}" * depth + "}")
    bad("vectors: a line of 20 MB", ["8388608 bytes"], lines[0], b"x" * 20_000_000)
    bad("vectors: controls in a line that is no JSON", ["bad.ndjson:2"], lines[0], b"\x1b[2J\x00\xff\xfe")
    path.unlink()
    bomb = folder / "bomb.ndjson.gz"
    for what, filler in (("one line", b"x"), ("many lines", b"\n")):
        with gzip.open(bomb, "wb") as file:
            for _ in range(120):
                file.write(filler * (1 << 20))
        expect(f"vectors: a bomb of {what}", BAD_INPUT, ["bomb.ndjson.gz"], "vectors", bomb)
    bomb.unlink()
    pipe = folder / "pipe"
    os.mkfifo(pipe)
    for what, other in (("a pipe", pipe), ("a device", "/dev/zero"), ("a folder", folder)):
        expect(f"vectors: {what}", BAD_INPUT, ["regular file"], "vectors", other)
        for command in ("run", "check"):
            expect(f"{command}: {what}", BAD_INPUT, ["regular file"], command, other)
        for command in ("verify", "report"):
            expect(f"{command}: {what}", BAD_INPUT, ["not a file"], command, other)
    pipe.unlink()
    # What differs is printed, whatever it is.
    state = json.loads(lines[2])
    state["s"]["supply"] = "\x1b]0;x\x07\x1b[2J\nrunnel: all is well" + "9" * 5000
    path.write_text("\n".join([lines[0], lines[1], json.dumps(state)]))
    done = runnel("vectors", path)
    check(done.returncode == 1 and "\x1b" not in done.stdout and "\\x1b" in done.stdout and
          max(map(len, done.stdout.splitlines())) < 2000 and len(done.stdout.splitlines()) == 3,
          f"vectors: a hostile value that differs: {done.stdout[:500]!r}")
    check(json.loads(runnel("vectors", path, "--json").stdout)["mismatches"] == 1, "vectors: and in JSON")
    path.unlink()


def snapshot(folder: pathlib.Path) -> dict:
    """Name, size and contents of every file: what must not change."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}


if __name__ == "__main__":
    main()
