#!/usr/bin/env python3
"""Gasper by scenario files: what the shipped one says of itself, and what is refused.

Usage: consensus_gasper.py RUNNEL SOURCE_DIR
"""
import pathlib
import sys
import tempfile

from support import PAYER, Checks, Runnel, write

SMALL = """
[scenario]
title = "Twenty validators"
seed = 3
blocks = 80
slot_seconds = 12
start = 1_700_000_000

[network]
latency_ms = 40

[consensus]
engine = "gasper"

[consensus.groups.honest]
count = 16

[consensus.groups.others]
count = 4
strategy = "STRATEGY"
KEYS
"""
SHORT_EPOCHS = "[consensus.gasper]\nslots_per_epoch = 8"


def figures(runnel: Runnel, scenario: pathlib.Path, *arguments) -> dict:
    found = runnel.json("consensus", scenario, *arguments)["figures"]
    return {name: figure["value"] for name, figure in found.items()}


def check_finality(runnel: Runnel, check: Checks, folder: pathlib.Path) -> None:
    scenario = folder / "pos_finality.toml"
    one, many = (figures(runnel, scenario, "--workers", workers) for workers in (1, 3))
    check(one == many, "figures do not depend on workers")
    check(one["finality.blocks"] > 2400, f"finality is back: {one}")
    check(one["finality.p90"] > 4 * one["finality.median"], f"many blocks waited: {one}")
    check(one["groups.operator.leaked"] > 0 and one["slashed"] == 0, f"the absent leak: {one}")
    without = figures(runnel, scenario, "--set", "faults.outage.share=0.3")
    check(without["finality.p90"] < 1600 and without["groups.operator.leaked"] == 0,
          f"an eighth may be away: {without}")


def check_small(runnel: Runnel, check: Checks, folder: pathlib.Path) -> None:
    def small(strategy: str, keys: str = "") -> pathlib.Path:
        return write(folder / "small.toml",
                     SMALL.replace("STRATEGY", strategy).replace("KEYS", keys))

    for strategy, keys in [("offline", ""), ("equivocating", "always = true"), ("surround", ""),
                           ("mev", ""), ("censoring", 'censors = "payer"\n' + PAYER),
                           ("invalid_block", 'flaw = "overspend"'), ("ex_ante_reorg", "")]:
        found = figures(runnel, small(strategy, f"{keys}\n{SHORT_EPOCHS}"))
        # 16 of 20 vote: an epoch in whose last slot three of them do has two thirds only with
        # blocks of the next epoch, and is final later. Ten epochs leave time for some of these.
        check(found["blocks"] == 80 and found["gasper.finalized_epoch"] >= 6,
              f"{strategy}: {found}")
        is_breach = strategy in ("equivocating", "surround")
        check((found["slashed"] > 0) == is_breach, f"{strategy}: slashed {found['slashed']}")
    late = figures(runnel, small("offline", f'faulty_from = "11m"\n{SHORT_EPOCHS}'))
    check(late["groups.others.blocks"] > 0, f"honest before its time: {late}")
    for keys, expected in [
            ("share = 0.5", "consensus.groups.others.share: expected none"),
            ('faulty_from = "2m"\nfaulty_until = "1m"', "consensus.groups.others.faulty_until"),
            ('[consensus.stakes.one]\nkind = "exit"\nheight = 3\nvalidator = 20',
             "consensus.stakes.one.validator: expected a number below 20, got 20"),
            ('[consensus.stakes.one]\nkind = "delegate"\nheight = 3\nvalidator = 2',
             "consensus.stakes.one.kind"),
            ("[consensus.gasper]\nwaiting = 20", "consensus.gasper.waiting: expected fewer than"),
            ('[consensus.gasper]\ndeposit = "1.5 ether"', "consensus.gasper.deposit"),
            ("[consensus.gasper]\nquorum = 0.5", "consensus.gasper.quorum")]:
        done = runnel("consensus", small("offline", keys))
        check(done.returncode == 2 and expected in done.stderr,
              f"{keys}: exit {done.returncode}: {done.stderr}")
        check(len(done.stderr.strip().splitlines()) == 1, f"{keys}: one line: {done.stderr}")
    done = runnel("consensus", small("selfish"))
    check(done.returncode == 2 and "expected a strategy of engine gasper" in done.stderr,
          done.stderr)


def main() -> None:
    runnel = Runnel(sys.argv[1])
    check = Checks()
    check_finality(runnel, check, pathlib.Path(sys.argv[2]) / "scenarios")
    with tempfile.TemporaryDirectory() as folder:
        check_small(runnel, check, pathlib.Path(folder))
    check.finish()


main()
