#!/usr/bin/env python3
"""Shipped scenarios are the chains they were, and say what they said.

For each scenario of scenarios.json: the head hash and the headline figures of its own seed, of a run that was interrupted and went on;
its ledger verifies; runs of other workers with accesses forgotten are the same chain; `check --strict` has nothing to say.
A change that alters chains writes the file again and says so in CHANGELOG.md:

Usage: scenarios.py RUNNEL SOURCE_DIR [--write] [SCENARIO...]
"""
import json
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

from support import Checks, Runnel

SHORT = 400  # Blocks of the runs that only compare chains.


def interrupted(runnel: Runnel, scenario: pathlib.Path, ledger: pathlib.Path) -> int:
    """Runs until the ledger has some blocks, and asks it to stop. Returns the exit code."""
    process = subprocess.Popen([runnel.binary, "run", scenario, "--db", ledger, "--quiet"])
    # Early: the smallest of them are written within moments.
    log = ledger.with_name(ledger.name + "-wal")
    while process.poll() is None:
        if sum(file.stat().st_size for file in (ledger, log) if file.exists()) > 3_000_000:
            break
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    return process.wait(timeout=300)


def figures_of(runnel: Runnel, ledger: pathlib.Path) -> dict:
    rows = runnel.json("report", ledger, "--section", "headline")["headline"]["figures"]
    return {row["key"]: row["simulated"] for row in rows}


def check_scenario(runnel: Runnel, check: Checks, scenario: pathlib.Path, expected: dict,
                   folder: pathlib.Path) -> dict:
    name = scenario.stem
    done = runnel("check", "--strict", scenario)
    check(done.returncode == 0, f"{name}: check --strict: {done.stdout}{done.stderr}")
    ledger = folder / f"{name}.db"
    code = interrupted(runnel, scenario, ledger)
    check(code == 130, f"{name}: it stops when asked to: exit {code}")
    head = runnel.json("run", scenario, "--db", ledger, "--resume", timeout=1200)["head_hash"]
    done = runnel("verify", ledger, timeout=1200)
    check(done.returncode == 0, f"{name}: verifies: {done.stderr}")
    short = ["run", scenario, "--blocks", SHORT]
    heads = {runnel.json(*short, "--workers", 1)["head_hash"],
             runnel.json(*short, "--workers", 8, "--forget-accesses", 0.3)["head_hash"]}
    check(len(heads) == 1, f"{name}: one chain for all workers: {heads}")

    found = {"head_hash": head, "figures": figures_of(runnel, ledger)}
    check(head == expected.get("head_hash"), f"{name}: head hash {head}, was {expected.get('head_hash')}")
    known = expected.get("figures", {})
    check(set(known) == set(found["figures"]), f"{name}: figures {sorted(found['figures'])}")
    for key, value in known.items():
        now = found["figures"].get(key)
        same = value == now or (value is not None and now is not None and
                                abs(now - value) <= 1e-9 * max(1, abs(value)))
        check(same, f"{name}: {key} is {now}, was {value}")
    return found


def main() -> None:
    arguments = [a for a in sys.argv[3:] if a != "--write"]
    runnel, source, check = Runnel(sys.argv[1]), pathlib.Path(sys.argv[2]), Checks()
    file = pathlib.Path(__file__).with_suffix(".json")
    expected = json.loads(file.read_text())
    with tempfile.TemporaryDirectory() as folder:
        for name in arguments or list(expected):
            expected[name] = check_scenario(runnel, check, source / "scenarios" / f"{name}.toml",
                                            expected.get(name, {}), pathlib.Path(folder))
    if "--write" in sys.argv:
        file.write_text(json.dumps(expected, indent=1) + "\n")
    check.finish()


if __name__ == "__main__":
    main()
