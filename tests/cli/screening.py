#!/usr/bin/env python3
"""screening_policies: what each policy of an exchange stops, and whom it hits, is what docs/laundering.md expects.

Usage: screening.py RUNNEL SOURCE_DIR [SEEDS]      Prints the medians over the seeds.
"""
import pathlib
import sqlite3
import statistics
import subprocess
import sys
import tempfile

from support import Checks, Runnel

POLICIES = {
    "none": ["contracts.exchange.screening="],
    "flag": ["contracts.screening.mode=flag"],
    "reported": ["agents.officer.hops=0"],
    "two_hops": ["agents.officer.hops=2"],
    "shipped": [],
    "distrust": ['agents.officer.distrusted=["eth_1"]'],
    "threshold": ["contracts.screening.hold_from_threshold=true"],
}


def scores(source, ledgers):
    done = subprocess.run([sys.executable, source / "tools" / "score_screening", *ledgers], capture_output=True, text=True,
                          check=True)
    names = ["policy", "listed", "thieves", "stopped_usd", "let_in_usd", "stopped", "cashed_usd", "wrong_usd", "hit", "hit_share"]
    number = lambda text: 0.0 if text == "-" else float(text.rstrip("%").replace(",", "")) / (100 if "%" in text else 1)
    rows = [dict(zip(names, line.split())) for line in done.stdout.splitlines()[1:]]
    return {row.pop("policy"): {key: number(value) for key, value in row.items()} for row in rows}


def deposits_by_hand(ledger):
    """What thieves deposited and was held, or not, in ETH: by the group that they are of, as no officer can see them."""
    with sqlite3.connect(ledger) as database:
        kinds = dict(database.execute(
            "SELECT m.transaction_type, sum(CAST(m.amount_raw AS REAL)) / 1e18 FROM t_custodian_moves m "
            "JOIN t_addresses a ON a.id = m.customer_id WHERE a.name LIKE 'thief/%' AND m.token_id = 0 "
            "AND m.transaction_type IN ('deposit', 'held_deposit') GROUP BY 1"))
        outcomes = dict(database.execute("SELECT outcome, count(*) FROM t_screening_reports GROUP BY 1"))
        groups = {name for name, in database.execute(
            "SELECT DISTINCT substr(a.name, 1, instr(a.name, '/') - 1) FROM t_screening_reports r "
            "JOIN t_addresses a ON a.id = r.customer_id WHERE r.outcome <> 'passed'")} - {"thief"}
    return kinds.get("held_deposit", 0.0), kinds.get("deposit", 0.0), outcomes, groups


def claims(check, found, by_hand):
    none, flag, reported, two, shipped, distrust, threshold = (found[name] for name in POLICIES)
    for name in POLICIES:
        held, passed, outcomes, _ = by_hand[name]
        score = found[name]
        check(abs(held * 3_000 - score["stopped_usd"]) <= 1 and abs(passed * 3_000 - score["let_in_usd"]) <= 1,
              f"{name}: the score is what the thief's addresses deposited: {held} {passed} {score}")
        if name in ("none", "flag"):
            check(not outcomes.get("held") and not outcomes.get("refused"), f"{name}: nothing is held: {outcomes}")
    for name in ("none", "flag", "reported"):
        check(found[name]["stopped_usd"] == 0 and found[name]["hit"] == 0, f"{name}: nothing is held, nobody hit: {found[name]}")
    check(none["let_in_usd"] > 100_000 and none["cashed_usd"] > 0.8 * none["let_in_usd"],
          f"what nobody stops comes out as money: {none}")
    check(by_hand["flag"][2].get("passed", 0) > 10, f"a flag is written down: {by_hand['flag'][2]}")
    check(not by_hand["none"][2], "who asks no list writes nothing down")
    check(two["stopped"] < shipped["stopped"] < distrust["stopped"], f"more hops stop more: {found}")
    check(shipped["stopped_usd"] > 20_000 and shipped["cashed_usd"] < 0.8 * none["cashed_usd"],
          f"a block holds stolen coins, and keeps others away: {shipped} {none}")
    check(distrust["cashed_usd"] < 0.2 * none["cashed_usd"], f"who distrusts the mixer stops nearly all: {distrust}")
    check(two["hit_share"] <= shipped["hit_share"] < distrust["hit_share"], f"and hit more: {found}")
    check(0 < shipped["hit_share"] < 0.5 < distrust["hit_share"] < 1, f"who distrusts a mixer hits all who mix: {found}")
    check(distrust["cashed_usd"] < min(shipped["cashed_usd"], two["cashed_usd"]) < none["cashed_usd"],
          f"what is held is not cashed: {found}")
    groups = {name: by_hand[name][3] for name in POLICIES}
    check(groups["shipped"] == {"buyer"} and "saver" in groups["distrust"] and {"merchant", "buyer"} <= groups["threshold"],
          f"whom it hits: {groups}")
    # Pieces just below it are what a threshold does not see.
    check(threshold["cashed_usd"] > 0.8 * shipped["cashed_usd"] and threshold["hit"] > 2 * shipped["hit"],
          f"a threshold stops honest people: {threshold} {shipped}")


def main() -> None:
    runnel, source, check = Runnel(sys.argv[1]), pathlib.Path(sys.argv[2]), Checks()
    seeds = int(sys.argv[3]) if len(sys.argv) > 3 else 5
    everything = {name: [] for name in POLICIES}
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(1, seeds + 1):
            ledgers = {name: pathlib.Path(folder) / f"{name}.db" for name in POLICIES}
            for name, changes in POLICIES.items():
                arguments = [part for change in changes for part in ("--set", change)]
                done = runnel("run", source / "scenarios" / "screening_policies.toml", "--db", ledgers[name], "--force", "--seed",
                              seed, "--quiet", *arguments)
                check(done.returncode == 0, f"{name}, seed {seed}: it runs: {done.stderr}")
            found = scores(source, ledgers.values())
            by_hand = {name: deposits_by_hand(ledger) for name, ledger in ledgers.items()}
            claims(lambda holds, what, seed=seed: check(holds, f"seed {seed}: {what}"), found, by_hand)
            for name, score in found.items():
                everything[name].append(score | {"cashed_share": score["cashed_usd"] / found["none"]["cashed_usd"]})
    for name, list_of in everything.items():
        print(f"{name:10}", *(f"{key} {statistics.median(row[key] for row in list_of):,.3f} "
                              f"({min(row[key] for row in list_of):,.3f} to {max(row[key] for row in list_of):,.3f})"
                              for key in ("cashed_usd", "cashed_share", "stopped_usd", "wrong_usd", "hit_share")), sep="  ")
    # By chance two hops may find those who sell first.
    two, shipped = (statistics.median(row["cashed_share"] for row in everything[name]) for name in ("two_hops", "shipped"))
    check(shipped < two, f"more hops stop more, in the median: {two} {shipped}")
    check.finish()


if __name__ == "__main__":
    main()
