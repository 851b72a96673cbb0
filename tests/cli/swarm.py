#!/usr/bin/env python3
"""Drawn networks: what holds in all of them, and that what is broken on purpose is found, shrunk and replayed.

Few seeds, near those that find it; docs/swarm.md has the long runs.

Usage: swarm.py RUNNEL SOURCE_DIR
"""
import json
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

from support import Checks, Runnel, write

# What is broken, a seed shortly before the first one that shows it, which check finds it, and to how many faults it is
# shrunk: chance brings two decisions about, and without one of the faults before it comes another time or never.
BROKEN = (("quorum_half", 150, "safety", 8), ("forgets_lock", 27, "safety", 100), ("forgets_undo", 1, "", 8))

# Seeds that found a fault in what is not broken on purpose: slashings that took back what had been justified, so that a
# chain of Gasper stood still for ever; and validators of Tendermint with none but silent ones for peers, who are not
# expected to go on.
MENDED = (1914, 2363, 2652, 4221, 4708)


def lines_of(done) -> list:
    return [json.loads(line) for line in done.stdout.splitlines()]


def check_correct(check: Checks, runnel: Runnel) -> None:
    done = runnel("swarm", "--seeds", 10, "--workers", 2, "--json")
    check(done.returncode == 0, f"nothing is broken: exit {done.returncode}: {done.stdout[-600:]} {done.stderr}")
    objects = lines_of(done)
    drawn = {one["seed"]: one["options"] for one in objects if "options" in one}
    results = {one["seed"]: one["result"] for one in objects if "result" in one}
    summary = objects[-1]["summary"]
    check(sorted(drawn) == sorted(results) == list(range(1, 11)), "each seed is drawn and checked")
    check(summary["seeds"] == 10 and summary["failures"] == 0, f"and counted: {summary}")
    check(len(summary["by_engine"]) >= 2, f"several engines: {summary}")
    check(all(one["blocks"] > 0 or one["halted"] for one in results.values()), f"ledgers grow: {results}")
    check(any(one["transactions"] > 20 for one in results.values()), f"people pay: {results}")
    check(summary["resumed"] > 0, f"some runs are cut short: {summary}")
    # A seed stands for the same whoever draws it, and whatever runs beside it.
    for seed in (2, 7):
        alone = lines_of(runnel("swarm", "--only", seed, "--json"))
        check(alone[0]["options"] == drawn[seed] and alone[1]["result"] == results[seed], f"seed {seed} alone: {alone}")
    for seed in MENDED:
        done = runnel("swarm", "--only", seed)
        check(done.returncode == 0, f"seed {seed} is mended: {done.stdout[-300:]}")
    text = runnel("swarm", "--only", 3).stdout
    check(text.startswith("seed 3: engine ") and "; cohort_size " in text.splitlines()[0] and "0 failed" in text,
          f"for people: {text}")


def check_broken(check: Checks, runnel: Runnel, folder: pathlib.Path) -> None:
    for name, first, kind, faults in BROKEN:
        done = runnel("swarm", "--broken", name, "--first", first, "--seeds", 10, "--workers", 2, "--output-dir",
                      folder, "--json")
        check(done.returncode == 1, f"{name}: exit {done.returncode}: {done.stdout[-300:]} {done.stderr}")
        shrunk = [one for one in lines_of(done) if "shrunk" in one]
        if not check(bool(shrunk), f"{name}: is shrunk"):
            continue
        found = shrunk[0]["shrunk"]
        check(found["failure"].startswith(kind), f"{name}: by which check: {found}")
        check(found["faults"] <= faults and found["nodes"] <= 16 and found["blocks"] <= 40, f"{name}: to little: {found}")
        again = runnel("swarm", "--scenario", found["file"], "--broken", name, "--json")
        result = lines_of(again)[0]["result"]
        # Blocks' hashes cover the scenario's text, of which the file has more: what was wrong, and the command.
        said = [re.sub(r" hash=\S+", "", text) for text in (result["failure"], found["failure"])]
        check(again.returncode == 1 and said[0] == said[1], f"{name}: is replayed: {said}")
        whole = runnel("swarm", "--scenario", found["file"])
        check(whole.returncode == 0, f"{name}: is all that is wrong: {whole.stdout} {whole.stderr}")
        # It is a scenario as any other.
        check(runnel("check", found["file"]).returncode == 0, f"{name}: can be checked")


def check_input(check: Checks, runnel: Runnel, folder: pathlib.Path) -> None:
    for arguments in (("--only", 1, "--seeds", 2), ("--scenario", folder / "none.toml"),
                      ("--output-dir", folder / "none"), ("--broken", "luck"), ("--seeds", 0), ("--first", -1)):
        done = runnel("swarm", *arguments)
        check(done.returncode == 2 and done.stderr.count("\n") == 1, f"{arguments}: {done.returncode} {done.stderr}")
    plain = write(folder / "plain.toml", "[scenario]\ntitle = \"Without a network\"\nblocks = 2\nslot_seconds = 12\n")
    done = runnel("swarm", "--scenario", plain)
    check(done.returncode == 2 and "consensus.engine" in done.stderr, f"no network: {done.returncode} {done.stderr}")


def check_signal(check: Checks, runnel: Runnel) -> None:
    process = subprocess.Popen([runnel.binary, "swarm", "--seeds", "100000", "--workers", "1"], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    check(process.returncode == 130 and "0 failed" in output.splitlines()[-1], f"interrupted: {process.returncode} {output[-300:]}")


def main():
    runnel, check = Runnel(sys.argv[1]), Checks()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        check_correct(check, runnel)
        check_broken(check, runnel, folder)
        check_input(check, runnel, folder)
        check_signal(check, runnel)
    check.finish()


if __name__ == "__main__":
    main()
