#!/usr/bin/env python3
"""Tendermint by scenario files: what the shipped ones say of themselves, and what is refused.

Usage: consensus_bft.py RUNNEL SOURCE_DIR
"""
import pathlib
import sys
import tempfile

from support import PAYER, Checks, Runnel, write

SMALL = """
[scenario]
title = "Seven validators"
seed = 3
blocks = 30
slot_seconds = 12
start = 1_700_000_000

[network]
latency_ms = 40

[consensus]
engine = "bft"

[consensus.groups.honest]
count = 5

[consensus.groups.others]
count = 2
strategy = "STRATEGY"
KEYS
"""


def figures(runnel: Runnel, scenario: pathlib.Path, *arguments) -> dict:
    found = runnel.json("consensus", scenario, *arguments)["figures"]
    return {name: figure["value"] for name, figure in found.items()}


def check_third(runnel: Runnel, check: Checks, folder: pathlib.Path) -> None:
    scenario = folder / "byzantine_third.toml"
    below = figures(runnel, scenario)
    check(below["bft.conflicts"] == 0 and below["blocks"] == 200, f"below a third: {below}")
    check(below["slashed"] == 10 and below["bft.voters"] == 21, f"slashed and gone: {below}")
    above = figures(runnel, scenario, "--set", "consensus.groups.league.count=11", "--set",
                    "consensus.groups.honest.count=20", "--hours", 0.2)
    check(above["bft.conflicts"] > 0, f"above a third: {above}")
    check(above["refused.forked"] > 0, f"the other block is told: {above}")
    check(above["bft.offenders"] == 11, f"evidence names them all: {above}")


def check_partition(runnel: Runnel, check: Checks, folder: pathlib.Path) -> None:
    scenario = folder / "partition_heals.toml"
    both = figures(runnel, scenario)
    still = 0.95 * both["blocks"] * both["interval.median"] + 600
    check(both["bft.conflicts"] == 0 and both["hours"] * 3600 > still, f"stands still: {both}")
    check(both["blocks"] == 500, f"goes on after it: {both}")
    # Seed 1's block of the time had reached everybody before the cut, seed 3's had not.
    cut_off = figures(runnel, scenario, "--seed", 3)
    check(both["bft.rounds_lost_most"] == 0 and cut_off["bft.rounds_lost_most"] == 1,
          f"a round for a block that came too late: {both}, {cut_off}")
    larger = figures(runnel, scenario, "--set", "faults.cut.shares=[0.7, 0.3]")
    check(larger["bft.conflicts"] == 0 and larger["hours"] < both["hours"],
          f"the larger part goes on: {larger['hours']}, both {both['hours']}")


def check_churn(runnel: Runnel, check: Checks, folder: pathlib.Path) -> None:
    scenario = folder / "validator_churn.toml"
    one, many = (figures(runnel, scenario, "--workers", workers) for workers in (1, 3))
    check(one == many, "figures do not depend on workers")
    check(one["blocks"] == 1000 and one["bft.conflicts"] == 0, f"churn: {one}")
    check(one["bft.voters"] != 80, f"validators came or went: {one['bft.voters']}")
    check(one["groups.validators.rewards"] > 0, "rewards are paid")


def check_small(runnel: Runnel, check: Checks, folder: pathlib.Path) -> None:
    def small(strategy: str, keys: str = "") -> pathlib.Path:
        return write(folder / "small.toml",
                     SMALL.replace("STRATEGY", strategy).replace("KEYS", keys))

    for strategy, keys in [("offline", ""), ("equivocating", "always = true"), ("mev", ""),
                           ("censoring", 'censors = "payer"\n' + PAYER), ("amnesia", ""),
                           ("invalid_block", 'flaw = "overspend"')]:
        found = figures(runnel, small(strategy, keys))
        check(found["blocks"] == 30 and found["bft.conflicts"] == 0, f"{strategy}: {found}")
        is_breach = strategy in ("equivocating", "invalid_block")
        check((found["slashed"] > 0) == is_breach, f"{strategy}: slashed {found['slashed']}")
    for keys, expected in [
            ("share = 1", "consensus.groups.share: expected shares of the stake that leave"),
            ('censors = "nobody"', "consensus.groups.others.censors"),
            ('[consensus.stakes.one]\nkind = "exit"\nheight = 3\nvalidator = 7',
             "consensus.stakes.one.validator: expected a number below 7, got 7"),
            ('[consensus.bft]\nunbonding_heights = 9\nevidence_heights = 9',
             "consensus.bft.evidence_heights: expected fewer than the 9 of unbonding, got 9"),
            ('[consensus.bft]\nwaiting = 7', "consensus.bft.waiting: expected fewer than the 7"),
            ('[consensus.bft]\nstake_per_vote = "200_000 ether"', "consensus.bft.stake_per_vote"),
            ('[consensus.bft]\nquorum = 0.5', "consensus.bft.quorum")]:
        done = runnel("consensus", small("offline", keys))
        check(done.returncode == 2 and expected in done.stderr,
              f"{keys}: exit {done.returncode}: {done.stderr}")
        check(len(done.stderr.strip().splitlines()) == 1, f"{keys}: one line: {done.stderr}")
    done = runnel("consensus", small("selfish"))
    check(done.returncode == 2 and "expected a strategy of engine bft" in done.stderr, done.stderr)


def main() -> None:
    runnel = Runnel(sys.argv[1])
    scenarios = pathlib.Path(sys.argv[2]) / "scenarios"
    check = Checks()
    check_third(runnel, check, scenarios)
    check_partition(runnel, check, scenarios)
    check_churn(runnel, check, scenarios)
    with tempfile.TemporaryDirectory() as folder:
        check_small(runnel, check, pathlib.Path(folder))
    check.finish()


main()
